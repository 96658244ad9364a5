/* partiql_tree.h: a PartiQL statement as terms in one array.
 *
 *   partiql_token.c       the text as tokens
 *   partiql_parse.c       tokens to terms
 *   partiql_literal.c     literals to values
 *   partiql_expression.c  terms to DynamoDB's expressions
 *   partiql_plan.c        which items a WHERE clause is about
 *   partiql_select.c      columns and pages of a SELECT
 *
 * For these files alone.
 */
#ifndef LOCKSTEP_MODEL_API_PARTIQL_TREE_H
#define LOCKSTEP_MODEL_API_PARTIQL_TREE_H

#include "model/api/partiql.h"

enum term_kind {
    TERM_NONE, /* the term 0, which is no term */
    TERM_OR,
    TERM_AND,
    TERM_NOT,
    TERM_EQUAL,
    TERM_UNEQUAL,
    TERM_LESS,
    TERM_LESS_EQUAL,
    TERM_GREATER,
    TERM_GREATER_EQUAL,
    TERM_BETWEEN,
    TERM_IN,
    TERM_IS, /* its value is the type's name, an S; "MISSING" is one */
    TERM_FUNCTION,
    TERM_PATH,
    TERM_VALUE,
    TERM_PLUS,
    TERM_MINUS,
    TERM_SET,    /* an assignment: a path, then what it becomes */
    TERM_REMOVE, /* a path */
    TERM_ASCENDING,
    TERM_DESCENDING,
};

/* A step of a path: an attribute's name, or the element of a list at `index`. */
struct partiql_step {
    bool element;
    uint16_t name; /* position in `names` */
    uint32_t index;
};

/* Children are a chain: the first, then each one's next; 0 ends it. */
struct term {
    enum term_kind kind;
    uint16_t first, next;
    uint16_t value;              /* VALUE, IS: its position */
    uint16_t steps, steps_count; /* PATH: where they are; at least one, a name */
    struct text text;            /* FUNCTION: its name in small letters; a tuple's member: name */
    struct text token;           /* where it begins, for messages */
};

/* All arrays lie in the same allocation. */
struct partiql {
    enum partiql_kind kind;
    enum partiql_returning returning;
    struct text statement;
    struct text table, index;
    struct item item;                   /* INSERT */
    bool all;                           /* SELECT * */
    uint16_t columns;                   /* SELECT: a chain of paths */
    uint16_t where;                     /* 0: none */
    uint16_t order;                     /* SELECT: a chain of ASCENDING and DESCENDING */
    uint16_t changes;                   /* UPDATE: a chain of SET and REMOVE */
    uint16_t terms_count, steps_count;  /* terms[0] is no term */
    uint16_t values_count, names_count; /* parameters are values where they stand */
    uint16_t truth;                     /* the position of the value true; false is behind it */
    struct term *terms;
    struct partiql_step *steps;
    struct value *values;
    const char **names;        /* pairs for struct expression_source: "#0", "artist" */
    const char **placeholders; /* ":0", ... */
    char *text;                /* room for names, strings and collections */
    size_t text_used, text_size;
};

static inline const struct term *term_at(const struct partiql *s, uint16_t i)
{
    return &s->terms[i];
}

/* The attribute that a path begins with. */
static inline struct text path_root(const struct partiql *s, const struct term *path)
{
    return text_from(s->names[2 * s->steps[path->steps].name + 1]);
}

static inline bool path_is(const struct partiql *s, const struct term *t, struct text name)
{
    return t->kind == TERM_PATH && t->steps_count == 1 && text_equal(path_root(s, t), name);
}

/* Sets a message that ends in " at LINE:COLUMN:SIZE" of a token; returns STATUS_BAD_INPUT. */
enum status partiql_refuse_at(const struct partiql *s, struct text token, struct error *error,
                              const char *format, ...) __attribute__((format(printf, 4, 5)));

/* partiql_literal.c */

/* Where in a literal we are: "root", then the names and indexes of what is in what. */
struct spot {
    const struct spot *outer; /* NULL: the root, which has no name */
    struct text name;         /* at NULL: `index` counts */
    uint32_t index;
    uint32_t depth;
};

/* "root.m[0]", cut at the size; NUL-terminated. */
const char *spot_text(const struct spot *spot, char *text, size_t size);

/* Reads a number with its sign. */
enum status literal_number(struct text digits, bool negative, const struct spot *spot,
                           struct value *value, struct error *error);

/* The text of 'it''s' or "a""b", without quotes; doubled ones are made one in the statement's room.
 */
struct text literal_string(struct partiql *s, struct text token);

/* Builds a list, a tuple or a bag of the values in a chain of VALUE terms. */
void literal_list(struct partiql *s, uint16_t first, struct value *value);
enum status literal_map(struct partiql *s, uint16_t first, struct value *value,
                        struct error *error);
enum status literal_set(struct partiql *s, uint16_t first, const struct spot *spot,
                        struct value *value, struct error *error);

#endif

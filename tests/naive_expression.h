/* naive_expression.h: expressions for the reference model: trees that are made, not parsed.
 *
 * Method. A test makes a tree, prints it as DynamoDB's expression text for the table under test,
 * and evaluates the tree itself by walking it. So neither the parser nor the evaluator under test
 * judges itself. Paths reach into documents.
 */
#ifndef LOCKSTEP_TESTS_NAIVE_EXPRESSION_H
#define LOCKSTEP_TESTS_NAIVE_EXPRESSION_H

#include "tests/naive_value.h"

enum naive_kind {
    NAIVE_OR,
    NAIVE_AND,
    NAIVE_NOT,
    NAIVE_EQUAL,
    NAIVE_UNEQUAL,
    NAIVE_LESS,
    NAIVE_LESS_EQUAL,
    NAIVE_GREATER,
    NAIVE_GREATER_EQUAL,
    NAIVE_BETWEEN,
    NAIVE_IN,
    NAIVE_EXISTS,
    NAIVE_NOT_EXISTS,
    NAIVE_TYPE,
    NAIVE_BEGINS_WITH,
    NAIVE_CONTAINS,
    /* Operands. */
    NAIVE_SIZE,
    NAIVE_PATH,
    NAIVE_LITERAL,
    NAIVE_PLUS,
    NAIVE_MINUS,
    NAIVE_IF_NOT_EXISTS,
    NAIVE_LIST_APPEND,
    /* An update's parts; the first child is the path. */
    NAIVE_UPDATE,
    NAIVE_SET,
    NAIVE_REMOVE,
    NAIVE_ADD,
    NAIVE_DELETE,
    NAIVE_PROJECTION, /* its children are paths */
};

enum { NAIVE_PATH_MAX = 4, NAIVE_CHILDREN_MAX = 8 };

/* One step of a path: into a map by name, or into a list. */
struct naive_step {
    struct text name; /* size 0: `index` counts */
    uint32_t index;
};

struct naive_path {
    uint32_t count;
    struct naive_step steps[NAIVE_PATH_MAX];
};

struct naive_node {
    enum naive_kind kind;
    bool aside;             /* printed in parentheses, or as a #name */
    struct naive_path path; /* PATH */
    const struct naive_value *literal;
    uint32_t position; /* LITERAL: among the call's :values */
    uint32_t count;
    const struct naive_node *children[NAIVE_CHILDREN_MAX];
};

/* Prints the text: names of two letters or more as #name, literals as :v0, :v1, ... */
void naive_put_expression(struct text_writer *w, const struct naive_node *n);

/* What a path leads to; NULL: nothing. */
const struct naive_value *naive_resolve(const struct naive_value *item,
                                        const struct naive_path *path);

/* Whether a condition holds of an item (NULL: there is none). */
bool naive_holds(const struct naive_node *n, const struct naive_value *item);

/* What is wrong with an update, as bits: which of several is told is not the model's business. */
enum naive_fault {
    NAIVE_FAULT_NOTHING_THERE = 1, /* refers to an attribute that does not exist */
    NAIVE_FAULT_TYPE = 2,          /* of an attribute */
    NAIVE_FAULT_LITERAL = 4,       /* of a literal */
    NAIVE_FAULT_PATH = 8,          /* leads nowhere */
};

/* Applies an update to an item, or to its key alone where there is none. NULL with *faults where it
 * cannot. */
const struct naive_value *naive_update(struct naive_memory *m, const struct naive_node *n,
                                       const struct naive_value *item, bool absent,
                                       uint32_t *faults);

/* The parts of an item that a projection names, or that an update assigns; an empty map where there
 * are none. Source: DDB-EXPR-10, DDB-RETURN-1. */
const struct naive_value *naive_project(struct naive_memory *m, const struct naive_node *n,
                                        const struct naive_value *item);

/* Whether some literal is one that DynamoDB refuses where it stands, whatever the item. Source:
 * DDB-EXPR-11. */
bool naive_refused(const struct naive_node *n);

/* Whether one path lies in the other, or takes for a map what the other takes for a list. */
bool naive_paths_clash(const struct naive_path *a, const struct naive_path *b);
bool naive_paths_equal(const struct naive_path *a, const struct naive_path *b);

/* Whether some path anywhere begins with that attribute. */
bool naive_names(const struct naive_node *n, struct text name);

#endif

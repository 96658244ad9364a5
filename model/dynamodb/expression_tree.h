/* expression_tree.h: a compiled expression as a tree in one array.
 *
 * For expression_parse.c, which builds it, and for the other files of the module, which evaluate
 * it; nobody else looks inside.
 */
#ifndef LOCKSTEP_MODEL_DYNAMODB_EXPRESSION_TREE_H
#define LOCKSTEP_MODEL_DYNAMODB_EXPRESSION_TREE_H

#include "model/dynamodb/expression.h"

enum node_kind {
    NODE_NONE, /* the node 0, which is no node */
    NODE_OR,
    NODE_AND,
    NODE_NOT,
    NODE_EQUAL,
    NODE_UNEQUAL,
    NODE_LESS,
    NODE_LESS_EQUAL,
    NODE_GREATER,
    NODE_GREATER_EQUAL,
    NODE_BETWEEN,
    NODE_IN,
    NODE_EXISTS,
    NODE_NOT_EXISTS,
    NODE_TYPE,
    NODE_BEGINS_WITH,
    NODE_CONTAINS,
    NODE_SIZE,
    NODE_PATH,
    NODE_VALUE,
    NODE_PLUS,
    NODE_MINUS,
    NODE_IF_NOT_EXISTS,
    NODE_LIST_APPEND,
    NODE_PATHS, /* all of an update or a projection; they are in `paths` */
    NODE_SET,
    NODE_REMOVE,
    NODE_ADD,
    NODE_DELETE,
    NODE_UNKNOWN, /* a function that may not be here: only in what does not compile */
};

/* The value of a node of kind VALUE that stands for none: only in what does not compile. */
enum { VALUE_NONE = UINT16_MAX };

/* Children are a chain: the first, then each one's next; 0 ends it. */
struct node {
    enum node_kind kind;
    uint16_t first, next;
    uint16_t value;              /* VALUE: its position */
    uint16_t steps, steps_count; /* PATH, SET to DELETE: where its steps are, and how many */
    struct text name; /* PATH, SET to DELETE: the attribute of the item; functions: as written */
};

/* All arrays lie behind the nodes, in the same allocation. */
struct expression {
    enum expression_kind kind;
    uint16_t root;
    uint16_t nodes_count, steps_count, paths_count;
    bool typed;              /* compiled with literals */
    bool wary;               /* has an operator that does not take any literal */
    struct item_step *steps; /* of all paths */
    uint16_t *paths;         /* the nodes of a projection's and an update's paths, in their order */
    char *names;
    uint8_t *used;                      /* a bit for each name of the source, then for each value */
    uint32_t names_used;                /* bytes of `names` */
    uint32_t names_count, values_count; /* of the source */
    struct node nodes[];
};

static inline const struct node *node_at(const struct expression *e, uint16_t i)
{
    return &e->nodes[i];
}

static inline struct item_path path_of(const struct expression *e, const struct node *n)
{
    return (struct item_path){n->name, e->steps + n->steps, n->steps_count};
}

/* How two paths lie to each other: the same or one inside the other; two that could only be in
 * different kinds of documents; or apart. */
enum path_relation { PATHS_APART, PATHS_OVERLAP, PATHS_CONFLICT };

enum path_relation path_relation(const struct item_path *a, const struct item_path *b);
bool path_equal(const struct item_path *a, const struct item_path *b);

/* "[a, b, [0]]", cut at the size; NUL-terminated. */
const char *path_text(const struct item_path *path, char *text, size_t size);

/* Puts the paths of a projection or an update in order: by name, and by index. */
void paths_sort(struct expression *e);

/* How a function or an operator is written. */
const char *operator_text(enum node_kind kind);

/* Whether DynamoDB has nothing against the literals that are operands of a node; else `fault` says
 * what. Without literals (NULL) the kinds of operands are checked alone. */
bool literals_check(const struct expression *e, const struct node *n, const struct value *literals,
                    char *fault, size_t size);

/* Whether literals_check can have anything against a node. */
bool literals_matter(const struct node *n);

/* "ConditionExpression", ... */
const char *expression_kind_text(enum expression_kind kind);

/* The value of an operand as it stands in `item`, or NULL where it has none; *scratch is room for
 * it. Only PATH, VALUE and SIZE. */
const struct value *expression_operand(const struct expression *e, const struct node *n,
                                       struct item item, const struct value *values,
                                       struct value *scratch);

/* Whether a compiled tree is one that a key condition may have; else `fault` says why not. */
bool expression_key_check(const struct expression *e, char *fault, size_t size);

#endif

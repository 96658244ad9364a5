/* expression_tree.h: a compiled expression as a tree in one array.
 *
 * For expression_parse.c, which builds it, and for expression.c and expression_update.c, which
 * evaluate it; nobody else looks inside.
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
    NODE_UPDATE, /* its children are the four below */
    NODE_SET,
    NODE_REMOVE,
    NODE_ADD,
    NODE_DELETE,
    NODE_UNKNOWN, /* a function of no known name: only in what does not compile */
};

/* Children are a chain: the first, then each one's next; 0 ends it. */
struct node {
    enum node_kind kind;
    uint16_t first, next;
    uint16_t value; /* VALUE: its position */
    struct text
        name; /* PATH: the attribute; SET to DELETE: what is assigned; UNKNOWN: as written */
};

struct expression {
    enum expression_kind kind;
    uint16_t root;
    uint16_t nodes_count;
    uint32_t names_used;
    char *names; /* behind the nodes, in the same allocation */
    struct node nodes[];
};

static inline const struct node *node_at(const struct expression *e, uint16_t i)
{
    return &e->nodes[i];
}

/* The value of an operand as it stands in `item`, or NULL where it has none; *scratch is room for
 * it. Only PATH, VALUE and SIZE. */
const struct value *expression_operand(const struct expression *e, const struct node *n,
                                       struct item item, const struct value *values,
                                       struct value *scratch);

/* Whether a compiled tree is one that a key condition may have; else `fault` says why not. */
bool expression_key_check(const struct expression *e, char *fault, size_t size);

#endif

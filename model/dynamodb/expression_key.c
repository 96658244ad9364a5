/* expression_key.c: key conditions: what they may be, and their parts; see expression.h. Source:
 * DDB-EXPR-9. */
#include "model/dynamodb/expression_tree.h"
#include "sim/assert.h"

#include <stdio.h>

static const char ONE_EACH[] = "KeyConditionExpressions must only contain one condition per key";

/* How a refused operator or function is named. NULL: a key condition may have it. */
static const char *refused_text(enum node_kind kind)
{
    switch ((int)kind) {
    case NODE_OR:
        return "OR";
    case NODE_NOT:
        return "NOT";
    case NODE_UNEQUAL:
        return "<>";
    case NODE_IN:
        return "IN";
    case NODE_EXISTS:
        return "attribute_exists";
    case NODE_NOT_EXISTS:
        return "attribute_not_exists";
    case NODE_TYPE:
        return "attribute_type";
    case NODE_CONTAINS:
        return "contains";
    default:
        return NULL;
    }
}

/* What is wrong with the operands of one condition, which are to be one attribute and values; NULL:
 * nothing. */
static const char *operands_fault(const struct expression *e, const struct node *n)
{
    uint32_t paths = 0;
    for (uint16_t i = n->first; i != 0; i = node_at(e, i)->next) {
        if (node_at(e, i)->kind == NODE_SIZE) {
            return "KeyConditionExpressions cannot contain nested operations";
        }
        paths += node_at(e, i)->kind == NODE_PATH;
        if (node_at(e, i)->steps_count > 0) {
            return "KeyConditionExpressions cannot have conditions on nested attributes";
        }
    }
    bool path_first = node_at(e, n->first)->kind == NODE_PATH;
    if (n->kind == NODE_BETWEEN && !path_first) {
        return "Invalid condition in KeyConditionExpression: BETWEEN operator must have the key "
               "attribute as its first operand";
    }
    if (n->kind == NODE_BEGINS_WITH && !path_first) {
        return "Invalid condition in KeyConditionExpression: begins_with operator must have the "
               "key "
               "attribute as its first operand";
    }
    return paths == 1   ? NULL
           : paths == 0 ? "Invalid condition in KeyConditionExpression: No key attribute specified"
                        : "Invalid condition in KeyConditionExpression: Multiple attribute names "
                          "used in one condition";
}

static struct text attribute_of(const struct expression *e, const struct node *n)
{
    const struct node *first = node_at(e, n->first);
    return first->kind == NODE_PATH ? first->name : node_at(e, first->next)->name;
}

static bool condition_check(const struct expression *e, const struct node *n, char *fault,
                            size_t size)
{
    const char *refused = refused_text(n->kind);
    if (refused != NULL) {
        (void)snprintf(fault, size, "Invalid operator used in KeyConditionExpression: %s", refused);
        return false;
    }
    const char *wrong = n->kind == NODE_AND ? ONE_EACH : operands_fault(e, n);
    if (wrong != NULL) {
        (void)snprintf(fault, size, "%s", wrong);
    }
    return wrong == NULL;
}

/* Whether an earlier one of the conditions from `first` on is on the same attribute as `n`. */
static bool repeats(const struct expression *e, uint16_t first, const struct node *n)
{
    for (const struct node *before = node_at(e, first); before != n;
         before = node_at(e, before->next)) {
        if (text_equal(attribute_of(e, before), attribute_of(e, n))) {
            return true;
        }
    }
    return false;
}

bool expression_key_check(const struct expression *e, char *fault, size_t size)
{
    const struct node *root = node_at(e, e->root);
    uint16_t first = root->kind == NODE_AND ? root->first : e->root;
    for (uint16_t i = first; i != 0; i = node_at(e, i)->next) {
        if (!condition_check(e, node_at(e, i), fault, size)) {
            return false;
        }
    }
    for (uint16_t i = first; i != 0; i = node_at(e, i)->next) {
        if (repeats(e, first, node_at(e, i))) {
            (void)snprintf(fault, size, "%s", ONE_EACH);
            return false;
        }
    }
    return true;
}

/* The relation as a key condition has it, and as it reads from right to left. */
static enum key_relation key_relation(enum node_kind kind, bool flipped)
{
    switch ((int)kind) {
    case NODE_LESS:
        return flipped ? KEY_GREATER : KEY_LESS;
    case NODE_LESS_EQUAL:
        return flipped ? KEY_GREATER_EQUAL : KEY_LESS_EQUAL;
    case NODE_GREATER:
        return flipped ? KEY_LESS : KEY_GREATER;
    case NODE_GREATER_EQUAL:
        return flipped ? KEY_LESS_EQUAL : KEY_GREATER_EQUAL;
    case NODE_BETWEEN:
        return KEY_BETWEEN;
    case NODE_BEGINS_WITH:
        return KEY_BEGINS_WITH;
    default:
        return KEY_EQUAL;
    }
}

static struct key_condition key_condition(const struct expression *e, const struct node *n)
{
    const struct node *first = node_at(e, n->first);
    const struct node *second = node_at(e, first->next);
    bool flipped = first->kind == NODE_VALUE;
    struct key_condition c = {.name = flipped ? second->name : first->name,
                              .relation = key_relation(n->kind, flipped),
                              .values = {flipped ? first->value : second->value}};
    if (second->next != 0) {
        c.values[1] = node_at(e, second->next)->value;
    }
    return c;
}

uint32_t expression_key_conditions(const struct expression *e, struct key_condition conditions[2])
{
    ASSERT(e->kind == EXPRESSION_KEY);
    const struct node *root = node_at(e, e->root);
    uint32_t count = 0;
    for (uint16_t i = root->kind == NODE_AND ? root->first : e->root; i != 0;
         i = node_at(e, i)->next) {
        if (count < 2) {
            conditions[count] = key_condition(e, node_at(e, i));
        }
        count++;
    }
    return count;
}

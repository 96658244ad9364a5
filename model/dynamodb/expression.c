/* expression.c: conditions, evaluated; see expression.h. */
#include "model/dynamodb/expression.h"

#include "model/dynamodb/expression_tree.h"
#include "sim/assert.h"

#include <stdlib.h>

void expression_free(struct expression *e)
{
    free(e);
}

enum expression_kind expression_kind(const struct expression *e)
{
    return e->kind;
}

/* size() of a value: bytes of S and B, elements of what has elements. Whether DynamoDB counts the
 * characters of an S instead is not documented. Source: DDB-EXPR-6. */
static bool size_of(const struct value *of, struct value *size)
{
    switch (of->type) {
    case TYPE_S:
    case TYPE_B:
        *size = value_n((int64_t)of->bytes.size);
        return true;
    case TYPE_M:
    case TYPE_L:
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        *size = value_n(item_count((struct item){of->bytes}));
        return true;
    case TYPE_N:
    case TYPE_BOOL:
    case TYPE_NULL:
        break;
    }
    return false;
}

/* Goes from an attribute to where the path ends; NULL where it does not get there. */
__attribute__((noinline)) static const struct value *
take_steps(const struct expression *e, const struct node *n, struct value *value)
{
    for (uint32_t i = 0; i < n->steps_count; i++) {
        struct value from = *value;
        if (!value_step(&from, &e->steps[n->steps + i], value)) {
            return NULL;
        }
    }
    return value;
}

const struct value *expression_operand(const struct expression *e, const struct node *n,
                                       struct item item, const struct value *values,
                                       struct value *scratch)
{
    if (n->kind == NODE_VALUE) {
        return &values[n->value];
    }
    if (n->kind == NODE_PATH) {
        if (!item_get(item, n->name, scratch)) {
            return NULL;
        }
        return n->steps_count == 0 ? scratch : take_steps(e, n, scratch);
    }
    ASSERT(n->kind == NODE_SIZE);
    struct value inner;
    const struct value *of = expression_operand(e, node_at(e, n->first), item, values, &inner);
    return of != NULL && size_of(of, scratch) ? scratch : NULL;
}

/* What a condition is evaluated against. */
struct subject {
    const struct expression *e;
    struct item item;
    const struct value *values;
};

static const struct value *operand(const struct subject *s, const struct node *n,
                                   struct value *scratch)
{
    return expression_operand(s->e, n, s->item, s->values, scratch);
}

static bool ordered_type(enum attribute_type type)
{
    return type == TYPE_S || type == TYPE_N || type == TYPE_B;
}

/* Whether `a kind b` holds. Missing operands and unequal types make it false, and <> true.
 * Source: DDB-EXPR-2. */
static bool compare(enum node_kind kind, const struct value *a, const struct value *b)
{
    bool alike = a != NULL && b != NULL && a->type == b->type;
    if (kind == NODE_EQUAL || kind == NODE_UNEQUAL) {
        return (alike && value_equal(a, b)) == (kind == NODE_EQUAL);
    }
    if (!alike || !ordered_type(a->type)) {
        return false;
    }
    int order = value_compare(a, b);
    return kind == NODE_LESS         ? order < 0
           : kind == NODE_LESS_EQUAL ? order <= 0
           : kind == NODE_GREATER    ? order > 0
                                     : order >= 0;
}

static bool comparison_holds(const struct subject *s, const struct node *n)
{
    struct value left;
    struct value right;
    const struct node *first = node_at(s->e, n->first);
    const struct value *a = operand(s, first, &left);
    return compare(n->kind, a, operand(s, node_at(s->e, first->next), &right));
}

static bool between_holds(const struct subject *s, const struct node *n)
{
    struct value scratch[3];
    const struct node *x = node_at(s->e, n->first);
    const struct node *lower = node_at(s->e, x->next);
    const struct value *value = operand(s, x, &scratch[0]);
    return compare(NODE_GREATER_EQUAL, value, operand(s, lower, &scratch[1])) &&
           compare(NODE_LESS_EQUAL, value, operand(s, node_at(s->e, lower->next), &scratch[2]));
}

static bool in_holds(const struct subject *s, const struct node *n)
{
    struct value scratch[2];
    const struct node *x = node_at(s->e, n->first);
    const struct value *value = operand(s, x, &scratch[0]);
    for (uint16_t i = x->next; i != 0; i = node_at(s->e, i)->next) {
        if (compare(NODE_EQUAL, value, operand(s, node_at(s->e, i), &scratch[1]))) {
            return true;
        }
    }
    return false;
}

static bool text_contains(struct text whole, struct text part)
{
    for (size_t i = 0; i + part.size <= whole.size; i++) {
        if (text_equal((struct text){whole.at + i, part.size}, part)) {
            return true;
        }
    }
    return false;
}

/* Whether a list, or a set of x's type, has the element x. */
static bool has_element(const struct value *container, const struct value *x)
{
    struct item_cursor c = item_cursor((struct item){container->bytes});
    struct text name;
    struct value element;
    while (item_next(&c, &name, &element)) {
        if (value_equal(&element, x)) {
            return true;
        }
    }
    return false;
}

static bool value_contains(const struct value *a, const struct value *x)
{
    switch (a->type) {
    case TYPE_S:
    case TYPE_B:
        return x->type == a->type && text_contains(a->bytes, x->bytes);
    case TYPE_L:
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        return has_element(a, x);
    case TYPE_N:
    case TYPE_BOOL:
    case TYPE_NULL:
    case TYPE_M:
        break;
    }
    return false;
}

static bool value_begins_with(const struct value *a, const struct value *x)
{
    return a->type == x->type && (a->type == TYPE_S || a->type == TYPE_B) &&
           text_starts(a->bytes, x->bytes);
}

/* attribute_type, begins_with and contains. Source: DDB-EXPR-4. */
static bool function_holds(const struct subject *s, const struct node *n)
{
    struct value scratch[2];
    const struct node *first = node_at(s->e, n->first);
    const struct value *a = operand(s, first, &scratch[0]);
    const struct value *x = operand(s, node_at(s->e, first->next), &scratch[1]);
    if (a == NULL || x == NULL) {
        return false;
    }
    if (n->kind == NODE_TYPE) {
        return x->type == TYPE_S && text_equal(attribute_type_text(a->type), x->bytes);
    }
    return n->kind == NODE_CONTAINS ? value_contains(a, x) : value_begins_with(a, x);
}

static bool holds(const struct subject *s, const struct node *n);

/* Whether some child is `wanted`: OR looks for a true one, AND for a false one. */
static bool any_child(const struct subject *s, const struct node *n, bool wanted)
{
    for (uint16_t i = n->first; i != 0; i = node_at(s->e, i)->next) {
        if (holds(s, node_at(s->e, i)) == wanted) {
            return true;
        }
    }
    return false;
}

static bool path_exists(const struct subject *s, const struct node *n)
{
    struct value scratch;
    return operand(s, node_at(s->e, n->first), &scratch) != NULL;
}

static bool holds(const struct subject *s, const struct node *n) /* NOLINT(misc-no-recursion) */
{
    switch (n->kind) {
    case NODE_OR:
        return any_child(s, n, true);
    case NODE_AND:
        return !any_child(s, n, false);
    case NODE_NOT:
        return !holds(s, node_at(s->e, n->first));
    case NODE_EQUAL:
    case NODE_UNEQUAL:
    case NODE_LESS:
    case NODE_LESS_EQUAL:
    case NODE_GREATER:
    case NODE_GREATER_EQUAL:
        return comparison_holds(s, n);
    case NODE_BETWEEN:
        return between_holds(s, n);
    case NODE_IN:
        return in_holds(s, n);
    case NODE_EXISTS:
        return path_exists(s, n);
    case NODE_NOT_EXISTS:
        return !path_exists(s, n);
    case NODE_TYPE:
    case NODE_BEGINS_WITH:
    case NODE_CONTAINS:
        return function_holds(s, n);
    case NODE_NONE:
    case NODE_SIZE:
    case NODE_PATH:
    case NODE_VALUE:
    case NODE_PLUS:
    case NODE_MINUS:
    case NODE_IF_NOT_EXISTS:
    case NODE_LIST_APPEND:
    case NODE_PATHS:
    case NODE_SET:
    case NODE_REMOVE:
    case NODE_ADD:
    case NODE_DELETE:
    case NODE_UNKNOWN:
        break;
    }
    assert_failed("the node is a condition", __FILE__, __LINE__);
}

/* Source: DDB-EXPR-1 for what binds tighter; the tree has it. */
bool expression_holds(const struct expression *e, struct item item, const struct value *values)
{
    ASSERT(e->kind != EXPRESSION_UPDATE && e->kind != EXPRESSION_PROJECTION);
    struct subject s = {e, item, values};
    return holds(&s, node_at(e, e->root));
}

uint32_t expression_conjuncts(const struct expression *e)
{
    const struct node *root = node_at(e, e->root);
    uint32_t count = 0;
    for (uint16_t i = root->first; i != 0; i = node_at(e, i)->next) {
        count++;
    }
    return root->kind == NODE_AND ? count : 1;
}

bool expression_conjunct_equality(const struct expression *e, uint32_t i, struct text *name,
                                  uint16_t *value)
{
    const struct node *n = node_at(e, e->root);
    if (n->kind == NODE_AND) {
        n = node_at(e, n->first);
        for (; i > 0; i--) {
            n = node_at(e, n->next);
        }
    }
    if (n->kind != NODE_EQUAL) {
        return false;
    }
    const struct node *left = node_at(e, n->first);
    const struct node *right = node_at(e, left->next);
    if (left->kind == NODE_VALUE) {
        const struct node *swap = left;
        left = right;
        right = swap;
    }
    *name = left->name;
    *value = right->value;
    return left->kind == NODE_PATH && left->steps_count == 0 && right->kind == NODE_VALUE;
}

/* Whether some path of at least that many steps begins with the attribute. */
static bool has_path(const struct expression *e, struct text name, uint32_t steps)
{
    for (uint16_t i = 1; i < e->nodes_count; i++) {
        const struct node *n = &e->nodes[i];
        if (n->kind == NODE_PATH && n->steps_count >= steps && text_equal(n->name, name)) {
            return true;
        }
    }
    return false;
}

bool expression_names(const struct expression *e, struct text name)
{
    return has_path(e, name, 0);
}

bool expression_enters(const struct expression *e, struct text name)
{
    return e->steps_count > 0 && has_path(e, name, 1);
}

uint32_t expression_paths_count(const struct expression *e)
{
    return e->paths_count;
}

struct text expression_path_name(const struct expression *e, uint32_t i)
{
    ASSERT(i < e->paths_count);
    return node_at(e, e->paths[i])->name;
}

bool expression_assigns(const struct expression *e, struct text name)
{
    ASSERT(e->kind == EXPRESSION_UPDATE);
    for (uint16_t i = 0; i < e->paths_count; i++) {
        if (text_equal(node_at(e, e->paths[i])->name, name)) {
            return true;
        }
    }
    return false;
}

bool expression_creates(const struct expression *e)
{
    ASSERT(e->kind == EXPRESSION_UPDATE);
    for (uint16_t i = 0; i < e->paths_count; i++) {
        enum node_kind kind = node_at(e, e->paths[i])->kind;
        if (kind == NODE_SET || kind == NODE_ADD) {
            return true;
        }
    }
    return false;
}

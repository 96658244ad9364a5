/* expression_literal.c: what DynamoDB holds against literals before it looks at any item; see
 * expression.h. Source: DDB-EXPR-11.
 */
#include "model/dynamodb/expression_tree.h"

#include <stdio.h>

const char *operator_text(enum node_kind kind)
{
    switch ((int)kind) {
    case NODE_EQUAL:
        return "=";
    case NODE_UNEQUAL:
        return "<>";
    case NODE_LESS:
        return "<";
    case NODE_LESS_EQUAL:
        return "<=";
    case NODE_GREATER:
        return ">";
    case NODE_GREATER_EQUAL:
        return ">=";
    case NODE_BETWEEN:
        return "BETWEEN";
    case NODE_BEGINS_WITH:
        return "begins_with";
    case NODE_SIZE:
        return "size";
    case NODE_PLUS:
        return "+";
    case NODE_MINUS:
        return "-";
    case NODE_LIST_APPEND:
        return "list_append";
    case NODE_ADD:
        return "ADD";
    case NODE_DELETE:
        return "DELETE";
    default:
        return "";
    }
}

/* The types that an operator or function takes, as bits. */
enum { TYPES_ANY = (1 << (TYPE_BS + 1)) - 1 };

static unsigned types(enum attribute_type type)
{
    return 1U << type;
}

static unsigned operand_types(enum node_kind kind)
{
    const unsigned sets = types(TYPE_SS) | types(TYPE_NS) | types(TYPE_BS);
    switch ((int)kind) {
    case NODE_LESS:
    case NODE_LESS_EQUAL:
    case NODE_GREATER:
    case NODE_GREATER_EQUAL:
    case NODE_BETWEEN:
        return types(TYPE_S) | types(TYPE_N) | types(TYPE_B);
    case NODE_BEGINS_WITH:
        return types(TYPE_S) | types(TYPE_B);
    case NODE_SIZE:
        return TYPES_ANY & ~(types(TYPE_N) | types(TYPE_BOOL) | types(TYPE_NULL));
    case NODE_PLUS:
    case NODE_MINUS:
        return types(TYPE_N);
    case NODE_LIST_APPEND:
        return types(TYPE_L);
    case NODE_ADD:
        return types(TYPE_N) | sets;
    case NODE_DELETE:
        return sets;
    default:
        return TYPES_ANY;
    }
}

static const struct value *literal(const struct node *n, const struct value *literals)
{
    return n->kind == NODE_VALUE && n->value != VALUE_NONE && literals != NULL ? &literals[n->value]
                                                                               : NULL;
}

/* "STRING", as ADD and DELETE call a type that they refuse. */
static const char *long_type_text(enum attribute_type type)
{
    static const char *const texts[] = {
        [TYPE_S] = "STRING",     [TYPE_N] = "NUMBER",      [TYPE_B] = "BINARY",
        [TYPE_BOOL] = "BOOLEAN", [TYPE_NULL] = "NULL",     [TYPE_M] = "MAP",
        [TYPE_L] = "LIST",       [TYPE_SS] = "STRING_SET", [TYPE_NS] = "NUMBER_SET",
        [TYPE_BS] = "BINARY_SET"};
    return texts[type];
}

static bool refuse_type(const struct node *n, enum attribute_type type, char *fault, size_t size)
{
    const char *operator= operator_text(n->kind);
    struct text name = attribute_type_text(type);
    if (n->kind == NODE_ADD || n->kind == NODE_DELETE) {
        (void)snprintf(fault, size,
                       "Incorrect operand type for operator or function; operator: %s, operand "
                       "type: %s, typeSet: ALLOWED_FOR_%s_OPERAND",
                       operator, long_type_text(type), operator);
    } else {
        (void)snprintf(fault, size,
                       "Incorrect operand type for operator or function; operator or function: %s, "
                       "operand type: %.*s",
                       operator,(int) name.size, name.at);
    }
    return false;
}

/* A bound as DynamoDB prints it, bytes as Java does. */
static const char *bound_text(const struct value *bound, char *text, size_t size)
{
    struct text type = attribute_type_text(bound->type);
    struct text_writer w = text_writer(text, size);
    text_put(&w, TEXT("AttributeValue: {"));
    text_put(&w, type);
    text_put_char(&w, ':');
    if (bound->type == TYPE_N) {
        text_put_number(&w, &bound->number);
    } else if (bound->type == TYPE_S) {
        text_put(&w, bound->bytes);
    } else {
        text_put(&w, TEXT("java.nio.HeapByteBuffer[pos=0 lim="));
        text_put_integer(&w, (int64_t)bound->bytes.size, 0);
        text_put(&w, TEXT(" cap="));
        text_put_integer(&w, (int64_t)bound->bytes.size, 0);
        text_put_char(&w, ']');
    }
    text_put_char(&w, '}');
    return text_writer_string(&w);
}

/* Two bounds that are literals are of one type, and the lower one is not above the upper one. */
static bool bounds_check(const struct expression *e, const struct node *n,
                         const struct value *literals, char *fault, size_t size)
{
    const struct node *first = node_at(e, node_at(e, n->first)->next);
    const struct value *lower = literal(first, literals);
    const struct value *upper = literal(node_at(e, first->next), literals);
    if (lower == NULL || upper == NULL ||
        (lower->type == upper->type && value_compare(lower, upper) <= 0)) {
        return true;
    }
    char texts[2][256];
    (void)snprintf(
        fault, size,
        "The BETWEEN operator requires %s; lower bound operand: %s, upper bound "
        "operand: %s",
        lower->type != upper->type ? "same data type for lower and upper bounds"
                                   : "upper bound to be greater than or equal to lower bound",
        bound_text(lower, texts[0], sizeof texts[0]), bound_text(upper, texts[1], sizeof texts[1]));
    return false;
}

/* The type that attribute_type asks for is a literal, an S, and the name of a type. */
static bool type_name_check(const struct expression *e, const struct node *n,
                            const struct value *literals, char *fault, size_t size)
{
    const struct node *operand = node_at(e, node_at(e, n->first)->next);
    const struct value *type = literal(operand, literals);
    if (operand->kind != NODE_VALUE || (type != NULL && type->type != TYPE_S)) {
        struct text name =
            type == NULL ? TEXT("{NS,SS,L,BS,N,M,B,BOOL,NULL,S}") : attribute_type_text(type->type);
        (void)snprintf(fault, size,
                       "Incorrect operand type for operator or function; operator or function: "
                       "attribute_type, operand type: %.*s",
                       (int)name.size, name.at);
        return false;
    }
    bool known = type == NULL;
    for (int i = TYPE_S; i <= TYPE_BS && !known; i++) {
        known = text_equal(attribute_type_text((enum attribute_type)i), type->bytes);
    }
    if (!known) {
        (void)snprintf(fault, size,
                       "Invalid attribute type name found; type: %.*s, valid types: "
                       "{B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
                       (int)type->bytes.size, type->bytes.at);
    }
    return known;
}

bool literals_matter(const struct node *n)
{
    return n->kind == NODE_TYPE || operand_types(n->kind) != TYPES_ANY;
}

bool literals_check(const struct expression *e, const struct node *n, const struct value *literals,
                    char *fault, size_t size)
{
    unsigned allowed = operand_types(n->kind);
    for (uint16_t i = n->first; i != 0 && allowed != TYPES_ANY; i = node_at(e, i)->next) {
        const struct node *operand = node_at(e, i);
        const struct value *value = literal(operand, literals);
        bool typed = value != NULL || operand->kind == NODE_SIZE;
        enum attribute_type type = value != NULL ? value->type : TYPE_N;
        if (typed && (allowed & types(type)) == 0) {
            return refuse_type(n, type, fault, size);
        }
    }
    if (n->kind == NODE_BETWEEN) {
        return bounds_check(e, n, literals, fault, size);
    }
    return n->kind != NODE_TYPE || type_name_check(e, n, literals, fault, size);
}

enum status expression_check_literals(const struct expression *e, const struct value *literals,
                                      struct error *error)
{
    char fault[sizeof error->message];
    for (uint16_t i = 1; e->wary && i < e->nodes_count; i++) {
        if (!literals_check(e, &e->nodes[i], literals, fault, sizeof fault)) {
            return error_set(error, STATUS_BAD_INPUT, "Invalid %s: %s",
                             expression_kind_text(e->kind), fault);
        }
    }
    return STATUS_OK;
}

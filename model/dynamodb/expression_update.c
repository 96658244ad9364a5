/* expression_update.c: updates, applied; see expression.h.
 *
 * Method. The item is copied into the writer's buffer and changed there, while all right-hand sides
 * read the item as it was. Lists and sets that come out of a computation are built at the end of
 * the same buffer, downwards, and copied into their place. Sources: DDB-UPDATE-3, DDB-UPDATE-4.
 */
#include "model/dynamodb/expression_tree.h"
#include "sim/assert.h"

/* An update under way. */
struct update {
    const struct expression *e;
    struct item item; /* as it was */
    const struct value *values;
    struct item_writer *w;
    struct error *error;
};

static enum status refuse(const struct update *u, const char *message)
{
    return error_set(u->error, STATUS_BAD_INPUT, "%s", message);
}

static enum status refuse_type(const struct update *u)
{
    return refuse(u, "An operand in the update expression has an incorrect data type");
}

/* The full text names a literal's type; DynamoDB knows it before it looks at the item. */
static enum status refuse_literal(const struct update *u, const char *what, const char *symbol,
                                  const struct text type)
{
    return error_set(u->error, STATUS_BAD_INPUT,
                     "Invalid UpdateExpression: Incorrect operand type for operator or function; "
                     "%s: %s, operand type: %.*s",
                     what, symbol, (int)type.size, type.at);
}

static enum status refuse_size(const struct update *u)
{
    return refuse(u, "Item size to update has exceeded the maximum allowed size");
}

/* A writer for a list or set in the free end of the buffer; what it takes is cut off from there by
 * spare_keep until the whole update is done. */
static struct item_writer spare(const struct update *u)
{
    uint32_t room = u->w->capacity - u->w->size;
    return item_writer(u->w->at + u->w->size + room / 2, room - room / 2);
}

static bool spare_keep(const struct update *u, struct item_writer *run, struct value *value)
{
    struct item built = item_written(run);
    if (built.bytes.size == 0) {
        return false;
    }
    u->w->capacity -= (uint32_t)built.bytes.size;
    memmove(u->w->at + u->w->capacity, built.bytes.at, built.bytes.size);
    value->bytes = (struct text){u->w->at + u->w->capacity, built.bytes.size};
    return true;
}

static enum status evaluate(const struct update *u, const struct node *n, struct value *value);

/* Evaluates both operands of + - and list_append and holds them to a type. */
static enum status operands(const struct update *u, const struct node *n, enum attribute_type type,
                            struct value pair[2])
{
    const char *name = n->kind == NODE_PLUS ? "+" : n->kind == NODE_MINUS ? "-" : "list_append";
    const struct node *child = node_at(u->e, n->first);
    for (int i = 0; i < 2; i++, child = node_at(u->e, child->next)) {
        enum status status = evaluate(u, child, &pair[i]);
        if (status != STATUS_OK) {
            return status;
        }
        if (pair[i].type != type) {
            return child->kind == NODE_VALUE ? refuse_literal(u, "operator or function", name,
                                                              attribute_type_text(pair[i].type))
                                             : refuse_type(u);
        }
    }
    return STATUS_OK;
}

static enum status arithmetic(const struct update *u, const struct node *n, struct value *value)
{
    struct value pair[2];
    enum status status = operands(u, n, TYPE_N, pair);
    if (status != STATUS_OK) {
        return status;
    }
    value->type = TYPE_N;
    return n->kind == NODE_PLUS
               ? number_add(&pair[0].number, &pair[1].number, &value->number, u->error)
               : number_subtract(&pair[0].number, &pair[1].number, &value->number, u->error);
}

static enum status list_append(const struct update *u, const struct node *n, struct value *value)
{
    struct value pair[2];
    enum status status = operands(u, n, TYPE_L, pair);
    if (status != STATUS_OK) {
        return status;
    }
    struct item_writer list = spare(u);
    for (int i = 0; i < 2; i++) {
        struct item_cursor c = item_cursor((struct item){pair[i].bytes});
        struct text name;
        struct value element;
        while (item_next(&c, &name, &element)) {
            item_append(&list, &element);
        }
    }
    value->type = TYPE_L;
    return spare_keep(u, &list, value) ? STATUS_OK : refuse_size(u);
}

/* The value of the right-hand side of a SET. */
static enum status evaluate(const struct update *u, const struct node *n,
                            struct value *value) /* NOLINT(misc-no-recursion) */
{
    if (n->kind == NODE_PLUS || n->kind == NODE_MINUS) {
        return arithmetic(u, n, value);
    }
    if (n->kind == NODE_LIST_APPEND) {
        return list_append(u, n, value);
    }
    if (n->kind == NODE_IF_NOT_EXISTS) {
        const struct node *path = node_at(u->e, n->first);
        return item_get(u->item, path->name, value) ? STATUS_OK
                                                    : evaluate(u, node_at(u->e, path->next), value);
    }
    const struct value *found = expression_operand(u->e, n, u->item, u->values, value);
    if (found == NULL) {
        return refuse(u, "The provided expression refers to an attribute that does not exist in "
                         "the item");
    }
    *value = *found;
    return STATUS_OK;
}

static bool is_set(enum attribute_type type)
{
    return type == TYPE_SS || type == TYPE_NS || type == TYPE_BS;
}

/* "STRING", as the refusal of a literal in ADD and DELETE has it. */
static struct text long_type(enum attribute_type type)
{
    switch (type) {
    case TYPE_S:
        return TEXT("STRING");
    case TYPE_N:
        return TEXT("NUMBER");
    case TYPE_B:
        return TEXT("BINARY");
    case TYPE_BOOL:
        return TEXT("BOOLEAN");
    case TYPE_L:
        return TEXT("LIST");
    case TYPE_M:
        return TEXT("MAP");
    case TYPE_NULL:
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        break;
    }
    return attribute_type_text(type);
}

/* Whether the set has the element; its elements rise, but sets are short. */
static bool set_has(struct text set, const struct value *element)
{
    struct item_cursor c = item_cursor((struct item){set});
    struct text name;
    struct value present;
    while (item_next(&c, &name, &present)) {
        if (value_equal(&present, element)) {
            return true;
        }
    }
    return false;
}

static void put_elements(struct item_writer *set, struct text from, const struct text *without)
{
    struct item_cursor c = item_cursor((struct item){from});
    struct text name;
    struct value element;
    while (item_next(&c, &name, &element)) {
        if (without == NULL || !set_has(*without, &element)) {
            item_add_element(set, &element);
        }
    }
}

/* ADD and DELETE on a set. */
static enum status combine_sets(const struct update *u, const struct node *n,
                                const struct value *present, const struct value *operand)
{
    struct item_writer set = spare(u);
    put_elements(&set, present->bytes, n->kind == NODE_DELETE ? &operand->bytes : NULL);
    if (n->kind == NODE_ADD) {
        put_elements(&set, operand->bytes, NULL);
    }
    struct value combined = {.type = present->type};
    if (!spare_keep(u, &set, &combined)) {
        return refuse_size(u);
    }
    if (set.count == 0) {
        item_remove(u->w, n->name);
    } else {
        item_add(u->w, n->name, &combined);
    }
    return STATUS_OK;
}

static enum status add_or_delete(const struct update *u, const struct node *n)
{
    const struct value *operand = &u->values[node_at(u->e, n->first)->value];
    bool number = n->kind == NODE_ADD && operand->type == TYPE_N;
    if (!number && !is_set(operand->type)) {
        return refuse_literal(u, "operator", n->kind == NODE_ADD ? "ADD" : "DELETE",
                              long_type(operand->type));
    }
    struct value present;
    if (!item_get(u->item, n->name, &present)) {
        if (n->kind == NODE_ADD) {
            item_add(u->w, n->name, operand);
        }
        return STATUS_OK;
    }
    if (present.type != operand->type) {
        return refuse_type(u);
    }
    if (!number) {
        return combine_sets(u, n, &present, operand);
    }
    struct value sum = {.type = TYPE_N};
    enum status status = number_add(&present.number, &operand->number, &sum.number, u->error);
    if (status == STATUS_OK) {
        item_add(u->w, n->name, &sum);
    }
    return status;
}

static enum status apply(const struct update *u, const struct node *n)
{
    if (n->kind == NODE_REMOVE) {
        item_remove(u->w, n->name);
        return STATUS_OK;
    }
    if (n->kind != NODE_SET) {
        return add_or_delete(u, n);
    }
    struct value value;
    enum status status = evaluate(u, node_at(u->e, n->first), &value);
    if (status == STATUS_OK) {
        item_add(u->w, n->name, &value);
    }
    return status;
}

enum status expression_update(const struct expression *e, struct item item, struct item keys,
                              const struct value *values, struct item_writer *w,
                              struct error *error)
{
    ASSERT(e->kind == EXPRESSION_UPDATE);
    uint32_t capacity = w->capacity;
    struct update u = {e, item.bytes.size > 0 ? item : keys, values, w, error};
    item_copy(w, u.item);
    enum status status = w->overflowed ? refuse_size(&u) : STATUS_OK;
    uint16_t i = node_at(e, e->root)->first;
    for (; i != 0 && status == STATUS_OK; i = node_at(e, i)->next) {
        status = apply(&u, node_at(e, i));
        if (w->overflowed) {
            status = refuse_size(&u);
        }
    }
    w->capacity = capacity;
    return status;
}

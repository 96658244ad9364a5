/* expression_update.c: updates, applied; see expression.h.
 *
 * Method. The item is copied into the writer's buffer and changed there, while all right-hand sides
 * and all paths are of the item as it was. Lists and sets that come out of a computation are built
 * at the end of the same buffer, downwards, and copied into their place. What is written is
 * written in the order of the paths, so that elements behind the end of a list follow by their
 * indexes; what is taken away is taken away afterwards and from behind, so that no index is moved
 * before its turn. Sources: DDB-UPDATE-3, DDB-UPDATE-4,
 * DDB-UPDATE-5, DDB-UPDATE-6.
 */
#include "model/dynamodb/expression_tree.h"
#include "sim/assert.h"

/* An update under way. */
struct update {
    const struct expression *e;
    struct item item; /* as it was; of an absent one the keys */
    bool absent;
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

static enum status refuse_path(const struct update *u)
{
    return refuse(u, "The document path provided in the update expression is invalid for update");
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
    const struct node *child = node_at(u->e, n->first);
    for (int i = 0; i < 2; i++, child = node_at(u->e, child->next)) {
        enum status status = evaluate(u, child, &pair[i]);
        if (status != STATUS_OK) {
            return status;
        }
        if (pair[i].type != type) {
            return refuse_type(u);
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
        const struct node *first = node_at(u->e, n->first);
        struct item_path path = path_of(u->e, first);
        return item_find(u->item, &path, value) ? STATUS_OK
                                                : evaluate(u, node_at(u->e, first->next), value);
    }
    const struct value *found = expression_operand(u->e, n, u->item, u->values, value);
    if (found == NULL) {
        return refuse(u, "The provided expression refers to an attribute that does not exist in "
                         "the item");
    }
    *value = *found;
    return STATUS_OK;
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

/* Whether the document that the path's last step goes into is there, and of its kind. */
static bool has_parent(const struct update *u, const struct item_path *path)
{
    if (path->steps_count == 0) {
        return true;
    }
    struct item_path parent = *path;
    struct value document;
    parent.steps_count--;
    return item_find(u->item, &parent, &document) &&
           document.type == (path->steps[parent.steps_count].name.at != NULL ? TYPE_M : TYPE_L);
}

static enum status write(const struct update *u, const struct item_path *path,
                         const struct value *value)
{
    if (!has_parent(u, path)) {
        return refuse_path(u);
    }
    if ((value->type == TYPE_M || value->type == TYPE_L) &&
        value_depth(value) + path->steps_count > ITEM_DEPTH_MAX) {
        return refuse(u, "Nesting Levels have exceeded supported limits: Attributes in the item "
                         "have nested levels beyond supported limit");
    }
    item_put(u->w, path, value);
    return STATUS_OK;
}

/* The set that ADD or DELETE makes of the one there is; empty where nothing is left. */
static enum status combine_sets(const struct update *u, enum node_kind kind,
                                const struct value *present, const struct value *operand,
                                struct value *combined)
{
    struct item_writer set = spare(u);
    put_elements(&set, present->bytes, kind == NODE_DELETE ? &operand->bytes : NULL);
    if (kind == NODE_ADD) {
        put_elements(&set, operand->bytes, NULL);
    }
    combined->type = present->type;
    return spare_keep(u, &set, combined) ? STATUS_OK : refuse_size(u);
}

static enum status add(const struct update *u, const struct node *n)
{
    const struct value *operand = &u->values[node_at(u->e, n->first)->value];
    struct item_path path = path_of(u->e, n);
    struct value present;
    struct value sum = {.type = TYPE_N};
    if (!item_find(u->item, &path, &present)) {
        return write(u, &path, operand);
    }
    if (present.type != operand->type) {
        return refuse_type(u);
    }
    enum status status = present.type == TYPE_N
                             ? number_add(&present.number, &operand->number, &sum.number, u->error)
                             : combine_sets(u, NODE_ADD, &present, operand, &sum);
    return status == STATUS_OK ? write(u, &path, &sum) : status;
}

static enum status set(const struct update *u, const struct node *n)
{
    struct value value;
    enum status status = evaluate(u, node_at(u->e, n->first), &value);
    if (status == STATUS_OK) {
        struct item_path path = path_of(u->e, n);
        status = write(u, &path, &value);
    }
    return status;
}

static enum status delete_elements(const struct update *u, const struct node *n,
                                   const struct item_path *path, const struct value *present)
{
    const struct value *operand = &u->values[node_at(u->e, n->first)->value];
    struct value rest;
    if (present->type != operand->type) {
        return refuse_type(u);
    }
    enum status status = combine_sets(u, NODE_DELETE, present, operand, &rest);
    if (status != STATUS_OK) {
        return status;
    }
    if (item_count((struct item){rest.bytes}) > 0) {
        item_put(u->w, path, &rest);
    } else {
        item_cut(u->w, path);
    }
    return STATUS_OK;
}

/* REMOVE and DELETE. Of an item that is not there any path may be removed. */
static enum status take_away(const struct update *u, const struct node *n)
{
    struct item_path path = path_of(u->e, n);
    struct value present;
    if (!item_find(u->item, &path, &present)) {
        bool ignored = (u->absent && n->kind == NODE_REMOVE) || has_parent(u, &path);
        return ignored ? STATUS_OK : refuse_path(u);
    }
    if (n->kind == NODE_DELETE) {
        return delete_elements(u, n, &path, &present);
    }
    item_cut(u->w, &path);
    return STATUS_OK;
}

/* Applies all assignments: writes upwards, then takes away downwards. */
static enum status apply(const struct update *u)
{
    const struct expression *e = u->e;
    enum status status = STATUS_OK;
    for (uint16_t i = 0; i < e->paths_count && status == STATUS_OK; i++) {
        const struct node *n = node_at(e, e->paths[i]);
        status = n->kind == NODE_SET ? set(u, n) : n->kind == NODE_ADD ? add(u, n) : STATUS_OK;
    }
    for (uint16_t i = e->paths_count; i > 0 && status == STATUS_OK; i--) {
        const struct node *n = node_at(e, e->paths[i - 1]);
        if (n->kind == NODE_REMOVE || n->kind == NODE_DELETE) {
            status = take_away(u, n);
        }
    }
    return status;
}

enum status expression_update(const struct expression *e, struct item item, struct item keys,
                              const struct value *values, struct item_writer *w,
                              struct error *error)
{
    ASSERT(e->kind == EXPRESSION_UPDATE);
    uint32_t capacity = w->capacity;
    bool absent = item.bytes.size == 0;
    struct update u = {e, absent ? keys : item, absent, values, w, error};
    enum status status = STATUS_OK;
    if (!e->typed) {
        status = expression_check_literals(e, values, error);
    }
    item_copy(w, u.item);
    if (status == STATUS_OK && !w->overflowed) {
        status = apply(&u);
    }
    w->capacity = capacity;
    return w->overflowed ? refuse_size(&u) : status;
}

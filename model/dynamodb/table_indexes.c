/* table_indexes.c: the orders of a table and its indexes, what an index holds, and what a write
 * means for it; see table_state.h. Sources: DDB-GSI-3, DDB-GSI-5, DDB-LSI-1, DDB-LSI-2. */
#include "model/dynamodb/table_state.h"

/* Set-up */

static void order_add_place(struct table_order *o, uint32_t place)
{
    for (uint32_t i = 0; i < o->places_count; i++) {
        if (o->places[i] == place) {
            return;
        }
    }
    if (place != PLACE_NONE) {
        o->places[o->places_count++] = place;
    }
}

/* The place of a key attribute, which is added where it is new; PLACE_NONE for none. A hash key may
 * be longer than a range key; what is both somewhere, no longer than that. */
static uint32_t attribute_place(struct table *t, const struct table_key *key, uint32_t size_max)
{
    if (key->name == NULL) {
        return PLACE_NONE;
    }
    struct text name = text_from(key->name);
    for (uint32_t i = 0; i < t->attributes_count; i++) {
        if (text_equal(t->attributes[i], name)) {
            t->sizes_max[i] = size_max < t->sizes_max[i] ? size_max : t->sizes_max[i];
            return i;
        }
    }
    t->name_sizes |= UINT64_C(1) << (name.size % 64);
    t->attributes[t->attributes_count] = name;
    t->types[t->attributes_count] = key->type;
    t->sizes_max[t->attributes_count] = size_max;
    t->number_keys = t->number_keys || key->type == TYPE_N;
    return t->attributes_count++;
}

/* Makes an order of slots by two attributes, then by the table's key. */
static bool order_init(struct table *t, uint32_t order, uint32_t first, uint32_t second)
{
    struct table_order *o = &t->orders[order];
    *o = (struct table_order){.t = t, .by_ttl = order == ORDER_TTL};
    order_add_place(o, first);
    order_add_place(o, second);
    order_add_place(o, t->hash_place);
    order_add_place(o, t->range_place);
    const struct tree_keys keys = order_keys(o);
    if (!tree_init(&o->tree, (uint32_t)t->config.items_max + 1, &keys)) {
        return false;
    }
    t->orders_used |= 1U << order;
    return true;
}

/* Finds the places of all key attributes: {hash, range} of the table, then of each index. */
static void find_places(struct table *t, uint32_t places[1 + TABLE_INDEXES_MAX][2])
{
    const struct table_config *c = &t->config;
    t->attributes_count = 0;
    t->number_keys = false;
    t->name_sizes = UINT64_C(1) << (t->ttl_attribute.size % 64);
    places[0][0] = t->hash_place = attribute_place(t, &c->hash_key, HASH_KEY_BYTES_MAX);
    places[0][1] = t->range_place = attribute_place(t, &c->range_key, RANGE_KEY_BYTES_MAX);
    for (uint32_t i = 0; i < c->indexes_count; i++) {
        places[1 + i][0] = attribute_place(t, &c->indexes[i].hash_key, HASH_KEY_BYTES_MAX);
        places[1 + i][1] = attribute_place(t, &c->indexes[i].range_key, RANGE_KEY_BYTES_MAX);
    }
}

/* Lays out the head of a record: which indexes have a size of their own there. */
static void lay_out(struct table *t)
{
    const struct table_config *c = &t->config;
    t->head_bytes =
        (uint32_t)(sizeof(struct record) + t->attributes_count * sizeof(struct key_place));
    t->partial_count = 0;
    t->locals_count = 0;
    for (uint32_t i = 0; i < c->indexes_count; i++) {
        t->locals_count += c->indexes[i].local;
        if (c->indexes[i].projection != PROJECTION_ALL) {
            t->partial[t->partial_count++] = i;
            t->orders[1 + i].size_at = t->head_bytes;
            t->head_bytes += (uint32_t)sizeof(uint32_t);
        }
    }
}

bool table_orders_init(struct table *t)
{
    uint32_t places[1 + TABLE_INDEXES_MAX][2] = {0};
    find_places(t, places);
    for (uint32_t i = 0; i <= t->config.indexes_count; i++) {
        if (!order_init(t, i, places[i][0], places[i][1])) {
            return false;
        }
    }
    lay_out(t);
    return t->config.ttl_attribute == NULL ||
           order_init(t, ORDER_TTL, t->hash_place, t->range_place);
}

void table_orders_deinit(struct table *t)
{
    for (uint32_t left = t->orders_used; left != 0; left &= left - 1) {
        tree_deinit(&t->orders[__builtin_ctz(left)].tree);
    }
    t->orders_used = 0;
}

/* Projections */

bool index_projects(const struct table *t, uint32_t index, struct text name)
{
    const struct table_index_config *c = &t->config.indexes[index];
    const struct table_order *o = &t->orders[1 + index];
    bool held = c->projection == PROJECTION_ALL;
    for (uint32_t i = 0; !held && i < o->places_count; i++) {
        held = text_equal(name, t->attributes[o->places[i]]);
    }
    for (uint32_t i = 0; !held && c->projection == PROJECTION_INCLUDE && i < c->include_count;
         i++) {
        held = text_equal(name, text_from(c->include[i]));
    }
    return held;
}

bool table_index_projects(const struct table *t, int32_t index, struct text name)
{
    return index == TABLE_BASE || index_projects(t, (uint32_t)index, name);
}

struct item index_item(const struct table *t, uint32_t index, struct item item, char *buffer)
{
    if (t->config.indexes[index].projection == PROJECTION_ALL) {
        return item;
    }
    struct item_writer w = item_writer(buffer, SCRATCH_BYTES);
    struct item_cursor c = item_cursor(item);
    struct text name;
    struct value value;
    while (item_next(&c, &name, &value)) {
        if (index_projects(t, index, name)) {
            item_add(&w, name, &value);
        }
    }
    return item_written(&w);
}

/* How many attributes of an item an index holds. */
static uint32_t projected_count(const struct table *t, uint32_t index, struct item item)
{
    struct item_cursor c = item_cursor(item);
    struct text name;
    struct value value;
    uint32_t count = 0;
    while (item_next(&c, &name, &value)) {
        count += index_projects(t, index, name);
    }
    return count;
}

/* Whether what an index holds of two items is the same. */
static bool same_projection(const struct table *t, uint32_t index, struct item a, struct item b)
{
    if (t->config.indexes[index].projection == PROJECTION_ALL) {
        return text_equal(a.bytes, b.bytes);
    }
    struct item_cursor c = item_cursor(a);
    struct text name;
    struct value value;
    struct value other;
    while (item_next(&c, &name, &value)) {
        if (index_projects(t, index, name) &&
            (!item_get(b, name, &other) || !value_equal(&value, &other))) {
            return false;
        }
    }
    return projected_count(t, index, a) == projected_count(t, index, b);
}

/* What a write means for an index */

static bool image_in(const struct table_order *o, const struct image *image)
{
    for (uint32_t i = 0; i < o->places_count; i++) {
        if (image->outline->places[o->places[i]].size == 0) {
            return false;
        }
    }
    return true;
}

static bool image_stays(const struct table_order *o, const struct record *old,
                        const struct image *image)
{
    for (uint32_t i = 0; i < o->places_count; i++) {
        struct text key = outline_key(image->item, image->outline, o->places[i]);
        if (!text_equal(record_key(old, o->places[i]), key)) {
            return false;
        }
    }
    return true;
}

/* What an item that is about to be stored will weigh in an index. */
static uint32_t image_size_in(const struct table *t, uint32_t index, const struct outline *outline)
{
    for (uint32_t i = 0; i < t->partial_count; i++) {
        if (t->partial[i] == index) {
            return outline->sizes[i];
        }
    }
    return outline->size;
}

struct index_change index_change(const struct table *t, uint32_t index, const struct record *old,
                                 const struct image *image)
{
    const struct table_order *o = &t->orders[1 + index];
    struct index_change change = {0};
    if (old != NULL && order_has(o, old)) {
        change.before = record_size_in(o, old);
    }
    if (image != NULL && image_in(o, image)) {
        change.after = image_size_in(t, index, image->outline);
    }
    if (change.before > 0 && change.after > 0) {
        change.moved = !image_stays(o, old, image);
        change.changed =
            change.moved || !same_projection(t, index, record_item(t, old), image->item);
    } else {
        change.changed = change.before > 0 || change.after > 0;
    }
    return change;
}

/* Item collections */

/* What a partition weighs in an order. */
static uint64_t partition_weight(const struct table_order *o, struct text partition)
{
    struct key_probe probe = {.parts = {partition}, .count = 1};
    return tree_seek(&o->tree, &probe, true).weight - tree_seek(&o->tree, &probe, false).weight;
}

static uint64_t collection_bytes(const struct table *t, struct text partition)
{
    uint64_t bytes = partition_weight(&t->orders[ORDER_BASE], partition);
    for (uint32_t i = 0; i < t->config.indexes_count; i++) {
        bytes += t->config.indexes[i].local ? partition_weight(&t->orders[1 + i], partition) : 0;
    }
    return bytes;
}

/* What a write adds to the item's collection: its items in the table and in the local indexes. */
static int64_t collection_growth(const struct table *t, const struct record *old,
                                 const struct image *image)
{
    int64_t growth = (int64_t)image->outline->size - (old == NULL ? 0 : old->size);
    for (uint32_t i = 0; i < t->config.indexes_count; i++) {
        if (t->config.indexes[i].local) {
            struct index_change change = index_change(t, i, old, image);
            growth += (int64_t)change.after - change.before;
        }
    }
    return growth;
}

bool table_collection_fits(const struct table *t, const struct record *old,
                           const struct image *image)
{
    if (t->locals_count == 0) {
        return true;
    }
    /* As long as the whole table is no larger, no collection is. */
    uint64_t most = t->orders[ORDER_BASE].tree.weight;
    for (uint32_t i = 0; i < t->config.indexes_count; i++) {
        most += t->config.indexes[i].local ? t->orders[1 + i].tree.weight : 0;
    }
    int64_t growth = collection_growth(t, old, image);
    if (growth <= 0 || most + (uint64_t)growth <= t->collection_bytes_max) {
        return true;
    }
    struct text partition = outline_key(image->item, image->outline, t->hash_place);
    return collection_bytes(t, partition) + (uint64_t)growth <= t->collection_bytes_max;
}

bool table_collection(const struct table *t, struct item key, uint64_t *bytes)
{
    struct outline o;
    if (t->locals_count == 0) {
        return false;
    }
    outline_item(t, key, &o);
    *bytes = collection_bytes(t, outline_key(key, &o, t->hash_place));
    return true;
}

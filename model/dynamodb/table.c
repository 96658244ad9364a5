/* table.c: opening and closing, the calls on single items, TTL and totals; see table.h and, for
 * how it is put together, table_state.h. */
#include "model/dynamodb/table.h"

#include "model/dynamodb/table_lmdb.h"
#include "model/dynamodb/table_state.h"
#include "sim/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* An item that has not been touched for this long before its ttl never expires. Source: DDB-TTL-2.
 */
static const int64_t TTL_PAST_S = INT64_C(5) * 365 * 86400;

/* Items under one partition key, where the table has local indexes. Source: DDB-LSI-4. */
static const uint64_t COLLECTION_BYTES_MAX = UINT64_C(10) << 30;

/* Opening and closing */

/* The keys of the table and its indexes, numbered. */
static const struct table_key *config_key(const struct table_config *c, uint32_t i)
{
    const struct table_index_config *index = i < 2 ? NULL : &c->indexes[i / 2 - 1];
    if (index == NULL) {
        return i == 0 ? &c->hash_key : &c->range_key;
    }
    return i % 2 == 0 ? &index->hash_key : &index->range_key;
}

/* The type of a key attribute as some key before number `end` has it (two keys for the table, then
 * two for each index); `otherwise` where none is called so. */
static enum attribute_type type_before(const struct table_config *c, uint32_t end, const char *name,
                                       enum attribute_type otherwise)
{
    for (uint32_t i = 0; i < end; i++) {
        const struct table_key *key = config_key(c, i);
        if (key->name != NULL && strcmp(key->name, name) == 0) {
            return key->type;
        }
    }
    return otherwise;
}

/* Whether each key attribute is of a type that keys may have, and of one type everywhere. */
static bool key_types_valid(const struct table_config *c)
{
    for (uint32_t i = 0; i < 2 + 2 * c->indexes_count; i++) {
        const struct table_key *key = config_key(c, i);
        if (key->name != NULL &&
            (key->type > TYPE_B || type_before(c, i, key->name, key->type) != key->type)) {
            return false;
        }
    }
    return true;
}

static bool index_valid(const struct table_config *c, const struct table_index_config *index)
{
    if (index->name == NULL || index->hash_key.name == NULL) {
        return false;
    }
    return !index->local || (c->range_key.name != NULL && index->range_key.name != NULL &&
                             strcmp(index->hash_key.name, c->hash_key.name) == 0);
}

static bool names_valid(const struct table_config *c)
{
    bool valid = c->hash_key.name != NULL && c->items_max > 0 && c->items_max <= UINT32_MAX / 4 &&
                 c->indexes_count <= TABLE_INDEXES_MAX && c->history.ns >= 0;
    for (uint32_t i = 0; valid && i < c->indexes_count; i++) {
        valid = index_valid(c, &c->indexes[i]);
    }
    return valid && key_types_valid(c);
}

static bool rate_valid(int64_t rate)
{
    return rate >= 0 && rate <= CAPACITY_RATE_MAX;
}

static bool rates_valid(const struct table_config *c)
{
    bool valid = rate_valid(c->rcu) && rate_valid(c->wcu);
    for (uint32_t i = 0; i < c->indexes_count; i++) {
        valid = valid && rate_valid(c->indexes[i].rcu) && rate_valid(c->indexes[i].wcu);
    }
    return valid;
}

static void meters_init(struct table *t, struct instant now)
{
    const struct table_config *c = &t->config;
    t->meters[0].read = capacity_full(c->rcu, now);
    t->meters[0].write = capacity_full(c->wcu, now);
    for (uint32_t i = 0; i < c->indexes_count; i++) {
        t->meters[1 + i].read = capacity_full(c->indexes[i].rcu, now);
        t->meters[1 + i].write = capacity_full(c->indexes[i].wcu, now);
    }
}

static void table_free(struct table *t)
{
    memory_release(t->scratch, SCRATCH_BYTES);
    journal_deinit(t);
    table_slots_deinit(t);
    free(t);
}

static bool table_init(struct table *t, struct instant now)
{
    if (t->config.ttl_attribute != NULL) {
        t->ttl_attribute = text_from(t->config.ttl_attribute);
    }
    meters_init(t, now);
    t->scratch = memory_reserve(SCRATCH_BYTES);
    return t->scratch != NULL && journal_init(t) && table_slots_init(t);
}

struct table *table_open(const struct table_config *config, struct instant now, struct error *error)
{
    if (!names_valid(config) || !rates_valid(config)) {
        (void)error_set(error, STATUS_BAD_INPUT,
                        "table %s: a key name is missing or a key's type wrong, an index cannot be "
                        "local, or items_max, history or a capacity is out of range",
                        config->name);
        return NULL;
    }
    struct table *t = calloc(1, sizeof *t);
    if (t == NULL) {
        (void)error_set(error, STATUS_NO_MEMORY, "no memory for table %s", config->name);
        return NULL;
    }
    t->config = *config;
    t->now = now;
    t->collection_bytes_max =
        config->collection_bytes_max != 0 ? config->collection_bytes_max : COLLECTION_BYTES_MAX;
    if (!table_init(t, now)) {
        (void)error_set(error, STATUS_NO_MEMORY,
                        "table %s: cannot reserve address space for %llu "
                        "items",
                        config->name, (unsigned long long)config->items_max);
        table_free(t);
        return NULL;
    }
    if (config->directory != NULL && cache_read_all(t, error) != STATUS_OK) {
        (void)store_close(t->store, NULL);
        table_free(t);
        return NULL;
    }
    return t;
}

enum status table_close(struct table *t, struct error *error)
{
    if (t == NULL) {
        return STATUS_OK;
    }
    enum status status = t->config.directory != NULL ? table_checkpoint(t, error) : STATUS_OK;
    enum status closed = store_close(t->store, status == STATUS_OK ? error : NULL);
    table_free(t);
    return status == STATUS_OK ? closed : status;
}

const char *table_message(const struct table *t)
{
    return t->message.message;
}

/* Calls */

enum table_result table_invalid(struct table *t, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(t->message.message, sizeof t->message.message, format, arguments);
    va_end(arguments);
    return TABLE_INVALID;
}

static enum table_result full(struct table *t)
{
    struct error error;
    if (!t->failed) {
        (void)error_set(&error, STATUS_FULL, "table %s: more than %llu items, or out of memory",
                        t->config.name, (unsigned long long)t->config.items_max);
        table_fail(t, &error);
    }
    return TABLE_FULL;
}

static void begin(struct table *t, struct instant now, struct table_reply *reply)
{
    ASSERT(!t->busy);
    t->now = now;
    journal_prune(t, now);
    *reply = (struct table_reply){0};
}

/* What a call is about: a key, its slot, and the item there. */
struct access {
    uint64_t hash;
    uint32_t slot;            /* 0: none; after a write, where the item is */
    const struct record *old; /* loaded; NULL: no item */
};

/* Finds the slot of a key and loads its item; false where the storage failed. */
static bool access_key(struct table *t, struct item key, const struct outline *o, struct access *a)
{
    struct text hash_value = outline_key(key, o, t->hash_place);
    struct text range_value = outline_key(key, o, t->range_place);
    a->hash = key_hash(hash_value, range_value);
    a->slot = slot_find(t, a->hash, hash_value, range_value);
    a->old = NULL;
    if (a->slot == 0 || !slot_present(slot_at(t, a->slot))) {
        return true;
    }
    bool loaded = slot_load(t, a->slot);
    a->old = record_of(t, slot_at(t, a->slot)->record);
    return loaded;
}

static struct item access_item(const struct table *t, const struct access *a)
{
    return a->old == NULL ? (struct item){0} : record_item(t, a->old);
}

/* Writing */

/* Puts an item under a key, for certain: all checks have been made. */
static bool store_item(struct table *t, struct instant now, struct access *a,
                       const struct image *image)
{
    if (a->old == NULL && t->count == t->config.items_max) {
        return false;
    }
    uint32_t record = record_new(t, image->item, image->outline);
    uint32_t slot = a->slot != 0 || record == 0 ? a->slot : slot_new(t, a->hash);
    if (record == 0 || slot == 0) {
        return false;
    }
    struct slot *s = slot_at(t, slot);
    /* A slot that only waits for LMDB to be told has a record with the key; else what an absent
     * slot shows is the journal's. */
    uint32_t waiting = a->slot != 0 && a->old == NULL && s->newest == 0 ? s->record : 0;
    if (!journal_push(t, now, slot, a->old == NULL ? 0 : s->record)) {
        return false;
    }
    if (a->old != NULL) {
        cache_add(t, s, -1);
        t->hash =
            hash128_subtract(t->hash, hash128(record_item(t, a->old).bytes.at, a->old->encoded));
    } else {
        t->count++;
    }
    slot_become(t, slot, record, 0, ORDERS_ALL);
    if (a->slot == 0) {
        slot_publish(t, slot);
    }
    if (waiting != 0) {
        record_free(t, waiting);
    }
    s->flags |= SLOT_DIRTY | SLOT_RECENT;
    cache_add(t, s, 1);
    t->hash = hash128_add(t->hash, hash128(image->item.bytes.at, image->item.bytes.size));
    a->slot = slot;
    return true;
}

/* Takes an item out, for certain. */
static bool remove_item(struct table *t, struct instant now, uint32_t slot)
{
    struct slot *s = slot_at(t, slot);
    const struct record *old = record_of(t, s->record);
    if (!journal_push(t, now, slot, s->record)) {
        return false;
    }
    cache_add(t, s, -1);
    t->count--;
    t->hash = hash128_subtract(t->hash, hash128(record_item(t, old).bytes.at, old->encoded));
    slot_become(t, slot, 0, s->record, ORDERS_ALL);
    slot_removed(t, slot);
    return true;
}

static enum table_result finish_put(struct table *t, struct instant now, struct access *a,
                                    const struct image *image, struct table_reply *reply)
{
    if (!table_collection_fits(t, a->old, image)) {
        return TABLE_COLLECTION_FULL;
    }
    enum table_result result = table_charge_change(t, now, a->old, image, reply);
    if (result != TABLE_OK) {
        return result;
    }
    if (!store_item(t, now, a, image)) {
        return full(t);
    }
    reply->new = record_item(t, record_of(t, slot_at(t, a->slot)->record));
    return TABLE_OK;
}

static bool condition_holds(const struct expression *condition, struct item item,
                            const struct value *values)
{
    return condition == NULL || expression_holds(condition, item, values);
}

enum table_result table_put(struct table *t, struct instant now, struct item item,
                            const struct expression *condition, const struct value *values,
                            struct table_reply *reply)
{
    begin(t, now, reply);
    struct outline o;
    struct access a;
    outline_item(t, item, &o);
    enum table_result result =
        table_check_item(t, item, &o, "Item size has exceeded the maximum allowed size");
    if (result != TABLE_OK) {
        return result;
    }
    if (!access_key(t, item, &o, &a)) {
        return TABLE_FULL;
    }
    reply->old = access_item(t, &a);
    if (!condition_holds(condition, reply->old, values)) {
        return table_charge_failed(t, now, a.old, o.size, reply);
    }
    return finish_put(t, now, &a, &(struct image){item, &o}, reply);
}

/* Whether an update leaves the key alone. */
static enum table_result check_update(struct table *t, const struct expression *update)
{
    const uint32_t places[] = {t->hash_place, t->range_place};
    for (int i = 0; i < 2 && update != NULL; i++) {
        if (places[i] != PLACE_NONE && expression_assigns(update, t->attributes[places[i]])) {
            return table_invalid(
                t,
                "One or more parameter values were invalid: Cannot update attribute %s. "
                "This attribute is part of the key",
                table_place_name(t, places[i]));
        }
    }
    return TABLE_OK;
}

/* Applies an update in the scratch memory. Without an expression an absent item comes into being
 * with its key alone. Source: DDB-UPDATE-2. */
static enum table_result apply_update(struct table *t, const struct access *a, struct item key,
                                      const struct expression *update, const struct value *values,
                                      struct item *item)
{
    struct item old = access_item(t, a);
    struct item_writer w = item_writer(t->scratch, SCRATCH_BYTES);
    if (update == NULL) {
        item_copy(&w, old.bytes.size > 0 ? old : key);
    } else if (expression_update(update, old, key, values, &w, &t->message) != STATUS_OK) {
        return TABLE_INVALID;
    }
    *item = item_written(&w);
    return TABLE_OK;
}

enum table_result table_update(struct table *t, struct instant now, struct item key,
                               const struct expression *update, const struct expression *condition,
                               const struct value *values, struct table_reply *reply)
{
    begin(t, now, reply);
    struct outline o;
    struct access a;
    struct item item;
    enum table_result result = table_check_key(t, key);
    if (result == TABLE_OK) {
        result = check_update(t, update);
    }
    if (result != TABLE_OK) {
        return result;
    }
    outline_item(t, key, &o);
    if (!access_key(t, key, &o, &a)) {
        return TABLE_FULL;
    }
    reply->old = access_item(t, &a);
    if (!condition_holds(condition, reply->old, values)) {
        return table_charge_failed(t, now, a.old, a.old == NULL ? 0 : a.old->size, reply);
    }
    result = apply_update(t, &a, key, update, values, &item);
    if (result == TABLE_OK) {
        outline_item(t, item, &o);
        result = table_check_item(t, item, &o,
                                  "Item size to update has exceeded the maximum allowed size");
    }
    return result == TABLE_OK ? finish_put(t, now, &a, &(struct image){item, &o}, reply) : result;
}

enum table_result table_delete(struct table *t, struct instant now, struct item key,
                               const struct expression *condition, const struct value *values,
                               struct table_reply *reply)
{
    begin(t, now, reply);
    struct outline o;
    struct access a;
    enum table_result result = table_check_key(t, key);
    if (result != TABLE_OK) {
        return result;
    }
    outline_item(t, key, &o);
    if (!access_key(t, key, &o, &a)) {
        return TABLE_FULL;
    }
    reply->old = access_item(t, &a);
    if (!condition_holds(condition, reply->old, values)) {
        return table_charge_failed(t, now, a.old, 0, reply);
    }
    result = table_charge_change(t, now, a.old, NULL, reply);
    if (result == TABLE_OK && a.old != NULL && !remove_item(t, now, a.slot)) {
        result = full(t);
    }
    return result;
}

enum table_result table_get(struct table *t, struct instant now, struct instant as_of,
                            struct item key, struct item *item, struct table_reply *reply)
{
    begin(t, now, reply);
    struct outline o;
    struct access a = {0};
    *item = (struct item){0};
    enum table_result result = table_check_key(t, key);
    if (result != TABLE_OK) {
        return result;
    }
    outline_item(t, key, &o);
    if (!access_key(t, key, &o, &a)) {
        return TABLE_FULL;
    }
    uint32_t image = a.slot == 0 ? 0 : journal_image(t, a.slot, table_as_of(t, now, as_of));
    uint32_t size = image == 0 ? 0 : record_of(t, image)->size;
    result = table_charge_read(t, now, TABLE_BASE, size, as_of.ns == now.ns, &reply->rcu_milli);
    if (result == TABLE_OK && image != 0) {
        *item = record_item(t, record_of(t, image));
    }
    return result;
}

/* TTL */

static int64_t ttl_oldest(const struct table *t)
{
    return instant_epoch_seconds(t->now) - TTL_PAST_S;
}

/* The place in the TTL order of the first item with that ttl or a later one. */
static struct tree_place ttl_place(const struct table *t, int64_t ttl)
{
    struct key_probe probe = {.ttl = ttl};
    return tree_seek(&t->orders[ORDER_TTL].tree, &probe, false);
}

static int64_t ttl_of(const struct table *t, uint32_t slot)
{
    return record_of(t, slot_at(t, slot)->record)->ttl;
}

bool table_next_expiry(struct table *t, int64_t from, int64_t *ttl)
{
    const struct counted_tree *tree = &t->orders[ORDER_TTL].tree;
    if (t->orders[ORDER_TTL].t == NULL) {
        return false;
    }
    struct tree_place place = ttl_place(t, from > ttl_oldest(t) ? from : ttl_oldest(t));
    if (place.rank == tree->count) {
        return false;
    }
    *ttl = ttl_of(t, tree_member(tree, place.cursor));
    return true;
}

void table_each_expiry(struct table *t, int64_t from, int64_t to,
                       void (*visit)(void *self, uint64_t key_hash, int64_t ttl), void *self)
{
    const struct counted_tree *tree = &t->orders[ORDER_TTL].tree;
    from = from > ttl_oldest(t) ? from : ttl_oldest(t);
    if (t->orders[ORDER_TTL].t == NULL || from >= to) {
        return;
    }
    struct tree_place place = ttl_place(t, from);
    uint32_t end = ttl_place(t, to).rank;
    t->busy = true;
    for (; place.rank < end; place.rank++) {
        uint32_t slot = tree_member(tree, place.cursor);
        visit(self, slot_at(t, slot)->key_hash, ttl_of(t, slot));
        tree_step(tree, &place.cursor, false);
    }
    t->busy = false;
}

bool table_expire(struct table *t, struct instant now, uint64_t key_hash, struct item *old)
{
    struct table_reply reply;
    begin(t, now, &reply);
    *old = (struct item){0};
    uint32_t slot = slot_find_hash(t, key_hash);
    if (slot == 0 || !slot_present(slot_at(t, slot))) {
        return false;
    }
    int64_t ttl = ttl_of(t, slot);
    if (ttl == TTL_NONE || ttl >= instant_epoch_seconds(now) || ttl < ttl_oldest(t) ||
        !slot_load(t, slot)) {
        return false;
    }
    *old = record_item(t, record_of(t, slot_at(t, slot)->record));
    return remove_item(t, now, slot);
}

/* Looking without touching */

bool table_peek(struct table *t, struct text hash_value, struct text range_value, struct item *item)
{
    ASSERT(!t->busy);
    uint32_t slot = slot_find(t, key_hash(hash_value, range_value), hash_value, range_value);
    *item = (struct item){0};
    if (slot == 0 || !slot_present(slot_at(t, slot)) || !slot_load(t, slot)) {
        return false;
    }
    *item = record_item(t, record_of(t, slot_at(t, slot)->record));
    return true;
}

bool table_peek_key(struct table *t, struct text hash_value, struct text range_value,
                    struct text attribute, struct text *value)
{
    uint32_t slot = slot_find(t, key_hash(hash_value, range_value), hash_value, range_value);
    *value = (struct text){"", 0};
    if (slot == 0 || !slot_present(slot_at(t, slot))) {
        return false;
    }
    const struct record *r = record_of(t, slot_at(t, slot)->record);
    for (uint32_t i = 0; i < t->attributes_count; i++) {
        if (text_equal(t->attributes[i], attribute)) {
            *value = record_key(r, i);
            return true;
        }
    }
    ASSERT(false); /* not an attribute of any key */
    return false;
}

void table_each_key(struct table *t,
                    void (*visit)(void *self, struct text hash_value, struct text range_value),
                    void *self)
{
    const struct counted_tree *tree = &t->orders[ORDER_BASE].tree;
    struct tree_cursor c = tree_at_rank(tree, 0).cursor;
    for (uint32_t i = 0; i < tree->count; i++) {
        const struct record *r = record_of(t, slot_at(t, tree_member(tree, c))->record);
        visit(self, record_hash_value(t, r), record_range_value(t, r));
        tree_step(tree, &c, false);
    }
}

void table_each(struct table *t, void (*visit)(void *self, struct item item), void *self)
{
    const struct counted_tree *tree = &t->orders[ORDER_BASE].tree;
    struct tree_cursor c = tree_at_rank(tree, 0).cursor;
    ASSERT(!t->busy);
    t->busy = true;
    for (uint32_t i = 0; i < tree->count; i++) {
        uint32_t slot = tree_member(tree, c);
        if (!slot_load(t, slot)) {
            break;
        }
        visit(self, record_item(t, record_of(t, slot_at(t, slot)->record)));
        tree_step(tree, &c, false);
    }
    t->busy = false;
}

uint64_t table_count(const struct table *t)
{
    return t->count;
}

struct hash128 table_hash(const struct table *t)
{
    return t->hash;
}

struct table_consumed table_consumed(const struct table *t, int32_t index)
{
    ASSERT(index >= TABLE_BASE && index < (int32_t)t->config.indexes_count);
    return t->meters[index + 1].consumed;
}

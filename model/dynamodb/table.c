/* table.c: opening and closing, the calls on single items, TTL and totals; see table.h and, for
 * how it is put together, table_state.h. */
#include "model/dynamodb/table.h"

#include "model/dynamodb/table_lmdb.h"
#include "model/dynamodb/table_state.h"
#include "model/dynamodb/table_stream.h"
#include "sim/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* A ttl that is so far in the past, or further, is taken for a mistake. Source: DDB-TTL-2. */
static const int64_t TTL_PAST_S = INT64_C(5) * 365 * 86400;

/* Items under one partition key, where the table has local indexes. Source: DDB-LSI-3. */
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

bool table_config_valid(const struct table_config *config)
{
    return names_valid(config) && table_rates_valid(config);
}

static void table_free(struct table *t)
{
    memory_release(t->scratch, SCRATCH_BYTES);
    stream_free(t);
    meters_deinit(t);
    occupations_deinit(t);
    journal_deinit(t);
    table_slots_deinit(t);
    free(t);
}

static bool table_init(struct table *t, struct instant now)
{
    if (t->config.ttl_attribute != NULL) {
        t->ttl_attribute = text_from(t->config.ttl_attribute);
    }
    t->scratch = memory_reserve(SCRATCH_BYTES);
    return t->scratch != NULL && meters_init(t, now) && journal_init(t) && occupations_init(t) &&
           table_slots_init(t);
}

static enum status open_stream(struct table *t, struct error *error)
{
    uint32_t shards = t->config.stream_shards;
    if (shards > STREAM_SHARDS_MAX) {
        return error_set(error, STATUS_BAD_INPUT, "table %s: more than %d shards in its stream",
                         t->config.name, STREAM_SHARDS_MAX);
    }
    return table_stream_start(t, t->config.stream, shards == 0 ? 1 : shards, error);
}

struct table *table_open(const struct table_config *config, struct instant now, struct error *error)
{
    if (!table_config_valid(config)) {
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
    if (config->stream != STREAM_NONE && open_stream(t, error) != STATUS_OK) {
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

static void begin(struct table *t, struct instant now)
{
    ASSERT(!t->busy);
    t->now = now;
    journal_prune(t, now);
    meters_begin(t);
}

/* An access to what is stored under an item's key. */
static struct access access_to(const struct table *t, struct item key, const struct outline *o)
{
    return (struct access){
        .hash_value = outline_key(key, o, t->hash_place),
        .range_value = outline_key(key, o, t->range_place),
        .hash = o->key_hash,
    };
}

/* Finds the slot of the expected key and loads its item; false where the storage failed. */
static bool access_key(struct table *t, struct access *a)
{
    a->slot = slot_find(t, a->hash, a->hash_value, a->range_value);
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
    return stream_note(t, now, a->old, record_of(t, record), false);
}

/* Takes an item out, for certain; `by_service`: TTL does. */
static bool remove_item(struct table *t, struct instant now, uint32_t slot, bool by_service)
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
    return stream_note(t, now, old, NULL, by_service);
}

/* Judging a write */

static bool condition_holds(const struct expression *condition, struct item item,
                            const struct value *values)
{
    return condition == NULL || expression_holds(condition, item, values);
}

/* Finds what is stored under the key in `of`, and whether the condition holds of it. */
static enum table_result judge(struct table *t, struct instant now, const struct table_write *w,
                               struct access *a)
{
    enum table_result result = table_check_paths(t, w->update);
    if (result == TABLE_OK) {
        result = table_check_paths(t, w->condition);
    }
    if (result != TABLE_OK) {
        return result;
    }
    if (!access_key(t, a)) {
        return TABLE_FULL;
    }
    if (table_occupied(t, now, a->hash)) {
        return TABLE_CONFLICT;
    }
    return condition_holds(w->condition, access_item(t, a), w->values) ? TABLE_OK
                                                                       : TABLE_CONDITION_FAILED;
}

static enum table_result prepare_put(struct table *t, struct instant now,
                                     const struct table_write *w, struct prepared *p)
{
    p->item = w->item;
    outline_item(t, w->item, &p->outline);
    p->access = access_to(t, w->item, &p->outline);
    enum table_result result = table_check_item(t, w->item, &p->outline,
                                                "Item size has exceeded the maximum allowed size");
    return result == TABLE_OK ? judge(t, now, w, &p->access) : result;
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
 * with its key alone; with one that only takes away there is still none. Sources: DDB-UPDATE-1,
 * DDB-UPDATE-2. */
static enum table_result apply_update(struct table *t, const struct table_write *w,
                                      struct prepared *p)
{
    struct item old = access_item(t, &p->access);
    struct item_writer writer = item_writer(t->scratch, SCRATCH_BYTES);
    if (w->update == NULL) {
        item_copy(&writer, old.bytes.size > 0 ? old : w->item);
    } else if (expression_update(w->update, old, w->item, w->values, &writer, &t->message) !=
               STATUS_OK) {
        return TABLE_INVALID;
    } else if (old.bytes.size == 0 && !expression_creates(w->update)) {
        return TABLE_OK;
    }
    p->item = item_written(&writer);
    outline_item(t, p->item, &p->outline);
    p->access.hash_value = outline_key(p->item, &p->outline, t->hash_place);
    return table_check_item(t, p->item, &p->outline,
                            "Item size to update has exceeded the maximum allowed size");
}

/* An update, a delete or a check: all name their item by its key. */
static enum table_result prepare_by_key(struct table *t, struct instant now,
                                        const struct table_write *w, struct prepared *p)
{
    enum table_result result = table_check_key(t, w->item);
    if (result == TABLE_OK) {
        result = check_update(t, w->update);
    }
    if (result != TABLE_OK) {
        return result;
    }
    outline_item(t, w->item, &p->outline);
    p->access = access_to(t, w->item, &p->outline);
    result = judge(t, now, w, &p->access);
    return result == TABLE_OK && w->kind == WRITE_UPDATE ? apply_update(t, w, p) : result;
}

enum table_result table_prepare(struct table *t, struct instant now, const struct table_write *w,
                                struct prepared *p)
{
    begin(t, now);
    p->kind = w->kind;
    p->access = (struct access){0};
    p->item = (struct item){0};
    enum table_result result =
        w->kind == WRITE_PUT ? prepare_put(t, now, w, p) : prepare_by_key(t, now, w, p);
    if (result != TABLE_OK || p->item.bytes.size == 0) {
        return result;
    }
    const struct image image = {p->item, &p->outline};
    return table_collection_fits(t, p->access.old, &image) ? TABLE_OK : TABLE_COLLECTION_FULL;
}

enum table_result table_charge(struct table *t, struct instant now, const struct prepared *p,
                               enum table_result judged, struct table_reply *reply)
{
    const struct record *old = p->access.old;
    bool stores = p->item.bytes.size > 0;
    if (judged == TABLE_OK && p->kind != WRITE_CHECK) {
        const struct image image = {p->item, &p->outline};
        return table_charge_change(t, now, p->access.hash_value, old, stores ? &image : NULL,
                                   reply);
    }
    uint32_t size = stores ? p->outline.size : 0;
    enum table_result result = table_charge_failed(t, now, p->access.hash_value, old, size, reply);
    return result == TABLE_CONDITION_FAILED ? judged : result;
}

enum table_result table_commit(struct table *t, struct instant now, struct prepared *p)
{
    bool done = true;
    if (p->item.bytes.size > 0) {
        done = store_item(t, now, &p->access, &(struct image){p->item, &p->outline});
    } else if (p->kind == WRITE_DELETE && p->access.old != NULL) {
        done = remove_item(t, now, p->access.slot, false);
    }
    return done ? TABLE_OK : full(t);
}

struct item table_prepared_old(const struct table *t, const struct prepared *p)
{
    return access_item(t, &p->access);
}

static enum table_result write_item(struct table *t, struct instant now,
                                    const struct table_write *w, struct table_reply *reply)
{
    struct prepared p;
    *reply = (struct table_reply){.units = t->units};
    enum table_result result = table_prepare(t, now, w, &p);
    if (result == TABLE_OK || result == TABLE_CONDITION_FAILED) {
        reply->old = table_prepared_old(t, &p);
        result = table_charge(t, now, &p, result, reply);
    }
    if (result != TABLE_OK) {
        return result;
    }
    result = table_commit(t, now, &p);
    if (result == TABLE_OK && p.item.bytes.size > 0) {
        reply->new = record_item(t, record_of(t, slot_at(t, p.access.slot)->record));
    }
    return result;
}

enum table_result table_put(struct table *t, struct instant now, struct item item,
                            const struct expression *condition, const struct value *values,
                            struct table_reply *reply)
{
    const struct table_write w = {t, WRITE_PUT, item, NULL, condition, values};
    return write_item(t, now, &w, reply);
}

enum table_result table_update(struct table *t, struct instant now, struct item key,
                               const struct expression *update, const struct expression *condition,
                               const struct value *values, struct table_reply *reply)
{
    const struct table_write w = {t, WRITE_UPDATE, key, update, condition, values};
    return write_item(t, now, &w, reply);
}

enum table_result table_delete(struct table *t, struct instant now, struct item key,
                               const struct expression *condition, const struct value *values,
                               struct table_reply *reply)
{
    const struct table_write w = {t, WRITE_DELETE, key, NULL, condition, values};
    return write_item(t, now, &w, reply);
}

enum table_result table_get(struct table *t, struct instant now, struct instant as_of,
                            struct item key, struct item *item, struct table_reply *reply)
{
    begin(t, now);
    *reply = (struct table_reply){.units = t->units};
    struct outline o;
    *item = (struct item){0};
    enum table_result result = table_check_key(t, key);
    if (result != TABLE_OK) {
        return result;
    }
    outline_item(t, key, &o);
    struct access a = access_to(t, key, &o);
    if (!access_key(t, &a)) {
        return TABLE_FULL;
    }
    uint32_t image = a.slot == 0 ? 0 : journal_image(t, a.slot, table_as_of(t, now, as_of));
    uint32_t size = image == 0 ? 0 : record_of(t, image)->size;
    result = table_charge_read(t, now, TABLE_BASE, a.hash_value, size, as_of.ns == now.ns,
                               &reply->rcu_milli);
    reply->throttled = t->throttled;
    if (result == TABLE_OK && image != 0) {
        *item = record_item(t, record_of(t, image));
    }
    return result;
}

/* TTL. No call looks at it: until it is deleted an expired item is like any other. Source:
 * DDB-TTL-3. */

/* The earliest ttl that expires. */
static int64_t ttl_oldest(const struct table *t)
{
    return instant_epoch_seconds(t->now) - TTL_PAST_S + 1;
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

/* Source: DDB-TTL-3. */
bool table_expire(struct table *t, struct instant now, uint64_t key_hash, struct item *old)
{
    begin(t, now);
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
    return remove_item(t, now, slot, true);
}

uint64_t table_key_hash(const struct table *t, struct item item)
{
    struct outline o;
    outline_item(t, item, &o);
    return o.key_hash;
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

/* table_cache.c: bodies between memory and LMDB; see table_state.h.
 *
 * Method. What is new or changed stays in memory until a checkpoint has written it. Bodies that
 * LMDB has too may be evicted when they are more than cache_bytes: the hand of a clock goes over
 * the slots and passes once over what was used lately. An evicted body is read back when it is
 * needed. No order and no result depends on what is in memory.
 */
#include "model/dynamodb/table_lmdb.h"
#include "model/dynamodb/table_state.h"

void table_fail(struct table *t, const struct error *error)
{
    t->failed = true;
    t->message = *error;
}

void cache_add(struct table *t, const struct slot *s, int64_t sign)
{
    const struct record *r = record_of(t, s->record);
    if (r->encoded == 0) {
        return;
    }
    uint64_t *bytes = (s->flags & SLOT_DIRTY) != 0 ? &t->dirty_bytes : &t->clean_bytes;
    *bytes += (uint64_t)(sign * (int64_t)record_rounded(record_bytes(t, r)));
}

void slot_removed(struct table *t, uint32_t slot)
{
    struct slot *s = slot_at(t, slot);
    if ((s->flags & (SLOT_STORED | SLOT_LISTED)) == SLOT_STORED) {
        t->removed[t->removed_count++] = slot;
        s->flags |= SLOT_LISTED;
    }
}

/* Evicts the body in a slot if that may be; memory for the key bytes is there, since a body's
 * comes free. */
static void evict(struct table *t, uint32_t slot)
{
    struct slot *s = slot_at(t, slot);
    const uint32_t kept = SLOT_ABSENT | SLOT_DIRTY | SLOT_PINNED;
    if ((s->flags & SLOT_USED) == 0 || (s->flags & kept) != 0 ||
        record_of(t, s->record)->encoded == 0) {
        return;
    }
    if ((s->flags & SLOT_RECENT) != 0) {
        s->flags &= ~(uint32_t)SLOT_RECENT;
        return;
    }
    uint32_t keys = record_new_keys(t, record_of(t, s->record));
    if (keys == 0) {
        return;
    }
    cache_add(t, s, -1);
    record_free(t, s->record);
    s->record = keys;
}

/* Evicts until the clean bodies and `bytes` more fit into the cache, or nothing is left that may
 * go: two rounds of the hand meet everything. */
static void make_room(struct table *t, uint64_t bytes)
{
    for (uint64_t i = 0; i < 2 * (uint64_t)t->slots_used; i++) {
        if (t->clean_bytes + bytes <= t->config.cache_bytes) {
            return;
        }
        t->hand = t->hand + 1 < t->slots_used ? t->hand + 1 : 1;
        if (t->hand < t->slots_used) {
            evict(t, t->hand);
        }
    }
}

/* Puts a body read back into a slot. */
static enum status take_body(struct table *t, uint32_t slot, struct text bytes, struct error *error)
{
    struct slot *s = slot_at(t, slot);
    const struct record *keys = record_of(t, s->record);
    struct outline o;
    outline_item(t, (struct item){bytes}, &o);
    if (o.size != keys->size || o.ttl != keys->ttl) {
        return error_set(error, STATUS_CORRUPT,
                         "an item read back from disk is not the one that was written");
    }
    uint32_t record = record_new(t, (struct item){bytes}, &o);
    if (record == 0) {
        return error_set(error, STATUS_FULL, "no memory for an item read back from disk");
    }
    record_free(t, s->record);
    s->record = record;
    cache_add(t, s, 1);
    return STATUS_OK;
}

bool slot_load(struct table *t, uint32_t slot)
{
    struct slot *s = slot_at(t, slot);
    s->flags |= SLOT_RECENT;
    const struct record *keys = record_of(t, s->record);
    if (keys->encoded > 0) {
        return true;
    }
    struct error error;
    struct text bytes = {"", 0};
    make_room(t, keys->size);
    enum status status = store_get(t->store, record_hash_value(t, keys),
                                   record_range_value(t, keys), &bytes, &error);
    if (status == STATUS_OK) {
        status = take_body(t, slot, bytes, &error);
    }
    if (status != STATUS_OK) {
        table_fail(t, &error);
    }
    return status == STATUS_OK;
}

/* The store */

/* What the store is to say of its contents. */
static struct store_summary summary_of(const struct table *t)
{
    return (struct store_summary){t->count, t->hash, description_write(t).bytes};
}

/* Two that differ have other hashes. */
static struct hash128 summary_hash(const struct store_summary *s)
{
    struct hash128 hash = hash128(s->description.at, s->description.size);
    return hash128_add(hash128_add(hash, s->hash), (struct hash128){s->count, 0});
}

static enum status open_store(struct table *t, struct store_summary *summary, struct error *error)
{
    struct error why; /* its status is the one to return */
    const struct store_options options = {.directory = t->config.directory,
                                          .scratch = t->config.scratch != NULL ? t->config.scratch
                                                                               : "/tmp",
                                          .durable = t->config.durable};
    t->store = store_open(&options, summary, &why);
    return t->store != NULL ? STATUS_OK : error_set(error, why.status, "%s", why.message);
}

/* Checkpoints */

bool table_wants_checkpoint(const struct table *t)
{
    return t->dirty_bytes > t->config.cache_bytes;
}

static enum status write_removed(struct table *t, struct error *error)
{
    for (uint32_t i = 0; i < t->removed_count; i++) {
        const struct slot *s = slot_at(t, t->removed[i]);
        const struct record *r = record_of(t, s->record);
        enum status status = slot_present(s) ? STATUS_OK
                                             : store_delete(t->store, record_hash_value(t, r),
                                                            record_range_value(t, r), error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

/* Slots that are written together: each and its record lie anywhere, so all are asked for before
 * the first is needed. */
enum { BATCH = 16, RECORD_LINES = 6, LINE_BYTES = 64 };

static uint32_t next_batch(const struct table *t, struct tree_place *place, uint32_t slots[BATCH])
{
    const struct counted_tree *tree = &t->orders[ORDER_BASE].tree;
    uint32_t count = 0;
    for (; count < BATCH && place->rank < tree->count; place->rank++) {
        slots[count] = tree_member(tree, place->cursor);
        __builtin_prefetch(slot_at(t, slots[count++]));
        tree_step(tree, &place->cursor, false);
    }
    for (uint32_t i = 0; i < count; i++) {
        const char *record = (const char *)record_of(t, slot_at(t, slots[i])->record);
        for (uint32_t line = 0; line < RECORD_LINES; line++) {
            __builtin_prefetch(record + (size_t)line * LINE_BYTES);
        }
    }
    return count;
}

static enum status write_dirty(struct table *t, struct error *error)
{
    uint32_t slots[BATCH];
    struct tree_place place = tree_at_rank(&t->orders[ORDER_BASE].tree, 0);
    enum status status = STATUS_OK;
    uint32_t count = next_batch(t, &place, slots);
    for (; count > 0 && status == STATUS_OK; count = next_batch(t, &place, slots)) {
        for (uint32_t i = 0; i < count && status == STATUS_OK; i++) {
            const struct slot *s = slot_at(t, slots[i]);
            const struct record *r = record_of(t, s->record);
            if ((s->flags & SLOT_DIRTY) != 0) {
                status = store_put(t->store, record_hash_value(t, r), record_range_value(t, r),
                                   record_item(t, r).bytes, error);
            }
        }
    }
    return status;
}

/* After a commit that failed nobody knows what LMDB has: it may be anything that is dirty. */
static void expect_stored(struct table *t)
{
    for (uint32_t i = 1; i < t->slots_used; i++) {
        struct slot *s = slot_at(t, i);
        if ((s->flags & (SLOT_USED | SLOT_DIRTY | SLOT_ABSENT)) == (SLOT_USED | SLOT_DIRTY)) {
            s->flags |= SLOT_STORED;
        }
    }
}

/* One attempt: STATUS_FULL means that the map was too small and another is worth while. */
static enum status try_to_write(struct table *t, const struct store_summary *summary,
                                struct error *error)
{
    enum status status = store_begin(t->store, error);
    if (status == STATUS_OK) {
        status = write_removed(t, error);
    }
    if (status == STATUS_OK) {
        status = write_dirty(t, error);
    }
    if (status == STATUS_OK) {
        status = store_commit(t->store, summary, error);
        if (status != STATUS_OK) {
            expect_stored(t);
        }
    }
    if (status != STATUS_OK) {
        store_abort(t->store);
    }
    return status;
}

static enum status write_all(struct table *t, struct error *error)
{
    struct store_summary summary = summary_of(t);
    enum status status = STATUS_FULL;
    while (status == STATUS_FULL) {
        status = try_to_write(t, &summary, error);
    }
    if (status == STATUS_OK) {
        t->stored = summary_hash(&summary);
    }
    return status;
}

/* LMDB has it all: what was dirty is clean, and what was only waiting to be deleted is gone. */
static void settle(struct table *t)
{
    for (uint32_t i = 0; i < t->removed_count; i++) {
        struct slot *s = slot_at(t, t->removed[i]);
        s->flags &= ~(uint32_t)SLOT_LISTED;
        if (slot_present(s)) {
            continue;
        }
        s->flags &= ~(uint32_t)SLOT_STORED;
        if (s->newest == 0) {
            record_free(t, s->record);
            slot_free(t, t->removed[i]);
        }
    }
    t->removed_count = 0;
    for (uint32_t i = 1; i < t->slots_used; i++) {
        struct slot *s = slot_at(t, i);
        if ((s->flags & SLOT_USED) != 0 && slot_present(s)) {
            cache_add(t, s, -1);
            s->flags = (s->flags & ~(uint32_t)SLOT_DIRTY) | SLOT_STORED;
            cache_add(t, s, 1);
        }
    }
    make_room(t, 0);
}

/* Whether the store is to be written at all. */
static bool changed(const struct table *t)
{
    struct store_summary summary = summary_of(t);
    struct hash128 hash = summary_hash(&summary);
    return t->dirty_bytes > 0 || t->removed_count > 0 || hash.low != t->stored.low ||
           hash.high != t->stored.high;
}

enum status table_checkpoint(struct table *t, struct error *error)
{
    ASSERT(!t->busy);
    struct store_summary summary;
    enum status status = t->store != NULL ? STATUS_OK : open_store(t, &summary, error);
    if (status == STATUS_OK && changed(t)) {
        status = write_all(t, error);
        if (status == STATUS_OK) {
            settle(t);
        }
    }
    if (status == STATUS_OK && t->config.durable) {
        status = store_seal(t->store, error);
    }
    if (status != STATUS_OK) {
        error_prefix(error, "table %s", t->config.name);
    }
    return status;
}

/* Opening */

/* Takes over one item of an existing store. */
static enum status read_item(void *self, struct text bytes, struct error *error)
{
    struct table *t = self;
    struct item item = {bytes};
    struct outline o;
    outline_item(t, item, &o);
    struct text hash_value = outline_key(item, &o, t->hash_place);
    struct text range_value = outline_key(item, &o, t->range_place);
    uint64_t hash = key_hash(hash_value, range_value);
    if (hash_value.size == 0 || (t->range_place != PLACE_NONE && range_value.size == 0) ||
        slot_find(t, hash, hash_value, range_value) != 0) {
        return error_set(error, STATUS_CORRUPT, "an item has no key of its own");
    }
    uint32_t slot = t->count < t->config.items_max ? slot_new(t, hash) : 0;
    uint32_t record = slot != 0 ? record_new(t, item, &o) : 0;
    if (record == 0) {
        return error_set(error, STATUS_FULL, "the directory has more items than the table may");
    }
    slot_become(t, slot, record, 0, ORDERS_ALL);
    slot_publish(t, slot);
    struct slot *s = slot_at(t, slot);
    s->flags |= SLOT_STORED;
    cache_add(t, s, 1);
    make_room(t, 0);
    t->count++;
    t->hash = hash128_add(t->hash, hash128(bytes.at, bytes.size));
    return STATUS_OK;
}

/* Reads all items of a store that has some table in it. */
static enum status read_store(struct table *t, const struct store_summary *summary,
                              struct error *error)
{
    t->stored = summary_hash(summary);
    enum status status = description_check(t, summary->description, error);
    if (status == STATUS_OK) {
        status = store_each(t->store, read_item, t, error);
    }
    if (status == STATUS_OK && (summary->count != t->count || summary->hash.low != t->hash.low ||
                                summary->hash.high != t->hash.high)) {
        status = error_set(error, STATUS_CORRUPT, "items are missing or changed");
    }
    if (status != STATUS_OK) {
        error_prefix(error, "%s", t->config.directory);
    }
    return status;
}

enum status cache_read_all(struct table *t, struct error *error)
{
    struct store_summary summary;
    enum status status = open_store(t, &summary, error);
    if (status == STATUS_OK) {
        status =
            summary.description.size == 0 ? write_all(t, error) : read_store(t, &summary, error);
    }
    if (status != STATUS_OK) {
        error_prefix(error, "table %s", t->config.name);
    }
    return status;
}

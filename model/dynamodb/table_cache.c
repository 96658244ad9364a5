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

/* Which table it is: its keys, each with its type but S. Indexes may change from run to run. */
static void put_key(struct text_writer *w, const struct table *t, uint32_t place)
{
    text_put(w, t->attributes[place]);
    if (t->types[place] != TYPE_S) {
        text_put(w, TEXT(" of type "));
        text_put(w, attribute_type_text(t->types[place]));
    }
}

static struct text identity(const struct table *t, char *buffer, size_t size)
{
    struct text_writer w = text_writer(buffer, size);
    text_put(&w, TEXT("hash key "));
    put_key(&w, t, t->hash_place);
    if (t->range_place != PLACE_NONE) {
        text_put(&w, TEXT(", range key "));
        put_key(&w, t, t->range_place);
    }
    return text_written(&w);
}

static enum status open_store(struct table *t, struct store_summary *summary, struct error *error)
{
    char buffer[1024];
    t->store =
        store_open(t->config.directory, t->config.scratch != NULL ? t->config.scratch : "/tmp",
                   identity(t, buffer, sizeof buffer), summary, error);
    if (t->store == NULL) {
        error_prefix(error, "table %s", t->config.name);
        return STATUS_IO;
    }
    return STATUS_OK;
}

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

enum status cache_read_all(struct table *t, struct error *error)
{
    struct store_summary summary;
    enum status status = open_store(t, &summary, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = store_each(t->store, read_item, t, error);
    if (status == STATUS_OK && (summary.count != t->count || summary.hash.low != t->hash.low ||
                                summary.hash.high != t->hash.high)) {
        status = error_set(error, STATUS_CORRUPT, "items are missing or changed");
    }
    if (status != STATUS_OK) {
        error_prefix(error, "table %s: %s", t->config.name, t->config.directory);
    }
    return status;
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

static enum status write_dirty(struct table *t, struct error *error)
{
    const struct counted_tree *tree = &t->orders[ORDER_BASE].tree;
    struct tree_cursor c = tree_at_rank(tree, 0).cursor;
    for (uint32_t i = 0; i < tree->count; i++) {
        const struct slot *s = slot_at(t, tree_member(tree, c));
        const struct record *r = record_of(t, s->record);
        if ((s->flags & SLOT_DIRTY) != 0) {
            enum status status =
                store_put(t->store, record_hash_value(t, r), record_range_value(t, r),
                          record_item(t, r).bytes, error);
            if (status != STATUS_OK) {
                return status;
            }
        }
        tree_step(tree, &c, false);
    }
    return STATUS_OK;
}

static enum status write_all(struct table *t, struct error *error)
{
    enum status status = store_begin(t->store, error);
    if (status == STATUS_OK) {
        status = write_removed(t, error);
    }
    if (status == STATUS_OK) {
        status = write_dirty(t, error);
    }
    struct store_summary summary = {t->count, t->hash};
    if (status == STATUS_OK) {
        status = store_commit(t->store, &summary, error);
    } else {
        store_abort(t->store);
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

enum status table_checkpoint(struct table *t, struct error *error)
{
    ASSERT(!t->busy);
    struct store_summary summary;
    enum status status = t->store != NULL ? STATUS_OK : open_store(t, &summary, error);
    if (status != STATUS_OK) {
        return status;
    }
    do {
        status = write_all(t, error);
    } while (status == STATUS_FULL);
    if (status != STATUS_OK) {
        error_prefix(error, "table %s", t->config.name);
        return status;
    }
    settle(t);
    return STATUS_OK;
}

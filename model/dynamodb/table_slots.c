/* table_slots.c: slots, the hash index over them, their images and orders; see table_state.h. */
#include "model/dynamodb/table_state.h"
#include "sim/memory.h"

enum { CELLS_MIN = 64 };

/* Images */

/* Once all of the table's key is known: its hash. The cell that it leads to is asked for now, since
 * it is far away, and the rest of the item can be looked at while it comes. */
static void outline_hash(const struct table *t, struct item item, struct outline *o)
{
    struct text hash_value = outline_key(item, o, t->hash_place);
    struct text range_value = outline_key(item, o, t->range_place);
    if (hash_value.size > 0 && (t->range_place == PLACE_NONE || range_value.size > 0)) {
        o->key_hash = key_hash(hash_value, range_value);
        __builtin_prefetch(&t->cells[(uint32_t)o->key_hash & (t->cells_count - 1)]);
    }
}

/* Notes a key attribute, if the value is of the key's type: where it lies in the item, or its
 * sortable form in the tail. */
static void outline_place(const struct table *t, struct item item, uint32_t place,
                          const struct value *value, struct outline *o)
{
    if (value->type != t->types[place]) {
        o->fair = false;
        return;
    }
    if (value->type != TYPE_N) {
        o->fair &= value->bytes.size > 0 && value->bytes.size <= RANGE_KEY_BYTES_MAX;
        if (value->bytes.size <= t->sizes_max[place]) {
            o->places[place] = (struct key_place){(uint32_t)(value->bytes.at - item.bytes.at),
                                                  (uint32_t)value->bytes.size};
        }
        return;
    }
    uint32_t size = number_sortable(&value->number, o->tail + o->tail_size);
    o->places[place] = (struct key_place){(uint32_t)item.bytes.size + o->tail_size, size};
    o->tail_size += size;
}

/* Notes an attribute that may be a key's or the TTL's. Source: DDB-TTL-1. */
static void outline_attribute(const struct table *t, struct item item, struct text name,
                              const struct value *value, struct outline *o)
{
    for (uint32_t i = 0; i < t->attributes_count; i++) {
        if (text_equal(name, t->attributes[i])) {
            outline_place(t, item, i, value, o);
            if (i == t->hash_place || i == t->range_place) {
                outline_hash(t, item, o);
            }
        }
    }
    if (value->type == TYPE_N && text_equal(name, t->ttl_attribute) &&
        !number_integer(&value->number, &o->ttl)) {
        o->ttl = TTL_NONE;
    }
}

static void outline_partial(const struct table *t, struct text name, uint32_t size,
                            struct outline *o)
{
    for (uint32_t i = 0; i < t->partial_count; i++) {
        if (index_projects(t, t->partial[i], name)) {
            o->sizes[i] += size;
        }
    }
}

void outline_item(const struct table *t, struct item item, struct outline *o)
{
    struct item_cursor c = item_cursor(item);
    struct text name;
    struct value value;
    memset(o->places, 0, t->attributes_count * sizeof o->places[0]);
    memset(o->sizes, 0, t->partial_count * sizeof o->sizes[0]);
    o->ttl = TTL_NONE;
    o->key_hash = 0;
    o->size = 0;
    o->tail_size = 0;
    o->nested = false;
    o->fair = true;
    while (item_next(&c, &name, &value)) {
        uint32_t size = (uint32_t)name.size + value_size(&value);
        o->size += size;
        if (((t->name_sizes >> (name.size % 64)) & 1) != 0) {
            outline_attribute(t, item, name, &value, o);
        }
        outline_partial(t, name, size, o);
        o->nested |= value.type >= TYPE_M;
    }
}

uint32_t record_bytes(const struct table *t, const struct record *r)
{
    uint32_t bytes = t->head_bytes + r->encoded;
    bool evicted = r->encoded == 0;
    for (uint32_t i = 0; (evicted || t->number_keys) && i < t->attributes_count; i++) {
        bytes += evicted || t->types[i] == TYPE_N ? r->places[i].size : 0;
    }
    return bytes;
}

/* The sizes of a record in the partial indexes. */
static uint32_t *record_sizes(const struct table *t, struct record *r)
{
    return (uint32_t *)(r->places + t->attributes_count);
}

uint32_t record_new(struct table *t, struct item item, const struct outline *o)
{
    uint32_t head = t->head_bytes;
    uint32_t record = record_take(&t->records, head + (uint32_t)item.bytes.size + o->tail_size);
    if (record == 0) {
        return 0;
    }
    struct record *r = record_of(t, record);
    r->ttl = o->ttl;
    r->size = o->size;
    r->encoded = (uint32_t)item.bytes.size;
    for (uint32_t i = 0; i < t->attributes_count; i++) {
        r->places[i] = (struct key_place){head + o->places[i].at, o->places[i].size};
    }
    memcpy(record_sizes(t, r), o->sizes, t->partial_count * sizeof o->sizes[0]);
    memcpy((char *)r + head, item.bytes.at, item.bytes.size);
    memcpy((char *)r + head + item.bytes.size, o->tail, o->tail_size);
    return record;
}

uint32_t record_new_keys(struct table *t, const struct record *of)
{
    uint32_t at = t->head_bytes;
    uint32_t bytes = at;
    for (uint32_t i = 0; i < t->attributes_count; i++) {
        bytes += of->places[i].size;
    }
    uint32_t record = record_take(&t->records, bytes);
    if (record == 0) {
        return 0;
    }
    struct record *r = record_of(t, record);
    memcpy(r, of, t->head_bytes);
    r->encoded = 0;
    for (uint32_t i = 0; i < t->attributes_count; i++) {
        struct text key = record_key(of, i);
        r->places[i] = (struct key_place){at, (uint32_t)key.size};
        memcpy((char *)r + at, key.at, key.size);
        at += (uint32_t)key.size;
    }
    return record;
}

void record_free(struct table *t, uint32_t record)
{
    record_give(&t->records, record, record_bytes(t, record_of(t, record)));
}

/* The hash index */

uint64_t partition_hash(struct text partition)
{
    return hash64(partition.at, partition.size, 0);
}

uint64_t key_hash(struct text hash_value, struct text range_value)
{
    uint64_t partition = partition_hash(hash_value);
    return range_value.size == 0 ? partition : hash64(range_value.at, range_value.size, partition);
}

static bool slot_has_key(const struct table *t, uint32_t slot, struct text hash_value,
                         struct text range_value)
{
    const struct record *r = record_of(t, slot_at(t, slot)->record);
    return text_equal(record_hash_value(t, r), hash_value) &&
           text_equal(record_range_value(t, r), range_value);
}

uint32_t slot_find(const struct table *t, uint64_t hash, struct text hash_value,
                   struct text range_value)
{
    uint32_t mask = t->cells_count - 1;
    for (uint32_t i = (uint32_t)hash & mask; t->cells[i].slot != 0; i = (i + 1) & mask) {
        if (t->cells[i].tag == (uint32_t)hash &&
            slot_has_key(t, t->cells[i].slot, hash_value, range_value)) {
            return t->cells[i].slot;
        }
    }
    return 0;
}

uint32_t slot_find_hash(const struct table *t, uint64_t hash)
{
    uint32_t mask = t->cells_count - 1;
    for (uint32_t i = (uint32_t)hash & mask; t->cells[i].slot != 0; i = (i + 1) & mask) {
        if (t->cells[i].tag == (uint32_t)hash && slot_at(t, t->cells[i].slot)->key_hash == hash) {
            return t->cells[i].slot;
        }
    }
    return 0;
}

/* A cell's home is where its tag says, the low bits of the key's hash; it stands there or behind.
 */
static void cell_insert(struct table *t, struct hash_cell cell)
{
    uint32_t mask = t->cells_count - 1;
    uint32_t i = cell.tag & mask;
    while (t->cells[i].slot != 0) {
        i = (i + 1) & mask;
    }
    t->cells[i] = cell;
}

/* Doubles the part of the reserved cells that is in use; what comes with it is empty. Each cell in
 * turn is taken out and put in anew, from behind an empty one on: so what it may meet on the way
 * from its home has been put in already. The tags are enough, no slot is looked at. */
static void cells_grow(struct table *t)
{
    ASSERT(t->cells_count < t->cells_max);
    uint32_t count = t->cells_count;
    uint32_t first = 0;
    while (t->cells[first].slot != 0) {
        first++;
    }
    t->cells_count = 2 * count;
    memory_expect(&t->cells[count], count * sizeof t->cells[0]);
    for (uint32_t i = 0; i < count; i++) {
        struct hash_cell *at = &t->cells[(first + i) & (count - 1)];
        struct hash_cell cell = *at;
        if (cell.slot != 0) {
            *at = (struct hash_cell){0};
            cell_insert(t, cell);
        }
    }
}

static void cell_remove(struct table *t, uint32_t slot)
{
    uint32_t mask = t->cells_count - 1;
    uint32_t hole = (uint32_t)slot_at(t, slot)->key_hash & mask;
    while (t->cells[hole].slot != slot) {
        ASSERT(t->cells[hole].slot != 0);
        hole = (hole + 1) & mask;
    }
    /* What follows moves up unless it would come to stand before its home. */
    for (uint32_t i = (hole + 1) & mask; t->cells[i].slot != 0; i = (i + 1) & mask) {
        uint32_t home = t->cells[i].tag & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            t->cells[hole] = t->cells[i];
            hole = i;
        }
    }
    t->cells[hole] = (struct hash_cell){0};
}

uint32_t slot_new(struct table *t, uint64_t hash)
{
    uint32_t slot = t->slots_free;
    if (slot != 0) {
        t->slots_free = slot_at(t, slot)->record;
    } else if (t->slots_used < t->slots_max) {
        slot = t->slots_used++;
    } else {
        return 0;
    }
    *slot_at(t, slot) = (struct slot){.key_hash = hash, .flags = SLOT_ABSENT};
    return slot;
}

void slot_publish(struct table *t, uint32_t slot)
{
    struct slot *s = slot_at(t, slot);
    s->flags |= SLOT_USED;
    cell_insert(t, (struct hash_cell){slot, (uint32_t)s->key_hash});
    t->slots_occupied++;
    if (t->slots_occupied > t->cells_count / 4 * 3) {
        cells_grow(t);
    }
}

void slot_free(struct table *t, uint32_t slot)
{
    struct slot *s = slot_at(t, slot);
    ASSERT(!slot_present(s) && s->newest == 0);
    if ((s->flags & SLOT_USED) != 0) {
        cell_remove(t, slot);
        t->slots_occupied--;
    }
    *s = (struct slot){.record = t->slots_free};
    t->slots_free = slot;
}

/* Orders */

/* The hash of a probe's partition. Most comparisons are within a partition and need none, so it is
 * found out at the first that does. */
static uint64_t probe_hash(struct key_probe *probe)
{
    if (!probe->hashed) {
        probe->hash = partition_hash(probe->parts[0]);
        probe->hashed = true;
    }
    return probe->hash;
}

/* Compares the partition of a probe with another, by their hashes; `order` is that of their bytes,
 * for two of one hash. */
static int compare_hashes(struct key_probe *probe, struct text partition, int order)
{
    uint64_t hash = probe_hash(probe);
    uint64_t other = partition_hash(partition);
    return hash == other ? order : hash < other ? -1 : 1;
}

/* Compares the partitions of a probe and a record. */
static inline int compare_partitions(const struct table_order *o, struct key_probe *probe,
                                     const struct record *r)
{
    struct text partition = record_key(r, o->places[0]);
    if (probe->count == 0) {
        return probe->hashed ? compare_hashes(probe, partition, 0) : 0;
    }
    int order = text_compare(probe->parts[0], partition);
    return order == 0 ? 0 : compare_hashes(probe, partition, order);
}

static int order_compare(const void *self, void *key, uint32_t member)
{
    const struct table_order *o = self;
    struct key_probe *probe = key;
    const struct record *r = record_of(o->t, slot_at(o->t, member)->record);
    int order =
        o->by_ttl ? (probe->ttl > r->ttl) - (probe->ttl < r->ttl) : compare_partitions(o, probe, r);
    for (uint32_t i = o->by_ttl ? 0 : 1; order == 0 && i < probe->count; i++) {
        struct text part = record_key(r, o->places[i]);
        if (probe->prefix && i + 1 == probe->count && part.size > probe->parts[i].size) {
            part.size = probe->parts[i].size;
        }
        order = text_compare(probe->parts[i], part);
    }
    return order;
}

void order_probe(const struct table_order *o, const struct record *r, struct key_probe *probe)
{
    probe->count = o->places_count;
    probe->prefix = false;
    probe->hashed = false;
    probe->ttl = r->ttl;
    for (uint32_t i = 0; i < o->places_count; i++) {
        probe->parts[i] = record_key(r, o->places[i]);
    }
}

/* Where two keys begin to differ: in which part, at which byte; 0 for different partitions, which
 * differ in their hashes. */
enum { AT_PART_SHIFT = 16 };

static uint32_t order_differ_at(const void *self, uint32_t a, uint32_t b)
{
    const struct table_order *o = self;
    const struct record *x = record_of(o->t, slot_at(o->t, a)->record);
    const struct record *y = record_of(o->t, slot_at(o->t, b)->record);
    for (uint32_t i = 0; i < o->places_count; i++) {
        struct text p = record_key(x, o->places[i]);
        struct text q = record_key(y, o->places[i]);
        uint32_t at = 0;
        while (at < p.size && at < q.size && p.at[at] == q.at[at]) {
            at++;
        }
        if (at < p.size || at < q.size) {
            return i == 0 ? 0 : i << AT_PART_SHIFT | at;
        }
    }
    return o->places_count << AT_PART_SHIFT;
}

/* Four bytes of a part from there on, as a number; where it ends sooner, with that byte instead. */
static uint32_t four_bytes(struct text part, uint32_t at, uint32_t filler)
{
    uint32_t bytes = 0;
    if (part.size >= 4 && at <= part.size - 4) {
        memcpy(&bytes, part.at + at, sizeof bytes);
        return __builtin_bswap32(bytes);
    }
    for (uint32_t i = at; i < at + 4; i++) {
        bytes = bytes << 8 | (i < part.size ? (unsigned char)part.at[i] : filler);
    }
    return bytes;
}

/* A ttl as a guess: all seconds of 1970 to 2106 differ. */
static uint32_t ttl_guess(int64_t ttl)
{
    return ttl < 0 ? 0 : ttl > UINT32_MAX ? UINT32_MAX : (uint32_t)ttl;
}

static uint32_t hash_guess(uint64_t hash)
{
    return (uint32_t)(hash >> 32);
}

/* Compares what comes before `at`, which lies behind the partition, in a key and in a record. */
static int compare_before(const struct table_order *o, struct key_probe *probe,
                          const struct record *r, uint32_t at)
{
    uint32_t last = at >> AT_PART_SHIFT;
    int order = compare_partitions(o, probe, r);
    for (uint32_t i = 1; order == 0 && i <= last && i < probe->count; i++) {
        struct text part = record_key(r, o->places[i]);
        struct text own = probe->parts[i];
        if (i == last) {
            own.size = own.size < (at & UINT16_MAX) ? own.size : at & UINT16_MAX;
            part.size = part.size < (at & UINT16_MAX) ? part.size : at & UINT16_MAX;
        }
        if (probe->prefix && i + 1 == probe->count && part.size > own.size) {
            part.size = own.size;
        }
        order = text_compare(own, part);
    }
    return order;
}

/* The guess for a key, where the partition is not to be told by its hash. */
static uint32_t guess_behind(const struct table_order *o, struct key_probe *probe, bool after,
                             uint32_t at, uint32_t reference)
{
    uint32_t part = at >> AT_PART_SHIFT;
    if (reference != TREE_NONE) {
        const struct record *r = record_of(o->t, slot_at(o->t, reference)->record);
        int order = compare_before(o, probe, r, at);
        if (order != 0) {
            return order < 0 ? 0 : UINT32_MAX;
        }
    }
    if (part >= probe->count) {
        return after ? UINT32_MAX : 0;
    }
    bool open = after && probe->prefix && part + 1 == probe->count;
    return four_bytes(probe->parts[part], at & UINT16_MAX, open ? 255 : 0);
}

static uint32_t order_guess_key(const void *self, void *key, bool after, uint32_t at,
                                uint32_t reference)
{
    const struct table_order *o = self;
    struct key_probe *probe = key;
    if (o->by_ttl) {
        return ttl_guess(probe->ttl);
    }
    if (at != 0) {
        return guess_behind(o, probe, after, at, reference);
    }
    if (probe->count == 0 && !probe->hashed) {
        return after ? UINT32_MAX : 0;
    }
    return hash_guess(probe_hash(probe));
}

static uint32_t order_guess(const void *self, uint32_t member, uint32_t at, uint32_t reference)
{
    const struct table_order *o = self;
    const struct record *r = record_of(o->t, slot_at(o->t, member)->record);
    if (o->by_ttl) {
        return ttl_guess(r->ttl);
    }
    if (at == 0) {
        return hash_guess(partition_hash(record_key(r, o->places[0])));
    }
    struct key_probe probe;
    order_probe(o, r, &probe);
    return guess_behind(o, &probe, false, at, reference);
}

struct tree_keys order_keys(const struct table_order *o)
{
    return (struct tree_keys){o, order_compare, order_differ_at, order_guess, order_guess_key};
}

bool order_has(const struct table_order *o, const struct record *r)
{
    for (uint32_t i = 0; i < o->places_count; i++) {
        if (r->places[o->places[i]].size == 0) {
            return false;
        }
    }
    return !o->by_ttl || r->ttl != TTL_NONE;
}

/* Whether two images of a slot stand at the same place. Only what is not part of the table's own
 * key can differ. */
static bool same_place(const struct table_order *o, const struct record *a, const struct record *b)
{
    if (o->by_ttl) {
        return a->ttl == b->ttl;
    }
    for (uint32_t i = 0; i < o->places_count; i++) {
        if (!text_equal(record_key(a, o->places[i]), record_key(b, o->places[i]))) {
            return false;
        }
    }
    return true;
}

/* What a change of image means for one order. */
enum order_step { STAY, LEAVE, ENTER, MOVE, REWEIGH };

static enum order_step order_step(const struct table_order *o, const struct record *from,
                                  const struct record *to)
{
    bool was = from != NULL && order_has(o, from);
    bool is = to != NULL && order_has(o, to);
    if (was != is) {
        return was ? LEAVE : ENTER;
    }
    if (!was) {
        return STAY;
    }
    if (!same_place(o, from, to)) {
        return MOVE;
    }
    return o->by_ttl || record_size_in(o, from) == record_size_in(o, to) ? STAY : REWEIGH;
}

/* Pages that an item lies in are not what they were. */
static void forget_pages(struct table *t, const struct record *r)
{
    if (t->range_place != PLACE_NONE) {
        memo_forget(&t->memo, record_key(r, t->hash_place), record_key(r, t->range_place));
    }
}

void slot_become(struct table *t, uint32_t slot, uint32_t record, uint32_t shown, uint32_t orders)
{
    struct slot *s = slot_at(t, slot);
    const struct record *from = slot_present(s) ? record_of(t, s->record) : NULL;
    const struct record *to = record != 0 ? record_of(t, record) : NULL;
    if (orders == ORDERS_ALL && (from != NULL || to != NULL)) {
        forget_pages(t, from != NULL ? from : to);
    }
    uint32_t inserts = 0;
    uint32_t reweighs = 0;
    for (uint32_t left = orders & t->orders_used; left != 0; left &= left - 1) {
        struct table_order *o = &t->orders[__builtin_ctz(left)];
        enum order_step step = order_step(o, from, to);
        if (step == LEAVE || step == MOVE) {
            struct key_probe probe;
            order_probe(o, from, &probe);
            tree_remove(&o->tree, &probe);
        }
        inserts |= step == ENTER || step == MOVE ? left & -left : 0;
        reweighs |= step == REWEIGH ? left & -left : 0;
    }
    /* The trees compare with what the slot shows: it changes while the slot is in none of those
     * where its place changes. */
    s->record = record != 0 ? record : shown;
    s->flags = (s->flags & ~(uint32_t)SLOT_ABSENT) | (record != 0 ? 0 : SLOT_ABSENT);
    for (uint32_t left = inserts | reweighs; left != 0; left &= left - 1) {
        struct table_order *o = &t->orders[__builtin_ctz(left)];
        ASSERT(to != NULL);
        struct key_probe probe;
        order_probe(o, to, &probe);
        if ((reweighs & left & -left) != 0) {
            tree_reweigh(&o->tree, &probe, record_size_in(o, to));
        } else {
            tree_insert(&o->tree, &probe, slot, record_size_in(o, to));
        }
    }
}

/* Set-up */

static uint32_t power_of_two(uint64_t at_least)
{
    uint32_t n = CELLS_MIN;
    while (n < at_least) {
        n *= 2;
    }
    return n;
}

bool table_slots_init(struct table *t)
{
    /* Slots of deleted items stay while a reader may ask for their past. */
    t->slots_max = (uint32_t)(2 * t->config.items_max + 1024);
    t->cells_max = power_of_two((uint64_t)t->slots_max * 3 / 2);
    t->cells_count = CELLS_MIN;
    t->slots_used = 1;
    t->slots = memory_reserve(t->slots_max * sizeof *t->slots);
    t->cells = memory_reserve(t->cells_max * sizeof *t->cells);
    t->removed = memory_reserve(t->slots_max * sizeof *t->removed);
    uint64_t records = (t->config.items_max + 64) * (2 * (uint64_t)ENCODED_BYTES_MAX);
    return t->slots != NULL && t->cells != NULL && t->removed != NULL &&
           record_memory_init(&t->records, records) && table_orders_init(t);
}

void table_slots_deinit(struct table *t)
{
    table_orders_deinit(t);
    record_memory_deinit(&t->records);
    memory_release(t->slots, t->slots_max * sizeof *t->slots);
    memory_release(t->cells, t->cells_max * sizeof *t->cells);
    memory_release(t->removed, t->slots_max * sizeof *t->removed);
}

/* table_slots.c: slots, the hash index over them, their images and orders; see table_state.h. */
#include "model/dynamodb/table_state.h"
#include "sim/memory.h"

enum { CELLS_MIN = 64 };

/* Images */

void outline_item(const struct table *t, struct item item, struct outline *o)
{
    struct item_cursor c = item_cursor(item);
    struct text name;
    struct value value;
    memset(o->places, 0, sizeof o->places);
    o->ttl = TTL_NONE;
    o->size = 0;
    o->empty_set = false;
    while (item_next(&c, &name, &value)) {
        o->size += (uint32_t)name.size + value_size(&value);
        for (uint32_t i = 0; i < t->attributes_count; i++) {
            if (value.type == TYPE_S && text_equal(name, t->attributes[i])) {
                o->places[i] = (struct key_place){(uint32_t)(value.bytes.at - item.bytes.at),
                                                  (uint32_t)value.bytes.size};
            }
        }
        o->empty_set |= value.type >= TYPE_SS && item_count((struct item){value.bytes}) == 0;
        if (value.type == TYPE_N && text_equal(name, t->ttl_attribute) &&
            !number_integer(&value.number, &o->ttl)) {
            o->ttl = TTL_NONE;
        }
    }
}

uint32_t record_bytes(const struct table *t, const struct record *r)
{
    uint32_t bytes = record_head_bytes(t) + r->encoded;
    for (uint32_t i = 0; i < t->attributes_count && r->encoded == 0; i++) {
        bytes += r->places[i].size;
    }
    return bytes;
}

uint32_t record_new(struct table *t, struct item item, const struct outline *o)
{
    uint32_t head = record_head_bytes(t);
    uint32_t record = record_take(&t->records, head + (uint32_t)item.bytes.size);
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
    memcpy((char *)r + head, item.bytes.at, item.bytes.size);
    return record;
}

uint32_t record_new_keys(struct table *t, const struct record *of)
{
    uint32_t at = record_head_bytes(t);
    uint32_t bytes = at;
    for (uint32_t i = 0; i < t->attributes_count; i++) {
        bytes += of->places[i].size;
    }
    uint32_t record = record_take(&t->records, bytes);
    if (record == 0) {
        return 0;
    }
    struct record *r = record_of(t, record);
    *r = (struct record){.ttl = of->ttl, .size = of->size};
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

uint64_t key_hash(struct text hash_value, struct text range_value)
{
    uint64_t partition = hash64(hash_value.at, hash_value.size, 0);
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
        if (t->cells[i].tag == hash >> 32 &&
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
        if (slot_at(t, t->cells[i].slot)->key_hash == hash) {
            return t->cells[i].slot;
        }
    }
    return 0;
}

static void cell_insert(struct table *t, uint32_t slot)
{
    uint64_t hash = slot_at(t, slot)->key_hash;
    uint32_t mask = t->cells_count - 1;
    uint32_t i = (uint32_t)hash & mask;
    while (t->cells[i].slot != 0) {
        i = (i + 1) & mask;
    }
    t->cells[i] = (struct hash_cell){slot, (uint32_t)(hash >> 32)};
}

/* Doubles the part of the reserved cells that is in use, and puts all slots in anew. */
static void cells_grow(struct table *t)
{
    ASSERT(t->cells_count < t->cells_max);
    t->cells_count *= 2;
    memset(t->cells, 0, t->cells_count * sizeof *t->cells);
    for (uint32_t slot = 1; slot < t->slots_used; slot++) {
        if ((slot_at(t, slot)->flags & SLOT_USED) != 0) {
            cell_insert(t, slot);
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
        uint32_t home = (uint32_t)slot_at(t, t->cells[i].slot)->key_hash & mask;
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
    slot_at(t, slot)->flags |= SLOT_USED;
    t->slots_occupied++;
    if (t->slots_occupied > t->cells_count / 4 * 3) {
        cells_grow(t);
    } else {
        cell_insert(t, slot);
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

static int order_compare(const void *self, const void *key, uint32_t member)
{
    const struct table_order *o = self;
    const struct key_probe *probe = key;
    const struct record *r = record_of(o->t, slot_at(o->t, member)->record);
    if (o->by_ttl && probe->ttl != r->ttl) {
        return probe->ttl < r->ttl ? -1 : 1;
    }
    for (uint32_t i = 0; i < probe->count; i++) {
        struct text part = record_key(r, o->places[i]);
        if (probe->prefix && i + 1 == probe->count && part.size > probe->parts[i].size) {
            part.size = probe->parts[i].size;
        }
        int order = text_compare(probe->parts[i], part);
        if (order != 0) {
            return order;
        }
    }
    return 0;
}

struct key_probe order_probe(const struct table_order *o, const struct record *r)
{
    struct key_probe probe = {.count = o->places_count, .ttl = r->ttl};
    for (uint32_t i = 0; i < o->places_count; i++) {
        probe.parts[i] = record_key(r, o->places[i]);
    }
    return probe;
}

/* Where two keys begin to differ: in which part, at which byte. */
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
            return i << AT_PART_SHIFT | at;
        }
    }
    return o->places_count << AT_PART_SHIFT;
}

/* Four bytes of a part from there on, as a number; where it ends sooner, with that byte instead. */
static uint32_t four_bytes(struct text part, uint32_t at, uint32_t filler)
{
    uint32_t bytes = 0;
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

/* Compares what comes before `at` in a key and in a record. */
static int compare_before(const struct table_order *o, const struct key_probe *probe,
                          const struct record *r, uint32_t at)
{
    uint32_t last = at >> AT_PART_SHIFT;
    for (uint32_t i = 0; i <= last && i < probe->count; i++) {
        struct text part = record_key(r, o->places[i]);
        struct text own = probe->parts[i];
        if (i == last) {
            own.size = own.size < (at & UINT16_MAX) ? own.size : at & UINT16_MAX;
            part.size = part.size < (at & UINT16_MAX) ? part.size : at & UINT16_MAX;
        }
        if (probe->prefix && i + 1 == probe->count && part.size > own.size) {
            part.size = own.size;
        }
        int order = text_compare(own, part);
        if (order != 0) {
            return order;
        }
    }
    return 0;
}

static uint32_t order_guess_key(const void *self, const void *key, bool after, uint32_t at,
                                uint32_t reference)
{
    const struct table_order *o = self;
    const struct key_probe *probe = key;
    uint32_t part = at >> AT_PART_SHIFT;
    if (o->by_ttl) {
        return ttl_guess(probe->ttl);
    }
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

static uint32_t order_guess(const void *self, uint32_t member, uint32_t at, uint32_t reference)
{
    const struct table_order *o = self;
    const struct key_probe probe = order_probe(o, record_of(o->t, slot_at(o->t, member)->record));
    return order_guess_key(o, &probe, false, at, reference);
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
    return from->size == to->size || o->by_ttl ? STAY : REWEIGH;
}

void slot_become(struct table *t, uint32_t slot, uint32_t record, uint32_t shown, uint32_t orders)
{
    struct slot *s = slot_at(t, slot);
    const struct record *from = slot_present(s) ? record_of(t, s->record) : NULL;
    const struct record *to = record != 0 ? record_of(t, record) : NULL;

    enum order_step steps[ORDERS_MAX] = {STAY};
    const struct record *any = from != NULL ? from : to;

    if (orders == ORDERS_ALL && any != NULL && t->range_place != PLACE_NONE) {
        memo_forget(&t->memo, record_key(any, t->hash_place), record_key(any, t->range_place));
    }

    for (uint32_t i = 0; i < ORDERS_MAX; i++) {
        struct table_order *o = &t->orders[i];
        if (o->t == NULL || (orders >> i & 1) == 0) {
            continue;
        }
        steps[i] = order_step(o, from, to);
        if (steps[i] == LEAVE || steps[i] == MOVE) {
            struct key_probe probe = order_probe(o, from);
            tree_remove(&o->tree, &probe);
        }
    }
    /* The trees compare with what the slot shows: it changes while the slot is in none of those
     * where its place changes. */
    s->record = record != 0 ? record : shown;
    s->flags = (s->flags & ~(uint32_t)SLOT_ABSENT) | (record != 0 ? 0 : SLOT_ABSENT);
    for (uint32_t i = 0; i < ORDERS_MAX; i++) {
        struct table_order *o = &t->orders[i];
        if (steps[i] == STAY || steps[i] == LEAVE) {
            continue;
        }
        struct key_probe probe = order_probe(o, to);
        if (steps[i] == REWEIGH) {
            tree_reweigh(&o->tree, &probe, to->size);
        } else {
            tree_insert(&o->tree, &probe, slot, to->size);
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

/* The place of a key attribute, which is added where it is new; PLACE_NONE for NULL. */
static uint32_t attribute_place(struct table *t, const char *name)
{
    for (uint32_t i = 0; name != NULL && i < t->attributes_count; i++) {
        if (text_equal(t->attributes[i], text_from(name))) {
            return i;
        }
    }
    if (name == NULL) {
        return PLACE_NONE;
    }
    t->attributes[t->attributes_count] = text_from(name);
    return t->attributes_count++;
}

static bool orders_init(struct table *t)
{
    const struct table_config *c = &t->config;
    uint32_t places[1 + TABLE_INDEXES_MAX][2] = {0};
    places[0][0] = t->hash_place = attribute_place(t, c->hash_key.name);
    places[0][1] = t->range_place = attribute_place(t, c->range_key.name);
    for (uint32_t i = 0; i < c->indexes_count; i++) {
        places[1 + i][0] = attribute_place(t, c->indexes[i].hash_key.name);
        places[1 + i][1] = attribute_place(t, c->indexes[i].range_key.name);
    }
    for (uint32_t i = 0; i < ORDERS_MAX; i++) {
        struct table_order *o = &t->orders[i];
        bool by_ttl = i == ORDER_TTL;
        if (by_ttl ? c->ttl_attribute == NULL : i > c->indexes_count) {
            continue;
        }
        *o = (struct table_order){.t = t, .by_ttl = by_ttl};
        order_add_place(o, by_ttl ? t->hash_place : places[i][0]);
        order_add_place(o, by_ttl ? t->range_place : places[i][1]);
        order_add_place(o, t->hash_place);
        order_add_place(o, t->range_place);
        const struct tree_keys keys = {o, order_compare, order_differ_at, order_guess,
                                       order_guess_key};
        if (!tree_init(&o->tree, (uint32_t)c->items_max + 1, &keys)) {
            o->t = NULL;
            return false;
        }
    }
    return true;
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
           record_memory_init(&t->records, records) && orders_init(t);
}

void table_slots_deinit(struct table *t)
{
    for (uint32_t i = 0; i < ORDERS_MAX; i++) {
        if (t->orders[i].t != NULL) {
            tree_deinit(&t->orders[i].tree);
        }
    }
    record_memory_deinit(&t->records);
    memory_release(t->slots, t->slots_max * sizeof *t->slots);
    memory_release(t->cells, t->cells_max * sizeof *t->cells);
    memory_release(t->removed, t->slots_max * sizeof *t->removed);
}

/* table_capacity.c: what reads and writes cost a table and its indexes; see table_state.h. Sources:
 * DDB-CAPACITY-3 to DDB-CAPACITY-6, DDB-CAPACITY-8, DDB-CAPACITY-9, DDB-GSI-3, DDB-GSI-4. */
#include "model/dynamodb/table_state.h"

enum { WRITE_UNIT_BYTES = 1024, READ_UNIT_BYTES = 4096, BILLED_BYTES_AN_ITEM = 100 };

static int64_t units(int64_t bytes, int64_t unit)
{
    return bytes == 0 ? 1 : (bytes + unit - 1) / unit;
}

static int64_t write_units(uint32_t bytes)
{
    return units(bytes, WRITE_UNIT_BYTES);
}

static int64_t larger_units(uint32_t before, uint32_t after)
{
    return write_units(before > after ? before : after);
}

/* The charge */

/* Source: DDB-CAPACITY-9, for transactions. */
static void charge_begin(struct table *t, struct charge *c, enum direction direction,
                         int64_t milli_per_unit)
{
    c->direction = direction;
    c->milli_per_unit = t->transactional ? 2 * milli_per_unit : milli_per_unit;
    c->keys_count = 0;
    memset(c->milli, 0, t->capacity.meters_count * sizeof c->milli[0]);
}

/* Adds units of the table or an index, for the item or items under one value of its hash key (size
 * 0: of no single one). A local index lies beside its table's items, and the table pays for it.
 * Source: DDB-CAPACITY-10. */
static void charge_add(struct table *t, struct charge *c, int32_t index, struct text value,
                       int64_t count)
{
    int64_t milli = count * c->milli_per_unit;
    bool local = index != TABLE_BASE && t->config.indexes[index].local;
    uint32_t meter = local ? 0 : (uint32_t)(index + 1);
    t->units[index + 1] += milli;
    c->milli[meter] += milli;
    if (value.size == 0) {
        return;
    }
    uint64_t key = hash64(value.at, value.size, meter);
    for (uint32_t i = 0; i < c->keys_count; i++) {
        if (c->keys[i].key == key) {
            c->keys[i].milli += milli;
            return;
        }
    }
    c->keys[c->keys_count++] = (struct key_charge){meter, key, milli};
}

/* Reads */

enum table_result table_charge_read(struct table *t, struct instant now, int32_t index,
                                    struct text partition, int64_t bytes, bool consistent,
                                    int64_t *milli)
{
    struct charge c;
    charge_begin(t, &c, READS, consistent ? MILLI_PER_UNIT : MILLI_PER_UNIT / 2);
    charge_add(t, &c, index, partition, units(bytes, READ_UNIT_BYTES));
    enum table_result result = meters_take(t, now, &c);
    *milli = t->units[index + 1];
    return result;
}

/* Writes */

/* Adds what a write costs an index: an entry that comes, goes or changes is a write of its size,
 * and one whose key changes goes and comes. Source: DDB-GSI-3. */
static void charge_index(struct table *t, struct charge *c, uint32_t index,
                         const struct record *old, const struct image *image)
{
    const struct index_change change = index_change(t, index, old, image);
    uint32_t place = t->orders[1 + index].places[0];
    if (!change.changed) {
        return;
    }
    ASSERT((change.before == 0 || old != NULL) && (change.after == 0 || image != NULL));
    struct text from = {NULL, 0};
    struct text to = {NULL, 0};
    if (old != NULL && change.before > 0) {
        from = record_key(old, place);
    }
    if (image != NULL && change.after > 0) {
        to = outline_key(image->item, image->outline, place);
    }
    if (change.moved) {
        charge_add(t, c, (int32_t)index, from, write_units(change.before));
        charge_add(t, c, (int32_t)index, to, write_units(change.after));
    } else {
        charge_add(t, c, (int32_t)index, change.after > 0 ? to : from,
                   larger_units(change.before, change.after));
    }
}

/* Takes the units of a write from the table and its indexes, or from none of them. Source:
 * DDB-GSI-4. */
static enum table_result take_write(struct table *t, struct instant now, const struct charge *c,
                                    struct table_reply *reply)
{
    enum table_result result = meters_take(t, now, c);
    for (uint32_t i = 0; i < t->capacity.meters_count; i++) {
        reply->wcu_milli += t->units[i];
    }
    reply->throttled = t->throttled;
    return result;
}

/* A condition that does not hold costs the table what the write would have cost it, and the
 * indexes nothing. Source: DDB-CAPACITY-5. */
enum table_result table_charge_failed(struct table *t, struct instant now, struct text partition,
                                      const struct record *old, uint32_t size,
                                      struct table_reply *reply)
{
    struct charge c;
    charge_begin(t, &c, WRITES, MILLI_PER_UNIT);
    charge_add(t, &c, TABLE_BASE, partition, old == NULL ? 1 : larger_units(old->size, size));
    enum table_result result = take_write(t, now, &c, reply);
    return result == TABLE_OK ? TABLE_CONDITION_FAILED : result;
}

enum table_result table_charge_change(struct table *t, struct instant now, struct text partition,
                                      const struct record *old, const struct image *image,
                                      struct table_reply *reply)
{
    struct charge c;
    charge_begin(t, &c, WRITES, MILLI_PER_UNIT);
    charge_add(t, &c, TABLE_BASE, partition,
               larger_units(old == NULL ? 0 : old->size, image == NULL ? 0 : image->outline->size));
    for (uint32_t i = 0; i < t->config.indexes_count; i++) {
        charge_index(t, &c, i, old, image);
    }
    return take_write(t, now, &c, reply);
}

/* Storage */

int64_t table_stored_items(const struct table *t, int32_t index)
{
    ASSERT(index >= TABLE_BASE && index < (int32_t)t->config.indexes_count);
    return (int64_t)t->orders[index + 1].tree.count;
}

int64_t table_stored_bytes(const struct table *t, int32_t index)
{
    ASSERT(index >= TABLE_BASE && index < (int32_t)t->config.indexes_count);
    const struct counted_tree *tree = &t->orders[index + 1].tree;
    return (int64_t)tree_at_rank(tree, tree->count).weight +
           (int64_t)tree->count * BILLED_BYTES_AN_ITEM;
}

/* table_capacity.c: what reads and writes cost a table and its indexes; see table_state.h. Sources:
 * DDB-CAPACITY-3 to DDB-CAPACITY-6, DDB-GSI-3, DDB-GSI-4. */
#include "model/dynamodb/table_state.h"

enum { WRITE_UNIT_BYTES = 1024, READ_UNIT_BYTES = 4096 };

static int64_t units(int64_t bytes, int64_t unit)
{
    return bytes == 0 ? 1 : (bytes + unit - 1) / unit;
}

static int64_t larger_units(uint32_t before, uint32_t after)
{
    return units(before > after ? before : after, WRITE_UNIT_BYTES);
}

/* Units that a write costs an index. */
static int64_t index_units(struct index_change change)
{
    if (!change.changed) {
        return 0;
    }
    if (change.moved) {
        return units(change.before, WRITE_UNIT_BYTES) + units(change.after, WRITE_UNIT_BYTES);
    }
    return larger_units(change.before, change.after);
}

/* Who pays for an index: a local one uses the table's capacity. Source: DDB-LSI-3. */
static uint32_t payer(const struct table *t, int32_t index)
{
    return index == TABLE_BASE || t->config.indexes[index].local ? 0 : 1 + (uint32_t)index;
}

/* Takes the units of a write from the table and its indexes, or from none of them where one has too
 * few. `milli`: the table's first. */
static enum table_result charge_write(struct table *t, struct instant now,
                                      const int64_t milli[1 + TABLE_INDEXES_MAX],
                                      struct table_reply *reply)
{
    enum table_result result = TABLE_OK;
    for (uint32_t i = 0; i <= t->config.indexes_count; i++) {
        if (milli[i] > 0 && !capacity_admits(&t->meters[i].write, now, milli[i])) {
            t->meters[i].consumed.throttled_writes++;
            result = TABLE_THROTTLED;
        }
    }
    for (uint32_t i = 0; i <= t->config.indexes_count && result == TABLE_OK; i++) {
        capacity_take(&t->meters[i].write, milli[i]);
        t->meters[i].consumed.wcu_milli += milli[i];
        reply->wcu_milli += milli[i];
    }
    return result;
}

enum table_result table_charge_read(struct table *t, struct instant now, int32_t index,
                                    int64_t bytes, bool consistent, int64_t *milli)
{
    struct meter *m = &t->meters[payer(t, index)];
    int64_t needed = units(bytes, READ_UNIT_BYTES) * (consistent ? 1000 : 500);
    if (!capacity_admits(&m->read, now, needed)) {
        m->consumed.throttled_reads++;
        return TABLE_THROTTLED;
    }
    capacity_take(&m->read, needed);
    m->consumed.rcu_milli += needed;
    *milli = needed;
    return TABLE_OK;
}

/* A condition that does not hold costs the table what the write would have cost it, and the
 * indexes nothing. Source: DDB-CAPACITY-5. */
enum table_result table_charge_failed(struct table *t, struct instant now, const struct record *old,
                                      uint32_t size, struct table_reply *reply)
{
    int64_t milli[1 + TABLE_INDEXES_MAX] = {1000 *
                                            (old == NULL ? 1 : larger_units(old->size, size))};
    enum table_result result = charge_write(t, now, milli, reply);
    return result == TABLE_OK ? TABLE_CONDITION_FAILED : result;
}

enum table_result table_charge_change(struct table *t, struct instant now, const struct record *old,
                                      const struct image *image, struct table_reply *reply)
{
    uint32_t before = old == NULL ? 0 : old->size;
    int64_t milli[1 + TABLE_INDEXES_MAX] = {0};
    milli[0] = 1000 * larger_units(before, image == NULL ? 0 : image->outline->size);
    for (uint32_t i = 0; i < t->config.indexes_count; i++) {
        milli[payer(t, (int32_t)i)] += 1000 * index_units(index_change(t, i, old, image));
    }
    return charge_write(t, now, milli, reply);
}

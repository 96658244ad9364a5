/* naive_capacity.h: the reference model's account of units: who refuses a request, what was used.
 *
 * Method. All that was ever charged or refused stands in a list. How much of a second, of a key
 * value, or of all time is used is the sum over that list; only token buckets have a state of their
 * own. A rollback cuts the list. Sources: DDB-CAPACITY-*, DDB-THROTTLE-*.
 */
#ifndef LOCKSTEP_TESTS_NAIVE_CAPACITY_H
#define LOCKSTEP_TESTS_NAIVE_CAPACITY_H

#include "model/dynamodb/table.h"
#include "tests/naive_value.h"

enum { NAIVE_METERS_MAX = 1 + TABLE_INDEXES_MAX, NAIVE_CHARGES_MAX = 1 << 14 };

/* Units of one request: of the table or an index, for one value of its partition key (type NULL: of
 * none). A request's charges are made together. */
struct naive_charge {
    int64_t second;
    uint32_t meter; /* 0: the table, else an index and one */
    uint32_t index; /* who used them: a local index uses the table's */
    bool write, refused;
    int64_t milli;
    struct naive_value key;
};

/* Units times nanoseconds that are there, and when. */
struct naive_bucket {
    int64_t rate, depth, level;
    struct instant at;
};

struct naive_buckets {
    struct naive_bucket of[NAIVE_METERS_MAX][2]; /* reads, writes */
};

struct naive_capacity {
    const struct table_config *config;
    int64_t began; /* second */
    struct naive_buckets buckets;
    struct naive_charge *charges;
    uint32_t count;
    uint32_t request; /* where the charges of the present request begin */
};

void naive_capacity_open(struct naive_capacity *c, const struct table_config *config,
                         struct instant now, struct naive_memory *m);

/* A request: its charges, then whether they are admitted. If not all of them are refused, and
 * *throttled says by whom. */
void naive_charge_begin(struct naive_capacity *c);
void naive_charge(struct naive_capacity *c, int32_t index, bool write,
                  const struct naive_value *key, int64_t milli);
bool naive_charge_take(struct naive_capacity *c, struct instant now, struct throttle *throttled);

/* Units of the present request: `index` may be TABLE_BASE. */
int64_t naive_charged(const struct naive_capacity *c, int32_t index);

/* Totals, as table_consumed tells them, of one second (INT64_MIN: of all). */
struct table_second naive_used(const struct naive_capacity *c, int32_t index, int64_t second);

#endif

/* capacity.h: how many units a table, an index or a key value may use, and what it has used.
 *
 * Method. Four gauges, all in integers, each exact whenever it is asked:
 *
 *   capacity  provisioned throughput, or the maximum that an owner sets on demand: a token bucket.
 * It fills at its rate and holds some seconds of it. A request is admitted if its units are there,
 * and takes them; one that needs more than a full bucket is admitted by a full one, which then owes
 * the rest. Counted in units times nanoseconds. demand    a table on demand: in each second as many
 * units as twice the former peak, and no fewer than it started with. A peak is the most used in one
 * second; it becomes the former peak when the half hour (counted from the beginning) is over in
 * which it was reached, so use can double in half an hour. key_use   one partition key value: so
 * many units in each second. Only the current second counts, so what is kept is bounded: a set of
 * cells for each few hashes, and where more keys than cells are used within a second the least used
 * gives way, which errs towards admitting. use       what was consumed and refused, in one second
 * or in all.
 *
 * Seconds are those of the clock (UTC). In a second of which nothing is used yet a request of any
 * size is admitted, as by a full bucket. Sources: DDB-CAPACITY-1, DDB-CAPACITY-2, DDB-CAPACITY-7,
 * DDB-THROTTLE-1 to DDB-THROTTLE-4.
 */
#ifndef LOCKSTEP_MODEL_DYNAMODB_CAPACITY_H
#define LOCKSTEP_MODEL_DYNAMODB_CAPACITY_H

#include "sim/text.h"
#include "sim/time.h"

enum { CAPACITY_BURST_S = 300, CAPACITY_RATE_MAX = 10000000, MILLI_PER_UNIT = 1000 };

struct capacity {
    int64_t rate;  /* units a second; 0: none, which admits everything */
    int64_t depth; /* units * 10^9, of a full bucket */
    int64_t level; /* the same; may be negative */
    struct instant at;
};

/* A full bucket of that many seconds. 0 <= rate <= CAPACITY_RATE_MAX, and rate * burst_s is at most
 * CAPACITY_RATE_MAX * CAPACITY_BURST_S. */
struct capacity capacity_full(int64_t rate, int64_t burst_s, struct instant now);

/* Whether thousandths of a unit, 0 or more, are to be had at `now`. */
bool capacity_admits(struct capacity *c, struct instant now, int64_t milli);

/* Takes them; capacity_admits has said yes at this instant. */
void capacity_take(struct capacity *c, int64_t milli);

/* A table on demand, in thousandths of a unit. */
struct demand {
    int64_t first;       /* a second, from the beginning; 0: no limit */
    int64_t began;       /* second since the epoch: periods are counted from here */
    int64_t period_s;    /* after which a peak counts */
    int64_t period;      /* number of the period that `peak` is of */
    int64_t former_peak; /* the highest of all earlier periods */
    int64_t peak;        /* of this period so far */
};

/* Starts with `first` units a second at `now`. period_s >= 1. */
struct demand demand_start(int64_t first, int64_t period_s, struct instant now);

/* The most that may be used in the second that begins at `second` (since the epoch); INT64_MAX: no
 * limit. Seconds do not go back. */
int64_t demand_limit(struct demand *d, int64_t second);

/* Tells that so much was used in a second, once it is over; before demand_limit asks for a later
 * one. */
void demand_note(struct demand *d, int64_t second, int64_t milli);

/* The units of one second, or of all. */
enum direction { READS, WRITES, DIRECTIONS };

struct use {
    int64_t milli[DIRECTIONS];         /* consumed, in thousandths of a unit */
    int64_t refused[DIRECTIONS];       /* requests */
    int64_t refused_milli[DIRECTIONS]; /* what they would have consumed */
};

/* What one partition key value has used in a second. */
struct key_use {
    uint64_t key;   /* hash of the value and of where it is a key */
    int64_t second; /* since the epoch */
    uint32_t milli[DIRECTIONS];
};

enum { KEY_SETS = 2048, KEY_WAYS = 8, KEY_CELLS = KEY_SETS * KEY_WAYS, KEY_RATE_MAX = 1000000 };

/* The cell of a key in a second: its own, or the one that it would take, with another key or second
 * in it. `cells`: KEY_CELLS, zeroed at first. */
uint32_t key_use_find(const struct key_use *cells, uint64_t key, int64_t second);

/* What a cell says that the key has used in that second: 0 where it is not the key's. */
int64_t key_use_milli(const struct key_use *cell, uint64_t key, int64_t second,
                      enum direction direction);

/* Adds to a cell, which becomes the key's and the second's. */
void key_use_add(struct key_use *cell, uint64_t key, int64_t second, enum direction direction,
                 int64_t milli);

/* Whether `milli` more may be used where `used` of `limit` are: 0 of any number are free for one
 * request of any size. */
static inline bool within(int64_t used, int64_t milli, int64_t limit)
{
    return used + milli <= limit || used == 0;
}

#endif

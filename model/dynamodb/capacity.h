/* capacity.h: provisioned throughput as a token bucket.
 *
 * Method. A bucket fills at the provisioned rate and holds 300 seconds of it; a request is admitted
 * if its units are there, and takes them. A request that needs more than a full bucket is admitted
 * by a full one, which then owes the rest. Counted in units times nanoseconds, so refilling is
 * exact whenever it is done. Sources: DDB-CAPACITY-1, DDB-CAPACITY-7, and DDB-CAPACITY-2 for what
 * is an estimate.
 */
#ifndef LOCKSTEP_MODEL_DYNAMODB_CAPACITY_H
#define LOCKSTEP_MODEL_DYNAMODB_CAPACITY_H

#include "sim/time.h"

enum { CAPACITY_BURST_S = 300, CAPACITY_RATE_MAX = 10000000 };

struct capacity {
    int64_t rate;  /* units a second; 0: on demand, never throttles */
    int64_t level; /* units * 10^9; may be negative */
    struct instant at;
};

/* A full bucket. 0 <= rate <= CAPACITY_RATE_MAX. */
struct capacity capacity_full(int64_t rate, struct instant now);

/* Whether thousandths of a unit, 0 or more, are to be had at `now`. */
bool capacity_admits(struct capacity *c, struct instant now, int64_t milli);

/* Takes them; capacity_admits has said yes at this instant. */
void capacity_take(struct capacity *c, int64_t milli);

#endif

/* schedule.h: EventBridge Scheduler: one schedule that invokes one function at a fixed rate.
 *
 * Method. Ticks are numbered by the intervals since the epoch, so a tick's number tells the instant
 * that it stands for: the number is what the function gets. A tick is delivered at least once: some
 * time after its instant, perhaps twice, and where the service or a fault loses it, not at all. An
 * invoke that is throttled is dropped: the schedule's retry policy is set to no retries, since the
 * next tick does the same work. Ticks never end, so a run that waits for its own end has to be told
 * when they do nothing any more: the function reports each tick that it has finished without
 * finding anything to do. Left out: one-time schedules, flexible windows, time zones. Sources:
 * LAMBDA-SCHEDULE-* in docs/sources.md.
 */
#ifndef LOCKSTEP_MODEL_AWS_SCHEDULE_H
#define LOCKSTEP_MODEL_AWS_SCHEDULE_H

#include "sim/distribution.h"
#include "sim/world.h"

struct cloud;

struct schedule_state {
    uint32_t pending;  /* events of the schedule to come: they alone do not keep a run going */
    uint32_t idle;     /* ticks in a row that found nothing to do, while nothing changed */
    uint32_t latest;   /* of them */
    uint32_t thorough; /* one of them looked everywhere */
    uint64_t seen;     /* the table and the input bucket, when a tick last reported: a hash */
    int64_t delivered, lost, throttled;
};

struct schedule {
    struct duration interval; /* config, set before cloud_init; 0: there is no schedule */
    struct distribution delay;
    int64_t duplicate_ppm, lost_ppm;
    uint32_t function; /* enum function_id */
    struct schedule_state *state;
    uint32_t region;
};

void schedule_declare(struct cloud *c);
void schedule_init(struct cloud *c);

/* The function has finished a tick. `idle`: nothing was there to be done, now or later in the day;
 * `thorough`: it looked where it looks only now and then. */
void schedule_report(struct cloud *c, uint32_t tick, bool idle, bool thorough);

/* Whether there is no schedule, or its ticks do nothing any more as long as nothing else happens:
 * two in a row have found nothing, one of them a thorough one, and none is at work. */
bool schedule_rests(const struct cloud *c);

/* The instant that a tick stands for. */
struct instant schedule_instant(const struct cloud *c, uint32_t tick);

/* Handlers. */
void schedule_due(void *cloud, uint32_t tick, uint64_t detail);
void schedule_tick(void *cloud, uint32_t tick, uint64_t detail);

#endif

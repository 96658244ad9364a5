/* event_source.h: the Lambda event-source mapping between the queue and the builder function.
 *
 * Method. Pollers receive batches and invoke the function with them, a few at once at first, then
 * more for as long as messages wait, up to the maximum. A batch that the function returns from is
 * deleted but for the messages that its return value names as failed (ESM-PARTIAL-1); up to V6 it
 * names none, and that means full success, whatever its status code says (ESM-DELETE-1). After an
 * error or a time-out nothing is deleted. A throttled invoke is tried again until the batch's
 * visibility ends; then the poller drops it. Left out: batches above 10, filters, provisioned
 * pollers. Sources: ESM-* in docs/sources.md.
 */
#ifndef LOCKSTEP_MODEL_AWS_EVENT_SOURCE_H
#define LOCKSTEP_MODEL_AWS_EVENT_SOURCE_H

#include "sim/world.h"

struct cloud;

struct event_source_state {
    uint32_t in_use;  /* batches being polled for or processed */
    uint32_t polling; /* of them, being polled for */
    uint32_t growing; /* a look at the grown concurrency is scheduled */
    uint32_t unused;
    int64_t busy_since_ns; /* messages have been waiting since; -1: the source is idle */
    int64_t throttled;     /* invokes that were refused */
};

struct event_source {
    int64_t batch_size, maximum_concurrency, initial_concurrency, scaling_per_minute,
        concurrency_limit; /* config; maximum_concurrency 0: not set */
    struct duration batching_window;
    bool enabled; /* false: messages stay in the queue */
    struct event_source_state *state;
    uint32_t region;
};

void event_source_declare(struct cloud *c);
void event_source_init(struct cloud *c);

/* Messages have become visible. */
void event_source_wake(struct cloud *c);

/* The invocation with that batch has ended. */
void event_source_done(struct cloud *c, uint32_t batch, uint32_t serial, bool succeeded);

/* Handlers. */
void event_source_poll(void *cloud, uint32_t subject, uint64_t detail);
void event_source_invoke(void *cloud, uint32_t batch, uint64_t serial);
void event_source_deleted(void *cloud, uint32_t batch, uint64_t serial);
void event_source_grown(void *cloud, uint32_t subject, uint64_t detail);

#endif

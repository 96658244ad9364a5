/* bus.h: an EventBridge bus with one rule, whose target starts an execution.
 *
 * Method. An event that was put is on its way: after a delay that is drawn, the rule's target is
 * invoked with it. Where the target cannot be invoked, the event is tried again after waits that
 * double, with full jitter, until its retries or its age are used up; then it goes to the rule's
 * dead-letter queue, of which only the length is kept. Delivery is at least once: an event may be
 * delivered a second time, on a way of its own. Events keep no order. Left out: other rules and
 * buses, patterns, archives, the quotas of requests and invocations (thousands a second), requests
 * that are accepted in part. Sources: EVENTS-* in docs/sources.md.
 */
#ifndef LOCKSTEP_MODEL_AWS_BUS_H
#define LOCKSTEP_MODEL_AWS_BUS_H

#include "model/aws/workflow.h"

/* An event under way. */
struct bus_event {
    struct pool_slot slot;
    uint32_t failures; /* of its target, so far */
    uint32_t unused;
    int64_t put_ns;
    struct workflow_input input; /* its detail */
};

struct bus_counts {
    int64_t put, delivered, duplicates, failures, dead;
    int64_t lost; /* by a fault */
};

struct bus {
    /* Config, set before cloud_declare. */
    bool enabled;
    int64_t duplicate_ppm, failure_ppm; /* of events; of deliveries */
    int64_t maximum_retries;
    struct duration maximum_age;
    struct distribution delay;

    struct bus_event *events;
    struct bus_counts *counts;
    uint32_t events_region, counts_region;
};

void bus_declare(struct cloud *c, uint64_t files);
void bus_init(struct cloud *c);

/* Takes an event, copied. False where there is no room (the trial then fails). */
bool bus_put(struct cloud *c, const struct workflow_input *input);

/* Handler. */
void bus_deliver(void *cloud, uint32_t event, uint64_t detail);

#endif

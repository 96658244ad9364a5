/* bus.c: see bus.h. */
#include "model/aws/cloud.h"

/* Source: EVENTS-RETRY-2 (an estimate). */
static const struct duration BACKOFF = {NS_PER_S};
static const struct duration BACKOFF_MAX = {600 * NS_PER_S};

void bus_declare(struct cloud *c, uint64_t files)
{
    struct bus *b = &c->bus;
    struct world *w = &c->simulation.world;
    if (!b->enabled) {
        return;
    }
    b->events_region = world_declare(w, "events on the bus (limits.files)", REGION_POOL,
                                     sizeof(struct bus_event), 2 * files + 64, (void **)&b->events);
    b->counts_region =
        world_declare(w, "bus", REGION_HISTORY, sizeof(struct bus_counts), 1, (void **)&b->counts);
}

void bus_init(struct cloud *c)
{
    if (c->bus.enabled) {
        (void)world_append(&c->simulation.world, c->bus.counts_region);
    }
}

static bool send(struct cloud *c, const struct workflow_input *input, struct duration late)
{
    struct bus *b = &c->bus;
    int64_t at = pool_take(&c->simulation.world, b->events_region);
    if (at < 0) {
        simulation_fail(&c->simulation, "events on the bus (limits.files)");
        return false;
    }
    b->events[at].put_ns = cloud_now(c).ns;
    b->events[at].input = *input;
    struct duration delay = cloud_draw(c, CHOICE_EVENT_DELAY, &b->delay);
    delay.ns += late.ns;
    (void)simulation_schedule(&c->simulation, delay, EVENT_BUS_DELIVERY, (uint32_t)at, 0);
    return true;
}

/* Source: EVENTS-ONCE-1. */
bool bus_put(struct cloud *c, const struct workflow_input *input)
{
    struct bus *b = &c->bus;
    ASSERT(b->enabled);
    struct service_fault fault = cloud_service_fault(c, SERVICE_POINT_EVENT);
    uint32_t copies = fault.copies + choose_chance(c->simulation.choices, CHOICE_EVENT_DUPLICATE,
                                                   b->duplicate_ppm);
    b->counts->put++;
    b->counts->lost += copies == 0;
    b->counts->duplicates += copies > 1 ? copies - 1 : 0;
    for (uint32_t i = 0; i < copies; i++) {
        if (!send(c, input, fault.delay)) {
            return false;
        }
    }
    return true;
}

/* Before the next try: a share of a wait that doubles. */
static struct duration backoff(struct cloud *c, uint32_t failures)
{
    __extension__ typedef __int128 i128;
    struct duration scale = BACKOFF;
    for (uint32_t i = 1; i < failures && scale.ns < BACKOFF_MAX.ns; i++) {
        scale.ns *= 2;
    }
    scale.ns = scale.ns < BACKOFF_MAX.ns ? scale.ns : BACKOFF_MAX.ns;
    uint32_t rank =
        choose(c->simulation.choices, CHOICE_EVENT_RETRY, UINT64_C(1) << 32) + (UINT32_C(1) << 31);
    return (struct duration){(int64_t)((i128)scale.ns * rank >> 32)};
}

/* The target was not invoked. Source: EVENTS-RETRY-1. */
static void fail(struct cloud *c, uint32_t index)
{
    struct bus *b = &c->bus;
    struct bus_event *event = &b->events[index];
    struct duration wait = backoff(c, ++event->failures);
    int64_t age_ns = cloud_now(c).ns - event->put_ns;
    b->counts->failures++;
    if (event->failures > b->maximum_retries || age_ns + wait.ns > b->maximum_age.ns) {
        b->counts->dead++;
        pool_give(&c->simulation.world, b->events_region, index);
        return;
    }
    (void)simulation_schedule(&c->simulation, wait, EVENT_BUS_DELIVERY, index, 0);
}

void bus_deliver(void *cloud, uint32_t index, uint64_t detail)
{
    (void)detail;
    struct cloud *c = cloud;
    struct bus *b = &c->bus;
    ASSERT(b->events[index].slot.live != 0);
    if (choose_chance(c->simulation.choices, CHOICE_EVENT_FAILS, b->failure_ppm)) {
        fail(c, index);
        return;
    }
    struct workflow_input input = b->events[index].input;
    b->counts->delivered++;
    pool_give(&c->simulation.world, b->events_region, index);
    c->application.event_target(c, &input);
}

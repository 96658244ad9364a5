/* event_source.c: see event_source.h. */
#include "model/aws/cloud.h"

/* How long a poller waits after a throttled invoke. Source: ESM-THROTTLE-2 (an estimate). */
static const struct duration THROTTLE_WAIT = {NS_PER_S};

void event_source_declare(struct cloud *c)
{
    c->event_source.region =
        world_declare(&c->simulation.world, "event source", REGION_RECORDS,
                      sizeof(struct event_source_state), 1, (void **)&c->event_source.state);
}

void event_source_init(struct cloud *c)
{
    (void)world_append(&c->simulation.world, c->event_source.region);
    c->event_source.state->busy_since_ns = -1;
}

enum { MS_PER_MINUTE = 60000 };

/* How many batches may be under way at all. Source: ESM-LIMIT-1. */
static int64_t limit(const struct event_source *e)
{
    return e->maximum_concurrency > 0 ? e->maximum_concurrency : e->concurrency_limit;
}

/* Batches that may be under way now: grows while messages wait. Source: ESM-SCALE-1. */
static int64_t allowed(const struct cloud *c)
{
    const struct event_source *e = &c->event_source;
    int64_t busy_ns = cloud_now(c).ns - e->state->busy_since_ns;
    int64_t grown =
        e->initial_concurrency + busy_ns / NS_PER_MS * e->scaling_per_minute / MS_PER_MINUTE;
    return grown < limit(e) ? grown : limit(e);
}

/* Looks again when one more is allowed, though no message comes and no poller ends until then. */
static void await_growth(struct cloud *c, int64_t allowed_now)
{
    struct event_source *e = &c->event_source;
    if (e->state->growing || e->scaling_per_minute == 0 || allowed_now >= limit(e)) {
        return;
    }
    int64_t more = allowed_now + 1 - e->initial_concurrency;
    int64_t busy_ms = (more * MS_PER_MINUTE + e->scaling_per_minute - 1) / e->scaling_per_minute;
    struct instant at = {e->state->busy_since_ns + busy_ms * NS_PER_MS};
    e->state->growing = 1;
    (void)simulation_schedule_at(&c->simulation, at, EVENT_CONCURRENCY_GROWN, 0, 0);
}

void event_source_wake(struct cloud *c)
{
    struct event_source *e = &c->event_source;
    if (!e->enabled) {
        return;
    }
    uint32_t visible = c->queue.state->visible;
    if (visible == 0) {
        if (e->state->in_use == 0) {
            e->state->busy_since_ns = -1;
        }
        return;
    }
    if (e->state->busy_since_ns < 0) {
        e->state->busy_since_ns = cloud_now(c).ns;
    }
    /* One poller for every batch that waits, as far as they are allowed. */
    int64_t wanted = (visible + e->batch_size - 1) / e->batch_size - e->state->polling;
    int64_t allowed_now = allowed(c);
    int64_t free = allowed_now - e->state->in_use;
    if (wanted > free) {
        await_growth(c, allowed_now);
    }
    for (int64_t i = 0; i < wanted && i < free; i++) {
        struct duration delay = cloud_draw(c, CHOICE_LATENCY_QUEUE_RECEIVE,
                                           &c->latencies[CHOICE_LATENCY_QUEUE_RECEIVE]);
        /* Source: ESM-WINDOW-1. */
        delay.ns += visible < e->batch_size ? e->batching_window.ns : 0;
        e->state->in_use++;
        e->state->polling++;
        (void)simulation_schedule(&c->simulation, delay, EVENT_POLL, 0, 0);
    }
}

void event_source_grown(void *cloud, uint32_t subject, uint64_t detail)
{
    (void)subject;
    (void)detail;
    struct cloud *c = cloud;
    c->event_source.state->growing = 0;
    event_source_wake(c);
}

static void poller_free(struct cloud *c)
{
    ASSERT(c->event_source.state->in_use > 0);
    c->event_source.state->in_use--;
    event_source_wake(c);
}

void event_source_poll(void *cloud, uint32_t subject, uint64_t detail)
{
    (void)subject;
    (void)detail;
    struct cloud *c = cloud;
    c->event_source.state->polling--;
    struct batch *batch = queue_receive(c, c->event_source.batch_size);
    if (batch == NULL) {
        poller_free(c);
        return;
    }
    batch->attempts = 1;
    event_source_invoke(c, batch_index(&c->queue, batch), batch->serial);
}

void event_source_invoke(void *cloud, uint32_t index, uint64_t serial)
{
    struct cloud *c = cloud;
    struct batch *batch = &c->queue.batches[index];
    ASSERT(batch->slot.live != 0 && batch->serial == serial);
    if (batch->first == 0) {
        /* The visibility ended while the invokes were throttled: others will receive the messages.
         * Source: ESM-THROTTLE-1. */
        queue_forget(c, batch);
        poller_free(c);
        return;
    }
    struct invocation_request request = {.batch = index + 1, .batch_serial = batch->serial};
    if (!function_invoke(c, FUNCTION_BUILDER, &request)) {
        c->event_source.state->throttled++;
        batch->attempts++;
        (void)simulation_schedule(&c->simulation, THROTTLE_WAIT, EVENT_INVOKE, index, serial);
    }
}

/* Source: ESM-DELETE-1, ESM-ERROR-1. */
void event_source_done(struct cloud *c, uint32_t index, uint32_t serial, bool succeeded)
{
    struct batch *batch = &c->queue.batches[index];
    ASSERT(batch->slot.live != 0 && batch->serial == serial);
    if (!succeeded) {
        queue_forget(c, batch);
        poller_free(c);
        return;
    }
    struct duration delay =
        cloud_draw(c, CHOICE_LATENCY_QUEUE_DELETE, &c->latencies[CHOICE_LATENCY_QUEUE_DELETE]);
    (void)simulation_schedule(&c->simulation, delay, EVENT_BATCH_DELETED, index, serial);
}

void event_source_deleted(void *cloud, uint32_t index, uint64_t serial)
{
    struct cloud *c = cloud;
    struct batch *batch = &c->queue.batches[index];
    ASSERT(batch->slot.live != 0 && batch->serial == serial);
    (void)queue_delete(c, batch);
    queue_forget(c, batch);
    poller_free(c);
}

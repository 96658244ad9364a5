/* schedule.c: see schedule.h. */
#include "model/aws/cloud.h"

enum { IDLE_TICKS = 2 };

void schedule_declare(struct cloud *c)
{
    c->schedule.region =
        world_declare(&c->simulation.world, "schedule", REGION_RECORDS,
                      sizeof(struct schedule_state), 1, (void **)&c->schedule.state);
}

struct instant schedule_instant(const struct cloud *c, uint32_t tick)
{
    return (struct instant){c->schedule.interval.ns * (int64_t)tick};
}

static void await(struct cloud *c, uint32_t tick)
{
    c->schedule.state->pending++;
    (void)simulation_schedule_at(&c->simulation, schedule_instant(c, tick), EVENT_TICK_DUE, tick,
                                 0);
}

void schedule_init(struct cloud *c)
{
    (void)world_append(&c->simulation.world, c->schedule.region);
    if (c->schedule.interval.ns > 0) {
        await(c, (uint32_t)(cloud_now(c).ns / c->schedule.interval.ns) + 1);
    }
}

/* What a tick may find something to do in. */
static uint64_t seen_now(const struct cloud *c)
{
    struct hash128 table = table_hash(c->table);
    const uint64_t parts[] = {table.low, table.high,
                              (uint64_t)c->buckets.counts->puts[BUCKET_INPUT]};
    return hash64(parts, sizeof parts, 0);
}

/* Source: LAMBDA-SCHEDULE-1, LAMBDA-SCHEDULE-2. */
void schedule_due(void *cloud, uint32_t tick, uint64_t detail)
{
    (void)detail;
    struct cloud *c = cloud;
    struct schedule *s = &c->schedule;
    struct choices *choices = c->simulation.choices;
    struct service_fault fault = cloud_service_fault(c, SERVICE_POINT_TICK);
    bool lost = choose_chance(choices, CHOICE_TICK_LOST, s->lost_ppm);
    uint32_t copies =
        lost ? 0 : fault.copies + choose_chance(choices, CHOICE_TICK_DUPLICATE, s->duplicate_ppm);
    s->state->pending--;
    s->state->lost += copies == 0;
    for (uint32_t i = 0; i < copies; i++) {
        struct duration delay = cloud_draw(c, CHOICE_TICK_DELAY, &s->delay);
        delay.ns += fault.delay.ns;
        s->state->pending++;
        (void)simulation_schedule(&c->simulation, delay, EVENT_TICK, tick, i);
    }
    await(c, tick + 1);
}

/* Source: LAMBDA-SCHEDULE-3. */
void schedule_tick(void *cloud, uint32_t tick, uint64_t detail)
{
    (void)detail;
    struct cloud *c = cloud;
    struct schedule_state *state = c->schedule.state;
    state->pending--;
    state->delivered++;
    struct invocation_request request = {.tick = tick};
    if (!function_invoke(c, (enum function_id)c->schedule.function, &request)) {
        state->throttled++;
    }
}

void schedule_report(struct cloud *c, uint32_t tick, bool idle, bool thorough)
{
    struct schedule_state *state = c->schedule.state;
    uint64_t seen = seen_now(c);
    if (!idle || seen != state->seen) {
        state->idle = 0;
        state->thorough = 0;
    }
    if (idle) {
        state->idle += state->idle == 0 || tick != state->latest;
        state->thorough |= thorough;
    }
    state->latest = tick;
    state->seen = seen;
}

bool schedule_rests(const struct cloud *c)
{
    const struct schedule_state *state = c->schedule.state;
    return c->schedule.interval.ns == 0 ||
           (state->idle >= IDLE_TICKS && state->thorough != 0 && seen_now(c) == state->seen);
}

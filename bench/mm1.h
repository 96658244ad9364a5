/* mm1.h: the M/M/1 queue as two processes on the engine, for its test and its bench.
 *
 * Customers arrive at exponential intervals and are served one by one, first come first served, for
 * exponential times. The arrivals are one process, the server another, which an arrival wakes when
 * it is idle. Sources of the theory: any textbook; with load r, the mean number in the system is
 * r / (1 - r), and the mean time there is that times the mean interval between arrivals.
 */
#ifndef LOCKSTEP_BENCH_MM1_H
#define LOCKSTEP_BENCH_MM1_H

#include "sim/process.h"
#include "sim/simulation.h"
#include "sim/stats.h"

enum { MM1_INTERVAL, MM1_SERVICE, MM1_LABELS };

enum { MM1_STEP_ARRIVALS, MM1_STEP_SERVER, MM1_KINDS };

enum { MM1_WAITING_MAX = 1 << 16 };

/* What a snapshot must keep: one record of the world. */
struct mm1_state {
    int32_t arrivals_at, server_at; /* the points of the two processes */
    bool idle;
    uint64_t arrivals_left;
    uint64_t first, end;    /* customers who came and have not left: first .. end - 1 */
    uint64_t count_from;    /* customers before this one are warm-up */
    int64_t sojourn_sum_ns; /* of those who left, without the warm-up */
    struct level in_system; /* since the warm-up */
};

struct mm1 {
    struct simulation simulation;
    struct choices choices;
    struct trace trace;
    struct distribution interval, service;
    struct mm1_state *state;
    struct instant *arrived; /* of customer i at i modulo MM1_WAITING_MAX */
    uint32_t arrived_region;
};

/* The customer just arrived joins the queue, and wakes the server where it is idle. */
static inline void mm1_join(struct mm1 *m)
{
    struct mm1_state *s = m->state;
    if (s->end - s->first == MM1_WAITING_MAX) {
        simulation_fail(&m->simulation, "waiting customers");
        return;
    }
    struct instant now = simulation_now(&m->simulation);
    if (s->end < MM1_WAITING_MAX) {
        (void)world_append(&m->simulation.world, m->arrived_region);
    }
    if (s->end == s->count_from) {
        level_init(&s->in_system, now, (int64_t)(s->end - s->first));
    }
    m->arrived[s->end++ % MM1_WAITING_MAX] = now;
    level_set(&s->in_system, now, (int64_t)(s->end - s->first));
    if (s->idle) {
        s->idle = false;
        (void)simulation_schedule(&m->simulation, (struct duration){0}, MM1_STEP_SERVER, 0, 0);
    }
}

static inline void mm1_leave(struct mm1 *m)
{
    struct mm1_state *s = m->state;
    struct instant now = simulation_now(&m->simulation);
    if (s->first >= s->count_from) {
        s->sojourn_sum_ns += instant_since(now, m->arrived[s->first % MM1_WAITING_MAX]).ns;
    }
    s->first++;
    level_set(&s->in_system, now, (int64_t)(s->end - s->first));
}

static inline void mm1_wait(struct mm1 *m, uint32_t label, const struct distribution *d,
                            uint32_t kind)
{
    (void)simulation_schedule(&m->simulation, choose_duration(&m->choices, label, d), kind, 0, 0);
}

static inline enum process_status mm1_arrivals(struct mm1 *m)
{
    enum point { START, ARRIVAL };
    struct mm1_state *s = m->state;
    PROCESS_BEGIN(s->arrivals_at, enum point);
    for (; s->arrivals_left > 0; s->arrivals_left--) {
        AWAIT(s->arrivals_at, ARRIVAL, mm1_wait(m, MM1_INTERVAL, &m->interval, MM1_STEP_ARRIVALS));
        mm1_join(m);
    }
    PROCESS_END;
}

static inline enum process_status mm1_server(struct mm1 *m)
{
    enum point { START, IDLE, SERVICE };
    struct mm1_state *s = m->state;
    PROCESS_BEGIN(s->server_at, enum point);
    for (;;) {
        if (s->first == s->end) {
            AWAIT(s->server_at, IDLE, s->idle = true);
        }
        AWAIT(s->server_at, SERVICE, mm1_wait(m, MM1_SERVICE, &m->service, MM1_STEP_SERVER));
        mm1_leave(m);
    }
    PROCESS_END;
}

static inline void mm1_handle_arrivals(void *model, uint32_t subject, uint64_t detail)
{
    (void)subject;
    (void)detail;
    (void)mm1_arrivals(model);
}

static inline void mm1_handle_server(void *model, uint32_t subject, uint64_t detail)
{
    (void)subject;
    (void)detail;
    (void)mm1_server(model);
}

static inline enum status mm1_read(struct distribution *d, const char *written, struct error *error)
{
    struct distribution_spec spec;
    enum status status = distribution_parse(text_from(written), &spec, error);
    if (status == STATUS_OK) {
        distribution_init(d, &spec);
    }
    return status;
}

static inline enum status mm1_build(struct mm1 *m, struct error *error)
{
    static const struct event_kind kinds[MM1_KINDS] = {
        [MM1_STEP_ARRIVALS] = {"arrivals", mm1_handle_arrivals},
        [MM1_STEP_SERVER] = {"server",   mm1_handle_server  },
    };
    simulation_init(&m->simulation, m, kinds, MM1_KINDS, &m->choices, &m->trace);
    struct world *w = &m->simulation.world;
    uint32_t state_region =
        world_declare(w, "state", REGION_RECORDS, sizeof *m->state, 1, (void **)&m->state);
    m->arrived_region = world_declare(w, "arrived", REGION_RECORDS, sizeof *m->arrived,
                                      MM1_WAITING_MAX, (void **)&m->arrived);
    enum status status = world_build(w, 16, (struct instant){0}, &m->choices, error);
    if (status == STATUS_OK) {
        (void)world_append(w, state_region);
    }
    return status;
}

/* Intervals and service times as written: "exponential(1s)". The first `warm_up` of `customers`
 * are not counted. Errors are those of distribution_parse and of world_build. */
static inline enum status mm1_init(struct mm1 *m, const char *interval, const char *service,
                                   uint64_t seed, uint64_t customers, uint64_t warm_up,
                                   struct error *error)
{
    static const char *const labels[MM1_LABELS] = {
        [MM1_INTERVAL] = "interval", [MM1_SERVICE] = "service"};
    enum status status = mm1_read(&m->interval, interval, error);
    if (status == STATUS_OK) {
        status = mm1_read(&m->service, service, error);
    }
    if (status == STATUS_OK) {
        status = mm1_build(m, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    choices_init_seeded(&m->choices, labels, MM1_LABELS, seed);
    trace_init(&m->trace);
    m->state->arrivals_left = customers;
    m->state->count_from = warm_up;
    return STATUS_OK;
}

/* Runs until the last customer has left. */
static inline void mm1_run(struct mm1 *m)
{
    (void)mm1_arrivals(m);
    (void)mm1_server(m);
    while (simulation_step(&m->simulation)) {
    }
}

static inline void mm1_deinit(struct mm1 *m)
{
    world_deinit(&m->simulation.world);
}

#endif

/* story.h: a small run told step by step: set up a scenario, go on until an instant, look, go on.
 *
 * Method. story_init gives the dev pipeline (V3, M2) in which calls take no time, lags and skews
 * are nil, nothing throttles, and every choice is its default; so a test can work out each
 * instant by hand and change what it is about. Only a poll of the queue takes a second: what
 * arrives at once comes as one batch. Every call is kept as a row.
 */
#ifndef LOCKSTEP_TESTS_STORY_H
#define LOCKSTEP_TESTS_STORY_H

#include "model/pipeline/run_state.h"

#include "tests/cases.h"

#define FILE_SIZE INT64_C(3670016)
#define TODAY TEXT("2026-01-30")
#define FIRST_MANIFEST TEXT("MANIFEST#batch-0001-20260130-050001.json")

struct story {
    struct scenario scenario;
    struct choices choices;
    struct trace trace;
    struct run *run;
};

static inline struct distribution_spec exactly(struct duration time)
{
    return (struct distribution_spec){.kind = DISTRIBUTION_CONSTANT, .a = time, .b = time};
}

static inline void story_init(struct story *s)
{
    struct scenario *scenario = &s->scenario;
    const struct distribution_spec nothing = exactly((struct duration){0});
    memset(s, 0, sizeof *s);
    scenario_init(scenario);
    scenario_apply_latency(scenario, LATENCY_PROFILE_ZERO);
    scenario->name = TEXT("story");
    scenario->latency.queue_receive = exactly(duration_s(1));
    scenario->function.cold_start = nothing;
    scenario->function.clock_skew = nothing;
    scenario->function.work = (struct duration){0};
    scenario_apply_throttling(scenario, THROTTLING_NONE);
    scenario->table.replica_lag = nothing;
    scenario->table.index_lag = nothing;
    scenario->table.ttl_delay = exactly(duration_s(600));
    scenario->bucket.notification_delay = nothing;
    scenario->bucket.notification_duplicate_ppm = 0;
    scenario->queue.duplicate_ppm = 0;
    scenario->bus.delay = nothing;
    scenario->stream.read_latency = nothing;
    scenario->stream.retry_wait = exactly(duration_s(1));
    scenario->workflow.start_delay = nothing;
    scenario->workflow.transition = nothing;
    scenario->glue.max_concurrent_runs = 100;
    scenario->glue.start_up = nothing;
    scenario->glue.run_time = exactly(duration_s(120));
    scenario->glue.poll_interval = (struct duration){0};
}

/* Files that arrive `at` seconds after the start, evenly over a span. */
static inline void story_files(struct story *s, int64_t files, int64_t at_s, struct duration over)
{
    s->scenario.workloads[s->scenario.workloads_count++] = (struct workload){
        .files = files,
        .at = duration_s(at_s),
        .over = over,
        .size = FILE_SIZE,
        .prefix = TEXT("pipeline/input/"),
    };
}

static inline void story_fault(struct story *s, enum fault_kind kind, const char *process,
                               const char *point, int64_t occurrence)
{
    struct fault fault = fault_default;
    fault.kind = kind;
    fault.process = text_from(process);
    fault.at = text_from(point);
    fault.occurrence = occurrence;
    s->scenario.faults[s->scenario.faults_count++] = fault;
}

/* The fault that was added last, for what else it takes. */
static inline struct fault *story_last_fault(struct story *s)
{
    return &s->scenario.faults[s->scenario.faults_count - 1];
}

/* Begins with the choices that have been made ready. */
static inline void story_begin_chosen(struct story *s)
{
    struct error error = {.message = ""};
    trace_init(&s->trace);
    struct run_options options = {.choices = &s->choices, .trace = &s->trace, .keep_calls = true};
    s->run = run_create(&s->scenario, &options, &error);
    if (s->run == NULL) {
        fail_msg("%s", error.message);
    }
}

static inline void story_begin(struct story *s)
{
    choices_init_default(&s->choices, cloud_choice_names, CHOICES_COUNT);
    story_begin_chosen(s);
}

static inline void story_begin_seeded(struct story *s, uint64_t seed)
{
    choices_init_seeded(&s->choices, cloud_choice_names, CHOICES_COUNT, seed);
    story_begin_chosen(s);
}

static inline struct pipeline *story_pipeline(const struct story *s)
{
    return run_pipeline(s->run);
}

static inline struct cloud *story_cloud(const struct story *s)
{
    return &run_pipeline(s->run)->cloud;
}

static inline int64_t story_now_ms(const struct story *s)
{
    return instant_since(cloud_now(story_cloud(s)), s->scenario.start).ns / NS_PER_MS;
}

/* Milliseconds from the start to an instant of a row; -1 for never. */
static inline int64_t story_ms(const struct story *s, struct instant at)
{
    return at.ns == NEVER ? -1 : instant_since(at, s->scenario.start).ns / NS_PER_MS;
}

/* One event; false where the run has stopped. */
static inline bool story_step(struct story *s)
{
    struct error error = {.message = ""};
    enum run_state state = run_advance(s->run, 1, &error);
    if (state == RUN_FULL || state == RUN_FAILED) {
        fail_msg("%s", error.message);
    }
    return state == RUN_GOING;
}

/* Goes on through every event up to and at that many milliseconds after the start. */
static inline void story_until_ms(struct story *s, int64_t ms)
{
    struct instant limit = instant_add(s->scenario.start, duration_ms(ms));
    struct instant next;
    while (event_queue_next(story_cloud(s)->simulation.world.queue, &next) &&
           !instant_before(limit, next) && story_step(s)) {
    }
}

/* Goes on to the end and closes the books. */
static inline struct summary story_finish(struct story *s)
{
    struct summary summary;
    while (story_step(s)) {
    }
    run_finish(s->run);
    run_summary(s->run, &summary);
    return summary;
}

static inline void story_end(struct story *s)
{
    assert_int_equal(run_destroy(s->run, NULL), STATUS_OK);
}

static inline int64_t story_violations(const struct story *s, enum invariant invariant)
{
    return story_pipeline(s)->history.counts->violations[invariant];
}

/* The status of an item; "" where there is no item or it has none. Valid until the next call. */
static inline struct text story_status(const struct story *s, struct text date, struct text key)
{
    struct item item;
    return table_peek(story_cloud(s)->table, date, key, &item) ? item_text(item, TEXT("status"))
                                                               : TEXT("");
}

static inline bool story_has(const struct story *s, struct text date, struct text key)
{
    struct item item;
    return table_peek(story_cloud(s)->table, date, key, &item);
}

static inline bool story_locked(const struct story *s)
{
    return story_has(s, TEXT("LOCK#manifest-2026-01-30"), TEXT("LOCK"));
}

/* The ordinal-th call (from 1) at a point, each attempt counted. False where there is none. */
static inline bool story_call(const struct story *s, const char *point, uint64_t ordinal,
                              struct call_row *row)
{
    memset(row, 0, sizeof *row);
    for (uint64_t i = 0; i < run_calls_count(s->run); i++) {
        run_call(s->run, i, row);
        if (text_equal(row->point, text_from(point)) && --ordinal == 0) {
            return true;
        }
    }
    return false;
}

static inline int64_t story_calls(const struct story *s, const char *point)
{
    struct call_row row = {0};
    int64_t count = 0;
    for (uint64_t i = 0; i < run_calls_count(s->run); i++) {
        run_call(s->run, i, &row);
        count += text_equal(row.point, text_from(point));
    }
    return count;
}

#define assert_text(actual, expected)                                                              \
    do {                                                                                           \
        struct text actual_text = (actual);                                                        \
        if (!text_equal(actual_text, text_from(expected))) {                                       \
            fail_msg("\"%.*s\" in place of \"%s\"", (int)actual_text.size, actual_text.at,         \
                     expected);                                                                    \
        }                                                                                          \
    } while (0)

/* cmocka prints integers in hexadecimal; these say what they are about. */
#define assert_number(actual, expected)                                                            \
    do {                                                                                           \
        long long actual_number = (long long)(actual);                                             \
        long long expected_number = (long long)(expected);                                         \
        if (actual_number != expected_number) {                                                    \
            fail_msg("%s is %lld in place of %lld", #actual, actual_number, expected_number);      \
        }                                                                                          \
    } while (0)

#endif

/* test_run.c: a whole run: what 130 files become, that it can be taken back at every event, and
 * that its loop allocates nothing.
 *
 * The world, the table and the trace are hashed after every event; after going back to a snapshot,
 * every hash has to come again. Allocations are counted by the sanitizer's hooks, or by functions
 * of our own in front of the C library's.
 */
#include "model/pipeline/run_snapshot.h"
#include "model/pipeline/run_state.h"

#include "tests/cases.h"

#include <stdlib.h>

/* --- counting allocations
 * ---------------------------------------------------------------------------------- */

static size_t allocations;

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#ifdef SANITIZED
int __sanitizer_install_malloc_and_free_hooks(void (*allocated)(const volatile void *, size_t),
                                              void (*freed)(const volatile void *));

static void count(const volatile void *memory, size_t size)
{
    (void)memory;
    (void)size;
    allocations++;
}

static void ignore(const volatile void *memory)
{
    (void)memory;
}

static void count_allocations(void)
{
    (void)__sanitizer_install_malloc_and_free_hooks(count, ignore);
}
#else
/* NOLINTBEGIN(bugprone-reserved-identifier): the C library's own names for what is replaced here */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

/* NOLINTEND(bugprone-reserved-identifier) */

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    allocations++;
    return __libc_realloc(memory, size);
}

static void count_allocations(void)
{
}
#endif

/* --- a run
 * -------------------------------------------------------------------------------------------------
 */

struct world_under_test {
    struct scenario scenario;
    struct choices choices;
    struct trace trace;
    struct run *run;
};

static void begin_builder(struct world_under_test *w, enum builder builder, uint64_t seed)
{
    struct error error = {.message = ""};
    scenario_init(&w->scenario);
    scenario_apply_builder(&w->scenario, builder);
    w->scenario.name = TEXT("130-files");
    w->scenario.glue.max_concurrent_runs = 13;
    w->scenario.workloads_count = 1;
    w->scenario.workloads[0] = (struct workload){
        .files = 130,
        .over = duration_s(60),
        .size = 3670016,
        .prefix = TEXT("pipeline/input/"),
    };
    choices_init_seeded(&w->choices, cloud_choice_names, CHOICES_COUNT, seed);
    trace_init(&w->trace);
    struct run_options options = {.choices = &w->choices, .trace = &w->trace};
    w->run = run_create(&w->scenario, &options, &error);
    if (w->run == NULL) {
        fail_msg("%s", error.message);
    }
}

static void begin(struct world_under_test *w, uint64_t seed)
{
    begin_builder(w, BUILDER_V3, seed);
}

static void end(struct world_under_test *w)
{
    assert_int_equal(run_destroy(w->run, NULL), STATUS_OK);
}

static bool step(struct world_under_test *w)
{
    struct error error = {.message = ""};
    enum run_state state = run_advance(w->run, 1, &error);
    if (state == RUN_FULL || state == RUN_FAILED) {
        fail_msg("%s", error.message);
    }
    return state == RUN_GOING;
}

/* Everything that a run is, in one number. */
static uint64_t state_hash(struct world_under_test *w)
{
    struct hash128 parts[] = {
        world_hash(&run_pipeline(w->run)->cloud.simulation.world),
        table_hash(run_pipeline(w->run)->cloud.table),
        trace_hash(&w->trace),
    };
    return hash64(parts, sizeof parts, 0);
}

static void the_guide_s_numbers_come_out(void **state)
{
    (void)state;
    static struct world_under_test w;
    begin(&w, 1);
    while (step(&w)) {
    }
    run_finish(w.run);
    struct summary s;
    run_summary(w.run, &s);
    assert_int_equal(s.files.arrived, 130);
    assert_int_equal(s.files.tracked, 130);
    assert_int_equal(s.files.manifested, 130);
    assert_int_equal(s.files.lost, 0);
    assert_int_equal(s.manifests.created, 13);
    assert_int_equal(s.manifests.objects, 13);
    assert_int_equal(s.manifests.records, 13);
    assert_int_equal(s.executions.succeeded, 13);
    assert_int_equal(s.parquet.objects, 13);
    assert_int_equal(run_violations_count(w.run), 0);
    end(&w);
}

static void a_seed_gives_one_run_and_another_seed_another(void **state)
{
    (void)state;
    static struct world_under_test w;
    uint64_t hashes[3];
    const uint64_t seeds[3] = {7, 7, 8};
    for (int i = 0; i < 3; i++) {
        begin(&w, seeds[i]);
        while (step(&w)) {
        }
        hashes[i] = state_hash(&w);
        end(&w);
    }
    assert_true(hashes[0] == hashes[1]);
    assert_true(hashes[0] != hashes[2]);
}

enum { EVENTS_MAX = 20000, AHEAD = 6, FAR_EVERY = 250 };

/* From here on, up to `most` events: every hash is as it was the first time. */
static void compare_ahead(struct world_under_test *w, const uint64_t *hashes, size_t at,
                          size_t most)
{
    for (size_t i = 1; i <= most && hashes[at + i] != 0; i++) {
        (void)step(w);
        if (state_hash(w) != hashes[at + i]) {
            fail_msg("after going back to event %zu, event %zu came out otherwise", at, at + i);
        }
    }
}

static void going_back(enum builder builder)
{
    static struct world_under_test w;
    static uint64_t hashes[EVENTS_MAX + 1];
    struct error error;
    size_t events = 0;
    memset(hashes, 0, sizeof hashes);
    begin_builder(&w, builder, 3);
    do {
        hashes[events++] = state_hash(&w);
        assert_true(events < EVENTS_MAX);
    } while (step(&w));
    end(&w);
    assert_true(events > 1000);
    begin_builder(&w, builder, 3);
    for (size_t at = 0; at + 1 < events; at++) {
        struct run_snapshot *snapshot = run_snapshot_take(w.run, &error);
        assert_non_null(snapshot);
        compare_ahead(&w, hashes, at, at % FAR_EVERY == 0 ? events : AHEAD);
        run_snapshot_restore(w.run, snapshot);
        if (state_hash(&w) != hashes[at]) {
            fail_msg("going back to event %zu did not bring its state", at);
        }
        run_snapshot_release(snapshot);
        (void)step(&w);
    }
    run_snapshots_end(w.run);
    end(&w);
}

static void going_back_brings_every_hash_again(void **state)
{
    (void)state;
    going_back(BUILDER_V3);
}

/* The same with the bus, the stream and its function. */
static void going_back_under_claims_brings_every_hash_again(void **state)
{
    (void)state;
    going_back(BUILDER_V6S);
}

static void the_event_loop_allocates_nothing(void **state)
{
    (void)state;
    static struct world_under_test w;
    begin(&w, 1);
    struct error error = {.message = ""};
    size_t before = allocations;
    assert_true(before > 0);
    enum run_state end_state = run_advance(w.run, UINT64_MAX, &error);
    size_t after = allocations;
    assert_int_equal(end_state, RUN_QUIESCENT);
    assert_int_equal(after - before, 0);
    end(&w);
}

/* A lock and a day-old backlog aside, two idle days hold no event but the sweeper's. */
static void idle_days_cost_nothing(void **state)
{
    (void)state;
    static struct world_under_test w;
    begin(&w, 1);
    w.scenario.until = duration_s(48 * 3600);
    while (step(&w)) {
    }
    struct summary s;
    run_finish(w.run);
    run_summary(w.run, &s);
    assert_int_equal(s.simulated_ns, 48 * 3600 * NS_PER_S);
    assert_true(s.events < 5000);
    end(&w);
}

int main(void)
{
    count_allocations();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_guide_s_numbers_come_out),
        cmocka_unit_test(a_seed_gives_one_run_and_another_seed_another),
        cmocka_unit_test(going_back_brings_every_hash_again),
        cmocka_unit_test(going_back_under_claims_brings_every_hash_again),
        cmocka_unit_test(the_event_loop_allocates_nothing),
        cmocka_unit_test(idle_days_cost_nothing),
    };
    return cmocka_run_group_tests_name("run", tests, NULL, NULL);
}

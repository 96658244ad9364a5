/* test_function.c: environments, their limits and their ends.
 *
 * Some tests invoke the builder by hand, without a batch, which it ends at once; others look at the
 * invocations of a small run.
 */
#include "tests/story.h"

static struct story s;

static bool invoke(void)
{
    struct invocation_request request = {.batch = 0};
    return function_invoke(story_cloud(&s), FUNCTION_BUILDER, &request);
}

static struct invocation_row invocation(uint64_t ordinal)
{
    struct invocation_row row = {0};
    assert_true(ordinal <= run_invocations_count(s.run));
    run_invocation(s.run, ordinal - 1, &row);
    return row;
}

/* One file each `gap_s` seconds, `files` of them, one a batch. */
static void a_file_now_and_then(int64_t files, int64_t gap_s)
{
    story_init(&s);
    story_files(&s, files, 0, duration_s(files * gap_s));
}

/* LAMBDA-CONCURRENCY-1 */
static void more_than_the_reserved_concurrency_is_throttled(void **state)
{
    (void)state;
    a_file_now_and_then(1, 1);
    s.scenario.function.reserved_concurrency = 2;
    story_begin(&s);
    assert_true(invoke());
    assert_true(invoke());
    assert_false(invoke());
    assert_number(story_cloud(&s)->functions.states[FUNCTION_BUILDER].throttled, 1);
    story_until_ms(&s, 0);
    assert_true(invoke());
    story_end(&s);
}

/* LAMBDA-SCALING-1 */
static void only_so_many_environments_start_in_ten_seconds(void **state)
{
    (void)state;
    a_file_now_and_then(1, 1);
    story_files(&s, 1, 9, (struct duration){0});
    story_files(&s, 1, 10, (struct duration){0});
    s.scenario.latency.queue_receive = exactly(duration_s(100));
    s.scenario.function.reserved_concurrency = 0;
    s.scenario.function.scaling_per_10s = 3;
    s.scenario.latency.invoke = exactly(duration_s(60));
    story_begin(&s);
    for (int i = 0; i < 3; i++) {
        assert_true(invoke());
    }
    assert_false(invoke());
    story_until_ms(&s, 9000);
    assert_false(invoke());
    story_until_ms(&s, 10000);
    assert_true(invoke());
    story_end(&s);
}

/* LAMBDA-COLD-1, LAMBDA-ENVIRONMENT-1 */
static void the_first_invocation_is_cold_and_the_next_is_warm(void **state)
{
    (void)state;
    a_file_now_and_then(2, 60);
    s.scenario.function.cold_start = exactly(duration_ms(500));
    s.scenario.latency.invoke = exactly(duration_ms(8));
    story_begin(&s);
    (void)story_finish(&s);
    struct invocation_row first = invocation(1);
    struct invocation_row second = invocation(2);
    assert_true(first.cold);
    assert_false(second.cold);
    assert_number(story_ms(&s, first.started_at), 1000 + 508);
    assert_number(story_ms(&s, second.started_at), 61000 + 8);
    assert_number(second.environment, first.environment);
    story_end(&s);
}

/* LAMBDA-ENVIRONMENT-1 */
static void the_environment_that_was_used_last_is_used_next(void **state)
{
    (void)state;
    a_file_now_and_then(1, 1);
    s.scenario.latency.queue_receive = exactly(duration_s(100));
    story_begin(&s);
    assert_true(invoke());
    assert_true(invoke());
    story_until_ms(&s, 0); /* environment 1 ends, then environment 2 */
    for (int i = 0; i < 3; i++) {
        assert_true(invoke());
        story_until_ms(&s, 0);
    }
    assert_number(run_invocations_count(s.run), 5);
    for (uint64_t i = 3; i <= 5; i++) {
        assert_number(invocation(i).environment, 2);
    }
    story_end(&s);
}

/* LAMBDA-IDLE-1 */
static void an_environment_idle_for_too_long_is_gone(void **state)
{
    (void)state;

    const struct {
        int64_t gap_s;
        bool cold;
    } rows[] = {
        {599, false},
        {600, true },
    };

    for (size_t i = 0; i < 2; i++) {
        a_file_now_and_then(2, rows[i].gap_s);
        s.scenario.function.idle_lifetime = duration_s(600);
        story_begin(&s);
        (void)story_finish(&s);
        assert_int_equal(invocation(2).cold, rows[i].cold);
        assert_number(invocation(2).environment, rows[i].cold ? 2 : 1);
        story_end(&s);
    }
}

/* LAMBDA-TIMEOUT-1 */
static void a_time_out_kills_in_mid_call_and_the_request_still_takes_effect(void **state)
{
    (void)state;
    a_file_now_and_then(1, 1);
    s.scenario.latency.table_write = exactly(duration_s(10));
    s.scenario.function.timeout = duration_s(3);
    s.scenario.queue.max_receive_count = 1;
    story_begin(&s);
    story_until_ms(&s, 4000);
    assert_text(invocation(1).outcome, "timeout");
    assert_number(story_ms(&s, invocation(1).ended_at), 4000);
    assert_text(story_status(&s, TODAY, TEXT("2026-01-30-f0001.ndjson")), "");
    story_until_ms(&s, 6000);
    assert_text(story_status(&s, TODAY, TEXT("2026-01-30-f0001.ndjson")), "pending");
    (void)story_finish(&s);
    struct call_row row = {0};
    assert_true(story_call(&s, "TRACK_FILE", 1, &row));
    assert_number(story_ms(&s, row.effect_at), 6000);
    assert_number(story_ms(&s, row.reply_at), -1);
    assert_number(run_calls_count(s.run), 1);
    story_end(&s);
}

/* LAMBDA-TIMEOUT-1: "a time-out skips the handler's clean-up". */
static void a_killed_environment_is_lost_and_the_next_invocation_is_cold(void **state)
{
    (void)state;
    a_file_now_and_then(3, 60);
    story_fault(&s, FAULT_KILL, "manifest_builder", "TRACK_FILE", 2);
    story_begin(&s);
    (void)story_finish(&s);
    assert_number(invocation(2).environment, 1);
    assert_text(invocation(2).outcome, "killed");
    assert_true(invocation(3).cold);
    assert_number(invocation(3).environment, 2);
    story_end(&s);
}

/* LAMBDA-CLOCK-1 */
static void each_environment_has_a_clock_of_its_own(void **state)
{
    (void)state;
    int64_t least = INT64_MAX;
    int64_t most = INT64_MIN;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        a_file_now_and_then(1, 1);
        s.scenario.function.clock_skew = (struct distribution_spec){
            .kind = DISTRIBUTION_UNIFORM, .a = duration_s(0), .b = duration_s(2)};
        story_begin_seeded(&s, seed);
        (void)story_finish(&s);
        int64_t skew_ns = story_cloud(&s)->functions.environments[0].skew_ns;
        assert_true(skew_ns >= -NS_PER_S && skew_ns <= NS_PER_S);
        least = skew_ns < least ? skew_ns : least;
        most = skew_ns > most ? skew_ns : most;
        /* The record carries the environment's time, not the service's. */
        struct file_row file;
        struct item item;
        char expected[64];
        struct text_writer w = text_writer(expected, sizeof expected);
        run_file(s.run, 0, &file);
        text_put_isoformat(&w, instant_add(file.tracked_at, (struct duration){skew_ns}));
        assert_true(
            table_peek(story_cloud(&s)->table, TODAY, TEXT("2026-01-30-f0001.ndjson"), &item));
        assert_text(item_text(item, TEXT("created_at")), text_writer_string(&w));
        story_end(&s);
    }
    assert_true(least < 0 && most > 0);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, more_than_the_reserved_concurrency_is_throttled);
    CASES_ADD(&cases, only_so_many_environments_start_in_ten_seconds);
    CASES_ADD(&cases, the_first_invocation_is_cold_and_the_next_is_warm);
    CASES_ADD(&cases, the_environment_that_was_used_last_is_used_next);
    CASES_ADD(&cases, an_environment_idle_for_too_long_is_gone);
    CASES_ADD(&cases, a_time_out_kills_in_mid_call_and_the_request_still_takes_effect);
    CASES_ADD(&cases, a_killed_environment_is_lost_and_the_next_invocation_is_cold);
    CASES_ADD(&cases, each_environment_has_a_clock_of_its_own);
    return cases_run("function", &cases);
}

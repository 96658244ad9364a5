/* test_event_source.c: how many batches are under way, and what becomes of them, seen through small
 * runs of the pipeline.
 */
#include "tests/story.h"

static struct story s;

/* Files at once; each record keeps its builder busy for `work_s`, and only time limits builders. */
static void many_files(int64_t files, int64_t work_s)
{
    story_init(&s);
    story_files(&s, files, 0, (struct duration){0});
    s.scenario.max_files_per_manifest = 1000;
    s.scenario.function.work = duration_s(work_s);
    s.scenario.function.timeout = duration_s(900);
    s.scenario.queue.visibility_timeout = duration_s(5400);
    s.scenario.function.reserved_concurrency = 0;
    s.scenario.mapping.maximum_concurrency = 0;
}

static uint32_t active(void)
{
    return story_cloud(&s)->functions.states[FUNCTION_BUILDER].active;
}

/* ESM-SCALE-1 */
static void it_begins_with_the_initial_concurrency(void **state)
{
    (void)state;
    many_files(200, 60);
    s.scenario.mapping.scaling_per_minute = 0;
    story_begin(&s);
    story_until_ms(&s, 500 * 1000);
    assert_number(active(), 5);
    story_end(&s);
}

/* ESM-SCALE-1: nobody's end and no arrival is needed for it. */
static void it_grows_by_so_many_a_minute_while_messages_wait(void **state)
{
    (void)state;
    many_files(200, 60);
    s.scenario.mapping.scaling_per_minute = 6;
    story_begin(&s);
    story_until_ms(&s, 1000);
    assert_number(active(), 5);
    story_until_ms(&s, 10 * 1000 + 1000);
    assert_number(active(), 6);
    story_until_ms(&s, 60 * 1000 + 999);
    assert_number(active(), 10);
    story_until_ms(&s, 60 * 1000 + 1000);
    assert_number(active(), 11);
    story_end(&s);
}

/* ESM-LIMIT-1 */
static void it_stays_below_the_maximum_concurrency(void **state)
{
    (void)state;
    many_files(200, 1);
    s.scenario.mapping.maximum_concurrency = 2;
    story_begin(&s);
    uint32_t most = 0;
    while (story_step(&s)) {
        most = active() > most ? active() : most;
    }
    assert_number(most, 2);
    story_end(&s);
}

/* ESM-LIMIT-1 */
static void it_stays_below_the_service_s_own_limit(void **state)
{
    (void)state;
    many_files(200, 60);
    s.scenario.mapping.concurrency_limit = 7;
    story_begin(&s);
    story_until_ms(&s, 500 * 1000);
    assert_number(active(), 7);
    story_end(&s);
}

static enum call_status refuse(struct cloud *c, struct task *caller, struct call *call)
{
    (void)c;
    (void)caller;
    (void)call;
    return CALL_INVALID;
}

/* ESM-DELETE-1, PIPE-ERRORS-1: the handler says 207, and that is full success. */
static void a_batch_with_errors_of_single_files_is_deleted_whole(void **state)
{
    (void)state;
    story_init(&s);
    story_files(&s, 10, 0, (struct duration){0});
    story_begin(&s);
    story_pipeline(&s)->operations[OPERATION_TRACK_FILE].perform = refuse;
    struct summary summary = story_finish(&s);
    struct invocation_row row = {0};
    run_invocation(s.run, 0, &row);
    assert_number(summary.messages.deleted, 10);
    assert_number(summary.messages.redelivered, 0);
    assert_number(row.errors, 10);
    assert_text(row.outcome, "ok");
    assert_number(summary.files.tracked, 0);
    assert_number(story_violations(&s, INVARIANT_S3), 10);
    story_end(&s);
}

/* ESM-ERROR-1 */
static void nothing_is_deleted_after_a_crash_or_a_time_out(void **state)
{
    (void)state;
    for (int crash = 0; crash <= 1; crash++) {
        story_init(&s);
        story_files(&s, 10, 0, (struct duration){0});
        if (crash) {
            story_fault(&s, FAULT_KILL, "manifest_builder", "TRACK_FILE", 10);
        } else {
            s.scenario.function.work = duration_s(19); /* 10 records take 190 s of 180 */
            s.scenario.queue.max_receive_count = 1;
        }
        story_begin(&s);
        story_until_ms(&s, 200 * 1000);
        struct invocation_row row = {0};
        run_invocation(s.run, 0, &row);
        assert_text(row.outcome, crash ? "killed" : "timeout");
        assert_number(story_cloud(&s)->queue.state->deleted, 0);
        assert_number(story_cloud(&s)->queue.state->in_flight, 10);
        struct summary summary = story_finish(&s);
        assert_number(summary.messages.redelivered, crash ? 10 : 0);
        assert_number(summary.messages.deleted, crash ? 10 : 0);
        assert_number(summary.messages.dead_lettered, crash ? 0 : 10);
        story_end(&s);
    }
}

/* ESM-ERROR-1: at receive + visibility, not at the kill. */
static void the_batch_comes_back_when_its_visibility_ends(void **state)
{
    (void)state;
    story_init(&s);
    story_files(&s, 10, 0, (struct duration){0});
    story_fault(&s, FAULT_KILL, "manifest_builder", "TRACK_FILE", 10);
    story_begin(&s);
    (void)story_finish(&s);
    struct invocation_row row = {0};
    assert_number(run_invocations_count(s.run), 2);
    run_invocation(s.run, 1, &row);
    /* Received at 1 s; 360 s later visible; a poll takes a second. */
    assert_number(story_ms(&s, row.started_at), 362 * 1000);
    assert_text(row.outcome, "ok");
    story_end(&s);
}

/* ESM-THROTTLE-1, ESM-THROTTLE-2: each receive counts though the function never ran. */
static void throttled_invokes_are_tried_until_the_visibility_ends(void **state)
{
    (void)state;
    story_init(&s);
    story_files(&s, 10, 0, (struct duration){0});
    s.scenario.function.scaling_per_10s = 0;
    story_begin(&s);
    story_until_ms(&s, 360 * 1000);
    assert_number(story_cloud(&s)->event_source.state->throttled, 360);
    assert_number(story_cloud(&s)->queue.state->delivered, 10);
    struct summary summary = story_finish(&s);
    assert_number(summary.invocations, 0);
    assert_number(summary.messages.delivered, 30);
    assert_number(summary.messages.dead_lettered, 10);
    story_end(&s);
}

/* ESM-WINDOW-1 */
static void a_short_batch_waits_for_the_batching_window(void **state)
{
    (void)state;
    for (int files = 9; files <= 10; files++) {
        story_init(&s);
        story_files(&s, files, 0, (struct duration){0});
        s.scenario.latency.queue_receive = exactly((struct duration){0});
        s.scenario.mapping.batching_window = duration_s(20);
        story_begin(&s);
        (void)story_finish(&s);
        struct invocation_row row = {0};
        run_invocation(s.run, 0, &row);
        assert_number(story_ms(&s, row.started_at), 20 * 1000);
        assert_number(row.records, files);
        story_end(&s);
    }
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, it_begins_with_the_initial_concurrency);
    CASES_ADD(&cases, it_grows_by_so_many_a_minute_while_messages_wait);
    CASES_ADD(&cases, it_stays_below_the_maximum_concurrency);
    CASES_ADD(&cases, it_stays_below_the_service_s_own_limit);
    CASES_ADD(&cases, a_batch_with_errors_of_single_files_is_deleted_whole);
    CASES_ADD(&cases, nothing_is_deleted_after_a_crash_or_a_time_out);
    CASES_ADD(&cases, the_batch_comes_back_when_its_visibility_ends);
    CASES_ADD(&cases, throttled_invokes_are_tried_until_the_visibility_ends);
    CASES_ADD(&cases, a_short_batch_waits_for_the_batching_window);
    return cases_run("event_source", &cases);
}

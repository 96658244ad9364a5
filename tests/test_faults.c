/* test_faults.c: every kind of fault, told on a story of a file or ten: what becomes of the effect,
 * of the reply, of the SDK's attempts and of the process; when a fault strikes; what is refused;
 * and that every point that is reached is counted.
 *
 * Calls take no time but where a test says so; the builder starts at 1 s, and with the default
 * choices a backoff is half its scale.
 */
#include "tests/story.h"

static struct story s;

static void files(int64_t count)
{
    story_init(&s);
    s.scenario.max_files_per_manifest = count;
    story_files(&s, count, 0, (struct duration){0});
}

/* A fault at the builder, the first time, and the fault itself for what else it takes. */
static struct fault *at(enum fault_kind kind, const char *point)
{
    story_fault(&s, kind, "manifest_builder", point, 1);
    return story_last_fault(&s);
}

static struct fault *at_service(enum fault_kind kind, const char *service, const char *point)
{
    story_fault(&s, kind, service, point, 1);
    return story_last_fault(&s);
}

static struct call_row call(const char *point, uint64_t ordinal)
{
    struct call_row row = {0};
    if (!story_call(&s, point, ordinal, &row)) {
        fail_msg("there is no call %s %d", point, (int)ordinal);
    }
    return row;
}

static struct invocation_row invocation(uint64_t i)
{
    struct invocation_row row = {0};
    assert_true(i < run_invocations_count(s.run));
    run_invocation(s.run, i, &row);
    return row;
}

static int64_t struck(uint64_t fault)
{
    struct fault_row row;
    run_fault(s.run, fault, &row);
    return row.struck;
}

static bool tracked(void)
{
    return story_has(&s, TODAY, TEXT("2026-01-30-f0001.ndjson"));
}

/* --- calls of a process
 * ------------------------------------------------------------------------------------ */

static void a_kill_comes_after_the_effect(void **state)
{
    (void)state;
    files(1);
    (void)at(FAULT_KILL, "TRACK_FILE");
    story_begin(&s);
    story_until_ms(&s, 1000);
    assert_true(tracked());
    assert_text(invocation(0).outcome, "killed");
    (void)story_finish(&s);
    story_end(&s);
}

/* The messages are visible again 360 s after their receive. */
static void a_kill_before_leaves_no_effect(void **state)
{
    (void)state;
    files(1);
    at(FAULT_KILL, "TRACK_FILE")->when = FAULT_WHEN_BEFORE;
    story_begin(&s);
    story_until_ms(&s, 360 * 1000);
    assert_false(tracked());
    assert_text(invocation(0).outcome, "killed");
    struct summary summary = story_finish(&s);
    assert_number(story_ms(&s, call("TRACK_FILE", 1).sent_at), 1000 + 360 * 1000 + 1000);
    assert_number(summary.files.tracked, 1);
    assert_number(struck(0), 1);
    story_end(&s);
}

/* LAMBDA-TIMEOUT-1: the SDK's read time-out of 60 s does not come into it. */
static void a_call_that_hangs_lasts_to_the_function_s_own_time_out(void **state)
{
    (void)state;
    files(1);
    (void)at(FAULT_TIMEOUT, "TRACK_FILE");
    story_begin(&s);
    story_until_ms(&s, 1000);
    assert_true(tracked());
    story_until_ms(&s, 300 * 1000);
    assert_number(story_calls(&s, "TRACK_FILE"), 1);
    assert_number(story_ms(&s, call("TRACK_FILE", 1).reply_at), -1);
    assert_text(invocation(0).outcome, "timeout");
    assert_number(story_ms(&s, invocation(0).ended_at), 181 * 1000);
    (void)story_finish(&s);
    story_end(&s);
}

static void what_hangs_may_have_had_no_effect(void **state)
{
    (void)state;
    files(1);
    at(FAULT_TIMEOUT, "TRACK_FILE")->outcome = FAULT_OUTCOME_LOST;
    story_begin(&s);
    story_until_ms(&s, 300 * 1000);
    assert_false(tracked());
    assert_text(invocation(0).outcome, "timeout");
    (void)story_finish(&s);
    story_end(&s);
}

/* SDK-TIMEOUT-1: a task without a time-out of its own. */
static void a_call_of_an_execution_hangs_for_the_read_time_out(void **state)
{
    (void)state;
    files(1);
    (void)at_service(FAULT_TIMEOUT, "state_machine", "UPDATE_STATUS_PROCESSING");
    story_begin(&s);
    (void)story_finish(&s);
    struct execution_row row;
    run_execution(s.run, 0, &row);
    assert_text(row.error, "timed out");
    assert_number(story_ms(&s, row.ended_at), 61 * 1000);
    story_end(&s);
}

/* SDK-RETRY-2 */
static void a_fault_harms_as_many_attempts_as_it_says(void **state)
{
    (void)state;
    files(1);
    at(FAULT_LOSE_REQUEST, "TRACK_FILE")->attempts = 2;
    story_begin(&s);
    (void)story_finish(&s);
    assert_number(story_calls(&s, "TRACK_FILE"), 1);
    assert_number(call("TRACK_FILE", 1).attempt, 3);
    /* 1 s + 60 s + 25 ms + 60 s + 50 ms */
    assert_number(story_ms(&s, call("TRACK_FILE", 1).sent_at), 121075);
    story_end(&s);
}

/* SDK-RETRY-1 */
static void a_fault_of_all_attempts_uses_them_up(void **state)
{
    (void)state;
    files(1);
    at(FAULT_THROTTLE, "TRACK_FILE")->attempts = 0;
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(story_calls(&s, "TRACK_FILE"), 10);
    assert_number(invocation(0).errors, 1);
    assert_number(summary.files.lost, 1);
    assert_number(struck(0), 1);
    story_end(&s);
}

/* SDK-ERROR-1 */
static void an_internal_error_is_tried_again(void **state)
{
    (void)state;
    files(1);
    (void)at(FAULT_ERROR, "TRACK_FILE");
    story_begin(&s);
    story_until_ms(&s, 1000);
    assert_false(tracked());
    (void)story_finish(&s);
    assert_text(call("TRACK_FILE", 1).outcome, "internal error");
    assert_text(call("TRACK_FILE", 2).outcome, "ok");
    assert_number(story_ms(&s, call("TRACK_FILE", 2).sent_at), 1025);
    story_end(&s);
}

/* SDK-LOST-1: the lock is there, its owner is refused by it. */
static void an_internal_error_may_come_after_the_effect(void **state)
{
    (void)state;
    files(1);
    at(FAULT_ERROR, "ACQUIRE_LOCK")->outcome = FAULT_OUTCOME_APPLIED;
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_text(call("ACQUIRE_LOCK", 1).outcome, "internal error");
    assert_text(call("ACQUIRE_LOCK", 2).outcome, "condition failed");
    assert_number(summary.lock.acquired, 1);
    story_end(&s);
}

/* The run goes on, and nobody waits for it: its end is no reply to a later call. */
static void a_job_whose_start_failed_after_all_runs_for_nobody(void **state)
{
    (void)state;
    files(1);
    s.scenario.workflow.transition = exactly(duration_s(100));
    s.scenario.latency.publish = exactly(duration_s(50));
    at_service(FAULT_ERROR, "state_machine", "START_GLUE_JOB")->outcome = FAULT_OUTCOME_APPLIED;
    story_begin(&s);
    struct summary summary = story_finish(&s);
    struct execution_row row;
    run_execution(s.run, 0, &row);
    assert_text(row.error, "internal error");
    assert_text(row.status, "SUCCEEDED");
    /* At 1 s processing, at 101 s the job, at 201 s failed, at 301 s the alert, 50 s long. */
    assert_number(story_ms(&s, row.ended_at), 351 * 1000);
    assert_number(summary.parquet.objects, 1);
    assert_text(story_status(&s, TODAY, FIRST_MANIFEST), "failed");
    story_end(&s);
}

/* SDK-DENIED-1 */
static void what_is_denied_is_not_tried_again(void **state)
{
    (void)state;
    files(1);
    (void)at(FAULT_REFUSE, "TRACK_FILE");
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(story_calls(&s, "TRACK_FILE"), 1);
    assert_text(call("TRACK_FILE", 1).outcome, "denied");
    assert_number(invocation(0).errors, 1);
    assert_number(summary.files.lost, 1);
    story_end(&s);
}

/* SFN-RETRY-1: the retrier waits for ConcurrentRunsExceeded alone. */
static void a_denied_job_start_is_not_what_the_retrier_is_for(void **state)
{
    (void)state;
    files(1);
    (void)at_service(FAULT_REFUSE, "state_machine", "START_GLUE_JOB");
    story_begin(&s);
    struct summary summary = story_finish(&s);
    struct execution_row row;
    run_execution(s.run, 0, &row);
    assert_text(row.error, "denied");
    assert_number(story_ms(&s, row.ended_at), 1000);
    assert_number(summary.job_runs.started + summary.job_runs.refused, 0);
    story_end(&s);
}

/* SDK-CALL-1 */
static void a_slow_call_takes_effect_half_way_too(void **state)
{
    (void)state;
    files(1);
    at(FAULT_SLOW, "TRACK_FILE")->by = duration_s(20);
    story_begin(&s);
    (void)story_finish(&s);
    struct call_row row = call("TRACK_FILE", 1);
    assert_number(story_ms(&s, row.effect_at), 11 * 1000);
    assert_number(story_ms(&s, call("ACQUIRE_LOCK", 1).sent_at), 21 * 1000);
    story_end(&s);
}

/* SDK-TIMEOUT-1 */
static void a_call_slower_than_the_read_time_out_is_made_again(void **state)
{
    (void)state;
    files(1);
    at(FAULT_SLOW, "TRACK_FILE")->by = duration_s(90);
    story_begin(&s);
    (void)story_finish(&s);
    assert_number(story_ms(&s, call("TRACK_FILE", 1).effect_at), 46 * 1000);
    assert_number(story_ms(&s, call("TRACK_FILE", 2).sent_at), 61025);
    story_end(&s);
    /* And its effect comes before that, however slow it is. */
    files(1);
    at(FAULT_SLOW, "TRACK_FILE")->by = duration_s(1000);
    story_begin(&s);
    (void)story_finish(&s);
    assert_number(story_ms(&s, call("TRACK_FILE", 1).effect_at), 61 * 1000);
    assert_number(story_ms(&s, call("TRACK_FILE", 2).sent_at), 61025);
    story_end(&s);
}

static void a_frozen_process_sends_later(void **state)
{
    (void)state;
    files(1);
    at(FAULT_STALL, "TRACK_FILE")->by = duration_s(30);
    story_begin(&s);
    (void)story_finish(&s);
    assert_number(story_calls(&s, "TRACK_FILE"), 1);
    assert_number(story_ms(&s, call("TRACK_FILE", 1).sent_at), 31 * 1000);
    assert_number(call("TRACK_FILE", 1).attempt, 1);
    story_end(&s);
}

static void a_process_frozen_beyond_its_time_out_sends_nothing(void **state)
{
    (void)state;
    files(1);
    at(FAULT_STALL, "TRACK_FILE")->by = duration_s(200);
    story_begin(&s);
    story_until_ms(&s, 300 * 1000);
    assert_false(tracked());
    assert_text(invocation(0).outcome, "timeout");
    (void)story_finish(&s);
    story_end(&s);
}

/* DDB-READ-1: ten files are pending, and a read of five seconds ago sees none. */
static void a_stale_read_sees_what_was_there(void **state)
{
    (void)state;
    for (int64_t by_s = 0; by_s <= 5; by_s += 5) {
        files(10);
        s.scenario.builder.retry_loop = false;
        if (by_s > 0) {
            story_fault(&s, FAULT_STALE, "manifest_builder", "QUERY_PENDING", 10);
            story_last_fault(&s)->by = duration_s(by_s);
        }
        story_begin(&s);
        struct summary summary = story_finish(&s);
        assert_number(summary.manifests.created, by_s == 0);
        assert_number(summary.files.pending, by_s == 0 ? 0 : 10);
        story_end(&s);
    }
}

/* DDB-GSI-1: of an index, and only as far back as it was told: a file of yesterday that came an
 * hour before is seen. */
static void a_stale_index_hides_what_is_young(void **state)
{
    (void)state;
    for (int64_t by_s = 60; by_s <= 7200; by_s += 7140) {
        files(10);
        s.scenario.workloads[0].files = 1;
        s.scenario.workloads[0].date = TEXT("2026-01-29");
        s.scenario.builder.retry_loop = false;
        story_fault(&s, FAULT_KILL, "manifest_builder", "TRACK_FILE", 1);
        s.scenario.queue.retention = duration_s(360); /* the message is not seen again */
        story_files(&s, 1, 3600, (struct duration){0});
        at(FAULT_STALE, "QUERY_ORPHANS")->by = duration_s(by_s);
        story_begin(&s);
        struct summary summary = story_finish(&s);
        assert_number(summary.manifests.created, by_s == 60);
        story_end(&s);
    }
}

/* --- what services do
 * -------------------------------------------------------------------------------------- */

/* S3-EVENT-1 */
static void a_notification_comes_twice(void **state)
{
    (void)state;
    files(1);
    (void)at_service(FAULT_DUPLICATE, "s3", "NOTIFICATION");
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.messages.sent, 2);
    assert_number(story_calls(&s, "TRACK_FILE"), 2);
    story_end(&s);
}

static void a_notification_is_lost(void **state)
{
    (void)state;
    files(1);
    (void)at_service(FAULT_LOSE, "s3", "NOTIFICATION");
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.messages.sent, 0);
    assert_number(summary.files.lost, 1);
    story_end(&s);
}

static void a_notification_is_late(void **state)
{
    (void)state;
    files(1);
    at_service(FAULT_DELAY, "s3", "NOTIFICATION")->by = duration_s(600);
    story_begin(&s);
    (void)story_finish(&s);
    assert_number(story_ms(&s, call("TRACK_FILE", 1).sent_at), 601 * 1000);
    story_end(&s);
}

/* PIPE-ERRORS-1: the message is deleted, and nothing tells of it. */
static void a_message_that_cannot_be_parsed_is_an_error_and_gone(void **state)
{
    (void)state;
    files(2);
    (void)at_service(FAULT_CORRUPT, "s3", "NOTIFICATION");
    (void)at_service(FAULT_DUPLICATE, "sqs", "DELIVERY");
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(invocation(0).errors, 1);
    assert_number(invocation(0).records, 2);
    assert_number(invocation(1).errors, 1); /* the copy is no better */
    assert_number(summary.messages.deleted, 3);
    assert_number(summary.messages.dead_lettered, 0);
    assert_number(summary.files.tracked, 1);
    assert_number(summary.files.lost, 1);
    story_end(&s);
}

/* SQS-DUPLICATE-1 */
static void a_message_is_delivered_twice(void **state)
{
    (void)state;
    files(1);
    (void)at_service(FAULT_DUPLICATE, "sqs", "DELIVERY");
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.messages.sent, 1);
    assert_number(summary.messages.delivered, 2);
    story_end(&s);
}

static void a_message_stays_hidden_when_its_turn_has_come(void **state)
{
    (void)state;
    files(1);
    at_service(FAULT_DELAY, "sqs", "DELIVERY")->by = duration_s(300);
    story_begin(&s);
    story_until_ms(&s, 200 * 1000);
    assert_number(story_cloud(&s)->queue.state->in_flight, 1);
    struct summary summary = story_finish(&s);
    /* A poll at 1 s, a second one at 302 s. */
    assert_number(story_ms(&s, call("TRACK_FILE", 1).sent_at), 302 * 1000);
    assert_number(summary.messages.delivered, 1);
    assert_number(summary.messages.deleted, 1);
    assert_number(summary.messages.left, 0);
    story_end(&s);
}

static void an_object_is_gone_after_a_while(void **state)
{
    (void)state;
    const char *const objects[] = {"INPUT_OBJECT", "MANIFEST_OBJECT"};
    for (int64_t i = 0; i < 4; i++) {
        files(1);
        s.scenario.glue.max_retries = 0;
        s.scenario.glue.start_up = exactly(duration_s(60));
        at_service(FAULT_EXPIRE, "s3", objects[i % 2])->by = duration_s(i < 2 ? 59 : 62);
        story_begin(&s);
        struct summary summary = story_finish(&s);
        assert_number(summary.job_runs.failed, i < 2);
        story_end(&s);
    }
}

/* LAMBDA-CLOCK-1 */
static void an_environment_s_clock_is_off(void **state)
{
    (void)state;
    for (int64_t by_s = -60; by_s <= 60; by_s += 120) {
        files(1);
        at_service(FAULT_CLOCK_SKEW, "lambda", "ENVIRONMENT")->by = duration_s(by_s);
        story_begin(&s);
        (void)story_finish(&s);
        struct tenure_row row;
        run_tenure(s.run, 0, &row);
        assert_number(story_ms(&s, row.expires_at), (1 + 300 + by_s) * 1000);
        story_end(&s);
    }
}

/* ESM-THROTTLE-2 */
static void an_invoke_is_throttled(void **state)
{
    (void)state;
    files(1);
    (void)at_service(FAULT_THROTTLE, "lambda", "INVOKE");
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.throttled_invocations, 1);
    assert_number(story_ms(&s, call("TRACK_FILE", 1).sent_at), 2000);
    story_end(&s);
}

/* The second invoke is the state machine's, of the updater; its retrier takes any error. */
static void an_invoke_by_a_call_is_refused(void **state)
{
    (void)state;
    files(1);
    scenario_apply_machine(&s.scenario, MACHINE_M3);
    story_fault(&s, FAULT_REFUSE, "lambda", "INVOKE", 2);
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_text(call("BATCH_UPDATE_COMPLETED", 1).outcome, "denied");
    /* 120 s of the job, 5 s of the retrier */
    assert_number(story_ms(&s, call("BATCH_UPDATE_COMPLETED", 2).sent_at), 126 * 1000);
    assert_number(summary.files.completed, 1);
    story_end(&s);
}

/* The execution dies once it has invoked the updater, which goes on by what it was told. */
static void the_updater_outlives_its_execution(void **state)
{
    (void)state;
    files(1);
    scenario_apply_machine(&s.scenario, MACHINE_M3);
    s.scenario.latency.invoke = exactly(duration_s(5));
    (void)at_service(FAULT_KILL, "state_machine", "BATCH_UPDATE_COMPLETED");
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.executions.failed, 1);
    assert_number(summary.files.completed, 1);
    story_end(&s);
}

/* DDB-TTL-5: expired at 301 s, so from 302 s on; 600 s as the story has it, and 1000 more. */
static void a_deletion_by_ttl_is_late(void **state)
{
    (void)state;
    files(1);
    (void)at(FAULT_KILL, "ACQUIRE_LOCK");
    s.scenario.queue.retention = duration_s(360);
    at_service(FAULT_DELAY, "dynamodb", "TTL_DELETION")->by = duration_s(1000);
    s.scenario.until = duration_s(3600);
    story_begin(&s);
    (void)story_finish(&s);
    struct tenure_row row;
    run_tenure(s.run, 0, &row);
    assert_text(row.end, "deleted_by_ttl");
    assert_number(story_ms(&s, row.ended_at), (301 + 600 + 1000) * 1000);
    story_end(&s);
}

/* GLUE-RETRY-1 */
static void a_run_fails_before_or_after_its_output_is_there(void **state)
{
    (void)state;

    const enum fault_when whens[] = {FAULT_WHEN_DEFAULT, FAULT_WHEN_BEFORE, FAULT_WHEN_AFTER};

    for (size_t i = 0; i < 3; i++) {
        files(1);
        at_service(FAULT_FAIL, "glue", "RUN")->when = whens[i];
        story_begin(&s);
        struct summary summary = story_finish(&s);
        assert_number(summary.job_runs.started, 2);
        assert_number(summary.job_runs.failed, 1);
        assert_number(summary.parquet.objects, i < 2 ? 1 : 2);
        assert_number(story_violations(&s, INVARIANT_S5) > 0, i == 2);
        story_end(&s);
    }
}

/* SFN-DELAY-1 */
static void an_execution_starts_late(void **state)
{
    (void)state;
    files(1);
    at_service(FAULT_DELAY, "states", "START")->by = duration_s(10);
    story_begin(&s);
    (void)story_finish(&s);
    assert_number(story_ms(&s, call("UPDATE_STATUS_PROCESSING", 1).sent_at), 11 * 1000);
    story_end(&s);
}

/* EVENTS-ONCE-1 */
static void an_event_on_the_bus_comes_late_twice_or_never(void **state)
{
    (void)state;

    const enum fault_kind kinds[] = {FAULT_DELAY, FAULT_DUPLICATE, FAULT_LOSE};

    const int64_t executions[] = {1, 2, 0};
    for (size_t i = 0; i < 3; i++) {
        files(1);
        scenario_apply_builder(&s.scenario, BUILDER_V6E);
        scenario_apply_machine(&s.scenario, MACHINE_M3);
        s.scenario.bus.delay = exactly(duration_s(1));
        at_service(kinds[i], "eventbridge", "EVENT")->by = duration_s(i == 0 ? 100 : 0);
        story_begin(&s);
        struct summary summary = story_finish(&s);
        assert_number(summary.executions.started, executions[i]);
        if (i == 0) {
            struct execution_row row;
            run_execution(s.run, 0, &row);
            assert_number(story_ms(&s, row.started_at), (1 + 1 + 100) * 1000);
        }
        assert_number(struck(0), 1);
        story_end(&s);
    }
}

/* ESM-STREAM-9: the file's record is one batch; what the creator puts for it, where it makes a
 * manifest, is another. */
static void a_batch_of_the_stream_comes_late_twice_or_never(void **state)
{
    (void)state;

    const enum fault_kind kinds[] = {FAULT_DELAY, FAULT_DUPLICATE, FAULT_LOSE};

    const int64_t invocations[] = {2, 3, 0};
    for (size_t i = 0; i < 3; i++) {
        files(1);
        scenario_apply_builder(&s.scenario, BUILDER_V6S);
        scenario_apply_machine(&s.scenario, MACHINE_NONE);
        at_service(kinds[i], "stream", "BATCH")->by = duration_s(i == 0 ? 100 : 0);
        story_begin(&s);
        (void)story_finish(&s);
        int64_t creators = 0;
        for (uint64_t v = 0; v < run_invocations_count(s.run); v++) {
            creators += !text_equal(invocation(v).function, TEXT("manifest-builder"));
        }
        assert_number(creators, invocations[i]);
        if (i == 0) { /* a window of 30 s, and the fault */
            assert_true(story_ms(&s, invocation(1).started_at) >= 131 * 1000);
            assert_true(story_ms(&s, invocation(1).started_at) < 133 * 1000);
        }
        story_end(&s);
    }
}

/* --- when
 * --------------------------------------------------------------------------------------------------
 */

/* Which of ten files, one every ten seconds from 0 s on, tracked a second later, are throttled. */
static struct when {
    const char *name;
    int64_t occurrence, times, from_s, to_s;
    const char *struck; /* "..x......." */
} whens[] = {
    {"the first time",                       0, 1, 0,  0,  "x........."},
    {"the third time",                       3, 1, 0,  0,  "..x......."},
    {"the third and the two after it",       3, 3, 0,  0,  "..xxx....."},
    {"from the third time on",               3, 0, 0,  0,  "..xxxxxxxx"},
    {"each time in a window",                0, 1, 21, 41, "..xx......"},
    {"each time before the window ends",     0, 1, 0,  21, "xx........"},
    {"each time after it begins",            0, 1, 81, 0,  "........xx"},
    {"the second time in a window",          2, 1, 21, 61, "...x......"},
    {"from the second time in a window on",  2, 0, 21, 61, "...xxx...."},
    {"a fifth time that the window has not", 5, 1, 21, 61, ".........."},
};

static void it_strikes_when_it_is_to(void **state)
{
    const struct when *when = *state;
    story_init(&s);
    story_files(&s, 10, 0, duration_s(100));
    struct fault *fault = at(FAULT_THROTTLE, "TRACK_FILE");
    fault->occurrence = when->occurrence;
    fault->times = when->times;
    fault->from = duration_s(when->from_s);
    fault->to = duration_s(when->to_s);
    story_begin(&s);
    (void)story_finish(&s);
    char seen[] = "..........";
    int64_t count = 0;
    for (uint64_t i = 0; i < run_deviations_count(s.run); i++) {
        struct deviation_row row;
        run_deviation(s.run, i, &row);
        seen[story_ms(&s, row.at) / 10000] = 'x';
        count++;
    }
    assert_string_equal(seen, when->struck);
    assert_number(struck(0), count);
    story_end(&s);
}

static void a_probability_is_drawn_each_time(void **state)
{
    (void)state;
    int64_t of_400 = 0;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        story_init(&s);
        story_files(&s, 100, 0, duration_s(1000));
        struct fault *fault = at(FAULT_THROTTLE, "TRACK_FILE");
        fault->occurrence = 0;
        fault->probability_ppm = 250000;
        story_begin_seeded(&s, seed);
        (void)story_finish(&s);
        of_400 += struck(0);
        story_end(&s);
    }
    assert_in_range(of_400, 65, 135); /* 100, with four standard deviations of 8.7 */
}

static void by_default_no_chance_strikes(void **state)
{
    (void)state;
    files(10);
    struct fault *fault = at(FAULT_THROTTLE, "TRACK_FILE");
    fault->occurrence = 0;
    fault->probability_ppm = 999999;
    story_begin(&s);
    (void)story_finish(&s);
    assert_number(struck(0), 0);
    story_end(&s);
}

static void of_two_faults_at_a_call_the_last_counts(void **state)
{
    (void)state;
    files(1);
    (void)at(FAULT_KILL, "TRACK_FILE");
    (void)at(FAULT_THROTTLE, "TRACK_FILE");
    story_begin(&s);
    (void)story_finish(&s);
    assert_text(call("TRACK_FILE", 1).outcome, "throttled");
    assert_text(invocation(0).outcome, "ok");
    assert_number(run_deviations_count(s.run), 2);
    story_end(&s);
}

static void faults_at_a_service_add_up(void **state)
{
    (void)state;
    files(1);
    (void)at_service(FAULT_DUPLICATE, "s3", "NOTIFICATION");
    at_service(FAULT_DELAY, "s3", "NOTIFICATION")->by = duration_s(10);
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.messages.sent, 2);
    assert_number(story_ms(&s, call("TRACK_FILE", 1).sent_at), 11 * 1000);
    story_end(&s);
}

static void task_stands_for_each_state(void **state)
{
    (void)state;
    files(1);
    story_fault(&s, FAULT_THROTTLE, "state_machine", "TASK", 3);
    story_begin(&s);
    (void)story_finish(&s);
    struct deviation_row row;
    run_deviation(s.run, 0, &row);
    assert_text(row.process, "state_machine");
    assert_text(row.point, "UPDATE_STATUS_COMPLETED");
    assert_text(call("UPDATE_STATUS_COMPLETED", 1).outcome, "throttled");
    story_end(&s);
}

/* --- bad input
 * --------------------------------------------------------------------------------------------- */

#define BUILDER_AT(kind_name, point)                                                               \
    .kind = FAULT_##kind_name, .process = TEXT_OF("manifest_builder"), .at = TEXT_OF(point)
#define TEXT_OF(text)                                                                              \
    {                                                                                              \
        (text), sizeof(text) - 1                                                                   \
    }
#define USUAL .times = 1, .attempts = 1, .calls = 1

static struct wrong {
    const char *name;
    struct fault fault;
    const char *path, *message;
} wrongs[] = {
    {"an unknown process",
     {.kind = FAULT_KILL, .process = TEXT_OF("bilder"), .at = TEXT_OF("A"), USUAL},
     "faults.0.kill",       "no such process or service; there are manifest_builder, state_machine, "               },
    {"an unknown point",
     {BUILDER_AT(KILL, "PUT_MANIFESTS"), USUAL},
     "faults.0.at",         "manifest_builder has no such point; there are COPY_TO_QUARANTINE, TRACK_FILE, "        },
    {"a point of another process",
     {.kind = FAULT_KILL, .process = TEXT_OF("status_updater"), .at = TEXT_OF("TRACK_FILE"), USUAL},
     "faults.0.at",         "status_updater has no such point; there are GET_MANIFEST, QUERY_BATCH, SET_FILE_STATUS"},
    {"a point of a service that has another",
     {.kind = FAULT_LOSE, .process = TEXT_OF("s3"), .at = TEXT_OF("DELIVERY"), USUAL},
     "faults.0.at",         "s3 has no such point; there are NOTIFICATION, INPUT_OBJECT, MANIFEST_OBJECT"           },
    {"a point where a process waits",
     {BUILDER_AT(KILL, "WORK"), USUAL},
     "faults.0.at",         "manifest_builder has no such point"                                                    },
    {"a stale write",
     {BUILDER_AT(STALE, "TRACK_FILE"), .by = {1}, USUAL},
     "faults.0.stale",      "cannot happen there; what can: kill, lose_request, lose_reply, throttle, timeout, error, "
     "refuse, slow, stall"                                                                    },
    {"a kill of a service",
     {.kind = FAULT_KILL, .process = TEXT_OF("glue"), .at = TEXT_OF("RUN"), USUAL},
     "faults.0.kill",       "cannot happen there; what can: fail"                                                   },
    {"a call that is duplicated",
     {BUILDER_AT(DUPLICATE, "TRACK_FILE"), USUAL},
     "faults.0.duplicate",  "cannot happen there"                                                                   },
    {"attempts of a kill",
     {BUILDER_AT(KILL, "TRACK_FILE"), .times = 1, .attempts = 2},
     "faults.0.attempts",   "does not apply to kill"                                                                },
    {"attempts of an invoke",
     {.kind = FAULT_THROTTLE, .process = TEXT_OF("lambda"), .at = TEXT_OF("INVOKE"), .times = 1},
     "faults.0.attempts",   "does not apply to throttle there"                                                      },
    {"when, of a throttle",
     {BUILDER_AT(THROTTLE, "TRACK_FILE"), .when = FAULT_WHEN_BEFORE, USUAL},
     "faults.0.when",       "does not apply to throttle"                                                            },
    {"the outcome of a kill",
     {BUILDER_AT(KILL, "TRACK_FILE"), .outcome = FAULT_OUTCOME_LOST, USUAL},
     "faults.0.outcome",    "does not apply to kill"                                                                },
    {"by, of an error",
     {BUILDER_AT(ERROR, "TRACK_FILE"), .by = {1}, USUAL},
     "faults.0.by",         "does not apply to error"                                                               },
    {"slow by nothing",
     {BUILDER_AT(SLOW, "TRACK_FILE"), USUAL},
     "faults.0.by",         "missing: by how much? Write by: 5s"                                                    },
    {"slow by less than nothing",
     {BUILDER_AT(SLOW, "TRACK_FILE"), .by = {-1}, USUAL},
     "faults.0.by",         "is negative; only a clock_skew can be"                                                 },
    {"a window that ends first",
     {BUILDER_AT(KILL, "TRACK_FILE"), .from = {5}, .to = {5}, USUAL},
     "faults.0.to",         "the window ends before it begins"                                                      },
    {"a probability of an occurrence",
     {BUILDER_AT(KILL, "TRACK_FILE"), .probability_ppm = 1, .occurrence = 1, USUAL},
     "faults.0.occurrence", "a probability excludes it"                                                             },
    {"times in a window",
     {BUILDER_AT(KILL, "TRACK_FILE"), .from = {5}, .times = 2, .attempts = 1, .calls = 1},
     "faults.0.times",      "counts from an occurrence; write occurrence: 1, too"                                   },
};

static void it_is_refused(void **state)
{
    const struct wrong *row = *state;
    char path[64];
    struct error error = {.message = ""};
    files(1);
    s.scenario.faults[s.scenario.faults_count++] = row->fault;
    assert_int_equal(scenario_validate(&s.scenario, path, &error), STATUS_BAD_INPUT);
    assert_string_equal(path, row->path);
    if (strstr(error.message, row->message) != error.message) {
        fail_msg("\"%s\" in place of \"%s\"", error.message, row->message);
    }
}

/* --- points
 * ------------------------------------------------------------------------------------------------
 */

static struct point_row point(const char *process, const char *name)
{
    struct point_row row = {0};
    for (uint64_t i = 0; i < run_points_count(s.run); i++) {
        run_point(s.run, i, &row);
        if (text_equal(row.process, text_from(process)) && text_equal(row.point, text_from(name))) {
            return row;
        }
    }
    fail_msg("%s has no point %s", process, name);
    return row;
}

static void every_point_is_counted(void **state)
{
    (void)state;
    files(10);
    s.scenario.function.work = duration_ms(1);
    story_begin(&s);
    (void)story_finish(&s);
    struct point_row track = point("manifest_builder", "TRACK_FILE");
    assert_number(track.reached, 10);
    assert_text(track.service, "dynamodb");
    assert_text(track.operation, "PutItem");
    assert_number(point("manifest_builder", "WORK").reached, 10); /* a wait */
    assert_text(point("manifest_builder", "WORK").operation, "");
    assert_number(point("manifest_builder", "WORK").kinds, 0);
    assert_number(point("manifest_builder", "MARK_FILE").reached, 10);
    assert_number(point("manifest_builder", "PUT_MANIFEST").reached, 1);
    assert_number(point("manifest_builder", "PUT_REPORT").reached, 0); /* V4 puts one */
    assert_text(point("manifest_builder", "PUT_REPORT").operation, "PutObject");
    assert_number(point("state_machine", "START_GLUE_JOB").reached, 1);
    assert_text(point("state_machine", "SEND_FAILURE_ALERT").service, "sns");
    assert_number(point("s3", "NOTIFICATION").reached, 10);
    assert_number(point("s3", "MANIFEST_OBJECT").reached, 1);
    assert_number(point("lambda", "INVOKE").reached, 1);
    assert_number(point("glue", "RUN").reached, 1);
    story_end(&s);
}

static void a_fault_that_never_strikes_is_told(void **state)
{
    (void)state;
    files(1);
    (void)at(FAULT_KILL, "PUT_REPORT");
    story_begin(&s);
    (void)story_finish(&s);
    struct fault_row row;
    run_fault(s.run, 0, &row);
    assert_text(row.fault, "kill");
    assert_number(row.reached, 0);
    assert_number(row.struck, 0);
    assert_number(run_deviations_count(s.run), 0);
    story_end(&s);
}

/* Runs a date of yesterday to its end, and looks at the points it has reached. */
static void look_at_points(enum builder builder, enum machine machine, enum lock_mode lock)
{
    files(3);
    s.scenario.glue.failure_ppm = machine == MACHINE_M3 ? 1000000 : 0;
    s.scenario.workloads[0].date = TEXT("2026-01-29");
    s.scenario.until = duration_s(7200);
    scenario_apply_builder(&s.scenario, builder);
    scenario_apply_machine(&s.scenario, machine);
    s.scenario.builder.lock = lock == LOCK_CLAIM ? s.scenario.builder.lock : lock;
    story_begin_seeded(&s, 1);
    (void)story_finish(&s);
    for (uint64_t i = 0; i < run_points_count(s.run); i++) {
        struct point_row row;
        run_point(s.run, i, &row);
        if (row.operation.size > 0 && row.kinds == 0) {
            fail_msg("%s at %s, which no fault knows", row.process.at, row.point.at);
        }
    }
    story_end(&s);
}

/* A point at which a call is made bears its operation's name, so that a fault can be put there: of
 * every version of the builder, of the machine and of the lock. */
static void each_call_is_at_a_point_that_faults_know(void **state)
{
    (void)state;
    for (unsigned builder = BUILDER_V0; builder <= BUILDER_V7; builder++) {
        for (unsigned machine = MACHINE_M0; machine <= MACHINE_M7; machine++) {
            look_at_points((enum builder)builder, (enum machine)machine, LOCK_CLAIM);
        }
    }
    for (unsigned lock = LOCK_STRICT; lock <= LOCK_LEASE; lock++) {
        look_at_points(BUILDER_V3, MACHINE_M2, (enum lock_mode)lock);
    }
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, a_kill_comes_after_the_effect);
    CASES_ADD(&cases, a_kill_before_leaves_no_effect);
    CASES_ADD(&cases, a_call_that_hangs_lasts_to_the_function_s_own_time_out);
    CASES_ADD(&cases, what_hangs_may_have_had_no_effect);
    CASES_ADD(&cases, a_call_of_an_execution_hangs_for_the_read_time_out);
    CASES_ADD(&cases, a_fault_harms_as_many_attempts_as_it_says);
    CASES_ADD(&cases, a_fault_of_all_attempts_uses_them_up);
    CASES_ADD(&cases, an_internal_error_is_tried_again);
    CASES_ADD(&cases, an_internal_error_may_come_after_the_effect);
    CASES_ADD(&cases, a_job_whose_start_failed_after_all_runs_for_nobody);
    CASES_ADD(&cases, what_is_denied_is_not_tried_again);
    CASES_ADD(&cases, a_denied_job_start_is_not_what_the_retrier_is_for);
    CASES_ADD(&cases, a_slow_call_takes_effect_half_way_too);
    CASES_ADD(&cases, a_call_slower_than_the_read_time_out_is_made_again);
    CASES_ADD(&cases, a_frozen_process_sends_later);
    CASES_ADD(&cases, a_process_frozen_beyond_its_time_out_sends_nothing);
    CASES_ADD(&cases, a_stale_read_sees_what_was_there);
    CASES_ADD(&cases, a_stale_index_hides_what_is_young);
    CASES_ADD(&cases, a_notification_comes_twice);
    CASES_ADD(&cases, a_notification_is_lost);
    CASES_ADD(&cases, a_notification_is_late);
    CASES_ADD(&cases, a_message_that_cannot_be_parsed_is_an_error_and_gone);
    CASES_ADD(&cases, a_message_is_delivered_twice);
    CASES_ADD(&cases, a_message_stays_hidden_when_its_turn_has_come);
    CASES_ADD(&cases, an_object_is_gone_after_a_while);
    CASES_ADD(&cases, an_environment_s_clock_is_off);
    CASES_ADD(&cases, an_invoke_is_throttled);
    CASES_ADD(&cases, an_invoke_by_a_call_is_refused);
    CASES_ADD(&cases, the_updater_outlives_its_execution);
    CASES_ADD(&cases, a_deletion_by_ttl_is_late);
    CASES_ADD(&cases, a_run_fails_before_or_after_its_output_is_there);
    CASES_ADD(&cases, an_execution_starts_late);
    CASES_ADD(&cases, an_event_on_the_bus_comes_late_twice_or_never);
    CASES_ADD(&cases, a_batch_of_the_stream_comes_late_twice_or_never);
    CASES_ADD_TABLE(&cases, it_strikes_when_it_is_to, whens);
    CASES_ADD(&cases, a_probability_is_drawn_each_time);
    CASES_ADD(&cases, by_default_no_chance_strikes);
    CASES_ADD(&cases, of_two_faults_at_a_call_the_last_counts);
    CASES_ADD(&cases, faults_at_a_service_add_up);
    CASES_ADD(&cases, task_stands_for_each_state);
    CASES_ADD_TABLE(&cases, it_is_refused, wrongs);
    CASES_ADD(&cases, every_point_is_counted);
    CASES_ADD(&cases, a_fault_that_never_strikes_is_told);
    CASES_ADD(&cases, each_call_is_at_a_point_that_faults_know);
    return cases_run("faults", &cases);
}

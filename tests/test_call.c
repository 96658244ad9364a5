/* test_call.c: a call's way there and back, what may go wrong on it, and what the SDK does then.
 *
 * With the default choices a backoff is half its scale, so every instant can be told.
 */
#include "tests/story.h"

static struct story s;

static void one_file(void)
{
    story_init(&s);
    story_files(&s, 1, 0, (struct duration){0});
}

static struct call_row call(const char *point, uint64_t ordinal)
{
    struct call_row row = {0};
    if (!story_call(&s, point, ordinal, &row)) {
        fail_msg("there is no call %s %d", point, (int)ordinal);
    }
    return row;
}

/* SDK-CALL-1 */
static void a_call_takes_effect_half_way(void **state)
{
    (void)state;
    one_file();
    s.scenario.latency.table_write = exactly(duration_ms(10));
    story_begin(&s);
    (void)story_finish(&s);
    struct call_row row = call("TRACK_FILE", 1);
    assert_number(story_ms(&s, row.sent_at), 1000);
    assert_number(story_ms(&s, row.effect_at), 1005);
    assert_number(story_ms(&s, row.reply_at), 1010);
    assert_number(story_ms(&s, call("ACQUIRE_LOCK", 1).sent_at), 1010);
    story_end(&s);
}

/* SDK-TIMEOUT-1: nothing happened, and the caller learns of it after the read time-out. */
static void a_lost_request_is_sent_again_after_the_read_time_out(void **state)
{
    (void)state;
    one_file();
    story_fault(&s, FAULT_LOSE_REQUEST, "manifest_builder", "TRACK_FILE", 1);
    story_begin(&s);
    story_until_ms(&s, 61 * 1000);
    assert_text(story_status(&s, TODAY, TEXT("2026-01-30-f0001.ndjson")), "");
    struct summary summary = story_finish(&s);
    assert_number(story_calls(&s, "TRACK_FILE"), 1);
    struct call_row row = call("TRACK_FILE", 1);
    assert_number(row.attempt, 2);
    /* Sent at 1 s, given up at 61 s, then a backoff of half of 50 ms. */
    assert_number(story_ms(&s, row.sent_at), 61025);
    assert_number(summary.files.tracked, 1);
    story_end(&s);
}

/* SDK-LOST-1, SDK-TIMEOUT-1 */
static void a_lost_reply_leaves_the_effect_and_the_call_is_made_again(void **state)
{
    (void)state;
    one_file();
    story_fault(&s, FAULT_LOSE_REPLY, "manifest_builder", "TRACK_FILE", 1);
    story_begin(&s);
    story_until_ms(&s, 1000);
    assert_text(story_status(&s, TODAY, TEXT("2026-01-30-f0001.ndjson")), "pending");
    (void)story_finish(&s);
    assert_number(story_calls(&s, "TRACK_FILE"), 2);
    assert_number(story_ms(&s, call("TRACK_FILE", 1).reply_at), -1);
    assert_number(story_ms(&s, call("TRACK_FILE", 2).sent_at), 61025);
    assert_text(call("TRACK_FILE", 2).outcome, "ok");
    story_end(&s);
}

/* SDK-LOST-1: nobody who holds the lock is running, and it blocks. */
static void the_owner_of_a_lock_is_refused_by_its_own_lock(void **state)
{
    (void)state;
    story_init(&s);
    story_files(&s, 10, 0, (struct duration){0});
    story_fault(&s, FAULT_LOSE_REPLY, "manifest_builder", "ACQUIRE_LOCK", 10);
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_text(call("ACQUIRE_LOCK", 10).outcome, "ok");
    assert_text(call("ACQUIRE_LOCK", 11).outcome, "condition failed");
    assert_number(call("ACQUIRE_LOCK", 11).attempt, 2);
    assert_number(summary.manifests.created, 0);
    assert_number(summary.files.pending, 10);
    assert_number(summary.lock.left_behind, 1);
    assert_number(story_violations(&s, INVARIANT_L1), 1);
    assert_true(story_locked(&s));
    story_end(&s);
}

/* SDK-RETRY-1 */
static void a_throttled_call_is_made_again_after_a_backoff(void **state)
{
    (void)state;
    one_file();
    story_fault(&s, FAULT_THROTTLE, "manifest_builder", "TRACK_FILE", 1);
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_text(call("TRACK_FILE", 1).outcome, "throttled");
    assert_text(call("TRACK_FILE", 2).outcome, "ok");
    assert_number(story_ms(&s, call("TRACK_FILE", 2).sent_at), 1025);
    assert_number(summary.files.tracked, 1);
    story_end(&s);
}

/* SDK-RETRY-2 */
static void a_backoff_is_anything_up_to_its_scale(void **state)
{
    (void)state;
    int64_t least_ms = 1000;
    int64_t most_ms = -1;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        one_file();
        story_fault(&s, FAULT_THROTTLE, "manifest_builder", "TRACK_FILE", 1);
        story_begin_seeded(&s, seed);
        (void)story_finish(&s);
        int64_t wait_ms = story_ms(&s, call("TRACK_FILE", 2).sent_at) - 1000;
        least_ms = wait_ms < least_ms ? wait_ms : least_ms;
        most_ms = wait_ms > most_ms ? wait_ms : most_ms;
        story_end(&s);
    }
    assert_true(least_ms >= 0 && least_ms <= 5);
    assert_true(most_ms >= 45 && most_ms < 50);
}

static enum call_status throttle(struct cloud *c, struct task *caller, struct call *call)
{
    (void)c;
    (void)caller;
    (void)call;
    return CALL_THROTTLED;
}

/* SDK-RETRY-1: then the handler sees the error, counts it, and the message is deleted. */
static void after_ten_attempts_at_the_table_the_error_is_the_caller_s(void **state)
{
    (void)state;
    one_file();
    story_begin(&s);
    story_pipeline(&s)->operations[OPERATION_TRACK_FILE].perform = throttle;
    struct summary summary = story_finish(&s);
    assert_number(story_calls(&s, "TRACK_FILE"), 10);
    int64_t sent_ms = 1000;
    int64_t wait_ms = 25;
    for (uint64_t i = 1; i <= 10; i++) {
        assert_number(story_ms(&s, call("TRACK_FILE", i).sent_at), sent_ms);
        assert_number(call("TRACK_FILE", i).attempt, i);
        sent_ms += wait_ms;
        wait_ms *= 2;
    }
    struct invocation_row row = {0};
    run_invocation(s.run, 0, &row);
    assert_number(row.errors, 1);
    assert_number(summary.messages.deleted, 1);
    assert_number(summary.files.lost, 1);
    story_end(&s);
}

/* SDK-RETRY-1 */
static void after_five_attempts_at_another_service_the_error_is_the_caller_s(void **state)
{
    (void)state;
    one_file();
    s.scenario.workloads[0].size = 1;
    story_begin(&s);
    story_pipeline(&s)->operations[OPERATION_COPY_TO_QUARANTINE].perform = throttle;
    struct summary summary = story_finish(&s);
    const int64_t sent_ms[] = {1000, 1500, 2500, 4500, 8500};
    assert_number(story_calls(&s, "COPY_TO_QUARANTINE"), 5);
    for (uint64_t i = 0; i < 5; i++) {
        assert_number(story_ms(&s, call("COPY_TO_QUARANTINE", i + 1).sent_at), sent_ms[i]);
    }
    assert_number(summary.files.quarantined, 0);
    story_end(&s);
}

/* SFN-CALL-1 */
static void a_state_machine_makes_its_calls_once(void **state)
{
    (void)state;
    one_file();
    s.scenario.max_files_per_manifest = 1;
    story_begin(&s);
    story_pipeline(&s)->operations[OPERATION_UPDATE_PROCESSING].perform = throttle;
    (void)story_finish(&s);
    struct call_row row = {0};
    int64_t updates = 0;
    for (uint64_t i = 0; i < run_calls_count(s.run); i++) {
        run_call(s.run, i, &row);
        updates += text_equal(row.caller, TEXT("state_machine")) &&
                   text_equal(row.outcome, TEXT("throttled"));
    }
    assert_number(updates, 1);
    story_end(&s);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, a_call_takes_effect_half_way);
    CASES_ADD(&cases, a_lost_request_is_sent_again_after_the_read_time_out);
    CASES_ADD(&cases, a_lost_reply_leaves_the_effect_and_the_call_is_made_again);
    CASES_ADD(&cases, the_owner_of_a_lock_is_refused_by_its_own_lock);
    CASES_ADD(&cases, a_throttled_call_is_made_again_after_a_backoff);
    CASES_ADD(&cases, a_backoff_is_anything_up_to_its_scale);
    CASES_ADD(&cases, after_ten_attempts_at_the_table_the_error_is_the_caller_s);
    CASES_ADD(&cases, after_five_attempts_at_another_service_the_error_is_the_caller_s);
    CASES_ADD(&cases, a_state_machine_makes_its_calls_once);
    return cases_run("call", &cases);
}

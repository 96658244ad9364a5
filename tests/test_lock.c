/* test_lock.c: the forms of the lock that the pipeline never had, each on a story whose instants
 * can be worked out by hand: a dead owner, one that is held up, one that takes long.
 */
#include "tests/story.h"

static struct story s;

static void ten_files(enum lock_mode lock)
{
    story_init(&s);
    scenario_apply_builder(&s.scenario, BUILDER_V4);
    s.scenario.builder.lock = lock;
    s.scenario.workflow.start_delay = exactly(duration_ms(10));
    story_files(&s, 10, 0, (struct duration){0});
}

static void stalled(const char *point, int64_t occurrence, struct duration by)
{
    story_fault(&s, FAULT_STALL, "manifest_builder", point, occurrence);
    s.scenario.faults[s.scenario.faults_count - 1].by = by;
}

static int64_t lock_number(const char *attribute)
{
    struct item item;
    struct value value = value_null();
    int64_t number = -1;
    if (table_peek(story_cloud(&s)->table, TEXT("LOCK#manifest-2026-01-30"), TEXT("LOCK"), &item) &&
        item_get(item, text_from(attribute), &value)) {
        assert_true(number_integer(&value.number, &number));
    }
    return number;
}

static void without_a_lock_nothing_is_asked(void **state)
{
    (void)state;
    ten_files(LOCK_NONE);
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.manifests.created, 1);
    assert_number(story_calls(&s, "ACQUIRE_LOCK") + story_calls(&s, "RELEASE_LOCK"), 0);
    assert_false(story_locked(&s));
    story_end(&s);
}

/* PIPE-LOCK-3: eleven creations, the tenth file's two: the item stays, and counts. */
static void tokens_are_counted_beyond_a_release(void **state)
{
    (void)state;
    ten_files(LOCK_FENCING);
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.manifests.created, 1);
    assert_true(story_locked(&s));
    assert_number(lock_number("fencing_token"), 11);
    assert_number(lock_number("expires_at"), -1);
    assert_number(summary.lock.left_behind, 0);
    struct manifest_row row;
    run_manifest(s.run, 0, &row);
    assert_text(row.key, "manifests/2026-01-30/batch-0001-20260130-050001-t10.json");
    story_end(&s);
}

/* PIPE-LOCK-4: the first owner wakes up behind the second, its next file refuses it, and it sets
 * back what it had marked alone. */
static void a_file_refuses_an_earlier_token(void **state)
{
    (void)state;
    ten_files(LOCK_FENCING);
    s.scenario.lock_ttl = duration_s(2);
    stalled("MARK_FILE", 4, duration_s(60));
    story_files(&s, 3, 10, (struct duration){0});
    story_begin(&s);
    struct summary summary = story_finish(&s);
    struct call_row call = {0};
    assert_number(summary.lock.taken_over, 1);
    assert_number(story_violations(&s, INVARIANT_S7), 1);
    assert_number(story_violations(&s, INVARIANT_S1), 0);
    assert_number(story_violations(&s, INVARIANT_S4), 0);
    /* Three marked before; the second owner marks ten of the other seven and the new three. */
    assert_true(story_call(&s, "MARK_FILE", 14, &call));
    assert_text(call.outcome, "condition failed");
    assert_number(story_calls(&s, "REPEND_FILE"), 4);
    assert_true(story_call(&s, "REPEND_FILE", 3, &call));
    assert_text(call.outcome, "ok");
    assert_number(summary.executions.started, 1);
    assert_number(summary.files.manifested, 10);
    assert_number(summary.files.pending, 3);
    story_end(&s);
}

/* The same story without tokens: the files of the first owner are listed twice. */
static void takeover_alone_does_not_refuse(void **state)
{
    (void)state;
    ten_files(LOCK_TAKEOVER);
    s.scenario.lock_ttl = duration_s(2);
    stalled("MARK_FILE", 4, duration_s(60));
    story_files(&s, 3, 10, (struct duration){0});
    story_begin(&s);
    (void)story_finish(&s);
    assert_number(story_violations(&s, INVARIANT_S7), 1);
    assert_number(story_violations(&s, INVARIANT_S1), 7);
    story_end(&s);
}

/* PIPE-LOCK-5: the owner dies at 1 s; a waiter that begins at 11 s watches to 31 s. */
static void a_lease_is_watched_for_its_whole_length(void **state)
{
    (void)state;
    ten_files(LOCK_LEASE);
    s.scenario.queue.max_receive_count = 1;
    s.scenario.function.clock_skew = exactly(duration_s(3600)); /* is nobody's business */
    story_fault(&s, FAULT_KILL, "manifest_builder", "ACQUIRE_LOCK", 10);
    story_files(&s, 1, 10, (struct duration){0});
    story_begin(&s);
    struct summary summary = story_finish(&s);
    struct call_row call = {0};
    assert_true(story_call(&s, "TAKE_OVER_LOCK", 1, &call));
    assert_number(story_ms(&s, call.sent_at), 31000);
    assert_number(summary.lock.taken_over, 1);
    assert_number(summary.manifests.created, 1);
    assert_number(story_violations(&s, INVARIANT_L3), 0);
    assert_false(story_locked(&s));
    story_end(&s);
}

/* PIPE-LOCK-6: an owner that takes longer than a lease renews it, and the waiter gives up. */
static void a_heartbeat_keeps_a_lease(void **state)
{
    (void)state;
    ten_files(LOCK_LEASE);
    s.scenario.latency.table_write = exactly(duration_s(4)); /* ten marks take 40 s */
    s.scenario.builder.retry_loop = false;
    s.scenario.lock_ttl = duration_s(20); /* counts from the last heartbeat */
    story_files(&s, 1, 95, (struct duration){0});
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_true(story_calls(&s, "RENEW_LOCK") >= 5);
    assert_number(story_calls(&s, "TAKE_OVER_LOCK"), 0);
    assert_number(summary.lock.taken_over, 0);
    assert_number(story_violations(&s, INVARIANT_S7), 0);
    assert_number(story_violations(&s, INVARIANT_L3), 0);
    assert_number(summary.manifests.created, 1);
    story_end(&s);
}

/* PIPE-LOCK-1: acquired at 1 s by an owner that dies, refused at 200 s, taken over at 1000 s: from
 * 302 s on it kept nobody from anything. */
static void an_expired_lock_blocks_nobody(void **state)
{
    (void)state;
    ten_files(LOCK_TAKEOVER);
    s.scenario.queue.max_receive_count = 1;
    s.scenario.builder.retry_loop = false;
    story_fault(&s, FAULT_KILL, "manifest_builder", "ACQUIRE_LOCK", 10);
    story_files(&s, 1, 200, (struct duration){0});
    story_files(&s, 1, 1000, (struct duration){0});
    s.scenario.table.ttl_delay = exactly(duration_s(9000));
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.lock.taken_over, 1);
    assert_number(summary.lock.longest_block.ns, 301 * NS_PER_S);
    story_end(&s);
}

/* PIPE-LOCK-6: held up for longer than the lease, the owner starts nothing any more. */
static void a_lapsed_owner_gives_up_by_itself(void **state)
{
    (void)state;
    ten_files(LOCK_LEASE);
    s.scenario.builder.retry_loop = false; /* the next attempt would take its own lock over */
    stalled("MARK_FILE", 10, duration_s(60));
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.executions.started, 0);
    assert_number(story_calls(&s, "REPEND_FILE"), 10);
    assert_number(story_violations(&s, INVARIANT_S4), 0);
    assert_number(summary.files.pending, 10);
    story_end(&s);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, without_a_lock_nothing_is_asked);
    CASES_ADD(&cases, tokens_are_counted_beyond_a_release);
    CASES_ADD(&cases, a_file_refuses_an_earlier_token);
    CASES_ADD(&cases, takeover_alone_does_not_refuse);
    CASES_ADD(&cases, a_lease_is_watched_for_its_whole_length);
    CASES_ADD(&cases, a_heartbeat_keeps_a_lease);
    CASES_ADD(&cases, an_expired_lock_blocks_nobody);
    CASES_ADD(&cases, a_lapsed_owner_gives_up_by_itself);
    return cases_run("locks", &cases);
}

/* test_operator_check_locks.c: check-locks on locks of every age: what it prints, what it deletes,
 * and the lock that it should not have. Each row of a table is run as the script is and as it
 * should be.
 */
#include "tests/operator_story.h"

static struct story s;

static int64_t now_s(void)
{
    return instant_epoch_seconds(cloud_now(story_cloud(&s)));
}

static void begin(enum builder builder)
{
    operator_story_init(&s);
    scenario_apply_builder(&s.scenario, builder);
    story_files(&s, 1, 86400, (struct duration){0});
    story_begin(&s);
}

/* --- one lock (PIPE-TOOLS-2)
 * --------------------------------------------------------------------------------------- */

/* The script calls a lock expired when its ttl is now; the builder takes it a second later. */
static const struct age_row {
    const char *name;
    int64_t age_s; /* of the expiry */
    const char *line, *state;
    int64_t shown, truth, cleared;
} ages[] = {
    {"a lock of 5 minutes",            -300, "check-locks --clear-expired",         "Active (300 s left)",  0, 0, 0},
    {"... as it should be",            -300, "check-locks --clear-expired --fixed", "Active (300 s left)",  0,
     0,                                                                                                           0},
    {"a lock in its last second",      0,    "check-locks --clear-expired",         "EXPIRED (0 s ago)",    1, 0, 1},
    {"... is not expired",             0,    "check-locks --clear-expired --fixed", "Active (0 s left)",    0, 0, 0},
    {"a lock a second beyond its ttl", 1,    "check-locks --clear-expired",         "EXPIRED (1 s ago)",    1, 1,
     1                                                                                                             },
    {"... may be taken",               1,    "check-locks --clear-expired --fixed", "EXPIRED (1 s ago)",    1, 1, 1},
    {"a lock left for hours",          7200, "check-locks",                         "EXPIRED (7200 s ago)", 1, 1, 0},
};

static void test_age(void **state)
{
    const struct age_row *row = *state;
    begin(BUILDER_V3);
    put_lock(&s, TEXT("LOCK#manifest-2026-01-30"), now_s() - row->age_s);
    operate(&s, row->line);
    assert_exit(&s, 0, 0);
    assert_says(&s, 0, "Lock #1\n  Lock Date:  manifest-2026-01-30\n");
    assert_says(&s, 0, row->state);
    assert_figure(&s, 0, "locks", 1, 1);
    assert_figure(&s, 0, "expired locks", row->shown, row->truth);
    assert_int_equal(story_locked(&s), row->cleared == 0);
    assert_int_equal(output_has(&s, 0, "Stuck locks: 1 of 1 expired"), row->shown == 1);
    if (strstr(row->line, "--clear-expired") != NULL) {
        assert_figure(&s, 0, "locks cleared", row->cleared, row->cleared);
    }
    assert_int_equal(story_violations(&s, INVARIANT_O), row->shown != row->truth);
    story_end(&s);
}

static void test_the_owner_is_never_told(void **state)
{
    (void)state;
    begin(BUILDER_V3);
    put_lock(&s, TEXT("LOCK#manifest-2026-01-30"), now_s() + 10);
    operate(&s, "check-locks");
    operate(&s, "check-locks --fixed");
    assert_says(&s, 0, "Lock Owner: N/A\n");
    assert_says(&s, 1, "Lock Owner: [$LATEST]environment-0001_1\n");
    assert_says(&s, 0, "TTL:        1769749210 (2026-01-30T05:00:10Z)\n  Now:        1769749200\n");
    story_end(&s);
}

static void test_without_locks_all_is_healthy(void **state)
{
    (void)state;
    begin(BUILDER_V3);
    operate(&s, "check-locks --clear-expired");
    assert_exit(&s, 0, 0);
    assert_says(&s, 0, "No locks. The pipeline is healthy.\n");
    assert_says(&s, 0, "Cleared 0 expired locks.\n");
    assert_figure(&s, 0, "nothing to do", 1, 1);
    story_end(&s);
}

/* The last one, active, stays; each delete is a command of its own. */
static void test_every_expired_lock_is_deleted_and_no_other(void **state)
{
    (void)state;
    operator_story_init(&s);
    s.scenario.cli.call_time = duration_ms(600); /* SDK-CLI-5 */
    story_files(&s, 1, 86400, (struct duration){0});
    story_begin(&s);
    put_lock(&s, TEXT("LOCK#manifest-2026-01-27"), now_s() - 500);
    put_lock(&s, TEXT("LOCK#manifest-2026-01-28"), now_s() - 100);
    put_lock(&s, TEXT("LOCK#manifest-2026-01-30"), now_s() + 100);
    operate(&s, "check-locks --clear-expired");
    assert_says(&s, 0, "Cleared 2 expired locks.\n");
    assert_says(&s, 0, "deleted LOCK#manifest-2026-01-27\n");
    assert_figure(&s, 0, "locks", 3, 3);
    assert_true(story_locked(&s));
    assert_int_equal(story_ms(&s, tool_row(&s, 0).ended_at), 6 * 600);
    assert_int_equal(story_calls(&s, "DELETE_LOCK"), 2);
    story_end(&s);
}

/* --- pending files
 * ------------------------------------------------------------------------------------------- */

/* The index's "pending" has the manifests' records in it and no shards (F56). */
static const struct pending_row {
    const char *name;
    enum builder builder;
    const char *status, *line;
    int64_t shown;
} pendings[] = {
    {"12 pending files and a record", BUILDER_V3, "pending",   "check-locks",         13},
    {"... without the record",        BUILDER_V3, "pending",   "check-locks --fixed", 12},
    {"12 pending files in a shard",   BUILDER_V6, "pending#3", "check-locks",         1 },
    {"... are looked for in each",    BUILDER_V6, "pending#3", "check-locks --fixed", 12},
};

static void test_pending(void **state)
{
    const struct pending_row *row = *state;
    begin(row->builder);
    put_files(&s, 12, TODAY, text_from(row->status), 0);
    put_item(&s, &(struct put){.date = TODAY, .key = FIRST_MANIFEST, .status = TEXT("pending")});
    operate(&s, row->line);
    assert_figure(&s, 0, "pending files", row->shown, 12);
    assert_int_equal(output_has(&s, 0, "WARNING: 10 or more files are pending"), row->shown >= 10);
    story_end(&s);
}

/* --- errors
 * --------------------------------------------------------------------------------------------------
 */

/* SDK-CLI-1: three attempts; SDK-CLI-3: what reads the answer fails without one. */
static void test_without_an_answer_it_ends_with_1(void **state)
{
    (void)state;
    operator_story_init(&s);
    story_fault(&s, FAULT_THROTTLE, "operator", "SCAN_LOCKS", 1);
    story_last_fault(&s)->attempts = 0;
    story_files(&s, 1, 86400, (struct duration){0});
    story_begin(&s);
    operate(&s, "check-locks");
    assert_exit(&s, 0, 1);
    assert_int_equal(story_calls(&s, "SCAN_LOCKS"), 3);
    assert_silent(&s, 0, "healthy");
    story_end(&s);
}

static void test_a_failed_delete_is_told_and_ends_with_0(void **state)
{
    (void)state;
    operator_story_init(&s);
    story_fault(&s, FAULT_THROTTLE, "operator", "DELETE_LOCK", 1);
    story_last_fault(&s)->attempts = 0;
    story_files(&s, 1, 86400, (struct duration){0});
    story_begin(&s);
    put_lock(&s, TEXT("LOCK#manifest-2026-01-30"), now_s() - 500);
    operate(&s, "check-locks --clear-expired");
    assert_exit(&s, 0, 0);
    assert_says(&s, 0, "FAILED  LOCK#manifest-2026-01-30\n");
    assert_figure(&s, 0, "locks cleared", 0, 0);
    assert_true(story_locked(&s));
    story_end(&s);
}

/* Whoever has no name for STS gets nowhere. */
static void test_without_an_identity_nothing_is_done(void **state)
{
    (void)state;
    operator_story_init(&s);
    story_fault(&s, FAULT_REFUSE, "operator", "GET_CALLER_IDENTITY", 1);
    story_files(&s, 1, 86400, (struct duration){0});
    story_begin(&s);
    operate(&s, "check-locks");
    assert_exit(&s, 0, 254);
    assert_int_equal(tool_row(&s, 0).output.size, 0);
    assert_int_equal(story_calls(&s, "SCAN_LOCKS"), 0);
    story_end(&s);
}

/* The locks lie behind the first megabyte: the CLI pages by itself (SDK-CLI-2). */
static void test_a_scan_goes_through_all_pages(void **state)
{
    (void)state;
    begin(BUILDER_V3);
    put_files(&s, 300, TODAY, TEXT("manifested"), 8192);
    for (int64_t day = 10; day < 30; day++) {
        char key[] = "LOCK#manifest-2026-01-00";
        key[sizeof key - 3] = (char)('0' + day / 10);
        key[sizeof key - 2] = (char)('0' + day % 10);
        put_lock(&s, text_from(key), now_s() - 5);
    }
    operate(&s, "check-locks");
    assert_figure(&s, 0, "locks", 20, 20);
    assert_int_equal(story_calls(&s, "SCAN_LOCKS"), 3);
    story_end(&s);
}

/* --- the gap between scan and delete (F9)
 * ---------------------------------------------------------------------- */

/* A builder dies with the lock at 0:01, and the lock expires at 5:01. Everybody takes his time: a
 * read takes 20 s and so does what the operator does in between. The tool scans again from 7:00 to
 * 7:20 and deletes at 7:40. At 7:22 a file comes, and the next builder takes the lock over and
 * reads until 7:43. At 7:41 one more file comes: its builder finds no lock, while the other one
 * still works. */
static void race(const char *line)
{
    operator_story_init(&s);
    s.scenario.queue.visibility_timeout = duration_s(3600);
    s.scenario.latency.table_query = exactly(duration_s(20));
    s.scenario.cli.call_time = duration_s(20);
    story_fault(&s, FAULT_KILL, "manifest_builder", "QUERY_PENDING", 1);
    story_files(&s, 1, 0, (struct duration){0});
    story_files(&s, 1, 442, (struct duration){0});
    story_files(&s, 1, 461, (struct duration){0});
    (void)story_operator(&s, 300000, line);
    s.scenario.until = duration_s(3000);
    story_begin(&s);
    (void)story_finish(&s);
}

static void test_a_live_lock_is_deleted(void **state)
{
    (void)state;
    race("check-locks --clear-expired");
    struct tenure_row row = {.acquired_at = {0}};
    run_tenure(s.run, 1, &row);
    assert_text(row.end, "deleted");
    assert_exit(&s, 0, 0);
    assert_says(&s, 0, "Cleared 1 expired locks.\n");
    assert_figure(&s, 0, "live locks deleted", 0, 1);
    assert_int_equal(story_violations(&s, INVARIANT_S7), 1);
    assert_true(story_violations(&s, INVARIANT_O) >= 1);
    story_end(&s);
}

static void test_as_it_should_be_it_stays(void **state)
{
    (void)state;
    race("check-locks --clear-expired --fixed");
    struct tenure_row row = {.acquired_at = {0}};
    run_tenure(s.run, 1, &row);
    assert_text(row.end, "released");
    assert_says(&s, 0, "FAILED  LOCK#manifest-2026-01-30\n");
    assert_figure(&s, 0, "live locks deleted", 0, 0);
    assert_int_equal(story_violations(&s, INVARIANT_S7), 0);
    story_end(&s);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, test_age, ages);
    CASES_ADD_TABLE(&cases, test_pending, pendings);
    CASES_ADD(&cases, test_the_owner_is_never_told);
    CASES_ADD(&cases, test_without_locks_all_is_healthy);
    CASES_ADD(&cases, test_every_expired_lock_is_deleted_and_no_other);
    CASES_ADD(&cases, test_without_an_answer_it_ends_with_1);
    CASES_ADD(&cases, test_a_failed_delete_is_told_and_ends_with_0);
    CASES_ADD(&cases, test_without_an_identity_nothing_is_done);
    CASES_ADD(&cases, test_a_scan_goes_through_all_pages);
    CASES_ADD(&cases, test_a_live_lock_is_deleted);
    CASES_ADD(&cases, test_as_it_should_be_it_stays);
    return cases_run("operator_check_locks", &cases);
}

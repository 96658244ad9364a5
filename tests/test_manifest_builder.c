/* test_manifest_builder.c: how files are lost, doubled or left waiting by the builder's logic;
 * which files it takes, for which date, and when they make a manifest.
 */
#include "tests/story.h"

static struct story s;

static void ten_files(enum builder builder)
{
    story_init(&s);
    scenario_apply_builder(&s.scenario, builder);
    story_files(&s, 10, 0, (struct duration){0});
}

static int64_t files_with_status(const char *status)
{
    int64_t count = 0;
    for (uint64_t i = 0; i < run_files_count(s.run); i++) {
        struct file_row row = {0};
        run_file(s.run, i, &row);
        count += text_equal(row.status, text_from(status));
    }
    return count;
}

/* --- the lock
 * ------------------------------------------------------------------------------------------------
 */

/* PIPE-LOCK-1, SDK-LOST-1: an expired lock is taken over by the next arrival, and by nothing else.
 */
static void a_lock_that_its_owner_was_refused_by_ends_with_the_next_arrival(void **state)
{
    (void)state;
    ten_files(BUILDER_V3);
    story_files(&s, 1, 200, (struct duration){0});
    story_files(&s, 1, 600, (struct duration){0});
    story_fault(&s, FAULT_LOSE_REPLY, "manifest_builder", "ACQUIRE_LOCK", 10);
    story_begin(&s);
    story_until_ms(&s, 599 * 1000);
    assert_true(story_locked(&s));
    assert_number(story_pipeline(&s)->history.counts->manifest_puts, 0);
    struct summary summary = story_finish(&s);
    assert_number(summary.lock.taken_over, 1);
    assert_number(summary.manifests.created, 1);
    assert_number(summary.files.pending, 2); /* 12 files, one manifest */
    assert_number(story_violations(&s, INVARIANT_S7), 0);
    story_end(&s);
}

struct expiry_row {
    const char *name;
    enum lock_mode lock;
    int64_t again_s; /* acquired at 1 s with a ttl of 301; a poll takes a second */
    int64_t taken_over;
};

static const struct expiry_row expiry_rows[] = {
    {"in the second of its ttl a lock still holds",      LOCK_TAKEOVER, 301, 0},
    {"in the second after its ttl a lock is taken over", LOCK_TAKEOVER, 302, 1},
    {"a strict lock is not taken over",                  LOCK_STRICT,   302, 0},
};

/* PIPE-LOCK-1: the comparison is of whole seconds and strict. */
static void an_expired_lock(void **state)
{
    const struct expiry_row *row = *state;
    ten_files(BUILDER_V3);
    s.scenario.builder.lock = row->lock;
    s.scenario.builder.retry_loop = false; /* a single attempt */
    s.scenario.queue.max_receive_count = 1;
    story_files(&s, 1, row->again_s - 1, (struct duration){0});
    story_fault(&s, FAULT_KILL, "manifest_builder", "ACQUIRE_LOCK", 10);
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.lock.taken_over, row->taken_over);
    assert_number(summary.manifests.created, row->taken_over);
    assert_number(summary.lock.refused, 1 - row->taken_over);
    story_end(&s);
}

/* PIPE-LOCK-2: the owner lives longer than its lock; nothing tells it. */
static void a_lock_taken_from_a_living_owner_means_two_manifests(void **state)
{
    (void)state;
    ten_files(BUILDER_V3);
    s.scenario.lock_ttl = duration_s(2);
    s.scenario.latency.bucket_put = exactly(duration_s(20)); /* effect after 10 s */
    story_files(&s, 1, 5, (struct duration){0});
    story_begin(&s);
    story_until_ms(&s, 6000); /* the second builder has taken it over */
    assert_number(story_pipeline(&s)->history.counts->lock_taken_over, 1);
    assert_number(story_violations(&s, INVARIANT_S7), 1);
    struct summary summary = story_finish(&s);
    assert_number(summary.manifests.created, 2);
    assert_number(story_violations(&s, INVARIANT_S1), 10);
    assert_number(story_violations(&s, INVARIANT_S5), 10);
    /* The first owner's release was refused, the second's was not. */
    struct call_row row = {0};
    assert_true(story_call(&s, "RELEASE_LOCK", 10, &row));
    assert_text(row.outcome, "condition failed");
    assert_false(story_locked(&s));
    assert_number(summary.lock.left_behind, 0);
    story_end(&s);
}

static enum call_status refuse(struct cloud *c, struct task *caller, struct call *call)
{
    (void)c;
    (void)caller;
    (void)call;
    return CALL_INVALID;
}

/* PIPE-LOCK-2: the first file's release fails, and the lock stays to its ttl. */
static void a_release_that_fails_leaves_the_lock_behind(void **state)
{
    (void)state;
    ten_files(BUILDER_V3);
    story_begin(&s);
    story_pipeline(&s)->operations[OPERATION_RELEASE_LOCK].perform = refuse;
    struct summary summary = story_finish(&s);
    assert_number(summary.lock.acquired, 1);
    assert_number(summary.lock.left_behind, 1);
    assert_number(summary.manifests.created, 0);
    assert_true(story_locked(&s));
    story_end(&s);
}

/* --- deliveries
 * ------------------------------------------------------------------------------------------------
 */

/* PIPE-TRACK-1, SQS-DUPLICATE-1: a second delivery makes a manifested file pending again. */
static void a_message_delivered_twice_makes_its_file_pending_again(void **state)
{
    (void)state;
    ten_files(BUILDER_V3);
    s.scenario.queue.duplicate_ppm = 1000000;
    s.scenario.queue.max_receive_count = 2;
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.messages.delivered, 20);
    assert_number(summary.messages.dead_lettered, 10);
    assert_number(summary.files.tracked, 10);
    assert_number(summary.manifests.created, 2);
    assert_number(summary.files.duplicated, 10);
    assert_number(story_violations(&s, INVARIANT_S5), 10);
    story_end(&s);
}

/* PIPE-TRACK-2: with a conditional track it does not. */
static void a_conditional_track_leaves_a_manifested_file_alone(void **state)
{
    (void)state;
    ten_files(BUILDER_V3);
    s.scenario.builder.track_if_absent = true;
    s.scenario.queue.duplicate_ppm = 1000000;
    s.scenario.queue.max_receive_count = 2;
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.messages.delivered, 20);
    assert_number(summary.manifests.created, 1);
    assert_number(summary.files.duplicated, 0);
    story_end(&s);
}

/* PIPE-READ-1: whoever has the lock next reads a replica that has not seen the marks: at 6 s
 * the eleventh file makes the manifest, and 100 and 200 ms later another two of the same files. */
static void a_stale_read_at_hand_over_puts_files_into_more_than_one_manifest(void **state)
{
    (void)state;
    ten_files(BUILDER_V3);
    story_files(&s, 1, 5, (struct duration){0});
    s.scenario.table.replica_lag = exactly(duration_ms(250));
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.manifests.created, 3);
    assert_number(summary.executions.started, 3);
    assert_number(story_violations(&s, INVARIANT_S1), 10);
    story_end(&s);
}

/* PIPE-LOOP-1: three attempts within a second, then the file's builder goes away. */
static void a_lock_that_is_held_is_tried_three_times_half_a_second_apart(void **state)
{
    (void)state;
    ten_files(BUILDER_V3);
    s.scenario.latency.bucket_put = exactly(duration_s(20));
    story_files(&s, 1, 3, (struct duration){0});
    story_begin(&s);
    story_until_ms(&s, 10 * 1000);
    struct call_row row = {0};
    for (uint64_t i = 0; i < 3; i++) {
        assert_true(story_call(&s, "ACQUIRE_LOCK", 11 + i, &row));
        assert_text(row.outcome, "condition failed");
        assert_number(story_ms(&s, row.sent_at), 4000 + 500 * (int64_t)i);
    }
    assert_false(story_call(&s, "ACQUIRE_LOCK", 14, &row));
    struct invocation_row invocation;
    run_invocation(s.run, 1, &invocation);
    assert_text(invocation.outcome, "ok");
    story_end(&s);
}

/* PIPE-POISON-1, PIPE-RECORDS-1: with M0 for good; V4 skips the record. */
static void a_record_that_stays_pending_stops_v3_and_not_v4(void **state)
{
    (void)state;
    for (enum builder builder = BUILDER_V3; builder <= BUILDER_V4; builder++) {
        ten_files(builder);
        scenario_apply_machine(&s.scenario, MACHINE_M0);
        story_files(&s, 10, 1000, (struct duration){0});
        story_begin(&s);
        struct summary summary = story_finish(&s);
        assert_number(summary.manifests.created, builder == BUILDER_V3 ? 1 : 2);
        assert_number(files_with_status("pending"), builder == BUILDER_V3 ? 10 : 0);
        assert_number(story_violations(&s, INVARIANT_L1), builder == BUILDER_V3);
        story_end(&s);
    }
}

/* PIPE-VARIANTS-1 */
static void v4_reports_each_invocation_and_v3_does_not(void **state)
{
    (void)state;
    for (enum builder builder = BUILDER_V3; builder <= BUILDER_V4; builder++) {
        ten_files(builder);
        story_begin(&s);
        (void)story_finish(&s);
        assert_number(story_calls(&s, "PUT_REPORT"), builder == BUILDER_V4);
        story_end(&s);
    }
}

/* --- which files, and which date
 * ------------------------------------------------------------------------------------------------
 */

struct size_row {
    const char *name;
    enum preset preset;
    int64_t size;
    bool quarantined;
};

/* 10 MB +- 99 % and 3.5 MB +- 10 %, of 2^20 bytes, both ends included. */
static const struct size_row size_rows[] = {
    {"dev takes no file of 104857 bytes",   PRESET_DEV,  104857,   true },
    {"dev takes a file of 104858 bytes",    PRESET_DEV,  104858,   false},
    {"dev takes a file of 20866662 bytes",  PRESET_DEV,  20866662, false},
    {"dev takes no file of 20866663 bytes", PRESET_DEV,  20866663, true },
    {"prod takes no file of 3303014 bytes", PRESET_PROD, 3303014,  true },
    {"prod takes a file of 3303015 bytes",  PRESET_PROD, 3303015,  false},
    {"prod takes a file of 4037017 bytes",  PRESET_PROD, 4037017,  false},
    {"prod takes no file of 4037018 bytes", PRESET_PROD, 4037018,  true },
};

/* PIPE-VALIDATE-1: what is out of the band is copied, and no record tells of it. */
static void the_size_band(void **state)
{
    const struct size_row *row = *state;
    story_init(&s);
    struct scenario of_preset;
    scenario_init(&of_preset);
    scenario_apply_preset(&of_preset, row->preset);
    s.scenario.expected_size = of_preset.expected_size;
    s.scenario.size_tolerance_percent = of_preset.size_tolerance_percent;
    story_files(&s, 1, 0, (struct duration){0});
    s.scenario.workloads[0].size = row->size;
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.files.quarantined, row->quarantined);
    assert_number(summary.files.tracked, !row->quarantined);
    assert_number(table_count(story_cloud(&s)->table), !row->quarantined);
    assert_number(story_cloud(&s)->buckets.counts->puts[BUCKET_QUARANTINE], row->quarantined);
    assert_number(summary.messages.deleted, 1);
    story_end(&s);
}

/* PIPE-VALIDATE-1: where the band ends at whole bytes, both belong to it. */
static void both_ends_of_the_size_band_are_accepted(void **state)
{
    (void)state;
    for (int64_t size = 89; size <= 111; size++) {
        story_init(&s);
        s.scenario.expected_size = 100;
        s.scenario.size_tolerance_percent = 10;
        story_files(&s, 1, 0, (struct duration){0});
        s.scenario.workloads[0].size = size;
        story_begin(&s);
        assert_number(story_finish(&s).files.quarantined, size == 89 || size == 111);
        story_end(&s);
    }
}

struct date_row {
    const char *name;
    const char *prefix, *in_name;
    const char *date;
};

static const struct date_row date_rows[] = {
    {"a date in the name",                   "input/",            "2026-01-29",  "2026-01-29"},
    {"a folder's date wins over the name's", "input/2026-01-28/", "2026-01-29",  "2026-01-28"},
    {"without a date it is today's",         "input/",            "undated",     "2026-01-30"},
    {"any digits do",                        "input/",            "9999-99-99",  "9999-99-99"},
    {"the first four digits that fit",       "input/",            "12026-01-31", "2026-01-31"},
    {"two digits are not a year",            "input/",            "26-01-29",    "2026-01-30"},
};

/* PIPE-DATE-1 */
static void the_date_of_a_file(void **state)
{
    const struct date_row *row = *state;
    struct file_row file;
    story_init(&s);
    story_files(&s, 1, 0, (struct duration){0});
    s.scenario.workloads[0].prefix = text_from(row->prefix);
    s.scenario.workloads[0].date = text_from(row->in_name);
    story_begin(&s);
    (void)story_finish(&s);
    run_file(s.run, 0, &file);
    assert_text(file.date, row->date);
    story_end(&s);
}

/* PIPE-CREATE-2 */
static void an_earlier_date_needs_one_file_and_today_needs_ten(void **state)
{
    (void)state;

    const struct {
        const char *date;
        int64_t files, manifests, last;
    } rows[] = {
        {"2026-01-29", 1,  1, 1 },
        {"2026-01-29", 11, 2, 1 },
        {"2026-01-30", 9,  0, 0 },
        {"2026-01-30", 19, 1, 10},
        {"2026-01-31", 9,  0, 0 },
        {"2026-01-31", 10, 1, 10},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        /* The files are there before a builder looks at the date: one batch, and one call. */
        story_init(&s);
        story_files(&s, rows[i].files, 0, (struct duration){0});
        s.scenario.workloads[0].date = text_from(rows[i].date);
        s.scenario.function.reserved_concurrency = 1;
        story_begin(&s);
        struct summary summary = story_finish(&s);
        if (text_equal(text_from(rows[i].date), TEXT("2026-01-29"))) {
            /* Of an earlier date every file goes as soon as it is tracked. */
            assert_number(summary.manifests.created, rows[i].files);
            assert_number(summary.files.pending, 0);
        } else {
            assert_number(summary.manifests.created, rows[i].manifests);
            assert_number(summary.files.pending, rows[i].files - rows[i].last);
        }
        story_end(&s);
    }
}

/* PIPE-KEY-1: the number starts at 1 in every call, and the second is all that differs. */
static void two_calls_in_one_second_put_the_same_key(void **state)
{
    (void)state;
    story_init(&s);
    story_files(&s, 20, 0, (struct duration){0});
    story_begin(&s);
    struct summary summary = story_finish(&s);
    struct manifest_row first;
    struct manifest_row second;
    assert_number(summary.manifests.created, 2);
    run_manifest(s.run, 0, &first);
    run_manifest(s.run, 1, &second);
    assert_true(text_equal(first.key, second.key));
    assert_text(first.key, "manifests/2026-01-30/batch-0001-20260130-050001.json");
    assert_true(first.overwritten);
    assert_number(summary.manifests.objects, 1);
    assert_number(story_violations(&s, INVARIANT_S2), 1);
    story_end(&s);
}

/* PIPE-CREATE-1: what fails behind the manifest's put is ignored. */
static void errors_behind_the_manifest_s_put_are_ignored(void **state)
{
    (void)state;
    ten_files(BUILDER_V4);
    story_begin(&s);
    struct pipeline *p = story_pipeline(&s);
    p->operations[OPERATION_START_EXECUTION].perform =
        perform_put_report; /* says ok, starts none */
    struct summary summary = story_finish(&s);
    assert_number(summary.manifests.created, 1);
    assert_number(summary.files.manifested, 10);
    assert_number(summary.executions.started, 0);
    assert_number(story_violations(&s, INVARIANT_S4), 10);
    story_end(&s);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, a_lock_that_its_owner_was_refused_by_ends_with_the_next_arrival);
    CASES_ADD_TABLE(&cases, an_expired_lock, expiry_rows);
    CASES_ADD(&cases, a_lock_taken_from_a_living_owner_means_two_manifests);
    CASES_ADD(&cases, a_release_that_fails_leaves_the_lock_behind);
    CASES_ADD(&cases, a_message_delivered_twice_makes_its_file_pending_again);
    CASES_ADD(&cases, a_conditional_track_leaves_a_manifested_file_alone);
    CASES_ADD(&cases, a_stale_read_at_hand_over_puts_files_into_more_than_one_manifest);
    CASES_ADD(&cases, a_lock_that_is_held_is_tried_three_times_half_a_second_apart);
    CASES_ADD(&cases, a_record_that_stays_pending_stops_v3_and_not_v4);
    CASES_ADD(&cases, v4_reports_each_invocation_and_v3_does_not);
    CASES_ADD_TABLE(&cases, the_size_band, size_rows);
    CASES_ADD(&cases, both_ends_of_the_size_band_are_accepted);
    CASES_ADD_TABLE(&cases, the_date_of_a_file, date_rows);
    CASES_ADD(&cases, an_earlier_date_needs_one_file_and_today_needs_ten);
    CASES_ADD(&cases, two_calls_in_one_second_put_the_same_key);
    CASES_ADD(&cases, errors_behind_the_manifest_s_put_are_ignored);
    return cases_run("manifest_builder", &cases);
}

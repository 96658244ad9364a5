/* test_builder_versions.c: what each version of the builder does otherwise, call by call.
 *
 * The sequences of calls for one file and for a full batch come first; then what the later versions
 * brought: rolling back, and pages with a limit; and what errors in reading come to. The versions
 * before V3 are in test_early_versions.c.
 */
#include "tests/story.h"

#include "model/pipeline/drive.h"
#include "model/pipeline/manifest_builder.h"

static struct story s;

static void files_of(enum builder builder, int64_t files)
{
    story_init(&s);
    scenario_apply_builder(&s.scenario, builder);
    scenario_apply_machine(&s.scenario, builder < BUILDER_V3 ? MACHINE_M0 : MACHINE_M2);
    s.scenario.max_batch_size = 10 * FILE_SIZE;
    s.scenario.workflow.start_delay = exactly(duration_ms(100));
    story_files(&s, files, 0, (struct duration){0});
}

static enum call_status refuse(struct cloud *c, struct task *caller, struct call *call)
{
    (void)c;
    (void)caller;
    (void)call;
    return CALL_INVALID;
}

static void replace(enum operation_id operation,
                    enum call_status (*perform)(struct cloud *, struct task *, struct call *))
{
    story_pipeline(&s)->operations[operation].perform = perform;
}

static struct invocation_row first_invocation(void)
{
    struct invocation_row row;
    run_invocation(s.run, 0, &row);
    return row;
}

/* What the first invocation answered. */
static const struct invocation_history *answer(void)
{
    return &story_pipeline(&s)->history.invocations[0];
}

/* --- the calls
 * ------------------------------------------------------------------------------------------------
 */

/* The builder's calls from the ordinal-th (from 1) at a point on, "A B C"; one that comes several
 * times in a row is there once. */
static struct text calls_from(const char *point, uint64_t ordinal, char *buffer, size_t capacity)
{
    struct text_writer w = text_writer(buffer, capacity);
    struct text last = TEXT("");
    for (uint64_t i = 0; i < run_calls_count(s.run); i++) {
        struct call_row row = {0};
        run_call(s.run, i, &row);
        ordinal -= ordinal > 0 && text_equal(row.point, text_from(point));
        bool builder = text_starts(row.caller, TEXT("manifest_builder"));
        if (ordinal > 0 || !builder || text_equal(row.point, last)) {
            continue;
        }
        text_put(&w, w.size > 0 ? TEXT(" ") : TEXT(""));
        text_put(&w, row.point);
        last = row.point;
    }
    return text_written(&w);
}

struct sequence_row {
    const char *name;
    enum builder builder;
    const char *idle, *busy;
};

#define ATTEMPT "ACQUIRE_LOCK QUERY_PENDING RELEASE_LOCK"
#define ROUND ATTEMPT " COUNT_PENDING QUERY_ORPHANS"
#define BATCH(publishing)                                                                          \
    "TRACK_FILE ACQUIRE_LOCK QUERY_PENDING PUT_MANIFEST MARK_FILE " publishing " RELEASE_LOCK"

static const struct sequence_row sequence_rows[] = {
    {"V0's calls",  BUILDER_V0,  "TRACK_FILE " ROUND,               BATCH("PUT_RECORD START_EXECUTION") " " ROUND},
    {"V1's calls",  BUILDER_V1,  "TRACK_FILE " ATTEMPT,             BATCH("START_EXECUTION")                     },
    {"V1c's calls", BUILDER_V1C, "TRACK_FILE " ATTEMPT,             BATCH("START_EXECUTION")                     },
    {"V2's calls",  BUILDER_V2,  "TRACK_FILE " ROUND,               BATCH("PUT_RECORD START_EXECUTION") " " ROUND},
    {"V3's calls",  BUILDER_V3,  "TRACK_FILE " ROUND,               BATCH("PUT_RECORD START_EXECUTION") " " ROUND},
    {"V4's calls",  BUILDER_V4,  "TRACK_FILE " ROUND " PUT_REPORT",
     BATCH("PUT_RECORD START_EXECUTION") " " ROUND " PUT_REPORT"                                                 },
    {"V5's calls",  BUILDER_V5,  "TRACK_FILE " ROUND " PUT_REPORT",
     BATCH("START_EXECUTION PUT_RECORD") " " ROUND " PUT_REPORT"                                                 },
};

/* PIPE-VARIANTS-1, PIPE-VARIANTS-2: for a file with which there is nothing to do, and for the
 * tenth.
 */
static void the_calls_of_a_version(void **state)
{
    const struct sequence_row *row = *state;
    char buffer[512];
    for (int64_t files = 1; files <= 10; files += 9) {
        files_of(row->builder, files);
        story_begin(&s);
        (void)story_finish(&s);
        struct text calls = calls_from("TRACK_FILE", (uint64_t)files, buffer, sizeof buffer);
        char shown[512];
        struct text_writer w = text_writer(shown, sizeof shown);
        text_put(&w, calls);
        assert_string_equal(text_writer_string(&w), files == 1 ? row->idle : row->busy);
        assert_number(story_calls(&s, "MARK_FILE"), files == 1 ? 0 : 10);
        story_end(&s);
    }
}

/* --- rolling back
 * ------------------------------------------------------------------------------------------------
 */

/* The attribute of a file's record. */
static struct value attribute(struct text date, struct text key, struct text name)
{
    struct item item;
    struct value value = value_null();
    assert_true(table_peek(story_cloud(&s)->table, date, key, &item));
    if (!item_get(item, name, &value)) {
        value.type = TYPE_BOOL; /* no attribute of ours is one */
    }
    return value;
}

#define FIRST_FILE TEXT("2026-01-30-f0001.ndjson")

/* PIPE-ROLLBACK-1: three attempts put three manifests, and the files are as they were. */
static void a_start_that_fails_sets_the_files_back(void **state)
{
    (void)state;
    files_of(BUILDER_V5, 10);
    story_begin(&s);
    replace(OPERATION_START_EXECUTION, refuse);
    struct summary summary = story_finish(&s);
    assert_number(summary.manifests.created, 3);
    assert_number(summary.manifests.records, 0);
    assert_number(summary.executions.started, 0);
    assert_number(summary.files.pending, 10);
    assert_number(story_calls(&s, "REPEND_FILE"), 30);
    assert_number(story_calls(&s, "PUT_RECORD"), 0);
    assert_number(first_invocation().manifests, 0);
    assert_number(first_invocation().errors, 0);
    assert_int_equal(attribute(TODAY, FIRST_FILE, TEXT("manifest_path")).type, TYPE_NULL);
    story_end(&s);
}

/* PIPE-ROLLBACK-1: the record's put fails, and the files are pending under a running execution. */
static void a_record_that_fails_sets_files_back_that_are_being_processed(void **state)
{
    (void)state;
    files_of(BUILDER_V5, 10);
    s.scenario.builder.retry_loop = false;
    story_begin(&s);
    replace(OPERATION_PUT_RECORD, refuse);
    struct summary summary = story_finish(&s);
    assert_number(summary.executions.started, 1);
    assert_number(summary.executions.succeeded, 1);
    assert_number(summary.files.pending, 10);
    assert_number(first_invocation().manifests, 0);
    story_end(&s);
}

/* PIPE-ROLLBACK-1: what cannot be set back stays manifested. */
static void errors_in_rolling_back_are_ignored(void **state)
{
    (void)state;
    files_of(BUILDER_V5, 10);
    story_begin(&s);
    replace(OPERATION_START_EXECUTION, refuse);
    replace(OPERATION_REPEND_FILE, refuse);
    struct summary summary = story_finish(&s);
    assert_number(summary.files.manifested, 10);
    assert_number(story_calls(&s, "REPEND_FILE"), 10);
    assert_number(story_calls(&s, "RELEASE_LOCK"), 10); /* none is pending to be tried again */
    assert_number(first_invocation().errors, 0);
    story_end(&s);
}

/* PIPE-ROLLBACK-1, PIPE-RECORDS-1 */
static void the_record_names_the_execution_that_was_started_before(void **state)
{
    (void)state;
    for (enum builder builder = BUILDER_V4; builder <= BUILDER_V5; builder++) {
        files_of(builder, 10);
        story_begin(&s);
        (void)story_finish(&s);
        struct value arn = attribute(TODAY, FIRST_MANIFEST, TEXT("execution_arn"));
        if (builder == BUILDER_V5) {
            assert_text(arn.bytes, "arn:aws:states:us-east-1:123456789012:execution:"
                                   "ndjson-parquet-processor-dev:000000000001");
        } else {
            assert_int_equal(arn.type, TYPE_BOOL);
        }
        story_end(&s);
    }
}

/* PIPE-ARN-1: neither record nor start, and nothing is rolled back. */
static void without_the_arn_files_are_manifested_and_nothing_starts(void **state)
{
    (void)state;
    for (enum builder builder = BUILDER_V0; builder <= BUILDER_V5; builder++) {
        files_of(builder, 10);
        s.scenario.start_configured = false;
        story_begin(&s);
        struct summary summary = story_finish(&s);
        assert_number(summary.files.manifested, 10);
        assert_number(summary.manifests.created, 1);
        assert_number(summary.manifests.records, 0);
        assert_number(summary.executions.started, 0);
        assert_number(first_invocation().manifests, 1);
        assert_number(story_calls(&s, "REPEND_FILE"), 0);
        assert_number(story_violations(&s, INVARIANT_S4), 10);
        story_end(&s);
    }
}

/* PIPE-CREATE-1: up to V4 a start that fails counts as done. */
static void up_to_v4_a_start_that_fails_leaves_the_batch_manifested(void **state)
{
    (void)state;
    for (enum builder builder = BUILDER_V0; builder <= BUILDER_V4; builder++) {
        files_of(builder, 10);
        story_begin(&s);
        replace(OPERATION_START_EXECUTION, refuse);
        struct summary summary = story_finish(&s);
        assert_number(summary.files.manifested, 10);
        assert_number(summary.executions.started, 0);
        assert_number(first_invocation().manifests, 1);
        assert_number(summary.manifests.records, builder != BUILDER_V1 && builder != BUILDER_V1C);
        story_end(&s);
    }
}

/* --- reading
 * ------------------------------------------------------------------------------------------------
 */

static struct run *driven(struct scenario *scenario, int64_t files)
{
    struct error error = {.message = ""};
    drive_prepare(scenario, files);
    choices_init_default(&s.choices, cloud_choice_names, CHOICES_COUNT);
    trace_init(&s.trace);
    struct run_options options = {.choices = &s.choices, .trace = &s.trace, .keep_calls = true};
    struct run *run = drive_create(scenario, &options, duration_s(1), &error);
    assert_non_null(run);
    return run;
}

static void invoke(struct run *run, int64_t files)
{
    struct drive_event event = {.files = files, .date = TODAY, .size = FILE_SIZE};
    struct drive_answer answered;
    struct error error = {.message = ""};
    assert_true(drive_invoke(run, &event, &answered, &error));
    assert_number(answered.processed, files);
}

/* PIPE-READ-2, DDB-QUERY-3: ninety-one pages of eleven for a date of 999 items; V4 takes one. */
static void v5_reads_a_long_day_in_many_pages(void **state)
{
    (void)state;
    for (enum builder builder = BUILDER_V4; builder <= BUILDER_V5; builder++) {
        scenario_init(&s.scenario);
        scenario_apply_builder(&s.scenario, builder);
        scenario_apply_machine(&s.scenario, MACHINE_NONE);
        s.scenario.builder.record = RECORD_NONE;
        s.run = driven(&s.scenario, 1000);
        for (int i = 0; i < 99; i++) {
            invoke(s.run, 10);
        }
        invoke(s.run, 8);
        int64_t before = story_calls(&s, "QUERY_PENDING");
        invoke(s.run, 1); /* 999 items, nine of them pending */
        assert_number(story_calls(&s, "QUERY_PENDING") - before, builder == BUILDER_V5 ? 91 : 1);
        story_end(&s);
    }
}

/* PIPE-READ-1, SDK-LOST-1: four files that are manifested and two that are pending take two pages
 * of three; whichever reply is lost, that page is read once more, and no other. */
static int64_t pages_of_the_sixth_file(int64_t lost)
{
    files_of(BUILDER_V5, 6);
    scenario_apply_machine(&s.scenario, MACHINE_NONE);
    s.scenario.builder.record = RECORD_NONE; /* files alone are in the partition */
    s.scenario.max_files_per_manifest = 2;
    if (lost > 0) {
        story_fault(&s, FAULT_LOSE_REPLY, "manifest_builder", "QUERY_PENDING", lost);
    }
    story_begin(&s);
    struct summary summary = story_finish(&s);
    int64_t pages = story_calls(&s, "QUERY_PENDING");
    assert_number(summary.manifests.created, 3);
    assert_number(summary.files.pending, 0);
    story_end(&s);
    return pages;
}

static void a_page_whose_reply_is_lost_is_read_again(void **state)
{
    (void)state;
    int64_t pages = pages_of_the_sixth_file(0);
    for (int64_t lost = 1; lost <= pages; lost++) {
        assert_number(pages_of_the_sixth_file(lost), pages + 1);
    }
}

/* PIPE-READ-2: twenty-nine files of today and one more: V4's call makes three manifests, V5's one.
 */
static void v5_makes_one_batch_a_call(void **state)
{
    (void)state;
    for (enum builder builder = BUILDER_V4; builder <= BUILDER_V5; builder++) {
        scenario_init(&s.scenario);
        scenario_apply_builder(&s.scenario, builder);
        s.run = driven(&s.scenario, 100);
        assert_true(drive_preload(s.run, 29, TODAY, FILE_SIZE));
        invoke(s.run, 1);
        assert_number(story_calls(&s, "PUT_MANIFEST"), 3);
        /* and a last one that finds nothing */
        assert_number(story_calls(&s, "ACQUIRE_LOCK"), builder == BUILDER_V5 ? 4 : 2);
        story_end(&s);
    }
}

/* PIPE-READ-2: of an earlier date a call makes ten and the eleventh; the flush is one call a file.
 */
static void v5_makes_two_batches_of_an_earlier_date(void **state)
{
    (void)state;
    scenario_init(&s.scenario);
    scenario_apply_builder(&s.scenario, BUILDER_V5);
    s.run = driven(&s.scenario, 100);
    assert_true(drive_preload(s.run, 30, TEXT("2026-01-29"), FILE_SIZE));
    invoke(s.run, 1);
    assert_number(story_calls(&s, "PUT_MANIFEST"), 2);
    assert_number(story_calls(&s, "MARK_FILE"), 11);
    story_end(&s);
}

/* PIPE-FLUSH-1: 6000 files of one earlier date fill more than a page of the index; still it is one
 * date, which gets one attempt. */
static void a_date_on_two_pages_is_flushed_once(void **state)
{
    (void)state;
    scenario_init(&s.scenario);
    s.run = driven(&s.scenario, 7000);
    assert_true(drive_preload(s.run, 6000, TEXT("2026-01-29"), FILE_SIZE));
    replace(OPERATION_ACQUIRE_LOCK, refuse);
    invoke(s.run, 1);
    assert_true(story_calls(&s, "QUERY_ORPHANS") > 1);
    assert_number(story_calls(&s, "ACQUIRE_LOCK"), 2); /* today's, and that date's */
    story_end(&s);
}

/* PIPE-READ-2: an error in reading means that nothing is pending; V1 stops at the file, and does
 * not say so (PIPE-FIRST-3). */
static void a_read_that_fails_makes_nothing(void **state)
{
    (void)state;
    for (enum builder builder = BUILDER_V0; builder <= BUILDER_V5; builder++) {
        files_of(builder, 10);
        story_begin(&s);
        replace(OPERATION_QUERY_PENDING, refuse);
        struct summary summary = story_finish(&s);
        assert_number(summary.manifests.created, 0);
        assert_number(summary.files.pending, 10);
        assert_false(story_locked(&s));
        assert_number(answer()->processed, builder == BUILDER_V1 ? 0 : 10);
        assert_number(first_invocation().errors, 0);
        story_end(&s);
    }
}

/* PIPE-LOOP-1: a count that fails is none, so there is no second attempt. */
static void a_count_that_fails_is_none(void **state)
{
    (void)state;
    files_of(BUILDER_V4, 10);
    story_begin(&s);
    replace(OPERATION_PUT_MANIFEST, refuse);
    replace(OPERATION_COUNT_PENDING, refuse);
    (void)story_finish(&s);
    assert_number(story_calls(&s, "PUT_MANIFEST"), 1);
    assert_number(story_calls(&s, "ACQUIRE_LOCK"), 10);
    story_end(&s);
}

/* PIPE-LOOP-1, PIPE-CREATE-1: a manifest that cannot be put leaves its files pending, which are
 * enough for another attempt, three in all. */
static void a_manifest_that_cannot_be_put_is_tried_three_times(void **state)
{
    (void)state;
    for (enum builder builder = BUILDER_V2; builder <= BUILDER_V5; builder++) {
        files_of(builder, 10);
        story_begin(&s);
        replace(OPERATION_PUT_MANIFEST, refuse);
        struct summary summary = story_finish(&s);
        assert_number(story_calls(&s, "PUT_MANIFEST"), 3);
        assert_number(story_calls(&s, "MARK_FILE"), 0);
        assert_number(summary.files.pending, 10);
        assert_number(story_pipeline(&s)->state->pauses_after_failure, 2);
        assert_number(first_invocation().errors, 0);
        story_end(&s);
    }
}

/* PIPE-LOOP-1, PIPE-CREATE-1: files that cannot be marked are pending still, and the batch counts
 * as created: so the tenth file makes one manifest of them after the other, up to the loop's end.
 */
static void files_that_cannot_be_marked_are_manifested_fifty_times(void **state)
{
    (void)state;
    for (enum builder builder = BUILDER_V4; builder <= BUILDER_V5; builder++) {
        files_of(builder, 10);
        story_begin(&s);
        replace(OPERATION_MARK_FILE, refuse);
        struct summary summary = story_finish(&s);
        assert_number(summary.manifests.created, 50);
        assert_number(summary.executions.started, 50);
        assert_number(summary.files.pending, 10);
        assert_number(story_pipeline(&s)->state->pauses_after_success, 50);
        assert_number(story_violations(&s, INVARIANT_S1), 10);
        story_end(&s);
    }
}

/* PIPE-FLUSH-1: an index that cannot be read is one without earlier dates. */
static void a_flush_that_fails_flushes_nothing(void **state)
{
    (void)state;
    files_of(BUILDER_V4, 1);
    s.scenario.workloads[0].date = TEXT("2026-01-31"); /* waits */
    story_files(&s, 1, 100, (struct duration){0});
    s.scenario.workloads[1].date = TEXT("2026-01-29");
    s.scenario.max_files_per_manifest = 10;
    story_begin(&s);
    replace(OPERATION_QUERY_ORPHANS, refuse);
    struct summary summary = story_finish(&s);
    assert_number(summary.files.manifested, 1); /* the file's own date, by its own call */
    assert_number(first_invocation().errors, 0);
    story_end(&s);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, a_page_whose_reply_is_lost_is_read_again);
    CASES_ADD_TABLE(&cases, the_calls_of_a_version, sequence_rows);
    CASES_ADD(&cases, a_start_that_fails_sets_the_files_back);
    CASES_ADD(&cases, a_record_that_fails_sets_files_back_that_are_being_processed);
    CASES_ADD(&cases, errors_in_rolling_back_are_ignored);
    CASES_ADD(&cases, the_record_names_the_execution_that_was_started_before);
    CASES_ADD(&cases, without_the_arn_files_are_manifested_and_nothing_starts);
    CASES_ADD(&cases, up_to_v4_a_start_that_fails_leaves_the_batch_manifested);
    CASES_ADD(&cases, v5_reads_a_long_day_in_many_pages);
    CASES_ADD(&cases, v5_makes_one_batch_a_call);
    CASES_ADD(&cases, v5_makes_two_batches_of_an_earlier_date);
    CASES_ADD(&cases, a_date_on_two_pages_is_flushed_once);
    CASES_ADD(&cases, a_read_that_fails_makes_nothing);
    CASES_ADD(&cases, a_count_that_fails_is_none);
    CASES_ADD(&cases, a_manifest_that_cannot_be_put_is_tried_three_times);
    CASES_ADD(&cases, files_that_cannot_be_marked_are_manifested_fifty_times);
    CASES_ADD(&cases, a_flush_that_fails_flushes_nothing);
    return cases_run("builder_versions", &cases);
}

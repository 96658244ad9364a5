/* test_crash_matrix.c: what each version of the builder leaves behind when it is killed, and what
 * becomes of it.
 *
 * The builder dies right after the effect of one of its calls. We look at once: the lock, the
 * manifest, the files, its record, the execution; and again when the messages have been redelivered
 * after 360 s, by when the lock has expired. Ten files arrive at once, so the tenth acquisition of
 * the lock is the one that finds a batch. What comes of it follows from how the files are put
 * again: up to V4 as pending, each by itself. Where ten were pending, the first one makes the
 * manifest, and the other nine, which it lists, stay pending; where four were marked, the fourth
 * does; where all ten were, the tenth, and none is left. V5 leaves records alone, so what was
 * marked stays so. V0 meets its own lock, which nobody takes over.
 */
#include "tests/story.h"

static struct story s;

/* When the run is over: manifests put, files pending, files in two started manifests, files that
 * are manifested by no started one. */
struct aftermath {
    int64_t created, pending, twice, stranded;
};

enum { VERSIONS_MAX = 4 };

struct crash_row {
    const char *name, *point;
    int64_t nth;
    bool locked;
    int64_t objects, manifested;
    const char *record;
    int64_t executions;
    struct aftermath ends[VERSIONS_MAX]; /* of the table's versions */
};

/* The record is put before the start. One that is pending for good stops V2 and V3, not V4. */
static const enum builder record_first[] = {BUILDER_V0, BUILDER_V2, BUILDER_V3, BUILDER_V4};

/* clang-format off */
static const struct crash_row record_first_rows[] = {
    {"a death after the last file's track", "TRACK_FILE", 10, false, 0, 0, "", 0,
     {{1, 9, 0, 0}, {1, 9, 0, 0}, {1, 9, 0, 0}, {1, 9, 0, 0}}},
    {"a death with the lock acquired", "ACQUIRE_LOCK", 10, true, 0, 0, "", 0,
     {{0, 10, 0, 0}, {1, 9, 0, 0}, {1, 9, 0, 0}, {1, 9, 0, 0}}},
    {"a death with the files read", "QUERY_PENDING", 10, true, 0, 0, "", 0,
     {{0, 10, 0, 0}, {1, 9, 0, 0}, {1, 9, 0, 0}, {1, 9, 0, 0}}},
    {"a death with the manifest put", "PUT_MANIFEST", 1, true, 1, 0, "", 0,
     {{1, 10, 0, 0}, {2, 9, 0, 0}, {2, 9, 0, 0}, {2, 9, 0, 0}}},
    {"a death with 4 of 10 marked", "MARK_FILE", 4, true, 1, 4, "", 0,
     {{1, 10, 0, 0}, {2, 6, 0, 0}, {2, 6, 0, 0}, {2, 6, 0, 0}}},
    {"a death with 10 of 10 marked", "MARK_FILE", 10, true, 1, 10, "", 0,
     {{1, 10, 0, 0}, {2, 0, 0, 0}, {2, 0, 0, 0}, {2, 0, 0, 0}}},
    {"a death with the record put", "PUT_RECORD", 1, true, 1, 10, "pending", 0,
     {{1, 10, 0, 0}, {1, 10, 0, 0}, {1, 10, 0, 0}, {2, 0, 0, 0}}},
    {"a death with it started", "START_EXECUTION", 1, true, 1, 10, "pending", 1,
     {{1, 10, 0, 0}, {2, 0, 10, 0}, {2, 0, 10, 0}, {2, 0, 10, 0}}},
    {"a death with the lock freed", "RELEASE_LOCK", 10, false, 1, 10, "pending", 1,
     {{2, 0, 10, 0}, {2, 0, 10, 0}, {2, 0, 10, 0}, {2, 0, 10, 0}}},
};

static const enum builder without_record[] = {BUILDER_V1, BUILDER_V1C};

static const struct crash_row without_record_rows[] = {
    {"without a record, after the last file's track", "TRACK_FILE", 10, false, 0, 0, "", 0,
     {{1, 9, 0, 0}, {1, 9, 0, 0}}},
    {"without a record, with the lock acquired", "ACQUIRE_LOCK", 10, true, 0, 0, "", 0,
     {{1, 9, 0, 0}, {1, 9, 0, 0}}},
    {"without a record, with the files read", "QUERY_PENDING", 10, true, 0, 0, "", 0,
     {{1, 9, 0, 0}, {1, 9, 0, 0}}},
    {"without a record, with the manifest put", "PUT_MANIFEST", 1, true, 1, 0, "", 0,
     {{2, 9, 0, 0}, {2, 9, 0, 0}}},
    {"without a record, with 4 of 10 marked", "MARK_FILE", 4, true, 1, 4, "", 0,
     {{2, 6, 0, 0}, {2, 6, 0, 0}}},
    {"without a record, with 10 of 10 marked", "MARK_FILE", 10, true, 1, 10, "", 0,
     {{2, 0, 0, 0}, {2, 0, 0, 0}}},
    {"without a record, with it started", "START_EXECUTION", 1, true, 1, 10, "", 1,
     {{2, 0, 10, 0}, {2, 0, 10, 0}}},
    {"without a record, with the lock freed", "RELEASE_LOCK", 10, false, 1, 10, "", 1,
     {{2, 0, 10, 0}, {2, 0, 10, 0}}},
};

static const enum builder start_first[] = {BUILDER_V5};

static const struct crash_row start_first_rows[] = {
    {"V5 after the last file's track", "TRACK_FILE", 10, false, 0, 0, "", 0, {{1, 0, 0, 0}}},
    {"V5 with the lock acquired", "ACQUIRE_LOCK", 10, true, 0, 0, "", 0, {{1, 0, 0, 0}}},
    {"V5 with the files read", "QUERY_PENDING", 10, true, 0, 0, "", 0, {{1, 0, 0, 0}}},
    {"V5 with the manifest put", "PUT_MANIFEST", 1, true, 1, 0, "", 0, {{2, 0, 0, 0}}},
    {"V5 with 4 of 10 marked", "MARK_FILE", 4, true, 1, 4, "", 0, {{1, 6, 0, 4}}},
    {"V5 with 10 of 10 marked", "MARK_FILE", 10, true, 1, 10, "", 0, {{1, 0, 0, 10}}},
    {"V5 with it started", "START_EXECUTION", 1, true, 1, 10, "", 1, {{1, 0, 0, 0}}},
    {"V5 with the record put", "PUT_RECORD", 1, true, 1, 10, "pending", 1, {{1, 0, 0, 0}}},
    {"V5 with the lock freed", "RELEASE_LOCK", 10, false, 1, 10, "pending", 1, {{1, 0, 0, 0}}},
};

/* clang-format on */

/* Each version with a machine of its time. */
static void ten_files(enum builder builder)
{
    story_init(&s);
    scenario_apply_builder(&s.scenario, builder);
    scenario_apply_machine(&s.scenario, builder < BUILDER_V3 ? MACHINE_M0 : MACHINE_M2);
    s.scenario.max_batch_size = 10 * FILE_SIZE;
    s.scenario.workflow.start_delay = exactly(duration_ms(100));
    story_files(&s, 10, 0, (struct duration){0});
}

static void until_killed(void)
{
    struct invocation_row row = {.outcome = TEXT("")};
    while (!text_equal(row.outcome, TEXT("killed"))) {
        assert_true(story_step(&s));
        if (run_invocations_count(s.run) > 0) {
            run_invocation(s.run, 0, &row);
        }
    }
}

static void look_at_once(const struct crash_row *row)
{
    bool shared = s.scenario.builder.record == RECORD_SHARED;
    struct summary summary;
    run_summary(s.run, &summary);
    assert_int_equal(story_locked(&s), row->locked);
    assert_number(summary.manifests.objects, row->objects);
    assert_number(summary.files.manifested, row->manifested);
    assert_number(summary.files.pending, 10 - row->manifested);
    assert_text(story_status(&s, TODAY, shared ? TEXT("MANIFEST") : FIRST_MANIFEST), row->record);
    assert_number(summary.executions.started, row->executions);
}

static void look_back(const struct aftermath *end)
{
    struct summary summary = story_finish(&s);
    int64_t stranded = 0;
    for (uint64_t i = 0; i < run_files_count(s.run); i++) {
        struct file_row row = {0};
        run_file(s.run, i, &row);
        stranded += text_equal(row.status, TEXT("manifested")) && row.manifests == 0;
    }
    assert_number(summary.messages.redelivered, 10);
    assert_number(summary.manifests.created, end->created);
    assert_number(summary.files.pending, end->pending);
    assert_number(story_violations(&s, INVARIANT_S1), end->twice);
    assert_number(stranded, end->stranded);
}

static void die(const struct crash_row *row, const enum builder *versions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ten_files(versions[i]);
        story_fault(&s, FAULT_KILL, "manifest_builder", row->point, row->nth);
        story_begin(&s);
        until_killed();
        look_at_once(row);
        look_back(&row->ends[i]);
        story_end(&s);
    }
}

/* PIPE-CREATE-1, LAMBDA-TIMEOUT-1 */
static void with_the_record_before_the_start(void **state)
{
    die(*state, record_first, sizeof record_first / sizeof record_first[0]);
}

/* PIPE-VARIANTS-2 */
static void without_a_record(void **state)
{
    die(*state, without_record, sizeof without_record / sizeof without_record[0]);
}

/* PIPE-ROLLBACK-1, PIPE-TRACK-2 */
static void with_the_start_before_the_record(void **state)
{
    die(*state, start_first, sizeof start_first / sizeof start_first[0]);
}

static enum call_status refuse(struct cloud *c, struct task *caller, struct call *call)
{
    (void)c;
    (void)caller;
    (void)call;
    return CALL_INVALID;
}

/* PIPE-ROLLBACK-1: four files are set back, six stay manifested by nothing that runs. */
static void a_death_in_the_middle_of_rolling_back(void **state)
{
    (void)state;
    const struct crash_row row = {.locked = true, .objects = 1, .manifested = 6, .record = ""};
    ten_files(BUILDER_V5);
    story_fault(&s, FAULT_KILL, "manifest_builder", "REPEND_FILE", 4);
    story_begin(&s);
    story_pipeline(&s)->operations[OPERATION_START_EXECUTION].perform = refuse;
    until_killed();
    story_pipeline(&s)->operations[OPERATION_START_EXECUTION].perform = perform_start_execution;
    look_at_once(&row);
    look_back(&(struct aftermath){.created = 1, .pending = 4, .stranded = 6});
    story_end(&s);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, with_the_record_before_the_start, record_first_rows);
    CASES_ADD_TABLE(&cases, without_a_record, without_record_rows);
    CASES_ADD_TABLE(&cases, with_the_start_before_the_record, start_first_rows);
    CASES_ADD(&cases, a_death_in_the_middle_of_rolling_back);
    return cases_run("crash_matrix", &cases);
}

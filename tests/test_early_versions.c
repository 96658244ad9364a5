/* test_early_versions.c: the builders before V3: the first one's items, errors and size of a batch,
 * one record for a date, executions without a key of their own, and V0's lock.
 */
#include "model/pipeline/manifest_builder.h"

#include "tests/story.h"

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

/* --- the first version
 * ------------------------------------------------------------------------------------------------
 */

/* PIPE-FIRST-1 */
static void the_first_version_s_items(void **state)
{
    (void)state;
    files_of(BUILDER_V1, 10);
    story_begin(&s);
    story_until_ms(&s, 1000);
    assert_text(story_status(&s, TODAY, FIRST_FILE), "manifested");
    assert_text(attribute(TODAY, FIRST_FILE, TEXT("file_name")).bytes, "2026-01-30-f0001.ndjson");
    assert_text(attribute(TODAY, FIRST_FILE, TEXT("created_at")).bytes,
                "2026-01-30T05:00:01.000000");
    assert_text(attribute(TODAY, FIRST_FILE, TEXT("updated_at")).bytes,
                "2026-01-30T05:00:01.000000");
    assert_int_equal(attribute(TODAY, FIRST_FILE, TEXT("ttl")).type, TYPE_BOOL);
    assert_int_equal(attribute(TODAY, FIRST_FILE, TEXT("file_key")).type, TYPE_BOOL);
    struct summary summary = story_finish(&s);
    /* The machine's update is what makes the date's record: without a ttl, nor when it was made. */
    assert_text(story_status(&s, TODAY, TEXT("MANIFEST")), "completed");
    assert_int_equal(attribute(TODAY, TEXT("MANIFEST"), TEXT("ttl")).type, TYPE_BOOL);
    assert_int_equal(attribute(TODAY, TEXT("MANIFEST"), TEXT("created_at")).type, TYPE_BOOL);
    assert_text(attribute(TODAY, TEXT("MANIFEST"), TEXT("processing_start_time")).bytes,
                "2026-01-30T05:00:01.000000");
    assert_number(summary.manifests.records, 1);
    assert_number(summary.parquet.objects, 1);
    story_end(&s);
}

/* PIPE-FIRST-1: V1 on the deployed table, and the others on V1's. V1 does not even count it. */
static void on_a_table_with_the_other_range_key_nothing_can_be_written(void **state)
{
    (void)state;
    for (enum builder builder = BUILDER_V0; builder <= BUILDER_V5; builder++) {
        files_of(builder, 10);
        bool first = builder == BUILDER_V1;
        s.scenario.table.range_key = first ? RANGE_FILE_KEY : RANGE_FILE_NAME;
        story_begin(&s);
        struct summary summary = story_finish(&s);
        assert_number(table_count(story_cloud(&s)->table), 0);
        assert_number(summary.files.tracked, 0);
        assert_number(summary.messages.deleted, 10);
        assert_number(story_calls(&s, "ACQUIRE_LOCK"), 0);
        assert_number(answer()->processed, 0);
        assert_number(first_invocation().errors, first ? 0 : 10);
        assert_number(manifest_builder_status_code(answer()->errors), first ? 200 : 207);
        story_end(&s);
    }
}

/* PIPE-FIRST-2: nine files are too few, and the date does not matter. */
static void the_first_version_counts_bytes_on_any_date(void **state)
{
    (void)state;
    for (int64_t files = 9; files <= 10; files++) {
        files_of(BUILDER_V1, files);
        s.scenario.workloads[0].date = TEXT("2026-01-29");
        story_begin(&s);
        assert_number(story_finish(&s).manifests.created, files == 10);
        story_end(&s);
    }
}

/* PIPE-FIRST-3, PIPE-ERRORS-1 */
static void a_copy_to_quarantine_that_fails(void **state)
{
    (void)state;
    for (enum builder builder = BUILDER_V0; builder <= BUILDER_V5; builder++) {
        bool first = builder == BUILDER_V1;
        files_of(builder, 1);
        s.scenario.workloads[0].size = 1024;
        story_begin(&s);
        replace(OPERATION_COPY_TO_QUARANTINE, refuse);
        struct summary summary = story_finish(&s);
        assert_number(summary.files.quarantined, 0);
        assert_number(summary.messages.deleted, 1);
        assert_number(answer()->quarantined, first);
        assert_number(answer()->errors, !first);
        story_end(&s);
    }
}

/* PIPE-VALIDATE-2 */
static void without_a_quarantine_bucket_a_refused_file_stays_where_it_is(void **state)
{
    (void)state;
    files_of(BUILDER_V4, 1);
    s.scenario.workloads[0].size = 1024;
    s.scenario.quarantine_configured = false;
    story_begin(&s);
    (void)story_finish(&s);
    assert_number(story_calls(&s, "COPY_TO_QUARANTINE"), 0);
    assert_number(story_calls(&s, "TRACK_FILE"), 0);
    assert_number(answer()->quarantined, 1);
    assert_number(answer()->errors, 0);
    story_end(&s);
}

/* --- the shared record
 * ------------------------------------------------------------------------------------------------
 */

/* PIPE-RECORDS-1, PIPE-MACHINES-1: two manifests and two executions of a date have one record. */
static void v2_has_one_record_for_a_date(void **state)
{
    (void)state;
    files_of(BUILDER_V2, 10);
    story_files(&s, 10, 1000, (struct duration){0});
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.executions.succeeded, 2);
    assert_number(summary.manifests.created, 2);
    assert_number(summary.manifests.records, 1);
    assert_text(story_status(&s, TODAY, TEXT("MANIFEST")), "completed");
    story_end(&s);
}

struct input_row {
    const char *name;
    enum builder builder;
    enum machine machine;
    enum missing_key missing;
    int64_t failed, parquet;
    const char *record; /* the shared one's status at the end */
};

static const struct input_row input_rows[] = {
    {"V2 with M0 needs no file_key",      BUILDER_V2, MACHINE_M0, MISSING_KEY_ERROR,  0, 1, "completed"},
    {"V2 with M1 fails after the job",    BUILDER_V2, MACHINE_M1, MISSING_KEY_ERROR,  1, 1,
     "processing"                                                                                      },
    {"V2 with M2 fails before the job",   BUILDER_V2, MACHINE_M2, MISSING_KEY_ERROR,  1, 0, "pending"  },
    {"V1 with M1 fails after the job",    BUILDER_V1, MACHINE_M1, MISSING_KEY_ERROR,  1, 1,
     "processing"                                                                                      },
    {"V2 with M2 as the vectors have it", BUILDER_V2, MACHINE_M2, MISSING_KEY_SHARED, 0, 1,
     "completed"                                                                                       },
    {"V3 gives the key that M2 reads",    BUILDER_V3, MACHINE_M2, MISSING_KEY_ERROR,  0, 1, ""         },
};

/* PIPE-INPUT-1 */
static void an_input_without_file_key(void **state)
{
    const struct input_row *row = *state;
    files_of(row->builder, 10);
    scenario_apply_machine(&s.scenario, row->machine);
    s.scenario.missing_file_key = row->missing;
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.executions.started, 1);
    assert_number(summary.executions.failed, row->failed);
    assert_number(summary.parquet.objects, row->parquet);
    assert_text(story_status(&s, TODAY, TEXT("MANIFEST")), row->record);
    story_end(&s);
}

/* PIPE-LOCK-1, PIPE-VARIANTS-2: the owner dies; V2's lock is taken over 301 s later, V0's is there
 * until TTL has deleted it, and then needs an arrival. */
static void v0_waits_for_ttl(void **state)
{
    (void)state;

    const struct {
        enum builder builder;
        int64_t manifests;
    } rows[] = {
        {BUILDER_V0, 1},
        {BUILDER_V2, 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        files_of(rows[i].builder, 10);
        s.scenario.queue.max_receive_count = 1;
        story_files(&s, 1, 400, (struct duration){0});
        story_files(&s, 1, 1000, (struct duration){0});
        story_fault(&s, FAULT_KILL, "manifest_builder", "ACQUIRE_LOCK", 10);
        story_begin(&s);
        story_until_ms(&s, 500 * 1000);
        assert_number(story_pipeline(&s)->history.counts->manifest_puts,
                      rows[i].builder == BUILDER_V2);
        assert_number(story_finish(&s).manifests.created, rows[i].manifests);
        story_end(&s);
    }
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, the_first_version_s_items);
    CASES_ADD(&cases, on_a_table_with_the_other_range_key_nothing_can_be_written);
    CASES_ADD(&cases, the_first_version_counts_bytes_on_any_date);
    CASES_ADD(&cases, a_copy_to_quarantine_that_fails);
    CASES_ADD(&cases, without_a_quarantine_bucket_a_refused_file_stays_where_it_is);
    CASES_ADD(&cases, v2_has_one_record_for_a_date);
    CASES_ADD_TABLE(&cases, an_input_without_file_key, input_rows);
    CASES_ADD(&cases, v0_waits_for_ttl);
    return cases_run("early_versions", &cases);
}

/* test_stream_creator.c: manifests made by a function on the table's stream (V6s).
 *
 * Ten files that arrive at once are tracked a second later. The stream is polled at a phase whose
 * default is the middle of its 250 ms, and a batch that is not full waits for 30 s: so the function
 * runs at 31.125 s. Where nothing else is said, a shard has one batch at a time.
 */
#include "tests/story.h"

static struct story s;

#define CREATED_MS 31125
#define STREAM_MANIFEST "stream-batch-0001-20260130-050031.json"

static void files(int64_t count)
{
    story_init(&s);
    scenario_apply_builder(&s.scenario, BUILDER_V6S);
    s.scenario.stream.parallelization = 1;
    s.scenario.until = duration_s(10000);
    story_files(&s, count, 0, (struct duration){0});
}

static int64_t files_that_are(const char *status)
{
    int64_t count = 0;
    for (uint64_t i = 0; i < run_files_count(s.run); i++) {
        struct file_row row = {0};
        run_file(s.run, i, &row);
        struct text name = text_after_last(row.key, '/');
        count += text_starts(story_status(&s, row.date, name), text_from(status));
    }
    return count;
}

static int64_t creator_invocations(void)
{
    int64_t count = 0;
    for (uint64_t i = 0; i < run_invocations_count(s.run); i++) {
        struct invocation_row row = {0};
        run_invocation(s.run, i, &row);
        count += text_equal(row.function, TEXT("stream-manifest-creator"));
    }
    return count;
}

/* An effect that is taken over by a test: the first so many calls are refused. */
static int64_t refusals_left;
static enum call_status (*honest)(struct cloud *c, struct task *caller, struct call *call);

static enum call_status refuse(struct cloud *c, struct task *caller, struct call *call)
{
    if (refusals_left > 0) {
        refusals_left--;
        return CALL_CONDITION_FAILED;
    }
    return honest(c, caller, call);
}

static void refuse_calls(enum operation_id operation, int64_t count)
{
    struct operation *o = &story_pipeline(&s)->operations[operation];
    honest = o->perform;
    o->perform = refuse;
    refusals_left = count;
}

/* PIPE-STREAM-1, PIPE-STREAM-2: the builder only tracks; the function makes the manifest. */
static void ten_new_records_make_a_manifest(void **state)
{
    (void)state;
    files(10);
    story_begin(&s);
    story_until_ms(&s, CREATED_MS - 1);
    assert_number(files_that_are("pending#"), 10);
    assert_number(story_calls(&s, "QUERY_PENDING"), 0);
    story_until_ms(&s, CREATED_MS);
    struct summary summary;
    run_summary(s.run, &summary);
    assert_number(summary.manifests.created, 1);
    assert_number(files_that_are("manifested#"), 10);
    assert_number(summary.executions.started, 1);
    struct item item;
    assert_true(
        table_peek(story_cloud(&s)->table, TODAY, TEXT("MANIFEST#" STREAM_MANIFEST), &item));
    assert_text(item_text(item, TEXT("trigger_type")), "stream");
    assert_true(table_peek(story_cloud(&s)->table, TODAY, TEXT("2026-01-30-f0001.ndjson"), &item));
    assert_text(item_text(item, TEXT("manifest_path")),
                "s3://" MANIFEST_BUCKET "/manifests/2026-01-30/" STREAM_MANIFEST);
    summary = story_finish(&s);
    assert_number(summary.executions.succeeded, 1);
    assert_number(summary.parquet.objects, 1);
    for (enum invariant i = 0; i < INVARIANTS_COUNT; i++) {
        assert_number(story_violations(&s, i), 0);
    }
    story_end(&s);
}

/* PIPE-STREAM-1: new items alone. The manifest's record is one, so it brings another invocation,
 * which finds no new file in it; updates bring none. */
static void only_new_files_count(void **state)
{
    (void)state;
    files(10);
    story_begin(&s);
    (void)story_finish(&s);
    assert_number(creator_invocations(), 2);
    assert_number(story_calls(&s, "QUERY_PENDING"), 1);
    struct invocation_row row = {0};
    uint64_t last = run_invocations_count(s.run) - 1;
    run_invocation(s.run, last, &row);
    assert_text(row.function, "stream-manifest-creator");
    assert_number(row.records, 1);
    assert_number(row.manifests, 0);
    story_end(&s);
}

/* PIPE-STREAM-3: a slice is listed whole, whoever has claimed its files, and one claim is enough.
 */
static void a_manifest_lists_files_that_others_have_claimed(void **state)
{
    (void)state;
    files(10);
    story_begin(&s);
    refuse_calls(OPERATION_CLAIM_FILE, 7);
    story_until_ms(&s, CREATED_MS);
    struct manifest_row manifest;
    struct execution_row execution;
    run_manifest(s.run, 0, &manifest);
    run_execution(s.run, 0, &execution);
    assert_number(manifest.files, 10);
    assert_number(execution.file_count, 3);
    assert_number(files_that_are("manifested#"), 3);
    (void)story_finish(&s);
    /* Seven are processed and pending: the next manifest will list them again. */
    assert_number(files_that_are("pending#"), 7);
    story_end(&s);
}

/* The same among themselves: every lane that has new files of the date makes a manifest of the same
 * ten, in the same second, hence with the same key. Source: PIPE-KEY-1. */
static void parallel_batches_list_the_same_files(void **state)
{
    (void)state;
    files(10);
    s.scenario.stream.parallelization = 10;
    s.scenario.latency.table_write = exactly(duration_ms(5));
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_true(summary.manifests.created > 1);
    assert_true(story_violations(&s, INVARIANT_S2) > 0);
    assert_number(summary.manifests.objects, 1);
    story_end(&s);
}

/* PIPE-STREAM-3: with no claim at all there is nothing to publish. */
static void a_slice_without_a_claim_is_dropped(void **state)
{
    (void)state;
    for (int may_delete = 0; may_delete < 2; may_delete++) {
        files(10);
        s.scenario.may_delete = may_delete != 0;
        story_begin(&s);
        refuse_calls(OPERATION_CLAIM_FILE, 10);
        struct summary summary = story_finish(&s);
        assert_number(story_calls(&s, "DELETE_MANIFEST"), 1);
        assert_number(summary.executions.started, 0);
        assert_number(files_that_are("pending#"), 10);
        uint32_t manifest =
            names_find(&story_cloud(&s)->names, TEXT("manifests/2026-01-30/" STREAM_MANIFEST));
        assert_int_equal(bucket_find(story_cloud(&s), BUCKET_MANIFEST, manifest) == NULL,
                         may_delete);
        story_end(&s);
    }
}

/* PIPE-STREAM-4: without a bus it publishes nothing and is content. */
static void without_a_bus_nothing_is_started(void **state)
{
    (void)state;
    files(20);
    s.scenario.builder.publisher = PUBLISHER_DIRECT;
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(files_that_are("manifested#"), 20);
    assert_number(summary.manifests.created, 2);
    assert_number(summary.executions.started, 0);
    assert_number(summary.manifests.records, 0);
    assert_number(story_violations(&s, INVARIANT_S4), 20);
    story_end(&s);
}

/* PIPE-STREAM-2: up to twice a manifest's files are read, full slices alone are taken; and the
 * arrivals afterwards see the rest. */
static void two_slices_are_the_most_of_a_call(void **state)
{
    (void)state;
    files(39);
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.manifests.created, 2);
    assert_number(files_that_are("pending#"), 19);
    assert_number(story_violations(&s, INVARIANT_L1), 1);
    story_end(&s);
}

/* PIPE-STREAM-2: each date of the batch is looked at, once. */
static void each_date_is_looked_at(void **state)
{
    (void)state;
    files(12);
    story_files(&s, 11, 0, (struct duration){0});
    s.scenario.workloads[0].date = TEXT("2026-01-31");
    s.scenario.workloads[1].date = TEXT("2026-02-01");
    story_begin(&s);
    story_until_ms(&s, 40000);
    assert_number(story_calls(&s, "QUERY_PENDING"), 2);
    struct summary summary = story_finish(&s);
    assert_number(summary.manifests.created, 2);
    assert_number(files_that_are("pending#"), 3);
    story_end(&s);
}

/* PIPE-STREAM-2: the function leaves earlier dates with few files to the builder's flush. */
static void the_builder_flushes_earlier_dates(void **state)
{
    (void)state;
    files(3);
    s.scenario.workloads[0].date = TEXT("2026-01-29");
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(files_that_are("manifested#"), 3);
    assert_true(summary.manifests.created > 0);
    struct manifest_row row;
    run_manifest(s.run, 0, &row);
    assert_true(text_starts(row.key, TEXT("manifests/2026-01-29/batch-")));
    story_end(&s);
}

struct crash_row {
    const char *name, *point;
    int64_t nth;
    int64_t manifested, created, executions, stuck;
};

/* The mapping tries the batch again, in halves: what is pending then is enough for a manifest, or
 * not. Files claimed by the dead one are nobody's. Source: ESM-STREAM-11. */
static const struct crash_row crash_rows[] = {
    {"a death with the files read",   "QUERY_PENDING", 1,  10, 1, 1, 0 },
    {"a death with the manifest put", "PUT_MANIFEST",  1,  10, 2, 1, 0 },
    {"a death with 4 of 10 claimed",  "CLAIM_FILE",    4,  4,  1, 0, 4 },
    {"a death with all claimed",      "CLAIM_FILE",    10, 10, 1, 0, 10},
    {"a death with the event put",    "PUT_EVENTS",    1,  10, 1, 1, 0 },
    {"a death with the record put",   "PUT_RECORD",    1,  10, 1, 1, 0 },
};

static void a_crash(void **state)
{
    const struct crash_row *row = *state;
    files(10);
    story_fault(&s, FAULT_KILL, "stream_creator", row->point, row->nth);
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(files_that_are("manifested#"), row->manifested);
    assert_number(summary.manifests.created, row->created);
    assert_number(summary.executions.started, row->executions);
    assert_number(story_violations(&s, INVARIANT_S3), row->stuck);
    assert_number(story_cloud(&s)->stream_source.counts->errors, 1);
    story_end(&s);
}

/* PIPE-BUS-1: a publishing that fails releases what was claimed. */
static void an_event_that_cannot_be_put_sets_the_files_back(void **state)
{
    (void)state;
    files(10);
    story_begin(&s);
    refuse_calls(OPERATION_PUT_EVENTS, 1);
    (void)story_finish(&s);
    assert_number(story_calls(&s, "RELEASE_FILE"), 10);
    assert_number(story_calls(&s, "DELETE_MANIFEST"), 1);
    assert_number(files_that_are("pending#"), 10);
    assert_number(story_violations(&s, INVARIANT_L1), 1);
    story_end(&s);
}

struct strike_row {
    const char *name;
    enum fault_kind kind;
    int64_t created_at_once, created_later;
    int64_t read; /* pages, in the end */
};

static const struct strike_row strike_rows[] = {
    {"a batch that a fault loses is never handled",       FAULT_LOSE,      0, 0, 0},
    {"a batch that a fault doubles is handled once more", FAULT_DUPLICATE, 1, 1, 2},
    {"a batch that a fault delays is handled late",       FAULT_DELAY,     0, 1, 1},
};

static void a_fault_of_the_stream(void **state)
{
    const struct strike_row *row = *state;
    files(10);
    story_fault(&s, row->kind, "stream", "BATCH", 1);
    if (row->kind == FAULT_DELAY) {
        story_last_fault(&s)->by = duration_s(10);
    }
    char path[64];
    struct error error = {.message = ""};
    struct summary summary;
    assert_int_equal(scenario_validate(&s.scenario, path, &error), STATUS_OK);
    story_begin(&s);
    story_until_ms(&s, CREATED_MS + 9999);
    run_summary(s.run, &summary);
    assert_number(summary.manifests.created, row->created_at_once);
    story_until_ms(&s, CREATED_MS + 10000);
    run_summary(s.run, &summary);
    assert_number(summary.manifests.created, row->created_later);
    (void)story_finish(&s);
    assert_number(story_calls(&s, "QUERY_PENDING"), row->read);
    assert_number(story_cloud(&s)->stream_source.counts->lost, row->kind == FAULT_LOSE);
    story_end(&s);
}

int main(void)
{
    struct cases cases = {.count = 0};
    CASES_ADD(&cases, ten_new_records_make_a_manifest);
    CASES_ADD(&cases, only_new_files_count);
    CASES_ADD(&cases, a_manifest_lists_files_that_others_have_claimed);
    CASES_ADD(&cases, parallel_batches_list_the_same_files);
    CASES_ADD(&cases, a_slice_without_a_claim_is_dropped);
    CASES_ADD(&cases, without_a_bus_nothing_is_started);
    CASES_ADD(&cases, two_slices_are_the_most_of_a_call);
    CASES_ADD(&cases, each_date_is_looked_at);
    CASES_ADD(&cases, the_builder_flushes_earlier_dates);
    CASES_ADD_TABLE(&cases, a_crash, crash_rows);
    CASES_ADD_TABLE(&cases, a_fault_of_the_stream, strike_rows);
    CASES_ADD(&cases, an_event_that_cannot_be_put_sets_the_files_back);
    return cases_run("stream creator", &cases);
}

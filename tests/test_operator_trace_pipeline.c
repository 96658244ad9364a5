/* test_operator_trace_pipeline.c: trace-pipeline and debug-glue-output: what they show of a
 * pipeline that is known, and what they miss.
 */
#include "tests/operator_story.h"

static struct story s;

static void begin_empty(enum builder builder)
{
    operator_story_init(&s);
    scenario_apply_builder(&s.scenario, builder);
    story_files(&s, 1, 86400, (struct duration){0});
    story_begin(&s);
}

/* Twenty files become two manifests; the jobs have ended. */
static void run_twenty(enum builder builder)
{
    operator_story_init(&s);
    scenario_apply_builder(&s.scenario, builder);
    story_files(&s, 20, 0, duration_s(60));
    story_files(&s, 1, 86400, (struct duration){0});
    story_begin(&s);
    story_until_ms(&s, 600000);
}

/* --- trace-pipeline (PIPE-TOOLS-3)
 * --------------------------------------------------------------------------------- */

static void test_the_sections_of_a_day(void **state)
{
    (void)state;
    run_twenty(BUILDER_V3);
    put_item(&s, &(struct put){
                     .date = TEXT("LOCK#manifest-2026-01-30"), .key = TEXT("LOCK"), .ttl_s = 1});
    operate(&s, "trace-pipeline");
    assert_exit(&s, 0, 0);
    assert_says(&s, 0,
                "[1] Items in the table: 23\n  completed: 2\n  manifested: 20\n  unknown: 1\n");
    assert_says(&s, 0, "[2] MANIFEST records:\n[3] Manifests: 2\n  2026-01-30T05:00:");
    assert_says(&s, 0, "[4] Parquet files: 2\n  2026-01-30T05:0");
    assert_says(&s, 0, "Z merged-parquet-2026-01-30/\n");
    assert_says(&s, 0,
                "[5] Executions: 2\n  SUCCEEDED: 2\n"
                "  00000000-0000-4000-8000-000000000002  SUCCEEDED  2026-01-30T05:00:");
    assert_says(&s, 0,
                "[6] Manifests by date:\n  2026-01-30: 2 manifests x 10 = 20 files\n"
                "    Parquet files by date:\n  2026-01-30: 2 files\n[7]");
    assert_figure(&s, 0, "items", 23, 23);
    assert_figure(&s, 0, "manifested files", 20, 20);
    assert_figure(&s, 0, "manifest records", 0, 2);
    assert_figure(&s, 0, "manifests", 2, 2);
    assert_figure(&s, 0, "parquet objects", 2, 2);
    story_end(&s);
}

static void test_both_forms_of_records_as_it_should_be(void **state)
{
    (void)state;
    run_twenty(BUILDER_V3);
    put_item(&s, &(struct put){.date = TODAY, .key = TEXT("MANIFEST"), .status = TEXT("pending")});
    operate(&s, "trace-pipeline");
    operate(&s, "trace-pipeline --fixed");
    assert_says(
        &s, 0,
        "2026-01-30 MANIFEST: status pending, job run None, completed None, error None\n[3]");
    assert_figure(&s, 0, "manifest records", 1, 3);
    assert_figure(&s, 0, "pending files", 1, 0);
    assert_says(&s, 1, "  file manifested: 20\n  manifest completed: 2\n  manifest pending: 1\n");
    assert_says(&s, 1, "status completed, job run jr_00000001, completed 2026-01-30T05:0");
    assert_figure(&s, 1, "manifest records", 3, 3);
    assert_figure(&s, 1, "pending files", 0, 0);
    story_end(&s);
}

/* "grep -c || echo 0" gives two lines where nothing matches. */
static void test_no_parquet_is_two_lines(void **state)
{
    (void)state;
    begin_empty(BUILDER_V3);
    operate(&s, "trace-pipeline");
    operate(&s, "trace-pipeline --fixed");
    assert_says(&s, 0,
                "[4] Parquet files: 0\n0\ntrace-pipeline: [: 0\n0: integer expression expected\n");
    assert_exit(&s, 0, 0);
    assert_says(&s, 1, "[4] Parquet files: 0\n[5]");
    story_end(&s);
}

/* Of 300 items of 8 KB the script sees the first megabyte (F57, SDK-CLI-2). */
static void test_a_page_is_not_the_table(void **state)
{
    (void)state;
    begin_empty(BUILDER_V3);
    put_files(&s, 300, TODAY, TEXT("pending"), 8192);
    operate(&s, "trace-pipeline");
    operate(&s, "trace-pipeline --fixed");
    assert_figure(&s, 0, "items", 126, 300);
    assert_figure(&s, 0, "pending files", 126, 300);
    assert_figure(&s, 1, "items", 300, 300);
    assert_figure(&s, 1, "pending files", 300, 300);
    story_end(&s);
}

/* Of the 60 executions the 50 newest are counted, and ten told (SFN-LIST-1). */
static void test_fifty_executions_are_counted(void **state)
{
    (void)state;
    operator_story_init(&s);
    s.scenario.max_files_per_manifest = 1;
    story_files(&s, 60, 0, duration_s(600));
    story_files(&s, 1, 86400, (struct duration){0});
    story_begin(&s);
    story_until_ms(&s, 1200000);
    operate(&s, "trace-pipeline");
    operate(&s, "trace-pipeline --fixed");
    assert_says(&s, 0,
                "[5] Executions: 50\n  SUCCEEDED: 50\n  00000000-0000-4000-8000-000000000060");
    assert_says(&s, 0, "4000-8000-000000000051  SUCCEEDED");
    assert_silent(&s, 0, "4000-8000-000000000050  SUCCEEDED");
    assert_says(&s, 0, "60 manifests x 10 = 600 files");
    assert_says(&s, 1, "[5] Executions: 60\n");
    assert_says(&s, 1, "2026-01-30: 60 manifests\n");
    story_end(&s);
}

/* Sharded statuses are told one by one; as it should be, together. */
static void test_shards(void **state)
{
    (void)state;
    begin_empty(BUILDER_V6);
    put_files(&s, 3, TODAY, TEXT("pending#1"), 0);
    put_files(&s, 4, YESTERDAY, TEXT("pending#7"), 0);
    operate(&s, "trace-pipeline");
    operate(&s, "trace-pipeline --fixed");
    assert_says(&s, 0, "  pending#1: 3\n  pending#7: 4\n");
    assert_figure(&s, 0, "pending files", 0, 7);
    assert_says(&s, 1, "  file pending: 7\n");
    assert_figure(&s, 1, "pending files", 7, 7);
    story_end(&s);
}

/* Behind 1000 keys there is another page (S3-LIST-1). */
static void test_a_listing_goes_through_all_pages(void **state)
{
    (void)state;
    operator_story_init(&s);
    s.scenario.limits.files = 5000;
    s.scenario.cli.call_time = duration_s(1);
    story_files(&s, 1, 86400, (struct duration){0});
    story_begin(&s);
    for (int64_t i = 0; i < 2500; i++) {
        char key[64];
        struct text_writer w = text_writer(key, sizeof key);
        text_put(&w, TEXT("manifests/2026-01-30/batch-"));
        text_put_integer(&w, i, 4);
        uint32_t name = names_intern(&story_cloud(&s)->names, text_written(&w));
        assert_int_not_equal(bucket_put(story_cloud(&s), BUCKET_MANIFEST, name, 1, 0), 0);
    }
    operate(&s, "trace-pipeline");
    assert_figure(&s, 0, "manifests", 2500, 2500);
    assert_int_equal(story_calls(&s, "LIST_OBJECTS"), 3 + 1 + 3 + 1);
    assert_int_equal(story_ms(&s, tool_row(&s, 0).ended_at), 8 * 1000);
    story_end(&s);
}

/* A page whose reply is lost is read again, and counted once. */
static void test_a_lost_page_counts_once(void **state)
{
    (void)state;
    operator_story_init(&s);
    story_fault(&s, FAULT_LOSE_REPLY, "operator", "SCAN_LOCKS", 1);
    story_fault(&s, FAULT_LOSE_REPLY, "operator", "READ_STATUSES", 2);
    story_files(&s, 1, 86400, (struct duration){0});
    story_begin(&s);
    put_files(&s, 300, TODAY, TEXT("pending"), 8192);
    put_item(&s, &(struct put){
                     .date = TEXT("LOCK#manifest-2026-01-30"), .key = TEXT("LOCK"), .ttl_s = 1});
    operate(&s, "check-locks");
    operate(&s, "trace-pipeline --fixed");
    assert_figure(&s, 0, "locks", 1, 1);
    assert_figure(&s, 1, "items", 301, 301);
    assert_int_equal(story_calls(&s, "READ_STATUSES"), 4);
    story_end(&s);
}

/* --- debug-glue-output (PIPE-TOOLS-5)
 * ------------------------------------------------------------------------------ */

static void test_the_job_does_not_exist(void **state)
{
    (void)state;
    run_twenty(BUILDER_V3);
    operate(&s, "debug-glue-output");
    assert_exit(&s, 0, 254);
    assert_says(&s, 0, "[2] The newest: manifests/2026-01-30/batch-0001-202601");
    assert_says(&s, 0,
                "{\"fileLocations\": [{\"URIPrefixes\": [\n  \"s3://" INPUT_BUCKET
                "/pipeline/input/2026-01-30-f0011.ndjson\",\n");
    assert_says(&s, 0,
                "Files in it: 10\n[3] Its first files:\n  exists  "
                "pipeline/input/2026-01-30-f0011.ndjson\n");
    assert_says(&s, 0, "f0015.ndjson\n[4] Parquet files: 2\nParquet files found.\n");
    assert_silent(&s, 0, "[5]");
    assert_figure(&s, 0, "parquet found", 1, 1);
    assert_int_equal(story_calls(&s, "HEAD_FILE"), 5);
    story_end(&s);
}

static void test_the_right_job_as_it_should_be(void **state)
{
    (void)state;
    run_twenty(BUILDER_V3);
    operate(&s, "debug-glue-output --fixed");
    assert_exit(&s, 0, 0);
    assert_says(&s, 0, "[5] The latest runs of the job:\n  jr_000000000002  SUCCEEDED");
    assert_says(&s, 0, "--MANIFEST_PATH s3://" MANIFEST_BUCKET "/manifests/2026-01-30/batch-0001-");
    story_end(&s);
}

static void test_without_a_manifest_it_ends_with_1(void **state)
{
    (void)state;
    begin_empty(BUILDER_V3);
    operate(&s, "debug-glue-output");
    assert_exit(&s, 0, 1);
    assert_says(&s, 0, "[2] No manifest found.\n");
    story_end(&s);
}

/* No Parquet yet: the failed comparison leads to "found". The newest by key is not the newest by
 * time, and a source that is gone is missing. */
static void test_nothing_is_found_and_told_as_found(void **state)
{
    (void)state;
    operator_story_init(&s);
    s.scenario.glue.run_time = exactly(duration_s(3600));
    story_files(&s, 10, 0, (struct duration){0});
    story_fault(&s, FAULT_EXPIRE, "s3", "INPUT_OBJECT", 2);
    story_last_fault(&s)->by = duration_s(60);
    (void)story_operator(&s, 100000, "debug-glue-output");
    (void)story_operator(&s, 200000, "debug-glue-output --fixed");
    story_begin(&s);
    story_until_ms(&s, 90000);
    uint32_t name =
        names_intern(&story_cloud(&s)->names, TEXT("manifests/2026-01-29/batch-0001-late.json"));
    assert_int_not_equal(bucket_put(story_cloud(&s), BUCKET_MANIFEST, name, 1, 0), 0);
    story_until_ms(&s, 300000);
    assert_says(&s, 0, "The newest: manifests/2026-01-30/");
    assert_says(&s, 0,
                "  exists  pipeline/input/2026-01-30-f0001.ndjson\n  MISSING "
                "pipeline/input/2026-01-30-f0002.ndjson\n");
    assert_says(&s, 0,
                "[4] Parquet files: 0\n0\ndebug-glue-output: [: 0\n0: integer expression "
                "expected\nParquet files found.\n");
    assert_figure(&s, 0, "parquet found", 1, 0);
    assert_says(&s, 1, "[4] Parquet files: 0\nNo Parquet files found.\n");
    assert_figure(&s, 1, "parquet found", 0, 0);
    assert_says(&s, 1, "jr_000000000001  RUNNING");
    story_end(&s);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, test_the_sections_of_a_day);
    CASES_ADD(&cases, test_both_forms_of_records_as_it_should_be);
    CASES_ADD(&cases, test_no_parquet_is_two_lines);
    CASES_ADD(&cases, test_a_page_is_not_the_table);
    CASES_ADD(&cases, test_fifty_executions_are_counted);
    CASES_ADD(&cases, test_shards);
    CASES_ADD(&cases, test_a_listing_goes_through_all_pages);
    CASES_ADD(&cases, test_a_lost_page_counts_once);
    CASES_ADD(&cases, test_the_job_does_not_exist);
    CASES_ADD(&cases, test_the_right_job_as_it_should_be);
    CASES_ADD(&cases, test_without_a_manifest_it_ends_with_1);
    CASES_ADD(&cases, test_nothing_is_found_and_told_as_found);
    return cases_run("operator_trace_pipeline", &cases);
}

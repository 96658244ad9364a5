/* test_operator_reprocess_failed.c: reprocess-failed: what its lists miss, what its retries double,
 * what its resets break; and each as it should be.
 */
#include "tests/operator_story.h"

static struct story s;

static void begin(enum builder builder)
{
    operator_story_init(&s);
    scenario_apply_builder(&s.scenario, builder);
    story_files(&s, 1, 86400, (struct duration){0});
    story_begin(&s);
}

/* Ten files, one manifest, one execution, in which something goes wrong. */
static void begin_with_fault(enum fault_kind kind, const char *process, const char *point)
{
    operator_story_init(&s);
    s.scenario.glue.max_retries = 0;
    story_fault(&s, kind, process, point, 1);
    story_files(&s, 10, 0, (struct duration){0});
    s.scenario.until = duration_s(80000);
}

static void finish(void)
{
    story_begin(&s);
    (void)story_finish(&s);
}

static int64_t executions(void)
{
    return (int64_t)run_executions_count(s.run);
}

/* --- failed executions (PIPE-TOOLS-6)
 * ------------------------------------------------------------------------------ */

/* A failed job ends in an execution that SUCCEEDED (F32): list-failed knows of none. */
static void test_a_failed_job_is_not_listed(void **state)
{
    (void)state;
    begin_with_fault(FAULT_FAIL, "glue", "RUN");
    (void)story_operator(&s, 1000000, "reprocess-failed list-failed");
    (void)story_operator(&s, 1001000, "reprocess-failed list-failed --fixed");
    (void)story_operator(&s, 1002000, "reprocess-failed retry-failed");
    finish();
    assert_exit(&s, 0, 0);
    assert_says(&s, 0, "Failed executions: 0\n");
    assert_figure(&s, 0, "failed executions", 0, 1);
    assert_says(&s, 1,
                "Failed executions: 0\nBatches failed behind an execution that SUCCEEDED: 1\n"
                "  s3://" MANIFEST_BUCKET "/manifests/2026-01-30/batch-0001-");
    assert_figure(&s, 1, "failed executions", 1, 1);
    assert_says(&s, 2, "Restarted: 0\n");
    assert_int_equal(executions(), 1);
    story_end(&s);
}

/* It tells in two lines, of which the first alone would be untrue. */
static void test_a_failed_job_is_listed_as_it_should_be(void **state)
{
    (void)state;
    begin_with_fault(FAULT_FAIL, "glue", "RUN");
    (void)story_operator(&s, 1000000, "reprocess-failed list-failed --fixed");
    finish();
    assert_figure(&s, 0, "failed executions", 1, 1);
    assert_int_equal(story_violations(&s, INVARIANT_O), 0);
    story_end(&s);
}

static void test_a_failed_job_is_retried_as_it_should_be(void **state)
{
    (void)state;
    begin_with_fault(FAULT_FAIL, "glue", "RUN");
    (void)story_operator(&s, 1000000, "reprocess-failed retry-failed --fixed");
    (void)story_operator(&s, 1001000, "reprocess-failed retry-failed --fixed");
    (void)story_operator(&s, 2000000, "reprocess-failed retry-failed --fixed");
    finish();
    assert_says(&s, 0, "restarted s3://" MANIFEST_BUCKET "/manifests/2026-01-30/batch-0001-");
    assert_figure(&s, 0, "executions restarted", 1, 1);
    assert_figure(&s, 1, "executions restarted", 0, 0); /* is under way */
    assert_figure(&s, 2, "executions restarted", 0, 0); /* has output */
    assert_int_equal(executions(), 2);
    assert_int_equal(story_violations(&s, INVARIANT_S5), 0);
    story_end(&s);
}

/* The job has written, but completed could not be (F33): FAILED, and each retry doubles the rows
 * (F35). */
static void test_a_retry_doubles_the_output(void **state)
{
    (void)state;
    begin_with_fault(FAULT_THROTTLE, "state_machine", "UPDATE_STATUS_COMPLETED");
    (void)story_operator(&s, 1000000, "reprocess-failed list-failed");
    (void)story_operator(&s, 2000000, "reprocess-failed retry-failed");
    (void)story_operator(&s, 3000000, "reprocess-failed retry-failed");
    finish();
    assert_says(&s, 0,
                "Failed executions: 1\n  00000000-0000-4000-8000-000000000001  started "
                "2026-01-30T05:00:01Z  stopped ");
    assert_says(&s, 0,
                "    "
                "arn:aws:states:us-east-1:123456789012:execution:ndjson-parquet-processor-dev:"
                "00000000-0000-4000-8000-000000000001\n");
    assert_figure(&s, 0, "failed executions", 1, 1);
    assert_says(&s, 1, "restarted s3://");
    assert_figure(&s, 1, "executions restarted", 1, 0);
    assert_figure(&s, 2, "executions restarted", 1, 0); /* it has no memory */
    assert_int_equal(executions(), 3);
    assert_int_equal(story_calls(&s, "DESCRIBE_EXECUTION"), 2);
    assert_true(story_violations(&s, INVARIANT_S5) >= 10);
    story_end(&s);
}

static void test_what_has_output_is_left_alone_as_it_should_be(void **state)
{
    (void)state;
    begin_with_fault(FAULT_THROTTLE, "state_machine", "UPDATE_STATUS_COMPLETED");
    (void)story_operator(&s, 1000000, "reprocess-failed retry-failed --fixed");
    finish();
    assert_says(&s, 0, "has output or is under way: left alone\n");
    assert_figure(&s, 0, "executions restarted", 0, 0);
    assert_int_equal(executions(), 1);
    assert_int_equal(story_violations(&s, INVARIANT_S5), 0);
    story_end(&s);
}

/* --- lists
 * ------------------------------------------------------------------------------------------------
 */

static void test_lists_by_date(void **state)
{
    (void)state;
    begin(BUILDER_V3);
    put_files(&s, 5, TODAY, TEXT("pending"), 0);
    put_files(&s, 2, YESTERDAY, TEXT("pending"), 0);
    for (int64_t i = 0; i < 3; i++) {
        char key[] = "m0.ndjson";
        key[1] = (char)('0' + i);
        put_item(&s, &(struct put){
                         .date = TODAY,
                         .key = text_from(key),
                         .status = TEXT("manifested"),
                         .manifest =
                             i < 2 ? TEXT("s3://" MANIFEST_BUCKET "/manifests/2026-01-30/a.json")
                                   : TEXT("s3://" MANIFEST_BUCKET "/manifests/2026-01-30/b.json")});
    }
    operate(&s, "reprocess-failed list-pending");
    operate(&s, "reprocess-failed list-manifested");
    assert_says(&s, 0,
                "Pending files: 7\n  2026-01-29: 2\n    f0001.ndjson\n    f0002.ndjson\n"
                "  2026-01-30: 5\n    f0001.ndjson\n    f0002.ndjson\n    f0003.ndjson\n");
    assert_silent(&s, 0, "f0004");
    assert_says(&s, 1, "Manifested files: 3\n  2026-01-30: 3\nManifests: 2\n");
    assert_figure(&s, 0, "pending files", 7, 7);
    assert_figure(&s, 1, "manifested files", 3, 3);
    story_end(&s);
}

/* F56 and F57: shards are not found, and of a large table one page is read. */
static const struct list_row {
    const char *name;
    enum builder builder;
    const char *status, *line, *figure;
    int64_t padding, shown;
} lists[] = {
    {"shards are not pending",          BUILDER_V6, "pending#2",    "reprocess-failed list-pending",
     "pending files",                                                                                                       0,    0  },
    {"... as it should be they are",    BUILDER_V6, "pending#2",
     "reprocess-failed list-pending --fixed",                                                           "pending files",    0,    300},
    {"shards are not manifested",       BUILDER_V6, "manifested#2", "reprocess-failed list-manifested",
     "manifested files",                                                                                                    0,    0  },
    {"... as it should be they are",    BUILDER_V6, "manifested#2",
     "reprocess-failed list-manifested --fixed",                                                        "manifested files", 0,    300},
    {"a page of pending files",         BUILDER_V3, "pending",      "reprocess-failed list-pending",
     "pending files",                                                                                                       8192, 126},
    {"... as it should be all of them", BUILDER_V3, "pending",
     "reprocess-failed list-pending --fixed",                                                           "pending files",    8192, 300},
};

static void test_list(void **state)
{
    const struct list_row *row = *state;
    begin(row->builder);
    put_files(&s, 300, TODAY, text_from(row->status), row->padding);
    operate(&s, row->line);
    assert_exit(&s, 0, 0);
    assert_figure(&s, 0, row->figure, row->shown, 300);
    story_end(&s);
}

/* --- the flush
 * -------------------------------------------------------------------------------------------- */

/* The one tool that makes the builder look at all dates. */
static void test_trigger_flush(void **state)
{
    (void)state;
    operator_story_init(&s);
    story_files(&s, 3, 0, (struct duration){0});
    s.scenario.workloads[0].date = YESTERDAY;
    s.scenario.workloads[0].files = 1; /* its flush finds nothing of an earlier date */
    (void)story_operator(&s, 60000, "reprocess-failed trigger-flush");
    finish();
    assert_says(&s, 0,
                "Uploaded s3://" INPUT_BUCKET
                "/pipeline/input/2026-01-30/test-trigger-20260130-050100.ndjson\n");
    struct file_row file = {.size = 0};
    run_file(s.run, 1, &file);
    assert_text(file.key, "pipeline/input/2026-01-30/test-trigger-20260130-050100.ndjson");
    assert_int_equal(file.size, 3670016);
    assert_text(file.status, "pending");
    story_end(&s);
}

/* --- resets
 * -----------------------------------------------------------------------------------------------
 */

static const struct answer_row {
    const char *name, *line;
    enum answer answer;
    int64_t exit_status, reset;
    const char *says;
} answers[] = {
    {"nobody answers: the read fails", "reprocess-failed reset-manifested",      ANSWER_NONE, 1, 0,
     "again? (y/n) \n"                                                                                                           },
    {"no",                             "reprocess-failed reset-manifested",      ANSWER_NO,   0, 0,  "(y/n) n\nCancelled.\n"     },
    {"yes",                            "reprocess-failed reset-manifested",      ANSWER_YES,  0, 12, "Items reset to pending: 12"},
    {"nobody answers for a date",      "reprocess-failed reset-date 2026-01-30", ANSWER_NONE, 1, 0,
     "(y/n) \n"                                                                                                                  },
    {"yes for a date",                 "reprocess-failed reset-date 2026-01-30", ANSWER_YES,  0, 12,
     "Items reset to pending: 12"                                                                                                },
};

static void test_answer(void **state)
{
    const struct answer_row *row = *state;
    begin(BUILDER_V3);
    put_files(&s, 12, TODAY, TEXT("manifested"), 0);
    operate_with(&s, row->line, row->answer);
    assert_exit(&s, 0, row->exit_status);
    assert_says(&s, 0, row->says);
    assert_int_equal(story_calls(&s, "RESET_ITEM"), row->reset);
    assert_text(story_status(&s, TODAY, TEXT("f0012.ndjson")),
                row->reset > 0 ? "pending" : "manifested");
    story_end(&s);
}

/* What was processed is processed again (F36). */
static void test_a_reset_of_all_doubles_all(void **state)
{
    (void)state;
    operator_story_init(&s);
    story_files(&s, 10, 0, (struct duration){0});
    story_operator(&s, 1000000, "reprocess-failed reset-manifested")->answer = ANSWER_YES;
    (void)story_operator(&s, 1001000, "upload --files 1");
    finish();
    assert_figure(&s, 0, "items reset", 10, 0);
    assert_int_equal(executions(), 2);
    assert_true(story_violations(&s, INVARIANT_S5) >= 9);
    story_end(&s);
}

static void test_a_reset_leaves_the_processed_alone_as_it_should_be(void **state)
{
    (void)state;
    operator_story_init(&s);
    story_files(&s, 10, 0, (struct duration){0});
    story_operator(&s, 1000000, "reprocess-failed reset-manifested --fixed")->answer = ANSWER_YES;
    story_operator(&s, 1001000, "reprocess-failed reset-date 2026-01-30 --fixed")->answer =
        ANSWER_YES;
    finish();
    assert_figure(&s, 0, "items reset", 0, 0);
    assert_figure(&s, 1, "items reset", 0, 0);
    assert_text(story_status(&s, TODAY, FIRST_MANIFEST), "completed");
    story_end(&s);
}

/* reset-date sets the manifests' own records to pending, too, and then V3 fails on them (F1, F36).
 */
static void test_a_reset_of_a_date_poisons_it(void **state)
{
    (void)state;
    operator_story_init(&s);
    story_files(&s, 10, 0, (struct duration){0});
    story_operator(&s, 1000000, "reprocess-failed reset-date 2026-01-30")->answer = ANSWER_YES;
    (void)story_operator(&s, 1001000, "upload --files 5");
    finish();
    assert_says(&s, 0, "Items reset to pending: 11, failed: 0\n");
    assert_text(story_status(&s, TODAY, FIRST_MANIFEST), "pending");
    assert_int_equal(executions(), 1); /* 15 files wait, and none is made */
    assert_true(story_violations(&s, INVARIANT_L1) >= 1);
    story_end(&s);
}

/* The old record is skipped, and of what is pending nothing is written. */
static void test_a_reset_of_a_date_skips_the_old_record(void **state)
{
    (void)state;
    begin(BUILDER_V3);
    put_files(&s, 3, TODAY, TEXT("pending"), 0);
    put_files(&s, 2, YESTERDAY, TEXT("manifested"), 0);
    put_item(&s,
             &(struct put){.date = TODAY, .key = TEXT("MANIFEST"), .status = TEXT("completed")});
    put_item(&s, &(struct put){.date = TODAY, .key = TEXT("x.ndjson"), .status = TEXT("failed")});
    operate_with(&s, "reprocess-failed reset-date 2026-01-30", ANSWER_YES);
    assert_int_equal(story_calls(&s, "RESET_ITEM"), 1);
    assert_text(story_status(&s, TODAY, TEXT("MANIFEST")), "completed");
    assert_text(story_status(&s, TODAY, TEXT("x.ndjson")), "pending");
    assert_text(story_status(&s, YESTERDAY, TEXT("f0001.ndjson")), "manifested");
    story_end(&s);
}

/* The batcher's records are named by whole keys: it is these that a reset writes to. */
static void test_a_reset_of_whole_keys(void **state)
{
    (void)state;
    begin(BUILDER_V7);
    put_item(&s, &(struct put){.date = TODAY,
                               .key = TEXT("pipeline/input/east/x.ndjson"),
                               .path = TEXT("s3://" INPUT_BUCKET "/pipeline/input/east/x.ndjson"),
                               .status = TEXT("completed")});
    operate_with(&s, "reprocess-failed reset-date 2026-01-30", ANSWER_YES);
    assert_text(story_status(&s, TODAY, TEXT("pipeline/input/east/x.ndjson")), "pending");
    assert_text(story_status(&s, TODAY, TEXT("x.ndjson")), "");
    story_end(&s);
}

/* A shard is lost, or kept. */
static void test_shards(void **state)
{
    (void)state;
    begin(BUILDER_V6);
    put_files(&s, 2, TODAY, TEXT("manifested#4"), 0);
    operate_with(&s, "reprocess-failed reset-manifested", ANSWER_YES);
    assert_int_equal(story_calls(&s, "RESET_ITEM"), 0);
    operate_with(&s, "reprocess-failed reset-manifested --fixed", ANSWER_YES);
    assert_text(story_status(&s, TODAY, TEXT("f0001.ndjson")), "pending#4");
    put_files(&s, 2, TODAY, TEXT("manifested#4"), 0);
    operate_with(&s, "reprocess-failed reset-date 2026-01-30", ANSWER_YES);
    assert_text(story_status(&s, TODAY, TEXT("f0001.ndjson")), "pending");
    story_end(&s);
}

/* What changes between the read and the write stays as it is. */
static void test_a_write_is_conditional_as_it_should_be(void **state)
{
    (void)state;
    operator_story_init(&s);
    s.scenario.cli.call_time = duration_s(10);
    story_files(&s, 1, 86400, (struct duration){0});
    story_operator(&s, 0, "reprocess-failed reset-manifested --fixed")->answer = ANSWER_YES;
    story_begin(&s);
    put_files(&s, 2, TODAY, TEXT("manifested"), 0);
    story_until_ms(&s, 25000); /* read at 20 s, written at 30 s and 40 s */
    put_files(&s, 1, TODAY, TEXT("completed"), 0);
    story_until_ms(&s, 60000);
    assert_says(&s, 0, "Items reset to pending: 1, failed: 1\n");
    assert_text(story_status(&s, TODAY, TEXT("f0001.ndjson")), "completed");
    story_end(&s);
}

static void test_help(void **state)
{
    (void)state;
    begin(BUILDER_V3);
    operate(&s, "reprocess-failed help");
    assert_exit(&s, 0, 0);
    assert_says(&s, 0, "reprocess-failed list-failed | list-pending");
    story_end(&s);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, test_a_failed_job_is_not_listed);
    CASES_ADD(&cases, test_a_failed_job_is_listed_as_it_should_be);
    CASES_ADD(&cases, test_a_failed_job_is_retried_as_it_should_be);
    CASES_ADD(&cases, test_a_retry_doubles_the_output);
    CASES_ADD(&cases, test_what_has_output_is_left_alone_as_it_should_be);
    CASES_ADD(&cases, test_lists_by_date);
    CASES_ADD_TABLE(&cases, test_list, lists);
    CASES_ADD(&cases, test_trigger_flush);
    CASES_ADD_TABLE(&cases, test_answer, answers);
    CASES_ADD(&cases, test_a_reset_of_all_doubles_all);
    CASES_ADD(&cases, test_a_reset_leaves_the_processed_alone_as_it_should_be);
    CASES_ADD(&cases, test_a_reset_of_a_date_poisons_it);
    CASES_ADD(&cases, test_a_reset_of_a_date_skips_the_old_record);
    CASES_ADD(&cases, test_a_reset_of_whole_keys);
    CASES_ADD(&cases, test_shards);
    CASES_ADD(&cases, test_a_write_is_conditional_as_it_should_be);
    CASES_ADD(&cases, test_help);
    return cases_run("operator_reprocess_failed", &cases);
}

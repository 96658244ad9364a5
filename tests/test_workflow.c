/* test_workflow.c: executions of the state machine: what is retried, what is caught, and how an
 * execution and its manifest's record end.
 *
 * One file makes one manifest, so each run has one execution, started a second after the start.
 */
#include "tests/story.h"

static struct story s;

static void one_manifest(enum machine machine)
{
    story_init(&s);
    story_files(&s, 1, 0, (struct duration){0});
    s.scenario.max_files_per_manifest = 1;
    scenario_apply_machine(&s.scenario, machine);
}

static struct execution_row the_execution(void)
{
    struct execution_row row = {0};
    assert_number(run_executions_count(s.run), 1);
    run_execution(s.run, 0, &row);
    return row;
}

/* SFN-GLUE-1: the call's row tells how the run ended, and when that was noticed. */
static void a_call_that_waits_for_a_run_ends_with_it(void **state)
{
    (void)state;
    for (int failing = 0; failing <= 1; failing++) {
        struct call_row row = {0};
        one_manifest(MACHINE_M2);
        s.scenario.glue.failure_ppm = failing ? 1000000 : 0;
        story_begin(&s);
        (void)story_finish(&s);
        assert_true(story_call(&s, "START_GLUE_JOB", 1, &row));
        assert_text(row.outcome, failing ? "failed" : "ok");
        assert_number(story_ms(&s, row.reply_at), 121 * 1000);
        story_end(&s);
    }
}

/* SFN-RETRY-1, GLUE-SLOTS-1, PIPE-MACHINES-2 */
static void a_refused_run_is_tried_again_after_60_120_and_240_s_and_then_caught(void **state)
{
    (void)state;
    one_manifest(MACHINE_M2);
    s.scenario.glue.max_concurrent_runs = 0;
    story_begin(&s);
    (void)story_finish(&s);
    const int64_t attempts_s[] = {1, 61, 181, 421};
    assert_number(run_job_runs_count(s.run), 4);
    for (uint64_t i = 0; i < 4; i++) {
        struct job_run_row row = {0};
        run_job_run(s.run, i, &row);
        assert_text(row.state, "REFUSED");
        assert_number(story_ms(&s, row.started_at), attempts_s[i] * 1000);
    }
    assert_number(the_execution().refusals, 4);
    assert_text(the_execution().status, "SUCCEEDED");
    assert_text(the_execution().error, "refused");
    assert_number(story_ms(&s, the_execution().ended_at), 421 * 1000);
    assert_text(story_status(&s, TODAY, FIRST_MANIFEST), "failed");
    assert_number(story_cloud(&s)->topic.counts->published, 1);
    story_end(&s);
}

/* SFN-RETRY-1: the retrier counts per visit of the state; a slot that is free in between is taken.
 */
static void a_retry_that_finds_a_slot_goes_on(void **state)
{
    (void)state;
    one_manifest(MACHINE_M2);
    s.scenario.workloads[0].files = 2;
    s.scenario.glue.max_concurrent_runs = 1;
    s.scenario.glue.run_time = exactly(duration_s(100));
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.job_runs.succeeded, 2);
    assert_number(summary.job_runs.refused, 2); /* at 60 s the first one still runs */
    assert_number(summary.executions.succeeded, 2);
    assert_number(story_cloud(&s)->topic.counts->published, 0);
    story_end(&s);
}

/* SFN-CATCH-1, PIPE-MACHINES-2, SNS-PUBLISH-1 */
static void a_failed_job_ends_in_an_alert_and_an_execution_that_succeeded(void **state)
{
    (void)state;
    one_manifest(MACHINE_M2);
    s.scenario.glue.failure_ppm = 1000000;
    s.scenario.glue.max_retries = 0;
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_text(the_execution().status, "SUCCEEDED");
    assert_text(the_execution().error, "failed");
    assert_text(story_status(&s, TODAY, FIRST_MANIFEST), "failed");
    assert_number(story_cloud(&s)->topic.counts->published, 1);
    assert_number(summary.job_runs.failed, 1);
    assert_number(summary.job_runs.refused, 0); /* not what the retrier is for */
    assert_number(summary.parquet.objects, 0);
    story_end(&s);
}

/* SFN-STATUS-1: the output is there, and the execution says FAILED. */
static void an_error_that_nobody_catches_ends_the_execution_failed(void **state)
{
    (void)state;
    one_manifest(MACHINE_M2);
    story_fault(&s, FAULT_THROTTLE, "state_machine", "TASK", 3);
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_text(the_execution().status, "FAILED");
    assert_text(the_execution().error, "throttled");
    assert_text(story_status(&s, TODAY, FIRST_MANIFEST), "processing");
    assert_number(summary.parquet.objects, 1);
    assert_number(story_cloud(&s)->topic.counts->published, 0);
    assert_number(story_violations(&s, INVARIANT_S6), 1);
    assert_number(story_violations(&s, INVARIANT_L4), 0);
    story_end(&s);
}

/* SFN-CATCH-1 */
static void an_error_of_the_first_state_means_that_no_job_runs(void **state)
{
    (void)state;
    one_manifest(MACHINE_M2);
    story_fault(&s, FAULT_THROTTLE, "state_machine", "TASK", 1);
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_text(the_execution().status, "SUCCEEDED");
    assert_number(summary.job_runs.started, 0);
    assert_text(story_status(&s, TODAY, FIRST_MANIFEST), "failed");
    story_end(&s);
}

/* SFN-DELAY-1 */
static void states_are_some_time_apart(void **state)
{
    (void)state;
    one_manifest(MACHINE_M2);
    s.scenario.workflow.start_delay = exactly(duration_ms(60));
    s.scenario.workflow.transition = exactly(duration_ms(30));
    story_begin(&s);
    (void)story_finish(&s);
    /* Started at 1 s; two transitions between three states; the job takes 120 s. */
    assert_number(story_ms(&s, the_execution().ended_at), 1000 + 60 + 30 + 120000 + 30);
    story_end(&s);
}

/* SFN-START-1 */
static void without_a_name_each_start_is_a_new_execution(void **state)
{
    (void)state;
    one_manifest(MACHINE_M2);
    story_fault(&s, FAULT_LOSE_REPLY, "manifest_builder", "START_EXECUTION", 1);
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.manifests.created, 1);
    assert_number(summary.executions.started, 2);
    assert_number(summary.parquet.objects, 2);
    assert_number(story_violations(&s, INVARIANT_S5), 1);
    story_end(&s);
}

/* --- where the machines write (PIPE-MACHINES-1)
 * ------------------------------------------------------------------------------------------------
 */

struct machine_row {
    const char *name;
    enum machine machine;
    const char *during[2]; /* status while the job runs: of MANIFEST#... and of MANIFEST */
    const char *end[2];    /* at the end */
    const char *file;
};

static const struct machine_row machine_rows[] = {
    {"M0: shared",     MACHINE_M0, {"pending", "processing"}, {"pending", "completed"},    "manifested"},
    {"M1: mixed",      MACHINE_M1, {"pending", "processing"}, {"completed", "processing"}, "manifested"},
    {"M2: its own",    MACHINE_M2, {"processing", ""},        {"completed", ""},           "manifested"},
    {"M3: files, too", MACHINE_M3, {"processing", ""},        {"completed", ""},           "completed" },
};

static void machine_writes(void **state)
{
    const struct machine_row *row = *state;
    one_manifest(row->machine);
    story_begin(&s);
    story_until_ms(&s, 60 * 1000);
    assert_text(story_status(&s, TODAY, FIRST_MANIFEST), row->during[0]);
    assert_text(story_status(&s, TODAY, TEXT("MANIFEST")), row->during[1]);
    (void)story_finish(&s);
    assert_text(story_status(&s, TODAY, FIRST_MANIFEST), row->end[0]);
    assert_text(story_status(&s, TODAY, TEXT("MANIFEST")), row->end[1]);
    assert_text(story_status(&s, TODAY, TEXT("2026-01-30-f0001.ndjson")), row->file);
    story_end(&s);
}

/* PIPE-UPDATER-1 */
static void m3_sets_the_files_of_a_failed_job_to_failed(void **state)
{
    (void)state;
    one_manifest(MACHINE_M3);
    s.scenario.glue.failure_ppm = 1000000;
    s.scenario.glue.max_retries = 0;
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.files.failed, 1);
    assert_text(story_status(&s, TODAY, FIRST_MANIFEST), "failed");
    assert_number(story_cloud(&s)->topic.counts->published, 1);
    story_end(&s);
}

/* LAMBDA-SYNC-1, PIPE-MACHINES-2: after 5 and 10 s; then the execution succeeds all the same. */
static void m3_invokes_a_failing_updater_three_times(void **state)
{
    (void)state;
    one_manifest(MACHINE_M3);
    for (int64_t i = 1; i <= 3; i++) {
        story_fault(&s, FAULT_KILL, "status_updater", "QUERY_BATCH", i);
    }
    story_begin(&s);
    struct summary summary = story_finish(&s);
    const int64_t starts_s[] = {121, 126, 136};
    assert_number(run_invocations_count(s.run), 4); /* the builder's among them */
    for (uint64_t i = 0; i < 3; i++) {
        struct invocation_row row = {0};
        run_invocation(s.run, i + 1, &row);
        assert_text(row.function, "batch-status-updater");
        assert_text(row.outcome, "killed");
        assert_number(story_ms(&s, row.started_at), starts_s[i] * 1000);
    }
    assert_text(the_execution().status, "SUCCEEDED");
    assert_number(summary.files.manifested, 1);
    story_end(&s);
}

/* --- thirteen executions on three slots (SFN-RETRY-1, GLUE-SLOTS-1)
 * ------------------------------------------------------------------------------------------------
 */

/* How many of the 13 find a slot at one of their attempts, at 0, 60, 180 and 420 s, if they start
 * together, a second apart, or a minute apart. Worked out by hand. */
struct slots_row {
    const char *name;
    int64_t run_s;
    int64_t succeed[3];
};

static const struct slots_row slots_rows[] = {
    {"runs of 45 s on three slots",  45,  {12, 12, 13}},
    {"runs of 60 s on three slots",  60,  {12, 12, 13}},
    {"runs of 61 s on three slots",  61,  {9, 12, 13} },
    {"runs of 90 s on three slots",  90,  {9, 9, 13}  },
    {"runs of 180 s on three slots", 180, {9, 9, 13}  },
    {"runs of 181 s on three slots", 181, {6, 9, 13}  },
    {"runs of 240 s on three slots", 240, {6, 6, 13}  },
    {"runs of 300 s on three slots", 300, {6, 6, 12}  },
    {"runs of 419 s on three slots", 419, {6, 6, 9}   },
    {"runs of 421 s on three slots", 421, {3, 6, 9}   },
    {"runs of 600 s on three slots", 600, {3, 3, 6}   },
};

/* Starts an execution by hand, for a manifest that lists nothing. */
static void start_by_hand(uint32_t manifest, uint32_t date)
{
    struct workflow_input input = {
        .manifest = manifest,
        .date = date,
        .row = history_execution_started(story_pipeline(&s), manifest, date, 0),
    };
    assert_non_null(workflow_start(story_cloud(&s), &input));
}

static void thirteen_executions(void **state)
{
    static const int64_t gaps_s[] = {0, 1, 60};
    const struct slots_row *row = *state;
    for (size_t i = 0; i < 3; i++) {
        story_init(&s);
        story_files(&s, 13, 0,
                    duration_s(13 * gaps_s[i])); /* for the clock; 13 of 1000 make none */
        s.scenario.max_files_per_manifest = 1000;
        s.scenario.glue.max_concurrent_runs = 3;
        s.scenario.glue.run_time = exactly(duration_s(row->run_s));
        story_begin(&s);
        struct cloud *c = story_cloud(&s);
        uint32_t manifest = names_intern(&c->names, TEXT("manifests/empty.json"));
        uint32_t date = names_intern(&c->names, TODAY);
        assert_true(bucket_put(c, BUCKET_MANIFEST, manifest, 0, 0) != 0);
        for (int64_t k = 0; k < 13; k++) {
            story_until_ms(&s, k * gaps_s[i] * 1000);
            assert_number(story_now_ms(&s), k * gaps_s[i] * 1000);
            start_by_hand(manifest, date);
        }
        struct summary summary = story_finish(&s);
        assert_number(summary.job_runs.succeeded, row->succeed[i]);
        assert_number(story_cloud(&s)->topic.counts->published, 13 - row->succeed[i]);
        assert_number(summary.executions.succeeded, 13);
        story_end(&s);
    }
}

/* SFN-RETRY-1: the job's start was retried once; the updater's state counts from nought. */
static void each_state_counts_its_own_retries(void **state)
{
    (void)state;
    one_manifest(MACHINE_M3);
    for (int64_t i = 1; i <= 3; i++) {
        story_fault(&s, FAULT_KILL, "status_updater", "QUERY_BATCH", i);
    }
    story_begin(&s);
    story_cloud(&s)->job.max_concurrent_runs = 0;
    story_until_ms(&s, 30 * 1000);
    story_cloud(&s)->job.max_concurrent_runs = 1;
    struct summary summary = story_finish(&s);
    assert_number(summary.job_runs.refused, 1);
    assert_number(summary.job_runs.succeeded, 1);
    assert_number(summary.invocations, 1 + 3);
    story_end(&s);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, a_call_that_waits_for_a_run_ends_with_it);
    CASES_ADD(&cases, a_refused_run_is_tried_again_after_60_120_and_240_s_and_then_caught);
    CASES_ADD(&cases, a_retry_that_finds_a_slot_goes_on);
    CASES_ADD(&cases, a_failed_job_ends_in_an_alert_and_an_execution_that_succeeded);
    CASES_ADD(&cases, an_error_that_nobody_catches_ends_the_execution_failed);
    CASES_ADD(&cases, an_error_of_the_first_state_means_that_no_job_runs);
    CASES_ADD(&cases, states_are_some_time_apart);
    CASES_ADD(&cases, without_a_name_each_start_is_a_new_execution);
    CASES_ADD_TABLE(&cases, machine_writes, machine_rows);
    CASES_ADD_TABLE(&cases, thirteen_executions, slots_rows);
    CASES_ADD(&cases, m3_sets_the_files_of_a_failed_job_to_failed);
    CASES_ADD(&cases, m3_invokes_a_failing_updater_three_times);
    CASES_ADD(&cases, each_state_counts_its_own_retries);
    return cases_run("workflow", &cases);
}

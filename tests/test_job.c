/* test_job.c: job runs: slots, retries, the time-out, and when a workflow learns of the end. */
#include "tests/story.h"

static struct story s;

static void manifests_at_once(int64_t count)
{
    story_init(&s);
    story_files(&s, count, 0, (struct duration){0});
    s.scenario.max_files_per_manifest = 1;
}

static struct job_run_row job_run(uint64_t ordinal)
{
    struct job_run_row row = {0};
    assert_true(ordinal <= run_job_runs_count(s.run));
    run_job_run(s.run, ordinal - 1, &row);
    return row;
}

/* GLUE-SLOTS-1: a run that is starting counts, too. */
static void runs_above_the_slots_are_refused(void **state)
{
    (void)state;
    manifests_at_once(5);
    s.scenario.glue.max_concurrent_runs = 3;
    s.scenario.glue.start_up = exactly(duration_s(30));
    story_begin(&s);
    uint32_t most = 0;
    while (story_step(&s)) {
        uint32_t active = story_cloud(&s)->job.counts->active;
        most = active > most ? active : most;
    }
    assert_number(most, 3);
    assert_number(story_cloud(&s)->job.counts->active, 0);
    assert_true(story_cloud(&s)->job.counts->refused >= 2);
    story_end(&s);
}

/* GLUE-START-1 */
static void a_run_starts_up_before_its_script_runs(void **state)
{
    (void)state;
    manifests_at_once(1);
    s.scenario.glue.start_up = exactly(duration_s(35));
    story_begin(&s);
    (void)story_finish(&s);
    assert_number(story_ms(&s, job_run(1).started_at), 1000);
    assert_number(story_ms(&s, job_run(1).ended_at), (1 + 35 + 120) * 1000);
    assert_text(job_run(1).state, "SUCCEEDED");
    story_end(&s);
}

/* GLUE-RETRY-1: the execution took its failure path at the first failure; the output appears
 * all the same. */
static void a_failed_run_is_started_again_by_glue_itself(void **state)
{
    (void)state;
    struct choice fails_then_succeeds[] = {
        {CHOICE_RUN_FAILS, 999999, 999999},
        {CHOICE_RUN_FAILS, 999999, 0     },
    };

    manifests_at_once(1);
    s.scenario.glue.failure_ppm = 500000;
    s.scenario.glue.max_retries = 1;
    choices_init_recorded(&s.choices, cloud_choice_names, CHOICES_COUNT, fails_then_succeeds, 2);
    story_begin_chosen(&s);
    struct summary summary = story_finish(&s);
    assert_false(s.choices.diverged);
    assert_number(s.choices.position, 2);
    assert_text(job_run(1).state, "FAILED");
    assert_text(job_run(2).state, "SUCCEEDED");
    assert_number(story_ms(&s, job_run(2).ended_at), (1 + 120 + 120) * 1000);
    assert_text(story_status(&s, TODAY, FIRST_MANIFEST), "failed");
    assert_number(summary.parquet.objects, 1);
    assert_number(story_cloud(&s)->topic.counts->published, 1);
    story_end(&s);
}

/* GLUE-RETRY-1, GLUE-FAIL-1 */
static void it_is_started_again_no_more_than_max_retries_times(void **state)
{
    (void)state;
    for (int64_t retries = 0; retries <= 2; retries++) {
        manifests_at_once(1);
        s.scenario.glue.failure_ppm = 1000000;
        s.scenario.glue.max_retries = retries;
        story_begin(&s);
        struct summary summary = story_finish(&s);
        assert_number(summary.job_runs.failed, 1 + retries);
        story_end(&s);
    }
}

/* GLUE-TIMEOUT-1 */
static void a_run_is_stopped_at_its_time_out(void **state)
{
    (void)state;
    manifests_at_once(1);
    s.scenario.glue.timeout = duration_s(60);
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_text(job_run(1).state, "TIMEOUT");
    assert_number(story_ms(&s, job_run(1).ended_at), 61 * 1000);
    assert_number(run_job_runs_count(s.run), 1);
    assert_number(summary.parquet.objects, 0);
    assert_text(story_status(&s, TODAY, FIRST_MANIFEST), "failed");
    story_end(&s);
}

/* --- the workflow's looks (SFN-GLUE-1)
 * ------------------------------------------------------------------------------------------------
 */

struct look_row {
    const char *name;
    int64_t run_s, noticed_s; /* both from the request */
};

static const struct look_row look_rows[] = {
    {"a run of 1 s is noticed after a minute",               1,   60  },
    {"a run of 59 s is noticed after a minute",              59,  60  },
    {"a run of a minute is noticed at once",                 60,  60  },
    {"a run of 61 s is noticed after two minutes",           61,  120 },
    {"a run of 10 min is noticed at once",                   600, 600 },
    {"a run of 601 s is noticed after a quarter of an hour", 601, 900 },
    {"a run of a quarter of an hour is noticed at once",     900, 900 },
    {"a run of 901 s is noticed after 20 min",               901, 1200},
};

static void a_run_is_noticed(void **state)
{
    const struct look_row *row = *state;
    struct execution_row execution;
    manifests_at_once(1);
    s.scenario.glue.run_time = exactly(duration_s(row->run_s));
    s.scenario.glue.poll_interval = duration_s(60);
    story_begin(&s);
    (void)story_finish(&s);
    run_execution(s.run, 0, &execution);
    assert_number(story_ms(&s, job_run(1).ended_at), (1 + row->run_s) * 1000);
    assert_number(story_ms(&s, execution.ended_at), (1 + row->noticed_s) * 1000);
    story_end(&s);
}

/* PIPE-GLUE-1 */
static void one_part_for_each_131072_rows_but_no_more_than_files(void **state)
{
    (void)state;

    const struct {
        int64_t files, size, parts;
    } rows[] = {
        {1, 700,              1}, /* a single row */
        {1, 699,              0}, /* none */
        {2, 700 * 131072 - 1, 1}, /* 131071 rows each */
        {2, 700 * 131072,     2}, /* 262144 in all */
        {1, 700 * 2 * 131072, 1}, /* one file is one part */
        {3, 700 * 131072,     3},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        manifests_at_once(rows[i].files);
        s.scenario.max_files_per_manifest = rows[i].files;
        s.scenario.workloads[0].size = rows[i].size;
        s.scenario.expected_size = rows[i].size;
        story_begin(&s);
        struct summary summary = story_finish(&s);
        assert_number(summary.job_runs.succeeded, 1);
        assert_number(summary.parquet.objects, rows[i].parts);
        story_end(&s);
    }
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, runs_above_the_slots_are_refused);
    CASES_ADD(&cases, a_run_starts_up_before_its_script_runs);
    CASES_ADD(&cases, a_failed_run_is_started_again_by_glue_itself);
    CASES_ADD(&cases, it_is_started_again_no_more_than_max_retries_times);
    CASES_ADD(&cases, a_run_is_stopped_at_its_time_out);
    CASES_ADD_TABLE(&cases, a_run_is_noticed, look_rows);
    CASES_ADD(&cases, one_part_for_each_131072_rows_but_no_more_than_files);
    return cases_run("job", &cases);
}

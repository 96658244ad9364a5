/* test_explain.c: the story of a first violation, word by word, for runs that a reader can follow
 * by hand; and that too many facts leave out the earliest.
 */
#include "tests/story.h"

#include "model/pipeline/explain.h"

static struct story s;
static struct explanation explanation;

static void begin(void)
{
    story_init(&s);
    scenario_apply_builder(&s.scenario, BUILDER_V4);
    s.scenario.workflow.start_delay = exactly(duration_ms(10));
}

/* The story that comes of it, and the end of the run. */
static void tells(const char *expected)
{
    char buffer[1 << 14];
    story_begin(&s);
    (void)story_finish(&s);
    assert_true(run_explain(s.run, &explanation));
    struct text_writer w = text_writer(buffer, sizeof buffer);
    explanation_put(&explanation, s.scenario.start, &w);
    assert_string_equal(text_writer_string(&w), expected);
    story_end(&s);
}

static void of_a_clean_run_there_is_none(void **state)
{
    (void)state;
    begin();
    story_files(&s, 10, 0, (struct duration){0});
    story_begin(&s);
    (void)story_finish(&s);
    assert_false(run_explain(s.run, &explanation));
    story_end(&s);
}

static void of_a_builder_that_dies_before_the_start(void **state)
{
    (void)state;
    begin();
    s.scenario.builder.track_if_absent = true;
    s.scenario.max_files_per_manifest = 2;
    story_files(&s, 2, 0, (struct duration){0});
    story_fault(&s, FAULT_KILL, "manifest_builder", "PUT_RECORD", 1);
    tells(
        "At 0:06:02.000, a file is manifested, but its manifest does not list it or was not "
        "started: pipeline/input/2026-01-30-f0001.ndjson.\n"
        "  0:00:00.000  the file arrives\n"
        "  0:00:01.000  manifest_builder[1.1] puts the file's record as pending\n"
        "  0:00:01.000  invocation 1 acquires the lock of 2026-01-30; another takes it over 6m1s "
        "later\n"
        "  0:00:01.000  manifest batch-0001-20260130-050001.json of 2 files is put by invocation "
        "1; it lists the file; no execution is started of it\n"
        "  0:00:01.000  manifest_builder[1.1] marks the file as manifested\n"
        "  0:00:01.000  fault: kill manifest_builder[1.1] at PUT_RECORD\n"
        "  0:00:01.000  invocation 1 of manifest-builder dies at PUT_RECORD; no clean-up runs\n"
        "  0:06:02.000  manifest_builder[2.1] puts the file's record as pending: condition failed\n"
        "In the end: 2 files arrived, 2 manifested; 1 manifest, 0 executions, 0 good job runs.\n");
}

static void of_a_file_in_two_manifests(void **state)
{
    (void)state;
    begin();
    s.scenario.max_files_per_manifest = 2;
    story_files(&s, 2, 0, (struct duration){0});
    s.scenario.queue.duplicate_ppm = 1000000;
    s.scenario.queue.max_receive_count = 2;
    tells(
        "At 0:00:02.100, a file is listed by more than one started manifest: "
        "pipeline/input/2026-01-30-f0001.ndjson.\n"
        "  0:00:00.000  the file arrives\n"
        "  0:00:01.000  manifest_builder[1.1] puts the file's record as pending\n"
        "  0:00:01.000  manifest batch-0001-20260130-050001.json of 2 files is put by invocation "
        "1; it lists the file\n"
        "  0:00:01.000  manifest_builder[1.1] marks the file as manifested\n"
        "  0:00:01.000  execution 1 is started of batch-0001-20260130-050001.json\n"
        "  0:00:02.100  manifest_builder[1.2] puts the file's record as pending\n"
        "  0:00:02.100  manifest batch-0001-20260130-050002.json of 2 files is put by invocation "
        "2; it lists the file\n"
        "  0:00:02.100  manifest_builder[1.2] marks the file as manifested\n"
        "  0:00:02.100  execution 2 is started of batch-0001-20260130-050002.json\n"
        "It came about by manifest_builder[1.2] at START_EXECUTION.\n"
        "In the end: 2 files arrived, 2 manifested; 2 manifests, 2 executions, 2 good job runs.\n");
}

static void of_a_strict_lock(void **state)
{
    (void)state;
    begin();
    s.scenario.builder.lock = LOCK_STRICT;
    s.scenario.max_files_per_manifest = 2;
    s.scenario.queue.max_receive_count = 1;
    story_files(&s, 2, 0, (struct duration){0});
    story_files(&s, 1, 400, (struct duration){0});
    story_fault(&s, FAULT_KILL, "manifest_builder", "ACQUIRE_LOCK", 2);
    tells("At 0:06:40.000, enough files for a manifest are pending, and nothing will happen: "
          "2026-01-30.\n"
          "  0:00:01.000  invocation 1 acquires the lock of 2026-01-30; it is still there at the "
          "end, after refusing 3 attempts\n"
          "  0:00:01.000  fault: kill manifest_builder[1.1] at ACQUIRE_LOCK\n"
          "  0:00:01.000  invocation 1 of manifest-builder dies at ACQUIRE_LOCK; no clean-up runs\n"
          "In the end: 3 files arrived, 3 pending; 0 manifests, 0 executions, 0 good job runs; 1 "
          "lock left behind.\n");
}

static void of_a_hidden_failure(void **state)
{
    (void)state;
    begin();
    s.scenario.max_files_per_manifest = 2;
    s.scenario.glue.failure_ppm = 1000000;
    story_files(&s, 2, 0, (struct duration){0});
    tells("At 0:04:01.010, an accepted file is neither processed nor visibly pending or failed: "
          "pipeline/input/2026-01-30-f0001.ndjson.\n"
          "  0:00:00.000  the file arrives\n"
          "  0:00:01.000  manifest_builder[1.1] puts the file's record as pending\n"
          "  0:00:01.000  manifest batch-0001-20260130-050001.json of 2 files is put by invocation "
          "1; it lists the file\n"
          "  0:00:01.000  manifest_builder[1.1] marks the file as manifested\n"
          "  0:00:01.000  execution 1 is started of batch-0001-20260130-050001.json\n"
          "  0:02:01.010  a job run of execution 1 ends FAILED with 0 Parquet objects\n"
          "  0:02:01.010  execution 1 ends SUCCEEDED, by its failure path (failed)\n"
          "  0:04:01.010  a job run of execution 1 ends FAILED with 0 Parquet objects\n"
          "In the end: 2 files arrived, 2 manifested; 1 manifest, 1 execution, 0 good job runs.\n");
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, of_a_clean_run_there_is_none);
    CASES_ADD(&cases, of_a_builder_that_dies_before_the_start);
    CASES_ADD(&cases, of_a_file_in_two_manifests);
    CASES_ADD(&cases, of_a_strict_lock);
    CASES_ADD(&cases, of_a_hidden_failure);
    return cases_run("explanations", &cases);
}

/* test_glue_slots.c: how many of thirteen executions get one of three Glue slots.
 *
 * The whole pipeline runs, with calls that take no time: one file a manifest and one attempt a file
 * (fields of scenarios, so a scenario can do the same), hence thirteen executions that start
 * together or so many seconds apart. The machine tries again 60, 120 and 240 s after a refusal, so
 * at 0, 60, 180 and 420 s; a job takes a fixed time. The expected figures are those of the claim's
 * table, at both ends of each range of times.
 */
#include "tests/story.h"

static struct story s;

struct slots_row {
    const char *name;
    int64_t run_time_s;
    int64_t apart_s;
    int64_t succeeded; /* of 13; the others' records say failed */
};

static const struct slots_row slots_rows[] = {
    {"together, 45 s",    45,  0,  12},
    {"together, 60 s",    60,  0,  12},
    {"together, 61 s",    61,  0,  9 },
    {"together, 90 s",    90,  0,  9 },
    {"together, 180 s",   180, 0,  9 },
    {"together, 181 s",   181, 0,  6 },
    {"together, 240 s",   240, 0,  6 },
    {"together, 300 s",   300, 0,  6 },
    {"together, 419 s",   419, 0,  6 },
    {"together, 421 s",   421, 0,  3 },
    {"together, 600 s",   600, 0,  3 },
    {"1 s apart, 45 s",   45,  1,  12},
    {"1 s apart, 60 s",   60,  1,  12},
    {"1 s apart, 61 s",   61,  1,  12},
    {"1 s apart, 90 s",   90,  1,  9 },
    {"1 s apart, 180 s",  180, 1,  9 },
    {"1 s apart, 181 s",  181, 1,  9 },
    {"1 s apart, 240 s",  240, 1,  6 },
    {"1 s apart, 300 s",  300, 1,  6 },
    {"1 s apart, 419 s",  419, 1,  6 },
    {"1 s apart, 421 s",  421, 1,  6 },
    {"1 s apart, 600 s",  600, 1,  3 },
    {"60 s apart, 45 s",  45,  60, 13},
    {"60 s apart, 60 s",  60,  60, 13},
    {"60 s apart, 61 s",  61,  60, 13},
    {"60 s apart, 90 s",  90,  60, 13},
    {"60 s apart, 180 s", 180, 60, 13},
    {"60 s apart, 181 s", 181, 60, 13},
    {"60 s apart, 240 s", 240, 60, 13},
    {"60 s apart, 300 s", 300, 60, 12},
    {"60 s apart, 419 s", 419, 60, 9 },
    {"60 s apart, 421 s", 421, 60, 9 },
    {"60 s apart, 600 s", 600, 60, 6 },
};

enum { EXECUTIONS = 13 };

/* GLUE-SLOTS-1, PIPE-MACHINES-2 */
static void as_the_claim_s_table_has_it(void **state)
{
    const struct slots_row *row = *state;
    story_init(&s);
    scenario_apply_builder(&s.scenario, BUILDER_V4);
    s.scenario.max_files_per_manifest = 1;
    s.scenario.builder.retry_loop = false;
    s.scenario.glue.max_concurrent_runs = 3;
    s.scenario.glue.run_time = exactly(duration_s(row->run_time_s));
    story_files(&s, EXECUTIONS, 0, duration_s(EXECUTIONS * row->apart_s));
    story_begin(&s);
    struct summary summary = story_finish(&s);
    for (uint64_t i = 0; i < EXECUTIONS; i++) {
        struct execution_row execution = {0};
        run_execution(s.run, i, &execution);
        assert_number(story_ms(&s, execution.started_at), 1000 + 1000 * row->apart_s * (int64_t)i);
        assert_text(execution.status, "SUCCEEDED");
    }
    assert_number(summary.executions.started, EXECUTIONS);
    assert_number(summary.job_runs.succeeded, row->succeeded);
    assert_number(summary.job_runs.failed, 0);
    assert_number(summary.parquet.objects, row->succeeded);
    assert_number(story_cloud(&s)->topic.counts->published, EXECUTIONS - row->succeeded);
    story_end(&s);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, as_the_claim_s_table_has_it, slots_rows);
    return cases_run("glue_slots", &cases);
}

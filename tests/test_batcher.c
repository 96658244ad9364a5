/* test_batcher.c: V7 with its state machine M7 holds its promises whatever single thing goes wrong.
 *
 * The sweep lets one fault strike at each point of each process, the 1st time that it is reached,
 * the 2nd, the 3rd ... until it is not reached any more, and looks at how each run ends: no
 * invariant is violated, no file is missing, and none has been put out twice. 25 files arrive: 12 of
 * an earlier date, which make two manifests, and 13 of today, of which three are left; a manifest
 * has 10 files, and the job 3 slots.
 */
#include "tests/story.h"

#include <stdio.h>

static struct story s;

static void two_dates(void)
{
    story_init(&s);
    scenario_apply_builder(&s.scenario, BUILDER_V7);
    scenario_apply_machine(&s.scenario, MACHINE_M7);
    s.scenario.glue.output = GLUE_OUTPUT_MANIFEST;
    s.scenario.glue.max_concurrent_runs = 3;
    s.scenario.schedule.delay = exactly((struct duration){0});
    story_files(&s, 12, 0, (struct duration){0});
    s.scenario.workloads[0].date = TEXT("2026-01-29");
    story_files(&s, 13, 5, duration_s(60));
}

/* Goes to the end; what is there then is right. `name` tells the run. */
static void ends_well(const char *name)
{
    struct summary summary = story_finish(&s);
    int64_t violations = 0;
    for (uint32_t i = 0; i < INVARIANTS_COUNT; i++) {
        violations += story_violations(&s, (enum invariant)i);
    }
    for (uint64_t i = 0; i < run_violations_count(s.run); i++) {
        struct violation_row row = {0};
        run_violation(s.run, i, &row);
        print_error("%s: %.*s: %.*s\n", name, (int)row.subject.size, row.subject.at,
                    (int)row.text.size, row.text.at);
    }
    if (violations != 0 || summary.files.completed != 22 || summary.files.pending != 3 ||
        summary.files.lost != 0 || summary.files.tracked != 25) {
        fail_msg("%s: %lld violations; of 25 files %lld are tracked, %lld completed, %lld pending, "
                 "%lld lost",
                 name, (long long)violations, (long long)summary.files.tracked,
                 (long long)summary.files.completed, (long long)summary.files.pending,
                 (long long)summary.files.lost);
    }
}

static void nothing_goes_wrong(void **state)
{
    (void)state;
    two_dates();
    story_begin(&s);
    ends_well("no fault");
    assert_number(run_manifests_count(s.run), 3);
    assert_number(run_executions_count(s.run), 3);
    story_end(&s);
}

/* --- the sweep
 * --------------------------------------------------------------------------------------------------
 */

static const char *const kind_words[] = {
#define X(name, word) [FAULT_##name] = word,
    FAULT_MAP(X)
#undef X
};

/* One fault of a kind at the nth time of a point. False where the run does not come there. */
static bool strikes(enum fault_kind kind, const char *process, const char *point, int64_t nth)
{
    char name[128];
    (void)snprintf(name, sizeof name, "%s %s at %s, time %lld", kind_words[kind], process, point,
                   (long long)nth);
    two_dates();
    story_fault(&s, kind, process, point, nth);
    story_begin(&s);
    ends_well(name);
    bool struck = run_deviations_count(s.run) > 0;
    story_end(&s);
    return struck;
}

static const struct {
    const char *process, *point;
} swept[] = {
    {"manifest_builder", "TRACK_FILE"     },
    {"batcher",          "QUERY_RECORDS"  },
    {"batcher",          "LIST_OBJECTS"   },
    {"batcher",          "CHECK_TRACKED"  },
    {"batcher",          "QUERY_PENDING"  },
    {"batcher",          "OPEN_RECORD"    },
    {"batcher",          "CLAIM_FILE"     },
    {"batcher",          "PUT_MANIFEST"   },
    {"batcher",          "SEAL_RECORD"    },
    {"batcher",          "START_EXECUTION"},
    {"batcher",          "QUERY_CLAIMED"  },
    {"state_machine",    "TASK"           },
    {"status_updater",   "GET_MANIFEST"   },
    {"status_updater",   "SET_FILE_STATUS"},
};

static void no_single_fault_is_seen(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof swept / sizeof swept[0]; i++) {
        for (unsigned kind = 0; kind < sizeof kind_words / sizeof kind_words[0]; kind++) {
            int64_t nth = 1;
            while (strikes((enum fault_kind)kind, swept[i].process, swept[i].point, nth)) {
                nth++;
            }
            assert_true(nth > 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_goes_wrong),
        cmocka_unit_test(no_single_fault_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

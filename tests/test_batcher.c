/* test_batcher.c: V7 with its state machine M7 holds its promises whatever single thing goes wrong.
 *
 * The sweep lets one fault strike at each point of each process, the 1st time that it is reached,
 * the 2nd, the 3rd ... until it is not reached any more, and looks at how each run ends: no
 * invariant is violated, no file is missing, and none has been put out twice. 25 files arrive: 12
 * of an earlier date, which make two manifests, and 13 of today, of which three are left; a
 * manifest has 10 files, and the job 3 slots.
 */
#include "model/pipeline/faults.h"

#include "tests/story.h"

#include <stdio.h>

static struct story s;
static int runs, bad;

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
        bad++;
        print_error(
            "%s: %lld violations; of 25 files %lld are tracked, %lld completed, %lld pending, "
            "%lld lost\n",
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

/* What may go wrong at a point where a kind applies: how many attempts of the call it harms (0:
 * all), and by how many seconds. */
static const struct variant {
    enum fault_kind kind;
    enum fault_when when;
    enum fault_outcome outcome;
    int64_t attempts, by_s;
} variants[] = {
    {FAULT_KILL,         FAULT_WHEN_BEFORE,  FAULT_OUTCOME_DEFAULT, 0, 0   },
    {FAULT_KILL,         FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 0, 0   },
    {FAULT_LOSE_REQUEST, FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 1, 0   },
    {FAULT_LOSE_REQUEST, FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 0, 0   },
    {FAULT_LOSE_REPLY,   FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 1, 0   },
    {FAULT_LOSE_REPLY,   FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 0, 0   },
    {FAULT_THROTTLE,     FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 1, 0   },
    {FAULT_THROTTLE,     FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 0, 0   },
    {FAULT_TIMEOUT,      FAULT_WHEN_DEFAULT, FAULT_OUTCOME_APPLIED, 0, 0   },
    {FAULT_TIMEOUT,      FAULT_WHEN_DEFAULT, FAULT_OUTCOME_LOST,    0, 0   },
    {FAULT_ERROR,        FAULT_WHEN_DEFAULT, FAULT_OUTCOME_APPLIED, 0, 0   },
    {FAULT_ERROR,        FAULT_WHEN_DEFAULT, FAULT_OUTCOME_LOST,    0, 0   },
    {FAULT_REFUSE,       FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 0, 0   },
    {FAULT_SLOW,         FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 1, 10  },
    {FAULT_SLOW,         FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 1, 900 },
    {FAULT_STALL,        FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 0, 100 },
    {FAULT_STALL,        FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 0, 3600},
    {FAULT_STALE,        FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 0, 600 },
    {FAULT_DUPLICATE,    FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 0, 0   },
    {FAULT_LOSE,         FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 0, 0   },
    {FAULT_DELAY,        FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 0, 90  },
    {FAULT_DELAY,        FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 0, 3600},
    {FAULT_CORRUPT,      FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 0, 0   },
    {FAULT_EXPIRE,       FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 0, 1   },
    {FAULT_EXPIRE,       FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 0, 100 },
    {FAULT_CLOCK_SKEW,   FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 0, 600 },
    {FAULT_CLOCK_SKEW,   FAULT_WHEN_DEFAULT, FAULT_OUTCOME_DEFAULT, 0, -600},
    {FAULT_FAIL,         FAULT_WHEN_BEFORE,  FAULT_OUTCOME_DEFAULT, 0, 0   },
    {FAULT_FAIL,         FAULT_WHEN_AFTER,   FAULT_OUTCOME_DEFAULT, 0, 0   },
};

struct place {
    const char *process, *point;
    uint32_t kinds; /* bit k: enum fault_kind k may strike there */
};

/* The place of a point's number; false where nothing may strike. */
static bool place_of(uint32_t number, struct place *place)
{
    static const struct place services[] = {
#define X(name, service, text) {service, text, 0},
        SERVICE_POINT_MAP(X)
#undef X
    };
    struct task_type types[TASK_TYPES_COUNT];
    pipeline_task_types(types, 0);
    uint32_t kinds = fault_kinds_at(number, types);
    if (kinds == 0) {
        return false;
    }
    if (point_is_of_service(number)) {
        *place = services[number - point_of_service(0)];
    } else {
        *place =
            (struct place){types[number / TASK_POINTS_MAX].name,
                           types[number / TASK_POINTS_MAX].points[number % TASK_POINTS_MAX], 0};
    }
    place->kinds = kinds;
    return true;
}

/* One fault at the nth time of a place. False where the run does not come there. */
static bool strikes(const struct place *place, const struct variant *variant, int64_t nth)
{
    char name[160];
    (void)snprintf(name, sizeof name, "%s (%u, %u, %lld, %lld s) %s at %s, time %lld",
                   fault_word(variant->kind), variant->when, variant->outcome,
                   (long long)variant->attempts, (long long)variant->by_s, place->process,
                   place->point, (long long)nth);
    two_dates();
    s.scenario.faults[s.scenario.faults_count++] = (struct fault){
        .kind = variant->kind,
        .process = text_from(place->process),
        .at = text_from(place->point),
        .occurrence = nth,
        .times = 1,
        .attempts = variant->attempts,
        .when = variant->when,
        .outcome = variant->outcome,
        .by = {variant->by_s * NS_PER_S},
    };
    story_begin(&s);
    ends_well(name);
    bool struck = run_deviations_count(s.run) > 0;
    story_end(&s);
    return struck;
}

static void no_single_fault_is_seen(void **state)
{
    (void)state;
    for (uint32_t number = 0; number < POINTS_MAX; number++) {
        struct place place;
        if (!place_of(number, &place)) {
            continue;
        }
        for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
            for (int64_t nth = 1; (place.kinds >> variants[i].kind & 1) != 0; nth++) {
                if (!strikes(&place, &variants[i], nth)) {
                    break;
                }
                runs++;
            }
        }
    }
    print_message("%d runs\n", runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_goes_wrong),
        cmocka_unit_test(no_single_fault_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

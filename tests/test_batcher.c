/* test_batcher.c: V7 with its state machine M7 holds its promises whatever single thing goes wrong.
 *
 * The sweeps let one fault strike at each point of each process and service, in every way that may
 * happen there, the 1st time that it is reached, the 2nd, the 3rd ... until it is not reached any
 * more, and look at how each run ends: no invariant is violated, no file is missing. 25 files
 * arrive: 12 of an earlier date and 13 of today; a manifest has 10 files, and the job 3 slots.
 * There are two worlds: one as deployed; and one in which each tick is delivered twice, nothing
 * keeps two batchers from working at once, and a manifest is given up while its maker may still be
 * at work, so that only the conditions of the writes keep them apart.
 */
#include "model/pipeline/faults.h"
#include "model/pipeline/run_snapshot.h"

#include "tests/story.h"

#include <stdio.h>

static struct story s;

static void as_deployed(void)
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

/* Calls take some time, so that the two batchers of a tick take turns. */
static void with_rivals(void)
{
    as_deployed();
    s.scenario.latency.table_write = exactly(duration_ms(700));
    s.scenario.latency.table_query = exactly(duration_ms(300));
    s.scenario.latency.bucket_put = exactly(duration_s(20));
    s.scenario.schedule.duplicate_ppm = 1000000;
    s.scenario.schedule.delay =
        (struct distribution_spec){.kind = DISTRIBUTION_UNIFORM, .a = {0}, .b = {2 * NS_PER_S}};
    s.scenario.schedule.concurrency = 0;
    s.scenario.schedule.claim_lease = duration_s(40);
    s.scenario.schedule.look_after = duration_s(1);
}

/* Goes to the end; what is there then is right. `name` tells the run. Files may have failed only
 * where an object is gone that cannot be made again. */
static void ends_well(const char *name, bool may_fail)
{
    struct summary summary = story_finish(&s);
    const int64_t ended = summary.files.completed + summary.files.pending + summary.files.failed;
    for (uint64_t i = 0; i < run_violations_count(s.run); i++) {
        struct violation_row row = {0};
        run_violation(s.run, i, &row);
        print_error("%s: %.*s: %.*s\n", name, (int)row.subject.size, row.subject.at,
                    (int)row.text.size, row.text.at);
    }
    if (run_violations_count(s.run) > 0 || ended != 25 || summary.files.pending >= 10 ||
        (summary.files.failed > 0 && !may_fail)) {
        fail_msg("%s: of 25 files %lld are completed, %lld pending, %lld failed", name,
                 (long long)summary.files.completed, (long long)summary.files.pending,
                 (long long)summary.files.failed);
    }
}

static void of_today_s_files_those_wait_that_fill_no_manifest(void **state)
{
    (void)state;
    as_deployed();
    story_begin(&s);
    ends_well("no fault", false);
    assert_number(run_manifests_count(s.run), 3);
    assert_number(run_executions_count(s.run), 3);
    struct file_row row = {0};
    int64_t pending = 0;
    for (uint64_t i = 0; i < run_files_count(s.run); i++) {
        run_file(s.run, i, &row);
        pending += text_equal(row.status, TEXT("pending"));
    }
    assert_number(pending, 3);
    story_end(&s);
}

/* --- one by one
 * --------------------------------------------------------------------------------------------------
 */

static void fault(enum fault_kind kind, const char *process, const char *point, int64_t nth)
{
    story_fault(&s, kind, process, point, nth);
    s.scenario.faults[s.scenario.faults_count - 1].times = 1;
}

/* ESM-PARTIAL-1: the other nine messages of the batch are deleted. */
static void only_the_message_of_a_file_that_was_not_tracked_comes_again(void **state)
{
    (void)state;
    as_deployed();
    fault(FAULT_REFUSE, "manifest_builder", "TRACK_FILE", 3);
    story_begin(&s);
    story_until_ms(&s, 3000);
    assert_number(story_cloud(&s)->queue.state->deleted, 11);
    assert_number(story_cloud(&s)->queue.state->in_flight, 1);
    struct summary summary = story_finish(&s);
    assert_number(summary.messages.redelivered, 1);
    assert_number(summary.messages.deleted, 25);
    assert_number(summary.files.tracked, 25);
    story_end(&s);
}

/* SFN-START-2: the first attempt's reply is lost; the second one meets its own execution. */
static void an_execution_is_started_once_under_its_name(void **state)
{
    (void)state;
    as_deployed();
    fault(FAULT_LOSE_REPLY, "batcher", "START_NAMED", 1);
    s.scenario.faults[0].attempts = 1;
    story_begin(&s);
    ends_well("reply lost", false);
    assert_number(run_executions_count(s.run), 3);
    struct cloud *c = story_cloud(&s);
    uint32_t name = names_find(&c->names, TEXT("batch-0001-0001-0001.json-1"));
    const struct execution_name *known = workflow_find(c, name);
    assert_non_null(known);
    assert_false(workflow_is_running(known, &known->input)); /* it has ended: the name is used up */
    story_end(&s);
}

/* S3-CONDITION-1 */
static void a_manifest_is_put_once(void **state)
{
    (void)state;
    as_deployed();
    fault(FAULT_LOSE_REPLY, "batcher", "PUT_MANIFEST_ONCE", 1);
    s.scenario.faults[0].attempts = 1;
    story_begin(&s);
    ends_well("reply lost", false);
    assert_number(story_calls(&s, "PUT_MANIFEST_ONCE"), 4);
    assert_number(run_manifests_count(s.run), 3);
    story_end(&s);
}

/* S3-LIST-1, DDB-BATCH-1: the tick at 05:15 finds the object, five minutes old at least, and no
 * record. */
static void a_file_whose_notification_was_lost_is_found_in_the_bucket(void **state)
{
    (void)state;
    as_deployed();
    fault(FAULT_LOSE, "s3", "NOTIFICATION", 1);
    story_begin(&s);
    ends_well("notification lost", false);
    struct file_row row = {0};
    run_file(s.run, 0, &row);
    assert_number(story_ms(&s, row.tracked_at), 15 * 60 * 1000);
    story_end(&s);
}

/* SFN-RETRY-2: 15 s, half as much more each time, and never more than two minutes. */
static void a_slot_is_waited_for_ever_more_patiently(void **state)
{
    (void)state;
    as_deployed();
    s.scenario.glue.max_concurrent_runs = 1;
    s.scenario.glue.run_time = exactly(duration_s(1800));
    story_begin(&s);
    ends_well("one slot", false);
    const int64_t waits_ms[] = {15000, 22500, 33750, 50625, 75937, 113906, 120000, 120000};
    int64_t before_ms = -1;
    uint64_t wait = 0;
    for (uint64_t i = 0; i < run_job_runs_count(s.run) && wait < 8; i++) {
        struct job_run_row row = {0};
        run_job_run(s.run, i, &row);
        if (row.execution == 2) {
            assert_text(row.state, "REFUSED");
            int64_t now_ms = story_ms(&s, row.started_at);
            assert_true(before_ms < 0 || now_ms - before_ms == waits_ms[wait++]);
            before_ms = now_ms;
        }
    }
    assert_number(wait, 8);
    story_end(&s);
}

/* Two folders, one name; a date that is none of the calendar; one too far ahead; a date in the name
 * and another one in the folder. */
static void files_are_told_apart_and_dated_by_their_whole_keys(void **state)
{
    (void)state;

    static const struct {
        const char *prefix, *date, *tracked;
    } rows[] = {
        {"pipeline/input/a/",          "2026-01-29", "2026-01-29"},
        {"pipeline/input/b/",          "2026-01-29", "2026-01-29"},
        {"pipeline/input/",            "9999-99-99", "2026-01-30"},
        {"pipeline/input/",            "2026-03-01", "2026-01-30"},
        {"pipeline/input/2026-01-28/", "2026-01-27", "2026-01-27"},
        {"pipeline/input/2026-01-28/", "none",       "2026-01-28"},
    };

    as_deployed();
    s.scenario.workloads_count = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        story_files(&s, 1, 0, (struct duration){0});
        s.scenario.workloads[i].prefix = text_from(rows[i].prefix);
        s.scenario.workloads[i].date = text_from(rows[i].date);
    }
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.files.tracked, 6);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct file_row row = {0};
        run_file(s.run, i, &row);
        assert_text(row.date, rows[i].tracked);
    }
    assert_number(run_violations_count(s.run), 0);
    story_end(&s);
}

/* A file of the wrong size has a record that says so, and no manifest. */
static void what_is_refused_is_visible(void **state)
{
    (void)state;
    as_deployed();
    s.scenario.workloads[1].size = 10;
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.files.quarantined, 13);
    struct file_row row = {0};
    run_file(s.run, 12, &row);
    assert_text(story_status(&s, TODAY, row.key), "quarantined");
    assert_number(run_violations_count(s.run), 0);
    story_end(&s);
}

/* Every run fails: three executions each, an alert each, and then files and record stay failed. */
static void a_batch_that_fails_is_tried_again_and_then_stays_failed(void **state)
{
    (void)state;
    as_deployed();
    s.scenario.glue.failure_ppm = 1000000;
    s.scenario.glue.max_retries = 0;
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.executions.failed, 9);
    assert_number(summary.files.failed, 22);
    assert_number(story_cloud(&s)->topic.counts->published, 9);
    assert_number(run_violations_count(s.run), 0);
    story_end(&s);
}

/* Everything that a run is when it has come to its end, in one number. */
static uint64_t hash_at_the_end(void)
{
    while (story_step(&s)) {
    }
    struct hash128 parts[] = {
        world_hash(&story_cloud(&s)->simulation.world),
        table_hash(story_cloud(&s)->table),
        trace_hash(&s.trace),
    };
    return hash64(parts, sizeof parts, 0);
}

static void a_run_that_is_taken_back_goes_the_same_way(void **state)
{
    (void)state;
    with_rivals();
    fault(FAULT_KILL, "batcher", "TAKE_FILE", 5);
    story_begin_seeded(&s, 1);
    bool going = true;
    while (going) {
        struct run_snapshot *snapshot = run_snapshot_take(s.run, NULL);
        assert_non_null(snapshot);
        uint64_t first = hash_at_the_end();
        run_snapshot_restore(s.run, snapshot);
        assert_true(hash_at_the_end() == first);
        run_snapshot_restore(s.run, snapshot);
        run_snapshot_release(snapshot);
        for (int i = 0; i < 100 && going; i++) {
            going = story_step(&s);
        }
    }
    run_snapshots_end(s.run);
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

enum { SPARSE = 4 };

/* One fault at the nth time of a place. False where the run does not come there. */
static bool strikes(void (*world)(void), const struct place *place, const struct variant *variant,
                    int64_t nth)
{
    char name[160];
    (void)snprintf(name, sizeof name, "%s (%u, %u, %lld, %lld s) %s at %s, time %lld",
                   fault_word(variant->kind), (unsigned)variant->when, (unsigned)variant->outcome,
                   (long long)variant->attempts, (long long)variant->by_s, place->process,
                   place->point, (long long)nth);
    world();
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
    ends_well(name, variant->kind == FAULT_EXPIRE);
    bool struck = run_deviations_count(s.run) > 0;
    story_end(&s);
    return struck;
}

/* Occurrences are taken one by one at first, and then ever further apart. */
static void sweep(void (*world)(void))
{
    int64_t runs = 0;
    for (uint32_t number = 0; number < POINTS_MAX; number++) {
        struct place place;
        if (!place_of(number, &place)) {
            continue;
        }
        for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++) {
            int64_t nth = 1;
            bool applies = (place.kinds >> variants[i].kind & 1) != 0;
            while (applies && strikes(world, &place, &variants[i], nth)) {
                nth += 1 + nth / SPARSE;
                runs++;
            }
        }
    }
    assert_true(runs > 1000);
}

static void no_single_fault_is_seen(void **state)
{
    (void)state;
    sweep(as_deployed);
}

static void no_single_fault_is_seen_among_rivals(void **state)
{
    (void)state;
    sweep(with_rivals);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, of_today_s_files_those_wait_that_fill_no_manifest);
    CASES_ADD(&cases, only_the_message_of_a_file_that_was_not_tracked_comes_again);
    CASES_ADD(&cases, an_execution_is_started_once_under_its_name);
    CASES_ADD(&cases, a_manifest_is_put_once);
    CASES_ADD(&cases, a_file_whose_notification_was_lost_is_found_in_the_bucket);
    CASES_ADD(&cases, a_slot_is_waited_for_ever_more_patiently);
    CASES_ADD(&cases, files_are_told_apart_and_dated_by_their_whole_keys);
    CASES_ADD(&cases, what_is_refused_is_visible);
    CASES_ADD(&cases, a_batch_that_fails_is_tried_again_and_then_stays_failed);
    CASES_ADD(&cases, a_run_that_is_taken_back_goes_the_same_way);
    CASES_ADD(&cases, no_single_fault_is_seen);
    CASES_ADD(&cases, no_single_fault_is_seen_among_rivals);
    return cases_run("batcher", &cases);
}

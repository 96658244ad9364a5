/* test_trial.c: trials against runs that are made afresh, of the scenario with the same faults.
 *
 * Random faults strike a small world. Told by name they must make the same run: the same number of
 * events, the same violations. Told by number they must, too, since the numbers are that run's.
 */
#include "model/search/trial.h"

#include "tests/failing_world.h"

#include "sim/random.h"

static struct scenario world, faulty;
static struct trial_outcome outcome, again;
static struct trial_strikes strikes;
static struct error error;

/* What may happen where in the world. */
static const struct {
    enum fault_kind kind;
    const char *process, *point;
    int64_t seconds;
} ways[] = {
    {FAULT_KILL,       "manifest_builder", "PUT_MANIFEST",             0  },
    {FAULT_KILL,       "state_machine",    "UPDATE_STATUS_PROCESSING", 0  },
    {FAULT_YIELD,      "manifest_builder", "TRACK_FILE",               0  },
    {FAULT_YIELD,      "manifest_builder", "RELEASE_LOCK",             0  },
    {FAULT_STALL,      "manifest_builder", "MARK_FILE",                100},
    {FAULT_STALE,      "manifest_builder", "QUERY_PENDING",            5  },
    {FAULT_LOSE_REPLY, "manifest_builder", "ACQUIRE_LOCK",             0  },
    {FAULT_THROTTLE,   "manifest_builder", "MARK_FILE",                0  },
    {FAULT_DUPLICATE,  "s3",               "NOTIFICATION",             0  },
    {FAULT_DELAY,      "sqs",              "DELIVERY",                 40 },
    {FAULT_LOSE,       "s3",               "NOTIFICATION",             0  },
};

enum { WAYS = sizeof ways / sizeof ways[0] };

static void draw_faults(struct random_stream *r, struct scenario *s)
{
    for (uint64_t n = 1 + random_below(r, 8); n > 0; n--) {
        uint64_t way = random_below(r, WAYS);
        struct fault *fault = add_fault(s, ways[way].kind, ways[way].process, ways[way].point,
                                        1 + (int64_t)random_below(r, 6));
        fault->by = duration_s(ways[way].seconds);
    }
}

static void assert_same(const struct trial_outcome *o, const struct afresh *expected)
{
    assert_int_equal(o->end, EXPLORED_ENDED);
    assert_int_equal(o->violated, expected->violated);
    assert_int_equal(o->events, expected->events);
}

/* Without its own faults, and with what they did as deviations. */
static void assert_named(const struct afresh *expected)
{
    make_world(&world, BUILDER_V4, MACHINE_M3, 8);
    struct trials *t = trials_open(&world, duration_s(5), NULL, &error);
    assert_non_null(t);
    assert_int_equal(trials_run(t, &strikes.list, TRIAL_BY_NAME, &outcome, &error), STATUS_OK);
    assert_same(&outcome, expected);
    assert_int_equal(outcome.struck.count, strikes.list.count);
    assert_int_equal(trials_run(t, &outcome.struck, TRIAL_BY_NUMBER, &again, &error), STATUS_OK);
    assert_same(&again, expected);
    trials_close(t);
}

static void test_random_faults(void **state)
{
    (void)state;
    uint32_t compared = 0;
    for (uint64_t seed = 0; seed < 120; seed++) {
        struct random_stream r = random_stream(seed, TEXT("test_trial"));
        make_world(&faulty, BUILDER_V4, MACHINE_M3, 8);
        draw_faults(&r, &faulty);
        struct afresh expected = run_afresh(&faulty);
        struct trials *t = trials_open(&faulty, faults_staleness(&faulty), NULL, &error);
        assert_non_null(t);
        assert_int_equal(trials_observe(t, &outcome, &strikes, &error), STATUS_OK);
        assert_same(&outcome, &expected);
        trials_close(t);
        if (strikes.untold == 0) {
            compared++;
            assert_named(&expected);
        }
    }
    assert_true(compared > 90); /* the others have two faults at one notification */
}

static void test_what_does_not_apply_is_passed_over(void **state)
{
    (void)state;
    struct trial_list list = {.count = 2};
    make_world(&world, BUILDER_V4, MACHINE_M3, 4);
    struct trials *t = trials_open(&world, (struct duration){0}, NULL, &error);
    uint32_t count;
    assert_int_equal(trials_observe(t, &outcome, &strikes, &error), STATUS_OK);
    uint64_t plain_events = outcome.events;
    const struct trial_place *places = trials_places(t, &count);
    uint32_t call = 0;
    while ((places[call].kinds >> FAULT_KILL & 1) == 0) {
        call++;
    }
    struct fault kill = fault_default;
    kill.kind = FAULT_KILL;
    list.items[0] = trial_aim(t, &kill, &places[call], call);
    list.items[1] = list.items[0];
    list.items[1].fault.of.ordinal = 1000; /* there is no such process */
    assert_int_equal(trials_run(t, &list, TRIAL_BY_NAME, &outcome, &error), STATUS_OK);
    assert_int_equal(outcome.struck.count, 1);
    assert_int_equal(outcome.struck.items[0].choice, call);
    assert_int_not_equal(outcome.events, plain_events);
    list.count = 0;
    assert_int_equal(trials_run(t, &list, TRIAL_BY_NAME, &outcome, &error), STATUS_OK);
    assert_int_equal(outcome.events, plain_events);
    trials_close(t);
}

static void test_two_at_one_deed_are_not_told(void **state)
{
    (void)state;
    make_world(&world, BUILDER_V4, MACHINE_M3, 4);
    (void)add_fault(&world, FAULT_DUPLICATE, "s3", "NOTIFICATION", 2);
    add_fault(&world, FAULT_DELAY, "s3", "NOTIFICATION", 2)->by = duration_s(7);
    (void)add_fault(&world, FAULT_KILL, "manifest_builder", "PUT_MANIFEST", 1);
    add_fault(&world, FAULT_THROTTLE, "manifest_builder", "TRACK_FILE", 1)->times = 0;
    struct trials *t = trials_open(&world, (struct duration){0}, NULL, &error);
    assert_int_equal(trials_observe(t, &outcome, &strikes, &error), STATUS_OK);
    assert_int_equal(strikes.untold & 7, 3);
    assert_int_equal(strikes.counts[2], 1);
    assert_true(strikes.counts[3] >= 4);
    trials_close(t);
}

/* Of two that strike a call, the last counts. */
static void test_the_last_at_a_call_is_told(void **state)
{
    (void)state;
    make_world(&world, BUILDER_V4, MACHINE_M3, 4);
    (void)add_fault(&world, FAULT_THROTTLE, "manifest_builder", "PUT_MANIFEST", 1);
    (void)add_fault(&world, FAULT_KILL, "manifest_builder", "PUT_MANIFEST", 1);
    struct trials *t = trials_open(&world, (struct duration){0}, NULL, &error);
    assert_int_equal(trials_observe(t, &outcome, &strikes, &error), STATUS_OK);
    assert_int_equal(strikes.untold, 0);
    assert_int_equal(strikes.list.count, 1);
    assert_int_equal(strikes.list.items[0].fault.kind, FAULT_KILL);
    trials_close(t);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, test_random_faults);
    CASES_ADD(&cases, test_what_does_not_apply_is_passed_over);
    CASES_ADD(&cases, test_two_at_one_deed_are_not_told);
    CASES_ADD(&cases, test_the_last_at_a_call_is_told);
    return cases_run("trial", &cases);
}

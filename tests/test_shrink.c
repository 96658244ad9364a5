/* test_shrink.c: failures whose smallest form is known, shrunk to it; and what the order of
 * goodness, the memory of what was tried, and an end before the end make of it.
 *
 * The world is small (failing_world.h). What comes out is always run afresh as a scenario: it must
 * violate what is said.
 */
#include "model/search/shrink.h"

#include "tests/failing_world.h"

static struct scenario given, merged;
static struct shrink_case shrunk;
static struct shrink_counts counts;
static struct error error;

static bool makes_no_scenario(void *self, const struct scenario *from, uint32_t i,
                              struct scenario *to)
{
    (void)self;
    (void)from;
    (void)i;
    (void)to;
    return false;
}

static uint64_t count_files(void *self, const struct scenario *s)
{
    (void)self;
    return (uint64_t)s->workloads[0].files;
}

/* Half of the files; one file less. */
static bool make_fewer_files(void *self, const struct scenario *from, uint32_t i,
                             struct scenario *to)
{
    (void)self;
    int64_t files = from->workloads[0].files;
    *to = *from;
    to->workloads[0].files = i == 0 ? (files + 1) / 2 : files - (files > 1);
    return i < 2;
}

/* A scenario that fails by itself: whoever starts an execution dies of it. */
static bool make_broken(void *self, const struct scenario *from, uint32_t i, struct scenario *to)
{
    if (!make_fewer_files(self, from, i, to)) {
        return false;
    }
    add_fault(to, FAULT_KILL, "manifest_builder", "START_EXECUTION", 1)->times = 0;
    return true;
}

static struct shrink shrink_for(enum invariant property)
{
    return (struct shrink){.property = property, .reduce = makes_no_scenario, .size = count_files};
}

static bool is_violated(uint32_t violated, enum invariant property)
{
    return (violated >> property & 1) != 0;
}

/* Names the faults of `given`, shrinks, and runs what comes of it afresh. */
static void shrink_given(const struct shrink *shrink)
{
    memset(&counts, 0, sizeof counts);
    assert_int_equal(shrink_name_faults(&shrunk, &given, NULL, &error), STATUS_OK);
    assert_true(is_violated(shrunk.outcome.violated, shrink->property));
    assert_int_equal(shrink_run(shrink, &shrunk, &counts, &error), STATUS_OK);
    shrink_merge(&shrunk, &merged);
    struct afresh run = run_afresh(&merged);
    assert_int_equal(run.violated, shrunk.outcome.violated);
    assert_int_equal(run.events, shrunk.outcome.events);
    assert_true(is_violated(run.violated, shrink->property));
}

static void assert_story(const char *expected)
{
    char room[4096];
    struct text_writer w = text_writer(room, sizeof room);
    for (uint32_t i = 0; i < shrunk.deviations.count; i++) {
        text_put(&w, i > 0 ? TEXT(" + ") : TEXT(""));
        text_put_fault(&w, &shrunk.deviations.items[i].fault, true);
    }
    assert_string_equal(text_writer_string(&w), expected);
}

/* What does no harm, or not to what is looked at. */
static void add_noise(void)
{
    add_fault(&given, FAULT_DELAY, "s3", "NOTIFICATION", 3)->by = duration_s(11);
    (void)add_fault(&given, FAULT_THROTTLE, "manifest_builder", "TRACK_FILE", 2);
    add_fault(&given, FAULT_STALL, "manifest_builder", "COUNT_PENDING", 4)->by = duration_s(3);
    (void)add_fault(&given, FAULT_YIELD, "manifest_builder", "RELEASE_LOCK", 2);
    (void)add_fault(&given, FAULT_LOSE_REPLY, "manifest_builder", "TRACK_FILE", 5);
}

/* --- known minima --- */

static void make_dead_owner(void)
{
    make_world(&given, BUILDER_V3, MACHINE_M2, 8);
    add_noise();
    (void)add_fault(&given, FAULT_KILL, "manifest_builder", "MARK_FILE", 1);
    (void)add_fault(&given, FAULT_DUPLICATE, "s3", "NOTIFICATION", 2);
}

static void test_a_dead_owner_takes_one(void **state)
{
    (void)state;
    struct shrink shrink = shrink_for(INVARIANT_S1);
    make_dead_owner();
    shrink_given(&shrink);
    assert_int_equal(shrunk.deviations.count, 1);
    assert_int_equal(shrunk.scenario.faults_count, 0);
}

/* Two files are a batch, and with one deviation no file gets into two (test_certificate). */
static void test_two_deviations_stay_two(void **state)
{
    (void)state;
    struct shrink shrink = shrink_for(INVARIANT_S1);
    make_world(&given, BUILDER_V4, MACHINE_M3, 2);
    (void)add_fault(&given, FAULT_THROTTLE, "manifest_builder", "PUT_MANIFEST", 1);
    add_fault(&given, FAULT_ERROR, "manifest_builder", "MARK_FILE", 1)->attempts = 0;
    add_fault(&given, FAULT_DELAY, "states", "START", 1)->by = duration_s(3);
    add_fault(&given, FAULT_KILL, "manifest_builder", "RELEASE_LOCK", 1)->of =
        (struct instance){2, 1};
    shrink_given(&shrink);
    assert_int_equal(shrunk.deviations.count, 2);
}

/* The lock lives for 60 s: its owner must sleep for as long, and need not for longer. */
static void test_amounts_get_as_small_as_can_be(void **state)
{
    (void)state;
    struct shrink shrink = shrink_for(INVARIANT_S7);
    make_world(&given, BUILDER_V4, MACHINE_M3, 2);
    given.workloads[1] = given.workloads[0];
    given.workloads[1].at = duration_s(70);
    given.workloads_count = 2;
    given.lock_ttl = duration_s(60);
    add_fault(&given, FAULT_STALL, "manifest_builder", "MARK_FILE", 1)->by = duration_s(143);
    shrink_given(&shrink);
    assert_int_equal(shrunk.deviations.count, 1);
    assert_int_equal(shrunk.deviations.items[0].fault.by.ns, 120 * NS_PER_S);
}

static void test_files_are_dropped_and_the_fault_follows(void **state)
{
    (void)state;
    struct shrink shrink = shrink_for(INVARIANT_S3);
    shrink.reduce = make_fewer_files;
    make_world(&given, BUILDER_V4, MACHINE_M3, 40);
    add_noise();
    (void)add_fault(&given, FAULT_LOSE, "s3", "NOTIFICATION", 33);
    shrink_given(&shrink);
    assert_int_equal(shrunk.scenario.workloads[0].files, 1);
    assert_story("lose s3 at NOTIFICATION#1");
    assert_true(counts.scenarios > 2);
}

static void test_a_scenario_that_fails_by_itself_is_another_failure(void **state)
{
    (void)state;
    struct shrink shrink = shrink_for(INVARIANT_S1);
    shrink.reduce = make_broken;
    make_dead_owner();
    shrink_given(&shrink);
    assert_int_equal(shrunk.scenario.faults_count, 0);
    assert_true(shrunk.deviations.count > 0);
}

static void test_nothing_is_left_where_nothing_is_needed(void **state)
{
    (void)state;
    struct shrink shrink = shrink_for(INVARIANT_S6);
    make_world(&given, BUILDER_V0, MACHINE_M0, 4);
    (void)add_fault(&given, FAULT_THROTTLE, "manifest_builder", "TRACK_FILE", 1);
    shrink_given(&shrink);
    assert_story("");
}

/* --- faults by name --- */

/* Each time that a window, a probability or a row of occurrences strikes is a deviation. */
static void test_faults_without_an_anchor_get_one(void **state)
{
    (void)state;
    make_world(&given, BUILDER_V4, MACHINE_M3, 8);
    add_fault(&given, FAULT_THROTTLE, "manifest_builder", "TRACK_FILE", 2)->times = 3;
    struct fault *window = add_fault(&given, FAULT_DELAY, "sqs", "DELIVERY", 0);
    window->by = duration_s(1);
    window->to = duration_s(2);
    (void)add_fault(&given, FAULT_KILL, "manifest_builder", "PUT_REPORT", 1000);
    struct afresh expected = run_afresh(&given);
    assert_int_equal(shrink_name_faults(&shrunk, &given, NULL, &error), STATUS_OK);
    assert_int_equal(shrunk.scenario.faults_count, 0);
    assert_true(shrunk.deviations.count > 4);
    for (uint32_t i = 0; i < shrunk.deviations.count; i++) {
        const struct fault *fault = &shrunk.deviations.items[i].fault;
        assert_int_equal(fault->times, 1);
        assert_true(fault->occurrence > 0);
        assert_int_equal(fault->to.ns, 0);
        assert_int_equal(fault->of.ordinal > 0, fault->kind == FAULT_THROTTLE);
    }
    shrink_merge(&shrunk, &merged);
    struct afresh named = run_afresh(&merged);
    assert_int_equal(named.violated, expected.violated);
    assert_int_equal(named.events, expected.events);
}

static void test_what_strikes_too_often_stays(void **state)
{
    (void)state;
    make_world(&given, BUILDER_V4, MACHINE_M3, 40);
    add_fault(&given, FAULT_THROTTLE, "manifest_builder", "TRACK_FILE", 1)->times = 0;
    (void)add_fault(&given, FAULT_LOSE, "s3", "NOTIFICATION", 3);
    assert_int_equal(shrink_name_faults(&shrunk, &given, NULL, &error), STATUS_OK);
    assert_int_equal(shrunk.scenario.faults_count, 1);
    assert_story("lose s3 at NOTIFICATION#3");
}

/* --- how it goes about it --- */

static void test_it_gives_the_same_again(void **state)
{
    (void)state;
    struct shrink shrink = shrink_for(INVARIANT_S1);
    static struct shrink_case first;
    make_dead_owner();
    shrink_given(&shrink);
    first = shrunk;
    struct shrink_counts once = counts;
    shrink_given(&shrink);
    assert_int_equal(counts.runs, once.runs);
    assert_int_equal(shrunk.outcome.events, first.outcome.events);
    assert_int_equal(shrunk.deviations.count, first.deviations.count);
    assert_true(counts.known > 0); /* passes come again, and what they would try is known */
}

/* What is shrunk has no smaller form that shrinking finds. */
static void test_what_is_shrunk_stays(void **state)
{
    (void)state;
    struct shrink shrink = shrink_for(INVARIANT_S1);
    test_two_deviations_stay_two(state);
    struct shrink_case first = shrunk;
    shrink_merge(&first, &given);
    shrink_given(&shrink);
    assert_int_equal(shrunk.outcome.events, first.outcome.events);
    assert_int_equal(shrunk.deviations.count, first.deviations.count);
}

static uint32_t asked;

static bool is_soon(void)
{
    return ++asked > 3;
}

static void test_it_can_be_stopped(void **state)
{
    (void)state;
    struct shrink shrink = shrink_for(INVARIANT_S1);
    make_dead_owner();
    shrink_given(&shrink);
    uint64_t runs = counts.runs;
    asked = 0;
    shrink.stopped = is_soon;
    shrink_given(&shrink);
    assert_true(counts.runs < runs && counts.runs <= 4);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, test_a_dead_owner_takes_one);
    CASES_ADD(&cases, test_two_deviations_stay_two);
    CASES_ADD(&cases, test_amounts_get_as_small_as_can_be);
    CASES_ADD(&cases, test_files_are_dropped_and_the_fault_follows);
    CASES_ADD(&cases, test_a_scenario_that_fails_by_itself_is_another_failure);
    CASES_ADD(&cases, test_nothing_is_left_where_nothing_is_needed);
    CASES_ADD(&cases, test_faults_without_an_anchor_get_one);
    CASES_ADD(&cases, test_what_strikes_too_often_stays);
    CASES_ADD(&cases, test_it_gives_the_same_again);
    CASES_ADD(&cases, test_what_is_shrunk_stays);
    CASES_ADD(&cases, test_it_can_be_stopped);
    return cases_run("shrink", &cases);
}

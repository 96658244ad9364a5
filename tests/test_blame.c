/* test_blame.c: the curve of cases whose answer is known: a frozen owner's violation comes never
 * before the freeze and always after it, a lost wake-up from the beginning on; what changes of the
 * case do; that the numbers depend on the request alone; and the verdict on made-up curves.
 */
#include "tests/story.h"

#include "model/search/blame.h"

#include <stdlib.h>

static struct story s;
static struct deviation_menu nothing, usual;

/* V3 in a world that asks nothing: two files, and two more while the owner is frozen. */
static void frozen_owner(void)
{
    story_init(&s);
    scenario_apply_builder(&s.scenario, BUILDER_V3);
    s.scenario.max_files_per_manifest = 2;
    s.scenario.lock_ttl = duration_s(60);
    story_files(&s, 2, 0, (struct duration){0});
    story_files(&s, 2, 80, (struct duration){0});
    story_fault(&s, FAULT_STALL, "manifest_builder", "MARK_FILE", 2);
    story_last_fault(&s)->by = duration_s(110);
    deviation_menu_fill(&nothing, &s.scenario, 0);
    deviation_menu_fill(&usual, &s.scenario, DEVIATION_GROUPS_USUAL);
}

static struct blame *open_blame(const struct deviation_menu *menu, enum invariant property,
                                uint64_t runs, uint64_t seed)
{
    struct error error = {.message = ""};
    struct blame_request request = {
        .scenario = &s.scenario, .menu = menu, .property = property, .runs = runs, .seed = seed};
    struct blame *b = blame_open(&request, &error);
    if (b == NULL) {
        fail_msg("%s", error.message);
    }
    return b;
}

static struct blame_point measure(const struct blame *b, uint32_t point)
{
    struct error error = {.message = ""};
    struct blame_point result;
    if (blame_measure(b, point, &result, NULL, &error) != STATUS_OK) {
        fail_msg("%s", error.message);
    }
    assert_number(result.unended, 0);
    return result;
}

/* The point behind the case's fault. */
static uint32_t point_of_the_fault(const struct blame *b)
{
    const struct timeline *t = blame_timeline(b);
    uint32_t i = 0;
    while (t->items[i].kind != TIMELINE_DEVIATION) {
        i++;
    }
    return i + 1;
}

/* --- curves
 * -----------------------------------------------------------------------------------------------
 */

/* Nothing is drawn, and the fault strikes no more once a continuation has begun: never before, and
 * always from there on. Where the freeze shares its instant with what is before it, so does its
 * point. */
static void a_freeze_decides(void **state)
{
    (void)state;
    frozen_owner();
    struct blame *b = open_blame(&nothing, INVARIANT_S1, 3, 1);
    uint32_t frozen = blame_same_point(b, point_of_the_fault(b));
    assert_true(frozen > 1);
    for (uint32_t i = 0; i < blame_points(b); i++) {
        struct blame_point point = measure(b, i);
        assert_number(point.runs, 3);
        assert_number(point.violating, i < frozen ? 0 : 3);
    }
    blame_close(b);
}

/* The same with rare deviations. */
static void a_freeze_decides_in_a_rough_world_too(void **state)
{
    (void)state;
    frozen_owner();
    s.scenario.latency.table_write = (struct distribution_spec){
        .kind = DISTRIBUTION_UNIFORM, .a = duration_ms(2), .b = duration_ms(9)};
    struct blame *b = open_blame(&usual, INVARIANT_S1, 400, 1);
    uint32_t frozen = blame_same_point(b, point_of_the_fault(b));
    uint32_t points = blame_points(b);
    struct blame_point *curve = calloc(points, sizeof *curve);
    for (uint32_t i = 0; i < points; i++) {
        curve[i] = i == blame_same_point(b, i) ? measure(b, i) : curve[blame_same_point(b, i)];
        assert_true(i < frozen ? curve[i].violating < 20 : curve[i].violating > 360);
    }
    struct blame_verdict verdict = blame_judge(curve, points);
    assert_number(verdict.turning, frozen);
    free(curve);
    blame_close(b);
}

/* Reads that lag lose wake-ups without any fault: no event carries the blame. */
static void a_lost_wake_up_is_there_from_the_beginning(void **state)
{
    (void)state;
    story_init(&s);
    scenario_apply_builder(&s.scenario, BUILDER_V4);
    s.scenario.max_files_per_manifest = 2;
    s.scenario.table.replica_lag = exactly(duration_ms(50));
    story_files(&s, 2, 0, duration_s(2));
    deviation_menu_fill(&nothing, &s.scenario, 0);
    struct blame *b = open_blame(&nothing, INVARIANT_L1, 2, 1);
    uint32_t points = blame_points(b);
    struct blame_point *curve = calloc(points, sizeof *curve);
    for (uint32_t i = 0; i < points; i++) {
        curve[i] = measure(b, i);
        assert_number(curve[i].violating, 2);
    }
    assert_number(blame_judge(curve, points).turning, 0);
    free(curve);
    blame_close(b);
}

/* Points can be measured in any order, and again; another seed draws others. */
static void numbers_depend_on_the_request_alone(void **state)
{
    (void)state;
    frozen_owner();
    /* Whether the second builder comes before the owner wakes up is drawn. */
    s.scenario.bucket.notification_delay =
        (struct distribution_spec){.kind = DISTRIBUTION_UNIFORM, .a = {0}, .b = duration_s(60)};
    struct blame *b = open_blame(&usual, INVARIANT_S1, 50, 1);
    struct blame *other = open_blame(&usual, INVARIANT_S1, 50, 2);
    uint32_t last = blame_points(b) - 2;
    struct blame_point late = measure(b, last);
    struct blame_point early = measure(b, point_of_the_fault(b));
    struct blame_point again = measure(b, last);
    assert_memory_equal(&late, &again, sizeof late);
    again = measure(b, point_of_the_fault(b));
    assert_memory_equal(&early, &again, sizeof early);
    assert_true(early.violating > 0 && early.violating < early.runs);
    uint32_t differing = 0;
    for (uint32_t i = 0; i <= last; i++) {
        differing += measure(b, i).violating != measure(other, i).violating;
    }
    assert_true(differing > 0);
    blame_close(b);
    blame_close(other);
}

/* --- changes
 * -----------------------------------------------------------------------------------------------
 */

static struct blame_outcome try(const struct blame *b, uint32_t i)
{
    struct error error = {.message = ""};
    struct blame_outcome outcome;
    if (blame_try(b, i, &outcome, &error) != STATUS_OK) {
        fail_msg("%s", error.message);
    }
    return outcome;
}

/* Without the freeze nothing happens, and so without one of the two first files, of which the owner
 * would have made no manifest; either of the later two does. A fault that never strikes is no
 * change. */
static void what_would_have_been(void **state)
{
    (void)state;
    frozen_owner();
    story_fault(&s, FAULT_KILL, "manifest_builder", "PUT_MANIFEST", 99);
    struct blame *b = open_blame(&nothing, INVARIANT_S1, 1, 1);
    uint32_t lost = 0;
    for (uint32_t i = 0; i < blame_changes(b); i++) {
        struct blame_change change = blame_change(b, i);
        struct blame_outcome outcome = try(b, i);
        assert_true(outcome.struck || change.kind == BLAME_WITH_FAULT);
        assert_true(outcome.violates == ((outcome.violated >> INVARIANT_S1 & 1) != 0));
        if (change.kind != BLAME_WITH_FAULT) {
            assert_number(i, change.kind == BLAME_WITHOUT_FAULTS ? 0 : 1);
            assert_false(outcome.violates);
        } else if (change.fault.kind == FAULT_LOSE) {
            assert_text(change.fault.at, "NOTIFICATION");
            assert_number(outcome.violates, change.fault.occurrence > 2);
            lost++;
        }
    }
    assert_number(lost, 4);
    assert_number(blame_changes_left_out(b), 0);
    blame_close(b);
}

/* One of two faults is enough: without either of them it is still violated. */
static void what_was_not_needed(void **state)
{
    (void)state;
    frozen_owner();
    story_fault(&s, FAULT_STALL, "manifest_builder", "QUERY_PENDING", 2);
    story_last_fault(&s)->by = duration_s(5);
    struct blame *b = open_blame(&nothing, INVARIANT_S1, 1, 1);
    assert_number(blame_change(b, 1).index, 0);
    assert_false(try(b, 1).violates);
    assert_number(blame_change(b, 2).index, 1);
    assert_true(try(b, 2).violates);
    blame_close(b);
}

/* --- what is no case
 * -------------------------------------------------------------------------------------------
 */

static void a_case_that_violates_nothing(void **state)
{
    (void)state;
    frozen_owner();
    struct error error = {.message = ""};
    struct blame_request request = {
        .scenario = &s.scenario, .menu = &nothing, .property = INVARIANT_L2, .runs = 1};
    assert_null(blame_open(&request, &error));
    assert_int_equal(error.status, STATUS_BAD_INPUT);
    s.scenario.faults_count = 0;
    request.any_property = true;
    assert_null(blame_open(&request, &error));
    assert_int_equal(error.status, STATUS_BAD_INPUT);
}

/* Where no property is named, it is the one that is violated first: two work under one lock. */
/* A case that takes more events than it may is refused; one that takes as many is not. */
static void a_case_without_end(void **state)
{
    (void)state;
    struct error error = {.message = ""};
    frozen_owner();
    struct blame_request request = {.scenario = &s.scenario,
                                    .menu = &nothing,
                                    .property = INVARIANT_S1,
                                    .runs = 1,
                                    .seed = 1,
                                    .events_most = 100};
    assert_null(blame_open(&request, &error));
    assert_number(error.status, STATUS_BAD_INPUT);
    assert_non_null(strstr(error.message, "without end"));
    request.events_most = 100000;
    struct blame *b = blame_open(&request, &error);
    assert_non_null(b);
    blame_close(b);
}

static void the_first_property(void **state)
{
    (void)state;
    frozen_owner();
    struct error error = {.message = ""};
    struct blame_request request = {
        .scenario = &s.scenario, .menu = &nothing, .any_property = true, .runs = 1};
    struct blame *b = blame_open(&request, &error);
    assert_non_null(b);
    assert_int_equal(blame_property(b), INVARIANT_S7);
    blame_close(b);
}

/* --- verdicts
 * -----------------------------------------------------------------------------------------------
 */

static const struct verdict_case {
    const char *name;
    uint64_t violating[6]; /* of 1000 */
    uint32_t turning, inevitable;
} verdicts[] = {
    {"one jump",                     {10, 12, 990, 995, 999, 1000},   2, 2},
    {"the greater of two jumps",     {10, 300, 310, 990, 999, 1000},  3, 3},
    {"likely, not inevitable",       {10, 600, 610, 620, 990, 1000},  1, 4},
    {"there from the beginning",     {990, 985, 990, 992, 990, 1000}, 0, 0},
    {"the beginning undecided",      {900, 905, 910, 920, 930, 1000}, 0, 5},
    {"it falls and comes back",      {10, 900, 400, 990, 995, 1000},  1, 3},
    {"a rise below a tenth is none", {10, 100, 190, 280, 370, 460},   0, 6},
};

static void test_verdict(void **state)
{
    const struct verdict_case *c = *state;
    struct blame_point points[6];
    for (size_t i = 0; i < 6; i++) {
        points[i] = (struct blame_point){.runs = 1000, .violating = c->violating[i]};
    }
    struct blame_verdict verdict = blame_judge(points, 6);
    assert_number(verdict.turning, c->turning);
    assert_number(verdict.inevitable, c->inevitable);
}

/* With few runs a jump may be luck: the intervals overlap. */
static void a_jump_that_may_be_luck(void **state)
{
    (void)state;
    struct blame_point points[2] = {
        {.runs = 5, .violating = 1},
        {.runs = 5, .violating = 3}
    };
    assert_number(blame_judge(points, 2).turning, 0);
}

int main(void)
{
    struct cases cases = {0};
    CASES_ADD(&cases, a_freeze_decides);
    CASES_ADD(&cases, a_freeze_decides_in_a_rough_world_too);
    CASES_ADD(&cases, a_lost_wake_up_is_there_from_the_beginning);
    CASES_ADD(&cases, numbers_depend_on_the_request_alone);
    CASES_ADD(&cases, what_would_have_been);
    CASES_ADD(&cases, what_was_not_needed);
    CASES_ADD(&cases, a_case_that_violates_nothing);
    CASES_ADD(&cases, the_first_property);
    CASES_ADD(&cases, a_case_without_end);
    CASES_ADD_TABLE(&cases, test_verdict, verdicts);
    CASES_ADD(&cases, a_jump_that_may_be_luck);
    return cases_run("blame", &cases);
}

/* test_explore.c: the explorer against runs that are made afresh; with worlds remembered and not;
 * its items in any pieces.
 *
 * A run of the explorer is told by its deviations. As faults of the scenario they must make the
 * same run: the same violations at the end, of every run with one deviation, and of a sample of
 * those with two.
 */
#include "model/search/explore.h"

#include "model/pipeline/pipeline.h"
#include "model/pipeline/run_state.h"

#include "tests/cases.h"

enum { WORLDS = 1 << 16 };

struct small_world {
    struct scenario scenario;
    struct deviation_menu menu;
    struct exploration exploration;
};

/* Twelve files within a second, five a manifest, two functions. */
static void make_world(struct small_world *w, enum builder builder, enum machine machine,
                       uint32_t deviations)
{
    struct scenario *s = &w->scenario;
    scenario_init(s);
    scenario_apply_builder(s, builder);
    scenario_apply_machine(s, machine);
    s->name = TEXT("small");
    s->max_files_per_manifest = 5;
    s->function.reserved_concurrency = 2;
    s->mapping.maximum_concurrency = 2;
    s->workloads_count = 1;
    s->workloads[0] = (struct workload){.files = 12, .over = {1 * NS_PER_S}, .size = 3670016};
    s->table.rcu = s->table.wcu = 0;
    deviation_menu_fill(&w->menu, s, DEVIATION_GROUPS_USUAL);
    w->exploration = (struct exploration){.scenario = s,
                                          .menu = &w->menu,
                                          .deviations = deviations,
                                          .fingerprints = true,
                                          .worlds_most = WORLDS};
}

/* What the scenario violates with these deviations as its faults. */
static uint32_t violated_afresh(const struct small_world *w, const struct explorer *e,
                                const struct exploration_run *told, bool *all_struck)
{
    static struct scenario scenario;
    struct error error;
    struct choices choices;
    struct trace trace;
    scenario = w->scenario;
    for (uint32_t i = 0; i < told->deviations_count; i++) {
        scenario.faults[scenario.faults_count++] =
            deviation_fault(explorer_pipeline(e), &told->deviations[i]);
    }
    choices_init_default(&choices, cloud_choice_names, CHOICES_COUNT);
    trace_init(&trace);
    struct run_options options = {.choices = &choices, .trace = &trace};
    struct run *run = run_create(&scenario, &options, &error);
    assert_non_null(run);
    (void)run_advance(run, UINT64_MAX, &error);
    run_finish(run);
    uint32_t violated = 0;
    for (uint64_t i = 0; i < run_violations_count(run); i++) {
        struct violation_row row;
        run_violation(run, i, &row);
        violated |= UINT32_C(1) << row.invariant;
    }
    *all_struck = true;
    for (uint32_t i = 0; i < told->deviations_count; i++) {
        struct fault_row row;
        run_fault(run, i, &row);
        *all_struck &= row.struck == 1;
    }
    assert_int_equal(run_destroy(run, NULL), STATUS_OK);
    return violated;
}

/* --- every run is the scenario's with these faults
 * -----------------------------------------------------------------------------------------------
 */

struct comparison {
    const struct small_world *world;
    const struct explorer *explorer;
    uint64_t every, met, compared, wrong, unstruck;
};

static void compare(void *self, const struct exploration_run *told)
{
    struct comparison *c = self;
    bool struck;
    if (told->end == EXPLORED_SEEN || c->met++ % c->every != 0) {
        return;
    }
    uint32_t violated = violated_afresh(c->world, c->explorer, told, &struck);
    c->compared++;
    c->wrong += violated != told->violated;
    c->unstruck += !struck;
}

static void compare_all(enum builder builder, enum machine machine, uint32_t deviations,
                        uint64_t every, uint64_t items_every)
{
    static struct small_world w;
    struct error error;
    struct exploration_counts counts = {0};
    make_world(&w, builder, machine, deviations);
    struct explorer *e = explorer_open(&w.exploration, &error);
    assert_non_null(e);
    struct comparison c = {.world = &w, .explorer = e, .every = every};
    for (uint64_t item = explorer_items(e); item-- > 0;) {
        if (item % items_every == 0) {
            assert_int_equal(explorer_item(e, item, compare, &c, &counts, NULL, &error), STATUS_OK);
        }
    }
    assert_true(c.compared > 30);
    assert_int_equal(c.wrong, 0);
    assert_int_equal(c.unstruck, 0);
    explorer_close(e);
}

static void one_deviation_is_one_fault(void **state)
{
    (void)state;
    compare_all(BUILDER_V3, MACHINE_M2, 1, 2, 1);
}

static void so_it_is_without_a_lock(void **state)
{
    (void)state;
    compare_all(BUILDER_V6, MACHINE_M3, 1, 7, 1);
}

static void two_deviations_are_two_faults(void **state)
{
    (void)state;
    compare_all(BUILDER_V4, MACHINE_M3, 2, 97, 173);
}

/* --- what is found
 * -----------------------------------------------------------------------------------------------
 */

struct outcome {
    uint64_t runs[EXPLORE_DEVIATIONS_MAX + 1];
    uint64_t violating[INVARIANTS_COUNT][EXPLORE_DEVIATIONS_MAX + 1];
    uint64_t seen;
    uint32_t violated;
    struct hash128 sum; /* of all runs told, in any order */
};

static void count(void *self, const struct exploration_run *told)
{
    struct outcome *t = self;
    if (told->end == EXPLORED_SEEN) {
        t->seen++;
        return;
    }
    t->runs[told->deviations_count]++;
    t->violated |= told->violated;
    for (unsigned i = 0; i < INVARIANTS_COUNT; i++) {
        t->violating[i][told->deviations_count] += told->violated >> i & 1;
    }
    struct hash128 parts[EXPLORE_DEVIATIONS_MAX + 1] = {
        {told->violated, told->deviations_count}
    };
    for (uint32_t i = 0; i < told->deviations_count; i++) {
        parts[1 + i] = hash128(&told->deviations[i], sizeof told->deviations[i]);
    }
    t->sum = hash128_add(t->sum, hash128(parts, sizeof parts));
}

/* Every n-th item, the first one always. */
static struct outcome explore(const struct small_world *w, uint64_t every)
{
    struct error error;
    struct exploration_counts counts = {0};
    struct outcome t = {0};
    struct explorer *e = explorer_open(&w->exploration, &error);
    assert_non_null(e);
    for (uint64_t item = explorer_items(e); item-- > 0;) {
        if (item % every == 0) {
            assert_int_equal(explorer_item(e, item, count, &t, &counts, NULL, &error), STATUS_OK);
        }
    }
    explorer_close(e);
    return t;
}

static void worlds_that_are_remembered_hide_nothing(void **state)
{
    (void)state;
    static struct small_world w;
    for (unsigned i = 0; i < 2; i++) {
        make_world(&w, i == 0 ? BUILDER_V3 : BUILDER_V5, i == 0 ? MACHINE_M2 : MACHINE_M3, 2);
        struct outcome with = explore(&w, 211);
        w.exploration.fingerprints = false;
        struct outcome without = explore(&w, 211);
        assert_true(with.seen > 0);
        assert_int_equal(without.seen, 0);
        assert_true(with.runs[2] + with.seen <= without.runs[2] + without.runs[1]);
        assert_true(with.runs[2] < without.runs[2]);
        assert_int_equal(with.violated, without.violated);
        for (unsigned k = 0; k < INVARIANTS_COUNT; k++) {
            for (unsigned d = 0; d < 2; d++) {
                assert_int_equal(with.violating[k][d], without.violating[k][d]);
            }
            assert_int_equal(with.violating[k][2] > 0, without.violating[k][2] > 0);
        }
    }
}

static void items_do_not_depend_on_others(void **state)
{
    (void)state;
    static struct small_world w;
    struct error error;
    struct exploration_counts counts = {0};
    make_world(&w, BUILDER_V3, MACHINE_M2, 2);
    struct explorer *first = explorer_open(&w.exploration, &error);
    assert_non_null(first);
    uint64_t items = explorer_items(first);
    for (uint64_t item = items - 1; item > items - items / 8; item -= 71) {
        struct outcome alone = {0};
        struct outcome after = {0};
        struct explorer *fresh = explorer_open(&w.exploration, &error);
        assert_non_null(fresh);
        assert_int_equal(explorer_item(first, item, count, &after, &counts, NULL, &error),
                         STATUS_OK);
        assert_int_equal(explorer_item(fresh, item, count, &alone, &counts, NULL, &error),
                         STATUS_OK);
        assert_memory_equal(&alone, &after, sizeof alone);
        explorer_close(fresh);
    }
    explorer_close(first);
}

static void the_takeover_lock_is_not_enough(void **state)
{
    (void)state;
    static struct small_world w;
    make_world(&w, BUILDER_V3, MACHINE_M2, 1);
    struct outcome t = explore(&w, 1);
    assert_int_equal(t.runs[0], 1);
    assert_true(t.violating[INVARIANT_S1][1] > 0);
    assert_true(t.violating[INVARIANT_S3][1] > 0);
    assert_true(t.violating[INVARIANT_L1][1] > 0);
}

static void the_batcher_stands_every_one(void **state)
{
    (void)state;
    static struct small_world w;
    make_world(&w, BUILDER_V7, MACHINE_M7, 1);
    struct outcome t = explore(&w, 1);
    assert_true(t.runs[1] > 100);
    assert_int_equal(t.violated, 0);
}

static bool at_once(void)
{
    return true;
}

static void it_can_be_stopped(void **state)
{
    (void)state;
    static struct small_world w;
    struct error error;
    struct exploration_counts counts = {0};
    struct outcome t = {0};
    make_world(&w, BUILDER_V3, MACHINE_M2, 2);
    struct explorer *e = explorer_open(&w.exploration, &error);
    assert_non_null(e);
    assert_int_equal(explorer_item(e, explorer_items(e) / 2, count, &t, &counts, at_once, &error),
                     STATUS_INTERRUPTED);
    assert_true(t.runs[2] == 0);
    explorer_close(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_deviation_is_one_fault),
        cmocka_unit_test(so_it_is_without_a_lock),
        cmocka_unit_test(two_deviations_are_two_faults),
        cmocka_unit_test(worlds_that_are_remembered_hide_nothing),
        cmocka_unit_test(items_do_not_depend_on_others),
        cmocka_unit_test(the_takeover_lock_is_not_enough),
        cmocka_unit_test(the_batcher_stands_every_one),
        cmocka_unit_test(it_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

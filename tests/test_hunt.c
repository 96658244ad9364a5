/* test_hunt.c: hunts: that a run is a function of its number, that it is the scenario's with these
 * faults, how strategies differ, what they find, and what is told of it.
 *
 * The world is a small one in which V3 violates S1 under one deviation. A hunter's runs are told as
 * deviations; as faults of the scenario they must violate the same in a run that is made afresh.
 */
#include "model/pipeline/pipeline.h"
#include "model/pipeline/run_state.h"
#include "model/search/hunt_tally.h"
#include "tools/hunting.h"

#include "tests/cases.h"

#include <stdlib.h>

struct hunted_world {
    struct scenario scenario;
    struct deviation_menu menu;
    struct hunt hunt;
};

/* Eight files within two seconds, two a manifest, four functions. */
static struct hunter *open_world(struct hunted_world *w, enum builder builder, uint32_t groups,
                                 uint32_t strategies)
{
    struct scenario *s = &w->scenario;
    struct error error = {.message = ""};
    scenario_init(s);
    scenario_apply_builder(s, builder);
    s->name = TEXT("hunted");
    s->max_files_per_manifest = 2;
    s->function.reserved_concurrency = 4;
    s->mapping.maximum_concurrency = 4;
    s->workloads_count = 1;
    s->workloads[0] = (struct workload){.files = 8, .over = {2 * NS_PER_S}, .size = 3670016};
    deviation_menu_fill_hunting(&w->menu, s, groups);
    w->hunt = (struct hunt){.scenario = s, .menu = &w->menu, .seed = 1, .strategies = strategies};
    struct hunter *h = hunter_open(&w->hunt, &error);
    if (h == NULL) {
        fail_msg("%s", error.message);
    }
    return h;
}

/* What a run did, in one number. */
static uint64_t fingerprint(const struct hunt_run *run)
{
    uint64_t hash = run->violated ^ run->events << 32;
    for (uint32_t i = 0; i < run->deviations_count; i++) {
        hash = hash64(&run->deviations[i], sizeof run->deviations[i], hash);
    }
    return hash;
}

enum { KEPT = 700 };

struct keeping {
    uint64_t wanted, count;
    uint64_t numbers[KEPT], prints[KEPT];
};

static bool keep(void *self, const struct hunt_run *run)
{
    struct keeping *k = self;
    k->numbers[k->count] = run->number;
    k->prints[k->count++] = fingerprint(run);
    return k->count < k->wanted;
}

/* --- a run is a function of its number
 * -----------------------------------------------------------------------------------------------
 */

/* Runs of a piece come again alone, in another order, in another hunter, also after others. */
static void same_number_same_run(uint32_t strategies, uint64_t piece, uint64_t step)
{
    static struct hunted_world w;
    static struct keeping whole;
    struct error error;
    struct hunter *h = open_world(&w, BUILDER_V3, DEVIATION_GROUPS_USUAL, strategies);
    struct hunter *other = open_world(&w, BUILDER_V3, DEVIATION_GROUPS_USUAL, strategies);
    whole = (struct keeping){.wanted = KEPT};
    assert_int_equal(hunter_piece(h, piece, keep, &whole, &error), STATUS_OK);
    for (uint64_t i = KEPT; i > step; i -= step) {
        struct keeping one = {.wanted = 1};
        assert_int_equal(hunter_run(other, whole.numbers[i - 1], keep, &one, &error), STATUS_OK);
        assert_int_equal(one.count, 1);
        assert_int_equal(one.numbers[0], whole.numbers[i - 1]);
        assert_true(one.prints[0] == whole.prints[i - 1]);
    }
    hunter_close(h);
    hunter_close(other);
}

static void a_run_is_a_function_of_its_number(void **state)
{
    (void)state;
    same_number_same_run(HUNT_STRATEGIES_ALL & ~(1U << HUNT_GUIDED), 3, 13);
}

static void also_a_guided_one(void **state)
{
    (void)state;
    same_number_same_run(1U << HUNT_GUIDED, 2, 270);
}

static uint64_t differing(uint64_t seed, uint32_t strategies)
{
    static struct hunted_world w;
    static struct keeping a, b;
    struct error error;
    uint64_t count = 0;
    struct hunter *h = open_world(&w, BUILDER_V3, DEVIATION_GROUPS_USUAL, HUNT_STRATEGIES_ALL);
    a = b = (struct keeping){.wanted = 100};
    assert_int_equal(hunter_piece(h, 0, keep, &a, &error), STATUS_OK);
    hunter_close(h);
    w.hunt.seed = seed;
    w.hunt.strategies = strategies;
    h = hunter_open(&w.hunt, &error);
    assert_non_null(h);
    assert_int_equal(hunter_piece(h, 0, keep, &b, &error), STATUS_OK);
    hunter_close(h);
    for (uint64_t i = 0; i < 100; i++) {
        count += a.prints[i] != b.prints[i];
    }
    return count;
}

static void and_of_seed_and_strategies(void **state)
{
    (void)state;
    assert_int_equal(differing(1, HUNT_STRATEGIES_ALL), 0);
    assert_true(differing(2, HUNT_STRATEGIES_ALL) > 90);
    assert_true(differing(1, 1U << HUNT_UNIFORM) > 80);
}

/* --- a run is the scenario's with these faults
 * -----------------------------------------------------------------------------------------------
 */

struct comparison {
    const struct hunted_world *world;
    const struct hunter *hunter;
    struct hunter *repeater; /* another one */
    uint64_t left, every, wrong, unlike, failing;
};

static uint32_t violated_afresh(const struct comparison *c, const struct hunt_run *told)
{
    static struct scenario scenario;
    struct error error;
    struct choices choices;
    struct trace trace;
    scenario = c->world->scenario;
    for (uint32_t i = 0; i < told->deviations_count; i++) {
        struct fault *fault = &scenario.faults[scenario.faults_count++];
        const char *member = NULL;
        *fault = deviation_fault(hunter_pipeline(c->hunter), &told->deviations[i]);
        if (fault_validate(fault, &member, &error) != STATUS_OK) {
            fail_msg("%s: %s", member, error.message);
        }
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
    assert_int_equal(run_destroy(run, NULL), STATUS_OK);
    return violated;
}

static bool compare(void *self, const struct hunt_run *told)
{
    struct comparison *c = self;
    if (c->left-- % c->every == 0) {
        struct hunt_run again = {.number = told->number};
        struct error error;
        assert_int_equal(told->end, EXPLORED_ENDED);
        c->wrong += violated_afresh(c, told) != told->violated;
        assert_int_equal(
            hunter_repeat(c->repeater, told->deviations, told->deviations_count, &again, &error),
            STATUS_OK);
        c->unlike += fingerprint(&again) != fingerprint(told);
        c->failing += told->violated != 0;
    }
    return c->left > 0;
}

static void compare_runs(enum builder builder, enum hunt_strategy strategy, uint64_t failing)
{
    static struct hunted_world w;
    struct error error;
    struct hunter *h = open_world(&w, builder, (1U << DEVIATION_GROUPS_COUNT) - 1, 1U << strategy);
    struct hunter *repeater = hunter_open(&w.hunt, &error);
    assert_non_null(repeater);
    struct comparison c = {.world = &w, .hunter = h, .repeater = repeater, .left = 300, .every = 6};
    assert_int_equal(hunter_piece(h, 0, compare, &c, &error), STATUS_OK);
    assert_int_equal(c.left, 0);
    assert_int_equal(c.wrong, 0);
    assert_int_equal(c.unlike, 0);
    assert_true(c.failing >= failing);
    hunter_close(h);
    hunter_close(repeater);
}

/* A strategy, and within how many runs it finds V3's double manifest. */
struct strategy_row {
    const char *name;
    enum hunt_strategy strategy;
    uint64_t enough;
};

static void runs_are_told_by_deviations(void **state)
{
    const struct strategy_row *row = *state;
    compare_runs(BUILDER_V3, row->strategy, 5);
    compare_runs(BUILDER_V6S, row->strategy, 5);
}

/* --- how strategies differ
 * -----------------------------------------------------------------------------------------------
 */

struct manner {
    uint64_t runs, deviations, kinds, plain, yields, short_yields;
    const struct deviation_menu *menu;
};

static bool observe(void *self, const struct hunt_run *run)
{
    struct manner *m = self;
    uint32_t groups = 0;
    for (uint32_t i = 0; i < run->deviations_count; i++) {
        const struct deviation_form *form = &m->menu->forms[run->deviations[i].form];
        groups |= UINT32_C(1) << form->group;
        m->yields += form->fault.kind == FAULT_YIELD;
        m->short_yields += form->fault.kind == FAULT_YIELD && form->fault.calls < HUNTED_CALLS_MAX;
    }
    m->runs++;
    m->deviations += run->deviations_count;
    m->kinds += (uint64_t)__builtin_popcount(groups);
    m->plain += run->deviations_count == 0;
    return m->runs < 1000;
}

static struct manner manner_of(enum hunt_strategy strategy)
{
    static struct hunted_world w;
    struct error error;
    struct hunter *h = open_world(&w, BUILDER_V3, DEVIATION_GROUPS_USUAL, 1U << strategy);
    struct manner m = {.menu = &w.menu};
    assert_int_equal(hunter_piece(h, 0, observe, &m, &error), STATUS_OK);
    assert_int_equal(m.runs, 1000);
    hunter_close(h);
    return m;
}

/* Swarm: of many deviations few kinds. Uniform: three, evenly. Realistic: often nothing at all.
 * Priorities: whoever yields lets as many go first as can be. */
static void strategies_differ(void **state)
{
    (void)state;
    struct manner swarm = manner_of(HUNT_SWARM);
    struct manner uniform = manner_of(HUNT_UNIFORM);
    struct manner realistic = manner_of(HUNT_REALISTIC);
    struct manner pct = manner_of(HUNT_PCT);
    assert_true(swarm.deviations > 4000 && swarm.deviations < 7500);
    assert_true(uniform.deviations > 2800 && uniform.deviations < 3300);
    assert_true(realistic.deviations > 1000 && realistic.deviations < 2500);
    assert_true(swarm.deviations * uniform.kinds > swarm.kinds * uniform.deviations * 3 / 2);
    assert_true(realistic.plain > 100 && realistic.plain > 3 * uniform.plain);
    assert_true(pct.yields > 1000 && pct.short_yields == 0);
    assert_true(swarm.short_yields > 100);
}

/* A scenario that has faults of its own leaves room for fewer. */
static void there_is_room_for_faults(void **state)
{
    (void)state;
    static struct hunted_world w;
    struct error error;
    hunter_close(open_world(&w, BUILDER_V3, DEVIATION_GROUPS_USUAL, 1U << HUNT_PCT));
    while (w.scenario.faults_count < FAULTS_MAX - 2) {
        struct fault *fault = &w.scenario.faults[w.scenario.faults_count++];
        *fault = fault_default;
        fault->kind = FAULT_KILL;
        fault->process = TEXT("manifest_builder");
        fault->at = TEXT("PUT_REPORT");
        fault->occurrence = 1000;
    }
    struct hunter *h = hunter_open(&w.hunt, &error);
    assert_non_null(h);
    struct manner m = {.menu = &w.menu};
    assert_int_equal(hunter_piece(h, 0, observe, &m, &error), STATUS_OK);
    assert_true(m.deviations > 1000 && m.deviations <= 2000);
    hunter_close(h);
}

/* --- what is found
 * -----------------------------------------------------------------------------------------------
 */

struct counting {
    struct hunt_tally tally;
    struct hunter *hunter;
    uint64_t left, repeats_most;
};

static bool count(void *self, const struct hunt_run *run)
{
    struct counting *c = self;
    struct error error;
    assert_int_equal(hunt_tally_run(&c->tally, c->hunter, run, c->repeats_most, &error), STATUS_OK);
    return --c->left > 0;
}

static void count_runs(struct counting *c, struct hunter *h, uint64_t piece, uint64_t runs)
{
    struct error error;
    hunt_tally_init(&c->tally);
    c->hunter = h;
    c->left = runs;
    c->repeats_most = 60;
    assert_int_equal(hunter_piece(h, piece, count, c, &error), STATUS_OK);
}

static void a_known_bug_is_found(void **state)
{
    const struct strategy_row *row = *state;
    static struct hunted_world w;
    struct counting c;
    struct hunter *h = open_world(&w, BUILDER_V3, DEVIATION_GROUPS_USUAL, 1U << row->strategy);
    count_runs(&c, h, 0, row->enough);
    assert_int_equal(hunt_tally_runs(&c.tally), row->enough);
    assert_true(hunt_tally_found(&c.tally, INVARIANT_S1) > 0);
    hunt_tally_deinit(&c.tally);
    hunter_close(h);
}

/* Each story fails, and with any one of its deviations less does not. */
static void stories_are_reduced(void **state)
{
    (void)state;
    static struct hunted_world w;
    struct counting c;
    struct error error;
    struct hunt_run told;
    uint64_t stories = 0;
    struct hunter *h = open_world(&w, BUILDER_V3, DEVIATION_GROUPS_USUAL,
                                  HUNT_STRATEGIES_ALL & ~(1U << HUNT_GUIDED));
    count_runs(&c, h, 0, 600);
    for (uint64_t i = 0; i < c.tally.finds_count; i++) {
        const struct find *find = &c.tally.finds[i];
        if (find->what >= INVARIANTS_COUNT) {
            continue;
        }
        uint32_t n = find->deviations_count;
        assert_int_equal(hunter_repeat(h, find->deviations, n, &told, &error), STATUS_OK);
        assert_true((told.violated >> find->what & 1) != 0);
        assert_int_equal(told.deviations_count, n);
        assert_int_equal(told.events, find->events);
        for (uint32_t k = 0; k < n; k++) {
            struct deviation rest[HUNT_DEVIATIONS_MAX];
            memcpy(rest, find->deviations, n * sizeof *rest);
            memmove(rest + k, rest + k + 1, (n - k - 1) * sizeof *rest);
            assert_int_equal(hunter_repeat(h, rest, n - 1, &told, &error), STATUS_OK);
            assert_true((told.violated >> find->what & 1) == 0);
        }
        stories++;
    }
    assert_true(stories > 20);
    hunt_tally_deinit(&c.tally);
    hunter_close(h);
}

/* Every failing run is counted to a story, or as one that was not reduced. */
static void nothing_found_is_lost(void **state)
{
    (void)state;
    static struct hunted_world w;
    struct counting c;
    struct hunter *h = open_world(&w, BUILDER_V3, DEVIATION_GROUPS_USUAL, HUNT_STRATEGIES_ALL);
    count_runs(&c, h, 1, 500);
    uint64_t unreduced = 0;
    for (uint32_t what = 0; what < INVARIANTS_COUNT; what++) {
        uint64_t counted = c.tally.unreduced[what];
        unreduced += c.tally.unreduced[what];
        for (uint64_t i = 0; i < c.tally.finds_count; i++) {
            counted += c.tally.finds[i].what == what ? c.tally.finds[i].count : 0;
        }
        assert_int_equal(counted, hunt_tally_found(&c.tally, what));
    }
    assert_true(unreduced > 0);
    hunt_tally_deinit(&c.tally);
    hunter_close(h);
}

/* --- merging, and text
 * -----------------------------------------------------------------------------------------------
 */

static char *written(const struct hunt_tally *t, size_t *size)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, size);
    assert_non_null(out);
    hunting_write(t, out);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* What two pieces found comes to the same in either order, also as text. */
static void merging_has_no_order(void **state)
{
    (void)state;
    static struct hunted_world w;
    struct counting a, b;
    struct hunt_tally ab, ba;
    struct error error;
    size_t sizes[4];
    struct hunter *h = open_world(&w, BUILDER_V3, DEVIATION_GROUPS_USUAL, HUNT_STRATEGIES_ALL);
    count_runs(&a, h, 0, 400);
    count_runs(&b, h, 1, 400);
    hunter_close(h);
    char *texts[] = {written(&a.tally, &sizes[0]), written(&b.tally, &sizes[1]), NULL, NULL};
    hunt_tally_init(&ab);
    hunt_tally_init(&ba);
    assert_int_equal(hunt_tally_merge(&ab, &a.tally, &error), STATUS_OK);
    assert_int_equal(hunt_tally_merge(&ab, &b.tally, &error), STATUS_OK);
    assert_int_equal(hunting_read(&ba, (struct text){texts[1], sizes[1]}, &error), STATUS_OK);
    assert_int_equal(hunting_read(&ba, (struct text){texts[0], sizes[0]}, &error), STATUS_OK);
    hunt_tally_sort(&ab);
    hunt_tally_sort(&ba);
    texts[2] = written(&ab, &sizes[2]);
    texts[3] = written(&ba, &sizes[3]);
    assert_string_equal(texts[2], texts[3]);
    assert_true(ab.finds_count < a.tally.finds_count + b.tally.finds_count);
    assert_int_equal(hunt_tally_runs(&ab), 800);
    for (size_t cut = 0; cut < sizes[0]; cut += 1 + sizes[0] / 50) {
        assert_int_equal(hunting_read(&ba, (struct text){texts[0], cut}, &error), STATUS_CORRUPT);
    }
    for (int i = 0; i < 4; i++) {
        free(texts[i]);
    }
    hunt_tally_deinit(&ab);
    hunt_tally_deinit(&ba);
    hunt_tally_deinit(&a.tally);
    hunt_tally_deinit(&b.tally);
}

/* --- the menu
 * -----------------------------------------------------------------------------------------------
 */

/* All groups at once fit, each has a form, and no two forms are the same. */
static void the_menu_is_whole(void **state)
{
    (void)state;
    static struct hunted_world w;
    uint32_t groups = 0;
    hunter_close(
        open_world(&w, BUILDER_V3, (1U << DEVIATION_GROUPS_COUNT) - 1, HUNT_STRATEGIES_ALL));
    for (uint32_t i = 0; i < w.menu.count; i++) {
        groups |= UINT32_C(1) << w.menu.forms[i].group;
        for (uint32_t k = 0; k < i; k++) {
            const struct fault *a = &w.menu.forms[i].fault;
            const struct fault *b = &w.menu.forms[k].fault;
            assert_false(a->kind == b->kind && a->by.ns == b->by.ns && a->when == b->when &&
                         a->attempts == b->attempts && a->outcome == b->outcome &&
                         a->calls == b->calls &&
                         w.menu.forms[i].services == w.menu.forms[k].services);
        }
    }
    assert_int_equal(groups, (1U << DEVIATION_GROUPS_COUNT) - 1);
    struct deviation_menu some;
    deviation_menu_fill_hunting(&some, &w.scenario, 1U << DEVIATION_KILL | 1U << DEVIATION_FAIL);
    assert_int_equal(some.count, 4);
}

int main(void)
{
    static const struct strategy_row told[] = {
        {"told by deviations: swarm",     HUNT_SWARM,     0},
        {"told by deviations: pct",       HUNT_PCT,       0},
        {"told by deviations: realistic", HUNT_REALISTIC, 0},
        {"told by deviations: uniform",   HUNT_UNIFORM,   0},
        {"told by deviations: guided",    HUNT_GUIDED,    0},
    };
    static const struct strategy_row finding[] = {
        {"S1 within 100 runs: swarm",     HUNT_SWARM,     100},
        {"S1 within 50 runs: pct",        HUNT_PCT,       50 },
        {"S1 within 300 runs: realistic", HUNT_REALISTIC, 300},
        {"S1 within 300 runs: uniform",   HUNT_UNIFORM,   300},
        {"S1 within 100 runs: guided",    HUNT_GUIDED,    100},
    };
    static struct cases cases;
    CASES_ADD(&cases, a_run_is_a_function_of_its_number);
    CASES_ADD(&cases, also_a_guided_one);
    CASES_ADD(&cases, and_of_seed_and_strategies);
    CASES_ADD_TABLE(&cases, runs_are_told_by_deviations, told);
    CASES_ADD(&cases, strategies_differ);
    CASES_ADD(&cases, there_is_room_for_faults);
    CASES_ADD_TABLE(&cases, a_known_bug_is_found, finding);
    CASES_ADD(&cases, stories_are_reduced);
    CASES_ADD(&cases, nothing_found_is_lost);
    CASES_ADD(&cases, merging_has_no_order);
    CASES_ADD(&cases, the_menu_is_whole);
    return cases_run("test_hunt", &cases);
}

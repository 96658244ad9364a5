/* test_state_space.c: searches of small models that can be counted by hand, and of many drawn ones
 * beside a search that a child could check.
 *
 * A model here is a few numbers, and commands with a guard that change one of them: "if the numbers
 * it reads add up to this, put that in". What is shown by hand are counters that do not touch each
 * other, of which (m + 1)^k worlds, k m (m + 1)^(k - 1) transitions and (k m)! / (m!)^k paths are
 * known; a ring; worlds without a way out. Drawn models go in circles, run into each other and
 * stop; the plain search keeps every world whole, in a list.
 */
#include "sim/state_space.h"

#include "sim/assert.h"
#include "sim/random.h"
#include "tests/cases.h"

#include <stdlib.h>
#include <string.h>

enum { DRAWN = 1000, NUMBERS_MAX = 5, COMMANDS_MAX = 7, MARKS_MAX = 4096, WORLDS_MAX = 4096 };

/* Fires where the sum over `reads` of coefficient times number, modulo `modulus`, is `due`; then
 * number `target` becomes itself plus `add`, plus number `from` if that is read, modulo `modulus`.
 */
struct rule {
    uint32_t reads; /* bits */
    uint32_t coefficients[NUMBERS_MAX];
    uint32_t due;
    bool at_most; /* fires where the sum is `due` or less, not modulo anything */
    uint32_t target, from, add;
};

struct machine {
    uint32_t numbers_count, rules_count, modulus;
    struct rule rules[COMMANDS_MAX];
    uint8_t numbers[NUMBERS_MAX];
    uint8_t marks[MARKS_MAX][NUMBERS_MAX];
    uint64_t marks_count;
    uint64_t checked;   /* worlds that were asked about */
    uint32_t wrong_sum; /* property 0: no world's numbers add up to this */
};

static bool machine_fires(const struct machine *m, const struct rule *r)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < m->numbers_count; i++) {
        sum += (r->reads >> i & 1) * r->coefficients[i] * m->numbers[i];
    }
    return r->at_most ? sum <= r->due : sum % m->modulus == r->due;
}

static bool machine_fire(void *self, uint32_t transition)
{
    struct machine *m = self;
    const struct rule *r = &m->rules[transition];
    if (!machine_fires(m, r)) {
        return false;
    }
    uint32_t with = (r->reads >> r->from & 1) * (r->from != r->target) * m->numbers[r->from];
    m->numbers[r->target] = (uint8_t)((m->numbers[r->target] + r->add + with) % m->modulus);
    return true;
}

static uint64_t machine_mark(void *self)
{
    struct machine *m = self;
    assert_true(m->marks_count < MARKS_MAX);
    memcpy(m->marks[m->marks_count], m->numbers, sizeof m->numbers);
    return ++m->marks_count;
}

static void machine_back(void *self, uint64_t mark)
{
    struct machine *m = self;
    assert_true(mark >= 1 && mark <= m->marks_count);
    m->marks_count = mark;
    memcpy(m->numbers, m->marks[mark - 1], sizeof m->numbers);
}

static struct hash128 machine_hash(void *self)
{
    const struct machine *m = self;
    return hash128(m->numbers, m->numbers_count);
}

static uint32_t sum_of(const uint8_t *numbers)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < NUMBERS_MAX; i++) {
        sum += numbers[i];
    }
    return sum;
}

/* Property 0: the wrong sum; property 1: a way out. */
static uint32_t machine_check(void *self, bool end)
{
    struct machine *m = self;
    m->checked += !end;
    return end ? 2 : sum_of(m->numbers) == m->wrong_sum;
}

static struct footprint machine_footprint(void *self, uint32_t transition)
{
    const struct machine *m = self;
    const struct rule *r = &m->rules[transition];
    return (struct footprint){r->reads | 1U << r->target, 1U << r->target};
}

static struct state_model model_of(struct machine *m)
{
    return (struct state_model){m,
                                m->rules_count,
                                2,
                                machine_fire,
                                machine_mark,
                                machine_back,
                                machine_hash,
                                machine_check,
                                machine_footprint};
}

static const struct state_search DEPTH_FIRST = {.order = STATE_DEPTH_FIRST,
                                                .tag_bits = 128,
                                                .worlds_max = WORLDS_MAX,
                                                .depth_max = MARKS_MAX - 1};

/* The results of a search, of which nothing stays open. */
static struct state_results explore(struct machine *m, const struct state_search *search)
{
    struct error error;
    struct state_model model = model_of(m);
    struct state_space *s = state_space_open(&model, search, &error);
    assert_non_null(s);
    m->checked = 0;
    m->marks_count = 0;
    uint8_t before[NUMBERS_MAX];
    memcpy(before, m->numbers, sizeof before);
    assert_int_equal(state_space_explore(s, &error), STATUS_OK);
    assert_memory_equal(before, m->numbers, sizeof before);
    struct state_results results = *state_space_results(s);
    assert_int_equal(m->checked, results.worlds);
    state_space_close(s);
    return results;
}

/* Counters: k numbers that each go from 0 to m. */

static struct machine counters(uint32_t k, uint32_t m)
{
    struct machine machine = {
        .numbers_count = k, .rules_count = k, .modulus = m + 1, .wrong_sum = UINT32_MAX};
    for (uint32_t i = 0; i < k; i++) {
        struct rule *r = &machine.rules[i];
        *r = (struct rule){.reads = 1U << i, .at_most = true, .target = i, .from = i, .add = 1};
        r->coefficients[i] = 1;
        r->due = m - 1;
    }
    return machine;
}

static const struct count {
    const char *name;
    uint32_t k, m;
    uint64_t worlds, transitions, paths;
} counts[] = {
    {"one counter to 1",    1, 1, 2,    1,    1   },
    {"one counter to 7",    1, 7, 8,    7,    1   },
    {"a diamond",           2, 1, 4,    4,    2   },
    {"two counters to 3",   2, 3, 16,   24,   20  },
    {"a cube",              3, 1, 8,    12,   6   },
    {"three counters to 2", 3, 2, 27,   54,   90  },
    {"four counters to 2",  4, 2, 81,   216,  2520},
    {"five counters to 1",  5, 1, 32,   80,   120 },
    {"five counters to 3",  5, 3, 1024, 3840, 0   },
};

static void test_counters_depth_first(void **state)
{
    const struct count *c = *state;
    struct machine m = counters(c->k, c->m);
    struct state_results r = explore(&m, &DEPTH_FIRST);
    assert_int_equal(r.worlds, c->worlds);
    assert_int_equal(r.transitions, c->transitions);
    assert_int_equal(r.ends, 1);
    assert_int_equal(r.depth, c->k * c->m);
    assert_int_equal(r.findings[1].worlds, 1);
    assert_int_equal(r.findings[1].depth, c->k * c->m);
    assert_int_equal(r.refired + r.revisits, 0);
    assert_true(r.complete);
}

static void test_counters_breadth_first(void **state)
{
    const struct count *c = *state;
    struct machine m = counters(c->k, c->m);
    struct state_search search = DEPTH_FIRST;
    search.order = STATE_BREADTH_FIRST;
    struct state_results r = explore(&m, &search);
    assert_int_equal(r.worlds, c->worlds);
    assert_int_equal(r.transitions, c->transitions);
    assert_int_equal(r.ends, 1);
    assert_int_equal(r.depth, c->k * c->m);
}

/* Nothing touches anything: every world is reached by one transition alone. */
static void test_counters_asleep(void **state)
{
    const struct count *c = *state;
    struct machine m = counters(c->k, c->m);
    struct state_search search = DEPTH_FIRST;
    search.sleep_sets = true;
    struct state_results r = explore(&m, &search);
    assert_int_equal(r.worlds, c->worlds);
    assert_int_equal(r.transitions, c->worlds - 1);
    assert_int_equal(r.ends, 1);
    assert_int_equal(r.revisits, 0);
}

static void test_counters_stateless(void **state)
{
    const struct count *c = *state;
    struct machine m = counters(c->k, c->m);
    struct state_search search = {.order = STATE_STATELESS, .depth_max = 100};
    if (c->paths != 0) {
        assert_int_equal(explore(&m, &search).ends, c->paths);
    }
    search.sleep_sets = true;
    struct state_results r = explore(&m, &search);
    assert_int_equal(r.ends, 1);
    assert_int_equal(r.transitions, c->worlds - 1);
}

/* A ring of n worlds, and one rule that goes on: no end. */
static void test_a_ring_has_no_end(void **state)
{
    (void)state;

    static const enum state_order orders[] = {STATE_DEPTH_FIRST, STATE_BREADTH_FIRST};

    for (int i = 0; i < 2; i++) {
        struct machine m = {.numbers_count = 1, .rules_count = 1, .modulus = 9};
        m.wrong_sum = 5;
        m.rules[0] = (struct rule){.at_most = true, .add = 1};
        struct state_search search = DEPTH_FIRST;
        search.order = orders[i];
        struct state_results r = explore(&m, &search);
        assert_int_equal(r.worlds, 9);
        assert_int_equal(r.transitions, 9);
        assert_int_equal(r.ends, 0);
        assert_int_equal(r.depth, 8);
        assert_int_equal(r.findings[0].worlds, 1);
        assert_int_equal(r.findings[0].depth, 5);
    }
}

/* A model in which nothing can be fired is one world. */
static void test_a_world_without_a_way_out(void **state)
{
    (void)state;
    struct machine m = counters(1, 1);
    m.numbers[0] = 1;
    struct state_results r = explore(&m, &DEPTH_FIRST);
    assert_int_equal(r.worlds, 1);
    assert_int_equal(r.transitions, 0);
    assert_int_equal(r.ends, 1);
    assert_int_equal(r.findings[1].depth, 0);
}

/* Drawn models beside the plain search. */

struct plain {
    uint8_t worlds[WORLDS_MAX][NUMBERS_MAX];
    uint32_t depths[WORLDS_MAX];
    uint32_t worlds_count;
    uint64_t transitions, ends, wrong;
    uint32_t wrong_depth, depth;
};

static void plain_meet(struct plain *p, const struct machine *m, uint32_t depth)
{
    for (uint32_t i = 0; i < p->worlds_count; i++) {
        if (memcmp(p->worlds[i], m->numbers, sizeof m->numbers) == 0) {
            return;
        }
    }
    assert_true(p->worlds_count < WORLDS_MAX);
    memcpy(p->worlds[p->worlds_count], m->numbers, sizeof m->numbers);
    p->depths[p->worlds_count++] = depth;
    p->depth = depth;
    if (sum_of(m->numbers) == m->wrong_sum && p->wrong++ == 0) {
        p->wrong_depth = depth;
    }
}

static void plain_explore(struct plain *p, struct machine m)
{
    *p = (struct plain){.worlds_count = 0};
    plain_meet(p, &m, 0);
    for (uint32_t i = 0; i < p->worlds_count; i++) {
        bool end = true;
        for (uint32_t k = 0; k < m.rules_count; k++) {
            memcpy(m.numbers, p->worlds[i], sizeof m.numbers);
            if (machine_fire(&m, k)) {
                end = false;
                p->transitions++;
                plain_meet(p, &m, p->depths[i] + 1);
            }
        }
        p->ends += end;
    }
}

static uint32_t draw(struct random_stream *random, uint32_t below)
{
    return (uint32_t)random_below(random, below);
}

/* True once in so many draws. */
static bool happens(struct random_stream *random, uint32_t once_in)
{
    return draw(random, once_in) == 0;
}

/* A rule that reads one to three numbers, mostly the one that it changes. */
static struct rule drawn_rule(struct random_stream *random, const struct machine *m)
{
    struct rule r = {.target = draw(random, m->numbers_count)};
    r.from = draw(random, m->numbers_count);
    for (uint32_t i = 0; i < m->numbers_count; i++) {
        r.coefficients[i] = draw(random, 3);
        r.reads |= (uint32_t)happens(random, 8) << i;
    }
    r.reads |= (uint32_t)!happens(random, 4) << r.target;
    r.reads |= (uint32_t)happens(random, 4) << r.from;
    r.at_most = !happens(random, 3);
    r.due = draw(random, m->modulus);
    r.add = draw(random, m->modulus);
    return r;
}

static struct machine drawn(uint64_t seed)
{
    struct random_stream random = random_stream(seed, TEXT("machine"));
    struct machine m = {.numbers_count = NUMBERS_MAX, .rules_count = COMMANDS_MAX, .modulus = 3};
    m.wrong_sum = draw(&random, m.numbers_count * (m.modulus - 1) + 1);
    for (uint32_t i = 0; i < m.rules_count; i++) {
        m.rules[i] = drawn_rule(&random, &m);
    }
    return m;
}

static void compare(const struct plain *p, const struct state_results *r)
{
    assert_int_equal(r->worlds, p->worlds_count);
    assert_int_equal(r->ends, p->ends);
    assert_int_equal(r->findings[0].worlds, p->wrong);
    assert_int_equal(r->findings[1].worlds, p->ends);
    assert_true(r->complete);
}

/* What sleep sets must do with a world that is reached again is shown by two of them: in the 760th
 * worlds would be missed if it were not searched again for what had slept, and in the 9th if what
 * was fired from it before went to sleep then.
 */
static void test_drawn_models(void **state)
{
    (void)state;
    static struct plain p;
    uint64_t revisits = 0;
    uint64_t left_out = 0;
    uint64_t ends = 0;
    for (uint64_t seed = 1; seed <= DRAWN; seed++) {
        struct machine m = drawn(seed);
        plain_explore(&p, m);
        struct state_search search = DEPTH_FIRST;
        search.tag_bits = seed % 2 == 0 ? 64 : 128;
        struct state_results r = explore(&m, &search);
        compare(&p, &r);
        assert_int_equal(r.transitions, p.transitions);
        search.sleep_sets = true;
        r = explore(&m, &search);
        compare(&p, &r);
        assert_true(r.transitions <= p.transitions);
        revisits += r.revisits;
        left_out += p.transitions - r.transitions;
        ends += p.ends;
        search.sleep_sets = false;
        search.order = STATE_BREADTH_FIRST;
        r = explore(&m, &search);
        compare(&p, &r);
        assert_int_equal(r.transitions, p.transitions);
        assert_int_equal(r.depth, p.depth);
        assert_int_equal(r.findings[0].depth, p.wrong_depth);
    }
    /* What was drawn has what it is drawn for. */
    assert_true(revisits > 1000 && left_out > 1000 && ends > 10);
}

/* The path to a finding leads there, in either order, and fires again. */
static void test_paths_fire_again(void **state)
{
    (void)state;
    uint32_t found = 0;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct machine m = drawn(seed);
        struct state_model model = model_of(&m);
        struct state_search search = DEPTH_FIRST;
        search.order = seed % 2 == 0 ? STATE_DEPTH_FIRST : STATE_BREADTH_FIRST;
        search.until_violation = seed % 3 == 0;
        struct state_space *s = state_space_open(&model, &search, NULL);
        assert_int_equal(state_space_explore(s, NULL), STATUS_OK);
        const struct state_results *r = state_space_results(s);
        uint64_t mark = machine_mark(&m);
        for (uint32_t i = 0; i < 2; i++) {
            const struct state_finding *f = &r->findings[i];
            if (f->worlds == 0) {
                continue;
            }
            found++;
            assert_int_equal(state_path_fire(&model, state_space_path(s, i), f->depth), f->depth);
            assert_true(i == 1 || sum_of(m.numbers) == m.wrong_sum);
            for (uint32_t k = 0; i == 1 && k < m.rules_count; k++) {
                assert_false(machine_fire(&m, k));
            }
            machine_back(&m, mark);
        }
        assert_true(r->complete !=
                    (search.until_violation && r->findings[0].worlds + r->findings[1].worlds > 0));
        state_space_close(s);
    }
    assert_true(found > 40);
}

/* A path that cannot be fired says how far it came. */
static void test_a_path_may_end(void **state)
{
    (void)state;
    struct machine m = counters(2, 2);
    struct state_model model = model_of(&m);
    const uint8_t path[] = {0, 1, 0, 0, 1};
    assert_int_equal(state_path_fire(&model, path, sizeof path), 3);
    assert_int_equal(m.numbers[0], 2);
    assert_int_equal(m.numbers[1], 1);
}

/* Limits */

static atomic_bool stopped = true;
static atomic_bool not_stopped = false;

static const struct limit {
    const char *name;
    struct state_search search;
    enum status status;
    const char *message;
    uint64_t worlds, transitions;
} limits[] = {
    {"room for exactly all worlds",
     {STATE_DEPTH_FIRST, .tag_bits = 128, .worlds_max = 81, .depth_max = 8},
     STATUS_OK,                                                                                                 "",
     81,                                                                                                                                                                                             216},
    {"room for one world less",
     {STATE_DEPTH_FIRST, .tag_bits = 128, .worlds_max = 80, .depth_max = 8},
     STATUS_FULL,                                                                                               "state space: there are more worlds than the 80 there is room for",
     80,                                                                                                                                                                                             0  },
    {"room for one world less, breadth first",
     {STATE_BREADTH_FIRST, .tag_bits = 64, .worlds_max = 80, .depth_max = 8},
     STATUS_FULL,                                                                                               "state space: there are more worlds than the 80 there is room for",
     80,                                                                                                                                                                                             0  },
    {"a path that is too long",
     {STATE_DEPTH_FIRST, .tag_bits = 128, .worlds_max = 81, .depth_max = 7},
     STATUS_FULL,                                                                                               "state space: there are more transitions on a path than the 7 there is room for",
     8,                                                                                                                                                                                              8  },
    {"a path that is too long, breadth first",
     {STATE_BREADTH_FIRST, .tag_bits = 128, .worlds_max = 81, .depth_max = 7},
     STATUS_FULL,                                                                                               "state space: there are more transitions on a path than the 7 there is room for",
     80,                                                                                                                                                                                             0  },
    {"a path that is too long, stateless",
     {STATE_STATELESS, .depth_max = 7},
     STATUS_FULL,                                                                                               "state space: there are more transitions on a path than the 7 there is room for",
     8,                                                                                                                                                                                              8  },
    {"room for the longest path alone",        {STATE_STATELESS, .depth_max = 8},                    STATUS_OK, "",                                                                               0, 0  },
    {"a hundred transitions",
     {STATE_DEPTH_FIRST, .tag_bits = 128, .worlds_max = 81, .depth_max = 8, .transitions_max = 100},
     STATUS_INTERRUPTED,                                                                                        "state space: stopped after",
     0,                                                                                                                                                                                              100},
    {"a hundred transitions, breadth first",
     {STATE_BREADTH_FIRST, .tag_bits = 128, .worlds_max = 81, .depth_max = 8,
      .transitions_max = 100},
     STATUS_INTERRUPTED,                                                                                        "state space: stopped after",
     0,                                                                                                                                                                                              100},
    {"a hundred transitions, stateless",
     {STATE_STATELESS, .depth_max = 8, .transitions_max = 100},
     STATUS_INTERRUPTED,                                                                                        "state space: stopped after 101 worlds and 100 transitions",
     101,                                                                                                                                                                                            100},
    {"somebody stops it",
     {STATE_DEPTH_FIRST, .tag_bits = 128, .worlds_max = 81, .depth_max = 8, .stop = &stopped},
     STATUS_INTERRUPTED,                                                                                        "state space: stopped after 1 worlds and 0 transitions",
     1,                                                                                                                                                                                              0  },
    {"somebody stops it, breadth first",
     {STATE_BREADTH_FIRST, .tag_bits = 128, .worlds_max = 81, .depth_max = 8, .stop = &stopped},
     STATUS_INTERRUPTED,                                                                                        "state space: stopped after 1 worlds and 0 transitions",
     1,                                                                                                                                                                                              0  },
    {"nobody stops it",
     {STATE_DEPTH_FIRST, .tag_bits = 128, .worlds_max = 81, .depth_max = 8, .stop = &not_stopped},
     STATUS_OK,                                                                                                 "",
     81,                                                                                                                                                                                             216},
};

static void test_limits(void **state)
{
    const struct limit *c = *state;
    struct machine m = counters(4, 2);
    struct state_model model = model_of(&m);
    struct error error = {.message = ""};
    struct state_space *s = state_space_open(&model, &c->search, &error);
    assert_int_equal(state_space_explore(s, &error), c->status);
    const struct state_results *r = state_space_results(s);
    assert_int_equal(strncmp(error.message, c->message, strlen(c->message)), 0);
    assert_int_equal(r->complete, c->status == STATUS_OK);
    assert_true(c->worlds == 0 || r->worlds == c->worlds);
    assert_true(c->transitions == 0 || r->transitions == c->transitions);
    assert_int_equal(sum_of(m.numbers), 0);
    state_space_close(s);
}

static const struct refused {
    const char *name;
    struct state_search search;
    uint32_t transitions, properties;
    bool without_footprints;
    const char *message;
} refused[] = {
    {"no transition",                    {STATE_STATELESS, .depth_max = 1},                      0,  2,  false, "no transition"},
    {"too many transitions",             {STATE_STATELESS, .depth_max = 1},                      65, 2,  false, "too many"     },
    {"too many properties",              {STATE_STATELESS, .depth_max = 1},                      2,  17, false, "too many"     },
    {"sleep sets breadth first",
     {STATE_BREADTH_FIRST, .sleep_sets = true, .tag_bits = 64, .worlds_max = 1, .depth_max = 1},
     2,                                                                                              2,
     false,                                                                                                     "sleep sets"   },
    {"sleep sets without footprints",
     {STATE_STATELESS, .sleep_sets = true, .depth_max = 1},
     2,                                                                                              2,
     true,                                                                                                      "sleep sets"   },
    {"a fingerprint of 32 bits",
     {STATE_DEPTH_FIRST, .tag_bits = 32, .worlds_max = 1, .depth_max = 1},
     2,                                                                                              2,
     false,                                                                                                     "64 or 128"    },
    {"no room for a world",
     {STATE_DEPTH_FIRST, .tag_bits = 64, .depth_max = 1},
     2,                                                                                              2,
     false,                                                                                                     "2^32 - 1"     },
    {"more worlds than can be numbered",
     {STATE_DEPTH_FIRST, .tag_bits = 64, .worlds_max = UINT64_C(1) << 32, .depth_max = 1},
     2,                                                                                              2,
     false,                                                                                                     "2^32 - 1"     },
    {"no path",                          {.order = STATE_STATELESS},                             2,  2,  false, "a path"       },
};

static void test_refused(void **state)
{
    const struct refused *c = *state;
    struct machine m = counters(2, 1);
    struct state_model model = model_of(&m);
    struct error error = {.message = ""};
    model.transitions_count = c->transitions;
    model.properties_count = c->properties;
    model.footprint = c->without_footprints ? NULL : model.footprint;
    assert_null(state_space_open(&model, &c->search, &error));
    assert_int_equal(error.status, STATUS_BAD_INPUT);
    assert_non_null(strstr(error.message, c->message));
}

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, test_counters_depth_first, counts);
    CASES_ADD_TABLE(&cases, test_counters_breadth_first, counts);
    CASES_ADD_TABLE(&cases, test_counters_asleep, counts);
    CASES_ADD_TABLE(&cases, test_counters_stateless, counts);
    CASES_ADD(&cases, test_a_ring_has_no_end);
    CASES_ADD(&cases, test_a_world_without_a_way_out);
    CASES_ADD(&cases, test_drawn_models);
    CASES_ADD(&cases, test_paths_fire_again);
    CASES_ADD(&cases, test_a_path_may_end);
    CASES_ADD_TABLE(&cases, test_limits, limits);
    CASES_ADD_TABLE(&cases, test_refused, refused);
    return cases_run("state_space", &cases);
}

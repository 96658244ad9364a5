/* test_lock_world.c: the lock's world on the real table is the model's world, state by state.
 *
 * Every world that a search finds is read back from the table, item by item, and looked up among
 * those of a naive explorer that has no table (tests/naive_lock.h): each must be there once, and
 * each of those must have been met. Then there is what SPIN says of the same model, which
 * bench/bench_state_space.c runs beside: how many worlds and transitions there are, and which
 * properties hold of which variant. Of two files and Lambdas every way to search and to hash is
 * tried, and whether transitions that are said not to touch each other do not.
 */
#include "tests/cases.h"
#include "tests/lock_world.h"
#include "tests/naive_lock.h"

#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 100 };

/* A search under way. */
struct story {
    struct lock_world *world;
    struct state_model model; /* the world's own */
    struct state_space *space;
    bool once; /* a world may be met once alone */
    uint32_t met_count;
};

static struct naive_space naive;
static struct story story;

/* Reading a world back */

static const struct place {
    const char *point;
    enum naive_place place;
} places[] = {
    {"GONE",            GONE       },
    {"PUT_FILE",        AT_PUT     },
    {"ACQUIRE_LOCK",    AT_LOCK    },
    {"QUERY_PENDING",   AT_QUERY   },
    {"CLAIM_FILE",      AT_CLAIM   },
    {"HAND_FILE_BACK",  AT_BACK    },
    {"PUT_MANIFEST",    AT_MANIFEST},
    {"MARK_FILE",       AT_MARK    },
    {"START_EXECUTION", AT_START   },
    {"RELEASE_LOCK",    AT_RELEASE },
};

static uint8_t place_of(const char *point)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (strcmp(places[i].point, point) == 0) {
            return (uint8_t)places[i].place;
        }
    }
    fail_msg("no such point: %s", point);
    return 0;
}

/* The lock as its item has it: the digit of its owner's name, and its ttl against the clock. */
static void read_lock(struct lock_world *w, struct naive_world *n)
{
    struct item item;
    struct value ttl;
    int64_t expires_s = 0;
    if (table_peek(lock_world_table(w), TEXT("LOCK#manifest-2026-01-30"), TEXT("LOCK"), &item)) {
        assert_true(item_get(item, TEXT("ttl"), &ttl) && number_integer(&ttl.number, &expires_s));
        n->owner = (uint8_t)(item_text(item, TEXT("lock_id")).at[7] - '0' + 1);
        n->expired = expires_s < lock_world_state(w)->now_s;
    }
    assert_int_equal(n->owner, lock_world_state(w)->holder);
    assert_int_equal(n->expired, lock_world_expired(w));
}

static void read_world(struct lock_world *w, struct naive_world *n)
{
    const struct lock_state *s = lock_world_state(w);
    *n = (struct naive_world){.listed = s->listed,
                              .listed_twice = s->listed_twice,
                              .started = s->started,
                              .crashes = s->crashes};
    for (uint32_t i = 0; i < naive.options.lambdas; i++) {
        n->place[i] = place_of(lock_world_point(w, i));
        n->mine[i] = s->lambdas[i].mine;
        n->todo[i] = s->lambdas[i].todo;
    }
    lock_world_files(w, &n->recorded, &n->pending);
    read_lock(w, n);
}

static void print_world(const char *what, const struct naive_world *n)
{
    print_error("%s: owner %u expired %u pending %x recorded %x listed %x twice %x started %x "
                "crashes %u\n",
                what, n->owner, n->expired, n->pending, n->recorded, n->listed, n->listed_twice,
                n->started, n->crashes);
    for (uint32_t i = 0; i < naive.options.lambdas; i++) {
        print_error("  Lambda %u: %s mine %x todo %x\n", i, places[n->place[i]].point, n->mine[i],
                    n->todo[i]);
    }
}

/* Searching */

/* Looks up the present world among the naive ones. */
static void meet(struct story *s)
{
    struct naive_world n;
    read_world(s->world, &n);
    int64_t number = naive_find(&naive, &n);
    if (number < 0 || (s->once && naive.met[number])) {
        print_world(number < 0 ? "not in the model" : "met twice", &n);
        fail();
    }
    s->met_count += !naive.met[number];
    naive.met[number] = true;
}

static uint32_t meet_and_check(void *self, bool end)
{
    if (!end) {
        meet(&story);
    }
    return story.model.check(self, end);
}

static struct lock_world_config config_of(const struct naive_options *o)
{
    return (struct lock_world_config){.lambdas = o->lambdas,
                                      .threshold = o->threshold,
                                      .crashes = o->crashes,
                                      .fence = o->fence,
                                      .retry = o->retry,
                                      .never_expires = o->never_expires};
}

/* Searches the world of a config beside the naive one, which must have been explored. The space
 * stays open for its path, until end_story. */
static const struct state_results *search_story(const struct lock_world_config *config,
                                                const struct state_search *search)
{
    struct error error;
    story = (struct story){.once = search->order != STATE_STATELESS};
    memset(naive.met, 0, sizeof naive.met);
    story.world = lock_world_open(config, &error);
    assert_non_null(story.world);
    story.model = lock_world_model(story.world);
    struct state_model model = story.model;
    model.check = meet_and_check;
    story.space = state_space_open(&model, search, &error);
    assert_non_null(story.space);
    assert_int_equal(state_space_explore(story.space, &error), STATUS_OK);
    return state_space_results(story.space);
}

static void end_story(void)
{
    for (uint32_t i = 0; i < naive.worlds_count; i++) {
        if (!naive.met[i]) {
            print_world("not met", &naive.worlds[i]);
        }
    }
    assert_int_equal(story.met_count, naive.worlds_count);
    state_space_close(story.space);
    lock_world_close(story.world);
}

static const struct state_search DEPTH_FIRST = {.order = STATE_DEPTH_FIRST,
                                                .tag_bits = 128,
                                                .worlds_max = NAIVE_WORLDS_MAX,
                                                .depth_max = DEPTH_MAX};

/* What is known of each variant. A property holds (.) or not (x): SAFE, LIVE1, LIVE2, LIVE3,
 * PROGRESS. */
static const struct variant {
    const char *name;
    struct naive_options options;
    uint64_t worlds, transitions;
    const char *verdict;
} variants[] = {
    {"1 file, 1 crash",                        {1, 2, 1, false, false, false}, 13,    22,     "....."},
    {"2 files, 1 crash",                       {2, 2, 1, false, false, false}, 728,   2160,   "xx.x."},
    {"3 files, never expires",                 {3, 2, 0, false, false, true},  344,   707,    ".x..."},
    {"3 files",                                {3, 2, 0, false, false, false}, 29813, 101495, "xx..."},
    {"3 files, 1 crash, never expires",        {3, 2, 1, false, false, true},  885,   2178,   ".x.x."},
    {"3 files, 1 crash",                       {3, 2, 1, false, false, false}, 68904, 282540, "xx.x."},
    {"3 files, retry",                         {3, 2, 0, false, true, false},  28829, 97494,  "x...."},
    {"3 files, 1 crash, retry, never expires", {3, 2, 1, false, true, true},   759,   1481,   "....x"},
    {"3 files, 1 crash, retry",                {3, 2, 1, false, true, false},  67061, 273543, "x..x."},
    {"3 files, fence",                         {3, 2, 0, true, false, false},  13485, 46744,  ".x..."},
    {"3 files, 1 crash, fence",                {3, 2, 1, true, false, false},  30040, 126838, ".xxx."},
    {"3 files, fence and retry",               {3, 2, 0, true, true, false},   13235, 45106,  "....."},
    {"3 files, 1 crash, fence and retry",      {3, 2, 1, true, true, false},   29715, 123541, ".xxx."},
    {"3 files in one manifest, 2 crashes",     {3, 3, 2, false, false, false}, 14734, 72849,  "xx.x."},
};

static void test_variants(void **state)
{
    const struct variant *c = *state;
    const struct lock_world_config config = config_of(&c->options);
    assert_true(naive_explore(&naive, &c->options));
    const struct state_results *r = search_story(&config, &DEPTH_FIRST);
    char verdict[LOCK_PROPERTIES_COUNT + 1] = {0};
    for (int i = 0; i < LOCK_PROPERTIES_COUNT; i++) {
        verdict[i] = r->findings[i].worlds > 0 ? 'x' : '.';
    }
    assert_string_equal(verdict, c->verdict);
    assert_int_equal(r->worlds, naive.worlds_count);
    assert_int_equal(r->transitions, naive.transitions);
    assert_int_equal(r->worlds, c->worlds);
    assert_int_equal(r->transitions, c->transitions);
    end_story();
}

/* Ways to search */

static const struct way {
    const char *name;
    struct state_search search;
    bool hashed_as_one, with_index;
} ways[] = {
    {"depth first",                  {.order = STATE_DEPTH_FIRST, .tag_bits = 128},                     false, false},
    {"depth first, 64 bits",         {.order = STATE_DEPTH_FIRST, .tag_bits = 64},                      false, false},
    {"depth first, hashed as one",   {.order = STATE_DEPTH_FIRST, .tag_bits = 128},                     true,  false},
    {"depth first, with an index",   {.order = STATE_DEPTH_FIRST, .tag_bits = 128},                     false, true },
    {"sleep sets",                   {.order = STATE_DEPTH_FIRST, .tag_bits = 128, .sleep_sets = true}, false, false},
    {"sleep sets, hashed as one",
     {.order = STATE_DEPTH_FIRST, .tag_bits = 64, .sleep_sets = true},
     true,                                                                                                     false},
    {"breadth first",                {.order = STATE_BREADTH_FIRST, .tag_bits = 128},                   false, false},
    {"breadth first, with an index", {.order = STATE_BREADTH_FIRST, .tag_bits = 64},                    false, true },
    {"stateless, sleep sets",        {.order = STATE_STATELESS, .sleep_sets = true},                    false, false},
};

static const struct naive_options two_files[] = {
    {2, 2, 1, false, false, false},
    {2, 2, 1, false, true,  false},
    {2, 2, 1, true,  false, false},
    {2, 2, 1, true,  true,  false},
    {2, 1, 2, true,  true,  false},
};

enum { TWO_FILES = sizeof two_files / sizeof two_files[0] };

/* One way gives what the plain one gives: the worlds, and where each property does not hold. */
static void try_way(const struct way *way, const struct naive_options *options)
{
    struct lock_world_config config = config_of(options);
    assert_true(naive_explore(&naive, options));
    const struct state_results plain = *search_story(&config, &DEPTH_FIRST);
    end_story();
    struct state_search search = way->search;
    bool stateless = search.order == STATE_STATELESS;
    search.worlds_max = NAIVE_WORLDS_MAX;
    search.depth_max = DEPTH_MAX;
    config.hashed_as_one = way->hashed_as_one;
    config.with_index = way->with_index;
    const struct state_results *r = search_story(&config, &search);
    for (int i = 0; i < LOCK_PROPERTIES_COUNT; i++) {
        assert_int_equal(r->findings[i].worlds > 0, plain.findings[i].worlds > 0);
        assert_true(stateless || r->findings[i].worlds == plain.findings[i].worlds);
    }
    assert_true(stateless || r->worlds == plain.worlds);
    assert_true(stateless || r->ends == plain.ends);
    assert_true(stateless || search.sleep_sets ? r->transitions < plain.transitions || stateless
                                               : r->transitions == plain.transitions);
    end_story();
}

static void test_ways(void **state)
{
    for (int i = 0; i < TWO_FILES; i++) {
        try_way(*state, &two_files[i]);
    }
}

/* Every path of a world without expiry: 2 files, 1 crash. */
static void test_stateless(void **state)
{
    (void)state;
    const struct naive_options options = {2, 2, 1, false, false, true};
    const struct lock_world_config config = config_of(&options);
    const struct state_search search = {.order = STATE_STATELESS, .depth_max = DEPTH_MAX};
    assert_true(naive_explore(&naive, &options));
    const struct state_results *r = search_story(&config, &search);
    assert_true(r->worlds > 5 * naive.worlds_count);
    assert_int_equal(r->transitions, r->worlds - 1);
    end_story();
}

/* The shortest way to a file in two manifests: one expiry between two Lambdas that both see it. */
static void test_the_shortest_story(void **state)
{
    (void)state;
    const struct naive_options options = {3, 2, 0, false, false, false};
    const struct lock_world_config config = config_of(&options);
    struct state_search search = DEPTH_FIRST;
    search.order = STATE_BREADTH_FIRST;
    assert_true(naive_explore(&naive, &options));
    const struct state_results *r = search_story(&config, &search);
    const uint8_t *path = state_space_path(story.space, SAFE);
    const char *kinds[] = {"PUT_FILE", "ACQUIRE_LOCK", "QUERY_PENDING", "PUT_MANIFEST",
                           "the lock expires"};
    const uint32_t expected[] = {2, 2, 2, 2, 1};
    uint32_t found[5] = {0};
    assert_int_equal(r->findings[SAFE].depth, 9);
    for (uint32_t i = 0; i < 9; i++) {
        char name[64];
        lock_world_name(story.world, path[i], name, sizeof name);
        for (uint32_t k = 0; k < 5; k++) {
            found[k] += strstr(name, kinds[k]) != NULL;
        }
        assert_int_equal(state_path_fire(&story.model, path + i, 1), 1);
        assert_int_equal(lock_world_state(story.world)->listed_twice != 0, i == 8);
    }
    assert_memory_equal(found, expected, sizeof expected);
    end_story();
}

/* Footprints */

static bool apart(struct footprint a, struct footprint b)
{
    return (a.writes & (b.reads | b.writes)) == 0 && (a.reads & b.writes) == 0;
}

static struct hash128 hash_behind(const struct state_model *m, uint64_t mark, uint8_t first,
                                  uint8_t second)
{
    const uint8_t path[] = {first, second};
    assert_int_equal(state_path_fire(m, path, 2), 2);
    struct hash128 hash = m->hash(m->self);
    m->back(m->self, mark);
    return hash;
}

static uint64_t pairs_apart;

/* Of two transitions that can be fired and are said to be apart: each can be fired behind the
 * other, and has the footprint there that it had, and both orders lead to one world. */
static uint32_t check_pairs(void *self, bool end)
{
    const struct state_model *m = &story.model;
    uint64_t mark = m->mark(self);
    uint64_t enabled = 0;
    for (uint8_t i = 0; i < m->transitions_count; i++) {
        enabled |= (uint64_t)m->fire(self, i) << i;
        m->back(self, mark);
    }
    for (uint8_t i = 0; i < m->transitions_count && !end; i++) {
        for (uint8_t k = 0; k < m->transitions_count; k++) {
            struct footprint f = m->footprint(self, k);
            if (i == k || !apart(m->footprint(self, i), f) || (enabled >> i & 1) == 0 ||
                (enabled >> k & 1) == 0) {
                continue;
            }
            struct hash128 one = hash_behind(m, mark, i, k);
            struct hash128 other = hash_behind(m, mark, k, i);
            assert_memory_equal(&one, &other, sizeof one);
            assert_true(m->fire(self, i));
            struct footprint behind = m->footprint(self, k);
            assert_memory_equal(&behind, &f, sizeof f);
            m->back(self, mark);
            pairs_apart++;
        }
    }
    return 0;
}

static void test_footprints(void **state)
{
    (void)state;
    for (int i = 0; i < TWO_FILES; i++) {
        const struct lock_world_config config = config_of(&two_files[i]);
        story.world = lock_world_open(&config, NULL);
        story.model = lock_world_model(story.world);
        struct state_model model = story.model;
        model.check = check_pairs;
        pairs_apart = 0;
        story.space = state_space_open(&model, &DEPTH_FIRST, NULL);
        assert_int_equal(state_space_explore(story.space, NULL), STATUS_OK);
        assert_true(pairs_apart > 500);
        state_space_close(story.space);
        lock_world_close(story.world);
    }
}

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, test_variants, variants);
    CASES_ADD_TABLE(&cases, test_ways, ways);
    CASES_ADD(&cases, test_stateless);
    CASES_ADD(&cases, test_the_shortest_story);
    CASES_ADD(&cases, test_footprints);
    return cases_run("lock_world", &cases);
}

/* test_capacity.c: the gauges of capacity, each against figures worked out by hand.
 *
 * A bucket is asked at given times and must say yes or no; so must a table on demand, second by
 * second; cells of key values are filled beyond their number. Sources: DDB-CAPACITY-1,
 * DDB-CAPACITY-2, DDB-CAPACITY-7, DDB-THROTTLE-2.
 */
#include "model/dynamodb/capacity.h"

#include "tests/cases.h"

/* Requests of a bucket, in order: when, how many thousandths, whether they are admitted (and
 * taken). */
struct request {
    int64_t at_ms, milli;
    bool admitted;
};

struct bucket_case {
    const char *name;
    int64_t rate, burst_s;
    struct request requests[8]; /* milli 0 ends them */
};

static struct bucket_case bucket_cases[] = {
    {"300 seconds of 10 units are there at once, and no more",
     10,                                                                          300,
     {{0, 3000000, true}, {0, 1, false}}                                                                                                  },
    {"a unit of 10 a second is back after 100 ms, not after 99",
     10,                                                                          300,
     {{0, 3000000, true}, {99, 1000, false}, {100, 1000, true}, {100, 1, false}}                                                          },
    {"what was refused takes nothing",
     10,                                                                          300,
     {{0, 2999000, true}, {0, 2000, false}, {0, 1000, true}, {0, 1, false}}                                                               },
    {"half a unit is half",
     1,                                                                           1,
     {{0, 500, true}, {0, 500, true}, {0, 500, false}, {500, 500, true}, {500, 1, false}}                                                 },
    {"an empty bucket is full after 300 seconds, and stays so",
     10,                                                                          300,
     {{0, 3000000, true},
      {299999, 3000000, false},
      {300000, 3000000, true},
      {900000, 3000000, true},
      {900000, 1, false}}                                                                                                                 },
    {"more than a full bucket is admitted by a full one, which owes the rest",
     2,                                                                           10,
     {{0, 50000, true}, {14999, 1, false}, {15000, 1, false}, {15001, 1, true}}                                                           },
    {"but not by one that is not full",                                        2, 10,  {{0, 1, true}, {0, 50000, false}, {1, 50000, true}}},
    {"a burst of one second: the second's units, then the rate",
     1000,                                                                        1,
     {{0, 1000000, true}, {1, 1000, true}, {1, 1, false}, {2, 1000, true}}                                                                },
    {"without a rate everything is admitted",
     0,                                                                           300,
     {{0, INT64_C(1) << 50, true}, {0, INT64_C(1) << 50, true}}                                                                           },
    {"the clock may stand still but the bucket does not run over",
     10000000,                                                                    300,
     {{0, INT64_C(3000000000000), true},
      {0, 1, false},
      {INT64_C(9000000000), INT64_C(3000000000000), true},
      {INT64_C(9000000000), 1, false}}                                                                                                    },
};

static void a_bucket(void **state)
{
    const struct bucket_case *c = *state;
    struct capacity bucket = capacity_full(c->rate, c->burst_s, (struct instant){0});
    for (const struct request *r = c->requests; r->milli > 0; r++) {
        struct instant now = {r->at_ms * NS_PER_MS};
        if (capacity_admits(&bucket, now, r->milli) != r->admitted) {
            fail_msg("at %lld ms, %lld milli-units", (long long)r->at_ms, (long long)r->milli);
        }
        if (r->admitted) {
            capacity_take(&bucket, r->milli);
        }
    }
}

/* What a table on demand uses in a second, and what it could use in a later one. */
struct demand_case {
    const char *name;
    int64_t used_at_s, units, asked_at_s, limit;
};

static struct demand_case demand_cases[] = {
    {"a new table has what it starts with",                 0,    0,    0,     4000},
    {"a peak below half of that changes nothing",           10,   1999, 3600,  4000},
    {"nor does one of half",                                10,   2000, 3600,  4000},
    {"one above counts twice",                              10,   2001, 3600,  4002},
    {"but not within its half hour",                        10,   4000, 1799,  4000},
    {"from the next half hour on",                          10,   4000, 1800,  8000},
    {"also at the end of a half hour",                      1799, 4000, 1800,  8000},
    {"not at the end of the next one where it began there", 1800, 4000, 3599,  4000},
    {"and for ever",                                        10,   4000, 86400, 8000},
};

static void demand(void **state)
{
    const struct demand_case *c = *state;
    const int64_t start_s = 1000000007;
    struct demand d = demand_start(4000, 1800, (struct instant){start_s * NS_PER_S});
    demand_note(&d, start_s + c->used_at_s, c->units * MILLI_PER_UNIT);
    demand_note(&d, start_s + c->used_at_s, 1);
    assert_int_equal(demand_limit(&d, start_s + c->asked_at_s), c->limit * MILLI_PER_UNIT);
}

/* Doubling in every half hour, from what it starts with. */
static void demand_doubles_every_half_hour(void **state)
{
    (void)state;
    struct demand d = demand_start(4000, 1800, (struct instant){0});
    int64_t expected = 4000 * MILLI_PER_UNIT;
    for (int64_t period = 0; period < 10; period++) {
        assert_int_equal(demand_limit(&d, period * 1800 + 900), expected);
        demand_note(&d, period * 1800 + 900, expected);
        expected *= 2;
    }
    d = demand_start(0, 1800, (struct instant){0});
    assert_int_equal(demand_limit(&d, 900), INT64_MAX);
}

/* The least used of a second gives way, so a hot key is never forgotten. */
static void a_hot_key_keeps_its_cell(void **state)
{
    (void)state;
    static struct key_use cells[KEY_CELLS];
    const uint64_t hot = 5;
    const int64_t second = 100;
    uint32_t cell = key_use_find(cells, hot, second);
    assert_int_equal(key_use_milli(&cells[cell], hot, second, WRITES), 0);
    key_use_add(&cells[cell], hot, second, WRITES, 1000);
    for (uint64_t i = 1; i <= 100; i++) {
        uint64_t other = hot + i * KEY_SETS; /* of the same set */
        uint32_t given = key_use_find(cells, other, second);
        assert_int_not_equal(given, cell);
        key_use_add(&cells[given], other, second, READS, 999);
    }
    assert_int_equal(key_use_find(cells, hot, second), cell);
    assert_int_equal(key_use_milli(&cells[cell], hot, second, WRITES), 1000);
    assert_int_equal(key_use_milli(&cells[cell], hot, second, READS), 0);
    assert_int_equal(key_use_milli(&cells[cell], hot, second + 1, WRITES), 0);
    assert_int_equal(key_use_milli(&cells[cell], hot + KEY_SETS, second, WRITES), 0);
}

/* Cells of earlier seconds are taken first: 8 keys of one set are all remembered in every second.
 */
static void a_second_has_all_cells(void **state)
{
    (void)state;
    static struct key_use cells[KEY_CELLS];
    for (int64_t second = 1; second <= 3; second++) {
        for (uint64_t i = 0; i < KEY_WAYS; i++) {
            uint64_t key = 7 + i * KEY_SETS;
            key_use_add(&cells[key_use_find(cells, key, second)], key, second, READS, second + 10);
        }
        for (uint64_t i = 0; i < KEY_WAYS; i++) {
            uint64_t key = 7 + i * KEY_SETS;
            assert_int_equal(
                key_use_milli(&cells[key_use_find(cells, key, second)], key, second, READS),
                second + 10);
        }
    }
}

int main(void)
{
    struct cases cases = {.count = 0};
    CASES_ADD_TABLE(&cases, a_bucket, bucket_cases);
    CASES_ADD_TABLE(&cases, demand, demand_cases);
    CASES_ADD(&cases, demand_doubles_every_half_hour);
    CASES_ADD(&cases, a_hot_key_keeps_its_cell);
    CASES_ADD(&cases, a_second_has_all_cells);
    return cases_run("capacity", &cases);
}

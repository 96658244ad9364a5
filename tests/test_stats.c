/* test_stats.c: samples, levels and confidence intervals against hand-worked values.
 *
 * Quantiles are compared with those of the sorted values; Student's t with the exact distribution
 * for whole degrees of freedom (Abramowitz and Stegun 26.7.3 and 26.7.4) by bisection; merges of
 * shuffled shards by their bytes.
 */
#include "sim/random.h"
#include "sim/stats.h"
#include "tests/cases.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void test_hand_worked_sample(void **state)
{
    (void)state;
    static const int64_t values[] = {9, 2, 5, 4, 4, 7, 5, 4};
    struct sample s;
    sample_init(&s);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        sample_add(&s, values[i]);
    }
    assert_int_equal(s.count, 8);
    assert_int_equal(s.least, 2);
    assert_int_equal(s.most, 9);
    assert_int_equal(sample_mean(&s), 5);

    static const struct {
        int64_t parts, value;
    } quantiles[] = {
        {0,       2},
        {1,       2},
        {125000,  2},
        {125001,  4},
        {500000,  4},
        {500001,  5},
        {750000,  5},
        {750001,  7},
        {875000,  7},
        {1000000, 9}
    };

    for (size_t i = 0; i < sizeof quantiles / sizeof quantiles[0]; i++) {
        assert_int_equal(sample_quantile(&s, quantiles[i].parts), quantiles[i].value);
    }
}

static void test_empty_sample(void **state)
{
    (void)state;
    struct sample s;
    sample_init(&s);
    assert_int_equal(sample_mean(&s), 0);
    assert_int_equal(sample_quantile(&s, 500000), 0);
    struct sample other;
    sample_init(&other);
    sample_add(&other, 3);
    struct sample before = other;
    sample_merge(&other, &s);
    assert_memory_equal(&other, &before, sizeof other);
    sample_merge(&s, &other);
    assert_memory_equal(&s, &other, sizeof other);
}

static const struct mean_case {
    const char *name;
    int64_t values[3];
    int64_t mean;
} means[] = {
    {"mean 1.33 is 1",                 {1, 1, 2},                         1        },
    {"mean 1.67 is 2",                 {1, 2, 2},                         2        },
    {"the mean of the largest values", {INT64_MAX, INT64_MAX, INT64_MAX}, INT64_MAX},
};

static void test_mean(void **state)
{
    const struct mean_case *c = *state;
    struct sample s;
    sample_init(&s);
    for (int i = 0; i < 3; i++) {
        sample_add(&s, c->values[i]);
    }
    assert_true(sample_mean(&s) == c->mean);
    assert_true(sample_quantile(&s, 1000000) == c->values[2]);
}

static void test_half_goes_to_even(void **state)
{
    (void)state;
    for (int64_t value = 0; value < 10; value++) {
        struct sample s;
        sample_init(&s);
        sample_add(&s, value);
        sample_add(&s, value + 1);
        assert_int_equal(sample_mean(&s), value % 2 == 0 ? value : value + 1);
    }
}

static int compare_values(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void test_a_large_sample_of_equal_values_is_exact(void **state)
{
    (void)state;
    for (int64_t value = 0; value <= INT64_MAX / 3; value = value * 3 + 1) {
        struct sample s;
        sample_init(&s);
        for (int i = 0; i < 1000; i++) {
            sample_add(&s, value);
        }
        assert_true(sample_quantile(&s, 500000) == value);
        assert_true(sample_mean(&s) == value);
    }
}

/* Magnitudes from 1 to 63 bits alike. */
static int64_t random_value(struct random_stream *stream)
{
    return (int64_t)(random_next(stream) >> (1 + random_below(stream, 63)));
}

static void assert_quantiles_within(const struct sample *s, const int64_t *sorted, double relative)
{
    for (int64_t parts = 0; parts <= 1000000; parts += 500) {
        uint64_t rank = ((uint64_t)parts * s->count + 999999) / 1000000;
        int64_t expected = sorted[rank == 0 ? 0 : rank - 1];
        int64_t value = sample_quantile(s, parts);
        assert_true(fabs((double)value - (double)expected) <= relative * (double)expected);
    }
    assert_true(sample_quantile(s, 0) == s->least && s->least == sorted[0]);
    assert_true(sample_quantile(s, 1000000) == s->most && s->most == sorted[s->count - 1]);
}

static void test_quantiles_of_small_and_large_samples(void **state)
{
    (void)state;

    enum { VALUES = 20000 };

    static const int sizes[] = {1, 2, 255, 256, 257, 1000, VALUES};
    static int64_t values[VALUES];
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        struct random_stream stream = random_stream((uint64_t)k, TEXT("quantiles"));
        struct sample s;
        sample_init(&s);
        for (int i = 0; i < sizes[k]; i++) {
            values[i] = random_value(&stream);
            sample_add(&s, values[i]);
        }
        qsort(values, (size_t)sizes[k], sizeof values[0], compare_values);
        assert_quantiles_within(&s, values, sizes[k] <= SAMPLE_EXACT_MAX ? 0 : 1.0 / 128);
    }
}

/* Every bucket's first and last value come back within the bucket's half. */
static void test_bucket_edges(void **state)
{
    (void)state;
    for (int bits = 0; bits < 63; bits++) {
        for (int64_t part = 64; part < 128; part++) {
            int64_t edge = bits < 6 ? part : part << (bits - 6);
            for (int64_t value = edge - 1; value <= edge && value >= 0; value++) {
                struct sample s;
                sample_init(&s);
                for (int i = 0; i < 300; i++) {
                    sample_add(&s, i == 0 ? 0 : i == 299 ? INT64_MAX : value);
                }
                double found = (double)sample_quantile(&s, 500000);
                assert_true(fabs(found - (double)value) <= (double)value / 128);
            }
        }
    }
}

static const struct merge_case {
    const char *name;
    int shards, values; /* of each */
} merges[] = {
    {"merge: all exact",                      4, 60  },
    {"merge: exactly as many as kept",        4, 64  },
    {"merge: one more than kept",             1, 257 },
    {"merge: exact ones beyond what is kept", 5, 60  },
    {"merge: large ones",                     3, 1000},
};

/* Shards merged forwards, backwards, and all values in one sample: the same bytes. */
static void test_merge_commutes(void **state)
{
    const struct merge_case *c = *state;

    enum { SHARDS_MAX = 5 };
    static struct sample shards[SHARDS_MAX];
    struct sample all;
    sample_init(&all);
    struct random_stream stream = random_stream(1, text_from(c->name));
    for (int k = 0; k < c->shards; k++) {
        sample_init(&shards[k]);
        for (int i = 0; i < c->values; i++) {
            int64_t value = random_value(&stream);
            sample_add(&shards[k], value);
            sample_add(&all, value);
        }
    }
    struct sample forwards;
    struct sample backwards;
    sample_init(&forwards);
    sample_init(&backwards);
    for (int k = 0; k < c->shards; k++) {
        sample_merge(&forwards, &shards[k]);
        sample_merge(&backwards, &shards[c->shards - 1 - k]);
    }
    assert_memory_equal(&forwards, &all, sizeof all);
    assert_memory_equal(&backwards, &all, sizeof all);
}

static struct instant at_second(int64_t second)
{
    return (struct instant){second * NS_PER_S};
}

/* 2 for ten seconds, 5 for five, 0 for five: 45 / 20. */
static void test_hand_worked_level(void **state)
{
    (void)state;
    struct level l;
    level_init(&l, at_second(-5), 2);
    assert_int_equal(level_mean_milli(&l, at_second(-5)), 2000);
    level_set(&l, at_second(5), 5);
    assert_int_equal(level_mean_milli(&l, at_second(5)), 2000);
    level_set(&l, at_second(10), 0);
    assert_int_equal(level_mean_milli(&l, at_second(10)), 3000);
    assert_int_equal(level_mean_milli(&l, at_second(15)), 2250);
    assert_int_equal(l.least, 0);
    assert_int_equal(l.most, 5);
    assert_int_equal(l.value, 0);
}

static void test_level_below_zero_rounds_alike(void **state)
{
    (void)state;
    struct level up;
    struct level down;
    level_init(&up, at_second(0), 1);
    level_init(&down, at_second(0), -1);
    level_set(&up, at_second(1), 0);
    level_set(&down, at_second(1), 0);
    /* 1/3, 1/6, and 1/16 = 62.5 thousandths, whose half goes to even. */
    assert_true(level_mean_milli(&up, at_second(3)) == 333);
    assert_true(level_mean_milli(&down, at_second(3)) == -333);
    assert_true(level_mean_milli(&up, at_second(6)) == 167);
    assert_true(level_mean_milli(&down, at_second(6)) == -167);
    assert_true(level_mean_milli(&up, at_second(16)) == 62);
    assert_true(level_mean_milli(&down, at_second(16)) == -62);
}

static void test_level_over_the_whole_range(void **state)
{
    (void)state;
    struct level l;
    level_init(&l, (struct instant){INT64_MIN / 2}, -LEVEL_MAX);
    struct instant end = {INT64_MAX / 2};
    assert_true(level_mean_milli(&l, end) == -1000 * LEVEL_MAX);
    level_set(&l, end, LEVEL_MAX);
    assert_true(level_mean_milli(&l, end) == -1000 * LEVEL_MAX);
}

/* The probability that |t| is below `t`, exactly, for whole degrees of freedom. */
static double student_within(double t, int64_t degrees)
{
    double angle = atan(t / sqrt((double)degrees));
    double square = cos(angle) * cos(angle);
    bool odd = degrees % 2 == 1;
    double term = odd ? cos(angle) : 1;
    double sum = degrees == 1 ? 0 : term;
    for (int64_t k = odd ? 3 : 2; k <= degrees - 2; k += 2) {
        term *= square * (double)(k - 1) / (double)k;
        sum += term;
    }
    return odd ? 2 / acos(-1) * (angle + sin(angle) * sum) : sin(angle) * sum;
}

static double student_975(int64_t degrees)
{
    double low = 0;
    double high = 20;
    for (int i = 0; i < 60; i++) {
        double middle = (low + high) / 2;
        if (student_within(middle, degrees) < 0.95) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static void test_student_t(void **state)
{
    (void)state;

    static const struct {
        int64_t degrees, milli;
    } known[] = {
        {1,             12706},
        {2,             4303 },
        {4,             2776 },
        {5,             2571 },
        {9,             2262 },
        {10,            2228 },
        {30,            2042 },
        {120,           1980 },
        {1000,          1962 },
        {100000,        1960 },
        {INT64_MAX / 2, 1960 }
    };

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        assert_int_equal(student_t_milli(known[i].degrees), known[i].milli);
    }
    for (int64_t degrees = 1; degrees <= 2000; degrees++) {
        assert_int_equal(student_t_milli(degrees), lround(1000 * student_975(degrees)));
    }
}

static const struct halfwidth_case {
    const char *name;
    int64_t count;
    int64_t values[8];
    int64_t halfwidth; /* worked in exact fractions and 60 decimals, rounded up */
} halfwidths[] = {
    {"2.365 * sqrt(32/7) / sqrt(8) = 1.788",          8, {2, 4, 4, 4, 5, 5, 7, 9},                                                 2    },
    {"the same in millions",
     8,                                                  {2000000, 4000000, 4000000, 4000000, 5000000, 5000000, 7000000, 9000000},
     1787772                                                                                                                            },
    {"12.706 * sqrt(0.5) / sqrt(2) = 6.353",          2, {1, 2},                                                                   7    },
    {"an exact result is not rounded: 12.706 * 4000", 2, {0, 8000},                                                                50824},
    {"around zero: 3.182 * sqrt(20/3) / 2 = 4.108",   4, {-3, -1, 1, 3},                                                           5    },
    {"alike",                                         3, {7, 7, 7},                                                                0    },
    {"alike and large",                               3, {INT64_C(1) << 52, INT64_C(1) << 52, INT64_C(1) << 52},                   0    },
    {"close and large",                               2, {(INT64_C(1) << 52) - 1, (INT64_C(1) << 52)},                             7    },
};

static void test_halfwidth(void **state)
{
    const struct halfwidth_case *c = *state;
    assert_true(mean_halfwidth(c->values, c->count) == c->halfwidth);
}

static void test_halfwidths_of_random_values(void **state)
{
    (void)state;
    struct random_stream stream = random_stream(1, TEXT("halfwidth"));
    for (int round = 0; round < 2000; round++) {
        static int64_t values[4096];
        int64_t count = 2 + (int64_t)random_below(&stream, round % 50 == 0 ? 4095 : 99);
        unsigned bits = round % 50 == 0 ? 53 : 10 + (unsigned)random_below(&stream, 44);
        double mean = 0;
        for (int i = 0; i < count; i++) {
            values[i] = (int64_t)random_below(&stream, UINT64_C(1) << bits);
            values[i] *= random_below(&stream, 2) == 0 ? 1 : -1;
            mean += (double)values[i] / (double)count;
        }
        double squares = 0;
        for (int i = 0; i < count; i++) {
            squares += ((double)values[i] - mean) * ((double)values[i] - mean);
        }
        double exact = (double)student_t_milli(count - 1) / 1000 *
                       sqrt(squares / (double)(count - 1) / (double)count);
        double found = (double)mean_halfwidth(values, count);
        assert_true(found >= exact * (1 - 1e-11) && found <= exact * (1 + 1e-11) + 1);
    }
}

/* The textbook's formula in doubles: the interval holds it, and is at most two millionths wider on
 * either side. */
static void test_shares(void **state)
{
    (void)state;
    struct random_stream stream = random_stream(1, TEXT("shares"));
    for (int round = 0; round < 5000; round++) {
        uint64_t count = 1 + random_below(&stream, UINT64_C(1) << random_below(&stream, 31));
        uint64_t hits =
            round % 3 == 0 ? (uint64_t)(round % 2) * count : random_below(&stream, count + 1);
        const double z = 1.959963984540054;
        double n = (double)count;
        double share = (double)hits / n;
        double centre = (share + z * z / (2 * n)) / (1 + z * z / n);
        double half = z * sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n);
        struct share s = share_of(hits, count);
        assert_true(fabs((double)s.ppm - share * 1e6) <= 0.500001);
        assert_true((double)s.low_ppm <= (centre - half) * 1e6 + 1e-6);
        assert_true((double)s.low_ppm >= (centre - half) * 1e6 - 2);
        assert_true((double)s.high_ppm >= (centre + half) * 1e6 - 1e-6);
        assert_true((double)s.high_ppm <= (centre + half) * 1e6 + 2);
        assert_true(0 <= s.low_ppm && s.low_ppm <= s.ppm && s.ppm <= s.high_ppm);
        assert_true(s.high_ppm <= 1000000);
    }
}

/* 0 of 10: 3.84 / 13.84 = 27.75 %, by hand. */
static void test_a_share_that_never_came_out(void **state)
{
    (void)state;
    struct share s = share_of(0, 10);
    assert_int_equal(s.low_ppm, 0);
    assert_int_equal(s.ppm, 0);
    assert_int_equal(s.high_ppm, 277533);
    assert_int_equal(share_of(10, 10).low_ppm, 1000000 - 277533);
}

int main(void)
{
    struct cases cases = {0};
    CASES_ADD(&cases, test_hand_worked_sample);
    CASES_ADD(&cases, test_empty_sample);
    CASES_ADD_TABLE(&cases, test_mean, means);
    CASES_ADD(&cases, test_half_goes_to_even);
    CASES_ADD(&cases, test_quantiles_of_small_and_large_samples);
    CASES_ADD(&cases, test_a_large_sample_of_equal_values_is_exact);
    CASES_ADD(&cases, test_bucket_edges);
    CASES_ADD_TABLE(&cases, test_merge_commutes, merges);
    CASES_ADD(&cases, test_hand_worked_level);
    CASES_ADD(&cases, test_level_below_zero_rounds_alike);
    CASES_ADD(&cases, test_level_over_the_whole_range);
    CASES_ADD(&cases, test_student_t);
    CASES_ADD_TABLE(&cases, test_halfwidth, halfwidths);
    CASES_ADD(&cases, test_halfwidths_of_random_values);
    CASES_ADD(&cases, test_shares);
    CASES_ADD(&cases, test_a_share_that_never_came_out);
    return cases_run("stats", &cases);
}

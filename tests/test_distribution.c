/* test_distribution.c: integer quantile tables against the exact distributions.
 *
 * The oracle is libm: exact quantiles and means in floating point, and the normal quantiles found
 * by bisection on erfcl. Means are taken over all 2^32 ranks, by strata that halve towards both
 * ends, so that the tails weigh as they do in a draw. Golden hashes show that every machine has the
 * same tables.
 */
#include "sim/distribution.h"
#include "sim/hash.h"
#include "sim/normal_quantiles.h"
#include "sim/random.h"
#include "tests/cases.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct exact_case {
    const char *name; /* the distribution as written */
    uint64_t knots_hash;
} exact[] = {
    {"0s",                                                          UINT64_C(0xdb01757afb6a541b)},
    {"40ms",                                                        UINT64_C(0x0078715a655b6828)},
    {"constant(3h)",                                                UINT64_C(0x8d179b99c62e22d0)},
    {"uniform(3h, 48h)",                                            UINT64_C(0x84e9f7182d4c997e)},
    {"uniform(0s, 10us)",                                           UINT64_C(0x65dfff80c1a4be5a)},
    {"uniform(7s, 7s)",                                             UINT64_C(0x5c44dbeeebd3a24b)},
    {"exponential(1s)",                                             UINT64_C(0xb68f352facb3043b)},
    {"exponential(90d)",                                            UINT64_C(0x9a2ad98c66dc341e)},
    {"exponential(100us)",                                          UINT64_C(0x63f75885d25e3596)},
    {"lognormal(5ms, 18ms)",                                        UINT64_C(0x1003dc21b9a289bb)},
    {"lognormal(5ms, 5ms)",                                         UINT64_C(0x9f5ca976ae3352ee)},
    {"lognormal(5ms, 200ms)",                                       UINT64_C(0x679a1e2552efad82)},
    {"lognormal(1s, 40s)",                                          UINT64_C(0x39ff2765174fa9da)},
    {"lognormal(20ms, 21ms)",                                       UINT64_C(0xf66faa968cfc01d3)},
    {"lognormal(10s, 100m)",                                        UINT64_C(0xe3a22802dc6390f9)},
    {"empirical(0%: 1ms, 100%: 2ms)",                               UINT64_C(0xbb5af5284dfd7950)},
    {"empirical(0%: 1ms, 50%: 5ms, 99.9%: 80ms, 100%: 2s)",         UINT64_C(0x6743df863c6df70d)},
    {"empirical(0%: 1s, 25%: 1s, 75%: 2s, 99.9999%: 3s, 100%: 3s)", UINT64_C(0x46ac98b399103f91)},
};

static double z_exceeded_with(long double probability)
{
    long double low = -10;
    long double high = 10;
    for (int i = 0; i < 100; i++) {
        long double middle = (low + high) / 2;
        if (erfcl(middle / sqrtl(2)) / 2 > probability) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (double)low;
}

static double sigma_of(const struct distribution_spec *s)
{
    return log((double)s->b.ns / (double)s->a.ns) / z_exceeded_with(0.01L);
}

static double empirical_quantile(const struct distribution_spec *s, double p)
{
    int i = 1;
    while ((double)s->points[i].parts < p * 1e6) {
        i++;
    }
    double p0 = (double)s->points[i - 1].parts / 1e6;
    double p1 = (double)s->points[i].parts / 1e6;
    double v0 = (double)s->points[i - 1].value.ns;
    double v1 = (double)s->points[i].value.ns;
    return v0 + (v1 - v0) * (p - p0) / (p1 - p0);
}

static double exact_quantile(const struct distribution_spec *s, double p)
{
    double a = (double)s->a.ns;
    double b = (double)s->b.ns;
    switch (s->kind) {
    case DISTRIBUTION_CONSTANT:
        return a;
    case DISTRIBUTION_UNIFORM:
        return a + (b - a) * p;
    case DISTRIBUTION_EXPONENTIAL:
        return -a * log1p(-p);
    case DISTRIBUTION_LOGNORMAL:
        return a * exp(-sigma_of(s) * z_exceeded_with(p));
    case DISTRIBUTION_EMPIRICAL:
        return empirical_quantile(s, p);
    }
    fail();
    return 0;
}

static double empirical_mean(const struct distribution_spec *s)
{
    double mean = 0;
    for (int i = 1; i < s->points_count; i++) {
        mean += (double)(s->points[i].parts - s->points[i - 1].parts) / 1e6 *
                ((double)s->points[i].value.ns + (double)s->points[i - 1].value.ns) / 2;
    }
    return mean;
}

static double exact_mean(const struct distribution_spec *s)
{
    double a = (double)s->a.ns;
    switch (s->kind) {
    case DISTRIBUTION_CONSTANT:
    case DISTRIBUTION_EXPONENTIAL:
        return a;
    case DISTRIBUTION_UNIFORM:
        return (a + (double)s->b.ns) / 2;
    case DISTRIBUTION_LOGNORMAL:
        return a * exp(sigma_of(s) * sigma_of(s) / 2);
    case DISTRIBUTION_EMPIRICAL:
        return empirical_mean(s);
    }
    fail();
    return 0;
}

/* The mean over the ranks at a distance of 2^log2 to 2^(log2 + 1) - 1 from both ends, evenly
 * spaced.
 */
static double stratum_mean(const struct distribution *d, unsigned log2)
{
    unsigned samples_log2 = log2 < 10 ? log2 : 10;
    uint32_t samples = 1U << samples_log2;
    uint32_t spacing = 1U << (log2 - samples_log2);
    double sum = 0;
    for (uint32_t i = 0; i < samples; i++) {
        uint32_t distance = (1U << log2) + i * spacing + spacing / 2;
        sum += (double)distribution_at(d, distance).ns + (double)distribution_at(d, ~distance).ns;
    }
    return sum / (2 * samples);
}

static double table_mean(const struct distribution *d)
{
    double sum = (double)distribution_at(d, 0).ns + (double)distribution_at(d, UINT32_MAX).ns;
    for (unsigned log2 = 0; log2 <= 30; log2++) {
        sum += stratum_mean(d, log2) * 2 * exp2(log2);
    }
    return sum / 0x1p32;
}

static void read_distribution(const char *written, struct distribution_spec *spec,
                              struct distribution *d)
{
    struct error error;
    if (distribution_parse(text_from(written), spec, &error) != STATUS_OK) {
        fail_msg("%s", error.message);
    }
    distribution_init(d, spec);
}

static bool within_one_percent(double value, double expected)
{
    return fabs(value - expected) <= 0.01 * expected + 1;
}

static void test_quantiles_and_mean(void **state)
{
    const struct exact_case *c = *state;
    struct distribution_spec spec;
    struct distribution d;
    read_distribution(c->name, &spec, &d);
    for (int i = 1; i <= 1999; i++) {
        double p = i == 1 ? 0.001 : i == 1999 ? 0.999 : i / 2000.0;
        uint32_t rank = (uint32_t)(p * 0x1p32);
        double expected = exact_quantile(&spec, (rank + 0.5) / 0x1p32);
        if (!within_one_percent((double)distribution_at(&d, rank).ns, expected)) {
            fail_msg("%g%%: %.0f instead of %.0f", p * 100, (double)distribution_at(&d, rank).ns,
                     expected);
        }
    }
    if (!within_one_percent(table_mean(&d), exact_mean(&spec))) {
        fail_msg("mean %.0f instead of %.0f", table_mean(&d), exact_mean(&spec));
    }
}

static void assert_rising(const struct distribution *d, uint32_t rank, uint32_t later)
{
    if (distribution_at(d, rank).ns > distribution_at(d, later).ns) {
        fail_msg("falls between ranks %u and %u", rank, later);
    }
}

/* The neighbours of every knot lie within 2^8 steps of 2^k and its sixteenths; then random pairs,
 * near and far. */
static void test_monotone(void **state)
{
    const struct exact_case *c = *state;
    struct distribution_spec spec;
    struct distribution d;
    read_distribution(c->name, &spec, &d);
    for (uint32_t knot = 0; knot < 23 * 16 + 32; knot++) {
        uint32_t distance =
            knot < 16 ? knot * 16 : (uint32_t)((16 + knot % 16ULL) << (knot / 16 + 3));
        for (uint32_t near = distance < 2 ? 0 : distance - 2; near < distance + 2; near++) {
            assert_rising(&d, near, near + 1);
            assert_rising(&d, ~(near + 1), ~near);
        }
    }
    struct random_stream stream = random_stream(3, text_from(c->name));
    for (int i = 0; i < 100000; i++) {
        uint32_t rank = (uint32_t)random_next(&stream);
        uint32_t later =
            rank + (uint32_t)(random_next(&stream) >> (32 + random_below(&stream, 32)));
        assert_rising(&d, rank, later < rank ? UINT32_MAX : later);
    }
    assert_true(distribution_at(&d, 0).ns >= 0);
}

/* Set UPDATE_GOLDEN to print the hashes as they should stand above. */
static void test_tables_are_the_same_everywhere(void **state)
{
    const struct exact_case *c = *state;
    struct distribution_spec spec;
    struct distribution d;
    read_distribution(c->name, &spec, &d);
    uint64_t hash = 0;
    for (uint32_t i = 0; i < 1 << 16; i++) {
        int64_t value = distribution_at(&d, i << 16 | i).ns;
        unsigned char bytes[8];
        for (int k = 0; k < 8; k++) {
            bytes[k] = (unsigned char)((uint64_t)value >> (8 * k));
        }
        hash = hash64(bytes, sizeof bytes, hash);
    }
    if (getenv("UPDATE_GOLDEN") != NULL) {
        (void)printf("    {\"%s\", UINT64_C(0x%016llX)},\n", c->name, (unsigned long long)hash);
    }
    assert_true(hash == c->knots_hash);
}

static void test_normal_quantiles(void **state)
{
    (void)state;
    int count = sizeof normal_quantiles / sizeof normal_quantiles[0];
    for (int i = 0; i < count; i++) {
        long double x = i == 0 ? 0.5L : i < 16 ? 16.0L * i : ldexpl(16 + i % 16, i / 16 + 3);
        long long expected = llround(z_exceeded_with(x / 0x1p32L) * 0x1p32);
        if (expected != normal_quantiles[i]) {
            fail_msg("entry %d should be %lld", i, expected);
        }
    }
    assert_true(NORMAL_QUANTILE_99 == llround(z_exceeded_with(0.01L) * 0x1p32));
}

static void test_the_default_rank_gives_the_median(void **state)
{
    (void)state;
    struct distribution_spec spec;
    struct distribution d;
    read_distribution("lognormal(5ms, 18ms)", &spec, &d);
    assert_true(distribution_at(&d, UINT32_C(1) << 31).ns == 5 * NS_PER_MS);
    assert_true(distribution_at(&d, (UINT32_C(1) << 31) - 1).ns == 5 * NS_PER_MS);
}

static void test_ends(void **state)
{
    (void)state;
    struct distribution_spec spec;
    struct distribution d;
    read_distribution("uniform(3s, 13s)", &spec, &d);
    assert_true(distribution_at(&d, 0).ns == 3 * NS_PER_S + 1); /* half a rank is 1.2 ns */
    assert_true(distribution_at(&d, UINT32_MAX).ns == 13 * NS_PER_S - 1);
    read_distribution("exponential(1s)", &spec, &d);
    assert_true(distribution_at(&d, 0).ns == 0);
    double last = (double)distribution_at(&d, UINT32_MAX).ns;
    assert_true(fabs(last / (33 * log(2) * 1e9) - 1) < 0.01);
    read_distribution("lognormal(5ms, 18ms)", &spec, &d);
    last = (double)distribution_at(&d, UINT32_MAX).ns;
    assert_true(fabs(last / exact_quantile(&spec, 1 - 0x1p-33) - 1) < 0.02);
}

static const struct form_case {
    const char *name; /* what is read */
    const char *written;
} forms[] = {
    {"40ms",                                                "40ms"                        },
    {" 40ms ",                                              "40ms"                        },
    {"constant(40ms)",                                      "40ms"                        },
    {"uniform(180m, 48h)",                                  "uniform(3h, 2d)"             },
    {"uniform(0s,0s)",                                      "uniform(0s, 0s)"             },
    {" exponential ( 1s ) ",                                "exponential(1s)"             },
    {"lognormal(5ms,18ms)",                                 "lognormal(5ms, 18ms)"        },
    {"empirical(0%: 1ms, 100.0000%:2s)",                    "empirical(0%: 1ms, 100%: 2s)"},
    {"empirical(0.0%:0s,99.9%:80ms,99.9999%:1s,100%:2s)",
     "empirical(0%: 0s, 99.9%: 80ms, 99.9999%: 1s, 100%: 2s)"                             },
    {"empirical(0%: 1ms, 0.05%: 2ms, 10%: 3ms, 100%: 4ms)",
     "empirical(0%: 1ms, 0.05%: 2ms, 10%: 3ms, 100%: 4ms)"                                },
};

static void assert_printed(const struct distribution_spec *spec, const char *expected)
{
    char buffer[256];
    struct text_writer w = text_writer(buffer, sizeof buffer);
    text_put_distribution(&w, spec);
    assert_string_equal(text_writer_string(&w), expected);
}

static void test_form(void **state)
{
    const struct form_case *c = *state;
    struct distribution_spec spec;
    assert_int_equal(distribution_parse(text_from(c->name), &spec, NULL), STATUS_OK);
    assert_printed(&spec, c->written);
    struct distribution_spec again;
    assert_int_equal(distribution_parse(text_from(c->written), &again, NULL), STATUS_OK);
    assert_memory_equal(&again, &spec, sizeof spec);
}

#define NOT_A_DISTRIBUTION                                                                         \
    "': not a distribution; write 40ms, constant(40ms), uniform(3h, 48h), exponential(1s), "       \
    "lognormal(5ms, 18ms) or empirical(0%: 1ms, 50%: 5ms, 100%: 2s)"
#define NOT_A_POINT                                                                                \
    "': a point is a percentage of at most four places and a duration, such as 99.9%: 80ms"
#define NOT_ALL "': the first point is at 0% and the last at 100%"

static const struct error_case {
    const char *name; /* what is read */
    const char *message;
} errors[] = {
    {"",                                              "'" NOT_A_DISTRIBUTION                                                         },
    {"fast",                                          "'fast" NOT_A_DISTRIBUTION                                                     },
    {"gamma(1s)",                                     "'gamma(1s)" NOT_A_DISTRIBUTION                                                },
    {"Uniform(1s, 2s)",                               "'Uniform(1s, 2s)" NOT_A_DISTRIBUTION                                          },
    {"uniform(1s, 2s",                                "'uniform(1s, 2s" NOT_A_DISTRIBUTION                                           },
    {"uniform(1s, 2s) ms",                            "'uniform(1s, 2s) ms" NOT_A_DISTRIBUTION                                       },
    {"40",                                            "'40' is not a duration; write 40s, 5m or 1h30m"                               },
    {"-40ms",                                         "'-40ms' is not a duration: it may not be negative"                            },
    {"exponential(5)",                                "'exponential(5)': '5' is not a duration; write 5s, 5m or 1h30m"               },
    {"uniform(3h)",                                   "'uniform(3h)': uniform takes 2 durations"                                     },
    {"uniform(1h, 2h, 3h)",                           "'uniform(1h, 2h, 3h)': uniform takes 2 durations"                             },
    {"constant(1s,)",                                 "'constant(1s,)': constant takes 1 duration"                                   },
    {"exponential(1s, 2s)",                           "'exponential(1s, 2s)': exponential takes 1 duration"                          },
    {"uniform(48h, 3h)",                              "'uniform(48h, 3h)': the second duration may not be less than the first"       },
    {"lognormal(18ms, 5ms)",
     "'lognormal(18ms, 5ms)': the second duration may not be less than the first"                                                    },
    {"lognormal(0s, 5ms)",                            "'lognormal(0s, 5ms)': the median must be at least 1ns"                        },
    {"constant(10951d)",                              "'constant(10951d)': a draw could be longer than 30 years"                     },
    {"10951d",                                        "'10951d': a draw could be longer than 30 years"                               },
    {"exponential(500d)",                             "'exponential(500d)': a draw could be longer than 30 years"                    },
    {"lognormal(1ns, 106751d)",                       "'lognormal(1ns, 106751d)': a draw could be longer than 30 years"              },
    {"empirical(0%: 1s)",                             "'empirical(0%: 1s)" NOT_ALL                                                   },
    {"empirical(1%: 1s, 100%: 2s)",                   "'empirical(1%: 1s, 100%: 2s)" NOT_ALL                                         },
    {"empirical(0%: 1s, 99%: 2s)",                    "'empirical(0%: 1s, 99%: 2s)" NOT_ALL                                          },
    {"empirical(0%: 1s, 50%: 2s, 50%: 3s, 100%: 4s)",
     "'empirical(0%: 1s, 50%: 2s, 50%: 3s, 100%: 4s)': percentages must rise from point to point"                                    },
    {"empirical(0%: 2s, 100%: 1s)",
     "'empirical(0%: 2s, 100%: 1s)': durations may not fall from point to point"                                                     },
    {"empirical(0: 1s, 100%: 2s)",                    "'empirical(0: 1s, 100%: 2s)" NOT_A_POINT                                      },
    {"empirical(0%: 1s, 100%)",                       "'empirical(0%: 1s, 100%)" NOT_A_POINT                                         },
    {"empirical(0%: 1s, 99.99999%: 2s)",              "'empirical(0%: 1s, 99.99999%: 2s)" NOT_A_POINT                                },
    {"empirical(0%: 1s, 5.00001%: 2s, 100%: 2s)",
     "'empirical(0%: 1s, 5.00001%: 2s, 100%: 2s)" NOT_A_POINT                                                                        },
    {"empirical(0%: 1s, 101%: 2s)",                   "'empirical(0%: 1s, 101%: 2s)" NOT_A_POINT                                     },
    {"empirical(0%: 1s, 5.%: 2s)",                    "'empirical(0%: 1s, 5.%: 2s)" NOT_A_POINT                                      },
    {"empirical(0%: 1s, .5%: 2s)",                    "'empirical(0%: 1s, .5%: 2s)" NOT_A_POINT                                      },
    {"empirical(0%: 1s, 1.2.3%: 2s)",                 "'empirical(0%: 1s, 1.2.3%: 2s)" NOT_A_POINT                                   },
    {"empirical(0%: 1s, %: 2s)",                      "'empirical(0%: 1s, %: 2s)" NOT_A_POINT                                        },
    {"empirical(0%: 1s, 100%: fast)",                 "'empirical(0%: 1s, 100%: fast)': 'fast' is not a duration; "
                                      "write numbers of at most 18 digits "
                                      "with the units d, h, m, s, ms, us or ns: 300s, 5m, 1h30m"},
    {"empirical(0%:0s,1%:0s,2%:0s,3%:0s,4%:0s,5%:0s,6%:0s,7%:0s,8%:0s,9%:0s,10%:0s,11%:0s,12%:0s,"
     "13%:0s,14%:0s,15%:0s,100%:0s)",            "'empirical(0%:0s,1%:0s,2%:0s,3%:0s,4%:0s,5%:0s,6%:0s,7%:0s,8%:0s,9%:0s,10%:0s,11%:0s,12%:0s,"
     "13%:0s,14"
     "': at most 16 points are allowed"                                                    },
};

static void test_error(void **state)
{
    const struct error_case *c = *state;
    struct distribution_spec spec = {.points_count = 77};
    struct error error = {.message = ""};
    assert_int_equal(distribution_parse(text_from(c->name), &spec, &error), STATUS_BAD_INPUT);
    assert_string_equal(error.message, c->message);
    assert_int_equal(spec.points_count, 77); /* untouched */
}

int main(void)
{
    struct cases cases = {0};
    CASES_ADD_TABLE(&cases, test_quantiles_and_mean, exact);
    CASES_ADD_TABLE(&cases, test_monotone, exact);
    CASES_ADD_TABLE(&cases, test_tables_are_the_same_everywhere, exact);
    CASES_ADD(&cases, test_normal_quantiles);
    CASES_ADD(&cases, test_the_default_rank_gives_the_median);
    CASES_ADD(&cases, test_ends);
    CASES_ADD_TABLE(&cases, test_form, forms);
    CASES_ADD_TABLE(&cases, test_error, errors);
    return cases_run("distribution", &cases);
}

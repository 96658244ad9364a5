/* test_random.c: streams of random numbers against published values, and for uniformity.
 *
 * A stream with key k and count 0 is SplitMix64 seeded with k, whose first values for the seed
 * 1234567 are published with it. Uniformity is judged by chi-square with 255 degrees of freedom,
 * whose 0.1 % and 99.9 % points are 190 and 330 (rounded outwards); the streams are fixed, so the
 * verdict is the same on every machine.
 */
#include "sim/hash.h"
#include "sim/random.h"
#include "tests/cases.h"

static void test_splitmix64_known_answers(void **state)
{
    (void)state;
    static const uint64_t expected[] = {
        UINT64_C(6457827717110365317),  UINT64_C(3203168211198807973),
        UINT64_C(9817491932198370423),  UINT64_C(4593380528125082431),
        UINT64_C(16408922859458223821),
    };
    struct random_stream stream = {.key = 1234567};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_true(random_next(&stream) == expected[i]);
        assert_int_equal(stream.count, i + 1);
    }
}

static void test_draw_n_without_those_before(void **state)
{
    (void)state;
    struct random_stream all = random_stream(9, TEXT("arrivals"));
    struct random_stream one = all;
    for (int i = 0; i < 99; i++) {
        (void)random_next(&all);
    }
    one.count = 99;
    assert_true(random_next(&one) == random_next(&all));
}

static void test_key_is_hash_of_name_and_seed(void **state)
{
    (void)state;
    struct random_stream stream = random_stream(42, TEXT("latency"));
    assert_true(stream.key == hash64("latency", 7, 42));
    assert_int_equal(stream.count, 0);
    assert_true(random_stream(43, TEXT("latency")).key != stream.key);
    assert_true(random_stream(42, TEXT("latencz")).key != stream.key);
    assert_true(random_stream(42, TEXT("")).key == hash64("", 0, 42));
}

static double chi_square(const uint32_t *counts, int cells, double expected)
{
    double sum = 0;
    for (int i = 0; i < cells; i++) {
        sum += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    return sum;
}

enum { DRAWS = 1 << 18, CELLS = 256 };

static void assert_uniform(const uint32_t *counts)
{
    double chi = chi_square(counts, CELLS, (double)DRAWS / CELLS);
    assert_true(chi > 190 && chi < 330);
}

static void test_every_byte_is_uniform(void **state)
{
    (void)state;
    for (unsigned shift = 0; shift < 64; shift += 8) {
        struct random_stream stream = random_stream(7, TEXT("bytes"));
        uint32_t counts[CELLS] = {0};
        for (int i = 0; i < DRAWS; i++) {
            counts[(random_next(&stream) >> shift) & 255]++;
        }
        assert_uniform(counts);
    }
}

/* 4 bits of one stream against 4 bits of another at the same draw: 256 pairs, all alike if the
 * streams are independent. */
static void test_streams_of_similar_names_and_seeds_are_independent(void **state)
{
    (void)state;
    struct random_stream other[] = {random_stream(7, TEXT("node[2]")),
                                    random_stream(8, TEXT("node[1]"))};
    for (int k = 0; k < 2; k++) {
        struct random_stream stream = random_stream(7, TEXT("node[1]"));
        uint32_t counts[CELLS] = {0};
        for (int i = 0; i < DRAWS; i++) {
            uint64_t high = random_next(&stream) >> 60;
            counts[high << 4 | random_next(&other[k]) >> 60]++;
        }
        assert_uniform(counts);
    }
}

static void test_below_stays_below_and_is_uniform(void **state)
{
    (void)state;
    struct random_stream stream = random_stream(7, TEXT("below"));
    uint32_t counts[CELLS] = {0};
    for (int i = 0; i < DRAWS; i++) {
        uint64_t value = random_below(&stream, CELLS);
        assert_true(value < CELLS);
        counts[value]++;
    }
    assert_uniform(counts);
    for (int i = 0; i < 100; i++) {
        assert_true(random_below(&stream, 1) == 0);
        assert_true(random_below(&stream, 3) < 3);
        assert_true(random_below(&stream, UINT64_MAX) < UINT64_MAX);
    }
    assert_int_equal(stream.count, DRAWS + 300); /* one draw each */
}

int main(void)
{
    struct cases cases = {0};
    CASES_ADD(&cases, test_splitmix64_known_answers);
    CASES_ADD(&cases, test_draw_n_without_those_before);
    CASES_ADD(&cases, test_key_is_hash_of_name_and_seed);
    CASES_ADD(&cases, test_every_byte_is_uniform);
    CASES_ADD(&cases, test_streams_of_similar_names_and_seeds_are_independent);
    CASES_ADD(&cases, test_below_stays_below_and_is_uniform);
    return cases_run("random", &cases);
}

/* test_hash.c: known answers of XXH3, sums of hashes, and their digits.
 *
 * The known answers are those that xxHash publishes for its sanity test (inputs of a fixed
 * generator), so a library that hashed differently would be noticed.
 */
#include "sim/hash.h"
#include "sim/random.h"
#include "tests/cases.h"

enum { INPUT_MAX = 2367 };

#define PRIME64 UINT64_C(0x9E3779B185EBCA8D)

static const unsigned char *published_input(void)
{
    static unsigned char input[INPUT_MAX];
    uint64_t generator = 2654435761;
    for (int i = 0; i < INPUT_MAX; i++) {
        input[i] = (unsigned char)(generator >> 56);
        generator *= PRIME64;
    }
    return input;
}

/* One length of every class that XXH3 treats in a way of its own. */
static const struct known64 {
    const char *name;
    size_t size;
    uint64_t seed_0, seed_prime;
} known64[] = {
    {"64 bits of 0 bytes",    0,    UINT64_C(0x2D06800538D394C2), UINT64_C(0xA8A6B918B2F0364A)},
    {"64 bits of 1 byte",     1,    UINT64_C(0xC44BDFF4074EECDB), UINT64_C(0x032BE332DD766EF8)},
    {"64 bits of 6 bytes",    6,    UINT64_C(0x27B56A84CD2D7325), UINT64_C(0x84589C116AB59AB9)},
    {"64 bits of 12 bytes",   12,   UINT64_C(0xA713DAF0DFBB77E7), UINT64_C(0xE7303E1B2336DE0E)},
    {"64 bits of 24 bytes",   24,   UINT64_C(0xA3FE70BF9D3510EB), UINT64_C(0x850E80FC35BDD690)},
    {"64 bits of 80 bytes",   80,   UINT64_C(0xBCDEFBBB2C47C90A), UINT64_C(0xC6DD0CB699532E73)},
    {"64 bits of 195 bytes",  195,  UINT64_C(0xCD94217EE362EC3A), UINT64_C(0xBA68003D370CB3D9)},
    {"64 bits of 2367 bytes", 2367, UINT64_C(0xCB37AEB9E5D361ED), UINT64_C(0xD2DB3415B942B42A)},
};

static void test_known64(void **state)
{
    const struct known64 *c = *state;
    assert_true(hash64(published_input(), c->size, 0) == c->seed_0);
    assert_true(hash64(published_input(), c->size, PRIME64) == c->seed_prime);
}

static const struct known128 {
    const char *name;
    size_t size;
    const char *hex;
} known128[] = {
    {"128 bits of 0 bytes",    0,    "99aa06d3014798d86001c324468d497f"},
    {"128 bits of 1 byte",     1,    "a6cd5e9392000f6ac44bdff4074eecdb"},
    {"128 bits of 12 bytes",   12,   "6e3efd8fc7802b18061a192713f69ad9"},
    {"128 bits of 48 bytes",   48,   "a002ac4e5478227ef942219aed80f67b"},
    {"128 bits of 222 bytes",  222,  "337e09641b948717f1aebd597cec6b3a"},
    {"128 bits of 2367 bytes", 2367, "e89c0f6ff369b427cb37aeb9e5d361ed"},
};

static void test_known128(void **state)
{
    const struct known128 *c = *state;
    char hex[HASH128_HEX];
    hash128_hex(hash128(published_input(), c->size), hex);
    assert_string_equal(hex, c->hex);
}

static void test_sums_carry(void **state)
{
    (void)state;
    struct hash128 a = {UINT64_MAX, 1};
    struct hash128 one = {1, 0};
    struct hash128 sum = hash128_add(a, one);
    assert_true(sum.low == 0 && sum.high == 2);
    struct hash128 back = hash128_subtract(sum, one);
    assert_true(back.low == a.low && back.high == a.high);
    struct hash128 below = hash128_subtract((struct hash128){0, 0}, one);
    assert_true(below.low == UINT64_MAX && below.high == UINT64_MAX);
}

static void test_sums_of_sets_do_not_depend_on_order(void **state)
{
    (void)state;

    enum { MEMBERS = 100 };
    struct random_stream stream = random_stream(1, TEXT("members"));
    struct hash128 members[MEMBERS];
    struct hash128 forwards = {0, 0};
    struct hash128 backwards = {0, 0};
    for (int i = 0; i < MEMBERS; i++) {
        members[i] = (struct hash128){random_next(&stream), random_next(&stream)};
        forwards = hash128_add(forwards, members[i]);
    }
    for (int i = MEMBERS; i > 0; i--) {
        backwards = hash128_add(backwards, members[i - 1]);
    }
    assert_memory_equal(&forwards, &backwards, sizeof forwards);
    for (int i = 0; i < MEMBERS; i++) {
        forwards = hash128_subtract(forwards, members[i]);
    }
    assert_true(forwards.low == 0 && forwards.high == 0);
}

int main(void)
{
    struct cases cases = {0};
    CASES_ADD_TABLE(&cases, test_known64, known64);
    CASES_ADD_TABLE(&cases, test_known128, known128);
    CASES_ADD(&cases, test_sums_carry);
    CASES_ADD(&cases, test_sums_of_sets_do_not_depend_on_order);
    return cases_run("hash", &cases);
}

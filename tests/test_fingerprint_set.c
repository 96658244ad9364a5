/* test_fingerprint_set.c: what was added is known, what was not is new, up to the last place; the
 * words beside the tags stay; and what is called equal by 64 bits and by 128.
 */
#include "sim/fingerprint_set.h"
#include "tests/cases.h"

enum { COUNT = 20000 };

static const struct shape {
    const char *name;
    uint32_t tag_bits;
    bool with_word;
} shapes[] = {
    {"64 bits",              64,  false},
    {"64 bits with a word",  64,  true },
    {"128 bits",             128, false},
    {"128 bits with a word", 128, true },
};

static struct hash128 nth_hash(uint64_t i)
{
    return hash128(&i, sizeof i);
}

/* Full to the last place, so that many slots are looked at; each hash is asked for twice. */
static void test_full_to_the_last(void **state)
{
    const struct shape *c = *state;
    struct fingerprint_set set;
    uint64_t *word;
    assert_true(fingerprint_set_init(&set, COUNT, c->tag_bits, c->with_word));
    for (uint64_t i = 0; i < COUNT; i++) {
        assert_int_equal(fingerprint_set_add(&set, nth_hash(i), &word), FINGERPRINT_NEW);
        if (c->with_word) {
            assert_int_equal(*word, 0);
            *word = i + 1;
        }
    }
    assert_int_equal(set.count, COUNT);
    assert_int_equal(fingerprint_set_add(&set, nth_hash(COUNT), &word), FINGERPRINT_SET_FULL);
    for (uint64_t i = 0; i < COUNT; i++) {
        assert_int_equal(fingerprint_set_add(&set, nth_hash(i), &word), FINGERPRINT_KNOWN);
        assert_true(!c->with_word || *word == i + 1);
    }
    assert_int_equal(set.count, COUNT);
    fingerprint_set_deinit(&set);
}

/* Hashes that differ in one half alone, among them what an empty slot looks like, all from the
 * same place. */
static void test_halves(void **state)
{
    const struct shape *c = *state;
    static const struct hash128 hashes[] = {
        {0, 0},
        {0, 1},
        {2, 0},
        {2, 1}
    };
    struct fingerprint_set set;
    uint64_t *word;
    uint64_t added = 0;
    assert_true(fingerprint_set_init(&set, 16, c->tag_bits, c->with_word));
    for (size_t i = 0; i < sizeof hashes / sizeof hashes[0]; i++) {
        added += fingerprint_set_add(&set, hashes[i], &word) == FINGERPRINT_NEW;
        assert_int_equal(fingerprint_set_add(&set, hashes[i], &word), FINGERPRINT_KNOWN);
    }
    assert_int_equal(added, c->tag_bits == 64 ? 2 : 4);
    fingerprint_set_deinit(&set);
}

/* n^2 / 2^(bits + 1), n rounded up to a power of two. */
static const struct bound {
    const char *name;
    uint64_t count;
    uint32_t tag_bits;
    int32_t log2;
} bounds[] = {
    {"nothing can be missed of one world",   1,                   64,  65},
    {"two worlds",                           2,                   64,  63},
    {"three count as four",                  3,                   64,  61},
    {"a million worlds by 64 bits",          UINT64_C(1) << 20,   64,  25},
    {"a million and one",                    (1 << 20) + 1,       64,  23},
    {"ten million worlds by 128 bits",       10452154,            128, 81},
    {"by 64 bits one may be missed of 2^33", (UINT64_C(1) << 33), 64,  -1},
};

static void test_bounds(void **state)
{
    const struct bound *c = *state;
    assert_int_equal(fingerprint_missed_log2(c->count, c->tag_bits), c->log2);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, test_full_to_the_last, shapes);
    CASES_ADD_TABLE(&cases, test_halves, shapes);
    CASES_ADD_TABLE(&cases, test_bounds, bounds);
    return cases_run("fingerprint_set", &cases);
}

/* test_text.c: views, comparisons and the bounded writer, by hand-worked cases.
 *
 * The writer is also given every capacity from 0 to more than enough, and must never write behind
 * it.
 */
#include "sim/text.h"
#include "tests/cases.h"

static void test_compare(void **state)
{
    (void)state;
    /* In order: a prefix first, then by unsigned bytes. */
    static const char *const sorted[] = {"", "a", "ab", "abc", "b", "\x7f", "\x80", "\xff"};
    int count = sizeof sorted / sizeof sorted[0];
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < count; k++) {
            int order = text_compare(text_from(sorted[i]), text_from(sorted[k]));
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
            assert_int_equal(text_equal(text_from(sorted[i]), text_from(sorted[k])), i == k);
        }
    }
}

static void test_views_may_hold_nul_and_nothing(void **state)
{
    (void)state;
    struct text none = {NULL, 0};
    assert_true(text_equal(none, TEXT("")));
    assert_int_equal(text_compare(none, TEXT("")), 0);
    assert_true(text_compare(none, TEXT("a")) < 0);
    assert_int_equal(TEXT("a\0b").size, 3);
    assert_false(text_equal(TEXT("a\0b"), TEXT("a\0c")));
    assert_true(text_compare(TEXT("a\0b"), TEXT("a\0c")) < 0);
}

static void test_starts_and_ends(void **state)
{
    (void)state;
    assert_true(text_starts(TEXT("manifest.json"), TEXT("mani")));
    assert_true(text_starts(TEXT("mani"), TEXT("mani")));
    assert_true(text_starts(TEXT("mani"), TEXT("")));
    assert_false(text_starts(TEXT("man"), TEXT("mani")));
    assert_false(text_starts(TEXT("many"), TEXT("mani")));
    assert_true(text_ends(TEXT("manifest.json"), TEXT(".json")));
    assert_true(text_ends(TEXT(".json"), TEXT(".json")));
    assert_true(text_ends(TEXT("x"), TEXT("")));
    assert_false(text_ends(TEXT("json"), TEXT(".json")));
    assert_false(text_ends(TEXT("a.jsom"), TEXT(".json")));
}

static void test_after_last(void **state)
{
    (void)state;
    assert_true(text_equal(text_after_last(TEXT("a/b/c"), '/'), TEXT("c")));
    assert_true(text_equal(text_after_last(TEXT("a/b/"), '/'), TEXT("")));
    assert_true(text_equal(text_after_last(TEXT("abc"), '/'), TEXT("abc")));
    assert_true(text_equal(text_after_last(TEXT(""), '/'), TEXT("")));
}

static const struct integer_case {
    const char *name; /* as written */
    int64_t value;
    unsigned width;
} integers[] = {
    {"0",                     0,         0 },
    {"7",                     7,         1 },
    {"007",                   7,         3 },
    {"1234",                  1234,      3 },
    {"-5",                    -5,        0 },
    {"-05",                   -5,        2 },
    {"00",                    0,         2 },
    {"9223372036854775807",   INT64_MAX, 0 },
    {"-9223372036854775808",  INT64_MIN, 0 },
    {"-09223372036854775808", INT64_MIN, 20},
    {"00000000000000000001",  1,         20},
};

static void test_integer(void **state)
{
    const struct integer_case *c = *state;
    char buffer[32];
    struct text_writer w = text_writer(buffer, sizeof buffer);
    text_put_integer(&w, c->value, c->width);
    assert_string_equal(text_writer_string(&w), c->name);
    assert_false(w.overflowed);
}

static void test_every_capacity(void **state)
{
    (void)state;
    static const char whole[] = "date=2026-01-30!";

    enum { SIZE = sizeof whole - 1 };

    for (size_t capacity = 0; capacity <= SIZE + 2; capacity++) {
        char buffer[SIZE + 8];
        memset(buffer, '#', sizeof buffer);
        struct text_writer w = text_writer(buffer, capacity);
        text_put(&w, TEXT("date="));
        text_put_integer(&w, 2026, 4);
        text_put(&w, TEXT("-01-30"));
        text_put_char(&w, '!');
        size_t size = capacity < SIZE ? capacity : SIZE;
        assert_true(text_equal(text_written(&w), (struct text){whole, size}));
        assert_int_equal(w.overflowed, capacity < SIZE);
        assert_int_equal(buffer[capacity], '#');
        if (capacity > 0) {
            (void)text_writer_string(&w);
            assert_int_equal(w.overflowed, capacity <= SIZE);
            assert_int_equal(strlen(buffer), capacity <= SIZE ? capacity - 1 : SIZE);
            assert_int_equal(buffer[capacity], '#');
        }
    }
}

int main(void)
{
    struct cases cases = {0};
    CASES_ADD(&cases, test_compare);
    CASES_ADD(&cases, test_views_may_hold_nul_and_nothing);
    CASES_ADD(&cases, test_starts_and_ends);
    CASES_ADD(&cases, test_after_last);
    CASES_ADD_TABLE(&cases, test_integer, integers);
    CASES_ADD(&cases, test_every_capacity);
    return cases_run("text", &cases);
}

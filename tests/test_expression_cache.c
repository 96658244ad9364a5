/* test_expression_cache.c: what makes two requests the same expression; which one goes when all
 * room is taken; and that nothing is allocated to find one again.
 */
#include "tests/cases.h"
#include "tests/document.h"

#include "model/dynamodb/expression_cache.h"
#include "sim/random.h"

#include <malloc.h>
#include <stdio.h>

static const char *const NAMES[] = {"#a", "a", NULL};
static const char *const VALUES[] = {":x", ":y", NULL};

static const struct expression *get(struct expression_cache *c, const char *text,
                                    const struct value *literals, struct error *error)
{
    struct expression_source source = {text, NAMES, VALUES, literals};
    return expression_cache_get(c, EXPRESSION_CONDITION, &source, error);
}

static void the_same_is_found_again(void **state)
{
    (void)state;
    struct error error;
    char copy[] = "#a = :x";
    static const char *const other_names[] = {"#a", "b", NULL};
    static const char *const more_names[] = {"#a", "a", "#b", "b", NULL};
    static const char *const turned_values[] = {":y", ":x", NULL};
    struct expression_cache *c = expression_cache_open(16);
    const struct value numbers[] = {value_n(1), value_n(2)};
    const struct value other_numbers[] = {value_n(3), value_n(4)};
    const struct value mixed[] = {value_n(1), value_s(TEXT("2"))};
    const struct expression *e = get(c, "#a = :x", NULL, &error);
    assert_non_null(e);
    assert_ptr_equal(get(c, copy, NULL, &error), e);
    struct expression_source sources[] = {
        {"#a  = :x", NAMES,       VALUES,        NULL   },
        {copy,       other_names, VALUES,        NULL   },
        {copy,       more_names,  VALUES,        NULL   },
        {copy,       NAMES,       turned_values, NULL   },
        {copy,       NAMES,       VALUES,        numbers},
        {copy,       NAMES,       VALUES,        mixed  },
    };
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        const struct expression *other =
            expression_cache_get(c, EXPRESSION_CONDITION, &sources[i], &error);
        assert_non_null(other);
        assert_ptr_not_equal(other, e);
        assert_int_equal(expression_cache_count(c).kept, 2 + i);
        assert_ptr_equal(expression_cache_get(c, EXPRESSION_CONDITION, &sources[i], &error), other);
    }
    const struct expression *typed = get(c, copy, numbers, &error);
    assert_ptr_equal(get(c, copy, other_numbers, &error), typed);
    struct expression_source filter = {copy, NAMES, VALUES, NULL};
    assert_ptr_not_equal(expression_cache_get(c, EXPRESSION_FILTER, &filter, &error), e);
    assert_int_equal(expression_cache_count(c).misses, 8);
    assert_int_equal(expression_cache_count(c).hits, 9);
    expression_cache_close(c);
}

static void what_is_refused_is_not_kept(void **state)
{
    (void)state;
    struct error error;
    struct expression_cache *c = expression_cache_open(4);
    const struct value rising[] = {value_n(1), value_n(2)};
    const struct value falling[] = {value_n(2), value_n(1)};
    static const char *const text = "a BETWEEN :x AND :y";
    assert_null(get(c, "a =", NULL, &error));
    assert_int_equal(expression_cache_count(c).kept, 0);
    assert_null(get(c, text, falling, &error));
    assert_int_equal(expression_cache_count(c).kept, 0);
    assert_non_null(get(c, text, rising, &error));
    assert_int_equal(expression_cache_count(c).kept, 1);
    assert_null(get(c, text, falling, &error));
    assert_int_equal(expression_cache_count(c).hits, 1);
    assert_string_equal(
        error.message,
        "Invalid ConditionExpression: The BETWEEN operator requires upper bound to be "
        "greater than or equal to lower bound; lower bound operand: AttributeValue: "
        "{N:2}, upper bound operand: AttributeValue: {N:1}");
    expression_cache_close(c);
}

/* Against a list of the texts in the order of their last use. */
static void the_one_longest_not_asked_for_goes(void **state)
{
    (void)state;

    enum { CAPACITY = 5, TEXTS = 9, ROUNDS = 4000 };
    struct error error;
    struct random_stream random = random_stream(9, TEXT("cache"));
    struct expression_cache *c = expression_cache_open(CAPACITY);
    int used[TEXTS] = {0}; /* when last; 0: never */
    uint64_t hits = 0;
    for (int round = 1; round <= ROUNDS; round++) {
        int i = (int)random_below(&random, TEXTS);
        int newer = 0;
        char text[32];
        for (int k = 0; k < TEXTS; k++) {
            newer += used[k] > used[i];
        }
        hits += used[i] > 0 && newer < CAPACITY;
        (void)snprintf(text, sizeof text, "a%d = :x AND b%d = :y", i, i);
        const struct expression *e = get(c, text, NULL, &error);
        (void)snprintf(text, sizeof text, "a%d", i);
        assert_true(expression_names(e, text_from(text)));
        assert_int_equal(expression_cache_count(c).hits, hits);
        used[i] = round;
    }
    assert_int_equal(expression_cache_count(c).kept, CAPACITY);
    assert_true(hits > ROUNDS / 3 && hits < ROUNDS * 2 / 3);
    expression_cache_close(c);
}

static void a_hit_allocates_nothing(void **state)
{
    (void)state;
    struct error error;
    struct expression_cache *c = expression_cache_open(2);
    const struct expression *e = get(c, "a = :x", NULL, &error);
    size_t before = mallinfo2().uordblks;
    for (int i = 0; i < 100; i++) {
        assert_ptr_equal(get(c, "a = :x", NULL, &error), e);
    }
    assert_int_equal(mallinfo2().uordblks, before);
    expression_cache_close(c);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, the_same_is_found_again);
    CASES_ADD(&cases, what_is_refused_is_not_kept);
    CASES_ADD(&cases, the_one_longest_not_asked_for_goes);
    CASES_ADD(&cases, a_hit_allocates_nothing);
    return cases_run("the cache of expressions", &cases);
}

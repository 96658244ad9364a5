/* test_number.c: DynamoDB's numbers: what is read, refused, written, compared, added and counted.
 *
 * Golden tables for the limits and the messages (DDB-NUMBER-1, DDB-NUMBER-2, DDB-SIZE-1), and sums
 * of random numbers checked against 64-bit integers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/dynamodb/number.h"
#include "sim/random.h"

#define NINES_38 "99999999999999999999999999999999999999"
#define ZEROS_10 "0000000000"
#define ZEROS_100                                                                                  \
    ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10
#define CANNOT "The parameter cannot be converted to a numeric value: "
#define OVER                                                                                       \
    "Number overflow. Attempting to store a number with magnitude larger than supported range"
#define UNDER                                                                                      \
    "Number underflow. Attempting to store a number with magnitude smaller than supported range"
#define MINUS_38_NINES "-99999999999999999999999999999999999999"
#define ONE_AND_38_NINES "199999999999999999999999999999999999999"
#define LONG "Attempting to store more than 38 significant digits in a Number"

static struct number parsed(const char *text)
{
    struct number n;
    struct error error = {.message = ""};
    if (number_parse(text_from(text), &n, &error) != STATUS_OK) {
        fail_msg("%s: %s", text, error.message);
    }
    return n;
}

static const char *written(const struct number *n, char buffer[NUMBER_TEXT_MAX + 1])
{
    struct text_writer w = text_writer(buffer, NUMBER_TEXT_MAX + 1);
    text_put_number(&w, n);
    assert_false(w.overflowed);
    return text_writer_string(&w);
}

/* A text, and what it is stored as, or why it is refused. */
struct parse_case {
    const char *text, *stored, *refused;
    uint32_t size;
};

static struct parse_case parse_cases[] = {
    {"0",                                            "0",                                         NULL,           1 },
    {"-0.00",                                        "0",                                         NULL,           1 },
    {"1",                                            "1",                                         NULL,           2 },
    {"1.0",                                          "1",                                         NULL,           2 },
    {"+7",                                           "7",                                         NULL,           2 },
    {"-12",                                          "-12",                                       NULL,           3 },
    {"0012.3400",                                    "12.34",                                     NULL,           3 },
    {".5",                                           "0.5",                                       NULL,           2 },
    {"5.",                                           "5",                                         NULL,           2 },
    {"3.5",                                          "3.5",                                       NULL,           3 },
    {"1769763600",                                   "1769763600",                                NULL,           5 },
    {"1e2",                                          "100",                                       NULL,           2 },
    {"123E-5",                                       "0.00123",                                   NULL,           3 },
    {"-1.5e+3",                                      "-1500",                                     NULL,           3 },
    {NINES_38,                                       NINES_38,                                    NULL,           20},
    {NINES_38 ZEROS_10,                              NINES_38 ZEROS_10,                           NULL,           20},
    {"0.000" NINES_38,                               "0.000" NINES_38,                            NULL,           21},
    {"9.9999999999999999999999999999999999999E+125",
     NINES_38 ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10 ZEROS_10 "00000000",
     NULL,                                                                                                        20},
    {"1E-130",
     "0." ZEROS_100 ZEROS_10 ZEROS_10 "000000000"
     "1",                                                                                         NULL,           2 },
    {"0E500",                                        "0",                                         NULL,           1 },
    {"1E126",                                        NULL,                                        OVER,           0 },
    {"-1E126",                                       NULL,                                        OVER,           0 },
    {"1E99999999999",                                NULL,                                        OVER,           0 },
    {"1E-131",                                       NULL,                                        UNDER,          0 },
    {"1E-99999999999",                               NULL,                                        UNDER,          0 },
    {ONE_AND_38_NINES,                               NULL,                                        LONG,           0 },
    {"100000000000000000000000000000000000001.5",    NULL,                                        LONG,           0 },
    {"",                                             NULL,                                        CANNOT,         0 },
    {"abc",                                          NULL,                                        CANNOT "abc",   0 },
    {"1 ",                                           NULL,                                        CANNOT "1 ",    0 },
    {"--1",                                          NULL,                                        CANNOT "--1",   0 },
    {"1e",                                           NULL,                                        CANNOT "1e",    0 },
    {"1.2.3",                                        NULL,                                        CANNOT "1.2.3", 0 },
    {"0x10",                                         NULL,                                        CANNOT "0x10",  0 },
    {"NaN",                                          NULL,                                        CANNOT "NaN",   0 },
};

static void is_read_and_written(void **state)
{
    const struct parse_case *c = *state;
    struct number n;
    struct error error = {.message = ""};
    char buffer[NUMBER_TEXT_MAX + 1];
    enum status status = number_parse(text_from(c->text), &n, &error);
    if (c->refused != NULL) {
        assert_int_equal(status, STATUS_BAD_INPUT);
        assert_string_equal(error.message, c->refused);
        return;
    }
    assert_int_equal(status, STATUS_OK);
    assert_string_equal(written(&n, buffer), c->stored);
    assert_int_equal(number_size(&n), c->size);
    struct number again = parsed(c->stored);
    assert_memory_equal(&again, &n, sizeof n);
}

static void order_is_numeric(void **state)
{
    (void)state;
    static const char *const rising[] = {"-1E125",
                                         MINUS_38_NINES,
                                         "-100",
                                         "-12.5",
                                         "-12",
                                         "-1E-130",
                                         "0",
                                         "1E-130",
                                         "0.1",
                                         "0.11",
                                         "1",
                                         "1.5",
                                         "2",
                                         "10",
                                         "9223372036854775807",
                                         "9223372036854775808",
                                         NINES_38,
                                         "1E38",
                                         "9E124",
                                         "1E125"};
    for (size_t i = 0; i < sizeof rising / sizeof rising[0]; i++) {
        for (size_t k = 0; k < sizeof rising / sizeof rising[0]; k++) {
            struct number a = parsed(rising[i]);
            struct number b = parsed(rising[k]);
            int order = number_compare(&a, &b);
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
        }
    }
}

struct sum_case {
    const char *a, *b, *sum, *refused;
};

static struct sum_case sum_cases[] = {
    {"1",        "2",          "3",                                       NULL },
    {"0",        "-5",         "-5",                                      NULL },
    {"5",        "-5",         "0",                                       NULL },
    {"0.1",      "0.2",        "0.3",                                     NULL },
    {"99",       "1",          "100",                                     NULL },
    {"1E37",     "1",          "10000000000000000000000000000000000001",  NULL },
    {"1E38",     "1",          NULL,                                      LONG },
    {"1E38",     "-" NINES_38, "1",                                       NULL },
    {"1E125",    "1E-130",     NULL,                                      LONG },
    {NINES_38,   "1",          "1" ZEROS_10 ZEROS_10 ZEROS_10 "00000000", NULL },
    {NINES_38,   NINES_38,     NULL,                                      LONG },
    {"9E125",    "9E125",      NULL,                                      OVER },
    {"-9E125",   "-9E125",     NULL,                                      OVER },
    {"1.1E-130", "-1E-130",    NULL,                                      UNDER},
};

static void adds_exactly_or_refuses(void **state)
{
    const struct sum_case *c = *state;
    char buffer[NUMBER_TEXT_MAX + 1];
    struct number a = parsed(c->a);
    struct number b = parsed(c->b);
    struct number sum;
    struct error error = {.message = ""};
    enum status status = number_add(&a, &b, &sum, &error);
    if (c->refused != NULL) {
        assert_int_equal(status, STATUS_BAD_INPUT);
        assert_string_equal(error.message, c->refused);
        return;
    }
    assert_int_equal(status, STATUS_OK);
    assert_string_equal(written(&sum, buffer), c->sum);
    struct number back;
    assert_int_equal(number_subtract(&sum, &b, &back, NULL), STATUS_OK);
    assert_memory_equal(&back, &a, sizeof a);
}

static void integers_go_through_unchanged(void **state)
{
    (void)state;
    struct random_stream random = random_stream(1, TEXT("integers"));
    for (int i = 0; i < 20000; i++) {
        int64_t x = (int64_t)random_next(&random) >> (2 + random_below(&random, 60));
        int64_t y = (int64_t)random_next(&random) >> (2 + random_below(&random, 60));
        struct number a = number_from(x);
        struct number b = number_from(y);
        struct number sum;
        int64_t value;
        assert_int_equal(number_add(&a, &b, &sum, NULL), STATUS_OK);
        assert_true(number_integer(&sum, &value) && value == x + y);
        assert_int_equal(number_subtract(&a, &b, &sum, NULL), STATUS_OK);
        assert_true(number_integer(&sum, &value) && value == x - y);
        int order = number_compare(&a, &b);
        assert_int_equal((order > 0) - (order < 0), (x > y) - (x < y));
    }
}

static void an_integer_is_told_from_the_rest(void **state)
{
    (void)state;
    int64_t value;
    struct number n = number_from(INT64_MIN);
    assert_true(number_integer(&n, &value) && value == INT64_MIN);
    n = number_from(INT64_MAX);
    assert_true(number_integer(&n, &value) && value == INT64_MAX);
    static const char *const others[] = {"0.5", "9223372036854775808", "-9223372036854775809",
                                         "1E19", "1E-1"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        n = parsed(others[i]);
        assert_false(number_integer(&n, &value));
    }
}

/* The sortable form orders as the numbers do, and gives them back. Each pair of neighbours below is
 * one way to go wrong: a longer number behind a shorter one, a digit pair of zeros, the limits. */
static void the_sortable_form_orders_and_comes_back(void **state)
{
    (void)state;
    static const char *const rising[] = {
        "-9.9999999999999999999999999999999999999E+125",
        "-1E+125",
        "-100",
        "-99.5",
        "-1.05",
        "-1.0005",
        "-1.00005",
        "-1",
        "-0.5",
        "-1E-130",
        "0",
        "1E-130",
        "1.1E-130",
        "0.09",
        "0.1",
        "1",
        "1.00005",
        "1.0005",
        "1.05",
        "1.5",
        "9.9",
        "10",
        "10.01",
        "99",
        "100",
        "1769763600",
        NINES_38,
        "1E+125",
        "9.9999999999999999999999999999999999999E+125",
    };
    struct text last = {"", 0};
    char bytes[2][NUMBER_SORTABLE_MAX] = {{0}};
    for (size_t i = 0; i < sizeof rising / sizeof rising[0]; i++) {
        struct number n = parsed(rising[i]);
        struct number back;
        struct text sortable = {bytes[i % 2], number_sortable(&n, bytes[i % 2])};
        if (text_compare(last, sortable) >= 0) {
            fail_msg("%s does not come behind what is before it", rising[i]);
        }
        assert_true(number_from_sortable(sortable, &back));
        assert_memory_equal(&back, &n, sizeof n);
        last = sortable;
    }
}

static struct number random_number(struct random_stream *random)
{
    char text[64];
    struct text_writer w = text_writer(text, sizeof text);
    text_put(&w, random_below(random, 2) ? TEXT("-") : TEXT(""));
    for (uint64_t i = random_below(random, 8); i < 8; i++) {
        text_put_char(&w,
                      (char)('0' + (random_below(random, 3) > 0 ? random_below(random, 10) : 0)));
    }
    text_put_char(&w, 'E');
    text_put_integer(&w, (int64_t)random_below(random, 6) - 3, 1);
    return parsed(text_writer_string(&w));
}

static void random_numbers_sort_as_they_compare(void **state)
{
    (void)state;
    struct random_stream random = random_stream(5, TEXT("sortable"));
    for (int i = 0; i < 20000; i++) {
        struct number a = random_number(&random);
        struct number b = random_number(&random);
        char x[NUMBER_SORTABLE_MAX];
        char y[NUMBER_SORTABLE_MAX];
        int bytes = text_compare((struct text){x, number_sortable(&a, x)},
                                 (struct text){y, number_sortable(&b, y)});
        int order = number_compare(&a, &b);
        assert_int_equal((bytes > 0) - (bytes < 0), (order > 0) - (order < 0));
    }
}

static void what_is_no_sortable_form_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "\2\1",        /* zero and more */
        "\4\202\13",   /* no sign */
        "\3\202",      /* no digits */
        "\3\202\1\13", /* begins with the digits 00 */
        "\3\202\12",   /* and with 09 */
        "\3\202\13\1", /* ends in 00 */
        "\3\202\146",  /* the pair 101 */
        "\1\175\364",  /* negative, without its end */
        "\3\202\13\13\13\13\13\13\13\13\13\13\13\13\13\13\13\13\13\13\13\13", /* 40 digits */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct number n;
        if (number_from_sortable(text_from(wrong[i]), &n)) {
            fail_msg("row %zu was taken", i);
        }
    }
}

int main(void)
{
    enum { PARSES = sizeof parse_cases / sizeof parse_cases[0] };

    enum { SUMS = sizeof sum_cases / sizeof sum_cases[0] };
    struct CMUnitTest tests[PARSES + SUMS + 6];
    for (size_t i = 0; i < PARSES; i++) {
        tests[i] = (struct CMUnitTest){parse_cases[i].text, is_read_and_written, NULL, NULL,
                                       &parse_cases[i]};
    }
    for (size_t i = 0; i < SUMS; i++) {
        tests[PARSES + i] =
            (struct CMUnitTest){sum_cases[i].a, adds_exactly_or_refuses, NULL, NULL, &sum_cases[i]};
    }
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(order_is_numeric),
        cmocka_unit_test(integers_go_through_unchanged),
        cmocka_unit_test(an_integer_is_told_from_the_rest),
        cmocka_unit_test(the_sortable_form_orders_and_comes_back),
        cmocka_unit_test(random_numbers_sort_as_they_compare),
        cmocka_unit_test(what_is_no_sortable_form_is_refused),
    };
    memcpy(tests + PARSES + SUMS, others, sizeof others);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

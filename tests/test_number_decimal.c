/* test_number_decimal.c: numbers against Python's decimal.
 *
 * decimal_pairs.py draws pairs of numbers over the whole range, many of them at its edges (38
 * digits, the largest and smallest magnitude, halves, carries, differences in the last digit, every
 * way to write one), and says what decimal makes of them. Read here, they must come to the same:
 * the text that is returned, or the refusal; the order, the sum, the difference. The sortable form
 * orders as decimal does and leads back. Sources: DDB-NUMBER-1, DDB-NUMBER-2.
 *
 *   test_number_decimal             50 000 pairs
 *   test_number_decimal COUNT SEED  as many as you like; prints what was compared
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/dynamodb/number.h"

#include <stdio.h>
#include <stdlib.h>

enum { FIELDS = 7, LINE_BYTES = 8192 };

/* What was compared. */
struct tally {
    uint64_t pairs, numbers_refused, results_refused;
};

/* The letter of a refusal, by the words that DynamoDB has for it. */
static char refusal(const struct error *error)
{
    if (strstr(error->message, "overflow") != NULL) {
        return 'O';
    }
    if (strstr(error->message, "underflow") != NULL) {
        return 'U';
    }
    return strstr(error->message, "38 significant digits") != NULL ? 'L' : '?';
}

/* Whether a number, or its refusal, is what decimal says; of two reasons to refuse one is told. */
static bool as_told(enum status status, const struct number *number, const struct error *error,
                    const char *told)
{
    if (status != STATUS_OK) {
        return strchr(told, refusal(error)) != NULL;
    }
    char buffer[NUMBER_TEXT_MAX];
    struct text_writer w = text_writer(buffer, sizeof buffer);
    text_put_number(&w, number);
    return !w.overflowed && text_equal(text_written(&w), text_from(told));
}

static int sign_of(int order)
{
    return (order > 0) - (order < 0);
}

/* Whether the sortable forms order as the numbers do, and lead back to them. */
static bool sorts(const struct number n[2], int order)
{
    char bytes[2][NUMBER_SORTABLE_MAX] = {{0}};
    struct text form[2];
    for (int i = 0; i < 2; i++) {
        struct number back;
        form[i] = (struct text){bytes[i], number_sortable(&n[i], bytes[i])};
        if (!number_from_sortable(form[i], &back) || memcmp(&back, &n[i], sizeof back) != 0) {
            return false;
        }
    }
    return sign_of(text_compare(form[0], form[1])) == order;
}

/* Compares one line; returns what differs, NULL if nothing does. */
static const char *compare(char *field[FIELDS], struct tally *tally)
{
    struct number n[2];
    struct number result;
    struct error error;
    enum status status[2];
    for (int i = 0; i < 2; i++) {
        status[i] = number_parse(text_from(field[i]), &n[i], &error);
        tally->numbers_refused += status[i] != STATUS_OK;
        if (!as_told(status[i], &n[i], &error, field[2 + i])) {
            return i == 0 ? "first number" : "second number";
        }
    }
    if (status[0] != STATUS_OK || status[1] != STATUS_OK) {
        return NULL;
    }
    int order = atoi(field[4]);
    if (sign_of(number_compare(&n[0], &n[1])) != order) {
        return "order";
    }
    if (!sorts(n, order)) {
        return "sortable form";
    }
    status[0] = number_add(&n[0], &n[1], &result, &error);
    if (!as_told(status[0], &result, &error, field[5])) {
        return "sum";
    }
    status[1] = number_subtract(&n[0], &n[1], &result, &error);
    tally->results_refused += status[0] != STATUS_OK;
    tally->results_refused += status[1] != STATUS_OK;
    return as_told(status[1], &result, &error, field[6]) ? NULL : "difference";
}

static bool split(char *line, char *field[FIELDS])
{
    char *rest = NULL;
    for (int i = 0; i < FIELDS; i++) {
        field[i] = strtok_r(i == 0 ? line : NULL, " \n", &rest);
        if (field[i] == NULL) {
            return false;
        }
    }
    return true;
}

/* Compares so many pairs; false, with the line, at the first that differs. */
static bool compare_all(uint64_t count, uint64_t seed, struct tally *tally)
{
    static char line[LINE_BYTES];
    static char copy[LINE_BYTES];
    char *field[FIELDS];
    const char *wrong = NULL;
    (void)snprintf(line, sizeof line, "python3 tests/decimal_pairs.py %llu %llu",
                   (unsigned long long)count, (unsigned long long)seed);
    FILE *numbers = popen(line, "r");
    while (wrong == NULL && numbers != NULL && fgets(line, sizeof line, numbers) != NULL) {
        memcpy(copy, line, sizeof copy);
        wrong = split(line, field) ? compare(field, tally) : "line";
        tally->pairs++;
    }
    if (wrong != NULL) {
        (void)fprintf(stderr, "%s of: %s", wrong, copy);
    }
    int status = numbers != NULL ? pclose(numbers) : -1;
    return wrong == NULL && status == 0 && tally->pairs == count;
}

static void agrees_with_decimal(void **state)
{
    (void)state;
    struct tally tally = {0};
    assert_true(compare_all(50000, 1, &tally));
    assert_true(tally.numbers_refused > 1000);
    assert_true(tally.results_refused > 1000);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        {"50 000 pairs agree with Python's decimal", agrees_with_decimal, NULL, NULL, NULL},
    };
    if (argc != 3) {
        return cmocka_run_group_tests(tests, NULL, NULL);
    }
    struct tally tally = {0};
    bool agree = compare_all(strtoull(argv[1], NULL, 10), strtoull(argv[2], NULL, 10), &tally);
    printf("%llu pairs compared, %llu numbers and %llu sums and differences refused by both: %s\n",
           (unsigned long long)tally.pairs, (unsigned long long)tally.numbers_refused,
           (unsigned long long)tally.results_refused, agree ? "agreement" : "DISAGREE");
    return agree ? 0 : 1;
}

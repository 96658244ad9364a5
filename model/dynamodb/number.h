/* number.h: DynamoDB numbers: exact decimals of up to 38 significant digits.
 *
 * Magnitudes from 1E-130 to 9.99...E+125 (38 nines); what has more digits or lies outside is
 * refused, not rounded. A number is kept normalised (no trailing zero digit in the coefficient), so
 * equal numbers are equal structs. Source: DDB-NUMBER-1 in docs/sources.md.
 */
#ifndef LOCKSTEP_MODEL_DYNAMODB_NUMBER_H
#define LOCKSTEP_MODEL_DYNAMODB_NUMBER_H

#include "sim/status.h"
#include "sim/text.h"

#include <stdbool.h>
#include <stdint.h>

/* sign * coefficient * 10^exponent; the coefficient is high * 2^64 + low, below 10^38. */
struct number {
    uint64_t low, high;
    int16_t exponent;
    int8_t sign; /* -1, 0, 1; 0 exactly for zero */
    uint8_t unused[5];
};

struct number number_from(int64_t value);

/* Reads "3.5", "-12", "1E+5"; STATUS_BAD_INPUT with DynamoDB's reason otherwise. */
enum status number_parse(struct text text, struct number *number, struct error *error);

/* The form in which DynamoDB returns it: plain decimal digits, however many (at most
 * NUMBER_TEXT_MAX). Source: DDB-NUMBER-2. */
enum { NUMBER_TEXT_MAX = 172 };

void text_put_number(struct text_writer *w, const struct number *number);

/* Less than, equal to or greater than 0. */
int number_compare(const struct number *a, const struct number *b);

/* Exact sum and difference; STATUS_BAD_INPUT where the result needs more than 38 digits or
 * overflows. */
enum status number_add(const struct number *a, const struct number *b, struct number *sum,
                       struct error *error);
enum status number_subtract(const struct number *a, const struct number *b, struct number *rest,
                            struct error *error);

/* Bytes that order as the numbers do, compared as unsigned bytes with a prefix first, and are equal
 * where those are. Returns how many there are; never 0. */
enum { NUMBER_SORTABLE_MAX = 22 };

uint32_t number_sortable(const struct number *number, char bytes[NUMBER_SORTABLE_MAX]);

/* The number that has these bytes; false where none has. */
bool number_from_sortable(struct text bytes, struct number *number);

/* The value as an integer; false where it is not one, or does not fit. */
bool number_integer(const struct number *number, int64_t *value);

/* Bytes that DynamoDB counts for it. Source: DDB-SIZE-1. */
uint32_t number_size(const struct number *number);

#endif

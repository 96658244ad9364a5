/* number.c: see number.h. */
#include "model/dynamodb/number.h"

#include "sim/assert.h"

__extension__ typedef unsigned __int128 coefficient_t;

enum {
    DIGITS_MAX = 38,
    MAGNITUDE_MAX = 125, /* decimal exponent of the first digit */
    MAGNITUDE_MIN = -130,
    EXPONENT_LIMIT = 100000 /* beyond it a written exponent is out of range whatever it says */
};

static const char OVERFLOW[] = "Number overflow. Attempting to store a number with magnitude "
                               "larger than supported range";
static const char UNDERFLOW[] = "Number underflow. Attempting to store a number with magnitude "
                                "smaller than supported range";
static const char TOO_LONG[] = "Attempting to store more than 38 significant digits in a Number";

static const uint64_t POWERS[] = {1,
                                  10,
                                  100,
                                  1000,
                                  10000,
                                  100000,
                                  1000000,
                                  10000000,
                                  100000000,
                                  1000000000,
                                  10000000000,
                                  100000000000,
                                  1000000000000,
                                  10000000000000,
                                  100000000000000,
                                  1000000000000000,
                                  10000000000000000,
                                  100000000000000000,
                                  1000000000000000000,
                                  10000000000000000000U};

/* 10^n, 0 <= n <= 38. */
static coefficient_t power(unsigned n)
{
    ASSERT(n <= DIGITS_MAX);
    return n <= 19 ? POWERS[n] : (coefficient_t)POWERS[19] * POWERS[n - 19];
}

static coefficient_t coefficient(const struct number *n)
{
    return (coefficient_t)n->high << 64 | n->low;
}

/* Decimal digits of `c`; 0 for 0. The bit length times log10(2) is right or one too few. */
static int digits(coefficient_t c)
{
    uint64_t high = (uint64_t)(c >> 64);
    uint64_t low = (uint64_t)c;
    if (c == 0) {
        return 0;
    }
    int bits = high != 0 ? 128 - __builtin_clzll(high) : 64 - __builtin_clzll(low);
    int estimate = bits * 1233 >> 12;
    return estimate + (c >= power((unsigned)estimate));
}

/* Decimal exponent of the first digit: the e of d.ddd * 10^e. */
static int magnitude(const struct number *n)
{
    return n->exponent + digits(coefficient(n)) - 1;
}

static struct number normalised(int sign, coefficient_t c, int exponent)
{
    if (c == 0) {
        return (struct number){0};
    }
    while (c % 10 == 0) {
        c /= 10;
        exponent++;
    }
    return (struct number){.low = (uint64_t)c,
                           .high = (uint64_t)(c >> 64),
                           .exponent = (int16_t)exponent,
                           .sign = (int8_t)sign};
}

/* Normalises what was read or computed and holds it to DynamoDB's limits. Source: DDB-NUMBER-1. */
static enum status checked(int sign, coefficient_t c, int exponent, struct number *number,
                           struct error *error)
{
    struct number n = normalised(sign, c, exponent);
    if (n.sign != 0 && magnitude(&n) > MAGNITUDE_MAX) {
        return error_set(error, STATUS_BAD_INPUT, "%s", OVERFLOW);
    }
    if (n.sign != 0 && magnitude(&n) < MAGNITUDE_MIN) {
        return error_set(error, STATUS_BAD_INPUT, "%s", UNDERFLOW);
    }
    if (coefficient(&n) >= power(DIGITS_MAX)) {
        return error_set(error, STATUS_BAD_INPUT, "%s", TOO_LONG);
    }
    *number = n;
    return STATUS_OK;
}

struct number number_from(int64_t value)
{
    if (value == 0) {
        return (struct number){0};
    }
    uint64_t c = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    int exponent = 0;
    while (c % 10 == 0) {
        c /= 10;
        exponent++;
    }
    return (struct number){
        .low = c, .exponent = (int16_t)exponent, .sign = (int8_t)(value < 0 ? -1 : 1)};
}

/* A number as it is being read: significant digits so far, and zeros that may yet turn out to
 * trail. */
struct reading {
    coefficient_t coefficient;
    int digits, zeros, places; /* places: digits behind the point */
    bool any, negative;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void read_digit(struct reading *r, char c)
{
    r->any = true;
    if (c == '0') {
        r->zeros += r->digits > 0;
        return;
    }
    for (r->digits += r->zeros; r->zeros > 0; r->zeros--) {
        r->coefficient = r->digits <= DIGITS_MAX ? r->coefficient * 10 : r->coefficient;
    }
    r->digits++;
    if (r->digits <= DIGITS_MAX) {
        r->coefficient = r->coefficient * 10 + (unsigned)(c - '0');
    }
}

/* Reads [+-]digits[.digits]; returns how much of the text it took. */
static size_t read_mantissa(struct reading *r, struct text text)
{
    size_t i = 0;
    bool point = false;
    if (i < text.size && (text.at[i] == '-' || text.at[i] == '+')) {
        r->negative = text.at[i++] == '-';
    }
    for (; i < text.size; i++) {
        char c = text.at[i];
        if (is_digit(c)) {
            read_digit(r, c);
            r->places += point;
        } else if (c == '.' && !point) {
            point = true;
        } else {
            break;
        }
    }
    return i;
}

/* Reads e[+-]digits up to the end of the text; false where it is something else. */
static bool read_exponent(struct text text, int *exponent)
{
    size_t i = 1;
    bool negative = false;
    *exponent = 0;
    if (text.size == 0) {
        return true;
    }
    if (text.at[0] != 'e' && text.at[0] != 'E') {
        return false;
    }
    if (i < text.size && (text.at[i] == '-' || text.at[i] == '+')) {
        negative = text.at[i++] == '-';
    }
    if (i == text.size) {
        return false;
    }
    for (; i < text.size && is_digit(text.at[i]); i++) {
        *exponent = *exponent > EXPONENT_LIMIT ? *exponent : *exponent * 10 + (text.at[i] - '0');
    }
    *exponent = negative ? -*exponent : *exponent;
    return i == text.size;
}

enum status number_parse(struct text text, struct number *number, struct error *error)
{
    struct reading r = {0};
    int exponent;
    size_t used = text.size > EXPONENT_LIMIT ? 0 : read_mantissa(&r, text);
    if (!r.any || !read_exponent((struct text){text.at + used, text.size - used}, &exponent)) {
        return error_set(error, STATUS_BAD_INPUT,
                         "The parameter cannot be converted to a numeric value: %.*s",
                         (int)(text.size < 100 ? text.size : 100), text.at);
    }
    if (r.digits == 0) {
        *number = (struct number){0};
        return STATUS_OK;
    }
    /* The exponent of the last significant digit; the digits beyond 38 were counted, not kept. */
    exponent += r.zeros - r.places;
    int first = exponent + r.digits - 1;
    if (r.digits > DIGITS_MAX && first <= MAGNITUDE_MAX && first >= MAGNITUDE_MIN) {
        return error_set(error, STATUS_BAD_INPUT, "%s", TOO_LONG);
    }
    if (first > MAGNITUDE_MAX || first < MAGNITUDE_MIN) {
        return error_set(error, STATUS_BAD_INPUT, "%s",
                         first > MAGNITUDE_MAX ? OVERFLOW : UNDERFLOW);
    }
    return checked(r.negative ? -1 : 1, r.coefficient, exponent, number, error);
}

static void put_zeros(struct text_writer *w, int count)
{
    for (; count > 0; count--) {
        text_put_char(w, '0');
    }
}

void text_put_number(struct text_writer *w, const struct number *number)
{
    char reversed[DIGITS_MAX + 1];
    int count = 0;
    for (coefficient_t c = coefficient(number); c > 0; c /= 10) {
        reversed[count++] = (char)('0' + (int)(c % 10));
    }
    if (number->sign < 0) {
        text_put_char(w, '-');
    }
    int whole = count + number->exponent; /* digits in front of the point; may be negative */
    if (whole <= 0) {
        text_put_char(w, '0');
    }
    if (count > 0 && whole <= 0) {
        text_put_char(w, '.');
        put_zeros(w, -whole);
    }
    for (int i = 0; i < count; i++) {
        if (i > 0 && i == whole) {
            text_put_char(w, '.');
        }
        text_put_char(w, reversed[count - 1 - i]);
    }
    put_zeros(w, count > 0 ? number->exponent : 0);
}

/* Compares magnitudes of numbers that are not zero. */
static int compare_absolute(const struct number *a, const struct number *b)
{
    int order = magnitude(a) - magnitude(b);
    if (order != 0) {
        return order;
    }
    /* As many digits in front of the point: scaled to the lower exponent, both are below 10^38. */
    coefficient_t x = coefficient(a);
    coefficient_t y = coefficient(b);
    if (a->exponent > b->exponent) {
        x *= power((unsigned)(a->exponent - b->exponent));
    } else {
        y *= power((unsigned)(b->exponent - a->exponent));
    }
    return (x > y) - (x < y);
}

int number_compare(const struct number *a, const struct number *b)
{
    if (a->sign != b->sign) {
        return a->sign - b->sign;
    }
    int64_t x;
    int64_t y;
    if (number_integer(a, &x) && number_integer(b, &y)) {
        return (x > y) - (x < y);
    }
    return a->sign * compare_absolute(a, b);
}

/* a + b where a's exponent is not below b's and neither is zero. */
static enum status add_aligned(const struct number *a, const struct number *b, struct number *sum,
                               struct error *error)
{
    int shift = a->exponent - b->exponent;
    coefficient_t x = coefficient(a);
    coefficient_t y = coefficient(b);
    /* b ends in a digit other than 0, and with it the sum, where shift > 0: a sum of at most 38
     * digits therefore needs an x below 2 * 10^38 when scaled. */
    if (shift > DIGITS_MAX || x >= 2 * power(DIGITS_MAX) / power((unsigned)shift)) {
        return error_set(error, STATUS_BAD_INPUT, "%s", TOO_LONG);
    }
    x *= power((unsigned)shift);
    if (a->sign == b->sign) {
        return checked(a->sign, x + y, b->exponent, sum, error);
    }
    return x >= y ? checked(a->sign, x - y, b->exponent, sum, error)
                  : checked(b->sign, y - x, b->exponent, sum, error);
}

enum status number_add(const struct number *a, const struct number *b, struct number *sum,
                       struct error *error)
{
    if (a->sign == 0 || b->sign == 0) {
        *sum = a->sign == 0 ? *b : *a;
        return STATUS_OK;
    }
    return a->exponent >= b->exponent ? add_aligned(a, b, sum, error)
                                      : add_aligned(b, a, sum, error);
}

enum status number_subtract(const struct number *a, const struct number *b, struct number *rest,
                            struct error *error)
{
    struct number negated = *b;
    negated.sign = (int8_t)-negated.sign;
    return number_add(a, &negated, rest, error);
}

bool number_integer(const struct number *number, int64_t *value)
{
    uint64_t product;
    if (number->high != 0 || number->exponent < 0 || number->exponent > 18 ||
        __builtin_mul_overflow(number->low, POWERS[number->exponent], &product)) {
        return false;
    }
    if (product > (uint64_t)INT64_MAX + (number->sign < 0)) {
        return false;
    }
    *value = (int64_t)(number->sign < 0 ? 0 - product : product);
    return true;
}

uint32_t number_size(const struct number *number)
{
    if (number->sign == 0) {
        return 1;
    }
    int count = digits(coefficient(number));
    int first = number->exponent + count - 1;
    bool odd = count % 2 != 0 || first % 2 != 0;
    return (uint32_t)(1 + (count + 1) / 2 + (odd ? 0 : 1) + (number->sign < 0 ? 1 : 0));
}

/* The sortable form: a byte for the sign, one for the magnitude, then the digits in pairs from the
 * first, each pair and 1 a byte. A negative number has the complement of all that, and 255 at its
 * end, which no pair has: so what goes on behind a common beginning is less. Zero is its sign
 * alone.
 */
enum { SORTS_NEGATIVE = 1, SORTS_ZERO = 2, SORTS_POSITIVE = 3, SORTS_END = 255 };

/* Writes the digits, an even number of them, from the last pair to the first. */
static uint32_t put_pairs(coefficient_t c, int count, char *to, unsigned flip)
{
    uint32_t pairs = (uint32_t)count / 2;
    for (uint32_t i = pairs; i > 0; i--) {
        to[i - 1] = (char)((unsigned)(c % 100 + 1) ^ flip);
        c /= 100;
    }
    return pairs;
}

uint32_t number_sortable(const struct number *number, char bytes[NUMBER_SORTABLE_MAX])
{
    if (number->sign == 0) {
        bytes[0] = SORTS_ZERO;
        return 1;
    }
    unsigned flip = number->sign < 0 ? UINT8_MAX : 0;
    coefficient_t c = coefficient(number);
    int count = digits(c);
    if (count % 2 != 0) {
        c *= 10;
        count++;
    }
    bytes[0] = number->sign < 0 ? SORTS_NEGATIVE : SORTS_POSITIVE;
    bytes[1] = (char)((unsigned)(magnitude(number) - MAGNITUDE_MIN) ^ flip);
    uint32_t size = 2 + put_pairs(c, count, bytes + 2, flip);
    if (flip != 0) {
        bytes[size++] = (char)SORTS_END;
    }
    return size;
}

/* Reads the pairs; false where one is none, or the last is 0 and would not have been written. */
static bool read_pairs(struct text pairs, unsigned flip, coefficient_t *c)
{
    unsigned pair = 0;
    *c = 0;
    for (size_t i = 0; i < pairs.size; i++) {
        pair = ((unsigned char)pairs.at[i] ^ flip) - 1;
        if (pair > 99 || (i == 0 && pair < 10)) {
            return false;
        }
        *c = *c * 100 + pair;
    }
    return pair != 0;
}

bool number_from_sortable(struct text bytes, struct number *number)
{
    bool negative = bytes.size > 0 && bytes.at[0] == SORTS_NEGATIVE;
    coefficient_t c;
    *number = (struct number){0};
    if (bytes.size == 1 && bytes.at[0] == SORTS_ZERO) {
        return true;
    }
    if (bytes.size < 3U + negative || bytes.size > 2U + DIGITS_MAX / 2 + negative ||
        (!negative && bytes.at[0] != SORTS_POSITIVE) ||
        (negative && bytes.at[bytes.size - 1] != (char)SORTS_END)) {
        return false;
    }
    unsigned flip = negative ? UINT8_MAX : 0;
    struct text pairs = {bytes.at + 2, bytes.size - 2 - negative};
    if (!read_pairs(pairs, flip, &c)) {
        return false;
    }
    int first = (int)((unsigned char)bytes.at[1] ^ flip) + MAGNITUDE_MIN;
    *number = normalised(negative ? -1 : 1, c, first + 1 - 2 * (int)pairs.size);
    return true;
}

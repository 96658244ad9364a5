/* distribution.c: see distribution.h.
 *
 * A rank's distance to the nearer end chooses the knots. Within 2^8 ranks of the end there are 16
 * steps of 16 ranks; then each doubling of the distance, up to 2^31, is a class of 16 equal steps.
 * Logarithms have 48 bits after the point, and exponentials 60.
 */
#include "sim/distribution.h"

#include "sim/assert.h"
#include "sim/normal_quantiles.h"

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

enum {
    SIDES = 2, /* 0: distances from the least rank; 1: from the greatest */
    KNOTS = DISTRIBUTION_CLASSES * DISTRIBUTION_STEPS + 1,
    STEPS_LOG2 = 4,
    NEAR_LOG2 = 32 - DISTRIBUTION_CLASSES, /* the class at the end itself is 2^8 ranks wide */
    LOG_BITS = 48,
    EXP_BITS = 60,
};

_Static_assert(1 << STEPS_LOG2 == DISTRIBUTION_STEPS, "steps are found by a shift");
_Static_assert(sizeof normal_quantiles / sizeof normal_quantiles[0] == KNOTS,
               "normal quantiles are given at the knots");

#define LN2_FIXED UINT64_C(195103586505167) /* ln(2) * 2^LOG_BITS, rounded to nearest */
#define MILLION INT64_C(1000000)
#define LONGEST_NS                                                                                 \
    (INT64_C(10950) * NS_PER_DAY) /* of a draw, so that sums of many stay in range                 \
                                   */

static uint32_t log2_floor(uint64_t x)
{
    return 63 - (uint32_t)__builtin_clzll(x);
}

/* log2(x) * 2^LOG_BITS, rounded down; x at least 1. Squaring x doubles its logarithm, so each
 * square tells one more bit of it; and a larger x never comes out less. */
static uint64_t log2_fixed(uint64_t x)
{
    uint64_t result = log2_floor(x);
    uint64_t mantissa = x << (63 - log2_floor(x)); /* 1 is 2^63 */
    for (int bit = 0; bit < LOG_BITS; bit++) {
        uint128 square = (uint128)mantissa * mantissa >> 63;
        uint64_t doubled = (uint64_t)(square >> 64);
        mantissa = (uint64_t)(square >> doubled);
        result = result << 1 | doubled;
    }
    return result;
}

/* ln(2)^n / n! * 2^EXP_BITS, rounded to nearest: the series of 2^x, to its last term that counts.
 */
static const uint64_t exp2_terms[] = {
    UINT64_C(1152921504606846976),
    UINT64_C(799144290325165979),
    UINT64_C(276962305849733589),
    UINT64_C(63991880473708028),
    UINT64_C(11088947882269934),
    UINT64_C(1537254591994316),
    UINT64_C(177590614373948),
    UINT64_C(17585204806744),
    UINT64_C(1523641891421),
    UINT64_C(117345342358),
    UINT64_C(8133759321),
    UINT64_C(512535667),
    UINT64_C(29605221),
    UINT64_C(1578521),
    UINT64_C(78153),
    UINT64_C(3611),
    UINT64_C(156),
};

/* 2^(fraction / 2^LOG_BITS) * 2^EXP_BITS, for a fraction below 1. */
static uint64_t exp2_fixed(uint64_t fraction)
{
    uint64_t sum = 0;
    for (size_t n = sizeof exp2_terms / sizeof exp2_terms[0]; n > 0; n--) {
        sum = exp2_terms[n - 1] + (uint64_t)((uint128)fraction * sum >> LOG_BITS);
    }
    return sum;
}

static int64_t saturate(uint128 value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

/* How far from its end knot i lies, in ranks. */
static uint64_t knot_distance(int i)
{
    uint64_t step = (uint64_t)i % DISTRIBUTION_STEPS;
    int class = i / DISTRIBUTION_STEPS;
    return class == 0 ? step << (NEAR_LOG2 - STEPS_LOG2)
                      : (DISTRIBUTION_STEPS + step) << (class - 1 + NEAR_LOG2 - STEPS_LOG2);
}

/* The value at the share `part / whole` of the way from a to b, which is not less. */
static int64_t between(int64_t a, int64_t b, uint64_t part, uint64_t whole)
{
    return a + (int64_t)(((uint128)(uint64_t)(b - a) * part + whole / 2) / whole);
}

static uint64_t quantile_in_ranks(int side, int i)
{
    return side == 0 ? knot_distance(i) : (UINT64_C(1) << 32) - knot_distance(i);
}

/* -mean * ln(1 - p). There is no end above: the last knot stands half a rank before it, as in the
 * table of normal quantiles; hence half ranks. */
static int64_t exponential_at(struct duration mean, int side, int i)
{
    uint64_t left = 2 * ((UINT64_C(1) << 32) - quantile_in_ranks(side, i));
    uint64_t log2 = (UINT64_C(33) << LOG_BITS) - log2_fixed(left == 0 ? 1 : left);
    uint64_t ln = (uint64_t)((uint128)log2 * LN2_FIXED >> LOG_BITS);
    return saturate(((uint128)(uint64_t)mean.ns * ln + (UINT64_C(1) << (LOG_BITS - 1))) >>
                    LOG_BITS);
}

/* median * 2^exponent, where exponent has LOG_BITS after the point and lies between -256 and 256.
 */
static int64_t scaled_by_exp2(int64_t median, int64_t exponent)
{
    const int bias = 256;
    uint64_t biased = (uint64_t)(exponent + ((int64_t)bias << LOG_BITS));
    int shift = EXP_BITS + bias - (int)(biased >> LOG_BITS);
    if (shift <= 0) {
        return INT64_MAX;
    }
    if (shift >= 127) {
        return 0;
    }
    uint64_t power = exp2_fixed(biased & ((UINT64_C(1) << LOG_BITS) - 1));
    return saturate(((uint128)(uint64_t)median * power + ((uint128)1 << (shift - 1))) >> shift);
}

/* p50 * (p99 / p50)^(z / z99). The logarithm of p99 / p50 is the same for all knots, so it is
 * given.
 */
static int64_t lognormal_at(const struct distribution_spec *spec, uint64_t log2_ratio, int side,
                            int i)
{
    int64_t size =
        (int64_t)((uint128)log2_ratio * (uint64_t)normal_quantiles[i] / NORMAL_QUANTILE_99);
    return scaled_by_exp2(spec->a.ns, side == 0 ? -size : size);
}

static int64_t quantile_at(const struct distribution_spec *spec, uint64_t log2_ratio, int side,
                           int i)
{
    switch (spec->kind) {
    case DISTRIBUTION_CONSTANT:
        return spec->a.ns;
    case DISTRIBUTION_UNIFORM:
        return between(spec->a.ns, spec->b.ns, quantile_in_ranks(side, i), UINT64_C(1) << 32);
    case DISTRIBUTION_EXPONENTIAL:
        return exponential_at(spec->a, side, i);
    case DISTRIBUTION_LOGNORMAL:
        return lognormal_at(spec, log2_ratio, side, i);
    case DISTRIBUTION_EMPIRICAL:
        break;
    }
    return 0; /* by its points instead */
}

static void fill_knots(struct distribution *d, const struct distribution_spec *spec)
{
    uint64_t log2_ratio = spec->kind == DISTRIBUTION_LOGNORMAL
                              ? log2_fixed((uint64_t)spec->b.ns) - log2_fixed((uint64_t)spec->a.ns)
                              : 0;
    for (int i = 0; i < KNOTS; i++) {
        d->knots[0][i] = quantile_at(spec, log2_ratio, 0, i);
        d->knots[1][i] = quantile_at(spec, log2_ratio, 1, i);
        ASSERT(i == 0 || d->knots[0][i - 1] <= d->knots[0][i]);
        ASSERT(i == 0 || d->knots[1][i - 1] >= d->knots[1][i]);
    }
    ASSERT(d->knots[0][0] >= 0 && d->knots[0][KNOTS - 1] == d->knots[1][KNOTS - 1]);
}

void distribution_init(struct distribution *d, const struct distribution_spec *spec)
{
    *d = (struct distribution){.points_count = spec->points_count};
    fill_knots(d, spec);
    memcpy(d->points, spec->points, sizeof d->points);
    int64_t least = d->knots[0][0];
    int64_t most = d->knots[1][0];
    if (spec->kind == DISTRIBUTION_EMPIRICAL) {
        least = d->points[0].value.ns;
        most = d->points[d->points_count - 1].value.ns;
    }
    d->constant = least == most ? least : -1;
}

/* Between its points, an empirical distribution is linear: knots would round its corners off. */
static int64_t empirical_at(const struct distribution *d, uint32_t rank)
{
    const int half_ranks_log2 = 33;
    uint64_t parts = (2 * (uint64_t)rank + 1) * MILLION; /* times 2^33 */
    int i = 1;
    while ((uint64_t)d->points[i].parts << half_ranks_log2 < parts) {
        i++;
    }
    const struct distribution_point *low = &d->points[i - 1];
    const struct distribution_point *high = &d->points[i];
    return between(low->value.ns, high->value.ns, parts - ((uint64_t)low->parts << half_ranks_log2),
                   (uint64_t)(high->parts - low->parts) << half_ranks_log2);
}

struct duration distribution_at(const struct distribution *d, uint32_t rank)
{
    if (d->constant >= 0) {
        return (struct duration){d->constant};
    }
    if (d->points_count > 0) {
        return (struct duration){empirical_at(d, rank)};
    }
    uint32_t side = rank >> 31;
    uint32_t distance = rank ^ (0 - side); /* ~rank above the median */
    /* The class at the end is as wide as the one after it, so both have the same step. */
    uint32_t class_log2 = log2_floor(distance | 1U << NEAR_LOG2);
    uint32_t step_log2 = class_log2 - STEPS_LOG2;
    const int64_t *knot =
        &d->knots[side][(class_log2 - NEAR_LOG2) * DISTRIBUTION_STEPS + (distance >> step_log2)];
    /* How far past the first of two knots, in 2^-32 of a step; a rank stands for its middle. */
    uint64_t past = (2 * (uint64_t)distance + 1) << (31 - step_log2) & UINT32_MAX;
    /* Negative above the median; gcc and clang round its shift down, as they promise. */
    int128 change = (int128)(knot[1] - knot[0]) * (int64_t)past;
    return (struct duration){knot[0] + (int64_t)((change + (INT64_C(1) << 31)) >> 32)};
}

static const char *const kind_names[] = {
#define DISTRIBUTION_NAME(name, text) [DISTRIBUTION_##name] = (text),
    DISTRIBUTION_MAP(DISTRIBUTION_NAME)
#undef DISTRIBUTION_NAME
};

enum { KINDS = sizeof kind_names / sizeof kind_names[0] };

/* How many durations a kind takes; 0 where it takes points. */
static const int kind_durations[KINDS] = {
    [DISTRIBUTION_CONSTANT] = 1,  [DISTRIBUTION_UNIFORM] = 2,   [DISTRIBUTION_EXPONENTIAL] = 1,
    [DISTRIBUTION_LOGNORMAL] = 2, [DISTRIBUTION_EMPIRICAL] = 0,
};

static struct text trim(struct text text)
{
    while (text.size > 0 && text.at[0] == ' ') {
        text.at++;
        text.size--;
    }
    while (text.size > 0 && text.at[text.size - 1] == ' ') {
        text.size--;
    }
    return text;
}

/* Takes what stands before the separator, and the separator, off the front. False where there is no
 * separator: then all is taken. */
static bool take_part(struct text *rest, char separator, struct text *part)
{
    size_t size = 0;
    while (size < rest->size && rest->at[size] != separator) {
        size++;
    }
    bool found = size < rest->size;
    *part = trim((struct text){rest->at, size});
    size += found;
    *rest = (struct text){rest->at + size, rest->size - size};
    return found;
}

/* "99.9%" as 999000; at most four places, from 0% to 100%. */
static bool percent_parse(struct text text, int64_t *parts)
{
    enum { PLACES_MAX = 4, LENGTH_MAX = 9 /* 100.0000% */ };

    if (text.size < 2 || text.size > LENGTH_MAX || text.at[text.size - 1] != '%') {
        return false;
    }
    int64_t value = 0;
    int places = -1; /* no point yet */
    for (size_t i = 0; i < text.size - 1; i++) {
        char c = text.at[i];
        if (c == '.' && places < 0 && i > 0) {
            places = 0;
        } else if ('0' <= c && c <= '9' && places < PLACES_MAX) {
            value = value * 10 + (c - '0');
            places += places >= 0;
        } else {
            return false;
        }
    }
    if (places == 0) {
        return false;
    }
    for (int place = places < 0 ? 0 : places; place < PLACES_MAX; place++) {
        value *= 10;
    }
    *parts = value;
    return value <= MILLION;
}

static enum status read_durations(struct text rest, struct distribution_spec *spec,
                                  struct error *error)
{
    struct duration *durations[] = {&spec->a, &spec->b};
    int expected = kind_durations[spec->kind];
    int count = 0;
    bool more = true;
    ASSERT(expected <= 2);
    while (more && count < expected) {
        struct text part;
        more = take_part(&rest, ',', &part);
        enum status status = duration_parse(part, durations[count++], error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (more || count < expected) {
        return error_set(error, STATUS_BAD_INPUT, "%s takes %d duration%s", kind_names[spec->kind],
                         expected, expected == 1 ? "" : "s");
    }
    return STATUS_OK;
}

static enum status read_points(struct text rest, struct distribution_spec *spec,
                               struct error *error)
{
    bool more = true;
    while (more) {
        struct text value;
        struct text percent;
        more = take_part(&rest, ',', &value);
        if (spec->points_count == DISTRIBUTION_POINTS_MAX) {
            return error_set(error, STATUS_BAD_INPUT, "at most %d points are allowed",
                             DISTRIBUTION_POINTS_MAX);
        }
        struct distribution_point *point = &spec->points[spec->points_count++];
        if (!take_part(&value, ':', &percent) || !percent_parse(percent, &point->parts)) {
            return error_set(error, STATUS_BAD_INPUT,
                             "a point is a percentage of at most four places and a duration, such "
                             "as 99.9%%: 80ms");
        }
        enum status status = duration_parse(trim(value), &point->value, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static bool read_kind(struct text name, enum distribution_kind *kind)
{
    for (int i = 0; i < KINDS; i++) {
        if (text_equal(name, text_from(kind_names[i]))) {
            *kind = (enum distribution_kind)i;
            return true;
        }
    }
    return false;
}

static enum status read_named(struct text text, struct distribution_spec *spec, struct error *error)
{
    struct text rest = text;
    struct text name;
    if (!take_part(&rest, '(', &name) || !read_kind(name, &spec->kind) ||
        !text_ends(rest, TEXT(")"))) {
        return error_set(error, STATUS_BAD_INPUT,
                         "not a distribution; write 40ms, constant(40ms), uniform(3h, 48h), "
                         "exponential(1s), lognormal(5ms, 18ms) or empirical(0%%: 1ms, 50%%: 5ms, "
                         "100%%: 2s)");
    }
    rest.size--;
    return spec->kind == DISTRIBUTION_EMPIRICAL ? read_points(rest, spec, error)
                                                : read_durations(rest, spec, error);
}

/* What is wrong with the points; NULL where nothing is. */
static const char *points_fault(const struct distribution_spec *spec)
{
    const struct distribution_point *points = spec->points;
    if (spec->points_count < 2 || points[0].parts != 0 ||
        points[spec->points_count - 1].parts != MILLION) {
        return "the first point is at 0% and the last at 100%";
    }
    for (int i = 1; i < spec->points_count; i++) {
        if (points[i].parts <= points[i - 1].parts) {
            return "percentages must rise from point to point";
        }
        if (points[i].value.ns < points[i - 1].value.ns) {
            return "durations may not fall from point to point";
        }
    }
    return NULL;
}

static const char *spec_fault(const struct distribution_spec *spec)
{
    if (spec->kind == DISTRIBUTION_EMPIRICAL) {
        return points_fault(spec);
    }
    if (spec->kind == DISTRIBUTION_LOGNORMAL && spec->a.ns == 0) {
        return "the median must be at least 1ns";
    }
    if (kind_durations[spec->kind] == 2 && spec->b.ns < spec->a.ns) {
        return "the second duration may not be less than the first";
    }
    return NULL;
}

static enum status check_spec(const struct distribution_spec *spec, struct error *error)
{
    const char *fault = spec_fault(spec);
    if (fault != NULL) {
        return error_set(error, STATUS_BAD_INPUT, "%s", fault);
    }
    struct distribution d;
    distribution_init(&d, spec);
    if (distribution_at(&d, UINT32_MAX).ns > LONGEST_NS) {
        return error_set(error, STATUS_BAD_INPUT, "a draw could be longer than 30 years");
    }
    return STATUS_OK;
}

enum status distribution_parse(struct text text, struct distribution_spec *spec,
                               struct error *error)
{
    struct distribution_spec read = {.kind = DISTRIBUTION_CONSTANT};
    struct text trimmed = trim(text);
    bool bare = trimmed.size > 0 && '-' <= trimmed.at[0] && trimmed.at[0] <= '9';
    enum status status =
        bare ? duration_parse(trimmed, &read.a, error) : read_named(trimmed, &read, error);
    if (bare && status != STATUS_OK) {
        return status; /* the message names the text already */
    }
    if (status == STATUS_OK) {
        status = check_spec(&read, error);
    }
    if (status != STATUS_OK) {
        enum { SHOWN_MAX = 100 };

        error_prefix(error, "'%.*s'", (int)(text.size < SHOWN_MAX ? text.size : SHOWN_MAX),
                     text.at);
        return status;
    }
    *spec = read;
    return STATUS_OK;
}

static void put_percent(struct text_writer *w, int64_t parts)
{
    text_put_integer(w, parts / 10000, 0);
    unsigned places = 4;
    int64_t fraction = parts % 10000;
    while (places > 0 && fraction % 10 == 0) {
        fraction /= 10;
        places--;
    }
    if (places > 0) {
        text_put_char(w, '.');
        text_put_integer(w, fraction, places);
    }
    text_put_char(w, '%');
}

static void put_points(struct text_writer *w, const struct distribution_spec *spec)
{
    for (int i = 0; i < spec->points_count; i++) {
        text_put(w, i == 0 ? TEXT("") : TEXT(", "));
        put_percent(w, spec->points[i].parts);
        text_put(w, TEXT(": "));
        text_put_duration(w, spec->points[i].value);
    }
}

void text_put_distribution(struct text_writer *w, const struct distribution_spec *spec)
{
    if (spec->kind == DISTRIBUTION_CONSTANT) {
        text_put_duration(w, spec->a);
        return;
    }
    text_put(w, text_from(kind_names[spec->kind]));
    text_put_char(w, '(');
    if (spec->kind == DISTRIBUTION_EMPIRICAL) {
        put_points(w, spec);
    } else {
        text_put_duration(w, spec->a);
    }
    if (kind_durations[spec->kind] == 2) {
        text_put(w, TEXT(", "));
        text_put_duration(w, spec->b);
    }
    text_put_char(w, ')');
}

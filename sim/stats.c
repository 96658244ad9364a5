/* stats.c: see stats.h. */
#include "sim/stats.h"

#include "sim/assert.h"

#include <string.h>

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

enum { BUCKETS_PER_DOUBLING_LOG2 = 6, BUCKETS_PER_DOUBLING = 1 << BUCKETS_PER_DOUBLING_LOG2 };

_Static_assert(SAMPLE_BUCKETS == (63 - BUCKETS_PER_DOUBLING_LOG2 + 1) * BUCKETS_PER_DOUBLING,
               "the buckets end at the largest value");

static uint128 wide(uint64_t high, uint64_t low)
{
    return (uint128)high << 64 | low;
}

void sample_init(struct sample *s)
{
    memset(s, 0, sizeof *s);
}

/* The number of the value's bits beyond those that choose a bucket within a doubling. */
static unsigned bucket_shift(int64_t value)
{
    unsigned bits = 64 - (unsigned)__builtin_clzll((uint64_t)value | 1);
    return bits <= BUCKETS_PER_DOUBLING_LOG2 + 1 ? 0 : bits - (BUCKETS_PER_DOUBLING_LOG2 + 1);
}

/* Values below 128 have a bucket each; after that, each doubling has 64. */
static unsigned bucket_of(int64_t value)
{
    unsigned shift = bucket_shift(value);
    return shift * BUCKETS_PER_DOUBLING + (unsigned)(value >> shift);
}

/* The middle of a bucket. */
static int64_t bucket_value(unsigned bucket)
{
    if (bucket < 2 * BUCKETS_PER_DOUBLING) {
        return bucket;
    }
    unsigned shift = bucket / BUCKETS_PER_DOUBLING - 1;
    int64_t first = (int64_t)(bucket - shift * BUCKETS_PER_DOUBLING) << shift;
    return first + ((INT64_C(1) << shift) - 1) / 2;
}

/* Keeps the exact values in order, so that their bytes do not tell in which order they came. */
static void exact_insert(struct sample *s, uint64_t count, int64_t value)
{
    uint64_t i = count;
    while (i > 0 && s->exact[i - 1] > value) {
        s->exact[i] = s->exact[i - 1];
        i--;
    }
    s->exact[i] = value;
}

void sample_add(struct sample *s, int64_t value)
{
    ASSERT(value >= 0);
    if (s->count < SAMPLE_EXACT_MAX) {
        exact_insert(s, s->count, value);
    } else if (s->count == SAMPLE_EXACT_MAX) {
        memset(s->exact, 0, sizeof s->exact);
    }
    uint128 sum = wide(s->sum_high, s->sum_low) + (uint64_t)value;
    s->sum_high = (uint64_t)(sum >> 64);
    s->sum_low = (uint64_t)sum;
    s->least = s->count == 0 || value < s->least ? value : s->least;
    s->most = value > s->most ? value : s->most;
    s->buckets[bucket_of(value)]++;
    s->count++;
}

static void exact_merge(struct sample *into, const struct sample *from)
{
    if (into->count + from->count > SAMPLE_EXACT_MAX) {
        memset(into->exact, 0, sizeof into->exact);
        return;
    }
    for (uint64_t i = 0; i < from->count; i++) {
        exact_insert(into, into->count + i, from->exact[i]);
    }
}

void sample_merge(struct sample *into, const struct sample *from)
{
    if (from->count == 0) {
        return;
    }
    exact_merge(into, from);
    uint128 sum = wide(into->sum_high, into->sum_low) + wide(from->sum_high, from->sum_low);
    into->sum_high = (uint64_t)(sum >> 64);
    into->sum_low = (uint64_t)sum;
    into->least = into->count == 0 || from->least < into->least ? from->least : into->least;
    into->most = from->most > into->most ? from->most : into->most;
    for (int i = 0; i < SAMPLE_BUCKETS; i++) {
        into->buckets[i] += from->buckets[i];
    }
    into->count += from->count;
}

/* Rounded to nearest, half to even; the divisor is positive. */
static int64_t divide_to_nearest(int128 dividend, int128 divisor)
{
    int128 quotient = dividend / divisor;
    int128 remainder = dividend % divisor;
    if (remainder < 0) {
        quotient--;
        remainder += divisor;
    }
    bool odd = quotient % 2 != 0;
    quotient += remainder > divisor - remainder || (remainder == divisor - remainder && odd);
    ASSERT(INT64_MIN <= quotient && quotient <= INT64_MAX);
    return (int64_t)quotient;
}

int64_t sample_mean(const struct sample *s)
{
    return s->count == 0
               ? 0
               : divide_to_nearest((int128)wide(s->sum_high, s->sum_low), (int128)s->count);
}

int64_t sample_quantile(const struct sample *s, int64_t parts)
{
    const uint64_t million = 1000000;
    ASSERT(0 <= parts && parts <= (int64_t)million);
    if (s->count == 0) {
        return 0;
    }
    uint64_t rank = (uint64_t)(((uint128)s->count * (uint64_t)parts + million - 1) / million);
    if (rank <= 1) {
        return s->least;
    }
    if (s->count <= SAMPLE_EXACT_MAX) {
        return s->exact[rank - 1];
    }
    if (rank == s->count) {
        return s->most;
    }
    unsigned bucket = 0;
    for (uint64_t below = s->buckets[0]; below < rank; below += s->buckets[bucket]) {
        bucket++;
    }
    int64_t value = bucket_value(bucket);
    return value < s->least ? s->least : value > s->most ? s->most : value;
}

void level_init(struct level *l, struct instant start, int64_t value)
{
    *l = (struct level){.since = start, .start = start, .least = value, .most = value};
    level_set(l, start, value);
}

/* Value times nanoseconds, up to `now`. */
static int128 level_area(const struct level *l, struct instant now)
{
    int128 area = (int128)wide(l->area_high, l->area_low);
    return area + (int128)l->value * instant_since(now, l->since).ns;
}

void level_set(struct level *l, struct instant now, int64_t value)
{
    ASSERT(-LEVEL_MAX <= value && value <= LEVEL_MAX);
    ASSERT(!instant_before(now, l->since));
    uint128 area = (uint128)level_area(l, now);
    l->area_high = (uint64_t)(area >> 64);
    l->area_low = (uint64_t)area;
    l->since = now;
    l->value = value;
    l->least = value < l->least ? value : l->least;
    l->most = value > l->most ? value : l->most;
}

int64_t level_mean_milli(const struct level *l, struct instant now)
{
    ASSERT(!instant_before(now, l->since));
    int64_t elapsed = instant_since(now, l->start).ns;
    return elapsed == 0 ? l->value * 1000 : divide_to_nearest(1000 * level_area(l, now), elapsed);
}

/* Fisher and Cornish's expansion about the normal quantile, z + g1 / n + g2 / n^2 + ... (Abramowitz
 * and Stegun 26.7.5), which is right to the thousandth from 6 degrees on. */
int64_t student_t_milli(int64_t degrees)
{
    ASSERT(degrees >= 1);
    static const int64_t few[] = {12706, 4303, 3182, 2776, 2571};

    enum { FEW = sizeof few / sizeof few[0] };

    if (degrees <= FEW) {
        return few[degrees - 1];
    }
    static const int64_t terms[] = {1589534053, 2555849680, 2822498616, 2372271230}; /* g4 to g1 */
    const int64_t z = 1959963985; /* all times 10^9 */
    int64_t sum = 0;
    for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++) {
        sum = (sum + terms[i]) / degrees;
    }
    return (z + sum + 500000) / 1000000;
}

static unsigned bit_length(uint128 x)
{
    uint64_t high = (uint64_t)(x >> 64);
    uint64_t low = (uint64_t)x;
    return high != 0  ? 128 - (unsigned)__builtin_clzll(high)
           : low != 0 ? 64 - (unsigned)__builtin_clzll(low)
                      : 0;
}

/* Rounded down, bit by bit; x is below 2^128. */
static uint64_t square_root(uint128 x)
{
    uint64_t root = 0;
    for (uint64_t bit = UINT64_C(1) << 63; bit > 0; bit >>= 1) {
        uint64_t next = root | bit;
        root = (uint128)next * next <= x ? next : root;
    }
    return root;
}

static uint128 divide_up(uint128 dividend, uint128 divisor)
{
    return dividend / divisor + (dividend % divisor != 0);
}

static int64_t mean_of(const int64_t *values, int64_t count)
{
    int128 sum = 0;
    for (int64_t i = 0; i < count; i++) {
        sum += values[i];
    }
    return divide_to_nearest(sum, count);
}

/* How many low bits of the differences from `mean` to leave out, so that 40 remain. */
static unsigned surplus_bits(const int64_t *values, int64_t count, int64_t mean)
{
    uint64_t all = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t difference = values[i] - mean;
        all |= difference < 0 ? 0 - (uint64_t)difference : (uint64_t)difference;
    }
    unsigned bits = bit_length(all);
    return bits <= 40 ? 0 : bits - 40;
}

/* With q = n * sum(d^2) - sum(d)^2, for differences d from any value, s / sqrt(n) is
 * sqrt(q / (n - 1)) / n. Differences from the mean are small, so q is exact in 128 bits. */
int64_t mean_halfwidth(const int64_t *values, int64_t count)
{
    ASSERT(2 <= count && count <= HALFWIDTH_COUNT_MAX);
    int64_t mean = mean_of(values, count);
    unsigned surplus = surplus_bits(values, count, mean);
    int128 sum = 0;
    int128 squares = 0;
    for (int64_t i = 0; i < count; i++) {
        int64_t d = divide_to_nearest(values[i] - mean, (int128)1 << surplus);
        sum += d;
        squares += (int128)d * d;
    }
    uint128 q = (uint128)(count * squares - sum * sum);
    unsigned scale = (126 - bit_length(q)) / 2; /* as many bits of the root as fit */
    uint128 root = square_root((q << (2 * scale)) / ((uint64_t)count - 1));
    uint128 product = root * (uint64_t)student_t_milli(count - 1) << surplus;
    return (int64_t)divide_up(product, (uint128)(1000 * (uint64_t)count) << scale);
}

/* The bounds are (2 h + z^2 -+ z sqrt(z^2 + 4 h (n - h) / n)) / (2 (n + z^2)). */
struct share share_of(uint64_t hits, uint64_t count)
{
    ASSERT(1 <= count && count <= SHARE_COUNT_MAX && hits <= count);
    const uint64_t million = 1000000;
    const uint64_t z = 1959964; /* times 10^6 */
    const uint64_t z_squared = 3841459;
    uint128 spread = (uint128)hits * (count - hits) * 4 * million * million / count;
    uint128 half = (uint128)z * (square_root((uint128)z_squared * million + spread) + 1);
    uint128 centre = (uint128)(2 * hits * million + z_squared) * million;
    uint128 divisor = 2 * (uint128)(count * million + z_squared);
    uint128 high = divide_up(centre + half, divisor);
    return (struct share){
        .low_ppm = centre <= half ? 0 : (int64_t)((centre - half) / divisor),
        .ppm = (int64_t)((2 * hits * million + count) / (2 * count)),
        .high_ppm = high > million ? (int64_t)million : (int64_t)high,
    };
}

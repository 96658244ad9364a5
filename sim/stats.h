/* stats.h: what an experiment measures, in integers.
 *
 * Method. Sums and histograms are integers, so a merge of parts is exact and commutes: shards of a
 * sweep give the same bytes in any order. A sample of few values keeps them exactly; beyond that it
 * is a log-linear histogram whose buckets are 1/64 of their value wide, so a quantile is exact for
 * small samples and within 1/128 of its value for large ones. Not part of the world's hash:
 * statistics observe, they do not decide.
 */
#ifndef LOCKSTEP_SIM_STATS_H
#define LOCKSTEP_SIM_STATS_H

#include "sim/time.h"

#include <stdint.h>

enum { SAMPLE_EXACT_MAX = 256, SAMPLE_BUCKETS = 64 * 58 };

/* Non-negative values: their count, extremes, sum and quantiles. */
struct sample {
    uint64_t count;
    int64_t least, most;
    uint64_t sum_high, sum_low;      /* 128 bits */
    int64_t exact[SAMPLE_EXACT_MAX]; /* in order; all 0 once there are more */
    uint64_t buckets[SAMPLE_BUCKETS];
};

void sample_init(struct sample *s);
void sample_add(struct sample *s, int64_t value); /* value at least 0 */
void sample_merge(struct sample *into, const struct sample *from);

/* Mean rounded to nearest, half to even; 0 for an empty sample. */
int64_t sample_mean(const struct sample *s);

/* The value below or at which `parts` per million of the sample lie (nearest rank: the least value
 * whose rank is at least parts * count / 10^6); 0 for an empty sample. Exact up to SAMPLE_EXACT_MAX
 * values, and the extremes always. */
int64_t sample_quantile(const struct sample *s, int64_t parts);

/* The largest level, up or down: its area fits whatever the time. */
#define LEVEL_MAX (INT64_C(1) << 50)

/* A level that changes over time (messages waiting, locks held): its time average, extremes. */
struct level {
    struct instant since; /* of the last change */
    struct instant start;
    int64_t value, least, most;
    uint64_t area_high, area_low; /* value * ns up to `since`, 128 bits, two's complement */
};

void level_init(struct level *l, struct instant start, int64_t value);
void level_set(struct level *l, struct instant now, int64_t value);

/* Time average up to `now` (not before the last change) in thousandths, rounded to nearest, half to
 * even; the value itself, in thousandths, where no time has passed. */
int64_t level_mean_milli(const struct level *l, struct instant now);

/* The value of Student's t at 97.5 % for `degrees` of freedom (at least 1), in thousandths, rounded
 * to nearest. With it, mean +- t * s / sqrt(n) is the 95 % interval of a mean. */
int64_t student_t_milli(int64_t degrees);

/* A share of trials, in millionths, and its 95 % interval. */
struct share {
    int64_t low_ppm, ppm, high_ppm;
};

enum { SHARE_COUNT_MAX = 1 << 30 };

/* Of `count` trials (1 to SHARE_COUNT_MAX) `hits` (0 to count) came out so: the share, rounded to
 * nearest, half up, and Wilson's score interval, rounded outwards, within 0 and 10^6. Also right
 * where none or all did (E. B. Wilson, Journal of the American Statistical Association 22, 1927).
 */
struct share share_of(uint64_t hits, uint64_t count);

enum { HALFWIDTH_COUNT_MAX = 1 << 20 };

/* The half-width of the 95 % confidence interval of the mean of `count` values (2 to
 * HALFWIDTH_COUNT_MAX): t(count - 1) * s / sqrt(count), rounded up. Values below 2^53 in magnitude.
 * Exact where they lie within 2^40 of their mean (18 minutes, in ns), else to 11 digits. */
int64_t mean_halfwidth(const int64_t *values, int64_t count);

#endif

/* distribution.h: distributions of durations, as integer quantile tables.
 *
 * Method. A distribution is a non-decreasing function from a rank (0 .. 2^32 - 1, the quantile at
 * (rank + 1/2) / 2^32) to a duration. It is stored at knots that lie closer towards both tails
 * (classes of the leading zero bits of the distance to the nearer end, a few equal steps each) and
 * interpolated linearly between them, all in integers; an empirical one is linear between the
 * points as they were given. No floating point and no libm takes part, at
 * set-up or at a draw, so every machine has the same tables: exponentials come from an integer
 * log2, lognormals from a table of normal quantiles and an integer exp2. Mean and quantiles (0.1 %
 * to 99.9 %) are within 1 % of the exact distribution (tests/test_distribution.c, against libm).
 *
 * A draw is a choice among 2^32 ranks (sim/choice.h); its default is the median.
 */
#ifndef LOCKSTEP_SIM_DISTRIBUTION_H
#define LOCKSTEP_SIM_DISTRIBUTION_H

#include "sim/status.h"
#include "sim/time.h"

#include <stdint.h>

/* What a person writes, and what a preset names: lognormal(5ms, 18ms), uniform(3h, 48h), 40ms. */
#define DISTRIBUTION_MAP(X)                                                                        \
    X(CONSTANT, "constant")       /* a */                                                          \
    X(UNIFORM, "uniform")         /* a least, b most */                                            \
    X(EXPONENTIAL, "exponential") /* a mean */                                                     \
    X(LOGNORMAL, "lognormal")     /* a median, b 99th percentile */                                \
    X(EMPIRICAL, "empirical")     /* points, see below */

enum distribution_kind {

#define DISTRIBUTION_ENUM(name, text) DISTRIBUTION_##name,
    DISTRIBUTION_MAP(DISTRIBUTION_ENUM)
#undef DISTRIBUTION_ENUM
};

enum { DISTRIBUTION_POINTS_MAX = 16 };

/* A point of an empirical distribution: `parts` per million of the values are at most `value`. */
struct distribution_point {
    int64_t parts;
    struct duration value;
};

/* A distribution as written: plain data, comparable, printable. */
struct distribution_spec {
    enum distribution_kind kind;
    int32_t points_count; /* EMPIRICAL only: 2 to DISTRIBUTION_POINTS_MAX, parts rising from 0 to
                             10^6 */
    struct duration a, b;
    struct distribution_point points[DISTRIBUTION_POINTS_MAX];
};

/* Reads "40ms" (a constant), "constant(40ms)", "uniform(3h, 48h)", "exponential(1s)",
 * "lognormal(5ms, 18ms)" or "empirical(0%: 1ms, 50%: 5ms, 99.9%: 80ms, 100%: 2s)". STATUS_BAD_INPUT
 * with a message otherwise, or where a draw could be longer than 30 years; *spec is then untouched.
 */
enum status distribution_parse(struct text text, struct distribution_spec *spec,
                               struct error *error);

/* Writes what distribution_parse reads. */
void text_put_distribution(struct text_writer *w, const struct distribution_spec *spec);

/* A distribution ready to be drawn from. Opaque but for its size; plain data, no pointers. */
enum { DISTRIBUTION_CLASSES = 24, DISTRIBUTION_STEPS = 16 };

struct distribution {
    int64_t knots[2][DISTRIBUTION_CLASSES * DISTRIBUTION_STEPS + 1];
    int64_t constant;     /* the value where all draws are equal, else -1 */
    int64_t points_count; /* above 0 for EMPIRICAL, which has points in place of knots */
    struct distribution_point points[DISTRIBUTION_POINTS_MAX];
};

/* Fills the knots. The spec is valid as distribution_parse leaves it: a at least 0, b not below a;
 * and for lognormals a at least 1 ns. */
void distribution_init(struct distribution *d, const struct distribution_spec *spec);

/* The duration at a rank. */
struct duration distribution_at(const struct distribution *d, uint32_t rank);

#endif

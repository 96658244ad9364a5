/* time.h: virtual time, in whole nanoseconds since 1970-01-01T00:00:00Z.
 *
 * An instant and a duration are structs of one int64_t each, so that adding two instants does not
 * compile, while the code generated is that of the plain integer. The range is about 292 years
 * either way; the simulator's own sums are asserted not to leave it, and input is refused with a
 * message where it would. The calendar is UTC, proleptic Gregorian, without leap seconds, as in
 * POSIX and in AWS's epoch seconds.
 */
#ifndef LOCKSTEP_SIM_TIME_H
#define LOCKSTEP_SIM_TIME_H

#include "sim/assert.h"
#include "sim/status.h"
#include "sim/text.h"

#include <stdbool.h>
#include <stdint.h>

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)
#define NS_PER_DAY (INT64_C(86400) * NS_PER_S)

struct instant {
    int64_t ns;
};

struct duration {
    int64_t ns;
};

/* Constructors for amounts that the simulator itself names; the product is asserted to fit. */
static inline struct duration duration_of(int64_t count, int64_t unit_ns)
{
    struct duration d;
    ASSERT(!__builtin_mul_overflow(count, unit_ns, &d.ns));
    return d;
}

static inline struct duration duration_ms(int64_t count)
{
    return duration_of(count, NS_PER_MS);
}

static inline struct duration duration_s(int64_t count)
{
    return duration_of(count, NS_PER_S);
}

static inline struct instant instant_add(struct instant t, struct duration d)
{
    struct instant sum;
    ASSERT(!__builtin_add_overflow(t.ns, d.ns, &sum.ns));
    return sum;
}

/* `later` minus `earlier`; negative if they are the other way round. */
static inline struct duration instant_since(struct instant later, struct instant earlier)
{
    struct duration d;
    ASSERT(!__builtin_sub_overflow(later.ns, earlier.ns, &d.ns));
    return d;
}

static inline bool instant_before(struct instant a, struct instant b)
{
    return a.ns < b.ns;
}

/* The same for input: false, and *sum untouched, where the sum would leave the range. */
bool instant_add_checked(struct instant t, struct duration d, struct instant *sum);

/* Whole seconds since the epoch, rounded down also before it: what time.time() truncated to an
 * integer and DynamoDB's TTL attributes hold. */
int64_t instant_epoch_seconds(struct instant t);

/* Calendar fields, UTC. */
struct civil {
    int32_t year;       /* 1677 to 2262: what 64 bits of nanoseconds reach */
    int32_t month, day; /* 1 to 12, 1 to 31 */
    int32_t hour, minute, second;
    int32_t nanosecond;
};

struct civil instant_civil(struct instant t);

/* False where the fields name no instant (month 13, 30 February, out of range). */
bool instant_from_civil(const struct civil *civil, struct instant *t);

/* "2026-01-30": always ten characters. */
void text_put_date(struct text_writer *w, struct instant t);

/* "2026-01-30T05:00:00.000000+00:00", microseconds cut, as Python's datetime.isoformat() writes
 * UTC. */
void text_put_isoformat(struct text_writer *w, struct instant t);

/* "2026-01-30T05:00:00Z"; with a fraction of 3, 6 or 9 digits where the instant has one. */
void text_put_instant(struct text_writer *w, struct instant t);

/* "20260130-050000", as manifest keys carry it. */
void text_put_compact(struct text_writer *w, struct instant t);

/* The shortest exact form of units d, h, m, s, ms, us, ns: "5m", "1h30m", "250ms", "0s", "-3s". */
void text_put_duration(struct text_writer *w, struct duration d);

/* Reads "2026-01-29T08:00:00Z", "2026-01-29T08:00:00.25Z" or with an offset "+01:00".
 * STATUS_BAD_INPUT with a message that says what was expected; *t is then untouched. */
enum status instant_parse(struct text text, struct instant *t, struct error *error);

/* Reads one or more numbers with units, largest unit first, each unit at most once: "300s",
 * "1h30m", "250ms", "1.5s" (a fraction must come out at whole nanoseconds), "0s". A bare number is
 * refused: the message proposes the same number with units. Negative durations are refused. */
enum status duration_parse(struct text text, struct duration *d, struct error *error);

#endif

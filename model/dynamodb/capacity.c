/* capacity.c: see capacity.h. */
#include "model/dynamodb/capacity.h"

static const int64_t LEVEL_PER_MILLI = NS_PER_S / MILLI_PER_UNIT;

struct capacity capacity_full(int64_t rate, int64_t burst_s, struct instant now)
{
    ASSERT(rate >= 0 && rate <= CAPACITY_RATE_MAX && burst_s >= 1);
    ASSERT(rate == 0 || burst_s <= (int64_t)CAPACITY_RATE_MAX * CAPACITY_BURST_S / rate);
    int64_t depth = rate * burst_s * NS_PER_S;
    return (struct capacity){.rate = rate, .depth = depth, .level = depth, .at = now};
}

static void refill(struct capacity *c, struct instant now)
{
    int64_t elapsed = instant_since(now, c->at).ns;
    if (elapsed <= 0) {
        return;
    }
    /* What it takes to fill the bucket is enough, so the product stays in range. */
    int64_t missing_ns = (c->depth - c->level + c->rate - 1) / c->rate;
    c->level = elapsed >= missing_ns ? c->depth : c->level + elapsed * c->rate;
    c->at = now;
}

bool capacity_admits(struct capacity *c, struct instant now, int64_t milli)
{
    ASSERT(milli >= 0);
    if (c->rate == 0) {
        return true;
    }
    refill(c, now);
    int64_t needed = milli * LEVEL_PER_MILLI;
    return c->level >= (needed < c->depth ? needed : c->depth);
}

void capacity_take(struct capacity *c, int64_t milli)
{
    if (c->rate > 0) {
        c->level -= milli * LEVEL_PER_MILLI;
    }
}

/* On demand */

static int64_t period_of(const struct demand *d, int64_t second)
{
    return (second - d->began) / d->period_s;
}

struct demand demand_start(int64_t first, int64_t period_s, struct instant now)
{
    ASSERT(first >= 0 && first <= CAPACITY_RATE_MAX && period_s >= 1);
    return (struct demand){
        .first = first * MILLI_PER_UNIT, .began = instant_epoch_seconds(now), .period_s = period_s};
}

/* Closes the books of the periods before that of `second`. */
static void demand_advance(struct demand *d, int64_t second)
{
    int64_t period = period_of(d, second);
    if (period > d->period) {
        d->former_peak = d->peak > d->former_peak ? d->peak : d->former_peak;
        d->peak = 0;
        d->period = period;
    }
}

int64_t demand_limit(struct demand *d, int64_t second)
{
    if (d->first == 0) {
        return INT64_MAX;
    }
    demand_advance(d, second);
    int64_t doubled = 2 * d->former_peak;
    return doubled > d->first ? doubled : d->first;
}

void demand_note(struct demand *d, int64_t second, int64_t milli)
{
    demand_advance(d, second);
    d->peak = milli > d->peak ? milli : d->peak;
}

/* Key values */

/* Whether a cell is worth less to keep than another: of an earlier second, or less used. */
static bool gives_way(const struct key_use *a, const struct key_use *b)
{
    if (a->second != b->second) {
        return a->second < b->second;
    }
    return (uint64_t)a->milli[READS] + a->milli[WRITES] <
           (uint64_t)b->milli[READS] + b->milli[WRITES];
}

uint32_t key_use_find(const struct key_use *cells, uint64_t key, int64_t second)
{
    uint32_t first = (uint32_t)(key % KEY_SETS) * KEY_WAYS;
    uint32_t best = first;
    for (uint32_t i = first; i < first + KEY_WAYS; i++) {
        if (cells[i].key == key && cells[i].second == second) {
            return i;
        }
        best = gives_way(&cells[i], &cells[best]) ? i : best;
    }
    return best;
}

int64_t key_use_milli(const struct key_use *cell, uint64_t key, int64_t second,
                      enum direction direction)
{
    return cell->key == key && cell->second == second ? cell->milli[direction] : 0;
}

void key_use_add(struct key_use *cell, uint64_t key, int64_t second, enum direction direction,
                 int64_t milli)
{
    if (cell->key != key || cell->second != second) {
        *cell = (struct key_use){.key = key, .second = second};
    }
    ASSERT(milli >= 0 && milli <= INT64_C(2) * KEY_RATE_MAX * MILLI_PER_UNIT);
    cell->milli[direction] += (uint32_t)milli;
}

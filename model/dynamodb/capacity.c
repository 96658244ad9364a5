/* capacity.c: see capacity.h. */
#include "model/dynamodb/capacity.h"

static const int64_t LEVEL_PER_MILLI = NS_PER_S / 1000;

static int64_t depth(const struct capacity *c)
{
    return c->rate * CAPACITY_BURST_S * NS_PER_S;
}

struct capacity capacity_full(int64_t rate, struct instant now)
{
    ASSERT(rate >= 0 && rate <= CAPACITY_RATE_MAX);
    struct capacity c = {.rate = rate, .at = now};
    c.level = depth(&c);
    return c;
}

static void refill(struct capacity *c, struct instant now)
{
    int64_t elapsed = instant_since(now, c->at).ns;
    if (elapsed <= 0) {
        return;
    }
    /* What it takes to fill the bucket is enough, so the product stays in range. */
    int64_t missing_ns = (depth(c) - c->level + c->rate - 1) / c->rate;
    c->level = elapsed >= missing_ns ? depth(c) : c->level + elapsed * c->rate;
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
    return c->level >= (needed < depth(c) ? needed : depth(c));
}

void capacity_take(struct capacity *c, int64_t milli)
{
    if (c->rate > 0) {
        c->level -= milli * LEVEL_PER_MILLI;
    }
}

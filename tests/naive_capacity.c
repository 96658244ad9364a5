/* naive_capacity.c: see naive_capacity.h. */
#include "tests/naive_capacity.h"

#include "sim/assert.h"

static int64_t or_else(int64_t value, int64_t otherwise)
{
    return value != 0 ? value : otherwise;
}

static struct naive_bucket full_bucket(const struct table_config *config, int64_t rate,
                                       int64_t maximum, struct instant now)
{
    int64_t burst_s = or_else(config->limits.burst.ns / NS_PER_S, 300);
    int64_t units = rate > 0 ? rate : maximum;
    int64_t depth = units * burst_s * NS_PER_S;
    return (struct naive_bucket){units, depth, depth, now};
}

void naive_capacity_open(struct naive_capacity *c, const struct table_config *config,
                         struct instant now, struct naive_memory *m)
{
    *c = (struct naive_capacity){.config = config, .began = instant_epoch_seconds(now)};
    c->charges = naive_new(m, NAIVE_CHARGES_MAX * sizeof *c->charges);
    c->buckets.of[0][0] = full_bucket(config, config->rcu, config->max_rcu, now);
    c->buckets.of[0][1] = full_bucket(config, config->wcu, config->max_wcu, now);
    for (uint32_t i = 0; i < config->indexes_count; i++) {
        const struct table_index_config *x = &config->indexes[i];
        c->buckets.of[1 + i][0] = full_bucket(config, x->rcu, x->max_rcu, now);
        c->buckets.of[1 + i][1] = full_bucket(config, x->wcu, x->max_wcu, now);
    }
}

void naive_charge_begin(struct naive_capacity *c)
{
    c->request = c->count;
}

void naive_charge(struct naive_capacity *c, int32_t index, bool write,
                  const struct naive_value *key, int64_t milli)
{
    ASSERT(c->count < NAIVE_CHARGES_MAX);
    bool local = index != TABLE_BASE && c->config->indexes[index].local;
    c->charges[c->count++] = (struct naive_charge){
        .meter = local ? 0 : (uint32_t)(index + 1),
        .index = (uint32_t)(index + 1),
        .write = write,
        .milli = milli,
        .key = key != NULL ? *key : (struct naive_value){.type = TYPE_NULL},
    };
}

/* Sums over the list */

/* Which charges are meant. */
struct which {
    int64_t second;
    uint32_t meter;
    bool write;
    const struct naive_value *key; /* NULL: any */
};

static int64_t sum(const struct naive_capacity *c, uint32_t from, uint32_t to,
                   const struct which *w)
{
    int64_t milli = 0;
    for (uint32_t i = from; i < to; i++) {
        const struct naive_charge *x = &c->charges[i];
        bool meant = !x->refused && x->meter == w->meter && x->write == w->write &&
                     (i >= c->request || x->second == w->second) &&
                     (w->key == NULL || naive_equal(&x->key, w->key));
        milli += meant ? x->milli : 0;
    }
    return milli;
}

static int64_t before(const struct naive_capacity *c, const struct which *w)
{
    return sum(c, 0, c->request, w);
}

static int64_t asked(const struct naive_capacity *c, const struct which *w)
{
    return sum(c, c->request, c->count, w);
}

int64_t naive_charged(const struct naive_capacity *c, int32_t index)
{
    int64_t milli = 0;
    for (uint32_t i = c->request; i < c->count; i++) {
        const struct naive_charge *x = &c->charges[i];
        milli += !x->refused && x->index == (uint32_t)(index + 1) ? x->milli : 0;
    }
    return milli;
}

/* Limits: used so far, and asked for now. DDB-CAPACITY-2: nothing used yet admits anything. */

static bool within(const struct naive_capacity *c, const struct which *w, int64_t units)
{
    int64_t used = before(c, w);
    return used == 0 || used + asked(c, w) <= 1000 * units;
}

static bool provisioned(const struct naive_capacity *c, uint32_t meter, bool write)
{
    const struct table_config *config = c->config;
    int64_t rcu = meter == 0 ? config->rcu : config->indexes[meter - 1].rcu;
    int64_t wcu = meter == 0 ? config->wcu : config->indexes[meter - 1].wcu;
    return (write ? wcu : rcu) > 0;
}

/* DDB-CAPACITY-1 */
static bool bucket_affords(struct naive_capacity *c, const struct which *w, struct instant now)
{
    __extension__ typedef __int128 wide;
    struct naive_bucket *b = &c->buckets.of[w->meter][w->write];
    wide level = b->level;
    if (now.ns > b->at.ns) {
        level += (wide)(now.ns - b->at.ns) * b->rate;
        b->at = now;
    }
    b->level = level < b->depth ? (int64_t)level : b->depth;
    return b->rate == 0 || b->level >= asked(c, w) * (NS_PER_S / 1000) || b->level == b->depth;
}

/* DDB-CAPACITY-7: twice the most of any second of an earlier period. */
static bool demand_affords(const struct naive_capacity *c, const struct which *w)
{
    const struct table_limits *l = &c->config->limits;
    int64_t first = w->write ? l->first_wcu : l->first_rcu;
    int64_t period_s = or_else(l->growth.ns / NS_PER_S, 1800);
    int64_t most = 0;
    for (uint32_t i = 0; first > 0 && i < c->request; i++) {
        struct which then = *w;
        then.second = c->charges[i].second;
        if ((then.second - c->began) / period_s < (w->second - c->began) / period_s) {
            int64_t used = before(c, &then);
            most = used > most ? used : most;
        }
    }
    int64_t used = before(c, w);
    int64_t limit = 2 * most > 1000 * first ? 2 * most : 1000 * first;
    return first == 0 || used == 0 || used + asked(c, w) <= limit;
}

/* DDB-THROTTLE-3: all that is on demand together. */
static bool account_affords(const struct naive_capacity *c, const struct which *w)
{
    const struct table_limits *l = &c->config->limits;
    int64_t quota = w->write ? l->account_wcu : l->account_rcu;
    int64_t used = 0;
    int64_t wanted = 0;
    for (uint32_t i = 0; i <= c->config->indexes_count; i++) {
        struct which other = {w->second, i, w->write, NULL};
        bool counts = !provisioned(c, i, w->write);
        used += counts ? before(c, &other) : 0;
        wanted += counts ? asked(c, &other) : 0;
    }
    return quota == 0 || used == 0 || used + wanted <= 1000 * quota;
}

/* DDB-THROTTLE-2 */
static bool keys_afford(const struct naive_capacity *c, const struct which *w)
{
    const struct table_limits *l = &c->config->limits;
    int64_t limit = w->write ? l->key_wcu : l->key_rcu;
    bool afford = true;
    for (uint32_t i = c->request; limit > 0 && i < c->count; i++) {
        const struct naive_charge *x = &c->charges[i];
        if (x->meter == w->meter && x->key.type != TYPE_NULL) {
            struct which key = {w->second, w->meter, w->write, &x->key};
            afford = afford && within(c, &key, limit);
        }
    }
    return afford;
}

static enum throttle_reason refusal(struct naive_capacity *c, const struct which *w,
                                    struct instant now)
{
    bool own = provisioned(c, w->meter, w->write);
    if (!bucket_affords(c, w, now)) {
        return own ? THROTTLE_PROVISIONED : THROTTLE_ON_DEMAND_MAX;
    }
    if (!own && !demand_affords(c, w)) {
        return THROTTLE_KEY_RANGE;
    }
    if (!own && !account_affords(c, w)) {
        return THROTTLE_ACCOUNT;
    }
    return keys_afford(c, w) ? THROTTLE_NONE : THROTTLE_KEY_RANGE;
}

/* DDB-THROTTLE-5. What becomes of a request that some meters refuse: those have refused it, with
 * all of what it asked of them; the others know nothing of it. */
static void note_refusals(struct naive_capacity *c, const bool refused[NAIVE_METERS_MAX],
                          bool write, const int64_t milli[NAIVE_METERS_MAX], int64_t second)
{
    c->count = c->request;
    for (uint32_t i = 0; i <= c->config->indexes_count; i++) {
        if (refused[i]) {
            naive_charge(c, (int32_t)i - 1, write, NULL, milli[i]);
            c->charges[c->count - 1].second = second;
            c->charges[c->count - 1].refused = true;
        }
    }
}

static void pay(struct naive_capacity *c, bool write, int64_t second)
{
    for (uint32_t i = c->request; i < c->count; i++) {
        struct naive_charge *x = &c->charges[i];
        struct naive_bucket *b = &c->buckets.of[x->meter][write];
        x->second = second;
        b->level -= b->rate > 0 ? x->milli * (NS_PER_S / 1000) : 0;
    }
}

bool naive_charge_take(struct naive_capacity *c, struct instant now, struct throttle *throttled)
{
    bool refused[NAIVE_METERS_MAX] = {false};
    int64_t milli[NAIVE_METERS_MAX] = {0};
    bool write = c->charges[c->request].write;
    int64_t second = instant_epoch_seconds(now);
    *throttled = (struct throttle){TABLE_BASE, THROTTLE_NONE};
    for (uint32_t i = 0; i <= c->config->indexes_count; i++) {
        struct which w = {second, i, write, NULL};
        milli[i] = asked(c, &w);
        enum throttle_reason reason = milli[i] > 0 ? refusal(c, &w, now) : THROTTLE_NONE;
        refused[i] = reason != THROTTLE_NONE;
        if (refused[i] && throttled->reason == THROTTLE_NONE) {
            *throttled = (struct throttle){(int32_t)i - 1, reason};
        }
    }
    if (throttled->reason != THROTTLE_NONE) {
        note_refusals(c, refused, write, milli, second);
    } else {
        pay(c, write, second);
    }
    return throttled->reason == THROTTLE_NONE;
}

struct table_second naive_used(const struct naive_capacity *c, int32_t index, int64_t second)
{
    struct table_second s = {.second = second, .index = index};
    for (uint32_t i = 0; i < c->count; i++) {
        const struct naive_charge *x = &c->charges[i];
        if (x->meter != (uint32_t)(index + 1) || (second != INT64_MIN && x->second != second)) {
            continue;
        }
        int64_t *units = x->write ? &s.consumed.wcu_milli : &s.consumed.rcu_milli;
        int64_t *refused = x->write ? &s.throttled_wcu_milli : &s.throttled_rcu_milli;
        *(x->refused ? refused : units) += x->milli;
        s.consumed.throttled_reads += x->refused && !x->write;
        s.consumed.throttled_writes += x->refused && x->write;
    }
    return s;
}

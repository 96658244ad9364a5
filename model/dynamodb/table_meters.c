/* table_meters.c: who lets a call have its units, and what has been used: limits, totals, seconds,
 * marks; see table_state.h and capacity.h. Sources: DDB-THROTTLE-1 to DDB-THROTTLE-5.
 *
 * Method. A call is charged as a whole: every meter and key value that it touches must admit it
 * before any is charged. Each that refuses counts it; the first is told to the caller. The current
 * second of a meter stands in the meter; when a later one begins it is appended to the list of
 * seconds. So a mark needs the meters as they are and the list's length; cells of key values are
 * undone one by one.
 */
#include "model/dynamodb/table_state.h"
#include "sim/memory.h"

enum { SECONDS_MAX = 1 << 26, UNDO_MAX = 1 << 26, GROWTH_S = 30 * 60, HALF_UNIT = 500 };

/* Source: DDB-CAPACITY-1, DDB-CAPACITY-7, DDB-THROTTLE-2, DDB-THROTTLE-3. */
const struct table_limits table_limits_aws = {
    .burst = {CAPACITY_BURST_S * NS_PER_S},
    .key_rcu = 3000,
    .key_wcu = 1000,
    .first_rcu = 12000,
    .first_wcu = 4000,
    .growth = {GROWTH_S * NS_PER_S},
    .account_rcu = 40000,
    .account_wcu = 40000,
};

/* Setting up */

static int64_t seconds_of(struct duration d, int64_t otherwise)
{
    return d.ns == 0 ? otherwise : d.ns / NS_PER_S;
}

static bool rate_valid(int64_t rate, int64_t burst_s)
{
    return rate >= 0 && rate <= CAPACITY_RATE_MAX &&
           (rate == 0 || burst_s <= (int64_t)CAPACITY_RATE_MAX * CAPACITY_BURST_S / rate);
}

static bool key_rate_valid(int64_t rate)
{
    return rate >= 0 && rate <= KEY_RATE_MAX;
}

bool table_rates_valid(const struct table_config *c)
{
    const struct table_limits *l = &c->limits;
    int64_t burst_s = seconds_of(l->burst, CAPACITY_BURST_S);
    bool valid = burst_s >= 1 && seconds_of(l->growth, GROWTH_S) >= 1 &&
                 rate_valid(c->rcu, burst_s) && rate_valid(c->wcu, burst_s) &&
                 rate_valid(c->max_rcu, burst_s) && rate_valid(c->max_wcu, burst_s) &&
                 rate_valid(l->first_rcu, 1) && rate_valid(l->first_wcu, 1) &&
                 rate_valid(l->account_rcu, 1) && rate_valid(l->account_wcu, 1) &&
                 key_rate_valid(l->key_rcu) && key_rate_valid(l->key_wcu);
    for (uint32_t i = 0; i < c->indexes_count; i++) {
        const struct table_index_config *x = &c->indexes[i];
        valid = valid && rate_valid(x->rcu, burst_s) && rate_valid(x->wcu, burst_s) &&
                rate_valid(x->max_rcu, burst_s) && rate_valid(x->max_wcu, burst_s);
    }
    return valid;
}

/* A gauge of the table (meter 0) or an index, in one direction, as a config has it. */
static struct gauge gauge_start(const struct table_config *c, uint32_t meter,
                                enum direction direction, struct instant now)
{
    const struct table_limits *l = &c->limits;
    const struct table_index_config *x = meter > 0 ? &c->indexes[meter - 1] : NULL;
    bool reads = direction == READS;
    int64_t rate = reads ? (x != NULL ? x->rcu : c->rcu) : (x != NULL ? x->wcu : c->wcu);
    int64_t maximum =
        reads ? (x != NULL ? x->max_rcu : c->max_rcu) : (x != NULL ? x->max_wcu : c->max_wcu);
    return (struct gauge){
        .provisioned = rate > 0,
        .bucket =
            capacity_full(rate > 0 ? rate : maximum, seconds_of(l->burst, CAPACITY_BURST_S), now),
        .demand =
            demand_start(reads ? l->first_rcu : l->first_wcu, seconds_of(l->growth, GROWTH_S), now),
    };
}

/* A gauge in place of another. What was saved up is kept as far as it fits; on demand the peak is
 * kept, and what comes from provisioned units begins with half of them as its peak. Source:
 * DDB-CAPACITY-11.
 */
static void gauge_change(struct gauge *g, struct gauge to, struct instant now)
{
    if (g->provisioned && !to.provisioned) {
        to.demand.former_peak = g->bucket.rate * MILLI_PER_UNIT / 2;
    } else if (!to.provisioned && to.demand.period_s == g->demand.period_s) {
        int64_t first = to.demand.first;
        to.demand = g->demand;
        to.demand.first = first;
    }
    if (g->provisioned == to.provisioned && g->bucket.rate > 0) {
        (void)capacity_admits(&g->bucket, now, 0);
        to.bucket.level = g->bucket.level < to.bucket.depth ? g->bucket.level : to.bucket.depth;
    }
    *g = to;
}

enum status table_set_capacity(struct table *t, struct instant now,
                               const struct table_config *config, struct error *error)
{
    ASSERT(config->indexes_count == t->config.indexes_count);
    if (!table_rates_valid(config)) {
        return error_set(error, STATUS_BAD_INPUT, "table %s: a capacity is out of range",
                         t->config.name);
    }
    struct table_config *c = &t->config;
    c->rcu = config->rcu;
    c->wcu = config->wcu;
    c->max_rcu = config->max_rcu;
    c->max_wcu = config->max_wcu;
    c->limits = config->limits;
    for (uint32_t i = 0; i < c->indexes_count; i++) {
        c->indexes[i].rcu = config->indexes[i].rcu;
        c->indexes[i].wcu = config->indexes[i].wcu;
        c->indexes[i].max_rcu = config->indexes[i].max_rcu;
        c->indexes[i].max_wcu = config->indexes[i].max_wcu;
    }
    for (uint32_t i = 0; i < t->capacity.meters_count; i++) {
        for (int d = 0; d < DIRECTIONS; d++) {
            struct gauge *g = &t->capacity.meters[i].gauges[d];
            gauge_change(g, gauge_start(c, i, (enum direction)d, now), now);
        }
    }
    return STATUS_OK;
}

static size_t marked_bytes(const struct capacity_state *s)
{
    return (size_t)TABLE_MARKS_MAX * s->meters_count * sizeof *s->marked;
}

bool meters_init(struct table *t, struct instant now)
{
    struct capacity_state *s = &t->capacity;
    s->meters_count = 1 + t->config.indexes_count;
    s->opened_second = instant_epoch_seconds(now);
    for (uint32_t i = 0; i < s->meters_count; i++) {
        for (int d = 0; d < DIRECTIONS; d++) {
            s->meters[i].gauges[d] = gauge_start(&t->config, i, (enum direction)d, now);
        }
    }
    s->keys = memory_reserve(KEY_CELLS * sizeof *s->keys);
    s->seconds = memory_reserve(SECONDS_MAX * sizeof *s->seconds);
    s->undo = memory_reserve(UNDO_MAX * sizeof *s->undo);
    s->marked = memory_reserve(marked_bytes(s));
    return s->keys != NULL && s->seconds != NULL && s->undo != NULL && s->marked != NULL;
}

/* Where the meter of an index of `config` was in `old`; 0: nowhere. */
static uint32_t former_meter(const struct table_config *old, const char *index)
{
    for (uint32_t i = 0; i < old->indexes_count; i++) {
        if (strcmp(old->indexes[i].name, index) == 0) {
            return 1 + i;
        }
    }
    return 0;
}

/* Renumbers the seconds of meters that stay, and drops those of meters that go. */
static void seconds_renumber(struct capacity_state *s, const uint32_t to[METERS_MAX])
{
    uint64_t kept = 0;
    for (uint64_t i = 0; i < s->seconds_count; i++) {
        struct second_record r = s->seconds[i];
        if (r.meter == 0 || to[r.meter] != 0) {
            r.meter = to[r.meter];
            s->seconds[kept++] = r;
        }
    }
    s->seconds_count = kept;
}

bool meters_rebuild(struct table *t, const struct table_config *old, struct instant now)
{
    struct capacity_state *s = &t->capacity;
    struct capacity_state former = *s;
    uint32_t to[METERS_MAX] = {0};
    s->meters_count = 1 + t->config.indexes_count;
    s->marked = memory_reserve(marked_bytes(s));
    if (s->marked == NULL) {
        *s = former;
        return false;
    }
    memory_release(former.marked, marked_bytes(&former));
    for (uint32_t i = 1; i < s->meters_count; i++) {
        uint32_t from = former_meter(old, t->config.indexes[i - 1].name);
        s->meters[i] = from != 0 ? former.meters[from] : (struct meter){.second = 0};
        to[from] = from != 0 ? i : 0;
        for (int d = 0; d < DIRECTIONS && from == 0; d++) {
            s->meters[i].gauges[d] = gauge_start(&t->config, i, (enum direction)d, now);
        }
    }
    seconds_renumber(s, to);
    return true;
}

void meters_deinit(struct table *t)
{
    struct capacity_state *s = &t->capacity;
    memory_release(s->keys, KEY_CELLS * sizeof *s->keys);
    memory_release(s->seconds, SECONDS_MAX * sizeof *s->seconds);
    memory_release(s->undo, UNDO_MAX * sizeof *s->undo);
    memory_release(s->marked, marked_bytes(s));
}

void meters_begin(struct table *t)
{
    memset(t->units, 0, t->capacity.meters_count * sizeof t->units[0]);
    t->throttled = (struct throttle){.index = TABLE_BASE};
}

/* Seconds */

static bool used(const struct use *u)
{
    return (u->milli[READS] | u->milli[WRITES] | u->refused[READS] | u->refused[WRITES]) != 0;
}

static uint32_t narrow(int64_t count)
{
    return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
}

static void second_append(struct capacity_state *s, uint32_t meter)
{
    const struct meter *m = &s->meters[meter];
    ASSERT(s->seconds_count < SECONDS_MAX);
    struct second_record *r = &s->seconds[s->seconds_count++];
    *r = (struct second_record){narrow(m->second - s->opened_second), meter, {0}, {0}, {0}};
    for (int d = 0; d < DIRECTIONS; d++) {
        r->half_units[d] = narrow(m->in_second.milli[d] / HALF_UNIT);
        r->refused_half_units[d] = narrow(m->in_second.refused_milli[d] / HALF_UNIT);
        r->refused[d] = narrow(m->in_second.refused[d]);
    }
}

/* Brings a meter to the second that a call falls in. */
static void meter_advance(struct capacity_state *s, uint32_t meter, int64_t second)
{
    struct meter *m = &s->meters[meter];
    if (m->second == second) {
        return;
    }
    ASSERT(m->second < second || !used(&m->in_second));
    if (used(&m->in_second)) {
        second_append(s, meter);
        for (int d = 0; d < DIRECTIONS; d++) {
            demand_note(&m->gauges[d].demand, m->second, m->in_second.milli[d]);
        }
    }
    m->in_second = (struct use){0};
    m->second = second;
}

/* Admission */

/* What the account's quota for one table has left of this second, for what is on demand. */
static bool account_admits(const struct table *t, const struct charge *c, int64_t second)
{
    const struct table_limits *l = &t->config.limits;
    int64_t quota = c->direction == READS ? l->account_rcu : l->account_wcu;
    int64_t taken = 0;
    int64_t milli = 0;
    for (uint32_t i = 0; i < t->capacity.meters_count && quota > 0; i++) {
        const struct meter *m = &t->capacity.meters[i];
        if (!m->gauges[c->direction].provisioned) {
            taken += m->second == second ? m->in_second.milli[c->direction] : 0;
            milli += c->milli[i];
        }
    }
    return quota == 0 || within(taken, milli, quota * MILLI_PER_UNIT);
}

static bool keys_admit(const struct table *t, const struct charge *c, uint32_t meter,
                       int64_t second)
{
    const struct table_limits *l = &t->config.limits;
    int64_t limit = c->direction == READS ? l->key_rcu : l->key_wcu;
    for (uint32_t i = 0; i < c->keys_count && limit > 0; i++) {
        const struct key_charge *k = &c->keys[i];
        const struct key_use *cell =
            &t->capacity.keys[key_use_find(t->capacity.keys, k->key, second)];
        int64_t taken = key_use_milli(cell, k->key, second, c->direction);
        if (k->meter == meter && !within(taken, k->milli, limit * MILLI_PER_UNIT)) {
            return false;
        }
    }
    return true;
}

/* Why a meter that is to pay refuses to; THROTTLE_NONE: it does not. */
static enum throttle_reason refusal(struct table *t, const struct charge *c, uint32_t meter,
                                    struct instant now, int64_t second)
{
    struct meter *m = &t->capacity.meters[meter];
    struct gauge *g = &m->gauges[c->direction];
    int64_t taken = m->in_second.milli[c->direction];
    if (!capacity_admits(&g->bucket, now, c->milli[meter])) {
        return g->provisioned ? THROTTLE_PROVISIONED : THROTTLE_ON_DEMAND_MAX;
    }
    if (!g->provisioned && !within(taken, c->milli[meter], demand_limit(&g->demand, second))) {
        return THROTTLE_KEY_RANGE;
    }
    if (!g->provisioned && !account_admits(t, c, second)) {
        return THROTTLE_ACCOUNT;
    }
    return keys_admit(t, c, meter, second) ? THROTTLE_NONE : THROTTLE_KEY_RANGE;
}

/* Asks every meter that is to pay, and counts those that refuse. */
static bool meters_admit(struct table *t, const struct charge *c, struct instant now,
                         int64_t second)
{
    enum direction d = c->direction;
    for (uint32_t i = 0; i < t->capacity.meters_count; i++) {
        if (c->milli[i] == 0) {
            continue;
        }
        struct meter *m = &t->capacity.meters[i];
        meter_advance(&t->capacity, i, second);
        enum throttle_reason reason = refusal(t, c, i, now, second);
        if (reason == THROTTLE_NONE) {
            continue;
        }
        m->all.refused[d]++;
        m->in_second.refused[d]++;
        m->all.refused_milli[d] += c->milli[i];
        m->in_second.refused_milli[d] += c->milli[i];
        if (t->throttled.reason == THROTTLE_NONE) {
            t->throttled = (struct throttle){(int32_t)i - 1, reason};
        }
    }
    return t->throttled.reason == THROTTLE_NONE;
}

/* Charging */

static void keys_pay(struct table *t, const struct charge *c, int64_t second)
{
    const struct table_limits *l = &t->config.limits;
    struct capacity_state *s = &t->capacity;
    if ((c->direction == READS ? l->key_rcu : l->key_wcu) == 0) {
        return;
    }
    for (uint32_t i = 0; i < c->keys_count; i++) {
        uint32_t cell = key_use_find(s->keys, c->keys[i].key, second);
        if (t->journal.marks_count > 0) {
            s->undo[s->undo_count++] = (struct key_undo){cell, 0, s->keys[cell]};
        }
        key_use_add(&s->keys[cell], c->keys[i].key, second, c->direction, c->keys[i].milli);
    }
}

static void meters_pay(struct table *t, const struct charge *c)
{
    for (uint32_t i = 0; i < t->capacity.meters_count; i++) {
        struct meter *m = &t->capacity.meters[i];
        capacity_take(&m->gauges[c->direction].bucket, c->milli[i]);
        m->all.milli[c->direction] += c->milli[i];
        m->in_second.milli[c->direction] += c->milli[i];
    }
}

/* Whether there is room to note one more call. */
static bool room_left(struct table *t, const struct charge *c)
{
    const struct capacity_state *s = &t->capacity;
    if (s->seconds_count + s->meters_count <= SECONDS_MAX &&
        s->undo_count + c->keys_count <= UNDO_MAX) {
        return true;
    }
    struct error error;
    (void)error_set(&error, STATUS_FULL, "table %s: used in more than %d seconds", t->config.name,
                    SECONDS_MAX);
    table_fail(t, &error);
    return false;
}

enum table_result meters_take(struct table *t, struct instant now, const struct charge *c)
{
    int64_t second = instant_epoch_seconds(now);
    if (!room_left(t, c)) {
        return TABLE_FULL;
    }
    if (!meters_admit(t, c, now, second)) {
        memset(t->units, 0, t->capacity.meters_count * sizeof t->units[0]);
        return TABLE_THROTTLED;
    }
    meters_pay(t, c);
    keys_pay(t, c, second);
    return TABLE_OK;
}

/* Marks */

void meters_mark(struct table *t, uint32_t number, struct mark *mark)
{
    struct capacity_state *s = &t->capacity;
    memcpy(s->marked + (size_t)(number - 1) * s->meters_count, s->meters,
           s->meters_count * sizeof *s->meters);
    mark->seconds_count = s->seconds_count;
    mark->undo_count = s->undo_count;
}

void meters_rollback(struct table *t, uint32_t number, const struct mark *mark)
{
    struct capacity_state *s = &t->capacity;
    memcpy(s->meters, s->marked + (size_t)(number - 1) * s->meters_count,
           s->meters_count * sizeof *s->meters);
    s->seconds_count = mark->seconds_count;
    while (s->undo_count > mark->undo_count) {
        const struct key_undo *u = &s->undo[--s->undo_count];
        s->keys[u->cell] = u->before;
    }
}

void meters_release_marks(struct table *t)
{
    t->capacity.undo_count = 0;
}

/* What has been used */

struct table_consumed table_consumed(const struct table *t, int32_t index)
{
    ASSERT(index >= TABLE_BASE && index < (int32_t)t->config.indexes_count);
    const struct use *u = &t->capacity.meters[index + 1].all;
    return (struct table_consumed){u->milli[READS], u->milli[WRITES], u->refused[READS],
                                   u->refused[WRITES]};
}

/* The seconds that are over, then the current one of each meter that has been used in it. */
uint64_t table_seconds_count(const struct table *t)
{
    const struct capacity_state *s = &t->capacity;
    uint64_t count = s->seconds_count;
    for (uint32_t i = 0; i < s->meters_count; i++) {
        count += used(&s->meters[i].in_second);
    }
    return count;
}

static void current_second(const struct capacity_state *s, uint64_t i, struct table_second *row)
{
    uint32_t meter = 0;
    while (!used(&s->meters[meter].in_second) || i-- > 0) {
        meter++;
    }
    const struct use *u = &s->meters[meter].in_second;
    *row = (struct table_second){
        s->meters[meter].second,
        (int32_t)meter - 1,
        {u->milli[READS], u->milli[WRITES], u->refused[READS], u->refused[WRITES]},
        u->refused_milli[READS],
        u->refused_milli[WRITES]
    };
}

void table_second(const struct table *t, uint64_t i, struct table_second *row)
{
    const struct capacity_state *s = &t->capacity;
    ASSERT(i < table_seconds_count(t));
    if (i >= s->seconds_count) {
        current_second(s, i - s->seconds_count, row);
        return;
    }
    const struct second_record *r = &s->seconds[i];
    *row = (struct table_second){
        s->opened_second + r->since_opening,
        (int32_t)r->meter - 1,
        {(int64_t)r->half_units[READS] * HALF_UNIT, (int64_t)r->half_units[WRITES] * HALF_UNIT,
                              r->refused[READS], r->refused[WRITES]},
        (int64_t)r->refused_half_units[READS] * HALF_UNIT,
        (int64_t)r->refused_half_units[WRITES] * HALF_UNIT
    };
}

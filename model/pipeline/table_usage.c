/* table_usage.c: what the table was used for, second by second, and what it would be billed; see
 * results.h. Sources: DDB-PRICE-1, DDB-PRICE-2, DDB-PRICE-3, DDB-CAPACITY-8. */
#include "model/pipeline/results.h"

#include "model/pipeline/pipeline.h"
#include "model/pipeline/run.h"
#include "model/pipeline/run_state.h"

__extension__ typedef __int128 wide;

enum { RESOURCES = 2, MILLI = 1000, MILLION = 1000000, GB = 1 << 30 };

static const struct text names[RESOURCES] = {
    {"table",      sizeof "table" - 1     },
    {STATUS_INDEX, sizeof STATUS_INDEX - 1},
};

static const struct table *table_of(const struct run *run)
{
    return run_pipeline((struct run *)run)->cloud.table;
}

/* Rows */

uint64_t run_capacities_count(const struct run *run)
{
    (void)run;
    return RESOURCES;
}

/* Holds one second against the most used ones and the first saturated one so far. Seconds may come
 * in any order. */
static void consider(struct capacity_row *row, const struct table_second *s, struct instant start)
{
    struct instant at = {s->second * NS_PER_S};
    int64_t minute = instant_since(at, start).ns / (60 * NS_PER_S);
    struct instant minute_at = instant_add(start, duration_of(minute, 60 * NS_PER_S));
    const struct table_consumed *c = &s->consumed;
    bool refused = c->throttled_reads + c->throttled_writes > 0;
    if (c->rcu_milli > row->peak_rcu_milli) {
        row->peak_rcu_milli = c->rcu_milli;
        row->peak_read_at = at;
    }
    if (c->wcu_milli > row->peak_wcu_milli) {
        row->peak_wcu_milli = c->wcu_milli;
        row->peak_write_at = at;
    }
    if (refused && (row->saturated_at.ns == NEVER || minute_at.ns < row->saturated_at.ns)) {
        row->saturated_at = minute_at;
    }
}

void run_capacity(const struct run *run, uint64_t i, struct capacity_row *row)
{
    const struct table *t = table_of(run);
    struct instant start = run_pipeline((struct run *)run)->scenario->start;
    struct table_consumed all = table_consumed(t, (int32_t)i - 1);
    *row = (struct capacity_row){
        .resource = names[i],
        .rcu_milli = all.rcu_milli,
        .wcu_milli = all.wcu_milli,
        .throttled_reads = all.throttled_reads,
        .throttled_writes = all.throttled_writes,
        .peak_read_at = {NEVER},
        .peak_write_at = {NEVER},
        .saturated_at = {NEVER},
    };
    uint64_t seconds = table_seconds_count(t);
    for (uint64_t k = 0; k < seconds; k++) {
        struct table_second second;
        table_second(t, k, &second);
        if (second.index == (int32_t)i - 1) {
            consider(row, &second, start);
        }
    }
}

uint64_t run_capacity_seconds_count(const struct run *run)
{
    return table_seconds_count(table_of(run));
}

void run_capacity_second(const struct run *run, uint64_t i, struct capacity_second_row *row)
{
    struct table_second s;
    table_second(table_of(run), i, &s);
    *row = (struct capacity_second_row){
        .resource = names[s.index + 1],
        .at = {s.second * NS_PER_S},
        .rcu_milli = s.consumed.rcu_milli,
        .wcu_milli = s.consumed.wcu_milli,
        .throttled_reads = s.consumed.throttled_reads,
        .throttled_writes = s.consumed.throttled_writes,
        .throttled_rcu_milli = s.throttled_rcu_milli,
        .throttled_wcu_milli = s.throttled_wcu_milli,
    };
}

/* Money */

/* amount * price / unit, rounded to the nearest. */
static int64_t priced(int64_t amount, int64_t price, int64_t unit)
{
    return (int64_t)(((wide)amount * price + unit / 2) / unit);
}

/* Units a second to provision: the scenario's where they hold, or as many as the busiest second
 * used. */
static int64_t provision(const struct scenario *s, int64_t provisioned, int64_t peak_milli)
{
    bool holds = s->table.throttling == THROTTLING_AWS && provisioned > 0;
    return holds ? provisioned : (peak_milli + MILLI - 1) / MILLI;
}

struct cost run_cost(const struct run *run)
{
    const struct scenario *s = run_pipeline((struct run *)run)->scenario;
    int64_t rcu_milli = 0;
    int64_t wcu_milli = 0;
    int64_t bytes = 0;
    struct cost cost = {.hours = (instant_since(run_now(run), s->start).ns + 3600 * NS_PER_S - 1) /
                                 (3600 * NS_PER_S)};
    for (uint64_t i = 0; i < RESOURCES; i++) {
        struct capacity_row row;
        run_capacity(run, i, &row);
        rcu_milli += row.rcu_milli;
        wcu_milli += row.wcu_milli;
        cost.rcu += provision(s, s->table.rcu, row.peak_rcu_milli);
        cost.wcu += provision(s, s->table.wcu, row.peak_wcu_milli);
        bytes += table_stored_bytes(table_of(run), (int32_t)i - 1);
    }
    const int64_t million_milli = (int64_t)MILLION * MILLI;
    cost.on_demand = priced(rcu_milli, s->prices.read_million, million_milli) +
                     priced(wcu_milli, s->prices.write_million, million_milli);
    cost.provisioned =
        cost.hours * (cost.rcu * s->prices.read_hour + cost.wcu * s->prices.write_hour);
    cost.storage_month = priced(bytes, s->prices.storage_month, GB);
    return cost;
}

/* test_table_usage.c: what a run says of its table's capacity and of its price.
 *
 * A story with ten files is told under provisioned units that do not suffice; the rows of seconds
 * are held against the totals, the busiest second and the first throttled minute against the calls,
 * and the bill against sums worked out by hand. Sources: DDB-PRICE-*, DDB-CAPACITY-8.
 */
#include "tests/story.h"

#include <stdlib.h>

/* Ten files two minutes after the start, on a table with so many units a second. */
static void files_of(struct story *s, int64_t wcu)
{
    story_init(s);
    scenario_apply_throttling(&s->scenario, THROTTLING_AWS);
    s->scenario.table.rcu = 0;
    s->scenario.table.wcu = wcu;
    s->scenario.table.limits.burst = duration_s(1);
    story_files(s, 10, 120, (struct duration){0});
}

static void ten_files(struct story *s, int64_t wcu)
{
    files_of(s, wcu);
    story_begin(s);
}

static void seconds_add_up_to_the_totals(void **state)
{
    (void)state;
    struct story s;
    ten_files(&s, 12);
    (void)story_finish(&s);
    assert_number(run_capacities_count(s.run), 2);
    for (uint64_t i = 0; i < 2; i++) {
        struct capacity_row row;
        struct capacity_second_row second, sum = {.at = {0}};
        int64_t peak = 0;
        run_capacity(s.run, i, &row);
        for (uint64_t k = 0; k < run_capacity_seconds_count(s.run); k++) {
            run_capacity_second(s.run, k, &second);
            if (text_equal(second.resource, row.resource)) {
                sum.rcu_milli += second.rcu_milli;
                sum.wcu_milli += second.wcu_milli;
                sum.throttled_reads += second.throttled_reads;
                sum.throttled_writes += second.throttled_writes;
                sum.throttled_wcu_milli += second.throttled_wcu_milli;
                peak = second.wcu_milli > peak ? second.wcu_milli : peak;
            }
        }
        assert_true(row.wcu_milli > 0 && row.rcu_milli > 0 && row.throttled_writes > 0);
        assert_number(sum.rcu_milli, row.rcu_milli);
        assert_number(sum.wcu_milli, row.wcu_milli);
        assert_number(sum.throttled_reads, row.throttled_reads);
        assert_number(sum.throttled_writes, row.throttled_writes);
        assert_true(sum.throttled_wcu_milli >= row.throttled_writes * 1000);
        assert_number(peak, row.peak_wcu_milli);
        assert_true(row.peak_wcu_milli <= 24 * 1000);
    }
    story_end(&s);
}

/* A minute is named by its beginning; there are files in the third one, and in the sixth. */
static void the_first_throttled_minute_is_told(void **state)
{
    (void)state;
    struct story s;
    struct capacity_row row, index;
    files_of(&s, 12);
    story_files(&s, 10, 300, (struct duration){0});
    story_begin(&s);
    struct summary summary = story_finish(&s);
    run_capacity(s.run, 0, &row);
    assert_number(story_ms(&s, row.saturated_at), 120000);
    run_capacity(s.run, 1, &index);
    assert_true(summary.table_requests.throttled > 0);
    assert_true(summary.table_requests.throttled <= row.throttled_writes + index.throttled_writes);
    assert_true(summary.table_requests.retried >=
                summary.table_requests.throttled - summary.table_requests.given_up);
    story_end(&s);
    ten_files(&s, 100000);
    summary = story_finish(&s);
    run_capacity(s.run, 0, &row);
    assert_number(story_ms(&s, row.saturated_at), -1);
    assert_number(row.throttled_writes, 0);
    assert_number(summary.table_requests.throttled, 0);
    assert_number(summary.table_requests.retried, 0);
    story_end(&s);
}

/* Every request is one row of the calls. */
static void requests_are_counted(void **state)
{
    (void)state;
    struct story s;
    ten_files(&s, 12);
    struct summary summary = story_finish(&s);
    int64_t made = 0, throttled = 0, retried = 0;
    for (uint64_t i = 0; i < run_calls_count(s.run); i++) {
        struct call_row call;
        run_call(s.run, i, &call);
        bool of_table = text_equal(call.service, TEXT("dynamodb"));
        made += of_table;
        throttled += of_table && text_equal(call.outcome, TEXT("throttled"));
        retried += of_table && call.attempt > 1;
    }
    assert_true(throttled > 0 && retried > 0);
    assert_number(summary.table_requests.made, made);
    assert_number(summary.table_requests.throttled, throttled);
    assert_number(summary.table_requests.retried, retried);
    story_end(&s);
}

/* Ten files: 10 puts, 10 marks, 1 record put and 2 updates, and the lock taken and released for
 * each file and once more after the manifest: 45 writes. The index: 10 + 20 + 1 + 4. */
static void the_bill_is(void **state)
{
    (void)state;
    struct story s;
    ten_files(&s, 0);
    struct summary summary = story_finish(&s);
    struct cost cost = summary.cost;
    struct capacity_row base, index;
    run_capacity(s.run, 0, &base);
    run_capacity(s.run, 1, &index);
    assert_number(base.wcu_milli, 45000);
    assert_number(index.wcu_milli, 35000);
    /* 0.125 and 0.625 dollars a million: 125 and 625 billionths each. */
    int64_t reads_nano = (base.rcu_milli + index.rcu_milli) / 500 * 125;
    assert_number(2 * (cost.on_demand - 80 * 625) - reads_nano <= 1, 1);
    assert_number(2 * (cost.on_demand - 80 * 625) - reads_nano >= 0, 1);
    /* Provisioned for the busiest seconds, for one hour that has begun. */
    assert_number(cost.hours, 1);
    assert_number(cost.rcu,
                  (base.peak_rcu_milli + 999) / 1000 + (index.peak_rcu_milli + 999) / 1000);
    assert_number(cost.wcu, (base.peak_wcu_milli + index.peak_wcu_milli) / 1000);
    assert_number(cost.provisioned, cost.rcu * 130000 + cost.wcu * 650000);
    /* A GB for 0.25 dollars. */
    int64_t bytes = table_stored_bytes(story_cloud(&s)->table, TABLE_BASE) +
                    table_stored_bytes(story_cloud(&s)->table, 0);
    assert_true(bytes > 22 * 100);
    assert_number(cost.storage_month, (bytes * 250000000 + (1 << 29)) >> 30);
    story_end(&s);
}

/* What is provisioned is paid for, whether it is used or not; a run of 353 hours and a bit takes
 * 354. */
static void provision_is_paid_by_the_hour(void **state)
{
    (void)state;
    struct story s;
    ten_files(&s, 50);
    (void)story_finish(&s);
    struct cost cost = run_cost(s.run);
    assert_number(cost.wcu, 100);
    assert_number(cost.hours, 1);
    story_end(&s);
    story_init(&s);
    scenario_apply_throttling(&s.scenario, THROTTLING_AWS);
    s.scenario.table.rcu = 10;
    s.scenario.table.wcu = 50;
    s.scenario.until = duration_s(24 * 3600);
    story_files(&s, 1, 24 * 3600, (struct duration){0});
    story_begin(&s);
    cost = story_finish(&s).cost;
    assert_number(cost.hours, 24);
    assert_number(cost.provisioned, 24 * (20 * 130000 + 100 * 650000));
    story_end(&s);
}

int main(void)
{
    struct cases cases = {.count = 0};
    CASES_ADD(&cases, seconds_add_up_to_the_totals);
    CASES_ADD(&cases, the_first_throttled_minute_is_told);
    CASES_ADD(&cases, requests_are_counted);
    CASES_ADD(&cases, the_bill_is);
    CASES_ADD(&cases, provision_is_paid_by_the_hour);
    return cases_run("usage of the table", &cases);
}

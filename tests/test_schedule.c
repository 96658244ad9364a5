/* test_schedule.c: ticks of a schedule: when they come, and when they do not.
 *
 * The function is V7's batcher, which finds nothing to do: the one file of today waits.
 */
#include "tests/story.h"

static struct story s;

static void one_file(void)
{
    story_init(&s);
    scenario_apply_builder(&s.scenario, BUILDER_V7);
    scenario_apply_machine(&s.scenario, MACHINE_M7);
    s.scenario.schedule.delay = exactly((struct duration){0});
    story_files(&s, 1, 0, (struct duration){0});
}

static int64_t delivered_by(int64_t ms)
{
    story_until_ms(&s, ms);
    return story_cloud(&s)->schedule.state->delivered;
}

/* LAMBDA-SCHEDULE-1 */
static void a_tick_comes_with_every_interval(void **state)
{
    (void)state;
    one_file();
    story_begin(&s);
    assert_number(delivered_by(59999), 0);
    assert_number(delivered_by(60000), 1);
    assert_number(delivered_by(120000), 2);
    story_end(&s);
}

/* LAMBDA-SCHEDULE-1 */
static void a_tick_may_be_late_and_the_next_is_not(void **state)
{
    (void)state;
    one_file();
    s.scenario.schedule.delay = exactly(duration_s(5));
    story_begin(&s);
    assert_number(delivered_by(64999), 0);
    assert_number(delivered_by(65000), 1);
    assert_number(delivered_by(125000), 2);
    story_end(&s);
}

/* LAMBDA-SCHEDULE-2 */
static void a_tick_may_come_twice_or_not_at_all(void **state)
{
    (void)state;
    one_file();
    story_fault(&s, FAULT_DUPLICATE, "scheduler", "TICK", 1);
    story_fault(&s, FAULT_LOSE, "scheduler", "TICK", 2);
    s.scenario.faults[0].times = s.scenario.faults[1].times = 1;
    story_begin(&s);
    assert_number(delivered_by(60000), 2);
    assert_number(delivered_by(120000), 2);
    assert_number(delivered_by(180000), 3);
    assert_number(story_cloud(&s)->schedule.state->lost, 1);
    story_end(&s);
}

/* LAMBDA-SCHEDULE-3: the function has one environment, which is at work. */
static void a_tick_that_is_throttled_is_dropped(void **state)
{
    (void)state;
    one_file();
    s.scenario.latency.table_query = exactly(duration_s(1));
    s.scenario.schedule.duplicate_ppm = 1000000;
    story_begin_seeded(&s, 1);
    assert_number(delivered_by(70000), 2);
    assert_number(story_cloud(&s)->schedule.state->throttled, 1);
    assert_number(story_cloud(&s)->functions.states[FUNCTION_BATCHER].environments, 1);
    story_end(&s);
}

/* Two ticks without anything to do, one of them thorough, end a run; a quarter of an hour goes by
 * until there is one. */
static void a_run_ends_when_ticks_do_nothing_any_more(void **state)
{
    (void)state;
    one_file();
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.simulated_ns / NS_PER_S, 15 * 60);
    assert_number(summary.files.pending, 1);
    story_end(&s);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, a_tick_comes_with_every_interval);
    CASES_ADD(&cases, a_tick_may_be_late_and_the_next_is_not);
    CASES_ADD(&cases, a_tick_may_come_twice_or_not_at_all);
    CASES_ADD(&cases, a_tick_that_is_throttled_is_dropped);
    CASES_ADD(&cases, a_run_ends_when_ticks_do_nothing_any_more);
    return cases_run("schedule", &cases);
}

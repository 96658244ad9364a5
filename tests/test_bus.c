/* test_bus.c: events on their way to the state machine: late, twice, again, or never.
 *
 * Ten files that arrive at once make one manifest a second later, and the builder (V6e) puts one
 * event. Delays are given, so that each instant can be worked out by hand.
 */
#include "tests/story.h"

static struct story s;

static void one_event(void)
{
    story_init(&s);
    scenario_apply_builder(&s.scenario, BUILDER_V6E);
    s.scenario.bus.delay = exactly(duration_ms(250));
    s.scenario.until = duration_s(100000);
    story_files(&s, 10, 0, (struct duration){0});
}

static const struct bus_counts *counts(void)
{
    return story_cloud(&s)->bus.counts;
}

/* EVENTS-DELAY-1, PIPE-BUS-2: the execution's input is the event's. */
static void an_event_starts_an_execution_after_its_delay(void **state)
{
    (void)state;
    one_event();
    story_begin(&s);
    story_until_ms(&s, 1249);
    assert_number(counts()->put, 1);
    assert_number(run_executions_count(s.run), 0);
    assert_text(story_status(&s, TODAY, FIRST_MANIFEST), "pending");
    story_until_ms(&s, 1250);
    assert_number(run_executions_count(s.run), 1);
    assert_number(counts()->delivered, 1);
    struct execution_row row;
    run_execution(s.run, 0, &row);
    assert_text(row.manifest, "manifests/2026-01-30/batch-0001-20260130-050001.json");
    assert_text(row.date, "2026-01-30");
    assert_number(row.file_count, 10);
    assert_text(story_status(&s, TODAY, FIRST_MANIFEST), "processing");
    struct summary summary = story_finish(&s);
    assert_number(summary.executions.succeeded, 1);
    assert_number(story_violations(&s, INVARIANT_S6), 0);
    story_end(&s);
}

/* PIPE-BUS-2, PIPE-INPUT-1: with a shared record the event has no file_key for the machine. */
static void an_event_has_the_key_of_an_own_record_alone(void **state)
{
    (void)state;
    for (int own = 0; own < 2; own++) {
        one_event();
        s.scenario.builder.record = own != 0 ? RECORD_OWN : RECORD_SHARED;
        s.scenario.missing_file_key = MISSING_KEY_ERROR;
        story_begin(&s);
        struct summary summary = story_finish(&s);
        assert_number(summary.executions.started, 1);
        assert_number(summary.executions.failed, own == 0);
        story_end(&s);
    }
}

/* EVENTS-ONCE-1: the second execution reads the same files. */
static void an_event_delivered_twice_starts_two_executions(void **state)
{
    (void)state;
    one_event();
    s.scenario.bus.duplicate_ppm = 1000000;
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(counts()->put, 1);
    assert_number(counts()->duplicates, 1);
    assert_number(counts()->delivered, 2);
    assert_number(summary.executions.started, 2);
    assert_number(summary.manifests.created, 1);
    assert_number(story_violations(&s, INVARIANT_S5), 10);
    story_end(&s);
}

/* EVENTS-RETRY-1: so many tries and one more, then the dead-letter queue. The default of a jitter
 * is its middle: waits of half of 1, 2, 4 s. Source: EVENTS-RETRY-2. */
static void an_event_that_cannot_be_delivered_ends_in_the_dead_letter_queue(void **state)
{
    (void)state;
    one_event();
    s.scenario.bus.failure_ppm = 1000000;
    s.scenario.bus.max_retries = 3;
    story_begin(&s);
    static const int64_t tries_ms[] = {1250, 1750, 2750, 4750};
    for (int i = 0; i < 4; i++) {
        assert_number(counts()->dead, 0);
        story_until_ms(&s, tries_ms[i] - 1);
        assert_number(run_executions_count(s.run) == 0 ? counts()->failures : -1, i);
        story_until_ms(&s, tries_ms[i]);
        assert_number(counts()->failures, i + 1);
    }
    assert_number(counts()->dead, 1);
    struct summary summary = story_finish(&s);
    assert_number(counts()->failures, 4);
    assert_number(summary.executions.started, 0);
    assert_number(story_violations(&s, INVARIANT_S4), 10);
    assert_number(story_violations(&s, INVARIANT_S3), 10);
    story_end(&s);
}

/* EVENTS-RETRY-1: no try is made once the event is too old. Waits grow to 10 minutes, of which the
 * middle is 5: after 2^9 s all are alike. */
static void an_event_is_not_tried_beyond_its_age(void **state)
{
    (void)state;
    one_event();
    s.scenario.bus.failure_ppm = 1000000;
    s.scenario.bus.max_age = duration_s(3600);
    story_begin(&s);
    (void)story_finish(&s);
    /* Ten waits of 0.5 s, 1 s ... 256 s make 511.5 s, then there is room for ten of 300 s. */
    assert_number(counts()->failures, 1 + 10 + 10);
    assert_number(counts()->dead, 1);
    story_end(&s);
}

static void some_deliveries_fail_and_all_events_arrive(void **state)
{
    (void)state;
    one_event();
    s.scenario.bus.failure_ppm = 500000;
    s.scenario.workloads[0].files = 300;
    s.scenario.workloads[0].over = duration_s(600);
    story_begin_seeded(&s, 7);
    struct summary summary = story_finish(&s);
    assert_true(counts()->failures > 5);
    assert_number(counts()->delivered, counts()->put);
    assert_number(counts()->dead, 0);
    assert_number(summary.executions.started, counts()->put);
    story_end(&s);
}

struct strike_row {
    const char *name;
    enum fault_kind kind;
    int64_t at_1250, at_11250; /* executions by then */
    int64_t unstarted;         /* files, in the end */
};

static const struct strike_row strike_rows[] = {
    {"an event that a fault loses starts nothing",   FAULT_LOSE,      0, 0, 10},
    {"an event that a fault doubles starts two",     FAULT_DUPLICATE, 2, 2, 0 },
    {"an event that a fault delays starts one late", FAULT_DELAY,     0, 1, 0 },
};

static void a_fault_of_the_bus(void **state)
{
    const struct strike_row *row = *state;
    one_event();
    story_fault(&s, row->kind, "eventbridge", "EVENT", 1);
    if (row->kind == FAULT_DELAY) {
        story_last_fault(&s)->by = duration_s(10);
    }
    char path[64];
    struct error error = {.message = ""};
    assert_int_equal(scenario_validate(&s.scenario, path, &error), STATUS_OK);
    story_begin(&s);
    story_until_ms(&s, 1250);
    assert_number(run_executions_count(s.run), row->at_1250);
    story_until_ms(&s, 11249);
    assert_number(run_executions_count(s.run), row->at_1250);
    story_until_ms(&s, 11250);
    assert_number(run_executions_count(s.run), row->at_11250);
    (void)story_finish(&s);
    assert_number(counts()->lost, row->kind == FAULT_LOSE);
    assert_number(story_violations(&s, INVARIANT_S4), row->unstarted);
    story_end(&s);
}

/* Every version but V6e and V6s does without one. */
static void there_is_no_bus_without_a_publisher_to_it(void **state)
{
    (void)state;
    one_event();
    scenario_apply_builder(&s.scenario, BUILDER_V6);
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_null(counts());
    assert_number(summary.executions.started, 1);
    story_end(&s);
}

int main(void)
{
    struct cases cases = {.count = 0};
    CASES_ADD(&cases, an_event_starts_an_execution_after_its_delay);
    CASES_ADD(&cases, an_event_has_the_key_of_an_own_record_alone);
    CASES_ADD(&cases, an_event_delivered_twice_starts_two_executions);
    CASES_ADD(&cases, an_event_that_cannot_be_delivered_ends_in_the_dead_letter_queue);
    CASES_ADD(&cases, an_event_is_not_tried_beyond_its_age);
    CASES_ADD(&cases, some_deliveries_fail_and_all_events_arrive);
    CASES_ADD_TABLE(&cases, a_fault_of_the_bus, strike_rows);
    CASES_ADD(&cases, there_is_no_bus_without_a_publisher_to_it);
    return cases_run("bus", &cases);
}

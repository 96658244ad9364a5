/* test_time_machine.c: a run can be taken to any of its events, and is then what it was there.
 *
 * A first run of each scenario goes step by step and leaves a fingerprint of every place: the
 * world, the table, the trace, the history's rows and what has been drawn. A second one is sent to
 * and fro by a time machine; wherever it lands, the fingerprint must be that of the place. Places
 * come from a generator of fixed seed: JUMPS of them, 1 000 unless the environment or a sanitizer
 * says otherwise. What an event has written is checked by the table's own hash.
 */
#include "tests/journey.h"

#include <stdio.h>

enum { EVENTS_MAX = 20000 };

/* What a first run left at a place. */
struct trail_place {
    struct fingerprint fingerprint;
    struct instant at;
    uint64_t violations;
};

static struct trail_place trail[EVENTS_MAX + 2]; /* of each event; behind the last, the end */
static uint64_t last;                            /* event */

static struct trail_place place_here(struct world_under_test *w)
{
    return (struct trail_place){fingerprint(w), run_now(w->run), run_violations_count(w->run)};
}

/* The first run: no machine has anything to do with it. */
static void walk(const struct journey *j)
{
    static struct world_under_test w;
    struct error error = {.message = ""};
    journey_begin(&w, j);
    last = 0;
    trail[0] = place_here(&w);
    while (run_advance(w.run, 1, &error) == RUN_GOING) {
        assert_true(last < EVENTS_MAX);
        trail[++last] = place_here(&w);
    }
    if (run_pipeline(w.run)->cloud.simulation.events > last) {
        trail[++last] = place_here(&w); /* the event for which there was no room */
    }
    run_finish(w.run);
    trail[last + 1] = place_here(&w);
    journey_end(&w);
    assert_true(last > 250);
}

static void set_out(struct world_under_test *w, const struct journey *j)
{
    struct error error = {.message = ""};
    walk(j);
    journey_begin(w, j);
    w->machine = time_machine_create(w->run, j->snapshot_bytes, &error);
    if (w->machine == NULL) {
        fail_msg("%s", error.message);
    }
}

static void check(struct world_under_test *w, uint64_t events, bool at_end, const char *how)
{
    struct run_place place = time_machine_place(w->machine);
    if (place.events != events || place.end != at_end) {
        fail_msg("%s: at event %llu%s, not %llu", how, (unsigned long long)place.events,
                 place.end ? ", the end" : "", (unsigned long long)events);
    }
    assert_int_equal(time_machine_event_text(w->machine).size > 0, events > 0 && !at_end);
    const struct fingerprint *then = &trail[at_end ? last + 1 : events].fingerprint;
    struct fingerprint now = fingerprint(w);
    if (memcmp(&now, then, sizeof now) != 0) {
        fail_msg("%s: event %llu%s is another: world %d, table %d, trace %d, history %d, drawn %d",
                 how, (unsigned long long)events, at_end ? ", the end," : "",
                 memcmp(&now.world, &then->world, sizeof now.world) != 0,
                 memcmp(&now.table, &then->table, sizeof now.table) != 0,
                 memcmp(&now.trace, &then->trace, sizeof now.trace) != 0,
                 memcmp(&now.history, &then->history, sizeof now.history) != 0,
                 now.drawn != then->drawn);
    }
}

static uint64_t jumps_wanted(void)
{
    const char *wanted = getenv("JUMPS");
#if defined(LOCKSTEP_PARANOID)
    uint64_t usual = 200;
#else
    uint64_t usual = 1000;
#endif
    return wanted != NULL ? strtoull(wanted, NULL, 10) : usual;
}

/* ---- Going to places. ---- */

static void every_place_is_found_again(void **state)
{
    const struct journey *j = *state;
    static struct world_under_test w;
    struct error error = {.message = ""};
    uint64_t random = 88172645463325252U;
    set_out(&w, j);
    for (uint64_t i = 0; i < jumps_wanted(); i++) {
        uint64_t to = draw(&random, last + 2);
        assert_int_equal(time_machine_go(w.machine, to, &error), STATUS_OK);
        check(&w, to > last ? last : to, to > last, "a jump");
    }
    journey_end(&w);
}

static void steps_lead_through_the_end_and_back(void **state)
{
    const struct journey *j = *state;
    static struct world_under_test w;
    struct error error = {.message = ""};
    set_out(&w, j);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(time_machine_go(w.machine, last - 3, &error), STATUS_OK);
        for (uint64_t event = last - 2; event <= last; event++) {
            assert_int_equal(time_machine_step(w.machine, &error), STATUS_OK);
            check(&w, event, false, "a step");
        }
        assert_int_equal(time_machine_step(w.machine, &error), STATUS_OK);
        check(&w, last, true, "the last step");
        enum run_state why = time_machine_ended_by(w.machine);
        assert_true(why != RUN_GOING && (why == RUN_FULL) == (j->pending_max > 0));
        assert_int_equal(time_machine_step(w.machine, &error), STATUS_OK);
        check(&w, last, true, "a step at the end");
        assert_int_equal(time_machine_go_to_end(w.machine, &error), STATUS_OK);
        check(&w, last, true, "going to the end from there");
        assert_int_equal(time_machine_go(w.machine, last, &error), STATUS_OK);
        check(&w, last, false, "back over the end");
        assert_int_equal(time_machine_ended_by(w.machine), RUN_GOING);
        assert_int_equal(time_machine_go(w.machine, 0, &error), STATUS_OK);
        check(&w, 0, false, "back to the start");
        assert_int_equal(time_machine_go_to_end(w.machine, &error), STATUS_OK);
        check(&w, last, true, "going to the end");
    }
    journey_end(&w);
}

/* The last event that is not later than an instant. */
static uint64_t event_by(struct instant at)
{
    uint64_t event = 0;
    while (event < last && !instant_before(at, trail[event + 1].at)) {
        event++;
    }
    return event;
}

static void instants_lead_to_the_last_event_before(void **state)
{
    const struct journey *j = *state;
    static struct world_under_test w;
    struct error error = {.message = ""};
    uint64_t random = 362436069;
    set_out(&w, j);
    for (uint64_t i = 0; i < jumps_wanted() / 4; i++) {
        struct instant at = trail[draw(&random, last)].at;
        at.ns += (int64_t)draw(&random, 3) - 1;
        if (event_by(at) == last) {
            continue; /* behind it comes the end */
        }
        assert_int_equal(time_machine_go_to_instant(w.machine, at, &error), STATUS_OK);
        check(&w, event_by(at), false, "an instant");
    }
    journey_end(&w);
}

/* ---- Looking for places. ---- */

struct counting {
    const struct run *run;
    uint64_t before;
};

static void note_count(void *self)
{
    struct counting *c = self;
    c->before = run_violations_count(c->run);
}

static bool has_grown(void *self)
{
    struct counting *c = self;
    return run_violations_count(c->run) > c->before;
}

/* The place, up to and with `from`, or from there on, at which violations were added; last + 1 is
 * the end, and 0 stands for none. */
static uint64_t next_violation(uint64_t from)
{
    for (uint64_t i = from; i <= last + 1; i++) {
        if (trail[i].violations > trail[i - 1].violations) {
            return i;
        }
    }
    return 0;
}

static uint64_t previous_violation(uint64_t from)
{
    uint64_t i = from;
    while (i > 0 && trail[i].violations == trail[i - 1].violations) {
        i--;
    }
    return i;
}

static void violations_are_found_forward_and_back(void **state)
{
    const struct journey *j = *state;
    static struct world_under_test w;
    struct error error = {.message = ""};
    uint64_t random = 521288629;
    bool found;
    set_out(&w, j);
    struct counting counting = {w.run, 0};
    struct time_machine_watch watch = {note_count, has_grown, &counting};
    for (uint64_t i = 0; i < jumps_wanted() / 20; i++) {
        uint64_t from = draw(&random, last + 2);
        assert_int_equal(time_machine_go(w.machine, from, &error), STATUS_OK);
        assert_int_equal(time_machine_seek(w.machine, &watch, &found, &error), STATUS_OK);
        uint64_t wanted = from > last ? 0 : next_violation(from + 1);
        assert_int_equal(found, wanted != 0);
        uint64_t at = wanted == 0 || wanted > last ? last : wanted;
        check(&w, at, wanted == 0 || wanted > last, "seeking");
        assert_int_equal(time_machine_go(w.machine, from, &error), STATUS_OK);
        assert_int_equal(time_machine_seek_back(w.machine, &watch, &found, &error), STATUS_OK);
        wanted = from == 0 ? 0 : previous_violation(from - 1);
        assert_int_equal(found, wanted != 0);
        check(&w, wanted, false, "seeking back");
    }
    journey_end(&w);
}

static void ignore(void *self)
{
    (void)self;
}

static bool say_yes(void *self)
{
    (void)self;
    return true;
}

/* To whom every place is one, looking is stepping. */
static void looking_for_anything_finds_the_neighbour(void **state)
{
    const struct journey *j = *state;
    static struct world_under_test w;
    struct error error = {.message = ""};
    const struct time_machine_watch watch = {ignore, say_yes, NULL};
    bool found;
    set_out(&w, j);
    assert_int_equal(time_machine_go_to_end(w.machine, &error), STATUS_OK);
    for (uint64_t event = last; event > last - 3; event--) {
        assert_int_equal(time_machine_seek_back(w.machine, &watch, &found, &error), STATUS_OK);
        assert_true(found);
        check(&w, event, false, "to the neighbour before");
    }
    for (uint64_t event = last - 1; event <= last + 1; event++) {
        assert_int_equal(time_machine_seek(w.machine, &watch, &found, &error), STATUS_OK);
        assert_true(found);
        check(&w, event < last ? event : last, event > last, "to the neighbour behind");
    }
    assert_int_equal(time_machine_seek(w.machine, &watch, &found, &error), STATUS_OK);
    assert_false(found);
    journey_end(&w);
}

/* ---- What an event has written. ---- */

static struct hash128 item_hash(struct item item)
{
    return item.bytes.size == 0 ? (struct hash128){0, 0} : hash128(item.bytes.at, item.bytes.size);
}

static void take_change(void *self, struct item before, struct item now)
{
    struct hash128 *sum = self;
    assert_true(before.bytes.size + now.bytes.size > 0);
    *sum = hash128_add(hash128_subtract(*sum, item_hash(before)), item_hash(now));
}

static void changes_lead_from_one_table_to_the_next(void **state)
{
    const struct journey *j = *state;
    static struct world_under_test w;
    struct error error = {.message = ""};
    uint64_t changed = 0;
    set_out(&w, j);
    for (uint64_t event = 1; event <= last; event++) {
        /* Every seventh is come to from behind. */
        if (event % 7 == 0) {
            assert_int_equal(time_machine_go(w.machine, event + 1, &error), STATUS_OK);
        }
        assert_int_equal(time_machine_go(w.machine, event, &error), STATUS_OK);
        struct hash128 sum = trail[event - 1].fingerprint.table;
        time_machine_each_change(w.machine, take_change, &sum);
        if (memcmp(&sum, &trail[event].fingerprint.table, sizeof sum) != 0) {
            fail_msg("what event %llu changed is not told", (unsigned long long)event);
        }
        changed += memcmp(&sum, &trail[event - 1].fingerprint.table, sizeof sum) != 0;
    }
    assert_true(changed > 20);
    journey_end(&w);
}

/* ---- Memory. ---- */

static void few_snapshots_do(void **state)
{
    const struct journey *j = *state;
    static struct world_under_test w;
    struct error error = {.message = ""};
    set_out(&w, j);
    assert_int_equal(time_machine_go_to_end(w.machine, &error), STATUS_OK);
    struct time_machine_cost cost = time_machine_cost(w.machine);
    assert_true(cost.bytes <= j->snapshot_bytes || cost.snapshots == 1);
    assert_int_equal(cost.interval == 64, j->snapshot_bytes == BYTES);
    assert_true(j->snapshot_bytes < BYTES || cost.snapshots == (last - 1) / 64 + 1);
    journey_end(&w);
}

static const struct journey journeys[] = {
    {"130 files",                      "scenarios/regression/130-files.yaml",               "",                3, BYTES,   0 },
    {"130 files, snapshots for 2 MiB", "scenarios/regression/130-files.yaml",               "",                3, 2 << 20, 0 },
    {"a dead owner, until TTL",        "scenarios/incidents/f03-dead-owner.yaml",           "V0",              5, BYTES,   0 },
    {"a dead owner, room for none",    "scenarios/incidents/f03-dead-owner.yaml",           "V0",              5, 1,       0 },
    {"a death, and the batcher",       "scenarios/incidents/f03-dead-owner.yaml",           "V7",              7, BYTES,   0 },
    {"a stream and a bus",             "scenarios/incidents/f17-stream-without-bus.yaml",   "stream with bus", 2,
     BYTES,                                                                                                                0 },
    {"an operator",                    "scenarios/lessons/lock-operator-deletes-live.yaml", "lease-live",      1, BYTES,   0 },
    {"throttling",                     "scenarios/incidents/f43-throttling-cascade.yaml",   "V4-M3",           1, BYTES,   0 },
    {"out of room",                    "scenarios/regression/130-files.yaml",               "",                3, BYTES,   64},
};

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, every_place_is_found_again, journeys);
    CASES_ADD_TABLE(&cases, steps_lead_through_the_end_and_back, journeys);
    CASES_ADD_TABLE(&cases, instants_lead_to_the_last_event_before, journeys);
    CASES_ADD_TABLE(&cases, violations_are_found_forward_and_back, journeys);
    CASES_ADD_TABLE(&cases, looking_for_anything_finds_the_neighbour, journeys);
    CASES_ADD_TABLE(&cases, changes_lead_from_one_table_to_the_next, journeys);
    CASES_ADD_TABLE(&cases, few_snapshots_do, journeys);
    return cases_run("time machine", &cases);
}

/* test_simulation.c: the event loop, driving a model of two bells and a process that waits for
 * them.
 */
#include "sim/process.h"
#include "sim/simulation.h"

#include "tests/cases.h"

/* --- a model
 * ------------------------------------------------------------------------------------------------
 */

#define POINTS(X) X(START) X(FIRST) X(CHILD) X(LAST)
#define CHILD_POINTS(X) X(CHILD_WAIT)

enum point { POINTS(POINT_ENUM) };

enum child_point { CHILD_START, CHILD_POINTS(POINT_ENUM) };

static const char *const point_names[] = {POINTS(POINT_NAME)};

enum { RING, FAIL, WAKE, KINDS_COUNT };

struct listener {
    uint32_t at, child_at;
    uint32_t rounds, child_rounds;
    enum process_status status;
};

struct model {
    struct simulation simulation;
    struct choices choices;
    struct trace trace;
    struct listener listener;
    char order[64];
    size_t rung;
};

static void ring(void *self, uint32_t subject, uint64_t detail)
{
    struct model *m = self;
    m->order[m->rung++] = (char)subject;
    if (detail > 0) {
        (void)simulation_schedule(&m->simulation, duration_s(1), RING, subject, detail - 1);
    }
}

static void fail_now(void *self, uint32_t subject, uint64_t detail)
{
    (void)subject;
    (void)detail;
    struct model *m = self;
    simulation_fail(&m->simulation, "first");
    simulation_fail(&m->simulation, "second");
}

static void wait_a_second(struct model *m)
{
    (void)simulation_schedule(&m->simulation, duration_s(1), WAKE, 0, 0);
}

static enum process_status child_step(struct model *m)
{
    switch ((enum child_point)m->listener.child_at) {
    case CHILD_START:
        for (m->listener.child_rounds = 0; m->listener.child_rounds < 2;
             m->listener.child_rounds++) {
            AWAIT(m->listener.child_at, CHILD_WAIT, wait_a_second(m));
        }
        PROCESS_END;
    }

    static enum process_status listener_step(struct model * m)
    {
        struct listener *l = &m->listener;
        PROCESS_BEGIN(l->at, enum point);
        for (l->rounds = 0; l->rounds < 3; l->rounds++) {
            AWAIT(l->at, FIRST, wait_a_second(m));
        }

        AWAIT_CHILD(l->at, CHILD, child_step(m));
        AWAIT(l->at, LAST, wait_a_second(m));
        PROCESS_END;
    }

    static void wake(void *self, uint32_t subject, uint64_t detail)
    {
        (void)subject;
        (void)detail;
        struct model *m = self;
        m->listener.status = listener_step(m);
    }

    static const struct event_kind kinds[KINDS_COUNT] = {
        {"RING", ring    },
        {"FAIL", fail_now},
        {"WAKE", wake    },
    };

    static void begin(struct model * m, uint32_t events)
    {
        memset(m, 0, sizeof *m);
        choices_init_default(&m->choices, NULL, 0);
        trace_init(&m->trace);
        simulation_init(&m->simulation, m, kinds, KINDS_COUNT, &m->choices, &m->trace);
        assert_int_equal(
            world_build(&m->simulation.world, events, (struct instant){0}, &m->choices, NULL),
            STATUS_OK);
    }

    static void end(struct model * m)
    {
        world_deinit(&m->simulation.world);
    }

    /* --- the loop
     * ------------------------------------------------------------------------------------------------
     */

    static void events_come_by_instant_and_then_as_they_were_scheduled(void **state)
    {
        (void)state;
        struct model m;
        begin(&m, 16);
        (void)simulation_schedule(&m.simulation, duration_s(2), RING, 'c', 0);
        (void)simulation_schedule(&m.simulation, duration_s(1), RING, 'a', 2); /* at 1, 2 and 3 s */
        (void)simulation_schedule(&m.simulation, duration_s(1), RING, 'b', 0);
        (void)simulation_schedule_at(&m.simulation, (struct instant){2 * NS_PER_S}, RING, 'd', 0);
        while (simulation_step(&m.simulation)) {
        }
        assert_string_equal(m.order, "abcdaa");
        assert_int_equal(simulation_now(&m.simulation).ns, 3 * NS_PER_S);
        assert_int_equal(m.simulation.events, 6);
        assert_int_equal(m.trace.events, 6);
        end(&m);
    }

    static void a_cancelled_event_does_not_come(void **state)
    {
        (void)state;
        struct model m;
        begin(&m, 16);
        struct event_handle handle =
            simulation_schedule(&m.simulation, duration_s(1), RING, 'a', 0);
        (void)simulation_schedule(&m.simulation, duration_s(2), RING, 'b', 0);
        simulation_cancel(&m.simulation, handle);
        while (simulation_step(&m.simulation)) {
        }
        assert_string_equal(m.order, "b");
        end(&m);
    }

    static void a_failure_stops_the_loop_and_the_first_one_counts(void **state)
    {
        (void)state;
        struct model m;
        begin(&m, 16);
        (void)simulation_schedule(&m.simulation, duration_s(1), FAIL, 0, 0);
        (void)simulation_schedule(&m.simulation, duration_s(2), RING, 'a', 0);
        assert_true(simulation_step(&m.simulation));
        assert_false(simulation_step(&m.simulation));
        assert_string_equal(m.simulation.failed, "first");
        assert_string_equal(m.order, "");
        end(&m);
    }

    static void more_events_than_there_is_room_for_are_a_failure(void **state)
    {
        (void)state;
        struct model m;
        begin(&m, 4);
        for (uint32_t i = 0; i < 100 && m.simulation.failed == NULL; i++) {
            (void)simulation_schedule(&m.simulation, duration_s(1), RING, 'a', 0);
        }
        assert_non_null(m.simulation.failed);
        assert_non_null(strstr(m.simulation.failed, "events"));
        assert_false(simulation_step(&m.simulation));
        end(&m);
    }

    static void a_note_changes_the_trace_and_is_no_event(void **state)
    {
        (void)state;
        struct model m;
        begin(&m, 4);
        struct hash128 before = trace_hash(&m.trace);
        simulation_note(&m.simulation, KINDS_COUNT, 1, 2, 3);
        struct hash128 after = trace_hash(&m.trace);
        assert_memory_not_equal(&before, &after, sizeof before);
        assert_int_equal(m.trace.events, 1);
        assert_int_equal(m.simulation.events, 0);
        end(&m);
    }

    /* --- a process
     * ------------------------------------------------------------------------------------------------
     */

    static void a_process_goes_on_behind_the_point_where_it_waited(void **state)
    {
        (void)state;

        static const struct {
            enum point at;
            uint32_t rounds;
        } steps[] = {
            {FIRST, 0},
            {FIRST, 1},
            {FIRST, 2},
            {CHILD, 3},
            {CHILD, 3},
            {LAST,  3},
        };
        struct model m;
        begin(&m, 4);
        m.listener.status = listener_step(&m);
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            assert_int_equal(m.listener.status, PROCESS_SUSPENDED);
            assert_int_equal(m.listener.at, steps[i].at);
            assert_int_equal(m.listener.rounds, steps[i].rounds);
            assert_true(simulation_step(&m.simulation));
        }
        assert_int_equal(m.listener.status, PROCESS_DONE);
        assert_int_equal(simulation_now(&m.simulation).ns, 6 * NS_PER_S);
        assert_false(simulation_step(&m.simulation));
        end(&m);
    }

    /* A process is its bytes: a copy made while it waits goes on from there, as often as one likes.
     */
    static void a_copy_of_a_waiting_process_goes_on_from_there(void **state)
    {
        (void)state;
        struct model m;
        begin(&m, 16);
        m.listener.status = listener_step(&m);
        struct listener copy = m.listener;
        for (int i = 0; i < 2; i++) {
            uint32_t steps = 0;
            m.listener = copy;
            do {
                m.listener.status = listener_step(&m);
                steps++;
            } while (m.listener.status == PROCESS_SUSPENDED);
            assert_int_equal(steps, 6);
        }
        end(&m);
    }

    static void points_have_their_names(void **state)
    {
        (void)state;
        assert_string_equal(point_names[START], "START");
        assert_string_equal(point_names[LAST], "LAST");
    }

    int main(void)
    {
        static struct cases cases;
        CASES_ADD(&cases, events_come_by_instant_and_then_as_they_were_scheduled);
        CASES_ADD(&cases, a_cancelled_event_does_not_come);
        CASES_ADD(&cases, a_failure_stops_the_loop_and_the_first_one_counts);
        CASES_ADD(&cases, more_events_than_there_is_room_for_are_a_failure);
        CASES_ADD(&cases, a_note_changes_the_trace_and_is_no_event);
        CASES_ADD(&cases, a_process_goes_on_behind_the_point_where_it_waited);
        CASES_ADD(&cases, a_copy_of_a_waiting_process_goes_on_from_there);
        CASES_ADD(&cases, points_have_their_names);
        return cases_run("simulation", &cases);
    }

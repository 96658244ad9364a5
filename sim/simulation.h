/* simulation.h: the event loop: takes the next event, adds it to the trace, hands it to its
 * handler.
 *
 * A model is a struct of its own, a list of event kinds (name and handler), and regions in the
 * world. Handlers schedule further events. The loop allocates nothing. A region or queue that is
 * full ends the trial with simulation_fail: a verdict, not a crash.
 */
#ifndef LOCKSTEP_SIM_SIMULATION_H
#define LOCKSTEP_SIM_SIMULATION_H

#include "sim/choice.h"
#include "sim/event_queue.h"
#include "sim/trace.h"
#include "sim/world.h"

struct event_kind {
    const char *name;
    void (*handle)(void *model, uint32_t subject, uint64_t detail);
};

struct simulation {
    struct world world;
    struct choices *choices;
    struct trace *trace;
    void *model;
    const struct event_kind *kinds;
    uint32_t kinds_count;
    uint64_t events;    /* handled so far */
    const char *failed; /* what was exceeded; NULL while all is well */
};

/* Starts over an initialised, not yet built world, to which the model then declares its regions. */
void simulation_init(struct simulation *s, void *model, const struct event_kind *kinds,
                     uint32_t kinds_count, struct choices *choices, struct trace *trace);

static inline struct instant simulation_now(const struct simulation *s)
{
    return event_queue_now(s->world.queue);
}

/* Schedules an event `after` from now (at least 0). The handle is for simulation_cancel. */
struct event_handle simulation_schedule(struct simulation *s, struct duration after, uint32_t kind,
                                        uint32_t subject, uint64_t detail);
struct event_handle simulation_schedule_at(struct simulation *s, struct instant at, uint32_t kind,
                                           uint32_t subject, uint64_t detail);

static inline void simulation_cancel(struct simulation *s, struct event_handle handle)
{
    event_queue_cancel(s->world.queue, handle);
}

/* Adds to the trace what a handler found: an outcome that the event itself does not tell. Codes are
 * above the event kinds. */
void simulation_note(struct simulation *s, uint32_t code, uint32_t subject, uint64_t first,
                     uint64_t second);

/* Ends the trial: `what` (a static string) was exceeded. The first call counts. */
void simulation_fail(struct simulation *s, const char *what);

/* Handles the next event. False where none is left, or the trial has failed. */
bool simulation_step(struct simulation *s);

#endif

/* simulation.c: see simulation.h. */
#include "sim/simulation.h"

void simulation_init(struct simulation *s, void *model, const struct event_kind *kinds,
                     uint32_t kinds_count, struct choices *choices, struct trace *trace)
{
    *s = (struct simulation){
        .choices = choices,
        .trace = trace,
        .model = model,
        .kinds = kinds,
        .kinds_count = kinds_count,
    };
    world_init(&s->world);
}

struct event_handle simulation_schedule_at(struct simulation *s, struct instant at, uint32_t kind,
                                           uint32_t subject, uint64_t detail)
{
    ASSERT(kind < s->kinds_count);
    struct event_handle handle =
        event_queue_push(s->world.queue, at, (struct event){kind, subject, detail});
    if (handle.key == 0) {
        simulation_fail(s, "pending events (limits.events)");
    }
    return handle;
}

struct event_handle simulation_schedule(struct simulation *s, struct duration after, uint32_t kind,
                                        uint32_t subject, uint64_t detail)
{
    ASSERT(after.ns >= 0);
    return simulation_schedule_at(s, instant_add(simulation_now(s), after), kind, subject, detail);
}

void simulation_note(struct simulation *s, uint32_t code, uint32_t subject, uint64_t first,
                     uint64_t second)
{
    ASSERT(code >= s->kinds_count);
    struct trace_record record = {simulation_now(s).ns, code, subject, first, second};
    trace_add(s->trace, &record);
}

void simulation_fail(struct simulation *s, const char *what)
{
    if (s->failed == NULL) {
        s->failed = what;
    }
}

bool simulation_step(struct simulation *s)
{
    struct event event;
    if (s->failed != NULL || !event_queue_pop(s->world.queue, &event)) {
        return false;
    }
    s->events++;
    struct trace_record record = {simulation_now(s).ns, event.kind, event.subject, event.detail, 0};
    trace_add(s->trace, &record);
    s->kinds[event.kind].handle(s->model, event.subject, event.detail);
    return true;
}

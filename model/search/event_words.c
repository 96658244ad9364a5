/* event_words.c: see event_words.h. */
#include "model/search/event_words.h"

#include "model/pipeline/run_state.h"

/* What an event's subject is. */
enum subject { OF_TASK, OF_KEY, OF_BATCH, OF_MESSAGE, OF_RUN, OF_WORKLOAD, OF_TICK, OF_NONE };

/* What happens; `operation`: the call's operation is named before the words. */
static const struct {
    const char *words;
    enum subject subject;
    bool operation;
} sayings[EVENTS_COUNT] = {
    [EVENT_CALL_EFFECT] = {"takes effect",                                          OF_TASK,     true },
    [EVENT_CALL_REPLY] = {"is answered",                                           OF_TASK,     true },
    [EVENT_CALL_RETRY] = {"is tried again",                                        OF_TASK,     true },
    [EVENT_CALL_LOST] = {"is given up, no reply came",                            OF_TASK,     true },
    [EVENT_CALL_YIELDED] = {"leaves, others having gone first",                      OF_TASK,     true },
    [EVENT_TASK_WAKE] = {"goes on after a wait",                                  OF_TASK,     false},
    [EVENT_TASK_KILLED] = {"dies",                                                  OF_TASK,     false},
    [EVENT_INVOCATION_STARTED] = {"starts",                                                OF_TASK,     false},
    [EVENT_INVOCATION_TIMED_OUT] = {"runs into its time-out",                                OF_TASK,     false},
    [EVENT_NOTIFICATION] = {"the queue is told of",                                  OF_KEY,      false},
    [EVENT_MESSAGE_RETURNED] = {"visible again: the message of",                         OF_MESSAGE,  false},
    [EVENT_VISIBILITY_ENDED] = {"the visibility time-out of the oldest batch ends",      OF_NONE,     false},
    [EVENT_POLL] = {"the event source polls the queue",                      OF_NONE,     false},
    [EVENT_INVOKE] = {"the event source tries once more to invoke, for batch", OF_BATCH,    false},
    [EVENT_BATCH_DELETED] = {"the event source deletes the messages of batch",        OF_BATCH,    false},
    [EVENT_CONCURRENCY_GROWN] = {"the event source may poll with more",                   OF_NONE,     false},
    [EVENT_RUN_STARTED] = {"the job run starts of",                                 OF_RUN,      false},
    [EVENT_RUN_ENDED] = {"the job run ends of",                                   OF_RUN,      false},
    [EVENT_RUN_NOTICED] = {"Step Functions looks for the end of the job run of",    OF_RUN,      false},
    [EVENT_EXPIRY_SCAN] = {"TTL looks for items that expire",                       OF_NONE,     false},
    [EVENT_EXPIRY_DELETE] = {"TTL deletes an expired item, if it is still expired",   OF_NONE,     false},
    [EVENT_ARRIVAL] = {"the workload brings file",                              OF_WORKLOAD, false},
    [EVENT_STREAM_POLL] = {"the table's stream is polled",                          OF_NONE,     false},
    [EVENT_STREAM_INVOKE] = {"a batch of the table's stream is handed over",          OF_NONE,     false},
    [EVENT_TICK_DUE] = {"the schedule comes to tick",                            OF_TICK,     false},
    [EVENT_TICK] = {"the schedule invokes its function, tick",               OF_TICK,     false},
    [EVENT_BUS_DELIVERY] = {"the bus delivers an event",                             OF_NONE,     false},
};

bool event_is_of_task(const struct event *event)
{
    return sayings[event->kind].words != NULL && sayings[event->kind].subject == OF_TASK;
}

struct text event_deed(const struct event *event)
{
    const char *words = sayings[event->kind].words;
    return text_from(words != NULL ? words : cloud_events[event->kind].name);
}

static void put_name(struct text_writer *w, const struct pipeline *p, uint32_t name)
{
    text_put_char(w, ' ');
    text_put(w, names_text(&p->cloud.names, name));
}

/* "manifest_builder[1.2] at PUT_MANIFEST: " */
static void put_task_at(struct text_writer *w, const struct pipeline *p, const struct task *task)
{
    const char *point = p->types[task->type].points[task->call.point];
    text_put_task(w, &p->cloud, task->type, task->parent, task->ordinal);
    if (point != NULL && point[0] != '\0') {
        text_put(w, TEXT(" at "));
        text_put(w, text_from(point));
    }
    text_put(w, TEXT(": "));
}

static void put_task_event(struct text_writer *w, struct pipeline *p, const struct event *event)
{
    const struct task *task = task_find(&p->cloud, event->subject, (uint32_t)event->detail);
    if (task == NULL) {
        text_put(w, TEXT("nothing: the process that it was for has ended"));
        return;
    }
    put_task_at(w, p, task);
    if (sayings[event->kind].operation) {
        text_put(w, text_from(p->operations[task->call.operation].name));
        text_put_char(w, ' ');
    }
    text_put(w, text_from(sayings[event->kind].words));
    if (event->kind == EVENT_CALL_REPLY) {
        text_put(w, TEXT(": "));
        text_put(w, text_from(call_status_text((enum call_status)task->call.status)));
    }
    text_put(w, task->dead != 0 ? TEXT(", though its caller is dead") : TEXT(""));
}

static void put_subject(struct text_writer *w, const struct pipeline *p, const struct event *event)
{
    const struct cloud *c = &p->cloud;
    switch (sayings[event->kind].subject) {
    case OF_KEY:
        put_name(w, p, event->subject);
        break;
    case OF_MESSAGE:
        put_name(w, p, c->queue.messages[event->subject].body);
        break;
    case OF_BATCH:
        text_put_char(w, ' ');
        text_put_integer(w, (int64_t)event->detail, 0);
        break;
    case OF_RUN:
        put_name(w, p, c->job.runs[event->subject].manifest);
        break;
    case OF_WORKLOAD:
        text_put_char(w, ' ');
        text_put_integer(w, (int64_t)event->detail + 1, 0);
        text_put(w, TEXT(" of its entry "));
        text_put_integer(w, event->subject, 0);
        break;
    case OF_TICK:
        text_put_char(w, ' ');
        text_put_integer(w, event->subject, 0);
        break;
    case OF_TASK:
    case OF_NONE:
        break;
    }
}

void run_put_event(struct run *run, const struct event *event, struct text_writer *w)
{
    struct pipeline *p = run_pipeline(run);
    ASSERT(event->kind < EVENTS_COUNT);
    if (sayings[event->kind].words == NULL) {
        text_put(w, text_from(cloud_events[event->kind].name));
        return;
    }
    if (sayings[event->kind].subject == OF_TASK) {
        put_task_event(w, p, event);
        return;
    }
    text_put(w, text_from(sayings[event->kind].words));
    put_subject(w, p, event);
}

void run_put_record(struct run *run, const struct trace_record *record, struct text_writer *w)
{
    struct pipeline *p = run_pipeline(run);
    if (record->code < EVENTS_COUNT) {
        struct event event = {record->code, record->subject, record->first};
        run_put_event(run, &event, w);
        return;
    }
    const struct task *task =
        task_find(&p->cloud, record->subject, task_serial(&p->cloud, record->subject));
    ASSERT(task != NULL);
    put_task_at(w, p, task);
    if (record->code == NOTE_CALL) {
        text_put(w, text_from(p->operations[record->first >> 8].name));
        text_put(w, TEXT(" gives: "));
        text_put(w, text_from(call_status_text((enum call_status)(record->first & 255))));
    } else {
        text_put(w, record->second != 0 ? TEXT("is killed") : TEXT("ends"));
    }
}

/* call.c: see call.h. */
#include "model/aws/cloud.h"

enum { TASK_SLOT_BITS = 24 };

/* botocore's defaults: read time-out; DynamoDB retries from 50 ms, the others from 1 s, doubling,
 * with full jitter and no wait above 20 s. Source: SDK-RETRY-1, SDK-RETRY-2, SDK-TIMEOUT-1. */
static const struct duration READ_TIMEOUT = {60 * NS_PER_S};
static const struct duration TABLE_BACKOFF = {50 * NS_PER_MS};
static const struct duration OTHER_BACKOFF = {1 * NS_PER_S};
static const struct duration BACKOFF_MAX = {20 * NS_PER_S};

const char *call_status_text(enum call_status status)
{
    static const char *const texts[] = {
#define X(name, text) [CALL_##name] = text,
        CALL_STATUS_MAP(X)
#undef X
    };
    return texts[status];
}

static const struct task_type *type_of(const struct cloud *c, const struct task *task)
{
    return &c->application.types[task->type];
}

uint32_t task_slot(uint32_t number)
{
    return number & ((1U << TASK_SLOT_BITS) - 1);
}

static struct task *task_at(struct cloud *c, uint32_t number)
{
    uint32_t type = number >> TASK_SLOT_BITS;
    return (void *)(c->tasks[type] + (size_t)task_slot(number) * c->application.types[type].size);
}

uint32_t task_number(const struct cloud *c, const struct task *task)
{
    size_t offset = (size_t)((const char *)task - c->tasks[task->type]);
    return task->type << TASK_SLOT_BITS | (uint32_t)(offset / type_of(c, task)->size);
}

struct task *task_find(struct cloud *c, uint32_t number, uint32_t serial)
{
    struct task *task = task_at(c, number);
    return task->slot.live != 0 && task->serial == serial ? task : NULL;
}

uint32_t task_serial(struct cloud *c, uint32_t number)
{
    return task_at(c, number)->serial;
}

struct task *task_start(struct cloud *c, uint32_t type, uint32_t parent, uint32_t ordinal)
{
    int64_t slot = pool_take(&c->simulation.world, c->task_regions[type]);
    if (slot < 0) {
        simulation_fail(&c->simulation, c->application.types[type].name);
        return NULL;
    }
    struct task *task = task_at(c, type << TASK_SLOT_BITS | (uint32_t)slot);
    task->type = type;
    task->serial = ++c->serials->last[type];
    task->parent = parent;
    task->ordinal = ordinal;
    return task;
}

static void release(struct cloud *c, struct task *task)
{
    if (type_of(c, task)->release != NULL) {
        type_of(c, task)->release(c, task);
    }
    uint32_t number = task_number(c, task);
    pool_give(&c->simulation.world, c->task_regions[task->type], task_slot(number));
}

static void end(struct cloud *c, struct task *task, bool killed)
{
    ASSERT(task->dead == 0);
    simulation_note(&c->simulation, NOTE_TASK_ENDED, task_number(c, task), task->serial, killed);
    type_of(c, task)->end(c, task, killed);
    if (task->call.in_flight) {
        task->dead = 1;
    } else {
        release(c, task);
    }
}

void task_step(struct cloud *c, struct task *task)
{
    if (type_of(c, task)->step(c, task) == PROCESS_DONE) {
        end(c, task, false);
    }
}

void task_kill(struct cloud *c, struct task *task)
{
    end(c, task, true);
}

/* Every suspension of a task is an event to come of its own. Only one that lasts to the task's
 * deadline has the deadline scheduled, too: nearly all time-outs never make an event. */
static void schedule(struct cloud *c, struct task *task, struct duration after,
                     enum event_code code)
{
    uint32_t number = task_number(c, task);
    (void)simulation_schedule(&c->simulation, after, code, number, task->serial);
    if (task->deadline_ns != 0 && !task->doomed &&
        cloud_now(c).ns + after.ns >= task->deadline_ns) {
        task->doomed = 1;
        (void)simulation_schedule_at(&c->simulation, (struct instant){task->deadline_ns},
                                     EVENT_INVOCATION_TIMED_OUT, number, task->serial);
    }
}

/* No reply will come: a function waits until its own time-out, others for the SDK's. */
static void hang(struct cloud *c, struct task *task)
{
    if (task->deadline_ns == 0) {
        schedule(c, task, READ_TIMEOUT, EVENT_CALL_LOST);
    } else if (!task->doomed) {
        task->doomed = 1;
        (void)simulation_schedule_at(&c->simulation, (struct instant){task->deadline_ns},
                                     EVENT_INVOCATION_TIMED_OUT, task_number(c, task),
                                     task->serial);
    }
}

/* Half of the attempt's latency. A slow one takes effect before its caller has given it up. */
static int64_t draw_half_ns(struct cloud *c, const struct call *call)
{
    uint32_t latency = c->application.operations[call->operation].latency;
    int64_t half_ns = cloud_draw(c, (enum choice_label)latency, &c->latencies[latency]).ns / 2;
    if (call->fault != CALL_IS_SLOW) {
        return half_ns;
    }
    half_ns += call->by_ns / 2;
    return half_ns < READ_TIMEOUT.ns ? half_ns : READ_TIMEOUT.ns;
}

/* --- a call that lets others go first
 * -----------------------------------------------------------------------------------------------
 */

/* It leaves behind the effect of the last of those calls; where so many are not made, after the
 * SDK's time-out. */
static void yield(struct cloud *c, struct task *task, uint16_t calls)
{
    struct yielding *y = c->yielding;
    if (y->count == YIELDING_MAX) {
        simulation_fail(&c->simulation, "calls that yield at a time");
        return;
    }
    task->call.yields = calls;
    y->tasks[y->count].number = task_number(c, task);
    y->tasks[y->count++].serial = task->serial;
    schedule(c, task, READ_TIMEOUT, EVENT_CALL_YIELDED);
}

static void forget_yielding(struct yielding *y, uint32_t i)
{
    y->count--;
    memmove(&y->tasks[i], &y->tasks[i + 1], (y->count - i) * sizeof y->tasks[0]);
    memset(&y->tasks[y->count], 0, sizeof y->tasks[0]);
}

/* A call of `acting` has taken effect. */
static void let_yielding_leave(struct cloud *c, const struct task *acting)
{
    struct yielding *y = c->yielding;
    for (uint32_t i = 0; i < y->count;) {
        struct task *task = task_find(c, y->tasks[i].number, y->tasks[i].serial);
        bool alive = task != NULL && task->dead == 0;
        if (alive && (task == acting || --task->call.yields > 0)) {
            i++;
            continue;
        }
        forget_yielding(y, i);
        if (alive) {
            schedule(c, task, (struct duration){0}, EVENT_CALL_RETRY);
        }
    }
}

/* Nobody came: it leaves all the same. It may have left long ago, and yield again: then it leaves
 * a little early. */
void call_yielded(void *cloud, uint32_t number, uint64_t serial)
{
    struct cloud *c = cloud;
    struct task *task = task_find(c, number, (uint32_t)serial);
    if (task == NULL || task->dead != 0 || task->call.yields == 0) {
        return;
    }
    uint32_t i = 0;
    while (c->yielding->tasks[i].number != number) {
        i++;
    }
    forget_yielding(c->yielding, i);
    task->call.yields = 0;
    call_retry(c, number, serial);
}

/* One attempt of the call leaves. Source: SDK-CALL-1. */
static void transmit(struct cloud *c, struct task *task)
{
    struct call *call = &task->call;
    call->attempt++;
    task->attempts++;
    if (call->fault_attempts != 0 && call->attempt > call->fault_attempts) {
        call->fault = CALL_UNHARMED;
    }
    call->sent_ns = cloud_now(c).ns;
    call->extra_ns = 0;
    call->pending = 0;
    call->half_ns = draw_half_ns(c, call);
    call->in_flight =
        call->fault != CALL_LOSES_REQUEST && (call->fault != CALL_HANGS || call->fault_applied);
    if (call->in_flight) {
        schedule(c, task, (struct duration){call->half_ns}, EVENT_CALL_EFFECT);
    } else if (call->fault == CALL_HANGS) {
        hang(c, task);
    } else {
        schedule(c, task, READ_TIMEOUT, EVENT_CALL_LOST);
    }
}

static void take_fault(struct call *call, struct call_fault fault)
{
    call->fault = (uint8_t)fault.harm;
    call->fault_attempts = fault.attempts;
    call->fault_applied = fault.applied;
    call->by_ns = fault.by.ns;
}

void call_send(struct cloud *c, struct task *task, uint16_t point, uint16_t operation,
               const void *request, size_t size)
{
    struct call *call = &task->call;
    ASSERT(size <= sizeof call->request && operation < c->application.operations_count);
    memset(call, 0, sizeof *call);
    call->operation = operation;
    call->point = point;
    if (size > 0) {
        memcpy(call->request, request, size);
    }
    struct call_fault fault = c->application.call_fault(c, task);
    take_fault(call, fault);
    /* The task is in its step: it ends after it. */
    if (call->fault == CALL_KILLS_BEFORE) {
        schedule(c, task, (struct duration){0}, EVENT_TASK_KILLED);
    } else if (call->fault == CALL_STALLS) {
        schedule(c, task, (struct duration){call->by_ns}, EVENT_CALL_RETRY);
    } else if (call->fault == CALL_YIELDS) {
        yield(c, task, fault.calls);
    } else {
        transmit(c, task);
    }
}

/* What the service does: nothing where it refuses, and where an error comes before the effect.
 * Source: SDK-LOST-1, SDK-DENIED-1. */
static enum call_status perform(struct cloud *c, struct task *task)
{
    struct call *call = &task->call;
    if (call->fault == CALL_IS_THROTTLED) {
        return CALL_THROTTLED;
    }
    if (call->fault == CALL_IS_DENIED) {
        return CALL_DENIED;
    }
    if (call->fault == CALL_FAILS && !call->fault_applied) {
        return CALL_INTERNAL_ERROR;
    }
    enum call_status status = c->application.operations[call->operation].perform(c, task, call);
    return call->fault == CALL_FAILS ? CALL_INTERNAL_ERROR : status;
}

bool call_awaits(const struct task *caller, uint32_t attempt)
{
    return caller->dead == 0 && caller->attempts == attempt && caller->call.pending;
}

struct duration call_staleness(const struct call *call)
{
    return (struct duration){call->fault == CALL_IS_STALE ? call->by_ns : 0};
}

void call_effect(void *cloud, uint32_t number, uint64_t serial)
{
    struct cloud *c = cloud;
    struct task *task = task_find(c, number, (uint32_t)serial);
    ASSERT(task != NULL && task->call.in_flight);
    struct call *call = &task->call;
    c->acting = task;
    enum call_status status = perform(c, task);
    call->in_flight = 0;
    simulation_note(&c->simulation, NOTE_CALL, number, (uint64_t)call->operation << 8 | status,
                    call->request[0]);
    c->application.call_observed(c, task, call, status);
    c->acting = NULL;
    let_yielding_leave(c, task);
    stream_source_wake(c);
    if (task->dead != 0) {
        release(c, task);
    } else if (call->fault == CALL_KILLS) {
        task_kill(c, task);
    } else if (call->fault == CALL_HANGS) {
        hang(c, task);
    } else if (status == CALL_PENDING) {
        call->pending = 1;
    } else {
        call_complete(c, task, status);
    }
}

/* A slow reply comes when the SDK has given the attempt up, unless the service had said at once
 * that the end would come later. Source: SDK-TIMEOUT-1. */
static bool too_late(const struct cloud *c, const struct call *call)
{
    return call->fault == CALL_IS_SLOW && !call->pending &&
           cloud_now(c).ns + call->half_ns - call->sent_ns > READ_TIMEOUT.ns;
}

/* Source: SDK-LOST-1, for a reply that does not arrive. */
void call_complete(struct cloud *c, struct task *task, enum call_status status)
{
    struct call *call = &task->call;
    bool late = too_late(c, call);
    call->status = (uint8_t)status;
    if (call->pending && c->application.call_completed != NULL) {
        c->application.call_completed(c, task, status);
    }
    call->pending = 0;
    if (call->fault == CALL_LOSES_REPLY) {
        schedule(c, task, READ_TIMEOUT, EVENT_CALL_LOST);
    } else if (late) {
        struct duration rest = {call->sent_ns + READ_TIMEOUT.ns - cloud_now(c).ns};
        schedule(c, task, rest, EVENT_CALL_LOST);
    } else {
        schedule(c, task, (struct duration){call->half_ns + call->extra_ns}, EVENT_CALL_REPLY);
    }
}

/* Retries the call after a backoff, or gives its status to the task. */
static void retry_or_resume(struct cloud *c, struct task *task, bool retryable)
{
    struct call *call = &task->call;
    const struct task_type *type = type_of(c, task);
    bool of_table = c->application.operations[call->operation].of_table;
    uint8_t attempts_max = of_table ? type->table_attempts_max : type->attempts_max;
    if (!retryable || call->attempt >= attempts_max) {
        task_step(c, task);
        return;
    }
    struct duration scale = of_table ? TABLE_BACKOFF : OTHER_BACKOFF;
    for (uint8_t i = 1; i < call->attempt && scale.ns < BACKOFF_MAX.ns; i++) {
        scale.ns *= 2;
    }
    scale.ns = scale.ns < BACKOFF_MAX.ns ? scale.ns : BACKOFF_MAX.ns;
    uint32_t rank =
        choose(c->simulation.choices, CHOICE_BACKOFF, UINT64_C(1) << 32) + (UINT32_C(1) << 31);
    __extension__ typedef __int128 i128;
    struct duration wait = {(int64_t)((i128)scale.ns * rank >> 32)};
    schedule(c, task, wait, EVENT_CALL_RETRY);
}

void call_reply(void *cloud, uint32_t number, uint64_t serial)
{
    struct cloud *c = cloud;
    struct task *task = task_find(c, number, (uint32_t)serial);
    if (task != NULL) {
        /* Source: SDK-ERROR-1. */
        retry_or_resume(c, task,
                        task->call.status == CALL_THROTTLED ||
                            task->call.status == CALL_INTERNAL_ERROR);
    }
}

void call_lost(void *cloud, uint32_t number, uint64_t serial)
{
    struct cloud *c = cloud;
    struct task *task = task_find(c, number, (uint32_t)serial);
    if (task != NULL) {
        task->call.status = CALL_TIMED_OUT;
        retry_or_resume(c, task, true);
    }
}

void call_retry(void *cloud, uint32_t number, uint64_t serial)
{
    struct cloud *c = cloud;
    struct task *task = task_find(c, number, (uint32_t)serial);
    if (task != NULL) {
        transmit(c, task);
    }
}

void task_sleep(struct cloud *c, struct task *task, uint16_t point, struct duration time)
{
    memset(&task->call, 0, sizeof task->call);
    task->call.point = point;
    if (c->application.wait_observed != NULL) {
        c->application.wait_observed(c, task);
    }
    schedule(c, task, time, EVENT_TASK_WAKE);
}

void task_wake(void *cloud, uint32_t number, uint64_t serial)
{
    struct cloud *c = cloud;
    struct task *task = task_find(c, number, (uint32_t)serial);
    if (task != NULL) {
        task_step(c, task);
    }
}

/* Its end comes from outside: a fault that struck while it was about to send. */
void task_killed(void *cloud, uint32_t number, uint64_t serial)
{
    struct cloud *c = cloud;
    struct task *task = task_find(c, number, (uint32_t)serial);
    /* Its time-out may have killed it already. */
    if (task != NULL && task->dead == 0) {
        task_kill(c, task);
    }
}

void text_put_task(struct text_writer *w, const struct cloud *c, uint32_t type, uint32_t parent,
                   uint32_t ordinal)
{
    text_put(w, text_from(c->application.types[type].name));
    text_put_char(w, '[');
    if (parent != 0) {
        text_put_integer(w, parent, 0);
        text_put_char(w, '.');
    }
    text_put_integer(w, ordinal, 0);
    text_put_char(w, ']');
}

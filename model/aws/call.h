/* call.h: API calls, and the tasks that make them.
 *
 * Method. A call is a request that travels, takes effect at one instant in the service, and a reply
 * that travels back. One latency is drawn for each attempt, from request to reply as the client
 * sees it; the effect lies half way. The caller's SDK retries what may be retried: a throttled or
 * failed attempt after an exponential backoff with full jitter, a lost request or reply after the
 * read time-out. A reply that is lost leaves its effect in place, so the owner of a lock can be
 * refused by its own lock (SDK-RETRY-1). A task is a process that makes calls: a Lambda invocation,
 * an execution of a state machine. It is suspended at a named point while its call is under way.
 * When it is killed meanwhile, a request that has left still takes effect. A fault strikes a call
 * when it is made, and harms as many of its attempts as it says (struct call_fault). Left out:
 * connection set-up, retry quotas. Sources: SDK-* in docs/sources.md.
 */
#ifndef LOCKSTEP_MODEL_AWS_CALL_H
#define LOCKSTEP_MODEL_AWS_CALL_H

#include "sim/process.h"
#include "sim/simulation.h"

struct cloud;

/* How a call ended, as the caller's code sees it. */
#define CALL_STATUS_MAP(X)                                                                         \
    X(OK, "ok")                                                                                    \
    X(CONDITION_FAILED, "condition failed")                                                        \
    X(THROTTLED, "throttled")                                                                      \
    X(REFUSED, "refused") /* a limit of the service: concurrent runs exceeded */                   \
    X(INVALID, "invalid")                                                                          \
    X(NOT_FOUND, "not found")                                                                      \
    X(FAILED, "failed")       /* the job or function that was called ended in an error */          \
    X(TIMED_OUT, "timed out") /* no reply within the SDK's time-outs */                            \
    X(PENDING, "pending")     /* not an end: the service will complete the call later */           \
    X(INTERNAL_ERROR, "internal error") /* 500: it may have been done or not */                    \
    X(DENIED, "denied")                 /* by permissions or a quota: for good */

enum call_status {

#define X(name, text) CALL_##name,
    CALL_STATUS_MAP(X)
#undef X
};

const char *call_status_text(enum call_status status);

/* What a fault does to a call. */
enum call_harm {
    CALL_UNHARMED,
    CALL_LOSES_REQUEST,
    CALL_LOSES_REPLY,
    CALL_IS_THROTTLED,
    CALL_KILLS,        /* the caller dies once the call has taken effect */
    CALL_KILLS_BEFORE, /* the caller dies as the request would leave */
    CALL_HANGS,        /* no reply, and the SDK does not give up before the caller's own end */
    CALL_FAILS,        /* CALL_INTERNAL_ERROR */
    CALL_IS_DENIED,
    CALL_IS_SLOW,  /* request and reply together take `by` longer */
    CALL_STALLS,   /* the caller is frozen for `by`, then the request leaves */
    CALL_IS_STALE, /* what it reads is as it was `by` ago, or longer */
    CALL_YIELDS    /* it leaves when `calls` calls of other tasks have taken effect */
};

struct call_fault {
    enum call_harm harm;
    bool applied;     /* CALL_HANGS, CALL_FAILS: it takes effect all the same */
    uint8_t attempts; /* how many of the call's attempts are harmed; 0: all */
    uint16_t calls;   /* CALL_YIELDS */
    struct duration by;
};

enum { CALL_REQUEST_WORDS = 8, CALL_REPLY_WORDS = 4 };

/* One call under way: request and reply are small structs of the operation's own, copied in and
 * out. */
struct call {
    uint16_t operation;
    uint16_t point;    /* where in the caller: an index of its type's point names */
    uint8_t status;    /* enum call_status */
    uint8_t attempt;   /* from 1 */
    uint8_t in_flight; /* the request has left and its effect is still to come */
    uint8_t fault;     /* enum call_harm that strikes this attempt */
    uint8_t fault_attempts, fault_applied; /* as in struct call_fault */
    uint8_t pending;                       /* perform said so, and the service will complete it */
    uint8_t unused[3];
    uint16_t yields;  /* calls of others that go first; 0: it has left */
    int64_t by_ns;    /* of the fault */
    int64_t sent_ns;  /* when this attempt left */
    int64_t half_ns;  /* of its latency */
    int64_t extra_ns; /* that the service took over what it did, set by perform */
    uint64_t request[CALL_REQUEST_WORDS];
    uint64_t reply[CALL_REPLY_WORDS];
};

/* How every task begins. */
struct task {
    struct pool_slot slot;
    uint32_t type;   /* enum task_type_id of the cloud's types */
    uint32_t serial; /* number of the task within its type, from 1: tells stale events */
    uint32_t parent,
        ordinal;         /* its name: the ordinal-th of its parent (an environment, the pipeline) */
    uint16_t at;         /* the point it is suspended at: the step function's own */
    uint8_t dead;        /* killed, while its request was in flight */
    uint8_t doomed;      /* it stays suspended beyond its deadline, which has been scheduled */
    uint32_t attempts;   /* of all its calls so far: tells whose reply a service still owes */
    int64_t deadline_ns; /* when its time-out kills it; 0: never */
    struct call call;
};

/* One kind of task. Points are numbered through parent and child processes; `points` names them. */
struct task_type {
    const char *name;
    uint32_t size;
    uint64_t capacity;
    uint8_t attempts_max; /* of the SDK, for services other than the table */
    uint8_t table_attempts_max;
    const char *const *points;
    uint32_t points_count;
    enum process_status (*step)(struct cloud *c, struct task *task);
    void (*end)(struct cloud *c, struct task *task, bool killed); /* tells whoever waits for it */
    void (*release)(struct cloud *c, struct task *task); /* gives back what it holds; may be NULL */
};

/* One operation of a service. `perform` is the instant of effect: it reads the request and writes
 * the reply. */
struct operation {
    const char *service, *name;
    uint32_t latency; /* which of the cloud's latencies */
    enum call_status (*perform)(struct cloud *c, struct task *caller, struct call *call);
    bool of_table; /* retried as the SDK retries DynamoDB */
};

/* A task's number for events: type and slot. */
uint32_t task_number(const struct cloud *c, const struct task *task);

/* The slot in its type's pool. */
uint32_t task_slot(uint32_t number);

/* The live task of that number and serial; NULL where it has ended. */
struct task *task_find(struct cloud *c, uint32_t number, uint32_t serial);

/* The serial of the task that has that number now; 0 where there is none. */
uint32_t task_serial(struct cloud *c, uint32_t number);

/* Starts a task of a type, stopped before its first step; NULL where there is no room (the trial
 * then fails). */
struct task *task_start(struct cloud *c, uint32_t type, uint32_t parent, uint32_t ordinal);

/* Steps it until it suspends or is done; when done, it ends. */
void task_step(struct cloud *c, struct task *task);

/* Ends it at once, without another step. */
void task_kill(struct cloud *c, struct task *task);

/* Makes a call from `point`: to be used as the action of an AWAIT. The request is copied (at most
 * CALL_REQUEST_WORDS * 8 bytes). */
void call_send(struct cloud *c, struct task *task, uint16_t point, uint16_t operation,
               const void *request, size_t size);

/* Whether the caller still waits for the end of its attempt of that number (task.attempts while it
 * was performed). It does not once it was killed, or was told of an error in place of the end. */
bool call_awaits(const struct task *caller, uint32_t attempt);

/* How far back a read must look at least: the stale fault's, or 0. */
struct duration call_staleness(const struct call *call);

/* Completes a call whose perform returned CALL_PENDING: the reply starts its way back now. */
void call_complete(struct cloud *c, struct task *task, enum call_status status);

/* Suspends the task for a while: the action of an AWAIT. */
void task_sleep(struct cloud *c, struct task *task, uint16_t point, struct duration time);

/* "manifest_builder[2.7]" */
void text_put_task(struct text_writer *w, const struct cloud *c, uint32_t type, uint32_t parent,
                   uint32_t ordinal);

/* Handlers of the cloud's events. */
void call_effect(void *cloud, uint32_t task, uint64_t serial);
void call_reply(void *cloud, uint32_t task, uint64_t serial);
void call_retry(void *cloud, uint32_t task, uint64_t serial);
void call_lost(void *cloud, uint32_t task, uint64_t serial);
void task_wake(void *cloud, uint32_t task, uint64_t serial);
void task_killed(void *cloud, uint32_t task, uint64_t serial);
void call_yielded(void *cloud, uint32_t task, uint64_t serial);

/* Those that wait for calls of others. */
enum { YIELDING_MAX = 64 };

struct yielding {
    uint32_t count, unused;

    struct {
        uint32_t number, serial;
    } tasks[YIELDING_MAX];
};

#define CALL_REQUEST(call, type, variable)                                                         \
    type variable;                                                                                 \
    _Static_assert(sizeof(type) <= CALL_REQUEST_WORDS * 8, "the request fits");                    \
    memcpy(&(variable), (call)->request, sizeof(type))

#endif

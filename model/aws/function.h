/* function.h: the Lambda service: functions, their environments, their invocations.
 *
 * Method. An invocation runs in an environment of its own: a warm one if there is one (the most
 * recently used), else a new one after a cold start. More environments than the reserved
 * concurrency, or more new ones than the scaling rate, are throttled. Each environment has one
 * clock, with a skew drawn when it starts. At the time-out the invocation is killed in
 * mid-instruction: no clean-up runs, a request that has left still takes effect, and the
 * environment is lost. Left out: account-wide concurrency, init longer than 10 s, asynchronous
 * invokes, memory. Sources: LAMBDA-* in docs/sources.md.
 */
#ifndef LOCKSTEP_MODEL_AWS_FUNCTION_H
#define LOCKSTEP_MODEL_AWS_FUNCTION_H

#include "model/aws/call.h"
#include "sim/distribution.h"

enum function_id {
    FUNCTION_BUILDER,
    FUNCTION_UPDATER,
    FUNCTION_STREAM_CREATOR,
    FUNCTION_BATCHER,
    FUNCTIONS_COUNT
};

struct function_config {
    const char *name;
    uint32_t task_type; /* of its handler; the task begins with a struct invocation */
    struct duration timeout;
    int64_t reserved_concurrency; /* 0: none */
    int64_t scaling_per_10s;
    struct duration idle_lifetime;
    struct distribution cold_start;
    struct distribution clock_skew; /* less its median */
};

enum { ENVIRONMENT_WORDS = 2 };

struct environment {
    struct pool_slot slot; /* next: index + 1 of the next idle one, used less recently */
    uint32_t ordinal;      /* number within its function, from 1 */
    uint32_t invocations;
    int64_t skew_ns;
    int64_t idle_since_ns;
    uint64_t memory[ENVIRONMENT_WORDS]; /* what the application's code keeps from one invocation to
                                           the next; zero at the cold start */
};

struct function_state {
    uint32_t active, idle_head, environments, window_starts;
    uint32_t refusal, unused; /* enum call_status: how the latest invoke was refused */
    int64_t window_start_ns;  /* of the scaling rate's ten seconds */
    int64_t throttled;
};

/* Who invokes, and with what: a batch of the queue's event source, one of a lane of the stream's,
 * a tick of the schedule, or a task's call. */
struct invocation_request {
    uint32_t batch, batch_serial;   /* index + 1; 0: none */
    uint32_t lane, lane_serial;     /* index + 1; 0: none */
    uint32_t caller, caller_serial; /* task number, serial; serial 0: none */
    uint32_t tick;                  /* 0: none */
    uint32_t payload[4];            /* what a task's call hands over */
    uint32_t caller_attempt;        /* call_awaits; function_invoke sets it */
    uint32_t event;                 /* enum invocation_event: what it carries in place of a batch */
    uint32_t event_key;             /* a name */
    int64_t event_size;
};

/* An event of one S3 object: none, bare as S3 writes it, or wrapped as the queue's batches are. */
enum invocation_event { INVOCATION_NO_EVENT, INVOCATION_BARE_EVENT, INVOCATION_WRAPPED_EVENT };

/* How the task of every handler begins. */
struct invocation {
    struct task task;
    uint32_t function;    /* enum function_id */
    uint32_t environment; /* index */
    struct invocation_request request;
    uint32_t row; /* of the application's history */
    uint32_t cold;
    uint32_t raised;    /* the handler ended in an error: for its caller or the batch, as a death */
    uint32_t failed;    /* bit i: its response names message i of the batch as failed */
    int64_t started_ns; /* of the handler; -1 before */
};

enum invocation_end { INVOCATION_RUNNING, INVOCATION_OK, INVOCATION_TIMED_OUT, INVOCATION_KILLED };

struct functions {
    struct function_config configs[FUNCTIONS_COUNT]; /* set before cloud_init */
    struct environment *environments;
    struct function_state *states; /* one for each function */
    uint32_t environments_region, states_region;
};

void functions_declare(struct cloud *c, uint64_t environments);
void functions_init(struct cloud *c);

/* Invokes; false where it is refused: throttled, or by a fault. The handler starts after the
 * invoke's latency. */
bool function_invoke(struct cloud *c, enum function_id function,
                     const struct invocation_request *request);

/* How the latest invoke that was refused was: CALL_THROTTLED or CALL_DENIED. */
enum call_status function_refusal(const struct cloud *c, enum function_id function);

/* The environment's wall clock. */
struct instant invocation_clock(const struct cloud *c, const struct invocation *invocation);

/* The `end` of every handler's task type: frees the environment and tells the invoker. */
void invocation_end(struct cloud *c, struct task *task, bool killed);

/* Handlers. */
void function_started(void *cloud, uint32_t task, uint64_t serial);
void function_timed_out(void *cloud, uint32_t task, uint64_t serial);

#endif

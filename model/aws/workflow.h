/* workflow.h: Step Functions: Standard executions of a state machine that is data.
 *
 * Method. A machine is a list of states: a task is one operation with retriers (interval, backoff,
 * its cap, attempts, for one kind of error or any), of which the first that matches counts, a
 * catcher for one kind of error and one for all, then a next state or the end; succeed and fail
 * end. An execution runs them one by one, with a drawn delay before the first and between two. An
 * error that is neither retried nor caught ends the execution FAILED. The services are called
 * without the SDK's retries. An execution may be started under a name, which is then remembered for
 * good: a second start under it with the same input finds the first one while that runs, and is
 * refused afterwards. Left out: choice, parallel, map and wait states, jitter, redrive, the quota
 * of 25 000 history events, the 90 days after which a name is free again, the lag of
 * DescribeExecution. Sources: SFN-* in docs/sources.md.
 */
#ifndef LOCKSTEP_MODEL_AWS_WORKFLOW_H
#define LOCKSTEP_MODEL_AWS_WORKFLOW_H

#include "model/aws/call.h"
#include "sim/distribution.h"

enum { STATE_END = -1, STATE_NONE = -2, RETRIERS_MAX = 3 };

struct retrier {
    enum call_status error; /* what it retries: CALL_REFUSED, ...; CALL_OK: no retrier */
    bool any_error;
    int32_t attempts; /* most retries; 0: what it matches is not retried */
    struct duration interval;
    int32_t backoff_percent; /* 200: the interval doubles */
    struct duration longest; /* no interval is longer; 0: no cap */
};

struct catcher {
    enum call_status error; /* CALL_OK: no catcher */
    int16_t next;
};

struct workflow_state {
    const char *name;
    bool succeed, fail;   /* a succeed or fail state: no operation */
    uint16_t operation;   /* of the application */
    int16_t next;         /* a state, or STATE_END */
    int16_t caught;       /* where any error leads; STATE_NONE: no catcher */
    struct catcher first; /* asked before it */
    struct retrier retry[RETRIERS_MAX];
};

enum execution_status { EXECUTION_RUNNING, EXECUTION_SUCCEEDED, EXECUTION_FAILED };

/* One execution, a task. Its input is plain. */
struct execution {
    struct task task;
    uint32_t manifest, date; /* names */
    uint32_t file_count;
    uint32_t row;                   /* of the application's history */
    uint32_t attempt;               /* $.attempt of its input; 0: there is none */
    uint32_t state;                 /* position in the machine */
    uint32_t retries[RETRIERS_MAX]; /* of the state's retriers so far */
    uint32_t status;                /* enum execution_status */
    uint32_t caught;      /* enum call_status of the error that was caught; CALL_OK: none */
    uint32_t job_run_row; /* of the latest accepted run */
    uint32_t name_row;    /* of its name, from 1; 0: it has none */
    uint32_t without_file_key;
    int64_t timestamp_ns; /* $.timestamp of its input */
    int64_t entered_ns;   /* when the current state was entered */
};

struct workflow_counts {
    uint32_t started, unused;
};

struct workflow_input {
    uint32_t manifest, date, file_count, row;
    uint32_t attempt;
    uint32_t without_file_key; /* $.file_key is not in it */
    int64_t timestamp_ns;
};

/* A name that an execution was started under. The name's owner is its row, from 1. */
struct execution_name {
    struct workflow_input input;
    uint32_t status; /* enum execution_status */
    uint32_t unused;
};

struct workflow {
    const struct workflow_state
        *states; /* config, set before cloud_init; NULL: there is no machine */
    uint32_t task_type;
    bool first_state_inside_start, never_starts;
    struct distribution start_delay, transition;
    struct workflow_counts *counts;
    struct execution_name *names;
    uint32_t region, names_region;
};

void workflow_declare(struct cloud *c, uint64_t files);
void workflow_init(struct cloud *c);

/* StartExecution without a name: always a new execution. NULL where there is no room. */
struct execution *workflow_start(struct cloud *c, const struct workflow_input *input);

/* What is known of a name (sim/names.h): its row; NULL where no execution was started under it. */
const struct execution_name *workflow_find(const struct cloud *c, uint32_t name);

/* Whether a start under a name would meet itself: same input, row aside, and still running. */
bool workflow_is_running(const struct execution_name *known, const struct workflow_input *input);

/* StartExecution under a name that workflow_find does not know. NULL where there is no room. */
struct execution *workflow_start_named(struct cloud *c, uint32_t name,
                                       const struct workflow_input *input);

/* The parts of its task type. A task of state s is called from point WORKFLOW_POINT_BASE + s, so
 * the application, which has the states, names the points. */
#define WORKFLOW_POINTS(X) X(START) X(BEGIN) X(TASK) X(RETRY_WAIT) X(TRANSITION)

enum { WORKFLOW_POINT_BASE = 8 };

enum process_status workflow_step(struct cloud *c, struct task *task);
void workflow_end(struct cloud *c, struct task *task, bool killed);

#endif

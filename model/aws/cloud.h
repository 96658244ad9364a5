/* cloud.h: the services of one account, and the application that runs on them.
 *
 * One struct holds them all, since their state lies in one world. The application (model/pipeline)
 * brings its code as data: task types, operations with their effects, and what a job run does. The
 * services know nothing of it.
 */
#ifndef LOCKSTEP_MODEL_AWS_CLOUD_H
#define LOCKSTEP_MODEL_AWS_CLOUD_H

#include "model/aws/bucket.h"
#include "model/aws/call.h"
#include "model/aws/event_source.h"
#include "model/aws/function.h"
#include "model/aws/job.h"
#include "model/aws/queue.h"
#include "model/aws/schedule.h"
#include "model/aws/stream_source.h"
#include "model/aws/table_sweeper.h"
#include "model/aws/topic.h"
#include "model/aws/workflow.h"
#include "model/dynamodb/table.h"
#include "sim/chain.h"
#include "sim/names.h"
#include "sim/simulation.h"

/* Every event there is: name, handler. */
#define EVENT_MAP(X)                                                                               \
    X(CALL_EFFECT, call_effect)                                                                    \
    X(CALL_REPLY, call_reply)                                                                      \
    X(CALL_RETRY, call_retry)                                                                      \
    X(CALL_LOST, call_lost)                                                                        \
    X(TASK_WAKE, task_wake)                                                                        \
    X(NOTIFICATION, queue_notified)                                                                \
    X(VISIBILITY_ENDED, queue_visibility_ended)                                                    \
    X(POLL, event_source_poll)                                                                     \
    X(INVOKE, event_source_invoke)                                                                 \
    X(BATCH_DELETED, event_source_deleted)                                                         \
    X(INVOCATION_STARTED, function_started)                                                        \
    X(INVOCATION_TIMED_OUT, function_timed_out)                                                    \
    X(RUN_STARTED, job_run_started)                                                                \
    X(RUN_ENDED, job_run_ended)                                                                    \
    X(RUN_NOTICED, job_run_noticed)                                                                \
    X(EXPIRY_SCAN, table_sweeper_scan)                                                             \
    X(EXPIRY_DELETE, table_sweeper_delete)                                                         \
    X(ARRIVAL, cloud_arrival)                                                                      \
    X(CONCURRENCY_GROWN, event_source_grown)                                                       \
    X(STREAM_POLL, stream_source_poll)                                                             \
    X(STREAM_INVOKE, stream_source_invoke)                                                         \
    X(TICK_DUE, schedule_due)                                                                      \
    X(TICK, schedule_tick)

enum event_code {

#define X(name, handler) EVENT_##name,
    EVENT_MAP(X)
#undef X
        EVENTS_COUNT,
    NOTE_CALL = EVENTS_COUNT, /* a call took effect: caller, operation and status, request */
    NOTE_TASK_ENDED,          /* done or killed */
};

/* Where chance comes in: each latency has a label of its own, and so has every other choice. */
#define CHOICE_MAP(X)                                                                              \
    X(LATENCY_TABLE_GET, "latency of table get")                                                   \
    X(LATENCY_TABLE_WRITE, "latency of table write")                                               \
    X(LATENCY_TABLE_QUERY, "latency of table query")                                               \
    X(LATENCY_BUCKET_GET, "latency of bucket get")                                                 \
    X(LATENCY_BUCKET_PUT, "latency of bucket put")                                                 \
    X(LATENCY_START_EXECUTION, "latency of start execution")                                       \
    X(LATENCY_START_JOB_RUN, "latency of start job run")                                           \
    X(LATENCY_PUBLISH, "latency of publish")                                                       \
    X(LATENCY_INVOKE, "latency of invoke")                                                         \
    X(LATENCY_QUEUE_RECEIVE, "latency of queue receive")                                           \
    X(LATENCY_QUEUE_DELETE, "latency of queue delete")                                             \
    X(BACKOFF, "SDK backoff")                                                                      \
    X(NOTIFICATION_DELAY, "notification delay")                                                    \
    X(NOTIFICATION_DUPLICATE, "notification sent twice")                                           \
    X(MESSAGE_ORDER, "which message is next")                                                      \
    X(MESSAGE_DUPLICATE, "message delivered twice")                                                \
    X(COLD_START, "cold start")                                                                    \
    X(CLOCK_SKEW, "clock skew")                                                                    \
    X(REPLICA_LAG, "replica lag")                                                                  \
    X(INDEX_LAG, "index lag")                                                                      \
    X(TTL_DELAY, "TTL delay")                                                                      \
    X(EXECUTION_START, "execution start")                                                          \
    X(STATE_TRANSITION, "state transition")                                                        \
    X(RUN_START_UP, "job start-up")                                                                \
    X(RUN_TIME, "job run time")                                                                    \
    X(RUN_FAILS, "job run fails")                                                                  \
    X(ARRIVAL_TIME, "arrival")                                                                     \
    X(LATENCY_STREAM_READ, "latency of stream read")                                               \
    X(STREAM_PHASE, "stream poll phase")                                                           \
    X(STREAM_RETRY, "stream retry")                                                                \
    X(STREAM_DUPLICATE, "stream batch delivered twice")                                            \
    X(TICK_LOST, "tick lost")                                                                      \
    X(TICK_DUPLICATE, "tick delivered twice")                                                      \
    X(TICK_DELAY, "tick delay")

enum choice_label {

#define X(name, text) CHOICE_##name,
    CHOICE_MAP(X)
#undef X
        CHOICES_COUNT,
    LATENCIES_COUNT = CHOICE_LATENCY_QUEUE_DELETE + 1,
};

/* The labels' names, for choices_init_*: CHOICES_COUNT of them. */
extern const char *const cloud_choice_names[];

enum { TASK_TYPES_MAX = 8 };

/* What a fault does to a call: nothing, or one of these. */
enum call_fault {
    CALL_UNHARMED,
    CALL_LOSES_REQUEST,
    CALL_LOSES_REPLY,
    CALL_IS_THROTTLED,
    CALL_KILLS /* the caller dies once the call has taken effect */
};

/* What the application brings. */
struct application {
    const struct task_type *types;
    uint32_t types_count;
    const struct operation *operations;
    uint32_t operations_count;
    /* A job run's script: begins (false: it fails there and then), and ends well or not. */
    bool (*job_begin)(struct cloud *c, struct job_run *run);
    void (*job_end)(struct cloud *c, const struct job_run *run, enum job_state state);
    /* A call took effect (for histories), and a fault may strike it. */
    void (*call_observed)(struct cloud *c, const struct task *caller, const struct call *call,
                          enum call_status status);
    enum call_fault (*call_fault)(struct cloud *c, const struct task *caller);
    /* A file or what else the workload brings arrives. */
    void (*arrival)(struct cloud *c, uint32_t workload, uint64_t ordinal);
    /* An invocation started or ended; an execution ended; an item expired. */
    void (*invocation_observed)(struct cloud *c, struct invocation *invocation, bool started,
                                enum invocation_end end);
    void (*execution_observed)(struct cloud *c, const struct execution *execution);
    void (*expiry_observed)(struct cloud *c, struct item old);
    /* A batch of the stream was given up: the failure destination. NULL: there is none. */
    void (*stream_discarded)(struct cloud *c, const struct stream_discard *discard);
};

struct cloud {
    struct simulation simulation;
    struct names names;
    struct chunks chunks;
    struct application application;
    void *pipeline; /* the application's own struct */

    char *tasks[TASK_TYPES_MAX]; /* records of each task type */
    uint32_t task_regions[TASK_TYPES_MAX];
    struct task_serials *serials;
    uint32_t serials_region;

    struct distribution latencies[LATENCIES_COUNT];
    struct buckets buckets;
    struct queue queue;
    struct event_source event_source;
    struct stream_source stream_source;
    struct schedule schedule;
    struct functions functions;
    struct workflow workflow;
    struct job job;
    struct topic topic;
    struct table *table;
    struct table_sweeper sweeper;
};

struct task_serials {
    uint32_t last[TASK_TYPES_MAX];
};

/* Declares all regions; the services' configs have been set. Then simulation.world is built, then
 * cloud_init. */
void cloud_declare(struct cloud *c, uint64_t files);
void cloud_init(struct cloud *c);

extern const struct event_kind cloud_events[EVENTS_COUNT];

/* Hands an arrival to the application. */
void cloud_arrival(void *cloud, uint32_t workload, uint64_t ordinal);

static inline struct instant cloud_now(const struct cloud *c)
{
    return simulation_now(&c->simulation);
}

static inline struct duration cloud_draw(struct cloud *c, enum choice_label label,
                                         const struct distribution *d)
{
    return choose_duration(c->simulation.choices, label, d);
}

#endif

/* cloud.h: the services of one account, and the application that runs on them.
 *
 * One struct holds them all, since their state lies in one world. The application (model/pipeline)
 * brings its code as data: task types, operations with their effects, and what a job run does. The
 * services know nothing of it.
 */
#ifndef LOCKSTEP_MODEL_AWS_CLOUD_H
#define LOCKSTEP_MODEL_AWS_CLOUD_H

#include "model/aws/bucket.h"
#include "model/aws/bus.h"
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
    X(TICK, schedule_tick)                                                                         \
    X(TASK_KILLED, task_killed)                                                                    \
    X(MESSAGE_RETURNED, queue_message_returned)                                                    \
    X(BUS_DELIVERY, bus_deliver)                                                                   \
    X(CALL_YIELDED, call_yielded)

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
    X(LATENCY_PUT_EVENTS, "latency of put events")                                                 \
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
    X(FAULT_STRIKES, "fault strikes")                                                              \
    X(EVENT_DELAY, "event delay")                                                                  \
    X(EVENT_DUPLICATE, "event delivered twice")                                                    \
    X(EVENT_FAILS, "event not delivered")                                                          \
    X(EVENT_RETRY, "event retry")                                                                  \
    X(TICK_LOST, "tick lost")                                                                      \
    X(TICK_DUPLICATE, "tick delivered twice")                                                      \
    X(TICK_DELAY, "tick delay")                                                                    \
    X(DEVIATION, "deviation")

enum choice_label {

#define X(name, text) CHOICE_##name,
    CHOICE_MAP(X)
#undef X
        CHOICES_COUNT,
    LATENCIES_COUNT = CHOICE_LATENCY_PUT_EVENTS + 1,
};

/* The labels' names, for choices_init_*: CHOICES_COUNT of them. */
extern const char *const cloud_choice_names[];

enum { TASK_TYPES_MAX = 8 };

/* What services do where a fault may strike: service, point. */
#define SERVICE_POINT_MAP(X)                                                                       \
    X(NOTIFICATION, "s3", "NOTIFICATION")       /* of an object that was created */                \
    X(INPUT_OBJECT, "s3", "INPUT_OBJECT")       /* a put into the input bucket */                  \
    X(MANIFEST_OBJECT, "s3", "MANIFEST_OBJECT") /* a put of a manifest */                          \
    X(DELIVERY, "sqs", "DELIVERY")              /* of one message to a receiver */                 \
    X(ENVIRONMENT, "lambda", "ENVIRONMENT")     /* a new one starts */                             \
    X(INVOKE, "lambda", "INVOKE")               /* of any function, by whomever */                 \
    X(TTL_DELETION, "dynamodb", "TTL_DELETION") /* of one item */                                  \
    X(START, "states", "START")                 /* of an execution that was accepted */            \
    X(RUN, "glue", "RUN")                       /* of the job's script */                          \
    X(EVENT, "eventbridge", "EVENT")            /* on the bus, to its target */                    \
    X(TICK, "scheduler", "TICK")                /* of a schedule */                                \
    X(BATCH, "stream", "BATCH")                 /* of the table's stream to its function */

enum service_point {

#define X(name, service, text) SERVICE_POINT_##name,
    SERVICE_POINT_MAP(X)
#undef X
        SERVICE_POINTS_COUNT
};

/* What a fault does to one of these; each point knows some of the members. */
struct service_fault {
    uint32_t copies;          /* how often it happens: 1; 0: it is lost */
    struct duration delay;    /* how much later */
    struct duration life;     /* of an object, from now; 0: as its bucket has it */
    struct duration skew;     /* of an environment's clock, beside the drawn one */
    enum call_status refusal; /* CALL_OK; CALL_THROTTLED, CALL_DENIED: of an invoke */
    bool corrupt;             /* its content cannot be read */
    bool fails, commits;      /* a run: it ends FAILED; what it wrote is there all the same */
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
    /* A call that was pending has been completed; may be NULL. */
    void (*call_completed)(struct cloud *c, const struct task *caller, enum call_status status);
    struct call_fault (*call_fault)(struct cloud *c, const struct task *caller);
    /* A service does something that a fault may strike; NULL: none ever does. */
    struct service_fault (*service_fault)(struct cloud *c, enum service_point point);
    /* A task begins to wait at a point without a call. NULL: nobody wants to know. */
    void (*wait_observed)(struct cloud *c, const struct task *task);
    /* A file or what else the workload brings arrives. */
    void (*arrival)(struct cloud *c, uint32_t workload, uint64_t ordinal);
    /* An invocation started or ended; an execution ended; an item expired. */
    void (*invocation_observed)(struct cloud *c, struct invocation *invocation, bool started,
                                enum invocation_end end);
    void (*execution_observed)(struct cloud *c, const struct execution *execution);
    void (*expiry_observed)(struct cloud *c, struct item old);
    /* A batch of the stream was given up: the failure destination. NULL: there is none. */
    void (*stream_discarded)(struct cloud *c, const struct stream_discard *discard);
    /* The target of the bus's rule is invoked with an event. */
    void (*event_target)(struct cloud *c, const struct workflow_input *input);
};

struct cloud {
    struct simulation simulation;
    struct names names;
    struct chunks chunks;
    struct application application;
    void *pipeline;            /* the application's own struct */
    const struct task *acting; /* whose call is taking effect now; NULL: nobody's */

    char *tasks[TASK_TYPES_MAX]; /* records of each task type */
    uint32_t task_regions[TASK_TYPES_MAX];
    struct task_serials *serials;
    uint32_t serials_region;
    struct yielding *yielding;
    uint32_t yielding_region;

    struct distribution latencies[LATENCIES_COUNT];
    struct buckets buckets;
    struct queue queue;
    struct event_source event_source;
    struct stream_source stream_source;
    struct bus bus;
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

/* What strikes at a service's point, which is hereby reached; copies is 1 where nothing does. */
static inline struct service_fault cloud_service_fault(struct cloud *c, enum service_point point)
{
    if (c->application.service_fault == NULL) {
        return (struct service_fault){.copies = 1};
    }
    return c->application.service_fault(c, point);
}

static inline struct duration cloud_draw(struct cloud *c, enum choice_label label,
                                         const struct distribution *d)
{
    return choose_duration(c->simulation.choices, label, d);
}

#endif

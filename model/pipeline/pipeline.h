/* pipeline.h: the NDJSON-to-Parquet pipeline on its cloud: everything of one run in one struct.
 *
 * The parts: workload.c lets files arrive; manifest_builder.c and manifest_creation.c are the
 * Lambda handler; state_machine.c is the workflow's definition, glue_job.c the job's script,
 * status_updater.c the second function; records.c knows the items in the tracking table; history.c
 * keeps what happened, invariants.c judges it.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_PIPELINE_H
#define LOCKSTEP_MODEL_PIPELINE_PIPELINE_H

#include "model/aws/cloud.h"
#include "model/pipeline/history.h"
#include "model/pipeline/records.h"
#include "model/pipeline/scenario.h"

/* Every API call that the pipeline makes: name, service, the service's operation, latency, of the
 * table or not. */
#define OPERATION_MAP(X)                                                                           \
    X(TRACK_FILE, "dynamodb", "PutItem", TABLE_WRITE, true)                                        \
    X(ACQUIRE_LOCK, "dynamodb", "PutItem", TABLE_WRITE, true)                                      \
    X(RELEASE_LOCK, "dynamodb", "DeleteItem", TABLE_WRITE, true)                                   \
    X(QUERY_PENDING, "dynamodb", "Query", TABLE_QUERY, true)                                       \
    X(COUNT_PENDING, "dynamodb", "Query", TABLE_QUERY, true)                                       \
    X(QUERY_ORPHANS, "dynamodb", "Query", TABLE_QUERY, true)                                       \
    X(MARK_FILE, "dynamodb", "UpdateItem", TABLE_WRITE, true)                                      \
    X(PUT_RECORD, "dynamodb", "PutItem", TABLE_WRITE, true)                                        \
    X(UPDATE_PROCESSING, "dynamodb", "UpdateItem", TABLE_WRITE, true)                              \
    X(UPDATE_COMPLETED, "dynamodb", "UpdateItem", TABLE_WRITE, true)                               \
    X(UPDATE_FAILED, "dynamodb", "UpdateItem", TABLE_WRITE, true)                                  \
    X(QUERY_BATCH, "dynamodb", "Query", TABLE_QUERY, true)                                         \
    X(SET_FILE_STATUS, "dynamodb", "UpdateItem", TABLE_WRITE, true)                                \
    X(COPY_TO_QUARANTINE, "s3", "CopyObject", BUCKET_PUT, false)                                   \
    X(PUT_MANIFEST, "s3", "PutObject", BUCKET_PUT, false)                                          \
    X(PUT_REPORT, "s3", "PutObject", BUCKET_PUT, false)                                            \
    X(START_EXECUTION, "states", "StartExecution", START_EXECUTION, false)                         \
    X(START_JOB_RUN, "glue", "StartJobRun", START_JOB_RUN, false)                                  \
    X(INVOKE_UPDATER, "lambda", "Invoke", INVOKE, false)                                           \
    X(PUBLISH_ALERT, "sns", "Publish", PUBLISH, false)

enum operation_id {

#define X(name, service, operation, latency, of_table) OPERATION_##name,
    OPERATION_MAP(X)
#undef X
        OPERATIONS_COUNT
};

enum task_type_id {
    TASK_MANIFEST_BUILDER,
    TASK_STATE_MACHINE,
    TASK_STATUS_UPDATER,
    TASK_TYPES_COUNT
};

/* What decides, beside the services: in the world. */
struct pipeline_state {
    uint32_t file_index;               /* the running number in file names */
    uint32_t arrived;                  /* by all workloads */
    uint32_t fault_counts[FAULTS_MAX]; /* how often each fault's point was reached */
    int64_t pauses_after_success, pauses_after_failure;
};

struct pipeline {
    struct cloud cloud;
    const struct scenario *scenario;
    struct record_expressions expressions;
    struct history history;
    struct pipeline_state *state;
    uint32_t state_region;
    struct task_type types[TASK_TYPES_COUNT];
    struct operation operations[OPERATIONS_COUNT];
    struct workflow_state machine[8];
    struct distribution replica_lag, index_lag;
    struct distribution
        *gaps; /* between arrivals, one for each workload entry; only poisson ones are set */
    bool pauses_take_no_time;          /* the builder's sleeps are counted, not slept */
    struct duration time_per_manifest; /* the clock moves by it behind every manifest put */
};

static inline struct pipeline *pipeline_of(struct cloud *c)
{
    return c->pipeline;
}

static inline const struct scenario *scenario_of(const struct cloud *c)
{
    return ((const struct pipeline *)c->pipeline)->scenario;
}

/* Fills the struct and builds the world; the caller has zeroed it and gives it an address that
 * stays. STATUS_* with a message where the machine refuses. */
enum status pipeline_init(struct pipeline *p, const struct scenario *scenario,
                          struct choices *choices, struct trace *trace, bool keep_calls,
                          const char *table_directory, const char *scratch, struct error *error);
enum status pipeline_deinit(struct pipeline *p, struct error *error);

/* The tracking table's name, keys, index and TTL; the rest of the config is zero. */
struct table_config pipeline_table_schema(void);

/* Lets the workload's files arrive (none arrive without it). */
void workload_start(struct pipeline *p);
void workload_arrival(struct cloud *c, uint32_t workload, uint64_t ordinal);

/* Puts one input object of the name now, and returns the number of its key; 0 where there is no
 * room. */
uint32_t workload_put(struct pipeline *p, struct text prefix, struct text date, int64_t size);

/* The machine's states for the scenario's switches. */
void state_machine_define(struct pipeline *p);

/* The job's script. */
bool glue_job_begin(struct cloud *c, struct job_run *run);
void glue_job_end(struct cloud *c, const struct job_run *run, enum job_state state);

/* Effects of the operations that are not the table's (those are in records.h). */
enum call_status perform_copy_to_quarantine(struct cloud *c, struct task *caller,
                                            struct call *call);
enum call_status perform_put_manifest(struct cloud *c, struct task *caller, struct call *call);
enum call_status perform_put_report(struct cloud *c, struct task *caller, struct call *call);
enum call_status perform_start_execution(struct cloud *c, struct task *caller, struct call *call);
enum call_status perform_start_job_run(struct cloud *c, struct task *caller, struct call *call);
enum call_status perform_invoke_updater(struct cloud *c, struct task *caller, struct call *call);
enum call_status perform_publish_alert(struct cloud *c, struct task *caller, struct call *call);

#endif

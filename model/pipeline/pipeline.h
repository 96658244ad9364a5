/* pipeline.h: the NDJSON-to-Parquet pipeline on its cloud: everything of one run in one struct.
 *
 * The parts: workload.c lets files arrive; manifest_builder.c and manifest_creation.c are the
 * Lambda handler, with claim_creation.c where there is no lock and stream_creator.c where another
 * function creates manifests; state_machine.c is the workflow's definition, glue_job.c the job's
 * script, status_updater.c the second function, batcher.c the scheduled one of V7; records.c and
 * record_reads.c know the tracking table; history.c keeps what happened, invariants.c judges it.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_PIPELINE_H
#define LOCKSTEP_MODEL_PIPELINE_PIPELINE_H

#include "model/aws/cloud.h"
#include "model/pipeline/deviations.h"
#include "model/pipeline/faults.h"
#include "model/pipeline/history.h"
#include "model/pipeline/manifest_builder.h"
#include "model/pipeline/operations.h"
#include "model/pipeline/operator.h"
#include "model/pipeline/records.h"
#include "model/pipeline/scenario.h"

enum task_type_id {
    TASK_MANIFEST_BUILDER,
    TASK_STATE_MACHINE,
    TASK_STATUS_UPDATER,
    TASK_STREAM_CREATOR,
    TASK_OPERATOR,
    TASK_BATCHER,
    TASK_TYPES_COUNT
};

/* What decides, beside the services: in the world. */
struct pipeline_state {
    uint32_t file_index; /* the running number in file names */
    uint32_t arrived;    /* by all workloads */
    uint32_t outside;    /* pending events that come from outside: arrivals, what operators do */
    int64_t pauses_after_success, pauses_after_failure;
    int64_t lock_versions; /* record version numbers of leases that were given out */
    struct fault_count faults[FAULTS_MAX];
    uint32_t operator_counts[OPERATORS_MAX]; /* how often each row's moment was reached */
    uint32_t operators_started, unused;
};

struct pipeline {
    struct cloud cloud;
    const struct scenario *scenario;
    struct expression *expressions[EXPRESSIONS_COUNT];
    struct history history;
    struct pipeline_state *state;
    uint32_t state_region;
    struct fault_plan faults;
    struct deviations deviations;
    struct task_type types[TASK_TYPES_COUNT];
    struct operation operations[OPERATIONS_COUNT]; /* a copy, so that tests can replace effects */
    struct workflow_state machine[9];
    struct operator_moment moments[OPERATORS_MAX]; /* of the scenario's rows */
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
struct run_options; /* run.h */
enum status pipeline_init(struct pipeline *p, const struct scenario *scenario,
                          const struct run_options *options, struct error *error);
enum status pipeline_deinit(struct pipeline *p, struct error *error);

/* The types of tasks, TASK_TYPES_COUNT of them, with room for the processes of that many files. */
void pipeline_task_types(struct task_type *types, uint64_t files);

/* The tracking table's name, keys, index and TTL; the rest of the config is zero. */
struct table_config pipeline_table_schema(void);

/* Whether nothing is under way: what is left to happen comes from outside, or is TTL's, which
 * deletes whether or not anybody looks, or ticks of a schedule that find nothing to do. */
bool pipeline_at_rest(const struct pipeline *p);

/* What the run's table calls its range key. */
struct text pipeline_range_name(const struct pipeline *p);

/* Lets the workload's files arrive (none arrive without it). */
void workload_start(struct pipeline *p);
void workload_arrival(struct cloud *c, uint32_t workload, uint64_t ordinal);

/* Whether the longest key of an entry, as events have it, has at most S3's 1024 bytes. */
bool workload_key_fits(const struct workload *load);

/* Puts one input object, numbered on, now. Returns the name that its event has (a number of
 * sim/names.h); 0 where there is no room. */
uint32_t workload_put(struct pipeline *p, struct text prefix, struct text date, int64_t size);

/* The machine's states for the scenario's switches; the points of an execution. */
void state_machine_define(struct pipeline *p);
extern const char *const state_machine_points[];
extern const uint32_t state_machine_points_count;

/* The job's script. */
bool glue_job_begin(struct cloud *c, struct job_run *run);
void glue_job_end(struct cloud *c, const struct job_run *run, enum job_state state);

#endif

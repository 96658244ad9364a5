/* results.h: what a run gives, row by row: the tables that expectations query and the summary in
 * JSON.
 *
 * A finished (or stopped) run is read through these functions; nothing is copied before it is asked
 * for. Texts are views that live as long as the run. Instants are absolute; -1 ns stands for
 * "never".
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_RESULTS_H
#define LOCKSTEP_MODEL_PIPELINE_RESULTS_H

#include "model/pipeline/scenario.h"
#include "sim/hash.h"

struct run; /* model/pipeline/run.h */

enum { NEVER = -1 };

/* One S3 object that arrived in the input bucket (a key; overwriting it again is the same file). */
struct file_row {
    struct text key, date; /* the full key; the date it is tracked under ("" if it never was) */
    struct text
        status; /* pending, manifested, completed, failed, quarantined, queued, dead, lost */
    struct text manifest; /* key of the manifest its record names, or "" */
    struct instant arrived_at, tracked_at, manifested_at, completed_at;
    int64_t size;
    int64_t manifests; /* started manifests that list it */
    int64_t outputs;   /* successful job runs that read it */
};

/* One PutObject of a manifest (so an overwritten key has several rows). */
struct manifest_row {
    struct text key, date;
    struct text record_status; /* of its MANIFEST# record at the end; "" if it has none */
    struct instant created_at;
    int64_t files;
    int64_t invocation; /* row number of the builder invocation, from 1 */
    bool overwritten;   /* a later put replaced it */
    int64_t executions; /* started with this key, after this put and before the next */
};

struct execution_row {
    struct text manifest, date, status; /* RUNNING, SUCCEEDED, FAILED */
    struct instant started_at, ended_at;
    int64_t file_count, job_runs, refusals; /* runs accepted; StartJobRun calls refused */
    struct text error; /* what the failure path was taken for; "" if it was not */
};

struct job_run_row {
    int64_t execution; /* row number, from 1 */
    struct text state; /* STARTING, RUNNING, SUCCEEDED, FAILED, TIMEOUT; REFUSED for a call that was
                          refused */
    struct instant started_at, ended_at;
    int64_t parquet_objects;
};

struct invocation_row {
    struct text function;
    int64_t environment; /* number, from 1 */
    bool cold;
    struct instant started_at, ended_at;
    struct text outcome; /* ok, timeout, killed, running */
    struct text point;   /* where it was killed or timed out; else "" */
    int64_t records, errors, manifests;
    int64_t processed, quarantined; /* as a builder counts its records */
};

/* From an acquired lock to its end. */
struct tenure_row {
    struct text date;
    int64_t invocation; /* of the owner; row number, from 1 */
    struct instant acquired_at, ended_at, expires_at;
    struct text end; /* released, taken_over, deleted_by_ttl, deleted, held; left_behind: the owner
                        is dead or gone and the item is still there at the end of the run */
    int64_t refused; /* acquire attempts of others during it */
    struct instant
        owner_ended_at; /* when the owner's invocation ended, if it ended without releasing */
};

struct call_row {
    struct instant sent_at, effect_at, reply_at;            /* effect or reply NEVER where lost */
    struct text caller, point, service, operation, outcome; /* manifest_builder, PUT_MANIFEST, s3,
                                                               PutObject, ok */
    int64_t caller_parent, caller_ordinal; /* [2.7]: the 7th invocation of environment 2 */
    int64_t attempt;
    struct text subject; /* the key it is about */
};

struct violation_row {
    enum invariant invariant;
    struct instant at;
    struct text subject, text; /* the key or date; a sentence */
    bool required;
    struct text process, point, operation; /* whose call brought it about; "": nobody's */
    int64_t parent, ordinal;               /* [2.7], as of a call */
};

/* A fault of the scenario that struck: kill manifest_builder[2.7] at PUT_MANIFEST; corrupt s3[3] at
 * NOTIFICATION, the third. */
struct deviation_row {
    struct text fault, process, point;
    int64_t parent, ordinal; /* [2.7]: the 7th of environment 2; parent 0: there is none */
    struct instant at;       /* when the call was sent */
};

/* A fault of the scenario, and whether it struck. */
struct fault_row {
    struct text fault, process, point;
    int64_t reached, struck; /* its point, within its window */
};

/* A point that was reached, or at which a fault may strike. */
struct point_row {
    struct text process, point;
    struct text service, operation; /* that is called there; "" where it only waits */
    int64_t reached;
    bool of_service; /* something that a service does; else a process's point */
    uint32_t kinds;  /* of faults that may strike there: bit k, enum fault_kind k */
};

/* One run of a tool by an operator. */
struct operator_run_row {
    struct text tool, arguments; /* check-locks; the whole line that was typed */
    struct instant started_at, ended_at;
    int64_t exit_status; /* -1: it has not ended */
    struct text output;  /* what it printed */
};

/* One number that a tool told its reader, and what it should have been. */
struct operator_figure_row {
    int64_t run;      /* row number of the tool's run, from 1 */
    struct text name; /* "pending files" */
    int64_t shown, truth;
};

/* What the table, or its index, was used for. */
struct capacity_row {
    struct text resource; /* "table", or the index's name */
    int64_t rcu_milli, wcu_milli;
    int64_t throttled_reads, throttled_writes;  /* one request may count for both resources */
    int64_t peak_rcu_milli, peak_wcu_milli;     /* of the second that used most */
    struct instant peak_read_at, peak_write_at; /* when that second, the first such, began */
    struct instant saturated_at; /* the first minute in which a request was throttled */
};

/* The same for one second in which something was asked of it. */
struct capacity_second_row {
    struct text resource;
    struct instant at; /* its beginning */
    int64_t rcu_milli, wcu_milli, throttled_reads, throttled_writes;
    int64_t throttled_rcu_milli, throttled_wcu_milli; /* what was refused would have used */
};

/* What the table would be billed at the scenario's prices, in billionths of a dollar. */
struct cost {
    int64_t on_demand;       /* what was consumed, by request */
    int64_t provisioned;     /* `rcu` and `wcu` for `hours` */
    int64_t rcu, wcu, hours; /* as the scenario has it, or what the busiest seconds used, each of
                                table and index together; hours that have begun */
    int64_t storage_month;   /* a month of what is stored at the end */
};

struct message_counts {
    int64_t sent, delivered, deleted, redelivered, dead_lettered, expired, left;
};

/* The figures of `lockstep run --format json`. */
struct summary {
    struct hash128 trace_hash, world_hash, table_hash;
    struct instant started_at, ended_at;
    int64_t simulated_ns, events;

    struct {
        int64_t arrived, tracked, pending, manifested, completed, failed, quarantined, lost,
            duplicated;
    } files;

    struct {
        int64_t created, objects, overwritten, records;
    } manifests;

    struct {
        int64_t started, succeeded, failed;
    } executions;

    struct {
        int64_t started, succeeded, failed, refused;
    } job_runs;

    struct {
        int64_t objects;
    } parquet;

    struct {
        int64_t acquired, refused, taken_over, left_behind;
        struct duration longest_block;
    } lock;
    struct message_counts messages;
    int64_t invocations, throttled_invocations;
    int64_t rcu_milli, wcu_milli, index_rcu_milli, index_wcu_milli;

    struct {
        int64_t made, throttled, retried,
            given_up; /* requests; throttled ones; those that were not a
                         call's first; throttled ones that were its last */
    } table_requests;
    struct cost cost;
    bool full;             /* a capacity was exceeded and the run was ended */
    struct text full_what; /* which one */
};

void run_summary(const struct run *run, struct summary *summary);

/* Row counts and rows, i from 0. Calls are kept only where the run was asked to
 * (run_options.keep_calls). */
uint64_t run_files_count(const struct run *run);
void run_file(const struct run *run, uint64_t i, struct file_row *row);
uint64_t run_manifests_count(const struct run *run);
void run_manifest(const struct run *run, uint64_t i, struct manifest_row *row);
bool run_manifest_lists(const struct run *run, uint64_t i, struct text file_key); /* as put */
uint64_t run_executions_count(const struct run *run);
void run_execution(const struct run *run, uint64_t i, struct execution_row *row);
uint64_t run_job_runs_count(const struct run *run);
void run_job_run(const struct run *run, uint64_t i, struct job_run_row *row);
uint64_t run_invocations_count(const struct run *run);
void run_invocation(const struct run *run, uint64_t i, struct invocation_row *row);
uint64_t run_tenures_count(const struct run *run);
void run_tenure(const struct run *run, uint64_t i, struct tenure_row *row);
uint64_t run_calls_count(const struct run *run);
void run_call(const struct run *run, uint64_t i, struct call_row *row);
uint64_t run_capacities_count(const struct run *run);
void run_capacity(const struct run *run, uint64_t i, struct capacity_row *row);
uint64_t run_capacity_seconds_count(const struct run *run); /* in no particular order */
void run_capacity_second(const struct run *run, uint64_t i, struct capacity_second_row *row);
struct cost run_cost(const struct run *run);
uint64_t run_deviations_count(const struct run *run);
void run_deviation(const struct run *run, uint64_t i, struct deviation_row *row);
uint64_t run_faults_count(const struct run *run);
void run_fault(const struct run *run, uint64_t i, struct fault_row *row);
uint64_t run_points_count(const struct run *run);
void run_point(const struct run *run, uint64_t i, struct point_row *row);
uint64_t run_operator_runs_count(const struct run *run);
void run_operator_run(const struct run *run, uint64_t i, struct operator_run_row *row);
uint64_t run_operator_figures_count(const struct run *run);
void run_operator_figure(const struct run *run, uint64_t i, struct operator_figure_row *row);
uint64_t run_violations_count(const struct run *run);
void run_violation(const struct run *run, uint64_t i, struct violation_row *row);

#endif

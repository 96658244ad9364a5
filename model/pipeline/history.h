/* history.h: what happened in a run, kept in lists beside the state: the rows behind results.h.
 *
 * History is told by the effects of calls and the ends of tasks; nothing in the pipeline reads it
 * but reports and invariants, so it is restored with the world but is no part of its hash.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_HISTORY_H
#define LOCKSTEP_MODEL_PIPELINE_HISTORY_H

#include "model/aws/cloud.h"
#include "model/pipeline/faults.h"
#include "model/pipeline/goals.h"
#include "model/pipeline/scenario.h"

struct pipeline;

enum { HISTORY_NEVER = -1 };

/* A file is one key in the input bucket. Its object's owner is its number, from 1. */
struct file_history {
    uint32_t key, date; /* names; date 0: never tracked */
    uint32_t date_row;  /* from 1 */
    uint32_t manifest;  /* name; the latest that its record was given */
    uint16_t starts;    /* started manifests that list it */
    uint16_t outputs;   /* times that a job run has put its rows out */
    uint16_t quarantined;
    uint16_t pending;         /* so its record said when it was last told of */
    uint32_t handled, listed; /* by that invocation (row) and in that manifest (name), latest */
    int64_t size;
    int64_t arrived_ns, tracked_ns, manifested_ns, completed_ns;
};

/* One put of a manifest. Its object's owner is the number of its latest put, from 1. */
struct manifest_history {
    uint32_t key, date;
    uint32_t invocation; /* row, from 1 */
    uint32_t files, executions, overwritten;
    uint32_t latest_execution; /* row, from 1; 0: none */
    uint32_t processed;        /* successful job runs */
    uint32_t outputs;          /* times that its rows were put out */
    uint32_t told;             /* its record told its outcome, and has expired */
    uint64_t body_start;
    int64_t created_ns;
};

struct execution_history {
    uint32_t manifest, date;
    uint32_t manifest_row; /* from 1; 0: no such object */
    uint32_t files, status, caught;
    uint32_t job_runs, refusals;
    uint32_t begun;     /* its first state has set the record to processing */
    uint32_t processed; /* successful job runs */
    int64_t started_ns, ended_ns;
};

struct job_run_history {
    uint32_t execution; /* row, from 1 */
    uint32_t state;     /* enum job_state, or JOB_REFUSED */
    int64_t started_ns, ended_ns;
    int64_t parquet_objects;
};

enum { JOB_REFUSED = 100 };

struct invocation_history {
    uint32_t function, environment, cold, end; /* enum invocation_end */
    uint32_t records, errors, manifests, processed, quarantined;
    uint16_t point, task_type; /* where it was when it ended */
    int64_t started_ns, ended_ns;
};

/* A date with files. The count is of what was told, not of the table: it says when to look. */
struct date_history {
    uint32_t date; /* name */
    uint32_t told; /* bit i: a violation of invariant i was noted and has not ended since */
    int64_t pending;
    int64_t end_ns;    /* the midnight that ends it; INT64_MAX: the text is no such date */
    int64_t latest_ns; /* when its latest file became pending */
    uint32_t latest;   /* that file's row, from 1; 0: none did */
    uint32_t unused;
};

enum tenure_end {
    TENURE_HELD,
    TENURE_RELEASED,
    TENURE_TAKEN_OVER,
    TENURE_DELETED_BY_TTL,
    TENURE_DELETED,     /* by an operator */
    TENURE_LEFT_BEHIND, /* only in results: held by nobody when the run ends */
};

/* From an acquired lock to its end. The date's name is owned by the latest tenure, row from 1. */
struct tenure_history {
    uint32_t date, invocation; /* row of the owner, from 1 */
    uint32_t end, refused;
    uint32_t given_up; /* its owner has tried to release it, and works on without */
    uint32_t blocked_too_long;
    int64_t acquired_ns, ended_ns, expires_ns, owner_ended_ns;
    int64_t renewed_ns; /* a lease; 0: never */
};

struct call_history {
    int64_t sent_ns, effect_ns, reply_ns;
    uint32_t type, parent, ordinal, subject;
    uint16_t point, operation;
    uint8_t status, attempt;
    uint16_t unused;
};

struct violation_history {
    uint32_t invariant, subject; /* enum invariant; a name */
    int64_t at_ns;
    uint32_t acting; /* whose call brought it about: 1 + the task's type; 0: nobody's */
    uint32_t parent, ordinal;
    uint16_t point, operation;
};

/* A fault of the scenario that struck a call, or a service. */
struct deviation_history {
    uint32_t fault;           /* position in the scenario */
    uint32_t point;           /* faults.h: point_of_task, point_of_service */
    uint32_t parent, ordinal; /* of the task; of a service: the ordinal-th time that it did this */
    int64_t at_ns;
};

enum { DEVIATIONS_MAX = 64 * FAULTS_MAX };

/* A point of faults.h, reached or not. */
struct point_history {
    uint64_t reached;
    uint32_t operation; /* called from there, from 1; 0: none */
    uint32_t unused;
};

/* What a tool tells its reader, as numbers; the words are those of reports. Whether the last two
 * were warranted is no question of truth. */
#define FIGURE_MAP(X)                                                                              \
    X(LOCKS, "locks")                                                                              \
    X(LOCKS_EXPIRED, "expired locks")                                                              \
    X(LOCKS_CLEARED, "locks cleared")                                                              \
    X(LIVE_LOCKS_DELETED, "live locks deleted")                                                    \
    X(ITEMS, "items")                                                                              \
    X(PENDING, "pending files")                                                                    \
    X(MANIFESTED, "manifested files")                                                              \
    X(RECORDS, "manifest records")                                                                 \
    X(MANIFESTS, "manifests")                                                                      \
    X(PARQUET, "parquet objects")                                                                  \
    X(OUTPUT_FOUND, "parquet found")                                                               \
    X(EXECUTIONS_FAILED, "failed executions")                                                      \
    X(PROCESSED, "files processed")                                                                \
    X(HEALTHY, "nothing to do")                                                                    \
    X(RESTARTED, "executions restarted")                                                           \
    X(RESET, "items reset")

enum figure {

#define X(name, text) FIGURE_##name,
    FIGURE_MAP(X)
#undef X
        FIGURES_COUNT
};

/* What was shown, HISTORY_NEVER where nothing was said of it, and what was true just then: of locks
 * expired, as the builder's condition has it; of live locks deleted 0 is shown, since the tool says
 * that it deletes expired ones; of failed executions, those of failed jobs, too; of executions
 * restarted and items reset, those that had no output and needed it. "Nothing to do" is 1 where
 * that was said, or was true. */
struct operator_figure {
    int64_t shown, truth;
};

enum { CONSOLE_BYTES = 16384 };

/* One run of an operator's tool. */
struct operator_history {
    uint32_t tool;       /* enum operator_tool */
    uint32_t arguments;  /* name: the line that was typed */
    int32_t exit_status; /* of a tool that has ended */
    uint32_t ended;      /* 1: it has, or was killed */
    int64_t started_ns, ended_ns;
    struct operator_figure figures[FIGURES_COUNT];
    uint32_t locks_deleted, live_locks_deleted; /* the latter: by the builder's condition */
    uint32_t output_size, output_cut;           /* 1: there was more */
    char output[CONSOLE_BYTES];
};

/* The lists: name of the member, of the region, record, most records for n files, and so many ticks
 * of a schedule. */
#define HISTORY_MAP(X)                                                                             \
    X(files, "history of files (limits.files)", struct file_history, n + 64)                       \
    X(dates, "history of dates (limits.files)", struct date_history, n + 64)                       \
    X(manifests, "history of manifests (limits.files)", struct manifest_history, 2 * n + 64)       \
    X(executions, "history of executions (limits.files)", struct execution_history, 2 * n + 64)    \
    X(job_runs, "history of job runs (limits.files)", struct job_run_history, 8 * n + 64)          \
    X(invocations, "history of invocations (limits.files)", struct invocation_history,             \
      8 * n + ticks + 64)                                                                          \
    X(tenures, "history of locks (limits.files)", struct tenure_history, 64 * n + 4096)            \
    X(violations, "history of violations (limits.files)", struct violation_history, 16 * n + 64)   \
    X(operators, "history of operators' tools", struct operator_history, 1024)

/* Those that nothing is judged by. */
#define OBSERVED_MAP(X)                                                                            \
    X(deviations, "history of faults", struct deviation_history, DEVIATIONS_MAX)                   \
    X(points, "history of points", struct point_history, POINTS_MAX)                               \
    X(calls, "history of calls", struct call_history, keep_calls ? 1024 * n + 65536 : 1)

struct history_counts {
    int64_t tracked, quarantined, duplicated;
    int64_t manifest_puts, overwrites;
    int64_t executions_succeeded, executions_failed;
    int64_t runs_accepted, runs_succeeded, runs_failed, runs_refused;
    int64_t parquet_objects;
    int64_t lock_acquired, lock_refused, lock_taken_over;
    int64_t longest_block_ns;
    uint32_t first_key, folder; /* the first that arrived, and the length of its folder */
    uint32_t folders, unused;   /* seen: 0, 1, or 2 for more */
    int64_t table_requests, table_throttled, table_retried, table_given_up;
    int64_t violations[INVARIANTS_COUNT];
    uint64_t goals; /* bit i: enum goal i was reached */
};

struct history {
#define X(member, name, type, most)                                                                \
    type *member;                                                                                  \
    uint32_t member##_region;
    HISTORY_MAP(X)
    OBSERVED_MAP(X)
#undef X
    struct history_counts *counts;
    uint32_t counts_region;
    bool keep_calls;
};

void history_declare(struct pipeline *p, uint64_t files);
void history_init(struct pipeline *p);

/* How many rows a list has. */
#define HISTORY_COUNT(p, list) world_used(&(p)->cloud.simulation.world, (p)->history.list##_region)

/* What is told of files and their records. `key`, `date` and `manifest` are names; rows count
 * from 1.
 */
void history_arrived(struct pipeline *p, uint32_t key, int64_t size);
void history_tracked(struct pipeline *p, uint32_t key, uint32_t date);
void history_quarantined(struct pipeline *p, uint32_t key);
void history_manifested(struct pipeline *p, uint32_t key, uint32_t manifest);
void history_completed(struct pipeline *p, uint32_t key);
void history_repended(struct pipeline *p, uint32_t key);  /* its record was set back to pending */
void history_untracked(struct pipeline *p, uint32_t key); /* its record is gone, or failed */

/* The builder has put a manifest's record; an execution's first state has updated it. */
void history_record_put(struct pipeline *p, uint32_t manifest);
void history_begun(struct pipeline *p, uint32_t execution);

void history_manifest_put(struct pipeline *p, uint32_t manifest, uint32_t date,
                          uint32_t invocation);
uint32_t history_execution_started(struct pipeline *p, uint32_t manifest, uint32_t date,
                                   uint32_t files);
void history_lock_acquired(struct pipeline *p, uint32_t date, uint32_t invocation,
                           int64_t expires_s, bool taken_over);
void history_lock_refused(struct pipeline *p, uint32_t date);
void history_lock_renewed(struct pipeline *p, uint32_t date); /* a lease */
void history_lock_gone(struct pipeline *p, uint32_t date, enum tenure_end end);

/* How long a tenure that ends at `end_ns` keeps others from work: 0 where none came. */
int64_t history_block_ns(const struct pipeline *p, const struct tenure_history *tenure,
                         int64_t end_ns);

/* The application's observers (cloud.h). */
void history_call(struct cloud *c, const struct task *caller, const struct call *call,
                  enum call_status status);

/* The name of what a call is about, as far as its request tells. */
uint32_t history_subject(const struct task *caller, const struct call *call);
void history_call_completed(struct cloud *c, const struct task *caller, enum call_status status);
void history_invocation(struct cloud *c, struct invocation *invocation, bool started,
                        enum invocation_end end);
void history_execution_ended(struct cloud *c, const struct execution *execution);
void history_expired(struct cloud *c, struct item old);

/* A job run was asked for and accepted (row from 1) or refused; ended. */
uint32_t history_run_requested(struct pipeline *p, uint32_t execution, bool accepted);
void history_run_ended(struct pipeline *p, uint32_t row, enum job_state state, int64_t parquet);

/* A run has written what it read of a manifest's files: their rows are in the output once more;
 * with `replaces`, in the place of those that an earlier run of the manifest wrote. */
void history_read_by_job(struct pipeline *p, const struct object *manifest, bool replaces);

/* A fault strikes the call that `caller` is about to send; what a service does the n-th time. Of
 * those beyond DEVIATIONS_MAX only the fault's own count tells. */
void history_deviation(struct pipeline *p, uint32_t fault, const struct task *caller);
void history_service_deviation(struct pipeline *p, uint32_t fault, enum service_point point,
                               uint64_t n);

/* A tool of an operator: begins (row from 1; 0: no room), prints, tells a figure, ends. */
uint32_t history_operator_started(struct pipeline *p, uint32_t tool, uint32_t arguments);
void history_operator_printed(struct pipeline *p, uint32_t row, struct text text);
void history_lock_deleted(struct pipeline *p, struct text lock_key, uint32_t row);
void history_told(struct pipeline *p, uint32_t row, enum figure figure, int64_t shown,
                  int64_t truth);
void history_operator_ended(struct pipeline *p, uint32_t row, int32_t exit_status);

void history_violation(struct pipeline *p, enum invariant invariant, uint32_t subject);

/* The same of a date, once until history_end_telling; false where it has been told. */
bool history_tell_once(struct pipeline *p, uint32_t date_row, enum invariant invariant);

/* The file of a key; NULL where no such object arrived. */
struct file_history *history_file(struct pipeline *p, uint32_t key);

/* A date, by its name; NULL where no file was tracked under it. */
const struct date_history *history_date(const struct pipeline *p, uint32_t date);

#endif

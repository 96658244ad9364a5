/* operator.h: an operator at a terminal, running one of the guide's tools as a process of AWS
 * calls.
 *
 * Method. A run of a tool is a task of its own, started by a row of the scenario or by whoever
 * holds the pipeline. It first asks who it is (STS), then goes through the commands of its script.
 * Each command of the AWS CLI takes cli.call_time before its request leaves, so that there are
 * gaps between reading and acting; the CLI retries (cli.attempts), and where it pages by
 * itself the further pages follow at once. What a page brought counts only when its reply has come,
 * so an attempt whose reply is lost leaves nothing behind. What is printed is kept with the exit
 * status in the history, and so are the figures that it told, beside what was true. The scripts'
 * own errors are kept; `--fixed` is the tool without them. Left out: the CLI's standard error, the
 * operator's time zone (UTC here), log lines. Sources: PIPE-TOOLS-1 to PIPE-TOOLS-6, SDK-CLI-* in
 * docs/sources.md.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_OPERATOR_H
#define LOCKSTEP_MODEL_PIPELINE_OPERATOR_H

#include "model/aws/cloud.h"
#include "model/pipeline/operator_command.h"
#include "model/pipeline/records.h"
#include "model/pipeline/scenario.h"

struct pipeline;

/* Numbers by name, in order of the names' texts. What does not fit is counted in `others`. */
enum { TALLY_MAX = 64, SAMPLES_MAX = 3 };

struct tally_entry {
    uint32_t name, count;
    uint32_t samples[SAMPLES_MAX]; /* names of the first ones */
};

struct tally {
    uint32_t used, others;
    struct tally_entry entries[TALLY_MAX];
};

/* What one page of a read has brought. */
enum { PAGE_TEXT_MAX = 6144 };

struct operator_page {
    struct cursor cursor; /* where the next page begins */
    uint32_t position;    /* the same of lists that are no table's: a number, 0 at the end */
    uint32_t more;
    int64_t count;
    struct tally tally;
    uint32_t text_size;
    char text[PAGE_TEXT_MAX]; /* lines to print */
};

enum { LATEST_MAX = 10 };

/* How a function answered that was invoked with an event. */
struct handler_answer {
    uint32_t status; /* 200, 207 */
    uint32_t processed, quarantined, manifests, errors;
};

struct tool_run {
    struct task task;
    uint32_t row; /* of the history, from 1 */
    uint32_t tool, action, clear_expired, fixed, answer;
    uint32_t date, prefix; /* names; 0: none */
    int64_t files, size;
    int64_t wait_ns; /* before it begins */
    uint32_t at;     /* the tool's own point */
    uint32_t phase;  /* of the command under way */
    int32_t exit_status;

    struct operator_page page; /* of the read under way */
    struct cursor cursor;      /* and where that page begins */
    uint32_t position;
    uint32_t unused;
    int64_t count; /* what the pages of the latest read brought together */
    struct tally tally;
    uint32_t latest[LATEST_MAX]; /* numbers of objects */
    uint32_t latest_count;
    struct chain found;
    struct chain_cursor next; /* where the tool is in it */

    uint32_t i, done, skipped, needed, shard, key, lock_id,
        other; /* the tool's own: loops, counts, names */
    int64_t now_s, before, after, pending_before;
    struct handler_answer handler;
};

/* Where a run may be: before it begins, between two calls (the CLI's start-up, a person's time),
 * and at each call a point of the operation's name, in the order of OPERATOR_OPERATIONS. */
#define OPERATOR_POINTS(X) X(WAIT) X(IDENTIFY) X(WORK)

extern const char *const operator_points[];
extern const uint32_t operator_points_count;

enum process_status operator_step(struct cloud *c, struct task *task);
void operator_end(struct cloud *c, struct task *task, bool killed);
void operator_release(struct cloud *c, struct task *task);

/* Starts a run of a tool, which begins after `wait`. `line` is what was typed, kept for reports.
 * False where there is no room (the trial then fails). */
bool operator_start(struct pipeline *p, const struct operator_command *command, struct text line,
                    enum answer answer, struct duration wait);

/* The scenario's rows: those with a time are started, those that wait for a moment are remembered.
 * The scenario has been validated. */
void operators_start(struct pipeline *p);

/* A call is about to leave: rows that wait for this moment begin. */
void operators_watch(struct cloud *c, const struct task *caller);

/* A function has answered; its invoker may be a tool. */
void operator_answered(struct cloud *c, const struct invocation *invocation);

/* Files that the scenario's rows put. */
int64_t operators_files(const struct scenario *s);

/* --- for the tools
 * ----------------------------------------------------------------------------------------- */

#define TOOL_STEP(name) enum process_status name##_step(struct cloud *c, struct tool_run *o)
TOOL_STEP(check_locks);
TOOL_STEP(trace_pipeline);
TOOL_STEP(force_manifest_creation);
TOOL_STEP(debug_glue_output);
TOOL_STEP(reprocess_failed);
TOOL_STEP(upload);

/* What a command asks. `subject` is the key or date it is about: a name. */
struct operator_request {
    uint32_t subject;
    uint32_t name;   /* another one */
    uint32_t bucket; /* enum bucket_id */
    uint32_t choice; /* which of several: the operation's own */
    uint32_t base;   /* set by operator_read: length of the list before this page */
    uint32_t pages;  /* operator_read: all of them, not just the first */
    int64_t size;
};

/* Choices of LIST_OBJECTS, which keeps the last ten, and of LIST_EXECUTIONS. Of COUNT_STATUS and
 * SAMPLE_FILE it is the status: 0 the plain one, n the shard n - 1; of DESCRIBE_EXECUTION and
 * RESTART_EXECUTION the execution's row. */
enum { LATEST_BY_KEY, LATEST_BY_TIME };

enum { EXECUTIONS_ANY, EXECUTIONS_FAILED };

/* One command as a child process: operator_call makes one call; operator_read begins with empty
 * results (count, tally, latest, found), adds what each page brings and prints its lines. Both end
 * with the status of the last call. */
enum process_status operator_call(struct cloud *c, struct tool_run *o, uint16_t operation,
                                  const struct operator_request *request);
enum process_status operator_read(struct cloud *c, struct tool_run *o, uint16_t operation,
                                  const struct operator_request *request);

#define OPERATOR_CALL(point, operation, ...)                                                       \
    AWAIT_CHILD(                                                                                   \
        o->at, point,                                                                              \
        operator_call(c, o, OPERATION_##operation, &(struct operator_request){__VA_ARGS__}))
#define OPERATOR_READ(point, operation, ...)                                                       \
    AWAIT_CHILD(                                                                                   \
        o->at, point,                                                                              \
        operator_read(c, o, OPERATION_##operation, &(struct operator_request){__VA_ARGS__}))

/* As `phase`: the next call belongs to the command before, and leaves at once. */
enum { OPERATOR_GOES_ON = 1 };

/* The shards of statuses beside the plain one that a tool asks for: none, for it knows of none; as
 * it should be, all. */
uint32_t operator_shards(const struct cloud *c, const struct tool_run *o);

static inline bool operator_succeeded(const struct tool_run *o)
{
    return o->task.call.status == CALL_OK;
}

/* Suspends the tool: the action of an AWAIT. */
void operator_pause(struct cloud *c, struct tool_run *o, struct duration time);

/* Ends the tool. As a shell script under `set -e` does when a command fails: with the CLI's status,
 * and without a word. Source: SDK-CLI-3. */
enum process_status operator_exit(struct tool_run *o, int32_t status);
enum process_status operator_fail(struct tool_run *o);

/* Prints. In a format each '%' stands for the next value. */
enum printed_kind { PRINTED_TEXT, PRINTED_INTEGER, PRINTED_INSTANT, PRINTED_DIGITS };

struct printed {
    enum printed_kind kind;
    struct text text;
    int64_t number;
};

static inline struct printed of_text(struct text text)
{
    return (struct printed){.kind = PRINTED_TEXT, .text = text};
}

static inline struct printed of_integer(int64_t number)
{
    return (struct printed){.kind = PRINTED_INTEGER, .number = number};
}

static inline struct printed of_digits(int64_t number) /* 12 of them */
{
    return (struct printed){.kind = PRINTED_DIGITS, .number = number};
}

static inline struct printed of_instant(int64_t at_ns)
{
    return (struct printed){.kind = PRINTED_INSTANT, .number = at_ns};
}

static inline struct printed of_name(const struct cloud *c, uint32_t name)
{
    return of_text(names_text(&c->names, name));
}

void text_put_printed(struct text_writer *w, const char *format, const struct printed *values);
void operator_print(struct cloud *c, struct tool_run *o, const char *format,
                    const struct printed *values);

#define PRINT(format) operator_print(c, o, format, NULL)
#define PRINT_VALUES(format, ...)                                                                  \
    operator_print(c, o, format, (const struct printed[]){__VA_ARGS__})

/* Adds a line to those of the page that is being read. */
#define PAGE_PRINT(page, format, ...)                                                              \
    page_print(page, format, (const struct printed[]){__VA_ARGS__})
void page_print(struct operator_page *page, const char *format, const struct printed *values);

/* Counts one of that name (0: none there). `sample` is a name, 0: none. */
void tally_add(const struct cloud *c, struct tally *tally, uint32_t name, uint32_t count,
               uint32_t sample);
int64_t tally_count(const struct cloud *c, const struct tally *tally, struct text name);

/* The tally as lines "  <name>: <count>". */
void operator_print_tally(struct cloud *c, struct tool_run *o);

/* Interns, adds to what was found; the trial fails where there is no room. */
uint32_t operator_name(struct cloud *c, struct text text);
void operator_found(struct cloud *c, struct tool_run *o, uint32_t value);

/* The operator's clock. */
int64_t operator_now_s(const struct cloud *c);

/* What is true of the pipeline now: for what is told. */
struct operator_truth {
    int64_t items, locks, locks_expired, pending, manifested, records;
    int64_t manifests, parquet; /* objects */
    int64_t executions_failed;  /* those of failed jobs, too */
};

struct operator_truth operator_truth(struct pipeline *p);

/* The tool has told its reader a number; `truth` is what it should have been. */
#define TELL(name, shown, truth)                                                                   \
    history_told(pipeline_of(c), o->row, FIGURE_##name, (shown), (truth))

/* "FAILED" */
struct text operator_execution_status(uint32_t status);

/* Whether a job run has read the manifest with success, or is under way. */
bool operator_has_output(struct pipeline *p, uint32_t manifest);

#endif

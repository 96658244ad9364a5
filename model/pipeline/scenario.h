/* scenario.h: a world as written down: the pipeline's switches and parameters, the workload, what
 * must hold.
 *
 * Plain values only. tools/ fills the struct from YAML through one table of fields; presets fill it
 * from names. Where the published facts leave a gap (latencies, lags, delays), there is a parameter
 * here with a default, and its source is named in docs/sources.md. Texts are views of memory that
 * the filler of the struct owns.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_SCENARIO_H
#define LOCKSTEP_MODEL_PIPELINE_SCENARIO_H

#include "model/dynamodb/table.h"
#include "sim/distribution.h"
#include "sim/status.h"
#include "sim/text.h"
#include "sim/time.h"

#include <stdbool.h>
#include <stdint.h>

/* Enumerations: name, and the word in a scenario. */
/* clang-format off */
#define PRESET_MAP(X) X(DEV, "dev") X(PROD, "prod")
#define DECIDER_MAP(X) X(SEED, "seed") X(DEFAULT, "default")
#define BUILDER_MAP(X) \
    X(V0, "V0") X(V1, "V1") X(V1C, "V1c") X(V2, "V2") X(V3, "V3") X(V4, "V4") X(V5, "V5") \
    X(V6, "V6") X(V6E, "V6e") X(V6S, "V6s") X(V7, "V7")
#define MACHINE_MAP(X) \
    X(NONE, "none") X(M0, "M0") X(M1, "M1") X(M2, "M2") X(M3, "M3") X(M7, "M7")
#define LOCK_MODE_MAP(X) \
    X(STRICT, "strict") X(TAKEOVER, "takeover") X(NONE, "none") X(FENCING, "fencing") \
    X(LEASE, "lease") X(CLAIM, "claim")
#define RECORD_KEY_MAP(X) X(SHARED, "shared") X(OWN, "own") X(NONE, "none")
#define TRIGGER_MAP(X) X(FILES, "files") X(BYTES, "bytes")
#define CREATOR_MAP(X) X(BUILDER, "builder") X(STREAM, "stream") X(SCHEDULE, "schedule")
#define PUBLISHER_MAP(X) X(DIRECT, "direct") X(BUS, "bus")
#define GLUE_OUTPUT_MAP(X) X(APPEND, "append") X(MANIFEST, "manifest")
#define RANGE_KEY_MAP(X) X(FILE_KEY, "file_key") X(FILE_NAME, "file_name")
#define MISSING_KEY_MAP(X) X(ERROR, "error") X(SHARED, "shared")
#define LATENCY_PROFILE_MAP(X) X(TYPICAL, "typical") X(ZERO, "zero")
#define THROTTLING_MAP(X) X(AWS, "aws") X(NONE, "none")
#define SPACING_MAP(X) X(EVEN, "even") X(UNIFORM, "uniform") X(POISSON, "poisson")
#define ANSWER_MAP(X) X(NONE, "none") X(YES, "y") X(NO, "n")
#define FAULT_MAP(X) \
    X(KILL, "kill") X(LOSE_REQUEST, "lose_request") X(LOSE_REPLY, "lose_reply") \
    X(THROTTLE, "throttle") X(TIMEOUT, "timeout") X(ERROR, "error") X(REFUSE, "refuse") \
    X(SLOW, "slow") X(STALL, "stall") X(STALE, "stale") X(DUPLICATE, "duplicate") \
    X(LOSE, "lose") X(DELAY, "delay") X(CORRUPT, "corrupt") X(EXPIRE, "expire") \
    X(CLOCK_SKEW, "clock_skew") X(FAIL, "fail") X(YIELD, "yield")
#define CLAIM_VERDICT_MAP(X) \
    X(NONE, "none") X(UPHELD, "upheld") X(CONTRADICTED, "contradicted") \
    X(CONDITIONAL, "conditional")
#define FAULT_WHEN_MAP(X) X(DEFAULT, "default") X(BEFORE, "before") X(AFTER, "after")
#define FAULT_OUTCOME_MAP(X) X(DEFAULT, "default") X(APPLIED, "applied") X(LOST, "lost")
/* clang-format on */

/* The invariants of docs/glossary.md; `all` are always checked. (The formatter would cut a word in
 * two.) */
/* clang-format off */
#define INVARIANT_MAP(X)                                                                           \
    X(S1, "S1") X(S2, "S2") X(S3, "S3") X(S4, "S4") X(S5, "S5") X(S6, "S6") X(S7, "S7")            \
    X(L1, "L1") X(L2, "L2") X(L3, "L3") X(L4, "L4") X(O, "O")

/* clang-format on */

/* What an operator's tool is told when it asks: nothing, for nobody is there, or a letter. */
#define ANSWER_MAP(X) X(NONE, "none") X(YES, "y") X(NO, "n")

enum preset {

#define X(name, word) PRESET_##name,
    PRESET_MAP(X)
#undef X
};

enum decider { /* on choices: draws from the seed, or of each its default */

#define X(name, word) DECIDER_##name,
               DECIDER_MAP(X)
#undef X
};

enum builder {

#define X(name, word) BUILDER_##name,
    BUILDER_MAP(X)
#undef X
};

enum machine {

#define X(name, word) MACHINE_##name,
    MACHINE_MAP(X)
#undef X
};

enum lock_mode {

#define X(name, word) LOCK_##name,
    LOCK_MODE_MAP(X)
#undef X
};

enum record_key { /* of a manifest: the date's MANIFEST item, or its own; the builder may put none
                   */

#define X(name, word) RECORD_##name,
                  RECORD_KEY_MAP(X)
#undef X
};

enum trigger { /* what makes a batch full: its files, or their bytes */

#define X(name, word) TRIGGER_##name,
               TRIGGER_MAP(X)
#undef X
};

enum creator { /* who creates manifests: the builder, a function on the table's stream, a schedule
                */

#define X(name, word) CREATOR_##name,
               CREATOR_MAP(X)
#undef X
};

enum publisher { /* how an execution is started: by a call, or by an event on a bus */

#define X(name, word) PUBLISHER_##name,
                 PUBLISHER_MAP(X)
#undef X
};

enum glue_output { /* what a run of the job does with its rows: adds them to the date's, or puts
                      them in the place of those of an earlier run of the same manifest */

#define X(name, word) GLUE_OUTPUT_##name,
                   GLUE_OUTPUT_MAP(X)
#undef X
};

enum range_key { /* the name of the table's range key; the first version's is another one */

#define X(name, word) RANGE_##name,
                 RANGE_KEY_MAP(X)
#undef X
};

enum missing_key { /* what the machine makes of an input without file_key: an error, or MANIFEST */

#define X(name, word) MISSING_KEY_##name,
                   MISSING_KEY_MAP(X)
#undef X
};

enum latency_profile {

#define X(name, word) LATENCY_PROFILE_##name,
    LATENCY_PROFILE_MAP(X)
#undef X
};

enum throttling { /* of the table: as the service does, or never */

#define X(name, word) THROTTLING_##name,
                  THROTTLING_MAP(X)
#undef X
};

enum spacing {

#define X(name, word) SPACING_##name,
    SPACING_MAP(X)
#undef X
};

enum claim_verdict { /* on what is said of the pipeline elsewhere; none: it is no claim */

#define X(name, word) CLAIM_##name,
                     CLAIM_VERDICT_MAP(X)
#undef X
};

enum fault_kind {

#define X(name, word) FAULT_##name,
    FAULT_MAP(X)
#undef X
        FAULT_KINDS_COUNT
};

enum fault_when {

#define X(name, word) FAULT_WHEN_##name,
    FAULT_WHEN_MAP(X)
#undef X
};

enum fault_outcome {

#define X(name, word) FAULT_OUTCOME_##name,
    FAULT_OUTCOME_MAP(X)
#undef X
};

enum invariant {

#define X(name, word) INVARIANT_##name,
    INVARIANT_MAP(X)
#undef X
        INVARIANTS_COUNT
};

enum answer {

#define X(name, word) ANSWER_##name,
    ANSWER_MAP(X)
#undef X
};

/* The API calls whose latency can be set: request to reply, as the client sees it. */
#define LATENCY_MAP(X)                                                                             \
    X(table_get)                                                                                   \
    X(table_write)                                                                                 \
    X(table_query)                                                                                 \
    X(bucket_get)                                                                                  \
    X(bucket_put)                                                                                  \
    X(start_execution)                                                                             \
    X(start_job_run) X(publish) X(invoke) X(queue_receive) X(queue_delete) X(put_events)

/* The manifest builder's switches: each a difference between two versions of it, independent of the
 * others. */
struct builder_switches {
    enum lock_mode lock;    /* lock.h */
    bool retry_loop;        /* up to 3 attempts 500 ms apart while enough files are pending */
    bool orphan_flush;      /* after each valid file, create for every earlier date */
    enum record_key record; /* key of the MANIFEST record that is put for a manifest */
    bool track_if_absent;   /* the file record is put only if there is none */
    bool skip_without_path; /* pending items without file_path are skipped, not a KeyError */
    bool run_report;        /* a report object after every invocation */
    bool roll_back;         /* the execution is started before the record is put, and if either
                               fails the files are set back to pending */
    bool limited_pages;     /* pending items are read in pages of one more than a batch, until
                               there are enough */
    enum trigger trigger;   /* files: max_files_per_manifest; bytes: max_batch_size */
    enum creator creator;
    enum publisher publisher;
    bool decode_keys;      /* keys of events are URL-decoded before they are used */
    int64_t status_shards; /* statuses are pending#0 to pending#<n-1>; 0: plain */
    bool first_items;      /* the first version's items: range key file_name, no ttl, and errors
                              that are not counted */
};

struct machine_switches {
    enum record_key processing_key; /* of the update to processing */
    enum record_key outcome_key;    /* of the update to completed or failed */
    bool batch_updater;             /* files are set to completed or failed, too */
    bool guarded; /* updates have conditions and are retried, files are set before the record, a
                     failure ends the execution FAILED */
};

struct workload {
    int64_t files;
    struct duration at; /* of the first file, from the start */
    struct duration
        over; /* the files arrive within this span: file i at over * i / files when even */
    enum spacing spacing;
    int64_t size;       /* bytes of each file */
    struct text date;   /* in the name; empty: the date of arrival; "none": no date */
    struct text prefix; /* of the key, "pipeline/input/" */
    struct text name;   /* of every file, behind the prefix; empty: <date>-f<number>.ndjson */
    int64_t number;     /* of the first file; 0: they are numbered on, over all workloads */
};

/* One process among those of its name: manifest_builder[2.7], the 7th of environment 2. */
struct instance {
    uint32_t parent;  /* 0: there is none */
    uint32_t ordinal; /* from 1; 0: not given, any process of the name */
};

/* What goes wrong, where and when: faults.h says which kind takes which members. */
struct fault {
    enum fault_kind kind;
    struct text process; /* "manifest_builder", or a service: "s3" */
    struct instance of;  /* only this one, and it alone is counted */
    struct text at;      /* name of a point: "PUT_MANIFEST" */
    int64_t occurrence;  /* the n-th time that any such process is there, from 1; 0: not given */
    int64_t times;       /* how many times in a row from there; 0: all later ones */
    int64_t probability_ppm;  /* of each time; 0: not given */
    struct duration from, to; /* only in [from, to) from the start; to 0: to the end */
    int64_t attempts;         /* of a call, how many it harms; 0: all */
    enum fault_when when;
    enum fault_outcome outcome;
    struct duration by;
    int64_t calls; /* of others, that go first */
};

/* What a fault holds before anything is said of it: once, the first time. */
extern const struct fault fault_default;

struct expectation {
    struct text name;
    struct text sql;       /* a query that must yield 1 */
    struct text only_case; /* the case for which it is asked; empty: all */
    uint32_t row;          /* its number in the file, from 0 */
};

/* Of `violates`: nothing is said. */
#define VIOLATES_ANY UINT32_MAX
_Static_assert(INVARIANTS_COUNT < 32, "a bit each, and all of them is not VIOLATES_ANY");

/* One way to run the scenario: assignments on top of it, and what comes of them. */
struct scenario_case {
    struct text name;
    struct text set;   /* "pipeline.builder=V7 pipeline.machine=M7" */
    uint32_t violates; /* in the stead of the scenario's; VIOLATES_ANY: that stands */
};

/* What the catalogue of failures tells of a scenario. */
struct catalogue {
    struct text id;    /* F13, C20 */
    struct text claim; /* what is said, where the entry is about a claim */
    enum claim_verdict verdict;
    struct text trigger, symptom, why, fixed_by;
    struct text assumption; /* what was assumed where the facts leave a gap; empty: nothing */
};

enum { WORKLOADS_MAX = 64, FAULTS_MAX = 64, EXPECTATIONS_MAX = 64, SCENARIO_CASES_MAX = 64 };

/* A tool that an operator runs; operator_command.h types the texts. */
struct operator_row {
    struct duration at; /* from the start, or from the moment */
    struct text when;   /* a moment: "manifest_builder.PUT_MANIFEST#3"; empty: the start */
    struct text run;    /* "check-locks --clear-expired" */
    enum answer answer;
};

enum { OPERATORS_MAX = 32 };

struct scenario {
    struct text name, description;
    struct instant start;
    struct duration until; /* virtual time after the start; 0: until nothing is left to happen */

    enum preset preset;
    enum builder builder_preset;
    enum machine machine_preset;
    struct builder_switches builder;
    struct machine_switches machine;
    bool has_machine; /* machine other than none */

    int64_t max_files_per_manifest;
    int64_t min_files_for_partial_batch;
    int64_t max_batch_size;       /* bytes, for TRIGGER_BYTES */
    struct duration flush_within; /* L2: files of an earlier date are manifested so soon after it */
    bool start_configured;        /* the builder knows the state machine's ARN */
    bool quarantine_configured;   /* it knows a bucket for files that it refuses */
    enum missing_key missing_file_key;
    bool may_delete; /* functions may delete manifests: s3:DeleteObject */
    struct duration lock_ttl;
    struct duration lock_lease, lock_heartbeat; /* of LOCK_LEASE */
    int64_t ttl_days;
    int64_t expected_size; /* bytes: EXPECTED_FILE_SIZE_MB */
    int64_t size_tolerance_percent;

    struct { /* the builder's Lambda function */
        struct duration timeout;
        int64_t reserved_concurrency;        /* 0: none reserved */
        struct distribution_spec cold_start; /* sandbox, code download and init together */
        struct duration idle_lifetime;       /* of a warm environment */
        int64_t scaling_per_10s;             /* environments */
        struct distribution_spec
            clock_skew;       /* of an environment's clock, drawn when it starts; its median is
                                 subtracted, so uniform(0s, 2s) is -1 s to +1 s */
        struct duration work; /* of the handler's own code, for each record */
    } function;

    struct {
        int64_t maximum_concurrency; /* 0: not set */
        int64_t batch_size;
        struct duration batching_window;
        int64_t initial_concurrency; /* batches at once when messages appear */
        int64_t scaling_per_minute;
        int64_t concurrency_limit;
    } mapping;

    struct {
        struct duration visibility_timeout, retention;
        int64_t max_receive_count;
        int64_t duplicate_ppm; /* of messages delivered twice */
    } queue;

    struct {
        int64_t rcu, wcu; /* provisioned, for the table and each index; 0: on demand */
        enum throttling throttling;
        struct table_limits limits; /* of THROTTLING_AWS */
        int64_t max_rcu, max_wcu;   /* on demand, of the table and of each index; 0: none */
        enum range_key range_key;   /* as the builder's preset has it */
        struct distribution_spec replica_lag, index_lag, ttl_delay;
    } table;

    struct { /* list prices, in thousandths of a millionth of a dollar */
        int64_t read_million, write_million; /* on demand: of a million units */
        int64_t read_hour, write_hour;       /* provisioned: of a unit for an hour */
        int64_t storage_month;               /* of a GB for a month */
    } prices;

    struct {
        struct distribution_spec notification_delay;
        int64_t notification_duplicate_ppm;
        struct duration input_lifetime, manifest_lifetime; /* lifecycle expiry; 0: none */
    } bucket;

    struct {
        struct distribution_spec start_delay; /* from StartExecution to the first state's call */
        struct distribution_spec transition;  /* from one state to the next */
        bool start_applies_first_state; /* the first state's effect is inside StartExecution */
        bool never_starts;              /* executions are accepted and stay at their first state */
    } workflow;

    struct {
        int64_t max_concurrent_runs;
        struct distribution_spec start_up, run_time;
        struct duration timeout;
        int64_t max_retries;
        struct duration
            poll_interval;   /* between the workflow's looks at a run; 0: noticed at once */
        int64_t failure_ppm; /* of runs that fail by themselves */
        enum glue_output output;
    } glue;

    struct {                            /* the EventBridge bus, where it publishes */
        struct distribution_spec delay; /* from PutEvents to the target's invocation */
        int64_t duplicate_ppm;          /* of events delivered twice */
        int64_t failure_ppm;            /* of deliveries that fail, and are tried again */
        int64_t max_retries;
        struct duration max_age;
    } bus;

    struct { /* the mapping from the table's stream to the function that creates manifests */
        int64_t shards;
        int64_t batch_size, parallelization, max_retries; /* max_retries -1: no limit */
        struct duration batching_window;
        struct duration max_age; /* 0: as long as the stream keeps a record */
        int64_t duplicate_ppm;   /* of batches handed over once more */
        bool bisect;
        struct distribution_spec read_latency, retry_wait;
    } stream;

    struct { /* that invokes the batcher, with CREATOR_SCHEDULE */
        struct duration interval;
        struct distribution_spec delay; /* from a tick's instant to its delivery */
        int64_t duplicate_ppm, lost_ppm;
        int64_t concurrency;         /* reserved for the batcher; 0: none */
        struct duration claim_lease; /* after it an unfinished manifest is given up */
        struct duration look_after;  /* so long a record is left processing before its execution
                                        is looked at */
        int64_t attempts;            /* executions of one manifest that may fail */
        struct duration reconcile_every, reconcile_from, reconcile_to; /* objects of these ages are
                                                                           held against the table */
    } schedule;
    enum latency_profile latency_profile;

    struct {
#define X(call) struct distribution_spec call;
        LATENCY_MAP(X)
#undef X
    } latency;
    struct duration
        latency_query_megabyte; /* what a page takes beyond that, for each MB that it reads */

    struct {
        int64_t files, events; /* most files, most pending events: sizes the reserved memory; 0:
                                  from the workload */
    } limits;

    /* The operator's terminal. */
    struct {
        struct duration
            call_time;    /* before each command of the CLI: its start-up, and a person's */
        int64_t attempts; /* of the CLI, for each call */
        bool raw_payload; /* it takes a payload as it is; else it wants base64 and refuses */
    } cli;

    uint32_t operators_count;
    struct operator_row operators[OPERATORS_MAX];

    uint32_t workloads_count, faults_count, expectations_count;
    struct workload workloads[WORKLOADS_MAX];
    struct fault faults[FAULTS_MAX];
    struct expectation expectations[EXPECTATIONS_MAX];
    uint32_t required_invariants; /* bit i: enum invariant i must hold; others are reported */
    uint32_t reach; /* bit i: enum goal i (goals.h) must be reached by one of its runs at least */

    /* The harness (tools/): who decides, cases, their verdicts, the catalogue. */
    enum decider choices; /* where the command line does not say */
    uint32_t violates;    /* bit i: enum invariant i must be violated, and no other; VIOLATES_ANY */
    uint32_t cases_count;
    struct scenario_case cases[SCENARIO_CASES_MAX];
    struct text case_name; /* of the one that is run; empty: none */
    struct catalogue catalogue;
};

/* Everything to its default: preset dev, V3, M2, typical latencies, no workload. */
void scenario_init(struct scenario *s);

/* Set what a preset stands for and leave the rest. They are applied before single fields. */
void scenario_apply_preset(struct scenario *s, enum preset preset);
void scenario_apply_builder(struct scenario *s, enum builder builder);
void scenario_apply_machine(struct scenario *s, enum machine machine);
void scenario_apply_latency(struct scenario *s, enum latency_profile profile);
void scenario_apply_throttling(struct scenario *s, enum throttling throttling);

/* Checks what single fields cannot: workload present, sums in range, faults (faults.h), and so on.
 * STATUS_BAD_INPUT with a message, and in `path` the dotted path of the field to blame
 * ("faults.0.at"). */
enum status scenario_validate(const struct scenario *s, char path[64], struct error *error);

#endif

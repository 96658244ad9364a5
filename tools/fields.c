/* fields.c: see fields.h. The table comes first; below it, a reader and a writer for each type. */
#include "tools/fields.h"

#include "model/pipeline/goals.h"
#include "model/pipeline/operator_command.h"
#include "sim/event_queue.h"

#include "sim/unicode.h"
#include "tools/suggest.h"

#include <inttypes.h>

#define WORD(name, word) word,
static const char *const preset_words[] = {PRESET_MAP(WORD) NULL};
static const char *const decider_words[] = {DECIDER_MAP(WORD) NULL};
static const char *const builder_words[] = {BUILDER_MAP(WORD) NULL};
static const char *const machine_words[] = {MACHINE_MAP(WORD) NULL};
static const char *const lock_words[] = {LOCK_MODE_MAP(WORD) NULL};
static const char *const record_words[] = {RECORD_KEY_MAP(WORD) NULL};
static const char *const trigger_words[] = {TRIGGER_MAP(WORD) NULL};
static const char *const creator_words[] = {CREATOR_MAP(WORD) NULL};
static const char *const publisher_words[] = {PUBLISHER_MAP(WORD) NULL};
static const char *const output_words[] = {GLUE_OUTPUT_MAP(WORD) NULL};
static const char *const range_key_words[] = {RANGE_KEY_MAP(WORD) NULL};
static const char *const missing_key_words[] = {MISSING_KEY_MAP(WORD) NULL};
static const char *const profile_words[] = {LATENCY_PROFILE_MAP(WORD) NULL};
static const char *const throttling_words[] = {THROTTLING_MAP(WORD) NULL};
static const char *const spacing_words[] = {SPACING_MAP(WORD) NULL};
static const char *const answer_words[] = {ANSWER_MAP(WORD) NULL};
static const char *const invariant_words[] = {INVARIANT_MAP(WORD) NULL};
static const char *const fault_when_words[] = {FAULT_WHEN_MAP(WORD) NULL};
static const char *const fault_outcome_words[] = {FAULT_OUTCOME_MAP(WORD) NULL};
static const char *const verdict_words[] = {CLAIM_VERDICT_MAP(WORD) NULL};
#undef WORD
#define GOAL_WORD(name, word, sentence) word,
static const char *const goal_words[] = {GOAL_MAP(GOAL_WORD) NULL};
#undef GOAL_WORD

/* Words are stored through an unsigned of the enumeration's size. */
_Static_assert(sizeof(enum preset) == sizeof(unsigned), "enumerations are stored as unsigned");

static void apply_preset(struct scenario *s, unsigned word)
{
    scenario_apply_preset(s, (enum preset)word);
}

static void apply_builder(struct scenario *s, unsigned word)
{
    scenario_apply_builder(s, (enum builder)word);
}

static void apply_machine(struct scenario *s, unsigned word)
{
    scenario_apply_machine(s, (enum machine)word);
}

static void apply_latency(struct scenario *s, unsigned word)
{
    scenario_apply_latency(s, (enum latency_profile)word);
}

static void apply_throttling(struct scenario *s, unsigned word)
{
    scenario_apply_throttling(s, (enum throttling)word);
}

#define DAY NS_PER_DAY
#define HOUR (3600 * NS_PER_S)
#define MINUTE (60 * NS_PER_S)
#define TERABYTE (INT64_C(1) << 40)
#define DOLLARS_MOST (INT64_C(1000) * 1000000000)
#define UNITS_MOST 1000000

/* One row each: key, member, range where there is one, documentation. */
#define AT(member) .offset = offsetof(struct scenario, member)
#define ROW_TEXT(dotted, member, doc)                                                              \
    {                                                                                              \
        .key = dotted, .type = FIELD_TEXT, AT(member), .text = doc                                 \
    }
#define ROW_INTEGER(dotted, member, low, high, doc)                                                \
    {                                                                                              \
        .key = dotted, .type = FIELD_INTEGER, AT(member), .least = low, .most = high, .text = doc  \
    }
#define ROW_BOOLEAN(dotted, member, doc)                                                           \
    {                                                                                              \
        .key = dotted, .type = FIELD_BOOLEAN, AT(member), .text = doc                              \
    }
#define ROW_WORD(dotted, member, list, doc)                                                        \
    {                                                                                              \
        .key = dotted, .type = FIELD_WORD, AT(member), .words = list##_words, .text = doc          \
    }
#define ROW_PRESET(dotted, member, list, function, doc)                                            \
    {                                                                                              \
        .key = dotted, .type = FIELD_WORD, AT(member), .words = list##_words, .apply = function,   \
        .text = doc                                                                                \
    }
#define ROW_SHARE(dotted, member, doc)                                                             \
    {                                                                                              \
        .key = dotted, .type = FIELD_SHARE, AT(member), .most = 1000000, .text = doc               \
    }
#define ROW_MONEY(dotted, member, doc)                                                             \
    {                                                                                              \
        .key = dotted, .type = FIELD_MONEY, AT(member), .most = DOLLARS_MOST, .text = doc          \
    }
#define ROW_DURATION(dotted, member, low, high, doc)                                               \
    {                                                                                              \
        .key = dotted, .type = FIELD_DURATION, AT(member), .least = low, .most = high, .text = doc \
    }
#define ROW_DISTRIBUTION(dotted, member, doc)                                                      \
    {                                                                                              \
        .key = dotted, .type = FIELD_DISTRIBUTION, AT(member), .text = doc                         \
    }
#define ROW_LATENCY(call) ROW_DISTRIBUTION("latency." #call, latency.call, "Of " #call ".")

/* One field a paragraph reads as a table. */
/* clang-format off */
static const struct field table[] = {
    {.key = "name", .type = FIELD_TEXT, .required = true, AT(name),
     .text = "Name of the scenario, as reports show it."},
    ROW_TEXT("description", description, "What it shows, in a sentence."),
    {.key = "start", .type = FIELD_INSTANT, AT(start),
     .least = 0, .most = INT64_C(7258118400) * NS_PER_S, /* 2200-01-01 */
     .text = "Virtual time at which the run starts, UTC."},
    ROW_DURATION("until", until, 0, 36500 * DAY,
                 "How long to run from the start; 0s: until nothing is left to happen."),
    ROW_WORD("choices", choices, decider,
             "Who decides on latencies, orders and all else that may go either way, unless the command "
             "line says: seed, by draws; or default, which of each takes the usual."),
    {.key = "invariants", .type = FIELD_WORDS, AT(required_invariants), .words = invariant_words,
     .text = "Invariants that must hold; all are checked, the others only reported."},

    {.key = "violates", .type = FIELD_WORDS, AT(violates), .words = invariant_words, .any = true,
     .text = "Exactly these invariants must be violated, no more and no fewer; any: see invariants."},
    {.key = "reach", .type = FIELD_WORDS, AT(reach), .words = goal_words, .noun = "goals",
     .text = "Goals that the scenario's runs must reach, each in one of its cases at least."},
    ROW_TEXT("catalogue.id", catalogue.id, "Of the failure mode or the claim: F13, C20."),
    ROW_TEXT("catalogue.claim", catalogue.claim, "What is said of the pipeline."),
    ROW_WORD("catalogue.verdict", catalogue.verdict, verdict,
             "What the scenario shows of the claim; none: it is about no claim."),
    ROW_TEXT("catalogue.trigger", catalogue.trigger, "What brings the failure about."),
    ROW_TEXT("catalogue.symptom", catalogue.symptom, "What an operator sees of it."),
    ROW_TEXT("catalogue.why", catalogue.why, "How the one leads to the other."),
    ROW_TEXT("catalogue.fixed_by", catalogue.fixed_by, "What puts an end to it."),
    ROW_TEXT("catalogue.assumption", catalogue.assumption,
             "What the scenario assumes where the facts leave a gap."),

    ROW_PRESET("pipeline.preset", preset, preset, apply_preset,
               "Settings of the dev or the prod environment; applied first, single fields after."),
    ROW_PRESET("pipeline.builder", builder_preset, builder, apply_builder,
               "Version of the manifest builder: sets the switches below, up to first_items."),
    ROW_PRESET("pipeline.machine", machine_preset, machine, apply_machine,
               "Version of the state machine: sets processing_key to guarded, and glue.output; none: nothing runs."),
    ROW_WORD("pipeline.lock", builder.lock, lock,
             "The lock on a date: strict, takeover of expired ones, none, fencing, lease, or claim: "
             "none, but each file is claimed by a conditional write."),
    ROW_BOOLEAN("pipeline.retry_loop", builder.retry_loop,
                "Try up to 3 times, 500 ms apart, while enough files are pending."),
    ROW_BOOLEAN("pipeline.orphan_flush", builder.orphan_flush,
                "After each valid file, create manifests for every earlier date."),
    ROW_WORD("pipeline.manifest_record", builder.record, record,
             "The MANIFEST record: shared, one a date; own, one a manifest; none."),
    ROW_BOOLEAN("pipeline.track_if_absent", builder.track_if_absent,
                "Put a file's record only if there is none."),
    ROW_BOOLEAN("pipeline.skip_without_path", builder.skip_without_path,
                "Skip pending items without file_path rather than fail on them."),
    ROW_BOOLEAN("pipeline.run_report", builder.run_report,
                "Put a report object after every invocation."),
    ROW_BOOLEAN("pipeline.roll_back", builder.roll_back,
                "Start the execution before the record is put; set files back if either fails."),
    ROW_BOOLEAN("pipeline.limited_pages", builder.limited_pages,
                "Read pending items in small pages, until there are enough."),
    ROW_WORD("pipeline.trigger", builder.trigger, trigger,
             "What makes a batch full: the number of its files, or their bytes."),
    ROW_WORD("pipeline.creator", builder.creator, creator,
             "Who creates manifests: the builder, a function on the table's stream, a schedule."),
    ROW_WORD("pipeline.publisher", builder.publisher, publisher,
             "How executions are started: direct, by a call; bus, by an event."),
    ROW_BOOLEAN("pipeline.decode_keys", builder.decode_keys,
                "Keys of events are URL-decoded before they are used."),
    ROW_INTEGER("pipeline.status_shards", builder.status_shards, 0, 100,
                "Statuses are pending#0 to pending#<n-1>; 0: plain."),
    ROW_BOOLEAN("pipeline.first_items", builder.first_items,
                "The first version's items: range key file_name, no ttl."),
    ROW_WORD("pipeline.processing_key", machine.processing_key, record,
             "Item that the update to processing goes to."),
    ROW_WORD("pipeline.outcome_key", machine.outcome_key, record,
             "Item that the update to completed or failed goes to."),
    ROW_BOOLEAN("pipeline.batch_updater", machine.batch_updater,
                "Set the files to completed or failed, too."),
    ROW_BOOLEAN("pipeline.guarded", machine.guarded,
                "Updates have conditions and are retried; a failure ends the execution FAILED."),
    ROW_INTEGER("pipeline.max_files_per_manifest", max_files_per_manifest, 1, 10000,
                "Files in a full manifest."),
    ROW_INTEGER("pipeline.min_files_for_partial_batch", min_files_for_partial_batch, 1, 10000,
                "Least files of a manifest for an earlier date."),
    {.key = "pipeline.max_batch_size", .type = FIELD_SIZE, AT(max_batch_size),
     .least = 1, .most = 5 * TERABYTE,
     .text = "Bytes of a full manifest, where bytes are the trigger."},
    ROW_DURATION("pipeline.flush_within", flush_within, NS_PER_S, 3650 * DAY,
                 "L2: a file is manifested so soon after the end of its date, or after its arrival."),
    ROW_BOOLEAN("pipeline.start_configured", start_configured,
                "The builder knows the state machine; else it starts nothing."),
    ROW_BOOLEAN("pipeline.quarantine_configured", quarantine_configured,
                "The builder knows a quarantine bucket; else refused files stay where they are."),
    ROW_WORD("pipeline.missing_file_key", missing_file_key, missing_key,
             "What the machine makes of an input without file_key (before V3): error; or shared, "
             "the item MANIFEST."),
    ROW_BOOLEAN("pipeline.may_delete", may_delete,
                "Functions may delete manifests that they have put; else that fails."),
    ROW_DURATION("pipeline.lock_ttl", lock_ttl, NS_PER_S, 365 * DAY,
                 "Life of a lock, in whole seconds."),
    ROW_DURATION("pipeline.lock_lease", lock_lease, NS_PER_S, DAY,
                 "Of a lease: how long its version number must stand still to be taken over."),
    ROW_DURATION("pipeline.lock_heartbeat", lock_heartbeat, NS_PER_MS, DAY,
                 "Of a lease: its owner renews it when so long has passed."),
    ROW_INTEGER("pipeline.ttl_days", ttl_days, 1, 3650,
                "Life of a file's record after its last change, in days."),
    {.key = "pipeline.expected_size", .type = FIELD_SIZE, AT(expected_size),
     .least = 1, .most = 5 * TERABYTE,
     .text = "Size of a file; what is outside the tolerance is quarantined."},
    ROW_INTEGER("pipeline.size_tolerance_percent", size_tolerance_percent, 0, 100,
                "Tolerance of the size, in percent either way."),

    ROW_DURATION("function.timeout", function.timeout, NS_PER_S, 15 * MINUTE,
                 "An invocation is killed after this time."),
    ROW_INTEGER("function.reserved_concurrency", function.reserved_concurrency, 0, 100000,
                "Environments reserved, and the most there are; 0: none reserved."),
    ROW_DISTRIBUTION("function.cold_start", function.cold_start,
                     "From the demand for an environment to its handler, all steps together."),
    ROW_DURATION("function.idle_lifetime", function.idle_lifetime, 0, DAY,
                 "How long an idle environment stays warm."),
    ROW_INTEGER("function.scaling_per_10s", function.scaling_per_10s, 1, 100000,
                "New environments in any ten seconds."),
    ROW_DISTRIBUTION("function.clock_skew", function.clock_skew,
                     "Of an environment's clock, less its median: uniform(0s, 2s) is -1s to +1s."),
    ROW_DURATION("function.work", function.work, 0, 15 * MINUTE,
                 "The handler's own computing for each record."),

    ROW_INTEGER("mapping.maximum_concurrency", mapping.maximum_concurrency, 0, 1000,
                "Most invocations at once, 2 to 1000; 0: not set."),
    ROW_INTEGER("mapping.batch_size", mapping.batch_size, 1, 10000, "Most messages a batch."),
    ROW_DURATION("mapping.batching_window", mapping.batching_window, 0, 5 * MINUTE,
                 "How long to wait for a full batch."),
    ROW_INTEGER("mapping.initial_concurrency", mapping.initial_concurrency, 1, 1000,
                "Batches at once when messages appear."),
    ROW_INTEGER("mapping.scaling_per_minute", mapping.scaling_per_minute, 0, 100000,
                "Batches at once added each minute while messages wait."),
    ROW_INTEGER("mapping.concurrency_limit", mapping.concurrency_limit, 1, 100000,
                "Most batches at once that scaling reaches."),

    ROW_DURATION("queue.visibility_timeout", queue.visibility_timeout, 0, 12 * HOUR,
                 "How long a received message is hidden from others."),
    ROW_DURATION("queue.retention", queue.retention, MINUTE, 14 * DAY,
                 "Life of a message in the queue."),
    ROW_INTEGER("queue.max_receive_count", queue.max_receive_count, 1, 1000,
                "Receives after which a message goes to the dead-letter queue."),
    ROW_SHARE("queue.duplicate", queue.duplicate_ppm, "Share of messages delivered twice."),

    ROW_INTEGER("table.rcu", table.rcu, 0, 40000,
                "Read capacity of the table and of its index, units a second; 0: on demand."),
    ROW_INTEGER("table.wcu", table.wcu, 0, 40000,
                "Write capacity of the table and of its index, units a second; 0: on demand."),
    ROW_PRESET("table.throttling", table.throttling, throttling, apply_throttling,
               "Of requests: aws, as the service does, with the figures below; none: never."),
    ROW_DURATION("table.burst", table.limits.burst, NS_PER_S, 30 * MINUTE,
                 "How long unused provisioned units are kept, in whole seconds."),
    ROW_INTEGER("table.key_rcu", table.limits.key_rcu, 0, UNITS_MOST,
                "Read units a second of one partition key value; 0: no limit."),
    ROW_INTEGER("table.key_wcu", table.limits.key_wcu, 0, UNITS_MOST,
                "Write units a second of one partition key value; 0: no limit."),
    ROW_INTEGER("table.on_demand_rcu", table.limits.first_rcu, 0, UNITS_MOST,
                "Read units a second that a new table on demand serves; 0: any number."),
    ROW_INTEGER("table.on_demand_wcu", table.limits.first_wcu, 0, UNITS_MOST,
                "Write units a second that a new table on demand serves; 0: any number."),
    ROW_DURATION("table.growth", table.limits.growth, NS_PER_S, 30 * DAY,
                 "On demand, twice a peak is served once it is so old, in whole seconds."),
    ROW_INTEGER("table.account_rcu", table.limits.account_rcu, 0, UNITS_MOST,
                "On demand, the account's read units a second for one table; 0: no quota."),
    ROW_INTEGER("table.account_wcu", table.limits.account_wcu, 0, UNITS_MOST,
                "On demand, the account's write units a second for one table; 0: no quota."),
    ROW_INTEGER("table.max_rcu", table.max_rcu, 0, UNITS_MOST,
                "On demand, the owner's maximum of read units a second; 0: none."),
    ROW_INTEGER("table.max_wcu", table.max_wcu, 0, UNITS_MOST,
                "On demand, the owner's maximum of write units a second; 0: none."),
    ROW_WORD("table.range_key", table.range_key, range_key,
             "Name of the table's range key: file_name as V1's items have it, or file_key."),
    ROW_DISTRIBUTION("table.replica_lag", table.replica_lag,
                     "How far an eventually consistent read may be behind."),
    ROW_DISTRIBUTION("table.index_lag", table.index_lag, "How far the index is behind the table."),
    ROW_DISTRIBUTION("table.ttl_delay", table.ttl_delay,
                     "From an item's expiry to its deletion by TTL."),

    ROW_MONEY("prices.read_million", prices.read_million,
              "Of a million read units on demand."),
    ROW_MONEY("prices.write_million", prices.write_million,
              "Of a million write units on demand."),
    ROW_MONEY("prices.read_hour", prices.read_hour,
              "Of a provisioned read unit for an hour."),
    ROW_MONEY("prices.write_hour", prices.write_hour,
              "Of a provisioned write unit for an hour."),
    ROW_MONEY("prices.storage_month", prices.storage_month,
              "Of a GB in the table or its index for a month."),

    ROW_DISTRIBUTION("bucket.notification_delay", bucket.notification_delay,
                     "From an object's put to its message in the queue."),
    ROW_SHARE("bucket.notification_duplicate", bucket.notification_duplicate_ppm,
              "Share of notifications sent twice."),
    ROW_DURATION("bucket.input_lifetime", bucket.input_lifetime, 0, 3650 * DAY,
                 "Input objects expire after this time; 0s: never."),
    ROW_DURATION("bucket.manifest_lifetime", bucket.manifest_lifetime, 0, 3650 * DAY,
                 "Manifests expire after this time; 0s: never."),

    ROW_DISTRIBUTION("workflow.start_delay", workflow.start_delay,
                     "From StartExecution to the first state's call."),
    ROW_DISTRIBUTION("workflow.transition", workflow.transition, "From one state to the next."),
    ROW_BOOLEAN("workflow.start_applies_first_state", workflow.start_applies_first_state,
                "The first state's effect is there when StartExecution returns."),
    ROW_BOOLEAN("workflow.never_starts", workflow.never_starts,
                "Executions are accepted and stay before their first state."),

    ROW_INTEGER("glue.max_concurrent_runs", glue.max_concurrent_runs, 1, 10000,
                "Job runs at once; more are refused."),
    ROW_DISTRIBUTION("glue.start_up", glue.start_up, "From StartJobRun to the script's start."),
    ROW_DISTRIBUTION("glue.run_time", glue.run_time, "Of the script."),
    ROW_DURATION("glue.timeout", glue.timeout, MINUTE, 7 * DAY, "A run is ended after this time."),
    ROW_INTEGER("glue.max_retries", glue.max_retries, 0, 10, "Runs after a failed one."),
    ROW_DURATION("glue.poll_interval", glue.poll_interval, 0, HOUR,
                 "Between the workflow's looks at a run; 0s: noticed at once."),
    ROW_SHARE("glue.failure", glue.failure_ppm, "Share of runs that fail by themselves."),
    ROW_WORD("glue.output", glue.output, output,
             "What a run does with its rows: append them, or replace those of the same manifest."),

    ROW_DURATION("schedule.interval", schedule.interval, 0, DAY, "Between two ticks."),
    ROW_DISTRIBUTION("schedule.delay", schedule.delay,
                     "From a tick's instant to its delivery to the function."),
    ROW_SHARE("schedule.duplicate", schedule.duplicate_ppm, "Share of ticks delivered twice."),
    ROW_SHARE("schedule.lost", schedule.lost_ppm, "Share of ticks that are not delivered."),
    ROW_INTEGER("schedule.concurrency", schedule.concurrency, 0, 100000,
                "Environments reserved for the batcher, and the most there are; 0: none reserved."),
    ROW_DURATION("schedule.claim_lease", schedule.claim_lease, NS_PER_S, DAY,
                 "An unfinished manifest is given up after this time."),
    ROW_DURATION("schedule.look_after", schedule.look_after, 0, DAY,
                 "How long a record is processing before its execution is looked at."),
    ROW_INTEGER("schedule.attempts", schedule.attempts, 1, 100,
                "Executions of a manifest that may fail before it stays failed."),
    ROW_DURATION("schedule.reconcile_every", schedule.reconcile_every, NS_PER_S, DAY,
                 "How often the input bucket is held against the table."),
    ROW_DURATION("schedule.reconcile_from", schedule.reconcile_from, 0, DAY,
                 "Objects younger than this are left to their notifications."),
    ROW_DURATION("schedule.reconcile_to", schedule.reconcile_to, 0, 3650 * DAY,
                 "Objects older than this are not looked at."),

    ROW_DISTRIBUTION("bus.delay", bus.delay, "From PutEvents to the target's invocation."),
    ROW_SHARE("bus.duplicate", bus.duplicate_ppm, "Share of events delivered twice."),
    ROW_SHARE("bus.failure", bus.failure_ppm,
              "Share of deliveries that fail, and are tried again after a while."),
    ROW_INTEGER("bus.max_retries", bus.max_retries, 0, 185,
                "Deliveries after the first, until the event goes to the dead-letter queue."),
    ROW_DURATION("bus.max_age", bus.max_age, MINUTE, DAY,
                 "Time after which an event is delivered no more, but goes there."),

    ROW_INTEGER("stream.shards", stream.shards, 1, 1000, "Shards of the table's stream."),
    ROW_INTEGER("stream.batch_size", stream.batch_size, 1, 10000, "Records in a batch, at most."),
    ROW_DURATION("stream.batching_window", stream.batching_window, 0, 300 * NS_PER_S,
                 "How long a batch that is not full waits for more records."),
    ROW_INTEGER("stream.parallelization", stream.parallelization, 1, 10,
                "Batches of a shard at once."),
    ROW_INTEGER("stream.max_retries", stream.max_retries, -1, 10000,
                "Tries after a failed one, until the batch is discarded; -1: no limit."),
    ROW_DURATION("stream.max_age", stream.max_age, 0, 7 * DAY,
                 "Older records are discarded; 0s: when the stream drops them."),
    ROW_BOOLEAN("stream.bisect", stream.bisect, "A batch that failed is tried again in halves."),
    ROW_SHARE("stream.duplicate", stream.duplicate_ppm,
              "Share of batches handed over once more after success."),
    ROW_DISTRIBUTION("stream.read_latency", stream.read_latency, "Of a poll of the stream."),
    ROW_DISTRIBUTION("stream.retry_wait", stream.retry_wait, "Between two tries of a batch."),

    ROW_PRESET("latency.profile", latency_profile, profile, apply_latency,
               "All latencies at once: typical of one region, or zero."),
    ROW_LATENCY(table_get), ROW_LATENCY(table_write), ROW_LATENCY(table_query),
    ROW_LATENCY(bucket_get), ROW_LATENCY(bucket_put), ROW_LATENCY(start_execution),
    ROW_LATENCY(start_job_run), ROW_LATENCY(publish), ROW_LATENCY(invoke),
    ROW_LATENCY(queue_receive), ROW_LATENCY(queue_delete), ROW_LATENCY(put_events),
    ROW_DURATION("latency.query_megabyte", latency_query_megabyte, 0, MINUTE,
                 "What a page takes beyond table_query, for each MB that it reads."),

    ROW_DURATION("cli.call_time", cli.call_time, 0, HOUR,
                 "Before each command of an operator's tool: the CLI's start, and a person's time."),
    ROW_INTEGER("cli.attempts", cli.attempts, 1, 10,
                "Of the CLI, for each call of an operator's tool."),
    ROW_BOOLEAN("cli.raw_payload", cli.raw_payload,
                "It is set to take a payload as it is; else it refuses what is not base64."),

    ROW_INTEGER("limits.files", limits.files, 0, 10000000,
                "Most files, for which memory is reserved; 0: from the workload."),
    ROW_INTEGER("limits.events", limits.events, 0, EVENT_QUEUE_CAPACITY_MAX,
                "Most pending events, for which memory is reserved; 0: from the workload."),

#undef AT
#define AT(member) .offset = offsetof(struct workload, member)
    {.key = "workload.*.files", .type = FIELD_INTEGER, .required = true, AT(files),
     .least = 1, .most = 10000000,
     .text = "How many files arrive."},
    {.key = "workload.*.at", .type = FIELD_DURATION, AT(at), .most = 36500 * DAY,
     .text = "When the first arrives, from the start."},
    {.key = "workload.*.over", .type = FIELD_DURATION, AT(over), .most = 36500 * DAY,
     .text = "The span within which they arrive; 0s: all at once."},
    ROW_WORD("workload.*.spacing", spacing, spacing,
             "How they are spread: even, uniform (independent) or poisson (a process)."),
    {.key = "workload.*.size", .type = FIELD_SIZE, AT(size), .most = 5 * TERABYTE,
     .text = "Of each file."},
    {.key = "workload.*.date", .type = FIELD_DATE, AT(date),
     .text = "Date in the name, 9999-99-99 or none; left out: the date of arrival."},
    ROW_TEXT("workload.*.prefix", prefix, "Of the keys."),
    ROW_TEXT("workload.*.name", name,
             "Of every file, behind the prefix; left out: <date>-f<number>.ndjson."),
    {.key = "workload.*.number", .type = FIELD_INTEGER, AT(number), .most = 10000000,
     .text = "Of the first file, so that names come again; 0: they are numbered on."},

#undef AT
#define AT(member) .offset = offsetof(struct fault, member)
#define ROW_FAULT(name, word)                                                                      \
    {.key = "faults.*." word, .type = FIELD_FAULT, AT(process), .least = FAULT_##name,             \
     .text = FAULT_TEXT_##name},
#define FAULT_TEXT_KILL "The process dies there; no clean-up runs."
#define FAULT_TEXT_LOSE_REQUEST "The process's request is lost before its effect."
#define FAULT_TEXT_LOSE_REPLY "The reply is lost after the effect."
#define FAULT_TEXT_THROTTLE "The service throttles the request, or an invoke of lambda."
#define FAULT_TEXT_TIMEOUT "There is no reply until the process's own time-out."
#define FAULT_TEXT_ERROR "The service answers 500, which is tried again."
#define FAULT_TEXT_REFUSE "The service denies the request, or an invoke of lambda, for good."
#define FAULT_TEXT_SLOW "Request and reply take longer."
#define FAULT_TEXT_STALL "The process is frozen before it sends."
#define FAULT_TEXT_STALE "A read sees what was there a while ago."
#define FAULT_TEXT_DUPLICATE "What a service does happens twice: s3 at NOTIFICATION."
#define FAULT_TEXT_LOSE "What a service does does not happen: s3 at NOTIFICATION."
#define FAULT_TEXT_DELAY "What a service does happens later: states at START."
#define FAULT_TEXT_CORRUPT "A message cannot be parsed: s3 at NOTIFICATION."
#define FAULT_TEXT_EXPIRE "An object is gone after a while: s3 at MANIFEST_OBJECT."
#define FAULT_TEXT_CLOCK_SKEW "A clock is off: lambda at ENVIRONMENT."
#define FAULT_TEXT_FAIL "A job run fails: glue at RUN."
#define FAULT_TEXT_YIELD "The request leaves behind the next call of another process."
    FAULT_MAP(ROW_FAULT)
    {.key = "faults.*.at", .type = FIELD_TEXT, .required = true, AT(at),
     .text = "The point: PUT_MANIFEST."},
    {.key = "faults.*.of", .type = FIELD_INSTANCE, AT(of),
     .text = "One of the processes of that name: 2.7, as reports have it in brackets; 0: any."},
    ROW_INTEGER("faults.*.occurrence", occurrence, 0, INT64_C(1) << 40,
                "The n-th time that any such process is there, within the window if there is one; "
                "0: the first, or in a window each."),
    ROW_INTEGER("faults.*.times", times, 0, INT64_C(1) << 40,
                "How many times in a row from that occurrence; 0: all later ones."),
    ROW_SHARE("faults.*.probability", probability_ppm,
              "Of each time, in place of an occurrence; 0%: not given."),
    ROW_DURATION("faults.*.from", from, 0, 36500 * DAY, "Strikes from that long after the start."),
    ROW_DURATION("faults.*.to", to, 0, 36500 * DAY,
                 "Strikes before that long after the start; 0s: to the end."),
    ROW_INTEGER("faults.*.attempts", attempts, 0, 100,
                "Of a call, how many of its attempts are struck; 0: all."),
    ROW_WORD("faults.*.when", when, fault_when,
             "Kill: after the call's effect, or before the request leaves (after); fail: before or "
             "after the output is written (before)."),
    ROW_WORD("faults.*.outcome", outcome, fault_outcome,
             "Timeout: whether the request takes effect all the same (applied); error, too (lost)."),
    ROW_DURATION("faults.*.by", by, -30 * DAY, 30 * DAY,
                 "How much slower, later, older, or off; of a clock it may be negative."),
    ROW_INTEGER("faults.*.calls", calls, 1, 1000,
                "Yield: how many calls of other processes go first."),

#undef AT
#define AT(member) .offset = offsetof(struct operator_row, member)
    {.key = "operator.*.at", .type = FIELD_DURATION, AT(at), .most = 36500 * DAY,
     .text = "When the tool is run, from the start or from the moment."},
    ROW_TEXT("operator.*.when", when,
             "A moment: manifest_builder.PUT_MANIFEST#3, the third time that one is there."),
    {.key = "operator.*.run", .type = FIELD_COMMAND, .required = true, AT(run),
     .text = "What is typed: check-locks --clear-expired."},
    ROW_WORD("operator.*.answer", answer, answer,
             "To a question of the tool: y, n, or none, for nobody is there to answer."),

#undef AT
#define AT(member) .offset = offsetof(struct expectation, member)
    {.key = "expect.*.name", .type = FIELD_TEXT, .required = true, AT(name),
     .text = "A name for reports."},
    {.key = "expect.*.sql", .type = FIELD_TEXT, .required = true, AT(sql),
     .text = "A query of the results that must give one row with one column equal to 1."},
    ROW_TEXT("expect.*.case", only_case, "The case for which it is asked; left out: all."),

#undef AT
#define AT(member) .offset = offsetof(struct scenario_case, member)
    {.key = "cases.*.name", .type = FIELD_TEXT, .required = true, AT(name),
     .text = "A name for reports and --case."},
    ROW_TEXT("cases.*.set", set,
             "Assignments, with blanks between: pipeline.builder=V7 pipeline.machine=M7."),
    {.key = "cases.*.violates", .type = FIELD_WORDS, AT(violates), .words = invariant_words,
     .any = true, .text = "As violates, for this case; any: what the scenario says."},
};
/* clang-format on */

static const struct workload default_workload = {
    .size = INT64_C(3670016), .prefix = {"pipeline/input/", 15}
};
static const struct operator_row default_operator;
static const struct expectation default_expectation;
static const struct scenario_case default_case = {.violates = VIOLATES_ANY};

#define LIST(name, member, most_items, element, doc)                                               \
    {                                                                                              \
        .key = name, .count_offset = offsetof(struct scenario, member##_count),                    \
        .items_offset = offsetof(struct scenario, member), .item_size = sizeof(element),           \
        .most = most_items, .item = &(element), .text = doc                                        \
    }

static const struct field_list lists[] = {
    LIST("workload", workloads, WORKLOADS_MAX, default_workload, "What arrives."),
    LIST("faults", faults, FAULTS_MAX, fault_default, "What goes wrong, and where."),
    LIST("operator", operators, OPERATORS_MAX, default_operator, "What an operator does."),
    LIST("expect", expectations, EXPECTATIONS_MAX, default_expectation,
         "What must be true of the results."),
    LIST("cases", cases, SCENARIO_CASES_MAX, default_case,
         "Ways to run the scenario, each once: on top of what is written above."),
};

static const struct field_group groups[] = {
    {"catalogue", "What the catalogue of failures tells of it."            },
    {"pipeline",  "The pipeline's version and parameters."                 },
    {"function",  "The Lambda function that runs the manifest builder."    },
    {"mapping",   "The event source mapping between queue and function."   },
    {"queue",     "The SQS queue and its dead-letter queue."               },
    {"table",     "The DynamoDB table and its index."                      },
    {"prices",    "List prices of DynamoDB, us-east-1."                    },
    {"bucket",    "The S3 buckets."                                        },
    {"workflow",  "The Step Functions state machine."                      },
    {"glue",      "The Glue job."                                          },
    {"schedule",  "The schedule that invokes the batcher, and its work."   },
    {"bus",       "The EventBridge bus, where the builder publishes to it."},
    {"stream",    "The mapping from the table's stream to its function."   },
    {"latency",   "API calls, from request to reply as the client sees it."},
    {"cli",       "The AWS CLI at the operator's terminal."                },
    {"limits",    "Capacities of the simulation itself."                   },
};

size_t fields_count(void)
{
    return sizeof table / sizeof table[0];
}

const struct field *field_at(size_t i)
{
    ASSERT(i < fields_count());
    return &table[i];
}

const struct field_list *field_list_at(size_t i)
{
    return i < sizeof lists / sizeof lists[0] ? &lists[i] : NULL;
}

const struct field_group *field_group_at(size_t i)
{
    return i < sizeof groups / sizeof groups[0] ? &groups[i] : NULL;
}

const struct field *field_find(struct text key)
{
    for (size_t i = 0; i < fields_count(); i++) {
        if (text_equal(key, text_from(table[i].key))) {
            return &table[i];
        }
    }
    return NULL;
}

const struct field_list *field_list_find(struct text key)
{
    for (size_t i = 0; field_list_at(i) != NULL; i++) {
        if (text_equal(key, text_from(lists[i].key))) {
            return &lists[i];
        }
    }
    return NULL;
}

bool field_group_exists(struct text key)
{
    for (size_t i = 0; i < fields_count(); i++) {
        struct text whole = text_from(table[i].key);
        if (text_starts(whole, key) && whole.size > key.size && whole.at[key.size] == '.') {
            return true;
        }
    }
    return false;
}

const struct field_list *field_list_of(const struct field *field)
{
    const char *star = strstr(field->key, ".*.");
    return star == NULL ? NULL
                        : field_list_find((struct text){field->key, (size_t)(star - field->key)});
}

uint32_t field_list_count(const struct field_list *list, const struct scenario *scenario)
{
    uint32_t count;
    memcpy(&count, (const char *)scenario + list->count_offset, sizeof count);
    return count;
}

bool field_list_add(const struct field_list *list, struct scenario *scenario)
{
    uint32_t count = field_list_count(list, scenario);
    if (count == list->most) {
        return false;
    }
    memcpy((char *)scenario + list->items_offset + count * list->item_size, list->item,
           list->item_size);
    count++;
    memcpy((char *)scenario + list->count_offset, &count, sizeof count);
    return true;
}

void field_list_remove(const struct field_list *list, struct scenario *scenario, uint32_t index)
{
    uint32_t count = field_list_count(list, scenario);
    char *items = (char *)scenario + list->items_offset;
    ASSERT(index < count);
    memmove(items + index * list->item_size, items + (index + 1) * list->item_size,
            (count - index - 1) * list->item_size);
    count--;
    memcpy((char *)scenario + list->count_offset, &count, sizeof count);
}

/* The struct that a field's offset counts from. */
static size_t base_of(const struct field *field, uint32_t index)
{
    const struct field_list *list = field_list_of(field);
    return list == NULL ? 0 : list->items_offset + index * list->item_size;
}

void fields_fill_base(struct scenario *base, const struct scenario *s)
{
    scenario_init(base);
    for (size_t i = 0; i < fields_count(); i++) {
        if (table[i].apply != NULL && field_word(&table[i], base) != field_word(&table[i], s)) {
            table[i].apply(base, field_word(&table[i], s));
        }
    }
    for (size_t i = 0; field_list_at(i) != NULL; i++) {
        bool added = field_list_add(&lists[i], base);
        ASSERT(added);
    }
}

static enum status refuse(struct error *error, struct text value, const char *what)
{
    return error_set(error, STATUS_BAD_INPUT, "'%s' %s", shown(value).text, what);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads the digits at the start of `text` into *value and leaves the rest in `text`. False where
 * there is none or they exceed 64 bits. */
static bool take_digits(struct text *text, int64_t *value)
{
    size_t count = 0;
    *value = 0;
    while (count < text->size && is_digit(text->at[count])) {
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, text->at[count] - '0', value)) {
            return false;
        }
        count++;
    }
    *text = (struct text){text->at + count, text->size - count};
    return count > 0;
}

static enum status parse_text(struct text value, bool required, struct text *text,
                              struct error *error)
{
    if (required && value.size == 0) {
        return error_set(error, STATUS_BAD_INPUT, "is empty");
    }
    for (size_t i = 0; i < value.size; i++) {
        unsigned char c = (unsigned char)value.at[i];
        if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7F) {
            return refuse(error, value, "holds a control character");
        }
    }
    *text = value;
    return STATUS_OK;
}

static bool is_date(struct text value)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t year, month, day;
    struct text rest = value;
    if (value.size != 10 || value.at[4] != '-' || value.at[7] != '-' ||
        !take_digits(&rest, &year) || rest.size != 6) {
        return false;
    }
    rest = (struct text){value.at + 5, 5};
    if (!take_digits(&rest, &month) || rest.size != 3 || month < 1 || month > 12) {
        return false;
    }
    rest = (struct text){value.at + 8, 2};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return take_digits(&rest, &day) && rest.size == 0 && day >= 1 &&
           day <= days[month - 1] + (leap && month == 2);
}

static enum status parse_date(struct text value, struct text *date, struct error *error)
{
    if (!is_date(value) && !text_equal(value, TEXT("9999-99-99")) &&
        !text_equal(value, TEXT("none"))) {
        return refuse(error, value, "is not a date; write 2026-01-29, 9999-99-99 or none");
    }
    *date = value;
    return STATUS_OK;
}

/* "2.7" or "7"; "0" is none. */
static enum status parse_instance(struct text value, struct instance *instance, struct error *error)
{
    struct text rest = value;
    int64_t parent = 0;
    int64_t ordinal = 0;
    bool good = rest.size > 0 && is_digit(rest.at[0]) && take_digits(&rest, &ordinal);
    if (good && rest.size > 1 && rest.at[0] == '.' && is_digit(rest.at[1])) {
        rest = (struct text){rest.at + 1, rest.size - 1};
        parent = ordinal;
        good = take_digits(&rest, &ordinal) && ordinal > 0;
    }
    if (!good || rest.size > 0 || parent > UINT32_MAX || ordinal > UINT32_MAX) {
        return refuse(error, value, "is no process; write 2.7, as in manifest_builder[2.7], or 7");
    }
    *instance = (struct instance){(uint32_t)parent, (uint32_t)ordinal};
    return STATUS_OK;
}

static enum status parse_integer(struct text value, int64_t *number, struct error *error)
{
    struct text rest = value;
    if (rest.size == 0 || !is_digit(rest.at[0])) {
        return refuse(error, value, "is not a whole number; write decimal digits");
    }
    if (!take_digits(&rest, number)) {
        return refuse(error, value, "is beyond 64 bits");
    }
    if (rest.size > 0) {
        return refuse(error, value, "is not a whole number; write decimal digits");
    }
    if (value.size > 1 && value.at[0] == '0') {
        return refuse(error, value, "begins with a zero; write decimal digits without it");
    }
    return STATUS_OK;
}

static enum status parse_boolean(struct text value, bool *yes, struct error *error)
{
    *yes = text_equal(value, TEXT("true"));
    if (!*yes && !text_equal(value, TEXT("false"))) {
        return refuse(error, value, "is not true or false");
    }
    return STATUS_OK;
}

/* "is not one of: even, uniform, poisson (did you mean 'even'?)"; many words are not listed. */
static enum status refuse_word(const char *const *words, struct text value, struct error *error)
{
    char room[256];
    struct text_writer w = text_writer(room, sizeof room);
    struct suggestion near = suggestion(value);
    text_put(&w, TEXT("is not one of: "));
    for (size_t i = 0; words[i] != NULL; i++) {
        text_put(&w, i > 0 ? TEXT(", ") : TEXT(""));
        text_put(&w, text_from(words[i]));
        suggestion_offer(&near, text_from(words[i]));
    }
    if (w.overflowed) {
        w = text_writer(room, sizeof room);
        text_put(&w, TEXT("is none of the words that `lockstep help scenario` lists"));
    }
    text_put(&w, text_from(suggestion_text(&near).text));
    return refuse(error, value, text_writer_string(&w));
}

static enum status parse_word(const char *const *words, struct text value, unsigned *word,
                              struct error *error)
{
    for (unsigned i = 0; words[i] != NULL; i++) {
        if (text_equal(value, text_from(words[i]))) {
            *word = i;
            return STATUS_OK;
        }
    }
    return refuse_word(words, value, error);
}

/* A line for an operator's terminal; a word that is unknown is told with those that are known. */
static enum status parse_command(struct text value, struct text *line, struct error *error)
{
    struct operator_command command;
    struct operator_unknown unknown = {.known = NULL};
    enum status status = parse_text(value, true, line, error);
    if (status == STATUS_OK) {
        status = operator_parse(value, &command, &unknown, error);
    }
    if (status != STATUS_OK && unknown.known != NULL) {
        status = refuse_word(unknown.known, unknown.word, error);
    }
    return status;
}

static struct text trimmed(struct text text)
{
    while (text.size > 0 && text.at[0] == ' ') {
        text = (struct text){text.at + 1, text.size - 1};
    }
    while (text.size > 0 && text.at[text.size - 1] == ' ') {
        text.size--;
    }
    return text;
}

/* "S1, S2": sets their bits. "all" sets every word's bit, "none" not one, "any" all there are. */
static enum status parse_words(const struct field *field, struct text value, uint32_t *bits,
                               struct error *error)
{
    const char *const *words = field->words;
    *bits = 0;
    if (field->any && text_equal(value, TEXT("any"))) {
        *bits = UINT32_MAX;
        return STATUS_OK;
    }
    if (text_equal(value, TEXT("none"))) {
        return STATUS_OK;
    }
    if (text_equal(value, TEXT("all"))) {
        for (unsigned i = 0; words[i] != NULL; i++) {
            *bits |= UINT32_C(1) << i;
        }
        return STATUS_OK;
    }
    for (;;) {
        const char *comma = value.size > 0 ? memchr(value.at, ',', value.size) : NULL;
        size_t size = comma == NULL ? value.size : (size_t)(comma - value.at);
        unsigned word = 0;
        if (parse_word(words, trimmed((struct text){value.at, size}), &word, error) != STATUS_OK) {
            return STATUS_BAD_INPUT;
        }
        *bits |= UINT32_C(1) << word;
        if (comma == NULL) {
            return STATUS_OK;
        }
        value = (struct text){comma + 1, value.size - size - 1};
    }
}

/* Reads "3.5" at the start of `text` as 35 and 10; leaves the rest in `text`. */
static bool take_decimal(struct text *text, int64_t *number, int64_t *scale)
{
    *scale = 1;
    if (!take_digits(text, number)) {
        return false;
    }
    if (text->size < 2 || text->at[0] != '.') {
        return true;
    }
    *text = (struct text){text->at + 1, text->size - 1};
    size_t digits = text->size;
    int64_t fraction;
    if (!take_digits(text, &fraction)) {
        return false;
    }
    for (digits -= text->size; digits > 0; digits--) {
        if (__builtin_mul_overflow(*scale, 10, scale)) {
            return false;
        }
    }
    return !__builtin_mul_overflow(*number, *scale, number) &&
           !__builtin_add_overflow(*number, fraction, number);
}

struct unit {
    const char *name;
    int64_t amount;
};

/* A decimal with one of the units, as a whole number of the smallest; `what` is told where it is
 * none, `whole` where it does not come out whole. */
static enum status parse_amount(const struct unit *units, size_t count, struct text value,
                                const char *what, const char *whole, int64_t *amount,
                                struct error *error)
{
    __extension__ typedef __int128 wide;
    struct text rest = value;
    int64_t number, scale;
    if (!take_decimal(&rest, &number, &scale)) {
        return refuse(error, value, what);
    }
    for (size_t i = 0; i < count; i++) {
        if (!text_equal(rest, text_from(units[i].name))) {
            continue;
        }
        wide product = (wide)number * units[i].amount;
        if (product % scale != 0) {
            return refuse(error, value, whole);
        }
        if (product / scale > INT64_MAX) {
            return refuse(error, value, "is beyond 64 bits");
        }
        *amount = (int64_t)(product / scale);
        return STATUS_OK;
    }
    return refuse(error, value, what);
}

static const struct unit size_units[] = {
    {"B",   1      },
    {"KB",  1 << 10},
    {"KiB", 1 << 10},
    {"MB",  1 << 20},
    {"MiB", 1 << 20},
    {"GB",  1 << 30},
    {"GiB", 1 << 30},
};

static enum status parse_size(struct text value, int64_t *bytes, struct error *error)
{
    return parse_amount(size_units, sizeof size_units / sizeof size_units[0], value,
                        "is not a size; write 3670016B, 4KiB or 3.5MB (MB is 2^20 bytes)",
                        "is not a whole number of bytes (MB is 2^20 bytes); write it in B", bytes,
                        error);
}

static const struct unit share_units[] = {
    {"ppm", 1    },
    {"%",   10000},
};

static enum status parse_share(struct text value, int64_t *ppm, struct error *error)
{
    return parse_amount(share_units, sizeof share_units / sizeof share_units[0], value,
                        "is not a share; write 0.5% or 5000ppm",
                        "is finer than a millionth; write a whole number of ppm", ppm, error);
}

static const struct unit money_units[] = {
    {"USD", 1000000000},
};

static enum status parse_money(struct text value, int64_t *nano, struct error *error)
{
    return parse_amount(money_units, sizeof money_units / sizeof money_units[0], value,
                        "is not an amount of money; write 0.625USD",
                        "is finer than a billionth of a dollar", nano, error);
}

static void put_money(struct text_writer *w, int64_t nano)
{
    int64_t fraction = nano % 1000000000;
    text_put_integer(w, nano / 1000000000, 0);
    if (fraction > 0) {
        text_put_char(w, '.');
        text_put_integer(w, fraction, 9);
        while (w->at[w->size - 1] == '0') {
            w->size--;
        }
    }
    text_put(w, TEXT("USD"));
}

static void put_size(struct text_writer *w, int64_t bytes)
{
    if (bytes % (1 << 20) == 0) {
        text_put_integer(w, bytes >> 20, 0);
        text_put(w, TEXT("MB"));
    } else if (bytes % (1 << 18) == 0) {
        text_put_integer(w, bytes >> 20, 0);
        text_put_char(w, '.');
        text_put_integer(w, (bytes >> 18) % 4 * 25, 2);
        w->size -= w->at[w->size - 1] == '0';
        text_put(w, TEXT("MB"));
    } else {
        text_put_integer(w, bytes, 0);
        text_put_char(w, 'B');
    }
}

static void put_share(struct text_writer *w, int64_t ppm)
{
    text_put_integer(w, ppm % 10000 == 0 ? ppm / 10000 : ppm, 0);
    text_put(w, ppm % 10000 == 0 ? TEXT("%") : TEXT("ppm"));
}

static void put_amount(enum field_type type, int64_t amount, struct text_writer *w)
{
    if (type == FIELD_SIZE) {
        put_size(w, amount);
    } else if (type == FIELD_SHARE) {
        put_share(w, amount);
    } else if (type == FIELD_MONEY) {
        put_money(w, amount);
    } else if (type == FIELD_DURATION) {
        text_put_duration(w, (struct duration){amount});
    } else if (type == FIELD_INSTANT) {
        text_put_instant(w, (struct instant){amount});
    } else {
        text_put_integer(w, amount, 0);
    }
}

static void put_range(const struct field *field, struct text_writer *w)
{
    put_amount(field->type, field->least, w);
    text_put(w, TEXT(" to "));
    put_amount(field->type, field->most, w);
}

/* Those types whose value is one int64_t with a range. */
static enum status parse_ranged(const struct field *field, struct text value, int64_t *amount,
                                struct error *error)
{
    enum status status;
    bool negative = field->least < 0 && value.size > 0 && value.at[0] == '-';
    struct text rest = {value.at + negative, value.size - negative};
    if (field->type == FIELD_INTEGER) {
        status = parse_integer(rest, amount, error);
    } else if (field->type == FIELD_SIZE) {
        status = parse_size(value, amount, error);
    } else if (field->type == FIELD_SHARE) {
        status = parse_share(value, amount, error);
    } else if (field->type == FIELD_MONEY) {
        status = parse_money(value, amount, error);
    } else if (field->type == FIELD_DURATION) {
        struct duration d = {0};
        status = duration_parse(rest, &d, error);
        *amount = d.ns;
    } else {
        struct instant t = {0};
        status = instant_parse(value, &t, error);
        *amount = t.ns;
    }
    *amount = status == STATUS_OK && negative ? -*amount : *amount;
    if (status != STATUS_OK || (*amount >= field->least && *amount <= field->most)) {
        return status;
    }
    char room[96];
    struct text_writer w = text_writer(room, sizeof room);
    text_put(&w, TEXT("is not within "));
    put_range(field, &w);
    return refuse(error, value, text_writer_string(&w));
}

/* A process's name; the kind of fault is the key itself. */
static enum status parse_fault(const struct field *field, struct text value, struct fault *fault,
                               struct error *error)
{
    enum status status = parse_text(value, true, &fault->process, error);
    if (status == STATUS_OK) {
        fault->kind = (enum fault_kind)field->least;
    }
    return status;
}

/* A value of any type before it is stored. */
union field_value {
    struct text text;
    int64_t amount;
    bool yes;
    unsigned word;
    uint32_t bits;
    struct instance instance;
    struct distribution_spec distribution;
};

static size_t size_of(const struct field *field)
{
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_COMMAND:
    case FIELD_DATE:
    case FIELD_FAULT:
        return sizeof(struct text);
    case FIELD_INSTANCE:
        return sizeof(struct instance);
    case FIELD_BOOLEAN:
        return sizeof(bool);
    case FIELD_WORD:
        return sizeof(unsigned);
    case FIELD_WORDS:
        return sizeof(uint32_t);
    case FIELD_DISTRIBUTION:
        return sizeof(struct distribution_spec);
    case FIELD_INTEGER:
    case FIELD_SIZE:
    case FIELD_SHARE:
    case FIELD_MONEY:
    case FIELD_DURATION:
    case FIELD_INSTANT:
        break;
    }
    return sizeof(int64_t);
}

static enum status parse(const struct field *field, struct text text, union field_value *v,
                         struct error *error)
{
    switch (field->type) {
    case FIELD_TEXT:
        return parse_text(text, field->required, &v->text, error);
    case FIELD_COMMAND:
        return parse_command(text, &v->text, error);
    case FIELD_DATE:
        return parse_date(text, &v->text, error);
    case FIELD_INSTANCE:
        return parse_instance(text, &v->instance, error);
    case FIELD_BOOLEAN:
        return parse_boolean(text, &v->yes, error);
    case FIELD_WORD:
        return parse_word(field->words, text, &v->word, error);
    case FIELD_WORDS:
        return parse_words(field, text, &v->bits, error);
    case FIELD_DISTRIBUTION:
        return distribution_parse(text, &v->distribution, error);
    case FIELD_INTEGER:
    case FIELD_SIZE:
    case FIELD_SHARE:
    case FIELD_MONEY:
    case FIELD_DURATION:
    case FIELD_INSTANT:
        return parse_ranged(field, text, &v->amount, error);
    case FIELD_FAULT:
        break;
    }
    ASSERT(field->type != FIELD_FAULT); /* field_set has taken it */
    return STATUS_BAD_INPUT;
}

enum status field_set(const struct field *field, struct scenario *scenario, uint32_t index,
                      struct text value, struct error *error)
{
    if (field->type == FIELD_FAULT) {
        return parse_fault(field, value, &scenario->faults[index], error);
    }
    union field_value v;
    memset(&v, 0, sizeof v);
    enum status status = parse(field, value, &v, error);
    if (status == STATUS_OK) {
        memcpy((char *)scenario + base_of(field, index) + field->offset, &v, size_of(field));
    }
    return status;
}

bool field_is_of_text(const struct field *field)
{
    return field->type == FIELD_TEXT || field->type == FIELD_COMMAND || field->type == FIELD_DATE ||
           field->type == FIELD_FAULT;
}

struct text field_text(const struct field *field, const struct scenario *scenario, uint32_t index)
{
    struct text text;
    ASSERT(field->type == FIELD_TEXT || field->type == FIELD_COMMAND || field->type == FIELD_DATE ||
           field->type == FIELD_FAULT);
    memcpy(&text, (const char *)scenario + base_of(field, index) + field->offset, sizeof text);
    return text;
}

struct text field_value(const struct field *field, const struct scenario *s, uint32_t index,
                        char room[FIELD_VALUE_MAX])
{
    struct text_writer w = text_writer(room, FIELD_VALUE_MAX);
    if (field_is_of_text(field)) {
        return field_text(field, s, index);
    }
    field_put(field, s, index, &w);
    ASSERT(!w.overflowed);
    return text_written(&w);
}

bool field_is_same(const struct field *field, const struct scenario *a, uint32_t a_index,
                   const struct scenario *b, uint32_t b_index)
{
    char room[2][FIELD_VALUE_MAX];
    return text_equal(field_value(field, a, a_index, room[0]),
                      field_value(field, b, b_index, room[1]));
}

void field_copy(const struct field *field, struct scenario *to, uint32_t to_index,
                const struct scenario *from, uint32_t from_index)
{
    ASSERT(field->type != FIELD_FAULT); /* its kind is stored apart */
    memcpy((char *)to + base_of(field, to_index) + field->offset,
           (const char *)from + base_of(field, from_index) + field->offset, size_of(field));
}

int64_t field_amount(const struct field *field, const struct scenario *scenario, uint32_t index)
{
    int64_t amount;
    ASSERT(field->type == FIELD_INTEGER || field->type == FIELD_DURATION);
    memcpy(&amount, (const char *)scenario + base_of(field, index) + field->offset, sizeof amount);
    return amount;
}

void field_set_amount(const struct field *field, struct scenario *scenario, uint32_t index,
                      int64_t amount)
{
    ASSERT(field->type == FIELD_INTEGER || field->type == FIELD_DURATION);
    memcpy((char *)scenario + base_of(field, index) + field->offset, &amount, sizeof amount);
}

unsigned field_word(const struct field *field, const struct scenario *scenario)
{
    ASSERT(field->type == FIELD_WORD && field_list_of(field) == NULL);
    unsigned word;
    memcpy(&word, (const char *)scenario + field->offset, sizeof word);
    return word;
}

uint32_t field_bits(const struct field *field, const struct scenario *scenario, uint32_t index)
{
    uint32_t bits;
    ASSERT(field->type == FIELD_WORDS);
    memcpy(&bits, (const char *)scenario + base_of(field, index) + field->offset, sizeof bits);
    return bits;
}

void field_set_bits(const struct field *field, struct scenario *scenario, uint32_t index,
                    uint32_t bits)
{
    ASSERT(field->type == FIELD_WORDS);
    memcpy((char *)scenario + base_of(field, index) + field->offset, &bits, sizeof bits);
}

static void put_words(const struct field *field, uint32_t bits, struct text_writer *w)
{
    if (field->any && bits == UINT32_MAX) {
        text_put(w, TEXT("any"));
        return;
    }
    text_put(w, bits == 0 ? TEXT("none") : TEXT(""));
    bool first = true;
    for (unsigned i = 0; field->words[i] != NULL; i++) {
        if ((bits >> i & 1) != 0) {
            text_put(w, first ? TEXT("") : TEXT(", "));
            text_put(w, text_from(field->words[i]));
            first = false;
        }
    }
}

void field_put(const struct field *field, const struct scenario *scenario, uint32_t index,
               struct text_writer *w)
{
    union field_value v;
    const char *at = (const char *)scenario + base_of(field, index) + field->offset;
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_COMMAND:
    case FIELD_DATE:
    case FIELD_FAULT:
        text_put(w, field_text(field, scenario, index));
        return;
    case FIELD_INSTANCE:
        memcpy(&v.instance, at, sizeof v.instance);
        if (v.instance.parent > 0) {
            text_put_integer(w, v.instance.parent, 0);
            text_put_char(w, '.');
        }
        text_put_integer(w, v.instance.ordinal, 0);
        return;
    case FIELD_BOOLEAN:
        memcpy(&v.yes, at, sizeof v.yes);
        text_put(w, v.yes ? TEXT("true") : TEXT("false"));
        return;
    case FIELD_WORD:
        memcpy(&v.word, at, sizeof v.word);
        text_put(w, text_from(field->words[v.word]));
        return;
    case FIELD_WORDS:
        memcpy(&v.bits, at, sizeof v.bits);
        put_words(field, v.bits, w);
        return;
    case FIELD_DISTRIBUTION:
        memcpy(&v.distribution, at, sizeof v.distribution);
        text_put_distribution(w, &v.distribution);
        return;
    case FIELD_INTEGER:
    case FIELD_SIZE:
    case FIELD_SHARE:
    case FIELD_MONEY:
    case FIELD_DURATION:
    case FIELD_INSTANT:
        memcpy(&v.amount, at, sizeof v.amount);
        put_amount(field->type, v.amount, w);
        return;
    }
}

void field_put_type(const struct field *field, struct text_writer *w)
{
    static const char *const names[] = {
        [FIELD_TEXT] = "text",
        [FIELD_DATE] = "date",
        [FIELD_INTEGER] = "integer, ",
        [FIELD_BOOLEAN] = "true or false",
        [FIELD_WORD] = "",
        [FIELD_WORDS] = "list of ",
        [FIELD_SIZE] = "size, ",
        [FIELD_SHARE] = "share, ",
        [FIELD_MONEY] = "money, ",
        [FIELD_DURATION] = "duration, ",
        [FIELD_INSTANT] = "instant",
        [FIELD_DISTRIBUTION] = "duration or distribution",
        [FIELD_COMMAND] = "tool and options",
        [FIELD_INSTANCE] = "process's number",
        [FIELD_FAULT] = "process",
    };
    text_put(w, text_from(names[field->type]));
    if (field->noun != NULL) {
        text_put(w, text_from(field->noun));
    } else if (field->words != NULL) {
        for (unsigned i = 0; field->words[i] != NULL; i++) {
            text_put(w, i > 0 ? TEXT(" | ") : TEXT(""));
            text_put(w, text_from(field->words[i]));
        }
    } else if (names[field->type][strlen(names[field->type]) - 1] == ' ') {
        put_range(field, w);
    }
}

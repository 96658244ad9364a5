/* scenario.c: presets, and the checks that concern several fields. See scenario.h. */
#include "model/pipeline/scenario.h"

#include "model/pipeline/faults.h"
#include "model/pipeline/manifest_builder.h"
#include "model/pipeline/operator.h"
#include "model/pipeline/pipeline.h"

static struct distribution_spec constant(struct duration value)
{
    return (struct distribution_spec){.kind = DISTRIBUTION_CONSTANT, .a = value, .b = value};
}

/* Median and 99th percentile. */
static struct distribution_spec lognormal(struct duration p50, struct duration p99)
{
    return (struct distribution_spec){.kind = DISTRIBUTION_LOGNORMAL, .a = p50, .b = p99};
}

static struct distribution_spec lognormal_ms(int64_t p50, int64_t p99)
{
    return lognormal(duration_ms(p50), duration_ms(p99));
}

static struct duration days(int64_t count)
{
    return duration_of(count, NS_PER_DAY);
}

/* The deployment's dev and prod settings. Source: PIPE-CONFIG-1. */
void scenario_apply_preset(struct scenario *s, enum preset preset)
{
    bool prod = preset == PRESET_PROD;
    s->preset = preset;
    s->max_files_per_manifest = prod ? 200 : 10;
    s->min_files_for_partial_batch = 1;
    s->max_batch_size = INT64_C(1) << 30;
    s->start_configured = true;
    s->lock_lease = duration_s(20); /* PIPE-LOCK-5 */
    s->lock_heartbeat = duration_s(5);
    s->flush_within = days(1);
    s->quarantine_configured = true;
    s->lock_ttl = duration_s(300);
    s->ttl_days = prod ? 90 : 30;
    s->expected_size = prod ? 3670016 : 10485760;
    s->size_tolerance_percent = prod ? 10 : 99;
    s->function.timeout = duration_s(prod ? 300 : 180);
    s->function.reserved_concurrency = prod ? 10 : 2;
    s->mapping.maximum_concurrency = prod ? 50 : 2;
    s->mapping.batch_size = 10;
    s->mapping.batching_window = (struct duration){0};
    s->queue.visibility_timeout = duration_s(prod ? 600 : 360);
    s->queue.max_receive_count = prod ? 5 : 3;
    s->queue.retention = days(prod ? 14 : 4);
    s->table.rcu = prod ? 10 : 5;
    s->table.wcu = prod ? 50 : 25;
    s->bucket.input_lifetime = days(prod ? 7 : 3);
    s->bucket.manifest_lifetime = days(prod ? 3 : 1);
    s->glue.max_concurrent_runs = 3;
    s->glue.max_retries = 1;
    s->glue.timeout = duration_s(2880 * 60);
}

/* The versions of the builder, each as what it changed of the one before. Source: PIPE-VARIANTS-1,
 * PIPE-VARIANTS-2. */
static void apply_strict(struct builder_switches *b)
{
    *b = (struct builder_switches){.lock = LOCK_STRICT, .record = RECORD_SHARED};
    b->retry_loop = b->orphan_flush = true;
}

static void apply_first(struct builder_switches *b)
{
    *b = (struct builder_switches){.lock = LOCK_TAKEOVER, .record = RECORD_NONE};
    b->trigger = TRIGGER_BYTES;
    b->first_items = true;
}

static void apply_up_to_v5(struct builder_switches *b, enum builder builder)
{
    *b = (struct builder_switches){.lock = LOCK_TAKEOVER};
    b->retry_loop = b->orphan_flush = builder != BUILDER_V1C;
    b->record = builder == BUILDER_V1C  ? RECORD_NONE
                : builder == BUILDER_V2 ? RECORD_SHARED
                                        : RECORD_OWN;
    b->skip_without_path = b->run_report = builder >= BUILDER_V4;
    b->roll_back = b->limited_pages = b->track_if_absent = builder == BUILDER_V5;
}

static void apply_claims(struct builder_switches *b, enum builder builder)
{
    apply_up_to_v5(b, BUILDER_V5);
    b->lock = LOCK_CLAIM;
    b->retry_loop = false;
    b->status_shards = 10;
    b->publisher =
        builder == BUILDER_V6E || builder == BUILDER_V6S ? PUBLISHER_BUS : PUBLISHER_DIRECT;
    b->creator = builder == BUILDER_V6S ? CREATOR_STREAM : CREATOR_BUILDER;
}

static void apply_schedule(struct builder_switches *b)
{
    *b = (struct builder_switches){.lock = LOCK_CLAIM, .record = RECORD_OWN};
    b->track_if_absent = b->skip_without_path = b->decode_keys = true;
    b->creator = CREATOR_SCHEDULE;
}

void scenario_apply_builder(struct scenario *s, enum builder builder)
{
    s->builder_preset = builder;
    s->table.range_key = builder == BUILDER_V1 ? RANGE_FILE_NAME : RANGE_FILE_KEY;
    switch (builder) {
    case BUILDER_V0:
        apply_strict(&s->builder);
        return;
    case BUILDER_V1:
        apply_first(&s->builder);
        return;
    case BUILDER_V1C:
    case BUILDER_V2:
    case BUILDER_V3:
    case BUILDER_V4:
    case BUILDER_V5:
        apply_up_to_v5(&s->builder, builder);
        return;
    case BUILDER_V6:
    case BUILDER_V6E:
    case BUILDER_V6S:
        apply_claims(&s->builder, builder);
        return;
    case BUILDER_V7:
        apply_schedule(&s->builder);
        return;
    }
}

/* M0: all updates go to the shared record; M1: the last ones to the manifest's own; M2: all of
 * them; M3: and the files' records are updated; M7: all that with conditions and retries, and
 * its job replaces what it wrote of a manifest. Source: PIPE-MACHINES-1. */
void scenario_apply_machine(struct scenario *s, enum machine machine)
{
    s->machine_preset = machine;
    s->has_machine = machine != MACHINE_NONE;
    bool first_own = machine >= MACHINE_M2;
    s->machine = (struct machine_switches){
        .processing_key = first_own ? RECORD_OWN : RECORD_SHARED,
        .outcome_key = first_own || machine == MACHINE_M1 ? RECORD_OWN : RECORD_SHARED,
        .batch_updater = machine == MACHINE_M3 || machine == MACHINE_M7,
        .guarded = machine == MACHINE_M7,
    };
    s->glue.output = machine == MACHINE_M7 ? GLUE_OUTPUT_MANIFEST : GLUE_OUTPUT_APPEND;
}

/* From request to reply, as the client sees it. Source: LATENCY-* in docs/sources.md; most 99th
 * percentiles are estimates. */
void scenario_apply_latency(struct scenario *s, enum latency_profile profile)
{
    s->latency_profile = profile;
    s->latency_query_megabyte = (struct duration){0};
    if (profile == LATENCY_PROFILE_ZERO) {
#define X(call) s->latency.call = constant((struct duration){0});
        LATENCY_MAP(X)
#undef X
        return;
    }
    s->latency.table_get = lognormal_ms(4, 12);         /* LATENCY-TABLE-1 */
    s->latency.table_write = lognormal_ms(5, 18);       /* LATENCY-TABLE-2 */
    s->latency.table_query = lognormal_ms(6, 25);       /* LATENCY-TABLE-3 */
    s->latency.bucket_get = lognormal_ms(63, 78);       /* LATENCY-BUCKET-1 */
    s->latency.bucket_put = lognormal_ms(40, 195);      /* LATENCY-BUCKET-2 */
    s->latency.start_execution = lognormal_ms(30, 150); /* LATENCY-WORKFLOW-1 */
    s->latency.start_job_run = lognormal_ms(250, 1500); /* LATENCY-GLUE-1 */
    s->latency.publish = lognormal_ms(15, 60);          /* LATENCY-TOPIC-1 */
    s->latency.invoke = lognormal_ms(8, 40);            /* LATENCY-INVOKE-1 */
    s->latency.queue_receive = lognormal_ms(15, 60);    /* LATENCY-QUEUE-1 */
    s->latency.queue_delete = lognormal_ms(10, 50);     /* LATENCY-QUEUE-1 */
    s->latency.put_events = lognormal_ms(15, 60);       /* LATENCY-EVENTS-1 */
    s->latency_query_megabyte = duration_ms(54);        /* LATENCY-TABLE-3 */
}

/* Without throttling the table serves whatever is asked, whatever is provisioned. */
void scenario_apply_throttling(struct scenario *s, enum throttling throttling)
{
    s->table.throttling = throttling;
    s->table.limits = (struct table_limits){0};
    if (throttling == THROTTLING_AWS) {
        s->table.limits = table_limits_aws;
    }
}

enum { NANO_DOLLARS = 1000000000 };

/* List prices of us-east-1. Source: DDB-PRICE-1, DDB-PRICE-2, DDB-PRICE-3. */
static void set_prices(struct scenario *s)
{
    s->prices.read_million = INT64_C(125) * NANO_DOLLARS / 1000;
    s->prices.write_million = INT64_C(625) * NANO_DOLLARS / 1000;
    s->prices.read_hour = INT64_C(13) * NANO_DOLLARS / 100000;
    s->prices.write_hour = INT64_C(65) * NANO_DOLLARS / 100000;
    s->prices.storage_month = INT64_C(25) * NANO_DOLLARS / 100;
}

/* Our own design's: docs/decisions/0007-scheduled-batches.md. */
static void set_schedule(struct scenario *s)
{
    s->schedule.interval = duration_s(60);
    s->schedule.delay = lognormal_ms(500, 30000); /* LAMBDA-SCHEDULE-1 */
    s->schedule.concurrency = 1;
    s->schedule.claim_lease = duration_s(600);
    s->schedule.look_after = duration_s(600);
    s->schedule.attempts = 3;
    s->schedule.reconcile_every = duration_s(15 * 60);
    s->schedule.reconcile_from = duration_s(5 * 60);
    s->schedule.reconcile_to = duration_s(2 * 3600);
}

/* Source: EVENTS-RETRY-1. */
static void set_bus(struct scenario *s)
{
    s->bus.delay = lognormal_ms(50, 150); /* EVENTS-DELAY-1 */
    s->bus.max_retries = 185;
    s->bus.max_age = days(1);
}

/* Source: PIPE-STREAM-1. */
static void set_stream(struct scenario *s)
{
    s->stream.shards = 1;
    s->stream.batch_size = 100;
    s->stream.batching_window = duration_s(30);
    s->stream.parallelization = 10;
    s->stream.max_retries = 3;
    s->stream.max_age = duration_s(3600);
    s->stream.bisect = true;
    s->stream.read_latency = lognormal_ms(5, 20);    /* LATENCY-STREAM-1 */
    s->stream.retry_wait = lognormal_ms(1000, 5000); /* ESM-STREAM-13 */
}

void scenario_init(struct scenario *s)
{
    memset(s, 0, sizeof *s);
    s->start = (struct instant){INT64_C(1769749200) * NS_PER_S}; /* 2026-01-30T05:00:00Z */
    s->violates = VIOLATES_ANY;
    scenario_apply_preset(s, PRESET_DEV);
    scenario_apply_builder(s, BUILDER_V3);
    scenario_apply_machine(s, MACHINE_M2);
    scenario_apply_latency(s, LATENCY_PROFILE_TYPICAL);
    scenario_apply_throttling(s, THROTTLING_AWS);
    set_prices(s);
    s->function.cold_start = lognormal_ms(500, 1500); /* LAMBDA-COLD-1 */
    s->function.idle_lifetime = duration_s(600);      /* LAMBDA-IDLE-1 */
    s->function.scaling_per_10s = 1000;               /* LAMBDA-SCALING-1 */
    s->function.clock_skew = constant((struct duration){0});
    s->function.work = duration_ms(2);  /* LAMBDA-WORK-1 */
    s->mapping.initial_concurrency = 5; /* ESM-SCALE-1 */
    s->mapping.scaling_per_minute = 300;
    s->mapping.concurrency_limit = 1250;                                      /* ESM-LIMIT-1 */
    s->table.replica_lag = lognormal_ms(2, 20);                               /* LATENCY-LAG-1 */
    s->table.index_lag = lognormal_ms(20, 400);                               /* LATENCY-LAG-2 */
    s->table.ttl_delay = lognormal(duration_s(12 * 60), duration_s(28 * 60)); /* LATENCY-TTL-1 */
    s->bucket.notification_delay = lognormal_ms(700, 5000);                   /* S3-EVENT-2 */
    set_schedule(s);
    s->workflow.start_delay = lognormal_ms(60, 300); /* SFN-DELAY-1 */
    s->workflow.transition = lognormal_ms(30, 200);
    s->glue.start_up = lognormal_ms(35000, 110000);  /* GLUE-START-1 */
    s->glue.run_time = lognormal_ms(120000, 240000); /* PIPE-GLUE-3 */
    s->glue.poll_interval = duration_s(60);          /* SFN-GLUE-1 */
    set_bus(s);
    set_stream(s);
    s->cli.call_time = duration_ms(600); /* SDK-CLI-5 */
    s->cli.attempts = 3;                 /* SDK-CLI-1 */
    s->cli.raw_payload = true;           /* SDK-CLI-4 */
}

const struct fault fault_default = {.times = 1, .attempts = 1, .calls = 1};

struct check {
    char *path;
    struct error *error;
};

static enum status wrong(const struct check *check, const char *path, const char *message)
{
    struct text_writer w = text_writer(check->path, 64);
    text_put(&w, text_from(path));
    (void)text_writer_string(&w);
    return error_set(check->error, STATUS_BAD_INPUT, "%s", message);
}

static enum status wrong_element(const struct check *check, const char *list, uint32_t index,
                                 const char *field, const char *message)
{
    char path[64];
    struct text_writer w = text_writer(path, sizeof path);
    text_put(&w, text_from(list));
    text_put_char(&w, '.');
    text_put_integer(&w, index, 0);
    text_put(&w, text_from(field));
    return wrong(check, text_writer_string(&w), message);
}

/* Prefix and name, put together, begin so. */
static bool key_starts(const struct workload *load, struct text with)
{
    size_t common = load->prefix.size < with.size ? load->prefix.size : with.size;
    struct text rest = {with.at + common, with.size - common};
    return text_starts(with, (struct text){load->prefix.at, common}) &&
           (rest.size == 0 || text_starts(load->name, rest));
}

static enum status check_workload(const struct scenario *s, const struct check *check)
{
    int64_t files = 0;
    if (s->workloads_count == 0) {
        return wrong(check, "workload",
                     "no files arrive; write workload: [{files: 130, over: 60s, size: 3.5MB}]");
    }
    for (uint32_t i = 0; i < s->workloads_count; i++) {
        const struct workload *load = &s->workloads[i];
        struct instant end;
        files += load->files;
        if (files > INT64_C(10000000)) {
            return wrong_element(check, "workload", i, ".files", "more than 10000000 files in all");
        }
        if (!instant_add_checked(s->start, load->at, &end) ||
            !instant_add_checked(end, load->over, &end) ||
            !instant_add_checked(end, days(366), &end)) {
            return wrong_element(check, "workload", i, ".at",
                                 "arrives after the last instant that can be told (2262)");
        }
        if (!workload_key_fits(load)) {
            return wrong_element(check, "workload", i, ".prefix",
                                 "and name are longer than the 1024 bytes of a key, URL-encoded");
        }
        if (key_starts(load, TEXT("manifests/"))) {
            return wrong_element(check, "workload", i, ".prefix",
                                 "manifests/ is where the pipeline writes; choose another prefix");
        }
    }
    return STATUS_OK;
}

static enum status check_faults(const struct scenario *s, const struct check *check)
{
    for (uint32_t i = 0; i < s->faults_count; i++) {
        const char *member;
        struct error error;
        if (fault_validate(&s->faults[i], &member, &error) != STATUS_OK) {
            char field[32];
            struct text_writer w = text_writer(field, sizeof field);
            text_put_char(&w, '.');
            text_put(&w, text_from(member));
            return wrong_element(check, "faults", i, text_writer_string(&w), error.message);
        }
    }
    return STATUS_OK;
}

/* What the switches of V6 go with. */
static enum status check_claims(const struct scenario *s, const struct check *check)
{
    bool claims = s->builder.lock == LOCK_CLAIM;
    if (claims && s->builder.trigger == TRIGGER_BYTES) {
        return wrong(check, "pipeline.trigger",
                     "bytes goes with a lock: files that are claimed are counted");
    }
    if (!claims && s->builder.publisher == PUBLISHER_BUS) {
        return wrong(check, "pipeline.publisher", "bus goes with pipeline.lock: claim");
    }
    if (!claims && s->builder.creator == CREATOR_STREAM) {
        return wrong(check, "pipeline.creator", "stream goes with pipeline.lock: claim");
    }
    if (!claims && s->builder.status_shards > 0) {
        return wrong(check, "pipeline.status_shards",
                     "statuses with shards go with pipeline.lock: claim");
    }
    return STATUS_OK;
}

/* Whether a process waits at such a point. */
static bool knows_moment(const struct operator_moment *moment, bool *process_known)
{
    struct task_type types[TASK_TYPES_COUNT];
    pipeline_task_types(types, 0);
    *process_known = false;
    for (uint32_t i = 0; i < TASK_TYPES_COUNT; i++) {
        bool named = text_equal(moment->process, text_from(types[i].name));
        *process_known |= named;
        for (uint32_t point = 1; named && point < types[i].points_count; point++) {
            const char *name = types[i].points[point];
            if (name != NULL && text_equal(moment->point, text_from(name))) {
                return true;
            }
        }
    }
    return false;
}

/* What an operator types, and the moments that the rows wait for. */
static enum status check_operators(const struct scenario *s, const struct check *check)
{
    for (uint32_t i = 0; i < s->operators_count; i++) {
        const struct operator_row *row = &s->operators[i];
        struct operator_command command;
        struct operator_unknown unknown = {.known = NULL};
        struct operator_moment moment;
        struct error error = {.message = ""};
        bool known;
        if (operator_parse(row->run, &command, &unknown, &error) != STATUS_OK) {
            return wrong_element(check, "operator", i, ".run", error.message);
        }
        if (operator_parse_moment(row->when, &moment, &error) != STATUS_OK) {
            return wrong_element(check, "operator", i, ".when", error.message);
        }
        if (moment.occurrence > 0 && !knows_moment(&moment, &known)) {
            return wrong_element(check, "operator", i, ".when",
                                 known
                                     ? "that process has no such point; lockstep points lists them"
                                     : "no such process; lockstep points lists them");
        }
    }
    return STATUS_OK;
}

enum status scenario_validate(const struct scenario *s, char path[64], struct error *error)
{
    struct check check = {path, error};
    enum status status = check_workload(s, &check);
    if (status != STATUS_OK) {
        return status;
    }
    struct instant end;
    if (!instant_add_checked(s->start, s->until, &end)) {
        return wrong(&check, "until", "is after the last instant that can be told (2262)");
    }
    /* Source: ESM-TIMEOUT-1. */
    if (s->function.timeout.ns > s->queue.visibility_timeout.ns) {
        return wrong(&check, "function.timeout",
                     "is longer than queue.visibility_timeout; AWS refuses such an event source");
    }
    if (s->builder.creator == CREATOR_SCHEDULE && s->schedule.interval.ns == 0) {
        return wrong(&check, "schedule.interval",
                     "must not be 0s where a schedule creates manifests");
    }
    if (s->lock_ttl.ns % NS_PER_S != 0) {
        return wrong(&check, "pipeline.lock_ttl", "must be whole seconds, as the item's ttl is");
    }
    /* Source: PIPE-LOCK-6. */
    if (s->lock_lease.ns < 2 * s->lock_heartbeat.ns) {
        return wrong(&check, "pipeline.lock_lease",
                     "must be at least two heartbeats; the lock client refuses less");
    }
    status = check_claims(s, &check);
    if (status == STATUS_OK) {
        status = check_operators(s, &check);
    }
    return status == STATUS_OK ? check_faults(s, &check) : status;
}

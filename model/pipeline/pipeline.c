/* pipeline.c: sets the pipeline up on its cloud. See pipeline.h. */
#include "model/pipeline/pipeline.h"

#include "model/pipeline/run.h"

#include "model/pipeline/batcher.h"
#include "model/pipeline/manifest_builder.h"
#include "model/pipeline/status_updater.h"
#include "model/pipeline/stream_creator.h"

#include <stdlib.h>

enum { TASKS_MAX = 4096, OPERATOR_TASKS_MAX = 64, CACHE_MIB = 96 };

/* The SDK's attempts: 10 for DynamoDB, 5 for the others; Step Functions calls services once.
 * Source: SDK-RETRY-1, SFN-CALL-1. */
enum { SDK_ATTEMPTS = 5, SDK_TABLE_ATTEMPTS = 10 };

static uint64_t files_of(const struct scenario *s)
{
    uint64_t files = 0;
    for (uint32_t i = 0; i < s->workloads_count; i++) {
        files += (uint64_t)s->workloads[i].files;
    }
    files += (uint64_t)operators_files(s);
    return files > (uint64_t)s->limits.files ? files : (uint64_t)s->limits.files;
}

void pipeline_task_types(struct task_type *types, uint64_t files)
{
    types[TASK_MANIFEST_BUILDER] = (struct task_type){
        .name = "manifest_builder",
        .size = sizeof(struct manifest_builder),
        .capacity = TASKS_MAX,
        .attempts_max = SDK_ATTEMPTS,
        .table_attempts_max = SDK_TABLE_ATTEMPTS,
        .points = manifest_builder_points,
        .points_count = manifest_builder_points_count,
        .step = manifest_builder_step,
        .end = invocation_end,
        .release = manifest_builder_release,
    };
    types[TASK_STATE_MACHINE] = (struct task_type){
        .name = "state_machine",
        .size = sizeof(struct execution),
        .capacity = 2 * files + 64 < 1 << 24 ? 2 * files + 64 : (1 << 24) - 1,
        .attempts_max = 1,
        .table_attempts_max = 1,
        .points = state_machine_points,
        .points_count = state_machine_points_count,
        .step = workflow_step,
        .end = workflow_end,
    };
    types[TASK_STATUS_UPDATER] = (struct task_type){
        .name = "status_updater",
        .size = sizeof(struct status_updater),
        .capacity = TASKS_MAX,
        .attempts_max = SDK_ATTEMPTS,
        .table_attempts_max = SDK_TABLE_ATTEMPTS,
        .points = status_updater_points,
        .points_count = status_updater_points_count,
        .step = status_updater_step,
        .end = invocation_end,
        .release = status_updater_release,
    };
    types[TASK_BATCHER] = (struct task_type){
        .name = "batcher",
        .size = sizeof(struct batcher),
        .capacity = TASKS_MAX,
        .attempts_max = SDK_ATTEMPTS,
        .table_attempts_max = SDK_TABLE_ATTEMPTS,
        .points = batcher_points,
        .points_count = batcher_points_count,
        .step = batcher_step,
        .end = invocation_end,
        .release = batcher_release,
    };
    types[TASK_STREAM_CREATOR] = (struct task_type){
        .name = "stream_creator",
        .size = sizeof(struct stream_creator),
        .capacity = TASKS_MAX,
        .attempts_max = SDK_ATTEMPTS,
        .table_attempts_max = SDK_TABLE_ATTEMPTS,
        .points = stream_creator_points,
        .points_count = stream_creator_points_count,
        .step = stream_creator_step,
        .end = invocation_end,
        .release = stream_creator_release,
    };
    types[TASK_OPERATOR] = (struct task_type){
        .name = "operator",
        .size = sizeof(struct tool_run),
        .capacity = OPERATOR_TASKS_MAX,
        .points = operator_points,
        .points_count = operator_points_count,
        .step = operator_step,
        .end = operator_end,
        .release = operator_release,
    };
}

/* A process is at a point: an operator may be waiting for it, and a fault may strike there. */
static struct call_fault call_leaves(struct cloud *c, const struct task *caller)
{
    operators_watch(c, caller);
    return fault_at_call(c, caller);
}

/* The bus's rule hands an event's detail to StartExecution. Source: PIPE-BUS-2. */
static void start_by_event(struct cloud *c, const struct workflow_input *event)
{
    struct workflow_input input = *event;
    input.row =
        history_execution_started(pipeline_of(c), input.manifest, input.date, input.file_count);
    (void)workflow_start(c, &input);
}

static void waits(struct cloud *c, const struct task *task)
{
    operators_watch(c, task);
    fault_at_wait(c, task);
}

static void invocation_observed(struct cloud *c, struct invocation *invocation, bool started,
                                enum invocation_end end)
{
    history_invocation(c, invocation, started, end);
    if (!started) {
        operator_answered(c, invocation);
    }
}

static void define_application(struct pipeline *p)
{
    p->cloud.pipeline = p;
    p->cloud.application = (struct application){
        .types = p->types,
        .types_count = TASK_TYPES_COUNT,
        .operations = p->operations,
        .operations_count = OPERATIONS_COUNT,
        .job_begin = glue_job_begin,
        .job_end = glue_job_end,
        .call_observed = history_call,
        .call_completed = history_call_completed,
        .call_fault = call_leaves,
        .service_fault = fault_at_service,
        .wait_observed = waits,
        .arrival = workload_arrival,
        .invocation_observed = invocation_observed,
        .execution_observed = history_execution_ended,
        .expiry_observed = history_expired,
        .event_target = start_by_event,
    };
}

static void configure_function(struct pipeline *p, enum function_id function, const char *name,
                               uint32_t task_type, struct duration timeout, int64_t reserved)
{
    const struct scenario *s = p->scenario;
    struct function_config *config = &p->cloud.functions.configs[function];
    config->name = name;
    config->task_type = task_type;
    config->timeout = timeout;
    config->reserved_concurrency = reserved;
    config->scaling_per_10s = s->function.scaling_per_10s;
    config->idle_lifetime = s->function.idle_lifetime;
    distribution_init(&config->cold_start, &s->function.cold_start);
    distribution_init(&config->clock_skew, &s->function.clock_skew);
}

static void configure_schedule(struct pipeline *p)
{
    const struct scenario *s = p->scenario;
    struct schedule *schedule = &p->cloud.schedule;
    configure_function(p, FUNCTION_BATCHER, "manifest-batcher", TASK_BATCHER, s->function.timeout,
                       s->schedule.concurrency);
    if (s->builder.creator == CREATOR_SCHEDULE) {
        schedule->interval = s->schedule.interval;
    }
    schedule->duplicate_ppm = s->schedule.duplicate_ppm;
    schedule->lost_ppm = s->schedule.lost_ppm;
    schedule->function = FUNCTION_BATCHER;
    distribution_init(&schedule->delay, &s->schedule.delay);
}

static void configure_queue(struct pipeline *p)
{
    const struct scenario *s = p->scenario;
    struct queue *q = &p->cloud.queue;
    struct event_source *e = &p->cloud.event_source;
    q->visibility_timeout = s->queue.visibility_timeout;
    q->retention = s->queue.retention;
    q->max_receive_count = s->queue.max_receive_count;
    q->duplicate_ppm = s->queue.duplicate_ppm;
    q->notification_duplicate_ppm = s->bucket.notification_duplicate_ppm;
    distribution_init(&q->notification_delay, &s->bucket.notification_delay);
    e->enabled = true;
    e->batch_size = s->mapping.batch_size;
    e->batching_window = s->mapping.batching_window;
    e->maximum_concurrency = s->mapping.maximum_concurrency;
    e->initial_concurrency = s->mapping.initial_concurrency;
    e->scaling_per_minute = s->mapping.scaling_per_minute;
    e->concurrency_limit = s->mapping.concurrency_limit;
}

static void configure_workflow(struct pipeline *p)
{
    const struct scenario *s = p->scenario;
    struct workflow *w = &p->cloud.workflow;
    struct job *j = &p->cloud.job;
    state_machine_define(p);
    w->states = p->machine;
    w->task_type = TASK_STATE_MACHINE;
    w->first_state_inside_start = s->has_machine && s->workflow.start_applies_first_state;
    w->never_starts = !s->has_machine || s->workflow.never_starts;
    distribution_init(&w->start_delay, &s->workflow.start_delay);
    distribution_init(&w->transition, &s->workflow.transition);
    j->max_concurrent_runs = s->glue.max_concurrent_runs;
    j->max_retries = s->glue.max_retries;
    j->failure_ppm = s->glue.failure_ppm;
    j->timeout = s->glue.timeout;
    j->poll_interval = s->glue.poll_interval;
    distribution_init(&j->start_up, &s->glue.start_up);
    distribution_init(&j->run_time, &s->glue.run_time);
}

static void configure_bus(struct pipeline *p)
{
    const struct scenario *s = p->scenario;
    struct bus *b = &p->cloud.bus;
    b->enabled = s->builder.publisher == PUBLISHER_BUS;
    b->duplicate_ppm = s->bus.duplicate_ppm;
    b->failure_ppm = s->bus.failure_ppm;
    b->maximum_retries = s->bus.max_retries;
    b->maximum_age = s->bus.max_age;
    distribution_init(&b->delay, &s->bus.delay);
}

static void configure_stream(struct pipeline *p)
{
    const struct scenario *s = p->scenario;
    struct stream_source *source = &p->cloud.stream_source;
    source->enabled = s->builder.creator == CREATOR_STREAM;
    source->function = FUNCTION_STREAM_CREATOR;
    source->start = STREAM_LATEST;
    source->filter = stream_creator_wants;
    source->shards = (uint32_t)s->stream.shards;
    source->batch_size = s->stream.batch_size;
    source->batching_window = s->stream.batching_window;
    source->parallelization = s->stream.parallelization;
    source->maximum_retries = s->stream.max_retries;
    source->maximum_record_age = s->stream.max_age;
    source->duplicate_ppm = s->stream.duplicate_ppm;
    source->bisect = s->stream.bisect;
    distribution_init(&source->read_latency, &s->stream.read_latency);
    distribution_init(&source->retry_wait, &s->stream.retry_wait);
}

static void configure(struct pipeline *p)
{
    const struct scenario *s = p->scenario;
    struct cloud *c = &p->cloud;
#define X(call) &s->latency.call,
    const struct distribution_spec *latencies[] = {LATENCY_MAP(X)};
#undef X
    _Static_assert(sizeof latencies / sizeof latencies[0] == LATENCIES_COUNT,
                   "the scenario's latencies are the cloud's, in its order");
    for (uint32_t i = 0; i < LATENCIES_COUNT; i++) {
        distribution_init(&c->latencies[i], latencies[i]);
    }
    c->buckets.lifetimes[BUCKET_INPUT] = s->bucket.input_lifetime;
    c->buckets.lifetimes[BUCKET_MANIFEST] = s->bucket.manifest_lifetime;
    configure_queue(p);
    configure_function(p, FUNCTION_BUILDER, "manifest-builder", TASK_MANIFEST_BUILDER,
                       s->function.timeout, s->function.reserved_concurrency);
    /* The updater has 120 s and no reserved concurrency. Source: PIPE-CONFIG-1. */
    configure_function(p, FUNCTION_UPDATER, "batch-status-updater", TASK_STATUS_UPDATER,
                       duration_s(120), 0);
    configure_function(p, FUNCTION_STREAM_CREATOR, "stream-manifest-creator", TASK_STREAM_CREATOR,
                       duration_s(120), 0);
    configure_bus(p);
    configure_stream(p);
    configure_schedule(p);
    configure_workflow(p);
    distribution_init(&p->replica_lag, &s->table.replica_lag);
    distribution_init(&p->index_lag, &s->table.index_lag);
    distribution_init(&c->sweeper.delay, &s->table.ttl_delay);
}

static enum status configure_gaps(struct pipeline *p, struct error *error)
{
    const struct scenario *s = p->scenario;
    p->gaps = calloc(s->workloads_count + 1, sizeof *p->gaps);
    if (p->gaps == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory for the workload");
    }
    for (uint32_t i = 0; i < s->workloads_count; i++) {
        struct distribution_spec spec = {
            .kind = DISTRIBUTION_EXPONENTIAL,
            .a = {s->workloads[i].over.ns / s->workloads[i].files},
        };
        if (s->workloads[i].spacing == SPACING_POISSON) {
            distribution_init(&p->gaps[i], &spec);
        }
    }
    return STATUS_OK;
}

struct table_config pipeline_table_schema(void)
{
    return (struct table_config){
        .name = TRACKING_TABLE,
        .hash_key = {"date_prefix", TYPE_S},
        .range_key = {"file_key",             TYPE_S},
        .ttl_attribute = "ttl",
        .indexes_count = 1,
        .indexes = {{.name = STATUS_INDEX,
                     .hash_key = {"status", TYPE_S},
                     .range_key = {"date_prefix", TYPE_S}}},
    };
}

/* Source: PIPE-FIRST-1. */
struct text pipeline_range_name(const struct pipeline *p)
{
    return p->scenario->table.range_key == RANGE_FILE_NAME ? TEXT("file_name") : TEXT("file_key");
}

static enum status open_table(struct pipeline *p, uint64_t files, const struct run_options *options,
                              struct error *error)
{
    const struct scenario *s = p->scenario;
    int64_t replica_ns = distribution_at(&p->replica_lag, UINT32_MAX).ns;
    int64_t index_ns = distribution_at(&p->index_lag, UINT32_MAX).ns;
    int64_t stale_ns = faults_staleness(s).ns;
    int64_t deviation_ns = deviations_staleness(options->menu).ns;
    stale_ns = stale_ns > deviation_ns ? stale_ns : deviation_ns;
    bool throttles = s->table.throttling == THROTTLING_AWS;
    struct table_config config = pipeline_table_schema();
    config.range_key.name = pipeline_range_name(p).at;
    config.directory = options->table_directory;
    config.durable = options->table_directory != NULL;
    config.scratch = options->scratch;
    config.rcu = config.indexes[0].rcu = throttles ? s->table.rcu : 0;
    config.wcu = config.indexes[0].wcu = throttles ? s->table.wcu : 0;
    config.max_rcu = config.indexes[0].max_rcu = s->table.max_rcu;
    config.max_wcu = config.indexes[0].max_wcu = s->table.max_wcu;
    config.limits = s->table.limits;
    config.history.ns = replica_ns > index_ns ? replica_ns : index_ns;
    config.history.ns = (config.history.ns > stale_ns ? config.history.ns : stale_ns) + NS_PER_MS;
    if (p->cloud.stream_source.enabled) {
        config.stream = STREAM_NEW_AND_OLD_IMAGES;
        config.stream_shards = p->cloud.stream_source.shards;
    }
    config.items_max = 3 * files + 4096;
    config.cache_bytes = (uint64_t)CACHE_MIB << 20;
    p->cloud.table = table_open(&config, s->start, error);
    if (p->cloud.table == NULL) {
        return STATUS_IO;
    }
    /* A run is a function of its scenario: it begins with an empty table. */
    if (table_count(p->cloud.table) > 0) {
        return error_set(error, STATUS_BAD_INPUT,
                         "%s: holds a table of %llu items already; name a new directory",
                         options->table_directory, (unsigned long long)table_count(p->cloud.table));
    }
    return STATUS_OK;
}

enum status pipeline_init(struct pipeline *p, const struct scenario *scenario,
                          const struct run_options *options, struct error *error)
{
    uint64_t files = files_of(scenario);
    uint64_t events = 4 * files + 65536;
    p->scenario = scenario;
    p->history.keep_calls = options->keep_calls;
    simulation_init(&p->cloud.simulation, &p->cloud, cloud_events, EVENTS_COUNT, options->choices,
                    options->trace);
    pipeline_task_types(p->types, files);
    p->types[TASK_OPERATOR].attempts_max = (uint8_t)scenario->cli.attempts;
    p->types[TASK_OPERATOR].table_attempts_max = (uint8_t)scenario->cli.attempts;
    faults_plan(&p->faults, scenario, p->types);
    memcpy(p->operations, pipeline_operations, sizeof p->operations);
    define_application(p);
    configure(p);
    cloud_declare(&p->cloud, files);
    p->state_region = world_declare(&p->cloud.simulation.world, "pipeline", REGION_RECORDS,
                                    sizeof(struct pipeline_state), 1, (void **)&p->state);
    history_declare(p, files);
    deviations_declare(p);
    enum status status = expressions_compile(p->expressions, error);
    if (status == STATUS_OK) {
        status = configure_gaps(p, error);
    }
    if (status == STATUS_OK) {
        events = scenario->limits.events > 0 ? (uint64_t)scenario->limits.events : events;
        events = events < EVENT_QUEUE_CAPACITY_MAX ? events : EVENT_QUEUE_CAPACITY_MAX;
        status = world_build(&p->cloud.simulation.world, (uint32_t)events, scenario->start,
                             options->choices, error);
    }
    if (status == STATUS_OK) {
        status = open_table(p, files, options, error);
    }
    if (status == STATUS_OK) {
        (void)world_append(&p->cloud.simulation.world, p->state_region);
        history_init(p);
        deviations_init(p, options->menu);
        cloud_init(&p->cloud);
    } else {
        (void)pipeline_deinit(p, NULL);
    }
    return status;
}

bool pipeline_at_rest(const struct pipeline *p)
{
    const struct cloud *c = &p->cloud;
    return event_queue_count(c->simulation.world.queue) <=
               c->sweeper.state->pending + c->schedule.state->pending + p->state->outside &&
           schedule_rests(c);
}

enum status pipeline_deinit(struct pipeline *p, struct error *error)
{
    enum status status = table_close(p->cloud.table, error);
    p->cloud.table = NULL;
    expressions_free(p->expressions);
    free(p->gaps);
    p->gaps = NULL;
    world_deinit(&p->cloud.simulation.world);
    return status;
}

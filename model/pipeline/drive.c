/* drive.c: see drive.h. */
#include "model/pipeline/drive.h"

#include "model/pipeline/manifest_builder.h"
#include "model/pipeline/run_state.h"

static struct distribution_spec nothing(void)
{
    return (struct distribution_spec){.kind = DISTRIBUTION_CONSTANT};
}

void drive_prepare(struct scenario *s, int64_t files)
{
    scenario_apply_latency(s, LATENCY_PROFILE_ZERO);
    s->limits.files = files;
    s->function.cold_start = nothing();
    s->function.work = (struct duration){0};
    s->function.timeout = (struct duration){NS_PER_DAY};
    s->table.replica_lag = nothing();
    s->table.index_lag = nothing();
    scenario_apply_throttling(s, THROTTLING_NONE);
    s->workflow.start_applies_first_state = true;
    s->missing_file_key = MISSING_KEY_SHARED;
}

struct run *drive_create(const struct scenario *scenario, const struct run_options *options,
                         struct duration time_per_manifest, struct error *error)
{
    struct run *run = run_create(scenario, options, error);
    if (run != NULL) {
        struct pipeline *p = run_pipeline(run);
        p->pauses_take_no_time = true;
        p->time_per_manifest = time_per_manifest;
        p->cloud.event_source.enabled = false;
    }
    return run;
}

/* The builder that function_invoke has just made: the one task of its type that has not started. */
static struct manifest_builder *newest_builder(struct pipeline *p)
{
    struct cloud *c = &p->cloud;
    uint64_t used = world_used(&c->simulation.world, c->task_regions[TASK_MANIFEST_BUILDER]);
    struct manifest_builder *builders = (void *)c->tasks[TASK_MANIFEST_BUILDER];
    for (uint64_t i = 0; i < used; i++) {
        if (builders[i].reader.invocation.task.slot.live != 0) {
            return &builders[i];
        }
    }
    return NULL;
}

static uint32_t upload(struct pipeline *p, struct text date, int64_t size)
{
    return workload_put(p, TEXT("pipeline/input/"), date, size);
}

/* The record of a file, as an invocation at this instant would put it. */
static bool track(struct pipeline *p, uint32_t key, struct text date, int64_t size)
{
    struct call call = {.operation = OPERATION_TRACK_FILE};
    struct file_request request = {
        .key = key,
        .date = names_intern(&p->cloud.names, date),
        .clock_ns = cloud_now(&p->cloud).ns,
        .size = size,
    };
    memcpy(call.request, &request, sizeof request);
    return request.date != 0 && perform_track_file(&p->cloud, NULL, &call) == CALL_OK;
}

bool drive_preload(struct run *run, int64_t files, struct text date, int64_t size)
{
    struct pipeline *p = run_pipeline(run);
    for (int64_t i = 0; i < files; i++) {
        uint32_t key = upload(p, date, size);
        if (key == 0 || !track(p, key, date, size)) {
            return false;
        }
    }
    return true;
}

/* Gives an invocation its records. */
static bool fill(struct pipeline *p, struct manifest_builder *b, const struct drive_event *event)
{
    uint64_t arrived = HISTORY_COUNT(p, files);
    uint64_t first = arrived - (uint64_t)event->files;
    ASSERT(!event->again || (uint64_t)event->files <= arrived);
    for (int64_t i = 0; i < event->files; i++) {
        uint32_t key = event->again ? p->history.files[first + (uint64_t)i].key
                                    : upload(p, event->date, event->size);
        if (key == 0 || !chain_push(&p->cloud.chunks, &b->records, key)) {
            return false;
        }
    }
    b->bare = event->bare;
    return true;
}

bool drive_invoke(struct run *run, const struct drive_event *event, struct drive_answer *answer,
                  struct error *error)
{
    struct pipeline *p = run_pipeline(run);
    struct invocation_request request = {.batch = 0};
    bool invoked = function_invoke(&p->cloud, FUNCTION_BUILDER, &request);
    struct manifest_builder *b = newest_builder(p);
    ASSERT(invoked && b != NULL);
    if (!fill(p, b, event)) {
        (void)error_set(error, STATUS_FULL, "too many files");
        return false;
    }
    while (b->reader.invocation.task.slot.live != 0) {
        enum run_state state = run_advance(run, 1, error);
        if (state == RUN_FULL || state == RUN_FAILED) {
            return false;
        }
    }
    const struct invocation_history *row =
        &p->history.invocations[HISTORY_COUNT(p, invocations) - 1];
    *answer = (struct drive_answer){
        .status_code = manifest_builder_status_code(row->errors),
        .processed = row->processed,
        .quarantined = row->quarantined,
        .errors = row->errors,
    };
    return true;
}

static enum call_status refuse_start(struct cloud *c, struct task *caller, struct call *call)
{
    (void)c;
    (void)caller;
    (void)call;
    return CALL_INVALID;
}

void drive_refuse_starts(struct run *run, bool refuse)
{
    run_pipeline(run)->operations[OPERATION_START_EXECUTION].perform =
        refuse ? refuse_start : perform_start_execution;
}

void drive_complete(struct run *run)
{
    struct pipeline *p = run_pipeline(run);
    struct cloud *c = &p->cloud;
    struct execution *executions = (void *)c->tasks[TASK_STATE_MACHINE];
    uint64_t used = world_used(&c->simulation.world, c->task_regions[TASK_STATE_MACHINE]);
    for (uint64_t i = 0; i < used; i++) {
        if (executions[i].task.slot.live != 0) {
            struct call call = {.operation = OPERATION_UPDATE_COMPLETED};
            executions[i].entered_ns = cloud_now(c).ns;
            (void)perform_update_completed(c, &executions[i].task, &call);
        }
    }
}

struct drive_pauses drive_pauses(const struct run *run)
{
    const struct pipeline_state *state = run_pipeline((struct run *)run)->state;
    return (struct drive_pauses){state->pauses_after_success, state->pauses_after_failure};
}

int64_t drive_copies(const struct run *run)
{
    return run_pipeline((struct run *)run)->cloud.buckets.counts->puts[BUCKET_QUARANTINE];
}

struct each_item {
    void (*visit)(void *self, struct text kind, struct text status);
    void *self;
    struct text range_name;
};

static void visit_item(void *self, struct item item)
{
    const struct each_item *each = self;
    struct text kind = TEXT("file");
    if (text_starts(item_text(item, TEXT("date_prefix")), TEXT("LOCK#"))) {
        kind = TEXT("lock");
    } else if (text_starts(item_text(item, each->range_name), TEXT("MANIFEST"))) {
        kind = TEXT("manifest");
    }
    each->visit(each->self, kind, item_text(item, TEXT("status")));
}

void drive_each_item(struct run *run,
                     void (*visit)(void *self, struct text kind, struct text status), void *self)
{
    struct each_item each = {visit, self, pipeline_range_name(run_pipeline(run))};
    table_each(run_pipeline(run)->cloud.table, visit_item, &each);
}

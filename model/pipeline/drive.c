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

static bool upload(struct pipeline *p, struct manifest_builder *b, int64_t files, struct text date,
                   int64_t size)
{
    for (int64_t i = 0; i < files; i++) {
        uint32_t key = workload_put(p, TEXT("pipeline/input/"), date, size);
        if (key == 0 || !chain_push(&p->cloud.chunks, &b->records, key)) {
            return false;
        }
    }
    return true;
}

bool drive_invoke(struct run *run, int64_t files, struct text date, int64_t size,
                  struct error *error)
{
    struct pipeline *p = run_pipeline(run);
    struct invocation_request request = {.batch = 0};
    bool invoked = function_invoke(&p->cloud, FUNCTION_BUILDER, &request);
    struct manifest_builder *b = newest_builder(p);
    ASSERT(invoked && b != NULL);
    bool uploaded = upload(p, b, files, date, size);
    while (uploaded && b->reader.invocation.task.slot.live != 0) {
        enum run_state state = run_advance(run, 1, error);
        if (state == RUN_FULL || state == RUN_FAILED) {
            return false;
        }
    }
    return uploaded || error_set(error, STATUS_FULL, "too many files") == STATUS_OK;
}

struct drive_pauses drive_pauses(const struct run *run)
{
    const struct pipeline_state *state = run_pipeline((struct run *)run)->state;
    return (struct drive_pauses){state->pauses_after_success, state->pauses_after_failure};
}

struct each_item {
    void (*visit)(void *self, struct text kind, struct text status);
    void *self;
};

static void visit_item(void *self, struct item item)
{
    const struct each_item *each = self;
    struct text kind = TEXT("file");
    if (text_starts(item_text(item, TEXT("date_prefix")), TEXT("LOCK#"))) {
        kind = TEXT("lock");
    } else if (text_starts(item_text(item, TEXT("file_key")), TEXT("MANIFEST"))) {
        kind = TEXT("manifest");
    }
    each->visit(each->self, kind, item_text(item, TEXT("status")));
}

void drive_each_item(struct run *run,
                     void (*visit)(void *self, struct text kind, struct text status), void *self)
{
    struct each_item each = {visit, self};
    table_each(run_pipeline(run)->cloud.table, visit_item, &each);
}

/* history.c: see history.h. */
#include "model/pipeline/pipeline.h"

#include "model/pipeline/manifest_builder.h"

void history_declare(struct pipeline *p, uint64_t files)
{
    struct world *w = &p->cloud.simulation.world;
    struct history *h = &p->history;
    uint64_t n = files;
    bool keep_calls = h->keep_calls;
#define X(member, name, type, most)                                                                \
    h->member##_region =                                                                           \
        world_declare(w, name, REGION_HISTORY, sizeof(type), most, (void **)&h->member);
    HISTORY_MAP(X)
#undef X
    h->counts_region = world_declare(w, "history counts", REGION_HISTORY,
                                     sizeof(struct history_counts), 1, (void **)&h->counts);
}

void history_init(struct pipeline *p)
{
    (void)world_append(&p->cloud.simulation.world, p->history.counts_region);
}

/* The number, from 1, of a new zeroed row; 0 where the list is full, which ends the trial. */
static uint32_t append(struct pipeline *p, uint32_t region)
{
    struct simulation *s = &p->cloud.simulation;
    int64_t at = world_append(&s->world, region);
    if (at < 0) {
        simulation_fail(s, s->world.regions[region].name);
        return 0;
    }
    return (uint32_t)at + 1;
}

static int64_t now_ns(const struct pipeline *p)
{
    return cloud_now(&p->cloud).ns;
}

static struct object *object_of(struct pipeline *p, uint32_t key)
{
    uint32_t number = p->cloud.names.names[key].owner;
    return number == 0 ? NULL : bucket_object(&p->cloud.buckets, number);
}

struct file_history *history_file(struct pipeline *p, uint32_t key)
{
    const struct object *object = object_of(p, key);
    if (object == NULL || object->bucket != BUCKET_INPUT || object->owner == 0) {
        return NULL;
    }
    return &p->history.files[object->owner - 1];
}

void history_violation(struct pipeline *p, enum invariant invariant, uint32_t subject)
{
    p->history.counts->violations[invariant]++;
    int64_t at = world_append(&p->cloud.simulation.world, p->history.violations_region);
    /* The count tells of those for which there is no room. */
    if (at >= 0) {
        p->history.violations[at] =
            (struct violation_history){(uint32_t)invariant, subject, now_ns(p)};
    }
}

void history_deviation(struct pipeline *p, uint32_t fault, const struct task *caller)
{
    uint32_t row = append(p, p->history.deviations_region);
    if (row != 0) {
        p->history.deviations[row - 1] = (struct deviation_history){
            .fault = fault,
            .type = caller->type,
            .parent = caller->parent,
            .ordinal = caller->ordinal,
            .point = caller->call.point,
            .at_ns = now_ns(p),
        };
    }
}

void history_arrived(struct pipeline *p, uint32_t key, int64_t size)
{
    struct object *object = object_of(p, key);
    if (object->owner == 0) {
        object->owner = append(p, p->history.files_region);
        if (object->owner == 0) {
            return;
        }
    }
    p->history.files[object->owner - 1] = (struct file_history){
        .key = key,
        .size = size,
        .arrived_ns = now_ns(p),
        .tracked_ns = HISTORY_NEVER,
        .manifested_ns = HISTORY_NEVER,
        .completed_ns = HISTORY_NEVER,
    };
}

void history_tracked(struct pipeline *p, uint32_t key, uint32_t date)
{
    struct file_history *file = history_file(p, key);
    p->history.counts->tracked += file->date == 0;
    if (file->tracked_ns == HISTORY_NEVER) {
        file->tracked_ns = now_ns(p);
    }
    file->date = date;
    file->manifest = 0;
}

void history_quarantined(struct pipeline *p, uint32_t key)
{
    struct file_history *file = history_file(p, key);
    p->history.counts->quarantined += file->quarantined == 0;
    file->quarantined = 1;
}

void history_manifested(struct pipeline *p, uint32_t key, uint32_t manifest)
{
    struct file_history *file = history_file(p, key);
    if (file != NULL) {
        file->manifest = manifest;
        file->manifested_ns = now_ns(p);
    }
}

void history_completed(struct pipeline *p, uint32_t key)
{
    struct file_history *file = history_file(p, key);
    if (file != NULL) {
        file->completed_ns = now_ns(p);
    }
}

void history_manifest_put(struct pipeline *p, uint32_t manifest, uint32_t date, uint32_t invocation)
{
    struct history *h = &p->history;
    struct object *object = object_of(p, manifest);
    h->counts->manifest_puts++;
    if (object->owner != 0) {
        h->manifests[object->owner - 1].overwritten = 1;
        h->counts->overwrites++;
        history_violation(p, INVARIANT_S2, manifest);
    }
    object->owner = append(p, h->manifests_region);
    if (object->owner != 0) {
        h->manifests[object->owner - 1] = (struct manifest_history){
            .key = manifest,
            .date = date,
            .invocation = invocation,
            .files = object->body_count,
            .body_start = object->body_start,
            .created_ns = now_ns(p),
        };
    }
}

/* A started execution will have the manifest's files read. */
static void count_starts(struct pipeline *p, const struct manifest_history *manifest)
{
    for (uint32_t i = 0; i < manifest->files; i++) {
        struct file_history *file =
            history_file(p, p->cloud.buckets.bodies[manifest->body_start + i]);
        if (file != NULL && ++file->starts == 2) {
            p->history.counts->duplicated++;
            history_violation(p, INVARIANT_S1, file->key);
        }
    }
}

uint32_t history_execution_started(struct pipeline *p, uint32_t manifest, uint32_t date,
                                   uint32_t files)
{
    struct history *h = &p->history;
    const struct object *object = object_of(p, manifest);
    uint32_t row = append(p, h->executions_region);
    if (row == 0) {
        return 0;
    }
    h->executions[row - 1] = (struct execution_history){
        .manifest = manifest,
        .date = date,
        .manifest_row = object == NULL ? 0 : object->owner,
        .files = files,
        .started_ns = now_ns(p),
        .ended_ns = HISTORY_NEVER,
    };
    if (object != NULL && object->owner != 0) {
        h->manifests[object->owner - 1].executions++;
        count_starts(p, &h->manifests[object->owner - 1]);
    }
    return row;
}

void history_execution_ended(struct cloud *c, const struct execution *e)
{
    struct history *h = &pipeline_of(c)->history;
    struct execution_history *row = &h->executions[e->row - 1];
    row->status = e->status;
    row->caught = e->caught;
    row->ended_ns = cloud_now(c).ns;
    h->counts->executions_succeeded += e->status == EXECUTION_SUCCEEDED;
    h->counts->executions_failed += e->status == EXECUTION_FAILED;
}

uint32_t history_run_requested(struct pipeline *p, uint32_t execution, bool accepted)
{
    struct history *h = &p->history;
    uint32_t row = append(p, h->job_runs_region);
    if (row == 0) {
        return 0;
    }
    h->job_runs[row - 1] = (struct job_run_history){
        .execution = execution,
        .state = accepted ? (uint32_t)JOB_STARTING : (uint32_t)JOB_REFUSED,
        .started_ns = now_ns(p),
        .ended_ns = accepted ? HISTORY_NEVER : now_ns(p),
    };
    h->executions[execution - 1].job_runs += accepted;
    h->executions[execution - 1].refusals += !accepted;
    h->counts->runs_accepted += accepted;
    h->counts->runs_refused += !accepted;
    return row;
}

void history_run_ended(struct pipeline *p, uint32_t row, enum job_state state, int64_t parquet)
{
    struct history *h = &p->history;
    h->job_runs[row - 1].state = state;
    h->job_runs[row - 1].ended_ns = now_ns(p);
    h->job_runs[row - 1].parquet_objects = parquet;
    h->counts->parquet_objects += parquet;
    h->counts->runs_succeeded += state == JOB_SUCCEEDED;
    h->counts->runs_failed += state != JOB_SUCCEEDED;
}

void history_read_by_job(struct pipeline *p, const struct object *manifest, bool replaces)
{
    if (manifest->owner != 0 && p->history.manifests[manifest->owner - 1].outputs++ > 0 &&
        replaces) {
        return;
    }
    for (uint32_t i = 0; i < manifest->body_count; i++) {
        struct file_history *file =
            history_file(p, p->cloud.buckets.bodies[manifest->body_start + i]);
        if (file != NULL && ++file->outputs == 2) {
            history_violation(p, INVARIANT_S5, file->key);
        }
    }
}

/* --- the lock
 * ---------------------------------------------------------------------------------------------- */

/* The latest tenure of a date; NULL where there was none. */
static struct tenure_history *tenure_of(struct pipeline *p, uint32_t date)
{
    uint32_t row = p->cloud.names.names[date].owner;
    return row == 0 ? NULL : &p->history.tenures[row - 1];
}

static void end_tenure(struct pipeline *p, struct tenure_history *tenure, enum tenure_end end)
{
    struct history_counts *counts = p->history.counts;
    tenure->end = end;
    tenure->ended_ns = now_ns(p);
    int64_t time_ns = tenure->ended_ns - tenure->acquired_ns;
    if (tenure->refused > 0 && time_ns > counts->longest_block_ns) {
        counts->longest_block_ns = time_ns;
    }
}

/* Two owners at once: the one before has lost its lock, or is losing it now, but still works. */
static bool still_works(const struct pipeline *p, const struct tenure_history *before,
                        uint32_t invocation)
{
    return before->end != TENURE_RELEASED && before->invocation != invocation &&
           p->history.invocations[before->invocation - 1].end == INVOCATION_RUNNING;
}

void history_lock_acquired(struct pipeline *p, uint32_t date, uint32_t invocation,
                           int64_t expires_s, bool taken_over)
{
    struct history *h = &p->history;
    struct tenure_history *before = tenure_of(p, date);
    h->counts->lock_acquired++;
    if (before != NULL && still_works(p, before, invocation)) {
        history_violation(p, INVARIANT_S7, date);
    }
    if (taken_over && before != NULL) {
        h->counts->lock_taken_over++;
        end_tenure(p, before, TENURE_TAKEN_OVER);
    }
    uint32_t row = append(p, h->tenures_region);
    if (row != 0) {
        h->tenures[row - 1] = (struct tenure_history){
            .date = date,
            .invocation = invocation,
            .acquired_ns = now_ns(p),
            .ended_ns = HISTORY_NEVER,
            .expires_ns = expires_s * NS_PER_S,
            .owner_ended_ns = HISTORY_NEVER,
        };
        p->cloud.names.names[date].owner = row;
    }
}

void history_lock_refused(struct pipeline *p, uint32_t date, int64_t now_s)
{
    struct tenure_history *tenure = tenure_of(p, date);
    p->history.counts->lock_refused++;
    if (tenure != NULL) {
        tenure->refused++;
        if (now_s > tenure->expires_ns / NS_PER_S) {
            history_violation(p, INVARIANT_L3, date);
        }
    }
}

void history_lock_gone(struct pipeline *p, uint32_t date, enum tenure_end end)
{
    struct tenure_history *tenure = tenure_of(p, date);
    if (tenure != NULL && tenure->end == TENURE_HELD) {
        end_tenure(p, tenure, end);
    }
}

void history_expired(struct cloud *c, struct item old)
{
    static const struct text prefix = {"LOCK#manifest-", sizeof "LOCK#manifest-" - 1};
    struct text key = item_text(old, TEXT("date_prefix"));
    if (text_starts(key, prefix)) {
        struct text date = {key.at + prefix.size, key.size - prefix.size};
        history_lock_gone(pipeline_of(c), names_find(&c->names, date), TENURE_DELETED_BY_TTL);
    }
}

/* --- invocations and calls
 * --------------------------------------------------------------------------------- */

static void invocation_started(struct pipeline *p, struct invocation *invocation)
{
    struct history *h = &p->history;
    uint32_t row = append(p, h->invocations_region);
    invocation->row = row;
    if (row != 0) {
        h->invocations[row - 1] = (struct invocation_history){
            .function = invocation->function,
            .environment = invocation->task.parent,
            .cold = invocation->cold,
            .end = INVOCATION_RUNNING,
            .started_ns = now_ns(p),
            .ended_ns = HISTORY_NEVER,
        };
    }
}

void history_invocation(struct cloud *c, struct invocation *invocation, bool started,
                        enum invocation_end end)
{
    struct pipeline *p = pipeline_of(c);
    if (started) {
        invocation_started(p, invocation);
        return;
    }
    struct invocation_history *row = &p->history.invocations[invocation->row - 1];
    row->end = end;
    row->ended_ns = now_ns(p);
    if (invocation->function != FUNCTION_BUILDER) {
        return;
    }
    const struct manifest_builder *b = (const void *)invocation;
    row->records = b->record;
    row->errors = b->errors;
    row->manifests = b->manifests;
    struct tenure_history *tenure = b->creation.date == 0 ? NULL : tenure_of(p, b->creation.date);
    if (tenure != NULL && tenure->invocation == invocation->row && tenure->end == TENURE_HELD) {
        tenure->owner_ended_ns = now_ns(p);
    }
}

/* The name of what a call is about, as far as its request tells. */
static uint32_t subject_of(const struct task *caller, const struct call *call)
{
    if (caller->type == TASK_STATE_MACHINE) {
        return ((const struct execution *)(const void *)caller)->manifest;
    }
    if (call->operation == OPERATION_PUT_MANIFEST) {
        return ((const struct manifest_builder *)(const void *)caller)->creation.manifest;
    }
    /* Requests begin with a key or a date, the lower half of the first word on every machine we
     * build for. */
    uint32_t first;
    memcpy(&first, call->request, sizeof first);
    return first;
}

/* Requests to the table, and what throttling does to them. */
static void count_request(struct pipeline *p, const struct task *caller, const struct call *call,
                          enum call_status status)
{
    struct history_counts *counts = p->history.counts;
    bool throttled = status == CALL_THROTTLED;
    counts->table_requests++;
    counts->table_throttled += throttled;
    counts->table_retried += call->attempt > 1;
    counts->table_given_up +=
        throttled && call->attempt == p->types[caller->type].table_attempts_max;
}

void history_call(struct cloud *c, const struct task *caller, const struct call *call,
                  enum call_status status)
{
    struct pipeline *p = pipeline_of(c);
    struct history *h = &p->history;
    if (p->operations[call->operation].of_table) {
        count_request(p, caller, call, status);
    }
    if (!h->keep_calls) {
        return;
    }
    uint32_t row = append(p, h->calls_region);
    if (row == 0) {
        return;
    }
    bool lost = call->fault == CALL_LOSES_REPLY || caller->dead != 0;
    h->calls[row - 1] = (struct call_history){
        .sent_ns = call->sent_ns,
        .effect_ns = now_ns(p),
        .reply_ns = lost ? HISTORY_NEVER : now_ns(p) + call->half_ns + call->extra_ns,
        .type = caller->type,
        .parent = caller->parent,
        .ordinal = caller->ordinal,
        .subject = subject_of(caller, call),
        .point = call->point,
        .operation = call->operation,
        .status = (uint8_t)status,
        .attempt = call->attempt,
    };
}

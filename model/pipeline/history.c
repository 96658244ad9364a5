/* history.c: see history.h. */
#include "model/pipeline/pipeline.h"

#include "model/pipeline/manifest_builder.h"
#include "model/pipeline/stream_creator.h"

/* When the last comes from outside: a file, or an operator. */
static int64_t last_ns(const struct scenario *s)
{
    int64_t last = 0;
    for (uint32_t i = 0; i < s->workloads_count; i++) {
        int64_t end = s->workloads[i].at.ns + s->workloads[i].over.ns;
        last = end > last ? end : last;
    }
    for (uint32_t i = 0; i < s->operators_count; i++) {
        last = s->operators[i].at.ns > last ? s->operators[i].at.ns : last;
    }
    return last;
}

/* Twice the ticks of the run and a week, or where it has no fixed end, of what comes from outside.
 */
static uint64_t most_ticks(const struct scenario *s)
{
    int64_t span_ns = s->until.ns > 0 ? s->until.ns : last_ns(s);
    if (s->builder.creator != CREATOR_SCHEDULE) {
        return 0;
    }
    return 2 * (uint64_t)((span_ns + 7 * NS_PER_DAY) / s->schedule.interval.ns);
}

void history_declare(struct pipeline *p, uint64_t files)
{
    struct world *w = &p->cloud.simulation.world;
    struct history *h = &p->history;
    uint64_t n = files;
    uint64_t ticks = most_ticks(p->scenario);
    bool keep_calls = h->keep_calls;
#define X(member, name, type, most)                                                                \
    h->member##_region =                                                                           \
        world_declare(w, name, REGION_HISTORY, sizeof(type), most, (void **)&h->member);
    HISTORY_MAP(X)
#undef X
#define X(member, name, type, most)                                                                \
    h->member##_region =                                                                           \
        world_declare(w, name, REGION_OBSERVED, sizeof(type), most, (void **)&h->member);
    OBSERVED_MAP(X)
#undef X
    h->counts_region = world_declare(w, "history counts", REGION_HISTORY,
                                     sizeof(struct history_counts), 1, (void **)&h->counts);
}

void history_init(struct pipeline *p)
{
    (void)world_append(&p->cloud.simulation.world, p->history.counts_region);
    for (uint32_t i = 0; i < POINTS_MAX; i++) {
        (void)world_append(&p->cloud.simulation.world, p->history.points_region);
    }
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
    if (at < 0) {
        return;
    }
    struct violation_history *row = &p->history.violations[at];
    const struct task *acting = p->cloud.acting;
    *row = (struct violation_history){
        .invariant = (uint32_t)invariant, .subject = subject, .at_ns = now_ns(p)};
    if (acting != NULL) {
        row->acting = acting->type + 1;
        row->parent = acting->parent;
        row->ordinal = acting->ordinal;
        row->point = acting->call.point;
        row->operation = acting->call.operation;
    }
}

/* --- dates
 * --------------------------------------------------------------------------------------------------
 */

static int64_t end_of_date(struct text date)
{
    char text[32];
    struct text_writer w = text_writer(text, sizeof text);
    struct instant midnight;
    struct error error;
    text_put(&w, date);
    text_put(&w, TEXT("T00:00:00Z"));
    bool named = instant_parse(text_written(&w), &midnight, &error) == STATUS_OK &&
                 instant_add_checked(midnight, (struct duration){NS_PER_DAY}, &midnight);
    return named ? midnight.ns : INT64_MAX;
}

/* Nearly always among the latest. */
const struct date_history *history_date(const struct pipeline *p, uint32_t date)
{
    const struct history *h = &p->history;
    for (uint64_t i = HISTORY_COUNT(p, dates); i > 0; i--) {
        if (h->dates[i - 1].date == date) {
            return &h->dates[i - 1];
        }
    }
    return NULL;
}

/* The row of a date, from 1. */
static uint32_t row_of_date(struct pipeline *p, uint32_t date)
{
    struct history *h = &p->history;
    const struct date_history *known = history_date(p, date);
    if (known != NULL) {
        return (uint32_t)(known - h->dates) + 1;
    }
    uint32_t row = append(p, h->dates_region);
    if (row != 0) {
        h->dates[row - 1] = (struct date_history){
            .date = date, .end_ns = end_of_date(names_text(&p->cloud.names, date))};
    }
    return row;
}

static void set_pending(struct pipeline *p, struct file_history *file, bool pending)
{
    if (file->date_row == 0 || file->pending == pending) {
        return;
    }
    struct date_history *date = &p->history.dates[file->date_row - 1];
    date->pending += pending ? 1 : -1;
    file->pending = pending;
    if (pending) {
        date->latest = (uint32_t)(file - p->history.files) + 1;
        date->latest_ns = now_ns(p);
    }
}

bool history_tell_once(struct pipeline *p, uint32_t date_row, enum invariant invariant)
{
    struct date_history *date = &p->history.dates[date_row - 1];
    if ((date->told >> invariant & 1) != 0) {
        return false;
    }
    date->told |= 1U << invariant;
    history_violation(p, invariant, date->date);
    return true;
}

/* --- files and manifests
 * ------------------------------------------------------------------------------------ */

/* Two keys of one name and date share a record; only keys of different folders can. */
static void note_folder(struct pipeline *p, uint32_t key)
{
    struct history_counts *counts = p->history.counts;
    struct text text = names_text(&p->cloud.names, key);
    uint32_t size = (uint32_t)(text.size - text_after_last(text, '/').size);
    if (counts->folders == 0) {
        counts->folders = 1;
        counts->folder = size;
        counts->first_key = key;
    } else if (counts->folders == 1) {
        struct text first = names_text(&p->cloud.names, counts->first_key);
        bool same = size == counts->folder && memcmp(first.at, text.at, size) == 0;
        counts->folders = same ? 1 : 2;
    }
}

static void add_deviation(struct pipeline *p, struct deviation_history deviation)
{
    int64_t at = world_append(&p->cloud.simulation.world, p->history.deviations_region);
    if (at >= 0) {
        p->history.deviations[at] = deviation;
    }
}

void history_deviation(struct pipeline *p, uint32_t fault, const struct task *caller)
{
    add_deviation(p, (struct deviation_history){
                         .fault = fault,
                         .point = point_of_task(caller->type, caller->call.point),
                         .parent = caller->parent,
                         .ordinal = caller->ordinal,
                         .at_ns = now_ns(p),
                     });
}

void history_service_deviation(struct pipeline *p, uint32_t fault, enum service_point point,
                               uint64_t n)
{
    add_deviation(p, (struct deviation_history){
                         .fault = fault,
                         .point = point_of_service(point),
                         .ordinal = (uint32_t)n,
                         .at_ns = now_ns(p),
                     });
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
    note_folder(p, key);
    /* What was known of an object that is overwritten is over; what is there now is not tracked. */
    p->history.counts->tracked -= p->history.files[object->owner - 1].date != 0;
    set_pending(p, &p->history.files[object->owner - 1], false);
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
    if (file->date != date) {
        set_pending(p, file, false);
        file->date = date;
        file->date_row = row_of_date(p, date);
    }
    file->manifest = 0;
    set_pending(p, file, true);
}

void history_repended(struct pipeline *p, uint32_t key)
{
    struct file_history *file = history_file(p, key);
    if (file != NULL) {
        file->manifest = 0;
        set_pending(p, file, true);
    }
}

void history_untracked(struct pipeline *p, uint32_t key)
{
    struct file_history *file = history_file(p, key);
    if (file != NULL) {
        set_pending(p, file, false);
    }
}

/* L2 has a deadline: so long after the date's end, or after the file was tracked. */
static void judge_flush(struct pipeline *p, const struct file_history *file)
{
    int64_t end_ns = p->history.dates[file->date_row - 1].end_ns;
    int64_t from_ns = end_ns > file->tracked_ns ? end_ns : file->tracked_ns;
    if (now_ns(p) > end_ns && now_ns(p) - from_ns > p->scenario->flush_within.ns) {
        (void)history_tell_once(p, file->date_row, INVARIANT_L2);
    }
}

void history_quarantined(struct pipeline *p, uint32_t key)
{
    struct file_history *file = history_file(p, key);
    goal_reach(p, GOAL_FILE_QUARANTINED);
    p->history.counts->quarantined += file->quarantined == 0;
    file->quarantined = 1;
}

void history_manifested(struct pipeline *p, uint32_t key, uint32_t manifest)
{
    struct file_history *file = history_file(p, key);
    if (file != NULL) {
        file->manifest = manifest;
        file->manifested_ns = now_ns(p);
        if (file->pending) {
            set_pending(p, file, false);
            judge_flush(p, file);
        }
    }
}

void history_completed(struct pipeline *p, uint32_t key)
{
    struct file_history *file = history_file(p, key);
    if (file != NULL) {
        file->completed_ns = now_ns(p);
        set_pending(p, file, false);
    }
}

/* A file may be listed again in the same manifest: its put is tried again. */
static void note_listed(struct pipeline *p, const struct object *manifest)
{
    for (uint32_t i = 0; i < manifest->body_count; i++) {
        struct file_history *file =
            history_file(p, p->cloud.buckets.bodies[manifest->body_start + i]);
        if (file != NULL && file->listed != 0 && file->listed != manifest->name) {
            goal_reach(p, GOAL_FILE_LISTED_TWICE);
        }
        if (file != NULL) {
            file->listed = manifest->name;
        }
    }
}

static void note_manifest(struct pipeline *p, const struct object *manifest, uint32_t date)
{
    const struct date_history *row = history_date(p, date);
    note_listed(p, manifest);
    if (row != NULL && row->end_ns <= now_ns(p)) {
        goal_reach(p, GOAL_EARLIER_DATE_FLUSHED);
    }
    if (manifest->owner != 0) {
        goal_reach(p, GOAL_MANIFEST_OVERWRITTEN);
    }
}

void history_manifest_put(struct pipeline *p, uint32_t manifest, uint32_t date, uint32_t invocation)
{
    struct history *h = &p->history;
    struct object *object = object_of(p, manifest);
    note_manifest(p, object, date);
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
    if (p->cloud.acting != NULL && p->cloud.acting->call.operation == OPERATION_START_AGAIN) {
        goal_reach(p, GOAL_BATCHER_REPAIRED);
    }
    if (object != NULL && object->owner != 0) {
        struct manifest_history *put = &h->manifests[object->owner - 1];
        put->latest_execution = row;
        if (put->executions++ == 0) {
            count_starts(p, put);
        }
    }
    return row;
}

void history_begun(struct pipeline *p, uint32_t execution)
{
    p->history.executions[execution - 1].begun = 1;
}

/* The put of a record whose execution has set it to processing already. */
void history_record_put(struct pipeline *p, uint32_t manifest)
{
    const struct object *object = object_of(p, manifest);
    const struct scenario *s = p->scenario;
    if (object == NULL || object->owner == 0 || s->builder.record != s->machine.processing_key) {
        return;
    }
    uint32_t row = p->history.manifests[object->owner - 1].latest_execution;
    if (row != 0 && p->history.executions[row - 1].begun) {
        history_violation(p, INVARIANT_S6, manifest);
    }
}

static bool has_failed(const struct history *h, uint32_t job_run)
{
    return job_run != 0 && (h->job_runs[job_run - 1].state == JOB_FAILED ||
                            h->job_runs[job_run - 1].state == JOB_TIMED_OUT);
}

void history_execution_ended(struct cloud *c, const struct execution *e)
{
    struct history *h = &pipeline_of(c)->history;
    struct execution_history *row = &h->executions[e->row - 1];
    row->status = e->status;
    row->caught = e->caught;
    row->ended_ns = cloud_now(c).ns;
    if (e->caught != CALL_OK && has_failed(h, e->job_run_row)) {
        goal_reach(pipeline_of(c), GOAL_FAILURE_PATH_TAKEN);
    }
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
    if (!accepted) {
        goal_reach(p, GOAL_JOB_RUN_REFUSED);
    }
    return row;
}

void history_run_ended(struct pipeline *p, uint32_t row, enum job_state state, int64_t parquet)
{
    struct history *h = &p->history;
    h->job_runs[row - 1].state = state;
    h->job_runs[row - 1].ended_ns = now_ns(p);
    h->job_runs[row - 1].parquet_objects = parquet;
    h->counts->parquet_objects += parquet;
    if (state == JOB_SUCCEEDED) {
        struct execution_history *execution = &h->executions[h->job_runs[row - 1].execution - 1];
        execution->processed++;
        if (execution->manifest_row != 0) {
            h->manifests[execution->manifest_row - 1].processed++;
        }
    }
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
    int64_t time_ns = history_block_ns(p, tenure, tenure->ended_ns);
    if (time_ns > counts->longest_block_ns) {
        counts->longest_block_ns = time_ns;
    }
}

/* Behind its expiry a lock that can be taken over keeps nobody from anything, though it is there.
 */
int64_t history_block_ns(const struct pipeline *p, const struct tenure_history *tenure,
                         int64_t end_ns)
{
    enum lock_mode mode = p->scenario->builder.lock;
    int64_t free_ns = tenure->expires_ns + NS_PER_S;
    bool expires = mode == LOCK_TAKEOVER || mode == LOCK_FENCING;
    if (tenure->refused == 0) {
        return 0;
    }
    return (expires && end_ns > free_ns ? free_ns : end_ns) - tenure->acquired_ns;
}

/* Two owners at once: the one before has lost its lock, or is losing it now, but still works. */
static bool still_works(const struct pipeline *p, const struct tenure_history *before,
                        uint32_t invocation)
{
    return before->end != TENURE_RELEASED && !before->given_up &&
           before->invocation != invocation &&
           p->history.invocations[before->invocation - 1].end == INVOCATION_RUNNING;
}

void history_lock_acquired(struct pipeline *p, uint32_t date, uint32_t invocation,
                           int64_t expires_s, bool taken_over)
{
    struct history *h = &p->history;
    struct tenure_history *before = tenure_of(p, date);
    h->counts->lock_acquired++;
    if (before != NULL && still_works(p, before, invocation)) {
        goal_reach(p, GOAL_CREATORS_OVERLAP);
        history_violation(p, INVARIANT_S7, date);
    }
    if (taken_over && before != NULL) {
        goal_reach(p, GOAL_LOCK_TAKEN_OVER);
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

/* One second more than its life, since clocks are cut to whole seconds. A lease lives on with every
 * heartbeat. */
static int64_t end_of_life(const struct pipeline *p, const struct tenure_history *tenure)
{
    int64_t from_ns =
        tenure->renewed_ns > tenure->acquired_ns ? tenure->renewed_ns : tenure->acquired_ns;
    return from_ns + p->scenario->lock_ttl.ns + NS_PER_S;
}

void history_lock_renewed(struct pipeline *p, uint32_t date)
{
    struct tenure_history *tenure = tenure_of(p, date);
    goal_reach(p, GOAL_LEASE_RENEWED);
    if (tenure != NULL) {
        tenure->renewed_ns = now_ns(p);
    }
}

void history_lock_refused(struct pipeline *p, uint32_t date)
{
    struct tenure_history *tenure = tenure_of(p, date);
    p->history.counts->lock_refused++;
    goal_reach(p, GOAL_LOCK_REFUSED);
    if (tenure != NULL) {
        tenure->refused++;
        if (now_ns(p) > end_of_life(p, tenure) && !tenure->blocked_too_long) {
            tenure->blocked_too_long = 1;
            history_violation(p, INVARIANT_L3, date);
        }
    }
}

void history_lock_gone(struct pipeline *p, uint32_t date, enum tenure_end end)
{
    struct tenure_history *tenure = tenure_of(p, date);
    if (tenure != NULL && tenure->end == TENURE_HELD) {
        end_tenure(p, tenure, end);
        if (end == TENURE_DELETED_BY_TTL) {
            goal_reach(p, GOAL_LOCK_DELETED_BY_TTL);
        }
    }
}

/* A manifest's record is not missed once it has told how the latest execution ended. */
static void note_record_expired(struct pipeline *p, struct item record)
{
    static const struct text prefix = {"s3://" MANIFEST_BUCKET "/", sizeof "s3://" MANIFEST_BUCKET};
    struct text path = item_text(record, TEXT("manifest_path"));
    if (!text_starts(item_text(record, TEXT("file_key")), TEXT("MANIFEST")) ||
        !text_starts(path, prefix)) {
        return;
    }
    struct text key = {path.at + prefix.size, path.size - prefix.size};
    uint32_t manifest = names_find(&p->cloud.names, key);
    const struct object *object = manifest == 0 ? NULL : object_of(p, manifest);
    struct manifest_history *row =
        object == NULL || object->owner == 0 ? NULL : &p->history.manifests[object->owner - 1];
    if (row != NULL && row->latest_execution != 0) {
        const struct execution_history *e = &p->history.executions[row->latest_execution - 1];
        struct text outcome = e->processed > 0 ? TEXT("completed") : TEXT("failed");
        row->told = e->status != EXECUTION_RUNNING &&
                    text_equal(item_text(record, TEXT("status")), outcome);
    }
}

void history_expired(struct cloud *c, struct item old)
{
    static const struct text prefix = {"LOCK#manifest-", sizeof "LOCK#manifest-" - 1};
    struct text key = item_text(old, TEXT("date_prefix"));
    if (text_starts(key, prefix)) {
        struct text date = {key.at + prefix.size, key.size - prefix.size};
        history_lock_gone(pipeline_of(c), names_find(&c->names, date), TENURE_DELETED_BY_TTL);
        return;
    }
    note_record_expired(pipeline_of(c), old);
    uint32_t file = names_find(&c->names, record_s3_key(old));
    if (file != 0) {
        history_untracked(pipeline_of(c), file);
    }
}

/* --- operators' tools
 * -------------------------------------------------------------------------------------- */

uint32_t history_operator_started(struct pipeline *p, uint32_t tool, uint32_t arguments)
{
    uint32_t row = append(p, p->history.operators_region);
    if (row != 0) {
        struct operator_history *o = &p->history.operators[row - 1];
        o->tool = tool;
        o->arguments = arguments;
        o->started_ns = now_ns(p);
        o->ended_ns = HISTORY_NEVER;
        for (uint32_t i = 0; i < FIGURES_COUNT; i++) {
            o->figures[i] = (struct operator_figure){HISTORY_NEVER, HISTORY_NEVER};
        }
    }
    return row;
}

/* The console is bounded: what is beyond it is cut, and a last line says so. */
void history_operator_printed(struct pipeline *p, uint32_t row, struct text text)
{
    static const struct text notice = {"\n(the rest of the output is cut)\n", 33};
    struct operator_history *o = &p->history.operators[row - 1];
    size_t room = CONSOLE_BYTES - notice.size - o->output_size;
    if (o->output_cut) {
        return;
    }
    size_t size = text.size <= room ? text.size : room;
    memcpy(o->output + o->output_size, text.at, size);
    o->output_size += (uint32_t)size;
    if (size < text.size) {
        memcpy(o->output + o->output_size, notice.at, notice.size);
        o->output_size += (uint32_t)notice.size;
        o->output_cut = 1;
    }
}

/* By an operator: live, if its ttl has not passed. */
void history_lock_deleted(struct pipeline *p, struct text lock_key, uint32_t row)
{
    struct operator_history *o = &p->history.operators[row - 1];
    size_t skip = sizeof "LOCK#manifest-" - 1;
    uint32_t date =
        names_find(&p->cloud.names, (struct text){lock_key.at + skip, lock_key.size - skip});
    const struct tenure_history *tenure = date == 0 ? NULL : tenure_of(p, date);
    o->locks_deleted++;
    o->live_locks_deleted +=
        tenure != NULL && tenure->end == TENURE_HELD &&
        tenure->expires_ns / NS_PER_S >= instant_epoch_seconds(cloud_now(&p->cloud));
    if (date != 0) {
        history_lock_gone(p, date, TENURE_DELETED);
    }
}

void history_told(struct pipeline *p, uint32_t row, enum figure figure, int64_t shown,
                  int64_t truth)
{
    struct operator_history *o = &p->history.operators[row - 1];
    o->figures[figure] = (struct operator_figure){shown, truth};
    if (shown != truth && figure < FIGURE_RESTARTED) {
        history_violation(p, INVARIANT_O, o->arguments);
    }
}

void history_operator_ended(struct pipeline *p, uint32_t row, int32_t exit_status)
{
    struct operator_history *o = &p->history.operators[row - 1];
    o->exit_status = exit_status;
    o->ended = 1;
    o->ended_ns = now_ns(p);
}

/* --- invocations and calls
 * --------------------------------------------------------------------------------- */

/* Who handles the messages of its batch now, and whether another did or does. */
static void note_deliveries(struct pipeline *p, const struct invocation *invocation)
{
    const struct batch *batch = &p->cloud.queue.batches[invocation->request.batch - 1];
    for (uint32_t i = 0; i < batch->count; i++) {
        struct file_history *file = history_file(p, batch->bodies[i] & ~MESSAGE_UNREADABLE);
        if (file == NULL) {
            continue;
        }
        uint32_t before = file->handled;
        file->handled = invocation->row;
        if (before != 0) {
            goal_reach(p, GOAL_DELIVERED_TWICE);
        }
        if (before != 0 && before != invocation->row &&
            p->history.invocations[before - 1].end == INVOCATION_RUNNING) {
            goal_reach(p, GOAL_DELIVERED_WHILE_HANDLED);
        }
    }
}

/* A batch that is tried again has failed, or is a half of one that has. */
static void note_batch(struct pipeline *p, const struct invocation *invocation)
{
    const struct invocation_request *request = &invocation->request;
    if (request->batch != 0) {
        note_deliveries(p, invocation);
    }
    if (request->lane != 0) {
        const struct stream_lane *lane = &p->cloud.stream_source.lanes[request->lane - 1];
        if (lane->errors > 0 || lane->pieces > 1) {
            goal_reach(p, GOAL_STREAM_BATCH_RETRIED);
        }
    }
}

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
        note_batch(p, invocation);
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
    row->point = invocation->task.call.point;
    row->task_type = (uint16_t)invocation->task.type;
    if (end == INVOCATION_TIMED_OUT) {
        goal_reach(p, GOAL_FUNCTION_TIMED_OUT);
    }
    if (invocation->function == FUNCTION_STREAM_CREATOR) {
        const struct stream_creator *s = (const void *)invocation;
        row->records = s->records;
        row->manifests = s->manifests;
    }
    if (invocation->function != FUNCTION_BUILDER) {
        return;
    }
    const struct manifest_builder *b = (const void *)invocation;
    row->records = b->record;
    row->errors = b->errors;
    row->manifests = b->manifests;
    row->processed = b->processed;
    row->quarantined = b->quarantined;
    struct tenure_history *tenure = b->creation.date == 0 ? NULL : tenure_of(p, b->creation.date);
    if (tenure != NULL && tenure->invocation == invocation->row && tenure->end == TENURE_HELD) {
        tenure->owner_ended_ns = now_ns(p);
        if (end != INVOCATION_OK && !tenure->given_up) {
            goal_reach(p, GOAL_OWNER_DIED);
        }
    }
}

uint32_t history_subject(const struct task *caller, const struct call *call)
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

/* The latest tenure of an invocation on a date; NULL where there was none. */
static struct tenure_history *own_tenure(struct pipeline *p, uint32_t date, uint32_t invocation)
{
    for (uint64_t i = HISTORY_COUNT(p, tenures); i > 0; i--) {
        struct tenure_history *tenure = &p->history.tenures[i - 1];
        if (tenure->invocation == invocation && tenure->date == date) {
            return tenure;
        }
    }
    return NULL;
}

/* Whoever asks for its lock's release works on without it, whatever the answer. */
static void note_release(struct pipeline *p, const struct task *caller, const struct call *call,
                         enum call_status status)
{
    uint32_t date;
    memcpy(&date, call->request, sizeof date);
    struct tenure_history *tenure =
        own_tenure(p, date, ((const struct invocation *)(const void *)caller)->row);
    if (tenure == NULL) {
        return;
    }
    tenure->given_up = 1;
    if (tenure->end == TENURE_DELETED_BY_TTL && status == CALL_CONDITION_FAILED) {
        goal_reach(p, GOAL_LOCK_DELETED_UNDER_OWNER);
    }
}

void history_call(struct cloud *c, const struct task *caller, const struct call *call,
                  enum call_status status)
{
    struct pipeline *p = pipeline_of(c);
    struct history *h = &p->history;
    if (call->operation == OPERATION_RELEASE_LOCK) {
        note_release(p, caller, call, status);
    }
    if (p->operations[call->operation].of_table) {
        count_request(p, caller, call, status);
    }
    goals_note_call(p, caller, status);
    if (!h->keep_calls) {
        return;
    }
    uint32_t row = append(p, h->calls_region);
    if (row == 0) {
        return;
    }
    bool lost = call->fault == CALL_LOSES_REPLY || call->fault == CALL_HANGS || caller->dead != 0;
    h->calls[row - 1] = (struct call_history){
        .sent_ns = call->sent_ns,
        .effect_ns = now_ns(p),
        .reply_ns = lost ? HISTORY_NEVER : now_ns(p) + call->half_ns + call->extra_ns,
        .type = caller->type,
        .parent = caller->parent,
        .ordinal = caller->ordinal,
        .subject = history_subject(caller, call),
        .point = call->point,
        .operation = call->operation,
        .status = (uint8_t)status,
        .attempt = call->attempt,
    };
}

/* The row of the call that a task has been waiting for: nearly always among the latest of few. */
static struct call_history *pending_row(struct history *h, uint64_t count,
                                        const struct task *caller)
{
    for (uint64_t i = count; i > 0; i--) {
        struct call_history *row = &h->calls[i - 1];
        if (row->status == CALL_PENDING && row->type == caller->type &&
            row->parent == caller->parent && row->ordinal == caller->ordinal) {
            return row;
        }
    }
    return NULL;
}

void history_call_completed(struct cloud *c, const struct task *caller, enum call_status status)
{
    struct pipeline *p = pipeline_of(c);
    struct call_history *row =
        p->history.keep_calls ? pending_row(&p->history, HISTORY_COUNT(p, calls), caller) : NULL;
    if (row != NULL) {
        row->status = (uint8_t)status;
        if (row->reply_ns != HISTORY_NEVER) {
            row->reply_ns = now_ns(p) + caller->call.half_ns + caller->call.extra_ns;
        }
    }
}

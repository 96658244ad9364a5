/* results.c: the rows and figures of a run, read out of its state and history. See results.h. */
#include "model/pipeline/results.h"

#include "model/pipeline/invariants.h"
#include "model/pipeline/manifest_builder.h"
#include "model/pipeline/run.h"
#include "model/pipeline/run_state.h"

static struct text name_of(const struct pipeline *p, uint32_t name)
{
    return name == 0 ? (struct text){"", 0} : names_text(&p->cloud.names, name);
}

static struct instant instant_of(int64_t ns)
{
    return (struct instant){ns};
}

/* --- the summary
 * ------------------------------------------------------------------------------------------- */

static void count_files(struct pipeline *p, struct summary *s)
{
    s->files.arrived = (int64_t)HISTORY_COUNT(p, files);
    s->files.tracked = p->history.counts->tracked;
    s->files.quarantined = p->history.counts->quarantined;
    s->files.duplicated = p->history.counts->duplicated;
    s->files.lost = p->history.counts->violations[INVARIANT_S3];
    for (uint64_t i = 0; i < HISTORY_COUNT(p, files); i++) {
        enum file_fate fate = file_fate(p, &p->history.files[i]);
        s->files.pending += fate == FATE_PENDING;
        s->files.manifested += fate == FATE_MANIFESTED;
        s->files.completed += fate == FATE_COMPLETED;
        s->files.failed += fate == FATE_FAILED;
    }
}

static void count_record(void *self, struct text date, struct text file_key)
{
    (void)date;
    struct summary *s = self;
    s->manifests.records += text_starts(file_key, TEXT("MANIFEST"));
}

static void count_manifests(struct pipeline *p, struct summary *s)
{
    const struct history_counts *counts = p->history.counts;
    s->manifests.created = counts->manifest_puts;
    s->manifests.overwritten = counts->overwrites;
    s->manifests.objects = counts->manifest_puts - counts->overwrites;
    table_each_key(p->cloud.table, count_record, s);
}

static void count_lock(struct pipeline *p, struct summary *s)
{
    const struct history_counts *counts = p->history.counts;
    s->lock.acquired = counts->lock_acquired;
    s->lock.refused = counts->lock_refused;
    s->lock.taken_over = counts->lock_taken_over;
    s->lock.longest_block = (struct duration){counts->longest_block_ns};
    for (uint64_t i = 0; i < HISTORY_COUNT(p, tenures); i++) {
        const struct tenure_history *t = &p->history.tenures[i];
        s->lock.left_behind += t->end == TENURE_HELD && t->owner_ended_ns != HISTORY_NEVER;
    }
}

static void count_capacity(const struct pipeline *p, struct summary *s)
{
    struct table_consumed base = table_consumed(p->cloud.table, TABLE_BASE);
    struct table_consumed index = table_consumed(p->cloud.table, 0);
    s->rcu_milli = base.rcu_milli;
    s->wcu_milli = base.wcu_milli;
    s->index_rcu_milli = index.rcu_milli;
    s->index_wcu_milli = index.wcu_milli;
    s->table_requests.made = p->history.counts->table_requests;
    s->table_requests.throttled = p->history.counts->table_throttled;
    s->table_requests.retried = p->history.counts->table_retried;
    s->table_requests.given_up = p->history.counts->table_given_up;
}

static void count_messages(const struct pipeline *p, struct summary *s)
{
    const struct queue_state *q = p->cloud.queue.state;
    s->messages = (struct message_counts){
        .sent = q->sent,
        .delivered = q->delivered,
        .deleted = q->deleted,
        .redelivered = q->redelivered,
        .dead_lettered = q->dead_lettered,
        .expired = q->expired,
        .left = (int64_t)q->visible + q->in_flight,
    };
}

void run_summary(const struct run *run, struct summary *s)
{
    struct pipeline *p = run_pipeline((struct run *)run);
    const struct history_counts *counts = p->history.counts;
    memset(s, 0, sizeof *s);
    s->trace_hash = trace_hash(p->cloud.simulation.trace);
    s->world_hash = run_world_hash(run);
    s->table_hash = table_hash(p->cloud.table);
    s->started_at = p->scenario->start;
    s->ended_at = run_now(run);
    s->simulated_ns = instant_since(s->ended_at, s->started_at).ns;
    s->events = (int64_t)p->cloud.simulation.events;
    count_files(p, s);
    count_manifests(p, s);
    s->executions.started = (int64_t)HISTORY_COUNT(p, executions);
    s->executions.succeeded = counts->executions_succeeded;
    s->executions.failed = counts->executions_failed;
    s->job_runs.started = counts->runs_accepted;
    s->job_runs.succeeded = counts->runs_succeeded;
    s->job_runs.failed = counts->runs_failed;
    s->job_runs.refused = counts->runs_refused;
    s->parquet.objects = counts->parquet_objects;
    count_lock(p, s);
    count_messages(p, s);
    count_capacity(p, s);
    s->cost = run_cost(run);
    s->invocations = (int64_t)HISTORY_COUNT(p, invocations);
    s->throttled_invocations = p->cloud.event_source.state->throttled;
    s->full = run_is_full(run);
    s->full_what =
        p->cloud.simulation.failed == NULL ? TEXT("") : text_from(p->cloud.simulation.failed);
}

/* --- rows
 * --------------------------------------------------------------------------------------------------
 */

#define COUNT_FUNCTION(list)                                                                       \
    uint64_t run_##list##_count(const struct run *run)                                             \
    {                                                                                              \
        const struct pipeline *p = run_pipeline((struct run *)run);                                \
        return HISTORY_COUNT(p, list);                                                             \
    }

COUNT_FUNCTION(files)
COUNT_FUNCTION(manifests)
COUNT_FUNCTION(executions)
COUNT_FUNCTION(job_runs)
COUNT_FUNCTION(invocations)
COUNT_FUNCTION(tenures)
COUNT_FUNCTION(violations)
COUNT_FUNCTION(deviations)

uint64_t run_calls_count(const struct run *run)
{
    const struct pipeline *p = run_pipeline((struct run *)run);
    return p->history.keep_calls ? HISTORY_COUNT(p, calls) : 0;
}

static struct text fate_text(enum file_fate fate)
{
    switch (fate) {
    case FATE_PENDING:
        return TEXT("pending");
    case FATE_MANIFESTED:
        return TEXT("manifested");
    case FATE_COMPLETED:
        return TEXT("completed");
    case FATE_FAILED:
        return TEXT("failed");
    case FATE_QUARANTINED:
        return TEXT("quarantined");
    case FATE_ON_ITS_WAY:
        return TEXT("queued");
    case FATE_DEAD:
        return TEXT("dead");
    case FATE_LOST:
        break;
    }
    return TEXT("lost");
}

void run_file(const struct run *run, uint64_t i, struct file_row *row)
{
    struct pipeline *p = run_pipeline((struct run *)run);
    const struct file_history *f = &p->history.files[i];
    *row = (struct file_row){
        .key = name_of(p, f->key),
        .date = name_of(p, f->date),
        .status = fate_text(file_fate(p, f)),
        .manifest = name_of(p, f->manifest),
        .arrived_at = instant_of(f->arrived_ns),
        .tracked_at = instant_of(f->tracked_ns),
        .manifested_at = instant_of(f->manifested_ns),
        .completed_at = instant_of(f->completed_ns),
        .size = f->size,
        .manifests = f->starts,
        .outputs = f->outputs,
    };
}

/* A record's status in words that live for ever: the table's own are valid only until the next
 * look. */
static struct text kept(struct text status)
{
    static const char *const words[] = {"pending",    "processing", "completed", "failed",
                                        "assembling", "ready",      "aborted"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (text_equal(status, text_from(words[i]))) {
            return text_from(words[i]);
        }
    }
    return TEXT("");
}

void run_manifest(const struct run *run, uint64_t i, struct manifest_row *row)
{
    struct pipeline *p = run_pipeline((struct run *)run);
    const struct manifest_history *m = &p->history.manifests[i];
    char key[160];
    struct text_writer w = text_writer(key, sizeof key);
    text_put_record_key(&w, name_of(p, m->key));
    *row = (struct manifest_row){
        .key = name_of(p, m->key),
        .date = name_of(p, m->date),
        .record_status = kept(record_status(p, m->date, text_written(&w))),
        .created_at = instant_of(m->created_ns),
        .files = m->files,
        .invocation = m->invocation,
        .overwritten = m->overwritten,
        .executions = m->executions,
    };
}

bool run_manifest_lists(const struct run *run, uint64_t i, struct text file_key)
{
    const struct pipeline *p = run_pipeline((struct run *)run);
    const struct manifest_history *m = &p->history.manifests[i];
    for (uint32_t f = 0; f < m->files; f++) {
        if (text_equal(name_of(p, p->cloud.buckets.bodies[m->body_start + f]), file_key)) {
            return true;
        }
    }
    return false;
}

void run_execution(const struct run *run, uint64_t i, struct execution_row *row)
{
    static const char *const statuses[] = {
        [EXECUTION_RUNNING] = "RUNNING",
        [EXECUTION_SUCCEEDED] = "SUCCEEDED",
        [EXECUTION_FAILED] = "FAILED",
    };
    const struct pipeline *p = run_pipeline((struct run *)run);
    const struct execution_history *e = &p->history.executions[i];
    *row = (struct execution_row){
        .manifest = name_of(p, e->manifest),
        .date = name_of(p, e->date),
        .status = text_from(statuses[e->status]),
        .started_at = instant_of(e->started_ns),
        .ended_at = instant_of(e->ended_ns),
        .file_count = e->files,
        .job_runs = e->job_runs,
        .refusals = e->refusals,
        .error = e->caught == CALL_OK ? TEXT("")
                                      : text_from(call_status_text((enum call_status)e->caught)),
    };
}

void run_job_run(const struct run *run, uint64_t i, struct job_run_row *row)
{
    static const char *const states[] = {
        [JOB_STARTING] = "STARTING", [JOB_RUNNING] = "RUNNING",   [JOB_SUCCEEDED] = "SUCCEEDED",
        [JOB_FAILED] = "FAILED",     [JOB_TIMED_OUT] = "TIMEOUT",
    };
    const struct pipeline *p = run_pipeline((struct run *)run);
    const struct job_run_history *j = &p->history.job_runs[i];
    *row = (struct job_run_row){
        .execution = j->execution,
        .state = text_from(j->state == JOB_REFUSED ? "REFUSED" : states[j->state]),
        .started_at = instant_of(j->started_ns),
        .ended_at = instant_of(j->ended_ns),
        .parquet_objects = j->parquet_objects,
    };
}

void run_invocation(const struct run *run, uint64_t i, struct invocation_row *row)
{
    static const char *const ends[] = {
        [INVOCATION_RUNNING] = "running",
        [INVOCATION_OK] = "ok",
        [INVOCATION_TIMED_OUT] = "timeout",
        [INVOCATION_KILLED] = "killed",
    };
    const struct pipeline *p = run_pipeline((struct run *)run);
    const struct invocation_history *v = &p->history.invocations[i];
    *row = (struct invocation_row){
        .function = text_from(p->cloud.functions.configs[v->function].name),
        .environment = v->environment,
        .cold = v->cold,
        .started_at = instant_of(v->started_ns),
        .ended_at = instant_of(v->ended_ns),
        .outcome = text_from(ends[v->end]),
        .point = v->end == INVOCATION_TIMED_OUT || v->end == INVOCATION_KILLED
                     ? text_from(p->types[v->task_type].points[v->point])
                     : TEXT(""),
        .records = v->records,
        .errors = v->errors,
        .manifests = v->manifests,
        .processed = v->processed,
        .quarantined = v->quarantined,
    };
}

void run_tenure(const struct run *run, uint64_t i, struct tenure_row *row)
{
    static const char *const ends[] = {
        [TENURE_HELD] = "held",
        [TENURE_RELEASED] = "released",
        [TENURE_TAKEN_OVER] = "taken_over",
        [TENURE_DELETED_BY_TTL] = "deleted_by_ttl",
        [TENURE_DELETED] = "deleted",
        [TENURE_LEFT_BEHIND] = "left_behind",
    };
    const struct pipeline *p = run_pipeline((struct run *)run);
    const struct tenure_history *t = &p->history.tenures[i];
    bool left = t->end == TENURE_HELD && t->owner_ended_ns != HISTORY_NEVER;
    *row = (struct tenure_row){
        .date = name_of(p, t->date),
        .invocation = t->invocation,
        .acquired_at = instant_of(t->acquired_ns),
        .ended_at = instant_of(t->ended_ns),
        .expires_at = instant_of(t->expires_ns),
        .end = text_from(ends[left ? (uint32_t)TENURE_LEFT_BEHIND : t->end]),
        .refused = t->refused,
        .owner_ended_at = instant_of(t->owner_ended_ns),
    };
}

void run_call(const struct run *run, uint64_t i, struct call_row *row)
{
    const struct pipeline *p = run_pipeline((struct run *)run);
    const struct call_history *k = &p->history.calls[i];
    const struct operation *operation = &p->operations[k->operation];
    *row = (struct call_row){
        .sent_at = instant_of(k->sent_ns),
        .effect_at = instant_of(k->effect_ns),
        .reply_at = instant_of(k->reply_ns),
        .caller = text_from(p->types[k->type].name),
        .caller_parent = k->parent,
        .caller_ordinal = k->ordinal,
        .point = text_from(p->types[k->type].points[k->point]),
        .service = text_from(operation->service),
        .operation = text_from(operation->name),
        .outcome = text_from(call_status_text((enum call_status)k->status)),
        .attempt = k->attempt,
        .subject = name_of(p, k->subject),
    };
}

/* Who reaches a point, and its name. */
static struct text process_at(const struct pipeline *p, uint32_t point, struct text *name)
{
    static const struct {
        const char *service, *name;
    } services[] = {

#define X(name, service, text) {service, text},
        SERVICE_POINT_MAP(X)
#undef X
    };
    if (point_is_of_service(point)) {
        uint32_t i = point - point_of_service(0);
        *name = text_from(services[i].name);
        return text_from(services[i].service);
    }
    const struct task_type *type = &p->types[point / TASK_POINTS_MAX];
    *name = text_from(type->points[point % TASK_POINTS_MAX]);
    return text_from(type->name);
}

void run_deviation(const struct run *run, uint64_t i, struct deviation_row *row)
{
    const struct pipeline *p = run_pipeline((struct run *)run);
    const struct deviation_history *d = &p->history.deviations[i];
    *row = (struct deviation_row){
        .fault = text_from(fault_word(p->scenario->faults[d->fault].kind)),
        .parent = d->parent,
        .ordinal = d->ordinal,
        .at = instant_of(d->at_ns),
    };
    row->process = process_at(p, d->point, &row->point);
}

uint64_t run_faults_count(const struct run *run)
{
    return run_pipeline((struct run *)run)->scenario->faults_count;
}

void run_fault(const struct run *run, uint64_t i, struct fault_row *row)
{
    const struct pipeline *p = run_pipeline((struct run *)run);
    const struct fault *fault = &p->scenario->faults[i];
    *row = (struct fault_row){
        .fault = text_from(fault_word(fault->kind)),
        .process = fault->process,
        .point = fault->at,
        .reached = (int64_t)p->state->faults[i].reached,
        .struck = (int64_t)p->state->faults[i].struck,
    };
}

/* Whether a point is told of: it was reached, or a fault may strike there. */
static bool tells(const struct pipeline *p, uint32_t point)
{
    return p->history.points[point].reached > 0 || fault_kinds_at(point, p->types) != 0;
}

uint64_t run_points_count(const struct run *run)
{
    const struct pipeline *p = run_pipeline((struct run *)run);
    uint64_t count = 0;
    for (uint32_t point = 0; point < POINTS_MAX; point++) {
        count += tells(p, point);
    }
    return count;
}

/* What is called from a point: by its latest call, else by its name, else by the machine's state;
 * NULL where nothing is. */
static const struct operation *operation_at(const struct pipeline *p, uint32_t point)
{
    if (point_is_of_service(point)) {
        return NULL;
    }
    uint32_t type = point / TASK_POINTS_MAX;
    uint32_t at = point % TASK_POINTS_MAX;
    uint32_t called = p->history.points[point].operation;
    if (called == 0 && type == TASK_STATE_MACHINE && at >= WORKFLOW_POINT_BASE) {
        called = p->machine[at - WORKFLOW_POINT_BASE].operation + UINT32_C(1);
    } else if (called == 0) {
        called = fault_operation_at(&p->types[type], at) + 1;
    }
    return called > OPERATIONS_COUNT ? NULL : &p->operations[called - 1];
}

void run_point(const struct run *run, uint64_t i, struct point_row *row)
{
    const struct pipeline *p = run_pipeline((struct run *)run);
    uint32_t point = 0;
    while (!tells(p, point) || i-- > 0) {
        point++;
    }
    const struct operation *operation = operation_at(p, point);
    *row = (struct point_row){
        .service = text_from(operation == NULL ? "" : operation->service),
        .operation = text_from(operation == NULL ? "" : operation->name),
        .reached = (int64_t)p->history.points[point].reached,
        .of_service = point_is_of_service(point),
        .kinds = fault_kinds_at(point, p->types),
    };
    row->process = process_at(p, point, &row->point);
    row->service = row->of_service ? row->process : row->service;
}

void run_violation(const struct run *run, uint64_t i, struct violation_row *row)
{
    const struct pipeline *p = run_pipeline((struct run *)run);
    const struct violation_history *v = &p->history.violations[i];
    *row = (struct violation_row){
        .invariant = (enum invariant)v->invariant,
        .at = instant_of(v->at_ns),
        .subject = name_of(p, v->subject),
        .text = violation_text((enum invariant)v->invariant),
        .process = v->acting == 0 ? TEXT("") : text_from(p->types[v->acting - 1].name),
        .point = v->acting == 0 ? TEXT("") : text_from(p->types[v->acting - 1].points[v->point]),
        .operation = v->acting == 0 ? TEXT("") : text_from(p->operations[v->operation].name),
        .parent = v->parent,
        .ordinal = v->ordinal,
        .required = (p->scenario->required_invariants >> v->invariant & 1) != 0,
    };
}

/* --- trace records in words
 * -------------------------------------------------------------------------------- */

static void put_task(struct text_writer *w, struct pipeline *p, uint32_t number)
{
    const struct task *task = task_find(&p->cloud, number, task_serial(&p->cloud, number));
    if (task != NULL) {
        text_put_task(w, &p->cloud, task->type, task->parent, task->ordinal);
    }
}

void run_describe(struct run *run, const struct trace_record *record, struct text_writer *w)
{
    struct pipeline *p = run_pipeline(run);
    text_put_instant(w, (struct instant){record->at_ns});
    text_put_char(w, ' ');
    if (record->code == NOTE_CALL) {
        uint32_t operation = (uint32_t)(record->first >> 8);
        put_task(w, p, record->subject);
        text_put_char(w, ' ');
        text_put(w, text_from(p->operations[operation].service));
        text_put_char(w, ':');
        text_put(w, text_from(p->operations[operation].name));
        text_put_char(w, ' ');
        text_put(w, text_from(call_status_text((enum call_status)(record->first & 255))));
    } else if (record->code == NOTE_TASK_ENDED) {
        put_task(w, p, record->subject);
        text_put(w, record->second != 0 ? TEXT(" killed") : TEXT(" ended"));
    } else {
        text_put(w, text_from(cloud_events[record->code].name));
        text_put_char(w, ' ');
        text_put_integer(w, record->subject, 0);
        text_put_char(w, ' ');
        text_put_integer(w, (int64_t)record->first, 0);
    }
}

void run_describe_json(struct run *run, const struct trace_record *record, struct text_writer *w)
{
    struct pipeline *p = run_pipeline(run);
    text_put(w, TEXT("{\"at\":\""));
    text_put_instant(w, (struct instant){record->at_ns});
    if (record->code == NOTE_CALL) {
        uint32_t operation = (uint32_t)(record->first >> 8);
        text_put(w, TEXT("\",\"event\":\"CALL\",\"caller\":\""));
        put_task(w, p, record->subject);
        text_put(w, TEXT("\",\"service\":\""));
        text_put(w, text_from(p->operations[operation].service));
        text_put(w, TEXT("\",\"operation\":\""));
        text_put(w, text_from(p->operations[operation].name));
        text_put(w, TEXT("\",\"outcome\":\""));
        text_put(w, text_from(call_status_text((enum call_status)(record->first & 255))));
        text_put(w, TEXT("\"}"));
        return;
    }
    text_put(w, TEXT("\",\"event\":\""));
    if (record->code == NOTE_TASK_ENDED) {
        text_put(w, record->second != 0 ? TEXT("KILLED") : TEXT("ENDED"));
        text_put(w, TEXT("\",\"caller\":\""));
        put_task(w, p, record->subject);
        text_put(w, TEXT("\"}"));
        return;
    }
    text_put(w, text_from(cloud_events[record->code].name));
    text_put(w, TEXT("\",\"subject\":"));
    text_put_integer(w, record->subject, 0);
    text_put(w, TEXT(",\"detail\":"));
    text_put_integer(w, (int64_t)record->first, 0);
    text_put_char(w, '}');
}

uint64_t run_operator_runs_count(const struct run *run)
{
    const struct pipeline *p = run_pipeline((struct run *)run);
    return HISTORY_COUNT(p, operators);
}

void run_operator_run(const struct run *run, uint64_t i, struct operator_run_row *row)
{
    const struct pipeline *p = run_pipeline((struct run *)run);
    const struct operator_history *o = &p->history.operators[i];
    *row = (struct operator_run_row){
        .tool = text_from(operator_tool_word((enum operator_tool)o->tool)),
        .arguments = name_of(p, o->arguments),
        .started_at = instant_of(o->started_ns),
        .ended_at = instant_of(o->ended_ns),
        .exit_status = o->ended ? o->exit_status : NEVER,
        .output = {o->output, o->output_size},
    };
}

/* They are few: each is found by walking over those before it. */
static uint64_t each_figure(const struct pipeline *p, uint64_t wanted,
                            struct operator_figure_row *row)
{
    static const char *const names[] = {
#define X(name, text) [FIGURE_##name] = text,
        FIGURE_MAP(X)
#undef X
    };
    uint64_t count = 0;
    for (uint64_t i = 0; i < HISTORY_COUNT(p, operators); i++) {
        for (uint32_t figure = 0; figure < FIGURES_COUNT; figure++) {
            const struct operator_figure *c = &p->history.operators[i].figures[figure];
            if (c->shown == HISTORY_NEVER) {
                continue;
            }
            if (count++ == wanted) {
                *row = (struct operator_figure_row){(int64_t)i + 1, text_from(names[figure]),
                                                    c->shown, c->truth};
            }
        }
    }
    return count;
}

uint64_t run_operator_figures_count(const struct run *run)
{
    return each_figure(run_pipeline((struct run *)run), UINT64_MAX, NULL);
}

void run_operator_figure(const struct run *run, uint64_t i, struct operator_figure_row *row)
{
    (void)each_figure(run_pipeline((struct run *)run), i, row);
}

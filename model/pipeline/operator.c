/* operator.c: see operator.h. The task and its commands come first, then the console, then what is
 * true. */
#include "model/pipeline/operator.h"

#include "model/pipeline/invariants.h"
#include "model/pipeline/pipeline.h"

enum point { START, OPERATOR_POINTS(POINT_ENUM) };

/* The points at calls follow, one for each operation. */
#define X(id, service, operation, latency, of_table, perform) AT_##id,

enum { AT_PAUSE = WORK + 1, OPERATOR_OPERATIONS(X) };

#undef X

#define X(id, service, operation, latency, of_table, perform) #id,
const char *const operator_points[] = {"START", OPERATOR_POINTS(POINT_NAME) "PAUSE",
                                       OPERATOR_OPERATIONS(X)};
#undef X
const uint32_t operator_points_count = sizeof operator_points / sizeof operator_points[0];

static enum process_status (*const steps[TOOLS_COUNT])(struct cloud *c, struct tool_run *o) = {
    [TOOL_CHECK_LOCKS] = check_locks_step,
    [TOOL_TRACE_PIPELINE] = trace_pipeline_step,
    [TOOL_FORCE_MANIFEST_CREATION] = force_manifest_creation_step,
    [TOOL_DEBUG_GLUE_OUTPUT] = debug_glue_output_step,
    [TOOL_REPROCESS_FAILED] = reprocess_failed_step,
    [TOOL_UPLOAD] = upload_step,
};

/* What a command of the CLI ends with when the service has answered with an error, and a script
 * under `set -e` with it. Source: SDK-CLI-3. */
enum { CLI_FAILED = 254, KILLED = 137 };

/* --- the task
 * ---------------------------------------------------------------------------------------------- */

bool operator_start(struct pipeline *p, const struct operator_command *command, struct text line,
                    enum answer answer, struct duration wait)
{
    struct cloud *c = &p->cloud;
    struct tool_run *o = (void *)task_start(c, TASK_OPERATOR, 0, ++p->state->operators_started);
    if (o == NULL) {
        return false;
    }
    o->row = operator_name(c, line); /* until it begins */
    o->tool = (uint32_t)command->tool;
    o->action = (uint32_t)command->action;
    o->clear_expired = command->clear_expired;
    o->fixed = command->fixed;
    o->answer = (uint32_t)answer;
    o->files = command->files;
    o->size = command->size;
    o->date = command->date.size > 0 ? operator_name(c, command->date) : 0;
    o->prefix = operator_name(c, command->prefix);
    o->wait_ns = wait.ns;
    p->state->outside++;
    task_step(c, &o->task);
    return true;
}

/* What has waited has come from outside. The row of the history takes the place of the line's name.
 */
static void begin(struct cloud *c, struct tool_run *o)
{
    struct pipeline *p = pipeline_of(c);
    p->state->outside--;
    if (pipeline_at_rest(p)) {
        invariants_at_rest(p);
    }
    o->row = history_operator_started(p, o->tool, o->row);
}

enum process_status operator_step(struct cloud *c, struct task *task)
{
    struct tool_run *o = (void *)task;
    PROCESS_BEGIN(task->at, enum point);
    AWAIT(task->at, WAIT, task_sleep(c, task, WAIT, (struct duration){o->wait_ns}));
    begin(c, o);
    if (o->row == 0) {
        return PROCESS_DONE;
    }
    if (o->tool != TOOL_UPLOAD) { /* which is no script of the guide's */
        AWAIT_CHILD(task->at, IDENTIFY,
                    operator_call(c, o, OPERATION_GET_CALLER_IDENTITY,
                                  &(struct operator_request){.subject = 0}));
        if (!operator_succeeded(o)) {
            return operator_fail(o);
        }
    }
    AWAIT_CHILD(task->at, WORK, steps[o->tool](c, o));
    PROCESS_END;
}

void operator_end(struct cloud *c, struct task *task, bool killed)
{
    struct tool_run *o = (void *)task;
    if (o->row != 0 && (task->at != WAIT || !killed)) {
        history_operator_ended(pipeline_of(c), o->row, killed ? KILLED : o->exit_status);
    }
}

void operator_release(struct cloud *c, struct task *task)
{
    chain_cut(&c->chunks, &((struct tool_run *)(void *)task)->found, 0);
}

enum process_status operator_exit(struct tool_run *o, int32_t status)
{
    o->exit_status = status;
    return PROCESS_DONE;
}

enum process_status operator_fail(struct tool_run *o)
{
    return operator_exit(o, CLI_FAILED);
}

enum call_status perform_get_caller_identity(struct cloud *c, struct task *caller,
                                             struct call *call)
{
    (void)c;
    (void)caller;
    (void)call;
    return CALL_OK;
}

/* --- rows of the scenario
 * ---------------------------------------------------------------------------------- */

static bool command_of(const struct operator_row *row, struct operator_command *command)
{
    struct operator_unknown unknown = {.known = NULL};
    return operator_parse(row->run, command, &unknown, NULL) == STATUS_OK;
}

static bool start_row(struct pipeline *p, const struct operator_row *row)
{
    struct operator_command command;
    bool known = command_of(row, &command);
    ASSERT(known); /* scenario_validate */
    return operator_start(p, &command, row->run, row->answer, row->at);
}

void operators_start(struct pipeline *p)
{
    for (uint32_t i = 0; i < p->scenario->operators_count; i++) {
        const struct operator_row *row = &p->scenario->operators[i];
        bool typed = operator_parse_moment(row->when, &p->moments[i], NULL) == STATUS_OK;
        ASSERT(typed); /* scenario_validate */
        if (p->moments[i].occurrence == 0) {
            (void)start_row(p, row);
        }
    }
}

void operators_watch(struct cloud *c, const struct task *caller)
{
    struct pipeline *p = pipeline_of(c);
    const struct task_type *type = &p->types[caller->type];
    for (uint32_t i = 0; i < p->scenario->operators_count; i++) {
        const struct operator_moment *moment = &p->moments[i];
        if (moment->occurrence == 0 || !text_equal(moment->process, text_from(type->name)) ||
            !text_equal(moment->point, text_from(type->points[caller->call.point]))) {
            continue;
        }
        if (++p->state->operator_counts[i] == moment->occurrence) {
            (void)start_row(p, &p->scenario->operators[i]);
        }
    }
}

int64_t operators_files(const struct scenario *s)
{
    int64_t files = 0;
    for (uint32_t i = 0; i < s->operators_count; i++) {
        struct operator_command command;
        if (command_of(&s->operators[i], &command)) {
            files += command.tool == TOOL_UPLOAD ? command.files : 1;
        }
    }
    return files;
}

/* --- commands
 * ---------------------------------------------------------------------------------------------- */

enum phase { IDLE, STARTED, UNDER_WAY };

_Static_assert((int)STARTED == (int)OPERATOR_GOES_ON, "a command that has started");

void operator_pause(struct cloud *c, struct tool_run *o, struct duration time)
{
    task_sleep(c, &o->task, AT_PAUSE, time);
}

/* The person's and the CLI's time. Source: SDK-CLI-5. */
static enum process_status start_command(struct cloud *c, struct tool_run *o)
{
    o->phase = STARTED;
    operator_pause(c, o, scenario_of(c)->cli.call_time);
    return PROCESS_SUSPENDED;
}

static enum process_status send(struct cloud *c, struct tool_run *o, uint16_t operation,
                                const struct operator_request *request)
{
    struct operator_request sent = *request;
    uint32_t point = operation - OPERATION_GET_CALLER_IDENTITY + AT_GET_CALLER_IDENTITY;
    sent.base = o->found.count;
    o->phase = UNDER_WAY;
    call_send(c, &o->task, (uint16_t)point, operation, &sent, sizeof sent);
    return PROCESS_SUSPENDED;
}

enum process_status operator_call(struct cloud *c, struct tool_run *o, uint16_t operation,
                                  const struct operator_request *request)
{
    switch ((enum phase)o->phase) {
    case IDLE:
        return start_command(c, o);
    case STARTED:
        return send(c, o, operation, request);
    case UNDER_WAY:
        break;
    }
    o->phase = IDLE;
    return PROCESS_DONE;
}

static void clear(struct cloud *c, struct tool_run *o)
{
    memset(&o->page, 0, sizeof o->page);
    memset(&o->cursor, 0, sizeof o->cursor);
    memset(&o->tally, 0, sizeof o->tally);
    memset(o->latest, 0, sizeof o->latest);
    o->latest_count = 0;
    o->position = 0;
    o->count = 0;
    chain_cut(&c->chunks, &o->found, 0);
}

/* The page's reply has come: it counts. */
static void merge(struct cloud *c, struct tool_run *o)
{
    struct operator_page *page = &o->page;
    o->count += page->count;
    o->tally.others += page->tally.others;
    for (uint32_t i = 0; i < page->tally.used; i++) {
        const struct tally_entry *e = &page->tally.entries[i];
        tally_add(c, &o->tally, e->name, e->count, 0);
        for (uint32_t s = 0; s < SAMPLES_MAX; s++) {
            tally_add(c, &o->tally, e->name, 0, e->samples[s]);
        }
    }
    history_operator_printed(pipeline_of(c), o->row, (struct text){page->text, page->text_size});
    o->cursor = page->cursor;
    o->position = page->position;
}

/* Source: SDK-CLI-2. */
enum process_status operator_read(struct cloud *c, struct tool_run *o, uint16_t operation,
                                  const struct operator_request *request)
{
    switch ((enum phase)o->phase) {
    case IDLE:
        clear(c, o);
        return start_command(c, o);
    case STARTED:
        return send(c, o, operation, request);
    case UNDER_WAY:
        break;
    }
    o->phase = IDLE;
    if (operator_succeeded(o)) {
        merge(c, o);
    }
    return operator_succeeded(o) && request->pages && o->page.more ? send(c, o, operation, request)
                                                                   : PROCESS_DONE;
}

void operator_answered(struct cloud *c, const struct invocation *invocation)
{
    const struct invocation_request *request = &invocation->request;
    if (request->caller_serial == 0 || invocation->function != FUNCTION_BUILDER) {
        return;
    }
    struct tool_run *o = (void *)task_find(c, request->caller, request->caller_serial);
    if (o != NULL && o->task.type == TASK_OPERATOR) {
        const struct manifest_builder *b = (const void *)invocation;
        o->handler = (struct handler_answer){
            .status = (uint32_t)manifest_builder_status_code(b->errors),
            .processed = b->processed,
            .quarantined = b->quarantined,
            .manifests = b->manifests,
            .errors = b->errors,
        };
    }
}

/* --- the console
 * ------------------------------------------------------------------------------------------- */

static void put_value(struct text_writer *w, const struct printed *value)
{
    switch (value->kind) {
    case PRINTED_TEXT:
        text_put(w, value->text);
        return;
    case PRINTED_INTEGER:
        text_put_integer(w, value->number, 0);
        return;
    case PRINTED_DIGITS:
        text_put_integer(w, value->number, 12);
        return;
    case PRINTED_INSTANT:
        text_put_instant(w, (struct instant){value->number});
        return;
    }
}

void text_put_printed(struct text_writer *w, const char *format, const struct printed *values)
{
    for (const char *at = format; *at != '\0'; at++) {
        if (*at == '%') {
            put_value(w, values++);
        } else {
            text_put_char(w, *at);
        }
    }
}

void operator_print(struct cloud *c, struct tool_run *o, const char *format,
                    const struct printed *values)
{
    char line[2048];
    struct text_writer w = text_writer(line, sizeof line);
    text_put_printed(&w, format, values);
    history_operator_printed(pipeline_of(c), o->row, text_written(&w));
}

void page_print(struct operator_page *page, const char *format, const struct printed *values)
{
    char line[1024];
    struct text_writer w = text_writer(line, sizeof line);
    text_put_printed(&w, format, values);
    struct text text = text_written(&w);
    if (page->text_size + text.size <= PAGE_TEXT_MAX) {
        memcpy(page->text + page->text_size, text.at, text.size);
        page->text_size += (uint32_t)text.size;
    }
}

static struct text name_text(const struct cloud *c, uint32_t name)
{
    return name == 0 ? (struct text){"", 0} : names_text(&c->names, name);
}

static void add_sample(struct tally_entry *e, uint32_t sample)
{
    for (uint32_t i = 0; sample != 0 && i < SAMPLES_MAX; i++) {
        if (e->samples[i] == 0) {
            e->samples[i] = sample;
            return;
        }
    }
}

void tally_add(const struct cloud *c, struct tally *tally, uint32_t name, uint32_t count,
               uint32_t sample)
{
    uint32_t at = tally->used;
    while (at > 0 && tally->entries[at - 1].name != name &&
           text_compare(name_text(c, tally->entries[at - 1].name), name_text(c, name)) > 0) {
        at--;
    }
    if (at == 0 || tally->entries[at - 1].name != name) {
        if (tally->used == TALLY_MAX) {
            tally->others += count;
            return;
        }
        memmove(&tally->entries[at + 1], &tally->entries[at],
                (tally->used - at) * sizeof tally->entries[0]);
        tally->entries[at] = (struct tally_entry){.name = name};
        tally->used++;
        at++;
    }
    tally->entries[at - 1].count += count;
    add_sample(&tally->entries[at - 1], sample);
}

int64_t tally_count(const struct cloud *c, const struct tally *tally, struct text name)
{
    for (uint32_t i = 0; i < tally->used; i++) {
        if (text_equal(name_text(c, tally->entries[i].name), name)) {
            return tally->entries[i].count;
        }
    }
    return 0;
}

void operator_print_tally(struct cloud *c, struct tool_run *o)
{
    for (uint32_t i = 0; i < o->tally.used; i++) {
        PRINT_VALUES("  %: %\n", of_name(c, o->tally.entries[i].name),
                     of_integer(o->tally.entries[i].count));
    }
    if (o->tally.others > 0) {
        PRINT_VALUES("  others: %\n", of_integer(o->tally.others));
    }
}

uint32_t operator_name(struct cloud *c, struct text text)
{
    uint32_t name = text.size == 0 ? 0 : names_intern(&c->names, text);
    if (name == 0 && text.size > 0) {
        simulation_fail(&c->simulation, "names (limits.files)");
    }
    return name;
}

void operator_found(struct cloud *c, struct tool_run *o, uint32_t value)
{
    if (!chain_push(&c->chunks, &o->found, value)) {
        simulation_fail(&c->simulation, "lists in processes (limits.files)");
    }
}

uint32_t operator_shards(const struct cloud *c, const struct tool_run *o)
{
    return o->fixed ? (uint32_t)scenario_of(c)->builder.status_shards : 0;
}

int64_t operator_now_s(const struct cloud *c)
{
    return instant_epoch_seconds(cloud_now(c));
}

/* --- what is true
 * ------------------------------------------------------------------------------------------ */

struct looking {
    struct pipeline *p;
    struct operator_truth truth;
};

static void look_at_lock(struct looking *l, struct text hash, struct text range)
{
    struct item item;
    struct value ttl;
    int64_t ttl_s;
    l->truth.locks++;
    if (table_peek(l->p->cloud.table, hash, range, &item) && item_get(item, TEXT("ttl"), &ttl) &&
        number_integer(&ttl.number, &ttl_s)) {
        l->truth.locks_expired += ttl_s < operator_now_s(&l->p->cloud);
    }
}

static void look_at(void *self, struct text hash, struct text range)
{
    struct looking *l = self;
    struct text status = {"", 0};
    l->truth.items++;
    if (text_starts(hash, TEXT("LOCK#"))) {
        look_at_lock(l, hash, range);
        return;
    }
    if (text_starts(range, TEXT("MANIFEST"))) {
        l->truth.records++;
        return;
    }
    (void)table_peek_key(l->p->cloud.table, hash, range, TEXT("status"), &status);
    l->truth.pending += text_starts(status, TEXT("pending"));
    l->truth.manifested += text_starts(status, TEXT("manifested"));
}

static void count_object(void *self, uint32_t number, const struct object *object)
{
    int64_t *count = self;
    (void)number;
    (void)object;
    ++*count;
}

struct operator_truth operator_truth(struct pipeline *p)
{
    struct looking l = {.p = p};
    table_each_key(p->cloud.table, look_at, &l);
    (void)bucket_visit(&p->cloud, BUCKET_MANIFEST, TEXT("manifests/"), 1, UINT32_MAX, count_object,
                       &l.truth.manifests);
    (void)bucket_visit(&p->cloud, BUCKET_OUTPUT, TEXT(""), 1, UINT32_MAX, count_object,
                       &l.truth.parquet);
    for (uint64_t i = 0; i < HISTORY_COUNT(p, executions); i++) {
        const struct execution_history *e = &p->history.executions[i];
        bool processed =
            e->manifest_row != 0 && p->history.manifests[e->manifest_row - 1].processed > 0;
        l.truth.executions_failed +=
            e->status == EXECUTION_FAILED || (e->caught != CALL_OK && !processed);
    }
    return l.truth;
}

bool operator_has_output(struct pipeline *p, uint32_t manifest)
{
    for (uint64_t i = 0; i < HISTORY_COUNT(p, job_runs); i++) {
        const struct job_run_history *run = &p->history.job_runs[i];
        bool good =
            run->state == JOB_SUCCEEDED || run->state == JOB_STARTING || run->state == JOB_RUNNING;
        if (good && p->history.executions[run->execution - 1].manifest == manifest) {
            return true;
        }
    }
    return false;
}

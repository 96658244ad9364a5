/* situation.c: see situation.h. */
#include "model/search/situation.h"

#include "model/pipeline/invariants.h"
#include "model/pipeline/lock.h"
#include "model/pipeline/run_state.h"
#include "model/search/event_words.h"
#include "sim/unicode.h"

#include <stdlib.h>

static struct pipeline *pipeline_in(const struct run *run)
{
    return run_pipeline((struct run *)run);
}

static struct text name_of(const struct pipeline *p, uint32_t name)
{
    return name == 0 ? TEXT("") : names_text(&p->cloud.names, name);
}

/* ns, or NEVER where there is none. */
static struct instant instant_or_never(int64_t ns)
{
    return (struct instant){ns == 0 ? NEVER : ns};
}

struct table *run_table(const struct run *run)
{
    return pipeline_in(run)->cloud.table;
}

void run_put_item_key(const struct run *run, struct item item, struct text_writer *w)
{
    text_put(w, item_text(item, TEXT("date_prefix")));
    text_put_char(w, '/');
    text_put(w, item_text(item, pipeline_range_name(pipeline_in(run))));
}

/* Once the books are closed the marks are there for good. */
void run_look_begin(struct run *run)
{
    if (!run_is_finished(run)) {
        invariants_mark_waiting(run_pipeline(run));
    }
}

void run_look_end(struct run *run)
{
    if (!run_is_finished(run)) {
        invariants_unmark_waiting(run_pipeline(run));
    }
}

/* ---- Names. ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads up to nine digits off the front. */
static bool take_number(struct text *text, int64_t *number)
{
    size_t digits = 0;
    *number = 0;
    while (digits < text->size && digits < 9 && is_digit(text->at[digits])) {
        *number = *number * 10 + (text->at[digits++] - '0');
    }
    *text = (struct text){text->at + digits, text->size - digits};
    return digits > 0;
}

/* "[2.7]" or "[7]" */
static bool take_instance(struct text text, struct process_name *name)
{
    if (text.size < 3 || text.at[0] != '[' || text.at[text.size - 1] != ']') {
        return false;
    }
    text = (struct text){text.at + 1, text.size - 2};
    if (!take_number(&text, &name->ordinal)) {
        return false;
    }
    if (text.size > 0 && text.at[0] == '.') {
        text = (struct text){text.at + 1, text.size - 1};
        name->parent = name->ordinal;
        if (!take_number(&text, &name->ordinal)) {
            return false;
        }
    }
    return text.size == 0 && name->ordinal > 0;
}

/* The type of that name; TASK_TYPES_COUNT: none. */
static uint32_t type_of_name(struct text name, const struct task_type *types)
{
    uint32_t type = 0;
    while (type < TASK_TYPES_COUNT && !text_equal(name, text_from(types[type].name))) {
        type++;
    }
    return type;
}

static enum status no_process(struct text name, const struct task_type *types, struct error *error)
{
    char room[256];
    struct text_writer w = text_writer(room, sizeof room);
    for (uint32_t i = 0; i < TASK_TYPES_COUNT; i++) {
        text_put(&w, i > 0 ? TEXT(", ") : TEXT(""));
        text_put(&w, text_from(types[i].name));
    }
    return error_set(error, STATUS_BAD_INPUT, "%s: no such process; there are %s", shown(name).text,
                     text_writer_string(&w));
}

enum status process_name_parse(struct text text, struct process_name *name, struct error *error)
{
    struct task_type types[TASK_TYPES_COUNT];
    size_t size = 0;
    while (size < text.size && text.at[size] != '[') {
        size++;
    }
    pipeline_task_types(types, 0);
    *name = (struct process_name){
        .type = {text.at, size}
    };
    uint32_t type = type_of_name(name->type, types);
    if (type == TASK_TYPES_COUNT) {
        return no_process(name->type, types, error);
    }
    name->type = text_from(types[type].name);
    if (size < text.size && !take_instance((struct text){text.at + size, text.size - size}, name)) {
        return error_set(error, STATUS_BAD_INPUT, "which process? write %s, %s[7] or %s[2.7]",
                         types[type].name, types[type].name, types[type].name);
    }
    return STATUS_OK;
}

static const struct {
    const char *service, *point;
} service_points[] = {

#define X(name, service, text) {service, text},
    SERVICE_POINT_MAP(X)
#undef X
};

static void add_point(struct point_place *place, uint32_t number)
{
    ASSERT(place->count < POINT_NAMESAKES_MAX);
    place->numbers[place->count++] = number;
}

static void find_points(struct text who, struct text point, struct point_place *place)
{
    struct task_type types[TASK_TYPES_COUNT];
    pipeline_task_types(types, 0);
    uint32_t type = type_of_name(who, types);
    for (uint32_t i = 0; type < TASK_TYPES_COUNT && i < types[type].points_count; i++) {
        const char *name = types[type].points[i];
        if (name != NULL && text_equal(point, text_from(name))) {
            add_point(place, point_of_task(type, i));
        }
    }
    for (uint32_t i = 0; i < SERVICE_POINTS_COUNT; i++) {
        if (text_equal(who, text_from(service_points[i].service)) &&
            text_equal(point, text_from(service_points[i].point))) {
            add_point(place, point_of_service((enum service_point)i));
        }
    }
}

enum status point_place_parse(struct text text, struct point_place *place, struct error *error)
{
    struct text point = text_after_last(text, '.');
    *place = (struct point_place){.count = 0};
    if (point.size > 0 && point.size + 1 < text.size) {
        find_points((struct text){text.at, text.size - point.size - 1}, point, place);
    }
    if (place->count > 0) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_BAD_INPUT,
                     "%s: no such point; write PROCESS.POINT, as in "
                     "manifest_builder.PUT_MANIFEST ('lockstep points' lists them)",
                     shown(text).text);
}

uint64_t run_point_reached(const struct run *run, struct point_place place)
{
    uint64_t reached = 0;
    for (uint32_t i = 0; i < place.count; i++) {
        reached += pipeline_in(run)->history.points[place.numbers[i]].reached;
    }
    return reached;
}

/* ---- Processes. ---- */

typedef void task_visit(void *self, const struct task *task);

static void each_task(const struct pipeline *p, task_visit *visit, void *self)
{
    const struct cloud *c = &p->cloud;
    for (uint32_t type = 0; type < TASK_TYPES_COUNT; type++) {
        uint64_t used = world_used(&c->simulation.world, c->task_regions[type]);
        for (uint64_t i = 0; i < used; i++) {
            const struct task *task = (const void *)(c->tasks[type] + i * p->types[type].size);
            if (task->slot.live != 0) {
                visit(self, task);
            }
        }
    }
}

static void count_task(void *self, const struct task *task)
{
    (void)task;
    ++*(uint64_t *)self;
}

uint64_t run_processes_count(const struct run *run)
{
    uint64_t count = 0;
    each_task(pipeline_in(run), count_task, &count);
    return count;
}

static bool is_lock_point(struct text point)
{
    static const char *const names[] = {LOCK_POINTS(POINT_NAME)};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (text_equal(point, text_from(names[i]))) {
            return true;
        }
    }
    return false;
}

static struct process_name name_of_task(const struct pipeline *p, const struct task *task)
{
    return (struct process_name){text_from(p->types[task->type].name), task->parent, task->ordinal};
}

static struct process_row row_of(const struct pipeline *p, const struct task *task)
{
    const struct call *call = &task->call;
    const char *point = p->types[task->type].points[call->point];
    bool calls = call->attempt > 0;
    struct process_row row = {
        .name = name_of_task(p, task),
        .point = point == NULL ? TEXT("") : text_from(point),
        .service = text_from(calls ? p->operations[call->operation].service : ""),
        .operation = text_from(calls ? p->operations[call->operation].name : ""),
        .subject = calls ? name_of(p, history_subject(task, call)) : TEXT(""),
        .attempt = call->attempt,
        .sent_at = instant_or_never(calls ? call->sent_ns : 0),
        .deadline = instant_or_never(task->deadline_ns),
        .dead = task->dead != 0,
        .number = task_number(&p->cloud, task),
        .serial = task->serial,
    };
    row.at_lock = is_lock_point(row.point);
    return row;
}

struct listing {
    const struct pipeline *p;
    struct process_row *rows;
    uint64_t count;
};

static void list_task(void *self, const struct task *task)
{
    struct listing *l = self;
    l->rows[l->count++] = row_of(l->p, task);
}

/* By type, of one type by age. */
static int compare_processes(const void *left, const void *right)
{
    const struct process_row *a = left;
    const struct process_row *b = right;
    int by_type = text_compare(a->name.type, b->name.type);
    return by_type != 0 ? by_type : (a->serial > b->serial) - (a->serial < b->serial);
}

void run_processes(const struct run *run, struct process_row *rows)
{
    struct listing l = {pipeline_in(run), rows, 0};
    each_task(l.p, list_task, &l);
    qsort(rows, l.count, sizeof *rows, compare_processes);
}

struct state_sum {
    const struct pipeline *p;
    const struct process_name *name;
    uint64_t sum;
};

static void add_state(void *self, const struct task *task)
{
    struct state_sum *s = self;
    struct process_name name = name_of_task(s->p, task);
    bool one = s->name->ordinal == 0 ||
               (name.parent == s->name->parent && name.ordinal == s->name->ordinal);
    if (one && text_equal(name.type, s->name->type)) {
        uint64_t state[] = {
            task->serial,         task->at,          task->call.point,   task->call.attempt,
            task->call.in_flight, task->call.status, task->call.pending, task->dead,
            task->attempts};
        s->sum += hash64(state, sizeof state, 0);
    }
}

uint64_t run_process_state(const struct run *run, const struct process_name *name)
{
    struct state_sum s = {pipeline_in(run), name, 0};
    each_task(s.p, add_state, &s);
    return s.sum;
}

/* ---- What is to come. ---- */

uint64_t run_pending_count(const struct run *run)
{
    return event_queue_count(pipeline_in(run)->cloud.simulation.world.queue);
}

void run_pending(const struct run *run, struct pending_event *rows)
{
    (void)world_pending(&pipeline_in(run)->cloud.simulation.world, rows);
}

bool event_is_about(const struct event *event, const struct process_row *process)
{
    return event_is_of_task(event) && event->subject == process->number &&
           (uint32_t)event->detail == process->serial;
}

/* ---- The queue. ---- */

static void count_notification(void *self, struct instant at, uint64_t sequence,
                               const struct event *event)
{
    (void)at;
    (void)sequence;
    *(int64_t *)self += event->kind == EVENT_NOTIFICATION;
}

struct queue_row run_queue(const struct run *run)
{
    const struct cloud *c = &pipeline_in(run)->cloud;
    const struct queue *q = &c->queue;
    struct queue_row row = {.visible = q->state->visible, .dead = q->state->dead};
    for (uint64_t i = 0; i < world_used(&c->simulation.world, q->messages_region); i++) {
        const struct message *m = &q->messages[i];
        row.hidden += m->slot.live != 0 && m->state == MESSAGE_HIDDEN;
    }
    row.in_flight = q->state->in_flight - row.hidden;
    event_queue_each(c->simulation.world.queue, count_notification, &row.coming);
    return row;
}

uint64_t run_messages_count(const struct run *run)
{
    const struct cloud *c = &pipeline_in(run)->cloud;
    return c->simulation.world.states[c->queue.messages_region].live;
}

static struct message_row message_row_of(const struct pipeline *p, const struct message *m)
{
    static const char *const states[] = {
        [MESSAGE_VISIBLE] = "visible",
        [MESSAGE_IN_FLIGHT] = "in flight",
        [MESSAGE_DEAD] = "dead",
        [MESSAGE_HIDDEN] = "hidden",
    };
    return (struct message_row){
        .key = name_of(p, m->body),
        .state = text_from(states[m->state]),
        .receives = m->receives,
        .sent_at = {m->sent_ns},
        .visible_at = {NEVER},
        .unreadable = m->unreadable != 0,
    };
}

static int compare_number(const void *left, const void *right)
{
    const struct message_row *a = left;
    const struct message_row *b = right;
    return (a->number > b->number) - (a->number < b->number);
}

/* The end of a batch's visibility, for each of its messages; rows stand in the order of numbers. */
static void tell_visibility(const struct queue *q, const struct batch *batch,
                            struct message_row *rows, uint64_t count)
{
    for (uint32_t at = batch->first; at != 0; at = q->messages[at - 1].slot.next) {
        const struct message_row wanted = {.number = at - 1};
        struct message_row *row = bsearch(&wanted, rows, count, sizeof *rows, compare_number);
        ASSERT(row != NULL);
        row->visible_at.ns = batch->received_ns + q->visibility_timeout.ns;
    }
}

void run_messages(const struct run *run, struct message_row *rows)
{
    const struct pipeline *p = pipeline_in(run);
    const struct world *w = &p->cloud.simulation.world;
    const struct queue *q = &p->cloud.queue;
    uint64_t count = 0;
    for (uint64_t i = 0; i < world_used(w, q->messages_region); i++) {
        if (q->messages[i].slot.live != 0) {
            rows[count] = message_row_of(p, &q->messages[i]);
            rows[count++].number = (uint32_t)i;
        }
    }
    for (uint64_t i = 0; i < world_used(w, q->batches_region); i++) {
        if (q->batches[i].slot.live != 0) {
            tell_visibility(q, &q->batches[i], rows, count);
        }
    }
}

/* ---- The locks. ---- */

struct lock_listing {
    struct pipeline *p;
    struct lock_row *rows; /* NULL: they are counted */
    uint64_t count;
};

struct owner_search {
    const struct pipeline *p;
    uint32_t invocation;
    struct process_name found;
};

static void find_owner(void *self, const struct task *task)
{
    struct owner_search *s = self;
    bool invoked = task->type != TASK_STATE_MACHINE && task->type != TASK_OPERATOR;
    if (invoked && ((const struct invocation *)(const void *)task)->row == s->invocation) {
        s->found = name_of_task(s->p, task);
    }
}

static void tell_owner(struct lock_row *row, struct item item)
{
    struct text_writer w = text_writer(row->owner, sizeof row->owner);
    text_put(&w, item_text(item, TEXT("lock_id")));
    text_put(&w, item_text(item, TEXT("ownerName")));
    (void)text_writer_string(&w);
}

static void tell_tenure(struct lock_row *row, const struct pipeline *p,
                        const struct tenure_history *t)
{
    struct owner_search search = {.p = p, .invocation = t->invocation};
    int64_t lease_ns = t->renewed_ns > 0 ? t->renewed_ns + p->scenario->lock_lease.ns : 0;
    each_task(p, find_owner, &search);
    row->invocation = t->invocation;
    row->process = search.found;
    row->acquired_at = (struct instant){t->acquired_ns};
    row->expires_at = (struct instant){t->expires_ns > lease_ns ? t->expires_ns : lease_ns};
    row->expired =
        instant_epoch_seconds(row->expires_at) < instant_epoch_seconds(cloud_now(&p->cloud));
    row->refused = t->refused;
}

/* By the item's key, whose bytes are good only until the item is looked at. */
static struct lock_row lock_row_of(const struct pipeline *p, struct text key)
{
    static const struct text prefix = {"LOCK#manifest-", sizeof "LOCK#manifest-" - 1};
    struct lock_row row = {.acquired_at = {NEVER}, .expires_at = {NEVER}};
    uint32_t date = 0;
    if (text_starts(key, prefix)) {
        date = names_find(&p->cloud.names,
                          (struct text){key.at + prefix.size, key.size - prefix.size});
    }
    uint32_t tenure = date == 0 ? 0 : p->cloud.names.names[date].owner;
    row.date = name_of(p, date);
    if (tenure != 0 && p->history.tenures[tenure - 1].end == TENURE_HELD) {
        tell_tenure(&row, p, &p->history.tenures[tenure - 1]);
    }
    return row;
}

static void list_lock(void *self, struct text hash_value, struct text range_value)
{
    struct lock_listing *l = self;
    struct item item = {0};
    if (!text_starts(hash_value, TEXT("LOCK#"))) {
        return;
    }
    if (l->rows != NULL) {
        l->rows[l->count] = lock_row_of(l->p, hash_value);
        if (table_peek(l->p->cloud.table, hash_value, range_value, &item)) {
            tell_owner(&l->rows[l->count], item);
        }
    }
    l->count++;
}

uint64_t run_locks_count(const struct run *run)
{
    struct lock_listing l = {.p = pipeline_in(run)};
    table_each_key(l.p->cloud.table, list_lock, &l);
    return l.count;
}

void run_locks(const struct run *run, struct lock_row *rows)
{
    struct lock_listing l = {.p = pipeline_in(run), .rows = rows};
    table_each_key(l.p->cloud.table, list_lock, &l);
}

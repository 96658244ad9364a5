/* replay_views.c: see replay_views.h. */
#include "tools/replay_views.h"

#include "model/dynamodb/table.h"
#include "model/search/event_words.h"
#include "sim/unicode.h"
#include "tools/database.h"

#include <inttypes.h>
#include <stdlib.h>

enum { LINES_SHOWN = 40, ROWS_SHOWN = 200, KEY_TEXT_MAX = 4096 };

static enum status out_of_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "out of memory");
}

/* Valid until the end of the expression: at(r, row.at).text. */
static struct clock_text at(const struct replay *r, struct instant instant)
{
    return clock_text(r->report, instant);
}

static void put_text(const struct replay *r, struct text text)
{
    put_plain(r->out, text);
}

/* "and 12 more" */
static void put_rest(const struct replay *r, uint64_t count, uint64_t shown_count)
{
    if (count > shown_count) {
        (void)fprintf(r->out, "  and %" PRIu64 " more\n", count - shown_count);
    }
}

/* ---- Items. ---- */

static void put_value(const struct replay *r, const struct value *value)
{
    char room[NUMBER_TEXT_MAX + 1];
    struct text_writer w = text_writer(room, sizeof room);
    switch (value->type) {
    case TYPE_S:
        put_text(r, value->bytes);
        return;
    case TYPE_N:
        text_put_number(&w, &value->number);
        put_text(r, text_written(&w));
        return;
    case TYPE_BOOL:
        (void)fputs(value->boolean ? "true" : "false", r->out);
        return;
    case TYPE_NULL:
        (void)fputs("null", r->out);
        return;
    case TYPE_B:
        (void)fprintf(r->out, "%zu bytes", value->bytes.size);
        return;
    case TYPE_M:
    case TYPE_L:
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        break;
    }
    (void)fprintf(r->out, "%s of %" PRIu32, attribute_type_text(value->type).at,
                  item_count((struct item){value->bytes}));
}

static void put_key(const struct replay *r, struct item item)
{
    char room[KEY_TEXT_MAX];
    struct text_writer w = text_writer(room, sizeof room);
    run_put_item_key(r->run, item, &w);
    put_text(r, text_written(&w));
}

static void put_attributes(const struct replay *r, struct item item)
{
    struct item_cursor cursor = item_cursor(item);
    struct text name;
    struct value value;
    while (item_next(&cursor, &name, &value)) {
        (void)fputs("      ", r->out);
        put_text(r, name);
        (void)fputs(": ", r->out);
        put_value(r, &value);
        (void)fputc('\n', r->out);
    }
}

/* One attribute that is not what it was: "status: pending -> manifested". */
static void put_difference(const struct replay *r, struct text name, struct item before,
                           struct item now)
{
    struct value was;
    struct value is;
    bool had = item_get(before, name, &was);
    bool has = item_get(now, name, &is);
    if (had && has && value_equal(&was, &is)) {
        return;
    }
    (void)fputs("      ", r->out);
    put_text(r, name);
    (void)fputs(": ", r->out);
    if (had) {
        put_value(r, &was);
    } else {
        (void)fputs("(none)", r->out);
    }
    (void)fputs(" -> ", r->out);
    if (has) {
        put_value(r, &is);
    } else {
        (void)fputs("(none)", r->out);
    }
    (void)fputc('\n', r->out);
}

static void put_differences(const struct replay *r, struct item before, struct item now)
{
    struct item_cursor cursor = item_cursor(before);
    struct text name;
    struct value value;
    while (item_next(&cursor, &name, &value)) {
        put_difference(r, name, before, now);
    }
    cursor = item_cursor(now);
    while (item_next(&cursor, &name, &value)) {
        struct value was;
        if (!item_get(before, name, &was)) {
            put_difference(r, name, before, now);
        }
    }
}

/* "+ key" with what came, "- key" with what went, "* key" with what is another. */
static void put_change(void *self, struct item before, struct item now)
{
    const struct replay *r = self;
    bool came = before.bytes.size == 0;
    bool went = now.bytes.size == 0;
    (void)fprintf(r->out, "  %c ", came ? '+' : went ? '-' : '*');
    put_key(r, went ? before : now);
    (void)fputc('\n', r->out);
    if (came || went) {
        put_attributes(r, went ? before : now);
    } else {
        put_differences(r, before, now);
    }
}

static void count_change(void *self, struct item before, struct item now)
{
    (void)before;
    (void)now;
    ++*(uint64_t *)self;
}

enum status view_changes(struct replay *r, struct text argument, struct error *error)
{
    (void)argument;
    (void)error;
    uint64_t count = 0;
    time_machine_each_change(r->machine, count_change, &count);
    if (count == 0) {
        (void)fputs("the last event changed no item\n", r->out);
    }
    time_machine_each_change(r->machine, put_change, r);
    return STATUS_OK;
}

/* Which items are wanted, and which of them the last event has changed. */
struct item_listing {
    const struct replay *r;
    struct text part;     /* of the key; size 0: any */
    uint64_t changed[64]; /* hashes of keys */
    size_t changed_count;
    uint64_t count;
};

static void note_changed(void *self, struct item before, struct item now)
{
    struct item_listing *l = self;
    const size_t most = sizeof l->changed / sizeof l->changed[0];
    if (now.bytes.size > 0 && l->changed_count < most) {
        l->changed[l->changed_count++] = table_key_hash(run_table(l->r->run), now);
    }
    (void)before;
}

static bool is_wanted(const struct item_listing *l, struct item item)
{
    char room[KEY_TEXT_MAX];
    struct text_writer w = text_writer(room, sizeof room);
    run_put_item_key(l->r->run, item, &w);
    for (size_t i = 0; i + l->part.size <= w.size; i++) {
        if (memcmp(room + i, l->part.at, l->part.size) == 0) {
            return true;
        }
    }
    return false;
}

static bool was_changed(const struct item_listing *l, struct item item)
{
    uint64_t hash = table_key_hash(run_table(l->r->run), item);
    for (size_t i = 0; i < l->changed_count; i++) {
        if (l->changed[i] == hash) {
            return true;
        }
    }
    return false;
}

static void list_item(void *self, struct item item)
{
    struct item_listing *l = self;
    if (!is_wanted(l, item) || l->count++ >= LINES_SHOWN) {
        return;
    }
    (void)fputs(was_changed(l, item) ? "  * " : "    ", l->r->out);
    put_key(l->r, item);
    if (l->part.size == 0) {
        struct text status = item_text(item, TEXT("status"));
        (void)fputs(status.size > 0 ? "  " : "", l->r->out);
        put_text(l->r, status);
        (void)fputc('\n', l->r->out);
    } else {
        (void)fputc('\n', l->r->out);
        put_attributes(l->r, item);
    }
}

static void put_wanted_change(void *self, struct item before, struct item now)
{
    const struct item_listing *l = self;
    if (is_wanted(l, now.bytes.size > 0 ? now : before)) {
        put_change((void *)l->r, before, now);
    }
}

enum status view_items(struct replay *r, struct text argument, struct error *error)
{
    (void)error;
    struct item_listing l = {.r = r, .part = argument};
    time_machine_each_change(r->machine, note_changed, &l);
    table_each(run_table(r->run), list_item, &l);
    put_rest(r, l.count, LINES_SHOWN);
    if (l.count == 0) {
        (void)fputs(argument.size > 0 ? "no item has that in its key\n" : "the table is empty\n",
                    r->out);
    }
    if (argument.size > 0 && l.changed_count > 0) {
        (void)fputs("changed by the last event:\n", r->out);
        time_machine_each_change(r->machine, put_wanted_change, &l);
    }
    return STATUS_OK;
}

/* ---- Where. ---- */

static const char *reason(enum run_state state)
{
    switch (state) {
    case RUN_QUIESCENT:
        return "nothing is left to happen";
    case RUN_UNTIL:
        return "the scenario's end was reached";
    case RUN_FULL:
        return "a capacity was exceeded";
    case RUN_GOING:
    case RUN_FAILED:
        break;
    }
    return "";
}

static void put_indented(const struct replay *r, struct text text)
{
    while (text.size > 0) {
        const char *end = memchr(text.at, '\n', text.size);
        size_t size = end == NULL ? text.size : (size_t)(end - text.at);
        (void)fputs("  ", r->out);
        put_text(r, (struct text){text.at, size});
        (void)fputc('\n', r->out);
        size += end != NULL;
        text = (struct text){text.at + size, text.size - size};
    }
}

static void put_violation(const struct replay *r, uint64_t i)
{
    struct violation_row row;
    run_violation(r->run, i, &row);
    (void)fprintf(r->out, "%s  ", invariant_name(row.invariant));
    put_text(r, row.subject);
    (void)fputs(": ", r->out);
    put_text(r, row.text);
    put_violator(r->out, &row);
    (void)fputc('\n', r->out);
}

/* What struck, and what was found to be violated, at this place. */
static void put_findings(const struct replay *r)
{
    struct run_findings before = time_machine_findings_before(r->machine);
    for (uint64_t i = before.deviations; i < run_deviations_count(r->run); i++) {
        char room[REPORT_DEVIATION_MAX];
        (void)fputs("  fault: ", r->out);
        put_text(r, report_deviation(r->report, i, room));
        (void)fputc('\n', r->out);
    }
    for (uint64_t i = before.violations; i < run_violations_count(r->run); i++) {
        (void)fputs("  violation: ", r->out);
        put_violation(r, i);
    }
}

enum status view_where(struct replay *r, struct text argument, struct error *error)
{
    (void)argument;
    (void)error;
    struct run_place place = time_machine_place(r->machine);
    struct clock_text now = at(r, run_now(r->run));
    if (place.end) {
        (void)fprintf(r->out, "the end, behind event %" PRIu64 "  %s  %s\n", place.events, now.text,
                      reason(time_machine_ended_by(r->machine)));
    } else if (place.events == 0) {
        (void)fprintf(r->out, "the start  %s\n", now.text);
    } else {
        (void)fprintf(r->out, "event %" PRIu64 "  %s\n", place.events, now.text);
    }
    put_indented(r, time_machine_event_text(r->machine));
    put_findings(r);
    time_machine_each_change(r->machine, put_change, r);
    return STATUS_OK;
}

/* ---- Processes. ---- */

static void put_process_name(const struct replay *r, const struct process_name *name, int width)
{
    char room[64];
    int size = name->parent != 0 ? snprintf(room, sizeof room, "%.30s[%" PRId64 ".%" PRId64 "]",
                                            name->type.at, name->parent, name->ordinal)
                                 : snprintf(room, sizeof room, "%.30s[%" PRId64 "]", name->type.at,
                                            name->ordinal);
    (void)size;
    (void)fprintf(r->out, "%-*s", width, room);
}

/* What the process waits for: the first event to come that is about it. */
static void put_next(const struct replay *r, const struct process_row *row,
                     const struct pending_event *pending, uint64_t pending_count)
{
    uint64_t i = 0;
    while (i < pending_count && !event_is_about(&pending[i].event, row)) {
        i++;
    }
    if (i < pending_count) {
        struct text deed = event_deed(&pending[i].event);
        (void)fprintf(r->out, "; at %s it %.*s", at(r, (struct instant){pending[i].at_ns}).text,
                      (int)deed.size, deed.at);
    } else {
        (void)fputs("; it waits for others", r->out);
    }
}

static void put_process(const struct replay *r, const struct process_row *row)
{
    (void)fputs("  ", r->out);
    put_process_name(r, &row->name, 24);
    (void)fprintf(r->out, " %-20.*s", (int)row->point.size, row->point.at);
    if (row->operation.size == 0) {
        (void)fputs(" waits", r->out);
    } else {
        (void)fprintf(r->out, " %.*s", (int)row->operation.size, row->operation.at);
        if (row->attempt > 1) {
            (void)fprintf(r->out, " (attempt %" PRId64 ")", row->attempt);
        }
        if (row->subject.size > 0) {
            (void)fputs(" of ", r->out);
            put_text(r, row->subject);
        }
        if (row->sent_at.ns != NEVER) {
            (void)fprintf(r->out, ", sent %s", at(r, row->sent_at).text);
        }
    }
    if (row->dead) {
        (void)fputs("; it is dead, its request under way", r->out);
    }
}

/* The processes of a place, and the events to come. */
struct scene {
    struct process_row *processes;
    uint64_t processes_count;
    struct pending_event *pending;
    uint64_t pending_count;
};

static enum status take_scene(struct scene *s, const struct replay *r, struct error *error)
{
    s->processes_count = run_processes_count(r->run);
    s->pending_count = run_pending_count(r->run);
    s->processes = calloc(s->processes_count + 1, sizeof *s->processes);
    s->pending = calloc(s->pending_count + 1, sizeof *s->pending);
    if (s->processes == NULL || s->pending == NULL) {
        return out_of_memory(error);
    }
    run_processes(r->run, s->processes);
    run_pending(r->run, s->pending);
    return STATUS_OK;
}

static void give_scene(struct scene *s)
{
    free(s->processes);
    free(s->pending);
}

static bool is_of_name(const struct process_row *row, const struct process_name *name)
{
    return text_equal(row->name.type, name->type) &&
           (name->ordinal == 0 ||
            (row->name.parent == name->parent && row->name.ordinal == name->ordinal));
}

static void put_processes(const struct replay *r, const struct scene *s,
                          const struct process_name *name)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < s->processes_count; i++) {
        const struct process_row *row = &s->processes[i];
        if (name != NULL && !is_of_name(row, name)) {
            continue;
        }
        if (count++ < LINES_SHOWN) {
            put_process(r, row);
            put_next(r, row, s->pending, s->pending_count);
            if (row->deadline.ns != NEVER) {
                (void)fprintf(r->out, "; time-out %s", at(r, row->deadline).text);
            }
            (void)fputc('\n', r->out);
        }
    }
    put_rest(r, count, LINES_SHOWN);
    (void)fputs(count == 0 ? "no such process lives now\n" : "", r->out);
}

enum status view_processes(struct replay *r, struct text argument, struct error *error)
{
    struct process_name name;
    struct scene scene = {0};
    enum status status = argument.size > 0 ? process_name_parse(argument, &name, error) : STATUS_OK;
    if (status == STATUS_OK) {
        status = take_scene(&scene, r, error);
    }
    if (status == STATUS_OK) {
        put_processes(r, &scene, argument.size > 0 ? &name : NULL);
    }
    give_scene(&scene);
    return status;
}

/* ---- The lock. ---- */

static void put_owner(const struct replay *r, const struct lock_row *lock)
{
    if (lock->invocation == 0) {
        (void)fputs("held by nobody", r->out);
        return;
    }
    (void)fputs("held by ", r->out);
    if (lock->process.type.size > 0) {
        put_process_name(r, &lock->process, 0);
        (void)fprintf(r->out, " (invocation %" PRId64 ")", lock->invocation);
        return;
    }
    struct invocation_row row;
    run_invocation(r->run, (uint64_t)lock->invocation - 1, &row);
    (void)fprintf(r->out, "invocation %" PRId64 " of %.*s, which ended at %s: %.*s",
                  lock->invocation, (int)row.function.size, row.function.at,
                  at(r, row.ended_at).text, (int)row.outcome.size, row.outcome.at);
    if (row.point.size > 0) {
        (void)fprintf(r->out, " at %.*s", (int)row.point.size, row.point.at);
    }
}

static void put_lock(const struct replay *r, const struct lock_row *lock)
{
    struct instant now = run_now(r->run);
    (void)fprintf(r->out, "  %.*s  ", (int)lock->date.size, lock->date.at);
    put_owner(r, lock);
    if (lock->invocation == 0) {
        (void)fputc('\n', r->out);
        return;
    }
    int64_t rest_ms = instant_since(lock->expires_at, now).ns / NS_PER_MS;
    (void)fprintf(r->out, "\n    since %s, by the name %s\n", at(r, lock->acquired_at).text,
                  shown(text_from(lock->owner)).text);
    (void)fprintf(r->out, "    %s at %s, ", lock->expired ? "expired" : "expires",
                  at(r, lock->expires_at).text);
    put_seconds(r->out, (rest_ms < 0 ? -rest_ms : rest_ms) * NS_PER_MS);
    (void)fprintf(r->out, " s %s; it has refused %" PRId64 "\n", lock->expired ? "ago" : "from now",
                  lock->refused);
}

static void put_waiting(const struct replay *r, const struct scene *s, const struct lock_row *locks,
                        uint64_t count)
{
    uint64_t told = 0;
    for (uint64_t i = 0; i < s->processes_count; i++) {
        const struct process_row *row = &s->processes[i];
        bool owns = false;
        for (uint64_t l = 0; l < count; l++) {
            owns |= locks[l].process.type.size > 0 && is_of_name(row, &locks[l].process);
        }
        if (row->at_lock && !owns) {
            (void)fputs(told++ == 0 ? "  at the lock:\n" : "", r->out);
            put_process(r, row);
            put_next(r, row, s->pending, s->pending_count);
            (void)fputc('\n', r->out);
        }
    }
}

static void put_locks(const struct replay *r, const struct scene *s, struct lock_row *locks,
                      uint64_t count)
{
    run_locks(r->run, locks);
    (void)fputs(count == 0 ? "there is no lock\n" : "", r->out);
    for (uint64_t i = 0; i < count && i < LINES_SHOWN; i++) {
        put_lock(r, &locks[i]);
    }
    put_rest(r, count, LINES_SHOWN);
    put_waiting(r, s, locks, count);
}

enum status view_lock(struct replay *r, struct text argument, struct error *error)
{
    (void)argument;
    struct scene scene = {0};
    uint64_t count = run_locks_count(r->run);
    struct lock_row *locks = calloc(count + 1, sizeof *locks);
    if (locks == NULL) {
        return out_of_memory(error);
    }
    enum status status = take_scene(&scene, r, error);
    if (status == STATUS_OK) {
        put_locks(r, &scene, locks, count);
    }
    give_scene(&scene);
    free(locks);
    return status;
}

/* ---- The queue. ---- */

static void put_message(const struct replay *r, const struct message_row *m)
{
    (void)fprintf(r->out, "  %-9.*s  received %" PRId64 " times, sent %s", (int)m->state.size,
                  m->state.at, m->receives, at(r, m->sent_at).text);
    if (m->visible_at.ns != NEVER) {
        (void)fprintf(r->out, ", visible again %s", at(r, m->visible_at).text);
    }
    (void)fputs(m->unreadable ? ", unreadable: " : ": ", r->out);
    put_text(r, m->key);
    (void)fputc('\n', r->out);
}

enum status view_queue(struct replay *r, struct text argument, struct error *error)
{
    (void)argument;
    struct queue_row q = run_queue(r->run);
    uint64_t count = run_messages_count(r->run);
    struct message_row *rows = calloc(count + 1, sizeof *rows);
    if (rows == NULL) {
        return out_of_memory(error);
    }
    (void)fprintf(r->out,
                  "%" PRId64 " visible, %" PRId64 " in flight, %" PRId64 " hidden, %" PRId64
                  " dead; %" PRId64 " notifications under way\n",
                  q.visible, q.in_flight, q.hidden, q.dead, q.coming);
    run_messages(r->run, rows);
    for (uint64_t i = 0; i < count && i < LINES_SHOWN; i++) {
        put_message(r, &rows[i]);
    }
    put_rest(r, count, LINES_SHOWN);
    free(rows);
    return STATUS_OK;
}

/* ---- What is to come. ---- */

enum status view_pending(struct replay *r, struct text argument, struct error *error)
{
    uint64_t most = 20;
    struct scene scene = {0};
    if (argument.size > 0 && !parse_count(argument, &most)) {
        return error_set(error, STATUS_BAD_INPUT, "how many? write a whole number");
    }
    enum status status = take_scene(&scene, r, error);
    for (uint64_t i = 0; status == STATUS_OK && i < scene.pending_count && i < most; i++) {
        char room[2048];
        struct text_writer w = text_writer(room, sizeof room);
        run_put_event(r->run, &scene.pending[i].event, &w);
        (void)fprintf(r->out, "  %s  ", at(r, (struct instant){scene.pending[i].at_ns}).text);
        put_text(r, text_written(&w));
        (void)fputc('\n', r->out);
    }
    if (status == STATUS_OK) {
        put_rest(r, scene.pending_count, most);
        (void)fputs(scene.pending_count == 0 ? "nothing is to come\n" : "", r->out);
    }
    give_scene(&scene);
    return status;
}

/* ---- Tables. ---- */

static void put_cells(const struct replay *r, const struct text *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)fputs(i > 0 ? " | " : "  ", r->out);
        put_text(r, cells[i]);
    }
    (void)fputc('\n', r->out);
}

struct sql_reader {
    const struct replay *r;
    uint64_t rows;
};

static void put_names(void *self, const struct text *cells, size_t count)
{
    const struct sql_reader *reader = self;
    put_cells(reader->r, cells, count);
}

static void put_row(void *self, const struct text *cells, size_t count)
{
    struct sql_reader *reader = self;
    put_cells(reader->r, cells, count);
    reader->rows++;
}

/* The report as of this place. */
static void report_now(const struct replay *r, struct report *report)
{
    *report = *r->report;
    run_summary(r->run, &report->summary);
}

enum status view_sql(struct replay *r, struct text argument, struct error *error)
{
    struct sql_reader self = {.r = r};
    const struct database_reader reader = {put_names, put_row, ROWS_SHOWN, &self};
    struct report *report = malloc(sizeof *report);
    if (report == NULL) {
        return out_of_memory(error);
    }
    run_look_begin(r->run);
    report_now(r, report);
    enum status status = database_query(report, argument, &reader, error);
    run_look_end(r->run);
    free(report);
    if (status == STATUS_OK && self.rows == ROWS_SHOWN) {
        (void)fprintf(r->out, "  the first %d rows\n", ROWS_SHOWN);
    }
    return status;
}

static enum status evaluate(struct report *report, struct error *error)
{
    struct database *database = database_create(error);
    if (database == NULL) {
        return error->status;
    }
    enum status status = STATUS_OK;
    for (uint32_t i = 0; status == STATUS_OK && i < report->scenario->expectations_count; i++) {
        status = database_expect(database, i, report->scenario->expectations[i].sql, error);
    }
    if (status == STATUS_OK) {
        status = database_evaluate(database, report, error);
    }
    database_destroy(database);
    return status;
}

static void put_goals(const struct replay *r, const struct report *report)
{
    for (unsigned i = 0; i < INVARIANTS_COUNT; i++) {
        enum invariant invariant = (enum invariant)i;
        bool said = report_says_violates(report) && (report->scenario->violates >> i & 1) != 0;
        if (invariant_required(report, invariant) || said) {
            (void)fprintf(r->out, "  %-6s%s %s%s\n", report->violations[i] > 0 ? "no" : "yes",
                          invariant_name(invariant), invariant_text(invariant),
                          said ? " (to be violated, the scenario says)" : "");
        }
    }
    for (uint32_t i = 0; i < report->scenario->expectations_count; i++) {
        (void)fprintf(r->out, "  %-6s", report->expectations[i].ok ? "yes" : "no");
        put_text(r, report->scenario->expectations[i].name);
        (void)fputc('\n', r->out);
    }
}

enum status view_goals(struct replay *r, struct text argument, struct error *error)
{
    (void)argument;
    struct report *report = malloc(sizeof *report);
    if (report == NULL) {
        return out_of_memory(error);
    }
    run_look_begin(r->run);
    report_now(r, report);
    enum status status = evaluate(report, error);
    run_look_end(r->run);
    if (status == STATUS_OK) {
        report_judge(report);
        put_goals(r, report);
    }
    free(report);
    return status;
}

enum status view_violations(struct replay *r, struct text argument, struct error *error)
{
    (void)argument;
    (void)error;
    uint64_t count = run_violations_count(r->run);
    (void)fputs(count == 0 ? "nothing is violated so far\n" : "", r->out);
    for (uint64_t i = 0; i < count && i < LINES_SHOWN; i++) {
        struct violation_row row;
        run_violation(r->run, i, &row);
        (void)fprintf(r->out, "  %s  ", at(r, row.at).text);
        put_violation(r, i);
    }
    put_rest(r, count, LINES_SHOWN);
    return STATUS_OK;
}

enum status view_faults(struct replay *r, struct text argument, struct error *error)
{
    (void)argument;
    (void)error;
    uint64_t count = run_faults_count(r->run);
    (void)fputs(count == 0 ? "the scenario has no faults\n" : "", r->out);
    for (uint64_t i = 0; i < count; i++) {
        struct fault_row row;
        run_fault(r->run, i, &row);
        (void)fputs("  ", r->out);
        put_text(r, row.fault);
        (void)fputc(' ', r->out);
        put_text(r, row.process);
        (void)fputs(" at ", r->out);
        put_text(r, row.point);
        (void)fputs(": reached ", r->out);
        put_times(r->out, (uint64_t)row.reached);
        (void)fputs(", struck ", r->out);
        put_times(r->out, (uint64_t)row.struck);
        (void)fputc('\n', r->out);
    }
    return STATUS_OK;
}

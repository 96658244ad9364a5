/* time_machine.c: see time_machine.h. */
#include "model/search/time_machine.h"

#include "model/pipeline/run_snapshot.h"
#include "model/pipeline/run_state.h"
#include "model/search/event_words.h"

#include <stdlib.h>

enum { INTERVAL_FIRST = 64, STAYS_MAX = 4096, EVENT_TEXT_MAX = 4096 };

/* A snapshot, and what is known of the place beside it. */
struct stay {
    uint64_t events;
    struct instant at;
    struct run_snapshot *snapshot;
};

struct time_machine {
    struct run *run;
    struct pipeline *pipeline;
    size_t bytes_max, bytes;
    uint64_t interval;
    struct stay stays[STAYS_MAX]; /* by rising event; the first is of event 0 */
    uint32_t stays_count;
    enum run_state state; /* as run_advance said it last; RUN_GOING: more is to come */
    bool ended;           /* the books are closed */
    uint64_t first_write; /* of the latest event */
    struct run_findings findings_before; /* it */
    bool listening;                      /* the text is being written */
    struct text_writer text;
    char text_bytes[EVENT_TEXT_MAX];
};

static uint64_t events_of(const struct time_machine *m)
{
    return m->pipeline->cloud.simulation.events;
}

/* Of trace.h: a record is being added. */
static void hear(void *self, const struct trace_record *record)
{
    struct time_machine *m = self;
    if (m->listening) {
        run_put_record(m->run, record, &m->text);
        text_put_char(&m->text, '\n');
    }
}

static struct run_findings findings_of(const struct time_machine *m)
{
    return (struct run_findings){run_deviations_count(m->run), run_violations_count(m->run)};
}

static void forget_event(struct time_machine *m)
{
    m->text = text_writer(m->text_bytes, sizeof m->text_bytes);
    m->first_write = table_next_write(m->pipeline->cloud.table);
    m->findings_before = findings_of(m);
}

/* ---- Snapshots. ---- */

static void drop_stay(struct time_machine *m, uint32_t i)
{
    m->bytes -= run_snapshot_bytes(m->stays[i].snapshot);
    run_snapshot_release(m->stays[i].snapshot);
}

/* Doubles the interval: what does not lie on it goes, down to the snapshot of event 0. */
static void thin_out(struct time_machine *m)
{
    uint32_t kept = 1;
    m->interval *= 2;
    for (uint32_t i = 1; i < m->stays_count; i++) {
        if (m->stays[i].events % m->interval == 0) {
            m->stays[kept++] = m->stays[i];
        } else {
            drop_stay(m, i);
        }
    }
    m->stays_count = kept;
}

static enum status stay_here(struct time_machine *m, struct error *error)
{
    struct stay stay = {events_of(m), run_now(m->run), run_snapshot_take(m->run, error)};
    if (stay.snapshot == NULL) {
        return STATUS_NO_MEMORY;
    }
    m->stays[m->stays_count++] = stay;
    m->bytes += run_snapshot_bytes(stay.snapshot);
    while (m->stays_count > 1 && (m->bytes > m->bytes_max || m->stays_count == STAYS_MAX)) {
        thin_out(m);
    }
    return STATUS_OK;
}

/* Goes back to snapshot i; those behind it are void. */
static void restore(struct time_machine *m, uint32_t i)
{
    run_snapshot_restore(m->run, m->stays[i].snapshot);
    while (m->stays_count > i + 1) {
        drop_stay(m, --m->stays_count);
    }
    m->state = RUN_GOING;
    m->ended = false;
    forget_event(m);
}

/* ---- Going on. ---- */

static bool is_due(const struct time_machine *m)
{
    uint64_t events = events_of(m);
    return m->state == RUN_GOING && events % m->interval == 0 &&
           events > m->stays[m->stays_count - 1].events;
}

/* Executes up to `events` events, as far as the next snapshot. Behind the last one it closes the
 * books. */
static enum status execute(struct time_machine *m, uint64_t events, struct error *error)
{
    if (is_due(m) && stay_here(m, error) != STATUS_OK) {
        return STATUS_NO_MEMORY;
    }
    uint64_t to_snapshot = m->interval - events_of(m) % m->interval;
    uint64_t before = events_of(m);
    events = events < to_snapshot ? events : to_snapshot;
    forget_event(m);
    m->state = run_advance(m->run, events, error);
    if (m->state == RUN_FAILED) {
        return STATUS_IO;
    }
    if (m->state != RUN_GOING && events_of(m) < before + events) {
        forget_event(m);
        run_finish(m->run);
        m->ended = true;
    }
    return STATUS_OK;
}

enum status time_machine_step(struct time_machine *m, struct error *error)
{
    if (m->ended) {
        return STATUS_OK;
    }
    m->listening = true;
    enum status status = execute(m, 1, error);
    m->listening = false;
    return status;
}

/* Goes on to an event, the last of them step by step. */
static enum status go_on(struct time_machine *m, uint64_t events, struct error *error)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !m->ended && events_of(m) + 1 < events) {
        status = execute(m, events - 1 - events_of(m), error);
    }
    if (status == STATUS_OK && events_of(m) < events) {
        status = time_machine_step(m, error);
    }
    return status;
}

/* The latest snapshot of an event before that one. */
static uint32_t stay_before(const struct time_machine *m, uint64_t events)
{
    uint32_t i = m->stays_count - 1;
    while (i > 0 && m->stays[i].events >= events) {
        i--;
    }
    return i;
}

enum status time_machine_go(struct time_machine *m, uint64_t events, struct error *error)
{
    if (m->ended || events_of(m) > events) {
        restore(m, stay_before(m, events));
    }
    return go_on(m, events, error);
}

enum status time_machine_go_to_end(struct time_machine *m, struct error *error)
{
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !m->ended) {
        status = execute(m, UINT64_MAX, error);
    }
    return status;
}

/* Whether there is a next event, and it is not later than that. */
static bool next_is_by(const struct time_machine *m, struct instant at)
{
    struct instant next;
    return event_queue_next(m->pipeline->cloud.simulation.world.queue, &next) &&
           !instant_before(at, next);
}

enum status time_machine_go_to_instant(struct time_machine *m, struct instant at,
                                       struct error *error)
{
    enum status status = STATUS_OK;
    uint32_t i = m->stays_count - 1;
    if (m->ended || instant_before(at, run_now(m->run))) {
        while (i > 0 && instant_before(at, m->stays[i].at)) {
            i--;
        }
        restore(m, i);
    }
    while (status == STATUS_OK && !m->ended && next_is_by(m, at)) {
        status = execute(m, 1, error);
    }
    if (status != STATUS_OK || m->ended) {
        return status;
    }
    /* What the event was is told by going there. */
    uint64_t events = events_of(m);
    restore(m, stay_before(m, events));
    return go_on(m, events, error);
}

/* ---- Looking for a place. ---- */

enum status time_machine_seek(struct time_machine *m, const struct time_machine_watch *watch,
                              bool *found, struct error *error)
{
    enum status status = STATUS_OK;
    *found = false;
    while (status == STATUS_OK && !*found && !m->ended) {
        watch->before(watch->self);
        status = time_machine_step(m, error);
        *found = status == STATUS_OK && watch->after(watch->self);
    }
    return status;
}

/* From here on, before `until` events: the last event that is one, in *last; 0: none is. */
static enum status seek_last(struct time_machine *m, const struct time_machine_watch *watch,
                             uint64_t until, uint64_t *last, struct error *error)
{
    enum status status = STATUS_OK;
    *last = 0;
    while (status == STATUS_OK && events_of(m) < until) {
        watch->before(watch->self);
        status = time_machine_step(m, error);
        if (status == STATUS_OK && watch->after(watch->self)) {
            *last = events_of(m);
        }
    }
    return status;
}

/* Snapshot by snapshot, the latest first. */
enum status time_machine_seek_back(struct time_machine *m, const struct time_machine_watch *watch,
                                   bool *found, struct error *error)
{
    enum status status = STATUS_OK;
    uint64_t last = 0;
    uint64_t here = events_of(m);
    uint64_t until = m->ended ? here : here > 0 ? here - 1 : 0;
    while (status == STATUS_OK && last == 0 && until > 0) {
        uint32_t i = stay_before(m, until);
        uint64_t from = m->stays[i].events;
        restore(m, i);
        status = seek_last(m, watch, until, &last, error);
        until = from;
    }
    *found = last > 0;
    if (status == STATUS_OK) {
        status = time_machine_go(m, last > 0 ? last - 1 : 0, error);
    }
    return status == STATUS_OK && *found ? seek_last(m, watch, last, &last, error) : status;
}

/* ---- What is known of a place. ---- */

struct run_place time_machine_place(const struct time_machine *m)
{
    return (struct run_place){events_of(m), m->ended};
}

enum run_state time_machine_ended_by(const struct time_machine *m)
{
    return m->ended ? m->state : RUN_GOING;
}

struct text time_machine_event_text(const struct time_machine *m)
{
    return text_written(&m->text);
}

void time_machine_each_change(struct time_machine *m,
                              void (*visit)(void *self, struct item before, struct item now),
                              void *self)
{
    table_each_change(m->pipeline->cloud.table, m->first_write, visit, self);
}

struct run_findings time_machine_findings_before(const struct time_machine *m)
{
    return m->findings_before;
}

struct time_machine_cost time_machine_cost(const struct time_machine *m)
{
    return (struct time_machine_cost){m->stays_count, m->bytes, m->interval};
}

struct time_machine *time_machine_create(struct run *run, size_t snapshot_bytes,
                                         struct error *error)
{
    struct time_machine *m = calloc(1, sizeof *m);
    if (m == NULL) {
        (void)error_set(error, STATUS_NO_MEMORY, "out of memory for going back");
        return NULL;
    }
    m->run = run;
    m->pipeline = run_pipeline(run);
    m->bytes_max = snapshot_bytes;
    m->interval = INTERVAL_FIRST;
    m->pipeline->cloud.simulation.trace->sink = hear;
    m->pipeline->cloud.simulation.trace->self = m;
    forget_event(m);
    ASSERT(events_of(m) == 0 && !m->ended);
    if (stay_here(m, error) != STATUS_OK) {
        time_machine_destroy(m);
        return NULL;
    }
    return m;
}

void time_machine_destroy(struct time_machine *m)
{
    if (m == NULL) {
        return;
    }
    while (m->stays_count > 0) {
        drop_stay(m, --m->stays_count);
    }
    m->pipeline->cloud.simulation.trace->sink = NULL;
    run_snapshots_end(m->run);
    free(m);
}

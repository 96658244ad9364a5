/* manifest_builder.c: see manifest_builder.h. */
#include "model/pipeline/manifest_builder.h"

#include "model/pipeline/batcher.h"
#include "model/pipeline/pipeline.h"

#define POINTS(X)                                                                                  \
    X(START)                                                                                       \
    X(WORK)                                                                                        \
    X(COPY_TO_QUARANTINE)                                                                          \
    X(TRACK_FILE)                                                                                  \
    X(CREATE)                                                                                      \
    X(PAUSE_AFTER_SUCCESS)                                                                         \
    X(COUNT_PENDING)                                                                               \
    X(PAUSE_AFTER_FAILURE) X(QUERY_ORPHANS) X(QUERY_SHARDS) X(CREATE_ORPHAN) X(PUT_REPORT)

enum point { POINTS(POINT_ENUM) };

_Static_assert((int)PUT_REPORT < (int)CREATION_POINT_BASE, "the creation's points come behind");

/* The creation's first point, START, is the builder's CREATE or CREATE_ORPHAN: it never waits
 * there. */
const char *const manifest_builder_points[] = {POINTS(POINT_NAME)[CREATION_POINT_BASE] = "",
                                               CREATION_POINTS(POINT_NAME)[CLAIM_POINT_BASE] = "",
                                               CLAIM_POINTS(POINT_NAME)[LOCK_POINT_BASE] = "",
                                               LOCK_POINTS(POINT_NAME)};
const uint32_t manifest_builder_points_count =
    sizeof manifest_builder_points / sizeof manifest_builder_points[0];

enum { ITERATIONS_MAX = 50, FAILURES_MAX = 3 };

/* Source: PIPE-LOOP-1. */
static const struct duration PAUSE_SUCCESS = {100 * NS_PER_MS};
static const struct duration PAUSE_FAILURE = {500 * NS_PER_MS};

static struct task *task_of(struct manifest_builder *b)
{
    return &b->reader.invocation.task;
}

static bool succeeded(const struct manifest_builder *b)
{
    return b->reader.invocation.task.call.status == CALL_OK;
}

static int64_t clock_ns(const struct cloud *c, const struct manifest_builder *b)
{
    return invocation_clock(c, &b->reader.invocation).ns;
}

/* The object of a caller's own event. Source: PIPE-EVENT-1. */
static void take_event(struct cloud *c, struct manifest_builder *b)
{
    const struct invocation_request *request = &b->reader.invocation.request;
    if (request->event == INVOCATION_NO_EVENT) {
        return;
    }
    b->bare = request->event == INVOCATION_BARE_EVENT;
    b->size = request->event_size;
    if (!chain_push(&c->chunks, &b->records, request->event_key)) {
        simulation_fail(&c->simulation, "lists in processes (limits.files)");
    }
}

/* Copies the batch's keys, since the messages may become visible to others while this works. */
static void take_batch(struct cloud *c, struct manifest_builder *b)
{
    uint32_t number = b->reader.invocation.request.batch;
    if (number != 0) {
        const struct batch *batch = &c->queue.batches[number - 1];
        for (uint32_t i = 0; i < batch->count; i++) {
            if (!chain_push(&c->chunks, &b->records, batch->bodies[i])) {
                simulation_fail(&c->simulation, "lists in processes (limits.files)");
            }
        }
    }
    take_event(c, b);
    b->next_record = chain_begin(&b->records);
}

/* The current file's, in bytes: as the event has it. */
static int64_t size_of(struct cloud *c, const struct manifest_builder *b)
{
    const struct file_history *file = history_file(pipeline_of(c), b->key);
    return b->size > 0 || file == NULL ? b->size : file->size;
}

/* Inside the inclusive band of expected_size +- tolerance, and with the right suffix. Source:
 * PIPE-VALIDATE-1. */
bool manifest_builder_accepts(struct cloud *c, uint32_t key, int64_t size)
{
    const struct scenario *s = scenario_of(c);
    int64_t off = size > s->expected_size ? size - s->expected_size : s->expected_size - size;
    return text_ends(names_text(&c->names, key), TEXT(".ndjson")) &&
           off * 100 <= s->expected_size * s->size_tolerance_percent;
}

static bool valid(struct cloud *c, const struct manifest_builder *b)
{
    return manifest_builder_accepts(c, b->key, size_of(c, b));
}

/* An error that ends the handling of the current record. Source: PIPE-ERRORS-1, PIPE-FIRST-3. */
static void note_error(const struct cloud *c, struct manifest_builder *b)
{
    b->errors += !scenario_of(c)->builder.first_items;
}

/* A copy that fails is an error, but to the first version. */
static void note_quarantine(const struct cloud *c, struct manifest_builder *b)
{
    bool fine = succeeded(b) || scenario_of(c)->builder.first_items;
    b->quarantined += fine;
    b->errors += !fine;
}

int64_t manifest_builder_status_code(uint32_t errors)
{
    return errors > 0 ? 207 : 200;
}

static bool digits(const char *at, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9') {
            return false;
        }
    }
    return true;
}

/* The first 4-2-2 digits anywhere in the key, so a folder's date wins over the file name's; else
 * today. Source: PIPE-DATE-1. */
static uint32_t date_of(struct cloud *c, const struct manifest_builder *b)
{
    struct text key = names_text(&c->names, b->key);
    char today[16];
    struct text_writer w = text_writer(today, sizeof today);
    text_put_date(&w, (struct instant){clock_ns(c, b)});
    struct text date = text_written(&w);
    for (size_t i = 0; i + 10 <= key.size; i++) {
        const char *at = key.at + i;
        if (digits(at, 4) && at[4] == '-' && digits(at + 5, 2) && at[7] == '-' &&
            digits(at + 8, 2)) {
            date = (struct text){at, 10};
            break;
        }
    }
    uint32_t name = names_intern(&c->names, date);
    if (name == 0) {
        simulation_fail(&c->simulation, "names (limits.files)");
    }
    return name;
}

static void send_file(struct cloud *c, struct manifest_builder *b, enum point point,
                      uint16_t operation)
{
    struct file_request request = {
        .key = b->key,
        .date = b->date,
        .outcome = valid(c, b), /* TRACK_ONCE */
        .clock_ns = clock_ns(c, b),
        .size = size_of(c, b),
    };
    call_send(c, task_of(b), (uint16_t)point, operation, &request, sizeof request);
}

enum call_status perform_copy_to_quarantine(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    CALL_REQUEST(call, struct file_request, request);
    if (bucket_find(c, BUCKET_INPUT, request.key) == NULL) {
        return CALL_NOT_FOUND;
    }
    bucket_count_put(c, BUCKET_QUARANTINE);
    history_quarantined(pipeline_of(c), request.key);
    return CALL_OK;
}

enum call_status perform_put_report(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    (void)call;
    bucket_count_put(c, BUCKET_MANIFEST);
    return CALL_OK;
}

static void send_page(struct cloud *c, struct manifest_builder *b, enum point point,
                      uint16_t operation)
{
    struct page_request request = {
        .date = b->date, .base = b->reader.dates.count, .clock_ns = clock_ns(c, b)};
    call_send(c, task_of(b), (uint16_t)point, operation, &request, sizeof request);
}

/* Adds the page's count; false where there is no further page. An error counts as none at all.
 * Source: PIPE-LOOP-1. */
static bool count_on(struct manifest_builder *b)
{
    struct page_reply reply;
    memcpy(&reply, task_of(b)->call.reply, sizeof reply);
    if (!succeeded(b)) {
        b->pending = 0;
        return false;
    }
    b->pending += reply.count;
    return reply.more;
}

/* Whether a further page of orphans follows. An error means that there is nothing to flush. */
static bool orphans_on(struct cloud *c, struct manifest_builder *b)
{
    struct page_reply reply;
    memcpy(&reply, task_of(b)->call.reply, sizeof reply);
    if (!succeeded(b)) {
        chain_cut(&c->chunks, &b->reader.dates, 0);
        return false;
    }
    return reply.more;
}

static void pause(struct cloud *c, struct manifest_builder *b, enum point point,
                  struct duration time)
{
    struct pipeline *p = pipeline_of(c);
    if (point == PAUSE_AFTER_SUCCESS) {
        p->state->pauses_after_success++;
    } else {
        p->state->pauses_after_failure++;
    }
    task_sleep(c, task_of(b), (uint16_t)point,
               p->pauses_take_no_time ? (struct duration){0} : time);
}

/* Starts create(date), under a lock or by claims. */
static void begin_creation(struct cloud *c, struct manifest_builder *b, uint32_t date)
{
    if (scenario_of(c)->builder.lock == LOCK_CLAIM) {
        claims_begin(c, &b->claims, date);
    } else {
        creation_begin(&b->creation, date);
    }
}

static enum process_status step_creation(struct cloud *c, struct manifest_builder *b)
{
    return scenario_of(c)->builder.lock == LOCK_CLAIM ? claim_creation_step(c, b)
                                                      : creation_step(c, b);
}

static uint32_t created(struct cloud *c, const struct manifest_builder *b)
{
    return scenario_of(c)->builder.lock == LOCK_CLAIM ? b->claims.created : b->creation.created;
}

/* The next values of the status to be read in parallel: those of the shards, then the plain one.
 * False where none is left. */
static bool begin_shards(struct cloud *c, struct manifest_builder *b)
{
    uint32_t values = (uint32_t)scenario_of(c)->builder.status_shards + 1;
    uint32_t first = b->shards.first + b->shards.count;
    uint32_t count = values - first < SHARD_THREADS ? values - first : SHARD_THREADS;
    b->shards = (struct shard_reader){.first = first, .count = count, .open = (1U << count) - 1};
    return count > 0;
}

static void send_shards(struct cloud *c, struct manifest_builder *b)
{
    struct shards_request request = {.date = b->date, .clock_ns = clock_ns(c, b)};
    call_send(c, task_of(b), QUERY_SHARDS, OPERATION_QUERY_SHARDS, &request, sizeof request);
}

/* Whether some thread has a page left. An error means that there is nothing to flush, and no value
 * left to read. */
static bool shards_on(struct cloud *c, struct manifest_builder *b)
{
    if (!succeeded(b)) {
        chain_cut(&c->chunks, &b->reader.dates, 0);
        b->shards.first = (uint32_t)scenario_of(c)->builder.status_shards + 1;
        b->shards.count = 0;
        return false;
    }
    return b->shards.open != 0;
}

/* Finds the earliest date read behind the one that was flushed last; false where there is none. */
static bool next_orphan(struct cloud *c, struct manifest_builder *b)
{
    struct chain_cursor cursor = chain_begin(&b->reader.dates);
    struct text last = names_text(&c->names, b->orphan);
    uint32_t next = 0;
    for (uint32_t i = 0; i < b->reader.dates.count; i++) {
        uint32_t date = chain_take(&c->chunks, &cursor);
        struct text text = names_text(&c->names, date);
        if (text_compare(text, last) > 0 &&
            (next == 0 || text_compare(text, names_text(&c->names, next)) < 0)) {
            next = date;
        }
    }
    b->orphan = next;
    return next != 0;
}

/* Names the current file's message in the response. Source: ESM-PARTIAL-1. */
static void fail_message(struct manifest_builder *b)
{
    b->reader.invocation.failed |= 1U << (b->record - 1);
}

enum process_status manifest_builder_step(struct cloud *c, struct task *task)
{
    struct manifest_builder *b = (void *)task;
    const struct scenario *s = scenario_of(c);
    const bool only_tracks = s->builder.creator == CREATOR_SCHEDULE;
    PROCESS_BEGIN(task->at, enum point);
    take_batch(c, b);
    while (b->record < b->records.count) {
        b->record++;
        b->key = chain_take(&c->chunks, &b->next_record);
        if (s->function.work.ns > 0) {
            AWAIT(task->at, WORK, task_sleep(c, task, WORK, s->function.work));
        }
        if (b->bare || (b->key & MESSAGE_UNREADABLE) != 0) {
            note_error(c, b);
            continue;
        }
        if (!valid(c, b)) {
            if (!s->quarantine_configured) { /* PIPE-VALIDATE-2 */
                b->quarantined++;
                continue;
            }
            AWAIT(task->at, COPY_TO_QUARANTINE,
                  send_file(c, b, COPY_TO_QUARANTINE, OPERATION_COPY_TO_QUARANTINE));
            note_quarantine(c, b);
            if (!only_tracks) {
                continue;
            }
            if (!succeeded(b)) {
                fail_message(b);
                continue;
            }
        }
        b->date = only_tracks ? batcher_date(c, b->key) : date_of(c, b);
        AWAIT(
            task->at, TRACK_FILE,
            send_file(c, b, TRACK_FILE, only_tracks ? OPERATION_TRACK_ONCE : OPERATION_TRACK_FILE));
        if (!succeeded(b) &&
            !(s->builder.track_if_absent && task->call.status == CALL_CONDITION_FAILED)) {
            note_error(c, b);
            if (only_tracks) {
                fail_message(b);
            }
            continue;
        }
        if (only_tracks) {
            b->processed++;
            continue;
        }
        b->failures = 0;
        for (b->iteration = 1; b->iteration <= ITERATIONS_MAX; b->iteration++) {
            if (s->builder.creator != CREATOR_BUILDER) {
                break;
            }
            begin_creation(c, b, b->date);
            AWAIT_CHILD(task->at, CREATE, step_creation(c, b));
            b->manifests += created(c, b);
            if (!s->builder.retry_loop) {
                break;
            }
            if (created(c, b) > 0) {
                b->failures = 0;
                AWAIT(task->at, PAUSE_AFTER_SUCCESS,
                      pause(c, b, PAUSE_AFTER_SUCCESS, PAUSE_SUCCESS));
                continue;
            }
            b->pending = 0;
            b->reader.cursor.size = 0;
            do {
                AWAIT(task->at, COUNT_PENDING,
                      send_page(c, b, COUNT_PENDING, OPERATION_COUNT_PENDING));
            } while (count_on(b));
            if (b->pending < s->max_files_per_manifest || ++b->failures == FAILURES_MAX) {
                break;
            }
            AWAIT(task->at, PAUSE_AFTER_FAILURE, pause(c, b, PAUSE_AFTER_FAILURE, PAUSE_FAILURE));
        }
        if (s->builder.first_items && b->creation.unreadable) {
            continue; /* the error has come up to here: PIPE-FIRST-3 */
        }
        if (s->builder.orphan_flush) { /* PIPE-FLUSH-1 */
            chain_cut(&c->chunks, &b->reader.dates, 0);
            b->reader.cursor.size = 0;
            b->orphan = 0;
            b->shards = (struct shard_reader){.first = 0};
            while (s->builder.status_shards > 0 && begin_shards(c, b)) {
                do {
                    AWAIT(task->at, QUERY_SHARDS, send_shards(c, b));
                } while (shards_on(c, b));
            }
            if (s->builder.status_shards == 0) {
                do {
                    AWAIT(task->at, QUERY_ORPHANS,
                          send_page(c, b, QUERY_ORPHANS, OPERATION_QUERY_ORPHANS));
                } while (orphans_on(c, b));
            }
            while (next_orphan(c, b)) {
                begin_creation(c, b, b->orphan);
                AWAIT_CHILD(task->at, CREATE_ORPHAN, step_creation(c, b));
                b->manifests += created(c, b);
            }
        }
        b->processed++;
    }
    if (s->builder.run_report) {
        AWAIT(task->at, PUT_REPORT, call_send(c, task, PUT_REPORT, OPERATION_PUT_REPORT, NULL, 0));
    }
    PROCESS_END;
}

void manifest_builder_release(struct cloud *c, struct task *task)
{
    struct manifest_builder *b = (void *)task;
    claims_release(c, &b->claims);
    chain_cut(&c->chunks, &b->records, 0);
    chain_cut(&c->chunks, &b->reader.found, 0);
    chain_cut(&c->chunks, &b->reader.dates, 0);
}

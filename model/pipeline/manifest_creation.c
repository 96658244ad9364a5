/* manifest_creation.c: see manifest_creation.h. */
#include "model/pipeline/batches.h"
#include "model/pipeline/manifest_builder.h"
#include "model/pipeline/pipeline.h"

enum point { START, CREATION_POINTS(POINT_ENUM) };

void creation_begin(struct creation *m, uint32_t date)
{
    memset(m, 0, sizeof *m);
    m->date = date;
}

static uint16_t point_number(enum point point)
{
    return (uint16_t)(CREATION_POINT_BASE + point);
}

static int64_t clock_ns(const struct cloud *c, const struct manifest_builder *b)
{
    return invocation_clock(c, &b->reader.invocation).ns;
}

static void send(struct cloud *c, struct manifest_builder *b, enum point point, uint16_t operation,
                 const void *request, size_t size)
{
    call_send(c, &b->reader.invocation.task, point_number(point), operation, request, size);
}

static bool succeeded(const struct manifest_builder *b)
{
    return b->reader.invocation.task.call.status == CALL_OK;
}

/* Source: PIPE-READ-2. */
static void send_query(struct cloud *c, struct manifest_builder *b)
{
    const struct scenario *s = scenario_of(c);
    struct page_request request = {
        .date = b->creation.date,
        .base = b->reader.found.count,
        .limit = s->builder.limited_pages ? (uint32_t)s->max_files_per_manifest + 1 : 0,
    };
    send(c, b, QUERY_PENDING, OPERATION_QUERY_PENDING, &request, sizeof request);
}

/* Whether another page is to be read. One that failed ends the reading, with nothing found. Source:
 * PIPE-READ-2, PIPE-POISON-1. */
static bool more_pages(const struct cloud *c, struct manifest_builder *b)
{
    const struct scenario *s = scenario_of(c);
    struct page_reply reply;
    memcpy(&reply, b->reader.invocation.task.call.reply, sizeof reply);
    b->creation.unreadable = !succeeded(b) || reply.poisoned;
    bool enough = s->builder.limited_pages && b->reader.found.count >= s->max_files_per_manifest;
    return !b->creation.unreadable && reply.more && !enough;
}

static void decide(struct cloud *c, struct manifest_builder *b)
{
    struct creation *m = &b->creation;
    char today[16];
    struct text_writer w = text_writer(today, sizeof today);
    text_put_date(&w, (struct instant){clock_ns(c, b)});
    bool earlier = text_compare(names_text(&c->names, m->date), text_written(&w)) < 0;
    m->batches = batches_count(c, &b->reader.found, earlier);
    m->left = b->reader.found.count;
    m->next = chain_begin(&b->reader.found);
}

/* "manifests/<date>/batch-<number>-<UTC second>.json": the number starts at 1 in every call.
 * Source: PIPE-KEY-1. */
static void begin_batch(struct cloud *c, struct manifest_builder *b)
{
    struct creation *m = &b->creation;
    m->files = batch_files(c, m->next, m->left);
    m->left -= m->files;
    m->batch_start = m->next;
    m->unpublished = 0;
    m->execution = 0;
    char key[128];
    struct text_writer w = text_writer(key, sizeof key);
    text_put(&w, TEXT("manifests/"));
    text_put(&w, names_text(&c->names, m->date));
    text_put(&w, TEXT("/batch-"));
    text_put_integer(&w, m->batch, 4);
    text_put_char(&w, '-');
    text_put_compact(&w, (struct instant){clock_ns(c, b)});
    if (m->lock.token != 0) { /* no two owners put the same key */
        text_put(&w, TEXT("-t"));
        text_put_integer(&w, m->lock.token, 0);
    }
    text_put(&w, TEXT(".json"));
    m->manifest = names_intern(&c->names, text_written(&w));
    if (m->manifest == 0) {
        simulation_fail(&c->simulation, "names (limits.files)");
    }
}

/* The effect reads the batch's files from the task. */
static void send_manifest(struct cloud *c, struct manifest_builder *b)
{
    send(c, b, PUT_MANIFEST, OPERATION_PUT_MANIFEST, NULL, 0);
}

enum call_status perform_put_manifest(struct cloud *c, struct task *caller, struct call *call)
{
    (void)call;
    struct manifest_builder *b = (void *)caller;
    struct creation *m = &b->creation;
    struct chain_cursor cursor = m->batch_start;
    int64_t size = 0;
    for (uint32_t i = 0; i < m->files; i++) {
        uint32_t key = chain_take(&c->chunks, &cursor);
        size += (int64_t)names_text(&c->names, key).size;
        if (!bucket_add_to_body(c, key)) {
            return CALL_FAILED;
        }
    }
    if (bucket_put(c, BUCKET_MANIFEST, m->manifest, size, m->files) == 0) {
        return CALL_FAILED;
    }
    history_manifest_put(pipeline_of(c), m->manifest, m->date, b->reader.invocation.row);
    return CALL_OK;
}

/* Marks the next file of the batch, or sets it back. */
static void send_file(struct cloud *c, struct manifest_builder *b, enum point point,
                      uint16_t operation)
{
    struct creation *m = &b->creation;
    struct file_request request = {
        .key = chain_take(&c->chunks, &m->next),
        .date = m->date,
        .manifest = m->manifest,
        .clock_ns = clock_ns(c, b),
        .token = m->lock.token,
        .only_mine = m->lock.lost,
    };
    send(c, b, point, operation, &request, sizeof request);
}

static void send_record(struct cloud *c, struct manifest_builder *b, enum point point,
                        uint16_t operation)
{
    struct creation *m = &b->creation;
    struct record_request request = {
        .date = m->date,
        .manifest = m->manifest,
        .file_count = m->files,
        .execution = m->execution,
        .clock_ns = clock_ns(c, b),
    };
    send(c, b, point, operation, &request, sizeof request);
}

/* The input has a file_key where the manifest's record has one of its own. The reply is the
 * execution, by its row. Source: PIPE-INPUT-1. */
enum call_status perform_start_execution(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    CALL_REQUEST(call, struct record_request, request);
    struct workflow_input input = {
        .manifest = request.manifest,
        .date = request.date,
        .file_count = request.file_count,
        .row = history_execution_started(pipeline_of(c), request.manifest, request.date,
                                         request.file_count),
        .timestamp_ns = request.clock_ns,
        .without_file_key = scenario_of(c)->builder.record != RECORD_OWN,
    };
    call->reply[0] = input.row;
    return workflow_start(c, &input) == NULL ? CALL_FAILED : CALL_OK;
}

/* Moves over the files of a batch whose manifest could not be put: they stay pending. */
static void skip_batch(struct cloud *c, struct creation *m)
{
    for (uint32_t i = 0; i < m->files; i++) {
        (void)chain_take(&c->chunks, &m->next);
    }
}

/* Publishing is two steps, the record and the start; whoever rolls back takes the start first, and
 * goes no further once one has failed. Without the machine's ARN there is neither. Source:
 * PIPE-CREATE-1, PIPE-ROLLBACK-1, PIPE-ARN-1. */
enum { PUBLISHING_STEPS = 2 };

static bool publishes(const struct scenario *s, const struct creation *m)
{
    return s->start_configured && m->step < PUBLISHING_STEPS && !m->lock.lost &&
           !(s->builder.roll_back && m->unpublished);
}

static bool is_start(const struct scenario *s, const struct creation *m)
{
    return (m->step == 0) == s->builder.roll_back;
}

/* A file that refuses the token has been marked by a later owner. Source: PIPE-LOCK-4. */
static void note_mark(struct manifest_builder *b)
{
    enum call_status status = (enum call_status)b->reader.invocation.task.call.status;
    b->creation.lock.lost |= b->creation.lock.token != 0 && status == CALL_CONDITION_FAILED;
}

static void take_execution(struct manifest_builder *b)
{
    b->creation.unpublished |= !succeeded(b);
    b->creation.execution = (uint32_t)b->reader.invocation.task.call.reply[0];
}

/* Source: PIPE-CREATE-1, PIPE-LOCK-2, PIPE-ROLLBACK-1. */
enum process_status creation_step(struct cloud *c, struct manifest_builder *b)
{
    struct creation *m = &b->creation;
    struct invocation *invocation = &b->reader.invocation;
    struct task *task = &invocation->task;
    const struct scenario *s = scenario_of(c);
    PROCESS_BEGIN(m->at, enum point);
    lock_acquire(&m->lock, m->date);
    AWAIT_CHILD(m->at, ACQUIRE, lock_step(c, invocation, &m->lock));
    if (!m->lock.held) {
        return PROCESS_DONE;
    }
    chain_cut(&c->chunks, &b->reader.found, 0);
    b->reader.cursor.size = 0;
    do {
        AWAIT(m->at, QUERY_PENDING, send_query(c, b));
    } while (more_pages(c, b));
    if (!m->unreadable) {
        decide(c, b);
    }
    for (m->batch = 1; m->batch <= m->batches; m->batch++) {
        lock_keep(&m->lock);
        AWAIT_CHILD(m->at, KEEP_FOR_BATCH, lock_step(c, invocation, &m->lock));
        if (m->lock.lost) {
            break;
        }
        begin_batch(c, b);
        AWAIT(m->at, PUT_MANIFEST, send_manifest(c, b));
        if (!succeeded(b)) {
            skip_batch(c, m);
            continue;
        }
        if (pipeline_of(c)->time_per_manifest.ns > 0) {
            AWAIT(m->at, CLOCK,
                  task_sleep(c, task, point_number(CLOCK), pipeline_of(c)->time_per_manifest));
        }
        for (m->file = 0; m->file < m->files; m->file++) {
            lock_keep(&m->lock);
            AWAIT_CHILD(m->at, KEEP_FOR_FILE, lock_step(c, invocation, &m->lock));
            if (m->lock.lost) {
                break;
            }
            AWAIT(m->at, MARK_FILE, send_file(c, b, MARK_FILE, OPERATION_MARK_FILE));
            note_mark(b);
        }
        lock_keep(&m->lock);
        AWAIT_CHILD(m->at, KEEP_FOR_START, lock_step(c, invocation, &m->lock));
        for (m->step = 0; publishes(s, m); m->step++) {
            if (is_start(s, m)) {
                AWAIT(m->at, START_EXECUTION,
                      send_record(c, b, START_EXECUTION, OPERATION_START_EXECUTION));
                take_execution(b);
            } else if (s->builder.record != RECORD_NONE) {
                AWAIT(m->at, PUT_RECORD, send_record(c, b, PUT_RECORD, OPERATION_PUT_RECORD));
                m->unpublished |= !succeeded(b);
            }
        }
        if (!m->lock.lost && !(s->builder.roll_back && m->unpublished)) {
            m->created++;
            continue;
        }
        m->next = m->batch_start;
        m->files = m->file;
        for (m->file = 0; m->file < m->files; m->file++) {
            AWAIT(m->at, REPEND_FILE, send_file(c, b, REPEND_FILE, OPERATION_REPEND_FILE));
        }
        if (m->lock.lost) {
            break;
        }
    }
    lock_release(&m->lock);
    AWAIT_CHILD(m->at, RELEASE, lock_step(c, invocation, &m->lock));
    PROCESS_END;
}

/* batcher.c: see batcher.h. */
#include "model/pipeline/batcher.h"

#include "model/pipeline/manifest_builder.h"
#include "model/pipeline/pipeline.h"

#define POINTS(X)                                                                                  \
    X(START)                                                                                       \
    X(QUERY_RECORDS)                                                                               \
    X(ABORT_RECORD)                                                                                \
    X(START_AGAIN)                                                                                 \
    X(LOOK_AT_EXECUTION)                                                                           \
    X(RAISE_ATTEMPT)                                                                               \
    X(PUBLISH_ALERT)                                                                               \
    X(LIST_INPUT)                                                                                  \
    X(CHECK_TRACKED)                                                                               \
    X(COPY_TO_QUARANTINE)                                                                          \
    X(TRACK_ONCE)                                                                                  \
    X(QUERY_UNCLAIMED)                                                                             \
    X(OPEN_RECORD)                                                                                 \
    X(TAKE_FILE)                                                                                   \
    X(PUT_MANIFEST_ONCE)                                                                           \
    X(SEAL_RECORD) X(START_NAMED) X(ABORT_OWN) X(QUERY_CLAIMED) X(GET_RECORD) X(GIVE_BACK_FILE)

enum point { POINTS(POINT_ENUM) };

const char *const batcher_points[] = {POINTS(POINT_NAME)};
const uint32_t batcher_points_count = sizeof batcher_points / sizeof batcher_points[0];

enum { CHECK_KEYS_MAX = 100 }; /* Source: DDB-BATCH-1 */

static int64_t clock_ns(const struct cloud *c, const struct batcher *b)
{
    return invocation_clock(c, &b->reader.invocation).ns;
}

static bool replied(const struct batcher *b, enum call_status status)
{
    return b->reader.invocation.task.call.status == status;
}

/* Whether the tick is one of those that look everywhere: the first one at or behind each multiple
 * of the time between two. */
static bool is_thorough(const struct cloud *c, const struct batcher *b)
{
    int64_t every_ns = scenario_of(c)->schedule.reconcile_every.ns;
    int64_t at_ns = schedule_instant(c, b->reader.invocation.request.tick).ns;
    return at_ns / every_ns != (at_ns - c->schedule.interval.ns) / every_ns;
}

static void send(struct cloud *c, struct batcher *b, enum point point, uint16_t operation,
                 const void *request, size_t size)
{
    call_send(c, &b->reader.invocation.task, (uint16_t)point, operation, request, size);
}

/* --- lists
 * --------------------------------------------------------------------------------------------------
 */

static void begin_list(struct cloud *c, struct batcher *b)
{
    chain_cut(&c->chunks, &b->reader.found, 0);
    chain_cut(&c->chunks, &b->missing, 0);
    b->reader.cursor.size = 0;
    b->object = 0;
    b->item = 0;
}

static void send_page(struct cloud *c, struct batcher *b, enum point point, uint16_t operation)
{
    struct batcher_page request = {
        .kind = b->kind,
        .base = b->reader.found.count,
        .object = b->object,
        .clock_ns = clock_ns(c, b),
    };
    send(c, b, point, operation, &request, sizeof request);
}

/* Whether another page follows. What could not be read is there to be done. */
static bool more_pages(struct batcher *b)
{
    struct page_reply reply;
    memcpy(&reply, b->reader.invocation.task.call.reply, sizeof reply);
    b->outstanding |= !replied(b, CALL_OK);
    b->next = chain_begin(&b->reader.found);
    return replied(b, CALL_OK) && reply.more;
}

static bool more_objects(struct batcher *b)
{
    struct list_reply reply;
    memcpy(&reply, b->reader.invocation.task.call.reply, sizeof reply);
    b->next = chain_begin(&b->reader.found);
    if (!replied(b, CALL_OK)) {
        b->outstanding = 1;
        return false;
    }
    b->outstanding |= reply.young > 0;
    b->object = reply.object;
    return reply.more;
}

static uint32_t take(struct cloud *c, struct batcher *b)
{
    b->item++;
    return chain_take(&c->chunks, &b->next);
}

/* --- records
 * ------------------------------------------------------------------------------------ */

/* The next record of the list becomes the current one; false where there is none left. */
static bool take_record(struct cloud *c, struct batcher *b)
{
    struct batch_record *record = &b->record;
    if (b->item == b->reader.found.count) {
        return false;
    }
    record->date = take(c, b);
    record->manifest = take(c, b);
    record->attempt = take(c, b);
    record->file_count = take(c, b);
    record->since_s = take(c, b);
    record->created_s = take(c, b);
    return true;
}

/* Whether the record has had its status for so long, by this environment's clock. */
static bool is_older(const struct cloud *c, const struct batcher *b, struct duration age)
{
    return clock_ns(c, b) - b->record.since_s * NS_PER_S > age.ns;
}

/* Whether nobody works on the record as things stand, without a look at its execution. */
static bool wants_look(const struct cloud *c, const struct batcher *b)
{
    const struct scenario *s = scenario_of(c);
    switch ((enum batch_status)b->kind) {
    case BATCH_ASSEMBLING:
        return is_older(c, b, s->schedule.claim_lease);
    case BATCH_PROCESSING:
        return is_older(c, b, s->schedule.look_after);
    case BATCH_FAILED:
        return b->record.attempt < s->schedule.attempts;
    case BATCH_READY:
    case BATCH_COMPLETED:
    case BATCH_ABORTED:
        break;
    }
    return true;
}

static void send_record(struct cloud *c, struct batcher *b, enum point point, uint16_t operation)
{
    struct batch_request request = {
        .record = b->record, .was = b->kind, .clock_ns = clock_ns(c, b)};
    send(c, b, point, operation, &request, sizeof request);
}

static bool has_ended(const struct batcher *b)
{
    return replied(b, CALL_OK) && b->reader.invocation.task.call.reply[0] != 0;
}

/* --- objects without a record
 * ------------------------------------------------------------------------------------ */

static void send_check(struct cloud *c, struct batcher *b)
{
    uint32_t left = b->reader.found.count - b->item;
    struct batcher_page request = {
        .base = b->missing.count,
        .count = left < CHECK_KEYS_MAX ? left : CHECK_KEYS_MAX,
        .chunk = b->next.chunk,
        .position = b->next.position,
    };
    send(c, b, CHECK_TRACKED, OPERATION_CHECK_TRACKED, &request, sizeof request);
}

/* Moves over the keys that were checked; false where no others are left. */
static bool more_checks(struct cloud *c, struct batcher *b)
{
    b->outstanding |= !replied(b, CALL_OK);
    for (uint32_t i = 0; i < CHECK_KEYS_MAX && b->item < b->reader.found.count; i++) {
        (void)take(c, b);
    }
    return b->item < b->reader.found.count;
}

/* Bytes of the current file, as the listing has them. */
static int64_t size_of(const struct cloud *c, const struct batcher *b)
{
    return bucket_object(&c->buckets, c->names.names[b->key].owner)->size;
}

static bool is_accepted(struct cloud *c, const struct batcher *b)
{
    return manifest_builder_accepts(c, b->key, size_of(c, b));
}

static void send_file(struct cloud *c, struct batcher *b, enum point point, uint16_t operation)
{
    struct file_request request = {
        .key = b->key,
        .date = b->record.date,
        .manifest = b->record.manifest,
        .outcome = is_accepted(c, b), /* TRACK_ONCE */
        .clock_ns = clock_ns(c, b),
        .size = size_of(c, b),
    };
    send(c, b, point, operation, &request, sizeof request);
}

static bool take_missing(struct cloud *c, struct batcher *b)
{
    if (b->missed == b->missing.count) {
        return false;
    }
    if (b->missed++ == 0) {
        b->next_missing = chain_begin(&b->missing);
    }
    b->key = chain_take(&c->chunks, &b->next_missing);
    b->record.date = batcher_date(c, b->key);
    b->outstanding = 1;
    return true;
}

/* --- slices
 * --------------------------------------------------------------------------------------------------
 */

/* How many of the files that come next, up to a slice's most, are of the date of the first. */
static uint32_t count_slice(struct cloud *c, const struct batcher *b, uint32_t *date)
{
    uint32_t most = (uint32_t)scenario_of(c)->max_files_per_manifest;
    struct chain_cursor cursor = b->next;
    uint32_t count = 0;
    for (uint32_t item = b->item; item < b->reader.found.count && count < most; item += 2) {
        uint32_t next_date = chain_take(&c->chunks, &cursor);
        (void)chain_take(&c->chunks, &cursor);
        *date = count == 0 ? next_date : *date;
        if (next_date != *date) {
            break;
        }
        count++;
    }
    return count;
}

static bool is_earlier(struct cloud *c, const struct batcher *b, uint32_t date)
{
    char today[16];
    struct text_writer w = text_writer(today, sizeof today);
    text_put_date(&w, (struct instant){clock_ns(c, b)});
    return text_compare(names_text(&c->names, date), text_written(&w)) < 0;
}

/* "manifests/<date>/batch-<environment>-<invocation>-<number>.json": the first two stand for the
 * invocation's request id, so no other invocation ever makes the same key. */
static void name_manifest(struct cloud *c, struct batcher *b)
{
    const struct task *task = &b->reader.invocation.task;
    char key[128];
    struct text_writer w = text_writer(key, sizeof key);
    text_put(&w, TEXT("manifests/"));
    text_put(&w, names_text(&c->names, b->record.date));
    text_put(&w, TEXT("/batch-"));
    text_put_integer(&w, task->parent, 4);
    text_put_char(&w, '-');
    text_put_integer(&w, task->ordinal, 4);
    text_put_char(&w, '-');
    text_put_integer(&w, ++b->manifests, 4);
    text_put(&w, TEXT(".json"));
    b->record.manifest = names_intern(&c->names, text_written(&w));
    if (b->record.manifest == 0) {
        simulation_fail(&c->simulation, "names (limits.files)");
    }
}

/* Half of the function's time is for what has been begun. */
static bool has_time(const struct cloud *c, const struct batcher *b)
{
    int64_t left_ns = b->reader.invocation.task.deadline_ns - cloud_now(c).ns;
    return left_ns > scenario_of(c)->function.timeout.ns / 2;
}

/* The next slice that makes a manifest: full, or of an earlier date. False where there is none. */
static bool begin_slice(struct cloud *c, struct batcher *b)
{
    const struct scenario *s = scenario_of(c);
    uint32_t date = 0;
    for (;;) {
        uint32_t files = count_slice(c, b, &date);
        if (files == 0) {
            return false;
        }
        bool enough = files >= s->max_files_per_manifest ||
                      (is_earlier(c, b, date) && files >= s->min_files_for_partial_batch);
        if (enough) {
            b->files = files;
            break;
        }
        for (uint32_t i = 0; i < 2 * files; i++) {
            (void)take(c, b);
        }
    }
    b->outstanding = 1;
    b->trouble = 0;
    b->record = (struct batch_record){
        .date = date,
        .attempt = 1,
        .created_s = (uint32_t)instant_epoch_seconds((struct instant){clock_ns(c, b)}),
    };
    chain_cut(&c->chunks, &b->missing, 0);
    name_manifest(c, b);
    return has_time(c, b);
}

static void send_claim(struct cloud *c, struct batcher *b)
{
    (void)take(c, b); /* the date */
    b->key = take(c, b);
    send_file(c, b, TAKE_FILE, OPERATION_TAKE_FILE);
}

/* A file that is not pending any more is left out; without an answer nobody knows. */
static void note_claim(struct cloud *c, struct batcher *b)
{
    if (!replied(b, CALL_OK)) {
        b->trouble |= !replied(b, CALL_CONDITION_FAILED);
        return;
    }
    b->record.file_count++;
    if (!chain_push(&c->chunks, &b->missing, b->key)) {
        simulation_fail(&c->simulation, "lists in processes (limits.files)");
    }
}

/* --- claimed files
 * ------------------------------------------------------------------------------------ */

/* Takes the next file that is claimed. Sets whether it is for another manifest than the one
 * before. */
static bool take_claim(struct cloud *c, struct batcher *b, bool *another)
{
    if (b->item == b->reader.found.count) {
        return false;
    }
    uint32_t before = b->record.manifest;
    b->record.date = take(c, b);
    b->key = take(c, b);
    b->record.manifest = take(c, b);
    *another = b->record.manifest != before;
    return true;
}

/* --- the tick
 * --------------------------------------------------------------------------------------------------
 */

enum process_status batcher_step(struct cloud *c, struct task *task)
{
    struct batcher *b = (void *)task;
    bool another;
    PROCESS_BEGIN(task->at, enum point);
    for (b->kind = BATCH_ASSEMBLING; b->kind <= BATCH_FAILED; b->kind++) {
        begin_list(c, b);
        do {
            AWAIT(task->at, QUERY_RECORDS, send_page(c, b, QUERY_RECORDS, OPERATION_QUERY_RECORDS));
        } while (more_pages(b));
        while (take_record(c, b)) {
            b->outstanding |= b->kind != BATCH_FAILED || wants_look(c, b);
            if (!wants_look(c, b)) {
                continue;
            }
            if (b->kind == BATCH_ASSEMBLING) {
                AWAIT(task->at, ABORT_RECORD,
                      send_record(c, b, ABORT_RECORD, OPERATION_ABORT_RECORD));
                b->aborted |= replied(b, CALL_OK);
                continue;
            }
            if (b->kind == BATCH_READY) {
                AWAIT(task->at, START_AGAIN, send_record(c, b, START_AGAIN, OPERATION_START_AGAIN));
                if (!replied(b, CALL_CONDITION_FAILED)) {
                    continue; /* it runs, or is tried again at the next tick */
                }
            }
            if (b->kind == BATCH_PROCESSING) {
                AWAIT(task->at, LOOK_AT_EXECUTION,
                      send_record(c, b, LOOK_AT_EXECUTION, OPERATION_LOOK_AT_EXECUTION));
                if (!has_ended(b)) {
                    continue;
                }
            }
            AWAIT(task->at, RAISE_ATTEMPT,
                  send_record(c, b, RAISE_ATTEMPT, OPERATION_RAISE_ATTEMPT));
            if (replied(b, CALL_OK) && b->kind != BATCH_FAILED) {
                AWAIT(task->at, PUBLISH_ALERT,
                      send_record(c, b, PUBLISH_ALERT, OPERATION_PUBLISH_ALERT));
            }
        }
    }
    if (is_thorough(c, b)) {
        begin_list(c, b);
        do {
            AWAIT(task->at, LIST_INPUT, send_page(c, b, LIST_INPUT, OPERATION_LIST_INPUT));
        } while (more_objects(b));
        if (b->reader.found.count > 0) {
            do {
                AWAIT(task->at, CHECK_TRACKED, send_check(c, b));
            } while (more_checks(c, b));
        }
        b->missed = 0;
        while (take_missing(c, b)) {
            if (!is_accepted(c, b)) {
                AWAIT(task->at, COPY_TO_QUARANTINE,
                      send_file(c, b, COPY_TO_QUARANTINE, OPERATION_COPY_TO_QUARANTINE));
                if (!replied(b, CALL_OK)) {
                    continue;
                }
            }
            AWAIT(task->at, TRACK_ONCE, send_file(c, b, TRACK_ONCE, OPERATION_TRACK_ONCE));
        }
    }
    begin_list(c, b);
    do {
        AWAIT(task->at, QUERY_UNCLAIMED,
              send_page(c, b, QUERY_UNCLAIMED, OPERATION_QUERY_UNCLAIMED));
    } while (more_pages(b));
    while (begin_slice(c, b)) {
        AWAIT(task->at, OPEN_RECORD, send_record(c, b, OPEN_RECORD, OPERATION_OPEN_RECORD));
        if (!replied(b, CALL_OK) && !replied(b, CALL_CONDITION_FAILED)) {
            break;
        }
        for (b->slice = 0; b->slice < b->files && !b->trouble; b->slice++) {
            AWAIT(task->at, TAKE_FILE, send_claim(c, b));
            note_claim(c, b);
        }
        if (!b->trouble && b->missing.count > 0) {
            AWAIT(task->at, PUT_MANIFEST_ONCE,
                  send_record(c, b, PUT_MANIFEST_ONCE, OPERATION_PUT_MANIFEST_ONCE));
            b->trouble = !replied(b, CALL_OK) && !replied(b, CALL_CONDITION_FAILED);
        }
        if (!b->trouble && b->missing.count > 0) {
            AWAIT(task->at, SEAL_RECORD, send_record(c, b, SEAL_RECORD, OPERATION_SEAL_RECORD));
            b->trouble = !replied(b, CALL_OK);
        }
        if (!b->trouble && b->missing.count > 0) {
            /* Without an answer the record stays ready, and the next tick starts it. */
            AWAIT(task->at, START_NAMED, send_record(c, b, START_NAMED, OPERATION_START_NAMED));
            continue;
        }
        AWAIT(task->at, ABORT_OWN, send_record(c, b, ABORT_OWN, OPERATION_ABORT_OWN));
        b->aborted |= replied(b, CALL_OK);
        if (b->trouble) {
            break;
        }
    }
    if (b->aborted || is_thorough(c, b)) {
        begin_list(c, b);
        b->record.manifest = 0;
        do {
            AWAIT(task->at, QUERY_CLAIMED, send_page(c, b, QUERY_CLAIMED, OPERATION_QUERY_CLAIMED));
        } while (more_pages(b));
        while (take_claim(c, b, &another)) {
            if (another) {
                AWAIT(task->at, GET_RECORD, send_record(c, b, GET_RECORD, OPERATION_GET_RECORD));
                b->outstanding |= !replied(b, CALL_OK);
                b->dead = has_ended(b);
            }
            if (b->dead) {
                AWAIT(task->at, GIVE_BACK_FILE,
                      send_file(c, b, GIVE_BACK_FILE, OPERATION_GIVE_BACK_FILE));
                b->outstanding = 1;
            }
        }
    }
    schedule_report(c, b->reader.invocation.request.tick, !b->outstanding, is_thorough(c, b));
    PROCESS_END;
}

void batcher_release(struct cloud *c, struct task *task)
{
    struct batcher *b = (void *)task;
    chain_cut(&c->chunks, &b->reader.found, 0);
    chain_cut(&c->chunks, &b->reader.dates, 0);
    chain_cut(&c->chunks, &b->missing, 0);
}

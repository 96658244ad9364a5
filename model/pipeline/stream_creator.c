/* stream_creator.c: see stream_creator.h. */
#include "model/pipeline/stream_creator.h"

#include "model/pipeline/pipeline.h"

#define POINTS(X)                                                                                  \
    X(START)                                                                                       \
    X(QUERY_PENDING)                                                                               \
    X(PUT_MANIFEST)                                                                                \
    X(CLAIM_FILE) X(PUT_EVENTS) X(PUT_RECORD) X(RELEASE_FILE) X(DELETE_MANIFEST)

enum point { POINTS(POINT_ENUM) };

const char *const stream_creator_points[] = {POINTS(POINT_NAME)};
const uint32_t stream_creator_points_count =
    sizeof stream_creator_points / sizeof stream_creator_points[0];

/* Source: PIPE-STREAM-1. */
bool stream_creator_wants(const struct stream_record *record)
{
    return record->event == STREAM_INSERT;
}

struct batch_dates {
    struct cloud *c;
    struct stream_creator *s;
};

static bool is_listed(const struct cloud *c, const struct chain *chain, uint32_t value)
{
    struct chain_cursor cursor = chain_begin(chain);
    for (uint32_t i = 0; i < chain->count; i++) {
        if (chain_take(&c->chunks, &cursor) == value) {
            return true;
        }
    }
    return false;
}

/* A new pending file's date, in the order of first appearance. */
static void visit_record(void *self, const struct stream_record *record)
{
    const struct batch_dates *batch = self;
    struct cloud *c = batch->c;
    struct stream_creator *s = batch->s;
    s->records++;
    if (!text_starts(item_text(record->new, TEXT("status")), TEXT("pending")) ||
        text_starts(item_text(record->new, TEXT("file_key")), TEXT("MANIFEST"))) {
        return;
    }
    uint32_t date = names_intern(&c->names, item_text(record->new, TEXT("date_prefix")));
    if (is_listed(c, &s->reader.dates, date)) {
        return;
    }
    if (date == 0 || !chain_push(&c->chunks, &s->reader.dates, date)) {
        simulation_fail(&c->simulation, "lists in processes (limits.files)");
    }
}

static void take_batch(struct cloud *c, struct stream_creator *s)
{
    struct batch_dates batch = {c, s};
    stream_source_each(c, &s->reader.invocation, visit_record, &batch);
    s->next_date = chain_begin(&s->reader.dates);
}

static void begin_date(struct cloud *c, struct stream_creator *s)
{
    claims_begin(c, &s->claims, chain_take(&c->chunks, &s->next_date));
    chain_cut(&c->chunks, &s->reader.found, 0);
    s->reader.cursor.size = 0;
}

static uint32_t most_files(const struct cloud *c)
{
    return (uint32_t)scenario_of(c)->max_files_per_manifest;
}

static void begin_batch(struct cloud *c, struct stream_creator *s)
{
    struct claims *m = &s->claims;
    claims_begin_batch(c, &s->reader, m, most_files(c));
    claims_name_manifest(c, &s->reader, m, "stream-batch");
    s->batch_start = m->next;
}

/* Sources: PIPE-STREAM-2 to PIPE-STREAM-4. */
enum process_status stream_creator_step(struct cloud *c, struct task *task)
{
    struct stream_creator *s = (void *)task;
    struct claims *m = &s->claims;
    struct reader *r = &s->reader;
    bool bus = scenario_of(c)->builder.publisher == PUBLISHER_BUS;
    bool readable;
    PROCESS_BEGIN(task->at, enum point);
    take_batch(c, s);
    while (s->date < r->dates.count) {
        s->date++;
        begin_date(c, s);
        do {
            AWAIT(task->at, QUERY_PENDING,
                  claims_send_query(c, r, QUERY_PENDING, m->date, 2 * most_files(c)));
        } while (claims_more_pages(r, 2 * most_files(c), &readable));
        m->batches = readable ? claims_found(r) / most_files(c) : 0;
        m->next = chain_begin(&r->found);
        for (m->batch = 1; m->batch <= m->batches; m->batch++) {
            begin_batch(c, s);
            AWAIT(task->at, PUT_MANIFEST,
                  claims_send_manifest(c, r, m, PUT_MANIFEST, s->batch_start, m->files, 2));
            m->manifest_put = task->call.status == CALL_OK;
            if (!m->manifest_put) {
                claims_skip_batch(c, m);
                continue;
            }
            for (m->file = 0; m->file < m->files; m->file++) {
                AWAIT(task->at, CLAIM_FILE, claims_send_claim(c, r, m, CLAIM_FILE, m->manifest));
                claims_note(c, r, m);
            }
            m->published = m->claimed.count > 0;
            if (m->published && bus) {
                m->sent = m->published = breaker_is_closed(c, &r->invocation);
            }
            if (m->sent) {
                AWAIT(task->at, PUT_EVENTS,
                      claims_send_record(c, r, m, PUT_EVENTS, OPERATION_PUT_EVENTS,
                                         RECORD_TRIGGER_STREAM));
                m->published = task->call.status == CALL_OK;
            }
            if (m->sent && m->published && scenario_of(c)->builder.record != RECORD_NONE) {
                AWAIT(task->at, PUT_RECORD,
                      claims_send_record(c, r, m, PUT_RECORD, OPERATION_PUT_RECORD,
                                         RECORD_TRIGGER_STREAM));
                m->published = task->call.status == CALL_OK;
            }
            if (m->sent) {
                breaker_note(c, &r->invocation, m->published);
            }
            if (m->published) {
                m->created++;
                s->manifests++;
                continue;
            }
            for (m->file = 0; m->file < m->claimed.count; m->file++) {
                AWAIT(task->at, RELEASE_FILE,
                      claims_send_file(c, r, m, RELEASE_FILE, OPERATION_RELEASE_FILE));
            }
            AWAIT(task->at, DELETE_MANIFEST,
                  claims_send_record(c, r, m, DELETE_MANIFEST, OPERATION_DELETE_MANIFEST,
                                     RECORD_TRIGGER_STREAM));
        }
    }
    PROCESS_END;
}

void stream_creator_release(struct cloud *c, struct task *task)
{
    struct stream_creator *s = (void *)task;
    claims_release(c, &s->claims);
    chain_cut(&c->chunks, &s->reader.found, 0);
    chain_cut(&c->chunks, &s->reader.dates, 0);
}

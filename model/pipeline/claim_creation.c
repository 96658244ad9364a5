/* claim_creation.c: see claim_creation.h. */
#include "model/pipeline/claim_creation.h"

#include "model/pipeline/manifest_builder.h"
#include "model/pipeline/pipeline.h"

enum point { START, CLAIM_POINTS(POINT_ENUM) };

/* Source: PIPE-BUS-1. */
enum { BREAKER_FAILURES = 3 };

static const struct duration BREAKER_OPEN = {300 * NS_PER_S};

static uint16_t number(enum point point)
{
    return (uint16_t)(CLAIM_POINT_BASE + point);
}

static bool succeeded(const struct reader *reader)
{
    return reader->invocation.task.call.status == CALL_OK;
}

static int64_t clock_ns(const struct cloud *c, const struct reader *reader)
{
    return invocation_clock(c, &reader->invocation).ns;
}

void claims_begin(struct cloud *c, struct claims *m, uint32_t date)
{
    claims_release(c, m);
    *m = (struct claims){.date = date};
}

void claims_release(struct cloud *c, struct claims *m)
{
    chain_cut(&c->chunks, &m->claimed, 0);
}

void claims_send_query(struct cloud *c, struct reader *reader, uint16_t point, uint32_t date,
                       uint32_t limit)
{
    struct claim_page_request request = {.date = date, .base = reader->found.count, .limit = limit};
    call_send(c, &reader->invocation.task, point, OPERATION_QUERY_CLAIMABLE, &request,
              sizeof request);
}

bool claims_more_pages(const struct reader *reader, uint32_t enough, bool *readable)
{
    struct page_reply reply;
    memcpy(&reply, reader->invocation.task.call.reply, sizeof reply);
    *readable = succeeded(reader) && !reply.poisoned;
    return *readable && reply.more && claims_found(reader) < enough;
}

void claims_begin_batch(struct cloud *c, struct reader *reader, struct claims *m, uint32_t files)
{
    claims_release(c, m);
    m->files = files;
    m->manifest = m->manifest_put = m->sent = m->published = m->execution = 0;
    m->began_ns = clock_ns(c, reader);
}

/* "manifests/<date>/batch-<number>-<UTC second>.json". Source: PIPE-KEY-1. */
void claims_name_manifest(struct cloud *c, const struct reader *reader, struct claims *m,
                          const char *word)
{
    char key[128];
    struct text_writer w = text_writer(key, sizeof key);
    text_put(&w, TEXT("manifests/"));
    text_put(&w, names_text(&c->names, m->date));
    text_put_char(&w, '/');
    text_put(&w, text_from(word));
    text_put_char(&w, '-');
    text_put_integer(&w, m->batch, 4);
    text_put_char(&w, '-');
    text_put_compact(&w, (struct instant){clock_ns(c, reader)});
    text_put(&w, TEXT(".json"));
    m->manifest = names_intern(&c->names, text_written(&w));
    if (m->manifest == 0) {
        simulation_fail(&c->simulation, "names (limits.files)");
    }
}

void claims_skip_batch(struct cloud *c, struct claims *m)
{
    for (uint32_t i = 0; i < 2 * m->files; i++) {
        (void)chain_take(&c->chunks, &m->next);
    }
}

void claims_send_claim(struct cloud *c, struct reader *reader, struct claims *m, uint16_t point,
                       uint32_t manifest)
{
    struct claim_request request = {
        .key = chain_take(&c->chunks, &m->next),
        .date = m->date,
        .manifest = manifest,
        .batch = m->batch,
        .batch_ns = m->began_ns,
        .clock_ns = clock_ns(c, reader),
    };
    request.status = chain_take(&c->chunks, &m->next);
    call_send(c, &reader->invocation.task, point, OPERATION_CLAIM_FILE, &request, sizeof request);
}

/* The call's request still names the file. */
void claims_note(struct cloud *c, const struct reader *reader, struct claims *m)
{
    CALL_REQUEST(&reader->invocation.task.call, struct claim_request, request);
    if (succeeded(reader) && !chain_push(&c->chunks, &m->claimed, request.key)) {
        simulation_fail(&c->simulation, "lists in processes (limits.files)");
    }
}

void claims_send_file(struct cloud *c, struct reader *reader, struct claims *m, uint16_t point,
                      uint16_t operation)
{
    if (m->file == 0) {
        m->placed = chain_begin(&m->claimed);
    }
    struct claim_request request = {
        .key = chain_take(&c->chunks, &m->placed),
        .date = m->date,
        .manifest = m->manifest,
        .clock_ns = clock_ns(c, reader),
    };
    call_send(c, &reader->invocation.task, point, operation, &request, sizeof request);
}

void claims_send_manifest(struct cloud *c, struct reader *reader, const struct claims *m,
                          uint16_t point, struct chain_cursor from, uint32_t files, uint32_t stride)
{
    struct claims_request request = {
        .manifest = m->manifest, .date = m->date, .from = from, .files = files, .stride = stride};
    call_send(c, &reader->invocation.task, point, OPERATION_PUT_CLAIMS, &request, sizeof request);
}

enum call_status perform_put_claims(struct cloud *c, struct task *caller, struct call *call)
{
    const struct invocation *invocation = (const void *)caller;
    CALL_REQUEST(call, struct claims_request, request);
    int64_t size = 0;
    for (uint32_t i = 0; i < request.files; i++) {
        uint32_t key = chain_take(&c->chunks, &request.from);
        size += (int64_t)names_text(&c->names, key).size;
        if (!bucket_add_to_body(c, key)) {
            return CALL_FAILED;
        }
        for (uint32_t skip = 1; skip < request.stride; skip++) {
            (void)chain_take(&c->chunks, &request.from);
        }
    }
    if (bucket_put(c, BUCKET_MANIFEST, request.manifest, size, request.files) == 0) {
        return CALL_FAILED;
    }
    history_manifest_put(pipeline_of(c), request.manifest, request.date, invocation->row);
    return CALL_OK;
}

/* Source: PIPE-CLAIM-5. */
enum call_status perform_delete_manifest(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    CALL_REQUEST(call, struct record_request, request);
    if (!scenario_of(c)->may_delete) {
        return CALL_DENIED;
    }
    bucket_delete(c, BUCKET_MANIFEST, request.manifest);
    return CALL_OK;
}

void claims_send_record(struct cloud *c, struct reader *reader, const struct claims *m,
                        uint16_t point, uint16_t operation, enum record_trigger trigger)
{
    struct record_request request = {
        .date = m->date,
        .manifest = m->manifest,
        .file_count = m->claimed.count,
        .trigger = trigger,
        .execution = m->execution,
        .clock_ns = clock_ns(c, reader),
    };
    call_send(c, &reader->invocation.task, point, operation, &request, sizeof request);
}

/* The event's detail is an execution's input. Sources: PIPE-BUS-1, PIPE-INPUT-1. */
enum call_status perform_put_events(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    CALL_REQUEST(call, struct record_request, request);
    struct workflow_input input = {
        .manifest = request.manifest,
        .date = request.date,
        .file_count = request.file_count,
        .timestamp_ns = request.clock_ns,
        .without_file_key = scenario_of(c)->builder.record != RECORD_OWN,
    };
    return bus_put(c, &input) ? CALL_OK : CALL_FAILED;
}

/* --- the circuit breaker
 * ----------------------------------------------------------------------------------- */

/* In the environment's memory. */
struct breaker {
    uint64_t failures; /* in a row */
    int64_t failed_ns; /* the latest, by the environment's clock */
};

_Static_assert(sizeof(struct breaker) <= ENVIRONMENT_WORDS * sizeof(uint64_t),
               "the breaker fits into the environment's memory");

static uint64_t *memory_of(struct cloud *c, const struct invocation *invocation)
{
    return c->functions.environments[invocation->environment].memory;
}

/* Open for a while after as many failures; then one event may try, since an environment handles one
 * invocation at a time. */
bool breaker_is_closed(struct cloud *c, const struct invocation *invocation)
{
    struct breaker breaker;
    memcpy(&breaker, memory_of(c, invocation), sizeof breaker);
    int64_t age_ns = invocation_clock(c, invocation).ns - breaker.failed_ns;
    return breaker.failures < BREAKER_FAILURES || age_ns >= BREAKER_OPEN.ns;
}

void breaker_note(struct cloud *c, const struct invocation *invocation, bool ended_well)
{
    struct breaker breaker;
    memcpy(&breaker, memory_of(c, invocation), sizeof breaker);
    breaker.failures = ended_well ? 0 : breaker.failures + 1;
    breaker.failed_ns = ended_well ? 0 : invocation_clock(c, invocation).ns;
    if (breaker.failures == BREAKER_FAILURES) {
        goal_reach(pipeline_of(c), GOAL_BREAKER_OPENED);
    }
    memcpy(memory_of(c, invocation), &breaker, sizeof breaker);
}

/* --- the builder's creation
 * ------------------------------------------------------------------------------- */

/* Consecutive batches of the most files; a shorter last one only of an earlier date. Source:
 * PIPE-CREATE-2. */
static void decide(struct cloud *c, struct reader *reader, struct claims *m)
{
    const struct scenario *s = scenario_of(c);
    char today[16];
    struct text_writer w = text_writer(today, sizeof today);
    text_put_date(&w, (struct instant){clock_ns(c, reader)});
    bool previous = text_compare(names_text(&c->names, m->date), text_written(&w)) < 0;
    uint32_t found = claims_found(reader);
    uint32_t most = (uint32_t)s->max_files_per_manifest;
    m->least = (uint32_t)(previous ? s->min_files_for_partial_batch : s->max_files_per_manifest);
    m->next = chain_begin(&reader->found);
    if (found > 0 && found >= m->least) {
        m->batches = found / most + (previous && found % most > 0 && found % most >= m->least);
    }
}

static uint32_t size_of_batch(struct cloud *c, const struct reader *reader, const struct claims *m)
{
    uint32_t most = (uint32_t)scenario_of(c)->max_files_per_manifest;
    uint32_t left = claims_found(reader) - (m->batch - 1) * most;
    return left < most ? left : most;
}

/* Source: PIPE-READ-2. */
static void send_query(struct cloud *c, struct reader *reader, const struct claims *m)
{
    const struct scenario *s = scenario_of(c);
    uint32_t most = (uint32_t)s->max_files_per_manifest;
    claims_send_query(c, reader, number(QUERY_PENDING), m->date,
                      s->builder.limited_pages ? most + 1 : 0);
}

static bool more_pages(struct cloud *c, const struct reader *reader, bool *readable)
{
    const struct scenario *s = scenario_of(c);
    uint32_t most = (uint32_t)s->max_files_per_manifest;
    return claims_more_pages(reader, s->builder.limited_pages ? most : UINT32_MAX, readable);
}

/* Sources: PIPE-CLAIM-2 to PIPE-CLAIM-5. */
enum process_status claim_creation_step(struct cloud *c, struct manifest_builder *b)
{
    struct claims *m = &b->claims;
    struct reader *r = &b->reader;
    const struct scenario *s = scenario_of(c);
    bool bus = s->builder.publisher == PUBLISHER_BUS;
    bool readable;
    PROCESS_BEGIN(m->at, enum point);
    chain_cut(&c->chunks, &r->found, 0);
    r->cursor.size = 0;
    do {
        AWAIT(m->at, QUERY_PENDING, send_query(c, r, m));
    } while (more_pages(c, r, &readable));
    if (readable) {
        decide(c, r, m);
    }
    for (m->batch = 1; m->batch <= m->batches; m->batch++) {
        claims_begin_batch(c, r, m, size_of_batch(c, r, m));
        for (m->file = 0; m->file < m->files; m->file++) {
            AWAIT(m->at, CLAIM_FILE, claims_send_claim(c, r, m, number(CLAIM_FILE), 0));
            claims_note(c, r, m);
        }
        if (m->claimed.count >= m->least) {
            claims_name_manifest(c, r, m, "batch");
            AWAIT(m->at, PUT_MANIFEST,
                  claims_send_manifest(c, r, m, number(PUT_MANIFEST), chain_begin(&m->claimed),
                                       m->claimed.count, 1));
            m->manifest_put = succeeded(r);
        }
        if (m->manifest_put && pipeline_of(c)->time_per_manifest.ns > 0) {
            AWAIT(m->at, CLOCK,
                  task_sleep(c, &r->invocation.task, number(CLOCK),
                             pipeline_of(c)->time_per_manifest));
        }
        for (m->file = 0; m->manifest_put && m->file < m->claimed.count; m->file++) {
            AWAIT(m->at, SET_PATH, claims_send_file(c, r, m, number(SET_PATH), OPERATION_SET_PATH));
        }
        m->published = m->manifest_put;
        if (m->published && bus) {
            m->sent = m->published = breaker_is_closed(c, &r->invocation);
            if (m->sent) {
                AWAIT(m->at, PUT_EVENTS,
                      claims_send_record(c, r, m, number(PUT_EVENTS), OPERATION_PUT_EVENTS,
                                         RECORD_TRIGGER_EVENT));
                m->published = succeeded(r);
            }
        } else if (m->published && s->start_configured) {
            AWAIT(m->at, START_EXECUTION,
                  claims_send_record(c, r, m, number(START_EXECUTION), OPERATION_START_EXECUTION,
                                     RECORD_TRIGGER_CALL));
            m->published = succeeded(r);
            m->execution = (uint32_t)r->invocation.task.call.reply[0];
        }
        if (m->published && (bus || s->start_configured) && s->builder.record != RECORD_NONE) {
            AWAIT(m->at, PUT_RECORD,
                  claims_send_record(c, r, m, number(PUT_RECORD), OPERATION_PUT_RECORD,
                                     bus ? RECORD_TRIGGER_EVENT : RECORD_TRIGGER_CALL));
            m->published = succeeded(r);
        }
        if (m->sent) {
            breaker_note(c, &r->invocation, m->published);
        }
        if (m->published) {
            m->created++;
            continue;
        }
        for (m->file = 0; m->file < m->claimed.count; m->file++) {
            AWAIT(m->at, RELEASE_FILE,
                  claims_send_file(c, r, m, number(RELEASE_FILE), OPERATION_RELEASE_FILE));
        }
        if (m->manifest_put) {
            AWAIT(m->at, DELETE_MANIFEST,
                  claims_send_record(c, r, m, number(DELETE_MANIFEST), OPERATION_DELETE_MANIFEST,
                                     RECORD_TRIGGER_CALL));
        }
    }
    PROCESS_END;
}

/* record_reads.c: the pages that the pipeline reads of the tracking table. See records.h.
 *
 * Method. A page is read under the reader's cursor, which then moves on; what is found is pushed
 * onto the reader's lists. A repeated attempt cuts them back to where the page began.
 */
#include "model/pipeline/manifest_builder.h"
#include "model/pipeline/pipeline.h"

static void push(struct page *page, struct chain *chain, struct text text)
{
    uint32_t name = names_intern(&page->c->names, text);
    if (name == 0 || !chain_push(&page->c->chunks, chain, name)) {
        simulation_fail(&page->c->simulation, "lists in processes (limits.files)");
    }
}

/* The S3 key in an item's file_path; size 0 where it has none. */
struct text record_s3_key(struct item item)
{
    struct text path = item_text(item, TEXT("file_path"));
    size_t skip = sizeof "s3://" INPUT_BUCKET; /* the slash behind the bucket in place of the NUL */
    ASSERT(path.size == 0 || path.size > skip);
    return path.size == 0 ? path : (struct text){path.at + skip, path.size - skip};
}

/* A pending item of the date. Source: PIPE-POISON-1. */
static void visit_pending(void *self, struct item item)
{
    struct page *page = self;
    struct text key = record_s3_key(item);
    if (key.size == 0) {
        page->poisoned |= !scenario_of(page->c)->builder.skip_without_path;
        return;
    }
    push(page, &page->reader->found, key);
}

/* A date that two pages share is found on both; the flush takes it once. Source: PIPE-FLUSH-1. */
static void visit_orphan(void *self, struct item item)
{
    struct page *page = self;
    struct text date = item_text(item, TEXT("date_prefix"));
    if (text_compare(date, page->before) < 0) {
        push(page, &page->reader->dates, date);
    }
}

/* A record that names the manifest, unless it is a manifest's or a lock's own. The old form,
 * MANIFEST, is not told from a file's. Source: PIPE-UPDATER-1. */
static void visit_batch(void *self, struct item item)
{
    struct page *page = self;
    struct text file_key = item_text(item, pipeline_range_name(pipeline_of(page->c)));
    if (text_starts(file_key, TEXT("MANIFEST#")) || text_starts(file_key, TEXT("LOCK#"))) {
        return;
    }
    struct text key = record_s3_key(item);
    push(page, &page->reader->found, key.size == 0 ? file_key : key);
}

/* Reads the page under the reader's cursor and moves it, once for all attempts of the call. Source:
 * PIPE-READ-1. */
enum call_status record_read_page(struct page *page, struct call *call, struct table_query *query,
                                  const struct distribution *lag, enum choice_label label)
{
    struct cloud *c = page->c;
    struct reader *reader = page->reader;
    struct page_reply earlier;
    memcpy(&earlier, call->reply, sizeof earlier);
    if (earlier.read) {
        reader->cursor = reader->before;
    }
    query->start_key = (struct text){reader->cursor.bytes, reader->cursor.size};
    query->self = page;
    int64_t lag_ns = cloud_draw(c, label, lag).ns;
    int64_t stale_ns = call_staleness(call).ns;
    query->as_of.ns = cloud_now(c).ns - (lag_ns > stale_ns ? lag_ns : stale_ns);
    struct table_page result;
    enum table_result status = table_read_page(c->table, cloud_now(c), query, &result);
    if (status != TABLE_OK) {
        return record_answer(c, status);
    }
    if (result.last_key.size > CURSOR_BYTES_MAX) {
        simulation_fail(&c->simulation, "bytes of a page's last key");
        return CALL_INVALID;
    }
    call->extra_ns = result.bytes * scenario_of(c)->latency_query_megabyte.ns / (1 << 20);
    reader->before = reader->cursor;
    reader->cursor.size = (uint32_t)result.last_key.size;
    if (result.last_key.size > 0) {
        memcpy(reader->cursor.bytes, result.last_key.at, result.last_key.size);
    }
    struct page_reply reply = {
        .count = result.count,
        .poisoned = page->poisoned,
        .more = reader->cursor.size != 0,
        .read = 1,
    };
    _Static_assert(sizeof reply <= CALL_REPLY_WORDS * 8, "the reply fits");
    memcpy(call->reply, &reply, sizeof reply);
    goals_note_page(page, call, query);
    return CALL_OK;
}

/* A page of the date's partition: pending items if `match` is "pending". */
static enum call_status read_partition(struct cloud *c, struct task *caller, struct call *call,
                                       const struct expression *filter, struct text match,
                                       void (*visit)(void *, struct item))
{
    struct pipeline *p = pipeline_of(c);
    CALL_REQUEST(call, struct page_request, request);
    struct page page = {.c = c, .reader = (void *)caller};
    if (visit != NULL) {
        chain_cut(&c->chunks, &page.reader->found, request.base);
    }
    struct value values[] = {value_s(names_text(&c->names, request.date)), value_s(match)};
    struct table_query query = {
        .index = TABLE_BASE,
        .key = p->expressions[SENT_PARTITION],
        .filter = filter,
        .values = values,
        .limit = request.limit,
        .visit = visit,
    };
    return record_read_page(&page, call, &query, &p->replica_lag, CHOICE_REPLICA_LAG);
}

enum call_status perform_query_pending(struct cloud *c, struct task *caller, struct call *call)
{
    return read_partition(c, caller, call, pipeline_of(c)->expressions[SENT_STATUS_IS],
                          TEXT("pending"), visit_pending);
}

enum call_status perform_count_pending(struct cloud *c, struct task *caller, struct call *call)
{
    return read_partition(c, caller, call, pipeline_of(c)->expressions[SENT_STATUS_IS],
                          TEXT("pending"), NULL);
}

enum call_status perform_query_batch(struct cloud *c, struct task *caller, struct call *call)
{
    CALL_REQUEST(call, struct page_request, request);
    char path[TEXT_BYTES_MAX];
    return read_partition(c, caller, call, pipeline_of(c)->expressions[SENT_MANIFEST_IS],
                          record_path(c, MANIFEST_BUCKET, request.manifest, path), visit_batch);
}

enum call_status perform_query_orphans(struct cloud *c, struct task *caller, struct call *call)
{
    struct pipeline *p = pipeline_of(c);
    CALL_REQUEST(call, struct page_request, request);
    char today[16];
    struct text_writer w = text_writer(today, sizeof today);
    text_put_date(&w, (struct instant){request.clock_ns});
    struct page page = {.c = c, .reader = (void *)caller, .before = text_written(&w)};
    chain_cut(&c->chunks, &page.reader->dates, request.base);
    struct value values[] = {value_s(TEXT("pending"))};
    struct table_query query = {
        .index = 0,
        .leaders = true,
        .key = p->expressions[SENT_INDEX_PARTITION],
        .values = values,
        .visit = visit_orphan,
    };
    return record_read_page(&page, call, &query, &p->index_lag, CHOICE_INDEX_LAG);
}

/* --- claims
 * --------------------------------------------------------------------------------------------- */

/* An item that can be claimed: its key, and the status that it was read with. */
static void visit_claimable(void *self, struct item item)
{
    struct page *page = self;
    struct text key = record_s3_key(item);
    if (key.size == 0) {
        page->poisoned |= !scenario_of(page->c)->builder.skip_without_path;
        return;
    }
    push(page, &page->reader->found, key);
    push(page, &page->reader->found, item_text(item, TEXT("status")));
}

/* Source: PIPE-CLAIM-1. */
enum call_status perform_query_claimable(struct cloud *c, struct task *caller, struct call *call)
{
    struct pipeline *p = pipeline_of(c);
    CALL_REQUEST(call, struct claim_page_request, request);
    struct page page = {.c = c, .reader = (void *)caller};
    chain_cut(&c->chunks, &page.reader->found, request.base);
    struct value values[] = {value_s(names_text(&c->names, request.date)),
                             value_s(TEXT("pending"))};
    struct table_query query = {
        .index = TABLE_BASE,
        .limit = request.limit,
        .key = p->expressions[SENT_PARTITION],
        .filter = p->expressions[SENT_STATUS_BEGINS],
        .values = values,
        .visit = visit_claimable,
    };
    return record_read_page(&page, call, &query, &p->replica_lag, CHOICE_REPLICA_LAG);
}

/* The page of one thread. */
static enum call_status read_shard(struct page *page, struct call *call, uint32_t value,
                                   struct cursor *cursor)
{
    struct pipeline *p = pipeline_of(page->c);
    char status[STATUS_BYTES_MAX];
    bool plain = value == p->scenario->builder.status_shards;
    struct value values[] = {value_s(record_shard_status("pending", plain, value, status))};
    struct table_query query = {
        .index = 0,
        .leaders = true,
        .key = p->expressions[SENT_INDEX_PARTITION],
        .values = values,
        .visit = visit_orphan,
    };
    page->reader->cursor = *cursor;
    enum call_status result = record_read_page(page, call, &query, &p->index_lag, CHOICE_INDEX_LAG);
    *cursor = page->reader->cursor;
    return result;
}

/* One page for each open thread, all at this instant; the reply comes with the slowest of them.
 * What is throttled stays open, and is what the SDK tries again. Source: PIPE-SHARDS-2. */
enum call_status perform_query_shards(struct cloud *c, struct task *caller, struct call *call)
{
    CALL_REQUEST(call, struct shards_request, request);
    struct shard_reader *shards = &((struct manifest_builder *)(void *)caller)->shards;
    char today[16];
    struct text_writer w = text_writer(today, sizeof today);
    text_put_date(&w, (struct instant){request.clock_ns});
    struct page page = {.c = c, .reader = (void *)caller, .before = text_written(&w)};
    enum call_status status = CALL_OK;
    int64_t slowest_ns = 2 * call->half_ns;
    bool first = true;
    for (uint32_t i = 0; i < shards->count; i++) {
        if ((shards->open >> i & 1) == 0) {
            continue;
        }
        int64_t latency_ns = 2 * call->half_ns;
        if (!first) {
            latency_ns =
                cloud_draw(c, CHOICE_LATENCY_TABLE_QUERY, &c->latencies[CHOICE_LATENCY_TABLE_QUERY])
                    .ns;
            pipeline_of(c)->history.counts->table_requests++;
        }
        first = false;
        call->extra_ns = 0;
        enum call_status read = read_shard(&page, call, shards->first + i, &shards->cursors[i]);
        latency_ns += call->extra_ns;
        slowest_ns = latency_ns > slowest_ns ? latency_ns : slowest_ns;
        if (read != CALL_OK) {
            status = read;
        } else if (shards->cursors[i].size == 0) {
            shards->open &= ~(1U << i);
        }
    }
    call->extra_ns = slowest_ns - 2 * call->half_ns;
    return status;
}

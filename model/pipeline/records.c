/* records.c: see records.h. */
#include "model/pipeline/pipeline.h"

/* --- texts
 * -------------------------------------------------------------------------------------------------
 */

static struct text name_of(struct cloud *c, uint32_t name)
{
    return names_text(&c->names, name);
}

/* "s3://<bucket>/<key>" */
static struct text path_of(struct cloud *c, const char *bucket, uint32_t key, char *buffer)
{
    struct text_writer w = text_writer(buffer, TEXT_BYTES_MAX);
    text_put(&w, TEXT("s3://"));
    text_put(&w, text_from(bucket));
    text_put_char(&w, '/');
    text_put(&w, name_of(c, key));
    ASSERT(!w.overflowed);
    return text_written(&w);
}

static struct text isoformat_of(int64_t clock_ns, char *buffer)
{
    struct text_writer w = text_writer(buffer, TEXT_BYTES_MAX);
    text_put_isoformat(&w, (struct instant){clock_ns});
    return text_written(&w);
}

/* The file's name: the last segment of its key. */
static struct text base_name_of(struct cloud *c, uint32_t key)
{
    return text_after_last(name_of(c, key), '/');
}

void text_put_record_key(struct text_writer *w, struct text manifest_key)
{
    text_put(w, TEXT("MANIFEST#"));
    text_put(w, text_after_last(manifest_key, '/'));
}

/* The range key of a manifest's record, in the form that the switch says. */
static struct text record_key_of(struct cloud *c, enum record_key form, uint32_t manifest,
                                 char *buffer)
{
    if (form == RECORD_SHARED) {
        return TEXT("MANIFEST");
    }
    struct text_writer w = text_writer(buffer, TEXT_BYTES_MAX);
    text_put_record_key(&w, name_of(c, manifest));
    ASSERT(!w.overflowed);
    return text_written(&w);
}

static struct item key_item(char *buffer, struct text date, struct text file_key)
{
    struct item_writer w = item_writer(buffer, ITEM_BYTES_MAX);
    item_add_s(&w, TEXT("date_prefix"), date);
    item_add_s(&w, TEXT("file_key"), file_key);
    return item_written(&w);
}

static int64_t record_ttl(const struct cloud *c, int64_t clock_ns)
{
    return instant_epoch_seconds((struct instant){clock_ns}) + scenario_of(c)->ttl_days * 86400;
}

/* What the table says of a call, in the words of calls. */
static enum call_status answer(struct cloud *c, enum table_result result)
{
    switch (result) {
    case TABLE_OK:
        return CALL_OK;
    case TABLE_CONDITION_FAILED:
        return CALL_CONDITION_FAILED;
    case TABLE_THROTTLED:
    case TABLE_CONFLICT: /* retried alike */
        return CALL_THROTTLED;
    case TABLE_COLLECTION_FULL: /* the pipeline's table has no local index */
    case TABLE_INVALID:
        return CALL_INVALID;
    case TABLE_FULL:
        break;
    }
    simulation_fail(&c->simulation, TABLE_STOPPED);
    return CALL_INVALID;
}

/* --- file records
 * ------------------------------------------------------------------------------------------ */

/* bytes / 2^20 as an exact decimal. */
static struct value size_in_mb(int64_t bytes)
{
    char digits[64];
    struct text_writer w = text_writer(digits, sizeof digits);
    int64_t rest = bytes % (1 << 20);
    text_put_integer(&w, bytes >> 20, 0);
    text_put_char(&w, '.');
    do {
        rest *= 10;
        text_put_integer(&w, rest >> 20, 0);
        rest %= 1 << 20;
    } while (rest > 0);
    struct value value = {.type = TYPE_N};
    ASSERT(number_parse(text_written(&w), &value.number, NULL) == STATUS_OK);
    return value;
}

/* Source: PIPE-TRACK-1, PIPE-TRACK-2. */
enum call_status perform_track_file(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    struct pipeline *p = pipeline_of(c);
    CALL_REQUEST(call, struct file_request, request);
    char bytes[ITEM_BYTES_MAX];
    char path[TEXT_BYTES_MAX];
    char at[TEXT_BYTES_MAX];
    struct file_history *file = history_file(p, request.key);
    ASSERT(file != NULL);
    struct value size = size_in_mb(file->size);
    int64_t ttl_s = record_ttl(c, request.clock_ns);
    struct item_writer w = item_writer(bytes, sizeof bytes);
    item_add_s(&w, TEXT("created_at"), isoformat_of(request.clock_ns, at));
    item_add_s(&w, TEXT("date_prefix"), name_of(c, request.date));
    item_add_s(&w, TEXT("file_key"), base_name_of(c, request.key));
    item_add_s(&w, TEXT("file_path"), path_of(c, INPUT_BUCKET, request.key, path));
    item_add(&w, TEXT("file_size_mb"), &size);
    item_add_s(&w, TEXT("status"), TEXT("pending"));
    item_add_n(&w, TEXT("ttl"), ttl_s);
    const struct expression *condition =
        p->scenario->builder.track_if_absent ? p->expressions[SENT_FILE_ABSENT] : NULL;
    struct table_reply reply;
    enum table_result result =
        table_put(c->table, cloud_now(c), item_written(&w), condition, NULL, &reply);
    if (result == TABLE_OK) {
        history_tracked(p, request.key, request.date);
        table_sweeper_note(c, item_written(&w), ttl_s);
    }
    return answer(c, result);
}

enum call_status perform_mark_file(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    struct pipeline *p = pipeline_of(c);
    CALL_REQUEST(call, struct file_request, request);
    char bytes[ITEM_BYTES_MAX];
    char path[TEXT_BYTES_MAX];
    char at[TEXT_BYTES_MAX];
    int64_t ttl_s = record_ttl(c, request.clock_ns);
    struct value values[] = {
        value_s(TEXT("manifested")),
        value_s(path_of(c, MANIFEST_BUCKET, request.manifest, path)),
        value_s(isoformat_of(request.clock_ns, at)),
        value_n(ttl_s),
    };
    struct item key = key_item(bytes, name_of(c, request.date), base_name_of(c, request.key));
    struct table_reply reply;
    enum table_result result = table_update(c->table, cloud_now(c), key,
                                            p->expressions[SENT_MARK_FILE], NULL, values, &reply);
    if (result == TABLE_OK) {
        history_manifested(p, request.key, request.manifest);
        table_sweeper_note(c, key, ttl_s);
    }
    return answer(c, result);
}

enum call_status perform_set_file_status(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    struct pipeline *p = pipeline_of(c);
    CALL_REQUEST(call, struct file_request, request);
    char bytes[ITEM_BYTES_MAX];
    char at[TEXT_BYTES_MAX];
    struct value values[] = {
        value_s(request.outcome ? TEXT("completed") : TEXT("failed")),
        value_s(isoformat_of(request.clock_ns, at)),
    };
    struct item key = key_item(bytes, name_of(c, request.date), base_name_of(c, request.key));
    struct table_reply reply;
    const struct expression *update = request.outcome ? p->expressions[SENT_SET_FILE_COMPLETED]
                                                      : p->expressions[SENT_SET_FILE_FAILED];
    enum table_result result =
        table_update(c->table, cloud_now(c), key, update, NULL, values, &reply);
    if (result == TABLE_OK && request.outcome) {
        history_completed(p, request.key);
    } else if (result == TABLE_OK) {
        history_untracked(p, request.key);
    }
    return answer(c, result);
}

/* --- the lock
 * ---------------------------------------------------------------------------------------------- */

/* "LOCK#manifest-<date>" */
static struct text lock_key_of(struct cloud *c, uint32_t date, char *buffer)
{
    struct text_writer w = text_writer(buffer, TEXT_BYTES_MAX);
    text_put(&w, TEXT("LOCK#manifest-"));
    text_put(&w, name_of(c, date));
    return text_written(&w);
}

/* "<log stream>_<epoch ms>": the stream is the environment's. */
static struct text lock_id_of(const struct lock_request *request, char *buffer)
{
    struct text_writer w = text_writer(buffer, TEXT_BYTES_MAX);
    text_put(&w, TEXT("[$LATEST]environment-"));
    text_put_integer(&w, request->environment, 4);
    text_put_char(&w, '_');
    text_put_integer(&w, request->acquired_ms, 0);
    return text_written(&w);
}

/* Source: PIPE-LOCK-1. */
enum call_status perform_acquire_lock(struct cloud *c, struct task *caller, struct call *call)
{
    struct pipeline *p = pipeline_of(c);
    CALL_REQUEST(call, struct lock_request, request);
    char bytes[ITEM_BYTES_MAX];
    char key[TEXT_BYTES_MAX];
    char id[TEXT_BYTES_MAX];
    char at[TEXT_BYTES_MAX];
    int64_t now_s = instant_epoch_seconds((struct instant){request.clock_ns});
    int64_t ttl_s = now_s + p->scenario->lock_ttl.ns / NS_PER_S;
    struct item_writer w = item_writer(bytes, sizeof bytes);
    item_add_s(&w, TEXT("created_at"), isoformat_of(request.clock_ns, at));
    item_add_s(&w, TEXT("date_prefix"), lock_key_of(c, request.date, key));
    item_add_s(&w, TEXT("file_key"), TEXT("LOCK"));
    item_add_s(&w, TEXT("lock_id"), lock_id_of(&request, id));
    item_add_n(&w, TEXT("ttl"), ttl_s);
    struct value values[] = {value_n(now_s)};
    const struct expression *condition = p->scenario->builder.lock == LOCK_STRICT
                                             ? p->expressions[SENT_LOCK_ABSENT]
                                             : p->expressions[SENT_LOCK_ABSENT_OR_EXPIRED];
    struct table_reply reply;
    enum table_result result =
        table_put(c->table, cloud_now(c), item_written(&w), condition, values, &reply);
    if (result == TABLE_OK) {
        const struct reader *reader = (const void *)caller;
        history_lock_acquired(p, request.date, reader->invocation.row, ttl_s,
                              reply.old.bytes.size != 0);
        table_sweeper_note(c, item_written(&w), ttl_s);
    } else if (result == TABLE_CONDITION_FAILED) {
        history_lock_refused(p, request.date);
    }
    return answer(c, result);
}

/* Source: PIPE-LOCK-2. */
enum call_status perform_release_lock(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    struct pipeline *p = pipeline_of(c);
    CALL_REQUEST(call, struct lock_request, request);
    char bytes[ITEM_BYTES_MAX];
    char key[TEXT_BYTES_MAX];
    char id[TEXT_BYTES_MAX];
    struct value values[] = {value_s(lock_id_of(&request, id))};
    struct item item = key_item(bytes, lock_key_of(c, request.date, key), TEXT("LOCK"));
    struct table_reply reply;
    enum table_result result = table_delete(c->table, cloud_now(c), item,
                                            p->expressions[SENT_LOCK_IS_MINE], values, &reply);
    if (result == TABLE_OK) {
        history_lock_gone(p, request.date, TENURE_RELEASED);
    }
    return answer(c, result);
}

/* --- reading pages
 * ----------------------------------------------------------------------------------------- */

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

static void visit_orphan(void *self, struct item item)
{
    struct page *page = self;
    struct text date = item_text(item, TEXT("date_prefix"));
    if (text_compare(date, page->before) >= 0 || text_equal(date, page->latest)) {
        return;
    }
    push(page, &page->reader->dates, date);
    page->latest = names_text(&page->c->names, names_find(&page->c->names, date));
}

/* A record that names the manifest, unless it is a manifest's or a lock's own. The old form,
 * MANIFEST, is not told from a file's. Source: PIPE-UPDATER-1. */
static void visit_batch(void *self, struct item item)
{
    struct page *page = self;
    struct text file_key = item_text(item, TEXT("file_key"));
    if (text_starts(file_key, TEXT("MANIFEST#")) || text_starts(file_key, TEXT("LOCK#"))) {
        return;
    }
    struct text key = record_s3_key(item);
    push(page, &page->reader->found, key.size == 0 ? file_key : key);
}

/* Reads the page under the reader's cursor and moves it. Source: PIPE-READ-1. */
static enum call_status read_page(struct page *page, struct call *call, struct table_query *query,
                                  const struct distribution *lag, enum choice_label label)
{
    struct cloud *c = page->c;
    struct reader *reader = page->reader;
    query->start_key = (struct text){reader->cursor.bytes, reader->cursor.size};
    query->self = page;
    int64_t lag_ns = cloud_draw(c, label, lag).ns;
    int64_t stale_ns = call_staleness(call).ns;
    query->as_of.ns = cloud_now(c).ns - (lag_ns > stale_ns ? lag_ns : stale_ns);
    struct table_page result;
    enum table_result status = table_read_page(c->table, cloud_now(c), query, &result);
    if (status != TABLE_OK) {
        return answer(c, status);
    }
    if (result.last_key.size > CURSOR_BYTES_MAX) {
        simulation_fail(&c->simulation, "bytes of a page's last key");
        return CALL_INVALID;
    }
    call->extra_ns = result.bytes * scenario_of(c)->latency_query_megabyte.ns / (1 << 20);
    reader->cursor.size = (uint32_t)result.last_key.size;
    if (result.last_key.size > 0) {
        memcpy(reader->cursor.bytes, result.last_key.at, result.last_key.size);
    }
    struct page_reply reply = {
        .count = result.count, .poisoned = page->poisoned, .more = reader->cursor.size != 0};
    _Static_assert(sizeof reply <= CALL_REPLY_WORDS * 8, "the reply fits");
    memcpy(call->reply, &reply, sizeof reply);
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
    struct value values[] = {value_s(name_of(c, request.date)), value_s(match)};
    struct table_query query = {
        .index = TABLE_BASE,
        .key = p->expressions[SENT_PARTITION],
        .filter = filter,
        .values = values,
        .visit = visit,
    };
    return read_page(&page, call, &query, &p->replica_lag, CHOICE_REPLICA_LAG);
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
                          path_of(c, MANIFEST_BUCKET, request.manifest, path), visit_batch);
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
    return read_page(&page, call, &query, &p->index_lag, CHOICE_INDEX_LAG);
}

/* --- manifests' records
 * ------------------------------------------------------------------------------------ */

enum call_status perform_put_record(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    struct pipeline *p = pipeline_of(c);
    CALL_REQUEST(call, struct record_request, request);
    char bytes[ITEM_BYTES_MAX];
    char path[TEXT_BYTES_MAX];
    char key[TEXT_BYTES_MAX];
    char at[TEXT_BYTES_MAX];
    int64_t ttl_s = record_ttl(c, request.clock_ns);
    struct item_writer w = item_writer(bytes, sizeof bytes);
    item_add_s(&w, TEXT("created_at"), isoformat_of(request.clock_ns, at));
    item_add_s(&w, TEXT("date_prefix"), name_of(c, request.date));
    item_add_n(&w, TEXT("file_count"), request.file_count);
    item_add_s(&w, TEXT("file_key"),
               record_key_of(c, p->scenario->builder.record, request.manifest, key));
    item_add_s(&w, TEXT("manifest_path"), path_of(c, MANIFEST_BUCKET, request.manifest, path));
    item_add_s(&w, TEXT("status"), TEXT("pending"));
    item_add_n(&w, TEXT("ttl"), ttl_s);
    struct table_reply reply;
    enum table_result result =
        table_put(c->table, cloud_now(c), item_written(&w), NULL, NULL, &reply);
    if (result == TABLE_OK) {
        history_record_put(p, request.manifest);
        table_sweeper_note(c, item_written(&w), ttl_s);
    }
    return answer(c, result);
}

/* An execution's update of its manifest's record: an upsert of the key that the switch names. */
static enum call_status update_record(struct cloud *c, struct task *caller, enum record_key form,
                                      const struct expression *update, const struct value *values)
{
    const struct execution *e = (const void *)caller;
    char bytes[ITEM_BYTES_MAX];
    char key[TEXT_BYTES_MAX];
    struct item item =
        key_item(bytes, name_of(c, e->date), record_key_of(c, form, e->manifest, key));
    struct table_reply reply;
    return answer(c, table_update(c->table, cloud_now(c), item, update, NULL, values, &reply));
}

enum call_status perform_update_processing(struct cloud *c, struct task *caller, struct call *call)
{
    (void)call;
    struct pipeline *p = pipeline_of(c);
    const struct execution *e = (const void *)caller;
    char path[TEXT_BYTES_MAX];
    char at[TEXT_BYTES_MAX];
    struct value values[] = {
        value_s(TEXT("processing")),
        value_s(path_of(c, MANIFEST_BUCKET, e->manifest, path)),
        value_s(isoformat_of(e->timestamp_ns, at)),
        value_n(e->file_count),
    };
    enum call_status status = update_record(c, caller, p->scenario->machine.processing_key,
                                            p->expressions[SENT_SET_PROCESSING], values);
    if (status == CALL_OK) {
        history_begun(p, e->row);
    }
    return status;
}

enum call_status perform_update_completed(struct cloud *c, struct task *caller, struct call *call)
{
    (void)call;
    struct pipeline *p = pipeline_of(c);
    const struct execution *e = (const void *)caller;
    char at[TEXT_BYTES_MAX];
    char run[32];
    struct text_writer w = text_writer(run, sizeof run);
    text_put(&w, TEXT("jr_"));
    text_put_integer(&w, e->job_run_row, 8);
    struct value values[] = {
        value_s(TEXT("completed")),
        value_s(isoformat_of(e->entered_ns, at)),
        value_s(text_written(&w)),
    };
    return update_record(c, caller, p->scenario->machine.outcome_key,
                         p->expressions[SENT_SET_COMPLETED], values);
}

enum call_status perform_update_failed(struct cloud *c, struct task *caller, struct call *call)
{
    (void)call;
    struct pipeline *p = pipeline_of(c);
    const struct execution *e = (const void *)caller;
    char at[TEXT_BYTES_MAX];
    struct value values[] = {
        value_s(TEXT("failed")),
        value_s(isoformat_of(e->entered_ns, at)),
        value_s(text_from(call_status_text((enum call_status)e->caught))),
    };
    return update_record(c, caller, p->scenario->machine.outcome_key,
                         p->expressions[SENT_SET_FAILED], values);
}

/* --- for those who keep other items
 * ------------------------------------------------------------------------------------ */

struct text record_path(struct cloud *c, const char *bucket, uint32_t key, char *buffer)
{
    return path_of(c, bucket, key, buffer);
}

struct item record_key(char *buffer, struct text date, struct text file_key)
{
    return key_item(buffer, date, file_key);
}

struct value record_size(int64_t bytes)
{
    return size_in_mb(bytes);
}

int64_t record_ttl_s(const struct cloud *c, int64_t clock_ns)
{
    return record_ttl(c, clock_ns);
}

enum call_status record_answer(struct cloud *c, enum table_result result)
{
    return answer(c, result);
}

enum call_status record_read_page(struct page *page, struct call *call, struct table_query *query,
                                  const struct distribution *lag, enum choice_label label)
{
    return read_page(page, call, query, lag, label);
}

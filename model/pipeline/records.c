/* records.c: see records.h. */
#include "model/pipeline/pipeline.h"

#include "sim/md5.h"

/* --- texts
 * -------------------------------------------------------------------------------------------------
 */

static struct text name_of(struct cloud *c, uint32_t name)
{
    return names_text(&c->names, name);
}

/* "s3://<bucket>/<key>" */
struct text record_path(struct cloud *c, const char *bucket, uint32_t key, char *buffer)
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

/* As the builder writes it: its first version leaves out the offset. Source: PIPE-FIRST-1. */
struct text record_timestamp(const struct cloud *c, int64_t clock_ns, char *buffer)
{
    struct text written = isoformat_of(clock_ns, buffer);
    written.size -= scenario_of(c)->builder.first_items ? sizeof "+00:00" - 1 : 0;
    return written;
}

/* The file's name: the last segment of its key. */
static struct text base_name_of(struct cloud *c, uint32_t key)
{
    return text_after_last(name_of(c, key), '/');
}

/* The shard of a file's statuses, by its name. Source: PIPE-SHARDS-1. */
static uint32_t shard_of(struct cloud *c, uint32_t key)
{
    struct md5 digest = md5_of(base_name_of(c, key));
    return md5_modulo(&digest, (uint32_t)scenario_of(c)->builder.status_shards);
}

struct text record_shard_status(const char *word, bool plain, uint32_t shard, char *buffer)
{
    struct text_writer w = text_writer(buffer, STATUS_BYTES_MAX);
    text_put(&w, text_from(word));
    if (!plain) {
        text_put_char(&w, '#');
        text_put_integer(&w, shard, 0);
    }
    return text_written(&w);
}

struct text record_status_of(struct cloud *c, const char *word, uint32_t key, char *buffer)
{
    bool plain = scenario_of(c)->builder.status_shards == 0;
    return record_shard_status(word, plain, plain ? 0 : shard_of(c, key), buffer);
}

static void add_shard(struct cloud *c, struct item_writer *w, uint32_t key)
{
    if (scenario_of(c)->builder.status_shards > 0) {
        item_add_n(w, TEXT("shard_id"), shard_of(c, key));
    }
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

/* Source: PIPE-FIRST-1. */
struct text record_range_name(const struct cloud *c)
{
    return scenario_of(c)->builder.first_items ? TEXT("file_name") : TEXT("file_key");
}

struct item record_key_item(char *buffer, struct text range_name, struct text date,
                            struct text range)
{
    struct item_writer w = item_writer(buffer, ITEM_BYTES_MAX);
    item_add_s(&w, TEXT("date_prefix"), date);
    item_add_s(&w, range_name, range);
    return item_written(&w);
}

int64_t record_ttl(const struct cloud *c, int64_t clock_ns)
{
    return instant_epoch_seconds((struct instant){clock_ns}) + scenario_of(c)->ttl_days * 86400;
}

/* What the table says of a call, in the words of calls. */
enum call_status record_answer(struct cloud *c, enum table_result result)
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
struct value record_size(int64_t bytes)
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

/* Source: PIPE-FIRST-1. */
static bool has_ttl(const struct cloud *c)
{
    return !scenario_of(c)->builder.first_items;
}

/* The key of a file's record, as the builder has it. */
static struct item file_item(struct cloud *c, char *buffer, const struct file_request *request)
{
    return record_key_item(buffer, record_range_name(c), name_of(c, request->date),
                           base_name_of(c, request->key));
}

/* A record that was there before is the file's if it is pending and has its path: what was put
 * again under the key will be processed as what it replaced. */
static bool stands_for(struct cloud *c, const struct file_request *request)
{
    struct item item;
    return table_peek(c->table, name_of(c, request->date), base_name_of(c, request->key), &item) &&
           text_starts(item_text(item, TEXT("status")), TEXT("pending")) &&
           text_equal(record_s3_key(item), name_of(c, request->key));
}

static void tell_tracked(struct cloud *c, const struct file_request *request,
                         enum table_result result)
{
    const struct file_history *file = history_file(pipeline_of(c), request->key);
    bool untracked = file != NULL && file->date == 0;
    if (file != NULL && (result == TABLE_OK || (result == TABLE_CONDITION_FAILED && untracked &&
                                                stands_for(c, request)))) {
        history_tracked(pipeline_of(c), request->key, request->date);
    }
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
    char status[STATUS_BYTES_MAX];
    struct value size = record_size(request.size);
    int64_t ttl_s = record_ttl(c, request.clock_ns);
    struct item_writer w = item_writer(bytes, sizeof bytes);
    item_add_s(&w, TEXT("created_at"), record_timestamp(c, request.clock_ns, at));
    item_add_s(&w, TEXT("date_prefix"), name_of(c, request.date));
    item_add_s(&w, record_range_name(c), base_name_of(c, request.key));
    item_add_s(&w, TEXT("file_path"), record_path(c, INPUT_BUCKET, request.key, path));
    item_add(&w, TEXT("file_size_mb"), &size);
    add_shard(c, &w, request.key);
    item_add_s(&w, TEXT("status"), record_status_of(c, "pending", request.key, status));
    if (has_ttl(c)) {
        item_add_n(&w, TEXT("ttl"), ttl_s);
    }
    const struct expression *condition =
        p->scenario->builder.track_if_absent ? p->expressions[SENT_FILE_ABSENT] : NULL;
    struct table_reply reply;
    enum table_result result =
        table_put(c->table, cloud_now(c), item_written(&w), condition, NULL, &reply);
    tell_tracked(c, &request, result);
    if (result == TABLE_OK && has_ttl(c)) {
        table_sweeper_note(c, item_written(&w), ttl_s);
    }
    return record_answer(c, result);
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
        value_s(record_path(c, MANIFEST_BUCKET, request.manifest, path)),
        value_s(record_timestamp(c, request.clock_ns, at)),
        value_n(ttl_s),
        value_n(request.token),
    };
    struct item key = file_item(c, bytes, &request);
    struct table_reply reply;
    bool fenced = request.token != 0; /* PIPE-LOCK-4 */
    const struct expression *update = p->expressions[fenced       ? SENT_MARK_FILE_FENCED
                                                     : has_ttl(c) ? SENT_MARK_FILE
                                                                  : SENT_MARK_FILE_WITHOUT_TTL];
    const struct expression *condition = fenced ? p->expressions[SENT_TOKEN_NOT_PASSED] : NULL;
    enum table_result result =
        table_update(c->table, cloud_now(c), key, update, condition, values, &reply);
    if (result == TABLE_OK) {
        history_manifested(p, request.key, request.manifest);
    }
    if (result == TABLE_OK && has_ttl(c)) {
        table_sweeper_note(c, key, ttl_s);
    }
    return record_answer(c, result);
}

/* Its ttl stays. Source: PIPE-ROLLBACK-1, PIPE-LOCK-4. */
enum call_status perform_repend_file(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    struct pipeline *p = pipeline_of(c);
    CALL_REQUEST(call, struct file_request, request);
    char bytes[ITEM_BYTES_MAX];
    char path[TEXT_BYTES_MAX];
    struct value values[] = {value_s(TEXT("pending")), value_null(),
                             value_s(record_path(c, MANIFEST_BUCKET, request.manifest, path))};
    const struct expression *condition =
        request.only_mine ? p->expressions[SENT_PATH_IS_MINE] : NULL;
    struct table_reply reply;
    enum table_result result =
        table_update(c->table, cloud_now(c), file_item(c, bytes, &request),
                     p->expressions[SENT_REPEND_FILE], condition, values, &reply);
    if (result == TABLE_OK) {
        history_repended(p, request.key);
    }
    return record_answer(c, result);
}

enum call_status perform_set_file_status(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    struct pipeline *p = pipeline_of(c);
    CALL_REQUEST(call, struct file_request, request);
    char bytes[ITEM_BYTES_MAX];
    char at[TEXT_BYTES_MAX];
    char status[STATUS_BYTES_MAX];
    struct value values[] = {
        value_s(record_status_of(c, request.outcome ? "completed" : "failed", request.key, status)),
        value_s(isoformat_of(request.clock_ns, at)),
    };
    struct item key = record_key_item(bytes, pipeline_range_name(p), name_of(c, request.date),
                                      base_name_of(c, request.key));
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
    return record_answer(c, result);
}

/* --- manifests' records
 * ------------------------------------------------------------------------------------ */

static struct text arn_of(uint32_t execution, char buffer[128])
{
    struct text_writer w = text_writer(buffer, 128);
    text_put(&w, TEXT("arn:aws:states:us-east-1:123456789012:execution:"
                      "ndjson-parquet-processor-dev:"));
    text_put_integer(&w, execution, 12);
    return text_written(&w);
}

/* Source: PIPE-RECORDS-1, PIPE-ROLLBACK-1. */
enum call_status perform_put_record(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    struct pipeline *p = pipeline_of(c);
    CALL_REQUEST(call, struct record_request, request);
    char bytes[ITEM_BYTES_MAX];
    char path[TEXT_BYTES_MAX];
    char key[TEXT_BYTES_MAX];
    char at[TEXT_BYTES_MAX];
    char arn[128];
    int64_t ttl_s = record_ttl(c, request.clock_ns);
    struct item_writer w = item_writer(bytes, sizeof bytes);
    item_add_s(&w, TEXT("created_at"), record_timestamp(c, request.clock_ns, at));
    item_add_s(&w, TEXT("date_prefix"), name_of(c, request.date));
    if (request.execution != 0) {
        item_add_s(&w, TEXT("execution_arn"), arn_of(request.execution, arn));
    }
    item_add_n(&w, TEXT("file_count"), request.file_count);
    item_add_s(&w, record_range_name(c),
               record_key_of(c, p->scenario->builder.record, request.manifest, key));
    item_add_s(&w, TEXT("manifest_path"), record_path(c, MANIFEST_BUCKET, request.manifest, path));
    item_add_s(&w, TEXT("status"), TEXT("pending"));
    if (request.trigger != RECORD_TRIGGER_CALL) {
        item_add_s(&w, TEXT("trigger_type"),
                   request.trigger == RECORD_TRIGGER_EVENT ? TEXT("eventbridge") : TEXT("stream"));
    }
    item_add_n(&w, TEXT("ttl"), ttl_s);
    struct table_reply reply;
    enum table_result result =
        table_put(c->table, cloud_now(c), item_written(&w), NULL, NULL, &reply);
    if (result == TABLE_OK) {
        history_record_put(p, request.manifest);
        table_sweeper_note(c, item_written(&w), ttl_s);
    }
    return record_answer(c, result);
}

/* An execution's update of its manifest's record: an upsert of the key that the switch names. The
 * own key is in the input, if the builder was one that gave it. Source: PIPE-INPUT-1. */
static enum call_status update_record(struct cloud *c, struct task *caller, enum record_key form,
                                      const struct expression *update, const struct value *values)
{
    const struct execution *e = (const void *)caller;
    if (form == RECORD_OWN && e->without_file_key) {
        if (scenario_of(c)->missing_file_key == MISSING_KEY_ERROR) {
            return CALL_INVALID;
        }
        form = RECORD_SHARED;
    }
    char bytes[ITEM_BYTES_MAX];
    char key[TEXT_BYTES_MAX];
    struct item item =
        record_key_item(bytes, pipeline_range_name(pipeline_of(c)), name_of(c, e->date),
                        record_key_of(c, form, e->manifest, key));
    struct table_reply reply;
    return record_answer(c,
                         table_update(c->table, cloud_now(c), item, update, NULL, values, &reply));
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
        value_s(record_path(c, MANIFEST_BUCKET, e->manifest, path)),
        value_s(record_timestamp(c, e->timestamp_ns, at)), /* the builder's, from the input */
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

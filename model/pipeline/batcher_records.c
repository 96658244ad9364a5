/* batcher_records.c: the items of V7, and the effect of every request that is made of them.
 *
 * A file's record has its whole key as range key, and no ttl before it is completed: what is
 * pending or failed never goes by itself. `since` is the second at which an item got its status.
 */
#include "model/pipeline/batcher.h"
#include "model/pipeline/pipeline.h"

static struct text status_word(enum batch_status status)
{
    static const char *const words[] = {
#define X(name, word) [BATCH_##name] = word,
        BATCH_STATUS_MAP(X)
#undef X
    };
    return text_from(words[status]);
}

static int64_t seconds_of(int64_t clock_ns)
{
    return instant_epoch_seconds((struct instant){clock_ns});
}

/* --- dates
 * --------------------------------------------------------------------------------------------------
 */

/* The midnight of a date of the calendar as it is written; -1: there is no such date. */
static int64_t midnight_of(struct text date)
{
    char text[32];
    struct text_writer w = text_writer(text, sizeof text);
    struct instant midnight;
    struct error error;
    text_put(&w, date);
    text_put(&w, TEXT("T00:00:00Z"));
    return instant_parse(text_written(&w), &midnight, &error) == STATUS_OK ? midnight.ns : -1;
}

/* The first date in a text that is at most a day ahead of `event`; size 0: there is none. */
static struct text date_in(struct text where, int64_t event_ns)
{
    for (size_t i = 0; i + 10 <= where.size; i++) {
        struct text date = {where.at + i, 10};
        if (date.at[4] != '-' || date.at[7] != '-') {
            continue;
        }
        int64_t midnight_ns = midnight_of(date);
        if (midnight_ns >= 0 && midnight_ns <= event_ns + NS_PER_DAY) {
            return date;
        }
    }
    return (struct text){"", 0};
}

uint32_t batcher_date(struct cloud *c, uint32_t key)
{
    struct text whole = names_text(&c->names, key);
    struct text base = text_after_last(whole, '/');
    int64_t event_ns = bucket_object(&c->buckets, c->names.names[key].owner)->put_ns;
    char day[16];
    struct text_writer w = text_writer(day, sizeof day);
    struct text date = date_in(base, event_ns);
    if (date.size == 0) {
        date = date_in((struct text){whole.at, whole.size - base.size}, event_ns);
    }
    if (date.size == 0) {
        text_put_date(&w, (struct instant){event_ns});
        date = text_written(&w);
    }
    uint32_t name = names_intern(&c->names, date);
    if (name == 0) {
        simulation_fail(&c->simulation, "names (limits.files)");
    }
    return name;
}

/* --- files
 * --------------------------------------------------------------------------------------------------
 */

enum call_status perform_track_once(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    struct pipeline *p = pipeline_of(c);
    CALL_REQUEST(call, struct file_request, request);
    char bytes[ITEM_BYTES_MAX];
    char path[TEXT_BYTES_MAX];
    struct value size = record_size(request.size);
    bool accepted = request.outcome != 0;
    int64_t ttl_s = record_ttl(c, request.clock_ns);
    struct item_writer w = item_writer(bytes, sizeof bytes);
    item_add_s(&w, TEXT("date_prefix"), names_text(&c->names, request.date));
    item_add_s(&w, TEXT("file_key"), names_text(&c->names, request.key));
    item_add_s(&w, TEXT("file_path"), record_path(c, INPUT_BUCKET, request.key, path));
    item_add(&w, TEXT("file_size_mb"), &size);
    item_add_n(&w, TEXT("since"), seconds_of(request.clock_ns));
    item_add_s(&w, TEXT("status"), accepted ? TEXT("pending") : TEXT("quarantined"));
    if (!accepted) {
        item_add_n(&w, TEXT("ttl"), ttl_s);
    }
    struct table_reply reply;
    enum table_result result = table_put(c->table, cloud_now(c), item_written(&w),
                                         p->expressions[SENT_FILE_ABSENT], NULL, &reply);
    if (result == TABLE_OK && accepted) {
        history_tracked(p, request.key, request.date);
    } else if (result == TABLE_OK) {
        table_sweeper_note(c, item_written(&w), ttl_s);
    }
    return record_answer(c, result);
}

/* Values in the order of OF_FILE, and the request. */
struct file_change {
    const char *status, *was;
    enum expression_id update, condition;
    bool ends; /* the item gets a ttl */
};

static enum call_status change_file(struct cloud *c, const struct file_request *request,
                                    const struct file_change *change)
{
    struct pipeline *p = pipeline_of(c);
    char bytes[ITEM_BYTES_MAX];
    char path[TEXT_BYTES_MAX];
    int64_t ttl_s = record_ttl(c, request->clock_ns);
    struct value values[] = {
        value_s(text_from(change->status)),
        value_n(seconds_of(request->clock_ns)),
        value_s(text_from(change->was)),
        value_s(record_path(c, MANIFEST_BUCKET, request->manifest, path)),
        value_n(ttl_s),
    };
    struct item key = record_key_item(bytes, TEXT("file_key"), names_text(&c->names, request->date),
                                      names_text(&c->names, request->key));
    struct table_reply reply;
    enum table_result result =
        table_update(c->table, cloud_now(c), key, p->expressions[change->update],
                     p->expressions[change->condition], values, &reply);
    if (result == TABLE_OK && change->ends) {
        table_sweeper_note(c, key, ttl_s);
    }
    return record_answer(c, result);
}

enum call_status perform_take_file(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    CALL_REQUEST(call, struct file_request, request);
    static const struct file_change claimed = {"manifested", "pending", SENT_CLAIM, SENT_CLAIMABLE,
                                               false};
    enum call_status status = change_file(c, &request, &claimed);
    if (status == CALL_OK) {
        history_manifested(pipeline_of(c), request.key, request.manifest);
    }
    return status;
}

enum call_status perform_give_back_file(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    CALL_REQUEST(call, struct file_request, request);
    static const struct file_change released = {"pending", "manifested", SENT_RELEASE,
                                                SENT_CLAIMED_FOR, false};
    enum call_status status = change_file(c, &request, &released);
    if (status == CALL_OK) {
        history_repended(pipeline_of(c), request.key);
    }
    return status;
}

enum call_status perform_set_outcome(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    CALL_REQUEST(call, struct file_request, request);
    static const struct file_change completed = {"completed", "", SENT_FILE_COMPLETED,
                                                 SENT_LISTED_BY, true};
    static const struct file_change failed = {"failed", "completed", SENT_FILE_FAILED,
                                              SENT_LISTED_NOT_COMPLETED, false};
    enum call_status status = change_file(c, &request, request.outcome ? &completed : &failed);
    if (status == CALL_OK && request.outcome) {
        history_completed(pipeline_of(c), request.key);
    }
    return status;
}

/* --- manifests' records
 * ------------------------------------------------------------------------------------ */

static struct item record_of(struct cloud *c, uint32_t date, uint32_t manifest, char *bytes)
{
    char key[TEXT_BYTES_MAX];
    struct text_writer w = text_writer(key, sizeof key);
    text_put_record_key(&w, names_text(&c->names, manifest));
    return record_key_item(bytes, TEXT("file_key"), names_text(&c->names, date), text_written(&w));
}

/* The key is this invocation's alone: a record that is there was put by an earlier attempt of the
 * same call. */
enum call_status perform_open_record(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    struct pipeline *p = pipeline_of(c);
    CALL_REQUEST(call, struct batch_request, request);
    char bytes[ITEM_BYTES_MAX];
    char path[TEXT_BYTES_MAX];
    char key[TEXT_BYTES_MAX];
    struct text_writer k = text_writer(key, sizeof key);
    text_put_record_key(&k, names_text(&c->names, request.record.manifest));
    struct item_writer w = item_writer(bytes, sizeof bytes);
    item_add_n(&w, TEXT("attempt"), 1);
    item_add_n(&w, TEXT("created"), request.record.created_s);
    item_add_s(&w, TEXT("date_prefix"), names_text(&c->names, request.record.date));
    item_add_n(&w, TEXT("file_count"), 0);
    item_add_s(&w, TEXT("file_key"), text_written(&k));
    item_add_s(&w, TEXT("manifest_path"),
               record_path(c, MANIFEST_BUCKET, request.record.manifest, path));
    item_add_n(&w, TEXT("since"), request.record.created_s);
    item_add_s(&w, TEXT("status"), status_word(BATCH_ASSEMBLING));
    struct table_reply reply;
    return record_answer(c, table_put(c->table, cloud_now(c), item_written(&w),
                                      p->expressions[SENT_FILE_ABSENT], NULL, &reply));
}

/* A step from one of two statuses to another; where it has been taken already, by an earlier
 * attempt of the call, it is taken again. */
struct transition {
    enum batch_status to, was, also;
    enum expression_id update, condition;
    bool ends;        /* the item gets a ttl */
    int64_t next;     /* :next */
    struct text text; /* :text */
};

static enum call_status change_record(struct cloud *c, const struct batch_record *record,
                                      int64_t clock_ns, const struct transition *step)
{
    struct pipeline *p = pipeline_of(c);
    char bytes[ITEM_BYTES_MAX];
    int64_t ttl_s = record_ttl(c, clock_ns);
    struct value values[] = {
        value_s(status_word(step->to)),
        value_n(seconds_of(clock_ns)),
        value_s(status_word(step->was)),
        value_s(status_word(step->also)),
        value_n(record->attempt),
        value_n(step->next),
        value_n(ttl_s),
        value_s(step->text),
    };
    struct item key = record_of(c, record->date, record->manifest, bytes);
    struct table_reply reply;
    enum table_result result =
        table_update(c->table, cloud_now(c), key, p->expressions[step->update],
                     p->expressions[step->condition], values, &reply);
    if (result == TABLE_OK && step->ends) {
        table_sweeper_note(c, key, ttl_s);
    }
    return record_answer(c, result);
}

enum call_status perform_seal_record(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    CALL_REQUEST(call, struct batch_request, request);
    return change_record(c, &request.record, request.clock_ns,
                         &(struct transition){
                             .to = BATCH_READY,
                             .was = BATCH_ASSEMBLING,
                             .also = BATCH_ASSEMBLING,
                             .update = SENT_TO_READY,
                             .condition = SENT_IN_STATE,
                             .next = request.record.file_count,
                         });
}

enum call_status perform_abort_record(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    CALL_REQUEST(call, struct batch_request, request);
    return change_record(c, &request.record, request.clock_ns,
                         &(struct transition){
                             .to = BATCH_ABORTED,
                             .was = BATCH_ASSEMBLING,
                             .also = BATCH_ASSEMBLING,
                             .update = SENT_TO_ABORTED,
                             .condition = SENT_IN_STATE,
                             .ends = true,
                         });
}

enum call_status perform_raise_attempt(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    CALL_REQUEST(call, struct batch_request, request);
    return change_record(c, &request.record, request.clock_ns,
                         &(struct transition){
                             .to = BATCH_READY,
                             .was = (enum batch_status)request.was,
                             .also = (enum batch_status)request.was,
                             .update = SENT_TO_NEXT_ATTEMPT,
                             .condition = SENT_IS_LEFT,
                             .next = request.record.attempt + 1,
                         });
}

/* The record that an execution is about. */
static struct batch_record record_of_execution(const struct execution *e)
{
    return (struct batch_record){.date = e->date, .manifest = e->manifest, .attempt = e->attempt};
}

enum call_status perform_record_processing(struct cloud *c, struct task *caller, struct call *call)
{
    (void)call;
    const struct execution *e = (const void *)caller;
    struct batch_record record = record_of_execution(e);
    enum call_status status = change_record(c, &record, e->entered_ns,
                                            &(struct transition){
                                                .to = BATCH_PROCESSING,
                                                .was = BATCH_READY,
                                                .also = BATCH_READY,
                                                .update = SENT_TO_PROCESSING,
                                                .condition = SENT_IN_STATE,
                                            });
    if (status == CALL_OK) {
        history_begun(pipeline_of(c), e->row);
    }
    return status;
}

enum call_status perform_record_completed(struct cloud *c, struct task *caller, struct call *call)
{
    (void)call;
    const struct execution *e = (const void *)caller;
    struct batch_record record = record_of_execution(e);
    char run[32];
    struct text_writer w = text_writer(run, sizeof run);
    text_put(&w, TEXT("jr_"));
    text_put_integer(&w, e->job_run_row, 8);
    return change_record(c, &record, e->entered_ns,
                         &(struct transition){
                             .to = BATCH_COMPLETED,
                             .was = BATCH_PROCESSING,
                             .also = BATCH_PROCESSING,
                             .update = SENT_TO_COMPLETED,
                             .condition = SENT_IN_STATE,
                             .ends = true,
                             .text = text_written(&w),
                         });
}

enum call_status perform_record_failed(struct cloud *c, struct task *caller, struct call *call)
{
    (void)call;
    const struct execution *e = (const void *)caller;
    struct batch_record record = record_of_execution(e);
    return change_record(c, &record, e->entered_ns,
                         &(struct transition){
                             .to = BATCH_FAILED,
                             .was = BATCH_PROCESSING,
                             .also = BATCH_READY,
                             .update = SENT_TO_FAILED,
                             .condition = SENT_IN_STATE,
                             .text = text_from(call_status_text((enum call_status)e->caught)),
                         });
}

/* Strongly consistent. The reply's first word: whether it is aborted. */
enum call_status perform_get_record(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    CALL_REQUEST(call, struct batch_request, request);
    char bytes[ITEM_BYTES_MAX];
    struct item item;
    struct table_reply reply;
    enum table_result result =
        table_get(c->table, cloud_now(c), cloud_now(c),
                  record_of(c, request.record.date, request.record.manifest, bytes), &item, &reply);
    call->reply[0] = result == TABLE_OK &&
                     text_equal(item_text(item, TEXT("status")), status_word(BATCH_ABORTED));
    return record_answer(c, result);
}

/* --- pages
 * --------------------------------------------------------------------------------------------------
 */

static void push(struct cloud *c, struct chain *chain, uint32_t value)
{
    if (!chain_push(&c->chunks, chain, value)) {
        simulation_fail(&c->simulation, "lists in processes (limits.files)");
    }
}

static void push_name(struct cloud *c, struct chain *chain, struct text text)
{
    uint32_t name = names_intern(&c->names, text);
    if (name == 0) {
        simulation_fail(&c->simulation, "names (limits.files)");
    }
    push(c, chain, name);
}

static uint32_t integer_in(struct item item, struct text name)
{
    struct value value;
    int64_t integer = 0;
    bool there = item_get(item, name, &value) && value.type == TYPE_N &&
                 number_integer(&value.number, &integer);
    return there ? (uint32_t)integer : 0;
}

/* The key of the manifest that an item names. */
static struct text manifest_in(struct item item)
{
    struct text path = item_text(item, TEXT("manifest_path"));
    size_t skip = sizeof "s3://" MANIFEST_BUCKET;
    return path.size <= skip ? (struct text){"", 0}
                             : (struct text){path.at + skip, path.size - skip};
}

static void visit_pending(void *self, struct item item)
{
    struct page *page = self;
    struct text key = record_s3_key(item);
    if (key.size > 0) {
        push_name(page->c, &page->reader->found, item_text(item, TEXT("date_prefix")));
        push_name(page->c, &page->reader->found, key);
    }
}

static void visit_claimed(void *self, struct item item)
{
    struct page *page = self;
    struct text key = record_s3_key(item);
    struct text manifest = manifest_in(item);
    if (key.size > 0 && manifest.size > 0) {
        push_name(page->c, &page->reader->found, item_text(item, TEXT("date_prefix")));
        push_name(page->c, &page->reader->found, key);
        push_name(page->c, &page->reader->found, manifest);
    }
}

/* In the order of struct batch_record. Files that failed share the status of their manifest. */
static void visit_record(void *self, struct item item)
{
    struct page *page = self;
    struct chain *found = &page->reader->found;
    struct text manifest = manifest_in(item);
    if (record_s3_key(item).size > 0 || manifest.size == 0) {
        return;
    }
    push_name(page->c, found, item_text(item, TEXT("date_prefix")));
    push_name(page->c, found, manifest);
    push(page->c, found, integer_in(item, TEXT("attempt")));
    push(page->c, found, integer_in(item, TEXT("file_count")));
    push(page->c, found, integer_in(item, TEXT("since")));
    push(page->c, found, integer_in(item, TEXT("created")));
}

/* A page of the index. */
static enum call_status read_index(struct cloud *c, struct task *caller, struct call *call,
                                   struct text status, void (*visit)(void *, struct item))
{
    struct pipeline *p = pipeline_of(c);
    CALL_REQUEST(call, struct batcher_page, request);
    struct page page = {.c = c, .reader = (void *)caller};
    chain_cut(&c->chunks, &page.reader->found, request.base);
    struct value values[] = {value_s(status)};
    struct table_query query = {
        .index = 0,
        .key = p->expressions[SENT_INDEX_PARTITION],
        .values = values,
        .visit = visit,
    };
    return record_read_page(&page, call, &query, &p->index_lag, CHOICE_INDEX_LAG);
}

enum call_status perform_query_unclaimed(struct cloud *c, struct task *caller, struct call *call)
{
    return read_index(c, caller, call, TEXT("pending"), visit_pending);
}

enum call_status perform_query_claimed(struct cloud *c, struct task *caller, struct call *call)
{
    return read_index(c, caller, call, TEXT("manifested"), visit_claimed);
}

enum call_status perform_query_records(struct cloud *c, struct task *caller, struct call *call)
{
    CALL_REQUEST(call, struct batcher_page, request);
    return read_index(c, caller, call, status_word((enum batch_status)request.kind), visit_record);
}

/* --- objects
 * --------------------------------------------------------------------------------------------------
 */

/* A page of the input bucket: at most so many keys. Keys come in the order of their first puts
 * rather than that of their texts, which the batcher does not care for. Source: S3-LIST-1. */
enum { LIST_KEYS_MAX = 1000, GET_KEYS_MAX = 100 };

enum call_status perform_list_input(struct cloud *c, struct task *caller, struct call *call)
{
    CALL_REQUEST(call, struct batcher_page, request);
    const struct scenario *s = scenario_of(c);
    struct batcher *b = (void *)caller;
    uint64_t used = world_used(&c->simulation.world, c->buckets.objects_region);
    struct list_reply reply = {.object = request.object};
    uint32_t listed = 0;
    chain_cut(&c->chunks, &b->reader.found, request.base);
    while (reply.object < used && listed < LIST_KEYS_MAX) {
        const struct object *object = bucket_object(&c->buckets, ++reply.object);
        if (bucket_find(c, BUCKET_INPUT, object->name) == NULL) {
            continue;
        }
        int64_t age_ns = request.clock_ns - object->put_ns;
        listed++;
        if (age_ns < s->schedule.reconcile_from.ns) {
            reply.young++;
        } else if (age_ns <= s->schedule.reconcile_to.ns) {
            push(c, &b->reader.found, object->name);
        }
    }
    reply.more = reply.object < used;
    memcpy(call->reply, &reply, sizeof reply);
    return CALL_OK;
}

/* Of so many keys from the cursor, those that have no record, in an eventually consistent read: one
 * that has a record after all is refused when it is tracked. A batch that is throttled in part is
 * tried again as a whole. Source: DDB-BATCH-1. */
enum call_status perform_check_tracked(struct cloud *c, struct task *caller, struct call *call)
{
    CALL_REQUEST(call, struct batcher_page, request);
    struct batcher *b = (void *)caller;
    struct chain_cursor cursor = {request.chunk, request.position};
    int64_t lag_ns = cloud_draw(c, CHOICE_REPLICA_LAG, &pipeline_of(c)->replica_lag).ns;
    struct instant as_of = {cloud_now(c).ns + (lag_ns > 0 ? -lag_ns : 1)};
    chain_cut(&c->chunks, &b->missing, request.base);
    for (uint32_t i = 0; i < request.count; i++) {
        uint32_t key = chain_take(&c->chunks, &cursor);
        char bytes[ITEM_BYTES_MAX];
        struct item item;
        struct table_reply reply;
        enum table_result result = table_get(
            c->table, cloud_now(c), as_of,
            record_key_item(bytes, TEXT("file_key"), names_text(&c->names, batcher_date(c, key)),
                            names_text(&c->names, key)),
            &item, &reply);
        if (result != TABLE_OK) {
            return record_answer(c, result);
        }
        if (item.bytes.size == 0) {
            push(c, &b->missing, key);
        }
    }
    return CALL_OK;
}

/* If-None-Match: the key is this invocation's alone, so an object that is there was put by an
 * earlier attempt of the same call. Source: S3-CONDITION-1. */
enum call_status perform_put_manifest_once(struct cloud *c, struct task *caller, struct call *call)
{
    (void)call;
    struct batcher *b = (void *)caller;
    struct chain_cursor cursor = chain_begin(&b->missing);
    int64_t size = 0;
    if (bucket_find(c, BUCKET_MANIFEST, b->record.manifest) != NULL) {
        return CALL_CONDITION_FAILED;
    }
    for (uint32_t i = 0; i < b->missing.count; i++) {
        uint32_t key = chain_take(&c->chunks, &cursor);
        size += (int64_t)names_text(&c->names, key).size;
        if (!bucket_add_to_body(c, key)) {
            return CALL_FAILED;
        }
    }
    if (bucket_put(c, BUCKET_MANIFEST, b->record.manifest, size, b->missing.count) == 0) {
        return CALL_FAILED;
    }
    history_manifest_put(pipeline_of(c), b->record.manifest, b->record.date,
                         b->reader.invocation.row);
    return CALL_OK;
}

/* Into the list of the reader that asks. */
enum call_status perform_get_manifest(struct cloud *c, struct task *caller, struct call *call)
{
    CALL_REQUEST(call, struct file_request, request);
    struct reader *reader = (void *)caller;
    const struct object *manifest = bucket_find(c, BUCKET_MANIFEST, request.manifest);
    chain_cut(&c->chunks, &reader->found, 0);
    if (manifest == NULL) {
        return CALL_NOT_FOUND;
    }
    for (uint32_t i = 0; i < manifest->body_count; i++) {
        push(c, &reader->found, c->buckets.bodies[manifest->body_start + i]);
    }
    return CALL_OK;
}

/* --- executions
 * ------------------------------------------------------------------------------------ */

/* "<manifest>-<attempt>", in the form that StartExecution takes. */
static uint32_t execution_name(struct cloud *c, const struct batch_record *record)
{
    char text[128];
    struct text_writer w = text_writer(text, sizeof text);
    text_put(&w, text_after_last(names_text(&c->names, record->manifest), '/'));
    text_put_char(&w, '-');
    text_put_integer(&w, record->attempt, 0);
    uint32_t name = names_intern(&c->names, text_written(&w));
    if (name == 0) {
        simulation_fail(&c->simulation, "names (limits.files)");
    }
    return name;
}

/* The input is made of what the record holds, so that a repetition has the same. A name that is
 * used up is told as a failed condition. Source: SFN-START-2. */
enum call_status perform_start_named(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    CALL_REQUEST(call, struct batch_request, request);
    const struct batch_record *record = &request.record;
    uint32_t name = execution_name(c, record);
    struct workflow_input input = {
        .manifest = record->manifest,
        .date = record->date,
        .file_count = record->file_count,
        .attempt = record->attempt,
        .timestamp_ns = (int64_t)record->created_s * NS_PER_S,
    };
    if (!scenario_of(c)->start_configured || name == 0) {
        return CALL_INVALID;
    }
    const struct execution_name *known = workflow_find(c, name);
    if (known != NULL) {
        return workflow_is_running(known, &input) ? CALL_OK : CALL_CONDITION_FAILED;
    }
    input.row = history_execution_started(pipeline_of(c), record->manifest, record->date,
                                          record->file_count);
    return workflow_start_named(c, name, &input) == NULL ? CALL_FAILED : CALL_OK;
}

/* The reply's first word: whether it has ended. */
enum call_status perform_look_at_execution(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    CALL_REQUEST(call, struct batch_request, request);
    const struct execution_name *known = workflow_find(c, execution_name(c, &request.record));
    if (known == NULL) {
        return CALL_NOT_FOUND;
    }
    call->reply[0] = known->status != EXECUTION_RUNNING;
    return CALL_OK;
}

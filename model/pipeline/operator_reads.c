/* operator_reads.c: what the operators' tools read: the table, the buckets, executions and job
 * runs.
 *
 * Method. Each effect fills the page of the tool that asks: it begins with an empty one and with
 * the list of what was found cut back to where this page began, so an attempt that is made again
 * does not count twice. Reads of the table are eventually consistent, as the CLI's are; a PartiQL
 * statement without its partition key is a scan, whose page is at most 1 MB of what was evaluated.
 * Executions and job runs are answered from the history, where the services would keep them.
 * Sources: SDK-CLI-2, DDB-SCAN-2, S3-LIST-1, SFN-LIST-1.
 */
#include "model/pipeline/pipeline.h"

enum { OBJECTS_PER_PAGE = 1000, EXECUTIONS_SHOWN = 50, EXECUTIONS_PER_PAGE = 1000 };

/* --- the table
 * --------------------------------------------------------------------------------------------- */

/* Who reads, and what. */
struct reading {
    struct cloud *c;
    struct tool_run *o;
};

static void begin_page(struct cloud *c, struct tool_run *o, const struct operator_request *request)
{
    memset(&o->page, 0, sizeof o->page);
    chain_cut(&c->chunks, &o->found, request->base);
}

static enum call_status answer(struct cloud *c, enum table_result result)
{
    if (result == TABLE_OK) {
        return CALL_OK;
    }
    if (result == TABLE_THROTTLED || result == TABLE_CONFLICT) {
        return CALL_THROTTLED;
    }
    if (result == TABLE_FULL) {
        simulation_fail(&c->simulation, TABLE_STOPPED);
    }
    return CALL_INVALID;
}

/* Reads the page behind the tool's cursor. */
static enum call_status read_table(struct cloud *c, struct tool_run *o, struct call *call,
                                   struct table_query query)
{
    struct pipeline *p = pipeline_of(c);
    struct reading reading = {c, o};
    bool base = query.index == TABLE_BASE;
    struct duration lag = cloud_draw(c, base ? CHOICE_REPLICA_LAG : CHOICE_INDEX_LAG,
                                     base ? &p->replica_lag : &p->index_lag);
    struct duration stale = call_staleness(call);
    lag = stale.ns > lag.ns ? stale : lag;
    query.start_key = (struct text){o->cursor.bytes, o->cursor.size};
    query.self = &reading;
    query.as_of.ns = cloud_now(c).ns - lag.ns;
    struct table_page page;
    enum table_result result = table_read_page(c->table, cloud_now(c), &query, &page);
    if (result != TABLE_OK) {
        return answer(c, result);
    }
    if (page.last_key.size > CURSOR_BYTES_MAX) {
        simulation_fail(&c->simulation, "bytes of a page's last key");
        return CALL_INVALID;
    }
    call->extra_ns = page.bytes * p->scenario->latency_query_megabyte.ns / (1 << 20);
    o->page.count = page.count;
    o->page.more = page.last_key.size > 0;
    o->page.cursor.size = (uint32_t)page.last_key.size;
    if (page.last_key.size > 0) {
        memcpy(o->page.cursor.bytes, page.last_key.at, page.last_key.size);
    }
    return CALL_OK;
}

static enum call_status scan(struct cloud *c, struct task *caller, struct call *call,
                             enum expression_id filter, struct value *values,
                             void (*visit)(void *self, struct item item))
{
    struct tool_run *o = (void *)caller;
    CALL_REQUEST(call, struct operator_request, request);
    begin_page(c, o, &request);
    struct table_query query = {
        .index = TABLE_BASE,
        .filter = values == NULL ? NULL : pipeline_of(c)->expressions[filter],
        .values = values,
        .visit = visit,
    };
    return read_table(c, o, call, query);
}

static uint32_t name_of(struct reading *r, struct item item, struct text attribute)
{
    return operator_name(r->c, item_text(item, attribute));
}

static bool is_record(struct item item)
{
    return text_starts(item_text(item, TEXT("file_key")), TEXT("MANIFEST"));
}

static int64_t integer_of(struct item item, struct text attribute)
{
    struct value value;
    int64_t integer = 0;
    if (!item_get(item, attribute, &value) || value.type != TYPE_N ||
        !number_integer(&value.number, &integer)) {
        integer = 0;
    }
    return integer;
}

/* A lock: its key, its id, its ttl. */
static void visit_lock(void *self, struct item item)
{
    struct reading *r = self;
    operator_found(r->c, r->o, name_of(r, item, TEXT("date_prefix")));
    operator_found(r->c, r->o, name_of(r, item, TEXT("lock_id")));
    operator_found(r->c, r->o, (uint32_t)integer_of(item, TEXT("ttl")));
}

enum call_status perform_scan_locks(struct cloud *c, struct task *caller, struct call *call)
{
    struct value values[] = {value_s(TEXT("LOCK#"))};
    return scan(c, caller, call, SENT_IS_LOCK, values, visit_lock);
}

/* The status of shard `shard`, from 1; 0 is the plain one. */
static struct text shard_status(struct text status, uint32_t shard, char room[32])
{
    struct text_writer w = text_writer(room, 32);
    text_put(&w, status);
    if (shard > 0) {
        text_put_char(&w, '#');
        text_put_integer(&w, shard - 1, 0);
    }
    return text_written(&w);
}

/* The index's partition of pending items, or of one shard of them (choice). */
static enum call_status query_pending(struct cloud *c, struct task *caller, struct call *call,
                                      struct table_query query)
{
    struct pipeline *p = pipeline_of(c);
    struct tool_run *o = (void *)caller;
    CALL_REQUEST(call, struct operator_request, request);
    char room[32];
    begin_page(c, o, &request);
    struct value values[] = {value_s(shard_status(TEXT("pending"), request.choice, room))};
    query.index = 0;
    query.key = p->expressions[SENT_INDEX_PARTITION];
    query.filter = o->fixed ? p->expressions[SENT_IS_FILE] : NULL;
    query.values = values;
    return read_table(c, o, call, query);
}

enum call_status perform_count_status(struct cloud *c, struct task *caller, struct call *call)
{
    struct table_query query = {.visit = NULL};
    return query_pending(c, caller, call, query);
}

/* The name by which a file's item is found again: its S3 key, or its file_key where it names none.
 */
static uint32_t item_name(struct reading *r, struct item item)
{
    struct text path = item_text(item, TEXT("file_path"));
    size_t skip = sizeof "s3://" INPUT_BUCKET; /* the slash in place of the NUL */
    if (path.size > skip) {
        return operator_name(r->c, (struct text){path.at + skip, path.size - skip});
    }
    return name_of(r, item, TEXT("file_key"));
}

static void visit_sample(void *self, struct item item)
{
    struct reading *r = self;
    if (r->o->page.count++ == 0) {
        operator_found(r->c, r->o, item_name(r, item));
    }
}

/* One item, the first of the lowest date; as it should be: a file, and of the highest. */
enum call_status perform_sample_file(struct cloud *c, struct task *caller, struct call *call)
{
    struct tool_run *o = (void *)caller;
    struct table_query query = {.visit = visit_sample, .limit = 1};
    if (o->fixed) {
        query.limit = 0;
        query.backward = true;
    }
    return query_pending(c, caller, call, query);
}

/* Sorts an item by its status; as it should be: without the shard, and records and locks apart. */
static void visit_status(void *self, struct item item)
{
    struct reading *r = self;
    struct text status = item_text(item, TEXT("status"));
    char room[64];
    struct text_writer w = text_writer(room, sizeof room);
    if (!r->o->fixed) {
        text_put(&w, status.size > 0 ? status : TEXT("unknown"));
    } else if (text_starts(item_text(item, TEXT("date_prefix")), TEXT("LOCK#"))) {
        text_put(&w, TEXT("lock"));
    } else {
        text_put(&w, is_record(item) ? TEXT("manifest ") : TEXT("file "));
        const char *shard = status.size > 0 ? memchr(status.at, '#', status.size) : NULL;
        status.size = shard == NULL ? status.size : (size_t)(shard - status.at);
        text_put(&w, status);
    }
    tally_add(r->c, &r->o->page.tally, operator_name(r->c, text_written(&w)), 1, 0);
}

enum call_status perform_read_statuses(struct cloud *c, struct task *caller, struct call *call)
{
    return scan(c, caller, call, SENT_IS_STATUS, NULL, visit_status);
}

static struct text or_none(struct text text)
{
    return text.size > 0 ? text : TEXT("None");
}

/* A manifest's record: a line, its status, and its manifest's name where it has failed. */
static void visit_record(void *self, struct item item)
{
    struct reading *r = self;
    struct tool_run *o = r->o;
    struct text status = item_text(item, TEXT("status"));
    struct text path = item_text(item, TEXT("manifest_path"));
    size_t skip = sizeof "s3://" MANIFEST_BUCKET;
    tally_add(r->c, &o->page.tally, operator_name(r->c, status), 1, 0);
    if (o->tool == TOOL_REPROCESS_FAILED) {
        if (text_equal(status, TEXT("failed")) && path.size > skip) {
            operator_found(r->c, o,
                           operator_name(r->c, (struct text){path.at + skip, path.size - skip}));
        }
        return;
    }
    PAGE_PRINT(&o->page, "  % %: status %, job run %, completed %, error %\n",
               of_text(item_text(item, TEXT("date_prefix"))),
               of_text(item_text(item, TEXT("file_key"))), of_text(or_none(status)),
               of_text(or_none(item_text(item, TEXT("glue_job_run_id")))),
               of_text(or_none(item_text(item, TEXT("completed_time")))),
               of_text(or_none(item_text(item, TEXT("error_message")))));
}

/* The old form alone; as it should be, both. */
enum call_status perform_read_records(struct cloud *c, struct task *caller, struct call *call)
{
    bool both = ((const struct tool_run *)(void *)caller)->fixed;
    struct value values[] = {value_s(TEXT("MANIFEST"))};
    return scan(c, caller, call, both ? SENT_IS_RECORD : SENT_IS_RECORD_SHARED, values,
                visit_record);
}

/* A file: for lists by date, and for resets as (date, name, status, manifest). */
static void visit_file(void *self, struct item item)
{
    struct reading *r = self;
    struct text path = item_text(item, TEXT("manifest_path"));
    size_t skip = sizeof "s3://" MANIFEST_BUCKET;
    uint32_t date = name_of(r, item, TEXT("date_prefix"));
    uint32_t name = item_name(r, item);
    operator_found(r->c, r->o, date);
    operator_found(r->c, r->o, name);
    operator_found(r->c, r->o, name_of(r, item, TEXT("status")));
    operator_found(r->c, r->o,
                   path.size <= skip
                       ? 0
                       : operator_name(r->c, (struct text){path.at + skip, path.size - skip}));
    tally_add(r->c, &r->o->page.tally, date, 1, name);
}

/* The items of a status (subject); as it should be, with its shards and without records. */
enum call_status perform_read_files(struct cloud *c, struct task *caller, struct call *call)
{
    bool sharded = ((const struct tool_run *)(void *)caller)->fixed;
    CALL_REQUEST(call, struct operator_request, request);
    struct value values[] = {value_s(names_text(&c->names, request.subject))};
    return scan(c, caller, call, sharded ? SENT_IS_STATUS_OF_FILE : SENT_IS_STATUS, values,
                visit_file);
}

/* The items of a date (subject). */
enum call_status perform_read_date(struct cloud *c, struct task *caller, struct call *call)
{
    struct tool_run *o = (void *)caller;
    CALL_REQUEST(call, struct operator_request, request);
    struct value values[] = {value_s(names_text(&c->names, request.subject)), value_s(TEXT(""))};
    begin_page(c, o, &request);
    struct table_query query = {
        .index = TABLE_BASE,
        .key = pipeline_of(c)->expressions[SENT_PARTITION],
        .values = values,
        .visit = visit_file,
    };
    return read_table(c, o, call, query);
}

/* --- the buckets
 * ------------------------------------------------------------------------------------------- */

/* Whether an object comes behind another: by the order of their keys, or by the time of their put.
 */
static bool behind(const struct cloud *c, uint32_t a, uint32_t b, bool by_time)
{
    const struct object *x = bucket_object(&c->buckets, a);
    const struct object *y = bucket_object(&c->buckets, b);
    if (by_time && x->put_ns != y->put_ns) {
        return x->put_ns > y->put_ns;
    }
    return text_compare(names_text(&c->names, x->name), names_text(&c->names, y->name)) > 0;
}

/* Keeps the last LATEST_MAX, the first of them first. */
static void keep_latest(const struct cloud *c, struct tool_run *o, uint32_t number, bool by_time)
{
    uint32_t at = o->latest_count;
    for (uint32_t i = 0; i < o->latest_count; i++) {
        if (o->latest[i] == number) {
            return;
        }
    }
    while (at > 0 && behind(c, o->latest[at - 1], number, by_time)) {
        at--;
    }
    if (o->latest_count == LATEST_MAX) {
        if (at == 0) {
            return;
        }
        memmove(&o->latest[0], &o->latest[1], (at - 1) * sizeof o->latest[0]);
        o->latest[at - 1] = number;
        return;
    }
    memmove(&o->latest[at + 1], &o->latest[at], (o->latest_count - at) * sizeof o->latest[0]);
    o->latest[at] = number;
    o->latest_count++;
}

/* The date in a key: the second segment of a manifest's, behind "merged-parquet-" of an output's.
 */
static uint32_t date_of(struct cloud *c, const struct object *object)
{
    struct text key = names_text(&c->names, object->name);
    size_t skip =
        object->bucket == BUCKET_MANIFEST ? sizeof "manifests/" - 1 : sizeof "merged-parquet-" - 1;
    return key.size < skip + 10 ? 0 : operator_name(c, (struct text){key.at + skip, 10});
}

/* The choice of LIST_OBJECTS: what is kept of the latest. */
struct listing {
    struct cloud *c;
    struct tool_run *o;
    bool by_time;
};

static void visit_object(void *self, uint32_t number, const struct object *object)
{
    struct listing *l = self;
    l->o->page.count++;
    tally_add(l->c, &l->o->page.tally, date_of(l->c, object), 1, 0);
    keep_latest(l->c, l->o, number, l->by_time);
    if (object->bucket == BUCKET_OUTPUT) {
        operator_found(l->c, l->o, number);
    }
}

enum call_status perform_list_objects(struct cloud *c, struct task *caller, struct call *call)
{
    struct tool_run *o = (void *)caller;
    CALL_REQUEST(call, struct operator_request, request);
    struct listing listing = {c, o, request.choice == LATEST_BY_TIME};
    begin_page(c, o, &request);
    o->page.position =
        bucket_visit(c, (enum bucket_id)request.bucket,
                     request.bucket == BUCKET_MANIFEST ? TEXT("manifests/") : TEXT(""),
                     o->position == 0 ? 1 : o->position, OBJECTS_PER_PAGE, visit_object, &listing);
    o->page.more = o->page.position != 0;
    return CALL_OK;
}

/* The files that a manifest (subject) lists. */
enum call_status perform_read_manifest(struct cloud *c, struct task *caller, struct call *call)
{
    struct tool_run *o = (void *)caller;
    CALL_REQUEST(call, struct operator_request, request);
    const struct object *object = bucket_find(c, BUCKET_MANIFEST, request.subject);
    begin_page(c, o, &request);
    if (object == NULL) {
        return CALL_NOT_FOUND;
    }
    o->page.count = object->body_count;
    for (uint32_t i = 0; i < object->body_count; i++) {
        operator_found(c, o, c->buckets.bodies[object->body_start + i]);
    }
    return CALL_OK;
}

enum call_status perform_head_file(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    CALL_REQUEST(call, struct operator_request, request);
    return bucket_find(c, BUCKET_INPUT, request.subject) == NULL ? CALL_NOT_FOUND : CALL_OK;
}

/* --- executions and job runs
 * ------------------------------------------------------------------------------- */

struct text operator_execution_status(uint32_t status)
{
    return status == EXECUTION_RUNNING     ? TEXT("RUNNING")
           : status == EXECUTION_SUCCEEDED ? TEXT("SUCCEEDED")
                                           : TEXT("FAILED");
}

/* The newest ones, or those that FAILED (choice), as (row, status). At most 50, as the scripts ask
 * for; as it should be, all of them, page by page. Source: SFN-LIST-1. */
enum call_status perform_list_executions(struct cloud *c, struct task *caller, struct call *call)
{
    struct pipeline *p = pipeline_of(c);
    struct tool_run *o = (void *)caller;
    CALL_REQUEST(call, struct operator_request, request);
    int64_t most = o->fixed ? EXECUTIONS_PER_PAGE : EXECUTIONS_SHOWN;
    uint64_t row = o->position == 0 ? HISTORY_COUNT(p, executions) : o->position;
    begin_page(c, o, &request);
    for (; row > 0 && o->page.count < most; row--) {
        const struct execution_history *e = &p->history.executions[row - 1];
        if (request.choice == EXECUTIONS_FAILED && e->status != EXECUTION_FAILED) {
            continue;
        }
        o->page.count++;
        operator_found(c, o, (uint32_t)row);
        operator_found(c, o, e->status);
        tally_add(c, &o->page.tally, operator_name(c, operator_execution_status(e->status)), 1, 0);
    }
    o->page.position = (uint32_t)row;
    o->page.more = row > 0;
    return CALL_OK;
}

enum call_status perform_describe_execution(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    CALL_REQUEST(call, struct operator_request, request);
    ASSERT(request.choice >= 1 && request.choice <= HISTORY_COUNT(pipeline_of(c), executions));
    return CALL_OK;
}

/* The job's runs. The script asks for a job that does not exist: EntityNotFoundException. */
enum call_status perform_get_job_runs(struct cloud *c, struct task *caller, struct call *call)
{
    struct tool_run *o = (void *)caller;
    CALL_REQUEST(call, struct operator_request, request);
    begin_page(c, o, &request);
    if (!o->fixed) {
        return CALL_NOT_FOUND;
    }
    o->page.count = (int64_t)HISTORY_COUNT(pipeline_of(c), job_runs);
    return CALL_OK;
}

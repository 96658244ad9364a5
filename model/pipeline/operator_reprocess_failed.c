/* operator_reprocess_failed.c: reprocess-failed: lists, retries and resets.
 *
 * Method. list-failed and retry-failed know the newest 50 executions whose status is FAILED, which
 * those of failed jobs are not; retry-failed starts each again with its input under a new name,
 * whatever came of it and of earlier retries. list-pending and list-manifested read one page of
 * PartiQL, by a status without shards. trigger-flush uploads a file, whose arrival makes the
 * builder look at all dates. The resets ask first; then every manifested item of all dates, or
 * every item of a date that is not pending, the record MANIFEST aside, is set to pending, MANIFEST#
 * records among them, which then lack a file_path. As it should be: all pages, shards kept, records
 * left alone, failed jobs known by their records, nothing retried or reset that has output or is
 * being processed, writes on the condition that the item is as it was read. Source: PIPE-TOOLS-6.
 */
#include "model/pipeline/pipeline.h"

#define POINTS(X)                                                                                  \
    X(PUT)                                                                                         \
    X(FILES) X(FAILED) X(RECORDS) X(RUNS) X(DESCRIBE) X(RESTART) X(DATE) X(MANIFESTED) X(RESET)

enum point { START, POINTS(POINT_ENUM) };

enum { ITEM_WORDS = 4, DISTINCT_MAX = 1024, TRIGGER_SIZE = 3670016 };

/* What is found is an item: (date, name, status, manifest). */
struct item_read {
    uint32_t date, name, status, manifest;
};

static struct item_read take_item(struct cloud *c, struct chain_cursor *next)
{
    struct item_read item;
    item.date = chain_take(&c->chunks, next);
    item.name = chain_take(&c->chunks, next);
    item.status = chain_take(&c->chunks, next);
    item.manifest = chain_take(&c->chunks, next);
    return item;
}

static uint32_t items_count(const struct tool_run *o)
{
    return o->found.count / ITEM_WORDS;
}

/* --- failed executions
 * ------------------------------------------------------------------------------------- */

/* As it should be, the tool has told all only when it has told the failed records, too. */
static void print_failed(struct cloud *c, struct tool_run *o)
{
    const struct pipeline *p = pipeline_of(c);
    int64_t shown = o->count;
    PRINT_VALUES("Failed executions: %\n", of_integer(o->count));
    o->next = chain_begin(&o->found);
    for (int64_t i = 0; i < o->count; i++) {
        uint32_t row = chain_take(&c->chunks, &o->next);
        (void)chain_take(&c->chunks, &o->next);
        const struct execution_history *e = &p->history.executions[row - 1];
        PRINT_VALUES("  00000000-0000-4000-8000-%  started %  stopped %\n", of_digits(row),
                     of_instant(e->started_ns / NS_PER_MS * NS_PER_MS),
                     of_instant(e->ended_ns / NS_PER_MS * NS_PER_MS));
        PRINT_VALUES("    arn:aws:states:us-east-1:123456789012:execution:"
                     "ndjson-parquet-processor-dev:00000000-0000-4000-8000-%\n",
                     of_digits(row));
    }
    if (!o->fixed) {
        TELL(EXECUTIONS_FAILED, shown, operator_truth(pipeline_of(c)).executions_failed);
    }
}

static void print_failed_records(struct cloud *c, struct tool_run *o)
{
    PRINT_VALUES("Batches failed behind an execution that SUCCEEDED: %\n",
                 of_integer(o->found.count));
    o->next = chain_begin(&o->found);
    for (uint32_t i = 0; i < o->found.count; i++) {
        PRINT_VALUES("  s3://" MANIFEST_BUCKET "/%\n",
                     of_name(c, chain_take(&c->chunks, &o->next)));
    }
    TELL(EXECUTIONS_FAILED, o->before + o->found.count,
         operator_truth(pipeline_of(c)).executions_failed);
}

/* The same input under a new name: another execution. A choice of 0 is the batch of a manifest
 * (subject), found by its record. Source: SFN-START-1. */
enum call_status perform_restart_execution(struct cloud *c, struct task *caller, struct call *call)
{
    struct pipeline *p = pipeline_of(c);
    struct tool_run *o = (void *)caller;
    CALL_REQUEST(call, struct operator_request, request);
    const struct execution_history *e = NULL;
    for (uint64_t i = HISTORY_COUNT(p, executions); i > 0 && e == NULL; i--) {
        const struct execution_history *row = &p->history.executions[i - 1];
        if (request.choice == i || (request.choice == 0 && row->manifest == request.subject)) {
            e = row;
        }
    }
    if (e == NULL) {
        return CALL_NOT_FOUND;
    }
    bool had_output = operator_has_output(p, e->manifest);
    struct workflow_input input = {
        .manifest = e->manifest,
        .date = e->date,
        .file_count = e->files,
        .timestamp_ns = e->started_ns, /* of the builder's call, but for its way */
        .without_file_key = scenario_of(c)->builder.record != RECORD_OWN,
    };
    input.row = history_execution_started(p, input.manifest, input.date, input.file_count);
    o->needed += !had_output;
    return input.row == 0 || workflow_start(c, &input) == NULL ? CALL_FAILED : CALL_OK;
}

static uint32_t manifest_of(struct cloud *c, uint32_t row)
{
    return pipeline_of(c)->history.executions[row - 1].manifest;
}

/* The next one to restart: an execution of the list, or, as it should be, the batch of a record;
 * what has output is passed over then. False behind the last. */
static bool next_failed(struct cloud *c, struct tool_run *o, uint32_t words)
{
    while (o->i < o->found.count / words) {
        uint32_t value = chain_take(&c->chunks, &o->next);
        o->i++;
        if (words > 1) {
            (void)chain_take(&c->chunks, &o->next);
        }
        o->other = words > 1 ? value : 0;
        o->key = words > 1 ? manifest_of(c, value) : value;
        if (!o->fixed || !operator_has_output(pipeline_of(c), o->key)) {
            return true;
        }
        o->skipped++;
        PRINT_VALUES("  % has output or is under way: left alone\n", of_name(c, o->key));
    }
    return false;
}

static void begin_list(struct tool_run *o)
{
    o->i = 0;
    o->next = chain_begin(&o->found);
}

static void print_restarted(struct cloud *c, struct tool_run *o)
{
    bool started = operator_succeeded(o);
    o->done += started;
    PRINT_VALUES("  % s3://" MANIFEST_BUCKET "/%\n",
                 of_text(started ? TEXT("restarted") : TEXT("FAILED   ")), of_name(c, o->key));
}

/* --- lists
 * ------------------------------------------------------------------------------------------------
 */

/* How many manifests the items name. */
static int64_t count_manifests(struct cloud *c, const struct tool_run *o, bool *more)
{
    uint32_t seen[DISTINCT_MAX];
    uint32_t count = 0;
    struct chain_cursor next = chain_begin(&o->found);
    *more = false;
    for (uint32_t i = 0; i < items_count(o); i++) {
        uint32_t manifest = take_item(c, &next).manifest;
        uint32_t at = count;
        while (at > 0 && seen[at - 1] != manifest) {
            at--;
        }
        *more |= at == 0 && manifest != 0 && count == DISTINCT_MAX;
        if (at == 0 && manifest != 0 && count < DISTINCT_MAX) {
            seen[count++] = manifest;
        }
    }
    return count;
}

static void print_samples(struct cloud *c, struct tool_run *o, const struct tally_entry *e)
{
    for (uint32_t i = 0; i < SAMPLES_MAX && e->samples[i] != 0; i++) {
        PRINT_VALUES("    %\n",
                     of_text(text_after_last(names_text(&c->names, e->samples[i]), '/')));
    }
}

static void print_list(struct cloud *c, struct tool_run *o)
{
    bool pending = o->action == REPROCESS_LIST_PENDING;
    struct operator_truth truth = operator_truth(pipeline_of(c));
    PRINT_VALUES("% files: %\n", of_text(pending ? TEXT("Pending") : TEXT("Manifested")),
                 of_integer(o->count));
    for (uint32_t i = 0; i < o->tally.used; i++) {
        const struct tally_entry *e = &o->tally.entries[i];
        PRINT_VALUES("  %: %\n", of_name(c, e->name), of_integer(e->count));
        if (pending) {
            print_samples(c, o, e);
        }
    }
    if (pending) {
        TELL(PENDING, o->count, truth.pending);
    } else {
        bool more;
        int64_t manifests = count_manifests(c, o, &more);
        PRINT_VALUES("Manifests: %%\n", of_integer(manifests),
                     of_text(more ? TEXT(" or more") : TEXT("")));
        TELL(MANIFESTED, o->count, truth.manifested);
    }
}

/* --- the flush
 * -------------------------------------------------------------------------------------------- */

/* "pipeline/input/<today>/test-trigger-<stamp>.ndjson" */
static uint32_t trigger_key(struct cloud *c)
{
    char key[128];
    struct text_writer w = text_writer(key, sizeof key);
    text_put(&w, TEXT("pipeline/input/"));
    text_put_date(&w, cloud_now(c));
    text_put(&w, TEXT("/test-trigger-"));
    text_put_compact(&w, cloud_now(c));
    text_put(&w, TEXT(".ndjson"));
    return operator_name(c, text_written(&w));
}

/* --- resets
 * -----------------------------------------------------------------------------------------------
 */

/* The script's own exceptions, or those that it should have. */
static bool is_reset(struct cloud *c, const struct tool_run *o, const struct item_read *item)
{
    struct text name = names_text(&c->names, item->name);
    struct text status = item->status == 0 ? TEXT("") : names_text(&c->names, item->status);
    if (o->fixed) {
        return !text_starts(name, TEXT("MANIFEST")) &&
               (text_starts(status, TEXT("manifested")) || text_starts(status, TEXT("failed"))) &&
               !operator_has_output(pipeline_of(c), item->manifest);
    }
    return o->action == REPROCESS_RESET_MANIFESTED ||
           (!text_equal(status, TEXT("pending")) && !text_equal(name, TEXT("MANIFEST")));
}

static bool next_reset(struct cloud *c, struct tool_run *o)
{
    while (o->i < items_count(o)) {
        struct item_read item = take_item(c, &o->next);
        o->i++;
        if (is_reset(c, o, &item)) {
            o->date = item.date;
            o->key = item.name;
            o->lock_id = item.status;
            o->other = item.manifest;
            return true;
        }
    }
    return false;
}

/* "pending", and, as it should be, the shard that the status (request.name) had. */
static struct text reset_status(struct cloud *c, const struct tool_run *o, uint32_t status,
                                char room[64])
{
    struct text_writer w = text_writer(room, 64);
    struct text was = status == 0 ? TEXT("") : names_text(&c->names, status);
    const char *shard = was.size > 0 ? memchr(was.at, '#', was.size) : NULL;
    text_put(&w, TEXT("pending"));
    if (o->fixed && shard != NULL) {
        text_put(&w, (struct text){shard, was.size - (size_t)(shard - was.at)});
    }
    return text_written(&w);
}

enum call_status perform_reset_item(struct cloud *c, struct task *caller, struct call *call)
{
    struct pipeline *p = pipeline_of(c);
    struct tool_run *o = (void *)caller;
    CALL_REQUEST(call, struct operator_request, request);
    char bytes[2048];
    char room[64];
    struct item_writer w = item_writer(bytes, sizeof bytes);
    item_add_s(&w, TEXT("date_prefix"), names_text(&c->names, o->date));
    item_add_s(&w, TEXT("file_key"),
               record_file_key(p->scenario, names_text(&c->names, request.subject)));
    struct value values[] = {
        value_s(reset_status(c, o, request.name, room)),
        value_s(request.name == 0 ? TEXT("") : names_text(&c->names, request.name)),
    };
    const struct expression *update =
        p->expressions[o->action == REPROCESS_RESET_DATE ? SENT_RESET_WITH_ERROR : SENT_RESET];
    struct table_reply reply;
    enum table_result result =
        table_update(c->table, cloud_now(c), item_written(&w), update,
                     o->fixed ? p->expressions[SENT_STATUS_IS_AS_READ] : NULL, values, &reply);
    if (result == TABLE_OK) {
        o->needed += !operator_has_output(p, o->other);
    }
    return result == TABLE_OK ? CALL_OK
           : result == TABLE_THROTTLED || result == TABLE_CONFLICT
               ? CALL_THROTTLED
               : (result == TABLE_CONDITION_FAILED ? CALL_CONDITION_FAILED : CALL_INVALID);
}

static void print_reset(struct cloud *c, struct tool_run *o)
{
    PRINT_VALUES("Items reset to pending: %, failed: %\n", of_integer(o->done),
                 of_integer(o->skipped));
    TELL(RESET, o->done, o->needed);
}

static void ask(struct cloud *c, struct tool_run *o)
{
    PRINT_VALUES("Set % items to pending, to be processed again? (y/n) ",
                 of_integer(items_count(o)));
    PRINT(o->answer == ANSWER_YES ? "y\n" : o->answer == ANSWER_NO ? "n\nCancelled.\n" : "\n");
}

/* True where the answer is yes. Without one the read fails, and the script with it. */
static bool confirmed(struct cloud *c, struct tool_run *o)
{
    ask(c, o);
    o->exit_status = o->answer == ANSWER_NONE;
    return o->answer == ANSWER_YES;
}

static uint32_t status_read(struct cloud *c, const struct tool_run *o)
{
    return operator_name(c, o->action == REPROCESS_LIST_PENDING ? TEXT("pending")
                                                                : TEXT("manifested"));
}

/* Of the two sources of failed batches, executions and records, which the tool as it should be
 * reads both, the current one. */
enum source { OF_EXECUTIONS, OF_RECORDS };

static uint32_t words_of(const struct tool_run *o)
{
    return o->shard == OF_EXECUTIONS ? 2 : 1;
}

static void print_source(struct cloud *c, struct tool_run *o)
{
    if (o->shard == OF_EXECUTIONS) {
        print_failed(c, o);
        o->before = o->count;
    } else {
        print_failed_records(c, o);
    }
}

static bool retries(const struct tool_run *o)
{
    return o->action == REPROCESS_RETRY_FAILED;
}

enum process_status reprocess_failed_step(struct cloud *c, struct tool_run *o)
{
    PROCESS_BEGIN(o->at, enum point);
    if (o->action == REPROCESS_HELP) {
        PRINT("reprocess-failed list-failed | list-pending | list-manifested | retry-failed |\n"
              "                 trigger-flush | reset-manifested | reset-date DATE\n");
        return operator_exit(o, 0);
    }
    if (o->action == REPROCESS_TRIGGER_FLUSH) {
        o->key = trigger_key(c);
        OPERATOR_CALL(PUT, PUT_FILE, .subject = o->key, .size = TRIGGER_SIZE);
        if (!operator_succeeded(o)) {
            return operator_fail(o);
        }
        PRINT_VALUES("Uploaded s3://" INPUT_BUCKET "/%\n", of_name(c, o->key));
        return operator_exit(o, 0);
    }
    if (o->action == REPROCESS_LIST_PENDING || o->action == REPROCESS_LIST_MANIFESTED) {
        OPERATOR_READ(FILES, READ_FILES, .subject = status_read(c, o), .pages = o->fixed);
        if (!operator_succeeded(o)) {
            return operator_fail(o);
        }
        print_list(c, o);
        return operator_exit(o, 0);
    }
    if (o->action == REPROCESS_LIST_FAILED || o->action == REPROCESS_RETRY_FAILED) {
        for (o->shard = OF_EXECUTIONS; o->shard <= (o->fixed ? OF_RECORDS : OF_EXECUTIONS);
             o->shard++) {
            if (o->shard == OF_EXECUTIONS) {
                OPERATOR_READ(FAILED, LIST_EXECUTIONS, .choice = EXECUTIONS_FAILED,
                              .pages = o->fixed);
            } else {
                OPERATOR_READ(RECORDS, READ_RECORDS, .pages = true);
            }
            if (!operator_succeeded(o)) {
                return operator_fail(o);
            }
            print_source(c, o);
            if (retries(o) && o->fixed) { /* whether there is output: by the job's runs */
                OPERATOR_CALL(RUNS, GET_JOB_RUNS, .subject = 0);
                if (!operator_succeeded(o)) {
                    return operator_fail(o);
                }
            }
            begin_list(o);
            while (retries(o) && next_failed(c, o, words_of(o))) {
                if (o->shard == OF_EXECUTIONS) {
                    OPERATOR_CALL(DESCRIBE, DESCRIBE_EXECUTION, .subject = o->key,
                                  .choice = o->other);
                    if (!operator_succeeded(o)) {
                        return operator_fail(o);
                    }
                }
                OPERATOR_CALL(RESTART, RESTART_EXECUTION, .subject = o->key, .choice = o->other);
                print_restarted(c, o);
            }
        }
        if (retries(o)) {
            PRINT_VALUES("Restarted: %\n", of_integer(o->done));
            TELL(RESTARTED, o->done, o->needed);
        }
        return operator_exit(o, 0);
    }
    if (o->action == REPROCESS_RESET_DATE) {
        OPERATOR_READ(DATE, READ_DATE, .subject = o->date, .pages = o->fixed);
    } else {
        OPERATOR_READ(MANIFESTED, READ_FILES, .subject = status_read(c, o), .pages = o->fixed);
    }
    if (!operator_succeeded(o)) {
        return operator_fail(o);
    }
    if (!confirmed(c, o)) {
        return PROCESS_DONE;
    }
    begin_list(o);
    while (next_reset(c, o)) {
        OPERATOR_CALL(RESET, RESET_ITEM, .subject = o->key, .name = o->lock_id);
        o->done += operator_succeeded(o);
        o->skipped += !operator_succeeded(o);
    }
    print_reset(c, o);
    PROCESS_END;
}

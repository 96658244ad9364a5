/* operator_trace_pipeline.c: trace-pipeline: where everything stands, in seven sections. Reads
 * only.
 *
 * Method. The items by status and the MANIFEST records come from one page of PartiQL each, so of a
 * table above 1 MB they are a prefix; the records are those of the old form; a manifest is taken
 * for ten files; no Parquet is counted as "0" on two lines, which the shell cannot compare; of the
 * executions the newest 50 are counted. As it should be: all pages, both forms, no shards, files
 * counted. Source: PIPE-TOOLS-3.
 */
#include "model/pipeline/pipeline.h"

#define POINTS(X)                                                                                  \
    X(STATUSES)                                                                                    \
    X(RECORDS) X(MANIFESTS) X(PARQUET) X(EXECUTIONS) X(MANIFESTS_BY_DATE) X(PARQUET_BY_DATE)

enum point { START, POINTS(POINT_ENUM) };

enum { EXECUTIONS_PRINTED = 10, DIRECTORIES_PRINTED = 20, FILES_PER_MANIFEST = 10 };

static void print_statuses(struct cloud *c, struct tool_run *o)
{
    struct operator_truth truth = operator_truth(pipeline_of(c));
    struct text pending = o->fixed ? TEXT("file pending") : TEXT("pending");
    struct text manifested = o->fixed ? TEXT("file manifested") : TEXT("manifested");
    PRINT_VALUES("[1] Items in the table: %\n", of_integer(o->count));
    operator_print_tally(c, o);
    TELL(ITEMS, o->count, truth.items);
    TELL(PENDING, tally_count(c, &o->tally, pending), truth.pending);
    TELL(MANIFESTED, tally_count(c, &o->tally, manifested), truth.manifested);
}

static void print_latest(struct cloud *c, struct tool_run *o)
{
    PRINT_VALUES("[3] Manifests: %\n", of_integer(o->count));
    for (uint32_t i = 0; i < o->latest_count; i++) {
        const struct object *object = bucket_object(&c->buckets, o->latest[i]);
        PRINT_VALUES("  % %\n", of_instant(object->put_ns / NS_PER_S * NS_PER_S),
                     of_name(c, object->name));
    }
    TELL(MANIFESTS, o->count, operator_truth(pipeline_of(c)).manifests);
}

/* The directories, each as often as there are files in it with another date in front. */
static void print_directories(struct cloud *c, struct tool_run *o)
{
    o->next = chain_begin(&o->found);
    for (uint32_t i = 0; i < o->found.count && i < DIRECTORIES_PRINTED; i++) {
        const struct object *object = bucket_object(&c->buckets, chain_take(&c->chunks, &o->next));
        struct text key = names_text(&c->names, object->name);
        size_t file = text_after_last(key, '/').size;
        PRINT_VALUES("  % %\n", of_instant(object->put_ns / NS_PER_S * NS_PER_S),
                     of_text(((struct text){key.at, key.size - file})));
    }
    if (o->found.count > DIRECTORIES_PRINTED) {
        PRINT_VALUES("  ... and % more\n", of_integer(o->found.count - DIRECTORIES_PRINTED));
    }
}

static void print_parquet(struct cloud *c, struct tool_run *o)
{
    PRINT_VALUES("[4] Parquet files: %\n", of_integer(o->count));
    if (o->count == 0 && !o->fixed) {
        PRINT("0\ntrace-pipeline: [: 0\n0: integer expression expected\n");
    }
    print_directories(c, o);
    TELL(PARQUET, o->count, operator_truth(pipeline_of(c)).parquet);
}

static void print_executions(struct cloud *c, struct tool_run *o)
{
    const struct pipeline *p = pipeline_of(c);
    int64_t failed = tally_count(c, &o->tally, TEXT("FAILED")) + o->before;
    PRINT_VALUES("[5] Executions: %\n", of_integer(o->count));
    operator_print_tally(c, o);
    if (o->before > 0) {
        PRINT_VALUES("  batches failed behind an execution that SUCCEEDED: %\n",
                     of_integer(o->before));
    }
    o->next = chain_begin(&o->found);
    for (uint32_t i = 0; i < o->count && i < EXECUTIONS_PRINTED; i++) {
        uint32_t row = chain_take(&c->chunks, &o->next);
        uint32_t status = chain_take(&c->chunks, &o->next);
        PRINT_VALUES("  00000000-0000-4000-8000-%  %  %\n", of_digits(row),
                     of_text(operator_execution_status(status)),
                     of_instant(p->history.executions[row - 1].started_ns / NS_PER_MS * NS_PER_MS));
    }
    TELL(EXECUTIONS_FAILED, failed, operator_truth(pipeline_of(c)).executions_failed);
}

static void print_by_date(struct cloud *c, struct tool_run *o, const char *unit, int64_t files)
{
    for (uint32_t i = 0; i < o->tally.used; i++) {
        const struct tally_entry *e = &o->tally.entries[i];
        PRINT_VALUES("  %: % %", of_name(c, e->name), of_integer(e->count),
                     of_text(text_from(unit)));
        if (files > 0) {
            PRINT_VALUES(" x % = % files", of_integer(files), of_integer(files * e->count));
        }
        PRINT("\n");
    }
}

enum process_status trace_pipeline_step(struct cloud *c, struct tool_run *o)
{
    PROCESS_BEGIN(o->at, enum point);
    PRINT("=== Trace of the pipeline ===\n");
    OPERATOR_READ(STATUSES, READ_STATUSES, .pages = o->fixed);
    if (!operator_succeeded(o)) {
        return operator_fail(o);
    }
    print_statuses(c, o);
    PRINT("[2] MANIFEST records:\n");
    OPERATOR_READ(RECORDS, READ_RECORDS, .pages = o->fixed);
    if (!operator_succeeded(o)) {
        return operator_fail(o);
    }
    TELL(RECORDS, o->count, operator_truth(pipeline_of(c)).records);
    o->before = o->fixed ? tally_count(c, &o->tally, TEXT("failed")) : 0;
    OPERATOR_READ(MANIFESTS, LIST_OBJECTS, .bucket = BUCKET_MANIFEST, .choice = LATEST_BY_TIME,
                  .pages = true);
    if (!operator_succeeded(o)) {
        return operator_fail(o);
    }
    print_latest(c, o);
    OPERATOR_READ(PARQUET, LIST_OBJECTS, .bucket = BUCKET_OUTPUT, .pages = true);
    if (!operator_succeeded(o)) {
        return operator_fail(o);
    }
    print_parquet(c, o);
    OPERATOR_READ(EXECUTIONS, LIST_EXECUTIONS, .choice = EXECUTIONS_ANY, .pages = o->fixed);
    if (!operator_succeeded(o)) {
        return operator_fail(o);
    }
    print_executions(c, o);
    OPERATOR_READ(MANIFESTS_BY_DATE, LIST_OBJECTS, .bucket = BUCKET_MANIFEST, .pages = true);
    if (!operator_succeeded(o)) {
        return operator_fail(o);
    }
    PRINT("[6] Manifests by date:\n");
    print_by_date(c, o, "manifests", o->fixed ? 0 : FILES_PER_MANIFEST);
    OPERATOR_READ(PARQUET_BY_DATE, LIST_OBJECTS, .bucket = BUCKET_OUTPUT, .pages = true);
    if (!operator_succeeded(o)) {
        return operator_fail(o);
    }
    PRINT("    Parquet files by date:\n");
    print_by_date(c, o, "files", 0);
    PRINT("[7] Files stay manifested when they have been processed. Many pending files and no new\n"
          "    manifest: look for a stuck lock (check-locks). Few completed records: look at the\n"
          "    executions (reprocess-failed list-failed).\n");
    PROCESS_END;
}

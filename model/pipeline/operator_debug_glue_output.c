/* operator_debug_glue_output.c: debug-glue-output: the newest manifest, its files, the Parquet, the
 * job.
 *
 * Method. "Newest" is the last manifest in the order of keys; five of its files are looked for. No
 * Parquet is counted as "0" on two lines, the comparison of which fails, so the branch of "found"
 * is printed. The job that is asked for does not exist, so the script ends there and the arguments
 * are never shown. As it should be: the right count and the right job. The job's log is not
 * simulated. Source: PIPE-TOOLS-5.
 */
#include "model/pipeline/pipeline.h"

#define POINTS(X) X(LIST) X(GET) X(HEAD) X(OUTPUT) X(RUNS)

enum point { START, POINTS(POINT_ENUM) };

enum { FILES_LOOKED_FOR = 5, FILES_DUMPED = 40, RUNS_PRINTED = 5 };

static void print_latest(struct cloud *c, struct tool_run *o)
{
    PRINT("[1] The last manifests:\n");
    for (uint32_t i = 0; i < o->latest_count; i++) {
        const struct object *object = bucket_object(&c->buckets, o->latest[i]);
        PRINT_VALUES("  % %\n", of_instant(object->put_ns / NS_PER_S * NS_PER_S),
                     of_name(c, object->name));
    }
    TELL(MANIFESTS, o->count, operator_truth(pipeline_of(c)).manifests);
}

static void print_manifest(struct cloud *c, struct tool_run *o)
{
    struct chain_cursor next = chain_begin(&o->found);
    PRINT_VALUES("[2] The newest: %\n{\"fileLocations\": [{\"URIPrefixes\": [", of_name(c, o->key));
    for (uint32_t i = 0; i < o->found.count && i < FILES_DUMPED; i++) {
        PRINT_VALUES("%\n  \"s3://" INPUT_BUCKET "/%\"", of_text(i > 0 ? TEXT(",") : TEXT("")),
                     of_name(c, chain_take(&c->chunks, &next)));
    }
    PRINT(o->found.count > FILES_DUMPED ? ", ...]}]}\n" : "]}]}\n");
    PRINT_VALUES("Files in it: %\n[3] Its first files:\n", of_integer(o->found.count));
}

static void print_parquet(struct cloud *c, struct tool_run *o)
{
    int64_t truth = operator_truth(pipeline_of(c)).parquet;
    bool found = o->count > 0 || !o->fixed;
    PRINT_VALUES("[4] Parquet files: %\n", of_integer(o->count));
    if (o->count == 0 && !o->fixed) {
        PRINT("0\ndebug-glue-output: [: 0\n0: integer expression expected\n");
    }
    PRINT(found ? "Parquet files found.\n" : "No Parquet files found.\n");
    TELL(PARQUET, o->count, truth);
    TELL(OUTPUT_FOUND, found, truth > 0);
}

static void print_runs(struct cloud *c, struct tool_run *o)
{
    static const char *const states[] = {"RUNNING", "RUNNING", "SUCCEEDED", "FAILED", "TIMEOUT"};
    const struct pipeline *p = pipeline_of(c);
    uint32_t printed = 0;
    PRINT("[5] The latest runs of the job:\n");
    for (int64_t i = o->count; i > 0 && printed < RUNS_PRINTED; i--) {
        const struct job_run_history *run = &p->history.job_runs[i - 1];
        if (run->state == JOB_REFUSED) {
            continue;
        }
        printed++;
        PRINT_VALUES("  jr_%  %  %\n", of_digits(i), of_text(text_from(states[run->state])),
                     of_instant(run->started_ns / NS_PER_MS * NS_PER_MS));
        PRINT_VALUES("    --MANIFEST_PATH s3://" MANIFEST_BUCKET "/%  --OUTPUT_PREFIX "
                     "pipeline/output (which the job's script does not read)\n",
                     of_name(c, p->history.executions[run->execution - 1].manifest));
    }
}

enum process_status debug_glue_output_step(struct cloud *c, struct tool_run *o)
{
    PROCESS_BEGIN(o->at, enum point);
    PRINT("=== Output of the Glue job ===\n");
    OPERATOR_READ(LIST, LIST_OBJECTS, .bucket = BUCKET_MANIFEST, .choice = LATEST_BY_KEY,
                  .pages = true);
    if (!operator_succeeded(o)) {
        return operator_fail(o);
    }
    print_latest(c, o);
    if (o->latest_count == 0) {
        PRINT("[2] No manifest found.\n");
        return operator_exit(o, 1);
    }
    o->key = bucket_object(&c->buckets, o->latest[o->latest_count - 1])->name;
    OPERATOR_READ(GET, READ_MANIFEST, .subject = o->key);
    if (!operator_succeeded(o)) {
        return operator_fail(o);
    }
    print_manifest(c, o);
    o->next = chain_begin(&o->found);
    for (o->i = 0; o->i < o->found.count && o->i < FILES_LOOKED_FOR; o->i++) {
        o->key = chain_take(&c->chunks, &o->next);
        OPERATOR_CALL(HEAD, HEAD_FILE, .subject = o->key);
        PRINT_VALUES("  % %\n", of_text(operator_succeeded(o) ? TEXT("exists ") : TEXT("MISSING")),
                     of_name(c, o->key));
    }
    OPERATOR_READ(OUTPUT, LIST_OBJECTS, .bucket = BUCKET_OUTPUT, .pages = true);
    if (!operator_succeeded(o)) {
        return operator_fail(o);
    }
    print_parquet(c, o);
    OPERATOR_READ(RUNS, GET_JOB_RUNS, .subject = 0);
    if (!operator_succeeded(o)) {
        return operator_fail(o); /* there is no ndjson-parquet-batch-processor-dev */
    }
    print_runs(c, o);
    PRINT("[6] The job's log is not simulated.\n");
    PROCESS_END;
}

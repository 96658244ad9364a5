/* operator_force_manifest_creation.c: force-manifest-creation: invokes the builder with an event of
 * our own, so that it creates what is pending.
 *
 * Method. Fewer than ten pending items, of all dates together, and there is nothing to do. Else one
 * of them, the first of the lowest date, gives its name to an S3 event of 1024 bytes under
 * pipeline/input/. The event is not wrapped as the queue wraps it, so the builder answers 207 with
 * one error and does nothing; wrapped, its size would be quarantined. Five seconds later what is
 * pending is counted again, and the difference is told as processed. As it should be: a file of the
 * latest date, its real key and size, in an event as SQS sends it. Source: PIPE-TOOLS-4.
 */
#include "model/pipeline/pipeline.h"

#define POINTS(X) X(COUNT_BEFORE) X(SAMPLE) X(INVOKE) X(REST) X(COUNT_AFTER)

enum point { START, POINTS(POINT_ENUM) };

enum { PENDING_LEAST = 10, EVENT_SIZE = 1024, CLI_REFUSED = 252 };

static const struct duration PAUSE_TIME = {5 * NS_PER_S};

/* True where there is something to do. */
static bool print_before(struct cloud *c, struct tool_run *o)
{
    int64_t truth = operator_truth(pipeline_of(c)).pending;
    o->pending_before = truth;
    PRINT_VALUES("Pending files: %\n", of_integer(o->before));
    TELL(PENDING, o->before, truth);
    if (o->before >= PENDING_LEAST) {
        return true;
    }
    PRINT("Fewer than 10 files are pending. No action needed.\n");
    TELL(HEALTHY, 1, truth < PENDING_LEAST);
    return false;
}

/* The key that the event names: guessed, or the sample's own. */
static uint32_t key_of_sample(struct cloud *c, const struct tool_run *o)
{
    struct chain_cursor first = chain_begin(&o->found);
    uint32_t name = chain_take(&c->chunks, &first);
    if (o->fixed) {
        return name;
    }
    char key[1200];
    struct text_writer w = text_writer(key, sizeof key);
    text_put(&w, TEXT("pipeline/input/"));
    text_put(&w, text_after_last(names_text(&c->names, name), '/'));
    return operator_name(c, text_written(&w));
}

/* Source: LAMBDA-SYNC-1. */
enum call_status perform_invoke_builder(struct cloud *c, struct task *caller, struct call *call)
{
    const struct tool_run *o = (const void *)caller;
    CALL_REQUEST(call, struct operator_request, request);
    const struct file_history *file = history_file(pipeline_of(c), request.subject);
    struct invocation_request invocation = {
        .caller = task_number(c, caller),
        .caller_serial = caller->serial,
        .event = o->fixed ? INVOCATION_WRAPPED_EVENT : INVOCATION_BARE_EVENT,
        .event_key = request.subject,
        .event_size = o->fixed && file != NULL ? file->size : EVENT_SIZE,
    };
    return function_invoke(c, FUNCTION_BUILDER, &invocation) ? CALL_PENDING : CALL_THROTTLED;
}

static void print_answer(struct cloud *c, struct tool_run *o)
{
    const struct handler_answer *a = &o->handler;
    PRINT_VALUES("Invoked the builder with s3://" INPUT_BUCKET "/%\n", of_name(c, o->key));
    PRINT_VALUES("Answer: {\"statusCode\": %, \"body\": {\"processed\": %, \"quarantined\": %, "
                 "\"manifests\": %, \"errors\": %}}\n",
                 of_integer(a->status), of_integer(a->processed), of_integer(a->quarantined),
                 of_integer(a->manifests), of_integer(a->errors));
}

static void print_after(struct cloud *c, struct tool_run *o)
{
    int64_t processed = o->before - o->after;
    PRINT_VALUES("Pending files now: %\nFiles processed: %\n", of_integer(o->after),
                 of_integer(processed));
    PRINT(processed > 0 ? "Success: manifests were created.\n"
                        : "No files processed. Possible causes:\n"
                          "  - the files are of different dates, none with 10 of them\n"
                          "  - a lock is held (check-locks)\n"
                          "  - the function failed (its log)\n");
    TELL(PROCESSED, processed, o->pending_before - operator_truth(pipeline_of(c)).pending);
}

enum process_status force_manifest_creation_step(struct cloud *c, struct tool_run *o)
{
    PROCESS_BEGIN(o->at, enum point);
    PRINT("=== Force the creation of manifests ===\n");
    for (o->shard = 0; o->shard <= operator_shards(c, o); o->shard++) {
        OPERATOR_READ(COUNT_BEFORE, COUNT_STATUS, .choice = o->shard, .pages = true);
        if (!operator_succeeded(o)) {
            return operator_fail(o);
        }
        o->before += o->count;
    }
    if (!print_before(c, o)) {
        return operator_exit(o, 0);
    }
    o->shard = 0;
    do {
        OPERATOR_READ(SAMPLE, SAMPLE_FILE, .choice = o->shard, .pages = false);
        if (!operator_succeeded(o)) {
            return operator_fail(o);
        }
    } while (o->found.count == 0 && ++o->shard <= operator_shards(c, o));
    if (o->found.count == 0) {
        PRINT("No pending file found.\n");
        return operator_exit(o, 1);
    }
    o->key = key_of_sample(c, o);
    if (!o->fixed && !scenario_of(c)->cli.raw_payload) {
        return operator_exit(o, CLI_REFUSED); /* before a request leaves: SDK-CLI-4 */
    }
    OPERATOR_CALL(INVOKE, INVOKE_BUILDER, .subject = o->key);
    if (o->task.call.status == CALL_FAILED) {
        PRINT("The function failed.\n");
        return operator_exit(o, 1);
    }
    if (!operator_succeeded(o)) {
        return operator_fail(o);
    }
    print_answer(c, o);
    AWAIT(o->at, REST, operator_pause(c, o, PAUSE_TIME));
    for (o->shard = 0; o->shard <= operator_shards(c, o); o->shard++) {
        OPERATOR_READ(COUNT_AFTER, COUNT_STATUS, .choice = o->shard, .pages = true);
        if (!operator_succeeded(o)) {
            return operator_fail(o);
        }
        o->after += o->count;
    }
    print_after(c, o);
    PROCESS_END;
}

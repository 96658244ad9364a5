/* operator_upload.c: upload: files arrive by hand, as one command of the CLI that puts them one
 * after the other. Also the file with which reprocess-failed triggers a flush.
 */
#include "model/pipeline/pipeline.h"

#define POINTS(X) X(PUT)

enum point { START, POINTS(POINT_ENUM) };

/* "<prefix><date>-f0131.ndjson": the running number is the workload's. */
static uint32_t next_key(struct cloud *c, const struct tool_run *o)
{
    char key[1100];
    struct text_writer w = text_writer(key, sizeof key);
    text_put(&w, names_text(&c->names, o->prefix));
    if (o->date != 0) {
        text_put(&w, names_text(&c->names, o->date));
    } else {
        text_put_date(&w, cloud_now(c));
    }
    text_put(&w, TEXT("-f"));
    text_put_integer(&w, ++pipeline_of(c)->state->file_index, 4);
    text_put(&w, TEXT(".ndjson"));
    return operator_name(c, text_written(&w));
}

/* An object arrives, and its notification is under way. */
enum call_status perform_put_file(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    CALL_REQUEST(call, struct operator_request, request);
    if (request.subject == 0 ||
        bucket_put(c, BUCKET_INPUT, request.subject, request.size, 0) == 0) {
        return CALL_FAILED;
    }
    history_arrived(pipeline_of(c), request.subject, request.size);
    queue_notify(c, request.subject);
    return CALL_OK;
}

enum process_status upload_step(struct cloud *c, struct tool_run *o)
{
    PROCESS_BEGIN(o->at, enum point);
    for (o->i = 0; o->i < (uint32_t)o->files; o->i++) {
        o->key = next_key(c, o);
        o->phase = o->i == 0 ? o->phase : OPERATOR_GOES_ON;
        OPERATOR_CALL(PUT, PUT_FILE, .subject = o->key, .size = o->size);
        if (!operator_succeeded(o)) {
            return operator_fail(o);
        }
    }
    PRINT_VALUES("% files uploaded, the last one %\n", of_integer(o->files), of_name(c, o->key));
    PROCESS_END;
}

/* claim_records.c: the effects of claims on files' records. See claim_creation.h.
 *
 * Method. A file is claimed by an update on the condition that its status is still the one that was
 * read; its path is then a placeholder, until the manifest is there. A claim that comes to nothing
 * is set back without a condition.
 */
#include "model/pipeline/claim_creation.h"
#include "model/pipeline/pipeline.h"

/* "pending-manifest-<date>-<number>-<UTC second>" */
static struct text placeholder_of(struct cloud *c, const struct claim_request *request,
                                  char *buffer)
{
    struct text_writer w = text_writer(buffer, TEXT_BYTES_MAX);
    text_put(&w, TEXT("pending-manifest-"));
    text_put(&w, names_text(&c->names, request->date));
    text_put_char(&w, '-');
    text_put_integer(&w, request->batch, 0);
    text_put_char(&w, '-');
    text_put_compact(&w, (struct instant){request->batch_ns});
    return text_written(&w);
}

/* Source: PIPE-CLAIM-2. */
enum call_status perform_claim_file(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    struct pipeline *p = pipeline_of(c);
    CALL_REQUEST(call, struct claim_request, request);
    char bytes[ITEM_BYTES_MAX];
    char path[TEXT_BYTES_MAX];
    char at[TEXT_BYTES_MAX];
    char status[STATUS_BYTES_MAX];
    int64_t ttl_s = record_ttl(c, request.clock_ns);
    struct value values[] = {
        value_s(record_status_of(c, "manifested", request.key, status)),
        value_s(request.manifest == 0 ? placeholder_of(c, &request, path)
                                      : record_path(c, MANIFEST_BUCKET, request.manifest, path)),
        value_s(record_timestamp(c, request.clock_ns, at)),
        value_n(ttl_s),
        value_s(names_text(&c->names, request.status)),
    };
    struct item key =
        record_key_item(bytes, record_range_name(c), names_text(&c->names, request.date),
                        text_after_last(names_text(&c->names, request.key), '/'));
    struct table_reply reply;
    enum table_result result =
        table_update(c->table, cloud_now(c), key, p->expressions[SENT_MARK_FILE],
                     p->expressions[SENT_STATUS_WAS], values, &reply);
    if (result == TABLE_OK) {
        history_manifested(p, request.key, request.manifest);
        table_sweeper_note(c, key, ttl_s);
    }
    return record_answer(c, result);
}

/* Source: PIPE-CLAIM-3. */
enum call_status perform_set_path(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    struct pipeline *p = pipeline_of(c);
    CALL_REQUEST(call, struct claim_request, request);
    char bytes[ITEM_BYTES_MAX];
    char path[TEXT_BYTES_MAX];
    char at[TEXT_BYTES_MAX];
    struct value values[] = {
        value_s(record_path(c, MANIFEST_BUCKET, request.manifest, path)),
        value_s(record_timestamp(c, request.clock_ns, at)),
    };
    struct item key =
        record_key_item(bytes, record_range_name(c), names_text(&c->names, request.date),
                        text_after_last(names_text(&c->names, request.key), '/'));
    struct table_reply reply;
    enum table_result result = table_update(c->table, cloud_now(c), key,
                                            p->expressions[SENT_SET_PATH], NULL, values, &reply);
    if (result == TABLE_OK) {
        history_manifested(p, request.key, request.manifest);
    }
    return record_answer(c, result);
}

enum call_status perform_release_file(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    struct pipeline *p = pipeline_of(c);
    CALL_REQUEST(call, struct claim_request, request);
    char bytes[ITEM_BYTES_MAX];
    char at[TEXT_BYTES_MAX];
    char status[STATUS_BYTES_MAX];
    struct value values[] = {
        value_s(record_status_of(c, "pending", request.key, status)),
        value_null(),
        value_s(record_timestamp(c, request.clock_ns, at)),
    };
    struct item key =
        record_key_item(bytes, record_range_name(c), names_text(&c->names, request.date),
                        text_after_last(names_text(&c->names, request.key), '/'));
    struct table_reply reply;
    enum table_result result = table_update(
        c->table, cloud_now(c), key, p->expressions[SENT_RELEASE_FILE], NULL, values, &reply);
    if (result == TABLE_OK) {
        history_repended(p, request.key);
    }
    return record_answer(c, result);
}

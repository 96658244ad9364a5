/* operations.h: every API call that the pipeline makes, and every expression it sends to the table.
 *
 * Method. One row names a call, the service and its operation, whose latency it has, whether the
 * SDK retries it as one of DynamoDB's, and the function that is its effect. The rows stand in one
 * paragraph for each part of the pipeline that makes the calls; the same holds of the expressions,
 * which are compiled once, when the pipeline is set up.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_OPERATIONS_H
#define LOCKSTEP_MODEL_PIPELINE_OPERATIONS_H

#include "model/aws/cloud.h"
#include "model/dynamodb/expression.h"

/* clang-format off */

/* The manifest builder, up to V5. */
#define BUILDER_OPERATIONS(X) \
    X(TRACK_FILE, "dynamodb", "PutItem", TABLE_WRITE, true, perform_track_file) \
    X(QUERY_PENDING, "dynamodb", "Query", TABLE_QUERY, true, perform_query_pending) \
    X(COUNT_PENDING, "dynamodb", "Query", TABLE_QUERY, true, perform_count_pending) \
    X(QUERY_ORPHANS, "dynamodb", "Query", TABLE_QUERY, true, perform_query_orphans) \
    X(MARK_FILE, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_mark_file) \
    X(REPEND_FILE, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_repend_file) \
    X(PUT_RECORD, "dynamodb", "PutItem", TABLE_WRITE, true, perform_put_record) \
    X(COPY_TO_QUARANTINE, "s3", "CopyObject", BUCKET_PUT, false, perform_copy_to_quarantine) \
    X(PUT_MANIFEST, "s3", "PutObject", BUCKET_PUT, false, perform_put_manifest) \
    X(PUT_REPORT, "s3", "PutObject", BUCKET_PUT, false, perform_put_report) \
    X(START_EXECUTION, "states", "StartExecution", START_EXECUTION, false, perform_start_execution)

/* The locks. */
#define LOCK_OPERATIONS(X) \
    X(ACQUIRE_LOCK, "dynamodb", "PutItem", TABLE_WRITE, true, perform_acquire_lock) \
    X(RELEASE_LOCK, "dynamodb", "DeleteItem", TABLE_WRITE, true, perform_release_lock)

/* Builder V6 and its relations: files are claimed one by one. */
#define CLAIM_OPERATIONS(X) \
    X(QUERY_CLAIMABLE, "dynamodb", "Query", TABLE_QUERY, true, perform_query_claimable) \
    X(QUERY_SHARDS, "dynamodb", "Query", TABLE_QUERY, true, perform_query_shards) \
    X(CLAIM_FILE, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_claim_file) \
    X(SET_PATH, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_set_path) \
    X(RELEASE_FILE, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_release_file) \
    X(PUT_CLAIMS, "s3", "PutObject", BUCKET_PUT, false, perform_put_claims) \
    X(DELETE_MANIFEST, "s3", "DeleteObject", BUCKET_PUT, false, perform_delete_manifest) \
    X(PUT_EVENTS, "events", "PutEvents", PUT_EVENTS, false, perform_put_events)

/* V7: manifests are made by a scheduled function. */
#define BATCHER_OPERATIONS(X)

/* The state machine and the function it invokes. */
#define MACHINE_OPERATIONS(X) \
    X(UPDATE_PROCESSING, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_update_processing) \
    X(UPDATE_COMPLETED, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_update_completed) \
    X(UPDATE_FAILED, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_update_failed) \
    X(QUERY_BATCH, "dynamodb", "Query", TABLE_QUERY, true, perform_query_batch) \
    X(SET_FILE_STATUS, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_set_file_status) \
    X(START_JOB_RUN, "glue", "StartJobRun", START_JOB_RUN, false, perform_start_job_run) \
    X(INVOKE_UPDATER, "lambda", "Invoke", INVOKE, false, perform_invoke_updater) \
    X(PUBLISH_ALERT, "sns", "Publish", PUBLISH, false, perform_publish_alert)

/* The operator's tools. */
#define OPERATOR_OPERATIONS(X)

#define OPERATION_MAP(X) \
    BUILDER_OPERATIONS(X) LOCK_OPERATIONS(X) CLAIM_OPERATIONS(X) BATCHER_OPERATIONS(X) \
    MACHINE_OPERATIONS(X) OPERATOR_OPERATIONS(X)

/* Expressions: kind, text, names, values in the order in which callers give them. */
#define BUILDER_EXPRESSIONS(X) \
    X(FILE_ABSENT, CONDITION, "attribute_not_exists(date_prefix)", NAMES(NULL), VALUES(NULL)) \
    X(PARTITION, KEY, "date_prefix = :key", NAMES(NULL), VALUES(":key", ":match")) \
    X(INDEX_PARTITION, KEY, "#status = :key", NAMES("#status", "status"), VALUES(":key")) \
    X(STATUS_IS, FILTER, "#status = :match", NAMES("#status", "status"), VALUES(":key", ":match")) \
    X(MARK_FILE, UPDATE, "SET #status = :status, manifest_path = :path, updated_at = :at, #ttl = :ttl", \
      NAMES("#status", "status", "#ttl", "ttl"), VALUES(":status", ":path", ":at", ":ttl")) \
    X(MARK_FILE_WITHOUT_TTL, UPDATE, "SET #status = :status, manifest_path = :path, updated_at = :at", \
      NAMES("#status", "status"), VALUES(":status", ":path", ":at")) \
    X(REPEND_FILE, UPDATE, "SET #status = :status, manifest_path = :path", \
      NAMES("#status", "status"), VALUES(":status", ":path"))

#define LOCK_EXPRESSIONS(X) \
    X(LOCK_ABSENT, CONDITION, "attribute_not_exists(date_prefix)", NAMES(NULL), VALUES(NULL)) \
    X(LOCK_ABSENT_OR_EXPIRED, CONDITION, "attribute_not_exists(date_prefix) OR #ttl < :now", \
      NAMES("#ttl", "ttl"), VALUES(":now")) \
    X(LOCK_IS_MINE, CONDITION, "lock_id = :id", NAMES(NULL), VALUES(":id"))

#define CLAIM_EXPRESSIONS(X) \
    X(STATUS_BEGINS, FILTER, "begins_with(#status, :match)", NAMES("#status", "status"), \
      VALUES(":key", ":match")) \
    X(STATUS_WAS, CONDITION, "#status = :was", NAMES("#status", "status"), \
      VALUES(":status", ":path", ":at", ":ttl", ":was")) \
    X(RELEASE_FILE, UPDATE, "SET #status = :status, manifest_path = :path, updated_at = :at", \
      NAMES("#status", "status"), VALUES(":status", ":path", ":at")) \
    X(SET_PATH, UPDATE, "SET manifest_path = :path, updated_at = :at", NAMES(NULL), \
      VALUES(":path", ":at"))

#define BATCHER_EXPRESSIONS(X)

#define MACHINE_EXPRESSIONS(X) \
    X(MANIFEST_IS, FILTER, "manifest_path = :match", NAMES(NULL), VALUES(":key", ":match")) \
    X(SET_PROCESSING, UPDATE, \
      "SET #status = :status, manifest_path = :path, processing_start_time = :at, file_count = :count", \
      NAMES("#status", "status"), VALUES(":status", ":path", ":at", ":count")) \
    X(SET_COMPLETED, UPDATE, "SET #status = :status, completed_time = :at, glue_job_run_id = :run", \
      NAMES("#status", "status"), VALUES(":status", ":at", ":run")) \
    X(SET_FAILED, UPDATE, "SET #status = :status, failed_time = :at, error_message = :error", \
      NAMES("#status", "status"), VALUES(":status", ":at", ":error")) \
    X(SET_FILE_COMPLETED, UPDATE, "SET #status = :status, completed_time = :at", \
      NAMES("#status", "status"), VALUES(":status", ":at")) \
    X(SET_FILE_FAILED, UPDATE, "SET #status = :status, failed_time = :at", \
      NAMES("#status", "status"), VALUES(":status", ":at"))

#define OPERATOR_EXPRESSIONS(X)

#define EXPRESSION_MAP(X) \
    BUILDER_EXPRESSIONS(X) LOCK_EXPRESSIONS(X) CLAIM_EXPRESSIONS(X) BATCHER_EXPRESSIONS(X) \
    MACHINE_EXPRESSIONS(X) OPERATOR_EXPRESSIONS(X)

/* clang-format on */

enum operation_id {

#define X(id, service, operation, latency, of_table, perform) OPERATION_##id,
    OPERATION_MAP(X)
#undef X
        OPERATIONS_COUNT
};

/* The effects: each is in the file of its part. */
#define X(id, service, operation, latency, of_table, perform)                                      \
    enum call_status perform(struct cloud *c, struct task *caller, struct call *call);
OPERATION_MAP(X)
#undef X

/* The rows as the cloud wants them: OPERATIONS_COUNT of them. */
extern const struct operation pipeline_operations[OPERATIONS_COUNT];

enum expression_id {

#define X(id, kind, text, names, values) SENT_##id,
    EXPRESSION_MAP(X)
#undef X
        EXPRESSIONS_COUNT
};

/* Compiles all of them into expressions[EXPRESSIONS_COUNT]. STATUS_NO_MEMORY with a message, and
 * nothing is left behind. */
enum status expressions_compile(struct expression **expressions, struct error *error);
void expressions_free(struct expression **expressions);

#endif

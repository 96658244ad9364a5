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
    X(TAKE_OVER_LOCK, "dynamodb", "PutItem", TABLE_WRITE, true, perform_acquire_lock) \
    X(READ_LOCK, "dynamodb", "GetItem", TABLE_GET, true, perform_read_lock) \
    X(RENEW_LOCK, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_renew_lock) \
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

/* V7: manifests are made by a scheduled function. The last rows are its state machine's. */
#define BATCHER_OPERATIONS(X) \
    X(TRACK_ONCE, "dynamodb", "PutItem", TABLE_WRITE, true, perform_track_once) \
    X(LIST_INPUT, "s3", "ListObjectsV2", BUCKET_GET, false, perform_list_input) \
    X(CHECK_TRACKED, "dynamodb", "BatchGetItem", TABLE_QUERY, true, perform_check_tracked) \
    X(QUERY_RECORDS, "dynamodb", "Query", TABLE_QUERY, true, perform_query_records) \
    X(QUERY_UNCLAIMED, "dynamodb", "Query", TABLE_QUERY, true, perform_query_unclaimed) \
    X(QUERY_CLAIMED, "dynamodb", "Query", TABLE_QUERY, true, perform_query_claimed) \
    X(GET_RECORD, "dynamodb", "GetItem", TABLE_GET, true, perform_get_record) \
    X(OPEN_RECORD, "dynamodb", "PutItem", TABLE_WRITE, true, perform_open_record) \
    X(TAKE_FILE, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_take_file) \
    X(GIVE_BACK_FILE, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_give_back_file) \
    X(PUT_MANIFEST_ONCE, "s3", "PutObject", BUCKET_PUT, false, perform_put_manifest_once) \
    X(SEAL_RECORD, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_seal_record) \
    X(ABORT_RECORD, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_abort_record) \
    X(ABORT_OWN, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_abort_record) \
    X(RAISE_ATTEMPT, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_raise_attempt) \
    X(START_NAMED, "states", "StartExecution", START_EXECUTION, false, perform_start_named) \
    X(START_AGAIN, "states", "StartExecution", START_EXECUTION, false, perform_start_named) \
    X(LOOK_AT_EXECUTION, "states", "DescribeExecution", START_EXECUTION, false, perform_look_at_execution) \
    X(RECORD_PROCESSING, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_record_processing) \
    X(RECORD_COMPLETED, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_record_completed) \
    X(RECORD_FAILED, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_record_failed) \
    X(GET_MANIFEST, "s3", "GetObject", BUCKET_GET, false, perform_get_manifest) \
    X(SET_OUTCOME, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_set_outcome)

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
#define OPERATOR_OPERATIONS(X) \
    X(GET_CALLER_IDENTITY, "sts", "GetCallerIdentity", PUBLISH, false, perform_get_caller_identity) \
    X(SCAN_LOCKS, "dynamodb", "Scan", TABLE_QUERY, true, perform_scan_locks) \
    X(COUNT_STATUS, "dynamodb", "Query", TABLE_QUERY, true, perform_count_status) \
    X(SAMPLE_FILE, "dynamodb", "Query", TABLE_QUERY, true, perform_sample_file) \
    X(DELETE_LOCK, "dynamodb", "DeleteItem", TABLE_WRITE, true, perform_delete_lock) \
    X(READ_STATUSES, "dynamodb", "ExecuteStatement", TABLE_QUERY, true, perform_read_statuses) \
    X(READ_RECORDS, "dynamodb", "ExecuteStatement", TABLE_QUERY, true, perform_read_records) \
    X(READ_FILES, "dynamodb", "ExecuteStatement", TABLE_QUERY, true, perform_read_files) \
    X(READ_DATE, "dynamodb", "ExecuteStatement", TABLE_QUERY, true, perform_read_date) \
    X(RESET_ITEM, "dynamodb", "UpdateItem", TABLE_WRITE, true, perform_reset_item) \
    X(LIST_OBJECTS, "s3", "ListObjectsV2", BUCKET_GET, false, perform_list_objects) \
    X(READ_MANIFEST, "s3", "GetObject", BUCKET_GET, false, perform_read_manifest) \
    X(HEAD_FILE, "s3", "HeadObject", BUCKET_GET, false, perform_head_file) \
    X(PUT_FILE, "s3", "PutObject", BUCKET_PUT, false, perform_put_file) \
    X(LIST_EXECUTIONS, "states", "ListExecutions", START_EXECUTION, false, perform_list_executions) \
    X(DESCRIBE_EXECUTION, "states", "DescribeExecution", START_EXECUTION, false, \
      perform_describe_execution) \
    X(RESTART_EXECUTION, "states", "StartExecution", START_EXECUTION, false, \
      perform_restart_execution) \
    X(GET_JOB_RUNS, "glue", "GetJobRuns", START_EXECUTION, false, perform_get_job_runs) \
    X(INVOKE_BUILDER, "lambda", "Invoke", INVOKE, false, perform_invoke_builder)

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
      NAMES("#status", "status"), VALUES(":status", ":path", ":mine"))

#define LOCK_EXPRESSIONS(X) \
    X(LOCK_ABSENT, CONDITION, "attribute_not_exists(date_prefix)", NAMES(NULL), VALUES(NULL)) \
    X(LOCK_ABSENT_OR_EXPIRED, CONDITION, "attribute_not_exists(date_prefix) OR #ttl < :now", \
      NAMES("#ttl", "ttl"), VALUES(":now")) \
    X(LOCK_IS_MINE, CONDITION, "lock_id = :id", NAMES(NULL), VALUES(":id")) \
    X(MARK_FILE_FENCED, UPDATE, "SET #status = :status, manifest_path = :path, updated_at = :at, " \
      "#ttl = :ttl, fencing_token = :token", \
      NAMES("#status", "status", "#ttl", "ttl"), VALUES(":status", ":path", ":at", ":ttl", ":token")) \
    X(TOKEN_NOT_PASSED, CONDITION, "attribute_not_exists(fencing_token) OR fencing_token <= :token", \
      NAMES(NULL), VALUES(":status", ":path", ":at", ":ttl", ":token")) \
    X(PATH_IS_MINE, CONDITION, "manifest_path = :mine", NAMES(NULL), VALUES(":status", ":path", ":mine")) \
    X(TAKE_TOKEN, UPDATE, "SET lock_id = :id, expires_at = :expires, " \
      "fencing_token = if_not_exists(fencing_token, :zero) + :one", \
      NAMES(NULL), VALUES(":id", ":expires", ":zero", ":one", ":now")) \
    X(TOKEN_FREE, CONDITION, "attribute_not_exists(lock_id) OR expires_at < :now", \
      NAMES(NULL), VALUES(":id", ":expires", ":zero", ":one", ":now")) \
    X(GIVE_TOKEN_BACK, UPDATE, "REMOVE lock_id, expires_at", NAMES(NULL), VALUES(":id")) \
    X(RENEW, UPDATE, "SET recordVersionNumber = :version", NAMES(NULL), VALUES(":version", ":seen")) \
    X(RENEWABLE, CONDITION, "recordVersionNumber = :seen", NAMES(NULL), VALUES(":version", ":seen")) \
    X(VERSION_IS, CONDITION, "recordVersionNumber = :seen", NAMES(NULL), VALUES(":seen"))

#define CLAIM_EXPRESSIONS(X) \
    X(STATUS_BEGINS, FILTER, "begins_with(#status, :match)", NAMES("#status", "status"), \
      VALUES(":key", ":match")) \
    X(STATUS_WAS, CONDITION, "#status = :was", NAMES("#status", "status"), \
      VALUES(":status", ":path", ":at", ":ttl", ":was")) \
    X(RELEASE_FILE, UPDATE, "SET #status = :status, manifest_path = :path, updated_at = :at", \
      NAMES("#status", "status"), VALUES(":status", ":path", ":at")) \
    X(SET_PATH, UPDATE, "SET manifest_path = :path, updated_at = :at", NAMES(NULL), \
      VALUES(":path", ":at"))

/* The batcher's values come in two orders, one for files and one for manifests' records. */
#define OF_FILE VALUES(":status", ":at", ":was", ":path", ":ttl")
#define OF_RECORD VALUES(":status", ":at", ":was", ":also", ":attempt", ":next", ":ttl", ":text")
#define BATCHER_EXPRESSIONS(X) \
    X(CLAIMABLE, CONDITION, "#status = :was OR (#status = :status AND manifest_path = :path)", \
      NAMES("#status", "status"), OF_FILE) \
    X(CLAIM, UPDATE, "SET #status = :status, since = :at, manifest_path = :path", \
      NAMES("#status", "status"), OF_FILE) \
    X(CLAIMED_FOR, CONDITION, "#status = :was AND manifest_path = :path", \
      NAMES("#status", "status"), OF_FILE) \
    X(RELEASE, UPDATE, "SET #status = :status, since = :at REMOVE manifest_path", \
      NAMES("#status", "status"), OF_FILE) \
    X(LISTED_BY, CONDITION, "manifest_path = :path", NAMES(NULL), OF_FILE) \
    X(LISTED_NOT_COMPLETED, CONDITION, "manifest_path = :path AND #status <> :was", \
      NAMES("#status", "status"), OF_FILE) \
    X(FILE_COMPLETED, UPDATE, "SET #status = :status, since = :at, #ttl = :ttl", \
      NAMES("#status", "status", "#ttl", "ttl"), OF_FILE) \
    X(FILE_FAILED, UPDATE, "SET #status = :status, since = :at", \
      NAMES("#status", "status"), OF_FILE) \
    X(IN_STATE, CONDITION, \
      "attempt = :attempt AND (#status = :was OR #status = :also OR #status = :status)", \
      NAMES("#status", "status"), OF_RECORD) \
    X(TO_READY, UPDATE, "SET #status = :status, since = :at, file_count = :next", \
      NAMES("#status", "status"), OF_RECORD) \
    X(TO_ABORTED, UPDATE, "SET #status = :status, since = :at, #ttl = :ttl", \
      NAMES("#status", "status", "#ttl", "ttl"), OF_RECORD) \
    X(TO_PROCESSING, UPDATE, "SET #status = :status, since = :at", \
      NAMES("#status", "status"), OF_RECORD) \
    X(TO_COMPLETED, UPDATE, "SET #status = :status, since = :at, glue_job_run_id = :text, #ttl = :ttl", \
      NAMES("#status", "status", "#ttl", "ttl"), OF_RECORD) \
    X(TO_FAILED, UPDATE, "SET #status = :status, since = :at, error_message = :text", \
      NAMES("#status", "status"), OF_RECORD) \
    X(IS_LEFT, CONDITION, "attempt = :attempt AND #status = :was", \
      NAMES("#status", "status"), OF_RECORD) \
    X(TO_NEXT_ATTEMPT, UPDATE, "SET #status = :status, since = :at, attempt = :next", \
      NAMES("#status", "status"), OF_RECORD)

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

#define OPERATOR_EXPRESSIONS(X) \
    X(IS_LOCK, FILTER, "begins_with(date_prefix, :lock)", NAMES(NULL), VALUES(":lock")) \
    X(IS_FILE, FILTER, "attribute_exists(file_path)", NAMES(NULL), VALUES(":key")) \
    X(IS_RECORD_SHARED, FILTER, "file_key = :key", NAMES(NULL), VALUES(":key")) \
    X(IS_RECORD, FILTER, "begins_with(file_key, :key)", NAMES(NULL), VALUES(":key")) \
    X(IS_STATUS, FILTER, "#status = :status", NAMES("#status", "status"), VALUES(":status")) \
    X(IS_STATUS_OF_FILE, FILTER, "begins_with(#status, :status) AND attribute_exists(file_path)", \
      NAMES("#status", "status"), VALUES(":status")) \
    X(LOCK_IS_AS_READ, CONDITION, "lock_id = :id AND #ttl = :ttl", NAMES("#ttl", "ttl"), \
      VALUES(":id", ":ttl")) \
    X(STATUS_IS_AS_READ, CONDITION, "#status = :read", NAMES("#status", "status"), \
      VALUES(":status", ":read")) \
    X(RESET, UPDATE, "SET #status = :status REMOVE manifest_path", NAMES("#status", "status"), \
      VALUES(":status", ":read")) \
    X(RESET_WITH_ERROR, UPDATE, "SET #status = :status REMOVE manifest_path, error_message", \
      NAMES("#status", "status"), VALUES(":status", ":read"))

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

/* api_state.h: what the groups of operations share: the account's tables, a call under way, errors,
 * and the parts of requests and answers that many operations have.
 *
 *   dynamodb.c        the account; calls, from the request to the operation and back; errors
 *   api_shapes.c      the shapes that requests of several operations have parts of
 *   api_expression.c  expressions of a request, with their placeholders
 *   api_items.c       PutItem, GetItem, UpdateItem, DeleteItem
 *   api_read.c        Query, Scan
 *   api_batch.c       BatchGetItem, BatchWriteItem
 *   api_transact.c    TransactWriteItems, TransactGetItems
 *   api_partiql.c     ExecuteStatement, BatchExecuteStatement, ExecuteTransaction
 *   api_tables.c      the control plane: tables and TTL
 *   api_describe.c    tables as the control plane describes them
 *   api_stream.c      streams and their records
 *
 * An operation is a function that writes its answer into `out` and returns true; or fails with
 * api_fail, which writes the error in its place and returns false. All it needs lies in the area,
 * which is empty again for the next call.
 *
 * For these files alone.
 */
#ifndef LOCKSTEP_MODEL_API_API_STATE_H
#define LOCKSTEP_MODEL_API_API_STATE_H

#include "model/api/attribute_json.h"
#include "model/api/dynamodb.h"
#include "model/api/shape.h"
#include "model/dynamodb/expression_cache.h"
#include "model/dynamodb/table_transact.h"

/* Exceptions: name, namespace, HTTP status, and the member that has the message. Source:
 * DDB-ERROR-1. */
#define API_ERROR_MAP(X)                                                                           \
    X(SerializationException, "com.amazon.coral.service", 400, "Message")                          \
    X(UnknownOperationException, "com.amazon.coral.service", 400, "message")                       \
    X(ValidationException, "com.amazon.coral.validate", 400, "message")                            \
    X(ConditionalCheckFailedException, DYNAMODB_NAMESPACE, 400, "message")                         \
    X(DuplicateItemException, DYNAMODB_NAMESPACE, 400, "message")                                  \
    X(ExpiredIteratorException, DYNAMODB_NAMESPACE, 400, "message")                                \
    X(IdempotentParameterMismatchException, DYNAMODB_NAMESPACE, 400, "Message")                    \
    X(InternalServerError, DYNAMODB_NAMESPACE, 500, "message")                                     \
    X(ItemCollectionSizeLimitExceededException, DYNAMODB_NAMESPACE, 400, "message")                \
    X(LimitExceededException, DYNAMODB_NAMESPACE, 400, "message")                                  \
    X(ProvisionedThroughputExceededException, DYNAMODB_NAMESPACE, 400, "message")                  \
    X(RequestLimitExceeded, DYNAMODB_NAMESPACE, 400, "message")                                    \
    X(ResourceInUseException, DYNAMODB_NAMESPACE, 400, "message")                                  \
    X(ResourceNotFoundException, DYNAMODB_NAMESPACE, 400, "message")                               \
    X(ThrottlingException, DYNAMODB_NAMESPACE, 400, "message")                                     \
    X(TransactionCanceledException, DYNAMODB_NAMESPACE, 400, "Message")                            \
    X(TransactionConflictException, DYNAMODB_NAMESPACE, 400, "message")                            \
    X(TransactionInProgressException, DYNAMODB_NAMESPACE, 400, "Message")                          \
    X(TrimmedDataAccessException, DYNAMODB_NAMESPACE, 400, "message")
#define DYNAMODB_NAMESPACE "com.amazonaws.dynamodb.v20120810"

enum api_error {

#define API_ERROR_ENUM(name, space, status, member) ERROR_##name,
    API_ERROR_MAP(API_ERROR_ENUM)
#undef API_ERROR_ENUM
};

enum {
    API_AREA_BYTES = 1 << 30,
    API_BODY_BYTES = 1 << 28,
    API_ROOM_BYTES = 1 << 26,         /* more than an item at each of its depths */
    API_REQUEST_BYTES_MAX = 16 << 20, /* DDB-API-1 */
    API_ITEM_BYTES_MAX = 400 * 1024,  /* DDB-LIMIT-3 */
    API_INDEXES_MAX = TABLE_INDEXES_MAX,
    API_CACHED_EXPRESSIONS = 1024, /* more than a request has */
};

enum api_table_status {
    API_TABLE_ACTIVE,
    API_TABLE_CREATING,
    API_TABLE_UPDATING,
    API_TABLE_DELETING,
};

/* When the units of a table or an index went up and down last; 0: never. */
struct api_units {
    struct instant raised, lowered;
};

/* What the control plane keeps of an index, beside its config. */
struct api_index {
    enum api_table_status status;
    struct instant status_ends; /* of CREATING, UPDATING and DELETING */
    struct api_units units;
};

enum { API_DEFINITIONS_MAX = 2 + 2 * API_INDEXES_MAX };

/* A table of the account. */
struct api_table {
    struct table *table;
    struct table_config config; /* its strings, and those below, lie in `strings` */
    struct memory_area strings;
    struct text name;
    enum api_table_status status;
    struct instant status_ends, created;
    struct api_index indexes[API_INDEXES_MAX];
    struct table_key definitions[API_DEFINITIONS_MAX]; /* attributes of keys, as they were given */
    uint32_t definitions_count;
    bool on_demand,
        on_demand_since_known; /* BillingMode = PAY_PER_REQUEST, and set by UpdateTable */
    struct instant on_demand_since;
    bool protected;
    struct api_units units;
    const char *ttl_attribute; /* of the last UpdateTimeToLive; NULL: none */
    bool ttl_enabled, ttl_changed;
    struct instant ttl_changed_at;
    struct instant stream_began;
};

struct dynamodb {
    struct dynamodb_config config;
    struct api_table **tables; /* by name */
    uint32_t tables_count, tables_capacity;
    struct memory_area area; /* of the call under way */
    char *room;              /* API_ROOM_BYTES: see api_room */
    char *body;              /* API_BODY_BYTES */
    struct expression_cache *expressions;
    struct transactions *transactions;
};

/* A call being answered. */
struct api_call {
    struct dynamodb *d;
    struct instant now;
    struct value request; /* a structure whose types and constraints have been checked */
    struct memory_area *area;
    struct json_writer out;
    int http_status;
    bool writes;        /* a write is under way: for whom a throttle is told */
    struct error error; /* room for whoever reports one on the way */
};

struct api_operation {
    const char *name; /* NULL ends a table */
    const struct shape *request;
    bool (*run)(struct api_call *c);
};

extern const struct api_operation api_item_operations[], api_read_operations[],
    api_batch_operations[], api_table_operations[], api_transact_operations[],
    api_partiql_operations[], api_stream_operations[];

/* dynamodb.c: errors */

/* Answers with an exception in place of what was written so far; returns false. api_fail_open
 * leaves the object open for further members, and json_close(&c->out, '}') ends it. */
bool api_fail(struct api_call *c, enum api_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void api_fail_open(struct api_call *c, enum api_error error, const char *message);

/* A ValidationException. */
bool api_invalid(struct api_call *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What was reported in c->error: a ValidationException, or, where the machine refused, an
 * InternalServerError. */
bool api_fail_error(struct api_call *c, enum status status);

/* A throttle, with the table's exception for its reason. Source: DDB-ERROR-3. */
bool api_fail_throttled(struct api_call *c, const struct api_table *t, struct throttle throttled);

/* A call on a table that did not succeed. TABLE_CONDITION_FAILED comes with the item where the
 * request's ReturnValuesOnConditionCheckFailure wants it. */
bool api_fail_table(struct api_call *c, const struct api_table *t, enum table_result result,
                    const struct table_reply *reply);

/* Parts of requests. `structure` is the request or one inside it. */

/* A member's text; size 0 where it is missing (or empty: `there`, if not NULL, tells). */
struct text api_text(const struct value *structure, const char *name);
bool api_has(const struct value *structure, const char *name);
bool api_flag(const struct value *structure, const char *name, bool otherwise);
int64_t api_integer(const struct value *structure, const char *name, int64_t otherwise);
bool api_is(const struct value *structure, const char *name, const char *text);

/* Memory in the area; NULL where it is full: then api_full fails. */
void *api_take(struct api_call *c, size_t bytes);
bool api_full(struct api_call *c);

/* Room for a part of an item, which goes into the answer before the next one is written. It is
 * there always: a write that took effect does not fail afterwards. */
struct item_writer api_room(struct api_call *c);

/* A copy in the area that ends in NUL; NULL where the area is full. */
const char *api_string(struct api_call *c, struct text text);

/* Reads the member `name`, a map of attribute values, as an item. False after failing. */
bool api_item(struct api_call *c, const struct value *structure, const char *name,
              struct item *item);

/* The table that a request names, by name or ARN, if it can be read and written; NULL after failing
 * with ResourceNotFoundException. */
struct api_table *api_table(struct api_call *c, struct text name);

/* The instant as of which an eventually consistent read is answered; as table_get takes it, after
 * `now` where there is no lag. */
struct instant api_as_of(struct api_call *c, const struct api_table *t, int32_t index);

/* The table of that name in whatever state; NULL: none. */
struct api_table *api_table_find(const struct dynamodb *d, struct text name);

/* Opens a table and adds it; NULL with a message. Closes one and takes it out. */
struct api_table *api_table_add(struct dynamodb *d, struct instant now,
                                const struct table_config *config, struct error *error);
/* Copies the strings that its config points to into the table's own area. */
void api_table_keep(struct api_table *t);

/* Collects the attributes of all keys, after the config has changed. */
void api_table_define(struct api_table *t);
enum status api_table_remove(struct dynamodb *d, struct api_table *t, struct error *error);

/* The name in an ARN of a table; or the text itself. */
struct text api_table_name(struct text name_or_arn);

/* api_expression.c */

enum { API_EXPRESSIONS_MAX = 5 };

/* The expressions of a request with what their placeholders stand for. */
struct api_expressions {
    const char **names;        /* pairs for struct expression_source; NULL: none given */
    const char **placeholders; /* of values; NULL: none given */
    struct value *values;
    const struct expression *compiled[API_EXPRESSIONS_MAX]; /* as asked for; NULL: not given */
};

/* One expression that a request may have. */
struct api_expression {
    const char *name; /* "ConditionExpression" */
    enum expression_kind kind;
};

/* Refuses a request that mixes expressions with legacy parameters, has legacy parameters at all, or
 * placeholders without expressions. Both lists end in NULL and go by the order of DynamoDB's
 * message. */
bool api_check_parameters(struct api_call *c, const struct value *structure,
                          const struct api_expression *expressions, const char *const *legacy);

/* Reads the placeholders and compiles the expressions that are there, in order; every placeholder
 * must be used. They belong to the account's cache. False after failing. */
bool api_expressions(struct api_call *c, const struct value *structure,
                     const struct api_expression *expressions, struct api_expressions *x);

/* Parts of answers */

/* Writes an item, or what a projection (NULL: none) leaves of it. */
void api_put_item(struct api_call *c, const struct expression *projection, struct item item);

/* What a call consumed, of the table (first) and of each index: by the table's totals. */
struct api_consumed {
    struct table_consumed before[1 + API_INDEXES_MAX];
};

void api_consumed_begin(struct api_consumed *consumed, const struct api_table *t);

/* Writes the member ConsumedCapacity, if the request wants it. */
void api_put_consumed(struct api_call *c, const struct api_consumed *consumed,
                      const struct api_table *t);

/* The same without the member's name; `indexes` asks for the indexes one by one. */
void api_put_consumed_of(struct api_call *c, const struct api_consumed *consumed,
                         const struct api_table *t, bool indexes);

/* Whether the request asks for the sizes of item collections, and the table has any. */
bool api_wants_collections(const struct api_call *c, const struct api_table *t);

/* The collection of an item or a key: its partition key value, and between which two whole GB its
 * size lies. Source: DDB-RETURN-2. */
void api_put_collection(struct api_call *c, const struct api_table *t, struct item item);

/* api_transact.c */

/* The items of a transaction. */
struct api_transaction {
    uint32_t count;
    struct table_write writes[TRANSACTION_ITEMS_MAX]; /* of a read: table, and the key as item */
    struct text names[TRANSACTION_ITEMS_MAX];         /* of the tables, as requested */
    struct api_table *tables[TRANSACTION_ITEMS_MAX];
    bool old_wanted[TRANSACTION_ITEMS_MAX]; /* ReturnValuesOnConditionCheckFailure = ALL_OLD */
    bool inserts[TRANSACTION_ITEMS_MAX];    /* a failed condition is a duplicate */
    struct cancellation reasons[TRANSACTION_ITEMS_MAX];
    const struct api_table *distinct[TRANSACTION_ITEMS_MAX]; /* by name */
    struct api_consumed consumed[TRANSACTION_ITEMS_MAX];     /* of the distinct ones */
    uint32_t distinct_count;
};

/* One in the area, zeroed; NULL after failing. */
struct api_transaction *api_transaction(struct api_call *c, uint32_t count);

/* Notes what its tables have consumed so far: each once, those that are NULL not. */
void api_transaction_begin(struct api_transaction *x);

/* Makes it; false after failing. `member` of the request is what a client's token stands for. */
bool api_transact_write(struct api_call *c, struct api_transaction *x, const char *member,
                        struct transaction_reply *reply);
bool api_transact_get(struct api_call *c, struct api_transaction *x,
                      struct transaction_reply *reply);

/* Fails with a reason for each item. */
bool api_fail_cancelled(struct api_call *c, const struct api_transaction *x,
                        const struct cancellation *reasons);

/* Writes the member ConsumedCapacity, a list of tables, if the request wants it. */
void api_put_transaction_consumed(struct api_call *c, const struct api_transaction *x);

/* api_describe.c */

/* "arn:aws:dynamodb:REGION:ACCOUNT:table/NAME", with "/index/NAME" for an index. */
void api_put_arn(struct text_writer *w, const struct dynamodb *d, const struct api_table *t,
                 int32_t index);

/* When a stream began, as its label says, and the ARN of the table's latest stream. */
void api_put_stream_label(struct text_writer *w, const struct api_table *t);
void api_put_stream_arn(struct text_writer *w, const struct dynamodb *d, const struct api_table *t);

/* "KEYS_ONLY" */
const char *api_stream_view_name(enum stream_view view);

/* Writes the member KeySchema. */
void api_put_schema(struct api_call *c, struct table_key hash, struct table_key range);

/* Writes a table as DescribeTable and its like describe it. */
void api_put_description(struct api_call *c, const struct api_table *t);

/* api_shapes.c: parts of requests. */
extern const struct shape SHAPE_ANY_STRING, SHAPE_FLAG, SHAPE_TABLE_NAME, SHAPE_INDEX_NAME,
    SHAPE_CONSUMED, SHAPE_METRICS, SHAPE_RETURN_VALUES, SHAPE_ON_FAILURE, SHAPE_NAMES,
    SHAPE_OPERATOR, SHAPE_EXPECTED, SHAPE_CONDITIONS, SHAPE_UPDATES, SHAPE_ATTRIBUTES_TO_GET,
    SHAPE_SELECT, SHAPE_LIMIT, SHAPE_TOKEN;

#endif

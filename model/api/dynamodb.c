/* dynamodb.c: the account, and calls from the request to the operation and back; see dynamodb.h and
 * api_state.h. */
#include "model/api/dynamodb.h"

#include "model/api/api_state.h"
#include "sim/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { STRINGS_BYTES = 1 << 20 };

/* The groups of operations. */
static const struct api_operation *const GROUPS[] = {
    api_item_operations,     api_read_operations,    api_batch_operations, api_table_operations,
    api_transact_operations, api_partiql_operations, api_stream_operations};

enum { GROUPS_COUNT = sizeof GROUPS / sizeof GROUPS[0] };

/* The account */

struct dynamodb *dynamodb_open(const struct dynamodb_config *config, struct error *error)
{
    struct dynamodb *d = calloc(1, sizeof *d);
    if (d == NULL) {
        (void)error_set(error, STATUS_NO_MEMORY, "no memory for DynamoDB");
        return NULL;
    }
    d->config = *config;
    if (d->config.region == NULL) {
        d->config.region = "us-east-1";
    }
    if (d->config.account == NULL) {
        d->config.account = "000000000000";
    }
    d->body = memory_reserve(API_BODY_BYTES);
    d->room = memory_reserve(API_ROOM_BYTES);
    d->expressions = expression_cache_open(API_CACHED_EXPRESSIONS);
    d->transactions = transactions_open(config->transaction, error);
    if (d->body == NULL || d->room == NULL || d->expressions == NULL || d->transactions == NULL ||
        !memory_area_init(&d->area, API_AREA_BYTES)) {
        (void)error_set(error, STATUS_NO_MEMORY, "DynamoDB: cannot reserve address space");
        (void)dynamodb_close(d, NULL);
        return NULL;
    }
    return d;
}

enum status dynamodb_close(struct dynamodb *d, struct error *error)
{
    enum status status = STATUS_OK;
    if (d == NULL) {
        return STATUS_OK;
    }
    while (d->tables_count > 0) {
        enum status closed =
            api_table_remove(d, d->tables[d->tables_count - 1], status == STATUS_OK ? error : NULL);
        status = status == STATUS_OK ? closed : status;
    }
    free(d->tables);
    expression_cache_close(d->expressions);
    transactions_close(d->transactions);
    memory_area_deinit(&d->area);
    memory_release(d->body, API_BODY_BYTES);
    memory_release(d->room, API_ROOM_BYTES);
    free(d);
    return status;
}

/* Where a name stands among the tables, or would stand. */
static uint32_t table_position(const struct dynamodb *d, struct text name)
{
    uint32_t low = 0;
    uint32_t high = d->tables_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (text_compare(d->tables[middle]->name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct api_table *api_table_find(const struct dynamodb *d, struct text name)
{
    uint32_t i = table_position(d, name);
    return i < d->tables_count && text_equal(d->tables[i]->name, name) ? d->tables[i] : NULL;
}

static const char *copy_string(struct api_table *t, const char *string)
{
    char *copy = string == NULL ? NULL : memory_area_take(&t->strings, strlen(string) + 1);
    return copy == NULL ? NULL : memcpy(copy, string, strlen(string) + 1);
}

void api_table_keep(struct api_table *t)
{
    struct table_config *c = &t->config;
    c->name = copy_string(t, c->name);
    c->hash_key.name = copy_string(t, c->hash_key.name);
    c->range_key.name = copy_string(t, c->range_key.name);
    c->ttl_attribute = copy_string(t, c->ttl_attribute);
    c->directory = copy_string(t, c->directory);
    c->scratch = copy_string(t, c->scratch);
    for (uint32_t i = 0; i < c->indexes_count; i++) {
        struct table_index_config *index = &c->indexes[i];
        index->name = copy_string(t, index->name);
        index->hash_key.name = copy_string(t, index->hash_key.name);
        index->range_key.name = copy_string(t, index->range_key.name);
        const char **include =
            memory_area_take(&t->strings, (index->include_count + 1) * sizeof *include);
        for (uint32_t k = 0; include != NULL && k < index->include_count; k++) {
            include[k] = copy_string(t, index->include[k]);
        }
        index->include = include;
    }
    t->name = text_from(c->name);
    t->ttl_attribute = c->ttl_attribute;
}

static void define(struct api_table *t, struct table_key key)
{
    bool known = key.name == NULL;
    for (uint32_t i = 0; i < t->definitions_count && !known; i++) {
        known = strcmp(t->definitions[i].name, key.name) == 0;
    }
    if (!known) {
        t->definitions[t->definitions_count++] = key;
    }
}

/* The attributes of keys, each once. */
void api_table_define(struct api_table *t)
{
    t->definitions_count = 0;
    define(t, t->config.hash_key);
    define(t, t->config.range_key);
    for (uint32_t i = 0; i < t->config.indexes_count; i++) {
        define(t, t->config.indexes[i].hash_key);
        define(t, t->config.indexes[i].range_key);
    }
}

static bool tables_grow(struct dynamodb *d)
{
    if (d->tables_count < d->tables_capacity) {
        return true;
    }
    uint32_t capacity = d->tables_capacity == 0 ? 16 : 2 * d->tables_capacity;
    struct api_table **tables = realloc(d->tables, capacity * sizeof(struct api_table *));
    if (tables == NULL) {
        return false;
    }
    d->tables = tables;
    d->tables_capacity = capacity;
    return true;
}

struct api_table *api_table_add(struct dynamodb *d, struct instant now,
                                const struct table_config *config, struct error *error)
{
    struct api_table *t = calloc(1, sizeof *t);
    if (t == NULL || !tables_grow(d) || !memory_area_init(&t->strings, STRINGS_BYTES)) {
        free(t);
        (void)error_set(error, STATUS_NO_MEMORY, "no memory for table %s", config->name);
        return NULL;
    }
    t->config = *config;
    api_table_keep(t);
    t->created = now;
    t->on_demand = t->config.rcu == 0;
    t->stream_began = now;
    t->ttl_enabled = t->config.ttl_attribute != NULL;
    api_table_define(t);
    t->table = table_open(&t->config, now, error);
    if (t->table == NULL) {
        memory_area_deinit(&t->strings);
        free(t);
        return NULL;
    }
    uint32_t i = table_position(d, t->name);
    memmove(d->tables + i + 1, d->tables + i, (d->tables_count - i) * sizeof(struct api_table *));
    d->tables[i] = t;
    d->tables_count++;
    return t;
}

enum status api_table_remove(struct dynamodb *d, struct api_table *t, struct error *error)
{
    uint32_t i = table_position(d, t->name);
    ASSERT(i < d->tables_count && d->tables[i] == t);
    enum status status = table_close(t->table, error);
    memory_area_deinit(&t->strings);
    free(t);
    d->tables_count--;
    memmove(d->tables + i, d->tables + i + 1, (d->tables_count - i) * sizeof(struct api_table *));
    return status;
}

enum status dynamodb_add_table(struct dynamodb *d, struct instant now,
                               const struct table_config *config, struct error *error)
{
    struct error why = {.status = STATUS_OK};
    if (api_table_find(d, text_from(config->name)) != NULL) {
        return error_set(error, STATUS_BAD_INPUT, "table %s: is there already", config->name);
    }
    if (api_table_add(d, now, config, &why) == NULL) {
        return error_set(error, why.status, "%s", why.message);
    }
    return STATUS_OK;
}

const struct table_config *dynamodb_table_config(const struct dynamodb *d, const char *name)
{
    const struct api_table *t = api_table_find(d, text_from(name));
    return t == NULL ? NULL : &t->config;
}

struct table *dynamodb_table(const struct dynamodb *d, const char *name)
{
    const struct api_table *t = api_table_find(d, text_from(name));
    return t == NULL || t->status == API_TABLE_CREATING || t->status == API_TABLE_DELETING
               ? NULL
               : t->table;
}

static bool ended(enum api_table_status status, struct instant ends, struct instant now)
{
    return status != API_TABLE_ACTIVE && !instant_before(now, ends);
}

/* Ends the states whose time is over. */
static void tables_settle(struct dynamodb *d, struct instant now)
{
    for (uint32_t i = d->tables_count; i > 0; i--) {
        struct api_table *t = d->tables[i - 1];
        for (uint32_t k = 0; k < t->config.indexes_count; k++) {
            if (ended(t->indexes[k].status, t->indexes[k].status_ends, now)) {
                t->indexes[k].status = API_TABLE_ACTIVE;
            }
        }
        if (!ended(t->status, t->status_ends, now)) {
            continue;
        }
        if (t->status == API_TABLE_DELETING) {
            (void)api_table_remove(d, t, NULL);
        } else {
            t->status = API_TABLE_ACTIVE;
        }
    }
}

/* Errors */

static const struct exception {
    const char *space, *name, *member;
    int http_status;
} EXCEPTIONS[] = {

#define EXCEPTION(id, namespace, status, text)                                                     \
    [ERROR_##id] = {.space = namespace, .name = #id, .member = text, .http_status = status},
    API_ERROR_MAP(EXCEPTION)
#undef EXCEPTION
};

void api_fail_open(struct api_call *c, enum api_error error, const char *message)
{
    const struct exception *e = &EXCEPTIONS[error];
    c->out = json_writer(c->d->body, API_BODY_BYTES, 0);
    c->http_status = e->http_status;
    json_open(&c->out, '{');
    json_name(&c->out, TEXT("__type"));
    struct text_writer *w = json_put_raw(&c->out);
    text_put_char(w, '"');
    text_put(w, text_from(e->space));
    text_put_char(w, '#');
    text_put(w, text_from(e->name));
    text_put_char(w, '"');
    if (message != NULL) {
        json_name(&c->out, text_from(e->member));
        json_put_text(&c->out, text_from(message));
    }
}

bool api_fail(struct api_call *c, enum api_error error, const char *format, ...)
{
    struct error message;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message.message, sizeof message.message, format, arguments);
    va_end(arguments);
    api_fail_open(c, error, message.message);
    json_close(&c->out, '}');
    return false;
}

bool api_invalid(struct api_call *c, const char *format, ...)
{
    struct error message;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message.message, sizeof message.message, format, arguments);
    va_end(arguments);
    return api_fail(c, ERROR_ValidationException, "%s", message.message);
}

bool api_fail_error(struct api_call *c, enum status status)
{
    return api_fail(
        c, status == STATUS_BAD_INPUT ? ERROR_ValidationException : ERROR_InternalServerError, "%s",
        c->error.message);
}

bool api_full(struct api_call *c)
{
    return api_fail(c, ERROR_InternalServerError, "out of memory for the request");
}

static bool fail_condition(struct api_call *c, const struct table_reply *reply)
{
    api_fail_open(c, ERROR_ConditionalCheckFailedException, "The conditional request failed");
    if (api_is(&c->request, "ReturnValuesOnConditionCheckFailure", "ALL_OLD") &&
        reply->old.bytes.size > 0) {
        json_name(&c->out, TEXT("Item"));
        attribute_json_write_item(&c->out, reply->old);
    }
    json_close(&c->out, '}');
    return false;
}

/* "TableReadProvisionedThroughputExceeded", and the ARN of who throttled. */
static void put_reason(struct api_call *c, const struct api_table *t, struct throttle throttled)
{
    static const char *const texts[] = {
        [THROTTLE_NONE] = "",
        [THROTTLE_PROVISIONED] = "ProvisionedThroughputExceeded",
        [THROTTLE_KEY_RANGE] = "KeyRangeThroughputExceeded",
        [THROTTLE_ON_DEMAND_MAX] = "MaxOnDemandThroughputExceeded",
        [THROTTLE_ACCOUNT] = "AccountLimitExceeded",
    };
    json_open(&c->out, '[');
    json_open(&c->out, '{');
    json_name(&c->out, TEXT("reason"));
    struct text_writer *w = json_put_raw(&c->out);
    text_put(w, throttled.index == TABLE_BASE ? TEXT("\"Table") : TEXT("\"Index"));
    text_put(w, c->writes ? TEXT("Write") : TEXT("Read"));
    text_put(w, text_from(texts[throttled.reason]));
    text_put_char(w, '"');
    json_name(&c->out, TEXT("resource"));
    w = json_put_raw(&c->out);
    text_put_char(w, '"');
    api_put_arn(w, c->d, t, throttled.index);
    text_put_char(w, '"');
    json_close(&c->out, '}');
    json_close(&c->out, ']');
}

bool api_fail_throttled(struct api_call *c, const struct api_table *t, struct throttle throttled)
{
    if (throttled.reason == THROTTLE_ACCOUNT) {
        api_fail_open(c, ERROR_RequestLimitExceeded,
                      "Throughput exceeds the current throughput limit for your account. Please "
                      "contact AWS Support at https://aws.amazon.com/support request a limit "
                      "increase");
        json_name(&c->out, TEXT("ThrottlingReasons"));
    } else if (t->on_demand) {
        api_fail_open(c, ERROR_ThrottlingException,
                      "Throughput exceeds the current capacity of your table or index. DynamoDB is "
                      "automatically scaling your table or index so please try again shortly. If "
                      "exceptions persist, check if you have a hot key: "
                      "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
                      "bp-partition-key-design.html");
        json_name(&c->out, TEXT("throttlingReasons"));
    } else {
        api_fail_open(c, ERROR_ProvisionedThroughputExceededException,
                      throttled.index == TABLE_BASE
                          ? "The level of configured provisioned throughput for the table was "
                            "exceeded. Consider increasing your provisioning level with the "
                            "UpdateTable API."
                          : "The level of configured provisioned throughput for one or more global "
                            "secondary indexes of the table was exceeded. Consider increasing your "
                            "provisioning level for the under-provisioned global secondary indexes "
                            "with the UpdateTable API");
        json_name(&c->out, TEXT("ThrottlingReasons"));
    }
    put_reason(c, t, throttled);
    json_close(&c->out, '}');
    return false;
}

bool api_fail_table(struct api_call *c, const struct api_table *t, enum table_result result,
                    const struct table_reply *reply)
{
    switch (result) {
    case TABLE_CONDITION_FAILED:
        return fail_condition(c, reply);
    case TABLE_THROTTLED:
        return api_fail_throttled(c, t, reply->throttled);
    case TABLE_CONFLICT:
        return api_fail(c, ERROR_TransactionConflictException,
                        "Transaction is ongoing for the item");
    case TABLE_COLLECTION_FULL:
        return api_fail(c, ERROR_ItemCollectionSizeLimitExceededException,
                        "Collection size exceeded.");
    case TABLE_INVALID:
        return api_invalid(c, "%s", table_message(t->table));
    case TABLE_OK:
    case TABLE_FULL:
        break;
    }
    return api_fail(c, ERROR_InternalServerError, "%s", table_message(t->table));
}

/* Parts of requests */

struct text api_text(const struct value *structure, const char *name)
{
    struct value value;
    return shape_get(structure, name, &value) ? value.bytes : (struct text){0};
}

bool api_has(const struct value *structure, const char *name)
{
    struct value value;
    return shape_get(structure, name, &value);
}

bool api_flag(const struct value *structure, const char *name, bool otherwise)
{
    struct value value;
    return shape_get(structure, name, &value) ? shape_true(&value) : otherwise;
}

int64_t api_integer(const struct value *structure, const char *name, int64_t otherwise)
{
    struct value value;
    return shape_get(structure, name, &value) ? shape_integer(&value) : otherwise;
}

bool api_is(const struct value *structure, const char *name, const char *text)
{
    return text_equal(api_text(structure, name), text_from(text));
}

void *api_take(struct api_call *c, size_t bytes)
{
    return memory_area_take(c->area, bytes);
}

struct item_writer api_room(struct api_call *c)
{
    return item_writer(c->d->room, API_ROOM_BYTES);
}

const char *api_string(struct api_call *c, struct text text)
{
    char *copy = api_take(c, text.size + 1);
    if (copy != NULL) {
        if (text.size > 0) {
            memcpy(copy, text.at, text.size);
        }
        copy[text.size] = '\0';
    }
    return copy;
}

bool api_item(struct api_call *c, const struct value *structure, const char *name,
              struct item *item)
{
    struct value map;
    ASSERT(shape_get(structure, name, &map));
    enum status status = attribute_json_read_item(c->area, &map, item, NULL, &c->error);
    return status == STATUS_OK || api_fail_error(c, status);
}

struct text api_table_name(struct text name_or_arn)
{
    struct text rest = name_or_arn;
    const struct text mark = TEXT(":table/");
    if (!text_starts(rest, TEXT("arn:"))) {
        return name_or_arn;
    }
    while (rest.size > 0 && !text_starts(rest, mark)) {
        rest = (struct text){rest.at + 1, rest.size - 1};
    }
    size_t skipped = rest.size > 0 ? mark.size : 0;
    struct text name = {rest.at + skipped, rest.size - skipped};
    const char *slash = name.size == 0 ? NULL : memchr(name.at, '/', name.size);
    return slash == NULL ? name : (struct text){name.at, (size_t)(slash - name.at)};
}

struct api_table *api_table(struct api_call *c, struct text name)
{
    struct api_table *t = api_table_find(c->d, api_table_name(name));
    if (t == NULL || t->status == API_TABLE_CREATING || t->status == API_TABLE_DELETING) {
        (void)api_fail(c, ERROR_ResourceNotFoundException, "Requested resource not found");
        return NULL;
    }
    return t;
}

struct instant api_as_of(struct api_call *c, const struct api_table *t, int32_t index)
{
    const struct dynamodb_config *config = &c->d->config;
    struct instant as_of =
        config->as_of == NULL ? c->now : config->as_of(config->self, t->table, index, c->now);
    return instant_before(as_of, c->now) ? as_of : instant_add(c->now, (struct duration){1});
}

void api_put_item(struct api_call *c, const struct expression *projection, struct item item)
{
    if (projection == NULL) {
        attribute_json_write_item(&c->out, item);
        return;
    }
    struct item_writer w = api_room(c);
    expression_project(projection, item, &w);
    attribute_json_write_item(&c->out, item_written(&w));
}

/* Consumed capacity */

void api_consumed_begin(struct api_consumed *consumed, const struct api_table *t)
{
    for (uint32_t i = 0; i <= t->config.indexes_count; i++) {
        consumed->before[i] = table_consumed(t->table, (int32_t)i - 1);
    }
}

/* What the table (i = 0) or an index used since. */
static int64_t units_since(const struct api_consumed *consumed, const struct api_table *t,
                           uint32_t i)
{
    struct table_consumed now = table_consumed(t->table, (int32_t)i - 1);
    return now.rcu_milli - consumed->before[i].rcu_milli + now.wcu_milli -
           consumed->before[i].wcu_milli;
}

static void put_units(struct json_writer *w, struct text name, int64_t milli)
{
    json_name(w, name);
    json_open(w, '{');
    json_name(w, TEXT("CapacityUnits"));
    json_put_milli(w, milli);
    json_close(w, '}');
}

/* The indexes, of one kind, that were used. */
static void put_indexes(struct json_writer *w, const struct api_consumed *consumed,
                        const struct api_table *t, bool local)
{
    bool open = false;
    for (uint32_t i = 0; i < t->config.indexes_count; i++) {
        int64_t milli = units_since(consumed, t, i + 1);
        if (t->config.indexes[i].local != local || milli == 0) {
            continue;
        }
        if (!open) {
            json_name(w, local ? TEXT("LocalSecondaryIndexes") : TEXT("GlobalSecondaryIndexes"));
            json_open(w, '{');
            open = true;
        }
        put_units(w, text_from(t->config.indexes[i].name), milli);
    }
    if (open) {
        json_close(w, '}');
    }
}

void api_put_consumed_of(struct api_call *c, const struct api_consumed *consumed,
                         const struct api_table *t, bool indexes)
{
    struct json_writer *w = &c->out;
    int64_t total = 0;
    for (uint32_t i = 0; i <= t->config.indexes_count; i++) {
        total += units_since(consumed, t, i);
    }
    json_open(w, '{');
    json_name(w, TEXT("TableName"));
    json_put_text(w, t->name);
    json_name(w, TEXT("CapacityUnits"));
    json_put_milli(w, total);
    if (indexes) {
        put_units(w, TEXT("Table"), units_since(consumed, t, 0));
        put_indexes(w, consumed, t, true);
        put_indexes(w, consumed, t, false);
    }
    json_close(w, '}');
}

void api_put_consumed(struct api_call *c, const struct api_consumed *consumed,
                      const struct api_table *t)
{
    bool indexes = api_is(&c->request, "ReturnConsumedCapacity", "INDEXES");
    if (indexes || api_is(&c->request, "ReturnConsumedCapacity", "TOTAL")) {
        json_name(&c->out, TEXT("ConsumedCapacity"));
        api_put_consumed_of(c, consumed, t, indexes);
    }
}

/* Calls */

static const struct api_operation *operation_named(struct text name)
{
    for (size_t g = 0; g < GROUPS_COUNT; g++) {
        for (const struct api_operation *o = GROUPS[g]; o->name != NULL; o++) {
            if (text_equal(name, text_from(o->name))) {
                return o;
            }
        }
    }
    return NULL;
}

/* What the front end makes sure of before the operation sees the request. Source: DDB-API-2. */
static bool check_request(struct api_call *c, const struct api_operation *o)
{
    enum status status = c->request.type != TYPE_M
                             ? error_set(&c->error, STATUS_BAD_INPUT, "Unexpected field type")
                             : shape_check_types(o->request, &c->request, NULL, &c->error);
    if (status != STATUS_OK) {
        return api_fail(c, ERROR_SerializationException, "%s", c->error.message);
    }
    size_t room = 4096 + 12 * c->request.bytes.size;
    char *faults = api_take(c, room);
    if (faults == NULL) {
        return api_full(c);
    }
    struct text_writer message = text_writer(faults, room);
    if (shape_check_constraints(o->request, &c->request, &message)) {
        return true;
    }
    api_fail_open(c, ERROR_ValidationException, text_writer_string(&message));
    json_close(&c->out, '}');
    return false;
}

/* A body that is no JSON comes before an unknown operation, but an empty one after it. */
static void answer(struct api_call *c, struct text operation, struct text body)
{
    const struct api_operation *o = operation_named(operation);
    enum status parsed = json_parse(body, c->area, &c->request, &c->error);
    if (parsed != STATUS_OK && parsed != STATUS_BAD_INPUT) {
        (void)api_fail_error(c, parsed);
    } else if (parsed != STATUS_OK || o == NULL) {
        bool unknown = o == NULL && (parsed == STATUS_OK || body.size == 0);
        api_fail_open(c, unknown ? ERROR_UnknownOperationException : ERROR_SerializationException,
                      NULL);
        json_close(&c->out, '}');
    } else if (check_request(c, o)) {
        (void)o->run(c);
    }
    if (c->out.text.overflowed) {
        (void)api_fail(c, ERROR_InternalServerError, "the answer is too long");
    }
}

void dynamodb_call(struct dynamodb *d, struct instant now, struct text operation, struct text body,
                   struct dynamodb_response *response)
{
    struct api_call c = {.d = d,
                         .now = now,
                         .area = &d->area,
                         .out = json_writer(d->body, API_BODY_BYTES, 0),
                         .http_status = 200};
    d->area.used = 0;
    tables_settle(d, now);
    if (body.size > API_REQUEST_BYTES_MAX) {
        *response = (struct dynamodb_response){.http_status = 413};
        return;
    }
    answer(&c, operation, body);
    response->http_status = c.http_status;
    response->body = text_written(&c.out.text);
}

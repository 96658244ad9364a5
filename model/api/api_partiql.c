/* api_partiql.c: ExecuteStatement, BatchExecuteStatement, ExecuteTransaction; see api_state.h.
 *
 * A statement is read, with its parameters; then what it says is compiled, before its table is
 * looked for; then it is run. What fails on the way is noted in the statement, since each operation
 * tells it in its own form. Sources: DDB-PARTIQL-*.
 */
#include "model/api/api_state.h"
#include "model/api/partiql.h"
#include "sim/assert.h"

#include <stdarg.h>
#include <stdio.h>

enum { BATCH_STATEMENTS_MAX = 25, TOKEN_MOST = 32768 };

/* Requests */

static const struct shape STATEMENT = {
    .kind = SHAPE_STRING, .least = 1, .most = PARTIQL_STATEMENT_MAX};
static const struct shape PARAMETERS = {
    .kind = SHAPE_LIST, .element = &SHAPE_ATTRIBUTE_VALUE, .least = 1};
static const struct shape NEXT_TOKEN = {.kind = SHAPE_STRING, .least = 1, .most = TOKEN_MOST};

static const struct shape_member EXECUTE_MEMBERS[] = {
    {"Statement",                           REQUIRED, &STATEMENT       },
    {"Parameters",                          OPTIONAL, &PARAMETERS      },
    {"ConsistentRead",                      OPTIONAL, &SHAPE_FLAG      },
    {"NextToken",                           OPTIONAL, &NEXT_TOKEN      },
    {"ReturnConsumedCapacity",              OPTIONAL, &SHAPE_CONSUMED  },
    {"Limit",                               OPTIONAL, &SHAPE_LIMIT     },
    {"ReturnValuesOnConditionCheckFailure", OPTIONAL, &SHAPE_ON_FAILURE},
    {NULL,                                  OPTIONAL, NULL             },
};
static const struct shape EXECUTE = {.kind = SHAPE_STRUCTURE, .members = EXECUTE_MEMBERS};

static const struct shape_member BATCH_STATEMENT_MEMBERS[] = {
    {"Statement",                           REQUIRED, &STATEMENT       },
    {"Parameters",                          OPTIONAL, &PARAMETERS      },
    {"ConsistentRead",                      OPTIONAL, &SHAPE_FLAG      },
    {"ReturnValuesOnConditionCheckFailure", OPTIONAL, &SHAPE_ON_FAILURE},
    {NULL,                                  OPTIONAL, NULL             },
};
static const struct shape BATCH_STATEMENT = {
    .kind = SHAPE_STRUCTURE, .type = "BatchStatementRequest", .members = BATCH_STATEMENT_MEMBERS};
static const struct shape BATCH_STATEMENTS = {
    .kind = SHAPE_LIST, .element = &BATCH_STATEMENT, .least = 1, .most = BATCH_STATEMENTS_MAX};
static const struct shape_member BATCH_MEMBERS[] = {
    {"Statements",             REQUIRED, &BATCH_STATEMENTS},
    {"ReturnConsumedCapacity", OPTIONAL, &SHAPE_CONSUMED  },
    {NULL,                     OPTIONAL, NULL             },
};
static const struct shape BATCH = {.kind = SHAPE_STRUCTURE, .members = BATCH_MEMBERS};

static const struct shape_member TRANSACTION_STATEMENT_MEMBERS[] = {
    {"Statement",                           REQUIRED, &STATEMENT       },
    {"Parameters",                          OPTIONAL, &PARAMETERS      },
    {"ReturnValuesOnConditionCheckFailure", OPTIONAL, &SHAPE_ON_FAILURE},
    {NULL,                                  OPTIONAL, NULL             },
};
static const struct shape TRANSACTION_STATEMENT = {.kind = SHAPE_STRUCTURE,
                                                   .type = "ParameterizedStatement",
                                                   .members = TRANSACTION_STATEMENT_MEMBERS};
static const struct shape TRANSACTION_STATEMENTS = {.kind = SHAPE_LIST,
                                                    .element = &TRANSACTION_STATEMENT,
                                                    .least = 1,
                                                    .most = TRANSACTION_ITEMS_MAX};
static const struct shape_member TRANSACTION_MEMBERS[] = {
    {"TransactStatements",     REQUIRED, &TRANSACTION_STATEMENTS},
    {"ClientRequestToken",     OPTIONAL, &SHAPE_TOKEN           },
    {"ReturnConsumedCapacity", OPTIONAL, &SHAPE_CONSUMED        },
    {NULL,                     OPTIONAL, NULL                   },
};
static const struct shape TRANSACTION = {.kind = SHAPE_STRUCTURE, .members = TRANSACTION_MEMBERS};

/* A statement */

struct statement {
    struct value structure; /* where it is in the request */
    struct partiql *parsed;
    struct expression *where, *update; /* `where` is the condition of a write */
    struct api_table *table;
    int32_t index;
    struct partiql_keys keys;
    struct partiql_target target;
    struct item key; /* what the target says of the table's keys */
    bool failed;
    bool parameters; /* a parameter is to blame */
    enum api_error error;
    char message[512];
};

static bool fail(struct statement *s, enum api_error error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail(struct statement *s, enum api_error error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(s->message, sizeof s->message, format, arguments);
    va_end(arguments);
    s->failed = true;
    s->error = error;
    return false;
}

static bool invalid(struct statement *s, const char *message)
{
    return fail(s, ERROR_ValidationException, "%s", message);
}

static bool fail_status(struct statement *s, const struct error *error)
{
    return fail(s,
                error->status == STATUS_BAD_INPUT ? ERROR_ValidationException
                                                  : ERROR_InternalServerError,
                "%s", error->message);
}

static bool is_read(const struct statement *s)
{
    return s->parsed != NULL && partiql_kind(s->parsed) == PARTIQL_SELECT;
}

static bool read_parameters(struct api_call *c, struct statement *s, struct value **values,
                            uint32_t *count)
{
    struct value list;
    struct value element;
    struct text name;
    *count = 0;
    *values = NULL;
    if (!shape_get(&s->structure, "Parameters", &list)) {
        return true;
    }
    struct item_cursor cursor = item_cursor((struct item){list.bytes});
    *values = api_take(c, item_count((struct item){list.bytes}) * sizeof **values);
    if (*values == NULL) {
        return fail(s, ERROR_InternalServerError, "out of memory for the request");
    }
    while (item_next(&cursor, &name, &element)) {
        if (attribute_json_read(c->area, &element, &(*values)[(*count)++], NULL, &c->error) !=
            STATUS_OK) {
            s->parameters = true;
            return fail_status(s, &c->error);
        }
    }
    return true;
}

/* Reads the statement of a structure of the request, and compiles what it says of items. */
static bool statement_read(struct api_call *c, const struct value *structure, struct statement *s)
{
    struct value *parameters;
    uint32_t count;
    *s = (struct statement){.structure = *structure};
    if (!read_parameters(c, s, &parameters, &count)) {
        return false;
    }
    s->parsed = partiql_parse(api_text(structure, "Statement"), parameters, count, &c->error);
    if (s->parsed == NULL) {
        return fail_status(s, &c->error);
    }
    s->where = partiql_where(s->parsed, &c->error);
    if (s->where == NULL && c->error.status != STATUS_OK) {
        return fail_status(s, &c->error);
    }
    if (partiql_kind(s->parsed) == PARTIQL_UPDATE) {
        s->update = partiql_update(s->parsed, &c->error);
        return s->update != NULL || fail_status(s, &c->error);
    }
    return true;
}

static void statement_free(struct statement *s)
{
    expression_free(s->where);
    expression_free(s->update);
    partiql_free(s->parsed);
}

/* Finds the table. */
static bool statement_table(struct api_call *c, struct statement *s)
{
    s->table = api_table_find(c->d, partiql_table(s->parsed));
    if (s->table == NULL || s->table->status == API_TABLE_CREATING ||
        s->table->status == API_TABLE_DELETING) {
        s->table = NULL;
        return fail(s, ERROR_ResourceNotFoundException, "Requested resource not found");
    }
    return true;
}

static struct text name_of(struct table_key key)
{
    return key.name == NULL ? (struct text){"", 0} : text_from(key.name);
}

/* Finds the index, and the keys of what is read or written. */
static bool statement_keys(struct statement *s)
{
    const struct table_config *config = &s->table->config;
    struct text index = partiql_index(s->parsed);
    struct table_key hash = config->hash_key;
    struct table_key range = config->range_key;
    s->index = TABLE_BASE;
    for (uint32_t i = 0; i < config->indexes_count && index.size > 0; i++) {
        if (text_equal(text_from(config->indexes[i].name), index)) {
            s->index = (int32_t)i;
            hash = config->indexes[i].hash_key;
            range = config->indexes[i].range_key;
        }
    }
    if (index.size > 0 && s->index == TABLE_BASE) {
        return invalid(s, "The table does not have the specified index");
    }
    if (s->index != TABLE_BASE && !is_read(s)) {
        return invalid(s, "A statement that writes names a table and no index");
    }
    s->keys = (struct partiql_keys){name_of(hash), name_of(range), hash.type, range.type};
    return true;
}

/* Makes the condition of a write that of its table. */
static bool statement_condition(struct api_call *c, struct statement *s)
{
    enum partiql_kind kind = partiql_kind(s->parsed);
    if (kind == PARTIQL_INSERT) {
        s->where = partiql_absent(s->keys.hash, &c->error);
        return s->where != NULL || fail_status(s, &c->error);
    }
    if (kind == PARTIQL_DELETE && s->target.hash != PARTIQL_NO_VALUE) {
        expression_free(s->where);
        s->where = partiql_where_or_absent(s->parsed, s->keys.hash, &c->error);
        return s->where != NULL || fail_status(s, &c->error);
    }
    return true;
}

/* The key of the one item that is meant, as far as the statement says. */
static bool statement_key(struct api_call *c, struct statement *s)
{
    const struct value *values = partiql_values(s->parsed);
    const struct text names[] = {s->keys.hash, s->keys.range};
    const uint16_t positions[] = {s->target.hash, s->target.range};
    uint32_t room = 64;
    for (int i = 0; i < 2; i++) {
        room += positions[i] == PARTIQL_NO_VALUE
                    ? 0
                    : (uint32_t)(names[i].size + values[positions[i]].bytes.size + 64);
    }
    char *buffer = api_take(c, room);
    if (buffer == NULL) {
        return fail(s, ERROR_InternalServerError, "out of memory for the request");
    }
    struct item_writer w = item_writer(buffer, room);
    for (int i = 0; i < 2; i++) {
        if (positions[i] != PARTIQL_NO_VALUE) {
            item_add(&w, names[i], &values[positions[i]]);
        }
    }
    s->key = item_written(&w);
    return true;
}

static bool names_item(const struct statement *s)
{
    return s->target.hash != PARTIQL_NO_VALUE &&
           (s->keys.range.size == 0 || s->target.range != PARTIQL_NO_VALUE);
}

/* Finds which item is meant. */
static bool statement_target(struct api_call *c, struct statement *s)
{
    if (partiql_target(s->parsed, &s->keys, &s->target, &c->error) != STATUS_OK) {
        return fail_status(s, &c->error);
    }
    return statement_key(c, s) && statement_condition(c, s);
}

/* Running */

/* What a call on the table said, if it failed. */
static bool note(struct statement *s, enum table_result result, const struct table_reply *reply)
{
    switch (result) {
    case TABLE_OK:
        return true;
    case TABLE_CONDITION_FAILED:
        return partiql_kind(s->parsed) == PARTIQL_INSERT
                   ? fail(s, ERROR_DuplicateItemException, "Duplicate primary key exists in table")
                   : fail(s, ERROR_ConditionalCheckFailedException,
                          "The conditional request failed");
    case TABLE_THROTTLED:
        return fail(s,
                    reply->throttled.reason == THROTTLE_ACCOUNT ? ERROR_RequestLimitExceeded
                    : s->table->on_demand                       ? ERROR_ThrottlingException
                                          : ERROR_ProvisionedThroughputExceededException,
                    "The level of configured provisioned throughput for the table was exceeded. "
                    "Consider increasing your provisioning level with the UpdateTable API.");
    case TABLE_CONFLICT:
        return fail(s, ERROR_TransactionConflictException, "Transaction is ongoing for the item");
    case TABLE_COLLECTION_FULL:
        return fail(s, ERROR_ItemCollectionSizeLimitExceededException, "Collection size exceeded.");
    case TABLE_INVALID:
        return invalid(s, table_message(s->table->table));
    case TABLE_FULL:
        break;
    }
    return fail(s, ERROR_InternalServerError, "%s", table_message(s->table->table));
}

static enum table_result run_write(struct api_call *c, struct statement *s,
                                   struct table_reply *reply)
{
    struct table *t = s->table->table;
    const struct value *values = partiql_values(s->parsed);
    c->writes = true;
    switch (partiql_kind(s->parsed)) {
    case PARTIQL_INSERT:
        return table_put(t, c->now, partiql_item(s->parsed), s->where, values, reply);
    case PARTIQL_UPDATE:
        return table_update(t, c->now, s->key, s->update, s->where, values, reply);
    case PARTIQL_DELETE:
        return table_delete(t, c->now, s->key, s->where, values, reply);
    case PARTIQL_SELECT:
    case PARTIQL_EXISTS:
        break;
    }
    assert_failed("the statement writes", __FILE__, __LINE__);
}

static bool check_write(struct statement *s)
{
    if (partiql_kind(s->parsed) == PARTIQL_EXISTS) {
        return invalid(s, "EXISTS can only be used in ExecuteTransaction write requests.");
    }
    return partiql_kind(s->parsed) == PARTIQL_INSERT || names_item(s) ||
           invalid(s, "Where clause does not contain a mandatory equality on all key attributes");
}

/* What RETURNING asks for; size 0: nothing. Source: DDB-PARTIQL-6. */
static struct item returned(struct api_call *c, const struct statement *s,
                            const struct table_reply *reply)
{
    enum partiql_returning returning = partiql_returning(s->parsed);
    bool old =
        returning == PARTIQL_RETURNING_ALL_OLD || returning == PARTIQL_RETURNING_MODIFIED_OLD;
    struct item item = old ? reply->old : reply->new;
    struct item nothing = {{0}};
    if (returning == PARTIQL_RETURNING_NONE || item.bytes.size == 0) {
        return nothing;
    }
    if (returning == PARTIQL_RETURNING_ALL_OLD || returning == PARTIQL_RETURNING_ALL_NEW) {
        return item;
    }
    struct item_writer w = api_room(c);
    expression_updated(s->update, item, &w);
    struct item part = item_written(&w);
    return item_count(part) == 0 ? nothing : part;
}

/* The columns of a SELECT in an item. */
static struct item projected(struct api_call *c, const struct statement *s, struct item item)
{
    struct item_writer w = api_room(c);
    partiql_project(s->parsed, item, &w);
    return item_written(&w);
}

/* Reads the one item of a SELECT that names it. Size 0: there is none. */
static enum table_result run_get(struct api_call *c, struct statement *s, bool consistent,
                                 struct item *item, struct table_reply *reply)
{
    struct instant as_of = consistent ? c->now : api_as_of(c, s->table, TABLE_BASE);
    return table_get(s->table->table, c->now, as_of, s->key, item, reply);
}

/* Whether a SELECT reads one item and asks nothing else; `operation` is named where it does not. */
static bool check_get(struct api_call *c, struct statement *s, const char *operation)
{
    struct partiql_plan plan;
    if (s->index == TABLE_BASE && s->target.exact && names_item(s)) {
        return true;
    }
    if (partiql_plan(s->parsed, &s->keys, &plan, &c->error) != STATUS_OK) {
        return fail_status(s, &c->error);
    }
    return fail(s, ERROR_ValidationException,
                "Select statements within %s must specify the primary key in the where clause.",
                operation);
}

/* ExecuteStatement */

/* Says why a statement failed. */
static bool answer_failure(struct api_call *c, const struct statement *s)
{
    return api_fail(c, s->error, "%s", s->message);
}

static bool fail_table(struct api_call *c, struct statement *s, enum table_result result,
                       const struct table_reply *reply)
{
    if (result == TABLE_CONDITION_FAILED && partiql_kind(s->parsed) == PARTIQL_INSERT) {
        (void)note(s, result, reply);
        return answer_failure(c, s);
    }
    return api_fail_table(c, s->table, result, reply);
}

static bool execute_write(struct api_call *c, struct statement *s)
{
    struct api_consumed consumed;
    struct table_reply reply;
    if (!statement_target(c, s) || !check_write(s)) {
        return answer_failure(c, s);
    }
    api_consumed_begin(&consumed, s->table);
    enum table_result result = run_write(c, s, &reply);
    if (result != TABLE_OK) {
        return fail_table(c, s, result, &reply);
    }
    json_open(&c->out, '{');
    json_name(&c->out, TEXT("Items"));
    json_open(&c->out, '[');
    struct item item = returned(c, s, &reply);
    if (item.bytes.size > 0) {
        attribute_json_write_item(&c->out, item);
    }
    json_close(&c->out, ']');
    api_put_consumed(c, &consumed, s->table);
    json_close(&c->out, '}');
    return true;
}

/* "[a, b]": the attributes that an index does not hold, of the columns or of the filter. */
static const char *not_projected(const struct statement *s, bool columns, char *text, size_t size)
{
    struct text_writer w = text_writer(text, size);
    struct text root;
    for (uint32_t i = 0; columns ? partiql_column(s->parsed, i, &root)
                                 : partiql_filtered(s->parsed, &s->keys, i, &root);
         i++) {
        if (!table_index_projects(s->table->table, s->index, root)) {
            text_put(&w, w.size == 0 ? TEXT("[") : TEXT(", "));
            text_put(&w, root);
        }
    }
    if (w.size == 0) {
        return NULL;
    }
    text_put_char(&w, ']');
    return text_writer_string(&w);
}

/* Holds a SELECT to what its index has. A local index can fetch the rest of its items. Source:
 * DDB-PARTIQL-10. */
static bool check_index(struct statement *s, struct partiql_read *read)
{
    char names[300];
    if (s->index == TABLE_BASE) {
        return true;
    }
    const struct table_index_config *index = &s->table->config.indexes[s->index];
    if (read->consistent && !index->local) {
        return invalid(s, "Strongly consistent read is not supported on Global Secondary Indexes");
    }
    const char *filter = not_projected(s, false, names, sizeof names);
    if (filter != NULL && read->plan->keyed) {
        return fail(s, ERROR_ValidationException,
                    "One or more parameter values were invalid: Secondary index %s does not "
                    "project one or more filter attributes: %s",
                    index->name, filter);
    }
    const char *columns = not_projected(s, true, names, sizeof names);
    read->fetch = columns != NULL;
    return columns == NULL || index->local ||
           fail(s, ERROR_ValidationException,
                "One or more parameter values were invalid: Global secondary index %s does not "
                "project %s",
                index->name, columns);
}

/* Where a SELECT goes on, as a client holds it: the range, a hash of all that must be the same, and
 * the table's key. */
struct token_head {
    uint64_t same;
    uint32_t range;
    uint32_t key_bytes;
};

static uint64_t token_hash(const struct statement *s, const struct token_head *head,
                           struct text key)
{
    struct text statement = api_text(&s->structure, "Statement");
    struct value parameters = value_null();
    (void)shape_get(&s->structure, "Parameters", &parameters);
    uint64_t hash = hash64(statement.at, statement.size, head->range);
    if (parameters.type == TYPE_L) {
        hash = hash64(parameters.bytes.at, parameters.bytes.size, hash);
    }
    return hash64(key.at, key.size, hash);
}

static bool read_token(struct api_call *c, struct statement *s, const struct partiql_plan *plan,
                       struct partiql_place *place)
{
    struct text token = api_text(&c->request, "NextToken");
    struct token_head head;
    size_t size;
    *place = (struct partiql_place){0};
    if (token.size == 0) {
        return true;
    }
    char *bytes = api_take(c, token.size);
    if (bytes == NULL) {
        return fail(s, ERROR_InternalServerError, "out of memory for the request");
    }
    if (base64_decode(token, bytes, &size, &c->error) == STATUS_OK && size >= sizeof head) {
        memcpy(&head, bytes, sizeof head);
        place->range = head.range;
        place->key = (struct text){bytes + sizeof head, size - sizeof head};
        uint32_t ranges = plan->keyed ? plan->count : 1;
        if (head.same == token_hash(s, &head, place->key) && head.range < ranges &&
            head.key_bytes == place->key.size) {
            return true;
        }
    }
    return invalid(s, "NextToken is not one of this statement");
}

static void put_next(struct api_call *c, const struct statement *s, struct partiql_place next)
{
    struct token_head head = {.range = next.range, .key_bytes = (uint32_t)next.key.size};
    char bytes[sizeof head + TABLE_START_KEY_MAX];
    size_t size = sizeof head + next.key.size;
    ASSERT(size <= sizeof bytes);
    head.same = token_hash(s, &head, next.key);
    memcpy(bytes, &head, sizeof head);
    if (next.key.size > 0) {
        memcpy(bytes + sizeof head, next.key.at, next.key.size);
    }
    json_name(&c->out, TEXT("NextToken"));
    struct text_writer *w = json_put_raw(&c->out);
    text_put_char(w, '"');
    text_put_base64(w, (struct text){bytes, size});
    text_put_char(w, '"');
    struct item_writer key = api_room(c);
    if (next.key.size > 0 && table_key_of(s->table->table, s->index, next.key, &key)) {
        json_name(&c->out, TEXT("LastEvaluatedKey"));
        attribute_json_write_item(&c->out, item_written(&key));
    }
}

/* Who writes the items of a page. */
struct selection {
    struct api_call *c;
    const struct statement *s;
};

static void put_selected(void *self, struct item item)
{
    const struct selection *selection = self;
    attribute_json_write_item(&selection->c->out, projected(selection->c, selection->s, item));
}

static bool execute_select(struct api_call *c, struct statement *s)
{
    struct partiql_plan plan;
    struct partiql_place place;
    struct partiql_page page;
    struct api_consumed consumed;
    struct selection selection = {c, s};
    struct partiql_read read = {.statement = s->parsed,
                                .plan = &plan,
                                .keys = &s->keys,
                                .where = s->where,
                                .table = s->table->table,
                                .index = s->index,
                                .consistent = api_flag(&c->request, "ConsistentRead", false),
                                .limit = (uint32_t)api_integer(&c->request, "Limit", 0),
                                .visit = put_selected,
                                .self = &selection};
    if (partiql_plan(s->parsed, &s->keys, &plan, &c->error) != STATUS_OK) {
        (void)fail_status(s, &c->error);
        return answer_failure(c, s);
    }
    if (!check_index(s, &read) || !read_token(c, s, &plan, &place)) {
        return answer_failure(c, s);
    }
    read.as_of = read.consistent ? c->now : api_as_of(c, s->table, s->index);
    api_consumed_begin(&consumed, s->table);
    json_open(&c->out, '{');
    json_name(&c->out, TEXT("Items"));
    json_open(&c->out, '[');
    enum table_result result = partiql_read_page(&read, c->now, place, &page);
    if (result != TABLE_OK) {
        const struct table_reply reply = {.throttled = page.throttled};
        if (page.refused) {
            (void)fail_status(s, &page.error);
            return answer_failure(c, s);
        }
        return api_fail_table(c, s->table, result, &reply);
    }
    json_close(&c->out, ']');
    if (page.more) {
        put_next(c, s, page.next);
    }
    api_put_consumed(c, &consumed, s->table);
    json_close(&c->out, '}');
    return true;
}

static bool run_statement(struct api_call *c, struct statement *s)
{
    if (!statement_read(c, &c->request, s) || !statement_table(c, s) || !statement_keys(s)) {
        return answer_failure(c, s);
    }
    return is_read(s) ? execute_select(c, s) : execute_write(c, s);
}

static bool execute_statement(struct api_call *c)
{
    struct statement s;
    bool done = run_statement(c, &s);
    statement_free(&s);
    return done;
}

/* Several statements */

/* Reads the statements of a list; NULL where there is no memory. */
static struct statement *read_statements(struct api_call *c, const char *member, uint32_t *count)
{
    struct value list;
    struct value element;
    struct text name;
    (void)shape_get(&c->request, member, &list);
    struct item_cursor cursor = item_cursor((struct item){list.bytes});
    struct statement *statements =
        api_take(c, item_count((struct item){list.bytes}) * sizeof *statements);
    *count = 0;
    while (statements != NULL && item_next(&cursor, &name, &element)) {
        (void)statement_read(c, &element, &statements[(*count)++]);
    }
    return statements;
}

static void free_statements(struct statement *statements, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        statement_free(&statements[i]);
    }
}

/* What the machine refused refuses the request, before anything is done; each statement fails by
 * itself for any other reason. */
static bool check_refused(struct api_call *c, const struct statement *statements, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (statements[i].failed && statements[i].error == ERROR_InternalServerError) {
            return answer_failure(c, &statements[i]);
        }
    }
    return true;
}

/* Whether the statements that could be read all read, or all write. */
static bool of_one_kind(const struct statement *statements, uint32_t count)
{
    bool reads = false;
    bool writes = false;
    for (uint32_t i = 0; i < count; i++) {
        reads = reads || is_read(&statements[i]);
        writes = writes || (statements[i].parsed != NULL && !is_read(&statements[i]));
    }
    return !reads || !writes;
}

/* BatchExecuteStatement */

/* The code of a failure in a batch. */
static const char *error_code(enum api_error error)
{
    switch ((int)error) {
    case ERROR_ConditionalCheckFailedException:
        return "ConditionalCheckFailed";
    case ERROR_DuplicateItemException:
        return "DuplicateItem";
    case ERROR_ItemCollectionSizeLimitExceededException:
        return "ItemCollectionSizeLimitExceeded";
    case ERROR_ProvisionedThroughputExceededException:
        return "ProvisionedThroughputExceeded";
    case ERROR_RequestLimitExceeded:
        return "RequestLimitExceeded";
    case ERROR_ResourceNotFoundException:
        return "ResourceNotFound";
    case ERROR_ThrottlingException:
        return "ThrottlingError";
    case ERROR_TransactionConflictException:
        return "TransactionConflict";
    case ERROR_ValidationException:
        return "ValidationError";
    default:
        return "InternalServerError";
    }
}

static void put_error(struct api_call *c, const struct statement *s)
{
    json_name(&c->out, TEXT("Error"));
    json_open(&c->out, '{');
    json_name(&c->out, TEXT("Code"));
    json_put_text(&c->out, text_from(error_code(s->error)));
    json_name(&c->out, TEXT("Message"));
    json_put_text(&c->out, text_from(s->message));
    json_close(&c->out, '}');
}

/* Makes a statement of a batch ready to run; what is wrong with it is noted. */
static bool prepare_member(struct api_call *c, struct statement *s)
{
    return statement_target(c, s) &&
           (is_read(s) ? check_get(c, s, "BatchExecuteStatement") : check_write(s));
}

/* Runs a statement of a batch that is ready; returns the item for the answer, of size 0: none. */
static struct item run_member(struct api_call *c, struct statement *s)
{
    struct table_reply reply = {0};
    struct item item = {{0}};
    if (is_read(s)) {
        bool consistent = api_flag(&s->structure, "ConsistentRead", false);
        enum table_result result = run_get(c, s, consistent, &item, &reply);
        if (note(s, result, &reply) && item.bytes.size > 0) {
            item = projected(c, s, item);
        }
    } else if (note(s, run_write(c, s, &reply), &reply)) {
        item = returned(c, s, &reply);
    }
    return item;
}

/* A statement that came as far as its table names it. */
static void put_member(struct api_call *c, struct statement *s)
{
    bool ready = !s->failed;
    struct item item = ready ? run_member(c, s) : (struct item){0};
    json_open(&c->out, '{');
    if (ready) {
        json_name(&c->out, TEXT("TableName"));
        json_put_text(&c->out, s->table->name);
    }
    if (s->failed) {
        put_error(c, s);
    } else if (item.bytes.size > 0) {
        json_name(&c->out, TEXT("Item"));
        attribute_json_write_item(&c->out, item);
    }
    json_close(&c->out, '}');
}

static void put_batch_consumed(struct api_call *c, const struct api_transaction *x)
{
    bool indexes = api_is(&c->request, "ReturnConsumedCapacity", "INDEXES");
    if (!indexes && !api_is(&c->request, "ReturnConsumedCapacity", "TOTAL")) {
        return;
    }
    json_name(&c->out, TEXT("ConsumedCapacity"));
    json_open(&c->out, '[');
    for (uint32_t i = 0; i < x->distinct_count; i++) {
        api_put_consumed_of(c, &x->consumed[i], x->distinct[i], indexes);
    }
    json_close(&c->out, ']');
}

static bool run_batch(struct api_call *c, struct statement *statements, uint32_t count)
{
    struct api_transaction *x = api_transaction(c, count);
    if (x == NULL || !check_refused(c, statements, count)) {
        return false;
    }
    if (!of_one_kind(statements, count)) {
        return api_invalid(c, "BatchExecuteStatement API does not support both read and write "
                              "operations in the same request.");
    }
    for (uint32_t i = 0; i < count; i++) {
        struct statement *s = &statements[i];
        bool found = !s->failed && statement_table(c, s) && statement_keys(s);
        x->tables[i] = found ? s->table : NULL;
        (void)(found && prepare_member(c, s));
    }
    if (!check_refused(c, statements, count)) {
        return false;
    }
    api_transaction_begin(x);
    json_open(&c->out, '{');
    json_name(&c->out, TEXT("Responses"));
    json_open(&c->out, '[');
    for (uint32_t i = 0; i < count; i++) {
        put_member(c, &statements[i]);
    }
    json_close(&c->out, ']');
    put_batch_consumed(c, x);
    json_close(&c->out, '}');
    return true;
}

static bool batch_execute_statement(struct api_call *c)
{
    uint32_t count;
    struct statement *statements = read_statements(c, "Statements", &count);
    if (statements == NULL) {
        return api_full(c);
    }
    bool done = run_batch(c, statements, count);
    free_statements(statements, count);
    return done;
}

/* ExecuteTransaction */

/* What a statement must be in a transaction, once its table is known. Source: DDB-PARTIQL-12. */
static bool check_member(struct api_call *c, struct statement *s)
{
    enum partiql_kind kind = partiql_kind(s->parsed);
    if (is_read(s) && partiql_index(s->parsed).size > 0) {
        return invalid(s, "Reads on indices are not supported within transactions.");
    }
    if (partiql_returning(s->parsed) != PARTIQL_RETURNING_NONE) {
        return invalid(s, "RETURNING clause is not supported in ExecuteTransaction.");
    }
    if (!statement_keys(s)) {
        return false;
    }
    if (partiql_target(s->parsed, &s->keys, &s->target, &c->error) != STATUS_OK) {
        s->target = (struct partiql_target){PARTIQL_NO_VALUE, PARTIQL_NO_VALUE, false};
    }
    if (!statement_key(c, s) || !statement_condition(c, s)) {
        return false;
    }
    if (kind == PARTIQL_EXISTS && (s->target.exact || !names_item(s))) {
        return invalid(s, "EXISTS() must contain a single item read with additional condition");
    }
    return kind != PARTIQL_SELECT || check_get(c, s, "ExecuteTransaction");
}

static struct table_write write_of(const struct statement *s)
{
    static const enum table_write_kind kinds[] = {
        [PARTIQL_SELECT] = WRITE_CHECK,  [PARTIQL_INSERT] = WRITE_PUT,
        [PARTIQL_UPDATE] = WRITE_UPDATE, [PARTIQL_DELETE] = WRITE_DELETE,
        [PARTIQL_EXISTS] = WRITE_CHECK,
    };
    enum partiql_kind kind = partiql_kind(s->parsed);
    return (struct table_write){.table = s->table->table,
                                .kind = kinds[kind],
                                .item = kind == PARTIQL_INSERT ? partiql_item(s->parsed) : s->key,
                                .update = s->update,
                                .condition = s->where,
                                .values = partiql_values(s->parsed)};
}

/* Checks all statements; tables that are missing cancel, but only where nothing else is wrong. */
static bool check_members(struct api_call *c, struct statement *statements,
                          struct api_transaction *x)
{
    bool missing = false;
    for (uint32_t i = 0; i < x->count; i++) {
        struct statement *s = &statements[i];
        if (s->failed && s->parameters) {
            return answer_failure(c, s);
        }
    }
    for (uint32_t i = 0; i < x->count; i++) {
        struct statement *s = &statements[i];
        if (!s->failed && !statement_table(c, s)) {
            missing = true;
            x->reasons[i].code = CANCELLATION_NOT_FOUND;
            (void)snprintf(x->reasons[i].message, sizeof x->reasons[i].message, "%s", s->message);
        } else if (s->failed || !check_member(c, s)) {
            return s->error == ERROR_InternalServerError
                       ? answer_failure(c, s)
                       : api_fail(c, s->error, "Validation failed in TransactStatements[%u]: %s", i,
                                  s->message);
        } else {
            x->tables[i] = s->table;
            x->writes[i] = write_of(s);
            x->inserts[i] = partiql_kind(s->parsed) == PARTIQL_INSERT;
            x->old_wanted[i] =
                api_is(&s->structure, "ReturnValuesOnConditionCheckFailure", "ALL_OLD");
        }
    }
    if (!of_one_kind(statements, x->count)) {
        return api_invalid(c, "ExecuteTransaction API does not support both read and write "
                              "operations in the same request.");
    }
    return !missing || api_fail_cancelled(c, x, x->reasons);
}

static bool run_transaction(struct api_call *c, struct statement *statements, uint32_t count)
{
    struct transaction_reply reply;
    struct api_transaction *x = api_transaction(c, count);
    if (x == NULL || !check_refused(c, statements, count) || !check_members(c, statements, x)) {
        return false;
    }
    bool reads = is_read(&statements[0]);
    if (reads ? !api_transact_get(c, x, &reply)
              : !api_transact_write(c, x, "TransactStatements", &reply)) {
        return false;
    }
    json_open(&c->out, '{');
    json_name(&c->out, TEXT("Responses"));
    json_open(&c->out, '[');
    for (uint32_t i = 0; i < count && reads; i++) {
        json_open(&c->out, '{');
        if (reply.items[i].bytes.size > 0) {
            json_name(&c->out, TEXT("Item"));
            attribute_json_write_item(&c->out, projected(c, &statements[i], reply.items[i]));
        }
        json_close(&c->out, '}');
    }
    json_close(&c->out, ']');
    api_put_transaction_consumed(c, x);
    json_close(&c->out, '}');
    return true;
}

static bool execute_transaction(struct api_call *c)
{
    uint32_t count;
    struct statement *statements = read_statements(c, "TransactStatements", &count);
    if (statements == NULL) {
        return api_full(c);
    }
    bool done = run_transaction(c, statements, count);
    free_statements(statements, count);
    return done;
}

const struct api_operation api_partiql_operations[] = {
    {"ExecuteStatement",      &EXECUTE,     execute_statement      },
    {"BatchExecuteStatement", &BATCH,       batch_execute_statement},
    {"ExecuteTransaction",    &TRANSACTION, execute_transaction    },
    {NULL,                    NULL,         NULL                   },
};

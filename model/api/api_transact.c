/* api_transact.c: TransactWriteItems and TransactGetItems, and what PartiQL's transactions answer
 * in the same form; see api_state.h. Sources: DDB-TRANSACT-*. */
#include "model/api/api_state.h"

#include <stdio.h>

/* Requests */

static const struct shape_member CHECK_MEMBERS[] = {
    {"Key",                                 REQUIRED, &SHAPE_ATTRIBUTE_MAP},
    {"TableName",                           REQUIRED, &SHAPE_TABLE_NAME   },
    {"ConditionExpression",                 REQUIRED, &SHAPE_ANY_STRING   },
    {"ExpressionAttributeNames",            OPTIONAL, &SHAPE_NAMES        },
    {"ExpressionAttributeValues",           OPTIONAL, &SHAPE_ATTRIBUTE_MAP},
    {"ReturnValuesOnConditionCheckFailure", OPTIONAL, &SHAPE_ON_FAILURE   },
    {NULL,                                  OPTIONAL, NULL                },
};
static const struct shape_member PUT_MEMBERS[] = {
    {"Item",                                REQUIRED, &SHAPE_ATTRIBUTE_MAP},
    {"TableName",                           REQUIRED, &SHAPE_TABLE_NAME   },
    {"ConditionExpression",                 OPTIONAL, &SHAPE_ANY_STRING   },
    {"ExpressionAttributeNames",            OPTIONAL, &SHAPE_NAMES        },
    {"ExpressionAttributeValues",           OPTIONAL, &SHAPE_ATTRIBUTE_MAP},
    {"ReturnValuesOnConditionCheckFailure", OPTIONAL, &SHAPE_ON_FAILURE   },
    {NULL,                                  OPTIONAL, NULL                },
};
static const struct shape_member DELETE_MEMBERS[] = {
    {"Key",                                 REQUIRED, &SHAPE_ATTRIBUTE_MAP},
    {"TableName",                           REQUIRED, &SHAPE_TABLE_NAME   },
    {"ConditionExpression",                 OPTIONAL, &SHAPE_ANY_STRING   },
    {"ExpressionAttributeNames",            OPTIONAL, &SHAPE_NAMES        },
    {"ExpressionAttributeValues",           OPTIONAL, &SHAPE_ATTRIBUTE_MAP},
    {"ReturnValuesOnConditionCheckFailure", OPTIONAL, &SHAPE_ON_FAILURE   },
    {NULL,                                  OPTIONAL, NULL                },
};
static const struct shape_member UPDATE_MEMBERS[] = {
    {"Key",                                 REQUIRED, &SHAPE_ATTRIBUTE_MAP},
    {"UpdateExpression",                    REQUIRED, &SHAPE_ANY_STRING   },
    {"TableName",                           REQUIRED, &SHAPE_TABLE_NAME   },
    {"ConditionExpression",                 OPTIONAL, &SHAPE_ANY_STRING   },
    {"ExpressionAttributeNames",            OPTIONAL, &SHAPE_NAMES        },
    {"ExpressionAttributeValues",           OPTIONAL, &SHAPE_ATTRIBUTE_MAP},
    {"ReturnValuesOnConditionCheckFailure", OPTIONAL, &SHAPE_ON_FAILURE   },
    {NULL,                                  OPTIONAL, NULL                },
};
static const struct shape CHECK = {
    .kind = SHAPE_STRUCTURE, .type = "ConditionCheck", .members = CHECK_MEMBERS};
static const struct shape PUT = {.kind = SHAPE_STRUCTURE, .type = "Put", .members = PUT_MEMBERS};
static const struct shape DELETE = {
    .kind = SHAPE_STRUCTURE, .type = "Delete", .members = DELETE_MEMBERS};
static const struct shape UPDATE = {
    .kind = SHAPE_STRUCTURE, .type = "Update", .members = UPDATE_MEMBERS};

static const struct shape_member WRITE_MEMBERS[] = {
    {"ConditionCheck", OPTIONAL, &CHECK },
    {"Put",            OPTIONAL, &PUT   },
    {"Delete",         OPTIONAL, &DELETE},
    {"Update",         OPTIONAL, &UPDATE},
    {NULL,             OPTIONAL, NULL   },
};
static const struct shape WRITE = {
    .kind = SHAPE_STRUCTURE, .type = "TransactWriteItem", .members = WRITE_MEMBERS};
static const struct shape WRITES = {
    .kind = SHAPE_LIST, .element = &WRITE, .least = 1, .most = TRANSACTION_ITEMS_MAX};
const struct shape SHAPE_TOKEN = {.kind = SHAPE_STRING, .least = 1, .most = 36};
static const struct shape_member WRITE_ITEMS_MEMBERS[] = {
    {"TransactItems",               REQUIRED, &WRITES        },
    {"ReturnConsumedCapacity",      OPTIONAL, &SHAPE_CONSUMED},
    {"ReturnItemCollectionMetrics", OPTIONAL, &SHAPE_METRICS },
    {"ClientRequestToken",          OPTIONAL, &SHAPE_TOKEN   },
    {NULL,                          OPTIONAL, NULL           },
};
static const struct shape WRITE_ITEMS = {.kind = SHAPE_STRUCTURE, .members = WRITE_ITEMS_MEMBERS};

static const struct shape_member GET_MEMBERS[] = {
    {"Key",                      REQUIRED, &SHAPE_ATTRIBUTE_MAP},
    {"TableName",                REQUIRED, &SHAPE_TABLE_NAME   },
    {"ProjectionExpression",     OPTIONAL, &SHAPE_ANY_STRING   },
    {"ExpressionAttributeNames", OPTIONAL, &SHAPE_NAMES        },
    {NULL,                       OPTIONAL, NULL                },
};
static const struct shape GET = {.kind = SHAPE_STRUCTURE, .type = "Get", .members = GET_MEMBERS};
static const struct shape_member READ_MEMBERS[] = {
    {"Get", REQUIRED, &GET},
    {NULL,  OPTIONAL, NULL},
};
static const struct shape READ = {
    .kind = SHAPE_STRUCTURE, .type = "TransactGetItem", .members = READ_MEMBERS};
static const struct shape READS = {
    .kind = SHAPE_LIST, .element = &READ, .least = 1, .most = TRANSACTION_ITEMS_MAX};
static const struct shape_member GET_ITEMS_MEMBERS[] = {
    {"TransactItems",          REQUIRED, &READS         },
    {"ReturnConsumedCapacity", OPTIONAL, &SHAPE_CONSUMED},
    {NULL,                     OPTIONAL, NULL           },
};
static const struct shape GET_ITEMS = {.kind = SHAPE_STRUCTURE, .members = GET_ITEMS_MEMBERS};

/* The kinds of writes, as a request names them. */
static const struct action {
    const char *name;
    enum table_write_kind kind;
    const char *item; /* the member that has the item or the key */
} ACTIONS[] = {
    {"ConditionCheck", WRITE_CHECK,  "Key" },
    {"Put",            WRITE_PUT,    "Item"},
    {"Delete",         WRITE_DELETE, "Key" },
    {"Update",         WRITE_UPDATE, "Key" },
};

enum { ACTIONS_COUNT = sizeof ACTIONS / sizeof ACTIONS[0], UPDATING = 0, CONDITION = 1 };

static const struct api_expression EXPRESSIONS[] = {
    {"UpdateExpression",    EXPRESSION_UPDATE   },
    {"ConditionExpression", EXPRESSION_CONDITION},
    {NULL,                  EXPRESSION_CONDITION},
};
static const struct api_expression PROJECTIONS[] = {
    {"ProjectionExpression", EXPRESSION_PROJECTION},
    {NULL,                   EXPRESSION_PROJECTION},
};
static const char *const NO_LEGACY[] = {NULL};

/* What every transaction has */

struct api_transaction *api_transaction(struct api_call *c, uint32_t count)
{
    struct api_transaction *x = api_take(c, sizeof *x);
    if (x == NULL) {
        (void)api_full(c);
        return NULL;
    }
    memset(x, 0, sizeof *x);
    x->count = count;
    return x;
}

void api_transaction_begin(struct api_transaction *x)
{
    for (uint32_t i = 0; i < x->count; i++) {
        const struct api_table *t = x->tables[i];
        uint32_t at = 0;
        if (t == NULL) {
            continue;
        }
        while (at < x->distinct_count && text_compare(x->distinct[at]->name, t->name) < 0) {
            at++;
        }
        if (at < x->distinct_count && x->distinct[at] == t) {
            continue;
        }
        memmove(x->distinct + at + 1, x->distinct + at,
                (x->distinct_count - at) * sizeof(struct api_table *));
        x->distinct[at] = t;
        x->distinct_count++;
    }
    for (uint32_t i = 0; i < x->distinct_count; i++) {
        api_consumed_begin(&x->consumed[i], x->distinct[i]);
    }
}

/* Units of one side, as CapacityUnits and under the side's own name. */
static void put_units(struct json_writer *w, int64_t rcu_milli, int64_t wcu_milli)
{
    json_name(w, TEXT("CapacityUnits"));
    json_put_milli(w, rcu_milli + wcu_milli);
    if (rcu_milli > 0) {
        json_name(w, TEXT("ReadCapacityUnits"));
        json_put_milli(w, rcu_milli);
    }
    if (wcu_milli > 0) {
        json_name(w, TEXT("WriteCapacityUnits"));
        json_put_milli(w, wcu_milli);
    }
}

static void put_index_units(struct json_writer *w, const struct table_consumed *used,
                            const struct api_table *t, bool local)
{
    bool open = false;
    for (uint32_t i = 0; i < t->config.indexes_count; i++) {
        const struct table_consumed *u = &used[1 + i];
        if (t->config.indexes[i].local != local || u->rcu_milli + u->wcu_milli == 0) {
            continue;
        }
        if (!open) {
            json_name(w, local ? TEXT("LocalSecondaryIndexes") : TEXT("GlobalSecondaryIndexes"));
            json_open(w, '{');
        }
        open = true;
        json_name(w, text_from(t->config.indexes[i].name));
        json_open(w, '{');
        put_units(w, u->rcu_milli, u->wcu_milli);
        json_close(w, '}');
    }
    if (open) {
        json_close(w, '}');
    }
}

static void put_table_consumed(struct json_writer *w, const struct api_consumed *consumed,
                               const struct api_table *t, bool indexes)
{
    struct table_consumed used[1 + API_INDEXES_MAX];
    struct table_consumed all = {0};
    for (uint32_t i = 0; i <= t->config.indexes_count; i++) {
        used[i] = table_consumed(t->table, (int32_t)i - 1);
        used[i].rcu_milli -= consumed->before[i].rcu_milli;
        used[i].wcu_milli -= consumed->before[i].wcu_milli;
        all.rcu_milli += used[i].rcu_milli;
        all.wcu_milli += used[i].wcu_milli;
    }
    json_open(w, '{');
    json_name(w, TEXT("TableName"));
    json_put_text(w, t->name);
    put_units(w, all.rcu_milli, all.wcu_milli);
    if (indexes) {
        json_name(w, TEXT("Table"));
        json_open(w, '{');
        put_units(w, used[0].rcu_milli, used[0].wcu_milli);
        json_close(w, '}');
        put_index_units(w, used, t, true);
        put_index_units(w, used, t, false);
    }
    json_close(w, '}');
}

void api_put_transaction_consumed(struct api_call *c, const struct api_transaction *x)
{
    bool indexes = api_is(&c->request, "ReturnConsumedCapacity", "INDEXES");
    if (!indexes && !api_is(&c->request, "ReturnConsumedCapacity", "TOTAL")) {
        return;
    }
    json_name(&c->out, TEXT("ConsumedCapacity"));
    json_open(&c->out, '[');
    for (uint32_t i = 0; i < x->distinct_count; i++) {
        put_table_consumed(&c->out, &x->consumed[i], x->distinct[i], indexes);
    }
    json_close(&c->out, ']');
}

static void put_reason(struct api_call *c, const struct cancellation *reason, bool old)
{
    json_open(&c->out, '{');
    json_name(&c->out, TEXT("Code"));
    json_put_text(&c->out, text_from(cancellation_text(reason->code)));
    if (reason->code != CANCELLATION_NONE) {
        json_name(&c->out, TEXT("Message"));
        json_put_text(&c->out, text_from(reason->message));
    }
    if (old && reason->code == CANCELLATION_CONDITION_FAILED && reason->old.bytes.size > 0) {
        json_name(&c->out, TEXT("Item"));
        attribute_json_write_item(&c->out, reason->old);
    }
    json_close(&c->out, '}');
}

bool api_fail_cancelled(struct api_call *c, const struct api_transaction *x,
                        const struct cancellation *reasons)
{
    char message[100 + TRANSACTION_ITEMS_MAX * 40];
    struct text_writer w = text_writer(message, sizeof message);
    text_put(&w, TEXT("Transaction cancelled, please refer cancellation reasons for specific "
                      "reasons ["));
    for (uint32_t i = 0; i < x->count; i++) {
        text_put(&w, i == 0 ? TEXT("") : TEXT(", "));
        text_put(&w, text_from(cancellation_text(reasons[i].code)));
    }
    text_put_char(&w, ']');
    api_fail_open(c, ERROR_TransactionCanceledException, text_writer_string(&w));
    json_name(&c->out, TEXT("CancellationReasons"));
    json_open(&c->out, '[');
    for (uint32_t i = 0; i < x->count; i++) {
        put_reason(c, &reasons[i], x->old_wanted[i]);
    }
    json_close(&c->out, ']');
    json_close(&c->out, '}');
    return false;
}

/* What is said of a transaction that was not made. */
static bool fail_transaction(struct api_call *c, const struct api_transaction *x,
                             enum transaction_result result, const struct transaction_reply *reply)
{
    switch (result) {
    case TRANSACTION_CANCELLED:
        return api_fail_cancelled(c, x, reply->reasons);
    case TRANSACTION_INVALID:
        return api_invalid(c, "%s", reply->message);
    case TRANSACTION_IN_PROGRESS:
        return api_fail(c, ERROR_TransactionInProgressException,
                        "The transaction with the given request token is already in progress");
    case TRANSACTION_MISMATCH:
        return api_fail(c, ERROR_IdempotentParameterMismatchException,
                        "DynamoDB rejected the request because you retried a request with a "
                        "different payload but with an idempotent token that was already used.");
    case TRANSACTION_OK:
    case TRANSACTION_FULL:
        break;
    }
    return api_fail(c, ERROR_InternalServerError, "%s", reply->message);
}

bool api_transact_write(struct api_call *c, struct api_transaction *x, const char *member,
                        struct transaction_reply *reply)
{
    struct value body;
    const struct transaction_request request = {
        api_text(&c->request, "ClientRequestToken"),
        shape_get(&c->request, member, &body) ? hash128(body.bytes.at, body.bytes.size)
                                              : (struct hash128){0},
    };
    c->writes = true;
    api_transaction_begin(x);
    enum transaction_result result =
        transactions_write(c->d->transactions, c->now, x->writes, x->count, &request, reply);
    for (uint32_t i = 0; result == TRANSACTION_CANCELLED && i < x->count; i++) {
        x->reasons[i] = reply->reasons[i];
        if (x->inserts[i] && x->reasons[i].code == CANCELLATION_CONDITION_FAILED) {
            x->reasons[i].code = CANCELLATION_DUPLICATE;
            (void)snprintf(x->reasons[i].message, sizeof x->reasons[i].message,
                           "Duplicate primary key exists in table");
        }
    }
    return result == TRANSACTION_OK ||
           (result == TRANSACTION_CANCELLED ? api_fail_cancelled(c, x, x->reasons)
                                            : fail_transaction(c, x, result, reply));
}

bool api_transact_get(struct api_call *c, struct api_transaction *x,
                      struct transaction_reply *reply)
{
    struct table_read reads[TRANSACTION_ITEMS_MAX];
    for (uint32_t i = 0; i < x->count; i++) {
        reads[i] = (struct table_read){x->writes[i].table, x->writes[i].item};
    }
    api_transaction_begin(x);
    enum transaction_result result =
        transactions_get(c->d->transactions, c->now, reads, x->count, reply);
    return result == TRANSACTION_OK || fail_transaction(c, x, result, reply);
}

/* TransactWriteItems */

/* Which of the kinds of writes an element is; exactly one. */
static const struct action *action_of(struct api_call *c, const struct value *element,
                                      struct value *structure)
{
    const struct action *action = NULL;
    uint32_t count = 0;
    for (int i = 0; i < ACTIONS_COUNT; i++) {
        struct value member;
        if (shape_get(element, ACTIONS[i].name, &member)) {
            *structure = member;
            action = &ACTIONS[i];
            count++;
        }
    }
    if (count != 1) {
        (void)api_invalid(c, "TransactItems can only contain one of Check, Put, Update or Delete");
        return NULL;
    }
    return action;
}

static bool read_write(struct api_call *c, const struct value *element, struct api_transaction *x,
                       uint32_t i)
{
    struct value structure;
    struct api_expressions expressions = {0};
    struct table_write *w = &x->writes[i];
    const struct action *action = action_of(c, element, &structure);
    if (action == NULL || !api_check_parameters(c, &structure, EXPRESSIONS, NO_LEGACY) ||
        !api_item(c, &structure, action->item, &w->item) ||
        !api_expressions(c, &structure, EXPRESSIONS, &expressions)) {
        return false;
    }
    w->kind = action->kind;
    w->update = expressions.compiled[UPDATING];
    w->condition = expressions.compiled[CONDITION];
    w->values = expressions.values;
    x->old_wanted[i] = api_is(&structure, "ReturnValuesOnConditionCheckFailure", "ALL_OLD");
    x->names[i] = api_text(&structure, "TableName");
    return true;
}

/* Finds the tables, after everything else of the request is sound. */
static bool find_tables(struct api_call *c, struct api_transaction *x)
{
    for (uint32_t i = 0; i < x->count; i++) {
        x->tables[i] = api_table(c, x->names[i]);
        if (x->tables[i] == NULL) {
            return false;
        }
        x->writes[i].table = x->tables[i]->table;
    }
    return true;
}

static bool transact_write_items(struct api_call *c)
{
    struct value list;
    struct value element;
    struct text name;
    struct transaction_reply reply;
    (void)shape_get(&c->request, "TransactItems", &list);
    struct item_cursor cursor = item_cursor((struct item){list.bytes});
    struct api_transaction *x = api_transaction(c, item_count((struct item){list.bytes}));
    if (x == NULL) {
        return false;
    }
    for (uint32_t i = 0; item_next(&cursor, &name, &element); i++) {
        if (!read_write(c, &element, x, i)) {
            return false;
        }
    }
    if (!find_tables(c, x) || !api_transact_write(c, x, "TransactItems", &reply)) {
        return false;
    }
    json_open(&c->out, '{');
    api_put_transaction_consumed(c, x);
    json_close(&c->out, '}');
    return true;
}

/* TransactGetItems */

static bool transact_get_items(struct api_call *c)
{
    struct value list;
    struct value element;
    struct value get;
    struct text name;
    struct transaction_reply reply;
    struct api_expressions projections[TRANSACTION_ITEMS_MAX];
    memset(projections, 0, sizeof projections);
    (void)shape_get(&c->request, "TransactItems", &list);
    struct item_cursor cursor = item_cursor((struct item){list.bytes});
    struct api_transaction *x = api_transaction(c, item_count((struct item){list.bytes}));
    if (x == NULL) {
        return false;
    }
    for (uint32_t i = 0; item_next(&cursor, &name, &element); i++) {
        (void)shape_get(&element, "Get", &get);
        x->names[i] = api_text(&get, "TableName");
        if (!api_check_parameters(c, &get, PROJECTIONS, NO_LEGACY) ||
            !api_item(c, &get, "Key", &x->writes[i].item) ||
            !api_expressions(c, &get, PROJECTIONS, &projections[i])) {
            return false;
        }
    }
    if (!find_tables(c, x) || !api_transact_get(c, x, &reply)) {
        return false;
    }
    json_open(&c->out, '{');
    json_name(&c->out, TEXT("Responses"));
    json_open(&c->out, '[');
    for (uint32_t i = 0; i < x->count; i++) {
        json_open(&c->out, '{');
        if (reply.items[i].bytes.size > 0) {
            json_name(&c->out, TEXT("Item"));
            api_put_item(c, projections[i].compiled[0], reply.items[i]);
        }
        json_close(&c->out, '}');
    }
    json_close(&c->out, ']');
    api_put_transaction_consumed(c, x);
    json_close(&c->out, '}');
    return true;
}

const struct api_operation api_transact_operations[] = {
    {"TransactWriteItems", &WRITE_ITEMS, transact_write_items},
    {"TransactGetItems",   &GET_ITEMS,   transact_get_items  },
    {NULL,                 NULL,         NULL                },
};

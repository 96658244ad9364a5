/* api_items.c: PutItem, GetItem, UpdateItem, DeleteItem; see api_state.h. Sources: DDB-API-6,
 * DDB-API-8, DDB-API-9, DDB-RETURN-*. */
#include "model/api/api_state.h"

/* Requests */

static const struct shape_member PUT_MEMBERS[] = {
    {"ReturnConsumedCapacity",              OPTIONAL, &SHAPE_CONSUMED     },
    {"TableName",                           REQUIRED, &SHAPE_TABLE_NAME   },
    {"Item",                                REQUIRED, &SHAPE_ATTRIBUTE_MAP},
    {"ConditionalOperator",                 OPTIONAL, &SHAPE_OPERATOR     },
    {"Expected",                            OPTIONAL, &SHAPE_EXPECTED     },
    {"ReturnValues",                        OPTIONAL, &SHAPE_RETURN_VALUES},
    {"ReturnItemCollectionMetrics",         OPTIONAL, &SHAPE_METRICS      },
    {"ConditionExpression",                 OPTIONAL, &SHAPE_ANY_STRING   },
    {"ExpressionAttributeValues",           OPTIONAL, &SHAPE_ATTRIBUTE_MAP},
    {"ExpressionAttributeNames",            OPTIONAL, &SHAPE_NAMES        },
    {"ReturnValuesOnConditionCheckFailure", OPTIONAL, &SHAPE_ON_FAILURE   },
    {NULL,                                  OPTIONAL, NULL                },
};

static const struct shape_member DELETE_MEMBERS[] = {
    {"ReturnConsumedCapacity",              OPTIONAL, &SHAPE_CONSUMED     },
    {"TableName",                           REQUIRED, &SHAPE_TABLE_NAME   },
    {"ReturnValues",                        OPTIONAL, &SHAPE_RETURN_VALUES},
    {"ReturnItemCollectionMetrics",         OPTIONAL, &SHAPE_METRICS      },
    {"Key",                                 REQUIRED, &SHAPE_ATTRIBUTE_MAP},
    {"ConditionalOperator",                 OPTIONAL, &SHAPE_OPERATOR     },
    {"Expected",                            OPTIONAL, &SHAPE_EXPECTED     },
    {"ConditionExpression",                 OPTIONAL, &SHAPE_ANY_STRING   },
    {"ExpressionAttributeValues",           OPTIONAL, &SHAPE_ATTRIBUTE_MAP},
    {"ExpressionAttributeNames",            OPTIONAL, &SHAPE_NAMES        },
    {"ReturnValuesOnConditionCheckFailure", OPTIONAL, &SHAPE_ON_FAILURE   },
    {NULL,                                  OPTIONAL, NULL                },
};

static const struct shape_member UPDATE_MEMBERS[] = {
    {"ReturnConsumedCapacity",              OPTIONAL, &SHAPE_CONSUMED     },
    {"TableName",                           REQUIRED, &SHAPE_TABLE_NAME   },
    {"ReturnItemCollectionMetrics",         OPTIONAL, &SHAPE_METRICS      },
    {"ReturnValues",                        OPTIONAL, &SHAPE_RETURN_VALUES},
    {"Key",                                 REQUIRED, &SHAPE_ATTRIBUTE_MAP},
    {"ConditionalOperator",                 OPTIONAL, &SHAPE_OPERATOR     },
    {"Expected",                            OPTIONAL, &SHAPE_EXPECTED     },
    {"AttributeUpdates",                    OPTIONAL, &SHAPE_UPDATES      },
    {"ConditionExpression",                 OPTIONAL, &SHAPE_ANY_STRING   },
    {"UpdateExpression",                    OPTIONAL, &SHAPE_ANY_STRING   },
    {"ExpressionAttributeValues",           OPTIONAL, &SHAPE_ATTRIBUTE_MAP},
    {"ExpressionAttributeNames",            OPTIONAL, &SHAPE_NAMES        },
    {"ReturnValuesOnConditionCheckFailure", OPTIONAL, &SHAPE_ON_FAILURE   },
    {NULL,                                  OPTIONAL, NULL                },
};

static const struct shape_member GET_MEMBERS[] = {
    {"ReturnConsumedCapacity",   OPTIONAL, &SHAPE_CONSUMED         },
    {"AttributesToGet",          OPTIONAL, &SHAPE_ATTRIBUTES_TO_GET},
    {"TableName",                REQUIRED, &SHAPE_TABLE_NAME       },
    {"Key",                      REQUIRED, &SHAPE_ATTRIBUTE_MAP    },
    {"ConsistentRead",           OPTIONAL, &SHAPE_FLAG             },
    {"ProjectionExpression",     OPTIONAL, &SHAPE_ANY_STRING       },
    {"ExpressionAttributeNames", OPTIONAL, &SHAPE_NAMES            },
    {NULL,                       OPTIONAL, NULL                    },
};

static const struct shape PUT = {.kind = SHAPE_STRUCTURE, .members = PUT_MEMBERS};
static const struct shape DELETE = {.kind = SHAPE_STRUCTURE, .members = DELETE_MEMBERS};
static const struct shape UPDATE = {.kind = SHAPE_STRUCTURE, .members = UPDATE_MEMBERS};
static const struct shape GET = {.kind = SHAPE_STRUCTURE, .members = GET_MEMBERS};

enum { CONDITION = 0, UPDATING = 1 }; /* positions among the expressions */

static const struct api_expression CONDITIONS[] = {
    {"ConditionExpression", EXPRESSION_CONDITION},
    {NULL,                  EXPRESSION_CONDITION}
};
static const struct api_expression UPDATES[] = {
    {"UpdateExpression",    EXPRESSION_UPDATE   },
    {"ConditionExpression", EXPRESSION_CONDITION},
    {NULL,                  EXPRESSION_CONDITION}
};

static const struct api_expression PROJECTIONS[] = {
    {"ProjectionExpression", EXPRESSION_PROJECTION},
    {NULL,                   EXPRESSION_PROJECTION}
};

static const char *const LEGACY[] = {"Expected", "ConditionalOperator", NULL};
static const char *const LEGACY_UPDATES[] = {"AttributeUpdates", "Expected", "ConditionalOperator",
                                             NULL};
static const char *const LEGACY_GET[] = {"AttributesToGet", NULL};

/* A write, from the request to the answer. */
struct write {
    struct item item; /* or key */
    struct api_expressions expressions;
    struct api_table *table;
    struct api_consumed consumed;
    struct table_reply reply;
};

/* ReturnValues of what replaces or takes away the whole item. Source: DDB-RETURN-1. */
static bool check_return_values(struct api_call *c)
{
    return !api_has(&c->request, "ReturnValues") || api_is(&c->request, "ReturnValues", "NONE") ||
           api_is(&c->request, "ReturnValues", "ALL_OLD") ||
           api_invalid(c, "ReturnValues can only be ALL_OLD or NONE");
}

static bool begin_write(struct api_call *c, struct write *w)
{
    c->writes = true;
    w->table = api_table(c, api_text(&c->request, "TableName"));
    if (w->table != NULL) {
        api_consumed_begin(&w->consumed, w->table);
    }
    return w->table != NULL;
}

static void put_attributes(struct api_call *c, struct item item)
{
    if (item.bytes.size > 0) {
        json_name(&c->out, TEXT("Attributes"));
        attribute_json_write_item(&c->out, item);
    }
}

/* Answers after a write that took effect; or fails. `attributes` is what ReturnValues asks for. */
static bool end_write(struct api_call *c, const struct write *w, enum table_result result,
                      struct item attributes)
{
    if (result != TABLE_OK) {
        return api_fail_table(c, w->table, result, &w->reply);
    }
    json_open(&c->out, '{');
    put_attributes(c, attributes);
    api_put_consumed(c, &w->consumed, w->table);
    if (api_wants_collections(c, w->table)) {
        json_name(&c->out, TEXT("ItemCollectionMetrics"));
        api_put_collection(c, w->table, w->item);
    }
    json_close(&c->out, '}');
    return true;
}

bool api_wants_collections(const struct api_call *c, const struct api_table *t)
{
    uint64_t bytes;
    return api_is(&c->request, "ReturnItemCollectionMetrics", "SIZE") &&
           table_collection(t->table, (struct item){0}, &bytes);
}

void api_put_collection(struct api_call *c, const struct api_table *t, struct item item)
{
    const char *name = t->config.hash_key.name;
    struct value partition;
    uint64_t bytes = 0;
    (void)table_collection(t->table, item, &bytes);
    ASSERT(item_get(item, text_from(name), &partition));
    json_open(&c->out, '{');
    json_name(&c->out, TEXT("ItemCollectionKey"));
    json_open(&c->out, '{');
    json_name(&c->out, text_from(name));
    attribute_json_write(&c->out, &partition);
    json_close(&c->out, '}');
    json_name(&c->out, TEXT("SizeEstimateRangeGB"));
    json_open(&c->out, '[');
    json_put_milli(&c->out, (int64_t)(bytes >> 30) * 1000);
    json_put_milli(&c->out, (int64_t)(bytes >> 30) * 1000 + 1000);
    json_close(&c->out, ']');
    json_close(&c->out, '}');
}

static struct item all_old(const struct api_call *c, const struct write *w)
{
    return api_is(&c->request, "ReturnValues", "ALL_OLD") ? w->reply.old : (struct item){0};
}

static bool put_item(struct api_call *c)
{
    struct write write = {.item = {{0}}};
    struct write *w = &write;
    if (!api_check_parameters(c, &c->request, CONDITIONS, LEGACY) ||
        !api_item(c, &c->request, "Item", &w->item) || !check_return_values(c)) {
        return false;
    }
    if (item_size(w->item) > API_ITEM_BYTES_MAX) {
        return api_invalid(c, "Item size has exceeded the maximum allowed size");
    }
    if (!api_expressions(c, &c->request, CONDITIONS, &w->expressions) || !begin_write(c, w)) {
        return false;
    }
    enum table_result result =
        table_put(w->table->table, c->now, w->item, w->expressions.compiled[CONDITION],
                  w->expressions.values, &w->reply);
    return end_write(c, w, result, all_old(c, w));
}

static bool delete_item(struct api_call *c)
{
    struct write write = {.item = {{0}}};
    struct write *w = &write;
    if (!api_check_parameters(c, &c->request, CONDITIONS, LEGACY) ||
        !api_item(c, &c->request, "Key", &w->item) || !check_return_values(c) ||
        !api_expressions(c, &c->request, CONDITIONS, &w->expressions) || !begin_write(c, w)) {
        return false;
    }
    enum table_result result =
        table_delete(w->table->table, c->now, w->item, w->expressions.compiled[CONDITION],
                     w->expressions.values, &w->reply);
    return end_write(c, w, result, all_old(c, w));
}

/* The parts of an item that the update assigns. Source: DDB-RETURN-1. */
static struct item updated(struct api_call *c, const struct write *w, struct item item)
{
    const struct expression *update = w->expressions.compiled[0];
    struct item_writer part = api_room(c);
    if (update == NULL || item.bytes.size == 0) {
        return (struct item){0};
    }
    expression_updated(update, item, &part);
    return part.count > 0 ? item_written(&part) : (struct item){0};
}

/* What ReturnValues asks for after an update. */
static struct item returned(struct api_call *c, const struct write *w)
{
    struct text values = api_text(&c->request, "ReturnValues");
    if (text_equal(values, TEXT("ALL_OLD"))) {
        return w->reply.old;
    }
    if (text_equal(values, TEXT("UPDATED_OLD"))) {
        return updated(c, w, w->reply.old);
    }
    return text_equal(values, TEXT("ALL_NEW"))       ? w->reply.new
           : text_equal(values, TEXT("UPDATED_NEW")) ? updated(c, w, w->reply.new)
                                                     : (struct item){0};
}

static bool update_item(struct api_call *c)
{
    struct write write = {.item = {{0}}};
    struct write *w = &write;
    if (!api_check_parameters(c, &c->request, UPDATES, LEGACY_UPDATES) ||
        !api_item(c, &c->request, "Key", &w->item) ||
        !api_expressions(c, &c->request, UPDATES, &w->expressions) || !begin_write(c, w)) {
        return false;
    }
    enum table_result result =
        table_update(w->table->table, c->now, w->item, w->expressions.compiled[0],
                     w->expressions.compiled[UPDATING], w->expressions.values, &w->reply);
    return end_write(c, w, result, result == TABLE_OK ? returned(c, w) : (struct item){0});
}

static bool get_item(struct api_call *c)
{
    struct api_expressions x = {.names = NULL};
    struct item key;
    struct item item;
    struct api_consumed consumed;
    struct table_reply reply;
    if (!api_check_parameters(c, &c->request, PROJECTIONS, LEGACY_GET) ||
        !api_item(c, &c->request, "Key", &key) ||
        !api_expressions(c, &c->request, PROJECTIONS, &x)) {
        return false;
    }
    struct api_table *t = api_table(c, api_text(&c->request, "TableName"));
    if (t == NULL) {
        return false;
    }
    api_consumed_begin(&consumed, t);
    bool consistent = api_flag(&c->request, "ConsistentRead", false);
    struct instant as_of = consistent ? c->now : api_as_of(c, t, TABLE_BASE);
    enum table_result result = table_get(t->table, c->now, as_of, key, &item, &reply);
    if (result != TABLE_OK) {
        return api_fail_table(c, t, result, &reply);
    }
    json_open(&c->out, '{');
    if (item.bytes.size > 0) {
        json_name(&c->out, TEXT("Item"));
        api_put_item(c, x.compiled[0], item);
    }
    api_put_consumed(c, &consumed, t);
    json_close(&c->out, '}');
    return true;
}

const struct api_operation api_item_operations[] = {
    {"PutItem",    &PUT,    put_item   },
    {"GetItem",    &GET,    get_item   },
    {"UpdateItem", &UPDATE, update_item},
    {"DeleteItem", &DELETE, delete_item},
    {NULL,         NULL,    NULL       },
};

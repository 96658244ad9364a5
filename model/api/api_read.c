/* api_read.c: Query and Scan; see api_state.h. Sources: DDB-API-10, DDB-API-11, DDB-QUERY-4,
 * DDB-SCAN-*. */
#include "model/api/api_state.h"

/* Requests */

static const struct shape TOTAL_SEGMENTS = {
    .kind = SHAPE_INTEGER, .least = 1, .most = 1000000, .bounded = true};
static const struct shape SEGMENT = {
    .kind = SHAPE_INTEGER, .least = 0, .most = 999999, .bounded = true};

static const struct shape_member QUERY_MEMBERS[] = {
    {"Select",                    OPTIONAL, &SHAPE_SELECT           },
    {"IndexName",                 OPTIONAL, &SHAPE_INDEX_NAME       },
    {"ReturnConsumedCapacity",    OPTIONAL, &SHAPE_CONSUMED         },
    {"QueryFilter",               OPTIONAL, &SHAPE_CONDITIONS       },
    {"TableName",                 REQUIRED, &SHAPE_TABLE_NAME       },
    {"ConditionalOperator",       OPTIONAL, &SHAPE_OPERATOR         },
    {"AttributesToGet",           OPTIONAL, &SHAPE_ATTRIBUTES_TO_GET},
    {"Limit",                     OPTIONAL, &SHAPE_LIMIT            },
    {"KeyConditions",             OPTIONAL, &SHAPE_CONDITIONS       },
    {"ExclusiveStartKey",         OPTIONAL, &SHAPE_ATTRIBUTE_MAP    },
    {"ConsistentRead",            OPTIONAL, &SHAPE_FLAG             },
    {"ScanIndexForward",          OPTIONAL, &SHAPE_FLAG             },
    {"KeyConditionExpression",    OPTIONAL, &SHAPE_ANY_STRING       },
    {"FilterExpression",          OPTIONAL, &SHAPE_ANY_STRING       },
    {"ProjectionExpression",      OPTIONAL, &SHAPE_ANY_STRING       },
    {"ExpressionAttributeValues", OPTIONAL, &SHAPE_ATTRIBUTE_MAP    },
    {"ExpressionAttributeNames",  OPTIONAL, &SHAPE_NAMES            },
    {NULL,                        OPTIONAL, NULL                    },
};

static const struct shape_member SCAN_MEMBERS[] = {
    {"Select",                    OPTIONAL, &SHAPE_SELECT           },
    {"IndexName",                 OPTIONAL, &SHAPE_INDEX_NAME       },
    {"TotalSegments",             OPTIONAL, &TOTAL_SEGMENTS         },
    {"ReturnConsumedCapacity",    OPTIONAL, &SHAPE_CONSUMED         },
    {"TableName",                 REQUIRED, &SHAPE_TABLE_NAME       },
    {"ConditionalOperator",       OPTIONAL, &SHAPE_OPERATOR         },
    {"ScanFilter",                OPTIONAL, &SHAPE_CONDITIONS       },
    {"Segment",                   OPTIONAL, &SEGMENT                },
    {"Limit",                     OPTIONAL, &SHAPE_LIMIT            },
    {"AttributesToGet",           OPTIONAL, &SHAPE_ATTRIBUTES_TO_GET},
    {"ExclusiveStartKey",         OPTIONAL, &SHAPE_ATTRIBUTE_MAP    },
    {"ConsistentRead",            OPTIONAL, &SHAPE_FLAG             },
    {"FilterExpression",          OPTIONAL, &SHAPE_ANY_STRING       },
    {"ProjectionExpression",      OPTIONAL, &SHAPE_ANY_STRING       },
    {"ExpressionAttributeValues", OPTIONAL, &SHAPE_ATTRIBUTE_MAP    },
    {"ExpressionAttributeNames",  OPTIONAL, &SHAPE_NAMES            },
    {NULL,                        OPTIONAL, NULL                    },
};

static const struct shape QUERY = {.kind = SHAPE_STRUCTURE, .members = QUERY_MEMBERS};
static const struct shape SCAN = {.kind = SHAPE_STRUCTURE, .members = SCAN_MEMBERS};

/* The order in which expressions are told of, and that in which they are compiled. */
static const struct api_expression QUERY_TOLD[] = {
    {"ProjectionExpression",   EXPRESSION_PROJECTION},
    {"FilterExpression",       EXPRESSION_FILTER    },
    {"KeyConditionExpression", EXPRESSION_KEY       },
    {NULL,                     EXPRESSION_KEY       },
};
static const struct api_expression SCAN_TOLD[] = {
    {"ProjectionExpression", EXPRESSION_PROJECTION},
    {"FilterExpression",     EXPRESSION_FILTER    },
    {NULL,                   EXPRESSION_FILTER    },
};
static const struct api_expression EXPRESSIONS[] = {
    {"KeyConditionExpression", EXPRESSION_KEY       },
    {"FilterExpression",       EXPRESSION_FILTER    },
    {"ProjectionExpression",   EXPRESSION_PROJECTION},
    {NULL,                     EXPRESSION_KEY       },
};

enum { KEY_CONDITION, FILTER, PROJECTION }; /* positions among them */

static const char *const QUERY_LEGACY[] = {"AttributesToGet", "QueryFilter", "ConditionalOperator",
                                           "KeyConditions", NULL};
static const char *const SCAN_LEGACY[] = {"AttributesToGet", "ScanFilter", "ConditionalOperator",
                                          NULL};

/* A read, from the request to the answer. */
struct reading {
    struct api_call *call;
    struct api_expressions expressions;
    struct api_table *table;
    struct item start; /* size 0: none */
    struct table_query query;
};

/* Some messages about a start key stand alone, the others behind this. Source: DDB-API-11. */
static bool read_start(struct api_call *c, struct reading *r)
{
    static const char *const alone[] = {"contains duplicates", "number set", "numeric value",
                                        "significant digits", "number with magnitude"};
    struct value map;
    if (!shape_get(&c->request, "ExclusiveStartKey", &map)) {
        return true;
    }
    enum status status = attribute_json_read_item(c->area, &map, &r->start, NULL, &c->error);
    if (status != STATUS_BAD_INPUT) {
        return status == STATUS_OK || api_fail_error(c, status);
    }
    bool bare = false;
    for (size_t i = 0; i < sizeof alone / sizeof alone[0]; i++) {
        bare = bare || strstr(c->error.message, alone[i]) != NULL;
    }
    return api_invalid(c, "%s%s",
                       bare ? "" : "The provided starting key is invalid: ", c->error.message);
}

static bool check_select(struct api_call *c)
{
    struct text select = api_text(&c->request, "Select");
    bool projection = api_has(&c->request, "ProjectionExpression");
    if (text_equal(select, TEXT("SPECIFIC_ATTRIBUTES"))) {
        return projection || api_invalid(c, "Must specify the AttributesToGet or "
                                            "ProjectionExpression when choosing to get "
                                            "SPECIFIC_ATTRIBUTES");
    }
    if (select.size > 0 && projection) {
        bool count = text_equal(select, TEXT("COUNT"));
        return api_invalid(c, "Cannot specify the ProjectionExpression when choosing to get %.*s",
                           count ? 14 : (int)select.size, count ? "only the Count" : select.at);
    }
    return !text_equal(select, TEXT("ALL_PROJECTED_ATTRIBUTES")) ||
           api_has(&c->request, "IndexName") ||
           api_invalid(c, "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an "
                          "IndexName");
}

static bool check_segments(struct api_call *c)
{
    bool segment = api_has(&c->request, "Segment");
    bool total = api_has(&c->request, "TotalSegments");
    int64_t number = api_integer(&c->request, "Segment", 0);
    int64_t count = api_integer(&c->request, "TotalSegments", 0);
    if (segment && !total) {
        return api_invalid(c, "The TotalSegments parameter is required but was not present in the "
                              "request when Segment parameter is present");
    }
    if (total && !segment) {
        return api_invalid(c, "The Segment parameter is required but was not present in the "
                              "request when parameter TotalSegments is present");
    }
    return !total || number < count ||
           api_invalid(c,
                       "The Segment parameter is zero-based and must be less than parameter "
                       "TotalSegments: Segment: %lld is not less than TotalSegments: %lld",
                       (long long)number, (long long)count);
}

/* Whether everything that is asked for is in the index. `missing` is what is not. */
static bool covered(const struct reading *r, struct text *missing)
{
    const struct expression *projection = r->expressions.compiled[PROJECTION];
    const struct table_index_config *index = &r->table->config.indexes[r->query.index];
    *missing = (struct text){0};
    if (api_is(&r->call->request, "Select", "ALL_ATTRIBUTES")) {
        return index->projection == PROJECTION_ALL;
    }
    for (uint32_t i = 0; projection != NULL && i < expression_paths_count(projection); i++) {
        *missing = expression_path_name(projection, i);
        if (!table_index_projects(r->table->table, r->query.index, *missing)) {
            return false;
        }
    }
    return true;
}

/* Source: DDB-GSI-1 and DDB-LSI-2 for what the kinds of indexes can do. */
static bool choose_index(struct api_call *c, struct reading *r)
{
    struct text name = api_text(&c->request, "IndexName");
    struct text missing;
    r->query.index = TABLE_BASE;
    for (uint32_t i = 0; name.size > 0 && i < r->table->config.indexes_count; i++) {
        if (text_equal(text_from(r->table->config.indexes[i].name), name)) {
            r->query.index = (int32_t)i;
        }
    }
    if (r->query.index == TABLE_BASE) {
        return name.size == 0 || api_invalid(c, "The table does not have the specified index: %.*s",
                                             (int)name.size, name.at);
    }
    bool local = r->table->config.indexes[r->query.index].local;
    if (!local && r->query.consistent) {
        return api_invalid(c, "Consistent reads are not supported on global secondary indexes");
    }
    if (covered(r, &missing)) {
        return true;
    }
    r->query.fetch = local;
    return local ||
           (missing.size == 0
                ? api_invalid(c,
                              "One or more parameter values were invalid: Select type "
                              "ALL_ATTRIBUTES is not supported for global secondary index %.*s "
                              "because its projection type is not ALL",
                              (int)name.size, name.at)
                : api_invalid(c,
                              "One or more parameter values were invalid: Global secondary index "
                              "%.*s does not project [%.*s]",
                              (int)name.size, name.at, (int)missing.size, missing.at));
}

/* Whether an item has the table's keys and nothing else. A Query says less than a Scan where not.
 */
static bool same_keys(const struct table_config *t, struct item item)
{
    struct value value;
    return item_count(item) == (t->range_key.name == NULL ? 1 : 2) &&
           item_get(item, text_from(t->hash_key.name), &value) &&
           (t->range_key.name == NULL || item_get(item, text_from(t->range_key.name), &value));
}

static bool set_start(struct api_call *c, struct reading *r)
{
    if (r->start.bytes.size == 0) {
        return true;
    }
    char *key = api_take(c, TABLE_START_KEY_MAX);
    if (key == NULL) {
        return api_full(c);
    }
    enum table_result result = table_start_key(r->table->table, r->query.index, r->start, key,
                                               TABLE_START_KEY_MAX, &r->query.start_key);
    if (result == TABLE_INVALID && r->expressions.compiled[KEY_CONDITION] != NULL &&
        r->query.index == TABLE_BASE && !same_keys(&r->table->config, r->start)) {
        return api_invalid(c, "The provided starting key is invalid");
    }
    return result == TABLE_OK || api_fail_table(c, r->table, result, NULL);
}

static void put_match(void *self, struct item item)
{
    const struct reading *r = self;
    api_put_item(r->call, r->expressions.compiled[PROJECTION], item);
}

static void put_last_key(struct api_call *c, const struct reading *r, struct text last_key)
{
    struct item_writer w = api_room(c);
    if (last_key.size > 0) {
        (void)table_key_of(r->table->table, r->query.index, last_key, &w);
        json_name(&c->out, TEXT("LastEvaluatedKey"));
        attribute_json_write_item(&c->out, item_written(&w));
    }
}

/* Reads the page and answers with it. */
static bool read_page(struct api_call *c, struct reading *r)
{
    struct api_consumed consumed;
    struct table_page page;
    int64_t limit = api_integer(&c->request, "Limit", 0);
    r->query.limit = limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX;
    r->query.key = r->expressions.compiled[KEY_CONDITION];
    r->query.filter = r->expressions.compiled[FILTER];
    r->query.values = r->expressions.values;
    r->query.as_of = r->query.consistent ? c->now : api_as_of(c, r->table, r->query.index);
    r->query.self = r;
    r->query.visit = api_is(&c->request, "Select", "COUNT") ? NULL : put_match;
    api_consumed_begin(&consumed, r->table);
    json_open(&c->out, '{');
    if (r->query.visit != NULL) {
        json_name(&c->out, TEXT("Items"));
        json_open(&c->out, '[');
    }
    enum table_result result = table_read_page(r->table->table, c->now, &r->query, &page);
    if (result != TABLE_OK) {
        struct table_reply reply = {.throttled = page.throttled};
        return api_fail_table(c, r->table, result, &reply);
    }
    if (r->query.visit != NULL) {
        json_close(&c->out, ']');
    }
    json_name(&c->out, TEXT("Count"));
    json_put_integer(&c->out, page.count);
    json_name(&c->out, TEXT("ScannedCount"));
    json_put_integer(&c->out, page.scanned_count);
    put_last_key(c, r, page.last_key);
    api_put_consumed(c, &consumed, r->table);
    json_close(&c->out, '}');
    return true;
}

/* What Query and Scan have in common, once the parameters by themselves are right. */
static bool read(struct api_call *c, struct reading *r)
{
    if (!check_select(c) || !api_expressions(c, &c->request, EXPRESSIONS, &r->expressions)) {
        return false;
    }
    r->table = api_table(c, api_text(&c->request, "TableName"));
    r->query.consistent = api_flag(&c->request, "ConsistentRead", false);
    return r->table != NULL && choose_index(c, r) && set_start(c, r) && read_page(c, r);
}

static bool query(struct api_call *c)
{
    struct reading r = {.call = c};
    if (!api_check_parameters(c, &c->request, QUERY_TOLD, QUERY_LEGACY) || !read_start(c, &r)) {
        return false;
    }
    if (!api_has(&c->request, "KeyConditionExpression")) {
        return api_invalid(c, "Either the KeyConditions or KeyConditionExpression parameter must "
                              "be specified in the request.");
    }
    r.query.backward = !api_flag(&c->request, "ScanIndexForward", true);
    return read(c, &r);
}

static bool scan(struct api_call *c)
{
    struct reading r = {.call = c};
    if (!api_check_parameters(c, &c->request, SCAN_TOLD, SCAN_LEGACY) || !read_start(c, &r) ||
        !check_segments(c)) {
        return false;
    }
    r.query.segment = (uint32_t)api_integer(&c->request, "Segment", 0);
    r.query.segments_count = (uint32_t)api_integer(&c->request, "TotalSegments", 0);
    return read(c, &r);
}

const struct api_operation api_read_operations[] = {
    {"Query", &QUERY, query},
    {"Scan",  &SCAN,  scan },
    {NULL,    NULL,   NULL },
};

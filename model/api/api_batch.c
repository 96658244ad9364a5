/* api_batch.c: BatchGetItem and BatchWriteItem; see api_state.h.
 *
 * A request is checked as a whole before anything is done. Then each item goes for itself: what is
 * throttled comes back as unprocessed, and only if all of it is, the request fails. Sources:
 * DDB-BATCH-1 to DDB-BATCH-4.
 */
#include "model/api/api_state.h"
#include "sim/assert.h"

enum {
    GET_KEYS_MAX = 100,
    GET_BYTES_MAX = 16 << 20,
    WRITE_REQUESTS_MAX = 25,
};

/* Requests */

static const struct shape TABLE_KEY = {
    .kind = SHAPE_STRING, .pattern = PATTERN_NAME, .least = 3, .most = 255, .table_name = true};

static const struct shape KEYS = {
    .kind = SHAPE_LIST, .element = &SHAPE_ATTRIBUTE_MAP, .least = 1, .most = GET_KEYS_MAX};
static const struct shape_member KEYS_MEMBERS[] = {
    {"Keys",                     REQUIRED, &KEYS                   },
    {"AttributesToGet",          OPTIONAL, &SHAPE_ATTRIBUTES_TO_GET},
    {"ConsistentRead",           OPTIONAL, &SHAPE_FLAG             },
    {"ProjectionExpression",     OPTIONAL, &SHAPE_ANY_STRING       },
    {"ExpressionAttributeNames", OPTIONAL, &SHAPE_NAMES            },
    {NULL,                       OPTIONAL, NULL                    },
};
static const struct shape KEYS_AND_ATTRIBUTES = {
    .kind = SHAPE_STRUCTURE, .type = "KeysAndAttributes", .members = KEYS_MEMBERS};
static const struct shape GET_ITEMS = {.kind = SHAPE_MAP,
                                       .type = "KeysAndAttributes",
                                       .element = &KEYS_AND_ATTRIBUTES,
                                       .key = &TABLE_KEY};
static const struct shape_member GET_MEMBERS[] = {
    {"RequestItems",           REQUIRED, &GET_ITEMS     },
    {"ReturnConsumedCapacity", OPTIONAL, &SHAPE_CONSUMED},
    {NULL,                     OPTIONAL, NULL           },
};
static const struct shape GET = {.kind = SHAPE_STRUCTURE, .members = GET_MEMBERS};

static const struct shape_member DELETE_MEMBERS[] = {
    {"Key", REQUIRED, &SHAPE_ATTRIBUTE_MAP},
    {NULL,  OPTIONAL, NULL                },
};
static const struct shape_member PUT_MEMBERS[] = {
    {"Item", REQUIRED, &SHAPE_ATTRIBUTE_MAP},
    {NULL,   OPTIONAL, NULL                },
};
static const struct shape DELETE = {
    .kind = SHAPE_STRUCTURE, .type = "DeleteRequest", .members = DELETE_MEMBERS};
static const struct shape PUT = {
    .kind = SHAPE_STRUCTURE, .type = "PutRequest", .members = PUT_MEMBERS};
static const struct shape_member REQUEST_MEMBERS[] = {
    {"DeleteRequest", OPTIONAL, &DELETE},
    {"PutRequest",    OPTIONAL, &PUT   },
    {NULL,            OPTIONAL, NULL   },
};
static const struct shape REQUEST = {
    .kind = SHAPE_STRUCTURE, .type = "WriteRequest", .members = REQUEST_MEMBERS};
static const struct shape REQUESTS = {
    .kind = SHAPE_LIST, .element = &REQUEST, .least = 1, .most = WRITE_REQUESTS_MAX};
static const struct shape WRITE_ITEMS = {
    .kind = SHAPE_MAP,
    .type = "java.util.List<com.amazonaws.dynamodb.v20120810.WriteRequest>",
    .element = &REQUESTS,
    .key = &TABLE_KEY};
static const struct shape_member WRITE_MEMBERS[] = {
    {"ReturnConsumedCapacity",      OPTIONAL, &SHAPE_CONSUMED},
    {"ReturnItemCollectionMetrics", OPTIONAL, &SHAPE_METRICS },
    {"RequestItems",                REQUIRED, &WRITE_ITEMS   },
    {NULL,                          OPTIONAL, NULL           },
};
static const struct shape WRITE = {.kind = SHAPE_STRUCTURE, .members = WRITE_MEMBERS};

static const struct api_expression PROJECTIONS[] = {
    {"ProjectionExpression", EXPRESSION_PROJECTION},
    {NULL,                   EXPRESSION_PROJECTION},
};
static const char *const LEGACY[] = {"AttributesToGet", NULL};

/* One key to get, or one item to put or key to delete. */
struct part {
    struct item item;
    struct value document; /* as it was requested, should it come back */
    bool put;
    bool unprocessed;
};

/* What is asked of one table. */
struct group {
    struct text name; /* as requested */
    struct value document;
    struct api_table *table;
    struct api_expressions expressions; /* BatchGetItem */
    struct part *parts;
    uint32_t parts_count;
    struct api_consumed consumed;
};

struct batch {
    struct group *groups;
    uint32_t groups_count, parts_count, throttled_count;
    struct throttle throttled; /* the first one */
    struct api_table *throttled_table;
};

/* Takes room for the groups and for the parts that `list` (NULL: the group itself is one) has. */
static bool begin_groups(struct api_call *c, struct batch *b, const char *operation,
                         const char *list)
{
    struct value tables;
    (void)shape_get(&c->request, "RequestItems", &tables);
    struct item_cursor cursor = item_cursor((struct item){tables.bytes});
    b->groups_count = item_count((struct item){tables.bytes});
    if (b->groups_count == 0) {
        return api_invalid(c, "The requestItems parameter is required for %s", operation);
    }
    b->groups = api_take(c, b->groups_count * sizeof *b->groups);
    if (b->groups == NULL) {
        return api_full(c);
    }
    memset(b->groups, 0, b->groups_count * sizeof *b->groups);
    for (uint32_t i = 0; i < b->groups_count; i++) {
        struct group *g = &b->groups[i];
        struct value parts;
        (void)item_next(&cursor, &g->name, &g->document);
        if (list == NULL) {
            parts = g->document;
        } else {
            (void)shape_get(&g->document, list, &parts);
        }
        g->parts_count = item_count((struct item){parts.bytes});
        g->parts = api_take(c, (g->parts_count + 1) * sizeof *g->parts);
        if (g->parts == NULL) {
            return api_full(c);
        }
        struct item_cursor elements = item_cursor((struct item){parts.bytes});
        struct text none;
        for (uint32_t k = 0; k < g->parts_count; k++) {
            g->parts[k] = (struct part){.put = false};
            (void)item_next(&elements, &none, &g->parts[k].document);
        }
        b->parts_count += g->parts_count;
    }
    return true;
}

static bool find_table(struct api_call *c, struct group *g)
{
    g->table = api_table(c, g->name);
    if (g->table != NULL) {
        api_consumed_begin(&g->consumed, g->table);
    }
    return g->table != NULL;
}

/* Whether two items have the same key, which both have. */
static bool same_key(const struct table_config *t, struct item a, struct item b)
{
    const char *const names[] = {t->hash_key.name, t->range_key.name};
    bool same = true;
    for (int i = 0; i < 2 && same && names[i] != NULL; i++) {
        struct value x;
        struct value y;
        same = item_get(a, text_from(names[i]), &x) && item_get(b, text_from(names[i]), &y) &&
               value_equal(&x, &y);
    }
    return same;
}

/* A batch may name a key only once. Source: DDB-BATCH-2. */
static bool check_duplicates(struct api_call *c, const struct group *g)
{
    for (uint32_t i = 1; i < g->parts_count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (same_key(&g->table->config, g->parts[i].item, g->parts[k].item)) {
                return api_invalid(c, "Provided list of item keys contains duplicates");
            }
        }
    }
    return true;
}

/* Notes that a part was throttled, or refused for the time being. */
static void put_off(struct batch *b, struct group *g, struct part *p,
                    const struct table_reply *reply)
{
    p->unprocessed = true;
    if (b->throttled_count++ == 0) {
        b->throttled = reply->throttled;
        b->throttled_table = g->table;
    }
}

/* Fails where nothing at all could be done. Source: DDB-BATCH-3. */
static bool check_throttled(struct api_call *c, const struct batch *b)
{
    if (b->throttled_count < b->parts_count) {
        return true;
    }
    return b->throttled.reason == THROTTLE_NONE
               ? api_fail_table(c, b->throttled_table, TABLE_CONFLICT, NULL)
               : api_fail_throttled(c, b->throttled_table, b->throttled);
}

static bool any_unprocessed(const struct group *g)
{
    bool any = false;
    for (uint32_t i = 0; i < g->parts_count && !any; i++) {
        any = g->parts[i].unprocessed;
    }
    return any;
}

static void put_consumed(struct api_call *c, const struct batch *b)
{
    bool indexes = api_is(&c->request, "ReturnConsumedCapacity", "INDEXES");
    if (!indexes && !api_is(&c->request, "ReturnConsumedCapacity", "TOTAL")) {
        return;
    }
    json_name(&c->out, TEXT("ConsumedCapacity"));
    json_open(&c->out, '[');
    for (uint32_t i = 0; i < b->groups_count; i++) {
        api_put_consumed_of(c, &b->groups[i].consumed, b->groups[i].table, indexes);
    }
    json_close(&c->out, ']');
}

/* BatchGetItem */

/* What can be said of a table's keys without the table. */
static bool read_keys(struct api_call *c, struct group *g)
{
    if (!api_expressions(c, &g->document, PROJECTIONS, &g->expressions)) {
        return false;
    }
    for (uint32_t k = 0; k < g->parts_count; k++) {
        struct part *p = &g->parts[k];
        enum status status =
            attribute_json_read_item(c->area, &p->document, &p->item, NULL, &c->error);
        if (status != STATUS_OK) {
            return api_fail_error(c, status);
        }
    }
    return true;
}

static bool check_get(struct api_call *c, struct batch *b)
{
    if (!begin_groups(c, b, "BatchGetItem", "Keys")) {
        return false;
    }
    for (uint32_t i = 0; i < b->groups_count; i++) {
        struct group *g = &b->groups[i];
        if (!api_check_parameters(c, &g->document, PROJECTIONS, LEGACY) || !read_keys(c, g)) {
            return false;
        }
    }
    if (b->parts_count > GET_KEYS_MAX) {
        return api_invalid(c, "Too many items requested for the BatchGetItem call");
    }
    for (uint32_t i = 0; i < b->groups_count; i++) {
        struct group *g = &b->groups[i];
        if (!find_table(c, g)) {
            return false;
        }
        for (uint32_t k = 0; k < g->parts_count; k++) {
            enum table_result result = table_check(g->table->table, g->parts[k].item, false);
            if (result != TABLE_OK) {
                return api_fail_table(c, g->table, result, NULL);
            }
        }
        if (!check_duplicates(c, g)) {
            return false;
        }
    }
    return true;
}

/* Gets one item and writes it; what goes beyond 16 MB comes back. False where the table failed. */
static bool get_part(struct api_call *c, struct batch *b, struct group *g, struct part *p,
                     int64_t *bytes)
{
    bool consistent = api_flag(&g->document, "ConsistentRead", false);
    struct item item;
    struct table_reply reply;
    if (*bytes > GET_BYTES_MAX) {
        p->unprocessed = true;
        return true;
    }
    enum table_result result =
        table_get(g->table->table, c->now, consistent ? c->now : api_as_of(c, g->table, TABLE_BASE),
                  p->item, &item, &reply);
    if (result == TABLE_THROTTLED) {
        put_off(b, g, p, &reply);
        return true;
    }
    if (result != TABLE_OK) {
        return api_fail_table(c, g->table, result, &reply);
    }
    *bytes += item_size(item);
    if (*bytes > GET_BYTES_MAX) {
        p->unprocessed = true;
    } else if (item.bytes.size > 0) {
        api_put_item(c, g->expressions.compiled[0], item);
    }
    return true;
}

/* The table's part of the request again, with the keys that were not read. */
static void put_unprocessed_keys(struct api_call *c, const struct group *g)
{
    struct item_cursor cursor = item_cursor((struct item){g->document.bytes});
    struct text name;
    struct value member;
    json_name(&c->out, g->name);
    json_open(&c->out, '{');
    while (item_next(&cursor, &name, &member)) {
        json_name(&c->out, name);
        if (!text_equal(name, TEXT("Keys"))) {
            json_put_document(&c->out, &member);
            continue;
        }
        json_open(&c->out, '[');
        for (uint32_t k = 0; k < g->parts_count; k++) {
            if (g->parts[k].unprocessed) {
                json_put_document(&c->out, &g->parts[k].document);
            }
        }
        json_close(&c->out, ']');
    }
    json_close(&c->out, '}');
}

static bool batch_get_item(struct api_call *c)
{
    struct batch b = {.groups = NULL};
    int64_t bytes = 0;
    if (!check_get(c, &b)) {
        return false;
    }
    json_open(&c->out, '{');
    json_name(&c->out, TEXT("Responses"));
    json_open(&c->out, '{');
    for (uint32_t i = 0; i < b.groups_count; i++) {
        struct group *g = &b.groups[i];
        json_name(&c->out, g->name);
        json_open(&c->out, '[');
        for (uint32_t k = 0; k < g->parts_count; k++) {
            if (!get_part(c, &b, g, &g->parts[k], &bytes)) {
                return false;
            }
        }
        json_close(&c->out, ']');
    }
    if (!check_throttled(c, &b)) {
        return false;
    }
    json_close(&c->out, '}');
    json_name(&c->out, TEXT("UnprocessedKeys"));
    json_open(&c->out, '{');
    for (uint32_t i = 0; i < b.groups_count; i++) {
        if (any_unprocessed(&b.groups[i])) {
            put_unprocessed_keys(c, &b.groups[i]);
        }
    }
    json_close(&c->out, '}');
    put_consumed(c, &b);
    json_close(&c->out, '}');
    return true;
}

/* BatchWriteItem */

/* One request must be exactly one of both kinds. Source: DDB-BATCH-4. */
static bool read_request(struct api_call *c, struct part *p)
{
    struct value put;
    struct value delete;
    struct value map;
    p->put = shape_get(&p->document, "PutRequest", &put);
    bool deletes = shape_get(&p->document, "DeleteRequest", &delete);
    if (p->put == deletes) {
        return api_invalid(c,
                           "Supplied AttributeValue %s, must contain exactly one of the "
                           "supported datatypes",
                           p->put ? "has more than one datatypes set" : "is empty");
    }
    ASSERT(p->put ? shape_get(&put, "Item", &map) : shape_get(&delete, "Key", &map));
    enum status status = attribute_json_read_item(c->area, &map, &p->item, NULL, &c->error);
    if (status != STATUS_OK) {
        return api_fail_error(c, status);
    }
    return !p->put || item_size(p->item) <= API_ITEM_BYTES_MAX ||
           api_invalid(c, "Item size has exceeded the maximum allowed size");
}

/* Whether an item has the table's key, of the right types. */
static bool has_key(const struct table_config *t, struct item item)
{
    const struct table_key keys[] = {t->hash_key, t->range_key};
    bool has = true;
    for (int i = 0; i < 2 && has && keys[i].name != NULL; i++) {
        struct value value;
        has = item_get(item, text_from(keys[i].name), &value) && value.type == keys[i].type;
    }
    return has;
}

static bool check_requests(struct api_call *c, const struct group *g)
{
    for (uint32_t k = 0; k < g->parts_count; k++) {
        const struct part *p = &g->parts[k];
        if (!has_key(&g->table->config, p->item)) {
            return api_invalid(c, "The provided key element does not match the schema");
        }
        enum table_result result = table_check(g->table->table, p->item, p->put);
        if (result != TABLE_OK) {
            return api_fail_table(c, g->table, result, NULL);
        }
    }
    return check_duplicates(c, g);
}

static bool check_write(struct api_call *c, struct batch *b)
{
    if (!begin_groups(c, b, "BatchWriteItem", NULL)) {
        return false;
    }
    for (uint32_t i = 0; i < b->groups_count; i++) {
        for (uint32_t k = 0; k < b->groups[i].parts_count; k++) {
            if (!read_request(c, &b->groups[i].parts[k])) {
                return false;
            }
        }
    }
    if (b->parts_count > WRITE_REQUESTS_MAX) {
        return api_invalid(c, "Too many items requested for the BatchWriteItem call");
    }
    for (uint32_t i = 0; i < b->groups_count; i++) {
        if (!find_table(c, &b->groups[i]) || !check_requests(c, &b->groups[i])) {
            return false;
        }
    }
    return true;
}

static bool write_part(struct api_call *c, struct batch *b, struct group *g, struct part *p)
{
    struct table_reply reply;
    enum table_result result =
        p->put ? table_put(g->table->table, c->now, p->item, NULL, NULL, &reply)
               : table_delete(g->table->table, c->now, p->item, NULL, NULL, &reply);
    if (result == TABLE_THROTTLED || result == TABLE_CONFLICT) {
        put_off(b, g, p, &reply);
        return true;
    }
    return result == TABLE_OK || api_fail_table(c, g->table, result, &reply);
}

static void put_unprocessed_items(struct api_call *c, const struct group *g)
{
    json_name(&c->out, g->name);
    json_open(&c->out, '[');
    for (uint32_t k = 0; k < g->parts_count; k++) {
        if (g->parts[k].unprocessed) {
            json_put_document(&c->out, &g->parts[k].document);
        }
    }
    json_close(&c->out, ']');
}

static bool put_collections(struct api_call *c, const struct group *g, bool open)
{
    bool some = false;
    for (uint32_t k = 0; api_wants_collections(c, g->table) && k < g->parts_count; k++) {
        if (g->parts[k].unprocessed) {
            continue;
        }
        if (!some) {
            if (!open) {
                json_name(&c->out, TEXT("ItemCollectionMetrics"));
                json_open(&c->out, '{');
            }
            json_name(&c->out, g->name);
            json_open(&c->out, '[');
        }
        some = true;
        api_put_collection(c, g->table, g->parts[k].item);
    }
    if (some) {
        json_close(&c->out, ']');
    }
    return some || open;
}

/* The collections of the items that were written, table by table. */
static void put_all_collections(struct api_call *c, const struct batch *b)
{
    bool open = false;
    for (uint32_t i = 0; i < b->groups_count; i++) {
        open = put_collections(c, &b->groups[i], open);
    }
    if (open) {
        json_close(&c->out, '}');
    }
}

static bool batch_write_item(struct api_call *c)
{
    struct batch b = {.groups = NULL};
    c->writes = true;
    if (!check_write(c, &b)) {
        return false;
    }
    for (uint32_t i = 0; i < b.groups_count; i++) {
        for (uint32_t k = 0; k < b.groups[i].parts_count; k++) {
            if (!write_part(c, &b, &b.groups[i], &b.groups[i].parts[k])) {
                return false;
            }
        }
    }
    if (!check_throttled(c, &b)) {
        return false;
    }
    json_open(&c->out, '{');
    json_name(&c->out, TEXT("UnprocessedItems"));
    json_open(&c->out, '{');
    for (uint32_t i = 0; i < b.groups_count; i++) {
        if (any_unprocessed(&b.groups[i])) {
            put_unprocessed_items(c, &b.groups[i]);
        }
    }
    json_close(&c->out, '}');
    put_all_collections(c, &b);
    put_consumed(c, &b);
    json_close(&c->out, '}');
    return true;
}

const struct api_operation api_batch_operations[] = {
    {"BatchGetItem",   &GET,   batch_get_item  },
    {"BatchWriteItem", &WRITE, batch_write_item},
    {NULL,             NULL,   NULL            },
};

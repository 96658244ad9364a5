/* api_describe.c: tables as the control plane describes them; see api_state.h. Sources:
 * DDB-TABLE-1, DDB-TABLE-2. */
#include "model/api/api_state.h"

#include <stdio.h>

void api_put_arn(struct text_writer *w, const struct dynamodb *d, const struct api_table *t,
                 int32_t index)
{
    text_put(w, TEXT("arn:aws:dynamodb:"));
    text_put(w, text_from(d->config.region));
    text_put_char(w, ':');
    text_put(w, text_from(d->config.account));
    text_put(w, TEXT(":table/"));
    text_put(w, t->name);
    if (index != TABLE_BASE) {
        text_put(w, TEXT("/index/"));
        text_put(w, text_from(t->config.indexes[index].name));
    }
}

static struct json_writer *name(struct api_call *c, struct text text)
{
    json_name(&c->out, text);
    return &c->out;
}

static void put_string(struct api_call *c, struct text member, const char *string)
{
    json_put_text(name(c, member), text_from(string));
}

static void put_instant(struct api_call *c, struct text member, struct instant instant)
{
    json_put_milli(name(c, member), instant.ns < 0 ? 0 : instant.ns / NS_PER_MS);
}

static const char *status_name(enum api_table_status status)
{
    static const char *const names[] = {
        [API_TABLE_ACTIVE] = "ACTIVE",
        [API_TABLE_CREATING] = "CREATING",
        [API_TABLE_UPDATING] = "UPDATING",
        [API_TABLE_DELETING] = "DELETING",
    };
    return names[status];
}

static void put_key(struct api_call *c, struct table_key key, const char *type)
{
    if (key.name != NULL) {
        json_open(&c->out, '{');
        put_string(c, TEXT("AttributeName"), key.name);
        put_string(c, TEXT("KeyType"), type);
        json_close(&c->out, '}');
    }
}

void api_put_schema(struct api_call *c, struct table_key hash, struct table_key range)
{
    json_open(name(c, TEXT("KeySchema")), '[');
    put_key(c, hash, "HASH");
    put_key(c, range, "RANGE");
    json_close(&c->out, ']');
}

static void put_definitions(struct api_call *c, const struct api_table *t)
{
    json_open(name(c, TEXT("AttributeDefinitions")), '[');
    for (uint32_t i = 0; i < t->definitions_count; i++) {
        json_open(&c->out, '{');
        put_string(c, TEXT("AttributeName"), t->definitions[i].name);
        json_put_text(name(c, TEXT("AttributeType")), attribute_type_text(t->definitions[i].type));
        json_close(&c->out, '}');
    }
    json_close(&c->out, ']');
}

static void put_throughput(struct api_call *c, const struct api_units *units, int64_t rcu,
                           int64_t wcu)
{
    json_open(name(c, TEXT("ProvisionedThroughput")), '{');
    if (units->raised.ns != 0) {
        put_instant(c, TEXT("LastIncreaseDateTime"), units->raised);
    }
    if (units->lowered.ns != 0) {
        put_instant(c, TEXT("LastDecreaseDateTime"), units->lowered);
    }
    json_put_integer(name(c, TEXT("NumberOfDecreasesToday")), 0);
    json_put_integer(name(c, TEXT("ReadCapacityUnits")), rcu);
    json_put_integer(name(c, TEXT("WriteCapacityUnits")), wcu);
    json_close(&c->out, '}');
}

static void put_billing(struct api_call *c, const struct api_table *t)
{
    if (!t->on_demand) {
        return;
    }
    json_open(name(c, TEXT("BillingModeSummary")), '{');
    put_string(c, TEXT("BillingMode"), "PAY_PER_REQUEST");
    put_instant(c, TEXT("LastUpdateToPayPerRequestDateTime"),
                t->on_demand_since_known ? t->on_demand_since : t->created);
    json_close(&c->out, '}');
}

/* A name that is the same in every run: of the account, the table's name and its creation. */
static void put_id(struct api_call *c, const struct api_table *t)
{
    char arn[512];
    struct text_writer w = text_writer(arn, sizeof arn);
    api_put_arn(&w, c->d, t, TABLE_BASE);
    text_put_integer(&w, t->created.ns, 0);
    char hex[HASH128_HEX];
    hash128_hex(hash128(arn, w.size), hex);
    char id[40];
    (void)snprintf(id, sizeof id, "%.8s-%.4s-4%.3s-a%.3s-%.12s", hex, hex + 8, hex + 13, hex + 17,
                   hex + 20);
    put_string(c, TEXT("TableId"), id);
}

static void put_arn_member(struct api_call *c, struct text member, const struct api_table *t,
                           int32_t index)
{
    struct text_writer *w = json_put_raw(name(c, member));
    text_put_char(w, '"');
    api_put_arn(w, c->d, t, index);
    text_put_char(w, '"');
}

static void put_projection(struct api_call *c, const struct table_index_config *index)
{
    static const char *const types[] = {
        [PROJECTION_ALL] = "ALL",
        [PROJECTION_KEYS_ONLY] = "KEYS_ONLY",
        [PROJECTION_INCLUDE] = "INCLUDE",
    };
    json_open(name(c, TEXT("Projection")), '{');
    put_string(c, TEXT("ProjectionType"), types[index->projection]);
    if (index->projection == PROJECTION_INCLUDE) {
        json_open(name(c, TEXT("NonKeyAttributes")), '[');
        for (uint32_t i = 0; i < index->include_count; i++) {
            json_put_text(&c->out, text_from(index->include[i]));
        }
        json_close(&c->out, ']');
    }
    json_close(&c->out, '}');
}

/* What an index holds: its items, and their bytes as billed less the 100 of each. */
static int64_t items_in(const struct api_table *t, int32_t index, int64_t *bytes)
{
    enum { BILLED_MORE = 100 };

    int64_t items = table_stored_items(t->table, index);
    *bytes = table_stored_bytes(t->table, index) - BILLED_MORE * items;
    return items;
}

static void put_index(struct api_call *c, const struct api_table *t, uint32_t i)
{
    const struct table_index_config *index = &t->config.indexes[i];
    int64_t bytes;
    int64_t items = items_in(t, (int32_t)i, &bytes);
    json_open(&c->out, '{');
    put_string(c, TEXT("IndexName"), index->name);
    api_put_schema(c, index->hash_key, index->range_key);
    put_projection(c, index);
    if (!index->local) {
        put_string(c, TEXT("IndexStatus"), status_name(t->indexes[i].status));
        put_throughput(c, &t->indexes[i].units, index->rcu, index->wcu);
    }
    json_put_integer(name(c, TEXT("IndexSizeBytes")), bytes);
    json_put_integer(name(c, TEXT("ItemCount")), items);
    put_arn_member(c, TEXT("IndexArn"), t, (int32_t)i);
    json_close(&c->out, '}');
}

static void put_indexes(struct api_call *c, const struct api_table *t, bool local)
{
    bool open = false;
    for (uint32_t i = 0; i < t->config.indexes_count; i++) {
        if (t->config.indexes[i].local == local) {
            if (!open) {
                json_open(
                    name(c, local ? TEXT("LocalSecondaryIndexes") : TEXT("GlobalSecondaryIndexes")),
                    '[');
                open = true;
            }
            put_index(c, t, i);
        }
    }
    if (open) {
        json_close(&c->out, ']');
    }
}

const char *api_stream_view_name(enum stream_view view)
{
    static const char *const names[] = {
        [STREAM_NONE] = "",
        [STREAM_KEYS_ONLY] = "KEYS_ONLY",
        [STREAM_NEW_IMAGE] = "NEW_IMAGE",
        [STREAM_OLD_IMAGE] = "OLD_IMAGE",
        [STREAM_NEW_AND_OLD_IMAGES] = "NEW_AND_OLD_IMAGES",
    };
    return names[view];
}

void api_put_stream_label(struct text_writer *w, const struct api_table *t)
{
    char label[40];
    struct text_writer whole = text_writer(label, sizeof label);
    text_put_instant(&whole, (struct instant){t->stream_began.ns - t->stream_began.ns % NS_PER_MS});
    text_put(w, (struct text){label, whole.size - 1}); /* without the Z */
}

void api_put_stream_arn(struct text_writer *w, const struct dynamodb *d, const struct api_table *t)
{
    api_put_arn(w, d, t, TABLE_BASE);
    text_put(w, TEXT("/stream/"));
    api_put_stream_label(w, t);
}

static void put_stream(struct api_call *c, const struct api_table *t)
{
    if (t->config.stream == STREAM_NONE) {
        return;
    }
    json_open(name(c, TEXT("StreamSpecification")), '{');
    json_put_boolean(name(c, TEXT("StreamEnabled")), true);
    put_string(c, TEXT("StreamViewType"), api_stream_view_name(t->config.stream));
    json_close(&c->out, '}');
    struct text_writer *out = json_put_raw(name(c, TEXT("LatestStreamLabel")));
    text_put_char(out, '"');
    api_put_stream_label(out, t);
    text_put_char(out, '"');
    out = json_put_raw(name(c, TEXT("LatestStreamArn")));
    text_put_char(out, '"');
    api_put_stream_arn(out, c->d, t);
    text_put_char(out, '"');
}

void api_put_description(struct api_call *c, const struct api_table *t)
{
    int64_t bytes;
    int64_t items = items_in(t, TABLE_BASE, &bytes);
    json_open(&c->out, '{');
    put_definitions(c, t);
    json_put_text(name(c, TEXT("TableName")), t->name);
    api_put_schema(c, t->config.hash_key, t->config.range_key);
    put_string(c, TEXT("TableStatus"), status_name(t->status));
    put_instant(c, TEXT("CreationDateTime"), t->created);
    put_throughput(c, &t->units, t->config.rcu, t->config.wcu);
    json_put_integer(name(c, TEXT("TableSizeBytes")), bytes);
    json_put_integer(name(c, TEXT("ItemCount")), items);
    put_arn_member(c, TEXT("TableArn"), t, TABLE_BASE);
    put_id(c, t);
    put_billing(c, t);
    put_indexes(c, t, true);
    put_indexes(c, t, false);
    put_stream(c, t);
    json_put_boolean(name(c, TEXT("DeletionProtectionEnabled")), t->protected);
    json_close(&c->out, '}');
}

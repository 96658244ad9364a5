/* api_tables.c: the control plane: CreateTable, DescribeTable, UpdateTable, DeleteTable,
 * ListTables, UpdateTimeToLive, DescribeTimeToLive, DescribeLimits; see api_state.h.
 *
 * A change of indexes or of TTL builds the table anew, as it is now: what is known of its past, for
 * reads that lag, goes; its stream goes on. Sources: DDB-TABLE-*, DDB-TABLE-5, DDB-ERROR-2.
 */
#include "model/api/api_state.h"
#include "model/dynamodb/table_stream.h"
#include "sim/assert.h"

enum {
    LOCAL_MAX = 5,
    GLOBAL_MAX = 20,
    UNITS_MAX_SIMULATED = 10000000,
    NAMES_DEFAULT = 100,
    TABLE_NAME_LEAST = 3,
    TABLE_NAME_MOST = 255,
    ATTRIBUTE_NAME_MOST = 255, /* of keys, and of what an index projects */
    PROJECTED_MOST = 20,
};

#define UNITS_MAX INT64_C(1000000000000)
#define TOO_MANY_GLOBAL INVALID "GlobalSecondaryIndex count exceeds the per-table limit of 20"
#define INVALID "One or more parameter values were invalid: "

/* Requests */

static const struct shape NAME_FIRST = {
    .kind = SHAPE_STRING, .pattern = PATTERN_NAME, .table_name = true};
static const struct shape BILLING = {.kind = SHAPE_STRING,
                                     .values = "PROVISIONED, PAY_PER_REQUEST"};
static const struct shape ATTRIBUTE_TYPE = {.kind = SHAPE_STRING, .values = "B, N, S"};
static const struct shape KEY_TYPE = {.kind = SHAPE_STRING, .values = "HASH, RANGE"};
static const struct shape UNITS = {.kind = SHAPE_LONG, .least = 1, .bounded = true};
static const struct shape PROJECTION_TYPE = {.kind = SHAPE_STRING,
                                             .values = "ALL, INCLUDE, KEYS_ONLY"};
static const struct shape ATTRIBUTE_NAME = {
    .kind = SHAPE_STRING, .least = 1, .most = ATTRIBUTE_NAME_MOST};
static const struct shape ATTRIBUTES = {
    .kind = SHAPE_LIST, .element = &ATTRIBUTE_NAME, .least = 1, .most = PROJECTED_MOST};
static const struct shape VIEW_TYPE = {
    .kind = SHAPE_STRING, .values = "NEW_IMAGE, OLD_IMAGE, NEW_AND_OLD_IMAGES, KEYS_ONLY"};

static const struct shape_member DEFINITION_MEMBERS[] = {
    {"AttributeName", REQUIRED, &ATTRIBUTE_NAME},
    {"AttributeType", REQUIRED, &ATTRIBUTE_TYPE},
    {NULL,            OPTIONAL, NULL           },
};
static const struct shape DEFINITION = {
    .kind = SHAPE_STRUCTURE, .type = "AttributeDefinition", .members = DEFINITION_MEMBERS};
static const struct shape DEFINITIONS = {.kind = SHAPE_LIST, .element = &DEFINITION};

static const struct shape_member KEY_MEMBERS[] = {
    {"AttributeName", REQUIRED, &ATTRIBUTE_NAME},
    {"KeyType",       REQUIRED, &KEY_TYPE      },
    {NULL,            OPTIONAL, NULL           },
};
static const struct shape KEY = {
    .kind = SHAPE_STRUCTURE, .type = "KeySchemaElement", .members = KEY_MEMBERS};
static const struct shape SCHEMA = {.kind = SHAPE_LIST, .element = &KEY, .least = 1, .most = 2};

static const struct shape_member THROUGHPUT_MEMBERS[] = {
    {"WriteCapacityUnits", REQUIRED, &UNITS},
    {"ReadCapacityUnits",  REQUIRED, &UNITS},
    {NULL,                 OPTIONAL, NULL  },
};
static const struct shape THROUGHPUT = {
    .kind = SHAPE_STRUCTURE, .type = "ProvisionedThroughput", .members = THROUGHPUT_MEMBERS};

static const struct shape_member PROJECTION_MEMBERS[] = {
    {"ProjectionType",   OPTIONAL, &PROJECTION_TYPE},
    {"NonKeyAttributes", OPTIONAL, &ATTRIBUTES     },
    {NULL,               OPTIONAL, NULL            },
};
static const struct shape PROJECTION = {
    .kind = SHAPE_STRUCTURE, .type = "Projection", .members = PROJECTION_MEMBERS};

static const struct shape_member LOCAL_MEMBERS[] = {
    {"IndexName",  REQUIRED, &SHAPE_INDEX_NAME},
    {"KeySchema",  REQUIRED, &SCHEMA          },
    {"Projection", REQUIRED, &PROJECTION      },
    {NULL,         OPTIONAL, NULL             },
};
static const struct shape LOCAL = {
    .kind = SHAPE_STRUCTURE, .type = "LocalSecondaryIndex", .members = LOCAL_MEMBERS};
static const struct shape LOCALS = {.kind = SHAPE_LIST, .element = &LOCAL};

static const struct shape_member GLOBAL_MEMBERS[] = {
    {"IndexName",             REQUIRED, &SHAPE_INDEX_NAME},
    {"KeySchema",             REQUIRED, &SCHEMA          },
    {"Projection",            REQUIRED, &PROJECTION      },
    {"ProvisionedThroughput", OPTIONAL, &THROUGHPUT      },
    {NULL,                    OPTIONAL, NULL             },
};
static const struct shape GLOBAL = {
    .kind = SHAPE_STRUCTURE, .type = "GlobalSecondaryIndex", .members = GLOBAL_MEMBERS};
static const struct shape GLOBALS = {.kind = SHAPE_LIST, .element = &GLOBAL};

static const struct shape_member STREAM_MEMBERS[] = {
    {"StreamEnabled",  REQUIRED, &SHAPE_FLAG},
    {"StreamViewType", OPTIONAL, &VIEW_TYPE },
    {NULL,             OPTIONAL, NULL       },
};
static const struct shape STREAM = {
    .kind = SHAPE_STRUCTURE, .type = "StreamSpecification", .members = STREAM_MEMBERS};

static const struct shape_member CREATE_MEMBERS[] = {
    {"AttributeDefinitions",      REQUIRED,       &DEFINITIONS},
    {"TableName",                 REQUIRED_FIRST, &NAME_FIRST },
    {"BillingMode",               OPTIONAL,       &BILLING    },
    {"ProvisionedThroughput",     OPTIONAL,       &THROUGHPUT },
    {"KeySchema",                 REQUIRED,       &SCHEMA     },
    {"GlobalSecondaryIndexes",    OPTIONAL,       &GLOBALS    },
    {"LocalSecondaryIndexes",     OPTIONAL,       &LOCALS     },
    {"StreamSpecification",       OPTIONAL,       &STREAM     },
    {"DeletionProtectionEnabled", OPTIONAL,       &SHAPE_FLAG },
    {NULL,                        OPTIONAL,       NULL        },
};
static const struct shape CREATE = {.kind = SHAPE_STRUCTURE, .members = CREATE_MEMBERS};

static const struct shape_member NAME_MEMBERS[] = {
    {"TableName", REQUIRED_FIRST, &NAME_FIRST},
    {NULL,        OPTIONAL,       NULL       },
};
static const struct shape NAME = {.kind = SHAPE_STRUCTURE, .members = NAME_MEMBERS};

static const struct shape LIST_LIMIT = {
    .kind = SHAPE_INTEGER, .least = 1, .most = NAMES_DEFAULT, .bounded = true};
static const struct shape_member LIST_MEMBERS[] = {
    {"Limit",                   OPTIONAL, &LIST_LIMIT      },
    {"ExclusiveStartTableName", OPTIONAL, &SHAPE_INDEX_NAME},
    {NULL,                      OPTIONAL, NULL             },
};
static const struct shape LIST = {.kind = SHAPE_STRUCTURE, .members = LIST_MEMBERS};

static const struct shape_member INDEX_UPDATE_MEMBERS[] = {
    {"IndexName",             REQUIRED, &SHAPE_INDEX_NAME},
    {"ProvisionedThroughput", REQUIRED, &THROUGHPUT      },
    {NULL,                    OPTIONAL, NULL             },
};
static const struct shape INDEX_UPDATE = {.kind = SHAPE_STRUCTURE,
                                          .type = "UpdateGlobalSecondaryIndexAction",
                                          .members = INDEX_UPDATE_MEMBERS};
static const struct shape INDEX_CREATE = {
    .kind = SHAPE_STRUCTURE, .type = "CreateGlobalSecondaryIndexAction", .members = GLOBAL_MEMBERS};
static const struct shape_member INDEX_DELETE_MEMBERS[] = {
    {"IndexName", REQUIRED, &SHAPE_INDEX_NAME},
    {NULL,        OPTIONAL, NULL             },
};
static const struct shape INDEX_DELETE = {.kind = SHAPE_STRUCTURE,
                                          .type = "DeleteGlobalSecondaryIndexAction",
                                          .members = INDEX_DELETE_MEMBERS};
static const struct shape_member CHANGE_MEMBERS[] = {
    {"Update", OPTIONAL, &INDEX_UPDATE},
    {"Create", OPTIONAL, &INDEX_CREATE},
    {"Delete", OPTIONAL, &INDEX_DELETE},
    {NULL,     OPTIONAL, NULL         },
};
static const struct shape CHANGE = {
    .kind = SHAPE_STRUCTURE, .type = "GlobalSecondaryIndexUpdate", .members = CHANGE_MEMBERS};
static const struct shape CHANGES = {.kind = SHAPE_LIST, .element = &CHANGE};

static const struct shape_member UPDATE_MEMBERS[] = {
    {"AttributeDefinitions",        OPTIONAL,       &DEFINITIONS},
    {"TableName",                   REQUIRED_FIRST, &NAME_FIRST },
    {"BillingMode",                 OPTIONAL,       &BILLING    },
    {"ProvisionedThroughput",       OPTIONAL,       &THROUGHPUT },
    {"GlobalSecondaryIndexUpdates", OPTIONAL,       &CHANGES    },
    {"StreamSpecification",         OPTIONAL,       &STREAM     },
    {"DeletionProtectionEnabled",   OPTIONAL,       &SHAPE_FLAG },
    {NULL,                          OPTIONAL,       NULL        },
};
static const struct shape UPDATE = {.kind = SHAPE_STRUCTURE, .members = UPDATE_MEMBERS};

static const struct shape_member TTL_MEMBERS[] = {
    {"AttributeName", REQUIRED, &ATTRIBUTE_NAME},
    {"Enabled",       REQUIRED, &SHAPE_FLAG    },
    {NULL,            OPTIONAL, NULL           },
};
static const struct shape TTL = {
    .kind = SHAPE_STRUCTURE, .type = "TimeToLiveSpecification", .members = TTL_MEMBERS};
static const struct shape_member UPDATE_TTL_MEMBERS[] = {
    {"TableName",               REQUIRED, &SHAPE_TABLE_NAME},
    {"TimeToLiveSpecification", REQUIRED, &TTL             },
    {NULL,                      OPTIONAL, NULL             },
};
static const struct shape UPDATE_TTL = {.kind = SHAPE_STRUCTURE, .members = UPDATE_TTL_MEMBERS};

static const struct shape_member NO_MEMBERS[] = {
    {NULL, OPTIONAL, NULL}
};
static const struct shape NOTHING = {.kind = SHAPE_STRUCTURE, .members = NO_MEMBERS};

/* Lists of structures */

static struct item list_of(const struct value *structure, const char *member)
{
    struct value list;
    return (struct item){shape_get(structure, member, &list) ? list.bytes : (struct text){0}};
}

static struct value element(struct item list, uint32_t i)
{
    struct text name;
    struct value value;
    item_at(list, i, &name, &value);
    return value;
}

/* The attribute name of the i-th key or definition. */
static struct text attribute_at(struct item list, uint32_t i)
{
    struct value value = element(list, i);
    return api_text(&value, "AttributeName");
}

/* "[a, b]" */
static void put_attributes(struct text_writer *w, struct item list)
{
    text_put_char(w, '[');
    for (uint32_t i = 0; i < item_count(list); i++) {
        text_put(w, i > 0 ? TEXT(", ") : TEXT(""));
        text_put(w, attribute_at(list, i));
    }
    text_put_char(w, ']');
}

/* Keys */

static bool defined(struct item definitions, struct text attribute, enum attribute_type *type)
{
    for (uint32_t i = 0; i < item_count(definitions); i++) {
        struct value definition = element(definitions, i);
        if (text_equal(api_text(&definition, "AttributeName"), attribute)) {
            *type = api_is(&definition, "AttributeType", "S")   ? TYPE_S
                    : api_is(&definition, "AttributeType", "N") ? TYPE_N
                                                                : TYPE_B;
            return true;
        }
    }
    return false;
}

/* Reads a key schema. Source: DDB-TABLE-3 for the order of what is wrong with one. */
static bool read_schema(struct api_call *c, struct item schema, struct item definitions,
                        struct table_key *hash, struct table_key *range)
{
    char keys[256];
    char known[512];
    struct text_writer k = text_writer(keys, sizeof keys);
    struct text_writer d = text_writer(known, sizeof known);
    struct table_key *const to[] = {hash, range};
    uint32_t count = item_count(schema);
    ASSERT(count == 1 || count == 2);
    put_attributes(&k, schema);
    put_attributes(&d, definitions);
    for (uint32_t i = 0; i < count; i++) {
        if (!defined(definitions, attribute_at(schema, i), &to[i]->type)) {
            return api_invalid(c,
                               INVALID "Some index key attributes are not defined in "
                                       "AttributeDefinitions. Keys: %s, AttributeDefinitions: %s",
                               text_writer_string(&k), text_writer_string(&d));
        }
        to[i]->name = api_string(c, attribute_at(schema, i));
        if (to[i]->name == NULL) {
            return api_full(c);
        }
    }
    if (count == 2 && strcmp(hash->name, range->name) == 0) {
        return api_invalid(
            c, "Both the Hash Key and the Range Key element in the KeySchema have the same name");
    }
    struct value first = element(schema, 0);
    struct value last = element(schema, count - 1);
    if (!api_is(&first, "KeyType", "HASH")) {
        return api_invalid(c,
                           "Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
    }
    return count == 1 || api_is(&last, "KeyType", "RANGE") ||
           api_invalid(c, "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
}

static bool read_projection(struct api_call *c, const struct value *index,
                            struct table_index_config *config)
{
    struct value projection;
    (void)shape_get(index, "Projection", &projection);
    struct text type = api_text(&projection, "ProjectionType");
    struct item include = list_of(&projection, "NonKeyAttributes");
    if (type.size == 0) {
        return api_invalid(c, INVALID "Unknown ProjectionType: null");
    }
    config->projection = text_equal(type, TEXT("ALL"))       ? PROJECTION_ALL
                         : text_equal(type, TEXT("INCLUDE")) ? PROJECTION_INCLUDE
                                                             : PROJECTION_KEYS_ONLY;
    config->include_count = item_count(include);
    if (config->include_count > 0 && config->projection != PROJECTION_INCLUDE) {
        return api_invalid(c, INVALID "ProjectionType is %.*s, but NonKeyAttributes is specified",
                           (int)type.size, type.at);
    }
    if (config->include_count == 0 && config->projection == PROJECTION_INCLUDE) {
        return api_invalid(c, INVALID "ProjectionType is INCLUDE, but NonKeyAttributes is not "
                                      "specified");
    }
    const char **names = api_take(c, (config->include_count + 1) * sizeof *names);
    for (uint32_t i = 0; names != NULL && i < config->include_count; i++) {
        names[i] = api_string(c, element(include, i).bytes);
        if (names[i] == NULL) {
            return api_full(c);
        }
    }
    config->include = names;
    return names != NULL || api_full(c);
}

/* Reads units; 0 where they are not given. What is above the simulated most is refused. */
static bool read_units(struct api_call *c, const struct value *structure, int64_t *rcu,
                       int64_t *wcu)
{
    struct value throughput;
    *rcu = *wcu = 0;
    if (!shape_get(structure, "ProvisionedThroughput", &throughput)) {
        return true;
    }
    *rcu = api_integer(&throughput, "ReadCapacityUnits", 0);
    *wcu = api_integer(&throughput, "WriteCapacityUnits", 0);
    if (*rcu > UNITS_MAX || *wcu > UNITS_MAX) {
        return api_invalid(c, "Given value %lld for %s is out of bounds",
                           (long long)(*rcu > UNITS_MAX ? *rcu : *wcu),
                           *rcu > UNITS_MAX ? "ReadCapacityUnits" : "WriteCapacityUnits");
    }
    return (*rcu <= UNITS_MAX_SIMULATED && *wcu <= UNITS_MAX_SIMULATED) ||
           api_fail(c, ERROR_LimitExceededException,
                    "Subscriber limit exceeded: Provisioned throughput of a table or an index is "
                    "at most %d units here",
                    UNITS_MAX_SIMULATED);
}

static bool name_taken(const struct table_config *config, const char *name)
{
    for (uint32_t i = 0; i < config->indexes_count; i++) {
        if (strcmp(config->indexes[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Reads an index and adds it to the config. */
static bool read_index(struct api_call *c, const struct value *index, struct item definitions,
                       bool local, bool on_demand, struct table_config *config)
{
    struct table_index_config x = {.local = local};
    struct text name = api_text(index, "IndexName");
    x.name = api_string(c, name);
    if (x.name == NULL) {
        return api_full(c);
    }
    if (!read_schema(c, list_of(index, "KeySchema"), definitions, &x.hash_key, &x.range_key)) {
        return false;
    }
    if (local && x.range_key.name == NULL) {
        return api_invalid(c, INVALID "Index KeySchema does not have a range key for index: %s",
                           x.name);
    }
    if (local && strcmp(x.hash_key.name, config->hash_key.name) != 0) {
        return api_invalid(c,
                           INVALID "Index KeySchema does not have the same leading hash key as "
                                   "table KeySchema for index: %s. index hash key: %s, table hash "
                                   "key: %s",
                           x.name, x.hash_key.name, config->hash_key.name);
    }
    if (!read_projection(c, index, &x) || !read_units(c, index, &x.rcu, &x.wcu)) {
        return false;
    }
    if (on_demand && x.rcu > 0) {
        return api_invalid(c,
                           INVALID "ProvisionedThroughput should not be specified for index: %s "
                                   "when BillingMode is PAY_PER_REQUEST",
                           x.name);
    }
    if (!local && !on_demand && x.rcu == 0) {
        return api_invalid(c, INVALID "ProvisionedThroughput must be specified for index: %s",
                           x.name);
    }
    if (name_taken(config, x.name)) {
        return api_invalid(c, INVALID "Duplicate index name: %s", x.name);
    }
    config->indexes[config->indexes_count++] = x;
    return true;
}

static bool read_indexes(struct api_call *c, const char *member, struct item definitions,
                         bool local, bool on_demand, struct table_config *config)
{
    struct item list = list_of(&c->request, member);
    uint32_t count = item_count(list);
    if (!api_has(&c->request, member)) {
        return true;
    }
    if (count == 0) {
        return api_invalid(c, INVALID "List of %s is empty", member);
    }
    if (local && config->range_key.name == NULL) {
        return api_invalid(c,
                           INVALID "Table KeySchema does not have a range key, which is required "
                                   "when specifying a LocalSecondaryIndex");
    }
    for (uint32_t i = 0; i < count; i++) {
        if (i == (local ? LOCAL_MAX : GLOBAL_MAX)) {
            return local ? api_invalid(c, INVALID "Number of LocalSecondaryIndexes exceeds "
                                                  "per-table limit of 5")
                         : api_invalid(c, TOO_MANY_GLOBAL);
        }
        struct value index = element(list, i);
        if (!read_index(c, &index, definitions, local, on_demand, config)) {
            return false;
        }
    }
    return true;
}

static enum stream_view read_view(const struct value *structure)
{
    struct value stream;
    if (!shape_get(structure, "StreamSpecification", &stream) ||
        !api_flag(&stream, "StreamEnabled", false)) {
        return STREAM_NONE;
    }
    return api_is(&stream, "StreamViewType", "KEYS_ONLY")   ? STREAM_KEYS_ONLY
           : api_is(&stream, "StreamViewType", "NEW_IMAGE") ? STREAM_NEW_IMAGE
           : api_is(&stream, "StreamViewType", "OLD_IMAGE") ? STREAM_OLD_IMAGE
                                                            : STREAM_NEW_AND_OLD_IMAGES;
}

/* A stream that is wanted says what its records hold. */
static bool check_stream(struct api_call *c)
{
    struct value stream;
    if (!shape_get(&c->request, "StreamSpecification", &stream)) {
        return true;
    }
    bool enabled = api_flag(&stream, "StreamEnabled", false);
    bool view = api_has(&stream, "StreamViewType");
    return enabled == view ||
           (enabled ? api_invalid(c, INVALID "StreamViewType is required when StreamEnabled is "
                                             "true")
                    : api_invalid(c, INVALID "StreamViewType should be null when StreamEnabled is "
                                             "false"));
}

/* Billing, and the table's units. */
static bool read_billing(struct api_call *c, struct table_config *config)
{
    bool on_demand = api_is(&c->request, "BillingMode", "PAY_PER_REQUEST");
    bool given = api_has(&c->request, "ProvisionedThroughput");
    if (on_demand && given) {
        return api_invalid(c, INVALID "Neither ReadCapacityUnits nor WriteCapacityUnits can be "
                                      "specified when BillingMode is PAY_PER_REQUEST");
    }
    if (!on_demand && !given) {
        return api_invalid(c, INVALID "ReadCapacityUnits and WriteCapacityUnits must both be "
                                      "specified when BillingMode is PROVISIONED");
    }
    return read_units(c, &c->request, &config->rcu, &config->wcu);
}

static bool is_key(const struct table_config *config, struct text name)
{
    bool key =
        text_equal(name, text_from(config->hash_key.name)) ||
        (config->range_key.name != NULL && text_equal(name, text_from(config->range_key.name)));
    for (uint32_t i = 0; i < config->indexes_count && !key; i++) {
        const struct table_index_config *x = &config->indexes[i];
        key = text_equal(name, text_from(x->hash_key.name)) ||
              (x->range_key.name != NULL && text_equal(name, text_from(x->range_key.name)));
    }
    return key;
}

/* Every attribute that is defined must be a key of something. */
static bool check_definitions(struct api_call *c, struct item definitions,
                              const struct table_config *config)
{
    bool used = true;
    for (uint32_t i = 0; i < item_count(definitions) && used; i++) {
        used = is_key(config, attribute_at(definitions, i));
    }
    if (used) {
        return true;
    }
    if (config->indexes_count == 0) {
        return api_invalid(c, INVALID "Number of attributes in KeySchema does not exactly match "
                                      "number of attributes defined in AttributeDefinitions");
    }
    char keys[512];
    struct text_writer w = text_writer(keys, sizeof keys);
    put_attributes(&w, definitions);
    return api_invalid(c,
                       INVALID "Some AttributeDefinitions are not used. AttributeDefinitions: %s",
                       text_writer_string(&w));
}

static bool read_table(struct api_call *c, struct table_config *config)
{
    struct item definitions = list_of(&c->request, "AttributeDefinitions");
    struct item schema = list_of(&c->request, "KeySchema");
    bool on_demand = api_is(&c->request, "BillingMode", "PAY_PER_REQUEST");
    if (!read_billing(c, config)) {
        return false;
    }
    if (item_count(schema) > item_count(definitions)) {
        return api_invalid(c, "Invalid KeySchema: Some index key attribute have no definition");
    }
    return read_schema(c, schema, definitions, &config->hash_key, &config->range_key) &&
           (item_count(definitions) == item_count(schema) ||
            api_has(&c->request, "LocalSecondaryIndexes") ||
            api_has(&c->request, "GlobalSecondaryIndexes") ||
            check_definitions(c, definitions, config)) &&
           read_indexes(c, "LocalSecondaryIndexes", definitions, true, on_demand, config) &&
           read_indexes(c, "GlobalSecondaryIndexes", definitions, false, on_demand, config) &&
           check_definitions(c, definitions, config) && check_stream(c);
}

/* Operations */

/* Answers with the table's description as a member. */
static bool describe(struct api_call *c, const struct api_table *t, const char *member)
{
    json_open(&c->out, '{');
    json_name(&c->out, text_from(member));
    api_put_description(c, t);
    json_close(&c->out, '}');
    return true;
}

static struct api_table *find(struct api_call *c)
{
    struct text name = api_table_name(api_text(&c->request, "TableName"));
    struct api_table *t = api_table_find(c->d, name);
    if (t == NULL) {
        (void)api_fail(c, ERROR_ResourceNotFoundException,
                       "Requested resource not found: Table: %.*s not found", (int)name.size,
                       name.at);
    }
    return t;
}

/* Puts a table into a state that ends by itself. */
static void begin_status(struct api_call *c, struct api_table *t, enum api_table_status status,
                         struct duration lasts)
{
    t->status = status;
    t->status_ends = instant_add(c->now, lasts);
}

/* The definitions as they were given, in their order. */
static void keep_definitions(struct api_table *t, struct item definitions)
{
    struct table_key sorted[API_DEFINITIONS_MAX] = {
        {NULL, TYPE_S}
    };
    uint32_t count = 0;
    api_table_define(t);
    for (uint32_t i = 0; i < item_count(definitions); i++) {
        for (uint32_t k = 0; k < t->definitions_count; k++) {
            if (text_equal(attribute_at(definitions, i), text_from(t->definitions[k].name))) {
                sorted[count++] = t->definitions[k];
                t->definitions[k--] = t->definitions[--t->definitions_count];
            }
        }
    }
    memcpy(t->definitions, sorted, count * sizeof sorted[0]);
    t->definitions_count = count;
}

static bool create_table(struct api_call *c)
{
    const struct dynamodb_config *d = &c->d->config;
    struct table_config config = {.scratch = d->scratch,
                                  .limits = d->limits,
                                  .history = d->history,
                                  .items_max = d->items_max,
                                  .cache_bytes = d->cache_bytes,
                                  .stream = read_view(&c->request)};
    struct text name = api_table_name(api_text(&c->request, "TableName"));
    config.name = api_string(c, name);
    if (config.name == NULL) {
        return api_full(c);
    }
    if (name.size < TABLE_NAME_LEAST || name.size > TABLE_NAME_MOST) { /* inside an ARN */
        return api_invalid(c, "TableName must be at least 3 characters long and at most 255 "
                              "characters long");
    }
    if (!read_table(c, &config)) {
        return false;
    }
    if (api_table_find(c->d, name) != NULL) {
        return api_fail(c, ERROR_ResourceInUseException, "Table already exists: %s", config.name);
    }
    struct api_table *t = api_table_add(c->d, c->now, &config, &c->error);
    if (t == NULL) {
        return api_fail(c, ERROR_InternalServerError, "%s", c->error.message);
    }
    t->protected = api_flag(&c->request, "DeletionProtectionEnabled", false);
    keep_definitions(t, list_of(&c->request, "AttributeDefinitions"));
    begin_status(c, t, API_TABLE_CREATING, d->creation);
    for (uint32_t i = 0; i < config.indexes_count; i++) {
        t->indexes[i] =
            (struct api_index){.status = API_TABLE_CREATING, .status_ends = t->status_ends};
    }
    return describe(c, t, "TableDescription");
}

static bool describe_table(struct api_call *c)
{
    struct api_table *t = find(c);
    return t != NULL && describe(c, t, "Table");
}

/* Refuses to change a table that is changing already. */
static bool check_active(struct api_call *c, const struct api_table *t)
{
    static const char *const doings[] = {
        [API_TABLE_ACTIVE] = "",
        [API_TABLE_CREATING] = "created",
        [API_TABLE_UPDATING] = "updated",
        [API_TABLE_DELETING] = "deleted",
    };
    return t->status == API_TABLE_ACTIVE ||
           api_fail(c, ERROR_ResourceInUseException,
                    "Attempt to change a resource which is still in use: Table is being %s: %.*s",
                    doings[t->status], (int)t->name.size, t->name.at);
}

static bool delete_table(struct api_call *c)
{
    struct api_table *t = find(c);
    if (t == NULL || !check_active(c, t)) {
        return false;
    }
    if (t->protected) {
        return api_invalid(c, "Resource cannot be deleted as it is currently protected against "
                              "deletion. Disable deletion protection first.");
    }
    begin_status(c, t, API_TABLE_DELETING, c->d->config.deletion);
    return describe(c, t, "TableDescription");
}

static bool list_tables(struct api_call *c)
{
    struct text start = api_text(&c->request, "ExclusiveStartTableName");
    int64_t left = api_integer(&c->request, "Limit", NAMES_DEFAULT);
    struct text last = {0};
    bool more = false;
    json_open(&c->out, '{');
    json_name(&c->out, TEXT("TableNames"));
    json_open(&c->out, '[');
    for (uint32_t i = 0; i < c->d->tables_count && !more; i++) {
        struct text name = c->d->tables[i]->name;
        if (start.size > 0 && text_compare(name, start) <= 0) {
            continue;
        }
        more = left-- == 0;
        if (!more) {
            json_put_text(&c->out, name);
            last = name;
        }
    }
    json_close(&c->out, ']');
    if (more) {
        json_name(&c->out, TEXT("LastEvaluatedTableName"));
        json_put_text(&c->out, last);
    }
    json_close(&c->out, '}');
    return true;
}

/* Changes a table to another config, with other indexes, units or TTL. */
static bool change(struct api_call *c, struct api_table *t, const struct table_config *config)
{
    struct api_table changed = *t;
    changed.config = *config;
    if (!memory_area_init(&changed.strings, t->strings.size)) {
        return api_full(c);
    }
    api_table_keep(&changed);
    bool done = table_rebuild(t->table, c->now, &changed.config, &c->error) == STATUS_OK &&
                table_set_capacity(t->table, c->now, &changed.config, &c->error) == STATUS_OK;
    struct memory_area old = done ? t->strings : changed.strings;
    if (done) {
        *t = changed;
        api_table_define(t);
    } else {
        (void)api_fail(c, ERROR_InternalServerError, "%s", c->error.message);
    }
    memory_area_deinit(&old);
    return done;
}

/* UpdateTable */

static int find_index(const struct table_config *config, struct text name)
{
    for (uint32_t i = 0; i < config->indexes_count; i++) {
        if (!config->indexes[i].local && text_equal(text_from(config->indexes[i].name), name)) {
            return (int)i;
        }
    }
    return -1;
}

static bool refuse_unchanged(struct api_call *c, int64_t rcu, int64_t wcu)
{
    return api_invalid(c,
                       "The provisioned throughput for the table will not change. The requested "
                       "value equals the current value. Current ReadCapacityUnits provisioned for "
                       "the table: %lld. Requested ReadCapacityUnits: %lld. Current "
                       "WriteCapacityUnits provisioned for the table: %lld. Requested "
                       "WriteCapacityUnits: %lld. Refer to the Amazon DynamoDB Developer Guide for "
                       "current limits and how to request higher limits.",
                       (long long)rcu, (long long)rcu, (long long)wcu, (long long)wcu);
}

/* What an update of the table asks for. */
struct table_change {
    struct table_config config; /* to be, as is what follows */
    struct api_units units;
    struct api_index indexes[API_INDEXES_MAX];
    bool other_indexes;
    bool on_demand;
};

/* Sets units of the table or of an index, and notes when they went up or down. */
static bool set_units(struct api_call *c, struct api_units *units, const struct value *structure,
                      int64_t *rcu, int64_t *wcu)
{
    int64_t reads;
    int64_t writes;
    if (!read_units(c, structure, &reads, &writes)) {
        return false;
    }
    if (reads == *rcu && writes == *wcu) {
        return refuse_unchanged(c, reads, writes);
    }
    units->raised = reads > *rcu || writes > *wcu ? c->now : units->raised;
    units->lowered = reads < *rcu || writes < *wcu ? c->now : units->lowered;
    *rcu = reads;
    *wcu = writes;
    return true;
}

static bool update_index(struct api_call *c, const struct value *update, struct table_change *x)
{
    struct text name = api_text(update, "IndexName");
    int i = find_index(&x->config, name);
    if (i < 0) {
        return api_fail(c, ERROR_ResourceNotFoundException, "Requested resource not found");
    }
    return set_units(c, &x->indexes[i].units, update, &x->config.indexes[i].rcu,
                     &x->config.indexes[i].wcu);
}

/* The index that a change is about; size 0: it says nothing. */
static struct text changed_index(const struct value *change)
{
    struct value action;
    bool some = shape_get(change, "Update", &action) || shape_get(change, "Create", &action) ||
                shape_get(change, "Delete", &action);
    return some ? api_text(&action, "IndexName") : (struct text){0};
}

static bool delete_index(struct api_call *c, const struct value *change, struct table_change *x)
{
    int i = find_index(&x->config, changed_index(change));
    if (i < 0) {
        return api_fail(c, ERROR_ResourceNotFoundException, "Requested resource not found");
    }
    uint32_t behind = --x->config.indexes_count - (uint32_t)i;
    memmove(&x->config.indexes[i], &x->config.indexes[i + 1], behind * sizeof x->config.indexes[0]);
    memmove(&x->indexes[i], &x->indexes[i + 1], behind * sizeof x->indexes[0]);
    x->other_indexes = true;
    return true;
}

/* The definitions that a new index is read by: those of the request. */
static bool create_index(struct api_call *c, const struct value *update, struct table_change *x)
{
    uint32_t global = 0;
    for (uint32_t i = 0; i < x->config.indexes_count; i++) {
        global += !x->config.indexes[i].local;
    }
    if (global == GLOBAL_MAX) {
        return api_invalid(c, TOO_MANY_GLOBAL);
    }
    x->other_indexes = true;
    x->indexes[x->config.indexes_count] = (struct api_index){
        .status = API_TABLE_CREATING, .status_ends = instant_add(c->now, c->d->config.creation)};
    return read_index(c, update, list_of(&c->request, "AttributeDefinitions"), false, x->on_demand,
                      &x->config);
}

/* An update changes an index once, and creates or deletes one at most. Source: DDB-TABLE-4. */
static bool check_changes(struct api_call *c, struct item changes)
{
    uint32_t online = 0;
    for (uint32_t i = 0; i < item_count(changes); i++) {
        struct value change = element(changes, i);
        struct text name = changed_index(&change);
        online += api_has(&change, "Create") || api_has(&change, "Delete");
        if (name.size == 0) {
            return api_invalid(c, INVALID "One of GlobalSecondaryIndexUpdate.Update, "
                                          "GlobalSecondaryIndexUpdate.Create, "
                                          "GlobalSecondaryIndexUpdate.Delete must not be null");
        }
        for (uint32_t k = 0; k < i; k++) {
            struct value other = element(changes, k);
            if (text_equal(changed_index(&other), name)) {
                return api_invalid(c,
                                   INVALID "Only one global secondary index update per index is "
                                           "allowed simultaneously. Index: %.*s",
                                   (int)name.size, name.at);
            }
        }
    }
    return online <= 1 ||
           api_fail(c, ERROR_LimitExceededException,
                    "Subscriber limit exceeded: Only 1 online index can be created or deleted "
                    "simultaneously per table");
}

static bool read_changes(struct api_call *c, struct table_change *x)
{
    struct item changes = list_of(&c->request, "GlobalSecondaryIndexUpdates");
    for (uint32_t i = 0; i < item_count(changes); i++) {
        struct value change = element(changes, i);
        struct value action;
        bool done = shape_get(&change, "Update", &action)   ? update_index(c, &action, x)
                    : shape_get(&change, "Create", &action) ? create_index(c, &action, x)
                                                            : delete_index(c, &change, x);
        if (!done) {
            return false;
        }
    }
    return true;
}

/* Billing and the table's own units. */
static bool read_mode(struct api_call *c, const struct api_table *t, struct table_change *x)
{
    bool given = api_has(&c->request, "ProvisionedThroughput");
    if (given && x->on_demand) {
        return api_invalid(c, INVALID "Neither ReadCapacityUnits nor WriteCapacityUnits can be "
                                      "specified when BillingMode is PAY_PER_REQUEST");
    }
    if (api_is(&c->request, "BillingMode", "PROVISIONED") && !given && t->on_demand) {
        return api_invalid(
            c, INVALID "ProvisionedThroughput must be specified when BillingMode is PROVISIONED");
    }
    if (given && !set_units(c, &x->units, &c->request, &x->config.rcu, &x->config.wcu)) {
        return false;
    }
    if (x->on_demand && !t->on_demand) {
        x->config.rcu = x->config.wcu = 0;
        for (uint32_t i = 0; i < x->config.indexes_count; i++) {
            x->config.indexes[i].rcu = x->config.indexes[i].wcu = 0;
        }
    }
    return true;
}

/* Indexes that have no units while the table has. */
static bool check_index_units(struct api_call *c, const struct table_change *x)
{
    for (uint32_t i = 0; i < x->config.indexes_count && !x->on_demand; i++) {
        const struct table_index_config *index = &x->config.indexes[i];
        if (!index->local && index->rcu == 0) {
            return api_invalid(c, INVALID "ProvisionedThroughput must be specified for index: %s",
                               index->name);
        }
    }
    return true;
}

static bool check_update(struct api_call *c)
{
    return api_has(&c->request, "ProvisionedThroughput") || api_has(&c->request, "BillingMode") ||
           item_count(list_of(&c->request, "GlobalSecondaryIndexUpdates")) > 0 ||
           api_has(&c->request, "StreamSpecification") ||
           api_has(&c->request, "DeletionProtectionEnabled") ||
           api_invalid(c, "At least one of ProvisionedThroughput, BillingMode, "
                          "UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or "
                          "ReplicaUpdates is required");
}

/* A stream that is there is not started, one that is not there not stopped. */
static bool check_stream_change(struct api_call *c, const struct api_table *t)
{
    enum stream_view view = read_view(&c->request);
    if (!api_has(&c->request, "StreamSpecification")) {
        return true;
    }
    if (view != STREAM_NONE && t->config.stream != STREAM_NONE) {
        return api_invalid(c, "Table already has an enabled stream: %.*s", (int)t->name.size,
                           t->name.at);
    }
    if (view == STREAM_NONE && t->config.stream == STREAM_NONE) {
        return api_invalid(c, "Table already has a disabled stream: %.*s", (int)t->name.size,
                           t->name.at);
    }
    return true;
}

/* Starts or stops the stream, as the request says. */
static bool update_stream(struct api_call *c, struct api_table *t)
{
    enum stream_view view = read_view(&c->request);
    if (!api_has(&c->request, "StreamSpecification")) {
        return true;
    }
    if (view == STREAM_NONE) {
        table_stream_stop(t->table);
    } else if (table_stream_start(t->table, view, 1, &c->error) != STATUS_OK) {
        return api_fail(c, ERROR_InternalServerError, "%s", c->error.message);
    }
    t->config.stream = view;
    t->stream_began = view != STREAM_NONE ? c->now : t->stream_began;
    return true;
}

/* Makes a change of indexes and units true. */
static bool apply(struct api_call *c, struct api_table *t, const struct table_change *x)
{
    if (x->other_indexes) {
        if (!change(c, t, &x->config)) {
            return false;
        }
    } else {
        if (table_set_capacity(t->table, c->now, &x->config, &c->error) != STATUS_OK) {
            return api_fail(c, ERROR_InternalServerError, "%s", c->error.message);
        }
        t->config = x->config;
    }
    if (x->on_demand && !t->on_demand) {
        t->on_demand_since = c->now;
        t->on_demand_since_known = true;
    }
    t->on_demand = x->on_demand;
    t->units = x->units;
    memcpy(t->indexes, x->indexes, sizeof t->indexes);
    return true;
}

static bool update_table(struct api_call *c)
{
    struct item changes = list_of(&c->request, "GlobalSecondaryIndexUpdates");
    if (!check_update(c) || !check_stream(c) || !check_changes(c, changes)) {
        return false;
    }
    struct api_table *t = find(c);
    if (t == NULL || !check_active(c, t)) {
        return false;
    }
    struct table_change x = {
        .config = t->config,
        .units = t->units,
        .on_demand = api_is(&c->request, "BillingMode", "PAY_PER_REQUEST") ||
                     (t->on_demand && !api_is(&c->request, "BillingMode", "PROVISIONED"))};
    memcpy(x.indexes, t->indexes, sizeof x.indexes);
    if (!read_mode(c, t, &x) || !read_changes(c, &x) || !check_index_units(c, &x) ||
        !check_stream_change(c, t)) {
        return false;
    }
    bool units = api_has(&c->request, "ProvisionedThroughput") ||
                 api_has(&c->request, "BillingMode") || item_count(changes) > 0;
    if ((units && !apply(c, t, &x)) || !update_stream(c, t)) {
        return false;
    }
    if (units) {
        begin_status(c, t, API_TABLE_UPDATING, c->d->config.creation);
    }
    t->protected = api_flag(&c->request, "DeletionProtectionEnabled", t->protected);
    return describe(c, t, "TableDescription");
}

/* TTL */

static bool check_ttl(struct api_call *c, const struct api_table *t, const struct value *ttl)
{
    bool enabled = api_flag(ttl, "Enabled", false);
    const struct duration hour = duration_s(3600);
    if (enabled == t->ttl_enabled) {
        return api_invalid(c, "TimeToLive is already %s", enabled ? "enabled" : "disabled");
    }
    if (!enabled && !api_is(ttl, "AttributeName", t->ttl_attribute)) {
        return api_invalid(c,
                           "TimeToLive is active on a different AttributeName: current "
                           "AttributeName is %s",
                           t->ttl_attribute);
    }
    return !t->ttl_changed || instant_since(c->now, t->ttl_changed_at).ns >= hour.ns ||
           api_invalid(c, "Time to live has been modified multiple times within a fixed interval");
}

static bool update_ttl(struct api_call *c)
{
    struct value ttl;
    (void)shape_get(&c->request, "TimeToLiveSpecification", &ttl);
    struct api_table *t = find(c);
    if (t == NULL || !check_active(c, t) || !check_ttl(c, t, &ttl)) {
        return false;
    }
    struct table_config config = t->config;
    bool enabled = api_flag(&ttl, "Enabled", false);
    config.ttl_attribute = enabled ? api_string(c, api_text(&ttl, "AttributeName")) : NULL;
    if (enabled && config.ttl_attribute == NULL) {
        return api_full(c);
    }
    if (!change(c, t, &config)) {
        return false;
    }
    t->ttl_attribute = t->config.ttl_attribute;
    t->ttl_enabled = enabled;
    t->ttl_changed = true;
    t->ttl_changed_at = c->now;
    json_open(&c->out, '{');
    json_name(&c->out, TEXT("TimeToLiveSpecification"));
    json_open(&c->out, '{');
    json_name(&c->out, TEXT("Enabled"));
    json_put_boolean(&c->out, enabled);
    json_name(&c->out, TEXT("AttributeName"));
    json_put_text(&c->out, api_text(&ttl, "AttributeName"));
    json_close(&c->out, '}');
    json_close(&c->out, '}');
    return true;
}

static bool describe_ttl(struct api_call *c)
{
    struct api_table *t = find(c);
    if (t == NULL) {
        return false;
    }
    json_open(&c->out, '{');
    json_name(&c->out, TEXT("TimeToLiveDescription"));
    json_open(&c->out, '{');
    json_name(&c->out, TEXT("TimeToLiveStatus"));
    json_put_text(&c->out, t->ttl_enabled ? TEXT("ENABLED") : TEXT("DISABLED"));
    if (t->ttl_enabled) {
        json_name(&c->out, TEXT("AttributeName"));
        json_put_text(&c->out, text_from(t->ttl_attribute));
    }
    json_close(&c->out, '}');
    json_close(&c->out, '}');
    return true;
}

/* The default quotas. Source: DDB-LIMIT-5. */
static bool describe_limits(struct api_call *c)
{
    static const struct quota {
        const char *name;
        int64_t units;
    } quotas[] = {
        {"AccountMaxReadCapacityUnits",  80000},
        {"AccountMaxWriteCapacityUnits", 80000},
        {"TableMaxReadCapacityUnits",    40000},
        {"TableMaxWriteCapacityUnits",   40000},
    };

    json_open(&c->out, '{');
    for (size_t i = 0; i < sizeof quotas / sizeof quotas[0]; i++) {
        json_name(&c->out, text_from(quotas[i].name));
        json_put_integer(&c->out, quotas[i].units);
    }
    json_close(&c->out, '}');
    return true;
}

const struct api_operation api_table_operations[] = {
    {"CreateTable",        &CREATE,     create_table   },
    {"DescribeTable",      &NAME,       describe_table },
    {"UpdateTable",        &UPDATE,     update_table   },
    {"DeleteTable",        &NAME,       delete_table   },
    {"ListTables",         &LIST,       list_tables    },
    {"UpdateTimeToLive",   &UPDATE_TTL, update_ttl     },
    {"DescribeTimeToLive", &NAME,       describe_ttl   },
    {"DescribeLimits",     &NOTHING,    describe_limits},
    {NULL,                 NULL,        NULL           },
};

/* table_session.c: see table_session.h. */
#include "tools/table_session.h"

#include "model/api/json.h"
#include "model/pipeline/pipeline.h"
#include "tools/input_file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { SCHEMA_BYTES = 1 << 20, SCHEMA_AREA = 1 << 24, ITEMS_MORE = 4096 };

#define CACHE_BYTES (UINT64_C(256) << 20)

const struct instant table_session_now = {0};

bool directory_is_free(const char *path)
{
    DIR *folder = opendir(path);
    bool empty = folder == NULL && errno == ENOENT;
    if (folder != NULL) {
        empty = true;
        for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
            empty = empty && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0);
        }
        (void)closedir(folder);
    }
    return empty;
}

static enum status open_account(struct table_session *s, uint64_t items_max, struct error *error)
{
    struct dynamodb_config config = {.items_max = items_max, .cache_bytes = CACHE_BYTES};
    *s = (struct table_session){.d = dynamodb_open(&config, error)};
    return s->d == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

/* Gives up a session that could not be opened. */
static enum status abandon(struct table_session *s, enum status status)
{
    if (status != STATUS_OK) {
        (void)dynamodb_close(s->d, NULL);
        free(s->description);
        *s = (struct table_session){.d = NULL};
    }
    return status;
}

enum status table_session_throttle(const struct table_session *s, bool throttle,
                                   struct error *error)
{
    struct table_config config = *dynamodb_table_config(s->d, s->name);
    if (!throttle) {
        config.rcu = config.wcu = config.max_rcu = config.max_wcu = 0;
        config.limits = (struct table_limits){.burst = {0}};
        for (uint32_t i = 0; i < config.indexes_count; i++) {
            struct table_index_config *x = &config.indexes[i];
            x->rcu = x->wcu = x->max_rcu = x->max_wcu = 0;
        }
    }
    return table_set_capacity(dynamodb_table(s->d, s->name), table_session_now, &config, error);
}

static enum status add_table(struct table_session *s, const struct table_config *config,
                             struct error *error)
{
    enum status status = dynamodb_add_table(s->d, table_session_now, config, error);
    if (status == STATUS_OK) {
        (void)snprintf(s->name, sizeof s->name, "%s", config->name);
        status = table_session_throttle(s, false, error);
    }
    return status;
}

enum status table_session_open(struct table_session *s, const char *directory, uint64_t items_more,
                               struct error *error)
{
    if (directory_is_free(directory)) {
        return error_set(error, STATUS_BAD_INPUT, "%.200s: there is no table", directory);
    }
    enum status status = open_account(s, ITEMS_MORE, error);
    if (status != STATUS_OK) {
        return status;
    }
    s->description = table_describe(directory, error);
    if (s->description == NULL) {
        return abandon(s, error->status);
    }
    struct table_config *config = &s->description->config;
    config->directory = directory;
    config->durable = true;
    config->cache_bytes = CACHE_BYTES;
    config->items_max = s->description->count + items_more + ITEMS_MORE;
    return abandon(s, add_table(s, config, error));
}

/* The request of a create-table that makes a table like the one described. */

static bool get(const struct value *structure, const char *name, struct value *member)
{
    return structure->type == TYPE_M &&
           item_get((struct item){structure->bytes}, text_from(name), member);
}

static bool is_on_demand(const struct value *table)
{
    struct value summary;
    struct value mode;
    return get(table, "BillingModeSummary", &summary) && get(&summary, "BillingMode", &mode) &&
           mode.type == TYPE_S && text_equal(mode.bytes, TEXT("PAY_PER_REQUEST"));
}

/* A structure without its throughput. */
static void put_unprovisioned(struct json_writer *w, const struct value *structure)
{
    struct item_cursor c = item_cursor((struct item){structure->bytes});
    struct text name;
    struct value value;
    json_open(w, '{');
    while (structure->type == TYPE_M && item_next(&c, &name, &value)) {
        if (!text_equal(name, TEXT("ProvisionedThroughput"))) {
            json_name(w, name);
            json_put_document(w, &value);
        }
    }
    json_close(w, '}');
}

static void put_create_request(struct json_writer *w, const struct value *table)
{
    bool on_demand = is_on_demand(table);
    struct item_cursor c = item_cursor((struct item){table->bytes});
    struct text name;
    struct value value;
    json_open(w, '{');
    if (on_demand) {
        json_name(w, TEXT("BillingMode"));
        json_put_text(w, TEXT("PAY_PER_REQUEST"));
    }
    while (item_next(&c, &name, &value)) {
        bool indexes = text_equal(name, TEXT("GlobalSecondaryIndexes")) && value.type == TYPE_L;
        if (on_demand && (text_equal(name, TEXT("ProvisionedThroughput")) ||
                          text_equal(name, TEXT("BillingMode")))) {
            continue;
        }
        json_name(w, name);
        if (!on_demand || !indexes) {
            json_put_document(w, &value);
            continue;
        }
        struct item_cursor elements = item_cursor((struct item){value.bytes});
        struct text none;
        struct value element;
        json_open(w, '[');
        while (item_next(&elements, &none, &element)) {
            put_unprovisioned(w, &element);
        }
        json_close(w, ']');
    }
    json_close(w, '}');
}

/* What an error's answer says. */
static struct text message_of(struct text body, struct memory_area *area)
{
    struct value error;
    struct value message;
    return json_parse(body, area, &error, NULL) == STATUS_OK &&
                   (get(&error, "message", &message) || get(&error, "Message", &message))
               ? message.bytes
               : body;
}

static enum status create(struct table_session *s, const struct value *document,
                          struct memory_area *area, struct error *error)
{
    struct value table = *document;
    if (!get(document, "Table", &table)) {
        (void)get(document, "TableDescription", &table);
    }
    char *buffer = memory_area_take(area, SCHEMA_BYTES);
    struct value name;
    if (table.type != TYPE_M || buffer == NULL || !get(&table, "TableName", &name) ||
        name.type != TYPE_S) {
        return error_set(error, STATUS_BAD_INPUT,
                         "error: neither the answer of describe-table nor a create-table request: "
                         "there is no TableName");
    }
    struct json_writer w = json_writer(buffer, SCHEMA_BYTES, 0);
    put_create_request(&w, &table);
    struct dynamodb_response response;
    dynamodb_call(s->d, table_session_now, TEXT("CreateTable"), text_written(&w.text), &response);
    if (response.http_status != 200) {
        struct text message = message_of(response.body, area);
        return error_set(error, STATUS_BAD_INPUT, "error: %.*s", (int)message.size, message.at);
    }
    /* The next call finds it ACTIVE. */
    dynamodb_call(s->d, table_session_now, TEXT("ListTables"), TEXT("{}"), &response);
    (void)snprintf(s->name, sizeof s->name, "%.*s", (int)name.bytes.size, name.bytes.at);
    return table_session_throttle(s, false, error);
}

static enum status create_from_file(struct table_session *s, const char *path, struct error *error)
{
    struct memory_area area;
    struct value document;
    struct text text;
    enum status status = input_file_read(path, SCHEMA_BYTES, &text, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (!memory_area_init(&area, SCHEMA_AREA)) {
        free((void *)text.at);
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    status = json_parse(text, &area, &document, error);
    if (status == STATUS_OK) {
        status = create(s, &document, &area, error);
        if (status != STATUS_OK) {
            error_prefix(error, "%s", path);
        }
    } else {
        struct error why = *error;
        (void)error_set(error, status, "%s:%s", path, why.message);
    }
    memory_area_deinit(&area);
    free((void *)text.at);
    return status;
}

enum status table_session_open_empty(struct table_session *s, const char *directory,
                                     const char *schema, uint64_t items_max, struct error *error)
{
    enum status status = open_account(s, items_max, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (schema != NULL && directory_is_free(directory)) {
        return abandon(s, create_from_file(s, schema, error));
    }
    struct table_config config = pipeline_table_schema();
    if (!directory_is_free(directory)) {
        s->description = table_describe(directory, error);
        if (s->description == NULL) {
            return abandon(s, error->status);
        }
        config = s->description->config;
    }
    config.cache_bytes = CACHE_BYTES;
    config.items_max = items_max;
    return abandon(s, add_table(s, &config, error));
}

enum status table_session_close(struct table_session *s, struct error *error)
{
    enum status status = table_session_throttle(s, true, error);
    enum status closed = dynamodb_close(s->d, status == STATUS_OK ? error : NULL);
    free(s->description);
    *s = (struct table_session){.d = NULL};
    return status == STATUS_OK ? closed : status;
}

/* table_file.c: see table_file.h. */
#include "tools/table_file.h"

#include "model/api/attribute_json.h"
#include "model/api/shape.h"

#include <errno.h>
#include <stdlib.h>

enum { AREA_BYTES = 1 << 28, OUTPUT_BYTES = 1 << 26, FLUSH_AT = 1 << 16, INDENT = 4 };

/* Reading */

struct reader {
    const char *name;
    struct json_source source;
    struct memory_area area;
    enum status (*visit)(void *self, struct item item, struct error *error);
    void *self;
    struct error *error;
    uint64_t count, stated; /* items, and what Count says; UINT64_MAX: nothing */
    bool partial, any;
};

/* Prefixes the error with where it is. */
static enum status at_source(const struct reader *r, enum status status)
{
    error_prefix(r->error, "%s:%u:%u: error", r->name, r->source.line, r->source.column);
    return status;
}

static enum status wrong(const struct reader *r, const char *what)
{
    return at_source(r, error_set(r->error, STATUS_BAD_INPUT, "%s", what));
}

static enum status read_json(struct reader *r, struct value *document)
{
    enum status status = json_read(&r->source, &r->area, document, r->error);
    return status == STATUS_OK ? status : at_source(r, status);
}

/* Turns a document into an item and hands it on. `what` is "Item", or "Items[3]". */
static enum status take_item(struct reader *r, const struct value *document, const char *what)
{
    char buffer[256];
    struct text_writer path = text_writer(buffer, sizeof buffer - 1);
    struct item item;
    enum status status = shape_check_types(&SHAPE_ATTRIBUTE_MAP, document, &path, r->error);
    if (status == STATUS_OK) {
        status = attribute_json_read_item(&r->area, document, &item, &path, r->error);
    }
    if (status == STATUS_OK) {
        status = r->visit(r->self, item, r->error);
    }
    if (status != STATUS_OK) {
        bool inside = path.size > 0;
        error_prefix(r->error, "%s%s%s", what, inside ? "." : "", text_writer_string(&path));
    }
    r->count++;
    return status;
}

/* Reads an item whose place, for errors, is where it begins. */
static enum status read_item(struct reader *r, const char *what)
{
    struct value document;
    (void)json_take(&r->source, '\0'); /* skips white space */
    struct json_source before = r->source;
    size_t used = r->area.used;
    enum status status = read_json(r, &document);
    if (status != STATUS_OK) {
        return status;
    }
    status = take_item(r, &document, what);
    r->area.used = used;
    if (status != STATUS_OK) {
        r->source = before;
        return at_source(r, status);
    }
    return STATUS_OK;
}

static enum status read_items(struct reader *r)
{
    enum status status = STATUS_OK;
    if (!json_take(&r->source, '[')) {
        return wrong(r, "Items: must be a list");
    }
    if (json_take(&r->source, ']')) {
        return STATUS_OK;
    }
    for (uint64_t i = 0; status == STATUS_OK; i++) {
        char what[48];
        (void)snprintf(what, sizeof what, "Items[%llu]", (unsigned long long)i);
        status = read_item(r, what);
        if (status == STATUS_OK && json_take(&r->source, ']')) {
            break;
        }
        if (status == STATUS_OK && !json_take(&r->source, ',')) {
            status = wrong(r, "Items: ',' or ']' expected");
        }
    }
    return status;
}

static enum status read_member(struct reader *r)
{
    struct value name;
    struct value value;
    size_t used = r->area.used;
    enum status status = read_json(r, &name);
    if (status != STATUS_OK) {
        return status;
    }
    if (name.type != TYPE_S || !json_take(&r->source, ':')) {
        return wrong(r, "a name and ':' expected");
    }
    bool items = text_equal(name.bytes, TEXT("Items"));
    if (items || text_equal(name.bytes, TEXT("Item"))) {
        r->any = true;
        status = items ? read_items(r) : read_item(r, "Item");
    } else {
        status = read_json(r, &value);
        int64_t count;
        if (status == STATUS_OK && text_equal(name.bytes, TEXT("Count")) && value.type == TYPE_N &&
            number_integer(&value.number, &count)) {
            r->stated = (uint64_t)count;
        }
        r->partial = r->partial || text_equal(name.bytes, TEXT("LastEvaluatedKey")) ||
                     text_equal(name.bytes, TEXT("NextToken"));
    }
    r->area.used = used;
    return status;
}

static enum status read_object(struct reader *r)
{
    uint64_t before = r->count;
    r->stated = UINT64_MAX;
    if (!json_take(&r->source, '{')) {
        return wrong(r, "'{' expected: an object with Items, or one with Item");
    }
    enum status status = STATUS_OK;
    for (bool more = !json_take(&r->source, '}'); more && status == STATUS_OK;) {
        status = read_member(r);
        more = json_take(&r->source, ',');
        if (status == STATUS_OK && !more && !json_take(&r->source, '}')) {
            status = wrong(r, "',' or '}' expected");
        }
    }
    if (status == STATUS_OK && r->stated != UINT64_MAX && r->stated != r->count - before) {
        (void)error_set(r->error, STATUS_BAD_INPUT,
                        "Count is %llu, but there are %llu items: the file is not whole",
                        (unsigned long long)r->stated, (unsigned long long)(r->count - before));
        status = at_source(r, STATUS_BAD_INPUT);
    }
    return status;
}

enum status table_file_read(const char *name, struct text text,
                            enum status (*visit)(void *self, struct item item, struct error *error),
                            void *self, uint64_t *count, bool *partial, struct error *error)
{
    struct reader r = {
        .name = name, .source = json_source(text), .visit = visit, .self = self, .error = error};
    if (!memory_area_init(&r.area, AREA_BYTES)) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    enum status status = STATUS_OK;
    do {
        status = read_object(&r);
    } while (status == STATUS_OK && json_end(&r.source, NULL) != STATUS_OK);
    if (status == STATUS_OK && !r.any) {
        status = error_set(error, STATUS_BAD_INPUT,
                           "%s:1:1: error: there is no member Items or Item", name);
    }
    memory_area_deinit(&r.area);
    *count = r.count;
    *partial = r.partial;
    return status;
}

/* Writing */

struct key {
    struct text hash_value, range_value;
};

struct keys {
    struct key *keys;
    size_t count, capacity;
};

static void note_key(void *self, struct text hash_value, struct text range_value)
{
    struct keys *k = self;
    if (k->count < k->capacity) {
        k->keys[k->count++] = (struct key){hash_value, range_value};
    }
}

static int compare_keys(const void *a, const void *b)
{
    const struct key *x = a;
    const struct key *y = b;
    int order = text_compare(x->hash_value, y->hash_value);
    return order != 0 ? order : text_compare(x->range_value, y->range_value);
}

static enum status failed(struct error *error)
{
    return error_set(error, STATUS_IO, "cannot write: %s", strerror(errno));
}

static bool flush(struct json_writer *w, FILE *file)
{
    struct text part = json_flush(w);
    return part.size == 0 || fwrite(part.at, 1, part.size, file) == part.size;
}

static enum status write_items(struct table *t, const struct keys *k, struct json_writer *w,
                               FILE *file, struct error *error)
{
    for (size_t i = 0; i < k->count; i++) {
        struct item item;
        if (!table_peek(t, k->keys[i].hash_value, k->keys[i].range_value, &item)) {
            return error_set(error, STATUS_IO, "%s", table_message(t));
        }
        attribute_json_write_item(w, item);
        if (w->text.size >= FLUSH_AT && !flush(w, file)) {
            return failed(error);
        }
    }
    return STATUS_OK;
}

static void put_count(struct json_writer *w, struct text name, size_t count)
{
    json_name(w, name);
    json_put_integer(w, (int64_t)count);
}

enum status table_file_write(struct table *t, FILE *file, struct error *error)
{
    struct keys k = {.capacity = table_count(t)};
    k.keys = malloc((k.capacity + 1) * sizeof *k.keys);
    char *buffer = malloc(OUTPUT_BYTES);
    if (k.keys == NULL || buffer == NULL) {
        free(k.keys);
        free(buffer);
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    /* Keys differ, so their order is one alone. */
    table_each_key(t, note_key, &k);
    qsort(k.keys, k.count, sizeof *k.keys, compare_keys);
    struct json_writer w = json_writer(buffer, OUTPUT_BYTES, INDENT);
    json_open(&w, '{');
    json_name(&w, TEXT("Items"));
    json_open(&w, '[');
    enum status status = write_items(t, &k, &w, file, error);
    json_close(&w, ']');
    put_count(&w, TEXT("Count"), k.count);
    put_count(&w, TEXT("ScannedCount"), k.count);
    json_name(&w, TEXT("ConsumedCapacity"));
    json_put_null(&w);
    json_close(&w, '}');
    text_put_char(&w.text, '\n');
    if (status == STATUS_OK && !flush(&w, file)) {
        status = failed(error);
    }
    free(buffer);
    free(k.keys);
    return status;
}

/* attribute_json.c: see attribute_json.h. */
#include "model/api/attribute_json.h"

#include "model/api/shape.h"
#include "sim/assert.h"

#include <stdlib.h>

/* What is being read, and where to: the item under construction lies at the front of the area, what
 * is needed for a moment behind it. */
struct reading {
    struct memory_area *area;
    struct text_writer *path;
    struct error *error;
};

static enum status refuse(const struct reading *r, const char *message)
{
    return error_set(r->error, STATUS_BAD_INPUT, "%s", message);
}

static enum status full(const struct reading *r)
{
    return error_set(r->error, STATUS_FULL, "too large to be read");
}

static enum status read_value(const struct reading *r, const struct value *document,
                              struct item_writer *w, struct text name, uint32_t depth);

/* Adds behind what is there: names rise, as the document's do. */
static enum status add(const struct reading *r, struct item_writer *w, struct text name,
                       const struct value *value)
{
    if (name.size == 0) {
        item_append(w, value);
    } else {
        item_add(w, name, value);
    }
    return w->overflowed ? full(r) : STATUS_OK;
}

static enum status read_number(const struct reading *r, struct text text, struct number *number)
{
    return text.size == 0 ? refuse(r, "The parameter cannot be converted to a numeric value")
                          : number_parse(text, number, r->error);
}

/* Decodes behind the item; the caller gives the memory back. */
static enum status read_blob(const struct reading *r, struct text text, struct value *value)
{
    size_t size;
    char *bytes = memory_area_take(r->area, text.size + 1);
    if (bytes == NULL) {
        return full(r);
    }
    ASSERT(base64_decode(text, bytes, &size, NULL) == STATUS_OK);
    *value = (struct value){
        .type = TYPE_B, .bytes = {bytes, size}
    };
    return STATUS_OK;
}

/* An S, N or B, or an element of a set of them. */
static enum status read_scalar(const struct reading *r, enum attribute_type type, struct text text,
                               struct value *value)
{
    *value = (struct value){.type = type, .bytes = text};
    return type == TYPE_N   ? read_number(r, text, &value->number)
           : type == TYPE_B ? read_blob(r, text, value)
                            : STATUS_OK;
}

static int compare_values(const void *a, const void *b)
{
    return value_compare(a, b);
}

/* "[a, b]", the collection as it was given. */
static enum status refuse_duplicates(const struct reading *r, enum attribute_type type,
                                     struct text elements)
{
    char given[sizeof r->error->message];
    struct text_writer w = text_writer(given, sizeof given);
    struct item_cursor c = item_cursor((struct item){elements});
    struct text name;
    struct value element;
    if (type == TYPE_NS) {
        return refuse(r, "Input collection contains duplicates");
    }
    for (uint32_t i = 0; item_next(&c, &name, &element); i++) {
        text_put(&w, i > 0 ? TEXT(", ") : TEXT(""));
        text_put(&w, element.bytes);
    }
    return error_set(r->error, STATUS_BAD_INPUT,
                     "One or more parameter values were invalid: Input collection [%s]%s contains "
                     "duplicates.",
                     text_writer_string(&w), type == TYPE_BS ? "of type BS" : "");
}

static enum status refuse_empty_set(const struct reading *r, enum attribute_type type)
{
    return refuse(r, type == TYPE_SS
                         ? "One or more parameter values were invalid: An string set  may not be "
                           "empty"
                     : type == TYPE_NS
                         ? "One or more parameter values were invalid: An number set  may not be "
                           "empty"
                         : "One or more parameter values were invalid: Binary sets should not be "
                           "empty");
}

/* Reads the elements of a set into an array behind the item, in order of value. */
static enum status read_elements(const struct reading *r, enum attribute_type type,
                                 struct text elements, struct value *values, uint32_t *count)
{
    enum attribute_type of = type == TYPE_SS ? TYPE_S : type == TYPE_NS ? TYPE_N : TYPE_B;
    struct item_cursor c = item_cursor((struct item){elements});
    struct text name;
    struct value element;
    enum status status = STATUS_OK;
    for (*count = 0; status == STATUS_OK && item_next(&c, &name, &element); (*count)++) {
        size_t before = path_size(r->path);
        path_add_element(r->path, *count);
        status = element.type == TYPE_NULL
                     ? refuse(r, "Supplied AttributeValue is empty, must contain exactly one of "
                                 "the supported datatypes")
                     : read_scalar(r, of, element.bytes, &values[*count]);
        if (status == STATUS_OK) {
            path_cut(r->path, before);
        }
    }
    return status;
}

static enum status read_set(const struct reading *r, enum attribute_type type, struct text elements,
                            struct item_writer *w, struct text name)
{
    uint32_t count = item_count((struct item){elements});
    struct value *values = memory_area_take(r->area, (count + 1) * sizeof *values);
    if (count == 0 || values == NULL) {
        return values == NULL ? full(r) : refuse_empty_set(r, type);
    }
    enum status status = read_elements(r, type, elements, values, &count);
    if (status != STATUS_OK) {
        return status;
    }
    /* Equal elements are refused next, so it does not matter which of them comes first. */
    qsort(values, count, sizeof *values, compare_values);
    struct item_writer set = item_begin(w, name);
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0 && value_equal(&values[i - 1], &values[i])) {
            return refuse_duplicates(r, type, elements);
        }
        item_append(&set, &values[i]);
    }
    item_end(w, name, type, &set);
    return w->overflowed ? full(r) : STATUS_OK;
}

static enum status read_container(const struct reading *r, enum attribute_type type,
                                  struct text elements, struct item_writer *w, struct text name,
                                  uint32_t depth)
{
    if (depth == ATTRIBUTE_DEPTH_MAX) {
        return refuse(r, "Nesting Levels have exceeded supported limits: Attributes in the item "
                         "have nested levels beyond supported limit");
    }
    struct item_writer inner = item_begin(w, name);
    struct item_cursor c = item_cursor((struct item){elements});
    struct text member;
    struct value element;
    enum status status = inner.overflowed ? full(r) : STATUS_OK;
    for (uint32_t i = 0; status == STATUS_OK && item_next(&c, &member, &element); i++) {
        size_t before = path_size(r->path);
        if (type == TYPE_M) {
            path_add_name(r->path, member);
        } else {
            path_add_element(r->path, i);
        }
        status = read_value(r, &element, &inner, member, depth + 1);
        if (status == STATUS_OK) {
            path_cut(r->path, before);
        }
    }
    if (status == STATUS_OK) {
        item_end(w, name, type, &inner);
        status = w->overflowed ? full(r) : STATUS_OK;
    }
    return status;
}

/* Reads what stands under a type's name. */
static enum status read_typed(const struct reading *r, enum attribute_type type,
                              const struct value *d, struct item_writer *w, struct text name,
                              uint32_t depth)
{
    struct value value = {.type = type};
    switch (type) {
    case TYPE_NULL:
        return shape_true(d) ? add(r, w, name, &value)
                             : refuse(r, "One or more parameter values were invalid: Null "
                                         "attribute value types must have the value of true");
    case TYPE_BOOL:
        value.boolean = shape_true(d);
        return add(r, w, name, &value);
    case TYPE_M:
    case TYPE_L:
        return read_container(r, type, d->bytes, w, name, depth);
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        return read_set(r, type, d->bytes, w, name);
    case TYPE_S:
    case TYPE_N:
    case TYPE_B:
        break;
    }
    enum status status = read_scalar(r, type, d->bytes, &value);
    return status == STATUS_OK ? add(r, w, name, &value) : status;
}

static bool type_named(struct text name, enum attribute_type *type)
{
    for (uint32_t i = TYPE_S; i <= TYPE_BS; i++) {
        if (text_equal(attribute_type_text((enum attribute_type)i), name)) {
            *type = (enum attribute_type)i;
            return true;
        }
    }
    return false;
}

/* The one member that has a type's name; how many there are. */
static uint32_t find_type(const struct value *document, enum attribute_type *type,
                          struct value *typed)
{
    struct item_cursor c = item_cursor((struct item){document->bytes});
    struct text name;
    struct value value;
    enum attribute_type named;
    uint32_t count = 0;
    while (document->type == TYPE_M && item_next(&c, &name, &value)) {
        if (value.type != TYPE_NULL && type_named(name, &named)) {
            *type = named;
            *typed = value;
            count++;
        }
    }
    return count;
}

static enum status read_value(const struct reading *r, const struct value *document,
                              struct item_writer *w, struct text name, uint32_t depth)
{
    enum attribute_type type = TYPE_NULL;
    struct value typed = value_null();
    uint32_t count = find_type(document, &type, &typed);
    if (count != 1) {
        return refuse(r, count == 0 ? "Supplied AttributeValue is empty, must contain exactly one "
                                      "of the supported datatypes"
                                    : "Supplied AttributeValue has more than one datatypes set, "
                                      "must contain exactly one of the supported datatypes");
    }
    size_t before = path_size(r->path);
    size_t used = r->area->used;
    path_add_name(r->path, attribute_type_text(type));
    enum status status = read_typed(r, type, &typed, w, name, depth);
    r->area->used = used;
    if (status == STATUS_OK) {
        path_cut(r->path, before);
    }
    return status;
}

/* A writer at the front of the area with room for whatever the document holds: an element of a set
 * of numbers grows most, from 7 bytes for a digit to 10. */
static bool begin(struct memory_area *area, const struct value *document, struct item_writer *w)
{
    size_t room = 2 * document->bytes.size + 64;
    char *buffer = memory_area_take(area, room);
    if (buffer == NULL || room > UINT32_MAX) {
        return false;
    }
    *w = item_writer(buffer, (uint32_t)room);
    return true;
}

/* Cuts the area behind what was written; or takes all of it back. */
static enum status end(struct memory_area *area, size_t used, enum status status,
                       const struct item_writer *w, struct item *item)
{
    area->used = used;
    if (status == STATUS_OK) {
        *item = item_written(w);
        ASSERT(memory_area_take(area, item->bytes.size) == item->bytes.at);
    }
    return status;
}

enum status attribute_json_read(struct memory_area *area, const struct value *document,
                                struct value *value, struct text_writer *path, struct error *error)
{
    struct reading r = {area, path, error};
    size_t used = area->used;
    struct item_writer w;
    struct item list;
    if (!begin(area, document, &w)) {
        return full(&r);
    }
    enum status status =
        end(area, used, read_value(&r, document, &w, (struct text){0}, 0), &w, &list);
    if (status == STATUS_OK) {
        struct text name;
        item_at(list, 0, &name, value);
    }
    return status;
}

enum status attribute_json_read_item(struct memory_area *area, const struct value *document,
                                     struct item *item, struct text_writer *path,
                                     struct error *error)
{
    struct reading r = {area, path, error};
    size_t used = area->used;
    struct item_writer w;
    struct item_cursor c = item_cursor((struct item){document->bytes});
    struct text name;
    struct value value;
    if (!begin(area, document, &w)) {
        return full(&r);
    }
    enum status status = STATUS_OK;
    while (status == STATUS_OK && item_next(&c, &name, &value)) {
        size_t before = path_size(path);
        path_add_name(path, name);
        status = read_value(&r, &value, &w, name, 0);
        if (status == STATUS_OK) {
            path_cut(path, before);
        }
    }
    return end(area, used, status, &w, item);
}

/* Writing */

static void write_scalar(struct json_writer *w, const struct value *value)
{
    if (value->type == TYPE_S) {
        json_put_text(w, value->bytes);
        return;
    }
    struct text_writer *text = json_put_raw(w);
    text_put_char(text, '"');
    if (value->type == TYPE_N) {
        text_put_number(text, &value->number);
    } else {
        text_put_base64(text, value->bytes);
    }
    text_put_char(text, '"');
}

static void write_elements(struct json_writer *w, const struct value *value)
{
    struct item_cursor c = item_cursor((struct item){value->bytes});
    struct text name;
    struct value element;
    json_open(w, '[');
    while (item_next(&c, &name, &element)) {
        if (value->type == TYPE_L) {
            attribute_json_write(w, &element);
        } else {
            write_scalar(w, &element);
        }
    }
    json_close(w, ']');
}

void attribute_json_write(struct json_writer *w, const struct value *value)
{
    json_open(w, '{');
    json_name(w, attribute_type_text(value->type));
    switch (value->type) {
    case TYPE_S:
    case TYPE_N:
    case TYPE_B:
        write_scalar(w, value);
        break;
    case TYPE_BOOL:
        json_put_boolean(w, value->boolean);
        break;
    case TYPE_NULL:
        json_put_boolean(w, true);
        break;
    case TYPE_M:
        attribute_json_write_item(w, (struct item){value->bytes});
        break;
    case TYPE_L:
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        write_elements(w, value);
        break;
    }
    json_close(w, '}');
}

void attribute_json_write_item(struct json_writer *w, struct item item)
{
    struct item_cursor c = item_cursor(item);
    struct text name;
    struct value value;
    json_open(w, '{');
    while (item_next(&c, &name, &value)) {
        json_name(w, name);
        attribute_json_write(w, &value);
    }
    json_close(w, '}');
}

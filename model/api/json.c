/* json.c: see json.h. */
#include "model/api/json.h"

#include "sim/assert.h"
#include "sim/unicode.h"

#include <jansson.h>
#include <stdlib.h>

enum { NUMBER_DIGITS = 17, ENCODED_MAX = 1 << 28 };

/* A value on its way from jansson into the area. */
struct reading {
    struct memory_area *area;
    struct error *error;
    enum status status;
};

static bool refuse(struct reading *r, enum status status, const char *message)
{
    r->status = error_set(r->error, status, "%s", message);
    return false;
}

static bool convert(struct reading *r, json_t *from, struct item_writer *w, struct text name,
                    uint32_t depth);

/* The members of an object by name: jansson keeps the order of the text. */
struct member {
    struct text name;
    json_t *value;
};

static int compare_members(const void *a, const void *b)
{
    return text_compare(((const struct member *)a)->name, ((const struct member *)b)->name);
}

static bool convert_object(struct reading *r, json_t *from, struct item_writer *inner,
                           uint32_t depth)
{
    size_t count = json_object_size(from);
    struct member *members = calloc(count + 1, sizeof *members);
    if (members == NULL) {
        return refuse(r, STATUS_NO_MEMORY, "out of memory");
    }
    size_t used = 0;
    bool fits = true;
    for (void *i = json_object_iter(from); i != NULL; i = json_object_iter_next(from, i)) {
        struct text name = {json_object_iter_key(i), json_object_iter_key_len(i)};
        fits = fits && name.size <= UINT16_MAX;
        members[used++] = (struct member){name, json_object_iter_value(i)};
    }
    if (!fits) {
        free(members);
        return refuse(r, STATUS_BAD_INPUT, "a name of more than 65535 bytes");
    }
    /* Names differ, so the order is one alone. */
    qsort(members, used, sizeof *members, compare_members);
    bool converted = true;
    for (size_t k = 0; k < used && converted; k++) {
        converted = convert(r, members[k].value, inner, members[k].name, depth);
    }
    free(members);
    return converted;
}

static bool convert_container(struct reading *r, json_t *from, struct item_writer *w,
                              struct text name, uint32_t depth)
{
    struct item_writer inner = item_begin(w, name);
    bool object = json_is_object(from);
    bool converted = true;
    if (depth == JSON_DEPTH_MAX) {
        return refuse(r, STATUS_BAD_INPUT, "nested too deeply");
    }
    if (object) {
        converted = convert_object(r, from, &inner, depth + 1);
    }
    for (size_t i = 0; !object && i < json_array_size(from) && converted; i++) {
        converted = convert(r, json_array_get(from, i), &inner, (struct text){0}, depth + 1);
    }
    item_end(w, name, object ? TYPE_M : TYPE_L, &inner);
    return converted;
}

/* The digits that jansson writes for a number that is no integer. */
static bool convert_real(struct reading *r, json_t *from, struct value *value)
{
    char digits[64];
    size_t size = json_dumpb(from, digits, sizeof digits,
                             JSON_ENCODE_ANY | JSON_REAL_PRECISION(NUMBER_DIGITS));
    value->type = TYPE_N;
    return (size <= sizeof digits &&
            number_parse((struct text){digits, size}, &value->number, NULL) == STATUS_OK) ||
           refuse(r, STATUS_BAD_INPUT, "a number out of range");
}

static bool convert(struct reading *r, json_t *from, struct item_writer *w, struct text name,
                    uint32_t depth)
{
    struct value value = {.type = TYPE_NULL};
    switch (json_typeof(from)) {
    case JSON_OBJECT:
    case JSON_ARRAY:
        return convert_container(r, from, w, name, depth);
    case JSON_STRING:
        value = value_s((struct text){json_string_value(from), json_string_length(from)});
        break;
    case JSON_INTEGER:
        value = value_n(json_integer_value(from));
        break;
    case JSON_REAL:
        if (!convert_real(r, from, &value)) {
            return false;
        }
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        value = (struct value){.type = TYPE_BOOL, .boolean = json_is_true(from)};
        break;
    case JSON_NULL:
        break;
    }
    if (value.type == TYPE_S && value.bytes.size >= ENCODED_MAX) {
        return refuse(r, STATUS_FULL, "too long");
    }
    if (name.size == 0) {
        item_append(w, &value); /* an element; or the member "", which comes first */
    } else {
        item_add(w, name, &value);
    }
    return true;
}

/* Converts a value as the one element of a list, and finds it there. */
static enum status take_value(json_t *from, struct memory_area *area, struct value *document,
                              struct error *error)
{
    struct reading r = {.area = area, .error = error, .status = STATUS_OK};
    size_t room = area->size - area->used;
    struct item_writer w =
        item_writer(area->base + area->used, (uint32_t)(room < UINT32_MAX ? room : UINT32_MAX));
    if (!convert(&r, from, &w, (struct text){0}, 0)) {
        return r.status;
    }
    struct item list = item_written(&w);
    if (list.bytes.size == 0) {
        return error_set(error, STATUS_FULL, "too long");
    }
    ASSERT(memory_area_take(area, list.bytes.size) == list.bytes.at);
    struct text name;
    item_at(list, 0, &name, document);
    return STATUS_OK;
}

struct json_source json_source(struct text text)
{
    return (struct json_source){.text = text, .line = 1, .column = 1};
}

/* Moves on to the byte `to`, counting lines and characters. */
static void advance(struct json_source *s, size_t to)
{
    for (; s->at < to; s->at++) {
        char c = s->text.at[s->at];
        if (c == '\n') {
            s->line++;
            s->column = 1;
        } else {
            s->column += ((unsigned char)c & 0xC0) != 0x80;
        }
    }
}

static void skip_space(struct json_source *s)
{
    size_t at = s->at;
    while (at < s->text.size && strchr(" \t\r\n", s->text.at[at]) != NULL &&
           s->text.at[at] != '\0') {
        at++;
    }
    advance(s, at);
}

enum status json_read(struct json_source *source, struct memory_area *area, struct value *document,
                      struct error *error)
{
    skip_space(source);
    json_error_t wrong;
    json_t *value = json_loadb(
        source->text.at + source->at, source->text.size - source->at,
        JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, &wrong);
    if (value == NULL) {
        /* The first line of what jansson saw began in the middle of ours. */
        uint32_t column = wrong.column > 0 ? (uint32_t)wrong.column : 1;
        source->column = wrong.line <= 1 ? source->column + column - 1 : column;
        source->line += wrong.line > 0 ? (uint32_t)wrong.line - 1 : 0;
        return error_set(error, STATUS_BAD_INPUT, "%s", wrong.text);
    }
    enum status status = take_value(value, area, document, error);
    json_decref(value);
    if (status == STATUS_OK) {
        advance(source, source->at + (size_t)wrong.position);
    }
    return status;
}

enum status json_end(struct json_source *source, struct error *error)
{
    skip_space(source);
    return source->at == source->text.size
               ? STATUS_OK
               : error_set(error, STATUS_BAD_INPUT, "end of file expected near '%.*s'", 1,
                           source->text.at + source->at);
}

bool json_take(struct json_source *source, char c)
{
    skip_space(source);
    bool next = source->at < source->text.size && source->text.at[source->at] == c;
    advance(source, source->at + next);
    return next;
}

enum status json_parse(struct text text, struct memory_area *area, struct value *document,
                       struct error *error)
{
    struct json_source source = json_source(text);
    size_t used = area->used;
    enum status status = json_read(&source, area, document, error);
    if (status == STATUS_OK) {
        status = json_end(&source, error);
    }
    if (status != STATUS_OK) {
        area->used = used;
        error_prefix(error, "%u:%u", source.line, source.column);
    }
    return status;
}

/* Writing */

struct json_writer json_writer(char *buffer, size_t capacity, uint32_t indent)
{
    return (struct json_writer){
        .text = text_writer(buffer, capacity), .indent = indent, .empty = true};
}

static void new_line(struct json_writer *w)
{
    if (w->indent == 0) {
        return;
    }
    text_put_char(&w->text, '\n');
    for (uint32_t i = 0; i < w->indent * w->depth; i++) {
        text_put_char(&w->text, ' ');
    }
}

/* What comes before a value, or before the name of a member. */
static void begin(struct json_writer *w)
{
    if (!w->named && w->depth > 0) {
        if (!w->empty) {
            text_put_char(&w->text, ',');
        }
        new_line(w);
    }
    w->empty = false;
    w->named = false;
}

void json_open(struct json_writer *w, char c)
{
    begin(w);
    text_put_char(&w->text, c);
    w->depth++;
    w->empty = true;
}

void json_close(struct json_writer *w, char c)
{
    ASSERT(w->depth > 0 && !w->named);
    w->depth--;
    if (!w->empty) {
        new_line(w);
    }
    text_put_char(&w->text, c);
    w->empty = false;
}

/* What a quotation mark, a backslash or a control character is written as. */
static void put_escape(struct text_writer *w, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char shorts[] = "btn?fr"; /* \b is 8, \r is 13 */
    text_put_char(w, '\\');
    if (c >= 0x20) {
        text_put_char(w, (char)c);
    } else if (c >= '\b' && c <= '\r' && c != '\v') {
        text_put_char(w, shorts[c - '\b']);
    } else {
        char escape[] = {'u', '0', '0', hex[c >> 4], hex[c & 15]};
        text_put(w, (struct text){escape, sizeof escape});
    }
}

/* Bytes as they are, but for quotes, backslashes and control characters; and what is not UTF-8,
 * such as the rest of a character where a long message was cut, as U+FFFD. */
static void put_quoted(struct text_writer *w, struct text text)
{
    size_t from = 0;
    size_t size = 1;
    text_put_char(w, '"');
    for (size_t i = 0; i < text.size; i += size) {
        unsigned char c = (unsigned char)text.at[i];
        size = c < 0x80 ? 1 : utf8_character((struct text){text.at + i, text.size - i});
        if (size > 0 && c >= 0x20 && c != '"' && c != '\\') {
            continue;
        }
        text_put(w, (struct text){text.at + from, i - from});
        from = i + 1;
        if (size == 0) {
            size = 1;
            text_put(w, TEXT("\xEF\xBF\xBD"));
        } else {
            put_escape(w, c);
        }
    }
    text_put(w, (struct text){text.at + from, text.size - from});
    text_put_char(w, '"');
}

void json_name(struct json_writer *w, struct text name)
{
    ASSERT(!w->named);
    begin(w);
    put_quoted(&w->text, name);
    text_put(&w->text, w->indent > 0 ? TEXT(": ") : TEXT(":"));
    w->named = true;
}

void json_put_text(struct json_writer *w, struct text text)
{
    begin(w);
    put_quoted(&w->text, text);
}

void json_put_integer(struct json_writer *w, int64_t integer)
{
    begin(w);
    text_put_integer(&w->text, integer, 0);
}

void json_put_boolean(struct json_writer *w, bool boolean)
{
    begin(w);
    text_put(&w->text, boolean ? TEXT("true") : TEXT("false"));
}

void json_put_null(struct json_writer *w)
{
    begin(w);
    text_put(&w->text, TEXT("null"));
}

void json_put_milli(struct json_writer *w, int64_t milli)
{
    ASSERT(milli >= 0);
    begin(w);
    text_put_integer(&w->text, milli / 1000, 0);
    text_put_char(&w->text, '.');
    int64_t rest = milli % 1000;
    if (rest % 100 == 0) {
        text_put_integer(&w->text, rest / 100, 1);
    } else if (rest % 10 == 0) {
        text_put_integer(&w->text, rest / 10, 2);
    } else {
        text_put_integer(&w->text, rest, 3);
    }
}

struct text_writer *json_put_raw(struct json_writer *w)
{
    begin(w);
    return &w->text;
}

void json_put_document(struct json_writer *w, const struct value *document)
{
    if (document->type == TYPE_M || document->type == TYPE_L) {
        bool object = document->type == TYPE_M;
        struct item_cursor c = item_cursor((struct item){document->bytes});
        struct text name;
        struct value value;
        json_open(w, object ? '{' : '[');
        while (item_next(&c, &name, &value)) {
            if (object) {
                json_name(w, name);
            }
            json_put_document(w, &value);
        }
        json_close(w, object ? '}' : ']');
    } else if (document->type == TYPE_S) {
        json_put_text(w, document->bytes);
    } else if (document->type == TYPE_N) {
        begin(w);
        text_put_number(&w->text, &document->number);
    } else if (document->type == TYPE_BOOL) {
        json_put_boolean(w, document->boolean);
    } else {
        json_put_null(w);
    }
}

struct text json_flush(struct json_writer *w)
{
    ASSERT(!w->text.overflowed);
    struct text written = text_written(&w->text);
    w->text.size = 0;
    return written;
}

/* shape.c: see shape.h. */
#include "model/api/shape.h"

#include "model/api/json.h"

enum {
    FAULTS_MAX = 10, /* told in one message */
    NAME_LEAST = 3,
    NAME_MOST = 255,
    ARN_MOST = 1024,
};

/* DynamoDB's attribute value. Source: DDB-API-3. */

static const struct shape STRING = {.kind = SHAPE_STRING};
static const struct shape BLOB = {.kind = SHAPE_BLOB};
static const struct shape BOOLEAN = {.kind = SHAPE_BOOLEAN};
static const struct shape STRINGS = {.kind = SHAPE_LIST, .element = &STRING};
static const struct shape BLOBS = {.kind = SHAPE_LIST, .element = &BLOB};
static const struct shape VALUES = {.kind = SHAPE_LIST, .element = &SHAPE_ATTRIBUTE_VALUE};

static const struct shape_member VALUE_MEMBERS[] = {
    {"S",    OPTIONAL, &STRING             },
    {"B",    OPTIONAL, &BLOB               },
    {"N",    OPTIONAL, &STRING             },
    {"BOOL", OPTIONAL, &BOOLEAN            },
    {"NULL", OPTIONAL, &BOOLEAN            },
    {"BS",   OPTIONAL, &BLOBS              },
    {"NS",   OPTIONAL, &STRINGS            },
    {"SS",   OPTIONAL, &STRINGS            },
    {"L",    OPTIONAL, &VALUES             },
    {"M",    OPTIONAL, &SHAPE_ATTRIBUTE_MAP},
    {NULL,   OPTIONAL, NULL                },
};

const struct shape SHAPE_ATTRIBUTE_VALUE = {
    .kind = SHAPE_STRUCTURE, .type = "AttributeValue", .members = VALUE_MEMBERS};

const struct shape SHAPE_ATTRIBUTE_MAP = {
    .kind = SHAPE_MAP, .type = "AttributeValue", .element = &SHAPE_ATTRIBUTE_VALUE};

/* Paths: what was added for a part that turned out well is taken away again. */

void path_add_name(struct text_writer *path, struct text name)
{
    if (path != NULL) {
        if (path->size > 0) {
            text_put_char(path, '.');
        }
        text_put(path, name);
    }
}

void path_add_element(struct text_writer *path, uint32_t i)
{
    if (path != NULL) {
        text_put_char(path, '[');
        text_put_integer(path, i, 0);
        text_put_char(path, ']');
    }
}

size_t path_size(const struct text_writer *path)
{
    return path == NULL ? 0 : path->size;
}

void path_cut(struct text_writer *path, size_t size)
{
    if (path != NULL) {
        path->size = size;
    }
}

bool shape_get(const struct value *structure, const char *name, struct value *member)
{
    return item_get((struct item){structure->bytes}, text_from(name), member) &&
           member->type != TYPE_NULL;
}

/* Base64 */

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 64: not one of them. */
static uint32_t digit_value(char c)
{
    return c >= 'A' && c <= 'Z'   ? (uint32_t)(c - 'A')
           : c >= 'a' && c <= 'z' ? (uint32_t)(c - 'a') + 26
           : c >= '0' && c <= '9' ? (uint32_t)(c - '0') + 52
           : c == '+'             ? 62
           : c == '/'             ? 63
                                  : 64;
}

/* Four digits, of which the last `padding` are '='; false where they are not, or where the bits
 * that the padding cuts off are not zero. */
static bool decode_group(const char *at, size_t padding, char bytes[3])
{
    uint32_t bits = 0;
    bool sound = true;
    for (size_t k = 0; k < 4; k++) {
        uint32_t value = k >= 4 - padding ? 0 : digit_value(at[k]);
        sound = sound && value < 64;
        bits = bits << 6 | value;
    }
    for (size_t k = 0; k < 3; k++) {
        bytes[k] = (char)(bits >> (16 - 8 * k));
    }
    return sound && (padding == 0 || bytes[2] == 0) && (padding < 2 || bytes[1] == 0);
}

enum status base64_decode(struct text text, char *bytes, size_t *size, struct error *error)
{
    if (text.size % 4 != 0) {
        return error_set(error, STATUS_BAD_INPUT,
                         "Base64 encoded length is expected a multiple of 4 bytes but found: %zu",
                         text.size);
    }
    size_t padding = 0;
    while (padding < 2 && padding < text.size && text.at[text.size - 1 - padding] == '=') {
        padding++;
    }
    *size = text.size / 4 * 3 - padding;
    for (size_t i = 0; i < text.size; i += 4) {
        char group[3];
        size_t cut = i + 4 == text.size ? padding : 0;
        if (!decode_group(text.at + i, cut, group)) {
            return error_set(error, STATUS_BAD_INPUT,
                             "Invalid last non-pad Base64 character dectected");
        }
        if (bytes != NULL) {
            memcpy(bytes + i / 4 * 3, group, 3 - cut);
        }
    }
    return STATUS_OK;
}

void text_put_base64(struct text_writer *w, struct text bytes)
{
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++) {
            bits = bits << 8 | (k < left ? (unsigned char)bytes.at[i + k] : 0);
        }
        char group[4];
        for (size_t k = 0; k < 4; k++) {
            group[k] = (char)(k > left ? '=' : DIGITS[bits >> (18 - 6 * k) & 63]);
        }
        text_put(w, (struct text){group, sizeof group});
    }
}

/* Types */

#define WRONG_STRUCTURE "Start of structure or map found where not expected"

/* What a scalar of JSON is called that stands where it cannot be converted. */
static const char *scalar_name(const struct value *document)
{
    int64_t integer;
    if (document->type == TYPE_BOOL) {
        return document->boolean ? "TRUE_VALUE" : "FALSE_VALUE";
    }
    if (document->type == TYPE_N) {
        return number_integer(&document->number, &integer) ? "NUMBER_VALUE" : "DECIMAL_VALUE";
    }
    return "STRING_VALUE";
}

static const char *scalar_kind_name(enum shape_kind kind)
{
    return kind == SHAPE_STRING    ? "String"
           : kind == SHAPE_BOOLEAN ? "Boolean"
           : kind == SHAPE_INTEGER ? "Integer"
                                   : "Long";
}

/* A structure or a list where a scalar belongs, or the other way round. */
static enum status wrong_scalar(const struct shape *shape, const struct value *d,
                                struct error *error)
{
    if (d->type == TYPE_M) {
        return error_set(error, STATUS_BAD_INPUT, WRONG_STRUCTURE);
    }
    if (shape->kind == SHAPE_BLOB) {
        return d->type == TYPE_L
                   ? error_set(error, STATUS_BAD_INPUT,
                               "Unrecognized collection type class java.nio.ByteBuffer")
                   : error_set(error, STATUS_BAD_INPUT,
                               "only base-64-encoded strings are convertible to bytes");
    }
    const char *name = scalar_kind_name(shape->kind);
    if (d->type == TYPE_L) {
        return error_set(error, STATUS_BAD_INPUT, "Unrecognized collection type class java.lang.%s",
                         name);
    }
    return shape->kind == SHAPE_BOOLEAN && d->type == TYPE_S
               ? error_set(error, STATUS_BAD_INPUT, "Unexpected token received from parser")
               : error_set(error, STATUS_BAD_INPUT, "%s cannot be converted to %s", scalar_name(d),
                           name);
}

/* Whether a text is a word, in any case. */
static bool word_is(struct text text, const char *word)
{
    bool same = text.size == strlen(word);
    for (size_t i = 0; i < text.size && same; i++) {
        char c = text.at[i];
        same = (c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c) == word[i];
    }
    return same;
}

bool shape_true(const struct value *d)
{
    return d->type == TYPE_BOOL
               ? d->boolean
               : word_is(d->bytes, "TRUE") || word_is(d->bytes, "1") || word_is(d->bytes, "YES");
}

int64_t shape_integer(const struct value *d)
{
    char digits[NUMBER_TEXT_MAX];
    struct text_writer w = text_writer(digits, sizeof digits);
    struct number whole;
    int64_t integer;
    text_put_number(&w, &d->number);
    const char *point = memchr(digits, '.', w.size);
    struct text text = {digits, point == NULL ? w.size : (size_t)(point - digits)};
    bool fits = number_parse(text, &whole, NULL) == STATUS_OK && number_integer(&whole, &integer);
    return fits ? integer : d->number.sign < 0 ? INT64_MIN : INT64_MAX;
}

static bool is_boolean(const struct value *d)
{
    return d->type == TYPE_BOOL ||
           (d->type == TYPE_S && (shape_true(d) || word_is(d->bytes, "FALSE") ||
                                  word_is(d->bytes, "0") || word_is(d->bytes, "NO")));
}

static enum status check_scalar(const struct shape *shape, const struct value *d,
                                struct error *error)
{
    size_t size;
    if (shape->kind == SHAPE_BLOB && d->type == TYPE_S) {
        return base64_decode(d->bytes, NULL, &size, error);
    }
    bool right = shape->kind == SHAPE_STRING    ? d->type == TYPE_S
                 : shape->kind == SHAPE_BOOLEAN ? is_boolean(d)
                                                : shape->kind != SHAPE_BLOB && d->type == TYPE_N;
    return right ? STATUS_OK : wrong_scalar(shape, d, error);
}

/* What is said of a scalar in place of a container depends on what the container stands in. */
static enum status wrong_container(const struct shape *shape, bool element, struct error *error)
{
    if (!element) {
        return error_set(error, STATUS_BAD_INPUT, "Unexpected field type");
    }
    if (shape->kind == SHAPE_STRUCTURE) {
        return error_set(error, STATUS_BAD_INPUT, "Unexpected value type in payload");
    }
    return error_set(
        error, STATUS_BAD_INPUT,
        "class sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl cannot be cast to "
        "class java.lang.Class (sun.reflect.generics.reflectiveObjects.ParameterizedTypeImpl and "
        "java.lang.Class are in module java.base of loader 'bootstrap')");
}

/* The name of a class: the model's own ones are in its package. */
static enum status wrong_collection(const struct shape *shape, struct error *error)
{
    static const char model[] = "com.amazonaws.dynamodb.v20120810.";
    const char *package = strchr(shape->type, '.') == NULL ? model : "";
    return shape->kind == SHAPE_MAP
               ? error_set(error, STATUS_BAD_INPUT,
                           "Unrecognized collection type java.util.Map<java.lang.String, %s%s>",
                           package, shape->type)
               : error_set(error, STATUS_BAD_INPUT, "Unrecognized collection type class %s%s",
                           package, shape->type);
}

static enum status check_types(const struct shape *shape, const struct value *d, bool element,
                               struct text_writer *path, struct error *error);

static enum status check_elements(const struct shape *shape, const struct value *d,
                                  struct text_writer *path, struct error *error)
{
    struct item_cursor c = item_cursor((struct item){d->bytes});
    struct text name;
    struct value value;
    enum status status = STATUS_OK;
    for (uint32_t i = 0; item_next(&c, &name, &value); i++) {
        size_t before = path_size(path);
        if (shape->kind == SHAPE_MAP) {
            path_add_name(path, name);
        } else {
            path_add_element(path, i);
        }
        status = check_types(shape->element, &value, true, path, error);
        if (status != STATUS_OK) {
            break;
        }
        path_cut(path, before);
    }
    return status;
}

static enum status check_members(const struct shape *shape, const struct value *d,
                                 struct text_writer *path, struct error *error)
{
    enum status status = STATUS_OK;
    for (const struct shape_member *m = shape->members; m->name != NULL; m++) {
        struct value value;
        if (!shape_get(d, m->name, &value)) {
            continue;
        }
        size_t before = path_size(path);
        path_add_name(path, text_from(m->name));
        status = check_types(m->shape, &value, false, path, error);
        if (status != STATUS_OK) {
            break;
        }
        path_cut(path, before);
    }
    return status;
}

static enum status check_types(const struct shape *shape, const struct value *d, bool element,
                               struct text_writer *path, struct error *error)
{
    if (d->type == TYPE_NULL) {
        return STATUS_OK;
    }
    if (shape->kind < SHAPE_LIST) {
        return check_scalar(shape, d, error);
    }
    if (d->type != TYPE_L && d->type != TYPE_M) {
        return wrong_container(shape, element, error);
    }
    if (d->type == TYPE_M && shape->kind == SHAPE_LIST) {
        return error_set(error, STATUS_BAD_INPUT, WRONG_STRUCTURE);
    }
    if (d->type == TYPE_L && shape->kind != SHAPE_LIST) {
        return wrong_collection(shape, error);
    }
    return shape->kind == SHAPE_STRUCTURE ? check_members(shape, d, path, error)
                                          : check_elements(shape, d, path, error);
}

enum status shape_check_types(const struct shape *shape, const struct value *document,
                              struct text_writer *path, struct error *error)
{
    return check_types(shape, document, false, path, error);
}

/* Constraints */

/* The faults found so far, and the path of what is looked at: "keySchema.1.member". */
struct faults {
    uint32_t count;
    struct text_writer path;
    struct text_writer *message;
};

static void put_value(struct text_writer *w, const struct value *d)
{
    if (d->type == TYPE_L) {
        struct item_cursor c = item_cursor((struct item){d->bytes});
        struct text name;
        struct value element;
        const char *between = "[";
        while (item_next(&c, &name, &element)) {
            text_put(w, text_from(between));
            put_value(w, &element);
            between = ", ";
        }
        text_put(w, *between == '[' ? TEXT("[]") : TEXT("]"));
    } else if (d->type == TYPE_S) {
        text_put(w, d->bytes);
    } else {
        struct json_writer json = {.text = *w, .empty = true};
        json_put_document(&json, d);
        *w = json.text;
    }
}

/* Begins a fault: "Value 'x' at 'limit' failed to satisfy constraint: "; what must be follows. */
static struct text_writer *fault(struct faults *f, const struct value *d)
{
    struct text_writer *w = f->message;
    text_put(w, f->count++ > 0 ? TEXT("; Value ") : TEXT("Value "));
    if (d == NULL || d->type == TYPE_NULL) {
        text_put(w, TEXT("null"));
    } else {
        text_put_char(w, '\'');
        put_value(w, d);
        text_put_char(w, '\'');
    }
    text_put(w, TEXT(" at '"));
    text_put(w, text_written(&f->path));
    text_put(w, TEXT("' failed to satisfy constraint: "));
    return w;
}

static void put_bound(struct text_writer *w, const char *text, int64_t bound)
{
    text_put(w, text_from(text));
    text_put_integer(w, bound, 0);
}

static bool name_like(struct text text)
{
    bool like = text.size > 0;
    for (size_t i = 0; i < text.size && like; i++) {
        char c = text.at[i];
        like = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_' || c == '.' || c == '-';
    }
    return like;
}

#define LENGTH_MOST "Member must have length less than or equal to "
#define LENGTH_LEAST "Member must have length greater than or equal to "
#define NAME_PATTERN "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+"

/* Characters of a text, elements of a container. */
static int64_t length_of(const struct value *d)
{
    if (d->type != TYPE_S) {
        return item_count((struct item){d->bytes});
    }
    int64_t length = 0;
    for (size_t i = 0; i < d->bytes.size; i++) {
        length += ((unsigned char)d->bytes.at[i] & 0xC0) != 0x80;
    }
    return length;
}

static void check_length(const struct shape *shape, const struct value *d, struct faults *f)
{
    int64_t length = length_of(d);
    if (length < shape->least) {
        put_bound(fault(f, d), LENGTH_LEAST, shape->least);
    }
    if (shape->most > 0 && length > shape->most) {
        put_bound(fault(f, d), LENGTH_MOST, shape->most);
    }
}

static void check_range(const struct shape *shape, const struct value *d, struct faults *f)
{
    int64_t integer = shape_integer(d);
    if (shape->bounded && integer < shape->least) {
        put_bound(fault(f, d), "Member must have value greater than or equal to ", shape->least);
    }
    if (shape->most > 0 && integer > shape->most) {
        put_bound(fault(f, d), "Member must have value less than or equal to ", shape->most);
    }
}

/* Whether a text is one of "A, B, C". */
static bool listed(const char *values, struct text text)
{
    struct text rest = text_from(values);
    while (rest.size > 0) {
        size_t end = 0;
        while (end < rest.size && rest.at[end] != ',') {
            end++;
        }
        if (text_equal((struct text){rest.at, end}, text)) {
            return true;
        }
        end += end < rest.size ? 2 : 0;
        rest = (struct text){rest.at + end, rest.size - end};
    }
    return false;
}

static void check_string(const struct shape *shape, const struct value *d, struct faults *f)
{
    if (shape->table_name && text_starts(d->bytes, TEXT("arn:"))) {
        if (length_of(d) > ARN_MOST) {
            put_bound(fault(f, d), LENGTH_MOST, ARN_MOST);
        }
        return;
    }
    if (shape->pattern == PATTERN_NAME && !name_like(d->bytes)) {
        text_put(fault(f, d), TEXT(NAME_PATTERN));
    }
    check_length(shape, d, f);
    if (shape->values != NULL && !listed(shape->values, d->bytes)) {
        struct text_writer *w = fault(f, d);
        text_put(w, TEXT("Member must satisfy enum value set: ["));
        text_put(w, text_from(shape->values));
        text_put_char(w, ']');
    }
}

/* "[Member must have length less than or equal to 255, ...]" */
static void put_bounds(struct text_writer *w, const struct shape *shape)
{
    put_bound(w, "[" LENGTH_MOST, shape->most);
    put_bound(w, ", " LENGTH_LEAST, shape->least);
    if (shape->pattern == PATTERN_NAME) {
        text_put(w, TEXT(", " NAME_PATTERN));
    }
    text_put_char(w, ']');
}

static bool within(const struct shape *shape, const struct value *d)
{
    int64_t length = length_of(d);
    return length >= shape->least && length <= shape->most &&
           (shape->pattern != PATTERN_NAME || name_like(d->bytes));
}

/* A map's names, and the lengths of the lists in it, are told of the map. */
static void check_entries(const struct shape *shape, const struct value *d, struct faults *f)
{
    struct item_cursor c = item_cursor((struct item){d->bytes});
    struct text name;
    struct value value;
    while (shape->key != NULL && item_next(&c, &name, &value)) {
        struct value key = value_s(name);
        bool arn = shape->key->table_name && text_starts(name, TEXT("arn:"));
        if (!arn && !within(shape->key, &key)) {
            struct text_writer *w = fault(f, d);
            text_put(w, TEXT("Map keys must satisfy constraint: "));
            put_bounds(w, shape->key);
        }
        if (shape->element->kind == SHAPE_LIST && value.type == TYPE_L &&
            !within(shape->element, &value)) {
            struct text_writer *w = fault(f, d);
            text_put(w, TEXT("Map value must satisfy constraint: "));
            put_bounds(w, shape->element);
        }
    }
}

static void check_constraints(const struct shape *shape, const struct value *d, bool of_map,
                              struct faults *f);

/* The elements of a list or map: "keys.1.member". */
static void check_each(const struct shape *shape, const struct value *d, struct faults *f)
{
    struct item_cursor c = item_cursor((struct item){d->bytes});
    struct text name;
    struct value value;
    for (uint32_t i = 1; item_next(&c, &name, &value); i++) {
        size_t before = f->path.size;
        text_put_char(&f->path, '.');
        if (shape->kind == SHAPE_MAP) {
            text_put(&f->path, name);
        } else {
            text_put_integer(&f->path, i, 0);
        }
        text_put(&f->path, TEXT(".member"));
        check_constraints(shape->element, &value, shape->kind == SHAPE_MAP, f);
        f->path.size = before;
    }
}

/* The model's names begin with a small letter in messages. */
static void put_member(struct text_writer *path, const char *name)
{
    if (path->size > 0) {
        text_put_char(path, '.');
    }
    text_put_char(path, (char)(*name - 'A' + 'a'));
    text_put(path, text_from(name + 1));
}

static void check_structure(const struct shape *shape, const struct value *d, struct faults *f)
{
    for (const struct shape_member *m = shape->members; m->name != NULL; m++) {
        size_t before = f->path.size;
        struct value value;
        put_member(&f->path, m->name);
        if (shape_get(d, m->name, &value)) {
            check_constraints(m->shape, &value, false, f);
        } else if (m->need == REQUIRED && f->count < FAULTS_MAX) {
            text_put(fault(f, NULL), TEXT("Member must not be null"));
        }
        f->path.size = before;
    }
}

/* The lengths of a map's lists have been told of the map. */
static void check_constraints(const struct shape *shape, const struct value *d, bool of_map,
                              struct faults *f)
{
    if (f->count >= FAULTS_MAX || d->type == TYPE_NULL || shape == &SHAPE_ATTRIBUTE_VALUE) {
        return;
    }
    switch (shape->kind) {
    case SHAPE_STRING:
        check_string(shape, d, f);
        break;
    case SHAPE_INTEGER:
    case SHAPE_LONG:
        check_range(shape, d, f);
        break;
    case SHAPE_LIST:
    case SHAPE_MAP:
        if (!(of_map && shape->kind == SHAPE_LIST)) {
            check_length(shape, d, f);
        }
        check_entries(shape, d, f);
        check_each(shape, d, f);
        break;
    case SHAPE_STRUCTURE:
        check_structure(shape, d, f);
        break;
    case SHAPE_BOOLEAN:
    case SHAPE_BLOB:
        break;
    }
}

/* What is told at once and alone: a missing member of the control plane, a table's name there. */
static bool check_first(const struct shape *shape, const struct value *d,
                        struct text_writer *message)
{
    for (const struct shape_member *m = shape->members; m->name != NULL; m++) {
        struct value value;
        bool there = shape_get(d, m->name, &value);
        if (m->need == REQUIRED_FIRST && !there) {
            text_put(message, TEXT("The parameter '"));
            text_put(message, text_from(m->name));
            text_put(message, TEXT("' is required but was not present in the request"));
            return false;
        }
        if (m->need == REQUIRED_FIRST && m->shape->table_name &&
            !text_starts(value.bytes, TEXT("arn:")) &&
            (length_of(&value) < NAME_LEAST || length_of(&value) > NAME_MOST)) {
            text_put(message, text_from(m->name));
            text_put(message, TEXT(" must be at least 3 characters long and at most 255 characters "
                                   "long"));
            return false;
        }
    }
    return true;
}

bool shape_check_constraints(const struct shape *shape, const struct value *document,
                             struct text_writer *message)
{
    char path[1024];
    char none[1];
    struct text_writer nowhere = text_writer(none, 0);
    struct faults count = {.path = text_writer(path, sizeof path), .message = &nowhere};
    if (!check_first(shape, document, message)) {
        return false;
    }
    check_constraints(shape, document, false, &count);
    if (count.count == 0) {
        return true;
    }
    text_put_integer(message, count.count, 0);
    text_put(message, count.count > 1 ? TEXT(" validation errors detected: ")
                                      : TEXT(" validation error detected: "));
    struct faults again = {.path = text_writer(path, sizeof path), .message = message};
    check_constraints(shape, document, false, &again);
    return false;
}

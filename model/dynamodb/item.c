/* item.c: see item.h. */
#include "model/dynamodb/item.h"

#include "sim/assert.h"

enum {
    COUNT_BYTES = 4,
    HEAD_BYTES = 6, /* of an attribute: type and size of the value, size of the name */
    TYPES = TYPE_BS + 1,
    NUMBER_HEAD_BYTES = 3, /* sign and exponent; the coefficient's bytes follow */
    DEPTH_MAX = 32         /* of maps and lists in one another. Source: DDB-LIMIT-1 */
};

static uint32_t load32(const char *at)
{
    uint32_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

static uint16_t load16(const char *at)
{
    uint16_t v;
    memcpy(&v, at, sizeof v);
    return v;
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the encoding is stored as it is loaded");

/* One attribute or element where it lies. */
struct entry {
    struct text name, bytes;
    enum attribute_type type;
    const char *end;
};

static struct entry entry_at(const char *at)
{
    uint32_t head = load32(at);
    uint16_t name_size = load16(at + 4);
    const char *bytes = at + HEAD_BYTES + name_size;
    return (struct entry){
        .name = {at + HEAD_BYTES, name_size},
        .bytes = {bytes,           head >> 4},
        .type = (enum attribute_type)(head & 15),
        .end = bytes + (head >> 4)
    };
}

static struct number number_decode(struct text bytes)
{
    struct number n = {.sign = (int8_t)bytes.at[0], .exponent = (int16_t)load16(bytes.at + 1)};
    size_t size = bytes.size - NUMBER_HEAD_BYTES;
    memcpy(&n.low, bytes.at + NUMBER_HEAD_BYTES, size < 8 ? size : 8);
    if (size > 8) {
        memcpy(&n.high, bytes.at + NUMBER_HEAD_BYTES + 8, size - 8);
    }
    return n;
}

static uint32_t coefficient_bytes(const struct number *n)
{
    if (n->high != 0) {
        return 16 - (uint32_t)__builtin_clzll(n->high) / 8;
    }
    return n->low == 0 ? 0 : 8 - (uint32_t)__builtin_clzll(n->low) / 8;
}

static void value_decode(const struct entry *e, struct value *value)
{
    value->type = e->type;
    value->boolean = e->type == TYPE_BOOL && e->bytes.at[0] != 0;
    value->bytes = e->bytes;
    if (e->type == TYPE_N) {
        value->number = number_decode(e->bytes);
    }
}

static uint32_t value_bytes(const struct value *value)
{
    switch (value->type) {
    case TYPE_N:
        return NUMBER_HEAD_BYTES + coefficient_bytes(&value->number);
    case TYPE_BOOL:
        return 1;
    case TYPE_NULL:
        return 0;
    case TYPE_S:
    case TYPE_B:
    case TYPE_M:
    case TYPE_L:
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        break;
    }
    ASSERT(value->bytes.size < UINT32_C(1) << 28);
    return (uint32_t)value->bytes.size;
}

static void value_encode(char *at, const struct value *value, uint32_t size)
{
    if (value->type == TYPE_N) {
        uint64_t halves[2] = {value->number.low, value->number.high};
        at[0] = (char)value->number.sign;
        memcpy(at + 1, &value->number.exponent, 2);
        memcpy(at + NUMBER_HEAD_BYTES, halves, size - NUMBER_HEAD_BYTES);
    } else if (value->type == TYPE_BOOL) {
        at[0] = (char)value->boolean;
    } else if (size > 0) {
        memcpy(at, value->bytes.at, size);
    }
}

struct item_writer item_writer(char *buffer, uint32_t capacity)
{
    struct item_writer w = {.at = buffer, .size = COUNT_BYTES, .capacity = capacity};
    w.overflowed = capacity < COUNT_BYTES;
    return w;
}

/* Where the attribute lies, or would be put: *found tells which. Names mostly come in rising order,
 * so the last one is looked at first. */
static uint32_t writer_find(const struct item_writer *w, struct text name, bool *found)
{
    *found = false;
    if (w->last == 0 || text_compare(entry_at(w->at + w->last).name, name) < 0) {
        return w->size;
    }
    uint32_t at = COUNT_BYTES;
    while (at < w->size) {
        struct entry e = entry_at(w->at + at);
        int order = text_compare(e.name, name);
        if (order >= 0) {
            *found = order == 0;
            return at;
        }
        at = (uint32_t)(e.end - w->at);
    }
    return at;
}

static void writer_cut(struct item_writer *w, uint32_t at)
{
    uint32_t end = (uint32_t)(entry_at(w->at + at).end - w->at);
    memmove(w->at + at, w->at + end, w->size - end);
    w->size -= end - at;
    w->count--;
    if (w->last > at) {
        w->last -= end - at;
    }
}

/* After a cut at the end the last attribute is not known any more: it is found again. */
static void writer_find_last(struct item_writer *w)
{
    w->last = 0;
    for (uint32_t at = COUNT_BYTES; at < w->size;
         at = (uint32_t)(entry_at(w->at + at).end - w->at)) {
        w->last = at;
    }
}

static void writer_insert(struct item_writer *w, uint32_t at, struct text name,
                          const struct value *value)
{
    ASSERT(name.size <= UINT16_MAX);
    uint32_t size = value_bytes(value);
    uint32_t needed = HEAD_BYTES + (uint32_t)name.size + size;
    if (w->overflowed || needed > w->capacity - w->size) {
        w->overflowed = true;
        return;
    }
    uint32_t head = size << 4 | (uint32_t)value->type;
    uint16_t name_size = (uint16_t)name.size;
    char *entry = w->at + at;
    memmove(entry + needed, entry, w->size - at);
    memcpy(entry, &head, 4);
    memcpy(entry + 4, &name_size, 2);
    if (name.size > 0) {
        memcpy(entry + HEAD_BYTES, name.at, name.size);
    }
    value_encode(entry + HEAD_BYTES + name.size, value, size);
    w->last = at == w->size ? at : w->last + needed;
    w->size += needed;
    w->count++;
}

void item_remove(struct item_writer *w, struct text name)
{
    bool found;
    uint32_t at = writer_find(w, name, &found);
    if (found && !w->overflowed) {
        writer_cut(w, at);
        writer_find_last(w);
    }
}

void item_add(struct item_writer *w, struct text name, const struct value *value)
{
    bool found;
    uint32_t at = writer_find(w, name, &found);
    if (found && !w->overflowed) {
        writer_cut(w, at);
        if (at == w->size) {
            writer_find_last(w);
        }
    }
    writer_insert(w, at, name, value);
}

void item_add_s(struct item_writer *w, struct text name, struct text text)
{
    struct value value = value_s(text);
    item_add(w, name, &value);
}

void item_add_n(struct item_writer *w, struct text name, int64_t integer)
{
    struct value value = value_n(integer);
    item_add(w, name, &value);
}

void item_append(struct item_writer *w, const struct value *element)
{
    writer_insert(w, w->size, (struct text){0}, element);
}

void item_add_element(struct item_writer *w, const struct value *element)
{
    uint32_t at = COUNT_BYTES;
    while (at < w->size) {
        struct entry e = entry_at(w->at + at);
        struct value present;
        value_decode(&e, &present);
        int order = value_compare(&present, element);
        if (order >= 0) {
            if (order == 0) {
                return;
            }
            break;
        }
        at = (uint32_t)(e.end - w->at);
    }
    writer_insert(w, at, (struct text){0}, element);
}

struct item_writer item_begin(const struct item_writer *w, struct text name)
{
    uint32_t head = HEAD_BYTES + (uint32_t)name.size;
    bool fits = !w->overflowed && head <= w->capacity - w->size;
    return fits ? item_writer(w->at + w->size + head, w->capacity - w->size - head)
                : (struct item_writer){.overflowed = true};
}

void item_end(struct item_writer *w, struct text name, enum attribute_type type,
              const struct item_writer *inner)
{
    ASSERT(name.size <= UINT16_MAX);
    struct text bytes = item_written(inner).bytes;
    if (bytes.size == 0 || bytes.size >= UINT32_C(1) << 28) {
        w->overflowed = true;
        return;
    }
    uint32_t head = (uint32_t)bytes.size << 4 | (uint32_t)type;
    uint16_t name_size = (uint16_t)name.size;
    char *entry = w->at + w->size;
    ASSERT(bytes.at == entry + HEAD_BYTES + name.size);
    memcpy(entry, &head, 4);
    memcpy(entry + 4, &name_size, 2);
    if (name.size > 0) {
        memcpy(entry + HEAD_BYTES, name.at, name.size);
    }
    w->last = w->size;
    w->size += HEAD_BYTES + name_size + (uint32_t)bytes.size;
    w->count++;
}

void item_copy(struct item_writer *w, struct item item)
{
    *w = item_writer(w->at, w->capacity);
    if (item.bytes.size == 0) {
        return;
    }
    if (item.bytes.size > w->capacity) {
        w->overflowed = true;
        return;
    }
    memcpy(w->at, item.bytes.at, item.bytes.size);
    w->size = (uint32_t)item.bytes.size;
    w->count = item_count(item);
    writer_find_last(w);
}

struct item item_written(const struct item_writer *w)
{
    if (w->overflowed) {
        return (struct item){0};
    }
    memcpy(w->at, &w->count, COUNT_BYTES);
    return (struct item){
        {w->at, w->size}
    };
}

uint32_t item_count(struct item item)
{
    return item.bytes.size == 0 ? 0 : load32(item.bytes.at);
}

struct item_cursor item_cursor(struct item item)
{
    if (item.bytes.size == 0) {
        return (struct item_cursor){NULL, NULL};
    }
    return (struct item_cursor){item.bytes.at + COUNT_BYTES, item.bytes.at + item.bytes.size};
}

bool item_next(struct item_cursor *cursor, struct text *name, struct value *value)
{
    if (cursor->at == cursor->end) {
        return false;
    }
    struct entry e = entry_at(cursor->at);
    *name = e.name;
    value_decode(&e, value);
    cursor->at = e.end;
    return true;
}

bool item_get(struct item item, struct text name, struct value *value)
{
    struct item_cursor c = item_cursor(item);
    while (c.at != c.end) {
        struct entry e = entry_at(c.at);
        if (text_equal(e.name, name)) {
            value_decode(&e, value);
            return true;
        }
        c.at = e.end;
    }
    return false;
}

struct text item_text(struct item item, struct text name)
{
    struct value value;
    if (!item_get(item, name, &value) || value.type != TYPE_S) {
        return (struct text){0};
    }
    return value.bytes;
}

void item_at(struct item item, uint32_t i, struct text *name, struct value *value)
{
    ASSERT(i < item_count(item));
    struct item_cursor c = item_cursor(item);
    for (uint32_t k = 0; k <= i; k++) {
        ASSERT(item_next(&c, name, value));
    }
}

/* Sums what lies in a run; each element of a document adds a byte of its own. */
static uint32_t run_size(struct text bytes, uint32_t each)
{
    struct item_cursor c = item_cursor((struct item){bytes});
    struct text name;
    struct value value;
    uint32_t size = 0;
    while (item_next(&c, &name, &value)) {
        size += (uint32_t)name.size + value_size(&value) + each;
    }
    return size;
}

uint32_t value_size(const struct value *value)
{
    switch (value->type) {
    case TYPE_S:
    case TYPE_B:
        return (uint32_t)value->bytes.size;
    case TYPE_N:
        return number_size(&value->number);
    case TYPE_BOOL:
    case TYPE_NULL:
        return 1;
    case TYPE_M:
    case TYPE_L:
        return 3 + run_size(value->bytes, 1);
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        break;
    }
    return run_size(value->bytes, 0);
}

uint32_t item_size(struct item item)
{
    return run_size(item.bytes, 0);
}

bool value_equal(const struct value *a, const struct value *b)
{
    if (a->type != b->type) {
        return false;
    }
    switch (a->type) {
    case TYPE_N:
        return number_compare(&a->number, &b->number) == 0;
    case TYPE_BOOL:
        return a->boolean == b->boolean;
    case TYPE_NULL:
        return true;
    case TYPE_S:
    case TYPE_B:
    case TYPE_M:
    case TYPE_L:
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        break;
    }
    return text_equal(a->bytes, b->bytes);
}

int value_compare(const struct value *a, const struct value *b)
{
    ASSERT(a->type == b->type);
    ASSERT(a->type == TYPE_S || a->type == TYPE_N || a->type == TYPE_B);
    return a->type == TYPE_N ? number_compare(&a->number, &b->number)
                             : text_compare(a->bytes, b->bytes);
}

struct text attribute_type_text(enum attribute_type type)
{
    static const struct text texts[] = {
#define ATTRIBUTE_TYPE_TEXT(name) {#name, sizeof #name - 1},
        ATTRIBUTE_TYPE_MAP(ATTRIBUTE_TYPE_TEXT)
#undef ATTRIBUTE_TYPE_TEXT
    };
    _Static_assert(sizeof texts / sizeof texts[0] == TYPES, "one text a type");
    return texts[type];
}

static bool run_valid(struct text bytes, enum attribute_type container, unsigned depth);

static bool number_valid(struct text bytes)
{
    if (bytes.size < NUMBER_HEAD_BYTES || bytes.size > NUMBER_HEAD_BYTES + 16) {
        return false;
    }
    struct number n = number_decode(bytes);
    char digits[NUMBER_TEXT_MAX];
    struct text_writer w = text_writer(digits, sizeof digits);
    if (n.sign < -1 || n.sign > 1 || n.exponent < -170 || n.exponent > 125) {
        return false;
    }
    text_put_number(&w, &n);
    struct number again;
    return !w.overflowed && number_parse(text_written(&w), &again, NULL) == STATUS_OK &&
           memcmp(&again, &n, sizeof n) == 0 &&
           coefficient_bytes(&n) + NUMBER_HEAD_BYTES == bytes.size;
}

static bool entry_valid(const struct entry *e, unsigned depth)
{
    switch (e->type) {
    case TYPE_S:
    case TYPE_B:
        return true;
    case TYPE_N:
        return number_valid(e->bytes);
    case TYPE_BOOL:
        return e->bytes.size == 1 && (unsigned char)e->bytes.at[0] <= 1;
    case TYPE_NULL:
        return e->bytes.size == 0;
    case TYPE_M:
    case TYPE_L:
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        return depth < DEPTH_MAX && run_valid(e->bytes, e->type, depth + 1);
    }
    return false;
}

/* Whether an element may follow `before` in a container of that type. */
static bool follows(const struct entry *before, const struct entry *e,
                    enum attribute_type container)
{
    if (container == TYPE_M) {
        return before == NULL || text_compare(before->name, e->name) < 0;
    }
    if (e->name.size > 0) {
        return false;
    }
    if (container == TYPE_L) {
        return true;
    }
    enum attribute_type type = container == TYPE_SS   ? TYPE_S
                               : container == TYPE_NS ? TYPE_N
                                                      : TYPE_B;
    if (e->type != type || before == NULL) {
        return e->type == type;
    }
    struct value a;
    struct value b;
    value_decode(before, &a);
    value_decode(e, &b);
    return value_compare(&a, &b) < 0;
}

static bool run_valid(struct text bytes, enum attribute_type container, unsigned depth)
{
    if (bytes.size < COUNT_BYTES) {
        return false;
    }
    const char *at = bytes.at + COUNT_BYTES;
    const char *end = bytes.at + bytes.size;
    uint32_t count = 0;
    struct entry before;
    for (; at < end; count++) {
        size_t room = (size_t)(end - at);
        if (room < HEAD_BYTES || room - HEAD_BYTES < (size_t)load16(at + 4) + (load32(at) >> 4)) {
            return false;
        }
        struct entry e = entry_at(at);
        if (!entry_valid(&e, depth) || !follows(count == 0 ? NULL : &before, &e, container)) {
            return false;
        }
        before = e;
        at = e.end;
    }
    return count == load32(bytes.at);
}

bool item_valid(struct text bytes)
{
    return run_valid(bytes, TYPE_M, 0);
}

/* naive_value.c: see naive_value.h. */
#include "tests/naive_value.h"

#include "sim/assert.h"
#include "sim/memory.h"

#include <stdio.h>

struct naive_memory naive_memory(size_t size)
{
    struct naive_memory m = {memory_reserve(size), 0, size};
    ASSERT(m.at != NULL);
    return m;
}

void naive_memory_release(struct naive_memory *m)
{
    memory_release(m->at, m->size);
}

void *naive_new(struct naive_memory *m, size_t size)
{
    size_t rounded = (size + 15) & ~(size_t)15;
    ASSERT(m->size - m->used >= rounded);
    char *at = m->at + m->used;
    m->used += rounded;
    if (size > 0) {
        memset(at, 0, size);
    }
    return at;
}

struct naive_value naive_s(struct text text)
{
    return (struct naive_value){.type = TYPE_S, .bytes = text};
}

struct naive_value naive_n(int64_t hundredths)
{
    return (struct naive_value){.type = TYPE_N, .hundredths = hundredths};
}

/* Comparing */

static int bytes_order(struct text a, struct text b)
{
    for (size_t i = 0; i < a.size && i < b.size; i++) {
        int x = (unsigned char)a.at[i];
        int y = (unsigned char)b.at[i];
        if (x != y) {
            return x - y;
        }
    }
    return a.size < b.size ? -1 : a.size > b.size;
}

static bool same_bytes(struct text a, struct text b)
{
    return bytes_order(a, b) == 0;
}

static bool has_member(const struct naive_value *map, const struct naive_member *wanted)
{
    for (uint32_t i = 0; i < map->count; i++) {
        if (same_bytes(map->members[i].name, wanted->name)) {
            return naive_equal(&map->members[i].value, &wanted->value);
        }
    }
    return false;
}

bool naive_has_element(const struct naive_value *container, const struct naive_value *x)
{
    for (uint32_t i = 0; i < container->count; i++) {
        if (naive_equal(&container->members[i].value, x)) {
            return true;
        }
    }
    return false;
}

static bool same_members(const struct naive_value *a, const struct naive_value *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (uint32_t i = 0; i < a->count; i++) {
        const struct naive_member *member = &a->members[i];
        bool same = a->type == TYPE_M   ? has_member(b, member)
                    : a->type == TYPE_L ? naive_equal(&member->value, &b->members[i].value)
                                        : naive_has_element(b, &member->value);
        if (!same) {
            return false;
        }
    }
    return true;
}

bool naive_equal(const struct naive_value *a, const struct naive_value *b)
{
    if (a->type != b->type) {
        return false;
    }
    switch (a->type) {
    case TYPE_S:
    case TYPE_B:
        return same_bytes(a->bytes, b->bytes);
    case TYPE_N:
        return a->hundredths == b->hundredths;
    case TYPE_BOOL:
        return a->boolean == b->boolean;
    case TYPE_NULL:
        return true;
    case TYPE_M:
    case TYPE_L:
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        break;
    }
    return same_members(a, b);
}

bool naive_same(const struct naive_value *a, const struct naive_value *b)
{
    return a == NULL || b == NULL ? a == b : naive_equal(a, b);
}

int naive_order(const struct naive_value *a, const struct naive_value *b)
{
    ASSERT(a->type == b->type);
    if (a->type == TYPE_N) {
        return a->hundredths < b->hundredths ? -1 : a->hundredths > b->hundredths;
    }
    return bytes_order(a->bytes, b->bytes);
}

/* Sizes */

/* The digits of a number from the first to the last that is not zero, and where the first stands:
 * `exponent` 0 for units, 1 for tens, -1 for tenths. */
static int significant_digits(int64_t hundredths, int *exponent)
{
    int digits = 0;
    *exponent = -3;
    for (uint64_t rest = (uint64_t)(hundredths < 0 ? -hundredths : hundredths); rest > 0;
         rest /= 10) {
        ++*exponent;
        digits += digits > 0 || rest % 10 != 0;
    }
    return digits;
}

static int64_t number_bytes(int64_t hundredths)
{
    int exponent;
    int digits = significant_digits(hundredths, &exponent);
    if (digits == 0) {
        return 1;
    }
    bool paired = digits % 2 == 0 && exponent % 2 == 0;
    return 1 + (digits + 1) / 2 + paired + (hundredths < 0);
}

int64_t naive_value_size(const struct naive_value *value)
{
    int64_t size = 0;
    switch (value->type) {
    case TYPE_S:
    case TYPE_B:
        return (int64_t)value->bytes.size;
    case TYPE_N:
        return number_bytes(value->hundredths);
    case TYPE_BOOL:
    case TYPE_NULL:
        return 1;
    case TYPE_M:
    case TYPE_L:
        size = 3 + value->count;
        break;
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        break;
    }
    for (uint32_t i = 0; i < value->count; i++) {
        size += (int64_t)value->members[i].name.size + naive_value_size(&value->members[i].value);
    }
    return size;
}

int64_t naive_item_size(const struct naive_value *item)
{
    return item == NULL ? 0 : naive_value_size(item) - 3 - item->count;
}

/* Members */

const struct naive_value *naive_get(const struct naive_value *map, struct text name)
{
    for (uint32_t i = 0; map != NULL && i < map->count; i++) {
        if (same_bytes(map->members[i].name, name)) {
            return &map->members[i].value;
        }
    }
    return NULL;
}

const struct naive_value *naive_without(struct naive_memory *m, const struct naive_value *map,
                                        struct text name)
{
    struct naive_value *copy = naive_new(m, sizeof *copy);
    uint32_t room = map == NULL ? 0 : map->count;
    struct naive_member *members = naive_new(m, (room + 1) * sizeof *members);
    copy->type = TYPE_M;
    copy->members = members;
    for (uint32_t i = 0; i < room; i++) {
        if (!same_bytes(map->members[i].name, name)) {
            members[copy->count++] = map->members[i];
        }
    }
    return copy;
}

const struct naive_value *naive_with(struct naive_memory *m, const struct naive_value *map,
                                     struct text name, const struct naive_value *value)
{
    struct naive_value *copy = (struct naive_value *)naive_without(m, map, name);
    struct naive_member *members = (struct naive_member *)copy->members;
    members[copy->count++] = (struct naive_member){name, *value};
    return copy;
}

/* Across the border */

static struct text number_text(int64_t hundredths, char buffer[32])
{
    uint64_t magnitude = (uint64_t)(hundredths < 0 ? -hundredths : hundredths);
    int size =
        snprintf(buffer, 32, "%s%llu.%02llu", hundredths < 0 ? "-" : "",
                 (unsigned long long)(magnitude / 100), (unsigned long long)(magnitude % 100));
    while (buffer[size - 1] == '0') {
        size--;
    }
    return (struct text){buffer, (size_t)(buffer[size - 1] == '.' ? size - 1 : size)};
}

/* More than the encoding takes. */
static size_t encoded_room(const struct naive_value *value)
{
    size_t room = 64 + value->bytes.size;
    for (uint32_t i = 0; i < value->count; i++) {
        room += value->members[i].name.size + encoded_room(&value->members[i].value);
    }
    return room;
}

static struct text encoded(struct naive_memory *m, const struct naive_value *value)
{
    uint32_t room = (uint32_t)encoded_room(value);
    struct item_writer w = item_writer(naive_new(m, room), room);
    for (uint32_t i = 0; i < value->count; i++) {
        struct value member = naive_to_value(m, &value->members[i].value);
        if (value->type == TYPE_M) {
            item_add(&w, value->members[i].name, &member);
        } else if (value->type == TYPE_L) {
            item_append(&w, &member);
        } else {
            item_add_element(&w, &member);
        }
    }
    ASSERT(!w.overflowed);
    return item_written(&w).bytes;
}

struct value naive_to_value(struct naive_memory *m, const struct naive_value *value)
{
    struct value real = {.type = value->type, .boolean = value->boolean, .bytes = value->bytes};
    char buffer[32];
    if (value->type == TYPE_N) {
        ASSERT(number_parse(number_text(value->hundredths, buffer), &real.number, NULL) ==
               STATUS_OK);
    } else if (value->type >= TYPE_M) {
        real.bytes = encoded(m, value);
    }
    return real;
}

struct item naive_to_item(struct naive_memory *m, const struct naive_value *item)
{
    return item == NULL ? (struct item){0} : (struct item){encoded(m, item)};
}

/* Back from the digits, of which the fraction has at most two. */
static int64_t hundredths_of(const struct number *number)
{
    char buffer[NUMBER_TEXT_MAX];
    struct text_writer w = text_writer(buffer, sizeof buffer);
    text_put_number(&w, number);
    int64_t value = 0;
    int decimals = -1;
    for (size_t i = buffer[0] == '-'; i < w.size; i++) {
        if (buffer[i] == '.') {
            decimals = 0;
            continue;
        }
        value = 10 * value + (buffer[i] - '0');
        decimals += decimals >= 0;
    }
    for (decimals = decimals < 0 ? 0 : decimals; decimals < 2; decimals++) {
        value *= 10;
    }
    return buffer[0] == '-' ? -value : value;
}

static struct naive_value from_value(struct naive_memory *m, const struct value *real);

/* The members of an item or a value in the item encoding; `count` is set. */
static const struct naive_member *from_encoding(struct naive_memory *m, struct text bytes,
                                                uint32_t *count)
{
    *count = item_count((struct item){bytes});
    struct naive_member *members = naive_new(m, (*count + 1) * sizeof *members);
    struct item_cursor c = item_cursor((struct item){bytes});
    struct text name;
    struct value value;
    for (uint32_t i = 0; item_next(&c, &name, &value); i++) {
        ASSERT(i < *count);
        members[i] = (struct naive_member){name, from_value(m, &value)};
    }
    return members;
}

static struct naive_value from_value(struct naive_memory *m, const struct value *real)
{
    struct naive_value value = {.type = real->type};
    switch (real->type) {
    case TYPE_S:
    case TYPE_B:
        value.bytes = real->bytes;
        break;
    case TYPE_N:
        value.hundredths = hundredths_of(&real->number);
        break;
    case TYPE_BOOL:
        value.boolean = real->boolean;
        break;
    case TYPE_NULL:
        break;
    case TYPE_M:
    case TYPE_L:
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        value.members = from_encoding(m, real->bytes, &value.count);
        break;
    }
    return value;
}

const struct naive_value *naive_from_item(struct naive_memory *m, struct item item)
{
    if (item.bytes.size == 0) {
        return NULL;
    }
    struct naive_value *value = naive_new(m, sizeof *value);
    value->type = TYPE_M;
    value->members = from_encoding(m, item.bytes, &value->count);
    return value;
}

/* For people */

static void put_bytes(struct text_writer *w, struct text bytes)
{
    enum { SHOWN = 40 };

    text_put_char(w, '"');
    for (size_t i = 0; i < bytes.size && i < SHOWN; i++) {
        char c = bytes.at[i];
        char escaped[8];
        (void)snprintf(escaped, sizeof escaped, "\\x%02x", (unsigned char)c);
        if (c >= ' ' && c <= '~') {
            text_put_char(w, c);
        } else {
            text_put(w, text_from(escaped));
        }
    }
    if (bytes.size > SHOWN) {
        text_put(w, TEXT("... "));
        text_put_integer(w, (int64_t)bytes.size, 0);
        text_put(w, TEXT(" bytes"));
    }
    text_put_char(w, '"');
}

static void put_members(struct text_writer *w, const struct naive_value *value)
{
    text_put_char(w, value->type == TYPE_M ? '{' : '[');
    for (uint32_t i = 0; i < value->count; i++) {
        text_put(w, i > 0 ? TEXT(", ") : TEXT(""));
        if (value->type == TYPE_M) {
            put_bytes(w, value->members[i].name);
            text_put(w, TEXT(": "));
        }
        naive_put_value(w, &value->members[i].value);
    }
    text_put_char(w, value->type == TYPE_M ? '}' : ']');
}

void naive_put_value(struct text_writer *w, const struct naive_value *value)
{
    char buffer[32];
    text_put(w, TEXT("{\""));
    text_put(w, attribute_type_text(value->type));
    text_put(w, TEXT("\": "));
    switch (value->type) {
    case TYPE_S:
    case TYPE_B:
        put_bytes(w, value->bytes);
        break;
    case TYPE_N:
        put_bytes(w, number_text(value->hundredths, buffer));
        break;
    case TYPE_BOOL:
        text_put(w, value->boolean ? TEXT("true") : TEXT("false"));
        break;
    case TYPE_NULL:
        text_put(w, TEXT("true"));
        break;
    case TYPE_M:
    case TYPE_L:
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        put_members(w, value);
        break;
    }
    text_put_char(w, '}');
}

void naive_put_item(struct text_writer *w, const struct naive_value *item)
{
    if (item == NULL) {
        text_put(w, TEXT("nothing"));
    } else {
        put_members(w, item);
    }
}

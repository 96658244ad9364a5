/* supply.h: values and items out of a fuzzer's bytes.
 *
 * Method. Bytes are taken from the input one by one, and each decides something: a type, a length,
 * a name. When they have run out the rest is zeros, so every input makes something, and a byte that
 * changes makes something near.
 */
#ifndef LOCKSTEP_TESTS_FUZZ_SUPPLY_H
#define LOCKSTEP_TESTS_FUZZ_SUPPLY_H

#include "model/dynamodb/item.h"
#include "sim/assert.h"

#include <stdint.h>

enum { SUPPLY_ROOM = 1 << 22, SUPPLY_DOCUMENT = 1 << 14, SUPPLY_DEPTH = 4 };

struct supply {
    const uint8_t *at;
    size_t left;
    char *room; /* where documents are built */
    size_t used;
};

static inline struct supply supply(const uint8_t *bytes, size_t size)
{
    static char room[SUPPLY_ROOM];
    return (struct supply){bytes, size, room, 0};
}

static inline uint8_t supply_byte(struct supply *s)
{
    if (s->left == 0) {
        return 0;
    }
    s->left--;
    return *s->at++;
}

static inline struct text supply_text(struct supply *s, size_t size_max)
{
    size_t size = supply_byte(s) % (size_max + 1);
    size = size < s->left ? size : s->left;
    struct text text = {(const char *)s->at, size};
    s->at += size;
    s->left -= size;
    return text;
}

/* A number of a few digits, anywhere in the range. */
static inline struct number supply_number(struct supply *s)
{
    char buffer[32];
    struct number number;
    struct text_writer w = text_writer(buffer, sizeof buffer);
    text_put_integer(&w, (int8_t)supply_byte(s), 0);
    text_put_integer(&w, supply_byte(s), 0);
    text_put_char(&w, 'E');
    text_put_integer(&w, (int8_t)supply_byte(s) % 120, 0);
    ASSERT(number_parse(text_written(&w), &number, NULL) == STATUS_OK);
    return number;
}

static inline struct value supply_value(struct supply *s, uint32_t depth);

static inline struct text supply_name(struct supply *s)
{
    static const char *const names[] = {"a", "b", "c", "d", "status", "x.y", "a[0]", "\xc3\xa9"};
    return text_from(names[supply_byte(s) % 8]);
}

/* Members of a document, of a type for elements of a set. */
static inline struct text supply_members(struct supply *s, enum attribute_type type, uint32_t depth)
{
    struct item_writer w = item_writer(s->room + s->used, SUPPLY_DOCUMENT);
    s->used += SUPPLY_DOCUMENT;
    for (uint32_t i = supply_byte(s) % 4; i > 0; i--) {
        struct value value = {.type = type == TYPE_NS ? TYPE_N : type == TYPE_SS ? TYPE_S : TYPE_B};
        if (type == TYPE_M) {
            struct text name = supply_name(s);
            value = supply_value(s, depth - 1);
            item_add(&w, name, &value);
        } else if (type == TYPE_L) {
            value = supply_value(s, depth - 1);
            item_append(&w, &value);
        } else {
            value.number = type == TYPE_NS ? supply_number(s) : (struct number){0};
            value.bytes = type == TYPE_NS ? (struct text){NULL, 0} : supply_text(s, 3);
            item_add_element(&w, &value);
        }
    }
    return item_written(&w).bytes;
}

static inline struct value supply_value(struct supply *s, uint32_t depth)
{
    struct value value = {.type = (enum attribute_type)(supply_byte(s) % 10)};
    bool flat = depth == 0 || s->used + SUPPLY_DOCUMENT > SUPPLY_ROOM;
    switch (value.type) {
    case TYPE_S:
    case TYPE_B:
        value.bytes = supply_text(s, 5);
        break;
    case TYPE_N:
        value.number = supply_number(s);
        break;
    case TYPE_BOOL:
        value.boolean = supply_byte(s) % 2 == 1;
        break;
    case TYPE_NULL:
        break;
    case TYPE_M:
    case TYPE_L:
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        value.type = flat ? TYPE_NULL : value.type;
        value.bytes = flat ? (struct text){NULL, 0} : supply_members(s, value.type, depth);
    }
    return value;
}

/* An item; the key attributes "h" and "r" are always there. */
static inline struct item supply_item(struct supply *s, char *buffer, uint32_t capacity)
{
    struct item_writer w = item_writer(buffer, capacity);
    item_add_s(&w, TEXT("h"), TEXT("p"));
    item_add_s(&w, TEXT("r"), TEXT("k"));
    for (uint32_t i = supply_byte(s) % 6; i > 0; i--) {
        struct text name = supply_name(s);
        struct value value = supply_value(s, SUPPLY_DEPTH);
        item_add(&w, name, &value);
    }
    ASSERT(!w.overflowed);
    return item_written(&w);
}

#endif

/* items.h: items in a test's own words: "d:S=2026 n:N=-1.5 b:B=xyz s:SS=". Attributes are separated
 * by spaces; a value of type M, L or a set is an empty one. */
#ifndef LOCKSTEP_TESTS_ITEMS_H
#define LOCKSTEP_TESTS_ITEMS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/dynamodb/item.h"

/* The value of "N=-1.5"; `empty`, of at least 4 bytes, holds an empty container. */
static inline struct value items_value(struct text text, char empty[4])
{
    struct value value = {.type = TYPE_S};
    struct text type = {text.at, (size_t)((const char *)memchr(text.at, '=', text.size) - text.at)};
    struct text rest = {text.at + type.size + 1, text.size - type.size - 1};
    while (!text_equal(attribute_type_text(value.type), type)) {
        assert_int_not_equal(value.type, TYPE_BS);
        value.type++;
    }
    if (value.type == TYPE_N) {
        assert_int_equal(number_parse(rest, &value.number, NULL), STATUS_OK);
    } else if (value.type <= TYPE_B) {
        value.bytes = rest;
    } else if (value.type >= TYPE_M) {
        struct item_writer w = item_writer(empty, 4);
        value.bytes = item_written(&w).bytes;
    }
    return value;
}

static inline struct item items_make(char *buffer, uint32_t capacity, const char *text)
{
    struct item_writer w = item_writer(buffer, capacity);
    char empty[4];
    while (*text != '\0') {
        size_t size = strcspn(text, " ");
        size_t name = strcspn(text, ":");
        struct value value = items_value((struct text){text + name + 1, size - name - 1}, empty);
        item_add(&w, (struct text){text, name}, &value);
        text += size + (text[size] == ' ');
    }
    struct item item = item_written(&w);
    assert_true(item.bytes.size > 0);
    return item;
}

/* An item in the same words, in the order of its names; documents and sets without contents. */
static inline const char *items_text(struct item item, char *buffer, size_t capacity)
{
    struct text_writer w = text_writer(buffer, capacity);
    struct item_cursor c = item_cursor(item);
    struct text name;
    struct value value;
    while (item_next(&c, &name, &value)) {
        text_put(&w, w.size > 0 ? TEXT(" ") : TEXT(""));
        text_put(&w, name);
        text_put(&w, TEXT(":"));
        text_put(&w, attribute_type_text(value.type));
        text_put(&w, TEXT("="));
        if (value.type == TYPE_N) {
            text_put_number(&w, &value.number);
        } else if (value.type <= TYPE_B) {
            text_put(&w, value.bytes);
        }
    }
    assert_false(w.overflowed);
    return text_writer_string(&w);
}

#endif

/* document.h: items as text, for tests that build and compare documents.
 *
 *     {a: 1.5, b: 'text', c: b'bytes', d: [true, null, {e: 'nested'}], f: <'x' 'y'>, g: <1 2>}
 *
 * A name is a word or quoted. What is written comes out in the same form, in the item's own order:
 * attributes by name, a set's elements by value.
 */
#ifndef LOCKSTEP_TESTS_DOCUMENT_H
#define LOCKSTEP_TESTS_DOCUMENT_H

#include "model/dynamodb/item.h"
#include "sim/assert.h"

#include <stdlib.h>

/* What documents are built of; nothing is given back before the program ends. */
static inline char *document_room(size_t size)
{
    static _Alignas(16) char room[1 << 24];
    static size_t used;
    size_t start = used;
    ASSERT(size <= sizeof room - 16 - used);
    used += (size + 15) / 16 * 16;
    return room + start;
}

static inline const char *document_skip(const char *at)
{
    while (*at == ' ' || *at == ',' || *at == '\n') {
        at++;
    }
    return at;
}

static inline const char *document_word(const char *at, struct text *word)
{
    bool quoted = *at == '\'';
    at += quoted;
    word->at = at;
    while (*at != '\0' && (quoted ? *at != '\'' : strchr(" ,:{}[]<>\n", *at) == NULL)) {
        at++;
    }
    word->size = (size_t)(at - word->at);
    return at + quoted;
}

static inline const char *document_value(const char *at, struct value *value);

/* Members up to the closing sign. */
static inline const char *document_members(const char *at, char open, struct value *value)
{
    char close = (char)(open == '{' ? '}' : open == '[' ? ']' : '>');
    struct item_writer w = item_writer(malloc(1 << 20), 1 << 20);
    *value = (struct value){.type = open == '{' ? TYPE_M : open == '[' ? TYPE_L : TYPE_SS};
    for (at = document_skip(at); *at != close; at = document_skip(at)) {
        struct text name = {0};
        struct value member;
        ASSERT(*at != '\0');
        if (open == '{') {
            at = document_word(at, &name);
            ASSERT(*at == ':');
            at++;
        }
        at = document_value(document_skip(at), &member);
        if (open == '{') {
            item_add(&w, name, &member);
        } else if (open == '[') {
            item_append(&w, &member);
        } else {
            value->type = member.type == TYPE_N   ? TYPE_NS
                          : member.type == TYPE_B ? TYPE_BS
                                                  : TYPE_SS;
            item_add_element(&w, &member);
        }
    }
    struct text written = item_written(&w).bytes;
    ASSERT(written.size > 0);
    char *kept = document_room(written.size);
    memcpy(kept, written.at, written.size);
    free(w.at);
    value->bytes = (struct text){kept, written.size};
    return at + 1;
}

static inline const char *document_value(const char *at, struct value *value)
{
    *value = (struct value){.type = TYPE_S};
    if (*at == '{' || *at == '[' || *at == '<') {
        return document_members(at + 1, *at, value);
    }
    if (*at == '\'' || (*at == 'b' && at[1] == '\'')) {
        value->type = *at == 'b' ? TYPE_B : TYPE_S;
        return document_word(at + (*at == 'b'), &value->bytes);
    }
    struct text word;
    at = document_word(at, &word);
    if (text_equal(word, TEXT("null"))) {
        value->type = TYPE_NULL;
    } else if (text_equal(word, TEXT("true")) || text_equal(word, TEXT("false"))) {
        *value = (struct value){.type = TYPE_BOOL, .boolean = word.size == 4};
    } else {
        value->type = TYPE_N;
        ASSERT(number_parse(word, &value->number, NULL) == STATUS_OK);
    }
    return at;
}

static inline struct value document_read(const char *text)
{
    struct value value;
    ASSERT(*document_skip(document_value(document_skip(text), &value)) == '\0');
    return value;
}

/* The item that a text beginning with { stands for; NULL is no item. */
static inline struct item document_item(const char *text)
{
    return text == NULL ? (struct item){0} : (struct item){document_read(text).bytes};
}

/* "a.b[0].c" as a path. */
static inline struct item_path document_path(const char *at)
{
    struct item_path path = {0};
    struct item_step *steps = (struct item_step *)(void *)document_room(8 * sizeof *steps);
    path.steps = steps;
    for (bool first = true; *at != '\0'; first = false) {
        struct item_step step = {.index = 0};
        bool index = *at == '[';
        at += index || *at == '.';
        step.name.at = index ? NULL : at;
        for (; *at != '\0' && *at != '.' && *at != '[' && *at != ']'; at++) {
            step.name.size += !index;
            step.index = index ? step.index * 10 + (uint32_t)(*at - '0') : 0;
        }
        at += *at == ']';
        if (first) {
            path.name = step.name;
        } else {
            steps[path.steps_count++] = step;
        }
    }
    return path;
}

static inline void document_put(struct text_writer *w, const struct value *value)
{
    static const char *const opens[] = {[TYPE_M] = "{", [TYPE_L] = "[", [TYPE_BS] = "<"};
    static const char *const closes[] = {[TYPE_M] = "}", [TYPE_L] = "]", [TYPE_BS] = ">"};
    if (value->type == TYPE_N) {
        text_put_number(w, &value->number);
    } else if (value->type == TYPE_NULL) {
        text_put(w, TEXT("null"));
    } else if (value->type == TYPE_BOOL) {
        text_put(w, value->boolean ? TEXT("true") : TEXT("false"));
    } else if (value->type == TYPE_S || value->type == TYPE_B) {
        text_put(w, value->type == TYPE_B ? TEXT("b'") : TEXT("'"));
        text_put(w, value->bytes);
        text_put_char(w, '\'');
    } else {
        enum attribute_type type =
            value->type == TYPE_M || value->type == TYPE_L ? value->type : TYPE_BS;
        struct item_cursor c = item_cursor((struct item){value->bytes});
        struct text name;
        struct value member;
        text_put(w, text_from(opens[type]));
        for (bool first = true; item_next(&c, &name, &member); first = false) {
            text_put(w, first ? TEXT("") : type == TYPE_BS ? TEXT(" ") : TEXT(", "));
            text_put(w, name);
            text_put(w, type == TYPE_M ? TEXT(": ") : TEXT(""));
            document_put(w, &member);
        }
        text_put(w, text_from(closes[type]));
    }
}

/* Good until the next call. */
static inline const char *document_text(struct item item)
{
    static char text[1 << 16];
    struct value value = {.type = TYPE_M, .bytes = item.bytes};
    struct text_writer w = text_writer(text, sizeof text);
    document_put(&w, &value);
    return text_writer_string(&w);
}

#endif

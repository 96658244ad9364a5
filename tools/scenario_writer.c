/* scenario_writer.c: see scenario_writer.h. Texts first, then fields, groups and lists. */
#include "tools/scenario_writer.h"

#include "sim/unicode.h"
#include "tools/fields.h"

enum { COLUMNS = 100, INDENT = 2 };

/* ---- Texts. ---- */

/* The code point of the character of `size` bytes (utf8_character) at `at`. */
static uint32_t code_point(const char *at, size_t size)
{
    static const uint32_t first_bits[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    uint32_t code = (unsigned char)at[0] & first_bits[size];
    for (size_t i = 1; i < size; i++) {
        code = code << 6 | ((unsigned char)at[i] & 0x3F);
    }
    return code;
}

/* Whether a character may stand in YAML as it is and is not taken for the end of a line. Source:
 * YAML 1.1, 5.1 and 5.4. */
static bool stands_for_itself(uint32_t code)
{
    return (code >= 0x20 && code <= 0x7E) ||
           (code >= 0xA0 && code <= 0xFFFD && code != 0x2028 && code != 0x2029 && code != 0xFEFF) ||
           code > 0xFFFF;
}

static bool all_stand_for_themselves(struct text text)
{
    while (text.size > 0) {
        size_t size = utf8_character(text);
        if (size == 0 || !stands_for_itself(code_point(text.at, size))) {
            return false;
        }
        text = (struct text){text.at + size, text.size - size};
    }
    return true;
}

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Whether a text can stand without quotes, in a list or a mapping on one line, too: it begins with
 * a letter, a digit or a slash and holds nothing that could be taken for YAML's own. */
static bool is_plain(struct text text)
{
    if (text.size == 0 || !(is_alphanumeric(text.at[0]) || text.at[0] == '/') ||
        text.at[text.size - 1] == ' ' || text.at[text.size - 1] == ':') {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        bool after_blank = i > 0 && text.at[i - 1] == ' ';
        bool fits = is_alphanumeric(c) || strchr("_-./+=()%<>* ;'", c) != NULL ||
                    (c == '#' && !after_blank) || (c == ':' && is_alphanumeric(text.at[i + 1]));
        if (c == '\0' || !fits) {
            return false;
        }
    }
    return true;
}

static void put_hexadecimal(struct text_writer *w, uint32_t value, unsigned digits)
{
    while (digits > 0) {
        digits--;
        text_put_char(w, "0123456789ABCDEF"[value >> 4 * digits & 0xF]);
    }
}

static void put_escaped(struct text_writer *w, struct text character)
{
    uint32_t code = code_point(character.at, character.size);
    if (code == '"' || code == '\\') {
        text_put_char(w, '\\');
        text_put(w, character);
    } else if (stands_for_itself(code)) {
        text_put(w, character);
    } else if (code == '\n' || code == '\t') {
        text_put(w, code == '\n' ? TEXT("\\n") : TEXT("\\t"));
    } else {
        text_put(w, TEXT("\\U"));
        put_hexadecimal(w, code, 8);
    }
}

static void put_double_quoted(struct text_writer *w, struct text text)
{
    text_put_char(w, '"');
    while (text.size > 0) {
        size_t size = utf8_character(text);
        ASSERT(size > 0); /* texts are UTF-8 */
        put_escaped(w, (struct text){text.at, size});
        text = (struct text){text.at + size, text.size - size};
    }
    text_put_char(w, '"');
}

static void put_single_quoted(struct text_writer *w, struct text text)
{
    text_put_char(w, '\'');
    for (size_t i = 0; i < text.size; i++) {
        text_put(w, text.at[i] == '\'' ? TEXT("'") : TEXT(""));
        text_put_char(w, text.at[i]);
    }
    text_put_char(w, '\'');
}

static bool holds(struct text text, char c)
{
    return text.size > 0 && memchr(text.at, c, text.size) != NULL;
}

static void put_scalar(struct text_writer *w, struct text text)
{
    if (is_plain(text)) {
        text_put(w, text);
    } else if ((holds(text, '"') || holds(text, '\\')) && all_stand_for_themselves(text)) {
        put_single_quoted(w, text);
    } else {
        put_double_quoted(w, text);
    }
}

/* Whether folding a text at blanks loses nothing. */
static bool can_be_folded(struct text text)
{
    if (text.size == 0 || text.at[0] == ' ' || text.at[text.size - 1] == ' ') {
        return false;
    }
    for (size_t i = 1; i < text.size; i++) {
        if (text.at[i] == ' ' && text.at[i - 1] == ' ') {
            return false;
        }
    }
    return all_stand_for_themselves(text);
}

static void put_blanks(struct text_writer *w, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        text_put_char(w, ' ');
    }
}

/* What fits into a line of `room` bytes: up to a blank, or to the end of a word that is longer. */
static size_t line_size(struct text text, size_t room)
{
    size_t size = 0;
    for (size_t i = 0; i <= text.size && (size == 0 || i <= room); i++) {
        if (i == text.size || text.at[i] == ' ') {
            size = i;
        }
    }
    return size;
}

static void put_folded(struct text_writer *w, struct text text, unsigned indent)
{
    text_put(w, TEXT(">-"));
    while (text.size > 0) {
        size_t size = line_size(text, COLUMNS - indent);
        text_put_char(w, '\n');
        put_blanks(w, indent);
        text_put(w, (struct text){text.at, size});
        size += size < text.size; /* the blank */
        text = (struct text){text.at + size, text.size - size};
    }
}

/* ---- Fields. ---- */

struct writer {
    const struct scenario *scenario;
    struct scenario initial; /* what nothing but defaults gives */
    struct scenario base;    /* and with the presets; of each list, one default element */
    struct text_writer *w;
};

/* Whether a field must be said. */
static bool is_said(const struct writer *t, const struct field *field, uint32_t index)
{
    const struct scenario *usual = field->apply != NULL ? &t->initial : &t->base;
    if (field->type == FIELD_FAULT) {
        return t->scenario->faults[index].kind == (enum fault_kind)field->least;
    }
    if (field->offset == offsetof(struct expectation, only_case) &&
        t->scenario->case_name.size > 0 && strcmp(field->key, "expect.*.case") == 0) {
        return false;
    }
    return field->required || !field_is_same(field, t->scenario, index, usual, 0);
}

static void put_value(const struct writer *t, const struct field *field, uint32_t index)
{
    char room[FIELD_VALUE_MAX];
    struct text value = field_value(field, t->scenario, index, room);
    uint32_t bits = field->type == FIELD_WORDS ? field_bits(field, t->scenario, index) : 0;
    if (bits == 0 || bits == VIOLATES_ANY) {
        put_scalar(t->w, value);
    } else {
        text_put_char(t->w, '[');
        text_put(t->w, value);
        text_put_char(t->w, ']');
    }
}

static void put_key(const struct writer *t, const struct field *field)
{
    text_put(t->w, text_after_last(text_from(field->key), '.'));
    text_put(t->w, TEXT(": "));
}

/* The fields from `i` to before `end`, of one element, or of a group, as a mapping on one line. */
static void put_flow(const struct writer *t, size_t i, size_t end, uint32_t index)
{
    bool first = true;
    text_put_char(t->w, '{');
    for (; i < end; i++) {
        if (is_said(t, field_at(i), index)) {
            text_put(t->w, first ? TEXT("") : TEXT(", "));
            put_key(t, field_at(i));
            put_value(t, field_at(i), index);
            first = false;
        }
    }
    text_put(t->w, TEXT("}\n"));
}

/* One field as a line, or as several where it is long. */
static void put_line(const struct writer *t, const struct field *field, unsigned indent)
{
    struct text_writer before = *t->w;
    put_blanks(t->w, indent);
    put_key(t, field);
    put_value(t, field, 0);
    if (t->w->size - before.size > COLUMNS && field_is_of_text(field) &&
        can_be_folded(field_text(field, t->scenario, 0))) {
        *t->w = before;
        put_blanks(t->w, indent);
        put_key(t, field);
        put_folded(t->w, field_text(field, t->scenario, 0), indent + INDENT);
    }
    text_put_char(t->w, '\n');
}

static void put_lines(const struct writer *t, size_t i, size_t end, unsigned indent)
{
    for (; i < end; i++) {
        if (is_said(t, field_at(i), 0)) {
            put_line(t, field_at(i), indent);
        }
    }
}

/* ---- Groups and lists. ---- */

static void put_group(const struct writer *t, struct text key, size_t start, size_t end)
{
    bool any = false;
    for (size_t i = start; i < end; i++) {
        any |= is_said(t, field_at(i), 0);
    }
    if (!any) {
        return;
    }
    text_put(t->w, key);
    struct text_writer before = *t->w;
    text_put(t->w, TEXT(": "));
    put_flow(t, start, end, 0);
    if (key.size + t->w->size - before.size > COLUMNS + 1) {
        *t->w = before;
        text_put(t->w, TEXT(":\n"));
        put_lines(t, start, end, INDENT);
    }
}

static void put_list(const struct writer *t, const struct field_list *list, size_t start,
                     size_t end)
{
    uint32_t count = field_list_count(list, t->scenario);
    bool of_cases = list->items_offset == offsetof(struct scenario, cases);
    if (count == 0 || (of_cases && t->scenario->case_name.size > 0)) {
        return;
    }
    text_put(t->w, text_from(list->key));
    text_put(t->w, TEXT(":\n"));
    for (uint32_t index = 0; index < count; index++) {
        text_put(t->w, TEXT("  - "));
        put_flow(t, start, end, index);
    }
}

/* The first part of a key; empty where it has but one. */
static struct text first_part(const struct field *field)
{
    const char *dot = strchr(field->key, '.');
    return (struct text){field->key, dot == NULL ? 0 : (size_t)(dot - field->key)};
}

/* Fields with the same first part stand together in the table. */
static size_t end_of_part(size_t start)
{
    size_t end = start;
    while (end < fields_count() &&
           text_equal(first_part(field_at(end)), first_part(field_at(start)))) {
        end++;
    }
    return end;
}

static void put_comment(struct text_writer *w, struct text comment)
{
    bool starts = true;
    while (comment.size > 0) {
        bool ends = comment.at[0] == '\n';
        size_t size = utf8_character(comment);
        bool fits = size > 0 && stands_for_itself(code_point(comment.at, size));
        size += size == 0;
        text_put(w, !starts ? TEXT("") : ends ? TEXT("#") : TEXT("# "));
        text_put(w, ends ? TEXT("\n") : fits ? (struct text){comment.at, size} : TEXT("?"));
        starts = ends;
        comment = (struct text){comment.at + size, comment.size - size};
    }
    text_put(w, starts ? TEXT("") : TEXT("\n"));
}

void scenario_write(const struct scenario *scenario, struct text comment, struct text_writer *w)
{
    struct writer t = {.scenario = scenario, .w = w};
    scenario_init(&t.initial);
    fields_fill_base(&t.base, scenario);
    put_comment(w, comment);
    for (size_t i = 0, end; i < fields_count(); i = end) {
        const struct field_list *list = field_list_of(field_at(i));
        struct text part = first_part(field_at(i));
        end = end_of_part(i);
        if (list != NULL) {
            put_list(&t, list, i, end);
        } else if (part.size > 0) {
            put_group(&t, part, i, end);
        } else {
            put_lines(&t, i, end, 0);
        }
    }
}

/* diagnostics.c: see diagnostics.h. */
#include "tools/diagnostics.h"

#include "sim/unicode.h"

#include <stdarg.h>
#include <stdio.h>

/* Bytes of the line break at the start of `text`, as YAML 1.1 counts lines: LF, CR, CR LF, NEL, LS
 * and PS; 0 where there is none. */
static size_t line_break(struct text text)
{
    static const struct text breaks[] = {
        {"\r\n",         2},
        {"\n",           1},
        {"\r",           1},
        {"\xC2\x85",     2},
        {"\xE2\x80\xA8", 3},
        {"\xE2\x80\xA9", 3},
    };
    for (size_t i = 0; i < sizeof breaks / sizeof breaks[0]; i++) {
        if (text_starts(text, breaks[i])) {
            return breaks[i].size;
        }
    }
    return 0;
}

static struct text rest_of(struct text text, size_t from)
{
    return (struct text){text.at + from, text.size - from};
}

/* Line number `line`, without its break; empty beyond the last. */
static struct text line_of(struct text text, uint32_t line)
{
    if (text_starts(text, TEXT("\xEF\xBB\xBF"))) {
        text = rest_of(text, 3);
    }
    for (uint32_t n = 1; n < line && text.size > 0;) {
        size_t size = line_break(text);
        n += size > 0;
        text = rest_of(text, size > 0 ? size : 1);
    }
    size_t end = 0;
    while (end < text.size && line_break(rest_of(text, end)) == 0) {
        end++;
    }
    return (struct text){text.at, end};
}

static size_t character(struct text text)
{
    size_t size = utf8_character(text);
    return size > 0 ? size : 1;
}

/* Copies the characters around `column` that fit, with control characters as blanks. */
static void excerpt(struct diagnostic *d, struct text line)
{
    enum { BEFORE = 60 };

    uint32_t skip = d->column > BEFORE ? d->column - BEFORE : 0;
    for (uint32_t i = 0; i < skip && line.size > 0; i++) {
        line = rest_of(line, character(line));
    }
    d->caret = d->column - 1 - skip + (skip > 0);
    struct text_writer w = text_writer(d->excerpt, sizeof d->excerpt);
    text_put(&w, skip > 0 ? TEXT("~") : TEXT(""));
    while (line.size > 0) {
        size_t size = character(line);
        if (w.size + size + 2 > w.capacity) {
            text_put_char(&w, '~');
            break;
        }
        bool plain = utf8_character(line) > 0 && (unsigned char)line.at[0] >= ' ';
        text_put(&w, plain ? (struct text){line.at, size} : TEXT(" "));
        line = rest_of(line, size);
    }
    (void)text_writer_string(&w);
}

static bool is_before(const struct position *p, const struct diagnostic *d)
{
    if (p->source_number != d->source_number) {
        return p->source_number < d->source_number;
    }
    return p->line != d->line ? p->line < d->line : p->column < d->column;
}

/* Opens a gap at the place of `position`. The caller has seen that there is room. */
static struct diagnostic *insert(struct diagnostics *d, const struct position *position)
{
    uint32_t at = d->count++;
    while (at > 0 && is_before(position, &d->items[at - 1])) {
        d->items[at] = d->items[at - 1];
        at--;
    }
    return &d->items[at];
}

void diagnostics_add(struct diagnostics *d, const struct source *source, struct position position,
                     const char *format, ...)
{
    d->total++;
    if (d->count == DIAGNOSTICS_MAX) {
        return;
    }
    struct diagnostic *item = insert(d, &position);
    *item = (struct diagnostic){
        .source_number = position.source_number, .line = position.line, .column = position.column};
    (void)snprintf(item->source, sizeof item->source, "%.*s", (int)source->name.size,
                   source->name.at);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(item->message, sizeof item->message, format, arguments);
    va_end(arguments);
    utf8_sanitize(item->source);
    utf8_sanitize(item->message);
    if (position.line > 0) {
        excerpt(item, line_of(source->text, position.line));
    }
}

static void put_one(const struct diagnostic *d, struct text_writer *w)
{
    text_put(w, text_from(d->source));
    if (d->line > 0) {
        text_put_char(w, ':');
        text_put_integer(w, d->line, 0);
        text_put_char(w, ':');
        text_put_integer(w, d->column, 0);
    }
    text_put(w, TEXT(": error: "));
    text_put(w, text_from(d->message));
    text_put_char(w, '\n');
    if (d->excerpt[0] != '\0') {
        text_put(w, TEXT("    "));
        text_put(w, text_from(d->excerpt));
        text_put(w, TEXT("\n    "));
        for (uint32_t i = 0; i < d->caret; i++) {
            text_put_char(w, ' ');
        }
        text_put(w, TEXT("^\n"));
    }
}

void diagnostics_put(const struct diagnostics *d, struct text_writer *w)
{
    for (uint32_t i = 0; i < d->count; i++) {
        put_one(&d->items[i], w);
    }
    if (d->total > d->count) {
        text_put(w, TEXT("and "));
        text_put_integer(w, d->total - d->count, 0);
        text_put(w, TEXT(" more\n"));
    }
}

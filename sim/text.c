/* text.c: see text.h. */
#include "sim/text.h"

#include "sim/assert.h"

bool text_starts(struct text whole, struct text prefix)
{
    return whole.size >= prefix.size && text_equal((struct text){whole.at, prefix.size}, prefix);
}

bool text_ends(struct text whole, struct text suffix)
{
    return whole.size >= suffix.size &&
           text_equal((struct text){whole.at + whole.size - suffix.size, suffix.size}, suffix);
}

struct text text_after_last(struct text whole, char separator)
{
    size_t start = whole.size;
    while (start > 0 && whole.at[start - 1] != separator) {
        start--;
    }
    return (struct text){whole.at + start, whole.size - start};
}

struct text_writer text_writer(char *buffer, size_t capacity)
{
    ASSERT(buffer != NULL);
    return (struct text_writer){.at = buffer, .capacity = capacity};
}

void text_put(struct text_writer *w, struct text text)
{
    size_t room = w->capacity - w->size;
    size_t size = text.size < room ? text.size : room;
    if (size > 0) {
        memcpy(w->at + w->size, text.at, size);
    }
    w->size += size;
    w->overflowed |= size < text.size;
}

void text_put_char(struct text_writer *w, char c)
{
    text_put(w, (struct text){&c, 1});
}

void text_put_integer(struct text_writer *w, int64_t value, unsigned width)
{
    ASSERT(width <= 20);
    char digits[20];
    unsigned start = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        digits[--start] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    while (sizeof digits - start < width) {
        digits[--start] = '0';
    }
    if (value < 0) {
        text_put_char(w, '-');
    }
    text_put(w, (struct text){digits + start, sizeof digits - start});
}

const char *text_writer_string(struct text_writer *w)
{
    ASSERT(w->capacity > 0);
    if (w->size == w->capacity) {
        w->size--;
        w->overflowed = true;
    }
    w->at[w->size] = '\0';
    return w->at;
}

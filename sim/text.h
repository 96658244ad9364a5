/* text.h: strings as views, and a bounded writer that needs no locale.
 *
 * A view does not own its bytes and need not end in NUL. The writer fills a buffer of the caller
 * and remembers whether all of it fitted, so that a caller checks once, at the end.
 */
#ifndef LOCKSTEP_SIM_TEXT_H
#define LOCKSTEP_SIM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct text {
    const char *at;
    size_t size;
};

/* A view of a string literal, and of any string that ends in NUL. */
#define TEXT(literal) ((struct text){"" literal, sizeof(literal) - 1})

static inline struct text text_from(const char *string)
{
    return (struct text){string, strlen(string)};
}

/* The names of attributes are compared often, and most are short: no call. */
static inline bool text_equal(struct text a, struct text b)
{
    if (a.size != b.size) {
        return false;
    }
    if (a.size < 8) {
        for (size_t i = 0; i < a.size; i++) {
            if (a.at[i] != b.at[i]) {
                return false;
            }
        }
        return true;
    }
    if (a.size > 64) {
        return memcmp(a.at, b.at, a.size) == 0;
    }
    uint64_t x;
    uint64_t y;
    for (size_t i = 0; i + 8 < a.size; i += 8) {
        memcpy(&x, a.at + i, sizeof x);
        memcpy(&y, b.at + i, sizeof y);
        if (x != y) {
            return false;
        }
    }
    memcpy(&x, a.at + a.size - 8, sizeof x);
    memcpy(&y, b.at + b.size - 8, sizeof y);
    return x == y;
}

/* Eight bytes as a number that orders as they do. */
static inline uint64_t text_word(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    return __builtin_bswap64(word);
}

/* Less than, equal to or greater than 0, by unsigned bytes; a prefix comes first. Keys are compared
 * more often than anything else is done, so this goes word by word; the last word overlaps the one
 * before. */
static inline int text_compare(struct text a, struct text b)
{
    size_t common = a.size < b.size ? a.size : b.size;
    size_t i = 0;
    if (common >= 8) {
        for (; i + 8 < common; i += 8) {
            uint64_t x = text_word(a.at + i);
            uint64_t y = text_word(b.at + i);
            if (x != y) {
                return x < y ? -1 : 1;
            }
        }
        uint64_t x = text_word(a.at + common - 8);
        uint64_t y = text_word(b.at + common - 8);
        if (x != y) {
            return x < y ? -1 : 1;
        }
    } else {
        for (; i < common; i++) {
            if (a.at[i] != b.at[i]) {
                return (unsigned char)a.at[i] < (unsigned char)b.at[i] ? -1 : 1;
            }
        }
    }
    return (a.size > b.size) - (a.size < b.size);
}

bool text_starts(struct text whole, struct text prefix);
bool text_ends(struct text whole, struct text suffix);

/* What follows the last `separator` in `whole`; all of it where there is none. */
struct text text_after_last(struct text whole, char separator);

struct text_writer {
    char *at;
    size_t size, capacity;
    bool overflowed;
};

/* Starts writing into `buffer` of `capacity` bytes. Nothing is NUL-terminated but by
 * text_writer_string. */
struct text_writer text_writer(char *buffer, size_t capacity);

void text_put(struct text_writer *w, struct text text);
void text_put_char(struct text_writer *w, char c);

/* Decimal digits, with leading zeros up to `width` (0 to 20) of them, the sign not counted. */
void text_put_integer(struct text_writer *w, int64_t value, unsigned width);

/* Ends with a NUL, over the last byte if the buffer is full (it has at least one). Returns the
 * buffer. */
const char *text_writer_string(struct text_writer *w);

/* What has been written so far, as a view into the buffer. */
static inline struct text text_written(const struct text_writer *w)
{
    return (struct text){w->at, w->size};
}

#endif

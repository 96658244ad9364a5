/* unicode.c: see unicode.h. */
#include "sim/unicode.h"

/* Least code point of each length: what is below is an overlong form. */
static const uint32_t least_of_length[] = {0, 0, 0x80, 0x800, 0x10000};

static size_t length_of_first(unsigned char byte)
{
    if (byte < 0x80) {
        return 1;
    }
    if (byte >= 0xC2 && byte < 0xE0) {
        return 2;
    }
    if (byte >= 0xE0 && byte < 0xF0) {
        return 3;
    }
    return byte >= 0xF0 && byte < 0xF5 ? 4 : 0;
}

size_t utf8_character(struct text text)
{
    unsigned char first = (unsigned char)text.at[0];
    size_t length = length_of_first(first);
    if (length < 2 || length > text.size) {
        return length == 1 ? 1 : 0;
    }
    uint32_t point = first & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        unsigned char next = (unsigned char)text.at[i];
        if ((next & 0xC0) != 0x80) {
            return 0;
        }
        point = point << 6 | (next & 0x3F);
    }
    if (point < least_of_length[length] || point > 0x10FFFF || (point & ~0x7FFu) == 0xD800) {
        return 0;
    }
    return length;
}

size_t utf8_valid(struct text text)
{
    size_t at = 0;
    while (at < text.size) {
        size_t length = utf8_character((struct text){text.at + at, text.size - at});
        if (length == 0) {
            return at;
        }
        at += length;
    }
    return at;
}

void utf8_sanitize(char *string)
{
    struct text rest = text_from(string);
    while (rest.size > 0) {
        size_t length = utf8_character(rest);
        unsigned char first = (unsigned char)rest.at[0];
        if (length == 0 || first < 0x20 || first == 0x7F) {
            string[rest.at - string] = '?';
            length = 1;
        }
        rest = (struct text){rest.at + length, rest.size - length};
    }
}

struct shown shown(struct text text)
{
    enum { CUT = 60 };
    struct shown s;
    size_t used = 0;
    while (text.size > 0 && used < CUT) {
        size_t length = utf8_character(text);
        unsigned char first = (unsigned char)text.at[0];
        if (length == 0 || first < 0x20 || first == 0x7F) {
            s.text[used++] = '?';
            length = 1;
        } else {
            memcpy(s.text + used, text.at, length);
            used += length;
        }
        text.at += length;
        text.size -= length;
    }
    memcpy(s.text + used, text.size > 0 ? "..." : "", text.size > 0 ? 4 : 1);
    return s;
}

/* unicode.h: is it UTF-8, and how is text from outside shown to a person. */
#ifndef LOCKSTEP_SIM_UNICODE_H
#define LOCKSTEP_SIM_UNICODE_H

#include "sim/text.h"

/* Bytes of the UTF-8 character at the start of `text` (not empty), 1 to 4; 0 where there is none:
 * a stray or missing continuation, an overlong form, a surrogate, beyond U+10FFFF. */
size_t utf8_character(struct text text);

/* Offset of the first byte that is not UTF-8; text.size where all of it is. */
size_t utf8_valid(struct text text);

/* Replaces what a person should not be shown: control characters and bad bytes become '?'. */
void utf8_sanitize(char *string);

/* A text as a message quotes it: control characters and bad bytes as '?', cut after some 60 bytes.
 * Valid until the end of the expression: printf("%s", shown(t).text). */
struct shown {
    char text[68];
} shown(struct text text);

#endif

/* diagnostics.h: errors in what a person wrote, each with its place, the line and a caret.
 *
 *     stuck.yaml:5:3: error: pipeline.lock_tll: unknown key (did you mean 'lock_ttl'?)
 *         lock_tll: 300s
 *         ^
 *
 * Up to DIAGNOSTICS_MAX are kept, so that one run shows most of what is wrong. Lines and columns
 * count from 1, columns in characters. Plain data: nothing to free.
 */
#ifndef LOCKSTEP_TOOLS_DIAGNOSTICS_H
#define LOCKSTEP_TOOLS_DIAGNOSTICS_H

#include "sim/text.h"

#include <stdint.h>

enum { DIAGNOSTICS_MAX = 20 };

/* A text with a name that errors can point into. Both views outlive the call. */
struct source {
    struct text name, text;
};

struct diagnostic {
    char source[128];
    uint32_t source_number; /* orders the sources among themselves */
    uint32_t line, column;
    char message[512];
    char excerpt[136]; /* the line, or the part of it around the column */
    uint32_t caret;    /* characters before the caret */
};

struct diagnostics {
    uint32_t count, total; /* kept; found */
    struct diagnostic items[DIAGNOSTICS_MAX];
};

/* Where an error is. Line 0: the source as a whole, and nothing of it is shown. */
struct position {
    uint32_t source_number;
    uint32_t line, column;
};

/* Adds one error; control characters in the message become '?'. Kept in the order of positions;
 * those at the same position, in order of adding.
 */
void diagnostics_add(struct diagnostics *d, const struct source *source, struct position position,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Writes all of them, as shown above. */
void diagnostics_put(const struct diagnostics *d, struct text_writer *w);

/* Room that diagnostics_put needs at most. */
enum { DIAGNOSTICS_TEXT = 64 + DIAGNOSTICS_MAX * 1024 };

#endif

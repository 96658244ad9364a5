/* assert.c: see assert.h. */
#include "sim/assert.h"

#include <stdio.h>
#include <stdlib.h>

static _Thread_local void (*context_describe)(const void *, char *, size_t);
static _Thread_local const void *context_self;

void assert_context(void (*describe)(const void *self, char *buffer, size_t size), const void *self)
{
    context_describe = describe;
    context_self = self;
}

void assert_failed(const char *condition, const char *file, int line)
{
    char where[256] = "no simulation under way";
    if (context_describe != NULL) {
        context_describe(context_self, where, sizeof where);
    }
    (void)fprintf(stderr, "lockstep: bug: %s:%d: \"%s\" does not hold (%s)\n", file, line,
                  condition, where);
    abort();
}

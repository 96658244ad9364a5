/* status.c: see status.h. */
#include "sim/status.h"

#include "sim/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *status_text(enum status status)
{
    static const char *const texts[] = {
#define STATUS_TEXT(name, text) [STATUS_##name] = (text),
        STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
    };
    return texts[status];
}

enum status error_set(struct error *error, enum status status, const char *format, ...)
{
    if (error == NULL) {
        return status;
    }
    va_list arguments;
    error->status = status;
    va_start(arguments, format);
    (void)vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    return status;
}

void error_prefix(struct error *error, const char *format, ...)
{
    if (error == NULL) {
        return;
    }
    struct error prefix;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(prefix.message, sizeof prefix.message, format, arguments);
    va_end(arguments);
    size_t used = strlen(prefix.message);
    struct text_writer rest = text_writer(prefix.message + used, sizeof prefix.message - used);
    text_put(&rest, TEXT(": "));
    text_put(&rest, text_from(error->message));
    (void)text_writer_string(&rest);
    memcpy(error->message, prefix.message, sizeof error->message);
}

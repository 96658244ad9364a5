/* input_file.c: see input_file.h. */
#include "tools/input_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The machine's refusals are not the user's mistakes. */
static enum status status_of(int why)
{
    if (why == ENOMEM) {
        return STATUS_NO_MEMORY;
    }
    return why == EIO || why == EMFILE || why == ENFILE ? STATUS_IO : STATUS_BAD_INPUT;
}

/* Reads until the end or `most` bytes, doubling the memory. */
static enum status read_stream(FILE *stream, size_t most, struct text *content, struct error *error)
{
    size_t size = 0, capacity = 0;
    char *bytes = NULL;
    for (size_t got = 1; got > 0 && size < most; size += got) {
        if (size == capacity) {
            capacity = capacity == 0 ? 1 << 14 : capacity * 2;
            char *more = realloc(bytes, capacity);
            if (more == NULL) {
                free(bytes);
                return error_set(error, STATUS_NO_MEMORY, "out of memory");
            }
            bytes = more;
        }
        size_t room = capacity < most ? capacity - size : most - size;
        got = fread(bytes + size, 1, room, stream);
    }
    if (ferror(stream)) {
        int why = errno;
        free(bytes);
        return error_set(error, status_of(why), "%s", strerror(why));
    }
    *content = (struct text){bytes, size};
    return STATUS_OK;
}

enum status input_file_read(const char *path, size_t most, struct text *content,
                            struct error *error)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *stream = standard ? stdin : fopen(path, "rb");
    if (stream == NULL) {
        int why = errno;
        return error_set(error, status_of(why), "cannot read %.200s: %s", path, strerror(why));
    }
    enum status status = read_stream(stream, most + 1, content, error);
    if (status != STATUS_OK) {
        error_prefix(error, "cannot read %.200s", path);
    }
    if (!standard) {
        (void)fclose(stream);
    }
    return status;
}

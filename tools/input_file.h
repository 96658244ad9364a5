/* input_file.h: reads a whole file, or standard input as "-". */
#ifndef LOCKSTEP_TOOLS_INPUT_FILE_H
#define LOCKSTEP_TOOLS_INPUT_FILE_H

#include "sim/status.h"
#include "sim/text.h"

/* Sets *content to all bytes, the caller's to free with free((void *)content->at). Stops at `most`
 * + 1 bytes: a longer file is cut there, for the reader of the content to refuse.
 * STATUS_BAD_INPUT with a message where there is no such file, or a directory; STATUS_IO where
 * reading fails; STATUS_NO_MEMORY. */
enum status input_file_read(const char *path, size_t most, struct text *content,
                            struct error *error);

#endif

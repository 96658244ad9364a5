/* output_file.h: files that are there whole or not at all: written to a temporary name beside the
 * final one, made durable, then renamed.
 */
#ifndef LOCKSTEP_TOOLS_OUTPUT_FILE_H
#define LOCKSTEP_TOOLS_OUTPUT_FILE_H

#include "sim/status.h"

#include <stdbool.h>
#include <stdio.h>

enum { OUTPUT_PATH_MAX = 4096 };

struct output_file {
    FILE *stream;
    char path[OUTPUT_PATH_MAX], temporary[OUTPUT_PATH_MAX];
};

/* Names the temporary file for `path` and nothing more. STATUS_BAD_INPUT if the name is too long.
 */
enum status output_file_name(struct output_file *file, const char *path, struct error *error);

/* The same, and opens it for writing; "-" is standard output. STATUS_IO with a message. */
enum status output_file_open(struct output_file *file, const char *path, struct error *error);

/* Closes the stream, if there is one, and renames. STATUS_IO with a message where anything that was
 * written did not arrive; the temporary file is then gone. */
enum status output_file_commit(struct output_file *file, struct error *error);

/* Forgets what was written. */
void output_file_abandon(struct output_file *file);

#endif

/* choice_file.h: the choices of a run in a text file, to be replayed.
 *
 *     lockstep choices 1
 *     17 of 4294967296: latency of table write
 *     ...
 *     trace 0123456789abcdef0123456789abcdef
 *
 * Labels go by name, so that a file outlives their renumbering. The last line is the trace hash of
 * the recorded run: a replay that gives another is a broken promise.
 */
#ifndef LOCKSTEP_TOOLS_CHOICE_FILE_H
#define LOCKSTEP_TOOLS_CHOICE_FILE_H

#include "sim/choice.h"
#include "sim/hash.h"

/* Writes the recorded choices. STATUS_IO with a message. */
enum status choice_file_write(const char *path, const struct choices *choices,
                              struct hash128 trace_hash, struct error *error);

/* A recording that was read; free(list) is the caller's. */
struct recording {
    struct choice *list;
    uint64_t count;
    char trace_hash[HASH128_HEX];
};

/* Reads a file. Labels are looked up among the given names. STATUS_BAD_INPUT with file and line
 * where it is not such a file, or not whole. */
enum status choice_file_read(const char *path, const char *const *labels, uint32_t labels_count,
                             struct recording *recording, struct error *error);

#endif

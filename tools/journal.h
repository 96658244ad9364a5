/* journal.h: the finished pieces of long work, kept in a file, so that it can be taken up again.
 *
 * Method. The first line names the work by a hash of all that it depends on; then come the pieces,
 * each with its key, size, hash and bytes, written whole and forced to the disk before the next. A
 * process may be killed at any moment: what a torn last piece leaves is cut off when the file is
 * opened again. A journal of other work is refused, and so is a file that is none.
 */
#ifndef LOCKSTEP_TOOLS_JOURNAL_H
#define LOCKSTEP_TOOLS_JOURNAL_H

#include "sim/hash.h"
#include "sim/status.h"
#include "sim/text.h"

struct journal_file;

/* Opens or creates it. NULL with a message: STATUS_BAD_INPUT where it is of other work, or no
 * journal; STATUS_IO, STATUS_NO_MEMORY. */
struct journal_file *journal_file_open(const char *path, struct hash128 work, struct error *error);
void journal_file_close(struct journal_file *j); /* NULL is ignored */

/* The bytes of a piece that was kept, valid until the journal is closed; `at` NULL: there is none.
 */
struct text journal_file_find(const struct journal_file *j, const char *key);

/* Keeps a piece. The key has no blanks. STATUS_IO, STATUS_NO_MEMORY with a message. */
enum status journal_file_add(struct journal_file *j, const char *key, struct text bytes,
                             struct error *error);

/* How many pieces there are. */
size_t journal_file_count(const struct journal_file *j);

#endif

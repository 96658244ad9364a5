/* table_lmdb.h: a table's items on disk, in LMDB. Wraps liblmdb.
 *
 * Method. One environment for each table, one database in it: from keys, encoded so that their
 * bytes order as the table does, to items with a checksum in front. A record of our own says which
 * table it is, in which version, how many items it has and what they hash to. Writing takes one
 * long transaction, committed at the end of a checkpoint; between checkpoints one read transaction
 * stays open. Nothing is ever mapped for writing: on a full disk that would be a signal instead of
 * an error. Beside LMDB's file lies a small one that names the format, keeps other processes out
 * and, while the table is closed, holds the hash of LMDB's file: one changed byte there can crash
 * LMDB, so it is found before LMDB opens the file. Nothing is forced to the disk: the data are a
 * simulation's, safe from a crash of this program but not of the machine.
 */
#ifndef LOCKSTEP_MODEL_DYNAMODB_TABLE_LMDB_H
#define LOCKSTEP_MODEL_DYNAMODB_TABLE_LMDB_H

#include "sim/hash.h"
#include "sim/status.h"
#include "sim/text.h"

#include <stdint.h>

struct table_store;

/* What a store says of its contents. */
struct store_summary {
    uint64_t count;
    struct hash128 hash;
};

/* Opens the store in `directory`, which is made where it is missing (its parent exists); NULL: in a
 * new directory under `scratch`, removed by store_close. `identity` says which table this is, up to
 * 4 KiB; another one in the directory is refused with STATUS_BAD_INPUT, what is not ours or is
 * damaged with STATUS_CORRUPT. NULL with a message on failure. */
struct table_store *store_open(const char *directory, const char *scratch, struct text identity,
                               struct store_summary *summary, struct error *error);

/* Reads the item under a key: *item is a view into the store, good until the next call on it.
 * STATUS_CORRUPT where there is none or its checksum does not fit. */
enum status store_get(struct table_store *store, struct text hash_value, struct text range_value,
                      struct text *item, struct error *error);

/* Visits all items in order; `visit` returns a status, and what is not STATUS_OK ends it. */
enum status store_each(struct table_store *store,
                       enum status (*visit)(void *self, struct text item, struct error *error),
                       void *self, struct error *error);

/* Writing: begin, then puts and deletes, then commit. After an error, store_abort. STATUS_FULL
 * means that the map was too small: it has been enlarged, and the caller starts again. */
enum status store_begin(struct table_store *store, struct error *error);
enum status store_put(struct table_store *store, struct text hash_value, struct text range_value,
                      struct text item, struct error *error);
enum status store_delete(struct table_store *store, struct text hash_value, struct text range_value,
                         struct error *error);
enum status store_commit(struct table_store *store, const struct store_summary *summary,
                         struct error *error);
void store_abort(struct table_store *store);

/* Closes it; NULL is ignored. */
enum status store_close(struct table_store *store, struct error *error);

#endif

/* table_lmdb.h: a table's items on disk, in LMDB. Wraps liblmdb.
 *
 * Method. One environment for each table, one database in it: from keys, encoded so that their
 * bytes order as the table does, to items with a checksum in front. A record of our own says which
 * table it is, in which version, how many items it has and what they hash to. Writing takes one
 * long transaction, committed at the end of a checkpoint; between checkpoints one read transaction
 * stays open. Nothing is ever mapped for writing: on a full disk that would be a signal instead of
 * an error. Beside LMDB's file lies a small one that names the format, keeps other processes out
 * and, while nobody writes, holds the hash of LMDB's file: one changed byte there can crash LMDB,
 * so it is found before LMDB opens the file.
 *
 * What survives. A crash of the program at any instant, SIGKILL included: the last commit, whole,
 * or the one in flight, whole. Then the small file has no hash to offer, and only the items'
 * checksums find damage that happened since. A failed write, as on a full disk, leaves the last
 * commit as it was, and the next attempt begins anew. A crash of the machine: the same for a
 * durable store, which forces each commit to the disk; otherwise nothing is promised.
 */
#ifndef LOCKSTEP_MODEL_DYNAMODB_TABLE_LMDB_H
#define LOCKSTEP_MODEL_DYNAMODB_TABLE_LMDB_H

#include "sim/hash.h"
#include "sim/status.h"
#include "sim/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_store;

struct store_options {
    const char *directory; /* made where it is missing (its parent exists); NULL: a new one under
                              `scratch`, removed by store_close */
    const char *scratch;
    bool existing;    /* a directory without a table is refused, and nothing is made */
    bool durable;     /* commits and seals reach the disk before they return */
    size_t map_bytes; /* of the first map; 0: as large as is sensible. It grows by itself */
};

/* What a store says of its contents. `description` is opaque here, and is empty in a new store. */
struct store_summary {
    uint64_t count;
    struct hash128 hash;
    struct text description; /* as read: a view, good until the next call on the store */
};

/* Opens a store. What is not ours or is damaged is refused with STATUS_CORRUPT, a missing table,
 * where it must exist, with STATUS_BAD_INPUT, the machine's refusals with STATUS_IO and
 * STATUS_NO_MEMORY. NULL with a message on failure. */
struct table_store *store_open(const struct store_options *options, struct store_summary *summary,
                               struct error *error);

/* Reads the item under a key: *item is a view into the store, good until the next call on it.
 * STATUS_CORRUPT where there is none or its checksum does not fit. */
enum status store_get(struct table_store *store, struct text hash_value, struct text range_value,
                      struct text *item, struct error *error);

/* Visits all items in order; `visit` returns a status, and what is not STATUS_OK ends it. */
enum status store_each(struct table_store *store,
                       enum status (*visit)(void *self, struct text item, struct error *error),
                       void *self, struct error *error);

/* Writing: begin, then puts and deletes, then commit. After an error, store_abort; the contents are
 * then those of the last commit, but an error of store_commit itself leaves open which of the two
 * states it is. STATUS_FULL means that the map was too small: it has been enlarged, and the caller
 * starts again. */
enum status store_begin(struct table_store *store, struct error *error);
enum status store_put(struct table_store *store, struct text hash_value, struct text range_value,
                      struct text item, struct error *error);
enum status store_delete(struct table_store *store, struct text hash_value, struct text range_value,
                         struct error *error);
enum status store_commit(struct table_store *store, const struct store_summary *summary,
                         struct error *error);
void store_abort(struct table_store *store);

/* Lets the small file vouch for what has been committed. Failing, it loses nothing. */
enum status store_seal(struct table_store *store, struct error *error);

/* Seals and closes it; NULL is ignored. */
enum status store_close(struct table_store *store, struct error *error);

#endif

/* run_snapshot.h: a run as it stands, to go back to.
 *
 * A snapshot holds the world, a mark in the table's journal, and where trace and choices stand.
 * Going back undoes everything since; snapshots taken later are void then. While one is held, the
 * table keeps its journal.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_RUN_SNAPSHOT_H
#define LOCKSTEP_MODEL_PIPELINE_RUN_SNAPSHOT_H

#include "model/pipeline/run.h"

struct run_snapshot;

/* Takes one; the caller gives it back by run_snapshot_release. NULL with a message where memory is
 * short. */
struct run_snapshot *run_snapshot_take(struct run *run, struct error *error);

/* The same into the room of one that nobody will go back to (NULL: into new room), which it
 * becomes. On failure that one is as it was. */
struct run_snapshot *run_snapshot_take_again(struct run *run, struct run_snapshot *old,
                                             struct error *error);

/* Goes back to it; it can be gone back to again. A run that was finished is open again. */
void run_snapshot_restore(struct run *run, const struct run_snapshot *snapshot);

/* The memory that it takes. */
size_t run_snapshot_bytes(const struct run_snapshot *snapshot);

/* Gives it back. NULL is ignored. */
void run_snapshot_release(struct run_snapshot *snapshot);

/* Nobody will go back any more: the table may forget its journal. */
void run_snapshots_end(struct run *run);

#endif

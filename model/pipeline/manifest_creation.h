/* manifest_creation.h: create(date): under the date's lock, turn its pending files into manifests.
 *
 * Method. Acquire the lock or give up; read the date's pending items page by page; cut them into
 * batches in order of key; for each batch put the manifest, mark every file, put the manifest's
 * record, start an execution; release the lock. A refused lock, and any error while acquiring it,
 * read as "held": nothing is created. Errors behind the manifest's put are ignored: the batch
 * counts as created. Later versions start the execution first, and if that or the record's put
 * fails they set the files back to pending; the manifest stays. Nothing checks that the lock is
 * still held. A pending item without file_path ends the call with nothing created, unless the
 * switch says to skip it.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_MANIFEST_CREATION_H
#define LOCKSTEP_MODEL_PIPELINE_MANIFEST_CREATION_H

#include "model/pipeline/lock.h"

/* Where it may wait. */
#define CREATION_POINTS(X)                                                                         \
    X(ACQUIRE)                                                                                     \
    X(QUERY_PENDING)                                                                               \
    X(PUT_MANIFEST)                                                                                \
    X(CLOCK)                                                                                       \
    X(MARK_FILE)                                                                                   \
    X(PUT_RECORD)                                                                                  \
    X(START_EXECUTION)                                                                             \
    X(REPEND_FILE) X(KEEP_FOR_BATCH) X(KEEP_FOR_FILE) X(KEEP_FOR_START) X(RELEASE)

/* A child process of the builder's. */
struct creation {
    uint32_t at;
    uint32_t date;                         /* name */
    uint32_t created;                      /* manifests, so far */
    uint32_t batches, batch;               /* how many there are; the current one, from 1 */
    uint32_t manifest;                     /* name of the current one */
    uint32_t files, file;                  /* of the current batch */
    uint32_t left;                         /* files behind it */
    uint32_t step;                         /* of publishing it */
    uint32_t execution;                    /* that was started for it, by its row */
    uint16_t unpublished;                  /* a step of publishing it has failed */
    uint16_t unreadable;                   /* the pending items could not be read */
    struct chain_cursor batch_start, next; /* in the reader's list */
    struct lock lock;
};

/* Makes it ready for a date. */
void creation_begin(struct creation *m, uint32_t date);

struct manifest_builder;

/* Steps it; the points it reports begin at CREATION_POINT_BASE. */
enum process_status creation_step(struct cloud *c, struct manifest_builder *b);

#endif

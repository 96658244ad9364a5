/* batcher.h: the scheduled function of V7, which makes manifests, starts them and repairs what has
 * been left behind.
 *
 * Method. Each tick does everything anew, so that whatever a death, a loss or a refusal leaves
 * behind is found by the next one. What it relies on are conditional writes; clocks and the index
 * only say where to look.
 *
 *   repair     A record that is still `assembling` after the claim lease is aborted; a `ready` one
 *              is started again under the same name; one that is `processing` for long has its
 *              execution looked at. Where the execution has ended without telling, or has failed
 *              and may be tried again, the record gets the next attempt, which is part of the
 *              execution's name, and is `ready`.
 *   reconcile  Now and then: objects of the input bucket that have no record are tracked, as the
 *              builder would have done.
 *   batch      The pending files of the index, by date, are cut into slices. For each: put the
 *              record, `assembling`, under a key that is this invocation's alone; claim each file,
 *              if it is pending; put the manifest, which lists what was claimed, if there is none;
 *              set the record `ready`, if it is still assembling; start the execution. Without an
 *              answer to one of these the record is aborted.
 *   sweep      Files that are claimed for an aborted record are set back to pending: after an abort
 *              and whenever it reconciles, since a claim may arrive late.
 *
 * Statuses of a record: assembling -> ready or aborted; ready -> processing -> completed or failed;
 * processing or failed -> ready, with the next attempt. Every step is conditional on the status
 * and the attempt that it leaves, so that two who try are told apart, and whoever comes late does
 * nothing. A file is pending, manifested (claimed), completed or failed. Only an aborted record's
 * files go back, and an aborted record is never started: so no file is in two started manifests.
 * The decision: docs/decisions/0007-scheduled-batches.md. Sources: SFN-START-2, S3-CONDITION-1.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_BATCHER_H
#define LOCKSTEP_MODEL_PIPELINE_BATCHER_H

#include "model/pipeline/records.h"

/* A manifest's record as far as the batcher reads it. Seconds are since the epoch. */
struct batch_record {
    uint32_t date, manifest; /* names */
    uint32_t attempt, file_count;
    uint32_t since_s, created_s;
};

struct batcher {
    struct reader reader; /* found: what the step reads, so many values for each */
    struct chain missing; /* objects without a record; in the batch: files claimed for it */
    struct chain_cursor next, next_missing;
    struct batch_record record; /* the current one */
    uint32_t kind;              /* enum batch_status that is read */
    uint32_t item, missed;      /* the current ones of found and missing, from 0 */
    uint32_t key;               /* the current file */
    uint32_t object;            /* the last one that was listed */
    uint32_t slice, files;      /* files of the slice handled so far, and in all */
    uint32_t manifests;         /* made so far: part of their keys */
    uint32_t aborted;           /* a record was aborted: sweep */
    uint32_t outstanding;       /* there was something to be done, or the tick is not complete */
    uint32_t trouble;           /* of the slice: no answer */
    uint32_t dead;              /* the manifest of the file that was looked at last is aborted */
    uint32_t unused[2];
};

/* Statuses of records, in the words of the table. */
#define BATCH_STATUS_MAP(X)                                                                        \
    X(ASSEMBLING, "assembling")                                                                    \
    X(READY, "ready")                                                                              \
    X(PROCESSING, "processing")                                                                    \
    X(FAILED, "failed") X(COMPLETED, "completed") X(ABORTED, "aborted")

enum batch_status {

#define X(name, word) BATCH_##name,
    BATCH_STATUS_MAP(X)
#undef X
};

/* A page of the index, or of a list: where the lists stood before it. */
struct batcher_page {
    uint32_t kind, base;
    uint32_t object;       /* LIST_INPUT: behind this one */
    uint32_t count, chunk; /* CHECK_TRACKED: so many keys from there */
    uint32_t position;
    int64_t clock_ns;
};

struct list_reply {
    uint32_t object; /* the last one listed */
    uint32_t more;
    uint32_t young; /* objects that were left to their notifications */
    uint32_t unused;
};

/* A transition of a record, or its start. */
struct batch_request {
    struct batch_record record;
    uint32_t was; /* RAISE_ATTEMPT: the status that it leaves */
    uint32_t unused;
    int64_t clock_ns;
};

/* The date that a file of the batcher is tracked under, a name: the first date of the calendar in
 * its name, then in its folders, that is not more than a day ahead of the event; else the event's.
 */
uint32_t batcher_date(struct cloud *c, uint32_t key);

extern const char *const batcher_points[];
extern const uint32_t batcher_points_count;
enum process_status batcher_step(struct cloud *c, struct task *task);
void batcher_release(struct cloud *c, struct task *task);

#endif

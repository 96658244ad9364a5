/* claim_creation.h: create(date) without a lock: each pending file is claimed by a conditional
 * write.
 *
 * Method. Read the date's pending items, in small pages until there are enough; cut them into
 * batches as under a lock. For each batch, claim every file: set it to manifested, with a
 * placeholder for the path, on the condition that its status is the one that was read. Files that
 * others were quicker to claim are left out, and so are those whose claim ends in an error. With
 * fewer claimed than a batch needs, all of them are released: set back to pending, without a
 * condition; no second attempt is made. With enough, put the manifest of the claimed files, set
 * their paths, publish. Where the put or the publishing fails, the files are released, and after a
 * failed publishing the manifest is deleted, which the role may not do unless the scenario says so.
 *
 * Publishing is a call, StartExecution, or an event on the bus; then the manifest's record is put.
 * An event is out once PutEvents has taken it: when the put of the record then fails, the files are
 * released all the same. Events go through a circuit breaker in the environment's memory.
 *
 * The creator on the table's stream (stream_creator.h) shares the steps; it claims files after it
 * has put the manifest that lists them. Sources: PIPE-CLAIM-*, PIPE-BUS-1.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_CLAIM_CREATION_H
#define LOCKSTEP_MODEL_PIPELINE_CLAIM_CREATION_H

#include "model/pipeline/records.h"

/* Where it may wait. */
#define CLAIM_POINTS(X)                                                                            \
    X(QUERY_PENDING)                                                                               \
    X(CLAIM_FILE)                                                                                  \
    X(PUT_MANIFEST)                                                                                \
    X(CLOCK)                                                                                       \
    X(SET_PATH) X(PUT_EVENTS) X(START_EXECUTION) X(PUT_RECORD) X(RELEASE_FILE) X(DELETE_MANIFEST)

/* What a creator that claims holds: a child process of the builder's, or part of the one on the
 * stream. The reader's list has two names for each file: key, status. */
struct claims {
    uint32_t at;
    uint32_t date;              /* name */
    uint32_t created;           /* manifests, so far */
    uint32_t batches, batch;    /* how many there are; the current one, from 1 */
    uint32_t least;             /* claims that make a manifest of it */
    uint32_t manifest;          /* its name */
    uint32_t files, file;       /* in it, or of them those claimed; and the current one */
    uint32_t manifest_put;      /* there is something to publish, or to delete */
    uint32_t sent;              /* an event was */
    uint32_t published;         /* the manifest counts as published */
    uint32_t execution;         /* that was started by a call, by its row */
    struct chain_cursor next;   /* in the reader's list */
    struct chain claimed;       /* keys of the batch's files that were claimed */
    struct chain_cursor placed; /* in it */
    int64_t began_ns;           /* the batch, by the environment's clock */
};

/* A manifest is put: of every stride-th name from the cursor on. */
struct claims_request {
    uint32_t manifest, date;
    struct chain_cursor from;
    uint32_t files, stride;
};

struct manifest_builder;

/* Makes it ready for a date, and frees what a killed one holds. */
void claims_begin(struct cloud *c, struct claims *m, uint32_t date);
void claims_release(struct cloud *c, struct claims *m);

/* Steps the builder's; the points it reports begin at CLAIM_POINT_BASE. */
enum process_status claim_creation_step(struct cloud *c, struct manifest_builder *b);

/* The steps that the creators share. `point` is the caller's. */

void claims_send_query(struct cloud *c, struct reader *reader, uint16_t point, uint32_t date,
                       uint32_t limit);

/* Whether the page that came is good and another is needed to have `enough` files. */
bool claims_more_pages(const struct reader *reader, uint32_t enough, bool *readable);

static inline uint32_t claims_found(const struct reader *reader)
{
    return reader->found.count / 2;
}

/* Starts the current batch of so many files. */
void claims_begin_batch(struct cloud *c, struct reader *reader, struct claims *m, uint32_t files);

/* Gives it its manifest's name, which begins with `word` and has the present second. */
void claims_name_manifest(struct cloud *c, const struct reader *reader, struct claims *m,
                          const char *word);

/* Moves over the batch's files, whose manifest could not be put: they stay pending. */
void claims_skip_batch(struct cloud *c, struct claims *m);

/* Claims the next file, with the manifest's path or a placeholder; notes that it was. */
void claims_send_claim(struct cloud *c, struct reader *reader, struct claims *m, uint16_t point,
                       uint32_t manifest);
void claims_note(struct cloud *c, const struct reader *reader, struct claims *m);

/* SET_PATH or RELEASE_FILE of the next claimed file. */
void claims_send_file(struct cloud *c, struct reader *reader, struct claims *m, uint16_t point,
                      uint16_t operation);

/* PUT_CLAIMS of the names from a cursor on. */
void claims_send_manifest(struct cloud *c, struct reader *reader, const struct claims *m,
                          uint16_t point, struct chain_cursor from, uint32_t files,
                          uint32_t stride);

/* START_EXECUTION, PUT_EVENTS, PUT_RECORD or DELETE_MANIFEST. */
void claims_send_record(struct cloud *c, struct reader *reader, const struct claims *m,
                        uint16_t point, uint16_t operation, enum record_trigger trigger);

/* The circuit breaker: whether it lets an event pass, and how the publishing with it ended. */
bool breaker_is_closed(struct cloud *c, const struct invocation *invocation);
void breaker_note(struct cloud *c, const struct invocation *invocation, bool succeeded);

#endif

/* manifest_builder.h: the Lambda handler that tracks files and builds manifests.
 *
 * Method. The records of the batch are handled one after the other. Each file is checked (suffix,
 * size), tracked as pending, and then the date's manifests are created, again while that succeeds,
 * and up to three times in a row while it fails though enough files are pending. After every valid
 * file, each earlier date that has pending files gets one attempt. Errors of single files are
 * counted and swallowed: the handler returns normally, so the event source deletes the whole batch.
 * The first version does not even count them. Which of these steps a version has is a switch
 * (struct builder_switches). Where a schedule creates manifests it only tracks, once for each file,
 * and names the files that it could not track in its response, so that their messages come again.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_MANIFEST_BUILDER_H
#define LOCKSTEP_MODEL_PIPELINE_MANIFEST_BUILDER_H

#include "model/pipeline/claim_creation.h"
#include "model/pipeline/manifest_creation.h"

struct manifest_builder {
    struct reader reader; /* found: the pending files of the creation; dates: of the flush */
    struct creation creation;
    struct claims claims;       /* where files are claimed, in place of the creation */
    struct shard_reader shards; /* of the flush, where statuses have shards */
    struct chain records;       /* the batch: S3 keys, as events have them (URL-encoded) */
    struct chain_cursor next_record;
    uint32_t record;              /* handled so far, the current one counted */
    uint32_t key, date;           /* of the current file: names */
    uint32_t iteration, failures; /* of the retry loop */
    uint32_t orphan;              /* the date that is flushed: name */
    int64_t pending;              /* counted so far */
    uint32_t processed, quarantined, errors, manifests;
    uint32_t bare; /* records are S3's own, not wrapped into a message's body: each is an error */
    uint32_t unused;
    int64_t size; /* that the events have; 0: each object's own */
};

/* The answer's statusCode: 207 where errors were counted, else 200. Source: PIPE-ERRORS-1,
 * PIPE-FIRST-3. */
int64_t manifest_builder_status_code(uint32_t errors);

extern const char *const manifest_builder_points[];
extern const uint32_t manifest_builder_points_count;

enum { CREATION_POINT_BASE = 16, CLAIM_POINT_BASE = 32 };

enum process_status manifest_builder_step(struct cloud *c, struct task *task);

/* Whether a file of so many bytes is one for the pipeline; else it goes to the quarantine. */
bool manifest_builder_accepts(struct cloud *c, uint32_t key, int64_t size);

void manifest_builder_release(struct cloud *c, struct task *task);

#endif

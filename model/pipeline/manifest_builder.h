/* manifest_builder.h: the Lambda handler that tracks files and builds manifests.
 *
 * Method. The records of the batch are handled one after the other. Each file is checked (suffix,
 * size), tracked as pending, and then the date's manifests are created, again while that succeeds,
 * and up to three times in a row while it fails though enough files are pending. After every valid
 * file, each earlier date that has pending files gets one attempt. Errors of single files are
 * counted and swallowed: the handler returns normally, so the event source deletes the whole batch.
 * Which of these steps a version has is a switch (struct builder_switches). Where a schedule
 * creates manifests it only tracks, once for each file, and names the files that it could not track
 * in its response, so that their messages come again.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_MANIFEST_BUILDER_H
#define LOCKSTEP_MODEL_PIPELINE_MANIFEST_BUILDER_H

#include "model/pipeline/manifest_creation.h"

struct manifest_builder {
    struct reader reader; /* found: the pending files of the creation; dates: of the flush */
    struct creation creation;
    struct chain records; /* S3 keys of the batch */
    struct chain_cursor next_record, next_date;
    uint32_t record;              /* handled so far, the current one counted */
    uint32_t key, date;           /* of the current file: names */
    uint32_t iteration, failures; /* of the retry loop */
    uint32_t orphan;              /* dates flushed so far, the current one counted */
    int64_t pending;              /* counted so far */
    uint32_t processed, quarantined, errors, manifests;
};

extern const char *const manifest_builder_points[];
extern const uint32_t manifest_builder_points_count;

enum { CREATION_POINT_BASE = 16 };

enum process_status manifest_builder_step(struct cloud *c, struct task *task);
/* Whether a file is one for the pipeline; else it goes to the quarantine. */
bool manifest_builder_accepts(struct cloud *c, uint32_t key);

void manifest_builder_release(struct cloud *c, struct task *task);

#endif

/* status_updater.h: the second Lambda function: sets the files of a finished batch to completed or
 * failed.
 *
 * Method. It reads the date's partition for items that name the manifest, page by page, and updates
 * them one by one, unconditionally. Errors of single files are ignored; finding none is no error.
 * The state machine M3 invokes it. For M7 it reads the manifest instead, and the partition only
 * where that is gone; it updates a file only if that names the manifest, and ends in an error where
 * an update had no answer, so that it is invoked again.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_STATUS_UPDATER_H
#define LOCKSTEP_MODEL_PIPELINE_STATUS_UPDATER_H

#include "model/pipeline/records.h"

struct status_updater {
    struct reader reader;
    struct chain_cursor next;
    uint32_t date, manifest; /* names: its event */
    uint32_t outcome;        /* 1 completed, 0 failed */
    uint32_t file;           /* updated so far */
};

/* What an execution hands to it. */
void status_updater_event(const struct execution *e, uint32_t payload[4]);

extern const char *const status_updater_points[];
extern const uint32_t status_updater_points_count;

enum process_status status_updater_step(struct cloud *c, struct task *task);
void status_updater_release(struct cloud *c, struct task *task);

#endif

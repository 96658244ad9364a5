/* stream_creator.h: the Lambda function on the table's stream that creates manifests.
 *
 * Method. It is invoked with batches of new items. For each date of a new pending file it reads the
 * date's pending items, in large pages, up to twice as many files as a manifest takes. For each
 * full batch of them it puts the manifest first, with the whole batch, and then claims the files;
 * with at least one of them claimed it publishes the manifest, which still lists all. With none it
 * deletes it. Publishing is an event on the bus; without a bus it does nothing and counts as done,
 * so the files stay manifested and no execution is started. It never ends in an error, so the
 * mapping never tries a batch again. Sources: PIPE-STREAM-*.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_STREAM_CREATOR_H
#define LOCKSTEP_MODEL_PIPELINE_STREAM_CREATOR_H

#include "model/aws/stream_source.h"
#include "model/pipeline/claim_creation.h"

struct stream_creator {
    struct reader reader; /* dates: of the batch's new files */
    struct claims claims;
    struct chain_cursor next_date, batch_start;
    uint32_t date; /* handled so far, the current one counted */
    uint32_t records, manifests;
    uint32_t unused;
};

extern const char *const stream_creator_points[];
extern const uint32_t stream_creator_points_count;

enum process_status stream_creator_step(struct cloud *c, struct task *task);
void stream_creator_release(struct cloud *c, struct task *task);

/* The mapping's filter: new items alone. */
bool stream_creator_wants(const struct stream_record *record);

#endif

/* batches.h: how the pending files of a date are cut into batches, one for each manifest.
 *
 * Method. Files are taken in the order in which they were read. By files: consecutive batches of
 * the most files; only of an earlier date is a shorter one made, the last. By bytes, of whatever
 * date: nothing below max_batch_size in all; then each batch takes files while they fit, one at
 * least, and the last is made if it is half full or the only one. Sources: PIPE-CREATE-2,
 * PIPE-FIRST-2.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_BATCHES_H
#define LOCKSTEP_MODEL_PIPELINE_BATCHES_H

#include "model/aws/cloud.h"

/* How many batches `files` (names of keys) make; what is left over stays as it is.
 *
 * earlier  the files' date lies before today */
uint32_t batches_count(struct cloud *c, const struct chain *files, bool earlier);

/* How many files the batch has that begins at `from`, when `left` files are left, at least 1. */
uint32_t batch_files(struct cloud *c, struct chain_cursor from, uint32_t left);

#endif

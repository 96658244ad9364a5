/* invariants.h: what must hold of the pipeline, and the check of it when a run has ended.
 *
 * S1, S2, S5, S7 and L3 are judged as things happen (history.c). The others speak of the end: S3 no
 * accepted file is lost; S4 what is manifested is listed in a manifest whose execution was started;
 * S6 a manifest's record mirrors its execution; L1 no earlier threshold of pending files is left
 * for today; L2 nothing is left pending of an earlier date; L4 every started batch has reached an
 * end that was reported. The liveness ones, L1, L2 and L4, are judged only when nothing was left to
 * happen.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_INVARIANTS_H
#define LOCKSTEP_MODEL_PIPELINE_INVARIANTS_H

#include "model/pipeline/pipeline.h"

/* A sentence that says what the violation of an invariant means. */
struct text violation_text(enum invariant invariant);

/* Judges the end. `quiescent`: nothing was left to happen. */
void invariants_finish(struct pipeline *p, bool quiescent);

/* Where a file has got to when the run ends; the words of results.h. */
enum file_fate {
    FATE_PENDING,
    FATE_MANIFESTED,
    FATE_COMPLETED,
    FATE_FAILED,
    FATE_QUARANTINED,
    FATE_ON_ITS_WAY, /* its message is still in the queue, or it is being handled */
    FATE_LOST
};

/* Its fate, by its record and its message. */
enum file_fate file_fate(struct pipeline *p, const struct file_history *file);

/* The status that a file's or a manifest's record has; size 0 where there is no record. Valid until
 * the next call on the table. */
struct text record_status(struct pipeline *p, uint32_t date, struct text file_key);

#endif

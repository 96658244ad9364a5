/* invariants.h: what must hold of the pipeline, and who judges it when.
 *
 * Method. Some are judged as things happen, in history.c: S1 (a second started manifest lists a
 * file), S2 (a manifest's key is written again), S5 (a file's rows are put out again), S7 (a lock
 * is acquired while another still works under it), L3 (a refusal later than the lock's life and one
 * second after it was acquired, or last renewed), L2's deadline (a file of an earlier date is
 * manifested later than flush_within), S6 where a record is put back under a running execution, and
 * O (a figure that an operator's tool tells is not what is true just then).
 *
 * L1 speaks of the moments in which nothing is under way: the last one of the run, and those just
 * before something comes from outside: enough files of today are then pending, and only a further
 * arrival would help.
 *
 * The rest speaks of the end:
 *   S3  an accepted file (one not quarantined) has been read by a job, or its own record says
 *       pending or failed, or its message is still on its way. The dead-letter queue is nobody's
 *       way. A record that says manifested, of a batch that failed, is not visibly failed
 *   S4  what is manifested is listed by the manifest that its record names, as that object was last
 *       put, and an execution was started of it
 *   S6  a manifest's record says processing while its execution runs, completed if a job has
 *       succeeded, else failed; a date's shared record does so for the manifest it names. One
 *       that has told so until TTL deleted it is not missed
 *   L2  files of an earlier date are not left pending when nothing is under way
 *   L4  each started batch ends: processed, or in an execution that FAILED. One that ends SUCCEEDED
 *       without a processed batch hides it: the alert is not a state that anything acts on
 * A run that is cut short by `until` is not judged for what may still be under way: files that came
 * or were manifested in the last fifteen minutes, the most that a function runs.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_INVARIANTS_H
#define LOCKSTEP_MODEL_PIPELINE_INVARIANTS_H

#include "model/pipeline/pipeline.h"

/* A sentence that says what the violation of an invariant means. */
struct text violation_text(enum invariant invariant);

/* Nothing is under way, and something is about to come from outside. */
void invariants_at_rest(struct pipeline *p);

/* Judges the end. */
void invariants_finish(struct pipeline *p);

/* Marks what is still under way: keys whose message is in the queue or in flight, and manifests
 * with a running execution; and those whose message is dead. file_fate goes by the marks, which
 * invariants_finish sets for good; until then they are to be taken away again. */
void invariants_mark_waiting(struct pipeline *p);
void invariants_unmark_waiting(struct pipeline *p);

/* Where a file has got to when the run ends; the words of results.h. */
enum file_fate {
    FATE_PENDING,
    FATE_MANIFESTED,
    FATE_COMPLETED,
    FATE_FAILED,
    FATE_QUARANTINED,
    FATE_ON_ITS_WAY, /* its message is still in the queue, or it is being handled */
    FATE_DEAD,       /* its message is in the dead-letter queue, and it has no record */
    FATE_LOST
};

/* Its fate, by its record and its message. */
enum file_fate file_fate(struct pipeline *p, const struct file_history *file);

/* The status that a file's or a manifest's record has; size 0 where there is no record. Valid until
 * the next call on the table. */
struct text record_status(struct pipeline *p, uint32_t date, struct text file_key);

#endif

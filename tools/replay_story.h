/* replay_story.h: the story of a run, in the order of time: the faults where they struck, the calls
 * of the process around them, how the first violation came about, what was violated.
 *
 * Method. While the run goes, the instant of every event is noted, and the event at which each
 * fault struck and each violation came about. Afterwards the run's rows are told as sentences (the
 * explanation's, model/pipeline/explain.h, and the calls around faults), each with the number of
 * its event, which `lockstep replay --step` goes to: exact for faults and violations; for what rows
 * know by its instant alone, the last event of that instant.
 */
#ifndef LOCKSTEP_TOOLS_REPLAY_STORY_H
#define LOCKSTEP_TOOLS_REPLAY_STORY_H

#include "tools/report.h"

struct story;

/* NULL with a message where the machine refuses. */
struct story *story_create(struct error *error);
void story_destroy(struct story *story); /* NULL is ignored */

/* To be called behind every event. */
void story_note(struct story *story, const struct run *run);

/* Tells it of a judged report, as text or as one JSON object. */
void story_put(struct story *story, FILE *out, const struct report *report);
void story_put_json(struct story *story, FILE *out, const struct report *report);

#endif

/* event_words.h: what an event says, in words: one that is to come, or a record of the trace.
 *
 * An event is a number and a subject; here it is told whom it is about and what it does:
 * "manifest_builder[1.2] at PUT_MANIFEST: PutObject takes effect". run_describe (run.h) writes the
 * bare record, for machines.
 */
#ifndef LOCKSTEP_MODEL_SEARCH_EVENT_WORDS_H
#define LOCKSTEP_MODEL_SEARCH_EVENT_WORDS_H

#include "model/pipeline/run.h"
#include "sim/event_queue.h"

/* Whether an event is about a task: its subject and detail are then the task's number and serial.
 */
bool event_is_of_task(const struct event *event);

/* What it does, without its subject: "is answered". Lives for ever. */
struct text event_deed(const struct event *event);

/* Writes an event that is pending, or is about to be handled. */
void run_put_event(struct run *run, const struct event *event, struct text_writer *w);

/* Writes a record of the trace, without its instant. To be called while it is being added. */
void run_put_record(struct run *run, const struct trace_record *record, struct text_writer *w);

#endif

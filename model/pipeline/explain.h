/* explain.h: the story of a run's first violation, told from its rows.
 *
 * Method. The subject of the violation is a file, a manifest or a date. What the rows say of it is
 * gathered as facts, each an instant and a sentence: who held the date's lock from when to when,
 * the calls about the subject, the manifests that list it, their executions and job runs, the calls
 * that were cut by a fault, a death or a time-out. They are told in the order of time, and at last
 * where everything was left. Needs the rows of calls (run_options.keep_calls) to be whole; without
 * them the story is shorter. It says what happened, not what would have helped.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_EXPLAIN_H
#define LOCKSTEP_MODEL_PIPELINE_EXPLAIN_H

#include "model/pipeline/results.h"

enum { EXPLANATION_FACTS_MAX = 20, EXPLANATION_TEXT_MAX = 320 };

struct explanation_fact {
    struct instant at;
    char text[EXPLANATION_TEXT_MAX]; /* "manifest_builder[1.2] marks it as manifested" */
};

struct explanation {
    struct violation_row violation; /* the first in time */
    struct explanation_fact facts[EXPLANATION_FACTS_MAX];
    uint32_t facts_count, facts_left_out; /* the latest ones before the violation are kept */
    char ending[EXPLANATION_TEXT_MAX];    /* where the files and the lock were left */
};

/* Fills *e for a finished run. False where nothing was violated. */
bool run_explain(const struct run *run, struct explanation *e);

/* Write one fact as a sentence: a call; a fault that struck. */
void explanation_put_call(const struct call_row *call, struct text_writer *w);
void explanation_put_deviation(const struct deviation_row *deviation, struct text_writer *w);

/* Writes the story as text of a few lines, each instant as h:mm:ss.mmm from the run's start. */
void explanation_put(const struct explanation *e, struct instant start, struct text_writer *w);

#endif

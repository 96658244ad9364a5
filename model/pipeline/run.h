/* run.h: one run of a scenario: set it up, let it go on, read what came of it (results.h).
 *
 * A run is a pure function of its scenario and its choices. It allocates when it is created;
 * running allocates nothing, but for the checkpoints of the table between two events.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_RUN_H
#define LOCKSTEP_MODEL_PIPELINE_RUN_H

#include "model/pipeline/results.h"
#include "model/pipeline/scenario.h"
#include "sim/choice.h"
#include "sim/trace.h"

struct deviation_menu;

struct run_options {
    struct choices *choices;           /* who decides; the caller's, outliving the run */
    struct trace *trace;               /* hash and optional text of every event; the caller's */
    bool keep_calls;                   /* one row for every API call */
    const struct deviation_menu *menu; /* what a search may do (deviations.h); NULL: no search; the
                                          caller's, outliving the run */
    const char *table_directory;       /* keep the table there; NULL: scratch */
    const char *scratch;               /* parent of temporary directories; NULL: /tmp */
};

/* Builds the world. NULL with a message where it cannot be had. The scenario must be valid and
 * outlive the run. */
struct run *run_create(const struct scenario *scenario, const struct run_options *options,
                       struct error *error);

/* Closes the table and gives everything back. NULL is ignored. STATUS_IO with a message where a
 * kept table could not be written. */
enum status run_destroy(struct run *run, struct error *error);

enum run_state {
    RUN_GOING,     /* `events` were executed and more are to come */
    RUN_QUIESCENT, /* nothing is left to happen */
    RUN_UNTIL,     /* the scenario's `until` was reached */
    RUN_FULL,      /* a capacity was exceeded */
    RUN_FAILED,    /* the machine refused something (disk full); `error` says what */
};

/* Executes up to `events` events. */
enum run_state run_advance(struct run *run, uint64_t events, struct error *error);

/* Beyond so many events a run is taken for endless, where the plain one of its scenario has
 * `plain_events`: far more than any fault makes of a run that still comes to an end. Saturates. */
uint64_t run_endless_at(uint64_t plain_events);

/* Closes the books: invariants that speak of the end are checked. Once, after the last run_advance.
 */
void run_finish(struct run *run);

struct instant run_now(const struct run *run);

/* How many events were executed. */
uint64_t run_events(const struct run *run);

/* Writes a trace record in words, as one line without its end: instant, who, what, outcome. To be
 * called while the record is being added. */
void run_describe(struct run *run, const struct trace_record *record, struct text_writer *w);

/* The same as one JSON object. */
void run_describe_json(struct run *run, const struct trace_record *record, struct text_writer *w);

#endif

/* attempt.h: one run of one scenario, from its text to its verdict and the files that were asked
 * for.
 */
#ifndef LOCKSTEP_TOOLS_ATTEMPT_H
#define LOCKSTEP_TOOLS_ATTEMPT_H

#include "tools/plan.h"
#include "tools/report.h"

/* How to run: the same for every unit. */
struct attempt_options {
    const char *command;                               /* who runs, for complaints: "run" */
    const char *out, *table, *trace, *record, *replay; /* files; NULL: not wanted */
    enum choice_strategy strategy;
    uint64_t seed;
    bool seed_said; /* else the scenario's `choices` may have it that none is used */
    bool explain;   /* the story of the run's violations is wanted */
    bool progress;  /* a line on standard error while it runs */
};

/* Who is told of the run. What is told is valid during the call. */
struct attempt_listener {
    void (*told)(void *self, const struct report *report); /* once it is judged */
    void (*stepped)(void *self, const struct run *run);    /* behind every event; NULL: no wish */
    /* Takes the run before its first event, in place of running and judging it; the report has no
     * summary. Returns the exit status. NULL: the run is run. */
    int (*visit)(void *self, struct run *run, const struct report *report);
    void *self;
};

/* Runs the unit and returns the exit status that it alone would have. What is wrong is written to
 * `errors`, as lines for a person; then nobody is told. */
int attempt_run(const struct attempt_options *options, const struct unit *unit,
                const struct attempt_listener *listener, FILE *errors);

/* From now on, the first interrupt ends the runs in good order; a second one ends the program. */
void attempt_watch_interrupts(void);
bool attempt_interrupted(void);

/* Not 0 once it has come: for long work that looks at it now and then. */
const volatile int *attempt_interrupt(void);

/* The command that runs the unit so again, for a shell, cut at `size`. */
void attempt_command(const struct attempt_options *options, const struct unit *unit, char *buffer,
                     size_t size);

#endif

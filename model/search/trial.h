/* trial.h: runs of one scenario with given deviations, one after the other.
 *
 * Method. One struct run under search, taken back to its beginning for each trial. Its menu has a
 * form of every kind of fault, and whoever answers its choices fills in the amounts as it answers:
 * so any fault at any point can be tried, not only those of a search's menu. The deviations are
 * given by name (the process, and which of its visits to the point), or by number (which of all
 * choices of the run); what does not apply is passed over. A trial tells which struck, in both
 * ways, and every place at which the run could have deviated.
 *
 * A trial by name does what the scenario does with the same faults appended to its own.
 */
#ifndef LOCKSTEP_MODEL_SEARCH_TRIAL_H
#define LOCKSTEP_MODEL_SEARCH_TRIAL_H

#include "model/pipeline/deviations.h"
#include "model/search/explore.h"

/* A scenario has room for them, beside a few faults of its own. */
enum { TRIAL_DEVIATIONS_MAX = 56 };

/* Where a run could deviate: one choice. */
struct trial_place {
    uint32_t point;
    uint32_t occurrence; /* of the process's visits to it, from 1; of a service, of its deeds */
    struct instance of;  /* the process; of a service: 0 */
    uint32_t kinds;      /* bit k: enum fault_kind k can strike there */
    uint32_t unused;
    struct instant at;
};

struct trial_deviation {
    struct fault fault; /* place, instance and occurrence included */
    uint32_t point;     /* the same as a number (faults.h) */
    uint32_t choice;    /* number of the choice at which it strikes, from 0 */
    struct instant at;  /* when it struck; told, not asked for */
};

struct trial_list {
    uint32_t count;
    struct trial_deviation items[TRIAL_DEVIATIONS_MAX];
};

enum trial_encoding { TRIAL_BY_NAME, TRIAL_BY_NUMBER };

struct trial_outcome {
    uint32_t violated;                            /* bit i: enum invariant i; 0 unless it ended */
    struct instant violated_at[INVARIANTS_COUNT]; /* the first time; of those violated */
    enum exploration_end end;                     /* never EXPLORED_SEEN */
    uint64_t events;
    struct trial_list struck; /* in the order in which they did */
};

/* A fault that strikes more often is not told strike by strike. */
enum { TRIAL_STRIKES_TOLD = 16 };

/* What the scenario's own faults did in a trial. */
struct trial_strikes {
    uint64_t counts[FAULTS_MAX]; /* how often each has struck */
    uint64_t untold; /* bit i: fault i struck too often, or together with another one a service's
                        deed, or there was no room: not all are in the list */
    struct trial_list list;
    uint32_t faults[TRIAL_DEVIATIONS_MAX]; /* of each of the list, the fault's number */
};

struct trials;

/* Sets up the run. `staleness` is the most that a read's fault will go back. The scenario is the
 * caller's, outliving this. NULL with a message where the machine refuses. */
struct trials *trials_open(const struct scenario *scenario, struct duration staleness,
                           const char *scratch, struct error *error);
void trials_close(struct trials *t); /* NULL is ignored */

/* What the plain run violates: without deviations, but for the scenario's own faults. */
uint32_t trials_plain_violated(const struct trials *t);

/* Makes a run with the deviations of the list. STATUS_IO or STATUS_NO_MEMORY with a message where
 * the machine refuses. */
enum status trials_run(struct trials *t, const struct trial_list *list,
                       enum trial_encoding encoding, struct trial_outcome *outcome,
                       struct error *error);

/* The same without deviations, and what the scenario's faults did. */
enum status trials_observe(struct trials *t, struct trial_outcome *outcome,
                           struct trial_strikes *strikes, struct error *error);

/* Where the last run could have deviated, choice by choice; valid until the next. */
const struct trial_place *trials_places(const struct trials *t, uint32_t *count);

/* The fault, aimed at a place. */
struct trial_deviation trial_aim(const struct trials *t, const struct fault *fault,
                                 const struct trial_place *place, uint32_t choice);

#endif

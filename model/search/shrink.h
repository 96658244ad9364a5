/* shrink.h: the smallest run that fails as a given one does.
 *
 * Method. The failure is a property (an invariant) that a run of a scenario with some deviations
 * violates; what else it violates is of no account. Candidates, each of them run and kept only if
 * it violates the property and is better, come from passes that are repeated until none of them
 * finds anything:
 *
 *   cut       without what struck after the violation
 *   drop      without blocks of deviations: all, halves, quarters, ... single ones (delta
 *             debugging). By name, the others stay with their processes; by number, at the choices
 *             of the same number. Each gets out of minima in which the other is stuck
 *   ease      smaller and rounder amounts, fewer attempts and calls, the usual form
 *   trade     without one deviation, and another one aimed at a place near it, or at the same point
 *             in another visit or process, or of another kind
 *   move      all deviations from one on some choices earlier; a single one aimed elsewhere. This
 *             makes the run short, and names processes by first use
 *   scenario  a simpler one (the caller's `reduce`), with the same deviations, or, where they do
 *             not fit any more, with deviations of the same kinds at the same points of any visits.
 *             Never one that fails without any, unless the given one does: that is another failure
 *
 * Better is, in this order: fewer deviations, a smaller scenario (the caller's `size`), smaller
 * amounts, fewer events, the first by text. So it comes to an end, and the outcome depends on
 * nothing but the arguments, unless it is stopped. What was tried is not tried again. A local
 * minimum: that no run with fewer deviations fails must be shown by the explorer (explore.h).
 */
#ifndef LOCKSTEP_MODEL_SEARCH_SHRINK_H
#define LOCKSTEP_MODEL_SEARCH_SHRINK_H

#include "model/search/trial.h"

struct shrink {
    enum invariant property;
    const char *scratch;   /* parent of temporary directories; NULL: /tmp */
    bool (*stopped)(void); /* whether to end with what there is; NULL: never */

    /* The i-th simpler form of a valid scenario, which is valid, too: true. There are fewer: false;
     * *to is undefined then. NULL: the scenario stays. */
    bool (*reduce)(void *self, const struct scenario *from, uint32_t i, struct scenario *to);
    uint64_t (*size)(void *self, const struct scenario *scenario);
    void *self;
};

/* A failing run: deviations on top of a scenario, whose own faults stay. */
struct shrink_case {
    struct scenario scenario;
    struct trial_list deviations; /* by name, and by number, in the order in which they strike */
    struct trial_outcome outcome;
};

struct shrink_counts {
    uint64_t runs;      /* that were made */
    uint64_t known;     /* candidates that had been tried before */
    uint64_t scenarios; /* that were set up */
};

/* Makes of the scenario's faults deviations by name: those that strike, as often as they do. Those
 * that cannot be told so, since they strike too often or two at once, stay in the scenario; those
 * that do not strike are dropped. Where the run then no longer violates what it did, all of them
 * stay. *c is then the case to shrink; its outcome says what it violates. STATUS_IO or
 * STATUS_NO_MEMORY with a message where the machine refuses. */
enum status shrink_name_faults(struct shrink_case *c, const struct scenario *scenario,
                               const char *scratch, struct error *error);

/* Shrinks *c, whose outcome violates the property, in place. Adds to *counts. STATUS_OK also where
 * it was stopped. STATUS_IO or STATUS_NO_MEMORY with a message where the machine refuses. */
enum status shrink_run(const struct shrink *shrink, struct shrink_case *c,
                       struct shrink_counts *counts, struct error *error);

/* The scenario with the deviations as its faults. */
void shrink_merge(const struct shrink_case *c, struct scenario *scenario);

#endif

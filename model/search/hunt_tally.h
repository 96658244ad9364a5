/* hunt_tally.h: what came of some runs of a hunt: counts, and the failures in groups.
 *
 * Method. A failure is an invariant with a story: the deviations without which the run does not
 * violate it, anchors left out. Its first run that fails in a new way is reduced: blocks of its
 * deviations are left out, halves first, single ones at last, as long as the invariant stays
 * violated. A later run that has all deviations of a known story (again without anchors) is counted
 * to it and not reduced, so the counts say how often a story was there, not whether there was
 * another beside it. Reducing has a budget of runs for each invariant, which its first failure does
 * not ask for; what fails in a new way beyond it is only counted. Runs that did not end, or for
 * which there was no room, are two groups of their own.
 */
#ifndef LOCKSTEP_MODEL_SEARCH_HUNT_TALLY_H
#define LOCKSTEP_MODEL_SEARCH_HUNT_TALLY_H

#include "model/pipeline/goals.h"
#include "model/search/hunt.h"

/* What a find is about: an invariant, or one of these. */
enum { FIND_ENDLESS = INVARIANTS_COUNT, FIND_FULL, FIND_KINDS_COUNT };

struct find {
    uint32_t what;     /* enum invariant, or one of the above */
    uint32_t strategy; /* of the first run */
    uint64_t count;    /* runs that are counted to it */
    uint64_t first;    /* the least number among them */
    uint64_t events;   /* of the reduced run */
    uint32_t deviations_count;
    uint32_t story[HUNT_DEVIATIONS_MAX]; /* what they are, rising: form and point of each */
    struct deviation deviations[HUNT_DEVIATIONS_MAX]; /* of the reduced run, in its order */
};

/* Of one strategy's runs. */
struct hunt_counts {
    uint64_t runs, events, deviations;
    uint64_t found[FIND_KINDS_COUNT];
};

struct hunt_tally {
    struct hunt_counts of[HUNT_STRATEGIES_COUNT];
    uint64_t goals[GOALS_COUNT];          /* runs that reached each */
    uint64_t unreduced[INVARIANTS_COUNT]; /* failures beyond the budget */
    uint64_t repeats[INVARIANTS_COUNT];   /* runs that reducing took */
    struct find *finds;
    uint64_t finds_count, finds_room;
    uint32_t *cells; /* find + 1 by the hash of its story; 0: free */
    uint64_t cells_count;
};

void hunt_tally_init(struct hunt_tally *t);
void hunt_tally_deinit(struct hunt_tally *t);

/* How many runs of an invariant reducing may take. */
#define HUNT_AS_FOUND UINT64_MAX /* nothing is reduced: each run that fails anew is kept whole */

/* Counts a run that `h` tells just now, reducing it where it fails in a new way and `repeats_most`
 * of that invariant are not used up. STATUS_NO_MEMORY or STATUS_IO with a message where the machine
 * refuses. */
enum status hunt_tally_run(struct hunt_tally *t, struct hunter *h, const struct hunt_run *run,
                           uint64_t repeats_most, struct error *error);

/* Adds what came of other runs: counts, and finds with the same story as one, the example being
 * that of the least number. STATUS_NO_MEMORY. */
enum status hunt_tally_merge(struct hunt_tally *t, const struct hunt_tally *more,
                             struct error *error);

/* Adds a find with its count, to one of the same story or as a new one. STATUS_NO_MEMORY. */
enum status hunt_tally_add(struct hunt_tally *t, const struct find *find, struct error *error);

/* Finds by what they are about, number of deviations, count (most first), story. */
void hunt_tally_sort(struct hunt_tally *t);

/* Of all strategies: runs, and those that found something. */
uint64_t hunt_tally_runs(const struct hunt_tally *t);
uint64_t hunt_tally_found(const struct hunt_tally *t, uint32_t what);
uint64_t hunt_tally_repeats(const struct hunt_tally *t);

#endif

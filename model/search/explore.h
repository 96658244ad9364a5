/* explore.h: every run of a scenario with at most D deviations.
 *
 * Method. The plain run, in which each choice has its default, is the root. Wherever it asks which
 * deviation happens (deviations.h), each alternative begins another run, which goes on by defaults
 * and asks in turn while its budget lasts: depth first, each run from a snapshot before the event
 * that asks, the table taken back by its journal. Every run is judged by all invariants at its end.
 * With fingerprints, a run that comes to a world which was seen before with as many deviations left
 * ends there: nothing new can follow, and nothing that is judged differs (world_fingerprint). What
 * is told of a run is the deviations themselves (struct exploration_run), which as faults of the
 * scenario make the same run again.
 *
 * The work is cut into items: the plain run, and each first deviation with all that follows it. An
 * item's outcome depends on nothing but its number, so items can be done in any process; but in one
 * explorer their numbers must fall, since a snapshot is void once an earlier one was gone back to.
 *
 * Of a small scenario, all worlds that any number of deviations leads to can be reached
 * (explorer_reach): breadth first, that is in the order of how many they need, and from each world
 * on only once, so there is no bound but the number of worlds.
 *
 * What is complete: every run with at most D of the menu's deviations at the points that are asked.
 * Durations are those of the menu, latencies the nominal ones: time is concrete.
 */
#ifndef LOCKSTEP_MODEL_SEARCH_EXPLORE_H
#define LOCKSTEP_MODEL_SEARCH_EXPLORE_H

#include "model/pipeline/deviations.h"
#include "model/pipeline/run.h"

struct exploration {
    const struct scenario *scenario; /* valid */
    const struct deviation_menu *menu;
    uint32_t deviations;  /* D: 1 to EXPLORE_DEVIATIONS_MAX */
    bool fingerprints;    /* worlds that were seen are not entered again */
    uint64_t worlds_most; /* that are remembered within an item; beyond that, no more are */
    const char *scratch;  /* parent of temporary directories; NULL: /tmp */
};

enum { EXPLORE_DEVIATIONS_MAX = 8 };

enum exploration_end {
    EXPLORED_ENDED,
    EXPLORED_ENDLESS, /* it went on for many times the events of the plain run */
    EXPLORED_FULL,    /* a capacity of the simulation was exceeded */
    EXPLORED_SEEN     /* at a world that was seen before */
};

/* A run, told at its end. */
struct exploration_run {
    uint32_t violated; /* bit i: enum invariant i; 0 for EXPLORED_SEEN */
    enum exploration_end end;
    uint32_t deviations_count;
    const struct deviation *deviations; /* in the order in which they happened */
    const struct run *run;
};

struct exploration_counts {
    uint64_t runs, seen; /* runs that ended; and that came to a known world */
    uint64_t worlds;     /* that were remembered */
    uint64_t unremembered;
    uint64_t events; /* executed, those that led to a branch again included */
};

typedef void exploration_visit(void *self, const struct exploration_run *run);

struct explorer;

/* Makes the plain run and tells how many items there are. NULL with a message where the machine
 * refuses. */
struct explorer *explorer_open(const struct exploration *exploration, struct error *error);
void explorer_close(struct explorer *e); /* NULL is ignored */

/* At least 1: item 0 is the plain run. */
uint64_t explorer_items(const struct explorer *e);

/* Events of the plain run. */
uint64_t explorer_events(const struct explorer *e);

/* Does an item: `visit` sees every run of it. Adds to `counts`. `stopped` (may be NULL), once
 * true, ends it early: STATUS_INTERRUPTED. STATUS_NO_MEMORY or STATUS_IO with a message where the
 * machine refuses. */
enum status explorer_item(struct explorer *e, uint64_t item, exploration_visit *visit, void *self,
                          struct exploration_counts *counts, bool (*stopped)(void),
                          struct error *error);

/* Every world that any number of deviations leads to, each gone on from once; needs fingerprints.
 * `visit` sees a run for each deviation at each of them, those with fewer before those with more.
 * Adds to `counts`. STATUS_FULL with a message where there are more than `worlds_most`; else as
 * explorer_item. */
enum status explorer_reach(struct explorer *e, exploration_visit *visit, void *self,
                           struct exploration_counts *counts, bool (*stopped)(void),
                           struct error *error);

/* The pipeline of its run: names of processes and points. */
const struct pipeline *explorer_pipeline(const struct explorer *e);

#endif

/* hunt.h: runs of a scenario with deviations that are drawn at random, to find those that violate
 * something.
 *
 * Method. A run is one under search (deviations.h): at every point where the menu has forms that
 * can strike, the hunter says none, or draws one. Run number n is a pure function of (scenario,
 * menu, seed, strategies, n). No draw touches the run but through these answers, so what it made is
 * told as deviations, which as faults of the scenario make the same run again. How they are drawn:
 *
 * - swarm: for each run a weight for every kind (group of the menu), every process type or
 *   service deed, and every point: log-uniform, and nil with a chance of 1/4. How many
 *   deviations to expect is log-uniform, too: 1 to 16.
 * - pct: priorities (probabilistic concurrency testing). A process of lower priority than all
 *   others lets as many calls go first as the menu allows, at each of its own calls; one of
 *   lower priority than the clock is frozen; a service of lower priority than all is late. At
 *   first each process is the lowest with a chance of 1 / processes. At d - 1 places, drawn
 *   evenly among the points at which the plain run asks, whoever is there becomes the lowest,
 *   or is overtaken by the clock; d is 2 to 6 in turn. Up to two other faults strike at
 *   places that are drawn so, too.
 * - realistic: rare; each kind with a fixed chance, some per cent or tenths of it.
 * - uniform: each form that is possible with the same chance, three to a run.
 * - guided: in islands of their own. What a run did that none of its island had done before
 *   (pairs of points at which two processes stand, shapes of what becomes of files,
 *   manifests, executions and locks, counts) makes it a parent, whose deviations are kept up
 *   to some event, and from there on added to, dropped, aimed elsewhere or joined with
 *   another's (hunt_guided.c).
 *
 * Amounts are drawn log-uniformly, since the menu's forms are spaced so. Runs come in pieces, and
 * a piece's outcome depends on nothing but its number: one struct run, taken back to its start (or
 * to an event of a parent) for each. A piece is an island of guided runs, or shares its runs out:
 * 4 of 10 swarm, 3 pct, 2 realistic, 1 uniform.
 */
#ifndef LOCKSTEP_MODEL_SEARCH_HUNT_H
#define LOCKSTEP_MODEL_SEARCH_HUNT_H

#include "model/search/explore.h"

#define HUNT_STRATEGY_MAP(X)                                                                       \
    X(SWARM, "swarm")                                                                              \
    X(PCT, "pct")                                                                                  \
    X(REALISTIC, "realistic")                                                                      \
    X(UNIFORM, "uniform")                                                                          \
    X(GUIDED, "guided")

enum hunt_strategy {

#define X(name, word) HUNT_##name,
    HUNT_STRATEGY_MAP(X)
#undef X
        HUNT_STRATEGIES_COUNT
};

#define HUNT_STRATEGIES_ALL ((1U << HUNT_STRATEGIES_COUNT) - 1)

/* A run deviates so often at most. */
enum { HUNT_DEVIATIONS_MAX = 24 };

struct hunt {
    const struct scenario *scenario;   /* valid; fewer than FAULTS_MAX faults */
    const struct deviation_menu *menu; /* at least one form */
    uint64_t seed;
    uint32_t strategies; /* bit i: enum hunt_strategy i; at least one */
    const char *scratch; /* parent of temporary directories; NULL: /tmp */
};

/* A run, told at its end. What it points to is valid until the visit is over. */
struct hunt_run {
    uint64_t number;
    enum hunt_strategy strategy;
    enum exploration_end end; /* never EXPLORED_SEEN */
    uint32_t violated;        /* bit i: enum invariant i; 0 unless it ended */
    uint32_t deviations_count;
    const struct deviation *deviations; /* in the order in which they happened */
    uint64_t events;
    const struct run *run;
};

/* False: no further run is wanted. */
typedef bool hunt_visit(void *self, const struct hunt_run *run);

struct hunter;

/* Makes the plain run. NULL with a message where the machine refuses, or where the scenario does
 * not come to its end (STATUS_FULL). */
struct hunter *hunter_open(const struct hunt *hunt, struct error *error);
void hunter_close(struct hunter *h); /* NULL is ignored */

/* Runs of a piece: piece i has the numbers from i * that on. */
uint64_t hunter_piece_runs(const struct hunter *h);

/* Makes the runs of a piece in their order; `visit` sees each. STATUS_OK, too, where it wants no
 * more. STATUS_IO or STATUS_NO_MEMORY with a message where the machine refuses. */
enum status hunter_piece(struct hunter *h, uint64_t piece, hunt_visit *visit, void *self,
                         struct error *error);

/* The same for one run; of an island those before it are made, too, and not told. */
enum status hunter_run(struct hunter *h, uint64_t number, hunt_visit *visit, void *self,
                       struct error *error);

/* Makes the run in which these deviations happen, as far as they can, and no others; *told is valid
 * until the next. May be called during a visit: the visited struct run is gone then, its deviations
 * are not. */
enum status hunter_repeat(struct hunter *h, const struct deviation *deviations, uint32_t count,
                          struct hunt_run *told, struct error *error);

/* How often that was called. */
uint64_t hunter_repeats(const struct hunter *h);

/* Events of the plain run, and points at which it asks. */
uint64_t hunter_events(const struct hunter *h);
uint64_t hunter_asks(const struct hunter *h);

/* The pipeline of its run: names of processes and points. */
const struct pipeline *hunter_pipeline(const struct hunter *h);

/* "swarm" */
const char *hunt_strategy_word(enum hunt_strategy strategy);

#endif

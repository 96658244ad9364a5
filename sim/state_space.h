/* state_space.h: every world that a model can reach, each seen once.
 *
 * Method. A model is plain data and a fixed number of transitions, each of which can be fired in a
 * world or cannot. A search fires them one by one, takes each back by a mark, and knows worlds it
 * has been in by their hashes (sim/fingerprint_set.h): so it needs time for every transition
 * between worlds, not for every order in which transitions can follow each other. What is asked of
 * every new world are the model's properties.
 *
 *   depth first    the memory of the fingerprints and of one path
 *   breadth first  a shortest path to each world; it is reached by firing its path again, from
 * where that leaves the path of the world before stateless      depth first without fingerprints:
 * every path; for tests, and for worlds that cannot be hashed
 *
 * Sleep sets leave out transitions whose worlds are known to be reached otherwise: of two that do
 * not touch the same cells only one order is fired, and no world is missed. A world that is reached
 * again is searched once more for what slept at every visit before and does not now (Godefroid,
 * Partial-Order Methods for the Verification of Concurrent Systems, 1996, chapter 5).
 *
 * All memory is reserved at the start. A search that would need more ends and says so.
 */
#ifndef LOCKSTEP_SIM_STATE_SPACE_H
#define LOCKSTEP_SIM_STATE_SPACE_H

#include "sim/hash.h"
#include "sim/status.h"

#include <stdatomic.h>
#include <stdbool.h>

enum { STATE_TRANSITIONS_MAX = 64, STATE_PROPERTIES_MAX = 16 };

/* The cells that a transition reads and writes, a bit for each; which they are is the model's
 * affair. Whether and how a transition fires depends on the cells that it reads alone, and it
 * changes no more than those that it writes. */
struct footprint {
    uint64_t reads, writes;
};

struct state_model {
    void *self;
    uint32_t transitions_count; /* 1 to STATE_TRANSITIONS_MAX */
    uint32_t properties_count;  /* 0 to STATE_PROPERTIES_MAX */

    /* Changes the world; false, with nothing changed, where the transition cannot be fired. */
    bool (*fire)(void *self, uint32_t transition);

    /* Marks the present world, and goes back to a mark, which stays and ends all later ones. */
    uint64_t (*mark)(void *self);
    void (*back)(void *self, uint64_t mark);

    /* Equal worlds, equal hash: all that decides what can happen next or is asked by `check`. */
    struct hash128 (*hash)(void *self);

    /* The properties that do not hold in the present world, a bit for each. Asked once of every new
     * world, and with `end` once more of one in which nothing can be fired. May be NULL. */
    uint32_t (*check)(void *self, bool end);

    /* What a transition touches if it is fired in the present world. NULL: no sleep sets. */
    struct footprint (*footprint)(void *self, uint32_t transition);
};

enum state_order { STATE_DEPTH_FIRST, STATE_BREADTH_FIRST, STATE_STATELESS };

struct state_search {
    enum state_order order;
    bool sleep_sets;          /* not breadth first */
    bool until_violation;     /* ends with the first world in which a property does not hold */
    uint32_t tag_bits;        /* of a fingerprint: 64 or 128 */
    uint64_t worlds_max;      /* below 2^32; stateless: not used */
    uint32_t depth_max;       /* transitions of a path; at least 1 */
    uint64_t transitions_max; /* fired at most; 0: no limit */
    const atomic_bool *stop;  /* ends the search when it becomes true; NULL: nobody stops it */
};

/* Where a property did not hold. Breadth first no path to such a world is shorter. */
struct state_finding {
    uint64_t worlds; /* in which it did not hold */
    uint32_t depth;  /* transitions on the path to the first of them */
};

struct state_results {
    bool complete;        /* all reachable worlds were seen */
    uint64_t worlds;      /* seen; stateless: again on every path */
    uint64_t transitions; /* fired to see what comes of them */
    uint64_t refired;     /* breadth first: fired to be in a world again */
    uint64_t revisits;    /* worlds searched again for what had slept */
    uint64_t ends;        /* worlds in which nothing can be fired; stateless: paths to them */
    uint32_t depth;       /* of the longest path */
    int32_t missed_log2;  /* no more than 2^-missed_log2 worlds are expected to be missed */
    struct state_finding findings[STATE_PROPERTIES_MAX];
};

struct state_space;

/* Reserves what a search needs. The model is copied, what it points to is the caller's. NULL with a
 * message: STATUS_BAD_INPUT for a search that makes no sense, STATUS_NO_MEMORY. */
struct state_space *state_space_open(const struct state_model *model,
                                     const struct state_search *search, struct error *error);
void state_space_close(struct state_space *s); /* NULL is ignored */

/* Searches from the model's present world, once; the model is then in that world again. STATUS_OK:
 * it has seen all, or what `until_violation` asks for. STATUS_FULL: worlds_max or depth_max was not
 * enough. STATUS_INTERRUPTED: stopped, or transitions_max fired. The results hold for what was
 * seen, whatever the status. */
enum status state_space_explore(struct state_space *s, struct error *error);

const struct state_results *state_space_results(const struct state_space *s);

/* The transitions to the first world in which a property did not hold, findings[property].depth of
 * them, until the space is closed. */
const uint8_t *state_space_path(const struct state_space *s, uint32_t property);

/* Fires a path; returns how many of its transitions could be fired, one after the other. */
uint32_t state_path_fire(const struct state_model *model, const uint8_t *path, uint32_t length);

#endif

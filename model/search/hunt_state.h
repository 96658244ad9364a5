/* hunt_state.h: what the parts of a hunter share: hunt.c makes runs, hunt_draw.c draws deviations
 * without regard to what earlier runs did, hunt_guided.c with.
 */
#ifndef LOCKSTEP_MODEL_SEARCH_HUNT_STATE_H
#define LOCKSTEP_MODEL_SEARCH_HUNT_STATE_H

#include "model/pipeline/run_snapshot.h"
#include "model/pipeline/run_state.h"
#include "model/search/hunt.h"

/* Says what happens at a point: a form as its bit, one of the offer's; 0: nothing. */
typedef uint64_t hunt_draw(struct hunter *h, const struct deviation_offer *offer);

/* Of swarm, realistic and uniform runs: with which chance a point is struck, and by what. */
struct hunt_weights {
    uint64_t of_group[DEVIATION_GROUPS_COUNT];
    uint64_t of_actor[TASK_TYPES_MAX + SERVICE_POINTS_COUNT];
    uint64_t scale; /* chance of a weight of 1, in 2^-56 */
    uint64_t key;   /* of the points' own weights; 0: all have the same */
    bool evenly;    /* each form has the weight 1, whatever its group */
    uint8_t known[POINTS_MAX];
    uint32_t chances[POINTS_MAX]; /* in 2^-32, where known */
};

enum { PCT_CHANGES_MAX = 5, PCT_FAULTS_MAX = 2 };

/* A process, by its name. */
struct hunted_process {
    uint32_t type;
    struct instance of;
};

/* Of pct runs. */
struct hunt_priorities {
    uint64_t changes[PCT_CHANGES_MAX], faults[PCT_FAULTS_MAX]; /* asks, rising */
    uint32_t changes_count, changes_done, faults_count, faults_done;
    struct hunted_process lowest[PCT_CHANGES_MAX];
    uint32_t lowest_count;
    uint64_t key; /* decides who is the lowest at first */
};

enum { HUNT_ADDITIONS_MAX = 4 };

/* Of guided and repeated runs: what is to happen. */
struct hunt_aims {
    uint32_t count, additions_count, additions_done;
    struct deviation list[HUNT_DEVIATIONS_MAX];
    uint64_t points[(POINTS_MAX + 63) / 64]; /* bit i: one of the list is at point i */
    uint64_t additions[HUNT_ADDITIONS_MAX];  /* asks, rising, at which something is drawn */
    bool swarms;                             /* anywhere else it is drawn by weight */
};

struct hunter {
    struct hunt hunt;
    struct choices choices;
    struct trace trace;
    struct run *run;
    struct run_snapshot *start;
    uint64_t group_forms[DEVIATION_GROUPS_COUNT]; /* bits */
    uint32_t deviations_most;
    uint64_t piece_runs;

    /* Of the plain run. */
    uint64_t plain_events, plain_asks;
    uint32_t plain_processes;
    uint32_t asked[POINTS_MAX];

    /* Of the run under way. */
    uint64_t asks;
    uint32_t made; /* deviations */
    hunt_draw *draw;
    struct random_stream draws;
    struct hunt_weights weights;
    struct hunt_priorities priorities;
    struct hunt_aims aims;
    void (*asking)(struct hunter *h, const struct deviation_offer *offer); /* NULL: no matter */

    struct island *island; /* NULL: no run is guided */
    uint64_t repeats;      /* calls of hunter_repeat */
    struct deviation visited[HUNT_DEVIATIONS_MAX], repeated[HUNT_DEVIATIONS_MAX];
};

static inline struct pipeline *hunted(const struct hunter *h)
{
    return run_pipeline(h->run);
}

/* --- hunt.c --- */

/* Takes the run back to its start; nothing is drawn until h->draw is set. */
void hunt_restart(struct hunter *h);

/* Lets the run go on for up to `events` events: RUN_GOING where more are to come. */
enum status hunt_advance(struct hunter *h, uint64_t events, enum run_state *state,
                         struct error *error);

/* Lets the run go on to its end, and judges it; its number and strategy are the caller's to fill,
 * and `room`, which told->deviations points to. */
enum status hunt_finish(struct hunter *h, struct deviation room[HUNT_DEVIATIONS_MAX],
                        struct hunt_run *told, struct error *error);

/* A stream of draws that belongs to a number. */
struct random_stream hunt_stream(const struct hunter *h, uint64_t number);

/* --- hunt_draw.c --- */

/* Draws what there is to draw before a run of the strategy, and sets h->draw. */
void hunt_prepare(struct hunter *h, enum hunt_strategy strategy, uint64_t number);

/* Draws a swarm's configuration; what it says of an ask. */
void hunt_weigh_as_swarm(struct hunter *h);
uint64_t hunt_draw_by_weight(struct hunter *h, const struct deviation_offer *offer);

/* One of the forms (bits; at least one), each group with the same chance. */
uint64_t hunt_any_form(struct hunter *h, uint64_t forms);

/* --- hunt_guided.c --- */

/* Sets h->draw so that these happen. */
void hunt_aim(struct hunter *h, const struct deviation *deviations, uint32_t count);

enum status island_open(struct hunter *h, struct error *error);
void island_close(struct hunter *h);

/* Makes `count` runs, numbered from `first`. */
enum status island_explore(struct hunter *h, uint64_t first, uint64_t count, hunt_visit *visit,
                           void *self, struct error *error);

#endif

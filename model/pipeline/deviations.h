/* deviations.h: what a search may do to a run, and what it did.
 *
 * Method. A run under search asks, wherever a process makes a call or a service does something,
 * which deviation happens there: a choice (CHOICE_DEVIATION) among none, which is the default, and
 * the forms of its menu that can strike at that point, in the menu's order. What is chosen is noted
 * with its anchor: the process by its name, and which of its own visits to the point this is; of a
 * service, which time that it does this. So every run under search is a run of the scenario with
 * some more faults (deviation_fault), and those are how it is told, stored and run again.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_DEVIATIONS_H
#define LOCKSTEP_MODEL_PIPELINE_DEVIATIONS_H

#include "model/pipeline/faults.h"
#include "model/pipeline/scenario.h"

struct pipeline;

enum { DEVIATION_FORMS_MAX = 63, DEVIATIONS_MADE_MAX = 64 };

/* What is wanted, in words: each stands for some forms. */
#define DEVIATION_GROUP_MAP(X)                                                                     \
    X(KILL, "kill", "a process dies")                                                              \
    X(REORDER, "reorder", "calls and messages of others go first")                                 \
    X(STALL, "stall", "a process is frozen: briefly, or past the lock's life")                     \
    X(LOSE, "lose", "replies, messages, events and ticks are lost")                                \
    X(DUPLICATE, "duplicate", "messages, events and ticks come twice")                             \
    X(STALE, "stale", "a read sees what was there a while ago")                                    \
    X(TTL, "ttl", "TTL deletes two days late")                                                     \
    X(ERROR, "error", "calls are throttled, fail or are refused")                                  \
    X(DELAY, "delay", "what a service does happens much later")                                    \
    X(FAIL, "fail", "a job run fails")                                                             \
    X(CORRUPT, "corrupt", "a message cannot be parsed")                                            \
    X(SKEW, "skew", "a clock is off")

enum deviation_group {

#define X(name, word, text) DEVIATION_##name,
    DEVIATION_GROUP_MAP(X)
#undef X
        DEVIATION_GROUPS_COUNT
};

/* The groups that are taken where nothing is said. */
#define DEVIATION_GROUPS_USUAL                                                                     \
    (1U << DEVIATION_KILL | 1U << DEVIATION_REORDER | 1U << DEVIATION_STALL |                      \
     1U << DEVIATION_LOSE | 1U << DEVIATION_DUPLICATE | 1U << DEVIATION_STALE |                    \
     1U << DEVIATION_TTL | 1U << DEVIATION_ERROR)

struct deviation_form {
    enum deviation_group group;
    struct fault fault; /* what it is but for place and occurrence */
    uint32_t services;  /* bit i: enum service_point i, where it may strike; 0: wherever its kind
                           may */
};

/* What a search may do: forms in order. */
struct deviation_menu {
    uint32_t count;
    struct deviation_form forms[DEVIATION_FORMS_MAX];
};

/* The forms of some groups (bits), with amounts that mean something in the scenario. */
void deviation_menu_fill(struct deviation_menu *menu, const struct scenario *s, uint32_t groups);

/* The same for searches that draw: more forms of the same groups, with amounts that lie a factor
 * apart, so that to draw one evenly is to draw its amount log-uniformly. */
void deviation_menu_fill_hunting(struct deviation_menu *menu, const struct scenario *s,
                                 uint32_t groups);

enum { HUNTED_CALLS_MAX = 64 }; /* the most calls that a process lets go first */

/* One that was made. */
struct deviation {
    uint32_t form;       /* of the menu */
    uint32_t point;      /* faults.h: point_of_task, point_of_service */
    struct instance of;  /* the process; of a service: 0 */
    uint32_t occurrence; /* of its visits to the point, from 1 */
    uint32_t unused;
};

/* What a choice is about, while it is being asked. */
struct deviation_offer {
    uint32_t point;
    uint32_t occurrence; /* of the asker's visits to the point, from 1 */
    uint64_t forms;      /* bit i: form i is possible; alternative n is the n-th bit that is set */
    const struct task *task; /* who; NULL: a service */
};

/* A pipeline's share. */
struct deviations {
    const struct deviation_menu *menu; /* NULL: nothing is ever asked */
    bool silent;                       /* nothing is asked just now */
    bool alone;                        /* a process may let others go first that are yet to come */
    uint64_t reached;                  /* points at which it could have been asked */
    uint64_t possible[POINTS_MAX];     /* forms by point */
    struct deviation_offer offer;
    struct deviation *made;
    uint32_t made_region;
    struct visit_count *visits[TASK_TYPES_MAX];
    uint32_t visits_regions[TASK_TYPES_MAX];
};

/* How far back its forms make reads look, at most; 0 for no menu. */
struct duration deviations_staleness(const struct deviation_menu *menu);

void deviations_declare(struct pipeline *p);
void deviations_init(struct pipeline *p, const struct deviation_menu *menu);

/* The form that strikes a call that is being made, or a service's deed; NULL: none. */
const struct fault *deviation_at_call(struct pipeline *p, const struct task *caller);
const struct fault *deviation_at_service(struct pipeline *p, enum service_point point,
                                         uint64_t reached);

/* Those made so far, and one of them as a fault of a scenario; texts live as long as the program.
 */
uint64_t deviations_count(const struct pipeline *p);
struct fault deviation_fault(const struct pipeline *p, const struct deviation *deviation);

/* The same without a run. */
struct task_type;
struct fault menu_fault(const struct deviation_menu *menu, const struct deviation *deviation,
                        const struct task_type *types);

#endif

/* blame.h: when a violation became inevitable, and what it would have taken to prevent it.
 *
 * Method. A case is a scenario whose faults, with the default of every choice, make a run that
 * violates a property. Its story (timeline.h) is a list of instants. From each of them the run goes
 * on many times in another way: the case's own faults strike no more, latencies and orders are
 * drawn, and deviations (deviations.h) happen rarely, as in operation. The share of these
 * continuations that violate the property is the curve; where it jumps most, the violation became
 * likely. Beside the curve stand changes of the case: without each of its faults that struck,
 * without all of them, and with one message, tick, event or deletion more lost or late; each is one
 * more run.
 *
 * How often a deviation happens is assumed, not measured (blame_often_ppm): what matters is that it
 * is rare. A point's outcome depends on nothing but the request and the point's number, so points
 * can be measured in any process.
 */
#ifndef LOCKSTEP_MODEL_SEARCH_BLAME_H
#define LOCKSTEP_MODEL_SEARCH_BLAME_H

#include "model/pipeline/deviations.h"
#include "model/pipeline/run.h"
#include "model/search/timeline.h"

struct blame_request {
    const struct scenario *scenario; /* valid; the caller's, outliving the blame */
    const struct deviation_menu *menu;
    enum invariant property;
    bool any_property; /* `property` is not said: the one that is violated first */
    uint64_t runs;     /* from each point: 1 to SHARE_COUNT_MAX */
    uint64_t seed;
    const char *scratch;  /* parent of temporary directories; NULL: /tmp */
    uint64_t events_most; /* of the case's run, which is taken for endless beyond; 0: no limit */
};

/* What came of the continuations from a point. */
struct blame_point {
    uint64_t runs, violating;
    uint64_t unended; /* went on for too long, or exceeded a capacity; judged as they stood */
};

/* A change of the case, and what comes of it. */
enum blame_change_kind {
    BLAME_WITHOUT_FAULTS, /* of the case: none of them */
    BLAME_WITHOUT_FAULT,  /* `fault` of them, the others stay */
    BLAME_WITH_FAULT      /* `fault` is added */
};

struct blame_change {
    enum blame_change_kind kind;
    uint32_t index; /* BLAME_WITHOUT_FAULT: of the scenario's faults */
    struct fault fault;
};

struct blame_outcome {
    uint32_t violated; /* bit i: enum invariant i */
    bool violates;     /* the property */
    bool struck;       /* the added fault did; true where none was added */
    bool unended;
};

struct blame;

/* Runs the case and tells its story. NULL with a message: STATUS_BAD_INPUT where the case does not
 * violate the property, does not end, or has no room for a fault more; STATUS_NO_MEMORY, STATUS_IO.
 */
struct blame *blame_open(const struct blame_request *request, struct error *error);
void blame_close(struct blame *b); /* NULL is ignored */

enum invariant blame_property(const struct blame *b);
const struct timeline *blame_timeline(const struct blame *b);
const struct run *blame_run(const struct blame *b); /* the case's, finished, with calls */

/* The points: 0 is the beginning, i what stands when the story's item i - 1 has happened. The last,
 * the violation itself, is certain. */
uint32_t blame_points(const struct blame *b);

/* The point whose numbers are also this one's, since no event lies between: itself, or an earlier
 * one. */
uint32_t blame_same_point(const struct blame *b, uint32_t point);

/* Measures one point. `stop` (may be NULL), once not 0, ends it early: STATUS_INTERRUPTED.
 * STATUS_NO_MEMORY or STATUS_IO with a message where the machine refuses. */
enum status blame_measure(const struct blame *b, uint32_t point, struct blame_point *result,
                          const volatile int *stop, struct error *error);

/* The changes: how many, what one is, what comes of it. */
uint32_t blame_changes(const struct blame *b);
struct blame_change blame_change(const struct blame *b, uint32_t i);
enum status blame_try(const struct blame *b, uint32_t i, struct blame_outcome *outcome,
                      struct error *error);

/* Of services' deeds, those that were not tried since there were too many: the earliest. */
uint64_t blame_changes_left_out(const struct blame *b);

/* How often in a million opportunities the menu's form happens in a continuation. */
uint32_t blame_often_ppm(const struct deviation_form *form);

/* What the curve says. */
struct blame_verdict {
    uint32_t turning;    /* the point with the greatest rise from the one before; 0: no rise of
                            which the intervals are apart and that is a tenth or more */
    uint32_t inevitable; /* from this point on all lie above 95 %, by the lower bounds */
};

/* `points` has blame_points elements. */
struct blame_verdict blame_judge(const struct blame_point *points, uint32_t count);

#endif

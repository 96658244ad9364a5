/* inquiry.h: a case's blame (model/search/blame.h), all of it, measured by several processes.
 *
 * Method. Every point of the curve is a piece of work, and so are a few changes of the case
 * together; workers.h spreads the pieces. What comes of a piece depends on nothing but the request,
 * so the whole is the same with any number of workers.
 */
#ifndef LOCKSTEP_TOOLS_INQUIRY_H
#define LOCKSTEP_TOOLS_INQUIRY_H

#include "model/search/blame.h"

struct inquiry {
    struct blame *blame;
    struct blame_point *points;     /* blame_points; runs 0: not measured, since interrupted */
    struct blame_outcome *outcomes; /* blame_changes */
    uint32_t changes_tried;         /* the first so many; all, unless interrupted */
    struct blame_verdict verdict;
    bool interrupted; /* something was left out */
};

/* Opens the case and measures everything. `shows_progress`: on standard error. As blame_open and
 * blame_measure; interrupted (attempt.h), it is STATUS_OK with what was had by then.
 * inquiry_free in any case. */
enum status inquiry_make(struct inquiry *inquiry, const struct blame_request *request,
                         unsigned workers, bool shows_progress, struct error *error);

/* The same without the changes. */
enum status inquiry_make_curve(struct inquiry *inquiry, const struct blame_request *request,
                               unsigned workers, bool shows_progress, struct error *error);
void inquiry_free(struct inquiry *inquiry);

#endif

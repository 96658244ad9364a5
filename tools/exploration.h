/* exploration.h: one scenario explored by many processes.
 *
 * Method. One pass for each number of deviations, from 1 to D, so that a pass knows all smaller
 * stories when it begins. A pass's items (model/search/explore.h) are cut into pieces, which
 * workers do (workers.h); each is forked with the plain run made. What they found is merged in the
 * order of the pieces, so it is the same with any number of them. Pieces that a journal holds are
 * not done again. Searching all worlds (explorer_reach) is one piece of work, of one process.
 */
#ifndef LOCKSTEP_TOOLS_EXPLORATION_H
#define LOCKSTEP_TOOLS_EXPLORATION_H

#include "tools/findings.h"
#include "tools/journal.h"

struct exploration_work {
    struct exploration exploration; /* its `deviations` is D */
    bool all_worlds;                /* any number of deviations: explorer_reach */
    const char *title; /* for progress and keys in the journal: no more than 32 bytes count */
    uint32_t number;   /* of the scenario, where several share a journal */
    unsigned workers;
    bool shows_progress;          /* on standard error */
    struct journal_file *journal; /* NULL: none */
    bool (*stopped)(void);        /* NULL: never */
};

/* What is told of it. */
struct explored {
    struct findings findings; /* of the last pass, stories of all passes */
    uint64_t plain_events;
    uint64_t items, items_done; /* of the last pass */
    bool complete;              /* it was not stopped before its end */
    bool too_many;              /* worlds: that is why */
};

/* STATUS_OK also where it was stopped: then not complete. STATUS_NO_MEMORY, STATUS_IO,
 * STATUS_CORRUPT with a message. explored_free in any case. */
enum status exploration_do(const struct exploration_work *work, struct explored *explored,
                           struct error *error);
void explored_free(struct explored *explored);

#endif

/* exploration_page.h: what a search found, as a page.
 *
 * Method. First what was covered, and a matrix of the cases against the properties: the fewest
 * deviations that violate each. Then for each case and each property that is violated what a search
 * of fewer deviations says, and its shortest stories: a story is run again as faults of its
 * scenario, and drawn (model/search/blame.h); the first of a property is measured, too, event by
 * event (inquiry.h). A run that violates several properties is drawn once.
 *
 * The same findings give the same bytes, with any number of workers. After an interrupt nothing
 * more is measured, and the page says so.
 */
#ifndef LOCKSTEP_TOOLS_EXPLORATION_PAGE_H
#define LOCKSTEP_TOOLS_EXPLORATION_PAGE_H

#include "tools/exploration.h"
#include "tools/subject.h"

/* A case, or a scenario that has none. */
struct exploration_case {
    struct text name; /* empty: the scenario has no cases */
    const struct subject *subject;
    const struct deviation_menu *menu;
    const struct explored *explored; /* NULL: the search did not come to it */
};

struct exploration_page {
    const struct subject *subject; /* as the command line has it */
    const struct exploration_case *cases;
    size_t cases_count;
    uint32_t deviations, groups; /* at most so many; bits: enum deviation_group */
    uint64_t worlds_most;
    bool fingerprints;
    bool all_worlds; /* any number of deviations */
    unsigned workers;
    bool shows_progress; /* on standard error */
};

/* Whether a file could be written there: asked before a search that may take long. STATUS_IO or
 * STATUS_BAD_INPUT with a message. */
enum status exploration_page_try(const char *path, struct error *error);

/* Writes it, whole or not at all; "-" is standard output. STATUS_NO_MEMORY, STATUS_IO with a
 * message. */
enum status exploration_page_write(const struct exploration_page *page, const char *path,
                                   struct error *error);

#endif

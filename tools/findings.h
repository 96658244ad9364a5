/* findings.h: what a search found: which properties are violated by which stories, how often.
 *
 * A story is what was done, whoever it was done to: its elements, sorted, each a form of the menu
 * at a point. Of a property only those stories are kept that contain no smaller one: what a single
 * deviation violates is not told again of every pair that has it.
 */
#ifndef LOCKSTEP_TOOLS_FINDINGS_H
#define LOCKSTEP_TOOLS_FINDINGS_H

#include "model/pipeline/goals.h"
#include "model/search/explore.h"

#include <stdio.h>

/* The invariants, and that a run ends. */
enum { PROPERTY_ENDS = INVARIANTS_COUNT, PROPERTIES_COUNT };

/* "S1"; "ends". */
const char *property_name(uint32_t property);

/* "a file is listed by two started manifests"; "the run goes on without end". */
const char *property_text(uint32_t property);

struct finding {
    uint32_t property, size;                          /* of the story */
    uint32_t elements[EXPLORE_DEVIATIONS_MAX];        /* ascending */
    uint64_t runs;                                    /* that told it */
    struct deviation example[EXPLORE_DEVIATIONS_MAX]; /* the least of those runs, in its order */
};

struct findings {
    struct finding *rows;
    size_t count, capacity;
    uint32_t *cells; /* row + 1 by hash; 0: free */
    size_t cells_count;
    uint64_t
        runs[EXPLORE_DEVIATIONS_MAX + 1]; /* that ended, by their deviations: so many or more */
    uint64_t violating[PROPERTIES_COUNT][EXPLORE_DEVIATIONS_MAX + 1];
    uint64_t full;               /* runs for which the simulation's room was too small */
    uint64_t goals[GOALS_COUNT]; /* runs that reached each, up to a world that was seen before */
    struct exploration_counts counts;
};

void findings_free(struct findings *f);

/* Counts a run, and keeps its stories that are news: not known, and containing none of `known`
 * (NULL: nothing is known; may be *f). Of more deviations than a story has room for, it is only
 * counted. STATUS_NO_MEMORY with a message. */
enum status findings_add(struct findings *f, const struct findings *known,
                         const struct exploration_run *run, struct error *error);

/* Adds all of `more`. */
enum status findings_merge(struct findings *f, const struct findings *more, struct error *error);

/* As lines of numbers, and back (added to what is there). STATUS_CORRUPT with a message where they
 * are no findings. */
void findings_write(const struct findings *f, FILE *out);
enum status findings_read(struct findings *f, struct text text, struct error *error);

/* By property, number of deviations, runs (most first), elements. */
void findings_sort(struct findings *f);

/* The fewest deviations that violate a property; UINT32_MAX: none did. */
uint32_t findings_least(const struct findings *f, uint32_t property);

/* Runs that violated it. */
uint64_t findings_violating(const struct findings *f, uint32_t property);

#endif

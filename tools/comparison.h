/* comparison.h: `lockstep run --compare`: the same scenario with each of several assignments, in
 * one table.
 *
 * An argument is a list, pipeline.lock=strict,takeover,none: a variant for each value. A value may
 * bring more assignments along: pipeline.builder=V3,V7+pipeline.machine=M7. Of several lists, all
 * combinations are made, the last list running fastest.
 */
#ifndef LOCKSTEP_TOOLS_COMPARISON_H
#define LOCKSTEP_TOOLS_COMPARISON_H

#include "tools/plan.h"
#include "tools/report.h"

enum { COMPARED_LISTS_MAX = 8, VARIANTS_MAX = 4096 };

struct comparison {
    struct variant *variants;
    size_t variants_count;
    struct text headers[COMPARED_LISTS_MAX]; /* the lists' paths */
    size_t lists_count;
    void *memory; /* what the variants point into */
};

/* Makes the variants of the lists; without any, the one of `sets` alone, which come first in each.
 * STATUS_BAD_INPUT with a message where a list is not well formed or there would be too many.
 * comparison_free in any case; the arguments outlive it. */
enum status comparison_make(struct comparison *comparison, const char *const *lists,
                            size_t lists_count, const char *const *sets, size_t sets_count,
                            struct error *error);
void comparison_free(struct comparison *comparison);

enum comparison_format { COMPARISON_TEXT, COMPARISON_JSON, COMPARISON_CSV };

/* What the table tells of a run, as one line for comparison_put. */
void comparison_write_row(FILE *out, const struct report *report);

/* Writes the table. `rows` has a line for each unit of the plan; size 0: the run gave no report. */
void comparison_put(const struct comparison *comparison, const struct plan *plan,
                    const struct text *rows, enum comparison_format format, FILE *out);

#endif

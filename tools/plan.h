/* plan.h: what a command line asks to be run, run by run.
 *
 * Method. Each scenario file is read and decoded once, to learn its name and its cases. A file
 * without cases is one unit; a file with cases, one for each; where assignments are compared, each
 * of these once for every variant. What cannot be decoded is a unit, too: running it tells why.
 */
#ifndef LOCKSTEP_TOOLS_PLAN_H
#define LOCKSTEP_TOOLS_PLAN_H

#include "tools/scenario_decoder.h"
#include "tools/selection.h"

#include <stdio.h>

/* Assignments that a unit has beyond those of the command line. */
struct variant {
    const char *const *sets; /* all of them, those of the command line first */
    size_t sets_count;
    const char *const *cells; /* what is compared, one for each list */
};

struct unit {
    const char *path;
    struct text yaml;      /* what is in the file; `at` NULL: it cannot be read */
    struct text name;      /* of the scenario; the path where that is not known */
    struct text case_name; /* empty: none */
    struct text id;        /* in the catalogue; empty: none */
    struct text description;
    bool good;      /* it could be decoded */
    size_t runs;    /* units of its file, all of which come one after the other; 0: a part of its
                       cases is not in the plan */
    uint32_t reach; /* goals that those runs must reach together: bit i, enum goal i */
    struct variant variant;
};

struct plan_file;

struct plan {
    struct unit *units;
    size_t count, capacity;
    bool single; /* one run was asked for, not a list that may hold one */
    struct plan_file *files;
    size_t files_count;
};

/* What is wanted of the files. */
struct plan_request {
    const struct selection *selection;
    const struct variant *variants; /* at least one */
    size_t variants_count;
    const char *const *patterns; /* one of them fits; none: all are wanted */
    size_t patterns_count;
    const char *case_name; /* NULL: every case */
};

/* STATUS_BAD_INPUT with a message where nothing is left, or no file has the case; STATUS_NO_MEMORY.
 * plan_free in any case. */
enum status plan_make(struct plan *plan, const struct plan_request *request, struct error *error);
void plan_free(struct plan *plan);

/* "name / case", or the name alone. */
enum { UNIT_TITLE_MAX = 256 };
struct text unit_title(struct text name, struct text case_name, char room[UNIT_TITLE_MAX]);

/* A line for each unit: title, id, file, description. */
void plan_put(const struct plan *plan, FILE *out);

/* The same as a JSON array. */
void plan_put_json(const struct plan *plan, FILE *out);

#endif

/* sweep.h: a scenario run once for every single fault that could strike it.
 *
 * Method. The scenario is run as it is; the points that this reaches, each with the kinds of fault
 * that may strike there, and the first few times that each is reached, make the list of runs: the
 * scenario and that one fault. Some kinds come in several forms, so a column of the matrix is a
 * form: kill and kill_before, throttle and throttle_all. Worker processes take turns at the list
 * and send what came of each run through pipes; the result stands in the order of the list, whoever
 * was first. Every run is judged by all invariants. A run that has not ended after many times the
 * events of the one without a fault counts as one that does not end.
 */
#ifndef LOCKSTEP_TOOLS_SWEEP_H
#define LOCKSTEP_TOOLS_SWEEP_H

#include "model/pipeline/fault_forms.h"
#include "model/pipeline/faults.h"
#include "model/pipeline/run.h"

#include <stdio.h>

enum sweep_end { SWEEP_ENDED, SWEEP_ENDLESS, SWEEP_FULL };

/* What came of one run. */
struct sweep_outcome {
    uint32_t violated;   /* bit i: enum invariant i */
    uint8_t struck, end; /* enum sweep_end */
    uint16_t unused;
};

/* One run of the list. */
struct sweep_run {
    uint32_t point, column; /* of struct sweep's points, of the columns */
    uint64_t occurrence;
    struct sweep_outcome outcome;
};

struct sweep {
    const struct scenario *scenario;
    enum choice_strategy strategy; /* seeded, or the defaults */
    uint64_t seed;
    uint32_t kinds;       /* bit k: enum fault_kind k is wanted */
    uint64_t occurrences; /* of each point, at most */
    unsigned workers;
    bool shows_progress; /* on standard error */

    struct point_row *points; /* of the run without a fault */
    size_t points_count;
    struct sweep_outcome without; /* a fault */
    uint64_t events;              /* of that run */
    struct sweep_run *runs;
    size_t runs_count;
};

/* The run without a fault: points and `without`. */
enum status sweep_prepare(struct sweep *s, struct error *error);

/* All runs. STATUS_IO or STATUS_NO_MEMORY with a message where the machine refuses. */
enum status sweep_perform(struct sweep *s, struct error *error);
void sweep_deinit(struct sweep *s);

/* The runs of one cell. */
struct sweep_cell {
    size_t first;   /* of the runs; they stand together */
    uint32_t count; /* 0: nothing of the kind can happen there, or it was not wanted */
    uint32_t struck, violating, unended;
    uint32_t violated;                /* all of them together */
    const struct sweep_run *violator; /* the first that violates or does not end; NULL: none */
};

struct sweep_cell sweep_cell(const struct sweep *s, size_t point, size_t column);

/* Writes the options that add the run's fault to its scenario: " --set faults.0.kill=...". */
void sweep_put_options(FILE *out, const struct sweep *s, const struct sweep_run *run);

#endif

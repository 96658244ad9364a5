/* report.h: what is told about a run, and in which formats.
 *
 * A report is a view of a finished run and its judgement; the formats only write. Everything
 * written is a function of the run: no wall time, no host name, so the same run gives the same
 * bytes.
 */
#ifndef LOCKSTEP_TOOLS_REPORT_H
#define LOCKSTEP_TOOLS_REPORT_H

#include "model/pipeline/results.h"
#include "sim/choice.h"

#include <stdio.h>

/* What came of an expectation's query. */
struct expectation_result {
    bool ok;
    char observed[96]; /* "0", "no row", "2 rows", "NULL" */
};

struct report {
    const struct run *run;
    const struct scenario *scenario;
    struct text file, yaml; /* the scenario's file and its content */
    enum choice_strategy strategy;
    uint64_t seed;      /* of CHOICE_SEEDED */
    const char *replay; /* the command that gives this run again */
    bool interrupted;
    struct summary summary;
    struct expectation_result expectations[EXPECTATIONS_MAX];

    /* Set by report_judge. */
    uint64_t violations[INVARIANTS_COUNT];          /* of each invariant */
    uint32_t expectations_false, invariants_broken; /* the latter among the required */
    bool judged, passed;
};

/* Counts violations and decides: every expectation holds, no required invariant is violated, no
 * capacity was exceeded. */
void report_judge(struct report *report);

/* Where reports go, one after the other. */
struct report_stream {
    FILE *out;
    size_t count, written; /* reports in all, so far */
    size_t tests;          /* written so far, for formats that number them */
    bool color;
};

struct report_format {
    const char *name;
    void (*begin)(struct report_stream *stream);
    void (*put)(struct report_stream *stream, const struct report *report);
    void (*end)(struct report_stream *stream);
};

/* text, json, junit, tap; NULL beyond the last. */
const struct report_format *report_format_at(size_t i);

extern const struct report_format report_text, report_json, report_junit, report_tap;

/* "S1", and what it says in a sentence. */
const char *invariant_name(enum invariant invariant);
const char *invariant_text(enum invariant invariant);
bool invariant_required(const struct report *report, enum invariant invariant);

enum { REPORT_DEVIATION_MAX = 160 };

/* The i-th fault that struck, in words, written into the caller's buffer:
 * "kill manifest_builder[2.7] at PUT_MANIFEST". */
struct text report_deviation(const struct report *report, uint64_t i,
                             char buffer[REPORT_DEVIATION_MAX]);

/* "never reached: kill manifest_builder at PUT_MANIFEST"; empty where the scenario's i-th fault
 * struck. */
struct text report_unreached(const struct report *report, uint64_t i,
                             char buffer[REPORT_DEVIATION_MAX]);

/* The i-th violation of one invariant, from 0: false where there are fewer. */
bool report_violation(const struct report *report, enum invariant invariant, uint64_t i,
                      struct violation_row *row);

/* Seconds in decimal without superfluous zeros: "412.7", "0", "0.000000001". */
void put_seconds(FILE *out, int64_t ns);

/* The same of thousandths of a unit, and of billionths of a dollar. */
void put_units(FILE *out, int64_t milli);
void put_dollars(FILE *out, int64_t nano);

/* Time since the start as h:mm:ss.mmm, cut to milliseconds; "never" for NEVER. */
struct clock_text {
    char text[32];
} clock_text(const struct report *report, struct instant at);

/* Text from outside, whole, on one line: control characters as blanks, bad bytes as '?'. */
void put_plain(FILE *out, struct text text);

/* "once", "4 times". */
void put_times(FILE *out, uint64_t count);

/* The sentence that says what an expectation's query gave. */
void put_observed(FILE *out, const struct expectation_result *result);

#endif

/* report.h: what is told about a run, and in which formats.
 *
 * A report is a view of a finished run and its judgement; the formats only write. Everything
 * written is a function of the run: no wall time, no host name, so the same run gives the same
 * bytes.
 */
#ifndef LOCKSTEP_TOOLS_REPORT_H
#define LOCKSTEP_TOOLS_REPORT_H

#include "model/pipeline/explain.h"
#include "model/pipeline/goals.h"
#include "model/pipeline/results.h"
#include "sim/choice.h"

#include <stdio.h>

/* What came of an expectation's query. */
struct expectation_result {
    bool ok;
    char observed[96]; /* "0", "no row", "2 rows", "NULL" */
};

/* What was asked of the goals of a run, or of all runs of a scenario, and in how many of them each
 * was reached. */
struct report_goals {
    uint32_t asked; /* bit i: enum goal i must be reached in one of them */
    uint64_t runs, reached[GOALS_COUNT];
};

struct report {
    const struct run *run;
    const struct scenario *scenario;
    struct text file, yaml; /* the scenario's file and its content */
    enum choice_strategy strategy;
    uint64_t seed;      /* of CHOICE_SEEDED */
    const char *replay; /* the command that gives this run again */
    bool interrupted;
    struct report_goals goals; /* `asked` of this run alone; the rest is set by report_judge */
    struct summary summary;
    struct expectation_result expectations[EXPECTATIONS_MAX];
    const struct explanation *explanation; /* NULL: not asked for, or nothing was violated */

    /* Set by report_judge. */
    uint64_t violations[INVARIANTS_COUNT];          /* of each invariant */
    uint32_t expectations_false, invariants_broken; /* the latter among the required */
    uint32_t found;                                 /* bit i: invariant i was violated */
    uint32_t unexpected, missing; /* where `violates` is said: what it should not be, or should */
    bool judged, passed;
};

/* Counts violations and decides: every expectation holds, no required invariant is violated, what
 * is violated is what the scenario says, if it does; the goals that were asked for are reached; no
 * capacity was exceeded. */
void report_judge(struct report *report);

/* Adds a run that has reached the goals of `reached`, a bit each. */
void report_goals_add(struct report_goals *goals, uint64_t reached);

/* Those that were asked for and never reached. */
uint32_t report_goals_missed(const struct report_goals *goals);

/* What came of all runs of a scenario that has several. */
struct report_campaign {
    struct text title, file;
    const struct report_goals *goals;
};

/* A run that gave no report: bad input, or the machine's refusal. */
struct report_failure {
    struct text title, file; /* "name / case"; the scenario's file */
    struct text message;     /* lines */
};

/* Where reports go, one after the other. */
struct report_stream {
    FILE *out;
    bool list;      /* several reports may come */
    size_t written; /* reports so far */
    size_t tests;   /* written so far, for formats that number them */
};

/* Reports are written apart, each to a place of its own (`put`, `put_failure`), and joined to a
 * whole in their order, so that they may come about in any. */
struct report_format {
    const char *name;
    void (*begin)(struct report_stream *stream);
    void (*put)(FILE *out, const struct report *report, bool color);
    void (*put_failure)(FILE *out, const struct report_failure *failure); /* NULL: not told */
    void (*put_campaign)(FILE *out, const struct report_campaign *campaign, bool color);
    void (*join)(struct report_stream *stream, struct text report);
    void (*end)(struct report_stream *stream);
};

/* text, json, junit, tap; NULL beyond the last. */
const struct report_format *report_format_at(size_t i);

extern const struct report_format report_text, report_json, report_junit, report_tap;

/* "name / case" of the run, written into the caller's buffer. */
enum { REPORT_TITLE_MAX = 256 };
struct text report_title(const struct report *report, char buffer[REPORT_TITLE_MAX]);

/* Whether the scenario says what must be violated, and whether it was just that. */
bool report_says_violates(const struct report *report);
bool report_violates_as_said(const struct report *report);

/* "S2, S4", or "nothing". */
void put_invariant_names(FILE *out, uint32_t bits);

/* The sentences that say how far what was violated is not what was said. */
void put_violates_mistake(FILE *out, const struct report *report);

/* "S1", and what it says in a sentence. */
const char *invariant_name(enum invariant invariant);
const char *invariant_text(enum invariant invariant);
bool invariant_required(const struct report *report, enum invariant invariant);

/* "lock-refused was reached in 2 of 3 runs". */
void put_goal_sentence(FILE *out, const struct report_goals *goals, enum goal goal);

/* A line for each that was asked for: ok or FALSE, and its sentence. */
void put_goals_asked(FILE *out, const struct report_goals *goals);

/* The names of those that were reached; what was asked of them, only where something was: two
 * members of a JSON object. */
void put_goals_json(FILE *out, const struct report_goals *goals);

/* "reach: lock-refused was reached in 0 of 3 runs; ...", of those that were missed. */
void put_goals_mistake(FILE *out, const struct report_goals *goals);

enum { REPORT_DEVIATION_MAX = 160 };

/* The i-th fault that struck, in words, written into the caller's buffer:
 * "kill manifest_builder[2.7] at PUT_MANIFEST". */
struct text report_deviation(const struct report *report, uint64_t i,
                             char buffer[REPORT_DEVIATION_MAX]);

/* "never reached: kill manifest_builder at PUT_MANIFEST"; empty where the scenario's i-th fault
 * struck. */
struct text report_unreached(const struct report *report, uint64_t i,
                             char buffer[REPORT_DEVIATION_MAX]);
/* Whose call brought a violation about, in words: "manifest_builder[2.7] at PUT_MANIFEST
 * (PutObject)"; empty where it is nobody's. */
struct text report_violator(const struct violation_row *row, char buffer[REPORT_DEVIATION_MAX]);

/* The explanation as lines for a person; empty where there is none. */
enum { REPORT_EXPLANATION_MAX = 16384 };
struct text report_explanation(const struct report *report, char buffer[REPORT_EXPLANATION_MAX]);

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

struct clock_text clock_since(struct instant start, struct instant at);

/* Text from outside, whole, on one line: control characters as blanks, bad bytes as '?'. */
void put_plain(FILE *out, struct text text);

/* A JSON string: control characters escaped, what is not UTF-8 replaced; null where it is empty. */
void put_json(FILE *out, struct text text);
void put_json_or_null(FILE *out, struct text text);

/* ", by manifest_builder[2.7] at PUT_MANIFEST (PutObject)", or nothing. */
void put_violator(FILE *out, const struct violation_row *row);

/* "once", "4 times". */
void put_times(FILE *out, uint64_t count);

/* The sentence that says what an expectation's query gave. */
void put_observed(FILE *out, const struct expectation_result *result);

#endif

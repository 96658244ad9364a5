/* report.c: see report.h. */
#include "tools/report.h"

#include "sim/unicode.h"
#include "tools/plan.h"

#include <inttypes.h>

static const struct {
    const char *name, *text;
} invariants[] = {
    [INVARIANT_S1] = {"S1", "a file is in at most one started manifest"         },
    [INVARIANT_S2] = {"S2", "a manifest's key is written once"                  },
    [INVARIANT_S3] = {"S3", "no accepted file is lost"                          },
    [INVARIANT_S4] = {"S4", "a manifested file is listed by a started manifest" },
    [INVARIANT_S5] = {"S5", "a file's rows are put out once"                    },
    [INVARIANT_S6] = {"S6", "a manifest's record tells how its execution stands"},
    [INVARIANT_S7] = {"S7", "at most one invocation works under a date's lock"  },
    [INVARIANT_L1] = {"L1", "enough pending files of today become a manifest"   },
    [INVARIANT_L2] = {"L2", "pending files of an earlier date become a manifest"},
    [INVARIANT_L3] = {"L3", "a lock blocks nobody for longer than its life"     },
    [INVARIANT_L4] = {"L4", "no started batch fails unseen"                     },
    [INVARIANT_O] = {"O",  "what an operator's tool prints is so"              },
};

_Static_assert(sizeof invariants / sizeof invariants[0] == INVARIANTS_COUNT, "one text each");

const char *invariant_name(enum invariant invariant)
{
    return invariants[invariant].name;
}

const char *invariant_text(enum invariant invariant)
{
    return invariants[invariant].text;
}

bool invariant_required(const struct report *report, enum invariant invariant)
{
    return (report->scenario->required_invariants >> invariant & 1) != 0;
}

const struct report_format *report_format_at(size_t i)
{
    static const struct report_format *const formats[] = {&report_text, &report_json, &report_junit,
                                                          &report_tap};
    return i < sizeof formats / sizeof formats[0] ? formats[i] : NULL;
}

void report_judge(struct report *report)
{
    memset(report->violations, 0, sizeof report->violations);
    for (uint64_t i = 0; i < run_violations_count(report->run); i++) {
        struct violation_row row;
        run_violation(report->run, i, &row);
        report->violations[row.invariant]++;
    }
    report->invariants_broken = 0;
    report->found = 0;
    for (unsigned i = 0; i < INVARIANTS_COUNT; i++) {
        report->found |= (uint32_t)(report->violations[i] > 0) << i;
        report->invariants_broken +=
            report->violations[i] > 0 && invariant_required(report, (enum invariant)i);
    }
    uint32_t said = report_says_violates(report) ? report->scenario->violates : report->found;
    report->unexpected = report->found & ~said;
    report->missing = said & ~report->found;
    report->expectations_false = 0;
    for (uint32_t i = 0; i < report->scenario->expectations_count; i++) {
        report->expectations_false += !report->expectations[i].ok;
    }
    report_goals_add(&report->goals, goals_reached(report->run));
    report->judged = true;
    report->passed = report->expectations_false == 0 && report->invariants_broken == 0 &&
                     report_violates_as_said(report) && report_goals_missed(&report->goals) == 0 &&
                     !report->summary.full;
}

void report_goals_add(struct report_goals *goals, uint64_t reached)
{
    goals->runs++;
    goals_add(goals->reached, reached);
}

uint32_t report_goals_missed(const struct report_goals *goals)
{
    uint32_t missed = 0;
    for (unsigned i = 0; i < GOALS_COUNT; i++) {
        missed |= (uint32_t)(goals->reached[i] == 0) << i;
    }
    return missed & goals->asked;
}

void put_goal_sentence(FILE *out, const struct report_goals *goals, enum goal goal)
{
    (void)fprintf(out, "%s was reached in %" PRIu64 " of %" PRIu64 " %s", goal_name(goal),
                  goals->reached[goal], goals->runs, goals->runs == 1 ? "run" : "runs");
}

void put_goals_asked(FILE *out, const struct report_goals *goals)
{
    for (unsigned i = 0; i < GOALS_COUNT; i++) {
        if ((goals->asked >> i & 1) != 0) {
            (void)fprintf(out, "  %-6s", goals->reached[i] > 0 ? "ok" : "FALSE");
            put_goal_sentence(out, goals, (enum goal)i);
            (void)fprintf(out, ": %s\n", goal_text((enum goal)i));
        }
    }
}

void put_goals_json(FILE *out, const struct report_goals *goals)
{
    const char *separator = "";
    (void)fputs(" \"reached\": [", out);
    for (unsigned i = 0; i < GOALS_COUNT; i++) {
        if (goals->reached[i] > 0) {
            (void)fprintf(out, "%s\"%s\"", separator, goal_name((enum goal)i));
            separator = ", ";
        }
    }
    separator = "],\n \"reach\": [";
    for (unsigned i = 0; i < GOALS_COUNT; i++) {
        if ((goals->asked >> i & 1) != 0) {
            (void)fprintf(out,
                          "%s{\"goal\": \"%s\", \"reached\": %" PRIu64 ", \"runs\": %" PRIu64
                          ", \"ok\": %s}",
                          separator, goal_name((enum goal)i), goals->reached[i], goals->runs,
                          goals->reached[i] > 0 ? "true" : "false");
            separator = ", ";
        }
    }
    (void)fputs("]", out);
}

void put_goals_mistake(FILE *out, const struct report_goals *goals)
{
    const char *separator = "reach: ";
    for (unsigned i = 0; i < GOALS_COUNT; i++) {
        if ((report_goals_missed(goals) >> i & 1) != 0) {
            (void)fputs(separator, out);
            put_goal_sentence(out, goals, (enum goal)i);
            separator = "; ";
        }
    }
}

struct text report_title(const struct report *report, char buffer[REPORT_TITLE_MAX])
{
    return unit_title(report->scenario->name, report->scenario->case_name, buffer);
}

bool report_says_violates(const struct report *report)
{
    return report->scenario->violates != VIOLATES_ANY;
}

bool report_violates_as_said(const struct report *report)
{
    return report->unexpected == 0 && report->missing == 0;
}

void put_invariant_names(FILE *out, uint32_t bits)
{
    const char *separator = "";
    (void)fputs(bits == 0 ? "nothing" : "", out);
    for (unsigned i = 0; i < INVARIANTS_COUNT; i++) {
        if ((bits >> i & 1) != 0) {
            (void)fprintf(out, "%s%s", separator, invariant_name((enum invariant)i));
            separator = ", ";
        }
    }
}

void put_violates_mistake(FILE *out, const struct report *report)
{
    if (report->unexpected != 0) {
        (void)fputs("violated against what the scenario says: ", out);
        put_invariant_names(out, report->unexpected);
    }
    (void)fputs(report->unexpected != 0 && report->missing != 0 ? "; " : "", out);
    if (report->missing != 0) {
        (void)fputs("not violated, against what the scenario says: ", out);
        put_invariant_names(out, report->missing);
    }
}

bool report_violation(const struct report *report, enum invariant invariant, uint64_t i,
                      struct violation_row *row)
{
    for (uint64_t r = 0; i < report->violations[invariant]; r++) {
        run_violation(report->run, r, row);
        if (row->invariant == invariant && i-- == 0) {
            return true;
        }
    }
    return false;
}

/* A whole number of 10^-digits, in decimal without superfluous zeros. */
static void put_decimal(FILE *out, int64_t number, int64_t one, int digits)
{
    int64_t fraction = number % one;
    (void)fprintf(out, "%" PRId64, number / one);
    if (fraction == 0) {
        return;
    }
    while (fraction % 10 == 0) {
        fraction /= 10;
        digits--;
    }
    (void)fprintf(out, ".%0*" PRId64, digits, fraction);
}

void put_seconds(FILE *out, int64_t ns)
{
    put_decimal(out, ns, NS_PER_S, 9);
}

void put_units(FILE *out, int64_t milli)
{
    put_decimal(out, milli, 1000, 3);
}

void put_dollars(FILE *out, int64_t nano)
{
    put_decimal(out, nano, 1000000000, 9);
}

struct clock_text clock_text(const struct report *report, struct instant at)
{
    return clock_since(report->scenario->start, at);
}

struct clock_text clock_since(struct instant start, struct instant at)
{
    struct clock_text c;
    int64_t ms = (at.ns - start.ns) / NS_PER_MS;
    if (at.ns == NEVER) {
        (void)snprintf(c.text, sizeof c.text, "never");
    } else {
        (void)snprintf(c.text, sizeof c.text, "%" PRId64 ":%02d:%02d.%03d", ms / 3600000,
                       (int)(ms / 60000 % 60), (int)(ms / 1000 % 60), (int)(ms % 1000));
    }
    return c;
}

void put_plain(FILE *out, struct text text)
{
    while (text.size > 0) {
        size_t size = utf8_character(text);
        unsigned char first = (unsigned char)text.at[0];
        if (size == 0 || first < 0x20 || first == 0x7F) {
            (void)fputc(size == 0 ? '?' : ' ', out);
            size = 1;
        } else {
            (void)fwrite(text.at, 1, size, out);
        }
        text = (struct text){text.at + size, text.size - size};
    }
}

void put_json(FILE *out, struct text text)
{
    (void)fputc('"', out);
    while (text.size > 0) {
        size_t size = utf8_character(text);
        unsigned char first = (unsigned char)text.at[0];
        if (size == 0) {
            (void)fputs("\\ufffd", out);
            size = 1;
        } else if (first == '"' || first == '\\') {
            (void)fprintf(out, "\\%c", first);
        } else if (first < 0x20 || first == 0x7F) {
            (void)fprintf(out, "\\u%04x", first);
        } else {
            (void)fwrite(text.at, 1, size, out);
        }
        text = (struct text){text.at + size, text.size - size};
    }
    (void)fputc('"', out);
}

void put_json_or_null(FILE *out, struct text text)
{
    if (text.size == 0) {
        (void)fputs("null", out);
    } else {
        put_json(out, text);
    }
}

void put_times(FILE *out, uint64_t count)
{
    if (count == 1) {
        (void)fputs("once", out);
    } else {
        (void)fprintf(out, "%" PRIu64 " times", count);
    }
}

void put_observed(FILE *out, const struct expectation_result *result)
{
    (void)fprintf(out, "the query gave %s, not 1", result->observed);
}

/* "manifest_builder[2.7] at PUT_MANIFEST" */
static void put_who(struct text_writer *w, struct text process, int64_t parent, int64_t ordinal,
                    struct text point)
{
    text_put(w, process);
    text_put_char(w, '[');
    if (parent != 0) {
        text_put_integer(w, parent, 0);
        text_put_char(w, '.');
    }
    text_put_integer(w, ordinal, 0);
    text_put(w, TEXT("] at "));
    text_put(w, point);
}

struct text report_deviation(const struct report *report, uint64_t i,
                             char buffer[REPORT_DEVIATION_MAX])
{
    struct deviation_row row;
    run_deviation(report->run, i, &row);
    struct text_writer w = text_writer(buffer, REPORT_DEVIATION_MAX);
    text_put(&w, row.fault);
    text_put_char(&w, ' ');
    put_who(&w, row.process, row.parent, row.ordinal, row.point);
    return text_written(&w);
}

struct text report_unreached(const struct report *report, uint64_t i,
                             char buffer[REPORT_DEVIATION_MAX])
{
    struct fault_row row;
    run_fault(report->run, i, &row);
    struct text_writer w = text_writer(buffer, REPORT_DEVIATION_MAX);
    if (row.struck == 0) {
        text_put(&w, TEXT("never reached: "));
        text_put(&w, row.fault);
        text_put_char(&w, ' ');
        text_put(&w, row.process);
        text_put(&w, TEXT(" at "));
        text_put(&w, row.point);
    }
    return text_written(&w);
}

struct text report_violator(const struct violation_row *row, char buffer[REPORT_DEVIATION_MAX])
{
    struct text_writer w = text_writer(buffer, REPORT_DEVIATION_MAX);
    if (row->process.size > 0) {
        put_who(&w, row->process, row->parent, row->ordinal, row->point);
        text_put(&w, TEXT(" ("));
        text_put(&w, row->operation);
        text_put(&w, TEXT(")"));
    }
    return text_written(&w);
}

struct text report_explanation(const struct report *report, char buffer[REPORT_EXPLANATION_MAX])
{
    struct text_writer w = text_writer(buffer, REPORT_EXPLANATION_MAX);
    if (report->explanation != NULL) {
        explanation_put(report->explanation, report->scenario->start, &w);
    }
    return text_written(&w);
}

void put_violator(FILE *out, const struct violation_row *row)
{
    char room[REPORT_DEVIATION_MAX];
    struct text who = report_violator(row, room);
    if (who.size > 0) {
        (void)fputs(", by ", out);
        put_plain(out, who);
    }
}

/* report_junit.c: JUnit's XML, as GitLab and GitHub read it: a suite for each run, a test case for
 * each expectation and each required invariant. The reason of a failure is in the element's body,
 * since GitLab ignores the attribute `message`.
 */
#include "tools/report.h"

#include "sim/unicode.h"

#include <inttypes.h>

/* Escaped for elements and attributes; what XML 1.0 cannot hold is left out. */
static void put_xml(FILE *out, struct text text)
{
    while (text.size > 0) {
        size_t size = utf8_character(text);
        char first = text.at[0];
        if (size == 0) {
            (void)fputs("\xEF\xBF\xBD", out);
            size = 1;
        } else if (first == '<' || first == '>' || first == '&' || first == '"') {
            (void)fprintf(out, "&#%d;", first);
        } else if ((unsigned char)first >= 0x20 || first == '\n' || first == '\t') {
            bool forbidden =
                text_starts(text, TEXT("\xEF\xBF\xBE")) || text_starts(text, TEXT("\xEF\xBF\xBF"));
            (void)fwrite(text.at, 1, forbidden ? 0 : size, out);
        }
        text = (struct text){text.at + size, text.size - size};
    }
}

/* How long it took is not told: the report is a function of the run. */
static void open_case(FILE *out, struct text title, struct text file, struct text name)
{
    (void)fputs("    <testcase classname=\"", out);
    put_xml(out, title);
    (void)fputs("\" name=\"", out);
    put_xml(out, name);
    (void)fputs("\" file=\"", out);
    put_xml(out, file);
    (void)fputs("\" time=\"0\"", out);
}

static void put_case(FILE *out, const struct report *r, struct text name)
{
    char room[REPORT_TITLE_MAX];
    open_case(out, report_title(r, room), r->file, name);
}

static void open_failure(FILE *out)
{
    (void)fputs(">\n      <failure>", out);
}

static void close_failure(FILE *out, const struct report *r)
{
    (void)fputs("\nreplay: ", out);
    put_xml(out, text_from(r->replay));
    (void)fputs("</failure>\n    </testcase>\n", out);
}

static void put_expectation(FILE *out, const struct report *r, uint32_t i)
{
    put_case(out, r, r->scenario->expectations[i].name);
    if (r->expectations[i].ok) {
        (void)fputs("/>\n", out);
        return;
    }
    open_failure(out);
    put_observed(out, &r->expectations[i]);
    (void)fputs("\n", out);
    put_xml(out, r->scenario->expectations[i].sql);
    close_failure(out, r);
}

/* How often, and the first of them. */
static void put_violations(FILE *out, const struct report *r, enum invariant invariant)
{
    enum { SHOWN = 5 };
    struct violation_row row;
    (void)fputs("violated ", out);
    put_times(out, r->violations[invariant]);
    for (uint64_t i = 0; i < SHOWN && report_violation(r, invariant, i, &row); i++) {
        (void)fprintf(out, "\n%s ", clock_text(r, row.at).text);
        put_xml(out, row.subject);
        (void)fputs(": ", out);
        put_xml(out, row.text);
        put_violator(out, &row);
    }
}

static void put_invariant(FILE *out, const struct report *r, enum invariant invariant)
{
    char name[96];
    (void)snprintf(name, sizeof name, "%s %s", invariant_name(invariant),
                   invariant_text(invariant));
    put_case(out, r, text_from(name));
    if (r->violations[invariant] == 0) {
        (void)fputs("/>\n", out);
        return;
    }
    open_failure(out);
    put_violations(out, r, invariant);
    close_failure(out, r);
}

/* That it violates what it says, and nothing else. Its failure begins with what is wrong. */
static void put_violates(FILE *out, const struct report *r)
{
    char name[128];
    FILE *words = fmemopen(name, sizeof name, "w");
    if (words != NULL) {
        (void)fputs("violates exactly: ", words);
        put_invariant_names(words, r->scenario->violates);
        (void)fclose(words);
    }
    put_case(out, r, text_from(words == NULL ? "violates" : name));
    bool ok = report_violates_as_said(r);
    if (ok && r->found == 0) {
        (void)fputs("/>\n", out);
        return;
    }
    (void)fputs(ok ? ">\n      <system-out>" : ">\n      <failure>", out);
    put_violates_mistake(out, r);
    const char *separator = ok ? "" : "\n";
    for (unsigned i = 0; i < INVARIANTS_COUNT; i++) {
        if (r->violations[i] > 0) {
            (void)fprintf(out, "%s%s ", separator, invariant_name((enum invariant)i));
            put_violations(out, r, (enum invariant)i);
            separator = "\n";
        }
    }
    if (ok) {
        (void)fputs("</system-out>\n    </testcase>\n", out);
    } else {
        close_failure(out, r);
    }
}

/* A case for each goal that was asked for. `replay` NULL: there is not one run that shows it. */
static void put_goals(FILE *out, const struct report_goals *goals, struct text title,
                      struct text file, const char *replay)
{
    for (unsigned i = 0; i < GOALS_COUNT; i++) {
        if ((goals->asked >> i & 1) == 0) {
            continue;
        }
        char name[64];
        (void)snprintf(name, sizeof name, "reaches %s", goal_name((enum goal)i));
        open_case(out, title, file, text_from(name));
        if (goals->reached[i] > 0) {
            (void)fputs("/>\n", out);
            continue;
        }
        open_failure(out);
        put_goal_sentence(out, goals, (enum goal)i);
        (void)fputs(replay == NULL ? "" : "\nreplay: ", out);
        put_xml(out, text_from(replay == NULL ? "" : replay));
        (void)fputs("</failure>\n    </testcase>\n", out);
    }
}

static uint32_t bits_count(uint32_t bits)
{
    return (uint32_t)__builtin_popcount(bits);
}

static uint32_t required_count(const struct report *r)
{
    return bits_count(r->scenario->required_invariants);
}

static void open_suite(FILE *out, struct text name, uint32_t tests, uint32_t failures,
                       uint32_t errors)
{
    (void)fputs("  <testsuite name=\"", out);
    put_xml(out, name);
    (void)fprintf(out, "\" tests=\"%u\" failures=\"%u\" errors=\"%u\" skipped=\"0\" time=\"0\">\n",
                  tests, failures, errors);
}

static void put_suite(FILE *out, const struct report *r)
{
    char room[REPORT_TITLE_MAX];
    uint32_t tests = r->scenario->expectations_count + required_count(r) + report_says_violates(r) +
                     bits_count(r->goals.asked) + r->summary.full;
    uint32_t failures = r->expectations_false + r->invariants_broken + !report_violates_as_said(r) +
                        bits_count(report_goals_missed(&r->goals)) + r->summary.full;
    open_suite(out, report_title(r, room), tests, failures, 0);
    char hash[HASH128_HEX];
    hash128_hex(r->summary.trace_hash, hash);
    (void)fprintf(out,
                  "    <properties>\n      <property name=\"trace_hash\" value=\"%s\"/>\n"
                  "      <property name=\"seed\" value=\"%" PRIu64 "\"/>\n"
                  "      <property name=\"simulated_seconds\" value=\"",
                  hash, r->seed);
    put_seconds(out, r->summary.simulated_ns);
    (void)fputs("\"/>\n    </properties>\n", out);
}

static void begin(struct report_stream *stream)
{
    (void)fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"lockstep\">\n",
                stream->out);
}

static void put(FILE *out, const struct report *r, bool color)
{
    (void)color;
    put_suite(out, r);
    for (uint32_t i = 0; i < r->scenario->expectations_count; i++) {
        put_expectation(out, r, i);
    }
    for (unsigned i = 0; i < INVARIANTS_COUNT; i++) {
        if (invariant_required(r, (enum invariant)i)) {
            put_invariant(out, r, (enum invariant)i);
        }
    }
    if (report_says_violates(r)) {
        put_violates(out, r);
    }
    char room_for_title[REPORT_TITLE_MAX];
    put_goals(out, &r->goals, report_title(r, room_for_title), r->file, r->replay);
    if (r->summary.full) {
        put_case(out, r, TEXT("capacities suffice"));
        open_failure(out);
        put_xml(out, r->summary.full_what);
        close_failure(out, r);
    }
    char room[REPORT_EXPLANATION_MAX];
    struct text explanation = report_explanation(r, room);
    if (explanation.size > 0) {
        (void)fputs("    <system-out>", out);
        put_xml(out, explanation);
        (void)fputs("</system-out>\n", out);
    }
    (void)fputs("  </testsuite>\n", out);
}

static void put_failure(FILE *out, const struct report_failure *failure)
{
    open_suite(out, failure->title, 1, 0, 1);
    (void)fputs("    <testcase classname=\"", out);
    put_xml(out, failure->title);
    (void)fputs("\" name=\"runs\" file=\"", out);
    put_xml(out, failure->file);
    (void)fputs("\" time=\"0\">\n      <error>", out);
    put_xml(out, failure->message);
    (void)fputs("</error>\n    </testcase>\n  </testsuite>\n", out);
}

static void put_campaign(FILE *out, const struct report_campaign *campaign, bool color)
{
    (void)color;
    const struct report_goals *goals = campaign->goals;
    open_suite(out, campaign->title, bits_count(goals->asked),
               bits_count(report_goals_missed(goals)), 0);
    put_goals(out, goals, campaign->title, campaign->file, NULL);
    (void)fputs("  </testsuite>\n", out);
}

static void join(struct report_stream *stream, struct text report)
{
    (void)fwrite(report.at, 1, report.size, stream->out);
}

static void end(struct report_stream *stream)
{
    (void)fputs("</testsuites>\n", stream->out);
}

const struct report_format report_junit = {"junit",      begin, put, put_failure,
                                           put_campaign, join,  end};

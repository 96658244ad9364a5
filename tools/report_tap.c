/* report_tap.c: the Test Anything Protocol, version 13: a line for each expectation and each
 * required invariant.
 */
#include "tools/report.h"

#include "sim/unicode.h"

/* A description must not begin a directive. */
static void put_description(FILE *out, struct text text)
{
    struct shown s = shown(text);
    for (const char *at = s.text; *at != '\0'; at++) {
        (void)fputs(*at == '#' ? "\\" : "", out);
        (void)fputc(*at, out);
    }
}

static void put_line(FILE *out, bool ok, struct text title, struct text what)
{
    (void)fputs(ok ? "ok - " : "not ok - ", out);
    put_description(out, title);
    (void)fputs(": ", out);
    put_description(out, what);
    (void)fputc('\n', out);
}

static void put_replay(FILE *out, const struct report *r)
{
    (void)fprintf(out, "# replay: %s\n", r->replay);
}

static void put_expectation(FILE *out, const struct report *r, struct text title, uint32_t i)
{
    const struct expectation_result *result = &r->expectations[i];
    put_line(out, result->ok, title, r->scenario->expectations[i].name);
    if (!result->ok) {
        (void)fputs("# ", out);
        put_observed(out, result);
        (void)fputs("\n# ", out);
        put_plain(out, r->scenario->expectations[i].sql);
        (void)fputc('\n', out);
        put_replay(out, r);
    }
}

/* How often, and the first of them. */
static void put_violations(FILE *out, const struct report *r, enum invariant invariant)
{
    enum { SHOWN = 5 };
    struct violation_row row;
    (void)fprintf(out, "# %s violated ", invariant_name(invariant));
    put_times(out, r->violations[invariant]);
    (void)fputc('\n', out);
    for (uint64_t i = 0; i < SHOWN && report_violation(r, invariant, i, &row); i++) {
        (void)fprintf(out, "#   %s, ", clock_text(r, row.at).text);
        put_plain(out, row.subject);
        (void)fputs(": ", out);
        put_plain(out, row.text);
        put_violator(out, &row);
        (void)fputc('\n', out);
    }
}

static void put_invariant(FILE *out, const struct report *r, struct text title,
                          enum invariant invariant)
{
    char what[96];
    (void)snprintf(what, sizeof what, "%s %s", invariant_name(invariant),
                   invariant_text(invariant));
    put_line(out, r->violations[invariant] == 0, title, text_from(what));
    if (r->violations[invariant] > 0) {
        put_violations(out, r, invariant);
        put_replay(out, r);
    }
}

/* That it violates what it says, and nothing else. */
static void put_violates(FILE *out, const struct report *r, struct text title)
{
    bool ok = report_violates_as_said(r);
    (void)fputs(ok ? "ok - " : "not ok - ", out);
    put_description(out, title);
    (void)fputs(": violates exactly: ", out);
    put_invariant_names(out, r->scenario->violates);
    (void)fputc('\n', out);
    if (!ok) {
        (void)fputs("# ", out);
        put_violates_mistake(out, r);
        (void)fputc('\n', out);
    }
    for (unsigned i = 0; i < INVARIANTS_COUNT; i++) {
        if (r->violations[i] > 0) {
            put_violations(out, r, (enum invariant)i);
        }
    }
    if (!ok) {
        put_replay(out, r);
    }
}

static void put_goals(FILE *out, const struct report_goals *goals, struct text title)
{
    for (unsigned i = 0; i < GOALS_COUNT; i++) {
        if ((goals->asked >> i & 1) != 0) {
            char what[64];
            (void)snprintf(what, sizeof what, "reaches %s", goal_name((enum goal)i));
            put_line(out, goals->reached[i] > 0, title, text_from(what));
            (void)fputs("# ", out);
            put_goal_sentence(out, goals, (enum goal)i);
            (void)fputc('\n', out);
        }
    }
}

/* Each line of the text behind a '#'. */
static void put_comment(FILE *out, struct text text)
{
    while (text.size > 0) {
        const char *end = memchr(text.at, '\n', text.size);
        size_t size = end == NULL ? text.size : (size_t)(end - text.at);
        (void)fputs("# ", out);
        put_plain(out, (struct text){text.at, size});
        (void)fputc('\n', out);
        size += end != NULL;
        text = (struct text){text.at + size, text.size - size};
    }
}

static void begin(struct report_stream *stream)
{
    (void)fputs("TAP version 13\n", stream->out);
}

static void put(FILE *out, const struct report *r, bool color)
{
    (void)color;
    char hash[HASH128_HEX], room[REPORT_TITLE_MAX];
    struct text title = report_title(r, room);
    hash128_hex(r->summary.trace_hash, hash);
    (void)fprintf(out, "# %s, trace %s\n", shown(title).text, hash);
    for (uint32_t i = 0; i < r->scenario->expectations_count; i++) {
        put_expectation(out, r, title, i);
    }
    for (unsigned i = 0; i < INVARIANTS_COUNT; i++) {
        if (invariant_required(r, (enum invariant)i)) {
            put_invariant(out, r, title, (enum invariant)i);
        }
    }
    if (report_says_violates(r)) {
        put_violates(out, r, title);
    }
    put_goals(out, &r->goals, title);
    if (report_goals_missed(&r->goals) != 0) {
        put_replay(out, r);
    }
    if (r->summary.full) {
        put_line(out, false, title, r->summary.full_what);
    }
    char explanation[REPORT_EXPLANATION_MAX];
    put_comment(out, report_explanation(r, explanation));
}

static void put_failure(FILE *out, const struct report_failure *failure)
{
    put_line(out, false, failure->title, TEXT("runs"));
    put_comment(out, failure->message);
}

static void put_campaign(FILE *out, const struct report_campaign *campaign, bool color)
{
    (void)color;
    put_goals(out, campaign->goals, campaign->title);
}

/* Numbers the tests. Every other line is a comment. */
static void join(struct report_stream *stream, struct text report)
{
    while (report.size > 0) {
        const char *end = memchr(report.at, '\n', report.size);
        size_t size = end == NULL ? report.size : (size_t)(end - report.at) + 1;
        const char *dash = report.at[0] == '#' ? NULL : memchr(report.at, '-', size);
        size_t before = dash == NULL ? 0 : (size_t)(dash - report.at);
        if (dash != NULL) {
            (void)fprintf(stream->out, "%.*s%zu ", (int)before, report.at, ++stream->tests);
        }
        (void)fwrite(report.at + before, 1, size - before, stream->out);
        report = (struct text){report.at + size, report.size - size};
    }
}

static void end(struct report_stream *stream)
{
    (void)fprintf(stream->out, "1..%zu\n", stream->tests);
}

const struct report_format report_tap = {"tap", begin, put, put_failure, put_campaign, join, end};

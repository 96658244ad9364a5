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

static void put_line(struct report_stream *stream, const struct report *r, bool ok,
                     struct text title)
{
    (void)fprintf(stream->out, "%s %zu - ", ok ? "ok" : "not ok", ++stream->tests);
    put_description(stream->out, r->scenario->name);
    (void)fputs(": ", stream->out);
    put_description(stream->out, title);
    (void)fputc('\n', stream->out);
}

static void put_expectation(struct report_stream *stream, const struct report *r, uint32_t i)
{
    const struct expectation_result *result = &r->expectations[i];
    put_line(stream, r, result->ok, r->scenario->expectations[i].name);
    if (!result->ok) {
        (void)fputs("# ", stream->out);
        put_observed(stream->out, result);
        (void)fprintf(stream->out, "\n# %s\n", r->replay);
    }
}

static void put_invariant(struct report_stream *stream, const struct report *r,
                          enum invariant invariant)
{
    struct violation_row row;
    char title[96];
    (void)snprintf(title, sizeof title, "%s %s", invariant_name(invariant),
                   invariant_text(invariant));
    put_line(stream, r, r->violations[invariant] == 0, text_from(title));
    if (report_violation(r, invariant, 0, &row)) {
        (void)fputs("# ", stream->out);
        put_times(stream->out, r->violations[invariant]);
        (void)fprintf(stream->out, "; first at %s, ", clock_text(r, row.at).text);
        put_plain(stream->out, row.subject);
        (void)fputs(": ", stream->out);
        put_plain(stream->out, row.text);
        (void)fprintf(stream->out, "\n# %s\n", r->replay);
    }
}

static void begin(struct report_stream *stream)
{
    (void)fputs("TAP version 13\n", stream->out);
}

static void put(struct report_stream *stream, const struct report *r)
{
    char hash[HASH128_HEX];
    hash128_hex(r->summary.trace_hash, hash);
    (void)fprintf(stream->out, "# %s, trace %s\n", shown(r->scenario->name).text, hash);
    for (uint32_t i = 0; i < r->scenario->expectations_count; i++) {
        put_expectation(stream, r, i);
    }
    for (unsigned i = 0; i < INVARIANTS_COUNT; i++) {
        if (invariant_required(r, (enum invariant)i)) {
            put_invariant(stream, r, (enum invariant)i);
        }
    }
    if (r->summary.full) {
        put_line(stream, r, false, r->summary.full_what);
    }
}

static void end(struct report_stream *stream)
{
    (void)fprintf(stream->out, "1..%zu\n", stream->tests);
}

const struct report_format report_tap = {"tap", begin, put, end};

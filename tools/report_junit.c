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

static void put_case(FILE *out, const struct report *r, struct text name)
{
    (void)fputs("    <testcase classname=\"", out);
    put_xml(out, r->scenario->name);
    (void)fputs("\" name=\"", out);
    put_xml(out, name);
    (void)fputs("\" file=\"", out);
    put_xml(out, r->file);
    (void)fputs("\"", out);
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

static void put_invariant(FILE *out, const struct report *r, enum invariant invariant)
{
    enum { SHOWN = 5 };

    char name[96];
    (void)snprintf(name, sizeof name, "%s %s", invariant_name(invariant),
                   invariant_text(invariant));
    put_case(out, r, text_from(name));
    if (r->violations[invariant] == 0) {
        (void)fputs("/>\n", out);
        return;
    }
    open_failure(out);
    (void)fputs("violated ", out);
    put_times(out, r->violations[invariant]);
    struct violation_row row;
    for (uint64_t i = 0; i < SHOWN && report_violation(r, invariant, i, &row); i++) {
        (void)fprintf(out, "\n%s ", clock_text(r, row.at).text);
        put_xml(out, row.subject);
        (void)fputs(": ", out);
        put_xml(out, row.text);
    }
    close_failure(out, r);
}

static uint32_t required_count(const struct report *r)
{
    return (uint32_t)__builtin_popcount(r->scenario->required_invariants);
}

static void put_suite(FILE *out, const struct report *r)
{
    (void)fputs("  <testsuite name=\"", out);
    put_xml(out, r->scenario->name);
    (void)fprintf(out, "\" tests=\"%u\" failures=\"%u\" errors=\"0\" skipped=\"0\">\n",
                  r->scenario->expectations_count + required_count(r) + r->summary.full,
                  r->expectations_false + r->invariants_broken + r->summary.full);
    char hash[HASH128_HEX];
    hash128_hex(r->summary.trace_hash, hash);
    (void)fprintf(out,
                  "    <properties>\n      <property name=\"trace_hash\" value=\"%s\"/>\n"
                  "      <property name=\"seed\" value=\"%" PRIu64 "\"/>\n    </properties>\n",
                  hash, r->seed);
}

static void begin(struct report_stream *stream)
{
    (void)fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"lockstep\">\n",
                stream->out);
}

static void put(struct report_stream *stream, const struct report *r)
{
    FILE *out = stream->out;
    put_suite(out, r);
    for (uint32_t i = 0; i < r->scenario->expectations_count; i++) {
        put_expectation(out, r, i);
    }
    for (unsigned i = 0; i < INVARIANTS_COUNT; i++) {
        if (invariant_required(r, (enum invariant)i)) {
            put_invariant(out, r, (enum invariant)i);
        }
    }
    if (r->summary.full) {
        put_case(out, r, TEXT("capacities suffice"));
        open_failure(out);
        put_xml(out, r->summary.full_what);
        close_failure(out, r);
    }
    (void)fputs("  </testsuite>\n", out);
}

static void end(struct report_stream *stream)
{
    (void)fputs("</testsuites>\n", stream->out);
}

const struct report_format report_junit = {"junit", begin, put, end};

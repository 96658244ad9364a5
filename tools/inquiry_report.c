/* inquiry_report.c: see inquiry_report.h. */
#include "tools/inquiry_report.h"

#include "sim/stats.h"
#include "tools/page.h"
#include "tools/report.h"
#include "tools/version.h"

#include <inttypes.h>
#include <stdlib.h>

/* --- in words
 * -------------------------------------------------------------------------------------------------
 */

/* A text of a report's own. */
struct words {
    char text[1024];
};

static const struct timeline *timeline_of(const struct inquiry_report *r)
{
    return blame_timeline(r->inquiry->blame);
}

/* The instant of a point: of the beginning, the run's start. */
static struct instant point_at(const struct inquiry_report *r, uint32_t point)
{
    return point == 0 ? r->subject->scenario.start : timeline_of(r)->items[point - 1].at;
}

static const char *point_text(const struct inquiry_report *r, uint32_t point)
{
    return point == 0 ? "the beginning" : timeline_of(r)->items[point - 1].text;
}

static struct clock_text clock_at(const struct inquiry_report *r, struct instant at)
{
    return clock_since(r->subject->scenario.start, at);
}

static struct share share_at(const struct inquiry_report *r, uint32_t point)
{
    return share_of(r->inquiry->points[point].violating, r->inquiry->points[point].runs);
}

/* Points that were measured. */
static uint32_t measured(const struct inquiry_report *r)
{
    uint32_t count = 0;
    while (count < blame_points(r->inquiry->blame) && r->inquiry->points[count].runs > 0) {
        count++;
    }
    return count;
}

/* Millionths as percent with one decimal, rounded to nearest. */
static void text_put_percent(struct text_writer *w, int64_t ppm)
{
    int64_t tenths = (ppm + 500) / 1000;
    text_put_integer(w, tenths / 10, 0);
    text_put_char(w, '.');
    text_put_integer(w, tenths % 10, 0);
}

/* "kill, stall" */
static void text_put_groups(struct text_writer *w, uint32_t groups, struct text separator)
{
    static const char *const names[DEVIATION_GROUPS_COUNT] = {

#define X(name, word, text) [DEVIATION_##name] = word,
        DEVIATION_GROUP_MAP(X)
#undef X
    };
    bool any = false;
    for (unsigned i = 0; i < DEVIATION_GROUPS_COUNT; i++) {
        if ((groups >> i & 1) != 0) {
            text_put(w, any ? separator : TEXT(""));
            text_put(w, text_from(names[i]));
            any = true;
        }
    }
    text_put(w, any ? TEXT("") : TEXT("none"));
}

static struct words title_words(const struct inquiry_report *r)
{
    struct words words = {.text = ""};
    struct text_writer w = text_writer(words.text, sizeof words.text);
    text_put(&w, r->subject->scenario.name);
    if (r->subject->case_name.size > 0) {
        text_put(&w, TEXT(" / "));
        text_put(&w, r->subject->case_name);
    }
    (void)text_writer_string(&w);
    return words;
}

/* What the continuations are, in lines: without this, a share means nothing. */
static struct words method_words(uint64_t runs, uint32_t groups)
{
    struct words words = {.text = ""};
    struct text_writer w = text_writer(words.text, sizeof words.text);
    text_put_integer(&w, (int64_t)runs, 0);
    text_put(&w, TEXT(" random continuations from each event: latencies and orders drawn, the "
                      "case's later faults\n  not struck, deviations rare (assumed: at one call or "
                      "message in 100 to 20000, by kind) of the kinds\n  "));
    text_put_groups(&w, groups, TEXT(", "));
    text_put(&w, TEXT(";\n  95 % intervals after Wilson. Until the event, time is concrete and "
                      "latencies are nominal."));
    (void)text_writer_string(&w);
    return words;
}

static struct words verdict_words(const struct inquiry_report *r)
{
    struct words words = {.text = ""};
    struct text_writer w = text_writer(words.text, sizeof words.text);
    const struct blame_verdict *v = &r->inquiry->verdict;
    if (measured(r) == 0) {
        text_put(&w, TEXT("Nothing was measured."));
    } else if (v->turning == 0) {
        text_put(&w, TEXT("No single event carries the blame: from the beginning, it comes in "));
        text_put_percent(&w, share_at(r, 0).ppm);
        text_put(&w, TEXT(" % of runs."));
    } else {
        text_put(&w, v->inevitable <= v->turning ? TEXT("It became inevitable at ")
                                                 : TEXT("It became likely at "));
        text_put(&w, text_from(clock_at(r, point_at(r, v->turning)).text));
        text_put(&w, TEXT(", from "));
        text_put_percent(&w, share_at(r, v->turning - 1).ppm);
        text_put(&w, TEXT(" % to "));
        text_put_percent(&w, share_at(r, v->turning).ppm);
        text_put(&w, TEXT(" %: "));
        text_put(&w, text_from(point_text(r, v->turning)));
        text_put_char(&w, '.');
    }
    (void)text_writer_string(&w);
    return words;
}

void put_inquiry_verdict(FILE *out, const struct inquiry_report *r)
{
    (void)fputs(verdict_words(r).text, out);
}

void put_inquiry_method(FILE *out, uint64_t runs, uint32_t groups)
{
    (void)fputs(method_words(runs, groups).text, out);
}

/* The command that gives the same again. */
static void put_again(FILE *out, const struct inquiry_report *r)
{
    (void)fputs("lockstep blame", out);
    subject_put_arguments(out, r->subject);
    (void)fprintf(out, " --property %s --runs %" PRIu64 " --seed %" PRIu64,
                  invariant_name(blame_property(r->inquiry->blame)), r->request->runs,
                  r->request->seed);
    if (r->groups != DEVIATION_GROUPS_USUAL) {
        struct words words;
        struct text_writer w = text_writer(words.text, sizeof words.text);
        text_put_groups(&w, r->groups, TEXT(","));
        (void)fprintf(out, " --kinds %s", text_writer_string(&w));
    }
}

/* --- changes, in rows
 * ------------------------------------------------------------------------------------------------
 */

/* A change, or several deeds of a service that are told together, and what comes of it. */
struct change_row {
    struct words change, outcome;
    bool prevents; /* at least one of them */
};

/* None of the faults, each of them, a row for each kind of deed. */
enum { CHANGE_ROWS_MAX = 1 + FAULTS_MAX + SERVICE_POINTS_COUNT };

static void text_put_change(struct text_writer *w, const struct blame_change *change)
{
    if (change->kind == BLAME_WITHOUT_FAULTS) {
        text_put(w, TEXT("without any fault of the case"));
        return;
    }
    text_put(w, change->kind == BLAME_WITH_FAULT ? TEXT("with ") : TEXT("without "));
    text_put_fault(w, &change->fault, true);
}

static const char *outcome_text(const struct blame_outcome *o)
{
    return !o->struck    ? "never happens"
           : o->violates ? "violated all the same"
           : o->unended  ? "not violated, and the run does not end"
                         : "not violated";
}

static bool prevents(const struct inquiry_report *r, uint32_t change)
{
    const struct blame_outcome *o = &r->inquiry->outcomes[change];
    return o->struck && !o->violates;
}

/* How many changes from `first` on are the same deed of a service, one time or another. */
static uint32_t alike(const struct inquiry_report *r, uint32_t first)
{
    struct blame_change change = blame_change(r->inquiry->blame, first);
    uint32_t end = first + 1;
    while (change.kind == BLAME_WITH_FAULT && end < r->inquiry->changes_tried) {
        struct blame_change next = blame_change(r->inquiry->blame, end);
        if (next.fault.kind != change.fault.kind || !text_equal(next.fault.at, change.fault.at) ||
            !text_equal(next.fault.process, change.fault.process)) {
            break;
        }
        end++;
    }
    return end - first;
}

/* "10 of 20 prevent it: #3, #11 to #19" */
static void text_put_preventing(struct text_writer *w, const struct inquiry_report *r,
                                uint32_t first, uint32_t count)
{
    int64_t base = blame_change(r->inquiry->blame, first).fault.occurrence;
    uint32_t preventing = 0;
    for (uint32_t i = 0; i < count; i++) {
        preventing += prevents(r, first + i);
    }
    text_put_integer(w, preventing, 0);
    text_put(w, TEXT(" of "));
    text_put_integer(w, count, 0);
    text_put(w, preventing == 1 ? TEXT(" prevents it") : TEXT(" prevent it"));
    bool any = false;
    for (uint32_t i = 0; i < count; i++) {
        bool before = i > 0 && prevents(r, first + i - 1);
        bool after = i + 1 < count && prevents(r, first + i + 1);
        if (prevents(r, first + i) && !(before && after)) {
            text_put(w, before ? TEXT(" to #") : any ? TEXT(", #") : TEXT(": #"));
            text_put_integer(w, base + i, 0);
            any = true;
        }
    }
}

/* Fills the row that begins with a change; returns the number of changes in it. */
static uint32_t change_row(const struct inquiry_report *r, uint32_t first, struct change_row *row)
{
    struct text_writer name = text_writer(row->change.text, sizeof row->change.text);
    struct text_writer w = text_writer(row->outcome.text, sizeof row->outcome.text);
    struct blame_change change = blame_change(r->inquiry->blame, first);
    uint32_t count = alike(r, first);
    row->prevents = false;
    for (uint32_t i = 0; i < count; i++) {
        row->prevents |= prevents(r, first + i);
    }
    if (change.kind == BLAME_WITH_FAULT) {
        change.fault.occurrence = 0;
        text_put_preventing(&w, r, first, count);
    } else {
        text_put(&w, text_from(outcome_text(&r->inquiry->outcomes[first])));
    }
    text_put_change(&name, &change);
    text_put(&name, change.kind == BLAME_WITH_FAULT ? TEXT(", once") : TEXT(""));
    (void)text_writer_string(&name);
    (void)text_writer_string(&w);
    return count;
}

/* --- as text
 * ------------------------------------------------------------------------------------------------
 */

/* "  97.0 %  [93.6, 98.6]", filled to a width. */
static void put_share(FILE *out, struct share share)
{
    char room[64];
    struct text_writer value = text_writer(room, sizeof room);
    text_put_percent(&value, share.ppm);
    (void)fprintf(out, "%6s %%  ", text_writer_string(&value));
    struct text_writer w = text_writer(room, sizeof room);
    text_put_char(&w, '[');
    text_put_percent(&w, share.low_ppm);
    text_put(&w, TEXT(", "));
    text_put_percent(&w, share.high_ppm);
    text_put_char(&w, ']');
    (void)fprintf(out, "%-15s", text_writer_string(&w));
}

static void put_curve(FILE *out, const struct inquiry_report *r)
{
    uint32_t last = timeline_of(r)->items_count;
    for (uint32_t i = 0; i < measured(r); i++) {
        bool deviates = i > 0 && timeline_of(r)->items[i - 1].kind == TIMELINE_DEVIATION;
        bool turns = i > 0 && i == r->inquiry->verdict.turning;
        (void)fprintf(out, "  %13s ", clock_at(r, point_at(r, i)).text);
        put_share(out, share_at(r, i));
        (void)fprintf(out, " %c ", deviates ? '*' : i == last ? '!' : ' ');
        put_plain(out, text_from(point_text(r, i)));
        (void)fputs(turns ? "  <== here\n" : "\n", out);
    }
}

static void put_left_out(FILE *out, const struct inquiry_report *r)
{
    const struct timeline *s = timeline_of(r);
    (void)fprintf(out,
                  "  (left out: %" PRIu64 " other calls until then; %" PRIu64
                  " processes that called about the same; %" PRIu64 " other events)\n",
                  s->calls_left_out, s->processes_left_out, s->items_left_out);
    if (r->inquiry->interrupted) {
        (void)fprintf(out,
                      "  (interrupted: %" PRIu32 " of %" PRIu32 " points were measured, %" PRIu32
                      " of %" PRIu32 " changes tried)\n",
                      measured(r), blame_points(r->inquiry->blame), r->inquiry->changes_tried,
                      blame_changes(r->inquiry->blame));
    }
}

static uint64_t unended(const struct inquiry_report *r)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < measured(r); i++) {
        count += r->inquiry->points[i].unended;
    }
    return count;
}

static void put_changes(FILE *out, const struct inquiry_report *r)
{
    (void)fprintf(out, "\nWhat would have been with one change, all else by default: %s\n",
                  invariant_name(blame_property(r->inquiry->blame)));
    for (uint32_t i = 0; i < r->inquiry->changes_tried;) {
        struct change_row row = {.prevents = false};
        i += change_row(r, i, &row);
        (void)fputs("  ", out);
        put_plain(out, text_from(row.change.text));
        (void)fprintf(out, ": %s\n", row.outcome.text);
    }
    if (blame_changes_left_out(r->inquiry->blame) > 0) {
        (void)fprintf(out, "  (%" PRIu64 " earlier ones were not tried)\n",
                      blame_changes_left_out(r->inquiry->blame));
    }
}

void put_inquiry_text(FILE *out, const struct inquiry_report *r)
{
    const struct violation_row *v = &timeline_of(r)->violation;
    put_plain(out, text_from(title_words(r).text));
    (void)fprintf(out, "\n  %s %s\n  violated at %s: ", invariant_name(v->invariant),
                  invariant_text(v->invariant), clock_at(r, v->at).text);
    put_plain(out, v->subject);
    (void)fprintf(out, "\n  lockstep %s, seed %" PRIu64 "\n  %s\n\n", version_text(),
                  r->request->seed, method_words(r->request->runs, r->groups).text);
    put_curve(out, r);
    put_left_out(out, r);
    if (unended(r) > 0) {
        (void)fprintf(out,
                      "  (%" PRIu64 " continuations did not end, and were judged as they "
                      "stood)\n",
                      unended(r));
    }
    (void)fputs("\n", out);
    put_plain(out, text_from(verdict_words(r).text));
    (void)fputs("\n", out);
    put_changes(out, r);
    (void)fputs("\nagain     ", out);
    put_again(out, r);
    (void)fputs("\n", out);
}

/* --- as JSON
 * ------------------------------------------------------------------------------------------------
 */

static const char *kind_word(const struct inquiry_report *r, uint32_t point)
{
    static const char *const words[] = {
        [TIMELINE_ARRIVAL] = "arrival",
        [TIMELINE_CALL] = "call",
        [TIMELINE_DEVIATION] = "deviation",
        [TIMELINE_DEATH] = "death",
        [TIMELINE_EXPIRY] = "expiry",
        [TIMELINE_DELETION] = "deletion",
        [TIMELINE_JOB] = "job",
        [TIMELINE_OPERATOR] = "operator",
        [TIMELINE_VIOLATION] = "violation",
    };
    return point == 0 ? "start" : words[timeline_of(r)->items[point - 1].kind];
}

/* Millionths as a decimal fraction of one. */
static void put_fraction(FILE *out, const char *name, int64_t ppm)
{
    (void)fprintf(out, ", \"%s\": %" PRId64 ".%06" PRId64, name, ppm / 1000000, ppm % 1000000);
}

static void put_point_json(FILE *out, const struct inquiry_report *r, uint32_t i)
{
    const struct blame_point *p = &r->inquiry->points[i];
    struct share share = share_at(r, i);
    (void)fprintf(out, "%s\n  {\"at\": ", i > 0 ? "," : "");
    put_seconds(out, instant_since(point_at(r, i), r->subject->scenario.start).ns);
    (void)fprintf(out, ", \"kind\": \"%s\", \"text\": ", kind_word(r, i));
    put_json(out, text_from(point_text(r, i)));
    (void)fprintf(out, ", \"runs\": %" PRIu64 ", \"violating\": %" PRIu64 ", \"unended\": %" PRIu64,
                  p->runs, p->violating, p->unended);
    put_fraction(out, "share", share.ppm);
    put_fraction(out, "low", share.low_ppm);
    put_fraction(out, "high", share.high_ppm);
    (void)fputs("}", out);
}

static void put_change_json(FILE *out, const struct inquiry_report *r, uint32_t i)
{
    struct blame_change change = blame_change(r->inquiry->blame, i);
    const struct blame_outcome *o = &r->inquiry->outcomes[i];
    struct words words = {.text = ""};
    struct text_writer w = text_writer(words.text, sizeof words.text);
    text_put_change(&w, &change);
    (void)fprintf(out, "%s\n  {\"change\": ", i > 0 ? "," : "");
    put_json(out, text_from(text_writer_string(&w)));
    (void)fprintf(out, ", \"struck\": %s, \"violates\": %s, \"unended\": %s, \"violated\": [",
                  o->struck ? "true" : "false", o->violates ? "true" : "false",
                  o->unended ? "true" : "false");
    bool first = true;
    for (unsigned k = 0; k < INVARIANTS_COUNT; k++) {
        if ((o->violated >> k & 1) != 0) {
            (void)fprintf(out, "%s\"%s\"", first ? "" : ", ", invariant_name((enum invariant)k));
            first = false;
        }
    }
    (void)fputs("]}", out);
}

static void put_number_or_null(FILE *out, const char *name, bool is, uint32_t number)
{
    if (is) {
        (void)fprintf(out, ", \"%s\": %" PRIu32, name, number);
    } else {
        (void)fprintf(out, ", \"%s\": null", name);
    }
}

static void put_head_json(FILE *out, const struct inquiry_report *r)
{
    const struct blame_verdict *v = &r->inquiry->verdict;
    const struct violation_row *violation = &timeline_of(r)->violation;
    struct words words = {.text = ""};
    struct text_writer w = text_writer(words.text, sizeof words.text);
    text_put_groups(&w, r->groups, TEXT(","));
    (void)fputs("{\"scenario\": ", out);
    put_json(out, r->subject->scenario.name);
    (void)fputs(", \"case\": ", out);
    put_json_or_null(out, r->subject->case_name);
    (void)fprintf(out,
                  ", \"property\": \"%s\", \"subject\": ", invariant_name(violation->invariant));
    put_json(out, violation->subject);
    (void)fprintf(out,
                  ",\n \"seed\": %" PRIu64 ", \"runs\": %" PRIu64
                  ", \"kinds\": \"%s\", \"interrupted\": %s",
                  r->request->seed, r->request->runs, text_writer_string(&w),
                  r->inquiry->interrupted ? "true" : "false");
    put_number_or_null(out, "turning", v->turning > 0, v->turning);
    put_number_or_null(out, "inevitable", v->inevitable < measured(r), v->inevitable);
    (void)fprintf(out, ",\n \"verdict\": ");
    put_json(out, text_from(verdict_words(r).text));
}

void put_inquiry_json(FILE *out, const struct inquiry_report *r)
{
    put_head_json(out, r);
    (void)fprintf(out, ",\n \"calls_left_out\": %" PRIu64 ", \"points\": [",
                  timeline_of(r)->calls_left_out);
    for (uint32_t i = 0; i < measured(r); i++) {
        put_point_json(out, r, i);
    }
    (void)fputs("],\n \"changes\": [", out);
    for (uint32_t i = 0; i < r->inquiry->changes_tried; i++) {
        put_change_json(out, r, i);
    }
    (void)fputs("]}\n", out);
}

/* --- as a page
 * ----------------------------------------------------------------------------------------------
 */

/* The rows of the table of changes, all in one place. */
struct change_table {
    size_t count;
    struct change_row rows[CHANGE_ROWS_MAX];
    struct text names[CHANGE_ROWS_MAX];
    struct page_cell cells[CHANGE_ROWS_MAX];
};

static void fill_table(struct change_table *t, const struct inquiry_report *r)
{
    for (uint32_t i = 0; i < r->inquiry->changes_tried; t->count++) {
        struct change_row *row = &t->rows[t->count];
        i += change_row(r, i, row);
        t->names[t->count] = text_from(row->change.text);
        t->cells[t->count] = (struct page_cell){
            .text = text_from(row->outcome.text),
            .tone = row->prevents ? PAGE_GOOD : PAGE_PLAIN,
        };
    }
}

static enum status page_changes(struct page *page, const struct inquiry_report *r,
                                struct error *error)
{
    const struct text column = TEXT("what comes of it");
    struct change_table *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a table");
    }
    fill_table(t, r);
    struct page_matrix matrix = {
        .caption = TEXT("All else by default, one run each. With a once, each of the times was "
                        "tried by itself."),
        .corner = TEXT("change"),
        .columns = &column,
        .rows = t->names,
        .columns_count = 1,
        .rows_count = t->count,
        .cells = t->cells,
    };
    page_heading(page, "changes", TEXT("What would have been with one change"));
    page_matrix(page, &matrix);
    free(t);
    return STATUS_OK;
}

/* The command in memory; NULL where there is none left. */
static char *again_text(const struct inquiry_report *r)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (stream == NULL) {
        return NULL;
    }
    put_again(stream, r);
    if (fclose(stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

static void page_head(struct page *page, FILE *out, const struct inquiry_report *r,
                      struct text property)
{
    const struct violation_row *v = &timeline_of(r)->violation;
    struct words title = title_words(r);
    struct words method = method_words(r->request->runs, r->groups);
    struct words verdict = verdict_words(r);
    struct clock_text at = clock_at(r, v->at);
    char seed[32];
    (void)snprintf(seed, sizeof seed, "%" PRIu64, r->request->seed);
    const struct page_fact facts[] = {
        {TEXT("property"),    property              },
        {TEXT("violated at"), text_from(at.text)    },
        {TEXT("about"),       v->subject            },
        {TEXT("seed"),        text_from(seed)       },
        {TEXT("method"),      text_from(method.text)},
    };
    page_begin(page, out, text_from(title.text), r->subject->scenario.description);
    page_facts(page, facts, sizeof facts / sizeof facts[0]);
    page_heading(page, "verdict", TEXT("When it became inevitable"));
    page_line(page, text_from(verdict.text));
}

enum status put_inquiry_page(FILE *out, const struct inquiry_report *r, struct error *error)
{
    struct page page;
    char property[160];
    char *again = again_text(r);
    if (again == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a page");
    }
    enum invariant invariant = blame_property(r->inquiry->blame);
    (void)snprintf(property, sizeof property, "%s: %s", invariant_name(invariant),
                   invariant_text(invariant));
    struct page_timeline timeline = {
        .timeline = timeline_of(r),
        .title = TEXT("What happened"),
        .start = r->subject->scenario.start,
        .points = r->inquiry->points,
        .verdict = &r->inquiry->verdict,
    };
    page_head(&page, out, r, text_from(property));
    page_timeline(&page, &timeline);
    enum status status = page_changes(&page, r, error);
    page_heading(&page, "again", TEXT("The same again"));
    page_command(&page, text_from(again));
    page_end(&page);
    free(again);
    return status;
}

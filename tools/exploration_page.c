/* exploration_page.c: see exploration_page.h. */
#include "tools/exploration_page.h"

#include "sim/unicode.h"
#include "tools/attempt.h"
#include "tools/inquiry_report.h"
#include "tools/output_file.h"
#include "tools/page.h"
#include "tools/search_text.h"

#include <inttypes.h>
#include <stdlib.h>

/* Of each property, so many stories are shown. Of the first of them the curve has so many runs
 * from each event, drawn from this seed: a rise by a tenth is seen, in about a second. */
enum { STORIES_SHOWN = 3, CURVE_RUNS = 200, CURVE_SEED = 1 };

enum { ID_MAX = 48, FACTS_MAX = 8, SHOWN_MAX = PROPERTIES_COUNT * STORIES_SHOWN };

struct id {
    char text[ID_MAX];
};

/* A story of the case that is being told. */
struct told_story {
    const struct finding *finding;
    bool drawn;
};

struct telling {
    const struct exploration_page *what;
    struct page page;
    struct scenario *scenario; /* room for a case's, with a story's deviations */
    size_t number;             /* of the case, from 1 */
    const struct exploration_case *of;
    struct told_story shown[SHOWN_MAX];
    size_t shown_count;
    size_t curves, curves_done;
    enum status status; /* once not STATUS_OK, the page is given up */
    struct error *error;
};

/* --- words
 * -----------------------------------------------------------------------------------------------
 */

/* A text that is being written. */
struct words {
    char *text;
    size_t size;
    FILE *out;
};

/* Where to write it: without memory, to the page, which then is given up. */
static FILE *words_open(struct telling *t, struct words *w)
{
    *w = (struct words){.out = NULL};
    w->out = open_memstream(&w->text, &w->size);
    if (w->out == NULL) {
        t->status = error_set(t->error, STATUS_NO_MEMORY, "out of memory for a page");
    }
    return w->out == NULL ? t->page.out : w->out;
}

/* What was written, until words_free. */
static struct text words_close(struct telling *t, struct words *w)
{
    if (w->out == NULL) {
        return TEXT("");
    }
    if (fclose(w->out) != 0) {
        t->status = error_set(t->error, STATUS_NO_MEMORY, "out of memory for a page");
        return TEXT("");
    }
    return (struct text){w->text, w->size};
}

static void words_free(struct words *w)
{
    free(w->text);
}

static void end_line(struct telling *t, struct words *w)
{
    page_line(&t->page, words_close(t, w));
    words_free(w);
}

static void end_command(struct telling *t, struct words *w)
{
    page_command(&t->page, words_close(t, w));
    words_free(w);
}

/* A list of facts that is being written. */
struct facts {
    size_t count;
    struct page_fact rows[FACTS_MAX];
    struct words values[FACTS_MAX];
};

static FILE *facts_add(struct telling *t, struct facts *f, struct text name)
{
    ASSERT(f->count < FACTS_MAX);
    f->rows[f->count].name = name;
    return words_open(t, &f->values[f->count++]);
}

static void facts_end(struct telling *t, struct facts *f)
{
    for (size_t i = 0; i < f->count; i++) {
        f->rows[i].value = words_close(t, &f->values[i]);
    }
    page_facts(&t->page, f->rows, f->count);
    for (size_t i = 0; i < f->count; i++) {
        words_free(&f->values[i]);
    }
}

static void put_count(FILE *out, uint64_t count, const char *one, const char *several)
{
    (void)fprintf(out, "%" PRIu64 " %s", count, count == 1 ? one : several);
}

/* Where a property of a case, and one of its stories, is told. */
static struct id property_id(size_t number, uint32_t property)
{
    struct id id;
    (void)snprintf(id.text, sizeof id.text, "case-%zu-%s", number, property_name(property));
    return id;
}

static struct id story_id(const struct telling *t, size_t story)
{
    struct id id;
    (void)snprintf(id.text, sizeof id.text, "case-%zu-story-%zu", t->number, story + 1);
    return id;
}

/* --- what was covered
 * ----------------------------------------------------------------------------------------------
 */

static bool is_complete(const struct exploration_case *c)
{
    return c->explored != NULL && c->explored->complete;
}

static size_t completed(const struct exploration_page *what)
{
    size_t count = 0;
    for (size_t i = 0; i < what->cases_count; i++) {
        count += is_complete(&what->cases[i]);
    }
    return count;
}

static uint64_t runs_judged(const struct exploration_page *what)
{
    uint64_t runs = 0;
    for (size_t i = 0; i < what->cases_count; i++) {
        const struct explored *x = what->cases[i].explored;
        runs += x == NULL ? 0 : x->findings.counts.runs;
    }
    return runs;
}

/* The command that gives the same page. */
static void put_again(FILE *out, const struct exploration_page *what)
{
    (void)fputs("lockstep explore", out);
    subject_put_arguments(out, what->subject);
    if (what->all_worlds) {
        (void)fputs(" --bfs", out);
    } else {
        (void)fprintf(out, " --deviations %" PRIu32, what->deviations);
    }
    if (what->groups != DEVIATION_GROUPS_USUAL) {
        (void)fputs(" --kinds ", out);
        search_put_groups(out, what->groups, ",", "");
    }
    if (what->fingerprints) {
        (void)fprintf(out, " --worlds %" PRIu64, what->worlds_most);
    } else {
        (void)fputs(" --no-fingerprints", out);
    }
    (void)fputs(" --html FILE", out);
}

static void tell_method(struct telling *t)
{
    const struct exploration_page *what = t->what;
    size_t complete = completed(what);
    bool all = complete == what->cases_count;
    struct facts facts = {0};
    FILE *out = facts_add(t, &facts, TEXT("covered"));
    (void)fputs(all ? "every " : "not every ", out);
    if (what->all_worlds) {
        (void)fputs("world that any number of deviations leads to", out);
    } else {
        (void)fputs("run with at most ", out);
        put_count(out, what->deviations, "deviation", "deviations");
        (void)fputs(" from the plain one", out);
    }
    out = facts_add(t, &facts, TEXT("kinds"));
    search_put_groups(out, what->groups, ", ", "");
    (void)fputs("concrete; latencies nominal", facts_add(t, &facts, TEXT("time")));
    out = facts_add(t, &facts, TEXT("runs"));
    (void)fprintf(out, "%" PRIu64 " judged", runs_judged(what));
    if (!all) {
        (void)fprintf(facts_add(t, &facts, TEXT("stopped")), "%zu of %zu searches were finished",
                      complete, what->cases_count);
    }
    out = facts_add(t, &facts, TEXT("stories"));
    (void)fprintf(out, "the first %d of each property are shown", STORIES_SHOWN);
    out = facts_add(t, &facts, TEXT("curves"));
    (void)fputs("of the first story of each property: ", out);
    put_inquiry_method(out, CURVE_RUNS, what->groups);
    put_again(facts_add(t, &facts, TEXT("again")), what);
    facts_end(t, &facts);
}

static void tell_worlds(struct telling *t, struct facts *facts)
{
    const struct exploration_counts *c = &t->of->explored->findings.counts;
    if (!t->what->fingerprints) {
        return;
    }
    FILE *out = facts_add(t, facts, TEXT("worlds"));
    (void)fprintf(out,
                  "%" PRIu64 " remembered; %" PRIu64
                  " runs came to one of them and ended there; probability of a missed world below ",
                  c->worlds, c->seen);
    search_put_miss(out, c->worlds);
    if (c->unremembered > 0) {
        (void)fprintf(out, "; %" PRIu64 " more did not fit", c->unremembered);
    }
}

/* That a run of the case has. */
static uint32_t most_deviations(const struct telling *t)
{
    uint32_t most = t->what->all_worlds ? EXPLORE_DEVIATIONS_MAX : t->what->deviations;
    while (t->what->all_worlds && most > 0 && t->of->explored->findings.runs[most] == 0) {
        most--;
    }
    return most;
}

static void tell_covered(struct telling *t)
{
    const struct explored *x = t->of->explored;
    struct facts facts = {0};
    search_put_world(facts_add(t, &facts, TEXT("pipeline")), &t->of->subject->scenario);
    FILE *out = facts_add(t, &facts, TEXT("runs"));
    (void)fprintf(out, "%" PRIu64 " judged", x->findings.counts.runs);
    uint32_t most = most_deviations(t);
    for (uint32_t d = 0; d <= most; d++) {
        (void)fprintf(out, "%s%" PRIu64, d == 0 ? " (" : " + ", x->findings.runs[d]);
    }
    (void)fprintf(out, " by deviations%s); %" PRIu64 " events in the plain one",
                  most == EXPLORE_DEVIATIONS_MAX ? ", so many or more" : "", x->plain_events);
    tell_worlds(t, &facts);
    if (x->findings.full > 0) {
        (void)fprintf(facts_add(t, &facts, TEXT("room")),
                      "%" PRIu64 " runs ended early: the simulation's room was too small",
                      x->findings.full);
    }
    if (!x->complete && t->what->all_worlds) {
        (void)fputs(x->too_many ? "there are more worlds (--worlds)" : "before the end",
                    facts_add(t, &facts, TEXT("stopped")));
    } else if (!x->complete) {
        (void)fprintf(facts_add(t, &facts, TEXT("stopped")),
                      "after %" PRIu64 " of %" PRIu64 " first deviations", x->items_done, x->items);
    }
    facts_end(t, &facts);
}

/* --- the matrix
 * ------------------------------------------------------------------------------------------------
 */

/* Whether a property that was not found violated is not. */
static bool judged_all(const struct exploration_case *c, uint32_t property)
{
    return is_complete(c) && c->explored->findings.full == 0 &&
           (property == PROPERTY_ENDS ||
            findings_least(&c->explored->findings, PROPERTY_ENDS) == UINT32_MAX);
}

static struct page_cell cell_of(const struct exploration_case *c, uint32_t property, struct id *id)
{
    static const char *const numbers[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8"};
    _Static_assert(sizeof numbers / sizeof numbers[0] == EXPLORE_DEVIATIONS_MAX + 1, "one each");
    uint32_t least =
        c->explored == NULL ? UINT32_MAX : findings_least(&c->explored->findings, property);
    if (least != UINT32_MAX) {
        return (struct page_cell){text_from(numbers[least]), PAGE_BAD, id->text};
    }
    return judged_all(c, property) ? (struct page_cell){TEXT("."), PAGE_GOOD, NULL}
                                   : (struct page_cell){TEXT("?"), PAGE_UNKNOWN, NULL};
}

static struct text name_of(const struct telling *t, const struct exploration_case *c)
{
    return c->name.size > 0 ? c->name : t->what->subject->scenario.name;
}

static void fill_row(const struct telling *t, size_t i, struct text *name, struct page_cell *cells,
                     struct id *ids)
{
    const struct exploration_case *c = &t->what->cases[i];
    *name = name_of(t, c);
    for (uint32_t p = 0; p < PROPERTIES_COUNT; p++) {
        ids[p] = property_id(i + 1, p);
        cells[p] = cell_of(c, p, &ids[p]);
    }
}

static void tell_matrix(struct telling *t)
{
    size_t rows_count = t->what->cases_count;
    struct text columns[PROPERTIES_COUNT];
    struct text *rows = calloc(rows_count, sizeof *rows);
    struct page_cell *cells = calloc(rows_count, PROPERTIES_COUNT * sizeof *cells);
    struct id *ids = calloc(rows_count, PROPERTIES_COUNT * sizeof *ids);
    if (rows == NULL || cells == NULL || ids == NULL) {
        t->status = error_set(t->error, STATUS_NO_MEMORY, "out of memory for a page");
    } else {
        for (uint32_t p = 0; p < PROPERTIES_COUNT; p++) {
            columns[p] = text_from(property_name(p));
        }
        for (size_t i = 0; i < rows_count; i++) {
            fill_row(t, i, &rows[i], &cells[i * PROPERTIES_COUNT], &ids[i * PROPERTIES_COUNT]);
        }
        struct page_matrix matrix = {
            .caption = TEXT("fewest deviations"),
            .corner = TEXT(""),
            .columns = columns,
            .rows = rows,
            .columns_count = PROPERTIES_COUNT,
            .rows_count = rows_count,
            .cells = cells,
        };
        page_matrix(&t->page, &matrix);
    }
    free(rows);
    free(cells);
    free(ids);
}

static void tell_properties(struct telling *t)
{
    struct page_fact facts[PROPERTIES_COUNT];
    for (uint32_t p = 0; p < PROPERTIES_COUNT; p++) {
        facts[p] = (struct page_fact){text_from(property_name(p)), text_from(property_text(p))};
    }
    page_fold_begin(&t->page, NULL, TEXT("The properties"));
    page_facts(&t->page, facts, PROPERTIES_COUNT);
    page_fold_end(&t->page);
}

/* --- a story
 * ------------------------------------------------------------------------------------------------
 */

static bool same_run(const struct finding *a, const struct finding *b)
{
    bool same = a->size == b->size;
    for (uint32_t i = 0; same && i < a->size; i++) {
        const struct deviation *x = &a->example[i];
        const struct deviation *y = &b->example[i];
        same = x->form == y->form && x->point == y->point && x->of.parent == y->of.parent &&
               x->of.ordinal == y->of.ordinal && x->occurrence == y->occurrence;
    }
    return same;
}

/* The story by which a run is drawn; shown_count: none yet. */
static size_t drawn_by(const struct telling *t, const struct finding *f)
{
    size_t i = 0;
    while (i < t->shown_count && !(t->shown[i].drawn && same_run(t->shown[i].finding, f))) {
        i++;
    }
    return i;
}

static void show_progress(const struct telling *t, uint32_t property)
{
    if (t->what->shows_progress) {
        (void)fprintf(stderr, "\rpage  %zu of %zu stories measured  %s %s\033[K", t->curves_done,
                      t->curves, shown(t->of->name).text, property_name(property));
    }
}

/* The case with the story's deviations as faults. False: there is no room for them. */
static bool merge(struct telling *t, const struct finding *f)
{
    struct scenario *s = t->scenario;
    *s = t->of->subject->scenario;
    if (s->faults_count + f->size > FAULTS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < f->size; i++) {
        s->faults[s->faults_count++] = search_fault(t->of->menu, &f->example[i]);
    }
    return true;
}

static void tell_blame_command(struct telling *t, const struct finding *f)
{
    struct words w;
    FILE *out = words_open(t, &w);
    (void)fputs("lockstep blame", out);
    subject_put_arguments(out, t->of->subject);
    search_put_faults(out, t->of->subject, t->of->menu, f->example, f->size);
    (void)fprintf(out, " --property %s --runs %d --seed %d", property_name(f->property), CURVE_RUNS,
                  CURVE_SEED);
    if (t->what->groups != DEVIATION_GROUPS_USUAL) {
        (void)fputs(" --kinds ", out);
        search_put_groups(out, t->what->groups, ",", "");
    }
    end_command(t, &w);
}

/* What the curve says, and the command that also tells what would have prevented it. */
static void tell_verdict(struct telling *t, const struct finding *f, const struct inquiry *q,
                         const struct blame_request *request)
{
    struct inquiry_report report = {t->of->subject, q, request, t->what->groups};
    struct words w;
    FILE *out = words_open(t, &w);
    put_inquiry_verdict(out, &report);
    (void)fputs(" The same, and what would have prevented it:", out);
    end_line(t, &w);
    tell_blame_command(t, f);
}

static void put_story(struct telling *t, const struct inquiry *q, bool undrawn)
{
    struct page_timeline story = {
        .timeline = blame_timeline(q->blame),
        .title = TEXT(""),
        .undrawn = undrawn,
        .start = t->of->subject->scenario.start,
    };
    if (q->points != NULL && q->points[0].runs > 0) {
        story.points = q->points;
        story.verdict = &q->verdict;
    }
    page_timeline(&t->page, &story);
}

/* What cannot be run again as a case is told so; the machine's refusal ends the page. */
static void take_failure(struct telling *t, enum status status)
{
    if (status == STATUS_BAD_INPUT || status == STATUS_FULL) {
        struct words w;
        (void)fprintf(words_open(t, &w), "Not drawn: %s.", t->error->message);
        end_line(t, &w);
    } else {
        t->status = status;
    }
}

/* Runs the story again, and measures it, too. */
static enum status ask(struct telling *t, const struct blame_request *request, bool measures,
                       struct inquiry *q)
{
    if (measures) {
        return inquiry_make_curve(q, request, t->what->workers, false, t->error);
    }
    *q = (struct inquiry){.blame = blame_open(request, t->error)};
    return q->blame == NULL ? t->error->status : STATUS_OK;
}

static void draw(struct telling *t, const struct finding *f, bool measures, bool undrawn)
{
    struct inquiry q;
    struct blame_request request = {
        .scenario = t->scenario,
        .menu = t->of->menu,
        .property = (enum invariant)f->property,
        .runs = CURVE_RUNS,
        .seed = CURVE_SEED,
        .events_most = run_endless_at(t->of->explored->plain_events),
    };
    enum status status = ask(t, &request, measures, &q);
    if (status != STATUS_OK) {
        take_failure(t, status);
    } else {
        if (q.points != NULL && q.points[0].runs > 0) {
            tell_verdict(t, f, &q, &request);
        }
        put_story(t, &q, undrawn);
        t->shown[t->shown_count].drawn = !undrawn;
    }
    inquiry_free(&q);
}

/* The drawing, or where it is; and the curve of a property's first story. */
static void tell_run(struct telling *t, const struct finding *f, bool first)
{
    bool measures = first && !attempt_interrupted();
    size_t by = drawn_by(t, f);
    bool undrawn = by < t->shown_count;
    if (undrawn) {
        struct words w;
        (void)fprintf(words_open(t, &w), "The same run is drawn at %s.",
                      property_name(t->shown[by].finding->property));
        page_link(&t->page, story_id(t, by).text, words_close(t, &w));
        words_free(&w);
    }
    if (first) {
        t->curves_done++;
        show_progress(t, f->property);
    }
    if (undrawn && !measures) {
        return;
    }
    if (merge(t, f)) {
        draw(t, f, measures, undrawn);
    } else {
        page_line(&t->page, TEXT("Not drawn: the scenario has no room for as many faults."));
    }
    if (first && attempt_interrupted()) {
        page_line(&t->page, TEXT("Stopped: not every event was measured."));
    }
}

static void tell_story(struct telling *t, const struct finding *f, bool first)
{
    struct words w;
    FILE *out = words_open(t, &w);
    put_count(out, f->size, "deviation: ", "deviations: ");
    search_put_story(out, t->of->menu, f->example, f->size, true);
    (void)fputs(" (", out);
    put_count(out, f->runs, "run", "runs");
    (void)fputs(" like it)", out);
    page_fold_begin(&t->page, story_id(t, t->shown_count).text, words_close(t, &w));
    words_free(&w);
    search_put_command(words_open(t, &w), t->of->subject, t->of->menu, f->example, f->size);
    end_command(t, &w);
    t->shown[t->shown_count] = (struct told_story){.finding = f};
    if (f->property == PROPERTY_ENDS) {
        page_line(&t->page, TEXT("Not drawn: a run without end has no story."));
    } else {
        tell_run(t, f, first);
    }
    page_fold_end(&t->page);
    t->shown_count++;
}

/* --- a property, a case
 * -----------------------------------------------------------------------------------------
 */

/* What the search of fewer deviations says. */
static void put_certificate(FILE *out, const struct exploration_case *c, uint32_t property,
                            uint32_t least)
{
    const struct findings *f = &c->explored->findings;
    uint64_t judged = 0, endless = 0;
    for (uint32_t d = 0; d < least; d++) {
        judged += f->runs[d];
        endless += f->violating[PROPERTY_ENDS][d];
    }
    if (least == 0) {
        (void)fputs("Nothing need go wrong: the plain run violates it.", out);
    } else if (!c->explored->complete) {
        (void)fputs("The search was stopped: fewer may do.", out);
    } else if (f->full > 0 || (endless > 0 && property != PROPERTY_ENDS)) {
        (void)fputs("With fewer none was found, but some runs did not come to their end.", out);
    } else {
        (void)fputs("No run with fewer deviations violates it: ", out);
        put_count(out, judged, "run", "runs");
        (void)fputs(" judged.", out);
    }
}

static void tell_counts(struct telling *t, uint32_t property, uint32_t least, uint64_t stories)
{
    const struct findings *f = &t->of->explored->findings;
    struct words w;
    FILE *out = words_open(t, &w);
    put_count(out, findings_violating(f, property), "run", "runs");
    (void)fputs(", ", out);
    put_count(out, stories, "story", "stories");
    (void)fprintf(out, "; fewest deviations %" PRIu32 ". ", least);
    put_certificate(out, t->of, property, least);
    if (stories > STORIES_SHOWN) {
        (void)fprintf(out, " The first %d stories:", STORIES_SHOWN);
    }
    end_line(t, &w);
}

static uint64_t stories_of(const struct findings *f, uint32_t property)
{
    uint64_t count = 0;
    for (size_t i = 0; i < f->count; i++) {
        count += f->rows[i].property == property;
    }
    return count;
}

static void tell_property(struct telling *t, uint32_t property)
{
    const struct findings *f = &t->of->explored->findings;
    uint32_t least = findings_least(f, property);
    if (least == UINT32_MAX) {
        return;
    }
    struct words w;
    (void)fprintf(words_open(t, &w), "%s: %s", property_name(property), property_text(property));
    page_subheading(&t->page, property_id(t->number, property).text, words_close(t, &w));
    words_free(&w);
    tell_counts(t, property, least, stories_of(f, property));
    uint32_t told = 0;
    for (size_t i = 0; t->status == STATUS_OK && i < f->count && told < STORIES_SHOWN; i++) {
        if (f->rows[i].property == property) {
            tell_story(t, &f->rows[i], told == 0);
            told++;
        }
    }
}

static void tell_case(struct telling *t, size_t i)
{
    struct id id;
    t->number = i + 1;
    t->of = &t->what->cases[i];
    t->shown_count = 0;
    (void)snprintf(id.text, sizeof id.text, "case-%zu", t->number);
    page_heading(&t->page, id.text, name_of(t, t->of));
    if (t->of->explored == NULL) {
        page_line(&t->page, TEXT("Stopped: the search did not come to it."));
        return;
    }
    tell_covered(t);
    for (uint32_t p = 0; t->status == STATUS_OK && p < PROPERTIES_COUNT; p++) {
        tell_property(t, p);
    }
    if (t->of->explored->findings.count == 0) {
        page_line(&t->page, TEXT("No violation was found."));
    }
}

/* --- the whole
 * ---------------------------------------------------------------------------------------------
 */

/* How many properties are violated by runs that end, in all cases. */
static size_t curves_of(const struct exploration_page *what)
{
    size_t count = 0;
    for (size_t i = 0; i < what->cases_count; i++) {
        const struct explored *x = what->cases[i].explored;
        for (uint32_t p = 0; x != NULL && p < INVARIANTS_COUNT; p++) {
            count += findings_least(&x->findings, p) != UINT32_MAX;
        }
    }
    return count;
}

static void tell_all(struct telling *t, FILE *out)
{
    const struct scenario *s = &t->what->subject->scenario;
    page_begin(&t->page, out, s->name, s->description);
    tell_method(t);
    page_heading(&t->page, "matrix", TEXT("What violates what"));
    page_line(&t->page,
              TEXT("The fewest deviations that violate each property, with a link to what they "
                   "are. 0: nothing need go wrong. A point: none do, and every run was judged. A "
                   "question mark: none was found, but not every run was judged."));
    tell_matrix(t);
    tell_properties(t);
    for (size_t i = 0; t->status == STATUS_OK && i < t->what->cases_count; i++) {
        tell_case(t, i);
    }
    page_end(&t->page);
    if (t->what->shows_progress) {
        (void)fputs("\r\033[K", stderr);
    }
}

/* The page, the caller's to free. */
static enum status make(const struct exploration_page *what, char **html, size_t *size,
                        struct error *error)
{
    struct telling t = {.what = what, .curves = curves_of(what), .error = error};
    FILE *out = open_memstream(html, size);
    t.scenario = malloc(sizeof *t.scenario);
    if (out == NULL || t.scenario == NULL) {
        t.status = error_set(error, STATUS_NO_MEMORY, "out of memory for a page");
    } else {
        tell_all(&t, out);
    }
    if (out != NULL && fclose(out) != 0 && t.status == STATUS_OK) {
        t.status = error_set(error, STATUS_NO_MEMORY, "out of memory for a page");
    }
    free(t.scenario);
    return t.status;
}

enum status exploration_page_try(const char *path, struct error *error)
{
    struct output_file file;
    enum status status = output_file_open(&file, path, error);
    if (status == STATUS_OK) {
        output_file_abandon(&file);
    }
    return status;
}

enum status exploration_page_write(const struct exploration_page *page, const char *path,
                                   struct error *error)
{
    struct output_file file;
    char *html = NULL;
    size_t size = 0;
    enum status status = make(page, &html, &size, error);
    status = status == STATUS_OK ? output_file_open(&file, path, error) : status;
    if (status == STATUS_OK) {
        (void)fwrite(html, 1, size, file.stream);
        status = output_file_commit(&file, error);
    }
    free(html);
    return status;
}

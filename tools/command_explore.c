/* command_explore.c: `lockstep explore`: every run of a scenario with at most D deviations.
 */
#include "tools/attempt.h"
#include "tools/command.h"
#include "tools/exploration_page.h"
#include "tools/options.h"
#include "tools/report.h"
#include "tools/search_text.h"
#include "tools/subject.h"
#include "tools/version.h"
#include "tools/workers.h"

#include "sim/unicode.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { DEVIATIONS_USUAL = 1, STORIES_USUAL = 10, WORLDS_USUAL = 1 << 20, CASES_MAX_SHOWN = 64 };

enum {
    OPTION_DEVIATIONS,
    OPTION_KINDS,
    OPTION_CASE,
    OPTION_SET,
    OPTION_FORMAT,
    OPTION_STORIES,
    OPTION_HTML,
    OPTION_NO_FINGERPRINTS,
    OPTION_WORLDS,
    OPTION_BFS,
    OPTION_STATE,
    OPTION_JOBS,
    OPTION_QUIET,
    OPTION_HELP
};

/* In the order of the enumeration. */
static const struct option table[] = {
    {"deviations",      'd', "D",          "at most so many in a run, 0 to 8 (1)"                        },
    {"kinds",           0,   "K,K...",
     "of deviations, or all (kill,reorder,stall,lose,duplicate,stale,ttl,error)"                         },
    {"case",            0,   "NAME",       "only the case of this name, where the scenario has cases"    },
    {"set",             0,   "PATH=VALUE", "change a field, e.g. pipeline.builder=V5; repeatable"        },
    {"format",          0,   "F",          "text or json, on standard output (text)"                     },
    {"stories",         0,   "N",          "told of each property, or all (10)"                          },
    {"html",            0,   "FILE",       "write a page of it, too, with drawings of the stories"       },
    {"no-fingerprints", 0,   NULL,         "enter worlds that were seen before, too"                     },
    {"worlds",          0,   "N",          "remember so many within one first deviation (1048576)"       },
    {"bfs",             0,   NULL,         "all worlds, whatever the number of deviations, breadth first"},
    {"state",           0,   "FILE",       "keep what is finished there, and go on from what it holds"   },
    {"jobs",            'j', "N",          "processes that share the runs (the processors)"              },
    {"quiet",           'q', NULL,         "no progress on a terminal"                                   },
    {"help",            'h', NULL,         "this text"                                                   },
    {NULL,              0,   NULL,         NULL                                                          },
};
_Static_assert(sizeof table / sizeof table[0] == OPTION_HELP + 2, "one row each");

struct request {
    struct subject subject;
    uint32_t deviations, groups;
    uint64_t stories, worlds;
    bool json, quiet, plainly, all_worlds;
    const char *state, *html;
    unsigned jobs;
    struct journal_file *journal;
};

/* A scenario, or a case of it, explored. */
struct result {
    struct text name; /* of the case; empty: none */
    struct subject subject;
    struct deviation_menu menu;
    struct explored explored;
};

/* --- the command line
 * -------------------------------------------------------------------------------------- */

static void put_help(void)
{
    (void)fputs("Usage: lockstep explore SCENARIO [OPTION...]\n\n"
                "Runs the scenario with every set of at most D deviations from its plain run, in "
                "which nothing\ngoes wrong and everything takes its nominal time: at each call of "
                "each process, and at each\nthing that a service does, each kind of deviation that "
                "is possible there. Every run is judged\nby all invariants. What violates them is "
                "told as stories, the smallest first, each with the\ncommand that runs it. A "
                "scenario with cases is explored case by case, and compared in a matrix.\n\n",
                stdout);
    options_help(table, stdout);
    (void)fputs("\nKinds of deviations:\n", stdout);
    search_put_groups_help(stdout);
    (void)fputs("\nExamples:\n"
                "  lockstep explore scenarios/regression/130-files.yaml --kinds kill\n"
                "  lockstep explore scenarios/exploration/three-functions.yaml -d 2 --case V3\n"
                "  lockstep explore scenarios/exploration/two-files.yaml --bfs --kinds kill,lose\n"
                "  lockstep explore scenarios/exploration/three-functions.yaml -d 2 "
                "--state /tmp/pass --format json\n"
                "  lockstep explore scenarios/exploration/three-functions.yaml --html page.html\n\n"
                "Exit status: 0 nothing was violated but what the scenario's `violates` names; 1 "
                "something\nwas, or a goal of its `reach` was never reached; 2 bad input or usage; "
                "3 an internal or input/output error; 130 "
                "interrupted, after a\nreport of what was done.\n",
                stdout);
}

static bool take_kinds(struct request *r, const char *value)
{
    struct error error;
    return search_groups_parse(value, &r->groups, &error) == STATUS_OK ||
           subject_misuse(&r->subject, error.message, "", "");
}

static bool take_deviations(struct request *r, const char *value)
{
    uint64_t number;
    if (!option_number(value, 0, EXPLORE_DEVIATIONS_MAX, &number)) {
        return subject_misuse(&r->subject, "how many deviations? 0 to 8", value, "");
    }
    r->deviations = (uint32_t)number;
    return true;
}

/* One option or argument. False after a message. */
static bool take(void *self, int option, const char *value)
{
    struct request *r = self;
    switch (option) {
    case OPTION_ARGUMENT:
        return subject_take_file(&r->subject, value);
    case OPTION_DEVIATIONS:
        return take_deviations(r, value);
    case OPTION_KINDS:
        return take_kinds(r, value);
    case OPTION_CASE:
        r->subject.case_name = text_from(value);
        return true;
    case OPTION_SET:
        return subject_take_set(&r->subject, value);
    case OPTION_FORMAT:
        return subject_take_format(&r->subject, value, &r->json);
    case OPTION_STORIES:
        return subject_take_stories(&r->subject, value, &r->stories);
    case OPTION_HTML:
        r->html = value;
        return true;
    case OPTION_NO_FINGERPRINTS:
        r->plainly = true;
        return true;
    case OPTION_WORLDS:
        return option_number(value, 1, UINT64_C(1) << 32, &r->worlds) ||
               subject_misuse(&r->subject, "how many worlds? 1 to 4294967296", value, "");
    case OPTION_BFS:
        r->all_worlds = true;
        return true;
    case OPTION_STATE:
        r->state = value;
        return true;
    case OPTION_JOBS:
        return subject_take_jobs(&r->subject, value, &r->jobs);
    case OPTION_QUIET:
        r->quiet = true;
        return true;
    default:
        return false;
    }
}

/* Whether the page is standard output, which then has no other report. */
static bool page_is_output(const struct request *r)
{
    return r->html != NULL && strcmp(r->html, "-") == 0;
}

static bool check(const struct request *r)
{
    if (r->subject.path == NULL) {
        return subject_misuse(&r->subject, "which scenario? Give a file", "", "");
    }
    if (r->all_worlds && (r->plainly || r->state != NULL)) {
        return subject_misuse(&r->subject,
                              "--bfs remembers every world, and keeps nothing in a file",
                              r->plainly ? "--no-fingerprints" : "--state", "");
    }
    if (r->json && page_is_output(r)) {
        return subject_misuse(&r->subject,
                              "--format json and --html - would both be standard output", "", "");
    }
    return true;
}

static bool parse(struct request *r, int argc, char **argv, bool *help)
{
    if (!options_take(table, argc, argv, OPTION_HELP, take, r, help) || *help) {
        return *help;
    }
    return check(r);
}

/* --- the work
 * -----------------------------------------------------------------------------------------------
 */

/* All that the outcome depends on. */
static struct hash128 work_hash(const struct request *r)
{
    const uint64_t numbers[] = {r->deviations, r->groups, r->worlds, r->plainly};
    const struct hash128 parts[] = {subject_hash(&r->subject), hash128(numbers, sizeof numbers)};
    return hash128(parts, sizeof parts);
}

static int explore_one(const struct request *r, uint32_t number, struct result *result)
{
    struct error error = {.message = ""};
    const struct scenario *s = &result->subject.scenario;
    char title[UNIT_TITLE_MAX + 1];
    struct text full = unit_title(s->name, result->name, title);
    title[full.size] = '\0';
    deviation_menu_fill(&result->menu, s, r->groups);
    struct exploration_work work = {
        .exploration = {.scenario = s,
                        .menu = &result->menu,
                        .deviations = r->deviations,
                        .fingerprints = !r->plainly,
                        .worlds_most = r->worlds},
        .all_worlds = r->all_worlds,
        .title = title,
        .number = number,
        .workers = r->jobs,
        .shows_progress = !r->quiet && isatty(STDERR_FILENO),
        .journal = r->journal,
        .stopped = attempt_interrupted,
    };
    enum status status = exploration_do(&work, &result->explored, &error);
    return status == STATUS_OK ? STATUS_PASS : subject_complain(&r->subject, &error);
}

/* --- what is told
 * -----------------------------------------------------------------------------------------------
 */

static struct report_goals goals_of(const struct result *result)
{
    const struct findings *f = &result->explored.findings;
    struct report_goals goals = {.asked = result->subject.scenario.reach,
                                 .runs = f->counts.runs + f->counts.seen};
    memcpy(goals.reached, f->goals, sizeof goals.reached);
    return goals;
}

static void put_covered(FILE *out, const struct request *r, const struct result *result)
{
    const struct explored *x = &result->explored;
    const struct exploration_counts *c = &x->findings.counts;
    (void)fprintf(out, "  covered     %s ", x->complete ? "every" : "not every");
    if (r->all_worlds) {
        (void)fputs("world that any number of deviations leads to, of: ", out);
    } else {
        (void)fprintf(out, "run with at most %" PRIu32 " deviation%s of: ", r->deviations,
                      r->deviations == 1 ? "" : "s");
    }
    search_put_groups(out, r->groups, ", ", "");
    (void)fputs("\n              ", out);
    search_put_world(out, &result->subject.scenario);
    (void)fputs("; time concrete, latencies nominal\n", out);
    (void)fprintf(out, "  runs        %" PRIu64 " judged", c->runs);
    uint32_t most = r->all_worlds ? EXPLORE_DEVIATIONS_MAX : r->deviations;
    while (r->all_worlds && most > 0 && x->findings.runs[most] == 0) {
        most--;
    }
    for (uint32_t d = 0; d <= most; d++) {
        (void)fprintf(out, "%s%" PRIu64, d == 0 ? " (" : " + ", x->findings.runs[d]);
    }
    (void)fprintf(out, " by deviations%s); %" PRIu64 " events in the plain one\n",
                  most == EXPLORE_DEVIATIONS_MAX ? ", so many or more" : "", x->plain_events);
    if (!r->plainly) {
        (void)fprintf(out,
                      "  worlds      %" PRIu64 " remembered; %" PRIu64
                      " runs came to one of them and ended there; probability of a\n"
                      "              missed world below ",
                      c->worlds, c->seen);
        search_put_miss(out, c->worlds);
        (void)fputc('\n', out);
    }
    if (c->unremembered > 0) {
        (void)fprintf(out, "              %" PRIu64 " more did not fit (--worlds)\n",
                      c->unremembered);
    }
    if (x->findings.full > 0) {
        (void)fprintf(out,
                      "  room        %" PRIu64 " runs ended early: the simulation's room was too "
                      "small (limits.*)\n",
                      x->findings.full);
    }
    struct report_goals goals = goals_of(result);
    search_put_goals(out, &goals);
    if (!x->complete && r->all_worlds) {
        (void)fputs(x->too_many ? "  stopped     there are more worlds (--worlds)\n"
                                : "  stopped     before the end\n",
                    out);
    } else if (!x->complete) {
        (void)fprintf(out, "  stopped     after %" PRIu64 " of %" PRIu64 " first deviations\n",
                      x->items_done, x->items);
    }
}

static void put_property(FILE *out, const struct request *r, const struct result *result,
                         uint32_t property)
{
    const struct findings *f = &result->explored.findings;
    uint32_t least = findings_least(f, property);
    if (least == UINT32_MAX) {
        return;
    }
    size_t stories = 0;
    for (size_t i = 0; i < f->count; i++) {
        stories += f->rows[i].property == property;
    }
    (void)fprintf(out, "\n  %s %s\n", property_name(property), property_text(property));
    (void)fprintf(out, "     %" PRIu64 " run%s, %zu stor%s; fewest deviations %" PRIu32 "\n",
                  findings_violating(f, property), findings_violating(f, property) == 1 ? "" : "s",
                  stories, stories == 1 ? "y" : "ies", least);
    uint64_t told = 0;
    for (size_t i = 0; i < f->count && told < r->stories; i++) {
        const struct finding *story = &f->rows[i];
        if (story->property != property) {
            continue;
        }
        (void)fprintf(out, "     %" PRIu32 "  ", story->size);
        search_put_story(out, &result->menu, story->example, story->size, true);
        (void)fprintf(out, "  (%" PRIu64 " run%s like it)\n        ", story->runs,
                      story->runs == 1 ? "" : "s");
        search_put_command(out, &result->subject, &result->menu, story->example, story->size);
        (void)fputc('\n', out);
        told++;
    }
    if (told < stories) {
        (void)fprintf(out, "     and %zu more stories (--stories all)\n", stories - (size_t)told);
    }
}

static void put_clean(FILE *out, const struct result *result)
{
    bool first = true;
    for (uint32_t i = 0; i < PROPERTIES_COUNT; i++) {
        if (findings_least(&result->explored.findings, i) == UINT32_MAX) {
            (void)fprintf(out, "%s%s", first ? "\n  no violation found of " : ", ",
                          property_name(i));
            first = false;
        }
    }
    (void)fputs(first ? "" : "\n", out);
}

static void put_text(FILE *out, const struct request *r, const struct result *result)
{
    char title[UNIT_TITLE_MAX];
    put_plain(out, unit_title(result->subject.scenario.name, result->name, title));
    (void)fputc('\n', out);
    put_covered(out, r, result);
    for (uint32_t i = 0; i < PROPERTIES_COUNT; i++) {
        put_property(out, r, result, i);
    }
    put_clean(out, result);
    (void)fputc('\n', out);
}

/* The fewest deviations that violate each property, case by case. */
static void put_matrix(FILE *out, const struct request *r, const struct result *results,
                       size_t count)
{
    (void)fputs("Fewest deviations", out);
    if (!r->all_worlds) {
        (void)fprintf(out, ", of at most %" PRIu32 ",", r->deviations);
    }
    (void)fputs(" that violate it (. none found)\n\n", out);
    (void)fprintf(out, "%-16s", "");
    for (uint32_t i = 0; i < PROPERTIES_COUNT; i++) {
        (void)fprintf(out, " %5s", property_name(i));
    }
    (void)fputs("        runs\n", out);
    for (size_t k = 0; k < count; k++) {
        const struct findings *f = &results[k].explored.findings;
        (void)fprintf(out, "%-16s", shown(results[k].name).text);
        for (uint32_t i = 0; i < PROPERTIES_COUNT; i++) {
            uint32_t least = findings_least(f, i);
            if (least == UINT32_MAX) {
                (void)fprintf(out, " %5s", ".");
            } else {
                (void)fprintf(out, " %5" PRIu32, least);
            }
        }
        (void)fprintf(out, " %11" PRIu64 "%s\n", f->counts.runs,
                      results[k].explored.complete ? "" : " (stopped)");
    }
}

static void put_story_json(FILE *out, const struct result *result, const struct finding *f)
{
    (void)fprintf(out, "{\"deviations\": ");
    search_put_story_json(out, &result->menu, f->example, f->size);
    (void)fprintf(out, ", \"runs\": %" PRIu64 ", \"command\": ", f->runs);
    search_put_command_json(out, &result->subject, &result->menu, f->example, f->size);
    (void)fputc('}', out);
}

static void put_property_json(FILE *out, const struct request *r, const struct result *result,
                              uint32_t property)
{
    const struct findings *f = &result->explored.findings;
    uint32_t least = findings_least(f, property);
    (void)fprintf(out, "    {\"property\": \"%s\", \"least\": ", property_name(property));
    if (least == UINT32_MAX) {
        (void)fputs("null", out);
    } else {
        (void)fprintf(out, "%" PRIu32, least);
    }
    (void)fprintf(out, ", \"runs\": %" PRIu64 ", \"stories\": [", findings_violating(f, property));
    uint64_t told = 0;
    for (size_t i = 0; i < f->count && told < r->stories; i++) {
        if (f->rows[i].property == property) {
            (void)fputs(told > 0 ? ",\n      " : "\n      ", out);
            put_story_json(out, result, &f->rows[i]);
            told++;
        }
    }
    (void)fputs("]}", out);
}

static void put_result_json(FILE *out, const struct request *r, const struct result *result)
{
    const struct explored *x = &result->explored;
    const struct scenario *s = &result->subject.scenario;
    (void)fputs("  {\"scenario\": ", out);
    put_json(out, s->name);
    (void)fputs(", \"case\": ", out);
    put_json(out, result->name);
    (void)fprintf(out, ", \"complete\": %s,\n   \"deviations\": ", x->complete ? "true" : "false");
    if (r->all_worlds) {
        (void)fputs("null", out); /* any number */
    } else {
        (void)fprintf(out, "%" PRIu32, r->deviations);
    }
    (void)fputs(", \"kinds\": [", out);
    search_put_groups(out, r->groups, ", ", "\"");
    (void)fprintf(out,
                  "], \"time\": \"concrete\", \"functions\": %" PRId64 ", \"files\": %" PRId64
                  ", \"threshold\": %" PRId64 ",\n",
                  search_functions(s), search_files(s), s->max_files_per_manifest);
    (void)fprintf(out,
                  "   \"runs\": %" PRIu64 ", \"seen\": %" PRIu64 ", \"worlds\": %" PRIu64
                  ", \"unremembered\": %" PRIu64 ", \"events\": %" PRIu64 ", \"full\": %" PRIu64
                  ", \"plain_events\": %" PRIu64 ",\n  ",
                  x->findings.counts.runs, x->findings.counts.seen, x->findings.counts.worlds,
                  x->findings.counts.unremembered, x->findings.counts.events, x->findings.full,
                  x->plain_events);
    struct report_goals goals = goals_of(result);
    put_goals_json(out, &goals);
    (void)fputs(",\n   \"properties\": [\n", out);
    for (uint32_t i = 0; i < PROPERTIES_COUNT; i++) {
        put_property_json(out, r, result, i);
        (void)fputs(i + 1 < PROPERTIES_COUNT ? ",\n" : "]}", out);
    }
}

static void put_all(const struct request *r, const struct result *results, size_t count)
{
    if (page_is_output(r)) {
        return;
    }
    if (r->json) {
        (void)printf("{\"lockstep\": \"%s\", \"results\": [\n", version_text());
        for (size_t i = 0; i < count; i++) {
            put_result_json(stdout, r, &results[i]);
            (void)fputs(i + 1 < count ? ",\n" : "\n", stdout);
        }
        (void)fputs("]}\n", stdout);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        put_text(stdout, r, &results[i]);
    }
    if (count > 1) {
        put_matrix(stdout, r, results, count);
    }
}

/* Writes the page; those of the cases to which the search did not come are only named. */
static int write_page(const struct request *r, const struct result *results, size_t done,
                      size_t count)
{
    struct error error = {.message = ""};
    struct exploration_case *cases = calloc(count, sizeof *cases);
    if (cases == NULL) {
        (void)fprintf(stderr, "lockstep explore: out of memory\n");
        return STATUS_INTERNAL;
    }
    for (size_t i = 0; i < count; i++) {
        const struct result *x = &results[i];
        cases[i].name = x->name;
        if (i < done) {
            cases[i] = (struct exploration_case){x->name, &x->subject, &x->menu, &x->explored};
        }
    }
    struct exploration_page page = {
        .subject = &r->subject,
        .cases = cases,
        .cases_count = count,
        .deviations = r->deviations,
        .groups = r->groups,
        .worlds_most = r->worlds,
        .fingerprints = !r->plainly,
        .all_worlds = r->all_worlds,
        .workers = r->jobs,
        .shows_progress = !r->quiet && isatty(STDERR_FILENO),
    };
    enum status status = exploration_page_write(&page, r->html, &error);
    free(cases);
    return status == STATUS_OK ? STATUS_PASS : subject_complain(&r->subject, &error);
}

/* Whether something was violated that is not said to be, or a goal that was asked for not reached.
 */
static bool finds(const struct result *result)
{
    const struct scenario *s = &result->subject.scenario;
    struct report_goals goals = goals_of(result);
    if (report_goals_missed(&goals) != 0) {
        return true;
    }
    uint32_t said = s->violates == VIOLATES_ANY ? 0 : s->violates;
    for (uint32_t i = 0; i < PROPERTIES_COUNT; i++) {
        if ((i == PROPERTY_ENDS || (said >> i & 1) == 0) &&
            findings_least(&result->explored.findings, i) != UINT32_MAX) {
            return true;
        }
    }
    return false;
}

static int explore_all(struct request *r, struct result *results, size_t cases, size_t *done)
{
    int status = STATUS_PASS;
    bool found = false;
    for (size_t i = 0; i < cases; i++) {
        results[i].name = r->subject.case_name.at != NULL       ? r->subject.case_name
                          : r->subject.scenario.cases_count > 0 ? r->subject.scenario.cases[i].name
                                                                : TEXT("");
    }
    for (*done = 0; *done < cases && status == STATUS_PASS && !attempt_interrupted();) {
        struct result *result = &results[*done];
        status = subject_load_case(&r->subject, result->name, &result->subject);
        (*done)++;
        if (status == STATUS_PASS) {
            status = explore_one(r, (uint32_t)*done, result);
            found |= finds(result);
        }
    }
    if (status != STATUS_PASS) {
        return status;
    }
    put_all(r, results, *done);
    if (r->html != NULL) {
        status = write_page(r, results, *done, cases);
    }
    if (status != STATUS_PASS) {
        return close_output(status);
    }
    bool too_many = false;
    for (size_t i = 0; i < *done; i++) {
        too_many |= results[i].explored.too_many;
    }
    if (too_many) {
        (void)fprintf(stderr,
                      "lockstep explore: there are more than %" PRIu64
                      " worlds; --worlds raises that\n",
                      r->worlds);
    }
    return close_output(attempt_interrupted() ? STATUS_BY_INTERRUPT
                        : too_many            ? STATUS_INTERNAL
                        : found               ? STATUS_FAIL
                                              : STATUS_PASS);
}

static int perform(struct request *r)
{
    struct error error = {.message = ""};
    int status = subject_load(&r->subject, true);
    if (status != STATUS_PASS) {
        return status;
    }
    if (r->html != NULL && exploration_page_try(r->html, &error) != STATUS_OK) {
        (void)fprintf(stderr, "lockstep explore: %s\n", error.message);
        return exit_status_of(error.status);
    }
    if (r->state != NULL) {
        r->journal = journal_file_open(r->state, work_hash(r), &error);
        if (r->journal == NULL) {
            (void)fprintf(stderr, "lockstep explore: %s\n", error.message);
            return exit_status_of(error.status);
        }
    }
    attempt_watch_interrupts();
    bool several = r->subject.scenario.cases_count > 0 && r->subject.case_name.at == NULL;
    size_t cases = several ? r->subject.scenario.cases_count : 1;
    size_t done = 0;
    struct result *results = calloc(cases, sizeof *results);
    if (results == NULL) {
        (void)fprintf(stderr, "lockstep explore: out of memory\n");
        return STATUS_INTERNAL;
    }
    status = explore_all(r, results, cases, &done);
    for (size_t i = 0; i < done; i++) {
        explored_free(&results[i].explored);
        subject_free(&results[i].subject);
    }
    free(results);
    return status;
}

int command_explore(int argc, char **argv)
{
    struct request *r = calloc(1, sizeof *r);
    bool help = false;
    int status = STATUS_USAGE;
    if (r == NULL) {
        (void)fprintf(stderr, "lockstep explore: out of memory\n");
        return STATUS_INTERNAL;
    }
    r->subject.command = "lockstep explore";
    r->deviations = DEVIATIONS_USUAL;
    r->groups = DEVIATION_GROUPS_USUAL;
    r->stories = STORIES_USUAL;
    r->worlds = WORLDS_USUAL;
    r->jobs = workers_usual();
    if (parse(r, argc, argv, &help)) {
        if (help) {
            put_help();
            status = close_output(STATUS_PASS);
        } else {
            status = perform(r);
        }
    }
    journal_file_close(r->journal);
    subject_free(&r->subject);
    free(r);
    return status;
}

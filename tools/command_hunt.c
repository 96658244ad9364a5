/* command_hunt.c: `lockstep hunt`: runs with deviations drawn at random, until the time is up. */
#include "tools/attempt.h"
#include "tools/command.h"
#include "tools/findings.h"
#include "tools/hunting.h"
#include "tools/options.h"
#include "tools/output_file.h"
#include "tools/report.h"
#include "tools/scenario_writer.h"
#include "tools/search_text.h"
#include "tools/suggest.h"
#include "tools/version.h"
#include "tools/workers.h"

#include "model/pipeline/pipeline.h"
#include "sim/stats.h"
#include "sim/unicode.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RUNS_USUAL = 10000, STORIES_USUAL = 10 };

enum {
    OPTION_RUNS,
    OPTION_FOR,
    OPTION_CASE,
    OPTION_SET,
    OPTION_SEED,
    OPTION_KINDS,
    OPTION_STRATEGIES,
    OPTION_FORMAT,
    OPTION_STORIES,
    OPTION_ALL,
    OPTION_AS_FOUND,
    OPTION_SAVE,
    OPTION_STATE,
    OPTION_JOBS,
    OPTION_QUIET,
    OPTION_HELP
};

/* In the order of the enumeration. */
static const struct option table[] = {
    {"runs",       0,   "N",          "make so many runs (10000)"                                },
    {"for",        0,   "TIME",       "make as many as there is time for, e.g. 60s"              },
    {"case",       0,   "NAME",       "the case of this name, where the scenario has cases"      },
    {"set",        0,   "PATH=VALUE", "change a field, e.g. pipeline.builder=V5; repeatable"     },
    {"seed",       0,   "N",          "draw from this seed (1)"                                  },
    {"kinds",      0,   "K,K...",
     "of deviations, or all (kill,reorder,stall,lose,duplicate,stale,ttl,error)"                 },
    {"strategies", 0,   "S,S...",     "how they are drawn (swarm,pct,realistic,uniform,guided)"  },
    {"format",     0,   "F",          "text or json, on standard output (text)"                  },
    {"stories",    0,   "N",          "told of each property, or all (10)"                       },
    {"all",        0,   NULL,         "what the scenario's `violates` names is a find, too"      },
    {"as-found",   0,   NULL,         "do not reduce what fails: tell every deviation of the run"},
    {"save",       0,   "DIR",        "write each story that is told as a scenario there"        },
    {"state",      0,   "FILE",       "keep what is finished there, and go on from what it holds"},
    {"jobs",       'j', "N",          "processes that share the runs (the processors)"           },
    {"quiet",      'q', NULL,         "no progress on a terminal"                                },
    {"help",       'h', NULL,         "this text"                                                },
    {NULL,         0,   NULL,         NULL                                                       },
};
_Static_assert(sizeof table / sizeof table[0] == OPTION_HELP + 2, "one row each");

struct request {
    struct subject subject;
    struct hunting_work work;
    struct deviation_menu menu;
    struct journal_file *journal;
    struct hunted hunted;
    uint32_t groups;
    uint64_t stories; /* told of each property */
    bool json, quiet, all;
    const char *save, *state;
};

/* --- the command line
 * -----------------------------------------------------------------------------------------------
 */

static void put_help(void)
{
    (void)fputs(
        "Usage: lockstep hunt SCENARIO [--runs N | --for TIME] [OPTION...]\n\n"
        "Makes runs of the scenario in which deviations are drawn at random: processes die, calls "
        "are\novertaken, frozen, lost, messages come twice. Each is judged by all invariants. What "
        "violates\nthem is reduced to the deviations that it takes, and told as stories, the "
        "smallest first,\neach with how often it was met and the command that runs it; of each "
        "property it is told\nhow likely its violation is under each strategy.\n\n",
        stdout);
    options_help(table, stdout);
    (void)fputs(
        "\nStrategies:\n"
        "  swarm      each run has its own weights for kinds, processes and points\n"
        "  pct        processes, clock and services have priorities, which change at a few places\n"
        "  realistic  as rare as in life\n"
        "  uniform    three of all that is possible\n"
        "  guided     runs that learn from those before them\n"
        "\nKinds of deviations:\n",
        stdout);
    search_put_groups_help(stdout);
    (void)fputs(
        "\nRun number n is the same run whenever scenario, kinds, seed and strategies are the "
        "same. "
        "With\n--runs the report is, too, whatever --jobs; with --for it depends on the machine.\n"
        "\nExamples:\n"
        "  lockstep hunt scenarios/regression/130-files.yaml --for 60s\n"
        "  lockstep hunt stuck.yaml --runs 100000 --kinds kill,stall --seed 7 --save cases\n"
        "  lockstep hunt stuck.yaml --for 8h --state night --format json > night.json\n\n"
        "Exit status: 0 nothing was violated but what the scenario's `violates` names; 1 "
        "something\nwas, or a goal of its `reach` was never reached; 2 bad input or usage; 3 an "
        "internal or input/output error; 130 "
        "interrupted, after a\nreport of what was done.\n",
        stdout);
}

static bool take_time(struct request *r, const char *value)
{
    struct error error;
    return (duration_parse(text_from(value), &r->work.time, &error) == STATUS_OK &&
            r->work.time.ns > 0) ||
           subject_misuse(&r->subject, "for how long? A time such as 60s", value, "");
}

static bool take_kinds(struct request *r, const char *value)
{
    struct error error;
    return search_groups_parse(value, &r->groups, &error) == STATUS_OK ||
           subject_misuse(&r->subject, error.message, "", "");
}

static bool take_strategy(struct request *r, struct text word)
{
    struct suggestion near = suggestion(word);
    for (unsigned i = 0; i < HUNT_STRATEGIES_COUNT; i++) {
        struct text name = text_from(hunt_strategy_word((enum hunt_strategy)i));
        if (text_equal(name, word)) {
            r->work.hunt.strategies |= UINT32_C(1) << i;
            return true;
        }
        suggestion_offer(&near, name);
    }
    return subject_misuse(&r->subject, "no such strategy", shown(word).text,
                          suggestion_text(&near).text);
}

static bool take_strategies(struct request *r, const char *value)
{
    struct text rest = text_from(value);
    r->work.hunt.strategies = 0;
    for (;;) {
        const char *comma = rest.size > 0 ? memchr(rest.at, ',', rest.size) : NULL;
        struct text word = {rest.at, comma == NULL ? rest.size : (size_t)(comma - rest.at)};
        bool good = take_strategy(r, word);
        if (comma == NULL || !good) {
            return good;
        }
        rest = (struct text){comma + 1, rest.size - word.size - 1};
    }
}

/* One option or argument. False after a message. */
static bool take(void *self, int option, const char *value)
{
    struct request *r = self;
    switch (option) {
    case OPTION_ARGUMENT:
        return subject_take_file(&r->subject, value);
    case OPTION_RUNS:
        return option_number(value, 1, UINT64_C(1) << 40, &r->work.runs) ||
               subject_misuse(&r->subject, "how many runs? 1 to 1099511627776", value, "");
    case OPTION_FOR:
        return take_time(r, value);
    case OPTION_CASE:
        r->subject.case_name = text_from(value);
        return true;
    case OPTION_SET:
        return subject_take_set(&r->subject, value);
    case OPTION_SEED:
        return option_number(value, 0, UINT64_MAX, &r->work.hunt.seed) ||
               subject_misuse(&r->subject, "a seed is a whole number below 2^64", value, "");
    case OPTION_KINDS:
        return take_kinds(r, value);
    case OPTION_STRATEGIES:
        return take_strategies(r, value);
    case OPTION_FORMAT:
        return subject_take_format(&r->subject, value, &r->json);
    case OPTION_STORIES:
        return subject_take_stories(&r->subject, value, &r->stories);
    case OPTION_ALL:
        r->all = true;
        return true;
    case OPTION_AS_FOUND:
        r->work.as_found = true;
        return true;
    case OPTION_SAVE:
        r->save = value;
        return true;
    case OPTION_STATE:
        r->state = value;
        return true;
    case OPTION_JOBS:
        return subject_take_jobs(&r->subject, value, &r->work.workers);
    case OPTION_QUIET:
        r->quiet = true;
        return true;
    default:
        return false;
    }
}

static bool check(struct request *r)
{
    if (r->subject.path == NULL) {
        return subject_misuse(&r->subject, "which scenario? Give a file", "", "");
    }
    if (r->work.runs > 0 && r->work.time.ns > 0) {
        return subject_misuse(&r->subject, "either --runs or --for", "", "");
    }
    r->work.runs = r->work.runs == 0 && r->work.time.ns == 0 ? RUNS_USUAL : r->work.runs;
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

/* All that the outcome of a piece depends on. */
static struct hash128 work_hash(const struct request *r)
{
    const uint64_t numbers[] = {r->groups, r->work.hunt.strategies, r->work.hunt.seed,
                                r->work.as_found};
    const struct hash128 parts[] = {subject_hash(&r->subject), hash128(numbers, sizeof numbers)};
    return hash128(parts, sizeof parts);
}

/* What has to be there before the first run. */
static enum status prepare(struct request *r, struct error *error)
{
    const struct scenario *s = &r->subject.scenario;
    if (s->faults_count == FAULTS_MAX) {
        return error_set(error, STATUS_BAD_INPUT, "has %d faults, and no room for one more",
                         FAULTS_MAX);
    }
    if (r->save != NULL && mkdir(r->save, 0777) != 0 && errno != EEXIST) {
        return error_set(error, STATUS_IO, "%.200s: %s", r->save, strerror(errno));
    }
    if (r->state != NULL) {
        r->journal = journal_file_open(r->state, work_hash(r), error);
        if (r->journal == NULL) {
            return error->status;
        }
    }
    deviation_menu_fill_hunting(&r->menu, s, r->groups);
    r->work.hunt.scenario = s;
    r->work.hunt.menu = &r->menu;
    r->work.journal = r->journal;
    r->work.stopped = attempt_interrupted;
    r->work.shows_progress = !r->quiet && isatty(STDERR_FILENO);
    return STATUS_OK;
}

/* --- what is told
 * -----------------------------------------------------------------------------------------------
 */

/* Those that the scenario says of itself. */
static bool is_known(const struct request *r, uint32_t what)
{
    uint32_t said = r->subject.scenario.violates;
    return !r->all && what < INVARIANTS_COUNT && said != VIOLATES_ANY && (said >> what & 1) != 0;
}

static bool is_told(const struct request *r, uint32_t what)
{
    return what != FIND_FULL && hunt_tally_found(&r->hunted.tally, what) > 0;
}

/* Runs whose deviations are drawn without regard to others. */
static uint64_t independent_runs(const struct hunt_tally *t)
{
    return hunt_tally_runs(t) - t->of[HUNT_GUIDED].runs;
}

static struct share share_in(const struct hunt_counts *counts, uint32_t what)
{
    unsigned surplus = 0;
    while (counts->runs >> surplus > SHARE_COUNT_MAX) {
        surplus++;
    }
    return share_of(counts->found[what] >> surplus, counts->runs >> surplus);
}

/* "12.3456 %" */
static void put_percent(FILE *out, int64_t ppm)
{
    (void)fprintf(out, "%" PRId64 ".%04" PRId64 " %%", ppm / 10000, ppm % 10000);
}

/* Three in so many runs, rounded up. */
static int64_t rule_of_three_ppm(uint64_t runs)
{
    return runs < 3 ? 1000000 : (int64_t)((3000000 + runs - 1) / runs);
}

static struct report_goals goals_of(const struct request *r)
{
    const struct hunt_tally *t = &r->hunted.tally;
    struct report_goals goals = {.asked = r->subject.scenario.reach, .runs = hunt_tally_runs(t)};
    memcpy(goals.reached, t->goals, sizeof goals.reached);
    return goals;
}

static void put_covered(FILE *out, const struct request *r)
{
    const struct hunted *x = &r->hunted;
    uint64_t runs = hunt_tally_runs(&x->tally);
    uint64_t deviations = 0;
    for (unsigned i = 0; i < HUNT_STRATEGIES_COUNT; i++) {
        deviations += x->tally.of[i].deviations;
    }
    (void)fprintf(out, "  covered     %" PRIu64 " runs of ", runs);
    search_put_world(out, &r->subject.scenario);
    (void)fputs("; time concrete, latencies nominal\n              deviations drawn of: ", out);
    search_put_groups(out, r->groups, ", ", "");
    uint64_t tenths = runs > 0 ? (deviations * 10 + runs / 2) / runs : 0;
    (void)fprintf(out,
                  "\n              in %" PRIu32 " forms, %" PRIu64 ".%" PRIu64
                  " a run, at most %d; %" PRIu64 " events in the plain run, %" PRIu64
                  " points asked\n",
                  r->menu.count, tenths / 10, tenths % 10, HUNT_DEVIATIONS_MAX, x->plain_events,
                  x->plain_asks);
    const char *separator = "  strategies  ";
    for (unsigned i = 0; i < HUNT_STRATEGIES_COUNT; i++) {
        if (x->tally.of[i].runs > 0) {
            (void)fprintf(out, "%s%s %" PRIu64, separator,
                          hunt_strategy_word((enum hunt_strategy)i), x->tally.of[i].runs);
            separator = ", ";
        }
    }
    (void)fprintf(out, "; %" PRIu64 " more runs to reduce what was found\n",
                  hunt_tally_repeats(&x->tally));
    struct report_goals goals = goals_of(r);
    search_put_goals(out, &goals);
}

/* Only of a hunt that depends on the machine anyhow. */
static void put_pace(FILE *out, const struct request *r)
{
    uint64_t ms = (uint64_t)(r->hunted.took.ns / NS_PER_MS);
    if (r->work.time.ns > 0 && ms > 0) {
        (void)fprintf(out, "  pace        %" PRIu64 " runs a second on %u process%s\n",
                      r->hunted.made * 1000 / ms, r->work.workers,
                      r->work.workers == 1 ? "" : "es");
    }
}

static void put_shares(FILE *out, const struct request *r, uint32_t what)
{
    for (unsigned i = 0; i < HUNT_STRATEGIES_COUNT; i++) {
        const struct hunt_counts *counts = &r->hunted.tally.of[i];
        if (counts->runs == 0) {
            continue;
        }
        struct share share = share_in(counts, what);
        (void)fprintf(out, "     %-10s %8" PRIu64 " of %8" PRIu64 "  ",
                      hunt_strategy_word((enum hunt_strategy)i), counts->found[what], counts->runs);
        put_percent(out, share.ppm);
        if (i == HUNT_GUIDED) {
            (void)fputs("  (no estimate: each learns from others)", out);
        } else if (counts->found[what] == 0) {
            (void)fputs("  (less than ", out);
            put_percent(out, rule_of_three_ppm(counts->runs));
            (void)fputc(')', out);
        } else {
            (void)fputs("  (", out);
            put_percent(out, share.low_ppm);
            (void)fputs(" to ", out);
            put_percent(out, share.high_ppm);
            (void)fputc(')', out);
        }
        (void)fputc('\n', out);
    }
}

static void put_find(FILE *out, const struct request *r, const struct find *find)
{
    (void)fprintf(out, "     %" PRIu32 "  ", find->deviations_count);
    search_put_story(out, &r->menu, find->deviations, find->deviations_count, true);
    (void)fprintf(out, "  (%" PRIu64 " run%s like it, the first %" PRIu64 ", %s)\n        ",
                  find->count, find->count == 1 ? "" : "s", find->first,
                  hunt_strategy_word((enum hunt_strategy)find->strategy));
    search_put_command(out, &r->subject, &r->menu, find->deviations, find->deviations_count);
    (void)fputc('\n', out);
}

static uint64_t stories_of(const struct hunt_tally *t, uint32_t what)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < t->finds_count; i++) {
        count += t->finds[i].what == what;
    }
    return count;
}

/* Tells its stories, the smallest first. */
static void put_stories(FILE *out, const struct request *r, uint32_t what)
{
    const struct hunt_tally *t = &r->hunted.tally;
    uint64_t stories = stories_of(t, what);
    uint64_t told = 0;
    for (uint64_t i = 0; i < t->finds_count && told < r->stories; i++) {
        if (t->finds[i].what == what) {
            put_find(out, r, &t->finds[i]);
            told++;
        }
    }
    if (told < stories) {
        (void)fprintf(out, "     and %" PRIu64 " more stories (--stories all)\n", stories - told);
    }
    if (what < INVARIANTS_COUNT && t->unreduced[what] > 0) {
        (void)fprintf(out, "     and %" PRIu64 " runs that were not reduced\n", t->unreduced[what]);
    }
}

static void put_property(FILE *out, const struct request *r, uint32_t what)
{
    (void)fprintf(out, "\n  %s %s%s\n", property_name(what), property_text(what),
                  is_known(r, what) ? " (known: `violates` names it)" : "");
    put_shares(out, r, what);
    if (!is_known(r, what)) {
        put_stories(out, r, what);
    }
}

static void put_clean(FILE *out, const struct request *r)
{
    const struct hunt_tally *t = &r->hunted.tally;
    bool first = true;
    for (uint32_t i = 0; i <= FIND_ENDLESS; i++) {
        if (!is_told(r, i)) {
            (void)fprintf(out, "%s%s", first ? "\n  not violated in any run: " : ", ",
                          property_name(i));
            first = false;
        }
    }
    if (!first && independent_runs(t) > 0) {
        (void)fputs(" (so in less than ", out);
        put_percent(out, rule_of_three_ppm(independent_runs(t)));
        (void)fputs(" of runs that are drawn so, 95 %)", out);
    }
    (void)fputs(first ? "" : "\n", out);
    uint64_t full = hunt_tally_found(t, FIND_FULL);
    if (full > 0) {
        (void)fprintf(
            out, "  the simulation's room was too small for %" PRIu64 " runs: not judged\n", full);
    }
}

static void put_text(FILE *out, const struct request *r)
{
    char title[UNIT_TITLE_MAX];
    put_plain(out, unit_title(r->subject.scenario.name, r->subject.scenario.case_name, title));
    (void)fprintf(out, ", seed %" PRIu64 "\n", r->work.hunt.seed);
    put_covered(out, r);
    put_pace(out, r);
    for (uint32_t i = 0; i <= FIND_ENDLESS; i++) {
        if (is_told(r, i)) {
            put_property(out, r, i);
        }
    }
    put_clean(out, r);
}

static void put_shares_json(FILE *out, const struct request *r, uint32_t what)
{
    bool first = true;
    for (unsigned i = 0; i < HUNT_STRATEGIES_COUNT; i++) {
        const struct hunt_counts *counts = &r->hunted.tally.of[i];
        if (counts->runs == 0) {
            continue;
        }
        struct share share = share_in(counts, what);
        (void)fprintf(out,
                      "%s\n      \"%s\": {\"runs\": %" PRIu64 ", \"violating\": %" PRIu64
                      ", \"ppm\": %" PRId64,
                      first ? "" : ",", hunt_strategy_word((enum hunt_strategy)i), counts->runs,
                      counts->found[what], share.ppm);
        if (i != HUNT_GUIDED) {
            (void)fprintf(out, ", \"interval_ppm\": [%" PRId64 ", %" PRId64 "]", share.low_ppm,
                          share.high_ppm);
        }
        (void)fputc('}', out);
        first = false;
    }
}

static void put_find_json(FILE *out, const struct request *r, const struct find *find)
{
    (void)fputs("{\"deviations\": ", out);
    search_put_story_json(out, &r->menu, find->deviations, find->deviations_count);
    (void)fprintf(out,
                  ", \"runs\": %" PRIu64 ", \"first\": %" PRIu64
                  ", \"strategy\": \"%s\", \"events\": %" PRIu64 ", \"command\": ",
                  find->count, find->first, hunt_strategy_word((enum hunt_strategy)find->strategy),
                  find->events);
    search_put_command_json(out, &r->subject, &r->menu, find->deviations, find->deviations_count);
    (void)fputc('}', out);
}

static void put_property_json(FILE *out, const struct request *r, uint32_t what)
{
    const struct hunt_tally *t = &r->hunted.tally;
    (void)fprintf(out, "   {\"property\": \"%s\", \"known\": %s, \"runs\": %" PRIu64,
                  property_name(what), is_known(r, what) ? "true" : "false",
                  hunt_tally_found(t, what));
    (void)fprintf(out, ", \"unreduced\": %" PRIu64 ", \"strategies\": {",
                  what < INVARIANTS_COUNT ? t->unreduced[what] : 0);
    put_shares_json(out, r, what);
    (void)fputs("},\n    \"stories\": [", out);
    uint64_t told = 0;
    for (uint64_t i = 0; i < t->finds_count && told < r->stories; i++) {
        if (t->finds[i].what == what) {
            (void)fputs(told > 0 ? ",\n      " : "\n      ", out);
            put_find_json(out, r, &t->finds[i]);
            told++;
        }
    }
    (void)fputs("]}", out);
}

static void put_json_report(FILE *out, const struct request *r)
{
    const struct scenario *s = &r->subject.scenario;
    const struct hunted *x = &r->hunted;
    (void)fprintf(out, "{\"lockstep\": \"%s\", \"scenario\": ", version_text());
    put_json(out, s->name);
    (void)fputs(", \"case\": ", out);
    put_json_or_null(out, s->case_name);
    (void)fprintf(out, ", \"seed\": %" PRIu64 ", \"kinds\": [", r->work.hunt.seed);
    search_put_groups(out, r->groups, ", ", "\"");
    (void)fprintf(out,
                  "],\n \"time\": \"concrete\", \"functions\": %" PRId64 ", \"files\": %" PRId64
                  ", \"threshold\": %" PRId64 ", \"forms\": %" PRIu32 ",\n",
                  search_functions(s), search_files(s), s->max_files_per_manifest, r->menu.count);
    (void)fprintf(out,
                  " \"runs\": %" PRIu64 ", \"full\": %" PRIu64 ", \"repeats\": %" PRIu64
                  ", \"plain_events\": %" PRIu64 ", \"plain_asks\": %" PRIu64,
                  hunt_tally_runs(&x->tally), hunt_tally_found(&x->tally, FIND_FULL),
                  hunt_tally_repeats(&x->tally), x->plain_events, x->plain_asks);
    if (r->work.time.ns > 0) {
        (void)fprintf(out, ", \"made\": %" PRIu64 ", \"took_ms\": %" PRId64, x->made,
                      x->took.ns / NS_PER_MS);
    }
    (void)fputs(",\n", out);
    struct report_goals goals = goals_of(r);
    put_goals_json(out, &goals);
    (void)fputs(",\n \"properties\": [\n", out);
    for (uint32_t i = 0; i <= FIND_ENDLESS; i++) {
        put_property_json(out, r, i);
        (void)fputs(i < FIND_ENDLESS ? ",\n" : "]}\n", out);
    }
}

/* --- cases
 * -----------------------------------------------------------------------------------------------
 */

/* The scenario with the find's deviations as its faults, and what led to it as comment. */
static enum status write_case(const struct request *r, const struct find *find, uint64_t number,
                              char *room, struct error *error)
{
    static struct scenario with; /* too large for the stack */
    struct task_type types[TASK_TYPES_COUNT];
    pipeline_task_types(types, 0);
    with = r->subject.scenario;
    for (uint32_t i = 0; i < find->deviations_count; i++) {
        with.faults[with.faults_count++] = menu_fault(&r->menu, &find->deviations[i], types);
    }
    char comment[512];
    struct text_writer c = text_writer(comment, sizeof comment);
    text_put(&c, text_from(property_name(find->what)));
    text_put(&c, TEXT(": "));
    text_put(&c, text_from(property_text(find->what)));
    text_put(&c, TEXT(".\nFound by lockstep hunt; to be run by: lockstep run --default FILE"));
    struct text_writer w = text_writer(room, SCENARIO_TEXT);
    scenario_write(&with, text_written(&c), &w);
    struct output_file file;
    char path[OUTPUT_PATH_MAX];
    int size = snprintf(path, sizeof path, "%s/%s-%" PRIu64 ".yaml", r->save,
                        property_name(find->what), number);
    if (w.overflowed || size < 0 || (size_t)size >= sizeof path) {
        return error_set(error, STATUS_FULL, "a case is too long to be saved");
    }
    enum status status = output_file_open(&file, path, error);
    if (status == STATUS_OK) {
        (void)fwrite(w.at, 1, w.size, file.stream);
        status = output_file_commit(&file, error);
    }
    return status;
}

/* As many of each property as are told. */
static enum status save_cases(const struct request *r, struct error *error)
{
    const struct hunt_tally *t = &r->hunted.tally;
    uint64_t saved[FIND_KINDS_COUNT] = {0};
    char *room = malloc(SCENARIO_TEXT);
    enum status status =
        room != NULL ? STATUS_OK : error_set(error, STATUS_NO_MEMORY, "out of memory for cases");
    for (uint64_t i = 0; i < t->finds_count && status == STATUS_OK; i++) {
        const struct find *find = &t->finds[i];
        bool wanted = find->what <= FIND_ENDLESS && !is_known(r, find->what);
        if (wanted && saved[find->what] < r->stories) {
            status = write_case(r, find, ++saved[find->what], room, error);
        }
    }
    free(room);
    return status;
}

/* --- the command
 * -----------------------------------------------------------------------------------------------
 */

static bool finds(const struct request *r)
{
    for (uint32_t i = 0; i <= FIND_ENDLESS; i++) {
        if (is_told(r, i) && !is_known(r, i)) {
            return true;
        }
    }
    struct report_goals goals = goals_of(r);
    return report_goals_missed(&goals) != 0;
}

static int perform(struct request *r)
{
    struct error error = {.message = ""};
    int loaded = subject_load(&r->subject, false);
    if (loaded != STATUS_PASS) {
        return loaded;
    }
    attempt_watch_interrupts();
    enum status status = prepare(r, &error);
    if (status == STATUS_OK) {
        char title[UNIT_TITLE_MAX + 1];
        struct text full =
            unit_title(r->subject.scenario.name, r->subject.scenario.case_name, title);
        title[full.size] = '\0';
        r->work.title = title;
        status = hunting_do(&r->work, &r->hunted, &error);
    }
    if (status == STATUS_OK && r->save != NULL) {
        status = save_cases(r, &error);
    }
    if (status != STATUS_OK) {
        return subject_complain(&r->subject, &error);
    }
    if (r->json) {
        put_json_report(stdout, r);
    } else {
        put_text(stdout, r);
    }
    return close_output(attempt_interrupted() ? STATUS_BY_INTERRUPT
                        : finds(r)            ? STATUS_FAIL
                                              : STATUS_PASS);
}

int command_hunt(int argc, char **argv)
{
    struct request *r = calloc(1, sizeof *r);
    bool help = false;
    int status = STATUS_USAGE;
    if (r == NULL) {
        (void)fprintf(stderr, "lockstep hunt: out of memory\n");
        return STATUS_INTERNAL;
    }
    r->subject.command = "lockstep hunt";
    r->groups = DEVIATION_GROUPS_USUAL;
    r->stories = STORIES_USUAL;
    r->work.hunt.seed = 1;
    r->work.hunt.strategies = HUNT_STRATEGIES_ALL;
    r->work.workers = workers_usual();
    if (parse(r, argc, argv, &help)) {
        if (help) {
            put_help();
            status = close_output(STATUS_PASS);
        } else {
            status = perform(r);
        }
    }
    hunted_free(&r->hunted);
    journal_file_close(r->journal);
    subject_free(&r->subject);
    free(r);
    return status;
}

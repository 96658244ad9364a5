/* command_blame.c: `lockstep blame`: when a violation became inevitable, and what would have
 * prevented it.
 */
#include "tools/command.h"

#include "sim/stats.h"
#include "sim/unicode.h"
#include "tools/attempt.h"
#include "tools/inquiry.h"
#include "tools/options.h"
#include "tools/subject.h"
#include "tools/suggest.h"
#include "tools/version.h"
#include "tools/workers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { RUNS_USUAL = 2000, RUNS_MOST = 1000000 };

enum {
    OPTION_CASE,
    OPTION_SET,
    OPTION_PROPERTY,
    OPTION_RUNS,
    OPTION_SEED,
    OPTION_KINDS,
    OPTION_FORMAT,
    OPTION_HTML,
    OPTION_JOBS,
    OPTION_HELP
};

/* In the order of the enumeration. */
static const struct option table[] = {
    {"case",     0,   "NAME",       "the case of this name, where the scenario has cases"     },
    {"set",      0,   "PATH=VALUE", "change a field, e.g. pipeline.builder=V5; repeatable"    },
    {"property", 0,   "P",          "the invariant that it is about (what is violated first)" },
    {"runs",     0,   "N",          "random continuations from each event (2000)"             },
    {"seed",     0,   "N",          "draw them from this seed (1)"                            },
    {"kinds",    0,   "K,K...",     "of deviations in them, or all, or none (the usual ones)" },
    {"format",   0,   "F",          "text or json, on standard output (text)"                 },
    {"html",     0,   "FILE",       "write a page of it, too, with a drawing of what happened"},
    {"jobs",     'j', "N",          "processes that share the work (the processors)"          },
    {"help",     'h', NULL,         "this text"                                               },
    {NULL,       0,   NULL,         NULL                                                      },
};
_Static_assert(sizeof table / sizeof table[0] == OPTION_HELP + 2, "one row each");

struct request {
    struct subject subject;
    const char *html;
    bool json;
    unsigned workers;
    uint32_t groups;
    struct deviation_menu menu;
    struct blame_request blame;
    struct inquiry inquiry;
};

/* --- the command line
 * -------------------------------------------------------------------------------------- */

struct group_word {
    const char *word, *text;
};

static const struct group_word group_words[DEVIATION_GROUPS_COUNT] = {

#define X(name, word, text) [DEVIATION_##name] = {word, text},
    DEVIATION_GROUP_MAP(X)
#undef X
};

static void put_help(void)
{
    (void)fputs("Usage: lockstep blame CASE [OPTION...]\n\n"
                "CASE is a scenario whose faults, with the default of every choice, violate an "
                "invariant:\none that a search has found, or one of your own. Tells its story "
                "event by event, and after\neach event in how many of --runs random "
                "continuations the violation still comes: there the\ncase's later faults do not "
                "strike, latencies and orders are drawn, and deviations happen\nrarely, as in "
                "operation. Then tells what would have prevented it: each fault, message,\ntick, "
                "event and deletion taken out, one at a time.\n\n",
                stdout);
    options_help(table, stdout);
    (void)fputs("\nKinds of deviations (* the usual ones):\n", stdout);
    for (unsigned i = 0; i < DEVIATION_GROUPS_COUNT; i++) {
        (void)printf("  %-10s %s %s\n", group_words[i].word,
                     (DEVIATION_GROUPS_USUAL >> i & 1) != 0 ? "*" : " ", group_words[i].text);
    }
    (void)fputs(
        "\nExamples:\n"
        "  lockstep blame scenarios/lessons/lock-stalled-owner.yaml --case takeover --property S1\n"
        "  lockstep blame case.yaml --html blame.html\n"
        "  lockstep blame case.yaml --runs 20000 --kinds none --format json\n\n"
        "Exit status: 0 the blame is told; 2 bad input or usage, or the case violates nothing of "
        "the\nkind; 3 an internal or input/output error; 130 interrupted: what was measured until "
        "then is told.\n",
        stdout);
}

static bool misuse(const char *what, const char *value, const char *suggestion)
{
    (void)fprintf(stderr, "lockstep blame: %s%s%s%s\nTry 'lockstep blame --help'.\n", what,
                  value[0] != '\0' ? ": " : "", shown(text_from(value)).text, suggestion);
    return false;
}

static bool parse_number(const char *value, uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(value, &end, 10);
    return value[0] >= '0' && value[0] <= '9' && *end == '\0' && errno == 0;
}

static bool take_argument(struct request *r, const char *value)
{
    if (r->subject.path != NULL) {
        return misuse("one case, not two", value, "");
    }
    r->subject.path = value;
    return true;
}

static bool take_set(struct request *r, const char *value)
{
    if (r->subject.sets_count == SUBJECT_SETS_MAX) {
        return misuse("too many assignments", value, "");
    }
    r->subject.sets[r->subject.sets_count++] = value;
    return true;
}

static bool take_property(struct request *r, const char *value)
{
    struct suggestion near = suggestion(text_from(value));
    r->blame.any_property = false;
    for (unsigned i = 0; i < INVARIANTS_COUNT; i++) {
        const char *name = invariant_name((enum invariant)i);
        r->blame.property = (enum invariant)i;
        if (strcmp(value, name) == 0) {
            return true;
        }
        suggestion_offer(&near, text_from(name));
    }
    return misuse("no such invariant", value, suggestion_text(&near).text);
}

/* One of the words; the bits of none. */
static bool take_kind(struct request *r, struct text word)
{
    struct suggestion near = suggestion(word);
    for (unsigned i = 0; i < DEVIATION_GROUPS_COUNT; i++) {
        if (text_equal(word, text_from(group_words[i].word))) {
            r->groups |= UINT32_C(1) << i;
            return true;
        }
        suggestion_offer(&near, text_from(group_words[i].word));
    }
    return misuse("no such kind of deviation", shown(word).text, suggestion_text(&near).text);
}

/* "kill,stall", "all", "none". */
static bool take_kinds(struct request *r, const char *value)
{
    struct text rest = text_from(value);
    r->groups = strcmp(value, "all") == 0 ? (UINT32_C(1) << DEVIATION_GROUPS_COUNT) - 1 : 0;
    if (r->groups != 0 || strcmp(value, "none") == 0) {
        return true;
    }
    for (;;) {
        const char *comma = rest.size > 0 ? memchr(rest.at, ',', rest.size) : NULL;
        struct text word = {rest.at, comma == NULL ? rest.size : (size_t)(comma - rest.at)};
        if (!take_kind(r, word)) {
            return false;
        }
        if (comma == NULL) {
            return true;
        }
        rest = (struct text){comma + 1, rest.size - word.size - 1};
    }
}

static bool take_format(struct request *r, const char *value)
{
    r->json = strcmp(value, "json") == 0;
    return r->json || strcmp(value, "text") == 0 ||
           misuse("no such format", value, "; there are text and json");
}

static bool take_runs(struct request *r, const char *value)
{
    return (parse_number(value, &r->blame.runs) && r->blame.runs >= 1 &&
            r->blame.runs <= RUNS_MOST) ||
           misuse("how many runs? 1 to 1000000", value, "");
}

static bool take_jobs(struct request *r, const char *value)
{
    uint64_t jobs;
    if (!parse_number(value, &jobs) || jobs < 1 || jobs > WORKERS_MAX) {
        return misuse("how many processes? 1 to 256", value, "");
    }
    r->workers = (unsigned)jobs;
    return true;
}

/* One option or argument. False after a message. */
static bool take(struct request *r, int option, const char *value)
{
    switch (option) {
    case OPTION_ARGUMENT:
        return take_argument(r, value);
    case OPTION_CASE:
        r->subject.case_name = value;
        return true;
    case OPTION_SET:
        return take_set(r, value);
    case OPTION_PROPERTY:
        return take_property(r, value);
    case OPTION_RUNS:
        return take_runs(r, value);
    case OPTION_SEED:
        return parse_number(value, &r->blame.seed) ||
               misuse("a seed is a whole number below 2^64", value, "");
    case OPTION_KINDS:
        return take_kinds(r, value);
    case OPTION_FORMAT:
        return take_format(r, value);
    case OPTION_HTML:
        r->html = value;
        return true;
    case OPTION_JOBS:
        return take_jobs(r, value);
    default:
        return false;
    }
}

static bool parse(struct request *r, int argc, char **argv, bool *help)
{
    struct options o = options(table, argc, argv);
    const char *value;
    *help = false;
    for (int option = options_next(&o, &value); option != OPTION_END;
         option = options_next(&o, &value)) {
        if (option == OPTION_HELP) {
            *help = true;
            return true;
        }
        if (!take(r, option, value)) {
            return false;
        }
    }
    return r->subject.path != NULL || misuse("which case? Give a file", "", "");
}

/* --- as text
 * ------------------------------------------------------------------------------------------------
 */

/* The instant of a point: of the beginning, the run's start. */
static struct instant point_at(const struct request *r, uint32_t point)
{
    const struct story *s = blame_story(r->inquiry.blame);
    return point == 0 ? r->subject.scenario.start : s->items[point - 1].at;
}

static const char *point_text(const struct request *r, uint32_t point)
{
    const struct story *s = blame_story(r->inquiry.blame);
    return point == 0 ? "the beginning" : s->items[point - 1].text;
}

static struct clock_text clock_at(const struct request *r, struct instant at)
{
    struct report report = {.scenario = &r->subject.scenario};
    return clock_text(&report, at);
}

/* A share in percent with one decimal, rounded to nearest. */
static void put_percent(FILE *out, int64_t ppm)
{
    int64_t tenths = (ppm + 500) / 1000;
    (void)fprintf(out, "%" PRId64 ".%" PRId64, tenths / 10, tenths % 10);
}

static void put_share(const struct blame_point *p)
{
    struct share s = share_of(p->violating, p->runs);
    char room[64];
    (void)snprintf(room, sizeof room, "%5" PRId64 ".%" PRId64 " %%", (s.ppm + 500) / 10000,
                   (s.ppm + 500) / 1000 % 10);
    (void)fputs(room, stdout);
    (void)fputs("  [", stdout);
    put_percent(stdout, s.low_ppm);
    (void)fputs(", ", stdout);
    put_percent(stdout, s.high_ppm);
    (void)fputs("]", stdout);
}

static void put_head(const struct request *r)
{
    const struct blame *b = r->inquiry.blame;
    const struct violation_row *v = &blame_story(b)->violation;
    put_plain(stdout, r->subject.scenario.name);
    if (r->subject.case_name != NULL) {
        (void)printf(" / %s", shown(text_from(r->subject.case_name)).text);
    }
    (void)printf("\n  %s %s\n", invariant_name(v->invariant), invariant_text(v->invariant));
    (void)printf("  violated at %s: ", clock_at(r, v->at).text);
    put_plain(stdout, v->subject);
    (void)printf("\n  lockstep %s, seed %" PRIu64 "\n\n", version_text(), r->blame.seed);
}

static void put_groups(const struct request *r)
{
    bool any = false;
    for (unsigned i = 0; i < DEVIATION_GROUPS_COUNT; i++) {
        if ((r->groups >> i & 1) != 0) {
            (void)printf("%s%s", any ? ", " : "", group_words[i].word);
            any = true;
        }
    }
    (void)fputs(any ? "" : "none", stdout);
}

static void put_curve(const struct request *r)
{
    const struct inquiry *q = &r->inquiry;
    (void)printf("How often it still comes, in %" PRIu64 " random continuations from each event "
                 "(95 %%, Wilson);\nlatencies and orders drawn, later faults of the case not "
                 "struck, rare deviations: ",
                 r->blame.runs);
    put_groups(r);
    (void)fputs("\n\n", stdout);
    for (uint32_t i = 0; i < blame_points(q->blame) && q->points[i].runs > 0; i++) {
        const struct story *s = blame_story(q->blame);
        bool deviates = i > 0 && s->items[i - 1].kind == STORY_DEVIATION;
        bool last = i + 1 == blame_points(q->blame);
        (void)printf("  %13s  ", clock_at(r, point_at(r, i)).text);
        put_share(&q->points[i]);
        (void)printf(" %c %s%s\n",
                     deviates ? '*'
                     : last   ? '!'
                              : ' ',
                     point_text(r, i), i > 0 && i == q->verdict.turning ? "   <== here" : "");
    }
}

static void put_left_out(const struct request *r)
{
    const struct story *s = blame_story(r->inquiry.blame);
    if (s->calls_left_out > 0) {
        (void)printf("  (%" PRIu64 " calls, and %" PRIu64 " processes that made some of them, are "
                     "left out)\n",
                     s->calls_left_out, s->processes_left_out);
    }
    if (s->items_left_out > 0) {
        (void)printf("  (%" PRIu64 " other events are left out)\n", s->items_left_out);
    }
}

static void put_turning(const struct request *r)
{
    const struct inquiry *q = &r->inquiry;
    const struct blame_verdict *v = &q->verdict;
    if (q->points[0].runs == 0) {
        return;
    }
    struct share first = share_of(q->points[0].violating, q->points[0].runs);
    (void)fputs("\n", stdout);
    if (v->turning == 0) {
        (void)fputs("No single event carries the blame: from the beginning it comes in ", stdout);
        put_percent(stdout, first.ppm);
        (void)fputs(" % of runs.\n", stdout);
        return;
    }
    struct share before =
        share_of(q->points[v->turning - 1].violating, q->points[v->turning - 1].runs);
    struct share after = share_of(q->points[v->turning].violating, q->points[v->turning].runs);
    (void)printf("It became %s at %s, from ", v->inevitable <= v->turning ? "inevitable" : "likely",
                 clock_at(r, point_at(r, v->turning)).text);
    put_percent(stdout, before.ppm);
    (void)fputs(" % to ", stdout);
    put_percent(stdout, after.ppm);
    (void)printf(" %%: %s.\n", point_text(r, v->turning));
}

/* "without stall manifest_builder at MARK_FILE#5 by 1m50s" */
static struct change_text {
    char text[256];

} change_text(const struct blame_change *change)

{
    struct change_text c;
    struct text_writer w = text_writer(c.text, sizeof c.text);
    if (change->kind == BLAME_WITHOUT_FAULTS) {
        text_put(&w, TEXT("without any fault of the case"));
    } else {
        text_put(&w, change->kind == BLAME_WITH_FAULT ? TEXT("with ") : TEXT("without "));
        text_put_fault(&w, &change->fault, true);
    }
    (void)text_writer_string(&w);
    return c;
}

static const char *outcome_text(const struct blame_outcome *o)
{
    return !o->struck    ? "never happens"
           : o->violates ? "is violated all the same"
           : o->unended  ? "is not violated, and the run does not end"
                         : "is not violated";
}

/* Whether two deeds of services are told in one line. */
static bool same_deed(const struct blame_change *a, const struct blame_change *b)
{
    return a->kind == BLAME_WITH_FAULT && b->kind == BLAME_WITH_FAULT &&
           a->fault.kind == b->fault.kind && text_equal(a->fault.process, b->fault.process) &&
           text_equal(a->fault.at, b->fault.at);
}

/* The deeds of one kind from `first` on; which of them prevent it: "3, 11 to 14". */
static uint32_t put_deeds(const struct request *r, uint32_t first)
{
    const struct inquiry *q = &r->inquiry;
    struct blame_change change = blame_change(q->blame, first);
    uint32_t end = first;
    uint32_t preventing = 0;
    while (end < q->changes_tried) {
        struct blame_change next = blame_change(q->blame, end);
        if (!same_deed(&change, &next)) {
            break;
        }
        preventing += q->outcomes[end].struck && !q->outcomes[end].violates;
        end++;
    }
    int64_t base = change.fault.occurrence;
    change.fault.occurrence = 0;
    (void)printf("  %s, any one of %" PRIu32 ": %" PRIu32 " prevent it", change_text(&change).text,
                 end - first, preventing);
    for (uint32_t i = first; i < end; i++) {
        bool prevents = q->outcomes[i].struck && !q->outcomes[i].violates;
        bool begins =
            prevents && (i == first || !q->outcomes[i - 1].struck || q->outcomes[i - 1].violates);
        bool ends =
            prevents && (i + 1 == end || !q->outcomes[i + 1].struck || q->outcomes[i + 1].violates);
        if (begins) {
            (void)printf("%s%" PRId64, preventing > 0 ? ", #" : "", base + (i - first));
            preventing = UINT32_MAX;
        }
        if (ends && !begins) {
            (void)printf(" to #%" PRId64, base + (i - first));
        }
    }
    (void)fputs("\n", stdout);
    return end;
}

static void put_changes(const struct request *r)
{
    const struct inquiry *q = &r->inquiry;
    (void)printf("\nWhat would have been, one change at a time; %s\n",
                 invariant_name(blame_property(q->blame)));
    for (uint32_t i = 0; i < q->changes_tried;) {
        struct blame_change change = blame_change(q->blame, i);
        if (change.kind == BLAME_WITH_FAULT) {
            i = put_deeds(r, i);
        } else {
            (void)printf("  %s: %s\n", change_text(&change).text, outcome_text(&q->outcomes[i]));
            i++;
        }
    }
    if (blame_changes_left_out(q->blame) > 0) {
        (void)printf("  (%" PRIu64 " earlier ones were not tried)\n",
                     blame_changes_left_out(q->blame));
    }
}

static void put_again(FILE *out, const struct request *r)
{
    (void)fputs("lockstep blame", out);
    subject_put_arguments(out, &r->subject);
    (void)fprintf(out, " --property %s --runs %" PRIu64 " --seed %" PRIu64,
                  invariant_name(blame_property(r->inquiry.blame)), r->blame.runs, r->blame.seed);
    if (r->groups != DEVIATION_GROUPS_USUAL) {
        (void)fputs(" --kinds ", out);
        bool any = false;
        for (unsigned i = 0; i < DEVIATION_GROUPS_COUNT; i++) {
            if ((r->groups >> i & 1) != 0) {
                (void)fprintf(out, "%s%s", any ? "," : "", group_words[i].word);
                any = true;
            }
        }
        (void)fputs(any ? "" : "none", out);
    }
}

static void put_text(const struct request *r)
{
    put_head(r);
    put_curve(r);
    put_left_out(r);
    put_turning(r);
    put_changes(r);
    (void)fputs("\nagain     ", stdout);
    put_again(stdout, r);
    (void)fputs("\n", stdout);
}

/* --- as JSON
 * ------------------------------------------------------------------------------------------------
 */

static const char *kind_word(enum story_kind kind)
{
    static const char *const words[] = {
        [STORY_ARRIVAL] = "arrival", [STORY_CALL] = "call",         [STORY_DEVIATION] = "deviation",
        [STORY_DEATH] = "death",     [STORY_EXPIRY] = "expiry",     [STORY_DELETION] = "deletion",
        [STORY_JOB] = "job",         [STORY_OPERATOR] = "operator", [STORY_VIOLATION] = "violation",
    };
    return words[kind];
}

/* Millionths as a decimal fraction of one. */
static void put_fraction(int64_t ppm)
{
    (void)printf("%" PRId64 ".%06" PRId64, ppm / 1000000, ppm % 1000000);
}

static void put_point_json(const struct request *r, uint32_t i)
{
    const struct story *s = blame_story(r->inquiry.blame);
    const struct blame_point *p = &r->inquiry.points[i];
    struct share share = share_of(p->violating, p->runs);
    (void)printf("%s\n  {\"at\": ", i > 0 ? "," : "");
    put_seconds(stdout, instant_since(point_at(r, i), r->subject.scenario.start).ns);
    (void)printf(", \"kind\": \"%s\", \"text\": ",
                 i == 0 ? "start" : kind_word(s->items[i - 1].kind));
    put_json(stdout, text_from(point_text(r, i)));
    (void)printf(", \"runs\": %" PRIu64 ", \"violating\": %" PRIu64 ", \"unended\": %" PRIu64
                 ", \"share\": ",
                 p->runs, p->violating, p->unended);
    put_fraction(share.ppm);
    (void)fputs(", \"low\": ", stdout);
    put_fraction(share.low_ppm);
    (void)fputs(", \"high\": ", stdout);
    put_fraction(share.high_ppm);
    (void)fputs("}", stdout);
}

static void put_change_json(const struct request *r, uint32_t i)
{
    struct blame_change change = blame_change(r->inquiry.blame, i);
    const struct blame_outcome *o = &r->inquiry.outcomes[i];
    bool first = true;
    (void)printf("%s\n  {\"change\": ", i > 0 ? "," : "");
    put_json(stdout, text_from(change_text(&change).text));
    (void)printf(", \"struck\": %s, \"violates\": %s, \"unended\": %s, \"violated\": [",
                 o->struck ? "true" : "false", o->violates ? "true" : "false",
                 o->unended ? "true" : "false");
    for (unsigned k = 0; k < INVARIANTS_COUNT; k++) {
        if ((o->violated >> k & 1) != 0) {
            (void)printf("%s\"%s\"", first ? "" : ", ", invariant_name((enum invariant)k));
            first = false;
        }
    }
    (void)fputs("]}", stdout);
}

static void put_number_or_null(const char *name, bool is, uint32_t number)
{
    if (is) {
        (void)printf(", \"%s\": %" PRIu32, name, number);
    } else {
        (void)printf(", \"%s\": null", name);
    }
}

static void put_report_json(const struct request *r)
{
    const struct inquiry *q = &r->inquiry;
    const struct story *s = blame_story(q->blame);
    uint32_t points = blame_points(q->blame);
    (void)fputs("{\"scenario\": ", stdout);
    put_json(stdout, r->subject.scenario.name);
    (void)fputs(", \"case\": ", stdout);
    put_json_or_null(stdout, text_from(r->subject.case_name == NULL ? "" : r->subject.case_name));
    (void)printf(", \"property\": \"%s\", \"subject\": ", invariant_name(s->violation.invariant));
    put_json(stdout, s->violation.subject);
    (void)printf(",\n \"seed\": %" PRIu64 ", \"runs\": %" PRIu64 ", \"interrupted\": %s",
                 r->blame.seed, r->blame.runs, q->interrupted ? "true" : "false");
    put_number_or_null("turning", q->verdict.turning > 0, q->verdict.turning);
    put_number_or_null("inevitable", q->verdict.inevitable < points, q->verdict.inevitable);
    (void)printf(", \"calls_left_out\": %" PRIu64 ",\n \"points\": [", s->calls_left_out);
    for (uint32_t i = 0; i < points && q->points[i].runs > 0; i++) {
        put_point_json(r, i);
    }
    (void)fputs("],\n \"changes\": [", stdout);
    for (uint32_t i = 0; i < q->changes_tried; i++) {
        put_change_json(r, i);
    }
    (void)fputs("]}\n", stdout);
}

/* --- the command
 * ------------------------------------------------------------------------------------------- */

static int fail(const struct request *r, enum status status, const struct error *error)
{
    (void)fprintf(stderr, "lockstep blame: %s: %s\n", shown(text_from(r->subject.path)).text,
                  error->message);
    return exit_status_of(status);
}

static int perform(struct request *r)
{
    struct error error = {.message = ""};
    int loaded = subject_load(&r->subject, false);
    if (loaded != STATUS_PASS) {
        return loaded;
    }
    deviation_menu_fill(&r->menu, &r->subject.scenario, r->groups);
    r->blame.scenario = &r->subject.scenario;
    r->blame.menu = &r->menu;
    attempt_watch_interrupts();
    enum status status =
        inquiry_make(&r->inquiry, &r->blame, r->workers, isatty(STDERR_FILENO), &error);
    if (status != STATUS_OK) {
        return fail(r, status, &error);
    }
    if (r->json) {
        put_report_json(r);
    } else {
        put_text(r);
    }
    return close_output(r->inquiry.interrupted ? STATUS_BY_INTERRUPT : STATUS_PASS);
}

static unsigned processors(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count < 1 ? 1 : count > WORKERS_MAX ? WORKERS_MAX : (unsigned)count;
}

int command_blame(int argc, char **argv)
{
    struct request *r = calloc(1, sizeof *r);
    bool help = false;
    int status = STATUS_USAGE;
    if (r == NULL) {
        (void)fprintf(stderr, "lockstep blame: out of memory\n");
        return STATUS_INTERNAL;
    }
    r->subject.command = "lockstep blame";
    r->blame = (struct blame_request){.any_property = true, .runs = RUNS_USUAL, .seed = 1};
    r->groups = DEVIATION_GROUPS_USUAL;
    r->workers = processors();
    if (parse(r, argc, argv, &help)) {
        if (help) {
            put_help();
            status = close_output(STATUS_PASS);
        } else {
            status = perform(r);
        }
    }
    inquiry_free(&r->inquiry);
    subject_free(&r->subject);
    free(r);
    return status;
}

/* command_blame.c: `lockstep blame`: when a violation became inevitable, and what would have
 * prevented it.
 */
#include "tools/command.h"

#include "sim/unicode.h"
#include "tools/attempt.h"
#include "tools/inquiry_report.h"
#include "tools/options.h"
#include "tools/output_file.h"
#include "tools/search_text.h"
#include "tools/subject.h"
#include "tools/suggest.h"
#include "tools/workers.h"

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

static const struct {
    const char *word, *text;
} group_words[DEVIATION_GROUPS_COUNT] = {

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
    return subject_misuse(&r->subject, "no such invariant", value, suggestion_text(&near).text);
}

/* "kill,stall", "all", "none". */
static bool take_kinds(struct request *r, const char *value)
{
    struct error error;
    r->groups = 0;
    return strcmp(value, "none") == 0 ||
           search_groups_parse(value, &r->groups, &error) == STATUS_OK ||
           subject_misuse(&r->subject, error.message, "", "");
}

static bool take_runs(struct request *r, const char *value)
{
    return (option_number(value, 0, UINT64_MAX, &r->blame.runs) && r->blame.runs >= 1 &&
            r->blame.runs <= RUNS_MOST) ||
           subject_misuse(&r->subject, "how many runs? 1 to 1000000", value, "");
}

/* One option or argument. False after a message. */
static bool take(void *self, int option, const char *value)
{
    struct request *r = self;
    switch (option) {
    case OPTION_ARGUMENT:
        return subject_take_file(&r->subject, value);
    case OPTION_CASE:
        r->subject.case_name = text_from(value);
        return true;
    case OPTION_SET:
        return subject_take_set(&r->subject, value);
    case OPTION_PROPERTY:
        return take_property(r, value);
    case OPTION_RUNS:
        return take_runs(r, value);
    case OPTION_SEED:
        return option_number(value, 0, UINT64_MAX, &r->blame.seed) ||
               subject_misuse(&r->subject, "a seed is a whole number below 2^64", value, "");
    case OPTION_KINDS:
        return take_kinds(r, value);
    case OPTION_FORMAT:
        return subject_take_format(&r->subject, value, &r->json);
    case OPTION_HTML:
        r->html = value;
        return true;
    case OPTION_JOBS:
        return subject_take_jobs(&r->subject, value, &r->workers);
    default:
        return false;
    }
}

static bool parse(struct request *r, int argc, char **argv, bool *help)
{
    if (!options_take(table, argc, argv, OPTION_HELP, take, r, help) || *help) {
        return *help;
    }
    if (r->json && r->html != NULL && strcmp(r->html, "-") == 0) {
        return subject_misuse(&r->subject,
                              "--format json and --html - would both be standard output", "", "");
    }
    return r->subject.path != NULL ||
           subject_misuse(&r->subject, "which case? Give a file", "", "");
}

/* --- the command
 * ------------------------------------------------------------------------------------------- */

static int fail(const struct request *r, enum status status, const struct error *error)
{
    (void)fprintf(stderr, "lockstep blame: %s: %s\n", shown(text_from(r->subject.path)).text,
                  error->message);
    return exit_status_of(status);
}

static enum status write_page(const struct request *r, const struct inquiry_report *report,
                              struct error *error)
{
    struct output_file file;
    enum status status = output_file_open(&file, r->html, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = put_inquiry_page(file.stream, report, error);
    if (status != STATUS_OK) {
        output_file_abandon(&file);
        return status;
    }
    return output_file_commit(&file, error);
}

static int tell(const struct request *r)
{
    struct error error = {.message = ""};
    struct inquiry_report report = {&r->subject, &r->inquiry, &r->blame, r->groups};
    int status = r->inquiry.interrupted ? STATUS_BY_INTERRUPT : STATUS_PASS;
    if (r->html != NULL) {
        enum status written = write_page(r, &report, &error);
        if (written != STATUS_OK) {
            (void)fprintf(stderr, "lockstep blame: %s\n", error.message);
            return exit_status_of(written);
        }
    }
    if (r->json) {
        put_inquiry_json(stdout, &report);
    } else if (r->html == NULL || strcmp(r->html, "-") != 0) {
        put_inquiry_text(stdout, &report);
    }
    return close_output(status);
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
    return tell(r);
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

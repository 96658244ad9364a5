/* command_replay.c: `lockstep replay`: one run, told as a story or gone through step by step. */
#include "tools/command.h"

#include "sim/unicode.h"
#include "tools/attempt.h"
#include "tools/options.h"
#include "tools/replay_console.h"
#include "tools/replay_story.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { SETS_MAX = 256 };

enum {
    OPTION_CASE,
    OPTION_STEP,
    OPTION_SEED,
    OPTION_DEFAULT,
    OPTION_UNTIL,
    OPTION_SET,
    OPTION_REPLAY,
    OPTION_TRACE,
    OPTION_FORMAT,
    OPTION_HELP
};

/* In the order of the enumeration. */
static const struct option table[] = {
    {"case",    0,   "NAME",       "the case of this name"                                      },
    {"step",    0,   NULL,         "go through it by commands, forward and back"                },
    {"seed",    0,   "N",          "draw from this seed (1)"                                    },
    {"default", 0,   NULL,         "draw nothing: the default of every choice"                  },
    {"until",   0,   "D",          "end after this virtual time, e.g. 4h"                       },
    {"set",     0,   "PATH=VALUE", "change a field, e.g. pipeline.lock_ttl=60s; repeatable"     },
    {"replay",  0,   "FILE",       "make the choices of a file that run --record wrote"         },
    {"trace",   0,   "FILE",       "every event, a line each; FILE.jsonl: as JSON; -: on output"},
    {"format",  0,   "F",          "text or json, of the story (text)"                          },
    {"help",    'h', NULL,         "this text"                                                  },
    {NULL,      0,   NULL,         NULL                                                         },
};
_Static_assert(sizeof table / sizeof table[0] == OPTION_HELP + 2, "one row each");

/* What the command line asks for. */
struct request {
    const char *scenario, *case_name;
    const char *sets[SETS_MAX];
    size_t sets_count;
    struct attempt_options options;
    bool step, json;
    char until[64]; /* "until=4h" */
    struct story *story;
};

static void put_help(void)
{
    (void)fputs("Usage: lockstep replay SCENARIO [OPTION...]\n\n"
                "Runs a scenario once, as `lockstep run` would, and tells its story: each fault "
                "where it\nstruck, the calls around it, how the first violation came about, with "
                "the numbers of the\nevents. With --step it goes to any event, forward and back, "
                "and shows how the pipeline\nstands there.\n\n",
                stdout);
    options_help(table, stdout);
    (void)fputs("\nCommands of --step, each from a line of standard input:\n", stdout);
    replay_console_help(stdout);
    (void)fputs(
        "\nExamples:\n"
        "  lockstep replay scenarios/incidents/f03-dead-owner.yaml --case V0\n"
        "  lockstep replay scenarios/incidents/f03-dead-owner.yaml --case V0 --step\n"
        "  printf 'break fault\\ncontinue\\nlock\\n' | lockstep replay stuck.yaml --step\n\n"
        "Exit status: of the story, that of `lockstep run`; with --step 0, or 2 where a "
        "command from\na file or pipe was wrong.\n",
        stdout);
}

static bool misuse(const char *what, const char *value)
{
    (void)fprintf(stderr, "lockstep replay: %s%s%s\nTry 'lockstep replay --help'.\n", what,
                  value[0] != '\0' ? ": " : "", shown(text_from(value)).text);
    return false;
}

/* ---- The command line. ---- */

static bool parse_seed(struct request *r, const char *value)
{
    char *end;
    errno = 0;
    r->options.strategy = CHOICE_SEEDED;
    r->options.seed = strtoull(value, &end, 10);
    bool good = value[0] >= '0' && value[0] <= '9' && *end == '\0' && errno == 0;
    return good ? true : misuse("a seed is a whole number below 2^64", value);
}

static bool add_set(struct request *r, const char *set)
{
    if (r->sets_count == SETS_MAX) {
        return misuse("too many assignments", set);
    }
    r->sets[r->sets_count++] = set;
    return true;
}

static bool set_until(struct request *r, const char *value)
{
    (void)snprintf(r->until, sizeof r->until, "until=%s", value);
    return add_set(r, r->until);
}

static bool set_scenario(struct request *r, const char *value)
{
    if (r->scenario != NULL) {
        return misuse("one scenario at a time, not also", value);
    }
    r->scenario = value;
    return true;
}

static bool set_format(struct request *r, const char *value)
{
    r->json = strcmp(value, "json") == 0;
    return r->json || strcmp(value, "text") == 0 ? true
                                                 : misuse("a story is text or json, not", value);
}

/* One option or argument. False after a message. */
static bool take(struct request *r, int option, const char *value)
{
    switch (option) {
    case OPTION_ARGUMENT:
        return set_scenario(r, value);
    case OPTION_CASE:
        r->case_name = value;
        return true;
    case OPTION_STEP:
        r->step = true;
        return true;
    case OPTION_SEED:
        return parse_seed(r, value);
    case OPTION_DEFAULT:
        r->options.strategy = CHOICE_DEFAULT;
        return true;
    case OPTION_UNTIL:
        return set_until(r, value);
    case OPTION_SET:
        return add_set(r, value);
    case OPTION_REPLAY:
        r->options.replay = value;
        return true;
    case OPTION_TRACE:
        r->options.trace = value;
        return true;
    case OPTION_FORMAT:
        return set_format(r, value);
    default:
        return false;
    }
}

static bool check(struct request *r)
{
    if (r->scenario == NULL) {
        return misuse("which scenario? Give a file", "");
    }
    if (r->step && (r->options.trace != NULL || r->json)) {
        return misuse("--step goes without --trace and --format", "");
    }
    if (r->step && strcmp(r->scenario, "-") == 0) {
        return misuse("--step reads its commands from standard input: the scenario is a file", "");
    }
    if (r->options.replay != NULL) {
        r->options.strategy = CHOICE_RECORDED;
    }
    return true;
}

/* The whole command line; *help if it asks for that. False after a message. */
static bool parse(struct request *r, int argc, char **argv, bool *help)
{
    struct options o = options(table, argc, argv);
    const char *value;
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
    return check(r);
}

/* ---- The run. ---- */

static void note(void *self, const struct run *run)
{
    const struct request *r = self;
    story_note(r->story, run);
}

static void tell(void *self, const struct report *report)
{
    const struct request *r = self;
    if (r->json) {
        story_put_json(r->story, stdout, report);
    } else {
        story_put(r->story, stdout, report);
    }
}

static int visit(void *self, struct run *run, const struct report *report)
{
    (void)self;
    bool terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    return replay_console(run, report, stdin, stdout, terminal);
}

static int fail(enum status status, const struct error *error)
{
    (void)fprintf(stderr, "lockstep replay: %s\n", error->message);
    return exit_status_of(status);
}

static int run_unit(struct request *r, const struct unit *unit)
{
    struct error error = {.message = ""};
    const struct attempt_listener listener = {
        .told = tell,
        .stepped = note,
        .visit = r->step ? visit : NULL,
        .self = r,
    };
    r->story = story_create(&error);
    if (r->story == NULL) {
        return fail(error.status, &error);
    }
    attempt_watch_interrupts();
    int status = attempt_run(&r->options, unit, &listener, stderr);
    story_destroy(r->story);
    return close_output(status);
}

/* One scenario, and one case where it has several. */
static enum status plan(const struct request *r, struct selection *selection, struct plan *plan,
                        struct error *error)
{
    const struct variant variant = {.sets = r->sets, .sets_count = r->sets_count};
    const struct plan_request request = {.selection = selection,
                                         .variants = &variant,
                                         .variants_count = 1,
                                         .case_name = r->case_name};
    enum status status = selection_add(selection, r->scenario, error);
    if (status == STATUS_OK) {
        status = plan_make(plan, &request, error);
    }
    if (status == STATUS_OK && plan->count > 1) {
        status = error_set(error, STATUS_BAD_INPUT,
                           "there are %zu runs to choose from: name one scenario, and a case by "
                           "--case ('lockstep run --list' lists them)",
                           plan->count);
    }
    return status;
}

static int replay(struct request *r)
{
    struct error error = {.message = ""};
    struct selection selection = {0};
    struct plan one = {0};
    enum status status = plan(r, &selection, &one, &error);
    int result = status == STATUS_OK ? run_unit(r, &one.units[0]) : fail(status, &error);
    plan_free(&one);
    selection_free(&selection);
    return result;
}

int command_replay(int argc, char **argv)
{
    bool help = false;
    int status = STATUS_USAGE;
    struct request *r = calloc(1, sizeof *r);
    if (r == NULL) {
        (void)fprintf(stderr, "lockstep replay: out of memory\n");
        return STATUS_INTERNAL;
    }
    r->options = (struct attempt_options){
        .command = "replay", .strategy = CHOICE_SEEDED, .seed = 1, .explain = true};
    if (parse(r, argc, argv, &help)) {
        if (help) {
            put_help();
            status = close_output(STATUS_PASS);
        } else {
            status = replay(r);
        }
    }
    free(r);
    return status;
}

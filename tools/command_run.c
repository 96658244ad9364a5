/* command_run.c: `lockstep run`: scenarios, each of their cases run once, judged and reported. */
#include "tools/command.h"

#include "sim/unicode.h"
#include "tools/attempt.h"
#include "tools/comparison.h"
#include "tools/options.h"
#include "tools/suggest.h"
#include "tools/workers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    ARGUMENTS_MAX = 4096,
    SETS_MAX = 256,
    PATTERNS_MAX = 64,
    MANY = 8, /* units from which on all cores are used */
};

enum {
    OPTION_MATCH,
    OPTION_CASE,
    OPTION_FAIL_FAST,
    OPTION_JOBS,
    OPTION_LIST,
    OPTION_COMPARE,
    OPTION_SEED,
    OPTION_DEFAULT,
    OPTION_UNTIL,
    OPTION_SET,
    OPTION_FORMAT,
    OPTION_EXPLAIN,
    OPTION_OUT,
    OPTION_TABLE,
    OPTION_TRACE,
    OPTION_RECORD,
    OPTION_REPLAY,
    OPTION_QUIET,
    OPTION_HELP
};

/* In the order of the enumeration. */
static const struct option table[] = {
    {"match",     'k', "PATTERN",    "only scenarios and cases with this in their names; repeatable"  },
    {"case",      0,   "NAME",       "only the case of this name"                                     },
    {"fail-fast", 'x', NULL,         "stop at the first that does not pass"                           },
    {"jobs",      'j', "N",          "run N at once, each in a process (all cores if there are many)" },
    {"list",      0,   NULL,         "tell what would be run"                                         },
    {"compare",   0,   "PATH=V,V",   "one table: a run for each value; V+PATH=V sets more; repeatable"},
    {"seed",      0,   "N",          "draw from this seed (1)"                                        },
    {"default",   0,   NULL,         "draw nothing: the default of every choice"                      },
    {"until",     0,   "D",          "end after this virtual time, e.g. 4h"                           },
    {"set",       0,   "PATH=VALUE", "change a field, e.g. pipeline.lock_ttl=60s; repeatable"         },
    {"format",    0,   "F",          "text, json, junit or tap, on standard output (text)"            },
    {"explain",   0,   NULL,         "tell how what was violated came about"                          },
    {"out",       'o', "FILE.db",    "all results, as a SQLite database"                              },
    {"table",     0,   "DIR",        "keep the tracking table there, an LMDB environment"             },
    {"trace",     0,   "FILE",       "every event, a line each; FILE.jsonl: as JSON; -: on output"    },
    {"record",    0,   "FILE",       "keep the choices that were made"                                },
    {"replay",    0,   "FILE",       "make the choices of such a file"                                },
    {"quiet",     'q', NULL,         "no report; the exit status tells"                               },
    {"help",      'h', NULL,         "this text"                                                      },
    {NULL,        0,   NULL,         NULL                                                             },
};
_Static_assert(sizeof table / sizeof table[0] == OPTION_HELP + 2, "one row each");

/* What the command line asks for. */
struct request {
    const char *arguments[ARGUMENTS_MAX], *sets[SETS_MAX], *patterns[PATTERNS_MAX];
    const char *lists[COMPARED_LISTS_MAX];
    size_t arguments_count, sets_count, patterns_count, lists_count;
    const char *case_name;
    struct attempt_options options;
    const struct report_format *format;
    bool csv, quiet, list, fail_fast, color;
    unsigned jobs;  /* 0: as fits */
    char until[64]; /* "until=4h" */
};

/* ---- The command line. ---- */

static void put_help(void)
{
    (void)fputs(
        "Usage: lockstep run SCENARIO... [OPTION...]\n\n"
        "Runs each scenario and reports what came of it: a YAML file, a directory with such "
        "files\nin and below it, a pattern, or - for standard input. A scenario with cases "
        "is run once for\neach.\n\n",
        stdout);
    options_help(table, stdout);
    (void)fputs(
        "\nExamples:\n"
        "  lockstep run scenarios/regression/130-files.yaml\n"
        "  lockstep run scenarios -k f13 -k lock --format junit > report.xml\n"
        "  lockstep run stuck.yaml --seed 7 --set pipeline.lock_ttl=60s --out stuck.db\n"
        "  lockstep run stuck.yaml --compare pipeline.lock=strict,takeover\n"
        "  lockstep run stuck.yaml --compare pipeline.builder=V3,V4+pipeline.machine=M3\n\n"
        "Exit status: 0 as expected; 1 an expectation is false, a required invariant is violated,\n"
        "or another than the scenario says; 2 bad input or usage, or nothing selected; 3 an\n"
        "internal or input/output error; 4 a replay is not the recorded run; 130 interrupted.\n"
        "What a scenario can say: lockstep help scenario.\n",
        stdout);
}

static bool misuse(const char *what, const char *value, const char *suggestion)
{
    (void)fprintf(stderr, "lockstep run: %s%s%s%s\nTry 'lockstep run --help'.\n", what,
                  value[0] != '\0' ? ": " : "", shown(text_from(value)).text, suggestion);
    return false;
}

static bool parse_seed(struct request *r, const char *value)
{
    char *end;
    errno = 0;
    r->options.strategy = CHOICE_SEEDED;
    r->options.seed_said = true;
    r->options.seed = strtoull(value, &end, 10);
    bool digits = value[0] >= '0' && value[0] <= '9';
    return digits && *end == '\0' && errno == 0
               ? true
               : misuse("a seed is a whole number below 2^64", value, "");
}

static bool parse_format(struct request *r, const char *value)
{
    struct suggestion near = suggestion(text_from(value));
    r->csv = strcmp(value, "csv") == 0;
    if (r->csv) {
        return true; /* of tables: parse() knows whether there is one */
    }
    for (size_t i = 0; (r->format = report_format_at(i)) != NULL; i++) {
        if (strcmp(value, r->format->name) == 0) {
            return true;
        }
        suggestion_offer(&near, text_from(r->format->name));
    }
    return misuse("no such format", value, suggestion_text(&near).text);
}

static bool parse_jobs(struct request *r, const char *value)
{
    char *end;
    errno = 0;
    unsigned long jobs = strtoul(value, &end, 10);
    bool digits = value[0] >= '0' && value[0] <= '9' && *end == '\0' && errno == 0;
    r->jobs = (unsigned)(jobs <= WORKERS_MAX ? jobs : 0);
    return digits && r->jobs > 0 ? true : misuse("--jobs is a number from 1 to 256", value, "");
}

/* Adds to one of the request's lists. */
static bool add(const char **list, size_t *count, size_t most, const char *value, const char *what)
{
    if (*count == most) {
        return misuse(what, value, "");
    }
    list[(*count)++] = value;
    return true;
}

static bool add_set(struct request *r, const char *set)
{
    return add(r->sets, &r->sets_count, SETS_MAX, set, "too many assignments");
}

static bool set_until(struct request *r, const char *value)
{
    (void)snprintf(r->until, sizeof r->until, "until=%s", value);
    return add_set(r, r->until);
}

static bool set(const char **member, const char *value)
{
    *member = value;
    return true;
}

static bool set_flag(bool *member)
{
    *member = true;
    return true;
}

/* One option or argument. False after a message. */
static bool take(void *self, int option, const char *value)
{
    struct request *r = self;
    struct attempt_options *o = &r->options;
    switch (option) {
    case OPTION_ARGUMENT:
        return add(r->arguments, &r->arguments_count, ARGUMENTS_MAX, value, "too many scenarios");
    case OPTION_MATCH:
        return add(r->patterns, &r->patterns_count, PATTERNS_MAX, value, "too many patterns");
    case OPTION_CASE:
        return set(&r->case_name, value);
    case OPTION_FAIL_FAST:
        return set_flag(&r->fail_fast);
    case OPTION_JOBS:
        return parse_jobs(r, value);
    case OPTION_LIST:
        return set_flag(&r->list);
    case OPTION_COMPARE:
        return add(r->lists, &r->lists_count, COMPARED_LISTS_MAX, value, "too many lists");
    case OPTION_SEED:
        return parse_seed(r, value);
    case OPTION_DEFAULT:
        o->strategy = CHOICE_DEFAULT;
        return true;
    case OPTION_UNTIL:
        return set_until(r, value);
    case OPTION_SET:
        return add_set(r, value);
    case OPTION_FORMAT:
        return parse_format(r, value);
    case OPTION_EXPLAIN:
        return set_flag(&o->explain);
    case OPTION_TABLE:
        return set(&o->table, value);
    case OPTION_OUT:
        return set(&o->out, value);
    case OPTION_TRACE:
        return set(&o->trace, value);
    case OPTION_RECORD:
        return set(&o->record, value);
    case OPTION_REPLAY:
        return set(&o->replay, value);
    case OPTION_QUIET:
        return set_flag(&r->quiet);
    default:
        return false;
    }
}

/* What the options ask for together. */
static bool check(struct request *r)
{
    const char *format = r->csv ? "csv" : r->format->name;
    bool words = strcmp(format, "text") == 0 || strcmp(format, "json") == 0;
    if (r->arguments_count == 0) {
        return misuse("which scenario? Give a file or a directory", "", "");
    }
    if (r->options.record != NULL && r->options.replay != NULL) {
        return misuse("--record and --replay exclude each other", "", "");
    }
    if (r->csv && (r->lists_count == 0 || r->list)) {
        return misuse("csv goes with --compare", "", "");
    }
    if (r->list && !words) {
        return misuse("--list writes text or json, not", format, "");
    }
    if (r->lists_count > 0 && !words && !r->csv) {
        return misuse("--compare writes text, json or csv, not", format, "");
    }
    if (r->options.replay != NULL) {
        r->options.strategy = CHOICE_RECORDED;
    }
    return true;
}

/* The whole command line; *help if it asks for that. False after a message. */
static bool parse(struct request *r, int argc, char **argv, bool *help)
{
    if (!options_take(table, argc, argv, OPTION_HELP, take, r, help) || *help) {
        return *help;
    }
    return check(r);
}

/* ---- Running. ---- */

/* A command under way. */
struct session {
    const struct request *request;
    struct selection selection;
    struct comparison comparison;
    struct plan plan;
    struct report_stream stream;
    struct text *rows;         /* of the comparison, one for each unit */
    struct report_goals goals; /* of the current scenario's runs so far */
    bool progress;             /* shown, a line for all */
    size_t failed;
    int status;
};

/* Where a worker writes its report. */
struct place {
    const struct request *request;
    FILE *out;
};

/* A comparison's row; else the goals that were reached, and, if it is wanted, the report. */
static void write_report(void *self, const struct report *report)
{
    const struct place *place = self;
    if (place->request->lists_count > 0) {
        comparison_write_row(place->out, report);
        return;
    }
    uint64_t reached = goals_reached(report->run);
    (void)fwrite(&reached, sizeof reached, 1, place->out);
    if (!place->request->quiet) {
        place->request->format->put(place->out, report, place->request->color);
    }
}

/* Of workers.h: runs unit i. */
static int run_unit(void *self, size_t i, FILE *out, FILE *errors)
{
    const struct session *s = self;
    struct place place = {s->request, out};
    const struct attempt_listener listener = {.told = write_report, .self = &place};
    return attempt_run(&s->request->options, &s->plan.units[i], &listener, errors);
}

static bool is_stopped(void *self)
{
    (void)self;
    return attempt_interrupted();
}

/* A run without a report: what was said about it, if the format has room for that. */
static void join_failure(struct session *s, const struct unit *unit, struct text message)
{
    const struct report_format *format = s->request->format;
    char room[UNIT_TITLE_MAX];
    struct report_failure failure = {unit_title(unit->name, unit->case_name, room),
                                     text_from(unit->path), message};
    char *bytes = NULL;
    size_t size = 0;
    FILE *out = format->put_failure == NULL ? NULL : open_memstream(&bytes, &size);
    if (out != NULL) {
        format->put_failure(out, &failure);
        if (fclose(out) == 0) {
            format->join(&s->stream, (struct text){bytes, size});
            s->stream.written++;
        }
        free(bytes);
    }
}

/* Keeps a row of the comparison until all are there. */
static void keep_row(struct session *s, size_t i, struct text row)
{
    char *copy = malloc(row.size + 1);
    if (copy == NULL) {
        (void)fprintf(stderr, "lockstep run: out of memory\n");
        s->status = exit_status_worse(s->status, STATUS_INTERNAL);
        return;
    }
    memcpy(copy, row.size > 0 ? row.at : "", row.size);
    s->rows[i].at = copy;
    s->rows[i].size = row.size;
}

/* Takes what was reached off the front of what the worker wrote, if it got so far. */
static struct text take_goals(struct session *s, struct text out)
{
    uint64_t reached;
    if (out.size < sizeof reached) {
        return (struct text){"", 0};
    }
    memcpy(&reached, out.at, sizeof reached);
    report_goals_add(&s->goals, reached);
    return (struct text){out.at + sizeof reached, out.size - sizeof reached};
}

static void join_report(struct session *s, size_t i, const struct work_result *result,
                        struct text errors)
{
    if (s->request->lists_count > 0) {
        keep_row(s, i, result->out);
        return;
    }
    struct text report = take_goals(s, result->out);
    if (s->request->quiet) {
        return;
    }
    if (report.size > 0) {
        s->request->format->join(&s->stream, report);
        s->stream.written++;
    } else {
        join_failure(s, &s->plan.units[i], errors);
    }
}

/* Tells what all runs of a scenario have reached. */
static void join_campaign(struct session *s, const struct unit *unit)
{
    const struct report_campaign campaign = {unit->name, text_from(unit->path), &s->goals};
    char *bytes = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&bytes, &size);
    if (out == NULL) {
        (void)fprintf(stderr, "lockstep run: out of memory\n");
        s->status = exit_status_worse(s->status, STATUS_INTERNAL);
        return;
    }
    s->request->format->put_campaign(out, &campaign, s->request->color);
    if (fclose(out) == 0) {
        s->request->format->join(&s->stream, (struct text){bytes, size});
        s->stream.written++;
    }
    free(bytes);
}

/* Behind the last run of a scenario that has several: asks for its goals, if all of them have told
 * theirs. A single run has been asked by itself. */
static int judge_campaign(struct session *s, size_t i)
{
    const struct unit *unit = &s->plan.units[i];
    bool last = i + 1 == s->plan.count || s->plan.units[i + 1].path != unit->path;
    int status = STATUS_PASS;
    if (!last) {
        return status;
    }
    if (unit->runs > 1 && s->goals.runs == unit->runs && unit->reach != 0) {
        s->goals.asked = unit->reach;
        status = report_goals_missed(&s->goals) == 0 ? STATUS_PASS : STATUS_FAIL;
        if (!s->request->quiet) {
            join_campaign(s, unit);
        }
    }
    s->goals = (struct report_goals){0};
    return status;
}

/* A line on a terminal. */
static void show_progress(const struct session *s, size_t done)
{
    if (s->progress) {
        (void)fprintf(stderr, "\r%zu of %zu run, %zu did not pass\033[K", done, s->plan.count,
                      s->failed);
        (void)fputs(done == s->plan.count ? "\r\033[K" : "", stderr);
    }
}

/* What is said of a worker that ended before its time, behind what it said itself. */
static struct text tell_death(const struct session *s, size_t i, const struct work_result *result,
                              char *room, size_t size)
{
    const struct unit *unit = &s->plan.units[i];
    char title[UNIT_TITLE_MAX];
    struct text_writer w = text_writer(room, size);
    text_put(&w,
             (struct text){result->errors.at,
                           result->errors.size < size - 512 ? result->errors.size : size - 512});
    text_put(&w, TEXT("lockstep run: "));
    text_put(&w, unit_title(text_from(unit->path), unit->case_name, title));
    text_put(&w, TEXT(": internal error: its process ended"));
    if (result->signal != 0) {
        text_put(&w, TEXT(" by signal "));
        text_put_integer(&w, result->signal, 0);
    }
    text_put_char(&w, '\n');
    return text_written(&w);
}

/* Of workers.h: tells what came of unit i. */
static bool told(void *self, size_t i, const struct work_result *result)
{
    struct session *s = self;
    char room[8192];
    bool died = result->died && !attempt_interrupted();
    struct text errors = died ? tell_death(s, i, result, room, sizeof room) : result->errors;
    int status = died ? STATUS_INTERNAL : result->died ? STATUS_BY_INTERRUPT : result->status;
    bool compared = s->request->lists_count > 0;
    s->failed += status != STATUS_PASS;
    (void)fwrite(errors.at, 1, errors.size, stderr);
    join_report(s, i, result, errors);
    status = exit_status_worse(status, judge_campaign(s, i));
    if (!(compared && status == STATUS_FAIL)) {
        s->status = exit_status_worse(s->status, status);
    }
    show_progress(s, i + 1);
    return !(s->request->fail_fast && status != STATUS_PASS);
}

/* Colour is for terminals whose users did not refuse it. */
static bool wants_color(void)
{
    const char *refused = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return isatty(STDOUT_FILENO) && (refused == NULL || refused[0] == '\0') && terminal != NULL &&
           strcmp(terminal, "dumb") != 0;
}

static unsigned workers_for(const struct request *r, size_t count)
{
    if (r->jobs > 0) {
        return r->jobs;
    }
    return count < MANY ? 1 : workers_usual();
}

static int fail(enum status status, const struct error *error)
{
    (void)fprintf(stderr, "lockstep run: %s\n", error->message);
    return exit_status_of(status);
}

/* Runs the plan. */
static int run_plan(struct session *s, struct request *r)
{
    struct error error = {.message = ""};
    struct work work = {.count = s->plan.count,
                        .workers = workers_for(r, s->plan.count),
                        .self = s,
                        .run = run_unit,
                        .told = told,
                        .stopped = is_stopped};
    bool compared = r->lists_count > 0;
    bool terminal = isatty(STDERR_FILENO) && !r->quiet;
    s->stream = (struct report_stream){.out = stdout, .list = !s->plan.single};
    s->progress = terminal && s->plan.count > 1;
    r->options.progress = terminal && s->plan.count == 1;
    r->color = wants_color();
    attempt_watch_interrupts();
    if (!r->quiet && !compared) {
        r->format->begin(&s->stream);
    }
    enum status status = work_do(&work, &error);
    if (status != STATUS_OK) {
        s->status = exit_status_worse(s->status, fail(status, &error));
    }
    if (attempt_interrupted()) {
        s->status = exit_status_worse(s->status, STATUS_BY_INTERRUPT);
    }
    if (compared) {
        comparison_put(&s->comparison, &s->plan, s->rows,
                       r->csv                      ? COMPARISON_CSV
                       : r->format == &report_json ? COMPARISON_JSON
                                                   : COMPARISON_TEXT,
                       stdout);
    } else if (!r->quiet) {
        r->format->end(&s->stream);
    }
    return close_output(s->status);
}

static int list_plan(const struct session *s)
{
    int status = STATUS_PASS;
    if (s->request->format == &report_json) {
        plan_put_json(&s->plan, stdout);
    } else {
        plan_put(&s->plan, stdout);
    }
    for (size_t i = 0; i < s->plan.count; i++) {
        if (!s->plan.units[i].good) {
            (void)fprintf(stderr, "lockstep run: %s: cannot be read; running it tells why\n",
                          shown(text_from(s->plan.units[i].path)).text);
            status = STATUS_USAGE;
        }
    }
    return close_output(status);
}

/* Finds out what is to be run. */
static enum status prepare(struct session *s, struct error *error)
{
    const struct request *r = s->request;
    enum status status =
        comparison_make(&s->comparison, r->lists, r->lists_count, r->sets, r->sets_count, error);
    for (size_t i = 0; status == STATUS_OK && i < r->arguments_count; i++) {
        status = selection_add(&s->selection, r->arguments[i], error);
    }
    struct plan_request plan = {&s->selection, s->comparison.variants, s->comparison.variants_count,
                                r->patterns,   r->patterns_count,      r->case_name};
    if (status == STATUS_OK) {
        status = plan_make(&s->plan, &plan, error);
    }
    s->rows = calloc(s->plan.count + 1, sizeof *s->rows);
    return status == STATUS_OK && s->rows == NULL
               ? error_set(error, STATUS_NO_MEMORY, "out of memory")
               : status;
}

static int run_session(struct session *s, struct request *r)
{
    struct error error = {.message = ""};
    const struct attempt_options *o = &r->options;
    enum status status = prepare(s, &error);
    if (status != STATUS_OK) {
        return fail(status, &error);
    }
    if (r->list) {
        return list_plan(s);
    }
    bool one_only = o->out != NULL || o->table != NULL || o->trace != NULL || o->record != NULL ||
                    o->replay != NULL;
    if (s->plan.count > 1 && one_only) {
        (void)misuse("--out, --table, --trace, --record and --replay go with one scenario and one "
                     "case",
                     "", "");
        return STATUS_USAGE;
    }
    return run_plan(s, r);
}

static int run_request(struct request *r)
{
    struct session s = {.request = r, .status = STATUS_PASS};
    int status = run_session(&s, r);
    for (size_t i = 0; s.rows != NULL && i < s.plan.count; i++) {
        free((void *)s.rows[i].at);
    }
    free(s.rows);
    plan_free(&s.plan);
    selection_free(&s.selection);
    comparison_free(&s.comparison);
    return status;
}

int command_run(int argc, char **argv)
{
    struct request *r = calloc(1, sizeof *r);
    bool help = false;
    int status = STATUS_USAGE;
    if (r == NULL) {
        (void)fprintf(stderr, "lockstep run: out of memory\n");
        return STATUS_INTERNAL;
    }
    r->format = report_format_at(0);
    r->options.command = "run";
    r->options.strategy = CHOICE_SEEDED;
    r->options.seed = 1;
    if (parse(r, argc, argv, &help)) {
        if (help) {
            put_help();
            status = close_output(STATUS_PASS);
        } else {
            status = run_request(r);
        }
    }
    free(r);
    return status;
}

/* command_run.c: `lockstep run`: one scenario or many, each run once, judged and reported. */
#include "tools/command.h"

#include "model/aws/cloud.h"
#include "model/pipeline/run.h"
#include "sim/memory.h"
#include "sim/unicode.h"
#include "tools/choice_file.h"
#include "tools/database.h"
#include "tools/input_file.h"
#include "tools/options.h"
#include "tools/output_file.h"
#include "tools/report.h"
#include "tools/scenario_decoder.h"
#include "tools/suggest.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum {
    FILES_MAX = 4096,
    SETS_MAX = 256,
    EVENTS_A_TURN = 4096, /* between two looks at the clock and the signals */
};

/* Room for recorded choices; untouched, it costs nothing. */
static const uint64_t choices_max = UINT64_C(1) << 30;

enum {
    OPTION_SEED,
    OPTION_DEFAULT,
    OPTION_UNTIL,
    OPTION_SET,
    OPTION_FORMAT,
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
    {"seed",    0,   "N",          "draw from this seed (1)"                                    },
    {"default", 0,   NULL,         "draw nothing: the default of every choice"                  },
    {"until",   0,   "D",          "end after this virtual time, e.g. 4h"                       },
    {"set",     0,   "PATH=VALUE", "change a field, e.g. pipeline.lock_ttl=60s; repeatable"     },
    {"format",  0,   "F",          "text, json, junit or tap, on standard output (text)"        },
    {"out",     'o', "FILE.db",    "all results, as a SQLite database"                          },
    {"table",   0,   "DIR",        "keep the tracking table there, an LMDB environment"         },
    {"trace",   0,   "FILE",       "every event, a line each; FILE.jsonl: as JSON; -: on output"},
    {"record",  0,   "FILE",       "keep the choices that were made"                            },
    {"replay",  0,   "FILE",       "make the choices of such a file"                            },
    {"quiet",   'q', NULL,         "no report; the exit status tells"                           },
    {"help",    'h', NULL,         "this text"                                                  },
    {NULL,      0,   NULL,         NULL                                                         },
};
_Static_assert(sizeof table / sizeof table[0] == OPTION_HELP + 2, "one row each");

/* What the command line asks for. */
struct request {
    const char *files[FILES_MAX];
    size_t files_count;
    const char *sets[SETS_MAX];
    size_t sets_count;
    const char *out, *table, *trace, *record, *replay;
    const struct report_format *format;
    enum choice_strategy strategy;
    uint64_t seed;
    bool quiet;
    char until[64]; /* "until=4h" */
};

/* One run under way: what must be given back at its end. */
struct attempt {
    const struct request *request;
    const char *path;
    struct text yaml;
    struct scenario scenario;
    struct diagnostics diagnostics;
    struct document *document;
    struct database *database;
    struct choices choices;
    struct choice *recorded;
    struct recording recording;
    struct trace trace;
    struct output_file trace_file;
    struct run *run;
    struct report report;
    char replay[2048];
    struct error error;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

/* The first interrupt ends the run in good order; a second one ends the program. */
static void watch_interrupts(void)
{
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

/* ---- The command line. ---- */

static void put_help(void)
{
    (void)fputs("Usage: lockstep run SCENARIO... [OPTION...]\n\n"
                "Runs each scenario (a YAML file; - is standard input) and reports what came of "
                "it.\n\n",
                stdout);
    options_help(table, stdout);
    (void)fputs(
        "\nExamples:\n"
        "  lockstep run scenarios/regression/130-files.yaml\n"
        "  lockstep run stuck.yaml --seed 7 --set pipeline.lock_ttl=60s --out stuck.db\n"
        "  lockstep run scenarios/regression/*.yaml --format junit > report.xml\n\n"
        "Exit status: 0 as expected; 1 an expectation is false or a required invariant is\n"
        "violated; 2 bad input or usage; 3 an internal or input/output error; 4 a replay is\n"
        "not the recorded run; 130 interrupted.\n"
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
    r->strategy = CHOICE_SEEDED;
    r->seed = strtoull(value, &end, 10);
    bool digits = value[0] >= '0' && value[0] <= '9';
    return digits && *end == '\0' && errno == 0
               ? true
               : misuse("a seed is a whole number below 2^64", value, "");
}

static bool parse_format(struct request *r, const char *value)
{
    struct suggestion near = suggestion(text_from(value));
    for (size_t i = 0; (r->format = report_format_at(i)) != NULL; i++) {
        if (strcmp(value, r->format->name) == 0) {
            return true;
        }
        suggestion_offer(&near, text_from(r->format->name));
    }
    return misuse("no such format", value, suggestion_text(&near).text);
}

static bool add_file(struct request *r, const char *path)
{
    if (r->files_count == FILES_MAX) {
        return misuse("too many scenarios", path, "");
    }
    r->files[r->files_count++] = path;
    return true;
}

static bool add_set(struct request *r, const char *set)
{
    if (r->sets_count == SETS_MAX) {
        return misuse("too many assignments", set, "");
    }
    r->sets[r->sets_count++] = set;
    return true;
}

static bool set_until(struct request *r, const char *value)
{
    (void)snprintf(r->until, sizeof r->until, "until=%s", value);
    return add_set(r, r->until);
}

/* One option or argument. False after a message. */
static bool take(struct request *r, int option, const char *value)
{
    switch (option) {
    case OPTION_ARGUMENT:
        return add_file(r, value);
    case OPTION_SEED:
        return parse_seed(r, value);
    case OPTION_DEFAULT:
        r->strategy = CHOICE_DEFAULT;
        return true;
    case OPTION_UNTIL:
        return set_until(r, value);
    case OPTION_SET:
        return add_set(r, value);
    case OPTION_FORMAT:
        return parse_format(r, value);
    case OPTION_TABLE:
        r->table = value;
        return true;
    case OPTION_OUT:
        r->out = value;
        return true;
    case OPTION_TRACE:
        r->trace = value;
        return true;
    case OPTION_RECORD:
        r->record = value;
        return true;
    case OPTION_REPLAY:
        r->replay = value;
        return true;
    case OPTION_QUIET:
        r->quiet = true;
        return true;
    default:
        return false;
    }
}

/* The whole command line; *help if it asks for that. False after a message. */
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
    if (r->files_count == 0) {
        return misuse("which scenario? Give a file", "", "");
    }
    bool one_only = r->out != NULL || r->table != NULL || r->trace != NULL || r->record != NULL ||
                    r->replay != NULL;
    if (r->files_count > 1 && one_only) {
        return misuse("--out, --table, --trace, --record and --replay go with one scenario", "",
                      "");
    }
    if (r->record != NULL && r->replay != NULL) {
        return misuse("--record and --replay exclude each other", "", "");
    }
    if (r->replay != NULL) {
        r->strategy = CHOICE_RECORDED;
    }
    return true;
}

/* ---- The command that gives the run again. ---- */

static void put_quoted(struct text_writer *w, const char *word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "_-./=:,%+@";
    text_put_char(w, ' ');
    if (word[0] != '\0' && strspn(word, plain) == strlen(word)) {
        text_put(w, text_from(word));
        return;
    }
    text_put_char(w, '\'');
    for (; *word != '\0'; word++) {
        text_put(w, *word == '\'' ? TEXT("'\\''") : (struct text){word, 1});
    }
    text_put_char(w, '\'');
}

static void write_replay(struct attempt *a)
{
    const struct request *r = a->request;
    struct text_writer w = text_writer(a->replay, sizeof a->replay);
    text_put(&w, TEXT("lockstep run"));
    put_quoted(&w, a->path);
    if (r->strategy == CHOICE_SEEDED) {
        char seed[24];
        (void)snprintf(seed, sizeof seed, "%" PRIu64, r->seed);
        text_put(&w, TEXT(" --seed "));
        text_put(&w, text_from(seed));
    } else if (r->strategy == CHOICE_DEFAULT) {
        text_put(&w, TEXT(" --default"));
    } else {
        text_put(&w, TEXT(" --replay"));
        put_quoted(&w, r->replay);
    }
    for (size_t i = 0; i < r->sets_count; i++) {
        text_put(&w, TEXT(" --set"));
        put_quoted(&w, r->sets[i]);
    }
    (void)text_writer_string(&w);
}

/* ---- One run. ---- */

static int complain(const struct attempt *a, enum status status)
{
    (void)fprintf(stderr, "lockstep run: %s: %s\n", shown(text_from(a->path)).text,
                  a->error.message);
    return exit_status_of(status);
}

static int show_diagnostics(const struct attempt *a)
{
    char *room = malloc(DIAGNOSTICS_TEXT);
    if (room == NULL) {
        (void)fprintf(stderr, "lockstep run: out of memory\n");
        return STATUS_INTERNAL;
    }
    struct text_writer w = text_writer(room, DIAGNOSTICS_TEXT);
    diagnostics_put(&a->diagnostics, &w);
    (void)fputs(text_writer_string(&w), stderr);
    free(room);
    return STATUS_USAGE;
}

/* Reads and checks the scenario, its expectations included. */
static int load(struct attempt *a)
{
    const struct request *r = a->request;
    enum status status = input_file_read(a->path, SCENARIO_BYTES_MAX, &a->yaml, &a->error);
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "lockstep run: %s\n", a->error.message);
        return exit_status_of(status);
    }
    const char *name = strcmp(a->path, "-") == 0 ? "stdin" : a->path;
    struct source source = {text_from(name), a->yaml};
    a->document = scenario_decode(&source, r->sets, r->sets_count, &a->scenario, &a->diagnostics);
    if (a->document == NULL) {
        return complain(a, error_set(&a->error, STATUS_NO_MEMORY, "out of memory"));
    }
    if (a->diagnostics.total > 0) {
        return show_diagnostics(a);
    }
    return STATUS_PASS;
}

static int prepare_expectations(struct attempt *a)
{
    const struct scenario *s = &a->scenario;
    if (s->expectations_count == 0) {
        return STATUS_PASS;
    }
    a->database = database_create(&a->error);
    if (a->database == NULL) {
        return complain(a, STATUS_IO);
    }
    for (uint32_t i = 0; i < s->expectations_count; i++) {
        enum status status = database_expect(a->database, i, s->expectations[i].sql, &a->error);
        if (status == STATUS_BAD_INPUT) {
            char path[32];
            (void)snprintf(path, sizeof path, "expect.%" PRIu32 ".sql", i);
            document_blame(a->document, text_from(path), &a->diagnostics, a->error.message);
        } else if (status != STATUS_OK) {
            return complain(a, status);
        }
    }
    return a->diagnostics.total > 0 ? show_diagnostics(a) : STATUS_PASS;
}

static int prepare_choices(struct attempt *a)
{
    const struct request *r = a->request;
    if (r->strategy == CHOICE_RECORDED) {
        enum status status = choice_file_read(r->replay, cloud_choice_names, CHOICES_COUNT,
                                              &a->recording, &a->error);
        if (status != STATUS_OK) {
            return complain(a, status);
        }
        choices_init_recorded(&a->choices, cloud_choice_names, CHOICES_COUNT, a->recording.list,
                              a->recording.count);
    } else if (r->strategy == CHOICE_SEEDED) {
        choices_init_seeded(&a->choices, cloud_choice_names, CHOICES_COUNT, r->seed);
    } else {
        choices_init_default(&a->choices, cloud_choice_names, CHOICES_COUNT);
    }
    if (r->record != NULL) {
        a->recorded = memory_reserve(choices_max * sizeof *a->recorded);
        if (a->recorded == NULL) {
            return complain(a, error_set(&a->error, STATUS_NO_MEMORY, "out of memory"));
        }
        choices_record(&a->choices, a->recorded, choices_max);
    }
    return STATUS_PASS;
}

static void write_record(void *self, const struct trace_record *record)
{
    struct attempt *a = self;
    char line[1024];
    struct text_writer w = text_writer(line, sizeof line);
    if (text_ends(text_from(a->request->trace), TEXT(".jsonl"))) {
        run_describe_json(a->run, record, &w);
    } else {
        run_describe(a->run, record, &w);
    }
    (void)fwrite(line, 1, w.size, a->trace_file.stream);
    (void)fputc('\n', a->trace_file.stream);
}

static int prepare_run(struct attempt *a)
{
    const struct request *r = a->request;
    trace_init(&a->trace);
    if (r->trace != NULL) {
        enum status status = output_file_open(&a->trace_file, r->trace, &a->error);
        if (status != STATUS_OK) {
            return complain(a, status);
        }
        a->trace.sink = write_record;
        a->trace.self = a;
    }
    bool read = a->database != NULL && database_reads_calls(a->database);
    struct run_options options = {
        .choices = &a->choices,
        .trace = &a->trace,
        .keep_calls = r->out != NULL || read,
        .table_directory = r->table,
    };
    a->run = run_create(&a->scenario, &options, &a->error);
    return a->run == NULL ? complain(a, a->error.status) : STATUS_PASS;
}

/* A line on a terminal's standard error, at most ten times a second. */
struct progress {
    bool on, shown;
    struct timespec last;
};

static void show_progress(struct progress *p, const struct attempt *a)
{
    struct timespec now;
    if (!p->on || clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        return;
    }
    int64_t since_ms =
        (now.tv_sec - p->last.tv_sec) * 1000 + (now.tv_nsec - p->last.tv_nsec) / NS_PER_MS;
    if (since_ms < 100) {
        return;
    }
    p->last = now;
    p->shown = true;
    (void)fprintf(stderr, "\r%s  %s  %" PRIu64 " events  %" PRIu64 " files\033[K",
                  shown(a->scenario.name).text, clock_text(&a->report, run_now(a->run)).text,
                  a->trace.events, run_files_count(a->run));
}

static void end_progress(const struct progress *p)
{
    if (p->shown) {
        (void)fputs("\r\033[K", stderr);
    }
}

/* Lets the run go on until it ends or is interrupted. */
static int advance(struct attempt *a)
{
    struct progress progress = {.on = isatty(STDERR_FILENO) && !a->request->quiet};
    enum run_state state = RUN_GOING;
    if (progress.on) {
        (void)clock_gettime(CLOCK_MONOTONIC, &progress.last);
    }
    while (state == RUN_GOING && !interrupted) {
        state = run_advance(a->run, EVENTS_A_TURN, &a->error);
        show_progress(&progress, a);
    }
    end_progress(&progress);
    run_finish(a->run);
    a->report.interrupted = state == RUN_GOING;
    return state == RUN_FAILED ? complain(a, STATUS_IO) : STATUS_PASS;
}

/* A replay must have asked for what was recorded, all of it, and come out the same. */
static int check_replay(struct attempt *a)
{
    char hash[HASH128_HEX];
    hash128_hex(a->report.summary.trace_hash, hash);
    if (a->request->strategy != CHOICE_RECORDED || a->report.interrupted) {
        return STATUS_PASS;
    }
    if (a->choices.diverged || a->choices.position < a->recording.count ||
        strcmp(hash, a->recording.trace_hash) != 0) {
        return complain(
            a, error_set(&a->error, STATUS_DIVERGED,
                         "the run is not the recorded one: it diverged at choice %" PRIu64
                         " of %" PRIu64 "; trace %s, recorded %s",
                         a->choices.position, a->recording.count, hash, a->recording.trace_hash));
    }
    return STATUS_PASS;
}

/* Sees to the files that were asked for, once the run is judged. */
static int write_files(struct attempt *a)
{
    const struct request *r = a->request;
    enum status status = STATUS_OK;
    if (r->trace != NULL) {
        status = output_file_commit(&a->trace_file, &a->error);
    }
    if (status == STATUS_OK && r->record != NULL) {
        status = a->choices.overflowed
                     ? error_set(&a->error, STATUS_FULL, "more choices than can be recorded")
                     : choice_file_write(r->record, &a->choices, a->report.summary.trace_hash,
                                         &a->error);
    }
    if (status == STATUS_OK && r->out != NULL) {
        status = database_write(r->out, &a->report, &a->error);
    }
    return status == STATUS_OK ? STATUS_PASS : complain(a, status);
}

/* Judges what came of the run and tells it. */
static int conclude(struct attempt *a, struct report_stream *stream)
{
    struct report *report = &a->report;
    run_summary(a->run, &report->summary);
    if (a->database != NULL) {
        enum status status = database_evaluate(a->database, report, &a->error);
        if (status != STATUS_OK) {
            return complain(a, status);
        }
    }
    report_judge(report);
    if (!a->request->quiet) {
        a->request->format->put(stream, report);
        stream->written++;
    }
    int verdict = report->interrupted ? STATUS_BY_INTERRUPT
                  : report->passed    ? STATUS_PASS
                                      : STATUS_FAIL;
    return exit_status_worse(exit_status_worse(verdict, check_replay(a)), write_files(a));
}

static int run_attempt(struct attempt *a, struct report_stream *stream)
{
    const struct request *r = a->request;
    int status = load(a);
    if (status == STATUS_PASS) {
        status = prepare_expectations(a);
    }
    if (status == STATUS_PASS) {
        status = prepare_choices(a);
    }
    if (status == STATUS_PASS) {
        status = prepare_run(a);
    }
    if (status != STATUS_PASS) {
        return status;
    }
    write_replay(a);
    a->report.run = a->run;
    a->report.scenario = &a->scenario;
    a->report.file = text_from(a->path);
    a->report.yaml = a->yaml;
    a->report.strategy = r->strategy;
    a->report.seed = r->strategy == CHOICE_SEEDED ? r->seed : 0;
    a->report.replay = a->replay;
    status = advance(a);
    return status == STATUS_PASS ? conclude(a, stream) : status;
}

/* Gives everything back. */
static int end_attempt(struct attempt *a)
{
    int status = STATUS_PASS;
    if (a->trace_file.stream != NULL) {
        output_file_abandon(&a->trace_file);
    }
    if (run_destroy(a->run, &a->error) != STATUS_OK) {
        status = complain(a, STATUS_IO);
    }
    database_destroy(a->database);
    document_destroy(a->document);
    memory_release(a->recorded, choices_max * sizeof *a->recorded);
    free(a->recording.list);
    free((void *)a->yaml.at);
    return status;
}

static int run_one(const struct request *request, const char *path, struct report_stream *stream)
{
    struct attempt *a = calloc(1, sizeof *a);
    if (a == NULL) {
        (void)fprintf(stderr, "lockstep run: out of memory\n");
        return STATUS_INTERNAL;
    }
    a->request = request;
    a->path = path;
    int status = run_attempt(a, stream);
    status = exit_status_worse(status, end_attempt(a));
    free(a);
    return status;
}

/* Colour is for terminals whose users did not refuse it. */
static bool wants_color(void)
{
    const char *refused = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return isatty(STDOUT_FILENO) && (refused == NULL || refused[0] == '\0') && terminal != NULL &&
           strcmp(terminal, "dumb") != 0;
}

static int run_all(const struct request *r)
{
    struct report_stream stream = {.out = stdout, .count = r->files_count, .color = wants_color()};
    int status = STATUS_PASS;
    watch_interrupts();
    if (!r->quiet) {
        r->format->begin(&stream);
    }
    for (size_t i = 0; i < r->files_count && !interrupted; i++) {
        status = exit_status_worse(status, run_one(r, r->files[i], &stream));
    }
    if (!r->quiet) {
        r->format->end(&stream);
    }
    return close_output(status);
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
    r->strategy = CHOICE_SEEDED;
    r->seed = 1;
    if (parse(r, argc, argv, &help)) {
        if (help) {
            put_help();
            status = close_output(STATUS_PASS);
        } else {
            status = run_all(r);
        }
    }
    free(r);
    return status;
}

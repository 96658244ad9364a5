/* attempt.c: see attempt.h. */
#include "tools/attempt.h"

#include "model/aws/cloud.h"
#include "model/pipeline/run.h"
#include "sim/memory.h"
#include "sim/unicode.h"
#include "tools/choice_file.h"
#include "tools/command.h"
#include "tools/database.h"
#include "tools/input_file.h"
#include "tools/output_file.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_A_TURN = 4096 /* between two looks at the clock and the signals */ };

/* Room for recorded choices; untouched, it costs nothing. */
static const uint64_t choices_max = UINT64_C(1) << 30;

/* One run under way: what must be given back at its end. */
struct attempt {
    const struct attempt_options *options;
    struct attempt_options plain; /* the same, where the scenario wants no draws */
    const struct unit *unit;
    FILE *errors;
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
    struct explanation explanation;
    char replay[2048];
    struct error error;
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    interrupted = 1;
}

void attempt_watch_interrupts(void)
{
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

bool attempt_interrupted(void)
{
    return interrupted != 0;
}

const volatile int *attempt_interrupt(void)
{
    return &interrupted;
}

/* ---- The command that gives the run again. ---- */

static void put_quoted(struct text_writer *w, struct text word)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "_-./=:,%+@";
    size_t harmless = 0;
    while (harmless < word.size && strchr(plain, word.at[harmless]) != NULL) {
        harmless++;
    }
    text_put_char(w, ' ');
    if (word.size > 0 && harmless == word.size) {
        text_put(w, word);
        return;
    }
    text_put_char(w, '\'');
    for (size_t i = 0; i < word.size; i++) {
        text_put(w, word.at[i] == '\'' ? TEXT("'\\''") : (struct text){word.at + i, 1});
    }
    text_put_char(w, '\'');
}

void attempt_command(const struct attempt_options *o, const struct unit *unit, char *buffer,
                     size_t size)
{
    struct text_writer w = text_writer(buffer, size);
    text_put(&w, TEXT("lockstep run"));
    put_quoted(&w, text_from(unit->path));
    if (unit->case_name.size > 0) {
        text_put(&w, TEXT(" --case"));
        put_quoted(&w, unit->case_name);
    }
    if (o->strategy == CHOICE_SEEDED) {
        char seed[24];
        (void)snprintf(seed, sizeof seed, "%" PRIu64, o->seed);
        text_put(&w, TEXT(" --seed "));
        text_put(&w, text_from(seed));
    } else if (o->strategy == CHOICE_DEFAULT) {
        text_put(&w, TEXT(" --default"));
    } else {
        text_put(&w, TEXT(" --replay"));
        put_quoted(&w, text_from(o->replay));
    }
    for (size_t i = 0; i < unit->variant.sets_count; i++) {
        text_put(&w, TEXT(" --set"));
        put_quoted(&w, text_from(unit->variant.sets[i]));
    }
    (void)text_writer_string(&w);
}

/* ---- One run. ---- */

static int complain(const struct attempt *a, enum status status)
{
    char room[UNIT_TITLE_MAX];
    struct text title = unit_title(text_from(a->unit->path), a->unit->case_name, room);
    (void)fprintf(a->errors, "lockstep %s: %s: %s\n", a->options->command, shown(title).text,
                  a->error.message);
    return exit_status_of(status);
}

static int show_diagnostics(const struct attempt *a)
{
    char *room = malloc(DIAGNOSTICS_TEXT);
    if (room == NULL) {
        (void)fprintf(a->errors, "lockstep %s: out of memory\n", a->options->command);
        return STATUS_INTERNAL;
    }
    struct text_writer w = text_writer(room, DIAGNOSTICS_TEXT);
    diagnostics_put(&a->diagnostics, &w);
    (void)fputs(text_writer_string(&w), a->errors);
    free(room);
    return STATUS_USAGE;
}

/* Says why there is no file to read. */
static int miss(struct attempt *a)
{
    struct text content = {NULL, 0};
    enum status status = input_file_read(a->unit->path, SCENARIO_BYTES_MAX, &content, &a->error);
    free((void *)content.at);
    if (status == STATUS_OK) {
        status = error_set(&a->error, STATUS_IO, "cannot read %.200s: it changes", a->unit->path);
    }
    (void)fprintf(a->errors, "lockstep %s: %s\n", a->options->command, a->error.message);
    return exit_status_of(status);
}

/* Decodes the scenario and checks it. */
static int load(struct attempt *a)
{
    const struct unit *unit = a->unit;
    if (unit->yaml.at == NULL) {
        return miss(a);
    }
    const char *name = strcmp(unit->path, "-") == 0 ? "stdin" : unit->path;
    struct source source = {text_from(name), unit->yaml};
    a->document = scenario_decode_case(&source, unit->case_name, unit->variant.sets,
                                       unit->variant.sets_count, &a->scenario, &a->diagnostics);
    if (a->document == NULL) {
        return complain(a, error_set(&a->error, STATUS_NO_MEMORY, "out of memory"));
    }
    return a->diagnostics.total > 0 ? show_diagnostics(a) : STATUS_PASS;
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
            (void)snprintf(path, sizeof path, "expect.%" PRIu32 ".sql", s->expectations[i].row);
            document_blame(a->document, text_from(path), &a->diagnostics, a->error.message);
        } else if (status != STATUS_OK) {
            return complain(a, status);
        }
    }
    return a->diagnostics.total > 0 ? show_diagnostics(a) : STATUS_PASS;
}

static int prepare_choices(struct attempt *a)
{
    const struct attempt_options *o = a->options;
    if (o->strategy == CHOICE_RECORDED) {
        enum status status = choice_file_read(o->replay, cloud_choice_names, CHOICES_COUNT,
                                              &a->recording, &a->error);
        if (status != STATUS_OK) {
            return complain(a, status);
        }
        choices_init_recorded(&a->choices, cloud_choice_names, CHOICES_COUNT, a->recording.list,
                              a->recording.count);
    } else if (o->strategy == CHOICE_SEEDED) {
        choices_init_seeded(&a->choices, cloud_choice_names, CHOICES_COUNT, o->seed);
    } else {
        choices_init_default(&a->choices, cloud_choice_names, CHOICES_COUNT);
    }
    if (o->record != NULL) {
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
    if (text_ends(text_from(a->options->trace), TEXT(".jsonl"))) {
        run_describe_json(a->run, record, &w);
    } else {
        run_describe(a->run, record, &w);
    }
    (void)fwrite(line, 1, w.size, a->trace_file.stream);
    (void)fputc('\n', a->trace_file.stream);
}

static int prepare_run(struct attempt *a)
{
    const struct attempt_options *o = a->options;
    trace_init(&a->trace);
    if (o->trace != NULL) {
        enum status status = output_file_open(&a->trace_file, o->trace, &a->error);
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
        .keep_calls = o->out != NULL || o->explain || read,
        .table_directory = o->table,
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
static int advance(struct attempt *a, const struct attempt_listener *listener)
{
    uint64_t turn = listener->stepped != NULL ? 1 : EVENTS_A_TURN;
    struct progress progress = {.on = a->options->progress};
    enum run_state state = RUN_GOING;
    if (progress.on) {
        (void)clock_gettime(CLOCK_MONOTONIC, &progress.last);
    }
    while (state == RUN_GOING && !interrupted) {
        state = run_advance(a->run, turn, &a->error);
        if (listener->stepped != NULL) {
            listener->stepped(listener->self, a->run);
        }
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
    if (a->options->strategy != CHOICE_RECORDED || a->report.interrupted) {
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
    const struct attempt_options *o = a->options;
    enum status status = STATUS_OK;
    if (o->trace != NULL) {
        status = output_file_commit(&a->trace_file, &a->error);
    }
    if (status == STATUS_OK && o->record != NULL) {
        status = a->choices.overflowed
                     ? error_set(&a->error, STATUS_FULL, "more choices than can be recorded")
                     : choice_file_write(o->record, &a->choices, a->report.summary.trace_hash,
                                         &a->error);
    }
    if (status == STATUS_OK && o->out != NULL) {
        status = database_write(o->out, &a->report, &a->error);
    }
    return status == STATUS_OK ? STATUS_PASS : complain(a, status);
}

/* Judges what came of the run and tells it. */
static int conclude(struct attempt *a, const struct attempt_listener *listener)
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
    if (a->options->explain && run_explain(a->run, &a->explanation)) {
        report->explanation = &a->explanation;
    }
    listener->told(listener->self, report);
    int verdict = report->interrupted ? STATUS_BY_INTERRUPT
                  : report->passed    ? STATUS_PASS
                                      : STATUS_FAIL;
    return exit_status_worse(exit_status_worse(verdict, check_replay(a)), write_files(a));
}

static void begin_report(struct attempt *a)
{
    const struct attempt_options *o = a->options;
    attempt_command(o, a->unit, a->replay, sizeof a->replay);
    a->report.run = a->run;
    a->report.scenario = &a->scenario;
    a->report.file = text_from(a->unit->path);
    a->report.yaml = a->unit->yaml;
    a->report.strategy = o->strategy;
    a->report.seed = o->strategy == CHOICE_SEEDED ? o->seed : 0;
    a->report.replay = a->replay;
    a->report.goals.asked = a->unit->runs == 1 ? a->unit->reach : 0;
}

/* Where the command line does not say who decides, the scenario does. */
static void choose_strategy(struct attempt *a)
{
    if (a->scenario.choices == DECIDER_DEFAULT && a->options->strategy == CHOICE_SEEDED &&
        !a->options->seed_said) {
        a->plain = *a->options;
        a->plain.strategy = CHOICE_DEFAULT;
        a->options = &a->plain;
    }
}

static int run_unit(struct attempt *a, const struct attempt_listener *listener)
{
    int status = load(a);
    choose_strategy(a);
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
    begin_report(a);
    if (listener->visit != NULL) {
        return listener->visit(listener->self, a->run, &a->report);
    }
    status = advance(a, listener);
    return status == STATUS_PASS ? conclude(a, listener) : status;
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
    return status;
}

int attempt_run(const struct attempt_options *options, const struct unit *unit,
                const struct attempt_listener *listener, FILE *errors)
{
    struct attempt *a = calloc(1, sizeof *a);
    if (a == NULL) {
        (void)fprintf(errors, "lockstep %s: out of memory\n", options->command);
        return STATUS_INTERNAL;
    }
    a->options = options;
    a->unit = unit;
    a->errors = errors;
    int status = run_unit(a, listener);
    status = exit_status_worse(status, end_attempt(a));
    free(a);
    return status;
}

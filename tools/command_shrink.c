/* command_shrink.c: `lockstep shrink`: the smallest case that fails as a given one does.
 */
#include "tools/attempt.h"
#include "tools/certificate.h"
#include "tools/command.h"
#include "tools/options.h"
#include "tools/output_file.h"
#include "tools/reductions.h"
#include "tools/report.h"
#include "tools/subject.h"
#include "tools/suggest.h"
#include "tools/workers.h"

#include "model/aws/cloud.h"
#include "sim/unicode.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SEEDS_TRIED = 10, BUDGET_USUAL_S = 60 };

enum {
    OPTION_PROPERTY,
    OPTION_CASE,
    OPTION_SET,
    OPTION_OUTPUT,
    OPTION_BUDGET,
    OPTION_SAME_SCENARIO,
    OPTION_FORMAT,
    OPTION_JOBS,
    OPTION_QUIET,
    OPTION_HELP
};

/* In the order of the enumeration. */
static const struct option table[] = {
    {"property",      'p', "P",          "the invariant whose violation stays, e.g. S1 (the first violated)"},
    {"case",          0,   "NAME",       "the case of this name, where the scenario has cases"              },
    {"set",           0,   "PATH=VALUE", "change a field, e.g. pipeline.builder=V5; repeatable"             },
    {"output",        'o', "FILE",       "write the case there; -: on output, and nothing else"             },
    {"budget",        0,   "TIME",       "half to shrink, then the proof, at most (60s)"                    },
    {"same-scenario", 0,   NULL,         "only the faults get fewer, the scenario stays"                    },
    {"format",        0,   "F",          "text or json, on standard output (text)"                          },
    {"jobs",          'j', "N",          "processes that share the proof (the processors)"                  },
    {"quiet",         'q', NULL,         "no progress on a terminal"                                        },
    {"help",          'h', NULL,         "this text"                                                        },
    {NULL,            0,   NULL,         NULL                                                               },
};
_Static_assert(sizeof table / sizeof table[0] == OPTION_HELP + 2, "one row each");

/* What a case is large by. */
struct measure {
    uint64_t deviations, events;
    int64_t files, functions, threshold;
};

struct request {
    struct subject subject;
    const char *property_word, *output;
    struct duration budget;
    bool json, quiet, same_scenario;
    unsigned jobs;

    enum invariant property;
    struct reductions reductions;
    struct shrink_case found;
    struct shrink_counts counts;
    struct certificate certificate;
    struct measure before, after;
    bool out_of_time;         /* shrinking was ended by the budget */
    uint32_t seeds_violating; /* of SEEDS_TRIED */
    char name[160], description[320];
    struct scenario result; /* as it is written */
    char yaml[SCENARIO_TEXT];
    size_t yaml_size;
};

/* --- the command line
 * -------------------------------------------------------------------------------------- */

static void put_help(void)
{
    (void)fputs(
        "Usage: lockstep shrink SCENARIO [OPTION...]\n\n"
        "Makes the smallest case that violates an invariant as the scenario does with its faults: "
        "fewer\nand simpler faults, each aimed at one process and visit; fewer files and "
        "functions; "
        "settings\nback to what is usual. Runs are those of the plain schedule (run --default). "
        "Every candidate is\nrun. In the end it is tried to prove that nothing smaller fails: "
        "every "
        "run with fewer deviations.\nThe case is a scenario, which says what it violates: lockstep "
        "run passes on it, while it fails so.\n\n",
        stdout);
    options_help(table, stdout);
    (void)fputs(
        "\nExamples:\n"
        "  lockstep shrink scenarios/lessons/lock-stalled-owner.yaml --case takeover\n"
        "  lockstep shrink found.yaml --property S1 -o small.yaml && lockstep run small.yaml\n"
        "  lockstep shrink found.yaml --same-scenario --format json\n\n"
        "Exit status: 0 the case was made; 2 bad input or usage, or nothing is violated; 3 an\n"
        "internal or input/output error; 130 interrupted, after what had been found.\n",
        stdout);
}

static bool take_property(struct request *r, const char *value)
{
    struct suggestion near = suggestion(text_from(value));
    r->property_word = value;
    for (uint32_t i = 0; i < INVARIANTS_COUNT; i++) {
        if (strcmp(property_name(i), value) == 0) {
            r->property = (enum invariant)i;
            return true;
        }
        suggestion_offer(&near, text_from(property_name(i)));
    }
    return subject_misuse(&r->subject, "no such invariant", value, suggestion_text(&near).text);
}

static bool take_budget(struct request *r, const char *value)
{
    struct error error;
    return duration_parse(text_from(value), &r->budget, &error) == STATUS_OK ||
           subject_misuse(&r->subject, "how long? Write 30s", value, "");
}

/* One option or argument. False after a message. */
static bool take(void *self, int option, const char *value)
{
    struct request *r = self;
    switch (option) {
    case OPTION_ARGUMENT:
        return subject_take_file(&r->subject, value);
    case OPTION_PROPERTY:
        return take_property(r, value);
    case OPTION_CASE:
        r->subject.case_name = text_from(value);
        return true;
    case OPTION_SET:
        return subject_take_set(&r->subject, value);
    case OPTION_OUTPUT:
        r->output = value;
        return true;
    case OPTION_BUDGET:
        return take_budget(r, value);
    case OPTION_SAME_SCENARIO:
        r->same_scenario = true;
        return true;
    case OPTION_FORMAT:
        return subject_take_format(&r->subject, value, &r->json);
    case OPTION_JOBS:
        return subject_take_jobs(&r->subject, value, &r->jobs);
    case OPTION_QUIET:
        r->quiet = true;
        return true;
    default:
        return false;
    }
}

static bool parse(struct request *r, int argc, char **argv, bool *help)
{
    if (!options_take(table, argc, argv, OPTION_HELP, take, r, help) || *help) {
        return *help;
    }
    return r->subject.path != NULL ||
           subject_misuse(&r->subject, "which scenario? Give a file", "", "");
}

/* --- the budget
 * -----------------------------------------------------------------------------------------------
 */

/* The one clock of the command: until when there is time. Work that is cut into processes asks it
 * without an argument. */
static struct timespec deadline;

static void set_deadline(const struct timespec *start, struct duration after)
{
    deadline = *start;
    deadline.tv_sec += after.ns / NS_PER_S;
    deadline.tv_nsec += after.ns % NS_PER_S;
    deadline.tv_sec += deadline.tv_nsec / NS_PER_S;
    deadline.tv_nsec %= NS_PER_S;
}

static bool is_late(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        return false;
    }
    return now.tv_sec > deadline.tv_sec ||
           (now.tv_sec == deadline.tv_sec && now.tv_nsec >= deadline.tv_nsec);
}

static bool is_stopped(void)
{
    return attempt_interrupted() || is_late();
}

/* --- the work
 * -----------------------------------------------------------------------------------------------
 */

static struct measure measure(const struct shrink_case *c)
{
    const struct scenario *s = &c->scenario;
    struct measure m = {.deviations = c->deviations.count + s->faults_count,
                        .events = c->outcome.events,
                        .threshold = s->max_files_per_manifest};
    for (uint32_t i = 0; i < s->workloads_count; i++) {
        m.files += s->workloads[i].files;
    }
    int64_t reserved = s->function.reserved_concurrency;
    int64_t most = s->mapping.maximum_concurrency;
    m.functions = reserved == 0 || (most != 0 && most < reserved) ? most : reserved;
    return m;
}

static void put_words(FILE *out, uint32_t bits)
{
    bool first = true;
    for (uint32_t i = 0; i < INVARIANTS_COUNT; i++) {
        if ((bits >> i & 1) != 0) {
            (void)fprintf(out, "%s%s", first ? "" : ", ", property_name(i));
            first = false;
        }
    }
}

/* Which of what is violated it is about: what was asked for, else the first that the scenario says
 * it violates, else the first. */
static int choose_property(struct request *r, uint32_t said)
{
    uint32_t violated = r->found.outcome.violated;
    if (r->property_word != NULL && (violated >> r->property & 1) != 0) {
        return STATUS_PASS;
    }
    if (r->property_word == NULL && violated != 0) {
        uint32_t both = said == VIOLATES_ANY ? 0 : violated & said;
        r->property = (enum invariant)__builtin_ctz(both != 0 ? both : violated);
        return STATUS_PASS;
    }
    (void)fprintf(stderr, "lockstep shrink: %s: ", shown(text_from(r->subject.path)).text);
    if (violated == 0) {
        (void)fputs("nothing is violated in the plain schedule (run --default)\n", stderr);
    } else {
        (void)fprintf(stderr, "%s is not violated in the plain schedule (run --default), but ",
                      r->property_word);
        put_words(stderr, violated);
        (void)fputc('\n', stderr);
    }
    return STATUS_USAGE;
}

/* Takes from a scenario what says what should come of it, and gives it the name of the case. */
static void strip(struct request *r, struct scenario *s)
{
    char room[UNIT_TITLE_MAX];
    struct text title = unit_title(s->name, s->case_name, room);
    (void)snprintf(r->name, sizeof r->name, "%.*s", (int)title.size, title.at);
    s->name = text_from(r->name);
    s->description = TEXT("");
    s->case_name = TEXT("");
    s->choices = DECIDER_DEFAULT;
    s->catalogue = (struct catalogue){0};
    s->required_invariants = 0;
    s->reach = 0;
    s->violates = VIOLATES_ANY;
    s->cases_count = s->expectations_count = 0;
}

static enum status shrink_once(struct request *r, struct error *error)
{
    struct shrink shrink = {
        .property = r->property,
        .stopped = is_stopped,
        .reduce = r->same_scenario ? NULL : reductions_make,
        .size = reductions_size,
        .self = &r->reductions,
    };
    enum status status = shrink_run(&shrink, &r->found, &r->counts, error);
    r->out_of_time |= is_late();
    return status;
}

/* Shrinks, seeks the certificate, and begins anew with what it may have found. */
static enum status shrink_all(struct request *r, struct error *error)
{
    struct timespec start;
    enum status status = STATUS_OK;
    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    struct certificate_work work = {
        .of = &r->found,
        .property = r->property,
        .groups = (UINT32_C(1) << DEVIATION_GROUPS_COUNT) - 1,
        .workers = r->jobs,
        .shows_progress = !r->quiet && isatty(STDERR_FILENO),
        .stopped = is_stopped,
    };
    do {
        set_deadline(&start, (struct duration){r->budget.ns / 2});
        status = shrink_once(r, error);
        set_deadline(&start, r->budget);
        if (status == STATUS_OK) {
            status = certificate_seek(&work, &r->certificate, error);
        }
        if (status == STATUS_OK && r->certificate.end == CERTIFICATE_SMALLER) {
            r->found.deviations = r->certificate.smaller;
        }
    } while (status == STATUS_OK && r->certificate.end == CERTIFICATE_SMALLER);
    return status;
}

/* What a run of the scenario violates. */
static enum status violated_by(const struct scenario *s, struct choices *choices,
                               uint32_t *violated, struct error *error)
{
    struct trace trace;
    trace_init(&trace);
    struct run_options options = {.choices = choices, .trace = &trace};
    struct run *run = run_create(s, &options, error);
    enum run_state state = RUN_GOING;
    *violated = 0;
    if (run == NULL) {
        return error->status;
    }
    while (state == RUN_GOING) {
        state = run_advance(run, UINT64_C(1) << 20, error);
    }
    run_finish(run);
    for (uint64_t i = 0; i < run_violations_count(run); i++) {
        struct violation_row row;
        run_violation(run, i, &row);
        *violated |= UINT32_C(1) << row.invariant;
    }
    enum status status = state == RUN_FAILED ? STATUS_IO : STATUS_OK;
    (void)run_destroy(run, NULL);
    return status;
}

/* Whether the case, as it was written, does what it says; and with how many seeds. */
static enum status check(struct request *r, struct error *error)
{
    struct diagnostics *diagnostics = calloc(1, sizeof *diagnostics);
    struct scenario *again = malloc(sizeof *again);
    struct document *document = NULL;
    struct source source = {
        TEXT("case"), {r->yaml, r->yaml_size}
    };
    struct choices choices;
    uint32_t violated = 0;
    enum status status = STATUS_NO_MEMORY;
    if (diagnostics != NULL && again != NULL) {
        document = scenario_decode(&source, NULL, 0, again, diagnostics);
    }
    if (document != NULL) {
        ASSERT(diagnostics->total == 0);
        choices_init_default(&choices, cloud_choice_names, CHOICES_COUNT);
        status = violated_by(again, &choices, &violated, error);
        ASSERT(status != STATUS_OK || violated == again->violates);
        for (uint64_t seed = 1; status == STATUS_OK && seed <= SEEDS_TRIED; seed++) {
            choices_init_seeded(&choices, cloud_choice_names, CHOICES_COUNT, seed);
            status = violated_by(again, &choices, &violated, error);
            r->seeds_violating += violated >> r->property & 1;
        }
    } else {
        (void)error_set(error, status, "out of memory");
    }
    document_destroy(document);
    free(again);
    free(diagnostics);
    return status;
}

/* --- what is told
 * -----------------------------------------------------------------------------------------------
 */

/* "minimal: no run with fewer deviations ..." */
static void put_certificate(const struct request *r, struct text_writer *w)
{
    const struct certificate *c = &r->certificate;
    bool minimal = c->end == CERTIFICATE_MINIMAL;
    text_put(w, minimal ? TEXT("minimal: ") : TEXT("minimal not proven: "));
    if (c->up_to == UINT32_MAX) {
        text_put(w, minimal ? TEXT("there is no deviation") : TEXT("no run was made"));
        text_put(w, c->end == CERTIFICATE_STOPPED ? TEXT(" in time") : TEXT(""));
        return;
    }
    if (c->up_to == 0) {
        text_put(w, TEXT("without any deviation it does not fail"));
    } else {
        text_put(w, TEXT("no run with "));
        text_put_integer(w, c->up_to, 0);
        text_put(w, c->up_to == 1 ? TEXT(" deviation") : TEXT(" deviations or fewer"));
        text_put(w, TEXT(" of explore's kinds, or like those above, violates "));
        text_put(w, text_from(property_name(r->property)));
        text_put(w, TEXT(" ("));
        text_put_integer(w, (int64_t)c->runs, 0);
        text_put(w, TEXT(" runs)"));
    }
    text_put(w, c->end == CERTIFICATE_STOPPED    ? TEXT("; for more there was not enough time")
                : c->end == CERTIFICATE_UNJUDGED ? TEXT("; but some runs could not be judged")
                                                 : TEXT(""));
}

static void put_deviations(const struct scenario *s, const char *indent, struct text_writer *w)
{
    for (uint32_t i = 0; i < s->faults_count; i++) {
        text_put(w, text_from(indent));
        text_put_fault(w, &s->faults[i], true);
        text_put_char(w, '\n');
    }
}

/* The case: its comment, and the scenario. */
static enum status write_case(struct request *r, struct error *error)
{
    char comment[TRIAL_DEVIATIONS_MAX * 200];
    struct text_writer w = text_writer(comment, sizeof comment);
    struct scenario *s = &r->result;
    shrink_merge(&r->found, s);
    s->violates = r->found.outcome.violated;
    text_put(&w, text_from(property_name(r->property)));
    text_put(&w, TEXT(" is violated: "));
    text_put(&w, text_from(property_text(r->property)));
    text_put(&w, s->faults_count > 0 ? TEXT(", with\n") : TEXT(", by nothing that goes wrong.\n"));
    put_deviations(s, "  ", &w);
    put_certificate(r, &w);
    text_put(&w, TEXT("\nShrunk from "));
    text_put(&w, text_from(shown(text_from(r->subject.path)).text));
    if (r->subject.case_name.size > 0) {
        text_put(&w, TEXT(", case "));
        text_put(&w, r->subject.case_name);
    }
    struct text_writer yaml = text_writer(r->yaml, sizeof r->yaml);
    scenario_write(s, text_written(&w), &yaml);
    r->yaml_size = yaml.size;
    return yaml.overflowed ? error_set(error, STATUS_FULL, "the case is too long to be written")
                           : STATUS_OK;
}

static void put_row(const char *what, uint64_t before, uint64_t after)
{
    (void)printf("  %-11s %" PRIu64 " -> %" PRIu64 "\n", what, before, after);
}

static void put_text_report(const struct request *r)
{
    char room[TRIAL_DEVIATIONS_MAX * 200];
    struct text_writer w = text_writer(room, sizeof room);
    (void)printf("%s\n  violated    %s: %s\n", r->name, property_name(r->property),
                 property_text(r->property));
    put_row("deviations", r->before.deviations, r->after.deviations);
    put_row("files", (uint64_t)r->before.files, (uint64_t)r->after.files);
    put_row("functions", (uint64_t)r->before.functions, (uint64_t)r->after.functions);
    put_row("threshold", (uint64_t)r->before.threshold, (uint64_t)r->after.threshold);
    put_row("events", r->before.events, r->after.events);
    put_deviations(&r->result, "  story       ", &w);
    (void)fputs(text_writer_string(&w), stdout);
    w = text_writer(room, sizeof room);
    put_certificate(r, &w);
    (void)printf("  proof       %s\n", text_writer_string(&w));
    (void)printf("  tried       %" PRIu64 " runs, in %" PRIu64 " scenarios%s\n", r->counts.runs,
                 r->counts.scenarios,
                 r->out_of_time ? "; ended by the budget: more may be possible" : "");
    (void)printf("  schedule    time concrete, latencies nominal; with latencies drawn, %" PRIu32
                 " of %d seeds violate %s\n",
                 r->seeds_violating, SEEDS_TRIED, property_name(r->property));
    if (r->output == NULL) {
        (void)printf("\n%.*s", (int)r->yaml_size, r->yaml);
    } else {
        (void)printf("  run         lockstep run %s\n", r->output);
    }
}

static void put_json_measure(const char *name, const struct measure *m)
{
    (void)printf(", \"%s\": {\"deviations\": %" PRIu64 ", \"files\": %" PRId64
                 ", \"functions\": %" PRId64 ", \"threshold\": %" PRId64 ", \"events\": %" PRIu64
                 "}",
                 name, m->deviations, m->files, m->functions, m->threshold, m->events);
}

static void put_json_story(const struct scenario *s)
{
    (void)fputs(", \"story\": [", stdout);
    for (uint32_t i = 0; i < s->faults_count; i++) {
        char room[160];
        struct text_writer w = text_writer(room, sizeof room);
        text_put_fault(&w, &s->faults[i], true);
        (void)fputs(i > 0 ? ", " : "", stdout);
        put_json(stdout, text_written(&w));
    }
    (void)fputs("]", stdout);
}

static void put_json_report(const struct request *r)
{
    const struct certificate *c = &r->certificate;
    static const char *const ends[] = {
        [CERTIFICATE_MINIMAL] = "minimal",
        [CERTIFICATE_SMALLER] = "smaller",
        [CERTIFICATE_STOPPED] = "stopped",
        [CERTIFICATE_UNJUDGED] = "unjudged",
    };
    (void)fputs("{\"scenario\": ", stdout);
    put_json(stdout, text_from(r->name));
    (void)printf(", \"property\": \"%s\"", property_name(r->property));
    put_json_measure("before", &r->before);
    put_json_measure("after", &r->after);
    put_json_story(&r->result);
    (void)printf(", \"certificate\": {\"end\": \"%s\", \"deviations\": ", ends[c->end]);
    (void)printf(c->up_to == UINT32_MAX ? "null" : "%" PRIu32, c->up_to);
    (void)printf(", \"runs\": %" PRIu64 "}, \"runs\": %" PRIu64 ", \"known\": %" PRIu64
                 ", \"scenarios\": %" PRIu64 ", \"ended_by_budget\": %s, \"seeds\": %d"
                 ", \"seeds_violating\": %" PRIu32 ", \"yaml\": ",
                 c->runs, r->counts.runs, r->counts.known, r->counts.scenarios,
                 r->out_of_time ? "true" : "false", SEEDS_TRIED, r->seeds_violating);
    put_json(stdout, (struct text){r->yaml, r->yaml_size});
    (void)fputs("}\n", stdout);
}

static enum status write_output(const struct request *r, struct error *error)
{
    struct output_file file;
    if (r->output == NULL) {
        return STATUS_OK;
    }
    enum status status = output_file_open(&file, r->output, error);
    if (status != STATUS_OK) {
        return status;
    }
    (void)fwrite(r->yaml, 1, r->yaml_size, file.stream);
    return output_file_commit(&file, error);
}

static int tell(struct request *r)
{
    struct error error = {.message = ""};
    enum status status = write_case(r, &error);
    if (status == STATUS_OK) {
        status = check(r, &error);
    }
    if (status == STATUS_OK) {
        status = write_output(r, &error);
    }
    if (status != STATUS_OK) {
        return subject_complain(&r->subject, &error);
    }
    if (r->json) {
        put_json_report(r);
    } else if (r->output == NULL || strcmp(r->output, "-") != 0) {
        put_text_report(r);
    }
    return close_output(attempt_interrupted() ? STATUS_BY_INTERRUPT : STATUS_PASS);
}

static int perform(struct request *r)
{
    struct error error = {.message = ""};
    int status = subject_load(&r->subject, false);
    if (status != STATUS_PASS) {
        return status;
    }
    attempt_watch_interrupts();
    uint32_t said = r->subject.scenario.violates;
    strip(r, &r->subject.scenario);
    if (shrink_name_faults(&r->found, &r->subject.scenario, NULL, &error) != STATUS_OK) {
        return subject_complain(&r->subject, &error);
    }
    status = choose_property(r, said);
    if (status != STATUS_PASS) {
        return status;
    }
    r->before = measure(&r->found);
    if (shrink_all(r, &error) != STATUS_OK) {
        return subject_complain(&r->subject, &error);
    }
    r->after = measure(&r->found);
    return tell(r);
}

int command_shrink(int argc, char **argv)
{
    struct request *r = calloc(1, sizeof *r);
    bool help = false;
    int status = STATUS_USAGE;
    if (r == NULL) {
        (void)fprintf(stderr, "lockstep shrink: out of memory\n");
        return STATUS_INTERNAL;
    }
    r->subject.command = "lockstep shrink";
    r->budget = duration_s(BUDGET_USUAL_S);
    r->jobs = workers_usual();
    if (parse(r, argc, argv, &help)) {
        if (help) {
            put_help();
            status = close_output(STATUS_PASS);
        } else {
            status = perform(r);
        }
    }
    subject_free(&r->subject);
    free(r);
    return status;
}

/* command_points.c: `lockstep points`: the points that a scenario reaches, and what comes of every
 * single fault at them.
 */
#include "tools/command.h"

#include "sim/unicode.h"
#include "tools/options.h"
#include "tools/report.h"
#include "tools/subject.h"
#include "tools/suggest.h"
#include "tools/sweep.h"
#include "tools/workers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

enum { OCCURRENCES = 3 };

enum {
    OPTION_CASE,
    OPTION_SET,
    OPTION_SEED,
    OPTION_DEFAULT,
    OPTION_FORMAT,
    OPTION_SWEEP,
    OPTION_KINDS,
    OPTION_OCCURRENCES,
    OPTION_JOBS,
    OPTION_HELP
};

/* In the order of the enumeration. */
static const struct option table[] = {
    {"case",        0,   "NAME",       "the case of this name, where the scenario has cases"    },
    {"set",         0,   "PATH=VALUE", "change a field, e.g. pipeline.builder=V5; repeatable"   },
    {"seed",        0,   "N",          "draw from this seed (1)"                                },
    {"default",     0,   NULL,         "draw nothing: the default of every choice"              },
    {"format",      0,   "F",          "text or json, on standard output (text)"                },
    {"sweep",       0,   NULL,         "run the scenario with every single fault at every point"},
    {"kinds",       0,   "K,K...",     "of faults, e.g. kill,lose_reply (all)"                  },
    {"occurrences", 0,   "N",          "strike the first N times at a point, or all (3)"        },
    {"jobs",        'j', "N",          "processes that share the runs (the processors)"         },
    {"help",        'h', NULL,         "this text"                                              },
    {NULL,          0,   NULL,         NULL                                                     },
};
_Static_assert(sizeof table / sizeof table[0] == OPTION_HELP + 2, "one row each");

struct request {
    struct subject subject;
    bool json, sweeps;
    struct sweep sweep;
};

/* --- the command line
 * -------------------------------------------------------------------------------------- */

static void put_help(void)
{
    (void)fputs(
        "Usage: lockstep points SCENARIO [OPTION...]\n\n"
        "Runs the scenario and lists the points at which a fault could strike: each call of "
        "each\nprocess, and what services do by themselves, with how often it was "
        "reached.\n\n",
        stdout);
    options_help(table, stdout);
    (void)fputs(
        "\nWith --sweep every point, every kind of fault that may strike there and the first times "
        "that\nthe point is reached give a run: the scenario and that one fault, judged by all "
        "invariants.\nA cell of the matrix says ok, or in how many of the runs something was "
        "violated and what;\n- where nothing of the kind can happen; 0! where the fault never "
        "struck.\n\n"
        "Examples:\n"
        "  lockstep points scenarios/regression/130-files.yaml\n"
        "  lockstep points scenarios/regression/130-files.yaml --sweep --kinds kill,lose_reply\n"
        "  lockstep points stuck.yaml --sweep --occurrences all --format json > matrix.json\n\n"
        "Exit status: 0; 1 with --sweep, where an invariant was violated that the scenario's\n"
        "`violates` does not name; 2 bad input or usage; 3 an internal or input/output error.\n",
        stdout);
}

/* "kill,lose_reply" into bits. */
static bool parse_kinds(const struct request *r, const char *value, uint32_t *kinds)
{
    struct text rest = text_from(value);
    *kinds = 0;
    for (;;) {
        const char *comma = rest.size > 0 ? memchr(rest.at, ',', rest.size) : NULL;
        struct text word = {rest.at, comma == NULL ? rest.size : (size_t)(comma - rest.at)};
        struct suggestion near = suggestion(word);
        unsigned kind = 0;
        while (kind < FAULT_KINDS_COUNT &&
               !text_equal(text_from(fault_word((enum fault_kind)kind)), word)) {
            suggestion_offer(&near, text_from(fault_word((enum fault_kind)kind)));
            kind++;
        }
        if (kind == FAULT_KINDS_COUNT) {
            return subject_misuse(&r->subject, "no such kind of fault", shown(word).text,
                                  suggestion_text(&near).text);
        }
        *kinds |= UINT32_C(1) << kind;
        if (comma == NULL) {
            return true;
        }
        rest = (struct text){comma + 1, rest.size - word.size - 1};
    }
}

static bool take_occurrences(struct request *r, const char *value)
{
    if (strcmp(value, "all") == 0) {
        r->sweep.occurrences = UINT64_MAX;
        return true;
    }
    return (option_number(value, 0, UINT64_MAX, &r->sweep.occurrences) &&
            r->sweep.occurrences > 0) ||
           subject_misuse(&r->subject, "how many occurrences? A number from 1, or all", value, "");
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
    case OPTION_SEED:
        r->sweep.strategy = CHOICE_SEEDED;
        return option_number(value, 0, UINT64_MAX, &r->sweep.seed) ||
               subject_misuse(&r->subject, "a seed is a whole number below 2^64", value, "");
    case OPTION_DEFAULT:
        r->sweep.strategy = CHOICE_DEFAULT;
        return true;
    case OPTION_FORMAT:
        return subject_take_format(&r->subject, value, &r->json);
    case OPTION_SWEEP:
        r->sweeps = true;
        return true;
    case OPTION_KINDS:
        return parse_kinds(r, value, &r->sweep.kinds);
    case OPTION_OCCURRENCES:
        return take_occurrences(r, value);
    case OPTION_JOBS:
        return subject_take_jobs(&r->subject, value, &r->sweep.workers);
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

static int complain(const struct request *r, const struct error *error, enum status status)
{
    (void)fprintf(stderr, "lockstep points: %s: %s\n", shown(text_from(r->subject.path)).text,
                  error->message);
    return exit_status_of(status);
}

/* --- the list of points
 * ------------------------------------------------------------------------------------ */

static void put_invariants(FILE *out, uint32_t bits, const char *separator, const char *quote)
{
    bool first = true;
    for (unsigned i = 0; i < INVARIANTS_COUNT; i++) {
        if ((bits >> i & 1) != 0) {
            (void)fprintf(out, "%s%s%s%s", first ? "" : separator, quote,
                          invariant_name((enum invariant)i), quote);
            first = false;
        }
    }
}

static void put_head(const struct request *r)
{
    put_plain(stdout, r->subject.scenario.name);
    if (r->sweep.strategy == CHOICE_SEEDED) {
        (void)printf(", seed %" PRIu64 "\n", r->sweep.seed);
    } else {
        (void)printf(", the default of each choice\n");
    }
}

static void list_text(const struct request *r)
{
    put_head(r);
    (void)printf("\n%10s  %-17s %-24s %s\n", "reached", "process", "point", "what is called");
    for (size_t i = 0; i < r->sweep.points_count; i++) {
        const struct point_row *p = &r->sweep.points[i];
        (void)printf("%10" PRId64 "  %-17.*s %-24.*s ", p->reached, (int)p->process.size,
                     p->process.at, (int)p->point.size, p->point.at);
        if (p->of_service) {
            (void)puts("(the service itself)");
        } else if (p->operation.size > 0) {
            (void)printf("%.*s:%.*s\n", (int)p->service.size, p->service.at, (int)p->operation.size,
                         p->operation.at);
        } else {
            (void)puts("(waits)");
        }
    }
}

static void put_choices_json(const struct request *r)
{
    (void)fputs("{\"scenario\": ", stdout);
    put_json(stdout, r->subject.scenario.name);
    if (r->sweep.strategy == CHOICE_SEEDED) {
        (void)printf(", \"seed\": %" PRIu64, r->sweep.seed);
    } else {
        (void)fputs(", \"seed\": null", stdout);
    }
}

static void put_points_json(const struct request *r)
{
    (void)fputs(",\n \"points\": [", stdout);
    for (size_t i = 0; i < r->sweep.points_count; i++) {
        const struct point_row *p = &r->sweep.points[i];
        (void)printf("%s\n  {\"process\": \"%.*s\", \"point\": \"%.*s\", \"service\": \"%.*s\", "
                     "\"operation\": \"%.*s\", \"reached\": %" PRId64 "}",
                     i > 0 ? "," : "", (int)p->process.size, p->process.at, (int)p->point.size,
                     p->point.at, (int)p->service.size, p->service.at, (int)p->operation.size,
                     p->operation.at, p->reached);
    }
    (void)fputs("]", stdout);
}

/* --- the matrix
 * -------------------------------------------------------------------------------------------- */

/* "ok", "2/3 S1 S3", "-", "0!". */
struct cell_text {
    char text[96];
};

static struct cell_text cell_text(const struct sweep_cell *cell)
{
    struct cell_text c = {"-"};
    struct text_writer w = text_writer(c.text, sizeof c.text);
    if (cell->count == 0) {
        return c;
    }
    if (cell->struck < cell->count) {
        text_put_integer(&w, cell->struck, 0);
        text_put(&w, TEXT("!"));
    }
    if (cell->violating > 0) {
        text_put(&w, w.size > 0 ? TEXT(" ") : TEXT(""));
        text_put_integer(&w, cell->violating, 0);
        text_put_char(&w, '/');
        text_put_integer(&w, cell->count, 0);
        for (unsigned i = 0; i < INVARIANTS_COUNT; i++) {
            if ((cell->violated >> i & 1) != 0) {
                text_put_char(&w, ' ');
                text_put(&w, text_from(invariant_name((enum invariant)i)));
            }
        }
        text_put(&w, cell->unended > 0 ? TEXT(" endless") : TEXT(""));
    } else if (w.size == 0) {
        text_put(&w, TEXT("ok"));
    }
    (void)text_writer_string(&w);
    return c;
}

static bool in_part(const struct point_row *p, bool of_service)
{
    return p->of_service == of_service && p->reached > 0 && p->kinds != 0;
}

/* The width of a column in its part of the matrix; 0: nothing of it can happen there. */
static size_t width_of(const struct sweep *s, size_t column, bool of_service)
{
    size_t width = 0;
    bool any = false;
    for (size_t p = 0; p < s->points_count; p++) {
        if (in_part(&s->points[p], of_service)) {
            struct sweep_cell cell = sweep_cell(s, p, column);
            size_t size = strlen(cell_text(&cell).text);
            width = size > width ? size : width;
            any |= cell.count > 0;
        }
    }
    size_t name = strlen(fault_form_at(column)->name);
    return !any ? 0 : name > width ? name : width;
}

static void put_row(const struct sweep *s, size_t point, const size_t *widths)
{
    const struct point_row *p = &s->points[point];
    (void)printf("%10" PRId64 "  %-17.*s %-24.*s", p->reached, (int)p->process.size, p->process.at,
                 (int)p->point.size, p->point.at);
    for (size_t c = 0; c < fault_forms_count(); c++) {
        if (widths[c] > 0) {
            struct sweep_cell cell = sweep_cell(s, point, c);
            (void)printf(" %-*s", (int)widths[c], cell_text(&cell).text);
        }
    }
    (void)putchar('\n');
}

/* Calls of processes, or what services do: the kinds of fault differ. */
static void put_part(const struct sweep *s, bool of_service)
{
    size_t widths[64] = {0};
    size_t any = 0;
    ASSERT(fault_forms_count() <= sizeof widths / sizeof widths[0]);
    for (size_t c = 0; c < fault_forms_count(); c++) {
        widths[c] = width_of(s, c, of_service);
        any += widths[c];
    }
    if (any == 0) {
        return;
    }
    (void)printf("\n%10s  %-17s %-24s", "reached", of_service ? "service" : "process",
                 of_service ? "what it does" : "call");
    for (size_t c = 0; c < fault_forms_count(); c++) {
        if (widths[c] > 0) {
            (void)printf(" %-*s", (int)widths[c], fault_form_at(c)->name);
        }
    }
    (void)putchar('\n');
    for (size_t p = 0; p < s->points_count; p++) {
        if (in_part(&s->points[p], of_service)) {
            put_row(s, p, widths);
        }
    }
}

/* In how many runs each invariant was violated, and the first of them. */
struct totals {
    size_t violating, unended, unstruck;
    size_t unexpected; /* those that violate what the scenario does not say */
    size_t of[INVARIANTS_COUNT];
    const struct sweep_run *first[INVARIANTS_COUNT], *first_unended;
};

static struct totals count(const struct sweep *s)
{
    struct totals t = {0};
    uint32_t said = s->scenario->violates == VIOLATES_ANY ? 0 : s->scenario->violates;
    for (size_t i = 0; i < s->runs_count; i++) {
        const struct sweep_run *run = &s->runs[i];
        t.violating += run->outcome.violated != 0;
        t.unexpected += (run->outcome.violated & ~said) != 0;
        t.unstruck += !run->outcome.struck;
        t.unended += run->outcome.end != SWEEP_ENDED;
        if (run->outcome.end != SWEEP_ENDED && t.first_unended == NULL) {
            t.first_unended = run;
        }
        for (unsigned v = 0; v < INVARIANTS_COUNT; v++) {
            bool violated = (run->outcome.violated >> v & 1) != 0;
            t.of[v] += violated;
            t.first[v] = violated && t.first[v] == NULL ? run : t.first[v];
        }
    }
    return t;
}

static void put_replay(const struct request *r, const struct sweep_run *run)
{
    (void)printf("lockstep run");
    subject_put_arguments(stdout, &r->subject);
    if (r->sweep.strategy == CHOICE_SEEDED) {
        (void)printf(" --seed %" PRIu64, r->sweep.seed);
    } else {
        (void)printf(" --default");
    }
    sweep_put_options(stdout, &r->sweep, run);
}

static void put_unreached(const struct sweep *s)
{
    bool first = true;
    for (size_t i = 0; i < s->points_count; i++) {
        const struct point_row *p = &s->points[i];
        if (p->reached == 0) {
            (void)printf("%s%.*s %.*s", first ? "\nNever reached: " : ", ", (int)p->process.size,
                         p->process.at, (int)p->point.size, p->point.at);
            first = false;
        }
    }
    (void)fputs(first ? "" : "\n", stdout);
}

static void sweep_text(const struct request *r)
{
    const struct sweep *s = &r->sweep;
    struct totals t = count(s);
    put_head(r);
    (void)printf("%zu runs, each with one fault more", s->runs_count);
    (void)fputs("; without it ", stdout);
    if (s->without.violated == 0) {
        (void)fputs("nothing is violated\n", stdout);
    } else {
        put_invariants(stdout, s->without.violated, " ", "");
        (void)fputs(" violated\n", stdout);
    }
    put_part(s, false);
    put_part(s, true);
    put_unreached(s);
    (void)printf("\n%zu of %zu runs violate an invariant\n", t.violating, s->runs_count);
    for (unsigned v = 0; v < INVARIANTS_COUNT; v++) {
        if (t.of[v] > 0) {
            (void)printf("%8zu  %s  ", t.of[v], invariant_name((enum invariant)v));
            put_replay(r, t.first[v]);
            (void)putchar('\n');
        }
    }
    if (t.unended > 0) {
        (void)printf("%8zu  do not end  ", t.unended);
        put_replay(r, t.first_unended);
        (void)putchar('\n');
    }
    if (t.unstruck > 0) {
        (void)printf("%8zu  whose fault never struck\n", t.unstruck);
    }
}

static void put_cell_json(const struct request *r, size_t point, size_t column, bool *first)
{
    const struct sweep *s = &r->sweep;
    const struct point_row *p = &s->points[point];
    struct sweep_cell cell = sweep_cell(s, point, column);
    if (cell.count == 0) {
        return;
    }
    (void)printf("%s\n  {\"process\": \"%.*s\", \"point\": \"%.*s\", \"fault\": \"%s\", "
                 "\"runs\": %" PRIu32 ", \"struck\": %" PRIu32 ", \"violating\": %" PRIu32
                 ", \"endless\": %" PRIu32 ", \"violates\": [",
                 *first ? "" : ",", (int)p->process.size, p->process.at, (int)p->point.size,
                 p->point.at, fault_form_at(column)->name, cell.count, cell.struck, cell.violating,
                 cell.unended);
    put_invariants(stdout, cell.violated, ", ", "\"");
    (void)fputs("]}", stdout);
    *first = false;
}

static void sweep_json(const struct request *r)
{
    const struct sweep *s = &r->sweep;
    struct totals t = count(s);
    bool first = true;
    put_choices_json(r);
    (void)printf(", \"runs\": %zu, \"violating\": %zu, \"endless\": %zu, \"unstruck\": %zu,\n"
                 " \"without_a_fault\": [",
                 s->runs_count, t.violating, t.unended, t.unstruck);
    put_invariants(stdout, s->without.violated, ", ", "\"");
    (void)fputs("],\n \"violations\": {", stdout);
    for (unsigned v = 0; v < INVARIANTS_COUNT; v++) {
        (void)printf("%s\"%s\": %zu", v > 0 ? ", " : "", invariant_name((enum invariant)v),
                     t.of[v]);
    }
    (void)fputs("}", stdout);
    put_points_json(r);
    (void)fputs(",\n \"cells\": [", stdout);
    for (size_t p = 0; p < s->points_count; p++) {
        for (size_t c = 0; c < fault_forms_count(); c++) {
            put_cell_json(r, p, c, &first);
        }
    }
    (void)fputs("]}\n", stdout);
}

/* --- the command
 * ------------------------------------------------------------------------------------------- */

static int list(const struct request *r)
{
    if (r->json) {
        put_choices_json(r);
        put_points_json(r);
        (void)fputs("}\n", stdout);
    } else {
        list_text(r);
    }
    return STATUS_PASS;
}

static int sweep(struct request *r)
{
    struct error error = {.message = ""};
    r->sweep.shows_progress = isatty(STDERR_FILENO);
    enum status status = sweep_perform(&r->sweep, &error);
    if (status != STATUS_OK) {
        return complain(r, &error, status);
    }
    struct totals t = count(&r->sweep);
    if (r->json) {
        sweep_json(r);
    } else {
        sweep_text(r);
    }
    return t.unexpected == 0 && t.unended == 0 ? STATUS_PASS : STATUS_FAIL;
}

static int perform(struct request *r)
{
    struct error error = {.message = ""};
    int loaded = subject_load(&r->subject, false);
    if (loaded != STATUS_PASS) {
        return loaded;
    }
    r->sweep.scenario = &r->subject.scenario;
    enum status status = sweep_prepare(&r->sweep, &error);
    if (status != STATUS_OK) {
        return complain(r, &error, status);
    }
    return close_output(r->sweeps ? sweep(r) : list(r));
}

int command_points(int argc, char **argv)
{
    struct request *r = calloc(1, sizeof *r);
    bool help = false;
    int status = STATUS_USAGE;
    if (r == NULL) {
        (void)fprintf(stderr, "lockstep points: out of memory\n");
        return STATUS_INTERNAL;
    }
    r->subject.command = "lockstep points";
    r->sweep = (struct sweep){.strategy = CHOICE_SEEDED,
                              .seed = 1,
                              .kinds = UINT32_MAX,
                              .occurrences = OCCURRENCES,
                              .workers = workers_usual()};
    if (parse(r, argc, argv, &help)) {
        if (help) {
            put_help();
            status = close_output(STATUS_PASS);
        } else {
            status = perform(r);
        }
    }
    sweep_deinit(&r->sweep);
    subject_free(&r->subject);
    free(r);
    return status;
}

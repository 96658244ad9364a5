/* command_catalogue.c: `lockstep catalogue`: what the scenarios tell of failures and claims, as one
 * document.
 *
 * Nothing is run: what a scenario violates is what it says, and running it shows that it says so
 * truly.
 */
#include "tools/command.h"

#include "sim/unicode.h"
#include "tools/input_file.h"
#include "tools/options.h"
#include "tools/output_file.h"
#include "tools/report.h"
#include "tools/scenario_decoder.h"
#include "tools/selection.h"

#include <inttypes.h>
#include <stdlib.h>

enum { OPTION_OUT, OPTION_CHECK, OPTION_COMPLETE, OPTION_HELP };

/* In the order of the enumeration. */
static const struct option table[] = {
    {"out",      'o', "FILE", "write there, not to standard output"                       },
    {"check",    0,   "FILE", "compare with what is there; exit status 1 where it differs"},
    {"complete", 0,   NULL,   "refuse to leave out any of F1 to F62 and C1 to C34"        },
    {"help",     'h', NULL,   "this text"                                                 },
    {NULL,       0,   NULL,   NULL                                                        },
};

/* The two kinds of entries: failure modes and claims. */
static const struct kind {
    char letter;
    unsigned most;
    const char *title;
} kinds[] = {
    {'F', 62, "Failures"},
    {'C', 34, "Claims"  },
};

enum { KINDS = sizeof kinds / sizeof kinds[0], NUMBERS_MAX = 64, DOCUMENT_BYTES_MAX = 1 << 24 };

/* What a scenario file tells. */
struct entry {
    const char *path;
    struct text yaml;
    struct document *document; /* owns what the scenario's texts are views of */
    struct scenario scenario;
};

struct catalogue_request {
    struct selection selection;
    const char *out, *check;
    bool complete, help;
};

struct work_space {
    struct entry *at[KINDS][NUMBERS_MAX + 1]; /* by number; NULL: none */
    struct entry *all;                        /* as many as files, `count` of them read */
    size_t count;
    int status;
};

/* ---- Reading. ---- */

static void complain(struct work_space *w, int status, const char *path, const char *what)
{
    (void)fprintf(stderr, "lockstep catalogue: %s: %s\n", shown(text_from(path)).text, what);
    w->status = exit_status_worse(w->status, status);
}

/* "F13": its kind and its number. */
static bool parse_id(struct text id, size_t *kind, unsigned *number)
{
    *number = 0;
    for (size_t i = 1; i < id.size && i < 4; i++) {
        if (id.at[i] < '0' || id.at[i] > '9' || (i == 1 && id.at[i] == '0')) {
            return false;
        }
        *number = *number * 10 + (unsigned)(id.at[i] - '0');
    }
    for (*kind = 0; *kind < KINDS && id.size >= 2 && id.size <= 3; ++*kind) {
        if (id.at[0] == kinds[*kind].letter) {
            return *number <= kinds[*kind].most;
        }
    }
    return false;
}

/* What the catalogue cannot do without. */
static void require(struct work_space *w, const struct entry *e, bool claim)
{
    const struct catalogue *c = &e->scenario.catalogue;

    const struct {
        const char *what;
        bool missing;
    } wanted[] = {
        {"catalogue.trigger: missing", c->trigger.size == 0 && !claim   },
        {"catalogue.symptom: missing", c->symptom.size == 0 && !claim   },
        {"catalogue.why: missing",     c->why.size == 0                 },
        {"catalogue.claim: missing",   c->claim.size == 0 && claim      },
        {"catalogue.verdict: missing", c->verdict == CLAIM_NONE && claim},
    };

    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        if (wanted[i].missing) {
            complain(w, STATUS_USAGE, e->path, wanted[i].what);
        }
    }
}

static void place(struct work_space *w, struct entry *e)
{
    size_t kind;
    unsigned number;
    char what[256];
    struct text id = e->scenario.catalogue.id;
    if (id.size == 0) {
        return;
    }
    if (!parse_id(id, &kind, &number)) {
        (void)snprintf(what, sizeof what, "catalogue.id: '%s' is not one of F1 to F62, C1 to C34",
                       shown(id).text);
        complain(w, STATUS_USAGE, e->path, what);
        return;
    }
    require(w, e, kinds[kind].letter == 'C');
    if (w->at[kind][number] != NULL) {
        (void)snprintf(what, sizeof what, "catalogue.id: a second %s, after %.100s", shown(id).text,
                       w->at[kind][number]->path);
        complain(w, STATUS_USAGE, e->path, what);
        return;
    }
    w->at[kind][number] = e;
}

static void show_diagnostics(struct work_space *w, const struct diagnostics *diagnostics)
{
    static char room[DIAGNOSTICS_TEXT];
    struct text_writer writer = text_writer(room, sizeof room);
    diagnostics_put(diagnostics, &writer);
    (void)fputs(text_writer_string(&writer), stderr);
    w->status = exit_status_worse(w->status, STATUS_USAGE);
}

static void read_entry(struct work_space *w, const char *path)
{
    struct entry *e = &w->all[w->count++];
    struct error error = {.message = ""};
    struct diagnostics diagnostics;
    e->path = path;
    enum status status = input_file_read(path, SCENARIO_BYTES_MAX, &e->yaml, &error);
    if (status != STATUS_OK) {
        complain(w, exit_status_of(status), path, error.message);
        return;
    }
    struct source source = {text_from(path), e->yaml};
    e->document = scenario_decode(&source, NULL, 0, &e->scenario, &diagnostics);
    if (e->document == NULL) {
        complain(w, STATUS_INTERNAL, path, "out of memory");
    } else if (diagnostics.total > 0) {
        show_diagnostics(w, &diagnostics);
    } else {
        place(w, e);
    }
}

static void require_all(struct work_space *w)
{
    for (size_t kind = 0; kind < KINDS; kind++) {
        for (unsigned number = 1; number <= kinds[kind].most; number++) {
            if (w->at[kind][number] == NULL) {
                char id[8];
                (void)snprintf(id, sizeof id, "%c%u", kinds[kind].letter, number);
                complain(w, STATUS_FAIL, id, "no scenario has this id");
            }
        }
    }
}

/* ---- Writing. ---- */

/* Text on one line, with a backslash before what would mean something. */
static void put_escaped(FILE *out, struct text text, const char *meaning)
{
    bool blank = false;
    while (text.size > 0 && (text.at[text.size - 1] == '\n' || text.at[text.size - 1] == ' ')) {
        text.size--;
    }
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if (c == '\n' || c == ' ' || c == '\t') {
            (void)fputs(blank ? "" : " ", out);
            blank = true;
            continue;
        }
        blank = false;
        (void)fputs(strchr(meaning, c) != NULL ? "\\" : "", out);
        (void)fputc(c, out);
    }
}

static void put_text(FILE *out, struct text text)
{
    put_escaped(out, text, "|<>*");
}

static void put_paragraph(FILE *out, const char *title, struct text text)
{
    if (text.size > 0) {
        (void)fprintf(out, "**%s.** ", title);
        put_text(out, text);
        (void)fputs("\n\n", out);
    }
}

/* What a case violates: its own word, or the scenario's. */
static uint32_t violates_of(const struct scenario *s, uint32_t i)
{
    return s->cases[i].violates == VIOLATES_ANY ? s->violates : s->cases[i].violates;
}

static void put_violated(FILE *out, uint32_t bits)
{
    if (bits == VIOLATES_ANY) {
        (void)fputs("not said", out);
    } else {
        put_invariant_names(out, bits);
    }
}

/* All that some case violates. */
static uint32_t violated(const struct scenario *s)
{
    uint32_t bits = s->cases_count == 0 && s->violates != VIOLATES_ANY ? s->violates : 0;
    for (uint32_t i = 0; i < s->cases_count; i++) {
        bits |= violates_of(s, i) == VIOLATES_ANY ? 0 : violates_of(s, i);
    }
    return bits;
}

/* The cases in which nothing is violated, with commas between. */
static void put_clean(FILE *out, const struct scenario *s)
{
    const char *separator = "";
    for (uint32_t i = 0; i < s->cases_count; i++) {
        if (violates_of(s, i) == 0) {
            (void)fputs(separator, out);
            put_text(out, s->cases[i].name);
            separator = ", ";
        }
    }
}

static void put_cases(FILE *out, const struct scenario *s)
{
    if (s->cases_count == 0) {
        (void)fputs("**Violates.** ", out);
        put_violated(out, s->violates);
        (void)fputs("\n\n", out);
        return;
    }
    (void)fputs("| case | with | violates |\n|---|---|---|\n", out);
    for (uint32_t i = 0; i < s->cases_count; i++) {
        (void)fputs("| ", out);
        put_text(out, s->cases[i].name);
        (void)fputs(s->cases[i].set.size > 0 ? " | `" : " | ", out);
        put_escaped(out, s->cases[i].set, "|");
        (void)fputs(s->cases[i].set.size > 0 ? "` | " : " | ", out);
        put_violated(out, violates_of(s, i));
        (void)fputs(" |\n", out);
    }
    (void)fputc('\n', out);
}

static void put_entry(FILE *out, const struct entry *e)
{
    static const char *const verdicts[] = {
#define X(name, word) word,
        CLAIM_VERDICT_MAP(X)
#undef X
    };
    const struct scenario *s = &e->scenario;
    const struct catalogue *c = &s->catalogue;
    (void)fputs("### ", out);
    put_text(out, c->id);
    (void)fputs(": ", out);
    put_text(out, s->name);
    (void)fputs("\n\n", out);
    put_paragraph(out, "Claim", c->claim);
    if (c->verdict != CLAIM_NONE) {
        put_paragraph(out, "Verdict", text_from(verdicts[c->verdict]));
    }
    put_paragraph(out, "Shows", s->description);
    put_paragraph(out, "Trigger", c->trigger);
    put_paragraph(out, "Symptom", c->symptom);
    put_paragraph(out, "Why", c->why);
    put_cases(out, s);
    put_paragraph(out, "Fixed by", c->fixed_by);
    put_paragraph(out, "Assumed", c->assumption);
    (void)fprintf(out, "```\nlockstep run %s\n```\n\n", e->path);
}

/* A line for each entry: id, name, what is violated, what is clean. */
static void put_overview(FILE *out, const struct work_space *w, size_t kind)
{
    (void)fputs("| id | scenario | violates | clean |\n|---|---|---|---|\n", out);
    for (unsigned number = 1; number <= kinds[kind].most; number++) {
        const struct entry *e = w->at[kind][number];
        if (e != NULL) {
            (void)fprintf(out, "| %c%u | ", kinds[kind].letter, number);
            put_text(out, e->scenario.name);
            (void)fputs(" | ", out);
            put_invariant_names(out, violated(&e->scenario));
            (void)fputs(" | ", out);
            put_clean(out, &e->scenario);
            (void)fputs(" |\n", out);
        }
    }
    (void)fputc('\n', out);
}

static bool has_entries(const struct work_space *w, size_t kind)
{
    for (unsigned number = 1; number <= kinds[kind].most; number++) {
        if (w->at[kind][number] != NULL) {
            return true;
        }
    }
    return false;
}

/* The entries of which some case violates the invariant. */
static void put_violating(FILE *out, const struct work_space *w, enum invariant invariant)
{
    const char *separator = "";
    for (size_t kind = 0; kind < KINDS; kind++) {
        for (unsigned number = 1; number <= kinds[kind].most; number++) {
            const struct entry *e = w->at[kind][number];
            if (e != NULL && (violated(&e->scenario) >> invariant & 1) != 0) {
                (void)fprintf(out, "%s%c%u", separator, kinds[kind].letter, number);
                separator = ", ";
            }
        }
    }
}

static void put_invariants(FILE *out, const struct work_space *w)
{
    (void)fputs("The invariants, and what violates them here:\n\n"
                "| id | invariant | violated in |\n|---|---|---|\n",
                out);
    for (unsigned i = 0; i < INVARIANTS_COUNT; i++) {
        (void)fprintf(out, "| %s | %s | ", invariant_name((enum invariant)i),
                      invariant_text((enum invariant)i));
        put_violating(out, w, (enum invariant)i);
        (void)fputs(" |\n", out);
    }
    (void)fputc('\n', out);
}

static void put_document(FILE *out, const struct work_space *w)
{
    (void)fputs("# What can go wrong, and what is said of it\n\n"
                "Written by `lockstep catalogue` from the scenarios, each of which shows what is "
                "told of it here:\nit fails if it violates one invariant more or fewer. Do not "
                "edit; change the scenario.\n\n",
                out);
    put_invariants(out, w);
    for (size_t kind = 0; kind < KINDS; kind++) {
        if (!has_entries(w, kind)) {
            continue;
        }
        (void)fprintf(out, "## %s\n\n", kinds[kind].title);
        put_overview(out, w, kind);
        for (unsigned number = 1; number <= kinds[kind].most; number++) {
            if (w->at[kind][number] != NULL) {
                put_entry(out, w->at[kind][number]);
            }
        }
    }
}

/* ---- Comparing. ---- */

/* Cuts the first line, with its end, off the text. */
static struct text take_line(struct text *text)
{
    const char *end = text->size == 0 ? NULL : memchr(text->at, '\n', text->size);
    size_t size = end == NULL ? text->size : (size_t)(end - text->at) + 1;
    struct text line = {text->at, size};
    *text = (struct text){text->at + size, text->size - size};
    return line;
}

static void put_line(const char *mark, struct text line)
{
    (void)fprintf(stderr, "%s ", mark);
    put_plain(stderr, (struct text){line.at, line.size > 0 ? line.size - 1 : 0});
    (void)fputc('\n', stderr);
}

/* Says where the file is not what the scenarios tell: the first lines that differ. */
static int compare(const char *path, struct text there, struct text due)
{
    enum { SHOWN = 5 };

    uint64_t number = 0, different = 0;
    while (there.size > 0 || due.size > 0) {
        struct text old = take_line(&there), new = take_line(&due);
        number++;
        if (text_equal(old, new)) {
            continue;
        }
        if (different++ < SHOWN) {
            (void)fprintf(stderr, "%s:%" PRIu64 ":\n", path, number);
            put_line("  is    ", old);
            put_line("  due   ", new);
        }
    }
    if (different == 0) {
        return STATUS_PASS;
    }
    (void)fprintf(stderr,
                  "lockstep catalogue: %s is not what the scenarios tell, in %" PRIu64
                  " lines; write it with -o\n",
                  path, different);
    return STATUS_FAIL;
}

static int check(const struct catalogue_request *r, struct text due)
{
    struct error error = {.message = ""};
    struct text there = {NULL, 0};
    enum status status = input_file_read(r->check, DOCUMENT_BYTES_MAX, &there, &error);
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "lockstep catalogue: %s\n", error.message);
        return exit_status_of(status);
    }
    int result = compare(r->check, there, due);
    free((void *)there.at);
    return result;
}

static int write_out(const char *path, struct text document)
{
    struct error error = {.message = ""};
    struct output_file file;
    enum status status = output_file_open(&file, path, &error);
    if (status == STATUS_OK) {
        (void)fwrite(document.at, 1, document.size, file.stream);
        status = output_file_commit(&file, &error);
    }
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "lockstep catalogue: %s\n", error.message);
    }
    return exit_status_of(status);
}

/* ---- The command. ---- */

static int tell(const struct catalogue_request *r, const struct work_space *w)
{
    char *bytes = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&bytes, &size);
    if (out != NULL) {
        put_document(out, w);
    }
    if (out == NULL || fclose(out) != 0) {
        free(bytes);
        (void)fprintf(stderr, "lockstep catalogue: out of memory\n");
        return STATUS_INTERNAL;
    }
    struct text document = {bytes, size};
    int status =
        r->check != NULL ? check(r, document) : write_out(r->out == NULL ? "-" : r->out, document);
    free(bytes);
    return status;
}

static int make(const struct catalogue_request *r)
{
    struct work_space w = {.status = STATUS_PASS};
    w.all = calloc(r->selection.count + 1, sizeof *w.all);
    if (w.all == NULL) {
        (void)fprintf(stderr, "lockstep catalogue: out of memory\n");
        return STATUS_INTERNAL;
    }
    for (size_t i = 0; i < r->selection.count; i++) {
        read_entry(&w, r->selection.paths[i]);
    }
    if (r->complete) {
        require_all(&w);
    }
    int status = w.status == STATUS_PASS ? tell(r, &w) : w.status;
    for (size_t i = 0; i < w.count; i++) {
        document_destroy(w.all[i].document);
        free((void *)w.all[i].yaml.at);
    }
    free(w.all);
    return status;
}

static void put_help(void)
{
    (void)fputs("Usage: lockstep catalogue DIRECTORY... [OPTION...]\n\n"
                "Writes what the scenarios tell of failures and claims as Markdown: of each that "
                "has a\ncatalogue.id, what brings it about, what is seen of it, why, what each of "
                "its cases\nviolates, what puts an end to it, and the command that shows it.\n\n",
                stdout);
    options_help(table, stdout);
    (void)fputs("\nExamples:\n"
                "  lockstep catalogue scenarios -o docs/failures.md\n"
                "  lockstep catalogue scenarios --check docs/failures.md --complete\n\n"
                "Exit status: 0; 1 the document differs, or an id is missing; 2 bad input: an id "
                "twice,\na text that is missing; 3 an input or output error.\n",
                stdout);
}

static bool misuse(const char *what)
{
    (void)fprintf(stderr, "lockstep catalogue: %s\nTry 'lockstep catalogue --help'.\n", what);
    return false;
}

/* One option or argument. False after a message. */
static bool take(struct catalogue_request *r, int option, const char *value)
{
    struct error error = {.message = ""};
    switch (option) {
    case OPTION_ARGUMENT:
        return selection_add(&r->selection, value, &error) == STATUS_OK ? true
                                                                        : misuse(error.message);
    case OPTION_OUT:
        r->out = value;
        return true;
    case OPTION_CHECK:
        r->check = value;
        return true;
    case OPTION_COMPLETE:
        r->complete = true;
        return true;
    case OPTION_HELP:
        r->help = true;
        return true;
    default:
        return false;
    }
}

static bool parse(struct catalogue_request *r, int argc, char **argv)
{
    struct options o = options(table, argc, argv);
    const char *value;
    for (int option = options_next(&o, &value); option != OPTION_END && !r->help;
         option = options_next(&o, &value)) {
        if (!take(r, option, value)) {
            return false;
        }
    }
    if (r->help) {
        return true;
    }
    if (r->out != NULL && r->check != NULL) {
        return misuse("--out and --check exclude each other");
    }
    return r->selection.count > 0 ? true : misuse("no scenario; give a directory");
}

int command_catalogue(int argc, char **argv)
{
    struct catalogue_request r = {.help = false};
    int status = STATUS_USAGE;
    if (parse(&r, argc, argv)) {
        if (r.help) {
            put_help();
            status = STATUS_PASS;
        } else {
            status = make(&r);
        }
    }
    selection_free(&r.selection);
    return close_output(status);
}

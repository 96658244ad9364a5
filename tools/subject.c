/* subject.c: see subject.h. */
#include "tools/subject.h"

#include "model/pipeline/faults.h"
#include "sim/unicode.h"
#include "tools/command.h"
#include "tools/fields.h"
#include "tools/input_file.h"
#include "tools/options.h"
#include "tools/version.h"
#include "tools/workers.h"

#include <inttypes.h>
#include <stdlib.h>

static int show_diagnostics(const struct subject *s)
{
    char *room = malloc(DIAGNOSTICS_TEXT);
    if (room == NULL) {
        (void)fprintf(stderr, "%s: out of memory\n", s->command);
        return STATUS_INTERNAL;
    }
    struct text_writer w = text_writer(room, DIAGNOSTICS_TEXT);
    diagnostics_put(&s->diagnostics, &w);
    (void)fputs(text_writer_string(&w), stderr);
    free(room);
    return STATUS_USAGE;
}

/* A scenario with cases is none by itself. */
static int choose_case(const struct subject *s)
{
    (void)fprintf(stderr, "%s: %s: which case? --case", s->command, shown(text_from(s->path)).text);
    for (uint32_t i = 0; i < s->scenario.cases_count; i++) {
        (void)fprintf(stderr, "%s %s", i > 0 ? "," : "", shown(s->scenario.cases[i].name).text);
    }
    (void)fputc('\n', stderr);
    return STATUS_USAGE;
}

static int decode(struct subject *s)
{
    const char *name = strcmp(s->path, "-") == 0 ? "stdin" : s->path;
    struct source source = {text_from(name), s->yaml};
    s->document = scenario_decode_case(&source, s->case_name, s->sets, s->sets_count, &s->scenario,
                                       &s->diagnostics);
    if (s->document == NULL) {
        (void)fprintf(stderr, "%s: out of memory\n", s->command);
        return STATUS_INTERNAL;
    }
    return s->diagnostics.total > 0 ? show_diagnostics(s) : STATUS_PASS;
}

int subject_load(struct subject *s, bool any_case)
{
    struct error error = {.message = ""};
    enum status status = input_file_read(s->path, SCENARIO_BYTES_MAX, &s->yaml, &error);
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "%s: %s\n", s->command, error.message);
        return exit_status_of(status);
    }
    int decoded = decode(s);
    bool undecided = s->scenario.cases_count > 0 && s->case_name.at == NULL && !any_case;
    return decoded == STATUS_PASS && undecided ? choose_case(s) : decoded;
}

int subject_load_case(const struct subject *s, struct text case_name, struct subject *into)
{
    *into = *s;
    into->document = NULL;
    into->case_name = case_name;
    int status = decode(into);
    into->yaml = (struct text){NULL, 0}; /* it is the other's */
    return status;
}

void subject_free(struct subject *s)
{
    document_destroy(s->document);
    free((void *)s->yaml.at);
    s->document = NULL;
    s->yaml = (struct text){NULL, 0};
}

void subject_put_arguments(FILE *out, const struct subject *s)
{
    (void)fprintf(out, " %s", s->path);
    if (s->case_name.size > 0) {
        (void)fprintf(out, " --case '%.*s'", (int)s->case_name.size, s->case_name.at);
    }
    for (size_t i = 0; i < s->sets_count; i++) {
        (void)fprintf(out, " --set '%s'", s->sets[i]);
    }
}

void put_fault_options(FILE *out, uint32_t number, const struct fault *fault)
{
    static const char *const members[] = {"of",   "at",      "occurrence", "times", "attempts",
                                          "when", "outcome", "by",         "calls"};
    static struct scenario with; /* large */
    ASSERT(number < FAULTS_MAX);
    (void)fprintf(out, " --set faults.%" PRIu32 ".%s=%.*s", number, fault_word(fault->kind),
                  (int)fault->process.size, fault->process.at);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        char key[32], value[128], usual[128];
        (void)snprintf(key, sizeof key, "faults.*.%s", members[i]);
        struct text_writer w = text_writer(value, sizeof value);
        struct text_writer u = text_writer(usual, sizeof usual);
        const struct field *field = field_find(text_from(key));
        with.faults[number] = *fault;
        field_put(field, &with, number, &w);
        with.faults[number] = fault_default;
        field_put(field, &with, number, &u);
        if (strcmp(text_writer_string(&w), text_writer_string(&u)) != 0) {
            (void)fprintf(out, " --set faults.%" PRIu32 ".%s=%s", number, members[i], value);
        }
    }
}

int subject_complain(const struct subject *s, const struct error *error)
{
    (void)fprintf(stderr, "%s: %s: %s\n", s->command, shown(text_from(s->path)).text,
                  error->message);
    return exit_status_of(error->status);
}

struct hash128 subject_hash(const struct subject *s)
{
    struct hash128 parts[3 + SUBJECT_SETS_MAX] = {
        hash128(version_text(), strlen(version_text())),
        hash128(s->yaml.at, s->yaml.size),
        hash128(s->case_name.at, s->case_name.size),
    };
    for (size_t i = 0; i < s->sets_count; i++) {
        parts[3 + i] = hash128(s->sets[i], strlen(s->sets[i]));
    }
    return hash128(parts, (3 + s->sets_count) * sizeof parts[0]);
}

/* --- the command line
 * -----------------------------------------------------------------------------------------------
 */

bool subject_misuse(const struct subject *s, const char *what, const char *value,
                    const char *suggestion)
{
    (void)fprintf(stderr, "%s: %s%s%s%s\nTry '%s --help'.\n", s->command, what,
                  value[0] != '\0' ? ": " : "", shown(text_from(value)).text, suggestion,
                  s->command);
    return false;
}

bool subject_take_file(struct subject *s, const char *value)
{
    if (s->path != NULL) {
        return subject_misuse(s, "one scenario, not two", value, "");
    }
    s->path = value;
    return true;
}

bool subject_take_set(struct subject *s, const char *value)
{
    if (s->sets_count == SUBJECT_SETS_MAX) {
        return subject_misuse(s, "too many assignments", value, "");
    }
    s->sets[s->sets_count++] = value;
    return true;
}

bool subject_take_format(const struct subject *s, const char *value, bool *json)
{
    *json = strcmp(value, "json") == 0;
    return *json || strcmp(value, "text") == 0 ||
           subject_misuse(s, "no such format", value, "; there are text and json");
}

bool subject_take_jobs(const struct subject *s, const char *value, unsigned *jobs)
{
    uint64_t number;
    if (!option_number(value, 1, WORKERS_MAX, &number)) {
        return subject_misuse(s, "how many processes? 1 to 256", value, "");
    }
    *jobs = (unsigned)number;
    return true;
}

bool subject_take_stories(const struct subject *s, const char *value, uint64_t *stories)
{
    *stories = UINT64_MAX;
    return strcmp(value, "all") == 0 || option_number(value, 0, UINT32_MAX, stories) ||
           subject_misuse(s, "how many stories? A number, or all", value, "");
}

/* vectors.c: `lockstep vectors FILE`: golden vectors of the builder, one JSON object a line.
 *
 * Each line names a version of the builder, a state machine, and a list of invocations; it is
 * printed again with what came of it. The builder is the one of every scenario, driven by hand
 * (model/pipeline/drive.h): calls take no time, sleeps are counted, the clock starts at
 * 2026-01-30T05:00:00Z and moves by seconds_per_manifest after each manifest.
 */
#include "tools/vectors.h"

#include "model/aws/cloud.h"
#include "model/pipeline/drive.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { INVOCATIONS_MAX = 10000, FILES_MAX = 1000000, DAYS_MAX = 3650 };

#define FIRST_DAY_S INT64_C(1769731200) /* 2026-01-30T00:00:00Z */
#define FILE_SIZE INT64_C(3670016)

/* Where a complaint points. */
struct place {
    const char *file;
    int line;
};

static bool complain(const struct place *place, const char *field, const char *what)
{
    (void)fprintf(stderr, "%s:%d: error: %s: %s\n", place->file, place->line, field, what);
    return false;
}

static bool read_word(const struct place *place, json_t *object, const char *field,
                      const char *const *words, int count, int *word)
{
    const char *text = json_string_value(json_object_get(object, field));
    for (int i = 0; text != NULL && i < count; i++) {
        if (strcmp(text, words[i]) == 0) {
            *word = i;
            return true;
        }
    }
    char message[128];
    struct text_writer w = text_writer(message, sizeof message);
    text_put(&w, TEXT("must be one of"));
    for (int i = 0; i < count; i++) {
        text_put_char(&w, ' ');
        text_put(&w, text_from(words[i]));
    }
    return complain(place, field, text_writer_string(&w));
}

static bool read_integer(const struct place *place, json_t *value, const char *field, int64_t least,
                         int64_t most, int64_t *integer)
{
    if (!json_is_integer(value) || json_integer_value(value) < least ||
        json_integer_value(value) > most) {
        char message[96];
        (void)snprintf(message, sizeof message, "must be an integer from %lld to %lld",
                       (long long)least, (long long)most);
        return complain(place, field, message);
    }
    *integer = json_integer_value(value);
    return true;
}

/* One line, read. */
struct vector {
    int variant, machine;
    int64_t max, seconds_per_manifest, files;
    json_t *invocations, *days;
};

static bool read_lists(const struct place *place, json_t *object, struct vector *v)
{
    v->invocations = json_object_get(object, "invocations");
    v->days = json_object_get(object, "days");
    if (!json_is_array(v->invocations) || json_array_size(v->invocations) > INVOCATIONS_MAX) {
        return complain(place, "invocations", "must be a list of at most 10000 numbers of files");
    }
    if (!json_is_array(v->days) || json_array_size(v->days) != json_array_size(v->invocations)) {
        return complain(place, "days", "must be a list as long as invocations");
    }
    v->files = 0;
    for (size_t i = 0; i < json_array_size(v->invocations); i++) {
        int64_t files;
        int64_t day;
        if (!read_integer(place, json_array_get(v->invocations, i), "invocations", 0, FILES_MAX,
                          &files) ||
            !read_integer(place, json_array_get(v->days, i), "days", -DAYS_MAX, DAYS_MAX, &day)) {
            return false;
        }
        v->files += files;
    }
    return v->files <= FILES_MAX ||
           complain(place, "invocations", "more than 1000000 files in all");
}

static bool read_vector(const struct place *place, json_t *object, struct vector *v)
{
    static const char *const fields[] = {"variant",     "machine", "max",
                                         "invocations", "days",    "seconds_per_manifest"};
    static const char *const variants[] = {
#define X(name, word) word,
        BUILDER_MAP(X)
#undef X
    };
    static const char *const machines[] = {
#define X(name, word) word,
        MACHINE_MAP(X)
#undef X
    };
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        bool known = false;
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
            known |= strcmp(key, fields[i]) == 0;
        }
        if (!known) {
            return complain(place, key, "unknown field");
        }
    }
    return read_word(place, object, "variant", variants, sizeof variants / sizeof variants[0],
                     &v->variant) &&
           read_word(place, object, "machine", machines, sizeof machines / sizeof machines[0],
                     &v->machine) &&
           read_integer(place, json_object_get(object, "max"), "max", 1, 10000, &v->max) &&
           read_integer(place, json_object_get(object, "seconds_per_manifest"),
                        "seconds_per_manifest", 0, 86400, &v->seconds_per_manifest) &&
           read_lists(place, object, v);
}

/* Counts items by "kind status", in a JSON object. */
static void count_item(void *self, struct text kind, struct text status)
{
    char key[64];
    struct text_writer w = text_writer(key, sizeof key);
    text_put(&w, kind);
    if (status.size > 0) {
        text_put_char(&w, ' ');
        size_t size = 0;
        while (size < status.size && status.at[size] != '#') {
            size++;
        }
        text_put(&w, (struct text){status.at, size});
    }
    const char *name = text_writer_string(&w);
    json_int_t count = json_integer_value(json_object_get(self, name));
    (void)json_object_set_new(self, name, json_integer(count + 1));
}

static bool invoke_all(struct run *run, const struct vector *v, json_t *after_each,
                       struct error *error)
{
    for (size_t i = 0; i < json_array_size(v->invocations); i++) {
        char date[16];
        struct text_writer w = text_writer(date, sizeof date);
        int64_t day = json_integer_value(json_array_get(v->days, i));
        text_put_date(&w, (struct instant){FIRST_DAY_S * NS_PER_S + day * NS_PER_DAY});
        int64_t files = json_integer_value(json_array_get(v->invocations, i));
        if (!drive_invoke(run, files, text_written(&w), FILE_SIZE, error)) {
            return false;
        }
        (void)json_array_append_new(after_each,
                                    json_integer((json_int_t)run_executions_count(run)));
    }
    return true;
}

static void add_outcome(json_t *object, struct run *run, json_t *after_each)
{
    struct summary summary;
    run_summary(run, &summary);
    struct drive_pauses pauses = drive_pauses(run);
    json_t *items = json_object();
    json_t *sleeps = json_object();
    drive_each_item(run, count_item, items);
    if (pauses.after_success > 0) {
        (void)json_object_set_new(sleeps, "0.1", json_integer(pauses.after_success));
    }
    if (pauses.after_failure > 0) {
        (void)json_object_set_new(sleeps, "0.5", json_integer(pauses.after_failure));
    }
    (void)json_object_set_new(object, "items", items);
    (void)json_object_set_new(object, "executions", json_integer(summary.executions.started));
    (void)json_object_set(object, "after_each", after_each);
    (void)json_object_set_new(object, "manifest_keys", json_integer(summary.manifests.objects));
    (void)json_object_set_new(object, "overwrites", json_integer(summary.manifests.overwritten));
    (void)json_object_set_new(object, "sleeps", sleeps);
}

/* Runs one vector and adds what came of it to its object. */
static enum status run_vector(json_t *object, const struct vector *v, struct error *error)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    json_t *after_each = json_array();
    struct choices choices;
    struct trace trace;
    struct run *run = NULL;
    enum status status = STATUS_NO_MEMORY;
    if (scenario == NULL || after_each == NULL) {
        (void)error_set(error, status, "out of memory");
        goto done;
    }
    scenario_init(scenario);
    scenario->name = TEXT("vectors");
    scenario_apply_builder(scenario, (enum builder)v->variant);
    scenario_apply_machine(scenario, (enum machine)v->machine);
    scenario->max_files_per_manifest = v->max;
    drive_prepare(scenario, v->files);
    choices_init_default(&choices, cloud_choice_names, CHOICES_COUNT);
    trace_init(&trace);
    struct run_options options = {.choices = &choices, .trace = &trace};
    run = drive_create(scenario, &options, duration_s(v->seconds_per_manifest), error);
    if (run == NULL || !invoke_all(run, v, after_each, error)) {
        status = STATUS_FULL;
        goto done;
    }
    add_outcome(object, run, after_each);
    status = STATUS_OK;
done:
    (void)run_destroy(run, NULL);
    json_decref(after_each);
    free(scenario);
    return status;
}

/* 0 as it should be, 2 bad input, 3 the machine refused. */
static int handle_line(const struct place *place, const char *line)
{
    json_error_t wrong;
    json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &wrong);
    if (object == NULL) {
        (void)fprintf(stderr, "%s:%d:%d: error: %s\n", place->file, place->line, wrong.column,
                      wrong.text);
        return 2;
    }
    struct vector vector;
    struct error error = {.message = ""};
    int code = 0;
    if (!json_is_object(object)) {
        (void)complain(place, "line", "must be a JSON object");
        code = 2;
    } else if (!read_vector(place, object, &vector)) {
        code = 2;
    } else if (run_vector(object, &vector, &error) != STATUS_OK) {
        (void)fprintf(stderr, "%s:%d: error: %s\n", place->file, place->line, error.message);
        code = 3;
    } else {
        code = json_dumpf(object, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF ? 0 : 3;
    }
    json_decref(object);
    return code;
}

static bool blank(const char *line)
{
    return line[strspn(line, " \t\r\n")] == '\0';
}

static int handle_file(FILE *file, const char *name)
{
    char *line = NULL;
    size_t capacity = 0;
    int code = 0;
    struct place place = {name, 0};
    while (code == 0 && getline(&line, &capacity, file) >= 0) {
        place.line++;
        if (!blank(line)) {
            code = handle_line(&place, line);
        }
    }
    if (ferror(file)) {
        (void)fprintf(stderr, "%s: error: cannot be read\n", name);
        code = 3;
    }
    free(line);
    return fflush(stdout) == 0 ? code : 3;
}

int command_vectors(int argc, char **argv)
{
    static const char usage[] =
        "usage: lockstep vectors FILE\n"
        "\n"
        "Runs golden vectors of the manifest builder: one JSON object a line, printed again with\n"
        "what came of it. FILE may be - for standard input.\n"
        "\n"
        "example line:\n"
        "  {\"variant\":\"V3\",\"machine\":\"M2\",\"max\":10,\"invocations\":[10,10,10],"
        "\"days\":[0,0,0],\"seconds_per_manifest\":1}\n";
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        return fputs(usage, stdout) == EOF ? 3 : 0;
    }
    if (argc != 2) {
        (void)fputs(usage, stderr);
        return 2;
    }
    if (strcmp(argv[1], "-") == 0) {
        return handle_file(stdin, "<stdin>");
    }
    FILE *file = fopen(argv[1], "r");
    if (file == NULL) {
        (void)fprintf(stderr, "%s: error: cannot be opened\n", argv[1]);
        return 2;
    }
    int code = handle_file(file, argv[1]);
    (void)fclose(file);
    return code;
}

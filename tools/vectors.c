/* vectors.c: `lockstep vectors FILE`: golden vectors of the builder, one JSON object a line.
 *
 * Each line names a version of the builder, a state machine, and a list of invocations; it is
 * printed again with what came of it. The builder is the one of every scenario, driven by hand
 * (model/pipeline/drive.h): calls take no time, sleeps are counted, the clock starts at
 * 2026-01-30T05:00:00Z and moves by seconds_per_manifest after each manifest. A line may also say
 * of each invocation what kind of event it gets, and how large the files are; then the answers are
 * printed, too.
 */
#include "tools/vectors.h"

#include "model/api/json.h"
#include "model/aws/cloud.h"
#include "model/pipeline/drive.h"
#include "tools/vector_line.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    KINDS_MAX = 32,       /* of items, by kind and status */
    LINE_BYTES = 1 << 26, /* room for a line as a document */
    OUTCOME_BYTES = 1 << 20
};

#define FIRST_DAY_S INT64_C(1769731200) /* 2026-01-30T00:00:00Z */

/* Items by "kind status", in the order of that text. */
struct kinds {
    struct kind {
        char name[64];
        int64_t count;
    } kinds[KINDS_MAX];

    int count;
};

static void count_item(void *self, struct text kind, struct text status)
{
    struct kinds *kinds = self;
    char key[sizeof kinds->kinds[0].name];
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
    (void)text_writer_string(&w);
    int i = 0;
    while (i < kinds->count && strcmp(kinds->kinds[i].name, key) < 0) {
        i++;
    }
    bool known = i < kinds->count && strcmp(kinds->kinds[i].name, key) == 0;
    if (!known && kinds->count < KINDS_MAX) {
        memmove(&kinds->kinds[i + 1], &kinds->kinds[i],
                (size_t)(kinds->count++ - i) * sizeof kinds->kinds[0]);
        kinds->kinds[i].count = 0;
        memcpy(kinds->kinds[i].name, key, sizeof key);
        known = true;
    }
    if (known) {
        kinds->kinds[i].count++;
    }
}

static void put_member(struct json_writer *w, const char *name, int64_t integer)
{
    json_name(w, text_from(name));
    json_put_integer(w, integer);
}

/* What came of one invocation. */
struct after {
    int64_t executions; /* that there are by then */
    struct drive_answer answer;
};

static bool invoke(struct run *run, const struct vector *v, uint32_t i, struct after *after,
                   struct error *error)
{
    char date[16];
    struct text_writer w = text_writer(date, sizeof date);
    text_put_date(
        &w, (struct instant){FIRST_DAY_S * NS_PER_S + vector_number_at(v->days, i) * NS_PER_DAY});
    enum vector_event kind = vector_event_at(v, i);
    struct drive_event event = {
        .files = vector_number_at(v->invocations, i),
        .date = text_written(&w),
        .size = v->size,
        .again = kind == VECTOR_AGAIN,
        .bare = kind == VECTOR_BARE,
    };
    if (kind == VECTOR_COMPLETE) {
        drive_complete(run);
        return true;
    }
    if (kind == VECTOR_PRELOAD) {
        return drive_preload(run, event.files, event.date, event.size) ||
               error_set(error, STATUS_FULL, "too many files") == STATUS_OK;
    }
    drive_refuse_starts(run, kind == VECTOR_UNSTARTABLE);
    return drive_invoke(run, &event, &after->answer, error);
}

static bool invoke_all(struct run *run, const struct vector *v, struct after *after,
                       struct error *error)
{
    for (uint32_t i = 0; i < v->invocations_count; i++) {
        if (!invoke(run, v, i, &after[i], error)) {
            return false;
        }
        after[i].executions = (int64_t)run_executions_count(run);
    }
    return true;
}

/* The answers of the invocations, and how often CopyObject was called. */
static void put_answers(struct json_writer *w, const struct run *run, const struct vector *v,
                        const struct after *after)
{
    json_name(w, TEXT("answers"));
    json_open(w, '[');
    for (uint32_t i = 0; i < v->invocations_count; i++) {
        const struct drive_answer *answer = &after[i].answer;
        if (answer->status_code != 0) {
            json_open(w, '{');
            put_member(w, "status", answer->status_code);
            put_member(w, "processed", answer->processed);
            put_member(w, "quarantined", answer->quarantined);
            put_member(w, "errors", answer->errors);
            json_close(w, '}');
        }
    }
    json_close(w, ']');
    put_member(w, "copies", drive_copies(run));
}

static void put_outcome(struct json_writer *w, struct run *run, const struct vector *v,
                        const struct after *after)
{
    struct kinds kinds = {.count = 0};
    struct summary summary;
    run_summary(run, &summary);
    struct drive_pauses pauses = drive_pauses(run);
    drive_each_item(run, count_item, &kinds);
    json_name(w, TEXT("items"));
    json_open(w, '{');
    for (int i = 0; i < kinds.count; i++) {
        put_member(w, kinds.kinds[i].name, kinds.kinds[i].count);
    }
    json_close(w, '}');
    put_member(w, "executions", summary.executions.started);
    json_name(w, TEXT("after_each"));
    json_open(w, '[');
    for (int64_t i = 0; i < v->invocations_count; i++) {
        json_put_integer(w, after[i].executions);
    }
    json_close(w, ']');
    put_member(w, "manifest_keys", summary.manifests.objects);
    put_member(w, "overwrites", summary.manifests.overwritten);
    json_name(w, TEXT("sleeps"));
    json_open(w, '{');
    if (pauses.after_success > 0) {
        put_member(w, "0.1", pauses.after_success);
    }
    if (pauses.after_failure > 0) {
        put_member(w, "0.5", pauses.after_failure);
    }
    json_close(w, '}');
    if (item_count(v->events) > 0) {
        put_answers(w, run, v, after);
    }
}

/* Runs one vector and writes what came of it, as members of the object that is open. */
static enum status run_vector(struct json_writer *w, const struct vector *v, struct error *error)
{
    struct scenario *scenario = calloc(1, sizeof *scenario);
    struct after *after = calloc((size_t)v->invocations_count + 1, sizeof *after);
    struct choices choices;
    struct trace trace;
    struct run *run = NULL;
    enum status status = STATUS_NO_MEMORY;
    if (scenario == NULL || after == NULL) {
        (void)error_set(error, status, "out of memory");
        goto done;
    }
    scenario_init(scenario);
    scenario->name = TEXT("vectors");
    scenario_apply_builder(scenario, (enum builder)v->variant);
    scenario_apply_machine(scenario, (enum machine)v->machine);
    scenario->max_files_per_manifest = v->max;
    scenario->max_batch_size = v->max * VECTOR_FILE_SIZE;
    drive_prepare(scenario, v->files);
    choices_init_default(&choices, cloud_choice_names, CHOICES_COUNT);
    trace_init(&trace);
    struct run_options options = {.choices = &choices, .trace = &trace};
    run = drive_create(scenario, &options, duration_s(v->seconds_per_manifest), error);
    if (run == NULL || !invoke_all(run, v, after, error)) {
        status = STATUS_FULL;
        goto done;
    }
    put_outcome(w, run, v, after);
    status = STATUS_OK;
done:
    (void)run_destroy(run, NULL);
    free(after);
    free(scenario);
    return status;
}

/* Prints the line again, without the brace at its end, and the outcome behind it. */
static int print_outcome(struct text line, const char *outcome, const struct json_writer *w)
{
    while (line.size > 0 && line.at[line.size - 1] != '}') {
        line.size--;
    }
    bool printed = !w->text.overflowed && line.size > 0 &&
                   fwrite(line.at, 1, line.size - 1, stdout) == line.size - 1 &&
                   putchar(',') != EOF &&
                   fwrite(outcome + 1, 1, w->text.size - 1, stdout) == w->text.size - 1 &&
                   putchar('\n') != EOF;
    return printed ? 0 : 3;
}

/* 0 as it should be, 2 bad input, 3 the machine refused. */
static int handle_document(const struct place *place, struct text line, const struct value *object)
{
    struct vector vector;
    struct error error = {.message = ""};
    if (!vector_read(place, object, &vector)) {
        return 2;
    }
    char *outcome = malloc(OUTCOME_BYTES);
    if (outcome == NULL) {
        return 3;
    }
    struct json_writer w = json_writer(outcome, OUTCOME_BYTES, 0);
    json_open(&w, '{');
    enum status status = run_vector(&w, &vector, &error);
    json_close(&w, '}');
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "%s:%d: error: %s\n", place->file, place->line, error.message);
    }
    int code = status == STATUS_OK ? print_outcome(line, outcome, &w) : 3;
    free(outcome);
    return code;
}

static int handle_line(const struct place *place, struct text line)
{
    struct json_source source = json_source(line);
    struct memory_area area;
    struct value object;
    struct error error = {.message = ""};
    if (!memory_area_init(&area, LINE_BYTES)) {
        return 3;
    }
    int code = 2;
    if (json_read(&source, &area, &object, &error) != STATUS_OK ||
        json_end(&source, &error) != STATUS_OK) {
        (void)fprintf(stderr, "%s:%d:%u: error: %s\n", place->file, place->line, source.column,
                      error.message);
    } else {
        code = handle_document(place, line, &object);
    }
    memory_area_deinit(&area);
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
            code = handle_line(&place, text_from(line));
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
        "what came of it. FILE may be - for standard input. \"size\" is that of the files, in "
        "bytes;\n"
        "\"events\" has a word for each invocation: new, bare, again, unstartable, preload, "
        "complete.\n"
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

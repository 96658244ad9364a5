/* plan.c: see plan.h. */
#include "tools/plan.h"

#include "sim/unicode.h"
#include "tools/input_file.h"
#include "tools/report.h"
#include "tools/suggest.h"

#include <stdlib.h>

struct plan_file {
    const char *path;
    struct text yaml;
    struct document *document; /* owns the names; NULL where there is none */
};

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "out of memory");
}

struct text unit_title(struct text name, struct text case_name, char room[UNIT_TITLE_MAX])
{
    struct text_writer w = text_writer(room, UNIT_TITLE_MAX);
    text_put(&w, name);
    text_put(&w, case_name.size > 0 ? TEXT(" / ") : TEXT(""));
    text_put(&w, case_name);
    return text_written(&w);
}

static bool is_wanted(const struct plan_request *request, const struct unit *unit)
{
    char room[UNIT_TITLE_MAX];
    struct text title = unit_title(unit->name, unit->case_name, room);
    for (size_t i = 0; i < request->patterns_count; i++) {
        const char *pattern = request->patterns[i];
        if (selection_fits(pattern, title) || selection_fits(pattern, unit->name) ||
            selection_fits(pattern, unit->case_name)) {
            return true;
        }
    }
    return request->patterns_count == 0;
}

static enum status add_unit(struct plan *plan, const struct unit *unit, struct error *error)
{
    if (plan->count == plan->capacity) {
        size_t capacity = plan->capacity == 0 ? 64 : 2 * plan->capacity;
        struct unit *more = realloc(plan->units, capacity * sizeof *more);
        if (more == NULL) {
            return no_memory(error);
        }
        plan->units = more;
        plan->capacity = capacity;
    }
    plan->units[plan->count++] = *unit;
    return STATUS_OK;
}

/* The unit once for each variant. */
static enum status add_variants(struct plan *plan, const struct plan_request *request,
                                const struct unit *unit, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < request->variants_count; i++) {
        struct unit each = *unit;
        each.variant = request->variants[i];
        status = add_unit(plan, &each, error);
    }
    return status;
}

/* The nearest case that there is, if --case names one that is not. */
struct cases_seen {
    bool found;
    bool partial; /* of the current file: one at least was not wanted */
    struct suggestion near;
};

static enum status add_cases(struct plan *plan, const struct plan_request *request,
                             const struct scenario *s, struct unit *unit, struct cases_seen *seen,
                             struct error *error)
{
    enum status status = STATUS_OK;
    for (uint32_t i = 0; status == STATUS_OK && i < s->cases_count; i++) {
        unit->case_name = s->cases[i].name;
        suggestion_offer(&seen->near, unit->case_name);
        if (request->case_name != NULL &&
            !text_equal(unit->case_name, text_from(request->case_name))) {
            seen->partial = true;
            continue;
        }
        seen->found = true;
        if (is_wanted(request, unit)) {
            status = add_variants(plan, request, unit, error);
        } else {
            seen->partial = true;
        }
    }
    return status;
}

/* Decodes a file and adds its units. */
static enum status add_file(struct plan *plan, const struct plan_request *request,
                            struct plan_file *file, struct scenario *s, struct cases_seen *seen,
                            struct error *error)
{
    struct diagnostics diagnostics;
    struct unit unit = {.path = file->path, .yaml = file->yaml, .name = text_from(file->path)};
    const struct variant *first = &request->variants[0];
    struct source source = {text_from(file->path), file->yaml};
    if (file->yaml.at == NULL) {
        return add_variants(plan, request, &unit, error);
    }
    file->document = scenario_decode(&source, first->sets, first->sets_count, s, &diagnostics);
    if (file->document == NULL) {
        return no_memory(error);
    }
    unit.good = diagnostics.total == 0;
    if (!unit.good) {
        return add_variants(plan, request, &unit, error);
    }
    unit.name = s->name;
    unit.id = s->catalogue.id;
    unit.description = s->description;
    unit.reach = s->reach;
    if (s->cases_count > 0) {
        plan->single = plan->single && request->case_name != NULL;
        return add_cases(plan, request, s, &unit, seen, error);
    }
    bool wanted = request->case_name == NULL && is_wanted(request, &unit);
    return wanted ? add_variants(plan, request, &unit, error) : STATUS_OK;
}

static enum status add_files(struct plan *plan, const struct plan_request *request,
                             struct scenario *s, struct error *error)
{
    struct cases_seen seen = {
        .near = suggestion(text_from(request->case_name == NULL ? "" : request->case_name))};
    for (size_t i = 0; i < plan->files_count; i++) {
        struct plan_file *file = &plan->files[i];
        file->path = request->selection->paths[i];
        /* What cannot be read is told when its turn comes. */
        if (input_file_read(file->path, SCENARIO_BYTES_MAX, &file->yaml, NULL) != STATUS_OK) {
            file->yaml = (struct text){NULL, 0};
        }
        size_t first = plan->count;
        seen.partial = false;
        enum status status = add_file(plan, request, file, s, &seen, error);
        if (status != STATUS_OK) {
            return status;
        }
        for (size_t k = first; k < plan->count && !seen.partial; k++) {
            plan->units[k].runs = plan->count - first;
        }
    }
    if (request->case_name != NULL && !seen.found && plan->count == 0) {
        return error_set(error, STATUS_BAD_INPUT, "--case: no scenario has a case '%s'%s",
                         shown(text_from(request->case_name)).text,
                         suggestion_text(&seen.near).text);
    }
    return plan->count > 0 ? STATUS_OK : error_set(error, STATUS_BAD_INPUT, "nothing selected");
}

enum status plan_make(struct plan *plan, const struct plan_request *request, struct error *error)
{
    *plan = (struct plan){.files_count = request->selection->count};
    plan->single = !request->selection->several && request->variants_count == 1;
    plan->files = calloc(plan->files_count + 1, sizeof *plan->files);
    struct scenario *s = malloc(sizeof *s);
    enum status status = STATUS_NO_MEMORY;
    if (plan->files == NULL || s == NULL) {
        (void)no_memory(error);
    } else {
        status = add_files(plan, request, s, error);
    }
    free(s);
    return status;
}

void plan_free(struct plan *plan)
{
    for (size_t i = 0; plan->files != NULL && i < plan->files_count; i++) {
        document_destroy(plan->files[i].document);
        free((void *)plan->files[i].yaml.at);
    }
    free(plan->files);
    free(plan->units);
    *plan = (struct plan){0};
}

/* ---- What there is. ---- */

void plan_put(const struct plan *plan, FILE *out)
{
    size_t widest = 0;
    char room[UNIT_TITLE_MAX];
    for (size_t i = 0; i < plan->count; i++) {
        size_t size = unit_title(plan->units[i].name, plan->units[i].case_name, room).size;
        widest = size > widest ? size : widest;
    }
    for (size_t i = 0; i < plan->count; i++) {
        const struct unit *unit = &plan->units[i];
        struct text title = unit_title(unit->name, unit->case_name, room);
        put_plain(out, title);
        (void)fprintf(out, "%*s  %-4s  %s  ", (int)(widest - title.size), "", shown(unit->id).text,
                      unit->path);
        put_plain(out, unit->description);
        (void)fputc('\n', out);
    }
}

void plan_put_json(const struct plan *plan, FILE *out)
{
    (void)fputs("[", out);
    for (size_t i = 0; i < plan->count; i++) {
        const struct unit *unit = &plan->units[i];
        (void)fputs(i > 0 ? ",\n {\"scenario\": " : "\n {\"scenario\": ", out);
        put_json(out, unit->name);
        (void)fputs(", \"case\": ", out);
        put_json_or_null(out, unit->case_name);
        (void)fputs(", \"id\": ", out);
        put_json_or_null(out, unit->id);
        (void)fputs(", \"file\": ", out);
        put_json(out, text_from(unit->path));
        (void)fputs(", \"description\": ", out);
        put_json(out, unit->description);
        (void)fputc('}', out);
    }
    (void)fputs("\n]\n", out);
}

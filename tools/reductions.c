/* reductions.c: see reductions.h. */
#include "tools/reductions.h"

#include "tools/fields.h"

/* Walks over all simpler forms up to the one that is wanted. */
struct walk {
    const struct scenario *from;
    struct scenario base; /* what the presets give */
    struct scenario *to;
    uint32_t left; /* forms before the one that is wanted */
    bool found;
};

/* Whether the next form is the one. */
static bool is_wanted(struct walk *w)
{
    if (w->found) {
        return false;
    }
    w->found = w->left == 0;
    w->left -= !w->found;
    return w->found;
}

static bool is_key(const struct field *field, const char *key)
{
    return strcmp(field->key, key) == 0;
}

/* --- numbers
 * -----------------------------------------------------------------------------------------------
 */

/* What a world is large by. */
static bool is_number_of_size(const struct field *field)
{
    return is_key(field, "workload.*.files") || is_key(field, "function.reserved_concurrency") ||
           is_key(field, "mapping.maximum_concurrency") ||
           is_key(field, "pipeline.max_files_per_manifest");
}

static void try_amount(struct walk *w, const struct field *field, uint32_t index, int64_t amount)
{
    int64_t now = field_amount(field, w->from, index);
    if (amount < now && amount >= field->least && is_wanted(w)) {
        field_set_amount(field, w->to, index, amount);
    }
}

static void try_numbers(struct walk *w, const struct field *field, uint32_t index)
{
    int64_t now = field_amount(field, w->from, index);
    const int64_t smaller[] = {1, 2, 3, now / 4, now / 2, now - now / 4, now - 1};
    for (size_t i = 0; i < sizeof smaller / sizeof smaller[0]; i++) {
        if (smaller[i] > 0) {
            try_amount(w, field, index, smaller[i]);
        }
    }
}

static void try_times(struct walk *w, const struct field *field, uint32_t index)
{
    static const int64_t seconds[] = {0,   1,   2,   5,   10,  20,   30,   60,  90,
                                      120, 180, 300, 600, 900, 1200, 1800, 3600};
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        try_amount(w, field, index, seconds[i] * NS_PER_S);
    }
    try_amount(w, field, index, field_amount(field, w->from, index) / 2);
}

/* --- fields and lists
 * -----------------------------------------------------------------------------------------------
 */

static bool is_of_design(const struct field *field)
{
    bool named = is_key(field, "name") || is_key(field, "description");
    bool switches = strncmp(field->key, "pipeline.", 9) == 0 &&
                    (field->type == FIELD_WORD || field->type == FIELD_BOOLEAN);
    return named || switches || field->apply != NULL || field->required ||
           field->type == FIELD_FAULT || is_key(field, "choices") ||
           strncmp(field->key, "faults.", 7) == 0;
}

/* Sets a field back to what it usually is, where it is not. */
static void try_usual(struct walk *w, const struct field *field, uint32_t index)
{
    if (!is_of_design(field) && !field_is_same(field, w->from, index, &w->base, 0) &&
        is_wanted(w)) {
        field_copy(field, w->to, index, &w->base, 0);
    }
}

static void try_field(struct walk *w, const struct field *field, uint32_t index)
{
    try_usual(w, field, index);
    if (is_number_of_size(field)) {
        try_numbers(w, field, index);
    } else if (is_key(field, "workload.*.at") || is_key(field, "workload.*.over") ||
               is_key(field, "operator.*.at")) {
        try_times(w, field, index);
    }
}

static void try_without(struct walk *w, const struct field_list *list)
{
    uint32_t count = field_list_count(list, w->from);
    for (uint32_t i = 0; i < count; i++) {
        if (is_wanted(w)) {
            field_list_remove(list, w->to, i);
        }
    }
}

bool reductions_make(void *reductions, const struct scenario *from, uint32_t i, struct scenario *to)
{
    struct walk w = {.from = from, .to = to, .left = i};
    char path[64];
    struct error error = {.message = ""};
    (void)reductions;
    fields_fill_base(&w.base, from);
    *to = *from;
    for (size_t n = 0; field_list_at(n) != NULL; n++) {
        try_without(&w, field_list_at(n));
    }
    for (size_t n = 0; n < fields_count() && !w.found; n++) {
        const struct field_list *list = field_list_of(field_at(n));
        uint32_t count = list == NULL ? 1 : field_list_count(list, from);
        for (uint32_t index = 0; index < count; index++) {
            try_field(&w, field_at(n), index);
        }
    }
    if (w.found && scenario_validate(to, path, &error) != STATUS_OK) {
        *to = *from;
    }
    return w.found;
}

/* Of functions at once: as many as are allowed; a hundred where there is no limit. */
static uint64_t functions_of(const struct scenario *s)
{
    int64_t reserved = s->function.reserved_concurrency;
    int64_t most = s->mapping.maximum_concurrency;
    return (uint64_t)(reserved > 0 ? reserved : 100) + (uint64_t)(most > 0 ? most : 100);
}

uint64_t reductions_size(void *reductions, const struct scenario *scenario)
{
    struct reductions *r = reductions;
    uint64_t size = functions_of(scenario) + (uint64_t)scenario->max_files_per_manifest;
    for (uint32_t i = 0; i < scenario->workloads_count; i++) {
        size += (uint64_t)scenario->workloads[i].files;
    }
    size += 10 * ((uint64_t)scenario->operators_count + scenario->faults_count);
    struct text_writer w = text_writer(r->text, sizeof r->text);
    scenario_write(scenario, TEXT(""), &w);
    return size << 32 | w.size;
}

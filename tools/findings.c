/* findings.c: see findings.h. */
#include "tools/findings.h"

#include "tools/numbers.h"
#include "tools/report.h"

#include "sim/hash.h"

#include <stdlib.h>

const char *property_name(uint32_t property)
{
    return property == PROPERTY_ENDS ? "ends" : invariant_name((enum invariant)property);
}

const char *property_text(uint32_t property)
{
    return property == PROPERTY_ENDS ? "the run goes on without end"
                                     : invariant_text((enum invariant)property);
}

void findings_free(struct findings *f)
{
    free(f->rows);
    free(f->cells);
    *f = (struct findings){0};
}

/* --- the rows
 * -----------------------------------------------------------------------------------------------
 */

static bool same_story(const struct finding *a, const struct finding *b)
{
    return a->property == b->property && a->size == b->size &&
           memcmp(a->elements, b->elements, a->size * sizeof a->elements[0]) == 0;
}

static uint64_t story_hash(const struct finding *story)
{
    return hash64(story->elements, story->size * sizeof story->elements[0], story->property);
}

/* The cell of a story, or the free one where it would be. There are cells. */
static size_t cell_of(const struct findings *f, const struct finding *story)
{
    size_t cell = story_hash(story) & (f->cells_count - 1);
    while (f->cells[cell] != 0 && !same_story(&f->rows[f->cells[cell] - 1], story)) {
        cell = (cell + 1) & (f->cells_count - 1);
    }
    return cell;
}

static bool is_known(const struct findings *f, const struct finding *story)
{
    return f->cells_count > 0 && f->cells[cell_of(f, story)] != 0;
}

static void set_cells(struct findings *f)
{
    memset(f->cells, 0, f->cells_count * sizeof *f->cells);
    for (size_t i = 0; i < f->count; i++) {
        f->cells[cell_of(f, &f->rows[i])] = (uint32_t)i + 1;
    }
}

static enum status grow(struct findings *f, struct error *error)
{
    size_t capacity = f->capacity == 0 ? 256 : 2 * f->capacity;
    struct finding *rows = realloc(f->rows, capacity * sizeof *rows);
    if (rows == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory for findings");
    }
    f->rows = rows;
    uint32_t *cells = realloc(f->cells, 2 * capacity * sizeof *cells);
    if (cells == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory for findings");
    }
    f->cells = cells;
    f->capacity = capacity;
    f->cells_count = 2 * capacity;
    set_cells(f);
    return STATUS_OK;
}

static int compare_examples(const struct finding *a, const struct finding *b)
{
    for (uint32_t i = 0; i < a->size; i++) {
        const uint32_t left[] = {a->example[i].point, a->example[i].of.parent,
                                 a->example[i].of.ordinal, a->example[i].occurrence,
                                 a->example[i].form};
        const uint32_t right[] = {b->example[i].point, b->example[i].of.parent,
                                  b->example[i].of.ordinal, b->example[i].occurrence,
                                  b->example[i].form};
        for (size_t k = 0; k < sizeof left / sizeof left[0]; k++) {
            if (left[k] != right[k]) {
                return left[k] < right[k] ? -1 : 1;
            }
        }
    }
    return 0;
}

static enum status put(struct findings *f, const struct finding *story, struct error *error)
{
    if (f->count == f->capacity) {
        enum status status = grow(f, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    size_t cell = cell_of(f, story);
    if (f->cells[cell] == 0) {
        f->rows[f->count++] = *story;
        f->cells[cell] = (uint32_t)f->count;
        return STATUS_OK;
    }
    struct finding *row = &f->rows[f->cells[cell] - 1];
    row->runs += story->runs;
    if (compare_examples(story, row) < 0) {
        memcpy(row->example, story->example, sizeof row->example);
    }
    return STATUS_OK;
}

/* --- a run
 * -----------------------------------------------------------------------------------------------
 */

static int compare_elements(const void *left, const void *right)
{
    const uint32_t *a = left;
    const uint32_t *b = right;
    return (*a > *b) - (*a < *b);
}

static struct finding story_of(const struct exploration_run *run)
{
    struct finding story = {.size = run->deviations_count, .runs = 1};
    for (uint32_t i = 0; i < run->deviations_count; i++) {
        const struct deviation *d = &run->deviations[i];
        story.elements[i] = d->point * (DEVIATION_FORMS_MAX + 1) + d->form;
        story.example[i] = *d;
    }
    qsort(story.elements, story.size, sizeof story.elements[0], compare_elements);
    return story;
}

/* Whether a part of the story, smaller than all of it, is known of its property. */
static bool contains_known(const struct findings *known, const struct finding *story)
{
    uint32_t all = (UINT32_C(1) << story->size) - 1;
    for (uint32_t set = 0; set < all; set++) {
        struct finding part = {.property = story->property};
        for (uint32_t i = 0; i < story->size; i++) {
            if ((set >> i & 1) != 0) {
                part.elements[part.size++] = story->elements[i];
            }
        }
        if (is_known(known, &part)) {
            return true;
        }
    }
    return false;
}

enum status findings_add(struct findings *f, const struct findings *known,
                         const struct exploration_run *run, struct error *error)
{
    enum status status = STATUS_OK;
    goals_add(f->goals, goals_reached(run->run));
    if (run->end == EXPLORED_SEEN) {
        return status;
    }
    uint32_t violated = run->violated;
    violated |= (uint32_t)(run->end == EXPLORED_ENDLESS) << PROPERTY_ENDS;
    bool fits = run->deviations_count <= EXPLORE_DEVIATIONS_MAX;
    uint32_t size = fits ? run->deviations_count : EXPLORE_DEVIATIONS_MAX;
    struct finding story = {.size = 0};
    if (fits) {
        story = story_of(run);
    }
    f->runs[size]++;
    f->full += run->end == EXPLORED_FULL;
    for (uint32_t i = 0; status == STATUS_OK && i < PROPERTIES_COUNT; i++) {
        if ((violated >> i & 1) == 0) {
            continue;
        }
        f->violating[i][size]++;
        story.property = i;
        if (fits && (known == NULL || !contains_known(known, &story))) {
            status = put(f, &story, error);
        }
    }
    return status;
}

enum status findings_merge(struct findings *f, const struct findings *more, struct error *error)
{
    enum status status = STATUS_OK;
    for (uint32_t d = 0; d <= EXPLORE_DEVIATIONS_MAX; d++) {
        f->runs[d] += more->runs[d];
        for (uint32_t i = 0; i < PROPERTIES_COUNT; i++) {
            f->violating[i][d] += more->violating[i][d];
        }
    }
    for (uint32_t i = 0; i < GOALS_COUNT; i++) {
        f->goals[i] += more->goals[i];
    }
    f->full += more->full;
    f->counts.runs += more->counts.runs;
    f->counts.seen += more->counts.seen;
    f->counts.worlds += more->counts.worlds;
    f->counts.unremembered += more->counts.unremembered;
    f->counts.events += more->counts.events;
    for (size_t i = 0; status == STATUS_OK && i < more->count; i++) {
        status = put(f, &more->rows[i], error);
    }
    return status;
}

/* --- as text
 * -----------------------------------------------------------------------------------------------
 */

void findings_write(const struct findings *f, FILE *out)
{
    const struct exploration_counts *c = &f->counts;
    const uint64_t head[] = {c->runs,   c->seen, c->worlds, c->unremembered,
                             c->events, f->full, f->count};
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++) {
        number_write(out, head[i]);
    }
    for (uint32_t d = 0; d <= EXPLORE_DEVIATIONS_MAX; d++) {
        number_write(out, f->runs[d]);
        for (uint32_t i = 0; i < PROPERTIES_COUNT; i++) {
            number_write(out, f->violating[i][d]);
        }
    }
    for (uint32_t i = 0; i < GOALS_COUNT; i++) {
        number_write(out, f->goals[i]);
    }
    (void)fputc('\n', out);
    for (size_t row = 0; row < f->count; row++) {
        const struct finding *story = &f->rows[row];
        number_write(out, story->property);
        number_write(out, story->size);
        number_write(out, story->runs);
        for (uint32_t i = 0; i < story->size; i++) {
            const struct deviation *d = &story->example[i];
            number_write(out, story->elements[i]);
            number_write(out, d->form);
            number_write(out, d->point);
            number_write(out, d->of.parent);
            number_write(out, d->of.ordinal);
            number_write(out, d->occurrence);
        }
        (void)fputc('\n', out);
    }
}

static struct finding read_story(struct number_reader *r)
{
    struct finding story = {.property = number_read_small(r, PROPERTIES_COUNT - 1)};
    story.size = number_read_small(r, EXPLORE_DEVIATIONS_MAX);
    story.runs = number_read(r, UINT64_MAX);
    for (uint32_t i = 0; i < story.size && !r->bad; i++) {
        struct deviation *d = &story.example[i];
        story.elements[i] = number_read_small(r, UINT32_MAX);
        d->form = number_read_small(r, DEVIATION_FORMS_MAX - 1);
        d->point = number_read_small(r, POINTS_MAX - 1);
        d->of.parent = number_read_small(r, UINT32_MAX);
        d->of.ordinal = number_read_small(r, UINT32_MAX);
        d->occurrence = number_read_small(r, UINT32_MAX);
    }
    return story;
}

enum status findings_read(struct findings *f, struct text text, struct error *error)
{
    struct number_reader r = {.rest = text};
    struct findings read = {0};
    read.counts.runs = number_read(&r, UINT64_MAX);
    read.counts.seen = number_read(&r, UINT64_MAX);
    read.counts.worlds = number_read(&r, UINT64_MAX);
    read.counts.unremembered = number_read(&r, UINT64_MAX);
    read.counts.events = number_read(&r, UINT64_MAX);
    read.full = number_read(&r, UINT64_MAX);
    uint64_t rows = number_read(&r, UINT32_MAX);
    for (uint32_t d = 0; d <= EXPLORE_DEVIATIONS_MAX; d++) {
        read.runs[d] = number_read(&r, UINT64_MAX);
        for (uint32_t i = 0; i < PROPERTIES_COUNT; i++) {
            read.violating[i][d] = number_read(&r, UINT64_MAX);
        }
    }
    for (uint32_t i = 0; i < GOALS_COUNT; i++) {
        read.goals[i] = number_read(&r, UINT64_MAX);
    }
    enum status status = STATUS_OK;
    for (uint64_t i = 0; i < rows && !r.bad && status == STATUS_OK; i++) {
        struct finding story = read_story(&r);
        if (!r.bad) {
            status = put(&read, &story, error);
        }
    }
    if (status == STATUS_OK && (r.bad || r.rest.size > 0)) {
        status = error_set(error, STATUS_CORRUPT, "these are no findings");
    }
    if (status == STATUS_OK) {
        status = findings_merge(f, &read, error);
    }
    findings_free(&read);
    return status;
}

/* --- reading them
 * -----------------------------------------------------------------------------------------------
 */

static int compare_rows(const void *left, const void *right)
{
    const struct finding *a = left;
    const struct finding *b = right;
    if (a->property != b->property) {
        return a->property < b->property ? -1 : 1;
    }
    if (a->size != b->size) {
        return a->size < b->size ? -1 : 1;
    }
    if (a->runs != b->runs) {
        return a->runs > b->runs ? -1 : 1;
    }
    for (uint32_t i = 0; i < a->size; i++) {
        if (a->elements[i] != b->elements[i]) {
            return a->elements[i] < b->elements[i] ? -1 : 1;
        }
    }
    return 0;
}

void findings_sort(struct findings *f)
{
    if (f->count > 0) {
        qsort(f->rows, f->count, sizeof *f->rows, compare_rows);
        set_cells(f);
    }
}

uint32_t findings_least(const struct findings *f, uint32_t property)
{
    for (uint32_t d = 0; d <= EXPLORE_DEVIATIONS_MAX; d++) {
        if (f->violating[property][d] > 0) {
            return d;
        }
    }
    return UINT32_MAX;
}

uint64_t findings_violating(const struct findings *f, uint32_t property)
{
    uint64_t sum = 0;
    for (uint32_t d = 0; d <= EXPLORE_DEVIATIONS_MAX; d++) {
        sum += f->violating[property][d];
    }
    return sum;
}

/* hunt_tally.c: see hunt_tally.h. */
#include "model/search/hunt_tally.h"

#include "sim/hash.h"

#include <stdlib.h>

void hunt_tally_init(struct hunt_tally *t)
{
    memset(t, 0, sizeof *t);
}

void hunt_tally_deinit(struct hunt_tally *t)
{
    free(t->finds);
    free(t->cells);
    hunt_tally_init(t);
}

/* --- a set of finds
 * -----------------------------------------------------------------------------------------------
 */

static int compare_stories(const struct find *a, const struct find *b)
{
    for (uint32_t i = 0; i < a->deviations_count && i < b->deviations_count; i++) {
        if (a->story[i] != b->story[i]) {
            return a->story[i] < b->story[i] ? -1 : 1;
        }
    }
    return (a->deviations_count > b->deviations_count) -
           (a->deviations_count < b->deviations_count);
}

/* Sorts what the deviations are. */
static void write_story(struct find *find)
{
    for (uint32_t i = 0; i < find->deviations_count; i++) {
        const struct deviation *d = &find->deviations[i];
        uint32_t element = d->point * (DEVIATION_FORMS_MAX + 1) + d->form;
        uint32_t at = i;
        for (; at > 0 && find->story[at - 1] > element; at--) {
            find->story[at] = find->story[at - 1];
        }
        find->story[at] = element;
    }
}

/* Runs that did not end are one group, whatever their stories. */
static bool same_group(const struct find *a, const struct find *b)
{
    return a->what == b->what && (a->what >= INVARIANTS_COUNT || compare_stories(a, b) == 0);
}

/* The cell of a story, or the free one where it would be. There are cells. */
static uint64_t cell_of(const struct hunt_tally *t, const struct find *find)
{
    uint64_t size = find->what < INVARIANTS_COUNT ? find->deviations_count : 0;
    uint64_t cell = hash64(find->story, size * sizeof find->story[0], find->what);
    for (;; cell++) {
        uint32_t row = t->cells[cell & (t->cells_count - 1)];
        if (row == 0 || same_group(&t->finds[row - 1], find)) {
            return cell & (t->cells_count - 1);
        }
    }
}

static void set_cells(struct hunt_tally *t)
{
    memset(t->cells, 0, t->cells_count * sizeof *t->cells);
    for (uint64_t i = 0; i < t->finds_count; i++) {
        t->cells[cell_of(t, &t->finds[i])] = (uint32_t)i + 1;
    }
}

static enum status no_memory(struct error *error)
{
    return error_set(error, STATUS_NO_MEMORY, "out of memory for what a hunt finds");
}

static enum status grow(struct hunt_tally *t, struct error *error)
{
    uint64_t room = t->finds_room == 0 ? 64 : 2 * t->finds_room;
    struct find *finds = realloc(t->finds, room * sizeof *finds);
    if (finds == NULL) {
        return no_memory(error);
    }
    t->finds = finds;
    uint32_t *cells = realloc(t->cells, 2 * room * sizeof *cells);
    if (cells == NULL) {
        return no_memory(error);
    }
    t->cells = cells;
    t->finds_room = room;
    t->cells_count = 2 * room;
    set_cells(t);
    return STATUS_OK;
}

enum status hunt_tally_add(struct hunt_tally *t, const struct find *find, struct error *error)
{
    if (t->finds_count == t->finds_room) {
        enum status status = grow(t, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    struct find new = *find;
    write_story(&new);
    uint64_t cell = cell_of(t, &new);
    if (t->cells[cell] == 0) {
        t->finds[t->finds_count++] = new;
        t->cells[cell] = (uint32_t)t->finds_count;
        return STATUS_OK;
    }
    struct find *old = &t->finds[t->cells[cell] - 1];
    new.count += old->count;
    *old = new.first < old->first ? new : *old;
    old->count = new.count;
    return STATUS_OK;
}

static void add_counts(struct hunt_counts *counts, const struct hunt_counts *more)
{
    counts->runs += more->runs;
    counts->events += more->events;
    counts->deviations += more->deviations;
    for (uint32_t i = 0; i < FIND_KINDS_COUNT; i++) {
        counts->found[i] += more->found[i];
    }
}

enum status hunt_tally_merge(struct hunt_tally *t, const struct hunt_tally *more,
                             struct error *error)
{
    for (uint32_t i = 0; i < HUNT_STRATEGIES_COUNT; i++) {
        add_counts(&t->of[i], &more->of[i]);
    }
    for (uint32_t i = 0; i < GOALS_COUNT; i++) {
        t->goals[i] += more->goals[i];
    }
    for (uint32_t i = 0; i < INVARIANTS_COUNT; i++) {
        t->unreduced[i] += more->unreduced[i];
        t->repeats[i] += more->repeats[i];
    }
    enum status status = STATUS_OK;
    for (uint64_t i = 0; i < more->finds_count && status == STATUS_OK; i++) {
        status = hunt_tally_add(t, &more->finds[i], error);
    }
    return status;
}

static int compare_finds(const void *left, const void *right)
{
    const struct find *a = left;
    const struct find *b = right;
    if (a->what != b->what) {
        return a->what < b->what ? -1 : 1;
    }
    if (a->deviations_count != b->deviations_count) {
        return a->deviations_count < b->deviations_count ? -1 : 1;
    }
    if (a->count != b->count) {
        return a->count > b->count ? -1 : 1;
    }
    return compare_stories(a, b);
}

void hunt_tally_sort(struct hunt_tally *t)
{
    if (t->finds_count > 0) {
        qsort(t->finds, t->finds_count, sizeof *t->finds, compare_finds);
        set_cells(t);
    }
}

uint64_t hunt_tally_runs(const struct hunt_tally *t)
{
    uint64_t runs = 0;
    for (uint32_t i = 0; i < HUNT_STRATEGIES_COUNT; i++) {
        runs += t->of[i].runs;
    }
    return runs;
}

uint64_t hunt_tally_found(const struct hunt_tally *t, uint32_t what)
{
    uint64_t found = 0;
    for (uint32_t i = 0; i < HUNT_STRATEGIES_COUNT; i++) {
        found += t->of[i].found[what];
    }
    return found;
}

uint64_t hunt_tally_repeats(const struct hunt_tally *t)
{
    uint64_t repeats = 0;
    for (uint32_t i = 0; i < INVARIANTS_COUNT; i++) {
        repeats += t->repeats[i];
    }
    return repeats;
}

/* --- stories
 * -----------------------------------------------------------------------------------------------
 */

/* Whether the run has all deviations of the find, anchors aside, each as often. */
static bool tells(const struct hunt_run *run, const struct find *find)
{
    uint64_t taken = 0;
    _Static_assert(HUNT_DEVIATIONS_MAX <= 64, "a bit each");
    for (uint32_t i = 0; i < find->deviations_count; i++) {
        uint32_t k = 0;
        while (k < run->deviations_count &&
               ((taken >> k & 1) != 0 || run->deviations[k].form != find->deviations[i].form ||
                run->deviations[k].point != find->deviations[i].point)) {
            k++;
        }
        if (k == run->deviations_count) {
            return false;
        }
        taken |= UINT64_C(1) << k;
    }
    return true;
}

static struct find *known(const struct hunt_tally *t, uint32_t what, const struct hunt_run *run)
{
    for (uint64_t i = 0; i < t->finds_count; i++) {
        struct find *find = &t->finds[i];
        if (find->what == what && (what >= INVARIANTS_COUNT || tells(run, find))) {
            return find;
        }
    }
    return NULL;
}

/* Makes the find's run without `size` deviations from `at` on; true where it fails all the same:
 * then those that happened are the find's. */
static enum status try_without(struct find *find, struct hunter *h, uint32_t at, uint32_t size,
                               bool *fails, struct error *error)
{
    struct deviation rest[HUNT_DEVIATIONS_MAX];
    struct hunt_run told = {0};
    memcpy(rest, find->deviations, at * sizeof *rest);
    memcpy(rest + at, find->deviations + at + size,
           (find->deviations_count - at - size) * sizeof *rest);
    enum status status = hunter_repeat(h, rest, find->deviations_count - size, &told, error);
    *fails = status == STATUS_OK && (told.violated >> find->what & 1) != 0;
    if (*fails) {
        find->deviations_count = told.deviations_count;
        find->events = told.events;
        memcpy(find->deviations, told.deviations, told.deviations_count * sizeof *rest);
    }
    return status;
}

/* Leaves out blocks of a size wherever that is possible, the last ones first. */
static enum status leave_out_blocks(struct find *find, struct hunter *h, uint32_t size, bool *any,
                                    struct error *error)
{
    enum status status = STATUS_OK;
    for (uint32_t end = find->deviations_count; end > 0 && status == STATUS_OK;) {
        uint32_t at = end > size ? end - size : 0;
        bool fails = false;
        status = try_without(find, h, at, end - at, &fails, error);
        *any |= fails;
        end = at < find->deviations_count ? at : find->deviations_count;
    }
    return status;
}

static enum status reduce(struct find *find, struct hunter *h, struct error *error)
{
    enum status status = STATUS_OK;
    bool any = true;
    for (uint32_t size = find->deviations_count; size > 1 && status == STATUS_OK; size /= 2) {
        status = leave_out_blocks(find, h, size, &any, error);
    }
    while (any && status == STATUS_OK) {
        any = false;
        status = leave_out_blocks(find, h, 1, &any, error);
    }
    return status;
}

static struct find find_of(uint32_t what, const struct hunt_run *run)
{
    struct find new = {.what = what,
                       .strategy = run->strategy,
                       .count = 1,
                       .first = run->number,
                       .events = run->events,
                       .deviations_count = run->deviations_count};
    memcpy(new.deviations, run->deviations, run->deviations_count * sizeof *run->deviations);
    return new;
}

static enum status take_failure(struct hunt_tally *t, struct hunter *h, uint32_t what,
                                const struct hunt_run *run, uint64_t repeats_most,
                                struct error *error)
{
    struct find *find = known(t, what, run);
    if (find != NULL) {
        find->count++;
        return STATUS_OK;
    }
    struct find new = find_of(what, run);
    if (what < INVARIANTS_COUNT && t->repeats[what] >= repeats_most) {
        t->unreduced[what]++;
        return STATUS_OK;
    }
    enum status status = STATUS_OK;
    if (what < INVARIANTS_COUNT && repeats_most != HUNT_AS_FOUND) {
        uint64_t before = hunter_repeats(h);
        status = reduce(&new, h, error);
        t->repeats[what] += hunter_repeats(h) - before;
    }
    return status == STATUS_OK ? hunt_tally_add(t, &new, error) : status;
}

static uint32_t failures_of(const struct hunt_run *run)
{
    _Static_assert(FIND_KINDS_COUNT <= 32, "a bit each");
    return run->violated | (uint32_t)(run->end == EXPLORED_ENDLESS) << FIND_ENDLESS |
           (uint32_t)(run->end == EXPLORED_FULL) << FIND_FULL;
}

enum status hunt_tally_run(struct hunt_tally *t, struct hunter *h, const struct hunt_run *run,
                           uint64_t repeats_most, struct error *error)
{
    struct hunt_counts *counts = &t->of[run->strategy];
    enum status status = STATUS_OK;
    counts->runs++;
    counts->events += run->events;
    counts->deviations += run->deviations_count;
    goals_add(t->goals, goals_reached(run->run));
    for (uint32_t left = failures_of(run); left != 0 && status == STATUS_OK; left &= left - 1) {
        uint32_t what = (uint32_t)__builtin_ctz(left);
        counts->found[what]++;
        status = take_failure(t, h, what, run, repeats_most, error);
    }
    return status;
}

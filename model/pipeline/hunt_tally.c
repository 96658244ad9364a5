/* hunt_tally.c: see hunt_tally.h. */
#include "model/pipeline/hunt_tally.h"

#include <stdlib.h>

void hunt_tally_init(struct hunt_tally *t)
{
    memset(t, 0, sizeof *t);
}

void hunt_tally_deinit(struct hunt_tally *t)
{
    free(t->finds);
    hunt_tally_init(t);
}

enum status hunt_tally_add(struct hunt_tally *t, const struct find *find, struct error *error)
{
    if (t->finds_count == t->finds_room) {
        uint64_t room = t->finds_room == 0 ? 64 : 2 * t->finds_room;
        struct find *finds = realloc(t->finds, room * sizeof *finds);
        if (finds == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "out of memory for what a hunt finds");
        }
        t->finds = finds;
        t->finds_room = room;
    }
    t->finds[t->finds_count++] = *find;
    return STATUS_OK;
}

/* --- stories
 * -----------------------------------------------------------------------------------------------
 */

/* Whether the run has all deviations of the find, anchors aside, each as often. */
static bool tells(const struct hunt_run *run, const struct find *find)
{
    uint64_t taken = 0;
    _Static_assert(HUNT_DEVIATIONS_MAX <= 64, "a bit each");
    for (uint64_t i = 0; i < find->deviations_count; i++) {
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
static enum status try_without(struct find *find, struct hunter *h, uint64_t at, uint64_t size,
                               bool *fails, struct error *error)
{
    struct deviation rest[HUNT_DEVIATIONS_MAX];
    struct hunt_run told = {0};
    memcpy(rest, find->deviations, at * sizeof *rest);
    memcpy(rest + at, find->deviations + at + size,
           (find->deviations_count - at - size) * sizeof *rest);
    enum status status =
        hunter_repeat(h, rest, (uint32_t)(find->deviations_count - size), &told, error);
    *fails = status == STATUS_OK && (told.violated >> find->what & 1) != 0;
    if (*fails) {
        find->deviations_count = told.deviations_count;
        find->events = told.events;
        memcpy(find->deviations, told.deviations, told.deviations_count * sizeof *rest);
    }
    return status;
}

/* Leaves out blocks of a size wherever that is possible, the last ones first. */
static enum status leave_out_blocks(struct find *find, struct hunter *h, uint64_t size, bool *any,
                                    struct error *error)
{
    enum status status = STATUS_OK;
    for (uint64_t end = find->deviations_count; end > 0 && status == STATUS_OK;) {
        uint64_t at = end > size ? end - size : 0;
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
    for (uint64_t size = find->deviations_count; size > 1 && status == STATUS_OK; size /= 2) {
        status = leave_out_blocks(find, h, size, &any, error);
    }
    while (any && status == STATUS_OK) {
        any = false;
        status = leave_out_blocks(find, h, 1, &any, error);
    }
    return status;
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
    struct find new = {.what = what,
                       .strategy = run->strategy,
                       .count = 1,
                       .first = run->number,
                       .events = run->events,
                       .deviations_count = run->deviations_count};
    memcpy(new.deviations, run->deviations, run->deviations_count * sizeof *run->deviations);
    if (what < INVARIANTS_COUNT && t->repeats >= repeats_most) {
        t->unreduced[what]++;
        return STATUS_OK;
    }
    enum status status = STATUS_OK;
    if (what < INVARIANTS_COUNT) {
        uint64_t before = hunter_repeats(h);
        status = reduce(&new, h, error);
        t->repeats += hunter_repeats(h) - before;
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
    for (uint32_t left = failures_of(run); left != 0 && status == STATUS_OK; left &= left - 1) {
        uint32_t what = (uint32_t)__builtin_ctz(left);
        counts->found[what]++;
        status = take_failure(t, h, what, run, repeats_most, error);
    }
    return status;
}

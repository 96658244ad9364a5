/* state_space.c: see state_space.h. */
#include "sim/state_space.h"

#include "sim/assert.h"
#include "sim/fingerprint_set.h"
#include "sim/memory.h"

#include <stdlib.h>
#include <string.h>

/* A world on the present path. */
struct step {
    uint64_t mark;
    uint64_t left;  /* depth first: transitions to be tried yet */
    uint64_t sleep; /* depth first: transitions that are covered otherwise */
    uint64_t known; /* of which transitions the footprints are known */
    uint32_t world; /* breadth first: its number */
    bool stuck;     /* nothing could be fired so far, and nothing sleeps */
};

/* How a world was reached first, breadth first. */
struct origin {
    uint32_t parent;
    uint32_t transition;
};

struct state_space {
    struct state_model model;
    struct state_search search;
    struct state_results results;
    struct fingerprint_set seen;
    struct origin *origins; /* breadth first: of each world, in the order in which they were seen */
    struct step *steps;     /* of the present path, the first world's first */
    uint32_t steps_count;
    struct footprint *footprints; /* of all transitions, for each step */
    uint8_t *path;                /* transitions between them, and the one that was fired last */
    uint8_t *paths; /* for each property, to the first world in which it did not hold */
    bool found;     /* what `until_violation` asks for */
    enum status status;
};

/* Opening and closing */

static size_t origins_bytes(const struct state_space *s)
{
    return s->search.worlds_max * sizeof *s->origins;
}

static size_t steps_bytes(const struct state_space *s)
{
    return ((size_t)s->search.depth_max + 1) * sizeof *s->steps;
}

static size_t path_bytes(const struct state_space *s)
{
    return (size_t)s->search.depth_max + 1;
}

static size_t footprints_bytes(const struct state_space *s)
{
    return ((size_t)s->search.depth_max + 1) * s->model.transitions_count * sizeof *s->footprints;
}

static bool reserve(struct state_space *s)
{
    const struct state_search *search = &s->search;
    s->steps = memory_reserve(steps_bytes(s));
    s->path = memory_reserve(path_bytes(s));
    s->paths = memory_reserve(STATE_PROPERTIES_MAX * path_bytes(s));
    s->footprints = search->sleep_sets ? memory_reserve(footprints_bytes(s)) : NULL;
    s->origins = search->order == STATE_BREADTH_FIRST ? memory_reserve(origins_bytes(s)) : NULL;
    if (s->steps == NULL || s->path == NULL || s->paths == NULL ||
        (search->sleep_sets && s->footprints == NULL) ||
        (search->order == STATE_BREADTH_FIRST && s->origins == NULL)) {
        return false;
    }
    return search->order == STATE_STATELESS ||
           fingerprint_set_init(&s->seen, search->worlds_max, search->tag_bits, search->sleep_sets);
}

/* What is wrong with a search of a model; NULL: nothing. */
static const char *fault(const struct state_model *m, const struct state_search *search)
{
    bool stateless = search->order == STATE_STATELESS;
    if (m->transitions_count < 1 || m->transitions_count > STATE_TRANSITIONS_MAX ||
        m->properties_count > STATE_PROPERTIES_MAX) {
        return "the model has no transition, or too many of them or of properties";
    }
    if (search->sleep_sets && (m->footprint == NULL || search->order == STATE_BREADTH_FIRST)) {
        return "sleep sets need a model with footprints, and a search depth first";
    }
    if (!stateless && search->tag_bits != 64 && search->tag_bits != 128) {
        return "a fingerprint has 64 or 128 bits";
    }
    if (!stateless && (search->worlds_max < 1 || search->worlds_max > UINT32_MAX)) {
        return "there can be room for 1 to 2^32 - 1 worlds";
    }
    return search->depth_max < 1 ? "a path has room for a transition at least" : NULL;
}

struct state_space *state_space_open(const struct state_model *model,
                                     const struct state_search *search, struct error *error)
{
    const char *wrong = fault(model, search);
    if (wrong != NULL) {
        (void)error_set(error, STATUS_BAD_INPUT, "state space: %s", wrong);
        return NULL;
    }
    struct state_space *s = calloc(1, sizeof *s);
    if (s == NULL) {
        (void)error_set(error, STATUS_NO_MEMORY, "state space: no memory");
        return NULL;
    }
    s->model = *model;
    s->search = *search;
    if (!reserve(s)) {
        (void)error_set(error, STATUS_NO_MEMORY,
                        "state space: cannot reserve address space for %llu worlds",
                        (unsigned long long)search->worlds_max);
        state_space_close(s);
        return NULL;
    }
    return s;
}

void state_space_close(struct state_space *s)
{
    if (s == NULL) {
        return;
    }
    fingerprint_set_deinit(&s->seen);
    memory_release(s->origins, origins_bytes(s));
    memory_release(s->steps, steps_bytes(s));
    memory_release(s->footprints, footprints_bytes(s));
    memory_release(s->path, path_bytes(s));
    memory_release(s->paths, STATE_PROPERTIES_MAX * path_bytes(s));
    free(s);
}

/* The present world */

static uint64_t all_transitions(const struct state_space *s)
{
    return UINT64_MAX >> (STATE_TRANSITIONS_MAX - s->model.transitions_count);
}

/* Notes which properties do not hold in the present world, `depth` transitions from the first. */
static void check(struct state_space *s, uint32_t depth, bool end)
{
    uint32_t failed = s->model.check != NULL ? s->model.check(s->model.self, end) : 0;
    ASSERT(failed >> s->model.properties_count == 0);
    s->results.ends += end;
    s->found |= failed != 0 && s->search.until_violation;
    for (; failed != 0; failed &= failed - 1) {
        uint32_t property = (uint32_t)__builtin_ctz(failed);
        struct state_finding *finding = &s->results.findings[property];
        if (finding->worlds++ == 0) {
            finding->depth = depth;
            memcpy(s->paths + property * path_bytes(s), s->path, depth);
        }
    }
}

/* Puts the present world at the end of the path. */
static void extend(struct state_space *s, struct step step)
{
    step.mark = s->model.mark(s->model.self);
    s->steps[s->steps_count++] = step;
}

static void back(struct state_space *s)
{
    s->model.back(s->model.self, s->steps[s->steps_count - 1].mark);
}

/* Fires a transition in the world at the end of the path; false where it cannot be. */
static bool fire(struct state_space *s, uint32_t transition)
{
    struct step *here = &s->steps[s->steps_count - 1];
    if (!s->model.fire(s->model.self, transition)) {
        return false;
    }
    here->stuck = false;
    s->path[s->steps_count - 1] = (uint8_t)transition;
    s->results.transitions++;
    return true;
}

/* The hash of the present world, which is about to be met. */
static struct hash128 hash_here(struct state_space *s)
{
    struct hash128 hash = {0, 0};
    if (s->search.order != STATE_STATELESS) {
        hash = s->model.hash(s->model.self);
        fingerprint_set_expect(&s->seen, hash);
    }
    return hash;
}

/* Has the present world, one transition behind the path, been seen? Then only what slept at every
 * visit until now, and does not sleep at this one, is left of it. False: nothing is. */
static bool meet(struct state_space *s, struct hash128 hash, uint64_t sleep, struct step *step)
{
    uint64_t *slept = NULL;
    enum fingerprint_result met = s->search.order == STATE_STATELESS
                                      ? FINGERPRINT_NEW
                                      : fingerprint_set_add(&s->seen, hash, &slept);
    if (met == FINGERPRINT_KNOWN && s->search.sleep_sets) {
        uint64_t woken = *slept & ~sleep;
        *slept &= sleep;
        *step = (struct step){.left = woken, .sleep = *slept};
        s->results.revisits += woken != 0;
        return woken != 0;
    }
    if (met != FINGERPRINT_NEW || s->steps_count > s->search.depth_max) {
        s->status = met == FINGERPRINT_KNOWN ? s->status : STATUS_FULL;
        return false;
    }
    if (slept != NULL && s->search.sleep_sets) {
        *slept = sleep;
    }
    *step = (struct step){.left = all_transitions(s) & ~sleep,
                          .sleep = sleep,
                          .world = (uint32_t)s->results.worlds++,
                          .stuck = sleep == 0};
    s->results.depth = s->results.depth > s->steps_count ? s->results.depth : s->steps_count;
    check(s, s->steps_count, false);
    return true;
}

/* Whether to go on. */
static bool goes_on(struct state_space *s)
{
    const struct state_search *search = &s->search;
    if ((search->stop != NULL && atomic_load_explicit(search->stop, memory_order_relaxed)) ||
        (search->transitions_max != 0 && s->results.transitions >= search->transitions_max)) {
        s->status = STATUS_INTERRUPTED;
    }
    return s->status == STATUS_OK && !s->found;
}

/* Depth first */

static bool independent(struct footprint a, struct footprint b)
{
    return (a.writes & (b.reads | b.writes)) == 0 && (b.writes & a.reads) == 0;
}

/* Finds the footprints in the present world, at the end of the path, of some transitions. */
static void find_footprints(struct state_space *s, struct step *here, uint64_t transitions)
{
    struct footprint *f = s->footprints + (s->steps_count - 1) * s->model.transitions_count;
    for (uint64_t left = transitions & ~here->known; left != 0; left &= left - 1) {
        uint32_t transition = (uint32_t)__builtin_ctzll(left);
        f[transition] = s->model.footprint(s->model.self, transition);
    }
    here->known |= transitions;
}

/* What goes on sleeping behind a transition of the world at the end of the path. */
static uint64_t sleep_behind(const struct state_space *s, uint64_t sleep, uint32_t transition)
{
    const struct footprint *f = s->footprints + (s->steps_count - 1) * s->model.transitions_count;
    uint64_t goes_on = 0;
    for (; sleep != 0; sleep &= sleep - 1) {
        uint32_t sleeper = (uint32_t)__builtin_ctzll(sleep);
        goes_on |= (uint64_t)independent(f[transition], f[sleeper]) << sleeper;
    }
    return goes_on;
}

/* Tries the next transition of the world at the end of the path. */
static void try_next(struct state_space *s)
{
    struct step *here = &s->steps[s->steps_count - 1];
    uint32_t transition = (uint32_t)__builtin_ctzll(here->left);
    here->left &= here->left - 1;
    uint64_t bit = UINT64_C(1) << transition;
    uint64_t sleep = 0;
    if (s->search.sleep_sets) {
        find_footprints(s, here, here->sleep | bit);
    }
    if (!fire(s, transition)) {
        return;
    }
    struct hash128 hash = hash_here(s);
    if (s->search.sleep_sets) {
        sleep = sleep_behind(s, here->sleep, transition);
        here->sleep |= bit;
    }
    struct step there;
    if (meet(s, hash, sleep, &there)) {
        extend(s, there);
    } else {
        back(s);
    }
}

/* Leaves the world at the end of the path, of which nothing is left. */
static void leave(struct state_space *s)
{
    if (s->steps[s->steps_count - 1].stuck) {
        check(s, s->steps_count - 1, true);
    }
    s->steps_count--;
    if (s->steps_count > 0) {
        back(s);
    }
}

static void explore_depth_first(struct state_space *s)
{
    while (s->steps_count > 0 && goes_on(s)) {
        if (s->steps[s->steps_count - 1].left != 0) {
            try_next(s);
        } else {
            leave(s);
        }
    }
}

/* Breadth first */

/* Goes to a world, `depth` transitions from the first: back to where its path leaves the present
 * one, and on from there. */
static void go_to(struct state_space *s, uint32_t world, uint32_t depth)
{
    uint32_t shared = depth;
    for (uint32_t at = world; shared >= s->steps_count || s->steps[shared].world != at; shared--) {
        s->steps[shared].world = at;
        s->path[shared - 1] = (uint8_t)s->origins[at].transition;
        at = s->origins[at].parent;
    }
    s->steps_count = shared + 1;
    back(s);
    for (; s->steps_count <= depth; s->results.refired++) {
        bool fired = s->model.fire(s->model.self, s->path[s->steps_count - 1]);
        ASSERT(fired);
        extend(s, (struct step){.world = s->steps[s->steps_count].world});
    }
}

/* Fires every transition of the world at the end of the path. */
static void fire_all(struct state_space *s)
{
    struct step *here = &s->steps[s->steps_count - 1];
    here->stuck = true;
    for (uint32_t i = 0; i < s->model.transitions_count && goes_on(s); i++) {
        struct step there;
        if (!fire(s, i)) {
            continue;
        }
        if (meet(s, hash_here(s), 0, &there)) {
            s->origins[there.world] = (struct origin){here->world, i};
        }
        back(s);
    }
    if (here->stuck) {
        check(s, s->steps_count - 1, true);
    }
}

static void explore_breadth_first(struct state_space *s)
{
    uint32_t depth = 0;
    uint64_t level_end = 1;
    for (uint32_t world = 0; world < s->results.worlds && goes_on(s); world++) {
        if (world == level_end) {
            depth++;
            level_end = s->results.worlds;
        }
        go_to(s, world, depth);
        fire_all(s);
    }
}

/* The interface */

static enum status tell(const struct state_space *s, struct error *error)
{
    const struct state_results *r = &s->results;
    if (s->status == STATUS_FULL) {
        bool deep = s->steps_count > s->search.depth_max;
        return error_set(error, STATUS_FULL,
                         "state space: there are %s than the %llu there is room for",
                         deep ? "more transitions on a path" : "more worlds",
                         deep ? (unsigned long long)s->search.depth_max
                              : (unsigned long long)s->search.worlds_max);
    }
    return s->status == STATUS_OK
               ? STATUS_OK
               : error_set(error, STATUS_INTERRUPTED,
                           "state space: stopped after %llu worlds and %llu transitions",
                           (unsigned long long)r->worlds, (unsigned long long)r->transitions);
}

enum status state_space_explore(struct state_space *s, struct error *error)
{
    ASSERT(s->results.worlds == 0);
    struct step first;
    bool fresh = meet(s, hash_here(s), 0, &first);
    ASSERT(fresh);
    extend(s, first);
    if (s->search.order == STATE_BREADTH_FIRST) {
        explore_breadth_first(s);
    } else {
        explore_depth_first(s);
    }
    s->results.complete = s->status == STATUS_OK && !s->found;
    s->results.missed_log2 = fingerprint_missed_log2(s->results.worlds, s->search.tag_bits);
    enum status status = tell(s, error);
    s->steps_count = 1;
    back(s);
    return status;
}

const struct state_results *state_space_results(const struct state_space *s)
{
    return &s->results;
}

const uint8_t *state_space_path(const struct state_space *s, uint32_t property)
{
    ASSERT(property < s->model.properties_count);
    return s->paths + property * path_bytes(s);
}

uint32_t state_path_fire(const struct state_model *model, const uint8_t *path, uint32_t length)
{
    uint32_t fired = 0;
    while (fired < length && model->fire(model->self, path[fired])) {
        fired++;
    }
    return fired;
}

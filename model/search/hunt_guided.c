/* hunt_guided.c: runs that learn from those before them, in islands: see hunt.h.
 *
 * Method. What a run does is told as features, each a hash that marks one cell of a set: whenever a
 * process asks, its point with the point of each other process (the first few of each type), and at
 * the end how many files, manifests, executions and locks have got to the same (started so often,
 * read so often, pending, overwritten, taken over ...), in powers of two; the counts of the
 * history; what was violated, how often. A run that marks a cell for the first time on its island
 * becomes a parent.
 *
 * A litter: a parent, mostly one of the latest whose end was new, is made again up to an event that
 * is drawn, and from a snapshot there some children are made. Up to there each is its parent. Of
 * the parent's deviations that follow, a child loses some, has some aimed elsewhere (another form,
 * visit or process), takes over some of another parent's, and has some more, at asks that are drawn
 * or as a swarm's configuration has them.
 */
#include "model/search/hunt_state.h"

#include <stdlib.h>

enum {
    FEATURES = 1 << 16,
    PARENTS_MAX = 512,
    LATEST = 16,
    LITTER = 16,
    BESIDE_MAX = 32, /* processes of a type that are looked at beside one that asks */
    SHAPES = 1 << 10
};

struct parent {
    uint64_t events, asks;
    uint32_t count;
    struct deviation deviations[HUNT_DEVIATIONS_MAX];
};

struct island {
    uint64_t seen[FEATURES / 64];
    uint32_t news; /* features of the run under way that no other had */
    uint32_t parents_count;
    uint64_t leaders_ever;
    uint32_t leaders[LATEST]; /* the latest parents whose end was new */
    uint64_t parents_ever;
    struct random_stream draws;
    struct run_snapshot *branch;
    uint32_t shapes[SHAPES]; /* room to count in */
    struct parent parents[PARENTS_MAX];
};

/* --- features
 * -----------------------------------------------------------------------------------------------
 */

enum feature {
    FEATURE_PAIR, /* of points */
    FEATURE_FILES,
    FEATURE_MANIFESTS,
    FEATURE_EXECUTIONS,
    FEATURE_TENURES,
    FEATURE_COUNT, /* of the history's counts */
    FEATURE_VIOLATIONS
};

static void mark(struct island *i, enum feature feature, uint64_t first, uint64_t second)
{
    struct random_stream cell = {.key = (uint64_t)feature << 56 ^ first << 28 ^ second};
    uint64_t bit = random_next(&cell) % FEATURES;
    uint64_t known = i->seen[bit / 64] >> bit % 64 & 1;
    i->seen[bit / 64] |= UINT64_C(1) << bit % 64;
    i->news += known == 0;
}

static uint64_t magnitude(uint64_t count)
{
    return count < 4 ? count : 66 - (uint64_t)__builtin_clzll(count);
}

/* The process that asks, beside those that wait. */
static void mark_pairs(struct hunter *h, const struct deviation_offer *offer)
{
    const struct cloud *c = &hunted(h)->cloud;
    if (offer->task == NULL) {
        return;
    }
    for (uint32_t type = 0; type < TASK_TYPES_COUNT; type++) {
        uint64_t used = world_used(&c->simulation.world, c->task_regions[type]);
        uint64_t most = used < BESIDE_MAX ? used : BESIDE_MAX;
        for (uint64_t slot = 0; slot < most; slot++) {
            const struct task *other =
                (const void *)(c->tasks[type] + slot * c->application.types[type].size);
            if (other->slot.live != 0 && other != offer->task) {
                mark(h->island, FEATURE_PAIR, offer->point, point_of_task(type, other->call.point));
            }
        }
    }
}

static uint32_t up_to_3(uint64_t count)
{
    return (uint32_t)(count < 3 ? count : 3);
}

/* How many had each shape. */
static void mark_shapes(struct island *i, enum feature feature)
{
    for (uint32_t shape = 0; shape < SHAPES; shape++) {
        if (i->shapes[shape] > 0) {
            mark(i, feature, shape, magnitude(i->shapes[shape]));
        }
    }
    memset(i->shapes, 0, sizeof i->shapes);
}

static void mark_files(struct island *i, const struct pipeline *p)
{
    for (uint64_t row = 0; row < HISTORY_COUNT(p, files); row++) {
        const struct file_history *f = &p->history.files[row];
        i->shapes[up_to_3(f->starts) | up_to_3(f->outputs) << 2 | up_to_3(f->quarantined) << 4 |
                  (uint32_t)(f->pending != 0) << 6 | (uint32_t)(f->tracked_ns >= 0) << 7 |
                  (uint32_t)(f->manifested_ns >= 0) << 8 | (uint32_t)(f->completed_ns >= 0) << 9]++;
        mark(i, FEATURE_FILES, SHAPES, f->starts);
        mark(i, FEATURE_FILES, SHAPES + 1, f->outputs);
    }
    mark_shapes(i, FEATURE_FILES);
}

static void mark_manifests(struct island *i, const struct pipeline *p)
{
    for (uint64_t row = 0; row < HISTORY_COUNT(p, manifests); row++) {
        const struct manifest_history *m = &p->history.manifests[row];
        i->shapes[up_to_3(m->executions) | up_to_3(m->processed) << 2 | up_to_3(m->outputs) << 4 |
                  (uint32_t)(m->overwritten != 0) << 6 | (uint32_t)(m->told != 0) << 7]++;
    }
    mark_shapes(i, FEATURE_MANIFESTS);
}

static void mark_executions(struct island *i, const struct pipeline *p)
{
    for (uint64_t row = 0; row < HISTORY_COUNT(p, executions); row++) {
        const struct execution_history *e = &p->history.executions[row];
        i->shapes[up_to_3(e->job_runs) | up_to_3(e->refusals) << 2 | up_to_3(e->processed) << 4 |
                  up_to_3(e->status) << 6 | (uint32_t)(e->caught != 0) << 8 |
                  (uint32_t)(e->begun != 0) << 9]++;
    }
    mark_shapes(i, FEATURE_EXECUTIONS);
}

static void mark_tenures(struct island *i, const struct pipeline *p)
{
    for (uint64_t row = 0; row < HISTORY_COUNT(p, tenures); row++) {
        const struct tenure_history *t = &p->history.tenures[row];
        i->shapes[(t->end & 7) | up_to_3(t->refused) << 3 | (uint32_t)(t->given_up != 0) << 5 |
                  (uint32_t)(t->blocked_too_long != 0) << 6 |
                  (uint32_t)(t->owner_ended_ns >= 0) << 7]++;
    }
    mark_shapes(i, FEATURE_TENURES);
}

static void mark_counts(struct island *i, const struct pipeline *p)
{
    const struct history_counts *n = p->history.counts;
    const int64_t counts[] = {n->tracked,
                              n->quarantined,
                              n->duplicated,
                              n->manifest_puts,
                              n->overwrites,
                              n->executions_succeeded,
                              n->runs_accepted,
                              n->executions_failed,
                              n->runs_succeeded,
                              n->runs_failed,
                              n->runs_refused,
                              n->parquet_objects,
                              n->lock_acquired,
                              n->lock_refused,
                              n->lock_taken_over,
                              n->table_retried,
                              n->longest_block_ns >> 30};
    for (uint64_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
        mark(i, FEATURE_COUNT, k, magnitude((uint64_t)counts[k]));
    }
    for (uint64_t k = 0; k < INVARIANTS_COUNT; k++) {
        mark(i, FEATURE_VIOLATIONS, k, magnitude((uint64_t)n->violations[k]));
    }
}

static void mark_end(struct hunter *h, const struct hunt_run *run)
{
    const struct pipeline *p = hunted(h);
    mark_files(h->island, p);
    mark_manifests(h->island, p);
    mark_executions(h->island, p);
    mark_tenures(h->island, p);
    mark_counts(h->island, p);
    mark(h->island, FEATURE_VIOLATIONS, INVARIANTS_COUNT + 1, run->violated);
    mark(h->island, FEATURE_VIOLATIONS, INVARIANTS_COUNT + 2, run->end);
}

/* --- aims
 * -----------------------------------------------------------------------------------------------
 */

/* The one of the list that is aimed at this ask, if it can happen. */
static uint64_t aimed_form(const struct hunt_aims *a, const struct deviation_offer *offer)
{
    if ((a->points[offer->point / 64] >> offer->point % 64 & 1) == 0) {
        return 0;
    }
    struct instance of = {0, 0};
    if (offer->task != NULL) {
        of = (struct instance){offer->task->parent, offer->task->ordinal};
    }
    for (uint32_t i = 0; i < a->count; i++) {
        const struct deviation *d = &a->list[i];
        if (d->point == offer->point && d->occurrence == offer->occurrence &&
            d->of.parent == of.parent && d->of.ordinal == of.ordinal) {
            return offer->forms & UINT64_C(1) << d->form;
        }
    }
    return 0;
}

static uint64_t draw_aimed(struct hunter *h, const struct deviation_offer *offer)
{
    struct hunt_aims *a = &h->aims;
    uint64_t form = aimed_form(a, offer);
    if (form == 0 && a->additions_done < a->additions_count &&
        h->asks >= a->additions[a->additions_done]) {
        a->additions_done++;
        form = hunt_any_form(h, offer->forms);
    }
    return form == 0 && a->swarms ? hunt_draw_by_weight(h, offer) : form;
}

static void aim(struct hunt_aims *a, const struct deviation *deviation)
{
    if (a->count < HUNT_DEVIATIONS_MAX) {
        a->list[a->count++] = *deviation;
        a->points[deviation->point / 64] |= UINT64_C(1) << deviation->point % 64;
    }
}

void hunt_aim(struct hunter *h, const struct deviation *deviations, uint32_t count)
{
    memset(&h->aims, 0, sizeof h->aims);
    for (uint32_t i = 0; i < count; i++) {
        aim(&h->aims, &deviations[i]);
    }
    h->draw = draw_aimed;
}

/* --- children
 * -----------------------------------------------------------------------------------------------
 */

static bool one_in(struct random_stream *draws, uint64_t count)
{
    return random_below(draws, count) == 0;
}

/* Another form of the menu; another visit; another process. Which of these are possible shows when
 * the run comes there, or does not. */
static void aim_elsewhere(struct hunter *h, struct deviation *d)
{
    struct random_stream *draws = &h->draws;
    uint32_t *value = d->of.ordinal > 0 && one_in(draws, 2) ? &d->of.ordinal : &d->occurrence;
    if (one_in(draws, 2)) {
        uint64_t possible = hunted(h)->deviations.possible[d->point];
        d->form = (uint32_t)__builtin_ctzll(hunt_any_form(h, possible));
    } else if (*value > 1 && one_in(draws, 2)) {
        (*value)--;
    } else {
        (*value)++;
    }
}

/* Takes over what another parent has from some place on. */
static void join_other(struct hunter *h)
{
    const struct island *i = h->island;
    const struct parent *other = &i->parents[random_below(&h->draws, i->parents_count)];
    for (uint64_t k = random_below(&h->draws, (uint64_t)other->count + 1); k < other->count; k++) {
        aim(&h->aims, &other->deviations[k]);
    }
}

static void add_some(struct hunter *h, uint64_t asks)
{
    struct hunt_aims *a = &h->aims;
    do {
        uint64_t span = asks > h->asks ? asks - h->asks : 1;
        uint64_t place = h->asks + random_below(&h->draws, span);
        uint32_t at = a->additions_count++;
        for (; at > 0 && a->additions[at - 1] > place; at--) {
            a->additions[at] = a->additions[at - 1];
        }
        a->additions[at] = place;
    } while (a->additions_count < HUNT_ADDITIONS_MAX && one_in(&h->draws, 2));
}

/* What a child of the parent is to do from the branch on. `past` of its deviations are done. */
static void aim_child(struct hunter *h, const struct parent *parent, uint32_t past)
{
    struct deviation kept[HUNT_DEVIATIONS_MAX];
    uint32_t count = 0;
    uint64_t drop_one_in = UINT64_C(2) << random_below(&h->draws, 4);
    bool elsewhere = one_in(&h->draws, 2);
    for (uint32_t k = past; k < parent->count; k++) {
        if (!one_in(&h->draws, drop_one_in)) {
            kept[count++] = parent->deviations[k];
            if (elsewhere && one_in(&h->draws, 4)) {
                aim_elsewhere(h, &kept[count - 1]);
            }
        }
    }
    hunt_aim(h, kept, count);
    if (one_in(&h->draws, 4)) {
        join_other(h);
    }
    if (one_in(&h->draws, 2)) {
        hunt_weigh_as_swarm(h);
        h->aims.swarms = true;
    } else {
        add_some(h, parent->asks);
    }
}

/* --- the island
 * -----------------------------------------------------------------------------------------------
 */

static const struct parent *choose_parent(struct island *i)
{
    uint64_t leaders = i->leaders_ever < LATEST ? i->leaders_ever : LATEST;
    if (one_in(&i->draws, 2)) {
        return &i->parents[random_below(&i->draws, i->parents_count)];
    }
    return &i->parents[i->leaders[random_below(&i->draws, leaders)]];
}

/* A new parent takes the place of the oldest. `leads`: its end was new. */
static void keep_parent(struct hunter *h, const struct hunt_run *run, bool leads)
{
    struct island *i = h->island;
    struct parent *parent = &i->parents[i->parents_ever % PARENTS_MAX];
    if (leads) {
        i->leaders[i->leaders_ever++ % LATEST] = (uint32_t)(i->parents_ever % PARENTS_MAX);
    }
    i->parents_ever++;
    i->parents_count += i->parents_count < PARENTS_MAX;
    parent->events = run->events;
    parent->asks = h->asks;
    parent->count = run->deviations_count;
    memcpy(parent->deviations, run->deviations, run->deviations_count * sizeof *run->deviations);
}

/* A litter under way. */
struct litter {
    struct parent parent; /* a copy: its place may be taken */
    uint64_t event;       /* where children begin to differ */
    uint64_t asks;        /* until there */
    uint32_t made;
    uint64_t repeats; /* of the hunter, when the snapshot was taken */
};

/* Makes the parent's run up to the event, and takes the snapshot. */
static enum status go_to_branch(struct hunter *h, struct litter *l, struct error *error)
{
    struct island *i = h->island;
    enum run_state state;
    hunt_restart(h);
    hunt_aim(h, l->parent.deviations, l->parent.count);
    enum status status = hunt_advance(h, l->event, &state, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct run_snapshot *branch = run_snapshot_take_again(h->run, i->branch, error);
    if (branch == NULL) {
        return STATUS_NO_MEMORY;
    }
    i->branch = branch;
    l->asks = h->asks;
    l->made = h->made;
    l->repeats = h->repeats;
    return STATUS_OK;
}

static enum status begin_litter(struct hunter *h, struct litter *l, struct error *error)
{
    l->parent = *choose_parent(h->island);
    l->event = random_below(&h->island->draws, l->parent.events);
    return go_to_branch(h, l, error);
}

/* Whoever visits may have made other runs, by which the snapshot was lost. */
static enum status return_to_branch(struct hunter *h, struct litter *l, struct error *error)
{
    if (l->repeats != h->repeats) {
        return go_to_branch(h, l, error);
    }
    run_snapshot_restore(h->run, h->island->branch);
    h->asks = l->asks;
    h->made = l->made;
    return STATUS_OK;
}

/* Ends the run under way and tells it; it may be a parent from now on. */
static enum status finish_child(struct hunter *h, uint64_t number, hunt_visit *visit, void *self,
                                bool *more, struct error *error)
{
    struct hunt_run told = {.number = number, .strategy = HUNT_GUIDED};
    h->asking = mark_pairs;
    enum status status = hunt_finish(h, h->visited, &told, error);
    h->asking = NULL;
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t on_its_way = h->island->news;
    mark_end(h, &told);
    if (h->island->news > 0) {
        keep_parent(h, &told, h->island->news > on_its_way);
    }
    *more = visit(self, &told);
    return STATUS_OK;
}

static enum status make_child(struct hunter *h, struct litter *l, uint64_t number,
                              hunt_visit *visit, void *self, bool *more, struct error *error)
{
    enum status status = return_to_branch(h, l, error);
    if (status != STATUS_OK) {
        return status;
    }
    h->draws = hunt_stream(h, number);
    h->island->news = 0;
    aim_child(h, &l->parent, l->made);
    return finish_child(h, number, visit, self, more, error);
}

enum status island_explore(struct hunter *h, uint64_t first, uint64_t count, hunt_visit *visit,
                           void *self, struct error *error)
{
    struct island *i = h->island;
    struct litter litter;
    bool more = true;
    memset(i->seen, 0, sizeof i->seen);
    i->parents_count = 0;
    i->parents_ever = 0;
    i->leaders_ever = 0;
    hunt_restart(h);
    hunt_aim(h, NULL, 0);
    enum status status = finish_child(h, first, visit, self, &more, error);
    i->draws = hunt_stream(h, first);
    for (uint64_t k = 1; k < count && more && status == STATUS_OK; k++) {
        if ((k - 1) % LITTER == 0) {
            status = begin_litter(h, &litter, error);
        }
        if (status == STATUS_OK) {
            status = make_child(h, &litter, first + k, visit, self, &more, error);
        }
    }
    return status;
}

enum status island_open(struct hunter *h, struct error *error)
{
    h->island = calloc(1, sizeof *h->island);
    return h->island != NULL ? STATUS_OK
                             : error_set(error, STATUS_NO_MEMORY, "out of memory for a hunt");
}

void island_close(struct hunter *h)
{
    if (h->island != NULL) {
        run_snapshot_release(h->island->branch);
        free(h->island);
    }
}

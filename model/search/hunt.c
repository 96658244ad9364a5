/* hunt.c: see hunt.h. */
#include "model/search/hunt_state.h"

#include <stdlib.h>

/* A piece takes a core for some tenths of a second, and holds enough runs to learn from. */
enum { PIECE_EVENTS = 1 << 20, PIECE_RUNS_LEAST = 256, PIECE_RUNS_MOST = 4096 };

/* So many runs of ten are of a strategy, where all are wanted. */
static const uint32_t shares[HUNT_STRATEGIES_COUNT] = {
    [HUNT_SWARM] = 4, [HUNT_PCT] = 3, [HUNT_REALISTIC] = 2, [HUNT_UNIFORM] = 1};

/* And so many pieces of ten are islands. */
enum { ISLANDS_OF_TEN = 5 };

const char *hunt_strategy_word(enum hunt_strategy strategy)
{
    static const char *const words[] = {
#define X(name, word) word,
        HUNT_STRATEGY_MAP(X)
#undef X
    };
    return words[strategy];
}

/* --- one run
 * -----------------------------------------------------------------------------------------------
 */

static uint32_t answer(void *self, uint32_t label, uint64_t count)
{
    struct hunter *h = self;
    if (label != CHOICE_DEVIATION) {
        return 0;
    }
    const struct deviation_offer *offer = &hunted(h)->deviations.offer;
    ASSERT(count == 1 + (uint64_t)__builtin_popcountll(offer->forms));
    if (h->asking != NULL) {
        h->asking(h, offer);
    }
    uint64_t form =
        h->draw != NULL && h->made < h->deviations_most ? h->draw(h, offer) : UINT64_C(0);
    h->asks++;
    if (form == 0) {
        return 0;
    }
    ASSERT((form & (form - 1)) == 0 && (form & offer->forms) != 0);
    h->made++;
    return 1 + (uint32_t)__builtin_popcountll(offer->forms & (form - 1));
}

void hunt_restart(struct hunter *h)
{
    run_snapshot_restore(h->run, h->start);
    h->asks = 0;
    h->made = 0;
    h->draw = NULL;
    h->asking = NULL;
}

enum status hunt_advance(struct hunter *h, uint64_t events, enum run_state *state,
                         struct error *error)
{
    struct error why;
    *state = run_advance(h->run, events, &why);
    return *state == RUN_FAILED ? error_set(error, STATUS_IO, "%s", why.message) : STATUS_OK;
}

static uint32_t violated_by(const struct run *run)
{
    uint32_t bits = 0;
    for (uint64_t i = 0; i < run_violations_count(run); i++) {
        struct violation_row row;
        run_violation(run, i, &row);
        bits |= UINT32_C(1) << row.invariant;
    }
    return bits;
}

/* A run that did not end is not judged: much of what it has not done it may yet do. */
enum status hunt_finish(struct hunter *h, struct deviation room[HUNT_DEVIATIONS_MAX],
                        struct hunt_run *told, struct error *error)
{
    const struct pipeline *p = hunted(h);
    uint64_t most = run_endless_at(h->plain_events);
    uint64_t done = p->cloud.simulation.events;
    enum run_state state;
    enum status status = hunt_advance(h, most > done ? most - done : 0, &state, error);
    if (status != STATUS_OK) {
        return status;
    }
    told->end = state == RUN_GOING  ? EXPLORED_ENDLESS
                : state == RUN_FULL ? EXPLORED_FULL
                                    : EXPLORED_ENDED;
    run_finish(h->run);
    told->violated = told->end == EXPLORED_ENDED ? violated_by(h->run) : 0;
    told->deviations_count = (uint32_t)deviations_count(p);
    ASSERT(told->deviations_count <= HUNT_DEVIATIONS_MAX);
    memcpy(room, p->deviations.made, told->deviations_count * sizeof *room);
    told->deviations = room;
    told->events = p->cloud.simulation.events;
    told->run = h->run;
    return STATUS_OK;
}

struct random_stream hunt_stream(const struct hunter *h, uint64_t number)
{
    struct random_stream all = random_stream(h->hunt.seed, TEXT("hunt"));
    all.count = number;
    return (struct random_stream){.key = random_next(&all)};
}

enum status hunter_repeat(struct hunter *h, const struct deviation *deviations, uint32_t count,
                          struct hunt_run *told, struct error *error)
{
    ASSERT(count <= HUNT_DEVIATIONS_MAX);
    h->repeats++;
    hunt_restart(h);
    hunt_aim(h, deviations, count);
    return hunt_finish(h, h->repeated, told, error);
}

/* --- pieces
 * -----------------------------------------------------------------------------------------------
 */

static bool is_island(const struct hunter *h, uint64_t piece)
{
    uint32_t guided = 1U << HUNT_GUIDED;
    if ((h->hunt.strategies & ~guided) == 0) {
        return true;
    }
    return (h->hunt.strategies & guided) != 0 && piece * ISLANDS_OF_TEN % 10 + ISLANDS_OF_TEN >= 10;
}

/* The strategy of a run of a piece that is no island. */
static enum hunt_strategy strategy_of(const struct hunter *h, uint64_t number)
{
    uint32_t all = 0;
    for (unsigned i = 0; i < HUNT_GUIDED; i++) {
        all += (h->hunt.strategies >> i & 1) != 0 ? shares[i] : 0;
    }
    uint64_t place = number % all;
    unsigned strategy = 0;
    for (;; strategy++) {
        uint32_t share = (h->hunt.strategies >> strategy & 1) != 0 ? shares[strategy] : 0;
        if (place < share) {
            return (enum hunt_strategy)strategy;
        }
        place -= share;
    }
}

static enum status make(struct hunter *h, uint64_t number, struct hunt_run *told,
                        struct error *error)
{
    *told = (struct hunt_run){.number = number, .strategy = strategy_of(h, number)};
    hunt_restart(h);
    hunt_prepare(h, told->strategy, number);
    return hunt_finish(h, h->visited, told, error);
}

enum status hunter_piece(struct hunter *h, uint64_t piece, hunt_visit *visit, void *self,
                         struct error *error)
{
    uint64_t first = piece * h->piece_runs;
    if (is_island(h, piece)) {
        return island_explore(h, first, h->piece_runs, visit, self, error);
    }
    enum status status = STATUS_OK;
    bool more = true;
    for (uint64_t i = 0; i < h->piece_runs && more && status == STATUS_OK; i++) {
        struct hunt_run told;
        status = make(h, first + i, &told, error);
        more = status == STATUS_OK && visit(self, &told);
    }
    return status;
}

/* Passes on the one run that is wanted. */
struct wanted_run {
    uint64_t number;
    hunt_visit *visit;
    void *self;
};

static bool visit_wanted(void *self, const struct hunt_run *run)
{
    struct wanted_run *wanted = self;
    if (run->number != wanted->number) {
        return true;
    }
    (void)wanted->visit(wanted->self, run);
    return false;
}

enum status hunter_run(struct hunter *h, uint64_t number, hunt_visit *visit, void *self,
                       struct error *error)
{
    struct wanted_run wanted = {number, visit, self};
    uint64_t piece = number / h->piece_runs;
    if (is_island(h, piece)) {
        return hunter_piece(h, piece, visit_wanted, &wanted, error);
    }
    struct hunt_run told;
    enum status status = make(h, number, &told, error);
    if (status == STATUS_OK) {
        (void)visit(self, &told);
    }
    return status;
}

/* --- set-up
 * -----------------------------------------------------------------------------------------------
 */

static void count_ask(struct hunter *h, const struct deviation_offer *offer)
{
    h->asked[offer->point]++;
}

static uint32_t processes(const struct pipeline *p)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < TASK_TYPES_COUNT; i++) {
        count += p->cloud.serials->last[i];
    }
    return count;
}

static enum status make_plain_run(struct hunter *h, struct error *error)
{
    struct hunt_run told;
    hunt_restart(h);
    h->asking = count_ask;
    h->plain_events = UINT64_MAX; /* it has the time it needs */
    enum status status = hunt_finish(h, h->visited, &told, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (told.end == EXPLORED_FULL) {
        return error_set(error, STATUS_FULL, "has no room for the run without a deviation");
    }
    h->plain_events = told.events;
    h->plain_asks = h->asks;
    h->plain_processes = processes(hunted(h));
    uint64_t runs = PIECE_EVENTS / (h->plain_events + 1);
    h->piece_runs = runs < PIECE_RUNS_LEAST  ? PIECE_RUNS_LEAST
                    : runs > PIECE_RUNS_MOST ? PIECE_RUNS_MOST
                                             : runs;
    return STATUS_OK;
}

static void sort_forms(struct hunter *h)
{
    for (uint32_t i = 0; i < h->hunt.menu->count; i++) {
        h->group_forms[h->hunt.menu->forms[i].group] |= UINT64_C(1) << i;
    }
}

static enum status set_up(struct hunter *h, struct error *error)
{
    choices_init_asked(&h->choices, cloud_choice_names, CHOICES_COUNT, answer, h);
    trace_init(&h->trace);
    struct run_options options = {.choices = &h->choices,
                                  .trace = &h->trace,
                                  .menu = h->hunt.menu,
                                  .scratch = h->hunt.scratch};
    h->run = run_create(h->hunt.scenario, &options, error);
    h->start = h->run == NULL ? NULL : run_snapshot_take(h->run, error);
    if (h->start == NULL) {
        return error->status;
    }
    sort_forms(h);
    enum status status = make_plain_run(h, error);
    if (status == STATUS_OK && (h->hunt.strategies >> HUNT_GUIDED & 1) != 0) {
        status = island_open(h, error);
    }
    return status;
}

struct hunter *hunter_open(const struct hunt *hunt, struct error *error)
{
    ASSERT(hunt->scenario->faults_count < FAULTS_MAX && hunt->menu->count > 0);
    ASSERT(hunt->strategies != 0 && hunt->strategies <= HUNT_STRATEGIES_ALL);
    struct hunter *h = calloc(1, sizeof *h);
    if (h == NULL) {
        (void)error_set(error, STATUS_NO_MEMORY, "out of memory for a hunt");
        return NULL;
    }
    h->hunt = *hunt;
    uint32_t room = FAULTS_MAX - hunt->scenario->faults_count;
    h->deviations_most = room < HUNT_DEVIATIONS_MAX ? room : HUNT_DEVIATIONS_MAX;
    if (set_up(h, error) != STATUS_OK) {
        hunter_close(h);
        return NULL;
    }
    return h;
}

void hunter_close(struct hunter *h)
{
    if (h == NULL) {
        return;
    }
    island_close(h);
    run_snapshot_release(h->start);
    (void)run_destroy(h->run, NULL);
    free(h);
}

uint64_t hunter_piece_runs(const struct hunter *h)
{
    return h->piece_runs;
}

uint64_t hunter_repeats(const struct hunter *h)
{
    return h->repeats;
}

uint64_t hunter_events(const struct hunter *h)
{
    return h->plain_events;
}

uint64_t hunter_asks(const struct hunter *h)
{
    return h->plain_asks;
}

const struct pipeline *hunter_pipeline(const struct hunter *h)
{
    return hunted(h);
}

/* explore.c: see explore.h. */
#include "model/search/explore.h"

#include "model/pipeline/run_snapshot.h"
#include "model/pipeline/run_state.h"
#include "sim/memory.h"

#include <stdlib.h>

/* A snapshot is worth so many events: those that lie between are executed again. */
enum { SNAPSHOT_SPACING = 24 };

/* Choices of one event. A batch of messages asks once for each. */
enum { ASKS_MAX = 128 };

/* What an event is to choose, from its first ask on; then defaults. */
struct prescription {
    uint32_t count;
    uint8_t values[ASKS_MAX];
};

/* A place where the run under way could have deviated. */
struct turn {
    uint64_t event;         /* how many events had been executed before it */
    uint32_t snapshot;      /* the latest before it */
    uint32_t alternatives;  /* beside the default */
    uint64_t item;          /* of the plain run: number of the first alternative's */
    struct prescription at; /* what it had chosen until it asked this */
};

struct held_snapshot {
    struct run_snapshot *snapshot;
    uint64_t event;
};

/* A world that was seen, with the most deviations that were left then. A cell is free unless its
 * age is the explorer's. */
struct seen_world {
    struct hash128 fingerprint;
    uint32_t age, left;
};

/* A deviation at a turn of another's run; those from the first one on lead to a world. */
struct way {
    uint64_t event; /* as a turn's */
    uint32_t from;  /* the way that it goes on from; 0: the plain run */
    uint8_t ask, alternative;
    uint16_t length; /* how many deviations */
};

struct explorer {
    struct exploration exploration;
    struct choices choices;
    struct trace trace;
    struct run *run;
    struct error *error;
    enum status status;

    struct prescription *told; /* what the event under way is to choose; NULL: defaults */
    uint32_t asks;             /* of the event under way so far */
    uint8_t alternatives[ASKS_MAX];

    uint64_t events, plain_events; /* of the run under way; of the plain one */
    struct turn *turns;
    uint32_t turns_count, turns_room;
    struct held_snapshot *snapshots;
    uint32_t snapshots_count, snapshots_room;
    uint32_t plain_turns, plain_snapshots;
    struct exploration_counts plain_counts;
    uint64_t items;

    struct seen_world *worlds;
    uint64_t cells, worlds_count; /* a power of two */
    uint32_t age;                 /* how often all were forgotten, plus one */
    struct pending_event *pending;

    struct way *ways; /* of a search that is breadth first */
    uint32_t ways_count, ways_room;

    exploration_visit *visit;
    void *visitor;
    struct exploration_counts *counts;
    bool (*stopped)(void);
};

static struct pipeline *pipeline_under(const struct explorer *e)
{
    return run_pipeline(e->run);
}

/* --- one event
 * -----------------------------------------------------------------------------------------------
 */

static uint32_t answer(void *self, uint32_t label, uint64_t count)
{
    struct explorer *e = self;
    if (label != CHOICE_DEVIATION) {
        return 0;
    }
    ASSERT(e->asks < ASKS_MAX && count <= UINT8_MAX);
    uint32_t ask = e->asks++;
    e->alternatives[ask] = (uint8_t)(count - 1);
    return e->told != NULL && ask < e->told->count ? e->told->values[ask] : 0;
}

/* Executes one. `silent`: nothing is asked. */
static enum run_state step(struct explorer *e, bool silent, struct prescription *told)
{
    struct error why;
    e->asks = 0;
    e->told = told;
    pipeline_under(e)->deviations.silent = silent;
    enum run_state state = run_advance(e->run, 1, &why);
    e->told = NULL;
    e->events++;
    e->counts->events++;
    if (state == RUN_FAILED) {
        e->status = error_set(e->error, STATUS_IO, "%s", why.message);
    }
    return state;
}

/* --- snapshots and turns
 * -----------------------------------------------------------------------------------------------
 */

static bool grow(struct explorer *e, void **list, uint32_t *room, size_t size)
{
    uint32_t more = *room == 0 ? 256 : *room * 2;
    void *grown = realloc(*list, more * size);
    if (grown == NULL) {
        e->status = error_set(e->error, STATUS_NO_MEMORY, "out of memory for exploring");
        return false;
    }
    memset((char *)grown + *room * size, 0, (more - *room) * size);
    *list = grown;
    *room = more;
    return true;
}

/* Keeps the present; room of snapshots that are void is used again. */
static void hold_snapshot(struct explorer *e)
{
    if (e->snapshots_count == e->snapshots_room &&
        !grow(e, (void **)&e->snapshots, &e->snapshots_room, sizeof *e->snapshots)) {
        return;
    }
    struct held_snapshot *held = &e->snapshots[e->snapshots_count];
    struct run_snapshot *snapshot = run_snapshot_take_again(e->run, held->snapshot, e->error);
    if (snapshot == NULL) {
        e->status = STATUS_NO_MEMORY;
        return;
    }
    held->snapshot = snapshot;
    held->event = e->events;
    e->snapshots_count++;
}

/* Notes the asks of the event just executed, from `first` on. `told`: what it was to choose. */
static void note_turns(struct explorer *e, uint32_t first, const struct prescription *told)
{
    for (uint32_t i = first; i < e->asks; i++) {
        if (e->turns_count == e->turns_room &&
            !grow(e, (void **)&e->turns, &e->turns_room, sizeof *e->turns)) {
            return;
        }
        struct turn *turn = &e->turns[e->turns_count++];
        turn->event = e->events - 1;
        turn->snapshot = e->snapshots_count - 1;
        turn->alternatives = e->alternatives[i];
        turn->at.count = i;
        memset(turn->at.values, 0, sizeof turn->at.values);
        if (told != NULL) {
            memcpy(turn->at.values, told->values, told->count < i ? told->count : i);
        }
    }
}

/* --- worlds
 * -----------------------------------------------------------------------------------------------
 */

static struct hash128 fingerprint(struct explorer *e)
{
    struct pipeline *p = pipeline_under(e);

    struct {
        struct hash128 world, table;
    } both = {
        world_fingerprint(&p->cloud.simulation.world, e->pending),
        table_fingerprint(p->cloud.table, cloud_now(&p->cloud)),
    };

    return hash128(&both, sizeof both);
}

/* Whether the present world has been seen with as many deviations left, or more; remembers it. */
static bool seen(struct explorer *e, uint32_t left)
{
    if (!e->exploration.fingerprints) {
        return false;
    }
    struct hash128 f = fingerprint(e);
    uint64_t cell = f.low & (e->cells - 1);
    while (e->worlds[cell].age == e->age) {
        struct seen_world *known = &e->worlds[cell];
        if (known->fingerprint.low == f.low && known->fingerprint.high == f.high) {
            bool before = known->left >= left;
            known->left = before ? known->left : left;
            return before;
        }
        cell = (cell + 1) & (e->cells - 1);
    }
    if (e->worlds_count == e->exploration.worlds_most) {
        e->counts->unremembered++;
        return false;
    }
    e->worlds[cell] = (struct seen_world){f, e->age, left};
    e->worlds_count++;
    e->counts->worlds++;
    return false;
}

/* An item begins without any, so that what comes of it depends on nothing else. */
static void forget_worlds(struct explorer *e)
{
    e->worlds_count = 0;
    if (++e->age == 0) {
        memset(e->worlds, 0, e->cells * sizeof *e->worlds);
        e->age = 1;
    }
}

/* --- runs
 * -----------------------------------------------------------------------------------------------
 */

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

/* The run under way is over. */
static void tell(struct explorer *e, enum exploration_end end)
{
    struct pipeline *p = pipeline_under(e);
    struct exploration_run told = {
        .end = end,
        .deviations_count = (uint32_t)deviations_count(p),
        .deviations = p->deviations.made,
        .run = e->run,
    };
    if (end == EXPLORED_SEEN) {
        e->counts->seen++;
    } else {
        e->counts->runs++;
        run_finish(e->run);
        told.violated = violated_by(e->run);
    }
    e->visit(e->visitor, &told);
}

static bool interrupted(struct explorer *e)
{
    if (e->status == STATUS_OK && e->stopped != NULL && e->stopped()) {
        e->status = STATUS_INTERRUPTED;
    }
    return e->status != STATUS_OK;
}

/* When worlds were last compared, and how many points were reached until then. */
struct look {
    uint64_t reached;
    uint32_t looks;
};

/* Whether it is time to compare worlds: at every point while there are deviations left; then, since
 * what has not come to a known world by then rarely does, at fewer and fewer. */
static bool looks(const struct explorer *e, struct look *look, uint32_t left)
{
    uint64_t reached = pipeline_under(e)->deviations.reached;
    uint64_t wait = left > 0 ? 1 : UINT64_C(2) << look->looks;
    if (reached - look->reached < wait) {
        return false;
    }
    look->reached = reached;
    look->looks++;
    return true;
}

/* Lets the run go on by defaults to its end, with `left` deviations left; notes turns and snapshots
 * where there are any. */
static void go_on(struct explorer *e, uint32_t left)
{
    uint64_t events_most = run_endless_at(e->plain_events);
    struct look looked = {.reached = pipeline_under(e)->deviations.reached};
    uint64_t held_at = 0;
    bool held = false;
    bool endless = false;
    enum run_state state = RUN_GOING;
    while (state == RUN_GOING && !endless) {
        if (left > 0 && (!held || e->events - held_at >= SNAPSHOT_SPACING)) {
            hold_snapshot(e);
            held = true;
            held_at = e->events;
        }
        state = step(e, left == 0, NULL);
        if (e->status != STATUS_OK) {
            return;
        }
        note_turns(e, 0, NULL);
        if (state == RUN_GOING && looks(e, &looked, left) && seen(e, left)) {
            tell(e, EXPLORED_SEEN);
            return;
        }
        endless = e->plain_events > 0 && e->events > events_most;
    }
    tell(e, endless ? EXPLORED_ENDLESS : state == RUN_FULL ? EXPLORED_FULL : EXPLORED_ENDED);
}

static void branch(struct explorer *e, const struct turn *turn, uint32_t alternative,
                   uint32_t left);

/* All that deviates at the turns above `turns`, the last one first; they are forgotten then. */
static void branch_all(struct explorer *e, uint32_t turns, uint32_t left)
{
    while (e->turns_count > turns && !interrupted(e)) {
        struct turn turn = e->turns[e->turns_count - 1];
        for (uint32_t i = turn.alternatives; i > 0 && !interrupted(e); i--) {
            branch(e, &turn, i, left);
        }
        e->turns_count--;
    }
    e->turns_count = turns;
}

/* Goes back to a turn, takes an alternative there, and does all that follows with `left` deviations
 * left. */
static void branch(struct explorer *e, const struct turn *turn, uint32_t alternative, uint32_t left)
{
    const struct held_snapshot *from = &e->snapshots[turn->snapshot];
    uint32_t turns = e->turns_count;
    struct prescription told = turn->at;
    told.values[told.count++] = (uint8_t)alternative;
    run_snapshot_restore(e->run, from->snapshot);
    e->snapshots_count = turn->snapshot + 1;
    e->events = from->event;
    while (e->events < turn->event) {
        (void)step(e, true, NULL);
    }
    enum run_state state = step(e, false, &told);
    if (left > 0) {
        note_turns(e, told.count, &told);
    }
    if (state != RUN_GOING) {
        tell(e, state == RUN_FULL ? EXPLORED_FULL : EXPLORED_ENDED);
    } else if (seen(e, left)) {
        tell(e, EXPLORED_SEEN);
    } else {
        go_on(e, left);
    }
    branch_all(e, turns, left > 0 ? left - 1 : 0);
}

/* --- the interface
 * -----------------------------------------------------------------------------------------------
 */

static void ignore(void *self, const struct exploration_run *run)
{
    (void)self;
    (void)run;
}

/* The plain run, with its turns and snapshots, and the items' numbers. */
static void make_plain_run(struct explorer *e)
{
    bool fingerprints = e->exploration.fingerprints;
    e->visit = ignore;
    e->counts = &e->plain_counts;
    e->exploration.fingerprints = false;
    go_on(e, e->exploration.deviations);
    e->exploration.fingerprints = fingerprints;
    e->plain_events = e->events;
    e->plain_turns = e->turns_count;
    e->plain_snapshots = e->snapshots_count;
    e->items = 1;
    for (uint32_t i = 0; i < e->plain_turns; i++) {
        e->turns[i].item = e->items;
        e->items += e->turns[i].alternatives;
    }
}

static enum status reserve_worlds(struct explorer *e)
{
    e->cells = 1;
    while (e->cells < 2 * e->exploration.worlds_most) {
        e->cells *= 2;
    }
    e->worlds = memory_reserve(e->cells * sizeof *e->worlds);
    uint32_t events = pipeline_under(e)->cloud.simulation.world.queue_capacity;
    e->pending = memory_reserve(events * sizeof *e->pending);
    if (e->worlds == NULL || e->pending == NULL) {
        return error_set(e->error, STATUS_NO_MEMORY, "out of memory for %llu worlds",
                         (unsigned long long)e->exploration.worlds_most);
    }
    return STATUS_OK;
}

struct explorer *explorer_open(const struct exploration *exploration, struct error *error)
{
    ASSERT(exploration->deviations >= 1 && exploration->deviations <= EXPLORE_DEVIATIONS_MAX);
    struct explorer *e = calloc(1, sizeof *e);
    if (e == NULL) {
        (void)error_set(error, STATUS_NO_MEMORY, "out of memory for exploring");
        return NULL;
    }
    e->exploration = *exploration;
    e->error = error;
    choices_init_asked(&e->choices, cloud_choice_names, CHOICES_COUNT, answer, e);
    trace_init(&e->trace);
    struct run_options options = {.choices = &e->choices,
                                  .trace = &e->trace,
                                  .menu = exploration->menu,
                                  .scratch = exploration->scratch};
    e->run = run_create(exploration->scenario, &options, error);
    if (e->run == NULL || reserve_worlds(e) != STATUS_OK) {
        explorer_close(e);
        return NULL;
    }
    make_plain_run(e);
    if (e->status != STATUS_OK) {
        explorer_close(e);
        return NULL;
    }
    return e;
}

void explorer_close(struct explorer *e)
{
    if (e == NULL) {
        return;
    }
    for (uint32_t i = 0; i < e->snapshots_room; i++) {
        run_snapshot_release(e->snapshots[i].snapshot);
    }
    if (e->pending != NULL) {
        memory_release(e->pending, pipeline_under(e)->cloud.simulation.world.queue_capacity *
                                       sizeof *e->pending);
    }
    (void)run_destroy(e->run, NULL);
    memory_release(e->worlds, e->cells * sizeof *e->worlds);
    free(e->snapshots);
    free(e->ways);
    free(e->turns);
    free(e);
}

uint64_t explorer_items(const struct explorer *e)
{
    return e->items;
}

uint64_t explorer_events(const struct explorer *e)
{
    return e->plain_events;
}

const struct pipeline *explorer_pipeline(const struct explorer *e)
{
    return pipeline_under(e);
}

/* The turn of the plain run whose alternatives include an item's. */
static const struct turn *turn_of(const struct explorer *e, uint64_t item)
{
    uint32_t low = 0;
    uint32_t high = e->plain_turns;
    while (high - low > 1) {
        uint32_t middle = (low + high) / 2;
        if (e->turns[middle].item <= item) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return &e->turns[low];
}

/* Item 0: the plain run once more, from its first snapshot. */
static void tell_plain_run(struct explorer *e)
{
    uint32_t snapshots = e->snapshots_count;
    run_snapshot_restore(e->run, e->snapshots[0].snapshot);
    e->events = 0;
    bool fingerprints = e->exploration.fingerprints;
    e->exploration.fingerprints = false;
    go_on(e, 0);
    e->exploration.fingerprints = fingerprints;
    e->snapshots_count = snapshots;
}

/* Work starts: the plain run's turns are there, and no world is known. */
static void begin(struct explorer *e, exploration_visit *visit, void *self,
                  struct exploration_counts *counts, bool (*stopped)(void), struct error *error)
{
    e->status = STATUS_OK;
    e->error = error;
    e->visit = visit;
    e->visitor = self;
    e->counts = counts;
    e->stopped = stopped;
    e->turns_count = e->plain_turns;
    forget_worlds(e);
}

enum status explorer_item(struct explorer *e, uint64_t item, exploration_visit *visit, void *self,
                          struct exploration_counts *counts, bool (*stopped)(void),
                          struct error *error)
{
    ASSERT(item < e->items);
    begin(e, visit, self, counts, stopped, error);
    if (item == 0) {
        tell_plain_run(e);
        return e->status;
    }
    struct turn turn = *turn_of(e, item);
    branch(e, &turn, (uint32_t)(item - turn.item) + 1, e->exploration.deviations - 1);
    return e->status;
}

/* --- all worlds
 * -----------------------------------------------------------------------------------------------
 */

/* Ways on from the turns of the run that way `from` made. */
static void note_ways(struct explorer *e, uint32_t from)
{
    uint16_t length = (uint16_t)(e->ways[from].length + 1);
    for (uint32_t i = e->plain_turns; i < e->turns_count; i++) {
        const struct turn *turn = &e->turns[i];
        for (uint32_t k = 1; k <= turn->alternatives; k++) {
            if (e->ways_count == e->ways_room &&
                !grow(e, (void **)&e->ways, &e->ways_room, sizeof *e->ways)) {
                return;
            }
            e->ways[e->ways_count++] =
                (struct way){turn->event, from, (uint8_t)turn->at.count, (uint8_t)k, length};
        }
    }
    e->turns_count = e->plain_turns;
}

/* Executes what comes before the event of a way's last deviation, and that event. */
static enum run_state go_way(struct explorer *e, uint32_t way)
{
    uint32_t steps[DEVIATIONS_MADE_MAX + 1];
    uint32_t count = 0;
    for (uint32_t at = way; at != 0; at = e->ways[at].from) {
        ASSERT(count <= DEVIATIONS_MADE_MAX);
        steps[count++] = at;
    }
    enum run_state state = RUN_GOING;
    while (count > 0) {
        uint64_t event = e->ways[steps[count - 1]].event;
        struct prescription told = {.count = 0};
        for (; count > 0 && e->ways[steps[count - 1]].event == event; count--) {
            const struct way *next = &e->ways[steps[count - 1]];
            told.count = next->ask + 1U;
            told.values[next->ask] = next->alternative;
        }
        while (e->events < event) {
            (void)step(e, true, NULL);
        }
        state = step(e, false, &told);
        if (count == 0) {
            note_turns(e, told.count, &told);
        }
    }
    return state;
}

/* The run of a way, up to a world that was seen before or to its end. */
static void take_way(struct explorer *e, uint32_t way)
{
    run_snapshot_restore(e->run, e->snapshots[0].snapshot);
    e->snapshots_count = 1;
    e->events = 0;
    enum run_state state = go_way(e, way);
    if (state != RUN_GOING) {
        tell(e, state == RUN_FULL ? EXPLORED_FULL : EXPLORED_ENDED);
    } else if (way != 0 && seen(e, 1)) {
        tell(e, EXPLORED_SEEN);
    } else {
        go_on(e, 1);
    }
    note_ways(e, way);
}

enum status explorer_reach(struct explorer *e, exploration_visit *visit, void *self,
                           struct exploration_counts *counts, bool (*stopped)(void),
                           struct error *error)
{
    ASSERT(e->exploration.fingerprints);
    begin(e, visit, self, counts, stopped, error);
    if (e->ways_room == 0 && !grow(e, (void **)&e->ways, &e->ways_room, sizeof *e->ways)) {
        return e->status;
    }
    e->ways_count = 1;
    e->ways[0] = (struct way){.event = 0};
    for (uint32_t way = 0; way < e->ways_count && !interrupted(e); way++) {
        take_way(e, way);
        if (e->status == STATUS_OK && counts->unremembered > 0) {
            return error_set(error, STATUS_FULL, "there are more than %llu worlds",
                             (unsigned long long)e->exploration.worlds_most);
        }
    }
    return e->status;
}

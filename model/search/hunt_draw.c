/* hunt_draw.c: what the strategies draw that look at no other run: see hunt.h. */
#include "model/search/hunt_state.h"

__extension__ typedef unsigned __int128 uint128;

/* 2^(quarters / 4), times 256. */
static uint64_t power_of_two(uint64_t quarters)
{
    static const uint64_t roots[] = {256, 304, 362, 431};
    return roots[quarters & 3] << (quarters >> 2);
}

/* Log-uniform over so many octaves; nil with a chance of 1/4. */
static uint64_t draw_weight(struct random_stream *draws, uint32_t octaves)
{
    uint64_t quarters = random_below(draws, UINT64_C(4) * octaves);
    return random_below(draws, 4) == 0 ? 0 : power_of_two(quarters);
}

static uint64_t nth_bit(uint64_t bits, uint64_t n)
{
    for (; n > 0; n--) {
        bits &= bits - 1;
    }
    return bits & (0 - bits);
}

/* One of the bits, each with the same chance. */
static uint64_t any_bit(struct random_stream *draws, uint64_t bits)
{
    return nth_bit(bits, random_below(draws, (uint64_t)__builtin_popcountll(bits)));
}

uint64_t hunt_any_form(struct hunter *h, uint64_t forms)
{
    uint64_t groups = 0;
    for (uint32_t i = 0; i < DEVIATION_GROUPS_COUNT; i++) {
        groups |= (uint64_t)((h->group_forms[i] & forms) != 0) << i;
    }
    uint64_t group = any_bit(&h->draws, groups);
    return any_bit(&h->draws, forms & h->group_forms[__builtin_ctzll(group)]);
}

/* --- weights
 * -----------------------------------------------------------------------------------------------
 */

enum { GROUP_OCTAVES = 10, ACTOR_OCTAVES = 4, POINT_OCTAVES = 6 };

/* What a weight of 1 is, of an actor or a point. */
enum { UNIT = 256 };

static uint32_t actor_of(uint32_t point)
{
    return point_is_of_service(point) ? TASK_TYPES_MAX + point - point_of_service(0)
                                      : point / TASK_POINTS_MAX;
}

static uint64_t weight_of_point(const struct hunt_weights *w, uint32_t point)
{
    if (w->key == 0) {
        return UNIT;
    }
    struct random_stream own = {.key = w->key, .count = UINT64_C(2) * point};
    return draw_weight(&own, POINT_OCTAVES);
}

/* Of all that may strike at a point together; below 2^50. */
static uint64_t weight_at(const struct hunter *h, uint32_t point)
{
    const struct hunt_weights *w = &h->weights;
    uint64_t possible = run_pipeline(h->run)->deviations.possible[point];
    if (w->evenly) {
        return (uint64_t)__builtin_popcountll(possible);
    }
    uint64_t sum = 0;
    for (uint32_t i = 0; i < DEVIATION_GROUPS_COUNT; i++) {
        sum += (possible & h->group_forms[i]) != 0 ? w->of_group[i] : 0;
    }
    return (sum * w->of_actor[actor_of(point)] >> 8) * weight_of_point(w, point) >> 8;
}

static uint32_t chance_at(struct hunter *h, uint32_t point)
{
    struct hunt_weights *w = &h->weights;
    if (w->known[point] == 0) {
        uint128 chance = (uint128)weight_at(h, point) * w->scale >> 24;
        w->chances[point] = chance < UINT32_MAX / 2 ? (uint32_t)chance : UINT32_MAX / 2;
        w->known[point] = 1;
    }
    return w->chances[point];
}

/* Which of the forms, once it is decided that one strikes. */
static uint64_t weighted_form(struct hunter *h, uint64_t forms)
{
    const struct hunt_weights *w = &h->weights;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < DEVIATION_GROUPS_COUNT; i++) {
        sum += (forms & h->group_forms[i]) != 0 ? w->of_group[i] : 0;
    }
    if (sum == 0) {
        return 0;
    }
    uint64_t place = random_below(&h->draws, sum);
    uint32_t group = 0;
    for (;; group++) {
        uint64_t weight = (forms & h->group_forms[group]) != 0 ? w->of_group[group] : 0;
        if (place < weight) {
            return any_bit(&h->draws, forms & h->group_forms[group]);
        }
        place -= weight;
    }
}

uint64_t hunt_draw_by_weight(struct hunter *h, const struct deviation_offer *offer)
{
    if (random_next(&h->draws) >> 32 >= chance_at(h, offer->point)) {
        return 0;
    }
    return h->weights.evenly ? any_bit(&h->draws, offer->forms) : weighted_form(h, offer->forms);
}

/* Scales chances so that a run which asks as the plain one does deviates `expected` / 256 times.
 * False where nothing can happen. */
static bool expect_deviations(struct hunter *h, uint64_t expected)
{
    uint128 all = 0;
    for (uint32_t i = 0; i < POINTS_MAX; i++) {
        all += h->asked[i] > 0 ? (uint128)weight_at(h, i) * h->asked[i] : 0;
    }
    h->weights.scale = all == 0 ? 0 : (uint64_t)(((uint128)expected << 48) / all);
    return all > 0;
}

/* --- swarm, realistic, uniform
 * -----------------------------------------------------------------------------------------------
 */

static void use_weights(struct hunter *h)
{
    struct hunt_weights *w = &h->weights;
    memset(w, 0, sizeof *w);
    for (uint32_t i = 0; i < TASK_TYPES_MAX + SERVICE_POINTS_COUNT; i++) {
        w->of_actor[i] = UNIT;
    }
}

enum { EXPECTED_OCTAVES = 4, CONFIGURATIONS_MAX = 8 };

/* A configuration in which nothing can happen is drawn again. */
void hunt_weigh_as_swarm(struct hunter *h)
{
    struct hunt_weights *w = &h->weights;
    use_weights(h);
    bool strikes = false;
    for (int i = 0; i < CONFIGURATIONS_MAX && !strikes; i++) {
        for (uint32_t k = 0; k < DEVIATION_GROUPS_COUNT; k++) {
            w->of_group[k] = draw_weight(&h->draws, GROUP_OCTAVES);
        }
        for (uint32_t k = 0; k < TASK_TYPES_MAX + SERVICE_POINTS_COUNT; k++) {
            w->of_actor[k] = draw_weight(&h->draws, ACTOR_OCTAVES);
        }
        w->key = random_next(&h->draws) | 1;
        strikes =
            expect_deviations(h, power_of_two(random_below(&h->draws, 4 * EXPECTED_OCTAVES + 1)));
    }
}

enum { REALISTIC_EXPECTED = 8 };

/* In a large world so rare that a run has some left for its end. */
static void limit_deviations(struct hunter *h)
{
    uint64_t scale = h->weights.scale;
    (void)expect_deviations(h, 256 * REALISTIC_EXPECTED);
    h->weights.scale = scale < h->weights.scale ? scale : h->weights.scale;
}

/* Parts per million of the times that a point is reached. */
static void prepare_realistic(struct hunter *h)
{
    static const uint32_t rates[DEVIATION_GROUPS_COUNT] = {
        [DEVIATION_KILL] = 2000,  [DEVIATION_REORDER] = 5000,   [DEVIATION_STALL] = 2000,
        [DEVIATION_LOSE] = 1000,  [DEVIATION_DUPLICATE] = 5000, [DEVIATION_STALE] = 10000,
        [DEVIATION_TTL] = 100000, [DEVIATION_ERROR] = 2000,     [DEVIATION_DELAY] = 10000,
        [DEVIATION_FAIL] = 20000, [DEVIATION_CORRUPT] = 1000,   [DEVIATION_SKEW] = 50000,
    };
    use_weights(h);
    for (uint32_t i = 0; i < DEVIATION_GROUPS_COUNT; i++) {
        h->weights.of_group[i] = rates[i];
    }
    h->weights.scale = (UINT64_C(1) << 56) / 1000000;
    limit_deviations(h);
}

enum { UNIFORM_EXPECTED = 3 };

static void prepare_uniform(struct hunter *h)
{
    use_weights(h);
    h->weights.evenly = true;
    (void)expect_deviations(h, 256 * UNIFORM_EXPECTED);
}

/* --- priorities
 * -----------------------------------------------------------------------------------------------
 */

/* Those of the forms that are of a kind. */
static uint64_t forms_of_kinds(const struct hunter *h, uint64_t forms, uint32_t kinds)
{
    uint64_t some = 0;
    for (uint64_t left = forms; left != 0; left &= left - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(left);
        some |= (kinds >> h->hunt.menu->forms[i].fault.kind & 1) != 0 ? left & (0 - left) : 0;
    }
    return some;
}

enum {
    YIELDS = 1 << FAULT_YIELD,
    OVERTAKEN_BY_CLOCK = 1 << FAULT_STALL,
    LATE = 1 << FAULT_DELAY,
    OF_ORDER = YIELDS | OVERTAKEN_BY_CLOCK | LATE
};

static bool is_lowest(const struct hunter *h, const struct task *task)
{
    const struct hunt_priorities *r = &h->priorities;
    struct random_stream own = {.key = r->key ^ (uint64_t)task->type << 56 ^
                                       (uint64_t)task->parent << 28 ^ task->ordinal};
    if (random_below(&own, h->plain_processes) == 0) {
        return true;
    }
    for (uint32_t i = 0; i < r->lowest_count; i++) {
        const struct hunted_process *low = &r->lowest[i];
        if (low->type == task->type && low->of.parent == task->parent &&
            low->of.ordinal == task->ordinal) {
            return true;
        }
    }
    return false;
}

/* The form that lets most calls go first: the menu has them rising. */
static uint64_t yield_most(const struct hunter *h, uint64_t forms)
{
    uint64_t yields = forms_of_kinds(h, forms, YIELDS);
    return yields == 0 ? 0 : UINT64_C(1) << (63 - __builtin_clzll(yields));
}

static uint64_t one_of_kinds(struct hunter *h, uint64_t forms, uint32_t kinds)
{
    uint64_t some = forms_of_kinds(h, forms, kinds);
    return some == 0 ? 0 : any_bit(&h->draws, some);
}

/* A place where a priority changes: below the other processes, below the clock; of a service, below
 * the processes. 0 where that means nothing here. */
static uint64_t change_priority(struct hunter *h, const struct deviation_offer *offer)
{
    struct hunt_priorities *r = &h->priorities;
    const struct task *task = offer->task;
    if (task == NULL) {
        return one_of_kinds(h, offer->forms, LATE);
    }
    if (random_below(&h->draws, 2) == 0) {
        return one_of_kinds(h, offer->forms, OVERTAKEN_BY_CLOCK);
    }
    uint64_t yields = yield_most(h, offer->forms);
    if (yields != 0) {
        ASSERT(r->lowest_count < PCT_CHANGES_MAX);
        r->lowest[r->lowest_count++] = (struct hunted_process){
            task->type, {task->parent, task->ordinal}
        };
    }
    return yields;
}

/* What cannot happen at its place happens at the next one where it can. */
static uint64_t draw_by_priority(struct hunter *h, const struct deviation_offer *offer)
{
    struct hunt_priorities *r = &h->priorities;
    uint64_t form = 0;
    if (r->faults_done < r->faults_count && h->asks >= r->faults[r->faults_done]) {
        form = one_of_kinds(h, offer->forms, ~(uint32_t)OF_ORDER);
        r->faults_done += form != 0;
    }
    if (form == 0 && r->changes_done < r->changes_count && h->asks >= r->changes[r->changes_done]) {
        form = change_priority(h, offer);
        r->changes_done += form != 0;
    }
    if (form == 0 && offer->task != NULL && is_lowest(h, offer->task)) {
        form = yield_most(h, offer->forms);
    }
    return form;
}

/* Draws places among the plain run's asks, in order. */
static void draw_places(struct hunter *h, uint64_t *places, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint64_t place = random_below(&h->draws, h->plain_asks + 1);
        uint32_t at = i;
        for (; at > 0 && places[at - 1] > place; at--) {
            places[at] = places[at - 1];
        }
        places[at] = place;
    }
}

static void prepare_priorities(struct hunter *h, uint64_t number)
{
    struct hunt_priorities *r = &h->priorities;
    memset(r, 0, sizeof *r);
    r->changes_count = 1 + (uint32_t)(number / 10 % PCT_CHANGES_MAX);
    r->faults_count = (uint32_t)random_below(&h->draws, PCT_FAULTS_MAX + 1);
    r->key = random_next(&h->draws);
    draw_places(h, r->changes, r->changes_count);
    draw_places(h, r->faults, r->faults_count);
    h->draw = draw_by_priority;
}

void hunt_prepare(struct hunter *h, enum hunt_strategy strategy, uint64_t number)
{
    ASSERT(strategy < HUNT_GUIDED); /* whose runs have parents */
    h->draws = hunt_stream(h, number);
    h->draw = hunt_draw_by_weight;
    switch (strategy) {
    case HUNT_SWARM:
        hunt_weigh_as_swarm(h);
        break;
    case HUNT_PCT:
        prepare_priorities(h, number);
        break;
    case HUNT_REALISTIC:
        prepare_realistic(h);
        break;
    case HUNT_UNIFORM:
        prepare_uniform(h);
        break;
    case HUNT_GUIDED:
    case HUNT_STRATEGIES_COUNT:
        break;
    }
}

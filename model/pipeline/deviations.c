/* deviations.c: see deviations.h. */
#include "model/pipeline/deviations.h"

#include "model/pipeline/pipeline.h"

/* --- the menu
 * -----------------------------------------------------------------------------------------------
 */

/* Adds a form that differs so from the default. */
#define ADD(menu, group_name, kind_name, services_mask, ...)                                       \
    add(menu, DEVIATION_##group_name, services_mask,                                               \
        &(struct fault){.kind = FAULT_##kind_name, .times = 1, .calls = 1, __VA_ARGS__})
#define SECONDS(count) .by = {(count)*NS_PER_S}
#define AT(name) (UINT32_C(1) << SERVICE_POINT_##name)

static void add(struct deviation_menu *menu, enum deviation_group group, uint32_t services,
                const struct fault *fault)
{
    ASSERT(menu->count < DEVIATION_FORMS_MAX);
    menu->forms[menu->count++] = (struct deviation_form){group, *fault, services};
}

/* Past a lock's life, so that another may take it over; a function that would not live to see it is
 * frozen for half of its time-out. */
static struct duration long_stall(const struct scenario *s)
{
    int64_t life_ns = s->lock_ttl.ns + NS_PER_S;
    int64_t timeout_ns = s->function.timeout.ns;
    return (struct duration){life_ns < timeout_ns - NS_PER_S ? life_ns : timeout_ns / 2};
}

static void keep_groups(struct deviation_menu *menu, const struct deviation_menu *all,
                        uint32_t groups)
{
    menu->count = 0;
    for (uint32_t i = 0; i < all->count; i++) {
        if ((groups >> all->forms[i].group & 1) != 0) {
            menu->forms[menu->count++] = all->forms[i];
        }
    }
}

void deviation_menu_fill(struct deviation_menu *menu, const struct scenario *s, uint32_t groups)
{
    struct deviation_menu all = {0};
    ADD(&all, KILL, KILL, 0, .attempts = 1);
    ADD(&all, REORDER, YIELD, 0, .attempts = 1);
    ADD(&all, REORDER, DELAY, AT(NOTIFICATION) | AT(DELIVERY), .attempts = 1, SECONDS(5));
    ADD(&all, STALL, STALL, 0, .attempts = 1, SECONDS(2));
    ADD(&all, STALL, STALL, 0, .attempts = 1, .by = long_stall(s));
    ADD(&all, LOSE, LOSE_REPLY, 0, .attempts = 1);
    ADD(&all, LOSE, LOSE, 0, .attempts = 1);
    ADD(&all, DUPLICATE, DUPLICATE, 0, .attempts = 1);
    ADD(&all, STALE, STALE, 0, .attempts = 1, SECONDS(10));
    ADD(&all, TTL, DELAY, AT(TTL_DELETION), .attempts = 1, SECONDS(48 * 3600));
    ADD(&all, ERROR, THROTTLE, 0, .attempts = 1);
    ADD(&all, ERROR, ERROR, 0, .attempts = 0);
    ADD(&all, ERROR, REFUSE, 0, .attempts = 1);
    ADD(&all, DELAY, DELAY, AT(START) | AT(EVENT) | AT(TICK) | AT(BATCH), .attempts = 1,
        SECONDS(600));
    ADD(&all, FAIL, FAIL, 0, .attempts = 1);
    ADD(&all, FAIL, FAIL, 0, .attempts = 1, .when = FAULT_WHEN_AFTER);
    ADD(&all, CORRUPT, CORRUPT, 0, .attempts = 1);
    ADD(&all, SKEW, CLOCK_SKEW, 0, .attempts = 1, SECONDS(600));
    ADD(&all, SKEW, CLOCK_SKEW, 0, .attempts = 1, SECONDS(-600));
    keep_groups(menu, &all, groups);
}

/* A form for each of some amounts of time, in seconds, up to a 0. */
static void add_each(struct deviation_menu *menu, enum deviation_group group, enum fault_kind kind,
                     uint32_t services, const int64_t *seconds)
{
    for (; *seconds != 0; seconds++) {
        add(menu, group, services,
            &(struct fault){
                .kind = kind, .times = 1, .calls = 1, .attempts = 1, SECONDS(*seconds)});
    }
}

void deviation_menu_fill_hunting(struct deviation_menu *menu, const struct scenario *s,
                                 uint32_t groups)
{
    static const int64_t arrivals[] = {1, 8, 64, 512, 0};
    static const int64_t stalls[] = {1, 4, 16, 64, 256, 0};
    static const int64_t ages[] = {1, 10, 100, 0};
    static const int64_t lives[] = {60, 600, 6000, 48 * 3600, 0};
    static const int64_t starts[] = {10, 60, 600, 3600, 0};
    static const int64_t skews[] = {1, 30, 600, -1, -30, -600, 0};
    struct deviation_menu all = {0};
    ADD(&all, KILL, KILL, 0, .attempts = 1);
    ADD(&all, KILL, KILL, 0, .attempts = 1, .when = FAULT_WHEN_BEFORE);
    for (int64_t calls = 1; calls <= HUNTED_CALLS_MAX; calls *= 4) {
        add(&all, DEVIATION_REORDER, 0,
            &(struct fault){.kind = FAULT_YIELD, .times = 1, .attempts = 1, .calls = calls});
    }
    add_each(&all, DEVIATION_REORDER, FAULT_DELAY, AT(NOTIFICATION) | AT(DELIVERY), arrivals);
    add_each(&all, DEVIATION_STALL, FAULT_STALL, 0, stalls);
    ADD(&all, STALL, STALL, 0, .attempts = 1, .by = long_stall(s));
    ADD(&all, LOSE, LOSE_REPLY, 0, .attempts = 1);
    ADD(&all, LOSE, LOSE_REQUEST, 0, .attempts = 1);
    ADD(&all, LOSE, LOSE, 0, .attempts = 1);
    ADD(&all, DUPLICATE, DUPLICATE, 0, .attempts = 1);
    add_each(&all, DEVIATION_STALE, FAULT_STALE, 0, ages);
    add_each(&all, DEVIATION_TTL, FAULT_DELAY, AT(TTL_DELETION), lives);
    ADD(&all, ERROR, THROTTLE, 0, .attempts = 1);
    ADD(&all, ERROR, THROTTLE, 0, .attempts = 0);
    ADD(&all, ERROR, ERROR, 0, .attempts = 1, .outcome = FAULT_OUTCOME_APPLIED);
    ADD(&all, ERROR, ERROR, 0, .attempts = 0);
    ADD(&all, ERROR, REFUSE, 0, .attempts = 1);
    add_each(&all, DEVIATION_DELAY, FAULT_DELAY, AT(START) | AT(EVENT) | AT(TICK) | AT(BATCH),
             starts);
    ADD(&all, FAIL, FAIL, 0, .attempts = 1);
    ADD(&all, FAIL, FAIL, 0, .attempts = 1, .when = FAULT_WHEN_AFTER);
    ADD(&all, CORRUPT, CORRUPT, 0, .attempts = 1);
    add_each(&all, DEVIATION_SKEW, FAULT_CLOCK_SKEW, 0, skews);
    keep_groups(menu, &all, groups);
}

struct duration deviations_staleness(const struct deviation_menu *menu)
{
    struct duration most = {0};
    for (uint32_t i = 0; menu != NULL && i < menu->count; i++) {
        const struct fault *fault = &menu->forms[i].fault;
        if (fault->kind == FAULT_STALE && fault->by.ns > most.ns) {
            most = fault->by;
        }
    }
    return most;
}

/* --- set-up
 * -----------------------------------------------------------------------------------------------
 */

/* How often the task in a slot has been at each of its points. */
struct visit_count {
    uint32_t serial; /* of that task */
    uint32_t unused;
    uint16_t reached[TASK_POINTS_MAX];
};

void deviations_declare(struct pipeline *p)
{
    struct deviations *d = &p->deviations;
    struct world *w = &p->cloud.simulation.world;
    d->made_region = world_declare(w, "deviations", REGION_OBSERVED, sizeof(struct deviation),
                                   DEVIATIONS_MADE_MAX, (void **)&d->made);
    for (uint32_t i = 0; i < TASK_TYPES_COUNT; i++) {
        d->visits_regions[i] =
            world_declare(w, "visits", REGION_OBSERVED, sizeof(struct visit_count),
                          p->types[i].capacity, (void **)&d->visits[i]);
    }
}

static bool strikes_at(const struct deviation_form *form, uint32_t point, uint32_t kinds)
{
    bool of_service = point_is_of_service(point);
    bool wanted = form->services == 0 ||
                  (of_service && (form->services >> (point - point_of_service(0)) & 1) != 0);
    /* A refused invoke is refused once: there are no attempts of it. */
    return wanted && (kinds >> form->fault.kind & 1) != 0 &&
           !(of_service && form->fault.attempts == 0);
}

void deviations_init(struct pipeline *p, const struct deviation_menu *menu)
{
    struct deviations *d = &p->deviations;
    d->menu = menu;
    for (uint32_t point = 0; menu != NULL && point < POINTS_MAX; point++) {
        uint32_t kinds = fault_kinds_at(point, p->types);
        for (uint32_t i = 0; i < menu->count; i++) {
            d->possible[point] |= (uint64_t)strikes_at(&menu->forms[i], point, kinds) << i;
        }
    }
}

/* --- being asked
 * -----------------------------------------------------------------------------------------------
 */

static uint32_t count_visit(struct pipeline *p, const struct task *task)
{
    struct world *w = &p->cloud.simulation.world;
    struct deviations *d = &p->deviations;
    uint32_t slot = task_slot(task_number(&p->cloud, task));
    while (world_used(w, d->visits_regions[task->type]) <= slot) {
        (void)world_append(w, d->visits_regions[task->type]);
    }
    struct visit_count *visits = &d->visits[task->type][slot];
    if (visits->serial != task->serial) {
        *visits = (struct visit_count){.serial = task->serial};
    }
    return ++visits->reached[task->call.point];
}

/* Whether another process could go first. */
static bool has_company(const struct pipeline *p)
{
    const struct world *w = &p->cloud.simulation.world;
    uint32_t live = 0;
    for (uint32_t i = 0; i < TASK_TYPES_COUNT; i++) {
        live += w->states[p->cloud.task_regions[i]].live;
    }
    return live > 1;
}

static uint64_t forms_at(const struct pipeline *p, uint32_t point)
{
    uint64_t forms = p->deviations.possible[point];
    for (uint64_t left = p->deviations.alone ? 0 : forms; left != 0; left &= left - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(left);
        if (p->deviations.menu->forms[i].fault.kind == FAULT_YIELD && !has_company(p)) {
            forms &= ~(UINT64_C(1) << i);
        }
    }
    return forms;
}

/* Asks, and notes what was said. */
static const struct fault *ask(struct pipeline *p, uint32_t point, const struct task *task,
                               uint32_t occurrence)
{
    struct deviations *d = &p->deviations;
    uint64_t forms = forms_at(p, point);
    if (forms == 0) {
        return NULL;
    }
    d->offer = (struct deviation_offer){point, occurrence, forms, task};
    uint32_t chosen = choose(p->cloud.simulation.choices, CHOICE_DEVIATION,
                             1 + (uint64_t)__builtin_popcountll(forms));
    if (chosen == 0) {
        return NULL;
    }
    int64_t row = world_append(&p->cloud.simulation.world, d->made_region);
    if (row < 0) {
        simulation_fail(&p->cloud.simulation, "deviations");
        return NULL;
    }
    for (uint32_t i = 1; i < chosen; i++) {
        forms &= forms - 1;
    }
    uint32_t form = (uint32_t)__builtin_ctzll(forms);
    d->made[row] = (struct deviation){.form = form, .point = point, .occurrence = occurrence};
    if (task != NULL) {
        d->made[row].of = (struct instance){task->parent, task->ordinal};
    }
    return &d->menu->forms[form].fault;
}

const struct fault *deviation_at_call(struct pipeline *p, const struct task *caller)
{
    if (p->deviations.menu == NULL) {
        return NULL;
    }
    p->deviations.reached++;
    uint32_t occurrence = count_visit(p, caller);
    uint32_t point = point_of_task(caller->type, caller->call.point);
    return p->deviations.silent ? NULL : ask(p, point, caller, occurrence);
}

const struct fault *deviation_at_service(struct pipeline *p, enum service_point point,
                                         uint64_t reached)
{
    if (p->deviations.menu == NULL || p->deviations.silent) {
        return NULL;
    }
    return ask(p, point_of_service(point), NULL, (uint32_t)reached);
}

uint64_t deviations_count(const struct pipeline *p)
{
    return world_used(&p->cloud.simulation.world, p->deviations.made_region);
}

struct fault menu_fault(const struct deviation_menu *menu, const struct deviation *deviation,
                        const struct task_type *types)
{
    struct fault fault = menu->forms[deviation->form].fault;
    fault_place(&fault, deviation->point, types);
    fault.of = deviation->of;
    fault.occurrence = deviation->occurrence;
    return fault;
}

struct fault deviation_fault(const struct pipeline *p, const struct deviation *deviation)
{
    return menu_fault(p->deviations.menu, deviation, p->types);
}

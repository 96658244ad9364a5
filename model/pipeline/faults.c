/* faults.c: see faults.h. */
#include "model/pipeline/pipeline.h"

/* --- what there is
 * ----------------------------------------------------------------------------------------- */

#define AT(name) (UINT32_C(1) << SERVICE_POINT_##name)

#define TAKES(what) FAULT_TAKES_##what

/* Where a kind may strike: calls, only those that read, what services do; and what it takes. */
#define KIND_MAP(X)                                                                                \
    X(KILL, true, false, 0, TAKES(WHEN))                                                           \
    X(LOSE_REQUEST, true, false, 0, TAKES(ATTEMPTS))                                               \
    X(LOSE_REPLY, true, false, 0, TAKES(ATTEMPTS))                                                 \
    X(TIMEOUT, true, false, 0, TAKES(ATTEMPTS) | TAKES(OUTCOME))                                   \
    X(ERROR, true, false, 0, TAKES(ATTEMPTS) | TAKES(OUTCOME))                                     \
    X(SLOW, true, false, 0, TAKES(ATTEMPTS) | TAKES(BY))                                           \
    X(STALL, true, false, 0, TAKES(BY))                                                            \
    X(YIELD, true, false, 0, TAKES(CALLS))                                                         \
    X(STALE, true, true, 0, TAKES(BY))                                                             \
    X(THROTTLE, true, false, AT(INVOKE), TAKES(ATTEMPTS))                                          \
    X(REFUSE, true, false, AT(INVOKE), 0)                                                          \
    X(DUPLICATE, false, false, AT(NOTIFICATION) | AT(DELIVERY) | AT(EVENT) | AT(TICK) | AT(BATCH), \
      0)                                                                                           \
    X(LOSE, false, false, AT(NOTIFICATION) | AT(EVENT) | AT(TICK) | AT(BATCH), 0)                  \
    X(DELAY, false, false,                                                                         \
      AT(NOTIFICATION) | AT(DELIVERY) | AT(TTL_DELETION) | AT(START) | AT(EVENT) | AT(TICK) |      \
          AT(BATCH),                                                                               \
      TAKES(BY))                                                                                   \
    X(CORRUPT, false, false, AT(NOTIFICATION), 0)                                                  \
    X(EXPIRE, false, false, AT(INPUT_OBJECT) | AT(MANIFEST_OBJECT), TAKES(BY))                     \
    X(CLOCK_SKEW, false, false, AT(ENVIRONMENT), TAKES(BY))                                        \
    X(FAIL, false, false, AT(RUN), TAKES(WHEN))

static const struct kind {
    bool calls, only_reads;
    uint32_t services, takes;
} kinds[FAULT_KINDS_COUNT] = {

#define X(kind, calls, only_reads, services, takes)                                                \
    [FAULT_##kind] = {calls, only_reads, services, takes},
    KIND_MAP(X)
#undef X
};

static const struct service {
    const char *name, *point;
} services[SERVICE_POINTS_COUNT] = {

#define X(name, service, text) [SERVICE_POINT_##name] = {service, text},
    SERVICE_POINT_MAP(X)
#undef X
};

const char *fault_word(enum fault_kind kind)
{
    static const char *const words[] = {
#define X(name, word) word,
        FAULT_MAP(X)
#undef X
    };
    return words[kind];
}

uint32_t fault_takes(enum fault_kind kind)
{
    return kinds[kind].takes;
}

uint32_t fault_operation_at(const struct task_type *type, uint32_t point)
{
    static const char *const ids[OPERATIONS_COUNT] = {
#define X(id, service, operation, latency, of_table, perform) #id,
        OPERATION_MAP(X)
#undef X
    };
    uint32_t i = 0;
    while (i < OPERATIONS_COUNT &&
           (type->points[point] == NULL || strcmp(ids[i], type->points[point]) != 0)) {
        i++;
    }
    return i;
}

/* Whether what is read may be stale: not what GetItem reads, which is consistent wherever it is
 * called. */
static bool reads(uint32_t operation)
{
    static const char *const names[] = {"Query", "Scan", "ExecuteStatement"};
    for (size_t i = 0; i < sizeof names / sizeof names[0] && operation < OPERATIONS_COUNT; i++) {
        if (strcmp(pipeline_operations[operation].name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether a call is made from a point of a task type. */
static bool calls_at(const struct task_type *types, uint32_t type, uint32_t point)
{
    const struct task_type *t = &types[type];
    if (point >= t->points_count || t->points[point] == NULL || t->points[point][0] == '\0') {
        return false;
    }
    return type == TASK_STATE_MACHINE ? point >= WORKFLOW_POINT_BASE
                                      : fault_operation_at(t, point) < OPERATIONS_COUNT;
}

uint32_t fault_kinds_at(uint32_t number, const struct task_type *types)
{
    uint32_t type = number / TASK_POINTS_MAX;
    uint32_t point = number % TASK_POINTS_MAX;
    uint32_t bits = 0;
    for (uint32_t k = 0; k < FAULT_KINDS_COUNT; k++) {
        bool strikes = false;
        if (point_is_of_service(number)) {
            strikes = (kinds[k].services >> (number - point_of_service(0)) & 1) != 0;
        } else if (type < TASK_TYPES_COUNT && calls_at(types, type, point)) {
            strikes = kinds[k].calls &&
                      (!kinds[k].only_reads || reads(fault_operation_at(&types[type], point)));
        }
        bits |= (uint32_t)strikes << k;
    }
    return bits;
}

/* --- places
 * ------------------------------------------------------------------------------------------------
 */

static bool named(const char *name, struct text text)
{
    return name != NULL && name[0] != '\0' && text_equal(text_from(name), text);
}

/* Whether a fault that names `process` and `at` is about a point. */
static bool is_about(uint32_t number, struct text process, struct text at,
                     const struct task_type *types)
{
    if (point_is_of_service(number)) {
        const struct service *service = &services[number - point_of_service(0)];
        return named(service->name, process) && named(service->point, at);
    }
    uint32_t type = number / TASK_POINTS_MAX;
    uint32_t point = number % TASK_POINTS_MAX;
    if (type >= TASK_TYPES_COUNT || !calls_at(types, type, point) ||
        !named(types[type].name, process)) {
        return false;
    }
    return named(types[type].points[point], at) ||
           (type == TASK_STATE_MACHINE && text_equal(at, TEXT("TASK")));
}

void faults_plan(struct fault_plan *plan, const struct scenario *s, const struct task_type *types)
{
    _Static_assert(FAULTS_MAX <= 64, "a bit for each fault");
    memset(plan, 0, sizeof *plan);
    for (uint32_t type = 0; type < TASK_TYPES_COUNT; type++) {
        ASSERT(types[type].points_count <= TASK_POINTS_MAX);
    }
    for (uint32_t number = 0; number < POINTS_MAX; number++) {
        for (uint32_t i = 0; i < s->faults_count; i++) {
            if (is_about(number, s->faults[i].process, s->faults[i].at, types)) {
                plan->at[number] |= UINT64_C(1) << i;
            }
        }
    }
}

void fault_place(struct fault *fault, uint32_t point, const struct task_type *types)
{
    if (point_is_of_service(point)) {
        const struct service *service = &services[point - point_of_service(0)];
        fault->process = text_from(service->name);
        fault->at = text_from(service->point);
    } else {
        const struct task_type *type = &types[point / TASK_POINTS_MAX];
        fault->process = text_from(type->name);
        fault->at = text_from(type->points[point % TASK_POINTS_MAX]);
    }
}

void text_put_fault(struct text_writer *w, const struct fault *fault, bool anchored)
{
    text_put(w, text_from(fault_word(fault->kind)));
    text_put(w, fault->when == FAULT_WHEN_BEFORE  ? TEXT(" before")
                : fault->when == FAULT_WHEN_AFTER ? TEXT(" after")
                                                  : TEXT(""));
    text_put_char(w, ' ');
    text_put(w, fault->process);
    if (anchored && fault->of.ordinal > 0) {
        text_put_char(w, '[');
        if (fault->of.parent > 0) {
            text_put_integer(w, fault->of.parent, 0);
            text_put_char(w, '.');
        }
        text_put_integer(w, fault->of.ordinal, 0);
        text_put_char(w, ']');
    }
    text_put(w, TEXT(" at "));
    text_put(w, fault->at);
    if (anchored && fault->occurrence > 0) {
        text_put_char(w, '#');
        text_put_integer(w, fault->occurrence, 0);
    }
    if (fault->attempts == 0 && (kinds[fault->kind].takes & FAULT_TAKES_ATTEMPTS) != 0) {
        text_put(w, TEXT(", every attempt"));
    }
    if (fault->by.ns != 0) {
        text_put(w, TEXT(" by "));
        text_put_duration(w, fault->by);
    }
    if (fault->calls != fault_default.calls) {
        text_put(w, TEXT(" to "));
        text_put_integer(w, fault->calls, 0);
        text_put(w, TEXT(" calls"));
    }
}

struct duration faults_staleness(const struct scenario *s)
{
    struct duration most = {0};
    for (uint32_t i = 0; i < s->faults_count; i++) {
        const struct fault *fault = &s->faults[i];
        if (fault->kind == FAULT_STALE && fault->by.ns > most.ns) {
            most = fault->by;
        }
    }
    return most;
}

void fault_each_process(void (*visit)(void *self, const char *name), void *self)
{
    struct task_type types[TASK_TYPES_COUNT];
    pipeline_task_types(types, 0);
    for (uint32_t i = 0; i < TASK_TYPES_COUNT; i++) {
        visit(self, types[i].name);
    }
    for (uint32_t i = 0; i < SERVICE_POINTS_COUNT; i++) {
        /* A service's points stand together. */
        if (i == 0 || strcmp(services[i].name, services[i - 1].name) != 0) {
            visit(self, services[i].name);
        }
    }
}

void fault_each_point(struct text process, void (*visit)(void *self, const char *name), void *self)
{
    struct task_type types[TASK_TYPES_COUNT];
    pipeline_task_types(types, 0);
    for (uint32_t i = 0; i < TASK_TYPES_COUNT; i++) {
        for (uint32_t point = 0; point < types[i].points_count; point++) {
            if (named(types[i].name, process) && calls_at(types, i, point)) {
                visit(self, types[i].points[point]);
            }
        }
    }
    if (named(types[TASK_STATE_MACHINE].name, process)) {
        visit(self, "TASK");
    }
    for (uint32_t i = 0; i < SERVICE_POINTS_COUNT; i++) {
        if (named(services[i].name, process)) {
            visit(self, services[i].point);
        }
    }
}

/* --- bad input
 * --------------------------------------------------------------------------------------------- */

static void list(void *self, const char *name)
{
    struct text_writer *w = self;
    text_put(w, w->size > 0 ? TEXT(", ") : TEXT(""));
    text_put(w, text_from(name));
}

static enum status unknown_process(struct error *error)
{
    char room[sizeof error->message];
    struct text_writer w = text_writer(room, sizeof room);
    fault_each_process(list, &w);
    return error_set(error, STATUS_BAD_INPUT, "no such process or service; there are %s",
                     text_writer_string(&w));
}

static enum status unknown_place(const struct fault *fault, const char **member,
                                 struct error *error)
{
    char room[sizeof error->message];
    struct text_writer w = text_writer(room, sizeof room);
    fault_each_point(fault->process, list, &w);
    if (w.size == 0) {
        return unknown_process(error);
    }
    *member = "at";
    return error_set(error, STATUS_BAD_INPUT, "%.*s has no such point; there are %s",
                     (int)fault->process.size, fault->process.at, text_writer_string(&w));
}

static enum status impossible_kind(uint32_t possible, struct error *error)
{
    char room[sizeof error->message];
    struct text_writer w = text_writer(room, sizeof room);
    for (unsigned k = 0; k < FAULT_KINDS_COUNT; k++) {
        if ((possible >> k & 1) != 0) {
            list(&w, fault_word((enum fault_kind)k));
        }
    }
    return error_set(error, STATUS_BAD_INPUT, "cannot happen there; what can: %s",
                     text_writer_string(&w));
}

/* The kinds that may strike where a fault is; 0 where there is no such place. */
static uint32_t kinds_of_place(const struct fault *fault)
{
    struct task_type types[TASK_TYPES_COUNT];
    uint32_t bits = 0;
    pipeline_task_types(types, 0);
    for (uint32_t number = 0; number < POINTS_MAX; number++) {
        if (is_about(number, fault->process, fault->at, types)) {
            bits |= fault_kinds_at(number, types);
        }
    }
    return bits;
}

static bool of_service(const struct fault *fault)
{
    for (uint32_t i = 0; i < SERVICE_POINTS_COUNT; i++) {
        if (named(services[i].name, fault->process) && named(services[i].point, fault->at)) {
            return true;
        }
    }
    return false;
}

static enum status no_such(const char *member, const struct fault *fault, const char **to_blame,
                           struct error *error)
{
    *to_blame = member;
    return error_set(error, STATUS_BAD_INPUT, "does not apply to %s%s", fault_word(fault->kind),
                     of_service(fault) ? " there" : "");
}

static enum status check_members(const struct fault *fault, const char **member,
                                 struct error *error)
{
    uint32_t takes = kinds[fault->kind].takes;
    bool attempts = (takes & FAULT_TAKES_ATTEMPTS) != 0 && !of_service(fault);
    if (fault->attempts != fault_default.attempts && !attempts) {
        return no_such("attempts", fault, member, error);
    }
    if (fault->when != FAULT_WHEN_DEFAULT && (takes & FAULT_TAKES_WHEN) == 0) {
        return no_such("when", fault, member, error);
    }
    if (fault->outcome != FAULT_OUTCOME_DEFAULT && (takes & FAULT_TAKES_OUTCOME) == 0) {
        return no_such("outcome", fault, member, error);
    }
    if (fault->by.ns != 0 && (takes & FAULT_TAKES_BY) == 0) {
        return no_such("by", fault, member, error);
    }
    if (fault->calls != fault_default.calls && (takes & FAULT_TAKES_CALLS) == 0) {
        return no_such("calls", fault, member, error);
    }
    if (fault->of.ordinal != 0 && of_service(fault)) {
        *member = "of";
        return error_set(error, STATUS_BAD_INPUT,
                         "is about processes, and %.*s is a service; write occurrence: 3",
                         (int)fault->process.size, fault->process.at);
    }
    *member = "by";
    if (fault->by.ns == 0 && (takes & FAULT_TAKES_BY) != 0) {
        return error_set(error, STATUS_BAD_INPUT, "missing: by how much? Write by: 5s");
    }
    if (fault->by.ns < 0 && fault->kind != FAULT_CLOCK_SKEW) {
        return error_set(error, STATUS_BAD_INPUT, "is negative; only a clock_skew can be");
    }
    return STATUS_OK;
}

static bool has_window(const struct fault *fault)
{
    return fault->from.ns > 0 || fault->to.ns > 0;
}

static enum status check_times(const struct fault *fault, const char **member, struct error *error)
{
    if (fault->to.ns > 0 && fault->to.ns <= fault->from.ns) {
        *member = "to";
        return error_set(error, STATUS_BAD_INPUT, "the window ends before it begins");
    }
    if (fault->probability_ppm > 0 && fault->occurrence > 0) {
        *member = "occurrence";
        return error_set(error, STATUS_BAD_INPUT, "a probability excludes it");
    }
    bool counted = fault->occurrence > 0 || (fault->probability_ppm == 0 && !has_window(fault));
    if (!counted && fault->times != fault_default.times) {
        *member = "times";
        return error_set(error, STATUS_BAD_INPUT,
                         "counts from an occurrence; write occurrence: 1, too");
    }
    return STATUS_OK;
}

enum status fault_validate(const struct fault *fault, const char **member, struct error *error)
{
    uint32_t possible = kinds_of_place(fault);
    *member = fault_word(fault->kind);
    if (possible == 0) {
        return unknown_place(fault, member, error);
    }
    if ((possible >> fault->kind & 1) == 0) {
        return impossible_kind(possible, error);
    }
    enum status status = check_members(fault, member, error);
    return status == STATUS_OK ? check_times(fault, member, error) : status;
}

/* --- striking
 * ---------------------------------------------------------------------------------------------- */

/* Whether a fault whose point is reached now, by `task` or by a service (NULL), strikes this time.
 */
static bool strikes(struct pipeline *p, uint32_t i, const struct task *task)
{
    const struct fault *fault = &p->scenario->faults[i];
    struct fault_count *count = &p->state->faults[i];
    if (fault->of.ordinal != 0 && task != NULL &&
        (fault->of.parent != task->parent || fault->of.ordinal != task->ordinal)) {
        return false;
    }
    int64_t since_ns = instant_since(cloud_now(&p->cloud), p->scenario->start).ns;
    if (since_ns < fault->from.ns || (fault->to.ns > 0 && since_ns >= fault->to.ns)) {
        return false;
    }
    uint64_t n = ++count->reached;
    bool struck;
    if (fault->probability_ppm > 0) {
        struck = choose_chance(p->cloud.simulation.choices, CHOICE_FAULT_STRIKES,
                               fault->probability_ppm);
    } else if (fault->occurrence == 0 && has_window(fault)) {
        struck = true;
    } else {
        uint64_t first = fault->occurrence > 0 ? (uint64_t)fault->occurrence : 1;
        struck = n >= first && (fault->times == 0 || n - first < (uint64_t)fault->times);
    }
    count->struck += struck;
    return struck;
}

static struct call_fault call_fault_of(const struct fault *fault)
{
    static const enum call_harm harms[FAULT_KINDS_COUNT] = {
        [FAULT_KILL] = CALL_KILLS,
        [FAULT_LOSE_REQUEST] = CALL_LOSES_REQUEST,
        [FAULT_LOSE_REPLY] = CALL_LOSES_REPLY,
        [FAULT_THROTTLE] = CALL_IS_THROTTLED,
        [FAULT_TIMEOUT] = CALL_HANGS,
        [FAULT_ERROR] = CALL_FAILS,
        [FAULT_REFUSE] = CALL_IS_DENIED,
        [FAULT_SLOW] = CALL_IS_SLOW,
        [FAULT_STALL] = CALL_STALLS,
        [FAULT_STALE] = CALL_IS_STALE,
        [FAULT_YIELD] = CALL_YIELDS,
    };

    bool before = fault->kind == FAULT_KILL && fault->when == FAULT_WHEN_BEFORE;
    bool applied = fault->outcome == FAULT_OUTCOME_APPLIED ||
                   (fault->outcome == FAULT_OUTCOME_DEFAULT && fault->kind == FAULT_TIMEOUT);
    return (struct call_fault){
        .harm = before ? CALL_KILLS_BEFORE : harms[fault->kind],
        .applied = applied,
        .attempts = (uint8_t)fault->attempts,
        .calls = (uint16_t)fault->calls,
        .by = fault->by,
    };
}

static struct point_history *reach(struct pipeline *p, uint32_t number)
{
    struct point_history *point = &p->history.points[number];
    point->reached++;
    return point;
}

static uint64_t faults_at(const struct pipeline *p, uint32_t number)
{
    return p->faults.at[number] & ~p->faults.muted;
}

struct call_fault fault_at_call(struct cloud *c, const struct task *caller)
{
    struct pipeline *p = pipeline_of(c);
    uint32_t number = point_of_task(caller->type, caller->call.point);
    struct call_fault harm = {.harm = CALL_UNHARMED};
    reach(p, number)->operation = caller->call.operation + UINT32_C(1);
    for (uint64_t left = faults_at(p, number); left != 0; left &= left - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(left);
        if (strikes(p, i, caller)) {
            harm = call_fault_of(&p->scenario->faults[i]);
            history_deviation(p, i, caller);
        }
    }
    const struct fault *deviation = deviation_at_call(p, caller);
    return deviation != NULL ? call_fault_of(deviation) : harm;
}

void fault_at_wait(struct cloud *c, const struct task *task)
{
    (void)reach(pipeline_of(c), point_of_task(task->type, task->call.point));
}

/* Adds what one fault does. */
static void harm_service(struct service_fault *harm, const struct fault *fault)
{
    bool delays = fault->kind == FAULT_DELAY;
    bool fails = fault->kind == FAULT_FAIL;
    harm->copies += fault->kind == FAULT_DUPLICATE && harm->copies > 0;
    harm->copies = fault->kind == FAULT_LOSE ? 0 : harm->copies;
    harm->delay.ns += delays ? fault->by.ns : 0;
    harm->life = fault->kind == FAULT_EXPIRE ? fault->by : harm->life;
    harm->skew.ns += fault->kind == FAULT_CLOCK_SKEW ? fault->by.ns : 0;
    harm->corrupt |= fault->kind == FAULT_CORRUPT;
    harm->fails |= fails;
    harm->commits |= fails && fault->when == FAULT_WHEN_AFTER;
    if (fault->kind == FAULT_THROTTLE || fault->kind == FAULT_REFUSE) {
        harm->refusal = fault->kind == FAULT_THROTTLE ? CALL_THROTTLED : CALL_DENIED;
    }
}

struct service_fault fault_at_service(struct cloud *c, enum service_point point)
{
    struct pipeline *p = pipeline_of(c);
    uint32_t number = point_of_service(point);
    struct service_fault harm = {.copies = 1};
    uint64_t reached = reach(p, number)->reached;
    for (uint64_t left = faults_at(p, number); left != 0; left &= left - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(left);
        if (strikes(p, i, NULL)) {
            harm_service(&harm, &p->scenario->faults[i]);
            history_service_deviation(p, i, point, reached);
        }
    }
    const struct fault *deviation = deviation_at_service(p, point, reached);
    if (deviation != NULL) {
        harm_service(&harm, deviation);
    }
    return harm;
}

/* blame.c: see blame.h. */
#include "model/search/blame.h"

#include "model/pipeline/run_snapshot.h"
#include "model/pipeline/run_state.h"
#include "sim/stats.h"

#include <stdlib.h>

/* Deeds of one kind of a service that are tried: the latest before the violation. */
enum { DEEDS_MAX = 64, CHANGES_MAX = 1 + FAULTS_MAX + SERVICE_POINTS_COUNT * DEEDS_MAX };

struct blame {
    struct blame_request request;
    enum invariant property;
    struct run *run; /* the case's */
    struct choices choices;
    struct trace trace;
    uint64_t events; /* of the case's run */
    struct timeline timeline;
    uint32_t changes_count;
    uint64_t changes_left_out;
    struct blame_change changes[CHANGES_MAX];
};

/* --- continuations
 * ----------------------------------------------------------------------------------------------
 */

/* A run that can go on at random. */
struct continuation {
    const struct blame *blame;
    struct run *run;
    struct choices choices;
    struct trace trace;
    bool draws; /* else every choice has its default */
    struct choices drawn;
};

/* So that there is always room for one more. */
enum { DEVIATIONS_DRAWN_MAX = DEVIATIONS_MADE_MAX - 1 };

uint32_t blame_often_ppm(const struct deviation_form *form)
{
    if (form->group == DEVIATION_TTL) {
        return 10000; /* TTL is known for it */
    }
    static const uint32_t often[FAULT_KINDS_COUNT] = {
        [FAULT_KILL] = 100,      [FAULT_LOSE_REPLY] = 100, [FAULT_LOSE_REQUEST] = 100,
        [FAULT_THROTTLE] = 500,  [FAULT_ERROR] = 50,       [FAULT_TIMEOUT] = 50,
        [FAULT_REFUSE] = 50,     [FAULT_SLOW] = 500,       [FAULT_STALL] = 100,
        [FAULT_STALE] = 1000,    [FAULT_DUPLICATE] = 500,  [FAULT_LOSE] = 50,
        [FAULT_DELAY] = 500,     [FAULT_CORRUPT] = 50,     [FAULT_EXPIRE] = 50,
        [FAULT_CLOCK_SKEW] = 50, [FAULT_FAIL] = 1000,      [FAULT_YIELD] = 1000,
    };
    return often[form->fault.kind];
}

/* The alternative of a deviation's choice: 0, or the n-th form that is offered. */
static uint32_t draw_deviation(struct continuation *c)
{
    const struct deviations *d = &run_pipeline(c->run)->deviations;
    if (deviations_count(run_pipeline(c->run)) >= DEVIATIONS_DRAWN_MAX) {
        return 0;
    }
    uint32_t draw = (uint32_t)random_below(&c->drawn.streams[CHOICE_DEVIATION], 1000000);
    uint32_t alternative = 0;
    for (uint64_t left = d->offer.forms; left != 0; left &= left - 1) {
        uint32_t often = blame_often_ppm(&d->menu->forms[__builtin_ctzll(left)]);
        alternative++;
        if (draw < often) {
            return alternative;
        }
        draw -= often;
    }
    return 0;
}

static uint32_t answer(void *self, uint32_t label, uint64_t count)
{
    struct continuation *c = self;
    if (!c->draws) {
        return 0;
    }
    return label == CHOICE_DEVIATION ? draw_deviation(c) : choose(&c->drawn, label, count);
}

static enum status open_continuation(struct continuation *c, const struct blame *b,
                                     struct error *error)
{
    c->blame = b;
    c->draws = false;
    choices_init_asked(&c->choices, cloud_choice_names, CHOICES_COUNT, answer, c);
    trace_init(&c->trace);
    struct run_options options = {.choices = &c->choices,
                                  .trace = &c->trace,
                                  .menu = b->request.menu,
                                  .scratch = b->request.scratch};
    c->run = run_create(b->request.scenario, &options, error);
    return c->run == NULL ? error->status : STATUS_OK;
}

/* From now on everything is drawn, and the case's faults strike no more; or as it was. */
static void let_draw(struct continuation *c, bool draws)
{
    struct pipeline *p = run_pipeline(c->run);
    c->draws = draws;
    p->deviations.silent = !draws;
    p->faults.muted = draws ? UINT64_MAX : 0;
}

/* Executes every event until an instant, that instant's included. */
static enum status go_to(struct continuation *c, struct instant until, struct error *error)
{
    struct instant next;
    while (event_queue_next(run_pipeline(c->run)->cloud.simulation.world.queue, &next) &&
           next.ns <= until.ns) {
        enum run_state state = run_advance(c->run, 1, error);
        if (state == RUN_FAILED) {
            return STATUS_IO;
        }
        if (state != RUN_GOING) {
            break;
        }
    }
    return STATUS_OK;
}

static bool has_violated(const struct continuation *c)
{
    return run_pipeline(c->run)->history.counts->violations[c->blame->property] > 0;
}

/* Goes on to the end, or to the violation. */
static enum status finish(struct continuation *c, struct blame_point *result, struct error *error)
{
    uint64_t left = run_endless_at(c->blame->events);
    enum run_state state = RUN_GOING;
    while (state == RUN_GOING && left-- > 0 && !has_violated(c)) {
        state = run_advance(c->run, 1, error);
    }
    if (state == RUN_FAILED) {
        return STATUS_IO;
    }
    if (!has_violated(c)) {
        result->unended += state == RUN_GOING || state == RUN_FULL;
        run_finish(c->run);
    }
    result->runs++;
    result->violating += has_violated(c);
    return STATUS_OK;
}

/* A seed for every continuation. */
static uint64_t seed_of(const struct blame *b, uint32_t point, uint64_t i)
{
    struct random_stream stream = random_stream(b->request.seed, TEXT("continuations"));
    stream.count = (uint64_t)point << 32 | i;
    return random_next(&stream);
}

static struct instant instant_of(const struct blame *b, uint32_t point)
{
    return point == 0 ? (struct instant){b->request.scenario->start.ns - 1}
                      : b->timeline.items[point - 1].at;
}

static enum status continue_all(struct continuation *c, uint32_t point, struct blame_point *result,
                                const volatile int *stop, struct error *error)
{
    struct run_snapshot *snapshot = run_snapshot_take(c->run, error);
    if (snapshot == NULL) {
        return STATUS_NO_MEMORY;
    }
    enum status status = STATUS_OK;
    for (uint64_t i = 0; i < c->blame->request.runs && status == STATUS_OK; i++) {
        choices_init_seeded(&c->drawn, cloud_choice_names, CHOICES_COUNT,
                            seed_of(c->blame, point, i));
        let_draw(c, true);
        status = finish(c, result, error);
        let_draw(c, false);
        run_snapshot_restore(c->run, snapshot);
        status = status == STATUS_OK && stop != NULL && *stop != 0 ? STATUS_INTERRUPTED : status;
    }
    run_snapshot_release(snapshot);
    return status;
}

enum status blame_measure(const struct blame *b, uint32_t point, struct blame_point *result,
                          const volatile int *stop, struct error *error)
{
    ASSERT(point < blame_points(b));
    *result = (struct blame_point){0};
    if (point + 1 == blame_points(b)) {
        *result = (struct blame_point){.runs = b->request.runs, .violating = b->request.runs};
        return STATUS_OK;
    }
    struct continuation c;
    enum status status = open_continuation(&c, b, error);
    if (status != STATUS_OK) {
        return status;
    }
    let_draw(&c, false);
    status = go_to(&c, instant_of(b, point), error);
    if (status == STATUS_OK) {
        status = continue_all(&c, point, result, stop, error);
    }
    enum status closed = run_destroy(c.run, error);
    return status == STATUS_OK ? closed : status;
}

uint32_t blame_points(const struct blame *b)
{
    return 1 + b->timeline.items_count;
}

/* Whether a point has no event of its own behind the one before it. */
static bool adds_nothing(const struct blame *b, uint32_t point)
{
    const struct timeline_item *item = &b->timeline.items[point - 1];
    const struct timeline_item *before = &b->timeline.items[point - 2];
    return item->kind == TIMELINE_EXPIRY ||
           (before->kind != TIMELINE_EXPIRY && before->at.ns == item->at.ns);
}

uint32_t blame_same_point(const struct blame *b, uint32_t point)
{
    ASSERT(point < blame_points(b));
    while (point > 1 && point + 1 < blame_points(b) && adds_nothing(b, point)) {
        point--;
    }
    return point;
}

/* --- changes
 * ----------------------------------------------------------------------------------------------
 */

static void add_change(struct blame *b, enum blame_change_kind kind, uint32_t index,
                       const struct fault *fault)
{
    ASSERT(b->changes_count < CHANGES_MAX);
    b->changes[b->changes_count++] = (struct blame_change){kind, index, *fault};
}

static void add_faults(struct blame *b)
{
    const struct scenario *s = b->request.scenario;
    add_change(b, BLAME_WITHOUT_FAULTS, 0, &fault_default);
    for (uint32_t i = 0; i < s->faults_count; i++) {
        struct fault_row row;
        run_fault(b->run, i, &row);
        if (row.struck > 0) {
            add_change(b, BLAME_WITHOUT_FAULT, i, &s->faults[i]);
        }
    }
}

/* What a service does is taken out: lost where it can be, else much later. */
static void add_deeds(struct blame *b, enum service_point point, enum fault_kind kind,
                      struct duration by, uint64_t reached)
{
    struct pipeline *p = run_pipeline(b->run);
    uint64_t first = reached > DEEDS_MAX ? reached - DEEDS_MAX : 0;
    b->changes_left_out += first;
    for (uint64_t n = first + 1; n <= reached; n++) {
        struct fault fault = fault_default;
        fault.kind = kind;
        fault.by = by;
        fault.occurrence = (int64_t)n;
        fault_place(&fault, point_of_service(point), p->types);
        add_change(b, BLAME_WITH_FAULT, 0, &fault);
    }
}

/* `reached` has a count for each service point: until the violation. */
static void list_changes(struct blame *b, const uint64_t *reached)
{
    const struct duration later = {600 * NS_PER_S};
    const struct duration days_later = {48 * 3600 * NS_PER_S};

    const struct {
        enum service_point point;
        enum fault_kind kind;
        struct duration by;
    } deeds[] = {
        {SERVICE_POINT_NOTIFICATION, FAULT_LOSE,  {0}       },
        {SERVICE_POINT_DELIVERY,     FAULT_DELAY, later     },
        {SERVICE_POINT_TICK,         FAULT_LOSE,  {0}       },
        {SERVICE_POINT_EVENT,        FAULT_LOSE,  {0}       },
        {SERVICE_POINT_BATCH,        FAULT_LOSE,  {0}       },
        {SERVICE_POINT_START,        FAULT_DELAY, later     },
        {SERVICE_POINT_TTL_DELETION, FAULT_DELAY, days_later},
    };

    add_faults(b);
    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        add_deeds(b, deeds[i].point, deeds[i].kind, deeds[i].by, reached[deeds[i].point]);
    }
}

uint32_t blame_changes(const struct blame *b)
{
    return b->changes_count;
}

struct blame_change blame_change(const struct blame *b, uint32_t i)
{
    ASSERT(i < b->changes_count);
    return b->changes[i];
}

uint64_t blame_changes_left_out(const struct blame *b)
{
    return b->changes_left_out;
}

/* Runs the case with the change: `scenario` has it. */
static enum status run_changed(const struct blame *b, const struct scenario *scenario,
                               uint64_t muted, struct blame_outcome *outcome, struct error *error)
{
    struct choices choices;
    struct trace trace;
    struct run_options options = {
        .choices = &choices, .trace = &trace, .scratch = b->request.scratch};
    choices_init_default(&choices, cloud_choice_names, CHOICES_COUNT);
    trace_init(&trace);
    struct run *run = run_create(scenario, &options, error);
    if (run == NULL) {
        return error->status;
    }
    run_pipeline(run)->faults.muted = muted;
    enum run_state state = run_advance(run, run_endless_at(b->events), error);
    run_finish(run);
    *outcome = (struct blame_outcome){
        .unended = state == RUN_GOING || state == RUN_FULL,
        .struck = true,
    };
    for (unsigned i = 0; i < INVARIANTS_COUNT; i++) {
        struct violation_row row;
        bool violated = timeline_violation(run, (enum invariant)i, &row);
        outcome->violated |= (uint32_t)violated << i;
        outcome->violates |= violated && i == (unsigned)b->property;
    }
    if (scenario != b->request.scenario) {
        struct fault_row row;
        run_fault(run, scenario->faults_count - 1, &row);
        outcome->struck = row.struck > 0;
    }
    enum status closed = run_destroy(run, error);
    return state == RUN_FAILED ? STATUS_IO : closed;
}

enum status blame_try(const struct blame *b, uint32_t i, struct blame_outcome *outcome,
                      struct error *error)
{
    const struct blame_change change = blame_change(b, i);
    if (change.kind != BLAME_WITH_FAULT) {
        uint64_t muted =
            change.kind == BLAME_WITHOUT_FAULTS ? UINT64_MAX : UINT64_C(1) << change.index;
        return run_changed(b, b->request.scenario, muted, outcome, error);
    }
    struct scenario *changed = malloc(sizeof *changed);
    if (changed == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a scenario");
    }
    *changed = *b->request.scenario;
    changed->faults[changed->faults_count++] = change.fault;
    enum status status = run_changed(b, changed, 0, outcome, error);
    free(changed);
    return status;
}

/* --- the case
 * -----------------------------------------------------------------------------------------------
 */

static bool violated_yet(struct blame *b)
{
    const int64_t *violations = run_pipeline(b->run)->history.counts->violations;
    bool any = false;
    for (unsigned i = 0; i < INVARIANTS_COUNT; i++) {
        any |= violations[i] > 0 && (b->request.any_property || i == (unsigned)b->property);
    }
    return any;
}

/* Runs it to its end; counts what services did until the violation. */
static enum status run_case(struct blame *b, uint64_t *reached, struct error *error)
{
    const struct pipeline *p = run_pipeline(b->run);
    bool before = true;
    enum run_state state = RUN_GOING;
    uint64_t most = b->request.events_most == 0 ? UINT64_MAX : b->request.events_most;
    for (uint64_t done = 0; state == RUN_GOING && done < most; done++) {
        state = run_advance(b->run, 1, error);
        for (uint32_t i = 0; i < SERVICE_POINTS_COUNT && before; i++) {
            reached[i] = p->history.points[point_of_service((enum service_point)i)].reached;
        }
        before = before && !violated_yet(b);
    }
    if (state == RUN_GOING) {
        return error_set(error, STATUS_BAD_INPUT, "the case goes on without end");
    }
    if (state == RUN_FAILED || state == RUN_FULL) {
        return error->status;
    }
    b->events = p->cloud.simulation.events;
    run_finish(b->run);
    return STATUS_OK;
}

/* Which property it is about. */
static enum status find_property(struct blame *b, struct error *error)
{
    struct violation_row row;
    if (b->request.any_property && run_violations_count(b->run) > 0) {
        run_violation(b->run, 0, &row);
        b->property = row.invariant;
        return STATUS_OK;
    }
    if (!b->request.any_property && timeline_violation(b->run, b->property, &row)) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_BAD_INPUT,
                     "with the default of every choice, the case violates nothing of the kind");
}

static enum status open_case(struct blame *b, struct error *error)
{
    uint64_t reached[SERVICE_POINTS_COUNT] = {0};
    if (b->request.scenario->faults_count == FAULTS_MAX) {
        return error_set(error, STATUS_BAD_INPUT, "has %d faults, and no room for one more",
                         FAULTS_MAX);
    }
    choices_init_default(&b->choices, cloud_choice_names, CHOICES_COUNT);
    trace_init(&b->trace);
    struct run_options options = {.choices = &b->choices,
                                  .trace = &b->trace,
                                  .keep_calls = true,
                                  .scratch = b->request.scratch};
    b->run = run_create(b->request.scenario, &options, error);
    if (b->run == NULL) {
        return error->status;
    }
    enum status status = run_case(b, reached, error);
    status = status == STATUS_OK ? find_property(b, error) : status;
    status = status == STATUS_OK ? timeline_tell(&b->timeline, b->run, b->property, error) : status;
    if (status == STATUS_OK) {
        list_changes(b, reached);
    }
    return status;
}

struct blame *blame_open(const struct blame_request *request, struct error *error)
{
    ASSERT(request->runs >= 1 && request->runs <= SHARE_COUNT_MAX);
    struct blame *b = calloc(1, sizeof *b);
    if (b == NULL) {
        (void)error_set(error, STATUS_NO_MEMORY, "out of memory for a case");
        return NULL;
    }
    b->request = *request;
    b->property = request->property;
    if (open_case(b, error) != STATUS_OK) {
        blame_close(b);
        return NULL;
    }
    return b;
}

void blame_close(struct blame *b)
{
    if (b != NULL) {
        (void)run_destroy(b->run, NULL);
        free(b);
    }
}

enum invariant blame_property(const struct blame *b)
{
    return b->property;
}

const struct timeline *blame_timeline(const struct blame *b)
{
    return &b->timeline;
}

const struct run *blame_run(const struct blame *b)
{
    return b->run;
}

/* --- the verdict
 * --------------------------------------------------------------------------------------------
 */

enum { RISE_LEAST_PPM = 100000, INEVITABLE_PPM = 950000 };

static struct share share_at(const struct blame_point *point)
{
    return share_of(point->violating, point->runs);
}

struct blame_verdict blame_judge(const struct blame_point *points, uint32_t count)
{
    struct blame_verdict verdict = {.inevitable = count};
    int64_t most = RISE_LEAST_PPM - 1;
    for (uint32_t i = 1; i < count; i++) {
        struct share before = share_at(&points[i - 1]);
        struct share after = share_at(&points[i]);
        if (after.ppm - before.ppm > most && after.low_ppm > before.high_ppm) {
            most = after.ppm - before.ppm;
            verdict.turning = i;
        }
    }
    while (verdict.inevitable > 0 &&
           share_at(&points[verdict.inevitable - 1]).low_ppm > INEVITABLE_PPM) {
        verdict.inevitable--;
    }
    return verdict;
}

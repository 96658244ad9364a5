/* trial.c: see trial.h. */
#include "model/search/trial.h"

#include "model/pipeline/run_snapshot.h"
#include "model/pipeline/run_state.h"

#include <stdlib.h>

enum { EVENTS_A_TURN = 1000 };

struct trials {
    const struct scenario *scenario;
    struct deviation_menu menu; /* form k has kind k */
    struct choices choices;
    struct trace trace;
    struct run *run;
    struct run_snapshot *start;
    uint64_t events_most;
    uint32_t plain_violated;
    bool out_of_memory;

    const struct trial_list *list; /* of the run under way */
    enum trial_encoding encoding;
    uint64_t done; /* bit i: deviation i has struck */
    struct trial_outcome *outcome;
    struct trial_strikes *strikes; /* NULL: not asked for */
    struct trial_place *places;
    uint32_t places_count, places_room;
};

_Static_assert((int)FAULT_KINDS_COUNT <= (int)DEVIATION_FORMS_MAX, "a form for each kind");
_Static_assert((int)TRIAL_DEVIATIONS_MAX < (int)DEVIATIONS_MADE_MAX && TRIAL_DEVIATIONS_MAX < 64,
               "a run notes them all, and there is a bit for each");

static struct pipeline *pipeline_under(const struct trials *t)
{
    return run_pipeline(t->run);
}

struct trial_deviation trial_aim(const struct trials *t, const struct fault *fault,
                                 const struct trial_place *place, uint32_t choice)
{
    struct trial_deviation aimed = {.fault = *fault, .point = place->point, .choice = choice};
    fault_place(&aimed.fault, place->point, pipeline_under(t)->types);
    aimed.fault.of = place->of;
    aimed.fault.occurrence = place->occurrence;
    aimed.fault.times = fault_default.times;
    aimed.fault.from = aimed.fault.to = (struct duration){0};
    aimed.fault.probability_ppm = 0;
    aimed.at = place->at;
    return aimed;
}

/* --- answering choices
 * -----------------------------------------------------------------------------------------------
 */

static void note_place(struct trials *t, const struct deviation_offer *offer)
{
    if (t->places_count == t->places_room) {
        uint32_t room = t->places_room == 0 ? 4096 : 2 * t->places_room;
        struct trial_place *places = realloc(t->places, room * sizeof *places);
        if (places == NULL) {
            t->out_of_memory = true;
            return;
        }
        t->places = places;
        t->places_room = room;
    }
    struct trial_place *place = &t->places[t->places_count++];
    *place = (struct trial_place){.point = offer->point,
                                  .occurrence = offer->occurrence,
                                  .kinds = (uint32_t)offer->forms,
                                  .at = cloud_now(&pipeline_under(t)->cloud)};
    if (offer->task != NULL) {
        place->of = (struct instance){offer->task->parent, offer->task->ordinal};
    }
}

/* Which of the scenario's faults struck here: those whose count went up. Of several at a call the
 * last one counts; at a service they all do. */
static void note_strikes(struct trials *t)
{
    const struct pipeline *p = pipeline_under(t);
    const struct trial_place *place = &t->places[t->places_count - 1];
    struct trial_strikes *strikes = t->strikes;
    struct trial_list *list = &strikes->list;
    bool of_service = point_is_of_service(place->point);
    uint32_t before = list->count;
    uint64_t here = 0;
    for (uint32_t i = 0; i < t->scenario->faults_count; i++) {
        if (p->state->faults[i].struck == strikes->counts[i]) {
            continue;
        }
        strikes->counts[i] = p->state->faults[i].struck;
        here |= UINT64_C(1) << i;
        list->count = of_service ? list->count : before;
        if (strikes->counts[i] > TRIAL_STRIKES_TOLD || list->count == TRIAL_DEVIATIONS_MAX) {
            strikes->untold |= UINT64_C(1) << i;
        } else {
            strikes->faults[list->count] = i;
            list->items[list->count++] =
                trial_aim(t, &t->scenario->faults[i], place, t->places_count - 1);
        }
    }
    strikes->untold |= of_service && (here & (here - 1)) != 0 ? here : 0;
}

static bool is_meant(const struct trials *t, const struct trial_deviation *d,
                     const struct deviation_offer *offer)
{
    if (t->encoding == TRIAL_BY_NUMBER) {
        return d->choice == t->places_count - 1;
    }
    return d->point == offer->point && d->fault.occurrence == (int64_t)offer->occurrence &&
           (offer->task == NULL || (d->fault.of.parent == offer->task->parent &&
                                    d->fault.of.ordinal == offer->task->ordinal));
}

/* The alternative that is the kind's, whose form takes the fault's amounts. */
static uint32_t alternative(struct trials *t, const struct deviation_offer *offer,
                            const struct fault *fault)
{
    uint64_t before = offer->forms & ((UINT64_C(1) << fault->kind) - 1);
    t->menu.forms[fault->kind].fault = *fault;
    return (uint32_t)__builtin_popcountll(before) + 1;
}

static uint32_t answer(void *self, uint32_t label, uint64_t count)
{
    struct trials *t = self;
    (void)count;
    if (label != CHOICE_DEVIATION) {
        return 0;
    }
    const struct deviation_offer *offer = &pipeline_under(t)->deviations.offer;
    note_place(t, offer);
    if (t->out_of_memory) {
        return 0;
    }
    if (t->strikes != NULL) {
        note_strikes(t);
    }
    for (uint32_t i = 0; i < t->list->count; i++) {
        const struct trial_deviation *d = &t->list->items[i];
        if ((t->done >> i & 1) == 0 && (offer->forms >> d->fault.kind & 1) != 0 &&
            is_meant(t, d, offer)) {
            struct trial_list *struck = &t->outcome->struck;
            t->done |= UINT64_C(1) << i;
            struck->items[struck->count++] =
                trial_aim(t, &d->fault, &t->places[t->places_count - 1], t->places_count - 1);
            return alternative(t, offer, &d->fault);
        }
    }
    return 0;
}

/* --- a run
 * -----------------------------------------------------------------------------------------------
 */

static void judge(struct trials *t)
{
    struct trial_outcome *outcome = t->outcome;
    run_finish(t->run);
    for (uint64_t i = 0; i < run_violations_count(t->run); i++) {
        struct violation_row row;
        run_violation(t->run, i, &row);
        uint32_t bit = UINT32_C(1) << row.invariant;
        if ((outcome->violated & bit) == 0 ||
            instant_before(row.at, outcome->violated_at[row.invariant])) {
            outcome->violated_at[row.invariant] = row.at;
        }
        outcome->violated |= bit;
    }
}

static enum status run_through(struct trials *t, struct error *error)
{
    const struct simulation *simulation = &pipeline_under(t)->cloud.simulation;
    struct error why;
    enum run_state state = RUN_GOING;
    while (state == RUN_GOING && simulation->events < t->events_most && !t->out_of_memory) {
        state = run_advance(t->run, EVENTS_A_TURN, &why);
    }
    if (state == RUN_FAILED) {
        return error_set(error, STATUS_IO, "%s", why.message);
    }
    if (t->out_of_memory) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a trial's places");
    }
    t->outcome->events = simulation->events;
    t->outcome->end = state == RUN_FULL    ? EXPLORED_FULL
                      : state == RUN_GOING ? EXPLORED_ENDLESS
                                           : EXPLORED_ENDED;
    if (t->outcome->end == EXPLORED_ENDED) {
        judge(t);
    }
    return STATUS_OK;
}

enum status trials_run(struct trials *t, const struct trial_list *list,
                       enum trial_encoding encoding, struct trial_outcome *outcome,
                       struct error *error)
{
    t->list = list;
    t->encoding = encoding;
    t->outcome = outcome;
    t->done = 0;
    t->places_count = 0;
    outcome->events = 0;
    outcome->violated = 0;
    outcome->struck.count = 0;
    run_snapshot_restore(t->run, t->start);
    return run_through(t, error);
}

enum status trials_observe(struct trials *t, struct trial_outcome *outcome,
                           struct trial_strikes *strikes, struct error *error)
{
    static const struct trial_list nothing;
    memset(strikes->counts, 0, sizeof strikes->counts);
    strikes->untold = 0;
    strikes->list.count = 0;
    t->strikes = strikes;
    enum status status = trials_run(t, &nothing, TRIAL_BY_NAME, outcome, error);
    t->strikes = NULL;
    return status;
}

uint32_t trials_plain_violated(const struct trials *t)
{
    return t->plain_violated;
}

const struct trial_place *trials_places(const struct trials *t, uint32_t *count)
{
    *count = t->places_count;
    return t->places;
}

/* --- set-up
 * -----------------------------------------------------------------------------------------------
 */

static void fill_menu(struct deviation_menu *menu, struct duration staleness)
{
    menu->count = FAULT_KINDS_COUNT;
    for (uint32_t k = 0; k < FAULT_KINDS_COUNT; k++) {
        struct fault fault = fault_default;
        fault.kind = (enum fault_kind)k;
        fault.by = k == FAULT_STALE ? staleness : fault.by;
        menu->forms[k].fault = fault;
    }
}

/* The plain run, which tells how long a run may be. */
static enum status measure(struct trials *t, struct error *error)
{
    static const struct trial_list nothing;
    struct trial_outcome plain;
    t->events_most = UINT64_MAX;
    enum status status = trials_run(t, &nothing, TRIAL_BY_NAME, &plain, error);
    if (status == STATUS_OK) {
        t->plain_violated = plain.violated;
        t->events_most = run_endless_at(plain.events);
    }
    return status;
}

struct trials *trials_open(const struct scenario *scenario, struct duration staleness,
                           const char *scratch, struct error *error)
{
    struct trials *t = calloc(1, sizeof *t);
    if (t == NULL) {
        (void)error_set(error, STATUS_NO_MEMORY, "out of memory for trials");
        return NULL;
    }
    t->scenario = scenario;
    fill_menu(&t->menu, staleness);
    choices_init_asked(&t->choices, cloud_choice_names, CHOICES_COUNT, answer, t);
    trace_init(&t->trace);
    struct run_options options = {
        .choices = &t->choices, .trace = &t->trace, .menu = &t->menu, .scratch = scratch};
    t->run = run_create(scenario, &options, error);
    if (t->run != NULL) {
        pipeline_under(t)->deviations.alone = true;
        t->start = run_snapshot_take(t->run, error);
    }
    if (t->start == NULL || measure(t, error) != STATUS_OK) {
        trials_close(t);
        return NULL;
    }
    return t;
}

void trials_close(struct trials *t)
{
    if (t == NULL) {
        return;
    }
    run_snapshot_release(t->start);
    (void)run_destroy(t->run, NULL);
    free(t->places);
    free(t);
}

/* shrink.c: see shrink.h. What is better first, then one candidate, then the passes. */
#include "model/search/shrink.h"

#include "sim/hash.h"

#include <stdlib.h>

/* A scenario with the run that it is tried in. */
struct setting {
    struct scenario scenario;
    struct trials *trials;
};

struct shrinker {
    const struct shrink *shrink;
    struct shrink_counts *counts;
    struct error *error;
    enum status status;

    struct shrink_case *best;
    uint64_t size; /* of its scenario */
    struct trial_place *places;
    uint32_t places_count, places_room;

    struct setting *setting; /* of the best */
    struct setting *other;   /* for a simpler scenario */
    struct trial_list candidate;
    struct trial_outcome outcome; /* of the candidate that was run last */
    uint32_t tries;               /* that are left to fit deviations to a scenario */

    uint64_t *known; /* hashes of candidates that were tried; 0: free */
    size_t known_count, known_cells;
};

/* --- what is better
 * -----------------------------------------------------------------------------------------------
 */

/* Amounts of time that a person would write, the smallest first. */
static const int64_t round_seconds[] = {1,   2,    5,    10,   20,   30,    60,    120,   300,
                                        600, 1200, 1800, 3600, 7200, 21600, 43200, 86400, 172800};

enum { ROUND_COUNT = sizeof round_seconds / sizeof round_seconds[0] };

static int64_t magnitude(struct duration d)
{
    return d.ns < 0 ? -d.ns : d.ns;
}

/* How many of the round amounts are smaller. */
static uint32_t round_below(struct duration d)
{
    uint32_t i = 0;
    while (i < ROUND_COUNT && round_seconds[i] * NS_PER_S < magnitude(d)) {
        i++;
    }
    return i;
}

/* 0 for what is left out where a fault is written; one that is round is less than what is above
 * it. */
static uint64_t amounts_of(const struct fault *fault)
{
    uint32_t below = round_below(fault->by);
    bool round = below < ROUND_COUNT && round_seconds[below] * NS_PER_S == magnitude(fault->by);
    uint64_t amounts = fault->by.ns == 0 ? 0 : 2 * (uint64_t)below + (round ? 1 : 2);
    amounts += (uint64_t)(fault->calls - fault_default.calls);
    amounts += fault->attempts == 0 ? 101 : (uint64_t)(fault->attempts - fault_default.attempts);
    return amounts + (fault->when != FAULT_WHEN_DEFAULT) +
           (fault->outcome != FAULT_OUTCOME_DEFAULT);
}

static uint64_t amounts_of_all(const struct trial_list *list)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        sum += amounts_of(&list->items[i].fault);
    }
    return sum;
}

enum { TEXT_MAX = TRIAL_DEVIATIONS_MAX * 160 };

static struct text text_of(const struct trial_list *list, char room[TEXT_MAX])
{
    struct text_writer w = text_writer(room, TEXT_MAX);
    for (uint32_t i = 0; i < list->count; i++) {
        text_put_fault(&w, &list->items[i].fault, true);
        text_put_char(&w, '\n');
    }
    return text_written(&w);
}

/* Whether what was just run in the same scenario is better than the best. */
static bool is_better(const struct shrinker *s)
{
    const struct trial_outcome *a = &s->outcome;
    const struct trial_outcome *b = &s->best->outcome;
    const uint64_t numbers[][2] = {
        {a->struck.count,            b->struck.count           },
        {amounts_of_all(&a->struck), amounts_of_all(&b->struck)},
        {a->events,                  b->events                 },
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (numbers[i][0] != numbers[i][1]) {
            return numbers[i][0] < numbers[i][1];
        }
    }
    char room[2][TEXT_MAX];
    return text_compare(text_of(&a->struck, room[0]), text_of(&b->struck, room[1])) < 0;
}

/* --- one candidate
 * -----------------------------------------------------------------------------------------------
 */

static bool is_over(struct shrinker *s)
{
    return s->status != STATUS_OK || (s->shrink->stopped != NULL && s->shrink->stopped());
}

static uint64_t hash_of(const struct trial_list *list, enum trial_encoding encoding)
{
    uint64_t sum = encoding;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct trial_deviation *d = &list->items[i];
        const struct fault *f = &d->fault;
        bool by_name = encoding == TRIAL_BY_NAME;
        const uint64_t words[] = {
            by_name ? d->point : d->choice,
            by_name ? f->of.parent : 0,
            by_name ? f->of.ordinal : 0,
            by_name ? (uint64_t)f->occurrence : 0,
            f->kind,
            (uint64_t)f->attempts,
            f->when,
            f->outcome,
            (uint64_t)f->by.ns,
            (uint64_t)f->calls,
        };
        sum += hash64(words, sizeof words, encoding);
    }
    return sum == 0 ? 1 : sum;
}

static size_t cell_of(const struct shrinker *s, uint64_t hash)
{
    size_t cell = hash & (s->known_cells - 1);
    while (s->known[cell] != 0 && s->known[cell] != hash) {
        cell = (cell + 1) & (s->known_cells - 1);
    }
    return cell;
}

static void forget(struct shrinker *s)
{
    memset(s->known, 0, s->known_cells * sizeof *s->known);
    s->known_count = 0;
}

static bool make_room(struct shrinker *s)
{
    if (2 * s->known_count < s->known_cells) {
        return true;
    }
    size_t cells = s->known_cells == 0 ? 4096 : 2 * s->known_cells;
    uint64_t *known = calloc(cells, sizeof *known);
    if (known == NULL) {
        s->status = error_set(s->error, STATUS_NO_MEMORY, "out of memory for shrinking");
        return false;
    }
    uint64_t *old = s->known;
    size_t old_cells = s->known_cells;
    s->known = known;
    s->known_cells = cells;
    for (size_t i = 0; i < old_cells; i++) {
        if (old[i] != 0) {
            s->known[cell_of(s, old[i])] = old[i];
        }
    }
    free(old);
    return true;
}

/* Whether it was tried before; from now on it was. */
static bool is_known(struct shrinker *s, const struct trial_list *list,
                     enum trial_encoding encoding)
{
    if (!make_room(s)) {
        return true;
    }
    uint64_t hash = hash_of(list, encoding);
    size_t cell = cell_of(s, hash);
    if (s->known[cell] == hash) {
        s->counts->known++;
        return true;
    }
    s->known[cell] = hash;
    s->known_count++;
    return false;
}

/* Runs a list; whether it violates the property. */
static bool fails(struct shrinker *s, const struct setting *setting, const struct trial_list *list,
                  enum trial_encoding encoding)
{
    s->counts->runs++;
    s->status = trials_run(setting->trials, list, encoding, &s->outcome, s->error);
    return s->status == STATUS_OK && (s->outcome.violated >> s->shrink->property & 1) != 0;
}

/* The best is what was just run. */
static void adopt(struct shrinker *s)
{
    uint32_t count;
    const struct trial_place *places = trials_places(s->setting->trials, &count);
    if (count > s->places_room) {
        struct trial_place *more = realloc(s->places, count * sizeof *more);
        if (more == NULL) {
            s->status = error_set(s->error, STATUS_NO_MEMORY, "out of memory for shrinking");
            return;
        }
        s->places = more;
        s->places_room = count;
    }
    memcpy(s->places, places, count * sizeof *places);
    s->places_count = count;
    s->best->outcome = s->outcome;
    s->best->deviations = s->outcome.struck;
}

/* Makes the candidate the best if it fails and is better. */
static bool try(struct shrinker *s, enum trial_encoding encoding)
{
    if (is_over(s) || is_known(s, &s->candidate, encoding) ||
        !fails(s, s->setting, &s->candidate, encoding) || !is_better(s)) {
        return false;
    }
    adopt(s);
    return s->status == STATUS_OK;
}

static const struct trial_list *best_list(const struct shrinker *s)
{
    return &s->best->deviations;
}

/* The candidate is the best without `size` deviations from number `from` on. */
static void leave_out(struct shrinker *s, uint32_t from, uint32_t size)
{
    const struct trial_list *best = best_list(s);
    s->candidate.count = 0;
    for (uint32_t i = 0; i < best->count; i++) {
        if (i < from || i - from >= size) {
            s->candidate.items[s->candidate.count++] = best->items[i];
        }
    }
}

/* --- passes over the deviations
 * -----------------------------------------------------------------------------------------------
 */

/* Without what struck after the violation. */
static bool cut(struct shrinker *s)
{
    const struct trial_list *best = best_list(s);
    struct instant end = s->best->outcome.violated_at[s->shrink->property];
    uint32_t kept = 0;
    while (kept < best->count && !instant_before(end, best->items[kept].at)) {
        kept++;
    }
    if (kept == best->count) {
        return false;
    }
    leave_out(s, kept, best->count);
    return try(s, TRIAL_BY_NAME);
}

static bool drop(struct shrinker *s, enum trial_encoding encoding)
{
    bool any = false;
    for (uint32_t size = best_list(s)->count; size > 0; size /= 2) {
        for (uint32_t i = 0; i < best_list(s)->count;) {
            leave_out(s, i, size);
            bool better = try(s, encoding);
            any |= better;
            i += better ? 0 : size;
        }
    }
    return any;
}

/* The n-th simpler fault of the same kind; false: there are no more. */
static bool ease_fault(const struct fault *fault, uint32_t n, struct fault *easier)
{
    uint32_t amounts = fault->by.ns == 0 ? 0 : round_below(fault->by);
    *easier = *fault;
    if (n < amounts) {
        int64_t ns = round_seconds[n] * NS_PER_S;
        easier->by = (struct duration){fault->by.ns < 0 ? -ns : ns};
        return true;
    }
    n -= amounts;
    if (n == 0) {
        easier->calls = fault_default.calls;
    } else if (n == 1) {
        easier->calls = fault->calls > 1 ? fault->calls / 2 : fault->calls;
    } else if (n == 2) {
        easier->attempts = fault_default.attempts;
    } else if (n == 3) {
        easier->when = FAULT_WHEN_DEFAULT;
    } else if (n == 4) {
        easier->outcome = FAULT_OUTCOME_DEFAULT;
    }
    return n <= 4;
}

static bool ease(struct shrinker *s)
{
    bool any = false;
    for (uint32_t i = 0; i < best_list(s)->count; i++) {
        struct fault easier;
        for (uint32_t n = 0;
             i < best_list(s)->count && ease_fault(&best_list(s)->items[i].fault, n, &easier);) {
            leave_out(s, 0, 0);
            s->candidate.items[i].fault = easier;
            bool better = try(s, TRIAL_BY_NAME);
            any |= better;
            n = better ? 0 : n + 1;
        }
    }
    return any;
}

/* Choices around a deviation, and visits of the same point, that are looked at. */
enum { NEAR = 12, VISITS = 24 };

static void aim(struct shrinker *s, uint32_t index, const struct fault *fault, uint32_t choice)
{
    s->candidate.items[index] = trial_aim(s->setting->trials, fault, &s->places[choice], choice);
}

static bool can_strike(const struct shrinker *s, enum fault_kind kind, int64_t choice)
{
    return choice >= 0 && choice < s->places_count && (s->places[choice].kinds >> kind & 1) != 0;
}

/* The candidate, with its deviation `index` aimed at the places around `of`. */
static bool try_near(struct shrinker *s, uint32_t index, const struct trial_deviation *of)
{
    for (int64_t distance = -NEAR; distance <= NEAR; distance++) {
        int64_t choice = of->choice + distance;
        if (distance != 0 && can_strike(s, of->fault.kind, choice)) {
            aim(s, index, &of->fault, (uint32_t)choice);
            if (try(s, TRIAL_BY_NAME)) {
                return true;
            }
        }
    }
    return false;
}

/* The same at other visits of its point, the earliest first. */
static bool try_visits(struct shrinker *s, uint32_t index, const struct trial_deviation *of)
{
    uint32_t tried = 0;
    for (uint32_t choice = 0; choice < s->places_count && tried < VISITS; choice++) {
        if (s->places[choice].point == of->point && choice != of->choice) {
            tried++;
            aim(s, index, &of->fault, choice);
            if (try(s, TRIAL_BY_NAME)) {
                return true;
            }
        }
    }
    return false;
}

/* The same with other kinds at the same place. */
static bool try_kinds(struct shrinker *s, uint32_t index, const struct trial_deviation *of)
{
    struct deviation_menu menu;
    deviation_menu_fill(&menu, &s->best->scenario, UINT32_MAX);
    for (uint32_t i = 0; i < menu.count; i++) {
        const struct fault *fault = &menu.forms[i].fault;
        bool fits = fault->attempts != 0 || !point_is_of_service(of->point);
        if (fits && can_strike(s, fault->kind, of->choice)) {
            aim(s, index, fault, of->choice);
            if (try(s, TRIAL_BY_NAME)) {
                return true;
            }
        }
    }
    return false;
}

/* Without deviation i, and deviation j another one. */
static bool trade_one(struct shrinker *s, uint32_t i, uint32_t j)
{
    struct trial_deviation of = best_list(s)->items[j];
    leave_out(s, i, 1);
    uint32_t index = j - (j > i);
    return try_near(s, index, &of) || try_visits(s, index, &of) || try_kinds(s, index, &of);
}

static bool trade(struct shrinker *s)
{
    for (uint32_t i = 0; i < best_list(s)->count; i++) {
        for (uint32_t j = 0; j < best_list(s)->count; j++) {
            if (i != j && trade_one(s, i, j)) {
                return true;
            }
        }
    }
    return false;
}

/* All deviations from number i on, some choices earlier. */
static bool shift(struct shrinker *s, uint32_t i)
{
    bool any = false;
    for (uint32_t by = 64; by > 0; by /= 2) {
        const struct trial_list *best = best_list(s);
        if (i >= best->count || best->items[i].choice < by) {
            continue;
        }
        leave_out(s, 0, 0);
        for (uint32_t k = i; k < s->candidate.count; k++) {
            s->candidate.items[k].choice -= by;
        }
        any |= try(s, TRIAL_BY_NUMBER);
    }
    return any;
}

static bool move(struct shrinker *s)
{
    bool any = false;
    for (uint32_t i = 0; i < best_list(s)->count; i++) {
        any |= shift(s, i);
    }
    for (uint32_t i = 0; i < best_list(s)->count; i++) {
        struct trial_deviation of = best_list(s)->items[i];
        leave_out(s, 0, 0);
        any |= try_visits(s, i, &of);
    }
    return any;
}

/* The cheap passes come again before the dear ones are tried. */
static bool shrink_deviations(struct shrinker *s)
{
    bool any = false;
    bool better = true;
    while (better && !is_over(s)) {
        better = drop(s, TRIAL_BY_NAME);
        better |= drop(s, TRIAL_BY_NUMBER);
        better |= ease(s);
        better = better || trade(s) || move(s);
        any |= better;
    }
    return any;
}

/* --- passes over the scenario
 * -----------------------------------------------------------------------------------------------
 */

/* The most that a read goes back; it only gets less. */
static struct duration staleness_of(const struct shrinker *s)
{
    struct deviation_menu menu;
    deviation_menu_fill(&menu, &s->best->scenario, UINT32_MAX);
    struct duration most = deviations_staleness(&menu);
    for (uint32_t i = 0; i < best_list(s)->count; i++) {
        const struct fault *fault = &best_list(s)->items[i].fault;
        if (fault->kind == FAULT_STALE && fault->by.ns > most.ns) {
            most = fault->by;
        }
    }
    return most;
}

static bool open_setting(struct shrinker *s, struct setting *setting)
{
    s->counts->scenarios++;
    setting->trials =
        trials_open(&setting->scenario, staleness_of(s), s->shrink->scratch, s->error);
    if (setting->trials == NULL) {
        s->status = s->error->status;
    }
    return setting->trials != NULL;
}

static void close_setting(struct setting *setting)
{
    trials_close(setting->trials);
    setting->trials = NULL;
}

/* Deviations that are fitted to another scenario, each at so many visits, and so many runs in all.
 */
enum { FITTED_MAX = 3, FITTED_VISITS = 32, FITTED_TRIES = 120 };

/* Whether the list, with deviations from number n of the best on aimed at any visits of their
 * points, fails in the other setting. */
static bool fit(struct shrinker *s, struct trial_list *list, uint32_t n)
{
    if (s->tries == 0 || is_over(s)) {
        return false;
    }
    s->tries--;
    if (fails(s, s->other, list, TRIAL_BY_NAME)) {
        return true;
    }
    if (n == best_list(s)->count) {
        return false;
    }
    uint32_t count;
    struct trial_place visits[FITTED_VISITS];
    uint32_t visits_count = 0;
    const struct trial_place *places = trials_places(s->other->trials, &count);
    const struct trial_deviation *of = &best_list(s)->items[n];
    for (uint32_t i = 0; i < count && visits_count < FITTED_VISITS; i++) {
        if (places[i].point == of->point && (places[i].kinds >> of->fault.kind & 1) != 0) {
            visits[visits_count++] = places[i];
        }
    }
    for (uint32_t i = 0; i < visits_count; i++) {
        list->count = n + 1;
        list->items[n] = trial_aim(s->other->trials, &of->fault, &visits[i], 0);
        if (fit(s, list, n + 1)) {
            return true;
        }
    }
    return false;
}

static bool fails_in_other(struct shrinker *s)
{
    if (fails(s, s->other, best_list(s), TRIAL_BY_NAME) &&
        s->outcome.struck.count <= best_list(s)->count) {
        return true;
    }
    s->candidate.count = 0;
    s->tries = FITTED_TRIES;
    return best_list(s)->count > 0 && best_list(s)->count <= FITTED_MAX && fit(s, &s->candidate, 0);
}

/* Makes the scenario of the other setting the best's if it is smaller and the run still fails. */
static bool try_scenario(struct shrinker *s)
{
    uint64_t size = s->shrink->size(s->shrink->self, &s->other->scenario);
    if (size >= s->size || !open_setting(s, s->other)) {
        return false;
    }
    uint32_t fails_plainly = trials_plain_violated(s->other->trials) >> s->shrink->property & 1;
    bool better = (fails_plainly == 0 || best_list(s)->count == 0) && fails_in_other(s);
    if (better) {
        struct setting *former = s->setting;
        s->setting = s->other;
        s->other = former;
        s->best->scenario = s->setting->scenario;
        s->size = size;
        forget(s);
        adopt(s);
    }
    close_setting(s->other);
    return better && s->status == STATUS_OK;
}

/* Simpler forms in turn; the same again where it was good. */
static bool shrink_scenario(struct shrinker *s)
{
    bool any = false;
    uint32_t i = 0;
    while (s->shrink->reduce != NULL && !is_over(s) &&
           s->shrink->reduce(s->shrink->self, &s->best->scenario, i, &s->other->scenario)) {
        bool better = try_scenario(s);
        any |= better;
        i += !better;
    }
    return any;
}

/* --- the interface
 * -----------------------------------------------------------------------------------------------
 */

static void shrink_all(struct shrinker *s)
{
    s->setting->scenario = s->best->scenario;
    s->size = s->shrink->size == NULL ? 0 : s->shrink->size(s->shrink->self, &s->best->scenario);
    if (!open_setting(s, s->setting) || !make_room(s)) {
        return;
    }
    bool reproduced = fails(s, s->setting, &s->best->deviations, TRIAL_BY_NAME);
    ASSERT(reproduced || s->status != STATUS_OK);
    if (s->status == STATUS_OK) {
        adopt(s);
    }
    (void)cut(s);
    bool better = true;
    while (better && !is_over(s)) {
        better = shrink_deviations(s);
        better |= shrink_scenario(s);
    }
}

enum status shrink_run(const struct shrink *shrink, struct shrink_case *c,
                       struct shrink_counts *counts, struct error *error)
{
    struct shrinker *s = calloc(1, sizeof *s);
    struct setting *settings = calloc(2, sizeof *settings);
    enum status status = STATUS_NO_MEMORY;
    if (s == NULL || settings == NULL) {
        (void)error_set(error, status, "out of memory for shrinking");
    } else {
        *s = (struct shrinker){.shrink = shrink,
                               .counts = counts,
                               .error = error,
                               .status = STATUS_OK,
                               .best = c,
                               .setting = &settings[0],
                               .other = &settings[1]};
        shrink_all(s);
        status = s->status;
        close_setting(s->setting);
        free(s->known);
        free(s->places);
    }
    free(settings);
    free(s);
    return status;
}

void shrink_merge(const struct shrink_case *c, struct scenario *scenario)
{
    *scenario = c->scenario;
    for (uint32_t i = 0; i < c->deviations.count; i++) {
        ASSERT(scenario->faults_count < FAULTS_MAX);
        scenario->faults[scenario->faults_count++] = c->deviations.items[i].fault;
    }
}

/* The faults that are told strike by strike become deviations; those that cannot be, stay. */
static void name_faults(struct shrink_case *c, const struct trial_strikes *strikes)
{
    struct scenario *s = &c->scenario;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->faults_count; i++) {
        if ((strikes->untold >> i & 1) != 0) {
            s->faults[kept++] = s->faults[i];
        }
    }
    s->faults_count = kept;
    for (uint32_t i = 0; i < strikes->list.count; i++) {
        if ((strikes->untold >> strikes->faults[i] & 1) == 0) {
            c->deviations.items[c->deviations.count++] = strikes->list.items[i];
        }
    }
}

/* Runs the case; its outcome is then its own. `strikes` (may be NULL): what its faults do. */
static enum status run_case(struct shrink_case *c, struct duration staleness, const char *scratch,
                            struct trial_strikes *strikes, struct error *error)
{
    struct trials *t = trials_open(&c->scenario, staleness, scratch, error);
    if (t == NULL) {
        return error->status;
    }
    enum status status = strikes != NULL
                             ? trials_observe(t, &c->outcome, strikes, error)
                             : trials_run(t, &c->deviations, TRIAL_BY_NAME, &c->outcome, error);
    trials_close(t);
    return status;
}

enum status shrink_name_faults(struct shrink_case *c, const struct scenario *scenario,
                               const char *scratch, struct error *error)
{
    struct trial_strikes strikes = {.untold = 0};
    struct duration staleness = faults_staleness(scenario);
    c->scenario = *scenario;
    c->deviations.count = 0;
    enum status status = run_case(c, staleness, scratch, &strikes, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct trial_outcome observed = c->outcome;
    name_faults(c, &strikes);
    bool fits = c->scenario.faults_count + c->deviations.count <= FAULTS_MAX;
    if (fits) {
        status = run_case(c, staleness, scratch, NULL, error);
    }
    if (!fits || (observed.violated & ~c->outcome.violated) != 0) {
        c->scenario = *scenario;
        c->deviations.count = 0;
        c->outcome = observed;
    }
    return status;
}

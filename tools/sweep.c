/* sweep.c: see sweep.h. */
#include "tools/sweep.h"

#include "tools/subject.h"
#include "tools/workers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

/* --- one run
 * -----------------------------------------------------------------------------------------------
 */

static void prepare_choices(const struct sweep *s, struct choices *choices)
{
    if (s->strategy == CHOICE_SEEDED) {
        choices_init_seeded(choices, cloud_choice_names, CHOICES_COUNT, s->seed);
    } else {
        choices_init_default(choices, cloud_choice_names, CHOICES_COUNT);
    }
}

static uint32_t violated(const struct run *run)
{
    uint32_t bits = 0;
    for (uint64_t i = 0; i < run_violations_count(run); i++) {
        struct violation_row row;
        run_violation(run, i, &row);
        bits |= UINT32_C(1) << row.invariant;
    }
    return bits;
}

static enum status copy_points(struct sweep *s, const struct run *run, struct error *error)
{
    s->points_count = run_points_count(run);
    s->points = calloc(s->points_count + 1, sizeof *s->points);
    if (s->points == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu points", s->points_count);
    }
    for (size_t i = 0; i < s->points_count; i++) {
        run_point(run, i, &s->points[i]); /* its texts live as long as the program */
    }
    return STATUS_OK;
}

/* Runs a scenario to its end; `points` keeps the points that it reached. The scenario's last fault
 * is the one whose striking counts. */
static enum status run_once(struct sweep *s, const struct scenario *scenario, uint64_t events_most,
                            bool points, struct sweep_outcome *outcome, struct error *error)
{
    struct choices choices;
    struct trace trace;
    struct run_options options = {.choices = &choices, .trace = &trace};
    prepare_choices(s, &choices);
    trace_init(&trace);
    struct run *run = run_create(scenario, &options, error);
    if (run == NULL) {
        return error->status;
    }
    enum run_state state = run_advance(run, events_most, error);
    enum status status = state == RUN_FAILED ? STATUS_IO : STATUS_OK;
    run_finish(run);
    *outcome = (struct sweep_outcome){.violated = violated(run)};
    outcome->end = state == RUN_GOING  ? SWEEP_ENDLESS
                   : state == RUN_FULL ? SWEEP_FULL
                                       : SWEEP_ENDED;
    if (scenario->faults_count > 0) {
        struct fault_row row;
        run_fault(run, scenario->faults_count - 1, &row);
        outcome->struck = row.struck > 0;
    }
    if (points && status == STATUS_OK) {
        s->events = trace.events;
        status = copy_points(s, run, error);
    }
    enum status closed = run_destroy(run, error);
    return status == STATUS_OK ? closed : status;
}

enum status sweep_prepare(struct sweep *s, struct error *error)
{
    return run_once(s, s->scenario, UINT64_MAX, true, &s->without, error);
}

/* --- the list
 * ---------------------------------------------------------------------------------------------- */

static uint64_t occurrences_of(const struct sweep *s, size_t point, size_t column)
{
    enum fault_kind kind = fault_form_at(column)->fault.kind;
    const struct point_row *row = &s->points[point];
    uint64_t reached = (uint64_t)row->reached;
    bool possible = (row->kinds >> kind & 1) != 0 && (s->kinds >> kind & 1) != 0;
    /* A refused invoke is refused once: there are no attempts of it. */
    possible &= !row->of_service || fault_form_at(column)->fault.attempts != 0;
    if (!possible) {
        return 0;
    }
    return reached < s->occurrences ? reached : s->occurrences;
}

static enum status list_runs(struct sweep *s, struct error *error)
{
    size_t count = 0;
    for (size_t p = 0; p < s->points_count; p++) {
        for (size_t c = 0; c < fault_forms_count(); c++) {
            count += occurrences_of(s, p, c);
        }
    }
    s->runs = calloc(count + 1, sizeof *s->runs);
    if (s->runs == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu runs", count);
    }
    for (size_t p = 0; p < s->points_count; p++) {
        for (size_t c = 0; c < fault_forms_count(); c++) {
            for (uint64_t n = 1; n <= occurrences_of(s, p, c); n++) {
                s->runs[s->runs_count++] = (struct sweep_run){
                    .point = (uint32_t)p, .column = (uint32_t)c, .occurrence = n};
            }
        }
    }
    return STATUS_OK;
}

static struct fault fault_of(const struct sweep *s, const struct sweep_run *run)
{
    struct fault fault = fault_form_at(run->column)->fault;
    fault.process = s->points[run->point].process;
    fault.at = s->points[run->point].point;
    fault.occurrence = (int64_t)run->occurrence;
    return fault;
}

/* --- all of them
 * ------------------------------------------------------------------------------------------- */

/* Runs that one worker does in a row, since a run takes less than a process's start. */
enum { RUNS_A_PIECE = 32 };

struct pieces {
    struct sweep *sweep;
    struct error *error;
    enum status status;
    size_t done;
    struct timespec shown;
};

static size_t piece_end(const struct sweep *s, size_t piece)
{
    size_t end = (piece + 1) * RUNS_A_PIECE;
    return end < s->runs_count ? end : s->runs_count;
}

/* Writes the outcomes of a piece's runs, one behind the other. */
static int run_piece(void *self, size_t piece, FILE *out, FILE *errors)
{
    struct sweep *s = ((struct pieces *)self)->sweep;
    struct error error = {.message = "out of memory for a scenario"};
    struct scenario *scenario = malloc(sizeof *scenario);
    enum status status = scenario == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    if (scenario != NULL) {
        *scenario = *s->scenario;
        scenario->faults_count++;
    }
    for (size_t i = piece * RUNS_A_PIECE; i < piece_end(s, piece) && status == STATUS_OK; i++) {
        struct sweep_outcome outcome;
        scenario->faults[s->scenario->faults_count] = fault_of(s, &s->runs[i]);
        status = run_once(s, scenario, run_endless_at(s->events), false, &outcome, &error);
        (void)fwrite(&outcome, sizeof outcome, 1, out);
    }
    (void)fputs(status == STATUS_OK ? "" : error.message, errors);
    free(scenario);
    return (int)status;
}

static void show_progress(struct pieces *p)
{
    struct timespec now;
    if (!p->sweep->shows_progress || clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        return;
    }
    int64_t since_ms =
        (now.tv_sec - p->shown.tv_sec) * 1000 + (now.tv_nsec - p->shown.tv_nsec) / NS_PER_MS;
    if (since_ms >= 100) {
        p->shown = now;
        (void)fprintf(stderr, "\r%zu of %zu runs\033[K", p->done, p->sweep->runs_count);
    }
}

static bool take_piece(void *self, size_t piece, const struct work_result *result)
{
    struct pieces *p = self;
    struct sweep *s = p->sweep;
    size_t first = piece * RUNS_A_PIECE;
    size_t count = piece_end(s, piece) - first;
    if (result->died || result->status != STATUS_OK ||
        result->out.size != count * sizeof(struct sweep_outcome)) {
        enum status status = result->died ? STATUS_IO : (enum status)result->status;
        p->status = error_set(p->error, status, "a run did not come to an end: %.*s",
                              (int)result->errors.size, result->errors.at);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(&s->runs[first + i].outcome, result->out.at + i * sizeof(struct sweep_outcome),
               sizeof(struct sweep_outcome));
    }
    p->done += count;
    show_progress(p);
    return true;
}

enum status sweep_perform(struct sweep *s, struct error *error)
{
    struct pieces pieces = {.sweep = s, .error = error, .status = STATUS_OK};
    if (s->scenario->faults_count == FAULTS_MAX) {
        return error_set(error, STATUS_BAD_INPUT, "has %d faults, and no room for one more",
                         FAULTS_MAX);
    }
    enum status status = list_runs(s, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct work work = {
        .count = (s->runs_count + RUNS_A_PIECE - 1) / RUNS_A_PIECE,
        .workers = s->workers,
        .self = &pieces,
        .run = run_piece,
        .told = take_piece,
    };
    status = work_do(&work, error);
    if (s->shows_progress) {
        (void)fputs("\r\033[K", stderr);
    }
    return status == STATUS_OK ? pieces.status : status;
}

void sweep_deinit(struct sweep *s)
{
    free(s->points);
    free(s->runs);
    s->points = NULL;
    s->runs = NULL;
}

/* --- reading
 * -----------------------------------------------------------------------------------------------
 */

struct sweep_cell sweep_cell(const struct sweep *s, size_t point, size_t column)
{
    struct sweep_cell cell = {0};
    for (size_t p = 0; p <= point; p++) {
        size_t end = p < point ? fault_forms_count() : column;
        for (size_t c = 0; c < end; c++) {
            cell.first += occurrences_of(s, p, c);
        }
    }
    cell.count = (uint32_t)occurrences_of(s, point, column);
    for (size_t i = cell.first; i < cell.first + cell.count; i++) {
        const struct sweep_outcome *o = &s->runs[i].outcome;
        bool wrong = o->violated != 0 || o->end != SWEEP_ENDED;
        cell.struck += o->struck;
        cell.violating += wrong;
        cell.unended += o->end != SWEEP_ENDED;
        cell.violated |= o->violated;
        if (wrong && cell.violator == NULL) {
            cell.violator = &s->runs[i];
        }
    }
    return cell;
}

void sweep_put_options(FILE *out, const struct sweep *s, const struct sweep_run *run)
{
    struct fault fault = fault_of(s, run);
    put_fault_options(out, s->scenario->faults_count, &fault);
}

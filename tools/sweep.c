/* sweep.c: see sweep.h. */
#include "tools/sweep.h"

#include "tools/fields.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A form: what it is called, its kind, and how it differs from the kind's default. */
#define FORM(word, kind_name, ...)                                                                 \
    {                                                                                              \
        word,                                                                                      \
        {                                                                                          \
            .kind = FAULT_##kind_name, .times = 1, __VA_ARGS__                                     \
        }                                                                                          \
    }
#define SECONDS(count) .by = {(count)*NS_PER_S}

/* The amounts are beyond what is usual and within what a function lives to see. */
static const struct sweep_column columns[] = {
    FORM("kill", KILL, .attempts = 1),
    FORM("kill_before", KILL, .attempts = 1, .when = FAULT_WHEN_BEFORE),
    FORM("timeout", TIMEOUT, .attempts = 1),
    FORM("timeout_lost", TIMEOUT, .attempts = 1, .outcome = FAULT_OUTCOME_LOST),
    FORM("lose_request", LOSE_REQUEST, .attempts = 1),
    FORM("lose_reply", LOSE_REPLY, .attempts = 1),
    FORM("throttle", THROTTLE, .attempts = 1),
    FORM("throttle_all", THROTTLE, .attempts = 0),
    FORM("error", ERROR, .attempts = 1),
    FORM("error_applied", ERROR, .attempts = 1, .outcome = FAULT_OUTCOME_APPLIED),
    FORM("error_all", ERROR, .attempts = 0),
    FORM("refuse", REFUSE, .attempts = 1),
    FORM("slow", SLOW, .attempts = 1, SECONDS(50)),
    FORM("stall", STALL, .attempts = 1, SECONDS(120)),
    FORM("stale", STALE, .attempts = 1, SECONDS(10)),
    FORM("duplicate", DUPLICATE, .attempts = 1),
    FORM("lose", LOSE, .attempts = 1),
    FORM("delay", DELAY, .attempts = 1, SECONDS(600)),
    FORM("corrupt", CORRUPT, .attempts = 1),
    FORM("expire", EXPIRE, .attempts = 1, SECONDS(1)),
    FORM("skew_ahead", CLOCK_SKEW, .attempts = 1, SECONDS(600)),
    FORM("skew_behind", CLOCK_SKEW, .attempts = 1, SECONDS(-600)),
    FORM("fail", FAIL, .attempts = 1),
    FORM("fail_after", FAIL, .attempts = 1, .when = FAULT_WHEN_AFTER),
};

size_t sweep_columns_count(void)
{
    return sizeof columns / sizeof columns[0];
}

const struct sweep_column *sweep_column_at(size_t i)
{
    ASSERT(i < sweep_columns_count());
    return &columns[i];
}

/* --- one run
 * -----------------------------------------------------------------------------------------------
 */

/* Far more than any fault makes of a run that still comes to an end. */
enum { EVENTS_FACTOR = 20, EVENTS_MORE = 200000 };

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
    enum fault_kind kind = columns[column].fault.kind;
    const struct point_row *row = &s->points[point];
    uint64_t reached = (uint64_t)row->reached;
    bool possible = (row->kinds >> kind & 1) != 0 && (s->kinds >> kind & 1) != 0;
    /* A refused invoke is refused once: there are no attempts of it. */
    possible &= !row->of_service || columns[column].fault.attempts != 0;
    if (!possible) {
        return 0;
    }
    return reached < s->occurrences ? reached : s->occurrences;
}

static enum status list_runs(struct sweep *s, struct error *error)
{
    size_t count = 0;
    for (size_t p = 0; p < s->points_count; p++) {
        for (size_t c = 0; c < sweep_columns_count(); c++) {
            count += occurrences_of(s, p, c);
        }
    }
    s->runs = calloc(count + 1, sizeof *s->runs);
    if (s->runs == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory for %zu runs", count);
    }
    for (size_t p = 0; p < s->points_count; p++) {
        for (size_t c = 0; c < sweep_columns_count(); c++) {
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
    struct fault fault = columns[run->column].fault;
    fault.process = s->points[run->point].process;
    fault.at = s->points[run->point].point;
    fault.occurrence = (int64_t)run->occurrence;
    return fault;
}

/* --- workers
 * -----------------------------------------------------------------------------------------------
 */

struct told {
    uint64_t run;
    struct sweep_outcome outcome;
};

/* The worker's part: every n-th run. Its exit status tells how it went. */
static enum status work(struct sweep *s, unsigned worker, int out, struct error *error)
{
    struct scenario *scenario = malloc(sizeof *scenario);
    if (scenario == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a scenario");
    }
    *scenario = *s->scenario;
    struct fault *fault = &scenario->faults[scenario->faults_count++];
    enum status status = STATUS_OK;
    for (size_t i = worker; i < s->runs_count && status == STATUS_OK; i += s->workers) {
        struct told message = {.run = i};
        *fault = fault_of(s, &s->runs[i]);
        status = run_once(s, scenario, EVENTS_FACTOR * s->events + EVENTS_MORE, false,
                          &message.outcome, error);
        if (status == STATUS_OK && write(out, &message, sizeof message) != sizeof message) {
            status = error_set(error, STATUS_IO, "a worker cannot write: %s", strerror(errno));
        }
    }
    free(scenario);
    return status;
}

struct worker {
    pid_t process;
    int in; /* -1: it has ended */
    struct told message;
    size_t received; /* bytes of the message */
};

static enum status start(struct sweep *s, struct worker *workers, unsigned i, struct error *error)
{
    int ends[2];
    if (pipe(ends) != 0) {
        return error_set(error, STATUS_IO, "no pipe for a worker: %s", strerror(errno));
    }
    workers[i].process = fork();
    if (workers[i].process < 0) {
        (void)close(ends[0]);
        (void)close(ends[1]);
        return error_set(error, STATUS_IO, "no process for a worker: %s", strerror(errno));
    }
    if (workers[i].process == 0) {
        for (unsigned k = 0; k < i; k++) {
            (void)close(workers[k].in);
        }
        (void)close(ends[0]);
        struct error own = {.message = ""};
        enum status status = work(s, i, ends[1], &own);
        if (status != STATUS_OK) {
            (void)fprintf(stderr, "lockstep points: %s\n", own.message);
        }
        _exit(status == STATUS_OK ? 0 : 1);
    }
    (void)close(ends[1]);
    workers[i].in = ends[0];
    return STATUS_OK;
}

/* Takes what a worker has sent. False where it has ended. */
static bool receive(struct sweep *s, struct worker *w, size_t *done)
{
    char *at = (char *)&w->message + w->received;
    ssize_t got = read(w->in, at, sizeof w->message - w->received);
    if (got <= 0) {
        return got < 0 && errno == EINTR;
    }
    w->received += (size_t)got;
    if (w->received == sizeof w->message) {
        s->runs[w->message.run].outcome = w->message.outcome;
        w->received = 0;
        (*done)++;
    }
    return true;
}

static void show_progress(const struct sweep *s, size_t done)
{
    static struct timespec last;
    struct timespec now;
    if (!s->shows_progress || clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        return;
    }
    int64_t since_ms = (now.tv_sec - last.tv_sec) * 1000 + (now.tv_nsec - last.tv_nsec) / NS_PER_MS;
    if (since_ms >= 100) {
        last = now;
        (void)fprintf(stderr, "\r%zu of %zu runs\033[K", done, s->runs_count);
    }
}

static enum status collect(struct sweep *s, struct worker *workers, struct error *error)
{
    size_t done = 0;
    unsigned open = s->workers;
    while (open > 0) {
        struct pollfd polled[SWEEP_WORKERS_MAX];
        for (unsigned i = 0; i < s->workers; i++) {
            polled[i] = (struct pollfd){.fd = workers[i].in, .events = POLLIN};
        }
        if (poll(polled, s->workers, -1) < 0 && errno != EINTR) {
            return error_set(error, STATUS_IO, "cannot wait for workers: %s", strerror(errno));
        }
        for (unsigned i = 0; i < s->workers; i++) {
            if (workers[i].in >= 0 && polled[i].revents != 0 && !receive(s, &workers[i], &done)) {
                (void)close(workers[i].in);
                workers[i].in = -1;
                open--;
            }
        }
        show_progress(s, done);
    }
    if (s->shows_progress) {
        (void)fputs("\r\033[K", stderr);
    }
    return done == s->runs_count
               ? STATUS_OK
               : error_set(error, STATUS_IO, "only %zu of %zu runs came to an end", done,
                           s->runs_count);
}

enum status sweep_perform(struct sweep *s, struct error *error)
{
    struct worker workers[SWEEP_WORKERS_MAX];
    if (s->scenario->faults_count == FAULTS_MAX) {
        return error_set(error, STATUS_BAD_INPUT, "has %d faults, and no room for one more",
                         FAULTS_MAX);
    }
    enum status status = list_runs(s, error);
    if (status != STATUS_OK) {
        return status;
    }
    memset(workers, 0, sizeof workers);
    ASSERT(s->workers >= 1 && s->workers <= SWEEP_WORKERS_MAX);
    (void)fflush(NULL);
    unsigned started = 0;
    while (status == STATUS_OK && started < s->workers) {
        status = start(s, workers, started, error);
        started += status == STATUS_OK;
    }
    if (started == s->workers) {
        status = collect(s, workers, error);
    }
    for (unsigned i = 0; i < started; i++) {
        if (workers[i].in > 0) {
            (void)close(workers[i].in); /* it ends at its next write */
        }
        (void)waitpid(workers[i].process, NULL, 0);
    }
    return status;
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
        size_t end = p < point ? sweep_columns_count() : column;
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
    static const char *const members[] = {"at", "occurrence", "attempts", "when", "outcome", "by"};
    static struct scenario with;
    uint32_t index = s->scenario->faults_count;
    struct fault fault = fault_of(s, run);
    with.faults[index] = fault;
    (void)fprintf(out, " --set faults.%" PRIu32 ".%s=%.*s", index, fault_word(fault.kind),
                  (int)fault.process.size, fault.process.at);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        char key[32], value[128], usual[128];
        (void)snprintf(key, sizeof key, "faults.*.%s", members[i]);
        struct text_writer w = text_writer(value, sizeof value);
        struct text_writer u = text_writer(usual, sizeof usual);
        const struct field *field = field_find(text_from(key));
        field_put(field, &with, index, &w);
        with.faults[index] = fault_default;
        field_put(field, &with, index, &u);
        with.faults[index] = fault;
        if (strcmp(text_writer_string(&w), text_writer_string(&u)) != 0) {
            (void)fprintf(out, " --set faults.%" PRIu32 ".%s=%s", index, members[i], value);
        }
    }
}

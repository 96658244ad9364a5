/* hunting.c: see hunting.h. */
#include "tools/hunting.h"

#include "sim/unicode.h"
#include "tools/numbers.h"
#include "tools/workers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

/* As many pieces as a hunt without a number of runs could ever make. */
enum { PIECES_MAX = 1 << 20 };

/* For each invariant reducing may take one run more for so many. */
enum { REPEATS_SHARE = 40 };

struct hunting {
    const struct hunting_work *work;
    struct hunted *hunted;
    uint64_t pieces;
    uint64_t *left; /* those that the journal does not hold, in order */
    size_t left_count;
    int64_t began_ns, shown_ns;
    struct error *error;
    enum status status;
};

static int64_t clock_ns(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static bool time_is_over(const struct hunting *g)
{
    return g->work->time.ns > 0 && clock_ns() - g->began_ns >= g->work->time.ns;
}

static bool is_stopped(void *self)
{
    const struct hunting *g = self;
    return (g->work->stopped != NULL && g->work->stopped()) || time_is_over(g);
}

/* The runs of a piece that are wanted. */
static uint64_t runs_of(const struct hunting *g, uint64_t piece)
{
    uint64_t all = g->hunted->piece_runs;
    uint64_t first = piece * all;
    return g->work->runs == 0 || g->work->runs - first >= all ? all : g->work->runs - first;
}

struct piece_key {
    char text[48];
};

static struct piece_key key_of(const struct hunting *g, uint64_t piece)
{
    struct piece_key key;
    (void)snprintf(key.text, sizeof key.text, "%" PRIu64 ".%" PRIu64, piece, runs_of(g, piece));
    return key;
}

/* --- as text
 * -----------------------------------------------------------------------------------------------
 */

static void write_find(const struct find *find, FILE *out)
{
    const uint64_t head[] = {find->what,  find->strategy, find->count,
                             find->first, find->events,   find->deviations_count};
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++) {
        number_write(out, head[i]);
    }
    for (uint32_t i = 0; i < find->deviations_count; i++) {
        const struct deviation *d = &find->deviations[i];
        number_write(out, d->form);
        number_write(out, d->point);
        number_write(out, d->of.parent);
        number_write(out, d->of.ordinal);
        number_write(out, d->occurrence);
    }
    (void)fputc('\n', out);
}

void hunting_write(const struct hunt_tally *t, FILE *out)
{
    for (uint32_t i = 0; i < HUNT_STRATEGIES_COUNT; i++) {
        const struct hunt_counts *counts = &t->of[i];
        number_write(out, counts->runs);
        number_write(out, counts->events);
        number_write(out, counts->deviations);
        for (uint32_t k = 0; k < FIND_KINDS_COUNT; k++) {
            number_write(out, counts->found[k]);
        }
    }
    for (uint32_t i = 0; i < INVARIANTS_COUNT; i++) {
        number_write(out, t->unreduced[i]);
        number_write(out, t->repeats[i]);
    }
    for (uint32_t i = 0; i < GOALS_COUNT; i++) {
        number_write(out, t->goals[i]);
    }
    number_write(out, t->finds_count);
    (void)fputc('\n', out);
    for (uint64_t i = 0; i < t->finds_count; i++) {
        write_find(&t->finds[i], out);
    }
}

static struct find read_find(struct number_reader *r)
{
    struct find find = {.what = number_read_small(r, FIND_KINDS_COUNT - 1)};
    find.strategy = number_read_small(r, HUNT_STRATEGIES_COUNT - 1);
    find.count = number_read(r, UINT64_MAX);
    find.first = number_read(r, UINT64_MAX);
    find.events = number_read(r, UINT64_MAX);
    find.deviations_count = number_read_small(r, HUNT_DEVIATIONS_MAX);
    for (uint32_t i = 0; i < find.deviations_count && !r->bad; i++) {
        struct deviation *d = &find.deviations[i];
        d->form = number_read_small(r, DEVIATION_FORMS_MAX - 1);
        d->point = number_read_small(r, POINTS_MAX - 1);
        d->of.parent = number_read_small(r, UINT32_MAX);
        d->of.ordinal = number_read_small(r, UINT32_MAX);
        d->occurrence = number_read_small(r, UINT32_MAX);
    }
    return find;
}

static void read_counts(struct number_reader *r, struct hunt_tally *t)
{
    for (uint32_t i = 0; i < HUNT_STRATEGIES_COUNT; i++) {
        struct hunt_counts *counts = &t->of[i];
        counts->runs = number_read(r, UINT64_MAX);
        counts->events = number_read(r, UINT64_MAX);
        counts->deviations = number_read(r, UINT64_MAX);
        for (uint32_t k = 0; k < FIND_KINDS_COUNT; k++) {
            counts->found[k] = number_read(r, UINT64_MAX);
        }
    }
    for (uint32_t i = 0; i < INVARIANTS_COUNT; i++) {
        t->unreduced[i] = number_read(r, UINT64_MAX);
        t->repeats[i] = number_read(r, UINT64_MAX);
    }
    for (uint32_t i = 0; i < GOALS_COUNT; i++) {
        t->goals[i] = number_read(r, UINT64_MAX);
    }
}

enum status hunting_read(struct hunt_tally *tally, struct text text, struct error *error)
{
    struct number_reader r = {.rest = text};
    struct hunt_tally read;
    hunt_tally_init(&read);
    read_counts(&r, &read);
    uint64_t finds = number_read(&r, UINT32_MAX);
    enum status status = STATUS_OK;
    for (uint64_t i = 0; i < finds && !r.bad && status == STATUS_OK; i++) {
        struct find find = read_find(&r);
        status = r.bad ? STATUS_OK : hunt_tally_add(&read, &find, error);
    }
    if (status == STATUS_OK && (r.bad || r.rest.size > 0)) {
        status = error_set(error, STATUS_CORRUPT, "this is not what a hunt finds");
    }
    if (status == STATUS_OK) {
        status = hunt_tally_merge(tally, &read, error);
    }
    hunt_tally_deinit(&read);
    return status;
}

/* --- in a worker
 * -----------------------------------------------------------------------------------------------
 */

struct listener {
    struct hunting *hunting;
    struct hunter *hunter;
    struct hunt_tally tally;
    uint64_t left; /* runs that are wanted yet */
    struct error *error;
    enum status status;
};

static bool listen(void *self, const struct hunt_run *run)
{
    struct listener *l = self;
    uint64_t repeats_most =
        l->hunting->work->as_found ? HUNT_AS_FOUND : l->hunting->hunted->piece_runs / REPEATS_SHARE;
    l->status = hunt_tally_run(&l->tally, l->hunter, run, repeats_most, l->error);
    l->left--;
    return l->status == STATUS_OK && l->left > 0 && !is_stopped(l->hunting);
}

/* Writes first whether all wanted runs were made. */
static int run_piece(void *self, size_t i, FILE *out, FILE *errors)
{
    struct hunting *g = self;
    struct error error = {.message = ""};
    struct listener l = {.hunting = g, .left = runs_of(g, g->left[i]), .error = &error};
    hunt_tally_init(&l.tally);
    l.hunter = hunter_open(&g->work->hunt, &error);
    enum status status = error.status;
    if (l.hunter != NULL) {
        status = hunter_piece(l.hunter, g->left[i], listen, &l, &error);
        status = status == STATUS_OK ? l.status : status;
    }
    if (status == STATUS_OK) {
        (void)fprintf(out, "%d ", l.left == 0);
        hunting_write(&l.tally, out);
    } else {
        (void)fputs(error.message, errors);
    }
    hunt_tally_deinit(&l.tally);
    hunter_close(l.hunter);
    return (int)status;
}

/* --- in the first process
 * -----------------------------------------------------------------------------------------------
 */

static void show_progress(struct hunting *g)
{
    int64_t now_ns = clock_ns();
    if (!g->work->shows_progress || now_ns - g->shown_ns < 100 * NS_PER_MS) {
        return;
    }
    g->shown_ns = now_ns;
    (void)fprintf(stderr, "\r%s  %" PRIu64 " runs  %" PRIu64 " stories\033[K",
                  shown(text_from(g->work->title)).text, hunt_tally_runs(&g->hunted->tally),
                  g->hunted->tally.finds_count);
}

static bool take_result(struct hunting *g, uint64_t piece, struct text bytes)
{
    bool whole = bytes.size > 2 && bytes.at[0] == '1';
    if (bytes.size < 2) {
        g->status = error_set(g->error, STATUS_CORRUPT, "a piece told nothing");
        return false;
    }
    struct text tally = {bytes.at + 2, bytes.size - 2};
    if (whole && g->work->journal != NULL) {
        struct piece_key key = key_of(g, piece);
        g->status = journal_file_add(g->work->journal, key.text, tally, g->error);
    }
    uint64_t before = hunt_tally_runs(&g->hunted->tally);
    if (g->status == STATUS_OK) {
        g->status = hunting_read(&g->hunted->tally, tally, g->error);
    }
    g->hunted->made += hunt_tally_runs(&g->hunted->tally) - before;
    show_progress(g);
    return g->status == STATUS_OK;
}

static bool take_piece(void *self, size_t i, const struct work_result *result)
{
    struct hunting *g = self;
    if (!result->died && result->status == STATUS_OK) {
        return take_result(g, g->left[i], result->out);
    }
    if (!is_stopped(g)) {
        enum status status = result->died ? STATUS_IO : (enum status)result->status;
        g->status = error_set(g->error, status, "a piece did not come to an end: %.*s",
                              (int)result->errors.size, result->errors.at);
    }
    return false;
}

/* Takes the pieces that the journal holds, and lists the others. */
static enum status take_up(struct hunting *g)
{
    g->left = calloc(g->pieces + 1, sizeof *g->left);
    if (g->left == NULL) {
        return error_set(g->error, STATUS_NO_MEMORY, "out of memory for a hunt");
    }
    enum status status = STATUS_OK;
    size_t kept_left = g->work->journal != NULL ? journal_file_count(g->work->journal) : 0;
    for (uint64_t i = 0; status == STATUS_OK && i < g->pieces; i++) {
        struct text kept = {NULL, 0};
        if (kept_left > 0) {
            struct piece_key key = key_of(g, i);
            kept = journal_file_find(g->work->journal, key.text);
        }
        if (kept.at == NULL) {
            g->left[g->left_count++] = i;
        } else {
            kept_left--;
            status = hunting_read(&g->hunted->tally, kept, g->error);
        }
    }
    return status;
}

/* What the plain run tells. It is made apart: the table's library does not live through a fork. */
static enum status look_at_plain_run(struct hunting *g)
{
    struct hunter *h = hunter_open(&g->work->hunt, g->error);
    if (h == NULL) {
        return g->error->status;
    }
    g->hunted->piece_runs = hunter_piece_runs(h);
    g->hunted->plain_events = hunter_events(h);
    g->hunted->plain_asks = hunter_asks(h);
    hunter_close(h);
    uint64_t runs = g->hunted->piece_runs;
    g->pieces = g->work->runs == 0 ? PIECES_MAX : (g->work->runs + runs - 1) / runs;
    return STATUS_OK;
}

static enum status hunt_pieces(struct hunting *g)
{
    struct work work = {
        .count = g->left_count,
        .workers = g->work->workers,
        .self = g,
        .run = run_piece,
        .told = take_piece,
        .stopped = is_stopped,
    };
    enum status status = g->left_count > 0 ? work_do(&work, g->error) : STATUS_OK;
    if (g->work->shows_progress) {
        (void)fputs("\r\033[K", stderr);
    }
    return status == STATUS_OK ? g->status : status;
}

enum status hunting_do(const struct hunting_work *work, struct hunted *hunted, struct error *error)
{
    *hunted = (struct hunted){.made = 0};
    hunt_tally_init(&hunted->tally);
    struct hunting hunting = {
        .work = work, .hunted = hunted, .began_ns = clock_ns(), .error = error};
    enum status status = look_at_plain_run(&hunting);
    if (status == STATUS_OK) {
        status = take_up(&hunting);
    }
    if (status == STATUS_OK) {
        status = hunt_pieces(&hunting);
    }
    hunt_tally_sort(&hunted->tally);
    hunted->took.ns = clock_ns() - hunting.began_ns;
    free(hunting.left);
    return status;
}

void hunted_free(struct hunted *hunted)
{
    hunt_tally_deinit(&hunted->tally);
}

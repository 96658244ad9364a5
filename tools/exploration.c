/* exploration.c: see exploration.h. */
#include "tools/exploration.h"

#include "sim/unicode.h"
#include "tools/report.h"
#include "tools/workers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

/* One pass under way. */
struct pass {
    const struct exploration_work *work;
    struct explorer *explorer;
    uint32_t deviations;
    uint64_t items, items_a_piece;
    size_t pieces;
    size_t *left; /* the pieces that the journal does not hold, in order */
    size_t left_count;
    const struct findings *known;
    struct findings found;
    uint64_t items_done;
    struct error *error;
    enum status status;
    struct timespec shown;
};

/* An item takes about as long as all runs with one deviation less; so that a piece is some tenths
 * of a second. */
static uint64_t items_a_piece(uint32_t deviations)
{
    return deviations == 1 ? 256 : deviations == 2 ? 8 : 1;
}

/* The first piece has the last items: in one explorer their numbers must fall. */
static uint64_t piece_end(const struct pass *p, size_t piece)
{
    return p->items - piece * p->items_a_piece;
}

static uint64_t piece_begin(const struct pass *p, size_t piece)
{
    uint64_t end = piece_end(p, piece);
    return end > p->items_a_piece ? end - p->items_a_piece : 0;
}

struct piece_key {
    char text[32];
};

static struct piece_key key_of(const struct pass *p, size_t piece)
{
    struct piece_key key;
    (void)snprintf(key.text, sizeof key.text, "%" PRIu32 ".%" PRIu32 ".%zu", p->work->number,
                   p->deviations, piece);
    return key;
}

/* --- in a worker
 * -----------------------------------------------------------------------------------------------
 */

struct listener {
    struct findings found;
    const struct findings *known;
    struct error *error;
    enum status status;
};

static void listen(void *self, const struct exploration_run *run)
{
    struct listener *l = self;
    if (l->status == STATUS_OK) {
        l->status = findings_add(&l->found, l->known, run, l->error);
    }
}

static int run_piece(void *self, size_t i, FILE *out, FILE *errors)
{
    struct pass *p = self;
    size_t piece = p->left[i];
    struct error error = {.message = ""};
    struct listener listener = {.known = p->known, .error = &error};
    enum status status = STATUS_OK;
    for (uint64_t item = piece_end(p, piece);
         status == STATUS_OK && listener.status == STATUS_OK && item > piece_begin(p, piece);
         item--) {
        status = explorer_item(p->explorer, item - 1, listen, &listener, &listener.found.counts,
                               p->work->stopped, &error);
    }
    status = status == STATUS_OK ? listener.status : status;
    if (status == STATUS_OK) {
        findings_write(&listener.found, out);
    } else {
        (void)fputs(error.message, errors);
    }
    findings_free(&listener.found);
    return (int)status;
}

/* --- in the first process
 * -----------------------------------------------------------------------------------------------
 */

/* Whether it is time to show where the work stands; notes that it is shown. */
static bool shows(const struct exploration_work *work, struct timespec *last)
{
    struct timespec now;
    if (!work->shows_progress || clock_gettime(CLOCK_MONOTONIC, &now) != 0 ||
        (now.tv_sec - last->tv_sec) * 1000 + (now.tv_nsec - last->tv_nsec) / NS_PER_MS < 100) {
        return false;
    }
    *last = now;
    return true;
}

static void show_progress(struct pass *p)
{
    if (shows(p->work, &p->shown)) {
        (void)fprintf(stderr,
                      "\r%s  %" PRIu32 " deviations  %" PRIu64 " of %" PRIu64 " items  %" PRIu64
                      " runs  %zu stories\033[K",
                      shown(text_from(p->work->title)).text, p->deviations, p->items_done, p->items,
                      p->found.counts.runs, p->found.count);
    }
}

static enum status merge_piece(struct pass *p, size_t piece, struct text bytes)
{
    enum status status = findings_read(&p->found, bytes, p->error);
    if (status == STATUS_OK) {
        p->items_done += piece_end(p, piece) - piece_begin(p, piece);
        show_progress(p);
    }
    return status;
}

static bool take_piece(void *self, size_t i, const struct work_result *result)
{
    struct pass *p = self;
    size_t piece = p->left[i];
    if (result->status == STATUS_INTERRUPTED && !result->died) {
        return false;
    }
    if (result->died || result->status != STATUS_OK) {
        bool stopped = p->work->stopped != NULL && p->work->stopped();
        if (!stopped) {
            p->status = error_set(p->error, result->died ? STATUS_IO : (enum status)result->status,
                                  "a piece did not come to an end: %.*s", (int)result->errors.size,
                                  result->errors.at);
        }
        return false;
    }
    if (p->work->journal != NULL) {
        struct piece_key key = key_of(p, piece);
        p->status = journal_file_add(p->work->journal, key.text, result->out, p->error);
    }
    if (p->status == STATUS_OK) {
        p->status = merge_piece(p, piece, result->out);
    }
    return p->status == STATUS_OK;
}

struct reaching {
    const struct exploration_work *work;
    struct listener listener;
    struct timespec shown;
};

static void listen_reaching(void *self, const struct exploration_run *run)
{
    struct reaching *r = self;
    listen(&r->listener, run);
    if (shows(r->work, &r->shown)) {
        const struct findings *f = &r->listener.found;
        (void)fprintf(stderr,
                      "\r%s  %" PRIu32 " deviations  %" PRIu64 " runs  %" PRIu64
                      " worlds  %zu stories\033[K",
                      shown(text_from(r->work->title)).text, run->deviations_count, f->counts.runs,
                      f->counts.worlds, f->count);
    }
}

static bool is_stopped(void *self)
{
    const struct pass *p = self;
    return p->work->stopped != NULL && p->work->stopped();
}

/* Takes the pieces that the journal holds, and lists the others. */
static enum status take_up(struct pass *p)
{
    p->left = calloc(p->pieces, sizeof *p->left);
    if (p->left == NULL) {
        return error_set(p->error, STATUS_NO_MEMORY, "out of memory for %zu pieces", p->pieces);
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < p->pieces; i++) {
        struct piece_key key = key_of(p, i);
        struct text kept = {NULL, 0};
        if (p->work->journal != NULL) {
            kept = journal_file_find(p->work->journal, key.text);
        }
        if (kept.at == NULL) {
            p->left[p->left_count++] = i;
        } else {
            status = merge_piece(p, i, kept);
        }
    }
    return status;
}

static enum status do_pass(struct pass *p)
{
    struct exploration exploration = p->work->exploration;
    exploration.deviations = p->deviations > 0 ? p->deviations : 1;
    p->explorer = explorer_open(&exploration, p->error);
    if (p->explorer == NULL) {
        return p->error->status;
    }
    p->items = p->deviations > 0 ? explorer_items(p->explorer) : 1;
    p->items_a_piece = items_a_piece(p->deviations);
    p->pieces = (size_t)((p->items + p->items_a_piece - 1) / p->items_a_piece);
    enum status status = take_up(p);
    if (status == STATUS_OK && p->left_count > 0) {
        struct work work = {
            .count = p->left_count,
            .workers = p->work->workers,
            .self = p,
            .run = run_piece,
            .told = take_piece,
            .stopped = is_stopped,
        };
        status = work_do(&work, p->error);
    }
    return status == STATUS_OK ? p->status : status;
}

/* All worlds. */
static enum status do_reach(const struct exploration_work *work, struct explored *explored,
                            struct error *error)
{
    struct exploration exploration = work->exploration;
    exploration.deviations = 1;
    struct explorer *e = explorer_open(&exploration, error);
    if (e == NULL) {
        return error->status;
    }
    struct reaching r = {.work = work, .listener = {.error = error}};
    r.listener.known = &r.listener.found;
    enum status status =
        explorer_reach(e, listen_reaching, &r, &r.listener.found.counts, work->stopped, error);
    status = r.listener.status != STATUS_OK ? r.listener.status : status;
    explored->plain_events = explorer_events(e);
    explored->complete = status == STATUS_OK;
    explored->too_many = status == STATUS_FULL;
    explorer_close(e);
    if (work->shows_progress) {
        (void)fputs("\r\033[K", stderr);
    }
    findings_sort(&r.listener.found);
    explored->findings = r.listener.found;
    return status == STATUS_INTERRUPTED || status == STATUS_FULL ? STATUS_OK : status;
}

enum status exploration_do(const struct exploration_work *work, struct explored *explored,
                           struct error *error)
{
    struct findings stories = {0};
    enum status status = STATUS_OK;
    *explored = (struct explored){.complete = true};
    if (work->all_worlds) {
        return do_reach(work, explored, error);
    }
    uint32_t first = work->exploration.deviations > 0 ? 1 : 0;
    for (uint32_t d = first;
         status == STATUS_OK && explored->complete && d <= work->exploration.deviations; d++) {
        struct pass pass = {.work = work, .deviations = d, .known = &stories, .error = error};
        status = do_pass(&pass);
        if (pass.explorer != NULL) {
            explored->plain_events = explorer_events(pass.explorer);
        }
        explored->items = pass.items;
        explored->items_done = pass.items_done;
        explored->complete = pass.items_done == pass.items;
        /* Smaller stories come again in each pass, and are counted anew. */
        findings_free(&stories);
        stories = pass.found;
        explorer_close(pass.explorer);
        free(pass.left);
    }
    if (work->shows_progress) {
        (void)fputs("\r\033[K", stderr);
    }
    findings_sort(&stories);
    explored->findings = stories;
    return status;
}

void explored_free(struct explored *explored)
{
    findings_free(&explored->findings);
}

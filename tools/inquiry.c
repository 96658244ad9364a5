/* inquiry.c: see inquiry.h. */
#include "tools/inquiry.h"

#include "tools/attempt.h"
#include "tools/workers.h"

#include <stdlib.h>

/* Changes that one worker tries in a row, since a run takes less than a process's start. */
enum { CHANGES_A_PIECE = 16 };

struct pieces {
    struct inquiry *inquiry;
    size_t points, count; /* pieces that are points; all */
    bool shows_progress;
    enum status status;
    struct error *error;
};

static uint32_t first_change(const struct pieces *p, size_t piece)
{
    return (uint32_t)(piece - p->points) * CHANGES_A_PIECE;
}

static uint32_t end_of_changes(const struct pieces *p, size_t piece)
{
    uint32_t end = first_change(p, piece) + CHANGES_A_PIECE;
    uint32_t all = blame_changes(p->inquiry->blame);
    return end < all ? end : all;
}

static enum status measure(const struct pieces *p, size_t piece, FILE *out, struct error *error)
{
    const struct blame *b = p->inquiry->blame;
    struct blame_point point = {0};
    enum status status = STATUS_OK;
    if (blame_same_point(b, (uint32_t)piece) == piece) {
        status = blame_measure(b, (uint32_t)piece, &point, attempt_interrupt(), error);
    }
    (void)fwrite(&point, sizeof point, 1, out);
    return status;
}

static enum status try_changes(const struct pieces *p, size_t piece, FILE *out, struct error *error)
{
    enum status status = STATUS_OK;
    for (uint32_t i = first_change(p, piece); i < end_of_changes(p, piece); i++) {
        struct blame_outcome outcome = {0};
        if (status == STATUS_OK) {
            status = blame_try(p->inquiry->blame, i, &outcome, error);
        }
        (void)fwrite(&outcome, sizeof outcome, 1, out);
    }
    return status;
}

static int run_piece(void *self, size_t piece, FILE *out, FILE *errors)
{
    const struct pieces *p = self;
    struct error error = {.message = ""};
    enum status status =
        piece < p->points ? measure(p, piece, out, &error) : try_changes(p, piece, out, &error);
    (void)fputs(error.message, errors);
    return (int)status;
}

static void take_point(struct inquiry *q, size_t i, const struct work_result *result)
{
    uint32_t same = blame_same_point(q->blame, (uint32_t)i);
    memcpy(&q->points[i], result->out.at, sizeof q->points[i]);
    if (same != i) {
        q->points[i] = q->points[same];
    }
}

static bool take_piece(void *self, size_t piece, const struct work_result *result)
{
    struct pieces *p = self;
    struct inquiry *q = p->inquiry;
    if (result->died || result->status == STATUS_INTERRUPTED) {
        q->interrupted = true;
    }
    if (result->died ? !attempt_interrupted() : result->status != STATUS_OK) {
        enum status status = result->died ? STATUS_IO : (enum status)result->status;
        p->status = status == STATUS_INTERRUPTED
                        ? STATUS_OK
                        : error_set(p->error, status, "a run did not come to an end: %.*s",
                                    (int)result->errors.size, result->errors.at);
        return false;
    }
    if (result->died) {
        return false;
    }
    if (piece < p->points) {
        take_point(q, piece, result);
    } else {
        uint32_t first = first_change(p, piece);
        uint32_t end = end_of_changes(p, piece);
        memcpy(&q->outcomes[first], result->out.at, (end - first) * sizeof q->outcomes[0]);
        q->changes_tried = end;
    }
    if (p->shows_progress) {
        (void)fprintf(stderr, "\r%zu of %zu pieces of work\033[K", piece + 1, p->count);
    }
    return true;
}

static bool is_stopped(void *self)
{
    (void)self;
    return attempt_interrupted();
}

static enum status measure_all(struct inquiry *q, uint32_t changes, unsigned workers,
                               bool shows_progress, struct error *error)
{
    size_t points = blame_points(q->blame);
    struct pieces p = {
        .inquiry = q,
        .points = points,
        .count = points + (changes + CHANGES_A_PIECE - 1) / CHANGES_A_PIECE,
        .shows_progress = shows_progress,
        .status = STATUS_OK,
        .error = error,
    };
    struct work work = {
        .count = p.count,
        .workers = workers,
        .self = &p,
        .run = run_piece,
        .told = take_piece,
        .stopped = is_stopped,
    };
    enum status status = work_do(&work, error);
    if (shows_progress) {
        (void)fputs("\r\033[K", stderr);
    }
    q->interrupted |= q->changes_tried < changes;
    return status == STATUS_OK ? p.status : status;
}

/* The points that were measured stand in front. */
static uint32_t measured(const struct inquiry *q)
{
    uint32_t count = 0;
    while (count < blame_points(q->blame) && q->points[count].runs > 0) {
        count++;
    }
    return count;
}

static enum status open_inquiry(struct inquiry *q, const struct blame_request *request,
                                struct error *error)
{
    *q = (struct inquiry){.blame = blame_open(request, error)};
    if (q->blame == NULL) {
        return error->status;
    }
    q->points = calloc(blame_points(q->blame), sizeof *q->points);
    q->outcomes = calloc(blame_changes(q->blame), sizeof *q->outcomes);
    if (q->points == NULL || q->outcomes == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory for a curve");
    }
    return STATUS_OK;
}

static enum status make(struct inquiry *q, const struct blame_request *request, bool with_changes,
                        unsigned workers, bool shows_progress, struct error *error)
{
    enum status status = open_inquiry(q, request, error);
    if (status == STATUS_OK) {
        uint32_t changes = with_changes ? blame_changes(q->blame) : 0;
        status = measure_all(q, changes, workers, shows_progress, error);
        q->verdict = blame_judge(q->points, measured(q));
    }
    return status;
}

enum status inquiry_make(struct inquiry *q, const struct blame_request *request, unsigned workers,
                         bool shows_progress, struct error *error)
{
    return make(q, request, true, workers, shows_progress, error);
}

enum status inquiry_make_curve(struct inquiry *q, const struct blame_request *request,
                               unsigned workers, bool shows_progress, struct error *error)
{
    return make(q, request, false, workers, shows_progress, error);
}

void inquiry_free(struct inquiry *q)
{
    blame_close(q->blame);
    free(q->points);
    free(q->outcomes);
    *q = (struct inquiry){0};
}

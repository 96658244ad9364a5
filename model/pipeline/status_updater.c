/* status_updater.c: see status_updater.h. */
#include "model/pipeline/status_updater.h"

#include "model/pipeline/pipeline.h"

#define POINTS(X) X(START) X(QUERY_BATCH) X(SET_FILE_STATUS)

enum point { POINTS(POINT_ENUM) };

const char *const status_updater_points[] = {POINTS(POINT_NAME)};
const uint32_t status_updater_points_count =
    sizeof status_updater_points / sizeof status_updater_points[0];

/* The event is of the execution that invoked it, which may be gone by now. */
static void take_event(struct status_updater *u)
{
    const uint32_t *event = u->reader.invocation.request.event;
    u->date = event[0];
    u->manifest = event[1];
    u->outcome = event[2];
}

static void send_page(struct cloud *c, struct status_updater *u)
{
    struct page_request request = {
        .date = u->date, .manifest = u->manifest, .base = u->reader.found.count};
    call_send(c, &u->reader.invocation.task, QUERY_BATCH, OPERATION_QUERY_BATCH, &request,
              sizeof request);
}

static bool more_pages(const struct status_updater *u)
{
    const struct call *call = &u->reader.invocation.task.call;
    struct page_reply reply;
    memcpy(&reply, call->reply, sizeof reply);
    return call->status == CALL_OK && reply.more;
}

static void send_status(struct cloud *c, struct status_updater *u)
{
    struct file_request request = {
        .key = chain_take(&c->chunks, &u->next),
        .date = u->date,
        .manifest = u->manifest,
        .outcome = u->outcome,
        .clock_ns = invocation_clock(c, &u->reader.invocation).ns,
    };
    call_send(c, &u->reader.invocation.task, SET_FILE_STATUS, OPERATION_SET_FILE_STATUS, &request,
              sizeof request);
}

enum process_status status_updater_step(struct cloud *c, struct task *task)
{
    struct status_updater *u = (void *)task;
    PROCESS_BEGIN(task->at, enum point);
    take_event(u);
    do {
        AWAIT(task->at, QUERY_BATCH, send_page(c, u));
    } while (more_pages(u));
    u->next = chain_begin(&u->reader.found);
    for (u->file = 0; u->file < u->reader.found.count; u->file++) {
        AWAIT(task->at, SET_FILE_STATUS, send_status(c, u));
    }
    PROCESS_END;
}

void status_updater_release(struct cloud *c, struct task *task)
{
    struct status_updater *u = (void *)task;
    chain_cut(&c->chunks, &u->reader.found, 0);
}

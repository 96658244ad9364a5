/* status_updater.c: see status_updater.h. */
#include "model/pipeline/status_updater.h"

#include "model/pipeline/pipeline.h"

#define POINTS(X) X(START) X(GET_MANIFEST) X(QUERY_BATCH) X(SET_FILE_STATUS)

enum point { POINTS(POINT_ENUM) };

const char *const status_updater_points[] = {POINTS(POINT_NAME)};
const uint32_t status_updater_points_count =
    sizeof status_updater_points / sizeof status_updater_points[0];

/* The event is the input of the execution that invoked it, and how far that has come. */
void status_updater_event(const struct execution *e, uint32_t payload[4])
{
    payload[0] = e->date;
    payload[1] = e->manifest;
    payload[2] = e->caught == CALL_OK;
}

static void take_event(struct status_updater *u)
{
    const uint32_t *payload = u->reader.invocation.request.payload;
    u->date = payload[0];
    u->manifest = payload[1];
    u->outcome = payload[2];
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

static void send_manifest(struct cloud *c, struct status_updater *u)
{
    struct file_request request = {.key = u->manifest, .manifest = u->manifest};
    call_send(c, &u->reader.invocation.task, GET_MANIFEST, OPERATION_GET_MANIFEST, &request,
              sizeof request);
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
    bool guarded = scenario_of(c)->machine.guarded;
    call_send(c, &u->reader.invocation.task, SET_FILE_STATUS,
              guarded ? OPERATION_SET_OUTCOME : OPERATION_SET_FILE_STATUS, &request,
              sizeof request);
}

/* Where the caller relies on it, what could not be done ends the function in an error. A file that
 * is not the manifest's, or is completed already, is done with. */
static void check(const struct cloud *c, struct status_updater *u)
{
    uint8_t status = u->reader.invocation.task.call.status;
    bool done = status == CALL_OK || status == CALL_CONDITION_FAILED;
    u->reader.invocation.raised |= scenario_of(c)->machine.guarded && !done;
}

enum process_status status_updater_step(struct cloud *c, struct task *task)
{
    struct status_updater *u = (void *)task;
    PROCESS_BEGIN(task->at, enum point);
    take_event(u);
    if (scenario_of(c)->machine.guarded) {
        AWAIT(task->at, GET_MANIFEST, send_manifest(c, u));
    }
    if (!scenario_of(c)->machine.guarded || task->call.status != CALL_OK) {
        do {
            AWAIT(task->at, QUERY_BATCH, send_page(c, u));
        } while (more_pages(u));
        check(c, u);
    }
    u->next = chain_begin(&u->reader.found);
    for (u->file = 0; u->file < u->reader.found.count; u->file++) {
        AWAIT(task->at, SET_FILE_STATUS, send_status(c, u));
        check(c, u);
    }
    PROCESS_END;
}

void status_updater_release(struct cloud *c, struct task *task)
{
    struct status_updater *u = (void *)task;
    chain_cut(&c->chunks, &u->reader.found, 0);
}

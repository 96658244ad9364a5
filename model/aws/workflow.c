/* workflow.c: see workflow.h. */
#include "model/aws/cloud.h"

enum point { WORKFLOW_POINTS(POINT_ENUM) };

_Static_assert((int)TRANSITION < (int)WORKFLOW_POINT_BASE, "the states' points come behind");

void workflow_declare(struct cloud *c)
{
    c->workflow.region =
        world_declare(&c->simulation.world, "workflow", REGION_RECORDS,
                      sizeof(struct workflow_counts), 1, (void **)&c->workflow.counts);
}

void workflow_init(struct cloud *c)
{
    (void)world_append(&c->simulation.world, c->workflow.region);
}

/* Source: SFN-START-1. */
struct execution *workflow_start(struct cloud *c, const struct workflow_input *input)
{
    struct workflow *w = &c->workflow;
    struct execution *e = (void *)task_start(c, w->task_type, 0, ++w->counts->started);
    if (e == NULL) {
        return NULL;
    }
    e->manifest = input->manifest;
    e->date = input->date;
    e->file_count = input->file_count;
    e->row = input->row;
    e->timestamp_ns = input->timestamp_ns;
    e->without_file_key = input->without_file_key;
    if (w->first_state_inside_start) {
        /* Only the effect of the first state, at this very instant, and nothing after it. */
        e->entered_ns = cloud_now(c).ns;
        (void)c->application.operations[w->states[0].operation].perform(c, &e->task, &e->task.call);
    } else if (!w->never_starts) {
        task_step(c, &e->task);
    }
    return e;
}

static const struct workflow_state *state_of(const struct cloud *c, const struct execution *e)
{
    return &c->workflow.states[e->state];
}

static void enter(struct cloud *c, struct execution *e)
{
    e->entered_ns = cloud_now(c).ns;
    call_send(c, &e->task, (uint16_t)(WORKFLOW_POINT_BASE + e->state), state_of(c, e)->operation,
              NULL, 0);
}

/* Whether the state's retrier takes the error that its call ended with. Source: SFN-RETRY-1. */
static bool retries(const struct cloud *c, struct execution *e)
{
    const struct retrier *r = &state_of(c, e)->retry;
    enum call_status error = (enum call_status)e->task.call.status;
    if (error == CALL_OK || e->retries >= (uint32_t)r->attempts) {
        return false;
    }
    return r->any_error || error == r->error;
}

static struct duration retry_delay(const struct cloud *c, struct execution *e)
{
    const struct retrier *r = &state_of(c, e)->retry;
    struct duration delay = r->interval;
    for (uint32_t i = 0; i < e->retries; i++) {
        delay.ns = delay.ns * r->backoff_percent / 100;
    }
    e->retries++;
    return delay;
}

/* Moves on from a state whose call has ended for good. False where the execution is over.
 * Source: SFN-CATCH-1, SFN-STATUS-1. */
static bool advance(const struct cloud *c, struct execution *e)
{
    const struct workflow_state *state = state_of(c, e);
    enum call_status status = (enum call_status)e->task.call.status;
    int next = state->next;
    if (status != CALL_OK) {
        if (state->caught == STATE_NONE) {
            e->caught = status;
            e->status = EXECUTION_FAILED;
            return false;
        }
        e->caught = status;
        next = state->caught;
    }
    if (next == STATE_END || c->workflow.states[next].succeed) {
        e->status = EXECUTION_SUCCEEDED;
        return false;
    }
    e->state = (uint32_t)next;
    e->retries = 0;
    return true;
}

/* Source: SFN-DELAY-1. */
static struct duration draw_start(struct cloud *c)
{
    struct duration delay = cloud_draw(c, CHOICE_EXECUTION_START, &c->workflow.start_delay);
    delay.ns += cloud_service_fault(c, SERVICE_POINT_START).delay.ns;
    return delay;
}

enum process_status workflow_step(struct cloud *c, struct task *task)
{
    struct execution *e = (void *)task;
    PROCESS_BEGIN(task->at, enum point);
    AWAIT(task->at, BEGIN, task_sleep(c, task, BEGIN, draw_start(c)));
    for (;;) {
        AWAIT(task->at, TASK, enter(c, e));
        if (retries(c, e)) {
            AWAIT(task->at, RETRY_WAIT, task_sleep(c, task, RETRY_WAIT, retry_delay(c, e)));
            continue;
        }
        if (!advance(c, e)) {
            break;
        }
        AWAIT(task->at, TRANSITION,
              task_sleep(c, task, TRANSITION,
                         cloud_draw(c, CHOICE_STATE_TRANSITION, &c->workflow.transition)));
    }
    PROCESS_END;
}

void workflow_end(struct cloud *c, struct task *task, bool killed)
{
    struct execution *e = (void *)task;
    if (killed) {
        e->status = EXECUTION_FAILED;
    }
    c->application.execution_observed(c, e);
}

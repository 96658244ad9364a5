/* workflow.c: see workflow.h. */
#include "model/aws/cloud.h"

enum point { WORKFLOW_POINTS(POINT_ENUM) };

_Static_assert((int)TRANSITION < (int)WORKFLOW_POINT_BASE, "the states' points come behind");

void workflow_declare(struct cloud *c, uint64_t files)
{
    struct world *w = &c->simulation.world;
    c->workflow.region =
        world_declare(w, "workflow", REGION_RECORDS, sizeof(struct workflow_counts), 1,
                      (void **)&c->workflow.counts);
    c->workflow.names_region =
        world_declare(w, "names of executions (limits.files)", REGION_RECORDS,
                      sizeof(struct execution_name), 2 * files + 64, (void **)&c->workflow.names);
}

void workflow_init(struct cloud *c)
{
    (void)world_append(&c->simulation.world, c->workflow.region);
}

static struct execution *start(struct cloud *c, const struct workflow_input *input,
                               uint32_t name_row)
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
    e->attempt = input->attempt;
    e->name_row = name_row;
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

/* Source: SFN-START-1. */
struct execution *workflow_start(struct cloud *c, const struct workflow_input *input)
{
    return start(c, input, 0);
}

const struct execution_name *workflow_find(const struct cloud *c, uint32_t name)
{
    uint32_t row = c->names.names[name].owner;
    return row == 0 ? NULL : &c->workflow.names[row - 1];
}

/* Source: SFN-START-2. */
bool workflow_is_running(const struct execution_name *known, const struct workflow_input *input)
{
    const struct workflow_input *first = &known->input;
    return known->status == EXECUTION_RUNNING && first->manifest == input->manifest &&
           first->date == input->date && first->file_count == input->file_count &&
           first->attempt == input->attempt && first->timestamp_ns == input->timestamp_ns;
}

struct execution *workflow_start_named(struct cloud *c, uint32_t name,
                                       const struct workflow_input *input)
{
    int64_t at = world_append(&c->simulation.world, c->workflow.names_region);
    if (at < 0) {
        simulation_fail(&c->simulation, "names of executions (limits.files)");
        return NULL;
    }
    ASSERT(c->names.names[name].owner == 0);
    c->workflow.names[at].input = *input;
    c->names.names[name].owner = (uint32_t)at + 1;
    return start(c, input, (uint32_t)at + 1);
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

/* The state's first retrier for the error that its call ended with, if it has attempts left; -1:
 * it is not retried. Source: SFN-RETRY-1, SFN-RETRY-2. */
static int retrier_of(const struct cloud *c, const struct execution *e)
{
    enum call_status error = (enum call_status)e->task.call.status;
    if (error == CALL_OK) {
        return -1;
    }
    for (int i = 0; i < RETRIERS_MAX; i++) {
        const struct retrier *r = &state_of(c, e)->retry[i];
        if (r->any_error || r->error == error) {
            return e->retries[i] < (uint32_t)r->attempts ? i : -1;
        }
    }
    return -1;
}

static struct duration retry_delay(const struct cloud *c, struct execution *e)
{
    int i = retrier_of(c, e);
    ASSERT(i >= 0);
    const struct retrier *r = &state_of(c, e)->retry[i];
    int64_t most_ns = r->longest.ns > 0 ? r->longest.ns : INT64_MAX;
    struct duration delay = r->interval;
    for (uint32_t k = 0; k < e->retries[i] && delay.ns < most_ns; k++) {
        delay.ns = delay.ns * r->backoff_percent / 100;
    }
    delay.ns = delay.ns < most_ns ? delay.ns : most_ns;
    e->retries[i]++;
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
        next = state->first.error == status ? state->first.next : state->caught;
    }
    if (next == STATE_END || c->workflow.states[next].succeed || c->workflow.states[next].fail) {
        bool fails = next != STATE_END && c->workflow.states[next].fail;
        e->status = fails ? EXECUTION_FAILED : EXECUTION_SUCCEEDED;
        return false;
    }
    e->state = (uint32_t)next;
    memset(e->retries, 0, sizeof e->retries);
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
        if (retrier_of(c, e) >= 0) {
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
    if (e->name_row != 0) {
        c->workflow.names[e->name_row - 1].status = e->status;
    }
    c->application.execution_observed(c, e);
}

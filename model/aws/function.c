/* function.c: see function.h. */
#include "model/aws/cloud.h"

/* Source: LAMBDA-SCALING-1. */
static const struct duration SCALING_WINDOW = {10 * NS_PER_S};

void functions_declare(struct cloud *c, uint64_t environments)
{
    struct world *w = &c->simulation.world;
    struct functions *f = &c->functions;
    f->environments_region =
        world_declare(w, "Lambda environments", REGION_POOL, sizeof(struct environment),
                      environments, (void **)&f->environments);
    f->states_region = world_declare(w, "functions", REGION_RECORDS, sizeof(struct function_state),
                                     FUNCTIONS_COUNT, (void **)&f->states);
}

void functions_init(struct cloud *c)
{
    for (uint32_t i = 0; i < FUNCTIONS_COUNT; i++) {
        (void)world_append(&c->simulation.world, c->functions.states_region);
    }
}

/* The most recently used environment, unless it has been idle for too long: then all of them have.
 * Source: LAMBDA-ENVIRONMENT-1, LAMBDA-IDLE-1. */
static int64_t take_warm(struct cloud *c, enum function_id function)
{
    struct functions *f = &c->functions;
    struct function_state *state = &f->states[function];
    if (state->idle_head == 0) {
        return -1;
    }
    uint32_t index = state->idle_head - 1;
    if (cloud_now(c).ns - f->environments[index].idle_since_ns <
        f->configs[function].idle_lifetime.ns) {
        state->idle_head = f->environments[index].slot.next;
        f->environments[index].slot.next = 0;
        return index;
    }
    while (state->idle_head != 0) {
        uint32_t old = state->idle_head - 1;
        state->idle_head = f->environments[old].slot.next;
        pool_give(&c->simulation.world, f->environments_region, old);
    }
    return -1;
}

static bool within_scaling_rate(struct cloud *c, enum function_id function)
{
    struct function_state *state = &c->functions.states[function];
    int64_t now_ns = cloud_now(c).ns;
    if (state->window_starts == 0 || now_ns - state->window_start_ns >= SCALING_WINDOW.ns) {
        state->window_start_ns = now_ns;
        state->window_starts = 0;
    }
    return state->window_starts < c->functions.configs[function].scaling_per_10s;
}

/* Source: LAMBDA-CLOCK-1. */
static int64_t start_cold(struct cloud *c, enum function_id function)
{
    struct functions *f = &c->functions;
    struct function_state *state = &f->states[function];
    const struct function_config *config = &f->configs[function];
    if (!within_scaling_rate(c, function)) {
        return -1;
    }
    int64_t index = pool_take(&c->simulation.world, f->environments_region);
    if (index < 0) {
        simulation_fail(&c->simulation, "Lambda environments");
        return -1;
    }
    state->window_starts++;
    f->environments[index].ordinal = ++state->environments;
    f->environments[index].skew_ns = cloud_draw(c, CHOICE_CLOCK_SKEW, &config->clock_skew).ns -
                                     distribution_at(&config->clock_skew, UINT32_C(1) << 31).ns +
                                     cloud_service_fault(c, SERVICE_POINT_ENVIRONMENT).skew.ns;
    return index;
}

static bool refuse(struct function_state *state, enum call_status status)
{
    state->throttled++;
    state->refusal = status;
    return false;
}

enum call_status function_refusal(const struct cloud *c, enum function_id function)
{
    return (enum call_status)c->functions.states[function].refusal;
}

/* Source: LAMBDA-CONCURRENCY-1, LAMBDA-COLD-1. */
bool function_invoke(struct cloud *c, enum function_id function,
                     const struct invocation_request *request)
{
    struct functions *f = &c->functions;
    struct function_state *state = &f->states[function];
    const struct function_config *config = &f->configs[function];
    enum call_status refusal = cloud_service_fault(c, SERVICE_POINT_INVOKE).refusal;
    if (refusal != CALL_OK) {
        return refuse(state, refusal);
    }
    if (config->reserved_concurrency > 0 && state->active >= config->reserved_concurrency) {
        return refuse(state, CALL_THROTTLED);
    }
    int64_t environment = take_warm(c, function);
    bool cold = environment < 0;
    if (cold) {
        environment = start_cold(c, function);
        if (environment < 0) {
            return refuse(state, CALL_THROTTLED);
        }
    }
    struct environment *e = &f->environments[environment];
    struct invocation *invocation =
        (void *)task_start(c, config->task_type, e->ordinal, ++e->invocations);
    if (invocation == NULL) {
        return false;
    }
    state->active++;
    invocation->function = function;
    invocation->environment = (uint32_t)environment;
    invocation->request = *request;
    if (request->caller_serial != 0) {
        invocation->request.caller_attempt =
            task_find(c, request->caller, request->caller_serial)->attempts;
    }
    invocation->cold = cold;
    invocation->started_ns = -1;
    struct duration delay =
        cloud_draw(c, CHOICE_LATENCY_INVOKE, &c->latencies[CHOICE_LATENCY_INVOKE]);
    if (cold) {
        delay.ns += cloud_draw(c, CHOICE_COLD_START, &config->cold_start).ns;
    }
    (void)simulation_schedule(&c->simulation, delay, EVENT_INVOCATION_STARTED,
                              task_number(c, &invocation->task), invocation->task.serial);
    return true;
}

struct instant invocation_clock(const struct cloud *c, const struct invocation *invocation)
{
    struct duration skew = {c->functions.environments[invocation->environment].skew_ns};
    return instant_add(cloud_now(c), skew);
}

void function_started(void *cloud, uint32_t number, uint64_t serial)
{
    struct cloud *c = cloud;
    struct invocation *invocation = (void *)task_find(c, number, (uint32_t)serial);
    ASSERT(invocation != NULL);
    invocation->started_ns = cloud_now(c).ns;
    invocation->task.deadline_ns =
        instant_add(cloud_now(c), c->functions.configs[invocation->function].timeout).ns;
    c->application.invocation_observed(c, invocation, true, INVOCATION_RUNNING);
    task_step(c, &invocation->task);
}

/* Source: LAMBDA-TIMEOUT-1. */
void function_timed_out(void *cloud, uint32_t number, uint64_t serial)
{
    struct cloud *c = cloud;
    struct task *task = task_find(c, number, (uint32_t)serial);
    /* A fault may have killed it already. */
    if (task != NULL && task->dead == 0) {
        task_kill(c, task);
    }
}

static void free_environment(struct cloud *c, struct invocation *invocation, bool lost)
{
    struct functions *f = &c->functions;
    struct function_state *state = &f->states[invocation->function];
    struct environment *e = &f->environments[invocation->environment];
    ASSERT(state->active > 0);
    state->active--;
    if (lost) {
        pool_give(&c->simulation.world, f->environments_region, invocation->environment);
        return;
    }
    e->idle_since_ns = cloud_now(c).ns;
    e->slot.next = state->idle_head;
    state->idle_head = invocation->environment + 1;
}

void invocation_end(struct cloud *c, struct task *task, bool killed)
{
    struct invocation *invocation = (void *)task;
    bool timed_out = killed && cloud_now(c).ns == task->deadline_ns;
    enum invocation_end end = !killed     ? INVOCATION_OK
                              : timed_out ? INVOCATION_TIMED_OUT
                                          : INVOCATION_KILLED;
    c->application.invocation_observed(c, invocation, false, end);
    free_environment(c, invocation, killed);
    const struct invocation_request *request = &invocation->request;
    killed |= invocation->raised != 0;
    if (request->batch != 0) {
        c->queue.batches[request->batch - 1].failed = invocation->failed;
        event_source_done(c, request->batch - 1, request->batch_serial, !killed);
    }
    if (request->lane != 0) {
        stream_source_done(c, request->lane - 1, request->lane_serial, !killed);
    }
    /* Source: LAMBDA-SYNC-1. */
    if (request->caller_serial != 0) {
        struct task *caller = task_find(c, request->caller, request->caller_serial);
        if (caller != NULL && call_awaits(caller, request->caller_attempt)) {
            call_complete(c, caller, killed ? CALL_FAILED : CALL_OK);
        }
    }
}

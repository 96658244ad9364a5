/* job.c: see job.h. */
#include "model/aws/cloud.h"

void job_declare(struct cloud *c, uint64_t files)
{
    struct world *w = &c->simulation.world;
    c->job.runs_region = world_declare(w, "Glue job runs (limits.files)", REGION_POOL,
                                       sizeof(struct job_run), files + 64, (void **)&c->job.runs);
    c->job.counts_region = world_declare(
        w, "Glue job", REGION_RECORDS, sizeof(struct job_state_counts), 1, (void **)&c->job.counts);
}

void job_init(struct cloud *c)
{
    (void)world_append(&c->simulation.world, c->job.counts_region);
}

static void schedule(struct cloud *c, const struct job_run *run, struct duration after,
                     enum event_code code)
{
    (void)simulation_schedule(&c->simulation, after, code, (uint32_t)(run - c->job.runs),
                              run->serial);
}

static struct job_run *new_run(struct cloud *c, uint32_t manifest, uint32_t date, uint32_t attempt)
{
    struct job *j = &c->job;
    int64_t index = pool_take(&c->simulation.world, j->runs_region);
    if (index < 0) {
        simulation_fail(&c->simulation, "Glue job runs (limits.files)");
        return NULL;
    }
    struct job_run *run = &j->runs[index];
    run->serial = ++j->counts->serial;
    run->manifest = manifest;
    run->date = date;
    run->attempt = attempt;
    run->state = JOB_STARTING;
    run->requested_ns = cloud_now(c).ns;
    j->counts->active++;
    schedule(c, run, cloud_draw(c, CHOICE_RUN_START_UP, &j->start_up), EVENT_RUN_STARTED);
    return run;
}

/* Source: GLUE-SLOTS-1. */
struct job_run *job_start(struct cloud *c, uint32_t manifest, uint32_t date,
                          const struct task *caller)
{
    struct job *j = &c->job;
    if (j->counts->active >= j->max_concurrent_runs) {
        j->counts->refused++;
        return NULL;
    }
    struct job_run *run = new_run(c, manifest, date, 1);
    if (run != NULL) {
        run->caller = task_number(c, caller);
        run->caller_serial = caller->serial;
        run->caller_attempt = caller->attempts;
    }
    return run;
}

static struct job_run *find(struct cloud *c, uint32_t index, uint64_t serial)
{
    struct job_run *run = &c->job.runs[index];
    ASSERT(run->slot.live != 0 && run->serial == serial);
    return run;
}

/* Source: GLUE-START-1, GLUE-FAIL-1, GLUE-TIMEOUT-1. */
void job_run_started(void *cloud, uint32_t index, uint64_t serial)
{
    struct cloud *c = cloud;
    struct job *j = &c->job;
    struct job_run *run = find(c, index, serial);
    run->state = JOB_RUNNING;
    struct duration time = {0};
    struct service_fault fault = cloud_service_fault(c, SERVICE_POINT_RUN);
    if (!c->application.job_begin(c, run)) {
        run->will = JOB_FAILED;
    } else {
        time = cloud_draw(c, CHOICE_RUN_TIME, &j->run_time);
        bool fails = choose_chance(c->simulation.choices, CHOICE_RUN_FAILS, j->failure_ppm);
        run->will = fails || fault.fails ? JOB_FAILED : JOB_SUCCEEDED;
        run->commits = fault.commits;
    }
    if (time.ns > j->timeout.ns) {
        time = j->timeout;
        run->will = JOB_TIMED_OUT;
    }
    schedule(c, run, time, EVENT_RUN_ENDED);
}

/* From the run's end to the workflow's next look at it. Source: SFN-GLUE-1. */
static struct duration until_noticed(const struct cloud *c, const struct job_run *run)
{
    int64_t interval = c->job.poll_interval.ns;
    if (interval == 0) {
        return (struct duration){0};
    }
    int64_t age = cloud_now(c).ns - run->requested_ns;
    int64_t often_until = 10 * interval;
    if (age > often_until) {
        age -= often_until;
        interval *= 5;
    }
    int64_t since_look = age % interval;
    return (struct duration){since_look == 0 ? 0 : interval - since_look};
}

void job_run_ended(void *cloud, uint32_t index, uint64_t serial)
{
    struct cloud *c = cloud;
    struct job *j = &c->job;
    struct job_run *run = find(c, index, serial);
    run->state = run->will;
    j->counts->active--;
    c->application.job_end(c, run, (enum job_state)run->state);
    /* Source: GLUE-RETRY-1. */
    bool again = run->state == JOB_FAILED && run->attempt <= j->max_retries;
    if (again) {
        struct job_run *retry = new_run(c, run->manifest, run->date, run->attempt + 1);
        if (retry != NULL) {
            retry->execution_row = run->execution_row;
        }
    }
    schedule(c, run, until_noticed(c, run), EVENT_RUN_NOTICED);
}

void job_run_noticed(void *cloud, uint32_t index, uint64_t serial)
{
    struct cloud *c = cloud;
    struct job_run *run = find(c, index, serial);
    if (run->caller_serial != 0) {
        struct task *caller = task_find(c, run->caller, run->caller_serial);
        if (caller != NULL && call_awaits(caller, run->caller_attempt)) {
            call_complete(c, caller, run->state == JOB_SUCCEEDED ? CALL_OK : CALL_FAILED);
        }
    }
    pool_give(&c->simulation.world, c->job.runs_region, index);
}

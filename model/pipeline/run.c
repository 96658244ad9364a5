/* run.c: see run.h. */
#include "model/pipeline/run.h"

#include "model/pipeline/invariants.h"
#include "model/pipeline/run_state.h"

#include <stdlib.h>

struct run {
    struct pipeline pipeline;
    const struct scenario *scenario;
    enum run_state state;
    bool finished;
    struct hash128 final_hash; /* of the world, before the books were closed */
};

struct pipeline *run_pipeline(struct run *run)
{
    return &run->pipeline;
}

bool run_is_full(const struct run *run)
{
    return run->state == RUN_FULL;
}

bool run_is_finished(const struct run *run)
{
    return run->finished;
}

void run_reopen(struct run *run)
{
    run->finished = false;
    run->state = RUN_GOING;
}

struct hash128 run_world_hash(const struct run *run)
{
    return run->finished ? run->final_hash : world_hash(&run->pipeline.cloud.simulation.world);
}

/* Where the simulation stands, for a failed assertion. */
static void describe(const void *self, char *buffer, size_t size)
{
    const struct run *run = self;
    struct text_writer w = text_writer(buffer, size);
    text_put(&w, run->scenario->name);
    text_put(&w, TEXT(", seed "));
    text_put_integer(&w, (int64_t)run->pipeline.cloud.simulation.choices->seed, 0);
    text_put(&w, TEXT(", event "));
    text_put_integer(&w, (int64_t)run->pipeline.cloud.simulation.events, 0);
    text_put(&w, TEXT(", "));
    text_put_instant(&w, cloud_now(&run->pipeline.cloud));
    (void)text_writer_string(&w);
}

struct run *run_create(const struct scenario *scenario, const struct run_options *options,
                       struct error *error)
{
    struct run *run = calloc(1, sizeof *run);
    if (run == NULL) {
        (void)error_set(error, STATUS_NO_MEMORY, "out of memory for a run");
        return NULL;
    }
    run->scenario = scenario;
    if (pipeline_init(&run->pipeline, scenario, options, error) != STATUS_OK) {
        free(run);
        return NULL;
    }
    assert_context(describe, run);
    workload_start(&run->pipeline);
    operators_start(&run->pipeline);
    return run;
}

enum status run_destroy(struct run *run, struct error *error)
{
    if (run == NULL) {
        return STATUS_OK;
    }
    assert_context(NULL, NULL);
    enum status status = pipeline_deinit(&run->pipeline, error);
    free(run);
    return status;
}

static bool quiescent(const struct pipeline *p)
{
    return p->state->outside == 0 && pipeline_at_rest(p);
}

static bool until_reached(struct run *run)
{
    struct instant next;
    if (run->scenario->until.ns == 0) {
        return false;
    }
    return !event_queue_next(run->pipeline.cloud.simulation.world.queue, &next) ||
           instant_before(instant_add(run->scenario->start, run->scenario->until), next);
}

static enum run_state stopped(struct run *run, enum run_state state)
{
    run->state = state;
    return state;
}

/* Says what was exceeded. The table's own refusal is the machine's: its memory, or its disk. */
static enum run_state tell_failure(const struct pipeline *p, struct error *error)
{
    const char *what = p->cloud.simulation.failed;
    if (strcmp(what, TABLE_STOPPED) == 0) {
        (void)error_set(error, STATUS_IO, "%s: %s", what, table_message(p->cloud.table));
        return RUN_FAILED;
    }
    (void)error_set(error, STATUS_FULL, "out of room for %s", what);
    return RUN_FULL;
}

enum run_state run_advance(struct run *run, uint64_t events, struct error *error)
{
    struct pipeline *p = &run->pipeline;
    for (uint64_t i = 0; i < events; i++) {
        if (run->scenario->until.ns == 0 && quiescent(p)) {
            return stopped(run, RUN_QUIESCENT);
        }
        if (until_reached(run)) {
            return stopped(run, RUN_UNTIL);
        }
        (void)simulation_step(&p->cloud.simulation);
        if (p->cloud.simulation.failed != NULL) {
            return stopped(run, tell_failure(p, error));
        }
        if (table_wants_checkpoint(p->cloud.table) &&
            table_checkpoint(p->cloud.table, error) != STATUS_OK) {
            return stopped(run, RUN_FAILED);
        }
    }
    return RUN_GOING;
}

uint64_t run_endless_at(uint64_t plain_events)
{
    enum { FACTOR = 20, MORE = 200000 };

    return plain_events > UINT64_MAX / FACTOR - MORE ? UINT64_MAX : plain_events * FACTOR + MORE;
}

void run_finish(struct run *run)
{
    run->final_hash = run_world_hash(run);
    run->finished = true;
    invariants_finish(&run->pipeline);
}

uint64_t run_events(const struct run *run)
{
    return run->pipeline.cloud.simulation.events;
}

struct instant run_now(const struct run *run)
{
    /* A run that is told to last until some time lasts until then, though nothing may happen at its
     * end. */
    if (run->state == RUN_UNTIL) {
        return instant_add(run->scenario->start, run->scenario->until);
    }
    return cloud_now(&run->pipeline.cloud);
}

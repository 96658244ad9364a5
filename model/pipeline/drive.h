/* drive.h: the builder driven by hand: invocations one after the other, no queue, calls that take
 * no time.
 *
 * What golden vectors need: the same builder code as in every scenario, with a clock that only
 * moves where it is told to. Executions are accepted; their first state takes effect inside
 * StartExecution, or never (machine none).
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_DRIVE_H
#define LOCKSTEP_MODEL_PIPELINE_DRIVE_H

#include "model/pipeline/run.h"

/* Prepares a scenario for being driven: presets as they are, no latencies, no workload of its own.
 * `files` is how many will be uploaded in all. */
void drive_prepare(struct scenario *scenario, int64_t files);

/* As run_create, but nothing arrives by itself; the clock moves by `time_per_manifest` after each
 * manifest put. */
struct run *drive_create(const struct scenario *scenario, const struct run_options *options,
                         struct duration time_per_manifest, struct error *error);

/* One invocation with `files` new input objects of that date (one record each), to its end. False
 * where the simulation failed: error says why. */
bool drive_invoke(struct run *run, int64_t files, struct text date, int64_t size,
                  struct error *error);

/* The builder's pauses so far: of 100 ms after a success, of 500 ms after a failure. */
struct drive_pauses {
    int64_t after_success, after_failure;
};
struct drive_pauses drive_pauses(const struct run *run);

/* Calls `visit` for every item in the table, as kind (file, manifest, lock) and status. */
void drive_each_item(struct run *run,
                     void (*visit)(void *self, struct text kind, struct text status), void *self);

#endif

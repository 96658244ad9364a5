/* drive.h: the builder driven by hand: invocations one after the other, no queue, calls that take
 * no time.
 *
 * What golden vectors need: the same builder code as in every scenario, with a clock that only
 * moves where it is told to. Executions are accepted, unless they are to fail; their first state
 * takes effect inside StartExecution, or never (machine none). An input without file_key is taken
 * for one of the shared record, as by the fake that the vectors were measured on.
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

/* Uploads that many input objects of a date and puts their records, without an invocation. False
 * where there is no room. */
bool drive_preload(struct run *run, int64_t files, struct text date, int64_t size);

/* One invocation, of one record for each file. */
struct drive_event {
    int64_t files; /* new input objects, uploaded before; of `again`, the latest that were */
    struct text date;
    int64_t size;
    bool again;
    bool bare; /* S3's event as it is, not in the bodies of messages */
};

/* What it answers. */
struct drive_answer {
    int64_t status_code, processed, quarantined, errors;
};

/* Runs it to its end. False where the simulation failed: error says why. */
bool drive_invoke(struct run *run, const struct drive_event *event, struct drive_answer *answer,
                  struct error *error);

/* Whether StartExecution is refused from now on. */
void drive_refuse_starts(struct run *run, bool refuse);

/* Lets the update to completed take effect for every execution that has been started. */
void drive_complete(struct run *run);

/* The builder's pauses so far: of 100 ms after a success, of 500 ms after a failure. */
struct drive_pauses {
    int64_t after_success, after_failure;
};
struct drive_pauses drive_pauses(const struct run *run);

/* How often a file was copied to the quarantine bucket. */
int64_t drive_copies(const struct run *run);

/* Calls `visit` for every item in the table, as kind (file, manifest, lock) and status. */
void drive_each_item(struct run *run,
                     void (*visit)(void *self, struct text kind, struct text status), void *self);

#endif

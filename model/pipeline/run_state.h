/* run_state.h: what results.c and tests see of a run beside run.h. */
#ifndef LOCKSTEP_MODEL_PIPELINE_RUN_STATE_H
#define LOCKSTEP_MODEL_PIPELINE_RUN_STATE_H

#include "model/pipeline/pipeline.h"
#include "model/pipeline/run.h"

struct pipeline *run_pipeline(struct run *run);

/* Whether it was ended by a capacity that was exceeded. */
bool run_is_full(const struct run *run);

/* Whether the books are closed. */
bool run_is_finished(const struct run *run);

/* The books are open again: the run has been taken back to before run_finish. */
void run_reopen(struct run *run);

/* The world's hash when the books were closed; before that, as it is now. */
struct hash128 run_world_hash(const struct run *run);

#endif

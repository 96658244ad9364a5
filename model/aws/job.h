/* job.h: a Glue job and its runs.
 *
 * Method. StartJobRun is refused when max_concurrent_runs are starting or running. A run starts up,
 * runs its script for a drawn time, and ends well or not; at the time-out it is stopped. After a
 * failure Glue starts the run again by itself, up to max_retries times. A workflow that waits for a
 * run (startJobRun.sync) notices its end at its next look: every poll interval for the first ten
 * minutes, then every five of them. Left out: job queuing, workers and DPU, bookmarks, account
 * quotas. Sources: GLUE-* and SFN-GLUE-1 in docs/sources.md.
 */
#ifndef LOCKSTEP_MODEL_AWS_JOB_H
#define LOCKSTEP_MODEL_AWS_JOB_H

#include "sim/distribution.h"
#include "sim/world.h"

struct cloud;
struct task;

enum job_state { JOB_STARTING, JOB_RUNNING, JOB_SUCCEEDED, JOB_FAILED, JOB_TIMED_OUT };

struct job_run {
    struct pool_slot slot;
    uint32_t serial;
    uint32_t manifest, date;        /* its arguments: names */
    uint32_t caller, caller_serial; /* the task that waits; serial 0: none */
    uint32_t state, attempt;        /* enum job_state; from 1 */
    uint32_t row, execution_row;    /* of the application's history */
    uint32_t will;                  /* the state it will end in, drawn when it starts to run */
    uint32_t commits;               /* what it writes stays, though it will fail */
    uint32_t caller_attempt;        /* call_awaits */
    uint32_t unused;
    int64_t requested_ns;
};

struct job_state_counts {
    uint32_t active, serial;
    int64_t refused;
};

struct job {
    int64_t max_concurrent_runs, max_retries, failure_ppm; /* config, set before cloud_init */
    struct duration timeout, poll_interval;
    struct distribution start_up, run_time;
    struct job_run *runs;
    struct job_state_counts *counts;
    uint32_t runs_region, counts_region;
};

void job_declare(struct cloud *c, uint64_t files);
void job_init(struct cloud *c);

/* Starts a run for `caller`; NULL where it is refused. */
struct job_run *job_start(struct cloud *c, uint32_t manifest, uint32_t date,
                          const struct task *caller);

/* Handlers. */
void job_run_started(void *cloud, uint32_t run, uint64_t serial);
void job_run_ended(void *cloud, uint32_t run, uint64_t serial);
void job_run_noticed(void *cloud, uint32_t run, uint64_t serial);

#endif

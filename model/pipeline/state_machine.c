/* state_machine.c: the workflow's definition, one execution for each manifest.
 *
 * Method. Update the manifest's record to processing; run the job and wait, with retries while too
 * many runs are active; update the record to completed. Any error of the first two leads to: update
 * to failed, publish an alert, end. So an execution whose job failed ends SUCCEEDED, and one ends
 * FAILED only by an uncaught error in a later state. The switches say which record the updates go
 * to, and whether the files' records are updated, too. Sources: PIPE-MACHINES-1, PIPE-MACHINES-2.
 *
 * The guarded machine, M7, is another one. Updates of the record are conditional on the execution's
 * attempt, and one that is not the record's ends there: superseded. The files are completed before
 * the record is, so that a completed record has nothing left to be done. Every call is retried, the
 * start of the job for as long as slots are taken. The failure path sets files and record to
 * failed, publishes an alert whatever came of that, and ends the execution FAILED.
 */
#include "model/pipeline/pipeline.h"

enum state {
    UPDATE_STATUS_PROCESSING,
    START_GLUE_JOB,
    UPDATE_STATUS_COMPLETED,
    UPDATE_STATUS_FAILED,
    SEND_FAILURE_ALERT,
    BATCH_UPDATE_COMPLETED,
    BATCH_UPDATE_FAILED,
    PIPELINE_SUCCEEDED,
    STATES_COUNT
};

enum guarded_state {
    RECORD_PROCESSING,
    RUN_JOB,
    COMPLETE_FILES,
    RECORD_COMPLETED,
    FAIL_FILES,
    RECORD_FAILED,
    ALERT,
    SUPERSEDED,
    FAILED,
    GUARDED_STATES_COUNT
};

/* Any error but the refusal by a condition, which another try does not change: about half an hour.
 */
#define PATIENTLY                                                                                  \
    {                                                                                              \
        {.error = CALL_CONDITION_FAILED},                                                          \
            {.any_error = true,                                                                    \
             .attempts = 30,                                                                       \
             .interval = {2 * NS_PER_S},                                                           \
             .backoff_percent = 200,                                                               \
             .longest = {60 * NS_PER_S}},                                                          \
    }

/* Slots are waited for about a day, far below the 25 000 events of a history; a job that failed
 * gets another execution from the batcher. */
#define FOR_A_SLOT                                                                                 \
    {                                                                                              \
        {.error = CALL_REFUSED,                                                                    \
         .attempts = 720,                                                                          \
         .interval = {15 * NS_PER_S},                                                              \
         .backoff_percent = 150,                                                                   \
         .longest = {120 * NS_PER_S}},                                                             \
            {.error = CALL_FAILED},                                                                \
            {.any_error = true,                                                                    \
             .attempts = 30,                                                                       \
             .interval = {2 * NS_PER_S},                                                           \
             .backoff_percent = 200,                                                               \
             .longest = {60 * NS_PER_S}},                                                          \
    }

static const struct workflow_state guarded_states[GUARDED_STATES_COUNT] = {
    [RECORD_PROCESSING] = {.name = "RecordProcessing",
                           .operation = OPERATION_RECORD_PROCESSING,
                           .next = RUN_JOB,
                           .caught = FAIL_FILES,
                           .first = {CALL_CONDITION_FAILED, SUPERSEDED},
                           .retry = PATIENTLY},
    [RUN_JOB] = {.name = "RunJob",
                           .operation = OPERATION_START_JOB_RUN,
                           .next = COMPLETE_FILES,
                           .caught = FAIL_FILES,
                           .retry = FOR_A_SLOT},
    [COMPLETE_FILES] = {.name = "CompleteFiles",
                           .operation = OPERATION_INVOKE_UPDATER,
                           .next = RECORD_COMPLETED,
                           .caught = FAIL_FILES,
                           .retry = PATIENTLY},
    [RECORD_COMPLETED] = {.name = "RecordCompleted",
                           .operation = OPERATION_RECORD_COMPLETED,
                           .next = STATE_END,
                           .caught = FAIL_FILES,
                           .first = {CALL_CONDITION_FAILED, SUPERSEDED},
                           .retry = PATIENTLY},
    [FAIL_FILES] = {.name = "FailFiles",
                           .operation = OPERATION_INVOKE_UPDATER,
                           .next = RECORD_FAILED,
                           .caught = RECORD_FAILED,
                           .retry = PATIENTLY},
    [RECORD_FAILED] = {.name = "RecordFailed",
                           .operation = OPERATION_RECORD_FAILED,
                           .next = ALERT,
                           .caught = ALERT,
                           .retry = PATIENTLY},
    [ALERT] = {.name = "Alert",
                           .operation = OPERATION_PUBLISH_ALERT,
                           .next = FAILED,
                           .caught = FAILED,
                           .retry = PATIENTLY},
    [SUPERSEDED] = {.name = "Superseded",          .succeed = true                        },
    [FAILED] = {.name = "Failed",         .fail = true                        },
};

void state_machine_define(struct pipeline *p)
{
    _Static_assert(sizeof guarded_states <= sizeof p->machine, "all states fit");
    if (p->scenario->machine.guarded) {
        memcpy(p->machine, guarded_states, sizeof guarded_states);
        return;
    }
    bool batch = p->scenario->machine.batch_updater;
    const struct retrier slots = {
        .error = CALL_REFUSED, .attempts = 3, .interval = {60 * NS_PER_S}, .backoff_percent = 200};
    const struct retrier invoke = {
        .any_error = true, .attempts = 2, .interval = {5 * NS_PER_S}, .backoff_percent = 200};
    const struct workflow_state states[STATES_COUNT] = {
        [UPDATE_STATUS_PROCESSING] = {.name = "UpdateStatusProcessing",
                                      .operation = OPERATION_UPDATE_PROCESSING,
                                      .next = START_GLUE_JOB,
                                      .caught = UPDATE_STATUS_FAILED},
        [START_GLUE_JOB] = {.name = "StartGlueJob",
                                      .operation = OPERATION_START_JOB_RUN,
                                      .next = UPDATE_STATUS_COMPLETED,
                                      .caught = UPDATE_STATUS_FAILED,
                                      .retry = {slots}},
        [UPDATE_STATUS_COMPLETED] = {.name = "UpdateStatusCompleted",
                                      .operation = OPERATION_UPDATE_COMPLETED,
                                      .next = batch ? BATCH_UPDATE_COMPLETED : STATE_END,
                                      .caught = STATE_NONE},
        [UPDATE_STATUS_FAILED] = {.name = "UpdateStatusFailed",
                                      .operation = OPERATION_UPDATE_FAILED,
                                      .next = batch ? BATCH_UPDATE_FAILED : SEND_FAILURE_ALERT,
                                      .caught = STATE_NONE},
        [SEND_FAILURE_ALERT] = {.name = "SendFailureAlert",
                                      .operation = OPERATION_PUBLISH_ALERT,
                                      .next = STATE_END,
                                      .caught = STATE_NONE},
        [BATCH_UPDATE_COMPLETED] = {.name = "BatchUpdateCompleted",
                                      .operation = OPERATION_INVOKE_UPDATER,
                                      .next = PIPELINE_SUCCEEDED,
                                      .caught = PIPELINE_SUCCEEDED,
                                      .retry = {invoke}},
        [BATCH_UPDATE_FAILED] = {.name = "BatchUpdateFailed",
                                      .operation = OPERATION_INVOKE_UPDATER,
                                      .next = SEND_FAILURE_ALERT,
                                      .caught = SEND_FAILURE_ALERT,
                                      .retry = {invoke}},
        [PIPELINE_SUCCEEDED] = {.name = "PipelineSucceeded",                               .succeed = true              },
    };
    _Static_assert(sizeof states <= sizeof p->machine, "all states fit");
    memcpy(p->machine, states, sizeof states);
}

/* startJobRun.sync: refused at once, or completed when the run's end is noticed. */
enum call_status perform_start_job_run(struct cloud *c, struct task *caller, struct call *call)
{
    (void)call;
    struct execution *e = (void *)caller;
    struct pipeline *p = pipeline_of(c);
    struct job_run *run = job_start(c, e->manifest, e->date, caller);
    uint32_t row = history_run_requested(p, e->row, run != NULL);
    if (run == NULL) {
        return CALL_REFUSED;
    }
    e->job_run_row = row;
    run->row = row;
    run->execution_row = e->row;
    return CALL_PENDING;
}

enum call_status perform_invoke_updater(struct cloud *c, struct task *caller, struct call *call)
{
    (void)call;
    struct invocation_request request = {.caller = task_number(c, caller),
                                         .caller_serial = caller->serial};
    return function_invoke(c, FUNCTION_UPDATER, &request) ? CALL_PENDING : CALL_THROTTLED;
}

enum call_status perform_publish_alert(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    (void)call;
    topic_publish(c);
    return CALL_OK;
}

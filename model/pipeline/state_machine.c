/* state_machine.c: the workflow's definition, one execution for each manifest.
 *
 * Method. Update the manifest's record to processing; run the job and wait, with retries while too
 * many runs are active; update the record to completed. Any error of the first two leads to: update
 * to failed, publish an alert, end. So an execution whose job failed ends SUCCEEDED, and one ends
 * FAILED only by an uncaught error in a later state. The switches say which record the updates go
 * to, and whether the files' records are updated, too. Sources: PIPE-MACHINES-1, PIPE-MACHINES-2.
 *
 * The guarded machine, M7, puts other calls into the same states. Updates of the record are
 * conditional on the execution's attempt, and an execution that is not the record's ends there. The
 * files are completed before the record is, so that a completed record leaves nothing to be done.
 * Every call is retried, the start of the job for as long as slots are taken. The failure path sets
 * files and record to failed, publishes an alert whatever came of that, and ends FAILED.
 */
#include "model/pipeline/pipeline.h"

#include "model/pipeline/status_updater.h"

/* Those that make a call, which is made from the point of the state's name. */
#define TASK_STATES(X)                                                                             \
    X(UPDATE_STATUS_PROCESSING)                                                                    \
    X(START_GLUE_JOB)                                                                              \
    X(UPDATE_STATUS_COMPLETED)                                                                     \
    X(UPDATE_STATUS_FAILED)                                                                        \
    X(SEND_FAILURE_ALERT) X(BATCH_UPDATE_COMPLETED) X(BATCH_UPDATE_FAILED)

enum state { TASK_STATES(POINT_ENUM) PIPELINE_SUCCEEDED, PIPELINE_FAILED, STATES_COUNT };

const char *const state_machine_points[] = {
    WORKFLOW_POINTS(POINT_NAME)[WORKFLOW_POINT_BASE - 1] = "", TASK_STATES(POINT_NAME)};
const uint32_t state_machine_points_count =
    sizeof state_machine_points / sizeof state_machine_points[0];

/* Any error but the refusal by a condition, which another try does not change, and the end of a job
 * in an error, for which the batcher starts another execution: about half an hour. */
#define TENACIOUS                                                                                  \
    {                                                                                              \
        .any_error = true, .attempts = 30, .interval = {2 * NS_PER_S}, .backoff_percent = 200,     \
        .longest = {                                                                               \
            60 * NS_PER_S                                                                          \
        }                                                                                          \
    }
#define NOT_CONDITIONS                                                                             \
    {                                                                                              \
        {.error = CALL_CONDITION_FAILED}, TENACIOUS                                                \
    }

/* Slots are waited for about a day, far below the 25 000 events of a history. */
#define FOR_A_SLOT                                                                                 \
    {                                                                                              \
        {.error = CALL_REFUSED,                                                                    \
         .attempts = 720,                                                                          \
         .interval = {15 * NS_PER_S},                                                              \
         .backoff_percent = 150,                                                                   \
         .longest = {120 * NS_PER_S}},                                                             \
            {.error = CALL_FAILED}, TENACIOUS                                                      \
    }

static const struct workflow_state guarded_states[STATES_COUNT] = {
    [UPDATE_STATUS_PROCESSING] = {.name = "UpdateStatusProcessing",
                                  .operation = OPERATION_RECORD_PROCESSING,
                                  .next = START_GLUE_JOB,
                                  .caught = BATCH_UPDATE_FAILED,
                                  .first = {CALL_CONDITION_FAILED, PIPELINE_SUCCEEDED},
                                  .retry = NOT_CONDITIONS},
    [START_GLUE_JOB] = {.name = "StartGlueJob",
                                  .operation = OPERATION_START_JOB_RUN,
                                  .next = BATCH_UPDATE_COMPLETED,
                                  .caught = BATCH_UPDATE_FAILED,
                                  .retry = FOR_A_SLOT},
    [BATCH_UPDATE_COMPLETED] = {.name = "BatchUpdateCompleted",
                                  .operation = OPERATION_INVOKE_UPDATER,
                                  .next = UPDATE_STATUS_COMPLETED,
                                  .caught = BATCH_UPDATE_FAILED,
                                  .retry = {TENACIOUS}},
    [UPDATE_STATUS_COMPLETED] = {.name = "UpdateStatusCompleted",
                                  .operation = OPERATION_RECORD_COMPLETED,
                                  .next = STATE_END,
                                  .caught = BATCH_UPDATE_FAILED,
                                  .first = {CALL_CONDITION_FAILED, PIPELINE_SUCCEEDED},
                                  .retry = NOT_CONDITIONS},
    [BATCH_UPDATE_FAILED] = {.name = "BatchUpdateFailed",
                                  .operation = OPERATION_INVOKE_UPDATER,
                                  .next = UPDATE_STATUS_FAILED,
                                  .caught = UPDATE_STATUS_FAILED,
                                  .retry = {TENACIOUS}},
    [UPDATE_STATUS_FAILED] = {.name = "UpdateStatusFailed",
                                  .operation = OPERATION_RECORD_FAILED,
                                  .next = SEND_FAILURE_ALERT,
                                  .caught = SEND_FAILURE_ALERT,
                                  .retry = NOT_CONDITIONS},
    [SEND_FAILURE_ALERT] = {.name = "SendFailureAlert",
                                  .operation = OPERATION_PUBLISH_ALERT,
                                  .next = PIPELINE_FAILED,
                                  .caught = PIPELINE_FAILED,
                                  .retry = {TENACIOUS}},
    [PIPELINE_SUCCEEDED] = {.name = "PipelineSucceeded",                .succeed = true                       },
    [PIPELINE_FAILED] = {.name = "PipelineFailed",          .fail = true                           },
};

void state_machine_define(struct pipeline *p)
{
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
        [PIPELINE_FAILED] = {.name = "PipelineFailed",                                     .fail = true                            },
    };
    _Static_assert(sizeof states == sizeof p->machine, "all states fit");
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
    status_updater_event((const void *)caller, request.payload);
    return function_invoke(c, FUNCTION_UPDATER, &request) ? CALL_PENDING
                                                          : function_refusal(c, FUNCTION_UPDATER);
}

enum call_status perform_publish_alert(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    (void)call;
    topic_publish(c);
    return CALL_OK;
}

/* faults.h: the faults of a scenario: what may go wrong where, and when it does.
 *
 * Method. A fault names a process and one of its points, or a service and something that it does
 * (SERVICE_POINT_MAP), and strikes some of the times that it is reached: from its occurrence on, or
 * within a window of virtual time, or each time with a probability. Which kinds apply where, and
 * which members of struct fault each kind takes, are tables here. When a run is set up, every
 * fault's place is looked up, so that a run without faults pays one branch at each point. Of
 * several faults that strike one call the last in the scenario counts; at a service all of them do.
 * Every point that a process or a service reaches is counted, whether faults are there or not.
 *
 * The points of a process at which it makes a call bear the name of the call's operation
 * (operations.h); those of an execution the names of its states, and TASK stands for each of them.
 * Elsewhere a process waits, and no fault strikes.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_FAULTS_H
#define LOCKSTEP_MODEL_PIPELINE_FAULTS_H

#include "model/aws/cloud.h"
#include "model/pipeline/scenario.h"

enum { TASK_POINTS_MAX = 64, POINTS_MAX = TASK_TYPES_MAX * TASK_POINTS_MAX + SERVICE_POINTS_COUNT };

/* A point's number, 0 to POINTS_MAX - 1: of a task type, or of a service. */
static inline uint32_t point_of_task(uint32_t type, uint32_t point)
{
    return type * TASK_POINTS_MAX + point;
}

static inline uint32_t point_of_service(enum service_point point)
{
    return TASK_TYPES_MAX * TASK_POINTS_MAX + (uint32_t)point;
}

static inline bool point_is_of_service(uint32_t point)
{
    return point >= TASK_TYPES_MAX * TASK_POINTS_MAX;
}

/* How a fault stands: in the world. */
struct fault_count {
    uint64_t reached; /* its point, within its window */
    uint64_t struck;
};

/* The scenario's faults by point: bit i for fault i. Fixed once a run is set up, but for those that
 * are muted: from then on they neither strike nor count. */
struct fault_plan {
    uint64_t at[POINTS_MAX];
    uint64_t muted;
};

void faults_plan(struct fault_plan *plan, const struct scenario *s, const struct task_type *types);

/* How far back the scenario's faults make reads look, at most. */
struct duration faults_staleness(const struct scenario *s);

/* Checks one fault: place known, kind possible there, members those of the kind. STATUS_BAD_INPUT
 * with a message, and in *member the key to blame: "at", or the kind itself. */
enum status fault_validate(const struct fault *fault, const char **member, struct error *error);

/* What a process may be called in a fault, or, for a known process, a point: each told to `visit`,
 * for suggestions. */
void fault_each_process(void (*visit)(void *self, const char *name), void *self);
void fault_each_point(struct text process, void (*visit)(void *self, const char *name), void *self);

/* The kinds that may strike at a point: bit k for enum fault_kind k; 0 where none does. */
uint32_t fault_kinds_at(uint32_t point, const struct task_type *types);

/* The word for a kind in a scenario. */
const char *fault_word(enum fault_kind kind);

/* What a kind takes beside time and place. */
enum {
    FAULT_TAKES_ATTEMPTS = 1,
    FAULT_TAKES_WHEN = 2,
    FAULT_TAKES_OUTCOME = 4,
    FAULT_TAKES_BY = 8,
    FAULT_TAKES_CALLS = 16
};

uint32_t fault_takes(enum fault_kind kind);

/* The operation called at a task's point, by the point's name; OPERATIONS_COUNT where the name is
 * none's. */
uint32_t fault_operation_at(const struct task_type *type, uint32_t point);

/* Names the place of a fault: the process, or service, and the point. Texts live as long as the
 * program. */
void fault_place(struct fault *fault, uint32_t point, const struct task_type *types);

/* "stall manifest_builder[2.7] at PUT_MANIFEST#1 by 301s"; without its instance and occurrence, as
 * stories are compared: "stall manifest_builder at PUT_MANIFEST by 301s". */
void text_put_fault(struct text_writer *w, const struct fault *fault, bool anchored);

/* The application's hooks (cloud.h): each counts the point. */
struct call_fault fault_at_call(struct cloud *c, const struct task *caller);
struct service_fault fault_at_service(struct cloud *c, enum service_point point);
void fault_at_wait(struct cloud *c, const struct task *task);

#endif

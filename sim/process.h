/* process.h: straight-line logic over plain data.
 *
 * A process is a struct and a step function that resumes where it left off. Where it may wait is a
 * named point, an enumerator: there, and only there, it can be killed, time out or be overtaken.
 * What must survive a wait lives in the struct, never in a local. The struct has a member `at`;
 * START, the first point, is 0.
 *
 *     static enum process_status step(struct shop *s)
 *     {
 *         PROCESS_BEGIN(s->at, enum point);
 *         AWAIT(s->at, PAY, shop_pay(s));
 *         if (s->paid) {
 *             AWAIT(s->at, SHIP, shop_ship(s));
 *         }
 *         PROCESS_END;
 *     }
 *
 * The body is a switch over the points without a default, so the compiler tells of a point that is
 * never awaited, awaited twice, or awaited in an inner switch.
 */
#ifndef LOCKSTEP_SIM_PROCESS_H
#define LOCKSTEP_SIM_PROCESS_H

enum process_status { PROCESS_SUSPENDED, PROCESS_DONE };

#define PROCESS_BEGIN(at, type)                                                                    \
    switch ((type)(at)) {                                                                          \
    case START:

/* Does `action`, which arranges for the process to be stepped again, and goes on behind it then. */
#define AWAIT(at, point, action)                                                                   \
    do {                                                                                           \
        (at) = (point);                                                                            \
        action;                                                                                    \
        return PROCESS_SUSPENDED;                                                                  \
    case point:;                                                                                   \
    } while (0)

/* Steps a child process, an expression of type enum process_status, until it is done. */
#define AWAIT_CHILD(at, point, child_step)                                                         \
    do {                                                                                           \
        (at) = (point);                                                                            \
        __attribute__((fallthrough));                                                              \
    case point:                                                                                    \
        if ((child_step) == PROCESS_SUSPENDED) {                                                   \
            return PROCESS_SUSPENDED;                                                              \
        }                                                                                          \
    } while (0)

#define PROCESS_END                                                                                \
    }                                                                                              \
    return PROCESS_DONE

/* The enumerator of a point, and its name. */
#define POINT_ENUM(name) name,
#define POINT_NAME(name) #name,

#endif

/* status.h: how a function says that it could not do what it was asked.
 *
 * Three kinds of wrong are kept apart. A bug of the simulator stops it (sim/assert.h). A finding
 * about the simulated design is a violation (model/pipeline/invariants.h). What is left, bad input
 * or a refusal by the machine, travels up as a status with one message, to which callers may put
 * their context in front.
 */
#ifndef LOCKSTEP_SIM_STATUS_H
#define LOCKSTEP_SIM_STATUS_H

/* Every status, with the name it is printed by. */
#define STATUS_MAP(X)                                                                              \
    X(OK, "ok")                                                                                    \
    X(BAD_INPUT, "bad input")                                                                      \
    X(NO_MEMORY, "out of memory")                                                                  \
    X(FULL, "capacity exceeded")                                                                   \
    X(IO, "input or output failed")                                                                \
    X(CORRUPT, "stored data is damaged")                                                           \
    X(DIVERGED, "the run is not the recorded one")                                                 \
    X(INTERRUPTED, "interrupted")

enum status {

#define STATUS_ENUM(name, text) STATUS_##name,
    STATUS_MAP(STATUS_ENUM)
#undef STATUS_ENUM
};

/* One message for a person, complete by itself: what was wrong, where, and what to do; and its
 * status, for a caller that was given a NULL in its place. */
struct error {
    char message[512];
    enum status status;
};

/* The status's text, a string that lives for ever. */
const char *status_text(enum status status);

/* Sets message (cut at its capacity) and status, and returns `status`, so that a caller can return
 * it in turn. `error` may be NULL: then only the status is kept. */
enum status error_set(struct error *error, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "context: " in front of the message. `error` may be NULL. */
void error_prefix(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif

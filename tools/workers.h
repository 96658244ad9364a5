/* workers.h: many pieces of work that know nothing of each other, some of them at once, told in
 * their order.
 *
 * Method. Each piece writes to two streams of its own. With one worker it runs in this process;
 * with more, in a process of its own, forked when its turn comes, so that a piece that crashes
 * takes nobody along. Finished pieces are told in order, so what is told is the same with any
 * number of workers.
 */
#ifndef LOCKSTEP_TOOLS_WORKERS_H
#define LOCKSTEP_TOOLS_WORKERS_H

#include "sim/status.h"
#include "sim/text.h"

#include <stdio.h>

enum { WORKERS_MAX = 256 };

/* What came of a piece. */
struct work_result {
    int status;              /* what `run` returned */
    struct text out, errors; /* what it wrote; valid until `told` returns */
    bool died;               /* the process ended before `run` did; `status` says nothing */
    int signal;              /* that ended it, or 0 */
};

struct work {
    size_t count;
    unsigned workers; /* 1 to WORKERS_MAX */
    void *self;

    /* Does piece i and returns a status from 0 to 254. */
    int (*run)(void *self, size_t i, FILE *out, FILE *errors);

    /* Takes the result of piece i, in order. False: let no more be begun, and end what runs. */
    bool (*told)(void *self, size_t i, const struct work_result *result);

    /* Whether to begin no more; workers that run are told by SIGTERM. May be NULL. */
    bool (*stopped)(void *self);
};

/* As many as there are processors. */
unsigned workers_usual(void);

/* STATUS_IO or STATUS_NO_MEMORY with a message where the machine refuses. */
enum status work_do(const struct work *work, struct error *error);

#endif

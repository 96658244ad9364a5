/* hunting.h: one scenario hunted by many processes.
 *
 * Method. Workers (workers.h) take the hunt's pieces (model/search/hunt.h) in turn; each opens a
 * hunter of its own, makes the piece's runs and writes what came of them. That is merged, in any
 * order to the same. Where a number of runs is wanted, exactly these are made; where a time is, as
 * many as there is time for: a piece that is cut by it is told as far as it came. Pieces that a
 * journal holds are not made again, and count; a piece that was cut is not kept.
 */
#ifndef LOCKSTEP_TOOLS_HUNTING_H
#define LOCKSTEP_TOOLS_HUNTING_H

#include "model/search/hunt_tally.h"
#include "tools/journal.h"

#include <stdio.h>

struct hunting_work {
    struct hunt hunt;
    const char *title;    /* for progress */
    uint64_t runs;        /* 0: as many as there is time for */
    struct duration time; /* 0: as long as it takes */
    unsigned workers;
    bool as_found;                /* failures are told whole, not reduced */
    bool shows_progress;          /* on standard error */
    struct journal_file *journal; /* NULL: none */
    bool (*stopped)(void);        /* NULL: never */
};

struct hunted {
    struct hunt_tally tally; /* its finds sorted */
    uint64_t plain_events, plain_asks, piece_runs;
    uint64_t made;        /* runs, those of the journal left out */
    struct duration took; /* wall time */
};

/* STATUS_OK also where it was stopped. STATUS_NO_MEMORY, STATUS_IO, STATUS_CORRUPT, STATUS_FULL
 * with a message. hunted_free in any case. */
enum status hunting_do(const struct hunting_work *work, struct hunted *hunted, struct error *error);
void hunted_free(struct hunted *hunted);

/* A tally as lines of numbers, and back. STATUS_CORRUPT with a message where they are none. */
void hunting_write(const struct hunt_tally *tally, FILE *out);
enum status hunting_read(struct hunt_tally *tally, struct text text, struct error *error);

#endif

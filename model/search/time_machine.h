/* time_machine.h: a run that can be taken to any of its events, forward and back.
 *
 * Method. On its way the machine keeps snapshots (run_snapshot.h): one at event 0, then one every
 * `interval` events. To go back it restores the nearest one before and executes what is missing:
 * choices and state are the same, so the events are. Snapshots of later events are void then, and
 * are taken again when the run comes by. When they have grown beyond their allowance the interval
 * doubles and every other one is given up, so a long run costs time and not memory; the table's
 * journal grows with every write all the same. The end is a place of its own, one step behind the
 * last event: there the books are closed (run_finish), and one can go back from it.
 *
 * Of the event that was executed last the machine knows what it put into the trace, in words, and
 * which items it wrote.
 */
#ifndef LOCKSTEP_MODEL_SEARCH_TIME_MACHINE_H
#define LOCKSTEP_MODEL_SEARCH_TIME_MACHINE_H

#include "model/dynamodb/item.h"
#include "model/pipeline/run.h"

struct time_machine;

enum { SNAPSHOT_BYTES_USUAL = 256 << 20 };

/* Makes a machine of a run that was created and not yet advanced, which stays the caller's and
 * outlives it; until time_machine_destroy nobody else advances it, and its trace's sink is the
 * machine's. Snapshots take up to `snapshot_bytes` together, but the first is kept whatever it
 * takes. NULL with a message where memory is short. */
struct time_machine *time_machine_create(struct run *run, size_t snapshot_bytes,
                                         struct error *error);

/* Leaves the run where it is. NULL is ignored. */
void time_machine_destroy(struct time_machine *machine);

/* Where the run is: behind so many events, or at the end. */
struct run_place {
    uint64_t events;
    bool end;
};

struct run_place time_machine_place(const struct time_machine *machine);

/* Why the run ended; RUN_GOING elsewhere than at the end. */
enum run_state time_machine_ended_by(const struct time_machine *machine);

/* Each of these is STATUS_OK; or, with a message, STATUS_NO_MEMORY for a snapshot or STATUS_IO
 * where the table's disk refuses: the run is then where it had come to. */

/* Goes behind the event of that number; to the end where there are fewer. */
enum status time_machine_go(struct time_machine *machine, uint64_t events, struct error *error);

/* Goes to the end. */
enum status time_machine_go_to_end(struct time_machine *machine, struct error *error);

/* Goes behind the last event that is not later than `at`; to the end where the run ends before. */
enum status time_machine_go_to_instant(struct time_machine *machine, struct instant at,
                                       struct error *error);

/* One step: the next event, or, behind the last one, the end. At the end nothing happens. */
enum status time_machine_step(struct time_machine *machine, struct error *error);

/* What is looked for: `before` is called before each step, `after` behind it, and says whether the
 * place is one. Neither changes anything of the run. */
struct time_machine_watch {
    void (*before)(void *self);
    bool (*after)(void *self);
    void *self;
};

/* Goes on, at least one step, until the watch says that a place is one; else to the end, and
 * *found is false. */
enum status time_machine_seek(struct time_machine *machine, const struct time_machine_watch *watch,
                              bool *found, struct error *error);

/* Goes back, at least one step, to the latest place that is one; else to event 0. The watch is
 * asked of many places, and at last of that one. */
enum status time_machine_seek_back(struct time_machine *machine,
                                   const struct time_machine_watch *watch, bool *found,
                                   struct error *error);

/* What the latest event put into the trace, a line for each record; empty before the first event
 * and at the end. Valid until the run moves. */
struct text time_machine_event_text(const struct time_machine *machine);

/* The items that the latest event wrote: see table_each_change. */
void time_machine_each_change(struct time_machine *machine,
                              void (*visit)(void *self, struct item before, struct item now),
                              void *self);

/* How many rows of faults that struck and of violations there were before the latest event, or
 * before the books were closed: those behind them are its own. */
struct run_findings {
    uint64_t deviations, violations;
};

struct run_findings time_machine_findings_before(const struct time_machine *machine);

/* How many snapshots there are, and what they take. For tests and the curious. */
struct time_machine_cost {
    uint64_t snapshots, bytes, interval;
};

struct time_machine_cost time_machine_cost(const struct time_machine *machine);

#endif

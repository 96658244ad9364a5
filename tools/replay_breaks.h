/* replay_breaks.h: breakpoints: a point that is reached, a process that moves, an item that is
 * written, a violation, a fault that strikes.
 *
 * Method. Each counts something that only an event of its kind changes. Before an event the counts
 * are noted; one that differs behind it is a hit.
 */
#ifndef LOCKSTEP_TOOLS_REPLAY_BREAKS_H
#define LOCKSTEP_TOOLS_REPLAY_BREAKS_H

#include "tools/replay_state.h"

replay_command breaks_add, breaks_list, breaks_delete;

/* The watch that looks for a hit of any of them. */
struct time_machine_watch breaks_watch(struct replay *r);

bool breaks_are_there(const struct replay *r);

/* Says which were hit at the place that was just come to. */
void breaks_put_hits(const struct replay *r);

#endif

/* replay_views.h: what the debugger shows of a place. Each looks and changes nothing. */
#ifndef LOCKSTEP_TOOLS_REPLAY_VIEWS_H
#define LOCKSTEP_TOOLS_REPLAY_VIEWS_H

#include "tools/replay_state.h"

/* Where the run is, what the last event was, and what it wrote. */
replay_command view_where;

replay_command view_processes; /* [NAME[2.7]] */
replay_command view_lock, view_queue;
replay_command view_items; /* [KEY]: those with that in their keys, whole */
replay_command view_changes;
replay_command view_pending; /* [N] */
replay_command view_sql;     /* SELECT ... */
replay_command view_goals, view_violations, view_faults;

#endif

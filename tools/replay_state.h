/* replay_state.h: what the parts of the debugger share: the run, where it goes to, what it prints.
 *
 *   replay_console.c  reads commands, and goes from place to place
 *   replay_breaks.c   breakpoints
 *   replay_views.c    what is shown of a place; none of it changes the run
 */
#ifndef LOCKSTEP_TOOLS_REPLAY_STATE_H
#define LOCKSTEP_TOOLS_REPLAY_STATE_H

#include "model/search/situation.h"
#include "model/search/time_machine.h"
#include "tools/report.h"

enum { BREAKS_MAX = 64, BREAK_TEXT_MAX = 200 };

/* What a breakpoint waits for. */
enum break_kind { BREAK_POINT, BREAK_PROCESS, BREAK_ITEM, BREAK_VIOLATION, BREAK_FAULT };

struct breakpoint {
    uint32_t number; /* as users name it, from 1; 0: the place is free */
    enum break_kind kind;
    struct point_place point;
    struct process_name process;
    uint32_t invariants;       /* bit i: invariant i is one */
    char text[BREAK_TEXT_MAX]; /* as it was typed: "item LOCK#" */
    char key[BREAK_TEXT_MAX];
    uint64_t before; /* what it counts, as of the place before */
    bool hit;        /* at this place */
};

struct replay {
    struct run *run;
    const struct report *report;
    struct time_machine *machine;
    FILE *out;
    struct breakpoint breaks[BREAKS_MAX];
    uint32_t breaks_made;
    bool over; /* the user has left */
};

/* A command: gets what was typed behind its name, without blanks around it. STATUS_BAD_INPUT with
 * one line that says what is wrong; any other status ends the session. */
typedef enum status replay_command(struct replay *r, struct text argument, struct error *error);

/* What is left of `text` behind its first word, and the word; both without blanks around them. */
struct text take_word(struct text *text);

/* Reads a whole number of up to 18 digits. */
bool parse_count(struct text text, uint64_t *count);

#endif

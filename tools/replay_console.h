/* replay_console.h: the debugger of `lockstep replay --step`: goes through a run forward and back,
 * and shows it, command by command.
 *
 * Method. One command a line; an empty line is the last command again; a command may be cut short
 * as long as it is clear. What is wrong is told in one line and the session goes on. Where input is
 * no terminal each command is printed before what it gives, so that a transcript reads by itself.
 */
#ifndef LOCKSTEP_TOOLS_REPLAY_CONSOLE_H
#define LOCKSTEP_TOOLS_REPLAY_CONSOLE_H

#include "tools/report.h"

/* Reads commands until `quit` or the end of `in`. The run was not advanced; the report needs
 * neither summary nor judgement. STATUS_PASS; STATUS_USAGE where input was no terminal and some
 * command was wrong; STATUS_INTERNAL, told on `out`, where the machine refused. */
int replay_console(struct run *run, const struct report *report, FILE *in, FILE *out,
                   bool terminal);

/* The commands, a line each. */
void replay_console_help(FILE *out);

#endif

/* command.h: the sub-commands of the program, each in a file of its own.
 *
 * A command gets its own name as argv[0] and returns the program's exit status. Each answers --help
 * on standard output with status 0; a misuse is told on standard error, with status 2.
 */
#ifndef LOCKSTEP_TOOLS_COMMAND_H
#define LOCKSTEP_TOOLS_COMMAND_H

#include "sim/status.h"

#include <stdbool.h>

/* Exit statuses; docs/ and the README promise them. */
enum {
    STATUS_PASS = 0,          /* as expected */
    STATUS_FAIL = 1,          /* an expectation is false, or a required invariant is violated */
    STATUS_USAGE = 2,         /* bad input or usage, or nothing selected */
    STATUS_INTERNAL = 3,      /* an internal or input/output error */
    STATUS_NOT_THE_SAME = 4,  /* determinism is broken: a replay is not the recorded run */
    STATUS_BY_INTERRUPT = 130 /* interrupted; partial results are kept */
};

int command_run(int argc, char **argv);
int command_catalogue(int argc, char **argv);
int command_schema(int argc, char **argv);
int command_points(int argc, char **argv);
int command_explore(int argc, char **argv);
int command_shrink(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_blame(int argc, char **argv);
int command_hunt(int argc, char **argv);
int command_table(int argc, char **argv);
int command_help(int argc, char **argv); /* topics; the commands' own help is theirs */

/* The exit status that a function's status leads to. */
int exit_status_of(enum status status);

/* The worse of two. */
int exit_status_worse(int a, int b);

/* Ends the report that was written to standard output: STATUS_INTERNAL, with a message, if not all
 * of it arrived; otherwise `status`. */
int close_output(int status);

#endif

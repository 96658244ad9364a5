/* selection.h: which scenario files the arguments of a command name, and which names a pattern
 * fits.
 *
 * An argument is a file; a directory, which stands for every *.yaml file in it and below, sorted by
 * path (what begins with a dot is passed over); a pattern such as scenarios/f1*.yaml, where the
 * shell has not expanded it; or "-", standard input.
 */
#ifndef LOCKSTEP_TOOLS_SELECTION_H
#define LOCKSTEP_TOOLS_SELECTION_H

#include "sim/status.h"
#include "sim/text.h"

struct selection {
    char **paths; /* as a command would name them */
    size_t count, capacity;
    bool several; /* a directory, a pattern or more than one argument */
};

/* Adds what the argument names. STATUS_BAD_INPUT with a message where a pattern fits no file or a
 * directory cannot be read; a single file is not looked at. STATUS_NO_MEMORY. */
enum status selection_add(struct selection *selection, const char *argument, struct error *error);

void selection_free(struct selection *selection);

/* Whether `pattern` is part of `name`; with one of *?[ in it, whether it fits all of `name`.
 * Letters are compared without case. */
bool selection_fits(const char *pattern, struct text name);

#endif

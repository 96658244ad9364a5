/* options.h: command lines: --name VALUE, --name=VALUE, -q, -j 4, -j4, and arguments between them
 * in any order.
 *
 * "--" ends the options; "-" alone is an argument. What is not known is told with the nearest name
 * that is. --help is every command's own.
 */
#ifndef LOCKSTEP_TOOLS_OPTIONS_H
#define LOCKSTEP_TOOLS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct option {
    const char *name;  /* "seed"; NULL ends a table */
    char letter;       /* 'q', or 0 */
    const char *value; /* what to call its value in the help, or NULL if it has none */
    const char *text;
};

struct options {
    const struct option *table;
    int argc;
    char **argv; /* argv[0] is the command */
    int at;
    bool only_arguments; /* "--" was seen */
};

enum { OPTION_END = -1, OPTION_ARGUMENT = -2, OPTION_WRONG = -3 };

/* Starts behind argv[0]. */
struct options options(const struct option *table, int argc, char **argv);

/* The index of the next option in the table, with its value in *value (NULL if it has none);
 * OPTION_ARGUMENT with the argument; OPTION_END; OPTION_WRONG after a message on standard error. */
int options_next(struct options *o, const char **value);

/* Gives every option and argument to `take`, which is false after a message, until the one whose
 * index is `help_option`: then *help is true, and nothing more is read. False where `take` is. */
bool options_take(const struct option *table, int argc, char **argv, int help_option,
                  bool (*take)(void *self, int option, const char *value), void *self, bool *help);

/* The lines of a help text, one for each option. */
void options_help(const struct option *table, FILE *out);

/* A whole number from `least` to `most`, in digits alone. */
bool option_number(const char *value, uint64_t least, uint64_t most, uint64_t *number);

#endif

/* subject.h: the one scenario, or one of its cases, that a command is about.
 */
#ifndef LOCKSTEP_TOOLS_SUBJECT_H
#define LOCKSTEP_TOOLS_SUBJECT_H

#include "sim/hash.h"
#include "tools/scenario_decoder.h"

#include <stdio.h>

enum { SUBJECT_SETS_MAX = 256 };

/* Begins as zeros, with the command line's share. */
struct subject {
    const char *command;   /* "lockstep points", for complaints */
    const char *path;      /* "-": standard input */
    struct text case_name; /* `at` NULL: none was named */
    const char *sets[SUBJECT_SETS_MAX];
    size_t sets_count;

    struct scenario scenario;
    struct text yaml; /* what is in the file */
    struct diagnostics diagnostics;
    struct document *document;
};

/* Reads and decodes it. An exit status: STATUS_PASS, or what came of a complaint on standard error.
 * A scenario with cases of which none is named is one where `any_case`. */
int subject_load(struct subject *s, bool any_case);

/* The same file, with another case's assignments: into `into`, whose texts are views into it and
 * into `s`. subject_free both. */
int subject_load_case(const struct subject *s, struct text case_name, struct subject *into);

/* --- what every such command's line has; false after a complaint on standard error ---------------
 */

/* "lockstep points: too many assignments: a=b", and where to look. `value` and `suggestion` may be
 * empty. Always false. */
bool subject_misuse(const struct subject *s, const char *what, const char *value,
                    const char *suggestion);

/* The scenario's file; --set; --format text or json; --jobs; --stories, a number or all. */
bool subject_take_file(struct subject *s, const char *value);
bool subject_take_set(struct subject *s, const char *value);
bool subject_take_format(const struct subject *s, const char *value, bool *json);
bool subject_take_jobs(const struct subject *s, const char *value, unsigned *jobs);
bool subject_take_stories(const struct subject *s, const char *value, uint64_t *stories);

/* "lockstep points: FILE: message", on standard error; the exit status of it. */
int subject_complain(const struct subject *s, const struct error *error);

/* Of all that it is: the program's version, the file, the case that was named, the assignments. */
struct hash128 subject_hash(const struct subject *s);

/* Gives back what loading took. */
void subject_free(struct subject *s);

/* Writes what makes a command be about it: " FILE --case 'NAME' --set '...'". */
void subject_put_arguments(FILE *out, const struct subject *s);

/* Writes the options that make it the scenario's fault of that number: " --set faults.0.kill=...".
 */
void put_fault_options(FILE *out, uint32_t number, const struct fault *fault);

#endif

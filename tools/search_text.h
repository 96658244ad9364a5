/* search_text.h: the words of searches: kinds of deviations, stories, worlds. */
#ifndef LOCKSTEP_TOOLS_SEARCH_TEXT_H
#define LOCKSTEP_TOOLS_SEARCH_TEXT_H

#include "model/pipeline/deviations.h"
#include "tools/report.h"
#include "tools/subject.h"

#include <stdio.h>

/* "kill,reorder", or "all", into bits. STATUS_BAD_INPUT with a message. */
enum status search_groups_parse(const char *value, uint32_t *groups, struct error *error);

/* "kill, reorder" */
void search_put_groups(FILE *out, uint32_t groups, const char *separator, const char *quote);

/* A line for each kind. */
void search_put_groups_help(FILE *out);

/* "kill manifest_builder[1.1] at PUT_MANIFEST#1 + ..."; without anchors, as stories are compared:
 * "kill manifest_builder at PUT_MANIFEST". "nothing goes wrong" where there is none. */
void search_put_story(FILE *out, const struct deviation_menu *menu, const struct deviation *list,
                      uint64_t count, bool anchored);

/* The same as a JSON array of strings, anchored. */
void search_put_story_json(FILE *out, const struct deviation_menu *menu,
                           const struct deviation *list, uint64_t count);

/* A deviation as a fault of its scenario. */
struct fault search_fault(const struct deviation_menu *menu, const struct deviation *deviation);

/* The options that make them faults of the scenario, behind its own: " --set faults.0.kill=...". */
void search_put_faults(FILE *out, const struct subject *s, const struct deviation_menu *menu,
                       const struct deviation *list, uint64_t count);

/* "lockstep run FILE ... --default --set faults.0.kill=...": the run in which they happen. */
void search_put_command(FILE *out, const struct subject *s, const struct deviation_menu *menu,
                        const struct deviation *list, uint64_t count);
void search_put_command_json(FILE *out, const struct subject *s, const struct deviation_menu *menu,
                             const struct deviation *list, uint64_t count);

/* The bound of the chance that, of so many worlds, some was taken for another: "1e-31". */
void search_put_miss(FILE *out, uint64_t worlds);

/* How many files come; how many invocations of the builder there can be at once (0: as many as the
 * account lets). */
int64_t search_files(const struct scenario *s);
int64_t search_functions(const struct scenario *s);

/* "2 functions, 12 files, threshold 5" */
void search_put_world(FILE *out, const struct scenario *s);

/* Which goals (goals.h) some run reached, which none did; then those that the scenario asks for. */
void search_put_goals(FILE *out, const struct report_goals *goals);

#endif

/* database.h: the results of a run as SQL tables, and the expectations asked of them. Wraps SQLite.
 *
 * Method. The tables mirror results.h row by row (docs/results.md says column by column what they
 * hold). Expectations are prepared before the run, so that a wrong query is an error of the
 * scenario and not a verdict; preparing tells which tables are read, and only those are filled. A
 * query can read and nothing else: it writes nothing, and has no clock and no random numbers.
 */
#ifndef LOCKSTEP_TOOLS_DATABASE_H
#define LOCKSTEP_TOOLS_DATABASE_H

#include "tools/report.h"

struct database;

/* An empty database in memory. NULL with a message if SQLite refuses. */
struct database *database_create(struct error *error);
void database_destroy(struct database *database); /* NULL is ignored */

/* Prepares the query of expectation `index` (below EXPECTATIONS_MAX, each once): one statement that
 * gives one column. STATUS_BAD_INPUT with SQLite's message where it is not. */
enum status database_expect(struct database *database, uint32_t index, struct text sql,
                            struct error *error);

/* Whether an expectation reads api_calls: the run has to keep its calls then. */
bool database_reads_calls(const struct database *database);

/* Fills the tables that the expectations read from the report's run, runs each query and stores
 * whether it gave one row holding 1. The report needs its run, scenario and summary. */
enum status database_evaluate(struct database *database, struct report *report,
                              struct error *error);

/* Who reads the rows of a query: first the columns' names, then each row, as texts that are valid
 * during the call ("NULL" for no value); of more than rows_max rows the first ones. */
struct database_reader {
    void (*names)(void *self, const struct text *cells, size_t count);
    void (*row)(void *self, const struct text *cells, size_t count);
    uint64_t rows_max;
    void *self;
};

/* Asks one query of the report's run as it stands. STATUS_BAD_INPUT with a message where it is
 * wrong, or would write; what has been read by then stays told. */
enum status database_query(const struct report *report, struct text sql,
                           const struct database_reader *reader, struct error *error);

/* Writes all tables, the judged report and its expectations to a new file (over an old one), with
 * indexes; to a temporary name first. STATUS_IO with a message where that fails. */
enum status database_write(const char *path, const struct report *report, struct error *error);

#endif

/* table_session.h: a table that is kept in a directory, opened for one command of the tool.
 *
 * The directory says what table it holds. While it is open nothing throttles; what it says of its
 * capacity is not changed by that.
 */
#ifndef LOCKSTEP_TOOLS_TABLE_SESSION_H
#define LOCKSTEP_TOOLS_TABLE_SESSION_H

#include "model/api/dynamodb.h"

struct table_session {
    struct dynamodb *d;
    struct table_description *description; /* of the directory; NULL where there was none */
    char name[256];                        /* of the table in `d` */
};

/* Every call of the tool happens at this instant, so that the same input gives the same output. */
extern const struct instant table_session_now;

/* Opens the table in a directory. With `items_more`, there is room for so many more items. STATUS_*
 * with a message; nothing is to be closed then. */
enum status table_session_open(struct table_session *s, const char *directory, uint64_t items_more,
                               struct error *error);

/* A table of that schema in memory alone: the directory's, if there is a table in it; else of a
 * file with the JSON of `aws dynamodb describe-table` or of a create-table request (NULL: the
 * pipeline's tracking table). */
enum status table_session_open_empty(struct table_session *s, const char *directory,
                                     const char *schema, uint64_t items_max, struct error *error);

/* Lifts or restores the table's capacity. */
enum status table_session_throttle(const struct table_session *s, bool throttle,
                                   struct error *error);

/* Closes it, which commits what was written. */
enum status table_session_close(struct table_session *s, struct error *error);

/* Whether there is nothing at that path, or an empty directory. */
bool directory_is_free(const char *path);

#endif

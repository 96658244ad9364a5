/* dynamodb.h: DynamoDB as its clients know it: the tables of one account in one region, and every
 * operation as JSON in, JSON out.
 *
 * Method. A call is the body of the HTTP request that an SDK sends, and the name in its
 * X-Amz-Target; the answer is the HTTP status and body. Everything happens at the instant `now` of
 * virtual time: a call has no duration, and states of tables that end by themselves are looked at
 * when a call comes. A request passes the front end (JSON types, then constraints: shape.h), then
 * the operation, in a file of its group (api_*.c), which asks the tables (table.h). Where the
 * service may answer either way, the owner decides: how far behind a read is is asked of a
 * callback. Left out: HTTP itself, signatures, access control; the legacy parameters from before
 * expressions, which are refused by name; backups, global tables, imports, tags, policies. Sources:
 * DDB-API-*, DDB-ERROR-*, DDB-TABLE-*.
 */
#ifndef LOCKSTEP_MODEL_API_DYNAMODB_H
#define LOCKSTEP_MODEL_API_DYNAMODB_H

#include "model/dynamodb/table.h"

struct dynamodb_config {
    const char *region, *account; /* in ARNs; NULL: us-east-1, 000000000000 */
    const char *scratch; /* where tables that are created keep what memory cannot hold; NULL:
                            /tmp */
    uint64_t items_max;  /* of each table that is created */
    uint64_t cache_bytes;
    struct table_limits limits;
    struct duration history;     /* how far back reads may be */
    struct duration creation;    /* a table, or an index, is CREATING so long; 0: ACTIVE at once */
    struct duration deletion;    /* and DELETING so long */
    struct duration transaction; /* a transaction occupies its items so long: DDB-TRANSACT-5 */
    /* The instant as of which an eventually consistent read is answered, of an index or of the
     * table itself (TABLE_BASE); NULL: now. */
    struct instant (*as_of)(void *self, const struct table *table, int32_t index,
                            struct instant now);
    void *self;
};

struct dynamodb;

/* An account without tables. The config's strings are the caller's. NULL with a message. */
struct dynamodb *dynamodb_open(const struct dynamodb_config *config, struct error *error);

/* Closes its tables; those with directories of their own are checkpointed. NULL is ignored. */
enum status dynamodb_close(struct dynamodb *d, struct error *error);

/* Opens a table as table_open does and adds it, ACTIVE. The config's strings are copied. */
enum status dynamodb_add_table(struct dynamodb *d, struct instant now,
                               const struct table_config *config, struct error *error);

/* The config of a table, as it was added or created and has been changed since; it lives until the
 * table changes again. NULL where there is none. */
const struct table_config *dynamodb_table_config(const struct dynamodb *d, const char *name);

/* A table that can be read and written; NULL where there is none. */
struct table *dynamodb_table(const struct dynamodb *d, const char *name);

struct dynamodb_response {
    int http_status;
    struct text body; /* JSON; an error has __type and message. Valid until the next call */
};

/* Answers one request. `operation` is a name such as "PutItem". `now` does not go back. */
void dynamodb_call(struct dynamodb *d, struct instant now, struct text operation, struct text body,
                   struct dynamodb_response *response);

#endif

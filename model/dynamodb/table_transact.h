/* table_transact.h: transactions over the items of several tables.
 *
 * Method. A transaction takes effect at one instant. First each of its writes is judged by what is
 * stored; then each one judged is charged, twice, as for preparing and for committing it; then all
 * are made, or none, and there is a reason for each, in the order of the request. A transaction may
 * be given a time for which it occupies its items after that instant: so long another write of such
 * an item is refused, and another transaction that names it is cancelled, while reads pass. A
 * client's token is remembered for ten minutes: the same request again does nothing and succeeds.
 * Sources: DDB-TRANSACT-* in docs/sources.md.
 */
#ifndef LOCKSTEP_MODEL_DYNAMODB_TABLE_TRANSACT_H
#define LOCKSTEP_MODEL_DYNAMODB_TABLE_TRANSACT_H

#include "model/dynamodb/table.h"

enum table_write_kind { WRITE_PUT, WRITE_UPDATE, WRITE_DELETE, WRITE_CHECK };

/* A write as data; a check writes nothing and only holds a condition to an item. */
struct table_write {
    struct table *table;
    enum table_write_kind kind;
    struct item item;                /* WRITE_PUT: the item; else the key */
    const struct expression *update; /* WRITE_UPDATE; may be NULL, as the condition */
    const struct expression *condition;
    const struct value *values;
};

struct table_read {
    struct table *table;
    struct item key;
};

/* Source: DDB-TRANSACT-1. */
enum { TRANSACTION_ITEMS_MAX = 100, TRANSACTION_BYTES_MAX = 4 << 20 };

/* Why an item cancelled its transaction. Source: DDB-TRANSACT-3. */
#define CANCELLATION_MAP(X)                                                                        \
    X(NONE, "None")                                                                                \
    X(CONDITION_FAILED, "ConditionalCheckFailed")                                                  \
    X(COLLECTION_FULL, "ItemCollectionSizeLimitExceeded")                                          \
    X(CONFLICT, "TransactionConflict")                                                             \
    X(THROUGHPUT_EXCEEDED, "ProvisionedThroughputExceeded")                                        \
    X(THROTTLED, "ThrottlingError")                                                                \
    X(INVALID, "ValidationError")                                                                  \
    X(DUPLICATE, "DuplicateItem")    /* of PartiQL's INSERT */                                     \
    X(NOT_FOUND, "ResourceNotFound") /* of PartiQL's statements */

enum cancellation_code {

#define CANCELLATION_ENUM(name, text) CANCELLATION_##name,
    CANCELLATION_MAP(CANCELLATION_ENUM)
#undef CANCELLATION_ENUM
};

/* "ConditionalCheckFailed", ...: a string that lives for ever. */
const char *cancellation_text(enum cancellation_code code);

struct cancellation {
    enum cancellation_code code;
    char message[512]; /* empty for CANCELLATION_NONE */
    struct item old;   /* CANCELLATION_CONDITION_FAILED: what is there; size 0: nothing */
};

enum transaction_result {
    TRANSACTION_OK,
    TRANSACTION_CANCELLED,   /* TransactionCanceledException: nothing done; see the reasons */
    TRANSACTION_INVALID,     /* ValidationException: nothing done, nothing consumed */
    TRANSACTION_IN_PROGRESS, /* TransactionInProgressException: of that token */
    TRANSACTION_MISMATCH,    /* IdempotentParameterMismatchException */
    TRANSACTION_FULL,        /* a table is full or failed, or too much is remembered: the trial must
                                end */
};

/* Views in it are valid until the next call on the same transactions or tables. */
struct transaction_reply {
    int64_t rcu_milli, wcu_milli;       /* of all tables and indexes together; table_consumed has
                                           each one's */
    const struct cancellation *reasons; /* TRANSACTION_CANCELLED: one for each item */
    const struct item *items;           /* of transactions_get: one for each read; size 0: none */
    const char *message;                /* TRANSACTION_INVALID and TRANSACTION_FULL: why */
};

/* The transactions of one account in one region. */
struct transactions;

/* `occupied`: how long a transaction holds its items. NULL with a message on failure. */
struct transactions *transactions_open(struct duration occupied, struct error *error);
void transactions_close(struct transactions *x); /* NULL is ignored */

/* A client's token (size 0: none) and the hash of its request without the token. */
struct transaction_request {
    struct text token;
    struct hash128 body;
};

/* Makes all the writes, or none. 1 to TRANSACTION_ITEMS_MAX of them. */
enum transaction_result transactions_write(struct transactions *x, struct instant now,
                                           const struct table_write *writes, uint32_t count,
                                           const struct transaction_request *request,
                                           struct transaction_reply *reply);

/* Reads all the items as of `now`. 1 to TRANSACTION_ITEMS_MAX of them. */
enum transaction_result transactions_get(struct transactions *x, struct instant now,
                                         const struct table_read *reads, uint32_t count,
                                         struct transaction_reply *reply);

/* A mark names what is remembered of tokens; rolling back to it forgets what came later. Whoever
 * marks the tables and rolls them back does the same here. Nothing else is forgotten while marks
 * are held. */
uint64_t transactions_mark(struct transactions *x);
void transactions_rollback(struct transactions *x, uint64_t mark);
void transactions_release_marks(struct transactions *x);

#endif

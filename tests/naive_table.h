/* naive_table.h: a reference model of one table: what DynamoDB documents, in the plainest way.
 *
 * Method. The table is the list of all versions that were ever written. What a call sees is found
 * by going through that list; a query sorts what it found; nothing is indexed, kept or cached. A
 * rollback cuts the list, a read of the past stops early in it. Written from docs/sources.md and
 * table.h, not from the table's code. Mistakes of the caller are judged too; of a TABLE_INVALID a
 * part of the message is told.
 */
#ifndef LOCKSTEP_TESTS_NAIVE_TABLE_H
#define LOCKSTEP_TESTS_NAIVE_TABLE_H

#include "model/dynamodb/table.h"
#include "tests/naive_capacity.h"
#include "tests/naive_expression.h"

enum { NAIVE_ITEMS_MAX = 512, NAIVE_VERSIONS_MAX = 1 << 11, NAIVE_MARKS_MAX = 16 };

/* One write: what is under a key from an instant on; item NULL: nothing. */
struct naive_version {
    struct instant at;
    struct naive_value hash, range; /* range: NULL's type where the table has none */
    const struct naive_value *item;
};

struct naive_mark {
    uint32_t versions_count;
    uint32_t charges_count;
    struct naive_buckets buckets;
};

struct naive_table {
    const struct table_config *config;
    struct naive_memory *memory;
    struct instant now; /* the latest one told */
    struct naive_version *versions;
    uint32_t versions_count;
    struct naive_capacity capacity;
    struct naive_mark *marks;
    uint32_t marks_count;
};

struct naive_reply {
    enum table_result result;
    const char *message; /* part of what table_message must say; NULL: anything */
    uint32_t faults;     /* of an update that cannot be applied: enum naive_fault */
    int64_t rcu_milli, wcu_milli;
    struct throttle throttled;
    const struct naive_value *old, *new;
};

/* `memory` is the table's until it is started over. */
void naive_open(struct naive_table *t, const struct table_config *config, struct instant now,
                struct naive_memory *memory);

/* Closed and opened again on its directory: the items stay, the past does not. */
void naive_reopen(struct naive_table *t, struct instant now);

struct naive_reply naive_put(struct naive_table *t, struct instant now,
                             const struct naive_value *item, const struct naive_node *condition);
struct naive_reply naive_update_item(struct naive_table *t, struct instant now,
                                     const struct naive_value *key, const struct naive_node *update,
                                     const struct naive_node *condition);
struct naive_reply naive_delete(struct naive_table *t, struct instant now,
                                const struct naive_value *key, const struct naive_node *condition);
/* `old` is the item. */
struct naive_reply naive_get_item(struct naive_table *t, struct instant now, struct instant as_of,
                                  const struct naive_value *key);

struct naive_query {
    int32_t index;
    bool consistent, backward, leaders, count_only, fetch;
    uint32_t segment, segments_count, limit;
    struct instant as_of;
    const struct naive_node *key, *filter;
    const struct naive_value *start; /* the last item evaluated before; NULL: from the beginning */
};

struct naive_page {
    enum table_result result;
    const char *message;
    struct throttle throttled;
    int64_t count, scanned_count, bytes, fetched_bytes, rcu_milli;
    const struct naive_value *last; /* NULL: the end */
    uint32_t visited_count;
    const struct naive_value *visited[NAIVE_ITEMS_MAX];
};

void naive_read_page(struct naive_table *t, struct instant now, const struct naive_query *query,
                     struct naive_page *page);

/* The ttl of an item, and whether TTL would delete it at the latest instant told. */
bool naive_ttl(const struct naive_table *t, const struct naive_value *item, int64_t *ttl);
bool naive_expired(const struct naive_table *t, const struct naive_value *item);

/* Deletes the item for TTL if it has expired; what was there, or NULL. */
const struct naive_value *naive_expire(struct naive_table *t, struct instant now,
                                       const struct naive_value *key);

/* All items as they are now; returns how many. */
uint32_t naive_items(const struct naive_table *t, const struct naive_value **items);

/* The key of an item in the table or an index, with the table's own: LastEvaluatedKey. */
const struct naive_value *naive_key_of(const struct naive_table *t, int32_t index,
                                       const struct naive_value *item);

/* Bytes that the table's or an index's items take as they are billed. */
int64_t naive_stored_bytes(const struct naive_table *t, int32_t index);

void naive_mark(struct naive_table *t);
void naive_rollback(struct naive_table *t, uint32_t mark); /* 1 .. marks_count */

#endif

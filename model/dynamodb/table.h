/* table.h: one DynamoDB table in simulated time, with its global secondary indexes and TTL.
 *
 * Method. Every function here is the instant of effect of one API call: writes are linearizable, a
 * condition sees the item as of that instant (DDB-READ-2). The trip of request and reply, retries
 * and time-outs belong to the caller's SDK (model/aws/call.h). An eventually consistent read, and
 * every read of an index, sees the table as it was at an instant `as_of` that the caller draws: the
 * journal of before-images answers it. So a lagging replica, a lagging index and the undoing of
 * writes while schedules are explored are one mechanism. A query costs what DynamoDB charges: pages
 * of 1 MB counted before the filter, capacity by bytes read. It is evaluated in time proportional
 * to its pages and matches: counted trees give the end of a page from the sizes alone, and a filter
 * on the hash key of an index whose range key is the table's hash key finds its matches through
 * that index's order. Storage: item bodies live in LMDB (table_lmdb.c) behind a bounded cache of
 * hot and unwritten ones; keys, sizes and order live in memory. A Scan goes by the hash of the
 * partition key, which means nothing to a client, and then by the sort key; its segments are
 * intervals of the hash. Between checkpoints nothing is allocated and LMDB is not written;
 * table_checkpoint writes what has changed, in key order, and commits. Sources: DDB-* in
 * docs/sources.md.
 */
#ifndef LOCKSTEP_MODEL_DYNAMODB_TABLE_H
#define LOCKSTEP_MODEL_DYNAMODB_TABLE_H

#include "model/dynamodb/expression.h"
#include "model/dynamodb/item.h"
#include "sim/hash.h"
#include "sim/status.h"
#include "sim/time.h"

enum { TABLE_INDEXES_MAX = 25 }; /* 20 global and 5 local ones. Source: DDB-LIMIT-4 */

/* A key attribute: S, N or B. Without a name there is none. */
struct table_key {
    const char *name;
    enum attribute_type type;
};

/* What of an item an index holds, its keys and the table's aside. */
enum table_projection { PROJECTION_ALL, PROJECTION_KEYS_ONLY, PROJECTION_INCLUDE };

/* An index is sparse: it holds the items that have all its keys, and of them what it projects,
 * which is what its readers see and what an item weighs in it. A local one has the table's hash
 * key, may be read consistently and uses the table's capacity. Source: DDB-LSI-*. */
struct table_index_config {
    const char *name;
    struct table_key hash_key, range_key;
    bool local;
    enum table_projection projection;
    const char *const *include; /* PROJECTION_INCLUDE: names of top-level attributes, keys aside */
    uint32_t include_count;
    int64_t rcu, wcu; /* provisioned units a second; 0: on demand. Unused by a local index */
    int64_t max_rcu, max_wcu; /* on demand, the owner's maximum, units a second; 0: none */
};

/* What the records of a table's stream hold beside the item's key (model/dynamodb/table_stream.h).
 */
enum stream_view {
    STREAM_NONE, /* the table has no stream */
    STREAM_KEYS_ONLY,
    STREAM_NEW_IMAGE,
    STREAM_OLD_IMAGE,
    STREAM_NEW_AND_OLD_IMAGES
};

/* What else holds a table back. A zeroed one holds back nothing (but provisioned units do); the
 * service's own is table_limits_aws. Units a second, 0: no such limit. */
struct table_limits {
    struct duration burst;        /* for which unused units are kept, whole seconds; 0: 300 s */
    int64_t key_rcu, key_wcu;     /* of one partition key value of the table or of an index */
    int64_t first_rcu, first_wcu; /* on demand: of a new table, and of each of its indexes */
    struct duration growth;       /* on demand: a peak may be doubled after so long; 0: 30 min */
    int64_t account_rcu, account_wcu; /* on demand: of a table and its indexes together */
};

extern const struct table_limits table_limits_aws;

struct table_config {
    const char *name;
    struct table_key hash_key, range_key;
    const char *ttl_attribute; /* NULL: TTL is off */
    const char *directory; /* of the LMDB environment, made where it is missing; NULL: a temporary
                              one, made at the first checkpoint and removed at close */
    bool durable;          /* the directory's checkpoints survive a crash of the machine too */
    const char *scratch;   /* where temporary directories are made; NULL: /tmp */
    int64_t rcu, wcu;      /* as for an index */
    int64_t max_rcu, max_wcu;
    struct table_limits limits;
    enum stream_view stream;
    uint32_t stream_shards;        /* 0: one */
    struct duration history;       /* how far back as_of may reach; older before-images may go */
    uint64_t items_max;            /* most items at any time: sizes the reserved memory */
    uint64_t cache_bytes;          /* item bodies kept in memory at most, unwritten ones aside */
    uint64_t collection_bytes_max; /* of what lies under one partition key, in a table with local
                                      indexes, these included; 0: DynamoDB's 10 GB */
    uint32_t indexes_count;
    struct table_index_config indexes[TABLE_INDEXES_MAX];
};

struct table;

/* Opens a table at instant `now`, with full buckets of capacity; an existing directory's items are
 * read, and its keys must be those of the config, while indexes, TTL and capacity become the
 * config's. The config and its strings are the caller's and live as long as the table. NULL with a
 * message on failure: then the table that the directory held is as it was. */
struct table *table_open(const struct table_config *config, struct instant now,
                         struct error *error);

/* What a directory says of the table in it: its name, keys, indexes, TTL attribute, stream and
 * units. The config's other members are zero, for the caller to set. One block of memory: free() it
 * after every table that was opened with its config has been closed. NULL with a message where the
 * directory holds no table, is in use or is damaged. */
struct table_description {
    struct table_config config;
    uint64_t count; /* of the items */
};
struct table_description *table_describe(const char *directory, struct error *error);

/* Gives a table the units and limits of a config that is else like its own. Units that were saved
 * up are kept as far as they fit, and so is a peak on demand; a table that comes from provisioned
 * units has half of them as its former peak. No marks are held. STATUS_BAD_INPUT with a message.
 * Source: DDB-CAPACITY-11. */
enum status table_set_capacity(struct table *t, struct instant now,
                               const struct table_config *config, struct error *error);

/* Gives a table the indexes and the TTL attribute of a config with the same keys; the config's
 * strings live as long as the table. Items and the stream stay, and the units of indexes that keep
 * their names; the past that lagging reads see begins now. An item that does not fit a new index,
 * by its key's type or size, is not in it. No marks are held. Takes time proportional to the items.
 * STATUS_BAD_INPUT and STATUS_NO_MEMORY: nothing has changed; after anything else the table is
 * lost. */
enum status table_rebuild(struct table *t, struct instant now, const struct table_config *config,
                          struct error *error);

/* Closes it, after a last checkpoint where the directory is the caller's. NULL is ignored. */
enum status table_close(struct table *t, struct error *error);

enum table_result {
    TABLE_OK,
    TABLE_CONDITION_FAILED, /* ConditionalCheckFailedException: nothing written, units consumed */
    TABLE_THROTTLED,        /* nothing done; `throttled` says by whom and why */
    TABLE_CONFLICT,         /* TransactionConflictException: a transaction holds the item */
    TABLE_COLLECTION_FULL,  /* ItemCollectionSizeLimitExceededException: nothing done */
    TABLE_INVALID,          /* ValidationException: nothing done; table_message says why */
    TABLE_FULL, /* more than items_max, or the storage failed: the trial must end; table_message
                   says why */
};

/* Why a request was refused. Source: DDB-THROTTLE-1. */
enum throttle_reason {
    THROTTLE_NONE,
    THROTTLE_PROVISIONED,   /* the provisioned units of the table or of an index are used up */
    THROTTLE_KEY_RANGE,     /* those of a partition key value, or twice the former peak on demand */
    THROTTLE_ON_DEMAND_MAX, /* the owner's maximum */
    THROTTLE_ACCOUNT,       /* the account's quota for one table */
};

/* Who refused: the table or the index, the first of several. */
struct throttle {
    int32_t index; /* TABLE_BASE: the table, and for its local indexes, too */
    enum throttle_reason reason;
};

/* What a call consumed, in thousandths of a unit, and the item before a write (size 0: absent).
 * `old` is valid until the next call on the table. */
struct table_reply {
    int64_t rcu_milli, wcu_milli; /* of table and indexes together */
    const int64_t *units;      /* [0] of the table, then of each index; valid until the next call */
    struct throttle throttled; /* of TABLE_THROTTLED; its reason is THROTTLE_NONE otherwise */
    struct item old, new;
};

/* Condition and update may be NULL; `values` are those of condition and update together: each
 * expression indexes the same array. */
enum table_result table_put(struct table *t, struct instant now, struct item item,
                            const struct expression *condition, const struct value *values,
                            struct table_reply *reply);
enum table_result table_update(struct table *t, struct instant now, struct item key,
                               const struct expression *update, const struct expression *condition,
                               const struct value *values, struct table_reply *reply);
enum table_result table_delete(struct table *t, struct instant now, struct item key,
                               const struct expression *condition, const struct value *values,
                               struct table_reply *reply);

/* Reads one item as of `as_of` (now: strongly consistent, and charged so; later than now:
 * eventually consistent, but without a lag). `item` has size 0 where there is none, and is valid
 * until the next call on the table. An instant more than `history` ago is answered as of `history`
 * ago, here and in queries. */
enum table_result table_get(struct table *t, struct instant now, struct instant as_of,
                            struct item key, struct item *item, struct table_reply *reply);

/* The bytes of the collection that an item, or a key, belongs to: its partition's items in the
 * table and in the local indexes. False where the table has no local index, and so no collections.
 */
bool table_collection(const struct table *t, struct item key, uint64_t *bytes);

/* Whether a whole item could be put, or a key be meant, as it is: TABLE_OK or TABLE_INVALID. For
 * batches, which are refused as a whole before anything is done. */
enum table_result table_check(struct table *t, struct item item, bool whole);

/* Whether an expression leaves alone what would be documents in key attributes of the table and its
 * indexes: TABLE_OK or TABLE_INVALID. Writes and reads ask it of their conditions, updates and
 * filters; projections are the caller's. NULL is none. Source: DDB-EXPR-14. */
enum table_result table_check_paths(struct table *t, const struct expression *e);

enum { TABLE_BASE = -1 }; /* as `index`: the table itself */

struct table_query {
    int32_t index;   /* TABLE_BASE or the position of an index in the config */
    bool consistent; /* charges full units; the table and its local indexes only */
    bool backward;   /* ScanIndexForward = false */
    bool leaders; /* of an index, without filter, forward: `visit` only the first item of each range
                     key value. For a client that wants the distinct values; all else is as without
                     it */
    bool fetch; /* of a local index: the items whole, each of them read from the table and paid for
                   by itself. For a client that asks for what the index does not project */
    uint32_t segment, segments_count; /* of a parallel Scan; segments_count 0: not parallel */
    uint32_t limit;                   /* items evaluated at most; 0: no limit but the page */
    struct instant as_of;
    const struct expression *key;    /* key condition; NULL: a Scan */
    const struct expression *filter; /* NULL: none */
    const struct value *values;
    struct text start_key; /* last_key of the page before; size 0: from the beginning */
    void (*visit)(void *self,
                  struct item item); /* each match in order; NULL: Select=COUNT. The item is valid
                                        only during the call, which must not write to the table */
    void *self;
};

struct table_page {
    int64_t count, scanned_count; /* after and before the filter */
    int64_t bytes;                /* evaluated */
    int64_t fetched_bytes; /* of items fetched, each rounded up to 4 KB; paid for beside bytes */
    int64_t rcu_milli;
    struct throttle throttled; /* as in a reply */
    struct text last_key; /* LastEvaluatedKey, opaque; size 0: the end. Valid until the next call */
};

/* One page of a Query or Scan. It ends with the item that brings what was evaluated to 1 MB or
 * more, or to `limit` items, and then has a last_key even if nothing follows. Sources: DDB-QUERY-*,
 * DDB-SCAN-2.
 */
enum table_result table_read_page(struct table *t, struct instant now,
                                  const struct table_query *query, struct table_page *page);

/* Writes a page's last_key into `w` as attributes: the keys of what was read and of the table.
 * False where it is not one of this table or index. */
bool table_key_of(const struct table *t, int32_t index, struct text last_key,
                  struct item_writer *w);

/* The other way: makes a start_key of attributes, in `buffer` of at least TABLE_START_KEY_MAX
 * bytes. TABLE_INVALID, as DynamoDB words it for a Scan, where the item is not such a key; whether
 * it lies in what a query reads is checked by table_read_page. Source: DDB-QUERY-4. */
enum { TABLE_START_KEY_MAX = 8200 };

enum table_result table_start_key(struct table *t, int32_t index, struct item item, char *buffer,
                                  size_t size, struct text *key);

/* Whether an index holds the attribute of that name, so that a reader need not fetch it. */
bool table_index_projects(const struct table *t, int32_t index, struct text name);

/* The reason of the last TABLE_INVALID, in DynamoDB's words, or of the last TABLE_FULL. */
const char *table_message(const struct table *t);

/* TTL. The service deletes an item some time after its ttl (epoch seconds) has passed; until then
 * it is fully there. Source: DDB-TTL-*. */

/* The least ttl of any item that is at least `from`; false where there is none. Items whose ttl is
 * five years or more before the latest instant that the table was told never expire and are not
 * counted. */
bool table_next_expiry(struct table *t, int64_t from, int64_t *ttl);

/* Visits the key hash of every item with from <= ttl < to, by ttl, then key. */
void table_each_expiry(struct table *t, int64_t from, int64_t to,
                       void (*visit)(void *self, uint64_t key_hash, int64_t ttl), void *self);

/* Deletes the item with that key hash if its ttl is still before `now`, and less than five years
 * before. Returns whether it did; *old is what was there, valid until the next call. Costs no
 * capacity. Source: DDB-TTL-6. */
bool table_expire(struct table *t, struct instant now, uint64_t key_hash, struct item *old);

/* The hash of an item's key, or of a key alone, that names it here. */
uint64_t table_key_hash(const struct table *t, struct item item);

/* Looking without touching: no capacity, no lag. For invariants, reports and tests. */
/* Looking without touching: no capacity, no lag. For invariants, reports and tests. A key's value
 * is given as the table orders it: S and B as they are, N as number_sortable has it. */
bool table_peek(struct table *t, struct text hash_value, struct text range_value,
                struct item *item); /* valid until the next call */
void table_each(struct table *t, void (*visit)(void *self, struct item item), void *self);
uint64_t table_count(const struct table *t);

/* The same from memory alone, whatever of the items is on disk: an item's keys, and the attributes
 * that are keys of an index. Views are valid until the next write. */
bool table_peek_key(struct table *t, struct text hash_value, struct text range_value,
                    struct text attribute,
                    struct text *value); /* size 0: it has no such attribute */
void table_each_key(struct table *t,
                    void (*visit)(void *self, struct text hash_value, struct text range_value),
                    void *self);

/* The sum of the hashes of all items: equal contents, equal hash, whatever the history. Kept as
 * writes go. */
struct hash128 table_hash(const struct table *t);

/* The hash of all that later calls can show: the items; what they were at each instant that a
 * lagging read can still look back to, or, where there is a stream, ever since the oldest mark; the
 * buckets of provisioned throughput. Left out: what was used of the limits on demand and of a key
 * value. `now` is the present instant. */
struct hash128 table_fingerprint(const struct table *t, struct instant now);

/* Totals since the table was opened, in thousandths of a unit; `index` may be TABLE_BASE. What a
 * local index uses is the table's. A request that several refuse counts for each of them. */
struct table_consumed {
    int64_t rcu_milli, wcu_milli;
    int64_t throttled_reads, throttled_writes;
};
struct table_consumed table_consumed(const struct table *t, int32_t index);

/* The same second by second: one row for each second (of the clock) in which something was asked of
 * the table or the index, in no particular order. */
struct table_second {
    int64_t second; /* since the epoch */
    int32_t index;
    struct table_consumed consumed;
    int64_t throttled_rcu_milli, throttled_wcu_milli; /* what was refused would have consumed it */
};

uint64_t table_seconds_count(const struct table *t);
void table_second(const struct table *t, uint64_t i, struct table_second *row);

/* Bytes that the items take in the table or in an index, as AWS bills them. Source: DDB-CAPACITY-8.
 */
int64_t table_stored_bytes(const struct table *t, int32_t index);
int64_t table_stored_items(const struct table *t, int32_t index); /* and how many they are */

/* The journal. A mark names the present contents; rolling back to it undoes every write since,
 * newest first, and the capacity and totals with it. While marks are held (from table_mark until
 * table_release_marks) no before-image is dropped. Rolling back keeps the mark and ends later ones.
 * At most TABLE_MARKS_MAX are held. */
enum { TABLE_MARKS_MAX = 1 << 20 };

uint64_t table_mark(struct table *t);
void table_rollback(struct table *t, uint64_t mark);
void table_release_marks(struct table *t);

/* The number of the next write, from 1: it grows with every one, and a rollback takes it back. */
uint64_t table_next_write(const struct table *t);

/* Tells each item that was written since a write had that number, in the order of the first such
 * writes: as it was before, and as it is now; size 0 where it was or is not there. One that came
 * and went is not told of. A mark was held all the while. Both are valid during the call, which
 * must not touch the table. */
void table_each_change(struct table *t, uint64_t since,
                       void (*visit)(void *self, struct item before, struct item now), void *self);

/* True when the unwritten bodies have grown so far that the caller should make a checkpoint soon;
 * it does so between two events. */
bool table_wants_checkpoint(const struct table *t);

/* Writes what has changed and commits it in one step. After an error the directory holds the table
 * as of this checkpoint or, mostly, of the one before, whole either way; nothing is lost in memory,
 * and the next checkpoint, once there is room, writes it all. What has returned STATUS_OK survives
 * a crash of the program at any instant, SIGKILL included; a crash of the machine only in a
 * `durable` directory. */
enum status table_checkpoint(struct table *t, struct error *error);

#endif

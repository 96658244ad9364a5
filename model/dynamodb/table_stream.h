/* table_stream.h: the stream of a table: the log of its changes, each once, kept for a day.
 *
 * Method. Every write that changes an item adds one record, at its instant of effect, with the
 * item's key and, as the view says, its images before and after. Records stand in one log, in the
 * order of the writes, and their sequence numbers are their places in it. A record belongs to the
 * shard that its partition key hashes to; within a shard, hence for each item, the order is that of
 * the writes. A reader holds a position: the least sequence number that it has not read. After 24
 * hours a record can no longer be read, to the instant; its memory is reused once no mark is held
 * that could bring it back (table_mark). Nothing is allocated but when a stream starts, and a table
 * without one pays for a comparison at each write.
 *
 * The records of a transaction stand together, in the order of its request (DDB-STREAM-13).
 *
 * Left out: splitting of shards (their number is fixed, none has a parent), more than two readers'
 * throttling, and storage: a table that is opened from disk starts with an empty stream. Sources:
 * DDB-STREAM-* in docs/sources.md.
 */
#ifndef LOCKSTEP_MODEL_DYNAMODB_TABLE_STREAM_H
#define LOCKSTEP_MODEL_DYNAMODB_TABLE_STREAM_H

#include "model/dynamodb/table.h"

enum {
    STREAM_READ_MAX = 1000,      /* records of one GetRecords. Source: DDB-STREAM-8 */
    STREAM_READ_BYTES = 1 << 20, /* and their bytes */
    STREAM_RETENTION_S = 86400,  /* DDB-STREAM-5 */
    STREAM_ITERATOR_S = 15 * 60, /* DDB-STREAM-9 */
    STREAM_SHARDS_MAX = 1024,
};

/* Starts a stream, as a config with a view does at once. There is none yet, or it has been stopped:
 * its records go. No marks are held. STATUS_NO_MEMORY with a message. */
enum status table_stream_start(struct table *t, enum stream_view view, uint32_t shards,
                               struct error *error);

/* Stops it: no records are added from now on; those that are there can be read until they are 24
 * hours old. No marks are held. Source: DDB-STREAM-10. */
void table_stream_stop(struct table *t);

/* The view of the stream that records changes now; STREAM_NONE where none does. */
enum stream_view table_stream_view(const struct table *t);

/* The same, but also of one that has been stopped. */
enum stream_view table_stream_kept_view(const struct table *t);

/* Shards are numbered from 0; 0 where no stream was ever started. */
uint32_t table_stream_shards(const struct table *t);

enum stream_event { STREAM_INSERT, STREAM_MODIFY, STREAM_REMOVE };

/* One change. Items are views, valid until the next write to the table, or reading of the stream at
 * a later instant. */
struct stream_record {
    uint64_t sequence; /* from 1, rising in the order of the writes over all shards */
    struct instant created;
    uint32_t shard;
    enum stream_event event;
    bool by_service;   /* TTL deleted it: userIdentity is Service, dynamodb.amazonaws.com.
                          DDB-STREAM-12 */
    uint32_t size;     /* SizeBytes: of keys and images, as DynamoDB counts items. DDB-STREAM-7 */
    uint64_t key_hash; /* of the whole key, the same for every change of an item */
    struct item keys, old, new; /* size 0: no such image, or the view leaves it out */
};

/* ApproximateCreationDateTime, in epoch seconds. Source: DDB-STREAM-6. */
static inline int64_t stream_record_seconds(const struct stream_record *r)
{
    return instant_epoch_seconds(r->created);
}

enum stream_result {
    STREAM_OK,
    STREAM_TRIMMED, /* TrimmedDataAccessException: a record there is more than 24 hours old */
    STREAM_EXPIRED, /* ExpiredIteratorException: the iterator is older than 15 minutes */
    STREAM_INVALID, /* ValidationException: that sequence number is not of the shard */
};

enum stream_start {
    STREAM_TRIM_HORIZON, /* the oldest record that is not trimmed */
    STREAM_LATEST,       /* behind the newest */
    STREAM_AT_SEQUENCE,
    STREAM_AFTER_SEQUENCE,
};

/* A shard iterator, as data. */
struct stream_iterator {
    uint32_t shard;
    uint64_t position; /* the least sequence number not read */
    struct instant made;
};

/* GetShardIterator; `sequence` counts for AT and AFTER alone. Sets *iterator on STREAM_OK. */
enum stream_result table_stream_iterator(struct table *t, struct instant now, uint32_t shard,
                                         enum stream_start start, uint64_t sequence,
                                         struct stream_iterator *iterator);

/* GetRecords: up to `limit` (1 to STREAM_READ_MAX) records, and 1 MB but for the first, into
 * `records`; moves the iterator behind them and makes it new. An iterator at the end yields none.
 */
enum stream_result table_stream_read(struct table *t, struct instant now,
                                     struct stream_iterator *iterator, uint32_t limit,
                                     struct stream_record *records, uint32_t *count);

/* The first record of a shard at `position` or behind it that is not trimmed; false where there is
 * none. For readers inside the simulator, which need no iterator. */
bool table_stream_next(struct table *t, struct instant now, uint32_t shard, uint64_t position,
                       struct stream_record *record);

/* The sequence number of the newest record of all shards; 0 before the first. */
uint64_t table_stream_newest(const struct table *t);

/* The record of that number, whatever its shard and age; false where it is not kept. */
bool table_stream_at(const struct table *t, uint64_t sequence, struct stream_record *record);

/* A hash of all records ever added, in order, and their instants: equal logs, equal hash. */
struct hash128 table_stream_hash(const struct table *t);

/* A sequence number as the service writes one, 21 digits; and back: STATUS_BAD_INPUT where the text
 * is none. Source: DDB-STREAM-11. */
void text_put_sequence(struct text_writer *w, uint64_t sequence);
enum status sequence_parse(struct text text, uint64_t *sequence, struct error *error);

#endif

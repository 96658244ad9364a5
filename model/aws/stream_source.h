/* stream_source.h: the Lambda event-source mapping between the table's stream and a function.
 *
 * Method. A poller reads each shard four times a second, as long as there is something to read:
 * where a shard is at its end, nothing is scheduled, and the write that adds a record schedules the
 * poll that will find it, at a phase that is drawn. What has been read goes into lanes, as many for
 * each shard as the parallelization factor says; an item's records always go into the same one. A
 * lane gathers a batch, invokes the function with it, and waits for the end before it takes the
 * next: so the records of an item are processed in order, and at least once. An error or a time-out
 * keeps the lane on its batch: it is tried again, whole, or in halves, or from the first record
 * that the handler named, until it succeeds, its records are too old, or its retries are used up;
 * then it is discarded, and a failure destination is told. A throttled invoke is tried again
 * without counting. A lane that is under way looks for what has come meanwhile when it ends.
 *
 * Left out: tumbling windows, splitting of shards. Sources: ESM-STREAM-* in
 * docs/sources.md.
 */
#ifndef LOCKSTEP_MODEL_AWS_STREAM_SOURCE_H
#define LOCKSTEP_MODEL_AWS_STREAM_SOURCE_H

#include "model/aws/function.h"
#include "model/dynamodb/table_stream.h"

enum {
    STREAM_BATCH_MAX = 10000, /* ESM-STREAM-2 */
    STREAM_LANES_MAX = 10,    /* of a shard. Source: ESM-STREAM-4 */
    STREAM_PIECES_MAX = 16,   /* a batch halved down to single records */
};

struct stream_shard_state {
    uint64_t read_to;  /* a position: what lies before it has been read */
    int64_t polled_ns; /* when the latest poll left; INT64_MIN: never */
    uint32_t polling;  /* a poll is scheduled */
    uint32_t unused;
};

enum stream_lane_state { LANE_IDLE, LANE_GATHERING, LANE_WAITING, LANE_INVOKED };

/* Positions are sequence numbers. */
struct stream_lane {
    uint64_t position; /* all of the lane's records before it are done with */
    uint64_t gathered; /* the batch's end, as far as it has been gathered */
    uint64_t
        ends[STREAM_PIECES_MAX]; /* of the pieces of the batch that are left, the next one last */
    uint32_t pieces;             /* 0: no batch has been invoked */
    uint32_t state;              /* enum stream_lane_state */
    uint32_t count, bytes;       /* gathered */
    uint32_t serial;             /* of the latest invocation: tells stale events */
    uint32_t errors;             /* of the piece under way */
    uint32_t failed;             /* the handler said so */
    uint32_t again;              /* by a fault: invocations more with what has succeeded */
    uint64_t failed_at;          /* and named that record; 0: none */
    struct event_handle timer;   /* of the window, or of the next try */
};

/* What has happened, for reports and tests. */
struct stream_source_counts {
    int64_t polls, batches, records; /* batches and records: succeeded */
    int64_t errors, throttled, duplicates;
    int64_t discarded_batches, discarded_records;
    int64_t lost;            /* batches, by a fault */
    int64_t iterator_age_ns; /* the most, of the last record of a batch at its end. ESM-STREAM-9 */
};

/* Why a batch was given up: a failure destination is told. Source: ESM-STREAM-7. */
enum stream_discard_reason { DISCARD_RETRIES_EXHAUSTED, DISCARD_RECORD_AGE_EXCEEDED };

struct stream_discard {
    enum stream_discard_reason reason;
    uint32_t shard, count;
    uint64_t first, last; /* sequence numbers */
    uint32_t errors;      /* how often the function had failed with them */
};

struct stream_source {
    /* Config, set before cloud_declare. */
    bool enabled;
    bool bisect, report_item_failures;
    enum function_id function;
    uint32_t shards;         /* the table's stream has so many */
    enum stream_start start; /* TRIM_HORIZON or LATEST */
    int64_t batch_size;      /* 1 to STREAM_BATCH_MAX */
    int64_t parallelization; /* 1 to STREAM_LANES_MAX */
    int64_t maximum_retries; /* -1: until the records are too old */
    int64_t duplicate_ppm;   /* batches that are invoked once more after success */
    struct duration batching_window;
    struct duration maximum_record_age; /* 0: as long as the stream keeps them */
    /* Whether the function wants a record: else it is passed over, and is in no batch. NULL: all.
     * Source: ESM-STREAM-14. */
    bool (*filter)(const struct stream_record *record);
    struct distribution read_latency; /* of a poll */
    struct distribution retry_wait;

    struct distribution phase; /* of a poll of a shard that was at its end */
    struct stream_shard_state *shard_states;
    struct stream_lane *lanes; /* those of shard 0, then of shard 1, ... */
    uint64_t *noticed;         /* the newest record that a wake has seen */
    struct stream_source_counts *counts;
    uint32_t shards_region, lanes_region, noticed_region, counts_region;
};

void stream_source_declare(struct cloud *c);
void stream_source_init(struct cloud *c);

/* The table may have been written to. */
void stream_source_wake(struct cloud *c);

/* Visits the records that the invocation was invoked with, in order. Records that have been trimmed
 * since the invoke are left out: a handler that takes hours reads them when it begins. */
void stream_source_each(struct cloud *c, const struct invocation *invocation,
                        void (*visit)(void *self, const struct stream_record *record), void *self);

/* The handler ends in an error; or, where item failures are reported, without one but naming the
 * first record that failed (0: none is named). To be called before the invocation ends. */
void stream_source_fail(struct cloud *c, const struct invocation *invocation, uint64_t sequence);

/* The invocation with that lane's batch has ended. */
void stream_source_done(struct cloud *c, uint32_t lane, uint32_t serial, bool succeeded);

/* Handlers. */
void stream_source_poll(void *cloud, uint32_t shard, uint64_t detail);
void stream_source_invoke(void *cloud, uint32_t lane, uint64_t serial);

#endif

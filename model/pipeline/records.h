/* records.h: the items of the tracking table, and every request that the pipeline makes of it.
 *
 * Method. Four kinds of items share the table: a file's record (date, base name), the LOCK of a
 * date, and a manifest's record in the old form (date, MANIFEST) or the new one (date,
 * MANIFEST#batch-...). A manifest's record lies in the partition of its date's files and carries a
 * status, so every "pending files of this date" query sees it. Each operation has a request here,
 * which a task fills, and its effect, which runs at the call's one instant in the table. Source:
 * PIPE-RECORDS-1.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_RECORDS_H
#define LOCKSTEP_MODEL_PIPELINE_RECORDS_H

#include "model/aws/cloud.h"
#include "model/pipeline/scenario.h"

/* Where a paged read stands: the table's last key. */
enum { CURSOR_BYTES_MAX = 252 };

struct cursor {
    uint32_t size; /* 0: at the beginning, or done */
    char bytes[CURSOR_BYTES_MAX];
};

/* How the tasks begin that read pages: handlers. */
struct reader {
    struct invocation invocation;
    struct cursor cursor;
    struct cursor
        before;         /* where the latest page began: an attempt whose reply was lost has moved */
    struct chain found; /* keys (names) read so far */
    struct chain dates; /* earlier dates (names) read so far */
    uint32_t unused;
};

/* A request about one file: its key, the date it belongs to, a manifest, the caller's clock. */
struct file_request {
    uint32_t key, date, manifest;
    uint32_t outcome; /* SET_FILE_STATUS: 1 completed, 0 failed */
    int64_t clock_ns;
    int64_t size;       /* TRACK_FILE: bytes, as the event has it */
    int64_t token;      /* MARK_FILE: of a fencing lock; 0: none */
    uint32_t only_mine; /* REPEND_FILE: if the record still names the manifest */
    uint32_t unused;
};

/* A request about the lock of a date. The lock's id is made of the environment and the millisecond.
 */
struct lock_request {
    uint32_t date, environment;
    int64_t acquired_ms; /* in the id */
    int64_t clock_ns;
    int64_t version, seen; /* of a lease: its own, and the one that must be there; 0: none */
};

/* A request for a page: of the date's partition, or of the index (date 0). */
struct page_request {
    uint32_t date, manifest;
    uint32_t base;    /* length of the list before this page: a repeated attempt starts there */
    uint32_t limit;   /* items evaluated at most; 0: as many as a page holds */
    int64_t clock_ns; /* QUERY_ORPHANS: dates before this one's are wanted */
};

struct page_reply {
    int64_t count;     /* matches */
    uint32_t poisoned; /* an item without file_path was met, where that is an error */
    uint32_t more;     /* the cursor names a further page */
    uint64_t read;     /* 1: an attempt of the call has read it and moved the cursor */
};

/* What made a manifest's record: a call or an event, as its trigger_type says. */
enum record_trigger { RECORD_TRIGGER_CALL, RECORD_TRIGGER_EVENT, RECORD_TRIGGER_STREAM };

/* A request about a manifest's record or its execution. */
struct record_request {
    uint32_t date, manifest, file_count;
    uint32_t trigger;   /* enum record_trigger */
    uint32_t execution; /* PUT_RECORD: row of the execution that was started before; 0: none */
    uint32_t unused;
    int64_t clock_ns;
};

/* CLAIM_FILE, SET_PATH, RELEASE_FILE: about one file's record. */
struct claim_request {
    uint32_t key, date;
    uint32_t manifest; /* in the path; 0: a placeholder is */
    uint32_t status;   /* CLAIM_FILE: name of the status that was read, and must be there still */
    uint32_t batch, unused; /* in the placeholder: the batch's number, and when it began */
    int64_t batch_ns;
    int64_t clock_ns;
};

/* A request for a page of what can be claimed: the date's pending items, whatever their shard. Each
 * gives two names to the reader's list: key, status. */
struct claim_page_request {
    uint32_t date;
    uint32_t base;  /* length of the list before this page */
    uint32_t limit; /* items evaluated at most; 0: no limit but the page */
    uint32_t unused;
};

/* A read of the index in parallel: the earlier dates with pending items, for some of the values
 * that the status can have. Threads that have reached their end are closed. */
enum { SHARD_THREADS = 10 };

struct shard_reader {
    uint32_t first, count; /* values first .. first + count - 1; the one behind the last shard is
                              the plain status */
    uint32_t open;         /* bit i: value first + i has pages left */
    uint32_t unused;
    struct cursor cursors[SHARD_THREADS];
};

/* A request for the next page of each open thread. */
struct shards_request {
    uint32_t date, unused; /* of the file that made it read */
    int64_t clock_ns;      /* dates before this one's are wanted */
};

/* The file_key of a manifest's own record: "MANIFEST#batch-0001-20260130-050000.json". */
void text_put_record_key(struct text_writer *w, struct text manifest_key);

/* --- for the effects ---------------------------------------------------------------------------
 */

enum { ITEM_BYTES_MAX = 4096, TEXT_BYTES_MAX = 1280, STATUS_BYTES_MAX = 32 };

/* "s3://<bucket>/<key>", in a buffer of TEXT_BYTES_MAX. */
struct text record_path(struct cloud *c, const char *bucket, uint32_t key, char *buffer);

/* The S3 key in an item's file_path; size 0 where it has none. */
struct text record_s3_key(struct item item);

/* A clock's instant as the builder writes it, in a buffer of TEXT_BYTES_MAX. */
struct text record_timestamp(const struct cloud *c, int64_t clock_ns, char *buffer);

/* What the builder calls the range key. On a table that calls it otherwise (pipeline_range_name)
 * its writes are invalid. */
struct text record_range_name(const struct cloud *c);

/* The range key of a file's record: its base name; with the batcher, which tells folders apart, its
 * whole key. */
static inline struct text record_file_key(const struct scenario *s, struct text s3_key)
{
    return s->builder.creator == CREATOR_SCHEDULE ? s3_key : text_after_last(s3_key, '/');
}

/* A file's size in MB, as an exact decimal. */
struct value record_size(int64_t bytes);

/* An item of nothing but a key, in a buffer of ITEM_BYTES_MAX. */
struct item record_key_item(char *buffer, struct text range_name, struct text date,
                            struct text range);

/* When a record that is written then may be deleted by TTL, in epoch seconds. */
int64_t record_ttl(const struct cloud *c, int64_t clock_ns);

/* A status word with its shard, "pending#7"; plain: "pending". In a buffer of STATUS_BYTES_MAX. */
struct text record_shard_status(const char *word, bool plain, uint32_t shard, char *buffer);

/* The status word as a file's record has it, by its name where statuses have shards. */
struct text record_status_of(struct cloud *c, const char *word, uint32_t key, char *buffer);

/* Who reads a page, and what has been found. */
struct page {
    struct cloud *c;
    struct reader *reader;
    bool poisoned;
    struct text before; /* QUERY_ORPHANS: dates below it */
};

/* Reads the page under the reader's cursor and moves it; the query's visit is handed the page.
 * Source: PIPE-READ-1. */
enum call_status record_read_page(struct page *page, struct call *call, struct table_query *query,
                                  const struct distribution *lag, enum choice_label label);

/* What the table says of a call, in the words of calls. Ends the trial where it is full. */
enum call_status record_answer(struct cloud *c, enum table_result result);

/* Why a trial ended whose table could take no more; table_message has the details. */
#define TABLE_STOPPED "the table"

/* Names of buckets and the table, as the deployment's dev environment has them. */
#define INPUT_BUCKET "ndjson-input-sqs-123456789012-dev"
#define MANIFEST_BUCKET "ndjson-manifest-sqs-123456789012-dev"
#define TRACKING_TABLE "ndjson-parquet-sqs-file-tracking-dev"
#define STATUS_INDEX "status-index"

#endif

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
    struct chain found; /* keys (names) read so far */
    struct chain dates; /* earlier dates (names) read so far */
    uint32_t unused;
};

/* A request about one file: its key, the date it belongs to, a manifest, the caller's clock. */
struct file_request {
    uint32_t key, date, manifest;
    uint32_t outcome; /* SET_FILE_STATUS: 1 completed, 0 failed */
    int64_t clock_ns;
};

/* A request about the lock of a date. The lock's id is made of the environment and the millisecond.
 */
struct lock_request {
    uint32_t date, environment;
    int64_t acquired_ms; /* in the id */
    int64_t clock_ns;
};

/* A request for a page: of the date's partition, or of the index (date 0). */
struct page_request {
    uint32_t date, manifest;
    uint32_t base; /* length of the list before this page: a repeated attempt starts there */
    uint32_t unused;
    int64_t clock_ns; /* QUERY_ORPHANS: dates before this one's are wanted */
};

struct page_reply {
    int64_t count;     /* matches */
    uint32_t poisoned; /* an item without file_path was met, where that is an error */
    uint32_t more;     /* the cursor names a further page */
};

/* A request about a manifest's record. */
struct record_request {
    uint32_t date, manifest, file_count, unused;
    int64_t clock_ns;
};

/* The file_key of a manifest's own record: "MANIFEST#batch-0001-20260130-050000.json". */
void text_put_record_key(struct text_writer *w, struct text manifest_key);

/* The file_key of a file's record: its base name; with the batcher, which tells folders apart, its
 * whole key. */
static inline struct text record_file_key(const struct scenario *s, struct text s3_key)
{
    return s->builder.creator == CREATOR_SCHEDULE ? s3_key : text_after_last(s3_key, '/');
}

/* Who reads a page, and what has been found. */
struct page {
    struct cloud *c;
    struct reader *reader;
    bool poisoned;
    struct text before; /* QUERY_ORPHANS: dates below it */
    struct text latest; /* and the latest one that was added */
};

enum { ITEM_BYTES_MAX = 4096, TEXT_BYTES_MAX = 1280 };

/* For those who keep other items in the table. Texts and items are written into `buffer`
 * (TEXT_BYTES_MAX, ITEM_BYTES_MAX). */
struct text record_path(struct cloud *c, const char *bucket, uint32_t key, char *buffer);
struct item record_key(char *buffer, struct text date, struct text file_key);
struct value record_size(int64_t bytes);
int64_t record_ttl_s(const struct cloud *c, int64_t clock_ns);

/* What the table says of a call, in the words of calls. */
enum call_status record_answer(struct cloud *c, enum table_result result);

/* Reads the page under the reader's cursor and moves it; visit is handed the page. Source:
 * PIPE-READ-1. */
enum call_status record_read_page(struct page *page, struct call *call, struct table_query *query,
                                  const struct distribution *lag, enum choice_label label);

/* The S3 key in an item's file_path; size 0 where it has none. */
struct text record_s3_key(struct item item);

/* Why a trial ended whose table could take no more; table_message has the details. */
#define TABLE_STOPPED "the table"

/* Names of buckets and the table, as the deployment's dev environment has them. */
#define INPUT_BUCKET "ndjson-input-sqs-123456789012-dev"
#define MANIFEST_BUCKET "ndjson-manifest-sqs-123456789012-dev"
#define TRACKING_TABLE "ndjson-parquet-sqs-file-tracking-dev"
#define STATUS_INDEX "status-index"

#endif

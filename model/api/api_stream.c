/* api_stream.c: the streams of the account's tables: ListStreams, DescribeStream, GetShardIterator,
 * GetRecords; see api_state.h.
 *
 * They have an endpoint and a target prefix of their own, but no name of theirs is another's. An
 * iterator is the stream's ARN with the shard, the position and the instant at which it was made,
 * as text: the service keeps nothing of it. Left out: the limits of calls a second, and throttling
 * of more than two readers. Sources: DDB-STREAM-*.
 */
#include "model/api/api_state.h"
#include "model/dynamodb/table_stream.h"

#include <stdio.h>

enum { STREAMS_MOST = 100, SHARDS_MOST = 100, ARN_BYTES_MAX = 1024, DIGITS_MAX = 19 };

/* Requests */

static const struct shape ARN = {.kind = SHAPE_STRING, .least = 37, .most = ARN_BYTES_MAX};
static const struct shape SHARD_ID = {.kind = SHAPE_STRING, .least = 28, .most = 65};
static const struct shape SEQUENCE = {.kind = SHAPE_STRING, .least = 21, .most = 40};
static const struct shape ITERATOR = {.kind = SHAPE_STRING, .least = 1, .most = 2048};
static const struct shape ITERATOR_TYPE = {
    .kind = SHAPE_STRING,
    .values = "AFTER_SEQUENCE_NUMBER, LATEST, TRIM_HORIZON, AT_SEQUENCE_NUMBER"};

static const struct shape_member LIST_MEMBERS[] = {
    {"TableName",               OPTIONAL, &SHAPE_TABLE_NAME},
    {"Limit",                   OPTIONAL, &SHAPE_LIMIT     },
    {"ExclusiveStartStreamArn", OPTIONAL, &ARN             },
    {NULL,                      OPTIONAL, NULL             },
};
static const struct shape LIST = {.kind = SHAPE_STRUCTURE, .members = LIST_MEMBERS};

static const struct shape_member DESCRIBE_MEMBERS[] = {
    {"StreamArn",             REQUIRED, &ARN        },
    {"Limit",                 OPTIONAL, &SHAPE_LIMIT},
    {"ExclusiveStartShardId", OPTIONAL, &SHARD_ID   },
    {NULL,                    OPTIONAL, NULL        },
};
static const struct shape DESCRIBE = {.kind = SHAPE_STRUCTURE, .members = DESCRIBE_MEMBERS};

static const struct shape_member ITERATOR_MEMBERS[] = {
    {"StreamArn",         REQUIRED, &ARN          },
    {"ShardId",           REQUIRED, &SHARD_ID     },
    {"ShardIteratorType", REQUIRED, &ITERATOR_TYPE},
    {"SequenceNumber",    OPTIONAL, &SEQUENCE     },
    {NULL,                OPTIONAL, NULL          },
};
static const struct shape GET_ITERATOR = {.kind = SHAPE_STRUCTURE, .members = ITERATOR_MEMBERS};

static const struct shape_member RECORDS_MEMBERS[] = {
    {"ShardIterator", REQUIRED, &ITERATOR   },
    {"Limit",         OPTIONAL, &SHAPE_LIMIT},
    {NULL,            OPTIONAL, NULL        },
};
static const struct shape GET_RECORDS = {.kind = SHAPE_STRUCTURE, .members = RECORDS_MEMBERS};

/* Parts */

static struct json_writer *name(struct api_call *c, struct text text)
{
    json_name(&c->out, text);
    return &c->out;
}

static void put_arn(struct api_call *c, struct text member, const struct api_table *t)
{
    struct text_writer *w = json_put_raw(name(c, member));
    text_put_char(w, '"');
    api_put_stream_arn(w, c->d, t);
    text_put_char(w, '"');
}

static void put_label(struct api_call *c, const struct api_table *t)
{
    struct text_writer *w = json_put_raw(name(c, TEXT("StreamLabel")));
    text_put_char(w, '"');
    api_put_stream_label(w, t);
    text_put_char(w, '"');
}

static void put_sequence(struct api_call *c, struct text member, uint64_t sequence)
{
    struct text_writer *w = json_put_raw(name(c, member));
    text_put_char(w, '"');
    text_put_sequence(w, sequence);
    text_put_char(w, '"');
}

/* "shardId-00000001769763600000-000000ff": when the stream began, and the shard's number. */
static void put_shard_id(struct text_writer *w, const struct api_table *t, uint32_t shard)
{
    char digits[16];
    (void)snprintf(digits, sizeof digits, "-%08x", shard);
    text_put(w, TEXT("shardId-"));
    text_put_integer(w, t->stream_began.ns / NS_PER_MS, 20);
    text_put(w, text_from(digits));
}

/* Whether a table has a stream that can be read, going on or stopped. */
static bool has_stream(const struct api_table *t)
{
    return table_stream_kept_view(t->table) != STREAM_NONE;
}

static bool arn_is(struct api_call *c, const struct api_table *t, struct text arn)
{
    char buffer[ARN_BYTES_MAX];
    struct text_writer w = text_writer(buffer, sizeof buffer);
    api_put_stream_arn(&w, c->d, t);
    return text_equal(text_written(&w), arn);
}

/* The table whose stream has that ARN; NULL after failing. */
static struct api_table *find_stream(struct api_call *c, struct text arn)
{
    for (uint32_t i = 0; i < c->d->tables_count; i++) {
        if (has_stream(c->d->tables[i]) && arn_is(c, c->d->tables[i], arn)) {
            return c->d->tables[i];
        }
    }
    (void)api_fail(c, ERROR_ResourceNotFoundException,
                   "Requested resource not found: Stream: %.*s not found", (int)arn.size, arn.at);
    return NULL;
}

/* The number of a shard; the stream's number of shards where it has none of that name. */
static uint32_t find_shard(const struct api_table *t, struct text id)
{
    uint32_t count = table_stream_shards(t->table);
    for (uint32_t shard = 0; shard < count; shard++) {
        char buffer[64];
        struct text_writer w = text_writer(buffer, sizeof buffer);
        put_shard_id(&w, t, shard);
        if (text_equal(text_written(&w), id)) {
            return shard;
        }
    }
    return count;
}

/* ListStreams */

static void put_stream(struct api_call *c, const struct api_table *t)
{
    json_open(&c->out, '{');
    put_arn(c, TEXT("StreamArn"), t);
    json_put_text(name(c, TEXT("TableName")), t->name);
    put_label(c, t);
    json_close(&c->out, '}');
}

/* The name of the table in a stream's ARN. */
static struct text table_in(struct text arn)
{
    struct text name = api_table_name(arn);
    const char *slash = name.size == 0 ? NULL : memchr(name.at, '/', name.size);
    return slash == NULL ? name : (struct text){name.at, (size_t)(slash - name.at)};
}

static bool list_streams(struct api_call *c)
{
    struct text only = api_table_name(api_text(&c->request, "TableName"));
    struct text start = table_in(api_text(&c->request, "ExclusiveStartStreamArn"));
    int64_t left = api_integer(&c->request, "Limit", STREAMS_MOST);
    const struct api_table *last = NULL;
    bool more = false;
    left = left < STREAMS_MOST ? left : STREAMS_MOST;
    json_open(&c->out, '{');
    json_open(name(c, TEXT("Streams")), '[');
    for (uint32_t i = 0; i < c->d->tables_count && !more; i++) {
        const struct api_table *t = c->d->tables[i];
        if (!has_stream(t) || (only.size > 0 && !text_equal(t->name, only)) ||
            (start.size > 0 && text_compare(t->name, start) <= 0)) {
            continue;
        }
        more = left-- == 0;
        if (!more) {
            put_stream(c, t);
            last = t;
        }
    }
    json_close(&c->out, ']');
    if (more) {
        put_arn(c, TEXT("LastEvaluatedStreamArn"), last);
    }
    json_close(&c->out, '}');
    return true;
}

/* DescribeStream */

/* The position behind a shard's newest record. */
static uint64_t shard_end(const struct api_call *c, const struct api_table *t, uint32_t shard)
{
    struct stream_iterator it = {0};
    (void)table_stream_iterator(t->table, c->now, shard, STREAM_LATEST, 0, &it);
    return it.position;
}

/* A shard that is open has no last sequence number. */
static void put_shard(struct api_call *c, const struct api_table *t, uint32_t shard)
{
    json_open(&c->out, '{');
    struct text_writer *w = json_put_raw(name(c, TEXT("ShardId")));
    text_put_char(w, '"');
    put_shard_id(w, t, shard);
    text_put_char(w, '"');
    json_open(name(c, TEXT("SequenceNumberRange")), '{');
    put_sequence(c, TEXT("StartingSequenceNumber"), 1);
    if (table_stream_view(t->table) == STREAM_NONE) {
        uint64_t end = shard_end(c, t, shard);
        put_sequence(c, TEXT("EndingSequenceNumber"), end > 1 ? end - 1 : 1);
    }
    json_close(&c->out, '}');
    json_close(&c->out, '}');
}

/* The shards from `first` on, as many as the request wants. */
static void put_shards(struct api_call *c, const struct api_table *t, uint32_t first)
{
    int64_t limit = api_integer(&c->request, "Limit", SHARDS_MOST);
    uint32_t count = table_stream_shards(t->table);
    uint32_t end = first + (uint32_t)(limit < SHARDS_MOST ? limit : SHARDS_MOST);
    end = end < count ? end : count;
    json_open(name(c, TEXT("Shards")), '[');
    for (uint32_t shard = first; shard < end; shard++) {
        put_shard(c, t, shard);
    }
    json_close(&c->out, ']');
    if (end < count && end > first) {
        struct text_writer *w = json_put_raw(name(c, TEXT("LastEvaluatedShardId")));
        text_put_char(w, '"');
        put_shard_id(w, t, end - 1);
        text_put_char(w, '"');
    }
}

static bool describe_stream(struct api_call *c)
{
    const struct api_table *t = find_stream(c, api_text(&c->request, "StreamArn"));
    if (t == NULL) {
        return false;
    }
    struct text start = api_text(&c->request, "ExclusiveStartShardId");
    uint32_t first = start.size == 0 ? 0 : find_shard(t, start) + 1;
    bool enabled = table_stream_view(t->table) != STREAM_NONE;
    json_open(&c->out, '{');
    json_open(name(c, TEXT("StreamDescription")), '{');
    put_arn(c, TEXT("StreamArn"), t);
    put_label(c, t);
    json_put_text(name(c, TEXT("StreamStatus")), enabled ? TEXT("ENABLED") : TEXT("DISABLED"));
    json_put_text(name(c, TEXT("StreamViewType")),
                  text_from(api_stream_view_name(table_stream_kept_view(t->table))));
    json_put_milli(name(c, TEXT("CreationRequestDateTime")), t->stream_began.ns / NS_PER_MS);
    json_put_text(name(c, TEXT("TableName")), t->name);
    api_put_schema(c, t->config.hash_key, t->config.range_key);
    put_shards(c, t, first);
    json_close(&c->out, '}');
    json_close(&c->out, '}');
    return true;
}

/* Iterators */

static void put_iterator(struct api_call *c, struct text member, const struct api_table *t,
                         const struct stream_iterator *it)
{
    struct text_writer *w = json_put_raw(name(c, member));
    text_put_char(w, '"');
    api_put_stream_arn(w, c->d, t);
    text_put_char(w, '|');
    text_put_integer(w, it->shard, 0);
    text_put_char(w, '|');
    text_put_integer(w, (int64_t)it->position, 0);
    text_put_char(w, '|');
    text_put_integer(w, it->made.ns, 0);
    text_put_char(w, '"');
}

/* Takes "|digits" from the end of a text; false where there is none. */
static bool take_number(struct text *text, int64_t *number)
{
    struct text digits = text_after_last(*text, '|');
    if (digits.size == 0 || digits.size > DIGITS_MAX || digits.size == text->size) {
        return false;
    }
    *number = 0;
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9' ||
            __builtin_mul_overflow(*number, INT64_C(10), number) ||
            __builtin_add_overflow(*number, digits.at[i] - '0', number)) {
            return false;
        }
    }
    text->size -= digits.size + 1;
    return true;
}

/* Reads an iterator; NULL after failing. */
static struct api_table *read_iterator(struct api_call *c, struct stream_iterator *it)
{
    struct text text = api_text(&c->request, "ShardIterator");
    int64_t made;
    int64_t position;
    int64_t shard;
    if (!take_number(&text, &made) || !take_number(&text, &position) ||
        !take_number(&text, &shard) || made > c->now.ns) {
        (void)api_invalid(c, "Invalid ShardIterator");
        return NULL;
    }
    struct api_table *t = find_stream(c, text);
    if (t != NULL && shard >= table_stream_shards(t->table)) {
        (void)api_invalid(c, "Invalid ShardIterator");
        return NULL;
    }
    *it = (struct stream_iterator){(uint32_t)shard, (uint64_t)position, {made}};
    return t;
}

/* What became of an iterator; true for STREAM_OK. Source: DDB-STREAM-9. */
static bool check_result(struct api_call *c, enum stream_result result)
{
    switch (result) {
    case STREAM_TRIMMED:
        return api_fail(c, ERROR_TrimmedDataAccessException,
                        "The data you are trying to access has been trimmed");
    case STREAM_EXPIRED:
        return api_fail(c, ERROR_ExpiredIteratorException,
                        "The provided iterator exceeds the maximum age allowed.");
    case STREAM_INVALID:
        return api_invalid(c, "Invalid SequenceNumber: it is not of this shard");
    case STREAM_OK:
        break;
    }
    return true;
}

static bool get_shard_iterator(struct api_call *c)
{
    static const char *const types[] = {
        [STREAM_TRIM_HORIZON] = "TRIM_HORIZON",
        [STREAM_LATEST] = "LATEST",
        [STREAM_AT_SEQUENCE] = "AT_SEQUENCE_NUMBER",
        [STREAM_AFTER_SEQUENCE] = "AFTER_SEQUENCE_NUMBER",
    };
    const struct api_table *t = find_stream(c, api_text(&c->request, "StreamArn"));
    if (t == NULL) {
        return false;
    }
    uint32_t shard = find_shard(t, api_text(&c->request, "ShardId"));
    if (shard == table_stream_shards(t->table)) {
        return api_fail(c, ERROR_ResourceNotFoundException,
                        "Requested resource not found: Shard does not exist");
    }
    enum stream_start start = STREAM_TRIM_HORIZON;
    while (!api_is(&c->request, "ShardIteratorType", types[start])) {
        start++;
    }
    uint64_t sequence = 0;
    bool numbered = start == STREAM_AT_SEQUENCE || start == STREAM_AFTER_SEQUENCE;
    if (numbered && !api_has(&c->request, "SequenceNumber")) {
        return api_invalid(c, "SequenceNumber is required for ShardIteratorType %s", types[start]);
    }
    if (numbered && sequence_parse(api_text(&c->request, "SequenceNumber"), &sequence, &c->error) !=
                        STATUS_OK) {
        return check_result(c, STREAM_INVALID);
    }
    struct stream_iterator it;
    if (!check_result(c, table_stream_iterator(t->table, c->now, shard, start, sequence, &it))) {
        return false;
    }
    json_open(&c->out, '{');
    put_iterator(c, TEXT("ShardIterator"), t, &it);
    json_close(&c->out, '}');
    return true;
}

/* GetRecords */

static void put_image(struct api_call *c, struct text member, struct item item)
{
    if (item.bytes.size > 0) {
        attribute_json_write_item(name(c, member), item);
    }
}

/* A name that no other change has: of the stream and the sequence number. */
static void put_event_id(struct api_call *c, const struct api_table *t, uint64_t sequence)
{
    char buffer[ARN_BYTES_MAX];
    char hex[HASH128_HEX];
    struct text_writer w = text_writer(buffer, sizeof buffer);
    api_put_stream_arn(&w, c->d, t);
    text_put_sequence(&w, sequence);
    hash128_hex(hash128(buffer, w.size), hex);
    json_put_text(name(c, TEXT("eventID")), text_from(hex));
}

/* The change itself. Sources: DDB-STREAM-6, DDB-STREAM-7. */
static void put_change(struct api_call *c, const struct api_table *t, const struct stream_record *r)
{
    json_open(name(c, TEXT("dynamodb")), '{');
    json_put_integer(name(c, TEXT("ApproximateCreationDateTime")), stream_record_seconds(r));
    put_image(c, TEXT("Keys"), r->keys);
    put_image(c, TEXT("NewImage"), r->new);
    put_image(c, TEXT("OldImage"), r->old);
    put_sequence(c, TEXT("SequenceNumber"), r->sequence);
    json_put_integer(name(c, TEXT("SizeBytes")), r->size);
    json_put_text(name(c, TEXT("StreamViewType")),
                  text_from(api_stream_view_name(table_stream_kept_view(t->table))));
    json_close(&c->out, '}');
}

/* Source: DDB-STREAM-12. */
static void put_identity(struct api_call *c)
{
    json_open(name(c, TEXT("userIdentity")), '{');
    json_put_text(name(c, TEXT("PrincipalId")), TEXT("dynamodb.amazonaws.com"));
    json_put_text(name(c, TEXT("Type")), TEXT("Service"));
    json_close(&c->out, '}');
}

static void put_record(struct api_call *c, const struct api_table *t, const struct stream_record *r)
{
    static const char *const events[] = {
        [STREAM_INSERT] = "INSERT",
        [STREAM_MODIFY] = "MODIFY",
        [STREAM_REMOVE] = "REMOVE",
    };
    json_open(&c->out, '{');
    put_event_id(c, t, r->sequence);
    json_put_text(name(c, TEXT("eventName")), text_from(events[r->event]));
    json_put_text(name(c, TEXT("eventVersion")), TEXT("1.1"));
    json_put_text(name(c, TEXT("eventSource")), TEXT("aws:dynamodb"));
    json_put_text(name(c, TEXT("awsRegion")), text_from(c->d->config.region));
    put_change(c, t, r);
    if (r->by_service) {
        put_identity(c);
    }
    json_close(&c->out, '}');
}

/* A shard that is closed, and has been read to its end, has no next iterator. */
static bool is_drained(const struct api_call *c, const struct api_table *t,
                       const struct stream_iterator *it)
{
    return table_stream_view(t->table) == STREAM_NONE && it->position >= shard_end(c, t, it->shard);
}

/* Source: DDB-STREAM-8. */
static bool get_records(struct api_call *c)
{
    struct stream_iterator it;
    const struct api_table *t = read_iterator(c, &it);
    int64_t limit = api_integer(&c->request, "Limit", STREAM_READ_MAX);
    if (t == NULL) {
        return false;
    }
    if (limit > STREAM_READ_MAX) {
        return api_fail(c, ERROR_LimitExceededException, "Limit must be less than or equal to %d",
                        STREAM_READ_MAX);
    }
    struct stream_record *records = api_take(c, STREAM_READ_MAX * sizeof *records);
    if (records == NULL) {
        return api_full(c);
    }
    uint32_t count = 0;
    if (!check_result(c,
                      table_stream_read(t->table, c->now, &it, (uint32_t)limit, records, &count))) {
        return false;
    }
    json_open(&c->out, '{');
    json_open(name(c, TEXT("Records")), '[');
    for (uint32_t i = 0; i < count; i++) {
        put_record(c, t, &records[i]);
    }
    json_close(&c->out, ']');
    if (!is_drained(c, t, &it)) {
        put_iterator(c, TEXT("NextShardIterator"), t, &it);
    }
    json_close(&c->out, '}');
    return true;
}

const struct api_operation api_stream_operations[] = {
    {"ListStreams",      &LIST,         list_streams      },
    {"DescribeStream",   &DESCRIBE,     describe_stream   },
    {"GetShardIterator", &GET_ITERATOR, get_shard_iterator},
    {"GetRecords",       &GET_RECORDS,  get_records       },
    {NULL,               NULL,          NULL              },
};

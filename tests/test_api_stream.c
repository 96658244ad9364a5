/* test_api_stream.c: streams as their clients know them: requests and answers as JSON.
 *
 * A story for each operation with its answers in full, a table of requests that are refused, and a
 * reader that follows a stream from end to end with nothing but what the answers tell it.
 */
#include "tests/cases.h"

#include "model/api/dynamodb.h"
#include "model/api/json.h"
#include "model/dynamodb/table_stream.h"

#include <stdio.h>
#include <stdlib.h>

#define ARN "arn:aws:dynamodb:us-east-1:000000000000:table/orders/stream/2026-01-30T09:00:00.250"
#define SHARD "shardId-00000001769763600250-00000000"
#define FIRST "100000000000000000001"

enum { DAY_S = 86400 };

static const struct instant START = {INT64_C(1769763600) * NS_PER_S + 250 * NS_PER_MS};
static struct dynamodb *d;
static struct instant now;

static struct dynamodb_response call(const char *operation, const char *body)
{
    struct dynamodb_response response;
    dynamodb_call(d, now, text_from(operation), text_from(body), &response);
    return response;
}

/* The answer's body as a string, valid until the next call. */
static const char *answer(const char *operation, const char *body)
{
    static char string[1 << 20];
    struct dynamodb_response response = call(operation, body);
    assert_true(response.body.size < sizeof string);
    memcpy(string, response.body.at, response.body.size);
    string[response.body.size] = 0;
    return string;
}

static void succeed(const char *operation, const char *body)
{
    struct dynamodb_response response = call(operation, body);
    if (response.http_status != 200) {
        fail_msg("%s: %.*s", operation, (int)response.body.size, response.body.at);
    }
}

static void open_account(void)
{
    struct error error;
    d = dynamodb_open(&(struct dynamodb_config){.items_max = 1000, .cache_bytes = 1 << 20}, &error);
    now = START;
    if (d == NULL) {
        fail_msg("%s", error.message);
    }
}

/* Makes a table whose stream has that view; NULL: none. */
static void create(const char *name, const char *view)
{
    char body[512];
    char stream[128] = "";
    if (view != NULL) {
        (void)snprintf(
            stream, sizeof stream,
            ",\"StreamSpecification\":{\"StreamEnabled\":true,\"StreamViewType\":\"%s\"}", view);
    }
    (void)snprintf(body, sizeof body,
                   "{\"TableName\":\"%s\",\"BillingMode\":\"PAY_PER_REQUEST\","
                   "\"AttributeDefinitions\":[{\"AttributeName\":\"id\",\"AttributeType\":\"S\"}],"
                   "\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}]%s}",
                   name, stream);
    succeed("CreateTable", body);
}

static void put(const char *id, int n)
{
    char body[256];
    (void)snprintf(
        body, sizeof body,
        "{\"TableName\":\"orders\",\"Item\":{\"id\":{\"S\":\"%s\"},\"n\":{\"N\":\"%d\"}}}", id, n);
    succeed("PutItem", body);
}

static void begin(const char *view)
{
    open_account();
    create("orders", view);
}

static void end(void)
{
    assert_int_equal(dynamodb_close(d, NULL), STATUS_OK);
}

/* A member of the last answer that is a string, found by its name; "" where it is missing. */
static const char *member(const char *body, const char *name)
{
    static char value[2048];
    char quoted[64];
    (void)snprintf(quoted, sizeof quoted, "\"%s\":\"", name);
    const char *at = strstr(body, quoted);
    size_t size = at == NULL ? 0 : strcspn(at + strlen(quoted), "\"");
    assert_true(size < sizeof value);
    memcpy(value, at == NULL ? "" : at + strlen(quoted), size);
    value[size] = 0;
    return value;
}

/* An iterator of the orders' stream; `sequence` may be NULL. */
static const char *iterator(const char *type, const char *sequence)
{
    static char kept[2048];
    char body[512];
    char number[64] = "";
    if (sequence != NULL) {
        (void)snprintf(number, sizeof number, ",\"SequenceNumber\":\"%s\"", sequence);
    }
    (void)snprintf(body, sizeof body,
                   "{\"StreamArn\":\"" ARN "\",\"ShardId\":\"" SHARD
                   "\",\"ShardIteratorType\":\"%s\"%s}",
                   type, number);
    (void)snprintf(kept, sizeof kept, "%s",
                   member(answer("GetShardIterator", body), "ShardIterator"));
    return kept;
}

static const char *records(const char *shard_iterator, int limit)
{
    char body[2200];
    (void)snprintf(body, sizeof body, "{\"ShardIterator\":\"%s\",\"Limit\":%d}", shard_iterator,
                   limit);
    return answer("GetRecords", body);
}

static uint32_t occurrences(const char *body, const char *text)
{
    uint32_t count = 0;
    for (; (body = strstr(body, text)) != NULL; body++) {
        count++;
    }
    return count;
}

/* ListStreams */

static void streams_are_listed_by_table(void **state)
{
    (void)state;
    begin("NEW_IMAGE");
    create("accounts", "KEYS_ONLY");
    create("plain", NULL);
    const char *body = answer("ListStreams", "{}");
    assert_int_equal(occurrences(body, "StreamArn"), 2);
    assert_true(strstr(body, "\"accounts\"") < strstr(body, "\"orders\""));
    assert_string_equal(answer("ListStreams", "{\"TableName\":\"orders\"}"),
                        "{\"Streams\":[{\"StreamArn\":\"" ARN "\",\"TableName\":\"orders\","
                        "\"StreamLabel\":\"2026-01-30T09:00:00.250\"}]}");
    assert_string_equal(answer("ListStreams", "{\"TableName\":\"plain\"}"), "{\"Streams\":[]}");
    end();
}

static void a_list_goes_on_where_it_ended(void **state)
{
    (void)state;
    begin("NEW_IMAGE");
    create("accounts", "KEYS_ONLY");
    create("zebras", "KEYS_ONLY");
    char last[512] = "";
    uint32_t pages = 0;
    uint32_t streams = 0;
    do {
        char body[600] = "{\"Limit\":1}";
        if (last[0] != 0) {
            (void)snprintf(body, sizeof body, "{\"Limit\":1,\"ExclusiveStartStreamArn\":\"%s\"}",
                           last);
        }
        const char *page = answer("ListStreams", body);
        streams += occurrences(page, "StreamLabel");
        (void)snprintf(last, sizeof last, "%s", member(page, "LastEvaluatedStreamArn"));
        pages++;
    } while (last[0] != 0);
    assert_int_equal(pages, 3);
    assert_int_equal(streams, 3);
    end();
}

/* DescribeStream */

static void a_stream_is_described(void **state)
{
    (void)state;
    begin("OLD_IMAGE");
    now = instant_add(START, duration_s(60));
    assert_string_equal(
        answer("DescribeStream", "{\"StreamArn\":\"" ARN "\"}"),
        "{\"StreamDescription\":{\"StreamArn\":\"" ARN
        "\",\"StreamLabel\":\"2026-01-30T09:00:00.250\",\"StreamStatus\":\"ENABLED\","
        "\"StreamViewType\":\"OLD_IMAGE\",\"CreationRequestDateTime\":1769763600.25,"
        "\"TableName\":\"orders\",\"KeySchema\":[{\"AttributeName\":\"id\",\"KeyType\":\"HASH\"}],"
        "\"Shards\":[{\"ShardId\":\"" SHARD
        "\",\"SequenceNumberRange\":{\"StartingSequenceNumber\":\"" FIRST "\"}}]}}");
    assert_int_equal(occurrences(answer("DescribeTable", "{\"TableName\":\"orders\"}"), ARN), 1);
    end();
}

static void shards_are_described_page_by_page(void **state)
{
    (void)state;
    open_account();
    struct error error;
    const struct table_config config = {
        .name = "orders",
        .hash_key = {"id", TYPE_S},
        .items_max = 100,
        .stream = STREAM_KEYS_ONLY,
        .stream_shards = 5,
    };
    assert_int_equal(dynamodb_add_table(d, now, &config, &error), STATUS_OK);
    char last[128] = "";
    uint32_t shards = 0;
    uint32_t pages = 0;
    do {
        char body[600];
        (void)snprintf(body, sizeof body, "{\"StreamArn\":\"" ARN "\",\"Limit\":2%s%s%s}",
                       last[0] != 0 ? ",\"ExclusiveStartShardId\":\"" : "", last,
                       last[0] != 0 ? "\"" : "");
        const char *page = answer("DescribeStream", body);
        shards += occurrences(page, "\"ShardId\"");
        (void)snprintf(last, sizeof last, "%s", member(page, "LastEvaluatedShardId"));
        pages++;
    } while (last[0] != 0);
    assert_int_equal(shards, 5);
    assert_int_equal(pages, 3);
    end();
}

/* GetRecords. DDB-STREAM-1, DDB-STREAM-6, DDB-STREAM-7, DDB-STREAM-11 */

static void records_have_every_member(void **state)
{
    (void)state;
    begin("NEW_AND_OLD_IMAGES");
    put("a", 1);
    put("a", 2);
    succeed("DeleteItem", "{\"TableName\":\"orders\",\"Key\":{\"id\":{\"S\":\"a\"}}}");
    const char *body = records(iterator("TRIM_HORIZON", NULL), 1);
    const char *event_id = strstr(body, "\"eventID\":\"");
    assert_non_null(event_id);
    assert_int_equal(strspn(event_id + strlen("\"eventID\":\""), "0123456789abcdef"), 32);
    static const char rest[] =
        "\",\"eventName\":\"INSERT\",\"eventVersion\":\"1.1\",\"eventSource\":\"aws:dynamodb\","
        "\"awsRegion\":\"us-east-1\",\"dynamodb\":{\"ApproximateCreationDateTime\":1769763600,"
        "\"Keys\":{\"id\":{\"S\":\"a\"}},\"NewImage\":{\"id\":{\"S\":\"a\"},\"n\":{\"N\":\"1\"}},"
        "\"SequenceNumber\":\"" FIRST
        "\",\"SizeBytes\":9,\"StreamViewType\":\"NEW_AND_OLD_IMAGES\"}}],";
    assert_memory_equal(event_id + strlen("\"eventID\":\"") + 32, rest, sizeof rest - 1);
    body = records(iterator("AT_SEQUENCE_NUMBER", "100000000000000000002"), 10);
    assert_int_equal(occurrences(body, "eventID"), 2);
    assert_int_equal(occurrences(body, "\"MODIFY\""), 1);
    assert_int_equal(occurrences(body, "\"REMOVE\""), 1);
    assert_int_equal(occurrences(body, "\"OldImage\""), 2);
    assert_int_equal(occurrences(body, "\"NewImage\""), 1);
    assert_int_equal(occurrences(body, "userIdentity"), 0);
    end();
}

static void note_hash(void *self, uint64_t key_hash, int64_t ttl)
{
    (void)ttl;
    *(uint64_t *)self = key_hash;
}

/* DDB-STREAM-12 */
static void the_service_signs_its_own_deletions(void **state)
{
    (void)state;
    begin("KEYS_ONLY");
    succeed("UpdateTimeToLive",
            "{\"TableName\":\"orders\","
            "\"TimeToLiveSpecification\":{\"AttributeName\":\"n\",\"Enabled\":true}}");
    put("a", 1769763600);
    now = instant_add(START, duration_s(10));
    uint64_t hash = 0;
    struct item old;
    struct table *t = dynamodb_table(d, "orders");
    table_each_expiry(t, 0, INT64_MAX, note_hash, &hash);
    assert_true(table_expire(t, now, hash, &old));
    const char *body = records(iterator("AFTER_SEQUENCE_NUMBER", FIRST), 10);
    assert_non_null(strstr(body, "\"userIdentity\":{\"PrincipalId\":\"dynamodb.amazonaws.com\","
                                 "\"Type\":\"Service\"}"));
    end();
}

/* A reader that follows: each record once, in order, also those that come while it reads. */
static void a_reader_sees_each_record_once_in_order(void **state)
{
    (void)state;
    begin("NEW_IMAGE");
    char next[2048];
    (void)snprintf(next, sizeof next, "%s", iterator("LATEST", NULL));
    int seen = 0;
    for (int i = 0; i < 100; i++) {
        now = instant_add(now, duration_s(60));
        for (int n = 0; n < i % 4; n++) {
            put("a", 1000 + i * 4 + n);
        }
        const char *body = records(next, 3);
        for (const char *at = body; (at = strstr(at, "\"SequenceNumber\":\"")) != NULL; at++) {
            seen++;
            assert_int_equal(strtoll(at + strlen("\"SequenceNumber\":\"1"), NULL, 10), seen);
        }
        (void)snprintf(next, sizeof next, "%s", member(body, "NextShardIterator"));
        assert_true(next[0] != 0);
    }
    assert_int_equal(seen, 150);
    end();
}

/* DDB-STREAM-10 */
static void a_disabled_stream_is_read_to_its_end(void **state)
{
    (void)state;
    begin("NEW_IMAGE");
    put("a", 1);
    put("a", 2);
    now = instant_add(now, duration_s(60));
    succeed("UpdateTable",
            "{\"TableName\":\"orders\",\"StreamSpecification\":{\"StreamEnabled\":false}}");
    put("a", 3);
    const char *body = answer("DescribeStream", "{\"StreamArn\":\"" ARN "\"}");
    assert_string_equal(member(body, "StreamStatus"), "DISABLED");
    assert_string_equal(member(body, "EndingSequenceNumber"), "100000000000000000002");
    body = records(iterator("TRIM_HORIZON", NULL), 1);
    assert_int_equal(occurrences(body, "eventID"), 1);
    char next[2048];
    (void)snprintf(next, sizeof next, "%s", member(body, "NextShardIterator"));
    assert_true(next[0] != 0);
    body = records(next, 10);
    assert_int_equal(occurrences(body, "eventID"), 1);
    assert_string_equal(member(body, "NextShardIterator"), "");
    assert_int_equal(occurrences(answer("DescribeTable", "{\"TableName\":\"orders\"}"), "Stream"),
                     0);
    end();
}

/* A new stream has another ARN, and begins anew. */
static void a_stream_that_is_enabled_again_is_another(void **state)
{
    (void)state;
    begin("NEW_IMAGE");
    put("a", 1);
    succeed("UpdateTable",
            "{\"TableName\":\"orders\",\"StreamSpecification\":{\"StreamEnabled\":false}}");
    now = instant_add(now, duration_s(60));
    succeed("UpdateTable",
            "{\"TableName\":\"orders\",\"StreamSpecification\":{\"StreamEnabled\":true,"
            "\"StreamViewType\":\"KEYS_ONLY\"}}");
    assert_int_equal(call("DescribeStream", "{\"StreamArn\":\"" ARN "\"}").http_status, 400);
    const char *body = answer("ListStreams", "{}");
    assert_string_equal(member(body, "StreamLabel"), "2026-01-30T09:01:00.250");
    end();
}

/* A change of TTL or of indexes leaves the stream as it is. */
static void a_stream_outlives_a_change_of_its_table(void **state)
{
    (void)state;
    begin("NEW_IMAGE");
    put("a", 1);
    char next[2048];
    (void)snprintf(next, sizeof next, "%s", iterator("TRIM_HORIZON", NULL));
    succeed("UpdateTimeToLive",
            "{\"TableName\":\"orders\","
            "\"TimeToLiveSpecification\":{\"AttributeName\":\"ttl\",\"Enabled\":true}}");
    put("a", 2);
    const char *body = records(next, 10);
    assert_int_equal(occurrences(body, "eventID"), 2);
    assert_int_equal(occurrences(body, "\"MODIFY\""), 1);
    end();
}

/* What is refused. DDB-STREAM-9 */

struct refusal {
    const char *name;
    const char *operation, *body;
    const char *type, *message; /* the message's beginning */
};

#define ITERATOR_OF(shard, type, more)                                                             \
    "{\"StreamArn\":\"" ARN "\",\"ShardId\":\"" shard "\",\"ShardIteratorType\":\"" type "\"" more \
    "}"

static const struct refusal refusals[] = {
    {"a stream that is not there",                          "DescribeStream",
     "{\"StreamArn\":\"arn:aws:dynamodb:us-east-1:000000000000:table/orders/stream/2015\"}",                                                            "ResourceNotFoundException","Requested resource not found: Stream: arn:aws:"},
    {"no stream named",                                     "DescribeStream",                    "{}",                                                  "ValidationException","1 validation error"},
    {"a shard that is not there",                           "GetShardIterator",
     ITERATOR_OF("shardId-00000001769763600250-00000001",                                                                                               "LATEST",""),
     "ResourceNotFoundException", "Requested resource not found: Shard does not exist"},
    {"a shard's name that is too short", "GetShardIterator",                                    ITERATOR_OF("shard",                                                        "LATEST",""),
     "ValidationException", "1 validation error"},
    {"a type of iterator that there is not",                                                  "GetShardIterator",                                                                      ITERATOR_OF(SHARD,                                                                                                       "NEWEST",""),
     "ValidationException", "1 validation error"},
    {"a sequence number that is missing",                                    "GetShardIterator",
     ITERATOR_OF(SHARD,"AT_SEQUENCE_NUMBER",""),"ValidationException", "SequenceNumber is"},
    {"a sequence number to come",                   "GetShardIterator",
     ITERATOR_OF(SHARD,                                                                                                                                 "AT_SEQUENCE_NUMBER", ",\"SequenceNumber\":\"100000000000000000007\""),
     "ValidationException", "Invalid SequenceNumber"},
    {"a sequence number that is none",                                  "GetShardIterator",
     ITERATOR_OF(SHARD,                                                                                                "AFTER_SEQUENCE_NUMBER",",\"SequenceNumber\":\"10000000000000000000x\""),
     "ValidationException", "Invalid SequenceNumber"},
    {"an iterator that is none",     "GetRecords",                                                                      "{\"ShardIterator\":\"next\"}",
     "ValidationException","Invalid ShardIterator"},
    {"an iterator without a position",                                     "GetRecords",
     "{\"ShardIterator\":\"" ARN "|0|x|1769763600250000000\"}","ValidationException",
     "Invalid ShardIterator"},
    {"an iterator of a shard that is not there",                            "GetRecords",
     "{\"ShardIterator\":\"" ARN "|1|1|1769763600250000000\"}", "ValidationException",
     "Invalid ShardIterator"        },
    {"an iterator from the future",                      "GetRecords",
     "{\"ShardIterator\":\"" ARN "|0|1|1769763600250000001\"}",                                                                                         "ValidationException",
     "Invalid ShardIterator"},
    {"an iterator of 15 minutes ago",            "GetRecords",
     "{\"ShardIterator\":\"" ARN "|0|1|1769762700250000000\"}",                                                                                         "ExpiredIteratorException",
     "The provided iterator exceeds the maximum age allowed."},
    {"more than a thousand records",                         "GetRecords",
     "{\"ShardIterator\":\"" ARN "|0|1|1769763600250000000\",\"Limit\":1001}",
     "LimitExceededException","Limit must be less"},
    {"no records",                       "GetRecords",
     "{\"ShardIterator\":\"" ARN "|0|1|1769763600250000000\",\"Limit\":0}",                                                                                         "ValidationException",
     "1 validation error"},
};

static void it_refuses(void **state)
{
    const struct refusal *r = *state;
    begin("NEW_IMAGE");
    struct dynamodb_response response = call(r->operation, r->body);
    assert_int_equal(response.http_status, 400);
    const char *body = answer(r->operation, r->body);
    const char *type = strchr(member(body, "__type"), '#');
    assert_non_null(type);
    assert_string_equal(type + 1, r->type);
    assert_memory_equal(member(body, "message"), r->message, strlen(r->message));
    end();
}

static void what_is_a_day_old_is_trimmed(void **state)
{
    (void)state;
    begin("NEW_IMAGE");
    put("a", 1);
    now = instant_add(START, duration_s(DAY_S - 60));
    char next[2048];
    (void)snprintf(next, sizeof next, "%s", iterator("TRIM_HORIZON", NULL));
    now = instant_add(START, duration_s(DAY_S));
    const char *body = records(next, 1);
    assert_string_equal(member(body, "__type"),
                        "com.amazonaws.dynamodb.v20120810#TrimmedDataAccessException");
    assert_string_equal(member(body, "message"),
                        "The data you are trying to access has been trimmed");
    body = records(iterator("TRIM_HORIZON", NULL), 1);
    assert_int_equal(occurrences(body, "eventID"), 0);
    assert_true(member(body, "NextShardIterator")[0] != 0);
    end();
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, streams_are_listed_by_table);
    CASES_ADD(&cases, a_list_goes_on_where_it_ended);
    CASES_ADD(&cases, a_stream_is_described);
    CASES_ADD(&cases, shards_are_described_page_by_page);
    CASES_ADD(&cases, records_have_every_member);
    CASES_ADD(&cases, the_service_signs_its_own_deletions);
    CASES_ADD(&cases, a_reader_sees_each_record_once_in_order);
    CASES_ADD(&cases, a_disabled_stream_is_read_to_its_end);
    CASES_ADD(&cases, a_stream_that_is_enabled_again_is_another);
    CASES_ADD(&cases, a_stream_outlives_a_change_of_its_table);
    CASES_ADD_TABLE(&cases, it_refuses, refusals);
    CASES_ADD(&cases, what_is_a_day_old_is_trimmed);
    return cases_run("api_stream", &cases);
}

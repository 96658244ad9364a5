/* test_table_stream.c: what a table's stream holds, how it is read, and that marks take it back.
 *
 * Tables of cases for records, views and iterators; then random writes, marks and rollbacks over a
 * few days, against a plain array of the changes that the writes' replies tell of.
 */
#include "tests/cases.h"

#include "model/dynamodb/table_stream.h"
#include "model/dynamodb/table_transact.h"
#include "sim/random.h"

#include <stdio.h>
#include <stdlib.h>

enum { BYTES = 500000, DAY_S = 86400 };

static const struct instant START = {INT64_C(1769763600) * NS_PER_S + 700 * NS_PER_MS};
static char buffer[BYTES];
static char padding[BYTES];
static struct stream_record records[STREAM_READ_MAX];

static struct table *open_with(struct table_config config)
{
    struct error error;
    config.name = "changes";
    config.ttl_attribute = "ttl";
    config.history = duration_s(10);
    config.items_max = 10000;
    config.cache_bytes = 1 << 30;
    struct table *t = table_open(&config, START, &error);
    if (t == NULL) {
        fail_msg("%s", error.message);
    }
    return t;
}

static struct table *open_view(enum stream_view view, uint32_t shards)
{
    return open_with((struct table_config){
        .hash_key = {"d", TYPE_S},
        .range_key = {"k", TYPE_S},
        .stream = view,
        .stream_shards = shards
    });
}

static void close_table(struct table *t)
{
    assert_int_equal(table_close(t, NULL), STATUS_OK);
}

static struct instant after_s(int64_t s)
{
    return instant_add(START, duration_s(s));
}

static struct item key_of(const char *d, const char *k)
{
    static char bytes[256];
    struct item_writer w = item_writer(bytes, sizeof bytes);
    item_add_s(&w, TEXT("d"), text_from(d));
    item_add_s(&w, TEXT("k"), text_from(k));
    return item_written(&w);
}

static struct item item_of(const char *d, const char *k, int64_t n)
{
    struct item_writer w = item_writer(buffer, BYTES);
    item_add_s(&w, TEXT("d"), text_from(d));
    item_add_s(&w, TEXT("k"), text_from(k));
    item_add_n(&w, TEXT("n"), n);
    return item_written(&w);
}

static void put(struct table *t, struct instant now, struct item item)
{
    struct table_reply reply;
    assert_int_equal(table_put(t, now, item, NULL, NULL, &reply), TABLE_OK);
}

static void delete (struct table *t, struct instant now, struct item key)
{
    struct table_reply reply;
    assert_int_equal(table_delete(t, now, key, NULL, NULL, &reply), TABLE_OK);
}

static struct stream_record nth(const struct table *t, uint64_t sequence)
{
    struct stream_record r;
    if (!table_stream_at(t, sequence, &r)) {
        fail_msg("there is no record %llu", (unsigned long long)sequence);
    }
    return r;
}

/* Views and events (DDB-STREAM-1, DDB-STREAM-2) */

struct view_case {
    const char *name;
    enum stream_view view;
    bool old, new;
};

static const struct view_case view_cases[] = {
    {"KEYS_ONLY holds the key alone",        STREAM_KEYS_ONLY,          false, false},
    {"NEW_IMAGE holds the item after",       STREAM_NEW_IMAGE,          false, true },
    {"OLD_IMAGE holds the item before",      STREAM_OLD_IMAGE,          true,  false},
    {"NEW_AND_OLD_IMAGES holds both images", STREAM_NEW_AND_OLD_IMAGES, true,  true },
};

static int64_t n_of(struct item item)
{
    struct value value;
    int64_t n = 0;
    assert_true(item_get(item, TEXT("n"), &value));
    assert_true(number_integer(&value.number, &n));
    return n;
}

static void a_view_holds(void **state)
{
    const struct view_case *c = *state;
    struct table *t = open_view(c->view, 1);

    const enum stream_event events[] = {STREAM_INSERT, STREAM_MODIFY, STREAM_REMOVE};

    put(t, START, item_of("d", "k", 1));
    put(t, START, item_of("d", "k", 2));
    delete (t, START, key_of("d", "k"));
    assert_int_equal(table_stream_newest(t), 3);
    for (uint32_t i = 0; i < 3; i++) {
        struct stream_record r = nth(t, i + 1);
        assert_int_equal(r.sequence, i + 1);
        assert_int_equal(r.event, events[i]);
        assert_false(r.by_service);
        assert_true(text_equal(r.keys.bytes, key_of("d", "k").bytes));
        assert_int_equal(r.old.bytes.size > 0, c->old && i > 0);
        assert_int_equal(r.new.bytes.size > 0, c->new &&i < 2);
        if (r.old.bytes.size > 0) {
            assert_int_equal(n_of(r.old), i);
        }
        if (r.new.bytes.size > 0) {
            assert_int_equal(n_of(r.new), i + 1);
        }
    }
    close_table(t);
}

/* DDB-STREAM-7: the example of an event in the Lambda guide. */
static void sizes_are_those_of_the_service_s_own_example(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {26, 59, 38};
    static const char *const messages[] = {"New item!", "This item has changed"};
    struct table *t = open_with((struct table_config){
        .hash_key = {"Id", TYPE_N},
          .stream = STREAM_NEW_AND_OLD_IMAGES
    });
    for (int i = 0; i < 2; i++) {
        struct item_writer w = item_writer(buffer, BYTES);
        item_add_n(&w, TEXT("Id"), 101);
        item_add_s(&w, TEXT("Message"), text_from(messages[i]));
        put(t, START, item_written(&w));
    }
    struct item_writer key = item_writer(buffer, BYTES);
    item_add_n(&key, TEXT("Id"), 101);
    delete (t, START, item_written(&key));
    for (uint64_t i = 0; i < 3; i++) {
        assert_int_equal(nth(t, i + 1).size, sizes[i]);
    }
    close_table(t);
}

/* Keys of every type come out as they went in, and one key is one item. */
static void keys_may_be_numbers_and_binaries(void **state)
{
    (void)state;
    struct table *t = open_with((struct table_config){
        .hash_key = {"b", TYPE_B},
        .range_key = {"n", TYPE_N},
        .stream = STREAM_KEYS_ONLY,
        .stream_shards = 4
    });
    const struct value binary = {
        .type = TYPE_B, .bytes = {"\0\xff\1", 3}
    };
    for (int64_t n = -2; n <= 2; n++) {
        for (int64_t more = 0; more < 2; more++) {
            char keys[256];
            struct item_writer w = item_writer(keys, sizeof keys);
            item_add(&w, TEXT("b"), &binary);
            item_add_n(&w, TEXT("n"), n);
            struct item key = item_written(&w);
            struct item_writer item = item_writer(buffer, BYTES);
            item_copy(&item, key);
            item_add_n(&item, TEXT("more"), more);
            put(t, START, item_written(&item));
            struct stream_record r = nth(t, table_stream_newest(t));
            assert_int_equal(r.event, more == 0 ? STREAM_INSERT : STREAM_MODIFY);
            assert_true(text_equal(r.keys.bytes, key.bytes));
            assert_int_equal(r.key_hash, table_key_hash(t, key));
            assert_int_equal(r.shard, nth(t, 1).shard);
        }
    }
    assert_int_equal(table_stream_newest(t), 10);
    close_table(t);
}

/* DDB-STREAM-3 */
static void what_changes_nothing_is_not_recorded(void **state)
{
    (void)state;
    static const char *const values[] = {":v", NULL};
    struct table *t = open_view(STREAM_NEW_AND_OLD_IMAGES, 1);
    struct table_reply reply;
    struct error error;
    struct expression *set = expression_compile(
        EXPRESSION_UPDATE, &(struct expression_source){"SET n = :v", NULL, values, NULL}, &error);
    struct expression *never = expression_compile(
        EXPRESSION_CONDITION, &(struct expression_source){"n = :v", NULL, values, NULL}, &error);
    assert_true(set != NULL && never != NULL);
    struct value seven = value_n(7);
    put(t, START, item_of("d", "k", 7));
    assert_int_equal(table_stream_newest(t), 1);
    put(t, START, item_of("d", "k", 7));
    assert_int_equal(table_update(t, START, key_of("d", "k"), set, NULL, &seven, &reply), TABLE_OK);
    assert_int_equal(table_update(t, START, key_of("d", "k"), NULL, NULL, NULL, &reply), TABLE_OK);
    delete (t, START, key_of("d", "absent"));
    struct value eight = value_n(8);
    assert_int_equal(table_put(t, START, item_of("d", "k", 9), never, &eight, &reply),
                     TABLE_CONDITION_FAILED);
    assert_int_equal(table_stream_newest(t), 1);
    assert_int_equal(table_update(t, START, key_of("d", "k"), set, NULL, &eight, &reply), TABLE_OK);
    assert_int_equal(table_stream_newest(t), 2);
    assert_int_equal(nth(t, 2).event, STREAM_MODIFY);
    expression_free(set);
    expression_free(never);
    close_table(t);
}

/* DDB-STREAM-13, DDB-STREAM-3 */
static void a_transaction_is_recorded_write_by_write(void **state)
{
    (void)state;
    struct table *t = open_view(STREAM_NEW_AND_OLD_IMAGES, 1);
    struct error error;
    struct transactions *x = transactions_open((struct duration){0}, &error);
    struct transaction_reply reply;
    const struct transaction_request request = {
        .token = {"", 0}
    };
    static const char *const none[] = {NULL};
    struct expression *absent =
        expression_compile(EXPRESSION_CONDITION,
                           &(struct expression_source){
                               .text = "attribute_not_exists(k)", .names = none, .values = none},
                           &error);
    assert_true(x != NULL && absent != NULL);
    put(t, START, item_of("d", "gone", 1));
    put(t, START, item_of("d", "same", 1));
    char same[256];
    char new[256];
    char gone[256];
    struct item_writer w = item_writer(same, sizeof same);
    item_copy(&w, item_of("d", "same", 1));
    struct table_write writes[] = {
        {.table = t,           .kind = WRITE_PUT, .item = item_written(&w), .condition = absent},
        {.table = t, .kind = WRITE_PUT                 },
        {.table = t,   .kind = WRITE_DELETE  },
    };
    w = item_writer(new, sizeof new);
    item_copy(&w, item_of("d", "new", 2));
    writes[1].item = item_written(&w);
    w = item_writer(gone, sizeof gone);
    item_copy(&w, key_of("d", "gone"));
    writes[2].item = item_written(&w);
    assert_int_equal(transactions_write(x, START, writes, 3, &request, &reply),
                     TRANSACTION_CANCELLED);
    assert_int_equal(table_stream_newest(t), 2);
    writes[0].condition = NULL; /* and the put of what is there already changes nothing */
    assert_int_equal(transactions_write(x, START, writes, 3, &request, &reply), TRANSACTION_OK);
    assert_int_equal(table_stream_newest(t), 4);
    assert_int_equal(nth(t, 3).event, STREAM_INSERT);
    assert_int_equal(n_of(nth(t, 3).new), 2);
    assert_int_equal(nth(t, 4).event, STREAM_REMOVE);
    assert_int_equal(n_of(nth(t, 4).old), 1);
    transactions_close(x);
    expression_free(absent);
    close_table(t);
}

static void note_hash(void *self, uint64_t key_hash, int64_t ttl)
{
    (void)ttl;
    *(uint64_t *)self = key_hash;
}

/* DDB-STREAM-12, DDB-TTL-6: the service's deletion is told from a caller's. */
static void a_ttl_deletion_names_the_service(void **state)
{
    (void)state;
    struct table *t = open_view(STREAM_OLD_IMAGE, 1);
    int64_t ttl = instant_epoch_seconds(START) + 10;
    uint64_t hash = 0;
    struct item old;
    struct item_writer w = item_writer(buffer, BYTES);
    item_copy(&w, key_of("d", "k"));
    item_add_n(&w, TEXT("ttl"), ttl);
    put(t, START, item_written(&w));
    put(t, START, item_of("d", "other", 1));
    table_each_expiry(t, 0, INT64_MAX, note_hash, &hash);
    assert_true(table_expire(t, after_s(11), hash, &old));
    delete (t, after_s(11), key_of("d", "other"));
    assert_int_equal(nth(t, 3).event, STREAM_REMOVE);
    assert_true(nth(t, 3).by_service);
    assert_true(item_size(nth(t, 3).old) > 0);
    assert_int_equal(nth(t, 3).key_hash, hash);
    assert_int_equal(nth(t, 4).event, STREAM_REMOVE);
    assert_false(nth(t, 4).by_service);
    close_table(t);
}

/* DDB-STREAM-6 */
static void the_time_is_told_in_whole_seconds(void **state)
{
    (void)state;
    struct table *t = open_view(STREAM_KEYS_ONLY, 1);
    put(t, START, item_of("d", "k", 1));
    struct stream_record r = nth(t, 1);
    assert_int_equal(r.created.ns, START.ns);
    assert_int_equal(stream_record_seconds(&r), START.ns / NS_PER_S);
    close_table(t);
}

static void a_table_without_a_stream_records_nothing(void **state)
{
    (void)state;
    struct table *t = open_view(STREAM_NONE, 0);
    struct stream_record r;
    put(t, START, item_of("d", "k", 1));
    assert_int_equal(table_stream_view(t), STREAM_NONE);
    assert_int_equal(table_stream_kept_view(t), STREAM_NONE);
    assert_int_equal(table_stream_shards(t), 0);
    assert_int_equal(table_stream_newest(t), 0);
    assert_false(table_stream_at(t, 1, &r));
    close_table(t);
}

/* DDB-STREAM-10 */
static void a_stopped_stream_can_be_read_until_another_starts(void **state)
{
    (void)state;
    struct table *t = open_view(STREAM_KEYS_ONLY, 1);
    struct error error;
    put(t, START, item_of("d", "k", 1));
    table_stream_stop(t);
    put(t, START, item_of("d", "k", 2));
    assert_int_equal(table_stream_view(t), STREAM_NONE);
    assert_int_equal(table_stream_kept_view(t), STREAM_KEYS_ONLY);
    assert_int_equal(table_stream_newest(t), 1);
    assert_int_equal(nth(t, 1).event, STREAM_INSERT);
    assert_int_equal(table_stream_start(t, STREAM_NEW_IMAGE, 2, &error), STATUS_OK);
    assert_int_equal(table_stream_newest(t), 0);
    assert_int_equal(table_stream_shards(t), 2);
    put(t, START, item_of("d", "k", 3));
    assert_int_equal(n_of(nth(t, 1).new), 3);
    close_table(t);
}

static void too_many_shards_are_refused(void **state)
{
    (void)state;
    struct error error;
    struct table_config config = {
        .name = "changes",
        .hash_key = {"d", TYPE_S},
        .items_max = 10,
        .stream = STREAM_KEYS_ONLY,
        .stream_shards = STREAM_SHARDS_MAX + 1,
    };
    assert_null(table_open(&config, START, &error));
    assert_int_equal(error.status, STATUS_BAD_INPUT);
}

/* Iterators (DDB-STREAM-9), on a shard with records 1 to 4, made at 0 h, 1 h, 2 h and 3 h. */

struct iterator_case {
    const char *name;
    int64_t at_s;
    enum stream_start start;
    uint64_t sequence;
    enum stream_result result;
    uint64_t first; /* that is read then; 0: none */
    uint32_t count;
};

enum { HOUR_S = 3600, LATER_S = DAY_S + HOUR_S + HOUR_S / 2 /* records 1 and 2 are trimmed */ };

static const struct iterator_case iterator_cases[] = {
    {"TRIM_HORIZON begins with the oldest record",        4 * HOUR_S, STREAM_TRIM_HORIZON,   0, STREAM_OK,      1,
     4                                                                                                              },
    {"TRIM_HORIZON begins with the oldest not trimmed",   LATER_S,    STREAM_TRIM_HORIZON,   0, STREAM_OK,
     3,                                                                                                            2},
    {"TRIM_HORIZON finds nothing where all is trimmed",   3 * DAY_S,  STREAM_TRIM_HORIZON,   0,
     STREAM_OK,                                                                                                 0, 0},
    {"LATEST begins behind the newest",                   4 * HOUR_S, STREAM_LATEST,         0, STREAM_OK,      0, 0},
    {"AT_SEQUENCE_NUMBER begins with that record",        4 * HOUR_S, STREAM_AT_SEQUENCE,    2, STREAM_OK,      2,
     3                                                                                                              },
    {"AFTER_SEQUENCE_NUMBER begins with the next",        4 * HOUR_S, STREAM_AFTER_SEQUENCE, 2, STREAM_OK,
     3,                                                                                                            2},
    {"AFTER_SEQUENCE_NUMBER of the newest finds nothing", 4 * HOUR_S, STREAM_AFTER_SEQUENCE, 4,
     STREAM_OK,                                                                                                 0, 0},
    {"a record of 24 hours less a second can be read",    DAY_S - 1,  STREAM_AT_SEQUENCE,    1, STREAM_OK,
     1,                                                                                                            4},
    {"a record of 24 hours is trimmed",                   DAY_S,      STREAM_AT_SEQUENCE,    1, STREAM_TRIMMED, 0, 0},
    {"a trimmed record cannot be begun behind, either",   LATER_S,    STREAM_AFTER_SEQUENCE, 2,
     STREAM_TRIMMED,                                                                                            0, 0},
    {"a number that is still to come is refused",         4 * HOUR_S, STREAM_AT_SEQUENCE,    5, STREAM_INVALID,
     0,                                                                                                            0},
    {"no record has number 0",                            4 * HOUR_S, STREAM_AT_SEQUENCE,    0, STREAM_INVALID, 0, 0},
};

static struct table *four_records(void)
{
    struct table *t = open_view(STREAM_NEW_IMAGE, 1);
    for (int64_t i = 0; i < 4; i++) {
        put(t, after_s(i * HOUR_S), item_of("d", "k", i));
    }
    return t;
}

static void an_iterator_of(void **state)
{
    const struct iterator_case *c = *state;
    struct stream_iterator it;
    uint32_t count;
    /* Whether marks keep the memory of what is trimmed makes no difference. */
    for (int marked = 0; marked <= 1; marked++) {
        struct table *t = four_records();
        if (marked) {
            (void)table_mark(t);
        }
        put(t, after_s(c->at_s), item_of("d", "k", 3)); /* changes nothing, but tells the time */
        assert_int_equal(table_stream_iterator(t, after_s(c->at_s), 0, c->start, c->sequence, &it),
                         c->result);
        if (c->result == STREAM_OK) {
            assert_int_equal(
                table_stream_read(t, after_s(c->at_s), &it, STREAM_READ_MAX, records, &count),
                STREAM_OK);
            assert_int_equal(count, c->count);
            assert_true(count == 0 || records[0].sequence == c->first);
        }
        close_table(t);
    }
}

/* DDB-STREAM-9 */
static void an_iterator_lives_for_15_minutes(void **state)
{
    (void)state;
    struct table *t = four_records();
    struct stream_iterator it;
    uint32_t count;
    struct instant made = after_s(4 * HOUR_S);
    assert_int_equal(table_stream_iterator(t, made, 0, STREAM_TRIM_HORIZON, 0, &it), STREAM_OK);
    struct instant last = instant_add(made, duration_s(15 * 60 - 1));
    assert_int_equal(table_stream_read(t, last, &it, 1, records, &count), STREAM_OK);
    /* Reading has made it new. */
    struct instant later = instant_add(last, duration_s(15 * 60 - 1));
    assert_int_equal(table_stream_read(t, later, &it, 1, records, &count), STREAM_OK);
    assert_int_equal(records[0].sequence, 2);
    assert_int_equal(
        table_stream_read(t, instant_add(later, duration_s(15 * 60)), &it, 1, records, &count),
        STREAM_EXPIRED);
    close_table(t);
}

/* DDB-STREAM-9: the record at the iterator is trimmed between making and using it. */
static void an_iterator_on_a_record_that_is_trimmed_meanwhile_says_so(void **state)
{
    (void)state;
    struct table *t = four_records();
    struct stream_iterator it;
    uint32_t count;
    assert_int_equal(table_stream_iterator(t, after_s(DAY_S - 1), 0, STREAM_TRIM_HORIZON, 0, &it),
                     STREAM_OK);
    assert_int_equal(table_stream_read(t, after_s(DAY_S), &it, 1, records, &count), STREAM_TRIMMED);
    assert_int_equal(count, 0);
    close_table(t);
}

/* DDB-STREAM-8 */
static void a_read_ends_at_its_limit_and_goes_on_there(void **state)
{
    (void)state;
    struct table *t = open_view(STREAM_KEYS_ONLY, 1);
    struct stream_iterator it;
    uint32_t count;
    for (int64_t i = 0; i < STREAM_READ_MAX + 5; i++) {
        put(t, START, item_of("d", "k", i));
    }
    assert_int_equal(table_stream_iterator(t, START, 0, STREAM_TRIM_HORIZON, 0, &it), STREAM_OK);
    assert_int_equal(table_stream_read(t, START, &it, STREAM_READ_MAX, records, &count), STREAM_OK);
    assert_int_equal(count, STREAM_READ_MAX);
    assert_int_equal(table_stream_read(t, START, &it, 3, records, &count), STREAM_OK);
    assert_int_equal(count, 3);
    assert_int_equal(records[0].sequence, STREAM_READ_MAX + 1);
    assert_int_equal(table_stream_read(t, START, &it, 3, records, &count), STREAM_OK);
    assert_int_equal(count, 2);
    assert_int_equal(table_stream_read(t, START, &it, 3, records, &count), STREAM_OK);
    assert_int_equal(count, 0);
    put(t, START, item_of("d", "k", -1));
    assert_int_equal(table_stream_read(t, START, &it, 3, records, &count), STREAM_OK);
    assert_int_equal(count, 1);
    close_table(t);
}

struct bytes_case {
    const char *name;
    uint32_t padding;
    uint32_t count; /* of the first read */
};

static const struct bytes_case bytes_cases[] = {
    {"three images of 300 KB fit into 1 MB, four do not", 300 * 1024,      3},
    {"of images of 400 KB, two are read at once",         400 * 1024 - 64, 2},
    {"small ones are all read",                           1000,            5},
};

/* DDB-STREAM-8 */
static void a_read_holds_a_megabyte(void **state)
{
    const struct bytes_case *c = *state;
    struct table *t = open_view(STREAM_NEW_IMAGE, 1);
    struct stream_iterator it;
    uint32_t count;
    for (int64_t i = 0; i < 5; i++) {
        struct item_writer w = item_writer(buffer, BYTES);
        item_copy(&w, key_of("d", "k"));
        item_add_n(&w, TEXT("n"), i);
        item_add_s(&w, TEXT("p"), (struct text){padding, c->padding});
        put(t, START, item_written(&w));
    }
    assert_int_equal(table_stream_iterator(t, START, 0, STREAM_TRIM_HORIZON, 0, &it), STREAM_OK);
    assert_int_equal(table_stream_read(t, START, &it, STREAM_READ_MAX, records, &count), STREAM_OK);
    assert_int_equal(count, c->count);
    uint64_t next = count + 1;
    assert_int_equal(table_stream_read(t, START, &it, STREAM_READ_MAX, records, &count), STREAM_OK);
    assert_true(next == 6 || records[0].sequence == next);
    close_table(t);
}

/* Both images of the largest item are more than 1 MB with a few more: one at a time. */
static void a_record_of_any_size_is_read(void **state)
{
    (void)state;
    struct table *t = open_view(STREAM_NEW_AND_OLD_IMAGES, 1);
    struct stream_iterator it;
    uint32_t count;
    for (int64_t i = 0; i < 3; i++) {
        struct item_writer w = item_writer(buffer, BYTES);
        item_copy(&w, key_of("d", "k"));
        item_add_n(&w, TEXT("n"), i);
        item_add_s(&w, TEXT("p"), (struct text){padding, 400 * 1024 - 64});
        put(t, START, item_written(&w));
    }
    assert_int_equal(table_stream_iterator(t, START, 0, STREAM_AFTER_SEQUENCE, 1, &it), STREAM_OK);
    assert_int_equal(table_stream_read(t, START, &it, STREAM_READ_MAX, records, &count), STREAM_OK);
    assert_int_equal(count, 1);
    assert_true(records[0].size > 800 * 1000);
    close_table(t);
}

/* DDB-STREAM-4: a partition is in one shard, all shards are used, and each is in order. */
static void a_partition_is_in_one_shard(void **state)
{
    (void)state;

    enum { SHARDS = 4, PARTITIONS = 64, WRITES = 1024 };
    struct table *t = open_view(STREAM_KEYS_ONLY, SHARDS);
    uint32_t shard_of[PARTITIONS];
    uint32_t used[SHARDS] = {0};
    for (int i = 0; i < WRITES; i++) {
        char d[8];
        char k[8];
        (void)snprintf(d, sizeof d, "d%d", i % PARTITIONS);
        (void)snprintf(k, sizeof k, "k%d", i % 3);
        put(t, START, item_of(d, k, i));
        struct stream_record r = nth(t, (uint64_t)i + 1);
        if (i < PARTITIONS) {
            shard_of[i] = r.shard;
        }
        assert_int_equal(r.shard, shard_of[i % PARTITIONS]);
        used[r.shard]++;
    }
    uint32_t all = 0;
    for (uint32_t shard = 0; shard < SHARDS; shard++) {
        struct stream_record r;
        uint64_t position = 0;
        uint32_t count = 0;
        for (; table_stream_next(t, START, shard, position, &r); position = r.sequence + 1) {
            assert_int_equal(r.shard, shard);
            assert_true(r.sequence >= position);
            count++;
        }
        assert_int_equal(count, used[shard]);
        assert_true(count > WRITES / SHARDS / 2);
        all += count;
    }
    assert_int_equal(all, WRITES);
    close_table(t);
}

/* A position may be any number, also one of another shard. */
static void the_next_record_is_found_from_anywhere(void **state)
{
    (void)state;
    struct table *t = open_view(STREAM_KEYS_ONLY, 3);
    for (int i = 0; i < 100; i++) {
        char d[8];
        (void)snprintf(d, sizeof d, "d%d", i % 17);
        put(t, START, item_of(d, "k", i));
    }
    for (uint64_t position = 0; position <= 101; position++) {
        for (uint32_t shard = 0; shard < 3; shard++) {
            struct stream_record r;
            uint64_t expected = position == 0 ? 1 : position;
            while (expected <= 100 && nth(t, expected).shard != shard) {
                expected++;
            }
            bool found = table_stream_next(t, START, shard, position, &r);
            assert_int_equal(found, expected <= 100);
            assert_true(!found || r.sequence == expected);
        }
    }
    close_table(t);
}

/* DDB-STREAM-11 */
static void a_sequence_number_has_21_digits(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "1",
                                        "000000000000000000001",
                                        "10000000000000000000x",
                                        "1000000000000000000011",
                                        "199999999999999999999"};
    struct error error;
    char text[64];
    struct text_writer w = text_writer(text, sizeof text);
    uint64_t sequence = 0;
    text_put_sequence(&w, 4711);
    assert_string_equal(text_writer_string(&w), "100000000000000004711");
    assert_int_equal(sequence_parse(text_written(&w), &sequence, &error), STATUS_OK);
    assert_int_equal(sequence, 4711);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_int_equal(sequence_parse(text_from(wrong[i]), &sequence, &error), STATUS_BAD_INPUT);
    }
}

/* Random writes against a plain array (DDB-STREAM-1 to DDB-STREAM-5) */

enum { CHANGES_MAX = 20000, STEPS = 4000, MARKS = 8, KEYS = 40, RANDOM_SHARDS = 3 };

struct change {
    struct instant at;
    int32_t key;
    int64_t old, new; /* -1: no item */
    uint32_t shard;
};

struct naive {
    struct change changes[CHANGES_MAX];
    uint64_t count;
    int64_t values[KEYS]; /* -1: no item */
};

struct saved {
    struct instant now;
    uint64_t mark, count;
    int64_t values[KEYS];
    struct hash128 hash;
};

static struct naive naive;

static struct item random_item(int32_t key, int64_t n)
{
    char d[16];
    char k[16];
    (void)snprintf(d, sizeof d, "d%d", key % 7);
    (void)snprintf(k, sizeof k, "k%d", key);
    return n < 0 ? key_of(d, k) : item_of(d, k, n);
}

static void write_random(struct table *t, struct random_stream *random, struct instant now)
{
    int32_t key = (int32_t)random_below(random, KEYS);
    int64_t new = (int64_t)random_below(random, 4) - 1;
    if (new < 0) {
        delete (t, now, random_item(key, -1));
    } else {
        put(t, now, random_item(key, new));
    }
    if (new == naive.values[key]) {
        return;
    }
    naive.changes[naive.count++] =
        (struct change){now, key, naive.values[key], new, nth(t, table_stream_newest(t)).shard};
    naive.values[key] = new;
}

static void check_record(const struct stream_record *r, const struct change *c)
{
    assert_int_equal(r->created.ns, c->at.ns);
    assert_int_equal(r->event, c->old < 0   ? STREAM_INSERT
                               : c->new < 0 ? STREAM_REMOVE
                                            : STREAM_MODIFY);
    assert_true(text_equal(r->keys.bytes, random_item(c->key, -1).bytes));
    assert_int_equal(r->old.bytes.size > 0 ? n_of(r->old) : -1, c->old);
    assert_int_equal(r->new.bytes.size > 0 ? n_of(r->new) : -1, c->new);
}

/* Every shard, read from its beginning, is the array without what is a day old. */
static void check_shards(struct table *t, struct instant now)
{
    assert_int_equal(table_stream_newest(t), naive.count);
    for (uint32_t shard = 0; shard < RANDOM_SHARDS; shard++) {
        struct stream_iterator it;
        uint32_t count;
        assert_int_equal(table_stream_iterator(t, now, shard, STREAM_TRIM_HORIZON, 0, &it),
                         STREAM_OK);
        uint64_t i = 0;
        do {
            assert_int_equal(table_stream_read(t, now, &it, 7, records, &count), STREAM_OK);
            for (uint32_t j = 0; j < count; j++, i++) {
                while (naive.changes[i].shard != shard ||
                       instant_since(now, naive.changes[i].at).ns >= DAY_S * NS_PER_S) {
                    i++;
                }
                assert_int_equal(records[j].sequence, i + 1);
                check_record(&records[j], &naive.changes[i]);
            }
        } while (count > 0);
        for (; i < naive.count; i++) {
            assert_true(naive.changes[i].shard != shard ||
                        instant_since(now, naive.changes[i].at).ns >= DAY_S * NS_PER_S);
        }
    }
}

static void save(struct table *t, struct instant now, struct saved *saved)
{
    *saved = (struct saved){
        .now = now, .mark = table_mark(t), .count = naive.count, .hash = table_stream_hash(t)};
    memcpy(saved->values, naive.values, sizeof saved->values);
}

static void roll_back(struct table *t, const struct saved *saved)
{
    table_rollback(t, saved->mark);
    naive.count = saved->count;
    memcpy(naive.values, saved->values, sizeof naive.values);
    struct hash128 hash = table_stream_hash(t);
    assert_memory_equal(&hash, &saved->hash, sizeof hash);
    check_shards(t, saved->now);
}

static void random_writes_and_rollbacks_agree_with_an_array(void **state)
{
    const uint64_t *seed = *state;
    struct random_stream random = random_stream(*seed, TEXT("stream"));
    struct table *t = open_view(STREAM_NEW_AND_OLD_IMAGES, RANDOM_SHARDS);
    struct saved marks[MARKS];
    uint64_t marks_count = 0;
    struct instant now = START;
    memset(naive.values, -1, sizeof naive.values);
    naive.count = 0;
    save(t, now, &marks[marks_count++]);
    for (int i = 0; i < STEPS; i++) {
        uint64_t what = random_below(&random, 100);
        /* Now and then a few hours pass, so that records are trimmed while marks are held. */
        uint64_t pace = random_below(&random, 50) == 0 ? 10000000 : 100000;
        now = instant_add(now, duration_ms((int64_t)random_below(&random, pace)));
        if (what < 90) {
            write_random(t, &random, now);
        } else if (what < 94 && marks_count < MARKS) {
            save(t, now, &marks[marks_count++]);
        } else if (what < 96 && marks_count > 0) {
            marks_count = random_below(&random, marks_count) + 1;
            roll_back(t, &marks[marks_count - 1]);
            now = marks[marks_count - 1].now;
        } else if (what < 97) {
            table_release_marks(t);
            marks_count = 0;
        } else {
            check_shards(t, now);
        }
    }
    check_shards(t, now);
    assert_true(naive.count > 500);
    close_table(t);
}

/* The same writes by another way, with a rollback between, give the same hash; another instant does
 * not. */
static void equal_logs_have_equal_hashes(void **state)
{
    (void)state;
    struct hash128 hashes[3];
    for (int i = 0; i < 3; i++) {
        struct table *t = open_view(STREAM_NEW_AND_OLD_IMAGES, 2);
        put(t, START, item_of("d", "k", 1));
        if (i == 1) {
            uint64_t mark = table_mark(t);
            put(t, START, item_of("e", "k", 2));
            table_rollback(t, mark);
            table_release_marks(t);
        }
        put(t, i == 2 ? after_s(1) : START, item_of("f", "k", 2));
        hashes[i] = table_stream_hash(t);
        close_table(t);
    }
    assert_memory_equal(&hashes[0], &hashes[1], sizeof hashes[0]);
    assert_memory_not_equal(&hashes[0], &hashes[2], sizeof hashes[0]);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, a_view_holds, view_cases);
    CASES_ADD(&cases, sizes_are_those_of_the_service_s_own_example);
    CASES_ADD(&cases, keys_may_be_numbers_and_binaries);
    CASES_ADD(&cases, what_changes_nothing_is_not_recorded);
    CASES_ADD(&cases, a_transaction_is_recorded_write_by_write);
    CASES_ADD(&cases, a_ttl_deletion_names_the_service);
    CASES_ADD(&cases, the_time_is_told_in_whole_seconds);
    CASES_ADD(&cases, a_table_without_a_stream_records_nothing);
    CASES_ADD(&cases, a_stopped_stream_can_be_read_until_another_starts);
    CASES_ADD(&cases, too_many_shards_are_refused);
    CASES_ADD_TABLE(&cases, an_iterator_of, iterator_cases);
    CASES_ADD(&cases, an_iterator_lives_for_15_minutes);
    CASES_ADD(&cases, an_iterator_on_a_record_that_is_trimmed_meanwhile_says_so);
    CASES_ADD(&cases, a_read_ends_at_its_limit_and_goes_on_there);
    CASES_ADD_TABLE(&cases, a_read_holds_a_megabyte, bytes_cases);
    CASES_ADD(&cases, a_record_of_any_size_is_read);
    CASES_ADD(&cases, a_partition_is_in_one_shard);
    CASES_ADD(&cases, the_next_record_is_found_from_anywhere);
    CASES_ADD(&cases, a_sequence_number_has_21_digits);
    static const uint64_t seeds[] = {1, 2, 3, 4, 5};
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++) {
        cases_add(&cases, "random_writes_and_rollbacks_agree_with_an_array",
                  random_writes_and_rollbacks_agree_with_an_array, &seeds[i]);
    }
    CASES_ADD(&cases, equal_logs_have_equal_hashes);
    return cases_run("table_stream", &cases);
}

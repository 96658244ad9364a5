/* test_table.c: what DynamoDB documents of its tables, case by case.
 *
 * Golden figures for units consumed, pages and last keys, throttling, indexes, messages, marks
 * and capacity. Each test names its source in docs/sources.md. What holds of any sequence of calls
 * is in test_table_differential.c, TTL in test_table_ttl.c, storage in test_table_lmdb.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/dynamodb/table.h"

#include <stdio.h>
#include <stdlib.h>

enum { BYTES = 500000, MILLI = 1000 };

static const struct instant START = {INT64_C(1769763600) * NS_PER_S};
static char buffer[BYTES];
static char padding[BYTES];

static struct table *open_with(int64_t rcu, int64_t wcu, int64_t index_wcu, uint64_t items_max)
{
    struct table_config config = {
        .name = "tracking",
        .hash_key = {"d",     TYPE_S},
        .range_key = {"k",       TYPE_S},
        .ttl_attribute = "ttl",
        .rcu = rcu,
        .wcu = wcu,
        .history = duration_s(10),
        .items_max = items_max,
        .cache_bytes = 1 << 30,
        .indexes_count = 1,
        .indexes = {{.name = "status-index",
                     .hash_key = {"status", TYPE_S},
                     .range_key = {"d"},
                     .wcu = index_wcu}}
    };
    struct error error;
    struct table *t = table_open(&config, START, &error);
    if (t == NULL) {
        fail_msg("%s", error.message);
    }
    return t;
}

static struct table *open_table(void)
{
    return open_with(0, 0, 0, 100000);
}

static void close_table(struct table *t)
{
    struct error error;
    if (table_close(t, &error) != STATUS_OK) {
        fail_msg("%s", error.message);
    }
}

static struct instant after_ms(int64_t ms)
{
    return instant_add(START, duration_ms(ms));
}

static struct item key_of(const char *d, const char *k)
{
    static char bytes[4096];
    struct item_writer w = item_writer(bytes, sizeof bytes);
    item_add_s(&w, TEXT("d"), text_from(d));
    item_add_s(&w, TEXT("k"), text_from(k));
    return item_written(&w);
}

/* An item of exactly `size` bytes as DynamoDB counts; status may be NULL. */
static struct item sized(const char *d, const char *k, const char *status, uint32_t size)
{
    struct item_writer w = item_writer(buffer, BYTES);
    item_add_s(&w, TEXT("d"), text_from(d));
    item_add_s(&w, TEXT("k"), text_from(k));
    if (status != NULL) {
        item_add_s(&w, TEXT("status"), text_from(status));
    }
    uint32_t rest = size - item_size(item_written(&w)) - 1;
    item_add_s(&w, TEXT("p"), (struct text){padding, rest});
    struct item item = item_written(&w);
    assert_int_equal(item_size(item), size);
    return item;
}

static int64_t put_units(struct table *t, struct item item)
{
    struct table_reply reply;
    assert_int_equal(table_put(t, START, item, NULL, NULL, &reply), TABLE_OK);
    return reply.wcu_milli;
}

static struct expression *compile(enum expression_kind kind, const char *text)
{
    static const char *const names[] = {"#s", "status", "#ttl", "ttl", NULL};
    static const char *const values[] = {":v", ":w", NULL};
    struct error error;
    struct expression *e =
        expression_compile(kind, &(struct expression_source){text, names, values, NULL}, &error);
    if (e == NULL) {
        fail_msg("%s: %s", text, error.message);
    }
    return e;
}

/* Units of writes (DDB-CAPACITY-3, DDB-CAPACITY-4) */

struct write_case {
    const char *name;
    uint32_t before, after; /* sizes; 0: no item */
    int64_t units;
};

static struct write_case write_cases[] = {
    {"a new item of 1 KB costs 1",            0,    1024,   1  },
    {"one byte more costs 2",                 0,    1025,   2  },
    {"the larger of old and new counts: old", 5000, 100,    5  },
    {"the larger of old and new counts: new", 100,  5000,   5  },
    {"the largest item costs 400",            0,    409600, 400},
    {"deleting costs the item's size",        2049, 0,      3  },
    {"deleting nothing costs 1",              0,    0,      1  },
};

static void a_write_costs(void **state)
{
    const struct write_case *c = *state;
    struct table *t = open_table();
    struct table_reply reply;
    if (c->before > 0) {
        (void)put_units(t, sized("d", "k", NULL, c->before));
    }
    if (c->after > 0) {
        assert_int_equal(put_units(t, sized("d", "k", NULL, c->after)), c->units * MILLI);
    } else {
        assert_int_equal(table_delete(t, START, key_of("d", "k"), NULL, NULL, &reply), TABLE_OK);
        assert_int_equal(reply.wcu_milli, c->units * MILLI);
        assert_int_equal(table_count(t), 0);
    }
    close_table(t);
}

/* DDB-CAPACITY-5 */
static void a_failed_condition_costs_as_a_write(void **state)
{
    (void)state;
    struct table *t = open_table();
    struct table_reply reply;
    struct expression *absent = compile(EXPRESSION_CONDITION, "attribute_not_exists(d)");
    struct expression *present = compile(EXPRESSION_CONDITION, "attribute_exists(d)");
    assert_int_equal(table_put(t, START, sized("d", "k", "pending", 5000), present, NULL, &reply),
                     TABLE_CONDITION_FAILED);
    assert_int_equal(reply.wcu_milli, 1 * MILLI);
    assert_int_equal(reply.old.bytes.size, 0);
    (void)put_units(t, sized("d", "k", "pending", 2000));
    assert_int_equal(table_put(t, START, sized("d", "k", "pending", 5000), absent, NULL, &reply),
                     TABLE_CONDITION_FAILED);
    assert_int_equal(reply.wcu_milli, 5 * MILLI);
    assert_int_equal(item_size(reply.old), 2000);
    assert_int_equal(table_delete(t, START, key_of("d", "k"), absent, NULL, &reply),
                     TABLE_CONDITION_FAILED);
    assert_int_equal(reply.wcu_milli, 2 * MILLI);
    assert_int_equal(table_update(t, START, key_of("d", "k"), NULL, absent, NULL, &reply),
                     TABLE_CONDITION_FAILED);
    assert_int_equal(reply.wcu_milli, 2 * MILLI);
    assert_int_equal(table_consumed(t, 0).wcu_milli, 2 * MILLI);
    expression_free(absent);
    expression_free(present);
    close_table(t);
}

/* DDB-GSI-3: what a write costs the index, by status before and after. */
struct index_case {
    const char *name, *before, *after;
    uint32_t size_before, size_after;
    int64_t units;
};

static struct index_case index_cases[] = {
    {"in the index neither before nor after: 0", "",        "",           1500, 1500, 0},
    {"into the index: 1 write",                  "",        "pending",    100,  1500, 2},
    {"out of the index: 1 write",                "pending", "",           1500, 100,  2},
    {"key unchanged: 1 write",                   "pending", "pending",    100,  1500, 2},
    {"nothing changed: 0",                       "pending", "pending",    1500, 1500, 0},
    {"key changed: 2 writes",                    "pending", "manifested", 1500, 100,  3},
};

static void an_index_write_costs(void **state)
{
    const struct index_case *c = *state;
    struct table *t = open_table();
    const char *before = c->before[0] == '\0' ? NULL : c->before;
    const char *after = c->after[0] == '\0' ? NULL : c->after;
    (void)put_units(t, sized("d", "k", before, c->size_before));
    int64_t consumed = table_consumed(t, 0).wcu_milli;
    (void)put_units(t, sized("d", "k", after, c->size_after));
    assert_int_equal(table_consumed(t, 0).wcu_milli - consumed, c->units * MILLI);
    close_table(t);
}

/* Units of reads (DDB-CAPACITY-6) */
static void a_get_costs_by_4_kb_and_half_when_eventual(void **state)
{
    (void)state;
    struct table *t = open_table();
    struct table_reply reply;
    struct item item;
    (void)put_units(t, sized("d", "k", NULL, 4097));
    assert_int_equal(table_get(t, after_ms(1), after_ms(1), key_of("d", "k"), &item, &reply),
                     TABLE_OK);
    assert_int_equal(reply.rcu_milli, 2000);
    assert_int_equal(item_size(item), 4097);
    assert_int_equal(table_get(t, after_ms(1), START, key_of("d", "k"), &item, &reply), TABLE_OK);
    assert_int_equal(reply.rcu_milli, 1000);
    assert_int_equal(table_get(t, after_ms(1), after_ms(1), key_of("d", "x"), &item, &reply),
                     TABLE_OK);
    assert_int_equal(reply.rcu_milli, 1000);
    assert_int_equal(item.bytes.size, 0);
    assert_int_equal(table_get(t, after_ms(1), START, key_of("d", "x"), &item, &reply), TABLE_OK);
    assert_int_equal(reply.rcu_milli, 500);
    assert_int_equal(table_consumed(t, TABLE_BASE).rcu_milli, 2000 + 1000 + 1000 + 500);
    close_table(t);
}

/* Pages (DDB-QUERY-1, DDB-QUERY-2, DDB-QUERY-3) */

/* Items of that many bytes in one partition, and what the first page gives. */
struct page_case {
    const char *name;
    uint32_t items, size, limit;
    bool consistent, backward;
    int64_t scanned, rcu_milli;
    bool last_key;
};

static struct page_case page_cases[] = {
    {"nothing there costs half a unit",             0, 0,      0, false, false, 0, 500,    false},
    {"or a whole one when consistent",              0, 0,      0, true,  false, 0, 1000,   false},
    {"sizes are summed, then rounded",              3, 1366,   0, true,  false, 3, 2000,   false},
    {"and halved when eventual",                    3, 1366,   0, false, false, 3, 1000,   false},
    {"a limit ends the page",                       5, 100,    3, true,  false, 3, 1000,   true },
    {"also exactly at the end of the set",          3, 100,    3, true,  false, 3, 1000,   true },
    {"backward too",                                3, 100,    3, true,  true,  3, 1000,   true },
    {"a limit beyond the end does not",             3, 100,    4, true,  false, 3, 1000,   false},
    {"below 1 MB there is one page",                4, 262143, 0, true,  false, 4, 256000, false},
    {"exactly 1 MB ends the page",                  5, 262144, 0, true,  false, 4, 256000, true },
    {"backward too, exactly",                       5, 262144, 0, true,  true,  4, 256000, true },
    {"also exactly at the end of the set, by size", 4, 262144, 0, true,  false, 4, 256000, true },
    {"backward too, by size",                       4, 262144, 0, true,  true,  4, 256000, true },
    {"the item that crosses 1 MB is in the page",   5, 300000, 0, true,  false, 4, 293000, true },
    {"backward too, crossing",                      5, 300000, 0, true,  true,  4, 293000, true },
};

static void visit_first(void *self, struct item item)
{
    char(*first)[16] = self;
    if ((*first)[0] == '\0') {
        struct text k = item_text(item, TEXT("k"));
        memcpy(*first, k.at, k.size);
    }
}

static void a_page_holds(void **state)
{
    const struct page_case *c = *state;
    struct table *t = open_table();
    struct expression *key = compile(EXPRESSION_KEY, "d = :v");
    struct value values[] = {value_s(TEXT("d"))};
    char first[16] = "";
    (void)put_units(t, sized("c", "before", "pending", 100));
    (void)put_units(t, sized("e", "behind", "pending", 100));
    for (uint32_t i = 0; i < c->items; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "k%02u", i);
        (void)put_units(t, sized("d", name, "pending", c->size));
    }
    struct table_query q = {.index = TABLE_BASE,
                            .consistent = c->consistent,
                            .backward = c->backward,
                            .limit = c->limit,
                            .as_of = START,
                            .key = key,
                            .values = values,
                            .visit = visit_first,
                            .self = &first};
    struct table_page page;
    assert_int_equal(table_read_page(t, START, &q, &page), TABLE_OK);
    assert_int_equal(page.scanned_count, c->scanned);
    assert_int_equal(page.count, c->scanned);
    assert_int_equal(page.bytes, c->scanned * c->size);
    assert_int_equal(page.rcu_milli, c->rcu_milli);
    assert_int_equal(page.last_key.size > 0, c->last_key);
    if (c->items > 0) {
        char expected[16];
        (void)snprintf(expected, sizeof expected, "k%02u", c->backward ? c->items - 1 : 0);
        assert_string_equal(first, expected);
    }
    if (c->last_key) {
        q.start_key = page.last_key;
        assert_int_equal(table_read_page(t, START, &q, &page), TABLE_OK);
        assert_int_equal(page.scanned_count, (int64_t)c->items - c->scanned);
        assert_int_equal(page.last_key.size, 0);
    }
    expression_free(key);
    close_table(t);
}

/* Throttling (DDB-CAPACITY-1, DDB-CAPACITY-2, DDB-GSI-4) */

static void unused_capacity_lasts_300_seconds(void **state)
{
    (void)state;
    struct table *t = open_with(0, 2, 0, 1000);
    struct table_reply reply;
    int64_t puts = 0;
    while (table_put(t, START, sized("d", "k", NULL, 100), NULL, NULL, &reply) == TABLE_OK) {
        puts++;
    }
    assert_int_equal(puts, 600);
    assert_int_equal(reply.wcu_milli, 0);
    assert_int_equal(table_put(t, after_ms(499), sized("d", "k", NULL, 100), NULL, NULL, &reply),
                     TABLE_THROTTLED);
    assert_int_equal(table_put(t, after_ms(500), sized("d", "k", NULL, 100), NULL, NULL, &reply),
                     TABLE_OK);
    assert_int_equal(table_put(t, after_ms(500), sized("d", "k", NULL, 100), NULL, NULL, &reply),
                     TABLE_THROTTLED);
    assert_int_equal(table_consumed(t, TABLE_BASE).throttled_writes, 3);
    assert_int_equal(table_consumed(t, TABLE_BASE).wcu_milli, 601 * MILLI);
    puts = 0;
    while (table_put(t, after_ms(1000000), sized("d", "k", NULL, 100), NULL, NULL, &reply) ==
           TABLE_OK) {
        puts++;
    }
    assert_int_equal(puts, 600);
    close_table(t);
}

static void an_index_without_capacity_throttles_the_table(void **state)
{
    (void)state;
    struct table *t = open_with(0, 0, 1, 1000);
    struct table_reply reply;
    for (int i = 0; i < 300; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "k%d", i);
        assert_int_equal(table_put(t, START, sized("d", name, "pending", 100), NULL, NULL, &reply),
                         TABLE_OK);
    }
    struct hash128 hash = table_hash(t);
    int64_t consumed = table_consumed(t, TABLE_BASE).wcu_milli;
    assert_int_equal(table_put(t, START, sized("d", "k", "failed", 100), NULL, NULL, &reply),
                     TABLE_THROTTLED);
    struct hash128 same = table_hash(t);
    assert_memory_equal(&hash, &same, sizeof hash);
    assert_int_equal(table_consumed(t, TABLE_BASE).wcu_milli, consumed);
    assert_int_equal(table_consumed(t, 0).throttled_writes, 1);
    assert_int_equal(reply.throttled.index, 0);
    assert_int_equal(reply.throttled.reason, THROTTLE_PROVISIONED);
    assert_int_equal(table_put(t, START, sized("d", "x", NULL, 100), NULL, NULL, &reply), TABLE_OK);
    close_table(t);
}

static void a_throttled_query_visits_nothing(void **state)
{
    (void)state;
    struct table *t = open_with(1, 0, 0, 1000);
    struct expression *key = compile(EXPRESSION_KEY, "d = :v");
    struct value values[] = {value_s(TEXT("d"))};
    char first[16] = "";
    (void)put_units(t, sized("d", "k", NULL, 409600));
    struct table_query q = {.index = TABLE_BASE,
                            .consistent = true,
                            .as_of = START,
                            .key = key,
                            .values = values,
                            .visit = visit_first,
                            .self = &first};
    struct table_page page;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(table_read_page(t, START, &q, &page), TABLE_OK);
        assert_int_equal(page.rcu_milli, 100 * MILLI);
    }
    first[0] = '\0';
    assert_int_equal(table_read_page(t, START, &q, &page), TABLE_THROTTLED);
    assert_int_equal(first[0], '\0');
    assert_int_equal(page.count, 0);
    assert_int_equal(table_consumed(t, TABLE_BASE).throttled_reads, 1);
    expression_free(key);
    close_table(t);
}

/* Updates (DDB-UPDATE-1, DDB-UPDATE-2) */

static void an_update_of_nothing_makes_an_item(void **state)
{
    (void)state;
    struct table *t = open_table();
    struct table_reply reply;
    struct item item;
    struct expression *set = compile(EXPRESSION_UPDATE, "SET #s = :v");
    struct expression *remove = compile(EXPRESSION_UPDATE, "REMOVE #s");
    struct value values[] = {value_s(TEXT("processing"))};
    assert_int_equal(table_update(t, START, key_of("d", "a"), set, NULL, values, &reply), TABLE_OK);
    assert_int_equal(reply.old.bytes.size, 0);
    assert_int_equal(table_update(t, START, key_of("d", "b"), remove, NULL, NULL, &reply),
                     TABLE_OK);
    assert_int_equal(reply.new.bytes.size, 0);
    assert_int_equal(reply.wcu_milli, MILLI);
    assert_int_equal(table_update(t, START, key_of("d", "c"), NULL, NULL, NULL, &reply), TABLE_OK);
    assert_true(table_peek(t, TEXT("d"), TEXT("a"), &item) && item_count(item) == 3);
    assert_false(table_peek(t, TEXT("d"), TEXT("b"), &item));
    assert_true(table_peek(t, TEXT("d"), TEXT("c"), &item) && item_count(item) == 2);
    assert_false(table_peek(t, TEXT("d"), TEXT("e"), &item));
    expression_free(set);
    expression_free(remove);
    close_table(t);
}

#define WRONG "One or more parameter values were invalid: "
#define SCALARS                                                                                    \
    "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: "

/* Paths into what are keys (DDB-EXPR-14), and updates of keys, in part too. */
static void keys_have_no_documents(void **state)
{
    (void)state;

    static const struct {
        enum expression_kind kind;
        const char *text, *message;
    } rows[] = {
        {EXPRESSION_CONDITION, "attribute_exists(d.x)", SCALARS "Key: d"          },
        {EXPRESSION_CONDITION, "k[0] <> :v",            SCALARS "Key: k"          },
        {EXPRESSION_CONDITION, "#s.x <> :v",            SCALARS "IndexKey: status"},
        {EXPRESSION_UPDATE,    "SET #s[0] = :v",        SCALARS "IndexKey: status"},
        {EXPRESSION_UPDATE,    "SET x = d.y",           SCALARS "Key: d"          },
        {EXPRESSION_UPDATE,    "REMOVE d.x",
         WRONG "Cannot update attribute d. This attribute is part of the key"     },
        {EXPRESSION_UPDATE,    "ADD k[1].x :v",
         WRONG "Cannot update attribute k. This attribute is part of the key"     },
    };
    struct table *t = open_table();
    struct table_reply reply;
    struct value v = value_n(1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct expression *e = compile(rows[i].kind, rows[i].text);
        bool update = rows[i].kind == EXPRESSION_UPDATE;
        assert_int_equal(table_update(t, START, key_of("d", "k"), update ? e : NULL,
                                      update ? NULL : e, &v, &reply),
                         TABLE_INVALID);
        assert_string_equal(table_message(t), rows[i].message);
        expression_free(e);
    }
    close_table(t);
}

/* The past (DDB-READ-1, DDB-GSI-1, DDB-GSI-5) */

static int64_t pending_at(struct table *t, struct instant now, struct instant as_of)
{
    struct expression *key = compile(EXPRESSION_KEY, "#s = :v");
    struct value values[] = {value_s(TEXT("pending"))};
    struct table_query q = {.index = 0, .as_of = as_of, .key = key, .values = values};
    struct table_page page;
    assert_int_equal(table_read_page(t, now, &q, &page), TABLE_OK);
    expression_free(key);
    return page.count;
}

static void an_index_lags_and_is_sparse(void **state)
{
    (void)state;
    struct table *t = open_table();
    struct table_reply reply;
    (void)put_units(t, sized("LOCK#d", "LOCK", NULL, 100));
    (void)put_units(t, sized("d", "k", "pending", 100));
    assert_int_equal(pending_at(t, after_ms(5), after_ms(5)), 1);
    assert_int_equal(
        table_put(t, after_ms(20), sized("d", "k", "manifested", 100), NULL, NULL, &reply),
        TABLE_OK);
    assert_int_equal(pending_at(t, after_ms(30), after_ms(19)), 1);
    assert_int_equal(pending_at(t, after_ms(30), after_ms(20)), 0);
    struct item item;
    assert_int_equal(table_get(t, after_ms(30), after_ms(19), key_of("d", "k"), &item, &reply),
                     TABLE_OK);
    assert_true(text_equal(item_text(item, TEXT("status")), TEXT("pending")));
    assert_int_equal(table_delete(t, after_ms(40), key_of("d", "k"), NULL, NULL, &reply), TABLE_OK);
    assert_int_equal(table_get(t, after_ms(50), after_ms(39), key_of("d", "k"), &item, &reply),
                     TABLE_OK);
    assert_true(text_equal(item_text(item, TEXT("status")), TEXT("manifested")));
    /* More than the history ago is answered as of the history ago. */
    assert_int_equal(table_get(t, after_ms(10041), START, key_of("d", "k"), &item, &reply),
                     TABLE_OK);
    assert_int_equal(item.bytes.size, 0);
    close_table(t);
}

/* Marks */

static void a_rollback_restores_everything(void **state)
{
    (void)state;

    enum { DEPTH = 20 };
    struct table *t = open_with(10, 10, 10, 1000);
    uint64_t marks[DEPTH];
    struct hash128 hashes[DEPTH];
    struct table_consumed consumed[DEPTH];
    struct table_reply reply;
    for (int i = 0; i < DEPTH; i++) {
        char name[16];
        marks[i] = table_mark(t);
        hashes[i] = table_hash(t);
        consumed[i] = table_consumed(t, 0);
        (void)snprintf(name, sizeof name, "k%d", i % 7);
        if (i % 5 == 4) {
            assert_int_equal(table_delete(t, after_ms(i), key_of("d", name), NULL, NULL, &reply),
                             TABLE_OK);
        } else {
            assert_int_equal(
                table_put(t, after_ms(i),
                          sized("d", name, i % 2 ? "pending" : NULL, 100 + (uint32_t)i), NULL, NULL,
                          &reply),
                TABLE_OK);
        }
    }
    for (int i = DEPTH; i-- > 0;) {
        table_rollback(t, marks[i]);
        struct hash128 hash = table_hash(t);
        struct table_consumed now = table_consumed(t, 0);
        assert_memory_equal(&hash, &hashes[i], sizeof hash);
        assert_memory_equal(&now, &consumed[i], sizeof now);
    }
    assert_int_equal(table_count(t), 0);
    assert_int_equal(pending_at(t, START, START), 0);
    close_table(t);
}

static void a_rollback_gives_capacity_back(void **state)
{
    (void)state;
    struct table *t = open_with(0, 1, 0, 1000);
    struct table_reply reply;
    uint64_t mark = table_mark(t);
    for (int round = 0; round < 3; round++) {
        int puts = 0;
        while (table_put(t, START, sized("d", "k", NULL, 100), NULL, NULL, &reply) == TABLE_OK) {
            puts++;
        }
        assert_int_equal(puts, 300);
        table_rollback(t, mark);
    }
    table_release_marks(t);
    close_table(t);
}

/* What was written */

struct change {
    uint32_t before, now; /* sizes as DynamoDB counts; 0: no item */
};

struct changes {
    struct change list[8];
    int count;
};

static void note_change(void *self, struct item before, struct item now)
{
    struct changes *c = self;
    c->list[c->count++] = (struct change){before.bytes.size == 0 ? 0 : item_size(before),
                                          now.bytes.size == 0 ? 0 : item_size(now)};
}

static void remove_key(struct table *t, const char *k)
{
    struct table_reply reply;
    assert_int_equal(table_delete(t, START, key_of("d", k), NULL, NULL, &reply), TABLE_OK);
}

/* Each item once, in the order of first writes, however often it was written. */
static void changes_are_told_item_by_item(void **state)
{
    (void)state;
    static const struct change expected[] = {
        {100, 300},
        {0,   150},
        {120, 0  }
    };
    struct table *t = open_table();
    struct changes changes = {.count = 0};
    (void)put_units(t, sized("d", "a", NULL, 100));
    (void)put_units(t, sized("d", "b", NULL, 120));
    uint64_t mark = table_mark(t);
    uint64_t since = table_next_write(t);
    (void)put_units(t, sized("d", "a", NULL, 200));
    (void)put_units(t, sized("d", "c", NULL, 150));
    (void)put_units(t, sized("d", "a", NULL, 300));
    remove_key(t, "b");
    (void)put_units(t, sized("d", "e", NULL, 170));
    remove_key(t, "e");
    assert_int_equal(table_next_write(t), since + 6);
    table_each_change(t, since, note_change, &changes);
    assert_int_equal(changes.count, 3);
    assert_memory_equal(changes.list, expected, sizeof expected);
    table_rollback(t, mark);
    assert_int_equal(table_next_write(t), since);
    changes.count = 0;
    table_each_change(t, since, note_change, &changes);
    assert_int_equal(changes.count, 0);
    table_release_marks(t);
    close_table(t);
}

/* Refusals */

static void too_many_items_are_a_verdict(void **state)
{
    (void)state;
    struct table *t = open_with(0, 0, 0, 3);
    struct table_reply reply;
    (void)put_units(t, sized("d", "a", NULL, 100));
    (void)put_units(t, sized("d", "b", NULL, 100));
    (void)put_units(t, sized("d", "c", NULL, 100));
    (void)put_units(t, sized("d", "c", NULL, 200));
    assert_int_equal(table_put(t, START, sized("d", "e", NULL, 100), NULL, NULL, &reply),
                     TABLE_FULL);
    assert_string_equal(table_message(t), "table tracking: more than 3 items, or out of memory");
    assert_int_equal(table_count(t), 3);
    close_table(t);
}

/* An item or key that is refused. */
struct invalid_case {
    const char *message;
    struct value d, k, status; /* type S with size 0: not given at all; see make_invalid */
    uint32_t padding;
};

static struct item make_invalid(const struct invalid_case *c)
{
    struct item_writer w = item_writer(buffer, BYTES);

    const struct {
        const char *name;
        const struct value *value;
    } attributes[] = {
        {"d",      &c->d     },
        {"k",      &c->k     },
        {"status", &c->status}
    };

    for (int i = 0; i < 3; i++) {
        if (attributes[i].value->type != TYPE_S || attributes[i].value->bytes.at != NULL) {
            item_add(&w, text_from(attributes[i].name), attributes[i].value);
        }
    }
    if (c->padding > 0) {
        item_add_s(&w, TEXT("p"), (struct text){padding, c->padding});
    }
    return item_written(&w);
}

#define S(text)                                                                                    \
    {                                                                                              \
        .type = TYPE_S, .bytes = { text, sizeof(text) - 1 }                                        \
    }
/* DDB-LIMIT-2, DDB-LIMIT-3, DDB-GSI-2 */
static struct invalid_case invalid_cases[] = {
    {WRONG "Missing the key k in the item",                                                       S("d"), {0},              {0},   0         },
    {WRONG "Missing the key d in the item",                                                       {0},    S("k"),           {0},   0         },
    {WRONG "Type mismatch for key k expected: S actual: N",                                       S("d"), {.type = TYPE_N}, {0},   0         },
    {"One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
     "contain an empty string value. Key: d",                                                S(""),
     S("k"),
     {0},
     0                                                                                                                                       },
    {WRONG "Size of hashkey has exceeded the maximum size limit of2048 bytes",
     {.bytes = {padding, 2049}},
     S("k"),
     {0},
     0                                                                                                                                       },
    {WRONG "Aggregated size of all range keys has exceeded the size limit of 1024 bytes",
     S("d"),
     {.bytes = {padding, 1025}},
     {0},
     0                                                                                                                                       },
    {WRONG "Type mismatch for Index Key status Expected: S Actual: NULL IndexName: status-index",
     S("d"),
     S("k"),
     {.type = TYPE_NULL},
     0                                                                                                                                       },
    {"One or more parameter values are not valid. A value specified for a secondary index key is "
     "not supported. The AttributeValue for a key attribute cannot contain an empty string value. "
     "IndexName: status-index, IndexKey: status",                                            S("d"), S("k"),           S(""), 0         },
    {"Item size has exceeded the maximum allowed size",                                           S("d"), S("k"),           {0},   409600 - 4},
    {WRONG "An string set  may not be empty",
     S("d"),
     S("k"),
     {0},
     0                                                                                                                                       }, /* with a set added by the test */
};

static void what_is_not_an_item_is_refused(void **state)
{
    const struct invalid_case *c = *state;
    struct table *t = open_table();
    struct table_reply reply;
    char set_bytes[16];
    char item_bytes[256];
    struct item item = make_invalid(c);
    if (strstr(c->message, "set  may") != NULL) {
        struct item_writer set = item_writer(set_bytes, sizeof set_bytes);
        struct value empty = {.type = TYPE_SS, .bytes = item_written(&set).bytes};
        struct item_writer w = item_writer(item_bytes, sizeof item_bytes);
        item_copy(&w, item);
        item_add(&w, TEXT("tags"), &empty);
        item = item_written(&w);
    }
    assert_int_equal(table_put(t, START, item, NULL, NULL, &reply), TABLE_INVALID);
    assert_string_equal(table_message(t), c->message);
    assert_int_equal(reply.wcu_milli, 0);
    assert_int_equal(table_count(t), 0);
    close_table(t);
}

/* A query that is refused: key condition, filter, and why (DDB-EXPR-5, DDB-EXPR-9). */
struct query_case {
    const char *message, *key, *filter;
    int32_t index;
    bool consistent;
    struct value value;
};

static struct query_case query_cases[] = {
    {"Query condition missed key schema element: d",                                            "k = :v",                       NULL,          TABLE_BASE, false, S("x")},
    {"Query condition missed key schema element: k",                                            "d = :v AND e = :v",            NULL,          TABLE_BASE, false,
     S("x")                                                                                                                                                             },
    {"Query key condition not supported",                                                       "d > :v",                       NULL,          TABLE_BASE, false, S("x")},
    {"Query condition missed key schema element: status",                                       "d = :v",                       NULL,          0,          false, S("x")},
    {"The number of query conditions (3) exceeds the number of key attributes defined in the "
     "schema (2)",                                                                         "d = :v AND k = :v AND e = :v", NULL,          TABLE_BASE, false, S("x")},
    {"Filter Expression can only contain non-primary key attributes: Primary key attribute: k",
     "d = :v",                                                                                                                  "k.a[0] = :v", TABLE_BASE, false, S("x")},
    {SCALARS "IndexKey: status",                                                                "d = :v",                       "#s[0] = :v",  TABLE_BASE, false, S("x")},
    {SCALARS "Key: k",                                                                          "#s = :v",                      "k.x = :v",    0,          false, S("x")},
    {"Consistent reads are not supported on global secondary indexes",                          "#s = :v",                      NULL,          0,          true,
     S("x")                                                                                                                                                             },
    {"Filter Expression can only contain non-primary key attributes: Primary key attribute: k",
     "d = :v",                                                                                                                  "k = :v",      TABLE_BASE, false, S("x")},
    {WRONG "Condition parameter type does not match schema type",
     "d = :v",                                                                                                                  NULL,
     TABLE_BASE,                                                                                                                                           false,
     {.type = TYPE_N}                                                                                                                                                   },
};

static void what_is_not_a_query_is_refused(void **state)
{
    const struct query_case *c = *state;
    struct table *t = open_table();
    struct expression *key = compile(EXPRESSION_KEY, c->key);
    struct expression *filter = c->filter == NULL ? NULL : compile(EXPRESSION_FILTER, c->filter);
    struct table_query q = {.index = c->index,
                            .consistent = c->consistent,
                            .as_of = START,
                            .key = key,
                            .filter = filter,
                            .values = &c->value};
    struct table_page page;
    assert_int_equal(table_read_page(t, START, &q, &page), TABLE_INVALID);
    assert_string_equal(table_message(t), c->message);
    expression_free(key);
    expression_free(filter);
    close_table(t);
}

static void other_calls_refuse_too(void **state)
{
    (void)state;
    struct table *t = open_table();
    struct table_reply reply;
    struct item item;
    struct expression *set_key = compile(EXPRESSION_UPDATE, "SET k = :v");
    struct expression *set_status = compile(EXPRESSION_UPDATE, "SET #s = :v");
    struct expression *key = compile(EXPRESSION_KEY, "d = :v");
    struct value values[] = {value_n(1)};
    assert_int_equal(table_get(t, START, START, sized("d", "k", NULL, 100), &item, &reply),
                     TABLE_INVALID);
    assert_string_equal(table_message(t), "The provided key element does not match the schema");
    assert_int_equal(table_update(t, START, key_of("d", "k"), set_key, NULL, values, &reply),
                     TABLE_INVALID);
    assert_string_equal(table_message(t), WRONG "Cannot update attribute k. This attribute is part "
                                                "of the key");
    assert_int_equal(table_update(t, START, key_of("d", "k"), set_status, NULL, values, &reply),
                     TABLE_INVALID);
    assert_string_equal(table_message(t), WRONG "Type mismatch for Index Key status Expected: S "
                                                "Actual: N IndexName: status-index");
    struct value d = value_s(TEXT("d"));
    struct table_query q = {.index = TABLE_BASE,
                            .as_of = START,
                            .key = key,
                            .values = &d,
                            .start_key = TEXT("rubbish")};
    struct table_page page;
    assert_int_equal(table_read_page(t, START, &q, &page), TABLE_INVALID);
    assert_string_equal(table_message(t), "The provided starting key is invalid");
    expression_free(set_key);
    expression_free(set_status);
    expression_free(key);
    close_table(t);
}

#define ROWS(cases, function)                                                                      \
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases)[0]; i++) {                                \
        tests[n++] = (struct CMUnitTest){(cases)[i].name, function, NULL, NULL, &(cases)[i]};      \
    }

int main(void)
{
    static struct CMUnitTest tests[100];
    size_t n = 0;
    memset(padding, 'x', sizeof padding);
    ROWS(write_cases, a_write_costs)
    ROWS(index_cases, an_index_write_costs)
    ROWS(page_cases, a_page_holds)
    for (size_t i = 0; i < sizeof invalid_cases / sizeof invalid_cases[0]; i++) {
        tests[n++] = (struct CMUnitTest){invalid_cases[i].message, what_is_not_an_item_is_refused,
                                         NULL, NULL, &invalid_cases[i]};
    }
    for (size_t i = 0; i < sizeof query_cases / sizeof query_cases[0]; i++) {
        tests[n++] = (struct CMUnitTest){query_cases[i].message, what_is_not_a_query_is_refused,
                                         NULL, NULL, &query_cases[i]};
    }
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(a_failed_condition_costs_as_a_write),
        cmocka_unit_test(a_get_costs_by_4_kb_and_half_when_eventual),
        cmocka_unit_test(unused_capacity_lasts_300_seconds),
        cmocka_unit_test(an_index_without_capacity_throttles_the_table),
        cmocka_unit_test(a_throttled_query_visits_nothing),
        cmocka_unit_test(an_update_of_nothing_makes_an_item),
        cmocka_unit_test(keys_have_no_documents),
        cmocka_unit_test(an_index_lags_and_is_sparse),
        cmocka_unit_test(a_rollback_restores_everything),
        cmocka_unit_test(a_rollback_gives_capacity_back),
        cmocka_unit_test(changes_are_told_item_by_item),
        cmocka_unit_test(too_many_items_are_a_verdict),
        cmocka_unit_test(other_calls_refuse_too),
    };
    memcpy(tests + n, others, sizeof others);
    n += sizeof others / sizeof others[0];
    return _cmocka_run_group_tests("table", tests, n, NULL, NULL);
}

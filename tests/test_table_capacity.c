/* test_table_capacity.c: who pays for a call, and who refuses it: the table, each index, a key
 * value, the account.
 *
 * Figures are worked out by hand. A table of config's own is filled call by call; after each the
 * reply's units, the reason of a refusal, the totals and the seconds are held against what AWS
 * documents. Sources: DDB-CAPACITY-*, DDB-THROTTLE-*, DDB-GSI-3, DDB-GSI-4, DDB-CAPACITY-10.
 */
#include "model/dynamodb/table_state.h"

#include "tests/cases.h"

#include <stdio.h>

enum { BYTES = 500000, MILLI = 1000 };

static const struct instant START = {INT64_C(1769763600) * NS_PER_S};
static char buffer[BYTES];
static char padding[BYTES];

/* Items {h, r, p: padding} with a global index on g and a local one on l, both sparse. */
static struct table_config config_of(void)
{
    return (struct table_config){
        .name = "t",
        .hash_key = {"h",                                                                       TYPE_S},
        .range_key = {"r",                                                                       TYPE_S},
        .history = duration_s(10),
        .items_max = 100000,
        .cache_bytes = 1 << 30,
        .indexes_count = 2,
        .indexes = {{.name = "global", .hash_key = {"g", TYPE_S}, .range_key = {"r", TYPE_S}},
                     {.name = "local",
                     .hash_key = {"h", TYPE_S},
                     .range_key = {"l", TYPE_S},
                     .local = true}                                                                   },
    };
}

static struct table *open_config(const struct table_config *config)
{
    struct error error;
    struct table *t = table_open(config, START, &error);
    if (t == NULL) {
        fail_msg("%s", error.message);
    }
    return t;
}

static void close_table(struct table *t)
{
    struct error error;
    assert_int_equal(table_close(t, &error), STATUS_OK);
}

static struct instant at_ms(int64_t ms)
{
    return instant_add(START, duration_ms(ms));
}

/* An item of exactly that many bytes; g and l where they are not empty. */
static struct item sized(const char *h, const char *r, const char *g, const char *l, uint32_t size)
{
    struct item_writer w = item_writer(buffer, BYTES);
    item_add_s(&w, TEXT("h"), text_from(h));
    item_add_s(&w, TEXT("r"), text_from(r));
    if (g[0] != '\0') {
        item_add_s(&w, TEXT("g"), text_from(g));
    }
    if (l[0] != '\0') {
        item_add_s(&w, TEXT("l"), text_from(l));
    }
    item_add_s(&w, TEXT("p"), (struct text){padding, size - item_size(item_written(&w)) - 1});
    assert_int_equal(item_size(item_written(&w)), size);
    return item_written(&w);
}

static struct item key_of(const char *h, const char *r)
{
    static char bytes[256];
    struct item_writer w = item_writer(bytes, sizeof bytes);
    item_add_s(&w, TEXT("h"), text_from(h));
    item_add_s(&w, TEXT("r"), text_from(r));
    return item_written(&w);
}

static struct table_reply put(struct table *t, struct instant now, struct item item,
                              enum table_result expected)
{
    struct table_reply reply;
    assert_int_equal(table_put(t, now, item, NULL, NULL, &reply), expected);
    return reply;
}

static void assert_units(const struct table_reply *reply, int64_t base, int64_t global,
                         int64_t local)
{
    assert_int_equal(reply->units[0], base * MILLI);
    assert_int_equal(reply->units[1], global * MILLI);
    assert_int_equal(reply->units[2], local * MILLI);
    assert_int_equal(reply->wcu_milli, (base + global + local) * MILLI);
}

static void assert_throttled(struct throttle throttled, int32_t index, enum throttle_reason reason)
{
    assert_int_equal(throttled.reason, reason);
    assert_int_equal(throttled.index, index);
}

/* What a put costs the table and each index, by the item before and after. */

struct put_case {
    const char *name;
    const char *g_before, *l_before;
    uint32_t before; /* bytes; 0: no item */
    const char *g, *l;
    uint32_t after;
    int64_t base, global, local;
};

static struct put_case put_cases[] = {
    {"1024 bytes, in no index",           "",  "",  0,    "",  "",  1024,   1,   0,   0  },
    {"1025 bytes, in no index",           "",  "",  0,    "",  "",  1025,   2,   0,   0  },
    {"1025 bytes, into both",             "",  "",  0,    "g", "l", 1025,   2,   2,   2  },
    {"400 KB, into both",                 "",  "",  0,    "g", "l", 409600, 400, 400, 400},
    {"nothing changes",                   "g", "l", 1500, "g", "l", 1500,   2,   0,   0  },
    {"smaller, same keys",                "g", "l", 3000, "g", "l", 100,    3,   3,   3  },
    {"the global index's key changes",    "g", "l", 3000, "x", "l", 100,    3,   4,   3  },
    {"the local index's key changes",     "g", "l", 3000, "g", "x", 100,    3,   3,   4  },
    {"out of the global one, into local", "g", "",  3000, "",  "l", 2000,   3,   3,   2  },
    {"in neither before nor after",       "",  "",  3000, "",  "",  2000,   3,   0,   0  },
};

static void a_put_costs(void **state)
{
    const struct put_case *c = *state;
    struct table_config config = config_of();
    struct table *t = open_config(&config);
    if (c->before > 0) {
        (void)put(t, START, sized("h", "r", c->g_before, c->l_before, c->before), TABLE_OK);
    }
    struct table_consumed base = table_consumed(t, TABLE_BASE);
    struct table_consumed global = table_consumed(t, 0);
    struct table_reply reply = put(t, START, sized("h", "r", c->g, c->l, c->after), TABLE_OK);
    assert_units(&reply, c->base, c->global, c->local);
    assert_int_equal(reply.rcu_milli, 0);
    assert_throttled(reply.throttled, TABLE_BASE, THROTTLE_NONE);
    /* DDB-CAPACITY-10: the local index's writes are the table's. */
    assert_int_equal(table_consumed(t, TABLE_BASE).wcu_milli - base.wcu_milli,
                     (c->base + c->local) * MILLI);
    assert_int_equal(table_consumed(t, 0).wcu_milli - global.wcu_milli, c->global * MILLI);
    assert_int_equal(table_consumed(t, 1).wcu_milli, 0);
    close_table(t);
}

static void deletes_and_failed_conditions_cost(void **state)
{
    (void)state;
    struct table_config config = config_of();
    struct table *t = open_config(&config);
    struct table_reply reply;
    struct error error;
    struct expression *absent =
        expression_compile(EXPRESSION_CONDITION,
                           &(struct expression_source){"attribute_not_exists(h)", NULL,
                                                       (const char *const[]){NULL}, NULL},
                           &error);
    assert_non_null(absent);
    (void)put(t, START, sized("h", "r", "g", "l", 2049), TABLE_OK);
    assert_int_equal(table_put(t, START, sized("h", "r", "x", "x", 5000), absent, NULL, &reply),
                     TABLE_CONDITION_FAILED);
    assert_units(&reply, 5, 0, 0);
    assert_int_equal(table_delete(t, START, key_of("h", "r"), absent, NULL, &reply),
                     TABLE_CONDITION_FAILED);
    assert_units(&reply, 3, 0, 0);
    assert_int_equal(table_delete(t, START, key_of("h", "r"), NULL, NULL, &reply), TABLE_OK);
    assert_units(&reply, 3, 3, 3);
    assert_int_equal(table_delete(t, START, key_of("h", "r"), NULL, NULL, &reply), TABLE_OK);
    assert_units(&reply, 1, 0, 0);
    expression_free(absent);
    close_table(t);
}

/* DDB-CAPACITY-9 */
static void a_transaction_costs_double(void **state)
{
    (void)state;
    struct table_config config = config_of();
    struct table *t = open_config(&config);
    struct table_reply reply;
    struct item item;
    t->transactional = true;
    reply = put(t, START, sized("h", "r", "g", "", 1025), TABLE_OK);
    assert_units(&reply, 4, 4, 0);
    assert_int_equal(table_get(t, START, START, key_of("h", "r"), &item, &reply), TABLE_OK);
    assert_int_equal(reply.rcu_milli, 2 * MILLI);
    assert_int_equal(reply.units[0], 2 * MILLI);
    t->transactional = false;
    assert_int_equal(table_get(t, START, START, key_of("h", "r"), &item, &reply), TABLE_OK);
    assert_int_equal(reply.rcu_milli, 1 * MILLI);
    close_table(t);
}

/* DDB-THROTTLE-1, DDB-THROTTLE-4. Who refuses, and why: the same put again and again within a
 * second, under one limit. */

struct limit_case {
    const char *name;
    int64_t wcu, index_wcu, max_wcu, index_max_wcu;
    struct table_limits limits;
    uint32_t size;
    int64_t admitted; /* puts of items of `size` bytes with a g, all under one h and one g */
    int32_t index;
    enum throttle_reason reason;
};

static struct limit_case limit_cases[] = {
    {"provisioned, 300 s of it",
     2,                                                                     0,
     0,                                                                              0,
     {.key_wcu = 1000},
     1024,                                                                                                       600,
     TABLE_BASE,                                                                                                          THROTTLE_PROVISIONED  },
    {"provisioned, 10 s of it",
     20,                                                                    0,
     0,                                                                              0,
     {.burst = {10 * NS_PER_S}},
     1025,                                                                                                       100,
     TABLE_BASE,                                                                                                          THROTTLE_PROVISIONED  },
    {"the index's provision",                                            2, 1,    0, 0, {.key_wcu = 1000}, 1024, 300,  0, THROTTLE_PROVISIONED  },
    {"a key value's units, of many provisioned",
     1000,                                                                  1000,
     0,                                                                              0,
     {.key_wcu = 1000},
     1024,                                                                                                       1000,
     TABLE_BASE,                                                                                                          THROTTLE_KEY_RANGE    },
    {"in items of 3 KB",
     1000,                                                                  1000,
     0,                                                                              0,
     {.key_wcu = 1000},
     3000,                                                                                                       333,
     TABLE_BASE,                                                                                                          THROTTLE_KEY_RANGE    },
    {"on demand, what it starts with",
     0,                                                                     0,
     0,                                                                              0,
     {.first_wcu = 400},
     1024,                                                                                                       400,
     TABLE_BASE,                                                                                                          THROTTLE_KEY_RANGE    },
    {"the owner's maximum",
     0,                                                                     0,
     2,                                                                              0,
     {.first_wcu = 4000},
     1024,                                                                                                       600,
     TABLE_BASE,                                                                                                          THROTTLE_ON_DEMAND_MAX},
    {"the owner's maximum of the index",
     0,                                                                     0,
     2,                                                                              1,
     {.first_wcu = 4000},
     1024,                                                                                                       300,
     0,                                                                                                                   THROTTLE_ON_DEMAND_MAX},
    {"the account's, of table and index together",
     0,                                                                     0,
     0,                                                                              0,
     {.account_wcu = 501},
     1024,                                                                                                       250,
     TABLE_BASE,                                                                                                          THROTTLE_ACCOUNT      },
    {"the account's, of the index alone where the table is provisioned",
     1000,                                                                  0,
     0,                                                                              0,
     {.account_wcu = 500},
     1024,                                                                                                       500,
     0,                                                                                                                   THROTTLE_ACCOUNT      },
    {"a request beyond a limit has an unused second",
     0,                                                                     0,
     0,                                                                              0,
     {.key_wcu = 3},
     10000,                                                                                                      1,
     TABLE_BASE,                                                                                                          THROTTLE_KEY_RANGE    },
};

static void a_limit_refuses(void **state)
{
    const struct limit_case *c = *state;
    struct table_config config = config_of();
    config.indexes_count = 1;
    config.wcu = c->wcu;
    config.max_wcu = c->max_wcu;
    config.indexes[0].wcu = c->index_wcu;
    config.indexes[0].max_wcu = c->index_max_wcu;
    config.limits = c->limits;
    struct table *t = open_config(&config);
    struct table_reply reply;
    char r[32];
    int64_t admitted = -1;
    enum table_result result;
    do {
        admitted++;
        (void)snprintf(r, sizeof r, "%lld", (long long)admitted);
        result = table_put(t, START, sized("h", r, "g", "", c->size), NULL, NULL, &reply);
    } while (result == TABLE_OK && admitted <= c->admitted);
    assert_int_equal(result, TABLE_THROTTLED);
    assert_int_equal(admitted, c->admitted);
    assert_throttled(reply.throttled, c->index, c->reason);
    assert_int_equal(reply.wcu_milli, 0);
    assert_int_equal(reply.units[0], 0);
    assert_int_equal(table_count(t), admitted);
    assert_int_equal(table_consumed(t, c->index).throttled_writes, 1);
    assert_true(table_consumed(t, c->index).wcu_milli >= admitted * MILLI);
    close_table(t);
}

/* Without limits, and without provision, nothing ever throttles. */
static void nothing_holds_back_a_table_without_limits(void **state)
{
    (void)state;
    struct table_config config = config_of();
    struct table *t = open_config(&config);
    for (int i = 0; i < 50000; i++) {
        (void)put(t, START, sized("h", "r", "g", "l", 100 + (uint32_t)i % 2), TABLE_OK);
    }
    assert_int_equal(table_consumed(t, TABLE_BASE).throttled_writes, 0);
    close_table(t);
}

/* DDB-THROTTLE-2: key values have 1000 units each, in every second anew. */
static void key_values_have_limits_of_their_own(void **state)
{
    (void)state;
    struct table_config config = config_of();
    config.limits = table_limits_aws;
    struct table *t = open_config(&config);
    for (int second = 0; second < 3; second++) {
        for (const char *h = "abcd"; *h != '\0'; h++) {
            const char key[] = {*h, '\0'};
            struct instant now = at_ms(second * 1000);
            struct item item = sized(key, "r", "", "", 102400);
            for (int i = 0; i < 10; i++) {
                (void)put(t, now, item, TABLE_OK);
            }
            struct table_reply reply = put(t, at_ms(second * 1000 + 999), item, TABLE_THROTTLED);
            assert_throttled(reply.throttled, TABLE_BASE, THROTTLE_KEY_RANGE);
        }
        /* Four of them are what the table starts with. */
        struct table_reply reply =
            put(t, at_ms(second * 1000 + 999), sized("e", "r", "", "", 10), TABLE_THROTTLED);
        assert_throttled(reply.throttled, TABLE_BASE, THROTTLE_KEY_RANGE);
    }
    assert_int_equal(table_consumed(t, TABLE_BASE).wcu_milli, 3 * 4000 * MILLI);
    assert_int_equal(table_consumed(t, TABLE_BASE).throttled_writes, 3 * 5);
    close_table(t);
}

/* An index's key values have them, too: items of all partitions meet under one status. */
static void an_index_key_value_holds_back_the_table(void **state)
{
    (void)state;
    struct table_config config = config_of();
    config.limits.key_wcu = 1000;
    struct table *t = open_config(&config);
    char h[16];
    for (int i = 0; i < 1000; i++) {
        (void)snprintf(h, sizeof h, "%d", i);
        (void)put(t, START, sized(h, "r", "pending", "", 100), TABLE_OK);
    }
    struct table_reply reply = put(t, START, sized("x", "r", "pending", "", 100), TABLE_THROTTLED);
    assert_throttled(reply.throttled, 0, THROTTLE_KEY_RANGE);
    /* An entry that moves takes of both values: 1 + 1. */
    reply = put(t, START, sized("0", "r", "done", "", 100), TABLE_THROTTLED);
    assert_throttled(reply.throttled, 0, THROTTLE_KEY_RANGE);
    (void)put(t, START, sized("x", "r", "done", "", 100), TABLE_OK);
    reply = put(t, at_ms(1000), sized("0", "r", "done", "", 100), TABLE_OK);
    assert_units(&reply, 1, 2, 0);
    close_table(t);
}

/* Reads: a key value's 3000 a second; a Scan is of none. */
static void a_key_value_is_read_so_often(void **state)
{
    (void)state;
    struct table_config config = config_of();
    config.limits = table_limits_aws;
    struct table *t = open_config(&config);
    struct table_reply reply;
    struct item item;
    (void)put(t, START, sized("h", "r", "", "", 409600), TABLE_OK);
    for (int i = 0; i < 30; i++) {
        assert_int_equal(table_get(t, at_ms(1), at_ms(1), key_of("h", "r"), &item, &reply),
                         TABLE_OK);
        assert_int_equal(reply.rcu_milli, 100 * MILLI);
    }
    assert_int_equal(table_get(t, at_ms(999), at_ms(999), key_of("h", "r"), &item, &reply),
                     TABLE_THROTTLED);
    assert_throttled(reply.throttled, TABLE_BASE, THROTTLE_KEY_RANGE);
    assert_int_equal(reply.rcu_milli, 0);
    assert_int_equal(item.bytes.size, 0);
    assert_int_equal(table_get(t, at_ms(999), at_ms(999), key_of("i", "r"), &item, &reply),
                     TABLE_OK);
    struct table_query scan = {.index = TABLE_BASE, .consistent = true, .as_of = at_ms(999)};
    struct table_page page;
    assert_int_equal(table_read_page(t, at_ms(999), &scan, &page), TABLE_OK);
    assert_int_equal(page.rcu_milli, 100 * MILLI);
    assert_int_equal(page.throttled.reason, THROTTLE_NONE);
    assert_int_equal(table_get(t, at_ms(1000), START, key_of("h", "r"), &item, &reply), TABLE_OK);
    assert_int_equal(reply.rcu_milli, 50 * MILLI);
    close_table(t);
}

/* DDB-CAPACITY-7: what a second used counts twice after half an hour. */
static void a_peak_may_be_doubled(void **state)
{
    (void)state;
    struct table_config config = config_of();
    config.limits.first_wcu = 500;
    struct table *t = open_config(&config);

    const struct {
        int64_t at_ms, units; /* puts of 100 units until one is refused */
    } seconds[] = {
        {0,       500 },
        {1799999, 500 },
        {1800000, 1000},
        {1801000, 1000},
        {3600000, 2000},
        {7200000, 4000},
    };

    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        int64_t units = 0;
        struct table_reply reply;
        while (table_put(t, at_ms(seconds[i].at_ms), sized("h", "r", "", "", 102400), NULL, NULL,
                         &reply) == TABLE_OK) {
            units += 100;
        }
        assert_int_equal(units, seconds[i].units);
    }
    close_table(t);
}

/* The seconds: one row each where something was asked, the current one included. */
static void seconds_are_told(void **state)
{
    (void)state;
    struct table_config config = config_of();
    config.limits.key_wcu = 5;
    struct table *t = open_config(&config);
    struct table_reply reply;
    struct item item;
    assert_int_equal(table_seconds_count(t), 0);
    (void)put(t, at_ms(0), sized("h", "r", "g", "", 3000), TABLE_OK);
    (void)put(t, at_ms(999), sized("h", "s", "", "", 3000), TABLE_THROTTLED);
    assert_int_equal(table_get(t, at_ms(5000), at_ms(5000), key_of("h", "r"), &item, &reply),
                     TABLE_OK);
    assert_int_equal(table_get(t, at_ms(5000), START, key_of("h", "r"), &item, &reply), TABLE_OK);
    const struct table_second expected[] = {
        {START.ns / NS_PER_S,     TABLE_BASE, {0, 3000, 0, 1}, 0, 3000},
        {START.ns / NS_PER_S + 5, TABLE_BASE, {1500, 0, 0, 0}, 0, 0   },
        {START.ns / NS_PER_S,     0,          {0, 3000, 0, 0}, 0, 0   },
    };
    assert_int_equal(table_seconds_count(t), 3);
    for (uint64_t i = 0; i < 3; i++) {
        struct table_second row;
        memset(&row, 0, sizeof row);
        table_second(t, i, &row);
        assert_int_equal(row.second, expected[i].second);
        assert_int_equal(row.index, expected[i].index);
        assert_memory_equal(&row.consumed, &expected[i].consumed, sizeof row.consumed);
        assert_int_equal(row.throttled_rcu_milli, expected[i].throttled_rcu_milli);
        assert_int_equal(row.throttled_wcu_milli, expected[i].throttled_wcu_milli);
    }
    close_table(t);
}

/* Totals, seconds, buckets and key values go back with a mark, also several times. */
static void a_rollback_takes_use_back(void **state)
{
    (void)state;
    struct table_config config = config_of();
    config.wcu = 4;
    config.limits.key_wcu = 10;
    struct table *t = open_config(&config);
    (void)put(t, at_ms(0), sized("h", "r", "g", "", 3000), TABLE_OK);
    uint64_t first = table_mark(t);
    for (int i = 0; i < 3; i++) {
        (void)put(t, at_ms(1), sized("h", "s", "g", "", 5000), TABLE_OK);
        uint64_t second = table_mark(t);
        (void)put(t, at_ms(2), sized("h", "t", "", "", 3000), TABLE_THROTTLED);
        (void)put(t, at_ms(3), sized("i", "t", "", "", 10000), TABLE_OK);
        (void)put(t, at_ms(2000), sized("h", "r", "", "", 10000), TABLE_OK);
        assert_int_equal(table_seconds_count(t), 4);
        table_rollback(t, second);
        assert_int_equal(table_seconds_count(t), 2);
        assert_int_equal(table_consumed(t, TABLE_BASE).wcu_milli, 8 * MILLI);
        assert_int_equal(table_consumed(t, TABLE_BASE).throttled_writes, 0);
        /* h has used 3 and 5 of its 10, i nothing. */
        (void)put(t, at_ms(3), sized("h", "t", "", "", 3000), TABLE_THROTTLED);
        (void)put(t, at_ms(3), sized("h", "t", "", "", 2000), TABLE_OK);
        (void)put(t, at_ms(3), sized("i", "t", "", "", 10000), TABLE_OK);
        (void)put(t, at_ms(3), sized("i", "t", "", "", 10000), TABLE_THROTTLED);
        table_rollback(t, first);
        assert_int_equal(table_consumed(t, TABLE_BASE).wcu_milli, 3 * MILLI);
        assert_int_equal(table_consumed(t, 0).wcu_milli, 3 * MILLI);
    }
    table_release_marks(t);
    /* 3 of 10 are used up; after the marks nothing is kept to undo. */
    (void)put(t, at_ms(4), sized("h", "s", "", "", 7000), TABLE_OK);
    (void)put(t, at_ms(4), sized("h", "s", "", "", 100), TABLE_THROTTLED);
    close_table(t);
}

/* Rates that cannot be counted are refused when the table is opened. */
static void what_is_out_of_range_is_refused(void **state)
{
    (void)state;
    struct error error;
    for (int i = 0; i < 5; i++) {
        struct table_config config = config_of();
        int64_t *members[] = {&config.wcu, &config.max_rcu, &config.indexes[0].max_wcu,
                              &config.limits.key_rcu, &config.limits.burst.ns};
        *members[i] = i < 4 ? CAPACITY_RATE_MAX + 1 : 1;
        assert_null(table_open(&config, START, &error));
        assert_non_null(strstr(error.message, "out of range"));
    }
}

/* Puts of 1 unit until one is refused. */
static int64_t puts_until_throttled(struct table *t, struct instant now)
{
    struct table_reply reply;
    int64_t puts = 0;
    while (table_put(t, now, sized("h", "r", "", "", 100), NULL, NULL, &reply) == TABLE_OK) {
        puts++;
    }
    return puts;
}

/* DDB-CAPACITY-11 */
static void a_change_of_units_keeps_what_was_saved_up(void **state)
{
    (void)state;
    struct error error;
    struct table_config config = config_of();
    config.wcu = 2;
    struct table *t = open_config(&config);
    assert_int_equal(puts_until_throttled(t, at_ms(0)), 600);
    /* 2 units of a second, then 10 a second. */
    config.wcu = 10;
    assert_int_equal(table_set_capacity(t, at_ms(1000), &config, &error), STATUS_OK);
    assert_int_equal(puts_until_throttled(t, at_ms(1000)), 2);
    assert_int_equal(puts_until_throttled(t, at_ms(2000)), 10);
    /* Down again: of the 3000 that were saved up 600 fit. */
    config.wcu = 2;
    assert_int_equal(table_set_capacity(t, at_ms(500000), &config, &error), STATUS_OK);
    assert_int_equal(puts_until_throttled(t, at_ms(500000)), 600);
    close_table(t);
}

static void a_table_turned_on_demand_starts_with_its_provision(void **state)
{
    (void)state;
    struct error error;
    struct table_config config = config_of();
    config.wcu = 900;
    struct table *t = open_config(&config);
    config.wcu = 0;
    config.limits.first_wcu = 400;
    assert_int_equal(table_set_capacity(t, at_ms(0), &config, &error), STATUS_OK);
    assert_int_equal(puts_until_throttled(t, at_ms(0)), 900);
    /* Its peaks are kept when the limits change. */
    config.limits.first_wcu = 500;
    assert_int_equal(table_set_capacity(t, at_ms(1500), &config, &error), STATUS_OK);
    assert_int_equal(puts_until_throttled(t, at_ms(2000)), 900);
    assert_int_equal(puts_until_throttled(t, at_ms(1800000)), 1800);
    config.limits.first_wcu = -1;
    assert_int_equal(table_set_capacity(t, at_ms(1800000), &config, &error), STATUS_BAD_INPUT);
    close_table(t);
}

/* DDB-CAPACITY-8: 100 bytes for each item, in the table and in each index. */
static void storage_is_billed(void **state)
{
    (void)state;
    struct table_config config = config_of();
    struct table *t = open_config(&config);
    assert_int_equal(table_stored_bytes(t, TABLE_BASE), 0);
    (void)put(t, START, sized("h", "r", "g", "", 3000), TABLE_OK);
    (void)put(t, START, sized("h", "s", "", "", 500), TABLE_OK);
    assert_int_equal(table_stored_bytes(t, TABLE_BASE), 3000 + 500 + 200);
    assert_int_equal(table_stored_bytes(t, 0), 3000 + 100);
    assert_int_equal(table_stored_bytes(t, 1), 0);
    close_table(t);
}

int main(void)
{
    struct cases cases = {.count = 0};
    memset(padding, 'x', sizeof padding);
    CASES_ADD_TABLE(&cases, a_put_costs, put_cases);
    CASES_ADD(&cases, deletes_and_failed_conditions_cost);
    CASES_ADD(&cases, a_transaction_costs_double);
    CASES_ADD_TABLE(&cases, a_limit_refuses, limit_cases);
    CASES_ADD(&cases, nothing_holds_back_a_table_without_limits);
    CASES_ADD(&cases, key_values_have_limits_of_their_own);
    CASES_ADD(&cases, an_index_key_value_holds_back_the_table);
    CASES_ADD(&cases, a_key_value_is_read_so_often);
    CASES_ADD(&cases, a_peak_may_be_doubled);
    CASES_ADD(&cases, seconds_are_told);
    CASES_ADD(&cases, a_rollback_takes_use_back);
    CASES_ADD(&cases, what_is_out_of_range_is_refused);
    CASES_ADD(&cases, a_change_of_units_keeps_what_was_saved_up);
    CASES_ADD(&cases, a_table_turned_on_demand_starts_with_its_provision);
    CASES_ADD(&cases, storage_is_billed);
    return cases_run("table's capacity", &cases);
}

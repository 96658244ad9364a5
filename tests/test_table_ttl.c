/* test_table_ttl.c: which items expire, and what their expiry does to a table.
 *
 * A table of values of the ttl attribute, and one of what is done to an item between its time and
 * its deletion. When the service gets round to it is in test_table_sweeper.c, the record in the
 * stream in test_table_stream.c.
 */
#include "tests/cases.h"

#include "model/dynamodb/table.h"

enum { BYTES = 4096 };

#define NOW_S INT64_C(1769763600)

static const struct instant NOW = {NOW_S * NS_PER_S + 999 * NS_PER_MS};
static char buffer[BYTES];

static struct table *open_table(const char *ttl_attribute)
{
    const struct table_config config = {
        .name = "tracking",
        .hash_key = {"d",     TYPE_S},
        .range_key = {"k",       TYPE_S},
        .ttl_attribute = ttl_attribute,
        .history = duration_s(10),
        .items_max = 1000,
        .cache_bytes = 1 << 30,
        .indexes_count = 1,
        .indexes = {
                     {.name = "status-index", .hash_key = {"status", TYPE_S}, .range_key = {"d", TYPE_S}}}
    };
    struct error error;
    struct table *t = table_open(&config, NOW, &error);
    if (t == NULL) {
        fail_msg("%s", error.message);
    }
    return t;
}

static void close_table(struct table *t)
{
    assert_int_equal(table_close(t, NULL), STATUS_OK);
}

static struct item key_of(const char *k)
{
    static char bytes[256];
    struct item_writer w = item_writer(bytes, sizeof bytes);
    item_add_s(&w, TEXT("d"), TEXT("d"));
    item_add_s(&w, TEXT("k"), text_from(k));
    return item_written(&w);
}

/* An item with a ttl; NULL: without. */
static struct item item_of(const char *k, const struct value *ttl)
{
    struct item_writer w = item_writer(buffer, BYTES);
    item_copy(&w, key_of(k));
    item_add_s(&w, TEXT("status"), TEXT("pending"));
    if (ttl != NULL) {
        item_add(&w, TEXT("ttl"), ttl);
    }
    return item_written(&w);
}

static void put(struct table *t, struct item item)
{
    struct table_reply reply;
    assert_int_equal(table_put(t, NOW, item, NULL, NULL, &reply), TABLE_OK);
}

static void note_hash(void *self, uint64_t key_hash, int64_t ttl)
{
    (void)ttl;
    *(uint64_t *)self = key_hash;
}

/* Which values expire (DDB-TTL-1, DDB-TTL-2) */

struct value_case {
    const char *name;
    const char *number; /* of type N; NULL: see `value` */
    struct value value;
    bool expires;
};

/* The numbers are NOW_S and five years before it, with what the name says added. */
static const struct value_case value_cases[] = {
    {"a second ago: expired",                       "1769763599",          {0},                                           true },
    {"the present second: not yet",                 "1769763600",          {0},                                           false},
    {"a second ahead: not yet",                     "1769763601",          {0},                                           false},
    {"five years ago less a second: expired",       "1612083601",          {0},                                           true },
    {"five years ago: taken for a mistake",         "1612083600",          {0},                                           false},
    {"five years and a second ago: likewise",       "1612083599",          {0},                                           false},
    {"0 never expires",                             "0",                   {0},                                           false},
    {"a small number never expires",                "300",                 {0},                                           false},
    {"a negative number never expires",             "-1769763599",         {0},                                           false},
    {"milliseconds are ages ahead",                 "1769763599000",       {0},                                           false},
    {"nanoseconds are",                             "1769763599000000000", {0},                                           false},
    {"what 64 bits cannot hold is",                 "1E+30",               {0},                                           false},
    {"a fraction of a second is ignored",           "1769763599.5",        {0},                                           false},
    {"another way to write the number is the same", "1.769763599E9",       {0},                                           true },
    {"a string is ignored",                         NULL,                  {.type = TYPE_S, .bytes = {"1769763599", 10}}, false},
    {"a binary is ignored",                         NULL,                  {.type = TYPE_B, .bytes = {"1769763599", 10}}, false},
    {"a boolean is ignored",                        NULL,                  {.type = TYPE_BOOL, .boolean = true},          false},
    {"NULL is ignored",                             NULL,                  {.type = TYPE_NULL},                           false},
};

static struct value value_of(const struct value_case *c)
{
    struct value value = c->value;
    if (c->number != NULL) {
        value.type = TYPE_N;
        assert_int_equal(number_parse(text_from(c->number), &value.number, NULL), STATUS_OK);
    }
    return value;
}

/* The item expires if, and only if, all of the interface says so; until it is deleted it is there
 * (DDB-TTL-3), and the deletion consumes nothing. */
static void check_expiry(struct table *t, const char *k, bool expires)
{
    uint64_t hash = 0;
    int64_t ttl = 0;
    struct item old;
    table_each_expiry(t, INT64_MIN + 1, NOW_S, note_hash, &hash);
    assert_int_equal(hash != 0, expires);
    assert_true(!expires || hash == table_key_hash(t, key_of(k)));
    assert_int_equal(table_next_expiry(t, INT64_MIN + 1, &ttl) && ttl < NOW_S, expires);
    assert_true(table_peek(t, TEXT("d"), text_from(k), &old));
    struct table_consumed before = table_consumed(t, TABLE_BASE);
    struct table_consumed index = table_consumed(t, 0);
    assert_int_equal(table_expire(t, NOW, table_key_hash(t, key_of(k)), &old), expires);
    assert_int_equal(table_count(t), expires ? 0 : 1);
    assert_int_equal(table_consumed(t, TABLE_BASE).wcu_milli, before.wcu_milli);
    assert_int_equal(table_consumed(t, 0).wcu_milli, index.wcu_milli);
}

static void a_ttl_of(void **state)
{
    const struct value_case *c = *state;
    struct value value = value_of(c);
    struct table *t = open_table("ttl");
    put(t, item_of("k", &value));
    check_expiry(t, "k", c->expires);
    close_table(t);
}

/* DDB-TTL-1: sets, lists and maps with the right number in them are ignored. */
static void only_a_number_by_itself_counts(void **state)
{
    (void)state;

    static const enum attribute_type types[] = {TYPE_NS, TYPE_L, TYPE_M};
    struct value past = value_n(NOW_S - 1);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char inner[256];
        struct item_writer w = item_writer(inner, sizeof inner);
        if (types[i] == TYPE_NS) {
            item_add_element(&w, &past);
        } else if (types[i] == TYPE_L) {
            item_append(&w, &past);
        } else {
            item_add(&w, TEXT("ttl"), &past);
        }
        struct value value = {.type = types[i], .bytes = item_written(&w).bytes};
        struct table *t = open_table("ttl");
        put(t, item_of("k", &value));
        check_expiry(t, "k", false);
        close_table(t);
    }
}

static void without_the_attribute_or_without_ttl_nothing_expires(void **state)
{
    (void)state;
    struct value past = value_n(NOW_S - 1);
    struct table *t = open_table("ttl");
    put(t, item_of("k", NULL));
    check_expiry(t, "k", false);
    close_table(t);
    t = open_table("another");
    put(t, item_of("k", &past));
    check_expiry(t, "k", false);
    close_table(t);
    t = open_table(NULL);
    put(t, item_of("k", &past));
    check_expiry(t, "k", false);
    close_table(t);
}

/* Between its time and its deletion (DDB-TTL-3): an expired item is there for everybody, and what
 * is done to its ttl counts. */

struct change_case {
    const char *name;
    const char *update; /* NULL: it is put again, with `ttl` */
    int64_t ttl;        /* from NOW_S, for :t; 0: none */
    bool expires;
};

static const struct change_case change_cases[] = {
    {"another attribute: it still goes",    "SET n = :t",  100,  true },
    {"a ttl ahead: it stays",               "SET #t = :t", 100,  false},
    {"another ttl in the past: it goes",    "SET #t = :t", -100, true },
    {"no ttl any more: it stays",           "REMOVE #t",   0,    false},
    {"a ttl that has been added to: stays", "ADD #t :t",   3600, false},
    {"put again without a ttl: it stays",   NULL,          0,    false},
    {"put again with one ahead: it stays",  NULL,          1000, false},
    {"put again with one past: it goes",    NULL,          -1,   true },
};

static void before_its_deletion_it_gets(void **state)
{
    static const char *const names[] = {"#t", "ttl", NULL};
    static const char *const values[] = {":t", NULL};
    static const char *const none[] = {NULL};
    const struct change_case *c = *state;
    struct table *t = open_table("ttl");
    struct table_reply reply;
    struct error error;
    struct value past = value_n(NOW_S - 10);
    struct value value =
        value_n(c->update != NULL && strncmp(c->update, "ADD", 3) == 0 ? c->ttl : NOW_S + c->ttl);
    put(t, item_of("k", &past));
    /* Marked now, and changed before the deletion. */
    uint64_t hash = 0;
    table_each_expiry(t, 0, NOW_S, note_hash, &hash);
    assert_int_not_equal(hash, 0);
    if (c->update == NULL) {
        put(t, item_of("k", c->ttl == 0 ? NULL : &value));
    } else {
        struct expression *update =
            expression_compile(EXPRESSION_UPDATE,
                               &(struct expression_source){
                                   .text = c->update,
                                   .names = strchr(c->update, '#') != NULL ? names : none,
                                   .values = strchr(c->update, ':') != NULL ? values : none,
                               },
                               &error);
        if (update == NULL) {
            fail_msg("%s", error.message);
        }
        assert_int_equal(table_update(t, NOW, key_of("k"), update, NULL, &value, &reply), TABLE_OK);
        assert_true(reply.old.bytes.size > 0);
        expression_free(update);
    }
    check_expiry(t, "k", c->expires);
    close_table(t);
}

/* DDB-TTL-3: a lock that has expired still refuses, unless the condition looks at its time. */
static void conditions_see_an_expired_item(void **state)
{
    (void)state;
    static const char *const names[] = {"#t", "ttl", NULL};
    static const char *const values[] = {":now", NULL};
    static const char *const none[] = {NULL};

    static const struct {
        const char *condition;
        enum table_result result;
    } rows[] = {
        {"attribute_not_exists(k)",              TABLE_CONDITION_FAILED},
        {"attribute_not_exists(k) OR #t < :now", TABLE_OK              },
    };

    struct value past = value_n(NOW_S - 10);
    struct value now = value_n(NOW_S);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct table *t = open_table("ttl");
        struct table_reply reply;
        struct error error;
        bool looks = strchr(rows[i].condition, '#') != NULL;
        struct expression *condition = expression_compile(EXPRESSION_CONDITION,
                                                          &(struct expression_source){
                                                              .text = rows[i].condition,
                                                              .names = looks ? names : none,
                                                              .values = looks ? values : none,
                                                          },
                                                          &error);
        if (condition == NULL) {
            fail_msg("%s", error.message);
        }
        put(t, item_of("k", &past));
        assert_int_equal(table_put(t, NOW, item_of("k", &past), condition, &now, &reply),
                         rows[i].result);
        expression_free(condition);
        close_table(t);
    }
}

static int64_t scan(struct table *t, int32_t index, struct instant as_of)
{
    struct table_query query = {.index = index, .as_of = as_of};
    struct table_page page;
    assert_int_equal(table_read_page(t, instant_add(NOW, duration_s(5)), &query, &page), TABLE_OK);
    return page.count;
}

/* DDB-TTL-3, DDB-TTL-6: reads return it until it is deleted, and then neither table nor index does;
 * a lagging read does a little longer. */
static void reads_return_it_until_it_is_deleted(void **state)
{
    (void)state;
    struct table *t = open_table("ttl");
    struct value past = value_n(NOW_S - 10);
    struct instant later = instant_add(NOW, duration_s(5));
    struct table_reply reply;
    struct item item;
    put(t, item_of("k", &past));
    put(t, item_of("other", NULL));
    assert_int_equal(table_get(t, later, later, key_of("k"), &item, &reply), TABLE_OK);
    assert_true(item.bytes.size > 0);
    assert_int_equal(scan(t, TABLE_BASE, later), 2);
    assert_int_equal(scan(t, 0, later), 2);
    assert_true(table_expire(t, later, table_key_hash(t, key_of("k")), &item));
    assert_int_equal(item_count(item), 4);
    assert_int_equal(scan(t, TABLE_BASE, later), 1);
    assert_int_equal(scan(t, 0, later), 1);
    assert_int_equal(scan(t, TABLE_BASE, NOW), 2);
    assert_int_equal(scan(t, 0, NOW), 2);
    close_table(t);
}

/* DDB-TTL-4: what was not expired when it was marked, or is not any more, is left alone. */
static void an_item_is_deleted_only_while_it_is_expired(void **state)
{
    (void)state;
    struct table *t = open_table("ttl");
    struct value ahead = value_n(NOW_S + 10);
    struct item old;
    put(t, item_of("k", &ahead));
    uint64_t hash = table_key_hash(t, key_of("k"));
    assert_false(table_expire(t, NOW, hash, &old));
    assert_int_equal(old.bytes.size, 0);
    assert_false(table_expire(t, instant_add(NOW, duration_s(10)), hash, &old));
    assert_true(table_expire(t, instant_add(NOW, duration_s(11)), hash, &old));
    assert_false(table_expire(t, instant_add(NOW, duration_s(12)), hash, &old));
    assert_int_equal(table_count(t), 0);
    close_table(t);
}

/* Marks take an expiry back. */
static void a_rollback_brings_an_expired_item_back(void **state)
{
    (void)state;
    struct table *t = open_table("ttl");
    struct value past = value_n(NOW_S - 1);
    struct item old;
    put(t, item_of("k", &past));
    uint64_t mark = table_mark(t);
    assert_true(table_expire(t, NOW, table_key_hash(t, key_of("k")), &old));
    table_rollback(t, mark);
    check_expiry(t, "k", true);
    close_table(t);
}

struct visits {
    int64_t last;
    uint32_t count;
};

static void visit_in_order(void *self, uint64_t key_hash, int64_t ttl)
{
    (void)key_hash;
    struct visits *visits = self;
    assert_true(ttl >= visits->last);
    visits->last = ttl;
    visits->count++;
}

/* The scanner's view: by time, from a second on and before another. */
static void expiries_are_visited_in_order_of_time(void **state)
{
    (void)state;

    enum { ITEMS = 50 };
    struct table *t = open_table("ttl");
    for (int64_t i = 0; i < ITEMS; i++) {
        char k[3] = {(char)('a' + i / 26), (char)('a' + i % 26), 0};
        struct value ttl = value_n(NOW_S - 1000 + i * 7 % ITEMS);
        put(t, item_of(k, &ttl));
    }
    for (int64_t from = 0; from <= ITEMS; from += 5) {
        for (int64_t to = from; to <= ITEMS; to += 5) {
            struct visits visits = {.last = 0};
            table_each_expiry(t, NOW_S - 1000 + from, NOW_S - 1000 + to, visit_in_order, &visits);
            assert_int_equal(visits.count, to - from);
        }
    }
    close_table(t);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, a_ttl_of, value_cases);
    CASES_ADD(&cases, only_a_number_by_itself_counts);
    CASES_ADD(&cases, without_the_attribute_or_without_ttl_nothing_expires);
    CASES_ADD_TABLE(&cases, before_its_deletion_it_gets, change_cases);
    CASES_ADD(&cases, conditions_see_an_expired_item);
    CASES_ADD(&cases, reads_return_it_until_it_is_deleted);
    CASES_ADD(&cases, an_item_is_deleted_only_while_it_is_expired);
    CASES_ADD(&cases, a_rollback_brings_an_expired_item_back);
    CASES_ADD(&cases, expiries_are_visited_in_order_of_time);
    return cases_run("table_ttl", &cases);
}

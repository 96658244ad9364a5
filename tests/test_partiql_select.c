/* test_partiql_select.c: a SELECT gives what its WHERE clause says, however it is read.
 *
 * Thousands of random WHERE clauses over the keys of a small table and one other attribute. Each
 * runs as planned, in pages of random sizes; what comes out must be what the condition lets through
 * of all items, each once. So a range that is too small, a partition read twice, or a page that
 * loses its place shows. DDB-PARTIQL-5, DDB-PARTIQL-7, DDB-PARTIQL-8, DDB-PARTIQL-11.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/api/partiql.h"
#include "sim/random.h"

#include <stdio.h>

enum { PARTITIONS = 4, SORTS = 8, ITEMS = PARTITIONS * SORTS, STATEMENTS = 4000, DEPTH = 3 };

static const struct instant START = {INT64_C(1769763600) * NS_PER_S};
static const struct partiql_keys KEYS = {
    {"pk", 2},
    {"sk", 2},
    TYPE_S, TYPE_S
};

static struct random_stream stream;

static uint32_t draw(uint32_t count)
{
    return (uint32_t)random_below(&stream, count);
}

/* A table with an item under every key but some. */
static struct table *open_table(void)
{
    const struct table_config config = {
        .name = "t",
        .hash_key = {"pk", TYPE_S},
        .range_key = {"sk", TYPE_S},
        .history = duration_s(1),
        .items_max = 1000,
        .cache_bytes = 1 << 20
    };
    struct error error;
    struct table *t = table_open(&config, START, &error);
    assert_non_null(t);
    for (int i = 0; i < ITEMS; i++) {
        char bytes[200];
        const char pk[2] = {(char)('a' + i / SORTS), '\0'};
        const char sk[3] = {(char)('0' + i % SORTS / 2), i % 2 == 0 ? '\0' : 'x', '\0'};
        struct item_writer w = item_writer(bytes, sizeof bytes);
        struct table_reply reply;
        item_add_s(&w, TEXT("pk"), text_from(pk));
        item_add_s(&w, TEXT("sk"), text_from(sk));
        item_add_n(&w, TEXT("n"), i % 3);
        if (i % 7 != 3) {
            assert_int_equal(table_put(t, START, item_written(&w), NULL, NULL, &reply), TABLE_OK);
        }
    }
    return t;
}

/* A random condition. */
static void put_condition(struct text_writer *w, int depth)
{
    static const char *const comparisons[] = {"=", "=", "<>", "<", "<=", ">", ">="};
    char text[100];
    uint32_t shape = depth == 0 ? draw(7) : draw(12);
    const char *key = draw(2) == 0 ? "pk" : "sk";
    const char letter = (char)(*key == 'p' ? 'a' + draw(PARTITIONS + 1) : '0' + draw(5));
    const char other = (char)(*key == 'p' ? 'a' + draw(PARTITIONS + 1) : '0' + draw(5));
    switch (shape) {
    case 0:
        (void)snprintf(text, sizeof text, "n %s %u", comparisons[draw(7)], draw(4));
        break;
    case 1:
    case 2:
        (void)snprintf(text, sizeof text, "pk = '%c'", (char)('a' + draw(PARTITIONS + 1)));
        break;
    case 3:
        (void)snprintf(text, sizeof text, "'%c%s' %s %s", letter, draw(2) == 0 ? "" : "x",
                       comparisons[draw(7)], key);
        break;
    case 4:
        (void)snprintf(text, sizeof text, "%s IN ['%c', '%c']", key, letter, other);
        break;
    case 5:
        (void)snprintf(text, sizeof text, "%s BETWEEN '%c' AND '%cx'", key, letter, other);
        break;
    case 6:
        (void)snprintf(text, sizeof text, "begins_with(%s, '%c')", key, letter);
        break;
    case 7:
        text_put(w, TEXT("NOT ("));
        put_condition(w, depth - 1);
        text_put(w, TEXT(")"));
        return;
    default:
        text_put(w, TEXT("("));
        put_condition(w, depth - 1);
        text_put(w, shape < 11 ? TEXT(" AND ") : TEXT(" OR "));
        put_condition(w, depth - 1);
        text_put(w, TEXT(")"));
        return;
    }
    text_put(w, text_from(text));
}

/* Half of them fix a partition, or two ways into partitions. */
static void put_where(struct text_writer *w)
{
    bool two = draw(2) == 0;
    if (draw(2) == 0) {
        put_condition(w, DEPTH);
        return;
    }
    for (int i = 0; i < (two ? 2 : 1); i++) {
        text_put(w, i == 0 ? TEXT("(pk = '") : TEXT(" OR (pk = '"));
        text_put_char(w, (char)('a' + draw(2)));
        text_put(w, TEXT("' AND "));
        put_condition(w, DEPTH - 1);
        text_put(w, TEXT(")"));
    }
}

/* The keys of items, in the order they came. */
struct list {
    char keys[2 * ITEMS][8];
    int count;
};

static void note(void *self, struct item item)
{
    struct list *list = self;
    assert_in_range(list->count, 0, 2 * ITEMS - 1);
    struct text pk = item_text(item, TEXT("pk"));
    struct text sk = item_text(item, TEXT("sk"));
    (void)snprintf(list->keys[list->count++], sizeof list->keys[0], "%.*s/%.*s", (int)pk.size,
                   pk.at, (int)sk.size, sk.at);
}

/* Those of all items that a condition lets through. */
struct sieve {
    const struct expression *where;
    const struct value *values;
    struct list list;
};

static void sift(void *self, struct item item)
{
    struct sieve *s = self;
    if (expression_holds(s->where, item, s->values)) {
        note(&s->list, item);
    }
}

static bool has(const struct list *list, const char *key)
{
    int count = 0;
    for (int i = 0; i < list->count; i++) {
        count += strcmp(list->keys[i], key) == 0;
    }
    assert_in_range(count, 0, 1);
    return count == 1;
}

/* Reads all pages, each of a random limit. Returns how many. */
static int read_all(struct partiql_read *read, struct list *list)
{
    char key[TABLE_START_KEY_MAX];
    struct partiql_place place = {0};
    struct partiql_page page;
    int pages = 0;
    list->count = 0;
    read->self = list;
    do {
        read->limit = draw(3) == 0 ? 0 : 1 + draw(6);
        enum table_result result = partiql_read_page(read, START, place, &page);
        if (result != TABLE_OK) {
            fail_msg("%s", page.refused ? page.error.message : table_message(read->table));
        }
        place = page.next;
        if (place.key.size > 0) {
            memcpy(key, place.key.at, place.key.size);
            place.key.at = key;
        }
        pages++;
    } while (page.more);
    return pages;
}

/* In a plan the partitions rise, or fall, and in them the sort keys. */
static void check_order(const struct list *list, bool backward, bool falling)
{
    for (int i = 1; i < list->count; i++) {
        const char *a = list->keys[i - 1];
        const char *b = list->keys[i];
        if (a[0] != b[0]) {
            assert_true((a[0] < b[0]) != falling);
        } else {
            assert_true((strcmp(a, b) < 0) != backward);
        }
    }
}

static void random_conditions_select_what_they_say(void **state)
{
    (void)state;
    struct table *t = open_table();
    int keyed = 0;
    int scanned = 0;
    int refused = 0;
    int paged = 0;
    stream = random_stream(11, TEXT("statements"));
    for (int i = 0; i < STATEMENTS; i++) {
        char statement[2000];
        struct error error;
        struct partiql_plan plan;
        struct text_writer w = text_writer(statement, sizeof statement);
        uint32_t order = draw(4);
        text_put(&w, TEXT("SELECT * FROM t WHERE "));
        put_where(&w);
        text_put(&w, order == 0   ? TEXT(" ORDER BY pk DESC, sk ASC")
                     : order == 1 ? TEXT(" ORDER BY sk DESC, pk")
                                  : TEXT(""));
        assert_false(w.overflowed);
        struct partiql *s = partiql_parse(text_written(&w), NULL, 0, &error);
        assert_non_null(s);
        struct expression *where = partiql_where(s, &error);
        if (where == NULL || partiql_plan(s, &KEYS, &plan, &error) != STATUS_OK) {
            refused++;
            expression_free(where);
            partiql_free(s);
            continue;
        }
        struct sieve sieve = {.where = where, .values = partiql_values(s)};
        struct list list;
        struct partiql_read read = {.statement = s,
                                    .plan = &plan,
                                    .keys = &KEYS,
                                    .where = where,
                                    .table = t,
                                    .index = TABLE_BASE,
                                    .consistent = true,
                                    .as_of = START,
                                    .visit = note};
        table_each(t, sift, &sieve);
        paged += read_all(&read, &list) > 1;
        if (list.count != sieve.list.count) {
            fail_msg("%s: %d items, not %d", text_writer_string(&w), list.count, sieve.list.count);
        }
        for (int k = 0; k < sieve.list.count; k++) {
            assert_true(has(&list, sieve.list.keys[k]));
        }
        if (plan.keyed) {
            check_order(&list, order == 1, order == 0);
        }
        keyed += plan.keyed;
        scanned += !plan.keyed;
        expression_free(where);
        partiql_free(s);
    }
    /* All ways were taken, and often. */
    assert_true(keyed > 500);
    assert_true(scanned > 500);
    assert_true(refused > 100);
    assert_true(paged > 500);
    assert_int_equal(table_close(t, NULL), STATUS_OK);
}

/* Each partition has 600 KB: the second one brings a page to its end. */
static void a_page_of_several_ranges_ends_at_a_megabyte(void **state)
{
    (void)state;
    static char bytes[400000];
    static char padding[300 * 1024];
    struct table *t = open_table();
    struct error error;
    struct partiql_plan plan;
    struct partiql_page page;
    struct list list = {.count = 0};
    for (int i = 0; i < 6; i++) {
        const char pk[2] = {(char)('p' + i / 2), '\0'};
        const char sk[2] = {(char)('0' + i % 2), '\0'};
        struct item_writer w = item_writer(bytes, sizeof bytes);
        struct table_reply reply;
        item_add_s(&w, TEXT("pk"), text_from(pk));
        item_add_s(&w, TEXT("sk"), text_from(sk));
        item_add_s(&w, TEXT("x"), (struct text){padding, sizeof padding});
        assert_int_equal(table_put(t, START, item_written(&w), NULL, NULL, &reply), TABLE_OK);
    }
    struct partiql *s =
        partiql_parse(TEXT("SELECT * FROM t WHERE pk IN ['p', 'q', 'r']"), NULL, 0, &error);
    assert_non_null(s);
    assert_int_equal(partiql_plan(s, &KEYS, &plan, &error), STATUS_OK);
    struct partiql_read read = {.statement = s,
                                .plan = &plan,
                                .keys = &KEYS,
                                .table = t,
                                .index = TABLE_BASE,
                                .as_of = START,
                                .visit = note,
                                .self = &list};
    assert_int_equal(partiql_read_page(&read, START, (struct partiql_place){0}, &page), TABLE_OK);
    assert_int_equal(list.count, 4);
    assert_true(page.more);
    assert_int_equal(page.next.range, 2);
    assert_int_equal(page.next.key.size, 0);
    assert_int_equal(partiql_read_page(&read, START, page.next, &page), TABLE_OK);
    assert_int_equal(list.count, 6);
    assert_false(page.more);
    partiql_free(s);
    assert_int_equal(table_close(t, NULL), STATUS_OK);
}

/* What was read before a range was throttled is an answer. */
static void a_throttled_range_ends_a_page(void **state)
{
    (void)state;
    const struct table_config config = {
        .name = "t",
        .hash_key = {"pk", TYPE_S},
        .range_key = {"sk", TYPE_S},
        .rcu = 1,
        .wcu = 1,
        .items_max = 1000,
        .cache_bytes = 1 << 20
    };
    struct error error;
    struct table *t = table_open(&config, START, &error);
    assert_non_null(t);
    struct partiql_plan plan;
    struct partiql_page page;
    struct list list = {.count = 0};
    struct partiql *s = partiql_parse(
        TEXT("SELECT * FROM t WHERE pk IN ['p', 'q', 'r', 's', 't', 'u', 'v']"), NULL, 0, &error);
    assert_non_null(s);
    assert_int_equal(partiql_plan(s, &KEYS, &plan, &error), STATUS_OK);
    struct partiql_read read = {.statement = s,
                                .plan = &plan,
                                .keys = &KEYS,
                                .table = t,
                                .index = TABLE_BASE,
                                .consistent = true,
                                .as_of = START,
                                .visit = note,
                                .self = &list};
    int pages = 0;
    do {
        assert_int_equal(partiql_read_page(&read, START, (struct partiql_place){0}, &page),
                         TABLE_OK);
        pages++;
    } while (!page.more);
    assert_int_equal(pages, 43); /* of 300 units 7 for each page, and 6 for the last */
    assert_int_equal(page.next.range, 6);
    assert_int_equal(partiql_read_page(&read, START, page.next, &page), TABLE_THROTTLED);
    partiql_free(s);
    assert_int_equal(table_close(t, NULL), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_conditions_select_what_they_say),
        cmocka_unit_test(a_page_of_several_ranges_ends_at_a_megabyte),
        cmocka_unit_test(a_throttled_range_ends_a_page),
    };
    return cmocka_run_group_tests_name("PartiQL SELECT", tests, NULL, NULL);
}

/* test_table_index.c: what indexes hold, weigh and cost; local indexes, fetching from the table,
 * and item collections.
 *
 * One table with an index of each kind and projection; figures are worked out by hand from the
 * sizes of names and values. Sources: DDB-GSI-3, DDB-GSI-6, DDB-LSI-*.
 */
#include "model/dynamodb/table_state.h"
#include "tests/cases.h"
#include "tests/items.h"

#include <stdio.h>

enum { BYTES = 500000, ALL = 0, KEYS_ONLY, INCLUDE, LOCAL, LOCAL_ALL, INDEXES };

static const struct instant START = {INT64_C(1769763600) * NS_PER_S};
static char buffer[BYTES];
static const char *const INCLUDED[] = {"i", "j"};

/* h and r; g is the global indexes' key, l the local ones'. All of type S but l, an N. */
static struct table_config config_of(uint64_t collection_bytes_max)
{
    static const struct table_key h = {"h", TYPE_S};
    static const struct table_key g = {"g", TYPE_S};
    static const struct table_key l = {"l", TYPE_N};
    struct table_config c = {
        .name = "indexes", .hash_key = h, .range_key = {"r", TYPE_S}
    };
    c.history = duration_s(10);
    c.items_max = 5000;
    c.cache_bytes = 1 << 26;
    c.collection_bytes_max = collection_bytes_max;
    c.indexes_count = INDEXES;
    c.indexes[ALL] = (struct table_index_config){.name = "all", .hash_key = g};
    c.indexes[KEYS_ONLY] = (struct table_index_config){
        .name = "keys-only", .hash_key = g, .projection = PROJECTION_KEYS_ONLY};
    c.indexes[INCLUDE] = (struct table_index_config){.name = "include",
                                                     .hash_key = g,
                                                     .projection = PROJECTION_INCLUDE,
                                                     .include = INCLUDED,
                                                     .include_count = 2};
    c.indexes[LOCAL] = (struct table_index_config){.name = "local",
                                                   .hash_key = h,
                                                   .range_key = l,
                                                   .local = true,
                                                   .projection = PROJECTION_KEYS_ONLY};
    c.indexes[LOCAL_ALL] = (struct table_index_config){
        .name = "local-all", .hash_key = h, .range_key = l, .local = true};
    return c;
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

static struct table *open_table(void)
{
    struct table_config config = config_of(0);
    return open_config(&config);
}

static void close_table(struct table *t)
{
    assert_int_equal(table_close(t, NULL), STATUS_OK);
}

/* An item in a test's words, with an attribute p of that many bytes if any. */
static struct item item_of(const char *text, uint32_t padding)
{
    static char letters[BYTES];
    struct item item = items_make(buffer, BYTES, text);
    struct item_writer w = item_writer(buffer, BYTES);
    w.size = (uint32_t)item.bytes.size;
    w.count = item_count(item);
    if (padding > 0) {
        item_add_s(&w, TEXT("p"), (struct text){letters, padding});
    }
    return item_written(&w);
}

static void put(struct table *t, const char *text, uint32_t padding)
{
    struct table_reply reply;
    if (table_put(t, START, item_of(text, padding), NULL, NULL, &reply) != TABLE_OK) {
        fail_msg("%s: %s", text, table_message(t));
    }
}

/* What a write costs (DDB-GSI-3) */

struct cost_case {
    const char *name, *before, *after; /* "" is no item */
    uint32_t padding_before, padding_after;
    int64_t all, keys_only, include, table; /* units; the table pays for its local indexes */
};

static const struct cost_case COSTS[] = {
    {"an item without the index's key costs the indexes nothing", "",                        "h:S=1 r:S=1",             0,    3000, 0, 0,
     0,                                                                                                                                      3        },
    {"a new one is put into each",                                "",                        "h:S=1 r:S=1 g:S=1",       0,    3000, 3, 1, 1, 3        },
    {"what is not projected is not written",                      "h:S=1 r:S=1 g:S=1",       "h:S=1 r:S=1 g:S=1",       100,  3000, 3,
     0,                                                                                                                                   0, 3        },
    {"what is projected is",                                      "h:S=1 r:S=1 g:S=1",       "h:S=1 r:S=1 g:S=1 i:S=1", 3000, 3000, 3, 0, 1,
     3                                                                                                                                                },
    {"also when its value alone is another",                      "h:S=1 r:S=1 g:S=1 j:S=1", "h:S=1 r:S=1 g:S=1 j:S=2",
     3000,                                                                                                                    3000, 3, 0, 1, 3        },
    {"also when its type alone is another",                       "h:S=1 r:S=1 g:S=1 j:S=1", "h:S=1 r:S=1 g:S=1 j:B=1",
     3000,                                                                                                                    3000, 3, 0, 1, 3        },
    {"also when it goes",                                         "h:S=1 r:S=1 g:S=1 j:S=1", "h:S=1 r:S=1 g:S=1",       3000, 3000, 3, 0, 1, 3        },
    {"the same item again is not written",                        "h:S=1 r:S=1 g:S=1 j:S=1", "h:S=1 r:S=1 g:S=1 j:S=1",
     3000,                                                                                                                    3000, 0, 0, 0, 3        },
    {"another key: one to delete, one to put",                    "h:S=1 r:S=1 g:S=1",       "h:S=1 r:S=1 g:S=2",       3000, 1500,
     5,                                                                                                                                2, 2, 3        },
    {"the key goes: one to delete",                               "h:S=1 r:S=1 g:S=1",       "h:S=1 r:S=1",             3000, 100,  3, 1, 1, 3        },
    {"a deletion: one",                                           "h:S=1 r:S=1 g:S=1",       "",                        3000, 0,    3, 1, 1, 3        },
    {"a local index is paid by the table",                        "",                        "h:S=1 r:S=1 l:N=1",       0,    3000, 0, 0, 0, 3 + 1 + 3},
    {"also when its key changes",                                 "h:S=1 r:S=1 l:N=1",       "h:S=1 r:S=1 l:N=2",       3000, 1500, 0, 0, 0,
     3 + 2 + 5                                                                                                                                        },
    {"equal numbers are the same key",                            "h:S=1 r:S=1 l:N=1",       "h:S=1 r:S=1 l:N=1.0",     3000, 3000, 0, 0,
     0,                                                                                                                                      3        },
};

static int64_t consumed(const struct table *t, int32_t index)
{
    return table_consumed(t, index).wcu_milli / 1000;
}

static void a_write_costs(void **state)
{
    const struct cost_case *c = *state;
    struct table *t = open_table();
    struct table_reply reply;
    int64_t before[INDEXES + 1];
    if (c->before[0] != '\0') {
        put(t, c->before, c->padding_before);
    }
    for (int32_t i = TABLE_BASE; i < INDEXES; i++) {
        before[i + 1] = consumed(t, i);
    }
    if (c->after[0] != '\0') {
        put(t, c->after, c->padding_after);
    } else {
        assert_int_equal(table_delete(t, START, item_of("h:S=1 r:S=1", 0), NULL, NULL, &reply),
                         TABLE_OK);
    }
    assert_int_equal(consumed(t, TABLE_BASE) - before[0], c->table);
    assert_int_equal(consumed(t, ALL) - before[1 + ALL], c->all);
    assert_int_equal(consumed(t, KEYS_ONLY) - before[1 + KEYS_ONLY], c->keys_only);
    assert_int_equal(consumed(t, INCLUDE) - before[1 + INCLUDE], c->include);
    assert_int_equal(consumed(t, LOCAL), 0);
    assert_int_equal(consumed(t, LOCAL_ALL), 0);
    close_table(t);
}

/* What a reader sees (DDB-GSI-6, DDB-LSI-1, DDB-LSI-2) */

static void note(void *self, struct item item)
{
    char *text = self;
    (void)items_text(item, text, 256);
}

static struct table_page read_page(struct table *t, const struct table_query *query, void *self)
{
    struct table_page page;
    struct table_query q = *query;
    q.as_of = START;
    q.visit = self == NULL ? NULL : note;
    q.self = self;
    if (table_read_page(t, START, &q, &page) != TABLE_OK) {
        fail_msg("%s", table_message(t));
    }
    return page;
}

struct view_case {
    const char *name;
    int32_t index;
    bool fetch, consistent;
    const char *seen;
    int64_t bytes, fetched_bytes, rcu_milli;
};

#define ITEM "h:S=1 r:S=2 g:S=3 i:S=4 l:N=5 x:S=6"
#define SORTED "g:S=3 h:S=1 i:S=4 l:N=5 r:S=2 x:S=6"

static const struct view_case VIEWS[] = {
    {"the table shows all",                          TABLE_BASE, false, true,  SORTED,              13, 0,    1000},
    {"an index of all does too",                     ALL,        false, false, SORTED,              13, 0,    500 },
    {"one of keys shows keys, the table's too",      KEYS_ONLY,  false, false, "g:S=3 h:S=1 r:S=2", 6,  0,
     500                                                                                                          },
    {"what is included is shown, where it is there", INCLUDE,    false, false,
     "g:S=3 h:S=1 i:S=4 r:S=2",                                                                     8,  0,    500 },
    {"a local one shows its keys",                   LOCAL,      false, false, "h:S=1 l:N=5 r:S=2", 7,  0,    500 },
    {"consistently",                                 LOCAL,      false, true,  "h:S=1 l:N=5 r:S=2", 7,  0,    1000},
    {"or fetches the item",                          LOCAL,      true,  false, SORTED,              7,  4096, 1000},
    {"also consistently",                            LOCAL,      true,  true,  SORTED,              7,  4096, 2000},
    {"but not where it has it",                      LOCAL_ALL,  true,  true,  SORTED,              13, 0,    1000},
    {"nor in an index of all",                       ALL,        true,  false, SORTED,              13, 0,    500 },
};

static void a_reader_sees(void **state)
{
    const struct view_case *c = *state;
    struct table *t = open_table();
    char seen[256] = "";
    put(t, ITEM, 0);
    struct table_page page = read_page(
        t, &(struct table_query){.index = c->index, .fetch = c->fetch, .consistent = c->consistent},
        seen);
    assert_string_equal(seen, c->seen);
    assert_int_equal(page.bytes, c->bytes);
    assert_int_equal(page.fetched_bytes, c->fetched_bytes);
    assert_int_equal(page.rcu_milli, c->rcu_milli);
    close_table(t);
}

static void a_filter_sees_what_the_index_holds(void **state)
{
    (void)state;
    struct table *t = open_table();
    const struct expression_source source = {.text = "attribute_exists(x)"};
    struct expression *filter = expression_compile(EXPRESSION_FILTER, &source, NULL);
    put(t, ITEM, 0);
    struct table_query q = {.index = KEYS_ONLY, .filter = filter};
    assert_int_equal(read_page(t, &q, NULL).count, 0);
    q.index = ALL;
    assert_int_equal(read_page(t, &q, NULL).count, 1);
    q.index = LOCAL;
    assert_int_equal(read_page(t, &q, NULL).count, 0);
    q.fetch = true;
    assert_int_equal(read_page(t, &q, NULL).count, 1);
    assert_true(table_index_projects(t, ALL, TEXT("x")));
    assert_true(table_index_projects(t, TABLE_BASE, TEXT("x")));
    assert_false(table_index_projects(t, LOCAL, TEXT("x")));
    assert_true(table_index_projects(t, LOCAL, TEXT("l")));
    assert_true(table_index_projects(t, INCLUDE, TEXT("j")));
    expression_free(filter);
    close_table(t);
}

/* What a global index cannot do */
static void a_global_index_refuses(void **state)
{
    (void)state;
    struct table *t = open_table();
    struct table_page page;
    struct table_query q = {.index = KEYS_ONLY, .fetch = true, .as_of = START};
    assert_int_equal(table_read_page(t, START, &q, &page), TABLE_INVALID);
    assert_string_equal(table_message(t),
                        "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is "
                        "not supported for global secondary index keys-only because its projection "
                        "type is not ALL");
    q.consistent = true;
    assert_int_equal(table_read_page(t, START, &q, &page), TABLE_INVALID);
    assert_string_equal(table_message(t),
                        "Consistent reads are not supported on global secondary indexes");
    close_table(t);
}

/* Pages that fetch: what each item counts, and where the page ends. */
struct fetch_case {
    const char *name;
    uint32_t items, padding, limit;
    int64_t scanned, fetched_bytes;
    bool last_key;
};

static const struct fetch_case FETCHES[] = {
    {"each item is rounded up by itself",   3,   100,       0, 3,   3 * 4096,   false},
    {"one byte more than 4 KB counts 8",    2,   4097 - 10, 0, 2,   2 * 8192,   false},
    {"exactly 4 KB count 4",                2,   4096 - 10, 0, 2,   2 * 4096,   false},
    {"256 small items are a page",          300, 100,       0, 256, 256 * 4096, true },
    {"their number alone does not end one", 255, 100,       0, 255, 255 * 4096, false},
    {"large ones end it sooner",            12,  300000,    0, 4,   4 * 303104, true },
    {"a limit ends it too",                 12,  100,       5, 5,   5 * 4096,   true },
    {"not where the size did",              12,  300000,    6, 4,   4 * 303104, true },
};

static void a_page_fetches(void **state)
{
    const struct fetch_case *c = *state;
    struct table *t = open_table();
    for (uint32_t i = 0; i < c->items; i++) {
        char line[64];
        (void)snprintf(line, sizeof line, "h:S=1 r:S=%03u l:N=%u", i, i < 100 ? 7 : 10 * (i / 10));
        put(t, line, c->padding);
    }
    for (int backward = 0; backward < 2; backward++) {
        struct table_query q = {
            .index = LOCAL, .fetch = true, .backward = backward != 0, .limit = c->limit};
        struct table_page page = read_page(t, &q, NULL);
        assert_int_equal(page.scanned_count, c->scanned);
        assert_int_equal(page.fetched_bytes, c->fetched_bytes);
        assert_int_equal(page.last_key.size > 0, c->last_key);
        assert_int_equal(page.rcu_milli,
                         500 * ((page.bytes + 4095) / 4096 + page.fetched_bytes / 4096));
        int64_t scanned = 0;
        char start[TABLE_START_KEY_MAX];
        for (bool more = true; more; more = page.last_key.size > 0) {
            page = read_page(t, &q, NULL);
            scanned += page.scanned_count;
            memcpy(start, page.last_key.size > 0 ? page.last_key.at : "", page.last_key.size);
            q.start_key = (struct text){start, page.last_key.size};
        }
        assert_int_equal(scanned, c->items);
    }
    close_table(t);
}

/* Lag and taking back */

static uint32_t count_in(struct table *t, int32_t index, struct instant now, struct instant as_of)
{
    struct table_page page;
    struct table_query q = {.index = index, .as_of = as_of};
    assert_int_equal(table_read_page(t, now, &q, &page), TABLE_OK);
    return (uint32_t)page.bytes;
}

static void past_and_rollback_know_the_sizes(void **state)
{
    (void)state;
    struct table *t = open_table();
    struct instant later = instant_add(START, duration_s(1));
    struct table_reply reply;
    put(t, "h:S=1 r:S=1 g:S=1 l:N=1 i:S=1", 1000);
    uint64_t mark = table_mark(t);
    assert_int_equal(
        table_put(t, later, item_of("h:S=1 r:S=1 g:S=1 l:N=1 i:S=123456", 10), NULL, NULL, &reply),
        TABLE_OK);
    assert_int_equal(table_checkpoint(t, NULL), STATUS_OK);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(count_in(t, ALL, later, START), 1012);
        assert_int_equal(count_in(t, KEYS_ONLY, later, START), 6);
        assert_int_equal(count_in(t, INCLUDE, later, START), 8);
        assert_int_equal(count_in(t, LOCAL, later, START), 7);
        assert_int_equal(count_in(t, ALL, later, later), round == 0 ? 27 : 1012);
        assert_int_equal(count_in(t, INCLUDE, later, later), round == 0 ? 13 : 8);
        assert_int_equal(count_in(t, LOCAL, later, later), 7);
        table_rollback(t, mark);
    }
    close_table(t);
}

/* Item collections (DDB-LSI-3) */

struct collection_case {
    const char *name, *put;
    uint32_t padding;
    enum table_result result;
};

/* The table has 2 items of 1000 bytes in partition 1, so has local-all; local has 7 bytes of each.
 */
static const struct collection_case COLLECTIONS[] = {
    {"up to the limit",               "h:S=1 r:S=3",       6000 - 2 * 2007 - 5,           TABLE_OK             },
    {"one byte beyond it",            "h:S=1 r:S=3",       6000 - 2 * 2007 - 5 + 1,       TABLE_COLLECTION_FULL},
    {"what the indexes hold counts",  "h:S=1 r:S=3 l:N=1", (6000 - 2 * 2007 - 7) / 2 - 8, TABLE_OK             },
    {"in each of them",               "h:S=1 r:S=3 l:N=1", (6000 - 2 * 2007 - 7) / 2 - 7, TABLE_COLLECTION_FULL},
    {"another partition has its own", "h:S=2 r:S=3 l:N=1", 2900,                          TABLE_OK             },
    {"an item may grow up to it",     "h:S=1 r:S=2 l:N=1", 1900,                          TABLE_OK             },
    {"and no further",                "h:S=1 r:S=2 l:N=1", 2100,                          TABLE_COLLECTION_FULL},
    {"it may shrink",                 "h:S=1 r:S=2 l:N=1", 10,                            TABLE_OK             },
};

static void a_collection_holds(void **state)
{
    const struct collection_case *c = *state;
    struct table_config config = config_of(6000);
    struct table *t = open_config(&config);
    struct table_reply reply;
    put(t, "h:S=1 r:S=1 l:N=1", 1000 - 8);
    put(t, "h:S=1 r:S=2 l:N=1", 1000 - 8);
    struct hash128 before = table_hash(t);
    assert_int_equal(table_put(t, START, item_of(c->put, c->padding), NULL, NULL, &reply),
                     c->result);
    struct hash128 after = table_hash(t);
    if (c->result != TABLE_OK) {
        assert_memory_equal(&before, &after, sizeof before);
        assert_int_equal(reply.wcu_milli, 0);
    } else {
        assert_true(memcmp(&before, &after, sizeof before) != 0);
    }
    close_table(t);
}

static void without_local_indexes_there_is_no_limit(void **state)
{
    (void)state;
    struct table_config config = config_of(6000);
    config.indexes_count = 3;
    struct table *t = open_config(&config);
    put(t, "h:S=1 r:S=1 g:S=1", 100000);
    put(t, "h:S=1 r:S=2 g:S=1", 100000);
    close_table(t);
}

/* Configs */

static void a_local_index_has_the_tables_hash_key(void **state)
{
    (void)state;
    struct error error;
    struct table_config config = config_of(0);
    config.indexes[LOCAL].hash_key.name = "g";
    assert_null(table_open(&config, START, &error));
    config = config_of(0);
    config.indexes[LOCAL].range_key.name = NULL;
    assert_null(table_open(&config, START, &error));
    config = config_of(0);
    config.range_key.name = NULL;
    assert_null(table_open(&config, START, &error));
}

/* DDB-LIMIT-4: as many indexes as there may be, each on attributes of its own. */
static void twenty_five_indexes(void **state)
{
    (void)state;
    static char names[TABLE_INDEXES_MAX][2][4];
    struct table_config config = {
        .name = "many",
        .hash_key = {"h", TYPE_S},
        .range_key = {"r", TYPE_S},
        .history = duration_s(1),
        .items_max = 1000,
        .ttl_attribute = "ttl",
        .indexes_count = TABLE_INDEXES_MAX
    };
    for (uint32_t i = 0; i < TABLE_INDEXES_MAX; i++) {
        (void)snprintf(names[i][0], sizeof names[i][0], "a%02u", i);
        (void)snprintf(names[i][1], sizeof names[i][1], "b%02u", i);
        config.indexes[i] = (struct table_index_config){
            .name = names[i][0],
            .hash_key = {i >= 20 ? "h" : names[i][0],
                         i >= 20 ? TYPE_S : (enum attribute_type)(i % 3)          },
            .range_key = {names[i][1],                 (enum attribute_type)(i % 3)},
            .local = i >= 20,
            .projection = (enum table_projection)(i % 2)
        };
    }
    struct table *t = open_config(&config);
    static const char types[] = {'S', 'N', 'B'};
    for (uint32_t k = 0; k < 100; k++) {
        char line[1024];
        int size = snprintf(line, sizeof line, "h:S=%u r:S=%u ttl:N=1", k % 7, k);
        for (uint32_t i = 0; i < TABLE_INDEXES_MAX; i++) {
            if (k % (i + 1) == 0) {
                size +=
                    snprintf(line + size, sizeof line - (size_t)size, " a%02u:%c=%u b%02u:%c=%u", i,
                             types[i % 3], k % 5, i, types[i % 3], k);
            }
        }
        put(t, line, 0);
    }
    for (int32_t i = 0; i < TABLE_INDEXES_MAX; i++) {
        struct table_page page = read_page(t, &(struct table_query){.index = i}, NULL);
        assert_int_equal(page.count, 99 / (i + 1) + 1);
    }
    close_table(t);
}

/* Changes at run time (table_rebuild) */

static void rebuild(struct table *t, const struct table_config *config)
{
    struct error error = {.message = ""};
    if (table_rebuild(t, START, config, &error) != STATUS_OK) {
        fail_msg("%s", error.message);
    }
}

static uint32_t items_in(struct table *t, int32_t index)
{
    return (uint32_t)read_page(t, &(struct table_query){.index = index}, NULL).count;
}

/* Rows: are bodies evicted when the indexes change? */
struct rebuild_case {
    const char *name;
    bool evicted;
};

static const struct rebuild_case REBUILDS[] = {
    {"indexes come and go while the bodies are in memory", false},
    {"indexes come and go while the bodies are on disk",   true },
};

static void indexes_come_and_go(void **state)
{
    const struct rebuild_case *c = *state;
    struct table_config all = config_of(0);
    struct table_config few = config_of(0);
    few.indexes_count = 1; /* ALL */
    few.cache_bytes = all.cache_bytes = c->evicted ? 0 : 1 << 26;
    struct table *t = open_config(&few);
    struct table_reply reply;
    char line[64];
    for (uint32_t i = 0; i < 100; i++) {
        (void)snprintf(line, sizeof line, "h:S=%u r:S=1 g:S=%u l:N=%u i:S=%u", i % 7, i % 3, i, i);
        put(t, line, 100);
    }
    put(t, "h:S=x r:S=1 l:S=text", 0); /* does not fit the local indexes */
    if (c->evicted) {
        assert_int_equal(table_checkpoint(t, NULL), STATUS_OK);
    }
    put(t, "h:S=y r:S=1 g:S=1 l:N=1", 100);
    assert_int_equal(table_delete(t, START, item_of("h:S=x r:S=2", 0), NULL, NULL, &reply),
                     TABLE_OK);
    assert_int_equal(table_delete(t, START, item_of("h:S=0 r:S=1", 0), NULL, NULL, &reply),
                     TABLE_OK);
    struct hash128 before = table_hash(t);
    int64_t units = consumed(t, ALL);
    uint64_t count = table_count(t);
    for (int round = 0; round < 2; round++) {
        rebuild(t, &all);
        for (int32_t i = 0; i < INDEXES; i++) {
            assert_int_equal(items_in(t, i), count - 1);
        }
        assert_int_equal(consumed(t, ALL), units);
        assert_int_equal(consumed(t, KEYS_ONLY), 0);
        put(t, "h:S=y r:S=1 g:S=1 l:N=1", 100); /* as it was, and yet to be written */
        struct table_config rest = all;
        rest.indexes_count = 3;
        rest.indexes[0] = all.indexes[LOCAL];
        rest.indexes[1] = all.indexes[INCLUDE];
        rest.indexes[2] = all.indexes[ALL];
        rebuild(t, &rest);
        assert_int_equal(items_in(t, 0), count - 1);
        assert_int_equal(items_in(t, 1), count - 1);
        assert_int_equal(consumed(t, 2), units);
        struct hash128 after = table_hash(t);
        assert_memory_equal(&before, &after, sizeof before);
        assert_int_equal(table_count(t), count);
        (void)table_mark(t);
        table_release_marks(t);
    }
    /* The table goes on as usual. */
    assert_int_equal(table_delete(t, START, item_of("h:S=1 r:S=1", 0), NULL, NULL, &reply),
                     TABLE_OK);
    assert_int_equal(items_in(t, 0), count - 2);
    assert_int_equal(table_checkpoint(t, NULL), STATUS_OK);
    assert_false(table_wants_checkpoint(t));
    close_table(t);
}

/* DDB-TTL-1 */
static void ttl_is_turned_on_changed_and_off(void **state)
{
    (void)state;
    static const char *const attributes[] = {"e", "f", NULL, "e"};
    static const int64_t expected[] = {7, 9, 0, 7};
    int64_t now_s = instant_epoch_seconds(START);
    struct table_config config = config_of(0);
    struct table *t = open_config(&config);
    char line[128];
    (void)snprintf(line, sizeof line, "h:S=1 r:S=1 e:N=%lld f:N=%lld", (long long)now_s + 7,
                   (long long)now_s + 9);
    put(t, line, 0);
    for (int i = 0; i < 4; i++) {
        int64_t ttl = 0;
        config.ttl_attribute = attributes[i];
        rebuild(t, &config);
        assert_int_equal(table_next_expiry(t, now_s, &ttl), attributes[i] != NULL);
        assert_int_equal(ttl, attributes[i] == NULL ? 0 : now_s + expected[i]);
    }
    close_table(t);
}

static void other_keys_are_no_change(void **state)
{
    (void)state;
    struct table *t = open_table();
    struct error error;
    put(t, ITEM, 0);
    struct table_config config = config_of(0);
    config.hash_key.name = "g";
    assert_int_equal(table_rebuild(t, START, &config, &error), STATUS_BAD_INPUT);
    config = config_of(0);
    config.range_key.type = TYPE_B;
    assert_int_equal(table_rebuild(t, START, &config, &error), STATUS_BAD_INPUT);
    config = config_of(0);
    config.indexes[LOCAL].hash_key.name = "g";
    assert_int_equal(table_rebuild(t, START, &config, &error), STATUS_BAD_INPUT);
    assert_int_equal(items_in(t, LOCAL), 1);
    close_table(t);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, a_write_costs, COSTS);
    CASES_ADD_TABLE(&cases, a_reader_sees, VIEWS);
    CASES_ADD(&cases, a_filter_sees_what_the_index_holds);
    CASES_ADD(&cases, a_global_index_refuses);
    CASES_ADD_TABLE(&cases, a_page_fetches, FETCHES);
    CASES_ADD(&cases, past_and_rollback_know_the_sizes);
    CASES_ADD_TABLE(&cases, a_collection_holds, COLLECTIONS);
    CASES_ADD(&cases, without_local_indexes_there_is_no_limit);
    CASES_ADD(&cases, a_local_index_has_the_tables_hash_key);
    CASES_ADD(&cases, twenty_five_indexes);
    CASES_ADD_TABLE(&cases, indexes_come_and_go, REBUILDS);
    CASES_ADD(&cases, ttl_is_turned_on_changed_and_off);
    CASES_ADD(&cases, other_keys_are_no_change);
    return cases_run("table_index", &cases);
}

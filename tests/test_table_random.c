/* test_table_random.c: the table against a naive one.
 *
 * The naive table is a list of all versions that were ever written, without indexes, journal or
 * cache: what a read sees is found by going through the list. Long random sequences of writes,
 * reads of the past, queries in pages, marks, rollbacks and checkpoints must give the same answers
 * from both, whether bodies stay in memory or are evicted, and queries the same pages whether they
 * are evaluated through an index or item by item.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/dynamodb/table_state.h"
#include "sim/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEYS = 96,
    PARTITIONS = 3,
    VERSIONS_MAX = 40000,
    PADDING_MAX = 60000,
    MARKS = 8,
    STEPS = 6000,
};

/* One write: the item under a key from an instant on; size 0: none. */
struct version {
    uint32_t key;
    struct instant at;
    struct item item;
};

/* How a run is set up. */
struct setup {
    const char *name;
    uint64_t cache_bytes;
    uint32_t checkpoint_percent;
    uint32_t padding_max;
    bool marks;
};

struct world {
    const struct setup *setup;
    struct table *t;
    struct random_stream random;
    struct instant now;
    struct version *versions;
    uint32_t versions_count;
    uint64_t marks[MARKS];
    uint32_t marks_versions[MARKS];
    struct instant marks_now[MARKS];
    uint32_t marks_count;
    char *buffer;
    struct expression *pending, *young, *key_only, *key_less, *key_from, *key_between, *key_begins,
        *index_key, *index_range, *filter_status, *filter_both, *filter_other, *set_status, *bump;
};

static const char *const NAMES[] = {"#s", "status", "#ttl", "ttl", NULL};
static const char *const VALUES[] = {":d", ":a", ":b", ":s", ":n", NULL};

static uint32_t below(struct world *w, uint32_t count)
{
    return (uint32_t)random_below(&w->random, count);
}

static struct expression *compile(enum expression_kind kind, const char *text)
{
    struct error error;
    struct expression *e =
        expression_compile(kind, &(struct expression_source){text, NAMES, VALUES, NULL}, &error);
    if (e == NULL) {
        fail_msg("%s: %s", text, error.message);
    }
    return e;
}

static void compile_all(struct world *w)
{
    w->pending = compile(EXPRESSION_CONDITION, "attribute_not_exists(d) OR #s = :s");
    w->young = compile(EXPRESSION_CONDITION, "#ttl > :n");
    w->key_only = compile(EXPRESSION_KEY, "d = :d");
    w->key_less = compile(EXPRESSION_KEY, "d = :d AND k < :a");
    w->key_from = compile(EXPRESSION_KEY, "k >= :a AND d = :d");
    w->key_between = compile(EXPRESSION_KEY, "d = :d AND k BETWEEN :a AND :b");
    w->key_begins = compile(EXPRESSION_KEY, "d = :d AND begins_with(k, :a)");
    w->index_key = compile(EXPRESSION_KEY, "#s = :s");
    w->index_range = compile(EXPRESSION_KEY, "#s = :s AND d > :d");
    w->filter_status = compile(EXPRESSION_FILTER, "#s = :s");
    w->filter_both = compile(EXPRESSION_FILTER, "attribute_exists(p) AND :s = #s AND n < :n");
    w->filter_other = compile(EXPRESSION_FILTER, "#s = :s OR n < :n");
    w->set_status = compile(EXPRESSION_UPDATE, "SET #s = :s REMOVE p");
    w->bump = compile(EXPRESSION_UPDATE, "ADD n :n SET #ttl = :n");
}

static void free_all(struct world *w)
{
    struct expression *all[] = {w->pending,     w->young,         w->key_only,    w->key_less,
                                w->key_from,    w->key_between,   w->key_begins,  w->index_key,
                                w->index_range, w->filter_status, w->filter_both, w->filter_other,
                                w->set_status,  w->bump};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        expression_free(all[i]);
    }
}

/* Keys are numbered; number i lies in partition i % PARTITIONS. */
static struct text partition(uint32_t key)
{
    static const char *const names[PARTITIONS] = {"2026-01-29", "2026-01-30", "LOCK#2026"};
    return text_from(names[key % PARTITIONS]);
}

static struct text range(uint32_t key, char buffer[16])
{
    (void)snprintf(buffer, 16, "f%03u", key * 37 % 1000);
    return text_from(buffer);
}

static struct text status(uint32_t i)
{
    static const char *const names[] = {"pending", "manifested", "failed"};
    return text_from(names[i % 3]);
}

static struct item make_key(char *buffer, uint32_t key)
{
    char name[16];
    struct item_writer w = item_writer(buffer, 256);
    item_add_s(&w, TEXT("k"), range(key, name));
    item_add_s(&w, TEXT("d"), partition(key));
    return item_written(&w);
}

/* A random item under that key: some without status, some without ttl, some large. */
static struct item make_item(struct world *w, uint32_t key)
{
    struct item_writer item = item_writer(w->buffer, PADDING_MAX + 1024);
    char name[16];
    item_add_s(&item, TEXT("d"), partition(key));
    item_add_s(&item, TEXT("k"), range(key, name));
    item_add_n(&item, TEXT("n"), below(w, 100));
    if (below(w, 5) > 0) {
        item_add_s(&item, TEXT("status"), status(below(w, 3)));
    }
    if (below(w, 3) > 0) {
        item_add_n(&item, TEXT("ttl"), instant_epoch_seconds(w->now) - 5 + (int64_t)below(w, 20));
    }
    if (below(w, 2) > 0) {
        static const char padding[PADDING_MAX];
        item_add_s(&item, TEXT("p"), (struct text){padding, below(w, w->setup->padding_max)});
    }
    return item_written(&item);
}

/* The naive table */

static struct item reference_get(const struct world *w, uint32_t key, struct instant as_of)
{
    for (uint32_t i = w->versions_count; i > 0; i--) {
        const struct version *v = &w->versions[i - 1];
        if (v->key == key && v->at.ns <= as_of.ns) {
            return v->item;
        }
    }
    return (struct item){0};
}

static void reference_put(struct world *w, uint32_t key, struct item item)
{
    assert_true(w->versions_count < VERSIONS_MAX);
    char *copy = item.bytes.size == 0 ? NULL : malloc(item.bytes.size);
    if (copy != NULL) {
        memcpy(copy, item.bytes.at, item.bytes.size);
    }
    w->versions[w->versions_count++] = (struct version){key, w->now, {{copy, item.bytes.size}}};
}

static void reference_cut(struct world *w, uint32_t count)
{
    while (w->versions_count > count) {
        free((void *)w->versions[--w->versions_count].item.bytes.at);
    }
}

static bool same_item(struct item a, struct item b)
{
    return text_equal(a.bytes, b.bytes);
}

/* What a query orders an item by: the hash of the partition, then up to four parts. */
struct sort_key {
    uint64_t hash;
    struct text part[4];
};

static int sort_compare(const struct sort_key *a, const struct sort_key *b)
{
    if (a->hash != b->hash) {
        return a->hash < b->hash ? -1 : 1;
    }
    for (int i = 0; i < 4; i++) {
        int order = text_compare(a->part[i], b->part[i]);
        if (order != 0) {
            return order;
        }
    }
    return 0;
}

static struct sort_key sort_key(struct item item, int32_t index)
{
    struct text d = item_text(item, TEXT("d"));
    struct text k = item_text(item, TEXT("k"));
    if (index == TABLE_BASE) {
        return (struct sort_key){
            partition_hash(d), {d, k}
        };
    }
    struct text s = item_text(item, TEXT("status"));
    return (struct sort_key){
        partition_hash(s), {s, d, d, k}
    };
}

struct candidate {
    struct sort_key key;
    struct item item;
};

static int candidate_compare(const void *a, const void *b)
{
    return sort_compare(&((const struct candidate *)a)->key, &((const struct candidate *)b)->key);
}

/* Everything that the key condition selects, in the order of the query. A key condition holds of
 * an item as any condition does. */
static uint32_t selection(const struct world *w, const struct table_query *q, struct instant as_of,
                          struct candidate *found)
{
    uint32_t count = 0;
    for (uint32_t key = 0; key < KEYS; key++) {
        struct item item = reference_get(w, key, as_of);
        bool sparse = q->index != TABLE_BASE && item_text(item, TEXT("status")).size == 0;
        if (item.bytes.size == 0 || sparse ||
            (q->key != NULL && !expression_holds(q->key, item, q->values))) {
            continue;
        }
        found[count++] = (struct candidate){sort_key(item, q->index), item};
    }
    qsort(found, count, sizeof *found, candidate_compare);
    for (uint32_t i = 0; q->backward && i < count / 2; i++) {
        struct candidate swap = found[i];
        found[i] = found[count - 1 - i];
        found[count - 1 - i] = swap;
    }
    return count;
}

/* What a page visits, as one hash for each item, in order. */
struct visited {
    uint32_t count;
    uint64_t hash[KEYS];
};

static void visit(void *self, struct item item)
{
    struct visited *v = self;
    assert_true(v->count < KEYS);
    v->hash[v->count++] = hash64(item.bytes.at, item.bytes.size, 0);
}

/* The naive page from position `from` of what was selected; returns where it ends. */
static uint32_t reference_page(const struct table_query *q, const struct candidate *found,
                               uint32_t count, uint32_t from, struct table_page *page,
                               struct visited *v, bool *cut)
{
    uint32_t i = from;
    *page = (struct table_page){0};
    v->count = 0;
    *cut = false;
    while (i < count && !*cut) {
        struct item item = found[i++].item;
        page->scanned_count++;
        page->bytes += item_size(item);
        if (q->filter == NULL || expression_holds(q->filter, item, q->values)) {
            page->count++;
            visit(v, item);
        }
        *cut = page->bytes >= PAGE_BYTES || page->scanned_count == q->limit;
    }
    int64_t whole = page->bytes == 0 ? 1 : (page->bytes + 4095) / 4096;
    page->rcu_milli = whole * (q->consistent ? 1000 : 500);
    return i;
}

static void check_page(struct world *w, struct table_query *q, const struct table_page *expected,
                       const struct visited *visits, bool cut, struct table_page *page)
{
    struct visited v = {0};
    q->self = &v;
    assert_int_equal(table_read_page(w->t, w->now, q, page), TABLE_OK);
    assert_int_equal(page->scanned_count, expected->scanned_count);
    assert_int_equal(page->bytes, expected->bytes);
    assert_int_equal(page->count, expected->count);
    assert_int_equal(page->rcu_milli, expected->rcu_milli);
    assert_int_equal(page->last_key.size > 0, cut);
    if (q->visit != NULL) {
        assert_int_equal(v.count, visits->count);
        assert_memory_equal(v.hash, visits->hash, v.count * sizeof v.hash[0]);
    }
}

/* Reads all pages of a query both ways. */
static void check_query(struct world *w, struct table_query *q)
{
    static struct candidate found[KEYS];
    struct instant oldest = {w->now.ns - 4 * NS_PER_S};
    uint32_t count = selection(w, q, q->as_of.ns > oldest.ns ? q->as_of : oldest, found);
    uint32_t at = 0;
    bool cut = false;
    char start[LAST_KEY_BYTES_MAX];
    do {
        struct table_page expected;
        struct table_page page;
        struct visited visits;
        at = reference_page(q, found, count, at, &expected, &visits, &cut);
        table_query_plainly(w->t, true);
        check_page(w, q, &expected, &visits, cut, &page);
        table_query_plainly(w->t, false);
        check_page(w, q, &expected, &visits, cut, &page);
        if (page.last_key.size > 0) {
            memcpy(start, page.last_key.at, page.last_key.size);
        }
        q->start_key = (struct text){start, page.last_key.size};
    } while (cut);
    q->start_key = (struct text){0};
    assert_int_equal(at, count);
}

static void query(struct world *w)
{
    char low[16];
    char high[16];
    (void)snprintf(low, sizeof low, "f%02u", below(w, 100));
    (void)snprintf(high, sizeof high, "f%u", below(w, 10));
    bool swap = text_compare(text_from(low), text_from(high)) > 0;
    struct value values[] = {value_s(partition(below(w, 3))), value_s(text_from(swap ? high : low)),
                             value_s(text_from(swap ? low : high)), value_s(status(below(w, 3))),
                             value_n(below(w, 100))};
    const struct expression *base[] = {NULL,           w->key_only,   w->key_less, w->key_from,
                                       w->key_between, w->key_begins, w->key_only, w->key_only};
    const struct expression *index[] = {NULL, w->index_key, w->index_range};
    const struct expression *filters[] = {NULL, w->filter_status, w->filter_both, w->filter_other};
    struct table_query q = {.index = below(w, 4) == 0 ? 0 : TABLE_BASE,
                            .backward = below(w, 3) == 0,
                            .limit = below(w, 2) == 0 ? 0 : 1 + below(w, 20),
                            .values = values,
                            .visit = below(w, 4) == 0 ? NULL : visit};
    q.key = q.index == TABLE_BASE ? base[below(w, 8)] : index[below(w, 3)];
    /* A query of the index must not filter by its keys. */
    q.filter = q.index == TABLE_BASE ? filters[below(w, 4)] : NULL;
    q.as_of = (struct instant){w->now.ns - (below(w, 2) == 0 ? 0 : below(w, 6000) * NS_PER_MS)};
    q.consistent = q.index == TABLE_BASE && q.as_of.ns == w->now.ns && below(w, 2) == 0;
    check_query(w, &q);
}

/* Writes */

static void put(struct world *w, uint32_t key)
{
    struct value values[] = {{0}, {0}, {0}, value_s(status(below(w, 3))), {0}};
    struct item item = make_item(w, key);
    struct item old = reference_get(w, key, w->now);
    bool conditional = below(w, 2) == 0;
    bool holds = !conditional || expression_holds(w->pending, old, values);
    struct table_reply reply;
    enum table_result result =
        table_put(w->t, w->now, item, conditional ? w->pending : NULL, values, &reply);
    assert_int_equal(result, holds ? TABLE_OK : TABLE_CONDITION_FAILED);
    assert_true(same_item(reply.old, old));
    if (holds) {
        reference_put(w, key, item);
    }
}

static void update(struct world *w, uint32_t key)
{
    char key_bytes[256];
    struct item k = make_key(key_bytes, key);
    struct value values[] = {{0},
                             {0},
                             {0},
                             value_s(status(below(w, 3))),
                             value_n(instant_epoch_seconds(w->now) - 10 + below(w, 20))};
    const struct expression *e = below(w, 3) > 0 ? w->set_status : w->bump;
    const struct expression *condition = below(w, 3) == 0 ? w->young : NULL;
    struct item old = reference_get(w, key, w->now);
    bool holds = condition == NULL || expression_holds(condition, old, values);
    struct item_writer expected = item_writer(w->buffer, PADDING_MAX + 1024);
    assert_int_equal(expression_update(e, old, k, values, &expected, NULL), STATUS_OK);
    struct table_reply reply;
    enum table_result result = table_update(w->t, w->now, k, e, condition, values, &reply);
    assert_int_equal(result, holds ? TABLE_OK : TABLE_CONDITION_FAILED);
    assert_true(same_item(reply.old, old));
    if (holds) {
        reference_put(w, key, item_written(&expected));
    }
}

static void delete (struct world *w, uint32_t key)
{
    char key_bytes[256];
    struct item old = reference_get(w, key, w->now);
    struct table_reply reply;
    assert_int_equal(table_delete(w->t, w->now, make_key(key_bytes, key), NULL, NULL, &reply),
                     TABLE_OK);
    assert_true(same_item(reply.old, old));
    if (old.bytes.size > 0) {
        reference_put(w, key, (struct item){0});
    }
}

static int64_t ttl_of_item(struct item item)
{
    struct value value;
    int64_t ttl = 0;
    return item_get(item, TEXT("ttl"), &value) && number_integer(&value.number, &ttl) ? ttl
                                                                                      : TTL_NONE;
}

static void check_expiries(struct world *w)
{
    int64_t from = instant_epoch_seconds(w->now) - (int64_t)below(w, 10);
    int64_t least = INT64_MAX;
    for (uint32_t key = 0; key < KEYS; key++) {
        int64_t ttl = ttl_of_item(reference_get(w, key, w->now));
        least = ttl >= from && ttl < least ? ttl : least;
    }
    int64_t ttl = 0;
    bool any = table_next_expiry(w->t, from, &ttl);
    assert_int_equal(any, least != INT64_MAX);
    if (any) {
        assert_int_equal(ttl, least);
    }
}

static void expire(struct world *w, uint32_t key)
{
    char name[16];
    struct item old = reference_get(w, key, w->now);
    int64_t ttl = ttl_of_item(old);
    bool expected = ttl != TTL_NONE && ttl < instant_epoch_seconds(w->now);
    struct item removed;
    bool done = table_expire(w->t, w->now, key_hash(partition(key), range(key, name)), &removed);
    assert_int_equal(done, expected);
    if (done) {
        assert_true(same_item(removed, old));
        reference_put(w, key, (struct item){0});
    }
}

/* Reads */

static void get(struct world *w, uint32_t key)
{
    char key_bytes[256];
    struct instant as_of = {w->now.ns - (int64_t)below(w, 6000) * NS_PER_MS};
    struct instant oldest = {w->now.ns - 4 * NS_PER_S};
    struct item item;
    struct table_reply reply;
    assert_int_equal(table_get(w->t, w->now, as_of, make_key(key_bytes, key), &item, &reply),
                     TABLE_OK);
    assert_true(same_item(item, reference_get(w, key, as_of.ns > oldest.ns ? as_of : oldest)));
}

static void check_contents(struct world *w)
{
    struct hash128 hash = {0};
    uint64_t count = 0;
    for (uint32_t key = 0; key < KEYS; key++) {
        struct item item = reference_get(w, key, w->now);
        struct item found;
        char name[16];
        assert_int_equal(table_peek(w->t, partition(key), range(key, name), &found),
                         item.bytes.size > 0);
        assert_true(same_item(found, item));
        if (item.bytes.size > 0) {
            hash = hash128_add(hash, hash128(item.bytes.at, item.bytes.size));
            count++;
        }
    }
    struct hash128 kept = table_hash(w->t);
    assert_int_equal(kept.low, hash.low);
    assert_int_equal(kept.high, hash.high);
    assert_int_equal(table_count(w->t), count);
}

/* Marks, rollbacks, checkpoints */

static void mark_or_roll_back(struct world *w)
{
    uint32_t what = below(w, 10);
    if (what < 3 && w->marks_count < MARKS) {
        w->marks[w->marks_count] = table_mark(w->t);
        w->marks_versions[w->marks_count] = w->versions_count;
        w->marks_now[w->marks_count++] = w->now;
    } else if (what < 8 && w->marks_count > 0) {
        uint32_t i = below(w, w->marks_count);
        table_rollback(w->t, w->marks[i]);
        reference_cut(w, w->marks_versions[i]);
        w->now = w->marks_now[i];
        w->marks_count = i + 1;
        check_contents(w);
    } else if (what == 9) {
        table_release_marks(w->t);
        w->marks_count = 0;
    }
}

static void checkpoint(struct world *w)
{
    struct error error;
    if (table_checkpoint(w->t, &error) != STATUS_OK) {
        fail_msg("%s", error.message);
    }
    assert_false(table_wants_checkpoint(w->t));
}

static void step(struct world *w)
{
    uint32_t key = below(w, KEYS);
    uint32_t what = below(w, 100);
    w->now.ns += below(w, 3) * 20 * NS_PER_MS;
    if (what < 30) {
        put(w, key);
    } else if (what < 45) {
        update(w, key);
    } else if (what < 53) {
        delete (w, key);
    } else if (what < 60) {
        expire(w, key);
    } else if (what < 75) {
        get(w, key);
    } else if (what < 90) {
        query(w);
    } else if (what < 92) {
        check_expiries(w);
    } else if (what < 97 && w->setup->marks) {
        mark_or_roll_back(w);
    }
    if (below(w, 100) < w->setup->checkpoint_percent) {
        checkpoint(w);
    }
}

static struct table *open_table(const struct world *w)
{
    struct table_config config = {
        .name = "random",
        .hash_key = {"d",          TYPE_S},
        .range_key = {"k",            TYPE_S},
        .ttl_attribute = "ttl",
        .history = {4 * NS_PER_S},
        .items_max = KEYS,
        .cache_bytes = w->setup->cache_bytes,
        .indexes_count = 1,
        .indexes = {{.name = "status-index", .hash_key = {"status", TYPE_S}, .range_key = {"d"}}}
    };
    struct error error;
    struct table *t = table_open(&config, w->now, &error);
    if (t == NULL) {
        fail_msg("%s", error.message);
    }
    return t;
}

static void answers_as_the_naive_table(void **state)
{
    struct world w = {.setup = *state, .now = {INT64_C(1769763600) * NS_PER_S}};
    w.random = random_stream(11, text_from(w.setup->name));
    w.versions = calloc(VERSIONS_MAX, sizeof *w.versions);
    w.buffer = malloc(PADDING_MAX + 1024);
    assert_true(w.versions != NULL && w.buffer != NULL);
    compile_all(&w);
    w.t = open_table(&w);
    for (uint32_t i = 0; i < STEPS; i++) {
        step(&w);
        if (i % 64 == 0) {
            check_contents(&w);
        }
    }
    check_contents(&w);
    assert_int_equal(table_close(w.t, NULL), STATUS_OK);
    reference_cut(&w, 0);
    free_all(&w);
    free(w.versions);
    free(w.buffer);
}

int main(void)
{
    static struct setup setups[] = {
        {"all in memory",                             1 << 30, 0,  20000, false},
        {"all in memory, with marks and rollbacks",   1 << 30, 0,  300,   true },
        {"tiny cache and checkpoints",                4096,    5,  20000, false},
        {"tiny cache, checkpoints, marks, rollbacks", 4096,    5,  300,   true },
        {"no cache at all",                           0,       20, 300,   true },
        {"pages of large items",                      1 << 30, 0,  60000, false},
    };
    struct CMUnitTest tests[sizeof setups / sizeof setups[0]];
    for (size_t i = 0; i < sizeof setups / sizeof setups[0]; i++) {
        tests[i] =
            (struct CMUnitTest){setups[i].name, answers_as_the_naive_table, NULL, NULL, &setups[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

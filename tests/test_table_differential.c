/* test_table_differential.c: the table against the reference model, call by call.
 *
 * Random sequences of calls (table_sequence.h) go to the table and to the naive one
 * (naive_table.h), and every reply is compared: results and messages, items before and after,
 * units, pages with their counts, bytes, items and ends, expiries, contents, hash and totals.
 * Bodies are in memory or evicted, with checkpoints, marks, rollbacks and reopening in between;
 * queries go through an index or item by item, and go on after writes (DDB-SCAN-2). Every call sees
 * what those before it have written (DDB-READ-2). Each sequence runs in a process of its own batch,
 * so a failed assertion of the table is a finding too. What disagrees is shrunk to the shortest
 * sequence that still does and printed as calls.
 *
 *   test_table_differential                  the tests, a few seconds
 *   test_table_differential OPERATIONS SEED  a campaign; prints what was run and found
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/dynamodb/table_state.h"
#include "tests/table_sequence.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    TEXT_BYTES = 1 << 18,
    KEY_BYTES = 16384,
    PART_BYTES = 1 << 16,
    EXPIRIES_MAX = NAIVE_ITEMS_MAX,
    MAKE_BYTES = 64 << 20,
    RUN_BYTES = 256 << 20,
};

/* What a child process leaves for its parent. */
struct outcome {
    uint64_t seed;         /* of the sequence under way */
    uint64_t operations;   /* executed */
    uint64_t pages, items; /* compared */
    uint64_t refused;      /* calls that both refused */
    char text[TEXT_BYTES]; /* of a disagreement */
};

static struct outcome *outcome;

/* A query that was not read to its end. */
struct cursor {
    const struct operation *o; /* NULL: none */
    char key[KEY_BYTES];
    size_t key_size;
    const struct naive_value *last;
};

/* An item that was seen to expire some time. */
struct remembered {
    const struct naive_value *item; /* NULL: none */
    uint64_t hash;
};

struct run {
    struct table *t;
    struct naive_table naive;
    struct table_config config;
    struct naive_memory memory;
    struct instant now;
    uint64_t marks[NAIVE_MARKS_MAX];
    struct instant marks_now[NAIVE_MARKS_MAX];
    struct cursor cursor;
    struct remembered remembered;
    /* What a visitor is to see, in this order or in any. */
    const struct naive_value *const *expected;
    uint32_t expected_count, visited_count;
    bool any_order;
    const struct expression *projection; /* NULL: none */
    const struct naive_node *naive_projection;
    bool differs;
};

/* Disagreement */

__attribute__((format(printf, 2, 3))) static void differ(struct run *r, const char *format, ...)
{
    if (r->differs) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(outcome->text, sizeof outcome->text, format, arguments);
    va_end(arguments);
    r->differs = true;
}

static void same_number(struct run *r, const char *what, int64_t real, int64_t naive)
{
    if (real != naive) {
        differ(r, "%s: %lld from the table, %lld from the model", what, (long long)real,
               (long long)naive);
    }
}

static void same_item(struct run *r, const char *what, const struct naive_value *real,
                      const struct naive_value *naive)
{
    static char room[TEXT_BYTES / 4];
    if (naive_same(real, naive)) {
        return;
    }
    struct text_writer w = text_writer(room, sizeof room);
    text_put(&w, text_from(what));
    text_put(&w, TEXT(": "));
    naive_put_item(&w, real);
    text_put(&w, TEXT(" from the table, "));
    naive_put_item(&w, naive);
    text_put(&w, TEXT(" from the model"));
    differ(r, "%s", text_writer_string(&w));
}

static void same_throttle(struct run *r, enum table_result result, const struct throttle *real,
                          const struct throttle *naive)
{
    if (result != TABLE_THROTTLED) {
        return;
    }
    same_number(r, "throttled by", real->index, naive->index);
    same_number(r, "throttled for", real->reason, naive->reason);
}

static const char *result_text(enum table_result result)
{
    static const char *const texts[] = {
        "OK", "CONDITION_FAILED", "THROTTLED", "CONFLICT", "COLLECTION_FULL", "INVALID", "FULL"};
    return (size_t)result < sizeof texts / sizeof texts[0] ? texts[result] : "?";
}

static bool says(const char *message, const char *part)
{
    return part == NULL || strstr(message, part) != NULL;
}

static void same_result(struct run *r, enum table_result real, enum table_result naive,
                        const char *message)
{
    if (real != naive) {
        differ(r, "%s (%s) from the table, %s (%s) from the model", result_text(real),
               real == TABLE_INVALID || real == TABLE_FULL ? table_message(r->t) : "",
               result_text(naive), message == NULL ? "" : message);
    } else if (real == TABLE_INVALID && !says(table_message(r->t), message)) {
        differ(r, "\"%s\" from the table, \"... %s ...\" from the model", table_message(r->t),
               message);
    }
}

/* The message of an update is that of one of its faults. */
static void same_fault(struct run *r, uint32_t faults)
{
    static const struct {
        uint32_t fault;
        const char *message;
    } messages[] = {
        {NAIVE_FAULT_NOTHING_THERE, "refers to an attribute that does not exist in the item"        },
        {NAIVE_FAULT_TYPE,          "An operand in the update expression has an incorrect data type"},
        {NAIVE_FAULT_LITERAL,       "Incorrect operand type for operator or function"               },
        {NAIVE_FAULT_PATH,          "document path provided in the update expression is invalid"    },
    };

    bool found = faults == 0;
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        found = found || ((faults & messages[i].fault) != 0 &&
                          says(table_message(r->t), messages[i].message));
    }
    if (!found) {
        differ(r, "\"%s\" from the table, faults %x from the model", table_message(r->t), faults);
    }
}

/* Expressions and values for the table under test */

struct compiled {
    struct expression *condition, *update, *key, *filter, *projection;
    bool refused; /* some expression is, by both, for its literals */
    struct value values[SEQUENCE_VALUES_MAX];
};

static struct expression *compile(struct run *r, const struct operation *o, struct compiled *c,
                                  enum expression_kind kind, const struct naive_node *n)
{
    static const char *const placeholders[] = {
        ":v0",  ":v1",  ":v2",  ":v3",  ":v4",  ":v5",  ":v6",  ":v7",  ":v8",  ":v9",  ":v10",
        ":v11", ":v12", ":v13", ":v14", ":v15", ":v16", ":v17", ":v18", ":v19", ":v20", ":v21",
        ":v22", ":v23", ":v24", ":v25", ":v26", ":v27", ":v28", ":v29", ":v30", ":v31", ":v32",
        ":v33", ":v34", ":v35", ":v36", ":v37", ":v38", ":v39", ":v40", ":v41", ":v42", ":v43",
        ":v44", ":v45", ":v46", ":v47", ":v48", ":v49", ":v50", ":v51", ":v52", ":v53", ":v54",
        ":v55", ":v56", ":v57", ":v58", ":v59", ":v60", ":v61", ":v62", ":v63", NULL};
    static char text[4096];
    struct text_writer w = text_writer(text, sizeof text);
    struct error error;
    if (n == NULL) {
        return NULL;
    }
    naive_put_expression(&w, n);
    const struct expression_source source = {.text = text_writer_string(&w),
                                             .names = sequence_names(),
                                             .values = placeholders,
                                             .literals = o->values_known ? c->values : NULL};
    bool refused = o->values_known && naive_refused(n);
    struct expression *e = expression_compile(kind, &source, &error);
    if ((e == NULL) != refused) {
        differ(r, "%s: %s from the table, %s from the model", text,
               e == NULL ? error.message : "taken", refused ? "refused" : "taken");
    }
    c->refused = c->refused || refused;
    return e;
}

/* Placeholders that the operation does not use stand for something too. */
static void compile_all(struct run *r, const struct operation *o, struct compiled *c)
{
    for (uint32_t i = 0; i < SEQUENCE_VALUES_MAX; i++) {
        c->values[i] =
            i < o->values_count ? naive_to_value(&r->memory, o->values[i]) : value_null();
    }
    c->condition = compile(r, o, c, EXPRESSION_CONDITION, o->condition);
    c->update = compile(r, o, c, EXPRESSION_UPDATE, o->update);
    c->key = compile(r, o, c, EXPRESSION_KEY, o->key);
    c->filter = compile(r, o, c, EXPRESSION_FILTER, o->filter);
    c->projection = compile(r, o, c, EXPRESSION_PROJECTION, o->projection);
    outcome->refused += c->refused;
}

static void free_all(struct compiled *c)
{
    expression_free(c->condition);
    expression_free(c->update);
    expression_free(c->key);
    expression_free(c->filter);
    expression_free(c->projection);
}

/* Compares what a projection, or the paths of an update, take out of an item. */
static void compare_part(struct run *r, const char *what, const struct expression *e,
                         const struct naive_node *n, struct item item,
                         const struct naive_value *naive)
{
    static char room[PART_BYTES];
    struct item_writer w = item_writer(room, sizeof room);
    if (e == NULL || item.bytes.size == 0 || item.bytes.size > sizeof room / 2) {
        return;
    }
    if (n->kind == NAIVE_PROJECTION) {
        expression_project(e, item, &w);
    } else {
        expression_updated(e, item, &w);
    }
    same_item(r, what, naive_from_item(&r->memory, item_written(&w)),
              naive_project(&r->memory, n, naive));
}

/* Single items */

static void compare_write(struct run *r, enum table_result result, const struct table_reply *reply,
                          const struct naive_reply *naive)
{
    same_result(r, result, naive->result, naive->message);
    same_throttle(r, result, &reply->throttled, &naive->throttled);
    if (result == TABLE_INVALID || result == TABLE_THROTTLED || result == TABLE_COLLECTION_FULL ||
        r->differs) {
        outcome->refused++;
        same_fault(r, naive->faults);
        return;
    }
    for (int32_t i = TABLE_BASE; i < (int32_t)r->config.indexes_count; i++) {
        same_number(r, "units of the table or an index", reply->units[i + 1],
                    naive_charged(&r->naive.capacity, i));
    }
    outcome->refused += result == TABLE_CONDITION_FAILED;
    same_item(r, "item before", naive_from_item(&r->memory, reply->old), naive->old);
    same_item(r, "item after", naive_from_item(&r->memory, reply->new), naive->new);
    same_number(r, "write units", reply->wcu_milli, naive->wcu_milli);
    same_number(r, "read units", reply->rcu_milli, naive->rcu_milli);
}

static void write_item(struct run *r, const struct operation *o, const struct compiled *c)
{
    struct item item = naive_to_item(&r->memory, o->item);
    struct table_reply reply = {0};
    struct naive_reply naive;
    enum table_result result;
    if (o->kind == OPERATION_PUT) {
        naive = naive_put(&r->naive, r->now, o->item, o->condition);
        result = table_put(r->t, r->now, item, c->condition, c->values, &reply);
    } else if (o->kind == OPERATION_UPDATE) {
        naive = naive_update_item(&r->naive, r->now, o->item, o->update, o->condition);
        result = table_update(r->t, r->now, item, c->update, c->condition, c->values, &reply);
    } else {
        naive = naive_delete(&r->naive, r->now, o->item, o->condition);
        result = table_delete(r->t, r->now, item, c->condition, c->values, &reply);
    }
    compare_write(r, result, &reply, &naive);
    if (o->kind == OPERATION_UPDATE && result == TABLE_OK && !r->differs) {
        compare_part(r, "UPDATED_OLD", c->update, o->update, reply.old, naive.old);
        compare_part(r, "UPDATED_NEW", c->update, o->update, reply.new, naive.new);
    }
}

static struct instant ago(const struct run *r, int64_t lag_ms)
{
    return (struct instant){r->now.ns - lag_ms * NS_PER_MS}; /* -1: in the future */
}

static void get_item(struct run *r, const struct operation *o, const struct compiled *c)
{
    struct instant as_of = ago(r, o->lag_ms);
    struct item key = naive_to_item(&r->memory, o->item);
    struct item item;
    struct table_reply reply;
    struct naive_reply naive = naive_get_item(&r->naive, r->now, as_of, o->item);
    enum table_result result = table_get(r->t, r->now, as_of, key, &item, &reply);
    same_result(r, result, naive.result, naive.message);
    same_throttle(r, result, &reply.throttled, &naive.throttled);
    if (result == TABLE_OK && !r->differs) {
        same_item(r, "item", naive_from_item(&r->memory, item), naive.old);
        compare_part(r, "projection", c->projection, o->projection, item, naive.old);
        same_number(r, "read units", reply.rcu_milli, naive.rcu_milli);
    }
}

/* Queries */

static bool is_among(const struct naive_value *item, const struct naive_value *const *items,
                     uint32_t count)
{
    bool found = false;
    for (uint32_t i = 0; i < count; i++) {
        found = found || naive_equal(item, items[i]);
    }
    return found;
}

/* Compares at once: the item is gone when the visit is over. */
static void visit(void *self, struct item item)
{
    struct run *r = self;
    const struct naive_value *real = naive_from_item(&r->memory, item);
    uint32_t i = r->visited_count++;
    if (r->any_order) {
        same_item(r, "item", real, is_among(real, r->expected, r->expected_count) ? real : NULL);
    } else {
        const struct naive_value *naive = i < r->expected_count ? r->expected[i] : NULL;
        same_item(r, "item of the page", real, naive);
        if (!r->differs) {
            compare_part(r, "projection", r->projection, r->naive_projection, item, naive);
        }
    }
}

static void expect(struct run *r, const struct naive_value *const *items, uint32_t count,
                   bool any_order)
{
    r->expected = items;
    r->expected_count = count;
    r->visited_count = 0;
    r->any_order = any_order;
    outcome->items += count;
}

/* LastEvaluatedKey as attributes; and for the page that follows, a start key made of them. */
static void compare_last_key(struct run *r, int32_t index)
{
    static char room[KEY_BYTES];
    static char start[TABLE_START_KEY_MAX];
    struct cursor *cursor = &r->cursor;
    struct item_writer w = item_writer(room, sizeof room);
    if (r->differs || cursor->last == NULL) {
        return;
    }
    struct text key = {cursor->key, cursor->key_size};
    same_number(r, "a last key is one", table_key_of(r->t, index, key, &w), true);
    same_item(r, "LastEvaluatedKey", naive_from_item(&r->memory, item_written(&w)),
              naive_key_of(&r->naive, index, cursor->last));
    if (!r->differs && cursor->o->named_start) {
        same_number(r, "a start key is taken",
                    table_start_key(r->t, index, item_written(&w), start, sizeof start, &key),
                    TABLE_OK);
        memcpy(cursor->key, key.at, key.size);
        cursor->key_size = key.size;
    }
}

/* Reads a page from both. Returns whether there is another one. */
static bool read_page(struct run *r, struct table_query *real, struct naive_query *naive)
{
    static struct naive_page expected;
    struct table_page page;
    real->start_key = (struct text){r->cursor.key, r->cursor.key_size};
    naive->start = r->cursor.last;
    naive_read_page(&r->naive, r->now, naive, &expected);
    expect(r, expected.visited, expected.visited_count, false);
    enum table_result result = table_read_page(r->t, r->now, real, &page);
    outcome->pages++;
    same_result(r, result, expected.result, expected.message);
    same_throttle(r, result, &page.throttled, &expected.throttled);
    if (result != TABLE_OK || r->differs) {
        outcome->refused++;
        r->cursor.o = NULL;
        return false;
    }
    same_number(r, "ScannedCount", page.scanned_count, expected.scanned_count);
    same_number(r, "Count", page.count, expected.count);
    same_number(r, "bytes", page.bytes, expected.bytes);
    same_number(r, "bytes fetched", page.fetched_bytes, expected.fetched_bytes);
    same_number(r, "read units", page.rcu_milli, expected.rcu_milli);
    same_number(r, "LastEvaluatedKey", page.last_key.size > 0, expected.last != NULL);
    same_number(r, "items visited", r->visited_count, expected.visited_count);
    ASSERT(page.last_key.size <= KEY_BYTES);
    if (page.last_key.size > 0) {
        memcpy(r->cursor.key, page.last_key.at, page.last_key.size);
    }
    r->cursor.key_size = page.last_key.size;
    r->cursor.last = expected.last;
    compare_last_key(r, real->index);
    return expected.last != NULL && !r->differs;
}

/* Reads the query's pages, or its next ones. */
static void query(struct run *r, const struct operation *o, const struct compiled *c)
{
    struct instant as_of = o->consistent ? r->now : ago(r, o->lag_ms);
    struct table_query real = {.index = o->index,
                               .consistent = o->consistent,
                               .backward = o->backward,
                               .leaders = o->leaders,
                               .fetch = o->fetch,
                               .segment = o->segment,
                               .segments_count = o->segments_count,
                               .limit = o->limit,
                               .as_of = as_of,
                               .key = c->key,
                               .filter = c->filter,
                               .values = c->values,
                               .visit = o->count_only ? NULL : visit,
                               .self = r};
    struct naive_query naive = {.index = o->index,
                                .consistent = o->consistent,
                                .backward = o->backward,
                                .leaders = o->leaders,
                                .count_only = o->count_only,
                                .fetch = o->fetch,
                                .segment = o->segment,
                                .segments_count = o->segments_count,
                                .limit = o->limit,
                                .as_of = as_of,
                                .key = o->key,
                                .filter = o->filter};
    r->projection = c->projection;
    r->naive_projection = o->projection;
    table_query_plainly(r->t, o->plainly);
    r->cursor.o = o;
    bool more = true;
    for (uint32_t i = 0; more && i < o->pages; i++) {
        more = read_page(r, &real, &naive);
    }
    r->cursor.o = more ? o : NULL;
}

/* TTL */

struct expiries {
    uint32_t count;
    uint64_t hash[EXPIRIES_MAX];
    int64_t ttl[EXPIRIES_MAX];
};

static void list_expiry(void *self, uint64_t key_hash, int64_t ttl)
{
    struct expiries *e = self;
    ASSERT(e->count < EXPIRIES_MAX);
    e->hash[e->count] = key_hash;
    e->ttl[e->count++] = ttl;
}

/* The model's item with that ttl, if it is the only one. */
static const struct naive_value *only_item(const struct run *r, int64_t wanted)
{
    const struct naive_value *items[NAIVE_ITEMS_MAX];
    const struct naive_value *found = NULL;
    uint32_t count = naive_items(&r->naive, items);
    uint32_t matches = 0;
    for (uint32_t i = 0; i < count; i++) {
        int64_t ttl;
        if (naive_ttl(&r->naive, items[i], &ttl) && ttl == wanted) {
            found = items[i];
            matches++;
        }
    }
    return matches == 1 ? found : NULL;
}

/* How many items of the model have a ttl in a range. */
static uint32_t naive_expiries(const struct run *r, int64_t from, int64_t to)
{
    const struct naive_value *items[NAIVE_ITEMS_MAX];
    uint32_t count = naive_items(&r->naive, items);
    uint32_t matches = 0;
    for (uint32_t i = 0; i < count; i++) {
        int64_t ttl;
        matches += naive_ttl(&r->naive, items[i], &ttl) && ttl >= from && ttl < to;
    }
    return matches;
}

static void compare_expiries(struct run *r, const struct expiries *e, int64_t from, int64_t to)
{
    same_number(r, "items that expire", e->count, naive_expiries(r, from, to));
    for (uint32_t i = 0; !r->differs && i < e->count; i++) {
        if (i > 0 && e->ttl[i] < e->ttl[i - 1]) {
            differ(r, "expiries out of order");
        }
        /* Ranks in both agree: as many come before. */
        if (i == 0 || e->ttl[i] != e->ttl[i - 1]) {
            same_number(r, "items that expire before", i, naive_expiries(r, from, e->ttl[i]));
        }
    }
}

/* The model's own copy of an item; NULL where it has none like it. */
static const struct naive_value *own_item(const struct run *r, const struct naive_value *item)
{
    const struct naive_value *items[NAIVE_ITEMS_MAX];
    uint32_t count = naive_items(&r->naive, items);
    uint32_t i = 0;
    while (i < count && !naive_same(items[i], item)) {
        i++;
    }
    return i < count ? items[i] : NULL;
}

static void expire_hash(struct run *r, uint64_t hash, const struct naive_value *naive_item)
{
    struct item old;
    bool done = table_expire(r->t, r->now, hash, &old);
    const struct naive_value *real = done ? naive_from_item(&r->memory, old) : NULL;
    const struct naive_value *key = naive_item != NULL ? naive_item : own_item(r, real);
    same_item(r, "expired", real, key == NULL ? NULL : naive_expire(&r->naive, r->now, key));
}

static void expire(struct run *r, const struct operation *o)
{
    static struct expiries e;
    e.count = 0;
    int64_t from = instant_epoch_seconds(r->now) - 40;
    table_each_expiry(r->t, from, from + 80, list_expiry, &e);
    compare_expiries(r, &e, from, from + 80);
    if (r->differs) {
        return;
    }
    if (o->n % 4 == 0 && r->remembered.item != NULL) {
        expire_hash(r, r->remembered.hash, r->remembered.item);
    } else if (e.count > 0) {
        uint32_t i = o->n % e.count;
        const struct naive_value *only = only_item(r, e.ttl[i]);
        r->remembered = (struct remembered){only, e.hash[i]};
        expire_hash(r, e.hash[i], only);
    }
}

static void next_expiry(struct run *r, const struct operation *o)
{
    const struct naive_value *items[NAIVE_ITEMS_MAX];
    int64_t from = instant_epoch_seconds(r->now) + 20 - (int64_t)(o->n % 40);
    int64_t least = INT64_MAX;
    uint32_t count = naive_items(&r->naive, items);
    for (uint32_t i = 0; i < count; i++) {
        int64_t ttl;
        least = naive_ttl(&r->naive, items[i], &ttl) && ttl >= from && ttl < least ? ttl : least;
    }
    int64_t real = INT64_MAX;
    (void)table_next_expiry(r->t, from, &real);
    same_number(r, "next expiry", real, least);
}

/* Contents */

static void compare_use(struct run *r, const struct table_second *real,
                        const struct table_second *naive)
{
    const struct table_consumed *a = &real->consumed;
    const struct table_consumed *b = &naive->consumed;
    same_number(r, "read units in all", a->rcu_milli, b->rcu_milli);
    same_number(r, "write units in all", a->wcu_milli, b->wcu_milli);
    same_number(r, "reads throttled", a->throttled_reads, b->throttled_reads);
    same_number(r, "writes throttled", a->throttled_writes, b->throttled_writes);
    same_number(r, "read units refused", real->throttled_rcu_milli, naive->throttled_rcu_milli);
    same_number(r, "write units refused", real->throttled_wcu_milli, naive->throttled_wcu_milli);
}

static void compare_totals(struct run *r)
{
    int64_t refused[2] = {0, 0};
    for (int32_t i = TABLE_BASE; i < (int32_t)r->config.indexes_count; i++) {
        struct table_second naive = naive_used(&r->naive.capacity, i, INT64_MIN);
        struct table_second real = {.consumed = table_consumed(r->t, i)};
        refused[0] += naive.throttled_rcu_milli;
        refused[1] += naive.throttled_wcu_milli;
        naive.throttled_rcu_milli = 0;
        naive.throttled_wcu_milli = 0;
        compare_use(r, &real, &naive);
    }
    for (uint64_t i = 0; i < table_seconds_count(r->t); i++) {
        struct table_second real;
        table_second(r->t, i, &real);
        struct table_second naive = naive_used(&r->naive.capacity, real.index, real.second);
        compare_use(r, &real, &naive);
        refused[0] -= real.throttled_rcu_milli;
        refused[1] -= real.throttled_wcu_milli;
    }
    same_number(r, "read units refused in no second", refused[0], 0);
    same_number(r, "write units refused in no second", refused[1], 0);
}

/* Bytes as they are billed: DDB-CAPACITY-8. */
static void compare_storage(struct run *r)
{
    for (int32_t i = TABLE_BASE; i < (int32_t)r->config.indexes_count; i++) {
        same_number(r, "bytes stored", table_stored_bytes(r->t, i),
                    naive_stored_bytes(&r->naive, i));
    }
}

static void contents(struct run *r)
{
    const struct naive_value *items[NAIVE_ITEMS_MAX];
    uint32_t count = naive_items(&r->naive, items);
    struct hash128 hash = {0};
    expect(r, items, count, true);
    table_each(r->t, visit, r);
    same_number(r, "items", (int64_t)table_count(r->t), count);
    same_number(r, "items visited", r->visited_count, count);
    for (uint32_t i = 0; !r->differs && i < count; i++) {
        struct item item = naive_to_item(&r->memory, items[i]);
        hash = hash128_add(hash, hash128(item.bytes.at, item.bytes.size));
    }
    struct hash128 kept = table_hash(r->t);
    same_number(r, "hash", kept.low == hash.low && kept.high == hash.high, true);
    compare_totals(r);
    compare_storage(r);
}

/* Marks, checkpoints, reopening */

static void mark(struct run *r)
{
    if (r->naive.marks_count < NAIVE_MARKS_MAX) {
        uint32_t i = r->naive.marks_count;
        r->marks[i] = table_mark(r->t);
        r->marks_now[i] = r->now;
        naive_mark(&r->naive);
    }
}

static void roll_back(struct run *r, const struct operation *o)
{
    if (r->naive.marks_count > 0) {
        uint32_t i = o->n % r->naive.marks_count;
        table_rollback(r->t, r->marks[i]);
        naive_rollback(&r->naive, i + 1);
        r->now = r->marks_now[i];
        contents(r);
    }
}

static void checkpoint(struct run *r)
{
    struct error error;
    if (table_checkpoint(r->t, &error) != STATUS_OK) {
        differ(r, "checkpoint: %s", error.message);
    } else if (table_wants_checkpoint(r->t)) {
        differ(r, "another checkpoint is wanted after one");
    }
}

static void open_table(struct run *r)
{
    struct error error;
    r->t = table_open(&r->config, r->now, &error);
    if (r->t == NULL) {
        differ(r, "cannot be opened: %s", error.message);
    }
}

static void close_table(struct run *r)
{
    struct error error;
    if (table_close(r->t, &error) != STATUS_OK) {
        differ(r, "cannot be closed: %s", error.message);
    }
    r->t = NULL;
}

static void reopen(struct run *r)
{
    if (r->config.directory != NULL) {
        close_table(r);
        open_table(r);
        naive_reopen(&r->naive, r->now);
    }
}

/* A sequence */

static void execute(struct run *r, const struct operation *o)
{
    struct compiled c = {0};
    const struct operation *call = o->kind == OPERATION_CONTINUE ? r->cursor.o : o;
    if (call == NULL || call->index >= (int32_t)r->config.indexes_count) {
        return;
    }
    compile_all(r, call, &c);
    if (!r->differs && !c.refused) {
        switch (o->kind) {
        case OPERATION_PUT:
        case OPERATION_UPDATE:
        case OPERATION_DELETE:
            write_item(r, o, &c);
            break;
        case OPERATION_GET:
            get_item(r, o, &c);
            break;
        case OPERATION_QUERY:
            r->cursor.key_size = 0;
            r->cursor.last = NULL;
            query(r, call, &c);
            break;
        case OPERATION_CONTINUE:
            query(r, call, &c);
            break;
        case OPERATION_EXPIRE:
            expire(r, o);
            break;
        case OPERATION_NEXT_EXPIRY:
            next_expiry(r, o);
            break;
        case OPERATION_CONTENTS:
            contents(r);
            break;
        case OPERATION_MARK:
            mark(r);
            break;
        case OPERATION_ROLL_BACK:
            roll_back(r, o);
            break;
        case OPERATION_RELEASE_MARKS:
            table_release_marks(r->t);
            r->naive.marks_count = 0;
            break;
        case OPERATION_CHECKPOINT:
            checkpoint(r);
            break;
        case OPERATION_REOPEN:
            reopen(r);
            break;
        }
    }
    free_all(&c);
}

/* Every sequence that keeps its table uses this folder; one runs at a time. */
static char directory[] = "/tmp/lockstep-differential-XXXXXX";

static void empty_directory(void)
{
    DIR *folder = opendir(directory);
    ASSERT(folder != NULL);
    struct dirent *entry;
    /* cppcheck-suppress readdirCalled; one thread */
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] != '.') {
            ASSERT(unlinkat(dirfd(folder), entry->d_name, 0) == 0);
        }
    }
    (void)closedir(folder);
}

static void run_open(struct run *r, const struct sequence *s)
{
    r->config = s->config;
    r->now = (struct instant){INT64_C(1769763600) * NS_PER_S};
    if (s->config.directory != NULL) {
        empty_directory();
        r->config.directory = directory;
    }
    open_table(r);
    naive_open(&r->naive, &r->config, r->now, &r->memory);
}

/* Runs the operations; returns how many of them it took to disagree, 0 if they never did. */
static uint32_t run_sequence(const struct sequence *s, struct naive_memory *memory)
{
    static struct run r;
    r = (struct run){.memory = *memory};
    r.memory.used = 0;
    run_open(&r, s);
    uint32_t i = 0;
    for (; !r.differs && i < s->count; i++) {
        r.now.ns += s->operations[i].delay_ms * NS_PER_MS;
        execute(&r, &s->operations[i]);
        outcome->operations++;
    }
    if (!r.differs) {
        contents(&r);
    }
    if (r.t != NULL) {
        close_table(&r);
    }
    return r.differs ? i : 0;
}

/* Many sequences */

enum verdict { AGREES, DIFFERS, CRASHES };

static enum verdict verdict_of(int status)
{
    return WIFEXITED(status) && WEXITSTATUS(status) <= DIFFERS ? (enum verdict)WEXITSTATUS(status)
                                                               : CRASHES;
}

/* What a sequence comes to, in a process of its own, which keeps its complaints to itself. */
static enum verdict try_sequence(const struct sequence *s, struct naive_memory *memory)
{
    int status = 0;
    (void)fflush(NULL);
    pid_t child = fork();
    ASSERT(child >= 0);
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        (void)dup2(nowhere, STDERR_FILENO);
        _exit(run_sequence(s, memory) > 0 ? DIFFERS : AGREES);
    }
    ASSERT(waitpid(child, &status, 0) == child);
    return verdict_of(status);
}

/* Keeps what a change of the sequence has made, if that still comes to the same. */
static bool keep_if_same(struct sequence *s, const struct sequence *candidate, enum verdict verdict,
                         struct naive_memory *memory)
{
    bool same = try_sequence(candidate, memory) == verdict;
    if (same) {
        *s = *candidate;
    }
    return same;
}

/* Takes out runs of operations, ever shorter ones, for as long as that changes nothing. */
static void drop_operations(struct sequence *s, enum verdict verdict, struct naive_memory *memory)
{
    static struct sequence candidate;
    for (uint32_t size = s->count / 2; size > 0; size = size == 1 ? 0 : size / 2) {
        uint32_t at = 0;
        while (at < s->count) {
            uint32_t dropped = s->count - at < size ? s->count - at : size;
            candidate = *s;
            memmove(&candidate.operations[at], &candidate.operations[at + dropped],
                    (s->count - at - dropped) * sizeof candidate.operations[0]);
            candidate.count -= dropped;
            for (uint32_t i = at; at < candidate.count && i < at + dropped; i++) {
                candidate.operations[at].delay_ms += s->operations[i].delay_ms;
            }
            at += keep_if_same(s, &candidate, verdict, memory) ? 0 : size;
        }
    }
}

/* One way to make an operation plainer. */
static void simplify_operation(struct operation *o, uint32_t way)
{
    switch (way) {
    case 0:
        o->condition = NULL;
        break;
    case 1:
        o->filter = NULL;
        break;
    case 2:
        o->lag_ms = 0;
        break;
    case 3:
        o->limit = 0;
        break;
    case 4:
        o->backward = false;
        break;
    case 5:
        o->count_only = false;
        break;
    case 6:
        o->delay_ms = 0;
        break;
    case 7:
        o->projection = NULL;
        break;
    case 8:
        o->values_known = false;
        break;
    default:
        o->consistent = false;
        break;
    }
}

/* What is being shrunk, and where to. */
struct shrinking {
    struct sequence *s;
    enum verdict verdict;
    struct naive_memory *made, *memory;
};

/* Takes members out of an operation's item. */
static void simplify_item(const struct shrinking *k, uint32_t i)
{
    static struct sequence candidate;
    uint32_t member = 0;
    const struct naive_value *item = k->s->operations[i].item;
    while (item != NULL && member < item->count) {
        candidate = *k->s;
        candidate.operations[i].item = naive_without(k->made, item, item->members[member].name);
        member += keep_if_same(k->s, &candidate, k->verdict, k->memory) ? 0 : 1;
        item = k->s->operations[i].item;
    }
}

/* Takes assignments out of an update. */
static void simplify_update(const struct shrinking *k, uint32_t i)
{
    static struct sequence candidate;
    uint32_t child = 0;
    const struct naive_node *n = k->s->operations[i].update;
    while (n != NULL && n->count > 1 && child < n->count) {
        struct naive_node *fewer = naive_new(k->made, sizeof *fewer);
        *fewer = *n;
        fewer->count--;
        for (uint32_t c = child; c < fewer->count; c++) {
            fewer->children[c] = n->children[c + 1];
        }
        candidate = *k->s;
        candidate.operations[i].update = fewer;
        child += keep_if_same(k->s, &candidate, k->verdict, k->memory) ? 0 : 1;
        n = k->s->operations[i].update;
    }
}

/* Puts a part of a condition in the place of the whole. */
static void simplify_condition(const struct shrinking *k, uint32_t i, bool filter)
{
    static struct sequence candidate;
    uint32_t child = 0;
    const struct naive_node *n =
        filter ? k->s->operations[i].filter : k->s->operations[i].condition;
    while (n != NULL && n->kind <= NAIVE_NOT && child < n->count) {
        struct operation *o = &candidate.operations[i];
        candidate = *k->s;
        *(filter ? &o->filter : &o->condition) = n->children[child];
        if (keep_if_same(k->s, &candidate, k->verdict, k->memory)) {
            n = n->children[child];
            child = 0;
        } else {
            child++;
        }
    }
}

static void simplify(const struct shrinking *k)
{
    static struct sequence candidate;
    struct sequence *s = k->s;
    for (uint32_t i = 0; i < s->count; i++) {
        for (uint32_t way = 0; way < 10; way++) {
            candidate = *s;
            simplify_operation(&candidate.operations[i], way);
            (void)keep_if_same(s, &candidate, k->verdict, k->memory);
        }
        simplify_item(k, i);
        simplify_update(k, i);
        simplify_condition(k, i, false);
        simplify_condition(k, i, true);
    }
    for (bool fewer = s->config.indexes_count > 0; fewer;) {
        candidate = *s;
        candidate.config.indexes_count--;
        fewer = keep_if_same(s, &candidate, k->verdict, k->memory) && s->config.indexes_count > 0;
    }
}

static void put_sequence(struct text_writer *w, const struct sequence *s)
{
    sequence_put_config(w, &s->config);
    text_put_char(w, '\n');
    for (uint32_t i = 0; i < s->count; i++) {
        text_put_integer(w, i + 1, 3);
        text_put_char(w, ' ');
        sequence_put_operation(w, &s->operations[i]);
        text_put_char(w, '\n');
    }
}

/* Shrinks the sequence of a seed and writes down what is left of it. */
static const char *explain(uint64_t seed, struct naive_memory *made, struct naive_memory *memory)
{
    static struct sequence s;
    static char room[TEXT_BYTES];
    struct text_writer w = text_writer(room, sizeof room);
    made->used = 0;
    sequence_make(&s, seed, made);
    enum verdict verdict = try_sequence(&s, memory);
    drop_operations(&s, verdict, memory);
    simplify(&(struct shrinking){&s, verdict, made, memory});
    drop_operations(&s, verdict, memory);
    outcome->text[0] = '\0';
    verdict = try_sequence(&s, memory);
    put_sequence(&w, &s);
    text_put(&w, verdict == CRASHES ? TEXT("the table stops: an assertion fails")
                                    : text_from(outcome->text));
    text_put(&w, TEXT("\nagain: test_table_differential 1 "));
    text_put_integer(&w, (int64_t)seed, 0);
    text_put_char(&w, '\n');
    return text_writer_string(&w);
}

/* Runs sequences of successive seeds until so many operations are done. */
static int run_batch(uint64_t seed, uint64_t operations, struct naive_memory *made,
                     struct naive_memory *memory)
{
    static struct sequence s;
    uint64_t until = outcome->operations + operations;
    for (outcome->seed = seed; outcome->operations < until; outcome->seed++) {
        made->used = 0;
        sequence_make(&s, outcome->seed, made);
        if (run_sequence(&s, memory) > 0) {
            return DIFFERS;
        }
    }
    return AGREES;
}

/* The same in another process; a disagreement is told, shrunk, as text. NULL: none. */
static const char *campaign(uint64_t seed, uint64_t operations)
{
    int status = 0;
    struct naive_memory made = naive_memory(MAKE_BYTES);
    struct naive_memory memory = naive_memory(RUN_BYTES);
    (void)fflush(NULL);
    pid_t child = fork();
    ASSERT(child >= 0);
    if (child == 0) {
        exit(run_batch(seed, operations, &made, &memory));
    }
    ASSERT(waitpid(child, &status, 0) == child);
    const char *text = verdict_of(status) == AGREES ? NULL : explain(outcome->seed, &made, &memory);
    naive_memory_release(&made);
    naive_memory_release(&memory);
    return text;
}

struct batch {
    const char *name;
    uint64_t seed, operations;
};

static void answers_as_the_naive_table(void **state)
{
    const struct batch *b = *state;
    const char *text = campaign(b->seed, b->operations);
    if (text != NULL) {
        (void)fputs(text, stderr);
        fail_msg("seed %llu", (unsigned long long)outcome->seed);
    }
}

static int print_campaign(const char *operations, const char *seed)
{
    const char *text = campaign(strtoull(seed, NULL, 10), strtoull(operations, NULL, 10));
    printf("%llu operations executed, %llu refused by both, %llu pages and %llu items of them "
           "compared; seeds %s to %llu: %s\n%s",
           (unsigned long long)outcome->operations, (unsigned long long)outcome->refused,
           (unsigned long long)outcome->pages, (unsigned long long)outcome->items, seed,
           (unsigned long long)outcome->seed - (text == NULL),
           text == NULL ? "agreement" : "DISAGREE", text == NULL ? "" : text);
    return text == NULL ? 0 : 1;
}

static int test_batches(void)
{
    static struct batch batches[] = {
        {"40 000 operations from seed 1", 1, 40000},
    };
    struct CMUnitTest tests[sizeof batches / sizeof batches[0]];
    for (size_t i = 0; i < sizeof batches / sizeof batches[0]; i++) {
        tests[i] = (struct CMUnitTest){batches[i].name, answers_as_the_naive_table, NULL, NULL,
                                       &batches[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    outcome =
        mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT(outcome != MAP_FAILED && mkdtemp(directory) != NULL);
    int status = argc == 3 ? print_campaign(argv[1], argv[2]) : test_batches();
    empty_directory();
    (void)rmdir(directory);
    return status;
}

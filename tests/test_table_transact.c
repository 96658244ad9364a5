/* test_table_transact.c: what DynamoDB documents of transactions.
 *
 * Golden figures for units and reasons, the limits, conflicts and tokens, case by case; then random
 * transfers between accounts in two tables, of which every one must keep the sum and no account may
 * fall below zero. Each test names its source in docs/sources.md.
 */
#include "model/dynamodb/table_transact.h"
#include "sim/random.h"
#include "tests/cases.h"

#include <stdio.h>
#include <stdlib.h>

enum { ITEM_BYTES = 420000, ITEMS = 16, MILLI = 1000 };

static const struct instant START = {INT64_C(1769763600) * NS_PER_S};
static char padding[ITEM_BYTES];

static struct instant after_ms(int64_t ms)
{
    return instant_add(START, duration_ms(ms));
}

/* Two tables with a partition key, the second with a sort key too. */
struct world {
    struct table *accounts, *entries;
    struct transactions *transactions;
    char bytes[ITEMS][1024];
    int items;
};

static struct table *open_table(const char *name, const char *range, int64_t rcu, int64_t wcu)
{
    struct table_config config = {
        .name = name,
        .hash_key = {"id", TYPE_S},
        .rcu = rcu,
        .wcu = wcu,
        .history = duration_s(10),
        .items_max = 10000,
        .cache_bytes = 1 << 30
    };
    if (range != NULL) {
        config.range_key = (struct table_key){range, TYPE_S};
    }
    struct error error;
    struct table *t = table_open(&config, START, &error);
    if (t == NULL) {
        fail_msg("%s", error.message);
    }
    return t;
}

static struct world *open_world(struct duration occupied, int64_t rcu, int64_t wcu)
{
    struct error error;
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->accounts = open_table("accounts", NULL, rcu, wcu);
    w->entries = open_table("entries", "day", rcu, wcu);
    w->transactions = transactions_open(occupied, &error);
    assert_non_null(w->transactions);
    return w;
}

static void close_world(struct world *w)
{
    struct error error;
    assert_int_equal(table_close(w->accounts, &error), STATUS_OK);
    assert_int_equal(table_close(w->entries, &error), STATUS_OK);
    transactions_close(w->transactions);
    free(w);
}

/* An item of the accounts, or with `day` of the entries; without `n` its key alone. */
static struct item item_of(struct world *w, const char *id, const char *day, const int64_t *n)
{
    struct item_writer writer = item_writer(w->bytes[w->items % ITEMS], sizeof w->bytes[0]);
    w->items++;
    item_add_s(&writer, TEXT("id"), text_from(id));
    if (day != NULL) {
        item_add_s(&writer, TEXT("day"), text_from(day));
    }
    if (n != NULL) {
        item_add_n(&writer, TEXT("n"), *n);
    }
    return item_written(&writer);
}

static struct item key(struct world *w, const char *id)
{
    return item_of(w, id, NULL, NULL);
}

static struct item account(struct world *w, const char *id, int64_t n)
{
    return item_of(w, id, NULL, &n);
}

static struct item entry(struct world *w, const char *id, const char *day, int64_t n)
{
    return item_of(w, id, day, &n);
}

static struct expression *compile(enum expression_kind kind, const char *text)
{
    static const char *const values[] = {":v", ":w", NULL};
    struct error error;
    struct expression *e =
        expression_compile(kind, &(struct expression_source){text, NULL, values, NULL}, &error);
    if (e == NULL) {
        fail_msg("%s: %s", text, error.message);
    }
    return e;
}

static struct table_write put(struct table *t, struct item item)
{
    return (struct table_write){.table = t, .kind = WRITE_PUT, .item = item};
}

static struct table_write check(struct table *t, struct item item,
                                const struct expression *condition)
{
    return (struct table_write){
        .table = t, .kind = WRITE_CHECK, .item = item, .condition = condition};
}

static struct table_write update(struct table *t, struct item item, const struct expression *update,
                                 const struct expression *condition, const struct value *values)
{
    return (struct table_write){t, WRITE_UPDATE, item, update, condition, values};
}

static struct table_write put_if(struct table *t, struct item item,
                                 const struct expression *condition)
{
    return (struct table_write){
        .table = t, .kind = WRITE_PUT, .item = item, .condition = condition};
}

static struct table_write delete_if(struct table *t, struct item item,
                                    const struct expression *condition)
{
    return (struct table_write){
        .table = t, .kind = WRITE_DELETE, .item = item, .condition = condition};
}

static struct table_read get(struct table *t, struct item item)
{
    return (struct table_read){t, item};
}

static enum transaction_result write_at(struct world *w, struct instant now,
                                        const struct table_write *writes, uint32_t count,
                                        struct transaction_reply *reply)
{
    return transactions_write(w->transactions, now, writes, count, &(struct transaction_request){0},
                              reply);
}

static enum transaction_result write_now(struct world *w, const struct table_write *writes,
                                         uint32_t count, struct transaction_reply *reply)
{
    return write_at(w, START, writes, count, reply);
}

static void put_now(struct table *t, struct item item)
{
    struct table_reply reply;
    assert_int_equal(table_put(t, START, item, NULL, NULL, &reply), TABLE_OK);
}

/* The attribute n of an account; -1 where there is none. */
static int64_t balance(struct table *t, const char *id)
{
    struct item item;
    struct value n;
    int64_t value = -1;
    if (table_peek(t, text_from(id), (struct text){"", 0}, &item)) {
        assert_true(item_get(item, TEXT("n"), &n));
        assert_true(number_integer(&n.number, &value));
    }
    return value;
}

/* All or nothing: DDB-TRANSACT-1, DDB-TRANSACT-3 */

static void writes_of_all_kinds_are_made_together(void **state)
{
    (void)state;
    struct world *w = open_world((struct duration){0}, 0, 0);
    struct expression *exists = compile(EXPRESSION_CONDITION, "attribute_exists(id)");
    struct expression *add = compile(EXPRESSION_UPDATE, "SET n = n + :v");
    struct value five = value_n(5);
    struct transaction_reply reply;
    put_now(w->accounts, account(w, "a", 1));
    put_now(w->accounts, account(w, "b", 2));
    put_now(w->accounts, account(w, "c", 3));
    const struct table_write writes[] = {
        put(w->entries, entry(w, "a", "monday", 7)),
        update(w->accounts, key(w, "a"), add, exists, &five),
        delete_if(w->accounts, key(w, "b"), exists),
        check(w->accounts, key(w, "c"), exists),
    };
    assert_int_equal(write_now(w, writes, 4, &reply), TRANSACTION_OK);
    assert_int_equal(balance(w->accounts, "a"), 6);
    assert_int_equal(balance(w->accounts, "b"), -1);
    assert_int_equal(balance(w->accounts, "c"), 3);
    assert_int_equal(table_count(w->entries), 1);
    expression_free(exists);
    expression_free(add);
    close_world(w);
}

static void a_condition_that_fails_cancels_all_with_reasons_in_order(void **state)
{
    (void)state;
    struct world *w = open_world((struct duration){0}, 0, 0);
    struct expression *absent = compile(EXPRESSION_CONDITION, "attribute_not_exists(id)");
    struct transaction_reply reply;
    put_now(w->accounts, account(w, "b", 2));
    struct hash128 before = table_hash(w->accounts);
    const struct table_write writes[] = {
        put(w->entries, entry(w, "a", "monday", 7)),
        put_if(w->accounts, account(w, "b", 9), absent),
        delete_if(w->accounts, key(w, "c"), absent),
    };
    assert_int_equal(write_now(w, writes, 3, &reply), TRANSACTION_CANCELLED);
    assert_string_equal(cancellation_text(reply.reasons[0].code), "None");
    assert_string_equal(reply.reasons[0].message, "");
    assert_string_equal(cancellation_text(reply.reasons[1].code), "ConditionalCheckFailed");
    assert_string_equal(reply.reasons[1].message, "The conditional request failed");
    assert_true(text_equal(reply.reasons[1].old.bytes, account(w, "b", 2).bytes));
    assert_int_equal(reply.reasons[2].code, CANCELLATION_NONE);
    struct hash128 after = table_hash(w->accounts);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(table_count(w->entries), 0);
    expression_free(absent);
    close_world(w);
}

static void a_failed_check_without_an_item_has_no_old_one(void **state)
{
    (void)state;
    struct world *w = open_world((struct duration){0}, 0, 0);
    struct expression *exists = compile(EXPRESSION_CONDITION, "attribute_exists(id)");
    struct transaction_reply reply;
    const struct table_write writes[] = {check(w->accounts, key(w, "nobody"), exists)};
    assert_int_equal(write_now(w, writes, 1, &reply), TRANSACTION_CANCELLED);
    assert_int_equal(reply.reasons[0].code, CANCELLATION_CONDITION_FAILED);
    assert_int_equal(reply.reasons[0].old.bytes.size, 0);
    expression_free(exists);
    close_world(w);
}

/* Units: DDB-TRANSACT-2 */

static void each_item_costs_twice(void **state)
{
    (void)state;
    struct world *w = open_world((struct duration){0}, 0, 0);
    struct transaction_reply reply;
    const struct table_write writes[] = {put(w->accounts, account(w, "a", 1)),
                                         put(w->accounts, account(w, "b", 1)),
                                         put(w->entries, entry(w, "a", "monday", 1))};
    assert_int_equal(write_now(w, writes, 3, &reply), TRANSACTION_OK);
    assert_int_equal(reply.wcu_milli, 6 * MILLI);
    assert_int_equal(reply.rcu_milli, 0);
    assert_int_equal(table_consumed(w->accounts, TABLE_BASE).wcu_milli, 4 * MILLI);
    assert_int_equal(table_consumed(w->entries, TABLE_BASE).wcu_milli, 2 * MILLI);
    close_world(w);
}

static void a_cancelled_transaction_costs_as_much(void **state)
{
    (void)state;
    struct world *w = open_world((struct duration){0}, 0, 0);
    struct expression *exists = compile(EXPRESSION_CONDITION, "attribute_exists(id)");
    struct transaction_reply reply;
    const struct table_write writes[] = {put(w->accounts, account(w, "a", 1)),
                                         check(w->accounts, key(w, "b"), exists)};
    assert_int_equal(write_now(w, writes, 2, &reply), TRANSACTION_CANCELLED);
    assert_int_equal(reply.wcu_milli, 4 * MILLI);
    expression_free(exists);
    close_world(w);
}

static void reading_costs_twice_also_what_is_missing(void **state)
{
    (void)state;
    struct world *w = open_world((struct duration){0}, 0, 0);
    struct transaction_reply reply;
    put_now(w->accounts, account(w, "a", 4));
    put_now(w->entries, entry(w, "a", "monday", 5));
    const struct table_read reads[] = {get(w->accounts, key(w, "a")), get(w->accounts, key(w, "b")),
                                       get(w->entries, item_of(w, "a", "monday", NULL))};
    assert_int_equal(transactions_get(w->transactions, START, reads, 3, &reply), TRANSACTION_OK);
    assert_int_equal(reply.rcu_milli, 6 * MILLI);
    assert_int_equal(reply.wcu_milli, 0);
    assert_true(text_equal(reply.items[0].bytes, account(w, "a", 4).bytes));
    assert_int_equal(reply.items[1].bytes.size, 0);
    assert_true(text_equal(reply.items[2].bytes, entry(w, "a", "monday", 5).bytes));
    close_world(w);
}

/* Three units are left: the first item takes two, the second finds one too few, and that one is
 * still there. */
static void too_little_capacity_cancels_with_the_item_that_met_it(void **state)
{
    (void)state;
    struct world *w = open_world((struct duration){0}, 0, 1);
    struct transaction_reply reply;
    struct table_reply single;
    for (int i = 0; i < 297; i++) {
        put_now(w->accounts, account(w, "a", i));
    }
    const struct table_write writes[] = {put(w->accounts, account(w, "a", 1000)),
                                         put(w->accounts, account(w, "b", 1000)),
                                         put(w->entries, entry(w, "b", "monday", 1))};
    assert_int_equal(write_now(w, writes, 3, &reply), TRANSACTION_CANCELLED);
    assert_int_equal(reply.reasons[0].code, CANCELLATION_NONE);
    assert_string_equal(cancellation_text(reply.reasons[1].code), "ProvisionedThroughputExceeded");
    assert_int_equal(reply.reasons[2].code, CANCELLATION_NONE);
    assert_int_equal(balance(w->accounts, "a"), 296);
    put_now(w->accounts, account(w, "c", 1));
    assert_int_equal(table_put(w->accounts, START, account(w, "c", 2), NULL, NULL, &single),
                     TABLE_THROTTLED);
    close_world(w);
}

static void a_hot_key_on_demand_cancels_with_a_throttle(void **state)
{
    (void)state;
    struct world *w = open_world((struct duration){0}, 0, 0);
    const struct table_config config = {
        .name = "hot",
        .hash_key = {"id",                   TYPE_S      },
        .limits = {.burst = duration_s(1), .key_wcu = 1},
        .items_max = 10,
        .cache_bytes = 1 << 20
    };
    struct error error;
    struct table *hot = table_open(&config, START, &error);
    assert_non_null(hot);
    struct transaction_reply reply;
    const struct table_write writes[] = {put(w->accounts, account(w, "a", 1)),
                                         put(hot, account(w, "b", 1))};
    assert_int_equal(write_now(w, writes, 2, &reply), TRANSACTION_OK);
    assert_int_equal(write_now(w, writes, 2, &reply), TRANSACTION_CANCELLED);
    assert_int_equal(reply.reasons[0].code, CANCELLATION_NONE);
    assert_string_equal(cancellation_text(reply.reasons[1].code), "ThrottlingError");
    assert_int_equal(table_close(hot, NULL), STATUS_OK);
    close_world(w);
}

/* Refusals: DDB-TRANSACT-1, DDB-TRANSACT-6 */

static void an_item_may_be_named_once(void **state)
{
    (void)state;
    struct world *w = open_world((struct duration){0}, 0, 0);
    struct transaction_reply reply;
    const struct table_write writes[] = {put(w->accounts, account(w, "a", 1)),
                                         put(w->entries, entry(w, "a", "monday", 1)),
                                         check(w->accounts, key(w, "a"), NULL)};
    assert_int_equal(write_now(w, writes, 3, &reply), TRANSACTION_INVALID);
    assert_string_equal(reply.message,
                        "Transaction request cannot include multiple operations on one item");
    assert_int_equal(table_consumed(w->accounts, TABLE_BASE).wcu_milli, 0);
    const struct table_read reads[] = {get(w->accounts, key(w, "a")),
                                       get(w->accounts, key(w, "a"))};
    assert_int_equal(transactions_get(w->transactions, START, reads, 2, &reply),
                     TRANSACTION_INVALID);
    /* The same key in another table is another item. */
    assert_int_equal(write_now(w, writes, 2, &reply), TRANSACTION_OK);
    close_world(w);
}

static struct item large(struct world *w, const char *id, uint32_t size, char *bytes)
{
    struct item_writer writer = item_writer(bytes, ITEM_BYTES);
    (void)w;
    item_add_s(&writer, TEXT("id"), text_from(id));
    item_add_s(&writer, TEXT("p"), (struct text){padding, size - 4});
    assert_int_equal(item_size(item_written(&writer)), size);
    return item_written(&writer);
}

/* 11 items of 372 KB and one that brings them to 4 MB and `over`. */
static enum transaction_result write_four_megabytes(struct world *w, uint32_t over)
{
    static char bytes[12][ITEM_BYTES];
    static const char *const ids[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"};
    struct table_write writes[12];
    struct transaction_reply reply;
    const uint32_t each = 372 * 1024;
    for (int i = 0; i < 12; i++) {
        uint32_t size = i < 11 ? each : (4 << 20) - 11 * each + over;
        writes[i] = put(w->accounts, large(w, ids[i], size, bytes[i]));
    }
    enum transaction_result result = write_now(w, writes, 12, &reply);
    if (result == TRANSACTION_INVALID) {
        assert_string_equal(reply.message,
                            "The aggregate size of the items in the transaction exceeds 4 MB");
    }
    return result;
}

static void four_megabytes_are_the_limit(void **state)
{
    (void)state;
    struct world *w = open_world((struct duration){0}, 0, 0);
    assert_int_equal(write_four_megabytes(w, 1), TRANSACTION_INVALID);
    assert_int_equal(table_count(w->accounts), 0);
    assert_int_equal(write_four_megabytes(w, 0), TRANSACTION_OK);
    assert_int_equal(table_count(w->accounts), 12);
    close_world(w);
}

static void a_hundred_items_are_possible(void **state)
{
    (void)state;
    struct world *w = open_world((struct duration){0}, 0, 0);
    static char bytes[TRANSACTION_ITEMS_MAX][64];
    struct table_write writes[TRANSACTION_ITEMS_MAX];
    struct transaction_reply reply;
    for (uint32_t i = 0; i < TRANSACTION_ITEMS_MAX; i++) {
        struct item_writer writer = item_writer(bytes[i], sizeof bytes[i]);
        char id[8];
        (void)snprintf(id, sizeof id, "%u", i);
        item_add_s(&writer, TEXT("id"), text_from(id));
        writes[i] = put(w->accounts, item_written(&writer));
    }
    assert_int_equal(write_now(w, writes, TRANSACTION_ITEMS_MAX, &reply), TRANSACTION_OK);
    assert_int_equal(table_count(w->accounts), TRANSACTION_ITEMS_MAX);
    assert_int_equal(reply.wcu_milli, 2 * TRANSACTION_ITEMS_MAX * MILLI);
    close_world(w);
}

/* A put of an account with that id that is refused, beside one that is not. */
struct refused_case {
    const char *name;
    struct value id;
    enum transaction_result result;
    const char *message;
};

static struct refused_case refused_cases[] = {
    {"a key of another type is the item's fault",
     {.type = TYPE_N},
     TRANSACTION_CANCELLED, "One or more parameter values were invalid: Type mismatch for key id expected: S actual: N"},
    {"an empty key is the request's fault",
     {.bytes = {"", 0}},
     TRANSACTION_INVALID,   "One or more parameter values are not valid. The AttributeValue for a key attribute cannot "
     "contain an empty string value. Key: id"                                                 },
};

static void what_is_refused(void **state)
{
    const struct refused_case *c = *state;
    struct world *w = open_world((struct duration){0}, 0, 0);
    char bytes[64];
    struct item_writer writer = item_writer(bytes, sizeof bytes);
    struct transaction_reply reply;
    item_add(&writer, TEXT("id"), &c->id);
    /* The item named twice is hidden by the fault. */
    const struct table_write writes[] = {put(w->accounts, account(w, "a", 1)),
                                         put(w->accounts, account(w, "a", 1)),
                                         put(w->accounts, item_written(&writer))};
    assert_int_equal(write_now(w, writes, 3, &reply), c->result);
    if (c->result == TRANSACTION_INVALID) {
        assert_string_equal(reply.message, c->message);
    } else {
        assert_int_equal(reply.reasons[1].code, CANCELLATION_NONE);
        assert_string_equal(cancellation_text(reply.reasons[2].code), "ValidationError");
        assert_string_equal(reply.reasons[2].message, c->message);
    }
    assert_int_equal(table_count(w->accounts), 0);
    close_world(w);
}

static void an_update_that_cannot_be_applied_cancels(void **state)
{
    (void)state;
    struct world *w = open_world((struct duration){0}, 0, 0);
    struct expression *add = compile(EXPRESSION_UPDATE, "SET n = n + :v");
    struct value one = value_n(1);
    struct transaction_reply reply;
    const struct table_write writes[] = {
        put(w->entries, entry(w, "a", "monday", 1)),
        update(w->accounts, key(w, "nobody"), add, NULL, &one),
    };
    assert_int_equal(write_now(w, writes, 2, &reply), TRANSACTION_CANCELLED);
    assert_int_equal(reply.reasons[1].code, CANCELLATION_INVALID);
    assert_string_equal(
        reply.reasons[1].message,
        "The provided expression refers to an attribute that does not exist in the item");
    assert_int_equal(table_count(w->entries), 0);
    expression_free(add);
    close_world(w);
}

/* Conflicts: DDB-TRANSACT-5 */

static void an_occupied_item_refuses_writes_and_lets_reads_pass(void **state)
{
    (void)state;
    struct world *w = open_world(duration_ms(20), 0, 0);
    struct transaction_reply reply;
    struct table_reply single;
    struct item item;
    const struct table_write first[] = {put(w->accounts, account(w, "a", 1))};
    const struct table_write second[] = {put(w->accounts, account(w, "b", 2)),
                                         put(w->accounts, account(w, "a", 2))};
    const struct table_read reads[] = {get(w->accounts, key(w, "a"))};
    assert_int_equal(write_now(w, first, 1, &reply), TRANSACTION_OK);
    struct instant during = after_ms(19);
    assert_int_equal(table_put(w->accounts, during, account(w, "a", 3), NULL, NULL, &single),
                     TABLE_CONFLICT);
    assert_int_equal(single.wcu_milli, 0);
    assert_int_equal(table_delete(w->accounts, during, key(w, "a"), NULL, NULL, &single),
                     TABLE_CONFLICT);
    assert_int_equal(table_update(w->accounts, during, key(w, "a"), NULL, NULL, NULL, &single),
                     TABLE_CONFLICT);
    assert_int_equal(write_at(w, during, second, 2, &reply), TRANSACTION_CANCELLED);
    assert_int_equal(reply.reasons[0].code, CANCELLATION_NONE);
    assert_string_equal(cancellation_text(reply.reasons[1].code), "TransactionConflict");
    assert_string_equal(reply.reasons[1].message, "Transaction is ongoing for the item");
    assert_int_equal(transactions_get(w->transactions, during, reads, 1, &reply),
                     TRANSACTION_CANCELLED);
    assert_int_equal(table_get(w->accounts, during, during, key(w, "a"), &item, &single), TABLE_OK);
    assert_int_equal(item.bytes.size, account(w, "a", 1).bytes.size);
    /* A cancelled transaction occupies nothing: b is free. */
    assert_int_equal(table_put(w->accounts, during, account(w, "b", 5), NULL, NULL, &single),
                     TABLE_OK);
    assert_int_equal(write_at(w, after_ms(20), second, 2, &reply), TRANSACTION_OK);
    assert_int_equal(balance(w->accounts, "a"), 2);
    close_world(w);
}

static void without_a_time_nothing_is_occupied(void **state)
{
    (void)state;
    struct world *w = open_world((struct duration){0}, 0, 0);
    struct transaction_reply reply;
    struct table_reply single;
    const struct table_write writes[] = {put(w->accounts, account(w, "a", 1))};
    assert_int_equal(write_now(w, writes, 1, &reply), TRANSACTION_OK);
    assert_int_equal(table_put(w->accounts, START, account(w, "a", 3), NULL, NULL, &single),
                     TABLE_OK);
    close_world(w);
}

/* Tokens: DDB-TRANSACT-4 */

static enum transaction_result with_token(struct world *w, struct instant now, const char *token,
                                          struct item item, struct transaction_reply *reply)
{
    const struct table_write writes[] = {put(w->accounts, item)};
    const struct transaction_request request = {text_from(token),
                                                hash128(item.bytes.at, item.bytes.size)};
    return transactions_write(w->transactions, now, writes, 1, &request, reply);
}

static void the_same_request_again_changes_nothing_and_reads(void **state)
{
    (void)state;
    struct world *w = open_world((struct duration){0}, 0, 0);
    struct transaction_reply reply;
    assert_int_equal(with_token(w, START, "t", account(w, "a", 1), &reply), TRANSACTION_OK);
    put_now(w->accounts, account(w, "a", 2));
    struct instant late = after_ms(599999);
    assert_int_equal(with_token(w, late, "t", account(w, "a", 1), &reply), TRANSACTION_OK);
    assert_int_equal(reply.wcu_milli, 0);
    assert_int_equal(reply.rcu_milli, 2 * MILLI);
    assert_int_equal(balance(w->accounts, "a"), 2);
    assert_int_equal(with_token(w, late, "t", account(w, "a", 3), &reply), TRANSACTION_MISMATCH);
    assert_int_equal(with_token(w, late, "u", account(w, "a", 3), &reply), TRANSACTION_OK);
    close_world(w);
}

static void after_ten_minutes_a_token_is_new(void **state)
{
    (void)state;
    struct world *w = open_world((struct duration){0}, 0, 0);
    struct transaction_reply reply;
    assert_int_equal(with_token(w, START, "t", account(w, "a", 1), &reply), TRANSACTION_OK);
    assert_int_equal(with_token(w, after_ms(600000), "t", account(w, "a", 3), &reply),
                     TRANSACTION_OK);
    assert_int_equal(balance(w->accounts, "a"), 3);
    close_world(w);
}

static void a_cancelled_request_may_be_made_again(void **state)
{
    (void)state;
    struct world *w = open_world((struct duration){0}, 0, 0);
    struct expression *absent = compile(EXPRESSION_CONDITION, "attribute_not_exists(id)");
    struct transaction_reply reply;
    struct table_reply single;
    const struct table_write writes[] = {put_if(w->accounts, account(w, "a", 1), absent)};
    const struct transaction_request request = {
        TEXT("t"), {1, 2}
    };
    put_now(w->accounts, account(w, "a", 0));
    assert_int_equal(transactions_write(w->transactions, START, writes, 1, &request, &reply),
                     TRANSACTION_CANCELLED);
    assert_int_equal(table_delete(w->accounts, START, key(w, "a"), NULL, NULL, &single), TABLE_OK);
    assert_int_equal(transactions_write(w->transactions, START, writes, 1, &request, &reply),
                     TRANSACTION_OK);
    assert_int_equal(balance(w->accounts, "a"), 1);
    expression_free(absent);
    close_world(w);
}

static void a_request_that_is_under_way_says_so(void **state)
{
    (void)state;
    struct world *w = open_world(duration_ms(20), 0, 0);
    struct transaction_reply reply;
    assert_int_equal(with_token(w, START, "t", account(w, "a", 1), &reply), TRANSACTION_OK);
    assert_int_equal(with_token(w, after_ms(19), "t", account(w, "a", 1), &reply),
                     TRANSACTION_IN_PROGRESS);
    assert_int_equal(with_token(w, after_ms(20), "t", account(w, "a", 1), &reply), TRANSACTION_OK);
    assert_int_equal(reply.rcu_milli, 2 * MILLI);
    /* The ten minutes count from its end. */
    assert_int_equal(with_token(w, after_ms(600019), "t", account(w, "a", 2), &reply),
                     TRANSACTION_MISMATCH);
    close_world(w);
}

/* Marks */

static void a_rollback_undoes_transactions_tokens_and_conflicts(void **state)
{
    (void)state;
    struct world *w = open_world(duration_ms(20), 0, 0);
    struct transaction_reply reply;
    struct table_reply single;
    assert_int_equal(with_token(w, START, "s", account(w, "z", 1), &reply), TRANSACTION_OK);
    struct hash128 before = table_hash(w->accounts);
    uint64_t table = table_mark(w->accounts);
    uint64_t tokens = transactions_mark(w->transactions);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(with_token(w, after_ms(1), "t", account(w, "a", 1), &reply),
                         TRANSACTION_OK);
        assert_int_equal(with_token(w, after_ms(1), "u", account(w, "b", 1), &reply),
                         TRANSACTION_OK);
        assert_int_equal(
            table_put(w->accounts, after_ms(2), account(w, "a", 3), NULL, NULL, &single),
            TABLE_CONFLICT);
        table_rollback(w->accounts, table);
        transactions_rollback(w->transactions, tokens);
        struct hash128 after = table_hash(w->accounts);
        assert_memory_equal(&before, &after, sizeof before);
    }
    table_release_marks(w->accounts);
    transactions_release_marks(w->transactions);
    assert_int_equal(table_put(w->accounts, after_ms(2), account(w, "a", 3), NULL, NULL, &single),
                     TABLE_OK);
    assert_int_equal(table_put(w->accounts, after_ms(2), account(w, "z", 3), NULL, NULL, &single),
                     TABLE_CONFLICT);
    assert_int_equal(with_token(w, after_ms(20), "s", account(w, "z", 2), &reply),
                     TRANSACTION_MISMATCH);
    close_world(w);
}

/* Transfers: no sequence of them loses or makes money. */

enum { ACCOUNTS = 6, TRANSFERS = 3000, MONEY = 20 };

static int64_t money_in(struct world *w)
{
    static const char *const ids[] = {"0", "1", "2", "3", "4", "5"};
    int64_t sum = 0;
    for (int i = 0; i < ACCOUNTS; i++) {
        int64_t n = balance(w->accounts, ids[i]);
        assert_true(n >= 0);
        sum += n;
    }
    return sum;
}

static void transfers_keep_the_sum(void **state)
{
    (void)state;
    struct world *w = open_world(duration_ms(3), 0, 0);
    struct expression *take = compile(EXPRESSION_UPDATE, "SET n = n - :v");
    struct expression *give = compile(EXPRESSION_UPDATE, "SET n = n + :v");
    struct expression *enough = compile(EXPRESSION_CONDITION, "n >= :v");
    struct random_stream random = random_stream(7, TEXT("transfers"));
    int reached[3] = {0};
    for (int i = 0; i < ACCOUNTS; i++) {
        char id[2] = {(char)('0' + i), '\0'};
        put_now(w->accounts, account(w, id, MONEY));
    }
    for (int i = 0; i < TRANSFERS; i++) {
        char from[2] = {(char)('0' + random_below(&random, ACCOUNTS)), '\0'};
        char to[2] = {(char)('0' + random_below(&random, ACCOUNTS)), '\0'};
        struct value amount = value_n((int64_t)random_below(&random, 30));
        struct transaction_reply reply;
        const struct table_write writes[] = {
            update(w->accounts, key(w, from), take, enough, &amount),
            update(w->accounts, key(w, to), give, NULL, &amount)};
        struct instant now = after_ms(i);
        enum transaction_result result = write_at(w, now, writes, 2, &reply);
        assert_true(result == TRANSACTION_OK || result == TRANSACTION_CANCELLED ||
                    (result == TRANSACTION_INVALID && from[0] == to[0]));
        reached[result]++;
        assert_int_equal(money_in(w), ACCOUNTS * MONEY);
    }
    assert_true(reached[TRANSACTION_OK] > 100);
    assert_true(reached[TRANSACTION_CANCELLED] > 100);
    assert_true(reached[TRANSACTION_INVALID] > 100);
    expression_free(take);
    expression_free(give);
    expression_free(enough);
    close_world(w);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, writes_of_all_kinds_are_made_together);
    CASES_ADD(&cases, a_condition_that_fails_cancels_all_with_reasons_in_order);
    CASES_ADD(&cases, a_failed_check_without_an_item_has_no_old_one);
    CASES_ADD(&cases, each_item_costs_twice);
    CASES_ADD(&cases, a_cancelled_transaction_costs_as_much);
    CASES_ADD(&cases, reading_costs_twice_also_what_is_missing);
    CASES_ADD(&cases, too_little_capacity_cancels_with_the_item_that_met_it);
    CASES_ADD(&cases, a_hot_key_on_demand_cancels_with_a_throttle);
    CASES_ADD(&cases, an_item_may_be_named_once);
    CASES_ADD(&cases, four_megabytes_are_the_limit);
    CASES_ADD(&cases, a_hundred_items_are_possible);
    CASES_ADD_TABLE(&cases, what_is_refused, refused_cases);
    CASES_ADD(&cases, an_update_that_cannot_be_applied_cancels);
    CASES_ADD(&cases, an_occupied_item_refuses_writes_and_lets_reads_pass);
    CASES_ADD(&cases, without_a_time_nothing_is_occupied);
    CASES_ADD(&cases, the_same_request_again_changes_nothing_and_reads);
    CASES_ADD(&cases, after_ten_minutes_a_token_is_new);
    CASES_ADD(&cases, a_cancelled_request_may_be_made_again);
    CASES_ADD(&cases, a_request_that_is_under_way_says_so);
    CASES_ADD(&cases, a_rollback_undoes_transactions_tokens_and_conflicts);
    CASES_ADD(&cases, transfers_keep_the_sum);
    return cases_run("transactions", &cases);
}

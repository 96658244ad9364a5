/* test_counted_tree.c: the counted tree against a sorted array.
 *
 * A long random sequence of inserts, removals and new weights, in four shapes (random order,
 * rising, runs that begin anywhere and meet what is there, and a queue: in at the end, out at the
 * front), with every question asked of both.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/dynamodb/counted_tree.h"
#include "sim/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEMBERS = 20000 };

/* The reference: keys in order with their weights. A member is its key here, less a tag. */
struct reference {
    uint32_t count;
    uint32_t key[MEMBERS];
    uint32_t weight[MEMBERS];
};

static int compare(const void *self, void *key, uint32_t member)
{
    (void)self;
    uint32_t k = *(const uint32_t *)key;
    return (k > member) - (k < member);
}

/* Guesses that are often wrong: they rise only within 1024 keys, and are the same for 4. */
static uint32_t differ_at(const void *self, uint32_t a, uint32_t b)
{
    (void)self;
    return a / 1024 == b / 1024 ? 0 : 1;
}

static uint32_t guess(const void *self, uint32_t member, uint32_t at, uint32_t reference)
{
    (void)self;
    (void)reference;
    return at == 0 ? member % 1024 / 4 : member / 4;
}

static uint32_t guess_key(const void *self, void *key, bool after, uint32_t at, uint32_t reference)
{
    uint32_t k = *(const uint32_t *)key;
    return guess(self, after && k % 5 == 0 ? k + 1 : k, at, reference);
}

static const struct tree_keys KEYS = {NULL, compare, differ_at, guess, guess_key};

/* Compares only key / 16: several members are then equal. */
static int compare_group(const void *self, void *key, uint32_t member)
{
    (void)self;
    uint32_t k = *(const uint32_t *)key / 16;
    return (k > member / 16) - (k < member / 16);
}

static uint32_t position(const struct reference *r, uint32_t key)
{
    uint32_t low = 0;
    uint32_t high = r->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (r->key[middle] < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static uint64_t weight_before(const struct reference *r, uint32_t rank)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < rank; i++) {
        sum += r->weight[i];
    }
    return sum;
}

static void reference_insert(struct reference *r, uint32_t key, uint32_t weight)
{
    uint32_t at = position(r, key);
    memmove(r->key + at + 1, r->key + at, (r->count - at) * sizeof r->key[0]);
    memmove(r->weight + at + 1, r->weight + at, (r->count - at) * sizeof r->weight[0]);
    r->key[at] = key;
    r->weight[at] = weight;
    r->count++;
}

static void reference_remove(struct reference *r, uint32_t at)
{
    r->count--;
    memmove(r->key + at, r->key + at + 1, (r->count - at) * sizeof r->key[0]);
    memmove(r->weight + at, r->weight + at + 1, (r->count - at) * sizeof r->weight[0]);
}

static void check_place(const struct reference *r, struct tree_place place, uint32_t rank)
{
    assert_int_equal(place.rank, rank);
    assert_int_equal(place.weight, weight_before(r, rank));
}

static void check(struct counted_tree *t, const struct reference *r, struct random_stream *random)
{
    assert_int_equal(t->count, r->count);
    assert_int_equal(t->weight, weight_before(r, r->count));
    uint32_t key = (uint32_t)random_below(random, 100000);
    uint32_t at = position(r, key);
    bool there = at < r->count && r->key[at] == key;
    check_place(r, tree_seek(t, &key, false), at);
    check_place(r, tree_seek(t, &key, true), at + there);
    uint32_t group = key / 16 * 16;
    t->keys.compare = compare_group;
    check_place(r, tree_seek(t, &key, false), position(r, group));
    check_place(r, tree_seek(t, &key, true), position(r, group + 16));
    t->keys.compare = compare;
    uint32_t rank = (uint32_t)random_below(random, r->count + 1U);
    check_place(r, tree_at_rank(t, rank), rank);
    uint64_t weight = weight_before(r, rank);
    check_place(r, tree_at_weight(t, weight), rank);
    check_place(r, tree_at_weight(t, weight + 1), rank < r->count ? rank + 1 : r->count);
    if (rank < r->count) {
        assert_int_equal(tree_member(t, tree_at_rank(t, rank).cursor), r->key[rank]);
    }
    if (rank > 0) {
        assert_int_equal(tree_member_before(t, tree_at_rank(t, rank).cursor), r->key[rank - 1]);
    }
}

static void check_walk(const struct counted_tree *t, const struct reference *r)
{
    struct tree_cursor c = tree_at_rank(t, 0).cursor;
    for (uint32_t i = 0; i < r->count; i++) {
        assert_int_equal(tree_member(t, c), r->key[i]);
        tree_step(t, &c, false);
    }
    for (uint32_t i = r->count; i > 0; i--) {
        tree_step(t, &c, true);
        assert_int_equal(tree_member(t, c), r->key[i - 1]);
    }
}

enum { ANYWHERE, RISING, IN_RUNS };

/* How a test chooses: what share of its steps insert, and where. */
struct shape {
    const char *name;
    uint32_t insert_percent;
    int inserts;
    bool from_front;
};

static uint32_t next_key(const struct shape *shape, struct random_stream *random, uint32_t latest)
{
    if (shape->inserts == RISING) {
        return latest + 3;
    }
    bool goes_on = shape->inserts == IN_RUNS && random_below(random, 20) != 0;
    return goes_on ? latest + 1 : (uint32_t)random_below(random, 100000);
}

static void step(struct counted_tree *t, struct reference *r, const struct shape *shape,
                 struct random_stream *random, uint32_t *latest)
{
    uint32_t weight = 1 + (uint32_t)random_below(random, 500);
    if (r->count == 0 ||
        (r->count < MEMBERS && random_below(random, 100) < shape->insert_percent)) {
        uint32_t key = *latest = next_key(shape, random, *latest);
        uint32_t at = position(r, key);
        if (at == r->count || r->key[at] != key) {
            tree_insert(t, &key, key, weight);
            reference_insert(r, key, weight);
        }
        return;
    }
    uint32_t at = shape->from_front ? 0 : (uint32_t)random_below(random, r->count);
    uint32_t key = r->key[at];
    if (random_below(random, 4) == 0) {
        tree_reweigh(t, &key, weight);
        r->weight[at] = weight;
    } else {
        tree_remove(t, &key);
        reference_remove(r, at);
    }
}

static void behaves_like_a_sorted_array(void **state)
{
    const struct shape *shape = *state;
    struct counted_tree t;
    struct reference *r = calloc(1, sizeof *r);
    assert_non_null(r);
    assert_true(tree_init(&t, MEMBERS, &KEYS));
    struct random_stream random = random_stream(7, text_from(shape->name));
    uint32_t latest = 0;
    for (uint32_t i = 0; i < 30000; i++) {
        step(&t, r, shape, &random, &latest);
        if (i % 16 == 0) {
            check(&t, r, &random);
        }
    }
    check_walk(&t, r);
    while (r->count > 0) {
        uint32_t at = (uint32_t)random_below(&random, r->count);
        tree_remove(&t, &r->key[at]);
        reference_remove(r, at);
        if (r->count % 16 == 0) {
            check(&t, r, &random);
        }
    }
    assert_int_equal(t.height, 0);
    tree_deinit(&t);
    free(r);
}

/* A queue of a thousand that a million members pass through stays in a few nodes. */
static void churn_leaves_no_sparse_nodes(void **state)
{
    (void)state;
    struct counted_tree t;
    assert_true(tree_init(&t, 2000, &KEYS));
    for (uint32_t i = 1; i <= 1000000; i++) {
        tree_insert(&t, &i, i, 1);
        if (i > 1000) {
            uint32_t out = i - 1000;
            tree_remove(&t, &out);
        }
    }
    assert_in_range(tree_bytes(&t), 1, 40000);
    tree_deinit(&t);
}

int main(void)
{
    static struct shape shapes[] = {
        {"grows in random order",     70, ANYWHERE, false},
        {"shrinks in random order",   45, ANYWHERE, false},
        {"grows in rising order",     75, RISING,   false},
        {"grows in runs",             90, IN_RUNS,  false},
        {"passes through as a queue", 55, RISING,   true },
    };
    const struct CMUnitTest tests[] = {
        {shapes[0].name, behaves_like_a_sorted_array, NULL, NULL, &shapes[0]},
        {shapes[1].name, behaves_like_a_sorted_array, NULL, NULL, &shapes[1]},
        {shapes[2].name, behaves_like_a_sorted_array, NULL, NULL, &shapes[2]},
        {shapes[3].name, behaves_like_a_sorted_array, NULL, NULL, &shapes[3]},
        {shapes[4].name, behaves_like_a_sorted_array, NULL, NULL, &shapes[4]},
        cmocka_unit_test(churn_leaves_no_sparse_nodes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* counted_tree.h: members in order, with counts and sums, in O(log n).
 *
 * Method. A B+-tree of 32-bit members. Their order is the caller's: a comparison of a key with a
 * member, so the tree holds no keys. Every inner node knows how many members lie below each child
 * and how much they weigh; hence the place of a key, the member at a place, and the place where a
 * sum of weights is reached are each found by one descent. The leaf that was used last is looked at
 * first, so members that arrive in order cost little. Nodes lie in reserved memory (sim/memory.h)
 * and refer to each other by index; nothing is allocated after tree_init.
 */
#ifndef LOCKSTEP_MODEL_AWS_COUNTED_TREE_H
#define LOCKSTEP_MODEL_AWS_COUNTED_TREE_H

#include <stdbool.h>
#include <stdint.h>

/* Less than, equal to or greater than 0, as the key stands before, at or behind the member. Equal
 * for several members if the key names only the beginning of what orders them. */
typedef int tree_compare(const void *self, const void *key, uint32_t member);

enum { TREE_HEIGHT_MAX = 10 };

/* The way from the root to a place in a leaf. */
struct tree_path {
    uint32_t node[TREE_HEIGHT_MAX]; /* inner nodes, the root first */
    uint32_t index[TREE_HEIGHT_MAX];
    uint32_t leaf, position;
};

struct tree_leaf;
struct tree_inner;

struct counted_tree {
    tree_compare *compare;
    const void *self;
    struct tree_leaf *leaves;
    struct tree_inner *inners;
    uint32_t leaves_max, inners_max;
    uint32_t leaves_used, inners_used; /* ever; those given back are in a list */
    uint32_t leaves_free, inners_free;
    uint32_t root, height; /* height: inner nodes above each leaf */
    uint32_t count;
    uint64_t weight;
    struct tree_path last; /* where the last search ended */
    bool last_valid;
};

/* An empty tree for at most `members_max` members; false where the machine refuses the memory. */
bool tree_init(struct counted_tree *t, uint32_t members_max, tree_compare *compare,
               const void *self);
void tree_deinit(struct counted_tree *t);

/* Adds a member, for which `key` stands; its key is not in the tree. Weight below 2^32. */
void tree_insert(struct counted_tree *t, const void *key, uint32_t member, uint32_t weight);

/* Takes out the member whose key that is; it is in the tree. */
void tree_remove(struct counted_tree *t, const void *key);

/* Gives the member whose key that is another weight. */
void tree_reweigh(struct counted_tree *t, const void *key, uint32_t weight);

/* A place between members: how many lie before it, and what those weigh. */
struct tree_place {
    uint32_t rank;
    uint64_t weight;
};

/* The place before the first member that is not before `key`; with `after`, behind all members that
 * are equal to it. */
struct tree_place tree_seek(struct counted_tree *t, const void *key, bool after);

/* The place of that rank, 0 to count. */
struct tree_place tree_at_rank(const struct counted_tree *t, uint32_t rank);

/* The first place before which at least `weight` lies; the end where all weigh less. */
struct tree_place tree_at_weight(const struct counted_tree *t, uint64_t weight);

/* Walks the members. A cursor is good until the tree changes. */
struct tree_cursor {
    uint32_t leaf, position;
};

/* At the member of that rank, 0 <= rank < count. */
struct tree_cursor tree_cursor(const struct counted_tree *t, uint32_t rank);
uint32_t tree_member(const struct counted_tree *t, struct tree_cursor cursor);

/* To the next or the previous member, which exists. */
void tree_step(const struct counted_tree *t, struct tree_cursor *cursor, bool backward);

/* Bytes of memory in use. */
uint64_t tree_bytes(const struct counted_tree *t);

#endif

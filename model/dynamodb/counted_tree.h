/* counted_tree.h: members in order, with counts and sums, in O(log n).
 *
 * Method. A B+-tree of 32-bit members. Their order is the caller's: a comparison of a key with a
 * member, so the tree holds no keys. Every inner node knows how many members lie below each child
 * and how much they weigh; hence the place of a key, the member at a place, and the place where a
 * sum of weights is reached are each found by one descent. Nodes lie in reserved memory
 * (sim/memory.h) and refer to each other by index; nothing is allocated after tree_init.
 *
 * Comparing means going to where the keys are, which costs a cache miss or three. So each node has
 * a guess of 32 bits for each member, which the caller makes of the part of the key in which the
 * node's members begin to differ. A search descends by the guesses and compares only with what
 * stands beside the place found; where that shows that a guess was wrong, it descends again and
 * compares all the way. Guesses can therefore only cost time.
 *
 * Members often come in order. Where the latest one came right behind the one before it, the next
 * is first looked for right behind that one, on the way that is known.
 */
#ifndef LOCKSTEP_MODEL_DYNAMODB_COUNTED_TREE_H
#define LOCKSTEP_MODEL_DYNAMODB_COUNTED_TREE_H

#include <stdbool.h>
#include <stdint.h>

#define TREE_NONE UINT32_MAX

/* How the members are ordered. The functions may note in a key what they have worked out of it. */
struct tree_keys {
    const void *self;
    /* Less than, equal to or greater than 0, as the key stands before, at or behind the member.
     * Equal for several members if the key names only the beginning of what orders them. */
    int (*compare)(const void *self, void *key, uint32_t member);
    /* Where two members begin to differ: any number that the two functions below understand. */
    uint32_t (*differ_at)(const void *self, uint32_t a, uint32_t b);
    /* Guesses that rise, not strictly, in the order of members that differ only from `at` on; for a
     * key, one that separates what stands before its place from what stands behind. With a
     * reference that is a member, not TREE_NONE, also what differs from it before `at` has a guess:
     * the least or the most. */
    uint32_t (*guess)(const void *self, uint32_t member, uint32_t at, uint32_t reference);
    uint32_t (*guess_key)(const void *self, void *key, bool after, uint32_t at, uint32_t reference);
};

enum { TREE_HEIGHT_MAX = 10 };

struct tree_leaf;
struct tree_inner;

/* The way from the root to a place in a leaf. */
struct tree_path {
    uint32_t node[TREE_HEIGHT_MAX]; /* inner nodes, the root first */
    uint32_t index[TREE_HEIGHT_MAX];
    uint32_t leaf, position;
};

struct counted_tree {
    struct tree_keys keys;
    struct tree_leaf *leaves;
    struct tree_inner *inners;
    uint32_t leaves_max, inners_max;
    uint32_t leaves_used, inners_used; /* ever; those given back are in a list */
    uint32_t leaves_free, inners_free;
    uint32_t root, height; /* height: inner nodes above each leaf */
    uint32_t count;
    uint64_t weight;
    struct tree_path last; /* to the latest member put in; leaf 0: it is not known any more */
    bool in_order;         /* that one came right behind the one before it */
};

/* An empty tree for at most `members_max` members; false where the machine refuses the memory. */
bool tree_init(struct counted_tree *t, uint32_t members_max, const struct tree_keys *keys);
void tree_deinit(struct counted_tree *t);

/* Adds a member, for which `key` stands; its key is not in the tree. Weight below 2^32. */
void tree_insert(struct counted_tree *t, void *key, uint32_t member, uint32_t weight);

/* Takes out the member whose key that is; it is in the tree. */
void tree_remove(struct counted_tree *t, void *key);

/* Gives the member whose key that is another weight. */
void tree_reweigh(struct counted_tree *t, void *key, uint32_t weight);

/* Walks the members. A cursor is good until the tree changes. */
struct tree_cursor {
    uint32_t leaf, position;
};

/* A place between members: how many lie before it, what those weigh, and where the member behind it
 * stands (there may be none). */
struct tree_place {
    uint32_t rank;
    uint64_t weight;
    struct tree_cursor cursor;
};

/* The place before the first member that is not before `key`; with `after`, behind all members that
 * are equal to it. */
struct tree_place tree_seek(const struct counted_tree *t, void *key, bool after);

/* The place of that rank, 0 to count. */
struct tree_place tree_at_rank(const struct counted_tree *t, uint32_t rank);

/* The first place before which at least `weight` lies; the end where all weigh less. */
struct tree_place tree_at_weight(const struct counted_tree *t, uint64_t weight);

/* The member at a cursor, or the one before it; there is one. */
uint32_t tree_member(const struct counted_tree *t, struct tree_cursor cursor);
uint32_t tree_member_before(const struct counted_tree *t, struct tree_cursor cursor);

/* To the next or the previous member. From the last member it goes to the tree's end, from the
 * first it must not go back. */
void tree_step(const struct counted_tree *t, struct tree_cursor *cursor, bool backward);

/* Bytes of memory in use. */
uint64_t tree_bytes(const struct counted_tree *t);

#endif

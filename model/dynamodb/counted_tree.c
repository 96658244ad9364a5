/* counted_tree.c: see counted_tree.h.
 *
 * A node splits when it is full: in the middle, or, where the new member goes to its end, just
 * before its last entry, so that members arriving in order leave full nodes behind. Two neighbours
 * under one parent merge when they fill half a node together: then no sequence of inserts and
 * removals leaves more than a bounded number of sparse nodes.
 */
#include "model/dynamodb/counted_tree.h"

#include "sim/assert.h"
#include "sim/memory.h"

#include <string.h>

enum { FANOUT = 64, SPARSEST = 8 /* members for each leaf, at the least, over many leaves */ };

struct tree_leaf {
    uint32_t count;
    uint32_t next, previous; /* in order; 0: none. `next` also chains free leaves */
    uint32_t differ_at;      /* what the guesses were made with */
    uint32_t member[FANOUT];
    uint32_t guess[FANOUT];
    uint32_t weight[FANOUT];
};

struct tree_inner {
    uint32_t count; /* of children */
    uint32_t differ_at;
    uint32_t child[FANOUT]; /* of a free node, the first one chains the next */
    uint32_t first[FANOUT]; /* least member below each child; that of child 0 is not kept */
    uint32_t guess[FANOUT]; /* of `first` */
    uint32_t members[FANOUT];
    uint64_t weight[FANOUT];
};

bool tree_init(struct counted_tree *t, uint32_t members_max, const struct tree_keys *keys)
{
    *t = (struct counted_tree){.keys = *keys,
                               .leaves_max = members_max / SPARSEST + 16,
                               .inners_max = members_max / SPARSEST / SPARSEST + 16,
                               .leaves_used = 2,
                               .inners_used = 1,
                               .root = 1};
    t->leaves = memory_reserve(t->leaves_max * sizeof *t->leaves);
    t->inners = memory_reserve(t->inners_max * sizeof *t->inners);
    if (t->leaves == NULL || t->inners == NULL) {
        tree_deinit(t);
        return false;
    }
    return true;
}

void tree_deinit(struct counted_tree *t)
{
    memory_release(t->leaves, t->leaves_max * sizeof *t->leaves);
    memory_release(t->inners, t->inners_max * sizeof *t->inners);
    t->leaves = NULL;
    t->inners = NULL;
}

static struct tree_leaf *leaf_at(const struct counted_tree *t, uint32_t i)
{
    return &t->leaves[i];
}

static struct tree_inner *inner_at(const struct counted_tree *t, uint32_t i)
{
    return &t->inners[i];
}

static uint32_t leaf_new(struct counted_tree *t)
{
    uint32_t i = t->leaves_free;
    if (i != 0) {
        t->leaves_free = leaf_at(t, i)->next;
    } else {
        ASSERT(t->leaves_used < t->leaves_max);
        i = t->leaves_used++;
    }
    leaf_at(t, i)->count = 0;
    return i;
}

static uint32_t inner_new(struct counted_tree *t)
{
    uint32_t i = t->inners_free;
    if (i != 0) {
        t->inners_free = inner_at(t, i)->child[0];
    } else {
        ASSERT(t->inners_used < t->inners_max);
        i = t->inners_used++;
    }
    inner_at(t, i)->count = 0;
    return i;
}

static void leaf_free(struct counted_tree *t, uint32_t i)
{
    struct tree_leaf *leaf = leaf_at(t, i);
    if (leaf->next != 0) {
        leaf_at(t, leaf->next)->previous = leaf->previous;
    }
    if (leaf->previous != 0) {
        leaf_at(t, leaf->previous)->next = leaf->next;
    }
    leaf->next = t->leaves_free;
    t->leaves_free = i;
}

static void inner_free(struct counted_tree *t, uint32_t i)
{
    inner_at(t, i)->child[0] = t->inners_free;
    t->inners_free = i;
}

/* Searching */

/* A key, and whether members equal to it count as before it. */
struct target {
    void *key;
    bool after;
};

static bool is_before(const struct counted_tree *t, const struct target *target, uint32_t member)
{
    int order = t->keys.compare(t->keys.self, target->key, member);
    return order > 0 || (order == 0 && target->after);
}

/* How many of members[from .. count) and all before them are before the target. */
static uint32_t count_before(const struct counted_tree *t, const struct target *target,
                             const uint32_t *members, uint32_t from, uint32_t count)
{
    while (from < count) {
        uint32_t middle = (from + count) / 2;
        if (is_before(t, target, members[middle])) {
            from = middle + 1;
        } else {
            count = middle;
        }
    }
    return from;
}

/* How many of guesses[from .. count) and all before them are less than `bound`, or equal to it too.
 */
static uint32_t count_guesses(const uint32_t *guesses, uint32_t from, uint32_t count,
                              uint32_t bound, bool equal)
{
    while (from < count) {
        uint32_t middle = (from + count) / 2;
        if (guesses[middle] < bound || (equal && guesses[middle] == bound)) {
            from = middle + 1;
        } else {
            count = middle;
        }
    }
    return from;
}

/* The same as count_before, if the guesses are right: compares only among those that are equal to
 * the target's. */
static uint32_t count_guessed(const struct counted_tree *t, const struct target *target,
                              const uint32_t *members, const uint32_t *guesses, uint32_t from,
                              uint32_t count, uint32_t guess)
{
    uint32_t low = count_guesses(guesses, from, count, guess, false);
    uint32_t high = count_guesses(guesses, low, count, guess, true);
    return count_before(t, target, members, low, high);
}

static void leaf_guess_anew(const struct counted_tree *t, struct tree_leaf *leaf)
{
    const struct tree_keys *k = &t->keys;
    leaf->differ_at = k->differ_at(k->self, leaf->member[0], leaf->member[leaf->count - 1]);
    for (uint32_t i = 0; i < leaf->count; i++) {
        leaf->guess[i] = k->guess(k->self, leaf->member[i], leaf->differ_at, TREE_NONE);
    }
}

/* An inner node's members differ early at its ends and later in its middle, where most are. So its
 * guesses are made for the middle half, with a member there as the reference. */
static uint32_t inner_differ_at(const struct counted_tree *t, const struct tree_inner *inner)
{
    uint32_t quarter = inner->count / 4;
    return t->keys.differ_at(t->keys.self, inner->first[1 + quarter],
                             inner->first[inner->count - 1 - quarter]);
}

static uint32_t reference(const struct tree_inner *inner)
{
    return inner->count < 2 ? TREE_NONE : inner->first[inner->count / 2];
}

static void inner_guess_anew(const struct counted_tree *t, struct tree_inner *inner)
{
    const struct tree_keys *k = &t->keys;
    inner->differ_at = inner_differ_at(t, inner);
    for (uint32_t i = 1; i < inner->count; i++) {
        inner->guess[i] = k->guess(k->self, inner->first[i], inner->differ_at, reference(inner));
    }
}

/* The same, unless the members differ where they did before: then the guesses still stand. One
 * member differs from none, and tells nothing about those to come. */
static void leaf_guess(const struct counted_tree *t, struct tree_leaf *leaf)
{
    const struct tree_keys *k = &t->keys;
    if (leaf->count > 1 &&
        leaf->differ_at != k->differ_at(k->self, leaf->member[0], leaf->member[leaf->count - 1])) {
        leaf_guess_anew(t, leaf);
    }
}

static void inner_guess(const struct counted_tree *t, struct tree_inner *inner)
{
    if (inner->count > 2 && inner->differ_at != inner_differ_at(t, inner)) {
        inner_guess_anew(t, inner);
    }
}

/* A node's guesses are made anew when it splits, and while it is small each time it has doubled. */
static bool worth_guessing(uint32_t count)
{
    return count == 4 || count == 8 || count == 16 || count == 32;
}

/* Whether the place found in a leaf is the target's, by what stands on both sides of it. A place at
 * the beginning of a leaf might belong to the end of the one before, so it is not taken for sure.
 */
static bool place_fits(const struct counted_tree *t, const struct target *target,
                       const struct tree_path *path)
{
    const struct tree_leaf *leaf = leaf_at(t, path->leaf);
    if (path->position == 0 ? leaf->previous != 0
                            : !is_before(t, target, leaf->member[path->position - 1])) {
        return false;
    }
    if (path->position < leaf->count) {
        return !is_before(t, target, leaf->member[path->position]);
    }
    return leaf->next == 0 || !is_before(t, target, leaf_at(t, leaf->next)->member[0]);
}

/* Goes down to the target's leaf and place by the guesses. */
static void descend_guessing(const struct counted_tree *t, const struct target *target,
                             struct tree_path *path)
{
    uint32_t node = t->root;
    for (uint32_t level = 0; level < t->height; level++) {
        const struct tree_inner *inner = inner_at(t, node);
        path->node[level] = node;
        uint32_t guess = t->keys.guess_key(t->keys.self, target->key, target->after,
                                           inner->differ_at, reference(inner));
        path->index[level] =
            count_guessed(t, target, inner->first, inner->guess, 1, inner->count, guess) - 1;
        node = inner->child[path->index[level]];
    }
    const struct tree_leaf *leaf = leaf_at(t, node);
    path->leaf = node;
    uint32_t guess =
        t->keys.guess_key(t->keys.self, target->key, target->after, leaf->differ_at, TREE_NONE);
    path->position = count_guessed(t, target, leaf->member, leaf->guess, 0, leaf->count, guess);
}

/* The same by comparing. */
static void descend_comparing(const struct counted_tree *t, const struct target *target,
                              struct tree_path *path)
{
    uint32_t node = t->root;
    for (uint32_t level = 0; level < t->height; level++) {
        const struct tree_inner *inner = inner_at(t, node);
        path->node[level] = node;
        path->index[level] = count_before(t, target, inner->first, 1, inner->count) - 1;
        node = inner->child[path->index[level]];
    }
    const struct tree_leaf *leaf = leaf_at(t, node);
    path->leaf = node;
    path->position = count_before(t, target, leaf->member, 0, leaf->count);
}

/* Finds the target's place; whether the guesses were right. */
static bool find(const struct counted_tree *t, const struct target *target, struct tree_path *path)
{
    descend_guessing(t, target, path);
    bool right = place_fits(t, target, path);
    if (!right) {
        descend_comparing(t, target, path);
    }
    return right;
}

/* The way to the member whose key that is. */
static void find_member(const struct counted_tree *t, void *key, struct tree_path *path)
{
    struct target target = {key, true};
    (void)find(t, &target, path);
    ASSERT(path->position > 0);
    path->position--;
    ASSERT(t->keys.compare(t->keys.self, key, leaf_at(t, path->leaf)->member[path->position]) == 0);
}

/* The place in a leaf, when `place` is that of the leaf's beginning. */
static struct tree_place leaf_place(const struct counted_tree *t, uint32_t leaf, uint32_t position,
                                    struct tree_place place)
{
    const struct tree_leaf *l = leaf_at(t, leaf);
    for (uint32_t i = 0; i < position; i++) {
        place.weight += l->weight[i];
    }
    place.rank += position;
    place.cursor = position < l->count || l->next == 0 ? (struct tree_cursor){leaf, position}
                                                       : (struct tree_cursor){l->next, 0};
    return place;
}

/* Adds what lies below the children before `index`. */
static struct tree_place inner_place(const struct tree_inner *inner, uint32_t index,
                                     struct tree_place place)
{
    for (uint32_t i = 0; i < index; i++) {
        place.rank += inner->members[i];
        place.weight += inner->weight[i];
    }
    return place;
}

struct tree_place tree_seek(const struct counted_tree *t, void *key, bool after)
{
    struct target target = {key, after};
    struct tree_path path;
    struct tree_place place = {0};
    (void)find(t, &target, &path);
    for (uint32_t level = 0; level < t->height; level++) {
        place = inner_place(inner_at(t, path.node[level]), path.index[level], place);
    }
    return leaf_place(t, path.leaf, path.position, place);
}

/* Passes over the child at `i`. */
static void pass_child(const struct tree_inner *inner, uint32_t i, struct tree_place *place)
{
    place->rank += inner->members[i];
    place->weight += inner->weight[i];
}

struct tree_place tree_at_rank(const struct counted_tree *t, uint32_t rank)
{
    ASSERT(rank <= t->count);
    struct tree_place place = {0};
    uint32_t node = t->root;
    for (uint32_t level = 0; level < t->height; level++) {
        const struct tree_inner *inner = inner_at(t, node);
        uint32_t i = 0;
        for (; i + 1 < inner->count && place.rank + inner->members[i] <= rank; i++) {
            pass_child(inner, i, &place);
        }
        node = inner->child[i];
    }
    return leaf_place(t, node, rank - place.rank, place);
}

struct tree_place tree_at_weight(const struct counted_tree *t, uint64_t weight)
{
    struct tree_place place = {0};
    uint32_t node = t->root;
    if (weight > t->weight) {
        return tree_at_rank(t, t->count);
    }
    for (uint32_t level = 0; level < t->height; level++) {
        const struct tree_inner *inner = inner_at(t, node);
        uint32_t i = 0;
        for (; place.weight + inner->weight[i] < weight; i++) {
            pass_child(inner, i, &place);
        }
        node = inner->child[i];
    }
    const struct tree_leaf *leaf = leaf_at(t, node);
    uint32_t position = 0;
    for (uint64_t sum = place.weight; sum < weight; position++) {
        sum += leaf->weight[position];
    }
    return leaf_place(t, node, position, place);
}

uint32_t tree_member(const struct counted_tree *t, struct tree_cursor cursor)
{
    return leaf_at(t, cursor.leaf)->member[cursor.position];
}

uint32_t tree_member_before(const struct counted_tree *t, struct tree_cursor cursor)
{
    tree_step(t, &cursor, true);
    return tree_member(t, cursor);
}

void tree_step(const struct counted_tree *t, struct tree_cursor *cursor, bool backward)
{
    const struct tree_leaf *leaf = leaf_at(t, cursor->leaf);
    if (backward && cursor->position == 0) {
        cursor->leaf = leaf->previous;
        ASSERT(cursor->leaf != 0);
        cursor->position = leaf_at(t, cursor->leaf)->count - 1;
    } else if (backward) {
        cursor->position--;
    } else if (++cursor->position == leaf->count && leaf->next != 0) {
        *cursor = (struct tree_cursor){leaf->next, 0};
    }
}

/* Changing */

static void move32(uint32_t *array, uint32_t to, uint32_t from, uint32_t count)
{
    memmove(array + to, array + from, count * sizeof *array);
}

static void copy32(uint32_t *to, const uint32_t *from, uint32_t count)
{
    memcpy(to, from, count * sizeof *to);
}

/* Adds to what all nodes on the way know of their children. */
static void path_add(struct counted_tree *t, const struct tree_path *path, int32_t members,
                     int64_t weight)
{
    for (uint32_t level = 0; level < t->height; level++) {
        struct tree_inner *inner = inner_at(t, path->node[level]);
        inner->members[path->index[level]] += (uint32_t)members;
        inner->weight[path->index[level]] += (uint64_t)weight;
    }
    t->count += (uint32_t)members;
    t->weight += (uint64_t)weight;
}

/* Makes room for a child at `index`, behind another. */
static void inner_open(struct tree_inner *inner, uint32_t index)
{
    uint32_t behind = inner->count - index;
    ASSERT(inner->count < FANOUT && index > 0);
    move32(inner->child, index + 1, index, behind);
    move32(inner->first, index + 1, index, behind);
    move32(inner->guess, index + 1, index, behind);
    move32(inner->members, index + 1, index, behind);
    memmove(inner->weight + index + 1, inner->weight + index, behind * sizeof inner->weight[0]);
    inner->count++;
}

static void inner_close(struct tree_inner *inner, uint32_t index)
{
    uint32_t behind = inner->count - index - 1;
    move32(inner->child, index, index + 1, behind);
    move32(inner->first, index, index + 1, behind);
    move32(inner->guess, index, index + 1, behind);
    move32(inner->members, index, index + 1, behind);
    memmove(inner->weight + index, inner->weight + index + 1, behind * sizeof inner->weight[0]);
    inner->count--;
}

static void set_first(const struct counted_tree *t, struct tree_inner *inner, uint32_t index,
                      uint32_t first)
{
    inner->first[index] = first;
    inner->guess[index] = t->keys.guess(t->keys.self, first, inner->differ_at, reference(inner));
}

/* Puts the right half of a split behind its left half, child `index` of `parent`. */
static void parent_add(const struct counted_tree *t, struct tree_inner *parent, uint32_t index,
                       uint32_t right, uint32_t first, struct tree_place moved)
{
    inner_open(parent, index + 1);
    parent->child[index + 1] = right;
    set_first(t, parent, index + 1, first);
    parent->members[index + 1] = moved.rank;
    parent->weight[index + 1] = moved.weight;
    parent->members[index] -= moved.rank;
    parent->weight[index] -= moved.weight;
    if (worth_guessing(parent->count)) {
        inner_guess(t, parent);
    }
}

static void leaf_split(struct counted_tree *t, struct tree_inner *parent, uint32_t index,
                       bool at_end)
{
    uint32_t right_index = leaf_new(t);
    uint32_t left_index = parent->child[index];
    struct tree_leaf *left = leaf_at(t, left_index);
    struct tree_leaf *right = leaf_at(t, right_index);
    uint32_t keep = at_end ? FANOUT - 1 : FANOUT / 2;
    right->count = left->count - keep;
    right->differ_at = left->differ_at;
    copy32(right->member, left->member + keep, right->count);
    copy32(right->guess, left->guess + keep, right->count);
    copy32(right->weight, left->weight + keep, right->count);
    left->count = keep;
    right->next = left->next;
    right->previous = left_index;
    if (left->next != 0) {
        leaf_at(t, left->next)->previous = right_index;
    }
    left->next = right_index;
    leaf_guess(t, left);
    leaf_guess(t, right);
    parent_add(t, parent, index, right_index, right->member[0],
               leaf_place(t, right_index, right->count, (struct tree_place){0}));
}

static void inner_split(struct counted_tree *t, struct tree_inner *parent, uint32_t index,
                        bool at_end)
{
    uint32_t right_index = inner_new(t);
    struct tree_inner *left = inner_at(t, parent->child[index]);
    struct tree_inner *right = inner_at(t, right_index);
    uint32_t keep = at_end ? FANOUT - 1 : FANOUT / 2;
    right->count = left->count - keep;
    right->differ_at = left->differ_at;
    copy32(right->child, left->child + keep, right->count);
    copy32(right->first, left->first + keep, right->count);
    copy32(right->guess, left->guess + keep, right->count);
    copy32(right->members, left->members + keep, right->count);
    memcpy(right->weight, left->weight + keep, right->count * sizeof right->weight[0]);
    left->count = keep;
    inner_guess(t, left);
    inner_guess(t, right);
    parent_add(t, parent, index, right_index, right->first[0],
               inner_place(right, right->count, (struct tree_place){0}));
}

/* Puts a new root above the old one. */
static void grow(struct counted_tree *t)
{
    uint32_t root = inner_new(t);
    struct tree_inner *inner = inner_at(t, root);
    inner->count = 1;
    inner->child[0] = t->root;
    inner->members[0] = t->count;
    inner->weight[0] = t->weight;
    t->root = root;
    t->height++;
    ASSERT(t->height <= TREE_HEIGHT_MAX);
}

/* Splits one full node on the way to a full leaf: the highest below a parent with room. The way
 * has to be found again. */
static void make_room(struct counted_tree *t, const struct tree_path *path)
{
    uint32_t level = t->height;
    while (level > 0 && inner_at(t, path->node[level - 1])->count == FANOUT) {
        level--;
    }
    if (level == 0) {
        grow(t);
        return;
    }
    struct tree_inner *parent = inner_at(t, path->node[level - 1]);
    uint32_t index = path->index[level - 1];
    if (level == t->height) {
        leaf_split(t, parent, index, path->position == FANOUT);
    } else {
        inner_split(t, parent, index, path->index[level] == FANOUT - 1);
    }
}

/* A new member did not stand where the guesses had it: the nodes on its way may have come to differ
 * elsewhere. */
static void path_guess(const struct counted_tree *t, const struct tree_path *path)
{
    for (uint32_t level = 0; level < t->height; level++) {
        inner_guess(t, inner_at(t, path->node[level]));
    }
    leaf_guess(t, leaf_at(t, path->leaf));
}

/* Finds the place of a member that is to be put in: right behind the latest one, if that has become
 * usual and is right; else as ever. Whether its guess, if any was needed, was right. */
static bool find_next(struct counted_tree *t, const struct target *target)
{
    struct tree_path *path = &t->last;
    uint32_t leaf = path->leaf;
    uint32_t behind = ++path->position;
    bool right = (t->in_order && leaf != 0 && place_fits(t, target, path)) || find(t, target, path);
    t->in_order = path->leaf == leaf && path->position == behind;
    return right;
}

void tree_insert(struct counted_tree *t, void *key, uint32_t member, uint32_t weight)
{
    struct target target = {key, false};
    struct tree_path *path = &t->last;
    bool guessed = find_next(t, &target);
    while (leaf_at(t, path->leaf)->count == FANOUT) {
        make_room(t, path);
        guessed = find(t, &target, path);
    }
    struct tree_leaf *leaf = leaf_at(t, path->leaf);
    uint32_t at = path->position;
    move32(leaf->member, at + 1, at, leaf->count - at);
    move32(leaf->guess, at + 1, at, leaf->count - at);
    move32(leaf->weight, at + 1, at, leaf->count - at);
    leaf->member[at] = member;
    leaf->guess[at] = t->keys.guess(t->keys.self, member, leaf->differ_at, TREE_NONE);
    leaf->weight[at] = weight;
    leaf->count++;
    if (worth_guessing(leaf->count)) {
        leaf_guess(t, leaf);
    }
    if (!guessed || (at > 0 && leaf->guess[at] < leaf->guess[at - 1])) {
        path_guess(t, path);
    }
    path_add(t, path, 1, weight);
}

void tree_reweigh(struct counted_tree *t, void *key, uint32_t weight)
{
    struct tree_path path;
    find_member(t, key, &path);
    uint32_t *at = &leaf_at(t, path.leaf)->weight[path.position];
    path_add(t, &path, 0, (int64_t)weight - *at);
    *at = weight;
}

/* Appends the right one of two neighbours to the left one, and takes it out of their parent. */
static void leaf_merge(struct counted_tree *t, struct tree_inner *parent, uint32_t left_index)
{
    uint32_t right_index = parent->child[left_index + 1];
    struct tree_leaf *left = leaf_at(t, parent->child[left_index]);
    const struct tree_leaf *right = leaf_at(t, right_index);
    copy32(left->member + left->count, right->member, right->count);
    copy32(left->weight + left->count, right->weight, right->count);
    copy32(left->guess + left->count, right->guess, right->count);
    left->count += right->count;
    leaf_guess_anew(t, left);
    leaf_free(t, right_index);
}

static void inner_merge(struct counted_tree *t, struct tree_inner *parent, uint32_t left_index)
{
    uint32_t right_index = parent->child[left_index + 1];
    struct tree_inner *left = inner_at(t, parent->child[left_index]);
    const struct tree_inner *right = inner_at(t, right_index);
    copy32(left->child + left->count, right->child, right->count);
    copy32(left->first + left->count, right->first, right->count);
    copy32(left->members + left->count, right->members, right->count);
    memcpy(left->weight + left->count, right->weight, right->count * sizeof right->weight[0]);
    /* The right one's child 0 had no separator of its own: its parent had it. */
    left->first[left->count] = parent->first[left_index + 1];
    left->count += right->count;
    inner_guess_anew(t, left);
    inner_free(t, right_index);
}

static uint32_t node_count(const struct counted_tree *t, uint32_t node, bool leaf)
{
    return leaf ? leaf_at(t, node)->count : inner_at(t, node)->count;
}

/* Merges children `index` and index + 1 if they are few enough together; whether it did. */
static bool try_merge(struct counted_tree *t, struct tree_inner *parent, uint32_t index, bool leaf)
{
    if (index + 1 >= parent->count ||
        node_count(t, parent->child[index], leaf) + node_count(t, parent->child[index + 1], leaf) >
            FANOUT / 2) {
        return false;
    }
    if (leaf) {
        leaf_merge(t, parent, index);
    } else {
        inner_merge(t, parent, index);
    }
    parent->members[index] += parent->members[index + 1];
    parent->weight[index] += parent->weight[index + 1];
    inner_close(parent, index + 1);
    return true;
}

/* The least member below a node `level` levels below the root. */
static uint32_t least_below(const struct counted_tree *t, uint32_t node, uint32_t level)
{
    for (; level < t->height; level++) {
        node = inner_at(t, node)->child[0];
    }
    return leaf_at(t, node)->member[0];
}

/* The least member below the node on the way at `level` has gone: another one separates it from
 * what is before it. The separator is kept where the way last leaves a first child. */
static void replace_separator(struct counted_tree *t, const struct tree_path *path, uint32_t level)
{
    for (; level > 0; level--) {
        struct tree_inner *parent = inner_at(t, path->node[level - 1]);
        uint32_t index = path->index[level - 1];
        if (index > 0) {
            set_first(t, parent, index, least_below(t, parent->child[index], level));
            return;
        }
    }
}

/* Mends the tree where the node on the way at `level` has lost something: sparse nodes merge. */
static void shrink(struct counted_tree *t, const struct tree_path *path, uint32_t level)
{
    bool merged = true;
    for (; level > 0 && merged; level--) {
        struct tree_inner *parent = inner_at(t, path->node[level - 1]);
        uint32_t index = path->index[level - 1];
        bool leaf = level == t->height;
        merged = try_merge(t, parent, index, leaf) ||
                 (index > 0 && try_merge(t, parent, index - 1, leaf));
    }
    while (t->height > 0 && inner_at(t, t->root)->count == 1) {
        uint32_t root = t->root;
        t->root = inner_at(t, root)->child[0];
        inner_free(t, root);
        t->height--;
    }
}

/* Takes an empty leaf out of its parent, and the parent too if that has no other child, and so on.
 * The tree has other members, so some ancestor has another child. Returns that one's level. */
static uint32_t drop_empty(struct counted_tree *t, const struct tree_path *path)
{
    uint32_t level = t->height - 1;
    leaf_free(t, path->leaf);
    while (inner_at(t, path->node[level])->count == 1) {
        ASSERT(level > 0);
        inner_free(t, path->node[level--]);
    }
    inner_close(inner_at(t, path->node[level]), path->index[level]);
    return level;
}

void tree_remove(struct counted_tree *t, void *key)
{
    struct tree_path path;
    find_member(t, key, &path);
    t->last.leaf = 0;
    struct tree_leaf *leaf = leaf_at(t, path.leaf);
    uint32_t level = t->height;
    bool least = path.position == 0;
    path_add(t, &path, -1, -(int64_t)leaf->weight[path.position]);
    leaf->count--;
    move32(leaf->member, path.position, path.position + 1, leaf->count - path.position);
    move32(leaf->guess, path.position, path.position + 1, leaf->count - path.position);
    move32(leaf->weight, path.position, path.position + 1, leaf->count - path.position);
    if (leaf->count == 0 && t->height > 0) {
        level = drop_empty(t, &path);
        least = path.index[level] == 0;
    }
    if (least) {
        replace_separator(t, &path, level);
    }
    shrink(t, &path, level);
}

uint64_t tree_bytes(const struct counted_tree *t)
{
    return t->leaves_used * sizeof *t->leaves + t->inners_used * sizeof *t->inners;
}

/* naive_value.h: values and items for the reference model, as plain trees.
 *
 * Method. Nothing here shares code with model/dynamodb but the names of the types and, at the
 * border, the writer and the cursor of item.h: a value is a tree of structs, a number is an integer
 * of hundredths, sizes are added up as DDB-SIZE-1 says, sets are compared element by element. What
 * is allocated is never changed and lives until its memory is started over.
 */
#ifndef LOCKSTEP_TESTS_NAIVE_VALUE_H
#define LOCKSTEP_TESTS_NAIVE_VALUE_H

#include "model/dynamodb/item.h"

/* Room that is given out from one end and taken back all at once, by used = 0. */
struct naive_memory {
    char *at;
    size_t used, size;
};

struct naive_memory naive_memory(size_t size);
void naive_memory_release(struct naive_memory *m);
void *naive_new(struct naive_memory *m, size_t size); /* zeroed */

struct naive_member;

struct naive_value {
    enum attribute_type type;
    bool boolean;
    int64_t hundredths;                 /* N */
    struct text bytes;                  /* S, B */
    uint32_t count;                     /* of members: M, L, sets */
    const struct naive_member *members; /* of M and sets in any order */
};

struct naive_member {
    struct text name;
    struct naive_value value;
};

/* An item is a value of type M; NULL stands for no item. */

struct naive_value naive_s(struct text text);
struct naive_value naive_n(int64_t hundredths);

bool naive_equal(const struct naive_value *a, const struct naive_value *b);

/* NULL for no item, on either side. */
bool naive_same(const struct naive_value *a, const struct naive_value *b);

/* Order within S, N or B. */
int naive_order(const struct naive_value *a, const struct naive_value *b);

/* Bytes that DynamoDB counts for a value, and for an item. */
int64_t naive_value_size(const struct naive_value *value);
int64_t naive_item_size(const struct naive_value *item);

/* The member of that name of a map; NULL where there is none, and for no item. */
const struct naive_value *naive_get(const struct naive_value *map, struct text name);

/* A copy of a map (NULL: an empty one) with the member replaced or added, or without it. */
const struct naive_value *naive_with(struct naive_memory *m, const struct naive_value *map,
                                     struct text name, const struct naive_value *value);
const struct naive_value *naive_without(struct naive_memory *m, const struct naive_value *map,
                                        struct text name);

bool naive_has_element(const struct naive_value *container, const struct naive_value *x);

/* Across the border: the same value, item and back. */
struct value naive_to_value(struct naive_memory *m, const struct naive_value *value);
struct item naive_to_item(struct naive_memory *m, const struct naive_value *item);
const struct naive_value *naive_from_item(struct naive_memory *m, struct item item);

/* {"a": {"N": "1.5"}}; long texts are cut short. */
void naive_put_value(struct text_writer *w, const struct naive_value *value);
void naive_put_item(struct text_writer *w, const struct naive_value *item);

#endif

/* item.h: an item as DynamoDB stores it: a set of named, typed attributes, in one flat run of
 * bytes.
 *
 * Method. An item is encoded canonically (attributes sorted by name, every length explicit), so
 * equal items are equal bytes and an item can be hashed, copied and stored as it is. The ten types
 * are S, N, B, BOOL, NULL, M, L, SS, NS and BS. An encoded item is a view: it owns nothing. Writers
 * fill a caller's buffer.
 */
#ifndef LOCKSTEP_MODEL_AWS_ITEM_H
#define LOCKSTEP_MODEL_AWS_ITEM_H

#include "model/aws/number.h"
#include "sim/text.h"

#define ATTRIBUTE_TYPE_MAP(X) X(S) X(N) X(B) X(BOOL) X(NULL) X(M) X(L) X(SS) X(NS) X(BS)

enum attribute_type {

#define ATTRIBUTE_TYPE_ENUM(name) TYPE_##name,
    ATTRIBUTE_TYPE_MAP(ATTRIBUTE_TYPE_ENUM)
#undef ATTRIBUTE_TYPE_ENUM
};

/* One value. `bytes` holds S and B as they are, and M, L and sets in the item encoding. */
struct value {
    enum attribute_type type;
    bool boolean;         /* BOOL */
    struct text bytes;    /* S, B, M, L, SS, NS, BS */
    struct number number; /* N */
};

static inline struct value value_s(struct text text)
{
    return (struct value){.type = TYPE_S, .bytes = text};
}

static inline struct value value_n(int64_t integer)
{
    return (struct value){.type = TYPE_N, .number = number_from(integer)};
}

static inline struct value value_null(void)
{
    return (struct value){.type = TYPE_NULL};
}

/* An encoded item; size 0 is no item. */
struct item {
    struct text bytes;
};

/* Builds an item in a caller's buffer. Attributes may come in any order; a name given twice keeps
 * the last value. Overflow is remembered and told at the end. */
struct item_writer {
    char *at;
    uint32_t size, capacity;
    uint32_t count;
    bool overflowed;
};

struct item_writer item_writer(char *buffer, uint32_t capacity);
void item_add(struct item_writer *w, struct text name, const struct value *value);
void item_add_s(struct item_writer *w, struct text name, struct text text);
void item_add_n(struct item_writer *w, struct text name, int64_t integer);

/* The finished item, a view of the buffer; size 0 where it overflowed. */
struct item item_written(const struct item_writer *w);

/* Finds a top-level attribute; false where there is none. `value` points into the item. */
bool item_get(struct item item, struct text name, struct value *value);

/* The text of an attribute of type S; size 0 where it is missing or of another type. */
struct text item_text(struct item item, struct text name);

uint32_t item_count(struct item item);

/* The i-th attribute in order of name, 0 <= i < item_count. */
void item_at(struct item item, uint32_t i, struct text *name, struct value *value);

/* Bytes that DynamoDB counts for the item (names and values). Source: DDB-SIZE-1. */
uint32_t item_size(struct item item);

bool value_equal(const struct value *a, const struct value *b);

#endif

/* item.h: an item as DynamoDB stores it: a set of named, typed attributes, in one flat run of
 * bytes.
 *
 * Method. An item is encoded canonically (attributes sorted by name, every length explicit), so
 * equal items are equal bytes and an item can be hashed, copied and stored as it is. The ten types
 * are S, N, B, BOOL, NULL, M, L, SS, NS and BS. An encoded item is a view: it owns nothing. Writers
 * fill a caller's buffer.
 *
 * The encoding, little-endian: a count (4 bytes), then each attribute as type and value's size (4
 * bytes: size * 16 + type), the name's size (2), the name, the value. The values of M, L and sets
 * are such runs in turn, a map sorted by name, a list in its order and without names, a set sorted
 * by value and without names.
 */
#ifndef LOCKSTEP_MODEL_DYNAMODB_ITEM_H
#define LOCKSTEP_MODEL_DYNAMODB_ITEM_H

#include "model/dynamodb/number.h"
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
    uint32_t last; /* where the last attribute begins; 0: none yet */
    bool overflowed;
};

struct item_writer item_writer(char *buffer, uint32_t capacity);
void item_add(struct item_writer *w, struct text name, const struct value *value);
void item_add_s(struct item_writer *w, struct text name, struct text text);
void item_add_n(struct item_writer *w, struct text name, int64_t integer);

/* Takes out an attribute; nothing happens where there is none. */
void item_remove(struct item_writer *w, struct text name);

/* Starts over with all attributes of `item`, which lies outside the writer's buffer. */
void item_copy(struct item_writer *w, struct item item);

/* The same writer builds a list (elements in the order given) or a set (one type S, N or B; an
 * element given twice is there once): item_written(w).bytes is then the value's `bytes`. */
void item_append(struct item_writer *w, const struct value *element);
void item_add_element(struct item_writer *w, const struct value *element);

/* A document or set inside the item that is being written. item_begin gives a writer of its own for
 * what is in it, at the end of the buffer; `name` is to be the last of the names so far, or empty
 * for an element of a list or set. item_end makes it a part of `w`, which must have been left alone
 * until then. Without an item_end nothing came of it. */
struct item_writer item_begin(const struct item_writer *w, struct text name);
void item_end(struct item_writer *w, struct text name, enum attribute_type type,
              const struct item_writer *inner);

/* The finished item, a view of the buffer; size 0 where it overflowed. */
struct item item_written(const struct item_writer *w);

/* Finds a top-level attribute; false where there is none. `value` points into the item. */
bool item_get(struct item item, struct text name, struct value *value);

/* One step into a document: to an attribute of a map, or, where name.at is NULL, to the element of
 * a list at `index`. */
struct item_step {
    struct text name;
    uint32_t index;
};

/* A place in an item: an attribute, and the steps from it into its document, up to
 * ITEM_DEPTH_MAX - 1 of them. Source: DDB-LIMIT-1. */
enum { ITEM_DEPTH_MAX = 32 };

struct item_path {
    struct text name;
    const struct item_step *steps;
    uint32_t steps_count;
};

/* Takes a step from a value, or all steps of a path: false where there is nothing. */
bool value_step(const struct value *from, const struct item_step *step, struct value *to);
bool item_find(struct item item, const struct item_path *path, struct value *value);

/* Writes a value at a path, in place of what is there. Behind the end of a list it becomes the last
 * element. The document that the last step goes into must be there, and be of the step's kind. */
void item_put(struct item_writer *w, const struct item_path *path, const struct value *value);

/* Takes out what is at a path, which must be there; elements behind it move up. */
void item_cut(struct item_writer *w, const struct item_path *path);

/* Levels of a value: 1 for a scalar or a set; a document has one more than its deepest member.
 * ITEM_DEPTH_MAX + 1 for any number above that. */
uint32_t value_depth(const struct value *value);

/* The text of an attribute of type S; size 0 where it is missing or of another type. */
struct text item_text(struct item item, struct text name);

/* Attributes of an item or a map, elements of a list or a set; 0 for no item. */
uint32_t item_count(struct item item);

/* Walks them in order: start with item_cursor, then item_next until it is false. */
struct item_cursor {
    const char *at, *end;
};
struct item_cursor item_cursor(struct item item);
bool item_next(struct item_cursor *cursor, struct text *name, struct value *value);

/* The i-th in that order, 0 <= i < item_count; takes time proportional to i. */
void item_at(struct item item, uint32_t i, struct text *name, struct value *value);

/* Bytes that DynamoDB counts for the item (names and values). Source: DDB-SIZE-1. */
uint32_t item_size(struct item item);

/* Bytes that DynamoDB counts for the value alone. */
uint32_t value_size(const struct value *value);

bool value_equal(const struct value *a, const struct value *b);

/* Order within one type S, N or B: less than, equal to or greater than 0. Source: DDB-EXPR-3. */
int value_compare(const struct value *a, const struct value *b);

/* "S", "N", ... */
struct text attribute_type_text(enum attribute_type type);

/* Whether `bytes` are an encoded item: every length inside its bounds, every type and number sound,
 * names rising. For bytes that come from outside. */
bool item_valid(struct text bytes);

#endif

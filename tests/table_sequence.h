/* table_sequence.h: random sequences of calls on one table, made from a seed alone.
 *
 * Method. A sequence is a table's configuration and a list of operations. No operation depends on
 * the answer of another, so any part of the list is a sequence again: what shrinking needs. Keys
 * and values come from small pools, so that calls meet the same items; mistakes that DynamoDB
 * refuses are among them.
 */
#ifndef LOCKSTEP_TESTS_TABLE_SEQUENCE_H
#define LOCKSTEP_TESTS_TABLE_SEQUENCE_H

#include "tests/naive_table.h"

enum operation_kind {
    OPERATION_PUT,
    OPERATION_UPDATE,
    OPERATION_DELETE,
    OPERATION_GET,
    OPERATION_QUERY,    /* or Scan, where there is no key condition */
    OPERATION_CONTINUE, /* the query before it, from where it stopped */
    OPERATION_EXPIRE,
    OPERATION_NEXT_EXPIRY,
    OPERATION_CONTENTS,
    OPERATION_MARK,
    OPERATION_ROLL_BACK,
    OPERATION_RELEASE_MARKS,
    OPERATION_CHECKPOINT,
    OPERATION_REOPEN,
};

enum { SEQUENCE_VALUES_MAX = 64, SEQUENCE_OPERATIONS_MAX = 400, SEQUENCE_NAMES_MAX = 16 };

struct operation {
    enum operation_kind kind;
    int64_t delay_ms;               /* since the operation before */
    const struct naive_value *item; /* PUT: the item; UPDATE, DELETE, GET: the key */
    const struct naive_node *condition, *update, *key, *filter, *projection;
    const struct naive_value *values[SEQUENCE_VALUES_MAX]; /* :v0, :v1, ... */
    uint32_t values_count;
    int32_t index;
    bool consistent, backward, leaders, count_only, plainly;
    bool values_known;       /* when the expressions are compiled */
    bool fetch, named_start; /* named_start: a page begins at attributes, not at a last_key */
    uint32_t segment, segments_count, limit, pages;
    int64_t lag_ms; /* of a read; -1: eventually consistent without a lag */
    uint32_t n;     /* which mark, which expiry */
};

struct sequence {
    uint64_t seed;
    struct table_config config;
    struct operation operations[SEQUENCE_OPERATIONS_MAX];
    uint32_t count;
};

/* The names of all attributes, as pairs "#name", "name"; ends in NULL. */
const char *const *sequence_names(void);

/* Makes the sequence of that seed; what it points to lives in `m`. */
void sequence_make(struct sequence *s, uint64_t seed, struct naive_memory *m);

/* Prints an operation, or the configuration, as a person would read it. */
void sequence_put_operation(struct text_writer *w, const struct operation *o);
void sequence_put_config(struct text_writer *w, const struct table_config *c);

#endif

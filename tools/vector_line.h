/* vector_line.h: a line of golden vectors, read and held to its ranges. The fields are told in
 * `lockstep vectors --help` and tests/golden/README.md.
 */
#ifndef LOCKSTEP_TOOLS_VECTOR_LINE_H
#define LOCKSTEP_TOOLS_VECTOR_LINE_H

#include "model/dynamodb/item.h"

#define VECTOR_FILE_SIZE INT64_C(3670016)

/* Where a complaint points. */
struct place {
    const char *file;
    int line;
};

/* What happens in the place of an invocation with new files in the bodies of its messages. */
#define VECTOR_EVENT_MAP(X)                                                                        \
    X(NEW, "new")                                                                                  \
    X(BARE, "bare")               /* S3's event as it is */                                        \
    X(AGAIN, "again")             /* the latest files again */                                     \
    X(UNSTARTABLE, "unstartable") /* StartExecution is refused meanwhile */                        \
    X(PRELOAD, "preload")         /* no invocation: their records are put */                       \
    X(COMPLETE, "complete")       /* no invocation: all executions update to completed */

enum vector_event {

#define X(name, word) VECTOR_##name,
    VECTOR_EVENT_MAP(X)
#undef X
        VECTOR_EVENTS_COUNT
};

/* One line, read. */
struct vector {
    int variant, machine;
    int64_t max, seconds_per_manifest, files, size;
    int64_t invocations_count;
    struct item invocations, days, events; /* lists; events may be empty: all new */
};

/* Reads the object of a line; the vector's lists are views of it. False after a complaint on
 * stderr, with file and line. */
bool vector_read(const struct place *place, const struct value *object, struct vector *v);

/* The i-th number of a list that has been read. */
int64_t vector_number_at(struct item list, uint32_t i);

/* What the i-th invocation is; VECTOR_EVENTS_COUNT for a word that names none. */
enum vector_event vector_event_at(const struct vector *v, uint32_t i);

#endif

/* lock_world.h: the twin of bench/peers/lock.pml: the same protocol, on the table itself.
 *
 * Method. N Lambdas, each with a file of its own, are processes over plain data (sim/process.h).
 * Every service call is one transition: it takes effect in the table (model/dynamodb/table.h), with
 * the conditions and updates that the pipeline sends, and the process goes on to its next call.
 * What lies in S3 and Step Functions, manifests and executions, are sets of files here. Further
 * transitions: a Lambda dies before its next call, the clock passes the lock's ttl, TTL deletes an
 * expired lock.
 *
 * Time is abstract: how long a call takes is left open, so that whenever a lock is held it may
 * expire. The clock goes on just far enough for the lock's ttl to lie before it, and the table
 * itself finds `ttl < :now` true from then on, and deletes the item when TTL is to do so. Equal
 * worlds may have different times of day: their hash has, instead of the lock's ttl, whether it has
 * passed.
 */
#ifndef LOCKSTEP_TESTS_LOCK_WORLD_H
#define LOCKSTEP_TESTS_LOCK_WORLD_H

#include "model/dynamodb/table.h"
#include "sim/state_space.h"

enum { LOCK_WORLD_LAMBDAS_MAX = 8 };

/* What should hold. Those about the end are asked once all Lambdas are gone. */
#define LOCK_PROPERTIES(X)                                                                         \
    X(SAFE, "no file is in two manifests")                                                         \
    X(LIVE1, "no more than a manifest's files less one are left pending")                          \
    X(LIVE2, "every file is pending or in a manifest")                                             \
    X(LIVE3, "every manifest was started")                                                         \
    X(PROGRESS, "nobody waits for ever")

enum lock_property {

#define LOCK_PROPERTY_ENUM(name, text) name,
    LOCK_PROPERTIES(LOCK_PROPERTY_ENUM)
#undef LOCK_PROPERTY_ENUM
        LOCK_PROPERTIES_COUNT
};

struct lock_world_config {
    uint32_t lambdas;   /* and files: 1 to LOCK_WORLD_LAMBDAS_MAX */
    uint32_t threshold; /* files of a manifest */
    uint32_t crashes;   /* Lambdas that may die */
    bool fence;         /* files are claimed one by one, before the manifest */
    bool retry;         /* a Lambda waits for the lock */
    bool never_expires; /* the lock */
    bool with_index;    /* the table has the pipeline's index of statuses */
    bool hashed_as_one; /* the hash is one of all bytes, not a sum over the items */
};

/* A Lambda, as plain data; a crash forgets it. */
struct lambda {
    uint8_t at;   /* the call it makes next */
    uint8_t mine; /* files taken */
    uint8_t todo; /* of them, those still to be claimed, marked or handed back */
};

/* All of a world but the table. Files are bits. */
struct lock_state {
    struct lambda lambdas[LOCK_WORLD_LAMBDAS_MAX];
    uint8_t gone; /* Lambdas that have returned or died */
    uint8_t crashes;
    uint8_t listed;       /* files in a manifest */
    uint8_t listed_twice; /* in two or more */
    uint8_t started;      /* of manifests whose execution was started */
    /* Seen of the lock's item after the call that changed it last, so that not every world looks
     * for it: who holds it (1 is the first; 0: there is no item), when it expires, its hash. */
    uint8_t holder;
    int64_t expires_s;
    struct hash128 lock_hash;
    int64_t now_s; /* the clock */
};

struct lock_world;

/* Opens the first world; NULL with a message. */
struct lock_world *lock_world_open(const struct lock_world_config *config, struct error *error);
void lock_world_close(struct lock_world *w); /* NULL is ignored */

/* To be searched. It points to `w`. */
struct state_model lock_world_model(struct lock_world *w);

/* The present world. */
const struct lock_state *lock_world_state(const struct lock_world *w);
bool lock_world_expired(const struct lock_world *w);

struct table *lock_world_table(struct lock_world *w);

/* The files that the table has at all, and those that are pending. */
void lock_world_files(struct lock_world *w, uint8_t *recorded, uint8_t *pending);

/* The call that a Lambda makes next, "ACQUIRE_LOCK", or "GONE"; and what a transition is in the
 * present world, "Lambda 0: ACQUIRE_LOCK". */
const char *lock_world_point(const struct lock_world *w, uint32_t lambda);
void lock_world_name(const struct lock_world *w, uint32_t transition, char *text, size_t size);

const char *lock_property_text(enum lock_property property);

#endif

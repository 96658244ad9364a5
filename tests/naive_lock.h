/* naive_lock.h: the protocol of tests/lock_world.h once more, written apart from it: no table, no
 * process, no fingerprint. A world is a struct of a few bytes; all that were seen are kept whole.
 *
 * It follows bench/peers/lock.pml, and is what the world of locks is held against, world by world.
 */
#ifndef LOCKSTEP_TESTS_NAIVE_LOCK_H
#define LOCKSTEP_TESTS_NAIVE_LOCK_H

#include <stdbool.h>
#include <stdint.h>

enum { NAIVE_LAMBDAS_MAX = 4, NAIVE_WORLDS_MAX = 1 << 17 };

enum naive_place {
    GONE,
    AT_PUT,
    AT_LOCK,
    AT_QUERY,
    AT_CLAIM,
    AT_BACK,
    AT_MANIFEST,
    AT_MARK,
    AT_START,
    AT_RELEASE
};

/* Sets of files are bits; bytes alone, so that worlds can be compared as such. */
struct naive_world {
    uint8_t place[NAIVE_LAMBDAS_MAX];
    uint8_t mine[NAIVE_LAMBDAS_MAX];
    uint8_t todo[NAIVE_LAMBDAS_MAX];
    uint8_t owner; /* 0: there is no lock; 1 is the first Lambda */
    uint8_t expired;
    uint8_t pending, recorded, listed, listed_twice, started;
    uint8_t crashes;
};

struct naive_options {
    uint32_t lambdas, threshold, crashes;
    bool fence, retry, never_expires;
};

struct naive_space {
    struct naive_options options;
    struct naive_world worlds[NAIVE_WORLDS_MAX]; /* in the order in which they were reached */
    bool met[NAIVE_WORLDS_MAX];                  /* for the one who compares */
    uint32_t worlds_count;
    uint64_t transitions;
    uint32_t cells[4 * NAIVE_WORLDS_MAX]; /* 1 + a world's number, by its bytes; 0: none */
};

/* Finds all worlds. False: there are more than NAIVE_WORLDS_MAX. */
bool naive_explore(struct naive_space *s, const struct naive_options *options);

/* The number of a world; -1 where it is none of those found. */
int64_t naive_find(const struct naive_space *s, const struct naive_world *world);

#endif

/* chain.h: lists of numbers that grow, in the world: chunks of a pool, linked by index.
 *
 * A process holds a struct chain for what it has read so far; a zeroed chain is empty. It must be
 * cleared before the process ends, also when it is killed.
 */
#ifndef LOCKSTEP_SIM_CHAIN_H
#define LOCKSTEP_SIM_CHAIN_H

#include "sim/world.h"

enum { CHUNK_VALUES = 62 };

struct chunk {
    struct pool_slot slot; /* next: index + 1 of the next chunk, 0 at the end */
    uint32_t values[CHUNK_VALUES];
};

/* The pool that chains of one world take their chunks from. */
struct chunks {
    struct world *world;
    struct chunk *records;
    uint32_t region;
};

struct chain {
    uint32_t head, tail; /* index + 1; 0: empty */
    uint32_t count;
};

/* Where one stands in a chain; a zeroed cursor with the chain's head is at its beginning. */
struct chain_cursor {
    uint32_t chunk, position;
};

void chunks_declare(struct chunks *c, struct world *w, uint64_t capacity);

/* Adds a value at the end; false where the pool is full. */
bool chain_push(struct chunks *c, struct chain *chain, uint32_t value);

/* Cuts the chain back to its first `count` values (0: all chunks are given back). */
void chain_cut(struct chunks *c, struct chain *chain, uint32_t count);

static inline struct chain_cursor chain_begin(const struct chain *chain)
{
    return (struct chain_cursor){chain->head, 0};
}

/* The value under the cursor, which then moves on. There must be one. */
uint32_t chain_take(const struct chunks *c, struct chain_cursor *cursor);

#endif

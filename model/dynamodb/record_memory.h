/* record_memory.h: blocks of many sizes in reserved memory, named by 32 bits.
 *
 * Method. Sizes are rounded up to 16 bytes, and above 2 KiB to an eighth of a power of two; each
 * such class has a list of blocks that were given back, and new blocks come from the end. Blocks do
 * not move and do not join: items of one shape come and go in the same classes.
 */
#ifndef LOCKSTEP_MODEL_DYNAMODB_RECORD_MEMORY_H
#define LOCKSTEP_MODEL_DYNAMODB_RECORD_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

enum {
    RECORD_UNIT = 16,
    RECORD_CLASSES = 384,
    RECORD_BYTES_MAX = 1 << 24 /* of one block */
};

struct record_memory {
    char *base;
    uint64_t bytes_max;
    uint32_t used; /* units handed out so far, the first one never */
    uint32_t free[RECORD_CLASSES];
    uint64_t expected; /* bytes before the memory to expect next (sim/memory.h) */
    uint64_t bytes;    /* in blocks that are in use, as rounded */
};

/* Reserves room for `bytes_max` bytes (cut at 64 GiB); false where the machine refuses. */
bool record_memory_init(struct record_memory *m, uint64_t bytes_max);
void record_memory_deinit(struct record_memory *m);

/* A block of at least `bytes` (1 to RECORD_BYTES_MAX), 16-byte aligned, its contents undefined; 0
 * where no room is left. */
uint32_t record_take(struct record_memory *m, uint32_t bytes);

/* Gives a block back, with the size it was taken with. */
void record_give(struct record_memory *m, uint32_t block, uint32_t bytes);

static inline void *record_at(const struct record_memory *m, uint32_t block)
{
    return m->base + (uint64_t)block * RECORD_UNIT;
}

/* What a block of that size takes up. */
uint32_t record_rounded(uint32_t bytes);

#endif

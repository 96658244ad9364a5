/* hash.h: XXH3, the one hash of the simulator, for traces, states and lookups. Wraps xxHash.
 *
 * Everything hashed is fed as bytes with a fixed meaning: little-endian integers of stated width,
 * no padding, no addresses. Not a security hash.
 */
#ifndef LOCKSTEP_SIM_HASH_H
#define LOCKSTEP_SIM_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash128 {
    uint64_t low, high;
};

/* XXH3-64 with a seed. */
uint64_t hash64(const void *bytes, size_t size, uint64_t seed);

/* XXH3-128. */
struct hash128 hash128(const void *bytes, size_t size);

/* The sum of two hashes: order does not matter, so a set is hashed as the sum of its members'
 * hashes; and a member is taken out again by hash128_subtract. */
static inline struct hash128 hash128_add(struct hash128 a, struct hash128 b)
{
    struct hash128 sum = {a.low + b.low, a.high + b.high};
    sum.high += sum.low < a.low;
    return sum;
}

static inline struct hash128 hash128_subtract(struct hash128 a, struct hash128 b)
{
    struct hash128 rest = {a.low - b.low, a.high - b.high};
    rest.high -= a.low < b.low;
    return rest;
}

enum { HASH128_HEX = 33 };

/* 32 lower-case hexadecimal digits, the high half first, and a NUL. */
void hash128_hex(struct hash128 hash, char text[HASH128_HEX]);

#endif

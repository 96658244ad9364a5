/* random.h: random numbers from independent named streams.
 *
 * Method. A stream is a key and a counter; the n-th draw is a fixed mixing (the finaliser of
 * SplitMix64) of key + n * 0x9E3779B97F4A7C15. The key is XXH3-64 of the stream's name, seeded with
 * the run's seed. So a draw more in one stream shifts no other, a stream's state is 16 bytes of
 * plain data, and draw n can be had without the n - 1 before it. Not for secrets.
 */
#ifndef LOCKSTEP_SIM_RANDOM_H
#define LOCKSTEP_SIM_RANDOM_H

#include "sim/text.h"

#include <stdint.h>

struct random_stream {
    uint64_t key;
    uint64_t count; /* draws taken so far */
};

/* The stream of that name under that seed, at its beginning. */
struct random_stream random_stream(uint64_t seed, struct text name);

/* 64 uniform bits. */
static inline uint64_t random_next(struct random_stream *stream)
{
    uint64_t z = stream->key + ++stream->count * UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* Uniform in 0 .. count - 1 (count at least 1), by the high half of a 128-bit product: one draw
 * each, and a bias below count / 2^64. */
static inline uint64_t random_below(struct random_stream *stream, uint64_t count)
{
    __extension__ typedef unsigned __int128 u128;
    return (uint64_t)(((u128)random_next(stream) * count) >> 64);
}

#endif

/* hash.c: see hash.h. */
#include "sim/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t hash64(const void *bytes, size_t size, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, size, seed);
}

struct hash128 hash128(const void *bytes, size_t size)
{
    XXH128_hash_t hash = XXH3_128bits(bytes, size);
    return (struct hash128){hash.low64, hash.high64};
}

void hash128_hex(struct hash128 hash, char text[HASH128_HEX])
{
    static const char digits[] = "0123456789abcdef";
    for (unsigned i = 0; i < 16; i++) {
        text[i] = digits[(hash.high >> (60 - 4 * i)) & 15];
        text[16 + i] = digits[(hash.low >> (60 - 4 * i)) & 15];
    }
    text[32] = '\0';
}

/* random.c: see random.h. */
#include "sim/random.h"

#include "sim/hash.h"

struct random_stream random_stream(uint64_t seed, struct text name)
{
    return (struct random_stream){.key = hash64(name.at, name.size, seed)};
}

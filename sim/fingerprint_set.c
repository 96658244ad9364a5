/* fingerprint_set.c: see fingerprint_set.h. */
#include "sim/fingerprint_set.h"

#include "sim/assert.h"
#include "sim/memory.h"

#include <string.h>

__extension__ typedef unsigned __int128 wide_t;

bool fingerprint_set_init(struct fingerprint_set *set, uint64_t count_max, uint32_t tag_bits,
                          bool with_word)
{
    ASSERT(count_max >= 1 && count_max <= UINT64_C(1) << 48);
    ASSERT(tag_bits == 64 || tag_bits == 128);
    *set = (struct fingerprint_set){
        .slots = count_max + count_max / 3 + 1,
        .count_max = count_max,
        .tag_words = tag_bits / 64,
        .stride = tag_bits / 64 + with_word,
    };
    set->bytes = set->slots * set->stride * sizeof *set->words;
    set->words = memory_reserve(set->bytes);
    if (set->words == NULL) {
        return false;
    }
    memory_prefer_large_pages(set->words, set->bytes);
    return true;
}

void fingerprint_set_deinit(struct fingerprint_set *set)
{
    memory_release(set->words, set->bytes);
    *set = (struct fingerprint_set){0};
}

/* Where a hash is looked for first. */
static uint64_t home_of(const struct fingerprint_set *set, struct hash128 hash)
{
    return (uint64_t)((wide_t)hash.high * set->slots >> 64);
}

void fingerprint_set_expect(const struct fingerprint_set *set, struct hash128 hash)
{
    __builtin_prefetch(set->words + home_of(set, hash) * set->stride, 1);
}

/* Whether a slot holds that tag. */
static bool holds(const struct fingerprint_set *set, const uint64_t *slot, struct hash128 tag)
{
    return slot[0] == tag.low && (set->tag_words == 1 || slot[1] == tag.high);
}

enum fingerprint_result fingerprint_set_add(struct fingerprint_set *set, struct hash128 hash,
                                            uint64_t **word)
{
    const struct hash128 empty = {0, 0};
    const uint64_t zeros[2] = {0};
    uint64_t slot = home_of(set, hash);
    uint64_t *at = set->words + slot * set->stride;
    if (holds(set, zeros, hash)) {
        hash.low = 1;
    }
    while (!holds(set, at, empty)) {
        if (holds(set, at, hash)) {
            *word = at + set->tag_words;
            return FINGERPRINT_KNOWN;
        }
        slot = slot + 1 < set->slots ? slot + 1 : 0;
        at = set->words + slot * set->stride;
    }
    if (set->count == set->count_max) {
        return FINGERPRINT_SET_FULL;
    }
    set->count++;
    memcpy(at, &hash, set->tag_words * sizeof *at);
    *word = at + set->tag_words;
    return FINGERPRINT_NEW;
}

int32_t fingerprint_missed_log2(uint64_t count, uint32_t tag_bits)
{
    uint32_t bits = count <= 1 ? 0 : 64 - (uint32_t)__builtin_clzll(count - 1);
    return (int32_t)tag_bits + 1 - 2 * (int32_t)bits;
}

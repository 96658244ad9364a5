/* fingerprint_set.h: which worlds have been seen, by their hashes, in memory of a fixed size.
 *
 * Method. Open addressing over one reserved array, at most three quarters full. A hash is kept as a
 * tag of 64 or 128 bits, and beside it, where asked for, a word that is the caller's. Where a tag
 * is looked for is told by the other half of the hash, or by half of the tag. Two worlds of one tag
 * are taken for the same: of n worlds some n^2 / 2^(bits + 1) are expected to be missed in that
 * way.
 */
#ifndef LOCKSTEP_SIM_FINGERPRINT_SET_H
#define LOCKSTEP_SIM_FINGERPRINT_SET_H

#include "sim/hash.h"

#include <stdbool.h>

struct fingerprint_set {
    uint64_t *words;
    uint64_t slots, count, count_max;
    uint32_t tag_words; /* 1 or 2 */
    uint32_t stride;    /* words of a slot: the tag, then the caller's word */
    size_t bytes;
};

enum fingerprint_result { FINGERPRINT_NEW, FINGERPRINT_KNOWN, FINGERPRINT_SET_FULL };

/* Reserves room for `count_max` (at least 1) hashes, with a word beside each if `with_word`;
 * `tag_bits` is 64 or 128. False where the machine refuses. */
bool fingerprint_set_init(struct fingerprint_set *set, uint64_t count_max, uint32_t tag_bits,
                          bool with_word);
void fingerprint_set_deinit(struct fingerprint_set *set);

/* Adds a hash unless it is there. `word` receives the address of its word (0 in a new one, and not
 * to be touched in a set without), which stays until the set is given back. FINGERPRINT_SET_FULL:
 * it is new, and was not added. */
enum fingerprint_result fingerprint_set_add(struct fingerprint_set *set, struct hash128 hash,
                                            uint64_t **word);

/* Asks for the memory of a hash that is about to be added: it is far away, and other work can be
 * done while it comes. */
void fingerprint_set_expect(const struct fingerprint_set *set, struct hash128 hash);

/* K such that no more than 2^-K of `count` worlds are expected to be missed; negative where it may
 * be more than one. */
int32_t fingerprint_missed_log2(uint64_t count, uint32_t tag_bits);

#endif

/* expression_cache.h: compiled expressions, kept for the next request that has the same.
 *
 * Method. Requests come with their expressions as text, and mostly with the same few. A cache finds
 * one again by all that was given to compile it: kind, text, names, the values' names, and their
 * types where the values are known. It has room for a fixed number; the one that was not asked for
 * the longest goes first. Nothing is allocated to find one. What is refused is not kept.
 */
#ifndef LOCKSTEP_MODEL_DYNAMODB_EXPRESSION_CACHE_H
#define LOCKSTEP_MODEL_DYNAMODB_EXPRESSION_CACHE_H

#include "model/dynamodb/expression.h"

struct expression_cache;

/* A cache with room for `capacity` expressions, 1 to 65535. NULL where there is no memory. */
struct expression_cache *expression_cache_open(uint32_t capacity);
void expression_cache_close(struct expression_cache *c); /* NULL is ignored */

/* The compiled expression, or NULL with the error of expression_compile; literals that are refused
 * for more than their types are refused anew. It belongs to the cache, and is good until `capacity`
 * others have been asked for since. */
const struct expression *expression_cache_get(struct expression_cache *c, enum expression_kind kind,
                                              const struct expression_source *source,
                                              struct error *error);

/* How many are in it, and how often an expression asked for was. */
struct expression_cache_count {
    uint32_t kept;
    uint64_t hits, misses;
};

struct expression_cache_count expression_cache_count(const struct expression_cache *c);

#endif

/* names.h: strings of the world, each kept once and named by a number.
 *
 * S3 keys, dates and manifest names are interned, so that records and processes hold four bytes for
 * each and stay plain data. Numbers are given in the order of first use, from 1; 0 names nothing.
 * Names are never given back.
 */
#ifndef LOCKSTEP_SIM_NAMES_H
#define LOCKSTEP_SIM_NAMES_H

#include "sim/text.h"
#include "sim/world.h"

struct name {
    uint64_t offset; /* in the text */
    uint32_t size;
    uint32_t owner;   /* what the model keeps for the name; 0 at first */
    uint32_t waiting; /* and another number, for counting */
    uint32_t unused;
};

struct names {
    struct world *world;
    char *text;
    struct name *names;
    uint32_t *table; /* open addressing by hash: number, or 0 */
    uint64_t table_size;
    uint32_t text_region, names_region, table_region;
};

/* Declares the regions for at most `count` names of `bytes` in all. Before world_build. */
void names_declare(struct names *n, struct world *w, uint64_t count, uint64_t bytes);

/* Makes the regions ready. After world_build. */
void names_init(struct names *n);

/* The number of `text`, which is interned if it is new; 0 where there is no room. */
uint32_t names_intern(struct names *n, struct text text);

/* The number of `text`, or 0 where it was never interned. */
uint32_t names_find(const struct names *n, struct text text);

/* The text of a number from names_intern; size 0 for 0. */
static inline struct text names_text(const struct names *n, uint32_t number)
{
    const struct name *name = &n->names[number];
    return (struct text){n->text + name->offset, name->size};
}

#endif

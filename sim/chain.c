/* chain.c: see chain.h. */
#include "sim/chain.h"

void chunks_declare(struct chunks *c, struct world *w, uint64_t capacity)
{
    c->world = w;
    c->region = world_declare(w, "lists in processes (limits.files)", REGION_POOL,
                              sizeof(struct chunk), capacity, (void **)&c->records);
}

bool chain_push(struct chunks *c, struct chain *chain, uint32_t value)
{
    if (chain->count % CHUNK_VALUES == 0) {
        int64_t fresh = pool_take(c->world, c->region);
        if (fresh < 0) {
            return false;
        }
        if (chain->tail == 0) {
            chain->head = (uint32_t)fresh + 1;
        } else {
            c->records[chain->tail - 1].slot.next = (uint32_t)fresh + 1;
        }
        chain->tail = (uint32_t)fresh + 1;
    }
    c->records[chain->tail - 1].values[chain->count % CHUNK_VALUES] = value;
    chain->count++;
    return true;
}

void chain_cut(struct chunks *c, struct chain *chain, uint32_t count)
{
    ASSERT(count <= chain->count);
    uint32_t keep = (count + CHUNK_VALUES - 1) / CHUNK_VALUES;
    uint32_t last = 0;
    uint32_t at = chain->head;
    for (uint32_t i = 0; i < keep; i++) {
        last = at;
        at = c->records[at - 1].slot.next;
    }
    while (at != 0) {
        uint32_t next = c->records[at - 1].slot.next;
        pool_give(c->world, c->region, at - 1);
        at = next;
    }
    if (last == 0) {
        chain->head = 0;
    } else {
        c->records[last - 1].slot.next = 0;
    }
    chain->tail = last;
    chain->count = count;
}

uint32_t chain_take(const struct chunks *c, struct chain_cursor *cursor)
{
    ASSERT(cursor->chunk != 0);
    const struct chunk *chunk = &c->records[cursor->chunk - 1];
    uint32_t value = chunk->values[cursor->position++];
    if (cursor->position == CHUNK_VALUES) {
        *cursor = (struct chain_cursor){chunk->slot.next, 0};
    }
    return value;
}

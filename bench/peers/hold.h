/* hold.h: the bare limit of an event queue: the least that any has to do, without what ours offers.
 *
 * Entries of 16 bytes (time, sequence number with the pool slot below it) in a heap; events of 64
 * bytes in a pool; a handler called by pointer. No cancelling, no full queue, no assertion, no
 * instants before 0, everything in one translation unit. Three heaps are raced, since none is best
 * at all sizes: binary, 4-ary with the grandchildren fetched ahead, and binary with a ring for what
 * is due now. All take the hole to the bottom first and choose children without a branch.
 */
#ifndef LOCKSTEP_BENCH_PEERS_HOLD_H
#define LOCKSTEP_BENCH_PEERS_HOLD_H

#include "bench/peers/exponential.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

__extension__ typedef unsigned __int128 hold_uint128;

enum hold_heap { HOLD_BINARY, HOLD_QUATERNARY, HOLD_BINARY_AND_RING, HOLD_HEAPS };

/* The delays of the model: exponential with mean 1 s; where half of them are 0, the others are
 * twice as long. */
struct hold_delays {
    struct exponential exponential;
    bool half_zero;
};

static inline uint64_t hold_delay_above_zero(struct hold_delays *d)
{
    return (uint64_t)((d->half_zero ? 2e9 : 1e9) * exponential_next(&d->exponential));
}

static inline uint64_t hold_delay(struct hold_delays *d)
{
    bool zero = d->half_zero && (exponential_bits(&d->exponential) & 128) == 0;
    return zero ? 0 : hold_delay_above_zero(d);
}

struct hold;

struct hold_event {
    void (*run)(struct hold *h, struct hold_event *event);
    uint64_t kind;
    uint64_t next; /* free slot */
    uint64_t unused[5];
};

struct hold_entry {
    uint64_t at;
    uint64_t key; /* sequence << 24 | slot */
};

struct hold {
    struct hold_event *pool;
    struct hold_entry *heap; /* children of entry i begin a cache line where they are four */
    void *heap_memory;
    uint64_t *ring;
    uint64_t heap_count, ring_first, ring_end, ring_mask;
    uint64_t free, sequence, now;
    uint64_t sum; /* of the kinds handled: alike in all rivals */
    struct hold_delays *delays;
};

#define HOLD_INLINE static inline __attribute__((always_inline))

static const struct hold_entry hold_never = {UINT64_MAX, UINT64_MAX};

HOLD_INLINE bool hold_before(struct hold_entry a, struct hold_entry b)
{
    return ((hold_uint128)a.at << 64 | a.key) < ((hold_uint128)b.at << 64 | b.key);
}

HOLD_INLINE void hold_rise(struct hold *h, uint64_t width, uint64_t place, struct hold_entry entry)
{
    while (place > 0) {
        uint64_t parent = (place - 1) / width;
        if (!hold_before(entry, h->heap[parent])) {
            break;
        }
        h->heap[place] = h->heap[parent];
        place = parent;
    }
    h->heap[place] = entry;
}

HOLD_INLINE uint64_t hold_least_of_two(const struct hold *h, uint64_t child)
{
    return child + (uint64_t)hold_before(h->heap[child + 1], h->heap[child]);
}

HOLD_INLINE uint64_t hold_least_of_four(const struct hold *h, uint64_t child)
{
    uint64_t a = hold_least_of_two(h, child);
    uint64_t b = hold_least_of_two(h, child + 2);
    return a + (b - a) * (uint64_t)hold_before(h->heap[b], h->heap[a]);
}

HOLD_INLINE struct hold_entry hold_heap_pop(struct hold *h, uint64_t width)
{
    struct hold_entry first = h->heap[0];
    struct hold_entry last = h->heap[--h->heap_count];
    h->heap[h->heap_count] = hold_never;
    if (h->heap_count == 0) {
        return first;
    }
    uint64_t hole = 0;
    uint64_t child;
    while ((child = width * hole + 1) < h->heap_count) {
        if (width == 4) {
            const char *grandchildren = (const char *)&h->heap[4 * child + 1];
            for (int line = 0; line < 4; line++) {
                __builtin_prefetch(grandchildren + (ptrdiff_t)64 * line);
            }
        }
        uint64_t least = width == 4 ? hold_least_of_four(h, child) : hold_least_of_two(h, child);
        h->heap[hole] = h->heap[least];
        hole = least;
    }
    hold_rise(h, width, hole, last);
    return first;
}

HOLD_INLINE struct hold_entry hold_pop(struct hold *h, enum hold_heap heap)
{
    bool ring = heap == HOLD_BINARY_AND_RING && h->ring_first != h->ring_end;
    if (ring && (h->heap_count == 0 || h->heap[0].at != h->now)) {
        return (struct hold_entry){h->now, h->ring[h->ring_first++ & h->ring_mask]};
    }
    return hold_heap_pop(h, heap == HOLD_QUATERNARY ? 4 : 2);
}

HOLD_INLINE void hold_push(struct hold *h, enum hold_heap heap, uint64_t at,
                           void (*run)(struct hold *, struct hold_event *), uint64_t kind)
{
    uint64_t slot = h->free;
    h->free = h->pool[slot].next;
    h->pool[slot].run = run;
    h->pool[slot].kind = kind;
    struct hold_entry entry = {at, h->sequence++ << 24 | slot};
    if (heap == HOLD_BINARY_AND_RING && at == h->now) {
        h->ring[h->ring_end++ & h->ring_mask] = entry.key;
    } else {
        hold_rise(h, heap == HOLD_QUATERNARY ? 4 : 2, h->heap_count++, entry);
    }
}

/* What every event does: frees its slot, draws a delay, and schedules the next. */
HOLD_INLINE void hold_tick(struct hold *h, enum hold_heap heap, struct hold_event *event,
                           void (*run)(struct hold *, struct hold_event *))
{
    h->sum += event->kind;
    event->next = h->free;
    h->free = (uint64_t)(event - h->pool);
    hold_push(h, heap, h->now + hold_delay(h->delays), run, h->now & 7);
}

static void hold_tick_binary(struct hold *h, struct hold_event *event)
{
    hold_tick(h, HOLD_BINARY, event, hold_tick_binary);
}

static void hold_tick_quaternary(struct hold *h, struct hold_event *event)
{
    hold_tick(h, HOLD_QUATERNARY, event, hold_tick_quaternary);
}

static void hold_tick_ring(struct hold *h, struct hold_event *event)
{
    hold_tick(h, HOLD_BINARY_AND_RING, event, hold_tick_ring);
}

HOLD_INLINE void hold_loop(struct hold *h, enum hold_heap heap, uint64_t events)
{
    for (uint64_t i = 0; i < events; i++) {
        struct hold_entry entry = hold_pop(h, heap);
        h->now = entry.at;
        struct hold_event *event = &h->pool[entry.key & 0xFFFFFF];
        event->run(h, event);
    }
}

static inline void hold_run(struct hold *h, enum hold_heap heap, uint64_t events)
{
    switch (heap) {
    case HOLD_BINARY:
        hold_loop(h, HOLD_BINARY, events);
        break;
    case HOLD_QUATERNARY:
        hold_loop(h, HOLD_QUATERNARY, events);
        break;
    case HOLD_BINARY_AND_RING:
        hold_loop(h, HOLD_BINARY_AND_RING, events);
        break;
    case HOLD_HEAPS:
        break;
    }
}

/* Room for `pending` events; freed by hold_deinit. Exits where there is no memory. */
static inline void hold_init(struct hold *h, uint64_t pending)
{
    const size_t page = 4096;
    uint64_t ring = 1;
    while (ring < pending + 2) {
        ring *= 2;
    }
    size_t heap_bytes = (pending + 64) * sizeof(struct hold_entry) / page * page + page;
    size_t pool_bytes = (pending + 2) * sizeof(struct hold_event) / page * page + page;
    *h = (struct hold){
        .pool = aligned_alloc(page, pool_bytes),
        .heap_memory = aligned_alloc(page, heap_bytes),
        .ring = malloc(ring * sizeof(uint64_t)),
        .ring_mask = ring - 1,
    };
    if (h->pool == NULL || h->heap_memory == NULL || h->ring == NULL) {
        exit(3);
    }
    h->heap = (struct hold_entry *)h->heap_memory + 3;
}

static inline void hold_deinit(struct hold *h)
{
    free(h->pool);
    free(h->heap_memory);
    free(h->ring);
}

/* Empties the queue. */
static inline void hold_clear(struct hold *h, uint64_t pending)
{
    h->heap_count = h->ring_first = h->ring_end = 0;
    h->free = h->sequence = h->now = h->sum = 0;
    for (uint64_t i = 0; i < pending + 2; i++) {
        h->pool[i].next = i + 1;
    }
    for (uint64_t i = 0; i < pending + 60; i++) {
        h->heap[i] = hold_never;
    }
}

/* Empties the queue, and schedules `pending` events with a delay each. */
static inline void hold_start(struct hold *h, enum hold_heap heap, uint64_t pending,
                              struct hold_delays *delays)
{
    static void (*const ticks[HOLD_HEAPS])(struct hold *, struct hold_event *) = {
        hold_tick_binary, hold_tick_quaternary, hold_tick_ring};
    h->delays = delays;
    hold_clear(h, pending);
    for (uint64_t i = 0; i < pending; i++) {
        hold_push(h, heap, hold_delay_above_zero(delays), ticks[heap], 0);
    }
}

#endif

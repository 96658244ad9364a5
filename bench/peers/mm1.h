/* mm1.h: the bare limit of an M/M/1 queue: event functions over a binary heap of a few entries.
 *
 * No processes, no trace, no choices, no time averages; delays from a ziggurat in floating point.
 * Two events a customer: an arrival starts the service itself where the server is idle.
 */
#ifndef LOCKSTEP_BENCH_PEERS_MM1_H
#define LOCKSTEP_BENCH_PEERS_MM1_H

#include "bench/peers/exponential.h"
#include "bench/peers/hold.h"

enum { BARE_WAITING_MAX = 1 << 16 };

struct bare_mm1 {
    struct hold hold; /* its pool and binary heap */
    struct exponential random;
    uint64_t *arrived;
    uint64_t first, end, left, events;
    bool busy;
    double sojourn_sum_seconds;
};

static void bare_arrive(struct hold *h, struct hold_event *event);
static void bare_depart(struct hold *h, struct hold_event *event);

static inline void bare_schedule(struct bare_mm1 *b, double mean_ns,
                                 void (*run)(struct hold *, struct hold_event *))
{
    uint64_t at = b->hold.now + (uint64_t)(mean_ns * exponential_next(&b->random));
    hold_push(&b->hold, HOLD_BINARY, at, run, 0);
}

static inline void bare_serve(struct bare_mm1 *b)
{
    b->busy = true;
    bare_schedule(b, 1e9, bare_depart);
}

static void bare_depart(struct hold *h, struct hold_event *event)
{
    struct bare_mm1 *b = (struct bare_mm1 *)h; /* its first member */
    (void)event;
    b->sojourn_sum_seconds += (double)(h->now - b->arrived[b->first++ % BARE_WAITING_MAX]) * 1e-9;
    if (b->first < b->end) {
        bare_serve(b);
    } else {
        b->busy = false;
    }
}

static void bare_arrive(struct hold *h, struct hold_event *event)
{
    struct bare_mm1 *b = (struct bare_mm1 *)h;
    (void)event;
    b->arrived[b->end++ % BARE_WAITING_MAX] = h->now;
    if (!b->busy) {
        bare_serve(b);
    }
    if (--b->left > 0) {
        bare_schedule(b, 1e9 / 0.9, bare_arrive);
    }
}

/* Runs until the last customer has left. Exits where there is no memory. */
static inline void bare_mm1_run(struct bare_mm1 *b, uint64_t customers)
{
    enum { PENDING_MAX = 8 };

    *b = (struct bare_mm1){.left = customers};
    exponential_init(&b->random, 1);
    hold_init(&b->hold, PENDING_MAX);
    hold_clear(&b->hold, PENDING_MAX);
    b->arrived = malloc(BARE_WAITING_MAX * sizeof b->arrived[0]);
    if (b->arrived == NULL) {
        exit(3);
    }
    bare_schedule(b, 1e9 / 0.9, bare_arrive);
    while (b->hold.heap_count > 0) {
        struct hold_entry entry = hold_pop(&b->hold, HOLD_BINARY);
        uint64_t slot = entry.key & 0xFFFFFF;
        b->hold.now = entry.at;
        b->hold.pool[slot].run(&b->hold, &b->hold.pool[slot]);
        b->hold.pool[slot].next = b->hold.free;
        b->hold.free = slot;
        b->events++;
    }
    free(b->arrived);
    hold_deinit(&b->hold);
}

#endif

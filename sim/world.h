/* world.h: all state of a trial in one arena: regions of plain records that can be copied, hashed
 * and restored.
 *
 * Method. A model declares its regions at set-up (name, record size, most records), then the arena
 * is reserved once and its pages become memory as they are touched. Within a region, records 0 ..
 * used - 1 have been in use; what lies behind is zero. Records refer to others by index. A snapshot
 * copies the used part of every region, the event queue and the position of the choices. A hash
 * covers the regions that decide what happens next:
 *
 *   REGION_RECORDS   a list: its bytes in order
 *   REGION_POOL      a set: the sum of the hashes of its live records; every record begins with a
 *                    struct pool_slot
 *   REGION_HISTORY   what has been observed, and is judged: restored, not hashed
 *   REGION_OBSERVED  what has been observed, and is only told: restored, not hashed
 *
 * The world's hash leaves out sequence numbers and takes pending events relative to now. The table
 * is not in the arena: it journals (model/dynamodb/table.h).
 */
#ifndef LOCKSTEP_SIM_WORLD_H
#define LOCKSTEP_SIM_WORLD_H

#include "sim/choice.h"
#include "sim/event_queue.h"
#include "sim/hash.h"

enum { WORLD_REGIONS_MAX = 96 };

enum region_kind { REGION_RECORDS, REGION_POOL, REGION_HISTORY, REGION_OBSERVED };

/* How each record of a pool begins. `next` links free records, and is the owner's while the record
 * is live. */
struct pool_slot {
    uint32_t live, next;
};

struct region {
    const char *name;
    enum region_kind kind;
    uint32_t stride;
    uint64_t capacity;
    size_t offset;  /* of its records in the arena */
    void **records; /* where the owner keeps the address, set by world_build */
};

/* What changes in a region but its records; lies in the arena's first region. */
struct region_state {
    uint64_t used;      /* records that have been in use */
    uint32_t free_head; /* of a pool: index + 1 of the first free record; 0: none */
    uint32_t live;      /* of a pool */
};

struct world {
    struct region regions[WORLD_REGIONS_MAX];
    struct region_state *states;
    uint32_t regions_count;
    char *arena;
    size_t arena_bytes;
    uint32_t queue_capacity;
    struct event_queue *queue;
    struct choices *choices;
};

void world_init(struct world *w);

/* Declares a region; returns its number. `records` receives the address of its first record from
 * world_build. */
uint32_t world_declare(struct world *w, const char *name, enum region_kind kind, uint32_t stride,
                       uint64_t capacity, void **records);

/* Reserves the arena and lays out the regions and an event queue for `events` pending events.
 * Choices are the caller's. STATUS_NO_MEMORY with a message where the machine refuses. */
enum status world_build(struct world *w, uint32_t events, struct instant start,
                        struct choices *choices, struct error *error);
void world_deinit(struct world *w);

static inline uint64_t world_used(const struct world *w, uint32_t region)
{
    return w->states[region].used;
}

/* The index of the next record of a list, now in use; -1 where the region is full. */
int64_t world_append(struct world *w, uint32_t region);

/* Gives back all records from `used` on (zeroed). */
void world_truncate(struct world *w, uint32_t region, uint64_t used);

/* Takes a free record of a pool, zeroed and live; -1 where the pool is full. */
int64_t pool_take(struct world *w, uint32_t region);

/* Gives a live record back; it is zeroed. */
void pool_give(struct world *w, uint32_t region, uint32_t index);

/* Bytes that a snapshot needs now. */
size_t world_snapshot_bytes(const struct world *w);

/* Copies the state to `memory` (world_snapshot_bytes long), and back. Restoring needs a snapshot of
 * this world. */
void world_snapshot(const struct world *w, void *memory);
void world_restore(struct world *w, const void *memory);

/* The hash of all that decides what happens next, the table and the time of day aside. */
struct hash128 world_hash(const struct world *w);

/* A pending event, in the order in which they will come. */
struct pending_event {
    int64_t at_ns;
    uint64_t sequence;
    struct event event;
};

/* Lists them: as many as event_queue_count says, for which `room` is. */
uint32_t world_pending(const struct world *w, struct pending_event *room);

/* The hash of all that decides what happens next and how it is judged, time of day included, the
 * table aside: what world_hash covers, byte for byte, REGION_HISTORY, and the order of events that
 * are due at one instant. `room` is for as many pending events as the queue can hold. */
struct hash128 world_fingerprint(const struct world *w, struct pending_event *room);

#endif

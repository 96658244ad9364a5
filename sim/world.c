/* world.c: see world.h. */
#include "sim/world.h"

#include "sim/memory.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

void world_init(struct world *w)
{
    memset(w, 0, sizeof *w);
}

uint32_t world_declare(struct world *w, const char *name, enum region_kind kind, uint32_t stride,
                       uint64_t capacity, void **records)
{
    ASSERT(w->arena == NULL && w->regions_count < WORLD_REGIONS_MAX);
    ASSERT(stride > 0 && capacity > 0);
    w->regions[w->regions_count] = (struct region){
        .name = name, .kind = kind, .stride = stride, .capacity = capacity, .records = records};
    return w->regions_count++;
}

enum status world_build(struct world *w, uint32_t events, struct instant start,
                        struct choices *choices, struct error *error)
{
    size_t offset = aligned(w->regions_count * sizeof(struct region_state));
    for (uint32_t i = 0; i < w->regions_count; i++) {
        struct region *r = &w->regions[i];
        size_t bytes;
        r->offset = offset;
        if (__builtin_mul_overflow(r->stride, r->capacity, &bytes) || bytes > SIZE_MAX / 4) {
            return error_set(error, STATUS_NO_MEMORY, "%s: too large to be addressed", r->name);
        }
        offset += aligned(bytes);
    }
    size_t queue_offset = offset;
    w->arena_bytes = queue_offset + event_queue_bytes(events);
    w->arena = memory_reserve(w->arena_bytes);
    if (w->arena == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "the machine refuses %zu MiB of address space",
                         w->arena_bytes >> 20);
    }
    w->states = (struct region_state *)(void *)w->arena;
    for (uint32_t i = 0; i < w->regions_count; i++) {
        *w->regions[i].records = w->arena + w->regions[i].offset;
    }
    w->queue_capacity = events;
    w->queue = event_queue_init(w->arena + queue_offset, events, start);
    w->choices = choices;
    return STATUS_OK;
}

void world_deinit(struct world *w)
{
    memory_release(w->arena, w->arena_bytes);
    memset(w, 0, sizeof *w);
}

static char *record(const struct world *w, uint32_t region, uint64_t index)
{
    const struct region *r = &w->regions[region];
    return w->arena + r->offset + index * r->stride;
}

int64_t world_append(struct world *w, uint32_t region)
{
    struct region_state *state = &w->states[region];
    if (state->used == w->regions[region].capacity) {
        return -1;
    }
    return (int64_t)state->used++;
}

void world_truncate(struct world *w, uint32_t region, uint64_t used)
{
    struct region_state *state = &w->states[region];
    ASSERT(used <= state->used);
    memset(record(w, region, used), 0, (state->used - used) * w->regions[region].stride);
    state->used = used;
}

int64_t pool_take(struct world *w, uint32_t region)
{
    struct region_state *state = &w->states[region];
    int64_t index;
    if (state->free_head != 0) {
        index = (int64_t)state->free_head - 1;
        struct pool_slot *slot = (void *)record(w, region, (uint64_t)index);
        ASSERT(slot->live == 0);
        state->free_head = slot->next;
        slot->next = 0;
    } else {
        index = world_append(w, region);
    }
    if (index >= 0) {
        struct pool_slot *slot = (void *)record(w, region, (uint64_t)index);
        slot->live = 1;
        state->live++;
    }
    return index;
}

void pool_give(struct world *w, uint32_t region, uint32_t index)
{
    struct region_state *state = &w->states[region];
    struct pool_slot *slot = (void *)record(w, region, index);
    ASSERT(slot->live != 0 && state->live > 0);
    memset(slot, 0, w->regions[region].stride);
    slot->next = state->free_head;
    state->free_head = index + 1;
    state->live--;
}

/* A snapshot: the region states, the used records of each region, the choices' position, the queue;
 * each part is aligned as in the arena. */

static size_t states_bytes(const struct world *w)
{
    return w->regions_count * sizeof(struct region_state);
}

size_t world_snapshot_bytes(const struct world *w)
{
    size_t bytes = aligned(states_bytes(w)) + aligned(sizeof(struct choices_position));
    for (uint32_t i = 0; i < w->regions_count; i++) {
        bytes += aligned(w->states[i].used * w->regions[i].stride);
    }
    return bytes + event_queue_bytes_used(w->queue);
}

void world_snapshot(const struct world *w, void *memory)
{
    char *to = memory;
    memcpy(to, w->states, states_bytes(w));
    to += aligned(states_bytes(w));
    for (uint32_t i = 0; i < w->regions_count; i++) {
        size_t bytes = w->states[i].used * w->regions[i].stride;
        memcpy(to, record(w, i, 0), bytes);
        to += aligned(bytes);
    }
    struct choices_position position;
    choices_save(w->choices, &position);
    memcpy(to, &position, sizeof position);
    to += aligned(sizeof position);
    memcpy(to, w->queue, event_queue_bytes_used(w->queue));
}

void world_restore(struct world *w, const void *memory)
{
    const char *from = memory;
    const struct region_state *states = memory;
    from += aligned(states_bytes(w));
    for (uint32_t i = 0; i < w->regions_count; i++) {
        if (w->states[i].used > states[i].used) {
            world_truncate(w, i, states[i].used);
        }
        size_t bytes = states[i].used * w->regions[i].stride;
        memcpy(record(w, i, 0), from, bytes);
        from += aligned(bytes);
    }
    memcpy(w->states, states, states_bytes(w));
    struct choices_position position;
    memcpy(&position, from, sizeof position);
    choices_load(w->choices, &position);
    from += aligned(sizeof position);
    size_t used_now = event_queue_bytes_used(w->queue);
    size_t used_then = event_queue_bytes_used((const struct event_queue *)(const void *)from);
    memcpy(w->queue, from, used_then);
    if (used_now > used_then) {
        memset((char *)w->queue + used_then, 0, used_now - used_then);
    }
}

struct event_hash {
    struct instant now;
    struct hash128 sum;
};

static void add_event(void *self, struct instant at, uint64_t sequence, const struct event *event)
{
    (void)sequence;
    struct event_hash *h = self;

    struct {
        int64_t after_ns;
        struct event event;
    } relative = {instant_since(at, h->now).ns, *event};

    _Static_assert(sizeof relative == 24, "a pending event has no padding");
    h->sum = hash128_add(h->sum, hash128(&relative, sizeof relative));
}

static struct hash128 region_hash(const struct world *w, uint32_t region)
{
    const struct region *r = &w->regions[region];
    uint64_t used = w->states[region].used;
    if (r->kind == REGION_RECORDS) {
        return hash128(record(w, region, 0), used * r->stride);
    }
    struct hash128 sum = {0, 0};
    for (uint64_t i = 0; i < used; i++) {
        const struct pool_slot *slot = (const void *)record(w, region, i);
        if (slot->live != 0) {
            sum = hash128_add(sum, hash128(slot, r->stride));
        }
    }
    return sum;
}

struct hash128 world_hash(const struct world *w)
{
    struct hash128 parts[WORLD_REGIONS_MAX + 1];
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->regions_count; i++) {
        if (w->regions[i].kind < REGION_HISTORY) {
            parts[count++] = region_hash(w, i);
        }
    }
    struct event_hash events = {
        event_queue_now(w->queue), {0, 0}
    };
    event_queue_each(w->queue, add_event, &events);
    parts[count++] = events.sum;
    return hash128(parts, count * sizeof parts[0]);
}

struct listing {
    struct pending_event *events;
    uint32_t count;
};

static void list_event(void *self, struct instant at, uint64_t sequence, const struct event *event)
{
    struct listing *listing = self;
    listing->events[listing->count++] = (struct pending_event){at.ns, sequence, *event};
}

static int compare_pending(const void *left, const void *right)
{
    const struct pending_event *a = left;
    const struct pending_event *b = right;
    if (a->at_ns != b->at_ns) {
        return a->at_ns < b->at_ns ? -1 : 1;
    }
    return a->sequence < b->sequence ? -1 : 1;
}

uint32_t world_pending(const struct world *w, struct pending_event *room)
{
    struct listing listing = {.events = room};
    event_queue_each(w->queue, list_event, &listing);
    qsort(room, listing.count, sizeof *room, compare_pending);
    return listing.count;
}

struct hash128 world_fingerprint(const struct world *w, struct pending_event *room)
{
    struct hash128 parts[WORLD_REGIONS_MAX + 2];
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->regions_count; i++) {
        if (w->regions[i].kind != REGION_OBSERVED) {
            parts[count++] = hash128(record(w, i, 0), w->states[i].used * w->regions[i].stride);
        }
    }
    uint32_t pending = world_pending(w, room);
    for (uint32_t i = 0; i < pending; i++) {
        room[i].sequence = i;
    }
    parts[count++] = hash128(room, pending * sizeof *room);
    parts[count++] = (struct hash128){(uint64_t)event_queue_now(w->queue).ns, 0};
    return hash128(parts, count * sizeof parts[0]);
}

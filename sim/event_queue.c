/* event_queue.c: see event_queue.h.
 *
 * The heap is 4-ary and holds entries of 16 bytes: the instant, and a key of the sequence number
 * with the event's slot below it. One comparison of 128 bits orders them. The four children of an
 * entry fill one group, so one cache line, and their own children are fetched ahead while the least
 * of them is found. Places beyond the last entry hold an entry later than any, so a group needs no
 * count. A pop moves the hole at the root down to the bottom, always to the least child, and only
 * then lets the last entry rise from there: it was at the bottom already, so it rises little.
 *
 * Heap and slots grow together, group by group, so what has been used lies at the front.
 */
#include "sim/event_queue.h"

#include "sim/assert.h"

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

enum {
    SLOT_BITS = 24,
    SLOT_MASK = (1 << SLOT_BITS) - 1,
    WIDTH = 4,         /* children of an entry, and entries of a group */
    ROOT = WIDTH - 1,  /* the root ends group 0, so that every other group holds four siblings */
    FIRST_SLOT = ROOT, /* so slot 0 is none, and a heap never reaches further than its slots */
};

#define SEQUENCE_MAX (UINT64_MAX >> SLOT_BITS)

struct entry {
    int64_t at;
    uint64_t key; /* sequence << SLOT_BITS | slot */
};

struct slot {
    struct event event;
    uint64_t key;  /* 0 once cancelled, popped or free */
    uint32_t next; /* of those due now, or of the free; 0 for none */
    uint32_t unused;
};

struct group {
    struct entry entries[WIDTH];
    struct slot slots[WIDTH];
};

struct event_queue {
    struct instant now;
    uint64_t sequence; /* of the last push */
    uint32_t capacity;
    uint32_t count; /* pending, without the cancelled */
    uint32_t end;   /* the place behind the last entry of the heap */
    uint32_t fresh; /* the first slot that was never used */
    uint32_t free;  /* slots used before */
    uint32_t due_first, due_last;
    uint32_t unused[5]; /* to 64 bytes: groups start on a cache line if the memory does */
    struct group groups[];
};

_Static_assert(FIRST_SLOT + EVENT_QUEUE_CAPACITY_MAX - 1 <= SLOT_MASK, "slots need more bits");
_Static_assert(sizeof(struct event_queue) == 64, "groups would straddle cache lines");
_Static_assert(sizeof(struct group) == 192, "groups would straddle cache lines");

static const struct entry never = {INT64_MAX, UINT64_MAX};

static inline struct entry *entry_of(struct event_queue *q, uint32_t place)
{
    return &q->groups[place / WIDTH].entries[place % WIDTH];
}

static inline struct slot *slot_of(struct event_queue *q, uint32_t slot)
{
    return &q->groups[slot / WIDTH].slots[slot % WIDTH];
}

/* The instant above the key: later instants, and later pushes of one instant, have larger orders.
 */
static inline int128 entry_order(const struct entry *entry)
{
    return (int128)((uint128)(uint64_t)entry->at << 64 | entry->key);
}

static inline bool entry_before(const struct entry *a, const struct entry *b)
{
    return entry_order(a) < entry_order(b);
}

static size_t groups_for(uint32_t slots_end)
{
    return (slots_end + WIDTH - 1) / WIDTH;
}

size_t event_queue_bytes(uint32_t capacity)
{
    ASSERT(1 <= capacity && capacity <= EVENT_QUEUE_CAPACITY_MAX);
    return sizeof(struct event_queue) + groups_for(FIRST_SLOT + capacity) * sizeof(struct group);
}

size_t event_queue_bytes_used(const struct event_queue *q)
{
    return sizeof(struct event_queue) + groups_for(q->fresh) * sizeof(struct group);
}

static void group_clear(struct group *group)
{
    for (int i = 0; i < WIDTH; i++) {
        group->entries[i] = never;
    }
}

struct event_queue *event_queue_init(void *memory, uint32_t capacity, struct instant now)
{
    ASSERT(((uintptr_t)memory & 15) == 0);
    struct event_queue *q = memory;
    *q = (struct event_queue){.now = now, .capacity = capacity, .end = ROOT, .fresh = FIRST_SLOT};
    group_clear(&q->groups[0]);
    return q;
}

struct instant event_queue_now(const struct event_queue *q)
{
    return q->now;
}

uint32_t event_queue_count(const struct event_queue *q)
{
    return q->count;
}

/* A slot that is free; 0 where there is none. */
static uint32_t slot_take(struct event_queue *q)
{
    uint32_t slot = q->free;
    if (slot != 0) {
        q->free = slot_of(q, slot)->next;
        return slot;
    }
    if (q->fresh == FIRST_SLOT + q->capacity) {
        return 0;
    }
    slot = q->fresh++;
    if (slot % WIDTH == 0) {
        group_clear(&q->groups[slot / WIDTH]);
    }
    return slot;
}

static inline void slot_release(struct event_queue *q, uint32_t slot)
{
    struct slot *s = slot_of(q, slot);
    s->key = 0;
    s->next = q->free;
    q->free = slot;
}

/* Puts `entry` into the hole at `place` or above it, moving later entries down. */
static inline void heap_rise(struct event_queue *q, uint32_t place, struct entry entry)
{
    while (place != ROOT) {
        struct entry *parent = entry_of(q, place / WIDTH + ROOT - 1);
        if (!entry_before(&entry, parent)) {
            break;
        }
        *entry_of(q, place) = *parent;
        place = place / WIDTH + ROOT - 1;
    }
    *entry_of(q, place) = entry;
}

/* Which of four is the least. Computed rather than chosen, since no branch could be predicted: with
 * a conditional the compiler makes one, and a million pending cost a fifth more. */
static inline uint32_t group_least(const struct entry *entries)
{
    uint32_t a = entry_before(&entries[1], &entries[0]);
    uint32_t b = 2 + (uint32_t)entry_before(&entries[3], &entries[2]);
    return a + (b - a) * (uint32_t)entry_before(&entries[b], &entries[a]);
}

static inline void heap_drop_first(struct event_queue *q)
{
    struct entry *last = entry_of(q, --q->end);
    struct entry entry = *last;
    *last = never;
    if (q->end == ROOT) {
        return;
    }
    uint32_t hole = ROOT;
    uint32_t group;
    while ((group = hole - (ROOT - 1)) * WIDTH < q->end) {
        const struct group *below = &q->groups[group * WIDTH - (ROOT - 1)];
        for (int i = 0; i < WIDTH; i++) {
            __builtin_prefetch(&below[i]);
        }
        uint32_t least = group_least(q->groups[group].entries);
        *entry_of(q, hole) = q->groups[group].entries[least];
        hole = group * WIDTH + least;
    }
    heap_rise(q, hole, entry);
}

struct event_handle event_queue_push(struct event_queue *q, struct instant at, struct event event)
{
    ASSERT(at.ns >= q->now.ns);
    ASSERT(q->sequence < SEQUENCE_MAX);
    uint32_t slot = slot_take(q);
    if (slot == 0) {
        return (struct event_handle){0};
    }
    struct entry entry = {at.ns, ++q->sequence << SLOT_BITS | slot};
    struct slot *s = slot_of(q, slot);
    s->event = event;
    s->key = entry.key;
    s->next = 0;
    q->count++;
    if (at.ns > q->now.ns) {
        heap_rise(q, q->end++, entry);
    } else if (q->due_first == 0) {
        q->due_first = q->due_last = slot;
    } else {
        slot_of(q, q->due_last)->next = slot;
        q->due_last = slot;
    }
    return (struct event_handle){entry.key};
}

/* The slot whose turn is next, cancelled or not, and its instant. There is one. What the heap holds
 * for now was pushed before now came, hence before all that is in the list of those due. */
static inline uint32_t first_slot(struct event_queue *q, struct instant *at)
{
    const struct entry *root = entry_of(q, ROOT);
    bool due = q->due_first != 0 && (q->end == ROOT || root->at > q->now.ns);
    at->ns = due ? q->now.ns : root->at;
    return due ? q->due_first : (uint32_t)(root->key & SLOT_MASK);
}

static inline void drop_first(struct event_queue *q, uint32_t slot)
{
    if (slot == q->due_first) {
        q->due_first = slot_of(q, slot)->next;
    } else {
        heap_drop_first(q);
    }
    slot_release(q, slot);
}

/* The slot of the next event that is not cancelled, and its instant; 0 where none is left. Drops
 * the cancelled ones before it. */
static inline uint32_t first_pending(struct event_queue *q, struct instant *at)
{
    if (q->count == 0) {
        return 0;
    }
    uint32_t slot = first_slot(q, at);
    while (slot_of(q, slot)->key == 0) {
        drop_first(q, slot);
        slot = first_slot(q, at);
    }
    return slot;
}

bool event_queue_pop(struct event_queue *q, struct event *event)
{
    struct instant at;
    uint32_t slot = first_pending(q, &at);
    if (slot == 0) {
        return false;
    }
    ASSERT(at.ns >= q->now.ns);
    *event = slot_of(q, slot)->event;
    drop_first(q, slot);
    q->now = at;
    q->count--;
    return true;
}

bool event_queue_next(struct event_queue *q, struct instant *at)
{
    struct instant first;
    if (first_pending(q, &first) == 0) {
        return false;
    }
    *at = first;
    return true;
}

void event_queue_cancel(struct event_queue *q, struct event_handle handle)
{
    uint32_t slot = (uint32_t)(handle.key & SLOT_MASK);
    if (slot < FIRST_SLOT || slot >= q->fresh || slot_of(q, slot)->key != handle.key) {
        return;
    }
    slot_of(q, slot)->key = 0;
    q->count--;
}

static const struct slot *slot_at(const struct event_queue *q, uint32_t slot)
{
    return &q->groups[slot / WIDTH].slots[slot % WIDTH];
}

static void visit_pending(const struct slot *slot, struct instant at, event_queue_visit *visit,
                          void *self)
{
    if (slot->key != 0) {
        visit(self, at, slot->key >> SLOT_BITS, &slot->event);
    }
}

void event_queue_each(const struct event_queue *q, event_queue_visit *visit, void *self)
{
    for (uint32_t place = ROOT; place < q->end; place++) {
        const struct entry *entry = &q->groups[place / WIDTH].entries[place % WIDTH];
        const struct slot *slot = slot_at(q, (uint32_t)(entry->key & SLOT_MASK));
        visit_pending(slot, (struct instant){entry->at}, visit, self);
    }
    for (uint32_t slot = q->due_first; slot != 0; slot = slot_at(q, slot)->next) {
        visit_pending(slot_at(q, slot), q->now, visit, self);
    }
}

/* table_journal.c: before-images: the past for readers, marks and rolling back.
 *
 * Method. Entries stand in the order of the writes, and each slot's entries are chained from the
 * newest. An entry owns its before-image. For a reader of the past the writes since then are undone
 * in the orders that it uses, and redone after; for a rollback they are undone for good. Entries
 * are dropped at the front as time passes, and the array moves up when half of it is gone. Source:
 * DDB-READ-1.
 */
#include "model/dynamodb/table_state.h"
#include "model/dynamodb/table_stream.h"
#include "sim/memory.h"

enum { ENTRIES_MAX = 1 << 26, COMPACT_AT = 1024 };

bool journal_init(struct table *t)
{
    struct journal *j = &t->journal;
    j->base = 1;
    j->entries = memory_reserve(ENTRIES_MAX * sizeof *j->entries);
    j->marks = memory_reserve(TABLE_MARKS_MAX * sizeof *j->marks);
    j->travelled = memory_reserve(ENTRIES_MAX * sizeof *j->travelled);
    return j->entries != NULL && j->marks != NULL && j->travelled != NULL;
}

void journal_deinit(struct table *t)
{
    struct journal *j = &t->journal;
    memory_release(j->entries, ENTRIES_MAX * sizeof *j->entries);
    memory_release(j->marks, TABLE_MARKS_MAX * sizeof *j->marks);
    memory_release(j->travelled, ENTRIES_MAX * sizeof *j->travelled);
}

/* The number after the newest entry's. */
static uint64_t journal_next(const struct journal *j)
{
    return j->base + j->first + j->count;
}

/* The entry of that number; NULL for 0, and where it has been dropped. */
static struct journal_entry *entry_at(const struct journal *j, uint64_t number)
{
    return number < j->base + j->first ? NULL : &j->entries[number - j->base];
}

struct instant table_as_of(const struct table *t, struct instant now, struct instant as_of)
{
    int64_t oldest;
    if (instant_before(now, as_of)) {
        return now;
    }
    if (__builtin_sub_overflow(now.ns, t->config.history.ns, &oldest)) {
        return as_of;
    }
    return (struct instant){as_of.ns > oldest ? as_of.ns : oldest};
}

/* Moves the entries to the front of the array once more than half of it is unused. */
static void compact(struct journal *j)
{
    if (j->first < COMPACT_AT || j->first < j->count) {
        return;
    }
    memmove(j->entries, j->entries + j->first, j->count * sizeof *j->entries);
    j->base += j->first;
    j->first = 0;
}

/* After a slot's last entry has gone. An absent slot is of no more use then, unless LMDB has yet to
 * be told: so long it keeps the key. Returns whether it keeps the image it shows; else that is the
 * caller's to free. */
static bool slot_forget(struct table *t, uint32_t slot)
{
    struct slot *s = slot_at(t, slot);
    s->newest = 0;
    if (slot_present(s)) {
        return false;
    }
    if ((s->flags & SLOT_STORED) == 0) {
        slot_free(t, slot);
        return false;
    }
    uint32_t keys = record_new_keys(t, record_of(t, s->record));
    s->record = keys != 0 ? keys : s->record;
    return keys == 0;
}

static void drop_first(struct table *t)
{
    struct journal *j = &t->journal;
    const struct journal_entry *e = &j->entries[j->first];
    bool newest = slot_at(t, e->slot)->newest == j->base + j->first;
    bool kept = newest && slot_forget(t, e->slot);
    if (e->before != 0 && !kept) {
        record_free(t, e->before);
    }
    j->first++;
    j->count--;
}

void journal_prune(struct table *t, struct instant now)
{
    struct journal *j = &t->journal;
    int64_t oldest;
    if (j->marks_count > 0 || __builtin_sub_overflow(now.ns, t->config.history.ns, &oldest)) {
        return;
    }
    while (j->count > 0 && j->entries[j->first].instant_ns <= oldest) {
        drop_first(t);
    }
    compact(j);
}

void journal_forget(struct table *t)
{
    ASSERT(t->journal.marks_count == 0);
    while (t->journal.count > 0) {
        drop_first(t);
    }
    compact(&t->journal);
}

bool journal_push(struct table *t, struct instant now, uint32_t slot, uint32_t before)
{
    struct journal *j = &t->journal;
    struct slot *s = slot_at(t, slot);
    if (j->first + j->count == ENTRIES_MAX) {
        return false;
    }
    ASSERT(j->count == 0 || j->entries[j->first + j->count - 1].instant_ns <= now.ns);
    j->entries[j->first + j->count] = (struct journal_entry){
        .instant_ns = now.ns, .older = s->newest, .hash = t->hash, .slot = slot, .before = before};
    s->newest = journal_next(j);
    j->count++;
    return true;
}

uint32_t journal_image(const struct table *t, uint32_t slot, struct instant as_of)
{
    const struct slot *s = slot_at(t, slot);
    uint32_t image = slot_present(s) ? s->record : 0;
    const struct journal_entry *e = entry_at(&t->journal, s->newest);
    for (; e != NULL && e->instant_ns > as_of.ns; e = entry_at(&t->journal, e->older)) {
        image = e->before;
    }
    return image;
}

/* Showing the past */

static bool record_in(const struct table *t, uint32_t record, uint32_t place, struct text value)
{
    return record != 0 && text_equal(record_key(record_of(t, record), place), value);
}

void journal_travel(struct table *t, struct instant as_of, uint32_t orders, uint32_t place,
                    struct text value)
{
    struct journal *j = &t->journal;
    ASSERT(j->travelled_count == 0);
    for (uint64_t i = j->first + j->count; i > j->first; i--) {
        const struct journal_entry *e = &j->entries[i - 1];
        if (e->instant_ns <= as_of.ns) {
            return;
        }
        struct slot *s = slot_at(t, e->slot);
        uint32_t current = slot_present(s) ? s->record : 0;
        if (value.size > 0 && !record_in(t, current, place, value) &&
            !record_in(t, e->before, place, value)) {
            continue;
        }
        j->travelled[j->travelled_count++] = (struct travelled){e->slot, s->record, s->flags};
        slot_become(t, e->slot, e->before, s->record, orders);
        s->flags |= SLOT_PINNED;
    }
}

void journal_return(struct table *t, uint32_t orders)
{
    struct journal *j = &t->journal;
    for (; j->travelled_count > 0; j->travelled_count--) {
        const struct travelled *was = &j->travelled[j->travelled_count - 1];
        bool absent = (was->flags & SLOT_ABSENT) != 0;
        slot_become(t, was->slot, absent ? 0 : was->record, was->record, orders);
        slot_at(t, was->slot)->flags = was->flags;
    }
}

/* Marks */

uint64_t table_mark(struct table *t)
{
    struct journal *j = &t->journal;
    ASSERT(j->marks_count < TABLE_MARKS_MAX);
    struct mark *mark = &j->marks[j->marks_count++];
    mark->next = journal_next(j);
    mark->stream_newest = table_stream_newest(t);
    meters_mark(t, j->marks_count, mark);
    mark->now = t->now;
    mark->occupied = t->occupied_count;
    return j->marks_count;
}

/* Takes the item out of a slot and shows what the slot's next older entry knows of it. */
static void undo_creation(struct table *t, const struct journal_entry *e)
{
    struct slot *s = slot_at(t, e->slot);
    const struct journal_entry *older = entry_at(&t->journal, e->older);
    uint32_t current = s->record;
    slot_become(t, e->slot, 0, older != NULL ? older->before : current, ORDERS_ALL);
    s->newest = older != NULL ? e->older : 0;
    slot_removed(t, e->slot);
    if (older != NULL || !slot_forget(t, e->slot)) {
        record_free(t, current);
    }
}

/* Gives a slot its before-image back. */
static void undo_change(struct table *t, const struct journal_entry *e)
{
    struct slot *s = slot_at(t, e->slot);
    uint32_t current = slot_present(s) ? s->record : 0;
    slot_become(t, e->slot, e->before, 0, ORDERS_ALL);
    s->newest = entry_at(&t->journal, e->older) != NULL ? e->older : 0;
    s->flags |= SLOT_DIRTY;
    cache_add(t, s, 1);
    t->count++;
    if (current != 0) {
        record_free(t, current);
    }
}

/* Undoes the newest write. */
static void undo_last(struct table *t)
{
    struct journal *j = &t->journal;
    const struct journal_entry *e = &j->entries[j->first + j->count - 1];
    const struct slot *s = slot_at(t, e->slot);
    if (slot_present(s)) {
        cache_add(t, s, -1);
        t->count--;
    }
    t->hash = e->hash;
    if (e->before == 0) {
        undo_creation(t, e);
    } else {
        undo_change(t, e);
    }
    j->count--;
}

void table_rollback(struct table *t, uint64_t mark)
{
    struct journal *j = &t->journal;
    ASSERT(!t->busy && mark > 0 && mark <= j->marks_count);
    j->marks_count = (uint32_t)mark;
    const struct mark *m = &t->journal.marks[mark - 1];
    while (journal_next(j) > m->next) {
        undo_last(t);
    }
    stream_undo(t, m->stream_newest);
    meters_rollback(t, (uint32_t)mark, m);
    t->now = m->now;
    t->occupied_count = m->occupied;
}

/* Telling what was written */

uint64_t table_next_write(const struct table *t)
{
    return journal_next(&t->journal);
}

void table_each_change(struct table *t, uint64_t since,
                       void (*visit)(void *self, struct item before, struct item now), void *self)
{
    const struct journal *j = &t->journal;
    ASSERT(!t->busy && j->marks_count > 0 && since >= j->base + j->first);
    for (uint64_t number = since; number < journal_next(j); number++) {
        const struct journal_entry *e = entry_at(j, number);
        struct slot *s = slot_at(t, e->slot);
        struct item before = {0}, now = {0};
        if (e->older >= since) {
            continue; /* its first write has told it */
        }
        if (e->before != 0) {
            before = record_item(t, record_of(t, e->before));
        }
        if (slot_present(s) && slot_load(t, e->slot)) {
            now = record_item(t, record_of(t, s->record));
        }
        if (before.bytes.size + now.bytes.size > 0) {
            t->busy = true;
            visit(self, before, now);
            t->busy = false;
        }
    }
}

void table_release_marks(struct table *t)
{
    t->journal.marks_count = 0;
    meters_release_marks(t);
}

/* With the buckets of a meter that are filled by a rate. */
static struct hash128 with_buckets(const struct meter *meter, struct hash128 sum)
{
    for (unsigned i = 0; i < DIRECTIONS; i++) {
        const struct capacity *bucket = &meter->gauges[i].bucket;

        struct {
            struct hash128 others;
            int64_t level, at_ns;
        } with = {sum, bucket->level, bucket->at.ns};

        if (bucket->rate > 0) {
            sum = hash128(&with, sizeof with);
        }
    }
    return sum;
}

struct hash128 table_fingerprint(const struct table *t, struct instant now)
{
    struct link {
        struct hash128 later, before;
        int64_t from_ns, to_ns;
    };

    const struct journal *j = &t->journal;
    int64_t oldest_ns;
    if (t->stream != NULL || __builtin_sub_overflow(now.ns, t->config.history.ns, &oldest_ns)) {
        oldest_ns = INT64_MIN;
    }
    struct hash128 sum = t->hash;
    for (uint64_t i = j->count; i > 0; i--) {
        const struct journal_entry *e = &j->entries[j->first + i - 1];
        if (e->instant_ns <= oldest_ns) {
            break;
        }
        /* What several writes of one instant left is seen as a whole. */
        bool first = i == 1 || e[-1].instant_ns != e->instant_ns;
        if (first) {
            struct link link = {sum, e->hash, e->instant_ns, 0};
            sum = hash128(&link, sizeof link);
        }
    }
    for (uint32_t i = 0; i < t->capacity.meters_count; i++) {
        sum = with_buckets(&t->capacity.meters[i], sum);
    }
    return sum;
}

/* table_stream.c: see table_stream.h.
 *
 * Entries stand in the order of the writes and are linked within their shard. Each owns a block
 * with its key and images. Like the journal's they are dropped at the front as time passes, unless
 * marks are held, and the array moves up when half of it is gone; a rollback takes them from the
 * end. Whether a record has been trimmed is told from its age alone, so that it makes no difference
 * whether marks are held. Sources: DDB-STREAM-1, DDB-STREAM-2.
 */
#include "model/dynamodb/table_stream.h"

#include "model/dynamodb/table_state.h"
#include "sim/memory.h"

#include <stdlib.h>

enum {
    ENTRIES_MAX = 1 << 26,
    COMPACT_AT = 1024,
    /* Two attributes with their names. */
    KEYS_BYTES_MAX = 2 * (UINT16_MAX + HASH_KEY_BYTES_MAX + 64),
    SEQUENCE_DIGITS = 20,
};

static const uint64_t BLOCKS_BYTES = UINT64_C(1) << 36;

struct entry {
    int64_t instant_ns;
    uint64_t older, newer; /* of the same shard: numbers; 0: none. The older one may be gone */
    struct hash128 hash;   /* of the log before it */
    uint32_t shard;
    uint32_t block;
};

/* What a block holds; the bytes of keys, old and new image follow. */
struct body {
    uint64_t key_hash;
    uint32_t event, by_service;
    uint32_t size;
    uint32_t keys, old, new;
};

_Static_assert(sizeof(struct body) == 32, "a body has no padding");

struct shard {
    uint64_t oldest; /* kept; 0: none */
    uint64_t newest; /* ever; 0: none */
};

struct stream {
    enum stream_view view;
    bool stopped;
    struct entry *entries;
    uint64_t base;         /* number of entries[0]; numbers begin at 1 */
    uint64_t first, count; /* entries[first .. first + count) are there */
    struct hash128 hash;   /* of all records ever added */
    struct record_memory blocks;
    char *keys; /* KEYS_BYTES_MAX, for a key under construction */
    uint32_t shards_count;
    struct shard shards[];
};

/* Starting and stopping */

void stream_free(struct table *t)
{
    struct stream *s = t->stream;
    if (s != NULL) {
        memory_release(s->entries, ENTRIES_MAX * sizeof *s->entries);
        memory_release(s->keys, KEYS_BYTES_MAX);
        record_memory_deinit(&s->blocks);
        free(s);
    }
    t->stream = NULL;
}

enum status table_stream_start(struct table *t, enum stream_view view, uint32_t shards,
                               struct error *error)
{
    ASSERT(view != STREAM_NONE && shards > 0 && shards <= STREAM_SHARDS_MAX);
    ASSERT(table_stream_view(t) == STREAM_NONE && t->journal.marks_count == 0);
    stream_free(t);
    struct stream *s = calloc(1, sizeof *s + shards * sizeof s->shards[0]);
    if (s != NULL) {
        t->stream = s;
        s->view = view;
        s->base = 1;
        s->shards_count = shards;
        s->entries = memory_reserve(ENTRIES_MAX * sizeof *s->entries);
        s->keys = memory_reserve(KEYS_BYTES_MAX);
    }
    if (s == NULL || s->entries == NULL || s->keys == NULL ||
        !record_memory_init(&s->blocks, BLOCKS_BYTES)) {
        stream_free(t);
        return error_set(error, STATUS_NO_MEMORY, "table %s: cannot reserve memory for its stream",
                         t->config.name);
    }
    return STATUS_OK;
}

void table_stream_stop(struct table *t)
{
    ASSERT(table_stream_view(t) != STREAM_NONE && t->journal.marks_count == 0);
    t->stream->stopped = true;
}

enum stream_view table_stream_view(const struct table *t)
{
    return t->stream == NULL || t->stream->stopped ? STREAM_NONE : t->stream->view;
}

enum stream_view table_stream_kept_view(const struct table *t)
{
    return t->stream == NULL ? STREAM_NONE : t->stream->view;
}

uint32_t table_stream_shards(const struct table *t)
{
    return t->stream == NULL ? 0 : t->stream->shards_count;
}

/* Entries */

/* The entry of that number; NULL where it is not kept, or not there yet. */
static struct entry *entry_at(const struct stream *s, uint64_t number)
{
    bool kept = number >= s->base + s->first && number < s->base + s->first + s->count;
    return kept ? &s->entries[number - s->base] : NULL;
}

static uint32_t body_bytes(const struct body *b)
{
    return (uint32_t)sizeof *b + b->keys + b->old + b->new;
}

static void free_block(struct stream *s, const struct entry *e)
{
    record_give(&s->blocks, e->block, body_bytes(record_at(&s->blocks, e->block)));
}

static bool expired(const struct entry *e, struct instant now)
{
    return now.ns - e->instant_ns >= STREAM_RETENTION_S * NS_PER_S;
}

/* Moves the entries to the front of the array once more than half of it is unused. */
static void compact(struct stream *s)
{
    if (s->first < COMPACT_AT || s->first < s->count) {
        return;
    }
    memmove(s->entries, s->entries + s->first, s->count * sizeof *s->entries);
    s->base += s->first;
    s->first = 0;
}

/* Drops what nobody can read any more and no rollback brings back. */
static void prune(struct table *t, struct instant now)
{
    struct stream *s = t->stream;
    if (t->journal.marks_count > 0) {
        return;
    }
    while (s->count > 0 && expired(&s->entries[s->first], now)) {
        const struct entry *e = &s->entries[s->first];
        free_block(s, e);
        s->shards[e->shard].oldest = e->newer;
        s->first++;
        s->count--;
    }
    compact(s);
}

/* Takes the newest entry back. */
static void undo_last(struct stream *s)
{
    struct entry last = s->entries[s->first + s->count - 1];
    struct shard *shard = &s->shards[last.shard];
    struct entry *older = entry_at(s, last.older);
    if (older != NULL) {
        older->newer = 0;
    } else {
        shard->oldest = 0;
    }
    shard->newest = last.older;
    s->hash = last.hash;
    s->count--;
    free_block(s, &last);
}

void stream_undo(struct table *t, uint64_t newest)
{
    while (t->stream != NULL && table_stream_newest(t) > newest) {
        undo_last(t->stream);
    }
}

/* Adding a record */

/* The key of an item, alone. */
static struct item keys_of(const struct table *t, struct item item)
{
    const char *const names[] = {t->config.hash_key.name, t->config.range_key.name};
    struct item_writer w = item_writer(t->stream->keys, KEYS_BYTES_MAX);
    struct value value;
    for (int i = 0; i < 2 && names[i] != NULL; i++) {
        bool found = item_get(item, text_from(names[i]), &value);
        ASSERT(found);
        item_add(&w, text_from(names[i]), &value);
    }
    return item_written(&w);
}

/* The shard of a partition: shards divide the range of its hash evenly. Source: DDB-STREAM-4. */
static uint32_t shard_of(const struct table *t, const struct record *r)
{
    __extension__ typedef unsigned __int128 u128;
    uint64_t hash = key_hash(record_hash_value(t, r), (struct text){NULL, 0});
    return (uint32_t)((u128)hash * t->stream->shards_count >> 64);
}

static uint32_t size_of(struct item item)
{
    return item.bytes.size == 0 ? 0 : item_size(item);
}

/* Copies key and images into a block; 0 where memory is exhausted. */
static uint32_t new_block(struct stream *s, struct body body, struct item keys, struct item old,
                          struct item new)
{
    body.size = size_of(keys) + size_of(old) + size_of(new);
    body.keys = (uint32_t)keys.bytes.size;
    body.old = (uint32_t)old.bytes.size;
    body.new = (uint32_t) new.bytes.size;
    uint32_t block = record_take(&s->blocks, body_bytes(&body));
    if (block == 0) {
        return 0;
    }
    const struct item items[] = {keys, old, new};
    struct body *b = record_at(&s->blocks, block);
    char *to = (char *)(b + 1);
    *b = body;
    for (int i = 0; i < 3; i++) {
        if (items[i].bytes.size > 0) {
            memcpy(to, items[i].bytes.at, items[i].bytes.size);
            to += items[i].bytes.size;
        }
    }
    return block;
}

/* The hash of the log with one more entry. */
static struct hash128 hash_with(const struct stream *s, const struct entry *e)
{
    const struct body *b = record_at(&s->blocks, e->block);

    struct {
        struct hash128 before, body;
        int64_t instant_ns;
        uint64_t shard;
    } parts = {e->hash, hash128(b, body_bytes(b)), e->instant_ns, e->shard};

    _Static_assert(sizeof parts == 48, "no padding is hashed");
    return hash128(&parts, sizeof parts);
}

static void append(struct table *t, struct entry e)
{
    struct stream *s = t->stream;
    struct shard *shard = &s->shards[e.shard];
    ASSERT(s->entries != NULL);
    uint64_t number = s->base + s->first + s->count;
    struct entry *older = entry_at(s, shard->newest);
    e.older = shard->newest;
    e.hash = s->hash;
    s->hash = hash_with(s, &e);
    if (older != NULL) {
        older->newer = number;
    } else {
        shard->oldest = number;
    }
    shard->newest = number;
    s->entries[s->first + s->count++] = e;
}

/* Sources: DDB-STREAM-1, DDB-STREAM-2. */
bool stream_push(struct table *t, struct instant now, const struct record *old,
                 const struct record *new, bool by_service)
{
    struct stream *s = t->stream;
    struct item before = old != NULL ? record_item(t, old) : (struct item){0};
    struct item after = new != NULL ? record_item(t, new) : (struct item){0};
    prune(t, now);
    if (s->stopped || text_equal(before.bytes, after.bytes)) {
        return true; /* Source: DDB-STREAM-3 */
    }
    if (s->first + s->count == ENTRIES_MAX) {
        return false;
    }
    const struct record *any = new != NULL ? new : old;
    struct body body = {
        .key_hash = key_hash(record_hash_value(t, any), record_range_value(t, any)),
        .event = old == NULL   ? STREAM_INSERT
                 : new != NULL ? STREAM_MODIFY
                               : STREAM_REMOVE,
        .by_service = by_service,
    };
    struct item keys = keys_of(t, record_item(t, any));
    bool with_old = s->view == STREAM_OLD_IMAGE || s->view == STREAM_NEW_AND_OLD_IMAGES;
    bool with_new = s->view == STREAM_NEW_IMAGE || s->view == STREAM_NEW_AND_OLD_IMAGES;
    uint32_t block = new_block(s, body, keys, with_old ? before : (struct item){0},
                               with_new ? after : (struct item){0});
    if (block == 0) {
        return false;
    }
    append(t, (struct entry){.instant_ns = now.ns, .shard = shard_of(t, any), .block = block});
    return true;
}

/* Reading */

static void fill(const struct stream *s, uint64_t number, struct stream_record *r)
{
    const struct entry *e = entry_at(s, number);
    const struct body *b = record_at(&s->blocks, e->block);
    const char *at = (const char *)(b + 1);
    *r = (struct stream_record){
        .sequence = number,
        .created = {e->instant_ns},
        .shard = e->shard,
        .event = (enum stream_event)b->event,
        .by_service = b->by_service != 0,
        .size = b->size,
        .key_hash = b->key_hash,
        .keys = {{at, b->keys}},
        .old = {{at + b->keys, b->old}},
        .new = {{at + b->keys + b->old, b->new}},
    };
}

/* The number of the first record of a shard that is not trimmed; 0: none. `trimmed` gets that of
 * the last one before it; 0: none. */
static uint64_t live_from(const struct stream *s, struct instant now, uint32_t shard,
                          uint64_t *trimmed)
{
    uint64_t number = s->shards[shard].oldest;
    while (number != 0 && expired(entry_at(s, number), now)) {
        number = entry_at(s, number)->newer;
    }
    *trimmed = number != 0 ? entry_at(s, number)->older : s->shards[shard].newest;
    return number;
}

/* The number of the first record of a shard at `position` or behind it, given the first live one;
 * 0: none. A reader's position is a record of the shard, or stands right behind one: then nothing
 * is searched. */
static uint64_t find(const struct stream *s, uint32_t shard, uint64_t position, uint64_t live)
{
    if (live == 0 || position > s->shards[shard].newest) {
        return 0;
    }
    if (position <= live) {
        return live;
    }
    if (entry_at(s, position - 1)->shard == shard) {
        return entry_at(s, position - 1)->newer;
    }
    while (entry_at(s, position)->shard != shard) {
        position++;
    }
    return position;
}

bool table_stream_next(struct table *t, struct instant now, uint32_t shard, uint64_t position,
                       struct stream_record *record)
{
    const struct stream *s = t->stream;
    ASSERT(s != NULL && shard < s->shards_count);
    prune(t, now);
    uint64_t trimmed;
    uint64_t number = find(s, shard, position, live_from(s, now, shard, &trimmed));
    if (number == 0) {
        return false;
    }
    fill(s, number, record);
    return true;
}

/* Source: DDB-STREAM-9. */
enum stream_result table_stream_iterator(struct table *t, struct instant now, uint32_t shard,
                                         enum stream_start start, uint64_t sequence,
                                         struct stream_iterator *iterator)
{
    const struct stream *s = t->stream;
    ASSERT(s != NULL && shard < s->shards_count);
    prune(t, now);
    uint64_t trimmed;
    uint64_t newest = s->shards[shard].newest;
    (void)live_from(s, now, shard, &trimmed);
    uint64_t position = start == STREAM_TRIM_HORIZON ? trimmed + 1 : newest + 1;
    if (start == STREAM_AT_SEQUENCE || start == STREAM_AFTER_SEQUENCE) {
        const struct entry *e = entry_at(s, sequence);
        if (sequence > 0 && sequence <= trimmed) {
            return STREAM_TRIMMED;
        }
        if (e == NULL || e->shard != shard) {
            return STREAM_INVALID;
        }
        position = start == STREAM_AT_SEQUENCE ? sequence : sequence + 1;
    }
    *iterator = (struct stream_iterator){shard, position, now};
    return STREAM_OK;
}

/* Source: DDB-STREAM-8. */
enum stream_result table_stream_read(struct table *t, struct instant now,
                                     struct stream_iterator *iterator, uint32_t limit,
                                     struct stream_record *records, uint32_t *count)
{
    const struct stream *s = t->stream;
    ASSERT(s != NULL && iterator->shard < s->shards_count);
    ASSERT(limit > 0 && limit <= STREAM_READ_MAX);
    prune(t, now);
    uint64_t trimmed;
    uint64_t bytes = 0;
    *count = 0;
    if (instant_since(now, iterator->made).ns >= STREAM_ITERATOR_S * NS_PER_S) {
        return STREAM_EXPIRED;
    }
    uint64_t live = live_from(s, now, iterator->shard, &trimmed);
    if (iterator->position <= trimmed) {
        return STREAM_TRIMMED;
    }
    uint64_t number = find(s, iterator->shard, iterator->position, live);
    for (; number != 0 && *count < limit; number = entry_at(s, number)->newer) {
        fill(s, number, &records[*count]);
        bytes += records[*count].size;
        if (*count > 0 && bytes > STREAM_READ_BYTES) {
            break;
        }
        (*count)++;
        iterator->position = number + 1;
    }
    iterator->made = now;
    return STREAM_OK;
}

uint64_t table_stream_newest(const struct table *t)
{
    const struct stream *s = t->stream;
    return s == NULL ? 0 : s->base + s->first + s->count - 1;
}

bool table_stream_at(const struct table *t, uint64_t sequence, struct stream_record *record)
{
    if (t->stream == NULL || entry_at(t->stream, sequence) == NULL) {
        return false;
    }
    fill(t->stream, sequence, record);
    return true;
}

struct hash128 table_stream_hash(const struct table *t)
{
    return t->stream == NULL ? (struct hash128){0, 0} : t->stream->hash;
}

/* Sequence numbers as text */

void text_put_sequence(struct text_writer *w, uint64_t sequence)
{
    text_put_char(w, '1');
    text_put_integer(w, (int64_t)sequence, SEQUENCE_DIGITS);
}

enum status sequence_parse(struct text text, uint64_t *sequence, struct error *error)
{
    uint64_t value = 0;
    bool valid = text.size == 1 + SEQUENCE_DIGITS && text.at[0] == '1';
    for (size_t i = 1; valid && i < text.size; i++) {
        uint64_t digit = (uint64_t)(unsigned char)text.at[i] - '0';
        valid = digit <= 9 && value <= (INT64_MAX - digit) / 10;
        value = value * 10 + digit;
    }
    if (!valid) {
        return error_set(error, STATUS_BAD_INPUT, "\"%.*s\" is not a sequence number",
                         (int)text.size, text.at);
    }
    *sequence = value;
    return STATUS_OK;
}

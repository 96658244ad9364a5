/* table_state.h: what the parts of a table share: slots, records, orders, journal.
 *
 * Method. A slot stands for a key, for as long as something is known of it: an item, a
 * before-image, or a deletion that LMDB has not seen. Its record is its item's image: a head with
 * the item's size and ttl, the places of its key attributes and its size in each index that does
 * not hold all of it; then the encoded item; then the sortable forms of its keys of type N. When
 * the body has been evicted, the bytes of the key attributes are all that follows the head. A write
 * makes a new record; the old one goes to the journal as it is. A key is an order-preserving run of
 * bytes: S and B as they are, N in its sortable form. Trees order the slots by their records' keys,
 * so a record that changes an order is exchanged by slot_become, which takes the slot out and puts
 * it back. The first part of an order, the partition, is ordered by its hash: so a Scan is in no
 * order that means anything, and its segments are intervals of the hash. Part of a table are only
 * the orders, attributes, sizes and meters that it has: none is paid for that it might have.
 *
 *   table.c          opening, closing, the calls on single items, TTL, totals
 *   table_indexes.c  the orders of the table and its indexes, projections
 *   table_rebuild.c  changes of indexes and TTL
 *   table_check.c    which items and keys are taken
 *   table_capacity.c what a call costs
 *   table_meters.c   who lets a call have it, and what has been used
 *   table_slots.c    slots, the hash index over them, their images and orders
 *   table_journal.c  before-images: the past for readers, marks and rolling back
 *   table_transact.c transactions over several tables, and the items they occupy
 *   table_query.c    pages
 *   table_stream.c   the log of changes
 *   table_start_key.c  where they begin
 *   table_cache.c    bodies between memory and LMDB: loading, evicting, checkpoints
 *   table_description.c  what a kept table says of itself
 *   table_lmdb.c     LMDB
 *
 * For these files alone.
 */
#ifndef LOCKSTEP_MODEL_DYNAMODB_TABLE_STATE_H
#define LOCKSTEP_MODEL_DYNAMODB_TABLE_STATE_H

#include "model/dynamodb/capacity.h"
#include "model/dynamodb/counted_tree.h"
#include "model/dynamodb/record_memory.h"
#include "model/dynamodb/table.h"
#include "model/dynamodb/table_memo.h"
#include "model/dynamodb/table_transact.h"

enum {
    KEY_ATTRIBUTES_MAX = 2 + 2 * TABLE_INDEXES_MAX,
    PLACE_NONE = KEY_ATTRIBUTES_MAX,
    KEY_PARTS_MAX = 4,
    HASH_KEY_BYTES_MAX = 2048, /* DDB-LIMIT-2 */
    RANGE_KEY_BYTES_MAX = 1024,
    ITEM_BYTES_MAX = 400 * 1024, /* DDB-LIMIT-3 */
    /* An attribute takes 2 bytes at the least as DynamoDB counts, and 6 more when encoded. */
    ENCODED_BYTES_MAX = 4 * ITEM_BYTES_MAX + 64,
    PAGE_BYTES = 1 << 20,
    LAST_KEY_BYTES_MAX = TABLE_START_KEY_MAX,
    ORDERS_MAX = 2 + TABLE_INDEXES_MAX,
    ORDER_BASE = 0, /* then the indexes, in order */
    ORDER_TTL = ORDERS_MAX - 1,
    SCRATCH_BYTES = 4 * ENCODED_BYTES_MAX,
    METERS_MAX = 1 + TABLE_INDEXES_MAX,
};

_Static_assert(TABLE_START_KEY_MAX == KEY_PARTS_MAX * (HASH_KEY_BYTES_MAX + 2), "it fits");

#define TTL_NONE INT64_MIN

struct key_place {
    uint32_t at, size; /* from the record's beginning; size 0: the attribute is missing */
};

struct record {
    int64_t ttl;      /* epoch seconds, or TTL_NONE */
    uint32_t size;    /* as DynamoDB counts */
    uint32_t encoded; /* bytes of the item behind the head; 0: evicted, key bytes only */
    struct key_place places[];
    /* Behind the places lie the sizes in the indexes of table.partial. */
};

enum slot_flag {
    SLOT_USED = 1,
    SLOT_ABSENT = 2,  /* no item; `record` is an image that the journal owns, or key bytes */
    SLOT_DIRTY = 4,   /* the item is not in LMDB as it is */
    SLOT_STORED = 8,  /* LMDB has some item under this key */
    SLOT_LISTED = 16, /* in the list of deletions to write */
    SLOT_PINNED = 32, /* shows a past image: not to be evicted */
    SLOT_RECENT = 64, /* used since the clock's hand passed */
};

struct slot {
    uint64_t key_hash;
    uint64_t newest; /* newest journal entry; 0: none */
    uint32_t record;
    uint32_t flags;
};

struct hash_cell {
    uint32_t slot, tag;
};

/* One way to order the slots; `tree` holds those that have all its keys. */
struct table_order {
    const struct table *t;
    struct counted_tree tree;
    uint32_t places[KEY_PARTS_MAX]; /* which key attributes, the most significant first */
    uint32_t places_count;
    uint32_t size_at; /* where a record says what the item weighs here; 0: as in the table */
    bool by_ttl;      /* the ttl comes before them, and the partition is not ordered by its hash */
};

/* What an order compares a slot with: its first `count` parts; without any, its partition's hash if
 * that is given. */
struct key_probe {
    struct text parts[KEY_PARTS_MAX];
    uint32_t count;
    bool prefix;   /* the last part is compared as a prefix */
    bool hashed;   /* the hash is given, or has been found out */
    uint64_t hash; /* of the partition */
    int64_t ttl;
};

struct journal_entry {
    int64_t instant_ns;
    uint64_t older;      /* the slot's entry before this one; 0: none */
    struct hash128 hash; /* of the table before the write */
    uint32_t slot;
    uint32_t before; /* the record; 0: no item */
};

/* What the table or an index may use in one direction, and how a request is told no. */
struct gauge {
    struct capacity bucket; /* provisioned, or the owner's maximum on demand */
    bool provisioned;
    struct demand demand; /* of what is not provisioned */
};

struct meter {
    struct gauge gauges[DIRECTIONS];
    struct use all;
    struct use in_second;
    int64_t second; /* since the epoch; the one that `in_second` is of */
};

/* A second that is over; the totals say the rest. */
struct second_record {
    uint32_t since_opening, meter;
    uint32_t half_units[DIRECTIONS], refused_half_units[DIRECTIONS], refused[DIRECTIONS];
};

/* A cell as it was before it changed. */
struct key_undo {
    uint32_t cell, unused;
    struct key_use before;
};

/* What capacity has been used: of the table, of its indexes, of key values, in each second. */
struct capacity_state {
    struct meter meters[METERS_MAX]; /* the table's, then the indexes' */
    uint32_t meters_count;           /* in use */
    struct key_use *keys;            /* KEY_CELLS */
    struct second_record *seconds;
    uint64_t seconds_count;
    int64_t opened_second;
    struct key_undo *undo; /* of `keys`, while marks are held */
    uint64_t undo_count;
    struct meter *marked; /* meters_count for each mark that is held */
};

struct mark {
    uint64_t next;          /* the first entry after the mark */
    uint64_t stream_newest; /* the last record of the stream before it */
    uint64_t seconds_count, undo_count;
    struct instant now; /* of the table */
    uint32_t occupied;  /* items held by transactions */
};

/* A slot as it was before the past was shown. */
struct travelled {
    uint32_t slot, record, flags;
};

struct journal {
    struct journal_entry *entries;
    uint64_t base;         /* number of entries[0]; numbers begin at 1 */
    uint64_t first, count; /* entries[first .. first + count) are there */
    struct mark *marks;
    uint32_t marks_count;
    struct travelled *travelled;
    uint64_t travelled_count;
};

/* An item that a transaction holds until an instant. Those of a table stand in that order. */
struct occupation {
    uint64_t key_hash;
    int64_t until_ns;
};

struct table {
    struct table_config config;
    struct instant now; /* the latest one told */
    struct error message;
    bool failed;  /* the storage did, or memory ran out; `message` says how */
    bool busy;    /* inside a visit */
    bool plainly; /* table_query_plainly */

    struct text attributes[KEY_ATTRIBUTES_MAX]; /* names of key attributes, each once */
    enum attribute_type types[KEY_ATTRIBUTES_MAX];
    uint32_t sizes_max[KEY_ATTRIBUTES_MAX]; /* of S and B: a longer value is no key */
    uint32_t attributes_count;
    uint64_t name_sizes; /* bit s: some name that an item is searched for has s bytes, modulo 64 */
    bool number_keys;    /* some are of type N */
    uint32_t partial[TABLE_INDEXES_MAX]; /* the indexes that do not hold all of an item */
    uint32_t partial_count;
    uint32_t locals_count; /* local indexes */
    uint64_t collection_bytes_max;
    uint32_t head_bytes;              /* of a record */
    uint32_t hash_place, range_place; /* range_place is PLACE_NONE where there is no range key */
    struct text ttl_attribute;

    struct slot *slots;
    uint32_t slots_max, slots_used, slots_free, slots_occupied;
    struct hash_cell *cells;
    uint32_t cells_count; /* a power of two */
    uint32_t cells_max;
    struct table_order orders[ORDERS_MAX];
    uint32_t orders_used; /* bit i: orders[i] is there */
    uint64_t count;
    struct hash128 hash;
    struct record_memory records;
    struct journal journal;
    struct stream *stream; /* NULL: none was ever started */
    struct occupation *occupied;
    uint32_t occupied_first, occupied_count;

    uint64_t clean_bytes, dirty_bytes; /* of the items' records in memory */
    uint32_t hand;                     /* of the clock that evicts */
    uint32_t *removed;                 /* slots whose deletion LMDB has not seen */
    uint32_t removed_count;
    struct table_store *store; /* NULL until the first checkpoint, or opening, needs it */
    struct hash128 stored;     /* of what the store says of itself; see summary_hash */

    struct table_memo memo;
    struct capacity_state capacity;
    bool transactional;        /* the calls of a transaction cost twice as much */
    int64_t units[METERS_MAX]; /* of the latest call, thousandths: the table's, then the indexes' */
    struct throttle throttled; /* the latest call's, if it was refused */
    char *scratch;             /* SCRATCH_BYTES, for items under construction */
    char start_key[LAST_KEY_BYTES_MAX], last_key[LAST_KEY_BYTES_MAX];
};

/* What an item says about itself in a table: its record's head and tail to be. As many places and
 * sizes are set as the table has key attributes and partial indexes. */
struct outline {
    int64_t ttl;
    uint64_t key_hash; /* 0: it has no key as the table's must be */
    uint32_t size;
    uint32_t tail_size;
    bool nested; /* some attribute is a document or a set */
    bool fair;   /* each key attribute that is there has its type and a size that suits any key */
    struct key_place places[KEY_ATTRIBUTES_MAX]; /* from the item's beginning; what lies behind its
                                                    end is in the tail */
    uint32_t sizes[TABLE_INDEXES_MAX];
    char tail[KEY_ATTRIBUTES_MAX * NUMBER_SORTABLE_MAX];
};

/* An item that is about to be stored. */
struct image {
    struct item item;
    const struct outline *outline;
};

/* The key attribute `place` of an item; size 0 where it has none, or for PLACE_NONE. */
static inline struct text outline_key(struct item item, const struct outline *o, uint32_t place)
{
    if (place == PLACE_NONE) {
        return (struct text){NULL, 0};
    }
    struct key_place p = o->places[place];
    const char *at =
        p.at < item.bytes.size ? item.bytes.at + p.at : o->tail + (p.at - item.bytes.size);
    return (struct text){at, p.size};
}

static inline struct slot *slot_at(const struct table *t, uint32_t slot)
{
    return &t->slots[slot];
}

static inline struct record *record_of(const struct table *t, uint32_t record)
{
    return record_at(&t->records, record);
}

static inline bool slot_present(const struct slot *s)
{
    return (s->flags & SLOT_ABSENT) == 0;
}

static inline struct text record_key(const struct record *r, uint32_t place)
{
    return (struct text){(const char *)r + r->places[place].at, r->places[place].size};
}

/* The values of the table's own key; the range value has size 0 where the table has no range key.
 */
static inline struct text record_hash_value(const struct table *t, const struct record *r)
{
    return record_key(r, t->hash_place);
}

static inline struct text record_range_value(const struct table *t, const struct record *r)
{
    return t->range_place != PLACE_NONE ? record_key(r, t->range_place) : (struct text){NULL, 0};
}

static inline struct item record_item(const struct table *t, const struct record *r)
{
    return (struct item){
        {(const char *)r + t->head_bytes, r->encoded}
    };
}

/* What an item weighs in an order, as DynamoDB counts. */
static inline uint32_t record_size_in(const struct table_order *o, const struct record *r)
{
    return o->size_at == 0 ? r->size : *(const uint32_t *)((const char *)r + o->size_at);
}

/* table_slots.c */

/* Finds the places of the keys, the ttl and the size of an item; and has the memory asked for where
 * slot_find will look. */
void outline_item(const struct table *t, struct item item, struct outline *o);

/* A new record with that item, or one with its key bytes alone; 0 where memory is exhausted. */
uint32_t record_new(struct table *t, struct item item, const struct outline *o);
uint32_t record_new_keys(struct table *t, const struct record *of);
void record_free(struct table *t, uint32_t record);
uint32_t record_bytes(const struct table *t, const struct record *r);

uint64_t key_hash(struct text hash_value, struct text range_value);

/* What partitions are ordered by. */
uint64_t partition_hash(struct text partition);

/* The slot of a key, present or not; 0: none. */
uint32_t slot_find(const struct table *t, uint64_t hash, struct text hash_value,
                   struct text range_value);
uint32_t slot_find_hash(const struct table *t, uint64_t hash);

/* A new slot for a key, absent and without a record, not yet in the hash index; 0 where all
 * items_max are taken. slot_publish puts it there, once it has a record. */
uint32_t slot_new(struct table *t, uint64_t hash);
void slot_publish(struct table *t, uint32_t slot);
void slot_free(struct table *t, uint32_t slot);

/* Exchanges the slot's image (`record`, 0: absent, but then `shown` gives the key) in the orders
 * of the mask, bit i for order i. Owns and frees nothing. */
enum { ORDERS_ALL = (1 << ORDERS_MAX) - 1 };

void slot_become(struct table *t, uint32_t slot, uint32_t record, uint32_t shown, uint32_t orders);

/* Makes the probe that stands for a record in an order; only as many parts are set as it has. And
 * whether the record belongs there at all. */
void order_probe(const struct table_order *o, const struct record *r, struct key_probe *probe);
bool order_has(const struct table_order *o, const struct record *r);

bool table_slots_init(struct table *t);
void table_slots_deinit(struct table *t);

/* How a tree compares the slots of an order. */
struct tree_keys order_keys(const struct table_order *o);

/* table_indexes.c */

/* Finds the key attributes and makes the orders that the config asks for; false where the machine
 * refuses the memory. */
bool table_orders_init(struct table *t);
void table_orders_deinit(struct table *t);

/* Whether an index (its position in the config) holds an attribute; and what it holds of an item,
 * written into `buffer` of SCRATCH_BYTES. */
bool index_projects(const struct table *t, uint32_t index, struct text name);
struct item index_item(const struct table *t, uint32_t index, struct item item, char *buffer);

/* What a write of `image` (NULL: a delete) over `old` (NULL: no item; else loaded) means for an
 * index. */
struct index_change {
    uint32_t before, after; /* what the item weighs in it; 0: it is not there */
    bool moved;             /* there before and after, with another key */
    bool changed;           /* something that the index holds is another, comes or goes */
};
struct index_change index_change(const struct table *t, uint32_t index, const struct record *old,
                                 const struct image *image);

/* Whether the item's collection, where the table has any, is not too large after a write. */
bool table_collection_fits(const struct table *t, const struct record *old,
                           const struct image *image);

/* table_journal.c */

bool journal_init(struct table *t);
void journal_deinit(struct table *t);

/* Drops before-images that no reader can ask for any more. */
void journal_prune(struct table *t, struct instant now);

/* Drops all before-images; no marks are held. */
void journal_forget(struct table *t);

/* Notes a write that is about to happen; false where the journal is full. */
bool journal_push(struct table *t, struct instant now, uint32_t slot, uint32_t before);

/* The slot's image as of an instant; 0: no item then. */
uint32_t journal_image(const struct table *t, uint32_t slot, struct instant as_of);

/* Shows the past in some orders, for the slots of one partition (`value` of the key attribute
 * `place`; size 0: all slots), until journal_return. */
void journal_travel(struct table *t, struct instant as_of, uint32_t orders, uint32_t place,
                    struct text value);
void journal_return(struct table *t, uint32_t orders);

/* The instant as of which a read is answered. */
struct instant table_as_of(const struct table *t, struct instant now, struct instant as_of);

/* table_stream.c */

/* Notes a write that has happened (`old`, `new` NULL: no item), by the service itself or by a call;
 * false where memory is exhausted. */
bool stream_push(struct table *t, struct instant now, const struct record *old,
                 const struct record *new, bool by_service);

static inline bool stream_note(struct table *t, struct instant now, const struct record *old,
                               const struct record *new, bool by_service)
{
    return t->stream == NULL || stream_push(t, now, old, new, by_service);
}

/* Takes back the records after that one. */
void stream_undo(struct table *t, uint64_t newest);
void stream_free(struct table *t);

/* table.c */

/* Whether a config's names, types and numbers are sound. */
bool table_config_valid(const struct table_config *config);

/* Sets the message and returns TABLE_INVALID. */
enum table_result table_invalid(struct table *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What a call is about: a key, its slot, and the item there. */
struct access {
    struct text hash_value, range_value;
    uint64_t hash;
    uint32_t slot;            /* 0: none */
    const struct record *old; /* loaded; NULL: no item */
};

/* A write that has been judged and not made. Valid until the next call on the table. */
struct prepared {
    enum table_write_kind kind;
    struct access access;
    struct item item;       /* to be stored; size 0: none is */
    struct outline outline; /* of it */
};

/* Judges a write by what is stored, and changes nothing: TABLE_OK, TABLE_CONDITION_FAILED,
 * TABLE_CONFLICT, TABLE_INVALID or TABLE_FULL. */
enum table_result table_prepare(struct table *t, struct instant now, const struct table_write *w,
                                struct prepared *p);

/* What is there before a write that was judged TABLE_OK or TABLE_CONDITION_FAILED. */
struct item table_prepared_old(const struct table *t, const struct prepared *p);

/* Takes the units of a write that was judged so; returns `judged`, or TABLE_THROTTLED. */
enum table_result table_charge(struct table *t, struct instant now, const struct prepared *p,
                               enum table_result judged, struct table_reply *reply);

/* Makes a write that was judged TABLE_OK: TABLE_OK or TABLE_FULL. */
enum table_result table_commit(struct table *t, struct instant now, struct prepared *p);

/* table_transact.c */

bool occupations_init(struct table *t);
void occupations_deinit(struct table *t);

/* Whether a transaction holds the item. Source: DDB-TRANSACT-5. */
bool table_occupied(struct table *t, struct instant now, uint64_t key_hash);

/* table_check.c */

/* The name of a key attribute, which ends in NUL. */
const char *table_place_name(const struct table *t, uint32_t place);

/* A value as a key, which may use `buffer`; it is of the type S, N or B. */
struct text key_text(const struct value *value, char buffer[NUMBER_SORTABLE_MAX]);

/* Holds the value of a key attribute, given as a key, to the rules for hash keys or range keys. */
enum table_result table_check_key_value(struct table *t, uint32_t place, bool hash,
                                        const struct value *value);

/* Holds an item that is to be stored to the table's rules; `too_large` is what is said of more than
 * 400 KB. */
enum table_result table_check_item(struct table *t, struct item item, const struct outline *o,
                                   const char *too_large);

/* Holds a key as a caller gives it to the schema: the key attributes and nothing else. */
enum table_result table_check_key(struct table *t, struct item key);

/* table_capacity.c */

/* Takes the units of a read of that many bytes, or of a write, from the capacity; or none, and
 * TABLE_THROTTLED, where the table or an index that the write touches has too few. What it took of
 * whom is in t->units, who had too few in t->throttled. TABLE_FULL, with table_fail, where there is
 * no room to note it. `partition`: the value of the table's hash key, or of the index's for a read
 * of that; size 0 for a Scan, which no single value holds back. */
enum table_result table_charge_read(struct table *t, struct instant now, int32_t index,
                                    struct text partition, int64_t bytes, bool consistent,
                                    int64_t *milli);

/* A write of `image` (NULL: a delete) over `old` (NULL: no item). */
enum table_result table_charge_change(struct table *t, struct instant now, struct text partition,
                                      const struct record *old, const struct image *image,
                                      struct table_reply *reply);

/* A write of `size` bytes whose condition did not hold: TABLE_CONDITION_FAILED if admitted. */
enum table_result table_charge_failed(struct table *t, struct instant now, struct text partition,
                                      const struct record *old, uint32_t size,
                                      struct table_reply *reply);

/* table_meters.c */

/* What a call is to be charged: each meter, and each partition key value there. */
struct key_charge {
    uint32_t meter;
    uint64_t key; /* hash */
    int64_t milli;
};

struct charge {
    enum direction direction;
    int64_t milli_per_unit;
    int64_t milli[METERS_MAX]; /* of the meters in use */
    uint32_t keys_count;
    struct key_charge keys[1 + 2 * TABLE_INDEXES_MAX];
};

bool table_rates_valid(const struct table_config *config);
bool meters_init(struct table *t, struct instant now);
void meters_deinit(struct table *t);

/* The indexes were those of `old`: a meter goes with its index, a new one begins full. No marks are
 * held. False, with nothing changed, where the machine refuses the memory. */
bool meters_rebuild(struct table *t, const struct table_config *old, struct instant now);

/* A call begins: nothing is charged yet, nobody has refused. */
void meters_begin(struct table *t);

/* Takes all of a charge, or nothing (TABLE_THROTTLED, with t->throttled; TABLE_FULL). */
enum table_result meters_take(struct table *t, struct instant now, const struct charge *c);

/* Marks, numbered from 1: what has been used is kept for one that is about to be held, and given
 * back.
 */
void meters_mark(struct table *t, uint32_t number, struct mark *mark);
void meters_rollback(struct table *t, uint32_t number, const struct mark *mark);
void meters_release_marks(struct table *t);

/* table_start_key.c */

/* Where a page begins behind another: the parts of an order's key as one run of bytes, at most
 * TABLE_START_KEY_MAX; and back, where they are such a run. */
size_t start_key_encode(const struct text *parts, uint32_t count, char *to);
bool start_key_decode(const struct table_order *o, struct text key, struct key_probe *probe);

/* table_query.c */

/* For tests: evaluates every item of a page, even where an index knows the matches. */
void table_query_plainly(struct table *t, bool plainly);

/* table_cache.c */

/* Loads the body of a present slot where it was evicted; false, with table_fail, where it cannot.
 */
bool slot_load(struct table *t, uint32_t slot);
void table_fail(struct table *t, const struct error *error);

/* Accounts for a present slot's record that comes (bytes > 0) or goes. */
void cache_add(struct table *t, const struct slot *s, int64_t sign);

/* Notes that LMDB has an item to delete under an absent slot's key, if it has one. */
void slot_removed(struct table *t, uint32_t slot);

/* Opens the store of a caller's directory and reads its items. */
enum status cache_read_all(struct table *t, struct error *error);

/* table_description.c */

/* The config as an encoded item, in the table's scratch memory. */
struct item description_write(const struct table *t);

/* Holds the config's keys to those in a stored description: STATUS_BAD_INPUT names both,
 * STATUS_CORRUPT is for what is no description. */
enum status description_check(const struct table *t, struct text stored, struct error *error);

#endif

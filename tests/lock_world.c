/* lock_world.c: see lock_world.h. */
#include "tests/lock_world.h"

#include "sim/assert.h"
#include "sim/memory.h"
#include "sim/process.h"

#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MAX = 4096, ITEM_BYTES = 192, LOCK_TTL_S = 300 };

static const int64_t START_S = INT64_C(1769763600);

/* Where a Lambda waits: the call that it makes next. */
#define POINTS(X)                                                                                  \
    X(START)                                                                                       \
    X(PUT_FILE)                                                                                    \
    X(ACQUIRE_LOCK)                                                                                \
    X(QUERY_PENDING)                                                                               \
    X(CLAIM_FILE)                                                                                  \
    X(HAND_FILE_BACK)                                                                              \
    X(PUT_MANIFEST)                                                                                \
    X(MARK_FILE)                                                                                   \
    X(START_EXECUTION)                                                                             \
    X(RELEASE_LOCK)

enum point { POINTS(POINT_ENUM) };

static const char *const POINT_NAMES[] = {POINTS(POINT_NAME)};

/* What the pipeline sends; its values are in the order of the last column. */
#define NAMES ((const char *const[]){"#status", "status", "#ttl", "ttl", NULL})
#define VALUES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define EXPRESSIONS(X)                                                                             \
    X(PARTITION, KEY, "date_prefix = :key", VALUES(":key", ":match"))                              \
    X(STATUS_IS, FILTER, "#status = :match", VALUES(":key", ":match"))                             \
    X(SET_STATUS, UPDATE, "SET #status = :status", VALUES(":status", ":was"))                      \
    X(STATUS_WAS, CONDITION, "#status = :was", VALUES(":status", ":was"))                          \
    X(FREE_OR_EXPIRED, CONDITION, "attribute_not_exists(date_prefix) OR #ttl < :now",              \
      VALUES(":now"))                                                                              \
    X(LOCK_IS_MINE, CONDITION, "lock_id = :id", VALUES(":id"))

enum sent {

#define SENT_ENUM(name, kind, text, values) name,
    EXPRESSIONS(SENT_ENUM)
#undef SENT_ENUM
        SENT_COUNT
};

/* An encoded item or key. */
struct encoded {
    char bytes[ITEM_BYTES];
    struct item item;
};

struct lock_world {
    struct lock_world_config config;
    struct table *table;
    struct expression *sent[SENT_COUNT];
    struct encoded files[LOCK_WORLD_LAMBDAS_MAX]; /* as they are put */
    struct encoded file_keys[LOCK_WORLD_LAMBDAS_MAX];
    struct encoded lock_key;
    uint64_t lock_key_hash;
    struct lock_state now;
    struct lock_state *marked; /* DEPTH_MAX; the table numbers its marks from 1 */
    /* The reply to the present call. */
    bool succeeded;
    uint8_t pending;
};

#define DATE TEXT("2026-01-30")
#define LOCK_PARTITION TEXT("LOCK#manifest-2026-01-30")
#define LOCK_RANGE TEXT("LOCK")
#define PENDING TEXT("pending")
#define MANIFESTED TEXT("manifested")

/* Files */

/* Names are told apart by one digit, at this place. */
enum { FILE_DIGIT = 4, LAMBDA_DIGIT = 7, NAME_BYTES = 16 };

static struct text numbered(struct text name, uint32_t at, uint32_t number, char buffer[NAME_BYTES])
{
    memcpy(buffer, name.at, name.size);
    buffer[at] = (char)('0' + number);
    return (struct text){buffer, name.size};
}

static struct text file_name(uint32_t file, char buffer[NAME_BYTES])
{
    return numbered(TEXT("test0.ndjson"), FILE_DIGIT, file, buffer);
}

static uint8_t file_of(struct item item)
{
    struct text name = item_text(item, TEXT("file_key"));
    ASSERT(name.size > FILE_DIGIT);
    return (uint8_t)(1U << (name.at[FILE_DIGIT] - '0'));
}

static uint8_t lowest(uint8_t files)
{
    return (uint8_t)(files & -files);
}

/* A manifest's files: the first pending ones, none where there are too few. */
static uint8_t batch_of(const struct lock_world *w, uint8_t pending)
{
    uint8_t batch = 0;
    for (uint32_t i = 0; i < w->config.threshold; i++) {
        if (pending == 0) {
            return 0;
        }
        batch |= lowest(pending);
        pending &= (uint8_t)(pending - 1);
    }
    return batch;
}

/* Service calls */

static struct instant clock_of(const struct lock_world *w)
{
    return (struct instant){w->now.now_s * NS_PER_S};
}

/* Nothing here can be refused for any other reason than its condition. */
static bool succeeded(enum table_result result)
{
    ASSERT(result == TABLE_OK || result == TABLE_CONDITION_FAILED);
    return result == TABLE_OK;
}

static void put_file(struct lock_world *w, uint32_t lambda)
{
    struct table_reply reply;
    w->succeeded =
        succeeded(table_put(w->table, clock_of(w), w->files[lambda].item, NULL, NULL, &reply));
}

static struct text lock_id(uint32_t lambda, char buffer[NAME_BYTES])
{
    return numbered(TEXT("lambda-0"), LAMBDA_DIGIT, lambda, buffer);
}

static void acquire_lock(struct lock_world *w, uint32_t lambda)
{
    char bytes[ITEM_BYTES];
    char id[NAME_BYTES];
    struct table_reply reply;
    struct item_writer writer = item_writer(bytes, sizeof bytes);
    const struct value now = value_n(w->now.now_s);
    item_add_s(&writer, TEXT("date_prefix"), LOCK_PARTITION);
    item_add_s(&writer, TEXT("file_key"), LOCK_RANGE);
    item_add_s(&writer, TEXT("lock_id"), lock_id(lambda, id));
    item_add_n(&writer, TEXT("ttl"), w->now.now_s + LOCK_TTL_S);
    struct item item = item_written(&writer);
    w->succeeded =
        succeeded(table_put(w->table, clock_of(w), item, w->sent[FREE_OR_EXPIRED], &now, &reply));
    if (w->succeeded) {
        w->now.holder = (uint8_t)(lambda + 1);
        w->now.expires_s = w->now.now_s + LOCK_TTL_S;
        w->now.lock_hash = hash128(item.bytes.at, item.bytes.size);
    }
}

/* There is no item any more. */
static void forget_lock(struct lock_world *w)
{
    w->now.holder = 0;
    w->now.expires_s = 0;
    w->now.lock_hash = (struct hash128){0, 0};
}

static void release_lock(struct lock_world *w, uint32_t lambda)
{
    char id[NAME_BYTES];
    struct table_reply reply;
    const struct value mine = value_s(lock_id(lambda, id));
    w->succeeded = succeeded(table_delete(w->table, clock_of(w), w->lock_key.item,
                                          w->sent[LOCK_IS_MINE], &mine, &reply));
    if (w->succeeded) {
        forget_lock(w);
    }
}

static void add_pending(void *self, struct item item)
{
    struct lock_world *w = self;
    w->pending |= file_of(item);
}

static void query_pending(struct lock_world *w)
{
    const struct value values[] = {value_s(DATE), value_s(PENDING)};
    const struct table_query query = {
        .index = TABLE_BASE,
        .consistent = true,
        .as_of = clock_of(w),
        .key = w->sent[PARTITION],
        .filter = w->sent[STATUS_IS],
        .values = values,
        .visit = add_pending,
        .self = w,
    };
    struct table_page page;
    w->pending = 0;
    w->succeeded = succeeded(table_read_page(w->table, clock_of(w), &query, &page));
}

/* Changes a file's status; `was` is what it has to be, of size 0 for any. */
static void set_status(struct lock_world *w, uint8_t file, struct text status, struct text was)
{
    const struct value values[] = {value_s(status), value_s(was)};
    struct table_reply reply;
    w->succeeded = succeeded(table_update(
        w->table, clock_of(w), w->file_keys[__builtin_ctz(file)].item, w->sent[SET_STATUS],
        was.size > 0 ? w->sent[STATUS_WAS] : NULL, values, &reply));
}

static void put_manifest(struct lock_state *s, uint8_t files)
{
    s->listed_twice |= s->listed & files;
    s->listed |= files;
}

/* Makes the call that a Lambda waits for. */
static void call(struct lock_world *w, uint32_t lambda)
{
    const struct lambda *l = &w->now.lambdas[lambda];
    switch ((enum point)l->at) {
    case PUT_FILE:
        put_file(w, lambda);
        return;
    case ACQUIRE_LOCK:
        acquire_lock(w, lambda);
        return;
    case QUERY_PENDING:
        query_pending(w);
        return;
    case CLAIM_FILE:
        set_status(w, lowest(l->todo), MANIFESTED, PENDING);
        return;
    case HAND_FILE_BACK:
        set_status(w, lowest(l->todo), PENDING, TEXT(""));
        return;
    case PUT_MANIFEST:
        put_manifest(&w->now, l->mine);
        return;
    case MARK_FILE:
        set_status(w, lowest(l->todo), MANIFESTED, TEXT(""));
        return;
    case START_EXECUTION:
        w->now.started |= l->mine;
        return;
    case RELEASE_LOCK:
        release_lock(w, lambda);
        return;
    case START:
        break;
    }
    ASSERT(false); /* a Lambda waits for a call */
}

/* The protocol */

#define CALL(point) AWAIT(l->at, point, (void)0)

/* Goes on from the reply to a Lambda's call to its next call. */
static enum process_status lambda_step(const struct lock_world *w, struct lambda *l)
{
    PROCESS_BEGIN(l->at, enum point);
    CALL(PUT_FILE);
    CALL(ACQUIRE_LOCK);
    if (!w->succeeded) {
        return PROCESS_DONE;
    }
    CALL(QUERY_PENDING);
    l->mine = l->todo = batch_of(w, w->pending);
    while (w->config.fence && l->todo != 0) {
        CALL(CLAIM_FILE);
        if (w->succeeded) {
            l->todo &= (uint8_t)(l->todo - 1);
            continue;
        }
        l->mine &= (uint8_t)~l->todo;
        for (l->todo = l->mine; l->todo != 0; l->mine = l->todo) {
            CALL(HAND_FILE_BACK);
            l->todo &= (uint8_t)(l->todo - 1);
        }
    }
    if (l->mine != 0) {
        CALL(PUT_MANIFEST);
        while (l->todo != 0) {
            CALL(MARK_FILE);
            l->todo &= (uint8_t)(l->todo - 1);
        }
        CALL(START_EXECUTION);
        l->mine = 0;
    }
    CALL(RELEASE_LOCK);
    PROCESS_END;
}

/* Transitions: each Lambda's call, each Lambda's death, expiry, deletion. */

static bool is_gone(const struct lock_world *w, uint32_t lambda)
{
    return (w->now.gone >> lambda & 1) != 0;
}

static void end(struct lock_world *w, uint32_t lambda)
{
    w->now.lambdas[lambda] = (struct lambda){0};
    w->now.gone |= (uint8_t)(1U << lambda);
}

static bool go_on(struct lock_world *w, uint32_t lambda)
{
    struct lambda *l = &w->now.lambdas[lambda];
    if (is_gone(w, lambda)) {
        return false;
    }
    bool acquires = l->at == ACQUIRE_LOCK;
    call(w, lambda);
    if (acquires && w->config.retry && !w->succeeded) {
        return false; /* it asks again: nothing has happened */
    }
    if (lambda_step(w, l) == PROCESS_DONE) {
        end(w, lambda);
    }
    return true;
}

static bool die(struct lock_world *w, uint32_t lambda)
{
    if (is_gone(w, lambda) || w->now.crashes == w->config.crashes) {
        return false;
    }
    w->now.crashes++;
    end(w, lambda);
    return true;
}

bool lock_world_expired(const struct lock_world *w)
{
    return w->now.holder != 0 && w->now.expires_s < w->now.now_s;
}

static bool expire(struct lock_world *w)
{
    if (w->now.holder == 0 || lock_world_expired(w) || w->config.never_expires) {
        return false;
    }
    w->now.now_s = w->now.expires_s + 1;
    return true;
}

static bool sweep(struct lock_world *w)
{
    struct item old;
    if (!table_expire(w->table, clock_of(w), w->lock_key_hash, &old)) {
        return false;
    }
    forget_lock(w);
    return true;
}

static bool fire(void *self, uint32_t transition)
{
    struct lock_world *w = self;
    uint32_t lambdas = w->config.lambdas;
    if (transition < lambdas) {
        return go_on(w, transition);
    }
    if (transition < 2 * lambdas) {
        return die(w, transition - lambdas);
    }
    return transition == 2 * lambdas ? expire(w) : sweep(w);
}

/* Cells: who holds the lock; whether it has expired; the budget of crashes; then each file's item,
 * and each Lambda itself. Manifests and executions are no cells: what two Lambdas do to them comes
 * to the same in either order. */
enum {
    CELL_HOLDER,
    CELL_EXPIRED,
    CELL_CRASHES,
    CELL_ITEMS = 8,
    CELL_LAMBDAS = 16,
    LOCK_CELLS = 1 << CELL_HOLDER | 1 << CELL_EXPIRED,
};

/* A call on the lock that is refused has only looked at it. */
static struct footprint lock_footprint(bool refused, uint64_t looked_at)
{
    return refused ? (struct footprint){looked_at, 0} : (struct footprint){LOCK_CELLS, LOCK_CELLS};
}

static struct footprint call_footprint(const struct lock_world *w, uint32_t lambda)
{
    const struct lambda *l = &w->now.lambdas[lambda];
    uint64_t file = (uint64_t)lowest(l->todo) << CELL_ITEMS;
    switch ((enum point)l->at) {
    case PUT_FILE:
        return (struct footprint){0, UINT64_C(1) << (CELL_ITEMS + lambda)};
    case ACQUIRE_LOCK:
        return lock_footprint(w->now.holder != 0 && !lock_world_expired(w), LOCK_CELLS);
    case QUERY_PENDING:
        return (struct footprint){UINT64_C(0xFF) << CELL_ITEMS, 0};
    case CLAIM_FILE:
        return (struct footprint){file, file};
    case MARK_FILE:
    case HAND_FILE_BACK:
        return (struct footprint){0, file};
    case RELEASE_LOCK:
        return lock_footprint(w->now.holder != lambda + 1, 1 << CELL_HOLDER);
    case PUT_MANIFEST:
    case START_EXECUTION:
    case START:
        break;
    }
    return (struct footprint){0, 0};
}

static struct footprint footprint(void *self, uint32_t transition)
{
    const struct lock_world *w = self;
    uint32_t lambdas = w->config.lambdas;
    if (transition == 2 * lambdas) {
        return (struct footprint){LOCK_CELLS, 1 << CELL_EXPIRED};
    }
    if (transition > 2 * lambdas) {
        return (struct footprint){LOCK_CELLS, LOCK_CELLS};
    }
    uint32_t lambda = transition < lambdas ? transition : transition - lambdas;
    struct footprint f = {1 << CELL_CRASHES, 1 << CELL_CRASHES};
    if (transition < lambdas) {
        f = call_footprint(w, lambda);
    }
    f.reads |= UINT64_C(1) << (CELL_LAMBDAS + lambda);
    f.writes |= UINT64_C(1) << (CELL_LAMBDAS + lambda);
    return f;
}

const char *lock_world_point(const struct lock_world *w, uint32_t lambda)
{
    return is_gone(w, lambda) ? "GONE" : POINT_NAMES[w->now.lambdas[lambda].at];
}

void lock_world_name(const struct lock_world *w, uint32_t transition, char *text, size_t size)
{
    uint32_t lambdas = w->config.lambdas;
    const char *point = lock_world_point(w, transition % lambdas);
    if (transition < 2 * lambdas) {
        (void)snprintf(text, size, "Lambda %u: %s%s", transition % lambdas,
                       transition < lambdas ? "" : "dies before ", point);
    } else {
        (void)snprintf(text, size, "%s",
                       transition == 2 * lambdas ? "the lock expires" : "TTL deletes the lock");
    }
}

/* Marks */

static uint64_t mark(void *self)
{
    struct lock_world *w = self;
    uint64_t number = table_mark(w->table);
    ASSERT(number <= DEPTH_MAX);
    w->marked[number - 1] = w->now;
    return number;
}

static void back(void *self, uint64_t number)
{
    struct lock_world *w = self;
    w->now = w->marked[number - 1];
    table_rollback(w->table, number);
}

/* The hash */

enum { PLAIN_BYTES = 3 * LOCK_WORLD_LAMBDAS_MAX + 8 };

/* All but the files' items. */
static void plain_bytes(const struct lock_world *w, uint8_t bytes[PLAIN_BYTES])
{
    const struct lock_state *s = &w->now;
    const uint8_t rest[8] = {
        s->gone,   s->crashes,           s->listed, s->listed_twice, s->started,
        s->holder, lock_world_expired(w)};
    memcpy(bytes, s->lambdas, sizeof s->lambdas);
    memcpy(bytes + sizeof s->lambdas, rest, sizeof rest);
}

_Static_assert(sizeof(struct lambda) == 3, "without padding");

/* Bytes that are hashed as one. */
struct whole {
    size_t size;
    uint8_t bytes[(LOCK_WORLD_LAMBDAS_MAX + 1) * ITEM_BYTES + PLAIN_BYTES];
};

static void add_file(void *self, struct item item)
{
    struct whole *whole = self;
    if (!text_equal(item_text(item, TEXT("file_key")), LOCK_RANGE)) {
        ASSERT(whole->size + item.bytes.size <= sizeof whole->bytes - PLAIN_BYTES);
        memcpy(whole->bytes + whole->size, item.bytes.at, item.bytes.size);
        whole->size += item.bytes.size;
    }
}

static struct hash128 hash_whole(struct lock_world *w)
{
    struct whole whole = {.size = 0};
    table_each(w->table, add_file, &whole);
    plain_bytes(w, whole.bytes + whole.size);
    return hash128(whole.bytes, whole.size + PLAIN_BYTES);
}

/* The sum of the hashes of the items, the lock's taken out, and of the rest. */
static struct hash128 hash(void *self)
{
    struct lock_world *w = self;
    uint8_t bytes[PLAIN_BYTES];
    if (w->config.hashed_as_one) {
        return hash_whole(w);
    }
    plain_bytes(w, bytes);
    return hash128_add(hash128_subtract(table_hash(w->table), w->now.lock_hash),
                       hash128(bytes, sizeof bytes));
}

/* Properties */

void lock_world_files(struct lock_world *w, uint8_t *recorded, uint8_t *pending)
{
    *recorded = *pending = 0;
    for (uint32_t i = 0; i < w->config.lambdas; i++) {
        char name[NAME_BYTES];
        struct item item;
        if (table_peek(w->table, DATE, file_name(i, name), &item)) {
            uint8_t file = file_of(item);
            *recorded |= file;
            *pending |= text_equal(item_text(item, TEXT("status")), PENDING) ? file : 0;
        }
    }
}

static uint32_t failed_at_the_end(struct lock_world *w)
{
    const struct lock_state *s = &w->now;
    uint8_t recorded;
    uint8_t pending;
    lock_world_files(w, &recorded, &pending);
    return (uint32_t)(batch_of(w, pending) != 0) << LIVE1 |
           (uint32_t)((pending | s->listed) != recorded) << LIVE2 |
           (uint32_t)((s->listed & ~s->started) != 0) << LIVE3;
}

static uint32_t check(void *self, bool end_of_run)
{
    struct lock_world *w = self;
    bool all_gone = w->now.gone == (1U << w->config.lambdas) - 1;
    if (end_of_run) {
        return (uint32_t)!all_gone << PROGRESS;
    }
    uint32_t failed = (uint32_t)(w->now.listed_twice != 0) << SAFE;
    return all_gone ? failed | failed_at_the_end(w) : failed;
}

/* Opening and closing */

static void encode_file(struct encoded *e, uint32_t file, bool whole)
{
    char name[NAME_BYTES];
    struct item_writer writer = item_writer(e->bytes, sizeof e->bytes);
    item_add_s(&writer, TEXT("date_prefix"), DATE);
    item_add_s(&writer, TEXT("file_key"), file_name(file, name));
    if (whole) {
        item_add_s(&writer, TEXT("status"), PENDING);
    }
    e->item = item_written(&writer);
}

static void encode_items(struct lock_world *w)
{
    for (uint32_t i = 0; i < w->config.lambdas; i++) {
        encode_file(&w->files[i], i, true);
        encode_file(&w->file_keys[i], i, false);
    }
    struct item_writer writer = item_writer(w->lock_key.bytes, sizeof w->lock_key.bytes);
    item_add_s(&writer, TEXT("date_prefix"), LOCK_PARTITION);
    item_add_s(&writer, TEXT("file_key"), LOCK_RANGE);
    w->lock_key.item = item_written(&writer);
    w->lock_key_hash = table_key_hash(w->table, w->lock_key.item);
}

static bool compile(struct lock_world *w, struct error *error)
{
#define COMPILE(name, kind, text, values)                                                          \
    w->sent[name] = expression_compile(                                                            \
        EXPRESSION_##kind, &(struct expression_source){text, NAMES, values, NULL}, error);         \
    if (w->sent[name] == NULL) {                                                                   \
        return false;                                                                              \
    }
    EXPRESSIONS(COMPILE)
#undef COMPILE
    return true;
}

static struct table *open_table(const struct lock_world_config *c, struct error *error)
{
    const struct table_config config = {
        .name = "tracking",
        .hash_key = {"date_prefix", TYPE_S},
        .range_key = {"file_key",             TYPE_S},
        .ttl_attribute = "ttl",
        .items_max = LOCK_WORLD_LAMBDAS_MAX + 1,
        .cache_bytes = 1 << 20,
        .indexes_count = c->with_index ? 1 : 0,
        .indexes = {{.name = "status-index",
                     .hash_key = {"status", TYPE_S},
                     .range_key = {"date_prefix", TYPE_S}}},
    };
    return table_open(&config, (struct instant){START_S * NS_PER_S}, error);
}

struct lock_world *lock_world_open(const struct lock_world_config *config, struct error *error)
{
    ASSERT(config->lambdas >= 1 && config->lambdas <= LOCK_WORLD_LAMBDAS_MAX &&
           config->threshold >= 1);
    struct lock_world *w = calloc(1, sizeof *w);
    if (w == NULL) {
        (void)error_set(error, STATUS_NO_MEMORY, "no memory for a world of locks");
        return NULL;
    }
    w->config = *config;
    w->now.now_s = START_S;
    w->marked = memory_reserve(DEPTH_MAX * sizeof *w->marked);
    w->table = open_table(config, error);
    if (w->marked == NULL || w->table == NULL || !compile(w, error)) {
        lock_world_close(w);
        return NULL;
    }
    encode_items(w);
    for (uint32_t i = 0; i < config->lambdas; i++) {
        (void)lambda_step(w, &w->now.lambdas[i]);
    }
    return w;
}

void lock_world_close(struct lock_world *w)
{
    if (w == NULL) {
        return;
    }
    for (int i = 0; i < SENT_COUNT; i++) {
        expression_free(w->sent[i]);
    }
    (void)table_close(w->table, NULL);
    memory_release(w->marked, DEPTH_MAX * sizeof *w->marked);
    free(w);
}

struct state_model lock_world_model(struct lock_world *w)
{
    return (struct state_model){
        .self = w,
        .transitions_count = 2 * w->config.lambdas + 2,
        .properties_count = LOCK_PROPERTIES_COUNT,
        .fire = fire,
        .mark = mark,
        .back = back,
        .hash = hash,
        .check = check,
        .footprint = footprint,
    };
}

struct table *lock_world_table(struct lock_world *w)
{
    return w->table;
}

const struct lock_state *lock_world_state(const struct lock_world *w)
{
    return &w->now;
}

const char *lock_property_text(enum lock_property property)
{
    static const char *const texts[] = {
#define LOCK_PROPERTY_TEXT(name, text) text,
        LOCK_PROPERTIES(LOCK_PROPERTY_TEXT)
#undef LOCK_PROPERTY_TEXT
    };
    return texts[property];
}

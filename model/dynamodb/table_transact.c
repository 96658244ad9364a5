/* table_transact.c: see table_transact.h. */
#include "model/dynamodb/table_transact.h"

#include "model/dynamodb/table_state.h"
#include "sim/assert.h"
#include "sim/memory.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    OCCUPATIONS_MAX = 1 << 20,
    TOKENS_MAX = 1 << 18, /* used within ten minutes */
    TOKEN_BUCKETS = 1 << 16,
    TOKEN_VALID_S = 600, /* DDB-TRANSACT-4 */
    ITEMS_BYTES = TRANSACTION_ITEMS_MAX * ENCODED_BYTES_MAX,
};

const char *cancellation_text(enum cancellation_code code)
{
    static const char *const texts[] = {

#define CANCELLATION_TEXT(name, text) text,
        CANCELLATION_MAP(CANCELLATION_TEXT)
#undef CANCELLATION_TEXT
    };
    ASSERT(code < sizeof texts / sizeof texts[0]);
    return texts[code];
}

/* Items that are occupied */

bool occupations_init(struct table *t)
{
    t->occupied = memory_reserve(OCCUPATIONS_MAX * sizeof *t->occupied);
    return t->occupied != NULL;
}

void occupations_deinit(struct table *t)
{
    memory_release(t->occupied, OCCUPATIONS_MAX * sizeof *t->occupied);
}

/* Forgets what is over, unless a rollback may want it again. */
static void occupations_prune(struct table *t, struct instant now)
{
    if (t->journal.marks_count > 0) {
        return;
    }
    while (t->occupied_first < t->occupied_count &&
           t->occupied[t->occupied_first].until_ns <= now.ns) {
        t->occupied_first++;
    }
    if (t->occupied_first == t->occupied_count) {
        t->occupied_first = t->occupied_count = 0;
    }
}

bool table_occupied(struct table *t, struct instant now, uint64_t key_hash)
{
    occupations_prune(t, now);
    for (uint32_t i = t->occupied_count; i > t->occupied_first; i--) {
        const struct occupation *o = &t->occupied[i - 1];
        if (o->until_ns <= now.ns) {
            return false;
        }
        if (o->key_hash == key_hash) {
            return true;
        }
    }
    return false;
}

/* A transaction */

/* What is known of one item of a transaction. */
struct member {
    uint64_t key_hash;
    uint32_t bytes; /* what it counts for TRANSACTION_BYTES_MAX */
};

/* A token; numbers of entries begin at 1. */
struct remembered {
    uint64_t older; /* the entry before it in its bucket; 0: none */
    struct hash128 token, body;
    int64_t completed_ns;
};

struct transactions {
    struct duration occupied;
    struct member members[TRANSACTION_ITEMS_MAX];
    struct cancellation reasons[TRANSACTION_ITEMS_MAX];
    struct item items[TRANSACTION_ITEMS_MAX];
    char *bytes; /* ITEMS_BYTES for copies of items, since tables may evict theirs */
    size_t bytes_used;
    char message[512];
    struct remembered *remembered; /* a ring */
    uint64_t first, next;          /* entries first .. next - 1 are there */
    uint64_t *newest;              /* of each bucket */
    bool marked;
};

struct transactions *transactions_open(struct duration occupied, struct error *error)
{
    struct transactions *x = calloc(1, sizeof *x);
    if (x != NULL) {
        x->occupied = occupied;
        x->first = x->next = 1;
        x->bytes = memory_reserve(ITEMS_BYTES);
        x->remembered = memory_reserve(TOKENS_MAX * sizeof *x->remembered);
        x->newest = memory_reserve(TOKEN_BUCKETS * sizeof *x->newest);
    }
    if (x == NULL || x->bytes == NULL || x->remembered == NULL || x->newest == NULL) {
        (void)error_set(error, STATUS_NO_MEMORY, "no memory for transactions");
        transactions_close(x);
        return NULL;
    }
    return x;
}

void transactions_close(struct transactions *x)
{
    if (x == NULL) {
        return;
    }
    memory_release(x->bytes, ITEMS_BYTES);
    memory_release(x->remembered, TOKENS_MAX * sizeof *x->remembered);
    memory_release(x->newest, TOKEN_BUCKETS * sizeof *x->newest);
    free(x);
}

static enum transaction_result refuse(struct transactions *x, struct transaction_reply *reply,
                                      enum transaction_result result, const char *message)
{
    (void)snprintf(x->message, sizeof x->message, "%s", message);
    reply->message = x->message;
    return result;
}

static struct item item_kept(struct transactions *x, struct item item)
{
    ASSERT(item.bytes.size <= ITEMS_BYTES - x->bytes_used);
    char *at = x->bytes + x->bytes_used;
    if (item.bytes.size > 0) {
        memcpy(at, item.bytes.at, item.bytes.size);
    }
    x->bytes_used += item.bytes.size;
    return (struct item){
        {at, item.bytes.size}
    };
}

static void cancel(struct transactions *x, uint32_t i, enum cancellation_code code,
                   const char *message)
{
    x->reasons[i].code = code;
    (void)snprintf(x->reasons[i].message, sizeof x->reasons[i].message, "%s", message);
}

static bool cancelled(const struct transactions *x, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (x->reasons[i].code != CANCELLATION_NONE) {
            return true;
        }
    }
    return false;
}

/* An empty key value is told of the request as a whole, other faults of the item that has them. The
 * messages tell the two apart. Source: DDB-TRANSACT-6. */
static bool concerns_request(const char *message)
{
    return text_starts(text_from(message), TEXT("One or more parameter values are not valid."));
}

/* A throttle, in the words for a table or an index, provisioned or on demand. */
static void cancel_throttled(struct transactions *x, uint32_t i, const struct table *t)
{
    bool index = t->throttled.index != TABLE_BASE;
    if (t->config.rcu == 0 && t->config.wcu == 0) {
        cancel(x, i, CANCELLATION_THROTTLED,
               index ? "Throughput exceeds the current capacity for one or more global secondary "
                       "indexes. DynamoDB is automatically scaling your index so please try again "
                       "shortly."
                     : "Throughput exceeds the current capacity of your table or index. DynamoDB "
                       "is automatically scaling your table or index so please try again shortly. "
                       "If exceptions persist, check if you have a hot key: "
                       "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/"
                       "bp-partition-key-design.html.");
        return;
    }
    cancel(x, i, CANCELLATION_THROUGHPUT_EXCEEDED,
           index ? "The level of configured provisioned throughput for one or more global "
                   "secondary indexes of the table was exceeded. Consider increasing your "
                   "provisioning level for the under-provisioned global secondary indexes with the "
                   "UpdateTable API"
                 : "The level of configured provisioned throughput for the table was exceeded. "
                   "Consider increasing your provisioning level with the UpdateTable API.");
}

/* Notes what a write was judged to be. */
static enum transaction_result note(struct transactions *x, uint32_t i, enum table_result result,
                                    const struct table_write *w, const struct prepared *p,
                                    struct transaction_reply *reply)
{
    switch (result) {
    case TABLE_OK:
        break;
    case TABLE_CONDITION_FAILED:
        cancel(x, i, CANCELLATION_CONDITION_FAILED, "The conditional request failed");
        x->reasons[i].old = item_kept(x, table_prepared_old(w->table, p));
        break;
    case TABLE_CONFLICT:
        cancel(x, i, CANCELLATION_CONFLICT, "Transaction is ongoing for the item");
        break;
    case TABLE_THROTTLED:
        cancel_throttled(x, i, w->table);
        break;
    case TABLE_COLLECTION_FULL:
        cancel(x, i, CANCELLATION_COLLECTION_FULL, "Collection size exceeded.");
        break;
    case TABLE_INVALID:
        if (concerns_request(table_message(w->table))) {
            return refuse(x, reply, TRANSACTION_INVALID, table_message(w->table));
        }
        cancel(x, i, CANCELLATION_INVALID, table_message(w->table));
        break;
    case TABLE_FULL:
        return refuse(x, reply, TRANSACTION_FULL, table_message(w->table));
    }
    return TRANSACTION_OK;
}

/* Judges each write by itself. */
static enum transaction_result judge(struct transactions *x, struct instant now,
                                     const struct table_write *writes, uint32_t count,
                                     struct transaction_reply *reply)
{
    ASSERT(count > 0 && count <= TRANSACTION_ITEMS_MAX);
    *reply = (struct transaction_reply){.reasons = x->reasons, .items = x->items};
    x->bytes_used = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct prepared p;
        x->reasons[i] = (struct cancellation){0};
        enum table_result judged = table_prepare(writes[i].table, now, &writes[i], &p);
        uint32_t before = p.access.old == NULL ? 0 : p.access.old->size;
        x->members[i] =
            (struct member){p.access.hash, p.item.bytes.size > 0 ? p.outline.size : before};
        enum transaction_result result = note(x, i, judged, &writes[i], &p, reply);
        if (result != TRANSACTION_OK) {
            return result;
        }
    }
    return TRANSACTION_OK;
}

static bool names_item(const struct transactions *x, const struct table_write *writes, uint32_t i,
                       uint32_t k)
{
    return writes[i].table == writes[k].table && x->members[i].key_hash == x->members[k].key_hash;
}

/* Holds the request as a whole to its limits; an item that is none hides them. Sources:
 * DDB-TRANSACT-1, DDB-TRANSACT-6. */
static enum transaction_result check_request(struct transactions *x,
                                             const struct table_write *writes, uint32_t count,
                                             struct transaction_reply *reply)
{
    int64_t bytes = 0;
    bool repeated = false;
    for (uint32_t i = 0; i < count; i++) {
        if (x->reasons[i].code == CANCELLATION_INVALID) {
            return TRANSACTION_OK;
        }
        bytes += x->members[i].bytes;
        for (uint32_t k = 0; k < i; k++) {
            repeated = repeated || names_item(x, writes, i, k);
        }
    }
    return repeated ? refuse(x, reply, TRANSACTION_INVALID,
                             "Transaction request cannot include multiple operations on one item")
           : bytes > TRANSACTION_BYTES_MAX
               ? refuse(x, reply, TRANSACTION_INVALID,
                        "The aggregate size of the items in the transaction exceeds 4 MB")
               : TRANSACTION_OK;
}

/* Whether a write that was judged so consumes its units: all that came to know their item. */
static bool consumes(enum cancellation_code code)
{
    return code == CANCELLATION_NONE || code == CANCELLATION_CONDITION_FAILED;
}

/* Charges each item for preparing and for committing it, also where the transaction is cancelled.
 * Source: DDB-TRANSACT-2. */
static enum transaction_result charge(struct transactions *x, struct instant now,
                                      const struct table_write *writes, uint32_t count,
                                      struct transaction_reply *reply)
{
    for (uint32_t i = 0; i < count; i++) {
        struct prepared p;
        struct table_reply units = {0};
        if (!consumes(x->reasons[i].code)) {
            continue;
        }
        struct table *t = writes[i].table;
        enum table_result judged = table_prepare(t, now, &writes[i], &p);
        t->transactional = true;
        enum table_result charged = table_charge(t, now, &p, judged, &units);
        t->transactional = false;
        reply->wcu_milli += units.wcu_milli;
        if (charged == TABLE_THROTTLED) {
            (void)note(x, i, charged, &writes[i], &p, reply);
        }
    }
    return cancelled(x, count) ? TRANSACTION_CANCELLED : TRANSACTION_OK;
}

/* Makes the writes; each has been judged and charged. */
static enum transaction_result commit(struct transactions *x, struct instant now,
                                      const struct table_write *writes, uint32_t count,
                                      struct transaction_reply *reply)
{
    for (uint32_t i = 0; i < count; i++) {
        struct table *t = writes[i].table;
        struct prepared p;
        enum table_result result = table_prepare(t, now, &writes[i], &p);
        ASSERT(result == TABLE_OK || result == TABLE_FULL);
        if (result != TABLE_OK || table_commit(t, now, &p) != TABLE_OK) {
            return refuse(x, reply, TRANSACTION_FULL, table_message(t));
        }
    }
    return TRANSACTION_OK;
}

/* Occupies the items of a transaction that has taken effect. */
static enum transaction_result occupy(struct transactions *x, struct instant now,
                                      const struct table_write *writes, uint32_t count,
                                      struct transaction_reply *reply)
{
    for (uint32_t i = 0; i < count && x->occupied.ns > 0; i++) {
        struct table *t = writes[i].table;
        if (t->occupied_count == OCCUPATIONS_MAX) {
            return refuse(x, reply, TRANSACTION_FULL, "too many items are held by transactions");
        }
        t->occupied[t->occupied_count++] =
            (struct occupation){x->members[i].key_hash, instant_add(now, x->occupied).ns};
    }
    return TRANSACTION_OK;
}

/* Tokens */

static struct remembered *remembered_at(const struct transactions *x, uint64_t number)
{
    return number < x->first ? NULL : &x->remembered[number % TOKENS_MAX];
}

static uint64_t *bucket_of(const struct transactions *x, struct hash128 token)
{
    return &x->newest[token.low % TOKEN_BUCKETS];
}

static bool over(const struct remembered *r, struct instant now)
{
    return now.ns - r->completed_ns >= duration_s(TOKEN_VALID_S).ns;
}

static const struct remembered *recall(const struct transactions *x, struct hash128 token,
                                       struct instant now)
{
    const struct remembered *r = remembered_at(x, *bucket_of(x, token));
    while (r != NULL && (r->token.low != token.low || r->token.high != token.high)) {
        r = remembered_at(x, r->older);
    }
    return r == NULL || over(r, now) ? NULL : r;
}

static bool remember(struct transactions *x, struct instant now, struct hash128 token,
                     struct hash128 body)
{
    while (!x->marked && x->first < x->next && over(remembered_at(x, x->first), now)) {
        x->first++;
    }
    if (x->next - x->first == TOKENS_MAX) {
        return false;
    }
    uint64_t *newest = bucket_of(x, token);
    x->remembered[x->next % TOKENS_MAX] =
        (struct remembered){*newest, token, body, instant_add(now, x->occupied).ns};
    *newest = x->next++;
    return true;
}

uint64_t transactions_mark(struct transactions *x)
{
    x->marked = true;
    return x->next;
}

void transactions_rollback(struct transactions *x, uint64_t mark)
{
    ASSERT(mark >= x->first && mark <= x->next);
    while (x->next > mark) {
        const struct remembered *r = remembered_at(x, --x->next);
        *bucket_of(x, r->token) = r->older;
    }
}

void transactions_release_marks(struct transactions *x)
{
    x->marked = false;
}

/* The calls */

/* Charges a transactional read of that many bytes: as two reads, each strongly consistent. */
static enum table_result charge_read(struct table *t, struct instant now, const struct prepared *p,
                                     uint32_t bytes, struct transaction_reply *reply)
{
    int64_t milli = 0;
    t->transactional = true;
    enum table_result result =
        table_charge_read(t, now, TABLE_BASE, p->access.hash_value, bytes, true, &milli);
    t->transactional = false;
    reply->rcu_milli += milli;
    return result;
}

/* Reads the items that are judged; keeps them if `items`. */
static enum transaction_result read_all(struct transactions *x, struct instant now,
                                        const struct table_write *checks, uint32_t count,
                                        struct transaction_reply *reply)
{
    for (uint32_t i = 0; i < count; i++) {
        struct table *t = checks[i].table;
        struct prepared p;
        x->items[i] = (struct item){0};
        if (x->reasons[i].code != CANCELLATION_NONE) {
            continue;
        }
        enum table_result result = table_prepare(t, now, &checks[i], &p);
        if (result == TABLE_OK) {
            x->items[i] = item_kept(x, table_prepared_old(t, &p));
            result = charge_read(t, now, &p, x->members[i].bytes, reply);
        }
        enum transaction_result noted = note(x, i, result, &checks[i], &p, reply);
        if (noted != TRANSACTION_OK) {
            return noted;
        }
    }
    return cancelled(x, count) ? TRANSACTION_CANCELLED : TRANSACTION_OK;
}

/* The same request again: only the items are read. Source: DDB-TRANSACT-4. */
static enum transaction_result repeat(struct transactions *x, struct instant now,
                                      const struct table_write *writes, uint32_t count,
                                      struct transaction_reply *reply)
{
    *reply = (struct transaction_reply){.reasons = x->reasons};
    for (uint32_t i = 0; i < count; i++) {
        struct prepared p;
        x->reasons[i] = (struct cancellation){0};
        (void)table_prepare(writes[i].table, now, &writes[i], &p);
        uint32_t bytes = p.access.old == NULL ? 0 : p.access.old->size;
        enum table_result result = charge_read(writes[i].table, now, &p, bytes, reply);
        (void)note(x, i, result, &writes[i], &p, reply);
    }
    return cancelled(x, count) ? TRANSACTION_CANCELLED : TRANSACTION_OK;
}

static enum transaction_result write_all(struct transactions *x, struct instant now,
                                         const struct table_write *writes, uint32_t count,
                                         struct transaction_reply *reply)
{
    enum transaction_result result = judge(x, now, writes, count, reply);
    if (result == TRANSACTION_OK) {
        result = check_request(x, writes, count, reply);
    }
    if (result == TRANSACTION_OK) {
        result = charge(x, now, writes, count, reply);
    }
    if (result == TRANSACTION_OK) {
        result = commit(x, now, writes, count, reply);
    }
    return result == TRANSACTION_OK ? occupy(x, now, writes, count, reply) : result;
}

enum transaction_result transactions_write(struct transactions *x, struct instant now,
                                           const struct table_write *writes, uint32_t count,
                                           const struct transaction_request *request,
                                           struct transaction_reply *reply)
{
    if (request->token.size == 0) {
        return write_all(x, now, writes, count, reply);
    }
    struct hash128 token = hash128(request->token.at, request->token.size);
    const struct remembered *r = recall(x, token, now);
    *reply = (struct transaction_reply){0};
    if (r != NULL && (r->body.low != request->body.low || r->body.high != request->body.high)) {
        return TRANSACTION_MISMATCH;
    }
    if (r != NULL) {
        return now.ns < r->completed_ns ? TRANSACTION_IN_PROGRESS
                                        : repeat(x, now, writes, count, reply);
    }
    enum transaction_result result = write_all(x, now, writes, count, reply);
    if (result == TRANSACTION_OK && !remember(x, now, token, request->body)) {
        return refuse(x, reply, TRANSACTION_FULL, "too many client tokens within ten minutes");
    }
    return result;
}

enum transaction_result transactions_get(struct transactions *x, struct instant now,
                                         const struct table_read *reads, uint32_t count,
                                         struct transaction_reply *reply)
{
    struct table_write checks[TRANSACTION_ITEMS_MAX];
    ASSERT(count <= TRANSACTION_ITEMS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        checks[i] = (struct table_write){
            .table = reads[i].table, .kind = WRITE_CHECK, .item = reads[i].key};
    }
    enum transaction_result result = judge(x, now, checks, count, reply);
    if (result == TRANSACTION_OK) {
        result = check_request(x, checks, count, reply);
    }
    return result == TRANSACTION_OK ? read_all(x, now, checks, count, reply) : result;
}

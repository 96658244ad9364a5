/* naive_table.c: see naive_table.h. */
#include "tests/naive_table.h"

#include "sim/assert.h"

#include <stdio.h>
#include <stdlib.h>

static const int64_t PAGE = 1 << 20;
static const int64_t YEARS_5_S = INT64_C(5) * 365 * 86400;

/* Keys and versions */

static struct naive_value key_part(const struct naive_value *item, const struct table_key *key)
{
    const struct naive_value *value =
        key->name == NULL ? NULL : naive_get(item, text_from(key->name));
    return value == NULL ? (struct naive_value){.type = TYPE_NULL} : *value;
}

static bool same_key(const struct naive_version *v, const struct naive_value *hash,
                     const struct naive_value *range)
{
    return naive_equal(&v->hash, hash) && naive_equal(&v->range, range);
}

static const struct naive_version *version_as_of(const struct naive_table *t,
                                                 const struct naive_value *hash,
                                                 const struct naive_value *range,
                                                 struct instant as_of)
{
    for (uint32_t i = t->versions_count; i > 0; i--) {
        const struct naive_version *v = &t->versions[i - 1];
        if (v->at.ns <= as_of.ns && same_key(v, hash, range)) {
            return v;
        }
    }
    return NULL;
}

static const struct naive_value *item_as_of(const struct naive_table *t,
                                            const struct naive_value *hash,
                                            const struct naive_value *range, struct instant as_of)
{
    const struct naive_version *v = version_as_of(t, hash, range, as_of);
    return v == NULL ? NULL : v->item;
}

static const struct naive_value *item_now(const struct naive_table *t,
                                          const struct naive_value *key)
{
    struct naive_value hash = key_part(key, &t->config->hash_key);
    struct naive_value range = key_part(key, &t->config->range_key);
    return item_as_of(t, &hash, &range, (struct instant){INT64_MAX});
}

static void write_version(struct naive_table *t, const struct naive_value *key,
                          const struct naive_value *item)
{
    ASSERT(t->versions_count < NAIVE_VERSIONS_MAX);
    t->versions[t->versions_count++] = (struct naive_version){
        t->now, key_part(key, &t->config->hash_key), key_part(key, &t->config->range_key), item};
}

/* All items as of an instant: the last version of each key, if it is an item. */
static uint32_t items_as_of(const struct naive_table *t, struct instant as_of,
                            const struct naive_value **items)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->versions_count; i++) {
        const struct naive_version *v = &t->versions[i];
        if (v->item != NULL && version_as_of(t, &v->hash, &v->range, as_of) == v) {
            ASSERT(count < NAIVE_ITEMS_MAX);
            items[count++] = v->item;
        }
    }
    return count;
}

uint32_t naive_items(const struct naive_table *t, const struct naive_value **items)
{
    return items_as_of(t, (struct instant){INT64_MAX}, items);
}

/* Opening */

void naive_open(struct naive_table *t, const struct table_config *config, struct instant now,
                struct naive_memory *memory)
{
    *t = (struct naive_table){.config = config, .memory = memory, .now = now};
    t->versions = naive_new(memory, NAIVE_VERSIONS_MAX * sizeof *t->versions);
    t->marks = naive_new(memory, NAIVE_MARKS_MAX * sizeof *t->marks);
    naive_capacity_open(&t->capacity, config, now, memory);
}

void naive_reopen(struct naive_table *t, struct instant now)
{
    const struct naive_value *items[NAIVE_ITEMS_MAX];
    uint32_t count = naive_items(t, items);
    t->versions_count = 0;
    t->now = (struct instant){INT64_MIN};
    for (uint32_t i = 0; i < count; i++) {
        write_version(t, items[i], items[i]);
    }
    t->now = now;
    t->marks_count = 0;
    naive_capacity_open(&t->capacity, t->config, now, t->memory);
}

/* Indexes */

static const struct table_index_config *index_config(const struct naive_table *t, int32_t index)
{
    return index == TABLE_BASE ? NULL : &t->config->indexes[index];
}

static bool has_key(const struct naive_value *item, const struct table_key *key)
{
    return key->name == NULL || naive_get(item, text_from(key->name)) != NULL;
}

/* DDB-GSI-5 */
static bool in_index(const struct table_index_config *c, const struct naive_value *item)
{
    return item != NULL && has_key(item, &c->hash_key) && has_key(item, &c->range_key);
}

static bool projects(const struct naive_table *t, const struct table_index_config *c,
                     struct text name)
{
    const struct table_key *keys[] = {&t->config->hash_key, &t->config->range_key, &c->hash_key,
                                      &c->range_key};
    bool found = c->projection == PROJECTION_ALL;
    for (int i = 0; i < 4; i++) {
        found = found || (keys[i]->name != NULL && text_equal(text_from(keys[i]->name), name));
    }
    for (uint32_t i = 0; c->projection == PROJECTION_INCLUDE && i < c->include_count; i++) {
        found = found || text_equal(text_from(c->include[i]), name);
    }
    return found;
}

/* The item as an index has it. */
static const struct naive_value *projected(const struct naive_table *t, int32_t index,
                                           const struct naive_value *item)
{
    const struct naive_value *seen = item;
    for (uint32_t i = 0; index != TABLE_BASE && i < item->count; i++) {
        struct text name = item->members[i].name;
        if (!projects(t, index_config(t, index), name)) {
            seen = naive_without(t->memory, seen, name);
        }
    }
    return seen;
}

/* Capacity */

static int64_t units(int64_t bytes, int64_t unit)
{
    return bytes <= unit ? 1 : (bytes + unit - 1) / unit;
}

static int64_t write_units(int64_t before, int64_t after)
{
    return units(before > after ? before : after, 1024);
}

static int64_t read_milli(int64_t bytes, bool consistent)
{
    return units(bytes, 4096) * (consistent ? 1000 : 500);
}

static bool charge_read(struct naive_table *t, int32_t index, const struct naive_value *key,
                        int64_t milli, struct throttle *throttled)
{
    naive_charge_begin(&t->capacity);
    naive_charge(&t->capacity, index, false, key, milli);
    return naive_charge_take(&t->capacity, t->now, throttled);
}

/* Takes a write's units from all or none. */
static bool take_write(struct naive_table *t, struct naive_reply *reply)
{
    if (!naive_charge_take(&t->capacity, t->now, &reply->throttled)) {
        *reply = (struct naive_reply){.result = TABLE_THROTTLED, .throttled = reply->throttled};
        return false;
    }
    for (int32_t i = TABLE_BASE; i < (int32_t)t->config->indexes_count; i++) {
        reply->wcu_milli += naive_charged(&t->capacity, i);
    }
    return true;
}

static void charge_index_entry(struct naive_table *t, int32_t index, const struct naive_value *item,
                               int64_t write_units)
{
    struct naive_value key = key_part(item, &index_config(t, index)->hash_key);
    naive_charge(&t->capacity, index, true, &key, 1000 * write_units);
}

static bool same_index_key(const struct table_index_config *c, const struct naive_value *a,
                           const struct naive_value *b)
{
    struct naive_value hash_a = key_part(a, &c->hash_key);
    struct naive_value hash_b = key_part(b, &c->hash_key);
    struct naive_value range_a = key_part(a, &c->range_key);
    struct naive_value range_b = key_part(b, &c->range_key);
    return naive_equal(&hash_a, &hash_b) && naive_equal(&range_a, &range_b);
}

/* DDB-GSI-3 */
static void charge_index(struct naive_table *t, int32_t index, const struct naive_value *before,
                         const struct naive_value *after)
{
    const struct table_index_config *c = index_config(t, index);
    const struct naive_value *was = in_index(c, before) ? projected(t, index, before) : NULL;
    const struct naive_value *is = in_index(c, after) ? projected(t, index, after) : NULL;
    int64_t size_before = naive_item_size(was);
    int64_t size_after = naive_item_size(is);
    if (was != NULL && is != NULL && same_index_key(c, was, is)) {
        if (!naive_equal(was, is)) {
            charge_index_entry(t, index, is, write_units(size_before, size_after));
        }
        return;
    }
    if (was != NULL) {
        charge_index_entry(t, index, was, write_units(size_before, 0));
    }
    if (is != NULL) {
        charge_index_entry(t, index, is, write_units(0, size_after));
    }
}

/* DDB-CAPACITY-3, DDB-CAPACITY-4 */
static bool charge_change(struct naive_table *t, const struct naive_value *key,
                          const struct naive_value *before, const struct naive_value *after,
                          struct naive_reply *reply)
{
    struct naive_value hash = key_part(key, &t->config->hash_key);
    naive_charge_begin(&t->capacity);
    naive_charge(&t->capacity, TABLE_BASE, true, &hash,
                 1000 * write_units(naive_item_size(before), naive_item_size(after)));
    for (uint32_t i = 0; i < t->config->indexes_count; i++) {
        charge_index(t, (int32_t)i, before, after);
    }
    return take_write(t, reply);
}

/* DDB-CAPACITY-5 */
static void charge_failed(struct naive_table *t, const struct naive_value *key,
                          const struct naive_value *before, int64_t size, struct naive_reply *reply)
{
    struct naive_value hash = key_part(key, &t->config->hash_key);
    naive_charge_begin(&t->capacity);
    naive_charge(&t->capacity, TABLE_BASE, true, &hash,
                 1000 * (before == NULL ? 1 : write_units(naive_item_size(before), size)));
    if (take_write(t, reply)) {
        reply->result = TABLE_CONDITION_FAILED;
    }
}

/* What a table takes */

static const char *key_fault(const struct naive_value *item, const struct table_key *key,
                             size_t size_max, const char *mismatch)
{
    const struct naive_value *value = naive_get(item, text_from(key->name));
    if (value == NULL) {
        return "Missing the key";
    }
    if (value->type != key->type) {
        return mismatch;
    }
    if (value->type == TYPE_N) {
        return NULL;
    }
    return value->bytes.size == 0         ? "AttributeValue for a key attribute cannot contain an"
           : value->bytes.size > size_max ? "ize"
                                          : NULL;
}

/* DDB-GSI-2 */
static const char *index_key_fault(const struct naive_value *item, const struct table_key *key,
                                   size_t size_max)
{
    return key->name == NULL || naive_get(item, text_from(key->name)) == NULL
               ? NULL
               : key_fault(item, key, size_max, "Type mismatch for Index Key");
}

/* Of several indexes' faults the model does not say which is told. */
static const char *index_keys_fault(const struct table_config *c, const struct naive_value *item)
{
    const char *fault = NULL;
    uint32_t faults = 0;
    for (uint32_t i = 0; i < c->indexes_count; i++) {
        const char *hash = index_key_fault(item, &c->indexes[i].hash_key, 2048);
        const char *range = index_key_fault(item, &c->indexes[i].range_key, 1024);
        faults += hash != NULL;
        faults += range != NULL;
        fault = hash != NULL ? hash : range != NULL ? range : fault;
    }
    return faults > 1 ? "" : fault;
}

static bool has_empty_set(const struct naive_value *item)
{
    bool empty = false;
    for (uint32_t i = 0; i < item->count; i++) {
        const struct naive_value *value = &item->members[i].value;
        empty = empty || (value->type >= TYPE_SS && value->count == 0);
    }
    return empty;
}

/* Why an item cannot be stored; NULL: it can. */
static const char *item_fault(const struct naive_table *t, const struct naive_value *item)
{
    const struct table_config *c = t->config;
    const char *fault = key_fault(item, &c->hash_key, 2048, "Type mismatch for key");
    if (fault == NULL && c->range_key.name != NULL) {
        fault = key_fault(item, &c->range_key, 1024, "Type mismatch for key");
    }
    fault = fault != NULL ? fault : index_keys_fault(c, item);
    if (fault == NULL && has_empty_set(item)) {
        fault = "may not be empty";
    }
    return fault == NULL && naive_item_size(item) > 400 * 1024 ? "exceeded the maximum allowed size"
                                                               : fault;
}

/* What is wrong with a key that a caller gives: it has the key attributes and nothing else. */
static const char *schema_fault(const struct naive_table *t, const struct naive_value *key)
{
    const struct table_config *c = t->config;
    if (key->count != (c->range_key.name == NULL ? 1 : 2) || !has_key(key, &c->hash_key) ||
        !has_key(key, &c->range_key)) {
        return "The provided key element does not match the schema";
    }
    const char *fault = key_fault(key, &c->hash_key, 2048, "");
    return fault != NULL || c->range_key.name == NULL ? fault
                                                      : key_fault(key, &c->range_key, 1024, "");
}

/* Item collections: DDB-LSI-3 */

/* What an item takes in the table and in its local indexes. */
static int64_t collection_bytes(const struct naive_table *t, const struct naive_value *item)
{
    int64_t bytes = naive_item_size(item);
    for (uint32_t i = 0; item != NULL && i < t->config->indexes_count; i++) {
        const struct table_index_config *c = &t->config->indexes[i];
        if (c->local && in_index(c, item)) {
            bytes += naive_item_size(projected(t, (int32_t)i, item));
        }
    }
    return bytes;
}

static bool collection_fits(const struct naive_table *t, const struct naive_value *before,
                            const struct naive_value *after)
{
    const struct naive_value *items[NAIVE_ITEMS_MAX];
    uint32_t count = naive_items(t, items);
    int64_t growth = collection_bytes(t, after) - collection_bytes(t, before);
    int64_t bytes = growth;
    bool local = false;
    for (uint32_t i = 0; i < t->config->indexes_count; i++) {
        local = local || t->config->indexes[i].local;
    }
    for (uint32_t i = 0; i < count; i++) {
        struct naive_value a = key_part(items[i], &t->config->hash_key);
        struct naive_value b = key_part(after, &t->config->hash_key);
        bytes += naive_equal(&a, &b) ? collection_bytes(t, items[i]) : 0;
    }
    int64_t most = t->config->collection_bytes_max != 0 ? (int64_t)t->config->collection_bytes_max
                                                        : INT64_C(10) << 30;
    return !local || growth <= 0 || bytes <= most;
}

/* Writes */

static struct naive_reply invalid(const char *message)
{
    return (struct naive_reply){.result = TABLE_INVALID, .message = message};
}

static bool condition_holds(const struct naive_node *condition, const struct naive_value *item)
{
    return condition == NULL || naive_holds(condition, item);
}

static struct naive_reply change(struct naive_table *t, const struct naive_value *before,
                                 const struct naive_value *key, const struct naive_value *after)
{
    struct naive_reply reply = {.old = before, .new = after};
    if (after != NULL && !collection_fits(t, before, after)) {
        return (struct naive_reply){.result = TABLE_COLLECTION_FULL};
    }
    if (charge_change(t, key, before, after, &reply) && (before != NULL || after != NULL)) {
        write_version(t, key, after);
    }
    return reply;
}

static struct naive_reply refuse(struct naive_table *t, const struct naive_value *key,
                                 const struct naive_value *before, int64_t size)
{
    struct naive_reply reply = {.old = before};
    charge_failed(t, key, before, size, &reply);
    return reply;
}

/* DDB-EXPR-14: whether some path goes into a document in that attribute. */
static bool enters(const struct naive_node *n, const char *name)
{
    if (n == NULL || name == NULL) {
        return false;
    }
    bool found = n->kind == NAIVE_PATH && n->path.count > 1 &&
                 text_equal(n->path.steps[0].name, text_from(name));
    for (uint32_t i = 0; i < n->count; i++) {
        found = found || enters(n->children[i], name);
    }
    return found;
}

static const char *path_fault(const struct naive_table *t, const struct naive_node *n)
{
    const struct table_config *c = t->config;
    bool found = enters(n, c->hash_key.name) || enters(n, c->range_key.name);
    for (uint32_t i = 0; i < c->indexes_count; i++) {
        found = found || enters(n, c->indexes[i].hash_key.name) ||
                enters(n, c->indexes[i].range_key.name);
    }
    return found ? "Key attributes must be scalars" : NULL;
}

struct naive_reply naive_put(struct naive_table *t, struct instant now,
                             const struct naive_value *item, const struct naive_node *condition)
{
    t->now = now;
    const char *fault = item_fault(t, item);
    fault = fault == NULL ? path_fault(t, condition) : fault;
    if (fault != NULL) {
        return invalid(fault);
    }
    const struct naive_value *before = item_now(t, item);
    return condition_holds(condition, before) ? change(t, before, item, item)
                                              : refuse(t, item, before, naive_item_size(item));
}

static bool assigns(const struct naive_node *update, const char *name)
{
    bool found = false;
    for (uint32_t i = 0; name != NULL && i < update->count; i++) {
        const struct naive_node *path = update->children[i]->children[0];
        found = found || text_equal(path->path.steps[0].name, text_from(name));
    }
    return found;
}

/* Whether some part of an update writes. DDB-UPDATE-2 */
static bool creates(const struct naive_node *update)
{
    bool writes = false;
    for (uint32_t i = 0; i < update->count; i++) {
        enum naive_kind kind = update->children[i]->kind;
        writes = writes || kind == NAIVE_SET || kind == NAIVE_ADD;
    }
    return writes;
}

struct naive_reply naive_update_item(struct naive_table *t, struct instant now,
                                     const struct naive_value *key, const struct naive_node *update,
                                     const struct naive_node *condition)
{
    t->now = now;
    const char *fault = schema_fault(t, key);
    if (fault != NULL) {
        return invalid(fault);
    }
    if (update != NULL &&
        (assigns(update, t->config->hash_key.name) || assigns(update, t->config->range_key.name))) {
        return invalid("This attribute is part of the key");
    }
    fault = path_fault(t, update);
    fault = fault == NULL ? path_fault(t, condition) : fault;
    if (fault != NULL) {
        return invalid(fault);
    }
    const struct naive_value *before = item_now(t, key);
    if (!condition_holds(condition, before)) {
        return refuse(t, key, before, naive_item_size(before));
    }
    const struct naive_value *after = before != NULL ? before : key;
    uint32_t faults = 0;
    if (update != NULL) {
        after = naive_update(t->memory, update, after, before == NULL, &faults);
    }
    if (faults != 0) {
        return (struct naive_reply){.result = TABLE_INVALID, .faults = faults};
    }
    if (before == NULL && update != NULL && !creates(update)) {
        return change(t, before, key, NULL);
    }
    fault = item_fault(t, after);
    return fault != NULL ? invalid(fault) : change(t, before, key, after);
}

struct naive_reply naive_delete(struct naive_table *t, struct instant now,
                                const struct naive_value *key, const struct naive_node *condition)
{
    t->now = now;
    const char *fault = schema_fault(t, key);
    fault = fault == NULL ? path_fault(t, condition) : fault;
    if (fault != NULL) {
        return invalid(fault);
    }
    const struct naive_value *before = item_now(t, key);
    return condition_holds(condition, before) ? change(t, before, key, NULL)
                                              : refuse(t, key, before, 0);
}

/* Reads */

static struct instant clamped(const struct naive_table *t, struct instant as_of)
{
    int64_t oldest = t->now.ns - t->config->history.ns;
    return (struct instant){as_of.ns > oldest ? as_of.ns : oldest};
}

struct naive_reply naive_get_item(struct naive_table *t, struct instant now, struct instant as_of,
                                  const struct naive_value *key)
{
    t->now = now;
    const char *fault = schema_fault(t, key);
    if (fault != NULL) {
        return invalid(fault);
    }
    struct naive_value hash = key_part(key, &t->config->hash_key);
    struct naive_value range = key_part(key, &t->config->range_key);
    const struct naive_value *item = item_as_of(t, &hash, &range, clamped(t, as_of));
    int64_t milli = read_milli(naive_item_size(item), as_of.ns == now.ns);
    struct naive_reply reply = {.old = item, .rcu_milli = milli};
    if (!charge_read(t, TABLE_BASE, &hash, milli, &reply.throttled)) {
        return (struct naive_reply){.result = TABLE_THROTTLED, .throttled = reply.throttled};
    }
    return reply;
}

/* Queries */

/* The keys of what is queried. */
static const struct table_key *hash_key(const struct naive_table *t, int32_t index)
{
    return index == TABLE_BASE ? &t->config->hash_key : &t->config->indexes[index].hash_key;
}

static const struct table_key *range_key(const struct naive_table *t, int32_t index)
{
    return index == TABLE_BASE ? &t->config->range_key : &t->config->indexes[index].range_key;
}

/* The condition on that key attribute in a key condition: one, or two joined by AND. */
static const struct naive_node *condition_on(const struct naive_node *key,
                                             const struct table_key *attribute)
{
    if (attribute->name == NULL) {
        return NULL;
    }
    if (key->kind != NAIVE_AND) {
        return naive_names(key, text_from(attribute->name)) ? key : NULL;
    }
    const struct naive_node *first = condition_on(key->children[0], attribute);
    return first != NULL ? first : condition_on(key->children[1], attribute);
}

static bool literals_are(const struct naive_node *n, enum attribute_type type)
{
    bool all = n->kind != NAIVE_LITERAL || n->literal->type == type;
    for (uint32_t i = 0; i < n->count; i++) {
        all = all && literals_are(n->children[i], type);
    }
    return all;
}

static bool has_empty_literal(const struct naive_node *n)
{
    bool empty =
        n->kind == NAIVE_LITERAL && n->literal->type != TYPE_N && n->literal->bytes.size == 0;
    for (uint32_t i = 0; i < n->count; i++) {
        empty = empty || has_empty_literal(n->children[i]);
    }
    return empty;
}

static bool bounds_reversed(const struct naive_node *n)
{
    return n != NULL && n->kind == NAIVE_BETWEEN &&
           naive_order(n->children[1]->literal, n->children[2]->literal) > 0;
}

/* DDB-EXPR-9 */
static const char *key_condition_fault(const struct naive_table *t, const struct naive_query *q)
{
    const struct table_key *hash = hash_key(t, q->index);
    const struct table_key *range = range_key(t, q->index);
    const struct naive_node *on_hash = condition_on(q->key, hash);
    const struct naive_node *on_range = condition_on(q->key, range);
    if (on_hash == NULL || (q->key->kind == NAIVE_AND && on_range == NULL)) {
        return on_hash != NULL && range->name == NULL ? "Query key condition not supported"
                                                      : "Query condition missed key schema element";
    }
    if (on_hash->kind != NAIVE_EQUAL) {
        return "Query key condition not supported";
    }
    if (!literals_are(on_hash, hash->type) ||
        (on_range != NULL && !literals_are(on_range, range->type))) {
        return "Condition parameter type does not match schema type";
    }
    if (has_empty_literal(on_hash)) {
        return "AttributeValue for a key attribute cannot contain an";
    }
    return bounds_reversed(on_range) ? "upper bound" : NULL;
}

static const char *query_fault(const struct naive_table *t, const struct naive_query *q)
{
    const struct table_key *keys[] = {hash_key(t, q->index), range_key(t, q->index)};
    if (q->consistent && q->index != TABLE_BASE && !t->config->indexes[q->index].local) {
        return "Consistent reads are not supported on global secondary indexes";
    }
    const char *fault = q->key == NULL ? NULL : key_condition_fault(t, q);
    for (int i = 0; fault == NULL && q->key != NULL && q->filter != NULL && i < 2; i++) {
        if (keys[i]->name != NULL && naive_names(q->filter, text_from(keys[i]->name))) {
            fault = "Filter Expression can only contain non-primary key attributes";
        }
    }
    fault = fault == NULL ? path_fault(t, q->filter) : fault;
    bool partial = q->index != TABLE_BASE && !t->config->indexes[q->index].local &&
                   t->config->indexes[q->index].projection != PROJECTION_ALL;
    return fault == NULL && partial && q->fetch ? "Select type ALL_ATTRIBUTES is not supported"
                                                : fault;
}

/* What qsort compares by: the keys of what is queried, then the table's own. */
static const struct naive_table *sorting;
static int32_t sorting_index;

static int order_by(const struct naive_value *a, const struct naive_value *b,
                    const struct table_key *key)
{
    struct naive_value x = key_part(a, key);
    struct naive_value y = key_part(b, key);
    return x.type == TYPE_NULL ? 0 : naive_order(&x, &y);
}

/* What a Scan goes by: of a number the hash of its sortable form. Source: DDB-SCAN-1. */
static uint64_t scan_hash(const struct naive_value *item, const struct table_key *key)
{
    struct naive_value part = key_part(item, key);
    char bytes[NUMBER_SORTABLE_MAX];
    struct number number;
    char text[32];
    if (part.type != TYPE_N) {
        return hash64(part.bytes.at, part.bytes.size, 0);
    }
    (void)snprintf(text, sizeof text, "%llde-2", (long long)part.hundredths);
    ASSERT(number_parse(text_from(text), &number, NULL) == STATUS_OK);
    return hash64(bytes, number_sortable(&number, bytes), 0);
}

static int order_of(const struct naive_value *a, const struct naive_value *b)
{
    const struct table_key *keys[] = {hash_key(sorting, sorting_index),
                                      range_key(sorting, sorting_index), &sorting->config->hash_key,
                                      &sorting->config->range_key};
    uint64_t hash_a = scan_hash(a, keys[0]);
    uint64_t hash_b = scan_hash(b, keys[0]);
    int order = hash_a < hash_b ? -1 : hash_a > hash_b;
    for (int i = 0; order == 0 && i < 4; i++) {
        order = order_by(a, b, keys[i]);
    }
    return order;
}

static int compare_items(const void *a, const void *b)
{
    return order_of(*(const struct naive_value *const *)a, *(const struct naive_value *const *)b);
}

/* Which part of all hashes a partition's is in. Source: DDB-SCAN-1. */
static bool in_segment(const struct naive_table *t, const struct naive_query *q,
                       const struct naive_value *item)
{
    __extension__ typedef unsigned __int128 wide;
    uint64_t hash = scan_hash(item, hash_key(t, q->index));
    return q->segments_count == 0 || (uint32_t)((wide)hash * q->segments_count >> 64) == q->segment;
}

/* All that the key condition selects behind the start, in the query's order. */
static uint32_t selected(const struct naive_table *t, const struct naive_query *q,
                         const struct naive_value **items)
{
    const struct naive_value *all[NAIVE_ITEMS_MAX];
    uint32_t all_count = items_as_of(t, clamped(t, q->as_of), all);
    uint32_t count = 0;
    sorting = t;
    sorting_index = q->index;
    for (uint32_t i = 0; i < all_count; i++) {
        bool there = (q->index == TABLE_BASE || in_index(index_config(t, q->index), all[i])) &&
                     in_segment(t, q, all[i]);
        if (!there || !condition_holds(q->key, all[i])) {
            continue;
        }
        int behind = q->start == NULL ? 1 : order_of(all[i], q->start) * (q->backward ? -1 : 1);
        if (behind > 0) {
            items[count++] = all[i];
        }
    }
    qsort(items, count, sizeof(const struct naive_value *), compare_items);
    for (uint32_t i = 0; q->backward && i < count / 2; i++) {
        const struct naive_value *swap = items[i];
        items[i] = items[count - 1 - i];
        items[count - 1 - i] = swap;
    }
    return count;
}

/* Whether the item is the first of its partition and range key value on the page. */
static bool leads(const struct naive_table *t, const struct naive_query *q,
                  const struct naive_value *const *items, uint32_t i)
{
    return i == 0 || order_by(items[i - 1], items[i], hash_key(t, q->index)) != 0 ||
           order_by(items[i - 1], items[i], range_key(t, q->index)) != 0;
}

/* Whether the items of an index are read whole from the table. Source: DDB-LSI-2. */
static bool fetches(const struct naive_table *t, const struct naive_query *q)
{
    return q->fetch && q->index != TABLE_BASE &&
           t->config->indexes[q->index].projection != PROJECTION_ALL;
}

static void evaluate(const struct naive_table *t, const struct naive_query *q,
                     const struct naive_value *const *items, uint32_t i, struct naive_page *page)
{
    const struct naive_value *part = projected(t, q->index, items[i]);
    const struct naive_value *item = fetches(t, q) ? items[i] : part;
    page->scanned_count++;
    page->bytes += naive_item_size(part);
    page->fetched_bytes += fetches(t, q) ? 4096 * units(naive_item_size(item), 4096) : 0;
    if (!condition_holds(q->filter, item)) {
        return;
    }
    page->count++;
    if (!q->count_only && (!q->leaders || leads(t, q, items, i))) {
        page->visited[page->visited_count++] = item;
    }
}

/* The value that an equality demands. */
static const struct naive_value *literal_of(const struct naive_node *n)
{
    return n->children[n->children[0]->kind == NAIVE_LITERAL ? 0 : 1]->literal;
}

/* DDB-QUERY-1 to DDB-QUERY-3 */
void naive_read_page(struct naive_table *t, struct instant now, const struct naive_query *query,
                     struct naive_page *page)
{
    const struct naive_value *items[NAIVE_ITEMS_MAX];
    t->now = now;
    *page = (struct naive_page){.message = query_fault(t, query)};
    if (page->message != NULL) {
        page->result = TABLE_INVALID;
        return;
    }
    uint32_t count = selected(t, query, items);
    for (uint32_t i = 0; i < count && page->last == NULL; i++) {
        evaluate(t, query, items, i, page);
        if (page->bytes + page->fetched_bytes >= PAGE || page->scanned_count == query->limit) {
            page->last = items[i];
        }
    }
    page->rcu_milli = read_milli(page->bytes + page->fetched_bytes, query->consistent);
    const struct naive_value *key =
        query->key == NULL ? NULL : literal_of(condition_on(query->key, hash_key(t, query->index)));
    struct throttle throttled;
    if (!charge_read(t, query->index, key, page->rcu_milli, &throttled)) {
        *page = (struct naive_page){.result = TABLE_THROTTLED, .throttled = throttled};
    }
}

const struct naive_value *naive_key_of(const struct naive_table *t, int32_t index,
                                       const struct naive_value *item)
{
    const struct table_key *keys[] = {hash_key(t, index), range_key(t, index), &t->config->hash_key,
                                      &t->config->range_key};
    const struct naive_value *key = naive_without(t->memory, NULL, TEXT(""));
    for (int i = 0; i < 4; i++) {
        struct text name = keys[i]->name == NULL ? TEXT("") : text_from(keys[i]->name);
        const struct naive_value *value = naive_get(item, name);
        key = value == NULL ? key : naive_with(t->memory, key, name, value);
    }
    return key;
}

/* TTL: DDB-TTL-1, DDB-TTL-2 */

bool naive_ttl(const struct naive_table *t, const struct naive_value *item, int64_t *ttl)
{
    const struct naive_value *value = t->config->ttl_attribute == NULL
                                          ? NULL
                                          : naive_get(item, text_from(t->config->ttl_attribute));
    if (value == NULL || value->type != TYPE_N || value->hundredths % 100 != 0) {
        return false;
    }
    *ttl = value->hundredths / 100;
    return *ttl > instant_epoch_seconds(t->now) - YEARS_5_S;
}

bool naive_expired(const struct naive_table *t, const struct naive_value *item)
{
    int64_t ttl;
    return naive_ttl(t, item, &ttl) && ttl < instant_epoch_seconds(t->now);
}

const struct naive_value *naive_expire(struct naive_table *t, struct instant now,
                                       const struct naive_value *key)
{
    t->now = now;
    const struct naive_value *item = item_now(t, key);
    if (item == NULL || !naive_expired(t, item)) {
        return NULL;
    }
    write_version(t, key, NULL);
    return item;
}

/* DDB-CAPACITY-8 */
int64_t naive_stored_bytes(const struct naive_table *t, int32_t index)
{
    const struct naive_value *items[NAIVE_ITEMS_MAX];
    uint32_t count = naive_items(t, items);
    int64_t bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (index == TABLE_BASE || in_index(index_config(t, index), items[i])) {
            bytes += 100 + naive_item_size(projected(t, index, items[i]));
        }
    }
    return bytes;
}

/* Marks */

void naive_mark(struct naive_table *t)
{
    ASSERT(t->marks_count < NAIVE_MARKS_MAX);
    t->marks[t->marks_count++] =
        (struct naive_mark){t->versions_count, t->capacity.count, t->capacity.buckets};
}

void naive_rollback(struct naive_table *t, uint32_t mark)
{
    t->marks_count = mark;
    t->versions_count = t->marks[mark - 1].versions_count;
    t->capacity.count = t->marks[mark - 1].charges_count;
    t->capacity.buckets = t->marks[mark - 1].buckets;
}

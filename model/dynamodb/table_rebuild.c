/* table_rebuild.c: a table gets other indexes, or another TTL attribute; see table.h.
 *
 * Method. What stands in a record's head depends on both. So the past is forgotten, and each record
 * is made anew, from its item, and put into orders that are new too; until that is done a copy of
 * the old table's description reads the old records. Memory and slots stay where they are.
 */
#include "model/dynamodb/table_lmdb.h"
#include "model/dynamodb/table_state.h"

#include <stdlib.h>

/* The item in an old record, which may have been evicted. */
static enum status old_item(const struct table *old, const struct record *r, struct item *item,
                            struct error *error)
{
    if (r->encoded > 0) {
        *item = record_item(old, r);
        return STATUS_OK;
    }
    return store_get(old->store, record_hash_value(old, r), record_range_value(old, r),
                     &item->bytes, error);
}

/* A new record for what is in an old one; evicted if that is. 0 where memory is exhausted. */
static uint32_t new_record(struct table *t, struct item item, bool evicted)
{
    struct outline o;
    outline_item(t, item, &o);
    uint32_t record = record_new(t, item, &o);
    if (!evicted || record == 0) {
        return record;
    }
    uint32_t keys = record_new_keys(t, record_of(t, record));
    record_free(t, record);
    return keys;
}

/* Makes a present slot's record anew and puts the slot into the orders. */
static enum status rebuild_slot(struct table *t, const struct table *old, uint32_t slot,
                                struct error *error)
{
    struct slot *s = slot_at(t, slot);
    const struct record *r = record_of(old, s->record);
    struct item item;
    enum status status = old_item(old, r, &item, error);
    if (status != STATUS_OK) {
        return status;
    }
    uint32_t record = new_record(t, item, r->encoded == 0);
    if (record == 0) {
        return error_set(error, STATUS_FULL, "no memory for an item with other indexes");
    }
    record_give(&t->records, s->record, record_bytes(old, r));
    s->flags |= SLOT_ABSENT;
    slot_become(t, slot, record, 0, ORDERS_ALL);
    cache_add(t, s, 1);
    return STATUS_OK;
}

static enum status rebuild_all(struct table *t, const struct table *old, struct error *error)
{
    enum status status = STATUS_OK;
    t->clean_bytes = t->dirty_bytes = 0;
    for (uint32_t slot = 1; slot < t->slots_used && status == STATUS_OK; slot++) {
        if ((slot_at(t, slot)->flags & SLOT_USED) != 0) {
            ASSERT(slot_present(slot_at(t, slot)));
            status = rebuild_slot(t, old, slot, error);
        }
    }
    return status;
}

/* Takes the config over and makes its orders, empty; false, with the table as it was, where there
 * is no memory. */
static bool take_config(struct table *t, const struct table_config *config)
{
    t->config = *config;
    t->ttl_attribute =
        config->ttl_attribute != NULL ? text_from(config->ttl_attribute) : (struct text){0};
    memset(t->orders, 0, sizeof t->orders);
    memset(&t->memo, 0, sizeof t->memo);
    t->orders_used = 0;
    return table_orders_init(t);
}

static bool same_key(const struct table_key *a, const struct table_key *b)
{
    return (a->name == NULL) == (b->name == NULL) &&
           (a->name == NULL || (strcmp(a->name, b->name) == 0 && a->type == b->type));
}

/* Deletions that the store has not seen have records without an item: it is told of them first. */
static enum status settle_deletions(struct table *t, struct error *error)
{
    journal_forget(t);
    return t->removed_count > 0 ? table_checkpoint(t, error) : STATUS_OK;
}

enum status table_rebuild(struct table *t, struct instant now, const struct table_config *config,
                          struct error *error)
{
    ASSERT(!t->busy && t->journal.marks_count == 0);
    if (!table_config_valid(config) || !same_key(&config->hash_key, &t->config.hash_key) ||
        !same_key(&config->range_key, &t->config.range_key)) {
        return error_set(error, STATUS_BAD_INPUT, "table %s: the indexes are not sound",
                         t->config.name);
    }
    struct table *old = malloc(sizeof *old);
    if (old == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "table %s: no memory for a change",
                         t->config.name);
    }
    enum status status = settle_deletions(t, error);
    if (status != STATUS_OK) {
        free(old);
        return status;
    }
    *old = *t;
    if (!take_config(t, config) || !meters_rebuild(t, &old->config, now)) {
        table_orders_deinit(t);
        *t = *old;
        free(old);
        return error_set(error, STATUS_NO_MEMORY, "table %s: no memory for its indexes",
                         t->config.name);
    }
    status = rebuild_all(t, old, error);
    if (status != STATUS_OK) {
        table_fail(t, error);
    }
    table_orders_deinit(old);
    free(old);
    return status;
}

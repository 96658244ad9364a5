/* table_check.c: which items and keys a table takes, and what is said of others; see table_state.h.
 * Sources: DDB-LIMIT-2, DDB-LIMIT-3, DDB-GSI-2. */
#include "model/dynamodb/table_state.h"

const char *table_place_name(const struct table *t, uint32_t place)
{
    return t->attributes[place].at; /* a config's string, which ends in NUL */
}

/* Whether a value may be a key attribute: S, not empty, not too long. */
static enum table_result check_key_value(struct table *t, uint32_t place, const struct value *value)
{
    if (value->type != TYPE_S) {
        return table_invalid(t,
                             "One or more parameter values were invalid: Type mismatch for key %s "
                             "expected: S actual: %s",
                             table_place_name(t, place), attribute_type_text(value->type).at);
    }
    if (value->bytes.size == 0) {
        return table_invalid(
            t,
            "One or more parameter values are not valid. The AttributeValue for a key "
            "attribute cannot contain an empty string value. Key: %s",
            table_place_name(t, place));
    }
    if (place == t->hash_place && value->bytes.size > HASH_KEY_BYTES_MAX) {
        return table_invalid(
            t, "One or more parameter values were invalid: Size of hashkey has exceeded "
               "the maximum size limit of2048 bytes");
    }
    if (place == t->range_place && value->bytes.size > RANGE_KEY_BYTES_MAX) {
        return table_invalid(
            t, "One or more parameter values were invalid: Aggregated size of all range "
               "keys has exceeded the size limit of 1024 bytes");
    }
    return TABLE_OK;
}

static enum table_result check_item_key(struct table *t, struct item item, uint32_t place)
{
    struct value value;
    if (!item_get(item, t->attributes[place], &value)) {
        return table_invalid(
            t, "One or more parameter values were invalid: Missing the key %s in the item",
            table_place_name(t, place));
    }
    return check_key_value(t, place, &value);
}

/* Whether an index key attribute, if it is there, is an S that is not empty and not too long.
 * Source: DDB-GSI-2. */
static enum table_result check_index_key(struct table *t, struct item item, const char *index,
                                         const char *name, size_t size_max)
{
    struct value value;
    if (name == NULL || !item_get(item, text_from(name), &value)) {
        return TABLE_OK;
    }
    if (value.type != TYPE_S) {
        return table_invalid(
            t,
            "One or more parameter values were invalid: Type mismatch for Index Key %s "
            "Expected: S Actual: %s IndexName: %s",
            name, attribute_type_text(value.type).at, index);
    }
    if (value.bytes.size == 0) {
        return table_invalid(
            t,
            "One or more parameter values are not valid. A value specified for a "
            "secondary index key is not supported. The AttributeValue for a key "
            "attribute cannot contain an empty string value. IndexName: %s, IndexKey: %s",
            index, name);
    }
    if (value.bytes.size > size_max) {
        return table_invalid(
            t,
            "One or more parameter values were invalid: Size of %s has exceeded the "
            "maximum size limit of %zu bytes",
            size_max == HASH_KEY_BYTES_MAX ? "hashkey" : "rangekey", size_max);
    }
    return TABLE_OK;
}

static enum table_result check_sets(struct table *t, struct item item, const struct outline *o)
{
    struct item_cursor c = item_cursor(item);
    struct text name;
    struct value value;
    while (o->empty_set && item_next(&c, &name, &value)) {
        if (value.type >= TYPE_SS && item_count((struct item){value.bytes}) == 0) {
            return table_invalid(t,
                                 "One or more parameter values were invalid: An %s set  may not be "
                                 "empty",
                                 value.type == TYPE_SS   ? "string"
                                 : value.type == TYPE_NS ? "number"
                                                         : "binary");
        }
    }
    return TABLE_OK;
}

/* Whether the attribute was found as a text that may be any key; else it needs a closer look. */
static bool fair_key(const struct outline *o, uint32_t place)
{
    return o->places[place].size > 0 && o->places[place].size <= RANGE_KEY_BYTES_MAX;
}

static enum table_result check_index_keys(struct table *t, struct item item)
{
    enum table_result result = TABLE_OK;
    for (uint32_t i = 0; result == TABLE_OK && i < t->config.indexes_count; i++) {
        const struct table_index_config *c = &t->config.indexes[i];
        result = check_index_key(t, item, c->name, c->hash_key.name, HASH_KEY_BYTES_MAX);
        if (result == TABLE_OK) {
            result = check_index_key(t, item, c->name, c->range_key.name, RANGE_KEY_BYTES_MAX);
        }
    }
    return result;
}

enum table_result table_check_item(struct table *t, struct item item, const struct outline *o,
                                   const char *too_large)
{
    bool all_fair = true;
    for (uint32_t i = 0; i < t->attributes_count; i++) {
        all_fair = all_fair && fair_key(o, i);
    }
    enum table_result result = all_fair ? TABLE_OK : check_item_key(t, item, t->hash_place);
    if (result == TABLE_OK && !all_fair && t->range_place != PLACE_NONE) {
        result = check_item_key(t, item, t->range_place);
    }
    if (result == TABLE_OK && !all_fair) {
        result = check_index_keys(t, item);
    }
    if (result == TABLE_OK) {
        result = check_sets(t, item, o);
    }
    if (result == TABLE_OK && o->size > ITEM_BYTES_MAX) {
        result = table_invalid(t, "%s", too_large);
    }
    return result;
}

enum table_result table_check_key(struct table *t, struct item key)
{
    uint32_t count = t->range_place == PLACE_NONE ? 1 : 2;
    struct value value;
    if (item_count(key) != count || !item_get(key, t->attributes[t->hash_place], &value) ||
        (count == 2 && !item_get(key, t->attributes[t->range_place], &value))) {
        return table_invalid(t, "The provided key element does not match the schema");
    }
    enum table_result result = check_item_key(t, key, t->hash_place);
    return result == TABLE_OK && count == 2 ? check_item_key(t, key, t->range_place) : result;
}

enum table_result table_check(struct table *t, struct item item, bool whole)
{
    struct outline o;
    if (!whole) {
        return table_check_key(t, item);
    }
    outline_item(t, item, &o);
    return table_check_item(t, item, &o, "Item size has exceeded the maximum allowed size");
}

/* table_check.c: which items and keys a table takes, and what is said of others; see table_state.h.
 * Sources: DDB-LIMIT-1, DDB-LIMIT-2, DDB-LIMIT-3, DDB-GSI-2. */
#include "model/dynamodb/table_state.h"

enum { NESTING_MAX = 32 };

const char *table_place_name(const struct table *t, uint32_t place)
{
    return t->attributes[place].at; /* a config's string, which ends in NUL */
}

struct text key_text(const struct value *value, char buffer[NUMBER_SORTABLE_MAX])
{
    ASSERT(value->type <= TYPE_B);
    return value->type == TYPE_N ? (struct text){buffer, number_sortable(&value->number, buffer)}
                                 : value->bytes;
}

/* An S or a B; a number has neither limit. */
static bool has_size(const struct value *value)
{
    return value->type != TYPE_N;
}

static const char *kind_of(const struct value *value)
{
    return value->type == TYPE_B ? "binary" : "string";
}

enum table_result table_check_key_value(struct table *t, uint32_t place, bool hash,
                                        const struct value *value)
{
    if (value->type != t->types[place]) {
        return table_invalid(t, "The provided key element does not match the schema");
    }
    if (has_size(value) && value->bytes.size == 0) {
        return table_invalid(
            t,
            "One or more parameter values are not valid. The AttributeValue for a key "
            "attribute cannot contain an empty %s value. Key: %s",
            kind_of(value), table_place_name(t, place));
    }
    if (hash && has_size(value) && value->bytes.size > HASH_KEY_BYTES_MAX) {
        return table_invalid(
            t, "One or more parameter values were invalid: Size of hashkey has exceeded "
               "the maximum size limit of2048 bytes");
    }
    if (!hash && has_size(value) && value->bytes.size > RANGE_KEY_BYTES_MAX) {
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
    if (value.type != t->types[place]) {
        return table_invalid(t,
                             "One or more parameter values were invalid: Type mismatch for key %s "
                             "expected: %s actual: %s",
                             table_place_name(t, place), attribute_type_text(t->types[place]).at,
                             attribute_type_text(value.type).at);
    }
    return table_check_key_value(t, place, place == t->hash_place, &value);
}

/* Whether an index key attribute, if it is there, is of its type, not empty and not too long.
 * Source: DDB-GSI-2. */
static enum table_result check_index_key(struct table *t, struct item item, const char *index,
                                         const struct table_key *key, size_t size_max)
{
    struct value value;
    if (key->name == NULL || !item_get(item, text_from(key->name), &value)) {
        return TABLE_OK;
    }
    if (value.type != key->type) {
        return table_invalid(
            t,
            "One or more parameter values were invalid: Type mismatch for Index Key %s "
            "Expected: %s Actual: %s IndexName: %s",
            key->name, attribute_type_text(key->type).at, attribute_type_text(value.type).at,
            index);
    }
    if (has_size(&value) && value.bytes.size == 0) {
        return table_invalid(
            t,
            "One or more parameter values are not valid. A value specified for a "
            "secondary index key is not supported. The AttributeValue for a key "
            "attribute cannot contain an empty %s value. IndexName: %s, IndexKey: %s",
            kind_of(&value), index, key->name);
    }
    if (has_size(&value) && value.bytes.size > size_max) {
        return table_invalid(
            t,
            "One or more parameter values were invalid: Size of %s has exceeded the "
            "maximum size limit of %zu bytes",
            size_max == HASH_KEY_BYTES_MAX ? "hashkey" : "rangekey", size_max);
    }
    return TABLE_OK;
}

static const char *set_kind(enum attribute_type type)
{
    return type == TYPE_SS ? "string" : type == TYPE_NS ? "number" : "binary";
}

/* Looks into documents and sets: sets may not be empty, nor values lie deeper than NESTING_MAX,
 * where an attribute's own value is at depth 1. */
static enum table_result check_nested(struct table *t, struct text bytes, uint32_t depth)
{
    struct item_cursor c = item_cursor((struct item){bytes});
    struct text name;
    struct value value;
    enum table_result result = TABLE_OK;
    while (result == TABLE_OK && item_next(&c, &name, &value)) {
        if (depth > NESTING_MAX) {
            return table_invalid(t, "Nesting Levels have exceeded supported limits: Attributes in "
                                    "the item have nested levels beyond supported limit");
        }
        if (value.type >= TYPE_SS && item_count((struct item){value.bytes}) == 0) {
            return table_invalid(
                t, "One or more parameter values were invalid: An %s set  may not be empty",
                set_kind(value.type));
        }
        if (value.type == TYPE_M || value.type == TYPE_L) {
            result = check_nested(t, value.bytes, depth + 1);
        }
    }
    return result;
}

/* Of several faults that of the last index is told, and of a global one before a local one's. */
static enum table_result check_index_keys(struct table *t, struct item item, bool local)
{
    enum table_result result = TABLE_OK;
    for (uint32_t i = t->config.indexes_count; result == TABLE_OK && i > 0; i--) {
        const struct table_index_config *c = &t->config.indexes[i - 1];
        if (c->local != local) {
            continue;
        }
        if (!local) {
            result = check_index_key(t, item, c->name, &c->hash_key, HASH_KEY_BYTES_MAX);
        }
        if (result == TABLE_OK) {
            result = check_index_key(t, item, c->name, &c->range_key, RANGE_KEY_BYTES_MAX);
        }
    }
    return result;
}

enum table_result table_check_item(struct table *t, struct item item, const struct outline *o,
                                   const char *too_large)
{
    /* Else it needs a closer look. */
    bool all_fair = o->fair && o->places[t->hash_place].size > 0 &&
                    (t->range_place == PLACE_NONE || o->places[t->range_place].size > 0);
    enum table_result result = all_fair ? TABLE_OK : check_item_key(t, item, t->hash_place);
    if (result == TABLE_OK && !all_fair && t->range_place != PLACE_NONE) {
        result = check_item_key(t, item, t->range_place);
    }
    if (result == TABLE_OK && !all_fair) {
        result = check_index_keys(t, item, false);
    }
    if (result == TABLE_OK && !all_fair) {
        result = check_index_keys(t, item, true);
    }
    if (result == TABLE_OK && o->nested) {
        result = check_nested(t, item.bytes, 1);
    }
    if (result == TABLE_OK && o->size > ITEM_BYTES_MAX) {
        result = table_invalid(t, "%s", too_large);
    }
    return result;
}

enum table_result table_check_key(struct table *t, struct item key)
{
    const uint32_t places[] = {t->hash_place, t->range_place};
    uint32_t count = t->range_place == PLACE_NONE ? 1 : 2;
    enum table_result result = TABLE_OK;
    struct value values[2];
    if (item_count(key) != count) {
        return table_invalid(t, "The provided key element does not match the schema");
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!item_get(key, t->attributes[places[i]], &values[i]) ||
            values[i].type != t->types[places[i]]) {
            return table_invalid(t, "The provided key element does not match the schema");
        }
    }
    for (uint32_t i = 0; i < count && result == TABLE_OK; i++) {
        result = table_check_key_value(t, places[i], i == 0, &values[i]);
    }
    return result;
}

enum table_result table_check_paths(struct table *t, const struct expression *e)
{
    for (uint32_t i = 0; e != NULL && i < t->attributes_count; i++) {
        if (expression_enters(e, t->attributes[i])) {
            return table_invalid(t,
                                 "Key attributes must be scalars; list random access '[]' and map "
                                 "lookup '.' are not allowed: %s: %s",
                                 i == t->hash_place || i == t->range_place ? "Key" : "IndexKey",
                                 table_place_name(t, i));
        }
    }
    return TABLE_OK;
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

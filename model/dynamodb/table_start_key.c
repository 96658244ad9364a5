/* table_start_key.c: where a page begins behind another: LastEvaluatedKey and ExclusiveStartKey, as
 * the parts of their order and as attributes; see table.h. Source: DDB-QUERY-4. */
#include "model/dynamodb/table_state.h"

/* As parts: each with its size in front. */

size_t start_key_encode(const struct text *parts, uint32_t count, char *to)
{
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint16_t part_size = (uint16_t)parts[i].size;
        memcpy(to + size, &part_size, sizeof part_size);
        memcpy(to + size + sizeof part_size, parts[i].at, parts[i].size);
        size += sizeof part_size + parts[i].size;
    }
    return size;
}

bool start_key_decode(const struct table_order *o, struct text key, struct key_probe *probe)
{
    *probe = (struct key_probe){.count = o->places_count};
    for (uint32_t i = 0; i < o->places_count; i++) {
        uint16_t size;
        if (key.size < sizeof size) {
            return false;
        }
        memcpy(&size, key.at, sizeof size);
        key = (struct text){key.at + sizeof size, key.size - sizeof size};
        if (key.size < size) {
            return false;
        }
        probe->parts[i] = (struct text){key.at, size};
        key = (struct text){key.at + size, key.size - size};
    }
    return key.size == 0;
}

/* As attributes */

/* The value that a key attribute has; false where its bytes are not a key's. */
static bool key_value(const struct table *t, uint32_t place, struct text bytes, struct value *value)
{
    *value = (struct value){.type = t->types[place], .bytes = bytes};
    if (value->type != TYPE_N) {
        return bytes.size > 0;
    }
    value->bytes = (struct text){0};
    return number_from_sortable(bytes, &value->number);
}

bool table_key_of(const struct table *t, int32_t index, struct text last_key, struct item_writer *w)
{
    const struct table_order *o = &t->orders[index + 1];
    struct key_probe probe;
    struct value value;
    if (!start_key_decode(o, last_key, &probe)) {
        return false;
    }
    for (uint32_t i = 0; i < o->places_count; i++) {
        if (!key_value(t, o->places[i], probe.parts[i], &value)) {
            return false;
        }
        item_add(w, t->attributes[o->places[i]], &value);
    }
    return true;
}

/* Says that a starting key is invalid, and why, which is in the message. */
static enum table_result invalid_because(struct table *t)
{
    struct error reason = t->message;
    return table_invalid(t, "The provided starting key is invalid: %s", reason.message);
}

/* How many parts of an order are an index's own key. */
static uint32_t index_parts(const struct table *t, int32_t index)
{
    if (index == TABLE_BASE) {
        return 0;
    }
    const struct table_index_config *c = &t->config.indexes[index];
    return c->range_key.name == NULL || strcmp(c->hash_key.name, c->range_key.name) == 0 ? 1 : 2;
}

/* Holds part i of an order to its type and size. The parts that are the table's own key are told
 * with more words. */
static enum table_result check_part(struct table *t, int32_t index, uint32_t i, struct item item)
{
    uint32_t place = t->orders[index + 1].places[i];
    bool own = i >= index_parts(t, index);
    struct value value = {.type = TYPE_NULL};
    if (!item_get(item, t->attributes[place], &value) && !own) {
        return table_invalid(t, "The provided starting key is invalid");
    }
    bool hash = own ? place == t->hash_place : i == 0;
    enum table_result result = table_check_key_value(t, place, hash, &value);
    return result != TABLE_OK && own ? invalid_because(t) : result;
}

enum table_result table_start_key(struct table *t, int32_t index, struct item item, char *buffer,
                                  size_t size, struct text *key)
{
    const struct table_order *o = &t->orders[index + 1];
    char numbers[KEY_PARTS_MAX][NUMBER_SORTABLE_MAX];
    struct text parts[KEY_PARTS_MAX];
    if (item_count(item) != o->places_count) {
        return table_invalid(t, index == TABLE_BASE
                                    ? "The provided starting key is invalid: The provided key "
                                      "element does not match the schema"
                                    : "The provided starting key is invalid");
    }
    size_t needed = 0;
    for (uint32_t i = 0; i < o->places_count; i++) {
        enum table_result result = check_part(t, index, i, item);
        if (result != TABLE_OK) {
            return result;
        }
        struct value value;
        ASSERT(item_get(item, t->attributes[o->places[i]], &value));
        parts[i] = key_text(&value, numbers[i]);
        needed += sizeof(uint16_t) + parts[i].size;
    }
    ASSERT(needed <= size);
    *key = (struct text){buffer, start_key_encode(parts, o->places_count, buffer)};
    return TABLE_OK;
}

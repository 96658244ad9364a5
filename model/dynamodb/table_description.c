/* table_description.c: what a kept table says of itself; see table_state.h.
 *
 * Method. The description is an encoded item, stored with the table's contents and replaced with
 * them in one commit. So a later version may add attributes: this one reads what it knows, and what
 * is missing is as if it had not been asked for. A table's keys have to be those it was made with;
 * all else, the indexes too, is the config's business and may change from opening to opening, since
 * indexes are built in memory.
 */
#include "model/dynamodb/table_lmdb.h"
#include "model/dynamodb/table_state.h"
#include "sim/assert.h"

#include <stdlib.h>

static const char *const PROJECTIONS[] = {[PROJECTION_ALL] = "ALL",
                                          [PROJECTION_KEYS_ONLY] = "KEYS_ONLY",
                                          [PROJECTION_INCLUDE] = "INCLUDE"};

static const char *const VIEWS[] = {[STREAM_NONE] = "NONE",
                                    [STREAM_KEYS_ONLY] = "KEYS_ONLY",
                                    [STREAM_NEW_IMAGE] = "NEW_IMAGE",
                                    [STREAM_OLD_IMAGE] = "OLD_IMAGE",
                                    [STREAM_NEW_AND_OLD_IMAGES] = "NEW_AND_OLD_IMAGES"};

enum {
    PROJECTIONS_COUNT = sizeof PROJECTIONS / sizeof PROJECTIONS[0],
    VIEWS_COUNT = sizeof VIEWS / sizeof VIEWS[0],
};

/* What a table and an index may use: attributes of the same names. */
static const char *const UNITS[] = {"rcu", "wcu", "max_rcu", "max_wcu"};

enum { UNITS_COUNT = sizeof UNITS / sizeof UNITS[0] };

/* Writing */

static void add_key(struct item_writer *w, struct text name, struct text type,
                    const struct table_key *key)
{
    if (key->name != NULL) {
        item_add_s(w, name, text_from(key->name));
        item_add_s(w, type, attribute_type_text(key->type));
    }
}

/* What a table and an index have in common. */
static void add_common(struct item_writer *w, const char *name, const struct table_key *hash_key,
                       const struct table_key *range_key, const int64_t units[UNITS_COUNT])
{
    item_add_s(w, TEXT("name"), text_from(name));
    add_key(w, TEXT("hash_key"), TEXT("hash_type"), hash_key);
    add_key(w, TEXT("range_key"), TEXT("range_type"), range_key);
    for (int i = 0; i < UNITS_COUNT; i++) {
        item_add_n(w, text_from(UNITS[i]), units[i]);
    }
}

/* A list or map under construction becomes an attribute. */
static struct value finished(enum attribute_type type, const struct item_writer *w)
{
    return (struct value){.type = type, .bytes = item_written(w).bytes};
}

static struct value index_value(const struct table_index_config *index, char *buffer, char *list)
{
    struct item_writer w = item_writer(buffer, ENCODED_BYTES_MAX);
    const int64_t units[UNITS_COUNT] = {index->rcu, index->wcu, index->max_rcu, index->max_wcu};
    add_common(&w, index->name, &index->hash_key, &index->range_key, units);
    item_add_s(&w, TEXT("projection"), text_from(PROJECTIONS[index->projection]));
    item_add(&w, TEXT("local"), &(struct value){.type = TYPE_BOOL, .boolean = index->local});
    if (index->projection == PROJECTION_INCLUDE) {
        struct item_writer names = item_writer(list, ENCODED_BYTES_MAX);
        for (uint32_t i = 0; i < index->include_count; i++) {
            struct value name = value_s(text_from(index->include[i]));
            item_append(&names, &name);
        }
        struct value include = finished(TYPE_L, &names);
        item_add(&w, TEXT("include"), &include);
    }
    return finished(TYPE_M, &w);
}

struct item description_write(const struct table *t)
{
    const struct table_config *c = &t->config;
    char *scratch = t->scratch;
    struct item_writer w = item_writer(scratch, ENCODED_BYTES_MAX);
    struct item_writer indexes = item_writer(scratch + ENCODED_BYTES_MAX, ENCODED_BYTES_MAX);
    const int64_t units[UNITS_COUNT] = {c->rcu, c->wcu, c->max_rcu, c->max_wcu};
    add_common(&w, c->name, &c->hash_key, &c->range_key, units);
    item_add_s(&w, TEXT("stream"), text_from(VIEWS[c->stream]));
    item_add_n(&w, TEXT("stream_shards"), c->stream_shards);
    if (c->ttl_attribute != NULL) {
        item_add_s(&w, TEXT("ttl_attribute"), text_from(c->ttl_attribute));
    }
    for (uint32_t i = 0; i < c->indexes_count; i++) {
        struct value index = index_value(&c->indexes[i], scratch + 2 * ENCODED_BYTES_MAX,
                                         scratch + 3 * ENCODED_BYTES_MAX);
        item_append(&indexes, &index);
    }
    struct value list = finished(TYPE_L, &indexes);
    item_add(&w, TEXT("indexes"), &list);
    ASSERT(!w.overflowed && !indexes.overflowed);
    return item_written(&w);
}

/* Reading */

/* Copies names to the end of the description that they belong to. An attribute takes more bytes
 * encoded than its value and a NUL, and a list's element more than a pointer less the four bytes
 * that are counted in. */
struct copier {
    char *at;
    const char **names;
    bool valid;
};

static const char *copy_text(struct copier *c, struct item item, struct text name)
{
    struct text text = item_text(item, name);
    if (text.size == 0) {
        return NULL;
    }
    char *copy = c->at;
    memcpy(copy, text.at, text.size);
    copy[text.size] = '\0';
    c->at += text.size + 1;
    return copy;
}

static struct table_key copy_key(struct copier *c, struct item item, struct text name,
                                 struct text type)
{
    struct table_key key = {copy_text(c, item, name), TYPE_S};
    struct text text = item_text(item, type);
    while (key.name != NULL && key.type <= TYPE_B &&
           !text_equal(text, attribute_type_text(key.type))) {
        key.type++;
    }
    c->valid = c->valid && key.type <= TYPE_B;
    return key;
}

static int64_t integer(struct item item, struct text name)
{
    struct value value;
    int64_t n = 0;
    return item_get(item, name, &value) && value.type == TYPE_N && number_integer(&value.number, &n)
               ? n
               : 0;
}

/* Which of the texts an attribute is; `count` where it is none of them. */
static unsigned text_among(struct item item, struct text name, const char *const *texts,
                           unsigned count)
{
    struct text text = item_text(item, name);
    unsigned i = 0;
    while (i < count && !text_equal(text, text_from(texts[i]))) {
        i++;
    }
    return i;
}

/* The elements of a list attribute; none where it is missing. */
static struct item list_of(struct item item, struct text name)
{
    struct value value;
    return item_get(item, name, &value) && value.type == TYPE_L ? (struct item){value.bytes}
                                                                : (struct item){0};
}

static void copy_include(struct copier *c, struct item list, struct table_index_config *index)
{
    struct item_cursor cursor = item_cursor(list);
    struct text none;
    struct value value;
    index->include = c->names;
    while (item_next(&cursor, &none, &value)) {
        c->valid = c->valid && value.type == TYPE_S;
        if (!c->valid) {
            return;
        }
        memcpy(c->at, value.bytes.at, value.bytes.size);
        c->at[value.bytes.size] = '\0';
        *c->names++ = c->at;
        c->at += value.bytes.size + 1;
        index->include_count++;
    }
}

static void copy_index(struct copier *c, struct item item, struct table_index_config *index)
{
    struct value local;
    unsigned projection = text_among(item, TEXT("projection"), PROJECTIONS, PROJECTIONS_COUNT);
    index->name = copy_text(c, item, TEXT("name"));
    index->hash_key = copy_key(c, item, TEXT("hash_key"), TEXT("hash_type"));
    index->range_key = copy_key(c, item, TEXT("range_key"), TEXT("range_type"));
    index->rcu = integer(item, TEXT("rcu"));
    index->wcu = integer(item, TEXT("wcu"));
    index->max_rcu = integer(item, TEXT("max_rcu"));
    index->max_wcu = integer(item, TEXT("max_wcu"));
    index->local = item_get(item, TEXT("local"), &local) && local.boolean;
    index->projection = (enum table_projection)projection;
    c->valid = c->valid && projection < PROJECTIONS_COUNT && index->name != NULL &&
               index->hash_key.name != NULL;
    copy_include(c, list_of(item, TEXT("include")), index);
}

static void copy_config(struct copier *c, struct item item, struct table_config *config)
{
    unsigned view = text_among(item, TEXT("stream"), VIEWS, VIEWS_COUNT);
    struct item list = list_of(item, TEXT("indexes"));
    struct item_cursor cursor = item_cursor(list);
    struct text none;
    struct value value;
    config->name = copy_text(c, item, TEXT("name"));
    config->hash_key = copy_key(c, item, TEXT("hash_key"), TEXT("hash_type"));
    config->range_key = copy_key(c, item, TEXT("range_key"), TEXT("range_type"));
    config->ttl_attribute = copy_text(c, item, TEXT("ttl_attribute"));
    config->rcu = integer(item, TEXT("rcu"));
    config->wcu = integer(item, TEXT("wcu"));
    config->max_rcu = integer(item, TEXT("max_rcu"));
    config->max_wcu = integer(item, TEXT("max_wcu"));
    config->stream = (enum stream_view)view;
    config->stream_shards = (uint32_t)integer(item, TEXT("stream_shards"));
    c->valid = c->valid && view < VIEWS_COUNT && config->name != NULL &&
               config->hash_key.name != NULL && item_count(list) <= TABLE_INDEXES_MAX;
    while (c->valid && item_next(&cursor, &none, &value)) {
        c->valid = value.type == TYPE_M;
        if (c->valid) {
            copy_index(c, (struct item){value.bytes}, &config->indexes[config->indexes_count++]);
        }
    }
}

/* Reads a description; what it returns is one block of memory, for free(). */
static struct table_description *description_read(struct text bytes, struct error *error)
{
    /* A name in a list takes 6 bytes beside its own, a pointer 8. */
    size_t pointers = bytes.size / 6 * sizeof(char *);
    struct table_description *d = calloc(1, sizeof *d + pointers + bytes.size);
    if (d == NULL) {
        (void)error_set(error, STATUS_NO_MEMORY, "no memory for a table's description");
        return NULL;
    }
    struct copier c = {(char *)(d + 1) + pointers, (const char **)(d + 1), item_valid(bytes)};
    if (c.valid) {
        copy_config(&c, (struct item){bytes}, &d->config);
    }
    if (!c.valid) {
        (void)error_set(error, STATUS_CORRUPT,
                        "the table's description is not one that this program understands");
        free(d);
        return NULL;
    }
    return d;
}

struct table_description *table_describe(const char *directory, struct error *error)
{
    struct store_summary summary;
    struct table_store *store = store_open(
        &(struct store_options){.directory = directory, .existing = true}, &summary, error);
    if (store == NULL) {
        return NULL;
    }
    struct table_description *d = description_read(summary.description, error);
    if (d == NULL) {
        error_prefix(error, "%s", directory);
    } else {
        d->count = summary.count;
    }
    if (store_close(store, d != NULL ? error : NULL) != STATUS_OK) {
        free(d);
        return NULL;
    }
    return d;
}

/* Comparing */

static void put_keys(struct text_writer *w, const struct table_config *c)
{
    const struct table_key *keys[] = {&c->hash_key, &c->range_key};
    const struct text names[] = {TEXT("hash key "), TEXT(", range key ")};
    for (int i = 0; i < 2; i++) {
        if (keys[i]->name != NULL) {
            text_put(w, names[i]);
            text_put(w, text_from(keys[i]->name));
            text_put(w, TEXT(" ("));
            text_put(w, attribute_type_text(keys[i]->type));
            text_put(w, TEXT(")"));
        }
    }
}

static bool key_equal(const struct table_key *a, const struct table_key *b)
{
    bool there = a->name != NULL && b->name != NULL;
    return there ? strcmp(a->name, b->name) == 0 && a->type == b->type : a->name == b->name;
}

enum status description_check(const struct table *t, struct text stored, struct error *error)
{
    char buffers[2][160]; /* what is longer is cut: the keys begin to differ, or have other types */
    struct table_description *d = description_read(stored, error);
    if (d == NULL) {
        return STATUS_CORRUPT;
    }
    const struct table_config *configs[] = {&d->config, &t->config};
    struct text texts[2];
    bool equal = key_equal(&d->config.hash_key, &t->config.hash_key) &&
                 key_equal(&d->config.range_key, &t->config.range_key);
    for (int i = 0; i < 2; i++) {
        struct text_writer w = text_writer(buffers[i], sizeof buffers[i]);
        put_keys(&w, configs[i]);
        texts[i] = text_written(&w);
    }
    free(d);
    return equal ? STATUS_OK
                 : error_set(error, STATUS_BAD_INPUT,
                             "holds a table with %.*s, but this one has %.*s", (int)texts[0].size,
                             texts[0].at, (int)texts[1].size, texts[1].at);
}

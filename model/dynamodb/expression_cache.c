/* expression_cache.c: see expression_cache.h.
 *
 * Method. What makes an expression is a run of pieces: bytes that are hashed one after the other,
 * and compared with those that an entry keeps. Entries hang in buckets by their hash, and in one
 * ring by their last use. They are numbered from 1; 0 is none, and the ring's head.
 */
#include "model/dynamodb/expression_cache.h"

#include "sim/assert.h"
#include "sim/hash.h"

#include <stdlib.h>

struct entry {
    struct expression *expression;
    char *key; /* all pieces in one, owned */
    size_t key_size;
    uint64_t hash;
    uint16_t next_in_bucket;
    uint16_t newer, older; /* the ring; the head's `older` is the newest entry */
};

struct expression_cache {
    struct entry *entries; /* capacity + 1 */
    uint16_t *buckets;     /* capacity of them */
    uint32_t capacity;
    struct expression_cache_count count;
};

struct expression_cache *expression_cache_open(uint32_t capacity)
{
    ASSERT(capacity > 0 && capacity <= UINT16_MAX);
    struct expression_cache *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return NULL;
    }
    c->capacity = capacity;
    c->entries = calloc((size_t)capacity + 1, sizeof *c->entries);
    c->buckets = calloc(capacity, sizeof *c->buckets);
    if (c->entries == NULL || c->buckets == NULL) {
        expression_cache_close(c);
        return NULL;
    }
    return c;
}

void expression_cache_close(struct expression_cache *c)
{
    if (c == NULL) {
        return;
    }
    for (uint32_t i = 1; i <= c->count.kept; i++) {
        expression_free(c->entries[i].expression);
        free(c->entries[i].key);
    }
    free(c->entries);
    free(c->buckets);
    free(c);
}

struct expression_cache_count expression_cache_count(const struct expression_cache *c)
{
    return c->count;
}

/* The pieces of a key */

/* Walks the pieces: the kind, the text, the names, the values' names, each string with its NUL; and
 * the literals' types. A list ends with an empty string, which is no placeholder. */
struct pieces {
    enum expression_kind kind;
    const struct expression_source *source;
    int part;  /* which of the five, */
    size_t at; /* and where in it */
    char bytes[2];
};

static struct pieces pieces(enum expression_kind kind, const struct expression_source *source)
{
    return (struct pieces){.kind = kind, .source = source};
}

static struct text string_piece(const char *string)
{
    return (struct text){string, strlen(string) + 1};
}

/* The next string of a list; at its end the piece that ends it, and the next part. */
static struct text list_piece(struct pieces *p, const char *const *strings)
{
    if (strings != NULL && strings[p->at] != NULL) {
        return string_piece(strings[p->at++]);
    }
    p->part++;
    p->at = 0;
    return string_piece("");
}

/* The type of the next literal; false at the end. */
static bool literal_piece(struct pieces *p, struct text *piece)
{
    const struct expression_source *s = p->source;
    if (s->literals == NULL || s->values == NULL || s->values[p->at] == NULL) {
        return false;
    }
    p->bytes[0] = (char)s->literals[p->at++].type;
    *piece = (struct text){p->bytes, 1};
    return true;
}

static bool next_piece(struct pieces *p, struct text *piece)
{
    switch (p->part) {
    case 0:
        p->part++;
        p->bytes[0] = (char)p->kind;
        p->bytes[1] = (char)(p->source->literals != NULL);
        *piece = (struct text){p->bytes, 2};
        return true;
    case 1:
        p->part++;
        *piece = string_piece(p->source->text);
        return true;
    case 2:
        *piece = list_piece(p, p->source->names);
        return true;
    case 3:
        *piece = list_piece(p, p->source->values);
        return true;
    default:
        return literal_piece(p, piece);
    }
}

static uint64_t key_hash(enum expression_kind kind, const struct expression_source *source,
                         size_t *size)
{
    struct pieces p = pieces(kind, source);
    struct text piece;
    uint64_t hash = 0;
    *size = 0;
    while (next_piece(&p, &piece)) {
        hash = hash64(piece.at, piece.size, hash);
        *size += piece.size;
    }
    return hash;
}

static bool key_equal(const struct entry *e, enum expression_kind kind,
                      const struct expression_source *source)
{
    struct pieces p = pieces(kind, source);
    struct text piece;
    const char *at = e->key;
    while (next_piece(&p, &piece)) {
        if (memcmp(at, piece.at, piece.size) != 0) {
            return false;
        }
        at += piece.size;
    }
    return true;
}

static char *key_copy(enum expression_kind kind, const struct expression_source *source,
                      size_t size)
{
    struct pieces p = pieces(kind, source);
    struct text piece;
    char *key = malloc(size);
    char *at = key;
    while (key != NULL && next_piece(&p, &piece)) {
        memcpy(at, piece.at, piece.size);
        at += piece.size;
    }
    return key;
}

/* Entries */

static void ring_remove(struct expression_cache *c, uint16_t i)
{
    struct entry *e = &c->entries[i];
    c->entries[e->newer].older = e->older;
    c->entries[e->older].newer = e->newer;
}

/* Makes it the newest. */
static void ring_insert(struct expression_cache *c, uint16_t i)
{
    struct entry *head = &c->entries[0];
    c->entries[i].newer = 0;
    c->entries[i].older = head->older;
    c->entries[head->older].newer = i;
    head->older = i;
}

/* The link that leads to entry `i` in its bucket. */
static uint16_t *bucket_link(struct expression_cache *c, uint16_t i)
{
    uint16_t *link = &c->buckets[c->entries[i].hash % c->capacity];
    while (*link != i) {
        link = &c->entries[*link].next_in_bucket;
    }
    return link;
}

/* A free entry; where all are taken, the oldest one, emptied. */
static uint16_t entry_new(struct expression_cache *c)
{
    if (c->count.kept < c->capacity) {
        c->count.kept++;
        return (uint16_t)c->count.kept;
    }
    uint16_t i = c->entries[0].newer;
    *bucket_link(c, i) = c->entries[i].next_in_bucket;
    ring_remove(c, i);
    expression_free(c->entries[i].expression);
    free(c->entries[i].key);
    return i;
}

static const struct expression *keep(struct expression_cache *c, struct expression *expression,
                                     char *key, size_t key_size, uint64_t hash)
{
    uint16_t i = entry_new(c);
    uint16_t *bucket = &c->buckets[hash % c->capacity];
    c->entries[i] = (struct entry){.expression = expression,
                                   .key = key,
                                   .key_size = key_size,
                                   .hash = hash,
                                   .next_in_bucket = *bucket};
    *bucket = i;
    ring_insert(c, i);
    return expression;
}

const struct expression *expression_cache_get(struct expression_cache *c, enum expression_kind kind,
                                              const struct expression_source *source,
                                              struct error *error)
{
    size_t size;
    uint64_t hash = key_hash(kind, source, &size);
    for (uint16_t i = c->buckets[hash % c->capacity]; i != 0; i = c->entries[i].next_in_bucket) {
        struct entry *e = &c->entries[i];
        if (e->hash == hash && e->key_size == size && key_equal(e, kind, source)) {
            c->count.hits++;
            ring_remove(c, i);
            ring_insert(c, i);
            bool fits =
                source->literals == NULL ||
                expression_check_literals(e->expression, source->literals, error) == STATUS_OK;
            return fits ? e->expression : NULL;
        }
    }
    c->count.misses++;
    struct expression *expression = expression_compile(kind, source, error);
    char *key = expression == NULL ? NULL : key_copy(kind, source, size);
    if (expression != NULL && key == NULL) {
        expression_free(expression);
        (void)error_set(error, STATUS_NO_MEMORY, "no memory for an expression");
        return NULL;
    }
    return expression == NULL ? NULL : keep(c, expression, key, size, hash);
}

/* lmdb_table.h: the least that a table on raw LMDB does, as bench_table's rival.
 *
 * The same keys and items as the table's, byte for byte, in one long write transaction: no
 * conditions but where it is said, no capacity, no history, no checks. Bare, one database from key
 * to item. Full, three, as for an index and TTL: a put is three puts in the transaction; those of
 * the index (by status, date and name) and of TTL (by seconds, date and name) hold keys alone.
 */
#ifndef LOCKSTEP_BENCH_PEERS_LMDB_TABLE_H
#define LOCKSTEP_BENCH_PEERS_LMDB_TABLE_H

#include <lmdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LMDB_KEY_MAX = 160 };

struct lmdb_table {
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi items, index, ttl;
    bool full;
    char directory[40];
};

static inline void lmdb_must(int code, const char *what)
{
    if (code != 0) {
        (void)fprintf(stderr, "lmdb: %s: %s\n", what, mdb_strerror(code));
        exit(3);
    }
}

static inline void lmdb_open(struct lmdb_table *l, bool full)
{
    *l = (struct lmdb_table){.full = full, .directory = "/tmp/lockstep-bench-XXXXXX"};
    if (mkdtemp(l->directory) == NULL) {
        perror(l->directory);
        exit(3);
    }
    lmdb_must(mdb_env_create(&l->env), "create");
    lmdb_must(mdb_env_set_mapsize(l->env, (size_t)16 << 30), "map");
    lmdb_must(mdb_env_set_maxdbs(l->env, 3), "databases");
    lmdb_must(mdb_env_open(l->env, l->directory, MDB_NOSYNC | MDB_NOMETASYNC | MDB_NOLOCK, 0600),
              "open");
    lmdb_must(mdb_txn_begin(l->env, NULL, 0, &l->txn), "begin");
    lmdb_must(mdb_dbi_open(l->txn, "items", MDB_CREATE, &l->items), "database");
    lmdb_must(mdb_dbi_open(l->txn, "index", MDB_CREATE, &l->index), "database");
    lmdb_must(mdb_dbi_open(l->txn, "ttl", MDB_CREATE, &l->ttl), "database");
}

static inline void lmdb_close(struct lmdb_table *l)
{
    char path[64];
    if (l->txn != NULL) {
        mdb_txn_abort(l->txn);
    }
    mdb_env_close(l->env);
    (void)snprintf(path, sizeof path, "%s/data.mdb", l->directory);
    (void)unlink(path);
    (void)rmdir(l->directory);
}

/* A key of up to three parts, which are put one behind the other as they are. */
struct lmdb_key {
    size_t size;
    char bytes[LMDB_KEY_MAX];
};

static inline void lmdb_key_add(struct lmdb_key *k, const char *part, size_t size)
{
    memcpy(k->bytes + k->size, part, size);
    k->size += size;
}

/* One operation's keys; those of index and TTL are as many bytes as the table orders by. */
struct lmdb_record {
    struct lmdb_key key, index, ttl;
    const char *item;
    size_t item_size;
};

static inline MDB_val lmdb_val(const struct lmdb_key *k)
{
    return (MDB_val){k->size, (void *)k->bytes};
}

static inline void lmdb_put(struct lmdb_table *l, const struct lmdb_record *r)
{
    MDB_val key = lmdb_val(&r->key);
    MDB_val value = {r->item_size, (void *)r->item};
    MDB_val none = {0, NULL};
    lmdb_must(mdb_put(l->txn, l->items, &key, &value, 0), "put");
    if (l->full) {
        key = lmdb_val(&r->index);
        lmdb_must(mdb_put(l->txn, l->index, &key, &none, 0), "put");
        key = lmdb_val(&r->ttl);
        lmdb_must(mdb_put(l->txn, l->ttl, &key, &none, 0), "put");
    }
}

static inline MDB_val lmdb_get(struct lmdb_table *l, const struct lmdb_key *k)
{
    MDB_val key = lmdb_val(k);
    MDB_val value;
    lmdb_must(mdb_get(l->txn, l->items, &key, &value), "get");
    return value;
}

/* Puts an item in the place of another that has other keys in index and TTL; it is read first, as
 * any update has to. */
static inline void lmdb_update(struct lmdb_table *l, const struct lmdb_record *old,
                               const struct lmdb_record *r)
{
    char copy[1024];
    MDB_val was = lmdb_get(l, &r->key);
    memcpy(copy, was.mv_data, was.mv_size < sizeof copy ? was.mv_size : sizeof copy);
    if (l->full) {
        MDB_val key = lmdb_val(&old->index);
        lmdb_must(mdb_del(l->txn, l->index, &key, NULL), "delete");
        key = lmdb_val(&old->ttl);
        lmdb_must(mdb_del(l->txn, l->ttl, &key, NULL), "delete");
    }
    lmdb_put(l, r);
}

/* Walks items from a key on until that many bytes have passed; returns how many. */
static inline uint32_t lmdb_page(struct lmdb_table *l, const struct lmdb_key *from, size_t bytes,
                                 bool (*matches)(const char *item, size_t size), uint32_t *found)
{
    MDB_cursor *cursor;
    MDB_val key = lmdb_val(from);
    MDB_val value;
    uint32_t count = 0;
    size_t passed = 0;
    lmdb_must(mdb_cursor_open(l->txn, l->items, &cursor), "cursor");
    int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    while (code == 0 && passed < bytes) {
        passed += value.mv_size;
        *found += matches(value.mv_data, value.mv_size);
        count++;
        code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    return count;
}

#endif

/* table_lmdb.c: see table_lmdb.h. The only file that knows LMDB. */
#include "model/dynamodb/table_lmdb.h"

#include "sim/assert.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <lmdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    KEY_BYTES_MAX = 511, /* LMDB's own limit, unless it was built otherwise */
    KEY_KEPT = KEY_BYTES_MAX - 16,
    CHECKSUM_BYTES = 8,
    VERSION = 2,
    PATH_SIZE = 4096,
    BLOCK_BYTES = 1 << 20,
};

static const size_t MAP_BYTES_FIRST = (size_t)1 << 30; /* address space, not memory */
static const size_t MAP_BYTES_LEAST = (size_t)1 << 20;
static const char MAGIC[16] = "LOCKSTEP TABLE\n";
static const char DATA_FILE[] = "data.mdb";
static const char OWN_FILE[] = "lockstep-table";

/* The record of our own in LMDB; the description follows. Its key sorts before all others, which
 * are longer. */
struct store_head {
    char magic[16];
    uint64_t version, count;
    struct hash128 hash;
};

static const char HEAD_KEY[] = {0};

/* More than an empty table's file ever has. */
enum { NEW_BYTES_MAX = 1 << 20 };

/* What the file beside LMDB's says of it. */
enum own_state {
    OWN_NEW = 1, /* nothing has been committed: it may be thrown away */
    OWN_OPEN,    /* whole after any crash of a program, by LMDB's commit; not known by its hash */
    OWN_SEALED,  /* not written to since data_hash was taken */
};

struct own_file {
    char magic[16];
    uint64_t version, state;
    uint64_t data_hash; /* OWN_SEALED: of LMDB's file */
    uint64_t self_hash; /* of what comes before */
};

struct table_store {
    MDB_env *env; /* NULL: to be opened again, after a failure that LMDB does not survive */
    MDB_dbi dbi;
    MDB_txn *read, *write; /* at most one of them */
    MDB_cursor *cursor;    /* of `write`: keys that rise are put where the last one was */
    size_t map_bytes;
    int own;              /* the small file, locked */
    enum own_state state; /* as it says */
    bool temporary;       /* the directory is to be removed */
    bool durable;
    char directory[PATH_SIZE];
    char path[PATH_SIZE + 32]; /* room for one path in it */
};

/* Errors */

static enum status lmdb_error(const struct table_store *s, struct error *error, int code,
                              const char *doing)
{
    bool corrupt = code == MDB_CORRUPTED || code == MDB_INVALID || code == MDB_VERSION_MISMATCH ||
                   code == MDB_PAGE_NOTFOUND || code == MDB_PANIC || code == MDB_BAD_TXN;
    enum status status = corrupt ? STATUS_CORRUPT : code == ENOMEM ? STATUS_NO_MEMORY : STATUS_IO;
    /* LMDB calls a short write, as on a disk that becomes full, EIO. */
    return error_set(error, status, "%s: cannot %s: %s%s", s->directory, doing, mdb_strerror(code),
                     code == EIO ? "; is the disk full?" : "");
}

static enum status system_error(struct error *error, const char *path, const char *doing)
{
    return error_set(error, errno == ENOMEM ? STATUS_NO_MEMORY : STATUS_IO, "%s: cannot %s: %s",
                     path, doing, strerror(errno));
}

static enum status damaged(const struct table_store *s, struct error *error, const char *what)
{
    return error_set(error, STATUS_CORRUPT,
                     "%s: %s; restore the directory from a copy, or remove it to start anew",
                     s->directory, what);
}

static const char *path_in(struct table_store *s, const char *name)
{
    (void)snprintf(s->path, sizeof s->path, "%s/%s", s->directory, name);
    return s->path;
}

/* The small file */

static uint64_t own_hash(const struct own_file *own)
{
    return hash64(own, offsetof(struct own_file, self_hash), 0);
}

static enum status own_write(struct table_store *s, enum own_state state, uint64_t data_hash,
                             struct error *error)
{
    struct own_file own = {.version = VERSION, .state = state, .data_hash = data_hash};
    memcpy(own.magic, MAGIC, sizeof MAGIC);
    own.self_hash = own_hash(&own);
    errno = ENOSPC; /* what a short write means */
    if (pwrite(s->own, &own, sizeof own, 0) != (ssize_t)sizeof own ||
        (s->durable && fdatasync(s->own) != 0)) {
        return system_error(error, path_in(s, OWN_FILE), "write it");
    }
    s->state = state;
    return STATUS_OK;
}

/* Reads up to BLOCK_BYTES, fewer only at the end of the file; -1 with errno. */
static ssize_t read_block(int file, char *block)
{
    size_t size = 0;
    ssize_t got = 1;
    while (got > 0 && size < BLOCK_BYTES) {
        got = read(file, block + size, BLOCK_BYTES - size);
        size += got > 0 ? (size_t)got : 0;
    }
    return got < 0 ? -1 : (ssize_t)size;
}

/* The hash of LMDB's file, block after block. */
static enum status data_hash(struct table_store *s, uint64_t *hash, struct error *error)
{
    int file = open(path_in(s, DATA_FILE), O_RDONLY | O_CLOEXEC);
    char *block = malloc(BLOCK_BYTES);
    ssize_t got = file < 0 || block == NULL ? -1 : 1;
    *hash = 0;
    while (got > 0) {
        got = read_block(file, block);
        *hash = got > 0 ? hash64(block, (size_t)got, *hash) : *hash;
    }
    enum status status = got < 0 ? system_error(error, s->path, "read it") : STATUS_OK;
    free(block);
    if (file >= 0) {
        (void)close(file);
    }
    return status;
}

/* Reads the small file; one without a byte in it is as good as none. */
static enum status own_read(struct table_store *s, struct own_file *own, struct error *error)
{
    ssize_t got = pread(s->own, own, sizeof *own, 0);
    if (got == 0) {
        own->state = OWN_NEW;
        return STATUS_OK;
    }
    if (got != (ssize_t)sizeof *own || memcmp(own->magic, MAGIC, sizeof MAGIC) != 0 ||
        own->self_hash != own_hash(own)) {
        return damaged(s, error, "the file lockstep-table is damaged");
    }
    if (own->version != VERSION) {
        return error_set(error, STATUS_CORRUPT,
                         "%s: written in format %llu, and this program reads format %d only",
                         s->directory, (unsigned long long)own->version, VERSION);
    }
    return STATUS_OK;
}

/* Removes what a process that died while it made the table has left behind; nothing that may hold
 * more than that. */
static enum status remove_unfinished(struct table_store *s, bool unfinished, struct error *error)
{
    if (!unfinished) {
        return damaged(s, error, "the file lockstep-table does not know of the file data.mdb");
    }
    return unlink(s->path) == 0 ? STATUS_OK : system_error(error, s->path, "remove it");
}

/* Holds LMDB's file to what the small file says, before LMDB opens it. *fresh: the directory holds
 * no table yet. */
static enum status own_check(struct table_store *s, bool *fresh, struct error *error)
{
    struct own_file own = {.state = OWN_NEW};
    struct stat data;
    uint64_t hash = 0;
    enum status status = own_read(s, &own, error);
    if (status != STATUS_OK) {
        return status;
    }
    s->state = (enum own_state)own.state;
    *fresh = own.state == OWN_NEW;
    bool there = stat(path_in(s, DATA_FILE), &data) == 0;
    if (*fresh && !there) {
        return STATUS_OK;
    }
    if (*fresh) {
        return remove_unfinished(s, own.self_hash != 0 && data.st_size <= NEW_BYTES_MAX, error);
    }
    if (!there) {
        return damaged(s, error, "the file data.mdb is missing");
    }
    if (!S_ISREG(data.st_mode)) {
        return damaged(s, error, "data.mdb is not a file");
    }
    if (own.state == OWN_SEALED) {
        status = data_hash(s, &hash, error);
    }
    if (status == STATUS_OK && own.state == OWN_SEALED && hash != own.data_hash) {
        status = damaged(s, error, "the file data.mdb is not as this program left it");
    }
    return status;
}

/* Opens the small file, or makes it where there is nothing yet. */
static enum status own_open(struct table_store *s, bool existing, struct error *error)
{
    struct stat found;
    s->own = open(path_in(s, OWN_FILE), O_RDWR | O_CLOEXEC);
    if (s->own < 0 && errno == ENOENT) {
        if (stat(path_in(s, DATA_FILE), &found) == 0) {
            return damaged(s, error, "it holds an LMDB file that is not a table of this program's");
        }
        if (existing) {
            return error_set(error, STATUS_BAD_INPUT, "%s: holds no table", s->directory);
        }
        s->own = open(path_in(s, OWN_FILE), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    }
    if (s->own < 0) {
        return system_error(error, s->path, "open it");
    }
    return STATUS_OK;
}

/* Keeps other processes out, for as long as the small file is open. */
static enum status own_lock(struct table_store *s, struct error *error)
{
    if (flock(s->own, LOCK_EX | LOCK_NB) == 0) {
        return STATUS_OK;
    }
    return errno == EWOULDBLOCK ? error_set(error, STATUS_IO,
                                            "%s: another process has this table open", s->directory)
                                : system_error(error, path_in(s, OWN_FILE), "lock it");
}

/* Opening */

/* The directory's entries, on the disk. */
static enum status sync_directory(struct table_store *s, const char *name, struct error *error)
{
    int directory = open(path_in(s, name), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum status status = STATUS_OK;
    if (directory < 0 || fsync(directory) != 0) {
        status = system_error(error, s->path, "force it to the disk");
    }
    if (directory >= 0) {
        (void)close(directory);
    }
    return status;
}

static enum status make_directory(struct table_store *s, const struct store_options *o,
                                  struct error *error)
{
    const char *name = o->directory != NULL ? o->directory : o->scratch;
    int size = snprintf(s->directory, sizeof s->directory, "%s%s", name,
                        o->directory != NULL ? "" : "/lockstep-XXXXXX");
    if (size < 0 || (size_t)size >= sizeof s->directory) {
        return error_set(error, STATUS_BAD_INPUT, "the directory's name is too long: %.100s...",
                         name);
    }
    if (o->directory == NULL) {
        s->temporary = mkdtemp(s->directory) != NULL;
        return s->temporary ? STATUS_OK
                            : system_error(error, name, "make a temporary directory there");
    }
    struct stat found;
    if (o->existing && stat(name, &found) != 0) {
        return system_error(error, name, "open it");
    }
    if (!o->existing && mkdir(name, 0755) != 0 && errno != EEXIST) {
        return system_error(error, name, "make the directory");
    }
    return STATUS_OK;
}

static void environment_close(struct table_store *s)
{
    if (s->env != NULL) {
        mdb_env_close(s->env);
        s->env = NULL;
    }
}

static int environment_try(struct table_store *s)
{
    /* The small file's lock keeps others out, so LMDB need not. */
    unsigned flags = MDB_NOLOCK | MDB_NOTLS | MDB_NORDAHEAD;
    int code = mdb_env_create(&s->env);
    if (code == 0) {
        code = mdb_env_set_mapsize(s->env, s->map_bytes);
    }
    if (code == 0) {
        code = mdb_env_open(s->env, s->directory,
                            s->durable ? flags : flags | MDB_NOSYNC | MDB_NOMETASYNC, 0644);
    }
    if (code != 0) {
        environment_close(s);
    }
    return code;
}

static int database_open(struct table_store *s)
{
    MDB_txn *txn = NULL;
    int code = mdb_txn_begin(s->env, NULL, 0, &txn);
    if (code == 0) {
        code = mdb_dbi_open(txn, NULL, 0, &s->dbi);
    }
    if (code != 0) {
        mdb_txn_abort(txn);
        return code;
    }
    return mdb_txn_commit(txn);
}

/* Opens LMDB's environment if it is not open, with a smaller map where the address space is not
 * enough. */
static enum status environment(struct table_store *s, struct error *error)
{
    if (s->env != NULL) {
        return STATUS_OK;
    }
    int code = environment_try(s);
    while (code == ENOMEM && s->map_bytes > MAP_BYTES_LEAST) {
        s->map_bytes /= 2;
        code = environment_try(s);
    }
    if (code != 0) {
        return lmdb_error(s, error, code, "open the LMDB environment");
    }
    if (mdb_env_get_maxkeysize(s->env) < KEY_BYTES_MAX) {
        environment_close(s);
        return error_set(error, STATUS_IO, "this LMDB was built for keys below %d bytes",
                         KEY_BYTES_MAX);
    }
    code = database_open(s);
    if (code != 0) {
        environment_close(s);
        return lmdb_error(s, error, code, "open the LMDB database");
    }
    return STATUS_OK;
}

static enum status read_begin(struct table_store *s, struct error *error)
{
    ASSERT(s->write == NULL);
    enum status status = environment(s, error);
    if (status != STATUS_OK || s->read != NULL) {
        return status;
    }
    int code = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &s->read);
    return code == 0 ? STATUS_OK : lmdb_error(s, error, code, "begin to read");
}

static void read_end(struct table_store *s)
{
    if (s->read != NULL) {
        mdb_txn_abort(s->read);
        s->read = NULL;
    }
}

/* Values with a checksum, of key and value, in front */

static uint64_t checksum(MDB_val key, struct text value)
{
    return hash64(value.at, value.size, hash64(key.mv_data, key.mv_size, 0));
}

static bool value_open(MDB_val key, MDB_val stored, struct text *value)
{
    uint64_t sum;
    if (stored.mv_size < CHECKSUM_BYTES) {
        return false;
    }
    memcpy(&sum, stored.mv_data, sizeof sum);
    *value = (struct text){(const char *)stored.mv_data + CHECKSUM_BYTES,
                           stored.mv_size - CHECKSUM_BYTES};
    return sum == checksum(key, *value);
}

/* Puts two runs of bytes, one behind the other, under a key. */
static int value_put(struct table_store *s, MDB_val key, struct text first, struct text second)
{
    MDB_val stored = {CHECKSUM_BYTES + first.size + second.size, NULL};
    int code = mdb_cursor_put(s->cursor, &key, &stored, MDB_RESERVE);
    if (code == 0) {
        char *at = (char *)stored.mv_data + CHECKSUM_BYTES;
        if (first.size > 0) {
            memcpy(at, first.at, first.size);
        }
        memcpy(at + first.size, second.at, second.size);
        uint64_t sum = checksum(key, (struct text){at, first.size + second.size});
        memcpy(stored.mv_data, &sum, sizeof sum);
    }
    return code;
}

static MDB_val head_key(void)
{
    return (MDB_val){sizeof HEAD_KEY, (void *)HEAD_KEY};
}

/* Reads the record of our own. */
static enum status read_head(struct table_store *s, struct store_summary *summary,
                             struct error *error)
{
    MDB_val key = head_key();
    MDB_val stored;
    struct text value;
    struct store_head head;
    enum status status = read_begin(s, error);
    if (status != STATUS_OK) {
        return status;
    }
    int code = mdb_get(s->read, s->dbi, &key, &stored);
    if (code != 0 && code != MDB_NOTFOUND) {
        return lmdb_error(s, error, code, "read");
    }
    if (code == MDB_NOTFOUND || !value_open(key, stored, &value) || value.size < sizeof head) {
        return damaged(s, error, "the LMDB file has no record of this program's");
    }
    memcpy(&head, value.at, sizeof head);
    if (memcmp(head.magic, MAGIC, sizeof MAGIC) != 0 || head.version != VERSION) {
        return damaged(s, error, "the LMDB file has a record of another program or version");
    }
    *summary = (struct store_summary){
        head.count, head.hash, {value.at + sizeof head, value.size - sizeof head}
    };
    return STATUS_OK;
}

/* The map was too small: the transaction is given up and the map doubled. */
static enum status enlarge(struct table_store *s, struct error *error)
{
    size_t before = s->map_bytes;
    store_abort(s);
    environment_close(s);
    s->map_bytes *= 2;
    enum status status = environment(s, error);
    if (status == STATUS_OK && s->map_bytes == before) {
        status = error_set(error, STATUS_NO_MEMORY,
                           "%s: no address space for a map of more than %llu MiB", s->directory,
                           (unsigned long long)(before >> 20));
    }
    return status == STATUS_OK ? error_set(error, STATUS_FULL, "the map was enlarged") : status;
}

static enum status write_status(struct table_store *s, int code, struct error *error)
{
    if (code == 0) {
        return STATUS_OK;
    }
    return code == MDB_MAP_FULL ? enlarge(s, error) : lmdb_error(s, error, code, "write");
}

/* A file as large as before must fit into the map, and as much again should. */
static void size_map(struct table_store *s, size_t map_bytes)
{
    struct stat data;
    s->map_bytes = map_bytes > 0 ? map_bytes : MAP_BYTES_FIRST;
    if (stat(path_in(s, DATA_FILE), &data) == 0) {
        while (s->map_bytes < (size_t)data.st_size * 2) {
            s->map_bytes *= 2;
        }
    }
}

static enum status open_all(struct table_store *s, const struct store_options *o,
                            struct store_summary *summary, struct error *error)
{
    bool fresh = true;
    *summary = (struct store_summary){0};
    enum status status = make_directory(s, o, error);
    if (status == STATUS_OK) {
        status = own_open(s, o->existing, error);
    }
    if (status == STATUS_OK) {
        status = own_lock(s, error);
    }
    if (status == STATUS_OK) {
        status = own_check(s, &fresh, error);
    }
    if (status == STATUS_OK && fresh) {
        status = o->existing
                     ? error_set(error, STATUS_BAD_INPUT, "%s: holds no table", s->directory)
                     : own_write(s, OWN_NEW, 0, error);
    }
    if (status == STATUS_OK) {
        size_map(s, o->map_bytes);
        status = environment(s, error);
    }
    if (status == STATUS_OK && fresh && s->durable) {
        status = sync_directory(s, ".", error);
    }
    if (status == STATUS_OK && fresh && s->durable) {
        status = sync_directory(s, "..", error);
    }
    return status == STATUS_OK && !fresh ? read_head(s, summary, error) : status;
}

struct table_store *store_open(const struct store_options *options, struct store_summary *summary,
                               struct error *error)
{
    struct table_store *s = calloc(1, sizeof *s);
    if (s == NULL) {
        (void)error_set(error, STATUS_NO_MEMORY, "no memory for a store");
        return NULL;
    }
    s->own = -1;
    s->durable = options->durable;
    if (open_all(s, options, summary, error) != STATUS_OK) {
        s->state = OWN_NEW; /* not opened: nothing to vouch for at the close */
        (void)store_close(s, NULL);
        return NULL;
    }
    return s;
}

/* Keys and values */

/* Encodes a key so that bytes order as the table does: by the hash of the partition, the partition,
 * the range value. A zero byte in the hash value becomes 0, 255 and its end 0, 1. What is too long
 * for LMDB is cut and ends in a hash. */
static size_t encode(struct text hash_value, struct text range_value, char key[KEY_BYTES_MAX])
{
    char whole[8 + 2 * 2048 + 2 + 1024];
    uint64_t partition = __builtin_bswap64(hash64(hash_value.at, hash_value.size, 0));
    size_t size = sizeof partition;
    ASSERT(hash_value.size <= 2048 && range_value.size <= 1024);
    memcpy(whole, &partition, sizeof partition);
    for (size_t i = 0; i < hash_value.size; i++) {
        whole[size++] = hash_value.at[i];
        if (hash_value.at[i] == 0) {
            whole[size++] = (char)255;
        }
    }
    whole[size++] = 0;
    whole[size++] = 1;
    if (range_value.size > 0) {
        memcpy(whole + size, range_value.at, range_value.size);
    }
    size += range_value.size;
    memcpy(key, whole, size <= KEY_BYTES_MAX ? size : KEY_KEPT);
    if (size <= KEY_KEPT) {
        return size;
    }
    /* Any key that reaches into the hash's place has one, so two keys never meet. */
    struct hash128 hash = hash128(whole, size);
    memcpy(key + KEY_KEPT, &hash, sizeof hash);
    return KEY_BYTES_MAX;
}

enum status store_get(struct table_store *s, struct text hash_value, struct text range_value,
                      struct text *item, struct error *error)
{
    char bytes[KEY_BYTES_MAX];
    MDB_val key = {encode(hash_value, range_value, bytes), bytes};
    MDB_val value;
    enum status status = read_begin(s, error);
    if (status != STATUS_OK) {
        return status;
    }
    int code = mdb_get(s->read, s->dbi, &key, &value);
    if (code != 0 && code != MDB_NOTFOUND) {
        return lmdb_error(s, error, code, "read");
    }
    if (code == MDB_NOTFOUND || !value_open(key, value, item)) {
        return damaged(s, error, "an item is missing or damaged");
    }
    return STATUS_OK;
}

enum status store_each(struct table_store *s,
                       enum status (*visit)(void *self, struct text item, struct error *error),
                       void *self, struct error *error)
{
    MDB_cursor *cursor = NULL;
    MDB_val key = head_key();
    MDB_val value;
    enum status status = read_begin(s, error);
    int code = status == STATUS_OK ? mdb_cursor_open(s->read, s->dbi, &cursor) : 0;
    if (code == 0 && status == STATUS_OK) {
        code = mdb_cursor_get(cursor, &key, &value, MDB_SET);
    }
    while (code == 0 && status == STATUS_OK) {
        struct text item;
        code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
        if (code == 0) {
            status = value_open(key, value, &item) ? visit(self, item, error)
                                                   : damaged(s, error, "an item is damaged");
        }
    }
    if (status == STATUS_OK && code != MDB_NOTFOUND) {
        status = lmdb_error(s, error, code, "read");
    }
    mdb_cursor_close(cursor);
    return status;
}

/* Writing */

enum status store_begin(struct table_store *s, struct error *error)
{
    ASSERT(s->write == NULL);
    read_end(s);
    enum status status = environment(s, error);
    if (status == STATUS_OK && s->state == OWN_SEALED) {
        status = own_write(s, OWN_OPEN, 0, error);
    }
    if (status != STATUS_OK) {
        return status;
    }
    int code = mdb_txn_begin(s->env, NULL, 0, &s->write);
    if (code == 0) {
        code = mdb_cursor_open(s->write, s->dbi, &s->cursor);
    }
    return code == 0 ? STATUS_OK : lmdb_error(s, error, code, "begin to write");
}

/* LMDB closes the cursors of a transaction that writes with it. */
static void write_over(struct table_store *s)
{
    s->write = NULL;
    s->cursor = NULL;
}

void store_abort(struct table_store *s)
{
    if (s->write != NULL) {
        mdb_txn_abort(s->write);
        write_over(s);
    }
}

enum status store_put(struct table_store *s, struct text hash_value, struct text range_value,
                      struct text item, struct error *error)
{
    char bytes[KEY_BYTES_MAX];
    MDB_val key = {encode(hash_value, range_value, bytes), bytes};
    return write_status(s, value_put(s, key, (struct text){NULL, 0}, item), error);
}

enum status store_delete(struct table_store *s, struct text hash_value, struct text range_value,
                         struct error *error)
{
    char bytes[KEY_BYTES_MAX];
    MDB_val key = {encode(hash_value, range_value, bytes), bytes};
    int code = mdb_del(s->write, s->dbi, &key, NULL);
    return write_status(s, code == MDB_NOTFOUND ? 0 : code, error);
}

static int write_head(struct table_store *s, const struct store_summary *summary)
{
    struct store_head head = {.version = VERSION, .count = summary->count, .hash = summary->hash};
    memcpy(head.magic, MAGIC, sizeof MAGIC);
    return value_put(s, head_key(), (struct text){(const char *)&head, sizeof head},
                     summary->description);
}

enum status store_commit(struct table_store *s, const struct store_summary *summary,
                         struct error *error)
{
    int code = write_head(s, summary);
    if (code == 0) {
        code = mdb_txn_commit(s->write);
        write_over(s); /* whatever the result */
    }
    if (code != 0 && code != MDB_MAP_FULL) {
        /* Where its last write failed LMDB goes on only after it has read the file anew. */
        store_abort(s);
        environment_close(s);
    }
    if (code != 0 || s->state != OWN_NEW) {
        return write_status(s, code, error);
    }
    return own_write(s, OWN_OPEN, 0, error);
}

enum status store_seal(struct table_store *s, struct error *error)
{
    ASSERT(s->write == NULL);
    uint64_t hash;
    if (s->temporary || s->state != OWN_OPEN) {
        return STATUS_OK;
    }
    enum status status = data_hash(s, &hash, error);
    return status == STATUS_OK ? own_write(s, OWN_SEALED, hash, error) : status;
}

/* Closing */

static void remove_files(struct table_store *s)
{
    (void)unlink(path_in(s, DATA_FILE));
    (void)unlink(path_in(s, OWN_FILE));
    (void)rmdir(s->directory);
}

enum status store_close(struct table_store *s, struct error *error)
{
    if (s == NULL) {
        return STATUS_OK;
    }
    store_abort(s);
    read_end(s);
    environment_close(s);
    enum status status = store_seal(s, error);
    if (s->temporary) {
        remove_files(s);
    }
    if (s->own >= 0) {
        (void)close(s->own);
    }
    free(s);
    return status;
}

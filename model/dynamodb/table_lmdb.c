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
    IDENTITY_MAX = 4096,
    VERSION = 1,
    PATH_SIZE = 4096,
    BLOCK_BYTES = 1 << 20,
};

static const size_t MAP_BYTES_FIRST = (size_t)1 << 20; /* doubled as often as needed */
static const char MAGIC[16] = "LOCKSTEP TABLE\n";
static const char DATA_FILE[] = "data.mdb";
static const char OWN_FILE[] = "lockstep-table";

/* The record of our own in LMDB; the identity follows. Its key sorts before all others. */
struct store_head {
    char magic[16];
    uint64_t version, count;
    struct hash128 hash;
};

static const char HEAD_KEY[] = {0, 0, 'h', 'e', 'a', 'd'};

/* The file beside LMDB's. */
struct own_file {
    char magic[16];
    uint64_t version;
    uint64_t closed; /* 1: data_hash is that of LMDB's file */
    uint64_t data_hash;
    uint64_t self_hash; /* of what comes before */
};

struct table_store {
    MDB_env *env;
    MDB_dbi dbi;
    MDB_txn *read, *write; /* at most one of them */
    size_t map_bytes;
    int own;        /* the small file, locked */
    bool temporary; /* the directory is to be removed */
    char directory[PATH_SIZE];
    char path[PATH_SIZE + 32]; /* room for one path in it */
    char identity[IDENTITY_MAX];
    size_t identity_size;
};

/* Errors */

static enum status lmdb_error(const struct table_store *s, struct error *error, int code,
                              const char *doing)
{
    bool corrupt = code == MDB_CORRUPTED || code == MDB_INVALID || code == MDB_VERSION_MISMATCH ||
                   code == MDB_PAGE_NOTFOUND || code == MDB_PANIC || code == MDB_BAD_TXN;
    return error_set(error, corrupt ? STATUS_CORRUPT : STATUS_IO, "%s: cannot %s: %s", s->directory,
                     doing, mdb_strerror(code));
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

static enum status own_write(struct table_store *s, uint64_t closed, uint64_t data_hash,
                             struct error *error)
{
    struct own_file own = {.version = VERSION, .closed = closed, .data_hash = data_hash};
    memcpy(own.magic, MAGIC, sizeof MAGIC);
    own.self_hash = own_hash(&own);
    if (pwrite(s->own, &own, sizeof own, 0) != (ssize_t)sizeof own) {
        return system_error(error, path_in(s, OWN_FILE), "write it");
    }
    return STATUS_OK;
}

/* The hash of LMDB's file, block after block. */
static enum status data_hash(struct table_store *s, uint64_t *hash, struct error *error)
{
    int file = open(path_in(s, DATA_FILE), O_RDONLY | O_CLOEXEC);
    char *block = malloc(BLOCK_BYTES);
    enum status status = STATUS_OK;
    ssize_t got = 1;
    *hash = 0;
    if (file < 0 || block == NULL) {
        status = system_error(error, s->path, "read it");
    }
    while (status == STATUS_OK && got > 0) {
        got = read(file, block, BLOCK_BYTES);
        if (got < 0) {
            status = system_error(error, s->path, "read it");
        } else if (got > 0) {
            *hash = hash64(block, (size_t)got, *hash);
        }
    }
    free(block);
    if (file >= 0) {
        (void)close(file);
    }
    return status;
}

/* Checks what the small file says, before LMDB opens its own. */
static enum status own_check(struct table_store *s, struct error *error)
{
    struct own_file own;
    if (pread(s->own, &own, sizeof own, 0) != (ssize_t)sizeof own ||
        memcmp(own.magic, MAGIC, sizeof MAGIC) != 0 || own.self_hash != own_hash(&own)) {
        return damaged(s, error, "the file lockstep-table is damaged");
    }
    if (own.version != VERSION) {
        return error_set(error, STATUS_CORRUPT, "%s: written in format %llu, this program reads %d",
                         s->directory, (unsigned long long)own.version, VERSION);
    }
    uint64_t hash = 0;
    enum status status = own.closed ? data_hash(s, &hash, error) : STATUS_OK;
    if (status == STATUS_OK && own.closed && hash != own.data_hash) {
        status = damaged(s, error, "the file data.mdb is not as this program left it");
    }
    return status;
}

/* Opens or makes the small file and locks it. *fresh: the directory holds no table yet. */
static enum status own_open(struct table_store *s, bool *fresh, struct error *error)
{
    struct stat data;
    struct stat own;
    bool data_there = stat(path_in(s, DATA_FILE), &data) == 0;
    bool own_there = stat(path_in(s, OWN_FILE), &own) == 0;
    if (data_there != own_there && (data_there || own.st_size > 0)) {
        return damaged(s, error,
                       data_there ? "it holds an LMDB file that is not a table of this program's"
                                  : "the file data.mdb is missing");
    }
    *fresh = !data_there;
    s->own = open(s->path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (s->own < 0) {
        return system_error(error, s->path, "open it");
    }
    if (flock(s->own, LOCK_EX | LOCK_NB) != 0) {
        return error_set(error, STATUS_IO, "%s: another process has this table open", s->directory);
    }
    return *fresh ? STATUS_OK : own_check(s, error);
}

/* Opening */

static enum status make_directory(struct table_store *s, const char *directory, const char *scratch,
                                  struct error *error)
{
    const char *name = directory != NULL ? directory : scratch;
    int size = snprintf(s->directory, sizeof s->directory, "%s%s", name,
                        directory != NULL ? "" : "/lockstep-XXXXXX");
    if (size < 0 || (size_t)size >= sizeof s->directory) {
        return error_set(error, STATUS_BAD_INPUT, "the directory's name is too long: %.100s...",
                         name);
    }
    if (directory == NULL) {
        if (mkdtemp(s->directory) == NULL) {
            return system_error(error, scratch, "make a temporary directory there");
        }
        s->temporary = true;
        return STATUS_OK;
    }
    if (mkdir(directory, 0755) != 0 && errno != EEXIST) {
        return system_error(error, directory, "make the directory");
    }
    return STATUS_OK;
}

static enum status open_environment(struct table_store *s, struct error *error)
{
    int code = mdb_env_create(&s->env);
    if (code == 0) {
        code = mdb_env_set_mapsize(s->env, s->map_bytes);
    }
    if (code == 0) {
        /* The small file's lock keeps others out, so LMDB need not. */
        code = mdb_env_open(s->env, s->directory,
                            MDB_NOSYNC | MDB_NOMETASYNC | MDB_NOLOCK | MDB_NOTLS | MDB_NORDAHEAD,
                            0644);
    }
    if (code == 0 && mdb_env_get_maxkeysize(s->env) < KEY_BYTES_MAX) {
        return error_set(error, STATUS_IO, "this LMDB was built for keys below %d bytes",
                         KEY_BYTES_MAX);
    }
    return code == 0 ? STATUS_OK : lmdb_error(s, error, code, "open the LMDB environment");
}

static enum status open_database(struct table_store *s, struct error *error)
{
    MDB_txn *txn = NULL;
    int code = mdb_txn_begin(s->env, NULL, 0, &txn);
    if (code == 0) {
        code = mdb_dbi_open(txn, NULL, 0, &s->dbi);
    }
    if (code == 0) {
        code = mdb_txn_commit(txn);
    } else {
        mdb_txn_abort(txn);
    }
    return code == 0 ? STATUS_OK : lmdb_error(s, error, code, "open the LMDB database");
}

static enum status read_begin(struct table_store *s, struct error *error)
{
    ASSERT(s->write == NULL);
    int code = s->read != NULL ? 0 : mdb_txn_begin(s->env, NULL, MDB_RDONLY, &s->read);
    return code == 0 ? STATUS_OK : lmdb_error(s, error, code, "begin to read");
}

static void read_end(struct table_store *s)
{
    if (s->read != NULL) {
        mdb_txn_abort(s->read);
        s->read = NULL;
    }
}

static MDB_val head_key(void)
{
    return (MDB_val){sizeof HEAD_KEY, (void *)HEAD_KEY};
}

/* Reads the record of our own and compares it with what the table says of itself. */
static enum status check_head(struct table_store *s, struct store_summary *summary,
                              struct error *error)
{
    MDB_val key = head_key();
    MDB_val value;
    struct store_head head;
    enum status status = read_begin(s, error);
    if (status != STATUS_OK) {
        return status;
    }
    int code = mdb_get(s->read, s->dbi, &key, &value);
    if (code == MDB_NOTFOUND || (code == 0 && value.mv_size < sizeof head)) {
        return damaged(s, error, "the LMDB file has no record of this program's");
    }
    if (code != 0) {
        return lmdb_error(s, error, code, "read");
    }
    memcpy(&head, value.mv_data, sizeof head);
    const char *rest = (const char *)value.mv_data + sizeof head;
    struct text identity = {rest, value.mv_size - sizeof head};
    if (memcmp(head.magic, MAGIC, sizeof MAGIC) != 0 || head.version != VERSION) {
        return damaged(s, error, "the LMDB file has a record of another program or version");
    }
    if (!text_equal(identity, (struct text){s->identity, s->identity_size})) {
        return error_set(error, STATUS_BAD_INPUT,
                         "%s: holds a table with %.*s, but this one has %.*s", s->directory,
                         (int)identity.size, identity.at, (int)s->identity_size, s->identity);
    }
    *summary = (struct store_summary){head.count, head.hash};
    return STATUS_OK;
}

/* The map was too small: the transaction is given up and the map doubled. */
static enum status enlarge(struct table_store *s, struct error *error)
{
    store_abort(s);
    s->map_bytes *= 2;
    int code = mdb_env_set_mapsize(s->env, s->map_bytes);
    return code == 0 ? error_set(error, STATUS_FULL, "the map was enlarged")
                     : lmdb_error(s, error, code, "enlarge the LMDB map");
}

static enum status write_status(struct table_store *s, int code, struct error *error)
{
    if (code == 0) {
        return STATUS_OK;
    }
    return code == MDB_MAP_FULL ? enlarge(s, error) : lmdb_error(s, error, code, "write");
}

/* Writes the record of our own. */
static enum status write_head(struct table_store *s, const struct store_summary *summary,
                              struct error *error)
{
    struct store_head head = {.version = VERSION, .count = summary->count, .hash = summary->hash};
    char buffer[sizeof head + IDENTITY_MAX];
    memcpy(head.magic, MAGIC, sizeof MAGIC);
    memcpy(buffer, &head, sizeof head);
    memcpy(buffer + sizeof head, s->identity, s->identity_size);
    MDB_val key = head_key();
    MDB_val value = {sizeof head + s->identity_size, buffer};
    return write_status(s, mdb_put(s->write, s->dbi, &key, &value, 0), error);
}

static enum status open_all(struct table_store *s, const char *directory, const char *scratch,
                            struct store_summary *summary, struct error *error)
{
    bool fresh = true;
    enum status status = make_directory(s, directory, scratch, error);
    if (status == STATUS_OK) {
        status = own_open(s, &fresh, error);
    }
    struct stat data;
    if (status == STATUS_OK && !fresh && stat(path_in(s, DATA_FILE), &data) == 0) {
        while (s->map_bytes < (size_t)data.st_size * 2) {
            s->map_bytes *= 2;
        }
    }
    if (status == STATUS_OK) {
        status = open_environment(s, error);
    }
    if (status == STATUS_OK) {
        status = open_database(s, error);
    }
    *summary = (struct store_summary){0};
    if (status != STATUS_OK || !fresh) {
        return status == STATUS_OK ? check_head(s, summary, error) : status;
    }
    status = store_begin(s, error);
    return status == STATUS_OK ? store_commit(s, summary, error) : status;
}

struct table_store *store_open(const char *directory, const char *scratch, struct text identity,
                               struct store_summary *summary, struct error *error)
{
    ASSERT(identity.size <= IDENTITY_MAX);
    struct table_store *s = calloc(1, sizeof *s);
    if (s == NULL) {
        (void)error_set(error, STATUS_NO_MEMORY, "no memory for a store");
        return NULL;
    }
    s->own = -1;
    s->map_bytes = MAP_BYTES_FIRST;
    s->identity_size = identity.size;
    memcpy(s->identity, identity.at, identity.size);
    if (open_all(s, directory, scratch, summary, error) != STATUS_OK) {
        store_abort(s);
        s->identity_size = 0; /* not opened: nothing to vouch for at the close */
        (void)store_close(s, NULL);
        return NULL;
    }
    return s;
}

/* Keys and values */

/* Encodes a key so that bytes order as the table does: a zero byte in the hash value becomes 0, 255
 * and its end 0, 1. What is too long for LMDB is cut and ends in a hash. */
static size_t encode(struct text hash_value, struct text range_value, char key[KEY_BYTES_MAX])
{
    char whole[2 * 2048 + 2 + 1024];
    size_t size = 0;
    ASSERT(hash_value.size <= 2048 && range_value.size <= 1024);
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

static uint64_t checksum(struct text key, struct text item)
{
    return hash64(item.at, item.size, hash64(key.at, key.size, 0));
}

/* Checks a value and takes the checksum off. */
static bool value_open(MDB_val key, MDB_val value, struct text *item)
{
    uint64_t stored;
    if (value.mv_size < CHECKSUM_BYTES) {
        return false;
    }
    memcpy(&stored, value.mv_data, sizeof stored);
    *item =
        (struct text){(const char *)value.mv_data + CHECKSUM_BYTES, value.mv_size - CHECKSUM_BYTES};
    return stored == checksum((struct text){key.mv_data, key.mv_size}, *item);
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
    int code = mdb_txn_begin(s->env, NULL, 0, &s->write);
    if (code != 0) {
        return lmdb_error(s, error, code, "begin to write");
    }
    /* From here until the close the hash in the small file does not hold. */
    return own_write(s, 0, 0, error);
}

void store_abort(struct table_store *s)
{
    if (s->write != NULL) {
        mdb_txn_abort(s->write);
        s->write = NULL;
    }
}

enum status store_put(struct table_store *s, struct text hash_value, struct text range_value,
                      struct text item, struct error *error)
{
    char bytes[KEY_BYTES_MAX];
    MDB_val key = {encode(hash_value, range_value, bytes), bytes};
    MDB_val value = {item.size + CHECKSUM_BYTES, NULL};
    uint64_t sum = checksum((struct text){bytes, key.mv_size}, item);
    int code = mdb_put(s->write, s->dbi, &key, &value, MDB_RESERVE);
    if (code == 0) {
        memcpy(value.mv_data, &sum, sizeof sum);
        memcpy((char *)value.mv_data + CHECKSUM_BYTES, item.at, item.size);
    }
    return write_status(s, code, error);
}

enum status store_delete(struct table_store *s, struct text hash_value, struct text range_value,
                         struct error *error)
{
    char bytes[KEY_BYTES_MAX];
    MDB_val key = {encode(hash_value, range_value, bytes), bytes};
    int code = mdb_del(s->write, s->dbi, &key, NULL);
    return write_status(s, code == MDB_NOTFOUND ? 0 : code, error);
}

enum status store_commit(struct table_store *s, const struct store_summary *summary,
                         struct error *error)
{
    enum status status = write_head(s, summary, error);
    if (status != STATUS_OK) {
        store_abort(s);
        return status;
    }
    int code = mdb_txn_commit(s->write);
    s->write = NULL; /* given up by LMDB, whatever the result */
    return write_status(s, code, error);
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
    enum status status = STATUS_OK;
    store_abort(s);
    read_end(s);
    bool opened = s->env != NULL && s->identity_size > 0;
    if (s->env != NULL) {
        mdb_env_close(s->env);
    }
    if (opened && !s->temporary) {
        uint64_t hash;
        status = data_hash(s, &hash, error);
        if (status == STATUS_OK) {
            status = own_write(s, 1, hash, error);
        }
    }
    if (s->temporary) {
        remove_files(s);
    }
    if (s->own >= 0) {
        (void)close(s->own);
    }
    free(s);
    return status;
}

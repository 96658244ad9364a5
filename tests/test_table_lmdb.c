/* test_table_lmdb.c: tables on disk.
 *
 * A table that is closed and opened again is the same table; what is not a table, or is damaged
 * anywhere, is refused with a message and never crashes; the disk's errors come back as statuses.
 * Works in a directory of its own under /tmp.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/dynamodb/table.h"
#include "sim/hash.h"
#include "sim/random.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ITEMS = 3000, BYTES = 8192 };

static const struct instant START = {INT64_C(1769763600) * NS_PER_S};

/* A directory for one test, gone afterwards. */
static char root[64];
static char directory[128];

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof root, "/tmp/lockstep-test-XXXXXX");
    if (mkdtemp(root) == NULL) {
        return -1;
    }
    (void)snprintf(directory, sizeof directory, "%s/table", root);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    static const char *const names[] = {"table/data.mdb", "table/lockstep-table", "table", "file"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128];
        (void)snprintf(path, sizeof path, "%s/%s", root, names[i]);
        (void)remove(path);
    }
    return rmdir(root);
}

static const char *path_of(const char *file)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", directory, file);
    return path;
}

static struct table *open_as(const char *where, const char *range_key, struct error *error)
{
    struct table_config config = {
        .name = "kept",
        .hash_key = {"d",     TYPE_S},
        .range_key = {range_key,       TYPE_S},
        .ttl_attribute = "ttl",
        .directory = where,
        .scratch = root,
        .history = duration_s(1),
        .items_max = 2 * ITEMS,
        .cache_bytes = 50000,
        .indexes_count = 1,
        .indexes = {
                     {.name = "status-index", .hash_key = {"status", TYPE_S}, .range_key = {"d", TYPE_S}}}
    };
    return table_open(&config, START, error);
}

static struct table *open_table(void)
{
    struct error error;
    struct table *t = open_as(directory, "k", &error);
    if (t == NULL) {
        fail_msg("%s", error.message);
    }
    return t;
}

static void close_table(struct table *t)
{
    struct error error;
    if (table_close(t, &error) != STATUS_OK) {
        fail_msg("%s", error.message);
    }
}

static void checkpoint(struct table *t)
{
    struct error error;
    if (table_checkpoint(t, &error) != STATUS_OK) {
        fail_msg("%s", error.message);
    }
}

/* Item i; some keys are longer than LMDB takes, some have zero bytes in them. */
static struct item make_item(char *buffer, uint32_t i, const char *status)
{
    char key[1024];
    char hash_value[900];
    struct item_writer w = item_writer(buffer, BYTES);
    memset(hash_value, 'd', sizeof hash_value);
    memset(key, 'k', sizeof key);
    (void)snprintf(key, 16, "%05u", i);
    key[5] = i % 3 == 0 ? '\0' : 'k';
    hash_value[1] = i % 5 == 0 ? '\0' : 'd';
    size_t hash_size = i % 7 == 0 ? sizeof hash_value : 2;
    item_add_s(&w, TEXT("d"), (struct text){hash_value, hash_size});
    item_add_s(&w, TEXT("k"), (struct text){key, i % 11 == 0 ? 1024 : 8});
    item_add_s(&w, TEXT("status"), text_from(status));
    item_add_n(&w, TEXT("ttl"), instant_epoch_seconds(START) + i);
    return item_written(&w);
}

static struct item make_key(char *buffer, struct item item)
{
    struct item_writer w = item_writer(buffer, BYTES);
    item_add_s(&w, TEXT("d"), item_text(item, TEXT("d")));
    item_add_s(&w, TEXT("k"), item_text(item, TEXT("k")));
    return item_written(&w);
}

static void put(struct table *t, uint32_t i, const char *status)
{
    char buffer[BYTES];
    struct table_reply reply;
    assert_int_equal(table_put(t, START, make_item(buffer, i, status), NULL, NULL, &reply),
                     TABLE_OK);
}

static void delete (struct table *t, uint32_t i)
{
    char buffer[BYTES];
    char key[BYTES];
    struct table_reply reply;
    struct item item = make_item(buffer, i, "pending");
    assert_int_equal(table_delete(t, START, make_key(key, item), NULL, NULL, &reply), TABLE_OK);
    assert_true(reply.old.bytes.size > 0);
}

static void fill(struct table *t)
{
    for (uint32_t i = 0; i < ITEMS; i++) {
        put(t, i * 7919 % ITEMS, "pending");
    }
}

static void assert_hash(struct table *t, struct hash128 expected)
{
    struct hash128 hash = table_hash(t);
    assert_memory_equal(&hash, &expected, sizeof hash);
}

static void a_table_is_the_same_when_opened_again(void **state)
{
    (void)state;
    struct table *t = open_table();
    fill(t);
    checkpoint(t);
    for (uint32_t i = 0; i < ITEMS; i += 3) {
        put(t, i, "manifested");
    }
    for (uint32_t i = 1; i < ITEMS; i += 3) {
        delete (t, i);
    }
    checkpoint(t);
    for (uint32_t i = 1; i < ITEMS; i += 6) {
        put(t, i, "again");
    }
    delete (t, 0);
    struct hash128 hash = table_hash(t);
    uint64_t count = table_count(t);
    close_table(t);
    for (int round = 0; round < 2; round++) {
        t = open_table();
        assert_hash(t, hash);
        assert_int_equal(table_count(t), count);
        char buffer[BYTES];
        for (uint32_t i = 1; i < ITEMS; i++) {
            struct item expected = make_item(buffer, i,
                                             i % 6 == 1   ? "again"
                                             : i % 3 == 0 ? "manifested"
                                                          : "pending");
            struct item item;
            bool there = table_peek(t, item_text(expected, TEXT("d")),
                                    item_text(expected, TEXT("k")), &item);
            assert_int_equal(there, i % 3 != 1 || i % 6 == 1);
            assert_true(!there || text_equal(item.bytes, expected.bytes));
        }
        int64_t ttl = 0;
        assert_true(table_next_expiry(t, 0, &ttl));
        assert_int_equal(ttl, instant_epoch_seconds(START) + 1);
        close_table(t);
    }
}

/* A rollback to before a checkpoint is on disk after the next one. */
static void a_rollback_over_a_checkpoint_is_kept(void **state)
{
    (void)state;
    struct table *t = open_table();
    for (uint32_t i = 0; i < 100; i++) {
        put(t, i, "pending");
    }
    checkpoint(t);
    struct hash128 hash = table_hash(t);
    uint64_t mark = table_mark(t);
    for (uint32_t i = 50; i < 150; i++) {
        put(t, i, "manifested");
    }
    for (uint32_t i = 0; i < 50; i++) {
        delete (t, i);
    }
    checkpoint(t);
    table_rollback(t, mark);
    assert_hash(t, hash);
    close_table(t);
    t = open_table();
    assert_hash(t, hash);
    assert_int_equal(table_count(t), 100);
    close_table(t);
}

static void an_empty_table_is_known_again(void **state)
{
    (void)state;
    close_table(open_table());
    struct error error;
    assert_null(open_as(directory, "other", &error));
    assert_non_null(strstr(error.message, "holds a table with hash key d (S), range key k (S), "
                                          "but this one has hash key d (S), range key other (S)"));
    struct table *t = open_table();
    assert_int_equal(table_count(t), 0);
    close_table(t);
}

static const char *path_in_root(const char *name)
{
    static char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", root, name);
    return path;
}

static uint32_t entries_in(const char *path)
{
    uint32_t count = 0;
    DIR *list = opendir(path);
    assert_non_null(list);
    while (readdir(list) != NULL) {
        count++;
    }
    assert_int_equal(closedir(list), 0);
    return count - 2; /* . and .. */
}

static void a_temporary_table_leaves_nothing(void **state)
{
    (void)state;
    struct error error;
    struct table *t = open_as(NULL, "k", &error);
    assert_non_null(t);
    fill(t);
    assert_int_equal(entries_in(root), 0);
    assert_true(table_wants_checkpoint(t));
    checkpoint(t);
    assert_int_equal(entries_in(root), 1);
    close_table(t);
    assert_int_equal(entries_in(root), 0);
}

/* Descriptions */

static const char *const INCLUDED[] = {"path", "size"};

static const struct table_config DESCRIBED = {
    .name = "described",
    .hash_key = {"h",                             TYPE_B},
    .range_key = {"r",                             TYPE_N},
    .ttl_attribute = "ttl",
    .rcu = 7,
    .wcu = 9,
    .max_rcu = 70,
    .max_wcu = 90,
    .stream = STREAM_OLD_IMAGE,
    .stream_shards = 2,
    .items_max = 10,
    .indexes_count = 2,
    .indexes = {{.name = "by-path",
                 .hash_key = {"path", TYPE_S},
                 .projection = PROJECTION_INCLUDE,
                 .include = INCLUDED,
                 .include_count = 2,
                 .rcu = 3,
                 .wcu = 4,
                 .max_rcu = 30,
                 .max_wcu = 40},
                 {.name = "by-size",
                 .hash_key = {"h", TYPE_B},
                 .range_key = {"size", TYPE_N},
                 .local = true,
                 .projection = PROJECTION_KEYS_ONLY}    }
};

static struct table *open_config(struct table_config config)
{
    struct error error;
    config.directory = directory;
    struct table *t = table_open(&config, START, &error);
    if (t == NULL) {
        fail_msg("%s", error.message);
    }
    return t;
}

static struct table_description *describe(void)
{
    struct error error;
    struct table_description *d = table_describe(directory, &error);
    if (d == NULL) {
        fail_msg("%s", error.message);
    }
    return d;
}

static void assert_key(struct table_key key, struct table_key expected)
{
    if (expected.name == NULL) {
        assert_null(key.name);
        return;
    }
    assert_string_equal(key.name, expected.name);
    assert_int_equal(key.type, expected.type);
}

static void assert_described(const struct table_config *c, const struct table_config *expected)
{
    assert_string_equal(c->name, expected->name);
    assert_key(c->hash_key, expected->hash_key);
    assert_key(c->range_key, expected->range_key);
    assert_string_equal(c->ttl_attribute, expected->ttl_attribute);
    assert_true(c->rcu == expected->rcu && c->wcu == expected->wcu);
    assert_true(c->max_rcu == expected->max_rcu && c->max_wcu == expected->max_wcu);
    assert_int_equal(c->stream, expected->stream);
    assert_int_equal(c->stream_shards, expected->stream_shards);
    assert_int_equal(c->indexes_count, expected->indexes_count);
    for (uint32_t i = 0; i < c->indexes_count; i++) {
        const struct table_index_config *index = &c->indexes[i];
        const struct table_index_config *e = &expected->indexes[i];
        assert_string_equal(index->name, e->name);
        assert_key(index->hash_key, e->hash_key);
        assert_key(index->range_key, e->range_key);
        assert_int_equal(index->local, e->local);
        assert_int_equal(index->projection, e->projection);
        assert_true(index->rcu == e->rcu && index->wcu == e->wcu);
        assert_true(index->max_rcu == e->max_rcu && index->max_wcu == e->max_wcu);
        assert_int_equal(index->include_count, e->include_count);
        for (uint32_t k = 0; k < e->include_count; k++) {
            assert_string_equal(index->include[k], e->include[k]);
        }
    }
}

static void a_directory_says_what_table_it_holds(void **state)
{
    (void)state;
    close_table(open_config(DESCRIBED));
    struct table_description *d = describe();
    assert_described(&d->config, &DESCRIBED);
    assert_int_equal(d->count, 0);
    /* It is enough to open the table again. */
    struct table_config config = d->config;
    config.items_max = 10;
    close_table(open_config(config));
    free(d);
    /* All but the keys may change. */
    config = DESCRIBED;
    config.indexes_count = 0;
    config.ttl_attribute = "expires";
    config.name = "another";
    close_table(open_config(config));
    d = describe();
    assert_described(&d->config, &config);
    free(d);
}

static void items_are_counted_and_indexes_built_anew(void **state)
{
    (void)state;
    struct table *t = open_table();
    fill(t);
    close_table(t);
    struct table_description *d = describe();
    assert_int_equal(d->count, ITEMS);
    struct table_config config = d->config;
    config.items_max = ITEMS;
    config.cache_bytes = 50000;
    config.indexes[0] = (struct table_index_config){
        .name = "by-key", .hash_key = {"k", TYPE_S}
    };
    t = open_config(config);
    struct error error;
    static const char *const values[] = {":k", NULL};
    struct expression *key = expression_compile(
        EXPRESSION_KEY, &(struct expression_source){.text = "k = :k", .values = values}, &error);
    assert_non_null(key);
    struct value value = value_s(TEXT("00001kkk"));
    struct table_query q = {.index = 0, .key = key, .values = &value, .as_of = START};
    struct table_page page;
    assert_int_equal(table_read_page(t, START, &q, &page), TABLE_OK);
    assert_int_equal(page.count, 1);
    expression_free(key);
    close_table(t);
    free(d);
}

static void assert_undescribed(const char *message)
{
    struct error error = {.message = ""};
    assert_null(table_describe(directory, &error));
    if (strstr(error.message, message) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.message, message);
    }
}

static void no_table_no_description(void **state)
{
    (void)state;
    assert_undescribed("No such file or directory");
    assert_int_equal(mkdir(directory, 0755), 0);
    assert_undescribed("holds no table");
    assert_int_equal(entries_in(directory), 0);
    struct table *t = open_table();
    assert_undescribed("another process has this table open");
    close_table(t);
    free(describe());
}

static void keys_of_another_type_are_refused(void **state)
{
    (void)state;
    struct error error = {.message = ""};
    close_table(open_config(DESCRIBED));
    assert_null(open_as(directory, "r", &error));
    assert_int_equal(error.status, STATUS_BAD_INPUT);
    assert_non_null(strstr(error.message, "holds a table with hash key h (B), range key r (N), but "
                                          "this one has hash key d (S), range key r (S)"));
}

/* Damage */

static void flip(const char *file, off_t at, unsigned bit)
{
    unsigned char byte;
    int f = open(path_of(file), O_RDWR);
    assert_true(f >= 0);
    assert_int_equal(pread(f, &byte, 1, at), 1);
    byte = (unsigned char)(byte ^ (1U << bit));
    assert_int_equal(pwrite(f, &byte, 1, at), 1);
    assert_int_equal(close(f), 0);
}

static off_t size_of(const char *file)
{
    struct stat s;
    assert_int_equal(stat(path_of(file), &s), 0);
    return s.st_size;
}

static void a_large_checkpoint_is_kept(void **state)
{
    (void)state;
    struct table *t = open_table();
    fill(t);
    checkpoint(t);
    off_t first = size_of("data.mdb");
    assert_true(first > 1 << 20);
    for (uint32_t i = ITEMS; i < 2 * ITEMS; i++) {
        put(t, i, "manifested");
    }
    struct hash128 hash = table_hash(t);
    close_table(t);
    assert_true(size_of("data.mdb") > first);
    t = open_table();
    assert_hash(t, hash);
    close_table(t);
}

static void any_changed_byte_is_noticed(void **state)
{
    (void)state;
    static const char *const files[] = {"data.mdb", "lockstep-table"};
    struct random_stream random = random_stream(5, TEXT("damage"));
    struct table *t = open_table();
    for (uint32_t i = 0; i < 50; i++) {
        put(t, i, "pending");
    }
    struct hash128 hash = table_hash(t);
    close_table(t);
    for (int round = 0; round < 300; round++) {
        const char *file = files[round % 2];
        off_t at = (off_t)random_below(&random, (uint64_t)size_of(file));
        unsigned bit = (unsigned)random_below(&random, 8);
        struct error error = {.message = ""};
        flip(file, at, bit);
        assert_null(open_as(directory, "k", &error));
        assert_non_null(strstr(error.message, directory));
        flip(file, at, bit);
    }
    t = open_table();
    assert_hash(t, hash);
    close_table(t);
}

static void assert_refused(const char *message)
{
    struct error error = {.message = ""};
    assert_null(open_as(directory, "k", &error));
    if (strstr(error.message, message) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", error.message, message);
    }
}

static void write_file(const char *file, const char *bytes)
{
    FILE *f = fopen(path_of(file), "we");
    assert_non_null(f);
    assert_true(fputs(bytes, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void foreign_and_missing_files_are_refused(void **state)
{
    (void)state;
    assert_int_equal(mkdir(directory, 0755), 0);
    write_file("data.mdb", "not LMDB's at all");
    assert_refused("it holds an LMDB file that is not a table of this program's");
    write_file("lockstep-table", "");
    assert_refused("the file lockstep-table does not know of the file data.mdb");
    write_file("lockstep-table", "nor ours");
    assert_refused("the file lockstep-table is damaged");
    assert_int_equal(unlink(path_of("data.mdb")), 0);
    assert_int_equal(unlink(path_of("lockstep-table")), 0);
    close_table(open_table());
    assert_int_equal(rename(path_of("data.mdb"), path_in_root("file")), 0);
    assert_refused("the file data.mdb is missing");
    assert_int_equal(mkdir(path_of("data.mdb"), 0755), 0);
    assert_refused("data.mdb is not a file");
    assert_int_equal(rmdir(path_of("data.mdb")), 0);
    assert_int_equal(rename(path_in_root("file"), path_of("data.mdb")), 0);
    close_table(open_table());
    assert_int_equal(truncate(path_of("data.mdb"), 5000), 0);
    assert_refused("the file data.mdb is not as this program left it");
}

/* The small file of a directory in another format, as its first version wrote it. */
static void another_format_is_refused(void **state)
{
    (void)state;
    uint64_t words[7] = {0, 0, 1, 1, 0, 0};
    close_table(open_table());
    memcpy(words, "LOCKSTEP TABLE\n", 16);
    words[5] = hash64(words, 40, 0);
    int f = open(path_of("lockstep-table"), O_WRONLY | O_CLOEXEC);
    assert_true(f >= 0);
    assert_int_equal(pwrite(f, words, 48, 0), 48);
    assert_int_equal(close(f), 0);
    assert_refused("written in format 1, and this program reads format 2 only");
}

/* Root may do anything, so this is done as nobody. */
static void a_directory_without_permission_is_an_error(void **state)
{
    (void)state;
    uid_t user = geteuid();
    close_table(open_table());
    assert_int_equal(chmod(root, 0755), 0);
    assert_int_equal(chmod(path_of("data.mdb"), 0644), 0);
    assert_int_equal(chmod(path_of("lockstep-table"), 0444), 0);
    assert_true(user != 0 || seteuid(65534) == 0);
    assert_refused("lockstep-table: cannot open it: Permission denied");
    assert_int_equal(seteuid(user), 0);
    assert_int_equal(chmod(path_of("lockstep-table"), 0666), 0);
    assert_int_equal(chmod(path_of("data.mdb"), 0600), 0);
    if (user == 0) {
        assert_int_equal(seteuid(65534), 0);
        assert_refused("data.mdb: cannot read it: Permission denied");
        assert_int_equal(seteuid(user), 0);
    }
    close_table(open_table());
}

static void a_directory_that_cannot_be_is_an_error(void **state)
{
    (void)state;
    struct error error = {.message = ""};
    assert_null(open_as("/nonexistent/table", "k", &error));
    assert_string_equal(error.message, "table kept: /nonexistent/table: cannot make the directory: "
                                       "No such file or directory");
    (void)snprintf(directory, sizeof directory, "%s", root);
    write_file("file", "");
    (void)snprintf(directory, sizeof directory, "%s/file", root);
    assert_null(open_as(directory, "k", &error));
    assert_non_null(strstr(error.message, "Not a directory"));
}

static void two_at_once_are_refused(void **state)
{
    (void)state;
    struct table *t = open_table();
    assert_refused("another process has this table open");
    close_table(t);
}

/* The file may not grow beyond 256 KiB: as a full disk, an error and no signal. */
static void a_full_disk_is_an_error(void **state)
{
    (void)state;
    struct rlimit limit;
    struct rlimit small;
    struct error error = {.message = ""};
    struct table *t = open_table();
    put(t, 1, "pending");
    checkpoint(t);
    fill(t);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = limit;
    small.rlim_cur = 256 * 1024;
    void (*before)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(table_checkpoint(t, &error), STATUS_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    (void)signal(SIGXFSZ, before);
    assert_non_null(strstr(error.message, "table kept: "));
    /* Nothing is lost: the next checkpoint has room. */
    struct hash128 hash = table_hash(t);
    close_table(t);
    t = open_table();
    assert_hash(t, hash);
    close_table(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_table_is_the_same_when_opened_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_rollback_over_a_checkpoint_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_table_is_known_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_temporary_table_leaves_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_large_checkpoint_is_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_directory_says_what_table_it_holds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(items_are_counted_and_indexes_built_anew, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(no_table_no_description, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_of_another_type_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_format_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_directory_without_permission_is_an_error, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(any_changed_byte_is_noticed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(foreign_and_missing_files_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_directory_that_cannot_be_is_an_error, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_at_once_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_is_an_error, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

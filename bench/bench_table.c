/* bench_table.c: the table beside raw LMDB, at 10 000, 100 000 and 1 000 000 items.
 *
 * LMDB does the bare minimum: 40-byte keys, 200-byte values, one long transaction, no conditions,
 * no capacity, no index, no history. The table does its whole work on a pipeline's items: a file's
 * record of some 330 bytes with status-index and TTL, once arriving in order and once in random
 * order; the lock's conditional put; a strongly consistent get of a random file; and a query of a
 * day's few pending files, page by page as a builder reads it. Both start empty each turn and take
 * turns. The last column is the table's time over LMDB's nearest operation. CPU time; memory is
 * what the process has resident, less what it had before, for each item.
 */
#include "bench/measure.h"
#include "model/dynamodb/table.h"
#include "sim/hash.h"
#include "sim/random.h"

#include <lmdb.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { OPERATIONS = 100000, KEY_BYTES = 40, VALUE_BYTES = 200, ITEM_BYTES = 1024, QUERIES = 20000 };

#define FIGURES(X)                                                                                 \
    X(LMDB_PUT, "LMDB put of a new key")                                                           \
    X(LMDB_GET, "LMDB get")                                                                        \
    X(LMDB_CONDITIONAL, "LMDB get and put")                                                        \
    X(PUT_IN_ORDER, "put of a new file, in order")                                                 \
    X(PUT_RANDOM, "put of a new file, random order")                                               \
    X(LOCK_TAKEN, "conditional put of the lock, taken")                                            \
    X(LOCK_REFUSED, "conditional put of the lock, refused")                                        \
    X(STATUS_UPDATE, "update of a file's status")                                                  \
    X(GET, "get")                                                                                  \
    X(QUERY, "query, a page of a day with few pending")

enum figure {

#define FIGURE_ENUM(name, text) name,
    FIGURES(FIGURE_ENUM)
#undef FIGURE_ENUM
        FIGURES_COUNT
};

static const char *const TEXTS[] = {
#define FIGURE_TEXT(name, text) text,
    FIGURES(FIGURE_TEXT)
#undef FIGURE_TEXT
};

/* What each is compared with. */
static const enum figure RIVALS[FIGURES_COUNT] = {[PUT_IN_ORDER] = LMDB_PUT,
                                                  [PUT_RANDOM] = LMDB_PUT,
                                                  [LOCK_TAKEN] = LMDB_CONDITIONAL,
                                                  [LOCK_REFUSED] = LMDB_GET,
                                                  [STATUS_UPDATE] = LMDB_CONDITIONAL,
                                                  [GET] = LMDB_GET,
                                                  [QUERY] = LMDB_GET};

static double figures[FIGURES_COUNT][MEASURE_TURNS];
static double bytes_per_item;

static void fail(const char *what)
{
    (void)fprintf(stderr, "bench_table: %s\n", what);
    exit(3);
}

static void expect(bool ok, const char *what)
{
    if (!ok) {
        fail(what);
    }
}

static double resident_bytes(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    expect(f != NULL && fscanf(f, "%*s %ld", &pages) == 1, "cannot read /proc/self/statm");
    (void)fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* A permutation of 0 .. count - 1 that looks random: an odd factor modulo a power of two would do,
 * but count is any number, so the order of hashes is taken. */
static uint32_t *shuffled(uint32_t count)
{
    uint32_t *order = malloc(count * sizeof *order);
    struct random_stream random = random_stream(1, TEXT("order"));
    expect(order != NULL, "no memory");
    for (uint32_t i = 0; i < count; i++) {
        order[i] = i;
    }
    for (uint32_t i = count; i > 1; i--) {
        uint32_t k = (uint32_t)random_below(&random, i);
        uint32_t swap = order[i - 1];
        order[i - 1] = order[k];
        order[k] = swap;
    }
    return order;
}

/* LMDB */

static void lmdb_key(char key[KEY_BYTES + 1], uint32_t i)
{
    uint64_t hash = hash64(&i, sizeof i, 0);
    memcpy(key, &hash, 8);
    (void)snprintf(key + 8, KEY_BYTES - 7, "file#%027u", i);
}

static double per_operation(double since, uint32_t count)
{
    return (measure_cpu_seconds() - since) / count * 1e9;
}

static void bench_lmdb(uint32_t count, int turn)
{
    char directory[] = "/tmp/lockstep-bench-XXXXXX";
    char path[64];
    char key[KEY_BYTES + 1];
    char bytes[VALUE_BYTES] = {0};
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi dbi;
    MDB_val k = {KEY_BYTES, key};
    MDB_val v = {VALUE_BYTES, bytes};
    MDB_val found;
    struct random_stream random = random_stream(2, TEXT("lmdb"));
    expect(mkdtemp(directory) != NULL && mdb_env_create(&env) == 0 &&
               mdb_env_set_mapsize(env, (size_t)4 << 30) == 0 &&
               mdb_env_open(env, directory, MDB_NOSYNC | MDB_NOMETASYNC, 0600) == 0 &&
               mdb_txn_begin(env, NULL, 0, &txn) == 0 && mdb_dbi_open(txn, NULL, 0, &dbi) == 0,
           "cannot open LMDB");
    double start = measure_cpu_seconds();
    for (uint32_t i = 0; i < count; i++) {
        lmdb_key(key, i);
        expect(mdb_put(txn, dbi, &k, &v, 0) == 0, "mdb_put");
    }
    figures[LMDB_PUT][turn] = per_operation(start, count);
    start = measure_cpu_seconds();
    for (uint32_t i = 0; i < OPERATIONS; i++) {
        lmdb_key(key, (uint32_t)random_below(&random, count));
        expect(mdb_get(txn, dbi, &k, &found) == 0, "mdb_get");
        memcpy(bytes, found.mv_data, VALUE_BYTES);
    }
    figures[LMDB_GET][turn] = per_operation(start, OPERATIONS);
    start = measure_cpu_seconds();
    for (uint32_t i = 0; i < OPERATIONS; i++) {
        lmdb_key(key, (uint32_t)random_below(&random, count));
        expect(mdb_get(txn, dbi, &k, &found) == 0, "mdb_get");
        memcpy(bytes, found.mv_data, VALUE_BYTES);
        bytes[0]++;
        expect(mdb_put(txn, dbi, &k, &v, 0) == 0, "mdb_put");
    }
    figures[LMDB_CONDITIONAL][turn] = per_operation(start, OPERATIONS);
    expect(mdb_txn_commit(txn) == 0, "commit");
    mdb_env_close(env);
    (void)snprintf(path, sizeof path, "%s/data.mdb", directory);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/lock.mdb", directory);
    (void)unlink(path);
    (void)rmdir(directory);
}

/* The table */

static const char *const NAMES[] = {"#ttl", "ttl", "#s", "status", NULL};
static const char *const VALUES[] = {":now", ":d", ":p", NULL};

static struct expression *compile(enum expression_kind kind, const char *text)
{
    struct error error;
    struct expression *e =
        expression_compile(kind, &(struct expression_source){text, NAMES, VALUES, NULL}, &error);
    expect(e != NULL, "cannot compile an expression");
    return e;
}

static const struct instant START = {INT64_C(1769763600) * NS_PER_S};

static void add_key(struct item_writer *w, uint32_t i, char name[64])
{
    (void)snprintf(name, 64, "2026-01-30-test%07u-080000-5f0c-11f0.ndjson", i);
    item_add_s(w, TEXT("date_prefix"), TEXT("2026-01-30"));
    item_add_s(w, TEXT("file_key"), text_from(name));
}

static struct item make_file(char buffer[ITEM_BYTES], uint32_t i, const char *status)
{
    char name[64];
    char path[160];
    struct item_writer w = item_writer(buffer, ITEM_BYTES);
    item_add_s(&w, TEXT("created_at"), TEXT("2026-01-30T05:00:00.000000+00:00"));
    add_key(&w, i, name);
    (void)snprintf(path, sizeof path, "s3://ndjson-input-sqs-123456789012-dev/pipeline/input/%s",
                   name);
    item_add_s(&w, TEXT("file_path"), text_from(path));
    item_add_n(&w, TEXT("file_size_mb"), 35);
    item_add_s(&w, TEXT("manifest_path"), TEXT("manifests/2026-01-30/batch-0001.json"));
    item_add_s(&w, TEXT("status"), text_from(status));
    item_add_n(&w, TEXT("ttl"), instant_epoch_seconds(START) + 30 * 86400 + i / 10);
    item_add_s(&w, TEXT("updated_at"), TEXT("2026-01-30T05:00:00.000000+00:00"));
    return item_written(&w);
}

static struct table *open_table(uint32_t count)
{
    struct table_config config = {
        .name = "bench",
        .hash_key = {"date_prefix", TYPE_S},
        .range_key = {"file_key",             TYPE_S},
        .ttl_attribute = "ttl",
        .history = duration_s(1),
        .items_max = count + 16,
        .cache_bytes = (uint64_t)1 << 34,
        .indexes_count = 1,
        .indexes = {{.name = "status-index",
                     .hash_key = {"status", TYPE_S},
                     .range_key = {"date_prefix"}}}
    };
    struct error error;
    struct table *t = table_open(&config, START, &error);
    expect(t != NULL, "cannot open a table");
    return t;
}

/* Puts all files, all but ten of them manifested; items are made outside the time taken. */
static void bench_puts(struct table *t, struct instant *now, const uint32_t *order, uint32_t count,
                       double *figure)
{
    enum { BATCH = 500 };

    static char buffers[BATCH][ITEM_BYTES];
    struct item items[BATCH];
    double spent = 0;
    for (uint32_t i = 0; i < count; i += BATCH) {
        for (uint32_t k = 0; k < BATCH; k++) {
            uint32_t file = order == NULL ? i + k : order[i + k];
            items[k] = make_file(buffers[k], file, file % (count / 10) ? "manifested" : "pending");
        }
        double start = measure_cpu_seconds();
        for (uint32_t k = 0; k < BATCH; k++) {
            struct table_reply reply;
            now->ns += NS_PER_MS;
            expect(table_put(t, *now, items[k], NULL, NULL, &reply) == TABLE_OK, "put");
        }
        spent += measure_cpu_seconds() - start;
    }
    *figure = spent / count * 1e9;
}

static void bench_lock(struct table *t, struct instant *now, int turn)
{
    char buffer[ITEM_BYTES];
    struct table_reply reply;
    struct expression *condition =
        compile(EXPRESSION_CONDITION, "attribute_not_exists(date_prefix) OR #ttl < :now");
    struct item_writer w = item_writer(buffer, sizeof buffer);
    item_add_s(&w, TEXT("created_at"), TEXT("2026-01-30T05:00:00.000000+00:00"));
    item_add_s(&w, TEXT("date_prefix"), TEXT("LOCK#manifest-2026-01-30"));
    item_add_s(&w, TEXT("file_key"), TEXT("LOCK"));
    item_add_s(&w, TEXT("lock_id"), TEXT("2026/01/30/[$LATEST]0123456789abcdef_1769763600000"));
    item_add_n(&w, TEXT("ttl"), instant_epoch_seconds(START) + 300);
    for (int refused = 0; refused < 2; refused++) {
        struct value values[] = {value_n(instant_epoch_seconds(START) + 300 + !refused)};
        double start = measure_cpu_seconds();
        for (uint32_t i = 0; i < OPERATIONS; i++) {
            now->ns += NS_PER_MS;
            enum table_result result =
                table_put(t, *now, item_written(&w), condition, values, &reply);
            expect(result == (refused && (i > 0 || refused) ? TABLE_CONDITION_FAILED : TABLE_OK),
                   "lock");
        }
        figures[refused ? LOCK_REFUSED : LOCK_TAKEN][turn] = per_operation(start, OPERATIONS);
    }
    expression_free(condition);
}

static void bench_gets(struct table *t, struct instant now, uint32_t count, int turn)
{
    struct random_stream random = random_stream(3, TEXT("gets"));
    char buffer[ITEM_BYTES];
    char name[64];
    struct table_reply reply;
    struct item item;
    double start = measure_cpu_seconds();
    for (uint32_t i = 0; i < OPERATIONS; i++) {
        struct item_writer w = item_writer(buffer, sizeof buffer);
        add_key(&w, (uint32_t)random_below(&random, count), name);
    }
    double making = per_operation(start, OPERATIONS);
    start = measure_cpu_seconds();
    for (uint32_t i = 0; i < OPERATIONS; i++) {
        struct item_writer w = item_writer(buffer, sizeof buffer);
        add_key(&w, (uint32_t)random_below(&random, count), name);
        expect(table_get(t, now, now, item_written(&w), &item, &reply) == TABLE_OK &&
                   item.bytes.size > 0,
               "get");
    }
    figures[GET][turn] = per_operation(start, OPERATIONS) - making;
}

static void bench_updates(struct table *t, struct instant *now, uint32_t count, int turn)
{
    struct random_stream random = random_stream(4, TEXT("updates"));
    struct expression *update = compile(EXPRESSION_UPDATE, "SET #s = :p, #ttl = :now");
    static const char *const statuses[] = {"manifested", "completed"};
    char buffer[ITEM_BYTES];
    char name[64];
    struct table_reply reply;
    double start = measure_cpu_seconds();
    for (uint32_t i = 0; i < OPERATIONS; i++) {
        struct value values[] = {value_n(instant_epoch_seconds(START) + 90 * 86400 + i / 10),
                                 {0},
                                 value_s(text_from(statuses[i % 2]))};
        struct item_writer w = item_writer(buffer, sizeof buffer);
        /* The ten pending files stay so: they are multiples of count / 10. */
        add_key(&w, (uint32_t)random_below(&random, count / 10 - 1) + 1, name);
        now->ns += NS_PER_MS;
        expect(table_update(t, *now, item_written(&w), update, NULL, values, &reply) == TABLE_OK,
               "update");
    }
    figures[STATUS_UPDATE][turn] = per_operation(start, OPERATIONS);
    expression_free(update);
}

static void bench_query(struct table *t, struct instant now, int turn)
{
    struct expression *key = compile(EXPRESSION_KEY, "date_prefix = :d");
    struct expression *filter = compile(EXPRESSION_FILTER, "#s = :p");
    struct value values[] = {{0}, value_s(TEXT("2026-01-30")), value_s(TEXT("pending"))};
    struct table_query q = {
        .index = TABLE_BASE, .key = key, .filter = filter, .values = values, .as_of = now};
    struct table_page page = {0};
    char start_key[256];
    int64_t count = 0;
    double start = measure_cpu_seconds();
    for (uint32_t i = 0; i < QUERIES; i++) {
        expect(table_read_page(t, now, &q, &page) == TABLE_OK, "query");
        count += page.count;
        if (page.last_key.size > 0) {
            memcpy(start_key, page.last_key.at, page.last_key.size);
        }
        q.start_key = (struct text){start_key, page.last_key.size};
    }
    figures[QUERY][turn] = per_operation(start, QUERIES);
    expect(count > 0, "no pending file was found");
    expression_free(key);
    expression_free(filter);
}

static void bench_table(uint32_t count, const uint32_t *order, int turn)
{
    struct instant now = START;
    struct table *t = open_table(count);
    bench_puts(t, &now, order, count, &figures[PUT_RANDOM][turn]);
    (void)table_close(t, NULL);
    now = START;
    double resident = resident_bytes();
    t = open_table(count);
    bench_puts(t, &now, NULL, count, &figures[PUT_IN_ORDER][turn]);
    bytes_per_item = (resident_bytes() - resident) / count;
    bench_gets(t, now, count, turn);
    bench_query(t, now, turn);
    bench_lock(t, &now, turn);
    bench_updates(t, &now, count, turn);
    (void)table_close(t, NULL);
}

static void report(uint32_t count)
{
    double medians[FIGURES_COUNT];
    char buffer[ITEM_BYTES];
    struct item item = make_file(buffer, 0, "manifested");
    for (int i = 0; i < FIGURES_COUNT; i++) {
        medians[i] = measure_median(figures[i]);
    }
    printf("%u items of %u bytes, %.0f resident bytes an item\n", count, item_size(item),
           bytes_per_item);
    for (int i = 0; i < FIGURES_COUNT; i++) {
        printf("  %-42s %7.0f ns", TEXTS[i], medians[i]);
        if (i >= PUT_IN_ORDER) {
            printf("  %5.2f x %s", medians[i] / medians[RIVALS[i]], TEXTS[RIVALS[i]]);
        }
        printf("\n");
    }
}

int main(void)
{
    static const uint32_t counts[] = {10000, 100000, 1000000};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        uint32_t *order = shuffled(counts[i]);
        for (int turn = -1; turn < MEASURE_TURNS; turn++) {
            bench_lmdb(counts[i], turn < 0 ? 0 : turn);
            bench_table(counts[i], order, turn < 0 ? 0 : turn);
        }
        report(counts[i]);
        free(order);
    }
    return 0;
}

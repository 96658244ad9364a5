/* bench_table.c: the table beside raw LMDB doing the same bytes.
 *
 * Items are a pipeline's: a file's record of 355 bytes. A bare table has keys alone, its rival one
 * LMDB database (bench/peers/lmdb_table.h); a full one has the status index and TTL, its rival
 * three databases. Each figure is the time of one operation: puts of all items into an empty table,
 * in order of their keys and in random order; the lock's conditional put, taken and refused; an
 * update of status and ttl of a random file; a get of a random file; a page of 1 MB of a date whose
 * few pending files are asked for. Keys and items are made outside the time taken. The two sides
 * take turns in one process; medians. The rate is LMDB's time over the table's.
 *
 * Each begins with memory that the kernel has yet to make. The table reserves its own and gives it
 * back; LMDB's dirty pages are malloc's, which keeps what an environment has freed, so that the
 * next one finds its pages made: some 160 ns of a put in order, for which only the table paid. So
 * what malloc keeps is given back before either begins (measure_give_back).
 *
 * A second part writes a full table to disk, as a checkpoint does: with nothing forced to the disk,
 * and durable; beside LMDB's commit. A third asks for ten matches in a partition of more and more
 * items.
 *
 * usage: bench_table [items...]      (10000 100000 1000000)
 */
#include "bench/measure.h"
#include "bench/peers/lmdb_table.h"
#include "model/dynamodb/table.h"
#include "sim/hash.h"
#include "sim/random.h"

enum { OPERATIONS = 50000, BATCH = 500, ITEM_BYTES = 1024, PAGES = 2000, LMDB_PAGES = 100 };

#define FIGURES(X)                                                                                 \
    X(PUT_IN_ORDER, "put, in order")                                                               \
    X(PUT_RANDOM, "put, random order")                                                             \
    X(LOCK_TAKEN, "conditional put of the lock, taken")                                            \
    X(LOCK_REFUSED, "conditional put of the lock, refused")                                        \
    X(UPDATE, "update of a random file")                                                           \
    X(GET, "get of a random file")                                                                 \
    X(QUERY, "query, a page of 1 MB")                                                              \
    X(CHECKPOINT, "checkpoint, of each item")                                                      \
    X(DURABLE, "the same, forced to the disk")

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

/* Of one kind of table and number of items. */
struct figures {
    double table[FIGURES_COUNT][MEASURE_TURNS];
    double lmdb[FIGURES_COUNT][MEASURE_TURNS];
    double bytes_per_item;
};

static void expect(bool ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "bench_table: %s\n", what);
        exit(3);
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

static double per_operation(double seconds, uint32_t count)
{
    return seconds / count * 1e9;
}

/* Items */

static const struct instant START = {INT64_C(1769763600) * NS_PER_S};
static const char DATE[] = "2026-01-30";

/* All that a file's record takes. */
struct file {
    char buffer[ITEM_BYTES], key_buffer[128], name[64];
    struct item item, key;
    const char *status;
    int64_t ttl;
};

static void make_key(struct file *f, uint32_t i)
{
    struct item_writer w = item_writer(f->key_buffer, sizeof f->key_buffer);
    (void)snprintf(f->name, sizeof f->name, "2026-01-30-test%07u-080000-5f0c-11f0.ndjson", i);
    item_add_s(&w, TEXT("date_prefix"), text_from(DATE));
    item_add_s(&w, TEXT("file_key"), text_from(f->name));
    f->key = item_written(&w);
}

/* File i, `version` updates old. All but ten are manifested. */
static void make_file(struct file *f, uint32_t i, uint32_t version, uint32_t count)
{
    static const char *const statuses[] = {"manifested", "completed"};
    char path[160];
    make_key(f, i);
    f->status = version == 0 && i % (count / 10) == 0 ? "pending" : statuses[version % 2];
    f->ttl = instant_epoch_seconds(START) + 30 * 86400 + i / 10 + version;
    struct item_writer w = item_writer(f->buffer, ITEM_BYTES);
    item_add_s(&w, TEXT("created_at"), TEXT("2026-01-30T05:00:00.000000+00:00"));
    item_add_s(&w, TEXT("date_prefix"), text_from(DATE));
    item_add_s(&w, TEXT("file_key"), text_from(f->name));
    (void)snprintf(path, sizeof path, "s3://ndjson-input-sqs-123456789012-dev/pipeline/input/%s",
                   f->name);
    item_add_s(&w, TEXT("file_path"), text_from(path));
    item_add_n(&w, TEXT("file_size_mb"), 35);
    item_add_s(&w, TEXT("manifest_path"), TEXT("manifests/2026-01-30/batch-0001.json"));
    item_add_s(&w, TEXT("status"), text_from(f->status));
    item_add_n(&w, TEXT("ttl"), f->ttl);
    item_add_s(&w, TEXT("updated_at"), TEXT("2026-01-30T05:00:00.000000+00:00"));
    f->item = item_written(&w);
}

static void make_record(struct lmdb_record *r, const struct file *f)
{
    char seconds[8];
    for (int i = 0; i < 8; i++) {
        seconds[i] = (char)((uint64_t)f->ttl >> (56 - 8 * i));
    }
    r->item = f->item.bytes.at;
    r->item_size = f->item.bytes.size;
    r->key.size = r->index.size = r->ttl.size = 0;
    lmdb_key_add(&r->key, DATE, sizeof DATE);
    lmdb_key_add(&r->key, f->name, strlen(f->name));
    lmdb_key_add(&r->index, f->status, strlen(f->status) + 1);
    lmdb_key_add(&r->index, r->key.bytes, r->key.size);
    lmdb_key_add(&r->ttl, seconds, sizeof seconds);
    lmdb_key_add(&r->ttl, r->key.bytes, r->key.size);
}

/* The lock's item. */
static struct item make_lock(char *buffer)
{
    struct item_writer w = item_writer(buffer, ITEM_BYTES);
    item_add_s(&w, TEXT("created_at"), TEXT("2026-01-30T05:00:00.000000+00:00"));
    item_add_s(&w, TEXT("date_prefix"), TEXT("LOCK#manifest-2026-01-30"));
    item_add_s(&w, TEXT("file_key"), TEXT("LOCK"));
    item_add_s(&w, TEXT("lock_id"), TEXT("2026/01/30/[$LATEST]0123456789abcdef_1769763600000"));
    item_add_n(&w, TEXT("ttl"), instant_epoch_seconds(START) + 300);
    return item_written(&w);
}

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

static struct file files[BATCH];
static struct lmdb_record records[BATCH], old_records[BATCH];

/* Which file the k-th of a random series of operations is about, and how often it has been changed
 * before: each once, at most. */
struct series {
    const uint32_t *order;
    uint32_t count;
};

static uint32_t series_file(const struct series *s, uint32_t k)
{
    return s->order[k % s->count];
}

static uint32_t series_version(const struct series *s, uint32_t k)
{
    return k / s->count;
}

/* LMDB */

static double lmdb_puts(struct lmdb_table *l, const uint32_t *order, uint32_t count)
{
    double spent = 0;
    for (uint32_t i = 0; i < count; i += BATCH) {
        for (uint32_t k = 0; k < BATCH; k++) {
            make_file(&files[k], order == NULL ? i + k : order[i + k], 0, count);
            make_record(&records[k], &files[k]);
        }
        double start = measure_cpu_seconds();
        for (uint32_t k = 0; k < BATCH; k++) {
            lmdb_put(l, &records[k]);
        }
        spent += measure_cpu_seconds() - start;
    }
    return per_operation(spent, count);
}

static uint64_t sum; /* of bytes that were read, so that they have to be */

static double lmdb_gets(struct lmdb_table *l, const struct series *s)
{
    double spent = 0;
    for (uint32_t i = 0; i < OPERATIONS; i += BATCH) {
        for (uint32_t k = 0; k < BATCH; k++) {
            make_file(&files[k], series_file(s, i + k), 0, s->count);
            make_record(&records[k], &files[k]);
        }
        double start = measure_cpu_seconds();
        for (uint32_t k = 0; k < BATCH; k++) {
            MDB_val v = lmdb_get(l, &records[k].key);
            sum += ((unsigned char *)v.mv_data)[0] + ((unsigned char *)v.mv_data)[v.mv_size - 1];
        }
        spent += measure_cpu_seconds() - start;
    }
    return per_operation(spent, OPERATIONS);
}

static double lmdb_updates(struct lmdb_table *l, const struct series *s)
{
    static struct file before;
    double spent = 0;
    for (uint32_t i = 0; i < OPERATIONS; i += BATCH) {
        for (uint32_t k = 0; k < BATCH; k++) {
            uint32_t version = series_version(s, i + k);
            make_file(&before, series_file(s, i + k), version, s->count);
            make_record(&old_records[k], &before);
            make_file(&files[k], series_file(s, i + k), version + 1, s->count);
            make_record(&records[k], &files[k]);
        }
        double start = measure_cpu_seconds();
        for (uint32_t k = 0; k < BATCH; k++) {
            lmdb_update(l, &old_records[k], &records[k]);
        }
        spent += measure_cpu_seconds() - start;
    }
    return per_operation(spent, OPERATIONS);
}

/* The lock is read, what it says of its end is looked at, and it is written or not. */
static double lmdb_locks(struct lmdb_table *l, bool refused)
{
    char buffer[ITEM_BYTES];
    struct lmdb_record r = {0};
    struct item lock = make_lock(buffer);
    lmdb_key_add(&r.key, "LOCK#manifest-2026-01-30", 25);
    lmdb_key_add(&r.key, "LOCK", 4);
    lmdb_key_add(&r.ttl, "12345678", 8);
    lmdb_key_add(&r.ttl, r.key.bytes, r.key.size);
    r.item = lock.bytes.at;
    r.item_size = lock.bytes.size;
    MDB_val key = lmdb_val(&r.key);
    MDB_val ttl = lmdb_val(&r.ttl);
    MDB_val none = {0, NULL};
    MDB_val value = {r.item_size, (void *)r.item};
    lmdb_must(mdb_put(l->txn, l->items, &key, &value, 0), "put");
    double start = measure_cpu_seconds();
    for (uint32_t i = 0; i < OPERATIONS; i++) {
        MDB_val was = lmdb_get(l, &r.key);
        sum += ((unsigned char *)was.mv_data)[was.mv_size - 1];
        if (!refused) {
            lmdb_must(mdb_put(l->txn, l->items, &key, &value, 0), "put");
        }
        if (!refused && l->full) {
            lmdb_must(mdb_put(l->txn, l->ttl, &ttl, &none, 0), "put");
        }
    }
    return per_operation(measure_cpu_seconds() - start, OPERATIONS);
}

static bool is_pending(const char *item, size_t size)
{
    struct text status = item_text(
        (struct item){
            {item, size}
    },
        TEXT("status"));
    return text_equal(status, TEXT("pending"));
}

static double lmdb_pages(struct lmdb_table *l, uint32_t count)
{
    uint32_t found = 0;
    uint32_t at = 0;
    double start = measure_cpu_seconds();
    for (uint32_t i = 0; i < LMDB_PAGES; i++) {
        struct file *f = &files[0];
        make_key(f, at);
        f->status = "";
        make_record(&records[0], f);
        at += lmdb_page(l, &records[0].key, 1 << 20, is_pending, &found);
        at = at < count ? at : 0;
    }
    expect(found > 0, "LMDB found no pending file");
    return per_operation(measure_cpu_seconds() - start, LMDB_PAGES);
}

static void bench_lmdb(struct figures *f, bool full, const struct series *s, int turn)
{
    struct lmdb_table l;
    measure_give_back();
    lmdb_open(&l, full);
    f->lmdb[PUT_RANDOM][turn] = lmdb_puts(&l, s->order, s->count);
    lmdb_close(&l);
    measure_give_back();
    lmdb_open(&l, full);
    f->lmdb[PUT_IN_ORDER][turn] = lmdb_puts(&l, NULL, s->count);
    f->lmdb[GET][turn] = lmdb_gets(&l, s);
    f->lmdb[QUERY][turn] = lmdb_pages(&l, s->count);
    f->lmdb[LOCK_TAKEN][turn] = lmdb_locks(&l, false);
    f->lmdb[LOCK_REFUSED][turn] = lmdb_locks(&l, true);
    f->lmdb[UPDATE][turn] = lmdb_updates(&l, s);
    double start = measure_cpu_seconds();
    lmdb_must(mdb_txn_commit(l.txn), "commit");
    l.txn = NULL;
    f->lmdb[CHECKPOINT][turn] =
        f->lmdb[PUT_IN_ORDER][turn] + per_operation(measure_cpu_seconds() - start, s->count);
    lmdb_close(&l);
}

/* The table */

static struct expression *compile(enum expression_kind kind, const char *text)
{
    static const char *const names[] = {"#ttl", "ttl", "#s", "status", NULL};
    static const char *const values[] = {":now", ":d", ":p", NULL};
    struct error error;
    struct expression *e = expression_compile(
        kind, &(struct expression_source){.text = text, .names = names, .values = values}, &error);
    expect(e != NULL, error.message);
    return e;
}

static struct table_config config_for(uint32_t count, bool full)
{
    struct table_config config = {
        .name = "bench",
        .hash_key = {"date_prefix", TYPE_S},
        .range_key = {"file_key",             TYPE_S},
        .ttl_attribute = full ? "ttl" : NULL,
        .history = duration_s(1),
        .items_max = count + 16,
        .cache_bytes = (uint64_t)1 << 34,
        .indexes_count = full ? 1 : 0,
        .indexes = {{.name = "status-index",
                     .hash_key = {"status", TYPE_S},
                     .range_key = {"date_prefix", TYPE_S}}},
    };
    return config;
}

static struct table *open_table(const struct table_config *config)
{
    struct error error;
    measure_give_back();
    struct table *t = table_open(config, START, &error);
    expect(t != NULL, error.message);
    return t;
}

static double table_puts(struct table *t, struct instant *now, const uint32_t *order,
                         uint32_t count)
{
    double spent = 0;
    for (uint32_t i = 0; i < count; i += BATCH) {
        for (uint32_t k = 0; k < BATCH; k++) {
            make_file(&files[k], order == NULL ? i + k : order[i + k], 0, count);
        }
        double start = measure_cpu_seconds();
        for (uint32_t k = 0; k < BATCH; k++) {
            struct table_reply reply;
            now->ns += NS_PER_MS;
            expect(table_put(t, *now, files[k].item, NULL, NULL, &reply) == TABLE_OK, "put");
        }
        spent += measure_cpu_seconds() - start;
    }
    return per_operation(spent, count);
}

static double table_gets(struct table *t, struct instant now, const struct series *s)
{
    double spent = 0;
    for (uint32_t i = 0; i < OPERATIONS; i += BATCH) {
        for (uint32_t k = 0; k < BATCH; k++) {
            make_key(&files[k], series_file(s, i + k));
        }
        double start = measure_cpu_seconds();
        for (uint32_t k = 0; k < BATCH; k++) {
            struct table_reply reply;
            struct item item;
            expect(table_get(t, now, now, files[k].key, &item, &reply) == TABLE_OK &&
                       item.bytes.size > 0,
                   "get");
            sum += (unsigned char)item.bytes.at[0] +
                   (uint64_t)(unsigned char)item.bytes.at[item.bytes.size - 1];
        }
        spent += measure_cpu_seconds() - start;
    }
    return per_operation(spent, OPERATIONS);
}

static double table_updates(struct table *t, struct instant *now, const struct series *s)
{
    struct expression *update = compile(EXPRESSION_UPDATE, "SET #s = :p, #ttl = :now");
    struct value values[BATCH][3];
    double spent = 0;
    for (uint32_t i = 0; i < OPERATIONS; i += BATCH) {
        for (uint32_t k = 0; k < BATCH; k++) {
            struct file *f = &files[k];
            make_file(f, series_file(s, i + k), series_version(s, i + k) + 1, s->count);
            values[k][0] = value_n(f->ttl);
            values[k][2] = value_s(text_from(f->status));
        }
        double start = measure_cpu_seconds();
        for (uint32_t k = 0; k < BATCH; k++) {
            struct table_reply reply;
            now->ns += NS_PER_MS;
            expect(table_update(t, *now, files[k].key, update, NULL, values[k], &reply) == TABLE_OK,
                   "update");
        }
        spent += measure_cpu_seconds() - start;
    }
    expression_free(update);
    return per_operation(spent, OPERATIONS);
}

static double table_locks(struct table *t, struct instant *now, bool refused)
{
    char buffer[ITEM_BYTES];
    struct table_reply reply;
    struct item lock = make_lock(buffer);
    struct expression *condition =
        compile(EXPRESSION_CONDITION, "attribute_not_exists(date_prefix) OR #ttl < :now");
    struct value values[] = {value_n(instant_epoch_seconds(START) + 300 + !refused)};
    double start = measure_cpu_seconds();
    for (uint32_t i = 0; i < OPERATIONS; i++) {
        now->ns += NS_PER_MS;
        expect(table_put(t, *now, lock, condition, values, &reply) ==
                   (refused ? TABLE_CONDITION_FAILED : TABLE_OK),
               "lock");
    }
    double spent = measure_cpu_seconds() - start;
    expression_free(condition);
    return per_operation(spent, OPERATIONS);
}

/* Of one query, all pages, or of many, page after page. */
struct asked {
    int64_t count, scanned, rcu_milli;
    uint32_t pages;
};

/* Reads pages of the pending files of the date, from the beginning again after the last; until the
 * end where `pages` is 0. */
static struct asked ask(struct table *t, struct instant now, const char *condition, uint32_t pages)
{
    struct expression *key = compile(EXPRESSION_KEY, "date_prefix = :d");
    struct expression *filter = compile(EXPRESSION_FILTER, condition);
    struct value values[] = {{0}, value_s(text_from(DATE)), value_s(TEXT("pending"))};
    struct table_query q = {
        .index = TABLE_BASE, .key = key, .filter = filter, .values = values, .as_of = now};
    struct table_page page;
    struct asked asked = {0};
    char start_key[256];
    do {
        expect(table_read_page(t, now, &q, &page) == TABLE_OK, "query");
        asked.count += page.count;
        asked.scanned += page.scanned_count;
        asked.rcu_milli += page.rcu_milli;
        asked.pages++;
        if (page.last_key.size > 0) {
            memcpy(start_key, page.last_key.at, page.last_key.size);
        }
        q.start_key = (struct text){start_key, page.last_key.size};
    } while (pages > 0 ? asked.pages < pages : page.last_key.size > 0);
    expression_free(key);
    expression_free(filter);
    return asked;
}

static double table_pages(struct table *t, struct instant now)
{
    double start = measure_cpu_seconds();
    expect(ask(t, now, "#s = :p", PAGES).count > 0, "no pending file was found");
    return per_operation(measure_cpu_seconds() - start, PAGES);
}

static double wall_seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Fills a table in a directory of its own, and takes the time of the checkpoint: the CPU's, or the
 * wall's where the disk is waited for. */
static double table_writes(const struct series *s, bool full, bool durable)
{
    char directory[] = "/tmp/lockstep-bench-XXXXXX";
    char path[64];
    struct error error;
    struct instant now = START;
    struct table_config config = config_for(s->count, full);
    config.directory = directory;
    config.durable = durable;
    expect(mkdtemp(directory) != NULL, "no directory");
    struct table *t = open_table(&config);
    (void)table_puts(t, &now, s->order, s->count);
    double start = durable ? wall_seconds() : measure_cpu_seconds();
    expect(table_checkpoint(t, &error) == STATUS_OK, error.message);
    double spent = (durable ? wall_seconds() : measure_cpu_seconds()) - start;
    expect(table_close(t, &error) == STATUS_OK, error.message);
    (void)snprintf(path, sizeof path, "%s/data.mdb", directory);
    (void)unlink(path);
    (void)snprintf(path, sizeof path, "%s/lockstep-table", directory);
    (void)unlink(path);
    (void)rmdir(directory);
    return per_operation(spent, s->count);
}

static void bench_table(struct figures *f, bool full, const struct series *s, int turn)
{
    struct instant now = START;
    struct table_config config = config_for(s->count, full);
    struct table *t = open_table(&config);
    f->table[PUT_RANDOM][turn] = table_puts(t, &now, s->order, s->count);
    (void)table_close(t, NULL);
    now = START;
    double resident = resident_bytes();
    t = open_table(&config);
    f->table[PUT_IN_ORDER][turn] = table_puts(t, &now, NULL, s->count);
    f->bytes_per_item = (resident_bytes() - resident) / s->count;
    f->table[GET][turn] = table_gets(t, now, s);
    f->table[QUERY][turn] = table_pages(t, now);
    f->table[LOCK_TAKEN][turn] = table_locks(t, &now, false);
    f->table[LOCK_REFUSED][turn] = table_locks(t, &now, true);
    f->table[UPDATE][turn] = table_updates(t, &now, s);
    (void)table_close(t, NULL);
    f->table[CHECKPOINT][turn] = table_writes(s, full, false);
    f->table[DURABLE][turn] = table_writes(s, full, true);
}

/* Reports */

static void report(struct figures *f, bool full, uint32_t count, int turns)
{
    printf("%u items, %s; %.0f resident bytes an item\n", count,
           full ? "with an index and TTL, beside three databases" : "bare, beside one database",
           f->bytes_per_item);
    printf("  %-40s %10s %10s %8s\n", "ns", "table", "LMDB", "rate");
    for (int i = 0; i < FIGURES_COUNT; i++) {
        double table = measure_median_of(f->table[i], turns);
        double lmdb = measure_median_of(f->lmdb[i == DURABLE ? CHECKPOINT : i], turns);
        printf("  %-40s %10.0f %10.0f %7.0f%%\n", TEXTS[i], table, lmdb, 100 * lmdb / table);
    }
}

static void compare(uint32_t count)
{
    static struct figures figures[2];
    uint32_t *order = shuffled(count);
    struct series s = {order, count};
    int turns = count > 100000 ? 3 : MEASURE_TURNS;
    for (int turn = -1; turn < turns; turn++) {
        for (int full = 0; full < 2 && (turn >= 0 || count <= 100000); full++) {
            bench_lmdb(&figures[full], full, &s, turn < 0 ? 0 : turn);
            bench_table(&figures[full], full, &s, turn < 0 ? 0 : turn);
        }
    }
    for (int full = 0; full < 2; full++) {
        report(&figures[full], full, count, turns);
    }
    free(order);
}

/* The whole query, several times; its time. */
static double time_query(struct table *t, struct instant now, const char *condition,
                         struct asked *asked)
{
    double seconds[MEASURE_TURNS];
    for (int turn = 0; turn < MEASURE_TURNS; turn++) {
        double start = measure_cpu_seconds();
        *asked = ask(t, now, condition, 0);
        seconds[turn] = measure_cpu_seconds() - start;
    }
    return measure_median(seconds);
}

static void query_cost(uint32_t count)
{
    static const char *const filters[] = {"#s = :p", "begins_with(#s, :p)"};
    struct instant now = START;
    struct table_config config = config_for(count, true);
    struct table *t = open_table(&config);
    (void)table_puts(t, &now, NULL, count);
    for (int i = 0; i < 2; i++) {
        struct asked asked;
        double seconds = time_query(t, now, filters[i], &asked);
        printf("  %9u  %-20s %6lld %7u %9lld %9.1f %9.2f us %10.1f us\n", count, filters[i],
               (long long)asked.count, asked.pages, (long long)asked.scanned,
               (double)asked.rcu_milli / 1000, 1e6 * seconds / asked.pages, 1e6 * seconds);
    }
    (void)table_close(t, NULL);
}

int main(int count, char **arguments)
{
    static const uint32_t sizes[] = {1000, 10000, 100000, 1000000};
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < count; i++) {
        uint32_t items = (uint32_t)strtoul(arguments[i], NULL, 10);
        expect(items >= 1000 && items <= 10000000 && items % 1000 == 0, "items: 1000 to 10000000");
        compare(items);
    }
    for (int i = 1; i < 4 && count == 1; i++) {
        compare(sizes[i]);
    }
    printf("A query with ten matches; an index knows those of the first filter\n  %9s  %-20s %6s "
           "%7s %9s %9s %12s %13s\n",
           "items", "filter", "count", "pages", "scanned", "RCU", "a page", "the query");
    for (int i = 0; i < 4; i++) {
        query_cost(sizes[i]);
    }
    return sum == 0;
}

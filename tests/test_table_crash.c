/* test_table_crash.c: what is left of a table on disk after a crash, and after writes that fail.
 *
 * Method. This program has its own pwrite, writev, fdatasync and mmap, which LMDB calls as well:
 * they do what the system's do until they are told to fail, or to kill the process, at the n-th
 * call. For crashes a child process writes and makes checkpoints, and announces each through a
 * pipe, before and after. It is killed with SIGKILL: by itself, before, in the middle of or after
 * some write call, or by its parent after some time. Whatever it left must open as the checkpoint
 * that it last announced to be done, or as the one that it was making, whole. For failures every
 * write call of a checkpoint fails in turn; the last commit must be intact, nothing in memory lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/dynamodb/table.h"
#include "sim/random.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ITEMS = 600, BYTES = 2048, CRASHES = 200, FRESH_EVERY = 10 };

static const struct instant START = {INT64_C(1769763600) * NS_PER_S};

/* The system's calls, with faults */

/* LATE: the n-th write takes place and yet is said to have failed, and later ones do fail. */
enum fault { NONE, FAIL, FAIL_ALL, LATE, SHORT, KILL_BEFORE, KILL_IN, KILL_AFTER };

static enum fault fault = NONE;
static uint32_t fault_at; /* at which call */
static uint32_t calls;    /* so far */
static size_t map_max;    /* shared maps above this size are refused; 0: none is */

static bool due(void)
{
    calls++;
    return fault != NONE &&
           (calls == fault_at || ((fault == FAIL_ALL || fault == LATE) && calls > fault_at));
}

static void die(void)
{
    (void)kill(getpid(), SIGKILL);
}

/* Writes `size` bytes as told. */
static ssize_t write_or_not(int file, const void *bytes, size_t size, off_t at)
{
    if (!due()) {
        return syscall(SYS_pwrite64, file, bytes, size, at);
    }
    if (fault == KILL_BEFORE) {
        die();
    }
    if (fault == LATE && calls == fault_at) {
        (void)syscall(SYS_pwrite64, file, bytes, size, at);
    }
    if (fault == FAIL || fault == FAIL_ALL || fault == LATE) {
        errno = ENOSPC;
        return -1;
    }
    ssize_t done = syscall(SYS_pwrite64, file, bytes, fault == KILL_AFTER ? size : size / 2, at);
    if (fault != SHORT) {
        die();
    }
    return done;
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t at)
{
    return write_or_not(file, bytes, size, at);
}

/* One call for many runs of bytes: it fails, or is cut, as one. */
ssize_t writev(int file, const struct iovec *runs, int count)
{
    static char whole[1 << 21];
    size_t size = 0;
    for (int i = 0; i < count; i++) {
        if (size + runs[i].iov_len > sizeof whole) {
            die();
        }
        memcpy(whole + size, runs[i].iov_base, runs[i].iov_len);
        size += runs[i].iov_len;
    }
    return write_or_not(file, whole, size, lseek(file, 0, SEEK_CUR));
}

int fdatasync(int file)
{
    if (due() && fault != SHORT) {
        if (fault >= KILL_BEFORE) {
            die();
        }
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, file);
}

void *mmap(void *address, size_t size, int protection, int flags, int file, off_t at)
{
    if (file >= 0 && map_max > 0 && size > map_max) {
        errno = ENOMEM;
        return MAP_FAILED;
    }
    /* A system call gives a number. */
    return (void *)syscall(SYS_mmap, address, size, protection, flags, file, at); /* NOLINT */
}

static void inject(enum fault what, uint32_t at)
{
    fault = what;
    fault_at = at;
    calls = 0;
}

/* Tables */

static char root[64];

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(root, sizeof root, "/tmp/lockstep-crash-XXXXXX");
    return mkdtemp(root) == NULL ? -1 : 0;
}

static const char *path_of(const char *directory, const char *file)
{
    static char paths[2][256];
    static unsigned which;
    which ^= 1;
    (void)snprintf(paths[which], sizeof paths[which], "%s/%s%s%s", root, directory,
                   file[0] != '\0' ? "/" : "", file);
    return paths[which];
}

static void remove_table(const char *directory)
{
    (void)remove(path_of(directory, "data.mdb"));
    (void)remove(path_of(directory, "lockstep-table"));
    (void)remove(path_of(directory, ""));
}

static int tear_down(void **state)
{
    (void)state;
    inject(NONE, 0);
    map_max = 0;
    remove_table("table");
    remove_table("copy");
    return rmdir(root);
}

static struct table *open_in(const char *directory, bool durable, struct error *error)
{
    static char path[256];
    (void)snprintf(path, sizeof path, "%s", path_of(directory, ""));
    struct table_config config = {
        .name = "kept",
        .hash_key = {"d",     TYPE_S},
        .range_key = {"k",       TYPE_S},
        .ttl_attribute = "ttl",
        .directory = path,
        .durable = durable,
        .history = duration_s(1),
        .items_max = 2 * ITEMS,
        .cache_bytes = 50000,
        .indexes_count = 1,
        .indexes = {{.name = "status-index",
                     .hash_key = {"status", TYPE_S},
                     .range_key = {"d", TYPE_S}}},
    };
    return table_open(&config, START, error);
}

static struct table *open_table(const char *directory, bool durable)
{
    struct error error;
    struct table *t = open_in(directory, durable, &error);
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

/* Puts or deletes item i. */
static bool write_item(struct table *t, uint32_t i, uint64_t version, bool present)
{
    char buffer[BYTES];
    char key[32];
    char status[400];
    struct table_reply reply;
    struct item_writer w = item_writer(buffer, sizeof buffer);
    (void)snprintf(key, sizeof key, "file-%06u", i);
    item_add_s(&w, TEXT("d"), i % 7 == 0 ? TEXT("2026-01-30") : TEXT("2026-01-29"));
    item_add_s(&w, TEXT("k"), text_from(key));
    if (!present) {
        return table_delete(t, START, item_written(&w), NULL, NULL, &reply) == TABLE_OK;
    }
    memset(status, 's', sizeof status);
    (void)snprintf(status, sizeof status, "%llu", (unsigned long long)version);
    item_add_s(&w, TEXT("status"), (struct text){status, 1 + version % sizeof status});
    item_add_n(&w, TEXT("ttl"), instant_epoch_seconds(START) + i);
    return table_put(t, START, item_written(&w), NULL, NULL, &reply) == TABLE_OK;
}

/* Some random writes. */
static bool write_some(struct table *t, struct random_stream *random)
{
    bool ok = true;
    uint64_t count = 1 + random_below(random, 60);
    for (uint64_t i = 0; ok && i < count; i++) {
        uint32_t item = (uint32_t)random_below(random, ITEMS);
        uint64_t version = random_below(random, 1000000);
        ok = write_item(t, item, version, version % 4 != 0);
    }
    return ok;
}

/* What a table holds, as one value. */
struct contents {
    uint64_t count;
    struct hash128 hash;
};

static struct contents contents_of(const struct table *t)
{
    return (struct contents){table_count(t), table_hash(t)};
}

static bool same(const struct contents *a, const struct contents *b)
{
    return a->count == b->count && a->hash.low == b->hash.low && a->hash.high == b->hash.high;
}

/* Whether the directory opens, with contents that are also there item by item. */
static struct contents contents_on_disk(const char *directory)
{
    struct table *t = open_table(directory, false);
    struct contents contents = contents_of(t);
    close_table(t);
    return contents;
}

/* Crashes */

/* What the child says. */
struct announcement {
    bool done; /* the checkpoint; else it is about to begin */
    struct contents contents;
};

static void announce(int pipe, bool done, const struct table *t)
{
    struct announcement a;
    memset(&a, 0, sizeof a);
    a.done = done;
    a.contents = contents_of(t);
    if (write(pipe, &a, sizeof a) != (ssize_t)sizeof a) {
        _exit(1);
    }
}

/* The child: opens the table, writes and makes checkpoints until it is killed or is through. */
static _Noreturn void live(int pipe, uint64_t round, bool durable)
{
    struct error error;
    struct random_stream random = random_stream(round, TEXT("writes"));
    struct table *t = open_in("table", durable, &error);
    if (t == NULL) {
        _exit(2);
    }
    announce(pipe, true, t);
    for (int i = 0; i < 6; i++) {
        if (!write_some(t, &random)) {
            _exit(3);
        }
        announce(pipe, false, t);
        if (table_checkpoint(t, &error) != STATUS_OK) {
            _exit(4);
        }
        announce(pipe, true, t);
    }
    _exit(table_close(t, &error) == STATUS_OK ? 0 : 5);
}

/* The two states that a crash may leave. */
struct allowed {
    struct contents last, next;
    bool in_flight; /* a checkpoint was; else both are the same */
};

static void hear(struct allowed *allowed, const struct announcement *a)
{
    allowed->in_flight = !a->done;
    allowed->next = a->contents;
    if (a->done) {
        allowed->last = a->contents;
    }
}

/* Listens to the child until it has said `count` things, or all. */
static void listen(int pipe, uint32_t count, struct allowed *allowed)
{
    struct announcement a;
    for (uint32_t i = 0; i < count && read(pipe, &a, sizeof a) == (ssize_t)sizeof a; i++) {
        hear(allowed, &a);
    }
}

/* How a child ends: by the n-th write call, or after n announcements and some time. */
struct crash {
    enum fault how; /* NONE: by its parent */
    uint32_t at;
    uint64_t after_ns; /* NONE */
};

static struct crash draw_crash(uint32_t round)
{
    static const enum fault hows[] = {NONE, KILL_BEFORE, KILL_AFTER, NONE, KILL_IN, KILL_AFTER};
    struct random_stream random = random_stream(round, TEXT("crash"));
    enum fault how = hows[round % (sizeof hows / sizeof hows[0])];
    return (struct crash){how, 1 + (uint32_t)random_below(&random, how == NONE ? 12 : 40),
                          random_below(&random, 1000000)};
}

/* Lets a child live and die; returns whether it was killed. */
static bool live_and_die(uint32_t round, const struct crash *crash, struct allowed *allowed)
{
    int ends[2];
    int status = 0;
    bool durable = round % 4 == 3;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(ends[0]);
        inject(crash->how, crash->at);
        live(ends[1], round, durable);
    }
    assert_int_equal(close(ends[1]), 0);
    if (crash->how == NONE) {
        listen(ends[0], crash->at, allowed);
        struct timespec wait = {0, (long)crash->after_ns};
        (void)nanosleep(&wait, NULL);
        (void)kill(child, SIGKILL);
    }
    listen(ends[0], UINT32_MAX, allowed);
    assert_int_equal(close(ends[0]), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    return WIFSIGNALED(status);
}

static void after_a_crash_a_checkpoint_is_there_whole(void **state)
{
    (void)state;
    uint32_t killed = 0;
    uint32_t committed = 0;
    uint32_t given_up = 0;
    struct allowed allowed = {0};
    for (uint32_t round = 0; killed < CRASHES; round++) {
        if (round % FRESH_EVERY == 0) {
            remove_table("table");
            allowed = (struct allowed){0};
        }
        struct crash crash = draw_crash(round);
        killed += live_and_die(round, &crash, &allowed);
        struct contents found = contents_on_disk("table");
        if (!same(&found, &allowed.last) && !same(&found, &allowed.next)) {
            fail_msg("round %u: %llu items, neither the last checkpoint's %llu nor %llu", round,
                     (unsigned long long)found.count, (unsigned long long)allowed.last.count,
                     (unsigned long long)allowed.next.count);
        }
        committed += allowed.in_flight && same(&found, &allowed.next);
        given_up += allowed.in_flight && !same(&found, &allowed.next);
        allowed = (struct allowed){found, found, false};
    }
    print_message("%u killed: %u after a commit that was not announced, %u before it, %u between "
                  "checkpoints\n",
                  killed, committed, given_up, killed - committed - given_up);
    assert_true(committed > 0 && given_up > 0);
}

/* Failures */

static void copy_file(const char *file)
{
    char block[4096];
    size_t size;
    FILE *from = fopen(path_of("table", file), "re");
    FILE *to = fopen(path_of("copy", file), "we");
    assert_non_null(from);
    assert_non_null(to);
    while ((size = fread(block, 1, sizeof block, from)) > 0) {
        assert_int_equal(fwrite(block, 1, size, to), size);
    }
    assert_int_equal(fclose(from), 0);
    assert_int_equal(fclose(to), 0);
}

/* What the directory holds while a table has it open: as a copy shows. */
static struct contents contents_of_copy(void)
{
    (void)mkdir(path_of("copy", ""), 0700);
    copy_file("data.mdb");
    copy_file("lockstep-table");
    return contents_on_disk("copy");
}

static bool is_either(const struct contents *found, const struct contents *a,
                      const struct contents *b)
{
    return same(found, a) || same(found, b);
}

/* One kind of failure, at each call in turn, until a checkpoint makes fewer calls than that. */
struct failure {
    const char *name;
    enum fault fault;
    bool durable;
};

static void no_failed_write_loses_anything(void **state)
{
    const struct failure *f = *state;
    bool failed = true;
    uint32_t failures = 0;
    for (uint32_t at = 1; failed; at++) {
        struct random_stream random = random_stream(at, TEXT("failures"));
        struct error error = {.message = ""};
        struct table *t = open_table("table", f->durable);
        struct contents before = contents_of(t);
        assert_true(write_some(t, &random) && write_some(t, &random));
        struct contents after = contents_of(t);
        inject(f->fault, at);
        enum status status = table_checkpoint(t, &error);
        inject(NONE, 0);
        failed = status != STATUS_OK;
        failures += failed;
        struct contents found = contents_of_copy();
        if (failed) {
            assert_int_equal(status, STATUS_IO);
            assert_int_equal(error.status, STATUS_IO);
            assert_non_null(strstr(error.message, root));
        }
        assert_true(is_either(&found, failed ? &before : &after, &after));
        /* What has been deleted since is not on disk after the next checkpoint, whatever LMDB has
         * of the one that failed. */
        for (uint32_t i = at % 3; i < ITEMS; i += 3) {
            assert_true(write_item(t, i, 0, false));
        }
        after = contents_of(t);
        assert_int_equal(table_checkpoint(t, &error), STATUS_OK);
        found = contents_of_copy();
        assert_true(same(&found, &after));
        close_table(t);
        found = contents_on_disk("table");
        assert_true(same(&found, &after));
    }
    print_message("%u calls failed\n", failures);
    assert_true(failures >= 3);
}

/* The last commit stands while the map cannot grow, and the next checkpoint makes it grow. */
static void a_full_map_loses_nothing(void **state)
{
    (void)state;
    struct random_stream random = random_stream(1, TEXT("map"));
    struct error error = {.message = ""};
    map_max = (size_t)1 << 18;
    struct table *t = open_in("table", false, &error);
    assert_null(t);
    assert_int_equal(error.status, STATUS_NO_MEMORY);
    map_max = (size_t)1 << 20;
    t = open_table("table", false);
    assert_true(write_some(t, &random));
    assert_int_equal(table_checkpoint(t, &error), STATUS_OK);
    struct contents before = contents_of(t);
    for (uint32_t i = 0; i < 2 * ITEMS; i++) {
        char buffer[BYTES];
        char filler[1500] = "";
        struct table_reply reply;
        struct item_writer w = item_writer(buffer, sizeof buffer);
        item_add_s(&w, TEXT("d"), TEXT("2026-01-30"));
        item_add_s(&w, TEXT("k"), (struct text){(const char *)&i, sizeof i});
        item_add_s(&w, TEXT("filler"), (struct text){filler, sizeof filler});
        if (table_count(t) < 2 * ITEMS) {
            assert_int_equal(table_put(t, START, item_written(&w), NULL, NULL, &reply), TABLE_OK);
        }
    }
    struct contents after = contents_of(t);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(table_checkpoint(t, &error), STATUS_NO_MEMORY);
        assert_non_null(strstr(error.message, "no address space for a map of more than 1 MiB"));
        struct contents found = contents_of_copy();
        assert_true(same(&found, &before));
    }
    map_max = 0;
    assert_int_equal(table_checkpoint(t, &error), STATUS_OK);
    close_table(t);
    struct contents found = contents_on_disk("table");
    assert_true(same(&found, &after));
}

int main(void)
{
    static struct failure failures[] = {
        {"the disk is full, from the n-th write on", FAIL_ALL, false},
        {"the n-th write fails",                     FAIL,     false},
        {"the n-th write is cut short",              SHORT,    false},
        {"the n-th write fails, too late",           LATE,     false},
        {"durable: the disk is full",                FAIL_ALL, true },
        {"durable: the n-th call fails",             FAIL,     true },
    };

    enum { FAILURES = sizeof failures / sizeof failures[0] };
    struct CMUnitTest tests[2 + FAILURES] = {
        cmocka_unit_test_setup_teardown(after_a_crash_a_checkpoint_is_there_whole, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_full_map_loses_nothing, set_up, tear_down),
    };
    for (size_t i = 0; i < FAILURES; i++) {
        tests[2 + i] = (struct CMUnitTest){failures[i].name, no_failed_write_loses_anything, set_up,
                                           tear_down, &failures[i]};
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

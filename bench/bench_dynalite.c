/* bench_dynalite.c: the lock's conditional put beside dynalite's.
 *
 * dynalite is a DynamoDB server in JavaScript. bench/peers/dynalite/lock.js asks it over its own
 * protocol, which includes JSON and HTTP on the loopback; the table is called in this process. Both
 * put the same item under the same condition, which holds each time, and both count what the CPU
 * does: the table's figure is by CPU time, dynalite's the better of that and of wall time.
 *
 * usage: bench_dynalite      (from the top of the tree; DYNALITE names the directory where
 * `make bench` installed the peer, build/peers/dynalite)
 */
#include "bench/measure.h"
#include "model/dynamodb/table.h"

#include <stdio.h>

enum { OPERATIONS = 200000, ITEM_BYTES = 512, WANTED = 100 };

static const struct instant START = {INT64_C(1769763600) * NS_PER_S};

static void expect(bool ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "bench_dynalite: %s\n", what);
        exit(3);
    }
}

/* Puts a second, in this process. */
static double table_rate(void)
{
    static const char *const names[] = {"#ttl", "ttl", NULL};
    static const char *const placeholders[] = {":now", NULL};
    struct table_config config = {
        .name = "tracking",
        .hash_key = {"date_prefix", TYPE_S},
        .range_key = {"file_key",    TYPE_S},
        .history = duration_s(1),
        .items_max = 100,
        .cache_bytes = 1 << 20
    };
    struct error error;
    char buffer[ITEM_BYTES];
    struct table *t = table_open(&config, START, &error);
    expect(t != NULL, error.message);
    struct expression *condition = expression_compile(
        EXPRESSION_CONDITION,
        &(struct expression_source){.text = "attribute_not_exists(date_prefix) OR #ttl < :now",
                                    .names = names,
                                    .values = placeholders},
        &error);
    expect(condition != NULL, error.message);
    struct value values[] = {value_n(instant_epoch_seconds(START) + 301)};
    struct item_writer w = item_writer(buffer, sizeof buffer);
    item_add_s(&w, TEXT("created_at"), TEXT("2026-01-30T05:00:00.000000+00:00"));
    item_add_s(&w, TEXT("date_prefix"), TEXT("LOCK#manifest-2026-01-30"));
    item_add_s(&w, TEXT("file_key"), TEXT("LOCK"));
    item_add_s(&w, TEXT("lock_id"), TEXT("2026/01/30/[$LATEST]0123456789abcdef_1769763600000"));
    item_add_n(&w, TEXT("ttl"), instant_epoch_seconds(START) + 300);
    struct instant now = START;
    double start = measure_cpu_seconds();
    for (int i = 0; i < OPERATIONS; i++) {
        struct table_reply reply;
        now.ns += NS_PER_MS;
        expect(table_put(t, now, item_written(&w), condition, values, &reply) == TABLE_OK, "put");
    }
    double seconds = measure_cpu_seconds() - start;
    expression_free(condition);
    (void)table_close(t, NULL);
    return OPERATIONS / seconds;
}

/* Requests a second that dynalite serves; false where it cannot be run. */
static bool dynalite_rate(double *wall, double *cpu)
{
    char command[512];
    const char *directory = getenv("DYNALITE");
    (void)snprintf(command, sizeof command, "node '%s/lock.js'",
                   directory != NULL ? directory : "build/peers/dynalite");
    FILE *output = popen(command, "re");
    expect(output != NULL, "cannot start node");
    int read = fscanf(output, "%lf %lf", wall, cpu);
    return pclose(output) == 0 && read == 2;
}

int main(void)
{
    double rates[MEASURE_TURNS];
    double wall;
    double cpu;
    if (!dynalite_rate(&wall, &cpu)) {
        printf("dynalite is not there; npm and node install and run it\n");
        return 0;
    }
    for (int turn = 0; turn < MEASURE_TURNS; turn++) {
        rates[turn] = table_rate();
    }
    double table = measure_median(rates);
    double dynalite = wall > cpu ? wall : cpu;
    printf("conditional puts of the lock a second: table %.0f, dynalite %.0f (%.0f by its CPU "
           "time): %.0f times, wanted %d\n",
           table, wall, cpu, table / dynalite, WANTED);
    return 0;
}

/* test_mm1.c: the engine, its processes, distributions and statistics against queueing theory.
 *
 * M/M/1 queues of two loads (bench/mm1.h), 20 independent replications each. The theoretical mean
 * number in the system and mean time there must lie within the 95 % confidence interval of the
 * replications' means, and that interval must be narrow enough to tell. The seeds are fixed, so the
 * verdict is the same on every machine. A replication is also shown to be the same from its seed,
 * and from a snapshot in its midst.
 */
#include "bench/mm1.h"
#include "tests/cases.h"

#include <math.h>
#include <stdlib.h>

enum { REPLICATIONS = 20, CUSTOMERS = 100000, WARM_UP = 10000 };

static const struct load_case {
    const char *name;
    const char *interval, *service;
    double mean_number, mean_seconds; /* in the system, by theory */
    double halfwidth_most;            /* relative */
} loads[] = {
    {"load 0.5: 1 in the system, for 1 s", "exponential(1s)", "exponential(500ms)", 1, 1, 0.02},
    {"load 0.9: 9 in the system, for 9 s", "exponential(1s)", "exponential(900ms)", 9, 9, 0.05},
};

static void start(struct mm1 *m, const struct load_case *load, uint64_t seed)
{
    struct error error;
    if (mm1_init(m, load->interval, load->service, seed, CUSTOMERS, WARM_UP, &error) != STATUS_OK) {
        print_error("%s\n", error.message);
        exit(1);
    }
}

/* In thousandths, as means of levels are. */
struct means {
    int64_t number[REPLICATIONS], milliseconds[REPLICATIONS];
};

static void replicate(const struct load_case *load, struct means *means)
{
    for (int i = 0; i < REPLICATIONS; i++) {
        struct mm1 m;
        start(&m, load, (uint64_t)i + 1);
        mm1_run(&m);
        assert_null(m.simulation.failed);
        assert_true(m.state->first == CUSTOMERS && m.state->end == CUSTOMERS);
        means->number[i] = level_mean_milli(&m.state->in_system, simulation_now(&m.simulation));
        means->milliseconds[i] =
            m.state->sojourn_sum_ns / (CUSTOMERS - WARM_UP) / (NS_PER_S / 1000);
        mm1_deinit(&m);
    }
}

static void assert_in_interval(const int64_t *milli, double theory, double halfwidth_most)
{
    double mean = 0;
    for (int i = 0; i < REPLICATIONS; i++) {
        mean += (double)milli[i] / 1000 / REPLICATIONS;
    }
    double halfwidth = (double)mean_halfwidth(milli, REPLICATIONS) / 1000;
    if (fabs(mean - theory) > halfwidth || halfwidth > halfwidth_most * theory) {
        fail_msg("%.3f +- %.3f, where theory says %.3f", mean, halfwidth, theory);
    }
}

static void test_load(void **state)
{
    const struct load_case *load = *state;
    struct means means;
    replicate(load, &means);
    assert_in_interval(means.number, load->mean_number, load->halfwidth_most);
    assert_in_interval(means.milliseconds, load->mean_seconds, load->halfwidth_most);
}

static void test_the_seed_decides_the_trace(void **state)
{
    (void)state;
    struct hash128 hashes[3];
    for (uint64_t i = 0; i < 3; i++) {
        struct mm1 m;
        start(&m, &loads[0], i < 2 ? 7 : 8);
        mm1_run(&m);
        hashes[i] = trace_hash(&m.trace);
        mm1_deinit(&m);
    }
    assert_memory_equal(&hashes[0], &hashes[1], sizeof hashes[0]);
    assert_memory_not_equal(&hashes[0], &hashes[2], sizeof hashes[0]);
}

static void step_often(struct mm1 *m, int steps)
{
    for (int i = 0; i < steps; i++) {
        assert_true(simulation_step(&m->simulation));
    }
}

static void test_a_snapshot_goes_on_as_before(void **state)
{
    (void)state;
    struct mm1 m;
    start(&m, &loads[1], 7);
    (void)mm1_arrivals(&m);
    (void)mm1_server(&m);
    step_often(&m, 10000);
    void *snapshot = malloc(world_snapshot_bytes(&m.simulation.world));
    assert_non_null(snapshot);
    world_snapshot(&m.simulation.world, snapshot);
    struct trace trace = m.trace;

    step_often(&m, 5000);
    struct hash128 then = trace_hash(&m.trace);
    struct hash128 world_then = world_hash(&m.simulation.world);
    step_often(&m, 5000);
    world_restore(&m.simulation.world, snapshot);
    m.trace = trace;
    step_often(&m, 5000);
    struct hash128 world_now = world_hash(&m.simulation.world);
    struct hash128 again = trace_hash(&m.trace);
    assert_memory_equal(&again, &then, sizeof then);
    assert_memory_equal(&world_now, &world_then, sizeof world_now);
    free(snapshot);
    mm1_deinit(&m);
}

int main(void)
{
    struct cases cases = {0};
    CASES_ADD_TABLE(&cases, test_load, loads);
    CASES_ADD(&cases, test_the_seed_decides_the_trace);
    CASES_ADD(&cases, test_a_snapshot_goes_on_as_before);
    return cases_run("mm1", &cases);
}

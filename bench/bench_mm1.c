/* bench_mm1.c: the whole engine against the bare limit and against SimPy, in M/M/1 with load 0.9.
 *
 * Customers a second of CPU time. Ours are two processes that draw through the choices, with a
 * trace hash over every event and the time average of the queue; the limit (bench/peers/mm1.h) has
 * none of these; SimPy (bench/peers/mm1_simpy.py) is the process view that people know, run as a
 * child, and left out where it is not installed. Run from the root of the repository.
 */
#include "bench/measure.h"
#include "bench/mm1.h"
#include "bench/peers/mm1.h"

#include <stdio.h>

enum { CUSTOMERS = 1000000, SIMPY_CUSTOMERS = 100000 };

static double ours(double *sojourn, double *events)
{
    struct mm1 m;
    struct error error;
    if (mm1_init(&m, "exponential(1s111111111ns)", "exponential(1s)", 1, CUSTOMERS, 0, &error) !=
        STATUS_OK) {
        (void)fprintf(stderr, "%s\n", error.message);
        exit(3);
    }
    double start = measure_cpu_seconds();
    mm1_run(&m);
    double seconds = measure_cpu_seconds() - start;
    *sojourn = (double)m.state->sojourn_sum_ns * 1e-9 / CUSTOMERS;
    *events = (double)m.simulation.events / CUSTOMERS;
    mm1_deinit(&m);
    return CUSTOMERS / seconds;
}

static double limit(double *sojourn, double *events)
{
    struct bare_mm1 b;
    double start = measure_cpu_seconds();
    bare_mm1_run(&b, CUSTOMERS);
    double seconds = measure_cpu_seconds() - start;
    *sojourn = b.sojourn_sum_seconds / CUSTOMERS;
    *events = (double)b.events / CUSTOMERS;
    return CUSTOMERS / seconds;
}

/* False where this Python or its SimPy is not there. */
static bool simpy(const char *python, double *rate, double *sojourn, char version[static 32])
{
    char command[128];
    (void)snprintf(command, sizeof command, "%s bench/peers/mm1_simpy.py %d 2>/dev/null", python,
                   SIMPY_CUSTOMERS);
    FILE *child = popen(command, "r");
    if (child == NULL) {
        return false;
    }
    char line[128] = "";
    bool read = fgets(line, sizeof line, child) != NULL;
    int exit_status = pclose(child);
    return read && exit_status == 0 && sscanf(line, "%lf %lf %31s", rate, sojourn, version) == 3;
}

/* Debian's packages belong to its own Python, which need not be the first in the path. */
static const char *python_with_simpy(void)
{
    static const char *const pythons[] = {"python3", "/usr/bin/python3"};
    double ignored[2];
    char version[32];
    for (size_t i = 0; i < sizeof pythons / sizeof pythons[0]; i++) {
        if (simpy(pythons[i], &ignored[0], &ignored[1], version)) {
            return pythons[i];
        }
    }
    return NULL;
}

static void print_row(const char *name, double rate, double sojourn, double ratio)
{
    (void)printf("%-14s %10.0f %10.2f %10.2f\n", name, rate, sojourn, ratio);
}

int main(void)
{
    double rates[3][MEASURE_TURNS] = {{0}};
    double sojourn[3] = {0};
    double events[2] = {0};
    char version[32] = "";
    const char *python = python_with_simpy();
    for (int t = -1; t < MEASURE_TURNS; t++) {
        int i = t < 0 ? 0 : t; /* the warm-up is overwritten */
        rates[0][i] = ours(&sojourn[0], &events[0]);
        rates[1][i] = limit(&sojourn[1], &events[1]);
        if (python != NULL && !simpy(python, &rates[2][i], &sojourn[2], version)) {
            return 3;
        }
    }
    double our_rate = measure_median(rates[0]);
    double limit_rate = measure_median(rates[1]);
    (void)printf("M/M/1, load 0.9 (CPU, median of %d): events a customer %.2f ours, %.2f limit\n"
                 "               customers/s  mean time  ours/this\n",
                 MEASURE_TURNS, events[0], events[1]);
    print_row("ours", our_rate, sojourn[0], 1);
    print_row("bare limit", limit_rate, sojourn[1], our_rate / limit_rate);
    if (python != NULL) {
        double simpy_rate = measure_median(rates[2]);
        print_row("SimPy", simpy_rate, sojourn[2], our_rate / simpy_rate);
        (void)printf("SimPy is version %s\n", version);
    } else {
        (void)printf("SimPy left out: no python3 can import it (Debian: python3-simpy3)\n");
    }
    return 0;
}

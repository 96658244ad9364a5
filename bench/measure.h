/* measure.h: what benches share: the CPU's clock, and medians of interleaved repetitions.
 *
 * CPU time is measured, not wall time, since the machine may be busy. Rivals take turns within one
 * process, so that what disturbs one disturbs all; their first turn only warms up.
 */
#ifndef LOCKSTEP_BENCH_MEASURE_H
#define LOCKSTEP_BENCH_MEASURE_H

#include <malloc.h>
#include <stdlib.h>
#include <time.h>

enum { MEASURE_TURNS = 5 };

static inline double measure_cpu_seconds(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Gives the kernel what has been freed and malloc keeps: whoever comes next begins with memory that
 * has yet to be made, as in a process of its own. */
static inline void measure_give_back(void)
{
    (void)malloc_trim(0);
}

static inline int measure_compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts the figures of so many turns and returns the middle one. */
static inline double measure_median_of(double *figures, int turns)
{
    qsort(figures, (size_t)turns, sizeof figures[0], measure_compare);
    return figures[turns / 2];
}

static inline double measure_median(double figures[MEASURE_TURNS])
{
    return measure_median_of(figures, MEASURE_TURNS);
}

#endif

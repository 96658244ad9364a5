/* bench_pipeline.c: whole runs of the pipeline, process start to exit, against the SimPy peer on
 * the same workload.
 *
 * For each number of files, `lockstep run bench/pipeline.yaml` and bench/peers/pipeline_simpy.py
 * take turns; printed are the medians, files per second, their ratio and the peak memory.
 * Lockstep's time is that of the whole process; the peer's is that of its event loop alone, as it
 * says it. Then come a short run and two idle days; and with the argument "all" a day of 100 000
 * files, and a million files in ten days beside the peer with the same number of files in the same
 * time.
 *
 * usage: bench_pipeline [all]     (from the top of the tree; LOCKSTEP names the program,
 * build/release/lockstep)
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REPETITIONS_MAX = 11, OUTPUT_MAX = 1 << 16 };

struct measure {
    double seconds; /* wall; -1: it failed */
    double mib;     /* peak */
};

static double wall(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Reads to the end; keeps what fits. */
static void capture(int from, char *output)
{
    char buffer[4096];
    size_t used = 0;
    ssize_t got;
    while ((got = read(from, buffer, sizeof buffer)) > 0) {
        size_t room = OUTPUT_MAX - 1 - used;
        size_t keep = (size_t)got < room ? (size_t)got : room;
        memcpy(output + used, buffer, keep);
        used += keep;
    }
    output[used] = '\0';
}

/* Runs a command to its end. Exit status 1 is a verdict, not a failure. */
static struct measure run(const char *const *command, char *output)
{
    int ends[2];
    if (pipe(ends) != 0) {
        return (struct measure){-1, 0};
    }
    double start = wall();
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDOUT_FILENO);
        (void)close(ends[0]);
        (void)execvp(command[0], (char *const *)command);
        _exit(127);
    }
    (void)close(ends[1]);
    capture(ends[0], output);
    (void)close(ends[0]);
    int status;
    struct rusage usage;
    (void)wait4(child, &status, 0, &usage);
    bool ran = WIFEXITED(status) && WEXITSTATUS(status) <= 1;
    return (struct measure){ran ? wall() - start : -1, (double)usage.ru_maxrss / 1024};
}

static const char *program(void)
{
    const char *path = getenv("LOCKSTEP");
    return path != NULL ? path : "build/release/lockstep";
}

static struct measure run_lockstep(const char *scenario, long files, char *output)
{
    char set[64] = "start=2026-01-30T05:00:00Z";
    if (files > 0) {
        (void)snprintf(set, sizeof set, "workload.0.files=%ld", files);
    }
    const char *command[] = {program(), "run", "--format", "json", "--set", set, scenario, NULL};
    return run(command, output);
}

/* The peer's own figure, in place of its start-up's. */
static struct measure run_peer(long files, const char *window_s, char *output)
{
    char count[32];
    (void)snprintf(count, sizeof count, "%ld", files);
    const char *command[] = {"/usr/bin/python3",
                             "bench/peers/pipeline_simpy.py",
                             "--json",
                             "--window",
                             window_s,
                             "--files",
                             count,
                             NULL};
    struct measure measure = run(command, output);
    const char *figure = strstr(output, "\"run_s\": ");
    if (measure.seconds >= 0) {
        measure.seconds = figure == NULL ? -1 : strtod(figure + 9, NULL);
    }
    return measure;
}

static int compare(const void *a, const void *b)
{
    double x = ((const struct measure *)a)->seconds;
    double y = ((const struct measure *)b)->seconds;
    return (x > y) - (x < y);
}

static struct measure median(struct measure *measures, int count)
{
    qsort(measures, (size_t)count, sizeof *measures, compare);
    return measures[count / 2];
}

/* An integer behind a key of the summary; -1 where it is not there. */
static long figure(const char *json, const char *key)
{
    const char *at = strstr(json, key);
    return at == NULL ? -1 : strtol(at + strlen(key), NULL, 10);
}

/* `window_s`: the seconds within which the files arrive, as the scenario has it. */
static void beside_peer(const char *scenario, long files, const char *window_s, int repetitions)
{
    static char output[OUTPUT_MAX];
    static char peer_output[OUTPUT_MAX];
    struct measure ours[REPETITIONS_MAX];
    struct measure peers[REPETITIONS_MAX];
    for (int i = 0; i < repetitions; i++) {
        ours[i] = run_lockstep(scenario, files, output);
        peers[i] = run_peer(files, window_s, peer_output);
    }
    struct measure our = median(ours, repetitions);
    struct measure peer = median(peers, repetitions);
    long events = figure(output, "\"events\": ");
    (void)printf("%8ld files: lockstep %9.4f s %9.0f files/s %6.2f M events/s %6.0f MiB", files,
                 our.seconds, (double)files / our.seconds, 1e-6 * (double)events / our.seconds,
                 our.mib);
    if (peer.seconds > 0) {
        (void)printf("   SimPy %9.4f s %7.0f files/s %5.0f MiB   ratio %.1f", peer.seconds,
                     (double)files / peer.seconds, peer.mib, peer.seconds / our.seconds);
    } else {
        (void)printf("   SimPy: not to be had (python3-simpy3)");
    }
    (void)printf("   (%d runs)\n", repetitions);
    (void)fflush(stdout);
}

static void alone(const char *what, const char *scenario, long files, int repetitions)
{
    static char output[OUTPUT_MAX];
    struct measure ours[REPETITIONS_MAX];
    for (int i = 0; i < repetitions; i++) {
        ours[i] = run_lockstep(scenario, files, output);
    }
    struct measure our = median(ours, repetitions);
    long events = figure(output, "\"events\": ");
    (void)printf("%s: %.4f s, %ld events, %.2f M events/s, %.0f MiB peak, %ld manifests, %ld files "
                 "pending   (%d runs)\n",
                 what, our.seconds, events, 1e-6 * (double)events / our.seconds, our.mib,
                 figure(output, "\"created\": "), figure(output, "\"pending\": "), repetitions);
    (void)fflush(stdout);
}

int main(int argc, char **argv)
{
    bool all = argc > 1 && strcmp(argv[1], "all") == 0;
    const char *workload = "bench/pipeline.yaml";
    beside_peer(workload, 130, "60", 11);
    beside_peer(workload, 10000, "60", 5);
    beside_peer(workload, 100000, "60", all ? 3 : 1);
    alone("130 files over a minute", "scenarios/regression/130-files.yaml", 130, 11);
    alone("48 idle hours", "bench/idle.yaml", 0, 11);
    if (all) {
        alone("a day of 100 000 files", "bench/scenarios/day-of-100k.yaml", 100000, 3);
        beside_peer("bench/scenarios/million-files.yaml", 1000000, "864000", 1);
    }
    return 0;
}

/* bench_state_space.c: the lock's world, on the table, beside SPIN's model of it.
 *
 * Both find all worlds of N Lambdas and files, manifests of two files and one crash: ours with
 * every call made on the table and taken back (tests/lock_world.h), SPIN as a C program of its own
 * making out of bench/peers/lock.pml, -O2, without the partial-order reduction, which saves nothing
 * here and costs time. SPIN keeps worlds whole; ours keeps 128 bits of each, or 64. Every run is a
 * process of its own, one core, from start to exit: CPU time, and the most memory it had. The two
 * take turns; medians. SPIN counts its first process as a world and two transitions more.
 *
 * A second part, asked for by the word, is the matrix: which properties hold of which variant of
 * the protocol, for N of 2 to 4.
 *
 * usage: bench_state_space [turns of N = 4] [matrix]      (1; from the top of the tree)
 */
#include "bench/measure.h"
#include "tests/lock_world.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DEPTH_MAX = 1000, TURNS_MAX = 9, LAMBDAS_FROM = 3, LAMBDAS_TO = 4 };

static void expect(bool ok, const char *what)
{
    if (!ok) {
        (void)fprintf(stderr, "bench_state_space: %s\n", what);
        exit(3);
    }
}

/* One run of somebody. */
struct outcome {
    uint64_t worlds, transitions;
    int32_t missed_log2;
    bool violated[LOCK_PROPERTIES_COUNT];
};

struct run {
    struct outcome outcome;
    double seconds, megabytes;
};

/* Waits for a child, which must do well; what it used. */
static void await(pid_t child, struct run *run)
{
    struct rusage used = {0};
    int status = 0;
    expect(child > 0 && wait4(child, &status, 0, &used) == child, "cannot run a process");
    expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a process has failed");
    run->seconds = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                   1e-6 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
    run->megabytes = (double)used.ru_maxrss / 1024;
}

/* Ours */

static struct outcome explore(const struct lock_world_config *config,
                              const struct state_search *search)
{
    struct error error;
    struct outcome outcome = {0};
    struct lock_world *w = lock_world_open(config, &error);
    expect(w != NULL, error.message);
    struct state_model model = lock_world_model(w);
    struct state_space *s = state_space_open(&model, search, &error);
    expect(s != NULL, error.message);
    expect(state_space_explore(s, &error) == STATUS_OK, error.message);
    const struct state_results *r = state_space_results(s);
    outcome.worlds = r->worlds;
    outcome.transitions = r->transitions;
    outcome.missed_log2 = r->missed_log2;
    for (int i = 0; i < LOCK_PROPERTIES_COUNT; i++) {
        outcome.violated[i] = r->findings[i].worlds > 0;
    }
    state_space_close(s);
    lock_world_close(w);
    return outcome;
}

/* The same in a process of its own. */
static struct run run_ours(const struct lock_world_config *config,
                           const struct state_search *search)
{
    struct run run;
    struct outcome *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    expect(shared != MAP_FAILED, "no memory");
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        *shared = explore(config, search);
        _exit(0);
    }
    await(child, &run);
    run.outcome = *shared;
    (void)munmap(shared, sizeof *shared);
    return run;
}

/* SPIN */

static char directory[] = "/tmp/lockstep-spin-XXXXXX";

/* Makes the verifier pan-N; false where SPIN is missing. */
static bool make_verifier(uint32_t lambdas)
{
    char command[512];
    (void)snprintf(command, sizeof command,
                   "command -v spin >/dev/null || exit 1; cp bench/peers/lock.pml %s && cd %s && "
                   "spin -DN=%u -DT=2 -DC=1 -a lock.pml >/dev/null && "
                   "gcc -O2 -w -DSAFETY -DNOREDUCE -o pan-%u pan.c",
                   directory, directory, lambdas, lambdas);
    return system(command) == 0;
}

static void remove_verifiers(void)
{
    char command[64];
    (void)snprintf(command, sizeof command, "rm -r %s", directory);
    expect(system(command) == 0, "cannot remove what SPIN left");
}

/* The number in front of `what` in SPIN's report. */
static uint64_t reported(const char *text, const char *what)
{
    const char *at = strstr(text, what);
    expect(at != NULL, "SPIN's report is not as expected");
    while (at != NULL && at > text && at[-1] != '\n') {
        at--;
    }
    return at != NULL ? strtoull(at, NULL, 10) : 0;
}

static struct run run_spin(uint32_t lambdas)
{
    char program[64];
    char file[64];
    static char text[1 << 16];
    struct run run;
    (void)snprintf(program, sizeof program, "%s/pan-%u", directory, lambdas);
    (void)snprintf(file, sizeof file, "%s/report", directory);
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        int to = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        expect(to >= 0 && dup2(to, STDOUT_FILENO) >= 0, "cannot write SPIN's report");
        (void)execl(program, program, "-m10000", lambdas > 3 ? "-w25" : "-w18", (char *)NULL);
        _exit(3);
    }
    await(child, &run);
    FILE *f = fopen(file, "re");
    expect(f != NULL, "no report of SPIN's");
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    (void)fclose(f);
    expect(strstr(text, "errors: 0") != NULL, "SPIN found an error");
    run.outcome = (struct outcome){.worlds = reported(text, " states, stored"),
                                   .transitions = reported(text, " transitions (=")};
    return run;
}

/* Rivals */

static const struct rival {
    const char *name;
    struct state_search search; /* tag_bits 0: SPIN */
    bool with_index;
} rivals[] = {
    {"depth first, 128 bits",             {.order = STATE_DEPTH_FIRST, .tag_bits = 128},   false},
    {"depth first, 64 bits",              {.order = STATE_DEPTH_FIRST, .tag_bits = 64},    false},
    {"sleep sets, 128 bits",
     {.order = STATE_DEPTH_FIRST, .tag_bits = 128, .sleep_sets = true},
     false                                                                                      },
    {"the same, the table with an index",
     {.order = STATE_DEPTH_FIRST, .tag_bits = 128, .sleep_sets = true},
     true                                                                                       },
    {"breadth first, 128 bits",           {.order = STATE_BREADTH_FIRST, .tag_bits = 128}, false},
    {"SPIN",                              {.tag_bits = 0},                                 false},
};

enum { RIVALS = sizeof rivals / sizeof rivals[0] };

/* What is known of N = 3 and N = 4, from three explorers. */
static const uint64_t known_worlds[] = {68904, 10452154};
static const uint64_t known_transitions[] = {282540, 54821705};

static struct run run_rival(const struct rival *rival, uint32_t lambdas)
{
    uint64_t worlds = known_worlds[lambdas - LAMBDAS_FROM];
    uint64_t transitions = known_transitions[lambdas - LAMBDAS_FROM];
    if (rival->search.tag_bits == 0) {
        struct run run = run_spin(lambdas);
        expect(run.outcome.worlds == worlds + 1 && run.outcome.transitions == transitions + 2,
               "SPIN does not find what it should");
        return run;
    }
    const struct lock_world_config config = {
        .lambdas = lambdas, .threshold = 2, .crashes = 1, .with_index = rival->with_index};
    struct state_search search = rival->search;
    search.worlds_max = worlds;
    search.depth_max = DEPTH_MAX;
    struct run run = run_ours(&config, &search);
    expect(run.outcome.worlds == worlds &&
               (search.sleep_sets || run.outcome.transitions == transitions),
           "the worlds are not those of the model");
    return run;
}

static void report(const struct rival *rival, struct run runs[TURNS_MAX], int turns)
{
    double seconds[TURNS_MAX] = {0};
    for (int i = 0; i < turns; i++) {
        seconds[i] = runs[i].seconds;
    }
    double median = measure_median_of(seconds, turns);
    const struct outcome *o = &runs[0].outcome;
    printf("  %-34s %9llu %10llu %8.3f %8.2f %8.2f %7.0f", rival->name,
           (unsigned long long)o->worlds, (unsigned long long)o->transitions, median,
           1e-6 * (double)o->worlds / median, 1e-6 * (double)o->transitions / median,
           runs[0].megabytes);
    if (rival->search.tag_bits != 0) {
        printf("  2^%d", -o->missed_log2);
    }
    printf("\n");
}

static void compare(uint32_t lambdas, int turns)
{
    static struct run runs[RIVALS][TURNS_MAX];
    bool spin = make_verifier(lambdas);
    int count = spin ? RIVALS : RIVALS - 1;
    for (int turn = -1; turn < turns; turn++) {
        for (int i = 0; i < count && (turn >= 0 || lambdas == LAMBDAS_FROM); i++) {
            runs[i][turn < 0 ? 0 : turn] = run_rival(&rivals[i], lambdas);
        }
    }
    printf("%u Lambdas and files, manifests of 2, 1 crash; %d turn%s\n", lambdas, turns,
           turns == 1 ? "" : "s");
    printf("  %-34s %9s %10s %8s %8s %8s %7s  %s\n", "", "worlds", "fired", "CPU s", "M wor/s",
           "M fir/s", "MB", "missed below");
    for (int i = 0; i < count; i++) {
        report(&rivals[i], runs[i], turns);
    }
    if (!spin) {
        printf("  SPIN is not here (Debian: apt-get install spin)\n");
    }
}

/* The matrix */

static void matrix_row(struct lock_world_config config)
{
    const struct state_search search = {.order = STATE_DEPTH_FIRST,
                                        .sleep_sets = true,
                                        .tag_bits = 128,
                                        .worlds_max = 11000000,
                                        .depth_max = DEPTH_MAX};
    struct run run = run_ours(&config, &search);
    printf("  %u %7u  %-5s %-5s %-7s %9llu  ", config.lambdas, config.crashes,
           config.fence ? "fence" : "", config.retry ? "retry" : "",
           config.never_expires ? "never" : "", (unsigned long long)run.outcome.worlds);
    for (int i = 0; i < LOCK_PROPERTIES_COUNT; i++) {
        printf(" %-8s", run.outcome.violated[i] ? "x" : "holds");
    }
    printf("\n");
}

static void matrix(void)
{
    printf("What holds, of manifests of 2 files\n  N crashes  %-19s %9s   %-8s %-8s %-8s %-8s %s\n",
           "variant, expiry", "worlds", "SAFE", "LIVE1", "LIVE2", "LIVE3", "PROGRESS");
    for (uint32_t lambdas = 2; lambdas <= LAMBDAS_TO; lambdas++) {
        for (uint32_t variant = 0; variant < 16; variant++) {
            matrix_row((struct lock_world_config){.lambdas = lambdas,
                                                  .threshold = 2,
                                                  .crashes = variant >> 3,
                                                  .fence = (variant & 4) != 0,
                                                  .retry = (variant & 2) != 0,
                                                  .never_expires = (variant & 1) != 0});
        }
    }
}

int main(int count, char **arguments)
{
    int turns = count > 1 ? atoi(arguments[1]) : 1;
    expect(turns >= 0 && turns <= TURNS_MAX, "turns: 0 to 9");
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    expect(mkdtemp(directory) != NULL, "no directory for SPIN");
    compare(3, MEASURE_TURNS);
    if (turns > 0) {
        compare(4, turns);
    }
    remove_verifiers();
    if (count > 2 && strcmp(arguments[2], "matrix") == 0) {
        matrix();
    }
    return 0;
}

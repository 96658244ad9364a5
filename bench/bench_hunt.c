/* bench_hunt.c: how many runs a second a hunt makes, and what each strategy finds.
 *
 * Worlds: as many functions as files, all at once, in batches of two (8 functions) or ten (1 000).
 * For each strategy: runs a second on one core, deviations a run, and the share of runs in which a
 * file is listed by two, three, four and five started manifests, each a deeper bug than the one
 * before; in parentheses the first run that has it.
 *
 * usage: bench_hunt [seconds for each strategy]     (2)
 */
#include "model/pipeline/run_state.h"
#include "model/search/hunt.h"

#include "bench/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 5 };

struct catch
{
    double until;
    uint64_t runs, deviations, unended;
    uint64_t listed[DEEPEST + 1], first[DEEPEST + 1];
};

static uint64_t most_listed(const struct run *run)
{
    const struct pipeline *p = run_pipeline((struct run *)run);
    uint64_t most = 0;
    for (uint64_t i = 0; i < HISTORY_COUNT(p, files); i++) {
        most = p->history.files[i].starts > most ? p->history.files[i].starts : most;
    }
    return most < DEEPEST ? most : DEEPEST;
}

static bool take(void *self, const struct hunt_run *run)
{
    struct catch *t = self;
    t->runs++;
    t->deviations += run->deviations_count;
    t->unended += run->end != EXPLORED_ENDED;
    for (uint64_t k = most_listed(run->run); k > 1; k--) {
        t->first[k] = t->listed[k]++ == 0 ? t->runs : t->first[k];
    }
    return measure_cpu_seconds() < t->until;
}

static void world(struct scenario *s, int64_t files, enum builder builder)
{
    scenario_init(s);
    scenario_apply_builder(s, builder);
    s->name = TEXT("hunted");
    s->max_files_per_manifest = files > 100 ? 10 : 2;
    s->min_files_for_partial_batch = s->max_files_per_manifest;
    s->function.reserved_concurrency = files;
    s->function.scaling_per_10s = files;
    s->mapping.maximum_concurrency = files < 2 ? 2 : files;
    s->mapping.initial_concurrency = files;
    s->mapping.batch_size = 1;
    s->workloads_count = 1;
    s->workloads[0] = (struct workload){.files = files,
                                        .over = duration_s(files > 100 ? 10 : 2),
                                        .size = 3670016,
                                        .prefix = TEXT("pipeline/input/")};
}

static void measure(const struct scenario *s, const struct deviation_menu *menu,
                    enum hunt_strategy strategy, double seconds)
{
    struct error error;
    struct hunt hunt = {.scenario = s, .menu = menu, .seed = 1, .strategies = 1U << strategy};
    struct hunter *h = hunter_open(&hunt, &error);
    if (h == NULL) {
        (void)fprintf(stderr, "bench_hunt: %s\n", error.message);
        exit(1);
    }
    struct catch t = {.until = measure_cpu_seconds() + seconds};
    double start = measure_cpu_seconds();
    for (uint64_t piece = 0; measure_cpu_seconds() < t.until; piece++) {
        if (hunter_piece(h, piece, take, &t, &error) != STATUS_OK) {
            (void)fprintf(stderr, "bench_hunt: %s\n", error.message);
            exit(1);
        }
    }
    double took = measure_cpu_seconds() - start;
    (void)printf("  %-9s %8.0f runs/s %6.2f deviations %5.2f %% unended;",
                 hunt_strategy_word(strategy), (double)t.runs / took,
                 (double)t.deviations / (double)t.runs, 100.0 * (double)t.unended / (double)t.runs);
    for (int k = 2; k <= DEEPEST; k++) {
        (void)printf("  %d: %.6f (%llu)", k, (double)t.listed[k] / (double)t.runs,
                     (unsigned long long)t.first[k]);
    }
    (void)printf("   [%llu runs, plain: %llu events, %llu asks]\n", (unsigned long long)t.runs,
                 (unsigned long long)hunter_events(h), (unsigned long long)hunter_asks(h));
    hunter_close(h);
}

int main(int argc, char **argv)
{
    static struct scenario s;
    static struct deviation_menu menu;
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 2;

    static const struct {
        int64_t files;
        enum builder builder;
        const char *name;
    } worlds[] = {
        {8,    BUILDER_V3, "V3"},
        {8,    BUILDER_V6, "V6"},
        {1000, BUILDER_V3, "V3"}
    };

    for (size_t i = 0; i < sizeof worlds / sizeof worlds[0]; i++) {
        world(&s, worlds[i].files, worlds[i].builder);
        deviation_menu_fill_hunting(&menu, &s, DEVIATION_GROUPS_USUAL);
        (void)printf("%s, %lld functions, %u forms\n", worlds[i].name, (long long)worlds[i].files,
                     menu.count);
        for (unsigned k = 0; k < HUNT_STRATEGIES_COUNT; k++) {
            measure(&s, &menu, (enum hunt_strategy)k, seconds);
            (void)fflush(stdout);
        }
    }
    return 0;
}

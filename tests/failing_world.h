/* failing_world.h: a small world to make fail, and runs of it made afresh. */
#ifndef LOCKSTEP_TESTS_FAILING_WORLD_H
#define LOCKSTEP_TESTS_FAILING_WORLD_H

#include "model/pipeline/pipeline.h"
#include "model/pipeline/results.h"
#include "model/pipeline/run_state.h"

#include "tests/cases.h"

/* Two builders at a time; as many files as asked for within so many seconds; two make a batch. */
static inline void make_world(struct scenario *s, enum builder builder, enum machine machine,
                              int64_t files)
{
    scenario_init(s);
    scenario_apply_builder(s, builder);
    scenario_apply_machine(s, machine);
    s->name = TEXT("small");
    s->max_files_per_manifest = 2;
    s->function.reserved_concurrency = 2;
    s->mapping.maximum_concurrency = 2;
    s->workloads_count = 1;
    s->workloads[0] = (struct workload){.files = files,
                                        .over = {files / 2 * NS_PER_S},
                                        .size = 3670016,
                                        .prefix = TEXT("pipeline/input/")};
    s->table.rcu = s->table.wcu = 0;
    s->workflow.start_delay =
        (struct distribution_spec){.kind = DISTRIBUTION_CONSTANT, .a = {NS_PER_S}, .b = {NS_PER_S}};
    s->glue.max_concurrent_runs = 30;
}

static inline struct fault *add_fault(struct scenario *s, enum fault_kind kind, const char *process,
                                      const char *point, int64_t occurrence)
{
    struct fault *fault = &s->faults[s->faults_count++];
    *fault = fault_default;
    fault->kind = kind;
    fault->process = text_from(process);
    fault->at = text_from(point);
    fault->occurrence = occurrence;
    return fault;
}

struct afresh {
    uint32_t violated;
    uint64_t events;
};

/* The scenario as `lockstep run --default` runs it. */
static inline struct afresh run_afresh(const struct scenario *s)
{
    struct error error = {.message = ""};
    struct choices choices;
    struct trace trace;
    struct afresh result = {0};
    choices_init_default(&choices, cloud_choice_names, CHOICES_COUNT);
    trace_init(&trace);
    struct run_options options = {.choices = &choices, .trace = &trace};
    struct run *run = run_create(s, &options, &error);
    assert_string_equal(error.message, "");
    assert_int_not_equal(run_advance(run, UINT64_C(1) << 30, &error), RUN_GOING);
    run_finish(run);
    for (uint64_t i = 0; i < run_violations_count(run); i++) {
        struct violation_row row;
        run_violation(run, i, &row);
        result.violated |= UINT32_C(1) << row.invariant;
    }
    result.events = run_pipeline(run)->cloud.simulation.events;
    assert_int_equal(run_destroy(run, &error), STATUS_OK);
    return result;
}

#endif

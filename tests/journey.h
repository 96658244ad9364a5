/* journey.h: a scenario of the tree, run for tests that go to and fro in it.
 *
 * A fingerprint says what a run is at a place: the world, the table, the trace, the history's rows
 * and what has been drawn.
 */
#ifndef LOCKSTEP_TESTS_JOURNEY_H
#define LOCKSTEP_TESTS_JOURNEY_H

#include "model/pipeline/run_state.h"
#include "model/search/time_machine.h"
#include "tools/input_file.h"
#include "tools/scenario_decoder.h"

#include "tests/cases.h"

#include <stdlib.h>

enum { BYTES = 1 << 30 };

struct fingerprint {
    struct hash128 world, table, trace, history;
    uint64_t drawn;
};

struct journey {
    const char *name, *file, *case_name;
    uint64_t seed;
    size_t snapshot_bytes;
    int64_t pending_max; /* events; beyond, there is no room: 0: as usual */
};

struct world_under_test {
    struct text yaml;
    struct scenario scenario;
    struct document *document;
    struct choices choices;
    struct trace trace;
    struct run *run;
    struct time_machine *machine;
};

static inline void journey_begin(struct world_under_test *w, const struct journey *j)
{
    static struct diagnostics diagnostics;
    struct error error = {.message = ""};
    memset(w, 0, sizeof *w);
    memset(&diagnostics, 0, sizeof diagnostics);
    if (input_file_read(j->file, 1 << 20, &w->yaml, &error) != STATUS_OK) {
        fail_msg("%s", error.message);
    }
    struct source source = {text_from(j->file), w->yaml};
    w->document =
        scenario_decode_case(&source, text_from(j->case_name), NULL, 0, &w->scenario, &diagnostics);
    assert_non_null(w->document);
    assert_int_equal(diagnostics.total, 0);
    w->scenario.limits.events = j->pending_max;
    choices_init_seeded(&w->choices, cloud_choice_names, CHOICES_COUNT, j->seed);
    trace_init(&w->trace);
    struct run_options options = {.choices = &w->choices, .trace = &w->trace, .keep_calls = true};
    w->run = run_create(&w->scenario, &options, &error);
    if (w->run == NULL) {
        fail_msg("%s", error.message);
    }
}

static inline void journey_end(struct world_under_test *w)
{
    time_machine_destroy(w->machine);
    assert_int_equal(run_destroy(w->run, NULL), STATUS_OK);
    document_destroy(w->document);
    free((void *)w->yaml.at);
}

/* Every row that is history's, which the world's hash leaves out. */
static inline struct hash128 history_hash(const struct world *w)
{
    struct hash128 parts[WORLD_REGIONS_MAX];
    for (uint32_t i = 0; i < w->regions_count; i++) {
        const struct region *r = &w->regions[i];
        size_t bytes = r->kind >= REGION_HISTORY ? w->states[i].used * r->stride : 0;
        parts[i] = hash128(w->arena + r->offset, bytes);
    }
    return hash128(parts, w->regions_count * sizeof parts[0]);
}

static inline struct fingerprint fingerprint(struct world_under_test *w)
{
    struct cloud *c = &run_pipeline(w->run)->cloud;
    struct choices_position position;
    choices_save(&w->choices, &position);
    return (struct fingerprint){
        .world = world_hash(&c->simulation.world),
        .table = table_hash(c->table),
        .trace = trace_hash(&w->trace),
        .history = history_hash(&c->simulation.world),
        .drawn = hash64(position.counts, sizeof position.counts, 0),
    };
}

/* A small generator of fixed seed (Marsaglia's xorshift). */
static inline uint64_t draw(uint64_t *state, uint64_t count)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state % count;
}

#endif

/* cloud.c: see cloud.h. */
#include "model/aws/cloud.h"

const char *const cloud_choice_names[CHOICES_COUNT] = {
#define X(name, text) text,
    CHOICE_MAP(X)
#undef X
};

const struct event_kind cloud_events[EVENTS_COUNT] = {
#define X(name, handler) {#name, handler},
    EVENT_MAP(X)
#undef X
};

enum { NAME_BYTES = 96, ENVIRONMENTS_MAX = 4096 };

void cloud_declare(struct cloud *c, uint64_t files)
{
    struct world *w = &c->simulation.world;
    names_declare(&c->names, w, 4 * files + 1024, NAME_BYTES * (4 * files + 1024));
    chunks_declare(&c->chunks, w, files + 4096);
    for (uint32_t i = 0; i < c->application.types_count; i++) {
        const struct task_type *type = &c->application.types[i];
        c->task_regions[i] = world_declare(w, type->name, REGION_POOL, type->size, type->capacity,
                                           (void **)&c->tasks[i]);
    }
    c->serials_region = world_declare(w, "task serials", REGION_HISTORY,
                                      sizeof(struct task_serials), 1, (void **)&c->serials);
    c->yielding_region = world_declare(w, "calls that yield", REGION_RECORDS,
                                       sizeof(struct yielding), 1, (void **)&c->yielding);
    buckets_declare(c, files);
    queue_declare(c, files);
    event_source_declare(c);
    functions_declare(c, ENVIRONMENTS_MAX);
    workflow_declare(c, files);
    job_declare(c, files);
    topic_declare(c);
    table_sweeper_declare(c);
    stream_source_declare(c);
    bus_declare(c, files);
    schedule_declare(c);
}

void cloud_init(struct cloud *c)
{
    names_init(&c->names);
    (void)world_append(&c->simulation.world, c->serials_region);
    (void)world_append(&c->simulation.world, c->yielding_region);
    buckets_init(c);
    queue_init(c);
    event_source_init(c);
    functions_init(c);
    workflow_init(c);
    job_init(c);
    topic_init(c);
    table_sweeper_init(c);
    stream_source_init(c);
    bus_init(c);
    schedule_init(c);
}

void cloud_arrival(void *cloud, uint32_t workload, uint64_t ordinal)
{
    struct cloud *c = cloud;
    c->application.arrival(c, workload, ordinal);
}

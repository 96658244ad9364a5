/* run_snapshot.c: see run_snapshot.h. */
#include "model/pipeline/run_snapshot.h"

#include "model/pipeline/run_state.h"

#include <stdlib.h>

struct run_snapshot {
    struct trace trace;
    uint64_t events, table_mark;
    size_t room;               /* of `world` */
    _Alignas(16) char world[]; /* the queue in it is read in place */
};

struct run_snapshot *run_snapshot_take(struct run *run, struct error *error)
{
    return run_snapshot_take_again(run, NULL, error);
}

struct run_snapshot *run_snapshot_take_again(struct run *run, struct run_snapshot *old,
                                             struct error *error)
{
    struct cloud *c = &run_pipeline(run)->cloud;
    size_t bytes = world_snapshot_bytes(&c->simulation.world);
    struct run_snapshot *snapshot = old;
    if (old == NULL || old->room < bytes) {
        snapshot = realloc(old, sizeof *snapshot + bytes);
        if (snapshot == NULL) {
            (void)error_set(error, STATUS_NO_MEMORY, "out of memory for a snapshot of %zu bytes",
                            bytes);
            return NULL;
        }
        snapshot->room = bytes;
    }
    snapshot->trace = *c->simulation.trace;
    snapshot->events = c->simulation.events;
    snapshot->table_mark = table_mark(c->table);
    world_snapshot(&c->simulation.world, snapshot->world);
    return snapshot;
}

void run_snapshot_restore(struct run *run, const struct run_snapshot *snapshot)
{
    struct cloud *c = &run_pipeline(run)->cloud;
    table_rollback(c->table, snapshot->table_mark);
    world_restore(&c->simulation.world, snapshot->world);
    *c->simulation.trace = snapshot->trace;
    c->simulation.events = snapshot->events;
    c->simulation.failed = NULL;
    run_reopen(run);
}

size_t run_snapshot_bytes(const struct run_snapshot *snapshot)
{
    return sizeof *snapshot + snapshot->room;
}

void run_snapshot_release(struct run_snapshot *snapshot)
{
    free(snapshot);
}

void run_snapshots_end(struct run *run)
{
    table_release_marks(run_pipeline(run)->cloud.table);
}

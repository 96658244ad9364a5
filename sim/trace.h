/* trace.h: the fingerprint of a run: a hash over every event, and on request the events themselves.
 *
 * Method. Each event is a record of 32 bytes. Records are hashed in blocks, each block's XXH3-128
 * taking in the hash of those before it; the trace hash is that of all blocks and the one under
 * way. So it can be had after every event, two runs can be compared step by step, and the first
 * difference stays in all that follows. A sink, if there is one, is handed every record as it is
 * added.
 */
#ifndef LOCKSTEP_SIM_TRACE_H
#define LOCKSTEP_SIM_TRACE_H

#include "sim/hash.h"
#include "sim/time.h"

/* What happened: `code` says what, to `subject`; the details are the code's own. */
struct trace_record {
    int64_t at_ns;
    uint32_t code, subject;
    uint64_t first, second;
};

_Static_assert(sizeof(struct trace_record) == 32, "a trace record has no padding");

enum { TRACE_BLOCK = 31 }; /* records in a block: with the hash before it, 1008 bytes */

struct trace {
    struct {
        struct hash128 before; /* of the blocks that are full */
        struct trace_record records[TRACE_BLOCK];
    } block;

    uint32_t filled; /* records in the block */
    uint64_t events;
    void (*sink)(void *self, const struct trace_record *record); /* NULL: none */
    void *self;
};

void trace_init(struct trace *trace);

/* The hash of all records so far. */
struct hash128 trace_hash(const struct trace *trace);

/* What trace_add does when the block is full. */
void trace_close_block(struct trace *trace);

/* Adds one record. */
static inline void trace_add(struct trace *trace, const struct trace_record *record)
{
    trace->block.records[trace->filled++] = *record;
    trace->events++;
    if (trace->filled == TRACE_BLOCK) {
        trace_close_block(trace);
    }
    if (trace->sink != NULL) {
        trace->sink(trace->self, record);
    }
}

#endif

/* trace.h: the fingerprint of a run: a hash over every event, and on request the events themselves.
 *
 * Method. Each event is a record of 32 bytes. The trace hash is a chain: the XXH3-128 of the hash
 * so far followed by the record. So after every event there is a digest, two runs can be compared
 * step by step, and the first difference stays in all that follows. A sink, if there is one, is
 * handed every record as it is added.
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

struct trace {
    struct hash128 hash;
    uint64_t events;
    void (*sink)(void *self, const struct trace_record *record); /* NULL: none */
    void *self;
};

void trace_init(struct trace *trace);

/* Adds one record. */
void trace_add(struct trace *trace, const struct trace_record *record);

#endif

/* trace.c: see trace.h. */
#include "sim/trace.h"

void trace_init(struct trace *trace)
{
    *trace = (struct trace){.events = 0};
}

void trace_add(struct trace *trace, const struct trace_record *record)
{
    struct {
        struct hash128 hash;
        struct trace_record record;
    } link = {trace->hash, *record};

    _Static_assert(sizeof link == 48, "a link of the chain has no padding");
    trace->hash = hash128(&link, sizeof link);
    trace->events++;
    if (trace->sink != NULL) {
        trace->sink(trace->self, record);
    }
}

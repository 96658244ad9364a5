/* trace.c: see trace.h. */
#include "sim/trace.h"

#include <string.h>

void trace_init(struct trace *trace)
{
    memset(trace, 0, sizeof *trace);
}

struct hash128 trace_hash(const struct trace *trace)
{
    size_t records = trace->filled * sizeof(struct trace_record);
    return hash128(&trace->block, sizeof trace->block.before + records);
}

void trace_close_block(struct trace *trace)
{
    _Static_assert(sizeof trace->block == sizeof(struct hash128) + TRACE_BLOCK * 32, "no padding");
    trace->block.before = trace_hash(trace);
    trace->filled = 0;
}

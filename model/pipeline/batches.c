/* batches.c: see batches.h. */
#include "model/pipeline/batches.h"

#include "model/pipeline/pipeline.h"

/* As its record has it; a record's size is its object's. */
static int64_t size_of(struct cloud *c, uint32_t key)
{
    const struct file_history *file = history_file(pipeline_of(c), key);
    return file == NULL ? 0 : file->size;
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The files that fit, and their bytes. */
static uint32_t fill(struct cloud *c, struct chain_cursor *from, uint32_t left, int64_t *bytes)
{
    int64_t most = scenario_of(c)->max_batch_size;
    uint32_t files = 0;
    for (*bytes = 0; files < left; files++) {
        struct chain_cursor next = *from;
        int64_t size = size_of(c, chain_take(&c->chunks, &next));
        if (files > 0 && *bytes + size > most) {
            break;
        }
        *bytes += size;
        *from = next;
    }
    return files;
}

static uint32_t count_by_bytes(struct cloud *c, const struct chain *files)
{
    int64_t most = scenario_of(c)->max_batch_size;
    struct chain_cursor at = chain_begin(files);
    int64_t total = 0;
    int64_t bytes = 0;
    uint32_t count = 0;
    for (uint32_t left = files->count; left > 0; count++) {
        left -= fill(c, &at, left, &bytes);
        total += bytes;
    }
    if (total < most) {
        return 0;
    }
    return count - (count > 1 && bytes * 2 < most);
}

static uint32_t count_by_files(const struct scenario *s, uint32_t files, bool earlier)
{
    uint32_t most = (uint32_t)s->max_files_per_manifest;
    uint32_t least = earlier ? (uint32_t)s->min_files_for_partial_batch : most;
    uint32_t rest = files % most;
    if (files < least) {
        return 0;
    }
    return files / most + (earlier && rest > 0 && rest >= least);
}

uint32_t batches_count(struct cloud *c, const struct chain *files, bool earlier)
{
    const struct scenario *s = scenario_of(c);
    return s->builder.trigger == TRIGGER_BYTES ? count_by_bytes(c, files)
                                               : count_by_files(s, files->count, earlier);
}

uint32_t batch_files(struct cloud *c, struct chain_cursor from, uint32_t left)
{
    const struct scenario *s = scenario_of(c);
    int64_t bytes;
    return s->builder.trigger == TRIGGER_BYTES ? fill(c, &from, left, &bytes)
                                               : smaller(left, (uint32_t)s->max_files_per_manifest);
}

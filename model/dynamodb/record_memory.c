/* record_memory.c: see record_memory.h. */
#include "model/dynamodb/record_memory.h"

#include "sim/assert.h"
#include "sim/memory.h"

#include <string.h>

enum { EXACT_UNITS = 128, STEPS = 8, EXPECTED_BYTES = 1 << 16 /* at a time; whole pages */ };

static const uint64_t BYTES_MOST = ((uint64_t)UINT32_MAX + 1) * RECORD_UNIT;

/* The class of a size, and the units that its blocks have. */
static uint32_t class_of(uint32_t bytes, uint32_t *units)
{
    uint32_t n = (bytes + RECORD_UNIT - 1) / RECORD_UNIT;
    if (n <= EXACT_UNITS) {
        *units = n;
        return n;
    }
    uint32_t shift = 28 - (uint32_t)__builtin_clz(n - 1); /* (n - 1) >> shift is 8 to 15 */
    uint32_t step = ((n - 1) >> shift) + 1;
    *units = step << shift;
    return EXACT_UNITS + shift * STEPS + step - STEPS;
}

bool record_memory_init(struct record_memory *m, uint64_t bytes_max)
{
    uint64_t bytes = bytes_max < BYTES_MOST ? bytes_max : BYTES_MOST;
    *m = (struct record_memory){.bytes_max = bytes, .used = 1, .expected = EXPECTED_BYTES};
    m->base = memory_reserve(bytes);
    return m->base != NULL;
}

void record_memory_deinit(struct record_memory *m)
{
    memory_release(m->base, m->bytes_max);
    m->base = NULL;
}

/* Blocks have come to where the expected memory ends, and will go on. The first is never expected:
 * most memories stay small. */
static void expect_more(struct record_memory *m)
{
    uint64_t left = m->bytes_max - m->expected;
    uint64_t bytes = left < EXPECTED_BYTES ? left : EXPECTED_BYTES;
    memory_expect(m->base + m->expected, bytes);
    m->expected += bytes;
}

uint32_t record_take(struct record_memory *m, uint32_t bytes)
{
    ASSERT(bytes > 0 && bytes <= RECORD_BYTES_MAX);
    uint32_t units;
    uint32_t class = class_of(bytes, &units);
    ASSERT(class < RECORD_CLASSES);
    uint32_t block = m->free[class];
    if (block != 0) {
        memcpy(&m->free[class], record_at(m, block), sizeof block);
    } else if (units <= m->bytes_max / RECORD_UNIT - m->used) {
        block = m->used;
        m->used += units;
        while (m->used > m->expected / RECORD_UNIT && m->expected < m->bytes_max) {
            expect_more(m);
        }
    } else {
        return 0;
    }
    m->bytes += (uint64_t)units * RECORD_UNIT;
    return block;
}

void record_give(struct record_memory *m, uint32_t block, uint32_t bytes)
{
    ASSERT(block != 0);
    uint32_t units;
    uint32_t class = class_of(bytes, &units);
    memcpy(record_at(m, block), &m->free[class], sizeof block);
    m->free[class] = block;
    m->bytes -= (uint64_t)units * RECORD_UNIT;
}

uint32_t record_rounded(uint32_t bytes)
{
    uint32_t units;
    (void)class_of(bytes, &units);
    return units * RECORD_UNIT;
}

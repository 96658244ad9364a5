/* memory.c: see memory.h. */
#include "sim/memory.h"

#include <sys/mman.h>

void *memory_reserve(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void memory_release(void *memory, size_t bytes)
{
    if (memory != NULL) {
        (void)munmap(memory, bytes);
    }
}

void memory_expect(void *at, size_t bytes)
{
#ifdef MADV_POPULATE_WRITE /* Linux 5.14 */
    (void)madvise(at, bytes, MADV_POPULATE_WRITE);
#else
    (void)at;
    (void)bytes;
#endif
}

void memory_prefer_large_pages(void *at, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    (void)madvise(at, bytes, MADV_HUGEPAGE);
#else
    (void)at;
    (void)bytes;
#endif
}

bool memory_area_init(struct memory_area *area, size_t bytes)
{
    *area = (struct memory_area){.base = memory_reserve(bytes), .size = bytes};
    return area->base != NULL;
}

void memory_area_deinit(struct memory_area *area)
{
    memory_release(area->base, area->size);
    *area = (struct memory_area){0};
}

void *memory_area_take(struct memory_area *area, size_t bytes)
{
    size_t rounded = (bytes + 15) & ~(size_t)15;
    if (rounded < bytes || rounded > area->size - area->used) {
        return NULL;
    }
    char *taken = area->base + area->used;
    area->used += rounded;
    return taken;
}

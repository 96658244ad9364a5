/* memory.h: address space that is reserved once and becomes memory as it is touched.
 *
 * A trial allocates at set-up only. What may grow gets the room for its largest size then:
 * untouched pages cost nothing, nothing ever moves, and a full region is a status, not a crash.
 */
#ifndef LOCKSTEP_SIM_MEMORY_H
#define LOCKSTEP_SIM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Reserves `bytes` (at least 1) of zeroed, page-aligned memory. NULL where the machine refuses. */
void *memory_reserve(size_t bytes);

/* Gives back what memory_reserve gave, with the same size. NULL is ignored. */
void memory_release(void *memory, size_t bytes);

/* Reserved memory from `at` on will all be touched soon: the machine makes its pages at once, which
 * costs it two thirds of making each when it is touched. What is in them stays. A wish: nothing
 * happens where `at` is not a page's beginning, where the machine does not know of this, or where
 * it has no memory left. */
void memory_expect(void *at, size_t bytes);

/* Reserved memory from `at` on is better made of large pages: for what is looked up all over the
 * place, where most of the time goes into finding small ones. A wish, as above. */
void memory_prefer_large_pages(void *at, size_t bytes);

/* An area hands out reserved memory in order; what was taken since a certain time is taken back at
 * once by setting `used` to what it was then. */
struct memory_area {
    char *base;
    size_t size, used;
};

/* Reserves an area of `bytes`; false where the machine refuses. */
bool memory_area_init(struct memory_area *area, size_t bytes);
void memory_area_deinit(struct memory_area *area);

/* `bytes` from the area, aligned to 16; NULL where fewer are left. Not zeroed. */
void *memory_area_take(struct memory_area *area, size_t bytes);

#endif

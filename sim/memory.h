/* memory.h: address space that is reserved once and becomes memory as it is touched.
 *
 * A trial allocates at set-up only. What may grow gets the room for its largest size then:
 * untouched pages cost nothing, nothing ever moves, and a full region is a status, not a crash.
 */
#ifndef LOCKSTEP_SIM_MEMORY_H
#define LOCKSTEP_SIM_MEMORY_H

#include <stddef.h>

/* Reserves `bytes` (at least 1) of zeroed, page-aligned memory. NULL where the machine refuses. */
void *memory_reserve(size_t bytes);

/* Gives back what memory_reserve gave, with the same size. NULL is ignored. */
void memory_release(void *memory, size_t bytes);

#endif

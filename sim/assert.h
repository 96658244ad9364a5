/* assert.h: assertions about the simulator itself, on in every build.
 *
 * A run is a pure function of its scenario and choices, so a failed assertion is a bug report that
 * can be replayed: it prints where the simulation stood (assert_context) and stops the program at
 * once.
 */
#ifndef LOCKSTEP_SIM_ASSERT_H
#define LOCKSTEP_SIM_ASSERT_H

#include <stddef.h>

#define ASSERT(condition)                                                                          \
    (__builtin_expect(!(condition), 0) ? assert_failed(#condition, __FILE__, __LINE__) : (void)0)

/* Costly checks, on where LOCKSTEP_PARANOID is defined (the debug and asan flavours). */
#ifdef LOCKSTEP_PARANOID
#define ASSERT_COSTLY(condition) ASSERT(condition)
#else
#define ASSERT_COSTLY(condition) ((void)0)
#endif

/* Writes the condition, the place and the context to standard error, then aborts. */
_Noreturn void assert_failed(const char *condition, const char *file, int line);

/* Registers what prints "seed 7, 2026-01-30T05:00:01Z, builder[3] at PUT_MANIFEST" into `buffer`;
 * NULL for none. One for each thread: a trial runs on one thread. */
void assert_context(void (*describe)(const void *self, char *buffer, size_t size),
                    const void *self);

#endif

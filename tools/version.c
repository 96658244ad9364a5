/* version.c: see version.h. The Makefile defines LOCKSTEP_VERSION, and builds this file again when
 * it changes.
 */
#include "tools/version.h"

#ifndef LOCKSTEP_VERSION
#define LOCKSTEP_VERSION "unknown"
#endif

const char *version_text(void)
{
    return LOCKSTEP_VERSION;
}

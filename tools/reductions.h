/* reductions.h: simpler scenarios than a given one, for shrinking, and how large a scenario is.
 *
 * Method. Through the one table of fields: an element less of a list; fewer files, functions, and
 * files to a manifest; files that arrive sooner and closer together, at round times; and each field
 * that says something else than the presets give set back. The design stays what it is: presets,
 * and the pipeline's switches, are not touched.
 *
 * A scenario is as large as its files, functions and threshold together, an operator's command or a
 * fault counting for ten; among those, as its text is long.
 */
#ifndef LOCKSTEP_TOOLS_REDUCTIONS_H
#define LOCKSTEP_TOOLS_REDUCTIONS_H

#include "model/pipeline/scenario.h"
#include "tools/scenario_writer.h"

struct reductions {
    char text[SCENARIO_TEXT]; /* room */
};

/* The i-th simpler form of `from`, valid, or `from` itself where it would not be; false where there
 * are fewer. */
bool reductions_make(void *reductions, const struct scenario *from, uint32_t i,
                     struct scenario *to);

uint64_t reductions_size(void *reductions, const struct scenario *scenario);

#endif

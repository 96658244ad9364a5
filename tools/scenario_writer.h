/* scenario_writer.h: a scenario as YAML, short, and read back as the same.
 *
 * Method. A scenario of nothing but defaults is built, and the presets of the given one are applied
 * to it. Written are those presets that are not the default ones, and of the other fields those
 * that differ from what the presets gave, in the order of the table (fields.h). A group is one line
 * where it fits. An element of a list is one line, with what must be said and what is not the
 * default. A text is plain, quoted or folded, whichever is the easiest to read.
 */
#ifndef LOCKSTEP_TOOLS_SCENARIO_WRITER_H
#define LOCKSTEP_TOOLS_SCENARIO_WRITER_H

#include "model/pipeline/scenario.h"

/* Room that is enough for all but texts of many kilobytes. */
enum { SCENARIO_TEXT = 1 << 18 };

/* Writes `comment`, each of its lines behind "# ", then the scenario. A scenario that was decoded
 * for one of its cases (case_name) is written as what it is in that case: a scenario of its own,
 * without cases.
 *
 * What was written decodes to the same struct, but for those cases and the name of the case, as
 * long as it is within the decoder's limits (SCENARIO_BYTES_MAX). Texts are UTF-8, and in comments
 * what YAML does not allow becomes '?'. Where the room did not do, w->overflowed is set. */
void scenario_write(const struct scenario *scenario, struct text comment, struct text_writer *w);

#endif

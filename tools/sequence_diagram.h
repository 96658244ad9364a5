/* sequence_diagram.h: a story as a drawing: lifelines of processes and services, calls between them
 * from top to bottom.
 *
 * Method. Each item of the story is a row, in the order of time; rows stand at equal distances, and
 * a longer pause is written between them. A call is an arrow at its effect, from its process to its
 * service. What deviates has a colour of its own and a band behind it, so has the violation. Beside
 * the lifelines stands the lock: a bar from acquisition to end, of another colour behind its
 * expiry. Without fonts at hand, widths of texts are estimated.
 */
#ifndef LOCKSTEP_TOOLS_SEQUENCE_DIAGRAM_H
#define LOCKSTEP_TOOLS_SEQUENCE_DIAGRAM_H

#include "model/search/timeline.h"

#include <stdio.h>

/* Writes it as an SVG element of a page (page.h has the colours). `number` tells it apart from
 * others of the page; clocks count from `start`. */
void put_sequence_diagram(FILE *out, const struct timeline *timeline, struct instant start,
                          uint32_t number);

#endif

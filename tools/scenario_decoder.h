/* scenario_decoder.h: a scenario from YAML, typed by the table in fields.h. Wraps libyaml.
 *
 * Method. libyaml's events are flattened into a list of nodes: a dotted path ("workload.0.files"),
 * what is there (a scalar, a mapping, a sequence) and its place. Each `--set PATH=VALUE` adds one
 * more node. A case's assignments are nodes, too, between those of the file and those of the
 * command line. Then presets are applied (pipeline.preset, pipeline.builder, pipeline.machine,
 * latency.profile; of each the last), after them all else in order, so a later value wins. Scalars
 * are text until the table types them; YAML's own guesses (octal, yes, null) never happen. In the
 * end scenario_validate looks at the whole, and what it blames is shown at its place.
 *
 * Refused, with a place: unknown and duplicate keys, wrong types, anchors, aliases and tags, a
 * second document, nesting beyond 64, more than 4096 nodes, what is not UTF-8, more than 1 MiB.
 */
#ifndef LOCKSTEP_TOOLS_SCENARIO_DECODER_H
#define LOCKSTEP_TOOLS_SCENARIO_DECODER_H

#include "model/pipeline/scenario.h"
#include "tools/diagnostics.h"

enum { SCENARIO_BYTES_MAX = 1 << 20, SCENARIO_NODES_MAX = 4096, SCENARIO_DEPTH_MAX = 64 };

/* The decoded document: owns the memory that the scenario's texts are views of, and knows where
 * each path was written. */
struct document;

/* Decodes `file` and the `sets_count` assignments "a.b=value" into *scenario. A pure function of
 * its arguments. The views in `file` and `sets` outlive the document.
 *
 * Returns the document, for document_destroy, also where there are errors; then diagnostics->total
 * is above 0 and *scenario holds what could be read. NULL only if memory ran out. *diagnostics is
 * started afresh. */
struct document *scenario_decode(const struct source *file, const char *const *sets,
                                 size_t sets_count, struct scenario *scenario,
                                 struct diagnostics *diagnostics);

/* The same for one of the scenario's cases: its assignments come after the file and before `sets`.
 * What it violates is the scenario's `violates` then, and expectations of other cases are left out.
 * An unknown case is an error. An empty name: as scenario_decode, which takes every expectation and
 * leaves scenario_validate to the cases, where there are any. */
struct document *scenario_decode_case(const struct source *file, struct text case_name,
                                      const char *const *sets, size_t sets_count,
                                      struct scenario *scenario, struct diagnostics *diagnostics);

void document_destroy(struct document *document); /* NULL is ignored */

/* Adds an error at the place where `path` was written; the nearest parent's where it was not. */
void document_blame(const struct document *document, struct text path,
                    struct diagnostics *diagnostics, const char *message);

#endif

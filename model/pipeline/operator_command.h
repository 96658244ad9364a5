/* operator_command.h: what an operator types: the name of a tool and its options, as one line of
 * words.
 *
 * Method. A line is cut at blanks and typed at once, when a scenario is read, so that a word that
 * no tool knows is told with the words that are known. The tools are those of the published guide,
 * with the options of their scripts; `--fixed` is ours, the tool as it should be, and so is
 * `upload`, by which files arrive. Source: PIPE-TOOLS-1.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_OPERATOR_COMMAND_H
#define LOCKSTEP_MODEL_PIPELINE_OPERATOR_COMMAND_H

#include "sim/status.h"
#include "sim/text.h"

#include <stdint.h>

/* The tools, and where in the numbers of points each one's begin. */
#define TOOL_MAP(X)                                                                                \
    X(CHECK_LOCKS, "check-locks")                                                                  \
    X(TRACE_PIPELINE, "trace-pipeline")                                                            \
    X(FORCE_MANIFEST_CREATION, "force-manifest-creation")                                          \
    X(DEBUG_GLUE_OUTPUT, "debug-glue-output")                                                      \
    X(REPROCESS_FAILED, "reprocess-failed")                                                        \
    X(UPLOAD, "upload")

enum operator_tool {

#define X(name, word) TOOL_##name,
    TOOL_MAP(X)
#undef X
        TOOLS_COUNT
};

/* What reprocess-failed is told to do. */
#define REPROCESS_MAP(X)                                                                           \
    X(HELP, "help")                                                                                \
    X(LIST_FAILED, "list-failed")                                                                  \
    X(LIST_PENDING, "list-pending")                                                                \
    X(LIST_MANIFESTED, "list-manifested")                                                          \
    X(RETRY_FAILED, "retry-failed")                                                                \
    X(TRIGGER_FLUSH, "trigger-flush")                                                              \
    X(RESET_MANIFESTED, "reset-manifested")                                                        \
    X(RESET_DATE, "reset-date")

enum reprocess_action {

#define X(name, word) REPROCESS_##name,
    REPROCESS_MAP(X)
#undef X
};

struct operator_command {
    enum operator_tool tool;
    enum reprocess_action action; /* of reprocess-failed */
    bool clear_expired;           /* of check-locks */
    bool fixed;
    int64_t files, size; /* of upload: how many, bytes of each */
    struct text date;    /* of reset-date; of upload: in the names, empty for the day it is */
    struct text prefix;  /* of upload: of the keys */
};

/* A word that is unknown, and those that were expected in its place; `known` is NULL where
 * something else is wrong. */
struct operator_unknown {
    struct text word;
    const char *const *known; /* ends with NULL */
};

/* Types a line; texts in `command` are views of it. STATUS_BAD_INPUT with a message. */
enum status operator_parse(struct text line, struct operator_command *command,
                           struct operator_unknown *unknown, struct error *error);

/* "check-locks" */
const char *operator_tool_word(enum operator_tool tool);

/* A moment that a tool waits for: the n-th time, from 1, that any process of that name is at a
 * point. */
struct operator_moment {
    struct text process, point;
    uint32_t occurrence; /* 0: no moment */
};

/* Types "manifest_builder.PUT_MANIFEST#3"; without "#3" it is the first time. An empty text is no
 * moment. STATUS_BAD_INPUT with a message. */
enum status operator_parse_moment(struct text text, struct operator_moment *moment,
                                  struct error *error);

#endif

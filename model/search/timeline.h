/* timeline.h: what happened around a violation, event by event: who did what to what it is about.
 *
 * Method. A violation is about a file, a manifest or a date. What touches it is gathered from the
 * run's rows: its file's arrival, the calls about its date, its file and the manifests that list
 * it, the lock's life, deaths, job runs, what operators typed, and every fault that struck. Calls
 * are told of the processes that matter most: whose call violated, who was struck, who held the
 * lock or put a manifest, and where it is about a date, who came near. Like calls of one process in
 * a row are one item. Of too many items, those that only read go first, then what is neither about
 * the lock nor a manifest, then the earliest; how many were left out is said. Needs the rows of
 * calls (run_options.keep_calls).
 */
#ifndef LOCKSTEP_MODEL_SEARCH_TIMELINE_H
#define LOCKSTEP_MODEL_SEARCH_TIMELINE_H

#include "model/pipeline/results.h"

enum {
    TIMELINE_ITEMS_MAX = 64,
    TIMELINE_PROCESSES_MAX = 8,
    TIMELINE_TENURES_MAX = 16,
    TIMELINE_TEXT_MAX = 240
};

enum timeline_kind {
    TIMELINE_ARRIVAL,   /* of the file that it is about */
    TIMELINE_CALL,      /* took effect, or never did */
    TIMELINE_DEVIATION, /* a fault strikes */
    TIMELINE_DEATH,     /* of an invocation: killed, or at its time-out */
    TIMELINE_EXPIRY,    /* the lock's life ends while it is held; nothing happens just then */
    TIMELINE_DELETION,  /* of the lock, by TTL or an operator */
    TIMELINE_JOB,       /* a job run ends */
    TIMELINE_OPERATOR,  /* types a command */
    TIMELINE_VIOLATION
};

struct timeline_item {
    enum timeline_kind kind;
    struct instant from, at; /* of the first, and the last, of those that are one item */
    int32_t process;         /* whose: of timeline.processes; -1: nobody's */
    uint32_t count;          /* calls in a row */
    /* Of a call, and its outcome if that is not "ok"; of a deviation its service, if it struck one,
     * its point and the fault's word. Else "". */
    struct text service, point, operation, outcome;
    bool lost;                    /* a call's reply never reached the caller */
    char text[TIMELINE_TEXT_MAX]; /* "manifest_builder[1.2] puts the manifest: ..." */
};

struct timeline_process {
    struct text name; /* "manifest_builder" */
    int64_t parent, ordinal;
    struct instant from, to; /* its first and last item */
};

/* The lock that it is about, as somebody held it. */
struct timeline_tenure {
    int32_t process; /* of timeline.processes; -1: of one that is not told of */
    struct text date, end;
    struct instant from, to, expires_at; /* to NEVER: held until the story ends */
};

/* Texts are views that live as long as the run. */
struct timeline {
    struct violation_row violation;   /* the first of the property */
    struct text file, manifest, date; /* what it is about, as far as known; else "" */
    uint32_t processes_count, items_count, tenures_count;
    struct timeline_process processes[TIMELINE_PROCESSES_MAX]; /* by first appearance */
    struct timeline_tenure tenures[TIMELINE_TENURES_MAX];
    struct timeline_item items[TIMELINE_ITEMS_MAX]; /* by time; the last one is the violation */
    uint64_t calls_left_out, items_left_out; /* calls, of all kinds, until the violation; others */
    uint64_t processes_left_out;
};

/* Whether the run violated it, and the first time. */
bool timeline_violation(const struct run *run, enum invariant invariant, struct violation_row *row);

/* Tells the story of a finished run's first violation of `invariant`, which there must be.
 * STATUS_NO_MEMORY with a message. */
enum status timeline_tell(struct timeline *timeline, const struct run *run,
                          enum invariant invariant, struct error *error);

/* "manifest_builder[2.7]" */
void text_put_timeline_process(struct text_writer *w, const struct timeline_process *process);

#endif

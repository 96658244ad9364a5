/* goals.h: what a campaign of runs should see happen at least once.
 *
 * Method. A goal is an event that is rare, and on which much depends: a lock that is taken over, a
 * message that comes again while its first delivery is still handled. Each is noted where it
 * happens, mostly in history.c, as a bit; the bits are history, so they are restored with the world
 * and are no part of its hash. A goal says that a test went where it should, and nothing of right
 * or wrong: that is for invariants. Where states are explored and one that was seen before is cut
 * off, what is reached is at least what is told.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_GOALS_H
#define LOCKSTEP_MODEL_PIPELINE_GOALS_H

#include <stdint.h>

struct page;
struct call;
struct pipeline;
struct run;
struct table_query;
struct task;

/* Name in a scenario; what happened, in a sentence. (The formatter would cut a name in two.) */
/* clang-format off */
#define GOAL_MAP(X)                                                                                \
    X(LOCK_REFUSED, "lock-refused", "a lock was refused")                                          \
    X(LOCK_TAKEN_OVER, "lock-taken-over", "a lock was taken over from its owner")                  \
    X(LOCK_DELETED_BY_TTL, "lock-deleted-by-ttl", "TTL deleted a lock that was held")              \
    X(LOCK_DELETED_UNDER_OWNER, "lock-deleted-under-owner",                                        \
      "TTL deleted a lock whose owner still worked, and its release was refused")                  \
    X(OWNER_DIED, "owner-died", "an invocation died or timed out holding a lock")                  \
    X(LEASE_RENEWED, "lease-renewed", "a heartbeat renewed a lease")                               \
    X(LATE_OWNER_FENCED, "late-owner-fenced", "a file refused the token of an owner that was late") \
    X(CREATORS_OVERLAP, "creators-overlap",                                                        \
      "two invocations of the builder made manifests of one date at once")                         \
    X(FUNCTION_TIMED_OUT, "function-timed-out", "an invocation was ended by its time-out")         \
    X(DELIVERED_TWICE, "delivered-twice", "a file's message was handled a second time")            \
    X(DELIVERED_WHILE_HANDLED, "delivered-while-handled",                                          \
      "a file's message was delivered again while its first delivery was still handled")           \
    X(MESSAGE_DEAD_LETTERED, "message-dead-lettered", "a message went to the dead-letter queue")   \
    X(THROTTLED_CALL_RETRIED, "throttled-call-retried", "a call was throttled and tried again")    \
    X(REPLY_LOST, "reply-lost", "a call took effect, and its reply was lost")                      \
    X(STALE_READ_HID_FILE, "stale-read-hid-file", "a read that lags missed a pending file")        \
    X(PENDING_OVER_PAGES, "pending-over-pages", "pending files were read on several pages")        \
    X(MANIFEST_OVERWRITTEN, "manifest-overwritten", "a manifest's key was written again")          \
    X(FILE_LISTED_TWICE, "file-listed-twice", "two manifests list a file")                         \
    X(EARLIER_DATE_FLUSHED, "earlier-date-flushed", "a manifest was made of an earlier date")      \
    X(BATCH_ROLLED_BACK, "batch-rolled-back", "a batch's file was set back to pending")            \
    X(FILE_QUARANTINED, "file-quarantined", "a file went to the quarantine")                       \
    X(JOB_RUN_REFUSED, "job-run-refused", "a job run was refused: too many were active")           \
    X(FAILURE_PATH_TAKEN, "failure-path-taken", "a job failed, and its execution caught that")     \
    X(CLAIM_LOST, "claim-lost", "a claim was refused: the file was not pending any more")          \
    X(BREAKER_OPENED, "breaker-opened", "the circuit breaker opened")                              \
    X(STREAM_BATCH_RETRIED, "stream-batch-retried", "a batch of the stream was tried again")       \
    X(BATCHER_REPAIRED, "batcher-repaired", "the batcher repaired what had been left behind")

/* clang-format on */

enum goal {

#define X(name, word, sentence) GOAL_##name,
    GOAL_MAP(X)
#undef X
        GOALS_COUNT
};

_Static_assert(GOALS_COUNT <= 32, "a bit each, in a scenario's `reach`, too");

/* "lock-taken-over", and the sentence. */
const char *goal_name(enum goal goal);
const char *goal_text(enum goal goal);

/* The goals that the run has reached so far: bit i for enum goal i. */
uint64_t goals_reached(const struct run *run);

/* Runs by the goals they reached: adds one that reached these (bit i for enum goal i). */
void goals_add(uint64_t counts[GOALS_COUNT], uint64_t reached);

/* --- where they are noted ----------------------------------------------------------------------
 */

void goal_reach(struct pipeline *p, enum goal goal);

/* A call has taken effect, and its status is not yet told; `caller->call.status` is that of the
 * attempt before. */
void goals_note_call(struct pipeline *p, const struct task *caller, unsigned status);

/* A page was read: of a date's pending files, if it is one of those that make manifests. */
void goals_note_page(const struct page *page, const struct call *call,
                     const struct table_query *query);

#endif

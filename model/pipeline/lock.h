/* lock.h: the lock on a date, in each of the forms that can be compared.
 *
 * Method. A lock is a child process of create(date): acquire it, ask before each write whether it
 * is still held, release it. It is an item of the tracking table, LOCK#manifest-<date>. The forms:
 *
 *   strict    put if there is none. Who dies holding it blocks all others until TTL deletes the
 * item takeover  put if there is none or its ttl has passed by the caller's clock: the deployed
 * form. Nobody renews it, and its owner never looks whether it still has it none      nothing is
 * asked; everybody is let in fencing   as takeover, but each owner gets a token, one more than the
 * last; files carry the token of who marked them, and refuse a lower one. The item stays when it is
 * released, and its expiry is no TTL attribute, so that the count of tokens survives lease     the
 * protocol of the published DynamoDB lock client: the item has a record version number that its
 * owner replaces with every heartbeat. A waiter looks each second, and takes the item over once the
 * number has stood still for the whole lease by its own clock. No two clocks are compared. An owner
 * that has not renewed within the lease gives up by itself claim     no lock: each file is claimed
 * by a conditional write (claim_creation.h)
 *
 * The heartbeat is sent between two calls of its owner when it is due, not by a thread of its own:
 * a sandbox that is frozen, or a call that hangs, holds up both alike. A lost attempt to acquire,
 * and any error of it, reads as "held by another". Sources: PIPE-LOCK-*, LOCK-LEASE-*,
 * LOCK-FENCE-*.
 */
#ifndef LOCKSTEP_MODEL_PIPELINE_LOCK_H
#define LOCKSTEP_MODEL_PIPELINE_LOCK_H

#include "model/pipeline/records.h"

/* Where it may wait. */
#define LOCK_POINTS(X)                                                                             \
    X(ACQUIRE_LOCK) X(READ_LOCK) X(WATCH_LOCK) X(TAKE_OVER_LOCK) X(RENEW_LOCK) X(RELEASE_LOCK)

enum lock_errand { LOCK_ACQUIRE, LOCK_KEEP, LOCK_RELEASE };

struct lock {
    uint32_t at;
    uint32_t date;       /* name */
    uint16_t errand;     /* enum lock_errand */
    uint16_t held, lost; /* lost: it was held, and its owner knows that it is not any more */
    uint16_t unused;
    int64_t acquired_ms; /* in the lock's id */
    int64_t token;       /* of fencing; 0: none */
    int64_t version;     /* record version number that its owner put last */
    int64_t seen;        /* another owner's, since watched_ns */
    int64_t began_ns, watched_ns, renewed_ns;
};

/* Sets out to acquire the lock of a date: `held` tells. */
void lock_acquire(struct lock *lock, uint32_t date);

/* Sets out to renew it where that is due, which takes no time where it is not. `lost` is set where
 * it is not held any more, as far as its owner can know. */
void lock_keep(struct lock *lock);

/* Sets out to release it; errors are nobody's. */
void lock_release(struct lock *lock);

/* Steps it on its errand. */
enum process_status lock_step(struct cloud *c, struct invocation *invocation, struct lock *lock);

/* The points that a lock's process reports begin there. */
enum { LOCK_POINT_BASE = 48 };

#endif

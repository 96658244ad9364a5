/* queue.h: a standard SQS queue with its dead-letter queue, fed by S3 event notifications.
 *
 * Method. A message is visible, in flight or gone. Receiving a batch starts its visibility timeout;
 * when that ends before the messages are deleted, they are visible again, so delivery is at least
 * once. Which visible message comes next is a choice among the oldest few, since SQS promises no
 * order. A message that was received max_receive_count times goes to the dead-letter queue at the
 * next receive; one older than the retention is dropped then. Deleting with the receipt of an
 * earlier receive deletes nothing. A message may be delivered twice: the copy stays visible. A
 * fault may keep one hidden for a while when its turn has come, or spoil its body. Left out: the
 * age of dead letters, delay, attributes, the in-flight limit of 120 000. Sources: SQS-* and
 * S3-EVENT-* in docs/sources.md.
 */
#ifndef LOCKSTEP_MODEL_AWS_QUEUE_H
#define LOCKSTEP_MODEL_AWS_QUEUE_H

#include "sim/distribution.h"
#include "sim/world.h"

struct cloud;

enum { QUEUE_BATCH_MAX = 10, QUEUE_ORDER_WINDOW = 10 };

enum message_state { MESSAGE_VISIBLE = 1, MESSAGE_IN_FLIGHT, MESSAGE_DEAD, MESSAGE_HIDDEN };

/* In a body that receivers get, beside the key that it told of: it cannot be parsed. */
#define MESSAGE_UNREADABLE (UINT32_C(1) << 31)

struct message {
    struct pool_slot
        slot; /* next: index + 1 of the next visible message, or of the next one of its batch */
    uint32_t body; /* name of the S3 key it tells of */
    uint16_t receives;
    uint8_t state; /* enum message_state */
    uint8_t unreadable;
    int64_t sent_ns;
};

/* Messages received together by one poller. */
struct batch {
    struct pool_slot slot;
    uint32_t
        first; /* message, index + 1; 0: its messages are visible again, the receipts are old */
    uint32_t count;
    uint32_t serial, attempts;        /* tells stale events; invoke attempts */
    uint32_t failed;                  /* bit i: message i is not to be deleted with the others */
    uint32_t bodies[QUEUE_BATCH_MAX]; /* perhaps with MESSAGE_UNREADABLE */
    uint32_t older, newer;            /* in flight, received before and after it: index + 1 */
    uint32_t unused;
    int64_t received_ns;
};

/* Batches in flight stand in the order of their receives, hence of the ends of their visibility:
 * one timer, for the oldest, serves them all. */
struct queue_state {
    uint32_t oldest, newest;                     /* batch, index + 1 */
    struct event_handle timer;                   /* key 0: none is set */
    uint32_t head, tail, visible, dead, batches; /* batches: serial of the latest */
    uint32_t in_flight;                          /* and hidden */
    int64_t sent, delivered, deleted, redelivered, dead_lettered, expired;
};

struct queue {
    struct duration visibility_timeout, retention; /* config, set before cloud_init */
    int64_t max_receive_count, duplicate_ppm, notification_duplicate_ppm;
    struct distribution notification_delay;
    struct message *messages;
    struct batch *batches;
    struct queue_state *state;
    uint32_t messages_region, batches_region, state_region;
};

void queue_declare(struct cloud *c, uint64_t files);
void queue_init(struct cloud *c);

/* S3 tells of an object that was created: a notification is under way, perhaps twice. */
void queue_notify(struct cloud *c, uint32_t key);

/* Receives up to `most` (at most QUEUE_BATCH_MAX) messages as a new batch; NULL where none is
 * visible or there is no room. */
struct batch *queue_receive(struct cloud *c, int64_t most);

/* Deletes the batch's messages but the failed ones, unless they are visible again. Returns how many
 * were deleted; those left wait for the end of their visibility. */
uint32_t queue_delete(struct cloud *c, struct batch *batch);

/* The batch is no longer held by its receiver; its messages, if any are left, wait for their
 * visibility. */
void queue_forget(struct cloud *c, struct batch *batch);

static inline uint32_t batch_index(const struct queue *q, const struct batch *batch)
{
    return (uint32_t)(batch - q->batches);
}

/* Handlers. */
void queue_message_returned(void *cloud, uint32_t message, uint64_t detail);
void queue_notified(void *cloud, uint32_t key, uint64_t detail);
void queue_visibility_ended(void *cloud, uint32_t subject, uint64_t detail);

#endif

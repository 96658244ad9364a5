/* event_queue.h: the events to come, in the order of (instant, sequence number).
 *
 * Method. Every push takes the next sequence number, so the order is total and no heap decides a
 * tie: events due at the same instant come out in the order in which they were pushed. Events due
 * now go through a list, which keeps that order since what the heap holds for now was pushed
 * before. Cancelling marks; the mark is skipped when its turn comes. The structure of the heap was
 * chosen by measurement (docs/decisions/0002-event-queue.md; `make bench`).
 *
 * All state lies in memory that the caller gives and holds no pointers, so it can be copied and
 * compared.
 */
#ifndef LOCKSTEP_SIM_EVENT_QUEUE_H
#define LOCKSTEP_SIM_EVENT_QUEUE_H

#include "sim/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is to happen: its meaning belongs to whoever handles `kind`. */
struct event {
    uint32_t kind;
    uint32_t subject;
    uint64_t detail;
};

/* Names one pushed event, for cancelling; 0 names none. */
struct event_handle {
    uint64_t key;
};

struct event_queue; /* lies in the caller's memory */

enum { EVENT_QUEUE_CAPACITY_MAX = 16000000 };

/* Bytes needed for `capacity` pending events (1 to EVENT_QUEUE_CAPACITY_MAX), cancelled ones
 * counted until their turn. */
size_t event_queue_bytes(uint32_t capacity);

/* Bytes at the front of that memory that have been in use so far: what a snapshot must copy. Copied
 * back, or to other memory of that capacity, they are the queue as it was. */
size_t event_queue_bytes_used(const struct event_queue *q);

/* Lays an empty queue into `memory` (16-byte aligned, event_queue_bytes(capacity) long; fastest at
 * a multiple of 64); the clock starts at `now`. Memory that is not in use yet is not touched. */
struct event_queue *event_queue_init(void *memory, uint32_t capacity, struct instant now);

/* The instant of the event popped last, or the start. */
struct instant event_queue_now(const struct event_queue *q);

uint32_t event_queue_count(const struct event_queue *q); /* pending, cancelled ones not counted */

/* Adds an event at `at`, not before now. Returns its handle; the handle with key 0 where the queue
 * is full (nothing is added then). A queue takes 2^40 - 1 pushes in its life. */
struct event_handle event_queue_push(struct event_queue *q, struct instant at, struct event event);

/* Takes the next event and moves the clock to its instant. False, nothing changed, where none is
 * left. */
bool event_queue_pop(struct event_queue *q, struct event *event);

/* The instant of the next event that is not cancelled; false where none is left. */
bool event_queue_next(struct event_queue *q, struct instant *at);

/* Forgets an event. One that has been popped or cancelled already is left alone: handles are not
 * reused. */
void event_queue_cancel(struct event_queue *q, struct event_handle handle);

/* `sequence` orders events of one instant. */
typedef void event_queue_visit(void *self, struct instant at, uint64_t sequence,
                               const struct event *event);

/* Calls `visit` for every pending event, in no particular order (for hashing and for reports). */
void event_queue_each(const struct event_queue *q, event_queue_visit *visit, void *self);

#endif

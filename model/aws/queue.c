/* queue.c: see queue.h. */
#include "model/aws/cloud.h"

/* In the detail of a notification: its message cannot be parsed. */
static const uint64_t NOTIFICATION_CORRUPT = UINT64_C(1) << 32;

void queue_declare(struct cloud *c, uint64_t files)
{
    struct world *w = &c->simulation.world;
    struct queue *q = &c->queue;
    q->messages_region =
        world_declare(w, "SQS messages (limits.files)", REGION_POOL, sizeof(struct message),
                      4 * files + 64, (void **)&q->messages);
    q->batches_region = world_declare(w, "SQS batches (limits.files)", REGION_POOL,
                                      sizeof(struct batch), files + 64, (void **)&q->batches);
    q->state_region = world_declare(w, "queue", REGION_RECORDS, sizeof(struct queue_state), 1,
                                    (void **)&q->state);
}

void queue_init(struct cloud *c)
{
    (void)world_append(&c->simulation.world, c->queue.state_region);
}

/* Source: S3-EVENT-1, S3-EVENT-2. */
void queue_notify(struct cloud *c, uint32_t key)
{
    struct service_fault fault = cloud_service_fault(c, SERVICE_POINT_NOTIFICATION);
    uint32_t copies =
        fault.copies + choose_chance(c->simulation.choices, CHOICE_NOTIFICATION_DUPLICATE,
                                     c->queue.notification_duplicate_ppm);
    for (uint32_t i = 0; i < copies; i++) {
        struct duration delay =
            cloud_draw(c, CHOICE_NOTIFICATION_DELAY, &c->queue.notification_delay);
        delay.ns += fault.delay.ns;
        (void)simulation_schedule(&c->simulation, delay, EVENT_NOTIFICATION, key,
                                  i | (fault.corrupt ? NOTIFICATION_CORRUPT : 0));
    }
}

static void make_visible(struct queue *q, uint32_t index)
{
    struct message *message = &q->messages[index];
    message->state = MESSAGE_VISIBLE;
    message->slot.next = 0;
    if (q->state->tail == 0) {
        q->state->head = index + 1;
    } else {
        q->messages[q->state->tail - 1].slot.next = index + 1;
    }
    q->state->tail = index + 1;
    q->state->visible++;
}

/* Takes the message behind `before` (0: the first) out of the visible ones. */
static uint32_t unlink_visible(struct queue *q, uint32_t before)
{
    uint32_t *link = before == 0 ? &q->state->head : &q->messages[before - 1].slot.next;
    uint32_t index = *link - 1;
    *link = q->messages[index].slot.next;
    if (q->state->tail == index + 1) {
        q->state->tail = before;
    }
    q->messages[index].slot.next = 0;
    q->state->visible--;
    return index;
}

static int64_t add_message(struct cloud *c, uint32_t body, int64_t sent_ns)
{
    struct queue *q = &c->queue;
    int64_t index = pool_take(&c->simulation.world, q->messages_region);
    if (index < 0) {
        simulation_fail(&c->simulation, "SQS messages (limits.files)");
        return -1;
    }
    q->messages[index].body = body;
    q->messages[index].sent_ns = sent_ns;
    make_visible(q, (uint32_t)index);
    return index;
}

void queue_notified(void *cloud, uint32_t key, uint64_t detail)
{
    struct cloud *c = cloud;
    int64_t index = add_message(c, key, cloud_now(c).ns);
    if (index >= 0) {
        c->queue.messages[index].unreadable = (detail & NOTIFICATION_CORRUPT) != 0;
        c->queue.state->sent++;
        event_source_wake(c);
    }
}

/* The next visible message, by choice among the oldest: index, now no longer visible. Source:
 * SQS-ORDER-1. */
static uint32_t take_next(struct cloud *c)
{
    struct queue *q = &c->queue;
    uint32_t window =
        q->state->visible < QUEUE_ORDER_WINDOW ? q->state->visible : QUEUE_ORDER_WINDOW;
    uint32_t skip = window > 1 ? choose(c->simulation.choices, CHOICE_MESSAGE_ORDER, window) : 0;
    uint32_t before = 0;
    for (uint32_t i = 0; i < skip; i++) {
        before = before == 0 ? q->state->head : q->messages[before - 1].slot.next;
    }
    return unlink_visible(q, before);
}

/* Whether a message that was taken may be delivered; if not, it has been put away. Source:
 * SQS-RETENTION-1, SQS-DLQ-1. */
static bool deliverable(struct cloud *c, uint32_t index)
{
    struct queue *q = &c->queue;
    struct message *message = &q->messages[index];
    if (cloud_now(c).ns - message->sent_ns >= q->retention.ns) {
        q->state->expired++;
        pool_give(&c->simulation.world, q->messages_region, index);
        return false;
    }
    if (message->receives >= q->max_receive_count) {
        message->state = MESSAGE_DEAD;
        q->state->dead++;
        q->state->dead_lettered++;
        return false;
    }
    return true;
}

/* Its turn had come, and it is not there for anybody, for a while. */
static void hide(struct cloud *c, uint32_t index, struct duration time)
{
    struct queue *q = &c->queue;
    q->messages[index].state = MESSAGE_HIDDEN;
    q->state->in_flight++;
    (void)simulation_schedule(&c->simulation, time, EVENT_MESSAGE_RETURNED, index, 0);
}

void queue_message_returned(void *cloud, uint32_t index, uint64_t detail)
{
    (void)detail;
    struct cloud *c = cloud;
    ASSERT(c->queue.messages[index].state == MESSAGE_HIDDEN);
    c->queue.state->in_flight--;
    make_visible(&c->queue, index);
    event_source_wake(c);
}

/* Source: SQS-DUPLICATE-1. */
static void deliver(struct cloud *c, struct batch *batch, uint32_t index)
{
    struct queue *q = &c->queue;
    struct message *message = &q->messages[index];
    struct service_fault fault = cloud_service_fault(c, SERVICE_POINT_DELIVERY);
    if (fault.delay.ns > 0) {
        hide(c, index, fault.delay);
        return;
    }
    q->state->redelivered += message->receives > 0;
    q->state->delivered++;
    q->state->in_flight++;
    message->receives++;
    message->state = MESSAGE_IN_FLIGHT;
    message->slot.next = batch->first;
    batch->first = index + 1;
    batch->bodies[batch->count++] = message->body | (message->unreadable ? MESSAGE_UNREADABLE : 0);
    uint32_t copies =
        fault.copies - 1 +
        choose_chance(c->simulation.choices, CHOICE_MESSAGE_DUPLICATE, q->duplicate_ppm);
    for (uint32_t i = 0; i < copies; i++) {
        int64_t copy = add_message(c, message->body, message->sent_ns);
        if (copy >= 0) {
            q->messages[copy].receives = message->receives;
            q->messages[copy].unreadable = message->unreadable;
        }
    }
}

static void put_in_flight(struct queue *q, struct batch *batch)
{
    uint32_t number = batch_index(q, batch) + 1;
    batch->older = q->state->newest;
    if (batch->older == 0) {
        q->state->oldest = number;
    } else {
        q->batches[batch->older - 1].newer = number;
    }
    q->state->newest = number;
}

/* The timer stands for the batch that was the oldest when it was set; it may find a younger one in
 * its place. */
static void set_timer(struct cloud *c)
{
    struct queue *q = &c->queue;
    if (q->state->timer.key != 0 || q->state->oldest == 0) {
        return;
    }
    struct instant received = {q->batches[q->state->oldest - 1].received_ns};
    q->state->timer = simulation_schedule_at(
        &c->simulation, instant_add(received, q->visibility_timeout), EVENT_VISIBILITY_ENDED, 0, 0);
}

static void take_out_of_flight(struct cloud *c, struct batch *batch)
{
    struct queue *q = &c->queue;
    if (batch->older == 0) {
        q->state->oldest = batch->newer;
    } else {
        q->batches[batch->older - 1].newer = batch->newer;
    }
    if (batch->newer == 0) {
        q->state->newest = batch->older;
    } else {
        q->batches[batch->newer - 1].older = batch->older;
    }
    batch->older = 0;
    batch->newer = 0;
    batch->first = 0;
    if (q->state->oldest == 0) {
        simulation_cancel(&c->simulation, q->state->timer);
        q->state->timer = (struct event_handle){0};
    }
}

/* Source: SQS-RECEIVE-1, SQS-VISIBILITY-1. */
struct batch *queue_receive(struct cloud *c, int64_t most)
{
    struct queue *q = &c->queue;
    ASSERT(most >= 1 && most <= QUEUE_BATCH_MAX);
    if (q->state->visible == 0) {
        return NULL;
    }
    int64_t slot = pool_take(&c->simulation.world, q->batches_region);
    if (slot < 0) {
        simulation_fail(&c->simulation, "SQS batches (limits.files)");
        return NULL;
    }
    struct batch *batch = &q->batches[slot];
    /* Duplicates made during this receive are for a later one. */
    uint32_t available = q->state->visible;
    while (available > 0 && batch->count < most) {
        uint32_t index = take_next(c);
        available--;
        if (deliverable(c, index)) {
            deliver(c, batch, index);
        }
    }
    if (batch->count == 0) {
        pool_give(&c->simulation.world, q->batches_region, (uint32_t)slot);
        return NULL;
    }
    batch->serial = ++q->state->batches;
    batch->received_ns = cloud_now(c).ns;
    put_in_flight(q, batch);
    set_timer(c);
    return batch;
}

/* A batch whose visibility has ended has lost its messages. The list is in reverse order of
 * delivery. Source: SQS-DELETE-1, SQS-RECEIPT-1, ESM-PARTIAL-1. */
uint32_t queue_delete(struct cloud *c, struct batch *batch)
{
    struct queue *q = &c->queue;
    uint32_t deleted = 0;
    uint32_t position = batch->count;
    uint32_t *link = &batch->first;
    if (batch->first == 0) {
        return 0; /* its messages are visible again: the receipts are old (SQS-RECEIPT-1) */
    }
    while (*link != 0) {
        uint32_t at = *link;
        uint32_t *next = &q->messages[at - 1].slot.next;
        if ((batch->failed >> --position & 1) != 0) {
            link = next;
            continue;
        }
        *link = *next;
        pool_give(&c->simulation.world, q->messages_region, at - 1);
        q->state->in_flight--;
        q->state->deleted++;
        deleted++;
    }
    if (batch->first == 0) {
        take_out_of_flight(c, batch);
    }
    return deleted;
}

/* A batch record lives while its receiver holds it (attempts != 0) or its messages are in flight.
 */
static void give_if_done(struct cloud *c, struct batch *batch)
{
    if (batch->first == 0 && batch->attempts == 0) {
        pool_give(&c->simulation.world, c->queue.batches_region, batch_index(&c->queue, batch));
    }
}

void queue_forget(struct cloud *c, struct batch *batch)
{
    batch->attempts = 0;
    give_if_done(c, batch);
}

/* The messages of a batch become visible again. */
static void end_visibility(struct cloud *c, struct batch *batch)
{
    struct queue *q = &c->queue;
    /* The list is in reverse order of delivery; make the oldest visible first. */
    uint32_t order[QUEUE_BATCH_MAX];
    uint32_t count = 0;
    for (uint32_t at = batch->first; at != 0; at = q->messages[at - 1].slot.next) {
        order[count++] = at - 1;
    }
    while (count > 0) {
        q->state->in_flight--;
        make_visible(q, order[--count]);
    }
    take_out_of_flight(c, batch);
    give_if_done(c, batch);
}

void queue_visibility_ended(void *cloud, uint32_t subject, uint64_t detail)
{
    (void)subject;
    (void)detail;
    struct cloud *c = cloud;
    struct queue *q = &c->queue;
    q->state->timer = (struct event_handle){0};
    while (q->state->oldest != 0) {
        struct batch *batch = &q->batches[q->state->oldest - 1];
        if (cloud_now(c).ns - batch->received_ns < q->visibility_timeout.ns) {
            break;
        }
        end_visibility(c, batch);
    }
    set_timer(c);
    event_source_wake(c);
}

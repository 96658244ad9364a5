/* test_queue.c: the queue alone, between a workload that fills it and a test that receives.
 *
 * The event source is switched off, so messages stay until the test takes them; a last file, days
 * later, lets time pass.
 */
#include "tests/story.h"

enum { VISIBILITY_MS = 360 * 1000 };

static struct story s;

/* `files` messages are visible from the start on. */
static void begin(int64_t files)
{
    story_files(&s, files, 0, (struct duration){0});
    story_files(&s, 1, 30 * 86400, (struct duration){0});
    story_begin(&s);
    story_cloud(&s)->event_source.enabled = false;
    story_until_ms(&s, 0);
}

static struct batch *receive(int64_t most)
{
    struct batch *batch = queue_receive(story_cloud(&s), most);
    if (batch != NULL) {
        batch->attempts = 1;
    }
    return batch;
}

static const struct queue_state *state_of_queue(void)
{
    return story_cloud(&s)->queue.state;
}

/* SQS-RECEIVE-1 */
static void a_receive_brings_at_most_ten_messages(void **state)
{
    (void)state;
    story_init(&s);
    begin(25);
    assert_number(receive(10)->count, 10);
    assert_number(receive(10)->count, 10);
    assert_number(receive(10)->count, 5);
    assert_null(receive(10));
    story_end(&s);
}

/* SQS-VISIBILITY-1 */
static void a_message_is_visible_again_when_its_visibility_ends(void **state)
{
    (void)state;
    story_init(&s);
    begin(1);
    struct batch *batch = receive(10);
    uint32_t body = batch->bodies[0];
    story_until_ms(&s, VISIBILITY_MS - 1);
    assert_null(receive(10));
    story_until_ms(&s, VISIBILITY_MS);
    queue_forget(story_cloud(&s), batch);
    batch = receive(10);
    assert_non_null(batch);
    assert_number(batch->count, 1);
    assert_number(batch->bodies[0], body);
    assert_number(state_of_queue()->redelivered, 1);
    story_end(&s);
}

/* SQS-VISIBILITY-1: the messages of one batch come back in the order they were sent in. */
static void a_batch_comes_back_oldest_first(void **state)
{
    (void)state;
    story_init(&s);
    begin(3);
    struct batch *batch = receive(3);
    uint32_t bodies[] = {batch->bodies[0], batch->bodies[1], batch->bodies[2]};
    story_until_ms(&s, VISIBILITY_MS);
    queue_forget(story_cloud(&s), batch);
    for (int i = 0; i < 3; i++) {
        assert_number(receive(1)->bodies[0], bodies[i]);
    }
    story_end(&s);
}

/* SQS-DELETE-1 */
static void a_deleted_message_does_not_come_back(void **state)
{
    (void)state;
    story_init(&s);
    begin(10);
    struct batch *batch = receive(10);
    assert_number(queue_delete(story_cloud(&s), batch), 10);
    queue_forget(story_cloud(&s), batch);
    story_until_ms(&s, 2 * VISIBILITY_MS);
    assert_null(receive(10));
    assert_number(state_of_queue()->deleted, 10);
    assert_number(state_of_queue()->in_flight, 0);
    story_end(&s);
}

/* SQS-RECEIPT-1 */
static void deleting_with_an_old_receipt_deletes_nothing(void **state)
{
    (void)state;
    story_init(&s);
    begin(1);
    struct batch *slow = receive(10);
    story_until_ms(&s, VISIBILITY_MS);
    struct batch *again = receive(10);
    assert_non_null(again);
    assert_number(queue_delete(story_cloud(&s), slow), 0);
    assert_number(state_of_queue()->in_flight, 1);
    assert_number(queue_delete(story_cloud(&s), again), 1);
    story_end(&s);
}

/* SQS-DLQ-1 */
static void a_message_received_too_often_goes_to_the_dead_letter_queue(void **state)
{
    (void)state;
    story_init(&s);
    s.scenario.queue.max_receive_count = 3;
    begin(1);
    for (int i = 1; i <= 3; i++) {
        struct batch *batch = receive(10);
        assert_non_null(batch);
        assert_number(story_cloud(&s)->queue.messages[batch->first - 1].receives, i);
        story_until_ms(&s, (int64_t)i * VISIBILITY_MS);
        queue_forget(story_cloud(&s), batch);
    }
    /* It moves at the next receive, not when its visibility ends. */
    assert_number(state_of_queue()->dead_lettered, 0);
    assert_number(state_of_queue()->visible, 1);
    assert_null(receive(10));
    assert_number(state_of_queue()->dead_lettered, 1);
    assert_number(state_of_queue()->visible, 0);
    story_end(&s);
}

/* SQS-RETENTION-1: counted from when it was sent, however often it was received. */
static void a_message_older_than_the_retention_is_gone(void **state)
{
    (void)state;
    const int64_t retention_ms = INT64_C(4) * 86400 * 1000;
    for (int late = 0; late <= 1; late++) {
        story_init(&s);
        story_files(&s, 1, 4 * 86400 - 1, (struct duration){0});
        story_files(&s, 1, 4 * 86400, (struct duration){0});
        begin(1);
        story_until_ms(&s, retention_ms - (late ? 0 : 1000));
        struct batch *batch = receive(10);
        assert_number(batch->count, 2);
        assert_number(state_of_queue()->expired, late);
        story_end(&s);
    }
}

/* SQS-ORDER-1 */
static void any_of_the_ten_oldest_messages_may_be_next(void **state)
{
    (void)state;
    for (uint32_t next = 0; next < QUEUE_ORDER_WINDOW; next++) {
        struct choice order = {CHOICE_MESSAGE_ORDER, QUEUE_ORDER_WINDOW - 1, next};
        story_init(&s);
        begin(25);
        choices_init_recorded(&s.choices, cloud_choice_names, CHOICES_COUNT, &order, 1);
        struct batch *batch = receive(1);
        assert_false(s.choices.diverged);
        assert_number(batch->bodies[0], story_cloud(&s)->queue.messages[next].body);
        story_end(&s);
    }
}

/* SQS-ORDER-1 */
static void of_fewer_than_ten_any_may_be_next(void **state)
{
    (void)state;
    struct choice order = {CHOICE_MESSAGE_ORDER, 2, 2};
    story_init(&s);
    begin(3);
    choices_init_recorded(&s.choices, cloud_choice_names, CHOICES_COUNT, &order, 1);
    assert_number(receive(1)->bodies[0], story_cloud(&s)->queue.messages[2].body);
    assert_false(s.choices.diverged);
    story_end(&s);
}

/* SQS-DUPLICATE-1 */
static void a_duplicate_is_for_a_later_receive(void **state)
{
    (void)state;
    story_init(&s);
    s.scenario.queue.duplicate_ppm = 1000000;
    s.scenario.queue.max_receive_count = 2;
    begin(1);
    struct batch *first = receive(10);
    assert_number(first->count, 1);
    uint32_t body = first->bodies[0];
    assert_number(queue_delete(story_cloud(&s), first), 1);
    struct batch *second = receive(10);
    assert_number(second->count, 1);
    assert_number(second->bodies[0], body);
    /* The copy of the copy has been received twice, counting its original's. */
    assert_null(receive(10));
    assert_number(state_of_queue()->dead_lettered, 1);
    story_end(&s);
}

/* S3-EVENT-1 */
static void a_notification_may_come_twice(void **state)
{
    (void)state;
    story_init(&s);
    s.scenario.bucket.notification_duplicate_ppm = 1000000;
    begin(4);
    assert_number(state_of_queue()->sent, 8);
    assert_number(state_of_queue()->visible, 8);
    story_end(&s);
}

/* S3-EVENT-2 */
static void a_notification_takes_its_delay(void **state)
{
    (void)state;
    story_init(&s);
    s.scenario.bucket.notification_delay = exactly(duration_ms(700));
    begin(1);
    story_until_ms(&s, 699);
    assert_number(state_of_queue()->visible, 0);
    story_until_ms(&s, 700);
    assert_number(state_of_queue()->visible, 1);
    story_end(&s);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, a_receive_brings_at_most_ten_messages);
    CASES_ADD(&cases, a_message_is_visible_again_when_its_visibility_ends);
    CASES_ADD(&cases, a_batch_comes_back_oldest_first);
    CASES_ADD(&cases, a_deleted_message_does_not_come_back);
    CASES_ADD(&cases, deleting_with_an_old_receipt_deletes_nothing);
    CASES_ADD(&cases, a_message_received_too_often_goes_to_the_dead_letter_queue);
    CASES_ADD(&cases, a_message_older_than_the_retention_is_gone);
    CASES_ADD(&cases, any_of_the_ten_oldest_messages_may_be_next);
    CASES_ADD(&cases, of_fewer_than_ten_any_may_be_next);
    CASES_ADD(&cases, a_duplicate_is_for_a_later_receive);
    CASES_ADD(&cases, a_notification_may_come_twice);
    CASES_ADD(&cases, a_notification_takes_its_delay);
    return cases_run("queue", &cases);
}

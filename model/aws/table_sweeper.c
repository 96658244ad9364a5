/* table_sweeper.c: see table_sweeper.h. */
#include "model/aws/cloud.h"

void table_sweeper_declare(struct cloud *c)
{
    c->sweeper.region =
        world_declare(&c->simulation.world, "TTL sweeper", REGION_RECORDS,
                      sizeof(struct table_sweeper_state), 1, (void **)&c->sweeper.state);
}

/* Schedules the next scan for the second after `ttl_s`, in place of the one that was due. */
static void arm(struct cloud *c, int64_t ttl_s)
{
    struct table_sweeper_state *s = c->sweeper.state;
    if (s->armed_s != INT64_MAX) {
        simulation_cancel(&c->simulation, s->scan);
        s->pending--;
    }
    s->armed_s = ttl_s + 1;
    struct instant due = {s->armed_s * NS_PER_S};
    if (instant_before(due, cloud_now(c))) {
        due = cloud_now(c);
    }
    s->scan = simulation_schedule_at(&c->simulation, due, EVENT_EXPIRY_SCAN, 0, 0);
    s->pending++;
}

void table_sweeper_init(struct cloud *c)
{
    (void)world_append(&c->simulation.world, c->sweeper.region);
    c->sweeper.state->armed_s = INT64_MAX;
    int64_t ttl_s;
    if (table_next_expiry(c->table, 0, &ttl_s)) {
        arm(c, ttl_s);
    }
}

/* Marks an item: it is deleted a while after `from`, if it is still expired then. Sources:
 * DDB-TTL-4, DDB-TTL-5. */
static void mark(struct cloud *c, uint64_t key_hash, struct instant from)
{
    struct duration delay = cloud_draw(c, CHOICE_TTL_DELAY, &c->sweeper.delay);
    delay.ns += cloud_service_fault(c, SERVICE_POINT_TTL_DELETION).delay.ns;
    struct instant due = instant_add(from, delay);
    if (instant_before(due, cloud_now(c))) {
        due = cloud_now(c);
    }
    (void)simulation_schedule_at(&c->simulation, due, EVENT_EXPIRY_DELETE, 0, key_hash);
    c->sweeper.state->pending++;
}

void table_sweeper_note(struct cloud *c, struct item key, int64_t ttl_s)
{
    const struct table_sweeper_state *s = c->sweeper.state;
    if (ttl_s < s->scanned_to_s) {
        mark(c, table_key_hash(c->table, key), cloud_now(c));
        return;
    }
    /* Beyond the last instant that 64 bits of nanoseconds reach, nothing expires. */
    if (ttl_s + 1 < s->armed_s && ttl_s < INT64_MAX / NS_PER_S - 1) {
        arm(c, ttl_s);
    }
}

/* The scan is due a second after the ttl; it is later only for an item that was written later. */
static void mark_expired(void *self, uint64_t key_hash, int64_t ttl_s)
{
    (void)ttl_s;
    struct cloud *c = self;
    int64_t since_s = instant_epoch_seconds(cloud_now(c)) - 1;
    mark(c, key_hash, (struct instant){since_s * NS_PER_S});
}

void table_sweeper_scan(void *cloud, uint32_t subject, uint64_t detail)
{
    (void)subject;
    (void)detail;
    struct cloud *c = cloud;
    struct table_sweeper_state *s = c->sweeper.state;
    int64_t now_s = instant_epoch_seconds(cloud_now(c));
    s->pending--;
    s->armed_s = INT64_MAX;
    table_each_expiry(c->table, s->scanned_to_s, now_s, mark_expired, c);
    s->scanned_to_s = now_s;
    int64_t ttl_s;
    if (table_next_expiry(c->table, now_s, &ttl_s) && ttl_s < INT64_MAX / NS_PER_S - 1) {
        arm(c, ttl_s);
    }
}

void table_sweeper_delete(void *cloud, uint32_t subject, uint64_t key_hash)
{
    (void)subject;
    struct cloud *c = cloud;
    struct item old;
    c->sweeper.state->pending--;
    if (table_expire(c->table, cloud_now(c), key_hash, &old)) {
        c->application.expiry_observed(c, old);
        stream_source_wake(c);
    }
}

/* stream_source.c: see stream_source.h. */
#include "model/aws/stream_source.h"

#include "model/aws/cloud.h"

/* Source: ESM-STREAM-1. */
static const struct duration POLL_INTERVAL = {250 * NS_PER_MS};

/* Of an invocation's payload. Source: ESM-STREAM-2. */
enum { PAYLOAD_BYTES_MAX = 6 << 20 };

void stream_source_declare(struct cloud *c)
{
    struct stream_source *s = &c->stream_source;
    struct world *w = &c->simulation.world;
    if (!s->enabled) {
        return;
    }
    ASSERT(s->shards > 0 && s->parallelization > 0 && s->parallelization <= STREAM_LANES_MAX);
    ASSERT(s->batch_size > 0 && s->batch_size <= STREAM_BATCH_MAX);
    uint64_t lanes = s->shards * (uint64_t)s->parallelization;
    s->shards_region =
        world_declare(w, "stream shards", REGION_RECORDS, sizeof(struct stream_shard_state),
                      s->shards, (void **)&s->shard_states);
    s->lanes_region = world_declare(w, "stream lanes", REGION_RECORDS, sizeof(struct stream_lane),
                                    lanes, (void **)&s->lanes);
    s->noticed_region = world_declare(w, "stream source", REGION_RECORDS, sizeof(uint64_t), 1,
                                      (void **)&s->noticed);
    s->counts_region = world_declare(w, "stream source counts", REGION_HISTORY,
                                     sizeof(struct stream_source_counts), 1, (void **)&s->counts);
    distribution_init(
        &s->phase, &(struct distribution_spec){.kind = DISTRIBUTION_UNIFORM, .b = POLL_INTERVAL});
}

static uint32_t shard_of(const struct stream_source *s, uint32_t lane)
{
    return lane / (uint32_t)s->parallelization;
}

/* The lane that a record goes into. Source: ESM-STREAM-4. */
static uint32_t lane_of(const struct stream_source *s, const struct stream_record *r)
{
    uint64_t lanes = (uint64_t)s->parallelization;
    return (uint32_t)(r->shard * lanes + r->key_hash % lanes);
}

static bool is_wanted(const struct stream_source *s, const struct stream_record *r)
{
    return s->filter == NULL || s->filter(r);
}

/* Whether a lane would take more records now. */
static bool wants_more(const struct stream_lane *lane)
{
    return lane->state == LANE_IDLE || lane->state == LANE_GATHERING;
}

/* Schedules the next poll of a shard, unless it is: the polls of a shard that is being read follow
 * each other at the interval, and one that was at its end has kept polling at a phase that nobody
 * knows. */
static void poll_soon(struct cloud *c, uint32_t shard)
{
    struct stream_source *s = &c->stream_source;
    struct stream_shard_state *state = &s->shard_states[shard];
    if (state->polling) {
        return;
    }
    struct instant now = cloud_now(c);
    struct instant next = now;
    if (state->polled_ns != INT64_MIN && now.ns < state->polled_ns + POLL_INTERVAL.ns) {
        next.ns = state->polled_ns + POLL_INTERVAL.ns;
    } else {
        next = instant_add(now, cloud_draw(c, CHOICE_STREAM_PHASE, &s->phase));
    }
    state->polled_ns = next.ns;
    state->polling = 1;
    next = instant_add(next, cloud_draw(c, CHOICE_LATENCY_STREAM_READ, &s->read_latency));
    (void)simulation_schedule_at(&c->simulation, next, EVENT_STREAM_POLL, shard, 0);
}

void stream_source_init(struct cloud *c)
{
    struct stream_source *s = &c->stream_source;
    if (!s->enabled) {
        return;
    }
    ASSERT(table_stream_shards(c->table) == s->shards);
    ASSERT(s->start == STREAM_TRIM_HORIZON || s->start == STREAM_LATEST); /* ESM-STREAM-12 */
    (void)world_append(&c->simulation.world, s->noticed_region);
    (void)world_append(&c->simulation.world, s->counts_region);
    for (uint32_t shard = 0; shard < s->shards; shard++) {
        struct stream_iterator it;
        enum stream_result result =
            table_stream_iterator(c->table, cloud_now(c), shard, s->start, 0, &it);
        ASSERT(result == STREAM_OK);
        (void)world_append(&c->simulation.world, s->shards_region);
        s->shard_states[shard] =
            (struct stream_shard_state){.read_to = it.position, .polled_ns = INT64_MIN};
        for (int64_t i = 0; i < s->parallelization; i++) {
            int64_t lane = world_append(&c->simulation.world, s->lanes_region);
            s->lanes[lane].position = it.position;
            s->lanes[lane].gathered = it.position;
        }
    }
    if (s->start == STREAM_LATEST) {
        *s->noticed = table_stream_newest(c->table);
    }
    stream_source_wake(c);
}

void stream_source_wake(struct cloud *c)
{
    struct stream_source *s = &c->stream_source;
    struct stream_record r;
    if (!s->enabled) {
        return;
    }
    uint64_t newest = table_stream_newest(c->table);
    for (; *s->noticed < newest; ++*s->noticed) {
        if (table_stream_at(c->table, *s->noticed + 1, &r) && is_wanted(s, &r) &&
            wants_more(&s->lanes[lane_of(s, &r)])) {
            poll_soon(c, r.shard);
        }
    }
}

/* Batches */

/* The next record of a lane from `position` on and before `end`; false where there is none. */
static bool next_record(const struct cloud *c, uint32_t lane, uint64_t position, uint64_t end,
                        struct stream_record *r)
{
    const struct stream_source *s = &c->stream_source;
    while (table_stream_next(c->table, cloud_now(c), shard_of(s, lane), position, r) &&
           r->sequence < end) {
        if (lane_of(s, r) == lane && is_wanted(s, r)) {
            return true;
        }
        position = r->sequence + 1;
    }
    return false;
}

/* Source: ESM-STREAM-6. */
static bool too_old(const struct cloud *c, const struct stream_record *r)
{
    int64_t most_ns = c->stream_source.maximum_record_age.ns;
    return most_ns > 0 && instant_since(cloud_now(c), r->created).ns >= most_ns;
}

static void tell_discard(struct cloud *c, const struct stream_discard *discard)
{
    struct stream_source_counts *counts = c->stream_source.counts;
    counts->discarded_batches++;
    counts->discarded_records += discard->count;
    if (c->application.stream_discarded != NULL) {
        c->application.stream_discarded(c, discard);
    }
}

/* Gives up a lane's records before `end`: all of them, or those that are too old, which come first.
 */
static void discard(struct cloud *c, uint32_t index, uint64_t end, enum stream_discard_reason why)
{
    struct stream_lane *lane = &c->stream_source.lanes[index];
    struct stream_record r;
    struct stream_discard lost = {
        .reason = why, .shard = shard_of(&c->stream_source, index), .errors = lane->errors};
    while (next_record(c, index, lane->position, end, &r) &&
           (why == DISCARD_RETRIES_EXHAUSTED || too_old(c, &r))) {
        lost.first = lost.count == 0 ? r.sequence : lost.first;
        lost.last = r.sequence;
        lost.count++;
        lane->position = r.sequence + 1;
    }
    if (lost.count > 0) {
        tell_discard(c, &lost);
    }
}

static void schedule(struct cloud *c, uint32_t index, struct duration after)
{
    struct stream_lane *lane = &c->stream_source.lanes[index];
    lane->timer =
        simulation_schedule(&c->simulation, after, EVENT_STREAM_INVOKE, index, lane->serial);
}

static void next_piece(struct cloud *c, uint32_t index);

/* Invokes the function with the next piece of the batch; a throttled invoke is tried again, and
 * does not count. Source: ESM-STREAM-8. */
static void invoke(struct cloud *c, uint32_t index)
{
    struct stream_source *s = &c->stream_source;
    struct stream_lane *lane = &s->lanes[index];
    struct stream_record r;
    uint64_t end = lane->ends[lane->pieces - 1];
    discard(c, index, end, DISCARD_RECORD_AGE_EXCEEDED);
    if (!next_record(c, index, lane->position, end, &r)) {
        next_piece(c, index);
        return;
    }
    lane->serial++;
    lane->failed = 0;
    lane->failed_at = 0;
    struct invocation_request request = {.lane = index + 1, .lane_serial = lane->serial};
    if (function_invoke(c, s->function, &request)) {
        lane->state = LANE_INVOKED;
        return;
    }
    s->counts->throttled++;
    lane->state = LANE_WAITING;
    schedule(c, index, cloud_draw(c, CHOICE_STREAM_RETRY, &s->retry_wait));
}

/* The batch is as large as it gets, or has waited long enough. */
static void begin_batch(struct cloud *c, uint32_t index)
{
    struct stream_lane *lane = &c->stream_source.lanes[index];
    ASSERT(lane->pieces == 0 && lane->count > 0 && lane->errors == 0);
    if (lane->timer.key != 0) {
        simulation_cancel(&c->simulation, lane->timer);
        lane->timer = (struct event_handle){0};
    }
    lane->ends[0] = lane->gathered;
    lane->pieces = 1;
    struct service_fault fault = cloud_service_fault(c, SERVICE_POINT_BATCH);
    lane->again = fault.copies > 0 ? fault.copies - 1 : 0;
    if (fault.copies == 0) {
        c->stream_source.counts->lost++;
        lane->position = lane->gathered;
        next_piece(c, index);
    } else if (fault.delay.ns > 0) {
        lane->state = LANE_WAITING;
        schedule(c, index, fault.delay);
    } else {
        invoke(c, index);
    }
}

/* Adds what has been read to the lane's batch; true where the batch is full. */
static bool gather(struct cloud *c, uint32_t index)
{
    const struct stream_source *s = &c->stream_source;
    struct stream_lane *lane = &s->lanes[index];
    uint64_t read_to = s->shard_states[shard_of(s, index)].read_to;
    struct stream_record r;
    if (lane->count == 0) {
        discard(c, index, read_to, DISCARD_RECORD_AGE_EXCEEDED);
        lane->gathered = lane->position;
    }
    while (next_record(c, index, lane->gathered, read_to, &r)) {
        if (lane->bytes + r.size > PAYLOAD_BYTES_MAX) {
            return true;
        }
        lane->gathered = r.sequence + 1;
        lane->bytes += r.size;
        lane->count++;
        if (lane->count == s->batch_size) {
            return true;
        }
    }
    lane->gathered = read_to;
    return false;
}

/* A lane without a batch under way looks at what has been read. Source: ESM-STREAM-2. */
static void take_more(struct cloud *c, uint32_t index)
{
    struct stream_source *s = &c->stream_source;
    struct stream_lane *lane = &s->lanes[index];
    bool full = gather(c, index);
    if (lane->count == 0) {
        lane->position = lane->gathered;
        return;
    }
    if (full || s->batching_window.ns == 0) {
        begin_batch(c, index);
    } else if (lane->state == LANE_IDLE) {
        lane->state = LANE_GATHERING;
        schedule(c, index, s->batching_window);
    }
}

/* Whether a shard has records that have not been read. */
static bool unread(const struct cloud *c, uint32_t shard)
{
    struct stream_record r;
    return table_stream_next(c->table, cloud_now(c), shard,
                             c->stream_source.shard_states[shard].read_to, &r);
}

/* A piece of the batch is done with: goes on with the next one, or the next batch. */
static void next_piece(struct cloud *c, uint32_t index)
{
    struct stream_source *s = &c->stream_source;
    struct stream_lane *lane = &s->lanes[index];
    lane->ends[--lane->pieces] = 0;
    lane->errors = 0;
    if (lane->pieces > 0) {
        invoke(c, index);
        return;
    }
    lane->state = LANE_IDLE;
    lane->count = 0;
    lane->bytes = 0;
    take_more(c, index);
    if (wants_more(lane) && unread(c, shard_of(s, index))) {
        poll_soon(c, shard_of(s, index));
    }
}

void stream_source_invoke(void *cloud, uint32_t index, uint64_t serial)
{
    struct cloud *c = cloud;
    struct stream_lane *lane = &c->stream_source.lanes[index];
    ASSERT(lane->serial == serial);
    lane->timer = (struct event_handle){0};
    if (lane->state == LANE_GATHERING) {
        begin_batch(c, index);
    } else {
        ASSERT(lane->state == LANE_WAITING);
        invoke(c, index);
    }
}

/* Reads up to 1000 records or 1 MB of a shard. Source: DDB-STREAM-8. */
static void read_shard(struct cloud *c, uint32_t shard)
{
    struct stream_shard_state *state = &c->stream_source.shard_states[shard];
    struct stream_record r;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < STREAM_READ_MAX; i++) {
        if (!table_stream_next(c->table, cloud_now(c), shard, state->read_to, &r)) {
            return;
        }
        bytes += r.size;
        if (i > 0 && bytes > STREAM_READ_BYTES) {
            return;
        }
        state->read_to = r.sequence + 1;
    }
}

/* Source: ESM-STREAM-1. */
void stream_source_poll(void *cloud, uint32_t shard, uint64_t detail)
{
    (void)detail;
    struct cloud *c = cloud;
    struct stream_source *s = &c->stream_source;
    uint32_t first = shard * (uint32_t)s->parallelization;
    bool more = false;
    s->shard_states[shard].polling = 0;
    s->counts->polls++;
    read_shard(c, shard);
    for (uint32_t lane = first; lane < first + (uint32_t)s->parallelization; lane++) {
        if (wants_more(&s->lanes[lane])) {
            take_more(c, lane);
        }
        more = more || wants_more(&s->lanes[lane]);
    }
    if (more && unread(c, shard)) {
        poll_soon(c, shard);
    }
}

/* The end of an invocation */

void stream_source_each(struct cloud *c, const struct invocation *invocation,
                        void (*visit)(void *self, const struct stream_record *record), void *self)
{
    uint32_t index = invocation->request.lane - 1;
    const struct stream_lane *lane = &c->stream_source.lanes[index];
    ASSERT(lane->state == LANE_INVOKED && lane->serial == invocation->request.lane_serial);
    struct stream_record r;
    uint64_t position = lane->position;
    for (; next_record(c, index, position, lane->ends[lane->pieces - 1], &r);
         position = r.sequence + 1) {
        visit(self, &r);
    }
}

void stream_source_fail(struct cloud *c, const struct invocation *invocation, uint64_t sequence)
{
    struct stream_lane *lane = &c->stream_source.lanes[invocation->request.lane - 1];
    ASSERT(lane->state == LANE_INVOKED && lane->serial == invocation->request.lane_serial);
    lane->failed = 1;
    lane->failed_at = sequence;
}

/* The lane's records from where it stands to before `end`, and the last of them. */
static uint32_t count_records(const struct cloud *c, uint32_t index, uint64_t end,
                              struct stream_record *last)
{
    uint32_t count = 0;
    uint64_t position = c->stream_source.lanes[index].position;
    while (next_record(c, index, position, end, last)) {
        position = last->sequence + 1;
        count++;
    }
    return count;
}

/* Source: ESM-STREAM-3, ESM-STREAM-9. */
static void succeed(struct cloud *c, uint32_t index)
{
    struct stream_source *s = &c->stream_source;
    struct stream_lane *lane = &s->lanes[index];
    struct stream_record last;
    if (lane->again > 0 ||
        choose_chance(c->simulation.choices, CHOICE_STREAM_DUPLICATE, s->duplicate_ppm)) {
        lane->again -= lane->again > 0;
        s->counts->duplicates++;
        invoke(c, index);
        return;
    }
    uint64_t end = lane->ends[lane->pieces - 1];
    uint32_t count = count_records(c, index, end, &last);
    if (count > 0) {
        int64_t age_ns = instant_since(cloud_now(c), last.created).ns;
        s->counts->iterator_age_ns =
            age_ns > s->counts->iterator_age_ns ? age_ns : s->counts->iterator_age_ns;
    }
    s->counts->batches++;
    s->counts->records += count;
    lane->position = end;
    next_piece(c, index);
}

/* Parts the piece under way in the middle: its first half goes first. Source: ESM-STREAM-11. */
static void halve(struct cloud *c, uint32_t index, uint32_t count)
{
    struct stream_lane *lane = &c->stream_source.lanes[index];
    struct stream_record r;
    uint64_t middle = lane->position;
    for (uint32_t i = 0; i < count / 2; i++) {
        bool found = next_record(c, index, middle, lane->ends[lane->pieces - 1], &r);
        ASSERT(found);
        middle = r.sequence + 1;
    }
    ASSERT(lane->pieces < STREAM_PIECES_MAX);
    lane->ends[lane->pieces++] = middle;
}

/* Moves a batch up to the record that its handler named: what comes before has succeeded. False
 * where the record is not in the batch. Source: ESM-STREAM-10. */
static bool move_to_failed(struct cloud *c, uint32_t index)
{
    struct stream_source *s = &c->stream_source;
    struct stream_lane *lane = &s->lanes[index];
    struct stream_record r;
    if (lane->failed_at < lane->position ||
        !next_record(c, index, lane->failed_at, lane->ends[lane->pieces - 1], &r) ||
        r.sequence != lane->failed_at) {
        return false;
    }
    s->counts->records += count_records(c, index, lane->failed_at, &r);
    lane->position = lane->failed_at;
    return true;
}

/* Source: ESM-STREAM-5, ESM-STREAM-7; the wait: ESM-STREAM-13. */
static void fail(struct cloud *c, uint32_t index, bool named)
{
    struct stream_source *s = &c->stream_source;
    struct stream_lane *lane = &s->lanes[index];
    struct stream_record last;
    uint64_t end = lane->ends[lane->pieces - 1];
    s->counts->errors++;
    bool moved = named && s->report_item_failures && move_to_failed(c, index);
    uint32_t count = count_records(c, index, end, &last);
    if (s->bisect && !moved && count > 1) {
        halve(c, index, count);
    } else if (lane->errors++ == s->maximum_retries) {
        discard(c, index, end, DISCARD_RETRIES_EXHAUSTED);
        next_piece(c, index);
        return;
    }
    lane->state = LANE_WAITING;
    schedule(c, index, cloud_draw(c, CHOICE_STREAM_RETRY, &s->retry_wait));
}

void stream_source_done(struct cloud *c, uint32_t index, uint32_t serial, bool succeeded)
{
    struct stream_lane *lane = &c->stream_source.lanes[index];
    ASSERT(lane->state == LANE_INVOKED && lane->serial == serial);
    if (succeeded && lane->failed == 0) {
        succeed(c, index);
    } else {
        fail(c, index, succeeded && lane->failed_at != 0);
    }
}

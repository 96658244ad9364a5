/* test_stream_source.c: the event-source mapping of a table's stream, in a world of its own.
 *
 * The world has a table with a stream, the mapping, and a consumer: a function that reads its batch
 * when it begins, works for a while, and ends as the test tells it to. Calls take no time and every
 * choice is its default, unless a test says otherwise: a poll of a quiet shard then comes 125 ms
 * after the write. Each delivery of a record is kept as a row.
 */
#include "tests/cases.h"

#include "model/aws/cloud.h"

#include <stdio.h>

enum { DELIVERIES_MAX = 100000, BYTES = 500000, PHASE_MS = 125, DAY_S = 86400 };

static const struct instant START = {INT64_C(1769763600) * NS_PER_S};

struct consumer {
    struct invocation invocation;
    uint32_t broken, unused; /* it is to end in an error */
    uint64_t named;          /* the first record that failed */
};

struct delivery {
    int64_t ms; /* since START */
    uint64_t sequence;
    uint64_t key_hash;
    enum stream_event event;
    bool by_service;
    uint32_t batch; /* number of the invocation, from 1 */
};

/* The world, and what the consumer is told. */
struct mapping {
    struct cloud cloud;
    struct choices choices;
    struct trace trace;
    struct table_config table;
    struct duration work;
    uint64_t poison;            /* a record that makes a batch fail; 0: none */
    int64_t failures;           /* so often; -1: for ever */
    bool names_poison;          /* by the first failed record, not by an error */
    uint64_t named, named_next; /* names these in its place, the second from the second time on */
    bool breaks_all;            /* every batch fails */
    const uint32_t *script;     /* how each invocation ends, the later ones well; NULL: as above */
    uint32_t script_size;
    uint64_t done; /* with a script: the records up to it are done with */
    struct delivery deliveries[DELIVERIES_MAX];
    uint32_t count, batches;
    struct stream_discard discards[1024];
    uint32_t discards_count;
};

static struct mapping m;
static char buffer[BYTES];
static char padding[BYTES];

static int64_t now_ms(void)
{
    return instant_since(cloud_now(&m.cloud), START).ns / NS_PER_MS;
}

/* The consumer */

enum { START_POINT, WORK_POINT };

static const char *const points[] = {"START", "WORK"};

static void receive(void *self, const struct stream_record *r)
{
    struct consumer *consumer = self;
    assert_true(m.count < DELIVERIES_MAX);
    m.deliveries[m.count++] =
        (struct delivery){now_ms(), r->sequence, r->key_hash, r->event, r->by_service, m.batches};
    if (r->sequence == m.poison && m.failures != 0) {
        consumer->broken = !m.names_poison;
        consumer->named = !m.names_poison ? 0 : m.named != 0 ? m.named : r->sequence;
        m.named = m.named_next;
    }
}

/* How an invocation ends that follows a script. */
enum ending { ENDS_WELL, ENDS_IN_ERROR, NAMES_THE_MIDDLE, ENDINGS };

/* The batch begins with the first record that is not done with, and has no gap; it ends as the
 * script says. */
static void follow_script(struct consumer *consumer, uint32_t first)
{
    uint64_t last = m.deliveries[m.count - 1].sequence;
    for (uint32_t i = first; i < m.count; i++) {
        assert_true(m.deliveries[i].sequence == m.done + 1 + (i - first));
    }
    uint32_t ending = m.batches <= m.script_size ? m.script[m.batches - 1] : ENDS_WELL;
    consumer->broken = ending == ENDS_IN_ERROR;
    if (ending == NAMES_THE_MIDDLE) {
        consumer->named = m.done + 1 + (m.count - first) / 2;
        m.done = consumer->named - 1;
    } else if (ending == ENDS_WELL) {
        m.done = last;
    }
}

static enum process_status consume(struct cloud *c, struct task *task)
{
    struct consumer *consumer = (void *)task;
    if (task->at == START_POINT) {
        task->at = WORK_POINT;
        m.batches++;
        consumer->broken = m.breaks_all;
        uint32_t first = m.count;
        stream_source_each(c, &consumer->invocation, receive, consumer);
        if (m.script != NULL) {
            follow_script(consumer, first);
        }
        m.failures -= (consumer->broken || consumer->named != 0) && m.failures > 0;
        task_sleep(c, task, WORK_POINT, m.work);
        return PROCESS_SUSPENDED;
    }
    if (consumer->broken || consumer->named != 0) {
        stream_source_fail(c, &consumer->invocation, consumer->named);
    }
    return PROCESS_DONE;
}

/* A function that writes to the table, by a call. */

static enum process_status write_once(struct cloud *c, struct task *task)
{
    if (task->at == START_POINT) {
        task->at = WORK_POINT;
        call_send(c, task, WORK_POINT, 0, NULL, 0);
        return PROCESS_SUSPENDED;
    }
    return PROCESS_DONE;
}

static struct item item_of(const char *key, int64_t n)
{
    struct item_writer w = item_writer(buffer, BYTES);
    item_add_s(&w, TEXT("id"), text_from(key));
    item_add_n(&w, TEXT("n"), n);
    return item_written(&w);
}

static enum call_status perform_put(struct cloud *c, struct task *caller, struct call *call)
{
    (void)caller;
    (void)call;
    struct table_reply reply;
    return table_put(c->table, cloud_now(c), item_of("called", 1), NULL, NULL, &reply) == TABLE_OK
               ? CALL_OK
               : CALL_INVALID;
}

static const struct operation operations[] = {
    {"dynamodb", "PutItem", CHOICE_LATENCY_TABLE_WRITE, perform_put, true},
};

enum { TYPE_CONSUMER, TYPE_WRITER };

static const struct task_type types[] = {
    {"consumer", sizeof(struct consumer), 1000, 5, 10, points, 2, consume,    invocation_end, NULL},
    {"writer",   sizeof(struct consumer), 10,   5, 10, points, 2, write_once, invocation_end, NULL},
};

/* The application */

static void call_observed(struct cloud *c, const struct task *caller, const struct call *call,
                          enum call_status status)
{
    (void)c;
    (void)caller;
    (void)call;
    (void)status;
}

static struct call_fault no_fault(struct cloud *c, const struct task *caller)
{
    (void)c;
    (void)caller;
    return (struct call_fault){.harm = CALL_UNHARMED};
}

static void invocation_observed(struct cloud *c, struct invocation *invocation, bool started,
                                enum invocation_end end)
{
    (void)c;
    (void)invocation;
    (void)started;
    (void)end;
}

static void expiry_observed(struct cloud *c, struct item old)
{
    (void)c;
    (void)old;
}

static void stream_discarded(struct cloud *c, const struct stream_discard *discard)
{
    (void)c;
    m.discards[m.discards_count++] = *discard;
    m.done = discard->last;
}

/* The world */

static void exactly(struct distribution *d, struct duration time)
{
    distribution_init(
        d, &(struct distribution_spec){.kind = DISTRIBUTION_CONSTANT, .a = time, .b = time});
}

static void configure_function(enum function_id id, uint32_t type)
{
    struct function_config *config = &m.cloud.functions.configs[id];
    config->name = types[type].name;
    config->task_type = type;
    config->timeout = duration_s(900);
    config->scaling_per_10s = 1000;
    config->idle_lifetime = duration_s(300);
    exactly(&config->cold_start, (struct duration){0});
    exactly(&config->clock_skew, (struct duration){0});
}

/* A world that begins with `begin`: until then a test changes what it is about. */
static void prepare(void)
{
    struct cloud *c = &m.cloud;
    memset(&m, 0, sizeof m);
    choices_init_default(&m.choices, cloud_choice_names, CHOICES_COUNT);
    trace_init(&m.trace);
    simulation_init(&c->simulation, c, cloud_events, EVENTS_COUNT, &m.choices, &m.trace);
    c->application = (struct application){
        .types = types,
        .types_count = 2,
        .operations = operations,
        .operations_count = 1,
        .call_observed = call_observed,
        .call_fault = no_fault,
        .invocation_observed = invocation_observed,
        .expiry_observed = expiry_observed,
        .stream_discarded = stream_discarded,
    };
    configure_function(FUNCTION_UPDATER, TYPE_CONSUMER);
    configure_function(FUNCTION_BUILDER, TYPE_WRITER);
    for (uint32_t i = 0; i < LATENCIES_COUNT; i++) {
        exactly(&c->latencies[i], (struct duration){0});
    }
    exactly(&c->sweeper.delay, duration_s(600));
    struct stream_source *s = &c->stream_source;
    s->enabled = true;
    s->function = FUNCTION_UPDATER;
    s->shards = 1;
    s->start = STREAM_TRIM_HORIZON;
    s->batch_size = 100;
    s->parallelization = 1;
    s->maximum_retries = -1;
    exactly(&s->read_latency, (struct duration){0});
    exactly(&s->retry_wait, duration_s(1));
    m.failures = -1;
    m.table = (struct table_config){
        .name = "changes",
        .hash_key = {"id", TYPE_S},
        .ttl_attribute = "ttl",
        .items_max = 10000,
        .cache_bytes = 1 << 30,
        .stream = STREAM_NEW_AND_OLD_IMAGES,
    };
}

static void put_item(struct item item)
{
    struct table_reply reply;
    assert_int_equal(table_put(m.cloud.table, cloud_now(&m.cloud), item, NULL, NULL, &reply),
                     TABLE_OK);
    stream_source_wake(&m.cloud);
}

static void put(const char *key, int64_t n)
{
    put_item(item_of(key, n));
}

/* `count` changes of one item. */
static void put_many(int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        put("k", now_ms() * 1000 + i);
    }
}

static void begin_with(int64_t records)
{
    struct cloud *c = &m.cloud;
    struct error error;
    struct table_reply reply;
    cloud_declare(c, 64);
    if (world_build(&c->simulation.world, 65536, START, &m.choices, &error) != STATUS_OK) {
        fail_msg("%s", error.message);
    }
    m.table.stream_shards = c->stream_source.shards;
    c->table = table_open(&m.table, START, &error);
    if (c->table == NULL) {
        fail_msg("%s", error.message);
    }
    for (int64_t i = 0; i < records; i++) {
        assert_int_equal(table_put(c->table, START, item_of("before", i), NULL, NULL, &reply),
                         TABLE_OK);
    }
    cloud_init(c);
}

static void begin(void)
{
    begin_with(0);
}

static void step(void)
{
    if (!simulation_step(&m.cloud.simulation)) {
        fail_msg("%s", m.cloud.simulation.failed == NULL ? "no event is left"
                                                         : m.cloud.simulation.failed);
    }
}

static uint32_t pending(void)
{
    return event_queue_count(m.cloud.simulation.world.queue);
}

static void until_quiet(void)
{
    while (pending() > 0) {
        step();
    }
}

/* Goes on through every event up to and at that time, and moves the clock to it. */
static void until_ms(int64_t ms)
{
    struct instant limit = instant_add(START, duration_ms(ms));
    struct instant next;
    while (event_queue_next(m.cloud.simulation.world.queue, &next) &&
           !instant_before(limit, next)) {
        step();
    }
    if (instant_before(cloud_now(&m.cloud), limit)) {
        (void)event_queue_push(m.cloud.simulation.world.queue, limit, (struct event){0});
        struct event event;
        assert_true(event_queue_pop(m.cloud.simulation.world.queue, &event));
    }
}

static void end(void)
{
    assert_int_equal(table_close(m.cloud.table, NULL), STATUS_OK);
    world_deinit(&m.cloud.simulation.world);
}

static const struct stream_source_counts *counts(void)
{
    return m.cloud.stream_source.counts;
}

/* How many records the i-th invocation (from 1) had, and when it began. */
static uint32_t batch_size(uint32_t batch)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < m.count; i++) {
        count += m.deliveries[i].batch == batch;
    }
    return count;
}

static int64_t batch_ms(uint32_t batch)
{
    for (uint32_t i = 0; i < m.count; i++) {
        if (m.deliveries[i].batch == batch) {
            return m.deliveries[i].ms;
        }
    }
    return -1;
}

static uint64_t batch_first(uint32_t batch)
{
    for (uint32_t i = 0; i < m.count; i++) {
        if (m.deliveries[i].batch == batch) {
            return m.deliveries[i].sequence;
        }
    }
    return 0;
}

#define assert_number(actual, expected)                                                            \
    do {                                                                                           \
        long long actual_number = (long long)(actual);                                             \
        long long expected_number = (long long)(expected);                                         \
        if (actual_number != expected_number) {                                                    \
            fail_msg("%s is %lld in place of %lld", #actual, actual_number, expected_number);      \
        }                                                                                          \
    } while (0)

/* Polls */

/* ESM-STREAM-1 */
static void a_write_is_delivered_by_the_next_poll(void **state)
{
    (void)state;
    prepare();
    begin();
    until_ms(5000);
    put("k", 1);
    until_quiet();
    assert_number(m.count, 1);
    assert_number(m.deliveries[0].ms, 5000 + PHASE_MS);
    assert_number(m.deliveries[0].event, STREAM_INSERT);
    assert_number(counts()->batches, 1);
    assert_number(counts()->records, 1);
    end();
}

/* ESM-STREAM-1: the phase of the polls is anybody's guess, but they are 250 ms apart. */
static void the_delay_is_spread_over_the_interval(void **state)
{
    (void)state;
    int64_t least = INT64_MAX;
    int64_t most = 0;
    prepare();
    choices_init_seeded(&m.choices, cloud_choice_names, CHOICES_COUNT, 7);
    begin();
    for (int64_t i = 0; i < 200; i++) {
        until_ms(i * 10000);
        put("k", i);
        until_quiet();
        int64_t delay = m.deliveries[i].ms - i * 10000;
        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
    }
    assert_in_range(least, 0, 10);
    assert_in_range(most, 240, 250);
    assert_number(counts()->polls, 200);
    end();
}

/* ESM-STREAM-1 */
static void polls_of_a_busy_shard_are_a_quarter_of_a_second_apart(void **state)
{
    (void)state;
    prepare();
    begin();
    put("k", 1);
    until_ms(PHASE_MS + 5);
    put("k", 2);
    until_ms(PHASE_MS + 10);
    put("k", 3);
    until_quiet();
    assert_number(counts()->polls, 2);
    assert_number(m.batches, 2);
    assert_number(batch_ms(2), PHASE_MS + 250);
    assert_number(batch_size(2), 2);
    end();
}

static void an_idle_stream_makes_no_event(void **state)
{
    (void)state;
    prepare();
    m.cloud.stream_source.batching_window = duration_s(30);
    begin();
    put("k", 1);
    until_quiet();
    uint64_t events = m.cloud.simulation.events;
    assert_number(pending(), 0);
    until_ms(48 * 3600 * INT64_C(1000));
    assert_number(m.cloud.simulation.events, events);
    end();
}

/* The call's effect wakes it: no service but the table knows of a write. */
static void a_write_by_a_call_is_noticed(void **state)
{
    (void)state;
    prepare();
    begin();
    assert_true(function_invoke(&m.cloud, FUNCTION_BUILDER, &(struct invocation_request){0}));
    until_quiet();
    assert_number(m.count, 1);
    assert_number(m.deliveries[0].ms, PHASE_MS);
    end();
}

/* DDB-TTL-6, DDB-STREAM-12 */
static void what_ttl_deletes_is_delivered_as_the_service_s_doing(void **state)
{
    (void)state;
    prepare();
    begin();
    int64_t ttl_s = instant_epoch_seconds(START) + 60;
    struct item_writer w = item_writer(buffer, BYTES);
    item_add_s(&w, TEXT("id"), TEXT("k"));
    item_add_n(&w, TEXT("ttl"), ttl_s);
    put_item(item_written(&w));
    table_sweeper_note(&m.cloud, item_written(&w), ttl_s);
    until_quiet();
    assert_number(m.count, 2);
    assert_number(m.deliveries[1].event, STREAM_REMOVE);
    assert_true(m.deliveries[1].by_service);
    assert_number(m.deliveries[1].ms, (60 + 600) * 1000 + PHASE_MS);
    assert_false(m.deliveries[0].by_service);
    end();
}

/* Starting position (ESM-STREAM-12) */

static void the_mapping_starts_where_it_is_told(void **state)
{
    (void)state;
    for (int latest = 0; latest <= 1; latest++) {
        prepare();
        m.cloud.stream_source.start = latest ? STREAM_LATEST : STREAM_TRIM_HORIZON;
        begin_with(3);
        until_quiet();
        assert_number(m.count, latest ? 0 : 3);
        assert_number(counts()->polls, latest ? 0 : 1);
        put("k", 1);
        until_quiet();
        assert_number(m.count, latest ? 1 : 4);
        assert_number(m.deliveries[m.count - 1].sequence, 4);
        end();
    }
}

/* Batches (ESM-STREAM-2) */

/* ESM-STREAM-2: nothing but the batch size ends a batch. */
static void a_backlog_goes_in_full_batches_one_after_the_other(void **state)
{
    (void)state;
    prepare();
    m.work = duration_s(1);
    begin();
    put_many(250);
    until_quiet();
    assert_number(m.batches, 3);
    for (uint32_t i = 1; i <= 3; i++) {
        assert_number(batch_size(i), i < 3 ? 100 : 50);
        assert_number(batch_ms(i), PHASE_MS + (i - 1) * 1000);
    }
    for (uint32_t i = 0; i < 250; i++) {
        assert_number(m.deliveries[i].sequence, i + 1);
    }
    end();
}

/* ESM-STREAM-3: new records wait for the end, also where they could have been polled. */
static void a_shard_has_one_invocation_at_a_time(void **state)
{
    (void)state;
    prepare();
    m.work = duration_s(10);
    begin();
    put("k", 1);
    until_ms(2000);
    put("other", 1);
    until_quiet();
    assert_number(m.batches, 2);
    assert_number(batch_ms(2), PHASE_MS + 10000 + PHASE_MS);
    end();
}

struct window_case {
    const char *name;
    int64_t first, second; /* records at 0 s and at 10 s */
    uint32_t batches;
    uint32_t sizes[2];
    int64_t ms[2];
};

static const struct window_case window_cases[] = {
    {"a short batch waits for the window",      3,  0, 1, {3, 0},  {PHASE_MS + 30000, 0}       },
    {"what comes within the window joins",      3,  2, 1, {5, 0},  {PHASE_MS + 30000, 0}       },
    {"a full batch does not wait",              10, 0, 1, {10, 0}, {PHASE_MS, 0}               },
    {"a batch that becomes full does not wait", 3,  7, 1, {10, 0}, {10000 + PHASE_MS, 0}       },
    {"what is left begins a window of its own", 12, 0, 2, {10, 2}, {PHASE_MS, PHASE_MS + 30000}},
};

static void with_a_window(void **state)
{
    const struct window_case *c = *state;
    prepare();
    m.cloud.stream_source.batch_size = 10;
    m.cloud.stream_source.batching_window = duration_s(30);
    begin();
    put_many(c->first);
    until_ms(10000);
    put_many(c->second);
    until_quiet();
    assert_number(m.batches, c->batches);
    for (uint32_t i = 0; i < c->batches; i++) {
        assert_number(batch_size(i + 1), c->sizes[i]);
        assert_number(batch_ms(i + 1), c->ms[i]);
    }
    end();
}

/* ESM-STREAM-2: a read brings a megabyte, so a batch of large records needs the window. */
static void a_batch_holds_six_megabytes(void **state)
{
    (void)state;
    prepare();
    m.cloud.stream_source.batching_window = duration_s(30);
    m.table.stream = STREAM_NEW_IMAGE;
    begin();
    for (int64_t i = 0; i < 20; i++) {
        struct item_writer w = item_writer(buffer, BYTES);
        item_add_s(&w, TEXT("id"), TEXT("k"));
        item_add_n(&w, TEXT("n"), i);
        item_add_s(&w, TEXT("p"), (struct text){padding, 400000});
        put_item(item_written(&w));
    }
    until_quiet();
    assert_number(batch_size(1), 15);               /* of 6 291 456 bytes */
    assert_number(batch_ms(1), PHASE_MS + 7 * 250); /* two a poll, and the 16th does not fit */
    assert_number(batch_size(2), 5);
    end();
}

/* DDB-STREAM-8: a poll reads as GetRecords does. */
static void a_poll_reads_a_thousand_records(void **state)
{
    (void)state;
    prepare();
    m.cloud.stream_source.batch_size = STREAM_BATCH_MAX;
    begin();
    put_many(1500);
    until_quiet();
    assert_number(m.batches, 2);
    assert_number(batch_size(1), STREAM_READ_MAX);
    assert_number(batch_ms(2), PHASE_MS + 250);
    end();
}

static bool is_insert(const struct stream_record *r)
{
    return r->event == STREAM_INSERT;
}

/* ESM-STREAM-14: what is filtered out fills no batch, and wakes nobody. */
static void a_filter_passes_records_over(void **state)
{
    (void)state;
    prepare();
    m.cloud.stream_source.filter = is_insert;
    m.cloud.stream_source.batch_size = 3;
    m.cloud.stream_source.batching_window = duration_s(30);
    begin();
    for (int64_t i = 0; i < 12; i++) {
        char key[8];
        (void)snprintf(key, sizeof key, "k%d", (int)(i / 3)); /* an insert and two modifications */
        put(key, i);
    }
    until_quiet();
    assert_number(m.count, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_number(m.deliveries[i].sequence, 1 + 3 * i);
        assert_number(m.deliveries[i].event, STREAM_INSERT);
    }
    assert_number(batch_size(1), 3);
    assert_number(batch_ms(1), PHASE_MS);
    assert_number(batch_ms(2), PHASE_MS + 30000);
    put("k0", 99);
    assert_number(pending(), 0);
    end();
}

/* Lanes (ESM-STREAM-4) */

static void lanes_run_side_by_side_and_keep_each_item_in_order(void **state)
{
    (void)state;
    prepare();
    m.cloud.stream_source.parallelization = 4;
    m.cloud.stream_source.batch_size = 2;
    m.work = duration_s(10);
    begin();
    for (int64_t i = 0; i < 64; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%d", (int)(i % 16));
        put(key, i);
    }
    until_ms(PHASE_MS);
    assert_number(m.cloud.functions.states[FUNCTION_UPDATER].active, 4);
    uint32_t most = 0;
    while (pending() > 0) {
        uint32_t active = m.cloud.functions.states[FUNCTION_UPDATER].active;
        most = active > most ? active : most;
        step();
    }
    assert_number(most, 4);
    assert_number(m.count, 64);
    for (uint32_t i = 0; i < m.count; i++) {
        for (uint32_t j = 0; j < i; j++) {
            assert_true(m.deliveries[i].key_hash != m.deliveries[j].key_hash ||
                        m.deliveries[i].sequence > m.deliveries[j].sequence);
        }
    }
    end();
}

static void each_shard_has_its_own_polls_and_invocations(void **state)
{
    (void)state;
    prepare();
    m.cloud.stream_source.shards = 3;
    m.work = duration_s(10);
    begin();
    for (int64_t i = 0; i < 60; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%d", (int)i);
        put(key, i);
    }
    until_ms(PHASE_MS);
    assert_number(m.cloud.functions.states[FUNCTION_UPDATER].active, 3);
    assert_number(m.count, 60);
    assert_number(counts()->polls, 3);
    until_quiet();
    assert_number(m.batches, 3);
    end();
}

/* Failures */

/* ESM-STREAM-5, ESM-STREAM-13: later records of the shard wait. */
static void a_failing_batch_blocks_its_shard_until_it_succeeds(void **state)
{
    (void)state;
    prepare();
    m.poison = 1;
    m.failures = 5;
    begin();
    put("k", 1);
    until_ms(2000);
    put("other", 1);
    until_quiet();
    assert_number(m.batches, 7);
    for (uint32_t i = 1; i <= 6; i++) {
        assert_number(batch_first(i), 1);
        assert_number(batch_size(i), 1);
        assert_number(batch_ms(i), PHASE_MS + (i - 1) * 1000);
    }
    assert_number(batch_first(7), 2);
    assert_number(counts()->errors, 5);
    assert_number(counts()->batches, 2);
    assert_number(m.discards_count, 0);
    end();
}

/* ESM-STREAM-5: for a day, and no longer. */
static void without_limits_a_poison_record_blocks_its_shard_for_a_day(void **state)
{
    (void)state;
    prepare();
    m.poison = 1;
    exactly(&m.cloud.stream_source.retry_wait, duration_s(60));
    begin();
    put("k", 1);
    until_ms(INT64_C(1000) * (DAY_S - 30));
    put("other", 1);
    assert_number(m.batches, DAY_S / 60 - 1 + 1);
    until_quiet();
    assert_number(batch_first(m.batches), 2);
    assert_true(m.deliveries[m.count - 1].ms >= INT64_C(1000) * DAY_S);
    assert_true(m.deliveries[m.count - 1].ms <= INT64_C(1000) * (DAY_S + 61));
    assert_number(counts()->batches, 1);
    end();
}

/* ESM-STREAM-7 */
static void a_batch_is_discarded_when_its_retries_are_used_up(void **state)
{
    (void)state;
    prepare();
    m.cloud.stream_source.maximum_retries = 3;
    m.cloud.stream_source.batch_size = 4;
    m.poison = 3;
    begin();
    put_many(6);
    until_quiet();
    assert_number(m.batches, 5);
    assert_number(batch_size(4), 4);
    assert_number(batch_first(5), 5);
    assert_number(m.discards_count, 1);
    assert_number(m.discards[0].reason, DISCARD_RETRIES_EXHAUSTED);
    assert_number(m.discards[0].first, 1);
    assert_number(m.discards[0].last, 4);
    assert_number(m.discards[0].count, 4);
    assert_number(m.discards[0].errors, 4);
    assert_number(counts()->discarded_batches, 1);
    assert_number(counts()->discarded_records, 4);
    end();
}

/* ESM-STREAM-7: a batch, or a half of one, does not inherit the errors of the one before. */
static void each_batch_has_retries_of_its_own(void **state)
{
    (void)state;
    for (int bisect = 0; bisect <= 1; bisect++) {
        prepare();
        m.cloud.stream_source.maximum_retries = 2;
        m.cloud.stream_source.batch_size = 2;
        m.cloud.stream_source.bisect = bisect;
        m.breaks_all = true;
        begin();
        put_many(4);
        until_quiet();
        assert_number(m.batches, bisect ? 2 + 4 * 3 : 2 * 3);
        assert_number(m.discards_count, bisect ? 4 : 2);
        end();
    }
}

/* ESM-STREAM-6: the older records of a batch go first. */
static void records_that_are_too_old_are_discarded(void **state)
{
    (void)state;
    prepare();
    m.cloud.stream_source.maximum_record_age = duration_s(60);
    m.cloud.stream_source.batching_window = duration_s(10);
    m.breaks_all = true;
    begin();
    put("k", 1);
    until_ms(5000);
    put("k", 2);
    until_quiet();
    assert_number(m.discards_count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        assert_number(m.discards[i].reason, DISCARD_RECORD_AGE_EXCEEDED);
        assert_number(m.discards[i].first, i + 1);
        assert_number(m.discards[i].last, i + 1);
    }
    /* From 10 s after the first poll, each second: 50 times with both, 5 with the second alone. */
    assert_number(m.batches, 55);
    assert_number(batch_size(50), 2);
    assert_number(batch_size(51), 1);
    assert_number(batch_first(51), 2);
    end();
}

/* ESM-STREAM-6: what came while the shard was blocked is not even tried. */
static void a_backlog_that_is_too_old_is_skipped(void **state)
{
    (void)state;
    prepare();
    m.cloud.stream_source.maximum_record_age = duration_s(60);
    m.cloud.stream_source.batch_size = 1;
    m.work = duration_s(100);
    begin();
    put_many(50);
    until_ms(90000);
    put("new", 1);
    until_quiet();
    assert_number(m.count, 2);
    assert_number(m.deliveries[1].sequence, 51);
    assert_number(m.discards_count, 1);
    assert_number(m.discards[0].first, 2);
    assert_number(m.discards[0].last, 50);
    end();
}

/* ESM-STREAM-11: splitting does not count as a retry. */
static void halving_isolates_a_poison_record(void **state)
{
    (void)state;

    static const struct {
        uint64_t first;
        uint32_t size;
    } expected[] = {
        {1, 8}, /* fails */
        {1, 4},
        {5, 4}, /* fails */
        {5, 2}, /* fails */
        {5, 1}, /* fails, again, and is discarded */
        {5, 1},
        {6, 1},
        {7, 2},
        {9, 1},
    };

    prepare();
    m.cloud.stream_source.bisect = true;
    m.cloud.stream_source.maximum_retries = 1;
    m.cloud.stream_source.batch_size = 8;
    m.poison = 5;
    begin();
    put_many(9);
    until_quiet();
    assert_number(m.batches, sizeof expected / sizeof expected[0]);
    for (uint32_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_number(batch_first(i + 1), expected[i].first);
        assert_number(batch_size(i + 1), expected[i].size);
    }
    assert_number(m.discards_count, 1);
    assert_number(m.discards[0].first, 5);
    assert_number(m.discards[0].last, 5);
    assert_number(m.discards[0].errors, 2);
    assert_number(counts()->records, 8);
    end();
}

/* ESM-STREAM-11: the deepest halving there is. */
static void halving_goes_down_to_single_records_of_the_largest_batch(void **state)
{
    (void)state;
    prepare();
    m.cloud.stream_source.bisect = true;
    m.cloud.stream_source.maximum_retries = 0;
    m.cloud.stream_source.batch_size = STREAM_BATCH_MAX;
    m.cloud.stream_source.batching_window = duration_s(300);
    m.table.stream = STREAM_KEYS_ONLY;
    m.poison = 1;
    begin();
    put_many(STREAM_BATCH_MAX);
    until_quiet();
    assert_number(m.discards_count, 1);
    assert_number(m.discards[0].count, 1);
    assert_number(counts()->records, STREAM_BATCH_MAX - 1);
    end();
}

/* Partial responses (ESM-STREAM-10) */

struct response_case {
    const char *name;
    bool configured;
    uint64_t named;
    uint64_t second_first; /* where the second invocation begins */
    uint32_t second_size;
    bool bisect;
};

static const struct response_case response_cases[] = {
    {"it goes on from the first failed record",           true,  3,  3, 4, false},
    {"the first record of the batch may be it",           true,  1,  1, 6, false},
    {"the last record of the batch may be it",            true,  6,  6, 1, false},
    {"halving goes by the record that was named",         true,  3,  3, 4, true },
    {"a record that is not in the batch fails all of it", true,  99, 1, 6, false},
    {"where it is not configured it fails all of it",     false, 3,  1, 6, false},
    {"nor is it halved there",                            false, 3,  1, 3, true },
};

static void a_partial_response(void **state)
{
    const struct response_case *c = *state;
    prepare();
    m.cloud.stream_source.report_item_failures = c->configured;
    m.cloud.stream_source.bisect = c->bisect;
    m.poison = 1;
    m.failures = 1;
    m.names_poison = true;
    m.named = c->named;
    begin();
    put_many(6);
    until_quiet();
    assert_number(batch_size(1), 6);
    assert_number(batch_first(2), c->second_first);
    assert_number(batch_size(2), c->second_size);
    assert_number(counts()->errors, 1);
    end();
}

/* ESM-STREAM-10: a record that has been done with already is not in the batch. */
static void a_partial_response_does_not_go_back(void **state)
{
    (void)state;
    prepare();
    m.cloud.stream_source.report_item_failures = true;
    m.poison = 6;
    m.failures = 2;
    m.names_poison = true;
    m.named = 4;
    m.named_next = 1;
    begin();
    put_many(6);
    until_quiet();
    assert_number(m.batches, 3);
    assert_number(batch_first(2), 4);
    assert_number(batch_first(3), 4);
    end();
}

/* ESM-STREAM-10: nor is a record of another lane. */
static void a_partial_response_names_a_record_of_its_own_batch(void **state)
{
    (void)state;
    prepare();
    m.cloud.stream_source.report_item_failures = true;
    m.cloud.stream_source.parallelization = 2;
    m.poison = 1;
    m.failures = 1;
    m.names_poison = true;
    begin();
    put("k1", 1);
    char key[16];
    struct stream_record first;
    struct stream_record other;
    assert_true(table_stream_at(m.cloud.table, 1, &first));
    for (int i = 2; m.named == 0; i++) {
        (void)snprintf(key, sizeof key, "k%d", i);
        put(key, 1);
        assert_true(table_stream_at(m.cloud.table, (uint64_t)i, &other));
        m.named = other.key_hash % 2 != first.key_hash % 2 ? other.sequence : 0;
    }
    put("k1", 2);
    until_quiet();
    uint32_t deliveries = 0;
    for (uint32_t i = 0; i < m.count; i++) {
        deliveries += m.deliveries[i].sequence == 1;
    }
    assert_number(deliveries, 2);
    end();
}

/* ESM-STREAM-8: the function never ran, so no retry has been used. */
static void throttled_invokes_do_not_count_as_retries(void **state)
{
    (void)state;
    prepare();
    m.cloud.stream_source.maximum_retries = 0;
    m.cloud.functions.configs[FUNCTION_UPDATER].scaling_per_10s = 0;
    begin();
    put("k", 1);
    until_ms(10000);
    assert_number(counts()->throttled, 10);
    assert_number(m.batches, 0);
    m.cloud.functions.configs[FUNCTION_UPDATER].scaling_per_10s = 1;
    until_quiet();
    assert_number(m.batches, 1);
    assert_number(m.discards_count, 0);
    end();
}

/* ESM-STREAM-8 */
static void throttled_invokes_end_with_the_age_of_the_records(void **state)
{
    (void)state;
    prepare();
    m.cloud.stream_source.maximum_record_age = duration_ms(60000 + PHASE_MS);
    m.cloud.functions.configs[FUNCTION_UPDATER].scaling_per_10s = 0;
    begin();
    put("k", 1);
    until_quiet();
    assert_number(counts()->throttled, 60);
    assert_number(m.batches, 0);
    assert_number(m.discards_count, 1);
    assert_number(m.discards[0].errors, 0);
    end();
}

/* ESM-STREAM-5 */
static void a_time_out_is_an_error(void **state)
{
    (void)state;
    prepare();
    m.cloud.stream_source.maximum_retries = 1;
    m.cloud.functions.configs[FUNCTION_UPDATER].timeout = duration_s(10);
    m.work = duration_s(11);
    begin();
    put("k", 1);
    until_quiet();
    assert_number(m.batches, 2);
    assert_number(batch_ms(2), PHASE_MS + 10000 + 1000);
    assert_number(m.discards_count, 1);
    end();
}

/* ESM-STREAM-3 */
static void a_batch_may_be_delivered_twice(void **state)
{
    (void)state;
    struct choice list[] = {
        {CHOICE_STREAM_PHASE,     UINT32_MAX, 0     },
        {CHOICE_STREAM_DUPLICATE, 999999,     999999},
        {CHOICE_STREAM_DUPLICATE, 999999,     0     },
    };
    prepare();
    m.cloud.stream_source.duplicate_ppm = 10;
    choices_init_recorded(&m.choices, cloud_choice_names, CHOICES_COUNT, list, 3);
    begin();
    put("k", 1);
    until_quiet();
    assert_false(m.choices.diverged);
    assert_number(m.batches, 2);
    assert_number(batch_first(1), batch_first(2));
    assert_number(counts()->duplicates, 1);
    assert_number(counts()->records, 1);
    end();
}

/* ESM-STREAM-9 */
static void the_iterator_age_is_that_of_the_last_record_at_the_end(void **state)
{
    (void)state;
    prepare();
    m.work = duration_s(7);
    begin();
    put("k", 1);
    until_ms(100);
    put("k", 2);
    until_quiet();
    assert_number(counts()->iterator_age_ns / NS_PER_MS, PHASE_MS - 100 + 7000);
    end();
}

/* Snapshots */

struct place {
    void *world;
    uint64_t mark;
    struct trace trace;
};

static struct hash128 hashes[2][2];

static void go_on_and_hash(struct hash128 *hash)
{
    put_many(30);
    until_ms(now_ms() + 4000);
    put_many(3);
    until_quiet();
    hash[0] = world_hash(&m.cloud.simulation.world);
    hash[1] = trace_hash(&m.trace);
}

/* From the middle of failing batches, with other lanes under way, the run goes on as it did. */
static void a_restored_world_goes_on_as_it_did(void **state)
{
    (void)state;
    prepare();
    m.cloud.stream_source.parallelization = 3;
    m.cloud.stream_source.bisect = true;
    m.cloud.stream_source.maximum_retries = 2;
    m.cloud.stream_source.batching_window = duration_s(1);
    m.poison = 20;
    m.work = duration_s(3);
    choices_init_seeded(&m.choices, cloud_choice_names, CHOICES_COUNT, 5);
    begin();
    for (int64_t i = 0; i < 90; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%d", (int)(i % 9));
        put(key, i);
    }
    until_ms(8000);
    struct place place = {.world = test_malloc(world_snapshot_bytes(&m.cloud.simulation.world)),
                          .mark = table_mark(m.cloud.table),
                          .trace = m.trace};
    world_snapshot(&m.cloud.simulation.world, place.world);
    go_on_and_hash(hashes[0]);
    int64_t records = counts()->records;
    table_rollback(m.cloud.table, place.mark);
    world_restore(&m.cloud.simulation.world, place.world);
    m.trace = place.trace;
    go_on_and_hash(hashes[1]);
    assert_memory_equal(hashes[0], hashes[1], sizeof hashes[0]);
    assert_number(counts()->records, records);
    assert_number(records + counts()->discarded_records, 123);
    test_free(place.world);
    end();
}

/* Every way in which the first invocations may end, under every policy: what is done with is not
 * delivered again, nothing is left out, and all is done with in the end (ESM-STREAM-5,
 * ESM-STREAM-7, ESM-STREAM-10, ESM-STREAM-11). */
static void every_script_of_failures_is_got_over(void **state)
{
    (void)state;

    enum { INVOCATIONS = 4, SCRIPTS = 81, RECORDS = 7 };

    for (uint32_t i = 0; i < SCRIPTS * 4; i++) {
        uint32_t script[INVOCATIONS];
        for (uint32_t k = 0, rest = i / 4; k < INVOCATIONS; k++, rest /= ENDINGS) {
            script[k] = rest % ENDINGS;
        }
        prepare();
        m.cloud.stream_source.batch_size = 5;
        m.cloud.stream_source.report_item_failures = true;
        m.cloud.stream_source.bisect = i % 2;
        m.cloud.stream_source.maximum_retries = i / 2 % 2 ? 1 : -1;
        m.script = script;
        m.script_size = INVOCATIONS;
        begin();
        put_many(RECORDS);
        until_quiet();
        assert_number(m.done, RECORDS);
        assert_number(counts()->records + counts()->discarded_records, RECORDS);
        end();
    }
}

/* Random worlds: whatever goes wrong, each record is processed or discarded, and each item's first
 * deliveries are in order (ESM-STREAM-3, ESM-STREAM-4). */

static void configure_randomly(struct random_stream *random)
{
    struct stream_source *s = &m.cloud.stream_source;
    static const int64_t sizes[] = {1, 2, 7, 100};
    s->shards = 1 + (uint32_t)random_below(random, 3);
    s->parallelization = 1 + (int64_t)random_below(random, 4);
    s->batch_size = sizes[random_below(random, 4)];
    s->batching_window = duration_s((int64_t)random_below(random, 2) * 5);
    s->maximum_retries = (int64_t)random_below(random, 4) - 1;
    s->bisect = random_below(random, 2);
    s->report_item_failures = random_below(random, 2);
    s->maximum_record_age = duration_s((int64_t)random_below(random, 2) * 60);
    s->duplicate_ppm = random_below(random, 2) ? 100000 : 0;
    m.work = duration_ms((int64_t)random_below(random, 3000));
    m.poison = 1 + random_below(random, 300);
    m.failures = (int64_t)random_below(random, 4) * 3 - 1;
    if (m.failures < 0 && s->maximum_retries < 0) {
        s->maximum_record_age = duration_s(60); /* else it would go on for a day */
    }
    m.names_poison = random_below(random, 2);
    m.cloud.functions.configs[FUNCTION_UPDATER].scaling_per_10s =
        1 + (int64_t)random_below(random, 5);
    m.cloud.functions.configs[FUNCTION_UPDATER].reserved_concurrency =
        (int64_t)random_below(random, 4);
}

static bool was_discarded(uint64_t sequence)
{
    for (uint32_t i = 0; i < m.discards_count; i++) {
        if (m.discards[i].first <= sequence && sequence <= m.discards[i].last) {
            return true;
        }
    }
    return false;
}

static void every_record_is_processed_or_discarded(void **state)
{
    const uint64_t *seed = *state;
    struct random_stream random = random_stream(*seed, TEXT("stream source"));
    prepare();
    choices_init_seeded(&m.choices, cloud_choice_names, CHOICES_COUNT, *seed);
    configure_randomly(&random);
    begin();
    for (int64_t i = 0; i < 300; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%d", (int)random_below(&random, 20));
        put(key, i);
        until_ms(now_ms() + (int64_t)random_below(&random, 400));
    }
    until_quiet();
    static uint64_t first_seen[301];
    memset(first_seen, 0, sizeof first_seen);
    for (uint32_t i = 0; i < m.count; i++) {
        uint64_t *seen = &first_seen[m.deliveries[i].sequence];
        for (uint32_t j = 0; j < m.count && *seen == 0 && j < i; j++) {
            assert_true(m.deliveries[j].key_hash != m.deliveries[i].key_hash ||
                        m.deliveries[j].sequence < m.deliveries[i].sequence);
        }
        *seen = 1;
    }
    for (uint64_t sequence = 1; sequence <= 300; sequence++) {
        assert_true(first_seen[sequence] || was_discarded(sequence));
    }
    assert_number(counts()->records + counts()->discarded_records, 300);
    for (uint64_t i = 0;
         i < world_used(&m.cloud.simulation.world, m.cloud.stream_source.lanes_region); i++) {
        assert_number(m.cloud.stream_source.lanes[i].state, LANE_IDLE);
    }
    end();
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, a_write_is_delivered_by_the_next_poll);
    CASES_ADD(&cases, the_delay_is_spread_over_the_interval);
    CASES_ADD(&cases, polls_of_a_busy_shard_are_a_quarter_of_a_second_apart);
    CASES_ADD(&cases, an_idle_stream_makes_no_event);
    CASES_ADD(&cases, a_write_by_a_call_is_noticed);
    CASES_ADD(&cases, what_ttl_deletes_is_delivered_as_the_service_s_doing);
    CASES_ADD(&cases, the_mapping_starts_where_it_is_told);
    CASES_ADD(&cases, a_backlog_goes_in_full_batches_one_after_the_other);
    CASES_ADD(&cases, a_shard_has_one_invocation_at_a_time);
    CASES_ADD_TABLE(&cases, with_a_window, window_cases);
    CASES_ADD(&cases, a_batch_holds_six_megabytes);
    CASES_ADD(&cases, a_poll_reads_a_thousand_records);
    CASES_ADD(&cases, a_filter_passes_records_over);
    CASES_ADD(&cases, lanes_run_side_by_side_and_keep_each_item_in_order);
    CASES_ADD(&cases, each_shard_has_its_own_polls_and_invocations);
    CASES_ADD(&cases, a_failing_batch_blocks_its_shard_until_it_succeeds);
    CASES_ADD(&cases, without_limits_a_poison_record_blocks_its_shard_for_a_day);
    CASES_ADD(&cases, a_batch_is_discarded_when_its_retries_are_used_up);
    CASES_ADD(&cases, each_batch_has_retries_of_its_own);
    CASES_ADD(&cases, records_that_are_too_old_are_discarded);
    CASES_ADD(&cases, a_backlog_that_is_too_old_is_skipped);
    CASES_ADD(&cases, halving_isolates_a_poison_record);
    CASES_ADD(&cases, halving_goes_down_to_single_records_of_the_largest_batch);
    CASES_ADD_TABLE(&cases, a_partial_response, response_cases);
    CASES_ADD(&cases, a_partial_response_does_not_go_back);
    CASES_ADD(&cases, a_partial_response_names_a_record_of_its_own_batch);
    CASES_ADD(&cases, throttled_invokes_do_not_count_as_retries);
    CASES_ADD(&cases, throttled_invokes_end_with_the_age_of_the_records);
    CASES_ADD(&cases, a_time_out_is_an_error);
    CASES_ADD(&cases, a_batch_may_be_delivered_twice);
    CASES_ADD(&cases, the_iterator_age_is_that_of_the_last_record_at_the_end);
    CASES_ADD(&cases, a_restored_world_goes_on_as_it_did);
    CASES_ADD(&cases, every_script_of_failures_is_got_over);
    static uint64_t seeds[60];
    for (uint64_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++) {
        seeds[i] = i + 1;
        cases_add(&cases, "every_record_is_processed_or_discarded",
                  every_record_is_processed_or_discarded, &seeds[i]);
    }
    return cases_run("stream_source", &cases);
}

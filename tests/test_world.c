/* test_world.c: regions, pools, snapshots and hashes of a small world; and the trace, the names and
 * the chains that live beside or in it.
 *
 * The chain of the trace's hash is worked out again here with hash128, block by block.
 */
#include "sim/chain.h"
#include "sim/names.h"
#include "sim/trace.h"
#include "sim/world.h"

#include "tests/cases.h"

struct ball {
    struct pool_slot slot;
    uint32_t colour, unused;
};

struct mark {
    uint64_t value;
};

enum { BALLS_MAX = 4, MARKS_MAX = 3 };

struct small_world {
    struct world world;
    struct choices choices;
    struct names names;
    struct chunks chunks;
    struct ball *balls;
    struct mark *marks, *seen;
    uint32_t balls_region, marks_region, seen_region;
};

static const char *const labels[] = {"luck"};

static void begin(struct small_world *s)
{
    struct world *w = &s->world;
    world_init(w);
    s->balls_region =
        world_declare(w, "balls", REGION_POOL, sizeof(struct ball), BALLS_MAX, (void **)&s->balls);
    s->marks_region = world_declare(w, "marks", REGION_RECORDS, sizeof(struct mark), MARKS_MAX,
                                    (void **)&s->marks);
    s->seen_region =
        world_declare(w, "seen", REGION_HISTORY, sizeof(struct mark), MARKS_MAX, (void **)&s->seen);
    names_declare(&s->names, w, 4, 20);
    chunks_declare(&s->chunks, w, 3);
    choices_init_seeded(&s->choices, labels, 1, 1);
    assert_int_equal(world_build(w, 100, (struct instant){1000 * NS_PER_S}, &s->choices, NULL),
                     STATUS_OK);
    names_init(&s->names);
}

static void end(struct small_world *s)
{
    world_deinit(&s->world);
}

static uint32_t take_ball(struct small_world *s, uint32_t colour)
{
    int64_t index = pool_take(&s->world, s->balls_region);
    assert_true(index >= 0);
    s->balls[index].colour = colour;
    return (uint32_t)index;
}

static void add_mark(struct small_world *s, uint64_t value)
{
    int64_t at = world_append(&s->world, s->marks_region);
    assert_true(at >= 0);
    s->marks[at].value = value;
}

static bool same_hash(struct hash128 a, struct hash128 b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* --- regions and pools
 * ------------------------------------------------------------------------------------------------
 */

static void a_pool_gives_zeroed_records_until_it_is_full(void **state)
{
    (void)state;
    struct small_world s;
    begin(&s);
    for (uint32_t i = 0; i < BALLS_MAX; i++) {
        assert_int_equal(take_ball(&s, 7), i);
    }
    assert_int_equal(pool_take(&s.world, s.balls_region), -1);
    pool_give(&s.world, s.balls_region, 1);
    pool_give(&s.world, s.balls_region, 2);
    int64_t again = pool_take(&s.world, s.balls_region);
    assert_int_equal(again, 2);
    assert_int_equal(s.balls[again].colour, 0);
    assert_int_equal(s.balls[again].slot.live, 1);
    assert_int_equal(s.world.states[s.balls_region].live, 3);
    end(&s);
}

static void a_list_grows_to_its_capacity_and_can_be_cut(void **state)
{
    (void)state;
    struct small_world s;
    begin(&s);
    for (uint64_t i = 0; i < MARKS_MAX; i++) {
        add_mark(&s, i + 1);
    }
    assert_int_equal(world_append(&s.world, s.marks_region), -1);
    world_truncate(&s.world, s.marks_region, 1);
    assert_int_equal(world_used(&s.world, s.marks_region), 1);
    assert_int_equal(s.marks[0].value, 1);
    assert_int_equal(s.marks[1].value, 0);
    end(&s);
}

static void a_world_too_large_for_the_machine_is_refused(void **state)
{
    (void)state;
    struct world w;
    struct choices choices;
    void *records;
    struct error error = {.message = ""};
    world_init(&w);
    (void)world_declare(&w, "atoms", REGION_RECORDS, 1 << 20, UINT64_C(1) << 62, &records);
    choices_init_default(&choices, labels, 1);
    assert_int_equal(world_build(&w, 10, (struct instant){0}, &choices, &error), STATUS_NO_MEMORY);
    assert_non_null(strstr(error.message, "atoms"));
}

/* --- snapshots and hashes
 * ------------------------------------------------------------------------------------------------
 */

static void going_back_to_a_snapshot_undoes_everything(void **state)
{
    (void)state;
    struct small_world s;
    begin(&s);
    take_ball(&s, 1);
    add_mark(&s, 11);
    uint32_t apple = names_intern(&s.names, TEXT("apple"));
    event_queue_push(s.world.queue, (struct instant){1001 * NS_PER_S}, (struct event){1, 2, 3});
    struct hash128 before = world_hash(&s.world);
    void *memory = test_malloc(world_snapshot_bytes(&s.world));
    world_snapshot(&s.world, memory);
    uint32_t drawn = choose(&s.choices, 0, 1000000);

    take_ball(&s, 2);
    pool_give(&s.world, s.balls_region, 0);
    s.marks[0].value = 12;
    add_mark(&s, 13);
    assert_true(names_intern(&s.names, TEXT("pear")) != 0);
    struct event event;
    assert_true(event_queue_pop(s.world.queue, &event));
    assert_false(same_hash(world_hash(&s.world), before));

    for (int i = 0; i < 2; i++) {
        world_restore(&s.world, memory);
        assert_true(same_hash(world_hash(&s.world), before));
        assert_int_equal(world_used(&s.world, s.marks_region), 1);
        assert_int_equal(s.marks[0].value, 11);
        assert_int_equal(s.marks[1].value, 0);
        assert_int_equal(s.balls[0].colour, 1);
        assert_int_equal(names_find(&s.names, TEXT("apple")), apple);
        assert_int_equal(names_find(&s.names, TEXT("pear")), 0);
        assert_int_equal(event_queue_count(s.world.queue), 1);
        assert_int_equal(choose(&s.choices, 0, 1000000), drawn);
    }
    test_free(memory);
    end(&s);
}

static void the_hash_of_a_pool_does_not_tell_which_record_holds_what(void **state)
{
    (void)state;
    struct small_world a;
    struct small_world b;
    begin(&a);
    begin(&b);
    take_ball(&a, 1);
    take_ball(&a, 2);
    uint32_t first = take_ball(&b, 9);
    take_ball(&b, 2);
    assert_false(same_hash(world_hash(&a.world), world_hash(&b.world)));
    pool_give(&b.world, b.balls_region, first);
    take_ball(&b, 1);
    assert_true(same_hash(world_hash(&a.world), world_hash(&b.world)));
    pool_give(&b.world, b.balls_region, 0);
    pool_give(&b.world, b.balls_region, 1);
    take_ball(&b, 1);
    take_ball(&b, 2);
    assert_true(same_hash(world_hash(&a.world), world_hash(&b.world)));
    end(&a);
    end(&b);
}

static void the_hash_of_a_list_tells_its_order(void **state)
{
    (void)state;
    struct small_world a;
    struct small_world b;
    begin(&a);
    begin(&b);
    add_mark(&a, 1);
    add_mark(&a, 2);
    add_mark(&b, 2);
    add_mark(&b, 1);
    assert_false(same_hash(world_hash(&a.world), world_hash(&b.world)));
    end(&a);
    end(&b);
}

static void history_is_not_hashed(void **state)
{
    (void)state;
    struct small_world s;
    begin(&s);
    struct hash128 before = world_hash(&s.world);
    s.seen[world_append(&s.world, s.seen_region)].value = 3;
    assert_true(same_hash(world_hash(&s.world), before));
    end(&s);
}

static void pending_events_count_relative_to_now(void **state)
{
    (void)state;
    struct small_world a;
    struct small_world b;
    struct event event;
    begin(&a);
    begin(&b);
    event_queue_push(a.world.queue, (struct instant){1005 * NS_PER_S}, (struct event){1, 2, 3});
    /* The same event, 5 s from then; the clock is at another time of day. */
    event_queue_push(b.world.queue, (struct instant){2000 * NS_PER_S}, (struct event){9, 9, 9});
    assert_true(event_queue_pop(b.world.queue, &event));
    event_queue_push(b.world.queue, (struct instant){2005 * NS_PER_S}, (struct event){1, 2, 3});
    assert_true(same_hash(world_hash(&a.world), world_hash(&b.world)));
    event_queue_push(a.world.queue, (struct instant){1005 * NS_PER_S}, (struct event){1, 2, 3});
    event_queue_push(b.world.queue, (struct instant){2006 * NS_PER_S}, (struct event){1, 2, 3});
    assert_false(same_hash(world_hash(&a.world), world_hash(&b.world)));
    end(&a);
    end(&b);
}

/* --- names
 * ------------------------------------------------------------------------------------------------
 */

static void a_name_is_kept_once_and_numbered_by_its_first_use(void **state)
{
    (void)state;
    struct small_world s;
    begin(&s);
    assert_int_equal(names_find(&s.names, TEXT("a")), 0);
    assert_int_equal(names_intern(&s.names, TEXT("a")), 1);
    assert_int_equal(names_intern(&s.names, TEXT("b")), 2);
    assert_int_equal(names_intern(&s.names, TEXT("a")), 1);
    assert_int_equal(names_intern(&s.names, TEXT("ab")), 3);
    assert_int_equal(names_find(&s.names, TEXT("ab")), 3);
    assert_true(text_equal(names_text(&s.names, 2), TEXT("b")));
    assert_int_equal(names_text(&s.names, 0).size, 0);
    end(&s);
}

static void names_without_room_are_refused(void **state)
{
    (void)state;
    struct small_world s;
    begin(&s);
    assert_int_equal(names_intern(&s.names, TEXT("twelve bytes")), 1);
    assert_int_equal(names_intern(&s.names, TEXT("nine bytes")), 0); /* 10, and 8 are left */
    assert_int_equal(names_intern(&s.names, TEXT("8 bytes.")), 2);
    assert_int_equal(names_intern(&s.names, TEXT("x")), 0);
    assert_int_equal(names_intern(&s.names, TEXT("8 bytes.")), 2);
    end(&s);
}

/* --- chains
 * ------------------------------------------------------------------------------------------------
 */

static void check_chain(const struct small_world *s, const struct chain *chain, uint32_t count)
{
    struct chain_cursor cursor = chain_begin(chain);
    assert_int_equal(chain->count, count);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal(chain_take(&s->chunks, &cursor), 1000 + i);
    }
}

static void a_chain_can_be_cut_anywhere_and_grow_again(void **state)
{
    (void)state;
    struct small_world s;
    begin(&s);
    const uint32_t most = 3 * CHUNK_VALUES;
    for (uint32_t cut = 0; cut <= most; cut++) {
        struct chain chain = {0};
        for (uint32_t i = 0; i < most; i++) {
            assert_true(chain_push(&s.chunks, &chain, 1000 + i));
        }
        assert_false(chain_push(&s.chunks, &chain, 0)); /* three chunks are all there are */
        check_chain(&s, &chain, most);
        chain_cut(&s.chunks, &chain, cut);
        check_chain(&s, &chain, cut);
        for (uint32_t i = cut; i < most; i++) {
            assert_true(chain_push(&s.chunks, &chain, 1000 + i));
        }
        check_chain(&s, &chain, most);
        chain_cut(&s.chunks, &chain, 0);
        assert_int_equal(s.world.states[s.chunks.region].live, 0);
    }
    end(&s);
}

/* --- the trace
 * ------------------------------------------------------------------------------------------------
 */

struct sink {
    struct trace_record records[8];
    size_t count;
};

static void keep(void *self, const struct trace_record *record)
{
    struct sink *sink = self;
    sink->records[sink->count++] = *record;
}

static struct trace_record record_of(uint64_t number)
{
    return (struct trace_record){(int64_t)number, 2, 3, number * number, 5};
}

/* Over more than two blocks, after every record: the hash of the blocks before, then the records
 * since. */
static void the_trace_s_hash_is_a_chain_of_blocks(void **state)
{
    (void)state;
    struct trace trace;

    struct {
        struct hash128 before;
        struct trace_record records[TRACE_BLOCK];
    } block = {
        .before = {0, 0}
    };

    size_t filled = 0;
    trace_init(&trace);
    for (uint64_t i = 1; i <= 2 * TRACE_BLOCK + 3; i++) {
        struct trace_record record = record_of(i);
        trace_add(&trace, &record);
        block.records[filled++] = record;
        if (filled == TRACE_BLOCK) {
            block.before = hash128(&block, sizeof block);
            filled = 0;
        }
        size_t bytes = sizeof block.before + filled * sizeof record;
        assert_true(same_hash(trace_hash(&trace), hash128(&block, bytes)));
        assert_int_equal(trace.events, i);
    }
}

static void a_sink_is_handed_every_record(void **state)
{
    (void)state;
    struct sink sink = {.count = 0};
    struct trace trace;
    trace_init(&trace);
    trace.sink = keep;
    trace.self = &sink;
    for (uint64_t i = 0; i < 8; i++) {
        struct trace_record record = record_of(i);
        trace_add(&trace, &record);
        assert_int_equal(sink.count, i + 1);
        assert_memory_equal(&sink.records[i], &record, sizeof record);
    }
}

static void the_trace_s_hash_tells_the_order_and_has_no_need_of_a_sink(void **state)
{
    (void)state;
    const struct trace_record first = {1, 2, 3, 4, 5};
    const struct trace_record second = {1, 2, 3, 4, 6};
    struct trace a;
    struct trace b;
    trace_init(&a);
    trace_init(&b);
    trace_add(&a, &first);
    trace_add(&a, &second);
    trace_add(&b, &second);
    trace_add(&b, &first);
    assert_false(same_hash(trace_hash(&a), trace_hash(&b)));
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, a_pool_gives_zeroed_records_until_it_is_full);
    CASES_ADD(&cases, a_list_grows_to_its_capacity_and_can_be_cut);
    CASES_ADD(&cases, a_world_too_large_for_the_machine_is_refused);
    CASES_ADD(&cases, going_back_to_a_snapshot_undoes_everything);
    CASES_ADD(&cases, the_hash_of_a_pool_does_not_tell_which_record_holds_what);
    CASES_ADD(&cases, the_hash_of_a_list_tells_its_order);
    CASES_ADD(&cases, history_is_not_hashed);
    CASES_ADD(&cases, pending_events_count_relative_to_now);
    CASES_ADD(&cases, a_name_is_kept_once_and_numbered_by_its_first_use);
    CASES_ADD(&cases, names_without_room_are_refused);
    CASES_ADD(&cases, a_chain_can_be_cut_anywhere_and_grow_again);
    CASES_ADD(&cases, the_trace_s_hash_is_a_chain_of_blocks);
    CASES_ADD(&cases, a_sink_is_handed_every_record);
    CASES_ADD(&cases, the_trace_s_hash_tells_the_order_and_has_no_need_of_a_sink);
    return cases_run("world", &cases);
}

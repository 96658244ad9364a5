/* test_event_queue.c: the event queue against a plain list that is searched for its least.
 *
 * Every operation is done on both, and after each the queue must agree with the list on the clock,
 * the count, the next instant, and the set of pending events. First every script of eight
 * operations on a queue for three events; then long random ones, which also cancel stale handles,
 * fill the queue, and restore snapshots into other memory.
 */
#include "sim/event_queue.h"
#include "sim/memory.h"
#include "sim/random.h"
#include "tests/cases.h"

#include <stdlib.h>
#include <string.h>

enum { PUSHES_MAX = 20000 };

struct listed {
    int64_t at;
    struct event_handle handle;
    bool pending;  /* neither popped nor cancelled */
    bool occupies; /* counts against the capacity: its turn has not come */
};

/* The model: all pushes so far, in order. Those before `first` are over. */
struct list {
    struct listed *pushes;
    uint32_t count, first;
    uint32_t capacity;
    int64_t now;
};

struct pair {
    struct event_queue *q;
    struct list list;
};

static struct event event_of(uint32_t number)
{
    return (struct event){.kind = number * 7, .subject = ~number, .detail = number};
}

/* The number of the next pending push; list->count where there is none. */
static uint32_t list_least(const struct list *list)
{
    uint32_t least = list->count;
    for (uint32_t i = list->first; i < list->count; i++) {
        const struct listed *p = &list->pushes[i];
        if (p->pending && (least == list->count || p->at < list->pushes[least].at)) {
            least = i;
        }
    }
    return least;
}

static uint32_t list_count(const struct list *list)
{
    uint32_t count = 0;
    for (uint32_t i = list->first; i < list->count; i++) {
        count += list->pushes[i].pending;
    }
    return count;
}

/* A cancelled event leaves its place when the queue next looks past it: all before (at, number). */
static void list_vacate(struct list *list, int64_t at, uint32_t number)
{
    for (uint32_t i = list->first; i < list->count; i++) {
        struct listed *p = &list->pushes[i];
        if (!p->pending && (p->at < at || (p->at == at && i <= number))) {
            p->occupies = false;
        }
    }
    while (list->first < list->count && !list->pushes[list->first].occupies) {
        list->first++;
    }
}

static bool list_full(const struct list *list)
{
    uint32_t occupied = 0;
    for (uint32_t i = list->first; i < list->count; i++) {
        occupied += list->pushes[i].occupies;
    }
    return occupied == list->capacity;
}

static void pair_push(struct pair *p, int64_t at)
{
    struct list *list = &p->list;
    assert_true(list->count < PUSHES_MAX);
    struct event_handle handle =
        event_queue_push(p->q, (struct instant){at}, event_of(list->count));
    assert_true((handle.key == 0) == list_full(list));
    if (handle.key != 0) {
        list->pushes[list->count++] = (struct listed){at, handle, true, true};
    }
}

static void pair_pop(struct pair *p)
{
    struct list *list = &p->list;
    uint32_t least = list_least(list);
    struct event event = {1, 2, 3};
    bool popped = event_queue_pop(p->q, &event);
    assert_true(popped == (least < list->count));
    if (popped) {
        struct event expected = event_of(least);
        assert_memory_equal(&event, &expected, sizeof event);
        list->now = list->pushes[least].at;
        list->pushes[least].pending = false;
        list_vacate(list, list->now, least);
    }
}

static void pair_cancel(struct pair *p, uint32_t number)
{
    if (number < p->list.count) {
        event_queue_cancel(p->q, p->list.pushes[number].handle);
        p->list.pushes[number].pending = false;
    }
}

struct census {
    const struct list *list;
    uint32_t count;
    bool wrong;
};

static void census_visit(void *self, struct instant at, uint64_t sequence,
                         const struct event *event)
{
    (void)sequence;
    struct census *c = self;
    struct event expected = event_of((uint32_t)event->detail);
    c->count++;
    c->wrong |= event->detail >= c->list->count || !c->list->pushes[event->detail].pending ||
                c->list->pushes[event->detail].at != at.ns ||
                memcmp(event, &expected, sizeof expected) != 0;
}

static void pair_compare(struct pair *p)
{
    uint32_t count = list_count(&p->list);
    assert_true(event_queue_now(p->q).ns == p->list.now);
    assert_int_equal(event_queue_count(p->q), count);
    struct census census = {.list = &p->list};
    event_queue_each(p->q, census_visit, &census);
    assert_int_equal(census.count, count);
    assert_false(census.wrong);
    uint32_t least = list_least(&p->list);
    struct instant at = {-77};
    assert_true(event_queue_next(p->q, &at) == (least < p->list.count));
    assert_true(at.ns == (least < p->list.count ? p->list.pushes[least].at : -77));
    if (least < p->list.count) {
        list_vacate(&p->list, at.ns, least);
    }
}

static struct pair pair_start(void *memory, struct listed *pushes, uint32_t capacity, int64_t now)
{
    return (struct pair){
        .q = event_queue_init(memory, capacity, (struct instant){now        }
             ),
        .list = { .pushes = pushes, .capacity = capacity, .now = now},
    };
}

enum operation { PUSH_NOW, PUSH_SOON, PUSH_LATER, POP, CANCEL_FIRST, CANCEL_LAST, OPERATIONS };

static void pair_do(struct pair *p, enum operation operation)
{
    switch (operation) {
    case PUSH_NOW:
    case PUSH_SOON:
    case PUSH_LATER:
        pair_push(p, p->list.now + (int64_t)operation);
        break;
    case POP:
        pair_pop(p);
        break;
    case CANCEL_FIRST:
        pair_cancel(p, p->list.first);
        break;
    case CANCEL_LAST:
        pair_cancel(p, p->list.count - 1);
        break;
    case OPERATIONS:
        fail();
    }
}

static void test_every_short_script(void **state)
{
    (void)state;

    enum { LENGTH = 8, CAPACITY = 3, SCRIPTS = 1679616 /* 6^8 */ };
    struct listed pushes[LENGTH];
    _Alignas(64) unsigned char memory[1024];
    assert_true(event_queue_bytes(CAPACITY) <= sizeof memory);
    for (uint32_t script = 0; script < SCRIPTS; script++) {
        struct pair p = pair_start(memory, pushes, CAPACITY, -1);
        uint32_t rest = script;
        for (int i = 0; i < LENGTH; i++) {
            pair_do(&p, (enum operation)(rest % OPERATIONS));
            rest /= OPERATIONS;
        }
        pair_compare(&p);
        while (event_queue_count(p.q) > 0) {
            pair_pop(&p);
        }
        pair_pop(&p);
    }
}

/* One column a kind of workload. */
static const struct workload {
    const char *name;
    uint32_t capacity;
    uint32_t pending;   /* pushes outweigh pops below it */
    uint32_t delay_max; /* delays are uniform from 0; so 0 and small ones make ties */
    uint32_t cancels;   /* per thousand operations */
    int64_t start;
} workloads[] = {
    {"random script: everything is due now",      100, 50,  0,          50,  0         },
    {"random script: many ties",                  300, 200, 10,         100, -1000     },
    {"random script: few ties",                   300, 250, 1000000000, 100, -500000000},
    {"random script: mostly cancelled",           300, 100, 20,         600, 0         },
    {"random script: nearly empty",               10,  1,   3,          200, 0         },
    {"random script: full again and again",       17,  17,  30,         100, 0         },
    {"random script: room for one",               1,   1,   2,          200, 0         },
    {"random script: from the beginning of time", 64,  30,  100,        100, INT64_MIN },
    {"random script: at the end of time",         64,  30,  0,          100, INT64_MAX },
};

static int64_t random_instant(struct random_stream *stream, const struct workload *w, int64_t now)
{
    bool due = random_below(stream, 4) == 0;
    return now + (due ? 0 : (int64_t)random_below(stream, (uint64_t)w->delay_max + 1));
}

static void pair_do_random(struct pair *p, const struct workload *w, struct random_stream *stream)
{
    if (random_below(stream, 1000) < w->cancels) {
        /* Recent handles, pending or stale alike. */
        uint32_t back = (uint32_t)random_below(stream, 2 * (uint64_t)w->pending + 2);
        pair_cancel(p, p->list.count > back ? p->list.count - 1 - back : 0);
        return;
    }
    uint64_t push_weight = list_count(&p->list) < w->pending ? 60 : 40;
    if (random_below(stream, 100) < push_weight) {
        pair_push(p, random_instant(stream, w, p->list.now));
    } else {
        pair_pop(p);
    }
}

static void *reserve(size_t bytes)
{
    void *memory = memory_reserve(bytes);
    if (memory == NULL) {
        print_error("the machine refuses memory\n");
        exit(1);
    }
    return memory;
}

/* Takes a snapshot into `spare`, goes on for a while, and returns to the snapshot: in place, or (if
 * `moves`) by going on in the copy. Returns the memory that is spare then. */
static void *pair_detour(struct pair *p, const struct workload *w, struct random_stream *stream,
                         void *spare, bool moves)
{
    struct event_queue *q = p->q;
    struct list list = p->list;
    struct listed *pushes = reserve(PUSHES_MAX * sizeof *pushes);
    memcpy(pushes, list.pushes, list.count * sizeof *pushes);
    memset(spare, 0xEE, event_queue_bytes(w->capacity));
    size_t used = event_queue_bytes_used(q);
    memcpy(spare, q, used);
    for (int i = 0; i < 100; i++) {
        pair_do_random(p, w, stream);
    }
    p->list = list;
    memcpy(list.pushes, pushes, list.count * sizeof *pushes);
    memory_release(pushes, PUSHES_MAX * sizeof *pushes);
    if (moves) {
        memset(q, 0xDD, event_queue_bytes(w->capacity));
        p->q = spare;
        return q;
    }
    memcpy(q, spare, used);
    return spare;
}

static void test_random_script(void **state)
{
    const struct workload *w = *state;

    enum { LENGTH = 6000 };

    size_t bytes = event_queue_bytes(w->capacity);
    void *memory = reserve(bytes);
    void *spare = reserve(bytes);
    struct listed *pushes = reserve(PUSHES_MAX * sizeof *pushes);
    struct random_stream stream = random_stream(5, text_from(w->name));
    struct pair p = pair_start(memory, pushes, w->capacity, w->start);
    for (int i = 0; i < LENGTH; i++) {
        pair_do_random(&p, w, &stream);
        pair_compare(&p);
        if (i % 300 == 299) {
            spare = pair_detour(&p, w, &stream, spare, i % 600 == 299);
            pair_compare(&p);
        }
    }
    while (event_queue_count(p.q) > 0) {
        pair_pop(&p);
    }
    memory_release(p.q, bytes);
    memory_release(spare, bytes);
    memory_release(pushes, PUSHES_MAX * sizeof *pushes);
}

static void test_bytes_used_grow_with_use_only(void **state)
{
    (void)state;
    _Alignas(64) unsigned char memory[8192];

    enum { CAPACITY = 100 };

    size_t bytes = event_queue_bytes(CAPACITY);
    assert_true(bytes <= sizeof memory);
    memset(memory, 0xAB, sizeof memory);
    struct event_queue *q = event_queue_init(memory, CAPACITY, (struct instant){0});
    for (int i = 0; i < CAPACITY; i++) {
        size_t used = event_queue_bytes_used(q);
        assert_true(used <= bytes);
        for (size_t k = used; k < sizeof memory; k++) {
            assert_int_equal(memory[k], 0xAB);
        }
        assert_true(event_queue_push(q, (struct instant){i}, event_of(0)).key != 0);
    }
    assert_true(event_queue_push(q, (struct instant){9}, event_of(0)).key == 0);
    assert_true(event_queue_bytes_used(q) == bytes);
}

static void test_pop_of_what_was_cancelled_leaves_the_clock(void **state)
{
    (void)state;
    _Alignas(64) unsigned char memory[1024];
    struct event_queue *q = event_queue_init(memory, 3, (struct instant){10});
    struct event_handle handle = event_queue_push(q, (struct instant){20}, event_of(1));
    event_queue_cancel(q, handle);
    event_queue_cancel(q, handle);
    event_queue_cancel(q, (struct event_handle){0});
    event_queue_cancel(q, (struct event_handle){UINT64_MAX});
    struct event event;
    assert_false(event_queue_pop(q, &event));
    assert_true(event_queue_now(q).ns == 10);
    assert_int_equal(event_queue_count(q), 0);
}

static void test_handles_are_never_alike(void **state)
{
    (void)state;
    _Alignas(64) unsigned char memory[1024];
    struct event_queue *q = event_queue_init(memory, 1, (struct instant){0});
    uint64_t last = 0;
    struct event event;
    for (int i = 0; i < 1000; i++) {
        struct event_handle handle = event_queue_push(q, (struct instant){i}, event_of(1));
        assert_true(handle.key > last);
        last = handle.key;
        assert_true(event_queue_pop(q, &event));
    }
}

int main(void)
{
    struct cases cases = {0};
    CASES_ADD(&cases, test_every_short_script);
    CASES_ADD_TABLE(&cases, test_random_script, workloads);
    CASES_ADD(&cases, test_bytes_used_grow_with_use_only);
    CASES_ADD(&cases, test_pop_of_what_was_cancelled_leaves_the_clock);
    CASES_ADD(&cases, test_handles_are_never_alike);
    return cases_run("event_queue", &cases);
}

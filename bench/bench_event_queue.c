/* bench_event_queue.c: the event queue against the bare limit, in the hold model.
 *
 * So many events are pending; each, when its turn comes, schedules one more after a random delay.
 * Ours goes through its public interface with a handler by pointer, as sim/simulation.c does; the
 * limit is bench/peers/hold.h. All draw the same delays and must end at the same instant having
 * handled the same events. The ratio is to the best limit at that size.
 */
#include "bench/measure.h"
#include "bench/peers/hold.h"
#include "sim/event_queue.h"
#include "sim/memory.h"

#include <stdio.h>

enum { EVENTS = 1000000, OURS = HOLD_HEAPS, RIVALS };

struct outcome {
    uint64_t now, sum;
};

struct ours {
    struct event_queue *q;
    struct hold_delays *delays;
    uint64_t sum;
};

static void handle(struct ours *o, const struct event *event)
{
    o->sum += event->detail;
    int64_t now = event_queue_now(o->q).ns;
    struct instant at = {now + (int64_t)hold_delay(o->delays)};
    (void)event_queue_push(o->q, at, (struct event){.detail = (uint64_t)now & 7});
}

static void (*const handlers[])(struct ours *, const struct event *) = {handle};

static double ours_run(void *memory, uint32_t pending, struct hold_delays *delays,
                       struct outcome *outcome)
{
    struct ours o = {event_queue_init(memory, pending, (struct instant){0}), delays, 0};
    for (uint32_t i = 0; i < pending; i++) {
        struct instant at = {(int64_t)hold_delay_above_zero(delays)};
        (void)event_queue_push(o.q, at, (struct event){0});
    }
    double start = measure_cpu_seconds();
    for (int i = 0; i < EVENTS; i++) {
        struct event event = {0, 0, 0};
        (void)event_queue_pop(o.q, &event);
        handlers[event.kind](&o, &event);
    }
    double seconds = measure_cpu_seconds() - start;
    *outcome = (struct outcome){(uint64_t)event_queue_now(o.q).ns, o.sum};
    return seconds;
}

static double limit_run(struct hold *h, enum hold_heap heap, uint32_t pending,
                        struct hold_delays *delays, struct outcome *outcome)
{
    hold_start(h, heap, pending, delays);
    double start = measure_cpu_seconds();
    hold_run(h, heap, EVENTS);
    double seconds = measure_cpu_seconds() - start;
    *outcome = (struct outcome){h->now, h->sum};
    return seconds;
}

struct field {
    void *memory;
    struct hold limit;
    uint32_t pending;
    bool half_zero;
};

/* One turn of one rival, in ns an event. */
static double turn(struct field *f, int rival, struct outcome *outcome)
{
    struct hold_delays delays = {.half_zero = f->half_zero};
    exponential_init(&delays.exponential, 1);
    double seconds =
        rival == OURS ? ours_run(f->memory, f->pending, &delays, outcome)
                      : limit_run(&f->limit, (enum hold_heap)rival, f->pending, &delays, outcome);
    return seconds * 1e9 / EVENTS;
}

/* False where the rivals did not do the same. */
static bool race(struct field *f)
{
    double ns[RIVALS][MEASURE_TURNS];
    bool same = true;
    for (int t = -1; t < MEASURE_TURNS; t++) {
        struct outcome outcomes[RIVALS];
        for (int rival = 0; rival < RIVALS; rival++) {
            double figure = turn(f, rival, &outcomes[rival]);
            same &=
                outcomes[rival].now == outcomes[0].now && outcomes[rival].sum == outcomes[0].sum;
            if (t >= 0) {
                ns[rival][t] = figure;
            }
        }
    }
    double best = measure_median(ns[0]);
    for (int rival = 1; rival < HOLD_HEAPS; rival++) {
        double median = measure_median(ns[rival]);
        best = median < best ? median : best;
    }
    double ours = measure_median(ns[OURS]);
    (void)printf("%9u  %-11s %7.1f %7.1f %7.1f %7.1f   %.2f\n", f->pending,
                 f->half_zero ? "half zero" : "exponential", ours, measure_median(ns[HOLD_BINARY]),
                 measure_median(ns[HOLD_QUATERNARY]), measure_median(ns[HOLD_BINARY_AND_RING]),
                 ours / best);
    return same;
}

int main(void)
{
    static const uint32_t sizes[] = {100, 10000, 1000000};
    bool same = true;
    (void)printf("hold model, ns an event (CPU, median of %d)\n"
                 "  pending  delays         ours  binary   4-ary    ring   ours/best\n",
                 MEASURE_TURNS);
    for (int i = 0; i < 6; i++) {
        struct field f = {.pending = sizes[i / 2], .half_zero = i % 2 == 1};
        size_t bytes = event_queue_bytes(f.pending);
        f.memory = memory_reserve(bytes);
        if (f.memory == NULL) {
            return 3;
        }
        hold_init(&f.limit, f.pending);
        same &= race(&f);
        hold_deinit(&f.limit);
        memory_release(f.memory, bytes);
    }
    if (!same) {
        (void)printf("the rivals did not handle the same events\n");
    }
    return same ? 0 : 1;
}

/* workload.c: the files' arrival in the input bucket.
 *
 * Method. Each entry of the workload puts its files one after the other: evenly over its span, at a
 * random moment of each file's own share of it, or with exponential gaps of the same mean. A file
 * is named <date>-f<number>.ndjson with one running number over all entries. Every put sends an
 * event notification to the queue.
 */
#include "model/pipeline/invariants.h"

uint32_t workload_put(struct pipeline *p, struct text prefix, struct text date, int64_t size)
{
    struct cloud *c = &p->cloud;
    char key[1100];
    struct text_writer w = text_writer(key, sizeof key);
    text_put(&w, prefix);
    text_put(&w, date);
    text_put(&w, TEXT("-f"));
    text_put_integer(&w, ++p->state->file_index, 4);
    text_put(&w, TEXT(".ndjson"));
    uint32_t name = names_intern(&c->names, text_written(&w));
    if (name == 0) {
        simulation_fail(&c->simulation, "names (limits.files)");
        return 0;
    }
    if (bucket_put(c, BUCKET_INPUT, name, size, 0) == 0) {
        return 0;
    }
    history_arrived(p, name, size);
    return name;
}

/* When file `ordinal` (from 0) of an entry arrives, given when the one before it did. */
static struct instant arrival_time(struct pipeline *p, const struct workload *load,
                                   uint64_t ordinal, struct instant before)
{
    __extension__ typedef __int128 i128;
    struct instant first = instant_add(p->scenario->start, load->at);
    int64_t share_start = (int64_t)((i128)load->over.ns * (int64_t)ordinal / load->files);
    switch (load->spacing) {
    case SPACING_EVEN:
        return instant_add(first, (struct duration){share_start});
    case SPACING_UNIFORM: {
        int64_t share =
            (int64_t)((i128)load->over.ns * ((int64_t)ordinal + 1) / load->files) - share_start;
        uint32_t rank =
            choose(p->cloud.simulation.choices, CHOICE_ARRIVAL_TIME, UINT64_C(1) << 32) +
            (UINT32_C(1) << 31);
        return instant_add(first,
                           (struct duration){share_start + (int64_t)((i128)share * rank >> 32)});
    }
    case SPACING_POISSON:
        break;
    }
    struct duration gap =
        cloud_draw(&p->cloud, CHOICE_ARRIVAL_TIME, &p->gaps[load - p->scenario->workloads]);
    return instant_add(ordinal == 0 ? first : before, gap);
}

static void schedule(struct pipeline *p, uint32_t workload, uint64_t ordinal)
{
    const struct workload *load = &p->scenario->workloads[workload];
    struct instant at = arrival_time(p, load, ordinal, cloud_now(&p->cloud));
    (void)simulation_schedule_at(&p->cloud.simulation, at, EVENT_ARRIVAL, workload, ordinal);
    p->state->outside++;
}

void workload_start(struct pipeline *p)
{
    for (uint32_t i = 0; i < p->scenario->workloads_count; i++) {
        schedule(p, i, 0);
    }
}

void workload_arrival(struct cloud *c, uint32_t workload, uint64_t ordinal)
{
    struct pipeline *p = pipeline_of(c);
    const struct workload *load = &p->scenario->workloads[workload];
    p->state->outside--;
    if (pipeline_at_rest(p)) {
        invariants_at_rest(p);
    }
    char today[16];
    struct text_writer w = text_writer(today, sizeof today);
    text_put_date(&w, cloud_now(c));
    struct text date = load->date.size > 0 ? load->date : text_written(&w);
    uint32_t key = workload_put(p, load->prefix, date, load->size);
    if (key != 0) {
        queue_notify(c, key);
    }
    if (ordinal + 1 < (uint64_t)load->files) {
        schedule(p, workload, ordinal + 1);
    }
}

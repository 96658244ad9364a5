/* workload.c: the files' arrival in the input bucket.
 *
 * Method. Each entry of the workload puts its files one after the other: evenly over its span, at a
 * random moment of each file's own share of it, or with exponential gaps of the same mean. A file
 * is named <date>-f<number>.ndjson with one running number over all entries, unless the entry says
 * otherwise: a name for all of its files, or a number to begin with, so that keys come again, or
 * the same names in another folder. Every put sends an event notification to the queue. What it
 * calls the object is its key URL-encoded, and a pipeline that does not decode it knows the file by
 * that alone, while S3 does not. Source: S3-EVENT-3.
 */
#include "model/pipeline/invariants.h"

enum { KEY_BYTES_MAX = 1024 };

static bool stays(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '.' || c == '-' || c == '*' || c == '_';
}

/* A key as an event has it. */
static void text_put_encoded(struct text_writer *w, struct text key)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < key.size; i++) {
        unsigned char c = (unsigned char)key.at[i];
        if (stays(key.at[i])) {
            text_put_char(w, key.at[i]);
        } else if (c == ' ') {
            text_put_char(w, '+');
        } else {
            text_put_char(w, '%');
            text_put_char(w, digits[c >> 4]);
            text_put_char(w, digits[c & 15]);
        }
    }
}

static uint32_t intern(struct cloud *c, struct text text)
{
    uint32_t name = names_intern(&c->names, text);
    if (name == 0) {
        simulation_fail(&c->simulation, "names (limits.files)");
    }
    return name;
}

/* The name of an object in its events. Where that is not its key, it leads to the object's history
 * (history_file), but there is no object of that name (bucket_find). */
static uint32_t event_name(struct cloud *c, uint32_t key)
{
    char encoded[3 * KEY_BYTES_MAX];
    struct text_writer w = text_writer(encoded, sizeof encoded);
    text_put_encoded(&w, names_text(&c->names, key));
    uint32_t name = intern(c, text_written(&w));
    if (c->names.names[name].owner == 0) {
        c->names.names[name].owner = c->names.names[key].owner;
    }
    return name;
}

static uint32_t put(struct pipeline *p, struct text key, int64_t size)
{
    struct cloud *c = &p->cloud;
    uint32_t name = intern(c, key);
    if (name == 0 || bucket_put(c, BUCKET_INPUT, name, size, 0) == 0) {
        return 0;
    }
    if (!p->scenario->builder.decode_keys) {
        name = event_name(c, name);
    }
    if (name != 0) {
        history_arrived(p, name, size);
    }
    return name;
}

static void put_numbered(struct text_writer *w, struct text date, int64_t number)
{
    if (!text_equal(date, TEXT("none"))) {
        text_put(w, date);
        text_put_char(w, '-');
    }
    text_put_char(w, 'f');
    text_put_integer(w, number, 4);
    text_put(w, TEXT(".ndjson"));
}

uint32_t workload_put(struct pipeline *p, struct text prefix, struct text date, int64_t size)
{
    char key[KEY_BYTES_MAX];
    struct text_writer w = text_writer(key, sizeof key);
    text_put(&w, prefix);
    put_numbered(&w, date, ++p->state->file_index);
    return put(p, text_written(&w), size);
}

bool workload_key_fits(const struct workload *load)
{
    char encoded[KEY_BYTES_MAX];
    struct text_writer w = text_writer(encoded, sizeof encoded);
    text_put_encoded(&w, load->prefix);
    text_put_encoded(&w, load->name);
    if (load->name.size == 0) {
        put_numbered(&w, TEXT("2026-01-30"), 10000000);
    }
    return !w.overflowed;
}

/* File `ordinal` (from 0) of an entry. */
static uint32_t put_next(struct pipeline *p, const struct workload *load, uint64_t ordinal)
{
    char today[16];
    char key[KEY_BYTES_MAX];
    struct text_writer w = text_writer(today, sizeof today);
    text_put_date(&w, cloud_now(&p->cloud));
    struct text date = load->date.size > 0 ? load->date : text_written(&w);
    if (load->name.size == 0 && load->number == 0) {
        return workload_put(p, load->prefix, date, load->size);
    }
    w = text_writer(key, sizeof key);
    text_put(&w, load->prefix);
    text_put(&w, load->name);
    if (load->name.size == 0) {
        put_numbered(&w, date, load->number + (int64_t)ordinal);
    }
    return put(p, text_written(&w), load->size);
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
    uint32_t key = put_next(p, load, ordinal);
    if (key != 0) {
        queue_notify(c, key);
    }
    if (ordinal + 1 < (uint64_t)load->files) {
        schedule(p, workload, ordinal + 1);
    }
}

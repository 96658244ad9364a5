/* choice.c: see choice.h. */
#include "sim/choice.h"

static void init(struct choices *c, enum choice_strategy strategy, const char *const *labels,
                 uint32_t labels_count)
{
    ASSERT(labels_count <= CHOICE_LABELS_MAX);
    *c = (struct choices){.strategy = strategy, .labels = labels, .labels_count = labels_count};
}

void choices_init_default(struct choices *c, const char *const *labels, uint32_t labels_count)
{
    init(c, CHOICE_DEFAULT, labels, labels_count);
}

void choices_init_seeded(struct choices *c, const char *const *labels, uint32_t labels_count,
                         uint64_t seed)
{
    init(c, CHOICE_SEEDED, labels, labels_count);
    c->seed = seed;
    for (uint32_t i = 0; i < labels_count; i++) {
        c->streams[i] = random_stream(seed, text_from(labels[i]));
    }
}

void choices_init_recorded(struct choices *c, const char *const *labels, uint32_t labels_count,
                           struct choice *list, uint64_t list_count)
{
    init(c, CHOICE_RECORDED, labels, labels_count);
    c->list = list;
    c->list_count = list_count;
}

void choices_init_asked(struct choices *c, const char *const *labels, uint32_t labels_count,
                        choose_function *ask, void *asked)
{
    init(c, CHOICE_ASKED, labels, labels_count);
    c->ask = ask;
    c->asked = asked;
}

void choices_record(struct choices *c, struct choice *list, uint64_t capacity)
{
    ASSERT(c->strategy != CHOICE_RECORDED);
    c->list = list;
    c->list_capacity = capacity;
    c->list_count = 0;
}

static uint32_t replay(struct choices *c, uint32_t label, uint64_t count)
{
    if (c->position == c->list_count) {
        c->diverged = true;
        return 0;
    }
    ASSERT(c->list != NULL);
    const struct choice *next = &c->list[c->position];
    if (next->label != label || next->count_less_one != count - 1 || next->value > count - 1) {
        c->diverged = true;
        return 0;
    }
    c->position++;
    return next->value;
}

uint32_t choices_slow(struct choices *c, uint32_t label, uint64_t count)
{
    if (c->strategy == CHOICE_RECORDED) {
        return replay(c, label, count);
    }
    uint32_t value = 0;
    if (c->strategy == CHOICE_SEEDED && count > 1) {
        value = (uint32_t)random_below(&c->streams[label], count);
    }
    if (c->strategy == CHOICE_ASKED) {
        value = c->ask(c->asked, label, count);
        ASSERT(value < count);
    }
    if (c->list == NULL) {
        return value;
    }
    if (c->list_count == c->list_capacity) {
        c->overflowed = true;
        return value;
    }
    c->list[c->list_count++] = (struct choice){label, (uint32_t)(count - 1), value};
    return value;
}

struct duration choose_duration(struct choices *c, uint32_t label, const struct distribution *d)
{
    if (d->constant >= 0) {
        return (struct duration){d->constant};
    }
    uint32_t rank = choose(c, label, UINT64_C(1) << 32) + (UINT32_C(1) << 31);
    return distribution_at(d, rank);
}

bool choose_chance(struct choices *c, uint32_t label, int64_t ppm)
{
    ASSERT(ppm >= 0 && ppm <= 1000000);
    if (ppm == 0) {
        return false;
    }
    /* Alternatives count down from the end, so that the default, 0, is "no" unless it is certain.
     */
    return choose(c, label, 1000000) >= (uint64_t)(1000000 - ppm);
}

void choices_save(const struct choices *c, struct choices_position *position)
{
    *position = (struct choices_position){
        .list_count = c->list_count,
        .position = c->position,
        .diverged = c->diverged,
        .overflowed = c->overflowed,
    };
    for (uint32_t i = 0; i < c->labels_count; i++) {
        position->counts[i] = c->streams[i].count;
    }
}

void choices_load(struct choices *c, const struct choices_position *position)
{
    c->list_count = position->list_count;
    c->position = position->position;
    c->diverged = position->diverged;
    c->overflowed = position->overflowed;
    for (uint32_t i = 0; i < c->labels_count; i++) {
        c->streams[i].count = position->counts[i];
    }
}

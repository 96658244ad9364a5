/* choice.h: the one door for chance.
 *
 * Everything that may go either way asks choose(): which message is next, how long a call takes,
 * whether a message is delivered twice. A choice has a label, a number of alternatives, and
 * alternative 0 is the benign default. Behind the door stands a strategy:
 *
 *   default    always 0: the plain run, the same for everybody
 *   seeded     a random alternative, from a stream of the label's own (sim/random.h)
 *   recorded   what a recording says; a run that asks something else has diverged
 *   asked      a function of the caller's: how searches steer a run
 *
 * Every strategy can be recorded. A draw from a distribution is a choice among
 * its 2^32 ranks, counted from the median outwards, so that the default is the median.
 */
#ifndef LOCKSTEP_SIM_CHOICE_H
#define LOCKSTEP_SIM_CHOICE_H

#include "sim/distribution.h"
#include "sim/random.h"
#include "sim/status.h"

enum { CHOICE_LABELS_MAX = 64 };

enum choice_strategy { CHOICE_DEFAULT, CHOICE_SEEDED, CHOICE_RECORDED, CHOICE_ASKED };

/* Chooses one of `count` alternatives. */
typedef uint32_t choose_function(void *self, uint32_t label, uint64_t count);

/* One choice that was made: `value` of `count_less_one` + 1 alternatives. */
struct choice {
    uint32_t label;
    uint32_t count_less_one;
    uint32_t value;
};

struct choices {
    enum choice_strategy strategy;
    uint32_t labels_count;
    const char *const *labels; /* their names: static strings */
    uint64_t seed;
    struct random_stream streams[CHOICE_LABELS_MAX];
    choose_function *ask;
    void *asked;
    struct choice *list; /* recording or replaying; NULL: neither */
    uint64_t list_capacity;
    uint64_t list_count; /* recorded so far, or to be replayed */
    uint64_t position;   /* replayed so far */
    bool diverged;       /* the run asked for something else than the recording holds */
    bool overflowed;     /* the recording did not fit */
};

/* The plain run. `labels` are the model's; label i is the i-th. */
void choices_init_default(struct choices *c, const char *const *labels, uint32_t labels_count);

/* Random alternatives, a stream for each label. */
void choices_init_seeded(struct choices *c, const char *const *labels, uint32_t labels_count,
                         uint64_t seed);

/* The given choices, in order; they stay the caller's. Where they end, or the run asks for another
 * label or number of alternatives, `diverged` is set and the default is taken. */
void choices_init_recorded(struct choices *c, const char *const *labels, uint32_t labels_count,
                           struct choice *list, uint64_t list_count);

/* What `ask(asked, label, count)` says: less than `count`. It is the caller who keeps what it needs
 * to say the same again in a run that has been taken back. */
void choices_init_asked(struct choices *c, const char *const *labels, uint32_t labels_count,
                        choose_function *ask, void *asked);

/* Records what is chosen from now on into the caller's array (not while replaying). */
void choices_record(struct choices *c, struct choice *list, uint64_t capacity);

uint32_t choices_slow(struct choices *c, uint32_t label, uint64_t count);

/* Chooses among `count` (1 to 2^32) alternatives. */
static inline uint32_t choose(struct choices *c, uint32_t label, uint64_t count)
{
    ASSERT(label < c->labels_count && count >= 1 && count <= UINT64_C(1) << 32);
    if (c->list != NULL || c->strategy >= CHOICE_RECORDED) {
        return choices_slow(c, label, count);
    }
    if (c->strategy == CHOICE_DEFAULT || count == 1) {
        return 0;
    }
    return (uint32_t)random_below(&c->streams[label], count);
}

/* Draws a duration. A constant distribution asks nothing. */
struct duration choose_duration(struct choices *c, uint32_t label, const struct distribution *d);

/* True with `ppm` parts per million (0 to 10^6); false is the default. Asks nothing where ppm is 0.
 */
bool choose_chance(struct choices *c, uint32_t label, int64_t ppm);

/* What a snapshot must keep of the choices, so that a restored run draws the same again. */
struct choices_position {
    uint64_t counts[CHOICE_LABELS_MAX];
    uint64_t list_count, position;
    bool diverged, overflowed;
};

void choices_save(const struct choices *c, struct choices_position *position);
void choices_load(struct choices *c, const struct choices_position *position);

#endif

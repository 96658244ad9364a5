/* naive_lock.c: see naive_lock.h. */
#include "tests/naive_lock.h"

#include <string.h>

/* What a step makes of a world; false: it cannot be taken. */

static uint8_t first_of(uint8_t files)
{
    for (uint32_t i = 0; i < 8; i++) {
        if ((files & 1U << i) != 0) {
            return (uint8_t)(1U << i);
        }
    }
    return 0;
}

static uint8_t take(const struct naive_options *o, uint8_t files)
{
    uint8_t taken = 0;
    for (uint32_t i = 0; i < o->threshold; i++) {
        uint8_t next = first_of((uint8_t)(files & ~taken));
        if (next == 0) {
            return 0;
        }
        taken |= next;
    }
    return taken;
}

static void leave(struct naive_world *w, uint32_t i)
{
    w->place[i] = GONE;
    w->mine[i] = 0;
    w->todo[i] = 0;
}

static bool lock(const struct naive_options *o, struct naive_world *w, uint32_t i)
{
    if (w->owner == 0 || w->expired) {
        w->owner = (uint8_t)(i + 1);
        w->expired = 0;
        w->place[i] = AT_QUERY;
        return true;
    }
    if (o->retry) {
        return false;
    }
    leave(w, i);
    return true;
}

static void query(const struct naive_options *o, struct naive_world *w, uint32_t i)
{
    w->mine[i] = w->todo[i] = take(o, w->pending);
    w->place[i] = w->mine[i] == 0 ? AT_RELEASE : o->fence ? AT_CLAIM : AT_MANIFEST;
}

static void claim(struct naive_world *w, uint32_t i)
{
    uint8_t file = first_of(w->todo[i]);
    if ((w->pending & file) != 0) {
        w->pending &= (uint8_t)~file;
        w->todo[i] &= (uint8_t)~file;
        w->place[i] = w->todo[i] == 0 ? AT_MANIFEST : AT_CLAIM;
        return;
    }
    w->mine[i] &= (uint8_t)~w->todo[i];
    w->todo[i] = w->mine[i];
    w->place[i] = w->todo[i] == 0 ? AT_RELEASE : AT_BACK;
}

static void give_back(struct naive_world *w, uint32_t i)
{
    uint8_t file = first_of(w->todo[i]);
    w->pending |= file;
    w->todo[i] &= (uint8_t)~file;
    w->mine[i] = w->todo[i];
    w->place[i] = w->todo[i] == 0 ? AT_RELEASE : AT_BACK;
}

static void list(struct naive_world *w, uint32_t i)
{
    w->listed_twice |= w->listed & w->mine[i];
    w->listed |= w->mine[i];
    w->place[i] = w->todo[i] == 0 ? AT_START : AT_MARK;
}

static void mark(struct naive_world *w, uint32_t i)
{
    uint8_t file = first_of(w->todo[i]);
    w->pending &= (uint8_t)~file;
    w->todo[i] &= (uint8_t)~file;
    w->place[i] = w->todo[i] == 0 ? AT_START : AT_MARK;
}

static void release(struct naive_world *w, uint32_t i)
{
    if (w->owner == i + 1) {
        w->owner = w->expired = 0;
    }
    leave(w, i);
}

static bool go_on(const struct naive_options *o, struct naive_world *w, uint32_t i)
{
    switch ((enum naive_place)w->place[i]) {
    case GONE:
        return false;
    case AT_PUT:
        w->pending |= (uint8_t)(1U << i);
        w->recorded |= (uint8_t)(1U << i);
        w->place[i] = AT_LOCK;
        return true;
    case AT_LOCK:
        return lock(o, w, i);
    case AT_QUERY:
        query(o, w, i);
        return true;
    case AT_CLAIM:
        claim(w, i);
        return true;
    case AT_BACK:
        give_back(w, i);
        return true;
    case AT_MANIFEST:
        list(w, i);
        return true;
    case AT_MARK:
        mark(w, i);
        return true;
    case AT_START:
        w->started |= w->mine[i];
        w->mine[i] = 0;
        w->place[i] = AT_RELEASE;
        return true;
    case AT_RELEASE:
        release(w, i);
        return true;
    }
    return false;
}

static bool step(const struct naive_options *o, struct naive_world *w, uint32_t transition)
{
    if (transition < o->lambdas) {
        return go_on(o, w, transition);
    }
    if (transition < 2 * o->lambdas) {
        uint32_t i = transition - o->lambdas;
        if (w->place[i] == GONE || w->crashes == o->crashes) {
            return false;
        }
        w->crashes++;
        leave(w, i);
        return true;
    }
    if (w->owner == 0 || w->expired != (transition == 2 * o->lambdas ? 0 : 1) || o->never_expires) {
        return false;
    }
    w->owner = w->expired == 0 ? w->owner : 0;
    w->expired = w->expired == 0 ? 1 : 0;
    return true;
}

/* All worlds */

static uint32_t cell_of(const struct naive_world *world)
{
    uint8_t bytes[sizeof *world];
    uint32_t hash = 2166136261;
    memcpy(bytes, world, sizeof bytes);
    for (uint32_t i = 0; i < sizeof bytes; i++) {
        hash = (hash ^ bytes[i]) * 16777619;
    }
    return (hash ^ hash >> 15) % (4 * NAIVE_WORLDS_MAX);
}

/* The cell that holds a world, or the empty one where it would be. */
static uint32_t find_cell(const struct naive_space *s, const struct naive_world *world)
{
    uint32_t cell = cell_of(world);
    while (s->cells[cell] != 0 &&
           memcmp(&s->worlds[s->cells[cell] - 1], world, sizeof *world) != 0) {
        cell = (cell + 1) % (4 * NAIVE_WORLDS_MAX);
    }
    return cell;
}

int64_t naive_find(const struct naive_space *s, const struct naive_world *world)
{
    return (int64_t)s->cells[find_cell(s, world)] - 1;
}

static bool meet(struct naive_space *s, const struct naive_world *world)
{
    uint32_t cell = find_cell(s, world);
    if (s->cells[cell] == 0) {
        if (s->worlds_count == NAIVE_WORLDS_MAX) {
            return false;
        }
        s->worlds[s->worlds_count++] = *world;
        s->cells[cell] = s->worlds_count;
    }
    return true;
}

bool naive_explore(struct naive_space *s, const struct naive_options *options)
{
    struct naive_world first = {.owner = 0};
    memset(s, 0, sizeof *s);
    s->options = *options;
    memset(first.place, AT_PUT, options->lambdas);
    bool fits = meet(s, &first);
    for (uint32_t i = 0; fits && i < s->worlds_count; i++) {
        for (uint32_t k = 0; fits && k < 2 * options->lambdas + 2; k++) {
            struct naive_world next = s->worlds[i];
            if (step(options, &next, k)) {
                s->transitions++;
                fits = meet(s, &next);
            }
        }
    }
    return fits;
}

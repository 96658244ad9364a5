/* names.c: see names.h. */
#include "sim/names.h"

void names_declare(struct names *n, struct world *w, uint64_t count, uint64_t bytes)
{
    n->world = w;
    n->table_size = 64;
    while (n->table_size < 2 * count + 2) {
        n->table_size *= 2;
    }
    n->text_region = world_declare(w, "text of names (limits.files)", REGION_RECORDS, 1, bytes,
                                   (void **)&n->text);
    n->names_region = world_declare(w, "names (limits.files)", REGION_RECORDS, sizeof(struct name),
                                    count + 1, (void **)&n->names);
    n->table_region = world_declare(w, "index of names", REGION_OBSERVED, sizeof(uint32_t),
                                    n->table_size, (void **)&n->table);
}

void names_init(struct names *n)
{
    int64_t none = world_append(n->world, n->names_region);
    ASSERT(none == 0);
    n->world->states[n->table_region].used = n->table_size;
}

/* The place of `text` in the table: where it is, or where it would go. */
static uint64_t place(const struct names *n, struct text text)
{
    uint64_t at = hash64(text.at, text.size, 0) & (n->table_size - 1);
    while (n->table[at] != 0 && !text_equal(names_text(n, n->table[at]), text)) {
        at = (at + 1) & (n->table_size - 1);
    }
    return at;
}

uint32_t names_intern(struct names *n, struct text text)
{
    uint64_t at = place(n, text);
    if (n->table[at] != 0) {
        return n->table[at];
    }
    struct region_state *state = &n->world->states[n->text_region];
    if (n->world->regions[n->text_region].capacity - state->used < text.size) {
        return 0;
    }
    int64_t number = world_append(n->world, n->names_region);
    if (number < 0) {
        return 0;
    }
    memcpy(n->text + state->used, text.at, text.size);
    n->names[number] = (struct name){.offset = state->used, .size = (uint32_t)text.size};
    state->used += text.size;
    n->table[at] = (uint32_t)number;
    return (uint32_t)number;
}

uint32_t names_find(const struct names *n, struct text text)
{
    return n->table[place(n, text)];
}

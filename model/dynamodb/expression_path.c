/* expression_path.c: document paths: how they lie to each other, and what they take out of an item;
 * see expression.h.
 *
 * Method. The paths of a projection are sorted when it is compiled, so those into one document are
 * neighbours, and the document is written by one walk over them.
 */
#include "model/dynamodb/expression_tree.h"
#include "sim/assert.h"

#include <stdio.h>

static bool is_index(const struct item_step *step)
{
    return step->name.at == NULL;
}

static bool step_equal(const struct item_step *a, const struct item_step *b)
{
    if (is_index(a) != is_index(b)) {
        return false;
    }
    return is_index(a) ? a->index == b->index : text_equal(a->name, b->name);
}

enum path_relation path_relation(const struct item_path *a, const struct item_path *b)
{
    if (!text_equal(a->name, b->name)) {
        return PATHS_APART;
    }
    for (uint32_t i = 0; i < a->steps_count && i < b->steps_count; i++) {
        if (is_index(&a->steps[i]) != is_index(&b->steps[i])) {
            return PATHS_CONFLICT;
        }
        if (!step_equal(&a->steps[i], &b->steps[i])) {
            return PATHS_APART;
        }
    }
    return PATHS_OVERLAP;
}

bool path_equal(const struct item_path *a, const struct item_path *b)
{
    return a->steps_count == b->steps_count && path_relation(a, b) == PATHS_OVERLAP;
}

const char *path_text(const struct item_path *path, char *text, size_t size)
{
    struct text_writer w = text_writer(text, size);
    text_put_char(&w, '[');
    text_put(&w, path->name);
    for (uint32_t i = 0; i < path->steps_count; i++) {
        text_put(&w, TEXT(", "));
        if (is_index(&path->steps[i])) {
            text_put_char(&w, '[');
            text_put_integer(&w, path->steps[i].index, 0);
            text_put_char(&w, ']');
        } else {
            text_put(&w, path->steps[i].name);
        }
    }
    text_put_char(&w, ']');
    return text_writer_string(&w);
}

/* Less than, equal to or greater than 0: by attribute, then step by step. */
static int path_compare(const struct item_path *a, const struct item_path *b)
{
    int order = text_compare(a->name, b->name);
    for (uint32_t i = 0; order == 0 && i < a->steps_count && i < b->steps_count; i++) {
        const struct item_step *x = &a->steps[i];
        const struct item_step *y = &b->steps[i];
        order = is_index(x) ? (x->index > y->index) - (x->index < y->index)
                            : text_compare(x->name, y->name);
    }
    return order;
}

void paths_sort(struct expression *e)
{
    for (uint16_t i = 1; i < e->paths_count; i++) {
        uint16_t moved = e->paths[i];
        struct item_path path = path_of(e, node_at(e, moved));
        uint16_t at = i;
        for (; at > 0; at--) {
            struct item_path before = path_of(e, node_at(e, e->paths[at - 1]));
            if (path_compare(&before, &path) <= 0) {
                break;
            }
            e->paths[at] = e->paths[at - 1];
        }
        e->paths[at] = moved;
    }
}

/* Projections */

/* The step of the i-th path into the item (level 0) or a document. */
static struct item_step step_at(const struct expression *e, uint16_t i, uint32_t level)
{
    const struct node *n = node_at(e, e->paths[i]);
    return level == 0 ? (struct item_step){.name = n->name} : e->steps[n->steps + level - 1];
}

/* How many of the paths from the i-th on, up to `end`, take the same step at that level. */
static uint16_t same_step(const struct expression *e, uint16_t i, uint16_t end, uint32_t level)
{
    struct item_step step = step_at(e, i, level);
    uint16_t count = 1;
    for (; i + count < end; count++) {
        struct item_step next = step_at(e, (uint16_t)(i + count), level);
        if (!step_equal(&step, &next)) {
            break;
        }
    }
    return count;
}

static void put(struct item_writer *w, struct text name, const struct value *value)
{
    if (name.at == NULL) {
        item_append(w, value);
    } else {
        item_add(w, name, value);
    }
}

/* Writes what the paths from `begin` up to `end` name in a document, all of which lead to it. */
static void project(const struct expression *e, const struct value *document, uint16_t begin,
                    uint16_t end, uint32_t level, struct item_writer *w)
{
    for (uint16_t i = begin; i < end;) {
        uint16_t count = same_step(e, i, end, level);
        struct item_step step = step_at(e, i, level);
        struct value member;
        if (value_step(document, &step, &member)) {
            if (node_at(e, e->paths[i])->steps_count == level) {
                put(w, step.name, &member);
            } else if (member.type == TYPE_M || member.type == TYPE_L) {
                struct item_writer inner = item_begin(w, step.name);
                project(e, &member, i, (uint16_t)(i + count), level + 1, &inner);
                if (inner.count > 0 || inner.overflowed) {
                    item_end(w, step.name, member.type, &inner);
                }
            }
        }
        i = (uint16_t)(i + count);
    }
}

static void write_paths(const struct expression *e, struct item item, struct item_writer *w)
{
    struct value whole = {.type = TYPE_M, .bytes = item.bytes};
    *w = item_writer(w->at, w->capacity);
    project(e, &whole, 0, e->paths_count, 0, w);
}

void expression_project(const struct expression *e, struct item item, struct item_writer *w)
{
    ASSERT(e->kind == EXPRESSION_PROJECTION);
    write_paths(e, item, w);
}

void expression_updated(const struct expression *e, struct item item, struct item_writer *w)
{
    ASSERT(e->kind == EXPRESSION_UPDATE);
    write_paths(e, item, w);
}

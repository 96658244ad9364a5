/* partiql_select.c: the columns of a SELECT, and its pages. Sources: DDB-PARTIQL-5, DDB-PARTIQL-10,
 * DDB-PARTIQL-11.
 *
 * Method. The ranges of a plan are read in order, each by pages of the table; a scan is one range
 * of everything. What a page of the statement ends with is where to go on: the number of the range,
 * and the table's last key in it. The WHERE clause is held to every item that is read, so it may
 * say of keys what a filter may not.
 */
#include "model/api/partiql_tree.h"

enum { PAGE_BYTES = 1 << 20, PAGE_ITEMS_OF_IN = 10 };

/* Columns */

static struct item_path path_of(const struct partiql *s, const struct term *path,
                                struct item_step steps[ITEM_DEPTH_MAX])
{
    uint32_t count = 0;
    for (uint16_t i = 1; i < path->steps_count && count < ITEM_DEPTH_MAX; i++) {
        const struct partiql_step *step = &s->steps[path->steps + i];
        steps[count] = (struct item_step){.index = step->index};
        if (!step->element) {
            steps[count].name = text_from(s->names[2 * step->name + 1]);
        }
        count++;
    }
    return (struct item_path){path_root(s, path), steps, count};
}

/* A column has the name of the last attribute in its path, with the indexes behind it: "k[0]". */
static struct text column_name(const struct partiql *s, const struct term *path, char *text,
                               size_t size)
{
    struct text_writer w = text_writer(text, size);
    uint16_t last = path->steps;
    for (uint16_t i = 0; i < path->steps_count; i++) {
        last = s->steps[path->steps + i].element ? last : (uint16_t)(path->steps + i);
    }
    text_put(&w, text_from(s->names[2 * s->steps[last].name + 1]));
    for (uint16_t i = (uint16_t)(last + 1); i < path->steps + path->steps_count; i++) {
        text_put_char(&w, '[');
        text_put_integer(&w, s->steps[i].index, 0);
        text_put_char(&w, ']');
    }
    return text_written(&w);
}

void partiql_project(const struct partiql *s, struct item item, struct item_writer *w)
{
    if (s->all) {
        item_copy(w, item);
        return;
    }
    *w = item_writer(w->at, w->capacity);
    for (uint16_t i = s->columns; i != 0; i = term_at(s, i)->next) {
        const struct term *path = term_at(s, i);
        struct item_step steps[ITEM_DEPTH_MAX];
        char name[PARTIQL_STATEMENT_MAX];
        const struct item_path places = path_of(s, path, steps);
        struct value value;
        if (item_find(item, &places, &value)) {
            item_add(w, column_name(s, path, name, sizeof name), &value);
        }
    }
}

bool partiql_column(const struct partiql *s, uint32_t i, struct text *root)
{
    uint16_t column = s->columns;
    for (; column != 0 && i > 0; i--) {
        column = term_at(s, column)->next;
    }
    if (column != 0) {
        *root = path_root(s, term_at(s, column));
    }
    return column != 0;
}

/* Pages */

/* A page while it is read. */
struct reading {
    const struct partiql_read *read;
};

static void visit(void *self, struct item item)
{
    const struct partiql_read *read = ((struct reading *)self)->read;
    if (read->where == NULL ||
        expression_holds(read->where, item, partiql_values(read->statement))) {
        read->visit(read->self, item);
    }
}

/* Reads a page of one range, whose key condition is `key` (NULL: of everything), from `start` on.
 */
static enum table_result read_range(const struct partiql_read *read, struct instant now,
                                    const struct expression *key, struct text start,
                                    const struct partiql_page *page, struct table_page *got)
{
    struct reading r = {read};
    const struct table_query query = {.index = read->index,
                                      .key = key,
                                      .consistent = read->consistent,
                                      .backward = read->plan->backward,
                                      .fetch = read->fetch,
                                      .limit = read->limit == 0 ? 0 : read->limit - page->scanned,
                                      .as_of = read->as_of,
                                      .values = partiql_values(read->statement),
                                      .start_key = start,
                                      .visit = visit,
                                      .self = &r};
    return table_read_page(read->table, now, &query, got);
}

/* Reads from `start` on, range by range. */
static enum table_result read_ranges(const struct partiql_read *read, struct instant now,
                                     struct partiql_place start, struct expression *const *keys,
                                     uint32_t ranges, struct partiql_page *page)
{
    int64_t bytes = 0;
    for (uint32_t i = start.range; i < ranges; i++) {
        struct table_page got;
        struct text from = i == start.range ? start.key : (struct text){0};
        enum table_result result = read_range(read, now, keys[i], from, page, &got);
        page->throttled = got.throttled;
        if (result == TABLE_THROTTLED && i > start.range) {
            page->next = (struct partiql_place){i, {0}};
            page->more = true; /* what was read until then is an answer */
            break;
        }
        if (result != TABLE_OK) {
            return result;
        }
        bytes += got.bytes;
        page->scanned += (uint32_t)got.scanned_count;
        if (got.last_key.size > 0) {
            page->next = (struct partiql_place){i, got.last_key};
            page->more = true;
            break;
        }
        /* A page that its limit ends has a last key. */
        if (bytes >= PAGE_BYTES && i + 1 < ranges) {
            page->next = (struct partiql_place){i + 1, {0}};
            page->more = true;
            break;
        }
    }
    return TABLE_OK;
}

/* Nothing is read before all key conditions are there. */
enum table_result partiql_read_page(const struct partiql_read *read, struct instant now,
                                    struct partiql_place start, struct partiql_page *page)
{
    const struct partiql_plan *plan = read->plan;
    uint32_t ranges = plan->keyed ? plan->count : 1;
    struct expression *keys[PARTIQL_RANGES_MAX] = {NULL};
    struct partiql_read bounded = *read;
    *page = (struct partiql_page){0};
    if (plan->keyed && ranges > 1 && (read->limit == 0 || read->limit > PAGE_ITEMS_OF_IN)) {
        bounded.limit = PAGE_ITEMS_OF_IN;
    }
    for (uint32_t i = start.range; plan->keyed && i < ranges && !page->refused; i++) {
        keys[i] =
            partiql_key_condition(read->statement, read->keys, &plan->ranges[i], &page->error);
        page->refused = keys[i] == NULL;
    }
    enum table_result result =
        page->refused ? TABLE_INVALID : read_ranges(&bounded, now, start, keys, ranges, page);
    for (uint32_t i = start.range; i < ranges; i++) {
        expression_free(keys[i]);
    }
    return result;
}

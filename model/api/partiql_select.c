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

/* Reads a page of one range (NULL: of everything) from `start` on. */
static enum table_result read_range(const struct partiql_read *read, struct instant now,
                                    const struct partiql_range *range, struct text start,
                                    struct partiql_page *page, struct table_page *got)
{
    struct reading r = {read};
    struct table_query query = {.index = read->index,
                                .consistent = read->consistent,
                                .backward = read->plan->backward,
                                .fetch = read->fetch,
                                .limit = read->limit == 0 ? 0 : read->limit - page->scanned,
                                .as_of = read->as_of,
                                .values = partiql_values(read->statement),
                                .start_key = start,
                                .visit = visit,
                                .self = &r};
    struct expression *key = NULL;
    if (range != NULL) {
        key = partiql_key_condition(read->statement, read->keys, range, &page->error);
        if (key == NULL) {
            page->refused = true;
            return TABLE_INVALID;
        }
    }
    query.key = key;
    enum table_result result = table_read_page(read->table, now, &query, got);
    expression_free(key);
    return result;
}

enum table_result partiql_read_page(const struct partiql_read *read, struct instant now,
                                    struct partiql_place start, struct partiql_page *page)
{
    uint32_t ranges = read->plan->keyed ? read->plan->count : 1;
    struct partiql_read bounded = *read;
    int64_t bytes = 0;
    *page = (struct partiql_page){0};
    if (read->plan->keyed && ranges > 1 && (read->limit == 0 || read->limit > PAGE_ITEMS_OF_IN)) {
        bounded.limit = PAGE_ITEMS_OF_IN;
    }
    for (uint32_t i = start.range; i < ranges; i++) {
        struct table_page got;
        struct text key = i == start.range ? start.key : (struct text){0};
        enum table_result result = read_range(
            &bounded, now, read->plan->keyed ? &read->plan->ranges[i] : NULL, key, page, &got);
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

/* comparison.c: see comparison.h. */
#include "tools/comparison.h"

#include "sim/assert.h"
#include "sim/unicode.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- The variants. ---- */

enum { VALUES_MAX = 256, SETS_EACH_MAX = 512 };

/* One list, cut into its values. */
struct list {
    struct text path;
    struct text values[VALUES_MAX];
    size_t count;
};

/* Where the variants' strings and arrays go, one after the other. */
struct room {
    char *at;
    size_t size, capacity;
};

static struct text rest_of(struct text text, size_t from)
{
    return (struct text){text.at + from, text.size - from};
}

/* The size of the text up to the first `separator` outside of parentheses. */
static size_t part_size(struct text text, char separator)
{
    int open = 0;
    for (size_t i = 0; i < text.size; i++) {
        open += text.at[i] == '(' ? 1 : text.at[i] == ')' ? -1 : 0;
        if (text.at[i] == separator && open <= 0) {
            return i;
        }
    }
    return text.size;
}

static size_t path_size(struct text text)
{
    static const char of_paths[] = "abcdefghijklmnopqrstuvwxyz_.0123456789";
    size_t size = 0;
    while (size < text.size && strchr(of_paths, text.at[size]) != NULL) {
        size++;
    }
    return size < text.size && text.at[size] == '=' ? size : 0;
}

static enum status cut_list(const char *argument, struct list *list, struct error *error)
{
    struct text whole = text_from(argument);
    size_t size = path_size(whole);
    if (size == 0) {
        return error_set(error, STATUS_BAD_INPUT,
                         "--compare: %s: write PATH=VALUE,VALUE, as in pipeline.lock=strict,none",
                         shown(whole).text);
    }
    *list = (struct list){
        .path = {whole.at, size}
    };
    struct text rest = rest_of(whole, size + 1);
    for (bool more = true; more;) {
        size_t value = part_size(rest, ',');
        if (list->count == VALUES_MAX || value == 0) {
            return error_set(error, STATUS_BAD_INPUT, "--compare: %s: %s", shown(whole).text,
                             value == 0 ? "a value is empty" : "more than 256 values");
        }
        list->values[list->count++] = (struct text){rest.at, value};
        more = value < rest.size;
        rest = rest_of(rest, value + more);
    }
    return STATUS_OK;
}

/* The size of the value before a "+path=". */
static size_t first_size(struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '+' && path_size(rest_of(text, i + 1)) > 0) {
            return i;
        }
    }
    return text.size;
}

static void *take(struct room *room, size_t size)
{
    size_t aligned = (size + 15) / 16 * 16;
    if (aligned > room->capacity - room->size) {
        return NULL;
    }
    void *at = room->at + room->size;
    room->size += aligned;
    return at;
}

/* "path=value" as a string. */
static const char *keep(struct room *room, struct text path, struct text value)
{
    size_t size = path.size + value.size + 2;
    char *string = take(room, size);
    if (string != NULL) {
        struct text_writer w = text_writer(string, size);
        text_put(&w, path);
        text_put(&w, path.size > 0 ? TEXT("=") : TEXT(""));
        text_put(&w, value);
        (void)text_writer_string(&w);
    }
    return string;
}

/* Adds the assignments that a value stands for. False where the room is too small. */
static bool add_value(struct room *room, struct text path, struct text value, const char **sets,
                      size_t *count)
{
    size_t first = first_size(value);
    struct text rest = rest_of(value, first);
    const char *set = keep(room, path, (struct text){value.at, first});
    while (set != NULL && *count < SETS_EACH_MAX) {
        sets[(*count)++] = set;
        if (rest.size == 0) {
            return true;
        }
        size_t next = 1 + first_size(rest_of(rest, 1));
        set = keep(room, TEXT(""), (struct text){rest.at + 1, next - 1});
        rest = rest_of(rest, next);
    }
    return false;
}

/* The variant with this number: which value of each list is in it, as the digits of the number. */
static bool make_variant(struct comparison *c, struct room *room, const struct list *lists,
                         size_t number, const char *const *sets, size_t sets_count)
{
    const char *all[SETS_EACH_MAX];
    size_t picked[COMPARED_LISTS_MAX] = {0};
    size_t count = sets_count;
    for (size_t i = c->lists_count; i > 0; i--) {
        picked[i - 1] = number % lists[i - 1].count;
        number /= lists[i - 1].count;
    }
    memcpy((void *)all, (const void *)sets, sets_count * sizeof *sets);
    const char **cells = take(room, (c->lists_count + 1) * sizeof *cells);
    for (size_t i = 0; cells != NULL && i < c->lists_count; i++) {
        struct text value = lists[i].values[picked[i]];
        cells[i] = keep(room, TEXT(""), value);
        if (cells[i] == NULL || !add_value(room, lists[i].path, value, all, &count)) {
            return false;
        }
    }
    const char **kept = take(room, (count + 1) * sizeof *kept);
    if (cells == NULL || kept == NULL) {
        return false;
    }
    memcpy((void *)kept, (const void *)all, count * sizeof *kept);
    c->variants[c->variants_count++] = (struct variant){kept, count, cells};
    return true;
}

static enum status make_variants(struct comparison *c, const struct list *lists,
                                 const char *const *sets, size_t sets_count, struct error *error)
{
    enum { ROOM_EACH = 16384 };

    size_t count = 1;
    for (size_t i = 0; i < c->lists_count; i++) {
        ASSERT(lists[i].count > 0);
        count *= lists[i].count;
        c->headers[i] = lists[i].path;
        if (count > VARIANTS_MAX) {
            return error_set(error, STATUS_BAD_INPUT, "--compare: more than %d variants",
                             VARIANTS_MAX);
        }
    }
    struct room room = {.capacity = count * ROOM_EACH};
    room.at = c->memory = malloc(room.capacity);
    c->variants = calloc(count, sizeof *c->variants);
    if (c->memory == NULL || c->variants == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < count; i++) {
        if (!make_variant(c, &room, lists, i, sets, sets_count)) {
            return error_set(error, STATUS_BAD_INPUT, "--compare: the assignments are too long");
        }
    }
    return STATUS_OK;
}

enum status comparison_make(struct comparison *c, const char *const *arguments, size_t lists_count,
                            const char *const *sets, size_t sets_count, struct error *error)
{
    *c = (struct comparison){.lists_count = lists_count};
    if (lists_count > COMPARED_LISTS_MAX || sets_count > SETS_EACH_MAX / 2) {
        return error_set(error, STATUS_BAD_INPUT, "--compare: more than %d lists",
                         COMPARED_LISTS_MAX);
    }
    struct list *lists = calloc(COMPARED_LISTS_MAX, sizeof *lists);
    enum status status = STATUS_OK;
    if (lists == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    for (size_t i = 0; status == STATUS_OK && i < lists_count; i++) {
        status = cut_list(arguments[i], &lists[i], error);
    }
    if (status == STATUS_OK) {
        status = make_variants(c, lists, sets, sets_count, error);
    }
    free(lists);
    return status;
}

void comparison_free(struct comparison *c)
{
    free(c->variants);
    free(c->memory);
    *c = (struct comparison){0};
}

/* ---- A row. ---- */

/* Columns behind those of the variant: name in the text table, name for programs. */
static const struct column {
    const char *title, *name;
    bool text;
} columns[] = {
    {"verdict",    "verdict",            true },
    {"violated",   "violated",           true },
    {"manifested", "manifested",         false},
    {"pending",    "pending",            false},
    {"lost",       "lost",               false},
    {"doubled",    "duplicated",         false},
    {"manifests",  "manifests",          false},
    {"executions", "executions",         false},
    {"locked",     "lock_acquired",      false},
    {"refused",    "lock_refused",       false},
    {"taken",      "lock_taken_over",    false},
    {"block s",    "lock_longest_block", false},
    {"calls",      "table_requests",     false},
    {"RCU",        "read_units",         false},
    {"WCU",        "write_units",        false},
    {"USD",        "cost_on_demand",     false},
    {"seconds",    "simulated_seconds",  false},
};

enum { COLUMNS = sizeof columns / sizeof columns[0] };

static const char between[] = "\t"; /* no cell holds one */

static void put_cell(FILE *out, int64_t value)
{
    (void)fprintf(out, "%s%" PRId64, between, value);
}

void comparison_write_row(FILE *out, const struct report *report)
{
    const struct summary *s = &report->summary;
    (void)fprintf(out, "%s%s", report->passed ? "pass" : "fail", between);
    if (report->found != 0) {
        put_invariant_names(out, report->found);
    }
    put_cell(out, s->files.manifested);
    put_cell(out, s->files.pending);
    put_cell(out, s->files.lost);
    put_cell(out, s->files.duplicated);
    put_cell(out, s->manifests.created);
    put_cell(out, s->executions.started);
    put_cell(out, s->lock.acquired);
    put_cell(out, s->lock.refused);
    put_cell(out, s->lock.taken_over);
    (void)fputs(between, out);
    put_seconds(out, s->lock.longest_block.ns);
    put_cell(out, s->table_requests.made);
    (void)fputs(between, out);
    put_units(out, s->rcu_milli + s->index_rcu_milli);
    (void)fputs(between, out);
    put_units(out, s->wcu_milli + s->index_wcu_milli);
    (void)fputs(between, out);
    put_dollars(out, s->cost.on_demand);
    (void)fputs(between, out);
    put_seconds(out, s->simulated_ns);
    (void)fputc('\n', out);
}

/* ---- The table. ---- */

/* The cell of a row; empty where there is none, "error" where there is no row. */
static struct text cell_of(struct text row, size_t column)
{
    if (row.size == 0) {
        return column == 0 ? TEXT("error") : TEXT("");
    }
    for (; column > 0; column--) {
        const char *tab = memchr(row.at, between[0], row.size);
        row = tab == NULL ? (struct text){"", 0} : rest_of(row, (size_t)(tab - row.at) + 1);
    }
    size_t size = 0;
    while (size < row.size && row.at[size] != between[0] && row.at[size] != '\n') {
        size++;
    }
    return (struct text){row.at, size};
}

/* Every column: the scenario's title, the lists, the figures. */
static size_t columns_of(const struct comparison *c)
{
    return 1 + c->lists_count + COLUMNS;
}

static struct text header(const struct comparison *c, size_t column, bool for_programs)
{
    if (column == 0) {
        return TEXT("scenario");
    }
    if (column <= c->lists_count) {
        return c->headers[column - 1];
    }
    const struct column *which = &columns[column - 1 - c->lists_count];
    return text_from(for_programs ? which->name : which->title);
}

static bool is_text(const struct comparison *c, size_t column)
{
    return column <= c->lists_count || columns[column - 1 - c->lists_count].text;
}

static struct text cell(const struct comparison *c, const struct unit *unit, struct text row,
                        size_t column, char room[UNIT_TITLE_MAX])
{
    if (column == 0) {
        return unit_title(unit->name, unit->case_name, room);
    }
    if (column <= c->lists_count) {
        return text_from(unit->variant.cells[column - 1]);
    }
    return cell_of(row, column - 1 - c->lists_count);
}

static size_t width_of(const struct comparison *c, const struct plan *plan, const struct text *rows,
                       size_t column)
{
    char room[UNIT_TITLE_MAX];
    size_t width = header(c, column, false).size;
    for (size_t i = 0; i < plan->count; i++) {
        size_t size = cell(c, &plan->units[i], rows[i], column, room).size;
        width = size > width ? size : width;
    }
    return width;
}

/* Words to the left, numbers to the right. */
static void put_padded(FILE *out, struct text text, size_t width, bool left, bool last)
{
    int blanks = width > text.size ? (int)(width - text.size) : 0;
    (void)fprintf(out, "%*s", left ? 0 : blanks, "");
    put_plain(out, text);
    (void)fprintf(out, "%*s%s", left && !last ? blanks : 0, "", last ? "\n" : "  ");
}

static void put_text_table(const struct comparison *c, const struct plan *plan,
                           const struct text *rows, FILE *out)
{
    size_t widths[1 + COMPARED_LISTS_MAX + COLUMNS];
    char room[UNIT_TITLE_MAX];
    size_t count = columns_of(c);
    for (size_t column = 0; column < count; column++) {
        widths[column] = width_of(c, plan, rows, column);
        put_padded(out, header(c, column, false), widths[column], is_text(c, column),
                   column + 1 == count);
    }
    for (size_t i = 0; i < plan->count; i++) {
        for (size_t column = 0; column < count; column++) {
            put_padded(out, cell(c, &plan->units[i], rows[i], column, room), widths[column],
                       is_text(c, column), column + 1 == count);
        }
    }
}

static void put_json_table(const struct comparison *c, const struct plan *plan,
                           const struct text *rows, FILE *out)
{
    char room[UNIT_TITLE_MAX];
    for (size_t i = 0; i < plan->count; i++) {
        (void)fputs(i > 0 ? ",\n {" : "[\n {", out);
        for (size_t column = 0; column < columns_of(c); column++) {
            struct text text = cell(c, &plan->units[i], rows[i], column, room);
            (void)fputs(column > 0 ? ", " : "", out);
            put_json(out, header(c, column, true));
            (void)fputs(": ", out);
            if (is_text(c, column)) {
                put_json(out, text);
            } else {
                (void)fprintf(out, "%.*s", text.size > 0 ? (int)text.size : 4,
                              text.size > 0 ? text.at : "null");
            }
        }
        (void)fputc('}', out);
    }
    (void)fputs("\n]\n", out);
}

/* Quoted where it must be. */
static void put_csv(FILE *out, struct text text)
{
    bool plain = true;
    for (size_t i = 0; i < text.size; i++) {
        plain = plain && strchr(",\"\r\n", text.at[i]) == NULL;
    }
    (void)fputs(plain ? "" : "\"", out);
    for (size_t i = 0; i < text.size; i++) {
        (void)fputs(text.at[i] == '"' ? "\"" : "", out);
        (void)fputc(text.at[i], out);
    }
    (void)fputs(plain ? "" : "\"", out);
}

static void put_csv_table(const struct comparison *c, const struct plan *plan,
                          const struct text *rows, FILE *out)
{
    char room[UNIT_TITLE_MAX];
    for (size_t column = 0; column < columns_of(c); column++) {
        (void)fputs(column > 0 ? "," : "", out);
        put_csv(out, header(c, column, true));
    }
    (void)fputc('\n', out);
    for (size_t i = 0; i < plan->count; i++) {
        for (size_t column = 0; column < columns_of(c); column++) {
            (void)fputs(column > 0 ? "," : "", out);
            put_csv(out, cell(c, &plan->units[i], rows[i], column, room));
        }
        (void)fputc('\n', out);
    }
}

void comparison_put(const struct comparison *c, const struct plan *plan, const struct text *rows,
                    enum comparison_format format, FILE *out)
{
    if (format == COMPARISON_JSON) {
        put_json_table(c, plan, rows, out);
    } else if (format == COMPARISON_CSV) {
        put_csv_table(c, plan, rows, out);
    } else {
        put_text_table(c, plan, rows, out);
    }
}

/* fuzz_partiql.c: any text at all as a PartiQL statement.
 *
 * The input is the statement, ended by NUL, then the bytes that up to three parameters and the item
 * are made of (supply.h). What is a statement is compiled, planned, and held to the item. Checked
 * beyond memory: a refusal has words; what a plan's ranges and its WHERE clause say together is
 * what the clause says alone, of the item's own keys.
 */
#include "model/dynamodb/partiql.h"
#include "tests/fuzz/supply.h"

enum { PARAMETERS = 3, ROOM_BYTES = 1 << 18 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct partiql_keys KEYS = {
    {"h", 1},
    {"r", 1},
    TYPE_S, TYPE_S
}; /* supply_item's */

static void check_words(const struct error *error)
{
    ASSERT(error->status != STATUS_OK);
    ASSERT(error->message[0] != '\0');
}

/* Whether an item is in one of the ranges, by its own keys. */
static bool planned(const struct partiql *s, const struct partiql_plan *plan, struct item item)
{
    const struct value *values = partiql_values(s);
    struct value h = value_null();
    struct value r = value_null();
    struct error error;
    bool in = !plan->keyed;
    ASSERT(item_get(item, TEXT("h"), &h) && item_get(item, TEXT("r"), &r));
    for (uint32_t i = 0; i < plan->count && !in; i++) {
        const struct partiql_range *range = &plan->ranges[i];
        bool lower = range->lower != PARTIQL_NO_VALUE;
        bool upper = range->upper != PARTIQL_NO_VALUE;
        struct expression *key = partiql_key_condition(s, &KEYS, range, &error);
        in = key != NULL && value_equal(&h, &values[range->hash]) &&
             (!lower || value_compare(&r, &values[range->lower]) >= 0) &&
             (!upper || value_compare(&r, &values[range->upper]) <= 0) &&
             (!range->prefix || text_starts(r.bytes, values[range->lower].bytes));
        expression_free(key);
    }
    return in;
}

static void check_plan(const struct partiql *s, const struct expression *where, struct item item)
{
    struct partiql_plan plan;
    struct error error;
    if (partiql_plan(s, &KEYS, &plan, &error) != STATUS_OK) {
        check_words(&error);
    } else if (where != NULL && expression_holds(where, item, partiql_values(s))) {
        ASSERT(planned(s, &plan, item));
    }
}

static void check_statement(const struct partiql *s, struct item item)
{
    static char room[ROOM_BYTES];
    struct item_writer w = item_writer(room, sizeof room);
    struct partiql_target target;
    struct error error;
    struct expression *where = partiql_where(s, &error);
    if (where == NULL && error.status != STATUS_OK) {
        check_words(&error);
    }
    if (partiql_kind(s) == PARTIQL_UPDATE) {
        struct expression *update = partiql_update(s, &error);
        if (update == NULL) {
            check_words(&error);
        } else if (expression_update(update, item, item, partiql_values(s), &w, &error) ==
                   STATUS_OK) {
            ASSERT(item_valid(item_written(&w).bytes));
        }
        expression_free(update);
    }
    if (partiql_kind(s) == PARTIQL_SELECT) {
        check_plan(s, where, item);
        partiql_project(s, item, &w);
        ASSERT(w.overflowed || item_valid(item_written(&w).bytes));
    }
    if (partiql_kind(s) == PARTIQL_INSERT) {
        ASSERT(item_valid(partiql_item(s).bytes));
    }
    if (partiql_target(s, &KEYS, &target, &error) != STATUS_OK) {
        check_words(&error);
    }
    expression_free(where);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char item_bytes[ROOM_BYTES];
    struct value parameters[PARAMETERS];
    const uint8_t *end = size == 0 ? NULL : memchr(bytes, 0, size);
    size_t length = end == NULL ? size : (size_t)(end - bytes);
    if (length > PARTIQL_STATEMENT_MAX) {
        return 0;
    }
    struct supply supplied = supply(bytes + length, size - length);
    struct item item = supply_item(&supplied, item_bytes, sizeof item_bytes);
    uint32_t count = supply_byte(&supplied) % (PARAMETERS + 1);
    for (uint32_t i = 0; i < count; i++) {
        parameters[i] = supply_value(&supplied, 0);
    }
    struct error error = {{0}, STATUS_OK};
    struct partiql *s =
        partiql_parse((struct text){(const char *)bytes, length}, parameters, count, &error);
    if (s == NULL) {
        check_words(&error);
        return 0;
    }
    check_statement(s, item);
    partiql_free(s);
    return 0;
}

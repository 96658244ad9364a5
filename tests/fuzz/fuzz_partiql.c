/* fuzz_partiql.c: any text at all as a PartiQL statement.
 *
 * The statement ends with a NUL; then come the bytes that its parameters and an item are made of
 * (supply.h). What is read is compiled into all the expressions it stands for, and these are
 * evaluated on the item. Checked beyond memory: a refusal has a message, a plan names values that
 * there are, the item of an INSERT and of an UPDATE is sound.
 */
#include "model/api/partiql.h"
#include "model/dynamodb/expression.h"
#include "tests/fuzz/supply.h"

#include <stdlib.h>

enum { PARAMETERS = 6, ITEM_BYTES = 1 << 16, UPDATED_BYTES = 1 << 18 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct partiql_keys keys = {
    {"h", 1},
    {"r", 1},
    TYPE_S, TYPE_S
};

static void check_refusal(const struct expression *e, const struct error *error)
{
    ASSERT(e != NULL || error->status == STATUS_OK || error->message[0] != '\0');
}

static void check_condition(const struct partiql *s, struct item item, struct expression *e,
                            const struct error *error)
{
    check_refusal(e, error);
    if (e != NULL) {
        bool holds = expression_holds(e, item, partiql_values(s));
        ASSERT(expression_holds(e, item, partiql_values(s)) == holds);
        (void)expression_holds(e, (struct item){0}, partiql_values(s));
    }
    expression_free(e);
}

static void check_update(const struct partiql *s, struct item item)
{
    static char room[UPDATED_BYTES];
    struct error error = {{0}, STATUS_OK};
    struct expression *e = partiql_update(s, &error);
    check_refusal(e, &error);
    if (e != NULL) {
        struct item_writer w = item_writer(room, sizeof room);
        if (expression_update(e, item, item, partiql_values(s), &w, &error) == STATUS_OK) {
            ASSERT(item_valid(item_written(&w).bytes));
        }
    }
    expression_free(e);
}

/* Whether the item is in one of a plan's ranges, by its own keys. */
static bool planned(const struct partiql *s, const struct partiql_plan *plan, struct item item)
{
    const struct value *values = partiql_values(s);
    struct value h = value_null();
    struct value r = value_null();
    bool in = !plan->keyed;
    ASSERT(item_get(item, TEXT("h"), &h) && item_get(item, TEXT("r"), &r));
    for (uint32_t i = 0; i < plan->count && !in; i++) {
        const struct partiql_range *range = &plan->ranges[i];
        bool lower = range->lower != PARTIQL_NO_VALUE;
        bool upper = range->upper != PARTIQL_NO_VALUE;
        in = value_equal(&h, &values[range->hash]) &&
             (!lower || value_compare(&r, &values[range->lower]) >= 0) &&
             (!upper || value_compare(&r, &values[range->upper]) <= 0) &&
             (!range->prefix || text_starts(r.bytes, values[range->lower].bytes));
    }
    return in;
}

/* What the WHERE clause selects is in the plan's ranges. */
static void check_reading(const struct partiql *s, struct item item)
{
    struct error error = {{0}, STATUS_OK};
    struct partiql_plan plan;
    if (partiql_plan(s, &keys, &plan, &error) != STATUS_OK) {
        ASSERT(error.message[0] != '\0');
        return;
    }
    ASSERT(plan.count <= PARTIQL_RANGES_MAX && (plan.keyed || plan.count == 0));
    bool compiled = true;
    for (uint32_t i = 0; i < plan.count; i++) {
        struct expression *e = partiql_key_condition(s, &keys, &plan.ranges[i], &error);
        check_refusal(e, &error);
        compiled = compiled && e != NULL;
        expression_free(e);
    }
    struct expression *where = partiql_where(s, &error);
    if (compiled && where != NULL && expression_holds(where, item, partiql_values(s))) {
        ASSERT(planned(s, &plan, item));
    }
    expression_free(where);
}

static void check_writing(const struct partiql *s)
{
    struct error error = {{0}, STATUS_OK};
    struct partiql_target target;
    ASSERT(partiql_target(s, &keys, &target, &error) == STATUS_OK || error.message[0] != '\0');
}

static void check_statement(const struct partiql *s, struct item item)
{
    struct error error = {{0}, STATUS_OK};
    enum partiql_kind kind = partiql_kind(s);
    (void)partiql_returning(s);
    (void)partiql_index(s);
    if (kind == PARTIQL_INSERT) {
        ASSERT(item_valid(partiql_item(s).bytes));
        return;
    }
    check_condition(s, item, partiql_where(s, &error), &error);
    if (kind == PARTIQL_UPDATE) {
        check_update(s, item);
    }
    if (kind == PARTIQL_SELECT) {
        check_reading(s, item);
    } else {
        check_writing(s);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char item_bytes[ITEM_BYTES];
    struct value parameters[PARAMETERS];
    struct error error = {{0}, STATUS_OK};
    struct text statement = {(const char *)bytes,
                             size == 0 ? 0 : strnlen((const char *)bytes, size)};
    size_t rest = statement.size < size ? statement.size + 1 : size;
    struct supply s = supply(bytes + rest, size - rest);
    uint32_t count = supply_byte(&s) % (PARAMETERS + 1);
    for (uint32_t i = 0; i < count; i++) {
        parameters[i] = supply_value(&s, SUPPLY_DEPTH);
    }
    struct item item = supply_item(&s, item_bytes, sizeof item_bytes);
    if (statement.size == 0 || statement.size > PARTIQL_STATEMENT_MAX) {
        return 0;
    }
    /* A copy of just this size, so that a byte too far is seen. */
    char *copy = malloc(statement.size);
    ASSERT(copy != NULL);
    memcpy(copy, statement.at, statement.size);
    struct partiql *parsed =
        partiql_parse((struct text){copy, statement.size}, parameters, count, &error);
    ASSERT(parsed != NULL || error.message[0] != '\0');
    if (parsed != NULL) {
        check_statement(parsed, item);
    }
    partiql_free(parsed);
    free(copy);
    return 0;
}

/* fuzz_expression.c: any text at all as an expression, on any values and item.
 *
 * The input's first byte is the kind (c, f, k, u, p; in capitals: the values are known when it is
 * compiled), then comes the text, ended by NUL, then the
 * bytes that the values :a to :h and the item are made of (supply.h). What compiles is evaluated.
 * Checked beyond memory: a refusal has DynamoDB's words in front; the same evaluation comes to the
 * same; NOT inverts; an item is sound after an update and so is one that did not find enough room.
 */
#include "model/dynamodb/expression.h"
#include "tests/fuzz/supply.h"

#include <stdio.h>
#include <stdlib.h>

enum { VALUES = 8, ITEM_BYTES = 1 << 16, UPDATED_BYTES = 1 << 18 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char *const names[] = {"#a",  "a",     "#b",   "b",         "#s",       "status", "#x",
                                    "x.y", "#long", "a[0]", "#\xc3\xa9", "\xc3\xa9", NULL};
static const char *const values[] = {":a", ":b", ":c", ":d", ":e", ":f", ":g", ":h", NULL};

/* What an expression is tried on. */
struct trial {
    enum expression_kind kind;
    const char *text;
    bool known; /* the values, when it is compiled */
    struct value values[VALUES];
    struct item item;
};

static struct expression *compile(const struct trial *t, const char *text)
{
    static const char *const prefixes[] = {[EXPRESSION_CONDITION] = "Invalid ConditionExpression: ",
                                           [EXPRESSION_FILTER] = "Invalid FilterExpression: ",
                                           [EXPRESSION_KEY] = "Invalid KeyConditionExpression: ",
                                           [EXPRESSION_UPDATE] = "Invalid UpdateExpression: ",
                                           [EXPRESSION_PROJECTION] =
                                               "Invalid ProjectionExpression: "};
    struct error error = {{0}, STATUS_OK};
    struct expression_source source = {
        .text = text, .names = names, .values = values, .literals = t->known ? t->values : NULL};
    struct expression *e = expression_compile(t->kind, &source, &error);
    if (e == NULL) {
        /* What a key condition is made of is told without prefix. */
        bool prefixed = text_starts(text_from(error.message), text_from(prefixes[t->kind]));
        ASSERT(prefixed || t->kind == EXPRESSION_KEY);
        ASSERT(strlen(error.message) > (prefixed ? strlen(prefixes[t->kind]) : 0));
    } else {
        ASSERT(expression_kind(e) == t->kind);
    }
    return e;
}

static void check_condition(const struct trial *t, const struct expression *e)
{
    static char text[5000];
    bool holds = expression_holds(e, t->item, t->values);
    bool holds_of_none = expression_holds(e, (struct item){0}, t->values);
    ASSERT(expression_holds(e, t->item, t->values) == holds);
    int size = snprintf(text, sizeof text, "NOT (%s)", t->text);
    struct expression *not_e = size < (int)sizeof text ? compile(t, text) : NULL;
    if (not_e != NULL) {
        ASSERT(expression_holds(not_e, t->item, t->values) != holds);
        ASSERT(expression_holds(not_e, (struct item){0}, t->values) != holds_of_none);
    }
    expression_free(not_e);
    for (uint32_t i = expression_conjuncts(e); i > 0; i--) {
        struct text name;
        uint16_t value;
        if (expression_conjunct_equality(e, i - 1, &name, &value)) {
            ASSERT(value < VALUES && expression_names(e, name));
        }
    }
}

static void check_key(const struct expression *e)
{
    struct key_condition conditions[2];
    uint32_t count = expression_key_conditions(e, conditions);
    ASSERT(count >= 1);
    for (uint32_t i = 0; i < count && i < 2; i++) {
        ASSERT(conditions[i].values[0] < VALUES && expression_names(e, conditions[i].name));
    }
}

static enum status update_within(const struct trial *t, const struct expression *e,
                                 struct item item, uint32_t capacity, char *buffer,
                                 struct item *updated)
{
    struct error error = {{0}, STATUS_OK};
    struct item_writer w = item_writer(buffer, capacity);
    enum status status = expression_update(e, item, t->item, t->values, &w, &error);
    *updated = status == STATUS_OK ? item_written(&w) : (struct item){0};
    ASSERT(status == STATUS_OK || (status == STATUS_BAD_INPUT && error.message[0] != '\0'));
    ASSERT(status != STATUS_OK || item_valid(updated->bytes));
    return status;
}

static void check_update(const struct trial *t, const struct expression *e)
{
    static char large[UPDATED_BYTES];
    static char again[UPDATED_BYTES];
    struct item first;
    struct item second;
    enum status status = update_within(t, e, t->item, sizeof large, large, &first);
    ASSERT(update_within(t, e, t->item, sizeof again, again, &second) == status);
    ASSERT(text_equal(first.bytes, second.bytes));
    struct item_writer w = item_writer(again, sizeof again);
    expression_updated(e, status == STATUS_OK ? first : t->item, &w);
    ASSERT(item_valid(item_written(&w).bytes));
    (void)update_within(t, e, (struct item){0}, sizeof again, again, &second);
    for (uint32_t capacity = 8; capacity < t->item.bytes.size + 64; capacity += 13) {
        char *exact = malloc(capacity);
        ASSERT(exact != NULL);
        if (update_within(t, e, t->item, capacity, exact, &second) == STATUS_OK) {
            ASSERT(text_equal(first.bytes, second.bytes));
        }
        free(exact);
    }
}

static void check_projection(const struct trial *t, const struct expression *e)
{
    static char once[ITEM_BYTES];
    static char twice[ITEM_BYTES];
    struct item_writer w = item_writer(once, sizeof once);
    expression_project(e, t->item, &w);
    struct item part = item_written(&w);
    ASSERT(!w.overflowed && item_valid(part.bytes) && part.bytes.size <= t->item.bytes.size);
    w = item_writer(twice, sizeof twice);
    expression_project(e, t->item, &w);
    ASSERT(text_equal(item_written(&w).bytes, part.bytes));
}

static enum expression_kind kind_of(char c)
{
    return c == 'u'   ? EXPRESSION_UPDATE
           : c == 'p' ? EXPRESSION_PROJECTION
           : c == 'k' ? EXPRESSION_KEY
           : c == 'f' ? EXPRESSION_FILTER
                      : EXPRESSION_CONDITION;
}

static void check(const struct trial *t)
{
    struct expression *e = compile(t, t->text);
    if (e != NULL && t->kind == EXPRESSION_UPDATE) {
        check_update(t, e);
    } else if (e != NULL && t->kind == EXPRESSION_KEY) {
        check_key(e);
    } else if (e != NULL && t->kind == EXPRESSION_PROJECTION) {
        check_projection(t, e);
    } else if (e != NULL) {
        check_condition(t, e);
    }
    expression_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char item_bytes[ITEM_BYTES];
    if (size == 0) {
        return 0;
    }
    char *copy = malloc(size + 1);
    ASSERT(copy != NULL);
    memcpy(copy, bytes, size);
    copy[size] = '\0';
    bool known = copy[0] >= 'A' && copy[0] <= 'Z';
    struct trial t = {.kind = kind_of((char)(known ? copy[0] - 'A' + 'a' : copy[0])),
                      .text = copy + 1,
                      .known = known};
    size_t rest = 1 + strlen(t.text) + 1;
    struct supply s = supply(bytes + (rest < size ? rest : size), rest < size ? size - rest : 0);
    for (int i = 0; i < VALUES; i++) {
        t.values[i] = supply_value(&s, SUPPLY_DEPTH);
    }
    t.item = supply_item(&s, item_bytes, sizeof item_bytes);
    check(&t);
    free(copy);
    return 0;
}

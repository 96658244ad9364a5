/* fuzz_expression.c: any text at all as an expression, on any values and item.
 *
 * The input's first byte is the kind (c, f, k, u), then comes the text, ended by NUL, then the
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
    struct value values[VALUES];
    struct item item;
};

static struct expression *compile(const struct trial *t, const char *text)
{
    static const char *const prefixes[] = {[EXPRESSION_CONDITION] = "Invalid ConditionExpression: ",
                                           [EXPRESSION_FILTER] = "Invalid FilterExpression: ",
                                           [EXPRESSION_KEY] = "Invalid KeyConditionExpression: ",
                                           [EXPRESSION_UPDATE] = "Invalid UpdateExpression: "};
    struct error error = {{0}, STATUS_OK};
    struct expression_source source = {.text = text, .names = names, .values = values};
    struct expression *e = expression_compile(t->kind, &source, &error);
    if (e == NULL) {
        ASSERT(text_starts(text_from(error.message), text_from(prefixes[t->kind])));
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

static enum expression_kind kind_of(char c)
{
    return c == 'u'   ? EXPRESSION_UPDATE
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
    struct trial t = {.kind = kind_of(copy[0]), .text = copy + 1};
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

/* api_expression.c: the expressions of a request, with what their placeholders stand for; see
 * api_state.h. Sources: DDB-API-6, DDB-API-7. */
#include "model/api/api_state.h"
#include "sim/assert.h"

/* "A, B" of the members in a list that the structure has. */
static void put_present(struct text_writer *w, const struct value *structure, const char *name)
{
    if (api_has(structure, name)) {
        text_put(w, w->size > 0 ? TEXT(", ") : TEXT(""));
        text_put(w, text_from(name));
    }
}

/* Whether the request has an expression that may have values, and which ones those are: all but
 * projections. */
static bool has_value_expression(const struct value *structure,
                                 const struct api_expression *expressions,
                                 struct text_writer *absent, uint32_t *count)
{
    bool there = false;
    for (*count = 0; expressions->name != NULL; expressions++) {
        if (expressions->kind != EXPRESSION_PROJECTION) {
            text_put(absent, (*count)++ > 0 ? TEXT(" and ") : TEXT(""));
            text_put(absent, text_from(expressions->name));
            there = there || api_has(structure, expressions->name);
        }
    }
    return there;
}

static bool check_placeholders(struct api_call *c, const struct value *structure,
                               const struct api_expression *expressions, bool any)
{
    char absent[256];
    struct text_writer w = text_writer(absent, sizeof absent);
    uint32_t count;
    if (api_has(structure, "ExpressionAttributeNames") && !any) {
        return api_invalid(c, "ExpressionAttributeNames can only be specified when using "
                              "expressions");
    }
    bool there = has_value_expression(structure, expressions, &w, &count);
    return there || count == 0 || !api_has(structure, "ExpressionAttributeValues") ||
           api_invalid(c,
                       "ExpressionAttributeValues can only be specified when using expressions: %s "
                       "%s null",
                       text_writer_string(&w), count > 1 ? "are" : "is");
}

bool api_check_parameters(struct api_call *c, const struct value *structure,
                          const struct api_expression *expressions, const char *const *legacy)
{
    char ours[256];
    char theirs[256];
    struct text_writer a = text_writer(ours, sizeof ours);
    struct text_writer b = text_writer(theirs, sizeof theirs);
    for (const struct api_expression *e = expressions; e->name != NULL; e++) {
        put_present(&a, structure, e->name);
    }
    for (; *legacy != NULL; legacy++) {
        put_present(&b, structure, *legacy);
    }
    if (a.size > 0 && b.size > 0) {
        return api_invalid(c,
                           "Can not use both expression and non-expression parameters in the same "
                           "request: Non-expression parameters: {%s} Expression parameters: {%s}",
                           text_writer_string(&b), text_writer_string(&a));
    }
    if (!check_placeholders(c, structure, expressions, a.size > 0)) {
        return false;
    }
    return b.size == 0 || api_invalid(c, "Legacy parameters are not simulated, use expressions: %s",
                                      text_writer_string(&b));
}

/* Reads names into pairs of strings. */
static bool read_names(struct api_call *c, const struct value *structure, struct api_expressions *x)
{
    struct value map;
    if (!shape_get(structure, "ExpressionAttributeNames", &map)) {
        return true;
    }
    uint32_t count = item_count((struct item){map.bytes});
    x->names = api_take(c, (2 * (size_t)count + 1) * sizeof *x->names);
    struct item_cursor cursor = item_cursor((struct item){map.bytes});
    struct text name;
    struct value value;
    uint32_t i = 0;
    if (x->names == NULL) {
        return api_full(c);
    }
    while (item_next(&cursor, &name, &value)) {
        const char *placeholder = api_string(c, name);
        const char *attribute = api_string(c, value.type == TYPE_S ? value.bytes : TEXT(""));
        if (placeholder == NULL || attribute == NULL) {
            return api_full(c);
        }
        x->names[i++] = placeholder;
        x->names[i++] = attribute;
    }
    x->names[i] = NULL;
    return true;
}

static bool read_values(struct api_call *c, const struct value *structure,
                        struct api_expressions *x)
{
    struct value map;
    if (!shape_get(structure, "ExpressionAttributeValues", &map)) {
        return true;
    }
    uint32_t count = item_count((struct item){map.bytes});
    x->placeholders = api_take(c, ((size_t)count + 1) * sizeof *x->placeholders);
    x->values = api_take(c, ((size_t)count + 1) * sizeof *x->values);
    struct item_cursor cursor = item_cursor((struct item){map.bytes});
    struct text name;
    struct value value;
    uint32_t i = 0;
    if (x->placeholders == NULL || x->values == NULL) {
        return api_full(c);
    }
    for (; item_next(&cursor, &name, &value); i++) {
        x->placeholders[i] = api_string(c, name);
        if (x->placeholders[i] == NULL) {
            return api_full(c);
        }
    }
    x->placeholders[i] = NULL;
    return true;
}

/* Reads the values themselves, after all placeholders are known to be well written. */
static bool read_literals(struct api_call *c, const struct value *structure,
                          struct api_expressions *x)
{
    struct value map = {0}; /* of no size where there are none */
    (void)shape_get(structure, "ExpressionAttributeValues", &map);
    struct item_cursor cursor = item_cursor((struct item){map.bytes});
    struct text name;
    struct value value;
    for (uint32_t i = 0; x->values != NULL && item_next(&cursor, &name, &value); i++) {
        enum status status = attribute_json_read(c->area, &value, &x->values[i], NULL, &c->error);
        if (status != STATUS_OK) {
            return status == STATUS_FULL
                       ? api_fail_error(c, status)
                       : api_invalid(c,
                                     "ExpressionAttributeValues contains invalid value: %s for key "
                                     "%s",
                                     c->error.message, x->placeholders[i]);
        }
    }
    return true;
}

/* How placeholders are written, that there are any, and their sizes; those of values only once they
 * are known. */
static bool check_names(struct api_call *c, const struct api_expressions *x,
                        const struct value *literals)
{
    if (x->names != NULL && x->names[0] == NULL) {
        return api_invalid(c, "ExpressionAttributeNames must not be empty");
    }
    if (x->placeholders != NULL && x->placeholders[0] == NULL) {
        return api_invalid(c, "ExpressionAttributeValues must not be empty");
    }
    struct expression_source source = {
        .names = x->names, .values = x->placeholders, .literals = literals};
    enum status status = expression_check_names(&source, &c->error);
    return status == STATUS_OK || api_fail_error(c, status);
}

bool api_expressions(struct api_call *c, const struct value *structure,
                     const struct api_expression *expressions, struct api_expressions *x)
{
    if (!read_names(c, structure, x) || !read_values(c, structure, x) || !check_names(c, x, NULL) ||
        !read_literals(c, structure, x) || !check_names(c, x, x->values)) {
        return false;
    }
    struct expression_source source = {
        .names = x->names, .values = x->placeholders, .literals = x->values};
    uint32_t count = 0;
    for (; expressions[count].name != NULL; count++) {
        ASSERT(count < API_EXPRESSIONS_MAX);
        struct value text;
        if (!shape_get(structure, expressions[count].name, &text)) {
            continue;
        }
        source.text = api_string(c, text.bytes);
        if (source.text == NULL) {
            return api_full(c);
        }
        x->compiled[count] =
            expression_cache_get(c->d->expressions, expressions[count].kind, &source, &c->error);
        if (x->compiled[count] == NULL) {
            return api_fail_error(c, c->error.status);
        }
    }
    enum status status = expression_check_usage(&source, x->compiled, count, &c->error);
    return status == STATUS_OK || api_fail_error(c, status);
}

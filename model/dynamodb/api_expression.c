/* api_expression.c: the expressions of a request, with what their placeholders stand for; see
 * api_state.h. Sources: DDB-API-6, DDB-API-7. */
#include "model/dynamodb/api_state.h"
#include "sim/assert.h"

/* "A, B" of the members in a list that the structure has. */
static void put_present(struct text_writer *w, const struct value *structure, const char *name)
{
    if (api_has(structure, name)) {
        text_put(w, w->size > 0 ? TEXT(", ") : TEXT(""));
        text_put(w, text_from(name));
    }
}

/* Values belong to all expressions but projections. */
static bool has_value_expression(const struct value *structure,
                                 const struct api_expression *expressions,
                                 struct text_writer *absent, uint32_t *count)
{
    bool there = false;
    for (*count = 0; expressions->name != NULL; expressions++) {
        text_put(absent, (*count)++ > 0 ? TEXT(" and ") : TEXT(""));
        text_put(absent, text_from(expressions->name));
        there = there || api_has(structure, expressions->name);
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
        x->names[i++] = api_string(c, name);
        x->names[i++] = api_string(c, value.type == TYPE_S ? value.bytes : TEXT(""));
        if (x->names[i - 1] == NULL) {
            return api_full(c);
        }
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
    struct value map;
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

static bool placeholder_valid(const char *placeholder, char sign)
{
    const char *at = placeholder;
    bool valid = *at++ == sign && *at != '\0';
    for (; *at != '\0' && valid; at++) {
        valid = (*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'z') ||
                (*at >= 'A' && *at <= 'Z') || *at == '_';
    }
    return valid;
}

/* How placeholders are written, and that there are any. */
static bool check_keys(struct api_call *c, const char **keys, uint32_t stride, char sign,
                       const char *member)
{
    if (keys != NULL && keys[0] == NULL) {
        return api_invalid(c, "%s must not be empty", member);
    }
    for (uint32_t i = 0; keys != NULL && keys[i] != NULL; i += stride) {
        if (!placeholder_valid(keys[i], sign)) {
            return api_invalid(c, "%s contains invalid key: Syntax error; key: \"%s\"", member,
                               keys[i]);
        }
    }
    return true;
}

/* Whether an expression has a placeholder as a token: it holds no texts, so a search finds it. */
static bool mentions(const char *expression, const char *placeholder)
{
    size_t size = strlen(placeholder);
    for (const char *at = strstr(expression, placeholder); at != NULL;
         at = strstr(at + 1, placeholder)) {
        char next = at[size];
        if (!((next >= '0' && next <= '9') || (next >= 'a' && next <= 'z') ||
              (next >= 'A' && next <= 'Z') || next == '_')) {
            return true;
        }
    }
    return false;
}

static bool check_used(struct api_call *c, const char *const *texts, const char **keys,
                       uint32_t stride, const char *member)
{
    char unused[384];
    struct text_writer w = text_writer(unused, sizeof unused);
    for (uint32_t i = 0; keys != NULL && keys[i] != NULL; i += stride) {
        bool used = false;
        for (uint32_t k = 0; k < API_EXPRESSIONS_MAX && !used; k++) {
            used = texts[k] != NULL && mentions(texts[k], keys[i]);
        }
        if (!used) {
            text_put(&w, w.size > 0 ? TEXT(", ") : TEXT(""));
            text_put(&w, text_from(keys[i]));
        }
    }
    return w.size == 0 || api_invalid(c, "Value provided in %s unused in expressions: keys: {%s}",
                                      member, text_writer_string(&w));
}

/* Compiles one expression. DynamoDB names it in front of what is wrong with it. */
static bool compile(struct api_call *c, const struct api_expression *expression, const char *text,
                    const struct api_expressions *x, struct expression **compiled)
{
    struct expression_source source = {.text = text, .names = x->names, .values = x->placeholders};
    *compiled = expression_compile(expression->kind, &source, &c->error);
    return *compiled != NULL || api_invalid(c, "%s", c->error.message);
}

bool api_expressions(struct api_call *c, const struct value *structure,
                     const struct api_expression *expressions, struct api_expressions *x)
{
    const char *texts[API_EXPRESSIONS_MAX] = {0};
    if (!read_names(c, structure, x) || !read_values(c, structure, x) ||
        !check_keys(c, x->names, 2, '#', "ExpressionAttributeNames") ||
        !check_keys(c, x->placeholders, 1, ':', "ExpressionAttributeValues") ||
        !read_literals(c, structure, x)) {
        return false;
    }
    for (uint32_t i = 0; expressions[i].name != NULL; i++) {
        ASSERT(i < API_EXPRESSIONS_MAX);
        struct value text;
        if (!shape_get(structure, expressions[i].name, &text)) {
            continue;
        }
        texts[i] = api_string(c, text.bytes);
        if (texts[i] == NULL) {
            return api_full(c);
        }
        if (!compile(c, &expressions[i], texts[i], x, &x->compiled[i])) {
            return false;
        }
    }
    return check_used(c, texts, x->names, 2, "ExpressionAttributeNames") &&
           check_used(c, texts, x->placeholders, 1, "ExpressionAttributeValues");
}

void api_expressions_free(struct api_expressions *x)
{
    for (uint32_t i = 0; i < API_EXPRESSIONS_MAX; i++) {
        expression_free(x->compiled[i]);
    }
}

/* expression_names.c: the names and values of a request: how they are to be written, and whether
 * its expressions use them all; see expression.h. Sources: DDB-EXPR-12, DDB-EXPR-13.
 */
#include "model/dynamodb/expression_tree.h"

enum { PLACEHOLDER_SIZE_MAX = 255, SUBSTITUTIONS_SIZE_MAX = 2 * 1024 * 1024 };

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Whether it is the sign and at least one letter, digit or underscore. */
static bool is_placeholder(const char *text, char sign)
{
    size_t i = 1;
    if (text[0] != sign) {
        return false;
    }
    while (is_word(text[i])) {
        i++;
    }
    return i > 1 && text[i] == '\0';
}

static enum status check_placeholder(const char *text, char sign, struct error *error)
{
    const char *map = sign == '#' ? "ExpressionAttributeNames" : "ExpressionAttributeValues";
    size_t size = strlen(text);
    if (size > PLACEHOLDER_SIZE_MAX) {
        char tail[32] = "";
        struct text_writer w = text_writer(tail, sizeof tail);
        if (sign == '#') {
            text_put(&w, TEXT(" size of key: "));
            text_put_integer(&w, (int64_t)size, 0);
        }
        return error_set(error, STATUS_BAD_INPUT,
                         "%s contains invalid key: The expression attribute map contains a key "
                         "that is too long;%s",
                         map, text_writer_string(&w));
    }
    if (!is_placeholder(text, sign)) {
        return error_set(error, STATUS_BAD_INPUT,
                         "%s contains invalid key: Syntax error; key: \"%s\"", map, text);
    }
    return STATUS_OK;
}

static enum status check_names(const char *const *names, size_t *bytes, struct error *error)
{
    for (size_t i = 0; names != NULL && names[i] != NULL; i += 2) {
        enum status status = check_placeholder(names[i], '#', error);
        if (status != STATUS_OK) {
            return status;
        }
        if (names[i + 1][0] == '\0') {
            return error_set(error, STATUS_BAD_INPUT,
                             "ExpressionAttributeNames contains invalid value: Empty attribute "
                             "name for key %s",
                             names[i]);
        }
        *bytes += strlen(names[i]) + strlen(names[i + 1]);
    }
    return STATUS_OK;
}

enum status expression_check_names(const struct expression_source *source, struct error *error)
{
    size_t bytes = 0;
    enum status status = check_names(source->names, &bytes, error);
    const char *const *values = source->values;
    for (size_t i = 0; status == STATUS_OK && values != NULL && values[i] != NULL; i++) {
        status = check_placeholder(values[i], ':', error);
        bytes += strlen(values[i]);
        bytes += source->literals != NULL ? value_size(&source->literals[i]) : 0;
    }
    if (status == STATUS_OK && bytes > SUBSTITUTIONS_SIZE_MAX) {
        return error_set(error, STATUS_BAD_INPUT,
                         "Combined size of ExpressionAttributeNames and ExpressionAttributeValues "
                         "exceeds max size");
    }
    return status;
}

static bool is_used(const struct expression *e, uint32_t bit)
{
    return (e->used[bit / 8] >> bit % 8 & 1) != 0;
}

bool expression_uses_name(const struct expression *e, uint32_t i)
{
    return i < e->names_count && is_used(e, i);
}

bool expression_uses_value(const struct expression *e, uint32_t i)
{
    return i < e->values_count && is_used(e, e->names_count + i);
}

/* Lists those of `strings`, each `stride` apart, that no expression uses; how many there are. */
static uint32_t put_unused(struct text_writer *w, const char *const *strings, size_t stride,
                           const struct expression *const *expressions, uint32_t count,
                           bool (*uses)(const struct expression *, uint32_t))
{
    uint32_t unused = 0;
    for (uint32_t i = 0; strings != NULL && strings[stride * i] != NULL; i++) {
        bool used = false;
        for (uint32_t k = 0; k < count && !used; k++) {
            used = expressions[k] != NULL && uses(expressions[k], i);
        }
        if (!used) {
            text_put(w, unused == 0 ? TEXT("") : TEXT(", "));
            text_put(w, text_from(strings[stride * i]));
            unused++;
        }
    }
    return unused;
}

enum status expression_check_usage(const struct expression_source *source,
                                   const struct expression *const *expressions, uint32_t count,
                                   struct error *error)
{
    char keys[sizeof error->message];
    struct text_writer w = text_writer(keys, sizeof keys);
    const char *map = "Names";
    uint32_t unused = put_unused(&w, source->names, 2, expressions, count, expression_uses_name);
    if (unused == 0) {
        map = "Values";
        unused = put_unused(&w, source->values, 1, expressions, count, expression_uses_value);
    }
    if (unused == 0) {
        return STATUS_OK;
    }
    return error_set(error, STATUS_BAD_INPUT,
                     "Value provided in ExpressionAttribute%s unused in expressions: keys: {%s}",
                     map, text_writer_string(&w));
}

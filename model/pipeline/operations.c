/* operations.c: see operations.h. */
#include "model/pipeline/operations.h"

const struct operation pipeline_operations[OPERATIONS_COUNT] = {
#define X(id, aws, operation, delay, table, effect)                                                \
    [OPERATION_##id] = {.service = aws,                                                            \
                        .name = operation,                                                         \
                        .latency = CHOICE_LATENCY_##delay,                                         \
                        .perform = effect,                                                         \
                        .of_table = table},
    OPERATION_MAP(X)
#undef X
};

#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define VALUES(...) ((const char *const[]){__VA_ARGS__, NULL})

static enum status compile(struct expression **expressions, struct error *error)
{
#define X(id, kind, written, placeholders, operands)                                               \
    expressions[SENT_##id] = expression_compile(                                                   \
        EXPRESSION_##kind,                                                                         \
        &(struct expression_source){.text = written, .names = placeholders, .values = operands},   \
        error);                                                                                    \
    if (expressions[SENT_##id] == NULL) {                                                          \
        return STATUS_NO_MEMORY;                                                                   \
    }
    EXPRESSION_MAP(X)
#undef X
    return STATUS_OK;
}

enum status expressions_compile(struct expression **expressions, struct error *error)
{
    for (size_t i = 0; i < EXPRESSIONS_COUNT; i++) {
        expressions[i] = NULL;
    }
    enum status status = compile(expressions, error);
    if (status != STATUS_OK) {
        expressions_free(expressions);
    }
    return status;
}

void expressions_free(struct expression **expressions)
{
    for (size_t i = 0; i < EXPRESSIONS_COUNT; i++) {
        expression_free(expressions[i]);
        expressions[i] = NULL;
    }
}

/* expression.h: DynamoDB's expression language, compiled once and evaluated often.
 *
 * Condition, filter, key-condition and update expressions are compiled when a pipeline is set up,
 * with their #names resolved and their :values bound to positions. Logic is two-valued: a
 * comparison with a missing path or between different types is false, `<>` is true, and NOT inverts
 * that. All right-hand sides of an update read the item as it was before. Source: DDB-EXPR-* in
 * docs/sources.md.
 *
 * The types of :values are known only when an expression is evaluated. So where DynamoDB refuses a
 * literal of a wrong type outright (size(:n), `<` with a Boolean, BETWEEN with bounds the wrong way
 * round), a condition is false here; an update is refused as there. Left out: paths into documents
 * (a.b[0]), which are refused when compiled; projections; placeholders that no expression uses.
 */
#ifndef LOCKSTEP_MODEL_DYNAMODB_EXPRESSION_H
#define LOCKSTEP_MODEL_DYNAMODB_EXPRESSION_H

#include "model/dynamodb/item.h"
#include "sim/status.h"

enum expression_kind {
    EXPRESSION_CONDITION,
    EXPRESSION_FILTER,
    EXPRESSION_KEY,
    EXPRESSION_UPDATE,
};

/* An expression as a caller writes it. Both lists end in NULL. */
struct expression_source {
    const char *text;         /* "attribute_not_exists(date_prefix) OR #ttl < :now" */
    const char *const *names; /* pairs: "#ttl", "ttl"; may be NULL */
    const char *const
        *values; /* ":now", ...; the position is the index of the value when evaluated */
};

struct expression; /* compiled; opaque, immutable */

/* Compiles; the result is the caller's, to be given back by expression_free. NULL, with DynamoDB's
 * own ValidationException text as the message, where the source is not valid. */
struct expression *expression_compile(enum expression_kind kind,
                                      const struct expression_source *source, struct error *error);
void expression_free(struct expression *e); /* NULL is ignored */

enum expression_kind expression_kind(const struct expression *e);

/* Whether a condition or filter holds of `item` (size 0: there is no item). */
bool expression_holds(const struct expression *e, struct item item, const struct value *values);

/* Applies an update to `item` (size 0: absent; the keys are then in `keys`) and writes the new item
 * into `w`. STATUS_BAD_INPUT, with DynamoDB's ValidationException text, where it cannot be applied.
 */
enum status expression_update(const struct expression *e, struct item item, struct item keys,
                              const struct value *values, struct item_writer *w,
                              struct error *error);

/* What a table asks about an expression. */

enum key_relation {
    KEY_EQUAL,
    KEY_LESS,
    KEY_LESS_EQUAL,
    KEY_GREATER,
    KEY_GREATER_EQUAL,
    KEY_BETWEEN,
    KEY_BEGINS_WITH,
};

/* One condition on one key attribute; `values` are positions, the second one for KEY_BETWEEN. */
struct key_condition {
    struct text name;
    enum key_relation relation;
    uint16_t values[2];
};

/* Takes a key condition apart; returns how many there are, 1 or 2, on different attributes. */
uint32_t expression_key_conditions(const struct expression *e, struct key_condition conditions[2]);

/* The conditions that a filter joins by AND at its top: how many, and whether the i-th of them is
 * `name = :value` (the value's position). */
uint32_t expression_conjuncts(const struct expression *e);
bool expression_conjunct_equality(const struct expression *e, uint32_t i, struct text *name,
                                  uint16_t *value);

/* Whether an expression names that attribute anywhere, and whether an update assigns it. */
bool expression_names(const struct expression *e, struct text name);
bool expression_assigns(const struct expression *e, struct text name);

#endif

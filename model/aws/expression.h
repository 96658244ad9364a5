/* expression.h: DynamoDB's expression language, compiled once and evaluated often.
 *
 * Condition, filter, key-condition and update expressions are compiled when a pipeline is set up,
 * with their #names resolved and their :values bound to positions. Logic is two-valued: a
 * comparison with a missing path or between different types is false, `<>` is true, and NOT inverts
 * that. All right-hand sides of an update read the item as it was before. Source: DDB-EXPR-* in
 * docs/sources.md.
 */
#ifndef LOCKSTEP_MODEL_AWS_EXPRESSION_H
#define LOCKSTEP_MODEL_AWS_EXPRESSION_H

#include "model/aws/item.h"
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

/* Whether a condition or filter holds of `item` (size 0: there is no item). */
bool expression_holds(const struct expression *e, struct item item, const struct value *values);

/* Applies an update to `item` (size 0: absent; the keys are then in `keys`) and writes the new item
 * into `w`. STATUS_BAD_INPUT, with DynamoDB's ValidationException text, where it cannot be applied.
 */
enum status expression_update(const struct expression *e, struct item item, struct item keys,
                              const struct value *values, struct item_writer *w,
                              struct error *error);

#endif

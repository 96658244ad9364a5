/* expression.h: DynamoDB's expression language, compiled once and evaluated often.
 *
 * Method. Condition, filter, key-condition, update and projection expressions are compiled into a
 * tree in one piece of memory, with their #names resolved, their :values bound to positions and
 * their paths (a.b[0].#c) cut into steps; nothing is allocated when one is evaluated. Logic is
 * two-valued: a comparison with a missing path or between different types is false, `<>` is true,
 * and NOT inverts that. All right-hand sides of an update read the item as it was before.
 *
 * Where the values are given when an expression is compiled, everything that DynamoDB refuses of
 * a literal (size(:n), `<` with a Boolean, BETWEEN with bounds the wrong way round) is refused
 * then. Where they are known only when it is evaluated, as those of a pipeline's expressions, such
 * a condition is false, and such an update is refused with the same message. Source: DDB-EXPR-* and
 * DDB-UPDATE-* in docs/sources.md.
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
    EXPRESSION_PROJECTION,
};

/* An expression as a caller writes it. Both lists end in NULL and may be NULL. */
struct expression_source {
    const char *text;          /* "attribute_not_exists(date_prefix) OR #ttl < :now" */
    const char *const *names;  /* pairs: "#ttl", "ttl" */
    const char *const *values; /* ":now", ...; their order is that of the values when evaluated */
    const struct value *literals; /* one for each of `values`; NULL where they are not known yet */
};

struct expression; /* compiled; opaque, immutable */

/* Compiles; the result is the caller's, to be given back by expression_free, and keeps nothing of
 * the source. NULL, with DynamoDB's own ValidationException text as the message, where the source
 * is not valid. */
struct expression *expression_compile(enum expression_kind kind,
                                      const struct expression_source *source, struct error *error);
void expression_free(struct expression *e); /* NULL is ignored */

/* The same for what a PartiQL statement stands for: the text may have up to 64 KB, and what is
 * wrong is told without the name of an expression. */
struct expression *expression_compile_statement(enum expression_kind kind,
                                                const struct expression_source *source,
                                                struct error *error);

/* Whether an expression that was compiled with other literals, of the same types, would compile
 * with these: what depends on more than their types are the bounds of BETWEEN and the type that
 * attribute_type asks for. STATUS_BAD_INPUT with the text of expression_compile otherwise. */
enum status expression_check_literals(const struct expression *e, const struct value *literals,
                                      struct error *error);

/* What is to hold of the names and values of a request by themselves: how they are written, their
 * sizes alone and in sum. STATUS_BAD_INPUT with DynamoDB's text. Source: DDB-EXPR-12. */
enum status expression_check_names(const struct expression_source *source, struct error *error);

/* Whether an expression uses the i-th name, the i-th value of its source. */
bool expression_uses_name(const struct expression *e, uint32_t i);
bool expression_uses_value(const struct expression *e, uint32_t i);

/* STATUS_BAD_INPUT, with DynamoDB's text, if `source` has a name or value that none of the
 * expressions compiled from it uses (NULL among them are passed over). Source: DDB-EXPR-13. */
enum status expression_check_usage(const struct expression_source *source,
                                   const struct expression *const *expressions, uint32_t count,
                                   struct error *error);

enum expression_kind expression_kind(const struct expression *e);

/* Whether a condition or filter holds of `item` (size 0: there is no item). */
bool expression_holds(const struct expression *e, struct item item, const struct value *values);

/* Applies an update to `item` (size 0: absent; the keys are then in `keys`) and writes the new item
 * into `w`. STATUS_BAD_INPUT, with DynamoDB's ValidationException text, where it cannot be applied.
 */
enum status expression_update(const struct expression *e, struct item item, struct item keys,
                              const struct value *values, struct item_writer *w,
                              struct error *error);

/* Writes into `w`, from its beginning, those parts of `item` that a projection names: each where it
 * is in the item, elements of a list in their order, without those that are not named. Where it
 * names nothing that is there, an item with no attribute. Source: DDB-EXPR-10. */
void expression_project(const struct expression *e, struct item item, struct item_writer *w);

/* The same for the paths that an update assigns: the answer to UPDATED_OLD, of the item as it was,
 * and to UPDATED_NEW, of the new one. Source: DDB-RETURN-1. */
void expression_updated(const struct expression *e, struct item item, struct item_writer *w);

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

/* Takes a key condition apart; returns how many there are, on different attributes. Only the first
 * two are given; DynamoDB refuses more with a message of its own. */
uint32_t expression_key_conditions(const struct expression *e, struct key_condition conditions[2]);

/* The conditions that a filter joins by AND at its top: how many, and whether the i-th of them is
 * `name = :value` (the value's position), of an attribute of the item and not of a document. */
uint32_t expression_conjuncts(const struct expression *e);
bool expression_conjunct_equality(const struct expression *e, uint32_t i, struct text *name,
                                  uint16_t *value);

/* Whether an expression names that attribute of the item or something in its document; whether it
 * names something in its document; and whether an update assigns the one or the other. */
bool expression_names(const struct expression *e, struct text name);
bool expression_enters(const struct expression *e, struct text name);
bool expression_assigns(const struct expression *e, struct text name);

/* The paths of an update or a projection: how many, and the attribute that the i-th begins with. */
uint32_t expression_paths_count(const struct expression *e);
struct text expression_path_name(const struct expression *e, uint32_t i);

/* Whether an update makes an item where there is none: not if all it does is to take away. Source:
 * DDB-UPDATE-2. */
bool expression_creates(const struct expression *e);

#endif

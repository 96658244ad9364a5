/* partiql_expression.c: what a statement says of items, in DynamoDB's expression language.
 *
 * Method. Terms are written as text, with the statement's #names and :values, and compiled. So
 * comparisons, functions and updates mean what they mean there, and what is wrong with them is told
 * in the same words, without the prefix that names an expression. Sources: DDB-PARTIQL-4,
 * DDB-PARTIQL-6.
 */
#include "model/api/partiql_tree.h"
#include "sim/assert.h"

#include <stdio.h>
#include <stdlib.h>

/* A term may take many times its own text, but an expression no more than this. */
enum { TEXT_BYTES = 65000 };

struct emitter {
    const struct partiql *s;
    struct text_writer w;
    struct error *error;
    bool failed;
};

static void put(struct emitter *e, const char *text)
{
    text_put(&e->w, text_from(text));
}

static void put_value(struct emitter *e, uint16_t value)
{
    put(e, e->s->placeholders[value]);
}

static void refuse(struct emitter *e, const struct term *t, const char *format, const char *what)
{
    if (!e->failed) {
        char message[300];
        (void)snprintf(message, sizeof message, format, what);
        (void)partiql_refuse_at(e->s, t->token, e->error, "%s", message);
    }
    e->failed = true;
}

static void refuse_plainly(struct emitter *e, const char *format, const char *what, uint32_t count)
{
    if (!e->failed) {
        (void)error_set(e->error, STATUS_BAD_INPUT, format, what, count);
    }
    e->failed = true;
}

static const struct term *term(const struct emitter *e, uint16_t i)
{
    return term_at(e->s, i);
}

static uint32_t children(const struct emitter *e, const struct term *t)
{
    uint32_t count = 0;
    for (uint16_t i = t->first; i != 0; i = term(e, i)->next) {
        count++;
    }
    return count;
}

/* Operands */

static void put_path(struct emitter *e, const struct term *path)
{
    for (uint16_t i = 0; i < path->steps_count; i++) {
        const struct partiql_step *step = &e->s->steps[path->steps + i];
        if (step->element) {
            text_put_char(&e->w, '[');
            text_put_integer(&e->w, step->index, 0);
            text_put_char(&e->w, ']');
        } else {
            put(e, i == 0 ? "" : ".");
            put(e, e->s->names[2 * step->name]);
        }
    }
}

struct function {
    const char *name;
    uint32_t operands;
};

static const struct function CONDITIONS[] = {
    {"attribute_exists",     1},
    {"attribute_not_exists", 1},
    {"attribute_type",       2},
    {"begins_with",          2},
    {"contains",             2},
};

static const struct function SIZE_OF = {"size", 1};
static const struct function LIST_APPEND = {"list_append", 2};

static bool is_function(const struct term *t, const struct function *f)
{
    return t->kind == TERM_FUNCTION && text_equal(t->text, text_from(f->name));
}

static const struct function *condition_function(const struct term *t)
{
    for (size_t i = 0; i < sizeof CONDITIONS / sizeof CONDITIONS[0]; i++) {
        if (is_function(t, &CONDITIONS[i])) {
            return &CONDITIONS[i];
        }
    }
    return NULL;
}

static bool is_condition(const struct term *t)
{
    return (t->kind >= TERM_OR && t->kind <= TERM_IS) || condition_function(t) != NULL;
}

static void put_operand(struct emitter *e, const struct term *t);

static void put_function(struct emitter *e, const struct term *t, const struct function *f)
{
    uint32_t count = children(e, t);
    if (count != f->operands) {
        refuse_plainly(e,
                       "Incorrect number of operands for operator or function; operator or "
                       "function: %s, number of operands: %u",
                       f->name, count);
        return;
    }
    put(e, f->name);
    for (uint16_t i = t->first; i != 0; i = term(e, i)->next) {
        text_put_char(&e->w, i == t->first ? '(' : ',');
        put_operand(e, term(e, i));
    }
    text_put_char(&e->w, ')');
}

static void put_operand(struct emitter *e, const struct term *t) /* NOLINT(misc-no-recursion) */
{
    if (t->kind == TERM_PATH) {
        put_path(e, t);
    } else if (t->kind == TERM_VALUE) {
        put_value(e, t->value);
    } else if (is_function(t, &SIZE_OF)) {
        put_function(e, t, &SIZE_OF);
    } else if (t->kind == TERM_FUNCTION) {
        char name[200];
        (void)snprintf(name, sizeof name, "%.*s", (int)t->text.size, t->text.at);
        refuse(e, t, "Unrecognized function: %s", name);
    } else {
        refuse(e, t, "Unsupported operand%s", "");
    }
}

/* Conditions */

/* What a condition stands in: a weaker one is put in parentheses. */
enum context { IN_OR, IN_AND, IN_NOT };

static void put_condition(struct emitter *e, const struct term *t, enum context context);

static void put_not(struct emitter *e, const struct term *t,
                    enum context context) /* NOLINT(misc-no-recursion) */
{
    if (t->kind == TERM_NOT) {
        put_condition(e, term(e, t->first), context);
        return;
    }
    put(e, "NOT ");
    put_condition(e, t, IN_NOT);
}

static void put_chain(struct emitter *e, const struct term *t,
                      enum context context) /* NOLINT(misc-no-recursion) */
{
    enum context inside = t->kind == TERM_OR ? IN_OR : IN_AND;
    put(e, context > inside ? "(" : "");
    for (uint16_t i = t->first; i != 0; i = term(e, i)->next) {
        put(e, i == t->first ? "" : t->kind == TERM_OR ? " OR " : " AND ");
        put_condition(e, term(e, i), inside);
    }
    put(e, context > inside ? ")" : "");
}

/* That a condition has a value, or another condition's: they are compared as BOOL. */
static void put_has(struct emitter *e, const struct term *condition, const struct term *x,
                    bool truth, enum context context) /* NOLINT(misc-no-recursion) */
{
    const struct value *v = &e->s->values[x->value];
    if (x->kind == TERM_VALUE && v->type == TYPE_BOOL) {
        if (v->boolean == truth) {
            put_condition(e, condition, context);
        } else {
            put_not(e, condition, context);
        }
        return;
    }
    if (x->kind == TERM_VALUE) { /* of another type: never equal */
        put_value(e, x->value);
        put(e, truth ? "<>" : "=");
        put_value(e, x->value);
        return;
    }
    put(e, context > IN_OR ? "(" : "");
    for (int side = 0; side < 2; side++) {
        put(e, side == 0 ? "" : " OR ");
        if (side == 0) {
            put_condition(e, condition, IN_AND);
        } else {
            put_not(e, condition, IN_AND);
        }
        put(e, " AND ");
        if (is_condition(x) && (side == 0) == truth) {
            put_condition(e, x, IN_AND);
        } else if (is_condition(x)) {
            put_not(e, x, IN_AND);
        } else {
            put_operand(e, x);
            put(e, truth ? "=" : "<>");
            put_value(e, (uint16_t)(e->s->truth + side));
        }
    }
    put(e, context > IN_OR ? ")" : "");
}

static const char *symbol(enum term_kind kind)
{
    static const char *const symbols[] = {"=", "<>", "<", "<=", ">", ">="};
    ASSERT(kind >= TERM_EQUAL && kind <= TERM_GREATER_EQUAL);
    return symbols[kind - TERM_EQUAL];
}

static void put_comparison(struct emitter *e, const struct term *t,
                           enum context context) /* NOLINT(misc-no-recursion) */
{
    const struct term *a = term(e, t->first);
    const struct term *b = term(e, a->next);
    if (!is_condition(a) && !is_condition(b)) {
        put_operand(e, a);
        put(e, symbol(t->kind));
        put_operand(e, b);
    } else if (t->kind == TERM_EQUAL || t->kind == TERM_UNEQUAL) {
        put_has(e, is_condition(a) ? a : b, is_condition(a) ? b : a, t->kind == TERM_EQUAL,
                context);
    } else {
        refuse_plainly(e,
                       "Incorrect operand type for operator or function; operator or function: %s, "
                       "operand type: BOOL",
                       symbol(t->kind), 0);
    }
}

static void put_in(struct emitter *e, const struct term *t,
                   enum context context) /* NOLINT(misc-no-recursion) */
{
    const struct term *x = term(e, t->first);
    bool condition = is_condition(x);
    if (x->next == 0) {
        refuse_plainly(e, "The %s operator needs at least one operand", "IN", 0);
        return;
    }
    if (!condition) {
        put_operand(e, x);
    }
    put(e, !condition ? " IN (" : context > IN_OR ? "(" : "");
    for (uint16_t i = x->next; i != 0; i = term(e, i)->next) {
        put(e, i == x->next ? "" : condition ? " OR " : ",");
        if (condition) {
            put_has(e, x, term(e, i), true, IN_OR);
        } else {
            put_operand(e, term(e, i));
        }
    }
    put(e, !condition || context > IN_OR ? ")" : "");
}

static void put_between(struct emitter *e, const struct term *t)
{
    const struct term *x = term(e, t->first);
    const struct term *lower = term(e, x->next);
    put_operand(e, x);
    put(e, " BETWEEN ");
    put_operand(e, lower);
    put(e, " AND ");
    put_operand(e, term(e, lower->next));
}

/* IS with the name of a type, or MISSING. */
static void put_is(struct emitter *e, const struct term *t)
{
    bool missing = text_equal(e->s->values[t->value].bytes, TEXT("MISSING"));
    put(e, missing ? "attribute_not_exists(" : "attribute_type(");
    put_operand(e, term(e, t->first));
    if (!missing) {
        text_put_char(&e->w, ',');
        put_value(e, t->value);
    }
    text_put_char(&e->w, ')');
}

static void put_condition(struct emitter *e, const struct term *t,
                          enum context context) /* NOLINT(misc-no-recursion) */
{
    const struct function *f = condition_function(t);
    if (t->kind == TERM_OR || t->kind == TERM_AND) {
        put_chain(e, t, context);
    } else if (t->kind == TERM_NOT) {
        put_not(e, term(e, t->first), context);
    } else if (t->kind == TERM_BETWEEN) {
        put_between(e, t);
    } else if (t->kind == TERM_IN) {
        put_in(e, t, context);
    } else if (t->kind == TERM_IS) {
        put_is(e, t);
    } else if (f != NULL) {
        put_function(e, t, f);
    } else if (is_condition(t)) {
        put_comparison(e, t, context);
    } else if (t->kind == TERM_FUNCTION && !is_function(t, &SIZE_OF)) {
        put_operand(e, t); /* of no known name */
    } else {
        refuse(e, t, "A condition is expected%s", "");
    }
}

/* Updates */

static bool same_path(const struct emitter *e, const struct term *a, const struct term *b)
{
    if (b->kind != TERM_PATH || a->steps_count != b->steps_count) {
        return false;
    }
    for (uint16_t i = 0; i < a->steps_count; i++) {
        const struct partiql_step *x = &e->s->steps[a->steps + i];
        const struct partiql_step *y = &e->s->steps[b->steps + i];
        if (x->element != y->element || x->name != y->name || x->index != y->index) {
            return false;
        }
    }
    return true;
}

/* The section of an update expression that a change belongs into. */
enum section { SECTION_SET, SECTION_REMOVE, SECTION_ADD, SECTION_DELETE };

static enum section section_of(const struct emitter *e, const struct term *change)
{
    const struct term *path = term(e, change->first);
    const struct term *value = term(e, path->next);
    return change->kind == TERM_REMOVE                               ? SECTION_REMOVE
           : is_function(value, &(struct function){"set_add", 2})    ? SECTION_ADD
           : is_function(value, &(struct function){"set_delete", 2}) ? SECTION_DELETE
                                                                     : SECTION_SET;
}

/* set_add and set_delete: the attribute itself, then a set. */
static void put_set_function(struct emitter *e, const struct term *path, const struct term *f)
{
    const char *name = text_equal(f->text, TEXT("set_add")) ? "SET_ADD" : "SET_DELETE";
    const struct term *first = term(e, f->first);
    const struct term *second = term(e, first->next);
    enum attribute_type type = e->s->values[second->value].type;
    if (children(e, f) != 2) {
        refuse(e, f, "%s must have exactly two arguments", name);
    } else if (!same_path(e, path, first)) {
        refuse(e, f, "The first argument to %s must equal the assignment value", name);
    } else if (second->kind != TERM_VALUE ||
               (type != TYPE_SS && type != TYPE_NS && type != TYPE_BS)) {
        refuse(e, first, "The second argument to %s must be a value with type SET", name);
    } else {
        put_path(e, path);
        text_put_char(&e->w, ' ');
        put_value(e, second->value);
    }
}

static void put_assigned(struct emitter *e, const struct term *value)
{
    if (is_function(value, &LIST_APPEND)) {
        put_function(e, value, &LIST_APPEND);
    } else if (value->kind == TERM_PLUS || value->kind == TERM_MINUS) {
        const struct term *left = term(e, value->first);
        put_operand(e, left);
        put(e, value->kind == TERM_PLUS ? "+" : "-");
        put_operand(e, term(e, left->next));
    } else {
        put_operand(e, value);
    }
}

static void put_change(struct emitter *e, const struct term *change, enum section section)
{
    const struct term *path = term(e, change->first);
    if (section == SECTION_ADD || section == SECTION_DELETE) {
        put_set_function(e, path, term(e, path->next));
        return;
    }
    put_path(e, path);
    if (section == SECTION_SET) {
        text_put_char(&e->w, '=');
        put_assigned(e, term(e, path->next));
    }
}

static void put_section(struct emitter *e, enum section section)
{
    static const char *const words[] = {" SET ", " REMOVE ", " ADD ", " DELETE "};
    bool first = true;
    for (uint16_t i = e->s->changes; i != 0; i = term(e, i)->next) {
        if (section_of(e, term(e, i)) == section) {
            put(e, first ? words[section] : ",");
            put_change(e, term(e, i), section);
            first = false;
        }
    }
}

/* Compiling */

static struct emitter emitter(const struct partiql *s, struct error *error)
{
    char *text = malloc(TEXT_BYTES);
    return (struct emitter){
        s, {.at = text, .capacity = text == NULL ? 0 : TEXT_BYTES},
         error, false
    };
}

static struct expression *compiled(struct emitter *e, enum expression_kind kind,
                                   const char *const *names)
{
    struct expression *made = NULL;
    if (e->w.at == NULL) {
        (void)error_set(e->error, STATUS_NO_MEMORY, "no memory for a statement");
        return NULL;
    }
    if (e->w.overflowed) {
        refuse_plainly(e, "The statement is too large%s", "", 0);
    }
    if (!e->failed) {
        const struct expression_source source = {.text = text_writer_string(&e->w),
                                                 .names = names,
                                                 .values = e->s->placeholders,
                                                 .literals = e->s->values};
        made = expression_compile_statement(kind, &source, e->error);
    }
    free(e->w.at);
    return made;
}

struct expression *partiql_where(const struct partiql *s, struct error *error)
{
    error->status = STATUS_OK;
    if (s->where == 0) {
        return NULL;
    }
    struct emitter e = emitter(s, error);
    put_condition(&e, term(&e, s->where), IN_OR);
    return compiled(&e, EXPRESSION_CONDITION, s->names);
}

/* Source of this and the next: DDB-PARTIQL-9. */
struct expression *partiql_where_or_absent(const struct partiql *s, struct text key,
                                           struct error *error)
{
    ASSERT(s->where != 0);
    struct emitter e = emitter(s, error);
    put_condition(&e, term(&e, s->where), IN_OR);
    for (uint16_t i = 0; i < s->names_count; i++) {
        if (text_equal(text_from(s->names[2 * i + 1]), key)) {
            put(&e, " OR attribute_not_exists(");
            put(&e, s->names[2 * i]);
            put(&e, ")");
        }
    }
    return compiled(&e, EXPRESSION_CONDITION, s->names);
}

struct expression *partiql_absent(struct text key, struct error *error)
{
    char name[300];
    struct text_writer w = text_writer(name, sizeof name);
    text_put(&w, key);
    const char *const names[] = {"#k", text_writer_string(&w), NULL};
    const struct expression_source source = {.text = "attribute_not_exists(#k)", .names = names};
    return expression_compile(EXPRESSION_CONDITION, &source, error);
}

struct expression *partiql_update(const struct partiql *s, struct error *error)
{
    struct emitter e = emitter(s, error);
    for (int section = SECTION_SET; section <= SECTION_DELETE; section++) {
        put_section(&e, (enum section)section);
    }
    return compiled(&e, EXPRESSION_UPDATE, s->names);
}

struct expression *partiql_key_condition(const struct partiql *s, const struct partiql_keys *keys,
                                         const struct partiql_range *range, struct error *error)
{
    struct emitter e = emitter(s, error);
    char hash[300];
    char sort[300];
    struct text_writer w = text_writer(hash, sizeof hash);
    text_put(&w, keys->hash);
    const char *const hash_name = text_writer_string(&w);
    w = text_writer(sort, sizeof sort);
    text_put(&w, keys->range);
    const char *const names[] = {"#h", hash_name, "#r", text_writer_string(&w), NULL};
    bool lower = range->lower != PARTIQL_NO_VALUE;
    bool upper = range->upper != PARTIQL_NO_VALUE;
    put(&e, "#h=");
    put_value(&e, range->hash);
    if (lower && range->lower == range->upper) {
        put(&e, " AND #r=");
        put_value(&e, range->lower);
    } else if (lower && upper) {
        put(&e, " AND #r BETWEEN ");
        put_value(&e, range->lower);
        put(&e, " AND ");
        put_value(&e, range->upper);
    } else if (range->prefix) {
        put(&e, " AND begins_with(#r,");
        put_value(&e, range->lower);
        put(&e, ")");
    } else if (lower || upper) {
        bool open = lower ? range->lower_open : range->upper_open;
        put(&e, lower ? " AND #r>" : " AND #r<");
        put(&e, open ? "" : "=");
        put_value(&e, lower ? range->lower : range->upper);
    }
    return compiled(&e, EXPRESSION_KEY, names);
}

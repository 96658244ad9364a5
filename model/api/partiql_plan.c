/* partiql_plan.c: which items a WHERE clause is about.
 *
 * Method. A SELECT is keyed if every way to satisfy its WHERE clause fixes the partition key. Then
 * the clause is taken apart into ranges of partitions: each = and IN of a key makes its own, OR
 * joins them, AND crosses them. What a range lets through is held to the whole clause again, so a
 * range may be larger than what is meant, never smaller. Sources: DDB-PARTIQL-5, DDB-PARTIQL-7.
 */
#include "model/api/partiql_tree.h"
#include "sim/assert.h"

static const struct term *first_of(const struct partiql *s, const struct term *t)
{
    return term_at(s, t->first);
}

/* A condition that compares a key with values. */
struct comparison {
    enum term_kind kind;
    const struct term *value; /* the first of them; the others are chained behind it */
    uint32_t count;
};

static enum term_kind flipped(enum term_kind kind)
{
    switch ((int)kind) {
    case TERM_LESS:
        return TERM_GREATER;
    case TERM_LESS_EQUAL:
        return TERM_GREATER_EQUAL;
    case TERM_GREATER:
        return TERM_LESS;
    case TERM_GREATER_EQUAL:
        return TERM_LESS_EQUAL;
    default:
        return kind;
    }
}

/* The terms of a chain, if all are values; else 0. */
static uint32_t values_count(const struct partiql *s, uint16_t first)
{
    uint32_t count = 0;
    for (uint16_t i = first; i != 0; i = term_at(s, i)->next, count++) {
        if (term_at(s, i)->kind != TERM_VALUE) {
            return 0;
        }
    }
    return count;
}

/* Whether a term holds the key against values: = < <= > >=, BETWEEN, IN, begins_with. */
static bool compares(const struct partiql *s, const struct term *t, struct text key,
                     struct comparison *c)
{
    bool two = t->kind == TERM_EQUAL || (t->kind >= TERM_LESS && t->kind <= TERM_GREATER_EQUAL);
    bool begins = t->kind == TERM_FUNCTION && text_equal(t->text, TEXT("begins_with"));
    if (key.size == 0 || t->first == 0 ||
        (!two && !begins && t->kind != TERM_BETWEEN && t->kind != TERM_IN)) {
        return false;
    }
    const struct term *a = first_of(s, t);
    const struct term *b = term_at(s, a->next);
    if (two && a->kind == TERM_VALUE && path_is(s, b, key)) {
        *c = (struct comparison){flipped(t->kind), a, 1};
        return true;
    }
    *c = (struct comparison){t->kind, b, values_count(s, a->next)};
    return path_is(s, a, key) && c->count > 0;
}

/* Targets */

static bool same_value(const struct partiql *s, uint16_t a, uint16_t b)
{
    return value_equal(&s->values[a], &s->values[b]);
}

/* Takes a condition that joins others by AND into the target. */
static enum status take_conjunct(const struct partiql *s, const struct term *t,
                                 const struct partiql_keys *keys, struct partiql_target *target,
                                 struct error *error)
{
    for (int i = 0; i < 2; i++) {
        struct text key = i == 0 ? keys->hash : keys->range;
        uint16_t *value = i == 0 ? &target->hash : &target->range;
        struct comparison c;
        if (!compares(s, t, key, &c)) {
            continue;
        }
        bool single = c.kind == TERM_IN && c.count == 1 && s->kind == PARTIQL_SELECT;
        if (c.kind != TERM_EQUAL && !single) {
            continue;
        }
        if (*value == PARTIQL_NO_VALUE) {
            *value = c.value->value;
            return STATUS_OK;
        }
        if (same_value(s, *value, c.value->value)) {
            return STATUS_OK;
        }
        if (s->kind == PARTIQL_UPDATE || s->kind == PARTIQL_DELETE) {
            return error_set(error, STATUS_BAD_INPUT,
                             "Multiple conditions on same key %.*s. Only single item "
                             "Update/Insert/Delete are supported",
                             (int)key.size, key.at);
        }
    }
    target->exact = false;
    return STATUS_OK;
}

static enum status take_conjuncts(const struct partiql *s, const struct term *t,
                                  const struct partiql_keys *keys, struct partiql_target *target,
                                  struct error *error) /* NOLINT(misc-no-recursion) */
{
    if (t->kind != TERM_AND) {
        return take_conjunct(s, t, keys, target, error);
    }
    enum status status = STATUS_OK;
    for (uint16_t i = t->first; i != 0 && status == STATUS_OK; i = term_at(s, i)->next) {
        status = take_conjuncts(s, term_at(s, i), keys, target, error);
    }
    return status;
}

enum status partiql_target(const struct partiql *s, const struct partiql_keys *keys,
                           struct partiql_target *target, struct error *error)
{
    *target = (struct partiql_target){PARTIQL_NO_VALUE, PARTIQL_NO_VALUE, true};
    return s->where == 0 ? STATUS_OK : take_conjuncts(s, term_at(s, s->where), keys, target, error);
}

/* Ranges */

struct planner {
    const struct partiql *s;
    const struct partiql_keys *keys;
    struct error *error;
    bool failed;
};

/* A way to satisfy a condition, by what it says of the keys. */
struct way {
    struct partiql_range range; /* hash may be PARTIQL_NO_VALUE */
    bool inverted;              /* the sort key is in a condition that excludes values */
    bool impossible;            /* two values for one partition key */
};

struct ways {
    uint32_t count;
    struct way list[PARTIQL_RANGES_MAX];
};

static const struct way ANYTHING = {
    .range = {.hash = PARTIQL_NO_VALUE, .lower = PARTIQL_NO_VALUE, .upper = PARTIQL_NO_VALUE}
};

static void fail(struct planner *p, const char *message)
{
    if (!p->failed) {
        (void)error_set(p->error, STATUS_BAD_INPUT, "%s", message);
    }
    p->failed = true;
}

static void add(struct planner *p, struct ways *ways, struct way way)
{
    if (ways->count == PARTIQL_RANGES_MAX) {
        fail(p, "Too many decomposed read operations for a given query.");
        return;
    }
    ways->list[ways->count++] = way;
}

/* Whether every way to satisfy a condition fixes the partition key. */
static bool pins(const struct partiql *s, const struct term *t,
                 struct text hash) /* NOLINT(misc-no-recursion) */
{
    struct comparison c;
    if (t->kind == TERM_AND || t->kind == TERM_OR) {
        for (uint16_t i = t->first; i != 0; i = term_at(s, i)->next) {
            if (pins(s, term_at(s, i), hash) == (t->kind == TERM_AND)) {
                return t->kind == TERM_AND;
            }
        }
        return t->kind == TERM_OR;
    }
    return compares(s, t, hash, &c) && (c.kind == TERM_EQUAL || c.kind == TERM_IN);
}

/* Whether a term names a key anywhere. */
static bool names_key(const struct planner *p, const struct term *t) /* NOLINT(misc-no-recursion) */
{
    if (path_is(p->s, t, p->keys->hash) || path_is(p->s, t, p->keys->range)) {
        return true;
    }
    for (uint16_t i = t->kind == TERM_PATH ? 0 : t->first; i != 0; i = term_at(p->s, i)->next) {
        if (names_key(p, term_at(p->s, i))) {
            return true;
        }
    }
    return false;
}

static int compare_values(const struct planner *p, uint16_t a, uint16_t b)
{
    return value_compare(&p->s->values[a], &p->s->values[b]);
}

/* Whether a lower bound comes before, or at, where a range ends. */
static bool begins_inside(const struct planner *p, const struct partiql_range *a,
                          const struct partiql_range *b)
{
    if (a->lower == PARTIQL_NO_VALUE) {
        return true;
    }
    if (b->prefix) {
        return compare_values(p, a->lower, b->lower) <= 0 ||
               text_starts(p->s->values[a->lower].bytes, p->s->values[b->lower].bytes);
    }
    if (b->upper == PARTIQL_NO_VALUE) {
        return true;
    }
    int order = compare_values(p, a->lower, b->upper);
    return order < 0 || (order == 0 && !a->lower_open && !b->upper_open);
}

static bool overlap(const struct planner *p, const struct partiql_range *a,
                    const struct partiql_range *b)
{
    return begins_inside(p, a, a) && begins_inside(p, b, b) && begins_inside(p, a, b) &&
           begins_inside(p, b, a);
}

static void narrow_lower(const struct planner *p, struct partiql_range *a,
                         const struct partiql_range *b)
{
    if (b->lower == PARTIQL_NO_VALUE) {
        return;
    }
    int order = a->lower == PARTIQL_NO_VALUE ? -1 : compare_values(p, a->lower, b->lower);
    if (order < 0 || (order == 0 && b->lower_open)) {
        a->lower = b->lower;
        a->lower_open = b->lower_open;
    }
}

static void narrow_upper(const struct planner *p, struct partiql_range *a,
                         const struct partiql_range *b)
{
    if (b->upper == PARTIQL_NO_VALUE) {
        return;
    }
    int order = a->upper == PARTIQL_NO_VALUE ? 1 : compare_values(p, a->upper, b->upper);
    if (order > 0 || (order == 0 && b->upper_open)) {
        a->upper = b->upper;
        a->upper_open = b->upper_open;
    }
}

/* Both ways at once. A prefix stays what it is, or takes the other's place: a range may be too
 * large. */
static struct way both(const struct planner *p, const struct way *a, const struct way *b)
{
    struct way way = *a;
    bool fixed = a->range.hash != PARTIQL_NO_VALUE && b->range.hash != PARTIQL_NO_VALUE;
    way.impossible = a->impossible || b->impossible ||
                     (fixed && !same_value(p->s, a->range.hash, b->range.hash));
    way.inverted = a->inverted || b->inverted;
    if (b->range.prefix && !a->range.prefix) {
        way.range = b->range;
    } else if (!a->range.prefix) {
        narrow_lower(p, &way.range, &b->range);
        narrow_upper(p, &way.range, &b->range);
    }
    way.range.hash = a->range.hash != PARTIQL_NO_VALUE ? a->range.hash : b->range.hash;
    return way;
}

static const struct term *next_value(const struct planner *p, const struct term *value)
{
    return term_at(p->s, value->next);
}

static void check_type(struct planner *p, const struct comparison *c, struct text key,
                       enum attribute_type type)
{
    const struct term *v = c->value;
    for (uint32_t i = 0; i < c->count && !p->failed; i++, v = next_value(p, v)) {
        if (p->s->values[v->value].type != type) {
            (void)error_set(p->error, STATUS_BAD_INPUT,
                            "Key attribute's data type should match its data type in table's "
                            "schema: Key %.*s",
                            (int)key.size, key.at);
            p->failed = true;
        }
    }
}

/* The range of sort keys that a comparison allows. */
static struct way way_of(const struct planner *p, enum term_kind kind, const struct term *value)
{
    struct way way = ANYTHING;
    bool lower = kind != TERM_LESS && kind != TERM_LESS_EQUAL;
    bool upper = kind == TERM_EQUAL || kind == TERM_BETWEEN || !lower;
    way.range.lower = lower ? value->value : way.range.lower;
    way.range.upper = kind == TERM_BETWEEN ? next_value(p, value)->value
                      : upper              ? value->value
                                           : way.range.upper;
    way.range.lower_open = kind == TERM_GREATER;
    way.range.upper_open = kind == TERM_LESS;
    way.range.prefix = kind == TERM_FUNCTION;
    return way;
}

/* Takes a comparison of a key apart; false where the term is none. */
static bool take_comparison(struct planner *p, const struct term *t, struct ways *ways)
{
    struct comparison c;
    bool hash = compares(p->s, t, p->keys->hash, &c) && (c.kind == TERM_EQUAL || c.kind == TERM_IN);
    if (!hash && !compares(p->s, t, p->keys->range, &c)) {
        return false;
    }
    check_type(p, &c, hash ? p->keys->hash : p->keys->range,
               hash ? p->keys->hash_type : p->keys->range_type);
    const struct term *v = c.value;
    uint32_t count = c.kind == TERM_IN ? c.count : 1;
    for (uint32_t i = 0; i < count && !p->failed; i++, v = next_value(p, v)) {
        struct way way = ANYTHING;
        way.range.hash = v->value;
        add(p, ways, hash ? way : way_of(p, c.kind == TERM_IN ? TERM_EQUAL : c.kind, v));
    }
    return true;
}

static void take_apart(struct planner *p, const struct term *t, struct ways *ways);

static void cross(struct planner *p, const struct term *t,
                  struct ways *ways) /* NOLINT(misc-no-recursion) */
{
    struct ways part;
    add(p, ways, ANYTHING);
    for (uint16_t i = t->first; i != 0 && !p->failed; i = term_at(p->s, i)->next) {
        struct ways before = *ways;
        ways->count = 0;
        part.count = 0;
        take_apart(p, term_at(p->s, i), &part);
        for (uint32_t a = 0; a < before.count && !p->failed; a++) {
            for (uint32_t b = 0; b < part.count && !p->failed; b++) {
                struct way way = both(p, &before.list[a], &part.list[b]);
                if (!way.impossible) {
                    add(p, ways, way);
                }
            }
        }
    }
}

/* Adds the ways to satisfy a condition. */
static void take_apart(struct planner *p, const struct term *t,
                       struct ways *ways) /* NOLINT(misc-no-recursion) */
{
    struct way way = ANYTHING;
    bool key = names_key(p, t);
    if (key && t->kind == TERM_AND) {
        struct ways crossed = {0};
        cross(p, t, &crossed);
        for (uint32_t i = 0; i < crossed.count && !p->failed; i++) {
            add(p, ways, crossed.list[i]);
        }
    } else if (key && t->kind == TERM_OR) {
        for (uint16_t i = t->first; i != 0 && !p->failed; i = term_at(p->s, i)->next) {
            take_apart(p, term_at(p->s, i), ways);
        }
    } else if (!key || !take_comparison(p, t, ways)) {
        way.inverted = key && (t->kind == TERM_NOT || t->kind == TERM_UNEQUAL);
        add(p, ways, way);
    }
}

/* Joins ranges of one partition that overlap, where one of them excludes values; refuses others
 * that do. */
static void join_overlapping(struct planner *p, struct ways *ways)
{
    for (uint32_t a = 0; a < ways->count && !p->failed; a++) {
        for (uint32_t b = a + 1; b < ways->count && !p->failed; b++) {
            struct way *x = &ways->list[a];
            const struct way *y = &ways->list[b];
            if (!same_value(p->s, x->range.hash, y->range.hash) ||
                !overlap(p, &x->range, &y->range)) {
                continue;
            }
            if (!x->inverted && !y->inverted) {
                fail(p, "Overlapping conditions with range keys are not supported in where clause");
            }
            uint16_t hash = x->range.hash;
            *x = ANYTHING;
            x->range.hash = hash;
            x->inverted = true;
            ways->list[b] = ways->list[--ways->count];
            b = a; /* the larger range may meet others */
        }
    }
}

static bool comes_before(const struct planner *p, const struct partiql_range *a,
                         const struct partiql_range *b, bool hash_descending, bool backward)
{
    int order = compare_values(p, a->hash, b->hash);
    if (order != 0) {
        return (order < 0) != hash_descending;
    }
    if (a->lower == PARTIQL_NO_VALUE || b->lower == PARTIQL_NO_VALUE) {
        return (a->lower == PARTIQL_NO_VALUE && b->lower != PARTIQL_NO_VALUE) != backward;
    }
    order = compare_values(p, a->lower, b->lower);
    return (order != 0 ? order < 0 : b->lower_open && !a->lower_open) != backward;
}

static void put_in_order(const struct planner *p, const struct ways *ways, bool hash_descending,
                         struct partiql_plan *plan)
{
    plan->count = 0;
    for (uint32_t i = 0; i < ways->count; i++) {
        const struct partiql_range *range = &ways->list[i].range;
        if (!begins_inside(p, range, range)) {
            continue; /* nothing can be in it */
        }
        uint32_t at = plan->count++;
        for (; at > 0 &&
               comes_before(p, range, &plan->ranges[at - 1], hash_descending, plan->backward);
             at--) {
            plan->ranges[at] = plan->ranges[at - 1];
        }
        plan->ranges[at] = *range;
    }
}

/* ORDER BY. Without it a partition is read forward; with it backward, unless it says otherwise of
 * the sort key. Source: DDB-PARTIQL-8. */
struct order {
    bool hash, hash_descending, range, range_descending;
};

static struct order order_of(struct planner *p)
{
    struct order order = {0};
    for (uint16_t i = p->s->order; i != 0; i = term_at(p->s, i)->next) {
        const struct term *t = term_at(p->s, i);
        const struct term *path = first_of(p->s, t);
        bool descending = t->kind == TERM_DESCENDING;
        if (path_is(p->s, path, p->keys->hash)) {
            order.hash = true;
            order.hash_descending = descending;
        } else if (p->keys->range.size > 0 && path_is(p->s, path, p->keys->range)) {
            order.range = true;
            order.range_descending = descending;
        } else if (!p->failed) {
            struct text name = path_root(p->s, path);
            (void)error_set(p->error, STATUS_BAD_INPUT,
                            "Attribute %.*s in ORDER BY clause must be part of the primary key",
                            (int)name.size, name.at);
            p->failed = true;
        }
    }
    return order;
}

static bool several_partitions(const struct planner *p, const struct ways *ways)
{
    for (uint32_t i = 1; i < ways->count; i++) {
        if (!same_value(p->s, ways->list[0].range.hash, ways->list[i].range.hash)) {
            return true;
        }
    }
    return false;
}

/* Counts *i down at each path inside a term, to its attribute. */
static bool path_inside(const struct partiql *s, const struct term *t, uint32_t *i,
                        struct text *root) /* NOLINT(misc-no-recursion) */
{
    if (t->kind == TERM_PATH) {
        *root = path_root(s, t);
        return (*i)-- == 0;
    }
    for (uint16_t child = t->first; child != 0; child = term_at(s, child)->next) {
        if (path_inside(s, term_at(s, child), i, root)) {
            return true;
        }
    }
    return false;
}

static bool filtered(const struct planner *p, const struct term *t, uint32_t *i,
                     struct text *root) /* NOLINT(misc-no-recursion) */
{
    if (t->kind != TERM_AND) {
        return !names_key(p, t) && path_inside(p->s, t, i, root);
    }
    for (uint16_t child = t->first; child != 0; child = term_at(p->s, child)->next) {
        if (filtered(p, term_at(p->s, child), i, root)) {
            return true;
        }
    }
    return false;
}

bool partiql_filtered(const struct partiql *s, const struct partiql_keys *keys, uint32_t i,
                      struct text *root)
{
    const struct planner p = {s, keys, NULL, false};
    return s->where != 0 && filtered(&p, term_at(s, s->where), &i, root);
}

enum status partiql_plan(const struct partiql *s, const struct partiql_keys *keys,
                         struct partiql_plan *plan, struct error *error)
{
    struct planner p = {s, keys, error, false};
    struct ways ways = {0};
    *plan = (struct partiql_plan){0};
    if (s->order != 0 && s->where == 0) {
        fail(&p, "Must have WHERE clause in the statement when using ORDER BY clause.");
        return STATUS_BAD_INPUT;
    }
    struct order order = order_of(&p);
    plan->keyed = s->where != 0 && pins(s, term_at(s, s->where), keys->hash);
    if (!plan->keyed) {
        if (s->order != 0) {
            fail(&p, "Must have at least one non-optional hash key condition in WHERE clause when "
                     "using ORDER BY clause.");
        }
        return p.failed ? STATUS_BAD_INPUT : STATUS_OK;
    }
    take_apart(&p, term_at(s, s->where), &ways);
    if (!p.failed) {
        join_overlapping(&p, &ways);
    }
    if (!p.failed && s->order != 0 && !order.hash && several_partitions(&p, &ways)) {
        fail(&p, "Must have hash key in ORDER BY clause when more than one hash key condition "
                 "specified in WHERE clause.");
    }
    if (p.failed) {
        return STATUS_BAD_INPUT;
    }
    plan->backward = s->order != 0 && (!order.range || order.range_descending);
    put_in_order(&p, &ways, order.hash_descending, plan);
    return STATUS_OK;
}

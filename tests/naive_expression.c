/* naive_expression.c: see naive_expression.h. */
#include "tests/naive_expression.h"

#include "sim/assert.h"

/* As text */

static void put_path(struct text_writer *w, const struct naive_path *path)
{
    for (uint32_t i = 0; i < path->count; i++) {
        const struct naive_step *step = &path->steps[i];
        if (step->name.size == 0) {
            text_put_char(w, '[');
            text_put_integer(w, step->index, 0);
            text_put_char(w, ']');
            continue;
        }
        text_put(w, i > 0 ? TEXT(".") : TEXT(""));
        text_put(w, step->name.size > 1 ? TEXT("#") : TEXT(""));
        text_put(w, step->name);
    }
}

static const char *symbol(enum naive_kind kind)
{
    static const char *const symbols[] = {
        [NAIVE_OR] = " OR ",
        [NAIVE_AND] = " AND ",
        [NAIVE_NOT] = "NOT ",
        [NAIVE_EQUAL] = " = ",
        [NAIVE_UNEQUAL] = " <> ",
        [NAIVE_LESS] = " < ",
        [NAIVE_LESS_EQUAL] = " <= ",
        [NAIVE_GREATER] = " > ",
        [NAIVE_GREATER_EQUAL] = " >= ",
        [NAIVE_EXISTS] = "attribute_exists",
        [NAIVE_NOT_EXISTS] = "attribute_not_exists",
        [NAIVE_TYPE] = "attribute_type",
        [NAIVE_BEGINS_WITH] = "begins_with",
        [NAIVE_CONTAINS] = "contains",
        [NAIVE_SIZE] = "size",
        [NAIVE_PLUS] = " + ",
        [NAIVE_MINUS] = " - ",
        [NAIVE_IF_NOT_EXISTS] = "if_not_exists",
        [NAIVE_LIST_APPEND] = "list_append",
        [NAIVE_SET] = "SET ",
        [NAIVE_REMOVE] = "REMOVE ",
        [NAIVE_ADD] = "ADD ",
        [NAIVE_DELETE] = "DELETE ",
    };
    return symbols[kind];
}

static void put_joined(struct text_writer *w, const struct naive_node *n, uint32_t from,
                       const char *separator)
{
    for (uint32_t i = from; i < n->count; i++) {
        text_put(w, i > from ? text_from(separator) : TEXT(""));
        naive_put_expression(w, n->children[i]);
    }
}

static void put_function(struct text_writer *w, const struct naive_node *n, uint32_t from,
                         const char *name)
{
    text_put(w, text_from(name));
    text_put_char(w, '(');
    put_joined(w, n, from, ", ");
    text_put_char(w, ')');
}

static void put_between_or_in(struct text_writer *w, const struct naive_node *n)
{
    naive_put_expression(w, n->children[0]);
    if (n->kind == NAIVE_IN) {
        put_function(w, n, 1, " IN ");
        return;
    }
    text_put(w, TEXT(" BETWEEN "));
    put_joined(w, n, 1, " AND ");
}

/* The sections one after the other, and in each its assignments. */
static void put_update(struct text_writer *w, const struct naive_node *n)
{
    for (enum naive_kind kind = NAIVE_SET; kind <= NAIVE_DELETE; kind++) {
        bool first = true;
        for (uint32_t i = 0; i < n->count; i++) {
            const struct naive_node *a = n->children[i];
            if (a->kind != kind) {
                continue;
            }
            text_put(w, first ? text_from(symbol(kind)) : TEXT(", "));
            put_joined(w, a, 0, kind == NAIVE_SET ? " = " : " ");
            first = false;
        }
        text_put(w, first ? TEXT("") : TEXT(" "));
    }
}

static void put_bare(struct text_writer *w, const struct naive_node *n)
{
    switch (n->kind) {
    case NAIVE_OR:
    case NAIVE_AND:
    case NAIVE_EQUAL:
    case NAIVE_UNEQUAL:
    case NAIVE_LESS:
    case NAIVE_LESS_EQUAL:
    case NAIVE_GREATER:
    case NAIVE_GREATER_EQUAL:
    case NAIVE_PLUS:
    case NAIVE_MINUS:
        put_joined(w, n, 0, symbol(n->kind));
        break;
    case NAIVE_NOT:
        text_put(w, TEXT("NOT "));
        naive_put_expression(w, n->children[0]);
        break;
    case NAIVE_BETWEEN:
    case NAIVE_IN:
        put_between_or_in(w, n);
        break;
    case NAIVE_EXISTS:
    case NAIVE_NOT_EXISTS:
    case NAIVE_TYPE:
    case NAIVE_BEGINS_WITH:
    case NAIVE_CONTAINS:
    case NAIVE_SIZE:
    case NAIVE_IF_NOT_EXISTS:
    case NAIVE_LIST_APPEND:
        put_function(w, n, 0, symbol(n->kind));
        break;
    case NAIVE_PATH:
        put_path(w, &n->path);
        break;
    case NAIVE_LITERAL:
        text_put(w, TEXT(":v"));
        text_put_integer(w, n->position, 0);
        break;
    case NAIVE_UPDATE:
        put_update(w, n);
        break;
    case NAIVE_PROJECTION:
        put_joined(w, n, 0, ", ");
        break;
    case NAIVE_SET:
    case NAIVE_REMOVE:
    case NAIVE_ADD:
    case NAIVE_DELETE:
        ASSERT(false); /* put_update prints them */
    }
}

void naive_put_expression(struct text_writer *w, const struct naive_node *n)
{
    text_put(w, n->aside ? TEXT("(") : TEXT(""));
    put_bare(w, n);
    text_put(w, n->aside ? TEXT(")") : TEXT(""));
}

/* Conditions */

static const struct naive_value *step_into(const struct naive_value *value,
                                           const struct naive_step *step)
{
    if (step->name.size > 0) {
        return value->type == TYPE_M ? naive_get(value, step->name) : NULL;
    }
    return value->type == TYPE_L && step->index < value->count ? &value->members[step->index].value
                                                               : NULL;
}

const struct naive_value *naive_resolve(const struct naive_value *item,
                                        const struct naive_path *path)
{
    const struct naive_value *at = item;
    for (uint32_t i = 0; at != NULL && i < path->count; i++) {
        at = step_into(at, &path->steps[i]);
    }
    return at;
}

/* size(): bytes of S and B, elements of M, L and sets, nothing of the others. */
static const struct naive_value *size_of(const struct naive_value *of, struct naive_value *room)
{
    if (of == NULL || of->type == TYPE_N || of->type == TYPE_BOOL || of->type == TYPE_NULL) {
        return NULL;
    }
    bool bytes = of->type == TYPE_S || of->type == TYPE_B;
    *room = naive_n(100 * (int64_t)(bytes ? of->bytes.size : of->count));
    return room;
}

static const struct naive_value *operand(const struct naive_node *n, const struct naive_value *item,
                                         struct naive_value *room)
{
    if (n->kind == NAIVE_LITERAL) {
        return n->literal;
    }
    if (n->kind == NAIVE_PATH) {
        return naive_resolve(item, &n->path);
    }
    ASSERT(n->kind == NAIVE_SIZE);
    struct naive_value inner;
    return size_of(operand(n->children[0], item, &inner), room);
}

/* DDB-EXPR-2, DDB-EXPR-3. */
static bool compared(enum naive_kind kind, const struct naive_value *a, const struct naive_value *b)
{
    bool alike = a != NULL && b != NULL && a->type == b->type;
    if (kind == NAIVE_UNEQUAL) {
        return !alike || !naive_equal(a, b);
    }
    if (!alike) {
        return false;
    }
    if (kind == NAIVE_EQUAL) {
        return naive_equal(a, b);
    }
    if (a->type != TYPE_S && a->type != TYPE_N && a->type != TYPE_B) {
        return false;
    }
    int order = naive_order(a, b);
    return kind == NAIVE_LESS         ? order < 0
           : kind == NAIVE_LESS_EQUAL ? order <= 0
           : kind == NAIVE_GREATER    ? order > 0
                                      : order >= 0;
}

static bool text_within(struct text whole, struct text part)
{
    for (size_t i = 0; i + part.size <= whole.size; i++) {
        if (part.size == 0 || memcmp(whole.at + i, part.at, part.size) == 0) {
            return true;
        }
    }
    return false;
}

/* DDB-EXPR-4. */
static bool contains(const struct naive_value *a, const struct naive_value *x)
{
    if (a->type == TYPE_S || a->type == TYPE_B) {
        return x->type == a->type && text_within(a->bytes, x->bytes);
    }
    bool elements =
        a->type == TYPE_L || a->type == TYPE_SS || a->type == TYPE_NS || a->type == TYPE_BS;
    return elements && naive_has_element(a, x);
}

static bool begins_with(const struct naive_value *a, const struct naive_value *x)
{
    bool bytes = a->type == TYPE_S || a->type == TYPE_B;
    return bytes && a->type == x->type && x->bytes.size <= a->bytes.size &&
           (x->bytes.size == 0 || memcmp(a->bytes.at, x->bytes.at, x->bytes.size) == 0);
}

static bool is_type(const struct naive_value *a, const struct naive_value *x)
{
    return x->type == TYPE_S && text_equal(attribute_type_text(a->type), x->bytes);
}

/* The condition's operands, evaluated; NULL where one leads nowhere. */
struct operands {
    const struct naive_value *at[NAIVE_CHILDREN_MAX];
    struct naive_value room[NAIVE_CHILDREN_MAX];
};

static void evaluate(struct operands *o, const struct naive_node *n, const struct naive_value *item)
{
    for (uint32_t i = 0; i < n->count; i++) {
        o->at[i] = operand(n->children[i], item, &o->room[i]);
    }
}

static bool simple_holds(const struct naive_node *n, const struct naive_value *item)
{
    struct operands o;
    evaluate(&o, n, item);
    const struct naive_value *a = o.at[0];
    bool found = false;
    if (n->kind == NAIVE_EXISTS || n->kind == NAIVE_NOT_EXISTS) {
        return (a != NULL) == (n->kind == NAIVE_EXISTS);
    }
    const struct naive_value *x = o.at[1];
    bool both = a != NULL && x != NULL;
    switch ((int)n->kind) {
    case NAIVE_BETWEEN:
        return compared(NAIVE_GREATER_EQUAL, a, x) && compared(NAIVE_LESS_EQUAL, a, o.at[2]);
    case NAIVE_IN:
        for (uint32_t i = 1; i < n->count; i++) {
            found = found || compared(NAIVE_EQUAL, a, o.at[i]);
        }
        return found;
    case NAIVE_TYPE:
        return both && is_type(a, x);
    case NAIVE_BEGINS_WITH:
        return both && begins_with(a, x);
    case NAIVE_CONTAINS:
        return both && contains(a, x);
    default:
        return compared(n->kind, a, x);
    }
}

bool naive_holds(const struct naive_node *n, const struct naive_value *item)
{
    bool any = false;
    bool all = true;
    if (n->kind > NAIVE_NOT) {
        return simple_holds(n, item);
    }
    for (uint32_t i = 0; i < n->count; i++) {
        bool holds = naive_holds(n->children[i], item);
        any = any || holds;
        all = all && holds;
    }
    return n->kind == NAIVE_NOT ? !any : n->kind == NAIVE_OR ? any : all;
}

bool naive_names(const struct naive_node *n, struct text name)
{
    bool named = n->kind == NAIVE_PATH && text_equal(n->path.steps[0].name, name);
    for (uint32_t i = 0; i < n->count; i++) {
        named = named || naive_names(n->children[i], name);
    }
    return named;
}

/* Updates */

/* An update under way: all right-hand sides and all paths are about `before`. */
struct updating {
    struct naive_memory *m;
    const struct naive_value *before;
    bool absent; /* `before` is but the key */
    uint32_t faults;
};

static const struct naive_value *fault(struct updating *u, enum naive_fault fault)
{
    u->faults |= fault;
    return NULL;
}

static const struct naive_value *right_side(struct updating *u, const struct naive_node *n);

/* An operand of + - or list_append, held to its type. */
static const struct naive_value *typed(struct updating *u, const struct naive_node *n,
                                       enum attribute_type type)
{
    const struct naive_value *value = right_side(u, n);
    if (value == NULL || value->type == type) {
        return value;
    }
    return fault(u, n->kind == NAIVE_LITERAL ? NAIVE_FAULT_LITERAL : NAIVE_FAULT_TYPE);
}

static const struct naive_value *computed(struct updating *u, const struct naive_node *n)
{
    enum attribute_type type = n->kind == NAIVE_LIST_APPEND ? TYPE_L : TYPE_N;
    const struct naive_value *a = typed(u, n->children[0], type);
    const struct naive_value *b = typed(u, n->children[1], type);
    struct naive_value *result = naive_new(u->m, sizeof *result);
    if (a == NULL || b == NULL) {
        return NULL;
    }
    result->type = type;
    if (type == TYPE_N) {
        result->hundredths =
            a->hundredths + (n->kind == NAIVE_PLUS ? b->hundredths : -b->hundredths);
        return result;
    }
    struct naive_member *members = naive_new(u->m, (a->count + b->count + 1) * sizeof *members);
    for (uint32_t i = 0; i < a->count + b->count; i++) {
        members[i] = i < a->count ? a->members[i] : b->members[i - a->count];
    }
    result->members = members;
    result->count = a->count + b->count;
    return result;
}

static const struct naive_value *right_side(struct updating *u, const struct naive_node *n)
{
    if (n->kind == NAIVE_PLUS || n->kind == NAIVE_MINUS || n->kind == NAIVE_LIST_APPEND) {
        return computed(u, n);
    }
    if (n->kind == NAIVE_IF_NOT_EXISTS) {
        const struct naive_value *there = naive_resolve(u->before, &n->children[0]->path);
        return there != NULL ? there : right_side(u, n->children[1]);
    }
    struct naive_value *room = naive_new(u->m, sizeof *room);
    const struct naive_value *value = operand(n, u->before, room);
    return value != NULL ? value : fault(u, NAIVE_FAULT_NOTHING_THERE);
}

/* The elements of set a without those of b, or with them. */
static const struct naive_value *combined(struct updating *u, const struct naive_value *a,
                                          const struct naive_value *b, bool add)
{
    struct naive_value *set = naive_new(u->m, sizeof *set);
    struct naive_member *members = naive_new(u->m, (a->count + b->count + 1) * sizeof *members);
    *set = (struct naive_value){.type = a->type, .members = members};
    for (uint32_t i = 0; i < a->count; i++) {
        if (add || !naive_has_element(b, &a->members[i].value)) {
            members[set->count++] = a->members[i];
        }
    }
    for (uint32_t i = 0; add && i < b->count; i++) {
        if (!naive_has_element(a, &b->members[i].value)) {
            members[set->count++] = b->members[i];
        }
    }
    return set;
}

/* What one assignment makes of its path. */
struct assignment {
    const struct naive_node *node;
    bool gone;                       /* the path is removed */
    const struct naive_value *value; /* else it gets this; NULL: it stays as it is */
};

static void add_or_delete(struct updating *u, struct assignment *a)
{
    bool add = a->node->kind == NAIVE_ADD;
    const struct naive_value *by = a->node->children[1]->literal;
    const struct naive_value *there = naive_resolve(u->before, &a->node->children[0]->path);
    bool set = by->type == TYPE_SS || by->type == TYPE_NS || by->type == TYPE_BS;
    if (!set && !(add && by->type == TYPE_N)) {
        (void)fault(u, NAIVE_FAULT_LITERAL);
    } else if (there == NULL) {
        a->value = add ? by : NULL;
    } else if (there->type != by->type) {
        (void)fault(u, NAIVE_FAULT_TYPE);
    } else if (set) {
        a->value = combined(u, there, by, add);
        a->gone = a->value->count == 0;
    } else {
        struct naive_value *sum = naive_new(u->m, sizeof *sum);
        *sum = naive_n(there->hundredths + by->hundredths);
        a->value = sum;
    }
}

/* Whether what the path's last step goes into is there and of its kind. */
static bool leads_somewhere(const struct updating *u, const struct naive_path *path)
{
    struct naive_path parent = *path;
    parent.count--;
    const struct naive_value *into = naive_resolve(u->before, &parent);
    bool by_name = path->steps[path->count - 1].name.size > 0;
    return into != NULL && into->type == (by_name ? TYPE_M : TYPE_L);
}

static void work_out(struct updating *u, struct assignment *a)
{
    if (a->node->kind == NAIVE_SET) {
        a->value = right_side(u, a->node->children[1]);
    } else if (a->node->kind == NAIVE_REMOVE) {
        a->gone = true;
    } else {
        add_or_delete(u, a);
    }
    bool nothing_to_do = a->node->kind == NAIVE_REMOVE && u->absent; /* DDB-UPDATE-6 */
    if (!nothing_to_do && !leads_somewhere(u, &a->node->children[0]->path)) {
        (void)fault(u, NAIVE_FAULT_PATH);
    }
}

/* The part of the assignments that is about one place of the item: those whose path begins with
 * `path`. */
struct place {
    struct updating *u;
    const struct assignment *assignments;
    uint32_t count;
    struct naive_path path;
};

static bool concerns(const struct place *p, const struct assignment *a)
{
    const struct naive_path *path = &a->node->children[0]->path;
    bool same = path->count >= p->path.count;
    for (uint32_t i = 0; same && i < p->path.count; i++) {
        same = text_equal(path->steps[i].name, p->path.steps[i].name) &&
               path->steps[i].index == p->path.steps[i].index;
    }
    return same;
}

static struct place step_down(const struct place *p, struct naive_step step)
{
    struct place down = *p;
    down.path.steps[down.path.count++] = step;
    return down;
}

static const struct naive_value *rebuilt(const struct place *p, const struct naive_value *old,
                                         bool *gone);

static const struct naive_value *rebuilt_map(const struct place *p, const struct naive_value *old)
{
    const struct naive_value *map = old;
    for (uint32_t i = 0; i < p->count; i++) {
        const struct assignment *a = &p->assignments[i];
        if (!concerns(p, a)) {
            continue;
        }
        struct text name = a->node->children[0]->path.steps[p->path.count].name;
        struct place down = step_down(p, (struct naive_step){.name = name});
        bool gone = false;
        const struct naive_value *value = rebuilt(&down, naive_get(old, name), &gone);
        map = gone            ? naive_without(p->u->m, map, name)
              : value != NULL ? naive_with(p->u->m, map, name, value)
                              : map;
    }
    return map;
}

/* A list: its elements that stay, changed or not, then what is set behind its end, by index. */
static const struct naive_value *rebuilt_list(const struct place *p, const struct naive_value *old)
{
    enum { INDEX_MAX = 64 };
    struct naive_value *list = naive_new(p->u->m, sizeof *list);
    struct naive_member *members = naive_new(p->u->m, (old->count + INDEX_MAX) * sizeof *members);
    *list = (struct naive_value){.type = TYPE_L, .members = members};
    for (uint32_t i = 0; i < old->count || i < INDEX_MAX; i++) {
        struct place down = step_down(p, (struct naive_step){.index = i});
        bool gone = false;
        const struct naive_value *value =
            rebuilt(&down, i < old->count ? &old->members[i].value : NULL, &gone);
        if (!gone && value != NULL) {
            members[list->count++].value = *value;
        }
    }
    return list;
}

/* What becomes of a place: `old`, NULL for nothing, unless some assignment is about it. */
static const struct naive_value *rebuilt(const struct place *p, const struct naive_value *old,
                                         bool *gone)
{
    bool any = false;
    for (uint32_t i = 0; i < p->count; i++) {
        const struct assignment *a = &p->assignments[i];
        if (!concerns(p, a)) {
            continue;
        }
        if (a->node->children[0]->path.count == p->path.count) {
            *gone = a->gone;
            return a->value != NULL ? a->value : old;
        }
        any = true;
    }
    if (!any || old == NULL) {
        return old;
    }
    return old->type == TYPE_M ? rebuilt_map(p, old) : rebuilt_list(p, old);
}

const struct naive_value *naive_update(struct naive_memory *m, const struct naive_node *n,
                                       const struct naive_value *item, bool absent,
                                       uint32_t *faults)
{
    struct updating u = {m, item, absent, 0};
    struct assignment *assignments = naive_new(m, n->count * sizeof *assignments);
    for (uint32_t i = 0; i < n->count; i++) {
        assignments[i].node = n->children[i];
        work_out(&u, &assignments[i]);
    }
    *faults = u.faults;
    struct place whole = {&u, assignments, n->count, {0}};
    bool gone = false;
    return u.faults != 0 ? NULL : rebuilt(&whole, item, &gone);
}

/* Projections */

/* One of the paths from some point of an item on: those that begin as `done` does. */
struct walk {
    struct naive_memory *m;
    const struct naive_node *n;
    struct naive_path done;
};

static const struct naive_path *path_of(const struct naive_node *n, uint32_t i)
{
    const struct naive_node *child = n->children[i];
    return child->kind == NAIVE_PATH ? &child->path : &child->children[0]->path;
}

static bool same_step(const struct naive_step *a, const struct naive_step *b)
{
    return text_equal(a->name, b->name) && (a->name.size > 0 || a->index == b->index);
}

bool naive_paths_equal(const struct naive_path *a, const struct naive_path *b)
{
    bool equal = a->count == b->count;
    for (uint32_t i = 0; equal && i < a->count; i++) {
        equal = same_step(&a->steps[i], &b->steps[i]);
    }
    return equal;
}

bool naive_paths_clash(const struct naive_path *a, const struct naive_path *b)
{
    uint32_t i = 0;
    while (i < a->count && i < b->count && same_step(&a->steps[i], &b->steps[i])) {
        i++;
    }
    return i == a->count || i == b->count ||
           (a->steps[i].name.size > 0) != (b->steps[i].name.size > 0);
}

/* How many paths begin as the walk has gone, and whether one of them ends there. */
static bool any_path(const struct walk *w, bool *ends)
{
    bool any = false;
    *ends = false;
    for (uint32_t i = 0; i < w->n->count; i++) {
        struct naive_path cut = *path_of(w->n, i);
        bool whole = cut.count == w->done.count;
        cut.count = cut.count < w->done.count ? cut.count : w->done.count;
        if (naive_paths_equal(&cut, &w->done)) {
            any = true;
            *ends = *ends || whole;
        }
    }
    return any;
}

/* What of a value is named; NULL: nothing. */
static const struct naive_value *kept(const struct walk *w, const struct naive_value *value)
{
    bool ends;
    bool any = any_path(w, &ends);
    if (ends || !any) {
        return ends ? value : NULL;
    }
    if (value->type != TYPE_M && value->type != TYPE_L) {
        return NULL;
    }
    struct naive_value *part = naive_new(w->m, sizeof *part);
    struct naive_member *members = naive_new(w->m, (value->count + 1) * sizeof *members);
    *part = (struct naive_value){.type = value->type, .members = members};
    for (uint32_t i = 0; i < value->count; i++) {
        struct walk down = *w;
        down.done.steps[down.done.count++] =
            (struct naive_step){.name = value->members[i].name, .index = i};
        const struct naive_value *member = kept(&down, &value->members[i].value);
        if (member != NULL) {
            members[part->count++] = (struct naive_member){value->members[i].name, *member};
        }
    }
    return part->count > 0 ? part : NULL;
}

const struct naive_value *naive_project(struct naive_memory *m, const struct naive_node *n,
                                        const struct naive_value *item)
{
    struct walk w = {m, n, {0}};
    const struct naive_value *part = item == NULL ? NULL : kept(&w, item);
    return part != NULL ? part : naive_without(m, NULL, TEXT(""));
}

/* Literals */

static bool is_literal(const struct naive_node *n)
{
    return n->kind == NAIVE_LITERAL;
}

/* Whether some operand is a literal of another type than those of the mask. */
static bool literal_outside(const struct naive_node *n, uint32_t types)
{
    bool outside = false;
    for (uint32_t i = 0; i < n->count; i++) {
        const struct naive_node *child = n->children[i];
        outside = outside || (is_literal(child) && (types & 1U << child->literal->type) == 0);
    }
    return outside;
}

static bool names_a_type(const struct naive_value *value)
{
    static const char names[] = " S N B BOOL NULL M L SS NS BS ";
    char wanted[8] = " ";
    if (value->type != TYPE_S || value->bytes.size == 0 || value->bytes.size > 4) {
        return false;
    }
    memcpy(wanted + 1, value->bytes.at, value->bytes.size);
    wanted[1 + value->bytes.size] = ' ';
    return strstr(names, wanted) != NULL;
}

static bool bad_bounds(const struct naive_node *n)
{
    const struct naive_node *low = n->children[1];
    const struct naive_node *high = n->children[2];
    if (!is_literal(low) || !is_literal(high)) {
        return false;
    }
    return low->literal->type != high->literal->type ||
           naive_order(low->literal, high->literal) > 0;
}

static bool refused_here(const struct naive_node *n)
{
    enum {
        BYTES = 1U << TYPE_S | 1U << TYPE_B,
        ORDERED = BYTES | 1U << TYPE_N,
        SETS = 1U << TYPE_SS | 1U << TYPE_NS | 1U << TYPE_BS
    };

    switch ((int)n->kind) {
    case NAIVE_LESS:
    case NAIVE_LESS_EQUAL:
    case NAIVE_GREATER:
    case NAIVE_GREATER_EQUAL:
        return literal_outside(n, ORDERED);
    case NAIVE_BETWEEN:
        return literal_outside(n, ORDERED) || bad_bounds(n);
    case NAIVE_BEGINS_WITH:
        return literal_outside(n, BYTES);
    case NAIVE_TYPE:
        return !names_a_type(n->children[1]->literal);
    case NAIVE_PLUS:
    case NAIVE_MINUS:
        return literal_outside(n, 1U << TYPE_N);
    case NAIVE_LIST_APPEND:
        return literal_outside(n, 1U << TYPE_L);
    case NAIVE_ADD:
        return literal_outside(n, SETS | 1U << TYPE_N);
    case NAIVE_DELETE:
        return literal_outside(n, SETS);
    default:
        return false;
    }
}

bool naive_refused(const struct naive_node *n)
{
    bool refused = refused_here(n);
    for (uint32_t i = 0; i < n->count; i++) {
        refused = refused || naive_refused(n->children[i]);
    }
    return refused;
}

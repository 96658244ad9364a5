/* table_sequence.c: see table_sequence.h. */
#include "tests/table_sequence.h"

#include "sim/assert.h"
#include "sim/random.h"

enum { LARGE_MAX = 300000, QUARTER_PAGE = 1 << 18, INDEX_ATTRIBUTES = 3 };

static const char *const NAMES[] = {"#h",      "h",      "#r",   "r",   "#a", "a",  "#b",
                                    "b",       "#c",     "c",    "#d",  "d",  "#e", "e",
                                    "#status", "status", "#ttl", "ttl", "#p", "p",  NULL};

const char *const *sequence_names(void)
{
    return NAMES;
}

/* What is being made. */
struct maker {
    struct naive_memory *m;
    struct random_stream random;
    const struct table_config *config;
    struct operation *o;
    enum attribute_type index_types[INDEX_ATTRIBUTES]; /* of a, b and c */
    uint32_t large;                                    /* per cent of items that are large */
    int64_t start_s;
};

static uint32_t below(struct maker *k, uint32_t count)
{
    return (uint32_t)random_below(&k->random, count);
}

static bool chance(struct maker *k, uint32_t percent)
{
    return below(k, 100) < percent;
}

/* Values */

static struct naive_value pick_s(struct maker *k)
{
    static const char *const pool[] = {"",  "a",        "ab", "abc", "b",       "ba",
                                       "z", "\xc3\xa9", "N",  "SS",  "pending", "manifested"};
    return naive_s(text_from(pool[below(k, 12)]));
}

static struct naive_value pick_n(struct maker *k)
{
    static const int64_t pool[] = {0,   100, -100, 150,  200,   250,   300,
                                   -50, 25,  1000, 9900, 10000, 12345, 99999999999};
    return naive_n(pool[below(k, 14)]);
}

static struct naive_value pick_b(struct maker *k)
{
    static const struct text pool[] = {
        {"",       0},
        {"\0",     1},
        {"\0\0",   2},
        {"a",      1},
        {"ab",     2},
        {"\x7f",   1},
        {"\x80",   1},
        {"\xff",   1},
        {"\xff\0", 2}
    };
    return (struct naive_value){.type = TYPE_B, .bytes = pool[below(k, 9)]};
}

static struct naive_value pick(struct maker *k, enum attribute_type type, uint32_t depth);

/* Elements of a set: each value once, at least one. */
static struct naive_value pick_set(struct maker *k, enum attribute_type type)
{
    enum attribute_type of = type == TYPE_SS ? TYPE_S : type == TYPE_NS ? TYPE_N : TYPE_B;
    uint32_t room = 1 + below(k, 4);
    struct naive_member *members = naive_new(k->m, room * sizeof *members);
    struct naive_value set = {.type = type, .members = members};
    for (uint32_t i = 0; i < room; i++) {
        struct naive_value element = pick(k, of, 0);
        if (!naive_has_element(&set, &element)) {
            members[set.count++].value = element;
        }
    }
    return set;
}

static struct naive_value pick_document(struct maker *k, enum attribute_type type, uint32_t depth)
{
    static const char *const names[] = {"a", "b", "d", "e"};
    uint32_t room = below(k, 4);
    struct naive_member *members = naive_new(k->m, (room + 1) * sizeof *members);
    struct naive_value document = {.type = type, .members = members};
    for (uint32_t i = 0; i < room; i++) {
        struct text name = type == TYPE_M ? text_from(names[below(k, 4)]) : TEXT("");
        enum attribute_type of = (enum attribute_type)below(k, 10);
        struct naive_value value =
            pick(k, depth == 0 && (of == TYPE_M || of == TYPE_L) ? TYPE_N : of,
                 depth == 0 ? 0 : depth - 1);
        if (type == TYPE_L || naive_get(&document, name) == NULL) {
            members[document.count++] = (struct naive_member){name, value};
        }
    }
    return document;
}

static struct naive_value pick(struct maker *k, enum attribute_type type, uint32_t depth)
{
    switch (type) {
    case TYPE_S:
        return pick_s(k);
    case TYPE_N:
        return pick_n(k);
    case TYPE_B:
        return pick_b(k);
    case TYPE_BOOL:
        return (struct naive_value){.type = TYPE_BOOL, .boolean = chance(k, 50)};
    case TYPE_NULL:
        return (struct naive_value){.type = TYPE_NULL};
    case TYPE_M:
    case TYPE_L:
        return pick_document(k, type, depth);
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        break;
    }
    return pick_set(k, type);
}

static struct naive_value pick_any(struct maker *k)
{
    return pick(k, (enum attribute_type)below(k, 10), 2);
}

/* A value that can be a key: never empty. */
static struct naive_value pick_key(struct maker *k, enum attribute_type type, uint32_t count)
{
    static const char *const texts[] = {"f1",         "f10",  "f2", "g",
                                        "2026-01-29", "LOCK", "f",  "\xc3\xa9"};
    static const struct text binaries[] = {
        {"\0",       1},
        {"\xff",     1},
        {"a",        1},
        {"\0\0",     2},
        {"ab",       2},
        {"\x7f",     1},
        {"\x80",     1},
        {"\xff\xff", 2}
    };
    static const int64_t numbers[] = {100, -100, 0, 50, 1000, 900, -1050, 123456789};
    uint32_t i = below(k, count);
    return type == TYPE_S   ? naive_s(text_from(texts[i]))
           : type == TYPE_N ? naive_n(numbers[i])
                            : (struct naive_value){.type = TYPE_B, .bytes = binaries[i]};
}

/* Items */

enum { HASH_VALUES = 3, RANGE_VALUES = 8, INDEX_VALUES = 3 };

static const struct naive_value *with(struct maker *k, const struct naive_value *item,
                                      const char *name, struct naive_value value)
{
    return naive_with(k->m, item, text_from(name), &value);
}

/* A key; one in fifty is not what the schema wants. */
static const struct naive_value *make_key(struct maker *k)
{
    const struct table_config *c = k->config;
    const struct naive_value *key = naive_without(k->m, NULL, TEXT(""));
    key = with(k, key, "h", pick_key(k, c->hash_key.type, HASH_VALUES));
    if (c->range_key.name != NULL) {
        key = with(k, key, "r", pick_key(k, c->range_key.type, RANGE_VALUES));
    }
    if (!chance(k, 2)) {
        return key;
    }
    const char *name = c->range_key.name != NULL && chance(k, 50) ? "r" : "h";
    switch (below(k, 4)) {
    case 0:
        return naive_without(k->m, key, text_from(name));
    case 1:
        return with(k, key, "d", pick_n(k));
    case 2:
        return with(k, key, name, pick_any(k));
    default:
        return with(k, key, name, naive_s(TEXT("")));
    }
}

static struct naive_value make_ttl(struct maker *k)
{
    static const int64_t year_s = 365 * 86400;
    int64_t s = k->start_s + (int64_t)below(k, 30) - 15;
    uint32_t what = below(k, 12);
    return what == 0   ? naive_n(100 * (s - 5 * year_s))
           : what == 1 ? naive_n(100 * s + 50)
           : what == 2 ? pick_any(k)
                       : naive_n(100 * s);
}

/* The value of an attribute that an index may have as its key: mostly of the right type. */
static struct naive_value make_index_value(struct maker *k, uint32_t attribute)
{
    return chance(k, 96) ? pick_key(k, k->index_types[attribute], INDEX_VALUES) : pick_any(k);
}

/* The item, made just so large where that takes more. */
static const struct naive_value *with_padding(struct maker *k, const struct naive_value *item,
                                              uint32_t size)
{
    static const char padding[LARGE_MAX];
    int64_t rest = size - naive_item_size(item) - 1;
    return rest < 0 ? item : with(k, item, "p", naive_s((struct text){padding, (size_t)rest}));
}

static const struct naive_value *make_item(struct maker *k)
{
    static const char *const indexed[INDEX_ATTRIBUTES] = {"a", "b", "c"};
    static const char *const others[] = {"d", "e", "status"};
    const struct naive_value *item = make_key(k);
    for (uint32_t i = 0; i < INDEX_ATTRIBUTES; i++) {
        item = chance(k, 75) ? with(k, item, indexed[i], make_index_value(k, i)) : item;
    }
    for (uint32_t i = 0; i < 3; i++) {
        struct naive_value value =
            chance(k, 50) ? pick_document(k, chance(k, 60) ? TYPE_M : TYPE_L, 2) : pick_any(k);
        item = chance(k, 50) ? with(k, item, others[i], value) : item;
    }
    item = chance(k, 50) ? with(k, item, "ttl", make_ttl(k)) : item;
    if (chance(k, k->large)) {
        return with_padding(k, item, chance(k, 50) ? QUARTER_PAGE : below(k, LARGE_MAX));
    }
    return chance(k, 20) ? with_padding(k, item, 1024 * (1 + below(k, 5)) + below(k, 2)) : item;
}

/* Expressions */

static struct naive_node *node(struct maker *k, enum naive_kind kind)
{
    struct naive_node *n = naive_new(k->m, sizeof *n);
    n->kind = kind;
    return n;
}

static void hang(struct naive_node *parent, const struct naive_node *child)
{
    ASSERT(parent->count < NAIVE_CHILDREN_MAX);
    parent->children[parent->count++] = child;
}

static struct naive_node *pair(struct maker *k, enum naive_kind kind, const struct naive_node *a,
                               const struct naive_node *b)
{
    struct naive_node *n = node(k, kind);
    hang(n, a);
    hang(n, b);
    return n;
}

static const struct naive_node *literal(struct maker *k, struct naive_value value)
{
    struct naive_value *copy = naive_new(k->m, sizeof *copy);
    struct naive_node *n = node(k, NAIVE_LITERAL);
    *copy = value;
    n->literal = copy;
    n->position = k->o->values_count;
    ASSERT(k->o->values_count < SEQUENCE_VALUES_MAX);
    k->o->values[k->o->values_count++] = copy;
    return n;
}

static const struct naive_node *named(struct maker *k, const char *name)
{
    struct naive_node *n = node(k, NAIVE_PATH);
    n->path.count = 1;
    n->path.steps[0].name = text_from(name);
    return n;
}

/* Some attribute; `filter` asks for none of the keys of what is queried. */
static const char *attribute(struct maker *k, bool filter)
{
    static const char *const pool[] = {"d", "e", "status", "ttl", "p", "a", "b", "c", "h", "r"};
    if (!filter) {
        return pool[below(k, 10)];
    }
    return pool[below(k, k->o->index == TABLE_BASE ? 8 : 5)];
}

/* Steps into an attribute's document, now and then. */
static const struct naive_node *into(struct maker *k, const struct naive_node *attribute)
{
    static const char *const names[] = {"a", "b", "d", "e"};
    struct naive_node *n = node(k, NAIVE_PATH);
    *n = *attribute;
    while (n->path.count < NAIVE_PATH_MAX && chance(k, 35)) {
        struct naive_step *step = &n->path.steps[n->path.count++];
        if (chance(k, 60)) {
            step->name = text_from(names[below(k, 4)]);
        } else {
            step->index = below(k, 4);
        }
    }
    return n;
}

static const struct naive_node *path(struct maker *k, bool filter)
{
    const char *name = attribute(k, filter);
    const struct naive_node *n = named(k, name);
    bool document = name[0] == 'd' || name[0] == 'e' || name[0] == 's';
    return chance(k, document ? 60 : 3) ? into(k, n) : n;
}

/* A literal for an attribute: mostly of the type that it has. */
static struct naive_value fitting(struct maker *k, const struct naive_node *n)
{
    struct text name = n->kind == NAIVE_PATH ? n->path.steps[0].name : TEXT("d");
    for (uint32_t i = 0; i < INDEX_ATTRIBUTES; i++) {
        if (name.at[0] == 'a' + (char)i && chance(k, 90)) {
            return pick_key(k, k->index_types[i], INDEX_VALUES);
        }
    }
    if (text_equal(name, TEXT("ttl")) && chance(k, 90)) {
        return make_ttl(k);
    }
    return n->kind == NAIVE_SIZE ? naive_n(100 * (int64_t)below(k, 5))
                                 : pick(k, (enum attribute_type)below(k, 3), 0);
}

/* S, N or B: what < and BETWEEN take; seldom something else. */
static struct naive_value ordered(struct maker *k, const struct naive_node *n)
{
    struct naive_value value = chance(k, 1) ? pick_any(k) : fitting(k, n);
    if (chance(k, 1)) {
        return value;
    }
    return value.type <= TYPE_B ? value : pick_n(k);
}

static const struct naive_node *make_operand(struct maker *k, bool filter)
{
    const struct naive_node *p = path(k, filter);
    if (!chance(k, 15)) {
        return p;
    }
    struct naive_node *n = node(k, NAIVE_SIZE);
    hang(n, p);
    return n;
}

static bool same_path(const struct naive_node *a, const struct naive_node *b)
{
    return a->kind == NAIVE_PATH && b->kind == NAIVE_PATH && naive_paths_equal(&a->path, &b->path);
}

static const struct naive_node *make_comparison(struct maker *k, bool filter)
{
    enum naive_kind kind = (enum naive_kind)(NAIVE_EQUAL + below(k, 6));
    const struct naive_node *a = make_operand(k, filter);
    const struct naive_node *b = make_operand(k, filter);
    if (chance(k, 75) || same_path(a, b)) {
        bool any = kind == NAIVE_EQUAL || kind == NAIVE_UNEQUAL;
        b = literal(k, any && chance(k, 20) ? pick_any(k) : ordered(k, a));
    }
    return chance(k, 15) ? pair(k, kind, b, a) : pair(k, kind, a, b);
}

static const struct naive_node *make_between(struct maker *k, bool filter)
{
    const struct naive_node *a = make_operand(k, filter);
    struct naive_value low = ordered(k, a);
    struct naive_value high = pick(k, low.type, 0);
    bool swap = low.type <= TYPE_B && naive_order(&low, &high) > 0 && !chance(k, 2);
    struct naive_node *n = pair(k, NAIVE_BETWEEN, a, literal(k, swap ? high : low));
    hang(n, literal(k, swap ? low : high));
    return n;
}

static const struct naive_node *make_in(struct maker *k, bool filter)
{
    struct naive_node *n = node(k, NAIVE_IN);
    const struct naive_node *a = make_operand(k, filter);
    hang(n, a);
    for (uint32_t i = 1 + below(k, 3); i > 0; i--) {
        hang(n, literal(k, chance(k, 20) ? pick_any(k) : fitting(k, a)));
    }
    return n;
}

static const struct naive_node *make_function(struct maker *k, bool filter)
{
    static const char *const types[] = {"S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"};
    const struct naive_node *a = path(k, filter);
    struct naive_node *n = node(k, (enum naive_kind)(NAIVE_EXISTS + below(k, 5)));
    hang(n, a);
    if (n->kind == NAIVE_TYPE) {
        hang(n, literal(k, chance(k, 2) ? pick_any(k) : naive_s(text_from(types[below(k, 10)]))));
    } else if (n->kind == NAIVE_BEGINS_WITH) {
        hang(n, literal(k, chance(k, 2) ? pick_any(k) : chance(k, 70) ? pick_s(k) : pick_b(k)));
    } else if (n->kind == NAIVE_CONTAINS) {
        const struct naive_node *b = path(k, filter);
        hang(n, chance(k, 80) || same_path(a, b) ? literal(k, fitting(k, a)) : b);
    }
    return n;
}

static const struct naive_node *make_simple(struct maker *k, bool filter)
{
    uint32_t what = below(k, 10);
    return what < 5    ? make_comparison(k, filter)
           : what == 5 ? make_between(k, filter)
           : what == 6 ? make_in(k, filter)
                       : make_function(k, filter);
}

/* The same node in parentheses; doubled ones are an error. */
static const struct naive_node *aside(struct maker *k, const struct naive_node *n)
{
    struct naive_node *copy = node(k, n->kind);
    *copy = *n;
    copy->aside = true;
    return copy;
}

static const struct naive_node *make_condition(struct maker *k, bool filter, uint32_t depth)
{
    uint32_t what = depth == 0 ? 9 : below(k, 10);
    if (what > 4) {
        const struct naive_node *simple = make_simple(k, filter);
        return chance(k, 10) ? aside(k, simple) : simple;
    }
    struct naive_node *n = node(k, what < 2 ? NAIVE_AND : what < 4 ? NAIVE_OR : NAIVE_NOT);
    for (uint32_t i = n->kind == NAIVE_NOT ? 1 : 2 + below(k, 2); i > 0; i--) {
        const struct naive_node *child = make_condition(k, filter, depth - 1);
        bool apart = (n->kind == NAIVE_NOT && child->kind <= NAIVE_NOT) ||
                     (n->kind == NAIVE_AND && child->kind == NAIVE_OR);
        hang(n, apart ? aside(k, child) : child);
    }
    return n;
}

/* Updates */

static const struct naive_node *make_right_side(struct maker *k, struct naive_value value)
{
    uint32_t what = below(k, 10);
    if (what < 5) {
        return literal(k, value);
    }
    if (what == 5) {
        return path(k, false);
    }
    if (what == 6) {
        return pair(k, NAIVE_IF_NOT_EXISTS, path(k, false), literal(k, value));
    }
    if (what == 7) {
        const struct naive_node *zero =
            pair(k, NAIVE_IF_NOT_EXISTS, path(k, false), literal(k, naive_n(0)));
        return pair(k, NAIVE_PLUS, zero, literal(k, pick_n(k)));
    }
    if (what == 8) {
        return pair(k, chance(k, 50) ? NAIVE_PLUS : NAIVE_MINUS, path(k, false),
                    literal(k, pick_n(k)));
    }
    const struct naive_node *list = chance(k, 60) ? literal(k, pick(k, TYPE_L, 1)) : path(k, false);
    return pair(k, NAIVE_LIST_APPEND, list, literal(k, pick(k, TYPE_L, 1)));
}

static const struct naive_node *make_assignment(struct maker *k, const struct naive_node *p)
{
    enum naive_kind kind = (enum naive_kind)(NAIVE_SET + (below(k, 10) < 5 ? 0 : 1 + below(k, 3)));
    struct naive_node *n = node(k, kind);
    struct text name = p->path.steps[0].name;
    hang(n, p);
    bool indexed = name.at[0] >= 'a' && name.at[0] <= 'c' && p->path.count == 1;
    if (kind == NAIVE_SET) {
        hang(n, make_right_side(k, text_equal(name, TEXT("ttl")) ? make_ttl(k)
                                   : indexed ? make_index_value(k, (uint32_t)(name.at[0] - 'a'))
                                             : pick_any(k)));
    } else if (kind != NAIVE_REMOVE) {
        bool number = kind == NAIVE_ADD && chance(k, 50);
        hang(n,
             literal(k, number          ? pick_n(k)
                        : chance(k, 95) ? pick_set(k, (enum attribute_type)(TYPE_SS + below(k, 3)))
                                        : pick_any(k)));
    }
    return n;
}

/* Whether a path gets along with those that an update or a projection has. */
static bool fits(const struct naive_node *n, const struct naive_node *path)
{
    bool fits = true;
    for (uint32_t i = 0; i < n->count; i++) {
        const struct naive_node *child = n->children[i];
        const struct naive_node *other = child->kind == NAIVE_PATH ? child : child->children[0];
        fits = fits && !naive_paths_clash(&other->path, &path->path);
    }
    return fits;
}

static const struct naive_node *make_update(struct maker *k)
{
    static const char *const pool[] = {"d", "e", "status", "ttl", "a", "b", "c", "p"};
    struct naive_node *n = node(k, NAIVE_UPDATE);
    if (chance(k, 2)) {
        hang(n, make_assignment(k, named(k, chance(k, 50) ? "h" : "r")));
        return n;
    }
    for (uint32_t i = 1 + below(k, 4); i > 0; i--) {
        uint32_t name = below(k, 8);
        const struct naive_node *p = named(k, pool[name]);
        p = name < 3 && chance(k, 60) ? into(k, p) : p;
        if (fits(n, p)) {
            hang(n, make_assignment(k, p));
        }
    }
    return n;
}

static const struct naive_node *make_projection(struct maker *k)
{
    struct naive_node *n = node(k, NAIVE_PROJECTION);
    for (uint32_t i = 1 + below(k, 5); i > 0 || n->count == 0; i -= i > 0) {
        const struct naive_node *p = path(k, false);
        if (fits(n, p)) {
            hang(n, p);
        }
    }
    return n;
}

/* Queries */

static const struct naive_node *make_key_part(struct maker *k, const struct table_key *key,
                                              bool hash)
{
    uint32_t values =
        hash && text_equal(text_from(key->name), TEXT("h")) ? HASH_VALUES : RANGE_VALUES;

    static const enum naive_kind kinds[] = {NAIVE_EQUAL,      NAIVE_LESS,          NAIVE_LESS_EQUAL,
                                            NAIVE_GREATER,    NAIVE_GREATER_EQUAL, NAIVE_BETWEEN,
                                            NAIVE_BEGINS_WITH};
    enum naive_kind kind = hash ? NAIVE_EQUAL : kinds[below(k, 7)];
    const struct naive_node *p = named(k, key->name);
    if (kind == NAIVE_BETWEEN) {
        struct naive_value low = pick_key(k, key->type, values);
        struct naive_value high = pick_key(k, key->type, values);
        bool swap = naive_order(&low, &high) > 0;
        struct naive_node *n = pair(k, kind, p, literal(k, swap ? high : low));
        hang(n, literal(k, swap ? low : high));
        return n;
    }
    bool wrong = chance(k, 1);
    kind = kind == NAIVE_BEGINS_WITH && (key->type == TYPE_N || wrong) ? NAIVE_EQUAL : kind;
    const struct naive_node *value = literal(k, wrong ? pick(k, (enum attribute_type)below(k, 3), 0)
                                                      : pick_key(k, key->type, values));
    return kind != NAIVE_BEGINS_WITH && chance(k, 10)
               ? pair(k,
                      kind == NAIVE_LESS            ? NAIVE_GREATER
                      : kind == NAIVE_GREATER       ? NAIVE_LESS
                      : kind == NAIVE_LESS_EQUAL    ? NAIVE_GREATER_EQUAL
                      : kind == NAIVE_GREATER_EQUAL ? NAIVE_LESS_EQUAL
                                                    : kind,
                      value, p)
               : pair(k, kind, p, value);
}

static const struct naive_node *make_key_condition(struct maker *k)
{
    const struct table_config *c = k->config;
    int32_t index = k->o->index;
    const struct table_key *hash = index == TABLE_BASE ? &c->hash_key : &c->indexes[index].hash_key;
    const struct table_key *range =
        index == TABLE_BASE ? &c->range_key : &c->indexes[index].range_key;
    const struct naive_node *on_hash = make_key_part(k, hash, true);
    if (range->name == NULL || chance(k, 50)) {
        return on_hash;
    }
    const struct naive_node *on_range = make_key_part(k, range, false);
    return chance(k, 20) ? pair(k, NAIVE_AND, on_range, on_hash)
                         : pair(k, NAIVE_AND, on_hash, on_range);
}

/* A filter, often one that an index may answer. */
static const struct naive_node *make_filter(struct maker *k)
{
    if (!chance(k, 60)) {
        return NULL;
    }
    if (k->o->index != TABLE_BASE || chance(k, 50)) {
        return make_condition(k, k->o->key != NULL && chance(k, 97), 2);
    }
    const char *names[] = {"a", "b", "c"};
    const struct naive_node *p = named(k, names[below(k, 3)]);
    const struct naive_node *equality = pair(k, NAIVE_EQUAL, p, literal(k, fitting(k, p)));
    return chance(k, 50) ? equality : pair(k, NAIVE_AND, equality, make_simple(k, true));
}

static int64_t pick_lag(struct maker *k)
{
    return chance(k, 40) ? 0 : chance(k, 20) ? -1 : (int64_t)below(k, 6000);
}

/* A count of what has a value in a whole partition: what builders ask again and again, and the
 * table remembers. */
static void make_count(struct maker *k)
{
    struct operation *o = k->o;
    const char *names[] = {"a", "b", "c"};
    const struct naive_node *p = named(k, names[below(k, 3)]);
    o->key = make_key_part(k, &k->config->hash_key, true);
    o->filter = pair(k, NAIVE_EQUAL, p, literal(k, fitting(k, p)));
    o->pages = UINT32_MAX;
    o->count_only = true;
}

static void make_query(struct maker *k)
{
    if (chance(k, 15)) {
        make_count(k);
        return;
    }
    struct operation *o = k->o;
    uint32_t indexes = k->config->indexes_count;
    o->index = indexes > 0 && chance(k, 40) ? (int32_t)below(k, indexes) : TABLE_BASE;
    o->key = chance(k, 75) ? make_key_condition(k) : NULL;
    o->filter = make_filter(k);
    o->backward = o->key != NULL && chance(k, 35);
    o->limit = chance(k, 50) ? 0 : 1 + below(k, 12);
    o->pages = chance(k, 70) ? UINT32_MAX : 1 + below(k, 2);
    o->count_only = chance(k, 40);
    o->plainly = chance(k, 30);
    o->lag_ms = pick_lag(k);
    bool global = o->index != TABLE_BASE && !k->config->indexes[o->index].local;
    o->consistent = o->lag_ms == 0 && chance(k, global ? 1 : 50);
    o->named_start = chance(k, 30);
    o->fetch = o->index != TABLE_BASE && chance(k, global ? 2 : 40);
    if (o->key == NULL && chance(k, 40)) {
        o->segments_count = 1 + below(k, 5);
        o->segment = below(k, o->segments_count);
    }
    o->leaders = o->index != TABLE_BASE && !o->fetch && o->filter == NULL && !o->backward &&
                 chance(k, 20) && k->config->indexes[o->index].range_key.name != NULL;
}

/* Operations */

static enum operation_kind pick_kind(struct maker *k)
{
    static const uint8_t weights[] = {
        [OPERATION_PUT] = 26,       [OPERATION_UPDATE] = 18,     [OPERATION_DELETE] = 6,
        [OPERATION_GET] = 10,       [OPERATION_QUERY] = 22,      [OPERATION_CONTINUE] = 3,
        [OPERATION_EXPIRE] = 3,     [OPERATION_NEXT_EXPIRY] = 2, [OPERATION_CONTENTS] = 2,
        [OPERATION_MARK] = 2,       [OPERATION_ROLL_BACK] = 2,   [OPERATION_RELEASE_MARKS] = 1,
        [OPERATION_CHECKPOINT] = 2, [OPERATION_REOPEN] = 1,
    };
    uint32_t at = below(k, 100);
    uint32_t kind = 0;
    while (at >= weights[kind]) {
        at -= weights[kind++];
    }
    return (enum operation_kind)kind;
}

static void make_operation(struct maker *k, struct operation *o)
{
    *o = (struct operation){.kind = pick_kind(k), .index = TABLE_BASE};
    k->o = o;
    o->delay_ms = 20 * (int64_t)below(k, 3);
    o->n = below(k, 1000);
    if (o->kind == OPERATION_QUERY) {
        make_query(k);
    } else if (o->kind <= OPERATION_GET) {
        o->item = o->kind == OPERATION_PUT ? make_item(k) : make_key(k);
        o->lag_ms = pick_lag(k);
    }
    if (o->kind <= OPERATION_DELETE && chance(k, 40)) {
        o->condition = make_condition(k, false, 3);
    }
    if (o->kind == OPERATION_UPDATE && chance(k, 97)) {
        o->update = make_update(k);
    }
    if ((o->kind == OPERATION_GET || o->kind == OPERATION_QUERY) && chance(k, 40)) {
        o->projection = make_projection(k);
    }
    o->values_known = chance(k, 60);
}

/* Limits low enough to be met, each in some of the tables. */
static void make_limits(struct maker *k, struct table_config *c)
{
    int64_t low[8];
    for (int i = 0; i < 8; i++) {
        low[i] = chance(k, 40) ? 1 + below(k, 8) : 0;
    }
    c->max_rcu = low[0];
    c->max_wcu = low[1];
    c->limits = (struct table_limits){.burst = duration_s(below(k, 4)),
                                      .key_rcu = low[2],
                                      .key_wcu = low[3],
                                      .first_rcu = low[4],
                                      .first_wcu = low[5],
                                      .growth = duration_s(below(k, 4)),
                                      .account_rcu = low[6],
                                      .account_wcu = low[7]};
}

static enum attribute_type pick_key_type(struct maker *k)
{
    return chance(k, 60) ? TYPE_S : (enum attribute_type)below(k, 3);
}

/* A key on one of the attributes that have a type for it; NULL: none. */
static struct table_key key_on(const struct maker *k, const char *name)
{
    const struct table_config *c = k->config;
    enum attribute_type type = name == NULL     ? TYPE_S
                               : name[0] == 'h' ? c->hash_key.type
                               : name[0] == 'r' ? c->range_key.type
                                                : k->index_types[name[0] - 'a'];
    return (struct table_key){name, type};
}

static void make_index(struct maker *k, struct table_index_config *x, uint32_t i)
{
    static const char *const names[] = {"x", "y", "z"};
    static const char *const attributes[] = {"a", "b", "c"};
    static const char *const ranges[] = {"h", "r", "c", NULL};
    static const char *const included[] = {"d", "status", "p"};
    *x = (struct table_index_config){.name = names[i]};
    x->local = k->config->range_key.name != NULL && chance(k, 30);
    x->hash_key = key_on(k, x->local ? "h" : attributes[i]);
    x->range_key = key_on(k, x->local ? attributes[i] : ranges[below(k, i == 2 ? 2 : 4)]);
    x->projection = chance(k, 50) ? PROJECTION_ALL : (enum table_projection)below(k, 3);
    if (x->projection == PROJECTION_INCLUDE) {
        x->include = included;
        x->include_count = 1 + below(k, 3);
    }
    x->wcu = !x->local && chance(k, 15) ? 1 + below(k, 3) : 0;
    x->rcu = !x->local && chance(k, 15) ? 1 + below(k, 3) : 0;
}

static void make_config(struct maker *k, struct table_config *c)
{
    static const uint64_t caches[] = {0, 4096, 1 << 30};
    *c = (struct table_config){
        .name = "t",
        .hash_key = {"h",               pick_key_type(k)},
        .range_key = {chance(k,                 85) ? "r" : NULL, pick_key_type(k)},
        .ttl_attribute = chance(k, 80) ? "ttl" : NULL,
        .history = {4 * NS_PER_S},
        .items_max = 64,
        .cache_bytes = caches[below(k, 3)],
        .indexes_count = below(k, 4)
    };
    c->directory = chance(k, 8) ? "a folder" : NULL;
    for (uint32_t i = 0; i < INDEX_ATTRIBUTES; i++) {
        k->index_types[i] = pick_key_type(k);
    }
    if (chance(k, 15)) {
        c->rcu = 1 + below(k, 5);
        c->wcu = 1 + below(k, 5);
    }
    if (chance(k, 15)) {
        make_limits(k, c);
    }
    for (uint32_t i = 0; i < c->indexes_count; i++) {
        make_index(k, &c->indexes[i], i);
    }
    c->collection_bytes_max = chance(k, 10) ? 1024 * (2 + below(k, 12)) : 0;
}

void sequence_make(struct sequence *s, uint64_t seed, struct naive_memory *m)
{
    struct maker k = {
        .m = m, .random = random_stream(seed, TEXT("sequence")), .config = &s->config};
    k.start_s = INT64_C(1769763600);
    s->seed = seed;
    make_config(&k, &s->config);
    k.large = chance(&k, 10) ? 60 : 0;
    s->count = 20 + below(&k, SEQUENCE_OPERATIONS_MAX - 20);
    for (uint32_t i = 0; i < s->count; i++) {
        make_operation(&k, &s->operations[i]);
    }
}

/* For people */

static void put_number(struct text_writer *w, const char *before, int64_t number, const char *after)
{
    text_put(w, text_from(before));
    text_put_integer(w, number, 0);
    text_put(w, text_from(after));
}

static void put_expression(struct text_writer *w, const char *before, const struct naive_node *n)
{
    if (n != NULL) {
        text_put(w, text_from(before));
        naive_put_expression(w, n);
    }
}

static void put_flag(struct text_writer *w, const char *name, bool set)
{
    text_put(w, set ? text_from(name) : TEXT(""));
}

static void put_query(struct text_writer *w, const struct operation *o)
{
    put_number(w, " of index ", o->index, "");
    put_expression(w, " where ", o->key);
    put_expression(w, " filter ", o->filter);
    put_flag(w, ", backward", o->backward);
    put_flag(w, ", consistent", o->consistent);
    put_flag(w, ", leaders", o->leaders);
    put_flag(w, ", count", o->count_only);
    put_flag(w, ", plainly", o->plainly);
    put_flag(w, ", fetch", o->fetch);
    put_flag(w, ", named start", o->named_start);
    if (o->segments_count > 0) {
        put_number(w, ", segment ", o->segment, "");
        put_number(w, " of ", o->segments_count, "");
    }
    put_number(w, ", limit ", o->limit, "");
    put_number(w, ", pages ", o->pages == UINT32_MAX ? -1 : (int64_t)o->pages, "");
}

/* Whether an expression (NULL: none) has that value. */
static bool uses(const struct naive_node *n, uint32_t position)
{
    bool found = n != NULL && n->kind == NAIVE_LITERAL && n->position == position;
    for (uint32_t i = 0; n != NULL && i < n->count; i++) {
        found = found || uses(n->children[i], position);
    }
    return found;
}

void sequence_put_operation(struct text_writer *w, const struct operation *o)
{
    static const char *const names[] = {
        [OPERATION_PUT] = "put",
        [OPERATION_UPDATE] = "update",
        [OPERATION_DELETE] = "delete",
        [OPERATION_GET] = "get",
        [OPERATION_QUERY] = "query",
        [OPERATION_CONTINUE] = "continue the query",
        [OPERATION_EXPIRE] = "expire",
        [OPERATION_NEXT_EXPIRY] = "next expiry",
        [OPERATION_CONTENTS] = "look at all",
        [OPERATION_MARK] = "mark",
        [OPERATION_ROLL_BACK] = "roll back",
        [OPERATION_RELEASE_MARKS] = "release marks",
        [OPERATION_CHECKPOINT] = "checkpoint",
        [OPERATION_REOPEN] = "reopen",
    };
    put_number(w, "+", o->delay_ms, " ms ");
    text_put(w, text_from(names[o->kind]));
    if (o->item != NULL) {
        text_put_char(w, ' ');
        naive_put_item(w, o->item);
    }
    if (o->kind == OPERATION_QUERY) {
        put_query(w, o);
    }
    put_expression(w, " by ", o->update);
    put_expression(w, " of it ", o->projection);
    put_flag(w, ", values known", o->values_known && o->values_count > 0);
    put_expression(w, " if ", o->condition);
    put_flag(w, ", eventually", o->lag_ms < 0);
    if (o->lag_ms > 0) {
        put_number(w, ", ", o->lag_ms, " ms ago");
    }
    if (o->kind >= OPERATION_EXPIRE && o->kind != OPERATION_CONTENTS) {
        put_number(w, " (", o->n, ")");
    }
    for (uint32_t i = 0; i < o->values_count; i++) {
        if (uses(o->condition, i) || uses(o->update, i) || uses(o->key, i) || uses(o->filter, i) ||
            uses(o->projection, i)) {
            put_number(w, "; :v", i, " = ");
            naive_put_value(w, o->values[i]);
        }
    }
}

static void put_key(struct text_writer *w, const char *before, const struct table_key *key)
{
    if (key->name != NULL) {
        text_put(w, text_from(before));
        text_put(w, text_from(key->name));
        text_put_char(w, ' ');
        text_put(w, attribute_type_text(key->type));
    }
}

static void put_limits(struct text_writer *w, const struct table_config *c)
{
    const struct table_limits *l = &c->limits;

    const struct {
        const char *name;
        int64_t value;
    } limits[] = {
        {", max rcu ",     c->max_rcu             },
        {", max wcu ",     c->max_wcu             },
        {", burst s ",     l->burst.ns / NS_PER_S },
        {", growth s ",    l->growth.ns / NS_PER_S},
        {", key rcu ",     l->key_rcu             },
        {", key wcu ",     l->key_wcu             },
        {", first rcu ",   l->first_rcu           },
        {", first wcu ",   l->first_wcu           },
        {", account rcu ", l->account_rcu         },
        {", account wcu ", l->account_wcu         },
    };

    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        if (limits[i].value != 0) {
            put_number(w, limits[i].name, limits[i].value, "");
        }
    }
}

void sequence_put_config(struct text_writer *w, const struct table_config *c)
{
    put_key(w, "table: ", &c->hash_key);
    put_key(w, ", ", &c->range_key);
    put_flag(w, ", ttl", c->ttl_attribute != NULL);
    put_number(w, ", rcu ", c->rcu, "");
    put_number(w, ", wcu ", c->wcu, "");
    put_number(w, ", cache ", (int64_t)c->cache_bytes, " bytes");
    put_number(w, ", collection ", (int64_t)c->collection_bytes_max, " bytes");
    put_limits(w, c);
    for (uint32_t i = 0; i < c->indexes_count; i++) {
        const struct table_index_config *x = &c->indexes[i];
        put_number(w, "; index ", i, x->local ? " (local): " : ": ");
        put_key(w, "", &x->hash_key);
        put_key(w, ", ", &x->range_key);
        put_flag(w, ", keys only", x->projection == PROJECTION_KEYS_ONLY);
        put_flag(w, ", includes", x->projection == PROJECTION_INCLUDE);
        put_number(w, ", rcu ", x->rcu, "");
        put_number(w, ", wcu ", x->wcu, "");
    }
}

/* expression_parse.c: from the text of an expression to its tree; see expression.h.
 *
 * Method. Recursive descent over tokens. DynamoDB reports one error, and which one does not depend
 * on where it stands but on its kind; so errors are noted by kind while the text is parsed and the
 * first kind in rank is reported. Source: DDB-EXPR-7.
 */
#include "model/dynamodb/expression_token.h"
#include "model/dynamodb/expression_tree.h"
#include "model/dynamodb/reserved_words.h"
#include "sim/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Sources: DDB-EXPR-12; DDB-EXPR-1 for the list of IN. */
enum {
    TEXT_SIZE_MAX = 4096,
    STATEMENT_SIZE_MAX = UINT16_MAX - 8, /* a node's number has 16 bits */
    OPERATORS_MAX = 300,
    IN_LIST_MAX = 100,
    DEPTH_MAX = 200, /* of parentheses, for the sake of the stack */
};

/* Kinds of error, by rank. In a condition the kinds from NAME on are ranked within one comparison
 * or function first, and the first comparison that has one counts: that is CONDITION. */
enum fault {
    FAULT_SYNTAX,
    FAULT_PARENTHESES,
    FAULT_UNKNOWN_FUNCTION,
    FAULT_MISUSED,
    FAULT_RESERVED,
    FAULT_INDEX,
    FAULT_SECTION,
    FAULT_OPERATORS,
    FAULT_CONDITION,
    FAULT_NAME,
    FAULT_VALUE,
    FAULT_DEPTH,
    FAULT_OVERLAP,
    FAULT_CONFLICT,
    FAULT_OPERAND,
    FAULT_DISTINCT,
    FAULT_FUNCTION,
    FAULT_KEY, /* what a key condition is made of; told without "Invalid KeyConditionExpression:" */
    FAULTS,
};

enum { FAULT_TEXT_SIZE = 512, PATH_TEXT_SIZE = 200 };

struct parser {
    const struct expression_source *source;
    bool update;
    uint32_t operators;
    struct expression *e;
    struct token *tokens;
    uint32_t at, tokens_count;
    uint32_t depth;
    char faults[FAULTS][FAULT_TEXT_SIZE]; /* empty: none of the kind */
};

__attribute__((format(printf, 3, 4))) static void note(struct parser *p, enum fault fault,
                                                       const char *format, ...)
{
    if (p->faults[fault][0] != '\0') {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(p->faults[fault], FAULT_TEXT_SIZE, format, arguments);
    va_end(arguments);
}

/* Tokens */

static const struct token *token(const struct parser *p)
{
    return &p->tokens[p->at];
}

static bool take_sign(struct parser *p, const char *sign)
{
    bool taken = token_is(token(p), sign);
    p->at += taken;
    return taken;
}

static bool take_keyword(struct parser *p, const char *keyword)
{
    bool taken = token_is_keyword(token(p), keyword);
    p->at += taken;
    return taken;
}

static const char *const CONDITION_KEYWORDS[] = {"BETWEEN", "IN", "AND", "OR", "NOT", NULL};
static const char *const UPDATE_KEYWORDS[] = {"SET", "REMOVE", "ADD", "DELETE", NULL};
static const char *const PROJECTION_KEYWORDS[] = {NULL};

static bool is_any_keyword(const struct parser *p, const struct token *t)
{
    const char *const *keyword = p->update                             ? UPDATE_KEYWORDS
                                 : p->e->kind == EXPRESSION_PROJECTION ? PROJECTION_KEYWORDS
                                                                       : CONDITION_KEYWORDS;
    while (*keyword != NULL && !token_is_keyword(t, *keyword)) {
        keyword++;
    }
    return *keyword != NULL;
}

/* Notes that the token was not expected, and returns no node. */
static uint16_t syntax_error(struct parser *p)
{
    const struct token *t = token(p);
    const char *from = p->at > 0 ? t[-1].text.at : t->text.at;
    const struct token *last = t->kind == TOKEN_END ? t : t + 1;
    const char *to = last->text.at + last->text.size;
    note(p, FAULT_SYNTAX, "Syntax error; token: \"%.*s\", near: \"%.*s\"",
         t->kind == TOKEN_END ? 5 : (int)t->text.size, t->kind == TOKEN_END ? "<EOF>" : t->text.at,
         (int)(to - from), from);
    return 0;
}

static bool expect_sign(struct parser *p, const char *sign)
{
    return take_sign(p, sign) || syntax_error(p) != 0;
}

/* Nodes */

static uint16_t node_new(struct parser *p, enum node_kind kind)
{
    struct node *n = &p->e->nodes[p->e->nodes_count];
    *n = (struct node){.kind = kind};
    p->e->wary |= literals_matter(n);
    return p->e->nodes_count++;
}

static struct node *node(struct parser *p, uint16_t i)
{
    return &p->e->nodes[i];
}

/* Hangs `child` behind the children that `parent` has. */
static void node_append(struct parser *p, uint16_t parent, uint16_t child)
{
    uint16_t *link = &node(p, parent)->first;
    while (*link != 0) {
        link = &node(p, *link)->next;
    }
    *link = child;
}

/* Counts operators and functions against their limit. */
static void count_operator(struct parser *p)
{
    p->operators++;
    if (p->operators > OPERATORS_MAX) {
        note(p, FAULT_OPERATORS, "The expression contains too many operators; operator count: %u",
             p->operators);
    }
}

static struct text name_copy(struct parser *p, struct text name)
{
    char *copy = p->e->names + p->e->names_used;
    memcpy(copy, name.at, name.size);
    p->e->names_used += (uint32_t)name.size;
    return (struct text){copy, name.size};
}

/* The attribute that a #name stands for; where it stands for none, that is noted. */
static struct text name_resolve(struct parser *p, struct text placeholder)
{
    const char *const *names = p->source->names;
    for (uint32_t i = 0; i < p->e->names_count; i++) {
        if (text_equal(text_from(names[2 * (size_t)i]), placeholder)) {
            p->e->used[i / 8] |= (uint8_t)(1 << i % 8);
            return name_copy(p, text_from(names[2 * (size_t)i + 1]));
        }
    }
    note(p, FAULT_NAME,
         "An expression attribute name used in the document path is not defined; attribute name: "
         "%.*s",
         (int)placeholder.size, placeholder.at);
    return placeholder;
}

static uint16_t value_resolve(struct parser *p, struct text placeholder)
{
    const char *const *values = p->source->values;
    for (uint32_t i = 0; i < p->e->values_count && i < VALUE_NONE; i++) {
        if (text_equal(text_from(values[i]), placeholder)) {
            uint32_t bit = p->e->names_count + i;
            p->e->used[bit / 8] |= (uint8_t)(1 << bit % 8);
            return (uint16_t)i;
        }
    }
    note(p, p->update ? FAULT_VALUE : FAULT_NAME,
         "An expression attribute value used in expression is not defined; attribute value: %.*s",
         (int)placeholder.size, placeholder.at);
    return VALUE_NONE;
}

/* Operands */

static uint16_t parse_value(struct parser *p)
{
    if (token(p)->kind != TOKEN_VALUE) {
        return syntax_error(p);
    }
    uint16_t n = node_new(p, NODE_VALUE);
    node(p, n)->value = value_resolve(p, token(p)->text);
    p->at++;
    return n;
}

/* One name of a path, as written or what a #name stands for; false on a syntax error. */
static bool parse_name(struct parser *p, struct text *name)
{
    const struct token *t = token(p);
    if (t->kind == TOKEN_NAME) {
        *name = name_resolve(p, t->text);
    } else if (t->kind == TOKEN_WORD && !is_any_keyword(p, t)) {
        if (reserved_word(t->text)) {
            note(p, FAULT_RESERVED, "Attribute name is a reserved keyword; reserved keyword: %.*s",
                 (int)t->text.size, t->text.at);
        }
        *name = name_copy(p, t->text);
    } else {
        return syntax_error(p) != 0;
    }
    p->at++;
    return true;
}

/* The digits of a list index; one out of range is noted. */
static uint32_t parse_index(struct parser *p)
{
    struct text digits = token(p)->text;
    uint64_t index = 0;
    for (size_t i = 0; i < digits.size && index <= INT32_MAX; i++) {
        index = index * 10 + (uint64_t)(digits.at[i] - '0');
    }
    if (index > INT32_MAX) {
        note(p, FAULT_INDEX, "List index is not within the allowable range; index: [%.*s]",
             (int)digits.size, digits.at);
        index = INT32_MAX;
    }
    p->at++;
    return (uint32_t)index;
}

/* The steps that follow the name of a path, ".name" and "[index]"; they are hung on node `n`.
 * Source: DDB-LIMIT-1 for how many. */
static bool parse_steps(struct parser *p, uint16_t n)
{
    while (token_is(token(p), ".") || token_is(token(p), "[")) {
        struct item_step step = {.index = 0};
        if (take_sign(p, ".")) {
            if (!parse_name(p, &step.name)) {
                return false;
            }
        } else {
            p->at++;
            if (token(p)->kind != TOKEN_DIGITS) {
                return syntax_error(p) != 0;
            }
            step.index = parse_index(p);
            if (!expect_sign(p, "]")) {
                return false;
            }
        }
        p->e->steps[p->e->steps_count++] = step;
        node(p, n)->steps_count++;
    }
    if (node(p, n)->steps_count >= ITEM_DEPTH_MAX) {
        note(p, FAULT_DEPTH, "The document path has too many nesting levels; nesting levels: %d",
             node(p, n)->steps_count + 1);
    }
    return true;
}

static uint16_t parse_path(struct parser *p)
{
    struct text name;
    if (!parse_name(p, &name)) {
        return 0;
    }
    uint16_t n = node_new(p, NODE_PATH);
    node(p, n)->name = name;
    node(p, n)->steps = p->e->steps_count;
    return parse_steps(p, n) ? n : 0;
}

/* A function: how it is written, how many operands it takes, and where it may stand. */
struct function {
    const char *name;
    enum node_kind kind;
    uint32_t operands;
    bool update;
    bool path_first; /* the first operand must be a path */
};

static const struct function FUNCTIONS[] = {
    {"attribute_exists",     NODE_EXISTS,        1, false, true },
    {"attribute_not_exists", NODE_NOT_EXISTS,    1, false, true },
    {"attribute_type",       NODE_TYPE,          2, false, false},
    {"begins_with",          NODE_BEGINS_WITH,   2, false, false},
    {"contains",             NODE_CONTAINS,      2, false, false},
    {"size",                 NODE_SIZE,          1, false, false},
    {"if_not_exists",        NODE_IF_NOT_EXISTS, 2, true,  true },
    {"list_append",          NODE_LIST_APPEND,   2, true,  false},
};

/* The function of that name, if it may stand in this kind of expression; else that is noted. */
static const struct function *function_named(struct parser *p, struct text name)
{
    for (size_t i = 0; i < sizeof FUNCTIONS / sizeof FUNCTIONS[0]; i++) {
        if (!text_equal(text_from(FUNCTIONS[i].name), name)) {
            continue;
        }
        if (FUNCTIONS[i].update == p->update) {
            return &FUNCTIONS[i];
        }
        note(p, FAULT_MISUSED, "The function is not allowed in %s expression; function: %s",
             p->update ? "an update" : "a condition", FUNCTIONS[i].name);
        return NULL;
    }
    note(p, FAULT_UNKNOWN_FUNCTION, "Invalid function name; function: %.*s", (int)name.size,
         name.at);
    return NULL;
}

static bool is_condition_function(enum node_kind kind)
{
    return kind == NODE_EXISTS || kind == NODE_NOT_EXISTS || kind == NODE_TYPE ||
           kind == NODE_BEGINS_WITH || kind == NODE_CONTAINS || kind == NODE_UNKNOWN;
}

static void note_misused(struct parser *p, struct text name)
{
    note(p, FAULT_MISUSED,
         "The function is not allowed to be used this way in an expression; function: %.*s",
         (int)name.size, name.at);
}

/* Of the functions only size() and if_not_exists() may be operands. */
static void check_operands(struct parser *p, uint16_t parent)
{
    for (uint16_t i = node(p, parent)->first; i != 0; i = node(p, i)->next) {
        if (is_condition_function(node(p, i)->kind) || node(p, i)->kind == NODE_LIST_APPEND) {
            note_misused(p, node(p, i)->name);
        }
    }
}

/* What DynamoDB has against the literals among a node's operands. */
static void check_literals(struct parser *p, uint16_t n)
{
    char text[FAULT_TEXT_SIZE];
    enum node_kind kind = node(p, n)->kind;
    if (!literals_check(p->e, node(p, n), p->source->literals, text, sizeof text)) {
        note(p, kind == NODE_ADD || kind == NODE_DELETE ? FAULT_OPERAND : FAULT_FUNCTION, "%s",
             text);
    }
}

/* The first two operands must not be the same path. */
static void check_distinct(struct parser *p, uint16_t parent, const char *symbol)
{
    const struct node *a = node(p, node(p, parent)->first);
    const struct node *b = node(p, a->next);
    if (a->kind != NODE_PATH || b->kind != NODE_PATH) {
        return;
    }
    struct item_path first = path_of(p->e, a);
    struct item_path second = path_of(p->e, b);
    if (path_equal(&first, &second)) {
        char text[PATH_TEXT_SIZE];
        note(p, FAULT_DISTINCT,
             "The first operand must be distinct from the remaining operands for this operator or "
             "function; operator: %s, first operand: %s",
             symbol, path_text(&first, text, sizeof text));
    }
}

static uint32_t children_count(struct parser *p, uint16_t parent)
{
    uint32_t count = 0;
    for (uint16_t i = node(p, parent)->first; i != 0; i = node(p, i)->next) {
        count++;
    }
    return count;
}

static void check_function(struct parser *p, uint16_t n, const struct function *f)
{
    struct node *first = node(p, node(p, n)->first);
    uint32_t count = children_count(p, n);
    if (count != f->operands) {
        note(p, p->update ? FAULT_FUNCTION : FAULT_OPERAND,
             "Incorrect number of operands for operator or function; operator or function: %s, "
             "number of operands: %u",
             f->name, count);
        return;
    }
    if (!p->update) {
        check_distinct(p, n, f->name);
    }
    if (f->path_first && first->kind != NODE_PATH) {
        note(p, FAULT_FUNCTION,
             "Operator or function requires a document path; operator or function: %s", f->name);
    }
    check_literals(p, n);
}

static uint16_t parse_operand(struct parser *p);

/* Reads operands up to the closing parenthesis and hangs them under `parent`; false on an error. */
static bool parse_operand_list(struct parser *p, uint16_t parent)
{
    do {
        uint16_t child = parse_operand(p);
        if (child == 0) {
            return false;
        }
        node_append(p, parent, child);
    } while (take_sign(p, ","));
    return expect_sign(p, ")");
}

static uint16_t parse_function(struct parser *p)
{
    struct text name = token(p)->text;
    const struct function *f = function_named(p, name);
    uint16_t n = node_new(p, f == NULL ? NODE_UNKNOWN : f->kind);
    node(p, n)->name = f == NULL ? name : text_from(f->name);
    p->at += 2;
    count_operator(p);
    if (!parse_operand_list(p, n)) {
        return 0;
    }
    check_operands(p, n);
    if (f != NULL) {
        check_function(p, n, f);
    }
    return n;
}

/* The token behind the parenthesis that closes the one at `at`; the end where none does. */
static const struct token *behind_parenthesis(const struct parser *p)
{
    const struct token *t = token(p);
    int open = 0;
    for (; t->kind != TOKEN_END; t++) {
        open += token_is(t, "(") ? 1 : token_is(t, ")") ? -1 : 0;
        if (open == 0) {
            return t + 1;
        }
    }
    return t;
}

/* An operand, in up to two pairs of parentheses, of which the second is an error of its own. In a
 * condition a path in parentheses may go on behind them. */
static uint16_t parse_operand(struct parser *p) /* NOLINT(misc-no-recursion) */
{
    const struct token *t = token(p);
    if (token_is(t, "(") && p->depth < DEPTH_MAX) {
        bool doubled = token_is(t + 1, "(");
        p->at++;
        p->depth++;
        uint16_t n = parse_operand(p);
        p->depth--;
        if (n != 0 && doubled) {
            note(p, FAULT_PARENTHESES, "The expression has redundant parentheses;");
        }
        if (n == 0 || !expect_sign(p, ")")) {
            return 0;
        }
        bool goes_on = !p->update && node(p, n)->kind == NODE_PATH;
        return goes_on && !parse_steps(p, n) ? 0 : n;
    }
    if (t->kind == TOKEN_WORD && token_is(t + 1, "(") && !is_any_keyword(p, t)) {
        return parse_function(p);
    }
    return t->kind == TOKEN_VALUE ? parse_value(p) : parse_path(p);
}

/* Conditions */

static enum node_kind comparator(const struct token *t)
{
    return token_is(t, "=")    ? NODE_EQUAL
           : token_is(t, "<>") ? NODE_UNEQUAL
           : token_is(t, "<")  ? NODE_LESS
           : token_is(t, "<=") ? NODE_LESS_EQUAL
           : token_is(t, ">")  ? NODE_GREATER
           : token_is(t, ">=") ? NODE_GREATER_EQUAL
                               : NODE_NONE;
}

/* Of the errors of one comparison or function the first in rank counts, and of those the first. */
static void settle_condition(struct parser *p)
{
    for (enum fault fault = FAULT_NAME; fault < FAULTS; fault++) {
        if (p->faults[fault][0] != '\0') {
            note(p, FAULT_CONDITION, "%s", p->faults[fault]);
            p->faults[fault][0] = '\0';
        }
    }
}

static uint16_t parse_comparison(struct parser *p, uint16_t left)
{
    uint16_t n = node_new(p, comparator(token(p)));
    p->at++;
    count_operator(p);
    uint16_t right = parse_operand(p);
    if (right == 0) {
        return 0;
    }
    node_append(p, n, left);
    node_append(p, n, right);
    check_operands(p, n);
    check_distinct(p, n, operator_text(node(p, n)->kind));
    check_literals(p, n);
    return n;
}

static uint16_t parse_between(struct parser *p, uint16_t x)
{
    uint16_t n = node_new(p, NODE_BETWEEN);
    count_operator(p);
    uint16_t lower = parse_operand(p);
    if (lower == 0 || (!take_keyword(p, "AND") && syntax_error(p) == 0)) {
        return 0;
    }
    uint16_t upper = parse_operand(p);
    if (upper == 0) {
        return 0;
    }
    node_append(p, n, x);
    node_append(p, n, lower);
    node_append(p, n, upper);
    check_operands(p, n);
    check_literals(p, n);
    return n;
}

static uint16_t parse_in(struct parser *p, uint16_t x)
{
    uint16_t n = node_new(p, NODE_IN);
    count_operator(p);
    node_append(p, n, x);
    if (!expect_sign(p, "(") || !parse_operand_list(p, n)) {
        return 0;
    }
    check_operands(p, n);
    if (children_count(p, n) > IN_LIST_MAX + 1) {
        note(p, FAULT_OPERAND,
             "The IN operator is provided with too many operands; number of operands: %u",
             children_count(p, n) - 1);
    }
    return n;
}

static uint16_t parse_condition(struct parser *p)
{
    uint16_t n = parse_operand(p);
    if (n == 0) {
        return 0;
    }
    if (comparator(token(p)) != NODE_NONE) {
        n = parse_comparison(p, n);
    } else if (take_keyword(p, "BETWEEN")) {
        n = parse_between(p, n);
    } else if (take_keyword(p, "IN")) {
        n = parse_in(p, n);
    } else if (!is_condition_function(node(p, n)->kind) && node(p, n)->kind != NODE_SIZE) {
        return syntax_error(p);
    }
    settle_condition(p);
    return n;
}

static uint16_t parse_or(struct parser *p);

/* A condition, or an expression in parentheses: what stands behind the closing one decides. */
static uint16_t parse_primary(struct parser *p) /* NOLINT(misc-no-recursion) */
{
    if (!token_is(token(p), "(")) {
        return parse_condition(p);
    }
    const struct token *behind = behind_parenthesis(p);
    if (comparator(behind) != NODE_NONE || token_is_keyword(behind, "BETWEEN") ||
        token_is_keyword(behind, "IN") || token_is(behind, ".") || token_is(behind, "[")) {
        return parse_condition(p);
    }
    p->at++;
    bool doubled = token_is(token(p), "(") && token_is(behind_parenthesis(p), ")");
    if (p->depth == DEPTH_MAX) {
        note(p, FAULT_SYNTAX, "More than %d parentheses within one another", DEPTH_MAX);
        return 0;
    }
    p->depth++;
    uint16_t n = parse_or(p);
    p->depth--;
    if (n != 0 && doubled) {
        note(p, FAULT_PARENTHESES, "The expression has redundant parentheses;");
    }
    return n != 0 && expect_sign(p, ")") ? n : 0;
}

/* size() is an operand and no condition. */
static uint16_t check_condition(struct parser *p, uint16_t n)
{
    if (n != 0 && node(p, n)->kind == NODE_SIZE) {
        note_misused(p, TEXT("size"));
    }
    return n;
}

static uint16_t parse_not(struct parser *p) /* NOLINT(misc-no-recursion) */
{
    uint32_t count = 0;
    for (; take_keyword(p, "NOT"); count++) {
        count_operator(p);
    }
    uint16_t n = check_condition(p, parse_primary(p));
    for (; count > 0 && n != 0; count--) {
        uint16_t negation = node_new(p, NODE_NOT);
        node_append(p, negation, n);
        n = negation;
    }
    return n;
}

/* Operands of AND, or of OR, as the children of one node; one alone stands for itself. */
static uint16_t parse_chain(struct parser *p, const char *keyword, enum node_kind kind,
                            uint16_t (*parse_part)(struct parser *)) /* NOLINT(misc-no-recursion) */
{
    uint16_t part = parse_part(p);
    if (part == 0 || !token_is_keyword(token(p), keyword)) {
        return part;
    }
    uint16_t n = node_new(p, kind);
    node_append(p, n, part);
    while (take_keyword(p, keyword)) {
        count_operator(p);
        part = parse_part(p);
        if (part == 0) {
            return 0;
        }
        node_append(p, n, part);
    }
    return n;
}

static uint16_t parse_and(struct parser *p) /* NOLINT(misc-no-recursion) */
{
    return parse_chain(p, "AND", NODE_AND, parse_not);
}

static uint16_t parse_or(struct parser *p) /* NOLINT(misc-no-recursion) */
{
    return parse_chain(p, "OR", NODE_OR, parse_and);
}

/* Updates */

static uint16_t parse_set_value(struct parser *p) /* NOLINT(misc-no-recursion) */
{
    const struct token *t = token(p);
    if (token_is(t, "(") && p->depth < DEPTH_MAX) {
        const struct token *behind = behind_parenthesis(p);
        if (!token_is(behind, "+") && !token_is(behind, "-")) {
            p->at++;
            p->depth++;
            uint16_t n = parse_set_value(p);
            p->depth--;
            return n != 0 && expect_sign(p, ")") ? n : 0;
        }
    }
    uint16_t left = parse_operand(p);
    bool plus = token_is(token(p), "+");
    if (left == 0 || (!plus && !token_is(token(p), "-"))) {
        return left;
    }
    p->at++;
    count_operator(p);
    uint16_t right = parse_operand(p);
    if (right == 0) {
        return 0;
    }
    uint16_t n = node_new(p, plus ? NODE_PLUS : NODE_MINUS);
    node_append(p, n, left);
    node_append(p, n, right);
    check_operands(p, n);
    check_literals(p, n);
    return n;
}

/* One assignment of a section: SET path = value, REMOVE path, ADD path :v, DELETE path :v. */
static uint16_t parse_assignment(struct parser *p, enum node_kind kind)
{
    uint16_t path = parse_path(p);
    if (path == 0) {
        return 0;
    }
    uint16_t n = node_new(p, kind);
    node(p, n)->name = node(p, path)->name;
    node(p, n)->steps = node(p, path)->steps;
    node(p, n)->steps_count = node(p, path)->steps_count;
    if (kind == NODE_REMOVE) {
        return n;
    }
    if (kind == NODE_SET && !expect_sign(p, "=")) {
        return 0;
    }
    uint16_t value = kind == NODE_SET ? parse_set_value(p) : parse_value(p);
    if (value == 0) {
        return 0;
    }
    node_append(p, n, value);
    check_literals(p, n);
    return n;
}

/* Adds a path to those of an update or a projection, none of which may lie inside another, or take
 * for a list what another takes for a map. */
static void add_path(struct parser *p, uint16_t n)
{
    struct item_path path = path_of(p->e, node(p, n));
    for (uint16_t i = 0; i < p->e->paths_count; i++) {
        struct item_path before = path_of(p->e, node(p, p->e->paths[i]));
        enum path_relation relation = path_relation(&before, &path);
        if (relation != PATHS_APART) {
            char texts[2][PATH_TEXT_SIZE];
            bool overlap = relation == PATHS_OVERLAP;
            note(p, overlap ? FAULT_OVERLAP : FAULT_CONFLICT,
                 "Two document paths %s with each other; must remove or rewrite one of these "
                 "paths; path one: %s, path two: %s",
                 overlap ? "overlap" : "conflict", path_text(&before, texts[0], PATH_TEXT_SIZE),
                 path_text(&path, texts[1], PATH_TEXT_SIZE));
        }
    }
    p->e->paths[p->e->paths_count++] = n;
}

static bool parse_section(struct parser *p, enum node_kind kind)
{
    do {
        uint16_t n = parse_assignment(p, kind);
        if (n == 0) {
            return false;
        }
        add_path(p, n);
    } while (take_sign(p, ","));
    return true;
}

static uint16_t parse_update(struct parser *p)
{
    static const enum node_kind kinds[] = {NODE_SET, NODE_REMOVE, NODE_ADD, NODE_DELETE};

    bool seen[4] = {false};
    do {
        int i = 0;
        while (UPDATE_KEYWORDS[i] != NULL && !take_keyword(p, UPDATE_KEYWORDS[i])) {
            i++;
        }
        if (UPDATE_KEYWORDS[i] == NULL) {
            return syntax_error(p);
        }
        if (seen[i]) {
            note(p, FAULT_SECTION,
                 "The \"%s\" section can only be used once in an update expression;",
                 UPDATE_KEYWORDS[i]);
        }
        seen[i] = true;
        if (!parse_section(p, kinds[i])) {
            return 0;
        }
    } while (token(p)->kind != TOKEN_END);
    return node_new(p, NODE_PATHS);
}

static uint16_t parse_projection(struct parser *p)
{
    do {
        uint16_t n = parse_path(p);
        if (n == 0) {
            return 0;
        }
        add_path(p, n);
    } while (take_sign(p, ","));
    return node_new(p, NODE_PATHS);
}

/* The whole */

/* Bytes of all names that the text uses, as often as it does. */
static size_t names_bytes(const struct parser *p, size_t text_size)
{
    size_t bytes = text_size;
    const char *const *names = p->source->names;
    for (uint32_t i = 0; i < p->tokens_count && names != NULL; i++) {
        for (size_t k = 0; p->tokens[i].kind == TOKEN_NAME && names[k] != NULL; k += 2) {
            bytes += text_equal(p->tokens[i].text, text_from(names[k])) ? strlen(names[k + 1]) : 0;
        }
    }
    return bytes;
}

static uint32_t strings_count(const char *const *strings)
{
    uint32_t count = 0;
    while (strings != NULL && strings[count] != NULL) {
        count++;
    }
    return count;
}

/* Cuts the text into tokens, and makes an expression with room for all that may come of them: a
 * node for each and one more, a step and a path for each. */
static bool parser_init(struct parser *p, enum expression_kind kind,
                        const struct expression_source *source, size_t size)
{
    *p = (struct parser){.source = source, .update = kind == EXPRESSION_UPDATE};
    p->tokens = calloc(size + 2, sizeof *p->tokens);
    if (p->tokens == NULL) {
        return false;
    }
    p->tokens_count = tokenize(source->text, p->tokens);
    size_t tokens = p->tokens_count + 2;
    uint32_t names_count = strings_count(source->names) / 2;
    uint32_t values_count = strings_count(source->values);
    size_t used = (size_t)(names_count + values_count) / 8 + 1;
    p->e =
        calloc(1, sizeof *p->e +
                      tokens * (sizeof(struct node) + sizeof(struct item_step) + sizeof(uint16_t)) +
                      used + names_bytes(p, size));
    if (p->e == NULL) {
        return false;
    }
    struct expression *e = p->e;
    e->kind = kind;
    e->typed = source->literals != NULL;
    e->nodes_count = 1;
    e->names_count = names_count;
    e->values_count = values_count;
    e->steps = (struct item_step *)(void *)(e->nodes + tokens);
    e->paths = (uint16_t *)(void *)(e->steps + tokens);
    e->used = (uint8_t *)(e->paths + tokens);
    e->names = (char *)(e->used + used);
    return true;
}

static uint16_t parse_root(struct parser *p)
{
    uint16_t root = p->update                             ? parse_update(p)
                    : p->e->kind == EXPRESSION_PROJECTION ? parse_projection(p)
                                                          : parse_or(p);
    return root != 0 && token(p)->kind != TOKEN_END ? syntax_error(p) : root;
}

/* The error that is told; NULL: there is none. */
static const char *parse(struct parser *p)
{
    p->e->root = parse_root(p);
    if (p->e->root != 0 && p->e->kind == EXPRESSION_KEY && p->faults[FAULT_CONDITION][0] == '\0') {
        char fault[FAULT_TEXT_SIZE];
        if (!expression_key_check(p->e, fault, sizeof fault)) {
            note(p, FAULT_KEY, "%s", fault);
        }
    }
    for (int fault = 0; fault < FAULTS; fault++) {
        if (p->faults[fault][0] != '\0') {
            return p->faults[fault];
        }
    }
    ASSERT(p->e->root != 0);
    paths_sort(p->e);
    return NULL;
}

const char *expression_kind_text(enum expression_kind kind)
{
    static const char *const texts[] = {[EXPRESSION_CONDITION] = "ConditionExpression",
                                        [EXPRESSION_FILTER] = "FilterExpression",
                                        [EXPRESSION_KEY] = "KeyConditionExpression",
                                        [EXPRESSION_UPDATE] = "UpdateExpression",
                                        [EXPRESSION_PROJECTION] = "ProjectionExpression"};
    return texts[kind];
}

/* Whether the text has a size that DynamoDB takes. It tells the size of a condition and a filter,
 * and not that of the others. */
static bool size_check(enum expression_kind kind, size_t size, struct error *error)
{
    const char *name = expression_kind_text(kind);
    bool told = kind == EXPRESSION_CONDITION || kind == EXPRESSION_FILTER;
    if (size == 0) {
        (void)error_set(error, STATUS_BAD_INPUT, "Invalid %s: The expression can not be empty;",
                        name);
    } else if (size > TEXT_SIZE_MAX) {
        (void)error_set(error, STATUS_BAD_INPUT,
                        told ? "Invalid %s: Expression size has exceeded the maximum allowed size; "
                               "expression size: %zu"
                             : "Invalid %s: Expression size has exceeded the maximum allowed size;",
                        name, size);
    }
    return size > 0 && size <= TEXT_SIZE_MAX;
}

/* `prefix` and `name` come before what is wrong. */
static struct expression *compile(enum expression_kind kind, const struct expression_source *source,
                                  const char *prefix, const char *name, struct error *error)
{
    struct parser p;
    struct expression *compiled = NULL;
    if (!parser_init(&p, kind, source, strlen(source->text))) {
        (void)error_set(error, STATUS_NO_MEMORY, "no memory for an expression");
    } else {
        const char *fault = parse(&p);
        compiled = fault == NULL ? p.e : NULL;
        if (fault != NULL) {
            bool bare = *name == '\0' || fault == p.faults[FAULT_KEY];
            (void)error_set(error, STATUS_BAD_INPUT, "%s%s%s%s", bare ? "" : prefix,
                            bare ? "" : name, bare ? "" : ": ", fault);
        }
    }
    free(p.tokens);
    if (compiled == NULL) {
        free(p.e);
    }
    return compiled;
}

struct expression *expression_compile(enum expression_kind kind,
                                      const struct expression_source *source, struct error *error)
{
    return size_check(kind, strlen(source->text), error)
               ? compile(kind, source, "Invalid ", expression_kind_text(kind), error)
               : NULL;
}

struct expression *expression_compile_statement(enum expression_kind kind,
                                                const struct expression_source *source,
                                                struct error *error)
{
    ASSERT(strlen(source->text) <= STATEMENT_SIZE_MAX);
    return compile(kind, source, "", "", error);
}

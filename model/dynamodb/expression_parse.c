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

enum {
    TEXT_SIZE_MAX = 4096,
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
    FAULT_SECTION,
    FAULT_CONDITION,
    FAULT_NAME,
    FAULT_VALUE,
    FAULT_OVERLAP,
    FAULT_OPERAND,
    FAULT_DISTINCT,
    FAULT_FUNCTION,
    FAULTS,
};

enum { FAULT_TEXT_SIZE = 300 };

struct parser {
    const struct expression_source *source;
    bool update;
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

static bool is_any_keyword(const struct parser *p, const struct token *t)
{
    const char *const *keyword = p->update ? UPDATE_KEYWORDS : CONDITION_KEYWORDS;
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
    p->e->nodes[p->e->nodes_count] = (struct node){.kind = kind};
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
    for (const char *const *pair = p->source->names; pair != NULL && *pair != NULL; pair += 2) {
        if (text_equal(text_from(pair[0]), placeholder)) {
            return name_copy(p, text_from(pair[1]));
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
    uint16_t i = 0;
    const char *const *values = p->source->values;
    for (; values != NULL && values[i] != NULL; i++) {
        if (text_equal(text_from(values[i]), placeholder)) {
            return i;
        }
    }
    note(p, p->update ? FAULT_VALUE : FAULT_NAME,
         "An expression attribute value used in expression is not defined; attribute value: %.*s",
         (int)placeholder.size, placeholder.at);
    return 0;
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

/* A path: one name here. A longer one is refused as what this simulator leaves out. */
static uint16_t parse_path(struct parser *p)
{
    const struct token *t = token(p);
    if (t->kind == TOKEN_NAME) {
        uint16_t n = node_new(p, NODE_PATH);
        node(p, n)->name = name_resolve(p, t->text);
    } else if (t->kind == TOKEN_WORD && *t->text.at != '_' && !is_any_keyword(p, t)) {
        if (reserved_word(t->text)) {
            note(p, FAULT_RESERVED, "Attribute name is a reserved keyword; reserved keyword: %.*s",
                 (int)t->text.size, t->text.at);
        }
        uint16_t n = node_new(p, NODE_PATH);
        node(p, n)->name = name_copy(p, t->text);
    } else {
        return syntax_error(p);
    }
    p->at++;
    if (token_is(token(p), ".") || token_is(token(p), "[")) {
        note(p, FAULT_SYNTAX,
             "Paths into documents are not simulated, only attributes of the item; path: %.*s%.*s",
             (int)t->text.size, t->text.at, (int)token(p)->text.size, token(p)->text.at);
        return 0;
    }
    return (uint16_t)(p->e->nodes_count - 1);
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

static const struct function *function_named(const struct parser *p, struct text name)
{
    for (size_t i = 0; i < sizeof FUNCTIONS / sizeof FUNCTIONS[0]; i++) {
        if (FUNCTIONS[i].update == p->update && text_equal(text_from(FUNCTIONS[i].name), name)) {
            return &FUNCTIONS[i];
        }
    }
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

/* Only size() may be an operand. */
static void check_operands(struct parser *p, uint16_t parent)
{
    for (uint16_t i = node(p, parent)->first; i != 0 && !p->update; i = node(p, i)->next) {
        if (is_condition_function(node(p, i)->kind)) {
            note_misused(p, node(p, i)->name);
        }
    }
}

/* The first two operands must not be the same path. */
static void check_distinct(struct parser *p, uint16_t parent, struct text symbol)
{
    const struct node *a = node(p, node(p, parent)->first);
    const struct node *b = node(p, a->next);
    if (a->kind == NODE_PATH && b->kind == NODE_PATH && text_equal(a->name, b->name)) {
        note(p, FAULT_DISTINCT,
             "The first operand must be distinct from the remaining operands for this operator or "
             "function; operator: %.*s, first operand: [%.*s]",
             (int)symbol.size, symbol.at, (int)a->name.size, a->name.at);
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
        check_distinct(p, n, text_from(f->name));
    }
    if (f->path_first && first->kind != NODE_PATH) {
        note(p, FAULT_FUNCTION,
             "Operator or function requires a document path; operator or function: %s", f->name);
    }
    if (f->kind == NODE_TYPE && node(p, first->next)->kind != NODE_VALUE) {
        note(p, FAULT_FUNCTION,
             "Incorrect operand type for operator or function; operator or function: %s, operand "
             "type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}",
             f->name);
    }
    if (f->kind == NODE_SIZE && first->kind == NODE_SIZE) {
        note(p, FAULT_FUNCTION,
             "Incorrect operand type for operator or function; operator or function: size, "
             "operand type: N");
    }
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
    if (!parse_operand_list(p, n)) {
        return 0;
    }
    check_operands(p, n);
    if (f == NULL) {
        note(p, FAULT_UNKNOWN_FUNCTION, "Invalid function name; function: %.*s", (int)name.size,
             name.at);
    } else {
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

/* An operand, in up to two pairs of parentheses, of which the second is an error of its own. */
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
        return n != 0 && expect_sign(p, ")") ? n : 0;
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
    struct text symbol = token(p)->text;
    uint16_t n = node_new(p, comparator(token(p)));
    p->at++;
    uint16_t right = parse_operand(p);
    if (right == 0) {
        return 0;
    }
    node_append(p, n, left);
    node_append(p, n, right);
    check_operands(p, n);
    check_distinct(p, n, symbol);
    return n;
}

static uint16_t parse_between(struct parser *p, uint16_t x)
{
    uint16_t n = node_new(p, NODE_BETWEEN);
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
    return n;
}

static uint16_t parse_in(struct parser *p, uint16_t x)
{
    uint16_t n = node_new(p, NODE_IN);
    node_append(p, n, x);
    if (!expect_sign(p, "(") || !parse_operand_list(p, n)) {
        return 0;
    }
    check_operands(p, n);
    if (children_count(p, n) > IN_LIST_MAX + 1) {
        note(p, FAULT_OPERAND,
             "Incorrect number of operands for operator or function; operator or function: IN, "
             "number of operands: %u",
             children_count(p, n));
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
        token_is_keyword(behind, "IN")) {
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
    if (!take_keyword(p, "NOT")) {
        return check_condition(p, parse_primary(p));
    }
    uint16_t child = check_condition(p, parse_primary(p));
    if (child == 0) {
        return 0;
    }
    uint16_t n = node_new(p, NODE_NOT);
    node_append(p, n, child);
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
    uint16_t right = parse_operand(p);
    if (right == 0) {
        return 0;
    }
    uint16_t n = node_new(p, plus ? NODE_PLUS : NODE_MINUS);
    node_append(p, n, left);
    node_append(p, n, right);
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
    if (kind == NODE_REMOVE) {
        return n;
    }
    if (kind == NODE_SET && !expect_sign(p, "=")) {
        return 0;
    }
    uint16_t value = kind == NODE_SET ? parse_set_value(p) : parse_value(p);
    node_append(p, n, value);
    return value == 0 ? 0 : n;
}

static void check_overlap(struct parser *p, uint16_t update, struct text name)
{
    for (uint16_t i = node(p, update)->first; i != 0; i = node(p, i)->next) {
        if (text_equal(node(p, i)->name, name)) {
            note(p, FAULT_OVERLAP,
                 "Two document paths overlap with each other; must remove or rewrite one of these "
                 "paths; path one: [%.*s], path two: [%.*s]",
                 (int)name.size, name.at, (int)name.size, name.at);
        }
    }
}

static uint16_t parse_section(struct parser *p, uint16_t update, enum node_kind kind)
{
    do {
        uint16_t n = parse_assignment(p, kind);
        if (n == 0) {
            return 0;
        }
        check_overlap(p, update, node(p, n)->name);
        node_append(p, update, n);
    } while (take_sign(p, ","));
    return update;
}

static uint16_t parse_update(struct parser *p)
{
    static const enum node_kind kinds[] = {NODE_SET, NODE_REMOVE, NODE_ADD, NODE_DELETE};

    bool seen[4] = {false};
    uint16_t update = node_new(p, NODE_UPDATE);
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
        if (parse_section(p, update, kinds[i]) == 0) {
            return 0;
        }
    } while (token(p)->kind != TOKEN_END);
    return update;
}

/* The whole */

static size_t names_bytes(const struct expression_source *source, size_t text_size)
{
    /* Each use of a #name takes at least two characters of the text. */
    size_t longest = 1;
    for (const char *const *pair = source->names; pair != NULL && *pair != NULL; pair += 2) {
        size_t size = strlen(pair[1]);
        longest = size > longest ? size : longest;
    }
    return text_size + (text_size / 2 + 1) * longest;
}

static bool parser_init(struct parser *p, enum expression_kind kind,
                        const struct expression_source *source, size_t size)
{
    size_t nodes = (size + 2) * sizeof(struct node);
    *p = (struct parser){.source = source, .update = kind == EXPRESSION_UPDATE};
    p->tokens = calloc(size + 2, sizeof *p->tokens);
    p->e = calloc(1, sizeof *p->e + nodes + names_bytes(source, size));
    if (p->tokens == NULL || p->e == NULL) {
        return false;
    }
    p->e->kind = kind;
    p->e->nodes_count = 1;
    p->e->names = (char *)p->e + sizeof *p->e + nodes;
    return true;
}

static const char *parse(struct parser *p)
{
    p->tokens_count = tokenize(p->source->text, p->tokens);
    uint16_t root = p->update ? parse_update(p) : parse_or(p);
    if (root != 0 && token(p)->kind != TOKEN_END) {
        root = syntax_error(p);
    }
    p->e->root = root;
    if (root != 0 && p->e->kind == EXPRESSION_KEY && p->faults[FAULT_CONDITION][0] == '\0') {
        char fault[FAULT_TEXT_SIZE];
        if (!expression_key_check(p->e, fault, sizeof fault)) {
            note(p, FAULT_CONDITION, "%s", fault);
        }
    }
    for (int fault = 0; fault < FAULTS; fault++) {
        if (p->faults[fault][0] != '\0') {
            return p->faults[fault];
        }
    }
    ASSERT(root != 0);
    return NULL;
}

struct expression *expression_compile(enum expression_kind kind,
                                      const struct expression_source *source, struct error *error)
{
    static const char *const prefixes[] = {[EXPRESSION_CONDITION] = "ConditionExpression",
                                           [EXPRESSION_FILTER] = "FilterExpression",
                                           [EXPRESSION_KEY] = "KeyConditionExpression",
                                           [EXPRESSION_UPDATE] = "UpdateExpression"};
    size_t size = strlen(source->text);
    if (size == 0 || size > TEXT_SIZE_MAX) {
        (void)error_set(error, STATUS_BAD_INPUT,
                        size == 0 ? "Invalid %s: The expression can not be empty;"
                                  : "Invalid %s: Expression size has exceeded the maximum allowed "
                                    "size; expression size: %zu",
                        prefixes[kind], size);
        return NULL;
    }
    struct parser p;
    struct expression *compiled = NULL;
    if (!parser_init(&p, kind, source, size)) {
        (void)error_set(error, STATUS_NO_MEMORY, "no memory for an expression");
    } else {
        const char *fault = parse(&p);
        compiled = fault == NULL ? p.e : NULL;
        if (fault != NULL) {
            (void)error_set(error, STATUS_BAD_INPUT, "Invalid %s: %s", prefixes[kind], fault);
        }
    }
    free(p.tokens);
    if (compiled == NULL) {
        free(p.e);
    }
    return compiled;
}

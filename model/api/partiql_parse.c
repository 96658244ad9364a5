/* partiql_parse.c: from the text of a statement to its terms; see partiql.h.
 *
 * Method. Recursive descent, each level of precedence a function. A function that finds an error
 * notes it and returns no term, and so does its caller. Precedence: OR, AND, NOT, then = <> IN
 * IS, then < <= > >= BETWEEN, then + and -. Sources: DDB-PARTIQL-1 to DDB-PARTIQL-4.
 */
#include "model/api/partiql_token.h"
#include "model/api/partiql_tree.h"
#include "sim/assert.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    DEPTH_MAX = 100,  /* of expressions in one another, for the sake of the stack */
    NESTING_MAX = 31, /* of collections: DDB-LIMIT-1 */
    IN_OPERANDS_MAX = 100,
    INDEX_MAX = INT32_MAX,
    PARAMETER_ROOM = 64, /* around the bytes of one */
};

struct parser {
    struct partiql *s;
    struct partiql_token *tokens;
    uint32_t at, depth;
    const struct spot *spot; /* NULL: not inside a collection */
    const struct value *parameters;
    uint32_t parameters_count, parameters_used;
    struct error *error;
};

/* Errors */

#define NO_PATH "Expected identifier for simple path"

/* Notes that the statement is not one; `detail` may be empty. Returns no term. */
static uint16_t malformed(struct parser *p, const char *detail)
{
    (void)error_set(p->error, STATUS_BAD_INPUT,
                    "Statement wasn't well formed, can't be processed: %s", detail);
    return 0;
}

static uint16_t refuse(struct parser *p, const char *message)
{
    (void)error_set(p->error, STATUS_BAD_INPUT, "%s", message);
    return 0;
}

enum status partiql_refuse_at(const struct partiql *s, struct text token, struct error *error,
                              const char *format, ...)
{
    char message[400];
    uint32_t line;
    uint32_t column;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    partiql_place(s->statement, token.at, &line, &column);
    return error_set(error, STATUS_BAD_INPUT, "%s at %u:%u:%zu", message, line, column, token.size);
}

__attribute__((format(printf, 3, 4))) static uint16_t refuse_at(struct parser *p, struct text token,
                                                                const char *format, ...)
{
    char message[400];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    (void)partiql_refuse_at(p->s, token, p->error, "%s", message);
    return 0;
}

/* Tokens */

static const struct partiql_token *token(const struct parser *p)
{
    return &p->tokens[p->at];
}

static bool take_sign(struct parser *p, const char *sign)
{
    bool taken = partiql_is_sign(token(p), sign);
    p->at += taken;
    return taken;
}

static bool take_word(struct parser *p, const char *word)
{
    bool taken = partiql_is_word(token(p), word);
    p->at += taken;
    return taken;
}

/* Where no term can begin: what stands there says how it is told. */
static uint16_t unexpected(struct parser *p)
{
    const struct partiql_token *t = token(p);
    return malformed(p, partiql_is_operator(t)    ? "Unexpected operator"
                        : t->kind == PARTIQL_WORD ? "Unexpected keyword"
                                                  : "Unexpected term");
}

/* A sign that must stand here. */
static bool take_expected(struct parser *p, const char *sign)
{
    char detail[40];
    const char *name = *sign == ')'   ? "RIGHT_PAREN"
                       : *sign == ']' ? "RIGHT_BRACKET"
                       : *sign == '}' ? "RIGHT_CURLY"
                       : *sign == ':' ? "COLON"
                                      : "RIGHT_DOUBLE_ANGLE_BRACKET";
    if (take_sign(p, sign)) {
        return true;
    }
    (void)snprintf(detail, sizeof detail, "Expected %s", name);
    return malformed(p, detail) != 0;
}

/* Terms */

static uint16_t term_new(struct parser *p, enum term_kind kind, struct text begin)
{
    p->s->terms[p->s->terms_count] = (struct term){.kind = kind, .token = begin};
    return p->s->terms_count++;
}

static struct term *term(struct parser *p, uint16_t i)
{
    return &p->s->terms[i];
}

static void link_behind(struct parser *p, uint16_t *link, uint16_t child)
{
    while (*link != 0) {
        link = &term(p, *link)->next;
    }
    *link = child;
}

static uint16_t term_of(struct parser *p, enum term_kind kind, uint16_t a, uint16_t b)
{
    if (a == 0 || b == 0) {
        return 0;
    }
    uint16_t i = term_new(p, kind, term(p, a)->token);
    term(p, i)->first = a;
    link_behind(p, &term(p, i)->first, b);
    return i;
}

static uint16_t value_new(struct parser *p, struct value value, struct text begin)
{
    uint16_t i = term_new(p, TERM_VALUE, begin);
    term(p, i)->value = p->s->values_count;
    p->s->values[p->s->values_count++] = value;
    return i;
}

/* A view with a NUL behind it in the statement's room. */
static const char *text_kept(struct partiql *s, struct text text)
{
    char *at = s->text + s->text_used;
    memcpy(at, text.at, text.size);
    at[text.size] = '\0';
    s->text_used += text.size + 1;
    return at;
}

static const char *numbered(struct partiql *s, char sign, uint32_t number)
{
    char digits[16];
    int size = snprintf(digits, sizeof digits, "%c%u", sign, number);
    return text_kept(s, (struct text){digits, (size_t)size});
}

/* The position of a name, which is kept once. */
static uint16_t name_number(struct parser *p, struct text name)
{
    struct partiql *s = p->s;
    for (uint16_t i = 0; i < s->names_count; i++) {
        if (text_equal(text_from(s->names[2 * i + 1]), name)) {
            return i;
        }
    }
    s->names[2 * s->names_count] = numbered(s, '#', s->names_count);
    s->names[2 * s->names_count + 1] = text_kept(s, name);
    return s->names_count++;
}

/* Paths */

static bool is_name(const struct partiql_token *t)
{
    return t->kind == PARTIQL_NAME || t->kind == PARTIQL_QUOTED;
}

static struct text name_text(struct parser *p, const struct partiql_token *t)
{
    return t->kind == PARTIQL_NAME ? t->text : literal_string(p->s, t->text);
}

static void step_name(struct parser *p, struct text name)
{
    struct partiql *s = p->s;
    s->steps[s->steps_count++] = (struct partiql_step){.name = name_number(p, name)};
}

/* [n] or ['name'], behind the bracket. */
static bool parse_bracket(struct parser *p)
{
    bool negative = take_sign(p, "-");
    const struct partiql_token *t = token(p);
    if (t->kind == PARTIQL_STRING && !negative) {
        step_name(p, literal_string(p->s, t->text));
    } else if (t->kind == PARTIQL_NUMBER && strspn(t->text.at, "0123456789") >= t->text.size) {
        uint64_t index = 0;
        for (size_t i = 0; i < t->text.size && index <= INDEX_MAX; i++) {
            index = index * 10 + (uint64_t)(t->text.at[i] - '0');
        }
        if (index > INDEX_MAX || (negative && index > 0)) {
            return refuse_at(p, t->text,
                             "List index is not within the allowable range; index: [%s%.*s]",
                             negative ? "-" : "", (int)t->text.size, t->text.at) != 0;
        }
        p->s->steps[p->s->steps_count++] =
            (struct partiql_step){.element = true, .index = (uint32_t)index};
    } else {
        return malformed(p, "Invalid path component") != 0;
    }
    p->at++;
    return take_expected(p, "]");
}

/* .name, behind the dot. */
static bool parse_dot(struct parser *p)
{
    if (!is_name(token(p))) {
        return malformed(p, "Invalid path dot component") != 0;
    }
    step_name(p, name_text(p, token(p)));
    p->at++;
    return true;
}

static uint16_t parse_path(struct parser *p)
{
    struct partiql *s = p->s;
    uint16_t i = term_new(p, TERM_PATH, token(p)->text);
    term(p, i)->steps = s->steps_count;
    step_name(p, name_text(p, token(p)));
    p->at++;
    while (partiql_is_sign(token(p), ".") || partiql_is_sign(token(p), "[")) {
        bool dot = take_sign(p, ".");
        p->at += !dot;
        if (!(dot ? parse_dot(p) : parse_bracket(p))) {
            return 0;
        }
    }
    term(p, i)->steps_count = (uint16_t)(s->steps_count - term(p, i)->steps);
    return i;
}

/* Literals */

static uint16_t parse_expression(struct parser *p);

/* Refuses what is no literal inside one. */
static uint16_t literal_only(struct parser *p, uint16_t i, const struct spot *spot)
{
    char where[300];
    if (i == 0 || term(p, i)->kind == TERM_VALUE) {
        return i;
    }
    const struct term *t = term(p, i);
    struct text what = t->kind == TERM_FUNCTION ? t->text : t->token;
    return refuse_at(p, t->token, "Unsupported data type: %.*s under key %s", (int)what.size,
                     what.at, spot_text(spot, where, sizeof where));
}

/* A member of a collection. */
static uint16_t parse_member(struct parser *p, struct text name, uint32_t index)
{
    static const struct spot root = {0};
    const struct spot *outer = p->spot;
    const struct spot spot = {outer == NULL ? &root : outer, name, index,
                              outer == NULL ? 1 : outer->depth + 1};
    if (spot.depth > NESTING_MAX) {
        char where[300];
        char message[400];
        (void)snprintf(message, sizeof message,
                       "Nesting Levels have exceeded supported limits under %s",
                       spot_text(&spot, where, sizeof where));
        return refuse(p, message);
    }
    p->spot = &spot;
    uint16_t i = literal_only(p, parse_expression(p), &spot);
    p->spot = outer;
    return i;
}

/* The elements of a list or a bag up to `end`, chained behind *first. */
static bool parse_elements(struct parser *p, const char *end, uint16_t *first)
{
    *first = 0;
    if (take_sign(p, end)) {
        return true;
    }
    uint32_t index = 0;
    uint16_t *link = first;
    do {
        uint16_t i = parse_member(p, (struct text){0}, index++);
        if (i == 0) {
            return false;
        }
        *link = i;
        link = &term(p, i)->next;
    } while (take_sign(p, ","));
    return take_expected(p, end);
}

/* Notes what a literal could not be built for. */
static uint16_t built(struct parser *p, enum status status, struct value value, struct text begin)
{
    return status != STATUS_OK ? 0 : value_new(p, value, begin);
}

static uint16_t parse_list(struct parser *p)
{
    struct text begin = token(p)->text;
    struct value value;
    uint16_t first;
    p->at++;
    if (!parse_elements(p, "]", &first)) {
        return 0;
    }
    literal_list(p->s, first, &value);
    return value_new(p, value, begin);
}

static uint16_t parse_bag(struct parser *p)
{
    struct text begin = token(p)->text;
    struct value value;
    uint16_t first;
    p->at++;
    if (!parse_elements(p, ">>", &first)) {
        return 0;
    }
    enum status status = literal_set(p->s, first, p->spot, &value, p->error);
    return built(p, status, value, begin);
}

/* One member of a tuple: its name, and what it is. That of an INSERT's own tuple may be a
 * parameter. */
static uint16_t parse_pair(struct parser *p, bool item)
{
    if (token(p)->kind != PARTIQL_STRING) {
        return unexpected(p);
    }
    struct text name = literal_string(p->s, token(p)->text);
    p->at++;
    if (!take_expected(p, ":")) {
        return 0;
    }
    uint16_t i = item ? literal_only(p, parse_expression(p), NULL) : parse_member(p, name, 0);
    if (i != 0) {
        term(p, i)->text = name;
    }
    return i;
}

static uint16_t parse_tuple(struct parser *p, bool item)
{
    struct text begin = token(p)->text;
    struct value value;
    uint16_t first = 0;
    uint16_t *link = &first;
    p->at++;
    while (!partiql_is_sign(token(p), "}")) {
        *link = parse_pair(p, item);
        if (*link == 0) {
            return 0;
        }
        link = &term(p, *link)->next;
        if (!take_sign(p, ",")) {
            break;
        }
    }
    if (!take_expected(p, "}")) {
        return 0;
    }
    enum status status = literal_map(p->s, first, &value, p->error);
    return built(p, status, value, begin);
}

static uint16_t parse_number(struct parser *p, bool negative, struct text begin)
{
    struct value value;
    enum status status = literal_number(token(p)->text, negative, p->spot, &value, p->error);
    begin.size = (size_t)(token(p)->text.at + token(p)->text.size - begin.at);
    p->at++;
    return built(p, status, value, begin);
}

static uint16_t parse_parameter(struct parser *p)
{
    struct text begin = token(p)->text;
    char where[300];
    if (p->spot != NULL) {
        return refuse_at(p, begin, "Unsupported data type: Parameter under key %s",
                         spot_text(p->spot, where, sizeof where));
    }
    p->at++;
    if (p->parameters_used == p->parameters_count) {
        return refuse(p, "Number of parameters in request and statement don't match.");
    }
    return value_new(p, p->parameters[p->parameters_used++], begin);
}

/* Operands */

/* The operands of a function up to its parenthesis, or those of IN. */
static bool parse_operands(struct parser *p, const char *end, uint16_t owner, uint32_t *count)
{
    *count = 0;
    uint16_t *link = &term(p, owner)->first;
    while (*link != 0) {
        link = &term(p, *link)->next;
    }
    if (take_sign(p, end)) {
        return true;
    }
    do {
        uint16_t i = parse_expression(p);
        if (i == 0) {
            return false;
        }
        ++*count;
        *link = i;
        link = &term(p, i)->next;
    } while (take_sign(p, ","));
    return take_expected(p, end);
}

/* The name of a function in small letters, in the statement's room. */
static struct text small_letters(struct partiql *s, struct text name)
{
    char *at = s->text + s->text_used;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.at[i];
        at[i] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    s->text_used += name.size;
    return (struct text){at, name.size};
}

static uint16_t parse_function(struct parser *p)
{
    struct text begin = token(p)->text;
    uint16_t i = term_new(p, TERM_FUNCTION, begin);
    uint32_t count;
    term(p, i)->text = small_letters(p->s, begin);
    p->at += 2;
    return parse_operands(p, ")", i, &count) ? i : 0;
}

static uint16_t parse_parentheses(struct parser *p)
{
    p->at++;
    uint16_t i = parse_expression(p);
    if (i == 0) {
        return 0;
    }
    return take_expected(p, ")") ? i : 0;
}

static uint16_t parse_word(struct parser *p)
{
    struct text begin = token(p)->text;
    if (take_word(p, "NULL")) {
        return value_new(p, value_null(), begin);
    }
    bool truth = take_word(p, "TRUE");
    if (truth || take_word(p, "FALSE")) {
        return value_new(p, (struct value){.type = TYPE_BOOL, .boolean = truth}, begin);
    }
    return unexpected(p);
}

/* + and - before a number. */
static uint16_t parse_signed(struct parser *p)
{
    struct text begin = token(p)->text;
    bool negative = false;
    while (partiql_is_sign(token(p), "+") || partiql_is_sign(token(p), "-")) {
        negative = negative != partiql_is_sign(token(p), "-");
        p->at++;
    }
    return token(p)->kind == PARTIQL_NUMBER
               ? parse_number(p, negative, begin)
               : refuse_at(p, begin, "A sign is supported before a number only");
}

static uint16_t parse_primary(struct parser *p)
{
    const struct partiql_token *t = token(p);
    switch (t->kind) {
    case PARTIQL_NAME:
    case PARTIQL_WORD:
        if (partiql_is_sign(t + 1, "(") && !partiql_is_operator(t)) {
            return parse_function(p);
        }
        return t->kind == PARTIQL_NAME ? parse_path(p) : parse_word(p);
    case PARTIQL_QUOTED:
        return parse_path(p);
    case PARTIQL_STRING:
        p->at++;
        return value_new(p, value_s(literal_string(p->s, t->text)), t->text);
    case PARTIQL_NUMBER:
        return parse_number(p, false, t->text);
    case PARTIQL_PARAMETER:
        return parse_parameter(p);
    case PARTIQL_SIGN:
    case PARTIQL_END:
        break;
    }
    return partiql_is_sign(t, "(")                              ? parse_parentheses(p)
           : partiql_is_sign(t, "[")                            ? parse_list(p)
           : partiql_is_sign(t, "{")                            ? parse_tuple(p, false)
           : partiql_is_sign(t, "<<")                           ? parse_bag(p)
           : partiql_is_sign(t, "+") || partiql_is_sign(t, "-") ? parse_signed(p)
                                                                : unexpected(p);
}

static bool at_end(const struct parser *p)
{
    return token(p)->kind == PARTIQL_END || partiql_is_sign(token(p), ";");
}

/* The right-hand side of an operator. */
static uint16_t parse_right(struct parser *p, uint16_t (*parse)(struct parser *))
{
    if (at_end(p)) {
        return malformed(p, "Missing right-hand side expression of infix operator");
    }
    return parse(p);
}

static uint16_t parse_sum(struct parser *p)
{
    uint16_t left = parse_primary(p);
    while (left != 0) {
        bool minus = take_sign(p, "-");
        if (!minus && !take_sign(p, "+")) {
            break;
        }
        left = term_of(p, minus ? TERM_MINUS : TERM_PLUS, left, parse_right(p, parse_primary));
    }
    return left;
}

/* Conditions */

static uint16_t negated(struct parser *p, uint16_t condition, bool inverted)
{
    if (condition == 0 || !inverted) {
        return condition;
    }
    uint16_t i = term_new(p, TERM_NOT, term(p, condition)->token);
    term(p, i)->first = condition;
    return i;
}

static uint16_t parse_between(struct parser *p, uint16_t left)
{
    uint16_t lower = parse_right(p, parse_sum);
    if (lower == 0) {
        return 0;
    }
    if (!take_word(p, "AND")) {
        return malformed(p, "Expected AND keyword");
    }
    if (at_end(p)) {
        return malformed(p, "Expected expression after AND");
    }
    uint16_t i = term_of(p, TERM_BETWEEN, left, lower);
    uint16_t upper = parse_sum(p);
    if (upper == 0) {
        return 0;
    }
    link_behind(p, &term(p, i)->first, upper);
    return i;
}

/* The word behind NOT. */
static bool take_not(struct parser *p, const char *word)
{
    bool taken = partiql_is_word(token(p), "NOT") && partiql_is_word(token(p) + 1, word);
    p->at += taken ? 2 : 0;
    return taken;
}

static enum term_kind comparison(const struct partiql_token *t)
{
    return partiql_is_sign(t, "<")    ? TERM_LESS
           : partiql_is_sign(t, "<=") ? TERM_LESS_EQUAL
           : partiql_is_sign(t, ">")  ? TERM_GREATER
           : partiql_is_sign(t, ">=") ? TERM_GREATER_EQUAL
                                      : TERM_NONE;
}

static uint16_t parse_comparison(struct parser *p)
{
    uint16_t left = parse_sum(p);
    for (uint32_t i = 0; left != 0; i++) {
        if (i == DEPTH_MAX) {
            return refuse(p, "Comparisons of comparisons are too many");
        }
        enum term_kind kind = comparison(token(p));
        bool inverted = take_not(p, "BETWEEN");
        if (kind != TERM_NONE) {
            p->at++;
            left = term_of(p, kind, left, parse_right(p, parse_sum));
        } else if (inverted || take_word(p, "BETWEEN")) {
            left = negated(p, parse_between(p, left), inverted);
        } else {
            break;
        }
    }
    return left;
}

static uint16_t parse_in(struct parser *p, uint16_t left)
{
    bool round = take_sign(p, "(");
    bool bag = !round && take_sign(p, "<<");
    uint32_t count;
    if (!round && !bag && !take_sign(p, "[")) {
        return malformed(p, "Expected a list after IN");
    }
    uint16_t i = term_new(p, TERM_IN, term(p, left)->token);
    term(p, i)->first = left;
    if (!parse_operands(p, round ? ")" : bag ? ">>" : "]", i, &count)) {
        return 0;
    }
    if (count > IN_OPERANDS_MAX) {
        char message[100];
        (void)snprintf(message, sizeof message,
                       "The IN operator is provided with too many operands; number of operands: %u",
                       count);
        return refuse(p, message);
    }
    return i;
}

/* The name of a type, as DynamoDB's attribute_type has it; IS MISSING is no type but absence, and
 * what has no type of DynamoDB's gets size 0. */
static bool take_type(struct parser *p, struct text *type)
{
    static const struct {
        const char *word, *second, *type;
    } types[] = {
        {"MISSING",   NULL,        "MISSING"},
        {"NULL",      NULL,        "NULL"   },
        {"BOOL",      NULL,        "BOOL"   },
        {"BOOLEAN",   NULL,        "BOOL"   },
        {"STRING",    NULL,        "S"      },
        {"NUMERIC",   NULL,        "N"      },
        {"DECIMAL",   NULL,        "N"      },
        {"BLOB",      NULL,        "B"      },
        {"STRUCT",    NULL,        "M"      },
        {"TUPLE",     NULL,        "M"      },
        {"LIST",      NULL,        "L"      },
        {"BAG",       NULL,        ""       },
        {"INT",       NULL,        ""       },
        {"INT2",      NULL,        ""       },
        {"INT4",      NULL,        ""       },
        {"INT8",      NULL,        ""       },
        {"INTEGER",   NULL,        ""       },
        {"SMALLINT",  NULL,        ""       },
        {"BIGINT",    NULL,        ""       },
        {"FLOAT",     NULL,        ""       },
        {"REAL",      NULL,        ""       },
        {"DOUBLE",    "PRECISION", ""       },
        {"CHARACTER", "VARYING",   ""       },
        {"CHAR",      NULL,        ""       },
        {"VARCHAR",   NULL,        ""       },
        {"DATE",      NULL,        ""       },
        {"TIME",      NULL,        ""       },
        {"TIMESTAMP", NULL,        ""       },
        {"SYMBOL",    NULL,        ""       },
        {"CLOB",      NULL,        ""       },
        {"SEXP",      NULL,        ""       },
    };

    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (take_word(p, types[i].word)) {
            *type = text_from(types[i].type);
            return types[i].second == NULL || take_word(p, types[i].second);
        }
    }
    return false;
}

static uint16_t parse_is(struct parser *p, uint16_t left)
{
    bool inverted = take_word(p, "NOT");
    struct text name = token(p)->text;
    struct text type;
    if (!take_type(p, &type)) {
        return malformed(p, "Expected type name");
    }
    if (type.size == 0) {
        return refuse_at(p, name, "The type is not supported for IS: %.*s", (int)name.size,
                         name.at);
    }
    uint16_t i = term_new(p, TERM_IS, term(p, left)->token);
    term(p, i)->first = left;
    term(p, i)->value = p->s->values_count;
    p->s->values[p->s->values_count++] = value_s(type);
    return negated(p, i, inverted);
}

static uint16_t parse_equality(struct parser *p)
{
    uint16_t left = parse_comparison(p);
    for (uint32_t i = 0; left != 0; i++) {
        if (i == DEPTH_MAX) {
            return refuse(p, "Comparisons of comparisons are too many");
        }
        bool not_in = take_not(p, "IN");
        if (take_sign(p, "=")) {
            left = term_of(p, TERM_EQUAL, left, parse_right(p, parse_comparison));
        } else if (take_sign(p, "<>") || take_sign(p, "!=")) {
            left = term_of(p, TERM_UNEQUAL, left, parse_right(p, parse_comparison));
        } else if (not_in || take_word(p, "IN")) {
            left = negated(p, parse_in(p, left), not_in);
        } else if (take_word(p, "IS")) {
            left = parse_is(p, left);
        } else {
            break;
        }
    }
    return left;
}

static uint16_t parse_not(struct parser *p)
{
    bool inverted = false;
    uint32_t depth = 0;
    while (take_word(p, "NOT")) {
        inverted = !inverted;
        depth++;
    }
    uint16_t i = parse_equality(p);
    return depth > 0 ? negated(p, i, inverted) : i;
}

/* Operands of AND, or of OR, as the children of one term; one alone stands for itself. */
static uint16_t parse_chain(struct parser *p, const char *word, enum term_kind kind,
                            uint16_t (*parse)(struct parser *))
{
    uint16_t part = parse(p);
    if (part == 0 || !partiql_is_word(token(p), word)) {
        return part;
    }
    uint16_t i = term_new(p, kind, term(p, part)->token);
    uint16_t *link = &term(p, i)->first;
    *link = part;
    while (take_word(p, word)) {
        link = &term(p, *link)->next;
        *link = parse_right(p, parse);
        if (*link == 0) {
            return 0;
        }
    }
    return i;
}

static uint16_t parse_and(struct parser *p)
{
    return parse_chain(p, "AND", TERM_AND, parse_not);
}

static uint16_t parse_expression(struct parser *p)
{
    if (p->depth == DEPTH_MAX) {
        return refuse(p, "Expressions within one another are too many");
    }
    p->depth++;
    uint16_t i = parse_chain(p, "OR", TERM_OR, parse_and);
    p->depth--;
    return i;
}

/* Statements */

/* "table"."index". */
static bool parse_table(struct parser *p, bool select)
{
    if (!is_name(token(p))) {
        return select ? unexpected(p) != 0 : malformed(p, NO_PATH) != 0;
    }
    struct text parts[2] = {
        {NULL, 0},
        {NULL, 0}
    };
    uint32_t count = 0;
    do {
        if (count == 2) {
            return refuse(p, "A path may contain at most 2 components in the FROM clause") != 0;
        }
        if (!is_name(token(p))) {
            return malformed(p, "Invalid path dot component") != 0;
        }
        parts[count] = name_text(p, token(p));
        if (parts[count].size == 0) {
            return refuse(p, "Path component cannot be an empty string") != 0;
        }
        count++;
        p->at++;
    } while (take_sign(p, "."));
    p->s->table = parts[0];
    p->s->index = parts[1];
    return true;
}

static bool no_alias(struct parser *p)
{
    bool alias = is_name(token(p)) || partiql_is_word(token(p), "AS");
    return !alias || refuse(p, "Aliasing is not supported") != 0;
}

static bool parse_where(struct parser *p)
{
    if (!take_word(p, "WHERE")) {
        return true;
    }
    p->s->where = parse_expression(p);
    return p->s->where != 0;
}

static bool parse_columns(struct parser *p)
{
    uint16_t *link = &p->s->columns;
    p->s->all = take_sign(p, "*");
    if (p->s->all) {
        return !partiql_is_sign(token(p), ",") ||
               malformed(p, "Other expressions may not be present in the select list when '*' is "
                            "used without dot notation.") != 0;
    }
    do {
        uint16_t i = parse_expression(p);
        if (i == 0) {
            return false;
        }
        if (term(p, i)->kind != TERM_PATH) {
            return refuse_at(p, term(p, i)->token, "Unexpected path component") != 0;
        }
        *link = i;
        link = &term(p, i)->next;
        if (!no_alias(p)) {
            return false;
        }
    } while (take_sign(p, ","));
    return true;
}

static bool parse_order(struct parser *p)
{
    if (!take_word(p, "ORDER")) {
        return true;
    }
    if (!take_word(p, "BY")) {
        return malformed(p, "Expected BY") != 0;
    }
    uint16_t *link = &p->s->order;
    do {
        uint16_t path = is_name(token(p)) ? parse_path(p) : unexpected(p);
        if (path == 0) {
            return false;
        }
        bool descending = take_word(p, "DESC");
        if (!descending) {
            (void)take_word(p, "ASC");
        }
        uint16_t i =
            term_new(p, descending ? TERM_DESCENDING : TERM_ASCENDING, term(p, path)->token);
        term(p, i)->first = path;
        *link = i;
        link = &term(p, i)->next;
    } while (take_sign(p, ","));
    return true;
}

static bool parse_select(struct parser *p)
{
    if (!parse_columns(p)) {
        return false;
    }
    if (!take_word(p, "FROM")) {
        return malformed(p, "Expected FROM after SELECT list") != 0;
    }
    return parse_table(p, true) && no_alias(p) && parse_where(p) && parse_order(p);
}

static bool parse_insert(struct parser *p)
{
    if (!take_word(p, "INTO")) {
        return malformed(p, "Unexpected keyword") != 0;
    }
    if (!parse_table(p, false)) {
        return false;
    }
    if (!take_word(p, "VALUE")) {
        return malformed(p, "Unexpected token after expression") != 0;
    }
    if (!partiql_is_sign(token(p), "{")) {
        return malformed(p, "Expected a tuple after VALUE") != 0;
    }
    uint16_t i = parse_tuple(p, true);
    if (i != 0) {
        p->s->item = (struct item){p->s->values[term(p, i)->value].bytes};
    }
    return i != 0;
}

/* One path of SET or REMOVE. */
static uint16_t parse_change(struct parser *p, enum term_kind kind)
{
    if (!is_name(token(p))) {
        return malformed(p, NO_PATH);
    }
    uint16_t path = parse_path(p);
    if (path == 0) {
        return 0;
    }
    uint16_t i = term_new(p, kind, term(p, path)->token);
    term(p, i)->first = path;
    if (kind == TERM_REMOVE) {
        return i;
    }
    if (!take_sign(p, "=")) {
        return malformed(p, "Expected '='");
    }
    uint16_t value = parse_right(p, parse_sum);
    if (value == 0) {
        return 0;
    }
    term(p, path)->next = value;
    return i;
}

static bool parse_changes(struct parser *p)
{
    uint16_t *link = &p->s->changes;
    while (partiql_is_word(token(p), "SET") || partiql_is_word(token(p), "REMOVE")) {
        bool set = take_word(p, "SET");
        p->at += !set;
        do {
            *link = parse_change(p, set ? TERM_SET : TERM_REMOVE);
            if (*link == 0) {
                return false;
            }
            link = &term(p, *link)->next;
        } while (take_sign(p, ","));
    }
    return p->s->changes != 0 || malformed(p, "Expected data manipulation") != 0;
}

/* RETURNING ALL OLD * and its like. */
static bool parse_returning(struct parser *p)
{
    if (!take_word(p, "RETURNING")) {
        return true;
    }
    bool all = take_word(p, "ALL");
    bool some = all || take_word(p, "MODIFIED");
    bool old = take_word(p, "OLD");
    if (!some || !(old || take_word(p, "NEW"))) {
        return malformed(p, "Expected ( MODIFIED | ALL ) ( NEW | OLD ) in each returning "
                            "element.") != 0;
    }
    if (!take_sign(p, "*")) {
        return malformed(p, "Expected '*' in a RETURNING clause") != 0;
    }
    p->s->returning = all   ? old ? PARTIQL_RETURNING_ALL_OLD : PARTIQL_RETURNING_ALL_NEW
                      : old ? PARTIQL_RETURNING_MODIFIED_OLD
                            : PARTIQL_RETURNING_MODIFIED_NEW;
    return true;
}

static bool parse_update(struct parser *p)
{
    return parse_table(p, false) && no_alias(p) && parse_changes(p) && parse_where(p) &&
           parse_returning(p);
}

static bool parse_delete(struct parser *p)
{
    static const char *const texts[] = {[PARTIQL_RETURNING_MODIFIED_OLD] = "MODIFIED OLD",
                                        [PARTIQL_RETURNING_ALL_NEW] = "ALL NEW",
                                        [PARTIQL_RETURNING_MODIFIED_NEW] = "MODIFIED NEW"};
    if (!take_word(p, "FROM")) {
        return malformed(p, "Expected FROM after DELETE") != 0;
    }
    if (!parse_table(p, false) || !no_alias(p) || !parse_where(p) || !parse_returning(p)) {
        return false;
    }
    if (p->s->returning > PARTIQL_RETURNING_ALL_OLD) {
        char message[200];
        (void)snprintf(message, sizeof message,
                       "Invalid returning clause: RETURNING %s *. Only RETURNING ALL OLD * is "
                       "allowed in DELETE statements.",
                       texts[p->s->returning]);
        return refuse(p, message) != 0;
    }
    return true;
}

static bool parse_exists(struct parser *p)
{
    p->at++;
    if (!take_word(p, "SELECT")) {
        return malformed(p, "Expected a SELECT statement in EXISTS") != 0;
    }
    return parse_select(p) && take_expected(p, ")");
}

static bool parse_kind(struct parser *p)
{
    static const struct {
        const char *word;
        enum partiql_kind kind;
        bool (*parse)(struct parser *);
    } kinds[] = {
        {"SELECT", PARTIQL_SELECT, parse_select},
        {"INSERT", PARTIQL_INSERT, parse_insert},
        {"UPDATE", PARTIQL_UPDATE, parse_update},
        {"DELETE", PARTIQL_DELETE, parse_delete},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (take_word(p, kinds[i].word)) {
            p->s->kind = kinds[i].kind;
            return kinds[i].parse(p);
        }
    }
    if (partiql_is_word(token(p), "EXISTS") && partiql_is_sign(token(p) + 1, "(")) {
        p->at++;
        p->s->kind = PARTIQL_EXISTS;
        return parse_exists(p);
    }
    return malformed(p, "Expected data manipulation") != 0;
}

static bool parse_statement(struct parser *p)
{
    if (!partiql_tokenize(p->s->statement, p->tokens)) {
        return malformed(p, "") != 0;
    }
    if (!parse_kind(p)) {
        return false;
    }
    (void)take_sign(p, ";");
    if (token(p)->kind != PARTIQL_END) {
        return malformed(p, "Unexpected token after expression") != 0;
    }
    return p->parameters_used == p->parameters_count ||
           refuse(p, "Number of parameters in request and statement don't match.") != 0;
}

/* The whole */

/* How deep collections are in one another at most, for the room they take: each is copied into
 * what it is in. */
static size_t nesting(struct text statement)
{
    size_t depth = 0;
    size_t deepest = 0;
    for (size_t i = 0; i < statement.size; i++) {
        char c = statement.at[i];
        depth += c == '[' || c == '{' || c == '<';
        depth -= (c == ']' || c == '}' || c == '>') && depth > 0;
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest < NESTING_MAX ? deepest : NESTING_MAX + 1;
}

/* Each character of a statement makes at most one term, step, name or value, and 8 bytes of a
 * value's encoding; a name comes with a placeholder. Parameters are members of an INSERT's tuple at
 * most. */
static struct partiql *statement_new(struct text statement, const struct value *parameters,
                                     uint32_t count)
{
    size_t each = statement.size + 4;
    size_t text = each * 8 * (nesting(statement) + 2) + each * 24;
    for (uint32_t i = 0; i < count; i++) {
        text += parameters[i].bytes.size + PARAMETER_ROOM;
    }
    size_t terms = each * sizeof(struct term);
    size_t steps = each * sizeof(struct partiql_step);
    size_t values = each * sizeof(struct value);
    size_t names = (3 * each + 2) * sizeof(char *);
    struct partiql *s = calloc(1, sizeof *s + values + names + terms + steps + text);
    if (s == NULL) {
        return NULL;
    }
    s->values = (struct value *)(s + 1);
    s->names = (const char **)((char *)s->values + values);
    s->placeholders = s->names + 2 * each + 1;
    s->terms = (struct term *)((char *)s->names + names);
    s->steps = (struct partiql_step *)((char *)s->terms + terms);
    s->text = (char *)s->steps + steps;
    s->text_size = text;
    s->terms_count = 1;
    s->statement = text_from(text_kept(s, statement));
    return s;
}

/* Names the values, and two more that conditions are compared with. */
static void name_values(struct partiql *s)
{
    s->truth = s->values_count;
    s->values[s->values_count++] = (struct value){.type = TYPE_BOOL, .boolean = true};
    s->values[s->values_count++] = (struct value){.type = TYPE_BOOL};
    for (uint16_t i = 0; i < s->values_count; i++) {
        s->placeholders[i] = numbered(s, ':', i);
    }
}

struct partiql *partiql_parse(struct text statement, const struct value *parameters, uint32_t count,
                              struct error *error)
{
    ASSERT(statement.size <= PARTIQL_STATEMENT_MAX);
    struct parser p = {.parameters = parameters, .parameters_count = count, .error = error};
    p.s = statement_new(statement, parameters, count);
    p.tokens = calloc(statement.size + 2, sizeof *p.tokens);
    bool parsed = p.s != NULL && p.tokens != NULL && parse_statement(&p);
    if (p.s == NULL || p.tokens == NULL) {
        (void)error_set(error, STATUS_NO_MEMORY, "no memory for a statement");
    }
    free(p.tokens);
    if (!parsed) {
        partiql_free(p.s);
        return NULL;
    }
    name_values(p.s);
    return p.s;
}

void partiql_free(struct partiql *s)
{
    free(s);
}

enum partiql_kind partiql_kind(const struct partiql *s)
{
    return s->kind;
}

enum partiql_returning partiql_returning(const struct partiql *s)
{
    return s->returning;
}

struct text partiql_table(const struct partiql *s)
{
    return s->table;
}

struct text partiql_index(const struct partiql *s)
{
    return s->index;
}

struct item partiql_item(const struct partiql *s)
{
    return s->item;
}

const struct value *partiql_values(const struct partiql *s)
{
    return s->values;
}

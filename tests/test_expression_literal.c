/* test_expression_literal.c: what is refused of literals and of the names around them.
 *
 * Tables: every operator and function with a literal of each type, known when compiled
 * (DDB-EXPR-11); which of several errors is told (DDB-EXPR-7); how names and values are to be
 * written, their limits and those of the text (DDB-EXPR-12); which were not used (DDB-EXPR-13).
 */
#include "tests/cases.h"
#include "tests/document.h"

#include "model/dynamodb/expression.h"

#include <stdio.h>

static const char *const NAMES[] = {"#a", "a", NULL};

/* A literal of each type by its name, and some more. */
static const char *const VALUES[] = {":S",  ":N",  ":B",  ":BOOL", ":NULL", ":M",   ":L",   ":SS",
                                     ":NS", ":BS", ":S2", ":N2",   ":B2",   ":DOG", ":MAP", NULL};
static const char *const VALUE_TEXTS[] = {"'SS'", "-1.50", "b'abc'", "true",  "null",
                                          "{}",   "[]",    "<'x'>",  "<1>",   "<b'x'>",
                                          "'A'",  "-2E+2", "b'ab'",  "'DOG'", "'map'"};

static const struct value *literals(void)
{
    static struct value read[sizeof VALUE_TEXTS / sizeof VALUE_TEXTS[0]];
    static bool done;
    for (size_t i = 0; !done && i < sizeof read / sizeof read[0]; i++) {
        read[i] = document_read(VALUE_TEXTS[i]);
    }
    done = true;
    return read;
}

static struct expression *compile(enum expression_kind kind, const char *text, struct error *error)
{
    struct expression_source source = {text, NAMES, VALUES, literals()};
    return expression_compile(kind, &source, error);
}

static const char *const PREFIXES[] = {"Condition", "Filter", "KeyCondition", "Update",
                                       "Projection"};

static void expect(enum expression_kind kind, const char *text, const char *message)
{
    struct error error = {.message = ""};
    char expected[512] = "";
    if (message != NULL) {
        (void)snprintf(expected, sizeof expected, "Invalid %sExpression: %s", PREFIXES[kind],
                       message);
    }
    struct expression *e = compile(kind, text, &error);
    assert_string_equal(error.message, expected);
    assert_int_equal(e == NULL, message != NULL);
    expression_free(e);
}

/* Every type in one place of an operator: which are taken, and how the others are refused. */
static const struct place_case {
    const char *name; /* the expression, %s being the literal */
    enum expression_kind kind;
    const char *operator, * taken; /* NULL: all */
} place_cases[] = {
    {"a = :%s",                        EXPRESSION_CONDITION, "=",              NULL                },
    {":%s <> a",                       EXPRESSION_CONDITION, "<>",             NULL                },
    {"a < :%s",                        EXPRESSION_CONDITION, "<",              " S N B "           },
    {":%s <= a",                       EXPRESSION_FILTER,    "<=",             " S N B "           },
    {"size(a) > :%s",                  EXPRESSION_CONDITION, ">",              " S N B "           },
    {"a = :S AND :%s >= b",            EXPRESSION_KEY,       ">=",             " S N B "           },
    {":%s BETWEEN a AND b",            EXPRESSION_CONDITION, "BETWEEN",        " S N B "           },
    {"a BETWEEN :%s AND b",            EXPRESSION_CONDITION, "BETWEEN",        " S N B "           },
    {"a BETWEEN b AND :%s",            EXPRESSION_CONDITION, "BETWEEN",        " S N B "           },
    {"a IN (:%s)",                     EXPRESSION_CONDITION, "IN",             NULL                },
    {":%s IN (a, b)",                  EXPRESSION_CONDITION, "IN",             NULL                },
    {"begins_with(a, :%s)",            EXPRESSION_CONDITION, "begins_with",    " S B "             },
    {"begins_with(:%s, a)",            EXPRESSION_CONDITION, "begins_with",    " S B "             },
    {"a = :S AND begins_with(b, :%s)", EXPRESSION_KEY,       "begins_with",    " S B "             },
    {"contains(a, :%s)",               EXPRESSION_CONDITION, "contains",       NULL                },
    {"contains(:%s, a)",               EXPRESSION_CONDITION, "contains",       NULL                },
    {"attribute_type(:%s, :S)",        EXPRESSION_CONDITION, "",               NULL                },
    {"attribute_type(a, :%s)",         EXPRESSION_CONDITION, "attribute_type", " S "               },
    {"size(:%s) = :N",                 EXPRESSION_CONDITION, "size",           " S B M L SS NS BS "},
    {"SET a = :%s",                    EXPRESSION_UPDATE,    "=",              NULL                },
    {"SET a = b + :%s",                EXPRESSION_UPDATE,    "+",              " N "               },
    {"SET a = :%s + b",                EXPRESSION_UPDATE,    "+",              " N "               },
    {"SET a = :%s - b",                EXPRESSION_UPDATE,    "-",              " N "               },
    {"SET a = list_append(:%s, b)",    EXPRESSION_UPDATE,    "list_append",    " L "               },
    {"SET a = list_append(b, :%s)",    EXPRESSION_UPDATE,    "list_append",    " L "               },
    {"SET a = if_not_exists(a, :%s)",  EXPRESSION_UPDATE,    "",               NULL                },
    {"ADD a.b :%s",                    EXPRESSION_UPDATE,    "ADD",            " N SS NS BS "      },
    {"DELETE a.b :%s",                 EXPRESSION_UPDATE,    "DELETE",         " SS NS BS "        },
};

static void literal_of_each_type(void **state)
{
    const struct place_case *c = *state;
    static const char *const long_types[] = {"STRING", "NUMBER", "BINARY", "BOOLEAN",
                                             "NULL",   "MAP",    "LIST"};
    for (int i = 0; i < 10; i++) {
        char text[64];
        char type[16];
        char message[256];
        (void)snprintf(text, sizeof text, c->name, VALUES[i] + 1);
        (void)snprintf(type, sizeof type, " %s ", VALUES[i] + 1);
        bool section = strcmp(c->operator, "ADD") == 0 || strcmp(c->operator, "DELETE") == 0;
        if (section && i < 7) {
            (void)snprintf(message, sizeof message,
                           "Incorrect operand type for operator or function; operator: %s, operand "
                           "type: %s, typeSet: ALLOWED_FOR_%s_OPERAND",
                           c->operator, long_types[i], c->operator);
        } else {
            (void)snprintf(message, sizeof message,
                           "Incorrect operand type for operator or function; operator or function: "
                           "%s, operand type: %s",
                           c->operator, VALUES[i] + 1);
        }
        bool taken = c->taken == NULL || strstr(c->taken, type) != NULL;
        expect(c->kind, text, taken ? NULL : message);
    }
}

/* Errors, and which of several. */
#define BAD_TYPE "Incorrect operand type for operator or function; operator or function: "
#define UNDEFINED_NAME                                                                             \
    "An expression attribute name used in the document path is not defined; attribute name: "
#define UNDEFINED_VALUE                                                                            \
    "An expression attribute value used in expression is not defined; attribute value: "
#define BETWEEN_TYPES "The BETWEEN operator requires same data type for lower and upper bounds; "
#define BETWEEN_ORDER                                                                              \
    "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; "

static const struct message_case {
    const char *name;
    enum expression_kind kind;
    const char *message; /* NULL: none */
} message_cases[] = {
    {"a BETWEEN :S2 AND :S",                                        EXPRESSION_CONDITION, NULL                                           },
    {"a BETWEEN :S AND :S",                                         EXPRESSION_CONDITION, NULL                                           },
    {"a BETWEEN :S AND :S2",                                        EXPRESSION_CONDITION,
     BETWEEN_ORDER
     "lower bound operand: AttributeValue: {S:SS}, upper bound operand: AttributeValue: {S:A}"                                           },
    {"a BETWEEN :N AND :N2",                                        EXPRESSION_KEY,
     BETWEEN_ORDER "lower bound operand: AttributeValue: {N:-1.5}, upper bound operand: "
                   "AttributeValue: {N:-200}"                                                                                            },
    {"a BETWEEN :B AND :B2",                                        EXPRESSION_CONDITION,
     BETWEEN_ORDER "lower bound operand: AttributeValue: {B:java.nio.HeapByteBuffer[pos=0 lim=3 "
                   "cap=3]}, upper bound operand: AttributeValue: {B:java.nio.HeapByteBuffer[pos=0 "
                   "lim=2 cap=2]}"                                                                                                       },
    {"a BETWEEN :N AND :S",                                         EXPRESSION_CONDITION,
     BETWEEN_TYPES
     "lower bound operand: AttributeValue: {N:-1.5}, upper bound operand: AttributeValue: {S:SS}"                                        },
    {"a BETWEEN :N AND :BOOL",                                      EXPRESSION_CONDITION, BAD_TYPE "BETWEEN, operand type: BOOL"         },
    {"a BETWEEN size(b) AND :S",                                    EXPRESSION_CONDITION, NULL                                           },
    {"attribute_type(a, :DOG)",                                     EXPRESSION_CONDITION,
     "Invalid attribute type name found; type: DOG, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"                                         },
    {"attribute_type(a, :MAP)",                                     EXPRESSION_CONDITION,
     "Invalid attribute type name found; type: map, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"                                         },
    {"attribute_type(a, b)",                                        EXPRESSION_CONDITION,
     BAD_TYPE "attribute_type, operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}"                                                             },
    {"size(size(a)) = :N",                                          EXPRESSION_CONDITION, BAD_TYPE "size, operand type: N"               },
    {"begins_with(size(a), :S)",                                    EXPRESSION_CONDITION, BAD_TYPE "begins_with, operand type: N"        },
    {"size(a) < :BOOL",                                             EXPRESSION_CONDITION, BAD_TYPE "<, operand type: BOOL"               },
    {":N > :L",                                                     EXPRESSION_CONDITION, BAD_TYPE ">, operand type: L"                  },
    {"NOT (a > :M)",                                                EXPRESSION_FILTER,    BAD_TYPE ">, operand type: M"                  },
    {"attribute_exists(z) OR a > :M",                               EXPRESSION_FILTER,    BAD_TYPE ">, operand type: M"                  },
    {"a > :M AND #z = b",                                           EXPRESSION_CONDITION, BAD_TYPE ">, operand type: M"                  },
    {"#z = b AND a > :M",                                           EXPRESSION_CONDITION, UNDEFINED_NAME "#z"                            },
    {"#z > :M",                                                     EXPRESSION_CONDITION, UNDEFINED_NAME "#z"                            },
    {":z > #z",                                                     EXPRESSION_CONDITION, UNDEFINED_VALUE ":z"                           },
    {"begins_with(#a, a)",                                          EXPRESSION_CONDITION,
     "The first operand must be distinct from the remaining operands for this operator or "
     "function; operator: begins_with, first operand: [a]"                                                                               },
    {"size(:N, a) = :N",                                            EXPRESSION_CONDITION,
     "Incorrect number of operands for operator or function; operator or function: size, number of "
     "operands: 2"                                                                                                                       },
    {"begins_with(a, :N) AND abort = :S",                           EXPRESSION_CONDITION,
     "Attribute name is a reserved keyword; reserved keyword: abort"                                                                     },
    {"size(a) AND abort = :S",                                      EXPRESSION_CONDITION,
     "The function is not allowed to be used this way in an expression; function: size"                                                  },
    {"if_not_exists(a, b) = :S AND f(a)",                           EXPRESSION_CONDITION,
     "Invalid function name; function: f"                                                                                                },
    {"((a = f(b)))",                                                EXPRESSION_CONDITION, "The expression has redundant parentheses;"    },
    {"((a = f(b))) AND",                                            EXPRESSION_CONDITION, "Syntax error; token: \"<EOF>\", near: \"AND\""},
    {"SET #z = :z + :S REMOVE a, a",                                EXPRESSION_UPDATE,    UNDEFINED_NAME "#z"                            },
    {"SET b = :z + :S REMOVE a, a",                                 EXPRESSION_UPDATE,    UNDEFINED_VALUE ":z"                           },
    {"SET b = c + :S, c[0] = d REMOVE a, a, c.d",                   EXPRESSION_UPDATE,
     "Two document paths overlap with each other; must remove or rewrite one of these paths; path "
     "one: [a], path two: [a]"                                                                                                           },
    {"SET b = c + :S, c[0] = d REMOVE c.d",                         EXPRESSION_UPDATE,
     "Two document paths conflict with each other; must remove or rewrite one of these paths; path "
     "one: [c, [0]], path two: [c, d]"                                                                                                   },
    {"ADD c.d :S SET c[0] = d",                                     EXPRESSION_UPDATE,
     "Two document paths conflict with each other; must remove or rewrite one of these paths; path "
     "one: [c, d], path two: [c, [0]]"                                                                                                   },
    {"SET b = list_append(:S, a), c = if_not_exists(a) ADD a.b :S", EXPRESSION_UPDATE,
     "Incorrect operand type for operator or function; operator: ADD, operand type: STRING, "
     "typeSet: ALLOWED_FOR_ADD_OPERAND"                                                                                                  },
    {"SET b = list_append(:S, a), c = if_not_exists(a)",            EXPRESSION_UPDATE,
     BAD_TYPE "list_append, operand type: S"                                                                                             },
    {"SET a = b SET a = :S",                                        EXPRESSION_UPDATE,
     "The \"SET\" section can only be used once in an update expression;"                                                                },
    {"SET a = b SET abort = f(:S)",                                 EXPRESSION_UPDATE,    "Invalid function name; function: f"           },
    {"a IN ()",                                                     EXPRESSION_CONDITION, "Syntax error; token: \")\", near: \"()\""     },
};

static void one_error_is_told(void **state)
{
    const struct message_case *c = *state;
    expect(c->kind, c->name, c->message);
}

/* A compiled expression takes other literals of the same types, if it would compile with them. */
static void literals_are_checked_again(void **state)
{
    (void)state;
    struct error error;
    struct value other[sizeof VALUE_TEXTS / sizeof VALUE_TEXTS[0]];
    struct expression *e = compile(
        EXPRESSION_CONDITION, "(a BETWEEN :S2 AND :S OR a = :N) AND attribute_type(b, :S)", &error);
    assert_non_null(e);
    memcpy(other, literals(), sizeof other);
    assert_int_equal(expression_check_literals(e, other, &error), STATUS_OK);
    other[0] = value_s(TEXT("NS"));
    assert_int_equal(expression_check_literals(e, other, &error), STATUS_OK);
    other[10] = value_s(TEXT("b"));
    assert_int_equal(expression_check_literals(e, other, &error), STATUS_BAD_INPUT);
    assert_string_equal(
        error.message,
        "Invalid ConditionExpression: The BETWEEN operator requires upper bound to be "
        "greater than or equal to lower bound; lower bound operand: "
        "AttributeValue: {S:b}, upper bound operand: AttributeValue: {S:NS}");
    other[10] = value_s(TEXT("A"));
    other[0] = value_s(TEXT("ZZ"));
    assert_int_equal(expression_check_literals(e, other, &error), STATUS_BAD_INPUT);
    assert_string_equal(error.message,
                        "Invalid ConditionExpression: Invalid attribute type name found; "
                        "type: ZZ, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}");
    expression_free(e);
    e = compile(EXPRESSION_CONDITION, "attribute_type(b, :S)", &error);
    assert_int_equal(expression_check_literals(e, other, &error), STATUS_BAD_INPUT);
    expression_free(e);
}

/* Limits */

static char *repeated(const char *first, const char *next, int count, const char *last)
{
    char *text = document_room(8192);
    size_t size = (size_t)snprintf(text, 8192, "%s", first);
    for (int i = 0; i < count; i++) {
        size += (size_t)snprintf(text + size, 8192 - size, "%s", next);
    }
    (void)snprintf(text + size, 8192 - size, "%s", last);
    return text;
}

static void a_text_has_4096_bytes(void **state)
{
    (void)state;

    static const struct {
        enum expression_kind kind;
        const char *first, *last;
        bool told;
    } rows[] = {
        {EXPRESSION_CONDITION,  "a",     " = :S", true },
        {EXPRESSION_FILTER,     "a",     " = :S", true },
        {EXPRESSION_KEY,        "a",     " = :S", false},
        {EXPRESSION_UPDATE,     "SET a", " = :S", false},
        {EXPRESSION_PROJECTION, "a",     "",      false},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int fill = 4096 - (int)strlen(rows[i].first) - (int)strlen(rows[i].last);
        const char *fits = repeated(rows[i].first, "z", fill, rows[i].last);
        assert_int_equal(strlen(fits), 4096);
        expect(rows[i].kind, fits, NULL);
        expect(rows[i].kind, repeated(rows[i].first, "z", fill + 1, rows[i].last),
               rows[i].told
                   ? "Expression size has exceeded the maximum allowed size; expression size: 4097"
                   : "Expression size has exceeded the maximum allowed size;");
    }
}

#define TOO_MANY "The expression contains too many operators; operator count: 301"

static void an_expression_has_300_operators(void **state)
{
    (void)state;
    /* 150 comparisons and 149 ORs, as nested as DynamoDB was seen to take them */
    expect(EXPRESSION_CONDITION, repeated("a<b ", "or (a<b ", 149, repeated("", ")", 149, "")),
           NULL);
    expect(EXPRESSION_CONDITION, repeated("a<b ", "or (a<b ", 150, repeated("", ")", 150, "")),
           TOO_MANY);
    expect(EXPRESSION_CONDITION, repeated("a<b", " or a<b", 149, " or size(a)<b"), TOO_MANY);
    expect(EXPRESSION_CONDITION, repeated("", "not ", 299, "a<b"), NULL);
    expect(EXPRESSION_CONDITION, repeated("", "not ", 300, "a<b"), TOO_MANY);
    expect(EXPRESSION_CONDITION, repeated("", "not ", 1000, "a<b"), TOO_MANY);
    expect(EXPRESSION_FILTER, repeated("a in (b)", " and a in (b)", 150, ""), TOO_MANY);
    expect(EXPRESSION_FILTER, repeated("a between b and c", " and a between b and c", 150, ""),
           TOO_MANY);
    expect(EXPRESSION_CONDITION, repeated("a < ", "f(", 1300, repeated("b", ")", 1300, "")),
           "Invalid function name; function: f");
    char text[4097] = "SET ";
    for (int i = 0; i <= 300; i++) {
        size_t size = strlen(text);
        (void)snprintf(text + size, sizeof text - size, "%sz%d=a%c:N", i == 0 ? "" : ",", i,
                       i % 2 == 0 ? '+' : '-');
        if (i == 299) {
            expect(EXPRESSION_UPDATE, text, NULL);
        }
    }
    expect(EXPRESSION_UPDATE, text, TOO_MANY);
    expect(EXPRESSION_UPDATE, repeated(text, "", 0, ",#z=a"), TOO_MANY);
    expect(EXPRESSION_UPDATE, repeated(text, "", 0, " SET a=b"),
           "The \"SET\" section can only be used once in an update expression;");
    expect(EXPRESSION_CONDITION, repeated("#z<b", " or a<b", 150, ""), TOO_MANY);
}

static void an_in_has_100_values(void **state)
{
    (void)state;
    expect(EXPRESSION_CONDITION, repeated("a IN (:N", ", :N", 99, ")"), NULL);
    expect(EXPRESSION_CONDITION, repeated("a IN (:N", ", :N", 100, ")"),
           "The IN operator is provided with too many operands; number of operands: 101");
}

static void parentheses_nest_200_deep(void **state)
{
    (void)state;
    const char *first = repeated("", "a = b or (", 200, "a = b");
    expect(EXPRESSION_CONDITION, repeated("", "(", 2000, ""),
           "More than 200 parentheses within one another");
    expect(EXPRESSION_CONDITION, repeated(first, ")", 200, ""), TOO_MANY);
}

/* Names and values by themselves */

#define LONG_50 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG_254 LONG_50 LONG_50 LONG_50 LONG_50 LONG_50 "aaaa"

static const struct names_case {
    const char *name;
    const char *names[3], *values[2];
    const char *message;
} names_cases[] = {
    {"words and digits",                    {"#a_1", "any name at all"}, {":1_"},        NULL},
    {"of 255 bytes",                        {"#" LONG_254, "a"},         {":" LONG_254}, NULL},
    {"a sign alone as a name",
     {"#", "a"},
     {NULL},
     "ExpressionAttributeNames contains invalid key: Syntax error; key: \"#\""               },
    {"another character in a name",
     {"#a-b", "a"},
     {NULL},
     "ExpressionAttributeNames contains invalid key: Syntax error; key: \"#a-b\""            },
    {"no sign before a name",
     {"a", "a"},
     {NULL},
     "ExpressionAttributeNames contains invalid key: Syntax error; key: \"a\""               },
    {"a name of 256 bytes",
     {"#" LONG_254 "a", "a"},
     {NULL},
     "ExpressionAttributeNames contains invalid key: The expression attribute map contains a key "
     "that is "
     "too long; size of key: 256"                                                            },
    {"a name of 258 bytes that is no name",
     {"#" LONG_254 "a-x", "a"},
     {NULL},
     "ExpressionAttributeNames contains invalid key: The expression attribute map contains a key "
     "that is "
     "too long; size of key: 258"                                                            },
    {"an empty attribute name",
     {"#a", ""},
     {NULL},
     "ExpressionAttributeNames contains invalid value: Empty attribute name for key #a"      },
    {"a sign alone as a value",
     {NULL},
     {":"},
     "ExpressionAttributeValues contains invalid key: Syntax error; key: \":\""              },
    {"another character in a value",
     {NULL},
     {":a!"},
     "ExpressionAttributeValues contains invalid key: Syntax error; key: \":a!\""            },
    {"no sign before a value",
     {NULL},
     {"b"},
     "ExpressionAttributeValues contains invalid key: Syntax error; key: \"b\""              },
    {"a value of 256 bytes",
     {NULL},
     {":" LONG_254 "a"},
     "ExpressionAttributeValues contains invalid key: The expression attribute map contains a key "
     "that is "
     "too long;"                                                                             },
};

static void names_by_themselves(void **state)
{
    const struct names_case *c = *state;
    const char *names[] = {c->names[0], c->names[1], NULL};
    const char *of_values[] = {c->values[0], NULL};
    struct value literal = value_n(1);
    struct error error = {.message = ""};
    struct expression_source source = {"", names, of_values, &literal};
    enum status status = expression_check_names(&source, &error);
    assert_string_equal(error.message, c->message == NULL ? "" : c->message);
    assert_int_equal(status, c->message == NULL ? STATUS_OK : STATUS_BAD_INPUT);
    assert_int_equal(expression_check_names(&(struct expression_source){.text = ""}, NULL),
                     STATUS_OK);
}

static void substitutions_have_2_mb(void **state)
{
    (void)state;

    enum { MB_2 = 2 * 1024 * 1024 };

    static const char *const names[] = {"#a", "bc", NULL};
    static const char *const of_values[] = {":v", NULL};
    struct error error = {.message = ""};
    char *bytes = calloc(1, MB_2);
    struct value literal = value_s((struct text){bytes, MB_2 - 6});
    struct expression_source source = {"", names, of_values, &literal};
    assert_int_equal(expression_check_names(&source, &error), STATUS_OK);
    literal.bytes.size++;
    assert_int_equal(expression_check_names(&source, &error), STATUS_BAD_INPUT);
    assert_string_equal(error.message, "Combined size of ExpressionAttributeNames and "
                                       "ExpressionAttributeValues exceeds max size");
    free(bytes);
}

/* Usage */

static void unused_names_and_values_are_told(void **state)
{
    (void)state;
    static const char *const names[] = {"#a", "a", "#b", "b", "#c", "c", NULL};
    static const char *const of_values[] = {":x", ":y", ":z", NULL};
    struct expression_source source = {"SET #a.x = :x", names, of_values, NULL};
    struct error error = {.message = ""};
    const struct expression *both[] = {NULL, NULL, NULL};
    struct expression *update = expression_compile(EXPRESSION_UPDATE, &source, &error);
    source.text = "d.#c[0] = :y";
    struct expression *condition = expression_compile(EXPRESSION_CONDITION, &source, &error);
    both[0] = update;
    both[2] = condition;
    assert_true(expression_uses_name(update, 0) && !expression_uses_name(update, 1));
    assert_true(expression_uses_name(condition, 2) && !expression_uses_name(condition, 0));
    assert_true(expression_uses_value(update, 0) && !expression_uses_value(update, 1));
    assert_true(expression_uses_value(condition, 1) && !expression_uses_value(condition, 3));
    assert_false(expression_uses_name(condition, 3));
    assert_int_equal(expression_check_usage(&source, both, 3, &error), STATUS_BAD_INPUT);
    assert_string_equal(
        error.message,
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}");
    assert_int_equal(expression_check_usage(&source, both, 1, &error), STATUS_BAD_INPUT);
    assert_string_equal(
        error.message,
        "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b, #c}");
    source.names = NULL;
    assert_int_equal(expression_check_usage(&source, both, 3, &error), STATUS_BAD_INPUT);
    assert_string_equal(
        error.message,
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {:z}");
    assert_int_equal(expression_check_usage(&source, NULL, 0, &error), STATUS_BAD_INPUT);
    assert_string_equal(
        error.message,
        "Value provided in ExpressionAttributeValues unused in expressions: keys: {:x, :y, :z}");
    source.values = NULL;
    assert_int_equal(expression_check_usage(&source, both, 3, &error), STATUS_OK);
    expression_free(update);
    expression_free(condition);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, literal_of_each_type, place_cases);
    CASES_ADD_TABLE(&cases, one_error_is_told, message_cases);
    CASES_ADD_TABLE(&cases, names_by_themselves, names_cases);
    CASES_ADD(&cases, literals_are_checked_again);
    CASES_ADD(&cases, a_text_has_4096_bytes);
    CASES_ADD(&cases, an_expression_has_300_operators);
    CASES_ADD(&cases, an_in_has_100_values);
    CASES_ADD(&cases, parentheses_nest_200_deep);
    CASES_ADD(&cases, substitutions_have_2_mb);
    CASES_ADD(&cases, unused_names_and_values_are_told);
    return cases_run("literals", &cases);
}

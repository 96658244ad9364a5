/* test_expression.c: DynamoDB's expression language.
 *
 * Golden tables: which conditions hold of a file's item, of a lock's item and of none (DDB-EXPR-1
 * to DDB-EXPR-6), what an update makes of an item (DDB-UPDATE-*), and the message for each thing
 * that is refused (DDB-EXPR-7 to 9). A message of NULL says that it compiles.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/dynamodb/expression.h"

#include <stdio.h>
#include <stdlib.h>

enum { BYTES = 4096 };

static const char *const NAMES[] = {"#ttl", "ttl", "#s", "status", "#n", "n", NULL};
static const char *const VALUES[] = {":now", ":s", ":five", ":p", ":L", ":ss", ":b", ":NS", NULL};

/* n 5, status "pending", doc_key "2026-01-30-a.ndjson", tags {"x", "y"}, parts ["pending", 5], ttl
 * 1000, flag true, nil NULL; and no "nothing". */
static struct item sample(char *buffer)
{
    static char set_bytes[256];
    static char list_bytes[256];
    struct item_writer set = item_writer(set_bytes, sizeof set_bytes);
    struct item_writer list = item_writer(list_bytes, sizeof list_bytes);
    struct value element = value_s(TEXT("y"));
    item_add_element(&set, &element);
    element = value_s(TEXT("x"));
    item_add_element(&set, &element);
    element = value_s(TEXT("pending"));
    item_append(&list, &element);
    element = value_n(5);
    item_append(&list, &element);
    struct value ss = {.type = TYPE_SS, .bytes = item_written(&set).bytes};
    struct value l = {.type = TYPE_L, .bytes = item_written(&list).bytes};
    struct value flag = {.type = TYPE_BOOL, .boolean = true};
    struct value none = value_null();
    struct item_writer w = item_writer(buffer, BYTES);
    item_add_s(&w, TEXT("doc_key"), TEXT("2026-01-30-a.ndjson"));
    item_add(&w, TEXT("flag"), &flag);
    item_add(&w, TEXT("parts"), &l);
    item_add_n(&w, TEXT("n"), 5);
    item_add(&w, TEXT("nil"), &none);
    item_add_s(&w, TEXT("status"), TEXT("pending"));
    item_add(&w, TEXT("tags"), &ss);
    item_add_n(&w, TEXT("ttl"), 1000);
    return item_written(&w);
}

/* The values of VALUES: 1001, "pending", 5, "2026-01", [6], {"x", "z"}, true's BOOL, {5}. */
static void sample_values(struct value values[8])
{
    static char list_bytes[64];
    static char set_bytes[64];
    static char numbers_bytes[64];
    struct item_writer list = item_writer(list_bytes, sizeof list_bytes);
    struct item_writer set = item_writer(set_bytes, sizeof set_bytes);
    struct item_writer numbers = item_writer(numbers_bytes, sizeof numbers_bytes);
    struct value six = value_n(6);
    struct value five = value_n(5);
    struct value x = value_s(TEXT("x"));
    struct value z = value_s(TEXT("z"));
    item_append(&list, &six);
    item_add_element(&set, &x);
    item_add_element(&set, &z);
    item_add_element(&numbers, &five);
    values[0] = value_n(1001);
    values[1] = value_s(TEXT("pending"));
    values[2] = five;
    values[3] = value_s(TEXT("2026-01"));
    values[4] = (struct value){.type = TYPE_L, .bytes = item_written(&list).bytes};
    values[5] = (struct value){.type = TYPE_SS, .bytes = item_written(&set).bytes};
    values[6] = (struct value){.type = TYPE_BOOL, .boolean = true};
    values[7] = (struct value){.type = TYPE_NS, .bytes = item_written(&numbers).bytes};
}

static struct expression *compile(enum expression_kind kind, const char *text, struct error *error)
{
    return expression_compile(kind, &(struct expression_source){text, NAMES, VALUES, NULL}, error);
}

/* A condition and whether it holds of the sample, and where there is no item. */
struct condition_case {
    const char *text;
    bool sample, absent;
};

static struct condition_case condition_cases[] = {
    {"attribute_not_exists(doc_key)",                                 false, true },
    {"attribute_exists(doc_key)",                                     true,  false},
    {"attribute_exists(nil)",                                         true,  false},
    {"attribute_not_exists(doc_key) OR #ttl < :now",                  true,  true },
    {"attribute_not_exists(doc_key) or #ttl < :five",                 false, true },
    {"#s = :s",                                                       true,  false},
    {"#s = :five",                                                    false, false},
    {"#s <> :s",                                                      false, true },
    {"#s <> :five",                                                   true,  true },
    {"nothing <> :s",                                                 true,  true },
    {"NOT (nothing < :five)",                                         true,  true },
    {"NOT #n < :five",                                                true,  true },
    {"NOT NOT #n < :five",                                            false, false},
    {"NOT NOT NOT (#n < :five)",                                      true,  true },
    {"nothing = absent",                                              false, false},
    {"n <= :five AND n >= :five AND NOT n < :five AND NOT n > :five", true,  false},
    {":five = n",                                                     true,  false},
    {":now > n",                                                      true,  false},
    {"n < :s",                                                        false, false},
    {"flag = :b",                                                     true,  false},
    {"flag < :b",                                                     false, false},
    {"n BETWEEN :five AND :now",                                      true,  false},
    {"n between :now and :five",                                      false, false},
    {"#s BETWEEN :p AND :s",                                          true,  false},
    {"n IN (:s, :five)",                                              true,  false},
    {"n IN (:s)",                                                     false, false},
    {"begins_with(doc_key, :p)",                                      true,  false},
    {"begins_with(n, :p)",                                            false, false},
    {"contains(doc_key, :p)",                                         true,  false},
    {"contains(parts, :five)",                                        true,  false},
    {"contains(parts, :p)",                                           false, false},
    {"contains(tags, :s)",                                            false, false},
    {"contains(n, :five)",                                            false, false},
    {"attribute_type(tags, :s)",                                      false, false},
    {"size(doc_key) > :five",                                         true,  false},
    {"size(tags) < :five",                                            true,  false},
    {"size(n) < :now",                                                false, false},
    {"size(nothing) < :now",                                          false, false},
    {"#s = :s OR nothing = :s AND nothing = :s",                      true,  false},
    {"(#s = :s OR nothing = :s) AND nothing = :s",                    false, false},
    {"NOT #s = :s AND nothing = :s",                                  false, false},
    {"NOT (#s = :s AND nothing = :s)",                                true,  true },
    {"NOT #s = :s OR #s = :s",                                        true,  true },
    {"(n) = (:five)",                                                 true,  false},
    {" n\t=\r\n:five ",                                               true,  false},
};

static void condition_holds(void **state)
{
    const struct condition_case *c = *state;
    char buffer[BYTES];
    struct value values[8];
    struct error error;
    struct expression *e = compile(EXPRESSION_CONDITION, c->text, &error);
    if (e == NULL) {
        fail_msg("%s", error.message);
    }
    sample_values(values);
    assert_int_equal(expression_holds(e, sample(buffer), values), c->sample);
    assert_int_equal(expression_holds(e, (struct item){0}, values), c->absent);
    expression_free(e);
}

static void every_type_has_its_name(void **state)
{
    (void)state;
    char buffer[BYTES];
    struct value values[8];
    struct error error;
    static const char *const names[] = {"doc_key", "S",    "n",     "N", "flag", "BOOL",
                                        "nil",     "NULL", "parts", "L", "tags", "SS"};
    sample_values(values);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i += 2) {
        char text[64];
        (void)snprintf(text, sizeof text, "attribute_type(%s, :s)", names[i]);
        struct expression *e = compile(EXPRESSION_CONDITION, text, &error);
        assert_non_null(e);
        values[1] = value_s(text_from(names[i + 1]));
        assert_true(expression_holds(e, sample(buffer), values));
        values[1] = value_s(TEXT("M"));
        assert_false(expression_holds(e, sample(buffer), values));
        expression_free(e);
    }
}

/* A text that is refused, and the message after "Invalid ...Expression: " (DDB-EXPR-7, DDB-EXPR-8).
 */
struct refusal_case {
    enum expression_kind kind;
    const char *text, *message;
};

#define CONDITION EXPRESSION_CONDITION
#define KEY EXPRESSION_KEY
#define UPDATE EXPRESSION_UPDATE

static struct refusal_case refusal_cases[] = {
    {CONDITION, "",                                                    "The expression can not be empty;"                                       },
    {CONDITION, "status = :s",                                         "Attribute name is a reserved keyword; reserved keyword: status"         },
    {CONDITION, "TTL < :now",                                          "Attribute name is a reserved keyword; reserved keyword: TTL"            },
    {CONDITION, "((n = :five))",                                       "The expression has redundant parentheses;"                              },
    {CONDITION, "(n = :five",                                          "Syntax error; token: \"<EOF>\", near: \":five\""                        },
    {CONDITION, "n = :five)",                                          "Syntax error; token: \")\", near: \":five)\""                           },
    {CONDITION, "NOT",                                                 "Syntax error; token: \"<EOF>\", near: \"NOT\""                          },
    {CONDITION, "n",                                                   "Syntax error; token: \"<EOF>\", near: \"n\""                            },
    {CONDITION, "n == :five",                                          "Syntax error; token: \"=\", near: \"== :five\""                         },
    {CONDITION, "n = 5",                                               "Syntax error; token: \"5\", near: \"= 5\""                              },
    {CONDITION, "n IN :five",                                          "Syntax error; token: \":five\", near: \"IN :five\""                     },
    {CONDITION, "size(n)",
     "The function is not allowed to be used this way in an expression; function: size"                                                         },
    {CONDITION, "n = attribute_exists(n)",
     "The function is not allowed to be used this way in an expression; function: "
     "attribute_exists"                                                                                                                         },
    {CONDITION, "Size(n) > :five",                                     "Invalid function name; function: Size"                                  },
    {CONDITION, "foo(n, :five)",                                       "Invalid function name; function: foo"                                   },
    {CONDITION, "foo(n) AND status = :s",                              "Invalid function name; function: foo"                                   },
    {CONDITION, "#x = :s",
     "An expression attribute name used in the document path is not defined; attribute name: #x"                                                },
    {CONDITION, "n = :x",
     "An expression attribute value used in expression is not defined; attribute value: :x"                                                     },
    {CONDITION, "attribute_exists(n, :s)",
     "Incorrect number of operands for operator or function; operator or function: "
     "attribute_exists, number of operands: 2"                                                                                                  },
    {CONDITION, "attribute_exists(:s)",
     "Operator or function requires a document path; operator or function: attribute_exists"                                                    },
    {CONDITION, "n = n",
     "The first operand must be distinct from the remaining operands for this operator or "
     "function; operator: =, first operand: [n]"                                                                                                },
    {CONDITION, "contains(#n, n)",
     "The first operand must be distinct from the remaining operands for this operator or "
     "function; operator: contains, first operand: [n]"                                                                                         },
    {KEY,       "a = :s OR b = :s",                                    "Invalid operator used in KeyConditionExpression: OR"                    },
    {KEY,       "NOT a = :s",                                          "Invalid operator used in KeyConditionExpression: NOT"                   },
    {KEY,       "a IN (:s)",                                           "Invalid operator used in KeyConditionExpression: IN"                    },
    {KEY,       "a <> :s",                                             "Invalid operator used in KeyConditionExpression: <>"                    },
    {KEY,       "attribute_exists(a)",
     "Invalid operator used in KeyConditionExpression: attribute_exists"                                                                        },
    {KEY,       "a = :s AND a = :s",                                   "KeyConditionExpressions must only contain one condition per key"        },
    {KEY,       "a = :s AND b = :s AND a > :s",
     "KeyConditionExpressions must only contain one condition per key"                                                                          },
    {KEY,       "a = :s AND (b = :s AND c = :s)",
     "KeyConditionExpressions must only contain one condition per key"                                                                          },
    {KEY,       "size(a) = :five",                                     "KeyConditionExpressions cannot contain nested operations"               },
    {KEY,       "a = b",
     "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"                                              },
    {KEY,       ":s = :p",                                             "Invalid condition in KeyConditionExpression: No key attribute specified"},
    {KEY,       "begins_with(:s, a)",
     "Invalid condition in KeyConditionExpression: begins_with operator must have the key "
     "attribute "
     "as its first operand"                                                                                                                     },
    {UPDATE,    "n = :five",                                           "Syntax error; token: \"n\", near: \"n =\""                              },
    {UPDATE,    "SET n",                                               "Syntax error; token: \"<EOF>\", near: \"n\""                            },
    {UPDATE,    "SET n = :five SET a = :s",
     "The \"SET\" section can only be used once in an update expression;"                                                                       },
    {UPDATE,    "SET a = :s, a = :s",
     "Two document paths overlap with each other; must remove or rewrite one of these paths; path "
     "one: [a], path two: [a]"                                                                                                                  },
    {UPDATE,    "SET n = :five REMOVE #n",
     "Two document paths overlap with each other; must remove or rewrite one of these paths; path "
     "one: [n], path two: [n]"                                                                                                                  },
    {UPDATE,    "SET a = size(b)",
     "The function is not allowed in an update expression; function: size"                                                                      },
    {CONDITION, "if_not_exists(a, b) = :s",
     "The function is not allowed in a condition expression; function: if_not_exists"                                                           },
    {UPDATE,    "SET a = SIZE(b)",                                     "Invalid function name; function: SIZE"                                  },
    {UPDATE,    "SET parts = list_append(:L, list_append(parts, :L))",
     "The function is not allowed to be used this way in an expression; function: list_append"                                                  },
    {UPDATE,    "SET n = n + list_append(parts, :L)",
     "The function is not allowed to be used this way in an expression; function: list_append"                                                  },
    {UPDATE,    "SET a = if_not_exists(:s, :s)",
     "Operator or function requires a document path; operator or function: if_not_exists"                                                       },
    {UPDATE,    "SET a = if_not_exists(a)",
     "Incorrect number of operands for operator or function; operator or function: if_not_exists, "
     "number of operands: 1"                                                                                                                    },
    {UPDATE,    "ADD n 5",                                             "Syntax error; token: \"5\", near: \"n 5\""                              },
    {UPDATE,    "SET status = :s",                                     "Attribute name is a reserved keyword; reserved keyword: status"         },
};

static void refusal_is_explained(void **state)
{
    const struct refusal_case *c = *state;
    static const char *const prefixes[] = {[CONDITION] = "ConditionExpression",
                                           [KEY] = "KeyConditionExpression",
                                           [UPDATE] = "UpdateExpression"};
    struct error error = {.message = ""};
    char expected[512];
    /* What a key condition is made of is told without the prefix. */
    bool bare = c->kind == KEY && strstr(c->message, "KeyConditionExpression") != NULL;
    (void)snprintf(expected, sizeof expected, "%s%s%s%s", bare ? "" : "Invalid ",
                   bare ? "" : prefixes[c->kind], bare ? "" : ": ", c->message);
    assert_null(compile(c->kind, c->text, &error));
    assert_string_equal(error.message, expected);
}

/* An update and what it makes of one attribute of the sample, as text; NULL: it is gone; or the
 * message. */
struct update_case {
    const char *text, *name, *after, *refused;
};

#define NO_SUCH "The provided expression refers to an attribute that does not exist in the item"
#define WRONG_TYPE "An operand in the update expression has an incorrect data type"
#define WRONG_OPERAND "Invalid UpdateExpression: Incorrect operand type for operator or function; "

static struct update_case update_cases[] = {
    {"SET n = :now",                                          "n",       "1001",          NULL                                                    },
    {"SET m = n",                                             "m",       "5",             NULL                                                    },
    {"SET n = n + :five",                                     "n",       "10",            NULL                                                    },
    {"SET n = :five - :now",                                  "n",       "-996",          NULL                                                    },
    {"SET #ttl = n, n = #ttl",                                "n",       "1000",          NULL                                                    },
    {"SET #ttl = n, n = #ttl",                                "ttl",     "5",             NULL                                                    },
    {"SET m = if_not_exists(m, :five) + :five",               "m",       "10",            NULL                                                    },
    {"SET n = if_not_exists(n, :now)",                        "n",       "5",             NULL                                                    },
    {"SET parts = list_append(parts, :L)",                    "parts",   "[pending 5 6]", NULL                                                    },
    {"SET parts = list_append(:L, if_not_exists(parts, :L))", "parts",   "[6 pending 5]", NULL                                                    },
    {"SET m = list_append(if_not_exists(m, :L), parts)",      "m",       "[6 pending 5]", NULL                                                    },
    {"SET m = (n + :five)",                                   "m",       "10",            NULL                                                    },
    {"REMOVE n",                                              "n",       NULL,            NULL                                                    },
    {"REMOVE nothing",                                        "n",       "5",             NULL                                                    },
    {"ADD n :five",                                           "n",       "10",            NULL                                                    },
    {"ADD m :five",                                           "m",       "5",             NULL                                                    },
    {"ADD tags :ss",                                          "tags",    "[x y z]",       NULL                                                    },
    {"ADD extra :ss",                                         "extra",   "[x z]",         NULL                                                    },
    {"DELETE tags :ss",                                       "tags",    "[y]",           NULL                                                    },
    {"DELETE nothing :ss",                                    "nothing", NULL,            NULL                                                    },
    {"set #s = :p remove n add m :five",                      "m",       "5",             NULL                                                    },
    {"SET n = m + :five",                                     NULL,      NULL,            NO_SUCH                                                 },
    {"SET n = m",                                             NULL,      NULL,            NO_SUCH                                                 },
    {"SET n = #s + :five",                                    NULL,      NULL,            WRONG_TYPE                                              },
    {"SET n = n + :s",                                        NULL,      NULL,            WRONG_OPERAND "operator or function: +, operand type: S"},
    {"SET parts = list_append(parts, n)",                     NULL,      NULL,            WRONG_TYPE                                              },
    {"ADD #s :five",                                          NULL,      NULL,            WRONG_TYPE                                              },
    {"ADD n :s",                                              NULL,      NULL,
     WRONG_OPERAND "operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND"                                                        },
    {"DELETE tags :five",                                     NULL,      NULL,
     WRONG_OPERAND "operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND"                                                  },
    {"DELETE tags :NS",                                       NULL,      NULL,            WRONG_TYPE                                              },
};

static void put_value(struct text_writer *w, const struct value *value)
{
    if (value->type == TYPE_N) {
        text_put_number(w, &value->number);
    } else if (value->type == TYPE_S) {
        text_put(w, value->bytes);
    } else {
        struct item_cursor c = item_cursor((struct item){value->bytes});
        struct text name;
        struct value element;
        text_put_char(w, '[');
        for (bool first = true; item_next(&c, &name, &element); first = false) {
            text_put(w, first ? TEXT("") : TEXT(" "));
            put_value(w, &element);
        }
        text_put_char(w, ']');
    }
}

static void update_gives(void **state)
{
    const struct update_case *c = *state;
    char buffer[BYTES];
    char after[BYTES];
    char printed[256];
    struct value values[8];
    struct value value;
    struct error error = {.message = ""};
    struct expression *e = compile(EXPRESSION_UPDATE, c->text, &error);
    if (e == NULL) {
        fail_msg("%s", error.message);
    }
    sample_values(values);
    struct item_writer w = item_writer(after, BYTES);
    enum status status = expression_update(e, sample(buffer), (struct item){0}, values, &w, &error);
    expression_free(e);
    if (c->refused != NULL) {
        assert_int_equal(status, STATUS_BAD_INPUT);
        assert_string_equal(error.message, c->refused);
        return;
    }
    assert_int_equal(status, STATUS_OK);
    assert_true(item_valid(item_written(&w).bytes));
    bool found = item_get(item_written(&w), text_from(c->name), &value);
    assert_int_equal(found, c->after != NULL);
    if (found) {
        struct text_writer text = text_writer(printed, sizeof printed);
        put_value(&text, &value);
        assert_string_equal(text_writer_string(&text), c->after);
    }
}

static void update_of_nothing_begins_with_the_keys(void **state)
{
    (void)state;
    char key_bytes[64];
    char after[BYTES];
    struct value values[8];
    struct error error;
    struct item_writer keys = item_writer(key_bytes, sizeof key_bytes);
    struct item_writer w = item_writer(after, BYTES);
    item_add_s(&keys, TEXT("d"), TEXT("2026"));
    sample_values(values);
    struct expression *e = compile(EXPRESSION_UPDATE, "SET a = d ADD n :five", &error);
    assert_non_null(e);
    assert_int_equal(expression_update(e, (struct item){0}, item_written(&keys), values, &w, NULL),
                     STATUS_OK);
    struct item item = item_written(&w);
    assert_int_equal(item_count(item), 3);
    assert_true(text_equal(item_text(item, TEXT("a")), TEXT("2026")));
    assert_true(text_equal(item_text(item, TEXT("d")), TEXT("2026")));
    expression_free(e);
}

/* An emptied set goes. Source: DDB-UPDATE-4. */
static void the_last_element_takes_the_set_with_it(void **state)
{
    (void)state;
    char buffer[BYTES];
    char after[BYTES];
    struct value values[8];
    struct value tags;
    struct error error;
    struct item_writer w = item_writer(after, BYTES);
    struct item item = sample(buffer);
    sample_values(values);
    assert_true(item_get(item, TEXT("tags"), &tags));
    values[5] = tags;
    struct expression *e = compile(EXPRESSION_UPDATE, "DELETE tags :ss", &error);
    assert_non_null(e);
    assert_int_equal(expression_update(e, item, (struct item){0}, values, &w, NULL), STATUS_OK);
    assert_int_equal(item_count(item_written(&w)), item_count(item) - 1);
    expression_free(e);
}

/* Whatever the room, the update either fits or says that it does not. */
static void too_small_a_buffer_is_refused(void **state)
{
    (void)state;
    char buffer[BYTES];
    char after[BYTES];
    struct value values[8];
    struct error error;
    sample_values(values);
    struct item item = sample(buffer);
    struct expression *e =
        compile(EXPRESSION_UPDATE, "SET parts = list_append(parts, parts) ADD tags :ss", &error);
    assert_non_null(e);
    uint32_t fits = 0;
    for (uint32_t capacity = 4; capacity < 600; capacity++) {
        struct item_writer w = item_writer(after, capacity);
        enum status status = expression_update(e, item, item, values, &w, &error);
        fits += status == STATUS_OK;
        if (status == STATUS_OK) {
            assert_true(item_valid(item_written(&w).bytes));
        } else {
            assert_string_equal(error.message,
                                "Item size to update has exceeded the maximum allowed size");
        }
    }
    assert_in_range(fits, 100, 500);
    expression_free(e);
}

static void a_key_condition_comes_apart(void **state)
{
    (void)state;
    struct error error;
    struct key_condition c[2];
    struct expression *e = compile(KEY, "b BETWEEN :s AND :p AND :now > a", &error);
    assert_non_null(e);
    assert_int_equal(expression_key_conditions(e, c), 2);
    assert_true(text_equal(c[0].name, TEXT("b")) && text_equal(c[1].name, TEXT("a")));
    assert_int_equal(c[0].relation, KEY_BETWEEN);
    assert_int_equal(c[0].values[0], 1);
    assert_int_equal(c[0].values[1], 3);
    assert_int_equal(c[1].relation, KEY_LESS);
    assert_int_equal(c[1].values[0], 0);
    expression_free(e);
}

int main(void)
{
    enum { CONDITIONS = sizeof condition_cases / sizeof condition_cases[0] };

    enum { REFUSALS = sizeof refusal_cases / sizeof refusal_cases[0] };

    enum { UPDATES = sizeof update_cases / sizeof update_cases[0] };
    static struct CMUnitTest tests[CONDITIONS + REFUSALS + UPDATES + 5];
    size_t n = 0;
    for (size_t i = 0; i < CONDITIONS; i++) {
        tests[n++] = (struct CMUnitTest){condition_cases[i].text, condition_holds, NULL, NULL,
                                         &condition_cases[i]};
    }
    for (size_t i = 0; i < REFUSALS; i++) {
        tests[n++] = (struct CMUnitTest){refusal_cases[i].text, refusal_is_explained, NULL, NULL,
                                         &refusal_cases[i]};
    }
    for (size_t i = 0; i < UPDATES; i++) {
        tests[n++] =
            (struct CMUnitTest){update_cases[i].text, update_gives, NULL, NULL, &update_cases[i]};
    }
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(every_type_has_its_name);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(update_of_nothing_begins_with_the_keys);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(the_last_element_takes_the_set_with_it);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(too_small_a_buffer_is_refused);
    tests[n++] = (struct CMUnitTest)cmocka_unit_test(a_key_condition_comes_apart);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

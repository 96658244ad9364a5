/* test_expression_path.c: expressions on documents.
 *
 * Tables of an expression, an item and what comes of it, written as text (tests/document.h):
 * whether a condition on paths holds (DDB-EXPR-2), what a projection leaves (DDB-EXPR-10), what an
 * update makes of an item and what it says it updated (DDB-UPDATE-3, DDB-UPDATE-4, DDB-UPDATE-5,
 * DDB-UPDATE-6, DDB-RETURN-1), and what is refused (DDB-EXPR-7, DDB-LIMIT-1). Then random updates
 * against a plain model on lists.
 */
#include "tests/cases.h"
#include "tests/document.h"

#include "model/dynamodb/expression.h"
#include "sim/random.h"

#include <stdio.h>

enum { BYTES = 1 << 16 };

static const char *const NAMES[] = {"#a",  "a",  "#b",     "b",  "#dot", "a.b", "#idx",
                                    "[3]", "#s", "status", "#e", "",     NULL};
static const char *const VALUES[] = {":1",  ":2",  ":x",    ":list", ":map",
                                     ":ss", ":ns", ":deep", NULL};

static const char *const VALUE_TEXTS[] = {"1",      "2",         "'x'",   "[7, 8]",
                                          "{z: 1}", "<'q' 'r'>", "<1 2>", "{z: {z: {z: {z: 1}}}}"};

static const struct value *values(void)
{
    static struct value read[sizeof VALUE_TEXTS / sizeof VALUE_TEXTS[0]];
    static bool done;
    for (size_t i = 0; !done && i < sizeof read / sizeof read[0]; i++) {
        read[i] = document_read(VALUE_TEXTS[i]);
    }
    done = true;
    return read;
}

/* Compiles without the values, or with them: nothing here depends on it. */
static struct expression *compile(enum expression_kind kind, const char *text, bool typed,
                                  struct error *error)
{
    struct expression_source source = {
        .text = text, .names = NAMES, .values = VALUES, .literals = typed ? values() : NULL};
    return expression_compile(kind, &source, error);
}

static struct expression *compiled(enum expression_kind kind, const char *text, bool typed)
{
    struct error error;
    struct expression *e = compile(kind, text, typed, &error);
    if (e == NULL) {
        fail_msg("%s", error.message);
    }
    return e;
}

/* Conditions */

#define SAMPLE                                                                                     \
    "{a: {b: [2, 4, {x: 'hi', y: 1}], c: 5, '[3]': 1}, 'a.b': 'dot', b: 'text', s: <'q'>, l: "     \
    "[[1], "                                                                                       \
    "[2, [3]]]}"

static const struct condition_case {
    const char *name; /* the condition on SAMPLE */
    bool holds;
} condition_cases[] = {
    {"a.b[0] = :2",                                         true },
    {"a.b[2].y = :1",                                       true },
    {"#a.#b[2].x <> :x",                                    true },
    {"#dot <> :x AND attribute_exists(#dot)",               true },
    {"attribute_exists(a.b)",                               true },
    {"attribute_exists(a.b[3])",                            false},
    {"attribute_not_exists(a.b[3])",                        true },
    {"attribute_exists(a.b.x)",                             false},
    {"attribute_exists(a[0])",                              false},
    {"attribute_exists(b.x)",                               false},
    {"attribute_exists(b[0])",                              false},
    {"attribute_exists(s[0])",                              false},
    {"attribute_exists(nothing.x[1])",                      false},
    {"attribute_exists(a.#idx)",                            true },
    {"l[1][1][0] > a.b[0]",                                 true },
    {"l [ 1 ] [ 0 ] = a . b [ 0 ]",                         true },
    {"a.b <> a AND a <> a.b AND a.b[0] <> a.b",             true },
    {"a.b[0] < a.b[1]",                                     true },
    {"size(a.b) > :2 AND size(a) > :2 AND size(l[1]) = :2", true },
    {"contains(a.b, :2)",                                   true },
    {"contains(a.b[2].x, :x)",                              false},
    {"a.b[1] BETWEEN :2 AND a.c",                           true },
    {"a.c IN (:1, a.b[0], a.c)",                            true },
    {"NOT a.zz = :1",                                       true },
    {"a.zz <> :1",                                          true },
    {"(a.b)[0] = :2",                                       true },
    {"(a.b[2]).y = :1",                                     true },
    {"(a).b[0] = :2 AND ((a.c) > :2)",                      true },
    {"begins_with((a.b[2]).x, :x)",                         false},
};

static void condition_on_a_document(void **state)
{
    const struct condition_case *c = *state;
    for (int typed = 0; typed < 2; typed++) {
        struct expression *e = compiled(EXPRESSION_FILTER, c->name, typed);
        assert_int_equal(expression_holds(e, document_item(SAMPLE), values()), c->holds);
        expression_free(e);
    }
}

/* Projections */

static const struct projection_case {
    const char *name; /* the projection of SAMPLE */
    const char *left;
} projection_cases[] = {
    {"b",                          "{b: 'text'}"                      },
    {" s , b ",                    "{b: 'text', s: <'q'>}"            },
    {"a.b",                        "{a: {b: [2, 4, {x: 'hi', y: 1}]}}"},
    {"a.b[0]",                     "{a: {b: [2]}}"                    },
    {"a.b[2]",                     "{a: {b: [{x: 'hi', y: 1}]}}"      },
    {"a.b[2].y",                   "{a: {b: [{y: 1}]}}"               },
    {"a.b[1], a.b[0]",             "{a: {b: [2, 4]}}"                 },
    {"a.b[2].x, a.b[0], a.b[2].y", "{a: {b: [2, {x: 'hi', y: 1}]}}"   },
    {"a.b[0], a.c",                "{a: {b: [2], c: 5}}"              },
    {"a.c, b, #a.b[1]",            "{a: {b: [4], c: 5}, b: 'text'}"   },
    {"#dot",                       "{a.b: 'dot'}"                     },
    {"#dot, a.b[0]",               "{a: {b: [2]}, a.b: 'dot'}"        },
    {"a.#idx",                     "{a: {[3]: 1}}"                    },
    {"l[1][1][0], l[0]",           "{l: [[1], [[3]]]}"                },
    {"x",                          "{}"                               },
    {"a.b[3]",                     "{}"                               },
    {"a.x.y",                      "{}"                               },
    {"a.b.x",                      "{}"                               },
    {"a[0]",                       "{}"                               },
    {"b[0], s[0]",                 "{}"                               },
    {"a.b[0][0]",                  "{}"                               },
    {"a.x, a.b[0], x, a.b[3].x",   "{a: {b: [2]}}"                    },
};

static void projection_leaves(void **state)
{
    const struct projection_case *c = *state;
    char bytes[BYTES];
    struct expression *e = compiled(EXPRESSION_PROJECTION, c->name, false);
    struct item_writer w = item_writer(bytes, sizeof bytes);
    item_add_n(&w, TEXT("from before"), 1);
    expression_project(e, document_item(SAMPLE), &w);
    struct item left = item_written(&w);
    assert_true(item_valid(left.bytes));
    assert_string_equal(document_text(left), c->left);
    for (uint32_t capacity = 0; capacity < left.bytes.size; capacity++) {
        struct item_writer small = item_writer(bytes, capacity);
        expression_project(e, document_item(SAMPLE), &small);
        assert_int_equal(item_written(&small).bytes.size, 0);
    }
    expression_project(e, (struct item){0}, &w);
    assert_int_equal(item_count(item_written(&w)), 0);
    expression_free(e);
}

/* Updates */

#define NO_PATH "The document path provided in the update expression is invalid for update"
#define NO_SUCH "The provided expression refers to an attribute that does not exist in the item"
#define WRONG_TYPE "An operand in the update expression has an incorrect data type"
#define TOO_DEEP                                                                                   \
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels "    \
    "beyond supported limit"

static const struct update_case {
    const char *name; /* the update */
    const char *item; /* NULL: none */
    const char *after;
    const char *refused;
    const char *updated_old, *updated_new; /* NULL: not looked at */
} update_cases[] = {
    {"SET a.c = :1",                                            "{a: {b: 3, c: 4}, d: 5}",                               "{a: {b: 3, c: 1}, d: 5}",                         NULL,       "{a: {c: 4}}",
     "{a: {c: 1}}"                                                                                                                                                                                                                    },
    {"SET a.d = :1",                                            "{a: {b: 3}}",                                           "{a: {b: 3, d: 1}}",                               NULL,       "{}",                   "{a: {d: 1}}"         },
    {"SET a.a = :map",                                          "{a: {b: 3}}",                                           "{a: {a: {z: 1}, b: 3}}",                          NULL,       NULL,                   NULL                  },
    {"SET a[1] = :x",                                           "{a: ['1', '2', '3']}",                                  "{a: ['1', 'x', '3']}",                            NULL,       "{a: ['2']}",
     "{a: ['x']}"                                                                                                                                                                                                                     },
    {"SET a[7] = :x",                                           "{a: ['1', '2']}",                                       "{a: ['1', '2', 'x']}",                            NULL,       "{}",                   "{}"                  },
    {"SET a[0] = :x",                                           "{a: []}",                                               "{a: ['x']}",                                      NULL,       "{}",                   "{a: ['x']}"          },
    {"SET a[84] = :1, a[37] = :2, a[17] = :x",                  "{a: [0]}",                                              "{a: [0, 'x', 2, 1]}",                             NULL,       NULL,                   NULL                  },
    {"SET a[3] = :1, a[4] = :2",                                "{a: [0, 0, 0]}",                                        "{a: [0, 0, 0, 1, 2]}",                            NULL,       NULL,                   NULL                  },
    {"SET a[1].#b[0].c = :1",                                   "{a: [0, {b: [{c: 0, d: 0}]}]}",                         "{a: [0, {b: [{c: 1, d: 0}]}]}",
     NULL,                                                                                                                                                                              "{a: [{b: [{c: 0}]}]}", "{a: [{b: [{c: 1}]}]}"},
    {"SET z = a.c.x",                                           "{a: {c: {x: 7, y: 8}}}",                                "{a: {c: {x: 7, y: 8}}, z: 7}",                    NULL,       NULL,                   NULL                  },
    {"SET a.c = a.c + :1",                                      "{a: {c: 10}}",                                          "{a: {c: 11}}",                                    NULL,       "{a: {c: 10}}",         "{a: {c: 11}}"        },
    {"SET a.c = a.d, a.d = a.c",                                "{a: {c: 1, d: 2}}",                                     "{a: {c: 2, d: 1}}",                               NULL,       NULL,                   NULL                  },
    {"SET a[0] = a[1], a[1] = a[0]",                            "{a: [1, 2]}",                                           "{a: [2, 1]}",                                     NULL,       NULL,                   NULL                  },
    {"SET a.n = if_not_exists(a.n, :1) + :2",                   "{a: {}}",                                               "{a: {n: 3}}",                                     NULL,       NULL,                   NULL                  },
    {"SET a.n = if_not_exists(a.n, :1) + :2",                   "{a: {n: 5}}",                                           "{a: {n: 7}}",                                     NULL,       NULL,                   NULL                  },
    {"SET a.l = list_append(if_not_exists(a.l, :list), :list)", "{a: {}}",                                               "{a: {l: [7, 8, 7, 8]}}",
     NULL,                                                                                                                                                                              NULL,                   NULL                  },
    {"SET a[0].l = list_append(:list, a[0].l)",                 "{a: [{l: [1]}]}",                                       "{a: [{l: [7, 8, 1]}]}",                           NULL,
     NULL,                                                                                                                                                                                                      NULL                  },
    {"SET a.b = :1, a.c.d = :x, b.x = :2 REMOVE a.x, b.y",
     "{a: {x: 3, y: 4, c: {y: 3}}, b: {x: 1, y: 2}}",                                                                    "{a: {b: 1, c: {d: 'x', y: 3}, y: 4}, b: {x: 2}}", NULL,       NULL,                   NULL                  },
    {"SET #dot = :1",                                           "{a: {b: 0}}",                                           "{a: {b: 0}, a.b: 1}",                             NULL,       NULL,                   NULL                  },
    {"REMOVE a.b",                                              "{a: {b: 1}}",                                           "{a: {}}",                                         NULL,       "{a: {b: 1}}",          "{}"                  },
    {"REMOVE a[0]",                                             "{a: [1]}",                                              "{a: []}",                                         NULL,       NULL,                   NULL                  },
    {"REMOVE a[1]",                                             "{a: [1, 2, 3, 4]}",                                     "{a: [1, 3, 4]}",                                  NULL,       "{a: [2]}",             "{a: [3]}"            },
    {"REMOVE a[1], a[3], a[17]",                                "{a: [1, 2, 3, 4]}",                                     "{a: [1, 3]}",                                     NULL,       "{a: [2, 4]}",
     "{a: [3]}"                                                                                                                                                                                                                       },
    {"REMOVE a[3], a[0], a[1]",                                 "{a: [1, 2, 3, 4]}",                                     "{a: [3]}",                                        NULL,       NULL,                   NULL                  },
    {"REMOVE a[1] SET a[3] = :x",                               "{a: [2, 3, 4, 5, 6, 7]}",                               "{a: [2, 4, 'x', 6, 7]}",                          NULL,       NULL,
     NULL                                                                                                                                                                                                                             },
    {"SET a[3] = :x REMOVE a[1]",                               "{a: [2, 3, 4, 5, 6, 7]}",                               "{a: [2, 4, 'x', 6, 7]}",                          NULL,       NULL,
     NULL                                                                                                                                                                                                                             },
    {"SET a[9] = :x REMOVE a[3], a[0]",                         "{a: [1, 2, 3]}",                                        "{a: [2, 3, 'x']}",                                NULL,       NULL,                   NULL                  },
    {"REMOVE a[0], a[1].b[0], a[1].b[2]",                       "{a: [0, {b: [1, 2, 3]}]}",                              "{a: [{b: [2]}]}",                                 NULL,       NULL,
     NULL                                                                                                                                                                                                                             },
    {"SET a[1].x = :1 REMOVE a[0]",                             "{a: [0, {}]}",                                          "{a: [{x: 1}]}",                                   NULL,       NULL,                   NULL                  },
    {"REMOVE a.c[1].x.y[1], a.c[1].q",                          "{a: {b: 3, c: ['hi', {x: {y: [3, 5, 7]}, q: 2}]}}",
     "{a: {b: 3, c: ['hi', {x: {y: [3, 7]}}]}}",                                                                                                                            NULL,       NULL,                   NULL                  },
    {"REMOVE a.y, b[7], c",                                     "{a: {x: 3}, b: ['hi']}",                                "{a: {x: 3}, b: ['hi']}",                          NULL,       "{}",                   "{}"                  },
    {"REMOVE a SET b = a",                                      "{a: 'hello'}",                                          "{b: 'hello'}",                                    NULL,       NULL,                   NULL                  },
    {"ADD a.n :1, a.m :2",                                      "{a: {n: 1}}",                                           "{a: {m: 2, n: 2}}",                               NULL,       "{a: {n: 1}}",
     "{a: {m: 2, n: 2}}"                                                                                                                                                                                                              },
    {"ADD a[0] :1, a[5] :2",                                    "{a: [1]}",                                              "{a: [2, 2]}",                                     NULL,       NULL,                   NULL                  },
    {"ADD a.s :ss, a.t :ns",                                    "{a: {s: <'a' 'q'>}}",                                   "{a: {s: <'a' 'q' 'r'>, t: <1 2>}}",               NULL,       NULL,
     NULL                                                                                                                                                                                                                             },
    {"DELETE a.s :ss, a.t :ns",                                 "{a: {s: <'a' 'q'>}}",                                   "{a: {s: <'a'>}}",                                 NULL,       NULL,                   NULL                  },
    {"DELETE a.s :ss",                                          "{a: {s: <'q'>}}",                                       "{a: {}}",                                         NULL,       NULL,                   NULL                  },
    {"DELETE a[0] :ss, a[2] :ss REMOVE a[1]",                   "{a: [<'q'>, 1, <'q' 'z'>, 3]}",                         "{a: [<'z'>, 3]}",
     NULL,                                                                                                                                                                              NULL,                   NULL                  },
    {"REMOVE x.y, x[0]",                                        NULL,                                                    NULL,
     "Invalid UpdateExpression: Two document paths conflict with each other; must remove or "
     "rewrite one of these paths; path one: [x, y], path two: [x, [0]]",                                                                                                                NULL,                   NULL                  },
    {"REMOVE x.y, z[0]",                                        NULL,                                                    "{k: 1}",                                          NULL,       NULL,                   NULL                  },
    {"SET x = :1",                                              NULL,                                                    "{k: 1, x: 1}",                                    NULL,       "{}",                   "{x: 1}"              },
    {"SET x.y = :1",                                            NULL,                                                    NULL,                                              NO_PATH,    NULL,                   NULL                  },
    {"ADD x.y :1",                                              NULL,                                                    NULL,                                              NO_PATH,    NULL,                   NULL                  },
    {"SET a.c = :1",                                            "{a: 'hello'}",                                          NULL,                                              NO_PATH,    NULL,                   NULL                  },
    {"SET a.c = :1",                                            "{a: ['hi']}",                                           NULL,                                              NO_PATH,    NULL,                   NULL                  },
    {"SET c.c = :1",                                            "{a: 1}",                                                NULL,                                              NO_PATH,    NULL,                   NULL                  },
    {"SET a[0] = :1",                                           "{a: 'hello'}",                                          NULL,                                              NO_PATH,    NULL,                   NULL                  },
    {"SET a[0] = :1",                                           "{a: {b: 1}}",                                           NULL,                                              NO_PATH,    NULL,                   NULL                  },
    {"SET a[0] = :1",                                           "{a: <1>}",                                              NULL,                                              NO_PATH,    NULL,                   NULL                  },
    {"SET a.b.c = :1",                                          "{a: {}}",                                               NULL,                                              NO_PATH,    NULL,                   NULL                  },
    {"SET a[3].c = :1",                                         "{a: [1]}",                                              NULL,                                              NO_PATH,    NULL,                   NULL                  },
    {"REMOVE a.c",                                              "{a: 'hello'}",                                          NULL,                                              NO_PATH,    NULL,                   NULL                  },
    {"REMOVE c.c",                                              "{a: 'hello'}",                                          NULL,                                              NO_PATH,    NULL,                   NULL                  },
    {"REMOVE a[0]",                                             "{a: {}}",                                               NULL,                                              NO_PATH,    NULL,                   NULL                  },
    {"ADD a.b.c :1",                                            "{a: {}}",                                               NULL,                                              NO_PATH,    NULL,                   NULL                  },
    {"DELETE a.b :ss",                                          "{b: 1}",                                                NULL,                                              NO_PATH,    NULL,                   NULL                  },
    {"SET b = a.x",                                             "{a: {}}",                                               NULL,                                              NO_SUCH,    NULL,                   NULL                  },
    {"SET b = a[1] + :1",                                       "{a: [1]}",                                              NULL,                                              NO_SUCH,    NULL,                   NULL                  },
    {"SET b = a.x + :1",                                        "{a: {x: 'x'}}",                                         NULL,                                              WRONG_TYPE, NULL,                   NULL                  },
    {"SET b = list_append(a.x, :list)",                         "{a: {x: 'x'}}",                                         NULL,                                              WRONG_TYPE, NULL,                   NULL                  },
    {"ADD a.x :1",                                              "{a: {x: 'x'}}",                                         NULL,                                              WRONG_TYPE, NULL,                   NULL                  },
    {"ADD a.x :ss",                                             "{a: {x: <1>}}",                                         NULL,                                              WRONG_TYPE, NULL,                   NULL                  },
    {"DELETE a.x :ss",                                          "{a: {x: <1>}}",                                         NULL,                                              WRONG_TYPE, NULL,                   NULL                  },
    {"SET n = n + :1",                                          "{n: 99999999999999999999999999999999999999e88}",        NULL,
     "Attempting to store more than 38 significant digits in a Number",                                                                                                                 NULL,                   NULL                  },
    {"SET n = n + n",                                           "{n: 9e125}",                                            NULL,
     "Number overflow. Attempting to store a number with magnitude larger than supported range",                                                                                        NULL,                   NULL                  },
    {"SET n = m - n",                                           "{m: -9e125, n: 9e125}",                                 NULL,
     "Number overflow. Attempting to store a number with magnitude larger than supported range",                                                                                        NULL,                   NULL                  },
    {"ADD a.n :1",                                              "{a: {n: 9.9999999999999999999999999999999999999e125}}", NULL,
     "Attempting to store more than 38 significant digits in a Number",                                                                                                                 NULL,                   NULL                  },
};

static void update_of_a_document(void **state)
{
    const struct update_case *c = *state;
    static char bytes[BYTES];
    for (int typed = 0; typed < 2; typed++) {
        struct error error = {.message = ""};
        struct item_writer w = item_writer(bytes, sizeof bytes);
        struct item item = document_item(c->item);
        struct expression *e = compile(EXPRESSION_UPDATE, c->name, typed, &error);
        enum status status =
            e == NULL ? STATUS_BAD_INPUT
                      : expression_update(e, item, document_item("{k: 1}"), values(), &w, &error);
        if (c->refused != NULL) {
            assert_int_equal(status, STATUS_BAD_INPUT);
            assert_string_equal(error.message, c->refused);
            expression_free(e);
            continue;
        }
        assert_string_equal(error.message, "");
        assert_int_equal(status, STATUS_OK);
        struct item after = item_written(&w);
        assert_true(item_valid(after.bytes));
        assert_string_equal(document_text(after), c->after);
        char part[BYTES / 16];
        struct item_writer parts = item_writer(part, sizeof part);
        if (c->updated_old != NULL) {
            expression_updated(e, item, &parts);
            assert_string_equal(document_text(item_written(&parts)), c->updated_old);
            expression_updated(e, after, &parts);
            assert_string_equal(document_text(item_written(&parts)), c->updated_new);
        }
        expression_free(e);
    }
}

/* Refusals */

static const struct refusal_case {
    const char *name; /* the expression */
    enum expression_kind kind;
    const char *message; /* behind "Invalid ...Expression: " */
} refusal_cases[] = {

#define OVERLAP                                                                                    \
    "Two document paths overlap with each other; must remove or rewrite one of these paths; "
#define CONFLICT                                                                                   \
    "Two document paths conflict with each other; must remove or rewrite one of these paths; "
    {"a, a",                                          EXPRESSION_PROJECTION, OVERLAP "path one: [a], path two: [a]"               },
    {"a, #a[1]",                                      EXPRESSION_PROJECTION, OVERLAP "path one: [a], path two: [a, [1]]"          },
    {"b[1], b.a, #a.b, a",                            EXPRESSION_PROJECTION, OVERLAP "path one: [a, b], path two: [a]"            },
    {"x, a.b, a",                                     EXPRESSION_PROJECTION, OVERLAP "path one: [a, b], path two: [a]"            },
    {"a.b[0], a.b[0]",                                EXPRESSION_PROJECTION,
     OVERLAP "path one: [a, b, [0]], path two: [a, b, [0]]"                                                                       },
    {"a.b, a.b.c.d",                                  EXPRESSION_PROJECTION, OVERLAP "path one: [a, b], path two: [a, b, c, d]"   },
    {"a.b, #a[1], #b",                                EXPRESSION_PROJECTION, CONFLICT "path one: [a, b], path two: [a, [1]]"      },
    {"a.b[1], #a[1], #b",                             EXPRESSION_PROJECTION,
     CONFLICT "path one: [a, b, [1]], path two: [a, [1]]"                                                                         },
    {"a[3].b, #a.#idx.b",                             EXPRESSION_PROJECTION,
     CONFLICT "path one: [a, [3], b], path two: [a, [3], b]"                                                                      },
    {"a,b,a,#z",                                      EXPRESSION_PROJECTION,
     "An expression attribute name used in the document path is not defined; attribute name: #z"                                  },
    {"a.abORt, #z",                                   EXPRESSION_PROJECTION,
     "Attribute name is a reserved keyword; reserved keyword: abORt"                                                              },
    {"#a,ABSoLUTE",                                   EXPRESSION_PROJECTION,
     "Attribute name is a reserved keyword; reserved keyword: ABSoLUTE"                                                           },
    {"",                                              EXPRESSION_PROJECTION, "The expression can not be empty;"                   },
    {"a,",                                            EXPRESSION_PROJECTION, "Syntax error; token: \"<EOF>\", near: \",\""        },
    {",a",                                            EXPRESSION_PROJECTION, "Syntax error; token: \",\", near: \",a\""           },
    {"a,,b",                                          EXPRESSION_PROJECTION, "Syntax error; token: \",\", near: \",,b\""          },
    {"a..b",                                          EXPRESSION_PROJECTION, "Syntax error; token: \".\", near: \"..b\""          },
    {"a[b]",                                          EXPRESSION_PROJECTION, "Syntax error; token: \"b\", near: \"[b]\""          },
    {"a[0",                                           EXPRESSION_PROJECTION, "Syntax error; token: \"<EOF>\", near: \"0\""        },
    {"a[-1]",                                         EXPRESSION_PROJECTION, "Syntax error; token: \"-\", near: \"[-1\""          },
    {"(a)",                                           EXPRESSION_PROJECTION, "Syntax error; token: \"(\", near: \"(a\""           },
    {"a-b",                                           EXPRESSION_PROJECTION, "Syntax error; token: \"-\", near: \"a-b\""          },
    {":a",                                            EXPRESSION_PROJECTION, "Syntax error; token: \":a\", near: \":a\""          },
    {"size(a)",                                       EXPRESSION_PROJECTION, "Syntax error; token: \"(\", near: \"size(a\""       },
    {"_a",                                            EXPRESSION_PROJECTION, "Syntax error; token: \"_\", near: \"_a\""           },
    {"#",                                             EXPRESSION_PROJECTION, "Syntax error; token: \"#\", near: \"#\""            },
    {"1a",                                            EXPRESSION_PROJECTION, "Syntax error; token: \"1\", near: \"1a\""           },
    {"l[2147483648]",                                 EXPRESSION_PROJECTION,
     "List index is not within the allowable range; index: [2147483648]"                                                          },
    {"l[99999999999999999999], l[1].abort",           EXPRESSION_PROJECTION,
     "Attribute name is a reserved keyword; reserved keyword: abort"                                                              },
    {"l[99999999999999999999], l, l",                 EXPRESSION_PROJECTION,
     "List index is not within the allowable range; index: [99999999999999999999]"                                                },
    {"set a.b = :1, a = :2",                          EXPRESSION_UPDATE,     OVERLAP "path one: [a, b], path two: [a]"            },
    {"set d[1] = a, d.b = a, c[1].a = a, c = a",      EXPRESSION_UPDATE,
     OVERLAP "path one: [c, [1], a], path two: [c]"                                                                               },
    {"set c.b.c = a remove c",                        EXPRESSION_UPDATE,     OVERLAP "path one: [c, b, c], path two: [c]"         },
    {"add c :1 delete c :ss",                         EXPRESSION_UPDATE,     OVERLAP "path one: [c], path two: [c]"               },
    {"set c[3].#idx = a, c[3] = a",                   EXPRESSION_UPDATE,
     OVERLAP "path one: [c, [3], [3]], path two: [c, [3]]"                                                                        },
    {"set c[3].#idx = a, c.#idx[3] = a",              EXPRESSION_UPDATE,
     CONFLICT "path one: [c, [3], [3]], path two: [c, [3], [3]]"                                                                  },
    {"remove a.c set a[1] = b",                       EXPRESSION_UPDATE,     CONFLICT "path one: [a, c], path two: [a, [1]]"      },
    {"set a[:1] = :2",                                EXPRESSION_UPDATE,     "Syntax error; token: \":1\", near: \"[:1]\""        },
    {"set a[#a] = :2",                                EXPRESSION_UPDATE,     "Syntax error; token: \"#a\", near: \"[#a]\""        },
    {"set a = (b.c).d",                               EXPRESSION_UPDATE,     "Syntax error; token: \".\", near: \").d\""          },
    {"set a = list_append((b).c, :list)",             EXPRESSION_UPDATE,
     "Syntax error; token: \".\", near: \").c\""                                                                                  },
    {"set a = remove",                                EXPRESSION_UPDATE,     "Syntax error; token: \"remove\", near: \"= remove\""},
    {"set a.Set = :1",                                EXPRESSION_UPDATE,     "Syntax error; token: \"Set\", near: \".Set =\""     },
    {"and = :1",                                      EXPRESSION_CONDITION,  "Syntax error; token: \"and\", near: \"and =\""      },
    {"a.between.c = :1",                              EXPRESSION_CONDITION,
     "Syntax error; token: \"between\", near: \".between.\""                                                                      },
    {"a.between",                                     EXPRESSION_PROJECTION,
     "Attribute name is a reserved keyword; reserved keyword: between"                                                            },
    {"set a = (b.c)[0]",                              EXPRESSION_UPDATE,     "Syntax error; token: \"[\", near: \")[0\""          },
    {"set a = b + c + d",                             EXPRESSION_UPDATE,     "Syntax error; token: \"+\", near: \"c + d\""        },
    {"set a = if_not_exists(a.b, :1 + :2)",           EXPRESSION_UPDATE,
     "Syntax error; token: \"+\", near: \":1 + :2\""                                                                              },
    {"set a = if_not_exists(if_not_exists(a, b), c)", EXPRESSION_UPDATE,
     "Operator or function requires a document path; operator or function: if_not_exists"                                         },
    {"set _a = :1",                                   EXPRESSION_UPDATE,     "Syntax error; token: \"_\", near: \"set _a\""       },
    {"set a = _f(b)",                                 EXPRESSION_UPDATE,     "Syntax error; token: \"_\", near: \"= _f\""         },
    {"a.b = a.b",                                     EXPRESSION_CONDITION,
     "The first operand must be distinct from the remaining operands for this operator or "
     "function; operator: =, first operand: [a, b]"                                                                               },
    {"contains(a[0].#b, (a[0]).b)",                   EXPRESSION_CONDITION,
     "The first operand must be distinct from the remaining operands for this operator or "
     "function; operator: contains, first operand: [a, [0], b]"                                                                   },
    {"(((a.b)))[0] = :1",                             EXPRESSION_CONDITION,  "The expression has redundant parentheses;"          },
    {"a.b = :1",                                      EXPRESSION_KEY,
     "KeyConditionExpressions cannot have conditions on nested attributes"                                                        },
    {"a[0] = :1",                                     EXPRESSION_KEY,
     "KeyConditionExpressions cannot have conditions on nested attributes"                                                        },
    {"a = :1 AND begins_with(b.c, :x)",               EXPRESSION_KEY,
     "KeyConditionExpressions cannot have conditions on nested attributes"                                                        },
    {"a = :1 AND :x < b[0]",                          EXPRESSION_KEY,
     "KeyConditionExpressions cannot have conditions on nested attributes"                                                        },
    {"abort.b = :1",                                  EXPRESSION_KEY,
     "Attribute name is a reserved keyword; reserved keyword: abort"                                                              },
};

static void refusal_of_paths(void **state)
{
    const struct refusal_case *c = *state;
    static const char *const prefixes[] = {"Condition", "Filter", "KeyCondition", "Update",
                                           "Projection"};
    struct error error = {.message = ""};
    char expected[512];
    if (text_starts(text_from(c->message), TEXT("KeyCondition"))) {
        (void)snprintf(expected, sizeof expected, "%s", c->message); /* told without prefix */
    } else {
        (void)snprintf(expected, sizeof expected, "Invalid %sExpression: %s", prefixes[c->kind],
                       c->message);
    }
    assert_null(compile(c->kind, c->name, false, &error));
    assert_string_equal(error.message, expected);
}

/* Levels. Source: DDB-LIMIT-1. */

static const char *deep_path(const char *before, int levels, const char *after)
{
    char *text = document_room(256);
    int size = snprintf(text, 256, "%sa", before);
    for (int i = 1; i < levels; i++) {
        size += snprintf(text + size, 256 - (size_t)size, ".b");
    }
    (void)snprintf(text + size, 256 - (size_t)size, "%s", after);
    return text;
}

static void a_path_has_32_levels(void **state)
{
    (void)state;
    struct error error;
    expression_free(compiled(EXPRESSION_PROJECTION, deep_path("", 32, ""), false));
    assert_null(compile(EXPRESSION_PROJECTION, deep_path("", 33, ""), false, &error));
    assert_string_equal(error.message, "Invalid ProjectionExpression: The document path has too "
                                       "many nesting levels; nesting levels: 33");
    assert_null(compile(EXPRESSION_CONDITION, deep_path("", 33, " = :nothing"), false, &error));
    assert_string_equal(error.message,
                        "Invalid ConditionExpression: An expression attribute value used in "
                        "expression is not defined; attribute value: :nothing");
    assert_null(compile(EXPRESSION_UPDATE, deep_path("SET ", 33, " = :nothing"), false, &error));
    assert_string_equal(error.message,
                        "Invalid UpdateExpression: An expression attribute value used in "
                        "expression is not defined; attribute value: :nothing");
    assert_null(compile(EXPRESSION_UPDATE, deep_path("REMOVE c, c, ", 33, ""), false, &error));
    assert_string_equal(error.message, "Invalid UpdateExpression: The document path has too many "
                                       "nesting levels; nesting levels: 33");
}

/* An item a: {b: {b: ...}} of so many levels, the last one an empty map. */
static struct item nest(int levels)
{
    char text[256];
    size_t size = (size_t)snprintf(text, sizeof text, "{a: ");
    for (int i = 1; i < levels; i++) {
        size += (size_t)snprintf(text + size, sizeof text - size, "{b: ");
    }
    size += (size_t)snprintf(text + size, sizeof text - size, "{}");
    for (int i = 0; i < levels; i++) {
        text[size++] = '}';
    }
    text[size] = '\0';
    return document_item(text);
}

static void an_update_makes_no_item_of_33_levels(void **state)
{
    (void)state;
    static char bytes[BYTES];
    struct error error;
    for (int levels = 20; levels < 32; levels++) {
        struct expression *e =
            compiled(EXPRESSION_UPDATE, deep_path("SET ", levels, ".b = :deep"), false);
        struct item_writer w = item_writer(bytes, sizeof bytes);
        enum status status =
            expression_update(e, nest(levels), (struct item){0}, values(), &w, &error);
        assert_int_equal(status, levels + 5 <= 32 ? STATUS_OK : STATUS_BAD_INPUT);
        if (status == STATUS_OK) {
            assert_true(item_valid(item_written(&w).bytes));
        } else {
            assert_string_equal(error.message, TOO_DEEP);
        }
        expression_free(e);
    }
}

/* What a table asks. */
static void a_table_sees_the_attribute_of_a_path(void **state)
{
    (void)state;
    struct text name;
    uint16_t value;
    struct expression *e =
        compiled(EXPRESSION_FILTER, "a.b = :1 AND #b = :2 AND :x = c AND c[1] = :1", false);
    assert_int_equal(expression_conjuncts(e), 4);
    assert_false(expression_conjunct_equality(e, 0, &name, &value));
    assert_true(expression_conjunct_equality(e, 1, &name, &value) && value == 1);
    assert_true(expression_conjunct_equality(e, 2, &name, &value) && value == 2);
    assert_false(expression_conjunct_equality(e, 3, &name, &value));
    assert_true(expression_names(e, TEXT("a")) && expression_enters(e, TEXT("a")));
    assert_true(expression_names(e, TEXT("b")) && !expression_enters(e, TEXT("b")));
    assert_true(expression_names(e, TEXT("c")) && expression_enters(e, TEXT("c")));
    assert_false(expression_names(e, TEXT("a.b")) || expression_enters(e, TEXT("d")));
    expression_free(e);
    e = compiled(EXPRESSION_UPDATE, "SET a.b = c REMOVE d[0]", false);
    assert_true(expression_assigns(e, TEXT("a")) && expression_assigns(e, TEXT("d")));
    assert_false(expression_assigns(e, TEXT("c")));
    assert_true(expression_creates(e));
    expression_free(e);
    e = compiled(EXPRESSION_UPDATE, "REMOVE a DELETE b :ss", false);
    assert_false(expression_creates(e));
    expression_free(e);
    e = compiled(EXPRESSION_UPDATE, "REMOVE a ADD b :ss", false);
    assert_true(expression_creates(e));
    expression_free(e);
}

/* DDB-UPDATE-5. Random SETs and REMOVEs on one list, against the rule itself: elements keep their
 * places until all is done; what is behind the end follows by index. */

enum { SIZE_MAX_OF_LIST = 6, INDEXES = 9 };

enum fate { STAYS, IS_SET, IS_REMOVED };

/* "SET l[3] = :x,l[1] = :x" or "REMOVE l[3],l[1]" of the indexes of that fate, in a random order.
 */
static void put_section(struct text_writer *w, struct random_stream *random,
                        const enum fate fates[INDEXES], enum fate fate)
{
    uint32_t start = (uint32_t)random_below(random, INDEXES);
    struct text before = fate == IS_SET ? TEXT("SET ") : TEXT(" REMOVE ");
    for (uint32_t k = 0; k < INDEXES; k++) {
        uint32_t i = (start + 4 * k) % INDEXES;
        if (fates[i] == fate) {
            text_put(w, before);
            text_put(w, TEXT("l["));
            text_put_integer(w, i, 0);
            text_put(w, fate == IS_SET ? TEXT("] = :x") : TEXT("]"));
            before = TEXT(",");
        }
    }
}

/* The list as the rule has it; with all staying, as it was. */
static struct text put_list(struct text_writer *w, uint32_t size, const enum fate fates[INDEXES])
{
    struct text before = TEXT("");
    text_put(w, TEXT("{l: ["));
    for (uint32_t i = 0; i < INDEXES; i++) {
        if (fates[i] == IS_SET || (i < size && fates[i] == STAYS)) {
            text_put(w, before);
            if (fates[i] == IS_SET) {
                text_put(w, TEXT("'x'"));
            } else {
                text_put_integer(w, i, 0);
            }
            before = TEXT(", ");
        }
    }
    text_put(w, TEXT("]}"));
    return text_written(w);
}

static void lists_change_as_said(void **state)
{
    (void)state;

    enum { ROUNDS = 3000 };
    static const enum fate untouched[INDEXES];
    static char bytes[BYTES];
    struct random_stream random = random_stream(5, TEXT("lists"));
    for (int round = 0; round < ROUNDS; round++) {
        char texts[4][256];
        struct text_writer w[4];

        enum fate fates[INDEXES] = {IS_SET};

        uint32_t size = (uint32_t)random_below(&random, SIZE_MAX_OF_LIST + 1);
        for (int i = 0; i < INDEXES; i++) {
            fates[i] = random_below(&random, 2) ? STAYS : (enum fate)random_below(&random, 3);
        }
        fates[random_below(&random, INDEXES)] = IS_SET;
        for (int i = 0; i < 4; i++) {
            w[i] = text_writer(texts[i], sizeof texts[i]);
        }
        put_section(&w[0], &random, fates, IS_SET);
        put_section(&w[0], &random, fates, IS_REMOVED);
        (void)put_list(&w[1], size, untouched);
        (void)put_list(&w[2], size, fates);
        struct expression *e = compiled(EXPRESSION_UPDATE, text_writer_string(&w[0]), false);
        struct item_writer updated = item_writer(bytes, sizeof bytes);
        assert_int_equal(expression_update(e, document_item(text_writer_string(&w[1])),
                                           (struct item){0}, values(), &updated, NULL),
                         STATUS_OK);
        struct value whole = {.type = TYPE_M, .bytes = item_written(&updated).bytes};
        assert_true(item_valid(whole.bytes));
        document_put(&w[3], &whole);
        assert_string_equal(text_writer_string(&w[3]), text_writer_string(&w[2]));
        expression_free(e);
    }
}

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, condition_on_a_document, condition_cases);
    CASES_ADD_TABLE(&cases, projection_leaves, projection_cases);
    CASES_ADD_TABLE(&cases, update_of_a_document, update_cases);
    CASES_ADD_TABLE(&cases, refusal_of_paths, refusal_cases);
    CASES_ADD(&cases, a_path_has_32_levels);
    CASES_ADD(&cases, an_update_makes_no_item_of_33_levels);
    CASES_ADD(&cases, a_table_sees_the_attribute_of_a_path);
    CASES_ADD(&cases, lists_change_as_said);
    return cases_run("expressions on documents", &cases);
}

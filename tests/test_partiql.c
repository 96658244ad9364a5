/* test_partiql.c: PartiQL statements: what is read, what is refused, and which items are meant.
 *
 * Case tables: a row is a statement with what it says of a given item, what it makes of one, how it
 * would be read, or the words in which it is refused. The refusals that DDB-PARTIQL-* call measured
 * are what the service answers. Statements run against tables in tests/api/.
 */
#include "model/api/partiql.h"
#include "tests/cases.h"

#include <stdio.h>
#include <string.h>

enum { BYTES = 1 << 20 };

static char bytes[BYTES];

static struct partiql *parse(const char *statement, const struct value *parameters, uint32_t count)
{
    struct error error;
    struct partiql *s = partiql_parse(text_from(statement), parameters, count, &error);
    if (s == NULL) {
        fail_msg("%s: %s", statement, error.message);
    }
    return s;
}

/* Writing values down */

static void put_value(struct text_writer *w, const struct value *v);

static void put_members(struct text_writer *w, struct text run, const char *ends, bool names)
{
    struct item_cursor c = item_cursor((struct item){run});
    struct text name;
    struct value v;
    bool first = true;
    text_put_char(w, ends[0]);
    while (item_next(&c, &name, &v)) {
        text_put(w, first ? TEXT("") : TEXT(" "));
        if (names) {
            text_put(w, name);
            text_put_char(w, ':');
        }
        put_value(w, &v);
        first = false;
    }
    text_put_char(w, ends[1]);
}

static void put_value(struct text_writer *w, const struct value *v)
{
    switch (v->type) {
    case TYPE_S:
    case TYPE_B:
        text_put_char(w, '\'');
        text_put(w, v->bytes);
        text_put_char(w, '\'');
        break;
    case TYPE_N:
        text_put_number(w, &v->number);
        break;
    case TYPE_BOOL:
        text_put(w, v->boolean ? TEXT("true") : TEXT("false"));
        break;
    case TYPE_NULL:
        text_put(w, TEXT("null"));
        break;
    case TYPE_M:
        put_members(w, v->bytes, "{}", true);
        break;
    case TYPE_L:
        put_members(w, v->bytes, "[]", false);
        break;
    case TYPE_SS:
    case TYPE_NS:
    case TYPE_BS:
        put_members(w, v->bytes, "<>", false);
        break;
    }
}

static const char *item_string(struct item item, char *text, size_t size)
{
    struct text_writer w = text_writer(text, size);
    put_members(&w, item.bytes, "{}", true);
    return text_writer_string(&w);
}

/* Literals: INSERT makes an item of them. DDB-PARTIQL-3 */

struct insert_case {
    const char *name; /* the tuple */
    const char *item;
};

static struct insert_case insert_cases[] = {
    {"{}",                                                                                     "{}"                         },
    {"{'pk': 'a', 'n': 1}",                                                                    "{n:1 pk:'a'}"               },
    {"{'s': 'it''s here', 'e': '', 'q': '\"'}",                                                "{e:'' q:'\"' s:'it's here'}"},
    {"{'a': 1E3, 'b': -1.5e-3, 'c': 2.50, 'd': -0, 'e': .5, 'f': -.5e1, 'g': +7, 'h': - - 1}",
     "{a:1000 b:-0.0015 c:2.5 d:0 e:0.5 f:-5 g:7 h:1}"                                                                      },
    {"{'t': true, 'f': FALSE, 'n': null}",                                                     "{f:false n:null t:true}"    },
    {"{'l': [1, 'x', [], {}], 'm': {'b': {'d': 1, 'c': 2}, 'a': null}}",
     "{l:[1 'x' [] {}] m:{a:null b:{c:2 d:1}}}"                                                                             },
    {"{'s': <<'b', 'a'>>, 'n': <<10, 4.5, 1>>, 'l': [<<1>>]}",
     "{l:[<1>] n:<1 4.5 10> s:<'a' 'b'>}"                                                                                   },
    {"{'p': ?, 'q': ?}",                                                                       "{p:'first' q:2}"            },
    {"{ -- a note\n 'a' /* 1 */ : 1 }",                                                        "{a:1}"                      },
};

static void an_insert_makes(void **state)
{
    const struct insert_case *c = *state;
    char statement[1000];
    char text[1000];
    const struct value parameters[] = {value_s(TEXT("first")), value_n(2)};
    (void)snprintf(statement, sizeof statement, "insert INTO \"T\" value %s;", c->name);
    struct partiql *s = parse(statement, parameters, strchr(c->name, '?') == NULL ? 0 : 2);
    assert_int_equal(partiql_kind(s), PARTIQL_INSERT);
    assert_true(text_equal(partiql_table(s), TEXT("T")));
    assert_string_equal(item_string(partiql_item(s), text, sizeof text), c->item);
    partiql_free(s);
}

/* Conditions. DDB-PARTIQL-4 */

struct where_case {
    const char *name; /* the WHERE clause */
    bool holds;
};

/* {a:'x' flag:true l:['p' 'q'] m:{k:[{'a b':1}]} n:5 nul:null s:'some text' tags:<'u' 'v'>} */
static struct item subject(void)
{
    static struct partiql *s;
    if (s == NULL) {
        s = parse("INSERT INTO t VALUE {'n': 5, 'a': 'x', 's': 'some text', 'flag': true, "
                  "'nul': null, 'tags': <<'u', 'v'>>, 'l': ['p', 'q'], 'm': {'k': [{'a b': 1}]}}",
                  NULL, 0);
    }
    return partiql_item(s);
}

static struct where_case where_cases[] = {
    {"a = 'x'",                                                           true },
    {"a = 'y'",                                                           false},
    {"'x' = a",                                                           true },
    {"\"a\" <> 'y' AND a != 'y'",                                         true },
    {"n < 6 and n <= 5 And n > 4 AND n >= 5",                             true },
    {"n < 5 OR n > 5",                                                    false},
    {"n > -5",                                                            true },
    {"n = - - 5",                                                         true },
    {"n = ?",                                                             true },
    {"a = 'y' OR a = 'z' AND n = 5 OR n = 5",                             true },
    {"(a = 'x' OR a = 'z') AND n = 4",                                    false},
    {"a = 'x' OR (a = 'z' AND n = 4)",                                    true },
    {"((a = 'x'))",                                                       true },
    {"NOT a = 'x'",                                                       false},
    {"NOT NOT a = 'x'",                                                   true },
    {"NOT (a = 'x' AND n = 4)",                                           true },
    {"NOT (NOT (a = 'x' OR n = 4))",                                      true },
    {"n BETWEEN 4 AND 5 AND a BETWEEN 'a' AND 'z'",                       true },
    {"n NOT BETWEEN 4 AND 5",                                             false},
    {"n NOT BETWEEN 6 AND 7 AND a = 'x'",                                 true },
    {"n IN [4, 5]",                                                       true },
    {"n IN (4, 6)",                                                       false},
    {"n NOT IN [4, 6]",                                                   true },
    {"n IN [?, 4]",                                                       true },
    {"NOT n IN [4, 5]",                                                   false},
    {"begins_with(s, 'some') AND BEGINS_WITH(s, 's')",                    true },
    {"contains(tags, 'u') AND contains(s, 'e t') AND contains(l, 'q')",   true },
    {"attribute_type(n, 'N') AND attribute_type(tags, 'SS')",             true },
    {"attribute_exists(n) AND ATTRIBUTE_NOT_EXISTS (nope)",               true },
    {"size(s) = 9 and SIZE(tags) < 3",                                    true },
    {"nope IS MISSING",                                                   true },
    {"n IS MISSING",                                                      false},
    {"n IS NOT MISSING",                                                  true },
    {"nul IS NULL",                                                       true },
    {"nope IS NULL",                                                      false},
    {"n IS NOT NULL",                                                     true },
    {"flag IS BOOL AND s IS STRING AND n IS NUMERIC AND l IS LIST",       true },
    {"flag IS STRING",                                                    false},
    {"tags = <<'v', 'u'>>",                                               true },
    {"l = ['p', 'q']",                                                    true },
    {"l = ['q', 'p']",                                                    false},
    {"flag = true",                                                       true },
    {"attribute_exists(n) = true",                                        true },
    {"attribute_exists(nope) = false",                                    true },
    {"true = attribute_exists(n)",                                        true },
    {"attribute_exists(n) <> 1",                                          true },
    {"attribute_exists(n) = 1",                                           false},
    {"NOT attribute_exists(n) = true",                                    false},
    {"(attribute_exists(n) = true) = false",                              false},
    {"(n BETWEEN 0 AND 5) = true",                                        true },
    {"(n = 5 OR a = 'y') = false",                                        false},
    {"attribute_exists(nope) IN [true, false]",                           true },
    {"attribute_exists(n) = attribute_exists(s)",                         true },
    {"attribute_exists(n) = attribute_exists(nope)",                      false},
    {"attribute_exists(n) <> attribute_exists(nope)",                     true },
    {"attribute_exists(n) = flag",                                        true },
    {"attribute_exists(nope) = flag",                                     false},
    {"attribute_exists(n) = a",                                           false},
    {"m['k'][0]['a b'] = 1",                                              true },
    {"l[0] = 'p' AND l[1] = 'q'",                                         true },
    {"m.k[0].\"a b\" = 1",                                                true },
    {"n IN <<4, 5>>",                                                     true },
    {"NOT n IN <<4, 6>>",                                                 true },
    {"NOT attribute_exists(n) IN [true, true]",                           false},
    {"attribute_exists(nope) IN [false] AND n = 5",                       true },
    {"(attribute_exists(n) <> true) = false",                             true },
    {"NOT (attribute_exists(n) = attribute_exists(s))",                   false},
    {"(attribute_exists(n) = attribute_exists(s)) = true",                true },
    {"n = 5 AND (attribute_exists(n) = attribute_exists(nope)) = false",  true },
    {"Begins_With(s, 'SOME')",                                            false},
    {"m IS STRUCT AND tags IS NOT LIST",                                  true },
    {"m IS TUPLE AND n IS DECIMAL AND NOT s IS BLOB AND flag IS BOOLEAN", true },
    {"n =\t5\r\n",                                                        true },
    {"n = +5 AND n = 5e0 AND n = 5.0E+0 AND n = 50e-1",                   true },
    {"z$_9 IS MISSING",                                                   true },
    {"a /* x */ = -- y\n 'x'",                                            true },
};

static void a_condition_holds(void **state)
{
    const struct where_case *c = *state;
    char statement[500];
    struct error error;
    const struct value five = value_n(5);
    (void)snprintf(statement, sizeof statement, "SELECT * FROM \"T\".\"i\" WHERE %s", c->name);
    struct partiql *s = parse(statement, &five, strchr(c->name, '?') == NULL ? 0 : 1);
    assert_true(text_equal(partiql_index(s), TEXT("i")));
    struct expression *where = partiql_where(s, &error);
    if (where == NULL) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(expression_holds(where, subject(), partiql_values(s)), c->holds);
    expression_free(where);
    partiql_free(s);
}

/* Updates. DDB-PARTIQL-6 */

struct update_case {
    const char *name; /* what is changed */
    const char *item; /* what becomes of {a:1 l:[1] s:<'u' 'v'> t:'x'} */
};

static struct update_case update_cases[] = {
    {"SET a = 2",                                "{a:2 l:[1] s:<'u' 'v'> t:'x'}"          },
    {"SET a = a + 1 SET b = a - ?",              "{a:2 b:-4 l:[1] s:<'u' 'v'> t:'x'}"     },
    {"SET a=a-1, b={'k': [1]}",                  "{a:0 b:{k:[1]} l:[1] s:<'u' 'v'> t:'x'}"},
    {"REMOVE a REMOVE t, nope",                  "{l:[1] s:<'u' 'v'>}"                    },
    {"SET a = t REMOVE t",                       "{a:'x' l:[1] s:<'u' 'v'>}"              },
    {"REMOVE t SET b = 1",                       "{a:1 b:1 l:[1] s:<'u' 'v'>}"            },
    {"SET l = list_append(l, ['n'])",            "{a:1 l:[1 'n'] s:<'u' 'v'> t:'x'}"      },
    {"SET l = LIST_APPEND([0], l)",              "{a:1 l:[0 1] s:<'u' 'v'> t:'x'}"        },
    {"SET s = set_add(s, <<'w'>>)",              "{a:1 l:[1] s:<'u' 'v' 'w'> t:'x'}"      },
    {"SET fresh = SET_ADD(fresh, <<1>>)",        "{a:1 fresh:<1> l:[1] s:<'u' 'v'> t:'x'}"},
    {"SET s = set_delete(s, <<'u'>>) SET a = 3", "{a:3 l:[1] s:<'v'> t:'x'}"              },
    {"SET s = set_delete(s, <<'u', 'v'>>)",      "{a:1 l:[1] t:'x'}"                      },
};

static void an_update_makes(void **state)
{
    const struct update_case *c = *state;
    char statement[500];
    char text[500];
    struct error error;
    const struct value five = value_n(5);
    struct partiql *given =
        parse("INSERT INTO t VALUE {'a': 1, 'l': [1], 's': <<'u', 'v'>>, 't': 'x'}", NULL, 0);
    (void)snprintf(statement, sizeof statement, "UPDATE t %s WHERE pk = 'x' RETURNING ALL NEW *",
                   c->name);
    struct partiql *s = parse(statement, &five, strchr(c->name, '?') == NULL ? 0 : 1);
    assert_int_equal(partiql_kind(s), PARTIQL_UPDATE);
    assert_int_equal(partiql_returning(s), PARTIQL_RETURNING_ALL_NEW);
    struct expression *update = partiql_update(s, &error);
    if (update == NULL) {
        fail_msg("%s", error.message);
    }
    struct item_writer w = item_writer(bytes, sizeof bytes);
    assert_int_equal(expression_update(update, partiql_item(given), partiql_item(given),
                                       partiql_values(s), &w, &error),
                     STATUS_OK);
    assert_string_equal(item_string(item_written(&w), text, sizeof text), c->item);
    expression_free(update);
    partiql_free(s);
    partiql_free(given);
}

/* Refusals. DDB-PARTIQL-1 to DDB-PARTIQL-6 */

#define BAD "Statement wasn't well formed, can't be processed: "
#define LEFTOVER BAD "Unexpected token after expression"

struct refused_case {
    const char *name; /* the statement */
    const char *message;
};

static struct refused_case refused_cases[] = {
    {"",                                                                   BAD "Expected data manipulation"                                     },
    {"SLECT * FROM t",                                                     BAD "Expected data manipulation"                                     },
    {"UPDATE Payment-t SET a = 1 WHERE pk = 'x'",                          BAD "Expected data manipulation"                                     },
    {"SELECT * FROM t WHERE pk = 1 foo",                                   LEFTOVER                                                             },
    {"SELECT * FROM t WHERE pk = 1 e5",                                    LEFTOVER                                                             },
    {"SELECT * FROM t WHERE pk = 1)",                                      LEFTOVER                                                             },
    {"INSERT INTO t VALUE {'pk': 1} foo",                                  LEFTOVER                                                             },
    {"INSERT INTO t u VALUE {'pk': 1}",                                    LEFTOVER                                                             },
    {"UPDATE t SET a = 9 WHERE pk = 1 foo",                                LEFTOVER                                                             },
    {"DELETE FROM t WHERE pk = 1 foo",                                     LEFTOVER                                                             },
    {"DELETE FROM t WHERE pk = 1 ORDER BY pk",                             LEFTOVER                                                             },
    {"SELECT * FROM t ORDER BY pk WHERE pk = 1",                           LEFTOVER                                                             },
    {"SELECT * FROM t; SELECT * FROM t",                                   LEFTOVER                                                             },
    {"SELECT * FROM t WHERE pk = 1 # note",                                BAD                                                                  },
    {"SELECT * FROM t WHERE pk = 1 /* note",                               BAD                                                                  },
    {"SELECT * FROM t WHERE pk = 'x",                                      BAD                                                                  },
    {"SELECT * FROM \"t",                                                  BAD                                                                  },
    {"SELECT * FROM t WHERE pk = 1e2147483648",                            BAD                                                                  },
    {"SELECT * FROM t WHERE pk = 1e99999999999",                           BAD                                                                  },
    {"SELECT * FROM t WHERE pk = 1.5e-2147483647",                         BAD                                                                  },
    {"SELECT * FROM t u WHERE pk = 'x'",                                   "Aliasing is not supported"                                          },
    {"SELECT * FROM t AS u WHERE pk = 'x'",                                "Aliasing is not supported"                                          },
    {"SELECT a AS b FROM t",                                               "Aliasing is not supported"                                          },
    {"UPDATE t u SET a = 3 WHERE pk = 'x'",                                "Aliasing is not supported"                                          },
    {"DELETE FROM t u WHERE pk = 'x'",                                     "Aliasing is not supported"                                          },
    {"SELECT * FROM t WHERE",                                              BAD "Unexpected term"                                                },
    {"SELECT * FROM t WHERE;",                                             BAD "Unexpected term"                                                },
    {"SELECT * FROM t WHERE NOT",                                          BAD "Unexpected term"                                                },
    {"SELECT * FROM t WHERE (",                                            BAD "Unexpected term"                                                },
    {"UPDATE t SET a = 1 WHERE",                                           BAD "Unexpected term"                                                },
    {"SELECT * FROM",                                                      BAD "Unexpected term"                                                },
    {"SELECT * FROM t WHERE pk = 'x' AND",
     BAD "Missing right-hand side expression of infix operator"                                                                                 },
    {"SELECT * FROM t WHERE pk = 'x' OR;",
     BAD "Missing right-hand side expression of infix operator"                                                                                 },
    {"SELECT * FROM t WHERE ORDER BY pk",                                  BAD "Unexpected keyword"                                             },
    {"SELECT * FROM t WHERE key = 'x'",                                    BAD "Unexpected keyword"                                             },
    {"SELECT * FROM t WHERE IS NULL",                                      BAD "Unexpected operator"                                            },
    {"SELECT * FROM t WHERE pk = LIKE",                                    BAD "Unexpected operator"                                            },
    {"SELECT * FROM t WHERE x IS FOO",                                     BAD "Expected type name"                                             },
    {"SELECT m.inner FROM t",                                              BAD "Invalid path dot component"                                     },
    {"SELECT * FROM t WHERE (a = 1",                                       BAD "Expected RIGHT_PAREN"                                           },
    {"DELETE FROM",                                                        BAD "Expected identifier for simple path"                            },
    {"DELETE FROM WHERE pk = 'a'",                                         BAD "Expected identifier for simple path"                            },
    {"UPDATE SET a = 1",                                                   BAD "Expected identifier for simple path"                            },
    {"SELECT * FROM t.i.x",                                                "A path may contain at most 2 components in the FROM clause"         },
    {"SELECT * FROM t.\"\"",                                               "Path component cannot be an empty string"                           },
    {"SELECT * FROM \"\"",                                                 "Path component cannot be an empty string"                           },
    {"SELECT attribute_exists(ss) FROM t",                                 "Unexpected path component at 1:8:16"                                },
    {"SELECT l[-1] FROM t",                                                "List index is not within the allowable range; index: [-1] at 1:11:1"},
    {"SELECT l[2147483648] FROM t",
     "List index is not within the allowable range; index: [2147483648] at 1:10:10"                                                             },
    {"SELECT * FROM t WHERE pk = ?",                                       "Number of parameters in request and statement don't match."         },
    {"DELETE FROM t WHERE pk = 'x' RETURNING MODIFIED OLD *",
     "Invalid returning clause: RETURNING MODIFIED OLD *. Only RETURNING ALL OLD * is allowed in "
     "DELETE statements."                                                                                                                       },
    {"DELETE FROM t WHERE pk = 'x' RETURNING ALL NEW *",
     "Invalid returning clause: RETURNING ALL NEW *. Only RETURNING ALL OLD * is allowed in DELETE "
     "statements."                                                                                                                              },
    {"INSERT INTO t VALUE {'s': <<>>}",                                    "Empty bags are not supported"                                       },
    {"INSERT INTO t VALUE {'s': <<1, 'a'>>}",
     "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags"                                                   },
    {"INSERT INTO t VALUE {'s': <<[1]>>}",
     "Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags"                                                   },
    {"INSERT INTO t VALUE {'s': <<'a', 'a'>>}",
     "One or more parameter values were invalid: Input collection [a, a] contains duplicates."                                                  },
    {"UPDATE t SET n = set_add(n, <<2, 2.0>>) WHERE pk = 'x'",
     "One or more parameter values were invalid: Input collection [2, 2.0] contains duplicates! "
     "under root"                                                                                                                               },
    {"INSERT INTO t VALUE {'s': set_add(<<'a'>>, <<'b'>>)}",
     "Unsupported data type: set_add under key root at 1:27:7"                                                                                  },
    {"INSERT INTO t VALUE {'pk': 1e126}",
     "Number overflow. Attempting to store a number with magnitude larger than supported range "
     "under root"                                                                                                                               },
    {"INSERT INTO t VALUE {'m': {'x': 1e126}}",
     "Number overflow. Attempting to store a number with magnitude larger than supported range "
     "under root.x"                                                                                                                             },
    {"INSERT INTO t VALUE {'l': [1, [2, -1e126]]}",
     "Number overflow. Attempting to store a number with magnitude larger than supported range "
     "under root[1][1]"                                                                                                                         },
    {"UPDATE t SET a = 1e-131 WHERE pk = 'x'",
     "Number underflow. Attempting to store a number with magnitude smaller than supported range "
     "under root"                                                                                                                               },
    {"SELECT * FROM t WHERE pk = 123456789012345678901234567890123456789",
     "Attempting to store more than 38 significant digits in a Number under root"                                                               },
    {"UPDATE t SET x = [?] WHERE pk = 'x'",
     "Unsupported data type: Parameter under key root[0] at 1:19:1"                                                                             },
    {"INSERT INTO t VALUE {'m': {'k': ?}}",
     "Unsupported data type: Parameter under key root.k at 1:33:1"                                                                              },
    {"INSERT INTO t VALUE {'a': 1, 'a': 2}",                               "A tuple has the key a twice at 1:35:1"                              },
    {"INSERT INTO t VALUE {'\xc3\xa9': 1, 'a': b}",
     "Unsupported data type: b under key root at 1:35:1"                                                                                        },
    {"SELECT * FROM t WHERE a = [1",                                       BAD "Expected RIGHT_BRACKET"                                         },
    {"SELECT * FROM t WHERE a = [1 2]",                                    BAD "Expected RIGHT_BRACKET"                                         },
    {"SELECT * FROM t WHERE a = <<1]",                                     BAD "Expected RIGHT_DOUBLE_ANGLE_BRACKET"                            },
    {"SELECT * FROM t WHERE a = <<1, )>>",                                 BAD "Unexpected term"                                                },
    {"INSERT INTO t VALUE {'a': 1",                                        BAD "Expected RIGHT_CURLY"                                           },
    {"INSERT INTO t VALUE {'a': 1 'b': 2}",                                BAD "Expected RIGHT_CURLY"                                           },
    {"INSERT INTO t VALUE {'a' 1}",                                        BAD "Expected COLON"                                                 },
    {"INSERT INTO t VALUE {a: 1}",                                         BAD "Unexpected term"                                                },
    {"INSERT INTO t VALUE {'a': }",                                        BAD "Unexpected term"                                                },
    {"INSERT INTO t VALUE",                                                BAD "Expected a tuple after VALUE"                                   },
    {"INSERT INTO t",                                                      LEFTOVER                                                             },
    {"INSERT INTO 'a' VALUE {'a': 1}",                                     BAD "Expected identifier for simple path"                            },
    {"INSERT t VALUE {'a': 1}",                                            BAD "Unexpected keyword"                                             },
    {"SELECT l[0 FROM t",                                                  BAD "Expected RIGHT_BRACKET"                                         },
    {"SELECT l[a] FROM t",                                                 BAD "Invalid path component"                                         },
    {"SELECT l[-'a'] FROM t",                                              BAD "Invalid path component"                                         },
    {"SELECT l[1.5] FROM t",                                               BAD "Invalid path component"                                         },
    {"SELECT a, FROM t",                                                   BAD "Unexpected keyword"                                             },
    {"SELECT *, a FROM t",
     BAD "Other expressions may not be present in the select list when '*' is used "
         "without dot notation."                                                                                                                },
    {"SELECT a WHERE a = 1",                                               BAD "Expected FROM after SELECT list"                                },
    {"SELECT a b FROM t",                                                  "Aliasing is not supported"                                          },
    {"SELECT * FROM t.",                                                   BAD "Invalid path dot component"                                     },
    {"SELECT * FROM t ORDER pk",                                           BAD "Expected BY"                                                    },
    {"SELECT * FROM t ORDER BY 1",                                         BAD "Unexpected term"                                                },
    {"SELECT * FROM t ORDER BY m.",                                        BAD "Invalid path dot component"                                     },
    {"SELECT * FROM t WHERE a IN (1",                                      BAD "Expected RIGHT_PAREN"                                           },
    {"SELECT * FROM t WHERE a IN [1",                                      BAD "Expected RIGHT_BRACKET"                                         },
    {"SELECT * FROM t WHERE a IN <<1",                                     BAD "Expected RIGHT_DOUBLE_ANGLE_BRACKET"                            },
    {"SELECT * FROM t WHERE a IN [1,",                                     BAD "Unexpected term"                                                },
    {"SELECT * FROM t WHERE a IN 1",                                       BAD "Expected a list after IN"                                       },
    {"SELECT * FROM t WHERE size(a",                                       BAD "Expected RIGHT_PAREN"                                           },
    {"SELECT * FROM t WHERE n BETWEEN 1 10",                               BAD "Expected AND keyword"                                           },
    {"SELECT * FROM t WHERE n BETWEEN 1 AND",                              BAD "Expected expression after AND"                                  },
    {"SELECT * FROM t WHERE n BETWEEN 1 AND ;",                            BAD "Expected expression after AND"                                  },
    {"SELECT * FROM t WHERE n BETWEEN )",                                  BAD "Unexpected term"                                                },
    {"SELECT * FROM t WHERE n BETWEEN 1 AND )",                            BAD "Unexpected term"                                                },
    {"SELECT * FROM t WHERE n =",                                          BAD "Missing right-hand side expression of infix operator"           },
    {"SELECT * FROM t WHERE n + )",                                        BAD "Unexpected term"                                                },
    {"SELECT * FROM t WHERE n IS DOUBLE",                                  BAD "Expected type name"                                             },
    {"SELECT * FROM t WHERE n IS INT",                                     "The type is not supported for IS: INT at 1:28:3"                    },
    {"SELECT * FROM t WHERE n IS DOUBLE PRECISION",
     "The type is not supported for IS: DOUBLE at 1:28:6"                                                                                       },
    {"UPDATE t WHERE pk = 'x'",                                            BAD "Expected data manipulation"                                     },
    {"UPDATE t SET 1 = 2",                                                 BAD "Expected identifier for simple path"                            },
    {"UPDATE t REMOVE 1",                                                  BAD "Expected identifier for simple path"                            },
    {"UPDATE t SET m. = 1",                                                BAD "Invalid path dot component"                                     },
    {"UPDATE t SET a 1",                                                   BAD "Expected '='"                                                   },
    {"UPDATE t SET a =",                                                   BAD "Missing right-hand side expression of infix operator"           },
    {"UPDATE t SET a = )",                                                 BAD "Unexpected term"                                                },
    {"DELETE t WHERE pk = 'x'",                                            BAD "Expected FROM after DELETE"                                     },
    {"DELETE FROM t WHERE )",                                              BAD "Unexpected term"                                                },
    {"DELETE FROM t WHERE a = 1 RETURNING OLD *",
     BAD "Expected ( MODIFIED | ALL ) ( NEW | OLD ) in each returning element."                                                                 },
    {"DELETE FROM t WHERE a = 1 RETURNING ALL *",
     BAD "Expected ( MODIFIED | ALL ) ( NEW | OLD ) in each returning element."                                                                 },
    {"DELETE FROM t WHERE a = 1 RETURNING ALL OLD",                        BAD "Expected '*' in a RETURNING clause"                             },
    {"DELETE FROM t WHERE pk = 'x' RETURNING MODIFIED NEW *",
     "Invalid returning clause: RETURNING MODIFIED NEW *. Only RETURNING ALL OLD * is allowed in "
     "DELETE "
     "statements."                                                                                                                              },
    {"EXISTS(DELETE FROM t WHERE a = 1)",                                  BAD "Expected a SELECT statement in EXISTS"                          },
    {"EXISTS(SELECT * FROM t",                                             BAD "Expected RIGHT_PAREN"                                           },
    {"EXISTS(SELECT a b FROM t)",                                          "Aliasing is not supported"                                          },
    {"EXISTS SELECT * FROM t",                                             BAD "Expected data manipulation"                                     },
    {"SELECT * FROM t WHERE n > -n",                                       "A sign is supported before a number only at 1:27:1"                 },
};

static void a_statement_is_refused(void **state)
{
    const struct refused_case *c = *state;
    struct error error;
    struct partiql *s = partiql_parse(text_from(c->name), NULL, 0, &error);
    if (s != NULL) {
        fail_msg("%s", c->name);
    }
    assert_int_equal(error.status, STATUS_BAD_INPUT);
    assert_string_equal(error.message, c->message);
}

static void parameters_must_all_be_used(void **state)
{
    (void)state;
    struct error error;
    const struct value parameters[] = {value_n(1), value_n(2)};
    const struct text statement = TEXT("SELECT * FROM t WHERE a = ? AND b = ?");
    assert_null(partiql_parse(statement, parameters, 1, &error));
    assert_string_equal(error.message,
                        "Number of parameters in request and statement don't match.");
    struct partiql *s = partiql_parse(statement, parameters, 2, &error);
    assert_non_null(s);
    partiql_free(s);
    assert_null(partiql_parse(TEXT("SELECT * FROM t WHERE a = ?"), parameters, 2, &error));
    assert_string_equal(error.message,
                        "Number of parameters in request and statement don't match.");
}

/* What is read but says nothing that can be asked or done. */
static struct refused_case meaningless_cases[] = {
    {"SELECT * FROM t WHERE EXISTS(ss)",                               "Unrecognized function: exists at 1:23:6"                              },
    {"SELECT * FROM t WHERE set_add(ss, <<'x'>>) = ss",                "Unrecognized function: set_add at 1:23:7"                             },
    {"SELECT * FROM t WHERE a",                                        "A condition is expected at 1:23:1"                                    },
    {"SELECT * FROM t WHERE a = b + 1",                                "Unsupported operand at 1:27:1"                                        },
    {"SELECT * FROM t WHERE attribute_exists('ss')",
     "Operator or function requires a document path; operator or function: attribute_exists"                                                  },
    {"SELECT * FROM t WHERE attribute_exists()",
     "Incorrect number of operands for operator or function; operator or function: "
     "attribute_exists, number of operands: 0"                                                                                                },
    {"SELECT * FROM t WHERE attribute_exists(ss, ns)",
     "Incorrect number of operands for operator or function; operator or function: "
     "attribute_exists, number of operands: 2"                                                                                                },
    {"SELECT * FROM t WHERE attribute_exists(n) > false",
     "Incorrect operand type for operator or function; operator or function: >, operand type: "
     "BOOL"                                                                                                                                   },
    {"SELECT * FROM t WHERE val < true",                               "Incorrect operand type for operator or function; "
                                         "operator or function: <, operand type: BOOL"                },
    {"SELECT * FROM t WHERE val BETWEEN true AND false",
     "Incorrect operand type for operator or function; operator or function: BETWEEN, operand "
     "type: "
     "BOOL"                                                                                                                                   },
    {"SELECT * FROM t WHERE attribute_type(l, 1)",
     "Incorrect operand type for operator or function; operator or function: attribute_type, "
     "operand type: N"                                                                                                                        },
    {"UPDATE t SET n = 'a' + 1 WHERE pk = 'x'",
     "Incorrect operand type for operator or function; operator or function: +, operand type: S"                                              },
    {"UPDATE t SET n = n - null WHERE pk = 'x'",                       "Incorrect operand type for operator or function; "
                                                 "operator or function: -, operand type: NULL"},
    {"UPDATE t SET x = set_add(ss, <<'x'>>) WHERE pk = 'x'",
     "The first argument to SET_ADD must equal the assignment value at 1:18:7"                                                                },
    {"UPDATE t SET ss = set_add(<<'a'>>, <<'b'>>) WHERE pk = 'x'",
     "The first argument to SET_ADD must equal the assignment value at 1:19:7"                                                                },
    {"UPDATE t\nSET ss = set_add(ss, 'x') WHERE pk = 'x'",
     "The second argument to SET_ADD must be a value with type SET at 2:18:2"                                                                 },
    {"UPDATE t SET \"ss\" = set_delete(\"ss\", ['x']) WHERE pk = 'x'",
     "The second argument to SET_DELETE must be a value with type SET at 1:32:4"                                                              },
    {"UPDATE t SET ss = set_add(ss) WHERE pk = 'x'",
     "SET_ADD must have exactly two arguments at 1:19:7"                                                                                      },
    {"UPDATE t SET ss = set_delete(ss, <<1>>, <<2>>) WHERE pk = 'x'",
     "SET_DELETE must have exactly two arguments at 1:19:10"                                                                                  },
    {"UPDATE t SET a = if_not_exists(a, 1) WHERE pk = 'x'",
     "Unrecognized function: if_not_exists at 1:18:13"                                                                                        },
    {"SELECT * FROM t WHERE n IN []",                                  "The IN operator needs at least one operand"                           },
    {"UPDATE t SET m.a = set_add(m, <<1>>) WHERE pk = 'x'",
     "The first argument to SET_ADD must equal the assignment value at 1:20:7"                                                                },
    {"UPDATE t SET m.a = set_add(m.b, <<1>>) WHERE pk = 'x'",
     "The first argument to SET_ADD must equal the assignment value at 1:20:7"                                                                },
    {"UPDATE t SET m.a = set_add(m[0], <<1>>) WHERE pk = 'x'",
     "The first argument to SET_ADD must equal the assignment value at 1:20:7"                                                                },
    {"UPDATE t SET m[1] = set_delete(m[0], <<1>>) WHERE pk = 'x'",
     "The first argument to SET_DELETE must equal the assignment value at 1:21:10"                                                            },
    {"UPDATE t SET ss = set_add(ss, ns) WHERE pk = 'x'",
     "The second argument to SET_ADD must be a value with type SET at 1:27:2"                                                                 },
    {"UPDATE t SET a = 1, a = 2 WHERE pk = 'x'",
     "Two document paths overlap with each other; must remove or rewrite one of these paths; path "
     "one: [a], path two: [a]"                                                                                                                },
};

static void a_meaning_is_refused(void **state)
{
    const struct refused_case *c = *state;
    struct error error;
    struct partiql *s = parse(c->name, NULL, 0);
    struct expression *e =
        partiql_kind(s) == PARTIQL_UPDATE ? partiql_update(s, &error) : partiql_where(s, &error);
    if (e != NULL) {
        fail_msg("%s", c->name);
    }
    assert_string_equal(error.message, c->message);
    partiql_free(s);
}

/* Boundaries */

static struct partiql *in_list(const char *attribute, int count, struct error *error)
{
    static char statement[PARTIQL_STATEMENT_MAX];
    int size = snprintf(statement, sizeof statement, "SELECT * FROM t WHERE %s IN [", attribute);
    for (int i = 0; i < count; i++) {
        size += snprintf(statement + size, sizeof statement - (size_t)size, "%s'v%d'",
                         i == 0 ? "" : ",", i);
    }
    (void)snprintf(statement + size, sizeof statement - (size_t)size, "]");
    return partiql_parse(text_from(statement), NULL, 0, error);
}

static void a_hundred_operands_of_in_are_the_limit(void **state)
{
    (void)state;
    struct error error;
    struct partiql *s = in_list("a", 100, &error);
    assert_non_null(s);
    struct expression *where = partiql_where(s, &error);
    assert_non_null(where);
    expression_free(where);
    partiql_free(s);
    assert_null(in_list("a", 101, &error));
    assert_string_equal(error.message,
                        "The IN operator is provided with too many operands; number of operands: "
                        "101");
}

static char *nested(const char *open, const char *close, int levels, char *text)
{
    char *at = text + sprintf(text, "UPDATE t SET d = ");
    for (int i = 0; i < levels; i++) {
        at += sprintf(at, "%s", open);
    }
    at += sprintf(at, "1");
    for (int i = 0; i < levels; i++) {
        at += sprintf(at, "%s", close);
    }
    (void)sprintf(at, " WHERE pk = 'x'");
    return text;
}

static void literals_nest_31_levels_deep(void **state)
{
    (void)state;
    struct error error;
    char text[1000];
    char expected[300] = "Nesting Levels have exceeded supported limits under root";
    struct partiql *s = partiql_parse(text_from(nested("{'a':", "}", 31, text)), NULL, 0, &error);
    assert_non_null(s);
    partiql_free(s);
    assert_null(partiql_parse(text_from(nested("{'a':", "}", 32, text)), NULL, 0, &error));
    for (size_t i = strlen(expected), end = i + 64; i < end; i += 2) {
        memcpy(expected + i, ".a", 3);
    }
    assert_string_equal(error.message, expected);
    assert_null(partiql_parse(text_from(nested("[", "]", 32, text)), NULL, 0, &error));
    assert_non_null(strstr(error.message, "under root[0][0]"));
}

/* A parameter may be larger than the statement; it stands in an item as it is. */
static void parameters_of_any_size_are_taken(void **state)
{
    (void)state;

    enum { LARGE = 400000 };

    static char large[LARGE];
    struct error error;
    struct value stored;
    const struct value parameter = value_s((struct text){memset(large, 'x', LARGE), LARGE});
    struct partiql *s =
        partiql_parse(TEXT("INSERT INTO t VALUE {'a': 1, 'v': ?}"), &parameter, 1, &error);
    if (s == NULL) {
        fail_msg("%s", error.message);
    }
    assert_true(item_get(partiql_item(s), TEXT("v"), &stored));
    assert_true(value_equal(&stored, &parameter));
    partiql_free(s);
}

static void chains_of_comparisons_end(void **state)
{
    (void)state;
    static const char *const signs[] = {" < 1", " = 1"};
    char text[1000];
    for (int i = 0; i < 2; i++) {
        struct error error;
        size_t size = (size_t)sprintf(text, "SELECT * FROM t WHERE a");
        for (int k = 0; k < 101; k++) {
            size += (size_t)sprintf(text + size, "%s", signs[i]);
        }
        assert_null(partiql_parse(text_from(text), NULL, 0, &error));
        assert_string_equal(error.message, "Comparisons of comparisons are too many");
    }
}

/* A statement of the largest size, of whatever takes the most room, is read or refused. */
static void the_largest_statements_are_read(void **state)
{
    (void)state;
    static char text[PARTIQL_STATEMENT_MAX + 1];
    static const char *const parts[] = {"[1],", "'',", "a=1 AND ", "NOT ",
                                        "(",    "-",   "a.b.",     "[[[[[[1]]]]]],",
                                        "f(",   "a=",  "{'a':",    "<<1>>,"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        struct error error;
        size_t size = (size_t)sprintf(text, "SELECT * FROM t WHERE a IN ([0,");
        if (strchr("'[<", parts[i][0]) == NULL) {
            size = (size_t)sprintf(text, "SELECT * FROM t WHERE ");
        }
        while (size + strlen(parts[i]) + 3 < sizeof text) {
            size += (size_t)sprintf(text + size, "%s", parts[i]);
        }
        struct partiql *s = partiql_parse((struct text){text, size}, NULL, 0, &error);
        struct expression *e = s == NULL ? NULL : partiql_where(s, &error);
        expression_free(e);
        partiql_free(s);
    }
}

/* Plans: DDB-PARTIQL-5, DDB-PARTIQL-7, DDB-PARTIQL-8 */

static const struct partiql_keys KEYS = {
    {"pk", 2},
    {"sk", 2},
    TYPE_S, TYPE_S
};

static void put_bound(struct text_writer *w, const struct partiql *s, uint16_t value)
{
    text_put(w, value == PARTIQL_NO_VALUE ? TEXT("*") : partiql_values(s)[value].bytes);
}

/* "a[1,2) b[x..]": the partitions with the ranges that are read, in order. */
static const char *plan_string(const struct partiql *s, const struct partiql_plan *plan, char *text,
                               size_t size)
{
    struct text_writer w = text_writer(text, size);
    text_put(&w, !plan->keyed ? TEXT("scan") : TEXT(""));
    for (uint32_t i = 0; i < plan->count; i++) {
        const struct partiql_range *r = &plan->ranges[i];
        text_put(&w, i == 0 ? TEXT("") : TEXT(" "));
        put_bound(&w, s, r->hash);
        if (r->lower != PARTIQL_NO_VALUE || r->upper != PARTIQL_NO_VALUE) {
            text_put_char(&w, r->lower_open ? '(' : '[');
            put_bound(&w, s, r->lower);
            text_put(&w, r->prefix ? TEXT("..") : TEXT(","));
            if (!r->prefix) {
                put_bound(&w, s, r->upper);
            }
            text_put_char(&w, r->upper_open ? ')' : ']');
        }
    }
    text_put(&w, plan->backward ? TEXT(" backward") : TEXT(""));
    return text_writer_string(&w);
}

struct plan_case {
    const char *name; /* what is behind FROM t */
    const char *plan; /* or the refusal */
};

#define OVERLAPPING "Overlapping conditions with range keys are not supported in where clause"
#define TYPE_MISMATCH "Key attribute's data type should match its data type in table's schema: Key "

static struct plan_case plan_cases[] = {
    {"",                                                                     "scan"                                                               },
    {"WHERE a = 1",                                                          "scan"                                                               },
    {"WHERE pk > 'a'",                                                       "scan"                                                               },
    {"WHERE pk <> 'a'",                                                      "scan"                                                               },
    {"WHERE NOT pk = 'a'",                                                   "scan"                                                               },
    {"WHERE sk = '1'",                                                       "scan"                                                               },
    {"WHERE pk = 'a' OR sk = '1'",                                           "scan"                                                               },
    {"WHERE pk = 'a' OR a = 1",                                              "scan"                                                               },
    {"WHERE pk > 1",                                                         "scan"                                                               },
    {"WHERE pk = 'a'",                                                       "a"                                                                  },
    {"WHERE 'a' = pk",                                                       "a"                                                                  },
    {"WHERE pk = 'a' AND a = 1",                                             "a"                                                                  },
    {"WHERE (pk = 'a' AND a = 1) AND sk = '1'",                              "a[1,1]"                                                             },
    {"WHERE pk = 'a' OR pk = 'b'",                                           "a b"                                                                },
    {"WHERE pk IN ['b', 'a', 'c'] AND n > 3",                                "a b c"                                                              },
    {"WHERE pk = 'a' AND sk < '5'",                                          "a[*,5)"                                                             },
    {"WHERE pk = 'a' AND '5' < sk",                                          "a(5,*]"                                                             },
    {"WHERE pk = 'a' AND sk >= '1' AND sk <= '5'",                           "a[1,5]"                                                             },
    {"WHERE pk = 'a' AND sk > '1' AND sk >= '1' AND sk < '9' AND sk <= '7'", "a(1,7]"                                                             },
    {"WHERE pk = 'a' AND sk BETWEEN '1' AND '3'",                            "a[1,3]"                                                             },
    {"WHERE pk = 'a' AND begins_with(sk, 'x')",                              "a[x..]"                                                             },
    {"WHERE pk = 'a' AND sk > 'w' AND begins_with(sk, 'x')",                 "a[x..]"                                                             },
    {"WHERE pk = 'a' AND begins_with(sk, 'x') AND sk > 'xa'",                "a[x..]"                                                             },
    {"WHERE pk = 'a' AND sk = '1' AND sk > '0'",                             "a[1,1]"                                                             },
    {"WHERE pk = 'a' AND sk = '1' AND sk = '2'",                             ""                                                                   },
    {"WHERE pk = 'a' AND pk = 'b'",                                          ""                                                                   },
    {"WHERE pk = 'a' AND pk = 'a'",                                          "a"                                                                  },
    {"WHERE pk = 'a' AND (pk = 'b' OR z = 1)",                               "a"                                                                  },
    {"WHERE pk = 'a' AND sk IN ['2', '1']",                                  "a[1,1] a[2,2]"                                                      },
    {"WHERE pk = 'a' AND (sk = '2' OR sk = '1')",                            "a[1,1] a[2,2]"                                                      },
    {"WHERE pk = 'a' AND (sk < '1' OR sk > '1' OR sk = '1')",                "a[*,1) a[1,1] a(1,*]"                                               },
    {"WHERE pk IN ['b', 'a'] AND sk IN ['2', '1']",                          "a[1,1] a[2,2] b[1,1] b[2,2]"                                        },
    {"WHERE (pk = 'a' AND sk = '1') OR (pk = 'b' AND x = 1)",                "a[1,1] b"                                                           },
    {"WHERE pk = 'a' AND (x = 1 OR y = 2)",                                  "a"                                                                  },
    {"WHERE pk = 'a' AND NOT sk = '1'",                                      "a"                                                                  },
    {"WHERE pk = 'a' AND sk <> '1' OR pk = 'a' AND sk = '2'",                "a"                                                                  },
    {"WHERE pk = 'a' AND NOT sk IN ['1', '3'] OR pk = 'a' AND sk = '2'",     "a"                                                                  },
    {"WHERE pk = 'a' OR pk = 'a' AND NOT sk = '1'",                          "a"                                                                  },
    {"WHERE pk = 'a' AND attribute_exists(pk)",                              "a"                                                                  },
    {"WHERE pk IN ['a', 'a']",                                               OVERLAPPING                                                          },
    {"WHERE pk = 'a' OR pk = 'a'",                                           OVERLAPPING                                                          },
    {"WHERE pk = 'a' AND (sk > '0' OR sk < '5')",                            OVERLAPPING                                                          },
    {"WHERE pk = 'a' AND (sk = '1' OR flag = 'two')",                        OVERLAPPING                                                          },
    {"WHERE pk = 'a' AND (begins_with(sk, 'x') OR sk = 'xy')",               OVERLAPPING                                                          },
    {"WHERE pk = 'a' AND (begins_with(sk, 'x') OR begins_with(sk, 'xy'))",   OVERLAPPING                                                          },
    {"WHERE pk = 'a' AND (begins_with(sk, 'x') OR sk > 'y' OR sk < 'x')",    "a[*,x) a[x..] a(y,*]"                                               },
    {"WHERE (pk = 'a' AND f = '1') OR (pk = 'a' AND f = '2')",               OVERLAPPING                                                          },
    {"WHERE pk = 'a' AND x = '1' OR pk = 'a' AND sk = '2'",                  OVERLAPPING                                                          },
    {"WHERE pk = 1 OR pk = 'a'",                                             TYPE_MISMATCH "pk"                                                   },
    {"WHERE pk = 'a' AND sk IN ['1', 2]",                                    TYPE_MISMATCH "sk"                                                   },
    {"WHERE pk = 'o' ORDER BY sk",                                           "o"                                                                  },
    {"WHERE pk = 'o' ORDER BY sk ASC",                                       "o"                                                                  },
    {"WHERE pk = 'o' ORDER BY sk DESC",                                      "o backward"                                                         },
    {"WHERE pk = 'o' ORDER BY pk ASC",                                       "o backward"                                                         },
    {"WHERE pk IN ['o', 'p'] ORDER BY pk DESC, sk ASC",                      "p o"                                                                },
    {"WHERE pk IN ['o', 'p'] ORDER BY pk",                                   "o p backward"                                                       },
    {"WHERE pk IN ['o', 'p'] AND sk IN ['1', '2'] ORDER BY pk, sk DESC",
     "o[2,2] o[1,1] p[2,2] p[1,1] backward"                                                                                                       },
    {"ORDER BY sk",                                                          "Must have WHERE clause in the statement when using ORDER BY clause."},
    {"WHERE pk = 'o' ORDER BY Total DESC",
     "Attribute Total in ORDER BY clause must be part of the primary key"                                                                         },
    {"WHERE pk > 'a' ORDER BY sk",
     "Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY "
     "clause."                                                                                                                                    },
    {"WHERE pk IN ['o', 'p'] ORDER BY sk DESC",
     "Must have hash key in ORDER BY clause when more than one hash key condition specified in "
     "WHERE clause."                                                                                                                              },
};

static void a_select_is_read(void **state)
{
    const struct plan_case *c = *state;
    char statement[500];
    char text[500];
    struct error error = {.message = ""};
    struct partiql_plan plan;
    (void)snprintf(statement, sizeof statement, "SELECT a, b FROM t %s", c->name);
    struct partiql *s = parse(statement, NULL, 0);
    if (partiql_plan(s, &KEYS, &plan, &error) == STATUS_OK) {
        assert_string_equal(plan_string(s, &plan, text, sizeof text), c->plan);
    } else {
        assert_string_equal(error.message, c->plan);
    }
    for (uint32_t i = 0; i < plan.count; i++) {
        struct expression *key = partiql_key_condition(s, &KEYS, &plan.ranges[i], &error);
        if (key == NULL) {
            fail_msg("%s", error.message);
        }
        expression_free(key);
    }
    partiql_free(s);
}

static void fifty_reads_are_the_limit(void **state)
{
    (void)state;
    struct error error;
    struct partiql_plan plan;
    struct partiql *s = in_list("pk", 50, &error);
    assert_int_equal(partiql_plan(s, &KEYS, &plan, &error), STATUS_OK);
    assert_int_equal(plan.count, 50);
    partiql_free(s);
    s = in_list("pk", 51, &error);
    assert_int_equal(partiql_plan(s, &KEYS, &plan, &error), STATUS_BAD_INPUT);
    assert_string_equal(error.message, "Too many decomposed read operations for a given query.");
    partiql_free(s);
}

/* The item that a write, or a read of one item, is about */
struct target_case {
    const char *name;   /* the statement */
    const char *target; /* "hash range exact", * for none; or the refusal */
};

static struct target_case target_cases[] = {
    {"DELETE FROM t WHERE pk = 'a' AND sk = '1'",                            "a 1 exact"      },
    {"DELETE FROM t WHERE sk = '1' AND (x = 1 AND pk = 'a')",                "a 1"            },
    {"DELETE FROM t WHERE pk = 'a'",                                         "a * exact"      },
    {"DELETE FROM t WHERE pk = 'a' OR sk = '1'",                             "* *"            },
    {"DELETE FROM t WHERE pk = 'a' AND sk > '1'",                            "a *"            },
    {"DELETE FROM t WHERE pk IN ['a'] AND sk = '1'",                         "* 1"            },
    {"DELETE FROM t",                                                        "* * exact"      },
    {"UPDATE t SET a = 1 WHERE pk = 'a' AND sk = '1' AND pk = 'a'",          "a 1 exact"      },
    {"UPDATE t SET a = 1 WHERE pk = 'a' AND sk = '1' AND pk = 'b'",
     "Multiple conditions on same key pk. Only single item Update/Insert/Delete are supported"},
    {"SELECT * FROM t WHERE pk IN ['a'] AND sk IN ['1']",                    "a 1 exact"      },
    {"SELECT * FROM t WHERE pk = 'a' AND sk = '1' AND pk = 'b'",             "a 1"            },
    {"SELECT * FROM t WHERE (sk = '1') AND pk = 'a' AND pk = 'a'",           "a 1 exact"      },
    {"EXISTS(SELECT * FROM t WHERE pk = 'a' AND sk = '1' AND x IS MISSING)", "a 1"            },
    {"EXISTS(SELECT * FROM t WHERE pk = 'a' AND sk = '1')",                  "a 1 exact"      },
};

static void one_item_is_meant(void **state)
{
    const struct target_case *c = *state;
    char text[200];
    struct error error;
    struct partiql_target target;
    struct partiql *s = parse(c->name, NULL, 0);
    if (partiql_target(s, &KEYS, &target, &error) == STATUS_OK) {
        struct text_writer w = text_writer(text, sizeof text);
        put_bound(&w, s, target.hash);
        text_put_char(&w, ' ');
        put_bound(&w, s, target.range);
        text_put(&w, target.exact ? TEXT(" exact") : TEXT(""));
        assert_string_equal(text_writer_string(&w), c->target);
    } else {
        assert_string_equal(error.message, c->target);
    }
    partiql_free(s);
}

/* What a DELETE asks holds without an item too, an INSERT's only then. DDB-PARTIQL-9 */
static void a_delete_asks_nothing_of_what_is_absent(void **state)
{
    (void)state;
    struct error error;
    struct partiql *s = parse("DELETE FROM t WHERE pk = 'a' AND n = 4 OR n = 6", NULL, 0);
    struct expression *e = partiql_where_or_absent(s, TEXT("pk"), &error);
    assert_non_null(e);
    assert_true(expression_holds(e, (struct item){0}, partiql_values(s)));
    struct partiql *there = parse("INSERT INTO t VALUE {'pk': 'a', 'n': 5}", NULL, 0);
    assert_false(expression_holds(e, partiql_item(there), partiql_values(s)));
    expression_free(e);
    e = partiql_absent(TEXT("pk"), &error);
    assert_true(expression_holds(e, (struct item){0}, NULL));
    assert_false(expression_holds(e, partiql_item(there), NULL));
    expression_free(e);
    partiql_free(there);
    partiql_free(s);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, an_insert_makes, insert_cases);
    CASES_ADD_TABLE(&cases, a_condition_holds, where_cases);
    CASES_ADD_TABLE(&cases, an_update_makes, update_cases);
    CASES_ADD_TABLE(&cases, a_statement_is_refused, refused_cases);
    CASES_ADD_TABLE(&cases, a_meaning_is_refused, meaningless_cases);
    CASES_ADD(&cases, parameters_must_all_be_used);
    CASES_ADD(&cases, a_hundred_operands_of_in_are_the_limit);
    CASES_ADD(&cases, literals_nest_31_levels_deep);
    CASES_ADD(&cases, parameters_of_any_size_are_taken);
    CASES_ADD(&cases, chains_of_comparisons_end);
    CASES_ADD(&cases, the_largest_statements_are_read);
    CASES_ADD_TABLE(&cases, a_select_is_read, plan_cases);
    CASES_ADD(&cases, fifty_reads_are_the_limit);
    CASES_ADD_TABLE(&cases, one_item_is_meant, target_cases);
    CASES_ADD(&cases, a_delete_asks_nothing_of_what_is_absent);
    return cases_run("PartiQL", &cases);
}

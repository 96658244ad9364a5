/* test_json.c: JSON text and documents: what is read and written is the same text; what is refused,
 * and where; the writer's two forms. */
#include "cases.h"

#include "model/api/json.h"

#include <stdlib.h>

enum { BYTES = 1 << 20 };

static struct memory_area area;
static char buffer[BYTES];

/* A text, and how it is written again without blanks. */
struct text_case {
    const char *name, *text, *again;
};

static struct text_case text_cases[] = {
    {"an empty object",                     "{}",                                      "{}"                              },
    {"an empty list",                       "[]",                                      "[]"                              },
    {"a text",                              "\"a\"",                                   "\"a\""                           },
    {"true",                                "true",                                    "true"                            },
    {"false",                               "false",                                   "false"                           },
    {"null",                                "null",                                    "null"                            },
    {"zero",                                "0",                                       "0"                               },
    {"a negative zero",                     "-0",                                      "0"                               },
    {"the largest integer",                 "9223372036854775807",                     "9223372036854775807"             },
    {"the least integer",                   "-9223372036854775808",                    "-9223372036854775808"            },
    {"a fraction",                          "0.5",                                     "0.5"                             },
    {"a fraction without binary form",      "0.1",                                     "0.10000000000000001"             },
    {"an exponent",                         "1e3",                                     "1000"                            },
    {"a negative exponent",                 "25e-2",                                   "0.25"                            },
    {"members in the order of their names", "{\"b\":1,\"a\":2,\"\":3}",                "{\"\":3,\"a\":2,\"b\":1}"        },
    {"names by bytes",                      "{\"\xC3\xA9\":1,\"z\":2,\"Z\":3}",        "{\"Z\":3,\"z\":2,\"\xC3\xA9\":1}"},
    {"elements in their order",             "[3,1,[2,[]],{\"a\":[]}]",                 "[3,1,[2,[]],{\"a\":[]}]"         },
    {"equal elements stay",                 "[\"\",\"\",\"\"]",                        "[\"\",\"\",\"\"]"                },
    {"white space",                         " \t\r\n[ 1 , 2 ]\n ",                     "[1,2]"                           },
    {"short escapes",                       "\"\\b\\f\\n\\r\\t\\\"\\\\\\/\"",          "\"\\b\\f\\n\\r\\t\\\"\\\\/\""    },
    {"other control characters",            "\"\\u0000\\u0001\\u000b\\u001f\\u007f\"",
     "\"\\u0000\\u0001\\u000b\\u001f\x7f\""                                                                              },
    {"escapes of characters",               "\"\\u00e9\\ud83d\\ude00\"",               "\"\xC3\xA9\xF0\x9F\x98\x80\""    },
    {"an object in a list in an object",    "{\"a\":[{\"c\":null,\"b\":{}}]}",
     "{\"a\":[{\"b\":{},\"c\":null}]}"                                                                                   },
};

static void text_is_read_and_written(void **state)
{
    const struct text_case *c = *state;
    struct value document;
    struct error error = {.message = ""};
    area.used = 0;
    if (json_parse(text_from(c->text), &area, &document, &error) != STATUS_OK) {
        fail_msg("%s: %s", c->text, error.message);
    }
    struct json_writer w = json_writer(buffer, sizeof buffer, 0);
    json_put_document(&w, &document);
    assert_string_equal(text_writer_string(&w.text), c->again);
    assert_true(document.type < TYPE_M || document.type > TYPE_L || item_valid(document.bytes) ||
                document.type == TYPE_L);
}

/* A text that is refused; line and column; a part of the message. */
struct refusal_case {
    const char *name, *text, *message;
};

static struct refusal_case refusal_cases[] = {
    {"nothing",                      "",                          "1:1"                                   },
    {"a brace alone",                "{",                         "1:1: string or '}' expected"           },
    {"no colon",                     "{\"a\" 1}",                 "1:6: ':' expected near '1'"            },
    {"a comma too many",             "[1,\n 2,\n ]",              "3:2: unexpected token near ']'"        },
    {"a name twice",                 "{\"a\":1,\n\"a\":2}",       "2:3: duplicate object key near '\"a\"'"},
    {"two values",                   "{}\n{}",                    "2:1: end of file expected near '{'"    },
    {"an unended text",              "\"abc",                     "1:4: premature end of input"           },
    {"a control character",          "\"a\tb\"",                  "1:2: control character 0x9"            },
    {"a bad escape",                 "\"\\x\"",                   "1:3: invalid escape"                   },
    {"half a character",             "\"\\ud83d\"",               "invalid Unicode"                       },
    {"not UTF-8",                    "\"\xFF\"",                  "unable to decode byte 0xff"            },
    {"an integer beyond 64 bits",    "9223372036854775808",       "too big integer"                       },
    {"a fraction beyond DynamoDB's", "1e200",                     "a number out of range"                 },
    {"a NUL in a name",              "{\"a\\u0000\":1}",          "NUL byte in object key not supported"  },
    {"a word",                       "nul",                       "1:3: invalid token near 'nul'"         },
    {"a number with zeros in front", "01",                        "1:1: invalid token near '0'"           },
    {"a text in single quotes",      "'a'",                       "invalid token near '''"                },
    {"a column in characters",       "[\"\xC3\xA9\xC3\xA9\", x]", "1:8: invalid token near 'x'"           },
};

static void text_is_refused(void **state)
{
    const struct refusal_case *c = *state;
    struct value document;
    struct error error = {.message = ""};
    area.used = 0;
    assert_int_equal(json_parse(text_from(c->text), &area, &document, &error), STATUS_BAD_INPUT);
    if (strstr(error.message, c->message) == NULL) {
        fail_msg("%s: expected %s, got %s", c->text, c->message, error.message);
    }
    assert_int_equal(area.used, 0);
}

static void nests_so_deep_and_no_deeper(void **state)
{
    (void)state;
    struct value document;
    for (int depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        struct text_writer w = text_writer(buffer, sizeof buffer);
        for (int i = 0; i < depth; i++) {
            text_put_char(&w, '[');
        }
        for (int i = 0; i < depth; i++) {
            text_put_char(&w, ']');
        }
        area.used = 0;
        assert_int_equal(json_parse(text_written(&w), &area, &document, NULL),
                         depth == JSON_DEPTH_MAX ? STATUS_OK : STATUS_BAD_INPUT);
    }
}

static void a_full_area_is_a_status(void **state)
{
    (void)state;
    static char small[64];
    struct memory_area little = {.base = small, .size = sizeof small};
    struct value document;
    assert_int_equal(json_parse(TEXT("[1,2,3]"), &little, &document, NULL), STATUS_OK);
    little.used = 0;
    assert_int_equal(json_parse(TEXT("[1,2,3,4,5,6,7,8,9,10]"), &little, &document, NULL),
                     STATUS_FULL);
    assert_int_equal(little.used, 0);
}

static void a_stream_is_read_value_by_value(void **state)
{
    (void)state;
    struct json_source s = json_source(TEXT("{\"Items\": [1, {\"a\": 2},\n \"x\" ] } [3]"));
    struct value v;
    area.used = 0;
    assert_true(json_take(&s, '{'));
    assert_false(json_take(&s, '}'));
    assert_int_equal(json_read(&s, &area, &v, NULL), STATUS_OK);
    assert_true(text_equal(v.bytes, TEXT("Items")));
    assert_true(json_take(&s, ':') && json_take(&s, '['));
    assert_int_equal(json_read(&s, &area, &v, NULL), STATUS_OK);
    assert_int_equal(v.type, TYPE_N);
    assert_true(json_take(&s, ','));
    assert_int_equal(json_read(&s, &area, &v, NULL), STATUS_OK);
    assert_int_equal(v.type, TYPE_M);
    assert_true(json_take(&s, ','));
    assert_int_equal(json_read(&s, &area, &v, NULL), STATUS_OK);
    assert_int_equal(s.line, 2);
    assert_int_equal(s.column, 5);
    assert_true(json_take(&s, ']') && json_take(&s, '}'));
    assert_int_equal(json_end(&s, NULL), STATUS_BAD_INPUT);
    assert_int_equal(json_read(&s, &area, &v, NULL), STATUS_OK);
    assert_int_equal(json_end(&s, NULL), STATUS_OK);
}

static void indents_as_the_aws_cli_does(void **state)
{
    (void)state;
    struct json_writer w = json_writer(buffer, sizeof buffer, 4);
    json_open(&w, '{');
    json_name(&w, TEXT("Items"));
    json_open(&w, '[');
    json_open(&w, '{');
    json_name(&w, TEXT("e"));
    json_open(&w, '{');
    json_close(&w, '}');
    json_close(&w, '}');
    json_open(&w, '[');
    json_close(&w, ']');
    json_close(&w, ']');
    json_name(&w, TEXT("Count"));
    json_put_integer(&w, -12);
    json_close(&w, '}');
    assert_string_equal(text_writer_string(&w.text),
                        "{\n    \"Items\": [\n        {\n            \"e\": {}\n        },\n"
                        "        []\n    ],\n    \"Count\": -12\n}");
}

static void thousandths_are_fractions(void **state)
{
    (void)state;

    static const struct row {
        int64_t milli;
        const char *text;
    } rows[] = {
        {0,     "0.0"  },
        {500,   "0.5"  },
        {1000,  "1.0"  },
        {12500, "12.5" },
        {1250,  "1.25" },
        {7,     "0.007"},
        {1040,  "1.04" }
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_writer w = json_writer(buffer, sizeof buffer, 0);
        json_put_milli(&w, rows[i].milli);
        assert_string_equal(text_writer_string(&w.text), rows[i].text);
    }
}

static void overflow_is_remembered(void **state)
{
    (void)state;
    struct json_writer w = json_writer(buffer, 8, 0);
    json_put_text(&w, TEXT("123456"));
    assert_false(w.text.overflowed);
    assert_int_equal(json_flush(&w).size, 8);
    json_put_text(&w, TEXT("1234567"));
    assert_true(w.text.overflowed);
}

/* What is written is always UTF-8: a message that was cut inside a character, too. */
static void bytes_that_are_no_character_are_replaced(void **state)
{
    (void)state;

    static const struct {
        const char *text, *written;
    } rows[] = {
        {"\xC6\xA6\xC6",           "\"\xC6\xA6\xEF\xBF\xBD\""                },
        {"\xA6.",                  "\"\xEF\xBF\xBD.\""                       },
        {"\xED\xA0\x80",           "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
        {"\xF0\x9F\x98\x80\n\xFF", "\"\xF0\x9F\x98\x80\\n\xEF\xBF\xBD\""     },
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct json_writer w = json_writer(buffer, sizeof buffer, 0);
        json_put_text(&w, text_from(rows[i].text));
        assert_string_equal(text_writer_string(&w.text), rows[i].written);
    }
}

int main(void)
{
    static struct cases cases;
    if (!memory_area_init(&area, BYTES)) {
        return 1;
    }
    CASES_ADD_TABLE(&cases, text_is_read_and_written, text_cases);
    CASES_ADD_TABLE(&cases, text_is_refused, refusal_cases);
    CASES_ADD(&cases, nests_so_deep_and_no_deeper);
    CASES_ADD(&cases, a_full_area_is_a_status);
    CASES_ADD(&cases, a_stream_is_read_value_by_value);
    CASES_ADD(&cases, indents_as_the_aws_cli_does);
    CASES_ADD(&cases, thousandths_are_fractions);
    CASES_ADD(&cases, overflow_is_remembered);
    CASES_ADD(&cases, bytes_that_are_no_character_are_replaced);
    return cases_run("json", &cases);
}

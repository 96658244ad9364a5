/* test_attribute_json.c: DynamoDB's JSON form: every type there and back, its canonical form, and
 * the exact words with which a value is refused, in the front end (types) and behind it (values).
 * Shows DDB-API-3 and DDB-API-4. */
#include "cases.h"

#include "model/api/attribute_json.h"
#include "model/api/shape.h"

#include <stdio.h>

enum { BYTES = 1 << 22 };

static struct memory_area area;
static char buffer[BYTES];

/* A value, and how it comes back. */
struct value_case {
    const char *name, *json, *again;
};

/* A value, what is said of it, and of which part. */
struct refusal_case {
    const char *name, *json, *message, *path;
};

#define INVALID "One or more parameter values were invalid: "
#define EMPTY                                                                                      \
    "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
#define SEVERAL                                                                                    \
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the "    \
    "supported datatypes"
#define STRUCTURE "Start of structure or map found where not expected"
#define CLASS_VALUE                                                                                \
    "Unrecognized collection type class com.amazonaws.dynamodb.v20120810.AttributeValue"
#define MAP_OF_VALUES                                                                              \
    "Unrecognized collection type java.util.Map<java.lang.String, "                                \
    "com.amazonaws.dynamodb.v20120810.AttributeValue>"

static struct value_case value_cases[] = {
    {"S",                                                    "{\"S\":\"a\"}",                                       "{\"S\":\"a\"}"                  },
    {"S, empty",                                             "{\"S\":\"\"}",                                        "{\"S\":\"\"}"                   },
    {"S with a NUL",                                         "{\"S\":\"a\\u0000b\"}",                               "{\"S\":\"a\\u0000b\"}"          },
    {"N in canonical form",                                  "{\"N\":\"-0.50E+2\"}",                                "{\"N\":\"-50\"}"                },
    {"N of 38 digits",                                       "{\"N\":\"99999999999999999999999999999999999999\"}",
     "{\"N\":\"99999999999999999999999999999999999999\"}"                                                                                            },
    {"N, the least",                                         "{\"N\":\"1E-130\"}",
     "{\"N\":\"0."
     "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
     "0000000000000000000000000000000000001\"}"                                                                                                      },
    {"B",                                                    "{\"B\":\"AAEC/+8=\"}",                                "{\"B\":\"AAEC/+8=\"}"           },
    {"B, empty",                                             "{\"B\":\"\"}",                                        "{\"B\":\"\"}"                   },
    {"BOOL",                                                 "{\"BOOL\":true}",                                     "{\"BOOL\":true}"                },
    {"BOOL as a word",                                       "{\"BOOL\":\"No\"}",                                   "{\"BOOL\":false}"               },
    {"BOOL as a digit",                                      "{\"BOOL\":\"1\"}",                                    "{\"BOOL\":true}"                },
    {"NULL",                                                 "{\"NULL\":true}",                                     "{\"NULL\":true}"                },
    {"M",                                                    "{\"M\":{\"b\":{\"N\":\"1\"},\"a\":{\"M\":{}}}}",
     "{\"M\":{\"a\":{\"M\":{}},\"b\":{\"N\":\"1\"}}}"                                                                                                },
    {"M with an empty name",                                 "{\"M\":{\"\":{\"S\":\"x\"},\"a\":{\"S\":\"y\"}}}",
     "{\"M\":{\"\":{\"S\":\"x\"},\"a\":{\"S\":\"y\"}}}"                                                                                              },
    {"L",                                                    "{\"L\":[{\"S\":\"b\"},{\"S\":\"a\"},{\"S\":\"b\"}]}",
     "{\"L\":[{\"S\":\"b\"},{\"S\":\"a\"},{\"S\":\"b\"}]}"                                                                                           },
    {"L, empty",                                             "{\"L\":[]}",                                          "{\"L\":[]}"                     },
    {"SS, sorted",                                           "{\"SS\":[\"b\",\"\",\"a\"]}",                         "{\"SS\":[\"\",\"a\",\"b\"]}"    },
    {"NS by value",                                          "{\"NS\":[\"10\",\"9\",\"-1e1\"]}",                    "{\"NS\":[\"-10\",\"9\",\"10\"]}"},
    {"BS by bytes",                                          "{\"BS\":[\"/w==\",\"AA==\"]}",                        "{\"BS\":[\"AA==\",\"/w==\"]}"   },
    {"members that are no type, and nulls, are passed over", "{\"x\":3,\"N\":null,\"S\":\"a\"}",
     "{\"S\":\"a\"}"                                                                                                                                 },
};

/* What the front end says, and of which part. */
static struct refusal_case type_cases[] = {
    {"S as a number",                     "{\"S\":1}",                 "NUMBER_VALUE cannot be converted to String",             "S"    },
    {"S as a fraction",                   "{\"S\":1.5}",               "DECIMAL_VALUE cannot be converted to String",            "S"    },
    {"S as true",                         "{\"S\":true}",              "TRUE_VALUE cannot be converted to String",               "S"    },
    {"N as false",                        "{\"N\":false}",             "FALSE_VALUE cannot be converted to String",              "N"    },
    {"N as a number",                     "{\"N\":23}",                "NUMBER_VALUE cannot be converted to String",             "N"    },
    {"S as a list",                       "{\"S\":[]}",                "Unrecognized collection type class java.lang.String",    "S"    },
    {"S as an object",                    "{\"S\":{}}",                STRUCTURE,                                                "S"    },
    {"B as a number",                     "{\"B\":1}",                 "only base-64-encoded strings are convertible to bytes",  "B"    },
    {"B as a list",                       "{\"B\":[]}",                "Unrecognized collection type class java.nio.ByteBuffer", "B"    },
    {"B as an object",                    "{\"B\":{}}",                STRUCTURE,                                                "B"    },
    {"B of a bad length",                 "{\"B\":\"AAA\"}",
     "Base64 encoded length is expected a multiple of 4 bytes but found: 3",                                                     "B"    },
    {"B with bits that padding cuts off", "{\"B\":\"AB==\"}",
     "Invalid last non-pad Base64 character dectected",                                                                          "B"    },
    {"B with padding inside",             "{\"B\":\"AA==AAAA\"}",
     "Invalid last non-pad Base64 character dectected",                                                                          "B"    },
    {"B with three pads",                 "{\"B\":\"A===\"}",          "Invalid last non-pad Base64 character dectected",
     "B"                                                                                                                                },
    {"B for the web",                     "{\"B\":\"_-AA\"}",          "Invalid last non-pad Base64 character dectected",        "B"    },
    {"BOOL as a number",                  "{\"BOOL\":1}",              "NUMBER_VALUE cannot be converted to Boolean",            "BOOL" },
    {"BOOL as another word",              "{\"BOOL\":\"maybe\"}",      "Unexpected token received from parser",
     "BOOL"                                                                                                                             },
    {"BOOL as a list",                    "{\"BOOL\":[]}",             "Unrecognized collection type class java.lang.Boolean",
     "BOOL"                                                                                                                             },
    {"NULL as an object",                 "{\"NULL\":{}}",             STRUCTURE,                                                "NULL" },
    {"SS as a text",                      "{\"SS\":\"a\"}",            "Unexpected field type",                                  "SS"   },
    {"SS as an object",                   "{\"SS\":{}}",               STRUCTURE,                                                "SS"   },
    {"SS of numbers",                     "{\"SS\":[\"a\",1]}",        "NUMBER_VALUE cannot be converted to String",             "SS[1]"},
    {"BS of bad base64",                  "{\"BS\":[\"AA==\",\"A\"]}",
     "Base64 encoded length is expected a multiple of 4 bytes but found: 1",                                                     "BS[1]"},
    {"L as a number",                     "{\"L\":1}",                 "Unexpected field type",                                  "L"    },
    {"L of texts",                        "{\"L\":[\"a\"]}",           "Unexpected value type in payload",                       "L[0]" },
    {"L of lists",                        "{\"L\":[[]]}",              CLASS_VALUE,                                              "L[0]" },
    {"M as true",                         "{\"M\":true}",              "Unexpected field type",                                  "M"    },
    {"M as a list",                       "{\"M\":[]}",                MAP_OF_VALUES,                                            "M"    },
    {"M of texts",                        "{\"M\":{\"a\":\"x\"}}",     "Unexpected value type in payload",                       "M.a"  },
    {"a value as a list",                 "[]",                        CLASS_VALUE,                                              ""     },
    {"a value as a text",                 "\"a\"",                     "Unexpected field type",                                  ""     },
};

/* What the service says. */
static struct refusal_case refusal_cases[] = {
    {"no type",                      "{}",                                                                    EMPTY,                                                      ""              },
    {"only an unknown type",         "{\"X\":\"a\"}",                                                         EMPTY,                                                      ""              },
    {"two types",                    "{\"S\":\"a\",\"N\":\"1\"}",                                             SEVERAL,                                                    ""              },
    {"an element without type",      "{\"L\":[{\"S\":\"a\"},{}]}",                                            EMPTY,                                                      "L[1]"          },
    {"a null for an element",        "{\"L\":[null]}",                                                        EMPTY,                                                      "L[0]"          },
    {"NULL false",                   "{\"NULL\":false}",
     INVALID "Null attribute value types must have the value of true",                                                                                                    "NULL"          },
    {"SS, empty",                    "{\"SS\":[]}",                                                           INVALID "An string set  may not be empty",                  "SS"            },
    {"NS, empty",                    "{\"NS\":[]}",                                                           INVALID "An number set  may not be empty",                  "NS"            },
    {"BS, empty",                    "{\"BS\":[]}",                                                           INVALID "Binary sets should not be empty",                  "BS"            },
    {"SS twice",                     "{\"SS\":[\"b\",\"a\",\"b\"]}",
     INVALID "Input collection [b, a, b] contains duplicates.",                                                                                                           "SS"            },
    {"SS with the empty text twice", "{\"SS\":[\"\",\"\"]}",
     INVALID "Input collection [, ] contains duplicates.",                                                                                                                "SS"            },
    {"NS twice by value",            "{\"NS\":[\"1\",\"1.0\"]}",                                              "Input collection contains duplicates",                     "NS"            },
    {"BS twice",                     "{\"BS\":[\"AQ==\",\"AQ==\"]}",
     INVALID "Input collection [AQ==, AQ==]of type BS contains duplicates.",                                                                                              "BS"            },
    {"N, empty",                     "{\"N\":\"\"}",                                                          "The parameter cannot be converted to a numeric value",     "N"             },
    {"N that is none",               "{\"N\":\"b\"}",                                                         "The parameter cannot be converted to a numeric value: b",
     "N"                                                                                                                                                                                  },
    {"N, infinite",                  "{\"N\":\"Infinity\"}",
     "The parameter cannot be converted to a numeric value: Infinity",                                                                                                    "N"             },
    {"N with a blank",               "{\"N\":\" 1\"}",                                                        "The parameter cannot be converted to a numeric value:  1",
     "N"                                                                                                                                                                                  },
    {"N of 39 digits",               "{\"N\":\"123456789012345678901234567890123456789\"}",
     "Attempting to store more than 38 significant digits in a Number",                                                                                                   "N"             },
    {"N too large",                  "{\"N\":\"-1E126\"}",
     "Number overflow. Attempting to store a number with magnitude larger than supported range",                                                                          "N"             },
    {"N too small",                  "{\"N\":\"1E-131\"}",
     "Number underflow. Attempting to store a number with magnitude smaller than supported range",                                                                        "N"             },
    {"a number in a set",            "{\"NS\":[\"1\",\"x\"]}",
     "The parameter cannot be converted to a numeric value: x",                                                                                                           "NS[1]"         },
    {"deep inside",                  "{\"M\":{\"a\":{\"L\":[{\"N\":\"1\"},{\"M\":{\"b\":{\"N\":\"x\"}}}]}}}",
     "The parameter cannot be converted to a numeric value: x",                                                                                                           "M.a.L[1].M.b.N"},
};

static void check_error(const struct refusal_case *c, const struct text_writer *path,
                        const struct error *error)
{
    if (strcmp(error->message, c->message) != 0) {
        fail_msg("%s: expected %s, got %s", c->json, c->message, error->message);
    }
    if (!text_equal(text_written(path), text_from(c->path))) {
        fail_msg("%s: expected path %s, got %.*s", c->json, c->path, (int)path->size, path->at);
    }
}

static void value_goes_there_and_back(void **state)
{
    const struct value_case *c = *state;
    char place[256];
    struct text_writer path = text_writer(place, sizeof place);
    struct value document;
    struct value value;
    area.used = 0;
    assert_int_equal(json_parse(text_from(c->json), &area, &document, NULL), STATUS_OK);
    assert_int_equal(shape_check_types(&SHAPE_ATTRIBUTE_VALUE, &document, &path, NULL), STATUS_OK);
    assert_int_equal(attribute_json_read(&area, &document, &value, &path, NULL), STATUS_OK);
    assert_int_equal(path.size, 0);
    struct json_writer w = json_writer(buffer, sizeof buffer, 0);
    attribute_json_write(&w, &value);
    assert_string_equal(text_writer_string(&w.text), c->again);
}

static void type_is_refused(void **state)
{
    const struct refusal_case *c = *state;
    char place[256];
    struct text_writer path = text_writer(place, sizeof place);
    struct value document;
    struct error error = {.message = ""};
    area.used = 0;
    assert_int_equal(json_parse(text_from(c->json), &area, &document, NULL), STATUS_OK);
    assert_int_equal(shape_check_types(&SHAPE_ATTRIBUTE_VALUE, &document, &path, &error),
                     STATUS_BAD_INPUT);
    check_error(c, &path, &error);
}

static void value_is_refused(void **state)
{
    const struct refusal_case *c = *state;
    char place[256];
    struct text_writer path = text_writer(place, sizeof place);
    struct value document;
    struct value value;
    struct error error = {.message = ""};
    area.used = 0;
    assert_int_equal(json_parse(text_from(c->json), &area, &document, NULL), STATUS_OK);
    assert_int_equal(shape_check_types(&SHAPE_ATTRIBUTE_VALUE, &document, &path, NULL), STATUS_OK);
    size_t used = area.used;
    assert_int_equal(attribute_json_read(&area, &document, &value, &path, &error),
                     STATUS_BAD_INPUT);
    check_error(c, &path, &error);
    assert_int_equal(area.used, used);
}

/* Maps around a scalar: 31 are taken, 32 are not. Source: DDB-LIMIT-1. */
static void documents_nest_so_deep_and_no_deeper(void **state)
{
    (void)state;
    for (int depth = ATTRIBUTE_DEPTH_MAX; depth <= ATTRIBUTE_DEPTH_MAX + 1; depth++) {
        struct text_writer w = text_writer(buffer, sizeof buffer);
        struct value document;
        struct value value;
        struct error error = {.message = ""};
        for (int i = 0; i < depth; i++) {
            text_put(&w, i % 2 == 0 ? TEXT("{\"M\":{\"a\":") : TEXT("{\"L\":["));
        }
        text_put(&w, TEXT("{\"SS\":[\"x\"]}"));
        for (int i = depth; i > 0; i--) {
            text_put(&w, i % 2 == 1 ? TEXT("}}") : TEXT("]}"));
        }
        area.used = 0;
        assert_int_equal(json_parse(text_written(&w), &area, &document, &error), STATUS_OK);
        enum status status = attribute_json_read(&area, &document, &value, NULL, &error);
        assert_int_equal(status, depth == ATTRIBUTE_DEPTH_MAX ? STATUS_OK : STATUS_BAD_INPUT);
        if (status != STATUS_OK) {
            assert_string_equal(error.message,
                                "Nesting Levels have exceeded supported limits: Attributes in the "
                                "item have nested levels beyond supported limit");
        }
    }
}

/* A set of many numbers grows in the encoding and is sorted. */
static void a_large_set_is_read(void **state)
{
    (void)state;
    struct text_writer w = text_writer(buffer, sizeof buffer);
    struct value document;
    struct value value;
    text_put(&w, TEXT("{\"NS\":["));
    for (int i = 20000; i > 0; i--) {
        text_put(&w, i < 20000 ? TEXT(",\"") : TEXT("\""));
        text_put_integer(&w, i, 0);
        text_put_char(&w, '"');
    }
    text_put(&w, TEXT("]}"));
    area.used = 0;
    assert_int_equal(json_parse(text_written(&w), &area, &document, NULL), STATUS_OK);
    assert_int_equal(attribute_json_read(&area, &document, &value, NULL, NULL), STATUS_OK);
    assert_int_equal(item_count((struct item){value.bytes}), 20000);
    struct item_writer item = item_writer(buffer, sizeof buffer);
    item_add(&item, TEXT("a"), &value);
    assert_true(item_valid(item_written(&item).bytes));
}

static void a_full_area_is_a_status(void **state)
{
    (void)state;
    struct value document;
    struct value value;
    area.used = 0;
    assert_int_equal(
        json_parse(TEXT("{\"L\":[{\"B\":\"AAAA\"},{\"NS\":[\"1\"]}]}"), &area, &document, NULL),
        STATUS_OK);
    bool read = false;
    for (size_t size = 0; size < 4096 && !read; size += 16) {
        struct memory_area little = {.base = buffer, .size = size};
        enum status status = attribute_json_read(&little, &document, &value, NULL, NULL);
        read = status == STATUS_OK;
        assert_true(read || (status == STATUS_FULL && little.used == 0));
    }
    assert_true(read);
}

int main(void)
{
    static struct cases cases;
    if (!memory_area_init(&area, BYTES)) {
        return 1;
    }
    CASES_ADD_TABLE(&cases, value_goes_there_and_back, value_cases);
    CASES_ADD_TABLE(&cases, type_is_refused, type_cases);
    CASES_ADD_TABLE(&cases, value_is_refused, refusal_cases);
    CASES_ADD(&cases, documents_nest_so_deep_and_no_deeper);
    CASES_ADD(&cases, a_large_set_is_read);
    CASES_ADD(&cases, a_full_area_is_a_status);
    return cases_run("attribute_json", &cases);
}

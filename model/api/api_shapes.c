/* api_shapes.c: the shapes that requests of several operations have parts of; see api_state.h. The
 * order of members is the order in which errors are told. Sources: DDB-API-2, DDB-API-5. */
#include "model/api/api_state.h"

enum { NAME_LEAST = 3, NAME_MOST = 255, ATTRIBUTES_MOST = 255 };

const struct shape SHAPE_ANY_STRING = {.kind = SHAPE_STRING};
const struct shape SHAPE_FLAG = {.kind = SHAPE_BOOLEAN};
const struct shape SHAPE_TABLE_NAME = {.kind = SHAPE_STRING,
                                       .pattern = PATTERN_NAME,
                                       .least = NAME_LEAST,
                                       .most = NAME_MOST,
                                       .table_name = true};
const struct shape SHAPE_INDEX_NAME = {
    .kind = SHAPE_STRING, .pattern = PATTERN_NAME, .least = NAME_LEAST, .most = NAME_MOST};
const struct shape SHAPE_CONSUMED = {.kind = SHAPE_STRING, .values = "INDEXES, TOTAL, NONE"};
const struct shape SHAPE_METRICS = {.kind = SHAPE_STRING, .values = "SIZE, NONE"};
const struct shape SHAPE_RETURN_VALUES = {
    .kind = SHAPE_STRING, .values = "ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW"};
const struct shape SHAPE_ON_FAILURE = {.kind = SHAPE_STRING, .values = "ALL_OLD, NONE"};
const struct shape SHAPE_OPERATOR = {.kind = SHAPE_STRING, .values = "OR, AND"};
const struct shape SHAPE_SELECT = {
    .kind = SHAPE_STRING,
    .values = "SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES"};
const struct shape SHAPE_LIMIT = {.kind = SHAPE_INTEGER, .least = 1, .bounded = true};
const struct shape SHAPE_NAMES = {
    .kind = SHAPE_MAP, .type = "java.lang.String", .element = &SHAPE_ANY_STRING};
const struct shape SHAPE_ATTRIBUTES_TO_GET = {
    .kind = SHAPE_LIST, .element = &SHAPE_ANY_STRING, .least = 1, .most = ATTRIBUTES_MOST};

/* Legacy parameters are refused, but not before their form has been looked at. */

static const struct shape VALUES = {.kind = SHAPE_LIST, .element = &SHAPE_ATTRIBUTE_VALUE};
static const struct shape COMPARISON = {
    .kind = SHAPE_STRING,
    .values = "IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, "
              "CONTAINS"};

static const struct shape_member EXPECTED_MEMBERS[] = {
    {"AttributeValueList", OPTIONAL, &VALUES               },
    {"ComparisonOperator", OPTIONAL, &COMPARISON           },
    {"Exists",             OPTIONAL, &SHAPE_FLAG           },
    {"Value",              OPTIONAL, &SHAPE_ATTRIBUTE_VALUE},
    {NULL,                 OPTIONAL, NULL                  },
};
static const struct shape EXPECTED = {
    .kind = SHAPE_STRUCTURE, .type = "ExpectedAttributeValue", .members = EXPECTED_MEMBERS};
const struct shape SHAPE_EXPECTED = {
    .kind = SHAPE_MAP, .type = "ExpectedAttributeValue", .element = &EXPECTED};

static const struct shape_member CONDITION_MEMBERS[] = {
    {"AttributeValueList", OPTIONAL, &VALUES    },
    {"ComparisonOperator", REQUIRED, &COMPARISON},
    {NULL,                 OPTIONAL, NULL       },
};
static const struct shape CONDITION = {
    .kind = SHAPE_STRUCTURE, .type = "Condition", .members = CONDITION_MEMBERS};
const struct shape SHAPE_CONDITIONS = {
    .kind = SHAPE_MAP, .type = "Condition", .element = &CONDITION};

static const struct shape_member UPDATE_MEMBERS[] = {
    {"Action", OPTIONAL, &SHAPE_ANY_STRING     },
    {"Value",  OPTIONAL, &SHAPE_ATTRIBUTE_VALUE},
    {NULL,     OPTIONAL, NULL                  },
};
static const struct shape UPDATE = {
    .kind = SHAPE_STRUCTURE, .type = "AttributeValueUpdate", .members = UPDATE_MEMBERS};
const struct shape SHAPE_UPDATES = {
    .kind = SHAPE_MAP, .type = "AttributeValueUpdate", .element = &UPDATE};

/* test_table_keys.c: keys of type S, N and B: their order, the conditions on them, what is refused,
 * start keys, Scans and their segments.
 *
 * Case tables whose rows are told in one line; each is asked forward and backward and with pages of
 * every size. What holds of any sequence of calls is in test_table_differential.c.
 */
#include "model/dynamodb/table_state.h"
#include "tests/cases.h"
#include "tests/items.h"

#include <stdio.h>
#include <stdlib.h>

enum { BYTES = 16384, ITEMS_MAX = 4096 };

static const struct instant START = {INT64_C(1769763600) * NS_PER_S};
static char buffer[BYTES];

static const char *const NAMES[] = {"#x", "x", NULL};
static const char *const VALUES[] = {":a", ":b", ":c", NULL};

/* h and r as given, and an index of g (N), then r. */
static struct table *open_table(enum attribute_type h, enum attribute_type r, uint64_t cache_bytes)
{
    struct table_config config = {
        .name = "keys",
        .hash_key = {"h",                                                                h},
        .range_key = {"r",                                                                r},
        .history = duration_s(1),
        .items_max = ITEMS_MAX,
        .cache_bytes = cache_bytes,
        .indexes_count = 2,
        .indexes = {{.name = "by-g", .hash_key = {"g", TYPE_N}, .range_key = {"r", r}},
                     {.name = "by-b", .hash_key = {"b", TYPE_B}}                          },
    };
    struct error error;
    struct table *t = table_open(&config, START, &error);
    if (t == NULL) {
        fail_msg("%s", error.message);
    }
    return t;
}

static void close_table(struct table *t)
{
    assert_int_equal(table_close(t, NULL), STATUS_OK);
}

static struct item item_of(const char *text)
{
    return items_make(buffer, BYTES, text);
}

static void put(struct table *t, const char *text)
{
    struct table_reply reply;
    if (table_put(t, START, item_of(text), NULL, NULL, &reply) != TABLE_OK) {
        fail_msg("%s: %s", text, table_message(t));
    }
    assert_true(text_equal(reply.new.bytes, item_of(text).bytes));
}

static struct expression *compile(enum expression_kind kind, const char *text)
{
    struct error error;
    struct expression *e = expression_compile(
        kind, &(struct expression_source){.text = text, .names = NAMES, .values = VALUES}, &error);
    if (e == NULL) {
        fail_msg("%s: %s", text, error.message);
    }
    return e;
}

/* The items that a query visits, as the texts of one attribute, "," between them. */
struct visited {
    struct text attribute;
    struct text_writer w;
    uint32_t count;
};

static void visit(void *self, struct item item)
{
    struct visited *v = self;
    struct value value = {.type = TYPE_NULL};
    (void)item_get(item, v->attribute, &value);
    text_put(&v->w, v->count++ > 0 ? TEXT(",") : TEXT(""));
    if (value.type == TYPE_N) {
        text_put_number(&v->w, &value.number);
    } else {
        text_put(&v->w, value.bytes);
    }
}

/* Reads all pages, through start keys made of attributes; returns what was visited. */
static const char *read_all(struct table *t, struct table_query *q, struct visited *v)
{
    static char text[65536];
    char start[TABLE_START_KEY_MAX];
    char key_bytes[BYTES];
    struct table_page page;
    v->w = text_writer(text, sizeof text);
    v->count = 0;
    q->as_of = START;
    q->visit = visit;
    q->self = v;
    q->start_key = (struct text){0};
    do {
        if (table_read_page(t, START, q, &page) != TABLE_OK) {
            fail_msg("%s", table_message(t));
        }
        if (page.last_key.size > 0) {
            struct item_writer w = item_writer(key_bytes, BYTES);
            assert_true(table_key_of(t, q->index, page.last_key, &w));
            assert_int_equal(
                table_start_key(t, q->index, item_written(&w), start, sizeof start, &q->start_key),
                TABLE_OK);
        }
    } while (page.last_key.size > 0);
    return text_writer_string(&v->w);
}

/* Order */

struct order_case {
    const char *name;
    enum attribute_type type;
    const char *rising; /* values of r, in order */
};

static const struct order_case ORDERS[] = {
    {"strings order by bytes",           TYPE_S, "A AB a ab b \303\244"                           },
    {"binaries order by unsigned bytes", TYPE_B, "\001 \001\001 A \177 \200 \377 \377\001"        },
    {"numbers order by value",           TYPE_N,
     "-1000000 -10.5 -10 -9 -1.0005 -1 -0.00000001 0 0.1 0.9 1 1.5 2 9 10 10.01 99 100 1769763600"},
};

/* Splits a row's values; returns how many. */
static uint32_t split(const char *values, struct text parts[32])
{
    uint32_t count = 0;
    while (*values != '\0') {
        size_t size = strcspn(values, " ");
        parts[count++] = (struct text){values, size};
        values += size + (values[size] == ' ');
    }
    return count;
}

static void put_rising(struct table *t, enum attribute_type type, const struct text *parts,
                       uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        /* Not in order: 5 is coprime to the counts. */
        struct text part = parts[i * 5 % count];
        char line[128];
        (void)snprintf(line, sizeof line, "h:S=p r:%s=%.*s g:N=5", attribute_type_text(type).at,
                       (int)part.size, part.at);
        put(t, line);
        line[4] = 'q'; /* another partition, before or behind */
        put(t, line);
    }
}

static void expect_order(const char *found, const struct text *parts, uint32_t count, bool backward)
{
    char expected[1024];
    struct text_writer w = text_writer(expected, sizeof expected);
    for (uint32_t i = 0; i < count; i++) {
        text_put(&w, i > 0 ? TEXT(",") : TEXT(""));
        text_put(&w, parts[backward ? count - 1 - i : i]);
    }
    assert_string_equal(found, text_writer_string(&w));
}

static void keys_order(void **state)
{
    const struct order_case *c = *state;
    struct table *t = open_table(TYPE_S, c->type, 1 << 20);
    struct expression *key = compile(EXPRESSION_KEY, "h = :a");
    struct value values[] = {value_s(TEXT("p"))};
    struct text parts[32];
    uint32_t count = split(c->rising, parts);
    put_rising(t, c->type, parts, count);
    for (uint32_t limit = 0; limit <= count + 1; limit++) {
        for (int backward = 0; backward < 2; backward++) {
            struct visited v = {.attribute = TEXT("r")};
            struct table_query q = {.index = TABLE_BASE,
                                    .key = key,
                                    .values = values,
                                    .limit = limit,
                                    .backward = backward != 0};
            expect_order(read_all(t, &q, &v), parts, count, backward != 0);
        }
    }
    expression_free(key);
    close_table(t);
}

/* Conditions on a number, of h = 1 and r of -2 to 3 in halves. */
struct condition_case {
    const char *name, *a, *b, *found;
};

static const struct condition_case CONDITIONS[] = {
    {"h = :c AND r = :a",              "1.50", "",       "1.5"       },
    {"h = :c AND r = :a",              "0.3",  "",       ""          },
    {"h = :c AND r < :a",              "-1",   "",       "-2,-1.5"   },
    {"h = :c AND r <= :a",             "-1",   "",       "-2,-1.5,-1"},
    {"h = :c AND r > :a",              "2",    "",       "2.5,3"     },
    {"h = :c AND r > :a",              "2.4",  "",       "2.5,3"     },
    {"h = :c AND r >= :a",             "2.5",  "",       "2.5,3"     },
    {"h = :c AND r BETWEEN :a AND :b", "-0.5", "0.50",   "-0.5,0,0.5"},
    {"h = :c AND r BETWEEN :a AND :b", "0",    "0",      "0"         },
    {"h = :c AND r BETWEEN :a AND :b", "3.1",  "9E+100", ""          },
    {":a > r AND :c = h",              "-1.9", "",       "-2"        },
};

static void put_halves(struct table *t)
{
    for (int i = -4; i <= 6; i++) {
        char line[64];
        (void)snprintf(line, sizeof line, "h:N=1 r:N=%de-1 g:N=%d b:B=%c", i * 5, i % 2, 'a' + i);
        put(t, line);
    }
}

static void a_condition_selects(void **state)
{
    const struct condition_case *c = *state;
    struct table *t = open_table(TYPE_N, TYPE_N, 1 << 20);
    struct expression *key = compile(EXPRESSION_KEY, c->name);
    struct value values[] = {value_n(0), value_n(0), value_n(1)};
    struct visited v = {.attribute = TEXT("r")};
    put_halves(t);
    assert_int_equal(number_parse(text_from(c->a), &values[0].number, NULL), STATUS_OK);
    (void)number_parse(text_from(c->b), &values[1].number, NULL);
    for (uint32_t limit = 0; limit < 3; limit++) {
        struct table_query q = {.index = TABLE_BASE, .key = key, .values = values, .limit = limit};
        assert_string_equal(read_all(t, &q, &v), c->found);
    }
    expression_free(key);
    close_table(t);
}

/* One number has many texts. */
static void equal_numbers_are_one_key(void **state)
{
    (void)state;
    struct table *t = open_table(TYPE_N, TYPE_N, 1 << 20);
    struct table_reply reply;
    struct item item;
    put(t, "h:N=1.0 r:N=100 x:S=first");
    put(t, "h:N=1 r:N=1E2 x:S=second");
    assert_int_equal(table_count(t), 1);
    assert_int_equal(table_get(t, START, START, item_of("h:N=10e-1 r:N=1e+2"), &item, &reply),
                     TABLE_OK);
    assert_true(text_equal(item_text(item, TEXT("x")), TEXT("second")));
    close_table(t);
}

/* What is refused */

enum call { PUT, GET, UPDATE, DELETE };

struct refusal_case {
    const char *name; /* the message */
    enum call call;
    enum attribute_type h, r;
    const char *item;
};

#define WRONG "One or more parameter values were invalid: "
#define NOT_VALID "One or more parameter values are not valid. "
#define SCHEMA "The provided key element does not match the schema"
#define EMPTY(type)                                                                                \
    "The AttributeValue for a key attribute cannot contain an empty " type " value. "
#define LETTERS_64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define LETTERS_512                                                                                \
    LETTERS_64 LETTERS_64 LETTERS_64 LETTERS_64 LETTERS_64 LETTERS_64 LETTERS_64 LETTERS_64
#define LETTERS_1024 LETTERS_512 LETTERS_512

static const struct refusal_case REFUSALS[] = {
    {WRONG "Type mismatch for key h expected: N actual: S",                               PUT,    TYPE_N, TYPE_S, "h:S=1 r:S=a"                },
    {WRONG "Type mismatch for key r expected: B actual: N",                               PUT,    TYPE_S, TYPE_B, "h:S=1 r:N=1"                },
    {WRONG "Type mismatch for key r expected: N actual: NULL",                            PUT,    TYPE_S, TYPE_N,
     "h:S=1 r:NULL="                                                                                                                           },
    {WRONG "Type mismatch for key h expected: S actual: M",                               PUT,    TYPE_S, TYPE_N, "h:M= r:N=1"                 },
    {WRONG "Missing the key r in the item",                                               PUT,    TYPE_N, TYPE_N, "h:N=1 x:S=a"                },
    {NOT_VALID EMPTY("binary") "Key: r",                                                  PUT,    TYPE_S, TYPE_B, "h:S=1 r:B="                 },
    {NOT_VALID EMPTY("string") "Key: h",                                                  PUT,    TYPE_S, TYPE_B, "h:S= r:B=1"                 },
    {NOT_VALID EMPTY("binary") "Key: h",                                                  DELETE, TYPE_B, TYPE_S, "h:B= r:S=1"                 },
    {WRONG "Size of hashkey has exceeded the maximum size limit of2048 bytes",            PUT,    TYPE_B, TYPE_S,
     "h:B=" LETTERS_1024 LETTERS_1024 "x r:S=1"                                                                                                },
    {WRONG "Aggregated size of all range keys has exceeded the size limit of 1024 bytes", GET,
     TYPE_S,                                                                                              TYPE_B, "h:S=1 r:B=" LETTERS_1024 "x"},
    {WRONG "Type mismatch for Index Key g Expected: N Actual: S IndexName: by-g",         PUT,    TYPE_S,
     TYPE_S,                                                                                                      "h:S=1 r:S=1 g:S=1"          },
    {WRONG "Type mismatch for Index Key b Expected: B Actual: S IndexName: by-b",         PUT,    TYPE_S,
     TYPE_S,                                                                                                      "h:S=1 r:S=1 b:S=1 g:S=1"    },
    {NOT_VALID "A value specified for a secondary index key is not supported. " EMPTY(
         "binary") "IndexName: by-b, IndexKey: b",
     PUT,                                                                                         TYPE_S, TYPE_S, "h:S=1 r:S=1 b:B="           },
    {SCHEMA,                                                                              GET,    TYPE_N, TYPE_S, "h:S=1 r:S=1"                },
    {SCHEMA,                                                                              UPDATE, TYPE_N, TYPE_B, "h:N=1 r:S=1"                },
    {SCHEMA,                                                                              DELETE, TYPE_N, TYPE_B, "h:N=1"                      },
    {SCHEMA,                                                                              DELETE, TYPE_N, TYPE_B, "h:N=1 x:B=1"                },
    {SCHEMA,                                                                              GET,    TYPE_N, TYPE_B, "h:N=1 r:B=1 x:B=1"          },
};

static void is_refused(void **state)
{
    const struct refusal_case *c = *state;
    struct table *t = open_table(c->h, c->r, 1 << 20);
    struct item item = item_of(c->item);
    struct item found;
    struct table_reply reply;
    enum table_result result = TABLE_OK;
    switch (c->call) {
    case PUT:
        result = table_put(t, START, item, NULL, NULL, &reply);
        break;
    case GET:
        result = table_get(t, START, START, item, &found, &reply);
        break;
    case UPDATE:
        result = table_update(t, START, item, NULL, NULL, NULL, &reply);
        break;
    case DELETE:
        result = table_delete(t, START, item, NULL, NULL, &reply);
        break;
    }
    assert_int_equal(result, TABLE_INVALID);
    assert_string_equal(table_message(t), c->name);
    assert_int_equal(table_count(t), 0);
    close_table(t);
}

/* The largest keys are taken. */
static void keys_may_be_that_long(void **state)
{
    (void)state;
    struct table *t = open_table(TYPE_B, TYPE_S, 1 << 20);
    put(t, "h:B=" LETTERS_1024 LETTERS_1024 " r:S=" LETTERS_1024);
    put(t, "h:B=x r:S=x b:B=" LETTERS_1024 LETTERS_1024);
    assert_int_equal(table_count(t), 2);
    struct visited v = {.attribute = TEXT("x")};
    struct table_query q = {.index = 1, .limit = 1};
    (void)read_all(t, &q, &v);
    assert_int_equal(v.count, 1);
    close_table(t);
}

/* Queries that are refused, of numbers; starting keys: DDB-QUERY-4. */
struct query_case {
    const char *name; /* the message */
    int32_t index;
    const char *key, *a, *start; /* the start key's attributes; NULL: none */
};

#define STARTING "The provided starting key "

static const struct query_case QUERIES[] = {
    {WRONG "Condition parameter type does not match schema type",              TABLE_BASE, "h = :a",                         "S=1",
     NULL                                                                                                                                                },
    {WRONG "Condition parameter type does not match schema type",              TABLE_BASE, "h = :c AND r > :a",
     "B=1",                                                                                                                           NULL               },
    {WRONG "Condition parameter type does not match schema type",              1,          "b = :a",                         "N=1",   NULL               },
    {NOT_VALID EMPTY("binary") "Key: b",                                       1,          "b = :a",                         "B=",    NULL               },
    {"Invalid KeyConditionExpression: The BETWEEN operator requires upper bound to be greater than "
     "or equal to lower bound",                                           TABLE_BASE, "h = :c AND r BETWEEN :a AND :b", "N=1.1", NULL               },
    {"Invalid KeyConditionExpression: Incorrect operand type for operator or function; operator or "
     "function: begins_with, operand type: N",                            TABLE_BASE, "h = :c AND begins_with(r, :a)",  "N=1",   NULL               },
    {STARTING "is outside query boundaries based on provided conditions",      TABLE_BASE, "h = :c",
     "N=1",                                                                                                                           "h:N=2 r:N=1"      },
    {STARTING "does not match the range key predicate",                        TABLE_BASE, "h = :c AND r > :a",              "N=1",
     "h:N=1 r:N=1"                                                                                                                                       },
    {STARTING "does not match the range key predicate",                        TABLE_BASE, "h = :c AND r <= :a",             "N=1",
     "h:N=1 r:N=1.01"                                                                                                                                    },
    {"The query can return at most one row and cannot be restarted",           TABLE_BASE,
     "h = :c AND r <= :a",                                                                                                   "N=1",   "h:N=2 r:N=1"      },
    {STARTING "is outside query boundaries based on provided conditions",      0,          "g = :c",                         "N=1",
     "h:N=1 r:N=1 g:N=2"                                                                                                                                 },
    {STARTING "is invalid: " SCHEMA,                                           TABLE_BASE, NULL,                             "N=1",   "h:N=1"            },
    {STARTING "is invalid: " SCHEMA,                                           TABLE_BASE, NULL,                             "N=1",   "h:N=1 r:S=1"      },
    {STARTING "is invalid: " SCHEMA,                                           TABLE_BASE, NULL,                             "N=1",   "h:N=1 x:N=1"      },
    {STARTING "is invalid",                                                    0,          NULL,                             "N=1",   "h:N=1 r:N=1"      },
    {STARTING "is invalid",                                                    0,          NULL,                             "N=1",   "h:N=1 r:N=1 x:N=1"},
    {SCHEMA,                                                                   0,          NULL,                             "N=1",   "h:N=1 r:N=1 g:S=1"},
    {STARTING "is invalid: " SCHEMA,                                           1,          NULL,                             "N=1",   "h:S=1 r:N=1 b:B=1"},
    {NOT_VALID EMPTY("binary") "Key: b",                                       1,          NULL,                             "N=1",   "h:N=1 r:N=1 b:B=" },
    {WRONG "Size of hashkey has exceeded the maximum size limit of2048 bytes", 1,          NULL,                             "N=1",
     "h:N=1 r:N=1 b:B=" LETTERS_1024 LETTERS_1024 "x"                                                                                                    },
};

static void a_query_is_refused(void **state)
{
    const struct query_case *c = *state;
    struct table *t = open_table(TYPE_N, TYPE_N, 1 << 20);
    struct expression *key = c->key == NULL ? NULL : compile(EXPRESSION_KEY, c->key);
    char empty[4];
    char start[TABLE_START_KEY_MAX];
    struct value values[] = {items_value(text_from(c->a), empty), value_n(1), value_n(1)};
    struct table_query q = {.index = c->index, .key = key, .values = values, .as_of = START};
    struct table_page page;
    enum table_result result = TABLE_OK;
    if (c->start != NULL) {
        result = table_start_key(t, c->index, item_of(c->start), start, sizeof start, &q.start_key);
    }
    if (result == TABLE_OK) {
        result = table_read_page(t, START, &q, &page);
    }
    assert_int_equal(result, TABLE_INVALID);
    assert_string_equal(table_message(t), c->name);
    expression_free(key);
    close_table(t);
}

/* Scans (DDB-SCAN-1) */

enum { PARTITIONS = 300 };

static void put_partitions(struct table *t)
{
    for (int i = 0; i < PARTITIONS; i++) {
        char line[128];
        for (int k = 0; k < 1 + i % 3; k++) {
            (void)snprintf(line, sizeof line, "h:N=%d r:N=%d x:S=%d.%d g:N=%d", i, k, i, k, i / 4);
            put(t, line);
        }
    }
}

static int compare_texts(const void *a, const void *b)
{
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

/* Adds the texts between commas of `list`. */
static uint32_t add_parts(const char *list, struct text *parts, uint32_t count)
{
    while (*list != '\0') {
        size_t size = strcspn(list, ",");
        parts[count++] = (struct text){list, size};
        list += size + (list[size] == ',');
    }
    return count;
}

/* All segments together visit every item once, whatever the segments and pages; each partition is
 * in one piece, its items in order. */
static void segments_divide_a_scan(void **state)
{
    (void)state;
    static const uint32_t counts[] = {0, 1, 2, 3, 7, 1000};
    struct table *t = open_table(TYPE_N, TYPE_N, 1 << 20);
    put_partitions(t);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        for (int32_t index = TABLE_BASE; index <= 0; index++) {
            static char lists[65536];
            struct text_writer w = text_writer(lists, sizeof lists);
            for (uint32_t segment = 0; segment == 0 || segment < counts[i]; segment++) {
                struct visited v = {.attribute = TEXT("x")};
                struct table_query q = {.index = index,
                                        .segment = segment,
                                        .segments_count = counts[i],
                                        .limit = segment % 5 * 3};
                const char *found = read_all(t, &q, &v);
                text_put(&w, w.size > 0 && v.count > 0 ? TEXT(",") : TEXT(""));
                text_put(&w, text_from(found));
            }
            struct text parts[2 * PARTITIONS];
            uint32_t count = add_parts(text_writer_string(&w), parts, 0);
            assert_int_equal(count, 2 * PARTITIONS);
            if (counts[i] <= 1 && index == TABLE_BASE) {
                /* Not the order of the keys. */
                assert_false(text_equal(parts[0], TEXT("0.0")) &&
                             text_equal(parts[1], TEXT("1.0")));
            }
            for (uint32_t k = 1; k < count && index == TABLE_BASE; k++) {
                bool first = text_ends(parts[k], TEXT(".0"));
                size_t own = parts[k].size - 2;
                assert_true(first ||
                            text_equal((struct text){parts[k].at, own},
                                       (struct text){parts[k - 1].at, parts[k - 1].size - 2}));
            }
            qsort(parts, count, sizeof parts[0], compare_texts);
            for (uint32_t k = 1; k < count; k++) {
                assert_false(text_equal(parts[k], parts[k - 1]));
            }
        }
    }
    close_table(t);
}

static void a_start_key_of_another_segment_is_refused(void **state)
{
    (void)state;
    struct table *t = open_table(TYPE_N, TYPE_N, 1 << 20);
    char start[TABLE_START_KEY_MAX];
    int taken = 0;
    for (uint32_t segment = 0; segment < 3; segment++) {
        struct table_query q = {
            .index = TABLE_BASE, .segment = segment, .segments_count = 3, .as_of = START};
        struct table_page page;
        char message[256];
        assert_int_equal(table_start_key(t, TABLE_BASE, item_of("h:N=1 r:N=1"), start, sizeof start,
                                         &q.start_key),
                         TABLE_OK);
        if (table_read_page(t, START, &q, &page) == TABLE_OK) {
            taken++;
            continue;
        }
        (void)snprintf(message, sizeof message,
                       STARTING "is invalid: Invalid ExclusiveStartKey. Please use "
                                "ExclusiveStartKey with correct Segment. TotalSegments: 3 "
                                "Segment: %u",
                       segment);
        assert_string_equal(table_message(t), message);
    }
    assert_int_equal(taken, 1);
    close_table(t);
}

/* Numbers' keys live in the record's tail, or alone when the body is evicted. */
static void evicted_numbers_keep_their_order(void **state)
{
    (void)state;
    struct table *t = open_table(TYPE_N, TYPE_N, 0);
    struct expression *key = compile(EXPRESSION_KEY, "h = :c");
    struct value values[] = {{0}, {0}, value_n(1)};
    struct table_query q = {.index = TABLE_BASE, .key = key, .values = values};
    struct visited v = {.attribute = TEXT("r")};
    struct table_reply reply;
    put_halves(t);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(table_checkpoint(t, NULL), STATUS_OK);
        assert_string_equal(read_all(t, &q, &v), round == 0 ? "-2,-1.5,-1,-0.5,0,0.5,1,1.5,2,2.5,3"
                                                            : "-2,-1.5,-1,-0.5,0,1,1.5,2,2.5,3");
        assert_int_equal(table_delete(t, START, item_of("h:N=1 r:N=0.5"), NULL, NULL, &reply),
                         TABLE_OK);
    }
    expression_free(key);
    close_table(t);
}

/* What a table does not accept as a config: the keys' types. */
static void an_attribute_has_one_type(void **state)
{
    (void)state;
    struct table_config config = {
        .name = "t", .hash_key = {"h", TYPE_S},
             .items_max = 1
    };
    struct error error;
    config.indexes_count = 1;
    config.indexes[0] = (struct table_index_config){
        .name = "i", .hash_key = {"h", TYPE_N}
    };
    assert_null(table_open(&config, START, &error));
    assert_int_equal(error.status, STATUS_BAD_INPUT);
    config.indexes[0].hash_key.type = TYPE_S;
    config.hash_key.type = TYPE_BOOL;
    assert_null(table_open(&config, START, &error));
    config.hash_key.type = TYPE_S;
    struct table *t = table_open(&config, START, &error);
    assert_non_null(t);
    close_table(t);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, keys_order, ORDERS);
    CASES_ADD_TABLE(&cases, a_condition_selects, CONDITIONS);
    CASES_ADD(&cases, equal_numbers_are_one_key);
    CASES_ADD_TABLE(&cases, is_refused, REFUSALS);
    CASES_ADD(&cases, keys_may_be_that_long);
    CASES_ADD_TABLE(&cases, a_query_is_refused, QUERIES);
    CASES_ADD(&cases, segments_divide_a_scan);
    CASES_ADD(&cases, a_start_key_of_another_segment_is_refused);
    CASES_ADD(&cases, evicted_numbers_keep_their_order);
    CASES_ADD(&cases, an_attribute_has_one_type);
    return cases_run("table_keys", &cases);
}

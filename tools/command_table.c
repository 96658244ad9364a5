/* command_table.c: `lockstep table`: a kept table from outside, in the words of `aws dynamodb`. */
#include "model/api/attribute_json.h"
#include "model/api/shape.h"
#include "sim/unicode.h"
#include "tools/command.h"
#include "tools/input_file.h"
#include "tools/options.h"
#include "tools/output_file.h"
#include "tools/suggest.h"
#include "tools/table_file.h"
#include "tools/table_session.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    REQUEST_BYTES = 1 << 24,
    AREA_BYTES = 1 << 28,
    OUTPUT_BYTES = 1 << 28,
    FLUSH_AT = 1 << 16,
    INDENT = 4,
    START_BYTES = 1 << 14,
    ITEM_TEXT_LEAST = 16, /* characters that an item takes in a file at the least */
};

#define FILE_BYTES_MAX (UINT64_C(1) << 36)

/* Options, and the request's members that they stand for. */
enum kind { KIND_OWN, KIND_JSON, KIND_TEXT, KIND_INTEGER, KIND_TRUE, KIND_FALSE };

enum {
    OPTION_SCHEMA,
    OPTION_MAX_ITEMS,
    OPTION_STARTING_TOKEN,
    OPTION_NO_PAGINATE,
    OPTION_HELP,
    OPTIONS_OWN,
};

static const struct option table[] = {
    {"schema",                                   0,   "FILE",  "import into a new directory: of describe-table"},
    {"max-items",                                0,   "N",     "query, scan: so many items at most"            },
    {"starting-token",                           0,   "TOKEN", "query, scan: the NextToken of an answer"       },
    {"no-paginate",                              0,   NULL,    "query, scan: one page, as the service answers" },
    {"help",                                     'h', NULL,    "this text"                                     },
    {"key",                                      0,   "JSON",  "get, update, delete: the item's key"           },
    {"item",                                     0,   "JSON",  "put: the item"                                 },
    {"key-condition-expression",                 0,   "TEXT",  "query"                                         },
    {"filter-expression",                        0,   "TEXT",  "query, scan"                                   },
    {"projection-expression",                    0,   "TEXT",  "get, query, scan"                              },
    {"condition-expression",                     0,   "TEXT",  "put, update, delete"                           },
    {"update-expression",                        0,   "TEXT",  "update"                                        },
    {"expression-attribute-names",               0,   "JSON",  ""                                              },
    {"expression-attribute-values",              0,   "JSON",  ""                                              },
    {"index-name",                               0,   "NAME",  "query, scan"                                   },
    {"select",                                   0,   "WORD",  "query, scan: COUNT, ALL_ATTRIBUTES, ..."       },
    {"limit",                                    0,   "N",     "query, scan: items evaluated; one page"        },
    {"exclusive-start-key",                      0,   "JSON",  "query, scan: one page behind that key"         },
    {"segment",                                  0,   "N",     "scan"                                          },
    {"total-segments",                           0,   "N",     "scan"                                          },
    {"consistent-read",                          0,   NULL,    "get, query, scan"                              },
    {"no-consistent-read",                       0,   NULL,    ""                                              },
    {"scan-index-forward",                       0,   NULL,    "query"                                         },
    {"no-scan-index-forward",                    0,   NULL,    "query: backwards"                              },
    {"return-values",                            0,   "WORD",  "put, update, delete"                           },
    {"return-values-on-condition-check-failure", 0,   "WORD",  ""                                              },
    {"return-consumed-capacity",                 0,   "WORD",  "TOTAL, INDEXES or NONE"                        },
    {"return-item-collection-metrics",           0,   "WORD",  ""                                              },
    {NULL,                                       0,   NULL,    NULL                                            },
};

/* The member of the request for each option, in the table's order. */
static const struct member {
    const char *name;
    enum kind kind;
} members[] = {
    {NULL,                                  KIND_OWN    },
    {NULL,                                  KIND_OWN    },
    {NULL,                                  KIND_OWN    },
    {NULL,                                  KIND_OWN    },
    {NULL,                                  KIND_OWN    },
    {"Key",                                 KIND_JSON   },
    {"Item",                                KIND_JSON   },
    {"KeyConditionExpression",              KIND_TEXT   },
    {"FilterExpression",                    KIND_TEXT   },
    {"ProjectionExpression",                KIND_TEXT   },
    {"ConditionExpression",                 KIND_TEXT   },
    {"UpdateExpression",                    KIND_TEXT   },
    {"ExpressionAttributeNames",            KIND_JSON   },
    {"ExpressionAttributeValues",           KIND_JSON   },
    {"IndexName",                           KIND_TEXT   },
    {"Select",                              KIND_TEXT   },
    {"Limit",                               KIND_INTEGER},
    {"ExclusiveStartKey",                   KIND_JSON   },
    {"Segment",                             KIND_INTEGER},
    {"TotalSegments",                       KIND_INTEGER},
    {"ConsistentRead",                      KIND_TRUE   },
    {"ConsistentRead",                      KIND_FALSE  },
    {"ScanIndexForward",                    KIND_TRUE   },
    {"ScanIndexForward",                    KIND_FALSE  },
    {"ReturnValues",                        KIND_TEXT   },
    {"ReturnValuesOnConditionCheckFailure", KIND_TEXT   },
    {"ReturnConsumedCapacity",              KIND_TEXT   },
    {"ReturnItemCollectionMetrics",         KIND_TEXT   },
};

_Static_assert(sizeof members / sizeof members[0] + 1 == sizeof table / sizeof table[0],
               "one member for each option");

enum {
    OPTIONS = sizeof members / sizeof members[0],
    OPTION_SELECT = 15,
    OPTION_LIMIT = 16,
    OPTION_START_KEY = 17,
    ARGUMENTS_MAX = 4 /* the action among them */
};

/* What the command line asks for. */
struct request {
    const struct action *action;
    const char *arguments[ARGUMENTS_MAX]; /* the directory first */
    int arguments_count;
    const char *values[OPTIONS]; /* NULL: not given */
    bool given[OPTIONS];
    struct memory_area area;
    int64_t max_items; /* 0: all */
    struct error error;
};

struct action {
    const char *name, *operation, *arguments, *text;
    int least, most; /* arguments */
    int (*run)(struct request *r);
};

static int run_import(struct request *r);
static int run_export(struct request *r);
static int run_read(struct request *r);
static int run_call(struct request *r);
static int run_operation(struct request *r);

static const struct action actions[] = {
    {"import",   NULL,            "DIR FILE",                            "fill it from a file (- is standard input)", 2, 2, run_import   },
    {"export",   NULL,            "DIR [FILE]",                          "write all items, as `aws dynamodb scan`",   1, 2, run_export   },
    {"get",      "GetItem",       "DIR --key JSON",                      "one item",                                  1, 1, run_operation},
    {"query",    "Query",         "DIR --key-condition-expression TEXT", "the items of a partition",                  1, 1,
     run_read                                                                                                                            },
    {"scan",     "Scan",          "DIR",                                 "all items",                                 1, 1, run_read     },
    {"put",      "PutItem",       "DIR --item JSON",                     "put an item",                               1, 1, run_operation},
    {"update",   "UpdateItem",    "DIR --key JSON",                      "change an item",                            1, 1, run_operation},
    {"delete",   "DeleteItem",    "DIR --key JSON",                      "take an item out",                          1, 1, run_operation},
    {"describe", "DescribeTable", "DIR",                                 "its keys, indexes and sizes",               1, 1, run_operation},
    {"call",     NULL,            "DIR OPERATION FILE",                  "any operation, its request as JSON",        3, 3, run_call     },
};

enum { ACTIONS = sizeof actions / sizeof actions[0] };

static void put_help(void)
{
    (void)fputs(
        "Usage: lockstep table ACTION DIR [ARGUMENT...] [OPTION...]\n\n"
        "Works on the table that `lockstep run --table DIR` kept, or on one that was\n"
        "imported. Options are those of `aws dynamodb`; JSON may come from file://NAME.\n\n",
        stdout);
    for (size_t i = 0; i < ACTIONS; i++) {
        (void)printf("  %-8s %-38s %s\n", actions[i].name, actions[i].arguments, actions[i].text);
    }
    (void)fputs("\n", stdout);
    for (const struct option *o = table; o->name != NULL; o++) {
        (void)printf("  --%s %s\n%s%s%s", o->name, o->value == NULL ? "" : o->value,
                     *o->text == '\0' ? "" : "        ", o->text, *o->text == '\0' ? "" : "\n");
    }
    (void)fputs(
        "\nExamples:\n"
        "  aws dynamodb scan --table-name tracking > items.json\n"
        "  lockstep table import kept items.json\n"
        "  lockstep table query kept --key-condition-expression 'date_prefix = :d' \\\n"
        "      --expression-attribute-values '{\":d\": {\"S\": \"2026-01-30\"}}'\n"
        "  lockstep table export kept items.json\n"
        "  lockstep table call kept UpdateTimeToLive request.json\n\n"
        "An import is all or nothing: an error leaves the directory as it was. Exit status: 0;\n"
        "2 for bad input, also where the service refuses the request; 3 for the machine's "
        "errors.\n",
        stdout);
}

static int misuse(const char *what, const char *value)
{
    (void)fprintf(stderr, "lockstep table: %s%s\nTry 'lockstep table --help'.\n", what,
                  value == NULL ? "" : shown(text_from(value)).text);
    return STATUS_USAGE;
}

/* Tells an error that is in r->error; the exit status that goes with it. */
static int failed(const struct request *r, enum status status)
{
    (void)fprintf(stderr, "lockstep: %s\n", r->error.message);
    return exit_status_of(status);
}

/* A value of JSON: as it stands, or in a file. The message says where it is wrong. */
static enum status read_json(struct request *r, const char *option, const char *value,
                             struct value *document)
{
    static const char scheme[] = "file://";
    bool file = strncmp(value, scheme, sizeof scheme - 1) == 0;
    const char *path = value + sizeof scheme - 1;
    struct text text = text_from(value);
    enum status status = STATUS_OK;
    if (file) {
        status = input_file_read(path, REQUEST_BYTES, &text, &r->error);
    }
    if (status == STATUS_OK) {
        status = json_parse(text, &r->area, document, &r->error);
        if (status != STATUS_OK) {
            struct error why = r->error;
            (void)error_set(&r->error, status, "%s%s:%s", file ? "" : "--", file ? path : option,
                            why.message);
        }
        if (file) {
            free((void *)text.at);
        }
    }
    return status;
}

static bool read_integer(const char *value, int64_t *integer)
{
    struct number number;
    return number_parse(text_from(value), &number, NULL) == STATUS_OK &&
           number_integer(&number, integer);
}

/* Writes the members that options stand for. */
static enum status put_members(struct request *r, struct json_writer *w)
{
    for (int i = OPTIONS_OWN; i < OPTIONS; i++) {
        struct value document;
        int64_t integer;
        if (!r->given[i]) {
            continue;
        }
        json_name(w, text_from(members[i].name));
        if (members[i].kind == KIND_TEXT) {
            json_put_text(w, text_from(r->values[i]));
        } else if (members[i].kind == KIND_JSON) {
            enum status status = read_json(r, table[i].name, r->values[i], &document);
            if (status != STATUS_OK) {
                return status;
            }
            json_put_document(w, &document);
        } else if (members[i].kind == KIND_INTEGER) {
            if (!read_integer(r->values[i], &integer)) {
                return error_set(&r->error, STATUS_BAD_INPUT, "--%s: '%s' is not a whole number",
                                 table[i].name, shown(text_from(r->values[i])).text);
            }
            json_put_integer(w, integer);
        } else {
            json_put_boolean(w, members[i].kind == KIND_TRUE);
        }
    }
    return STATUS_OK;
}

/* The request, in the area. `start` (NULL: none) is a start key. */
static enum status build(struct request *r, const char *name, const struct value *start,
                         struct text *body)
{
    char *buffer = memory_area_take(&r->area, REQUEST_BYTES);
    if (buffer == NULL) {
        return error_set(&r->error, STATUS_NO_MEMORY, "out of memory");
    }
    struct json_writer w = json_writer(buffer, REQUEST_BYTES, 0);
    json_open(&w, '{');
    json_name(&w, TEXT("TableName"));
    json_put_text(&w, text_from(name));
    if (start != NULL) {
        json_name(&w, TEXT("ExclusiveStartKey"));
        json_put_document(&w, start);
    }
    enum status status = put_members(r, &w);
    if (status == STATUS_OK) {
        json_close(&w, '}');
        *body = text_written(&w.text);
        status = w.text.overflowed ? error_set(&r->error, STATUS_BAD_INPUT, "too long a request")
                                   : STATUS_OK;
    }
    return status;
}

/* Answers */

/* Compact JSON, one member a line, as the AWS CLI indents it. */
static void put_indented(struct text_writer *w, struct text json)
{
    int depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < json.size; i++) {
        char c = json.at[i];
        bool opens = !quoted && (c == '{' || c == '[');
        bool closes = !quoted && (c == '}' || c == ']');
        bool empty = opens && i + 1 < json.size && (json.at[i + 1] == '}' || json.at[i + 1] == ']');
        bool was_empty = closes && i > 0 && (json.at[i - 1] == '{' || json.at[i - 1] == '[');
        depth += opens ? 1 : 0;
        depth -= closes ? 1 : 0;
        if (closes && !was_empty) {
            text_put_char(w, '\n');
            for (int k = 0; k < INDENT * depth; k++) {
                text_put_char(w, ' ');
            }
        }
        text_put_char(w, c);
        if (quoted && c == '\\') {
            text_put_char(w, json.at[++i]);
        } else if (c == '"') {
            quoted = !quoted;
        } else if (!quoted && c == ':') {
            text_put_char(w, ' ');
        } else if ((opens && !empty) || (!quoted && c == ',')) {
            text_put_char(w, '\n');
            for (int k = 0; k < INDENT * depth; k++) {
                text_put_char(w, ' ');
            }
        }
    }
    text_put_char(w, '\n');
}

static bool member_of(const struct value *structure, const char *name, struct value *member)
{
    return structure->type == TYPE_M &&
           item_get((struct item){structure->bytes}, text_from(name), member);
}

/* An exception, in the AWS CLI's words. */
static int refuse(struct request *r, const char *operation,
                  const struct dynamodb_response *response)
{
    struct value answer = value_null();
    struct value type = value_s(TEXT("Error"));
    struct value message = value_s(TEXT(""));
    if (json_parse(response->body, &r->area, &answer, NULL) == STATUS_OK) {
        (void)member_of(&answer, "__type", &type);
        if (!member_of(&answer, "message", &message)) {
            (void)member_of(&answer, "Message", &message);
        }
    }
    struct text name = text_after_last(type.bytes, '#');
    (void)fprintf(stderr,
                  "lockstep: An error occurred (%.*s) when calling the %s operation: %.*s\n",
                  (int)name.size, name.at, operation, (int)message.bytes.size, message.bytes.at);
    return response->http_status < 500 ? STATUS_USAGE : STATUS_INTERNAL;
}

/* Makes one call, closes the table and prints the answer. */
static int call_and_print(struct request *r, struct table_session *s, const char *operation,
                          struct text body)
{
    struct dynamodb_response response;
    dynamodb_call(s->d, table_session_now, text_from(operation), body, &response);
    int code = STATUS_PASS;
    struct text_writer out = text_writer(memory_reserve(OUTPUT_BYTES), OUTPUT_BYTES);
    if (response.http_status != 200) {
        code = refuse(r, operation, &response);
    } else if (!text_equal(response.body, TEXT("{}"))) {
        put_indented(&out, response.body);
    }
    enum status status = table_session_close(s, &r->error);
    if (status != STATUS_OK) {
        code = failed(r, status);
    } else if (fwrite(out.at, 1, out.size, stdout) != out.size) {
        code = STATUS_INTERNAL;
    }
    memory_release(out.at, OUTPUT_BYTES);
    return close_output(code);
}

static int run_operation(struct request *r)
{
    struct table_session s;
    struct text body = {"", 0};
    enum status status = table_session_open(&s, r->arguments[0], 1, &r->error);
    if (status != STATUS_OK) {
        return failed(r, status);
    }
    status = build(r, s.name, NULL, &body);
    if (status != STATUS_OK) {
        (void)table_session_close(&s, NULL);
        return failed(r, status);
    }
    return call_and_print(r, &s, r->action->operation, body);
}

static int run_call(struct request *r)
{
    struct table_session s;
    struct text text;
    struct value document;
    const char *path = r->arguments[2];
    enum status status = input_file_read(path, REQUEST_BYTES, &text, &r->error);
    if (status != STATUS_OK) {
        return failed(r, status);
    }
    status = json_parse(text, &r->area, &document, &r->error);
    if (status != STATUS_OK) {
        struct error why = r->error;
        (void)error_set(&r->error, status, "%s:%s", path, why.message);
    } else {
        status = table_session_open(&s, r->arguments[0], 1, &r->error);
    }
    int code =
        status == STATUS_OK ? call_and_print(r, &s, r->arguments[1], text) : failed(r, status);
    free((void *)text.at);
    return code;
}

/* Query and Scan, page by page */

/* Where reading goes on: behind a key, and how many items of the page that begins there were given
 * before. As botocore has it in its tokens. */
struct position {
    struct value start; /* NULL's type: from the beginning */
    int64_t given;
};

static void put_token(struct json_writer *w, struct memory_area *area, const struct position *at)
{
    enum { TOKEN_BYTES = 1 << 16 };

    char *buffer = memory_area_take(area, TOKEN_BYTES);
    struct json_writer token = json_writer(buffer, TOKEN_BYTES, 0);
    json_open(&token, '{');
    json_name(&token, TEXT("ExclusiveStartKey"));
    json_put_document(&token, &at->start);
    if (at->given > 0) {
        json_name(&token, TEXT("boto_truncate_amount"));
        json_put_integer(&token, at->given);
    }
    json_close(&token, '}');
    json_name(w, TEXT("NextToken"));
    struct text_writer *out = json_put_raw(w);
    text_put_char(out, '"');
    text_put_base64(out, text_written(&token.text));
    text_put_char(out, '"');
}

static enum status read_token(struct request *r, struct position *at)
{
    struct text text = text_from(r->values[OPTION_STARTING_TOKEN]);
    char *bytes = memory_area_take(&r->area, text.size + 1);
    size_t size;
    struct value token;
    struct value given;
    if (bytes == NULL || base64_decode(text, bytes, &size, NULL) != STATUS_OK ||
        json_parse((struct text){bytes, size}, &r->area, &token, NULL) != STATUS_OK ||
        !member_of(&token, "ExclusiveStartKey", &at->start)) {
        return error_set(&r->error, STATUS_BAD_INPUT, "--starting-token: not a NextToken");
    }
    if (member_of(&token, "boto_truncate_amount", &given) && given.type == TYPE_N) {
        (void)number_integer(&given.number, &at->given);
    }
    return STATUS_OK;
}

/* What has been read and printed. */
struct listing {
    struct json_writer w;
    int64_t printed, count, scanned;
    struct position at;
    bool more, full;
    char start[START_BYTES]; /* bytes of at.start */
};

static int64_t integer_of(const struct value *structure, const char *name)
{
    struct value value;
    int64_t integer = 0;
    if (member_of(structure, name, &value) && value.type == TYPE_N) {
        (void)number_integer(&value.number, &integer);
    }
    return integer;
}

/* Prints the items of a page, but for those that were given before. */
static bool list_page(const struct request *r, struct listing *l, const struct value *answer)
{
    struct value items = value_null();
    (void)member_of(answer, "Items", &items);
    struct item_cursor c = item_cursor((struct item){items.bytes});
    struct text none;
    struct value item;
    int64_t i = 0;
    for (; !l->full && items.type == TYPE_L && item_next(&c, &none, &item); i++) {
        if (i < l->at.given) {
            continue;
        }
        json_put_document(&l->w, &item);
        l->full = ++l->printed == r->max_items;
        if (l->w.text.size >= FLUSH_AT) {
            struct text part = json_flush(&l->w);
            if (fwrite(part.at, 1, part.size, stdout) != part.size) {
                return false;
            }
        }
    }
    struct value last;
    l->more = member_of(answer, "LastEvaluatedKey", &last);
    if (l->full && c.at != c.end) {
        l->more = true;
        l->at.given = i;
    } else if (l->more) {
        l->at = (struct position){.start = last};
    }
    l->count += integer_of(answer, "Count");
    l->scanned += integer_of(answer, "ScannedCount");
    return true;
}

/* Keeps the start key while the area is used for the next page. */
static void keep_start(struct listing *l)
{
    if (l->at.start.type == TYPE_M && l->at.start.bytes.at != l->start) {
        memcpy(l->start, l->at.start.bytes.at, l->at.start.bytes.size);
        l->at.start.bytes.at = l->start;
    }
}

/* One page: false, with the exit status, where it could not be had. */
static bool read_page(struct request *r, struct table_session *s, struct listing *l, int *code)
{
    struct text body = {"", 0};
    struct dynamodb_response response;
    struct value answer;
    bool from_start = l->at.start.type != TYPE_M;
    enum status status = build(r, s->name, from_start ? NULL : &l->at.start, &body);
    if (status != STATUS_OK) {
        *code = failed(r, status);
        return false;
    }
    dynamodb_call(s->d, table_session_now, text_from(r->action->operation), body, &response);
    if (response.http_status != 200) {
        *code = refuse(r, r->action->operation, &response);
        return false;
    }
    status = json_parse(response.body, &r->area, &answer, &r->error);
    if (status != STATUS_OK || !list_page(r, l, &answer)) {
        *code = status != STATUS_OK ? failed(r, status) : STATUS_INTERNAL;
        return false;
    }
    keep_start(l);
    return true;
}

/* All pages, as the AWS CLI makes one answer of them. */
static int list(struct request *r, struct table_session *s, struct listing *l)
{
    const char *select = r->values[OPTION_SELECT];
    bool count = select != NULL && strcmp(select, "COUNT") == 0;
    int code = STATUS_PASS;
    json_open(&l->w, '{');
    if (!count) {
        json_name(&l->w, TEXT("Items"));
        json_open(&l->w, '[');
    }
    do {
        size_t used = r->area.used;
        if (!read_page(r, s, l, &code)) {
            return code;
        }
        r->area.used = used;
    } while (l->more && !l->full);
    if (!count) {
        json_close(&l->w, ']');
    }
    json_name(&l->w, TEXT("Count"));
    json_put_integer(&l->w, r->max_items > 0 && !count ? l->printed : l->count);
    json_name(&l->w, TEXT("ScannedCount"));
    json_put_integer(&l->w, l->scanned);
    json_name(&l->w, TEXT("ConsumedCapacity"));
    json_put_null(&l->w);
    if (l->more) {
        put_token(&l->w, &r->area, &l->at);
    }
    json_close(&l->w, '}');
    text_put_char(&l->w.text, '\n');
    struct text part = json_flush(&l->w);
    return fwrite(part.at, 1, part.size, stdout) == part.size ? code : STATUS_INTERNAL;
}

static int run_read(struct request *r)
{
    struct table_session s;
    struct listing l = {.at = {.start = value_null()}};
    if (r->given[OPTION_NO_PAGINATE] || r->given[OPTION_LIMIT] || r->given[OPTION_START_KEY]) {
        return run_operation(r);
    }
    if (r->given[OPTION_MAX_ITEMS] &&
        (!read_integer(r->values[OPTION_MAX_ITEMS], &r->max_items) || r->max_items < 1)) {
        return misuse("--max-items: a whole number from 1: ", r->values[OPTION_MAX_ITEMS]);
    }
    enum status status = r->given[OPTION_STARTING_TOKEN] ? read_token(r, &l.at) : STATUS_OK;
    if (status == STATUS_OK) {
        status = table_session_open(&s, r->arguments[0], 0, &r->error);
    }
    if (status != STATUS_OK) {
        return failed(r, status);
    }
    char *buffer = memory_reserve(OUTPUT_BYTES);
    l.w = json_writer(buffer, OUTPUT_BYTES, INDENT);
    int code = buffer == NULL ? STATUS_INTERNAL : list(r, &s, &l);
    memory_release(buffer, OUTPUT_BYTES);
    status = table_session_close(&s, &r->error);
    return close_output(status == STATUS_OK ? code : failed(r, status));
}

/* Import and export */

/* An item of the file goes into the table in memory, which holds it to the table's rules. */
static enum status take_item(void *self, struct item item, struct error *error)
{
    struct table *t = self;
    struct table_reply reply;
    enum table_result result = table_put(t, table_session_now, item, NULL, NULL, &reply);
    if (result != TABLE_OK) {
        return error_set(error, result == TABLE_INVALID ? STATUS_BAD_INPUT : STATUS_FULL, "%s",
                         table_message(t));
    }
    return reply.old.bytes.size == 0
               ? STATUS_OK
               : error_set(error, STATUS_BAD_INPUT, "the key of an item that came before");
}

struct copying {
    struct table *to;
    enum table_result result;
};

static void copy_item(void *self, struct item item)
{
    struct copying *c = self;
    struct table_reply reply;
    if (c->result == TABLE_OK) {
        c->result = table_put(c->to, table_session_now, item, NULL, NULL, &reply);
    }
}

/* Takes a directory away that was made here, with all in it. */
static void remove_directory(const char *path)
{
    DIR *folder = opendir(path);
    for (struct dirent *entry = folder == NULL ? NULL : readdir(folder); entry != NULL;
         entry = readdir(folder)) {
        char name[OUTPUT_PATH_MAX];
        int size = snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (size > 0 && (size_t)size < sizeof name) {
            (void)unlink(name);
        }
    }
    if (folder != NULL) {
        (void)closedir(folder);
    }
    (void)rmdir(path);
}

/* Puts all items of a table into the directory's, in one checkpoint. A new directory is made under
 * another name first. */
static enum status commit_import(struct request *r, const struct table_session *from)
{
    const char *directory = r->arguments[0];
    char temporary[OUTPUT_PATH_MAX];
    bool new = directory_is_free(directory);
    int size = snprintf(temporary, sizeof temporary, "%s.%ld.tmp", directory, (long)getpid());
    if (size < 0 || (size_t)size >= sizeof temporary) {
        return error_set(&r->error, STATUS_BAD_INPUT, "the name of the directory is too long");
    }
    struct table *source = dynamodb_table(from->d, from->name);
    struct table_config config = *dynamodb_table_config(from->d, from->name);
    config.directory = new ? temporary : directory;
    config.durable = true;
    config.items_max =
        table_count(source) + (from->description == NULL ? 0 : from->description->count) + 1;
    struct copying c = {.to = table_open(&config, table_session_now, &r->error)};
    enum status status = c.to == NULL ? r->error.status : STATUS_OK;
    if (status == STATUS_OK) {
        struct table_config free_of_charge = config;
        free_of_charge.rcu = free_of_charge.wcu = 0;
        free_of_charge.limits = (struct table_limits){.burst = {0}};
        for (uint32_t i = 0; i < config.indexes_count; i++) {
            free_of_charge.indexes[i].rcu = free_of_charge.indexes[i].wcu = 0;
        }
        (void)table_set_capacity(c.to, table_session_now, &free_of_charge, &r->error);
        table_each(source, copy_item, &c);
        (void)table_set_capacity(c.to, table_session_now, &config, &r->error);
        if (c.result != TABLE_OK) {
            status = error_set(&r->error, STATUS_FULL, "%s", table_message(c.to));
        }
        enum status closed = table_close(c.to, status == STATUS_OK ? &r->error : NULL);
        status = status == STATUS_OK ? closed : status;
    }
    if (status == STATUS_OK && new &&rename(temporary, directory) != 0) {
        status =
            error_set(&r->error, STATUS_IO, "cannot make %.200s: %s", directory, strerror(errno));
    }
    if (status != STATUS_OK && new) {
        remove_directory(temporary);
    }
    return status;
}

static enum status import_text(struct request *r, const char *name, struct text text,
                               uint64_t *count)
{
    struct table_session s;
    bool partial = false;
    enum status status = table_session_open_empty(&s, r->arguments[0], r->values[OPTION_SCHEMA],
                                                  text.size / ITEM_TEXT_LEAST + 1, &r->error);
    if (status != STATUS_OK) {
        return status;
    }
    status = table_file_read(name, text, take_item, dynamodb_table(s.d, s.name), count, &partial,
                             &r->error);
    if (status == STATUS_OK) {
        status = commit_import(r, &s);
    }
    if (status == STATUS_OK && partial) {
        (void)fprintf(stderr, "lockstep: %s: says that the table has more items than these\n",
                      name);
    }
    (void)table_session_close(&s, NULL);
    return status;
}

static int run_import(struct request *r)
{
    struct text text;
    uint64_t count = 0;
    const char *path = r->arguments[1];
    if (r->given[OPTION_SCHEMA] && !directory_is_free(r->arguments[0])) {
        return misuse("--schema goes with a new directory, and there is one: ", r->arguments[0]);
    }
    enum status status = input_file_read(path, FILE_BYTES_MAX, &text, &r->error);
    if (status == STATUS_OK) {
        status = import_text(r, strcmp(path, "-") == 0 ? "<stdin>" : path, text, &count);
        free((void *)text.at);
    }
    if (status != STATUS_OK) {
        return failed(r, status);
    }
    (void)fprintf(stderr, "lockstep: %llu items imported\n", (unsigned long long)count);
    return STATUS_PASS;
}

static int run_export(struct request *r)
{
    struct table_session s;
    struct output_file file;
    const char *path = r->arguments_count > 1 ? r->arguments[1] : "-";
    enum status status = table_session_open(&s, r->arguments[0], 0, &r->error);
    if (status != STATUS_OK) {
        return failed(r, status);
    }
    status = output_file_open(&file, path, &r->error);
    if (status == STATUS_OK) {
        status = table_file_write(dynamodb_table(s.d, s.name), file.stream, &r->error);
        if (status == STATUS_OK) {
            status = output_file_commit(&file, &r->error);
        } else {
            output_file_abandon(&file);
        }
    }
    enum status closed = table_session_close(&s, status == STATUS_OK ? &r->error : NULL);
    status = status == STATUS_OK ? closed : status;
    return status == STATUS_OK ? STATUS_PASS : failed(r, status);
}

/* The command line */

static const struct action *action_named(const char *name)
{
    struct suggestion near = suggestion(text_from(name));
    for (size_t i = 0; i < ACTIONS; i++) {
        if (strcmp(actions[i].name, name) == 0) {
            return &actions[i];
        }
        suggestion_offer(&near, text_from(actions[i].name));
    }
    (void)fprintf(stderr, "lockstep table: %s: no such action%s\nTry 'lockstep table --help'.\n",
                  shown(text_from(name)).text, suggestion_text(&near).text);
    return NULL;
}

/* Reads the command line behind the action; -1, or an exit status. */
static int read_line(struct request *r, int argc, char **argv)
{
    struct options o = options(table, argc, argv);
    const char *value;
    for (int option = options_next(&o, &value); option != OPTION_END;
         option = options_next(&o, &value)) {
        if (option == OPTION_WRONG) {
            return STATUS_USAGE;
        }
        if (option == OPTION_HELP) {
            put_help();
            return close_output(STATUS_PASS);
        }
        if (option == OPTION_ARGUMENT) {
            if (r->arguments_count == ARGUMENTS_MAX) {
                return misuse("too many arguments: ", value);
            }
            r->arguments[r->arguments_count++] = value;
        } else {
            r->given[option] = true;
            r->values[option] = value;
        }
    }
    return -1;
}

int command_table(int argc, char **argv)
{
    struct request r = {.action = NULL};
    int code = read_line(&r, argc, argv);
    if (code >= 0) {
        return code;
    }
    if (r.arguments_count == 0) {
        return misuse("which action? import, export, get, query, scan, put, update, delete, "
                      "describe or call",
                      NULL);
    }
    r.action = action_named(r.arguments[0]);
    if (r.action == NULL) {
        return STATUS_USAGE;
    }
    r.arguments_count--;
    memmove(r.arguments, r.arguments + 1, sizeof r.arguments - sizeof r.arguments[0]);
    if (r.arguments_count < r.action->least || r.arguments_count > r.action->most) {
        (void)fprintf(stderr, "usage: lockstep table %s %s\nTry 'lockstep table --help'.\n",
                      r.action->name, r.action->arguments);
        return STATUS_USAGE;
    }
    if (!memory_area_init(&r.area, AREA_BYTES)) {
        (void)error_set(&r.error, STATUS_NO_MEMORY, "out of memory");
        return failed(&r, STATUS_NO_MEMORY);
    }
    code = r.action->run(&r);
    memory_area_deinit(&r.area);
    return code;
}

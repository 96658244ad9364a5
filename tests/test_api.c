/* test_api.c: DynamoDB's API by table of cases: the files tests/api/NAME.txt.
 *
 * A file is a list of cases. A case is a sequence of requests on a fresh account:
 *
 *     # what the case shows
 *     PutItem {"TableName": "table", ...}
 *     200 {...}
 *
 * The answer's JSON must be the expected one, member for member; members in any order, numbers by
 * value. An error may be written short: `400 ValidationException: the message`; "..." stands for
 * any answer. "+ 30s" lets time pass between two requests. Lines that begin with a blank continue
 * the line before. The account has four tables to begin with; other ones are created by the case:
 *
 *     table  partition key pk (S), sort key sk (S); index gsi: g (S), r (S), all attributes;
 *            index keys: g (S), keys only
 *     plain  partition key pk (S), provisioned with 1 unit for reads and writes
 *     tiny   as plain, but keeps unused units for one second
 *     typed  partition key n (N), sort key b (B); local index lsi: sort key l (N), keys only
 */
#include "cases.h"

#include "model/api/dynamodb.h"
#include "model/api/json.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILES_MAX = 64, FILE_BYTES = 1 << 22, AREA_BYTES = 1 << 26, SECONDS_START = 1700000000 };

/* One case: its lines, in a file's text. */
struct row {
    char name[160];
    const char *file;
    struct text lines;
    int line;
};

static struct memory_area area, files; /* of a case; of all files, their names and their rows */

static struct dynamodb *account(void)
{
    static const struct table_config tables[] = {
        {.name = "table",
         .hash_key = {"pk", TYPE_S},
         .range_key = {"sk", TYPE_S},
         .items_max = 1000,
         .cache_bytes = 1 << 20,
         .indexes_count = 2,
         .indexes = {{.name = "gsi", .hash_key = {"g", TYPE_S}, .range_key = {"r", TYPE_S}},
                     {.name = "keys",
                      .hash_key = {"g", TYPE_S},
                      .projection = PROJECTION_KEYS_ONLY}}  },
        {.name = "plain",
         .hash_key = {"pk", TYPE_S},
         .rcu = 1,
         .wcu = 1,
         .items_max = 1000,
         .cache_bytes = 1 << 20                           },
        {.name = "tiny",
         .hash_key = {"pk", TYPE_S},
         .rcu = 1,
         .wcu = 1,
         .limits = {.burst = {NS_PER_S}},
         .items_max = 1000,
         .cache_bytes = 1 << 20},
        {.name = "typed",
         .hash_key = {"n", TYPE_N},
         .range_key = {"b", TYPE_B},
         .items_max = 1000,
         .cache_bytes = 1 << 20,
         .indexes_count = 1,
         .indexes = {{.name = "lsi",
                      .hash_key = {"n", TYPE_N},
                      .range_key = {"l", TYPE_N},
                      .local = true,
                      .projection = PROJECTION_KEYS_ONLY}}                           },
    };
    static const struct dynamodb_config config = {
        .items_max = 1000, .cache_bytes = 1 << 20, .history = {NS_PER_S}};
    struct error error;
    struct dynamodb *d = dynamodb_open(&config, &error);
    assert_non_null(d);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        struct instant now = {SECONDS_START * NS_PER_S};
        if (dynamodb_add_table(d, now, &tables[i], &error) != STATUS_OK) {
            fail_msg("%s", error.message);
        }
    }
    return d;
}

/* The next line without its end; false where there is none. */
static bool next_line(struct text *lines, struct text *line)
{
    if (lines->size == 0) {
        return false;
    }
    const char *end = memchr(lines->at, '\n', lines->size);
    size_t size = end == NULL ? lines->size : (size_t)(end - lines->at);
    *line = (struct text){lines->at, size};
    size_t skip = size + (end != NULL);
    *lines = (struct text){lines->at + skip, lines->size - skip};
    return true;
}

/* A line with its continuations, in a buffer that the next one overwrites. */
static bool next_entry(struct text *lines, int *number, struct text *entry)
{
    static char buffer[FILE_BYTES];
    struct text_writer w = text_writer(buffer, sizeof buffer);
    struct text line;
    bool some = false;
    while (lines->size > 0 && (!some || lines->at[0] == ' ')) {
        (void)next_line(lines, &line);
        (*number)++;
        if (line.size > 0 && line.at[0] != '#') {
            text_put(&w, line);
            some = true;
        }
    }
    assert_false(w.overflowed);
    *entry = text_written(&w);
    return some;
}

/* What stands before the first blank, and what behind it. */
static struct text first_word(struct text text, struct text *rest)
{
    size_t size = 0;
    while (size < text.size && text.at[size] != ' ') {
        size++;
    }
    size_t skip = size < text.size ? size + 1 : size;
    *rest = (struct text){text.at + skip, text.size - skip};
    return (struct text){text.at, size};
}

/* "400 Name: message", as an error is written short. */
static struct text short_form(const struct value *body, char *buffer, size_t size)
{
    struct text_writer w = text_writer(buffer, size);
    struct value type;
    struct value message;
    struct item object = {body->bytes};
    if (!item_get(object, TEXT("__type"), &type)) {
        return (struct text){0};
    }
    text_put(&w, text_after_last(type.bytes, '#'));
    if (item_get(object, TEXT("message"), &message) ||
        item_get(object, TEXT("Message"), &message)) {
        text_put(&w, TEXT(": "));
        text_put(&w, message.bytes);
    }
    return text_written(&w);
}

static void check_answer(const struct row *row, int line, struct text expected,
                         const struct dynamodb_response *response)
{
    char status[16];
    char brief[4096];
    struct text body;
    struct text wanted_status = first_word(expected, &body);
    struct value got = value_null();
    struct value wanted = value_null();
    struct error error;
    (void)snprintf(status, sizeof status, "%d", response->http_status);
    bool same = text_equal(wanted_status, text_from(status));
    if (response->body.size > 0 && json_parse(response->body, &area, &got, &error) != STATUS_OK) {
        fail_msg("%s:%d: no JSON: %s", row->file, line, error.message);
    }
    if (body.size > 0 && body.at[0] == '{') {
        if (json_parse(body, &area, &wanted, &error) != STATUS_OK) {
            fail_msg("%s:%d: the expected answer: %s", row->file, line, error.message);
        }
        same = same && value_equal(&wanted, &got);
    } else if (!text_equal(body, TEXT("..."))) {
        same = same && text_equal(body, short_form(&got, brief, sizeof brief));
    }
    if (!same) {
        fail_msg("%s:%d:\n  expected %.*s\n  got      %s %.*s", row->file, line, (int)expected.size,
                 expected.at, status, (int)response->body.size, response->body.at);
    }
}

static void run_case(void **state)
{
    const struct row *row = *state;
    struct dynamodb *d = account();
    struct text lines = row->lines;
    struct text entry;
    struct text rest;
    int line = row->line;
    int64_t now_ns = SECONDS_START * NS_PER_S;
    int checked = 0;
    area.used = 0;
    while (next_entry(&lines, &line, &entry)) {
        struct text word = first_word(entry, &rest);
        struct duration passes;
        struct dynamodb_response response;
        if (text_equal(word, TEXT("+"))) {
            assert_int_equal(duration_parse(rest, &passes, NULL), STATUS_OK);
            now_ns += passes.ns;
            continue;
        }
        dynamodb_call(d, (struct instant){now_ns}, word, rest, &response);
        int asked = line;
        if (!next_entry(&lines, &line, &entry)) {
            fail_msg("%s:%d: no answer is expected", row->file, asked);
        }
        check_answer(row, asked, entry, &response);
        checked++;
    }
    assert_true(checked > 0);
    assert_int_equal(dynamodb_close(d, NULL), STATUS_OK);
}

/* Cuts a file into cases at its comments; a comment of several lines belongs to one case. */
static void add_cases(struct cases *cases, const char *file, struct text text)
{
    struct text line;
    struct row *row = NULL;
    bool in_comment = false;
    int number = 0;
    while (text.size > 0) {
        const char *at = text.at;
        (void)next_line(&text, &line);
        number++;
        bool comment = line.size > 1 && line.at[0] == '#';
        if (comment && !in_comment) {
            row = memory_area_take(&files, sizeof *row);
            assert_non_null(row);
            *row = (struct row){
                .file = file, .line = number - 1, .lines = {at, 0}
            };
            (void)snprintf(row->name, sizeof row->name, "%s: %.*s", file, (int)line.size - 2,
                           line.at + 2);
            cases_add(cases, row->name, run_case, row);
        }
        if (row != NULL) {
            row->lines.size = (size_t)(text.at - row->lines.at);
        }
        in_comment = comment;
    }
}

static void add_file(struct cases *cases, const char *name)
{
    char path[512];
    char *file = memory_area_take(&files, strlen(name) + 1);
    char *bytes = memory_area_take(&files, FILE_BYTES);
    (void)snprintf(path, sizeof path, "tests/api/%s", name);
    FILE *stream = fopen(path, "rb");
    if (file == NULL || bytes == NULL || stream == NULL) {
        print_error("%s: cannot be read\n", path);
        exit(1);
    }
    memcpy(file, name, strlen(name) + 1);
    size_t size = fread(bytes, 1, FILE_BYTES, stream);
    (void)fclose(stream);
    add_cases(cases, file, (struct text){bytes, size});
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(void)
{
    static struct cases cases;
    static char *names[FILES_MAX];
    size_t count = 0;
    DIR *folder = opendir("tests/api");
    if (folder == NULL || !memory_area_init(&area, AREA_BYTES) ||
        !memory_area_init(&files, (size_t)FILES_MAX * (FILE_BYTES + (1 << 16)))) {
        print_error("tests/api: cannot be read\n");
        return 1;
    }
    for (struct dirent *entry = readdir(folder); entry != NULL && count < FILES_MAX;
         entry = readdir(folder)) {
        if (text_ends(text_from(entry->d_name), TEXT(".txt"))) {
            names[count] = memory_area_take(&files, strlen(entry->d_name) + 1);
            memcpy(names[count], entry->d_name, strlen(entry->d_name) + 1);
            count++;
        }
    }
    (void)closedir(folder);
    qsort(names, count, sizeof names[0], compare_names);
    for (size_t i = 0; i < count; i++) {
        add_file(&cases, names[i]);
    }
    return cases_run("api", &cases);
}

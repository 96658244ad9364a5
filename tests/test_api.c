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
 * the line before; $(N) stands for N times the letter x. The account begins with the tables of
 * tests/account.h, or, for limits.txt, with those below, where little is allowed and all takes
 * time; the case creates others.
 *
 * Each case then runs again, twice, where memory ends at every place that takes some: once with an
 * area for the call that grows from nothing to just what the last refusal wanted, once with the
 * first, second, third, ... allocation refused. Every call that memory ends for must be answered
 * by one InternalServerError and leave the account as it was: its tables as they are described,
 * their items, the units they consumed. So the call that goes through at last must give the
 * expected answer again. The Makefile wraps what takes memory.
 */
#include "tests/account.h"
#include "tests/cases.h"

#include "model/api/api_state.h"
#include "model/api/json.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

enum { FILES_MAX = 64, FILE_BYTES = 1 << 22, AREA_BYTES = 1 << 26 };

/* One case: its lines, in a file's text. */
struct row {
    char name[160], refused_name[200];
    const char *file;
    struct text lines;
    int line;
};

static struct memory_area area, files; /* of a case; of all files, their names and their rows */

/* Another account for limits.txt: a table is CREATING or DELETING for 10 seconds, a transaction
 * takes one, and eventually consistent reads are a second behind. Its tables:
 *
 *     hot    partition key pk (S), on demand; one unit a second for each key
 *     quota  partition key pk (S), on demand; one unit a second for the table
 *     behind partition key pk (S); 100 units a second, index byg: g (S), keys only, with one
 *     group  keys pk, sk (S); local index lsi: sort key l (S), all attributes; 1000 bytes under a
 *            partition key
 */
static struct instant a_second_ago(void *self, const struct table *table, int32_t index,
                                   struct instant now)
{
    (void)self;
    (void)table;
    (void)index;
    return (struct instant){now.ns - NS_PER_S};
}

static struct dynamodb *limited_account(void)
{
    static const struct dynamodb_config config = {.region = "eu-west-2",
                                                  .account = "123456789012",
                                                  .items_max = 1000,
                                                  .cache_bytes = 1 << 20,
                                                  .history = {NS_PER_S},
                                                  .creation = {10 * NS_PER_S},
                                                  .deletion = {10 * NS_PER_S},
                                                  .transaction = {NS_PER_S},
                                                  .as_of = a_second_ago};
    static const struct table_config hot = {
        .name = "hot",
        .hash_key = {"pk", TYPE_S},
        .limits.burst.ns = NS_PER_S,
        .limits.key_rcu = 1,
        .limits.key_wcu = 1,
        .items_max = 1000,
        .cache_bytes = 1 << 20
    };
    static const struct table_config quota = {
        .name = "quota",
        .hash_key = {"pk", TYPE_S},
        .limits.burst.ns = NS_PER_S,
        .limits.account_rcu = 1,
        .limits.account_wcu = 1,
        .items_max = 1000,
        .cache_bytes = 1 << 20
    };
    static const struct table_config behind = {
        .name = "behind",
        .hash_key = {"pk", TYPE_S},
        .rcu = 100,
        .wcu = 100,
        .limits.burst.ns = NS_PER_S,
        .items_max = 1000,
        .cache_bytes = 1 << 20,
        .indexes_count = 1,
        .indexes[0].name = "byg",
        .indexes[0].hash_key = {"g",  TYPE_S},
        .indexes[0].projection = PROJECTION_KEYS_ONLY,
        .indexes[0].rcu = 1,
        .indexes[0].wcu = 1
    };
    static const struct table_config group = {
        .name = "group",
        .hash_key = {"pk",         TYPE_S},
        .range_key = {"sk",         TYPE_S},
        .history = {2 * NS_PER_S},
        .items_max = 1000,
        .cache_bytes = 1 << 20,
        .collection_bytes_max = 1000,
        .indexes_count = 1,
        .indexes[0].name = "lsi",
        .indexes[0].hash_key = {"pk",      TYPE_S      },
        .indexes[0].range_key = {"l",      TYPE_S},
        .indexes[0].local = true
    };
    const struct table_config tables[] = {hot, quota, behind, group};
    return account_with(&config, tables, sizeof tables / sizeof tables[0]);
}

static void put_expanded(struct text_writer *w, struct text line)
{
    while (line.size > 0) {
        size_t used = 1;
        if (text_starts(line, TEXT("$("))) {
            char *end;
            for (unsigned long n = strtoul(line.at + 2, &end, 10); n > 0; n--) {
                text_put_char(w, 'x');
            }
            used = (size_t)(end - line.at) + 1;
        } else {
            text_put_char(w, *line.at);
        }
        line = (struct text){line.at + used, line.size - used};
    }
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
            put_expanded(&w, line);
            some = true;
        }
    }
    assert_false(w.overflowed);
    *entry = text_written(&w);
    return some;
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

/* Memory that ends */

static size_t wanted;    /* the size of area with which the first refusal would have been none */
static uint32_t refused; /* the allocation, from 1, that is refused; 0: none, or it was already */

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
void *__real_memory_area_take(struct memory_area *from, size_t bytes);
void *__wrap_memory_area_take(struct memory_area *from, size_t bytes);
void *__real_memory_reserve(size_t bytes);
void *__wrap_memory_reserve(size_t bytes);
bool __real_memory_area_init(struct memory_area *made, size_t bytes);
bool __wrap_memory_area_init(struct memory_area *made, size_t bytes);
void *__real_malloc(size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);

static bool refuse(void)
{
    return refused > 0 && --refused == 0;
}

void *__wrap_memory_area_take(struct memory_area *from, size_t bytes)
{
    void *taken = __real_memory_area_take(from, bytes);
    if (taken == NULL && wanted == 0) {
        wanted = from->used + (bytes + 15) / 16 * 16;
    }
    return taken;
}

void *__wrap_memory_reserve(size_t bytes)
{
    return refuse() ? NULL : __real_memory_reserve(bytes);
}

bool __wrap_memory_area_init(struct memory_area *made, size_t bytes)
{
    return !refuse() && __real_memory_area_init(made, bytes);
}

void *__wrap_malloc(size_t bytes)
{
    return refuse() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
    return refuse() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *memory, size_t bytes)
{
    return refuse() ? NULL : __real_realloc(memory, bytes);
}

/* NOLINTEND(bugprone-reserved-identifier) */

/* A request of a case. */
struct request {
    const struct row *row;
    int line;
    struct instant now;
    struct text operation, body;
};

static void call(struct dynamodb *d, const struct request *r, struct dynamodb_response *response)
{
    dynamodb_call(d, r->now, r->operation, r->body, response);
}

static uint64_t hash_answer(struct dynamodb *d, struct instant now, const char *operation,
                            const char *name, uint64_t hash)
{
    char body[400];
    struct dynamodb_response response;
    (void)snprintf(body, sizeof body, "{\"TableName\":\"%s\"}", name);
    dynamodb_call(d, now, text_from(operation), text_from(body), &response);
    return hash64(response.body.at, response.body.size, hash);
}

/* All that can be seen of the account. */
static uint64_t account_hash(struct dynamodb *d, struct instant now)
{
    struct dynamodb_response settled; /* a table whose deletion is over goes at the next call */
    uint64_t hash = 0;
    dynamodb_call(d, now, TEXT("DescribeLimits"), TEXT("{}"), &settled);
    for (uint32_t i = 0; i < d->tables_count; i++) {
        const struct api_table *t = d->tables[i];
        struct hash128 items = table_hash(t->table);
        hash = hash_answer(d, now, "DescribeTable", t->config.name, hash);
        hash = hash_answer(d, now, "DescribeTimeToLive", t->config.name, hash);
        hash = hash64(&items, sizeof items, hash);
        for (uint32_t k = 0; k <= t->config.indexes_count; k++) {
            struct table_consumed used = table_consumed(t->table, (int32_t)k - 1);
            hash = hash64(&used.rcu_milli, sizeof used.rcu_milli, hash);
            hash = hash64(&used.wcu_milli, sizeof used.wcu_milli, hash);
        }
    }
    return hash;
}

/* A call for which memory ended. */
static void check_refused(struct dynamodb *d, const struct request *r, uint64_t before,
                          const struct dynamodb_response *response)
{
    struct value got;
    char brief[4096];
    size_t used = area.used;
    if (json_parse(response->body, &area, &got, NULL) != STATUS_OK ||
        response->http_status != 500 ||
        !text_starts(short_form(&got, brief, sizeof brief), TEXT("InternalServerError: "))) {
        fail_msg("%s:%d: memory ended, but the answer is %d %.*s", r->row->file, r->line,
                 response->http_status, (int)response->body.size, response->body.at);
    }
    area.used = used;
    if (account_hash(d, r->now) != before) {
        fail_msg("%s:%d: memory ended, and the account has changed", r->row->file, r->line);
    }
}

/* Makes a call with less memory than it needs, until it has enough. Returns how often it had not.
 */
static int call_in_small_area(struct dynamodb *d, const struct request *r,
                              struct dynamodb_response *response)
{
    uint64_t before = account_hash(d, r->now);
    size_t size = 0;
    int times = 0;
    for (bool ended = true; ended; times += ended) {
        wanted = 0;
        d->area.size = size;
        call(d, r, response);
        d->area.size = API_AREA_BYTES;
        ended = wanted > 0 || response->http_status == 500;
        /* Where the document did not fit nothing was taken; what is next takes several times it. */
        size = wanted > 0 ? wanted : 2 * size + 16;
        if (ended) {
            check_refused(d, r, before, response);
        }
    }
    return times;
}

/* Makes a call with one allocation refused, each in its turn, until none is left. */
static int call_with_refusals(struct dynamodb *d, const struct request *r,
                              struct dynamodb_response *response)
{
    uint64_t before = account_hash(d, r->now);
    int times = 0;
    for (bool ended = true; ended; times += ended) {
        refused = (uint32_t)times + 1;
        call(d, r, response);
        ended = refused == 0;
        refused = 0;
        if (ended) {
            check_refused(d, r, before, response);
        }
    }
    return times;
}

static int call_once(struct dynamodb *d, const struct request *r,
                     struct dynamodb_response *response)
{
    call(d, r, response);
    return 1;
}

/* Runs a case, each call by `make`. Returns the sum of what that returned. */
static int run(const struct row *row,
               int (*make)(struct dynamodb *, const struct request *, struct dynamodb_response *))
{
    bool limited = text_equal(text_from(row->file), TEXT("limits.txt"));
    struct dynamodb *d = limited ? limited_account() : account_open(STREAM_NONE);
    struct text lines = row->lines;
    struct text entry;
    struct request r = {.row = row, .line = row->line, .now = ACCOUNT_START};
    int sum = 0;
    area.used = 0;
    while (next_entry(&lines, &r.line, &entry)) {
        struct duration passes;
        struct dynamodb_response response;
        r.operation = first_word(entry, &r.body);
        if (text_equal(r.operation, TEXT("+"))) {
            assert_int_equal(duration_parse(r.body, &passes, NULL), STATUS_OK);
            r.now = instant_add(r.now, passes);
            continue;
        }
        sum += make(d, &r, &response);
        int asked = r.line;
        if (!next_entry(&lines, &r.line, &entry)) {
            fail_msg("%s:%d: no answer is expected", row->file, asked);
        }
        check_answer(row, asked, entry, &response);
    }
    assert_int_equal(dynamodb_close(d, NULL), STATUS_OK);
    return sum;
}

static void run_case(void **state)
{
    assert_true(run(*state, call_once) > 0);
}

static void run_case_refused(void **state)
{
    assert_true(run(*state, call_in_small_area) > 0);
    assert_true(run(*state, call_with_refusals) > 0);
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
            (void)snprintf(row->refused_name, sizeof row->refused_name, "%s (memory ends)",
                           row->name);
            cases_add(cases, row->name, run_case, row);
            cases_add(cases, row->refused_name, run_case_refused, row);
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

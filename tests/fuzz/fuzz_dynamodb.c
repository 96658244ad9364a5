/* fuzz_dynamodb.c: any lines at all as requests to an account.
 *
 * Each line is an operation's name, a blank and a body, as in tests/api/. They go to one account
 * with three tables, one after the other, a second apart. Checked beyond memory: the answer is
 * JSON, its status is 200, or 400 with a type and a message; nothing else, and never an assertion.
 */
#include "model/api/dynamodb.h"
#include "model/api/json.h"
#include "sim/assert.h"
#include "sim/memory.h"

enum { AREA_BYTES = 64 << 20, REQUESTS_MAX = 16, SECONDS_START = 1700000000 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct table_config tables[] = {
    {.name = "table",
     .hash_key = {"pk", TYPE_S},
     .range_key = {"sk", TYPE_S},
     .items_max = 1000,
     .cache_bytes = 1 << 20,
     .indexes_count = 1,
     .indexes = {{.name = "gsi", .hash_key = {"g", TYPE_S}, .range_key = {"r", TYPE_S}}}},
    {.name = "plain",
     .hash_key = {"pk", TYPE_S},
     .rcu = 1,
     .wcu = 1,
     .items_max = 1000,
     .cache_bytes = 1 << 20,
     .stream = STREAM_NEW_AND_OLD_IMAGES                                                },
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
                  .projection = PROJECTION_KEYS_ONLY}}                                  },
};

static struct dynamodb *account(struct instant now)
{
    static const struct dynamodb_config config = {
        .items_max = 1000, .cache_bytes = 1 << 20, .history = {NS_PER_S}};
    struct error error;
    struct dynamodb *d = dynamodb_open(&config, &error);
    ASSERT(d != NULL);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        ASSERT(dynamodb_add_table(d, now, &tables[i], &error) == STATUS_OK);
    }
    return d;
}

/* The next line; false where there is none. */
static bool next_line(struct text *rest, struct text *line)
{
    if (rest->size == 0) {
        return false;
    }
    const char *end = memchr(rest->at, '\n', rest->size);
    size_t size = end == NULL ? rest->size : (size_t)(end - rest->at);
    size_t used = size + (end != NULL);
    *line = (struct text){rest->at, size};
    *rest = (struct text){rest->at + used, rest->size - used};
    return true;
}

static void check_answer(const struct dynamodb_response *response, struct memory_area *area)
{
    struct value body;
    struct value member;
    struct error error;
    area->used = 0;
    ASSERT(json_parse(response->body, area, &body, &error) == STATUS_OK && body.type == TYPE_M);
    struct item object = {body.bytes};
    ASSERT(response->http_status == 200 || response->http_status == 400);
    ASSERT((response->http_status == 400) == item_get(object, TEXT("__type"), &member));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct memory_area area;
    struct text rest = {size > 0 ? (const char *)bytes : "", size};
    struct text line;
    struct instant now = {SECONDS_START * NS_PER_S};
    ASSERT(area.base != NULL || memory_area_init(&area, AREA_BYTES));
    struct dynamodb *d = account(now);
    for (int i = 0; i < REQUESTS_MAX && next_line(&rest, &line); i++) {
        struct dynamodb_response response;
        const char *blank = memchr(line.at, ' ', line.size);
        size_t name = blank == NULL ? line.size : (size_t)(blank - line.at);
        size_t body = blank == NULL ? line.size : name + 1;
        now.ns += NS_PER_S;
        dynamodb_call(d, now, (struct text){line.at, name},
                      (struct text){line.at + body, line.size - body}, &response);
        check_answer(&response, &area);
    }
    ASSERT(dynamodb_close(d, NULL) == STATUS_OK);
    return 0;
}

/* fuzz_dynamodb.c: any lines at all as requests to an account.
 *
 * The lines go to one account (tests/account.h), one after the other, a second apart. Checked
 * beyond memory: the answer is JSON, its status is 200, or 400 with a type and a message; nothing
 * else, and never an assertion.
 */
#include "model/api/json.h"
#include "sim/memory.h"
#include "tests/account.h"

enum { AREA_BYTES = 64 << 20, REQUESTS_MAX = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

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
    struct instant now = ACCOUNT_START;
    ASSERT(area.base != NULL || memory_area_init(&area, AREA_BYTES));
    struct dynamodb *d = account_open(STREAM_NEW_AND_OLD_IMAGES);
    for (int i = 0; i < REQUESTS_MAX && next_line(&rest, &line); i++) {
        struct dynamodb_response response;
        struct text body;
        struct text operation = first_word(line, &body);
        now.ns += NS_PER_S;
        dynamodb_call(d, now, operation, body, &response);
        check_answer(&response, &area);
    }
    ASSERT(dynamodb_close(d, NULL) == STATUS_OK);
    return 0;
}

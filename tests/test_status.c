/* test_status.c: statuses and their messages: set, put into context, cut where they are full. */
#include "sim/status.h"
#include "tests/cases.h"

#include <string.h>

static void test_every_status_has_its_text(void **state)
{
    (void)state;
    static const char *const texts[] = {
#define STATUS_EXPECTED(name, text) (text),
        STATUS_MAP(STATUS_EXPECTED)
#undef STATUS_EXPECTED
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_string_equal(status_text((enum status)i), texts[i]);
    }
    assert_string_equal(status_text(STATUS_DIVERGED), "the run is not the recorded one");
}

static void test_message_with_context(void **state)
{
    (void)state;
    struct error error;
    assert_int_equal(error_set(&error, STATUS_IO, "%s: line %d", "lock", 12), STATUS_IO);
    assert_string_equal(error.message, "lock: line 12");
    assert_int_equal(error.status, STATUS_IO);
    error_prefix(&error, "%s", "scenarios/a.yaml");
    error_prefix(&error, "run %d", 3);
    assert_string_equal(error.message, "run 3: scenarios/a.yaml: lock: line 12");
}

static void test_no_error_is_fine(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, STATUS_FULL, "%d", 1), STATUS_FULL);
    error_prefix(NULL, "context");
}

/* All sizes of context, until the message is cut away. */
static void test_long_messages_are_cut(void **state)
{
    (void)state;
    struct error error;
    char context[600];
    for (size_t size = 0; size < sizeof context; size++) {
        memset(context, 'c', size);
        context[size] = '\0';
        (void)error_set(&error, STATUS_IO, "%s", "reason");
        error_prefix(&error, "%s", context);
        size_t whole = size + strlen(": reason");
        size_t most = sizeof error.message - 1;
        assert_int_equal(strlen(error.message), whole < most ? whole : most);
        if (whole <= most) {
            assert_string_equal(error.message + size, ": reason");
        }
    }
    context[sizeof context - 1] = '\0';
    (void)error_set(&error, STATUS_IO, "%s", context);
    assert_int_equal(strlen(error.message), sizeof error.message - 1);
}

int main(void)
{
    struct cases cases = {0};
    CASES_ADD(&cases, test_every_status_has_its_text);
    CASES_ADD(&cases, test_message_with_context);
    CASES_ADD(&cases, test_no_error_is_fine);
    CASES_ADD(&cases, test_long_messages_are_cut);
    return cases_run("status", &cases);
}

/* test_fields.c: the table of fields is whole and consistent, and each default can be written and
 * read again.
 *
 * Every row is a test of its own for the round trip; the rest looks at the table as a whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "tools/fields.h"

static struct scenario defaults;

/* Scenario with one default element in every list. */
static int set_up(void **state)
{
    (void)state;
    scenario_init(&defaults);
    for (size_t i = 0; field_list_at(i) != NULL; i++) {
        assert_true(field_list_add(field_list_at(i), &defaults));
    }
    return 0;
}

static struct text put(const struct field *field, const struct scenario *s, char *room, size_t size)
{
    struct text_writer w = text_writer(room, size);
    field_put(field, s, 0, &w);
    assert_false(w.overflowed);
    return text_written(&w);
}

/* What is written is read as the same; nothing else of the scenario is touched. */
static void test_round_trip(void **state)
{
    const struct field *field = *state;
    static struct scenario again;
    char once[512], twice[512];
    struct error error = {.message = ""};
    struct text written = put(field, &defaults, once, sizeof once);
    if (field->required || field->type == FIELD_DATE || field->type == FIELD_FAULT) {
        written = TEXT("2026-01-29"); /* has no default that is valid */
        written = field->type == FIELD_INTEGER ? TEXT("7") : written;
        written = field->type == FIELD_COMMAND ? TEXT("check-locks --clear-expired") : written;
    }
    again = defaults;
    enum status status = field_set(field, &again, 0, written, &error);
    assert_string_equal(error.message, "");
    assert_int_equal(status, STATUS_OK);
    struct text second = put(field, &again, twice, sizeof twice);
    assert_int_equal(second.size, written.size);
    assert_memory_equal(second.at, written.at, written.size);
    if (written.at == once && field->type != FIELD_TEXT) { /* a text is a view of what was read */
        assert_memory_equal(&again, &defaults, sizeof again);
    }
}

static void test_keys_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < fields_count(); i++) {
        assert_ptr_equal(field_find(text_from(field_at(i)->key)), field_at(i));
    }
}

static void test_each_field_is_documented_in_a_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < fields_count(); i++) {
        struct text text = text_from(field_at(i)->text);
        assert_true(text.size > 5 && text.at[text.size - 1] == '.');
        assert_true(text.at[0] >= 'A' && text.at[0] <= 'Z');
    }
}

static void test_defaults_are_within_their_ranges(void **state)
{
    (void)state;
    for (size_t i = 0; i < fields_count(); i++) {
        const struct field *field = field_at(i);
        assert_true(field->least <= field->most || field->type == FIELD_FAULT);
    }
}

/* Every group of a key, and no other, is told about; fields of a group stand together. */
static void test_groups_are_those_of_the_keys(void **state)
{
    (void)state;
    for (size_t i = 0; field_group_at(i) != NULL; i++) {
        assert_true(field_group_exists(text_from(field_group_at(i)->key)));
    }
    for (size_t i = 0; i < fields_count(); i++) {
        const char *key = field_at(i)->key;
        const char *dot = strchr(key, '.');
        bool found = dot == NULL || field_list_of(field_at(i)) != NULL;
        for (size_t g = 0; !found && field_group_at(g) != NULL; g++) {
            found = text_equal(text_from(field_group_at(g)->key),
                               (struct text){key, (size_t)(dot - key)});
        }
        assert_true(found);
    }
}

/* Each latency of scenario.h can be set. */
static void test_every_latency_has_a_field(void **state)
{
    (void)state;
#define X(call)                                                                                    \
    assert_non_null(field_find(TEXT("latency." #call)));                                           \
    assert_int_equal(field_find(TEXT("latency." #call))->offset,                                   \
                     offsetof(struct scenario, latency.call));
    LATENCY_MAP(X)
#undef X
}

static void test_lists_fill_up(void **state)
{
    (void)state;
    static struct scenario s;
    for (size_t i = 0; field_list_at(i) != NULL; i++) {
        const struct field_list *list = field_list_at(i);
        scenario_init(&s);
        for (uint32_t n = 0; n < list->most; n++) {
            assert_true(field_list_add(list, &s));
        }
        assert_false(field_list_add(list, &s));
    }
}

static void test_sizes_are_written_exactly(void **state)
{
    (void)state;

    static const struct {
        int64_t bytes;
        const char *text;
    } sizes[] = {
        {3670016,  "3.5MB"  },
        {10485760, "10MB"   },
        {262144,   "0.25MB" },
        {1,        "1B"     },
        {104858,   "104858B"},
        {0,        "0MB"    },
        {1310720,  "1.25MB" },
    };
    const struct field *field = field_find(TEXT("pipeline.expected_size"));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char room[64];
        defaults.expected_size = sizes[i].bytes;
        struct text text = put(field, &defaults, room, sizeof room);
        assert_int_equal(text.size, strlen(sizes[i].text));
        assert_memory_equal(text.at, sizes[i].text, text.size);
    }
    (void)set_up(NULL);
}

static void test_nothing_is_stored_where_a_value_is_refused(void **state)
{
    (void)state;
    static struct scenario s;
    s = defaults;
    for (size_t i = 0; i < fields_count(); i++) {
        struct error error = {.message = ""};
        if (field_at(i)->type == FIELD_TEXT || field_at(i)->type == FIELD_FAULT) {
            continue;
        }
        assert_int_equal(field_set(field_at(i), &s, 0, TEXT("\xC3\xA4"), &error), STATUS_BAD_INPUT);
        assert_true(strlen(error.message) > 10);
        assert_memory_equal(&s, &defaults, sizeof s);
    }
}

static const struct CMUnitTest stories[] = {
    cmocka_unit_test(test_keys_are_unique),
    cmocka_unit_test(test_each_field_is_documented_in_a_sentence),
    cmocka_unit_test(test_defaults_are_within_their_ranges),
    cmocka_unit_test(test_groups_are_those_of_the_keys),
    cmocka_unit_test(test_every_latency_has_a_field),
    cmocka_unit_test(test_lists_fill_up),
    cmocka_unit_test(test_sizes_are_written_exactly),
    cmocka_unit_test(test_nothing_is_stored_where_a_value_is_refused),
};

int main(void)
{
    enum { TESTS_MAX = 256, STORIES = sizeof stories / sizeof stories[0] };
    static struct CMUnitTest tests[TESTS_MAX];
    size_t count = fields_count();
    ASSERT(count + STORIES <= TESTS_MAX);
    for (size_t i = 0; i < count; i++) {
        tests[i] = (struct CMUnitTest){.name = field_at(i)->key,
                                       .test_func = test_round_trip,
                                       .initial_state = (void *)field_at(i)};
    }
    memcpy(tests + count, stories, sizeof stories);
    return _cmocka_run_group_tests("fields", tests, count + STORIES, set_up, NULL);
}

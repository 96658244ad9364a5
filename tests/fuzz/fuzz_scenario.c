/* fuzz_scenario.c: any bytes at all as a scenario. libFuzzer's entry; `make fuzz` runs it, and
 * tests/test_fuzz_scenario.c replays the corpus in every ordinary test run.
 *
 * The input is a scenario; after a first NUL byte follow assignments, each ended by NUL or the end.
 * What is checked beyond memory: diagnostics are printable and in order, and a scenario without
 * errors can be written field by field and read back the same, and as a file of its own, each of
 * its cases, too.
 */
#include "sim/unicode.h"
#include "tests/same_scenario.h"
#include "tools/scenario_decoder.h"
#include "tools/scenario_writer.h"

#include <stdlib.h>

enum { SETS_MAX = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Splits the copy at its NULs. Returns the number of assignments; *yaml is what comes first. */
static size_t split(char *copy, size_t size, struct text *yaml, const char *sets[SETS_MAX])
{
    size_t count = 0;
    yaml->at = copy;
    yaml->size = strnlen(copy, size);
    for (size_t at = yaml->size + 1; at < size && count < SETS_MAX; count++) {
        sets[count] = copy + at;
        at += strlen(copy + at) + 1;
    }
    return count;
}

static void check_diagnostics(const struct diagnostics *d)
{
    static char room[DIAGNOSTICS_TEXT];
    struct text_writer w = text_writer(room, sizeof room);
    diagnostics_put(d, &w);
    ASSERT(!w.overflowed && (w.size > 0) == (d->total > 0));
    ASSERT(utf8_valid(text_written(&w)) == w.size);
    for (size_t i = 0; i < w.size; i++) {
        ASSERT(room[i] == '\n' || (unsigned char)room[i] >= ' ');
    }
}

/* Each field outside of lists, written and read again, is written the same. */
static void check_fields(const struct scenario *scenario)
{
    static struct scenario again;
    static char once[1 << 21], twice[1 << 21];
    again = *scenario;
    for (size_t i = 0; i < fields_count(); i++) {
        const struct field *field = field_at(i);
        if (field_list_of(field) != NULL) {
            continue;
        }
        struct text_writer w = text_writer(once, sizeof once);
        field_put(field, scenario, 0, &w);
        ASSERT(field_set(field, &again, 0, text_written(&w), NULL) == STATUS_OK);
        struct text_writer w2 = text_writer(twice, sizeof twice);
        field_put(field, &again, 0, &w2);
        ASSERT(text_equal(text_written(&w), text_written(&w2)));
    }
}

/* What is written of a scenario without errors is the same scenario. */
static void check_written(const struct scenario *scenario)
{
    static struct scenario expected, again;
    static struct diagnostics diagnostics;
    static char room[SCENARIO_BYTES_MAX];
    struct text_writer w = text_writer(room, sizeof room);
    scenario_write(scenario, scenario->description, &w);
    if (w.overflowed) {
        return;
    }
    struct source file = {TEXT("written"), text_written(&w)};
    struct document *d = scenario_decode(&file, NULL, 0, &again, &diagnostics);
    if (d != NULL) {
        expected = *scenario;
        make_own(&expected);
        ASSERT(diagnostics.total == 0);
        ASSERT(scenarios_difference(&expected, &again) == NULL);
    }
    document_destroy(d);
}

/* Each case of a scenario without errors: decoded, it is the case; or there are complaints. */
static void check_cases(const struct source *file, const char *const *sets, size_t sets_count,
                        const struct scenario *all)
{
    static struct scenario scenario;
    static struct diagnostics diagnostics;
    for (uint32_t i = 0; i < all->cases_count; i++) {
        struct text name = all->cases[i].name;
        struct document *d =
            scenario_decode_case(file, name, sets, sets_count, &scenario, &diagnostics);
        if (d != NULL) {
            check_diagnostics(&diagnostics);
        }
        if (d != NULL && diagnostics.total == 0) {
            ASSERT(text_equal(scenario.case_name, name));
            ASSERT(scenario.expectations_count <= EXPECTATIONS_MAX);
            check_fields(&scenario);
            check_written(&scenario);
        }
        document_destroy(d);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct scenario scenario;
    static struct diagnostics diagnostics;
    const char *sets[SETS_MAX];
    struct source file = {
        TEXT("fuzz"), {NULL, 0}
    };
    char *copy = malloc(size + 1);
    ASSERT(copy != NULL);
    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    copy[size] = '\0';
    size_t count = split(copy, size, &file.text, sets);
    struct document *d = scenario_decode(&file, sets, count, &scenario, &diagnostics);
    if (d != NULL) {
        check_diagnostics(&diagnostics);
    }
    if (d != NULL && diagnostics.total == 0) {
        check_fields(&scenario);
        check_written(&scenario);
        check_cases(&file, sets, count, &scenario);
    }
    document_destroy(d);
    free(copy);
    return 0;
}

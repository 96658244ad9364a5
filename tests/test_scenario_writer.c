/* test_scenario_writer.c: what is written of a scenario is short, and is read as the same scenario.
 *
 * Every scenario of the tree, and each of its cases, is written, read again and compared field by
 * field; so are scenarios with random values in random fields. A table of texts shows how each is
 * quoted, and a few whole scenarios how they look.
 */
#include "tests/cases.h"
#include "tests/same_scenario.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim/random.h"
#include "tools/input_file.h"
#include "tools/scenario_decoder.h"
#include "tools/scenario_writer.h"

static struct diagnostics diagnostics;
static char written[SCENARIO_TEXT];

static struct text write_scenario(const struct scenario *s, struct text comment)
{
    struct text_writer w = text_writer(written, sizeof written);
    scenario_write(s, comment, &w);
    assert_false(w.overflowed);
    return text_written(&w);
}

static void assert_no_complaint(void)
{
    if (diagnostics.total > 0) {
        print_error("%s\n%s\n", diagnostics.items[0].message, diagnostics.items[0].excerpt);
    }
    assert_int_equal(diagnostics.total, 0);
}

/* Written and read again, it is the same. */
static void assert_round_trip(const struct scenario *s)
{
    static struct scenario expected, again;
    struct source file = {TEXT("written"), write_scenario(s, TEXT("A comment."))};
    struct document *d = scenario_decode(&file, NULL, 0, &again, &diagnostics);
    assert_non_null(d);
    assert_no_complaint();
    expected = *s;
    make_own(&expected);
    const char *difference = scenarios_difference(&expected, &again);
    if (difference != NULL) {
        print_error("%s differs:\n%.*s\n", difference, (int)file.text.size, file.text.at);
    }
    assert_null(difference);
    document_destroy(d);
}

/* --- the scenarios of the tree --- */

static void test_scenario_file(void **state)
{
    static struct scenario all, one;
    struct source file = {
        text_from(*state), {NULL, 0}
    };
    struct error error;
    assert_int_equal(input_file_read(*state, SCENARIO_BYTES_MAX, &file.text, &error), STATUS_OK);
    struct document *d = scenario_decode(&file, NULL, 0, &all, &diagnostics);
    assert_no_complaint();
    assert_round_trip(&all);
    for (uint32_t i = 0; i < all.cases_count; i++) {
        struct document *of_case =
            scenario_decode_case(&file, all.cases[i].name, NULL, 0, &one, &diagnostics);
        assert_no_complaint();
        assert_round_trip(&one);
        document_destroy(of_case);
    }
    document_destroy(d);
    free((void *)file.text.at);
}

enum { PATHS_MAX = 500 };

/* A test of each file of a folder; returns how many there are now. */
static size_t add_folder(struct cases *cases, const char *folder, size_t count)
{
    static char paths[PATHS_MAX][300];
    DIR *directory = opendir(folder);
    ASSERT(directory != NULL); /* run from the top of the tree */
    struct dirent *entry;
    /* cppcheck-suppress readdirCalled; one thread */
    while ((entry = readdir(directory)) != NULL && count < PATHS_MAX) {
        if (entry->d_name[0] != '.') {
            (void)snprintf(paths[count], sizeof paths[count], "%s/%s", folder, entry->d_name);
            cases_add(cases, paths[count], test_scenario_file, paths[count]);
            count++;
        }
    }
    (void)closedir(directory);
    return count;
}

/* --- random scenarios --- */

static char arena[1 << 18];
static size_t arena_size;

static struct text keep(struct text text)
{
    ASSERT(arena_size + text.size <= sizeof arena);
    memcpy(arena + arena_size, text.at, text.size);
    arena_size += text.size;
    return (struct text){arena + arena_size - text.size, text.size};
}

static struct text any_of(struct random_stream *r, const char *const *pool, size_t count)
{
    return text_from(pool[random_below(r, count)]);
}

#define ANY_OF(r, pool) any_of(r, pool, sizeof(pool) / sizeof((pool)[0]))

/* What YAML could take for something else, and what must be escaped. */
static struct text random_text(struct random_stream *r)
{
    static const char *const pieces[] = {"a",
                                         "word",
                                         " ",
                                         "  ",
                                         ": ",
                                         ":",
                                         " #",
                                         "#",
                                         "'",
                                         "\"",
                                         "\\",
                                         "\n",
                                         "\t",
                                         "-",
                                         "- ",
                                         "[",
                                         "]",
                                         "{",
                                         "}",
                                         ",",
                                         "&",
                                         "*",
                                         "!",
                                         "|",
                                         ">",
                                         "%",
                                         "@",
                                         "`",
                                         "?",
                                         "~",
                                         "0",
                                         "=",
                                         "---",
                                         "\xC3\xA4",
                                         "\xC2\x85",
                                         "\xE2\x80\xA8",
                                         "\xEF\xBB\xBF",
                                         "yes",
                                         "\xC2\x80",
                                         "\xF0\x9F\x90\x98",
                                         "\xEF\xBF\xBF",
                                         "...",
                                         "null",
                                         "SELECT count(*) = 1 FROM files WHERE status = 'pending'"};
    char room[256];
    struct text_writer w = text_writer(room, sizeof room);
    uint64_t count = 1 + random_below(r, random_below(r, 4) == 0 ? 60 : 4);
    for (uint64_t i = 0; i < count; i++) {
        struct text piece = ANY_OF(r, pieces);
        if (piece.size <= w.capacity - w.size) {
            text_put(&w, piece);
        }
    }
    return keep(text_written(&w));
}

static int64_t random_amount(struct random_stream *r, const struct field *field)
{
    uint64_t span = (uint64_t)field->most - (uint64_t)field->least;
    int64_t ends[] = {field->least, field->most};
    switch (random_below(r, 3)) {
    case 0:
        return ends[random_below(r, 2)];
    case 1:
        return field->least + (int64_t)random_below(r, span < 1000 ? span + 1 : 1000);
    default:
        return field->least + (int64_t)random_below(r, span + 1);
    }
}

static void put_words(struct random_stream *r, const struct field *field, struct text_writer *w)
{
    for (size_t i = 0; field->words[i] != NULL; i++) {
        if (random_below(r, 3) == 0) {
            text_put(w, w->size > 0 ? TEXT(", ") : TEXT(""));
            text_put(w, text_from(field->words[i]));
        }
    }
    text_put(w, w->size == 0 ? TEXT("none") : TEXT(""));
}

static void put_random(struct random_stream *r, const struct field *field, struct text_writer *w)
{
    static const char *const dates[] = {"2026-01-29", "9999-99-99", "none"};
    static const char *const commands[] = {"check-locks --clear-expired",
                                           "reprocess-failed list-failed", "upload --files 3"};
    static const char *const instances[] = {"0", "7", "2.7"};
    static const char *const distributions[] = {
        "40ms", "uniform(3h, 48h)", "lognormal(1ms, 2ms)", "exponential(1us)",
        "empirical(0%: 1ms, 50%: 5ms, 99.9%: 80ms, 100%: 2s)"};
    size_t words = 0;
    while (field->words != NULL && field->words[words] != NULL) {
        words++;
    }
    int64_t amount = field->least < field->most ? random_amount(r, field) : 0;
    switch (field->type) {
    case FIELD_TEXT:
    case FIELD_FAULT:
        text_put(w, random_text(r));
        return;
    case FIELD_DATE:
        text_put(w, ANY_OF(r, dates));
        return;
    case FIELD_COMMAND:
        text_put(w, ANY_OF(r, commands));
        return;
    case FIELD_INSTANCE:
        text_put(w, ANY_OF(r, instances));
        return;
    case FIELD_DISTRIBUTION:
        text_put(w, ANY_OF(r, distributions));
        return;
    case FIELD_BOOLEAN:
        text_put(w, random_below(r, 2) == 0 ? TEXT("true") : TEXT("false"));
        return;
    case FIELD_WORD:
        text_put(w, any_of(r, field->words, words));
        return;
    case FIELD_WORDS:
        put_words(r, field, w);
        return;
    case FIELD_DURATION:
        text_put_duration(w, (struct duration){amount});
        return;
    case FIELD_INSTANT:
        text_put_instant(w, (struct instant){amount});
        return;
    case FIELD_MONEY:
        text_put_integer(w, amount / 1000000000, 0);
        text_put_char(w, '.');
        text_put_integer(w, amount % 1000000000, 9);
        text_put(w, TEXT("USD"));
        return;
    case FIELD_INTEGER:
    case FIELD_SIZE:
    case FIELD_SHARE:
        text_put_integer(w, amount, 0);
        text_put(w, field->type == FIELD_SIZE    ? TEXT("B")
                    : field->type == FIELD_SHARE ? TEXT("ppm")
                                                 : TEXT(""));
        return;
    }
}

static void set_random(struct random_stream *r, const struct field *field, struct scenario *s,
                       uint32_t index)
{
    char room[2048];
    struct text_writer w = text_writer(room, sizeof room);
    struct error error = {.message = ""};
    put_random(r, field, &w);
    enum status status = field_set(field, s, index, keep(text_written(&w)), &error);
    assert_string_equal(error.message, "");
    assert_int_equal(status, STATUS_OK);
    if (field->apply != NULL) {
        field->apply(s, field_word(field, s));
    }
}

/* Presets first, as they are read. A fault has the last kind that it is given. */
static void fill(struct random_stream *r, struct scenario *s, uint64_t one_in)
{
    scenario_init(s);
    for (size_t i = 0; field_list_at(i) != NULL; i++) {
        for (uint64_t n = 1 + random_below(r, 3); n > 0; n--) {
            (void)field_list_add(field_list_at(i), s);
        }
    }
    for (int presets = 1; presets >= 0; presets--) {
        for (size_t i = 0; i < fields_count(); i++) {
            const struct field *field = field_at(i);
            const struct field_list *list = field_list_of(field);
            uint32_t count = list == NULL ? 1 : field_list_count(list, s);
            for (uint32_t index = 0; index < count && (field->apply != NULL) == presets; index++) {
                if (field->required || field->type == FIELD_FAULT || random_below(r, one_in) == 0) {
                    set_random(r, field, s, index);
                }
            }
        }
    }
}

/* Sees to what fields demand of each other; a scenario with cases is not looked at as a whole. */
static void repair(struct scenario *s)
{
    for (uint32_t i = 0; i < s->cases_count; i++) {
        char name[16];
        struct text_writer w = text_writer(name, sizeof name);
        text_put(&w, TEXT("case "));
        text_put_integer(&w, i, 0);
        s->cases[i].name = keep(text_written(&w));
    }
    for (uint32_t i = 0; i < s->expectations_count; i++) {
        s->expectations[i].only_case = i % 2 == 0 ? s->cases[0].name : TEXT("");
    }
    s->violates &= s->violates == VIOLATES_ANY ? VIOLATES_ANY : ~s->required_invariants;
}

static void test_random_scenarios(void **state)
{
    (void)state;
    static struct scenario s;
    for (uint64_t seed = 0; seed < 400; seed++) {
        struct random_stream r = random_stream(seed, TEXT("test_scenario_writer"));
        arena_size = 0;
        fill(&r, &s, 1 + seed % 10);
        repair(&s);
        assert_round_trip(&s);
    }
}

/* --- how it looks --- */

static const struct quoting {
    const char *name, *text, *line;
} quotings[] = {
    {"plain",                           "the owner dies",       "description: the owner dies\n"      },
    {"an instant",                      "2026-01-29T08:00:00Z", "description: 2026-01-29T08:00:00Z\n"},
    {"a comment's sign within a word",  "a#b",                  "description: a#b\n"                 },
    {"a comment's sign behind a blank", "a #b",                 "description: \"a #b\"\n"            },
    {"a colon and a blank",             "a: b",                 "description: \"a: b\"\n"            },
    {"a colon at the end",              "a:",                   "description: \"a:\"\n"              },
    {"a comma",                         "a, b",                 "description: \"a, b\"\n"            },
    {"quotes",                          "he says \"no\"",       "description: 'he says \"no\"'\n"    },
    {"both quotes",                     "he's \"off\"",         "description: 'he''s \"off\"'\n"     },
    {"a line feed",                     "a\nb\"",               "description: \"a\\nb\\\"\"\n"       },
    {"a blank in front",                " a",                   "description: \" a\"\n"              },
    {"a blank behind",                  "a ",                   "description: \"a \"\n"              },
    {"letters beyond ASCII",            "\xC3\xA4",             "description: \"\xC3\xA4\"\n"        },
    {"what ends a line for YAML",       "\xE2\x80\xA8",         "description: \"\\U00002028\"\n"     },
    {"what is too long for a line",
     "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "
     "012345",                                                  "description: >-\n"
     "  0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 0123456789 "
     "012345\n"                                                                        },
};

static void test_quoting(void **state)
{
    const struct quoting *row = *state;
    static struct scenario s;
    char expected[256];
    scenario_init(&s);
    s.name = TEXT("x");
    s.description = text_from(row->text);
    (void)snprintf(expected, sizeof expected, "name: x\n%s", row->line);
    struct text_writer w = text_writer(written, sizeof written);
    scenario_write(&s, TEXT(""), &w);
    assert_string_equal(text_writer_string(&w), expected);
}

static const struct look {
    const char *name, *yaml, *comment, *expected;
} looks[] = {
    {"what is default is left out, and presets are not spelt out",
     "name: a\npipeline: {preset: dev, builder: V4, machine: M3, lock_ttl: 60s, "
     "max_files_per_manifest: 10}\n"
     "workload: [{files: 10, over: 10s, spacing: even}]\n"
     "function: {cold_start: 500ms}\ntable: {ttl_delay: 'uniform(3h, 48h)'}\nviolates: [S1, S5]\n"
     "faults: [{stall: manifest_builder, of: 2.7, at: MARK_FILE, occurrence: 5, by: 110s}]\n", "Two lines\n\nof comment.",
     "# Two lines\n#\n# of comment.\nname: a\nviolates: [S1, S5]\n"
     "pipeline: {builder: V4, machine: M3, lock_ttl: 1m}\n"
     "function: {cold_start: 500ms}\ntable: {ttl_delay: \"uniform(3h, 2d)\"}\n"
     "workload:\n  - {files: 10, over: 10s}\n"
     "faults:\n  - {stall: manifest_builder, at: MARK_FILE, of: 2.7, occurrence: 5, by: 1m50s}\n"},
    {"a group that does not fit is written in lines",
     "name: a\nworkload: [{files: 1}]\nlatency: {table_get: 1ms, table_write: 2ms, table_query: "
     "3ms, "
     "bucket_get: 4ms, bucket_put: 5ms, publish: 6ms, invoke: 7ms}\n",                         "",
     "name: a\nlatency:\n  table_get: 1ms\n  table_write: 2ms\n  table_query: 3ms\n  bucket_get: "
     "4ms\n  bucket_put: 5ms\n  publish: 6ms\n  invoke: 7ms\nworkload:\n  - {files: 1}\n"        },
};

static void test_look(void **state)
{
    const struct look *row = *state;
    static struct scenario s;
    struct source file = {TEXT("x"), text_from(row->yaml)};
    struct document *d = scenario_decode(&file, NULL, 0, &s, &diagnostics);
    assert_no_complaint();
    struct text_writer w = text_writer(written, sizeof written);
    scenario_write(&s, text_from(row->comment), &w);
    assert_string_equal(text_writer_string(&w), row->expected);
    document_destroy(d);
}

static void test_what_does_not_fit_is_told(void **state)
{
    (void)state;
    static struct scenario s;
    char room[8];
    struct text_writer w = text_writer(room, sizeof room);
    scenario_init(&s);
    s.name = TEXT("a long name");
    scenario_write(&s, TEXT(""), &w);
    assert_true(w.overflowed);
}

static void test_bad_bytes_in_a_comment(void **state)
{
    (void)state;
    static struct scenario s;
    scenario_init(&s);
    s.name = TEXT("a");
    struct text text = write_scenario(&s, TEXT("\x01\xFF\xC3\xA4\t\n"));
    assert_true(text_equal(text, TEXT("# ??\xC3\xA4?\nname: a\n")));
}

int main(void)
{
    static struct cases cases;
    static const char *const folders[] = {"scenarios/capacity", "scenarios/claims",
                                          "scenarios/incidents", "scenarios/lessons",
                                          "scenarios/regression"};
    size_t count = 0;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        count = add_folder(&cases, folders[i], count);
    }
    ASSERT(count > 100 && count < PATHS_MAX);
    CASES_ADD(&cases, test_random_scenarios);
    CASES_ADD_TABLE(&cases, test_quoting, quotings);
    CASES_ADD_TABLE(&cases, test_look, looks);
    CASES_ADD(&cases, test_what_does_not_fit_is_told);
    CASES_ADD(&cases, test_bad_bytes_in_a_comment);
    return cases_run("scenario_writer", &cases);
}

/* search_text.c: see search_text.h. */
#include "tools/search_text.h"

#include "model/pipeline/pipeline.h"
#include "sim/unicode.h"
#include "tools/report.h"
#include "tools/suggest.h"

#include <inttypes.h>
#include <stdlib.h>

/* --- kinds
 * -----------------------------------------------------------------------------------------------
 */

static const struct {
    const char *word, *text;
} kinds[] = {

#define X(name, word, text) {word, text},
    DEVIATION_GROUP_MAP(X)
#undef X
};

static enum status parse_word(struct text word, uint32_t *groups, struct error *error)
{
    struct suggestion near = suggestion(word);
    for (unsigned i = 0; i < DEVIATION_GROUPS_COUNT; i++) {
        if (text_equal(text_from(kinds[i].word), word)) {
            *groups |= UINT32_C(1) << i;
            return STATUS_OK;
        }
        suggestion_offer(&near, text_from(kinds[i].word));
    }
    return error_set(error, STATUS_BAD_INPUT, "no such kind of deviation: %s%s", shown(word).text,
                     suggestion_text(&near).text);
}

enum status search_groups_parse(const char *value, uint32_t *groups, struct error *error)
{
    struct text rest = text_from(value);
    *groups = 0;
    if (strcmp(value, "all") == 0) {
        *groups = (UINT32_C(1) << DEVIATION_GROUPS_COUNT) - 1;
        return STATUS_OK;
    }
    for (;;) {
        const char *comma = rest.size > 0 ? memchr(rest.at, ',', rest.size) : NULL;
        struct text word = {rest.at, comma == NULL ? rest.size : (size_t)(comma - rest.at)};
        enum status status = parse_word(word, groups, error);
        if (comma == NULL || status != STATUS_OK) {
            return status;
        }
        rest = (struct text){comma + 1, rest.size - word.size - 1};
    }
}

void search_put_groups(FILE *out, uint32_t groups, const char *separator, const char *quote)
{
    bool first = true;
    for (size_t i = 0; i < DEVIATION_GROUPS_COUNT; i++) {
        if ((groups >> i & 1) != 0) {
            (void)fprintf(out, "%s%s%s%s", first ? "" : separator, quote, kinds[i].word, quote);
            first = false;
        }
    }
}

void search_put_groups_help(FILE *out)
{
    for (size_t i = 0; i < DEVIATION_GROUPS_COUNT; i++) {
        (void)fprintf(out, "  %-10s %s\n", kinds[i].word, kinds[i].text);
    }
}

/* --- stories
 * -----------------------------------------------------------------------------------------------
 */

struct fault search_fault(const struct deviation_menu *menu, const struct deviation *deviation)
{
    struct task_type types[TASK_TYPES_COUNT];
    pipeline_task_types(types, 0);
    return menu_fault(menu, deviation, types);
}

void search_put_story(FILE *out, const struct deviation_menu *menu, const struct deviation *list,
                      uint64_t count, bool anchored)
{
    (void)fputs(count == 0 ? "nothing goes wrong" : "", out);
    for (uint64_t i = 0; i < count; i++) {
        char room[160];
        struct text_writer w = text_writer(room, sizeof room);
        struct fault fault = search_fault(menu, &list[i]);
        text_put_fault(&w, &fault, anchored);
        (void)fprintf(out, "%s%s", i > 0 ? " + " : "", text_writer_string(&w));
    }
}

void search_put_story_json(FILE *out, const struct deviation_menu *menu,
                           const struct deviation *list, uint64_t count)
{
    (void)fputc('[', out);
    for (uint64_t i = 0; i < count; i++) {
        char room[160];
        struct text_writer w = text_writer(room, sizeof room);
        struct fault fault = search_fault(menu, &list[i]);
        text_put_fault(&w, &fault, true);
        (void)fputs(i > 0 ? ", " : "", out);
        put_json(out, text_written(&w));
    }
    (void)fputc(']', out);
}

void search_put_faults(FILE *out, const struct subject *s, const struct deviation_menu *menu,
                       const struct deviation *list, uint64_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct fault fault = search_fault(menu, &list[i]);
        put_fault_options(out, s->scenario.faults_count + i, &fault);
    }
}

void search_put_command(FILE *out, const struct subject *s, const struct deviation_menu *menu,
                        const struct deviation *list, uint64_t count)
{
    (void)fputs("lockstep run", out);
    subject_put_arguments(out, s);
    (void)fputs(" --default", out);
    search_put_faults(out, s, menu, list, count);
}

void search_put_command_json(FILE *out, const struct subject *s, const struct deviation_menu *menu,
                             const struct deviation *list, uint64_t count)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (memory != NULL) {
        search_put_command(memory, s, menu, list, count);
        (void)fclose(memory);
    }
    put_json(out, (struct text){text, size});
    free(text);
}

/* --- worlds
 * -----------------------------------------------------------------------------------------------
 */

/* n^2 / 2^129: digits and exponent, rounded up, without floating point. */
void search_put_miss(FILE *out, uint64_t worlds)
{
    /* log10(2^129) is 38.83...; n^2 < 10^(2 * digits). */
    int digits = 1;
    for (uint64_t rest = worlds; rest >= 10; rest /= 10) {
        digits++;
    }
    (void)fprintf(out, "1e%d", 2 * digits - 38);
}

int64_t search_files(const struct scenario *s)
{
    int64_t files = 0;
    for (uint32_t i = 0; i < s->workloads_count; i++) {
        files += s->workloads[i].files;
    }
    return files;
}

int64_t search_functions(const struct scenario *s)
{
    int64_t a = s->function.reserved_concurrency;
    int64_t b = s->mapping.maximum_concurrency;
    return a == 0 || (b != 0 && b < a) ? b : a;
}

void search_put_world(FILE *out, const struct scenario *s)
{
    int64_t functions = search_functions(s);
    if (functions > 0) {
        (void)fprintf(out, "%" PRId64 " function%s, ", functions, functions == 1 ? "" : "s");
    } else {
        (void)fputs("functions without a limit, ", out);
    }
    int64_t files = search_files(s);
    (void)fprintf(out, "%" PRId64 " file%s, threshold %" PRId64, files, files == 1 ? "" : "s",
                  s->max_files_per_manifest);
}

/* The names of those that were reached, or of those that were not. */
static void put_goal_names(FILE *out, const char *title, const struct report_goals *goals,
                           bool reached)
{
    const char *separator = title;
    size_t column = 0;
    for (unsigned i = 0; i < GOALS_COUNT; i++) {
        if ((goals->reached[i] > 0) != reached) {
            continue;
        }
        const char *name = goal_name((enum goal)i);
        bool wraps = column > 0 && column + strlen(name) > 80;
        (void)fprintf(out, "%s%s", wraps ? ",\n              " : separator, name);
        column = (wraps ? 0 : column) + strlen(name) + 2;
        separator = ", ";
    }
    (void)fputs(column > 0 ? "\n" : "", out);
}

void search_put_goals(FILE *out, const struct report_goals *goals)
{
    put_goal_names(out, "  reached     ", goals, true);
    put_goal_names(out, "  unreached   ", goals, false);
    put_goals_asked(out, goals);
}

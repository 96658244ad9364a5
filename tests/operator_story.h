/* operator_story.h: a story (story.h) in which an operator runs tools, on a table that the test
 * fills.
 *
 * Calls take no time and so does the CLI unless a test says otherwise, so each tool runs within one
 * instant. What a tool printed, its exit status and the figures it told are looked up by the number
 * of its run, from 0.
 */
#ifndef LOCKSTEP_TESTS_OPERATOR_STORY_H
#define LOCKSTEP_TESTS_OPERATOR_STORY_H

#include "tests/story.h"

#define YESTERDAY TEXT("2026-01-29")

/* Of an item: text attributes, and a ttl where it is above 0. Absent where empty. */
struct put {
    struct text date, key, status, path, manifest, lock_id;
    int64_t ttl_s, padding;
};

static inline void put_item(const struct story *s, const struct put *put)
{
    static char bytes[20000];
    static char padding[16384];
    struct item_writer w = item_writer(bytes, sizeof bytes);
    struct table_reply reply;
    item_add_s(&w, TEXT("date_prefix"), put->date);
    item_add_s(&w, pipeline_range_name(story_pipeline(s)), put->key);

    const struct {
        const char *name;
        struct text text;
    } attributes[] = {
        {"status",        put->status                    },
        {"file_path",     put->path                      },
        {"manifest_path", put->manifest                  },
        {"lock_id",       put->lock_id                   },
        {"padding",       {padding, (size_t)put->padding}},
    };

    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        if (attributes[i].text.size > 0) {
            item_add_s(&w, text_from(attributes[i].name), attributes[i].text);
        }
    }
    if (put->ttl_s > 0) {
        item_add_n(&w, TEXT("ttl"), put->ttl_s);
    }
    struct cloud *c = story_cloud(s);
    assert_int_equal(table_put(c->table, cloud_now(c), item_written(&w), NULL, NULL, &reply),
                     TABLE_OK);
}

/* `count` file records of a date, f0001 and on. */
static inline void put_files(const struct story *s, int64_t count, struct text date,
                             struct text status, int64_t padding)
{
    for (int64_t i = 1; i <= count; i++) {
        char key[64], path[128];
        struct text_writer k = text_writer(key, sizeof key);
        struct text_writer p = text_writer(path, sizeof path);
        text_put(&k, TEXT("f"));
        text_put_integer(&k, i, 4);
        text_put(&k, TEXT(".ndjson"));
        text_put(&p, TEXT("s3://" INPUT_BUCKET "/pipeline/input/"));
        text_put(&p, text_written(&k));
        put_item(s, &(struct put){.date = date,
                                  .key = text_written(&k),
                                  .status = status,
                                  .path = text_written(&p),
                                  .padding = padding});
    }
}

static inline void put_lock(const struct story *s, struct text key, int64_t ttl_s)
{
    put_item(s, &(struct put){.date = key,
                              .key = TEXT("LOCK"),
                              .lock_id = TEXT("[$LATEST]environment-0001_1"),
                              .ttl_s = ttl_s});
}

static inline void operator_story_init(struct story *s)
{
    story_init(s);
    s->scenario.cli.call_time = (struct duration){0};
    s->scenario.limits.files = 2000;
}

/* A row of the scenario: before story_begin. */
static inline struct operator_row *story_operator(struct story *s, int64_t at_ms, const char *line)
{
    struct operator_row *row = &s->scenario.operators[s->scenario.operators_count++];
    *row = (struct operator_row){.at = duration_ms(at_ms), .run = text_from(line)};
    return row;
}

/* Runs a tool to its end, now, with nothing of the scenario. */
static inline void operate_with(struct story *s, const char *line, enum answer answer)
{
    struct operator_command command;
    struct operator_unknown unknown = {.known = NULL};
    struct pipeline *p = story_pipeline(s);
    uint64_t number = run_operator_runs_count(s->run);
    assert_int_equal(operator_parse(text_from(line), &command, &unknown, NULL), STATUS_OK);
    assert_true(operator_start(p, &command, text_from(line), answer, (struct duration){0}));
    while (run_operator_runs_count(s->run) == number || !p->history.operators[number].ended) {
        assert_true(story_step(s));
    }
}

static inline void operate(struct story *s, const char *line)
{
    operate_with(s, line, ANSWER_NONE);
}

static inline struct operator_run_row tool_row(const struct story *s, uint64_t run)
{
    struct operator_run_row row;
    assert_true(run < run_operator_runs_count(s->run));
    run_operator_run(s->run, run, &row);
    return row;
}

static inline bool output_has(const struct story *s, uint64_t run, const char *text)
{
    struct text output = tool_row(s, run).output;
    size_t size = strlen(text);
    for (size_t i = 0; i + size <= output.size; i++) {
        if (memcmp(output.at + i, text, size) == 0) {
            return true;
        }
    }
    return false;
}

#define assert_says(s, run, text)                                                                  \
    do {                                                                                           \
        struct operator_run_row said = tool_row(s, run);                                           \
        if (!output_has(s, run, text)) {                                                           \
            fail_msg("nothing of \"%s\" in:\n%.*s", text, (int)said.output.size, said.output.at);  \
        }                                                                                          \
    } while (0)

#define assert_silent(s, run, text) assert_false(output_has(s, run, text))

#define assert_exit(s, run, status) assert_int_equal(tool_row(s, run).exit_status, status)

/* What a run told of a figure, and what was true; false where it told nothing. */
static inline bool figure_of(const struct story *s, uint64_t run, const char *name,
                             struct operator_figure_row *row)
{
    for (uint64_t i = 0; i < run_operator_figures_count(s->run); i++) {
        run_operator_figure(s->run, i, row);
        if (row->run == (int64_t)run + 1 && text_equal(row->name, text_from(name))) {
            return true;
        }
    }
    return false;
}

#define assert_figure(s, run, name, told, so)                                                      \
    do {                                                                                           \
        struct operator_figure_row row_of_it = {0};                                                \
        assert_true(figure_of(s, run, name, &row_of_it));                                          \
        assert_int_equal(row_of_it.shown, told);                                                   \
        assert_int_equal(row_of_it.truth, so);                                                     \
    } while (0)

#endif

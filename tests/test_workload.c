/* test_workload.c: when files arrive, under which names, and how their events call them. */
#include "tests/story.h"

static struct story s;

static struct file_row file(uint64_t ordinal)
{
    struct file_row row = {0};
    assert_true(ordinal <= run_files_count(s.run));
    run_file(s.run, ordinal - 1, &row);
    return row;
}

static void even_files_are_equally_far_apart(void **state)
{
    (void)state;
    story_init(&s);
    story_files(&s, 7, 100, duration_s(70));
    story_begin(&s);
    (void)story_finish(&s);
    for (uint64_t i = 1; i <= 7; i++) {
        assert_number(story_ms(&s, file(i).arrived_at), 100000 + ((int64_t)i - 1) * 10000);
    }
    story_end(&s);
}

static void uniform_files_each_come_in_their_own_share(void **state)
{
    (void)state;
    bool early = false;
    bool late = false;
    story_init(&s);
    story_files(&s, 60, 0, duration_s(60));
    s.scenario.workloads[0].spacing = SPACING_UNIFORM;
    story_begin_seeded(&s, 1);
    (void)story_finish(&s);
    for (uint64_t i = 1; i <= 60; i++) {
        int64_t into_share = story_ms(&s, file(i).arrived_at) - ((int64_t)i - 1) * 1000;
        assert_true(into_share >= 0 && into_share <= 1000);
        early |= into_share < 200;
        late |= into_share > 800;
    }
    assert_true(early && late);
    story_end(&s);
}

static void poisson_files_have_exponential_gaps_of_the_same_mean(void **state)
{
    (void)state;
    story_init(&s);
    story_files(&s, 2000, 0, duration_s(2000));
    s.scenario.workloads[0].spacing = SPACING_POISSON;
    s.scenario.max_files_per_manifest = 100000;
    story_begin_seeded(&s, 1);
    story_cloud(&s)->event_source.enabled = false;
    (void)story_finish(&s);
    int64_t longer = 0;
    int64_t before_ms = 0;
    for (uint64_t i = 1; i <= 2000; i++) {
        int64_t at_ms = story_ms(&s, file(i).arrived_at);
        assert_true(at_ms >= before_ms);
        longer += at_ms - before_ms > 1000;
        before_ms = at_ms;
    }
    /* The last comes after 2000 gaps of 1 s: 2000 s, standard deviation 45 s. A gap is longer than
     * its mean with probability 1/e: 736 of 2000, standard deviation 22. */
    assert_in_range(before_ms, 1800 * 1000, 2200 * 1000);
    assert_in_range(longer, 640, 830);
    story_end(&s);
}

static void files_are_numbered_over_all_entries(void **state)
{
    (void)state;
    story_init(&s);
    story_files(&s, 2, 0, (struct duration){0});
    story_files(&s, 1, 10, (struct duration){0});
    s.scenario.workloads[1].date = TEXT("2026-01-31");
    s.scenario.workloads[1].prefix = TEXT("pipeline/input/more/");
    s.scenario.workloads[1].size = 5 << 20;
    story_begin(&s);
    (void)story_finish(&s);
    assert_text(file(1).key, "pipeline/input/2026-01-30-f0001.ndjson");
    assert_text(file(2).key, "pipeline/input/2026-01-30-f0002.ndjson");
    assert_text(file(3).key, "pipeline/input/more/2026-01-31-f0003.ndjson");
    assert_number(file(3).size, 5 << 20);
    story_end(&s);
}

static void a_file_without_a_date_is_named_by_the_day_it_arrives(void **state)
{
    (void)state;
    story_init(&s);
    s.scenario.start = (struct instant){(INT64_C(1769749200) + 19 * 3600 - 1) * NS_PER_S};
    story_files(&s, 2, 0, duration_s(2)); /* 23:59:59 and 00:00:00 */
    story_begin(&s);
    (void)story_finish(&s);
    assert_text(file(1).key, "pipeline/input/2026-01-30-f0001.ndjson");
    assert_text(file(2).key, "pipeline/input/2026-01-31-f0002.ndjson");
    story_end(&s);
}

/* --- names
 * ------------------------------------------------------------------------------------------------
 */

/* Numbers that come again: the same key, or the same name in another folder. The others' count goes
 * on as if they had not been. */
static void a_first_number_lets_names_come_again(void **state)
{
    (void)state;
    story_init(&s);
    story_files(&s, 2, 0, (struct duration){0});
    story_files(&s, 1, 10, (struct duration){0});
    s.scenario.workloads[1].number = 2;
    story_files(&s, 2, 20, (struct duration){0});
    s.scenario.workloads[2].number = 2;
    s.scenario.workloads[2].prefix = TEXT("pipeline/input/other/");
    story_files(&s, 1, 30, (struct duration){0});
    story_begin(&s);
    (void)story_finish(&s);
    assert_number(run_files_count(s.run), 5);
    assert_text(file(1).key, "pipeline/input/2026-01-30-f0001.ndjson");
    assert_text(file(2).key, "pipeline/input/2026-01-30-f0002.ndjson");
    assert_number(story_ms(&s, file(1).arrived_at), 0);
    assert_number(story_ms(&s, file(2).arrived_at), 10 * 1000);
    assert_text(file(3).key, "pipeline/input/other/2026-01-30-f0002.ndjson");
    assert_text(file(4).key, "pipeline/input/other/2026-01-30-f0003.ndjson");
    assert_text(file(5).key, "pipeline/input/2026-01-30-f0003.ndjson");
    story_end(&s);
}

/* PIPE-TRACK-1, PIPE-TRACK-2: ten files that are uploaded again after their job. */
static void files_uploaded_again_are_processed_again_up_to_v4(void **state)
{
    (void)state;
    for (enum builder builder = BUILDER_V4; builder <= BUILDER_V5; builder++) {
        story_init(&s);
        scenario_apply_builder(&s.scenario, builder);
        story_files(&s, 10, 0, (struct duration){0});
        story_files(&s, 10, 1000, (struct duration){0});
        s.scenario.workloads[1].number = 1;
        story_begin(&s);
        struct summary summary = story_finish(&s);
        assert_number(summary.files.arrived, 10);
        assert_number(summary.files.tracked, builder == BUILDER_V4 ? 10 : 0); /* V5: not again */
        assert_number(summary.messages.deleted, 20);
        assert_number(summary.executions.started, builder == BUILDER_V4 ? 2 : 1);
        story_end(&s);
    }
}

/* PIPE-TRACK-2: uploaded again while its record is pending, a file is not lost: the record stands
 * for what is there now. Once it is manifested, it does not. */
static void a_file_uploaded_again_before_its_manifest_is_not_lost(void **state)
{
    (void)state;
    for (int64_t late = 0; late < 2; late++) {
        story_init(&s);
        scenario_apply_builder(&s.scenario, BUILDER_V5);
        story_files(&s, 9, 0, (struct duration){0});
        story_files(&s, 1, late ? 1000 : 10, (struct duration){0});
        s.scenario.workloads[1].number = 1;
        story_files(&s, 1, 20, (struct duration){0});
        story_begin(&s);
        struct summary summary = story_finish(&s);
        assert_number(summary.files.arrived, 10);
        assert_number(summary.files.tracked, 10 - late);
        assert_number(summary.files.manifested, 10 - late);
        assert_number(summary.executions.started, 1);
        assert_number(story_violations(&s, INVARIANT_S3), late);
        story_end(&s);
    }
}

/* PIPE-RECORDS-1: two folders, one name, one date, one record: up to V4 it is the later file's. */
static void files_of_one_name_in_two_folders_share_a_record(void **state)
{
    (void)state;
    for (enum builder builder = BUILDER_V4; builder <= BUILDER_V5; builder++) {
        struct item item;
        story_init(&s);
        scenario_apply_builder(&s.scenario, builder);
        story_files(&s, 1, 0, (struct duration){0});
        story_files(&s, 1, 10, (struct duration){0});
        s.scenario.workloads[0].name = TEXT("2026-01-30-data.ndjson");
        s.scenario.workloads[1].name = TEXT("2026-01-30-data.ndjson");
        s.scenario.workloads[1].prefix = TEXT("pipeline/input/b/");
        story_begin(&s);
        (void)story_finish(&s);
        assert_number(run_files_count(s.run), 2);
        assert_true(
            table_peek(story_cloud(&s)->table, TODAY, TEXT("2026-01-30-data.ndjson"), &item));
        assert_text(item_text(item, TEXT("file_path")),
                    builder == BUILDER_V4
                        ? "s3://" INPUT_BUCKET "/pipeline/input/b/2026-01-30-data.ndjson"
                        : "s3://" INPUT_BUCKET "/pipeline/input/2026-01-30-data.ndjson");
        story_end(&s);
    }
}

struct encoding_row {
    const char *name;
    const char *key, *in_event;
};

static const struct encoding_row encoding_rows[] = {
    {"letters, digits and a few signs stay", "aZ09-_.*.ndjson",             "aZ09-_.*.ndjson"               },
    {"a space is a plus",                    "a b.ndjson",                  "a+b.ndjson"                    },
    {"a plus is not",                        "a+b.ndjson",                  "a%2Bb.ndjson"                  },
    {"a per cent sign",                      "a%20b c.ndjson",              "a%2520b+c.ndjson"              },
    {"UTF-8, byte by byte",                  "\xC3\xBC\xE2\x82\xAC.ndjson", "%C3%BC%E2%82%AC.ndjson"        },
    {"other signs",                          "a=b:c@d~(e).ndjson",          "a%3Db%3Ac%40d%7E%28e%29.ndjson"},
};

/* S3-EVENT-3: the record has the key as the event does. */
static void a_key_in_its_event(void **state)
{
    const struct encoding_row *row = *state;
    char path[128];
    struct text_writer w = text_writer(path, sizeof path);
    struct item item;
    story_init(&s);
    story_files(&s, 1, 0, (struct duration){0});
    s.scenario.workloads[0].name = text_from(row->key);
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.files.pending, 1);
    assert_true(table_peek(story_cloud(&s)->table, TODAY, text_from(row->in_event), &item));
    text_put(&w, TEXT("s3://" INPUT_BUCKET "/pipeline/input/"));
    text_put(&w, text_from(row->in_event));
    assert_text(item_text(item, TEXT("file_path")), text_writer_string(&w));
    story_end(&s);
}

/* S3-EVENT-3, PIPE-GLUE-2: the job looks for the encoded key, and one such file fails all ten. */
static void a_key_that_is_encoded_is_not_found_by_the_job(void **state)
{
    (void)state;
    for (int encoded = 0; encoded < 2; encoded++) {
        story_init(&s);
        s.scenario.glue.max_retries = 0;
        story_files(&s, 9, 0, (struct duration){0});
        story_files(&s, 1, 10, (struct duration){0});
        s.scenario.workloads[1].name =
            encoded ? TEXT("2026-01-30 data.ndjson") : TEXT("2026-01-30-data.ndjson");
        story_begin(&s);
        struct summary summary = story_finish(&s);
        assert_number(summary.files.manifested, 10);
        assert_number(summary.job_runs.failed, encoded);
        assert_number(summary.parquet.objects, !encoded);
        story_end(&s);
    }
}

/* S3-EVENT-3: a name that only an event has is no object's, until one is put under it. */
static void a_name_in_an_event_may_become_a_key(void **state)
{
    (void)state;
    story_init(&s);
    story_files(&s, 1, 0, (struct duration){0});
    story_files(&s, 1, 10, (struct duration){0});
    s.scenario.workloads[0].name = TEXT("a b.ndjson");
    s.scenario.workloads[1].name = TEXT("a+b.ndjson");
    story_begin(&s);
    story_until_ms(&s, 9 * 1000);
    struct cloud *c = story_cloud(&s);
    uint32_t name = names_find(&c->names, TEXT("pipeline/input/a+b.ndjson"));
    assert_int_not_equal(name, 0);
    assert_null(bucket_find(c, BUCKET_INPUT, name));
    (void)story_finish(&s);
    const struct object *object = bucket_find(c, BUCKET_INPUT, name);
    assert_non_null(object);
    assert_number(object->puts, 1);
    assert_non_null(
        bucket_find(c, BUCKET_INPUT, names_find(&c->names, TEXT("pipeline/input/a b.ndjson"))));
    story_end(&s);
}

/* S3-EVENT-3, PIPE-ERRORS-1: nor is it found by the copy to quarantine. */
static void a_key_that_is_encoded_cannot_be_quarantined(void **state)
{
    (void)state;
    story_init(&s);
    story_files(&s, 1, 0, (struct duration){0});
    s.scenario.workloads[0].name = TEXT("a b.ndjson");
    s.scenario.workloads[0].size = 1024;
    story_begin(&s);
    struct summary summary = story_finish(&s);
    struct invocation_row invocation;
    run_invocation(s.run, 0, &invocation);
    assert_number(invocation.errors, 1);
    assert_number(summary.files.quarantined, 0);
    story_end(&s);
}

struct dated_row {
    const char *name;
    const char *date; /* of the entry */
    const char *key, *tracked;
};

static const struct dated_row dated_rows[] = {
    {"a date that never comes", "9999-99-99", "pipeline/input/9999-99-99-f0001.ndjson",
     "9999-99-99"                                                                                   },
    {"no date",                 "none",       "pipeline/input/f0001.ndjson",            "2026-01-30"},
};

/* PIPE-DATE-1 */
static void odd_dates_in_names(void **state)
{
    const struct dated_row *row = *state;
    story_init(&s);
    story_files(&s, 1, 0, (struct duration){0});
    s.scenario.workloads[0].date = text_from(row->date);
    story_begin(&s);
    (void)story_finish(&s);
    assert_text(file(1).key, row->key);
    assert_text(file(1).date, row->tracked);
    story_end(&s);
}

/* PIPE-DATE-1: without a date in the name, a delivery after midnight makes a second record. */
static void an_undated_file_that_comes_again_the_next_day_has_two_records(void **state)
{
    (void)state;
    story_init(&s);
    scenario_apply_builder(&s.scenario, BUILDER_V5);
    story_files(&s, 1, 0, (struct duration){0});
    story_files(&s, 1, 20 * 3600, (struct duration){0});
    for (int i = 0; i < 2; i++) {
        s.scenario.workloads[i].date = TEXT("none");
        s.scenario.workloads[i].number = 1;
    }
    story_begin(&s);
    story_until_ms(&s, INT64_C(20) * 3600 * 1000 - 1);
    assert_number(table_count(story_cloud(&s)->table), 1);
    (void)story_finish(&s);
    assert_true(story_has(&s, TODAY, TEXT("f0001.ndjson")));
    assert_true(story_has(&s, TEXT("2026-01-31"), TEXT("f0001.ndjson")));
    story_end(&s);
}

struct refused_row {
    const char *name;
    const char *prefix, *in_name;
    bool fits, accepted;
};

#define HUNDRED                                                                                    \
    "0123456789012345678901234567890123456789012345678901234567890123456789"                       \
    "012345678901234567890123456789"
#define THOUSAND HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED

static const struct refused_row refused_rows[] = {
    {"a key of 1024 bytes",                  THOUSAND,     "012345678901234567890123",   true,  true },
    {"a key of 1025 bytes",                  THOUSAND,     "0123456789012345678901234",  false, false},
    {"a key of 1025 bytes once encoded",     THOUSAND,     "01234567890123456789012 %%", false, false},
    {"a prefix without room for a number",   THOUSAND,     "",                           false, false},
    {"the folder of manifests",              "manifests/", "a.ndjson",                   true,  false},
    {"the folder of manifests in two parts", "manifes",    "ts/a.ndjson",                true,  false},
    {"a folder whose name begins alike",     "manifest/",  "s/a.ndjson",                 true,  true },
};

static void keys_that_are_refused(void **state)
{
    const struct refused_row *row = *state;
    struct error error = {.message = ""};
    char path[64];
    story_init(&s);
    story_files(&s, 1, 0, (struct duration){0});
    s.scenario.workloads[0].prefix = text_from(row->prefix);
    s.scenario.workloads[0].name = text_from(row->in_name);
    assert_int_equal(workload_key_fits(&s.scenario.workloads[0]), row->fits);
    assert_int_equal(scenario_validate(&s.scenario, path, &error),
                     row->accepted ? STATUS_OK : STATUS_BAD_INPUT);
    if (!row->accepted) {
        assert_string_equal(path, "workload.0.prefix");
    }
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, even_files_are_equally_far_apart);
    CASES_ADD(&cases, uniform_files_each_come_in_their_own_share);
    CASES_ADD(&cases, poisson_files_have_exponential_gaps_of_the_same_mean);
    CASES_ADD(&cases, files_are_numbered_over_all_entries);
    CASES_ADD(&cases, a_file_without_a_date_is_named_by_the_day_it_arrives);
    CASES_ADD(&cases, a_first_number_lets_names_come_again);
    CASES_ADD(&cases, files_uploaded_again_are_processed_again_up_to_v4);
    CASES_ADD(&cases, a_file_uploaded_again_before_its_manifest_is_not_lost);
    CASES_ADD(&cases, files_of_one_name_in_two_folders_share_a_record);
    CASES_ADD_TABLE(&cases, a_key_in_its_event, encoding_rows);
    CASES_ADD(&cases, a_key_that_is_encoded_is_not_found_by_the_job);
    CASES_ADD(&cases, a_name_in_an_event_may_become_a_key);
    CASES_ADD(&cases, a_key_that_is_encoded_cannot_be_quarantined);
    CASES_ADD_TABLE(&cases, odd_dates_in_names, dated_rows);
    CASES_ADD(&cases, an_undated_file_that_comes_again_the_next_day_has_two_records);
    CASES_ADD_TABLE(&cases, keys_that_are_refused, refused_rows);
    return cases_run("workload", &cases);
}

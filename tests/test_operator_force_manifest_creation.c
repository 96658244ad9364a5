/* test_operator_force_manifest_creation.c: why force-manifest-creation never works, and that it
 * would.
 */
#include "tests/operator_story.h"

static struct story s;

static void begin(enum builder builder, int64_t pending, struct text status)
{
    operator_story_init(&s);
    scenario_apply_builder(&s.scenario, builder);
    story_files(&s, 1, 86400, (struct duration){0});
    story_begin(&s);
    put_files(&s, pending, TODAY, status, 0);
}

/* Files that arrived and were tracked, but whose builders all died with the lock; it has expired.
 */
static void begin_stranded(enum builder builder, int64_t files)
{
    operator_story_init(&s);
    scenario_apply_builder(&s.scenario, builder);
    s.scenario.queue.visibility_timeout = duration_s(3600 * 12);
    s.scenario.lock_ttl = duration_s(1);
    story_fault(&s, FAULT_KILL, "manifest_builder",
                builder >= BUILDER_V6 ? "TRACK_FILE" : "ACQUIRE_LOCK", 1);
    story_last_fault(&s)->times = 0;
    story_last_fault(&s)->to = duration_s(1000);
    story_files(&s, files, 0, duration_s(600));
    story_files(&s, 1, 86400, (struct duration){0});
    (void)story_operator(&s, 1100000, "force-manifest-creation");
    (void)story_operator(&s, 1200000, "force-manifest-creation --fixed");
    story_begin(&s);
    story_until_ms(&s, 1300000);
}

static void test_below_ten_there_is_nothing_to_do(void **state)
{
    (void)state;
    begin(BUILDER_V3, 9, TEXT("pending"));
    operate(&s, "force-manifest-creation");
    assert_exit(&s, 0, 0);
    assert_says(&s, 0, "Pending files: 9\nFewer than 10 files are pending. No action needed.\n");
    assert_figure(&s, 0, "nothing to do", 1, 1);
    assert_int_equal(story_calls(&s, "INVOKE_BUILDER"), 0);
    story_end(&s);
}

/* F56: ten sharded files are none. */
static void test_shards_are_nothing_to_do(void **state)
{
    (void)state;
    begin(BUILDER_V6, 30, TEXT("pending#4"));
    operate(&s, "force-manifest-creation");
    assert_exit(&s, 0, 0);
    assert_says(&s, 0, "Pending files: 0\n");
    assert_figure(&s, 0, "nothing to do", 1, 0);
    story_end(&s);
}

/* PIPE-EVENT-1: the event has no body. The first version does not even count that. */
static const struct version_row {
    const char *name;
    enum builder builder;
    const char *answer;
} versions[] = {
    {"V0 answers 207", BUILDER_V0,
     "\"statusCode\": 207, \"body\": {\"processed\": 0, \"quarantined\": 0, \"manifests\": 0, "
     "\"errors\": 1}"},
    {"V1 answers 200", BUILDER_V1,
     "\"statusCode\": 200, \"body\": {\"processed\": 0, \"quarantined\": 0, \"manifests\": 0, "
     "\"errors\": 0}"},
    {"V2 answers 207", BUILDER_V2,
     "\"statusCode\": 207, \"body\": {\"processed\": 0, \"quarantined\": 0, \"manifests\": 0, "
     "\"errors\": 1}"},
    {"V3 answers 207", BUILDER_V3,
     "\"statusCode\": 207, \"body\": {\"processed\": 0, \"quarantined\": 0, \"manifests\": 0, "
     "\"errors\": 1}"},
    {"V5 answers 207", BUILDER_V5,
     "\"statusCode\": 207, \"body\": {\"processed\": 0, \"quarantined\": 0, \"manifests\": 0, "
     "\"errors\": 1}"},
};

static void test_a_bare_event_does_nothing(void **state)
{
    const struct version_row *row = *state;
    begin(row->builder, 30, TEXT("pending"));
    operate(&s, "force-manifest-creation");
    assert_exit(&s, 0, 0);
    assert_says(&s, 0, row->answer);
    assert_says(&s, 0, "Files processed: 0\nNo files processed. Possible causes:\n");
    assert_figure(&s, 0, "files processed", 0, 0);
    assert_int_equal(story_calls(&s, "TRACK_FILE"), 0);
    assert_int_equal(story_calls(&s, "PUT_MANIFEST"), 0);
    struct call_row invoke, recount;
    assert_true(story_call(&s, "INVOKE_BUILDER", 1, &invoke));
    assert_true(story_call(&s, "COUNT_STATUS", 2, &recount));
    assert_int_equal(instant_since(recount.sent_at, invoke.reply_at).ns, 5 * NS_PER_S);
    story_end(&s);
}

/* The lowest date's first item may be a manifest's record, whose name makes a strange key. */
static void test_the_sample_may_be_a_record(void **state)
{
    (void)state;
    begin(BUILDER_V3, 10, TEXT("pending"));
    put_item(&s, &(struct put){.date = YESTERDAY,
                               .key = TEXT("MANIFEST#batch-0001.json"),
                               .status = TEXT("pending")});
    operate(&s, "force-manifest-creation");
    assert_says(&s, 0,
                "Invoked the builder with s3://" INPUT_BUCKET
                "/pipeline/input/MANIFEST#batch-0001.json\n");
    assert_says(&s, 0, "\"errors\": 1");
    story_end(&s);
}

static void test_no_sample_is_left(void **state)
{
    (void)state;
    operator_story_init(&s);
    s.scenario.cli.call_time = duration_s(1);
    story_files(&s, 1, 86400, (struct duration){0});
    (void)story_operator(&s, 0, "force-manifest-creation");
    story_begin(&s);
    put_files(&s, 10, TODAY, TEXT("pending"), 0);
    story_until_ms(&s, 2500); /* counted at 2 s, sampled at 3 s */
    put_files(&s, 10, TODAY, TEXT("manifested"), 0);
    story_until_ms(&s, 4000);
    assert_exit(&s, 0, 1);
    assert_says(&s, 0, "No pending file found.\n");
    story_end(&s);
}

/* SDK-CLI-4: version 2 of the CLI refuses the payload, and nobody hears of it. */
static void test_the_cli_refuses_the_payload(void **state)
{
    (void)state;
    operator_story_init(&s);
    s.scenario.cli.raw_payload = false;
    story_files(&s, 1, 86400, (struct duration){0});
    story_begin(&s);
    put_files(&s, 10, TODAY, TEXT("pending"), 0);
    operate(&s, "force-manifest-creation");
    assert_exit(&s, 0, 252);
    assert_int_equal(story_calls(&s, "INVOKE_BUILDER"), 0);
    assert_silent(&s, 0, "processed");
    story_end(&s);
}

/* F47: both environments of dev are at work; three attempts, and the script ends without a word. */
static void test_it_dies_silently_where_the_function_is_busy(void **state)
{
    (void)state;
    operator_story_init(&s);
    s.scenario.function.work = duration_s(100);
    s.scenario.mapping.batch_size = 1;
    story_files(&s, 2, 0, (struct duration){0});
    story_files(&s, 1, 86400, (struct duration){0});
    story_begin(&s);
    story_until_ms(&s, 5000);
    put_files(&s, 10, TODAY, TEXT("pending"), 0);
    operate(&s, "force-manifest-creation");
    assert_exit(&s, 0, 254);
    assert_int_equal(story_calls(&s, "INVOKE_BUILDER"), 3);
    assert_silent(&s, 0, "Answer");
    assert_silent(&s, 0, "failed");
    story_end(&s);
}

/* LAMBDA-SYNC-1 */
static void test_a_function_that_fails_is_told(void **state)
{
    (void)state;
    operator_story_init(&s);
    story_fault(&s, FAULT_KILL, "manifest_builder", "TRACK_FILE", 1);
    story_files(&s, 1, 86400, (struct duration){0});
    story_begin(&s);
    uint32_t key = workload_put(story_pipeline(&s), TEXT("pipeline/input/"), TODAY, FILE_SIZE);
    assert_int_not_equal(key, 0);
    put_files(&s, 10, TODAY, TEXT("pending"), 0);
    put_item(&s, &(struct put){
                     .date = TEXT("2026-01-31"),
                     .key = TEXT("2026-01-30-f0001.ndjson"),
                     .status = TEXT("pending"),
                     .path = TEXT("s3://" INPUT_BUCKET "/pipeline/input/2026-01-30-f0001.ndjson")});
    operate(&s, "force-manifest-creation --fixed");
    assert_exit(&s, 0, 1);
    assert_says(&s, 0, "The function failed.\n");
    story_end(&s);
}

/* As it should be: one event of a real file, and all that is stranded becomes manifests. */
static void test_as_it_should_be_it_creates(void **state)
{
    (void)state;
    begin_stranded(BUILDER_V3, 25);
    assert_figure(&s, 0, "files processed", 0, 0);
    assert_exit(&s, 1, 0);
    assert_says(&s, 1,
                "Pending files: 25\nInvoked the builder with s3://" INPUT_BUCKET
                "/pipeline/input/2026-01-30-f00");
    assert_says(&s, 1, "\"processed\": 1, \"quarantined\": 0, \"manifests\": 2, \"errors\": 0");
    assert_says(&s, 1,
                "Pending files now: 5\nFiles processed: 20\nSuccess: manifests were created.\n");
    assert_figure(&s, 1, "files processed", 20, 20);
    story_end(&s);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, test_below_ten_there_is_nothing_to_do);
    CASES_ADD(&cases, test_shards_are_nothing_to_do);
    CASES_ADD_TABLE(&cases, test_a_bare_event_does_nothing, versions);
    CASES_ADD(&cases, test_the_sample_may_be_a_record);
    CASES_ADD(&cases, test_no_sample_is_left);
    CASES_ADD(&cases, test_the_cli_refuses_the_payload);
    CASES_ADD(&cases, test_it_dies_silently_where_the_function_is_busy);
    CASES_ADD(&cases, test_a_function_that_fails_is_told);
    CASES_ADD(&cases, test_as_it_should_be_it_creates);
    return cases_run("operator_force_manifest_creation (PIPE-TOOLS-4)", &cases);
}

/* test_claim_creation.c: manifests without a lock (V6, V6e): what is claimed, released, lost and
 * doubled.
 *
 * Ten files that arrive at once come as one batch to one builder, whose tenth file finds a batch
 * of ten. The matrix kills the builder right after the effect of each of its calls, looks at once,
 * and again when the messages have been redelivered. Where two builders have to meet at a file, a
 * lost request holds one of them back.
 */
#include "tests/story.h"

static struct story s;

static void begin_scenario(enum builder builder)
{
    story_init(&s);
    scenario_apply_builder(&s.scenario, builder);
}

static void ten_files(enum builder builder)
{
    begin_scenario(builder);
    story_files(&s, 10, 0, (struct duration){0});
}

/* Files whose record's status begins so. */
static int64_t files_that_are(const char *status)
{
    int64_t count = 0;
    for (uint64_t i = 0; i < run_files_count(s.run); i++) {
        struct file_row row = {0};
        run_file(s.run, i, &row);
        struct text name = text_after_last(row.key, '/');
        count += text_starts(story_status(&s, row.date, name), text_from(status));
    }
    return count;
}

/* The text of an attribute of a record; "" where there is none. */
static struct text attribute(struct text date, struct text key, struct text name)
{
    struct item item;
    return table_peek(story_cloud(&s)->table, date, key, &item) ? item_text(item, name) : TEXT("");
}

/* An effect that is taken over by a test: the first so many calls are refused. */
static int64_t refusals_left, refused_from;
static enum call_status (*honest)(struct cloud *c, struct task *caller, struct call *call);

static enum call_status refuse(struct cloud *c, struct task *caller, struct call *call)
{
    if (refused_from > 0) {
        refused_from--;
    } else if (refusals_left > 0) {
        refusals_left--;
        return CALL_INVALID;
    }
    return honest(c, caller, call);
}

/* Refuses `count` calls of an operation after the first `after`. */
static void refuse_calls(enum operation_id operation, int64_t after, int64_t count)
{
    struct operation *o = &story_pipeline(&s)->operations[operation];
    honest = o->perform;
    o->perform = refuse;
    refused_from = after;
    refusals_left = count;
}

/* --- the crash matrix (PIPE-CLAIM-2 to PIPE-CLAIM-5, LAMBDA-TIMEOUT-1)
 * ------------------------------------------------------------------------------------------------
 */

/* What is there when the builder has died after the nth call at a point, and at the end. The
 * messages come again after 360 s, and leave the records alone: only what was not claimed yet can
 * be claimed then. */
struct crash_row {
    const char *name, *point;
    enum builder builder;
    int64_t nth;
    int64_t objects, manifested;
    const char *path; /* of the first file's record; NULL: its manifest's */
    const char *record;
    int64_t executions;              /* by then, an event's aside */
    int64_t created, pending, stuck; /* at the end; stuck: manifested and not processed */
};

#define PLACEHOLDER "pending-manifest-2026-01-30-1-20260130-050001"

static const struct crash_row crash_rows[] = {
    {"a death after the last track",  "TRACK_FILE",      BUILDER_V6,  10, 0, 0,  "",          "",        0, 1, 0, 0 },
    {"a death with the files read",   "QUERY_PENDING",   BUILDER_V6,  10, 0, 0,  "",          "",        0, 1, 0, 0 },
    {"a death with 4 of 10 claimed",  "CLAIM_FILE",      BUILDER_V6,  4,  0, 4,  PLACEHOLDER, "",        0, 0, 6,
     4                                                                                                              },
    {"a death with all claimed",      "CLAIM_FILE",      BUILDER_V6,  10, 0, 10, PLACEHOLDER, "",        0, 0, 0, 10},
    {"a death with the manifest put", "PUT_MANIFEST",    BUILDER_V6,  1,  1, 10, PLACEHOLDER, "",        0, 1,
     0,                                                                                                           10},
    {"a death with 4 paths set",      "SET_PATH",        BUILDER_V6,  4,  1, 10, NULL,        "",        0, 1, 0, 10},
    {"a death with all paths set",    "SET_PATH",        BUILDER_V6,  10, 1, 10, NULL,        "",        0, 1, 0, 10},
    {"a death with it started",       "START_EXECUTION", BUILDER_V6,  1,  1, 10, NULL,        "",        1, 1, 0, 0 },
    {"a death with the event put",    "PUT_EVENTS",      BUILDER_V6E, 1,  1, 10, NULL,        "",        0, 1, 0, 0 },
    {"a death with the record put",   "PUT_RECORD",      BUILDER_V6,  1,  1, 10, NULL,        "pending", 1, 1, 0,
     0                                                                                                              },
};

static void until_killed(void)
{
    struct invocation_row row = {.outcome = TEXT("")};
    while (!text_equal(row.outcome, TEXT("killed"))) {
        assert_true(story_step(&s));
        if (run_invocations_count(s.run) > 0) {
            run_invocation(s.run, 0, &row);
        }
    }
}

static void a_crash(void **state)
{
    const struct crash_row *row = *state;
    ten_files(row->builder);
    story_fault(&s, FAULT_KILL, "manifest_builder", row->point, row->nth);
    s.scenario.workflow.start_delay = exactly(duration_ms(100));
    s.scenario.bus.delay = exactly(duration_ms(100));
    story_begin(&s);
    until_killed();
    struct summary summary;
    run_summary(s.run, &summary);
    assert_number(summary.manifests.objects, row->objects);
    assert_number(files_that_are("manifested#"), row->manifested);
    assert_number(files_that_are("pending#"), 10 - row->manifested);
    assert_text(attribute(TODAY, TEXT("2026-01-30-f0001.ndjson"), TEXT("manifest_path")),
                row->path != NULL ? row->path
                                  : "s3://" MANIFEST_BUCKET
                                    "/manifests/2026-01-30/batch-0001-20260130-050001.json");
    assert_text(story_status(&s, TODAY, FIRST_MANIFEST), row->record);
    assert_number(summary.executions.started, row->executions);
    summary = story_finish(&s);
    assert_number(summary.messages.redelivered, 10);
    assert_number(summary.manifests.created, row->created);
    assert_number(files_that_are("pending#"), row->pending);
    assert_number(story_violations(&s, INVARIANT_S3), row->stuck);
    assert_number(story_violations(&s, INVARIANT_S1), 0);
    assert_number(summary.executions.started, row->stuck == 0);
    story_end(&s);
}

/* PIPE-CLAIM-5: a death in a release leaves the rest manifested: half is lost, half is pending. */
static void a_death_in_a_release(void **state)
{
    (void)state;
    ten_files(BUILDER_V6);
    story_fault(&s, FAULT_KILL, "manifest_builder", "RELEASE_FILE", 4);
    story_begin(&s);
    refuse_calls(OPERATION_START_EXECUTION, 0, 1);
    (void)story_finish(&s);
    assert_number(files_that_are("pending#"), 4);
    assert_number(files_that_are("manifested#"), 6);
    assert_number(story_violations(&s, INVARIANT_S3), 6);
    story_end(&s);
}

/* --- claims
 * ------------------------------------------------------------------------------------------------
 */

/* Nine files, and later two at once that two builders get: both read ten pending files. */
static void two_builders(enum builder builder)
{
    begin_scenario(builder);
    s.scenario.mapping.batch_size = 1;
    story_files(&s, 9, 0, (struct duration){0});
    story_files(&s, 2, 100, (struct duration){0});
}

/* PIPE-CLAIM-2: a claim is lost by whoever is second. */
static void a_file_is_claimed_once(void **state)
{
    (void)state;
    two_builders(BUILDER_V6);
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(story_calls(&s, "CLAIM_FILE"), 20);
    assert_number(summary.manifests.created, 1);
    assert_number(summary.executions.started, 1);
    assert_number(files_that_are("pending#"), 1);
    assert_number(summary.files.duplicated, 0);
    story_end(&s);
}

/* PIPE-CLAIM-4: each has too few, both release what they have, nobody tries again. One is held
 * back at its fifth file, the other at the tenth, for the SDK's 60 s: 4 and 6. */
static void two_builders_that_split_a_batch_make_nothing_of_it(void **state)
{
    (void)state;
    two_builders(BUILDER_V6);
    story_fault(&s, FAULT_LOSE_REQUEST, "manifest_builder", "CLAIM_FILE", 9);
    story_fault(&s, FAULT_LOSE_REQUEST, "manifest_builder", "CLAIM_FILE", 15);
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(story_calls(&s, "RELEASE_FILE"), 10);
    assert_number(summary.manifests.created, 0);
    assert_number(files_that_are("pending#"), 11);
    assert_number(story_violations(&s, INVARIANT_L1), 1);
    int64_t of_first = 0;
    struct call_row row = {0};
    for (uint64_t i = 1; story_call(&s, "RELEASE_FILE", i, &row); i++) {
        of_first += row.caller_parent == 1;
    }
    assert_number(of_first, 4);
    story_end(&s);
}

/* PIPE-CLAIM-4: of an earlier date, one file is enough. */
static void an_earlier_date_makes_a_manifest_of_the_files_it_could_claim(void **state)
{
    (void)state;
    two_builders(BUILDER_V6);
    story_fault(&s, FAULT_LOSE_REQUEST, "manifest_builder", "CLAIM_FILE", 1);
    s.scenario.builder.orphan_flush = false;
    for (int i = 0; i < 2; i++) {
        s.scenario.workloads[i].date = TEXT("2026-01-29");
    }
    s.scenario.workloads[0].at = duration_s(100);
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(files_that_are("manifested#"), 11);
    assert_true(summary.manifests.created > 1);
    assert_number(story_violations(&s, INVARIANT_S1), 0);
    story_end(&s);
}

/* SDK-LOST-1: a claim that took effect is refused to its own owner: the file is lost. */
static void a_claim_whose_reply_is_lost_is_nobody_s(void **state)
{
    (void)state;
    ten_files(BUILDER_V6);
    story_fault(&s, FAULT_LOSE_REPLY, "manifest_builder", "CLAIM_FILE", 3);
    story_begin(&s);
    (void)story_finish(&s);
    assert_number(story_calls(&s, "RELEASE_FILE"), 9);
    assert_number(files_that_are("pending#"), 9);
    assert_number(files_that_are("manifested#"), 1);
    assert_number(story_violations(&s, INVARIANT_S3), 1);
    story_end(&s);
}

/* PIPE-READ-2: pages of one more than a batch, until there are enough; so one batch a call, and
 * three are left though enough files are pending. */
static void forty_files_at_once_make_one_manifest(void **state)
{
    (void)state;
    begin_scenario(BUILDER_V6);
    story_files(&s, 40, 0, (struct duration){0});
    story_begin(&s);
    /* 39 are pending when the builder comes. */
    refuse_calls(OPERATION_QUERY_CLAIMABLE, 0, 39);
    struct summary summary = story_finish(&s);
    assert_number(summary.manifests.created, 1);
    assert_number(files_that_are("pending#"), 30);
    assert_number(story_violations(&s, INVARIANT_L1), 1);
    assert_number(story_calls(&s, "CLAIM_FILE"), 10);
    story_end(&s);
}

/* A record without a path, which is skipped, in front of all others. */
static void put_without_path(struct text key)
{
    char bytes[256];
    struct item_writer w = item_writer(bytes, sizeof bytes);
    struct table_reply reply;
    item_add_s(&w, TEXT("date_prefix"), TODAY);
    item_add_s(&w, TEXT("file_key"), key);
    item_add_s(&w, TEXT("status"), TEXT("pending"));
    assert_int_equal(table_put(story_cloud(&s)->table, cloud_now(story_cloud(&s)), item_written(&w),
                               NULL, NULL, &reply),
                     TABLE_OK);
}

/* PIPE-READ-2: of the 11 items of a first page, ten files are enough; nine are not, and with the
 * next page they are two batches. */
static void two_batches_are_the_most(void **state)
{
    (void)state;
    for (int64_t batches = 1; batches <= 2; batches++) {
        begin_scenario(BUILDER_V6);
        story_files(&s, 40, 0, (struct duration){0});
        story_begin(&s);
        refuse_calls(OPERATION_QUERY_CLAIMABLE, 0, 39);
        story_until_ms(&s, 999);
        put_without_path(TEXT("1"));
        if (batches == 2) {
            put_without_path(TEXT("2"));
        }
        struct summary summary = story_finish(&s);
        assert_number(summary.manifests.created, batches);
        assert_number(files_that_are("pending#"), 40 - 10 * batches);
        story_end(&s);
    }
}

/* PIPE-KEY-1: two calls in one second have one key. The files of the first are never read, those
 * of the second twice. */
static void two_manifests_in_one_second_are_one_object(void **state)
{
    (void)state;
    begin_scenario(BUILDER_V6);
    s.scenario.latency.queue_receive = exactly(duration_ms(1));
    s.scenario.mapping.maximum_concurrency = 1;
    story_files(&s, 20, 0, (struct duration){0});
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.manifests.created, 2);
    assert_number(summary.manifests.objects, 1);
    assert_number(summary.executions.started, 2);
    assert_number(story_violations(&s, INVARIANT_S2), 1);
    assert_true(story_violations(&s, INVARIANT_S3) > 0);
    assert_true(story_violations(&s, INVARIANT_S5) > 0);
    story_end(&s);
}

/* A read that lags shows files that are claimed already; V3 makes a second manifest of them.
 * Source: LATENCY-LAG-1. */
static void a_stale_read_doubles_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        begin_scenario(i == 0 ? BUILDER_V6 : BUILDER_V3);
        s.scenario.table.replica_lag = exactly(duration_ms(500));
        s.scenario.mapping.batch_size = 1;
        s.scenario.mapping.maximum_concurrency = 1;
        s.scenario.latency.queue_receive = exactly(duration_ms(1));
        story_files(&s, 9, 0, (struct duration){0});
        story_files(&s, 8, 100, duration_ms(2400));
        story_begin(&s);
        struct summary summary = story_finish(&s);
        if (i == 0) {
            assert_number(summary.files.duplicated, 0);
            assert_true(story_calls(&s, "CLAIM_FILE") > 10);
        } else {
            assert_true(summary.files.duplicated > 0);
        }
        story_end(&s);
    }
}

/* PIPE-TRACK-2: the same ten notifications twice are one manifest. */
static void a_duplicate_event_changes_nothing(void **state)
{
    (void)state;
    ten_files(BUILDER_V6);
    s.scenario.bucket.notification_duplicate_ppm = 1000000;
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.messages.delivered, 20);
    assert_number(summary.executions.started, 1);
    assert_number(story_violations(&s, INVARIANT_S1), 0);
    story_end(&s);
}

/* --- publishing
 * ------------------------------------------------------------------------------------------------
 */

/* PIPE-CLAIM-5: what could not be started is pending again, and later files bring it along. */
static void files_whose_start_fails_wait_for_the_next_arrivals(void **state)
{
    (void)state;
    begin_scenario(BUILDER_V6);
    s.scenario.mapping.batch_size = 1;
    s.scenario.mapping.maximum_concurrency = 1;
    story_files(&s, 30, 0, duration_s(600));
    story_files(&s, 10, 1000, duration_s(100));
    story_begin(&s);
    refuse_calls(OPERATION_START_EXECUTION, 0, 21); /* one for every file from the tenth on */
    story_until_ms(&s, 999 * 1000);
    assert_number(files_that_are("pending#"), 30);
    assert_number(refusals_left, 0);
    struct summary summary = story_finish(&s);
    assert_number(summary.executions.started, 4);
    assert_number(files_that_are("manifested#"), 40);
    assert_number(story_violations(&s, INVARIANT_S1), 0);
    story_end(&s);
}

struct put_row {
    const char *name;
    enum builder builder;
    bool may_delete;
};

static const struct put_row put_rows[] = {
    {"V6: started, and pending again when the record is not put",         BUILDER_V6,  false},
    {"V6e: an event is out, and its files are pending again",             BUILDER_V6E, false},
    {"the manifest is deleted under a running execution where it may be", BUILDER_V6,  true },
};

/* PIPE-CLAIM-5, PIPE-BUS-1, S3-DELETE-1: the next arrival makes another manifest of files that are
 * being processed. */
static void a_record_that_cannot_be_put(void **state)
{
    const struct put_row *row = *state;
    ten_files(row->builder);
    s.scenario.may_delete = row->may_delete;
    s.scenario.glue.max_retries = 0;
    s.scenario.glue.start_up = exactly(duration_s(10)); /* then it reads the manifest */
    story_files(&s, 1, 60, (struct duration){0});
    story_begin(&s);
    refuse_calls(OPERATION_PUT_RECORD, 0, 1);
    story_until_ms(&s, 30 * 1000);
    struct summary summary;
    run_summary(s.run, &summary);
    assert_number(files_that_are("pending#"), 10);
    assert_number(summary.executions.started, 1);
    assert_number(story_calls(&s, "DELETE_MANIFEST"), 1);
    uint32_t manifest = names_find(&story_cloud(&s)->names,
                                   TEXT("manifests/2026-01-30/batch-0001-20260130-050001.json"));
    assert_true(manifest != 0);
    assert_int_equal(bucket_find(story_cloud(&s), BUCKET_MANIFEST, manifest) == NULL,
                     row->may_delete);
    summary = story_finish(&s);
    assert_number(summary.executions.started, 2);
    assert_number(story_violations(&s, INVARIANT_S1), 10);
    assert_number(story_violations(&s, INVARIANT_S5), row->may_delete ? 0 : 10);
    story_end(&s);
}

/* PIPE-CLAIM-5: what was published how. */
static void the_record_tells_what_made_it(void **state)
{
    (void)state;
    for (enum builder builder = BUILDER_V6; builder <= BUILDER_V6E; builder++) {
        ten_files(builder);
        story_begin(&s);
        (void)story_finish(&s);
        struct text arn = attribute(TODAY, FIRST_MANIFEST, TEXT("execution_arn"));
        assert_int_equal(arn.size > 0, builder == BUILDER_V6);
        assert_text(attribute(TODAY, FIRST_MANIFEST, TEXT("trigger_type")),
                    builder == BUILDER_V6 ? "" : "eventbridge");
        story_end(&s);
    }
}

/* PIPE-CLAIM-5: without a state machine to start, a manifest counts as published. */
static void without_a_machine_the_files_stay_manifested(void **state)
{
    (void)state;
    ten_files(BUILDER_V6);
    s.scenario.start_configured = false;
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.executions.started, 0);
    assert_number(summary.manifests.records, 0);
    assert_number(files_that_are("manifested#"), 10);
    assert_number(story_violations(&s, INVARIANT_S4), 10);
    story_end(&s);
}

/* PIPE-CLAIM-3, PIPE-UPDATER-1: a path that could not be set hides the file from the updater. */
static void a_file_without_its_path_stays_manifested(void **state)
{
    (void)state;
    ten_files(BUILDER_V6);
    scenario_apply_machine(&s.scenario, MACHINE_M3);
    story_begin(&s);
    refuse_calls(OPERATION_SET_PATH, 2, 1);
    (void)story_finish(&s);
    assert_number(files_that_are("completed#"), 9);
    assert_text(story_status(&s, TODAY, TEXT("2026-01-30-f0001.ndjson")), "completed#9");
    assert_text(story_status(&s, TODAY, TEXT("2026-01-30-f0003.ndjson")), "manifested#2");
    story_end(&s);
}

/* --- the circuit breaker
 * ------------------------------------------------------------------------------------------------
 */

/* PIPE-BUS-1: three failures in a row, then 300 s in which nothing is sent, then one try. */
static void a_breaker_opens_after_three_failures_and_tries_again(void **state)
{
    (void)state;
    begin_scenario(BUILDER_V6E);
    s.scenario.function.idle_lifetime = duration_s(100000);
    story_files(&s, 10, 0, (struct duration){0});
    story_files(&s, 60, 100, duration_s(600));
    story_begin(&s);
    refuse_calls(OPERATION_PUT_EVENTS, 0, 4);
    /* The tenth file tries at 1 s, the next two at 101 and 111 s: open until 411 s. */
    story_until_ms(&s, 410 * 1000);
    assert_number(story_calls(&s, "PUT_EVENTS"), 3);
    /* The probe fails: open until 711 s. */
    story_until_ms(&s, 700 * 1000);
    assert_number(story_calls(&s, "PUT_EVENTS"), 4);
    struct summary summary = story_finish(&s);
    assert_number(refusals_left, 0);
    assert_number(story_calls(&s, "PUT_EVENTS"), 4);
    assert_number(summary.manifests.created, 4 + 57);
    story_end(&s);
}

/* PIPE-BUS-1: it is in the environment's memory, and dies with it. */
static void a_new_environment_has_a_closed_breaker(void **state)
{
    (void)state;
    begin_scenario(BUILDER_V6E);
    s.scenario.function.idle_lifetime = duration_s(60);
    story_files(&s, 10, 0, (struct duration){0});
    story_files(&s, 1, 10, (struct duration){0});
    story_files(&s, 1, 20, (struct duration){0});
    story_files(&s, 1, 30, (struct duration){0});
    story_files(&s, 1, 120, (struct duration){0});
    story_begin(&s);
    refuse_calls(OPERATION_PUT_EVENTS, 0, 3);
    story_until_ms(&s, 100 * 1000);
    assert_number(story_calls(&s, "PUT_EVENTS"), 3);
    struct summary summary = story_finish(&s);
    assert_number(story_calls(&s, "PUT_EVENTS"), 4);
    assert_number(summary.executions.started, 1);
    assert_text(
        attribute(TODAY, TEXT("MANIFEST#batch-0001-20260130-050201.json"), TEXT("trigger_type")),
        "eventbridge");
    story_end(&s);
}

/* --- shards of statuses
 * ------------------------------------------------------------------------------------------------
 */

/* PIPE-SHARDS-1: the number is the MD5 of the file's name, modulo the shards. */
static void a_status_has_its_file_s_shard(void **state)
{
    (void)state;
    ten_files(BUILDER_V6);
    s.scenario.workloads[0].files = 9;
    story_begin(&s);
    (void)story_finish(&s);
    struct item item;
    struct value shard = {0};
    assert_text(story_status(&s, TODAY, TEXT("2026-01-30-f0001.ndjson")), "pending#9");
    assert_text(story_status(&s, TODAY, TEXT("2026-01-30-f0003.ndjson")), "pending#2");
    assert_true(table_peek(story_cloud(&s)->table, TODAY, TEXT("2026-01-30-f0003.ndjson"), &item));
    assert_true(item_get(item, TEXT("shard_id"), &shard));
    int64_t number = 0;
    assert_true(number_integer(&shard.number, &number) && number == 2);
    story_end(&s);
}

/* Of one valid file with nothing to do: its record, one page, eleven pages of the index in two
 * rounds, the report. Source: PIPE-SHARDS-2. */
static void the_calls_of_an_idle_file(void **state)
{
    (void)state;
    begin_scenario(BUILDER_V6);
    s.scenario.latency.table_query = exactly(duration_ms(10));
    story_files(&s, 1, 0, (struct duration){0});
    story_begin(&s);
    (void)story_finish(&s);
    static const char *const points[] = {"TRACK_FILE", "QUERY_PENDING", "QUERY_SHARDS",
                                         "QUERY_SHARDS", "PUT_REPORT"};
    assert_number(run_calls_count(s.run), 5);
    for (uint64_t i = 0; i < 5; i++) {
        struct call_row row = {0};
        run_call(s.run, i, &row);
        assert_text(row.point, points[i]);
    }
    assert_number(table_consumed(story_cloud(&s)->table, 0).rcu_milli, 11 * 500);
    assert_number(story_pipeline(&s)->history.counts->table_requests, 1 + 1 + 11);
    struct invocation_row row = {0};
    run_invocation(s.run, 0, &row);
    assert_number(instant_since(row.ended_at, row.started_at).ns / NS_PER_MS, 30);
    story_end(&s);
}

/* PIPE-SHARDS-2: threads end when the slowest has. */
static void a_round_takes_as_long_as_its_slowest_read(void **state)
{
    (void)state;
    begin_scenario(BUILDER_V6);
    const struct distribution_spec range = {
        .kind = DISTRIBUTION_UNIFORM, .a = duration_ms(0), .b = duration_ms(100)};
    s.scenario.latency.table_query = range;
    story_files(&s, 50, 0, duration_s(500));
    s.scenario.workloads[0].date = TEXT("2026-01-31"); /* no batch, and no date before today */
    story_begin_seeded(&s, 1);
    (void)story_finish(&s);
    struct call_row row = {0};
    int64_t sum_ms = 0;
    int64_t rounds = 0;
    for (uint64_t i = 1; story_call(&s, "QUERY_SHARDS", 2 * i - 1, &row); i++) {
        sum_ms += instant_since(row.reply_at, row.sent_at).ns / NS_PER_MS;
        rounds++;
    }
    assert_number(rounds, 50);
    /* The mean of the most of ten is 10/11 of the range. */
    assert_in_range(sum_ms / rounds, 85, 97);
    story_end(&s);
}

/* PIPE-FLUSH-1, PIPE-SHARDS-2: of all shards together each date is flushed once, the earliest
 * first. */
static void earlier_dates_are_flushed_in_order(void **state)
{
    (void)state;
    begin_scenario(BUILDER_V6);
    static const char *const dates[] = {"2026-01-29", "2026-01-27", "2026-01-28"};
    for (int i = 0; i < 3; i++) {
        story_files(&s, 7, 0, (struct duration){0});
        s.scenario.workloads[i].date = text_from(dates[i]);
    }
    story_files(&s, 1, 100, (struct duration){0});
    story_begin(&s);
    /* What comes first is tracked, and no more. */
    refuse_calls(OPERATION_QUERY_CLAIMABLE, 0, 1000);
    story_until_ms(&s, 99 * 1000);
    refusals_left = 0;
    assert_number(files_that_are("pending#"), 21);
    struct summary summary = story_finish(&s);
    assert_number(summary.manifests.created, 3);
    for (uint64_t i = 0; i < 3; i++) {
        static const char *const in_order[] = {"2026-01-27", "2026-01-28", "2026-01-29"};
        struct manifest_row row = {0};
        run_manifest(s.run, i, &row);
        assert_text(row.date, in_order[i]);
        assert_number(row.files, 7);
    }
    story_end(&s);
}

/* A record of before the shards is read, and claimed as what it is. */
static void a_plain_status_is_claimed_too(void **state)
{
    (void)state;
    begin_scenario(BUILDER_V6);
    story_files(&s, 1, 0, (struct duration){0});
    s.scenario.workloads[0].date = TEXT("2026-01-29");
    story_files(&s, 1, 100, (struct duration){0});
    story_begin(&s);
    refuse_calls(OPERATION_QUERY_CLAIMABLE, 0, 2);
    story_until_ms(&s, 99 * 1000);
    char bytes[512];
    struct item item;
    struct table_reply reply;
    assert_true(table_peek(story_cloud(&s)->table, TEXT("2026-01-29"),
                           TEXT("2026-01-29-f0001.ndjson"), &item));
    struct item_writer w = item_writer(bytes, sizeof bytes);
    item_add_s(&w, TEXT("date_prefix"), TEXT("2026-01-29"));
    item_add_s(&w, TEXT("file_key"), TEXT("2026-01-29-f0001.ndjson"));
    item_add_s(&w, TEXT("file_path"), item_text(item, TEXT("file_path")));
    item_add_s(&w, TEXT("status"), TEXT("pending"));
    assert_int_equal(table_put(story_cloud(&s)->table, cloud_now(story_cloud(&s)), item_written(&w),
                               NULL, NULL, &reply),
                     TABLE_OK);
    struct summary summary = story_finish(&s);
    assert_number(summary.manifests.created, 1);
    assert_true(text_starts(story_status(&s, TEXT("2026-01-29"), TEXT("2026-01-29-f0001.ndjson")),
                            TEXT("manifested#")));
    story_end(&s);
}

/* PIPE-SHARDS-2: where the index has too little capacity, what has been read is not read again. */
static void a_throttled_flush_goes_on_where_it_was(void **state)
{
    (void)state;
    begin_scenario(BUILDER_V6);
    s.scenario.table.rcu = 1;
    s.scenario.table.limits.burst = duration_s(2);
    s.scenario.table.throttling = THROTTLING_AWS;
    story_files(&s, 1, 0, (struct duration){0});
    s.scenario.workloads[0].date = TEXT("2026-01-31");
    story_begin(&s);
    (void)story_finish(&s);
    const struct table_consumed used = table_consumed(story_cloud(&s)->table, 0);
    assert_true(used.throttled_reads > 0);
    assert_number(used.rcu_milli, 11 * 500);
    assert_number(story_calls(&s, "PUT_REPORT"), 1);
    story_end(&s);
}

/* The claims alone, on V3: plain statuses, the loop, no lock. Source: PIPE-CLAIM-1. */
static void claims_go_with_other_versions(void **state)
{
    (void)state;
    begin_scenario(BUILDER_V3);
    s.scenario.builder.lock = LOCK_CLAIM;
    s.scenario.workflow.start_delay = exactly(duration_s(1)); /* the record is put before */
    story_files(&s, 130, 0, duration_s(60));
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.manifests.created, 13);
    assert_number(summary.files.manifested, 130);
    assert_number(files_that_are("manifested#"), 0);
    assert_number(summary.lock.acquired, 0);
    story_end(&s);
}

/* PIPE-POISON-1: without the switch, a pending item without a path ends the call. */
static void a_poison_record_stops_claims_where_it_is_not_skipped(void **state)
{
    (void)state;
    ten_files(BUILDER_V6);
    s.scenario.builder.skip_without_path = false;
    s.scenario.workflow.never_starts = true;
    story_files(&s, 10, 100, (struct duration){0});
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_number(summary.manifests.created, 1);
    assert_number(files_that_are("pending#"), 10);
    story_end(&s);
}

struct refused_row {
    const char *name;
    enum lock_mode lock;
    enum trigger trigger;
    enum creator creator;
    enum publisher publisher;
    int64_t shards;
    const char *path;
};

static const struct refused_row refused_rows[] = {
    {"claims are counted, not weighed", LOCK_CLAIM,    TRIGGER_BYTES, CREATOR_BUILDER,
     PUBLISHER_DIRECT,                                                                                   0,  "pipeline.trigger"},
    {"a bus goes with claims",          LOCK_TAKEOVER, TRIGGER_FILES, CREATOR_BUILDER, PUBLISHER_BUS,    0,
     "pipeline.publisher"                                                                                                      },
    {"a stream goes with claims",       LOCK_TAKEOVER, TRIGGER_FILES, CREATOR_STREAM,  PUBLISHER_DIRECT, 0,
     "pipeline.creator"                                                                                                        },
    {"shards go with claims",           LOCK_TAKEOVER, TRIGGER_FILES, CREATOR_BUILDER, PUBLISHER_DIRECT, 10,
     "pipeline.status_shards"                                                                                                  },
};

static void is_refused(void **state)
{
    const struct refused_row *row = *state;
    char path[64];
    struct error error = {.message = ""};
    ten_files(BUILDER_V6);
    s.scenario.builder.lock = row->lock;
    s.scenario.builder.trigger = row->trigger;
    s.scenario.builder.creator = row->creator;
    s.scenario.builder.publisher = row->publisher;
    s.scenario.builder.status_shards = row->shards;
    assert_int_equal(scenario_validate(&s.scenario, path, &error), STATUS_BAD_INPUT);
    assert_string_equal(path, row->path);
}

int main(void)
{
    struct cases cases = {.count = 0};
    CASES_ADD_TABLE(&cases, a_crash, crash_rows);
    CASES_ADD(&cases, a_death_in_a_release);
    CASES_ADD(&cases, a_file_is_claimed_once);
    CASES_ADD(&cases, two_builders_that_split_a_batch_make_nothing_of_it);
    CASES_ADD(&cases, an_earlier_date_makes_a_manifest_of_the_files_it_could_claim);
    CASES_ADD(&cases, a_claim_whose_reply_is_lost_is_nobody_s);
    CASES_ADD(&cases, forty_files_at_once_make_one_manifest);
    CASES_ADD(&cases, two_batches_are_the_most);
    CASES_ADD(&cases, two_manifests_in_one_second_are_one_object);
    CASES_ADD(&cases, a_stale_read_doubles_nothing);
    CASES_ADD(&cases, a_duplicate_event_changes_nothing);
    CASES_ADD(&cases, files_whose_start_fails_wait_for_the_next_arrivals);
    CASES_ADD_TABLE(&cases, a_record_that_cannot_be_put, put_rows);
    CASES_ADD(&cases, the_record_tells_what_made_it);
    CASES_ADD(&cases, without_a_machine_the_files_stay_manifested);
    CASES_ADD(&cases, a_file_without_its_path_stays_manifested);
    CASES_ADD(&cases, a_breaker_opens_after_three_failures_and_tries_again);
    CASES_ADD(&cases, a_new_environment_has_a_closed_breaker);
    CASES_ADD(&cases, a_status_has_its_file_s_shard);
    CASES_ADD(&cases, the_calls_of_an_idle_file);
    CASES_ADD(&cases, a_round_takes_as_long_as_its_slowest_read);
    CASES_ADD(&cases, earlier_dates_are_flushed_in_order);
    CASES_ADD(&cases, a_plain_status_is_claimed_too);
    CASES_ADD(&cases, a_throttled_flush_goes_on_where_it_was);
    CASES_ADD(&cases, claims_go_with_other_versions);
    CASES_ADD(&cases, a_poison_record_stops_claims_where_it_is_not_skipped);
    CASES_ADD_TABLE(&cases, is_refused, refused_rows);
    return cases_run("claim creation", &cases);
}

/* test_table_sweeper.c: expired items go some time after their ttl, and not before.
 *
 * The item is a lock that a killed builder left behind: acquired a second after the start with a
 * ttl 300 s later, and deleted 600 s after that.
 */
#include "tests/story.h"

enum { TTL_S = 1 + 300, DELAY_S = 600 };

static struct story s;

static void a_lock_is_left_behind(enum lock_mode mode)
{
    story_init(&s);
    story_files(&s, 10, 0, (struct duration){0});
    story_fault(&s, FAULT_KILL, "manifest_builder", "ACQUIRE_LOCK", 10);
    s.scenario.builder.lock = mode;
    s.scenario.queue.max_receive_count = 1; /* nobody comes back for the files */
}

static struct tenure_row tenure(uint64_t ordinal)
{
    struct tenure_row row = {0};
    assert_true(ordinal <= run_tenures_count(s.run));
    run_tenure(s.run, ordinal - 1, &row);
    return row;
}

/* DDB-TTL-3, DDB-TTL-5 */
static void an_item_stays_readable_until_its_delay_after_the_ttl_has_passed(void **state)
{
    (void)state;
    a_lock_is_left_behind(LOCK_TAKEOVER);
    s.scenario.until = duration_s(2000);
    story_begin(&s);
    story_until_ms(&s, TTL_S * 1000);
    assert_true(story_locked(&s));
    story_until_ms(&s, (TTL_S + DELAY_S) * 1000 - 1);
    assert_true(story_locked(&s));
    story_until_ms(&s, (TTL_S + DELAY_S) * 1000);
    assert_false(story_locked(&s));
    assert_text(tenure(10).end, "deleted_by_ttl");
    assert_number(story_ms(&s, tenure(10).ended_at), (TTL_S + DELAY_S) * 1000);
    story_end(&s);
}

/* DDB-TTL-3: a strict lock blocks until the item is gone. */
static void until_then_conditions_see_it(void **state)
{
    (void)state;
    a_lock_is_left_behind(LOCK_STRICT);
    story_files(&s, 1, TTL_S + DELAY_S - 60, (struct duration){0});
    story_files(&s, 1, TTL_S + DELAY_S + 60, (struct duration){0});
    story_begin(&s);
    story_until_ms(&s, (TTL_S + DELAY_S) * 1000 - 1);
    /* In vain at 842 s, though the ttl has passed: three attempts of one file. */
    assert_number(story_cloud(&s)->queue.state->deleted, 1);
    assert_number(story_pipeline(&s)->history.counts->lock_refused, 3);
    assert_number(story_pipeline(&s)->history.counts->manifest_puts, 0);
    struct summary summary = story_finish(&s);
    assert_number(summary.manifests.created, 1);
    assert_number(story_violations(&s, INVARIANT_L3), 1);
    assert_true(summary.lock.longest_block.ns == (TTL_S - 1 + DELAY_S) * NS_PER_S);
    story_end(&s);
}

/* DDB-TTL-4: what was marked is looked at again before it is deleted, and has 100 s to live then.
 */
static void a_renewed_ttl_is_honoured(void **state)
{
    (void)state;
    a_lock_is_left_behind(LOCK_TAKEOVER);
    /* Another builder takes the lock over when it has expired, and is killed in its turn. */
    story_files(&s, 1, TTL_S + 400, (struct duration){0});
    story_fault(&s, FAULT_KILL, "manifest_builder", "ACQUIRE_LOCK", 11);
    s.scenario.until = duration_s(5000);
    story_begin(&s);
    int64_t taken_over_s = TTL_S + 400 + 1;
    story_until_ms(&s, (TTL_S + DELAY_S) * 1000);
    assert_true(story_locked(&s));
    story_until_ms(&s, (taken_over_s + 300 + DELAY_S) * 1000 - 1);
    assert_true(story_locked(&s));
    story_until_ms(&s, (taken_over_s + 300 + DELAY_S) * 1000);
    assert_false(story_locked(&s));
    assert_text(tenure(10).end, "taken_over");
    assert_text(tenure(11).end, "deleted_by_ttl");
    story_end(&s);
}

/* DDB-TTL-2: in the second of its ttl it has not expired, whatever the delay. */
static void without_a_delay_an_item_goes_in_the_second_after_its_ttl(void **state)
{
    (void)state;
    a_lock_is_left_behind(LOCK_TAKEOVER);
    s.scenario.table.ttl_delay = exactly((struct duration){0});
    s.scenario.until = duration_s(2000);
    story_begin(&s);
    story_until_ms(&s, (TTL_S + 1) * 1000 - 1);
    assert_true(story_locked(&s));
    story_until_ms(&s, (TTL_S + 1) * 1000);
    assert_false(story_locked(&s));
    story_end(&s);
}

/* Expiry alone keeps no run going; with `until` it goes on. */
static void a_run_in_which_only_items_expire_is_over(void **state)
{
    (void)state;
    a_lock_is_left_behind(LOCK_TAKEOVER);
    story_begin(&s);
    struct error error;
    assert_int_equal(run_advance(s.run, UINT64_MAX, &error), RUN_QUIESCENT);
    assert_true(story_locked(&s));
    assert_true(story_cloud(&s)->sweeper.state->pending > 0);
    struct summary summary = story_finish(&s);
    assert_number(summary.lock.left_behind, 1);
    story_end(&s);
}

/* DDB-TTL-5: a file's record lives for ttl_days. */
static void file_records_expire_after_their_days(void **state)
{
    (void)state;
    story_init(&s);
    story_files(&s, 1, 0, (struct duration){0});
    s.scenario.ttl_days = 30;
    s.scenario.until = duration_s(31 * 86400);
    story_begin(&s);
    const struct text key = TEXT("2026-01-30-f0001.ndjson");
    story_until_ms(&s, (30 * 86400 + 1 + DELAY_S) * INT64_C(1000) - 1);
    assert_text(story_status(&s, TODAY, key), "pending");
    story_until_ms(&s, (30 * 86400 + 1 + DELAY_S) * INT64_C(1000));
    assert_false(story_has(&s, TODAY, key));
    story_end(&s);
}

/* An item that nobody in the pipeline writes. */
static void write_item(struct text key, int64_t ttl_s)
{
    char bytes[256];
    struct cloud *c = story_cloud(&s);
    struct table_reply reply;
    struct item_writer w = item_writer(bytes, sizeof bytes);
    int64_t start_s = instant_epoch_seconds(s.scenario.start);
    item_add_s(&w, TEXT("date_prefix"), TODAY);
    item_add_s(&w, TEXT("file_key"), key);
    item_add_n(&w, TEXT("ttl"), start_s + ttl_s);
    assert_int_equal(table_put(c->table, cloud_now(c), item_written(&w), NULL, NULL, &reply),
                     TABLE_OK);
    table_sweeper_note(c, item_written(&w), start_s + ttl_s);
}

/* DDB-TTL-4: the scanner comes by again, whether or not it has been at that second before. */
static void an_item_written_after_its_ttl_has_passed_goes_as_well(void **state)
{
    (void)state;

    static const struct {
        int64_t at_s, ttl_s, gone_s;
    } rows[] = {
        {100,         50,        100 - 1 + DELAY_S    }, /* before the first scan */
        {TTL_S + 100, TTL_S - 1, TTL_S + 100 + DELAY_S}, /* the scan was beyond it */
        {TTL_S + 100, TTL_S + 9, TTL_S + 99 + DELAY_S }, /* it was not */
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        a_lock_is_left_behind(LOCK_TAKEOVER);
        s.scenario.until = duration_s(5000);
        story_files(&s, 1, rows[i].at_s, (struct duration){0});
        story_begin(&s);
        story_until_ms(&s, rows[i].at_s * 1000);
        write_item(TEXT("late"), rows[i].ttl_s);
        story_until_ms(&s, rows[i].gone_s * 1000 - 1);
        assert_true(story_has(&s, TODAY, TEXT("late")));
        story_until_ms(&s, rows[i].gone_s * 1000);
        assert_false(story_has(&s, TODAY, TEXT("late")));
        story_end(&s);
    }
}

/* DDB-TTL-2, DDB-TTL-1: nor do milliseconds. */
static void what_lies_five_years_back_or_ages_ahead_never_goes(void **state)
{
    (void)state;
    a_lock_is_left_behind(LOCK_TAKEOVER);
    s.scenario.until = duration_s(5 * 86400);
    story_files(&s, 1, TTL_S + 100, (struct duration){0});
    story_begin(&s);
    story_until_ms(&s, (TTL_S + 100) * 1000);
    write_item(TEXT("zero"), -instant_epoch_seconds(s.scenario.start));
    write_item(TEXT("old"), INT64_C(-5) * 365 * 86400);
    write_item(TEXT("milliseconds"), instant_epoch_seconds(s.scenario.start) * 999);
    (void)story_finish(&s);
    assert_true(story_has(&s, TODAY, TEXT("zero")));
    assert_true(story_has(&s, TODAY, TEXT("old")));
    assert_true(story_has(&s, TODAY, TEXT("milliseconds")));
    story_end(&s);
}

static int64_t pending_in_index(void)
{
    static const char *const values[] = {":s", NULL};
    struct value status = value_s(TEXT("pending"));
    struct cloud *c = story_cloud(&s);
    struct table_page page;
    struct error error;
    struct expression *key =
        expression_compile(EXPRESSION_KEY,
                           &(struct expression_source){
                               .text = "#s = :s",
                               .names = (const char *const[]){"#s", "status", NULL},
                               .values = values,
    },
                           &error);
    assert_non_null(key);
    struct table_query query = {.as_of = cloud_now(c), .key = key, .values = &status};
    assert_int_equal(table_read_page(c->table, cloud_now(c), &query, &page), TABLE_OK);
    expression_free(key);
    return page.count;
}

/* DDB-TTL-6: the index does not show it either, once it has caught up. */
static void the_index_loses_the_item(void **state)
{
    (void)state;
    story_init(&s);
    story_files(&s, 1, 0, (struct duration){0});
    s.scenario.ttl_days = 1;
    s.scenario.until = duration_s(2 * 86400);
    story_begin(&s);
    int64_t gone_ms = (86400 + 1 + DELAY_S) * INT64_C(1000);
    story_until_ms(&s, gone_ms - 1);
    assert_number(pending_in_index(), 1);
    story_until_ms(&s, gone_ms);
    assert_number(pending_in_index(), 0);
    story_end(&s);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, an_item_stays_readable_until_its_delay_after_the_ttl_has_passed);
    CASES_ADD(&cases, until_then_conditions_see_it);
    CASES_ADD(&cases, a_renewed_ttl_is_honoured);
    CASES_ADD(&cases, without_a_delay_an_item_goes_in_the_second_after_its_ttl);
    CASES_ADD(&cases, a_run_in_which_only_items_expire_is_over);
    CASES_ADD(&cases, file_records_expire_after_their_days);
    CASES_ADD(&cases, an_item_written_after_its_ttl_has_passed_goes_as_well);
    CASES_ADD(&cases, what_lies_five_years_back_or_ages_ahead_never_goes);
    CASES_ADD(&cases, the_index_loses_the_item);
    return cases_run("table_sweeper", &cases);
}

/* test_workload.c: when files arrive, and under which names. */
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

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, even_files_are_equally_far_apart);
    CASES_ADD(&cases, uniform_files_each_come_in_their_own_share);
    CASES_ADD(&cases, poisson_files_have_exponential_gaps_of_the_same_mean);
    CASES_ADD(&cases, files_are_numbered_over_all_entries);
    CASES_ADD(&cases, a_file_without_a_date_is_named_by_the_day_it_arrives);
    return cases_run("workload", &cases);
}

/* test_bucket.c: objects that are replaced, and that expire. */
#include "tests/story.h"

static struct story s;

static uint32_t only_key(void)
{
    struct file_row row = {0};
    run_file(s.run, 0, &row);
    return names_find(&story_cloud(&s)->names, row.key);
}

/* S3-CONSISTENCY-1 */
static void a_put_is_seen_at_once_and_replaces_what_was_there(void **state)
{
    (void)state;
    story_init(&s);
    story_files(&s, 1, 0, (struct duration){0});
    story_begin(&s);
    struct cloud *c = story_cloud(&s);
    uint32_t name = names_intern(&c->names, TEXT("manifests/a.json"));
    assert_null(bucket_find(c, BUCKET_MANIFEST, name));
    assert_true(bucket_add_to_body(c, 11));
    assert_true(bucket_add_to_body(c, 12));
    uint32_t number = bucket_put(c, BUCKET_MANIFEST, name, 100, 2);
    assert_true(bucket_add_to_body(c, 13));
    assert_number(bucket_put(c, BUCKET_MANIFEST, name, 50, 1), number);
    const struct object *object = bucket_find(c, BUCKET_MANIFEST, name);
    assert_number(object->puts, 2);
    assert_number(object->size, 50);
    assert_number(object->body_count, 1);
    assert_number(c->buckets.bodies[object->body_start], 13);
    assert_null(bucket_find(c, BUCKET_INPUT, name));
    story_end(&s);
}

/* S3-DELETE-1 */
static void a_deleted_object_is_gone_until_it_is_put_again(void **state)
{
    (void)state;
    story_init(&s);
    story_files(&s, 1, 0, (struct duration){0});
    story_begin(&s);
    struct cloud *c = story_cloud(&s);
    uint32_t name = names_intern(&c->names, TEXT("manifests/a.json"));
    bucket_delete(c, BUCKET_MANIFEST, name);
    (void)bucket_put(c, BUCKET_MANIFEST, name, 100, 0);
    bucket_delete(c, BUCKET_INPUT, name);
    assert_non_null(bucket_find(c, BUCKET_MANIFEST, name));
    bucket_delete(c, BUCKET_MANIFEST, name);
    assert_null(bucket_find(c, BUCKET_MANIFEST, name));
    (void)bucket_put(c, BUCKET_MANIFEST, name, 50, 0);
    assert_non_null(bucket_find(c, BUCKET_MANIFEST, name));
    story_end(&s);
}

/* --- the lifecycle (S3-LIFECYCLE-1)
 * ------------------------------------------------------------------------------------------------
 */

struct lifecycle_row {
    const char *name;
    const char *put;
    int64_t days;
    const char *gone;
};

static const struct lifecycle_row lifecycle_rows[] = {
    {"a day, then midnight",   "2026-01-30T05:00:00Z", 1, "2026-02-01T00:00:00Z"},
    {"put at midnight",        "2026-01-30T00:00:00Z", 1, "2026-01-31T00:00:00Z"},
    {"put a second after it",  "2026-01-30T00:00:01Z", 1, "2026-02-01T00:00:00Z"},
    {"put a second before it", "2026-01-30T23:59:59Z", 1, "2026-02-01T00:00:00Z"},
    {"three days",             "2026-01-30T05:00:00Z", 3, "2026-02-03T00:00:00Z"},
};

static struct instant instant_of(const char *text)
{
    struct instant at;
    assert_int_equal(instant_parse(text_from(text), &at, NULL), STATUS_OK);
    return at;
}

static void an_object_is_gone(void **state)
{
    const struct lifecycle_row *row = *state;
    story_init(&s);
    s.scenario.start = instant_of(row->put);
    s.scenario.bucket.input_lifetime = duration_s(row->days * 86400);
    int64_t gone_s = instant_since(instant_of(row->gone), s.scenario.start).ns / NS_PER_S;
    story_files(&s, 1, 0, (struct duration){0});
    story_files(&s, 1, gone_s - 1, (struct duration){0});
    story_files(&s, 1, gone_s, (struct duration){0});
    story_begin(&s);
    story_until_ms(&s, (gone_s - 1) * 1000);
    assert_number(story_now_ms(&s), (gone_s - 1) * 1000);
    assert_non_null(bucket_find(story_cloud(&s), BUCKET_INPUT, only_key()));
    story_until_ms(&s, gone_s * 1000);
    assert_null(bucket_find(story_cloud(&s), BUCKET_INPUT, only_key()));
    story_end(&s);
}

/* S3-LIFECYCLE-1 */
static void without_a_rule_an_object_stays(void **state)
{
    (void)state;
    story_init(&s);
    s.scenario.bucket.input_lifetime = (struct duration){0};
    story_files(&s, 1, 0, (struct duration){0});
    story_files(&s, 1, 1000 * 86400, (struct duration){0});
    story_begin(&s);
    (void)story_finish(&s);
    assert_non_null(bucket_find(story_cloud(&s), BUCKET_INPUT, only_key()));
    story_end(&s);
}

/* PIPE-FLUSH-1, PIPE-GLUE-2: the flush comes after the inputs are gone, and one missing file fails
 * them all.
 */
static void a_job_whose_input_has_expired_fails(void **state)
{
    (void)state;
    story_init(&s);
    story_files(&s, 2, 0, (struct duration){0});
    story_files(&s, 1, 5 * 86400, (struct duration){0});
    s.scenario.glue.max_retries = 0;
    story_begin(&s);
    struct summary summary = story_finish(&s);
    struct manifest_row manifest;
    run_manifest(s.run, 0, &manifest);
    assert_number(summary.manifests.created, 1);
    assert_number(manifest.files, 2);
    assert_text(manifest.record_status, "failed");
    assert_number(summary.job_runs.failed, 1);
    assert_number(summary.parquet.objects, 0);
    story_end(&s);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD(&cases, a_deleted_object_is_gone_until_it_is_put_again);
    CASES_ADD(&cases, a_put_is_seen_at_once_and_replaces_what_was_there);
    CASES_ADD_TABLE(&cases, an_object_is_gone, lifecycle_rows);
    CASES_ADD(&cases, without_a_rule_an_object_stays);
    CASES_ADD(&cases, a_job_whose_input_has_expired_fails);
    return cases_run("bucket", &cases);
}

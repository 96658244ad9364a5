/* test_batches.c: how files are cut into batches: by number, and by bytes.
 *
 * A row gives the files' sizes, how much a batch holds, and the batches expected. The files are in
 * the input bucket; nobody handles them.
 */
#include "model/pipeline/batches.h"

#include "tests/story.h"

static struct story s;

enum { FILES_MOST = 12 };

struct batches_row {
    const char *name;
    int64_t sizes[FILES_MOST]; /* up to the first 0 */
    enum trigger trigger;
    int64_t most; /* files or bytes of a full batch */
    int64_t least;
    bool earlier;
    uint32_t batches[FILES_MOST]; /* files of each, up to the first 0 */
};

/* clang-format off */
static const struct batches_row batches_rows[] = {
    {"no files, no batches", {0}, TRIGGER_FILES, 3, 1, true, {0}},
    {"fewer of today than a batch", {1, 1}, TRIGGER_FILES, 3, 1, false, {0}},
    {"a batch of today", {1, 1, 1}, TRIGGER_FILES, 3, 1, false, {3}},
    {"today's rest waits", {1, 1, 1, 1, 1, 1, 1, 1}, TRIGGER_FILES, 3, 1, false, {3, 3}},
    {"an earlier date's does not", {1, 1, 1, 1, 1, 1, 1, 1}, TRIGGER_FILES, 3, 1, true, {3, 3, 2}},
    {"one file of an earlier date", {1}, TRIGGER_FILES, 3, 1, true, {1}},
    {"fewer than the least of an earlier date", {1}, TRIGGER_FILES, 3, 2, true, {0}},
    {"a rest below the least", {1, 1, 1, 1}, TRIGGER_FILES, 3, 2, true, {3}},
    {"a rest of the least", {1, 1, 1, 1, 1}, TRIGGER_FILES, 3, 2, true, {3, 2}},
    {"bytes: no files", {0}, TRIGGER_BYTES, 100, 1, false, {0}},
    {"bytes: a byte too few", {33, 33, 33}, TRIGGER_BYTES, 100, 1, false, {0}},
    {"bytes: of an earlier date alike", {33, 33, 33}, TRIGGER_BYTES, 100, 1, true, {0}},
    {"bytes: just enough", {33, 33, 34}, TRIGGER_BYTES, 100, 1, false, {3}},
    {"bytes: what does not fit opens the next", {60, 60}, TRIGGER_BYTES, 100, 1, false, {1, 1}},
    {"bytes: a last one half full", {60, 40, 50}, TRIGGER_BYTES, 100, 1, false, {2, 1}},
    {"bytes: a last one less than half full", {60, 40, 49}, TRIGGER_BYTES, 100, 1, false, {2}},
    {"bytes: a file larger than a batch", {250}, TRIGGER_BYTES, 100, 1, false, {1}},
    {"bytes: large and small", {250, 10, 90, 120, 49}, TRIGGER_BYTES, 100, 1, false, {1, 2, 1}},
    {"bytes: the number of files is no limit", {10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 60},
     TRIGGER_BYTES, 100, 1, false, {10, 1}},
};

/* clang-format on */

static void arrive(const struct batches_row *row)
{
    story_init(&s);
    scenario_apply_builder(&s.scenario, BUILDER_V1);
    s.scenario.builder.trigger = row->trigger;
    s.scenario.max_files_per_manifest = row->trigger == TRIGGER_FILES ? row->most : 2;
    s.scenario.max_batch_size = row->trigger == TRIGGER_BYTES ? row->most : 2;
    s.scenario.min_files_for_partial_batch = row->least;
    for (int i = 0; row->sizes[i] != 0; i++) {
        story_files(&s, 1, i, (struct duration){0});
        s.scenario.workloads[i].size = row->sizes[i];
    }
    story_files(&s, 1, 100, (struct duration){0}); /* there must be one */
    story_begin(&s);
    story_cloud(&s)->event_source.enabled = false;
    story_until_ms(&s, 50 * 1000);
}

/* PIPE-CREATE-2, PIPE-FIRST-2 */
static void files_in_batches(void **state)
{
    const struct batches_row *row = *state;
    struct chain files = {0};
    uint32_t count = 0;
    arrive(row);
    struct cloud *c = story_cloud(&s);
    for (uint64_t i = 0; i < HISTORY_COUNT(story_pipeline(&s), files); i++) {
        assert_true(chain_push(&c->chunks, &files, story_pipeline(&s)->history.files[i].key));
    }
    uint32_t batches = batches_count(c, &files, row->earlier);
    struct chain_cursor at = chain_begin(&files);
    uint32_t left = files.count;
    for (; count < FILES_MOST && row->batches[count] != 0; count++) {
        uint32_t taken = count < batches ? batch_files(c, at, left) : 0;
        assert_number(taken, row->batches[count]);
        left -= taken;
        while (taken-- > 0) {
            (void)chain_take(&c->chunks, &at);
        }
    }
    assert_number(batches, count);
    chain_cut(&c->chunks, &files, 0);
    story_end(&s);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, files_in_batches, batches_rows);
    return cases_run("batches", &cases);
}

/* test_timeline.c: what is told of a violation, item by item, for runs that a reader can follow by
 * hand; whose calls are told; and that too many items leave out what matters least.
 */
#include "tests/story.h"

#include "model/search/timeline.h"

static struct story s;
static struct timeline timeline;

static void begin(void)
{
    story_init(&s);
    scenario_apply_builder(&s.scenario, BUILDER_V4);
    s.scenario.max_files_per_manifest = 2;
}

static void tell(enum invariant invariant)
{
    struct error error = {.message = ""};
    story_begin(&s);
    (void)story_finish(&s);
    assert_int_equal(timeline_tell(&timeline, s.run, invariant, &error), STATUS_OK);
}

/* The items as lines: milliseconds, text. */
static void tells(enum invariant invariant, const char *expected)
{
    char buffer[1 << 14];
    struct text_writer w = text_writer(buffer, sizeof buffer);
    tell(invariant);
    for (uint32_t i = 0; i < timeline.items_count; i++) {
        text_put_integer(&w, story_ms(&s, timeline.items[i].at), 0);
        text_put_char(&w, ' ');
        text_put(&w, text_from(timeline.items[i].text));
        text_put_char(&w, '\n');
    }
    assert_string_equal(text_writer_string(&w), expected);
    story_end(&s);
}

static void of_a_builder_that_dies_before_the_start(void **state)
{
    (void)state;
    begin();
    s.scenario.builder.track_if_absent = true;
    story_files(&s, 2, 0, (struct duration){0});
    story_fault(&s, FAULT_KILL, "manifest_builder", "PUT_RECORD", 1);
    tells(
        INVARIANT_S4,
        "0 2026-01-30-f0001.ndjson arrives\n"
        "1000 manifest_builder[1.1] puts the record of a file as pending, 2026-01-30-f0001.ndjson\n"
        "1000 manifest_builder[1.1] asks for the lock\n"
        "1000 manifest_builder[1.1] reads which files are pending\n"
        "1000 manifest_builder[1.1] releases the lock\n"
        "1000 manifest_builder[1.1] counts pending files\n"
        "1000 manifest_builder[1.1] looks for files of earlier dates\n"
        "1000 manifest_builder[1.1] puts the record of a file as pending, 2026-01-30-f0002.ndjson\n"
        "1000 manifest_builder[1.1] asks for the lock\n"
        "1000 manifest_builder[1.1] reads which files are pending\n"
        "1000 manifest_builder[1.1] puts a manifest, batch-0001-20260130-050001.json\n"
        "1000 manifest_builder[1.1] marks a file as manifested, 2 times\n"
        "1000 manifest_builder[1.1] puts the manifest's record\n"
        "1000 kill manifest_builder[1.1] at PUT_RECORD\n"
        "1000 an invocation of manifest-builder in environment 1 dies at PUT_RECORD\n"
        "301000 the lock of 2026-01-30, held by manifest_builder[1.1], expires\n"
        "362000 manifest_builder[2.1] puts the record of a file as pending, "
        "2026-01-30-f0001.ndjson: condition failed\n"
        "362000 manifest_builder[2.1] asks for the lock\n"
        "362000 manifest_builder[2.1] reads which files are pending\n"
        "362000 manifest_builder[2.1] releases the lock\n"
        "362000 manifest_builder[2.1] counts pending files\n"
        "362000 manifest_builder[2.1] looks for files of earlier dates\n"
        "362000 manifest_builder[2.1] puts the record of a file as pending, "
        "2026-01-30-f0002.ndjson: condition failed\n"
        "362000 manifest_builder[2.1] asks for the lock\n"
        "362000 manifest_builder[2.1] reads which files are pending\n"
        "362000 manifest_builder[2.1] releases the lock\n"
        "362000 manifest_builder[2.1] counts pending files\n"
        "362000 manifest_builder[2.1] looks for files of earlier dates\n"
        "362000 a file is manifested, but its manifest does not list it or was not started: "
        "2026-01-30-f0001.ndjson\n");
}

/* The owner is frozen while its lock expires; the next one takes it over. */
static void stalled_owner(void)
{
    begin();
    s.scenario.lock_ttl = duration_s(60);
    story_files(&s, 2, 0, (struct duration){0});
    story_files(&s, 2, 80, (struct duration){0});
    story_fault(&s, FAULT_STALL, "manifest_builder", "MARK_FILE", 2);
    story_last_fault(&s)->by = duration_s(110);
}

static void of_a_frozen_owner(void **state)
{
    (void)state;
    stalled_owner();
    tells(
        INVARIANT_S1,
        "0 2026-01-30-f0002.ndjson arrives\n"
        "1000 manifest_builder[1.1] puts the record of a file as pending, 2026-01-30-f0001.ndjson\n"
        "1000 manifest_builder[1.1] asks for the lock\n"
        "1000 manifest_builder[1.1] reads which files are pending\n"
        "1000 manifest_builder[1.1] releases the lock\n"
        "1000 manifest_builder[1.1] counts pending files\n"
        "1000 manifest_builder[1.1] looks for files of earlier dates\n"
        "1000 manifest_builder[1.1] puts the record of a file as pending, 2026-01-30-f0002.ndjson\n"
        "1000 manifest_builder[1.1] asks for the lock\n"
        "1000 manifest_builder[1.1] reads which files are pending\n"
        "1000 manifest_builder[1.1] puts a manifest, batch-0001-20260130-050001.json\n"
        "1000 manifest_builder[1.1] marks a file as manifested, 2026-01-30-f0001.ndjson\n"
        "1000 stall manifest_builder[1.1] at MARK_FILE by 1m50s\n"
        "61000 the lock of 2026-01-30, held by manifest_builder[1.1], expires\n"
        "81000 manifest_builder[2.1] puts the record of a file as pending, "
        "2026-01-30-f0003.ndjson\n"
        "81000 manifest_builder[2.1] asks for the lock\n"
        "81000 manifest_builder[2.1] reads which files are pending\n"
        "81000 manifest_builder[2.1] puts a manifest, batch-0001-20260130-050121.json\n"
        "81000 manifest_builder[2.1] marks a file as manifested, 2 times\n"
        "81000 manifest_builder[2.1] puts the manifest's record\n"
        "81000 manifest_builder[2.1] starts an execution\n"
        "81000 state_machine[1] sets the record to processing, batch-0001-20260130-050121.json\n"
        "81000 manifest_builder[2.1] releases the lock\n"
        "81000 state_machine[1] starts the job and waits for it, batch-0001-20260130-050121.json\n"
        "81100 manifest_builder[2.1] asks for the lock\n"
        "81100 manifest_builder[2.1] reads which files are pending\n"
        "81100 manifest_builder[2.1] releases the lock\n"
        "81100 manifest_builder[2.1] counts pending files\n"
        "81100 manifest_builder[2.1] looks for files of earlier dates\n"
        "81100 manifest_builder[2.1] asks for the lock\n"
        "81100 manifest_builder[2.1] reads which files are pending\n"
        "81100 manifest_builder[2.1] releases the lock\n"
        "81100 manifest_builder[2.1] counts pending files\n"
        "81100 manifest_builder[2.1] looks for files of earlier dates\n"
        "111000 manifest_builder[1.1] marks a file as manifested, 2026-01-30-f0002.ndjson\n"
        "111000 manifest_builder[1.1] puts the manifest's record\n"
        "111000 manifest_builder[1.1] starts an execution\n"
        "111000 a file is listed by more than one started manifest: 2026-01-30-f0002.ndjson\n");
}

static void processes_and_the_lock(void **state)
{
    (void)state;
    stalled_owner();
    tell(INVARIANT_S1);
    assert_text(timeline.file, "pipeline/input/2026-01-30-f0002.ndjson");
    assert_text(timeline.date, "2026-01-30");
    assert_number(timeline.processes_count, 3);
    assert_text(timeline.processes[0].name, "manifest_builder");
    assert_number(timeline.processes[0].parent, 1);
    assert_number(timeline.processes[1].parent, 2);
    assert_text(timeline.processes[2].name, "state_machine");
    /* The frozen owner's tenure goes over into the other's. */
    const struct timeline_tenure *frozen = &timeline.tenures[1];
    assert_text(frozen->end, "taken_over");
    assert_number(frozen->process, 0);
    assert_number(story_ms(&s, frozen->from), 1000);
    assert_number(story_ms(&s, frozen->to), 81000);
    assert_number(story_ms(&s, frozen->expires_at), 61000);
    assert_number(timeline.tenures[2].process, 1);
    assert_number(story_ms(&s, timeline.tenures[2].from), 81000);
    story_end(&s);
}

/* A deviation knows its process and what it is called; a call its service, and what it came to. */
static void items_for_a_drawing(void **state)
{
    (void)state;
    stalled_owner();
    tell(INVARIANT_S1);
    uint32_t deviations = 0;
    uint32_t refused = 0;
    for (uint32_t i = 0; i < timeline.items_count; i++) {
        const struct timeline_item *item = &timeline.items[i];
        if (item->kind == TIMELINE_DEVIATION) {
            assert_text(item->operation, "stall");
            assert_text(item->point, "MARK_FILE");
            assert_number(item->process, 0);
            deviations++;
        }
        refused += item->kind == TIMELINE_CALL && item->outcome.size > 0;
        assert_true(item->kind != TIMELINE_CALL || item->service.size > 0);
        assert_true(i == 0 || timeline.items[i - 1].at.ns <= item->at.ns);
    }
    assert_number(deviations, 1);
    assert_number(refused, 0);
    assert_number(timeline.items[timeline.items_count - 1].kind, TIMELINE_VIOLATION);
    story_end(&s);
}

/* Forty files twice, each with its reads and counts: more than there is room for. Nothing that is
 * about the lock or a manifest goes before what only reads. */
static void too_many_items_leave_out_what_only_reads(void **state)
{
    (void)state;
    begin();
    s.scenario.lock_ttl = duration_s(60);
    s.scenario.max_files_per_manifest = 40;
    story_files(&s, 40, 0, (struct duration){0});
    story_files(&s, 40, 80, (struct duration){0});
    story_fault(&s, FAULT_STALL, "manifest_builder", "MARK_FILE", 2);
    story_last_fault(&s)->by = duration_s(110);
    tell(INVARIANT_S1);
    assert_number(timeline.items_count <= TIMELINE_ITEMS_MAX, true);
    uint32_t reads = 0;
    uint32_t deviations = 0;
    uint32_t manifests = 0;
    uint64_t calls = timeline.calls_left_out;
    for (uint32_t i = 0; i < timeline.items_count; i++) {
        const struct timeline_item *item = &timeline.items[i];
        reads += text_equal(item->operation, TEXT("Query"));
        deviations += item->kind == TIMELINE_DEVIATION;
        manifests += text_equal(item->point, TEXT("PUT_MANIFEST"));
        calls += item->kind == TIMELINE_CALL ? item->count : 0;
    }
    assert_number(reads, 0);
    assert_number(deviations, 1);
    assert_number(manifests, 2);
    assert_number(timeline.items_left_out, 0);
    uint64_t before = 0;
    for (uint64_t i = 0; i < run_calls_count(s.run); i++) {
        struct call_row c;
        run_call(s.run, i, &c);
        before += c.effect_at.ns < timeline.violation.at.ns;
    }
    assert_true(calls > before); /* those of the violation's own instant beside */
    story_end(&s);
}

int main(void)
{
    struct cases cases = {0};
    CASES_ADD(&cases, of_a_builder_that_dies_before_the_start);
    CASES_ADD(&cases, of_a_frozen_owner);
    CASES_ADD(&cases, processes_and_the_lock);
    CASES_ADD(&cases, items_for_a_drawing);
    CASES_ADD(&cases, too_many_items_leave_out_what_only_reads);
    return cases_run("timeline", &cases);
}

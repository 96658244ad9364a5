/* test_report.c: the four formats of a report.
 *
 * A small run of the real pipeline is reported in each: the JSON is compared with its contract
 * field by field, the XML and TAP are checked for what hostile names could do to them, the text for
 * what a person must find. The same run reported twice gives the same bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "model/aws/cloud.h"
#include "model/pipeline/run_state.h"
#include "tools/report.h"

static struct scenario scenario;
static struct choices choices;
static struct trace trace;
static struct report report;
static struct run *run;
static char *output;

#define HOSTILE "a<b>&\"#\xC3\xA4 ]]>"

static int set_up(void **state)
{
    (void)state;
    struct error error = {.message = ""};
    scenario_init(&scenario);
    scenario.name = TEXT(HOSTILE);
    scenario.workloads_count = 1;
    scenario.workloads[0] = (struct workload){
        .files = 25, .over = duration_s(10), .size = 3670016, .prefix = TEXT("pipeline/input/")};
    scenario.expectations_count = 2;
    scenario.expectations[0] = (struct expectation){.name = TEXT("first"), .sql = TEXT("SELECT 1")};
    scenario.expectations[1] =
        (struct expectation){.name = TEXT(HOSTILE), .sql = TEXT("SELECT 1 < 0\n&")};
    scenario.required_invariants = 1u << INVARIANT_S1 | 1u << INVARIANT_S7;
    choices_init_default(&choices, cloud_choice_names, CHOICES_COUNT);
    trace_init(&trace);
    struct run_options options = {.choices = &choices, .trace = &trace};
    run = run_create(&scenario, &options, &error);
    assert_non_null(run);
    while (run_advance(run, 1000, &error) == RUN_GOING) {
    }
    run_finish(run);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(output);
    return run_destroy(run, NULL) == STATUS_OK ? 0 : -1;
}

/* A report of the run with made-up figures, so that each has a value of its own. */
static void fill(bool first_ok, bool second_ok)
{
    report = (struct report){.run = run,
                             .scenario = &scenario,
                             .file = TEXT("small.yaml"),
                             .strategy = CHOICE_SEEDED,
                             .seed = UINT64_C(18446744073709551615),
                             .replay = "lockstep run small.yaml --set 'a<b'"};
    /* clang-format off */
    report.summary = (struct summary){
        .trace_hash = {2,   1            },
        .started_at = {scenario.start.ns},
        .ended_at = {scenario.start.ns + 412 * NS_PER_S + 700 * NS_PER_MS},
        .simulated_ns = 412 * NS_PER_S + 700 * NS_PER_MS,
        .events = 5120,
        .files = {130, 131, 132, 133, 134, 135, 136, 137, 138},
        .manifests = {13, 14, 15, 16},
        .executions = {17, 18, 19},
        .job_runs = {20, 21, 22, 23},
        .parquet = {24},
        .lock = {27, 103, 28, 29, {400 * NS_PER_MS}},
        .table_requests = {30, 31, 32, 33},
        .cost = {34000000001, 35, 36, 37, 38, 390000000},
    };
    /* clang-format on */
    report.expectations[0].ok = first_ok;
    report.expectations[1].ok = second_ok;
    (void)snprintf(report.expectations[1].observed, sizeof report.expectations[1].observed, "0");
    report_judge(&report);
}

/* Joins what was written apart. */
static void join_piece(const struct report_format *format, struct report_stream *stream,
                       FILE *piece, char **bytes, const size_t *size)
{
    assert_int_equal(fclose(piece), 0);
    format->join(stream, (struct text){*bytes, *size});
    stream->written++;
    free(*bytes);
    *bytes = NULL;
}

/* What the format writes for `times` reports, and, where there is one, a run that gave none. */
static const char *write_all(const struct report_format *format, size_t times,
                             const struct report_failure *failure)
{
    size_t size, piece_size;
    char *bytes = NULL;
    free(output);
    output = NULL;
    FILE *out = open_memstream(&output, &size);
    assert_non_null(out);
    struct report_stream stream = {.out = out, .list = times > 1};
    format->begin(&stream);
    for (size_t i = 0; i < times + (failure != NULL); i++) {
        FILE *piece = open_memstream(&bytes, &piece_size);
        assert_non_null(piece);
        if (i < times) {
            format->put(piece, &report, false);
        } else {
            format->put_failure(piece, failure);
        }
        join_piece(format, &stream, piece, &bytes, &piece_size);
    }
    format->end(&stream);
    assert_int_equal(fclose(out), 0);
    return output;
}

static const char *write_reports(const struct report_format *format, size_t times)
{
    return write_all(format, times, NULL);
}

static void assert_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("%s\nis not in\n%s", part, text);
    }
}

/* A second run, in which the builder dies under a strict lock: files stay pending, some invariants
 * do not hold, and a fault has struck. */
static void report_stuck(const struct report_format *format, const char *const *parts, size_t count)
{
    struct error error = {.message = ""};
    struct scenario stuck;
    struct choices no_choices;
    struct trace another;
    scenario_init(&stuck);
    stuck.name = TEXT("stuck");
    stuck.builder.lock = LOCK_STRICT;
    stuck.workloads_count = 1;
    stuck.workloads[0] = (struct workload){.files = 130,
                                           .at = duration_s(1),
                                           .over = duration_s(60),
                                           .size = 3670016,
                                           .date = TEXT("2026-01-30"),
                                           .number = 7,
                                           .prefix = TEXT("pipeline/input/")};
    stuck.faults_count = 1;
    stuck.faults[0] = fault_default;
    stuck.faults[0].process = TEXT("manifest_builder");
    stuck.faults[0].at = TEXT("PUT_MANIFEST");
    stuck.faults[0].occurrence = 2;
    stuck.required_invariants = 1u << INVARIANT_L3;
    choices_init_default(&no_choices, cloud_choice_names, CHOICES_COUNT);
    trace_init(&another);
    struct run_options options = {.choices = &no_choices, .trace = &another};
    struct run *broken = run_create(&stuck, &options, &error);
    assert_non_null(broken);
    while (run_advance(broken, 1000, &error) == RUN_GOING) {
    }
    run_finish(broken);
    report = (struct report){.run = broken,
                             .scenario = &stuck,
                             .file = TEXT("stuck.yaml"),
                             .replay = "lockstep run stuck"};
    run_summary(broken, &report.summary);
    report_judge(&report);
    assert_false(report.passed);
    const char *text = write_reports(format, 1);
    for (size_t i = 0; i < count; i++) {
        assert_contains(text, parts[i]);
    }
    assert_int_equal(run_destroy(broken, &error), STATUS_OK);
}

static size_t occurrences(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        count++;
    }
    return count;
}

static void test_json_keeps_its_contract(void **state)
{
    (void)state;
    fill(true, false);
    assert_string_equal(
        write_reports(&report_json, 1),
        "{\"scenario\": \"a<b>&\\\"#\xC3\xA4 ]]>\", \"case\": null, "
        "\"file\": \"small.yaml\", \"seed\": 18446744073709551615, "
        "\"trace_hash\": \"00000000000000010000000000000002\", \"verdict\": \"fail\",\n"
        " \"simulated_seconds\": 412.7, \"events\": 5120,\n"
        " \"files\": {\"arrived\": 130, \"tracked\": 131, \"pending\": 132, \"manifested\": 133, "
        "\"completed\": 134, \"failed\": 135, \"quarantined\": 136, \"lost\": 137, "
        "\"duplicated\": 138},\n"
        " \"manifests\": {\"created\": 13, \"objects\": 14, \"overwritten\": 15, \"records\": "
        "16},\n"
        " \"executions\": {\"started\": 17, \"succeeded\": 18, \"failed\": 19},\n"
        " \"job_runs\": {\"started\": 20, \"succeeded\": 21, \"failed\": 22, \"refused\": 23},\n"
        " \"parquet\": {\"objects\": 24},\n"
        " \"lock\": {\"acquired\": 27, \"refused\": 103, \"taken_over\": 28, \"left_behind\": 29, "
        "\"longest_block_seconds\": 0.4},\n"
        " \"capacity\": [\n"
        "  {\"resource\": \"table\", \"read_units\": 46.5, \"write_units\": 105, "
        "\"throttled_reads\": 0, \"throttled_writes\": 0, "
        "\"peak_read\": {\"units\": 9, \"at_seconds\": 9}, "
        "\"peak_write\": {\"units\": 20, \"at_seconds\": 4}, \"saturates_at_seconds\": null},\n"
        "  {\"resource\": \"status-index\", \"read_units\": 12.5, \"write_units\": 75, "
        "\"throttled_reads\": 0, \"throttled_writes\": 0, "
        "\"peak_read\": {\"units\": 2, \"at_seconds\": 1}, "
        "\"peak_write\": {\"units\": 25, \"at_seconds\": 4}, "
        "\"saturates_at_seconds\": null}],\n"
        " \"table_requests\": {\"made\": 30, \"throttled\": 31, \"retried\": 32, \"given_up\": "
        "33},\n"
        " \"cost_usd\": {\"on_demand\": 34.000000001, \"provisioned\": 0.000000035, "
        "\"read_units\": 36, \"write_units\": 37, \"hours\": 38, \"storage_month\": 0.39},\n"
        " \"violates\": {\"said\": null, \"found\": [], \"ok\": true},\n"
        " \"reached\": [],\n"
        " \"violations\": [],\n"
        " \"expectations\": [{\"name\": \"first\", \"ok\": true}, "
        "{\"name\": \"a<b>&\\\"#\xC3\xA4 ]]>\", \"ok\": false}],\n"
        " \"deviations\": []}\n");
}

static void test_json_of_several_is_an_array(void **state)
{
    (void)state;
    fill(true, true);
    const char *text = write_reports(&report_json, 2);
    assert_int_equal(strncmp(text, "[\n{\"scenario\"", 13), 0);
    assert_contains(text, "\"deviations\": []},\n{\"scenario\"");
    assert_string_equal(text + strlen(text) - 4, "}\n]\n");
    assert_int_equal(occurrences(text, "\"verdict\": \"pass\""), 2);
}

static void test_seed_is_null_where_nothing_is_drawn(void **state)
{
    (void)state;
    fill(true, true);
    report.strategy = CHOICE_DEFAULT;
    assert_contains(write_reports(&report_json, 1), "\"seed\": null, ");
    assert_contains(write_reports(&report_text, 1), "  choices     the default of each\n");
}

static void test_junit_has_a_case_for_each_demand(void **state)
{
    (void)state;
    fill(true, false);
    const char *text = write_reports(&report_junit, 1);
    assert_contains(text, " tests=\"4\" failures=\"1\" errors=\"0\"");
    assert_int_equal(occurrences(text, "<testcase "), 4);
    assert_int_equal(occurrences(text, "<failure>"), 1);
    assert_contains(text, "name=\"S7 at most one invocation works under a date's lock\"");
    assert_contains(text, "<failure>the query gave 0, not 1\nSELECT 1 &#60; 0\n&#38;\n"
                          "replay: lockstep run small.yaml --set 'a&#60;b'</failure>");
    assert_contains(text, "name=\"a&#60;b&#62;&#38;&#34;#\xC3\xA4 ]]&#62;\"");
    assert_null(strstr(text, "a<b"));
    assert_null(strstr(text, "]]>"));
}

static void test_junit_leaves_out_what_xml_cannot_hold(void **state)
{
    (void)state;
    fill(true, true);
    report.file = TEXT("\x01\x1F\x7F|\xFF|\xEF\xBF\xBF|\t|");
    assert_contains(write_reports(&report_junit, 1), " file=\"\x7F|\xEF\xBF\xBD||\t|\"");
}

static void test_tap_numbers_on_and_escapes(void **state)
{
    (void)state;
    fill(true, false);
    const char *text = write_reports(&report_tap, 2);
    assert_int_equal(strncmp(text, "TAP version 13\n", 15), 0);
    assert_contains(text, "\nok 1 - a<b>&\"\\#\xC3\xA4 ]]>: first\n");
    assert_contains(text, "\nnot ok 2 - a<b>&\"\\#\xC3\xA4 ]]>: a<b>&\"\\#\xC3\xA4 ]]>\n"
                          "# the query gave 0, not 1\n");
    assert_contains(text, "\nok 8 - ");
    assert_contains(text, "\n1..8\n");
}

static void test_text_tells_what_matters(void **state)
{
    (void)state;
    fill(true, false);
    const char *text = write_reports(&report_text, 1);
    assert_contains(text, "  scenario    small.yaml\n");
    assert_contains(text, "  seed        18446744073709551615\n");
    assert_contains(text, "machine M2; 10 files a manifest; lock takeover, 5m\n");
    assert_contains(text, "  workload    25 files of 3.5MB, over 10s (even)\n");
    assert_contains(text, "After 0:06:52.700 of virtual time and 5120 events:\n");
    assert_contains(text, "\n  ok    S1 a file is in at most one started manifest\n");
    assert_contains(text, "\n  FALSE a<b>&\"#\xC3\xA4 ]]>; the query gave 0, not 1\n"
                          "          SELECT 1 < 0\n          &\n");
    assert_contains(text, "\nverdict   FAIL, 1 of 2 expectations false\n");
    assert_contains(text, "\nreplay    lockstep run small.yaml --set 'a<b'\n");
    assert_null(strstr(text, "\033"));
}

static void test_text_tells_the_story_of_the_lock(void **state)
{
    (void)state;
    fill(true, true);
    struct tenure_row row = {0};
    uint64_t count = run_tenures_count(run);
    assert_true(count >= 25);
    run_tenure(run, 0, &row);
    assert_int_equal(row.invocation, 1);
    const char *text = write_reports(&report_text, 1);
    assert_int_equal(occurrences(text, "  released "), 5);
    assert_contains(text, "\nverdict   pass\n");
}

#define REPORT_STUCK(format, ...)                                                                  \
    report_stuck(format, (const char *const[]){__VA_ARGS__},                                       \
                 sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

static void test_violations_are_told_in_every_format(void **state)
{
    (void)state;
    REPORT_STUCK(&report_text,
                 "\n  FALSE L3 a lock blocks nobody for longer than its life; violated ",
                 "become a manifest; violated once, which this scenario allows\n",
                 "  2026-01-30: a lock blocked for longer than its life, by manifest_builder[",
                 "] at ACQUIRE_LOCK (PutItem)\n", ", 1 of 1 required invariants violated\n",
                 "  fault       kill: manifest_builder at PUT_MANIFEST, occurrence 2\n",
                 "\nFaults, 1 of 1 struck:\n", "  left_behind ",
                 ", from 1s, over 1m (even), dated 2026-01-30, numbered from 7\n",
                 "without releasing it; it expired at ");
    REPORT_STUCK(&report_json, "\"violations\": [\n  {\"invariant\": \"L",
                 "\"required\": true, \"at_seconds\": ",
                 "\"text\": \"a lock blocked for longer than its life\", \"process\": "
                 "\"manifest_builder\", \"parent\": ",
                 ", \"point\": \"ACQUIRE_LOCK\", \"operation\": \"PutItem\"}",
                 "\"deviations\": [\"kill manifest_builder[", "] at PUT_MANIFEST\"]}");
    REPORT_STUCK(&report_junit, " tests=\"1\" failures=\"1\"", "<failure>violated ",
                 " 2026-01-30: a lock blocked for longer than its life, by manifest_builder[");
    REPORT_STUCK(&report_tap, "\nnot ok 1 - stuck: L3 ", "\n# L3 violated once\n#   0:0",
                 ", 2026-01-30: a lock blocked for longer than its life, by manifest_builder[",
                 "] at ACQUIRE_LOCK (PutItem)\n", "\n# replay: lockstep run stuck\n");
}

/* The run of set_up violates nothing; what it is made to have violated is made up. */
static void judge_violates(uint32_t said, uint32_t found)
{
    fill(true, true);
    scenario.violates = said;
    report_judge(&report);
    report.found = found;
    report.unexpected = said == VIOLATES_ANY ? 0 : found & ~said;
    report.missing = said == VIOLATES_ANY ? 0 : said & ~found;
}

struct exactness {
    const char *title;
    uint32_t said, found;
    const char *text, *json; /* what the reports say */
};

#define BIT(name) (1u << INVARIANT_##name)

/* clang-format off */
static const struct exactness exactnesses[] = {
    {"nothing is said, and nothing violated", VIOLATES_ANY, 0,
     "verdict   pass",
     "{\"said\": null, \"found\": [], \"ok\": true}"},
    {"a clean run is said, and is clean", 0, 0,
     "\n  ok    violates exactly: nothing\n",
     "{\"said\": [], \"found\": [], \"ok\": true}"},
    {"what is violated is what is said", BIT(S2) | BIT(L4), BIT(S2) | BIT(L4),
     "\n  ok    violates exactly: S2, L4\n",
     "{\"said\": [\"S2\", \"L4\"], \"found\": [\"S2\", \"L4\"], \"ok\": true}"},
    {"one more than is said", BIT(S2), BIT(S2) | BIT(L4),
     "violated against what the scenario says: L4\n",
     "{\"said\": [\"S2\"], \"found\": [\"S2\", \"L4\"], \"ok\": false}"},
    {"one fewer than is said", BIT(S2) | BIT(L4), BIT(L4),
     ", not violated, against what the scenario says: S2\n",
     "{\"said\": [\"S2\", \"L4\"], \"found\": [\"L4\"], \"ok\": false}"},
    {"another than is said", BIT(S2), BIT(L4),
     "violated against what the scenario says: L4; not violated, against what the scenario says: S2\n",
     "{\"said\": [\"S2\"], \"found\": [\"L4\"], \"ok\": false}"},
    {"a violation, though a clean run is said", 0, BIT(S7),
     "\n  FALSE violates exactly: nothing\n",
     "{\"said\": [], \"found\": [\"S7\"], \"ok\": false}"},
};

/* clang-format on */

static void test_violates_is_exact(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof exactnesses / sizeof exactnesses[0]; i++) {
        const struct exactness *e = &exactnesses[i];
        judge_violates(e->said, e->found);
        bool ok = e->said == VIOLATES_ANY || e->said == e->found;
        bool said = e->said != VIOLATES_ANY;
        report.passed = ok;
        assert_contains(write_reports(&report_text, 1), e->text);
        assert_contains(write_reports(&report_json, 1), e->json);
        assert_contains(write_reports(&report_junit, 1), !said ? " tests=\"4\" failures=\"0\""
                                                         : ok  ? " tests=\"5\" failures=\"0\""
                                                               : " tests=\"5\" failures=\"1\"");
        assert_contains(write_reports(&report_tap, 1), !said ? "\n1..4\n"
                                                       : ok  ? "\nok 5 - "
                                                             : "\nnot ok 5 - ");
    }
    scenario.violates = VIOLATES_ANY;
}

/* The judge itself: the run violates nothing, so to say that it does is false. */
static void test_run_fails_that_is_not_as_said(void **state)
{
    (void)state;
    scenario.violates = 0;
    fill(true, true);
    assert_true(report.passed);
    scenario.violates = BIT(S2);
    fill(true, true);
    assert_false(report.passed);
    assert_int_equal(report.missing, BIT(S2));
    scenario.violates = VIOLATES_ANY;
}

/* A run that was asked for two goals, of which it reached the first. */
static void ask_for_goals(void)
{
    fill(true, true);
    run_pipeline(run)->history.counts->goals = UINT64_C(1) << GOAL_OWNER_DIED;
    report.goals = (struct report_goals){.asked = UINT32_C(1) << GOAL_OWNER_DIED |
                                                  UINT32_C(1) << GOAL_CLAIM_LOST};
    report_judge(&report);
    run_pipeline(run)->history.counts->goals = 0;
}

static void test_goals_are_told_in_every_format(void **state)
{
    (void)state;
    ask_for_goals();
    assert_false(report.passed);
    assert_contains(write_reports(&report_json, 1),
                    " \"reached\": [\"owner-died\"],\n \"reach\": [{\"goal\": \"owner-died\", "
                    "\"reached\": 1, \"runs\": 1, \"ok\": true}, {\"goal\": \"claim-lost\", "
                    "\"reached\": 0, \"runs\": 1, \"ok\": false}],\n");
    assert_contains(write_reports(&report_tap, 1),
                    "not ok 6 - a<b>&\"\\#\xC3\xA4 ]]>: reaches claim-lost\n"
                    "# claim-lost was reached in 0 of 1 run\n# replay: ");
    assert_contains(output, "ok 5 - a<b>&\"\\#\xC3\xA4 ]]>: reaches owner-died\n");
    assert_contains(write_reports(&report_junit, 1), " tests=\"6\" failures=\"1\" errors=\"0\"");
    assert_contains(output, "name=\"reaches owner-died\" file=\"small.yaml\" time=\"0\"/>");
    assert_contains(output, "<failure>claim-lost was reached in 0 of 1 run\nreplay: lockstep run");
    assert_contains(write_reports(&report_text, 1),
                    "\nGoals reached: owner-died\n"
                    "  ok    owner-died was reached in 1 of 1 run: an invocation died");
    assert_contains(output, "  FALSE claim-lost was reached in 0 of 1 run: a claim was refused");
    assert_contains(output, "FAIL, reach: claim-lost was reached in 0 of 1 run\nreplay ");
}

/* What the format writes of a scenario's runs. */
static const char *write_campaign(const struct report_format *format,
                                  const struct report_campaign *campaign)
{
    size_t size;
    free(output);
    FILE *out = open_memstream(&output, &size);
    assert_non_null(out);
    format->put_campaign(out, campaign, false);
    assert_int_equal(fclose(out), 0);
    return output;
}

static void test_goals_of_all_runs_are_told_in_every_format(void **state)
{
    (void)state;
    struct report_goals goals = {.asked = UINT32_C(1) << GOAL_OWNER_DIED | UINT32_C(1)
                                                                               << GOAL_CLAIM_LOST};
    const struct report_campaign campaign = {TEXT("some"), TEXT("some.yaml"), &goals};
    report_goals_add(&goals, UINT64_C(1) << GOAL_OWNER_DIED);
    report_goals_add(&goals, UINT64_C(1) << GOAL_LOCK_REFUSED);
    report_goals_add(&goals, UINT64_C(1) << GOAL_OWNER_DIED);
    assert_int_equal(report_goals_missed(&goals), UINT32_C(1) << GOAL_CLAIM_LOST);
    assert_string_equal(write_campaign(&report_json, &campaign),
                        "{\"scenario\": \"some\", \"file\": \"some.yaml\", \"verdict\": "
                        "\"fail\", \"runs\": 3,\n \"reached\": [\"lock-refused\", "
                        "\"owner-died\"],\n \"reach\": [{\"goal\": \"owner-died\", "
                        "\"reached\": 2, \"runs\": 3, \"ok\": true}, {\"goal\": "
                        "\"claim-lost\", \"reached\": 0, \"runs\": 3, \"ok\": false}]}");
    assert_string_equal(write_campaign(&report_tap, &campaign),
                        "ok - some: reaches owner-died\n# owner-died was reached in 2 of 3 runs\n"
                        "not ok - some: reaches claim-lost\n"
                        "# claim-lost was reached in 0 of 3 runs\n");
    assert_contains(write_campaign(&report_junit, &campaign),
                    "<testsuite name=\"some\" tests=\"2\" failures=\"1\" errors=\"0\"");
    assert_contains(output, "<failure>claim-lost was reached in 0 of 3 runs</failure>");
    assert_contains(write_campaign(&report_text, &campaign),
                    "some, all 3 runs\n\nGoals:\n  ok    owner-died was reached in 2 of 3 runs: ");
    assert_contains(output, "\nverdict   FAIL, reach: claim-lost was reached in 0 of 3 runs\n");
    report_goals_add(&goals, UINT64_C(1) << GOAL_CLAIM_LOST);
    assert_contains(write_campaign(&report_json, &campaign), "\"verdict\": \"pass\", \"runs\": 4");
    assert_contains(write_campaign(&report_text, &campaign), "\nverdict   pass\n");
}

static void test_case_is_named_in_every_format(void **state)
{
    (void)state;
    scenario.case_name = TEXT("V<7");
    fill(true, false);
    assert_contains(write_reports(&report_text, 1), "a<b>&\"#\xC3\xA4 ]]> / V<7\n");
    assert_contains(write_reports(&report_json, 1), "\"case\": \"V<7\"");
    assert_contains(write_reports(&report_junit, 1), " ]]&#62; / V&#60;7\" tests=");
    assert_contains(write_reports(&report_tap, 1), " ]]> / V<7: first\n");
    scenario.case_name = (struct text){"", 0};
}

static void test_explanation_is_told_in_every_format(void **state)
{
    (void)state;
    struct explanation explanation = {
        .violation = {.invariant = INVARIANT_S2,
                      .at = {0},
                      .subject = TEXT("a<b"),
                      .text = TEXT("was <overwritten>")},
        .facts = {{{0}, "it is put"}, {{0}, "and put again"}},
        .facts_count = 2,
        .facts_left_out = 1,
        .ending = "gone"
    };
    explanation.violation.at = explanation.facts[0].at = scenario.start;
    explanation.facts[1].at = instant_add(scenario.start, duration_ms(1500));
    fill(true, true);
    report.explanation = &explanation;
    assert_contains(write_reports(&report_text, 1),
                    "\nWhat happened:\n  At 0:00:00.000, was <overwritten>: a<b.\n"
                    "  (1 earlier fact left out)\n    0:00:00.000  it is put\n"
                    "    0:00:01.500  and put again\n  In the end: gone.\n\ntrace ");
    assert_contains(write_reports(&report_json, 1),
                    ",\n \"explanation\": {\"invariant\": \"S2\", \"at_seconds\": 0, "
                    "\"subject\": \"a<b\", \"text\": \"was <overwritten>\", "
                    "\"facts_left_out\": 1, \"facts\": [\n"
                    "  {\"at_seconds\": 0, \"text\": \"it is put\"},\n"
                    "  {\"at_seconds\": 1.5, \"text\": \"and put again\"}],\n"
                    "  \"ending\": \"gone\"}}\n");
    assert_contains(write_reports(&report_junit, 1),
                    "<system-out>At 0:00:00.000, was &#60;overwritten&#62;: a&#60;b.\n");
    assert_contains(write_reports(&report_tap, 1),
                    "\n#   0:00:01.500  and put again\n# In the end: gone.\n1..4\n");
}

static void test_run_without_report_is_told(void **state)
{
    (void)state;
    fill(true, true);
    struct report_failure failure = {TEXT("f1 / V<7"), TEXT("f1.yaml"), TEXT("bad & ugly\n")};
    assert_contains(write_all(&report_json, 1, &failure),
                    "},\n{\"scenario\": \"f1 / V<7\", \"file\": \"f1.yaml\", \"verdict\": "
                    "\"error\", \"message\": \"bad & ugly\\u000a\"}\n");
    const char *text = write_all(&report_junit, 1, &failure);
    assert_contains(text,
                    "<testsuite name=\"f1 / V&#60;7\" tests=\"1\" failures=\"0\" errors=\"1\"");
    assert_contains(text, "file=\"f1.yaml\" time=\"0\">\n      <error>bad &#38; ugly\n</error>");
    assert_contains(write_all(&report_tap, 1, &failure),
                    "\nnot ok 5 - f1 / V<7: runs\n# bad & ugly\n1..5\n");
    assert_null(report_text.put_failure);
}

static void test_full_run_fails(void **state)
{
    (void)state;
    fill(true, true);
    assert_true(report.passed);
    report.summary.full = true;
    report.summary.full_what = TEXT("out of room for events");
    report_judge(&report);
    assert_false(report.passed);
    assert_contains(write_reports(&report_text, 1), "\nfull      out of room for events\n");
    assert_contains(write_reports(&report_junit, 1), " tests=\"5\" failures=\"1\"");
    assert_contains(write_reports(&report_tap, 1), "\nnot ok 5 - ");
    assert_contains(write_reports(&report_json, 1), "\"verdict\": \"fail\"");
}

static void test_same_run_gives_the_same_bytes(void **state)
{
    (void)state;
    fill(true, false);
    for (size_t i = 0; report_format_at(i) != NULL; i++) {
        char *first = strdup(write_reports(report_format_at(i), 1));
        assert_non_null(first);
        assert_string_equal(write_reports(report_format_at(i), 1), first);
        free(first);
    }
}

struct seconds {
    int64_t ns;
    const char *text;
};

static void test_seconds_are_exact(void **state)
{
    (void)state;
    static const struct seconds cases[] = {
        {0,                                "0"                   },
        {1,                                "0.000000001"         },
        {NS_PER_S,                         "1"                   },
        {400 * NS_PER_MS,                  "0.4"                 },
        {412 * NS_PER_S + 700 * NS_PER_MS, "412.7"               },
        {INT64_MAX,                        "9223372036.854775807"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char room[64] = "";
        FILE *out = fmemopen(room, sizeof room, "w");
        assert_non_null(out);
        put_seconds(out, cases[i].ns);
        assert_int_equal(fclose(out), 0);
        assert_string_equal(room, cases[i].text);
    }
}

static void test_clock_counts_from_the_start(void **state)
{
    (void)state;
    fill(true, true);
    struct instant t = {scenario.start.ns + 3 * 3600 * NS_PER_S + 62 * NS_PER_S + 999999999};
    assert_string_equal(clock_text(&report, scenario.start).text, "0:00:00.000");
    assert_string_equal(clock_text(&report, t).text, "3:01:02.999");
    assert_string_equal(clock_text(&report, (struct instant){NEVER}).text, "never");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_json_keeps_its_contract),
        cmocka_unit_test(test_json_of_several_is_an_array),
        cmocka_unit_test(test_seed_is_null_where_nothing_is_drawn),
        cmocka_unit_test(test_junit_has_a_case_for_each_demand),
        cmocka_unit_test(test_junit_leaves_out_what_xml_cannot_hold),
        cmocka_unit_test(test_tap_numbers_on_and_escapes),
        cmocka_unit_test(test_text_tells_what_matters),
        cmocka_unit_test(test_text_tells_the_story_of_the_lock),
        cmocka_unit_test(test_violations_are_told_in_every_format),
        cmocka_unit_test(test_violates_is_exact),
        cmocka_unit_test(test_run_fails_that_is_not_as_said),
        cmocka_unit_test(test_goals_are_told_in_every_format),
        cmocka_unit_test(test_goals_of_all_runs_are_told_in_every_format),
        cmocka_unit_test(test_case_is_named_in_every_format),
        cmocka_unit_test(test_explanation_is_told_in_every_format),
        cmocka_unit_test(test_run_without_report_is_told),
        cmocka_unit_test(test_full_run_fails),
        cmocka_unit_test(test_same_run_gives_the_same_bytes),
        cmocka_unit_test(test_seconds_are_exact),
        cmocka_unit_test(test_clock_counts_from_the_start),
    };
    return cmocka_run_group_tests_name("report", tests, set_up, tear_down);
}

/* test_scenario_decoder.c: what the decoder reads, and how it refuses what it does not.
 *
 * Most is a table of wrong scenarios with the exact complaint: line, column and text. Each row runs
 * as a test of its own. The good ones look at the struct; presets and --set at the order of things.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/scenario_decoder.h"

static struct scenario scenario;
static struct diagnostics diagnostics;

/* Decodes a text named "x" with up to one assignment. */
static struct document *decode(struct text yaml, const char *set)
{
    struct source file = {TEXT("x"), yaml};
    const char **sets = malloc(sizeof *sets); /* as long as the document, as argv is */
    assert_non_null(sets);
    sets[0] = set;
    struct document *d = scenario_decode(&file, sets, set != NULL, &scenario, &diagnostics);
    assert_non_null(d);
    free(sets);
    return d;
}

/* Compares "line:column: path: message" of every error, one a line. */
static void assert_complaints(const char *expected)
{
    static char room[DIAGNOSTICS_TEXT];
    struct text_writer w = text_writer(room, sizeof room);
    for (uint32_t i = 0; i < diagnostics.count; i++) {
        const struct diagnostic *d = &diagnostics.items[i];
        text_put(&w, i > 0 ? TEXT("\n") : TEXT(""));
        text_put_integer(&w, d->line, 0);
        text_put_char(&w, ':');
        text_put_integer(&w, d->column, 0);
        text_put(&w, TEXT(": "));
        text_put(&w, text_from(d->message));
    }
    assert_string_equal(text_writer_string(&w), expected);
}

struct refusal {
    const char *title, *yaml, *complaints;
};

/* The same for one assignment on top of a scenario in which nothing is wrong. */
struct set_refusal {
    const char *title, *set, *complaints;
};

/* A scenario in which nothing is wrong, to be followed by what is. Two lines. */
#define GOOD "name: a\nworkload: [{files: 1}]\n"

/* clang-format off */
static const struct refusal refusals[] = {
    /* Keys. */
    {"an unknown key near a known one", GOOD "unitl: 4h\n",
     "3:1: unitl: unknown key (did you mean 'until'?)"},
    {"an unknown key near none", GOOD "colour: red\n", "3:1: colour: unknown key"},
    {"an unknown key in a group", GOOD "pipeline:\n  lock_tll: 300s\n",
     "4:3: pipeline.lock_tll: unknown key (did you mean 'lock_ttl'?)"},
    {"a key of another group", GOOD "lock_ttl: 300s\n",
     "3:1: lock_ttl: unknown key (did you mean 'pipeline.lock_ttl'?)"},
    {"an unknown key in an element", "name: a\nworkload:\n  - files: 1\n    sise: 3MB\n",
     "4:5: workload.0.sise: unknown key (did you mean 'size'?)"},
    {"an unknown key in the second element", "name: a\nworkload: [{files: 1}, {files: 2, ta: 1s}]\n",
     "2:35: workload.1.ta: unknown key (did you mean 'at'?)"},
    {"a key in capitals", "Name: a\nworkload: [{files: 1}]\n",
     "1:1: Name: unknown key (did you mean 'name'?)"},
    {"an unknown group, once for all below it", GOOD "pipelines: {a: {b: c}, d: 1}\n",
     "3:1: pipelines: unknown key (did you mean 'pipeline'?)"},
    {"a duplicate key", GOOD "until: 4h\nuntil: 5h\n", "4:1: until: duplicate key (first at line 3)"},
    {"a duplicate key in a group", GOOD "queue: {retention: 4d, retention: 4d}\n",
     "3:24: queue.retention: duplicate key (first at line 3)"},
    {"a duplicate group", GOOD "queue: {retention: 4d}\nqueue: {duplicate: 1%}\n",
     "4:1: queue: duplicate key (first at line 3)"},
    {"a duplicate key in an element", "name: a\nworkload:\n- files: 1\n  files: 2\n",
     "4:3: workload.0.files: duplicate key (first at line 3)"},
    {"a key with a dot", GOOD "pipeline.lock_ttl: 3s\n",
     "3:1: pipeline.lock_ttl: a key with a dot; nest the keys instead"},
    {"a key that is a list", GOOD "[a]: 3\n", "3:1: a key must be a word"},
    {"a key that is a mapping", GOOD "{a: b}: 3\n", "3:1: a key must be a word"},
    {"a star", GOOD "faults: {'*': {kill: a}}\n", "3:9: faults: wants a list, not a mapping"},
    {"a merge key", GOOD "queue:\n  <<: 3\n", "4:3: queue.<<: unknown key"},
    {"a very long key", GOOD
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
     ": 3\n",
     "3:1: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...: unknown key"},

    /* Shapes. */
    {"a list where a group is due", GOOD "queue: [1]\n", "3:8: queue: wants a mapping, not a list"},
    {"a value where a group is due", GOOD "queue: 1\n", "3:8: queue: wants a mapping, not a value"},
    {"nothing where a group is due", GOOD "queue:\n", "3:7: queue: wants a mapping, not nothing"},
    {"a mapping where a list is due", "name: a\nworkload: {files: 1}\n",
     "2:11: workload: wants a list, not a mapping"},
    {"a value where an element is due", "name: a\nworkload: [130]\n",
     "2:12: workload.0: wants a mapping, not a value"},
    {"a list where a value is due", GOOD "until: [4h]\n",
     "3:8: until: wants a value (duration, 0s to 36500d), not a list"},
    {"a mapping where a value is due", GOOD "pipeline: {lock: {mode: strict}}\n",
     "3:18: pipeline.lock: wants a value (strict | takeover | none | fencing | lease | claim), not a mapping"},
    {"nothing where a value is due", GOOD "description:\n",
     "3:13: description: wants a value (text), not nothing"},
    {"a mapping where words are due", GOOD "invariants: {S1: true}\n",
     "3:13: invariants: wants a value (list of S1 | S2 | S3 | S4 | S5 | S6 | S7 | L1 | L2 | L3 | L4 | O)"
     ", not a mapping"},
    {"the whole file a list", "- name: a\n", "1:1: the file: wants a mapping, not a list"},
    {"the whole file a word", "name\n", "1:1: the file: wants a mapping, not a value"},

    /* Integers. */
    {"a fraction of a file", "name: a\nworkload: [{files: 10.5}]\n",
     "2:20: workload.0.files: '10.5' is not a whole number; write decimal digits"},
    {"a word for a number", GOOD "mapping: {batch_size: ten}\n",
     "3:23: mapping.batch_size: 'ten' is not a whole number; write decimal digits"},
    {"an octal number", GOOD "mapping: {batch_size: 010}\n",
     "3:23: mapping.batch_size: '010' begins with a zero; write decimal digits without it"},
    {"a hexadecimal number", GOOD "mapping: {batch_size: 0x10}\n",
     "3:23: mapping.batch_size: '0x10' is not a whole number; write decimal digits"},
    {"an exponent", GOOD "mapping: {batch_size: 3e2}\n",
     "3:23: mapping.batch_size: '3e2' is not a whole number; write decimal digits"},
    {"a negative number", GOOD "mapping: {batch_size: -1}\n",
     "3:23: mapping.batch_size: '-1' is not a whole number; write decimal digits"},
    {"a number with a unit", GOOD "mapping: {batch_size: 10s}\n",
     "3:23: mapping.batch_size: '10s' is not a whole number; write decimal digits"},
    {"a number below the range", GOOD "mapping: {batch_size: 0}\n",
     "3:23: mapping.batch_size: '0' is not within 1 to 10000"},
    {"a number above the range", GOOD "mapping: {batch_size: 10001}\n",
     "3:23: mapping.batch_size: '10001' is not within 1 to 10000"},
    {"a number beyond 64 bits", GOOD "mapping: {batch_size: 9223372036854775808}\n",
     "3:23: mapping.batch_size: '9223372036854775808' is beyond 64 bits"},
    {"digits grouped", GOOD "mapping: {batch_size: 1_000}\n",
     "3:23: mapping.batch_size: '1_000' is not a whole number; write decimal digits"},

    /* Booleans and words. */
    {"yes", GOOD "pipeline: {retry_loop: yes}\n",
     "3:24: pipeline.retry_loop: 'yes' is not true or false"},
    {"a capital true", GOOD "pipeline: {retry_loop: True}\n",
     "3:24: pipeline.retry_loop: 'True' is not true or false"},
    {"an unknown word near a known one", GOOD "pipeline: {lock: strikt}\n",
     "3:18: pipeline.lock: 'strikt' is not one of: strict, takeover, none, fencing, lease, claim (did you mean 'strict'?)"},
    {"an unknown word near none", GOOD "pipeline: {lock: none}\n",
     ""},
    {"an operator's tool that is none", GOOD "operator: [{run: chek-locks}]\n",
     "3:18: operator.0.run: 'chek-locks' is not one of: check-locks, trace-pipeline, force-manifest-creation, "
     "debug-glue-output, reprocess-failed, upload (did you mean 'check-locks'?)"},
    {"an option that is none", GOOD "operator: [{run: check-locks --clear-expire}]\n",
     "3:18: operator.0.run: '--clear-expire' is not one of: --clear-expired, --fixed, --files, --size, --date, "
     "--prefix (did you mean '--clear-expired'?)"},
    {"an option of another tool", GOOD "operator: [{run: trace-pipeline --files 3}]\n",
     "3:18: operator.0.run: trace-pipeline has no option --files"},
    {"an answer that is none", GOOD "operator: [{run: check-locks, answer: yes}]\n",
     "3:39: operator.0.answer: 'yes' is not one of: none, y, n"},
    {"no tool at all", GOOD "operator: [{at: 2m}]\n", "3:12: operator.0.run: missing"},
    {"a moment that never is", GOOD "operator: [{run: check-locks, when: manifest_builder.PUT}]\n",
     "3:37: operator.0.when: that process has no such point; lockstep points lists them"},
    {"a preset that is none", GOOD "pipeline:\n  preset: production\n",
     "4:11: pipeline.preset: 'production' is not one of: dev, prod"},
    {"a word in small letters", GOOD "pipeline: {builder: v4}\n",
     "3:21: pipeline.builder: 'v4' is not one of: V0, V1, V1c, V2, V3, V4, V5, V6, V6e, V6s, V7 (did you mean 'V4'?)"},
    {"an unknown invariant", GOOD "invariants: [S1, S99]\n",
     "3:18: invariants.1: 'S99' is not one of: S1, S2, S3, S4, S5, S6, S7, L1, L2, L3, L4, O"},

    /* Durations, instants, dates, distributions. */
    {"a bare number for a duration", GOOD "until: 300\n",
     "3:8: until: '300' is not a duration; write 300s, 5m or 1h30m"},
    {"a duration beyond its range", GOOD "function: {timeout: 16m}\n",
     "3:21: function.timeout: '16m' is not within 1s to 15m"},
    {"a control character in what a message quotes", GOOD "until: \"\\x07\\n5s\"\n", "3:8: until: '??5s' is not a duration; write numbers of at most 18 digits with the units d, h, m, s, ms, us or ns: 300s, 5m, 1h30m"},
    {"a date that does not exist", "name: a\nworkload: [{files: 1, date: 2026-02-29}]\n",
     "2:29: workload.0.date: '2026-02-29' is not a date; write 2026-01-29, 9999-99-99 or none"},
    {"a date of another form", "name: a\nworkload: [{files: 1, date: 29.1.2026}]\n",
     "2:29: workload.0.date: '29.1.2026' is not a date; write 2026-01-29, 9999-99-99 or none"},
    {"a start before 1970", GOOD "start: 1969-12-31T23:59:59Z\n",
     "3:8: start: '1969-12-31T23:59:59Z' is not within 1970-01-01T00:00:00Z to "
     "2200-01-01T00:00:00Z"},

    /* Sizes and shares. */
    {"a bare number for a size", "name: a\nworkload: [{files: 1, size: 3670016}]\n",
     "2:29: workload.0.size: '3670016' is not a size; write 3670016B, 4KiB or 3.5MB (MB is 2^20 "
     "bytes)"},
    {"a size that is not whole bytes", "name: a\nworkload: [{files: 1, size: 0.11MB}]\n",
     "2:29: workload.0.size: '0.11MB' is not a whole number of bytes (MB is 2^20 bytes); write it in "
     "B"},
    {"a size with an unknown unit", "name: a\nworkload: [{files: 1, size: 3mb}]\n",
     "2:29: workload.0.size: '3mb' is not a size; write 3670016B, 4KiB or 3.5MB (MB is 2^20 bytes)"},
    {"a size beyond 64 bits", "name: a\nworkload: [{files: 1, size: 9000000000000000000GB}]\n",
     "2:29: workload.0.size: '9000000000000000000GB' is beyond 64 bits"},
    {"a size with a blank", "name: a\nworkload: [{files: 1, size: 3.5 MB}]\n",
     "2:29: workload.0.size: '3.5 MB' is not a size; write 3670016B, 4KiB or 3.5MB (MB is 2^20 "
     "bytes)"},
    {"a bare number for a share", GOOD "queue: {duplicate: 0.5}\n",
     "3:20: queue.duplicate: '0.5' is not a share; write 0.5% or 5000ppm"},
    {"a share finer than a millionth", GOOD "queue: {duplicate: 0.00001%}\n",
     "3:20: queue.duplicate: '0.00001%' is finer than a millionth; write a whole number of ppm"},
    {"a bare number for money", GOOD "prices: {read_million: 0.5}\n",
     "3:24: prices.read_million: '0.5' is not an amount of money; write 0.625USD"},
    {"less than a billionth of a dollar", GOOD "prices: {read_hour: 0.0000000001USD}\n",
     "3:21: prices.read_hour: '0.0000000001USD' is finer than a billionth of a dollar"},
    {"too much money", GOOD "prices: {read_hour: 1000.5USD}\n",
     "3:21: prices.read_hour: '1000.5USD' is not within 0USD to 1000USD"},
    {"a share above one", GOOD "queue: {duplicate: 100.1%}\n",
     "3:20: queue.duplicate: '100.1%' is not within 0% to 100%"},

    /* Texts. */
    {"a control character", GOOD "description: \"a\\x07b\"\n",
     "3:14: description: 'a?b' holds a control character"},
    {"an empty name", "name: ''\nworkload: [{files: 1}]\n", "1:7: name: is empty"},

    /* What is missing. */
    {"no name", "workload: [{files: 1}]\n", "1:1: name: missing"},
    {"no files", "name: a\nworkload:\n  - {over: 3s}\n", "3:5: workload.0.files: missing"},
    {"no point", GOOD "faults:\n  - {kill: manifest_builder}\n", "4:5: faults.0.at: missing"},
    {"no kind of fault", GOOD "faults:\n  - {at: PUT_MANIFEST}\n",
     "4:5: faults.0.: the kind is missing: one of kill, lose_request, lose_reply, throttle, timeout, "
     "error, refuse, slow, stall, stale, duplicate, lose, delay, corrupt, expire, clock_skew, fail, yield"},
    {"two kinds of fault",
     GOOD "faults:\n  - {kill: manifest_builder, at: PUT_MANIFEST, throttle: manifest_builder}\n",
     "4:48: faults.0.throttle: a second kind of fault; write a fault of its own"},
    {"no query", GOOD "expect: [{name: b}]\n", "3:10: expect.0.sql: missing"},

    /* YAML itself. */
    {"nothing at all", "", "0:0: empty; a scenario is a mapping such as 'name: first'"},
    {"only a comment", "# name: a\n",
     "0:0: empty; a scenario is a mapping such as 'name: first'"},
    {"a tab for indentation", GOOD "queue:\n\tretention: 4d\n",
     "4:1: a tab; YAML indents with blanks"},
    {"a bracket left open", GOOD "queue: {retention: 4d\n",
     "4:1: not YAML: did not find expected ',' or '}' while parsing a flow mapping"},
    {"a quote left open", GOOD "description: \"a\n",
     "4:1: not YAML: found unexpected end of stream while scanning a quoted scalar"},
    {"a wrong indentation", "name: a\n  workload: 1\n",
     "2:11: not YAML: mapping values are not allowed in this context"},
    {"a second document", GOOD "---\nname: b\n",
     "3:1: a second document; a file holds one scenario"},
    {"an anchor", GOOD "description: &d hello\n",
     "3:14: anchors are not read; write the value out"},
    {"an alias", GOOD "until: *u\n", "3:8: aliases are not read; write the value out"},
    {"a tag", GOOD "description: !!str hello\n",
     "3:14: tags are not read; write the value alone"},
    {"a control character in the file", GOOD "description: a\x01\n",
     "3:15: not YAML: control characters are not allowed"},
    {"a byte that is not UTF-8", GOOD "description: \xC3\xA4\xFF\n", "3:15: not UTF-8"},
    {"an overlong form", GOOD "description: \xC0\xAF\n", "3:14: not UTF-8"},
    {"a surrogate", GOOD "description: \xED\xA0\x80\n", "3:14: not UTF-8"},
    {"beyond Unicode", GOOD "description: \xF4\x90\x80\x80\n", "3:14: not UTF-8"},
    {"UTF-16", "\xFF\xFEn", "1:1: not UTF-8"},
    {"columns count characters, not bytes", GOOD "queue: {\"\xC3\xA4\": 1, retentoin: 4d}\n",
     "3:9: queue.\xC3\xA4: unknown key\n"
     "3:17: queue.retentoin: unknown key (did you mean 'retention'?)"},
    {"lines end as on Windows", "name: a\r\nworkload: [{files: 1}]\r\nunitl: 4h\r\n",
     "3:1: unitl: unknown key (did you mean 'until'?)"},
    {"a byte order mark is no column", "\xEF\xBB\xBFnaem: a\nworkload: [{files: 1}]\n",
     "1:1: naem: unknown key (did you mean 'name'?)"},

    /* Cases, and what is violated. */
    {"an expectation of a case that there is not", GOOD
     "cases: [{name: V7}]\nexpect: [{name: a, sql: b, case: V8}]\n",
     "4:34: expect.0.case: no such case (did you mean 'V7'?)"},
    {"an expectation of a case where there is none", GOOD
     "expect: [{name: a, sql: b, case: V8}]\n",
     "3:34: expect.0.case: no such case"},
    {"two cases of one name", GOOD "cases:\n  - {name: a}\n  - {name: b}\n  - {name: a}\n",
     "6:12: cases.2.name: a second case of this name"},
    {"a case without a name", GOOD "cases: [{set: until=3s}]\n", "3:9: cases.0.name: missing"},
    {"a case that violates what there is not", GOOD "cases: [{name: a, violates: S22}]\n",
     "3:29: cases.0.violates: 'S22' is not one of: S1, S2, S3, S4, S5, S6, S7, L1, L2, L3, L4, O "
     "(did you mean 'S2'?)"},
    {"what must hold and must be violated", GOOD "invariants: [S1, S2]\nviolates: [S3, S2]\n",
     "4:1: violates: names S2, which invariants says must hold"},
    {"any invariant required", GOOD "invariants: any\n",
     "3:13: invariants: 'any' is not one of: S1, S2, S3, S4, S5, S6, S7, L1, L2, L3, L4, O"},

    {"a goal that there is not", GOOD "reach: [lock-refused, lock-token-over]\n",
     "3:23: reach.1: 'lock-token-over' is none of the words that `lockstep help scenario` lists "
     "(did you mean 'lock-taken-over'?)"},
    {"goals that are no list", GOOD "reach: {a: b}\n",
     "3:8: reach: wants a value (list of goals), not a mapping"},

    /* Several at once: in the order of places, though presets are read first. */
    {"all errors of a file", "name: a\nuntil: 4\npipeline:\n  lock_ttl: 60\n  builder: V9\n",
     "2:8: until: '4' is not a duration; write 4s, 5m or 1h30m\n"
     "4:13: pipeline.lock_ttl: '60' is not a duration; write 60s, 5m or 1h30m\n"
     "5:12: pipeline.builder: 'V9' is not one of: V0, V1, V1c, V2, V3, V4, V5, V6, V6e, V6s, V7 (did you mean 'V0'?)"},
};

static const struct set_refusal set_refusals[] = {
    {"an assignment without a value", "until",
     "1:1: until: write PATH=VALUE, as in pipeline.lock_ttl=60s"},
    {"an assignment without a path", "=3",
     "1:1: =3: write PATH=VALUE, as in pipeline.lock_ttl=60s"},
    {"an assignment to an unknown path", "pipeline.lok=strict",
     "1:1: pipeline.lok: unknown key (did you mean 'lock'?)"},
    {"an assignment of a wrong value", "pipeline.lock_ttl=60",
     "1:19: pipeline.lock_ttl: '60' is not a duration; write 60s, 5m or 1h30m"},
    {"an assignment to a group", "pipeline=3",
     "1:10: pipeline: wants a mapping, not a value"},
    {"an assignment to a list", "workload=3",
     "1:10: workload: wants a list, not a value"},
    {"an assignment beyond the next element", "workload.2.files=3",
     "1:1: workload.2.files: no such element; the next one is workload.1"},
    {"an assignment that appends half an element", "workload.1.over=3s",
     "1:1: workload.1.files: missing"},
    {"an index with a leading zero", "workload.00.files=3",
     "1:1: workload.00.files: unknown key"},
    {"an assignment to every element", "workload.*.files=3",
     "1:1: workload.*.files: unknown key"},
    {"an assignment that is not UTF-8", "name=\xFF",
     "1:1: name=?: not UTF-8, or one value too many"},
};

/* clang-format on */

enum {
    REFUSALS = sizeof refusals / sizeof refusals[0],
    SET_REFUSALS = sizeof set_refusals / sizeof set_refusals[0],
};

static void test_refusal(void **state)
{
    const struct refusal *r = *state;
    document_destroy(decode(text_from(r->yaml), NULL));
    assert_complaints(r->complaints);
}

static void test_set_refusal(void **state)
{
    const struct set_refusal *r = *state;
    document_destroy(decode(TEXT(GOOD), r->set));
    assert_complaints(r->complaints);
}

static void assert_text(struct text text, const char *expected)
{
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.at, expected, text.size);
}

/* Decodes one case of a text named "x", with up to one assignment. */
static struct document *decode_case(struct text yaml, const char *name, const char *set)
{
    struct source file = {TEXT("x"), yaml};
    const char *sets[] = {set};
    struct document *d =
        scenario_decode_case(&file, text_from(name), sets, set != NULL, &scenario, &diagnostics);
    assert_non_null(d);
    return d;
}

#define CASES                                                                                      \
    GOOD "pipeline: {lock_ttl: 10s, builder: V3}\n"                                                \
         "violates: [S2]\n"                                                                        \
         "cases:\n"                                                                                \
         "  - {name: one, set: pipeline.lock_ttl=20s}\n"                                           \
         "  - name: two\n"                                                                         \
         "    set: >-\n"                                                                           \
         "      pipeline.builder=V4\n"                                                             \
         "      table.ttl_delay=uniform(1s, 2s)  faults.0.throttle=manifest_builder\n"             \
         "      faults.0.at=PUT_RECORD\n"                                                          \
         "    violates: [S4, L1]\n"                                                                \
         "  - {name: three, violates: none}\n"                                                     \
         "  - {name: four, violates: any, set: violates=S5}\n"                                     \
         "expect:\n"                                                                               \
         "  - {name: a, sql: SELECT 1}\n"                                                          \
         "  - {name: b, sql: SELECT 2, case: two}\n"                                               \
         "  - {name: c, sql: SELECT 3, case: one}\n"                                               \
         "  - {name: d, sql: SELECT 4, case: two}\n"

static void test_case_is_chosen(void **state)
{
    (void)state;
    struct document *d = decode_case(TEXT(CASES), "two", NULL);
    assert_complaints("");
    assert_text(scenario.case_name, "two");
    assert_int_equal(scenario.builder_preset, BUILDER_V4);
    assert_true(scenario.builder.skip_without_path); /* the preset was applied */
    assert_int_equal(scenario.lock_ttl.ns, 10 * NS_PER_S);
    assert_int_equal(scenario.table.ttl_delay.kind, DISTRIBUTION_UNIFORM);
    assert_int_equal(scenario.table.ttl_delay.b.ns, 2 * NS_PER_S);
    assert_int_equal(scenario.faults[0].kind, FAULT_THROTTLE);
    assert_int_equal(scenario.violates, 1u << INVARIANT_S4 | 1u << INVARIANT_L1);
    assert_int_equal(scenario.expectations_count, 3);
    assert_text(scenario.expectations[1].name, "b");
    assert_text(scenario.expectations[2].name, "d");
    assert_int_equal(scenario.expectations[2].row, 3);
    document_destroy(d);
}

static void test_without_a_case_all_is_there(void **state)
{
    (void)state;
    struct document *d = decode_case(TEXT(CASES), "", NULL);
    assert_complaints("");
    assert_text(scenario.case_name, "");
    assert_int_equal(scenario.cases_count, 4);
    assert_text(scenario.cases[0].set, "pipeline.lock_ttl=20s");
    assert_int_equal(scenario.cases[0].violates, VIOLATES_ANY);
    assert_int_equal(scenario.cases[2].violates, 0);
    assert_int_equal(scenario.expectations_count, 4);
    assert_int_equal(scenario.lock_ttl.ns, 10 * NS_PER_S);
    assert_int_equal(scenario.violates, 1u << INVARIANT_S2);
    document_destroy(d);
    document_destroy(decode(TEXT(GOOD), NULL));
    assert_int_equal(scenario.violates, VIOLATES_ANY);
}

/* The file, the case, the command line: the later wins. */
static void test_assignments_have_an_order(void **state)
{
    (void)state;
    document_destroy(decode_case(TEXT(CASES), "one", NULL));
    assert_int_equal(scenario.lock_ttl.ns, 20 * NS_PER_S);
    assert_int_equal(scenario.violates, 1u << INVARIANT_S2);
    document_destroy(decode_case(TEXT(CASES), "one", "pipeline.lock_ttl=30s"));
    assert_int_equal(scenario.lock_ttl.ns, 30 * NS_PER_S);
    document_destroy(decode_case(TEXT(CASES), "two", "pipeline.builder=V5"));
    assert_int_equal(scenario.builder_preset, BUILDER_V5);
    document_destroy(decode_case(TEXT(CASES), "two", "violates=S7"));
    assert_int_equal(scenario.violates, 1u << INVARIANT_S7);
    document_destroy(decode_case(TEXT(CASES), "three", NULL));
    assert_int_equal(scenario.violates, 0);
    document_destroy(decode_case(TEXT(CASES), "four", NULL));
    assert_int_equal(scenario.violates, 1u << INVARIANT_S5);
    document_destroy(decode_case(TEXT(CASES), "one", "cases.0.set=pipeline.lock_ttl=40s"));
    assert_int_equal(scenario.lock_ttl.ns, 40 * NS_PER_S);
    assert_complaints("");
}

struct case_refusal {
    const char *title, *set, *complaints;
};

/* clang-format off */
/* What stands behind "set: " in the fourth line, from column 10. */
static const struct case_refusal case_refusals[] = {
    {"plain", "until=4", "4:16: until: '4' is not a duration; write 4s, 5m or 1h30m"},
    {"the second", "until=4s   table.burst=3", "4:33: table.burst: '3' is not a duration; write 3s, 5m or 1h30m"},
    {"an unknown key", "until=4s utnil=3s", "4:19: utnil: unknown key (did you mean 'until'?)"},
    {"in quotes", "\"until=4s utnil=3s\"", "4:20: utnil: unknown key (did you mean 'until'?)"},
    {"in single quotes", "'until=4s utnil=3s'", "4:20: utnil: unknown key (did you mean 'until'?)"},
    {"behind wide characters", "'name=\xC3\xA4\xC3\xA4 utnil=3s'", "4:19: utnil: unknown key (did you mean 'until'?)"},
    {"escaped: the place of the whole", "\"until=4s\\x20utnil=3s\"", "4:10: utnil: unknown key (did you mean 'until'?)"},
    {"no assignment", "until", "4:10: cases.0.set: write PATH=VALUE, with blanks between, as in pipeline.lock_ttl=60s"},
    {"no path", "=3", "4:10: cases.0.set: write PATH=VALUE, with blanks between, as in pipeline.lock_ttl=60s"},
    {"the cases themselves", "cases.1.name=b", "4:10: cases.1.name: a case does not change the cases"},
    {"a contradiction", "violates=S1 invariants=S1", "4:19: violates: names S1, which invariants says must hold"},
};

/* clang-format on */

enum { CASE_REFUSALS = sizeof case_refusals / sizeof case_refusals[0] };

static void test_case_refusal(void **state)
{
    const struct case_refusal *r = *state;
    char yaml[256];
    (void)snprintf(yaml, sizeof yaml, GOOD "cases:\n  - set: %s\n    name: a\n", r->set);
    document_destroy(decode_case(text_from(yaml), "a", NULL));
    assert_complaints(r->complaints);
}

static void test_unknown_case_is_refused(void **state)
{
    (void)state;
    document_destroy(decode_case(TEXT(CASES), "five", NULL));
    assert_complaints("0:0: five: no such case");
}

/* A scenario may need its cases to be sound. */
static void test_the_whole_is_checked_with_its_case(void **state)
{
    (void)state;
    static const char yaml[] = GOOD "function: {timeout: 7m}\n"
                                    "cases:\n"
                                    "  - {name: a, set: queue.visibility_timeout=8m}\n"
                                    "  - {name: b}\n";
    document_destroy(decode_case(text_from(yaml), "", NULL));
    assert_complaints("");
    document_destroy(decode_case(text_from(yaml), "a", NULL));
    assert_complaints("");
    document_destroy(decode_case(text_from(yaml), "b", NULL));
    assert_complaints(
        "3:21: function.timeout: is longer than queue.visibility_timeout; AWS refuses "
        "such an event source");
}

static void test_catalogue_is_read(void **state)
{
    (void)state;
    struct document *d = decode(TEXT(GOOD "catalogue:\n  id: C20\n  claim: it is so\n"
                                          "  verdict: contradicted\n  why: it is not\n"),
                                NULL);
    assert_complaints("");
    assert_text(scenario.catalogue.id, "C20");
    assert_int_equal(scenario.catalogue.verdict, CLAIM_CONTRADICTED);
    assert_text(scenario.catalogue.why, "it is not");
    assert_text(scenario.catalogue.trigger, "");
    document_destroy(d);
}

static void test_rendering_shows_the_line_and_a_caret(void **state)
{
    (void)state;
    static char room[DIAGNOSTICS_TEXT];
    struct text_writer w = text_writer(room, sizeof room);
    document_destroy(decode(TEXT(GOOD "queue:\n  retentoin: 4d\n"), "\xC3\xA4=5"));
    diagnostics_put(&diagnostics, &w);
    assert_string_equal(text_writer_string(&w),
                        "x:4:3: error: queue.retentoin: unknown key (did you mean 'retention'?)\n"
                        "      retentoin: 4d\n"
                        "      ^\n"
                        "--set:1:1: error: \xC3\xA4: unknown key\n"
                        "    \xC3\xA4=5\n"
                        "    ^\n");
}

static void test_twenty_errors_are_shown_and_the_rest_counted(void **state)
{
    (void)state;
    static char room[DIAGNOSTICS_TEXT];
    struct text_writer w = text_writer(room, sizeof room);
    for (int i = 0; i < 30; i++) {
        char line[32];
        (void)snprintf(line, sizeof line, "zz%d: 1\n", i);
        text_put(&w, text_from(line));
    }
    document_destroy(decode(text_written(&w), NULL));
    assert_int_equal(diagnostics.count, 20);
    assert_int_equal(diagnostics.total, 30);
    w.size = 0;
    diagnostics_put(&diagnostics, &w);
    assert_non_null(strstr(text_writer_string(&w), "\nand 10 more\n"));
}

static void test_long_line_is_shown_around_the_error(void **state)
{
    (void)state;
    char yaml[400] = GOOD "description: [";
    memset(yaml + strlen(yaml), 'a', 300);
    document_destroy(decode(TEXT("name: a\ndescription: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" b\n"),
                            NULL));
    const struct diagnostic *d = &diagnostics.items[0];
    assert_int_equal(d->line, 2);
    assert_int_equal(d->excerpt[0], '~');
    assert_int_equal(d->excerpt[d->caret], 'b');
}

static void test_depth_is_limited(void **state)
{
    (void)state;
    for (size_t depth = 63; depth < 67; depth++) {
        char yaml[128] = "";
        memset(yaml, '[', depth);
        document_destroy(decode(text_from(yaml), NULL));
        bool deep = false;
        for (uint32_t i = 0; i < diagnostics.count; i++) {
            deep |= strcmp(diagnostics.items[i].message, "nested more than 64 deep") == 0;
        }
        assert_int_equal(deep, depth > 64);
    }
}

/* 200 000 openings took libyaml's own loader 14 s; here the limit is met at the 65th. */
static void test_deep_nesting_is_refused_at_once(void **state)
{
    (void)state;
    size_t size = 250000;
    char *yaml = malloc(size);
    assert_non_null(yaml);
    for (size_t i = 0; i < size; i += 5) {
        memcpy(yaml + i, "{a:  ", 5); /* NOLINT(bugprone-not-null-terminated-result) */
    }
    document_destroy(decode((struct text){yaml, size}, NULL));
    free(yaml);
    assert_true(diagnostics.total > 0);
}

static void test_size_is_limited(void **state)
{
    (void)state;
    char *yaml = malloc(SCENARIO_BYTES_MAX + 1);
    assert_non_null(yaml);
    memset(yaml, '\n', SCENARIO_BYTES_MAX + 1);
    memcpy(yaml, GOOD, strlen(GOOD)); /* NOLINT(bugprone-not-null-terminated-result) */
    document_destroy(decode((struct text){yaml, SCENARIO_BYTES_MAX}, NULL));
    assert_int_equal(diagnostics.total, 0);
    document_destroy(decode((struct text){yaml, SCENARIO_BYTES_MAX + 1}, NULL));
    assert_complaints("0:0: more than 1 MiB");
    free(yaml);
}

static void test_node_count_is_limited(void **state)
{
    (void)state;
    char *yaml = malloc(20000);
    assert_non_null(yaml);
    memset(yaml, 'a', 20000);
    yaml[0] = '[';
    for (size_t i = 2; i < 20000; i += 2) {
        yaml[i] = ',';
    }
    document_destroy(decode((struct text){yaml, 20000}, NULL));
    free(yaml);
    assert_string_equal(diagnostics.items[diagnostics.count - 1].message, "more than 4096 values");
}

static void test_list_is_limited(void **state)
{
    (void)state;
    static char room[4096];
    struct text_writer w = text_writer(room, sizeof room);
    text_put(&w, TEXT("name: a\nworkload:\n"));
    for (int i = 0; i < WORKLOADS_MAX; i++) {
        text_put(&w, TEXT("- files: 1\n"));
    }
    document_destroy(decode(text_written(&w), NULL));
    assert_int_equal(diagnostics.total, 0);
    assert_int_equal(scenario.workloads_count, WORKLOADS_MAX);
    text_put(&w, TEXT("- files: 1\n"));
    document_destroy(decode(text_written(&w), NULL));
    assert_complaints("67:3: workload.64: more than 64 elements");
}

/* The most that an escape grows: two bytes that stand for three. */
static void test_escapes_that_grow_fit(void **state)
{
    (void)state;
    static char room[6000];
    struct text_writer w = text_writer(room, sizeof room);
    text_put(&w, TEXT("description: \""));
    for (int i = 0; i < 2000; i++) {
        text_put(&w, TEXT("\\L"));
    }
    text_put(&w, TEXT("\"\n" GOOD));
    struct document *d = decode(text_written(&w), NULL);
    assert_int_equal(diagnostics.total, 0);
    assert_int_equal(scenario.description.size, 6000);
    document_destroy(d);
}

#define EXAMPLE                                                                                    \
    "name: stuck-lock\n"                                                                           \
    "description: The function dies holding the lock.\n"                                           \
    "start: 2026-01-29T08:00:00Z\n"                                                                \
    "pipeline:\n"                                                                                  \
    "  builder: V3\n"                                                                              \
    "  machine: M2\n"                                                                              \
    "  max_files_per_manifest: 10\n"                                                               \
    "  lock_ttl: 300s\n"                                                                           \
    "workload:\n"                                                                                  \
    "  - {files: 130, over: 60s, size: 3.5MB, date: 2026-01-29}\n"                                 \
    "  - {files: 20, at: 1h, spacing: poisson, prefix: other/}\n"                                  \
    "faults:\n"                                                                                    \
    "  - {kill: manifest_builder, at: PUT_MANIFEST, occurrence: 3}\n"                              \
    "  - {lose_reply: manifest_builder, at: ACQUIRE_LOCK}\n"                                       \
    "invariants: [S1, S2, S7]\n"                                                                   \
    "queue: {duplicate: 0.5%}\n"                                                                   \
    "expect:\n"                                                                                    \
    "  - name: all manifested\n"                                                                   \
    "    sql: |\n"                                                                                 \
    "      SELECT count(*) = 0\n"                                                                  \
    "      FROM files\n"                                                                           \
    "until: 4h\n"

static void test_example_is_read(void **state)
{
    (void)state;
    struct document *d = decode(TEXT(EXAMPLE), NULL);
    assert_int_equal(diagnostics.count, 0);
    assert_text(scenario.name, "stuck-lock");
    assert_text(scenario.description, "The function dies holding the lock.");
    assert_int_equal(scenario.start.ns, INT64_C(1769673600) * NS_PER_S);
    assert_int_equal(scenario.until.ns, 14400 * NS_PER_S);
    assert_int_equal(scenario.builder_preset, BUILDER_V3);
    assert_int_equal(scenario.lock_ttl.ns, 300 * NS_PER_S);
    assert_int_equal(scenario.max_files_per_manifest, 10);
    assert_int_equal(scenario.queue.duplicate_ppm, 5000);
    assert_int_equal(scenario.required_invariants,
                     1u << INVARIANT_S1 | 1u << INVARIANT_S2 | 1u << INVARIANT_S7);
    document_destroy(d);
}

static void test_lists_are_read(void **state)
{
    (void)state;
    struct document *d = decode(TEXT(EXAMPLE), NULL);
    assert_int_equal(scenario.workloads_count, 2);
    assert_int_equal(scenario.workloads[0].files, 130);
    assert_int_equal(scenario.workloads[0].over.ns, 60 * NS_PER_S);
    assert_int_equal(scenario.workloads[0].size, 3670016);
    assert_text(scenario.workloads[0].date, "2026-01-29");
    assert_text(scenario.workloads[0].prefix, "pipeline/input/");
    assert_int_equal(scenario.workloads[1].spacing, SPACING_POISSON);
    assert_int_equal(scenario.workloads[1].size, 3670016);
    assert_text(scenario.workloads[1].prefix, "other/");
    assert_text(scenario.workloads[1].date, "");
    assert_int_equal(scenario.faults_count, 2);
    assert_int_equal(scenario.faults[0].kind, FAULT_KILL);
    assert_text(scenario.faults[0].process, "manifest_builder");
    assert_text(scenario.faults[0].at, "PUT_MANIFEST");
    assert_int_equal(scenario.faults[0].occurrence, 3);
    assert_int_equal(scenario.faults[1].kind, FAULT_LOSE_REPLY);
    assert_int_equal(scenario.faults[1].occurrence, 0); /* not given: the first */
    assert_int_equal(scenario.faults[1].times, 1);
    assert_int_equal(scenario.expectations_count, 1);
    assert_text(scenario.expectations[0].name, "all manifested");
    assert_text(scenario.expectations[0].sql, "SELECT count(*) = 0\nFROM files\n");
    document_destroy(d);
}

static void test_names_of_files_are_read(void **state)
{
    (void)state;
    struct document *d = decode(
        TEXT("name: n\nworkload:\n"
             "  - {files: 1, name: \"a b.ndjson\"}\n"
             "  - {files: 3, number: 7, date: none}\n"
             "  - {files: 1, date: 9999-99-99}\n"
             "pipeline: {builder: V1, quarantine_configured: false, missing_file_key: shared}\n"),
        NULL);
    assert_int_equal(diagnostics.count, 0);
    assert_text(scenario.workloads[0].name, "a b.ndjson");
    assert_int_equal(scenario.workloads[0].number, 0);
    assert_int_equal(scenario.workloads[1].number, 7);
    assert_text(scenario.workloads[1].date, "none");
    assert_text(scenario.workloads[2].date, "9999-99-99");
    assert_int_equal(scenario.table.range_key, RANGE_FILE_NAME);
    assert_false(scenario.quarantine_configured);
    assert_int_equal(scenario.missing_file_key, MISSING_KEY_SHARED);
    document_destroy(d);
}

static void test_json_is_read(void **state)
{
    (void)state;
    struct document *d =
        decode(TEXT("{\"name\": \"j\", \"workload\": [{\"files\": 3, \"size\": \"1KiB\"}],\n"
                    "\"pipeline\": {\"retry_loop\": false}, \"expect\": [], \"queue\": {}}"),
               NULL);
    assert_int_equal(diagnostics.count, 0);
    assert_text(scenario.name, "j");
    assert_int_equal(scenario.workloads[0].size, 1024);
    assert_false(scenario.builder.retry_loop);
    document_destroy(d);
}

static void test_sizes_are_powers_of_1024(void **state)
{
    (void)state;

    static const struct {
        const char *yaml;
        int64_t bytes;
    } sizes[] = {
        {"name: a\nworkload: [{files: 1, size: 0B}]",             0               },
        {"name: a\nworkload: [{files: 1, size: 3670016B}]",       3670016         },
        {"name: a\nworkload: [{files: 1, size: 3.5MB}]",          3670016         },
        {"name: a\nworkload: [{files: 1, size: 3.5MiB}]",         3670016         },
        {"name: a\nworkload: [{files: 1, size: 3.500000MB}]",     3670016         },
        {"name: a\nworkload: [{files: 1, size: 4KB}]",            4096            },
        {"name: a\nworkload: [{files: 1, size: 4KiB}]",           4096            },
        {"name: a\nworkload: [{files: 1, size: 0.5GB}]",          536870912       },
        {"name: a\nworkload: [{files: 1, size: 5120GiB}]",        INT64_C(5) << 40},
        {"name: a\nworkload: [{files: 1, size: 0.0009765625KB}]", 1               },
    };

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        document_destroy(decode(text_from(sizes[i].yaml), NULL));
        assert_int_equal(diagnostics.count, 0);
        assert_int_equal(scenario.workloads[0].size, sizes[i].bytes);
    }
}

static void test_presets_come_before_fields(void **state)
{
    (void)state;
    struct scenario dev, prod;
    scenario_init(&dev);
    scenario_init(&prod);
    scenario_apply_preset(&prod, PRESET_PROD);
    assert_int_not_equal(dev.queue.max_receive_count, prod.queue.max_receive_count);
    document_destroy(decode(TEXT(GOOD "queue: {max_receive_count: 9}\n"
                                      "pipeline: {retry_loop: false, max_files_per_manifest: 7, "
                                      "preset: prod, builder: V4}\n"),
                            NULL));
    assert_int_equal(diagnostics.count, 0);
    assert_int_equal(scenario.queue.max_receive_count, 9);
    assert_int_equal(scenario.max_files_per_manifest, 7);
    assert_int_equal(scenario.queue.visibility_timeout.ns, prod.queue.visibility_timeout.ns);
    assert_false(scenario.builder.retry_loop);
    assert_true(scenario.builder.skip_without_path);
}

static void test_throttling_sets_limits_before_fields(void **state)
{
    (void)state;
    document_destroy(decode(TEXT(GOOD "table: {key_wcu: 7}\n"), NULL));
    assert_int_equal(scenario.table.throttling, THROTTLING_AWS);
    assert_int_equal(scenario.table.limits.key_wcu, 7);
    assert_int_equal(scenario.table.limits.key_rcu, 3000);
    assert_int_equal(scenario.table.limits.first_wcu, 4000);
    document_destroy(decode(TEXT(GOOD "table: {key_wcu: 7, throttling: none}\n"), NULL));
    assert_int_equal(diagnostics.count, 0);
    assert_int_equal(scenario.table.throttling, THROTTLING_NONE);
    assert_int_equal(scenario.table.limits.key_wcu, 7);
    assert_int_equal(scenario.table.limits.key_rcu, 0);
    assert_int_equal(scenario.table.limits.first_wcu, 0);
}

static void test_set_preset_does_not_undo_fields(void **state)
{
    (void)state;
    document_destroy(decode(TEXT(GOOD "pipeline: {max_files_per_manifest: 7, preset: dev}\n"),
                            "pipeline.preset=prod"));
    assert_int_equal(diagnostics.count, 0);
    assert_int_equal(scenario.preset, PRESET_PROD);
    assert_int_equal(scenario.max_files_per_manifest, 7);
}

static void test_set_wins_over_the_file(void **state)
{
    (void)state;
    document_destroy(decode(TEXT(EXAMPLE), "pipeline.lock_ttl=60s"));
    assert_int_equal(scenario.lock_ttl.ns, 60 * NS_PER_S);
    document_destroy(decode(TEXT(EXAMPLE), "workload.1.files=21"));
    assert_int_equal(scenario.workloads[1].files, 21);
    assert_int_equal(scenario.workloads_count, 2);
    document_destroy(decode(TEXT(EXAMPLE), "faults.0.lose_request=manifest_builder"));
    assert_int_equal(diagnostics.count, 0);
    assert_int_equal(scenario.faults[0].kind, FAULT_LOSE_REQUEST);
    document_destroy(decode(TEXT(EXAMPLE), "invariants=L1, L4"));
    assert_int_equal(scenario.required_invariants, 1u << INVARIANT_L1 | 1u << INVARIANT_L4);
    document_destroy(decode(TEXT(EXAMPLE), "invariants=none"));
    assert_int_equal(scenario.required_invariants, 0);
    document_destroy(decode(TEXT(EXAMPLE), "invariants=all"));
    assert_int_equal(scenario.required_invariants, (1u << INVARIANTS_COUNT) - 1);
}

static void test_set_appends_the_next_element(void **state)
{
    (void)state;
    document_destroy(decode(TEXT(EXAMPLE), "workload.2.files=5"));
    assert_int_equal(diagnostics.count, 0);
    assert_int_equal(scenario.workloads_count, 3);
    assert_int_equal(scenario.workloads[2].files, 5);
    assert_int_equal(scenario.workloads[2].size, 3670016);
}

static void test_blame_finds_the_nearest_place(void **state)
{
    (void)state;
    struct document *d = decode(TEXT(EXAMPLE), NULL);
    document_blame(d, TEXT("expect.0.sql"), &diagnostics, "no such column");
    document_blame(d, TEXT("faults.1.occurrence"), &diagnostics, "never");
    document_blame(d, TEXT("glue.failure"), &diagnostics, "too many");
    assert_complaints("1:1: glue.failure: too many\n"
                      "14:5: faults.1.occurrence: never\n"
                      "19:10: expect.0.sql: no such column");
    document_destroy(d);
}

/* Any input at all: each prefix of the example, and each with one byte changed. */
static void test_every_prefix_and_every_byte_is_survived(void **state)
{
    (void)state;
    char yaml[sizeof EXAMPLE];
    for (size_t size = 0; size < sizeof yaml; size += 7) {
        memcpy(yaml, EXAMPLE, size);
        document_destroy(decode((struct text){yaml, size}, NULL));
    }
    for (size_t i = 0; i + 1 < sizeof yaml; i++) {
        static const char bytes[] = "{:-\"\xC3";
        memcpy(yaml, EXAMPLE, sizeof yaml);
        yaml[i] = bytes[i % (sizeof bytes - 1)];
        document_destroy(decode((struct text){yaml, sizeof yaml - 1}, NULL));
    }
}

static const struct CMUnitTest stories[] = {
    cmocka_unit_test(test_case_is_chosen),
    cmocka_unit_test(test_without_a_case_all_is_there),
    cmocka_unit_test(test_assignments_have_an_order),
    cmocka_unit_test(test_unknown_case_is_refused),
    cmocka_unit_test(test_the_whole_is_checked_with_its_case),
    cmocka_unit_test(test_catalogue_is_read),
    cmocka_unit_test(test_rendering_shows_the_line_and_a_caret),
    cmocka_unit_test(test_twenty_errors_are_shown_and_the_rest_counted),
    cmocka_unit_test(test_long_line_is_shown_around_the_error),
    cmocka_unit_test(test_depth_is_limited),
    cmocka_unit_test(test_deep_nesting_is_refused_at_once),
    cmocka_unit_test(test_size_is_limited),
    cmocka_unit_test(test_node_count_is_limited),
    cmocka_unit_test(test_list_is_limited),
    cmocka_unit_test(test_escapes_that_grow_fit),
    cmocka_unit_test(test_example_is_read),
    cmocka_unit_test(test_lists_are_read),
    cmocka_unit_test(test_names_of_files_are_read),
    cmocka_unit_test(test_json_is_read),
    cmocka_unit_test(test_sizes_are_powers_of_1024),
    cmocka_unit_test(test_presets_come_before_fields),
    cmocka_unit_test(test_throttling_sets_limits_before_fields),
    cmocka_unit_test(test_set_preset_does_not_undo_fields),
    cmocka_unit_test(test_set_wins_over_the_file),
    cmocka_unit_test(test_set_appends_the_next_element),
    cmocka_unit_test(test_blame_finds_the_nearest_place),
    cmocka_unit_test(test_every_prefix_and_every_byte_is_survived),
};

enum { STORIES = sizeof stories / sizeof stories[0] };

int main(void)
{
    static struct CMUnitTest tests[REFUSALS + SET_REFUSALS + CASE_REFUSALS + STORIES];
    for (size_t i = 0; i < REFUSALS; i++) {
        tests[i] = (struct CMUnitTest){.name = refusals[i].title,
                                       .test_func = test_refusal,
                                       .initial_state = (void *)&refusals[i]};
    }
    for (size_t i = 0; i < SET_REFUSALS; i++) {
        tests[REFUSALS + i] = (struct CMUnitTest){.name = set_refusals[i].title,
                                                  .test_func = test_set_refusal,
                                                  .initial_state = (void *)&set_refusals[i]};
    }
    for (size_t i = 0; i < CASE_REFUSALS; i++) {
        tests[REFUSALS + SET_REFUSALS + i] =
            (struct CMUnitTest){.name = case_refusals[i].title,
                                .test_func = test_case_refusal,
                                .initial_state = (void *)&case_refusals[i]};
    }
    memcpy(tests + REFUSALS + SET_REFUSALS + CASE_REFUSALS, stories, sizeof stories);
    return cmocka_run_group_tests_name("scenario_decoder", tests, NULL, NULL);
}

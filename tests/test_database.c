/* test_database.c: the results as SQL, and what an expectation may ask of them.
 *
 * One small run of the real pipeline is the subject of all tests. Tables of queries: those that are
 * answered, with the value they give, and those that are refused, with the reason. Then the file:
 * every row of results.h is in it, under its column, and it is there whole or not at all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/aws/cloud.h"
#include "model/pipeline/run.h"
#include "tools/database.h"

static struct scenario scenario;
static struct choices choices;
static struct trace trace;
static struct report report;
static struct run *run;
static char directory[] = "/tmp/lockstep-test-XXXXXX";

/* 25 files within ten seconds: two manifests, five files left. */
static int set_up(void **state)
{
    (void)state;
    struct error error = {.message = ""};
    scenario_init(&scenario);
    scenario.name = TEXT("small");
    scenario.workloads_count = 1;
    scenario.workloads[0] = (struct workload){
        .files = 25, .over = duration_s(10), .size = 3670016, .prefix = TEXT("pipeline/input/")};
    scenario.faults_count = 1;
    scenario.faults[0] = (struct fault){.kind = FAULT_LOSE_REPLY,
                                        .process = TEXT("manifest_builder"),
                                        .at = TEXT("COUNT_PENDING"),
                                        .occurrence = 2,
                                        .times = 1,
                                        .attempts = 1};
    scenario.expectations_count = 1;
    scenario.expectations[0] =
        (struct expectation){.name = TEXT("an 'odd' name"), .sql = TEXT("SELECT 1")};
    choices_init_default(&choices, cloud_choice_names, CHOICES_COUNT);
    trace_init(&trace);
    struct run_options options = {.choices = &choices, .trace = &trace, .keep_calls = true};
    run = run_create(&scenario, &options, &error);
    assert_non_null(run);
    while (run_advance(run, 1000, &error) == RUN_GOING) {
    }
    run_finish(run);
    report = (struct report){.run = run,
                             .scenario = &scenario,
                             .file = TEXT("small.yaml"),
                             .yaml = TEXT("name: small\n"),
                             .strategy = CHOICE_SEEDED,
                             .seed = 7,
                             .replay = "lockstep run small.yaml"};
    run_summary(run, &report.summary);
    return mkdtemp(directory) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    (void)rmdir(directory);
    return run_destroy(run, NULL) == STATUS_OK ? 0 : -1;
}

struct question {
    const char *sql, *observed;
    bool ok;
};

static const struct question questions[] = {
    {"SELECT 1",                                                                                     "1",                          true },
    {"SELECT 1.0",                                                                                   "1.0",                        true },
    {"SELECT 1 -- one",                                                                              "1",                          true },
    {"SELECT 1;  ",                                                                                  "1",                          true },
    {"SELECT 0",                                                                                     "0",                          false},
    {"SELECT 2",                                                                                     "2",                          false},
    {"SELECT '1'",                                                                                   "'1'",                        false},
    {"SELECT NULL",                                                                                  "NULL",                       false},
    {"SELECT 1 WHERE 0",                                                                             "no row",                     false},
    {"SELECT 1 UNION ALL SELECT 1",                                                                  "more than one row",          false},
    {"SELECT abs(-9223372036854775808)",                                                             "an error: integer overflow", false},
    {"SELECT count(*) FROM files",                                                                   "25",                         false},
    {"SELECT count(*) = 25 FROM files",                                                              "1",                          true },
    {"SELECT count(*) = 25 FROM FILES",                                                              "1",                          true },
    {"SELECT count(*) = 25 FROM (SELECT key FROM files)",                                            "1",                          true },
    {"WITH f AS (SELECT status FROM files) SELECT count(*) = 20 FROM f WHERE status = 'manifested'",
     "1",                                                                                                                          true },
    {"SELECT count(*) = 2 FROM manifests m JOIN executions e ON e.manifest = m.key",                 "1",                          true },
    {"SELECT count(*) = 20 FROM files f JOIN manifests m ON f.manifest = m.key",                     "1",                          true },
    {"SELECT EXISTS (SELECT * FROM job_runs WHERE state = 'SUCCEEDED')",                             "1",                          true },
    {"SELECT count(*) > 2 FROM invocations WHERE outcome = 'ok'",                                    "1",                          true },
    {"SELECT max(ended_at - acquired_at) < 300 FROM lock_tenures",                                   "1",                          true },
    {"SELECT count(*) > 25 FROM api_calls WHERE service = 'dynamodb'",                               "1",                          true },
    {"SELECT fault || ' ' || process || ' ' || point = 'lose_reply manifest_builder COUNT_PENDING'"
     " FROM deviations",                                                                        "1",                          true },
    {"SELECT acquired >= 2 AND left_behind = 0 FROM lock",                                           "1",                          true },
    {"SELECT sent = 25 AND left = 0 FROM queue",                                                     "1",                          true },
    {"SELECT simulated_seconds > 100 AND seed = 7 FROM run",                                         "1",                          true },
    {"SELECT verdict IS NULL FROM run",                                                              "1",                          true },
    {"SELECT min(arrived_at) = 0 AND max(arrived_at) = 9.6 FROM files",                              "1",                          true },
    {"SELECT tracked_at > arrived_at FROM files ORDER BY arrived_at LIMIT 1",                        "1",                          true },
    {"SELECT count(*) = 5 FROM files WHERE manifested_at IS NULL AND manifest = ''",                 "1",                          true },
};

static void test_question(void **state)
{
    const struct question *q = *state;
    struct error error = {.message = ""};
    struct database *d = database_create(&error);
    assert_non_null(d);
    assert_int_equal(database_expect(d, 0, text_from(q->sql), &error), STATUS_OK);
    assert_int_equal(database_evaluate(d, &report, &error), STATUS_OK);
    assert_string_equal(report.expectations[0].observed, q->observed);
    assert_int_equal(report.expectations[0].ok, q->ok);
    database_destroy(d);
}

struct refusal {
    const char *sql, *message;
};

static const struct refusal refusals[] = {
    {"",                                             "no query"                                         },
    {"-- nothing",                                   "no query"                                         },
    {"SELEC 1",                                      "near \"SELEC\": syntax error"                     },
    {"SELECT count(* FROM files",                    "near \"FROM\": syntax error"                      },
    {"SELECT colour FROM files",                     "no such column: colour"                           },
    {"SELECT 1 FROM file",                           "no such table: file"                              },
    {"SELECT 1, 2",                                  "the query gives 2 columns, not one"               },
    {"SELECT * FROM lock",                           "the query gives 5 columns, not one"               },
    {"SELECT 1; SELECT 1",                           "more than one statement"                          },
    {"SELECT 1; DROP TABLE files",                   "more than one statement"                          },
    {"SELECT 1; nonsense",                           "more than one statement"                          },
    {"DELETE FROM files",                            "a query reads and does nothing else"       },
    {"UPDATE files SET key = 1",                     "a query reads and does nothing else"       },
    {"INSERT INTO files(key) VALUES(1) RETURNING 1", "a query reads and does nothing else"       },
    {"CREATE TABLE a(b)",                            "a query reads and does nothing else"       },
    {"ATTACH '/tmp/a' AS b",                         "a query reads and does nothing else"       },
    {"PRAGMA user_version",                          "a query reads and does nothing else"       },
    {"VACUUM INTO '/tmp/a'",                         "the query gives 0 columns, not one"               },
    {"BEGIN",                                        "a query reads and does nothing else"       },
    {"SELECT random() > 0",                          "a query has no clock and no random numbers"},
    {"SELECT length(randomblob(1))",                 "a query has no clock and no random numbers"},
    {"SELECT datetime('now') > 0",                   "a query has no clock and no random numbers"},
    {"SELECT CURRENT_TIMESTAMP > 0",                 "a query has no clock and no random numbers"},
    {"SELECT load_extension('a')",                   "a query has no clock and no random numbers"},
};

static void test_refusal(void **state)
{
    const struct refusal *r = *state;
    struct error error = {.message = ""};
    struct database *d = database_create(&error);
    assert_non_null(d);
    assert_int_equal(database_expect(d, 3, text_from(r->sql), &error), STATUS_BAD_INPUT);
    assert_string_equal(error.message, r->message);
    database_destroy(d);
}

/* ---- The file. ---- */

struct file {
    char path[64];
    sqlite3 *sqlite;
};

static void write_file(struct file *f)
{
    struct error error = {.message = ""};
    (void)snprintf(f->path, sizeof f->path, "%s/results.db", directory);
    report_judge(&report);
    assert_int_equal(database_write(f->path, &report, &error), STATUS_OK);
    assert_int_equal(sqlite3_open_v2(f->path, &f->sqlite, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
}

static void remove_file(struct file *f)
{
    assert_int_equal(sqlite3_close(f->sqlite), SQLITE_OK);
    assert_int_equal(unlink(f->path), 0);
}

/* The one value that a query gives, as text. */
static void assert_value(const struct file *f, const char *sql, const char *expected)
{
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_prepare_v2(f->sqlite, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(s, 0), expected);
    assert_int_equal(sqlite3_step(s), SQLITE_DONE);
    (void)sqlite3_finalize(s);
}

static void assert_count(const struct file *f, const char *table, uint64_t expected)
{
    char sql[64], number[32];
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    (void)snprintf(number, sizeof number, "%" PRIu64, expected);
    assert_value(f, sql, number);
}

static void test_file_holds_every_row(void **state)
{
    (void)state;
    struct file f = {.sqlite = NULL};
    write_file(&f);
    assert_count(&f, "files", run_files_count(run));
    assert_count(&f, "manifests", run_manifests_count(run));
    assert_count(&f, "executions", run_executions_count(run));
    assert_count(&f, "job_runs", run_job_runs_count(run));
    assert_count(&f, "invocations", run_invocations_count(run));
    assert_count(&f, "lock_tenures", run_tenures_count(run));
    assert_count(&f, "api_calls", run_calls_count(run));
    assert_count(&f, "violations", run_violations_count(run));
    assert_count(&f, "deviations", run_deviations_count(run));
    assert_true(run_calls_count(run) > 25);
    assert_count(&f, "expectations", 1);
    assert_value(&f, "PRAGMA integrity_check", "ok");
    remove_file(&f);
}

static void test_file_holds_the_run(void **state)
{
    (void)state;
    struct file f = {.sqlite = NULL};
    char hash[HASH128_HEX];
    write_file(&f);
    hash128_hex(report.summary.trace_hash, hash);
    assert_value(&f, "SELECT trace_hash FROM run", hash);
    assert_value(&f, "SELECT verdict FROM run", report.passed ? "pass" : "fail");
    assert_value(&f, "SELECT replay FROM run", "lockstep run small.yaml");
    assert_value(&f, "SELECT scenario_text FROM run", "name: small\n");
    assert_value(&f, "SELECT started_at FROM run", "2026-01-30T05:00:00Z");
    assert_value(&f, "SELECT name FROM expectations", "an 'odd' name");
    remove_file(&f);
}

/* Each value of a row is under its own column. */
static void test_columns_hold_their_values(void **state)
{
    (void)state;
    struct file f = {.sqlite = NULL};
    struct file_row file;
    struct execution_row execution;
    char expected[1024];
    write_file(&f);
    run_file(run, 0, &file);
    (void)snprintf(expected, sizeof expected, "%.*s|%.*s|%.*s|%" PRId64 "|%" PRId64,
                   (int)file.key.size, file.key.at, (int)file.date.size, file.date.at,
                   (int)file.status.size, file.status.at, file.size, file.manifests);
    assert_value(&f,
                 "SELECT key||'|'||date||'|'||status||'|'||size||'|'||manifests FROM files LIMIT 1",
                 expected);
    run_execution(run, 1, &execution);
    (void)snprintf(expected, sizeof expected, "%.*s|%" PRId64 "|%" PRId64,
                   (int)execution.status.size, execution.status.at, execution.file_count,
                   execution.ended_at.ns - scenario.start.ns);
    assert_value(&f,
                 "SELECT status||'|'||file_count||'|'||CAST(round(ended_at * 1e9) AS INTEGER)"
                 " FROM executions WHERE id = 2",
                 expected);
    remove_file(&f);
}

static void test_old_file_is_replaced(void **state)
{
    (void)state;
    struct file f = {.sqlite = NULL};
    char path[64];
    (void)snprintf(path, sizeof path, "%s/results.db", directory);
    FILE *old = fopen(path, "w");
    assert_non_null(old);
    (void)fputs("not a database", old);
    assert_int_equal(fclose(old), 0);
    write_file(&f);
    assert_value(&f, "PRAGMA integrity_check", "ok");
    remove_file(&f);
}

/* Neither the file nor its temporary name is left: the directory can be removed at the end. */
static void test_nothing_is_left_where_writing_fails(void **state)
{
    (void)state;
    struct error error = {.message = ""};
    assert_int_equal(database_write("/nowhere/at/all.db", &report, &error), STATUS_IO);
    assert_non_null(strstr(error.message, "/nowhere/at/all.db"));
    char path[64];
    (void)snprintf(path, sizeof path, "%s/a-directory", directory);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(database_write(path, &report, &error), STATUS_IO);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(directory), 0);
    assert_int_equal(mkdir(directory, 0700), 0);
}

/* docs/results.md names every column of every table, as `table.column`. */
static void test_documentation_names_every_column(void **state)
{
    (void)state;
    static char document[1 << 16];
    struct file f = {.sqlite = NULL};
    FILE *file = fopen("docs/results.md", "r");
    assert_non_null(file);
    size_t size = fread(document, 1, sizeof document - 1, file);
    assert_int_equal(fclose(file), 0);
    document[size] = '\0';
    write_file(&f);
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_prepare_v2(f.sqlite,
                                        "SELECT m.name || '.' || c.name FROM sqlite_schema m,"
                                        " pragma_table_info(m.name) c WHERE m.type = 'table'",
                                        -1, &s, NULL),
                     SQLITE_OK);
    while (sqlite3_step(s) == SQLITE_ROW) {
        const char *column = (const char *)sqlite3_column_text(s, 0);
        char wanted[96];
        (void)snprintf(wanted, sizeof wanted, "`%s`", column);
        if (strstr(document, wanted) == NULL) {
            fail_msg("docs/results.md does not name %s", wanted);
        }
    }
    (void)sqlite3_finalize(s);
    remove_file(&f);
}

static const struct CMUnitTest stories[] = {
    cmocka_unit_test(test_file_holds_every_row),
    cmocka_unit_test(test_file_holds_the_run),
    cmocka_unit_test(test_columns_hold_their_values),
    cmocka_unit_test(test_old_file_is_replaced),
    cmocka_unit_test(test_nothing_is_left_where_writing_fails),
    cmocka_unit_test(test_documentation_names_every_column),
};

enum {
    QUESTIONS = sizeof questions / sizeof questions[0],
    REFUSALS = sizeof refusals / sizeof refusals[0],
    STORIES = sizeof stories / sizeof stories[0],
};

int main(void)
{
    static struct CMUnitTest tests[QUESTIONS + REFUSALS + STORIES];
    for (size_t i = 0; i < QUESTIONS; i++) {
        tests[i] = (struct CMUnitTest){.name = questions[i].sql,
                                       .test_func = test_question,
                                       .initial_state = (void *)&questions[i]};
    }
    for (size_t i = 0; i < REFUSALS; i++) {
        tests[QUESTIONS + i] = (struct CMUnitTest){.name = refusals[i].sql,
                                                   .test_func = test_refusal,
                                                   .initial_state = (void *)&refusals[i]};
    }
    memcpy(tests + QUESTIONS + REFUSALS, stories, sizeof stories);
    return cmocka_run_group_tests_name("database", tests, set_up, tear_down);
}

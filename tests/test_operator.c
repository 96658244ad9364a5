/* test_operator.c: what an operator may type and when it is run, and that a tool is a process like
 * others: it takes time, is struck by faults, and is taken back with the world.
 */
#include "model/pipeline/run_snapshot.h"
#include "tests/operator_story.h"

static struct story s;

/* --- lines (PIPE-TOOLS-1)
 * ------------------------------------------------------------------------------------------ */

static const struct line_row {
    const char *name, *line;
    const char *unknown; /* the word that is told with those that are known */
    const char *message; /* NULL: it is right */
} lines[] = {
    {"a tool alone",              "trace-pipeline",                                              NULL,         NULL                                            },
    {"blanks around",             "  check-locks   --clear-expired ",                            NULL,         NULL                                            },
    {"both options",              "check-locks --fixed --clear-expired",                         NULL,         NULL                                            },
    {"an upload of everything",   "upload --files 3 --size 3.5MB --date 2026-01-29 --prefix a/", NULL,
     NULL                                                                                                                                                      },
    {"a date to reset",           "reprocess-failed reset-date 2026-02-28 --fixed",              NULL,         NULL                                            },
    {"nothing",                   "",                                                            "",           "'' is unknown"                                 },
    {"an unknown tool",           "check-lock",                                                  "check-lock", "'check-lock' is unknown"                       },
    {"an unknown option",         "check-locks --clear",                                         "--clear",    "'--clear' is unknown"                          },
    {"another tool's option",     "trace-pipeline --clear-expired",                              NULL,
     "trace-pipeline has no option --clear-expired"                                                                                                            },
    {"no fixed upload",           "upload --fixed",                                              NULL,         "upload has no option --fixed"                  },
    {"no action",                 "reprocess-failed",                                            "",           "'' is unknown"                                 },
    {"an unknown action",         "reprocess-failed retry",                                      "retry",      "'retry' is unknown"                            },
    {"no date",                   "reprocess-failed reset-date",                                 NULL,         "'reset-date' wants a date behind it"           },
    {"a date that is none",       "reprocess-failed reset-date 2026-02-30",                      NULL,
     "'2026-02-30' is not a date; write 2026-01-29"                                                                                                            },
    {"no value",                  "upload --files",                                              NULL,         "'--files' wants a value behind it"             },
    {"no files",                  "upload --files 0",                                            NULL,         "'0' is not a number of files; write 1 to 10000"},
    {"too many files",            "upload --files 10001",                                        NULL,
     "'10001' is not a number of files; write 1 to 10000"                                                                                                      },
    {"a size without a unit",     "upload --size 35",                                            NULL,
     "'35' is not a size; write 3670016B or 3.5MB (MB is 2^20 bytes)"                                                                                          },
    {"a part of a byte",          "upload --size 0.5B",                                          NULL,
     "'0.5B' is not a size; write 3670016B or 3.5MB (MB is 2^20 bytes)"                                                                                        },
    {"where the pipeline writes", "upload --prefix manifests/x",                                 NULL,
     "'manifests/x' is where the pipeline writes; choose another prefix"                                                                                       },
};

static void test_line(void **state)
{
    const struct line_row *row = *state;
    struct operator_command command;
    struct operator_unknown unknown = {.known = NULL};
    struct error error = {.message = ""};
    enum status status = operator_parse(text_from(row->line), &command, &unknown, &error);
    assert_int_equal(status, row->message == NULL ? STATUS_OK : STATUS_BAD_INPUT);
    assert_string_equal(error.message, row->message == NULL ? "" : row->message);
    assert_int_equal(unknown.known != NULL, row->unknown != NULL);
    if (row->unknown != NULL) {
        assert_text(unknown.word, row->unknown);
    }
}

static void test_values(void **state)
{
    (void)state;
    struct operator_command command;
    struct operator_unknown unknown = {.known = NULL};
    (void)operator_parse(TEXT("upload --size 0.25KB --files 7 --date 2026-01-29"), &command,
                         &unknown, NULL);
    assert_int_equal(command.size, 256);
    assert_int_equal(command.files, 7);
    assert_text(command.date, "2026-01-29");
    assert_text(command.prefix, "pipeline/input/");
}

static const struct moment_row {
    const char *name, *text;
    enum status status;
    const char *process, *point;
    uint32_t occurrence;
} moments[] = {
    {"none",            "",                                 STATUS_OK,        "",                 "",   0},
    {"the first time",  "manifest_builder.PUT_MANIFEST",    STATUS_OK,        "manifest_builder",
     "PUT_MANIFEST",                                                                                    1},
    {"the third time",  "manifest_builder.PUT_MANIFEST#3",  STATUS_OK,        "manifest_builder",
     "PUT_MANIFEST",                                                                                    3},
    {"no point",        "manifest_builder",                 STATUS_BAD_INPUT, NULL,               NULL, 0},
    {"the zeroth time", "manifest_builder.PUT_MANIFEST#0",  STATUS_BAD_INPUT, NULL,               NULL, 0},
    {"a word's time",   "manifest_builder.PUT_MANIFEST#no", STATUS_BAD_INPUT, NULL,               NULL, 0},
};

static void test_moment(void **state)
{
    const struct moment_row *row = *state;
    struct operator_moment moment;
    assert_int_equal(operator_parse_moment(text_from(row->text), &moment, NULL), row->status);
    if (row->process != NULL) {
        assert_text(moment.process, row->process);
        assert_text(moment.point, row->point);
        assert_int_equal(moment.occurrence, row->occurrence);
    }
}

/* What a scenario's rows are blamed for. */
static const struct wrong_row {
    const char *name, *run, *when, *path;
} wrongs[] = {
    {"a tool that there is not",    "unlock",      "",                               "operator.0.run" },
    {"a process that there is not", "check-locks", "builder.PUT_MANIFEST",           "operator.0.when"},
    {"a point that there is not",   "check-locks", "manifest_builder.PUT_MANIFESTS",
     "operator.0.when"                                                                                },
    {"a service",                   "check-locks", "s3.NOTIFICATION",                "operator.0.when"},
    {"a call",                      "check-locks", "manifest_builder.PUT_MANIFEST",  ""               },
    {"a wait",                      "check-locks", "manifest_builder.WORK",          ""               },
    {"a tool's call",               "check-locks", "operator.DELETE_LOCK#2",         ""               },
};

static void test_wrong(void **state)
{
    const struct wrong_row *row = *state;
    char path[64] = "";
    struct error error = {.message = ""};
    operator_story_init(&s);
    story_files(&s, 1, 0, (struct duration){0});
    story_operator(&s, 0, row->run)->when = text_from(row->when);
    (void)scenario_validate(&s.scenario, path, &error);
    assert_string_equal(path, row->path);
}

/* --- times
 * ------------------------------------------------------------------------------------------------
 */

/* Each command waits for the CLI; further pages do not. */
static void test_commands_take_their_time(void **state)
{
    (void)state;
    operator_story_init(&s);
    s.scenario.cli.call_time = duration_ms(600);
    story_files(&s, 1, 86400, (struct duration){0});
    (void)story_operator(&s, 10000, "check-locks");
    story_begin(&s);
    put_files(&s, 300, TODAY, TEXT("pending"), 8192);
    story_until_ms(&s, 20000);
    struct operator_run_row row = tool_row(&s, 0);
    assert_text(row.tool, "check-locks");
    assert_text(row.arguments, "check-locks");
    assert_int_equal(story_ms(&s, row.started_at), 10000);
    assert_int_equal(story_ms(&s, row.ended_at), 10000 + 3 * 600);
    assert_int_equal(story_calls(&s, "COUNT_STATUS"), 3);
    story_end(&s);
}

static void test_a_moment_starts_a_tool(void **state)
{
    (void)state;
    operator_story_init(&s);
    story_files(&s, 30, 0, duration_s(60));
    story_operator(&s, 5000, "trace-pipeline")->when = TEXT("manifest_builder.PUT_MANIFEST#2");
    story_begin(&s);
    (void)story_finish(&s);
    struct call_row put = {.attempt = 0};
    assert_int_equal(run_operator_runs_count(s.run), 1);
    assert_true(story_call(&s, "PUT_MANIFEST", 2, &put));
    assert_int_equal(instant_since(tool_row(&s, 0).started_at, put.sent_at).ns, 5 * NS_PER_S);
    story_end(&s);
}

/* --- faults
 * -----------------------------------------------------------------------------------------------
 */

static void test_a_tool_may_be_killed(void **state)
{
    (void)state;
    operator_story_init(&s);
    story_fault(&s, FAULT_KILL, "operator", "DELETE_LOCK", 1);
    story_files(&s, 1, 86400, (struct duration){0});
    story_begin(&s);
    put_lock(&s, TEXT("LOCK#manifest-2026-01-30"), 1769740000);
    operate(&s, "check-locks --clear-expired");
    assert_exit(&s, 0, 137);
    assert_says(&s, 0, "Clearing expired locks:\n");
    assert_silent(&s, 0, "deleted");
    assert_false(story_locked(&s)); /* the delete had taken effect */
    story_end(&s);
}

static void test_a_failed_command_ends_the_script(void **state)
{
    (void)state;
    operator_story_init(&s);
    story_fault(&s, FAULT_REFUSE, "operator", "LIST_OBJECTS", 1);
    story_files(&s, 1, 86400, (struct duration){0});
    story_begin(&s);
    operate(&s, "trace-pipeline");
    assert_exit(&s, 0, 254); /* SDK-CLI-3 */
    assert_says(&s, 0, "[2] MANIFEST records:\n");
    assert_silent(&s, 0, "[3]");
    story_end(&s);
}

/* --- uploads, the console
 * ---------------------------------------------------------------------------------- */

static void test_an_upload_arrives(void **state)
{
    (void)state;
    operator_story_init(&s);
    s.scenario.limits.files = 0; /* room is made for what the rows upload */
    story_files(&s, 1, 0, (struct duration){0});
    (void)story_operator(&s, 10000, "upload --files 12 --date 2026-01-29 --prefix x/");
    story_begin(&s);
    struct summary summary = story_finish(&s);
    struct file_row file = {.size = 0};
    run_file(s.run, 12, &file);
    assert_int_equal(summary.files.arrived, 13);
    assert_text(file.key, "x/2026-01-29-f0013.ndjson");
    assert_text(file.status, "manifested");
    assert_says(&s, 0, "12 files uploaded, the last one x/2026-01-29-f0013.ndjson\n");
    story_end(&s);
}

/* A lost reply: the same object is put again, and its notification comes twice. */
static void test_an_upload_is_repeated_under_its_key(void **state)
{
    (void)state;
    operator_story_init(&s);
    story_fault(&s, FAULT_LOSE_REPLY, "operator", "PUT_FILE", 2);
    story_files(&s, 1, 0, (struct duration){0});
    (void)story_operator(&s, 10000, "upload --files 3");
    story_begin(&s);
    struct summary summary = story_finish(&s);
    assert_int_equal(summary.files.arrived, 4);
    assert_int_equal(summary.messages.sent, 5);
    story_end(&s);
}

static void test_a_full_console_is_cut(void **state)
{
    (void)state;
    operator_story_init(&s);
    story_files(&s, 1, 86400, (struct duration){0});
    story_begin(&s);
    for (int64_t i = 0; i < 200; i++) {
        char key[40];
        struct text_writer w = text_writer(key, sizeof key);
        text_put(&w, TEXT("LOCK#manifest-"));
        text_put_integer(&w, i, 10);
        put_lock(&s, text_written(&w), 1769740000);
    }
    operate(&s, "check-locks");
    struct operator_run_row row = tool_row(&s, 0);
    assert_true(row.output.size <= 16384);
    assert_true(text_ends(row.output, TEXT("\n(the rest of the output is cut)\n")));
    assert_exit(&s, 0, 0);
    assert_figure(&s, 0, "locks", 200, 200);
    story_end(&s);
}

/* --- going back
 * ------------------------------------------------------------------------------------------- */

static struct hash128 end_hash(void)
{
    while (story_step(&s)) {
    }
    return trace_hash(&s.trace);
}

/* Going back to any event of a run with all tools in it, and on, gives the same end and the same
 * output. */
static void test_a_tool_is_taken_back_with_the_world(void **state)
{
    (void)state;
    operator_story_init(&s);
    s.scenario.cli.call_time = duration_ms(600);
    story_files(&s, 12, 0, duration_s(10));
    (void)story_operator(&s, 1000, "check-locks --clear-expired");
    (void)story_operator(&s, 5000, "upload --files 2");
    (void)story_operator(&s, 200000, "trace-pipeline");
    (void)story_operator(&s, 200100, "reprocess-failed list-manifested");
    (void)story_operator(&s, 300000, "debug-glue-output --fixed");
    story_operator(&s, 400000, "reprocess-failed reset-manifested")->answer = ANSWER_YES;
    (void)story_operator(&s, 410000, "force-manifest-creation --fixed");
    choices_init_seeded(&s.choices, cloud_choice_names, CHOICES_COUNT, 5);
    story_begin_chosen(&s);
    struct error error = {.message = ""};
    struct hash128 wanted = {0};
    uint64_t events = 0;
    static char output[8][16384];
    for (uint64_t back = 0; back == 0 || back < events; back += 37) {
        struct run_snapshot *start = run_snapshot_take(s.run, &error);
        assert_non_null(start);
        struct hash128 hash = end_hash();
        if (back == 0) {
            wanted = hash;
            events = story_cloud(&s)->simulation.events;
        }
        assert_memory_equal(&hash, &wanted, sizeof hash);
        assert_int_equal(run_operator_runs_count(s.run), 7);
        for (uint64_t i = 0; i < 7; i++) {
            struct text now = tool_row(&s, i).output;
            if (back == 0) {
                memcpy(output[i], now.at, now.size);
            }
            assert_memory_equal(now.at, output[i], now.size);
        }
        run_snapshot_restore(s.run, start);
        run_snapshot_release(start);
        for (int i = 0; i < 37; i++) {
            (void)story_step(&s);
        }
    }
    run_snapshots_end(s.run);
    story_end(&s);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, test_line, lines);
    CASES_ADD(&cases, test_values);
    CASES_ADD_TABLE(&cases, test_moment, moments);
    CASES_ADD_TABLE(&cases, test_wrong, wrongs);
    CASES_ADD(&cases, test_commands_take_their_time);
    CASES_ADD(&cases, test_a_moment_starts_a_tool);
    CASES_ADD(&cases, test_a_tool_may_be_killed);
    CASES_ADD(&cases, test_a_failed_command_ends_the_script);
    CASES_ADD(&cases, test_an_upload_arrives);
    CASES_ADD(&cases, test_an_upload_is_repeated_under_its_key);
    CASES_ADD(&cases, test_a_full_console_is_cut);
    CASES_ADD(&cases, test_a_tool_is_taken_back_with_the_world);
    return cases_run("operator", &cases);
}

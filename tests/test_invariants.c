/* test_invariants.c: each invariant is violated by a story made for it, and by no other of them.
 *
 * A row is a story and the very set of invariants that it violates: one more or one fewer fails.
 * The stories without any show that the judges can be content.
 */
#include "tests/story.h"

static struct story s;

struct invariants_row {
    const char *name;
    void (*tell)(void);
    const char *violated; /* "S1 S5" */
};

static void begin(enum builder builder, enum machine machine)
{
    story_init(&s);
    scenario_apply_builder(&s.scenario, builder);
    scenario_apply_machine(&s.scenario, machine);
    s.scenario.workflow.start_delay = exactly(duration_ms(10)); /* after the builder's own record */
}

static void of_date(const char *date)
{
    s.scenario.workloads[s.scenario.workloads_count - 1].date = text_from(date);
}

static void all_is_well(void)
{
    begin(BUILDER_V4, MACHINE_M3);
    story_files(&s, 20, 0, duration_s(40));
}

static void files_of_yesterday_are_flushed(void)
{
    begin(BUILDER_V4, MACHINE_M2);
    story_files(&s, 3, 0, duration_s(30));
    of_date("2026-01-29");
    story_files(&s, 1, 60, (struct duration){0});
}

static void all_are_delivered_twice(void)
{
    begin(BUILDER_V4, MACHINE_M2);
    story_files(&s, 10, 0, (struct duration){0});
    s.scenario.queue.duplicate_ppm = 1000000;
    s.scenario.queue.max_receive_count = 2;
}

static void two_manifests_in_one_second(void)
{
    begin(BUILDER_V4, MACHINE_M2);
    story_files(&s, 20, 0, (struct duration){0});
}

static void a_track_is_given_up(void)
{
    begin(BUILDER_V4, MACHINE_M2);
    story_files(&s, 1, 0, (struct duration){0});
    for (int64_t i = 1; i <= 3; i++) {
        story_fault(&s, FAULT_KILL, "manifest_builder", "ACQUIRE_LOCK", i);
    }
    s.scenario.builder.track_if_absent = true;
}

static void a_message_ends_in_the_dead_letter_queue(void)
{
    begin(BUILDER_V4, MACHINE_M2);
    story_files(&s, 2, 0, (struct duration){0});
    s.scenario.queue.max_receive_count = 1;
    story_fault(&s, FAULT_KILL, "manifest_builder", "TRACK_FILE", 1);
}

static void the_builder_dies_before_the_start(void)
{
    begin(BUILDER_V4, MACHINE_M2);
    s.scenario.builder.track_if_absent = true;
    story_files(&s, 10, 0, (struct duration){0});
    story_fault(&s, FAULT_KILL, "manifest_builder", "PUT_RECORD", 1);
}

static void processing_goes_to_another_record(void)
{
    begin(BUILDER_V4, MACHINE_M1);
    story_files(&s, 10, 0, (struct duration){0});
}

static void a_living_owner_is_taken_over(void)
{
    begin(BUILDER_V4, MACHINE_M2);
    story_files(&s, 10, 0, (struct duration){0});
    story_files(&s, 1, 5, (struct duration){0});
    s.scenario.lock_ttl = duration_s(2);
    s.scenario.latency.bucket_put = exactly(duration_s(20));
}

static void an_owner_whose_release_was_refused_is_taken_over(void)
{
    begin(BUILDER_V4, MACHINE_M2);
    story_files(&s, 1, 0, (struct duration){0});
    s.scenario.lock_ttl = duration_s(2);
    s.scenario.latency.bucket_put = exactly(duration_s(20)); /* the report keeps it busy */
    story_files(&s, 1, 9, (struct duration){0});
    story_fault(&s, FAULT_THROTTLE, "manifest_builder", "RELEASE_LOCK", 1);
}

static void the_last_builder_dies_with_the_lock(void)
{
    begin(BUILDER_V4, MACHINE_M2);
    story_files(&s, 10, 0, (struct duration){0});
    s.scenario.queue.max_receive_count = 1;
    story_fault(&s, FAULT_KILL, "manifest_builder", "ACQUIRE_LOCK", 10);
}

static void a_later_arrival_heals_it(void)
{
    the_last_builder_dies_with_the_lock();
    story_files(&s, 1, 1000, (struct duration){0});
}

static void a_strict_lock_outlives_its_ttl(void)
{
    the_last_builder_dies_with_the_lock();
    s.scenario.builder.lock = LOCK_STRICT;
    story_files(&s, 1, 400, (struct duration){0});
}

static void nobody_flushes(void)
{
    begin(BUILDER_V4, MACHINE_M2);
    s.scenario.builder.orphan_flush = false;
    story_files(&s, 15, 0, (struct duration){0});
    s.scenario.max_files_per_manifest = 10;
    s.scenario.start.ns +=
        18 * 3600 * NS_PER_S + 1800 * NS_PER_S; /* half an hour before midnight */
    s.scenario.workloads[0].over = duration_s(30);
    story_files(&s, 1, 3600, (struct duration){0});
}

static void the_flush_comes_too_late(void)
{
    begin(BUILDER_V4, MACHINE_M2);
    s.scenario.bucket.input_lifetime = (struct duration){0};
    story_files(&s, 3, 0, (struct duration){0});
    story_files(&s, 1, 3 * 86400, (struct duration){0});
}

static void the_job_fails(void)
{
    begin(BUILDER_V4, MACHINE_M2);
    story_files(&s, 10, 0, (struct duration){0});
    s.scenario.glue.failure_ppm = 1000000;
}

static void the_job_fails_and_the_files_say_so(void)
{
    the_job_fails();
    scenario_apply_machine(&s.scenario, MACHINE_M3);
}

static void the_outcome_is_not_written(void)
{
    begin(BUILDER_V4, MACHINE_M2);
    story_files(&s, 10, 0, (struct duration){0});
    story_fault(&s, FAULT_THROTTLE, "state_machine", "TASK", 3);
}

static void records_expire(void)
{
    begin(BUILDER_V4, MACHINE_M2);
    story_files(&s, 20, 0, duration_s(40));
    s.scenario.ttl_days = 1;
    s.scenario.until = duration_s(2 * 86400);
}

static void the_shared_record_stays(void)
{
    records_expire();
    scenario_apply_machine(&s.scenario, MACHINE_M1);
}

static void a_record_expires_that_told_nothing(void)
{
    records_expire();
    story_fault(&s, FAULT_THROTTLE, "state_machine", "UPDATE_STATUS_COMPLETED", 1);
}

static void the_schedule_outlasts_its_first_files(void)
{
    begin(BUILDER_V7, MACHINE_M7);
    s.scenario.bucket.input_lifetime = (struct duration){0};
    story_files(&s, 10, 1, (struct duration){0});
    story_files(&s, 10, 40 * 86400, (struct duration){0});
    s.scenario.schedule.interval = duration_s(3600);
    s.scenario.operators[s.scenario.operators_count++] =
        (struct operator_row){.at = duration_s(50 * 86400), .run = TEXT("check-locks")};
}

static void executions_never_begin(void)
{
    begin(BUILDER_V4, MACHINE_M2);
    s.scenario.workflow.never_starts = true;
    story_files(&s, 10, 0, (struct duration){0});
}

static void it_is_cut_short(void)
{
    begin(BUILDER_V4, MACHINE_M2);
    s.scenario.latency.bucket_put = exactly(duration_s(20));
    s.scenario.until = duration_s(25);
    story_files(&s, 10, 0, (struct duration){0});
    story_files(&s, 1, 24, (struct duration){0});
    s.scenario.bucket.notification_delay = exactly(duration_s(5));
}

static const struct invariants_row rows[] = {
    {"all is well",                                         all_is_well,                                      ""        },
    {"files of yesterday are flushed",                      files_of_yesterday_are_flushed,                   ""        },
    {"a run that is cut short",                             it_is_cut_short,                                  ""        },
    {"S1, S5: all are delivered twice",                     all_are_delivered_twice,                          "S1 S5"   },
    {"S2 and what follows: two manifests in one second",    two_manifests_in_one_second,
     "S2 S3 S4 S5"                                                                                                      },
    {"dead three times behind the track: it stays pending", a_track_is_given_up,                              ""        },
    {"S3: a message ends in the dead-letter queue",         a_message_ends_in_the_dead_letter_queue,          "S3"      },
    {"S3, S4: the builder dies before the start",           the_builder_dies_before_the_start,                "S3 S4"   },
    {"S6: processing goes to another record",               processing_goes_to_another_record,                "S6"      },
    {"records that told it, and have expired",              records_expire,                                   ""        },
    {"S6: they have expired, and the shared one stays",     the_shared_record_stays,                          "S6"      },
    {"S6: a record that told nothing, and has expired",     a_record_expires_that_told_nothing,               "S6"      },
    {"a schedule of weeks",                                 the_schedule_outlasts_its_first_files,            ""        },
    {"S6: the outcome is not written",                      the_outcome_is_not_written,                       "S6"      },
    {"S7 and what follows: a living owner is taken over",   a_living_owner_is_taken_over,                     "S1 S5 S7"},
    {"a takeover behind a refused release",                 an_owner_whose_release_was_refused_is_taken_over, ""        },
    {"L1: the last builder dies with the lock",             the_last_builder_dies_with_the_lock,              "L1"      },
    {"L1 also if a later arrival heals it",                 a_later_arrival_heals_it,                         "L1"      },
    {"L1, L3: a strict lock outlives its ttl",              a_strict_lock_outlives_its_ttl,                   "L1 L3"   },
    {"L2: nobody flushes",                                  nobody_flushes,                                   "L2"      },
    {"L2: the flush comes too late",                        the_flush_comes_too_late,                         "L2"      },
    {"S3, L4: the job fails, hidden by a success",          the_job_fails,                                    "S3 L4"   },
    {"L4 alone: the files say so",                          the_job_fails_and_the_files_say_so,               "L4"      },
    {"L4: executions never begin",                          executions_never_begin,                           "L4"      },
};

static struct text violated(char *buffer, size_t size)
{
    static const char *const names[] = {
#define X(name, word) word,
        INVARIANT_MAP(X)
#undef X
    };
    struct text_writer w = text_writer(buffer, size);
    for (unsigned i = 0; i < INVARIANTS_COUNT; i++) {
        if (story_violations(&s, (enum invariant)i) > 0) {
            text_put(&w, w.size > 0 ? TEXT(" ") : TEXT(""));
            text_put(&w, text_from(names[i]));
        }
    }
    return text_written(&w);
}

static void violates(void **state)
{
    const struct invariants_row *row = *state;
    char buffer[64];
    row->tell();
    story_begin(&s);
    (void)story_finish(&s);
    assert_text(violated(buffer, sizeof buffer), row->violated);
    story_end(&s);
}

/* PIPE-RECORDS-1: their records are one, and the first file's is overwritten. */
static void two_folders_have_a_file_of_one_name(void **state)
{
    (void)state;
    char buffer[64];
    begin(BUILDER_V4, MACHINE_M2);
    story_files(&s, 1, 0, (struct duration){0});
    story_files(&s, 1, 20, (struct duration){0});
    s.scenario.workloads[1].prefix = TEXT("elsewhere/");
    story_begin(&s);
    story_until_ms(&s, 10 * 1000);
    story_pipeline(&s)->state->file_index = 0; /* of the next file's name */
    struct summary summary = story_finish(&s);
    assert_text(violated(buffer, sizeof buffer), "S3");
    assert_number(summary.files.lost, 1);
    assert_number(summary.files.pending, 1);
    story_end(&s);
}

/* A violation names whose call brought it about. */
static void a_violation_names_the_call(void **state)
{
    (void)state;
    struct violation_row row;
    two_manifests_in_one_second();
    story_begin(&s);
    (void)story_finish(&s);
    run_violation(s.run, 0, &row);
    assert_int_equal(row.invariant, INVARIANT_S2);
    assert_text(row.process, "manifest_builder");
    assert_text(row.point, "PUT_MANIFEST");
    assert_text(row.operation, "PutObject");
    assert_text(row.subject, "manifests/2026-01-30/batch-0001-20260130-050001.json");
    assert_int_equal(row.parent, 2);
    assert_int_equal(row.ordinal, 1);
    assert_int_equal(story_ms(&s, row.at), 1500);
    story_end(&s);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, violates, rows);
    CASES_ADD(&cases, two_folders_have_a_file_of_one_name);
    CASES_ADD(&cases, a_violation_names_the_call);
    return cases_run("invariants", &cases);
}

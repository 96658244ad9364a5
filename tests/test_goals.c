/* test_goals.c: each goal is reached by a story made for it, and not by one that comes near.
 *
 * A row is a story and the very set of goals that it reaches: one more or one fewer fails. The
 * stories come in pairs, the second of which lacks the one thing that the first one's goal needs.
 * Calls take no time but where a story says so; the builder starts at 1 s.
 */
#include "model/pipeline/run_snapshot.h"

#include "tests/story.h"

static struct story s;

struct goals_row {
    const char *name;
    void (*tell)(void);
    const char *reached; /* "lock-refused, owner-died" */
};

static void begin(enum builder builder, enum machine machine)
{
    story_init(&s);
    scenario_apply_builder(&s.scenario, builder);
    scenario_apply_machine(&s.scenario, machine);
    s.scenario.workflow.start_delay = exactly(duration_ms(10)); /* after the builder's own record */
}

/* So many files at once: every ten of them are a builder's. */
static void files_at_once(enum builder builder, int64_t files)
{
    begin(builder, MACHINE_M2);
    story_files(&s, files, 0, (struct duration){0});
}

static void one_more(int64_t at_s)
{
    story_files(&s, 1, at_s, (struct duration){0});
}

static struct fault *fault(enum fault_kind kind, const char *point, int64_t occurrence)
{
    story_fault(&s, kind, "manifest_builder", point, occurrence);
    return story_last_fault(&s);
}

/* --- the lock
 * ------------------------------------------------------------------------------------------ */

static void files_one_by_one(void)
{
    begin(BUILDER_V4, MACHINE_M2);
    story_files(&s, 20, 0, duration_s(40));
}

static void two_builders_and_a_slow_release(void)
{
    files_at_once(BUILDER_V4, 11);
    fault(FAULT_SLOW, "RELEASE_LOCK", 1)->by = duration_s(10);
}

/* The owner's put takes 20 s; the next builder comes 5 s after it. */
static void a_slow_owner(int64_t ttl_s)
{
    files_at_once(BUILDER_V4, 10);
    one_more(5);
    s.scenario.lock_ttl = duration_s(ttl_s);
    s.scenario.latency.bucket_put = exactly(duration_s(20));
}

static void a_living_owner_is_taken_over(void)
{
    a_slow_owner(2);
}

static void a_living_owner_is_left_alone(void)
{
    a_slow_owner(300);
}

/* TTL deletes the lock 5 s after the owner took it, and nobody else comes. */
static void ttl_deletes_the_lock_of_a_living_owner(void)
{
    files_at_once(BUILDER_V4, 10);
    s.scenario.lock_ttl = duration_s(4);
    s.scenario.table.ttl_delay = exactly((struct duration){0});
    s.scenario.latency.bucket_put = exactly(duration_s(20));
}

static void ttl_comes_behind_the_release(void)
{
    ttl_deletes_the_lock_of_a_living_owner();
    s.scenario.table.ttl_delay = exactly(duration_s(17));
}

static void the_last_builder_dies_with_the_lock(void)
{
    files_at_once(BUILDER_V4, 10);
    s.scenario.queue.max_receive_count = 1;
    (void)fault(FAULT_KILL, "QUERY_PENDING", 10);
    one_more(2000);
}

static void the_last_builder_dies_without_it(void)
{
    files_at_once(BUILDER_V4, 10);
    s.scenario.queue.max_receive_count = 1;
    (void)fault(FAULT_KILL, "TRACK_FILE", 10);
    one_more(2000);
}

static void the_last_builder_dies_behind_its_release(void)
{
    files_at_once(BUILDER_V4, 10);
    s.scenario.queue.max_receive_count = 1;
    (void)fault(FAULT_KILL, "RELEASE_LOCK", 10);
    one_more(2000);
}

static void a_lease_with_slow_writes(void)
{
    files_at_once(BUILDER_V4, 10);
    s.scenario.builder.lock = LOCK_LEASE;
    s.scenario.latency.table_write = exactly(duration_s(4));
    s.scenario.builder.retry_loop = false;
    s.scenario.function.timeout = duration_s(900);
    s.scenario.queue.visibility_timeout = duration_s(900);
}

static void a_lease_with_quick_writes(void)
{
    a_lease_with_slow_writes();
    s.scenario.latency.table_write = exactly(duration_ms(100));
}

static void a_stalled_owner(enum lock_mode lock)
{
    files_at_once(BUILDER_V4, 10);
    s.scenario.builder.lock = lock;
    s.scenario.lock_ttl = duration_s(2);
    fault(FAULT_STALL, "MARK_FILE", 4)->by = duration_s(60);
    story_files(&s, 3, 10, (struct duration){0});
}

static void a_stalled_owner_with_a_token(void)
{
    a_stalled_owner(LOCK_FENCING);
}

static void a_stalled_owner_without_a_token(void)
{
    a_stalled_owner(LOCK_TAKEOVER);
}

/* --- builders and messages
 * ------------------------------------------------------------------------------------------ */

static void two_builders_without_a_lock(void)
{
    files_at_once(BUILDER_V4, 20);
    s.scenario.builder.lock = LOCK_NONE;
    s.scenario.latency.bucket_put = exactly(duration_s(1));
    s.scenario.latency.table_write = exactly(duration_ms(10));
}

static void one_builder_without_a_lock(void)
{
    two_builders_without_a_lock();
    s.scenario.function.reserved_concurrency = 1;
    s.scenario.mapping.maximum_concurrency = 1;
}

/* Each has a date of its own. */
static void two_dates_without_a_lock(void)
{
    begin(BUILDER_V4, MACHINE_M2);
    s.scenario.builder.lock = LOCK_NONE;
    s.scenario.latency.bucket_put = exactly(duration_s(2));
    s.scenario.builder.orphan_flush = false;
    story_files(&s, 10, 0, (struct duration){0});
    story_files(&s, 10, 1, (struct duration){0});
    s.scenario.workloads[1].date = TEXT("2026-01-29");
}

static void a_call_hangs(void)
{
    files_at_once(BUILDER_V4, 1);
    (void)fault(FAULT_TIMEOUT, "TRACK_FILE", 1);
}

static void a_function_is_killed(void)
{
    files_at_once(BUILDER_V4, 1);
    (void)fault(FAULT_KILL, "TRACK_FILE", 1);
}

static void a_copy_is_delivered(struct duration latency)
{
    files_at_once(BUILDER_V4, 1);
    story_fault(&s, FAULT_DUPLICATE, "sqs", "DELIVERY", 1);
    s.scenario.latency.table_write = exactly(latency);
    one_more(2); /* wakes the pollers */
}

static void a_copy_is_delivered_while_the_first_is_handled(void)
{
    a_copy_is_delivered(duration_s(2));
}

static void a_copy_is_delivered_when_the_first_has_been_handled(void)
{
    a_copy_is_delivered((struct duration){0});
}

static void a_message_dies(int64_t receives)
{
    files_at_once(BUILDER_V4, 2);
    s.scenario.queue.max_receive_count = receives;
    (void)fault(FAULT_KILL, "TRACK_FILE", 1);
}

static void a_message_is_received_once(void)
{
    a_message_dies(1);
}

static void a_message_is_received_twice(void)
{
    a_message_dies(2);
}

/* --- calls
 * ------------------------------------------------------------------------------------------ */

static void an_attempt_is_struck(enum fault_kind kind)
{
    files_at_once(BUILDER_V4, 1);
    fault(kind, "TRACK_FILE", 1)->attempts = 1;
}

static void a_call_is_throttled_once(void)
{
    an_attempt_is_struck(FAULT_THROTTLE);
}

static void a_call_fails_once(void)
{
    an_attempt_is_struck(FAULT_ERROR);
}

static void a_reply_is_lost(void)
{
    an_attempt_is_struck(FAULT_LOSE_REPLY);
}

static void a_request_is_lost(void)
{
    an_attempt_is_struck(FAULT_LOSE_REQUEST);
}

/* From the effect of a write to the read behind it are 150 ms: half of its way, and the lock's. */
static void replicas_lag(int64_t ms)
{
    files_at_once(BUILDER_V4, 1);
    s.scenario.latency.table_write = exactly(duration_ms(100));
    s.scenario.table.replica_lag = exactly(duration_ms(ms));
}

static void replicas_lag_by_more_than_a_lock_takes(void)
{
    replicas_lag(200);
}

static void replicas_lag_by_less(void)
{
    replicas_lag(50);
}

/* A page evaluates 11 items: of the manifested ones, too. */
static void files_behind_limited_pages(int64_t files)
{
    begin(BUILDER_V5, MACHINE_M2);
    story_files(&s, files, 0, duration_s(2 * files));
}

static void more_items_than_a_page_evaluates(void)
{
    files_behind_limited_pages(12);
}

static void as_many_items_as_a_page_evaluates(void)
{
    files_behind_limited_pages(9);
}

/* --- manifests
 * ------------------------------------------------------------------------------------------ */

static void two_manifests_in_one_second(void)
{
    files_at_once(BUILDER_V4, 20);
}

static void two_manifests_in_two_seconds(void)
{
    two_manifests_in_one_second();
    s.scenario.latency.bucket_put = exactly(duration_s(2));
}

/* The second put of the same key has the same files. */
static void a_put_is_tried_again(void)
{
    files_at_once(BUILDER_V4, 10);
    fault(FAULT_LOSE_REPLY, "PUT_MANIFEST", 1)->attempts = 1;
}

static void yesterday_s_files(int64_t files)
{
    begin(BUILDER_V4, MACHINE_M2);
    story_files(&s, files, 0, duration_s(30));
    s.scenario.workloads[0].date = TEXT("2026-01-29");
    s.scenario.min_files_for_partial_batch = 3;
    one_more(60);
}

static void enough_files_of_yesterday(void)
{
    yesterday_s_files(3);
}

static void too_few_files_of_yesterday(void)
{
    yesterday_s_files(2);
}

static void a_start_fails(enum builder builder)
{
    files_at_once(builder, 10);
    fault(FAULT_REFUSE, "START_EXECUTION", 1)->times = 1;
    one_more(60);
}

static void a_start_fails_and_is_rolled_back(void)
{
    a_start_fails(BUILDER_V5);
}

static void a_start_fails_and_is_forgotten(void)
{
    a_start_fails(BUILDER_V4);
}

static void a_file_is_too_small(void)
{
    files_at_once(BUILDER_V4, 1);
    s.scenario.workloads[0].size = 1;
}

static void a_file_is_too_small_and_there_is_no_quarantine(void)
{
    a_file_is_too_small();
    s.scenario.quarantine_configured = false;
}

/* --- jobs
 * ------------------------------------------------------------------------------------------ */

static void slots(int64_t most)
{
    files_one_by_one();
    s.scenario.glue.max_concurrent_runs = most;
}

static void one_slot_for_two_jobs(void)
{
    slots(1);
}

static void two_slots_for_two_jobs(void)
{
    slots(2);
}

static void the_job_fails(void)
{
    files_at_once(BUILDER_V4, 10);
    s.scenario.glue.failure_ppm = 1000000;
    s.scenario.glue.max_retries = 0;
}

static void a_state_fails_but_no_job(void)
{
    files_at_once(BUILDER_V4, 10);
    story_fault(&s, FAULT_REFUSE, "state_machine", "UPDATE_STATUS_PROCESSING", 1);
}

/* --- the later versions
 * ------------------------------------------------------------------------------------------ */

/* Two builders find the same ten files; a request that is lost holds one of them back. */
static void two_claim_the_same_files(void)
{
    files_at_once(BUILDER_V6, 10);
    one_more(10);
    fault(FAULT_LOSE_REQUEST, "CLAIM_FILE", 1)->attempts = 1;
}

static void one_claims_its_files(void)
{
    files_at_once(BUILDER_V6, 10);
    one_more(10);
}

static void events_are_refused(int64_t times)
{
    begin(BUILDER_V6E, MACHINE_M2);
    s.scenario.function.idle_lifetime = duration_s(100000);
    story_files(&s, 10, 0, (struct duration){0});
    story_files(&s, 5, 100, duration_s(60));
    fault(FAULT_REFUSE, "PUT_EVENTS", 1)->times = times;
}

static void three_events_are_refused(void)
{
    events_are_refused(3);
}

static void two_events_are_refused(void)
{
    events_are_refused(2);
}

static void the_stream_s_function(void)
{
    files_at_once(BUILDER_V6S, 10);
    s.scenario.stream.parallelization = 1;
    s.scenario.until = duration_s(1000);
}

static void the_stream_s_function_dies(void)
{
    the_stream_s_function();
    story_fault(&s, FAULT_KILL, "stream_creator", "QUERY_PENDING", 1);
}

static void the_schedule(void)
{
    begin(BUILDER_V7, MACHINE_M7);
    s.scenario.schedule.delay = exactly((struct duration){0});
    story_files(&s, 10, 0, (struct duration){0});
}

static void the_batcher_dies(const char *point)
{
    the_schedule();
    story_fault(&s, FAULT_KILL, "batcher", point, 1);
}

static void the_batcher_dies_behind_a_claim(void)
{
    the_batcher_dies("TAKE_FILE");
}

static void the_batcher_dies_before_the_start(void)
{
    the_batcher_dies("SEAL_RECORD");
}

static void the_batcher_dies_before_it_has_begun(void)
{
    the_batcher_dies("QUERY_UNCLAIMED");
}

static void a_notification_is_lost(void)
{
    the_schedule();
    story_fault(&s, FAULT_LOSE, "s3", "NOTIFICATION", 1);
    one_more(5);
}

static void a_job_fails_and_the_batcher_tries_again(void)
{
    the_schedule();
    story_fault(&s, FAULT_FAIL, "glue", "RUN", 1);
    s.scenario.glue.max_retries = 0;
}

static const struct goals_row rows[] = {
    {"files one by one",                                    files_one_by_one,                         ""                                                      },
    {"two builders, and a slow release",                    two_builders_and_a_slow_release,          "lock-refused"                                          },
    {"a living owner is taken over",                        a_living_owner_is_taken_over,
     "lock-taken-over, creators-overlap, file-listed-twice"                                                                                                   },
    {"a living owner is left alone",                        a_living_owner_is_left_alone,             "lock-refused"                                          },
    {"TTL deletes the lock of a living owner",              ttl_deletes_the_lock_of_a_living_owner,
     "lock-deleted-by-ttl, lock-deleted-under-owner"                                                                                                          },
    {"TTL comes behind the release",                        ttl_comes_behind_the_release,             ""                                                      },
    {"the last builder dies with the lock",                 the_last_builder_dies_with_the_lock,
     "lock-deleted-by-ttl, owner-died, message-dead-lettered"                                                                                                 },
    {"the last builder dies without it",                    the_last_builder_dies_without_it,         "message-dead-lettered"                                 },
    {"the last builder dies behind its release",            the_last_builder_dies_behind_its_release,
     "message-dead-lettered"                                                                                                                                  },
    {"a lease with slow writes",                            a_lease_with_slow_writes,                 "lease-renewed"                                         },
    {"a lease with quick writes",                           a_lease_with_quick_writes,                ""                                                      },
    {"a stalled owner with a token",                        a_stalled_owner_with_a_token,
     "lock-taken-over, late-owner-fenced, creators-overlap, file-listed-twice, batch-rolled-back"                                                             },
    {"a stalled owner without a token",                     a_stalled_owner_without_a_token,
     "lock-taken-over, creators-overlap, file-listed-twice"                                                                                                   },
    {"two builders without a lock",                         two_builders_without_a_lock,
     "creators-overlap, manifest-overwritten"                                                                                                                 },
    {"one builder without a lock",                          one_builder_without_a_lock,               ""                                                      },
    {"two dates without a lock",                            two_dates_without_a_lock,                 "earlier-date-flushed"                                  },
    {"a call hangs",                                        a_call_hangs,                             "function-timed-out, delivered-twice"                   },
    {"a function is killed",                                a_function_is_killed,                     "delivered-twice"                                       },
    {"a copy is delivered while the first is handled",
     a_copy_is_delivered_while_the_first_is_handled,                                                  "lock-refused, delivered-twice, delivered-while-handled"},
    {"a copy is delivered when the first has been handled",
     a_copy_is_delivered_when_the_first_has_been_handled,                                             "delivered-twice"                                       },
    {"a message is received once",                          a_message_is_received_once,               "message-dead-lettered"                                 },
    {"a message is received twice",                         a_message_is_received_twice,              "delivered-twice"                                       },
    {"a call is throttled once",                            a_call_is_throttled_once,                 "throttled-call-retried"                                },
    {"a call fails once",                                   a_call_fails_once,                        ""                                                      },
    {"a reply is lost",                                     a_reply_is_lost,                          "reply-lost"                                            },
    {"a request is lost",                                   a_request_is_lost,                        ""                                                      },
    {"replicas lag by more than a lock takes",              replicas_lag_by_more_than_a_lock_takes,
     "stale-read-hid-file"                                                                                                                                    },
    {"replicas lag by less",                                replicas_lag_by_less,                     ""                                                      },
    {"more items than a page evaluates",                    more_items_than_a_page_evaluates,         "pending-over-pages"                                    },
    {"as many items as a page evaluates",                   as_many_items_as_a_page_evaluates,        ""                                                      },
    {"two manifests in one second",                         two_manifests_in_one_second,
     "lock-refused, manifest-overwritten"                                                                                                                     },
    {"two manifests in two seconds",                        two_manifests_in_two_seconds,             "lock-refused"                                          },
    {"a put is tried again",                                a_put_is_tried_again,                     "reply-lost, manifest-overwritten"                      },
    {"enough files of yesterday",                           enough_files_of_yesterday,                "earlier-date-flushed"                                  },
    {"too few files of yesterday",                          too_few_files_of_yesterday,               ""                                                      },
    {"a start fails and is rolled back",                    a_start_fails_and_is_rolled_back,
     "pending-over-pages, manifest-overwritten, batch-rolled-back"                                                                                            },
    {"a start fails and is forgotten",                      a_start_fails_and_is_forgotten,           ""                                                      },
    {"a file is too small",                                 a_file_is_too_small,                      "file-quarantined"                                      },
    {"a file is too small, and there is no quarantine",
     a_file_is_too_small_and_there_is_no_quarantine,                                                  ""                                                      },
    {"one slot for two jobs",                               one_slot_for_two_jobs,                    "job-run-refused"                                       },
    {"two slots for two jobs",                              two_slots_for_two_jobs,                   ""                                                      },
    {"the job fails",                                       the_job_fails,                            "failure-path-taken"                                    },
    {"a state fails, but no job",                           a_state_fails_but_no_job,                 ""                                                      },
    {"two claim the same files",                            two_claim_the_same_files,                 "creators-overlap, claim-lost"                          },
    {"one claims its files",                                one_claims_its_files,                     "pending-over-pages"                                    },
    {"three events are refused",                            three_events_are_refused,
     "file-listed-twice, batch-rolled-back, breaker-opened"                                                                                                   },
    {"two events are refused",                              two_events_are_refused,
     "pending-over-pages, file-listed-twice, batch-rolled-back"                                                                                               },
    {"the stream's function dies",                          the_stream_s_function_dies,               "stream-batch-retried"                                  },
    {"the stream's function",                               the_stream_s_function,                    ""                                                      },
    {"the schedule",                                        the_schedule,                             ""                                                      },
    {"the batcher dies behind a claim",                     the_batcher_dies_behind_a_claim,          "batcher-repaired"                                      },
    {"the batcher dies before the start",                   the_batcher_dies_before_the_start,        "batcher-repaired"                                      },
    {"the batcher dies before it has begun",                the_batcher_dies_before_it_has_begun,     ""                                                      },
    {"a notification is lost",                              a_notification_is_lost,                   "batcher-repaired"                                      },
    {"a job fails and the batcher tries again",             a_job_fails_and_the_batcher_tries_again,
     "failure-path-taken, batcher-repaired"                                                                                                                   },
};

static struct text reached(char *buffer, size_t size)
{
    struct text_writer w = text_writer(buffer, size);
    for (unsigned i = 0; i < GOALS_COUNT; i++) {
        if ((goals_reached(s.run) >> i & 1) != 0) {
            text_put(&w, w.size > 0 ? TEXT(", ") : TEXT(""));
            text_put(&w, text_from(goal_name((enum goal)i)));
        }
    }
    return text_written(&w);
}

static void reaches(void **state)
{
    const struct goals_row *row = *state;
    char buffer[1024];
    row->tell();
    story_begin(&s);
    (void)story_finish(&s);
    assert_text(reached(buffer, sizeof buffer), row->reached);
    story_end(&s);
}

/* A goal that no story reaches, or that each one does, would not be told from a constant. */
static void each_goal_is_reached_by_some_and_missed_by_some(void **state)
{
    (void)state;
    const size_t count = sizeof rows / sizeof rows[0];
    for (unsigned i = 0; i < GOALS_COUNT; i++) {
        size_t with = 0;
        for (size_t row = 0; row < count; row++) {
            with += strstr(rows[row].reached, goal_name((enum goal)i)) != NULL;
        }
        if (with == 0 || with == count) {
            fail_msg("%s is reached by %zu stories of %zu", goal_name((enum goal)i), with, count);
        }
    }
}

static void what_is_reached_goes_back_with_the_world(void **state)
{
    (void)state;
    struct error error;
    files_at_once(BUILDER_V4, 1);
    (void)fault(FAULT_KILL, "TRACK_FILE", 1);
    story_begin(&s);
    story_until_ms(&s, 100 * 1000);
    uint64_t before = goals_reached(s.run);
    struct run_snapshot *snapshot = run_snapshot_take(s.run, &error);
    assert_non_null(snapshot);
    story_until_ms(&s, 1000 * 1000);
    assert_true(goals_reached(s.run) != before);
    run_snapshot_restore(s.run, snapshot);
    assert_true(goals_reached(s.run) == before);
    story_until_ms(&s, 1000 * 1000);
    assert_true(goals_reached(s.run) != before);
    run_snapshot_release(snapshot);
    run_snapshots_end(s.run);
    story_end(&s);
}

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, reaches, rows);
    CASES_ADD(&cases, each_goal_is_reached_by_some_and_missed_by_some);
    CASES_ADD(&cases, what_is_reached_goes_back_with_the_world);
    return cases_run("goals", &cases);
}

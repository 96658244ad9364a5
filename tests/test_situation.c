/* test_situation.c: what is told of a place is so, and telling it changes nothing.
 *
 * A run is taken from event to event, and at each place what situation.h and event_words.h tell is
 * held against something else that knows: the next pending event is the one that comes; the process
 * it is about is the one that moves; a lock's row is the table's item and the history's tenure; the
 * queue's counts are those of its messages. Every view of the debugger is then asked at places all
 * over a run, and the run's fingerprint must be the same behind it.
 */
#include "tests/journey.h"

#include "model/dynamodb/table.h"
#include "model/search/event_words.h"
#include "model/search/situation.h"
#include "tools/replay_breaks.h"
#include "tools/replay_views.h"

#include <stdio.h>

enum { ROWS_MAX = 4096 };

static struct process_row processes[ROWS_MAX];
static struct pending_event pending[ROWS_MAX];
static struct message_row messages[ROWS_MAX];
static struct lock_row locks[64];

static void set_out(struct world_under_test *w, const struct journey *j)
{
    struct error error = {.message = ""};
    journey_begin(w, j);
    w->machine = time_machine_create(w->run, BYTES, &error);
    assert_non_null(w->machine);
}

/* One step; false at the end. */
static bool go_on(struct world_under_test *w)
{
    struct error error = {.message = ""};
    assert_int_equal(time_machine_step(w->machine, &error), STATUS_OK);
    return !time_machine_place(w->machine).end;
}

/* ---- What is to come. ---- */

static void sort_is_right(uint64_t count)
{
    for (uint64_t i = 1; i < count; i++) {
        assert_true(pending[i - 1].at_ns < pending[i].at_ns ||
                    (pending[i - 1].at_ns == pending[i].at_ns &&
                     pending[i - 1].sequence < pending[i].sequence));
    }
}

static void the_first_pending_event_is_the_one_that_comes(void **state)
{
    static struct world_under_test w;
    char room[2048];
    set_out(&w, *state);
    for (;;) {
        uint64_t count = run_pending_count(w.run);
        assert_true(count < ROWS_MAX);
        run_pending(w.run, pending);
        sort_is_right(count);
        struct text_writer writer = text_writer(room, sizeof room);
        if (count > 0) {
            run_put_event(w.run, &pending[0].event, &writer);
        }
        if (!go_on(&w)) {
            break;
        }
        assert_true(count > 0);
        assert_int_equal(run_now(w.run).ns, pending[0].at_ns);
        struct text told = time_machine_event_text(w.machine);
        text_put_char(&writer, '\n');
        assert_true(text_starts(told, text_written(&writer)));
    }
    journey_end(&w);
}

static void whom_an_event_is_about_moves(void **state)
{
    static struct world_under_test w;
    uint64_t moved = 0;
    set_out(&w, *state);
    for (bool more = true; more;) {
        uint64_t count = run_processes_count(w.run);
        assert_true(count < ROWS_MAX);
        run_pending(w.run, pending);
        run_processes(w.run, processes);
        uint64_t i = 0;
        while (i < count && (run_pending_count(w.run) == 0 ||
                             !event_is_about(&pending[0].event, &processes[i]))) {
            i++;
        }
        uint64_t before = i < count ? run_process_state(w.run, &processes[i].name) : 0;
        more = go_on(&w);
        if (more && i < count) {
            assert_true(run_process_state(w.run, &processes[i].name) != before);
            moved++;
        }
    }
    assert_true(moved > 50);
    journey_end(&w);
}

/* ---- The queue. ---- */

static void the_queue_s_counts_are_those_of_its_messages(void **state)
{
    static struct world_under_test w;
    int64_t seen_in_flight = 0;
    set_out(&w, *state);
    do {
        struct queue_row q = run_queue(w.run);
        uint64_t count = run_messages_count(w.run);
        int64_t visible = 0;
        int64_t in_flight = 0;
        assert_true(count < ROWS_MAX);
        run_messages(w.run, messages);
        for (uint64_t i = 0; i < count; i++) {
            bool flies = text_equal(messages[i].state, TEXT("in flight"));
            visible += text_equal(messages[i].state, TEXT("visible"));
            in_flight += flies;
            assert_true(text_ends(messages[i].key, TEXT(".ndjson")));
            assert_int_equal(messages[i].visible_at.ns != NEVER, flies);
            assert_true(!flies || messages[i].visible_at.ns >= run_now(w.run).ns);
        }
        assert_int_equal(q.visible, visible);
        assert_int_equal(q.in_flight, in_flight);
        assert_int_equal(q.visible + q.in_flight + q.hidden + q.dead, (int64_t)count);
        seen_in_flight += in_flight;
    } while (go_on(&w));
    assert_true(seen_in_flight > 0);
    journey_end(&w);
}

/* ---- The lock. ---- */

static void count_lock(void *self, struct item item)
{
    *(uint64_t *)self += text_starts(item_text(item, TEXT("date_prefix")), TEXT("LOCK#"));
}

static void check_lock(const struct world_under_test *w, const struct lock_row *lock)
{
    struct item item;
    struct value ttl;
    int64_t ttl_s = 0;
    char key[64];
    struct text_writer writer = text_writer(key, sizeof key);
    text_put(&writer, TEXT("LOCK#manifest-"));
    text_put(&writer, lock->date);
    assert_true(table_peek(run_table(w->run), text_written(&writer), TEXT("LOCK"), &item));
    assert_true(text_equal(item_text(item, TEXT("lock_id")), text_from(lock->owner)));
    assert_true(item_get(item, TEXT("ttl"), &ttl) && number_integer(&ttl.number, &ttl_s));
    assert_int_equal(lock->expires_at.ns, ttl_s * NS_PER_S);
    assert_int_equal(lock->expired, ttl_s < instant_epoch_seconds(run_now(w->run)));
    struct invocation_row owner;
    run_invocation(w->run, (uint64_t)lock->invocation - 1, &owner);
    assert_int_equal(lock->process.type.size > 0, owner.ended_at.ns == NEVER);
    struct tenure_row tenure;
    run_tenure(w->run, run_tenures_count(w->run) - 1, &tenure);
    assert_int_equal(tenure.refused, lock->refused);
    assert_int_equal(tenure.acquired_at.ns, lock->acquired_at.ns);
}

static void a_lock_is_its_item_and_its_tenure(void **state)
{
    static struct world_under_test w;
    uint64_t living = 0;
    uint64_t dead = 0;
    set_out(&w, *state);
    do {
        uint64_t items = 0;
        uint64_t count = run_locks_count(w.run);
        table_each(run_table(w.run), count_lock, &items);
        assert_int_equal(count, items);
        run_locks(w.run, locks);
        for (uint64_t i = 0; i < count; i++) {
            check_lock(&w, &locks[i]);
            living += locks[i].process.type.size > 0;
            dead += locks[i].process.type.size == 0;
        }
    } while (go_on(&w));
    assert_true(living > 20 && dead > 20);
    journey_end(&w);
}

/* ---- Names. ---- */

static struct point_row points[POINTS_MAX];

/* Of all points of that name. */
static int64_t reached_by_rows(uint64_t count, const struct point_row *wanted)
{
    int64_t reached = 0;
    for (uint64_t i = 0; i < count; i++) {
        bool same = text_equal(points[i].process, wanted->process) &&
                    text_equal(points[i].point, wanted->point);
        reached += same ? points[i].reached : 0;
    }
    return reached;
}

static void a_point_was_reached_as_often_as_its_row_says(void **state)
{
    static struct world_under_test w;
    struct error error = {.message = ""};
    uint64_t reached = 0;
    set_out(&w, *state);
    assert_int_equal(time_machine_go_to_end(w.machine, &error), STATUS_OK);
    uint64_t count = run_points_count(w.run);
    for (uint64_t i = 0; i < count; i++) {
        run_point(w.run, i, &points[i]);
    }
    for (uint64_t i = 0; i < count; i++) {
        const struct point_row *row = &points[i];
        struct point_place place;
        char name[128];
        int size = snprintf(name, sizeof name, "%.*s.%.*s", (int)row->process.size, row->process.at,
                            (int)row->point.size, row->point.at);
        assert_int_equal(point_place_parse((struct text){name, (size_t)size}, &place, &error),
                         STATUS_OK);
        assert_int_equal(run_point_reached(w.run, place), reached_by_rows(count, row));
        reached += row->reached > 0;
    }
    assert_true(reached > 10);
    journey_end(&w);
}

struct naming {
    const char *name, *text;
    bool good;
    int64_t parent, ordinal;
};

static const struct naming names[] = {
    {"a type alone",         "manifest_builder",               true,  0, 0},
    {"of an environment",    "manifest_builder[2.7]",          true,  2, 7},
    {"of nobody",            "state_machine[3]",               true,  0, 3},
    {"no such type",         "builder",                        false, 0, 0},
    {"nothing",              "",                               false, 0, 0},
    {"an open bracket",      "manifest_builder[2.7",           false, 0, 0},
    {"an empty bracket",     "manifest_builder[]",             false, 0, 0},
    {"without an ordinal",   "manifest_builder[2.]",           false, 0, 0},
    {"ordinal nought",       "manifest_builder[2.0]",          false, 0, 0},
    {"three numbers",        "manifest_builder[2.7.1]",        false, 0, 0},
    {"a letter",             "manifest_builder[2.x]",          false, 0, 0},
    {"a number of a galaxy", "manifest_builder[1234567890.1]", false, 0, 0},
};

static void a_process_is_named_as_reports_name_it(void **state)
{
    const struct naming *n = *state;
    struct process_name name;
    struct error error = {.message = ""};
    enum status status = process_name_parse(text_from(n->text), &name, &error);
    assert_int_equal(status, n->good ? STATUS_OK : STATUS_BAD_INPUT);
    assert_int_equal(error.message[0] == '\0', n->good);
    if (n->good) {
        assert_int_equal(name.parent, n->parent);
        assert_int_equal(name.ordinal, n->ordinal);
    }
}

static void places_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"",         ".",   "manifest_builder", "manifest_builder.",
                                        ".PUT",     "a.b", "s3.PUT_MANIFEST",  "x.NOTIFICATION",
                                        "s3..START"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct point_place place;
        assert_int_equal(point_place_parse(text_from(texts[i]), &place, NULL), STATUS_BAD_INPUT);
    }
}

/* ---- Looking. ---- */

static uint64_t count_lost(const struct run *run)
{
    uint64_t lost = 0;
    for (uint64_t i = 0; i < run_files_count(run); i++) {
        struct file_row row;
        run_file(run, i, &row);
        lost += text_equal(row.status, TEXT("lost"));
    }
    return lost;
}

/* A file whose message waits is not lost; one whose notification is under way has no message. */
static void a_look_knows_what_is_on_its_way(void **state)
{
    static struct world_under_test w;
    uint64_t corrected = 0;
    set_out(&w, *state);
    do {
        uint64_t plain = count_lost(w.run);
        run_look_begin(w.run);
        uint64_t looked = count_lost(w.run);
        run_look_end(w.run);
        assert_int_equal(count_lost(w.run), plain);
        assert_true(looked <= (uint64_t)run_queue(w.run).coming);
        corrected += plain - looked;
    } while (go_on(&w));
    assert_int_equal(count_lost(w.run), 0);
    assert_true(corrected > 0);
    journey_end(&w);
}

static const struct {
    const char *name, *argument;
    replay_command *view;
} views[] = {
    {"where",          "",                                              view_where     },
    {"processes",      "",                                              view_processes },
    {"some processes", "manifest_builder",                              view_processes },
    {"lock",           "",                                              view_lock      },
    {"queue",          "",                                              view_queue     },
    {"items",          "",                                              view_items     },
    {"some items",     "LOCK#",                                         view_items     },
    {"changes",        "",                                              view_changes   },
    {"pending",        "",                                              view_pending   },
    {"sql",            "SELECT status, count(*) FROM files GROUP BY 1", view_sql       },
    {"more sql",       "SELECT * FROM api_calls, run LIMIT 3",          view_sql       },
    {"goals",          "",                                              view_goals     },
    {"violations",     "",                                              view_violations},
    {"faults",         "",                                              view_faults    },
    {"breaks",         "",                                              breaks_list    },
};

static void ask(struct world_under_test *w, struct replay *r, size_t view)
{
    struct error error = {.message = ""};
    char *bytes = NULL;
    size_t size = 0;
    struct fingerprint before = fingerprint(w);
    r->out = open_memstream(&bytes, &size);
    assert_non_null(r->out);
    if (views[view].view(r, text_from(views[view].argument), &error) != STATUS_OK) {
        fail_msg("%s: %s", views[view].name, error.message);
    }
    assert_int_equal(fclose(r->out), 0);
    assert_true(size > 0);
    free(bytes);
    struct fingerprint after = fingerprint(w);
    if (memcmp(&before, &after, sizeof before) != 0) {
        fail_msg("%s changes the run", views[view].name);
    }
}

static void asking_changes_nothing(void **state)
{
    static struct world_under_test w;
    static struct report report;
    static struct replay r;
    struct error error = {.message = ""};
    uint64_t random = 88172645463325252U;
    set_out(&w, *state);
    assert_int_equal(time_machine_go_to_end(w.machine, &error), STATUS_OK);
    uint64_t last = time_machine_place(w.machine).events;
    report = (struct report){.run = w.run, .scenario = &w.scenario, .replay = ""};
    r = (struct replay){.run = w.run, .report = &report, .machine = w.machine};
    for (int i = 0; i < 25; i++) {
        uint64_t to = i == 0 ? last + 1 : i == 1 ? 0 : draw(&random, last + 1);
        assert_int_equal(time_machine_go(w.machine, to, &error), STATUS_OK);
        for (size_t view = 0; view < sizeof views / sizeof views[0]; view++) {
            ask(&w, &r, view);
        }
    }
    journey_end(&w);
}

static const struct journey journeys[] = {
    {"130 files",               "scenarios/regression/130-files.yaml",               "",                3, BYTES, 0},
    {"a dead owner",            "scenarios/incidents/f03-dead-owner.yaml",           "V0",              5, BYTES, 0},
    {"the batcher",             "scenarios/incidents/f03-dead-owner.yaml",           "V7",              7, BYTES, 0},
    {"a lease and an operator", "scenarios/lessons/lock-operator-deletes-live.yaml", "lease-live",
     1,                                                                                                    BYTES, 0},
    {"a stream and a bus",      "scenarios/incidents/f17-stream-without-bus.yaml",   "stream with bus", 2,
     BYTES,                                                                                                       0},
};

int main(void)
{
    static struct cases cases;
    CASES_ADD_TABLE(&cases, the_first_pending_event_is_the_one_that_comes, journeys);
    CASES_ADD_TABLE(&cases, whom_an_event_is_about_moves, journeys);
    CASES_ADD_TABLE(&cases, the_queue_s_counts_are_those_of_its_messages, journeys);
    cases_add(&cases, "a lock is its item and its tenure", a_lock_is_its_item_and_its_tenure,
              &journeys[1]);
    CASES_ADD_TABLE(&cases, a_point_was_reached_as_often_as_its_row_says, journeys);
    CASES_ADD_TABLE(&cases, a_process_is_named_as_reports_name_it, names);
    CASES_ADD(&cases, places_that_are_none_are_refused);
    cases_add(&cases, "a look knows what is on its way", a_look_knows_what_is_on_its_way,
              &journeys[0]);
    CASES_ADD_TABLE(&cases, asking_changes_nothing, journeys);
    return cases_run("situation", &cases);
}

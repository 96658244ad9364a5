/* timeline.c: see timeline.h. */
#include "model/search/timeline.h"

#include "model/pipeline/run_state.h"

#include <stdlib.h>

/* What may become an item: a row of the run, when it happened and in which order it was found. */
struct candidate {
    struct instant at, from;
    enum timeline_kind kind;
    uint32_t row;
    int32_t process; /* of the telling */
    uint32_t found, count;
};

/* A process that made a call about the subject, and how much it matters. */
struct actor {
    struct timeline_process process;
    uint32_t weight, last; /* the latest candidate or row that it is in */
    uint64_t calls;
    int32_t place; /* of timeline.processes; -1: it is left out */
};

struct telling {
    const struct run *run;
    struct timeline *timeline;
    struct text *manifests; /* keys of the run's; of those that it is not about: "" */
    struct actor *actors;
    size_t actors_count;
    struct candidate *candidates;
    size_t candidates_count;
    uint64_t calls;      /* until the violation */
    uint64_t calls_ends; /* rows from here on come after it, where they share its instant */
};

/* How much a process matters. */
enum {
    WEIGHT_TOUCHES = 1,
    WEIGHT_REFUSED = 2,
    WEIGHT_RECORDS = 3,
    WEIGHT_MAKES = 4,
    WEIGHT_STRUCK = 5
};

static bool is(struct text text, const char *word)
{
    return text_equal(text, text_from(word));
}

static bool ended(const struct telling *t, struct instant at)
{
    return at.ns != NEVER && at.ns <= t->timeline->violation.at.ns;
}

/* When a call is told: at its effect, or where that never came, when it was sent. */
static struct instant told_at(const struct call_row *c)
{
    return c->effect_at.ns == NEVER ? c->sent_at : c->effect_at;
}

/* Whether a row of a call is from before the violation, or is the call that brought it about. */
static bool precedes(const struct telling *t, uint64_t row, const struct call_row *c)
{
    return ended(t, told_at(c)) &&
           (row < t->calls_ends || told_at(c).ns < t->timeline->violation.at.ns);
}

bool timeline_violation(const struct run *run, enum invariant invariant, struct violation_row *row)
{
    for (uint64_t i = 0; i < run_violations_count(run); i++) {
        run_violation(run, i, row);
        if (row->invariant == invariant) {
            return true;
        }
    }
    return false;
}

/* --- what it is about
 * -------------------------------------------------------------------------------------------
 */

static void find_subject(struct telling *t)
{
    struct timeline *s = t->timeline;
    for (uint64_t i = 0; i < run_files_count(t->run); i++) {
        struct file_row f;
        run_file(t->run, i, &f);
        if (text_equal(f.key, s->violation.subject)) {
            s->file = f.key;
            s->date = f.date;
            return;
        }
    }
    for (uint64_t i = 0; i < run_manifests_count(t->run); i++) {
        struct manifest_row m;
        run_manifest(t->run, i, &m);
        if (text_equal(m.key, s->violation.subject)) {
            s->manifest = m.key;
            s->date = m.date;
            return;
        }
    }
    s->date = s->violation.subject; /* or a tool's command line, of which no row is */
}

static void find_manifests(struct telling *t)
{
    const struct timeline *s = t->timeline;
    for (uint64_t i = 0; i < run_manifests_count(t->run); i++) {
        struct manifest_row m;
        run_manifest(t->run, i, &m);
        bool about = s->file.size > 0       ? run_manifest_lists(t->run, i, s->file)
                     : s->manifest.size > 0 ? text_equal(m.key, s->manifest)
                                            : text_equal(m.date, s->date);
        t->manifests[i] = about ? m.key : TEXT("");
    }
}

static bool is_manifest(const struct telling *t, struct text key)
{
    for (uint64_t i = 0; i < run_manifests_count(t->run); i++) {
        if (key.size > 0 && text_equal(t->manifests[i], key)) {
            return true;
        }
    }
    return false;
}

/* Whether a file is in the same manifest, or of the date that it is about. */
static bool is_companion(const struct telling *t, struct text key)
{
    for (uint64_t i = 0; i < run_manifests_count(t->run); i++) {
        if (t->manifests[i].size > 0 && run_manifest_lists(t->run, i, key)) {
            return true;
        }
    }
    return false;
}

static bool touches(const struct telling *t, const struct call_row *c)
{
    const struct timeline *s = t->timeline;
    return c->subject.size > 0 &&
           (text_equal(c->subject, s->date) || text_equal(c->subject, s->file) ||
            is_manifest(t, c->subject) || is_companion(t, c->subject));
}

/* The call that brought it about is the last one that counts. */
static void find_last_call(struct telling *t)
{
    const struct violation_row *v = &t->timeline->violation;
    t->calls_ends = 0;
    for (uint64_t i = 0; i < run_calls_count(t->run) && t->calls_ends == 0; i++) {
        struct call_row c;
        run_call(t->run, i, &c);
        bool violates = c.effect_at.ns == v->at.ns && c.caller_parent == v->parent &&
                        c.caller_ordinal == v->ordinal && text_equal(c.caller, v->process) &&
                        text_equal(c.point, v->point);
        t->calls_ends = violates ? i + 1 : 0;
    }
    t->calls_ends = t->calls_ends == 0 ? UINT64_MAX : t->calls_ends;
}

/* --- who matters
 * -----------------------------------------------------------------------------------------------
 */

static int32_t actor_of(struct telling *t, struct text name, int64_t parent, int64_t ordinal)
{
    for (size_t i = t->actors_count; i-- > 0;) {
        const struct timeline_process *p = &t->actors[i].process;
        if (p->ordinal == ordinal && p->parent == parent && text_equal(p->name, name)) {
            return (int32_t)i;
        }
    }
    t->actors[t->actors_count] = (struct actor){
        .process = {.name = name, .parent = parent, .ordinal = ordinal}
    };
    return (int32_t)t->actors_count++;
}

static bool makes(struct text point)
{
    static const char *const points[] = {"PUT_MANIFEST",      "PUT_CLAIMS",  "START_EXECUTION",
                                         "PUT_MANIFEST_ONCE", "START_NAMED", "PUT_EVENTS",
                                         "SEAL_RECORD"};
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        if (is(point, points[i])) {
            return true;
        }
    }
    return false;
}

/* Whether a call begins a tenure under which others were refused, or that was not simply released;
 * or takes such a lock over. */
static bool holds_what_matters(const struct telling *t, const struct call_row *c)
{
    for (uint64_t i = 0; i < run_tenures_count(t->run); i++) {
        struct tenure_row l;
        run_tenure(t->run, i, &l);
        bool plain = is(l.end, "released") && l.refused == 0;
        bool begins = l.acquired_at.ns == c->effect_at.ns;
        bool takes_over = is(l.end, "taken_over") && l.ended_at.ns == c->effect_at.ns;
        if (text_equal(l.date, t->timeline->date) && ((begins && !plain) || takes_over)) {
            return true;
        }
    }
    return false;
}

static uint32_t weight_of(const struct telling *t, const struct call_row *c)
{
    bool locks = text_equal(c->subject, t->timeline->date);
    if (makes(c->point) || (locks && holds_what_matters(t, c))) {
        return WEIGHT_MAKES;
    }
    if (text_equal(c->subject, t->timeline->file) || is_manifest(t, c->subject)) {
        return WEIGHT_RECORDS;
    }
    return is(c->outcome, "ok") ? WEIGHT_TOUCHES : WEIGHT_REFUSED;
}

static void weigh(struct telling *t, int32_t actor, uint32_t weight, uint32_t row)
{
    struct actor *a = &t->actors[actor];
    a->weight = weight > a->weight ? weight : a->weight;
    a->last = row;
}

static void weigh_calls(struct telling *t)
{
    for (uint64_t i = 0; i < run_calls_count(t->run); i++) {
        struct call_row c;
        run_call(t->run, i, &c);
        if (!precedes(t, i, &c)) {
            continue;
        }
        t->calls++;
        if (touches(t, &c)) {
            int32_t actor = actor_of(t, c.caller, c.caller_parent, c.caller_ordinal);
            t->actors[actor].calls++;
            weigh(t, actor, weight_of(t, &c), (uint32_t)i);
        }
    }
}

/* Whether a process is one of tasks, rather than a service. */
static bool is_task(const struct telling *t, uint64_t deviation)
{
    const struct pipeline *p = run_pipeline((struct run *)t->run);
    return !point_is_of_service(p->history.deviations[deviation].point);
}

static void weigh_deviations(struct telling *t)
{
    const struct violation_row *v = &t->timeline->violation;
    for (uint64_t i = 0; i < run_deviations_count(t->run); i++) {
        struct deviation_row d;
        run_deviation(t->run, i, &d);
        if (is_task(t, i) && ended(t, d.at)) {
            int32_t actor = actor_of(t, d.process, d.parent, d.ordinal);
            weigh(t, actor, WEIGHT_STRUCK, t->actors[actor].last);
        }
    }
    if (v->process.size > 0) {
        int32_t actor = actor_of(t, v->process, v->parent, v->ordinal);
        weigh(t, actor, WEIGHT_STRUCK, t->actors[actor].last);
    }
}

/* Where it is about a date: beside those that did something of their own, so many that only came
 * near. */
enum { BYSTANDERS_MAX = 2 };

/* Chooses the processes: the weightiest, of these the latest. */
static void choose_processes(struct telling *t)
{
    bool of_date = t->timeline->file.size == 0 && t->timeline->manifest.size == 0;
    uint32_t bystanders = of_date ? 0 : BYSTANDERS_MAX;
    for (size_t i = 0; i < t->actors_count; i++) {
        t->actors[i].place = -1;
    }
    while (t->timeline->processes_count < TIMELINE_PROCESSES_MAX) {
        struct actor *best = NULL;
        for (size_t i = 0; i < t->actors_count; i++) {
            struct actor *a = &t->actors[i];
            bool full = a->weight <= WEIGHT_REFUSED && bystanders == BYSTANDERS_MAX;
            bool better = best == NULL || a->weight > best->weight ||
                          (a->weight == best->weight && a->last > best->last);
            best = a->place < 0 && !full && better ? a : best;
        }
        if (best == NULL) {
            break;
        }
        bystanders += best->weight <= WEIGHT_REFUSED;
        best->place = (int32_t)t->timeline->processes_count++;
    }
    t->timeline->processes_left_out = t->actors_count - t->timeline->processes_count;
}

/* Whether its calls are told. */
static int32_t chosen(struct telling *t, struct text name, int64_t parent, int64_t ordinal)
{
    for (size_t i = 0; i < t->actors_count; i++) {
        const struct actor *a = &t->actors[i];
        if (a->process.parent == parent && a->process.ordinal == ordinal &&
            text_equal(a->process.name, name)) {
            return a->place < 0 ? -1 : (int32_t)i;
        }
    }
    return -1;
}

/* --- what happened
 * -----------------------------------------------------------------------------------------------
 */

static void find(struct telling *t, enum timeline_kind kind, uint64_t row, struct instant at,
                 int32_t process)
{
    if (ended(t, at)) {
        uint32_t found = (uint32_t)t->candidates_count;
        t->candidates[t->candidates_count++] =
            (struct candidate){at, at, kind, (uint32_t)row, process, found, 1};
    }
}

static void find_arrival(struct telling *t)
{
    for (uint64_t i = 0; i < run_files_count(t->run); i++) {
        struct file_row f;
        run_file(t->run, i, &f);
        if (t->timeline->file.size > 0 && text_equal(f.key, t->timeline->file)) {
            find(t, TIMELINE_ARRIVAL, i, f.arrived_at, -1);
        }
    }
}

static void find_calls(struct telling *t)
{
    for (uint64_t i = 0; i < run_calls_count(t->run); i++) {
        struct call_row c;
        run_call(t->run, i, &c);
        int32_t actor = chosen(t, c.caller, c.caller_parent, c.caller_ordinal);
        if (actor >= 0 && precedes(t, i, &c) && touches(t, &c)) {
            find(t, TIMELINE_CALL, i, told_at(&c), actor);
        }
    }
}

static void find_deviations(struct telling *t)
{
    for (uint64_t i = 0; i < run_deviations_count(t->run); i++) {
        struct deviation_row d;
        run_deviation(t->run, i, &d);
        find(t, TIMELINE_DEVIATION, i, d.at,
             is_task(t, i) ? chosen(t, d.process, d.parent, d.ordinal) : -1);
    }
}

/* Whoever acquired a lock at that instant. */
static int32_t owner_of(struct telling *t, const struct tenure_row *l)
{
    for (uint64_t i = 0; i < run_calls_count(t->run); i++) {
        struct call_row c;
        run_call(t->run, i, &c);
        if (c.effect_at.ns == l->acquired_at.ns && text_equal(c.subject, l->date)) {
            return chosen(t, c.caller, c.caller_parent, c.caller_ordinal);
        }
    }
    return -1;
}

static void find_tenures(struct telling *t)
{
    for (uint64_t i = 0; i < run_tenures_count(t->run); i++) {
        struct tenure_row l;
        run_tenure(t->run, i, &l);
        if (!text_equal(l.date, t->timeline->date)) {
            continue;
        }
        int32_t owner = owner_of(t, &l);
        if (l.ended_at.ns == NEVER || l.expires_at.ns < l.ended_at.ns) {
            find(t, TIMELINE_EXPIRY, i, l.expires_at, owner);
        }
        if (is(l.end, "deleted_by_ttl") || is(l.end, "deleted")) {
            find(t, TIMELINE_DELETION, i, l.ended_at, owner);
        }
    }
}

static void find_deaths(struct telling *t)
{
    for (uint64_t i = 0; i < run_invocations_count(t->run); i++) {
        struct invocation_row v;
        run_invocation(t->run, i, &v);
        if (is(v.outcome, "killed") || is(v.outcome, "timeout")) {
            find(t, TIMELINE_DEATH, i, v.ended_at, -1);
        }
    }
}

static void find_jobs(struct telling *t)
{
    for (uint64_t i = 0; i < run_job_runs_count(t->run); i++) {
        struct job_run_row j;
        struct execution_row x;
        run_job_run(t->run, i, &j);
        run_execution(t->run, (uint64_t)j.execution - 1, &x);
        if (is_manifest(t, x.manifest) && !is(j.state, "REFUSED")) {
            find(t, TIMELINE_JOB, i, j.ended_at, -1);
        }
    }
}

static void find_operators(struct telling *t)
{
    for (uint64_t i = 0; i < run_operator_runs_count(t->run); i++) {
        struct operator_run_row o;
        run_operator_run(t->run, i, &o);
        find(t, TIMELINE_OPERATOR, i, o.started_at, -1);
    }
}

static int by_time(const void *a, const void *b)
{
    const struct candidate *x = a;
    const struct candidate *y = b;
    if (x->at.ns != y->at.ns) {
        return x->at.ns < y->at.ns ? -1 : 1;
    }
    return x->found < y->found ? -1 : x->found > y->found;
}

/* --- few enough
 * ------------------------------------------------------------------------------------------------
 */

static bool same_deed(const struct telling *t, const struct candidate *a, const struct candidate *b)
{
    struct call_row x;
    struct call_row y;
    if (a->kind != TIMELINE_CALL || b->kind != TIMELINE_CALL || a->process != b->process) {
        return false;
    }
    run_call(t->run, a->row, &x);
    run_call(t->run, b->row, &y);
    return text_equal(x.point, y.point) && text_equal(x.outcome, y.outcome) &&
           (x.reply_at.ns == NEVER) == (y.reply_at.ns == NEVER) &&
           (x.effect_at.ns == NEVER) == (y.effect_at.ns == NEVER);
}

/* Calls in a row become one. */
static void join(struct telling *t)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->candidates_count; i++) {
        const struct candidate *c = &t->candidates[i];
        struct candidate *last = kept == 0 ? NULL : &t->candidates[kept - 1];
        if (last != NULL && same_deed(t, last, c)) {
            last->at = c->at;
            last->count += c->count;
        } else {
            t->candidates[kept++] = *c;
        }
    }
    t->candidates_count = kept;
}

/* What is left out first has the least rank. */
enum { RANK_READS, RANK_WRITES, RANK_NOTABLE, RANK_MOST };

static uint32_t rank_of(const struct telling *t, const struct candidate *c)
{
    struct call_row call;
    if (c->kind != TIMELINE_CALL) {
        return RANK_MOST;
    }
    run_call(t->run, c->row, &call);
    bool locks = text_starts(call.operation, TEXT("Put")) || is(call.operation, "DeleteItem");
    bool reads =
        text_starts(call.operation, TEXT("Query")) || text_starts(call.operation, TEXT("Get")) ||
        text_starts(call.operation, TEXT("Scan")) || text_starts(call.operation, TEXT("List"));
    bool notable = makes(call.point) || !is(call.outcome, "ok") || call.reply_at.ns == NEVER ||
                   (locks && text_equal(call.subject, t->timeline->date));
    return notable ? RANK_NOTABLE : reads ? RANK_READS : RANK_WRITES;
}

/* Leaves out the earliest of a rank, or of a lesser one, until the rest has room. */
static void leave_out(struct telling *t, uint32_t rank, size_t room)
{
    size_t kept = 0;
    size_t surplus = t->candidates_count > room ? t->candidates_count - room : 0;
    for (size_t i = 0; i < t->candidates_count; i++) {
        const struct candidate *c = &t->candidates[i];
        if (surplus > 0 && rank_of(t, c) <= rank) {
            surplus--;
            t->timeline->items_left_out += c->kind != TIMELINE_CALL;
        } else {
            t->candidates[kept++] = *c;
        }
    }
    t->candidates_count = kept;
}

/* Few enough for the violation to have room, too. */
static void thin(struct telling *t)
{
    for (uint32_t rank = 0; rank <= RANK_MOST; rank++) {
        leave_out(t, rank, TIMELINE_ITEMS_MAX - 1);
    }
    join(t);
}

/* --- in words
 * --------------------------------------------------------------------------------------------------
 */

/* What a call does, where its point says it. */
static struct text deed(struct text point)
{
    static const struct {
        const char *point, *text;
    } deeds[] = {
        {"TRACK_FILE",               "puts the record of a file as pending"    },
        {"ACQUIRE_LOCK",             "asks for the lock"                       },
        {"TAKE_OVER_LOCK",           "asks to take the lock over"              },
        {"READ_LOCK",                "reads the lock"                          },
        {"RENEW_LOCK",               "renews the lock"                         },
        {"RELEASE_LOCK",             "releases the lock"                       },
        {"QUERY_PENDING",            "reads which files are pending"           },
        {"COUNT_PENDING",            "counts pending files"                    },
        {"QUERY_ORPHANS",            "looks for files of earlier dates"        },
        {"QUERY_CLAIMABLE",          "reads which files can be claimed"        },
        {"MARK_FILE",                "marks a file as manifested"              },
        {"CLAIM_FILE",               "claims a file"                           },
        {"TAKE_FILE",                "takes a file"                            },
        {"RELEASE_FILE",             "sets a file back to pending"             },
        {"REPEND_FILE",              "sets a file back to pending"             },
        {"GIVE_BACK_FILE",           "gives a file back"                       },
        {"SET_FILE_STATUS",          "sets a file's outcome"                   },
        {"PUT_MANIFEST",             "puts a manifest"                         },
        {"PUT_CLAIMS",               "puts a manifest"                         },
        {"PUT_MANIFEST_ONCE",        "puts a manifest, if there is none"       },
        {"PUT_RECORD",               "puts the manifest's record"              },
        {"OPEN_RECORD",              "opens a manifest's record"               },
        {"SEAL_RECORD",              "seals the manifest's record"             },
        {"START_EXECUTION",          "starts an execution"                     },
        {"START_NAMED",              "starts the manifest's execution"         },
        {"PUT_EVENTS",               "sends the event that starts an execution"},
        {"UPDATE_STATUS_PROCESSING", "sets the record to processing"           },
        {"START_GLUE_JOB",           "starts the job and waits for it"         },
        {"UPDATE_STATUS_COMPLETED",  "sets the record to completed"            },
        {"UPDATE_STATUS_FAILED",     "sets the record to failed"               },
        {"QUERY_BATCH",              "reads which files are in the batch"      },
    };

    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        if (is(point, deeds[i].point)) {
            return text_from(deeds[i].text);
        }
    }
    return TEXT("");
}

void text_put_timeline_process(struct text_writer *w, const struct timeline_process *process)
{
    text_put(w, process->name);
    text_put_char(w, '[');
    if (process->parent != 0) {
        text_put_integer(w, process->parent, 0);
        text_put_char(w, '.');
    }
    text_put_integer(w, process->ordinal, 0);
    text_put_char(w, ']');
}

static void put_call(struct text_writer *w, const struct telling *t, const struct candidate *c)
{
    struct call_row call;
    run_call(t->run, c->row, &call);
    text_put_timeline_process(w, &t->actors[c->process].process);
    text_put_char(w, ' ');
    struct text what = deed(call.point);
    if (what.size == 0) {
        text_put(w, TEXT("calls "));
        text_put(w, call.operation);
        text_put(w, TEXT(" at "));
        text_put(w, call.point);
    }
    text_put(w, what);
    if (c->count == 1 && !text_equal(call.subject, t->timeline->date)) {
        text_put(w, TEXT(", "));
        text_put(w, text_after_last(call.subject, '/'));
    }
    if (c->count > 1) {
        text_put(w, TEXT(", "));
        text_put_integer(w, c->count, 0);
        text_put(w, TEXT(" times"));
    }
    if (!is(call.outcome, "ok")) {
        text_put(w, TEXT(": "));
        text_put(w, call.outcome);
    } else if (call.reply_at.ns == NEVER) {
        text_put(w, TEXT("; the reply never reaches it"));
    }
}

/* The fault as a scenario has it, with the one whom it struck. An occurrence that counts the visits
 * of all processes says nothing of that one. */
static void put_deviation(struct text_writer *w, const struct telling *t, uint64_t row)
{
    const struct pipeline *p = run_pipeline((struct run *)t->run);
    const struct deviation_history *d = &p->history.deviations[row];
    struct fault fault = p->scenario->faults[d->fault];
    fault_place(&fault, d->point, p->types);
    if (point_is_of_service(d->point)) {
        fault.occurrence = d->ordinal;
    } else {
        fault.occurrence = fault.of.ordinal == 0 ? 0 : fault.occurrence;
        fault.of = (struct instance){d->parent, d->ordinal};
    }
    text_put_fault(w, &fault, true);
}

static void put_death(struct text_writer *w, const struct telling *t, uint64_t row)
{
    struct invocation_row v;
    run_invocation(t->run, row, &v);
    text_put(w, TEXT("an invocation of "));
    text_put(w, v.function);
    text_put(w, TEXT(" in environment "));
    text_put_integer(w, v.environment, 0);
    text_put(w, is(v.outcome, "timeout") ? TEXT(" runs into its time-out") : TEXT(" dies"));
    if (v.point.size > 0) {
        text_put(w, TEXT(" at "));
        text_put(w, v.point);
    }
}

static void put_tenure(struct text_writer *w, const struct telling *t, const struct candidate *c)
{
    struct tenure_row l;
    run_tenure(t->run, c->row, &l);
    text_put(w, TEXT("the lock of "));
    text_put(w, l.date);
    if (c->process >= 0) {
        text_put(w, TEXT(", held by "));
        text_put_timeline_process(w, &t->actors[c->process].process);
        text_put_char(w, ',');
    }
    text_put(w, c->kind == TIMELINE_EXPIRY    ? TEXT(" expires")
                : is(l.end, "deleted_by_ttl") ? TEXT(" is deleted by TTL")
                                              : TEXT(" is deleted by an operator"));
}

static void put_job(struct text_writer *w, const struct telling *t, uint64_t row)
{
    struct job_run_row j;
    run_job_run(t->run, row, &j);
    text_put(w, TEXT("a job run of execution "));
    text_put_integer(w, j.execution, 0);
    text_put(w, TEXT(" ends "));
    text_put(w, j.state);
    text_put(w, TEXT(", Parquet objects: "));
    text_put_integer(w, j.parquet_objects, 0);
}

static void put_arrival(struct text_writer *w, const struct telling *t)
{
    text_put(w, text_after_last(t->timeline->file, '/'));
    text_put(w, TEXT(" arrives"));
}

static void put_operator(struct text_writer *w, const struct telling *t, uint64_t row)
{
    struct operator_run_row o;
    run_operator_run(t->run, row, &o);
    text_put(w, TEXT("an operator types: "));
    text_put(w, o.arguments);
}

static void put_sentence(struct text_writer *w, const struct telling *t, const struct candidate *c)
{
    switch (c->kind) {
    case TIMELINE_ARRIVAL:
        put_arrival(w, t);
        break;
    case TIMELINE_CALL:
        put_call(w, t, c);
        break;
    case TIMELINE_DEVIATION:
        put_deviation(w, t, c->row);
        break;
    case TIMELINE_DEATH:
        put_death(w, t, c->row);
        break;
    case TIMELINE_EXPIRY:
    case TIMELINE_DELETION:
        put_tenure(w, t, c);
        break;
    case TIMELINE_JOB:
        put_job(w, t, c->row);
        break;
    case TIMELINE_OPERATOR:
        put_operator(w, t, c->row);
        break;
    case TIMELINE_VIOLATION:
        text_put(w, t->timeline->violation.text);
        text_put(w, TEXT(": "));
        text_put(w, text_after_last(t->timeline->violation.subject, '/'));
        break;
    }
}

/* --- the whole
 * -------------------------------------------------------------------------------------------------
 */

static void put_item(struct telling *t, const struct candidate *c)
{
    struct timeline_item *item = &t->timeline->items[t->timeline->items_count++];
    *item =
        (struct timeline_item){.kind = c->kind, .from = c->from, .at = c->at, .count = c->count};
    item->process = c->process < 0 ? -1 : t->actors[c->process].place;
    item->service = item->point = item->operation = item->outcome = TEXT("");
    if (c->kind == TIMELINE_CALL) {
        struct call_row call;
        run_call(t->run, c->row, &call);
        item->service = call.service;
        item->point = call.point;
        item->operation = call.operation;
        item->outcome = is(call.outcome, "ok") ? TEXT("") : call.outcome;
        item->lost = call.reply_at.ns == NEVER || call.effect_at.ns == NEVER;
    }
    if (c->kind == TIMELINE_DEVIATION) {
        struct deviation_row d;
        run_deviation(t->run, c->row, &d);
        item->service = is_task(t, c->row) ? TEXT("") : d.process;
        item->point = d.point;
        item->operation = d.fault;
    }
    struct text_writer w = text_writer(item->text, sizeof item->text);
    put_sentence(&w, t, c);
    (void)text_writer_string(&w);
}

/* Processes stand in the order in which they appear; one that is in no item goes. */
static void place_processes(struct telling *t)
{
    uint32_t count = 0;
    for (size_t i = 0; i < t->actors_count; i++) {
        t->actors[i].place = -1;
    }
    for (size_t i = 0; i < t->candidates_count; i++) {
        const struct candidate *c = &t->candidates[i];
        struct actor *a = c->process < 0 ? NULL : &t->actors[c->process];
        if (a == NULL) {
            continue;
        }
        if (a->place < 0) {
            a->place = (int32_t)count++;
            t->timeline->processes[a->place] = a->process;
            t->timeline->processes[a->place].from = c->from;
        }
        t->timeline->processes[a->place].to = c->at;
    }
    t->timeline->processes_count = count;
    t->timeline->processes_left_out = t->actors_count - count;
}

static void tell_tenures(struct telling *t)
{
    struct timeline *s = t->timeline;
    for (uint64_t i = 0; i < run_tenures_count(t->run); i++) {
        struct tenure_row l;
        run_tenure(t->run, i, &l);
        int32_t owner =
            text_equal(l.date, s->date) && ended(t, l.acquired_at) ? owner_of(t, &l) : -1;
        if (owner >= 0 && s->tenures_count < TIMELINE_TENURES_MAX) {
            bool over = ended(t, l.ended_at);
            s->tenures[s->tenures_count++] = (struct timeline_tenure){
                .process = t->actors[owner].place,
                .date = l.date,
                .end = over ? l.end : TEXT("held"),
                .from = l.acquired_at,
                .to = over ? l.ended_at : (struct instant){NEVER},
                .expires_at = l.expires_at,
            };
        }
    }
}

static void gather(struct telling *t)
{
    find_subject(t);
    find_manifests(t);
    find_last_call(t);
    weigh_calls(t);
    weigh_deviations(t);
    choose_processes(t);
    /* Where several share an instant, this is the order in which they usually happen. */
    find_arrival(t);
    find_operators(t);
    find_calls(t);
    find_deviations(t);
    find_tenures(t);
    find_deaths(t);
    find_jobs(t);
    if (t->candidates_count > 1) {
        qsort(t->candidates, t->candidates_count, sizeof *t->candidates, by_time);
    }
    join(t);
    thin(t);
    find(t, TIMELINE_VIOLATION, 0, t->timeline->violation.at,
         chosen(t, t->timeline->violation.process, t->timeline->violation.parent,
                t->timeline->violation.ordinal));
}

static uint64_t count_calls_told(const struct telling *t)
{
    uint64_t calls = 0;
    for (size_t i = 0; i < t->candidates_count; i++) {
        calls += t->candidates[i].kind == TIMELINE_CALL ? t->candidates[i].count : 0;
    }
    return calls;
}

enum status timeline_tell(struct timeline *timeline, const struct run *run,
                          enum invariant invariant, struct error *error)
{
    struct telling t = {.run = run, .timeline = timeline};
    uint64_t calls = run_calls_count(run) + run_deviations_count(run) + 1;
    uint64_t others = run_tenures_count(run) * 2 + run_invocations_count(run) +
                      run_job_runs_count(run) + run_operator_runs_count(run) + 2;
    memset(timeline, 0, sizeof *timeline);
    timeline->file = timeline->manifest = timeline->date = TEXT("");
    bool violated = timeline_violation(run, invariant, &timeline->violation);
    ASSERT(violated);
    t.manifests = calloc(run_manifests_count(run) + 1, sizeof *t.manifests);
    t.actors = calloc(calls, sizeof *t.actors);
    t.candidates = calloc(calls + others, sizeof *t.candidates);
    enum status status = STATUS_OK;
    if (t.manifests == NULL || t.actors == NULL || t.candidates == NULL) {
        status = error_set(error, STATUS_NO_MEMORY, "out of memory for a story");
    } else {
        gather(&t);
        place_processes(&t);
        tell_tenures(&t);
        for (size_t i = 0; i < t.candidates_count; i++) {
            put_item(&t, &t.candidates[i]);
        }
        timeline->calls_left_out = t.calls - count_calls_told(&t);
    }
    free(t.manifests);
    free(t.actors);
    free(t.candidates);
    return status;
}

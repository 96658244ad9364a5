/* explain.c: see explain.h. */
#include "model/pipeline/explain.h"

/* What is told, and of what. */
struct telling {
    const struct run *run;
    struct explanation *e;
    struct text subject, date, file, manifest; /* the latter three as far as the subject has them */
};

/* Makes room for a fact in the order of time; of one instant, the first found comes first. Of too
 * many, the earliest are left out. NULL where this one is. */
static struct explanation_fact *place(struct telling *t, struct instant at)
{
    struct explanation *e = t->e;
    uint32_t position = e->facts_count;
    while (position > 0 && e->facts[position - 1].at.ns > at.ns) {
        position--;
    }
    if (e->facts_count == EXPLANATION_FACTS_MAX) {
        e->facts_left_out++;
        if (position == 0) {
            return NULL;
        }
        position--;
        memmove(&e->facts[0], &e->facts[1], position * sizeof e->facts[0]);
    } else {
        memmove(&e->facts[position + 1], &e->facts[position],
                (e->facts_count - position) * sizeof e->facts[0]);
        e->facts_count++;
    }
    return &e->facts[position];
}

/* Adds a sentence that has been written; one that is empty, or behind the violation, is none. */
static void add(struct telling *t, struct instant at, struct text_writer *w)
{
    if (at.ns == NEVER || at.ns > t->e->violation.at.ns) {
        return;
    }
    struct explanation_fact *fact = place(t, at);
    if (fact != NULL) {
        fact->at = at;
        const char *text = text_writer_string(w);
        memcpy(fact->text, text, strlen(text) + 1); /* sentences have the same room */
    }
}

struct sentence {
    char buffer[EXPLANATION_TEXT_MAX];
    struct text_writer w;
};

static struct text_writer *begin(struct sentence *s)
{
    s->w = text_writer(s->buffer, sizeof s->buffer);
    return &s->w;
}

static void put_who(struct text_writer *w, struct text process, int64_t parent, int64_t ordinal)
{
    text_put(w, process);
    text_put_char(w, '[');
    if (parent != 0) {
        text_put_integer(w, parent, 0);
        text_put_char(w, '.');
    }
    text_put_integer(w, ordinal, 0);
    text_put_char(w, ']');
}

static void put_count(struct text_writer *w, int64_t count, const char *one)
{
    text_put_integer(w, count, 0);
    text_put_char(w, ' ');
    text_put(w, text_from(one));
    text_put(w, count == 1 ? TEXT("") : TEXT("s"));
}

/* --- calls
 * --------------------------------------------------------------------------------------------------
 */

/* What a call about a file or a manifest does, where its point says it. */
static struct text deed(struct text point)
{
    static const struct {
        const char *point, *text;
    } deeds[] = {
        {"TRACK_FILE",         "puts the file's record as pending"       },
        {"MARK_FILE",          "marks the file as manifested"            },
        {"CLAIM_FILE",         "claims the file"                         },
        {"RELEASE_FILE",       "sets the file back to pending"           },
        {"REPEND_FILE",        "sets the file back to pending"           },
        {"SET_FILE_STATUS",    "sets the file's outcome"                 },
        {"COPY_TO_QUARANTINE", "copies the file to quarantine"           },
        {"PUT_MANIFEST",       "puts the manifest"                       },
        {"PUT_RECORD",         "puts the manifest's record as pending"   },
        {"START_EXECUTION",    "starts an execution of the manifest"     },
        {"PUT_EVENTS",         "sends the event that starts an execution"},
    };

    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        if (text_equal(point, text_from(deeds[i].point))) {
            return text_from(deeds[i].text);
        }
    }
    return TEXT("");
}

void explanation_put_call(const struct call_row *c, struct text_writer *w)
{
    put_who(w, c->caller, c->caller_parent, c->caller_ordinal);
    text_put_char(w, ' ');
    struct text what = deed(c->point);
    if (what.size == 0) {
        text_put(w, TEXT("calls "));
        text_put(w, c->operation);
        text_put(w, TEXT(" at "));
        text_put(w, c->point);
    }
    text_put(w, what);
    if (!text_equal(c->outcome, TEXT("ok"))) {
        text_put(w, TEXT(": "));
        text_put(w, c->outcome);
    } else if (c->reply_at.ns == NEVER) {
        text_put(w, TEXT("; the reply never reaches it"));
    }
}

/* Calls about the file or the manifest, each attempt, at that point or at any other; a state
 * machine's are told by the execution. */
static void tell_calls(struct telling *t, struct text point, bool other)
{
    for (uint64_t i = 0; i < run_calls_count(t->run); i++) {
        struct call_row c;
        struct sentence s;
        run_call(t->run, i, &c);
        bool of_file = t->file.size > 0 && text_equal(c.subject, t->file);
        bool of_manifest = t->file.size == 0 && t->manifest.size > 0 &&
                           text_equal(c.subject, t->manifest) && deed(c.point).size == 0;
        if ((of_file || of_manifest) && text_equal(c.point, point) != other) {
            explanation_put_call(&c, begin(&s));
            add(t, c.effect_at, &s.w);
        }
    }
}

static void tell_deaths(struct telling *t)
{
    for (uint64_t i = 0; i < run_invocations_count(t->run); i++) {
        struct invocation_row v;
        struct sentence s;
        run_invocation(t->run, i, &v);
        if (text_equal(v.outcome, TEXT("ok")) || text_equal(v.outcome, TEXT("running"))) {
            continue;
        }
        struct text_writer *w = begin(&s);
        text_put(w, TEXT("invocation "));
        text_put_integer(w, (int64_t)i + 1, 0);
        text_put(w, TEXT(" of "));
        text_put(w, v.function);
        text_put(w, text_equal(v.outcome, TEXT("timeout")) ? TEXT(" runs into its time-out")
                                                           : TEXT(" dies"));
        if (v.point.size > 0) {
            text_put(w, TEXT(" at "));
            text_put(w, v.point);
        }
        text_put(w, TEXT("; no clean-up runs"));
        add(t, v.ended_at, w);
    }
}

void explanation_put_deviation(const struct deviation_row *d, struct text_writer *w)
{
    text_put(w, TEXT("fault: "));
    text_put(w, d->fault);
    text_put_char(w, ' ');
    put_who(w, d->process, d->parent, d->ordinal);
    text_put(w, TEXT(" at "));
    text_put(w, d->point);
}

static void tell_faults(struct telling *t)
{
    for (uint64_t i = 0; i < run_deviations_count(t->run); i++) {
        struct deviation_row d;
        struct sentence s;
        run_deviation(t->run, i, &d);
        explanation_put_deviation(&d, begin(&s));
        add(t, d.at, &s.w);
    }
}

/* --- manifests and what becomes of them
 * ----------------------------------------------------------------------------------- */

static bool lists(const struct telling *t, const struct manifest_row *m)
{
    if (t->manifest.size > 0) {
        return text_equal(m->key, t->manifest);
    }
    return t->date.size > 0 && text_equal(m->date, t->date) && t->file.size == 0;
}

static void tell_manifest(struct telling *t, uint64_t i)
{
    struct manifest_row m;
    struct sentence s;
    run_manifest(t->run, i, &m);
    bool listed = t->file.size > 0 && run_manifest_lists(t->run, i, t->file);
    if (!listed && !lists(t, &m)) {
        return;
    }
    struct text_writer *w = begin(&s);
    text_put(w, TEXT("manifest "));
    text_put(w, text_after_last(m.key, '/'));
    text_put(w, TEXT(" of "));
    put_count(w, m.files, "file");
    text_put(w, TEXT(" is put by invocation "));
    text_put_integer(w, m.invocation, 0);
    text_put(w, t->file.size == 0 ? TEXT("")
                : listed          ? TEXT("; it lists the file")
                                  : TEXT("; it does not list the file"));
    text_put(w, m.executions == 0 ? TEXT("; no execution is started of it") : TEXT(""));
    add(t, m.created_at, w);
}

static bool concerns(const struct telling *t, const struct execution_row *x)
{
    if (t->file.size == 0 && t->manifest.size == 0) {
        return text_equal(x->date, t->date);
    }
    if (text_equal(x->manifest, t->manifest)) {
        return true;
    }
    for (uint64_t i = 0; t->file.size > 0 && i < run_manifests_count(t->run); i++) {
        struct manifest_row m;
        run_manifest(t->run, i, &m);
        if (text_equal(m.key, x->manifest) && run_manifest_lists(t->run, i, t->file)) {
            return true;
        }
    }
    return false;
}

static void tell_start(struct telling *t, uint64_t i, const struct execution_row *x)
{
    struct sentence s;
    struct text_writer *w = begin(&s);
    text_put(w, TEXT("execution "));
    text_put_integer(w, (int64_t)i + 1, 0);
    text_put(w, TEXT(" is started of "));
    text_put(w, text_after_last(x->manifest, '/'));
    add(t, x->started_at, w);
}

static void tell_end(struct telling *t, uint64_t i, const struct execution_row *x)
{
    struct sentence s;
    struct text_writer *w = begin(&s);
    text_put(w, TEXT("execution "));
    text_put_integer(w, (int64_t)i + 1, 0);
    text_put(w, TEXT(" ends "));
    text_put(w, x->status);
    if (x->error.size > 0) {
        bool caught = text_equal(x->status, TEXT("SUCCEEDED"));
        text_put(w, caught ? TEXT(", by its failure path (") : TEXT(", by an error ("));
        text_put(w, x->error);
        text_put_char(w, ')');
    }
    if (x->refusals > 0) {
        text_put(w, TEXT(", refused "));
        put_count(w, x->refusals, "job run");
    }
    add(t, x->ended_at, w);
}

static void tell_executions(struct telling *t,
                            void (*tell)(struct telling *, uint64_t, const struct execution_row *))
{
    for (uint64_t i = 0; i < run_executions_count(t->run); i++) {
        struct execution_row x;
        run_execution(t->run, i, &x);
        if (concerns(t, &x)) {
            tell(t, i, &x);
        }
    }
}

static void tell_job_run(struct telling *t, uint64_t i)
{
    struct job_run_row j;
    struct execution_row x;
    struct sentence s;
    run_job_run(t->run, i, &j);
    run_execution(t->run, (uint64_t)j.execution - 1, &x);
    if (!concerns(t, &x) || text_equal(j.state, TEXT("REFUSED"))) {
        return;
    }
    struct text_writer *w = begin(&s);
    text_put(w, TEXT("a job run of execution "));
    text_put_integer(w, j.execution, 0);
    text_put(w, TEXT(" ends "));
    text_put(w, j.state);
    text_put(w, TEXT(" with "));
    put_count(w, j.parquet_objects, "Parquet object");
    add(t, j.ended_at, w);
}

/* --- the lock
 * ---------------------------------------------------------------------------------------------- */

/* The tenures under which the subject's manifests were made, those that others were refused by or
 * that were not released. */
static void tell_tenure(struct telling *t, uint64_t i)
{
    struct tenure_row l;
    struct sentence s;
    run_tenure(t->run, i, &l);
    bool plain = text_equal(l.end, TEXT("released")) && l.refused == 0;
    bool other = t->date.size > 0 && !text_equal(l.date, t->date);
    if (other || plain) {
        return;
    }
    struct text_writer *w = begin(&s);
    text_put(w, TEXT("invocation "));
    text_put_integer(w, l.invocation, 0);
    text_put(w, TEXT(" acquires the lock of "));
    text_put(w, l.date);
    text_put(w, l.ended_at.ns == NEVER ? TEXT("; it is still there at the end") : TEXT("; "));
    if (l.ended_at.ns != NEVER) {
        text_put(w, text_equal(l.end, TEXT("taken_over"))       ? TEXT("another takes it over ")
                    : text_equal(l.end, TEXT("deleted_by_ttl")) ? TEXT("TTL deletes it ")
                    : text_equal(l.end, TEXT("deleted"))        ? TEXT("an operator deletes it ")
                                                                : TEXT("it is released "));
        int64_t held_ns = instant_since(l.ended_at, l.acquired_at).ns;
        text_put_duration(w, duration_ms(held_ns / NS_PER_MS));
        text_put(w, TEXT(" later"));
    }
    if (l.refused > 0) {
        text_put(w, TEXT(", after refusing "));
        put_count(w, l.refused, "attempt");
    }
    add(t, l.acquired_at, w);
}

/* --- operators
 * ---------------------------------------------------------------------------------------------- */

/* What a tool told that was not so. */
static void put_untrue(const struct telling *t, struct text_writer *w, int64_t run)
{
    for (uint64_t i = 0; i < run_operator_figures_count(t->run); i++) {
        struct operator_figure_row f;
        run_operator_figure(t->run, i, &f);
        if (f.run == run && f.shown != f.truth) {
            text_put(w, TEXT("; "));
            text_put(w, f.name);
            text_put(w, TEXT(": it tells "));
            text_put_integer(w, f.shown, 0);
            text_put(w, TEXT(" where "));
            text_put_integer(w, f.truth, 0);
            text_put(w, TEXT(" is so"));
        }
    }
}

static void tell_operator(struct telling *t, uint64_t i)
{
    struct operator_run_row o;
    struct sentence s;
    run_operator_run(t->run, i, &o);
    struct text_writer *w = begin(&s);
    text_put(w, TEXT("an operator types: "));
    text_put(w, o.arguments);
    add(t, o.started_at, w);
    w = begin(&s);
    text_put(w, o.tool);
    text_put(w, TEXT(" ends with status "));
    text_put_integer(w, o.exit_status, 0);
    put_untrue(t, w, (int64_t)i + 1);
    add(t, o.ended_at, w);
}

/* --- the whole
 * --------------------------------------------------------------------------------------------------
 */

/* Whether the subject is a file, a manifest, a tool or a date, and what it belongs to. */
static void find_subject(struct telling *t)
{
    t->subject = t->e->violation.subject;
    for (uint64_t i = 0; i < run_files_count(t->run); i++) {
        struct file_row f;
        run_file(t->run, i, &f);
        if (text_equal(f.key, t->subject)) {
            t->file = f.key;
            t->date = f.date;
            t->manifest = f.manifest;
            struct sentence s;
            text_put(begin(&s), TEXT("the file arrives"));
            add(t, f.arrived_at, &s.w);
            return;
        }
    }
    for (uint64_t i = 0; i < run_manifests_count(t->run); i++) {
        struct manifest_row m;
        run_manifest(t->run, i, &m);
        if (text_equal(m.key, t->subject)) {
            t->manifest = m.key;
            t->date = m.date;
            return;
        }
    }
    for (uint64_t i = 0; i < run_operator_runs_count(t->run); i++) {
        struct operator_run_row o;
        run_operator_run(t->run, i, &o);
        if (text_equal(o.arguments, t->subject)) {
            return; /* about all dates */
        }
    }
    t->date = t->subject;
}

static void put_ending(struct telling *t, struct text_writer *w)
{
    struct summary summary;
    run_summary(t->run, &summary);

    const struct {
        int64_t count;
        const char *what;
    } parts[] = {
        {summary.files.pending,     "pending"    },
        {summary.files.manifested,  "manifested" },
        {summary.files.completed,   "completed"  },
        {summary.files.failed,      "failed"     },
        {summary.files.quarantined, "quarantined"},
    };

    put_count(w, summary.files.arrived, "file");
    text_put(w, TEXT(" arrived"));
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].count > 0) {
            text_put(w, TEXT(", "));
            text_put_integer(w, parts[i].count, 0);
            text_put_char(w, ' ');
            text_put(w, text_from(parts[i].what));
        }
    }
    text_put(w, TEXT("; "));
    put_count(w, summary.manifests.objects, "manifest");
    text_put(w, TEXT(", "));
    put_count(w, summary.executions.started, "execution");
    text_put(w, TEXT(", "));
    put_count(w, summary.job_runs.succeeded, "good job run");
    if (summary.lock.left_behind > 0) {
        text_put(w, TEXT("; "));
        put_count(w, summary.lock.left_behind, "lock");
        text_put(w, TEXT(" left behind"));
    }
}

bool run_explain(const struct run *run, struct explanation *e)
{
    struct telling t = {.run = run, .e = e};
    if (run_violations_count(run) == 0) {
        return false;
    }
    memset(e, 0, sizeof *e);
    run_violation(run, 0, &e->violation);
    find_subject(&t);
    /* Where many facts share an instant, this is the order in which things usually happen. */
    tell_calls(&t, TEXT("TRACK_FILE"), false);
    for (uint64_t i = 0; i < run_tenures_count(run); i++) {
        tell_tenure(&t, i);
    }
    for (uint64_t i = 0; i < run_manifests_count(run); i++) {
        tell_manifest(&t, i);
    }
    for (uint64_t i = 0; i < run_operator_runs_count(run); i++) {
        tell_operator(&t, i);
    }
    tell_calls(&t, TEXT("TRACK_FILE"), true);
    tell_executions(&t, tell_start);
    for (uint64_t i = 0; i < run_job_runs_count(run); i++) {
        tell_job_run(&t, i);
    }
    tell_executions(&t, tell_end);
    tell_faults(&t);
    tell_deaths(&t);
    struct text_writer w = text_writer(e->ending, sizeof e->ending);
    put_ending(&t, &w);
    (void)text_writer_string(&w);
    return true;
}

static void put_clock(struct text_writer *w, struct instant start, struct instant at)
{
    int64_t ms = instant_since(at, start).ns / NS_PER_MS;
    text_put_integer(w, ms / 3600000, 0);
    text_put_char(w, ':');
    text_put_integer(w, ms / 60000 % 60, 2);
    text_put_char(w, ':');
    text_put_integer(w, ms / 1000 % 60, 2);
    text_put_char(w, '.');
    text_put_integer(w, ms % 1000, 3);
}

void explanation_put(const struct explanation *e, struct instant start, struct text_writer *w)
{
    const struct violation_row *v = &e->violation;
    text_put(w, TEXT("At "));
    put_clock(w, start, v->at);
    text_put(w, TEXT(", "));
    text_put(w, v->text);
    text_put(w, TEXT(": "));
    text_put(w, v->subject);
    text_put(w, TEXT(".\n"));
    if (e->facts_left_out > 0) {
        text_put(w, TEXT("("));
        put_count(w, e->facts_left_out, "earlier fact");
        text_put(w, TEXT(" left out)\n"));
    }
    for (uint32_t i = 0; i < e->facts_count; i++) {
        text_put(w, TEXT("  "));
        put_clock(w, start, e->facts[i].at);
        text_put(w, TEXT("  "));
        text_put(w, text_from(e->facts[i].text));
        text_put_char(w, '\n');
    }
    if (v->process.size > 0) {
        text_put(w, TEXT("It came about by "));
        put_who(w, v->process, v->parent, v->ordinal);
        text_put(w, TEXT(" at "));
        text_put(w, v->point);
        text_put(w, TEXT(".\n"));
    }
    text_put(w, TEXT("In the end: "));
    text_put(w, text_from(e->ending));
    text_put(w, TEXT(".\n"));
}

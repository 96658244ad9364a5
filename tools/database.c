/* database.c: see database.h. The tables come first. */
#include "tools/database.h"

#include "sim/unicode.h"
#include "tools/output_file.h"
#include "tools/version.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

/* Where a row's values go: the statement and the next column. */
struct row {
    sqlite3_stmt *statement;
    const struct report *report;
    int column;
};

struct table {
    const char *name;
    const char *columns; /* as in CREATE TABLE */
    const char *index;   /* columns that people ask for; NULL: none */
    uint64_t (*count)(const struct report *report);
    void (*put)(struct row *row, uint64_t i);
};

static void put_integer(struct row *row, int64_t value)
{
    (void)sqlite3_bind_int64(row->statement, ++row->column, value);
}

static void put_null(struct row *row)
{
    (void)sqlite3_bind_null(row->statement, ++row->column);
}

/* Bound without a copy: the texts of a run live as long as the run. */
static void put_text(struct row *row, struct text text)
{
    (void)sqlite3_bind_text64(row->statement, ++row->column, text.size > 0 ? text.at : "",
                              text.size, SQLITE_STATIC, SQLITE_UTF8);
}

static void put_span(struct row *row, int64_t ns)
{
    (void)sqlite3_bind_double(row->statement, ++row->column, (double)ns / (double)NS_PER_S);
}

/* Seconds since the start of the run; NULL for never. */
static void put_instant(struct row *row, struct instant at)
{
    if (at.ns == NEVER) {
        put_null(row);
    } else {
        put_span(row, at.ns - row->report->scenario->start.ns);
    }
}

static uint64_t one(const struct report *report)
{
    (void)report;
    return 1;
}

static uint64_t files_count(const struct report *report)
{
    return run_files_count(report->run);
}

static void put_file(struct row *row, uint64_t i)
{
    struct file_row f;
    run_file(row->report->run, i, &f);
    put_text(row, f.key);
    put_text(row, f.date);
    put_text(row, f.status);
    put_text(row, f.manifest);
    put_instant(row, f.arrived_at);
    put_instant(row, f.tracked_at);
    put_instant(row, f.manifested_at);
    put_instant(row, f.completed_at);
    put_integer(row, f.size);
    put_integer(row, f.manifests);
    put_integer(row, f.outputs);
}

static uint64_t manifests_count(const struct report *report)
{
    return run_manifests_count(report->run);
}

static void put_manifest(struct row *row, uint64_t i)
{
    struct manifest_row m;
    run_manifest(row->report->run, i, &m);
    put_integer(row, (int64_t)i + 1);
    put_text(row, m.key);
    put_text(row, m.date);
    put_text(row, m.record_status);
    put_instant(row, m.created_at);
    put_integer(row, m.files);
    put_integer(row, m.invocation);
    put_integer(row, m.overwritten);
    put_integer(row, m.executions);
}

static uint64_t executions_count(const struct report *report)
{
    return run_executions_count(report->run);
}

static void put_execution(struct row *row, uint64_t i)
{
    struct execution_row e;
    run_execution(row->report->run, i, &e);
    put_integer(row, (int64_t)i + 1);
    put_text(row, e.manifest);
    put_text(row, e.date);
    put_text(row, e.status);
    put_instant(row, e.started_at);
    put_instant(row, e.ended_at);
    put_integer(row, e.file_count);
    put_integer(row, e.job_runs);
    put_integer(row, e.refusals);
    put_text(row, e.error);
}

static uint64_t job_runs_count(const struct report *report)
{
    return run_job_runs_count(report->run);
}

static void put_job_run(struct row *row, uint64_t i)
{
    struct job_run_row j;
    run_job_run(row->report->run, i, &j);
    put_integer(row, (int64_t)i + 1);
    put_integer(row, j.execution);
    put_text(row, j.state);
    put_instant(row, j.started_at);
    put_instant(row, j.ended_at);
    put_integer(row, j.parquet_objects);
}

static uint64_t invocations_count(const struct report *report)
{
    return run_invocations_count(report->run);
}

static void put_invocation(struct row *row, uint64_t i)
{
    struct invocation_row v;
    run_invocation(row->report->run, i, &v);
    put_integer(row, (int64_t)i + 1);
    put_text(row, v.function);
    put_integer(row, v.environment);
    put_integer(row, v.cold);
    put_instant(row, v.started_at);
    put_instant(row, v.ended_at);
    put_text(row, v.outcome);
    put_text(row, v.point);
    put_integer(row, v.records);
    put_integer(row, v.errors);
    put_integer(row, v.manifests);
    put_integer(row, v.processed);
    put_integer(row, v.quarantined);
}

static uint64_t tenures_count(const struct report *report)
{
    return run_tenures_count(report->run);
}

static void put_tenure(struct row *row, uint64_t i)
{
    struct tenure_row t;
    run_tenure(row->report->run, i, &t);
    put_integer(row, (int64_t)i + 1);
    put_text(row, t.date);
    put_integer(row, t.invocation);
    put_instant(row, t.acquired_at);
    put_instant(row, t.ended_at);
    put_instant(row, t.expires_at);
    put_text(row, t.end);
    put_integer(row, t.refused);
    put_instant(row, t.owner_ended_at);
}

static uint64_t calls_count(const struct report *report)
{
    return run_calls_count(report->run);
}

static void put_call(struct row *row, uint64_t i)
{
    struct call_row c;
    run_call(row->report->run, i, &c);
    put_integer(row, (int64_t)i + 1);
    put_instant(row, c.sent_at);
    put_instant(row, c.effect_at);
    put_instant(row, c.reply_at);
    put_text(row, c.caller);
    put_integer(row, c.caller_parent);
    put_integer(row, c.caller_ordinal);
    put_text(row, c.point);
    put_text(row, c.service);
    put_text(row, c.operation);
    put_text(row, c.outcome);
    put_integer(row, c.attempt);
    put_text(row, c.subject);
}

static uint64_t operator_runs_count(const struct report *report)
{
    return run_operator_runs_count(report->run);
}

static void put_operator_run(struct row *row, uint64_t i)
{
    struct operator_run_row o;
    run_operator_run(row->report->run, i, &o);
    put_integer(row, (int64_t)i + 1);
    put_text(row, o.tool);
    put_text(row, o.arguments);
    put_instant(row, o.started_at);
    put_instant(row, o.ended_at);
    if (o.ended_at.ns == NEVER) {
        put_null(row);
    } else {
        put_integer(row, o.exit_status);
    }
    put_text(row, o.output);
}

static uint64_t operator_figures_count(const struct report *report)
{
    return run_operator_figures_count(report->run);
}

static void put_operator_figure(struct row *row, uint64_t i)
{
    struct operator_figure_row o;
    run_operator_figure(row->report->run, i, &o);
    put_integer(row, o.run);
    put_text(row, o.name);
    put_integer(row, o.shown);
    put_integer(row, o.truth);
}

static uint64_t violations_count(const struct report *report)
{
    return run_violations_count(report->run);
}

static void put_violation(struct row *row, uint64_t i)
{
    struct violation_row v;
    run_violation(row->report->run, i, &v);
    put_text(row, text_from(invariant_name(v.invariant)));
    put_instant(row, v.at);
    put_text(row, v.subject);
    put_text(row, v.text);
    put_integer(row, v.required);
    put_text(row, v.process);
    put_integer(row, v.parent);
    put_integer(row, v.ordinal);
    put_text(row, v.point);
    put_text(row, v.operation);
}

static uint64_t faults_count(const struct report *report)
{
    return run_faults_count(report->run);
}

static void put_fault(struct row *row, uint64_t i)
{
    struct fault_row f;
    run_fault(row->report->run, i, &f);
    put_text(row, f.fault);
    put_text(row, f.process);
    put_text(row, f.point);
    put_integer(row, f.reached);
    put_integer(row, f.struck);
}

static uint64_t points_count(const struct report *report)
{
    return run_points_count(report->run);
}

static uint64_t goals_count(const struct report *report)
{
    (void)report;
    return GOALS_COUNT;
}

static void put_goal(struct row *row, uint64_t i)
{
    put_text(row, text_from(goal_name((enum goal)i)));
    put_text(row, text_from(goal_text((enum goal)i)));
    put_integer(row, (int64_t)(goals_reached(row->report->run) >> i & 1));
}

static void put_point(struct row *row, uint64_t i)
{
    struct point_row p;
    run_point(row->report->run, i, &p);
    put_text(row, p.process);
    put_text(row, p.point);
    put_text(row, p.service);
    put_text(row, p.operation);
    put_integer(row, p.reached);
}

static uint64_t deviations_count(const struct report *report)
{
    return run_deviations_count(report->run);
}

static void put_deviation(struct row *row, uint64_t i)
{
    struct deviation_row d;
    run_deviation(row->report->run, i, &d);
    put_instant(row, d.at);
    put_text(row, d.fault);
    put_text(row, d.process);
    put_integer(row, d.parent);
    put_integer(row, d.ordinal);
    put_text(row, d.point);
}

static void put_lock(struct row *row, uint64_t i)
{
    (void)i;
    const struct summary *s = &row->report->summary;
    put_integer(row, s->lock.acquired);
    put_integer(row, s->lock.refused);
    put_integer(row, s->lock.taken_over);
    put_integer(row, s->lock.left_behind);
    put_span(row, s->lock.longest_block.ns);
}

static void put_queue(struct row *row, uint64_t i)
{
    (void)i;
    const struct message_counts *m = &row->report->summary.messages;
    put_integer(row, m->sent);
    put_integer(row, m->delivered);
    put_integer(row, m->deleted);
    put_integer(row, m->redelivered);
    put_integer(row, m->dead_lettered);
    put_integer(row, m->expired);
    put_integer(row, m->left);
}

static void put_milli(struct row *row, int64_t milli)
{
    (void)sqlite3_bind_double(row->statement, ++row->column, (double)milli / 1000);
}

static uint64_t capacities_count(const struct report *report)
{
    return run_capacities_count(report->run);
}

static void put_capacity(struct row *row, uint64_t i)
{
    struct capacity_row c;
    run_capacity(row->report->run, i, &c);
    put_text(row, c.resource);
    put_milli(row, c.rcu_milli);
    put_milli(row, c.wcu_milli);
    put_integer(row, c.throttled_reads);
    put_integer(row, c.throttled_writes);
    put_milli(row, c.peak_rcu_milli);
    put_instant(row, c.peak_read_at);
    put_milli(row, c.peak_wcu_milli);
    put_instant(row, c.peak_write_at);
    put_instant(row, c.saturated_at);
}

static uint64_t capacity_seconds_count(const struct report *report)
{
    return run_capacity_seconds_count(report->run);
}

static void put_capacity_second(struct row *row, uint64_t i)
{
    struct capacity_second_row c;
    run_capacity_second(row->report->run, i, &c);
    put_text(row, c.resource);
    put_instant(row, c.at);
    put_milli(row, c.rcu_milli);
    put_milli(row, c.wcu_milli);
    put_integer(row, c.throttled_reads);
    put_integer(row, c.throttled_writes);
    put_milli(row, c.throttled_rcu_milli);
    put_milli(row, c.throttled_wcu_milli);
}

static void put_table_requests(struct row *row, uint64_t i)
{
    (void)i;
    const struct summary *s = &row->report->summary;
    put_integer(row, s->table_requests.made);
    put_integer(row, s->table_requests.throttled);
    put_integer(row, s->table_requests.retried);
    put_integer(row, s->table_requests.given_up);
}

/* Dollars. */
static void put_cost(struct row *row, uint64_t i)
{
    (void)i;
    const struct cost *c = &row->report->summary.cost;
    put_span(row, c->on_demand);
    put_span(row, c->provisioned);
    put_integer(row, c->rcu);
    put_integer(row, c->wcu);
    put_integer(row, c->hours);
    put_span(row, c->storage_month);
}

static void put_hash(struct row *row, struct hash128 hash)
{
    char text[HASH128_HEX];
    hash128_hex(hash, text);
    (void)sqlite3_bind_text(row->statement, ++row->column, text, -1, SQLITE_TRANSIENT);
}

/* What expectations are evaluated for: NULL to them. */
static void put_verdict(struct row *row)
{
    const struct report *r = row->report;
    if (!r->judged) {
        put_null(row);
    } else {
        put_text(row, r->passed ? TEXT("pass") : TEXT("fail"));
    }
    put_text(row, text_from(r->replay));
    put_text(row, r->file);
    put_text(row, r->yaml);
}

static void put_run(struct row *row, uint64_t i)
{
    (void)i;
    const struct report *r = row->report;
    char start[40];
    struct text_writer w = text_writer(start, sizeof start);
    text_put_instant(&w, r->scenario->start);
    put_text(row, r->scenario->name);
    put_text(row, r->scenario->case_name);
    if (r->strategy == CHOICE_SEEDED) {
        put_integer(row, (int64_t)r->seed); /* SQLite has no unsigned 64 bits: 2^63 and up wrap */
    } else {
        put_null(row);
    }
    put_text(row, text_from(version_text()));
    put_hash(row, r->summary.trace_hash);
    put_hash(row, r->summary.world_hash);
    put_hash(row, r->summary.table_hash);
    (void)sqlite3_bind_text(row->statement, ++row->column, text_writer_string(&w), -1,
                            SQLITE_TRANSIENT);
    put_span(row, r->summary.simulated_ns);
    put_integer(row, r->summary.events);
    put_integer(row, r->interrupted);
    put_text(row, r->summary.full ? r->summary.full_what : TEXT(""));
    put_integer(row, r->summary.invocations);
    put_integer(row, r->summary.throttled_invocations);
    put_integer(row, r->summary.parquet.objects);
    put_milli(row, r->summary.rcu_milli);
    put_milli(row, r->summary.wcu_milli);
    put_milli(row, r->summary.index_rcu_milli);
    put_milli(row, r->summary.index_wcu_milli);
    put_verdict(row);
}

/* clang-format off */
static const struct table tables[] = {
    {"files",
     "key TEXT, date TEXT, status TEXT, manifest TEXT, arrived_at REAL, tracked_at REAL,"
     " manifested_at REAL, completed_at REAL, size INTEGER, manifests INTEGER, outputs INTEGER",
     "status", files_count, put_file},
    {"manifests",
     "id INTEGER PRIMARY KEY, key TEXT, date TEXT, record_status TEXT, created_at REAL,"
     " files INTEGER, invocation INTEGER, overwritten INTEGER, executions INTEGER",
     "key", manifests_count, put_manifest},
    {"executions",
     "id INTEGER PRIMARY KEY, manifest TEXT, date TEXT, status TEXT, started_at REAL,"
     " ended_at REAL, file_count INTEGER, job_runs INTEGER, refusals INTEGER, error TEXT",
     "manifest", executions_count, put_execution},
    {"job_runs",
     "id INTEGER PRIMARY KEY, execution INTEGER, state TEXT, started_at REAL, ended_at REAL,"
     " parquet_objects INTEGER",
     "execution", job_runs_count, put_job_run},
    {"invocations",
     "id INTEGER PRIMARY KEY, function TEXT, environment INTEGER, cold INTEGER, started_at REAL,"
     " ended_at REAL, outcome TEXT, point TEXT, records INTEGER, errors INTEGER,"
     " manifests INTEGER, processed INTEGER, quarantined INTEGER",
     NULL, invocations_count, put_invocation},
    {"lock_tenures",
     "id INTEGER PRIMARY KEY, date TEXT, invocation INTEGER, acquired_at REAL, ended_at REAL,"
     " expires_at REAL, ended_by TEXT, refused INTEGER, owner_ended_at REAL",
     NULL, tenures_count, put_tenure},
    {"api_calls",
     "id INTEGER PRIMARY KEY, sent_at REAL, effect_at REAL, reply_at REAL, caller TEXT,"
     " caller_parent INTEGER, caller_ordinal INTEGER, point TEXT, service TEXT, operation TEXT,"
     " outcome TEXT, attempt INTEGER, subject TEXT",
     "subject", calls_count, put_call},
    {"operator_runs",
     "id INTEGER PRIMARY KEY, tool TEXT, arguments TEXT, started_at REAL, ended_at REAL,"
     " exit_status INTEGER, output TEXT",
     NULL, operator_runs_count, put_operator_run},
    {"operator_figures", "run INTEGER, figure TEXT, shown INTEGER, truth INTEGER",
     "run", operator_figures_count, put_operator_figure},
    {"violations",
     "invariant TEXT, at REAL, subject TEXT, text TEXT, required INTEGER, process TEXT,"
     " process_parent INTEGER, process_ordinal INTEGER, point TEXT, operation TEXT",
     "invariant", violations_count, put_violation},
    {"deviations",
     "at REAL, fault TEXT, process TEXT, process_parent INTEGER, process_ordinal INTEGER,"
     " point TEXT",
     NULL, deviations_count, put_deviation},
    {"faults", "fault TEXT, process TEXT, point TEXT, reached INTEGER, struck INTEGER", NULL,
     faults_count, put_fault},
    {"points", "process TEXT, point TEXT, service TEXT, operation TEXT, reached INTEGER", NULL,
     points_count, put_point},
    {"goals", "name TEXT, text TEXT, reached INTEGER", NULL, goals_count, put_goal},
    {"lock",
     "acquired INTEGER, refused INTEGER, taken_over INTEGER, left_behind INTEGER,"
     " longest_block_seconds REAL",
     NULL, one, put_lock},
    {"queue",
     "sent INTEGER, delivered INTEGER, deleted INTEGER, redelivered INTEGER,"
     " dead_lettered INTEGER, expired INTEGER, left INTEGER",
     NULL, one, put_queue},
    {"capacity",
     "resource TEXT, read_units REAL, write_units REAL, throttled_reads INTEGER,"
     " throttled_writes INTEGER, peak_read_units REAL, peak_read_at REAL, peak_write_units REAL,"
     " peak_write_at REAL, saturated_at REAL",
     NULL, capacities_count, put_capacity},
    {"capacity_seconds",
     "resource TEXT, at REAL, read_units REAL, write_units REAL, throttled_reads INTEGER,"
     " throttled_writes INTEGER, throttled_read_units REAL, throttled_write_units REAL",
     "at", capacity_seconds_count, put_capacity_second},
    {"table_requests",
     "made INTEGER, throttled INTEGER, retried INTEGER, given_up INTEGER",
     NULL, one, put_table_requests},
    {"cost",
     "on_demand REAL, provisioned REAL, read_units INTEGER, write_units INTEGER, hours INTEGER,"
     " storage_month REAL",
     NULL, one, put_cost},
    {"run",
     "scenario TEXT, case_name TEXT, seed INTEGER, version TEXT, trace_hash TEXT, world_hash TEXT,"
     " table_hash TEXT, started_at TEXT, simulated_seconds REAL, events INTEGER,"
     " interrupted INTEGER, full TEXT, invocations INTEGER, throttled_invocations INTEGER,"
     " parquet_objects INTEGER, read_units REAL, write_units REAL, index_read_units REAL,"
     " index_write_units REAL, verdict TEXT, replay TEXT, file TEXT, scenario_text TEXT",
     NULL, one, put_run},
};

/* clang-format on */

enum { TABLES = sizeof tables / sizeof tables[0] };

struct database {
    sqlite3 *sqlite;
    bool created[TABLES]; /* some expectation's text has its name in it */
    bool wanted[TABLES];  /* some expectation reads it */
    const char *refused;  /* what the query being prepared wants and must not */
    sqlite3_stmt *expectations[EXPECTATIONS_MAX];
};

static enum status sqlite_error(sqlite3 *sqlite, struct error *error)
{
    return error_set(error, STATUS_IO, "SQLite: %s", sqlite3_errmsg(sqlite));
}

static enum status execute(sqlite3 *sqlite, const char *sql, struct error *error)
{
    return sqlite3_exec(sqlite, sql, NULL, NULL, NULL) == SQLITE_OK ? STATUS_OK
                                                                    : sqlite_error(sqlite, error);
}

static enum status create_table(sqlite3 *sqlite, const struct table *table, struct error *error)
{
    char sql[640];
    (void)snprintf(sql, sizeof sql, "CREATE TABLE %s(%s)", table->name, table->columns);
    return execute(sqlite, sql, error);
}

/* "INSERT INTO t VALUES(?,?,?)", with as many as there are columns. */
static enum status prepare_insert(sqlite3 *sqlite, const struct table *table,
                                  sqlite3_stmt **statement, struct error *error)
{
    char sql[160];
    struct text_writer w = text_writer(sql, sizeof sql);
    text_put(&w, TEXT("INSERT INTO "));
    text_put(&w, text_from(table->name));
    text_put(&w, TEXT(" VALUES(?"));
    for (const char *at = strchr(table->columns, ','); at != NULL; at = strchr(at + 1, ',')) {
        text_put(&w, TEXT(",?"));
    }
    text_put(&w, TEXT(")"));
    int result = sqlite3_prepare_v2(sqlite, text_writer_string(&w), -1, statement, NULL);
    return result == SQLITE_OK ? STATUS_OK : sqlite_error(sqlite, error);
}

static enum status fill_table(sqlite3 *sqlite, const struct table *table,
                              const struct report *report, struct error *error)
{
    sqlite3_stmt *statement;
    enum status status = prepare_insert(sqlite, table, &statement, error);
    uint64_t count = table->count(report);
    for (uint64_t i = 0; status == STATUS_OK && i < count; i++) {
        struct row row = {.statement = statement, .report = report};
        table->put(&row, i);
        ASSERT(row.column == sqlite3_bind_parameter_count(statement));
        if (sqlite3_step(statement) != SQLITE_DONE || sqlite3_reset(statement) != SQLITE_OK) {
            status = sqlite_error(sqlite, error);
        }
    }
    (void)sqlite3_finalize(statement);
    return status;
}

/* ---- Expectations. ---- */

/* The same query on the same run must give the same answer, so these are not there. */
static bool is_refused_function(const char *name)
{
    static const char *const names[] = {
        "random",    "randomblob",   "load_extension", "date",
        "time",      "datetime",     "julianday",      "strftime",
        "unixepoch", "current_date", "current_time",   "current_timestamp",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (sqlite3_stricmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void note_table(struct database *d, const char *name)
{
    for (size_t i = 0; i < TABLES; i++) {
        d->wanted[i] |= sqlite3_stricmp(name, tables[i].name) == 0;
    }
}

static int authorize(void *self, int action, const char *first, const char *second,
                     const char *database, const char *trigger)
{
    struct database *d = self;
    (void)database;
    (void)trigger;
    if (action == SQLITE_READ) {
        note_table(d, first);
        return SQLITE_OK;
    }
    if (action == SQLITE_FUNCTION && is_refused_function(second)) {
        d->refused = "a query has no clock and no random numbers";
        return SQLITE_DENY;
    }
    if (action == SQLITE_SELECT || action == SQLITE_FUNCTION || action == SQLITE_RECURSIVE) {
        return SQLITE_OK;
    }
    d->refused = "a query reads and does nothing else";
    return SQLITE_DENY;
}

/* What follows the statement is blank or a comment. */
static bool is_alone(sqlite3 *sqlite, const char *rest)
{
    sqlite3_stmt *next = NULL;
    bool alone = sqlite3_prepare_v2(sqlite, rest, -1, &next, NULL) == SQLITE_OK && next == NULL;
    (void)sqlite3_finalize(next);
    return alone;
}

/* Creates the tables whose names occur in the query: a table that is read is named, and creating
 * all of them would take longer than a short run. */
static enum status create_named(struct database *d, const char *query, struct error *error)
{
    enum status status = STATUS_OK;
    (void)sqlite3_set_authorizer(d->sqlite, NULL, NULL);
    for (size_t i = 0; status == STATUS_OK && i < TABLES; i++) {
        char pattern[32];
        (void)snprintf(pattern, sizeof pattern, "%%%s%%", tables[i].name);
        if (!d->created[i] && sqlite3_strlike(pattern, query, 0) == 0) {
            d->created[i] = true;
            status = create_table(d->sqlite, &tables[i], error);
        }
    }
    (void)sqlite3_set_authorizer(d->sqlite, authorize, d);
    return status;
}

static enum status refuse_query(struct database *d, struct error *error)
{
    if (sqlite3_errcode(d->sqlite) == SQLITE_NOMEM) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    const char *what = d->refused != NULL ? d->refused : sqlite3_errmsg(d->sqlite);
    return error_set(error, STATUS_BAD_INPUT, "%s", what);
}

/* Prepares `query` and looks at what it is. */
static enum status prepare_query(struct database *d, const char *query, sqlite3_stmt **statement,
                                 struct error *error)
{
    const char *rest;
    d->refused = NULL;
    if (sqlite3_prepare_v2(d->sqlite, query, -1, statement, &rest) != SQLITE_OK) {
        return refuse_query(d, error);
    }
    if (*statement == NULL) {
        return error_set(error, STATUS_BAD_INPUT, "no query");
    }
    if (!is_alone(d->sqlite, rest)) {
        return sqlite3_errcode(d->sqlite) == SQLITE_NOMEM
                   ? refuse_query(d, error)
                   : error_set(error, STATUS_BAD_INPUT, "more than one statement");
    }
    return STATUS_OK;
}

/* Creates the tables that the query names, and prepares it. */
static enum status prepare_text(struct database *d, struct text sql, sqlite3_stmt **statement,
                                struct error *error)
{
    char *query = malloc(sql.size + 1);
    if (query == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    memcpy(query, sql.at, sql.size);
    query[sql.size] = '\0';
    enum status status = create_named(d, query, error);
    if (status == STATUS_OK) {
        status = prepare_query(d, query, statement, error);
    }
    free(query);
    return status;
}

enum status database_expect(struct database *d, uint32_t index, struct text sql,
                            struct error *error)
{
    ASSERT(index < EXPECTATIONS_MAX && d->expectations[index] == NULL);
    sqlite3_stmt **statement = &d->expectations[index];
    enum status status = prepare_text(d, sql, statement, error);
    if (status == STATUS_OK && sqlite3_column_count(*statement) != 1) {
        status = error_set(error, STATUS_BAD_INPUT, "the query gives %d columns, not one",
                           sqlite3_column_count(*statement));
    }
    return status;
}

/* The first column as a person reads it; true if it is the number 1. */
static bool read_value(sqlite3_stmt *statement, struct expectation_result *result)
{
    int type = sqlite3_column_type(statement, 0);
    bool number = type == SQLITE_INTEGER || type == SQLITE_FLOAT;
    bool ok = number && sqlite3_column_double(statement, 0) == 1.0;
    const unsigned char *text = sqlite3_column_text(statement, 0);
    struct text view = {(const char *)text, (size_t)sqlite3_column_bytes(statement, 0)};
    if (type == SQLITE_NULL || text == NULL) {
        (void)snprintf(result->observed, sizeof result->observed, "NULL");
    } else {
        (void)snprintf(result->observed, sizeof result->observed, number ? "%s" : "'%s'",
                       shown(view).text);
    }
    return ok;
}

/* STATUS_NO_MEMORY says nothing about the run; any other error of the query is its answer. */
static enum status evaluate_one(struct database *d, sqlite3_stmt *statement,
                                struct expectation_result *result, struct error *error)
{
    result->ok = false;
    int step = sqlite3_step(statement);
    if (step == SQLITE_DONE) {
        (void)snprintf(result->observed, sizeof result->observed, "no row");
    } else if (step != SQLITE_ROW) {
        (void)snprintf(result->observed, sizeof result->observed, "an error: %.70s",
                       step == SQLITE_INTERRUPT ? "too long" : sqlite3_errmsg(d->sqlite));
    } else {
        result->ok = read_value(statement, result);
        if (sqlite3_step(statement) == SQLITE_ROW) {
            result->ok = false;
            (void)snprintf(result->observed, sizeof result->observed, "more than one row");
        }
    }
    bool starved = sqlite3_errcode(d->sqlite) == SQLITE_NOMEM;
    (void)sqlite3_reset(statement);
    return starved ? error_set(error, STATUS_NO_MEMORY, "out of memory") : STATUS_OK;
}

/* Ends a query that would never end: after 4 * 10^9 steps of SQLite's machine, a minute or so. */
static int count_steps(void *self)
{
    uint32_t *rounds = self;
    return ++*rounds > 4000;
}

bool database_reads_calls(const struct database *database)
{
    for (size_t i = 0; i < TABLES; i++) {
        if (database->wanted[i] && strcmp(tables[i].name, "api_calls") == 0) {
            return true;
        }
    }
    return false;
}

/* Fills the tables that are read. */
static enum status fill_wanted(struct database *d, const struct report *report, struct error *error)
{
    (void)sqlite3_set_authorizer(d->sqlite, NULL, NULL); /* what follows is ours */
    enum status status = execute(d->sqlite, "BEGIN", error);
    for (size_t i = 0; status == STATUS_OK && i < TABLES; i++) {
        if (d->wanted[i]) {
            status = fill_table(d->sqlite, &tables[i], report, error);
        }
    }
    return status == STATUS_OK ? execute(d->sqlite, "COMMIT", error) : status;
}

enum status database_evaluate(struct database *d, struct report *report, struct error *error)
{
    enum status status = fill_wanted(d, report, error);
    for (uint32_t i = 0; status == STATUS_OK && i < report->scenario->expectations_count; i++) {
        uint32_t rounds = 0;
        sqlite3_progress_handler(d->sqlite, 1000000, count_steps, &rounds);
        ASSERT(d->expectations[i] != NULL);
        status = evaluate_one(d, d->expectations[i], &report->expectations[i], error);
    }
    sqlite3_progress_handler(d->sqlite, 0, NULL, NULL);
    return status;
}

/* ---- One query. ---- */

enum { COLUMNS_MAX = 64 };

static void put_names(sqlite3_stmt *statement, const struct database_reader *reader)
{
    struct text cells[COLUMNS_MAX];
    int count = sqlite3_column_count(statement);
    for (int i = 0; i < count; i++) {
        const char *name = sqlite3_column_name(statement, i);
        cells[i] = text_from(name != NULL ? name : "");
    }
    reader->names(reader->self, cells, (size_t)count);
}

static void put_values(sqlite3_stmt *statement, const struct database_reader *reader)
{
    struct text cells[COLUMNS_MAX];
    int count = sqlite3_column_count(statement);
    for (int i = 0; i < count; i++) {
        const void *text = sqlite3_column_text(statement, i);
        cells[i] = text == NULL ? TEXT("NULL")
                                : (struct text){text, (size_t)sqlite3_column_bytes(statement, i)};
    }
    reader->row(reader->self, cells, (size_t)count);
}

static enum status read_rows(struct database *d, sqlite3_stmt *statement,
                             const struct database_reader *reader, struct error *error)
{
    uint32_t rounds = 0;
    uint64_t rows = 0;
    int step = SQLITE_ROW;
    sqlite3_progress_handler(d->sqlite, 1000000, count_steps, &rounds);
    put_names(statement, reader);
    while (rows < reader->rows_max && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        put_values(statement, reader);
        rows++;
    }
    if (step == SQLITE_DONE || step == SQLITE_ROW) {
        return STATUS_OK;
    }
    return error_set(error, step == SQLITE_NOMEM ? STATUS_NO_MEMORY : STATUS_BAD_INPUT, "%s",
                     step == SQLITE_INTERRUPT ? "the query takes too long"
                                              : sqlite3_errmsg(d->sqlite));
}

enum status database_query(const struct report *report, struct text sql,
                           const struct database_reader *reader, struct error *error)
{
    sqlite3_stmt *statement = NULL;
    struct database *d = database_create(error);
    if (d == NULL) {
        return error->status;
    }
    enum status status = prepare_text(d, sql, &statement, error);
    if (status == STATUS_OK && sqlite3_column_count(statement) > COLUMNS_MAX) {
        status =
            error_set(error, STATUS_BAD_INPUT, "the query gives more than %d columns", COLUMNS_MAX);
    }
    if (status == STATUS_OK) {
        status = fill_wanted(d, report, error);
    }
    if (status == STATUS_OK) {
        status = read_rows(d, statement, reader, error);
    }
    (void)sqlite3_finalize(statement);
    database_destroy(d);
    return status;
}

struct database *database_create(struct error *error)
{
    struct database *d = calloc(1, sizeof *d);
    if (d == NULL) {
        (void)error_set(error, STATUS_NO_MEMORY, "out of memory");
        return NULL;
    }
    enum status status = STATUS_OK;
    if (sqlite3_open_v2(":memory:", &d->sqlite,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        status = sqlite_error(d->sqlite, error);
    }
    if (status != STATUS_OK) {
        database_destroy(d);
        return NULL;
    }
    return d;
}

void database_destroy(struct database *d)
{
    if (d == NULL) {
        return;
    }
    for (size_t i = 0; i < EXPECTATIONS_MAX; i++) {
        (void)sqlite3_finalize(d->expectations[i]);
    }
    (void)sqlite3_close(d->sqlite);
    free(d);
}

/* ---- The file. ---- */

/* Only in a file: what follows from the expectations. */
static uint64_t expectations_count(const struct report *report)
{
    return report->scenario->expectations_count;
}

static void put_expectation(struct row *row, uint64_t i)
{
    const struct expectation *e = &row->report->scenario->expectations[i];
    const struct expectation_result *result = &row->report->expectations[i];
    put_text(row, e->name);
    put_text(row, e->sql);
    put_integer(row, result->ok);
    put_text(row, text_from(result->observed));
}

static const struct table expectations_table = {"expectations",
                                                "name TEXT, sql TEXT, ok INTEGER, observed TEXT",
                                                NULL, expectations_count, put_expectation};

static enum status write_table(sqlite3 *sqlite, const struct table *table,
                               const struct report *report, struct error *error)
{
    enum status status = create_table(sqlite, table, error);
    if (status == STATUS_OK) {
        status = fill_table(sqlite, table, report, error);
    }
    if (status == STATUS_OK && table->index != NULL) {
        char sql[128];
        (void)snprintf(sql, sizeof sql, "CREATE INDEX %s_by_%s ON %s(%s)", table->name,
                       table->index, table->name, table->index);
        status = execute(sqlite, sql, error);
    }
    return status;
}

static enum status write_tables(sqlite3 *sqlite, const struct report *report, struct error *error)
{
    /* The file has another name until it is whole, so a journal would protect nobody. */
    enum status status = execute(
        sqlite, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA user_version=1; BEGIN",
        error);
    for (size_t i = 0; status == STATUS_OK && i < TABLES; i++) {
        status = write_table(sqlite, &tables[i], report, error);
    }
    if (status == STATUS_OK) {
        status = write_table(sqlite, &expectations_table, report, error);
    }
    return status == STATUS_OK ? execute(sqlite, "COMMIT", error) : status;
}

enum status database_write(const char *path, const struct report *report, struct error *error)
{
    struct output_file file;
    sqlite3 *sqlite = NULL;
    enum status status = output_file_name(&file, path, error);
    if (status != STATUS_OK) {
        return status;
    }
    if (sqlite3_open_v2(file.temporary, &sqlite,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        status = sqlite_error(sqlite, error);
    } else {
        status = write_tables(sqlite, report, error);
    }
    if (sqlite3_close(sqlite) != SQLITE_OK && status == STATUS_OK) {
        status = error_set(error, STATUS_IO, "SQLite: the file could not be closed");
    }
    if (status != STATUS_OK) {
        output_file_abandon(&file);
        error_prefix(error, "cannot write %.200s", path);
        return status;
    }
    return output_file_commit(&file, error);
}

/* report_text.c: a run told to a person: what was run, what came out, the story of the lock, what
 * was violated, what took longest, and at the end the verdict and the command that gives it again.
 */
#include "tools/report.h"

#include "model/pipeline/faults.h"
#include "sim/unicode.h"
#include "tools/fields.h"
#include "tools/version.h"

#include <inttypes.h>

/* A duration in seconds with milliseconds: "0.412s". */
struct seconds_text {
    char text[32];
};

static struct seconds_text seconds_text(int64_t ns)
{
    struct seconds_text s;
    (void)snprintf(s.text, sizeof s.text, "%" PRId64 ".%03ds", ns / NS_PER_S,
                   (int)(ns % NS_PER_S / NS_PER_MS));
    return s;
}

/* ---- What was run. ---- */

/* The value of a field, as it would be written in a scenario. */
struct value_text {
    char text[128];
};

static struct value_text value(const struct report *r, const char *key, uint32_t index)
{
    struct value_text v = {""};
    struct text_writer w = text_writer(v.text, sizeof v.text);
    const struct field *field = field_find(text_from(key));
    ASSERT(field != NULL);
    field_put(field, r->scenario, index, &w);
    (void)text_writer_string(&w);
    return v;
}

#define VALUE(key) value(r, key, 0).text

static void put_workload(FILE *out, const struct report *r, uint32_t i)
{
    const struct workload *w = &r->scenario->workloads[i];
    (void)fprintf(out, "  workload    %" PRId64 " files of %s", w->files,
                  value(r, "workload.*.size", i).text);
    if (w->at.ns > 0) {
        (void)fprintf(out, ", from %s", value(r, "workload.*.at", i).text);
    }
    if (w->over.ns > 0) {
        (void)fprintf(out, ", over %s (%s)", value(r, "workload.*.over", i).text,
                      value(r, "workload.*.spacing", i).text);
    } else {
        (void)fputs(", all at once", out);
    }
    if (w->date.size > 0) {
        (void)fprintf(out, ", dated %s", value(r, "workload.*.date", i).text);
    }
    if (w->name.size > 0) {
        (void)fprintf(out, ", named %s", value(r, "workload.*.name", i).text);
    } else if (w->number > 0) {
        (void)fprintf(out, ", numbered from %" PRId64, w->number);
    }
    (void)fputc('\n', out);
}

/* "occurrence 3, from 5m, by 3s": what differs from the default. */
static void put_fault(FILE *out, const struct report *r, uint32_t i)
{
    const struct fault *f = &r->scenario->faults[i];
    (void)fprintf(out, "  fault       %s: %s", fault_word(f->kind), shown(f->process).text);
    if (f->of.ordinal > 0) {
        (void)fprintf(out, "[%s]", value(r, "faults.*.of", i).text);
    }
    (void)fprintf(out, " at %s", shown(f->at).text);

    const struct {
        const char *key, *word;
        bool told;
    } members[] = {
        {"faults.*.occurrence",  "occurrence",  f->occurrence > 0                    },
        {"faults.*.times",       "times",       f->times != fault_default.times      },
        {"faults.*.probability", "probability", f->probability_ppm > 0               },
        {"faults.*.from",        "from",        f->from.ns > 0                       },
        {"faults.*.to",          "to",          f->to.ns > 0                         },
        {"faults.*.attempts",    "attempts",    f->attempts != fault_default.attempts},
        {"faults.*.when",        "when",        f->when != FAULT_WHEN_DEFAULT        },
        {"faults.*.outcome",     "outcome",     f->outcome != FAULT_OUTCOME_DEFAULT  },
        {"faults.*.by",          "by",          f->by.ns != 0                        },
        {"faults.*.calls",       "calls",       f->calls != fault_default.calls      },
    };

    for (size_t m = 0; m < sizeof members / sizeof members[0]; m++) {
        if (members[m].told) {
            (void)fprintf(out, ", %s %s", members[m].word, value(r, members[m].key, i).text);
        }
    }
    (void)fputc('\n', out);
}

/* Indented, and broken at blanks so that lines stay within some 90 bytes. */
static void put_wrapped(FILE *out, struct text text)
{
    enum { WIDTH = 88 };

    while (text.size > 0) {
        size_t size = text.size < WIDTH ? text.size : WIDTH;
        while (size < text.size && size > 0 && text.at[size] != ' ') {
            size--;
        }
        size = size > 0 ? size : text.size;
        (void)fputs("  ", out);
        put_plain(out, (struct text){text.at, size});
        (void)fputc('\n', out);
        size += size < text.size;
        text = (struct text){text.at + size, text.size - size};
    }
}

static void put_choices(FILE *out, const struct report *r)
{
    if (r->strategy == CHOICE_SEEDED) {
        (void)fprintf(out, "  seed        %" PRIu64 "\n", r->seed);
    } else {
        (void)fprintf(out, "  choices     %s\n",
                      r->strategy == CHOICE_DEFAULT ? "the default of each" : "as recorded");
    }
}

static void put_head(FILE *out, const struct report *r)
{
    const struct scenario *s = r->scenario;
    char room[REPORT_TITLE_MAX];
    put_plain(out, report_title(r, room));
    (void)fputc('\n', out);
    put_wrapped(out, s->description);
    (void)fputs("  scenario    ", out);
    put_plain(out, r->file);
    (void)fprintf(out, "\n  lockstep    %s\n", version_text());
    put_choices(out, r);
    (void)fprintf(out, "  start       %s", VALUE("start"));
    (void)fprintf(out, s->until.ns > 0 ? ", for %s\n" : "\n", VALUE("until"));
    (void)fprintf(out, "  pipeline    %s, builder %s", VALUE("pipeline.preset"),
                  VALUE("pipeline.builder"));
    (void)fprintf(out, ", machine %s; %s files a manifest", VALUE("pipeline.machine"),
                  VALUE("pipeline.max_files_per_manifest"));
    (void)fprintf(out, "; lock %s, %s\n", VALUE("pipeline.lock"), VALUE("pipeline.lock_ttl"));
    for (uint32_t i = 0; i < s->workloads_count; i++) {
        put_workload(out, r, i);
    }
    for (uint32_t i = 0; i < s->faults_count; i++) {
        put_fault(out, r, i);
    }
}

/* ---- What came out. ---- */

struct cell {
    const char *name;
    int64_t value;
};

/* "  files          130 arrived      130 tracked ...", four cells a line. */
static void put_cells(FILE *out, const char *title, const struct cell *cells, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i % 4 == 0) {
            (void)fprintf(out, "%s  %-11s", i > 0 ? "\n" : "", i > 0 ? "" : title);
        }
        bool last = i + 1 == count || i % 4 == 3;
        (void)fprintf(out, last ? "%7" PRId64 " %s" : "%7" PRId64 " %-13s", cells[i].value,
                      cells[i].name);
    }
    (void)fputc('\n', out);
}

#define PUT_CELLS(out, title, ...)                                                                 \
    put_cells(out, title, (const struct cell[]){__VA_ARGS__},                                      \
              sizeof((const struct cell[]){__VA_ARGS__}) / sizeof(struct cell))

/* What the table and its index were used for: totals, the busiest seconds, when it was too much. */
static void put_capacity(FILE *out, const struct report *r)
{
    struct instant saturated = {NEVER};
    for (uint64_t i = 0; i < run_capacities_count(r->run); i++) {
        struct capacity_row row;
        run_capacity(r->run, i, &row);
        (void)fputs(i == 0 ? "  table       " : "  index       ", out);
        put_units(out, row.rcu_milli);
        (void)fputs(" read units, ", out);
        put_units(out, row.wcu_milli);
        (void)fputs(" write units; in one second up to ", out);
        put_units(out, row.peak_rcu_milli);
        (void)fputs(" and ", out);
        put_units(out, row.peak_wcu_milli);
        (void)fputc('\n', out);
        if (row.saturated_at.ns != NEVER &&
            (saturated.ns == NEVER || row.saturated_at.ns < saturated.ns)) {
            saturated = row.saturated_at;
        }
    }
    if (saturated.ns != NEVER) {
        const struct summary *s = &r->summary;
        (void)fprintf(out, "  saturates   in the minute of %s: %" PRId64 " of %" PRId64,
                      clock_text(r, saturated).text, s->table_requests.throttled,
                      s->table_requests.made);
        (void)fprintf(out, " requests throttled, %" PRId64 " calls given up\n",
                      s->table_requests.given_up);
    }
}

/* Dollars, to a hundredth of a cent. */
static void put_price(FILE *out, int64_t nano)
{
    int64_t rounded = (nano + 50000) / 100000;
    (void)fprintf(out, "$%" PRId64 ".%04d", rounded / 10000, (int)(rounded % 10000));
}

static void put_cost(FILE *out, const struct cost *c)
{
    (void)fputs("  cost        ", out);
    put_price(out, c->on_demand);
    (void)fputs(" on demand, ", out);
    put_price(out, c->provisioned);
    (void)fprintf(out, " for %" PRId64 " RCU and %" PRId64 " WCU over %" PRId64 " h; storage ",
                  c->rcu, c->wcu, c->hours);
    put_price(out, c->storage_month);
    (void)fputs(" a month\n", out);
}

static void put_figures(FILE *out, const struct report *r)
{
    const struct summary *s = &r->summary;
    (void)fprintf(out, "\nAfter %s of virtual time and %" PRId64 " events%s:\n",
                  clock_text(r, s->ended_at).text, s->events,
                  r->interrupted ? ", when it was interrupted" : "");
    PUT_CELLS(out, "files", {"arrived", s->files.arrived}, {"tracked", s->files.tracked},
              {"pending", s->files.pending}, {"manifested", s->files.manifested},
              {"completed", s->files.completed}, {"failed", s->files.failed},
              {"quarantined", s->files.quarantined}, {"lost", s->files.lost},
              {"duplicated", s->files.duplicated});
    PUT_CELLS(out, "manifests", {"created", s->manifests.created},
              {"objects", s->manifests.objects}, {"overwritten", s->manifests.overwritten},
              {"records", s->manifests.records});
    PUT_CELLS(out, "executions", {"started", s->executions.started},
              {"succeeded", s->executions.succeeded}, {"failed", s->executions.failed});
    PUT_CELLS(out, "job runs", {"started", s->job_runs.started},
              {"succeeded", s->job_runs.succeeded}, {"failed", s->job_runs.failed},
              {"refused", s->job_runs.refused});
    PUT_CELLS(out, "parquet", {"objects", s->parquet.objects});
    PUT_CELLS(out, "function", {"invocations", s->invocations},
              {"throttled", s->throttled_invocations});
    PUT_CELLS(out, "messages", {"sent", s->messages.sent}, {"delivered", s->messages.delivered},
              {"deleted", s->messages.deleted}, {"redelivered", s->messages.redelivered},
              {"dead-lettered", s->messages.dead_lettered}, {"expired", s->messages.expired},
              {"left", s->messages.left});
    PUT_CELLS(out, "lock", {"acquired", s->lock.acquired}, {"refused", s->lock.refused},
              {"taken over", s->lock.taken_over}, {"left behind", s->lock.left_behind});
    put_capacity(out, r);
    put_cost(out, &s->cost);
}

/* ---- The lock's story. ---- */

enum { TENURES_SHOWN = 5 };

static int64_t held_ns(const struct report *r, const struct tenure_row *row)
{
    int64_t end = row->ended_at.ns == NEVER ? r->summary.ended_at.ns : row->ended_at.ns;
    return end - row->acquired_at.ns;
}

static bool ended_badly(const struct tenure_row *row)
{
    return !text_equal(row->end, TEXT("released"));
}

/* Whether `a` deserves a line more than `b`: not released before released, then the longer. */
static bool tells_more(const struct report *r, uint64_t a, uint64_t b)
{
    struct tenure_row x, y;
    run_tenure(r->run, a, &x);
    run_tenure(r->run, b, &y);
    if (ended_badly(&x) != ended_badly(&y)) {
        return ended_badly(&x);
    }
    return held_ns(r, &x) > held_ns(r, &y);
}

/* Keeps the best TENURES_SHOWN, best first. */
static size_t choose_tenures(const struct report *r, uint64_t best[TENURES_SHOWN + 1])
{
    size_t count = 0;
    for (uint64_t i = 0; i < run_tenures_count(r->run); i++) {
        size_t at = count;
        while (at > 0 && tells_more(r, i, best[at - 1])) {
            best[at] = best[at - 1];
            at--;
        }
        best[at] = i;
        count += count < TENURES_SHOWN;
    }
    return count;
}

static void put_tenure(FILE *out, const struct report *r, uint64_t i)
{
    struct tenure_row row;
    run_tenure(r->run, i, &row);
    char owner[32];
    (void)snprintf(owner, sizeof owner, "invocation %" PRId64, row.invocation);
    (void)fprintf(out, "  %-13s %-11s %-16s %11s  %-14s %7" PRId64 "\n",
                  clock_text(r, row.acquired_at).text, shown(row.date).text, owner,
                  seconds_text(held_ns(r, &row)).text, shown(row.end).text, row.refused);
    if (row.owner_ended_at.ns != NEVER) {
        (void)fprintf(out, "                its owner ended at %s without releasing it",
                      clock_text(r, row.owner_ended_at).text);
        (void)fprintf(out, "; it expired at %s\n", clock_text(r, row.expires_at).text);
    }
}

enum { DEVIATIONS_SHOWN = 20 };

/* The faults that struck, and whom; then those that did not. */
static void put_deviations(FILE *out, const struct report *r)
{
    uint64_t struck = 0;
    uint64_t times = 0;
    for (uint32_t i = 0; i < r->scenario->faults_count; i++) {
        struct fault_row row;
        run_fault(r->run, i, &row);
        struck += row.struck > 0;
        times += (uint64_t)row.struck;
    }
    if (r->scenario->faults_count > 0) {
        (void)fprintf(out, "\nFaults, %" PRIu64 " of %" PRIu32 " struck:\n", struck,
                      r->scenario->faults_count);
    }
    uint64_t count = run_deviations_count(r->run);
    count = count < DEVIATIONS_SHOWN ? count : DEVIATIONS_SHOWN;
    for (uint64_t i = 0; i < count; i++) {
        struct deviation_row row;
        char text[REPORT_DEVIATION_MAX];
        run_deviation(r->run, i, &row);
        struct text words = report_deviation(r, i, text);
        (void)fprintf(out, "  %s  %.*s\n", clock_text(r, row.at).text, (int)words.size, words.at);
    }
    if (times > count) {
        (void)fprintf(out, "  and %" PRIu64 " times more\n", times - count);
    }
    for (uint32_t i = 0; i < r->scenario->faults_count; i++) {
        char text[REPORT_DEVIATION_MAX];
        struct text words = report_unreached(r, i, text);
        if (words.size > 0) {
            (void)fputs("  ", out);
            put_plain(out, words);
            (void)fputc('\n', out);
        }
    }
}

static void put_lock(FILE *out, const struct report *r)
{
    uint64_t best[TENURES_SHOWN + 1];
    size_t count = choose_tenures(r, best);
    if (count == 0) {
        return;
    }
    (void)fprintf(out, "\nThe lock, of %" PRIu64 " times held these tell most",
                  run_tenures_count(r->run));
    (void)fprintf(out, " (longest time that it kept others from work: %s):\n",
                  seconds_text(r->summary.lock.longest_block.ns).text);
    (void)fprintf(out, "  %-13s %-11s %-16s %11s  %-14s %7s\n", "acquired at", "date", "owner",
                  "held for", "end", "refused");
    for (size_t i = 0; i < count; i++) {
        put_tenure(out, r, best[i]);
    }
}

/* ---- What an operator did. ---- */

/* Line by line, indented. */
static void put_output(FILE *out, struct text output)
{
    while (output.size > 0) {
        const char *end = memchr(output.at, '\n', output.size);
        size_t size = end == NULL ? output.size : (size_t)(end - output.at);
        (void)fputs(size > 0 ? "    " : "", out);
        put_plain(out, (struct text){output.at, size});
        (void)fputc('\n', out);
        size += end != NULL;
        output = (struct text){output.at + size, output.size - size};
    }
}

static void put_operators(FILE *out, const struct report *r)
{
    for (uint64_t i = 0; i < run_operator_runs_count(r->run); i++) {
        struct operator_run_row row;
        run_operator_run(r->run, i, &row);
        (void)fprintf(out, i == 0 ? "\nAn operator's tools:\n  %s  $ " : "  %s  $ ",
                      clock_text(r, row.started_at).text);
        put_plain(out, row.arguments);
        (void)fputc('\n', out);
        put_output(out, row.output);
        if (row.ended_at.ns == NEVER) {
            (void)fputs("    (has not ended)\n", out);
        } else {
            (void)fprintf(out, "    exit status %" PRId64 ", after %s\n", row.exit_status,
                          seconds_text(row.ended_at.ns - row.started_at.ns).text);
        }
    }
}

/* ---- What took longest. ---- */

static void put_slowest_file(FILE *out, const struct report *r)
{
    struct file_row row, slowest = {0};
    int64_t most = -1;
    for (uint64_t i = 0; i < run_files_count(r->run); i++) {
        run_file(r->run, i, &row);
        int64_t took = row.manifested_at.ns - row.arrived_at.ns;
        if (row.manifested_at.ns != NEVER && took > most) {
            most = took;
            slowest = row;
        }
    }
    if (most >= 0) {
        (void)fprintf(out,
                      "  file        %11s from arrival to manifest: ", seconds_text(most).text);
        put_plain(out, slowest.key);
        (void)fputc('\n', out);
    }
}

static void put_slowest_invocation(FILE *out, const struct report *r)
{
    struct invocation_row row, slowest = {0};
    int64_t most = -1;
    uint64_t number = 0;
    for (uint64_t i = 0; i < run_invocations_count(r->run); i++) {
        run_invocation(r->run, i, &row);
        int64_t took = row.ended_at.ns - row.started_at.ns;
        if (row.ended_at.ns != NEVER && took > most) {
            most = took;
            slowest = row;
            number = i + 1;
        }
    }
    if (most >= 0) {
        (void)fprintf(out, "  invocation  %11s: %" PRIu64 " of %s, %" PRId64 " records, %s\n",
                      seconds_text(most).text, number, shown(slowest.function).text,
                      slowest.records, shown(slowest.outcome).text);
    }
}

static void put_slowest_execution(FILE *out, const struct report *r)
{
    struct execution_row row, slowest = {0};
    int64_t most = -1;
    for (uint64_t i = 0; i < run_executions_count(r->run); i++) {
        run_execution(r->run, i, &row);
        int64_t took = row.ended_at.ns - row.started_at.ns;
        if (row.ended_at.ns != NEVER && took > most) {
            most = took;
            slowest = row;
        }
    }
    if (most >= 0) {
        (void)fprintf(out, "  execution   %11s: ", seconds_text(most).text);
        put_plain(out, slowest.manifest);
        (void)fprintf(out, ", %s\n", shown(slowest.status).text);
    }
}

/* ---- What was asked of it. ---- */

static void put_violations(FILE *out, const struct report *r, enum invariant invariant)
{
    enum { SHOWN = 3 };
    struct violation_row row;
    for (uint64_t i = 0; i < SHOWN && report_violation(r, invariant, i, &row); i++) {
        (void)fprintf(out, "          %s  ", clock_text(r, row.at).text);
        put_plain(out, row.subject);
        (void)fputs(": ", out);
        put_plain(out, row.text);
        put_violator(out, &row);
        (void)fputc('\n', out);
    }
    if (r->violations[invariant] > SHOWN) {
        (void)fprintf(out, "          and %" PRIu64 " more\n", r->violations[invariant] - SHOWN);
    }
}

/* How an invariant fared, in a word and in the rest of its line. */
static void put_invariant(FILE *out, const struct report *r, enum invariant invariant)
{
    bool violated = r->violations[invariant] > 0;
    bool wrong = ((r->unexpected | r->missing) >> invariant & 1) != 0 ||
                 (violated && invariant_required(r, invariant));
    bool said = report_says_violates(r);
    (void)fprintf(out, "  %-6s%s %s",
                  wrong               ? "FALSE"
                  : violated && !said ? "no"
                                      : "ok",
                  invariant_name(invariant), invariant_text(invariant));
    if (violated) {
        (void)fputs("; violated ", out);
        put_times(out, r->violations[invariant]);
        (void)fputs(wrong  ? ""
                    : said ? ", as this scenario says"
                           : ", which this scenario allows",
                    out);
    } else if (wrong) {
        (void)fputs("; not violated, though this scenario says so", out);
    }
    (void)fputc('\n', out);
    put_violations(out, r, invariant);
}

/* Those that are required, those that were violated, and those that should have been. */
static void put_invariants(FILE *out, const struct report *r)
{
    uint32_t told = r->found | r->missing | r->scenario->required_invariants;
    if (told == 0 && !report_says_violates(r)) {
        return;
    }
    (void)fputs("\nInvariants:\n", out);
    if (report_says_violates(r)) {
        (void)fprintf(out, "  %-6sviolates exactly: ", report_violates_as_said(r) ? "ok" : "FALSE");
        put_invariant_names(out, r->scenario->violates);
        (void)fputc('\n', out);
    }
    for (unsigned i = 0; i < INVARIANTS_COUNT; i++) {
        if ((told >> i & 1) != 0) {
            put_invariant(out, r, (enum invariant)i);
        }
    }
}

/* All that were reached, in two lines at most; then those that were asked for. */
static void put_goals(FILE *out, const struct report *r)
{
    const char *separator = "\nGoals reached: ";
    for (unsigned i = 0; i < GOALS_COUNT; i++) {
        if (r->goals.reached[i] > 0) {
            (void)fprintf(out, "%s%s", separator, goal_name((enum goal)i));
            separator = ", ";
        }
    }
    (void)fputs(separator[0] == ',' ? "\n" : r->goals.asked != 0 ? "\nGoals:\n" : "", out);
    put_goals_asked(out, &r->goals);
}

/* The query, indented. */
static void put_query(FILE *out, struct text sql)
{
    bool fresh = true;
    for (size_t i = 0; i < sql.size; i++) {
        (void)fputs(fresh ? "          " : "", out);
        (void)fputc(sql.at[i], out);
        fresh = sql.at[i] == '\n';
    }
    (void)fputs(fresh ? "" : "\n", out);
}

static void put_expectations(FILE *out, const struct report *r)
{
    (void)fputs(r->scenario->expectations_count > 0 ? "\nExpectations:\n" : "", out);
    for (uint32_t i = 0; i < r->scenario->expectations_count; i++) {
        const struct expectation_result *result = &r->expectations[i];
        (void)fprintf(out, "  %-6s", result->ok ? "ok" : "FALSE");
        put_plain(out, r->scenario->expectations[i].name);
        if (!result->ok) {
            (void)fputs("; ", out);
            put_observed(out, result);
            (void)fputc('\n', out);
            put_query(out, r->scenario->expectations[i].sql);
        } else {
            (void)fputc('\n', out);
        }
    }
}

/* Each line indented. */
static void put_explanation(FILE *out, const struct report *r)
{
    char room[REPORT_EXPLANATION_MAX];
    struct text text = report_explanation(r, room);
    bool fresh = true;
    (void)fputs(text.size > 0 ? "\nWhat happened:\n" : "", out);
    for (size_t i = 0; i < text.size; i++) {
        (void)fputs(fresh ? "  " : "", out);
        (void)fputc(text.at[i], out);
        fresh = text.at[i] == '\n';
    }
}

static void put_passed(FILE *out, bool passed, bool color)
{
    static const char *const red = "\033[31m", *const green = "\033[32m", *const plain = "\033[0m";
    (void)fprintf(out, "verdict   %s%s%s", color ? (passed ? green : red) : "",
                  passed ? "pass" : "FAIL", color ? plain : "");
}

static void put_verdict(FILE *out, const struct report *r, bool color)
{
    char hash[HASH128_HEX];
    hash128_hex(r->summary.trace_hash, hash);
    (void)fprintf(out, "\ntrace     %s\n", hash);
    if (r->summary.full) {
        (void)fprintf(out, "full      %s\n", shown(r->summary.full_what).text);
    }
    put_passed(out, r->passed, color);
    if (r->expectations_false > 0) {
        (void)fprintf(out, ", %u of %u expectations false", r->expectations_false,
                      r->scenario->expectations_count);
    }
    if (r->invariants_broken > 0) {
        (void)fprintf(out, ", %u of %d required invariants violated", r->invariants_broken,
                      __builtin_popcount(r->scenario->required_invariants));
    }
    if (!report_violates_as_said(r)) {
        (void)fputs(", ", out);
        put_violates_mistake(out, r);
    }
    if (report_goals_missed(&r->goals) != 0) {
        (void)fputs(", ", out);
        put_goals_mistake(out, &r->goals);
    }
    (void)fprintf(out, "\nreplay    %s\n", r->replay);
}

static void begin(struct report_stream *stream)
{
    (void)stream;
}

static void put(FILE *out, const struct report *r, bool color)
{
    put_head(out, r);
    put_figures(out, r);
    put_deviations(out, r);
    put_lock(out, r);
    put_operators(out, r);
    (void)fputs("\nSlowest:\n", out);
    put_slowest_file(out, r);
    put_slowest_invocation(out, r);
    put_slowest_execution(out, r);
    put_invariants(out, r);
    put_goals(out, r);
    put_expectations(out, r);
    put_explanation(out, r);
    put_verdict(out, r, color);
}

static void put_campaign(FILE *out, const struct report_campaign *campaign, bool color)
{
    const struct report_goals *goals = campaign->goals;
    put_plain(out, campaign->title);
    (void)fprintf(out, ", all %" PRIu64 " runs\n\nGoals:\n", goals->runs);
    put_goals_asked(out, goals);
    (void)fputc('\n', out);
    put_passed(out, report_goals_missed(goals) == 0, color);
    (void)fputs(report_goals_missed(goals) != 0 ? ", " : "", out);
    put_goals_mistake(out, goals);
    (void)fputc('\n', out);
}

static void join(struct report_stream *stream, struct text report)
{
    (void)fputs(stream->written > 0 ? "\n----\n\n" : "", stream->out);
    (void)fwrite(report.at, 1, report.size, stream->out);
}

static void end(struct report_stream *stream)
{
    (void)stream;
}

const struct report_format report_text = {"text", begin, put, NULL, put_campaign, join, end};

/* report_json.c: the summary of a run as one JSON object (an array of them for several runs).
 *
 * The fields, their order and nesting are a contract with those who read them: docs/results.md.
 */
#include "tools/report.h"

#include <inttypes.h>

struct count {
    const char *name;
    int64_t value;
};

/* ` "files":      {"arrived": 130, ...},` */
static void put_counts(FILE *out, const char *name, const struct count *counts, size_t size)
{
    (void)fprintf(out, " \"%s\": {", name);
    for (size_t i = 0; i < size; i++) {
        (void)fprintf(out, "%s\"%s\": %" PRId64, i > 0 ? ", " : "", counts[i].name,
                      counts[i].value);
    }
    (void)fputs("},\n", out);
}

#define PUT_COUNTS(out, name, ...)                                                                 \
    put_counts(out, name, (const struct count[]){__VA_ARGS__},                                     \
               sizeof((const struct count[]){__VA_ARGS__}) / sizeof(struct count))

static void put_figures(FILE *out, const struct summary *s)
{
    PUT_COUNTS(out, "files", {"arrived", s->files.arrived}, {"tracked", s->files.tracked},
               {"pending", s->files.pending}, {"manifested", s->files.manifested},
               {"completed", s->files.completed}, {"failed", s->files.failed},
               {"quarantined", s->files.quarantined}, {"lost", s->files.lost},
               {"duplicated", s->files.duplicated});
    PUT_COUNTS(out, "manifests", {"created", s->manifests.created},
               {"objects", s->manifests.objects}, {"overwritten", s->manifests.overwritten},
               {"records", s->manifests.records});
    PUT_COUNTS(out, "executions", {"started", s->executions.started},
               {"succeeded", s->executions.succeeded}, {"failed", s->executions.failed});
    PUT_COUNTS(out, "job_runs", {"started", s->job_runs.started},
               {"succeeded", s->job_runs.succeeded}, {"failed", s->job_runs.failed},
               {"refused", s->job_runs.refused});
    PUT_COUNTS(out, "parquet", {"objects", s->parquet.objects});
    (void)fprintf(out,
                  " \"lock\": {\"acquired\": %" PRId64 ", \"refused\": %" PRId64
                  ", \"taken_over\": %" PRId64 ", \"left_behind\": %" PRId64
                  ", \"longest_block_seconds\": ",
                  s->lock.acquired, s->lock.refused, s->lock.taken_over, s->lock.left_behind);
    put_seconds(out, s->lock.longest_block.ns);
    (void)fputs("},\n", out);
}

/* Seconds since the start; null for never. */
static void put_at(FILE *out, const struct report *r, struct instant at)
{
    if (at.ns == NEVER) {
        (void)fputs("null", out);
    } else {
        put_seconds(out, at.ns - r->scenario->start.ns);
    }
}

static void put_peak(FILE *out, const struct report *r, const char *name, int64_t milli,
                     struct instant at)
{
    (void)fprintf(out, ", \"%s\": {\"units\": ", name);
    put_units(out, milli);
    (void)fputs(", \"at_seconds\": ", out);
    put_at(out, r, at);
    (void)fputc('}', out);
}

/* What the table and its index were used for, each an object. */
static void put_capacity(FILE *out, const struct report *r)
{
    (void)fputs(" \"capacity\": [", out);
    for (uint64_t i = 0; i < run_capacities_count(r->run); i++) {
        struct capacity_row row;
        run_capacity(r->run, i, &row);
        (void)fputs(i > 0 ? ",\n  {\"resource\": " : "\n  {\"resource\": ", out);
        put_json(out, row.resource);
        (void)fputs(", \"read_units\": ", out);
        put_units(out, row.rcu_milli);
        (void)fputs(", \"write_units\": ", out);
        put_units(out, row.wcu_milli);
        (void)fprintf(out, ", \"throttled_reads\": %" PRId64 ", \"throttled_writes\": %" PRId64,
                      row.throttled_reads, row.throttled_writes);
        put_peak(out, r, "peak_read", row.peak_rcu_milli, row.peak_read_at);
        put_peak(out, r, "peak_write", row.peak_wcu_milli, row.peak_write_at);
        (void)fputs(", \"saturates_at_seconds\": ", out);
        put_at(out, r, row.saturated_at);
        (void)fputc('}', out);
    }
    (void)fputs("],\n", out);
}

static void put_requests(FILE *out, const struct summary *s)
{
    PUT_COUNTS(out, "table_requests", {"made", s->table_requests.made},
               {"throttled", s->table_requests.throttled}, {"retried", s->table_requests.retried},
               {"given_up", s->table_requests.given_up});
}

/* Dollars. */
static void put_cost(FILE *out, const struct cost *c)
{
    (void)fputs(" \"cost_usd\": {\"on_demand\": ", out);
    put_dollars(out, c->on_demand);
    (void)fputs(", \"provisioned\": ", out);
    put_dollars(out, c->provisioned);
    (void)fprintf(out,
                  ", \"read_units\": %" PRId64 ", \"write_units\": %" PRId64 ", \"hours\": %" PRId64
                  ", \"storage_month\": ",
                  c->rcu, c->wcu, c->hours);
    put_dollars(out, c->storage_month);
    (void)fputs("},\n", out);
}

static void put_violation(FILE *out, const struct report *r, const struct violation_row *row)
{
    (void)fprintf(out, "{\"invariant\": \"%s\", \"required\": %s, \"at_seconds\": ",
                  invariant_name(row->invariant),
                  invariant_required(r, row->invariant) ? "true" : "false");
    put_seconds(out, row->at.ns - r->scenario->start.ns);
    (void)fputs(", \"subject\": ", out);
    put_json(out, row->subject);
    (void)fputs(", \"text\": ", out);
    put_json(out, row->text);
    if (row->process.size > 0) {
        (void)fputs(", \"process\": ", out);
        put_json(out, row->process);
        (void)fprintf(out, ", \"parent\": %" PRId64 ", \"ordinal\": %" PRId64 ", \"point\": ",
                      row->parent, row->ordinal);
        put_json(out, row->point);
        (void)fputs(", \"operation\": ", out);
        put_json(out, row->operation);
    }
    (void)fputc('}', out);
}

static void put_violations(FILE *out, const struct report *r)
{
    uint64_t count = run_violations_count(r->run);
    (void)fputs(" \"violations\": [", out);
    for (uint64_t i = 0; i < count; i++) {
        struct violation_row row;
        run_violation(r->run, i, &row);
        (void)fputs(i > 0 ? ",\n  " : "\n  ", out);
        put_violation(out, r, &row);
    }
    (void)fputs("],\n", out);
}

static void put_names(FILE *out, uint32_t bits)
{
    const char *separator = "";
    (void)fputc('[', out);
    for (unsigned i = 0; i < INVARIANTS_COUNT; i++) {
        if ((bits >> i & 1) != 0) {
            (void)fprintf(out, "%s\"%s\"", separator, invariant_name((enum invariant)i));
            separator = ", ";
        }
    }
    (void)fputc(']', out);
}

/* What must be violated (null: nothing is said), what was, and whether it is the same. */
static void put_violates(FILE *out, const struct report *r)
{
    (void)fputs(" \"violates\": {\"said\": ", out);
    if (report_says_violates(r)) {
        put_names(out, r->scenario->violates);
    } else {
        (void)fputs("null", out);
    }
    (void)fputs(", \"found\": ", out);
    put_names(out, r->found);
    (void)fprintf(out, ", \"ok\": %s},\n", report_violates_as_said(r) ? "true" : "false");
}

static void put_expectations(FILE *out, const struct report *r)
{
    (void)fputs(" \"expectations\": [", out);
    for (uint32_t i = 0; i < r->scenario->expectations_count; i++) {
        (void)fputs(i > 0 ? ", {\"name\": " : "{\"name\": ", out);
        put_json(out, r->scenario->expectations[i].name);
        (void)fprintf(out, ", \"ok\": %s}", r->expectations[i].ok ? "true" : "false");
    }
    (void)fputs("],\n", out);
}

/* What an operator ran, only where one did. */
static void put_operators(FILE *out, const struct report *r)
{
    uint64_t count = run_operator_runs_count(r->run);
    for (uint64_t i = 0; i < count; i++) {
        struct operator_run_row row;
        run_operator_run(r->run, i, &row);
        (void)fputs(i > 0 ? ",\n  {\"run\": " : " \"operator_runs\": [\n  {\"run\": ", out);
        put_json(out, row.arguments);
        (void)fputs(", \"started_at_seconds\": ", out);
        put_at(out, r, row.started_at);
        (void)fputs(", \"ended_at_seconds\": ", out);
        put_at(out, r, row.ended_at);
        (void)fputs(", \"exit_status\": ", out);
        if (row.ended_at.ns == NEVER) {
            (void)fputs("null", out);
        } else {
            (void)fprintf(out, "%" PRId64, row.exit_status);
        }
        (void)fputs(", \"output\": ", out);
        put_json(out, row.output);
        (void)fputs(i + 1 < count ? "}" : "}],\n", out);
    }
}

/* Each fault that struck, in words: "kill manifest_builder[2.7] at PUT_MANIFEST"; then those that
 * never did. */
static void put_deviations(FILE *out, const struct report *r)
{
    uint64_t count = run_deviations_count(r->run);
    bool first = true;
    char text[REPORT_DEVIATION_MAX];
    (void)fputs(" \"deviations\": [", out);
    for (uint64_t i = 0; i < count; i++) {
        (void)fputs(first ? "" : ", ", out);
        put_json(out, report_deviation(r, i, text));
        first = false;
    }
    for (uint64_t i = 0; i < r->scenario->faults_count; i++) {
        struct text words = report_unreached(r, i, text);
        if (words.size > 0) {
            (void)fputs(first ? "" : ", ", out);
            put_json(out, words);
            first = false;
        }
    }
    (void)fputs("]", out);
}

/* The first violation, and the facts that led to it. */
static void put_explanation(FILE *out, const struct report *r)
{
    const struct explanation *e = r->explanation;
    (void)fprintf(out, ",\n \"explanation\": {\"invariant\": \"%s\", \"at_seconds\": ",
                  invariant_name(e->violation.invariant));
    put_at(out, r, e->violation.at);
    (void)fputs(", \"subject\": ", out);
    put_json(out, e->violation.subject);
    (void)fputs(", \"text\": ", out);
    put_json(out, e->violation.text);
    (void)fprintf(out, ", \"facts_left_out\": %" PRIu32 ", \"facts\": [", e->facts_left_out);
    for (uint32_t i = 0; i < e->facts_count; i++) {
        (void)fputs(i > 0 ? ",\n  {\"at_seconds\": " : "\n  {\"at_seconds\": ", out);
        put_at(out, r, e->facts[i].at);
        (void)fputs(", \"text\": ", out);
        put_json(out, text_from(e->facts[i].text));
        (void)fputc('}', out);
    }
    (void)fputs("],\n  \"ending\": ", out);
    put_json(out, text_from(e->ending));
    (void)fputc('}', out);
}

/* null where nothing was drawn: the default choices, or recorded ones. */
static void put_seed(FILE *out, const struct report *r)
{
    if (r->strategy == CHOICE_SEEDED) {
        (void)fprintf(out, ", \"seed\": %" PRIu64, r->seed);
    } else {
        (void)fputs(", \"seed\": null", out);
    }
}

static void begin(struct report_stream *stream)
{
    (void)fputs(stream->list ? "[\n" : "", stream->out);
}

static void put(FILE *out, const struct report *r, bool color)
{
    (void)color;
    char hash[HASH128_HEX];
    hash128_hex(r->summary.trace_hash, hash);
    (void)fputs("{\"scenario\": ", out);
    put_json(out, r->scenario->name);
    (void)fputs(", \"case\": ", out);
    put_json_or_null(out, r->scenario->case_name);
    (void)fputs(", \"file\": ", out);
    put_json(out, r->file);
    put_seed(out, r);
    (void)fprintf(out, ", \"trace_hash\": \"%s\", \"verdict\": \"%s\",\n", hash,
                  r->passed ? "pass" : "fail");
    (void)fputs(" \"simulated_seconds\": ", out);
    put_seconds(out, r->summary.simulated_ns);
    (void)fprintf(out, ", \"events\": %" PRId64 ",\n", r->summary.events);
    put_figures(out, &r->summary);
    put_capacity(out, r);
    put_requests(out, &r->summary);
    put_cost(out, &r->summary.cost);
    put_violates(out, r);
    put_goals_json(out, &r->goals);
    (void)fputs(",\n", out);
    put_operators(out, r);
    put_violations(out, r);
    put_expectations(out, r);
    put_deviations(out, r);
    if (r->explanation != NULL) {
        put_explanation(out, r);
    }
    (void)fputc('}', out);
}

static void put_failure(FILE *out, const struct report_failure *failure)
{
    (void)fputs("{\"scenario\": ", out);
    put_json(out, failure->title);
    (void)fputs(", \"file\": ", out);
    put_json(out, failure->file);
    (void)fputs(", \"verdict\": \"error\", \"message\": ", out);
    put_json(out, failure->message);
    (void)fputc('}', out);
}

static void put_campaign(FILE *out, const struct report_campaign *campaign, bool color)
{
    (void)color;
    (void)fputs("{\"scenario\": ", out);
    put_json(out, campaign->title);
    (void)fputs(", \"file\": ", out);
    put_json(out, campaign->file);
    (void)fprintf(out, ", \"verdict\": \"%s\", \"runs\": %" PRIu64 ",\n",
                  report_goals_missed(campaign->goals) == 0 ? "pass" : "fail",
                  campaign->goals->runs);
    put_goals_json(out, campaign->goals);
    (void)fputc('}', out);
}

static void join(struct report_stream *stream, struct text report)
{
    (void)fputs(stream->written > 0 ? ",\n" : "", stream->out);
    (void)fwrite(report.at, 1, report.size, stream->out);
}

static void end(struct report_stream *stream)
{
    (void)fputs(stream->list ? "\n]\n" : "\n", stream->out);
}

const struct report_format report_json = {"json", begin, put, put_failure, put_campaign, join, end};

/* replay_story.c: see replay_story.h. */
#include "tools/replay_story.h"

#include "model/pipeline/run.h"
#include "sim/memory.h"
#include "tools/version.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    FAULTS_TOLD = 20,
    VIOLATIONS_TOLD = 10,
    CALLS_BEFORE = 2,
    CALLS_AFTER = 3,
    ENTRIES_MAX =
        EXPLANATION_FACTS_MAX + VIOLATIONS_TOLD + FAULTS_TOLD * (1 + CALLS_BEFORE + CALLS_AFTER)
};

/* Room for the instants of so many events; untouched, it costs nothing. */
static const uint64_t events_max = UINT64_C(1) << 31;

enum entry_kind { ENTRY_FACT, ENTRY_FAULT, ENTRY_VIOLATION };

struct entry {
    struct instant at;
    uint64_t event; /* THE_END: behind the last one */
    enum entry_kind kind;
    uint32_t order; /* as they were found: the last word on which comes first */
    char text[EXPLANATION_TEXT_MAX];
};

#define THE_END UINT64_MAX

struct story {
    int64_t *instants; /* of event i + 1 */
    uint64_t events;
    uint64_t faults[FAULTS_TOLD], violations[VIOLATIONS_TOLD]; /* events */
    uint64_t faults_count, violations_count;
    struct entry entries[ENTRIES_MAX];
    uint32_t entries_count;
    struct text_writer writer; /* of the entry under way */
};

struct story *story_create(struct error *error)
{
    struct story *s = calloc(1, sizeof *s);
    if (s != NULL) {
        s->instants = memory_reserve(events_max * sizeof *s->instants);
    }
    if (s == NULL || s->instants == NULL) {
        (void)error_set(error, STATUS_NO_MEMORY, "out of memory for the story");
        free(s);
        return NULL;
    }
    return s;
}

void story_destroy(struct story *s)
{
    if (s != NULL) {
        memory_release(s->instants, events_max * sizeof *s->instants);
        free(s);
    }
}

static void note_rising(uint64_t *events, uint64_t *count, uint64_t most, uint64_t now,
                        uint64_t event)
{
    while (*count < now && *count < most) {
        events[(*count)++] = event;
    }
}

void story_note(struct story *s, const struct run *run)
{
    uint64_t event = run_events(run);
    if (event == s->events || event > events_max) {
        return;
    }
    s->instants[event - 1] = run_now(run).ns;
    s->events = event;
    note_rising(s->faults, &s->faults_count, FAULTS_TOLD, run_deviations_count(run), event);
    note_rising(s->violations, &s->violations_count, VIOLATIONS_TOLD, run_violations_count(run),
                event);
}

/* ---- Entries. ---- */

/* The last event that is not later. */
static uint64_t event_at(const struct story *s, struct instant at)
{
    uint64_t first = 0;
    uint64_t behind = s->events;
    while (first < behind) {
        uint64_t middle = first + (behind - first) / 2;
        if (s->instants[middle] <= at.ns) {
            first = middle + 1;
        } else {
            behind = middle;
        }
    }
    return first;
}

static struct text_writer *begin(struct story *s)
{
    struct entry *entry = &s->entries[s->entries_count];
    s->writer = text_writer(entry->text, sizeof entry->text);
    return &s->writer;
}

/* Keeps the entry that has been written, unless it is there already. */
static void add(struct story *s, enum entry_kind kind, struct instant at, uint64_t event)
{
    struct entry *entry = &s->entries[s->entries_count];
    (void)text_writer_string(&s->writer);
    for (uint32_t i = 0; i < s->entries_count; i++) {
        if (s->entries[i].at.ns == at.ns && strcmp(s->entries[i].text, entry->text) == 0) {
            return;
        }
    }
    ASSERT(s->entries_count + 1 < ENTRIES_MAX + 1);
    entry->at = at;
    entry->event = event;
    entry->kind = kind;
    entry->order = s->entries_count++;
}

static void tell_call(struct story *s, const struct run *run, uint64_t i)
{
    struct call_row call;
    run_call(run, i, &call);
    struct instant at = call.effect_at.ns != NEVER ? call.effect_at : call.sent_at;
    explanation_put_call(&call, begin(s));
    add(s, ENTRY_FACT, at, event_at(s, at));
}

static bool is_caller(const struct call_row *call, const struct deviation_row *d)
{
    return text_equal(call->caller, d->process) && call->caller_parent == d->parent &&
           call->caller_ordinal == d->ordinal;
}

/* What the process that was struck had called just before, and what it calls then. */
static void tell_calls_around(struct story *s, const struct run *run, const struct deviation_row *d)
{
    uint64_t before[CALLS_BEFORE];
    uint64_t before_count = 0;
    uint64_t after_count = 0;
    for (uint64_t i = 0; i < run_calls_count(run) && after_count < CALLS_AFTER; i++) {
        struct call_row call;
        run_call(run, i, &call);
        if (!is_caller(&call, d)) {
            continue;
        }
        if (call.sent_at.ns < d->at.ns) {
            before[before_count++ % CALLS_BEFORE] = i;
            continue;
        }
        for (uint64_t b = before_count < CALLS_BEFORE ? 0 : before_count - CALLS_BEFORE;
             after_count == 0 && b < before_count; b++) {
            tell_call(s, run, before[b % CALLS_BEFORE]);
        }
        tell_call(s, run, i);
        after_count++;
    }
    for (uint64_t b = before_count < CALLS_BEFORE ? 0 : before_count - CALLS_BEFORE;
         after_count == 0 && b < before_count; b++) {
        tell_call(s, run, before[b % CALLS_BEFORE]);
    }
}

static void tell_faults(struct story *s, const struct run *run)
{
    for (uint64_t i = 0; i < s->faults_count; i++) {
        struct deviation_row d;
        run_deviation(run, i, &d);
        explanation_put_deviation(&d, begin(s));
        add(s, ENTRY_FAULT, d.at, s->faults[i]);
        tell_calls_around(s, run, &d);
    }
}

static void tell_violations(struct story *s, const struct report *r)
{
    for (uint64_t i = 0; i < run_violations_count(r->run) && i < VIOLATIONS_TOLD; i++) {
        struct violation_row row;
        char room[REPORT_DEVIATION_MAX];
        run_violation(r->run, i, &row);
        struct text_writer *w = begin(s);
        text_put(w, text_from(invariant_name(row.invariant)));
        text_put(w, TEXT(" is violated: "));
        text_put(w, row.text);
        text_put(w, TEXT(": "));
        text_put(w, row.subject);
        struct text who = report_violator(&row, room);
        text_put(w, who.size > 0 ? TEXT(", by ") : TEXT(""));
        text_put(w, who);
        bool early = i < s->violations_count;
        add(s, ENTRY_VIOLATION, early ? row.at : r->summary.ended_at,
            early ? s->violations[i] : THE_END);
    }
}

static void tell_explanation(struct story *s, const struct report *r)
{
    const struct explanation *e = r->explanation;
    for (uint32_t i = 0; e != NULL && i < e->facts_count; i++) {
        text_put(begin(s), text_from(e->facts[i].text));
        add(s, ENTRY_FACT, e->facts[i].at, event_at(s, e->facts[i].at));
    }
}

/* By event, hence by time; of one event facts first, then what struck, then what was violated. */
static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left;
    const struct entry *b = right;
    if (a->event != b->event) {
        return a->event < b->event ? -1 : 1;
    }
    if (a->kind != b->kind) {
        return a->kind < b->kind ? -1 : 1;
    }
    return a->order < b->order ? -1 : 1;
}

/* Faults first, so that they are told as such where the explanation has them, too. */
static void gather(struct story *s, const struct report *r)
{
    s->entries_count = 0;
    tell_faults(s, r->run);
    tell_explanation(s, r);
    tell_violations(s, r);
    qsort(s->entries, s->entries_count, sizeof s->entries[0], compare_entries);
}

/* ---- Telling. ---- */

static uint64_t faults_applied(const struct report *r)
{
    uint64_t applied = 0;
    for (uint64_t i = 0; i < run_faults_count(r->run); i++) {
        struct fault_row row;
        run_fault(r->run, i, &row);
        applied += row.struck > 0;
    }
    return applied;
}

/* "2 of 3 faults applied: manifest_builder at PUT_MANIFEST was not reached" */
static void put_applied(FILE *out, const struct report *r)
{
    uint64_t count = run_faults_count(r->run);
    const char *separator = ": ";
    if (count == 0) {
        (void)fputs("no faults\n", out);
        return;
    }
    (void)fprintf(out, "%" PRIu64 " of %" PRIu64 " faults applied", faults_applied(r), count);
    for (uint64_t i = 0; i < count; i++) {
        struct fault_row row;
        run_fault(r->run, i, &row);
        if (row.struck > 0) {
            continue;
        }
        (void)fputs(separator, out);
        put_plain(out, row.process);
        (void)fputs(" at ", out);
        put_plain(out, row.point);
        (void)fputs(row.reached > 0 ? " was reached " : " was not reached", out);
        if (row.reached > 0) {
            put_times(out, (uint64_t)row.reached);
            (void)fputs(", and not struck", out);
        }
        separator = "; ";
    }
    (void)fputc('\n', out);
}

static void put_entry(FILE *out, const struct report *r, const struct entry *e)
{
    static const char marks[] = {
        [ENTRY_FACT] = ' ',
        [ENTRY_FAULT] = '*',
        [ENTRY_VIOLATION] = '!',
    };
    if (e->event == THE_END) {
        (void)fputs("    end", out);
    } else {
        (void)fprintf(out, "%7" PRIu64, e->event);
    }
    (void)fprintf(out, "  %13s  %c ", clock_text(r, e->at).text, marks[e->kind]);
    put_plain(out, text_from(e->text));
    (void)fputc('\n', out);
}

static void put_rest(FILE *out, uint64_t count, uint64_t told, const char *what)
{
    if (count > told) {
        (void)fprintf(out, "  and %" PRIu64 " more %s\n", count - told, what);
    }
}

static void put_end(FILE *out, const struct report *r)
{
    char hash[HASH128_HEX];
    hash128_hex(r->summary.trace_hash, hash);
    if (r->explanation != NULL) {
        (void)fputs("\nIn the end: ", out);
        put_plain(out, text_from(r->explanation->ending));
        (void)fputs(".\n", out);
    }
    (void)fprintf(out, "\ntrace     %s, %" PRId64 " events\n", hash, r->summary.events);
    (void)fprintf(out, "verdict   %s\n", r->passed ? "pass" : "FAIL");
    (void)fprintf(out, "again     %s\n", r->replay);
}

void story_put(struct story *s, FILE *out, const struct report *r)
{
    char room[REPORT_TITLE_MAX];
    gather(s, r);
    put_plain(out, report_title(r, room));
    (void)fprintf(out, "\n  lockstep %s\n  ", version_text());
    put_applied(out, r);
    (void)fputs(s->entries_count > 0 ? "\n  event           time\n" : "", out);
    for (uint32_t i = 0; i < s->entries_count; i++) {
        put_entry(out, r, &s->entries[i]);
    }
    put_rest(out, run_deviations_count(r->run), s->faults_count, "faults that struck");
    put_rest(out, run_violations_count(r->run), VIOLATIONS_TOLD, "violations");
    put_end(out, r);
}

static void put_faults_json(FILE *out, const struct report *r)
{
    (void)fprintf(out, " \"faults_applied\": %" PRIu64 ",\n \"faults\": [", faults_applied(r));
    for (uint64_t i = 0; i < run_faults_count(r->run); i++) {
        struct fault_row row;
        run_fault(r->run, i, &row);
        (void)fputs(i > 0 ? ",\n  {\"fault\": " : "\n  {\"fault\": ", out);
        put_json(out, row.fault);
        (void)fputs(", \"process\": ", out);
        put_json(out, row.process);
        (void)fputs(", \"point\": ", out);
        put_json(out, row.point);
        (void)fprintf(out, ", \"reached\": %" PRId64 ", \"struck\": %" PRId64 "}", row.reached,
                      row.struck);
    }
    (void)fputs("],\n", out);
}

static void put_entry_json(FILE *out, const struct report *r, const struct entry *e)
{
    static const char *const kinds[] = {
        [ENTRY_FACT] = "fact",
        [ENTRY_FAULT] = "fault",
        [ENTRY_VIOLATION] = "violation",
    };
    if (e->event == THE_END) {
        (void)fputs("{\"event\": null, \"at\": ", out);
    } else {
        (void)fprintf(out, "{\"event\": %" PRIu64 ", \"at\": ", e->event);
    }
    put_seconds(out, e->at.ns - r->scenario->start.ns);
    (void)fprintf(out, ", \"kind\": \"%s\", \"text\": ", kinds[e->kind]);
    put_json(out, text_from(e->text));
    (void)fputc('}', out);
}

void story_put_json(struct story *s, FILE *out, const struct report *r)
{
    char hash[HASH128_HEX];
    hash128_hex(r->summary.trace_hash, hash);
    gather(s, r);
    (void)fputs("{\"scenario\": ", out);
    put_json(out, r->scenario->name);
    (void)fputs(", \"case\": ", out);
    put_json_or_null(out, r->scenario->case_name);
    (void)fprintf(out,
                  ",\n \"version\": \"%s\", \"trace_hash\": \"%s\", \"verdict\": \"%s\", "
                  "\"events\": %" PRId64 ",\n",
                  version_text(), hash, r->passed ? "pass" : "fail", r->summary.events);
    put_faults_json(out, r);
    (void)fputs(" \"story\": [", out);
    for (uint32_t i = 0; i < s->entries_count; i++) {
        (void)fputs(i > 0 ? ",\n  " : "\n  ", out);
        put_entry_json(out, r, &s->entries[i]);
    }
    (void)fprintf(out,
                  "],\n \"violations\": %" PRIu64 ",\n \"replay\": ", run_violations_count(r->run));
    put_json(out, text_from(r->replay));
    (void)fputs("}\n", out);
}

/* replay_breaks.c: see replay_breaks.h. */
#include "tools/replay_breaks.h"

#include "sim/unicode.h"
#include "tools/attempt.h"
#include "tools/suggest.h"

#include <inttypes.h>

/* ---- Counting. ---- */

struct item_watch {
    const struct replay *r;
    struct text key;
    bool written;
};

static bool contains(struct text whole, struct text part)
{
    for (size_t i = 0; i + part.size <= whole.size; i++) {
        if (memcmp(whole.at + i, part.at, part.size) == 0) {
            return true;
        }
    }
    return false;
}

static void look_at_change(void *self, struct item before, struct item now)
{
    struct item_watch *w = self;
    char key[4096];
    struct text_writer writer = text_writer(key, sizeof key);
    run_put_item_key(w->r->run, now.bytes.size > 0 ? now : before, &writer);
    w->written |= contains(text_written(&writer), w->key);
}

static uint64_t count_violations(const struct replay *r, uint32_t invariants)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < run_violations_count(r->run); i++) {
        struct violation_row row;
        run_violation(r->run, i, &row);
        count += invariants >> row.invariant & 1;
    }
    return count;
}

static uint64_t count_faults(const struct replay *r)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < run_faults_count(r->run); i++) {
        struct fault_row row;
        run_fault(r->run, i, &row);
        count += (uint64_t)row.struck;
    }
    return count;
}

static uint64_t count_of(const struct replay *r, const struct breakpoint *b)
{
    switch (b->kind) {
    case BREAK_POINT:
        return run_point_reached(r->run, b->point);
    case BREAK_PROCESS:
        return run_process_state(r->run, &b->process);
    case BREAK_VIOLATION:
        return count_violations(r, b->invariants);
    case BREAK_FAULT:
        return count_faults(r);
    case BREAK_ITEM:
        break;
    }
    return 0;
}

static void note_counts(void *self)
{
    struct replay *r = self;
    for (size_t i = 0; i < BREAKS_MAX; i++) {
        if (r->breaks[i].number != 0) {
            r->breaks[i].before = count_of(r, &r->breaks[i]);
        }
    }
}

static bool is_hit(struct replay *r, const struct breakpoint *b)
{
    if (b->kind == BREAK_ITEM) {
        struct item_watch watch = {.r = r, .key = text_from(b->key)};
        time_machine_each_change(r->machine, look_at_change, &watch);
        return watch.written;
    }
    return count_of(r, b) != b->before;
}

/* An interrupt stops the search, too. */
static bool note_hits(void *self)
{
    struct replay *r = self;
    bool any = false;
    for (size_t i = 0; i < BREAKS_MAX; i++) {
        struct breakpoint *b = &r->breaks[i];
        b->hit = b->number != 0 && is_hit(r, b);
        any |= b->hit;
    }
    return any || attempt_interrupted();
}

struct time_machine_watch breaks_watch(struct replay *r)
{
    return (struct time_machine_watch){note_counts, note_hits, r};
}

bool breaks_are_there(const struct replay *r)
{
    for (size_t i = 0; i < BREAKS_MAX; i++) {
        if (r->breaks[i].number != 0) {
            return true;
        }
    }
    return false;
}

void breaks_put_hits(const struct replay *r)
{
    for (size_t i = 0; i < BREAKS_MAX; i++) {
        const struct breakpoint *b = &r->breaks[i];
        if (b->number != 0 && b->hit) {
            (void)fprintf(r->out, "breakpoint %" PRIu32 ": %s\n", b->number, b->text);
        }
    }
}

/* ---- Commands. ---- */

static enum status parse_key(struct breakpoint *b, struct text argument, struct error *error)
{
    if (argument.size == 0 || argument.size >= sizeof b->key) {
        return error_set(error, STATUS_BAD_INPUT,
                         "which item? write a part of its key: item LOCK#");
    }
    memcpy(b->key, argument.at, argument.size);
    return STATUS_OK;
}

static enum status parse_invariant(struct breakpoint *b, struct text argument, struct error *error)
{
    if (argument.size == 0) {
        b->invariants = UINT32_MAX;
        return STATUS_OK;
    }
    for (unsigned i = 0; i < INVARIANTS_COUNT; i++) {
        if (text_equal(argument, text_from(invariant_name((enum invariant)i)))) {
            b->invariants = 1U << i;
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_BAD_INPUT, "%s: no such invariant", shown(argument).text);
}

static enum status parse_nothing(struct breakpoint *b, struct text argument, struct error *error)
{
    (void)b;
    return argument.size == 0
               ? STATUS_OK
               : error_set(error, STATUS_BAD_INPUT, "a fault is not told by name: break fault");
}

static enum status parse_point(struct breakpoint *b, struct text argument, struct error *error)
{
    return point_place_parse(argument, &b->point, error);
}

static enum status parse_process(struct breakpoint *b, struct text argument, struct error *error)
{
    return process_name_parse(argument, &b->process, error);
}

static const struct {
    const char *word;
    enum status (*parse)(struct breakpoint *b, struct text argument, struct error *error);
} kinds[] = {
    [BREAK_POINT] = {"point",     parse_point    },
      [BREAK_PROCESS] = {"process",   parse_process  },
    [BREAK_ITEM] = {"item",      parse_key      },
      [BREAK_VIOLATION] = {"violation", parse_invariant},
    [BREAK_FAULT] = {"fault",     parse_nothing  },
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static enum status parse(struct breakpoint *b, struct text argument, struct error *error)
{
    struct text rest = argument;
    struct text word = take_word(&rest);
    struct suggestion near = suggestion(word);
    for (size_t i = 0; i < KINDS; i++) {
        if (text_equal(word, text_from(kinds[i].word))) {
            b->kind = (enum break_kind)i;
            return kinds[i].parse(b, rest, error);
        }
        suggestion_offer(&near, text_from(kinds[i].word));
    }
    return error_set(error, STATUS_BAD_INPUT,
                     "break at what? point, process, item, violation or fault%s",
                     suggestion_text(&near).text);
}

static struct breakpoint *free_place(struct replay *r)
{
    size_t i = 0;
    while (i < BREAKS_MAX && r->breaks[i].number != 0) {
        i++;
    }
    return i < BREAKS_MAX ? &r->breaks[i] : NULL;
}

enum status breaks_add(struct replay *r, struct text argument, struct error *error)
{
    struct breakpoint b = {.number = r->breaks_made + 1};
    struct breakpoint *place = free_place(r);
    if (place == NULL || argument.size >= sizeof b.text) {
        return error_set(error, STATUS_BAD_INPUT,
                         place == NULL ? "there are too many breakpoints" : "that is too long");
    }
    enum status status = parse(&b, argument, error);
    if (status != STATUS_OK) {
        return status;
    }
    memcpy(b.text, argument.at, argument.size);
    utf8_sanitize(b.text);
    *place = b;
    r->breaks_made++;
    (void)fprintf(r->out, "breakpoint %" PRIu32 ": %s\n", b.number, b.text);
    return STATUS_OK;
}

enum status breaks_list(struct replay *r, struct text argument, struct error *error)
{
    (void)argument;
    (void)error;
    for (size_t i = 0; i < BREAKS_MAX; i++) {
        if (r->breaks[i].number != 0) {
            (void)fprintf(r->out, "%4" PRIu32 "  %s\n", r->breaks[i].number, r->breaks[i].text);
        }
    }
    if (!breaks_are_there(r)) {
        (void)fputs("no breakpoints\n", r->out);
    }
    return STATUS_OK;
}

enum status breaks_delete(struct replay *r, struct text argument, struct error *error)
{
    uint64_t number;
    if (!parse_count(argument, &number)) {
        return error_set(error, STATUS_BAD_INPUT, "which breakpoint? write its number");
    }
    for (size_t i = 0; i < BREAKS_MAX; i++) {
        if (number > 0 && r->breaks[i].number == number) {
            r->breaks[i] = (struct breakpoint){0};
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_BAD_INPUT, "there is no breakpoint %" PRIu64, number);
}

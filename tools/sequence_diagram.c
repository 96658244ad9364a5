/* sequence_diagram.c: see sequence_diagram.h. */
#include "tools/sequence_diagram.h"

#include "sim/unicode.h"
#include "tools/page.h"
#include "tools/report.h"

#include <inttypes.h>

/* In pixels. */
enum {
    ROW = 32,
    PAUSE = 26,
    LANE = 126,
    CLOCKS = 88,
    LOCKS = 34,
    TOP = 58,
    BOTTOM = 18,
    LETTER = 7, /* a letter's width, on the safe side */
    WIDTH_LEAST = 720
};

/* A pause that is written between two rows. */
static const int64_t pause_least_ns = 10 * NS_PER_S;

enum { SERVICES_MAX = 12, LANES_MAX = TIMELINE_PROCESSES_MAX + SERVICES_MAX };

struct drawing {
    FILE *out;
    const struct timeline *timeline;
    struct instant start;
    uint32_t services_count;
    struct text services[SERVICES_MAX];
    int y[TIMELINE_ITEMS_MAX];
    int left, width, height;
};

/* --- places
 * -----------------------------------------------------------------------------------------------
 */

static int32_t service_lane(const struct drawing *d, struct text service)
{
    for (uint32_t i = 0; i < d->services_count; i++) {
        if (text_equal(d->services[i], service)) {
            return (int32_t)(d->timeline->processes_count + i);
        }
    }
    return -1;
}

static uint32_t lanes_count(const struct drawing *d)
{
    return d->timeline->processes_count + d->services_count;
}

static int lane_x(const struct drawing *d, int32_t lane)
{
    return d->left + lane * LANE + LANE / 2;
}

static bool pauses(const struct drawing *d, uint32_t i)
{
    const struct timeline_item *items = d->timeline->items;
    return i > 0 && items[i].from.ns - items[i - 1].at.ns >= pause_least_ns;
}

/* Where an instant lies: at its item's row, else just before the next one's. */
static int y_at(const struct drawing *d, struct instant at)
{
    for (uint32_t i = 0; i < d->timeline->items_count; i++) {
        const struct timeline_item *item = &d->timeline->items[i];
        if (item->at.ns >= at.ns) {
            return item->from.ns <= at.ns ? d->y[i] : d->y[i] - ROW / 2;
        }
    }
    return d->height - BOTTOM;
}

static void lay_out(struct drawing *d)
{
    const struct timeline *s = d->timeline;
    int y = TOP;
    for (uint32_t i = 0; i < s->items_count; i++) {
        struct text service = s->items[i].service;
        if (service.size > 0 && service_lane(d, service) < 0 && d->services_count < SERVICES_MAX) {
            d->services[d->services_count++] = service;
        }
        y += ROW + (pauses(d, i) ? PAUSE : 0);
        d->y[i] = y;
    }
    d->left = CLOCKS + (s->tenures_count > 0 ? LOCKS : 0);
    d->width = d->left + (int)lanes_count(d) * LANE;
    d->width = d->width < WIDTH_LEAST ? WIDTH_LEAST : d->width;
    d->height = y + ROW / 2 + BOTTOM;
}

/* --- shapes
 * -----------------------------------------------------------------------------------------------
 */

static void put_rectangle(const struct drawing *d, const char *class, int x, int y, int width,
                          int height)
{
    (void)fprintf(d->out,
                  "<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\"/>\n",
                  class, x, y, width, height < 1 ? 1 : height);
}

static void put_line(const struct drawing *d, const char *class, int x0, int x1, int y)
{
    (void)fprintf(d->out, "<path class=\"%s\" d=\"M%d %dH%d\"/>\n", class, x0, y, x1);
}

/* The first `most` characters, with a mark where there are more. */
static void put_cut(FILE *out, struct text text, int most)
{
    size_t at = 0;
    for (int i = 0; i < most && at < text.size; i++) {
        size_t size = utf8_character((struct text){text.at + at, text.size - at});
        at += size == 0 ? 1 : size;
    }
    put_html(out, (struct text){text.at, at});
    (void)fputs(at < text.size ? "\xE2\x80\xA6" : "", out);
}

/* The class says what of the text is at x (page.c): e its end, m its middle, else its start. */
static void put_label(const struct drawing *d, const char *class, int x, int y, struct text text,
                      int width)
{
    (void)fprintf(d->out, "<text class=\"%s\" x=\"%d\" y=\"%d\">", class, x, y);
    put_cut(d->out, text, width / LETTER);
    (void)fputs("</text>\n", d->out);
}

/* A sentence that begins at x, or further left where it would not fit. */
static void put_sentence(const struct drawing *d, const char *class, int x, int y, struct text text)
{
    int width = (int)text.size * LETTER;
    int most = d->width - 6 - d->left;
    int begin = x + width > d->width - 6 ? d->width - 6 - width : x;
    put_label(d, class, begin < d->left + 6 ? d->left + 6 : begin, y, text, most);
}

static void put_arrow_head(const struct drawing *d, const char *class, int x, int y)
{
    (void)fprintf(d->out, "<path class=\"%s\" d=\"M%d %dl-9 -4v8z\"/>\n", class, x, y);
}

/* --- what stands behind
 * -------------------------------------------------------------------------------------------
 */

static void put_bands(const struct drawing *d)
{
    for (uint32_t i = 0; i < d->timeline->items_count; i++) {
        enum timeline_kind kind = d->timeline->items[i].kind;
        if (kind == TIMELINE_DEVIATION || kind == TIMELINE_VIOLATION) {
            put_rectangle(d, kind == TIMELINE_VIOLATION ? "bad" : "odd", 1, d->y[i] - ROW / 2 + 1,
                          d->width - 2, ROW - 4);
        }
    }
}

/* A stroke down every lifeline. */
static void put_strokes(const struct drawing *d, int from, int to)
{
    for (uint32_t lane = 0; lane < lanes_count(d); lane++) {
        (void)fprintf(d->out, "M%d %dV%d", lane_x(d, (int32_t)lane), from, to);
    }
}

/* The lifelines, or what of them is within pauses. */
static void put_lives(const struct drawing *d, bool in_pauses)
{
    int from = TOP - 12;
    (void)fprintf(d->out, "<path class=\"life%s\" d=\"", in_pauses ? " gap" : "");
    for (uint32_t i = 0; i < d->timeline->items_count; i++) {
        if (pauses(d, i)) {
            int to = d->y[i] - ROW / 2 - 1;
            put_strokes(d, in_pauses ? to - PAUSE : from, in_pauses ? to : to - PAUSE);
            from = to;
        }
    }
    if (!in_pauses) {
        put_strokes(d, from, d->height - BOTTOM);
    }
    (void)fputs("\"/>\n", d->out);
}

/* "1m11s later" */
static void put_pauses(const struct drawing *d)
{
    for (uint32_t i = 0; i < d->timeline->items_count; i++) {
        if (pauses(d, i)) {
            char room[64];
            struct text_writer w = text_writer(room, sizeof room);
            const struct timeline_item *items = d->timeline->items;
            int64_t ns = instant_since(items[i].from, items[i - 1].at).ns;
            text_put_duration(&w, duration_ms(ns / NS_PER_S * 1000));
            text_put(&w, TEXT(" later"));
            put_label(d, "t e", CLOCKS - 8, d->y[i] - ROW / 2 - PAUSE / 2 + 3, text_written(&w),
                      CLOCKS);
        }
    }
}

static void put_tenures(const struct drawing *d)
{
    const struct timeline *s = d->timeline;
    int x = CLOCKS + 4;
    if (s->tenures_count > 0) {
        put_label(d, "t m", x + 7, TOP - 24, TEXT("lock"), LANE);
    }
    for (uint32_t i = 0; i < s->tenures_count; i++) {
        const struct timeline_tenure *l = &s->tenures[i];
        int from = y_at(d, l->from);
        int to = l->to.ns == NEVER ? d->height - BOTTOM : y_at(d, l->to);
        int expiry = y_at(d, l->expires_at);
        expiry = l->expires_at.ns < l->from.ns || expiry > to ? to : expiry;
        (void)fputs("<g><title>the lock of ", d->out);
        put_html(d->out, l->date);
        (void)fputs(", ", d->out);
        put_html(d->out, l->end);
        (void)fputs("</title>\n", d->out);
        put_rectangle(d, "lock", x, from + 1, 14, expiry - from - 1);
        if (expiry < to) {
            put_rectangle(d, "late", x, expiry, 14, to - expiry);
        }
        (void)fputs("</g>\n", d->out);
    }
}

/* The row of a process's next call, or death, from `first` on. */
static int next_of(const struct drawing *d, int32_t process, uint32_t first)
{
    for (uint32_t i = first; i < d->timeline->items_count; i++) {
        const struct timeline_item *item = &d->timeline->items[i];
        if (item->process == process &&
            (item->kind == TIMELINE_CALL || item->kind == TIMELINE_DEATH)) {
            return d->y[i];
        }
    }
    return d->height - BOTTOM;
}

static void put_work(const struct drawing *d)
{
    const struct timeline *s = d->timeline;
    for (uint32_t i = 0; i < s->processes_count; i++) {
        int from = y_at(d, s->processes[i].from);
        int to = y_at(d, s->processes[i].to);
        put_rectangle(d, "work", lane_x(d, (int32_t)i) - 4, from - 4, 8, to - from + 8);
    }
    for (uint32_t i = 0; i < s->items_count; i++) {
        const struct timeline_item *item = &s->items[i];
        if (item->kind == TIMELINE_DEVIATION && item->process >= 0 &&
            text_equal(item->operation, TEXT("stall"))) {
            int to = next_of(d, item->process, i + 1);
            put_rectangle(d, "frozen", lane_x(d, item->process) - 4, d->y[i], 8, to - d->y[i]);
        }
    }
}

/* --- the rows
 * ------------------------------------------------------------------------------------------------
 */

/* "MARK_FILE x 4: condition failed" */
static void put_call_label(const struct drawing *d, const struct timeline_item *item, int x, int y)
{
    char room[160];
    struct text_writer w = text_writer(room, sizeof room);
    text_put(&w, item->point);
    if (item->count > 1) {
        text_put(&w, TEXT(" \xC3\x97"));
        text_put_integer(&w, item->count, 0);
    }
    text_put(&w, item->outcome.size > 0 ? TEXT(": ") : TEXT(""));
    text_put(&w, item->outcome);
    put_label(d, item->outcome.size > 0 ? "on oddtext" : "on", x + 9, y - 4, text_written(&w),
              d->width - x);
}

static void put_call(const struct drawing *d, const struct timeline_item *item, int y)
{
    int from = lane_x(d, item->process) + 4;
    int32_t lane = service_lane(d, item->service);
    int to = lane < 0 ? d->width - 10 : lane_x(d, lane);
    bool refused = item->outcome.size > 0;
    put_line(d, refused ? "call no" : "call", from, to - 6, y);
    put_arrow_head(d, refused ? "nohead" : "head", to - 1, y);
    if (item->lost) {
        put_line(d, "call no", to - 4, (from + to) / 2, y + 8);
        put_label(d, "on oddtext m", (from + to) / 2, y + 12, TEXT("\xC3\x97"), LANE);
    }
    put_call_label(d, item, from, y);
}

static void put_mark(const struct drawing *d, const char *class, int x, int y)
{
    (void)fprintf(d->out, "<circle class=\"%s\" cx=\"%d\" cy=\"%d\" r=\"6\"/>\n", class, x, y);
}

static void put_note(const struct drawing *d, const struct timeline_item *item, int y)
{
    int32_t lane = item->process >= 0 ? item->process : service_lane(d, item->service);
    struct text text = text_from(item->text);
    int x = lane < 0 ? d->left : lane_x(d, lane);
    bool odd = item->kind == TIMELINE_DEVIATION || item->kind == TIMELINE_DEATH;
    bool bad = item->kind == TIMELINE_VIOLATION || item->kind == TIMELINE_EXPIRY;
    if ((odd || item->kind == TIMELINE_VIOLATION) && lane >= 0) {
        put_mark(d, odd ? "odd" : "bad", x, y);
    }
    put_sentence(d, odd ? "on oddtext" : bad ? "on badtext" : "on", x + 11, y + 4, text);
}

static void put_rows(const struct drawing *d)
{
    for (uint32_t i = 0; i < d->timeline->items_count; i++) {
        const struct timeline_item *item = &d->timeline->items[i];
        struct clock_text clock = clock_since(d->start, item->at);
        put_label(d, "t e", CLOCKS - 8, d->y[i] + 4, text_from(clock.text), LANE);
        if (item->kind == TIMELINE_CALL) {
            (void)fputs("<g><title>", d->out);
            put_html(d->out, text_from(item->text));
            (void)fputs("</title>\n", d->out);
            put_call(d, item, d->y[i]);
            (void)fputs("</g>\n", d->out);
        } else {
            put_note(d, item, d->y[i]);
        }
    }
}

static void put_heads(const struct drawing *d)
{
    for (uint32_t i = 0; i < lanes_count(d); i++) {
        const struct timeline *s = d->timeline;
        int x = lane_x(d, (int32_t)i);
        put_rectangle(d, "box", x - LANE / 2 + 5, 6, LANE - 10, TOP - 20);
        if (i < s->processes_count) {
            char room[48];
            struct text_writer w = text_writer(room, sizeof room);
            struct timeline_process unnamed = s->processes[i];
            unnamed.name = TEXT("");
            text_put_timeline_process(&w, &unnamed);
            put_label(d, "h m", x, 22, s->processes[i].name, LANE);
            put_label(d, "t m", x, 37, text_written(&w), LANE);
        } else {
            put_label(d, "h m", x, 30, d->services[i - s->processes_count], LANE);
        }
    }
}

void put_sequence_diagram(FILE *out, const struct timeline *timeline, struct instant start,
                          uint32_t number)
{
    struct drawing d = {.out = out, .timeline = timeline, .start = start};
    lay_out(&d);
    (void)fprintf(out,
                  "<div class=\"wide\"><svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
                  "aria-labelledby=\"d%" PRIu32 "t d%" PRIu32 "d\" width=\"%d\" height=\"%d\" "
                  "viewBox=\"0 0 %d %d\">\n<title id=\"d%" PRIu32 "t\">Sequence diagram</title>\n"
                  "<desc id=\"d%" PRIu32 "d\">%" PRIu32 " events between %" PRIu32
                  " processes and %" PRIu32
                  " services; the table below has them in words.</desc>\n",
                  number, number, d.width, d.height, d.width, d.height, number, number,
                  timeline->items_count, timeline->processes_count, d.services_count);
    put_bands(&d);
    put_lives(&d, false);
    put_lives(&d, true);
    put_pauses(&d);
    put_tenures(&d);
    put_work(&d);
    put_rows(&d);
    put_heads(&d);
    (void)fputs("</svg></div>\n", out);
}

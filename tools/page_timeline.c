/* page_timeline.c: a story in a page: its drawing, its curve, its events in words. See page.h. */
#include "tools/page.h"

#include "sim/assert.h"
#include "sim/stats.h"
#include "tools/report.h"
#include "tools/sequence_diagram.h"

#include <inttypes.h>

/* The curve, in pixels. */
enum { WIDTH = 900, HEIGHT = 190, LEFT = 48, RIGHT = 16, TOP = 12, BOTTOM = 34 };

enum { MILLION = 1000000 };

static uint32_t measured(const struct page_timeline *s)
{
    uint32_t count = 0;
    while (s->points != NULL && count <= s->timeline->items_count && s->points[count].runs > 0) {
        count++;
    }
    return count;
}

static struct share share_at(const struct page_timeline *s, uint32_t point)
{
    ASSERT(s->points != NULL);
    return share_of(s->points[point].violating, s->points[point].runs);
}

static bool deviates(const struct page_timeline *s, uint32_t point)
{
    return point > 0 && s->timeline->items[point - 1].kind == TIMELINE_DEVIATION;
}

/* --- the curve
 * -----------------------------------------------------------------------------------------------
 */

static int curve_x(const struct page_timeline *s, uint32_t point)
{
    ASSERT(s->timeline->items_count > 0);
    return LEFT + (int)(point * (uint32_t)(WIDTH - LEFT - RIGHT) / s->timeline->items_count);
}

static int curve_y(int64_t ppm)
{
    return HEIGHT - BOTTOM - (int)(ppm * (HEIGHT - TOP - BOTTOM) / MILLION);
}

static void put_axis(FILE *out, const struct page_timeline *s)
{
    for (int percent = 0; percent <= 100; percent += 50) {
        int y = curve_y((int64_t)percent * (MILLION / 100));
        (void)fprintf(out,
                      "<line class=\"life\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>"
                      "<text class=\"t\" text-anchor=\"end\" x=\"%d\" y=\"%d\">%d %%</text>\n",
                      LEFT, y, WIDTH - RIGHT, y, LEFT - 6, y + 4, percent);
    }
    for (uint32_t i = 0; i <= s->timeline->items_count; i += 5) {
        (void)fprintf(
            out, "<text class=\"t\" text-anchor=\"middle\" x=\"%d\" y=\"%d\">%" PRIu32 "</text>\n",
            curve_x(s, i), HEIGHT - BOTTOM + 16, i);
    }
    (void)fprintf(out,
                  "<text class=\"t\" text-anchor=\"end\" x=\"%d\" y=\"%d\">number of the "
                  "event</text>\n",
                  WIDTH - RIGHT, HEIGHT - 4);
}

static void put_range(FILE *out, const struct page_timeline *s, uint32_t count)
{
    (void)fputs("<polygon class=\"range\" points=\"", out);
    for (uint32_t i = 0; i < count; i++) {
        (void)fprintf(out, "%d,%d ", curve_x(s, i), curve_y(share_at(s, i).high_ppm));
    }
    for (uint32_t i = count; i-- > 0;) {
        (void)fprintf(out, "%d,%d ", curve_x(s, i), curve_y(share_at(s, i).low_ppm));
    }
    (void)fputs("\"/>\n<polyline class=\"call\" points=\"", out);
    for (uint32_t i = 0; i < count; i++) {
        (void)fprintf(out, "%d,%d ", curve_x(s, i), curve_y(share_at(s, i).ppm));
    }
    (void)fputs("\"/>\n", out);
}

static void put_dots(FILE *out, const struct page_timeline *s, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bool last = i == s->timeline->items_count;
        (void)fprintf(out, "<circle class=\"%s\" cx=\"%d\" cy=\"%d\" r=\"%d\"><title>",
                      last             ? "bad"
                      : deviates(s, i) ? "odd"
                                       : "head",
                      curve_x(s, i), curve_y(share_at(s, i).ppm), last || deviates(s, i) ? 5 : 3);
        put_html(out, i == 0 ? TEXT("the beginning") : text_from(s->timeline->items[i - 1].text));
        (void)fputs("</title></circle>\n", out);
    }
}

static void put_turn(FILE *out, const struct page_timeline *s)
{
    uint32_t turning = s->verdict->turning;
    if (turning == 0) {
        return;
    }
    int x = curve_x(s, turning);
    bool left = x > WIDTH / 2;
    (void)fprintf(out,
                  "<line class=\"turnline\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>"
                  "<text class=\"on badtext\" text-anchor=\"%s\" x=\"%d\" y=\"%d\">here it became "
                  "%s</text>\n",
                  x, TOP, x, HEIGHT - BOTTOM, left ? "end" : "start", left ? x - 7 : x + 7,
                  HEIGHT / 2, s->verdict->inevitable <= turning ? "inevitable" : "likely");
}

static void put_curve(FILE *out, const struct page_timeline *s, uint32_t number)
{
    uint32_t count = measured(s);
    (void)fprintf(out,
                  "<div class=\"wide\"><svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
                  "aria-labelledby=\"c%" PRIu32 "t\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d "
                  "%d\">\n<title id=\"c%" PRIu32
                  "t\">Share of random continuations from each event in which the violation still "
                  "comes, with its 95 %% interval; the table below has the numbers.</title>\n",
                  number, WIDTH, HEIGHT, WIDTH, HEIGHT, number);
    put_axis(out, s);
    put_range(out, s, count);
    put_turn(out, s);
    put_dots(out, s, count);
    (void)fputs("</svg></div>\n", out);
}

/* --- in words
 * -------------------------------------------------------------------------------------------------
 */

/* Parts per million as percent with one decimal, rounded to nearest. */
static void put_percent(FILE *out, int64_t ppm)
{
    int64_t tenths = (ppm + 500) / 1000;
    (void)fprintf(out, "%" PRId64 ".%" PRId64, tenths / 10, tenths % 10);
}

static void put_share(FILE *out, const struct page_timeline *s, uint32_t point)
{
    struct share share = share_at(s, point);
    (void)fprintf(out,
                  "<td class=\"n\"><span class=\"track\"><span class=\"bar\" style=\"width:"
                  "%" PRId64 "%%\"></span></span>",
                  (share.ppm + 5000) / 10000);
    put_percent(out, share.ppm);
    (void)fputs(" %</td><td class=\"n\">", out);
    put_percent(out, share.low_ppm);
    (void)fputs(" to ", out);
    put_percent(out, share.high_ppm);
    (void)fputs("</td>", out);
}

static const char *row_class(const struct page_timeline *s, uint32_t point)
{
    bool turns = s->verdict != NULL && point > 0 && point == s->verdict->turning;
    bool last = point == s->timeline->items_count;
    return last                          ? " class=\"bad\""
           : turns && deviates(s, point) ? " class=\"odd turn\""
           : turns                       ? " class=\"turn\""
           : deviates(s, point)          ? " class=\"odd\""
                                         : "";
}

static void put_row(FILE *out, const struct page_timeline *s, uint32_t point)
{
    struct instant at = point == 0 ? s->start : s->timeline->items[point - 1].at;
    (void)fprintf(out, "<tr%s><td class=\"n\">%" PRIu32 "</td><td class=\"n\">%s</td><td>",
                  row_class(s, point), point, clock_since(s->start, at).text);
    put_html(out,
             point == 0 ? TEXT("the beginning") : text_from(s->timeline->items[point - 1].text));
    if (s->verdict != NULL && point > 0 && point == s->verdict->turning) {
        (void)fprintf(out, " <strong>Here it became %s.</strong>",
                      s->verdict->inevitable <= point ? "inevitable" : "likely");
    }
    (void)fputs("</td>", out);
    if (point < measured(s)) {
        put_share(out, s, point);
    }
    (void)fputs("</tr>\n", out);
}

static void put_left_out(FILE *out, const struct timeline *s)
{
    (void)fprintf(out,
                  "<p class=\"small\">Left out: %" PRIu64 " other calls until then; %" PRIu64
                  " processes that called about the same; %" PRIu64 " other events.</p>\n",
                  s->calls_left_out, s->processes_left_out, s->items_left_out);
}

static void put_table(FILE *out, const struct page_timeline *s)
{
    (void)fputs("<div class=\"wide\"><table>\n<caption>The story in words</caption>\n"
                "<tr><th scope=\"col\">#</th><th scope=\"col\">time</th>"
                "<th scope=\"col\">what happens</th>",
                out);
    (void)fputs(s->points == NULL ? ""
                                  : "<th scope=\"col\">still comes in</th>"
                                    "<th scope=\"col\">95 % interval</th>",
                out);
    (void)fputs("</tr>\n", out);
    for (uint32_t i = s->points == NULL ? 1 : 0; i <= s->timeline->items_count; i++) {
        put_row(out, s, i);
    }
    (void)fputs("</table></div>\n", out);
}

static void put_drawing(FILE *out, const struct page_timeline *s, uint32_t number)
{
    put_sequence_diagram(out, s->timeline, s->start, number);
    (void)fputs(
        "<p class=\"small\">Time runs down, not to scale. At the left, the lock: red once it "
        "has expired. A filled lifeline: at work; orange: frozen. A dashed arrow: not done as "
        "asked, or a reply that is lost.</p>\n",
        out);
}

void page_timeline(struct page *page, const struct page_timeline *s)
{
    FILE *out = page->out;
    uint32_t number = ++page->timelines;
    if (s->title.size > 0) {
        (void)fprintf(out, "<h3 id=\"timeline-%" PRIu32 "\">", number);
        put_html(out, s->title);
        (void)fputs("</h3>\n", out);
    }
    if (!s->undrawn) {
        put_drawing(out, s, number);
    }
    if (measured(s) > 1) {
        put_curve(out, s, number);
    }
    put_table(out, s);
    put_left_out(out, s->timeline);
}

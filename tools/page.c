/* page.c: see page.h. */
#include "tools/page.h"

#include "sim/unicode.h"
#include "tools/version.h"

#include <inttypes.h>

/* --- text
 * -----------------------------------------------------------------------------------------------
 */

/* Whether a character must not be shown, or is none in XML: controls, what turns the direction of
 * writing (U+202A to U+202E, U+2066 to U+2069), U+FFFE, U+FFFF. */
static bool is_hidden(struct text character)
{
    const unsigned char *byte = (const unsigned char *)character.at;
    if (character.size == 1) {
        return (byte[0] < 0x20 && byte[0] != '\n' && byte[0] != '\t') || byte[0] == 0x7F;
    }
    if (character.size == 2) {
        return byte[0] == 0xC2 && byte[1] < 0xA0;
    }
    uint32_t point = character.size != 3
                         ? 0
                         : (byte[0] & UINT32_C(15)) << 12 | (byte[1] & UINT32_C(63)) << 6 |
                               (byte[2] & UINT32_C(63));
    return (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069) ||
           point == 0xFFFE || point == 0xFFFF;
}

/* What stands for a character of HTML's own; NULL: itself. */
static const char *entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void put_html(FILE *out, struct text text)
{
    while (text.size > 0) {
        size_t size = utf8_character(text);
        struct text character = {text.at, size == 0 ? 1 : size};
        const char *stands_for = entity(text.at[0]);
        if (size == 0 || is_hidden(character)) {
            (void)fputs("\xEF\xBF\xBD", out);
        } else if (stands_for != NULL) {
            (void)fputs(stands_for, out);
        } else {
            (void)fwrite(character.at, 1, character.size, out);
        }
        text = (struct text){text.at + character.size, text.size - character.size};
    }
}

static void put_element(FILE *out, const char *tag, struct text text)
{
    (void)fprintf(out, "<%s>", tag);
    put_html(out, text);
    (void)fprintf(out, "</%s>", tag);
}

/* --- the frame
 * -----------------------------------------------------------------------------------------------
 */

/* Colours by role, light and dark; on paper the light ones. */
static const char style[] =
    ":root{--ground:#fff;--ink:#1b1f24;--faint:#5b6570;--line:#c9d1d9;--band:#f3f5f7;"
    "--call:#1f5fa8;--odd:#b3470a;--odd-band:#fdebdf;--bad:#b3121d;--bad-band:#fde4e5;"
    "--good:#12703c;--good-band:#e0f4e8;--lock:#7a4fb5;--work:#b9d3f0}\n"
    "@media (prefers-color-scheme: dark){:root{--ground:#15181c;--ink:#e6e9ec;--faint:#9aa5b1;"
    "--line:#3a424c;--band:#1e2329;--call:#7fb4f0;--odd:#f5a06a;--odd-band:#43291a;"
    "--bad:#ff7b80;--bad-band:#4a1f22;--good:#66d394;--good-band:#17382a;--lock:#b99af0;"
    "--work:#2c4a6b}}\n"
    "body{background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif;"
    "margin:2rem auto;max-width:76rem;padding:0 1rem}\n"
    "h1{font-size:1.6rem;margin-bottom:0}h2{font-size:1.25rem;margin-top:2.5rem}"
    "h3{font-size:1.05rem;margin-top:2rem}.subtitle,footer,caption,.small{color:var(--faint)}\n"
    "a{color:var(--call)}code{font:14px/1.4 ui-monospace,monospace;background:var(--band);"
    "padding:.1em .3em;overflow-wrap:anywhere}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}"
    "dt{color:var(--faint)}dd{margin:0;overflow-wrap:anywhere}\n"
    "table{border-collapse:collapse}caption{text-align:left;padding-bottom:.3rem}"
    "th,td{border-bottom:1px solid var(--line);padding:.2rem .6rem;text-align:left;"
    "vertical-align:top}th{font-weight:600}td.n{text-align:right;white-space:nowrap;"
    "font-variant-numeric:tabular-nums}\n"
    ".good{background:var(--good-band);color:var(--good)}.bad{background:var(--bad-band);"
    "color:var(--bad)}.bad a{color:inherit}.unknown{color:var(--faint)}"
    "tr.odd{background:var(--odd-band)}tr.turn td{border-bottom:3px solid var(--bad)}\n"
    "details{border:1px solid var(--line);border-radius:4px;padding:0 .8rem;margin:.4rem 0}"
    "summary{cursor:pointer;padding:.35rem 0;overflow-wrap:anywhere}"
    "details[open]>summary{border-bottom:1px solid var(--line);margin-bottom:.6rem}"
    ":target{outline:2px solid var(--call);outline-offset:3px}\n"
    ".wide{overflow-x:auto}.bar{display:inline-block;height:.7em;background:var(--bad);"
    "vertical-align:baseline}.track{display:inline-block;width:6rem;background:var(--band);"
    "margin-right:.5rem;line-height:1;text-align:left}\n"
    "svg{display:block;max-width:100%;min-width:46rem;height:auto}svg text{font:12px "
    "system-ui,sans-serif;fill:var(--ink)}"
    "svg .e{text-anchor:end}svg .m{text-anchor:middle}"
    "svg .t{fill:var(--faint);font-variant-numeric:tabular-nums}svg .h{font-weight:600}"
    "svg .life{stroke:var(--line);stroke-width:1.5}svg .gap{stroke-dasharray:2 5}"
    "svg .box{fill:var(--band);stroke:var(--line)}svg .work{fill:var(--work)}"
    "svg .call{stroke:var(--call);stroke-width:1.6;fill:none}svg .head{fill:var(--call)}"
    "svg .no{stroke:var(--odd);stroke-dasharray:5 3}svg .nohead{fill:var(--odd)}"
    "svg .on{paint-order:stroke;stroke:var(--ground);stroke-width:4px;stroke-linejoin:round}"
    "svg .odd{fill:var(--odd-band);stroke:var(--odd)}svg text.oddtext{fill:var(--odd);"
    "font-weight:600}svg .frozen{fill:var(--odd);opacity:.45}svg .lock{fill:var(--lock)}"
    "svg .late{fill:var(--bad);opacity:.75}svg .bad{fill:var(--bad-band);stroke:var(--bad)}"
    "svg text.badtext{fill:var(--bad);font-weight:600}svg .band{fill:var(--band)}"
    "svg .range{fill:var(--call);opacity:.18}svg .turnline{stroke:var(--bad);"
    "stroke-dasharray:4 3}\n"
    "@media print{:root{--ground:#fff;--ink:#000;--faint:#444;--line:#bbb;--band:#f3f5f7;"
    "--call:#1f5fa8;--odd:#b3470a;--odd-band:#fdebdf;--bad:#b3121d;--bad-band:#fde4e5;"
    "--good:#12703c;--good-band:#e0f4e8;--lock:#7a4fb5;--work:#b9d3f0}"
    "body{max-width:none;margin:0;font-size:11pt;print-color-adjust:exact}"
    ".wide{overflow:visible}svg{min-width:0}tr{break-inside:avoid}}\n";

void page_begin(struct page *page, FILE *out, struct text title, struct text subtitle)
{
    *page = (struct page){.out = out};
    (void)fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
                "<meta name=\"color-scheme\" content=\"light dark\"/>\n",
                out);
    put_element(out, "title", title);
    (void)fprintf(out, "\n<style>\n%s</style>\n</head>\n<body>\n", style);
    put_element(out, "h1", title);
    (void)fputs("\n<p class=\"subtitle\">", out);
    put_html(out, subtitle);
    (void)fputs("</p>\n", out);
}

void page_end(struct page *page)
{
    (void)fprintf(page->out, "<footer><p>lockstep %s</p></footer>\n</body>\n</html>\n",
                  version_text());
}

/* --- parts
 * ----------------------------------------------------------------------------------------------
 */

/* Opens an element that may have an id. */
static void open_element(FILE *out, const char *tag, const char *id)
{
    (void)fprintf(out, "<%s", tag);
    if (id != NULL) {
        (void)fprintf(out, " id=\"%s\"", id);
    }
    (void)fputc('>', out);
}

void page_heading(struct page *page, const char *id, struct text text)
{
    open_element(page->out, "h2", id);
    put_html(page->out, text);
    (void)fputs("</h2>\n", page->out);
}

void page_subheading(struct page *page, const char *id, struct text text)
{
    open_element(page->out, "h3", id);
    put_html(page->out, text);
    (void)fputs("</h3>\n", page->out);
}

void page_line(struct page *page, struct text text)
{
    put_element(page->out, "p", text);
    (void)fputc('\n', page->out);
}

void page_command(struct page *page, struct text command)
{
    (void)fputs("<p>", page->out);
    put_element(page->out, "code", command);
    (void)fputs("</p>\n", page->out);
}

void page_link(struct page *page, const char *id, struct text text)
{
    (void)fprintf(page->out, "<p><a href=\"#%s\">", id);
    put_html(page->out, text);
    (void)fputs("</a></p>\n", page->out);
}

void page_fold_begin(struct page *page, const char *id, struct text summary)
{
    open_element(page->out, "details", id);
    put_element(page->out, "summary", summary);
    (void)fputc('\n', page->out);
}

void page_fold_end(struct page *page)
{
    (void)fputs("</details>\n", page->out);
}

void page_facts(struct page *page, const struct page_fact *facts, size_t count)
{
    (void)fputs("<dl>\n", page->out);
    for (size_t i = 0; i < count; i++) {
        put_element(page->out, "dt", facts[i].name);
        put_element(page->out, "dd", facts[i].value);
        (void)fputc('\n', page->out);
    }
    (void)fputs("</dl>\n", page->out);
}

static void put_cell(FILE *out, const struct page_cell *cell)
{
    static const char *const classes[] = {
        [PAGE_PLAIN] = "",
        [PAGE_GOOD] = " class=\"good\"",
        [PAGE_BAD] = " class=\"bad\"",
        [PAGE_UNKNOWN] = " class=\"unknown\"",
    };
    (void)fprintf(out, "<td%s>", classes[cell->tone]);
    if (cell->link != NULL) {
        (void)fprintf(out, "<a href=\"#%s\">", cell->link);
    }
    put_html(out, cell->text);
    (void)fputs(cell->link != NULL ? "</a></td>" : "</td>", out);
}

void page_matrix(struct page *page, const struct page_matrix *m)
{
    FILE *out = page->out;
    (void)fputs("<div class=\"wide\"><table>\n", out);
    put_element(out, "caption", m->caption);
    (void)fputs("\n<tr><th scope=\"col\">", out);
    put_html(out, m->corner);
    (void)fputs("</th>", out);
    for (size_t i = 0; i < m->columns_count; i++) {
        (void)fputs("<th scope=\"col\">", out);
        put_html(out, m->columns[i]);
        (void)fputs("</th>", out);
    }
    (void)fputs("</tr>\n", out);
    for (size_t i = 0; i < m->rows_count; i++) {
        (void)fputs("<tr><th scope=\"row\">", out);
        put_html(out, m->rows[i]);
        (void)fputs("</th>", out);
        for (size_t k = 0; k < m->columns_count; k++) {
            put_cell(out, &m->cells[i * m->columns_count + k]);
        }
        (void)fputs("</tr>\n", out);
    }
    (void)fputs("</table></div>\n", out);
}

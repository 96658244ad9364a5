/* test_page.c: pages whose every text is hostile: that they are well-formed, by a small reader of
 * tags, hold nothing of it as HTML, and load nothing; and what is drawn of a made-up timeline.
 */
#include "tests/cases.h"

#include "tools/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOSTILE                                                                                    \
    "</text></svg><script>alert('1')</script><!-- \" & \x01\xFF\xE2\x80\xAE]]>\xE2\x80\xAC"

/* --- what comes of a text
 * --------------------------------------------------------------------------------------
 */

static const struct text_case {
    const char *name, *text, *html;
} texts[] = {
    {"plain",                        "batch-0001.json",                                       "batch-0001.json"                           },
    {"HTML's own",                   "<a href=\"x\">&amp;'",                                  "&lt;a href=&quot;x&quot;&gt;&amp;amp;&#39;"},
    {"beyond ASCII",                 "d\xC3\xA9j\xC3\xA0 \xE2\x82\xAC",                       "d\xC3\xA9j\xC3\xA0 \xE2\x82\xAC"           },
    {"controls",
     "a\x01"
     "b\x1B[0m\x7F",                                                                          "a\xEF\xBF\xBD"
     "b\xEF\xBF\xBD[0m\xEF\xBF\xBD"                                                                                   },
    {"controls of two bytes",        "\xC2\x85\xC2\xA0",                                      "\xEF\xBF\xBD\xC2\xA0"                      },
    {"what is not UTF-8",            "a\xFF\xC3(",                                            "a\xEF\xBF\xBD\xEF\xBF\xBD("                },
    {"what turns the writing round", "\xE2\x80\xAEnosj\xE2\x80\xAC\xE2\x81\xA6x\xE2\x81\xA9",
     "\xEF\xBF\xBDnosj\xEF\xBF\xBD\xEF\xBF\xBDx\xEF\xBF\xBD"                                                                              },
    {"no character in XML",          "\xEF\xBF\xBF\xEF\xBF\xBE",                              "\xEF\xBF\xBD\xEF\xBF\xBD"                  },
    {"line feeds and tabs stay",     "a\n\tb",                                                "a\n\tb"                                    },
};

static void test_text(void **state)
{
    const struct text_case *c = *state;
    char *html = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&html, &size);
    assert_non_null(out);
    put_html(out, text_from(c->text));
    assert_int_equal(fclose(out), 0);
    assert_string_equal(html, c->html);
    free(html);
}

/* --- whole pages
 * -----------------------------------------------------------------------------------------------
 */

static struct timeline timeline;
static struct blame_point points[TIMELINE_ITEMS_MAX + 1];

static struct instant second(int64_t s)
{
    return (struct instant){s * NS_PER_S};
}

static struct timeline_item *add_item(enum timeline_kind kind, int64_t at_s, int32_t process)
{
    struct timeline_item *item = &timeline.items[timeline.items_count++];
    *item = (struct timeline_item){.kind = kind,
                                   .from = second(at_s),
                                   .at = second(at_s),
                                   .process = process,
                                   .count = 1,
                                   .service = TEXT(""),
                                   .point = TEXT(""),
                                   .operation = TEXT(""),
                                   .outcome = TEXT("")};
    (void)snprintf(item->text, sizeof item->text, "%d %s", (int)timeline.items_count, HOSTILE);
    return item;
}

/* One process that calls, is frozen, and is refused; every text is hostile. */
static void make_timeline(void)
{
    memset(&timeline, 0, sizeof timeline);
    timeline.file = timeline.manifest = timeline.date = TEXT(HOSTILE);
    timeline.processes[timeline.processes_count++] =
        (struct timeline_process){TEXT(HOSTILE), 1, 2, second(0), second(70)};
    timeline.tenures[timeline.tenures_count++] =
        (struct timeline_tenure){0, TEXT(HOSTILE), TEXT(HOSTILE), second(1), {NEVER}, second(61)};
    for (int64_t at = 1; at <= 70; at += 69) {
        struct timeline_item *call = add_item(TIMELINE_CALL, at, 0);
        call->service = call->point = TEXT(HOSTILE);
        call->outcome = at > 1 ? TEXT(HOSTILE) : TEXT("");
        call->lost = at > 1;
        if (at == 1) {
            add_item(TIMELINE_DEVIATION, 2, 0)->operation = TEXT("stall");
            (void)add_item(TIMELINE_EXPIRY, 61, 0);
        }
    }
    (void)add_item(TIMELINE_VIOLATION, 71, -1);
    for (uint32_t i = 0; i <= timeline.items_count; i++) {
        points[i] = (struct blame_point){.runs = 100, .violating = i < 2 ? 1 : 99};
    }
}

/* A page of everything, the caller's to free. */
static char *make_page(bool with_points)
{
    char *html = NULL;
    size_t size = 0;
    struct page page;
    const struct text names[] = {TEXT(HOSTILE), TEXT("V7")};
    const struct page_fact facts[] = {
        {TEXT(HOSTILE), TEXT(HOSTILE)}
    };
    const struct page_cell cells[] = {
        {TEXT(HOSTILE), PAGE_BAD,     "found"},
        {TEXT("none"),  PAGE_GOOD,    NULL   },
        {TEXT("?"),     PAGE_UNKNOWN, NULL   },
        {TEXT("3"),     PAGE_PLAIN,   NULL   }
    };
    struct page_matrix matrix = {TEXT(HOSTILE), TEXT("variant"), names, names, 2, 2, cells};
    struct blame_verdict verdict = {2, 2};
    struct page_timeline story = {.timeline = &timeline, .title = TEXT(HOSTILE)};
    if (with_points) {
        story.points = points;
        story.verdict = &verdict;
    }
    FILE *out = open_memstream(&html, &size);
    assert_non_null(out);
    make_timeline();
    page_begin(&page, out, TEXT(HOSTILE), TEXT(HOSTILE));
    page_facts(&page, facts, 1);
    page_matrix(&page, &matrix);
    page_heading(&page, "found", TEXT(HOSTILE));
    page_line(&page, TEXT(HOSTILE));
    page_command(&page, TEXT(HOSTILE));
    page_timeline(&page, &story);
    page_timeline(&page, &story);
    page_subheading(&page, "below", TEXT(HOSTILE));
    page_link(&page, "fold", TEXT(HOSTILE));
    page_fold_begin(&page, "fold", TEXT(HOSTILE));
    page_fold_begin(&page, NULL, TEXT(HOSTILE));
    story.title = TEXT("");
    story.undrawn = true;
    page_timeline(&page, &story);
    page_fold_end(&page);
    page_fold_end(&page);
    page_end(&page);
    assert_int_equal(fclose(out), 0);
    return html;
}

/* Reads a tag behind its '<'; returns what is behind its '>'. Opens, closes or neither. */
static const char *read_tag(const char *at, char stack[32][16], int *depth)
{
    bool closes = *at == '/';
    const char *name = at + closes;
    size_t size = strcspn(name, " />\n");
    const char *end = name + size;
    bool quoted = false;
    assert_true(size > 0 && size < 16);
    for (; quoted || *end != '>'; end++) {
        assert_true(*end != '\0' && *end != '<');
        quoted = quoted != (*end == '"');
    }
    if (closes) {
        assert_true(*depth > 0);
        (*depth)--;
        assert_true(strlen(stack[*depth]) == size && memcmp(stack[*depth], name, size) == 0);
    } else if (end[-1] != '/') {
        assert_true(*depth < 32);
        memcpy(stack[*depth], name, size);
        stack[(*depth)++][size] = '\0';
    }
    return end + 1;
}

/* Every tag is closed in its order, every '&' begins an entity. */
static void assert_well_formed(const char *html)
{
    char stack[32][16];
    int depth = 0;
    const char *at = strchr(html, '\n'); /* behind the document's type */
    while (*at != '\0') {
        if (*at == '<') {
            at = read_tag(at + 1, stack, &depth);
        } else {
            assert_true(*at != '&' || strncmp(at, "&amp;", 5) == 0 || strncmp(at, "&lt;", 4) == 0 ||
                        strncmp(at, "&gt;", 4) == 0 || strncmp(at, "&quot;", 6) == 0 ||
                        strncmp(at, "&#39;", 5) == 0);
            at++;
        }
    }
    assert_int_equal(depth, 0);
}

static uint32_t count(const char *html, const char *what)
{
    uint32_t found = 0;
    for (const char *at = strstr(html, what); at != NULL; at = strstr(at + 1, what)) {
        found++;
    }
    return found;
}

static void hostile_texts_stay_texts(void **state)
{
    (void)state;
    char *html = make_page(true);
    assert_well_formed(html);
    assert_null(strstr(html, "<script"));
    assert_null(strstr(html, "<!--"));
    assert_null(strstr(html, "]]>"));
    assert_null(strchr(html, '\x01'));
    assert_true(count(html, "&lt;script&gt;") > 20);
    free(html);
}

/* The only address is SVG's name. */
static void nothing_is_loaded(void **state)
{
    (void)state;
    char *html = make_page(true);
    assert_int_equal(count(html, "://"), count(html, "xmlns=\"http://www.w3.org/2000/svg\""));
    assert_null(strstr(html, "src="));
    assert_null(strstr(html, "url("));
    assert_null(strstr(html, "@import"));
    assert_int_equal(count(html, "href=\"#fold\""), 1);
    assert_int_equal(count(html, "<details id=\"fold\"><summary>"), 1);
    assert_int_equal(count(html, "<details><summary>"), 1);
    assert_int_equal(count(html, "<h3 id=\"below\">"), 1);
    assert_int_equal(count(html, "href=\"#found\""), 1);
    assert_int_equal(count(html, "id=\"found\""), 1);
    free(html);
}

static void the_same_calls_give_the_same_bytes(void **state)
{
    (void)state;
    char *html = make_page(true);
    char *again = make_page(true);
    assert_string_equal(html, again);
    free(html);
    free(again);
}

/* Two diagrams, each of two calls, one refused; a freeze; the lock, red from its expiry on. Three
 * curves, and stories in words, of which one has neither a diagram nor a heading. */
static void what_is_drawn(void **state)
{
    (void)state;
    char *html = make_page(true);
    assert_int_equal(count(html, "<svg"), 5);
    assert_int_equal(count(html, "class=\"frozen\""), 2);
    assert_int_equal(count(html, "class=\"lock\""), 2);
    assert_int_equal(count(html, "class=\"late\""), 2);
    assert_int_equal(count(html, "<path class=\"head\""), 2);
    assert_int_equal(count(html, "<path class=\"nohead\""), 2);
    assert_int_equal(count(html, "59s later"), 2);
    assert_int_equal(count(html, "Sequence diagram"), 2);
    assert_int_equal(count(html, "<h3 id=\"timeline-"), 2);
    assert_int_equal(count(html, "Here it became inevitable."), 3);
    assert_int_equal(count(html, "99.0 %"), 12);
    free(html);
}

static void without_points_there_is_no_curve(void **state)
{
    (void)state;
    char *html = make_page(false);
    assert_well_formed(html);
    assert_int_equal(count(html, "<svg"), 2);
    assert_null(strstr(html, "95 % interval"));
    free(html);
}

int main(void)
{
    struct cases cases = {0};
    CASES_ADD_TABLE(&cases, test_text, texts);
    CASES_ADD(&cases, hostile_texts_stay_texts);
    CASES_ADD(&cases, nothing_is_loaded);
    CASES_ADD(&cases, the_same_calls_give_the_same_bytes);
    CASES_ADD(&cases, what_is_drawn);
    CASES_ADD(&cases, without_points_there_is_no_curve);
    return cases_run("page", &cases);
}

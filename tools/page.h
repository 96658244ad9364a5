/* page.h: one self-contained HTML page: what was found, for people.
 *
 * Method. A page is written from top to bottom: page_begin, any parts in any order, page_end. It
 * needs no script and nothing from elsewhere, is well-formed as XML, too, and the same calls give
 * the same bytes. Colours follow the reader's light or dark setting, and print. All texts may come
 * from outside: what HTML would take for its own is escaped, what must not be shown is replaced.
 * Each drawing has its content in words below it.
 *
 * A report of a search (exploration_page.h): page_facts for what was covered, page_matrix for
 * variants against properties, then for each property that is violated page_subheading (the
 * matrix's cells link to its id), page_line for its certificate, and page_timeline, folded, for
 * each of its shortest stories.
 */
#ifndef LOCKSTEP_TOOLS_PAGE_H
#define LOCKSTEP_TOOLS_PAGE_H

#include "model/search/blame.h"

#include <stdio.h>

struct page {
    FILE *out;
    uint32_t timelines; /* so far: tells them apart in the page */
};

/* Starts a page on `out`, which stays the caller's. */
void page_begin(struct page *page, FILE *out, struct text title, struct text subtitle);
void page_end(struct page *page);

/* A heading that links may go to: `id` of letters, digits and '-', or NULL; and one below it. */
void page_heading(struct page *page, const char *id, struct text text);
void page_subheading(struct page *page, const char *id, struct text text);

/* A paragraph; the same in the type of commands. */
void page_line(struct page *page, struct text text);
void page_command(struct page *page, struct text command);

/* A paragraph that is a link to an id of this page. */
void page_link(struct page *page, const char *id, struct text text);

/* What is between is shown once its summary is clicked, or a link goes to its `id` (or NULL). Folds
 * may lie in folds. */
void page_fold_begin(struct page *page, const char *id, struct text summary);
void page_fold_end(struct page *page);

/* Names and what they are. */
struct page_fact {
    struct text name, value;
};

void page_facts(struct page *page, const struct page_fact *facts, size_t count);

enum page_tone { PAGE_PLAIN, PAGE_GOOD, PAGE_BAD, PAGE_UNKNOWN };

/* A cell says by its text what its colour says, too. */
struct page_cell {
    struct text text;
    enum page_tone tone;
    const char *link; /* id of a heading; NULL: none */
};

/* A table with a heading for each column and each row. */
struct page_matrix {
    struct text caption, corner;
    const struct text *columns, *rows;
    size_t columns_count, rows_count;
    const struct page_cell *cells; /* row by row */
};

void page_matrix(struct page *page, const struct page_matrix *matrix);

/* A story: a sequence diagram, the curve where there is one, and the events as a table. */
struct page_timeline {
    const struct timeline *timeline;
    struct text title;                /* empty: the story has no heading of its own */
    bool undrawn;                     /* without the diagram, since that is elsewhere */
    struct instant start;             /* of the run: clocks count from there */
    const struct blame_point *points; /* of blame.h, 1 + items; runs 0: not measured. NULL: none */
    const struct blame_verdict *verdict; /* of these; NULL without points */
};

void page_timeline(struct page *page, const struct page_timeline *timeline);

/* Text in HTML, or in an attribute's quotes: escaped; control characters, those that turn the
 * direction of writing, and what is not UTF-8 as U+FFFD. */
void put_html(FILE *out, struct text text);

#endif

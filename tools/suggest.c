/* suggest.c: see suggest.h. */
#include "tools/suggest.h"

#include <stdio.h>

enum { WORD_MAX = 48 };

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Row i of the classical table, from the two rows above it. */
static void fill_row(struct text a, struct text b, size_t i, unsigned rows[3][WORD_MAX + 1])
{
    unsigned *row = rows[i % 3];
    const unsigned *above = rows[(i + 2) % 3], *above_that = rows[(i + 1) % 3];
    row[0] = (unsigned)i;
    for (size_t j = 1; j <= b.size; j++) {
        unsigned cost = lower(a.at[i - 1]) != lower(b.at[j - 1]);
        row[j] = least(above[j - 1] + cost, least(above[j], row[j - 1]) + 1);
        if (i > 1 && j > 1 && lower(a.at[i - 1]) == lower(b.at[j - 2]) &&
            lower(a.at[i - 2]) == lower(b.at[j - 1])) {
            row[j] = least(row[j], above_that[j - 2] + 1);
        }
    }
}

static unsigned distance(struct text a, struct text b)
{
    unsigned rows[3][WORD_MAX + 1] = {{0}};
    for (size_t j = 0; j <= b.size; j++) {
        rows[0][j] = (unsigned)j;
    }
    for (size_t i = 1; i <= a.size; i++) {
        fill_row(a, b, i, rows);
    }
    return rows[a.size % 3][b.size];
}

struct suggestion suggestion(struct text word)
{
    unsigned near = (unsigned)((word.size + 2) / 3);
    return (struct suggestion){.word = word, .distance = near + 1};
}

void suggestion_offer(struct suggestion *s, struct text known)
{
    if (s->word.size == 0 || s->word.size > WORD_MAX || known.size > WORD_MAX) {
        return;
    }
    unsigned d = distance(s->word, known);
    if (d < s->distance && d < s->word.size) {
        s->distance = d;
        s->best = known;
    }
}

struct suggestion_text suggestion_text(const struct suggestion *s)
{
    struct suggestion_text t = {""};
    if (s->best.size > 0) {
        (void)snprintf(t.text, sizeof t.text, " (did you mean '%.*s'?)", (int)s->best.size,
                       s->best.at);
    }
    return t;
}

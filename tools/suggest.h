/* suggest.h: "did you mean": the nearest of some known words.
 *
 * Method. Optimal string alignment distance (insert, delete, replace, swap two neighbours), letters
 * compared without case. A word is near if at most a third of it, rounded up, differs.
 */
#ifndef LOCKSTEP_TOOLS_SUGGEST_H
#define LOCKSTEP_TOOLS_SUGGEST_H

#include "sim/text.h"

struct suggestion {
    struct text word, best; /* best is empty until a near word was offered */
    unsigned distance;
};

/* Starts the search for words near `word`; views are kept, not copied. */
struct suggestion suggestion(struct text word);

/* Considers one known word; of equally near ones the first stays. */
void suggestion_offer(struct suggestion *s, struct text known);

/* " (did you mean 'x'?)", or "" where nothing was near. Valid until the end of the expression. */
struct suggestion_text {
    char text[96];
} suggestion_text(const struct suggestion *s);

#endif

/* reserved_words.h: the words that an expression must not use as bare attribute names.
 *
 * Source: DDB-EXPR-8 in docs/sources.md.
 */
#ifndef LOCKSTEP_MODEL_DYNAMODB_RESERVED_WORDS_H
#define LOCKSTEP_MODEL_DYNAMODB_RESERVED_WORDS_H

#include "sim/text.h"

/* Whether `name` is one of them, in capitals or not. */
bool reserved_word(struct text name);

#endif

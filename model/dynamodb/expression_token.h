/* expression_token.h: the text of an expression as tokens. */
#ifndef LOCKSTEP_MODEL_DYNAMODB_EXPRESSION_TOKEN_H
#define LOCKSTEP_MODEL_DYNAMODB_EXPRESSION_TOKEN_H

#include "sim/text.h"

enum token_kind {
    TOKEN_END,
    TOKEN_WORD,  /* name, function or keyword */
    TOKEN_NAME,  /* #name */
    TOKEN_VALUE, /* :value */
    TOKEN_DIGITS,
    TOKEN_SIGN, /* = <> < <= > >= ( ) , + - . [ ] and anything else */
};

struct token {
    enum token_kind kind;
    struct text text;
};

/* Cuts `text` into tokens, a TOKEN_END behind the last one; returns how many there are before that,
 * at most one for each character. */
uint32_t tokenize(const char *text, struct token *tokens);

/* Whether it is that sign, "<=" say. */
bool token_is(const struct token *t, const char *sign);

/* Whether it is that keyword, given in capitals; the text may have it in any case. */
bool token_is_keyword(const struct token *t, const char *keyword);

#endif

/* partiql_token.h: the text of a PartiQL statement as tokens. Source: DDB-PARTIQL-1. */
#ifndef LOCKSTEP_MODEL_API_PARTIQL_TOKEN_H
#define LOCKSTEP_MODEL_API_PARTIQL_TOKEN_H

#include "sim/text.h"

enum partiql_token_kind {
    PARTIQL_END,
    PARTIQL_NAME,      /* a bare identifier */
    PARTIQL_WORD,      /* a keyword, in any case */
    PARTIQL_QUOTED,    /* "name", quotes included */
    PARTIQL_STRING,    /* 'text', quotes included */
    PARTIQL_NUMBER,    /* without a sign */
    PARTIQL_PARAMETER, /* ? */
    PARTIQL_SIGN,      /* = <> != < <= > >= << >> + - ( ) [ ] { } , : . ; * */
};

struct partiql_token {
    enum partiql_token_kind kind;
    struct text text;
};

/* Cuts `statement` into tokens, without comments, and puts a PARTIQL_END behind them; at most one
 * for each character comes before that. False where some part is no token. */
bool partiql_tokenize(struct text statement, struct partiql_token *tokens);

/* Whether it is that sign; whether it is that keyword or name, given in capitals. */
bool partiql_is_sign(const struct partiql_token *t, const char *sign);
bool partiql_is_word(const struct partiql_token *t, const char *word);

/* Whether it is an operator, written as a word or a sign. */
bool partiql_is_operator(const struct partiql_token *t);

/* Line and column of a place in the statement, from 1; columns in characters. */
void partiql_place(struct text statement, const char *at, uint32_t *line, uint32_t *column);

#endif

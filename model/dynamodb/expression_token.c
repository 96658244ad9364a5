/* expression_token.c: see expression_token.h. */
#include "model/dynamodb/expression_token.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
    return is_letter(c) || is_digit(c) || c == '_';
}

static const char *behind_space(const char *at)
{
    while (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n') {
        at++;
    }
    return at;
}

/* A placeholder has something behind its sign; a bare name begins with a letter. */
static enum token_kind kind_of(const char *at)
{
    if (*at == '#' || *at == ':') {
        return !is_word(at[1]) ? TOKEN_SIGN : *at == '#' ? TOKEN_NAME : TOKEN_VALUE;
    }
    return is_digit(*at) ? TOKEN_DIGITS : is_letter(*at) ? TOKEN_WORD : TOKEN_SIGN;
}

static struct token token_at(const char *at)
{
    enum token_kind kind = kind_of(at);
    size_t size = 1;
    if (kind == TOKEN_SIGN) {
        bool two =
            (at[0] == '<' && (at[1] == '=' || at[1] == '>')) || (at[0] == '>' && at[1] == '=');
        size = two ? 2 : 1;
        while (((unsigned char)at[size] & 0xC0) == 0x80) { /* the rest of a UTF-8 character */
            size++;
        }
        return (struct token){
            kind, {at, size}
        };
    }
    while (kind == TOKEN_DIGITS ? is_digit(at[size]) : is_word(at[size])) {
        size++;
    }
    return (struct token){
        kind, {at, size}
    };
}

uint32_t tokenize(const char *text, struct token *tokens)
{
    uint32_t count = 0;
    const char *at = behind_space(text);
    while (*at != '\0') {
        tokens[count] = token_at(at);
        at = behind_space(at + tokens[count].text.size);
        count++;
    }
    tokens[count] = (struct token){
        TOKEN_END, {at, 0}
    };
    return count;
}

bool token_is(const struct token *t, const char *sign)
{
    return t->kind == TOKEN_SIGN && text_equal(t->text, text_from(sign));
}

bool token_is_keyword(const struct token *t, const char *keyword)
{
    struct text k = text_from(keyword);
    if (t->kind != TOKEN_WORD || t->text.size != k.size) {
        return false;
    }
    for (size_t i = 0; i < k.size; i++) {
        char c = t->text.at[i];
        if ((c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c) != k.at[i]) {
            return false;
        }
    }
    return true;
}

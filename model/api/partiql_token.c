/* partiql_token.c: see partiql_token.h. */
#include "model/api/partiql_token.h"

/* Words that are no identifiers unless they are quoted: those of SQL-92 and PartiQL's own, without
 * the parts of dates and the functions. Source: DDB-PARTIQL-2. */
static const char KEYWORDS[] =
    " ABSOLUTE ACTION ADD ALL ALLOCATE ALTER AND ANY ARE AS ASC ASSERTION AT "
    "AUTHORIZATION BAG BEGIN BETWEEN BIGINT BIT BLOB BOOL BOOLEAN BY CAN_CAST "
    "CAN_LOSSLESS_CAST CASCADE CASCADED CASE CAST CATALOG CHAR CHARACTER CHECK CLOB "
    "CLOSE COALESCE COLLATE COLLATION COLUMN COMMIT CONFLICT CONNECT CONNECTION "
    "CONSTRAINT CONSTRAINTS CONTINUE CONVERT CORRESPONDING CREATE CROSS CURRENT "
    "CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER CURSOR DATE DATE_ADD "
    "DATE_DIFF DEALLOCATE DEC DECIMAL DECLARE DEFAULT DEFERRABLE DEFERRED DELETE DESC "
    "DESCRIBE DESCRIPTOR DIAGNOSTICS DISCONNECT DISTINCT DO DOMAIN DOUBLE DROP ELSE END "
    "ESCAPE EXCEPT EXCEPTION EXEC EXECUTE EXTERNAL EXTRACT FALSE FETCH FIRST FLOAT FOR "
    "FOREIGN FOUND FROM FULL GET GLOBAL GO GOTO GRANT GROUP HAVING IDENTITY IMMEDIATE IN "
    "INDEX INDICATOR INITIALLY INNER INPUT INSENSITIVE INSERT INT INT2 INT4 INT8 INTEGER "
    "INTEGER2 INTEGER4 INTEGER8 INTERSECT INTERVAL INTO IS ISOLATION JOIN KEY LANGUAGE "
    "LAST LEFT LET LEVEL LIKE LIMIT LIST LOCAL MATCH MISSING MODIFIED MODULE NAMES "
    "NATIONAL NATURAL NCHAR NEW NEXT NO NOT NOTHING NULL NULLIF NUMERIC OF OFFSET OLD ON "
    "ONLY OPEN OPTION OR ORDER OUTER OUTPUT OVERLAPS PAD PARTIAL PIVOT POSITION "
    "PRECISION PREPARE PRESERVE PRIMARY PRIOR PRIVILEGES PROCEDURE PUBLIC READ REAL "
    "REFERENCES RELATIVE REMOVE RESTRICT RETURNING REVOKE RIGHT ROLLBACK ROWS SCHEMA "
    "SCROLL SECTION SELECT SESSION SESSION_USER SET SEXP SMALLINT SOME SPACE SQL SQLCODE "
    "SQLERROR SQLSTATE STRING STRUCT SYMBOL SYSTEM_USER TABLE TEMPORARY THEN TIME "
    "TIMESTAMP TO TRANSACTION TRANSLATE TRANSLATION TRIM TRUE TUPLE UNION UNIQUE UNKNOWN "
    "UNPIVOT UPDATE USAGE USER USING VALUE VALUES VARCHAR VARYING VIEW WHEN WHENEVER "
    "WHERE WITH WORK WRITE ZONE ";

/* Words that begin a function where a parenthesis follows; by themselves they are keywords too. */
static const char FUNCTION_WORDS[] =
    " AVG BIT_LENGTH CHAR_LENGTH CHARACTER_LENGTH COUNT EXISTS LOWER MAX MIN OCTET_LENGTH SIZE "
    "SUBSTRING SUM UPPER ";

static const char OPERATOR_WORDS[] = " AND BETWEEN IN IS LIKE NOT OR ";
static const char OPERATOR_SIGNS[] = " = <> != < <= > >= + - ";

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char upper(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

static bool same_word(struct text text, struct text word)
{
    if (text.size != word.size) {
        return false;
    }
    size_t i = 0;
    while (i < text.size && upper(text.at[i]) == word.at[i]) {
        i++;
    }
    return i == text.size;
}

/* Whether the text is one of those words, which are in capitals with a space around each. */
static bool among(struct text text, const char *words)
{
    while (*++words != '\0') {
        size_t size = strcspn(words, " ");
        if (same_word(text, (struct text){words, size})) {
            return true;
        }
        words += size;
    }
    return false;
}

/* The statement while it is cut up. */
struct cutter {
    const char *at, *end;
};

static char peek(const struct cutter *c, size_t ahead)
{
    if ((size_t)(c->end - c->at) <= ahead) {
        return '\0';
    }
    return c->at[ahead];
}

/* Passes a block comment; false where it does not end. */
static bool pass_comment(struct cutter *c)
{
    for (c->at += 2; c->at < c->end; c->at++) {
        if (peek(c, 0) == '*' && peek(c, 1) == '/') {
            c->at += 2;
            return true;
        }
    }
    return false;
}

/* Passes white space and comments; false where one does not end. */
static bool pass_space(struct cutter *c)
{
    while (c->at < c->end) {
        if (peek(c, 0) == '-' && peek(c, 1) == '-') {
            while (c->at < c->end && *c->at != '\n' && *c->at != '\r') {
                c->at++;
            }
        } else if (peek(c, 0) == '/' && peek(c, 1) == '*') {
            if (!pass_comment(c)) {
                return false;
            }
        } else if (*c->at == ' ' || *c->at == '\t' || *c->at == '\r' || *c->at == '\n') {
            c->at++;
        } else {
            break;
        }
    }
    return true;
}

/* The size of what is between two equal quotes, with them; a doubled quote is part of it. 0: it
 * does not end. */
static size_t quoted_size(const struct cutter *c)
{
    char quote = *c->at;
    size_t i = 1;
    while (peek(c, i) != '\0') {
        if (peek(c, i) != quote) {
            i++;
        } else if (peek(c, i + 1) == quote) {
            i += 2;
        } else {
            return i + 1;
        }
    }
    return 0;
}

static size_t digits_size(const struct cutter *c, size_t from)
{
    size_t i = from;
    while (is_digit(peek(c, i))) {
        i++;
    }
    return i - from;
}

/* Digits with a point and an exponent. 0: neither exponent nor scale may leave 32 bits. */
static size_t number_size(const struct cutter *c)
{
    size_t i = digits_size(c, 0);
    size_t places = 0;
    if (peek(c, i) == '.') {
        places = digits_size(c, i + 1);
        i += 1 + places;
    }
    if (peek(c, i) != 'e' && peek(c, i) != 'E') {
        return i;
    }
    size_t sign = peek(c, i + 1) == '+' || peek(c, i + 1) == '-';
    size_t digits = digits_size(c, i + 1 + sign);
    if (digits == 0) {
        return i;
    }
    int64_t exponent = 0;
    for (size_t k = 0; k < digits && exponent <= INT32_MAX; k++) {
        exponent = exponent * 10 + (peek(c, i + 1 + sign + k) - '0');
    }
    exponent = peek(c, i + 1) == '-' ? -exponent : exponent;
    int64_t scale = (int64_t)places - exponent;
    bool fits =
        exponent <= INT32_MAX && exponent >= INT32_MIN && scale <= INT32_MAX && scale >= INT32_MIN;
    return fits ? i + 1 + sign + digits : 0;
}

static size_t sign_size(const struct cutter *c)
{
    static const char *const pairs[] = {"<>", "!=", "<=", ">=", "<<", ">>"};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        if (peek(c, 0) == pairs[i][0] && peek(c, 1) == pairs[i][1]) {
            return 2;
        }
    }
    return *c->at != '\0' && strchr("=<>+-()[]{},:.;*", *c->at) != NULL;
}

/* A point begins a number unless it follows what may be the first part of a path. */
static bool begins_number(const struct cutter *c, const struct partiql_token *before)
{
    bool path = before->kind == PARTIQL_NAME || before->kind == PARTIQL_QUOTED ||
                partiql_is_sign(before, "]");
    return is_digit(*c->at) || (*c->at == '.' && is_digit(peek(c, 1)) && !path);
}

/* The token that begins here; size 0: none does. */
static struct partiql_token token_at(const struct cutter *c, const struct partiql_token *before)
{
    struct partiql_token t = {
        PARTIQL_SIGN, {c->at, 0}
    };
    if (is_letter(*c->at)) {
        while (is_letter(peek(c, t.text.size)) || is_digit(peek(c, t.text.size))) {
            t.text.size++;
        }
        t.kind =
            among(t.text, KEYWORDS) || among(t.text, FUNCTION_WORDS) ? PARTIQL_WORD : PARTIQL_NAME;
    } else if (*c->at == '\'' || *c->at == '"') {
        t.kind = *c->at == '"' ? PARTIQL_QUOTED : PARTIQL_STRING;
        t.text.size = quoted_size(c);
    } else if (begins_number(c, before)) {
        t.kind = PARTIQL_NUMBER;
        t.text.size = number_size(c);
    } else if (*c->at == '?') {
        t.kind = PARTIQL_PARAMETER;
        t.text.size = 1;
    } else {
        t.text.size = sign_size(c);
    }
    return t;
}

bool partiql_tokenize(struct text statement, struct partiql_token *tokens)
{
    struct cutter c = {statement.at, statement.at + statement.size};
    struct partiql_token before = {
        PARTIQL_END, {c.at, 0}
    };
    while (pass_space(&c)) {
        if (c.at == c.end) {
            *tokens = (struct partiql_token){
                PARTIQL_END, {c.at, 0}
            };
            return true;
        }
        before = token_at(&c, &before);
        if (before.text.size == 0) {
            return false;
        }
        *tokens++ = before;
        c.at += before.text.size;
    }
    return false;
}

bool partiql_is_sign(const struct partiql_token *t, const char *sign)
{
    return t->kind == PARTIQL_SIGN && text_equal(t->text, text_from(sign));
}

bool partiql_is_word(const struct partiql_token *t, const char *word)
{
    return (t->kind == PARTIQL_WORD || t->kind == PARTIQL_NAME) &&
           same_word(t->text, text_from(word));
}

bool partiql_is_operator(const struct partiql_token *t)
{
    return (t->kind == PARTIQL_WORD && among(t->text, OPERATOR_WORDS)) ||
           (t->kind == PARTIQL_SIGN && among(t->text, OPERATOR_SIGNS));
}

void partiql_place(struct text statement, const char *at, uint32_t *line, uint32_t *column)
{
    *line = 1;
    *column = 1;
    for (const char *c = statement.at; c < at; c++) {
        if (*c == '\n') {
            ++*line;
            *column = 1;
        } else if (((unsigned char)*c & 0xC0) != 0x80) { /* not inside a UTF-8 character */
            ++*column;
        }
    }
}

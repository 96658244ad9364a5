/* json.h: JSON text to documents and back. Wraps jansson.
 *
 * Method. A document is a value of the item encoding (item.h): an object is an M, an array an L,
 * and the others S, N, BOOL and NULL. So a request is walked with the functions of items, lies in
 * one run of bytes, and owns nothing. Members of an object come out in the order of their names.
 * What jansson reads is strict JSON: one value, UTF-8, no name twice in an object. Numbers become
 * exact decimals where they are integers of 64 bits; others go through a binary fraction of 17
 * digits, which no part of a request needs. Left out: names with a NUL in them, or of more than
 * 65535 bytes; integers beyond 64 bits; what nests deeper than JSON_DEPTH_MAX.
 *
 * The writer streams into a buffer of the caller: compact, as DynamoDB answers, or indented, as the
 * AWS CLI prints.
 */
#ifndef LOCKSTEP_MODEL_API_JSON_H
#define LOCKSTEP_MODEL_API_JSON_H

#include "model/dynamodb/item.h"
#include "sim/memory.h"

enum { JSON_DEPTH_MAX = 256 };

/* A text being read, value by value. */
struct json_source {
    struct text text;
    size_t at;             /* bytes read so far */
    uint32_t line, column; /* of what comes next, from 1; columns in characters. After an error:
                              where it is */
};

struct json_source json_source(struct text text);

/* Reads the next value into `area`, where *document stays. STATUS_BAD_INPUT with a message that
 * does not say where; STATUS_FULL where the area is too small. What was taken for a value that
 * cannot be read is given back. */
enum status json_read(struct json_source *source, struct memory_area *area, struct value *document,
                      struct error *error);

/* STATUS_BAD_INPUT where anything but white space follows. */
enum status json_end(struct json_source *source, struct error *error);

/* Skips white space and takes `c`, a sign of JSON's, if it comes next. So the outermost containers
 * of a long text are walked by hand, one element in memory at a time. */
bool json_take(struct json_source *source, char c);

/* Whole texts: one value and nothing else; else nothing is taken of the area. The message begins
 * with "LINE:COLUMN: ". */
enum status json_parse(struct text text, struct memory_area *area, struct value *document,
                       struct error *error);

struct json_writer {
    struct text_writer text;
    uint32_t indent; /* spaces for each level; 0: all in one line, without spaces */
    uint32_t depth;
    bool empty; /* nothing in the innermost container yet */
    bool named; /* a name was written, its value is due */
};

/* Writes into `buffer`; overflow is remembered in text.overflowed. */
struct json_writer json_writer(char *buffer, size_t capacity, uint32_t indent);

/* '{' or '[', and the '}' or ']' that belongs to it. */
void json_open(struct json_writer *w, char c);
void json_close(struct json_writer *w, char c);

/* The name of the member whose value is written next. */
void json_name(struct json_writer *w, struct text name);
void json_put_text(struct json_writer *w, struct text text);
void json_put_integer(struct json_writer *w, int64_t integer);
void json_put_boolean(struct json_writer *w, bool boolean);
void json_put_null(struct json_writer *w);

/* Thousandths as a decimal fraction with at least one digit: 500 is 0.5, 1000 is 1.0. */
void json_put_milli(struct json_writer *w, int64_t milli);

/* Begins a value that the caller writes in full, quotes and all, into what is returned. */
struct text_writer *json_put_raw(struct json_writer *w);

/* A document as it was read. */
void json_put_document(struct json_writer *w, const struct value *document);

/* What has been written since the last time; the buffer is free again. Not after an overflow. */
struct text json_flush(struct json_writer *w);

#endif

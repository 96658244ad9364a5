/* shape.h: what a JSON document must look like, as data, and the two checks of it.
 *
 * Method. DynamoDB's front end checks a request against its API model before the service sees it,
 * in two steps. First the JSON types, in the order of the model; the first that is wrong ends it,
 * with a SerializationException. Then the constraints (required members, lengths, ranges, patterns,
 * enumerations): up to ten that fail are told in one ValidationException. Here a shape is a static
 * table; members that it does not have are ignored, and a null counts as missing. Sources:
 * DDB-API-2, DDB-API-3.
 */
#ifndef LOCKSTEP_MODEL_API_SHAPE_H
#define LOCKSTEP_MODEL_API_SHAPE_H

#include "model/dynamodb/item.h"
#include "sim/status.h"

enum shape_kind {
    SHAPE_STRING,
    SHAPE_BOOLEAN,
    SHAPE_INTEGER,
    SHAPE_LONG,
    SHAPE_BLOB, /* base64 */
    SHAPE_LIST,
    SHAPE_MAP,
    SHAPE_STRUCTURE,
};

enum shape_pattern {
    PATTERN_NONE,
    PATTERN_NAME, /* [a-zA-Z0-9_.-]+ */
};

struct shape;

/* How a missing required member is told: with the other constraints, or at once and alone. */
enum shape_need { OPTIONAL, REQUIRED, REQUIRED_FIRST };

struct shape_member {
    const char *name; /* NULL ends a table */
    enum shape_need need;
    const struct shape *shape;
};

struct shape {
    enum shape_kind kind;
    const char *type;                   /* STRUCTURE, and what a MAP holds: its name in the model */
    const struct shape_member *members; /* STRUCTURE */
    const struct shape *element;        /* LIST, MAP */
    const struct shape *key;            /* MAP: constraints on its names; NULL: none */
    int64_t least, most; /* length of a text, list or map, or value of a number; 0: no bound; a
                            number's `least` counts where `bounded` */
    bool bounded;
    bool table_name; /* a bad length is told at once and alone; an ARN may stand for the name */
    enum shape_pattern pattern;
    const char *values; /* STRING: "INDEXES, TOTAL, NONE"; NULL: any */
};

/* An attribute value, {"S": "x"}, and a map of them: DynamoDB's JSON form. */
extern const struct shape SHAPE_ATTRIBUTE_VALUE, SHAPE_ATTRIBUTE_MAP;

/* Whether every part has the JSON type that belongs there. STATUS_BAD_INPUT with the text of a
 * SerializationException. `path` (NULL: not wanted) grows by the place of what is wrong:
 * "Item.ttl.N", "Keys[2]". */
enum status shape_check_types(const struct shape *shape, const struct value *document,
                              struct text_writer *path, struct error *error);

/* Whether a document whose types are right keeps the constraints. False, with the text of a
 * ValidationException in `message`. */
bool shape_check_constraints(const struct shape *shape, const struct value *document,
                             struct text_writer *message);

/* A member of a structure; false where it is missing or null. */
bool shape_get(const struct value *structure, const char *name, struct value *member);

/* A truth value as the front end takes it: true, or a text like "yes". */
bool shape_true(const struct value *document);

/* A number as the front end takes it where the model has an integer: cut at the point, and at the
 * ends of 64 bits. */
int64_t shape_integer(const struct value *document);

/* The paths of parts: ".name" or "[3]" behind what is there. `path` may be NULL. */
void path_add_name(struct text_writer *path, struct text name);
void path_add_element(struct text_writer *path, uint32_t i);
size_t path_size(const struct text_writer *path);
void path_cut(struct text_writer *path, size_t size);

/* Strict base64: decodes into `bytes` (NULL: only checks), at most size / 4 * 3 of them.
 * STATUS_BAD_INPUT with the text of a SerializationException. */
enum status base64_decode(struct text text, char *bytes, size_t *size, struct error *error);

/* The digits of `bytes`. */
void text_put_base64(struct text_writer *w, struct text bytes);

#endif

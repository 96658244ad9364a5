/* attribute_json.h: items and values in DynamoDB's JSON form: {"S": "text"}, {"N": "3.5"}.
 *
 * Method. All ten types; B and the elements of BS in base64, numbers as strings. What is read has
 * had its JSON types checked (shape.h, SHAPE_ATTRIBUTE_VALUE and SHAPE_ATTRIBUTE_MAP): that is the
 * service's front end, whose errors come first. Here the values must be ones that DynamoDB takes.
 * Messages are DynamoDB's own, cut at the length of struct error; `path`, where it is wanted, says
 * of which part: "tags.M.days.L[2]". Sources: DDB-API-3, DDB-API-4, DDB-NUMBER-1, DDB-LIMIT-1.
 */
#ifndef LOCKSTEP_MODEL_API_ATTRIBUTE_JSON_H
#define LOCKSTEP_MODEL_API_ATTRIBUTE_JSON_H

#include "model/api/json.h"

/* Maps and lists in one another. Source: DDB-LIMIT-1. */
enum { ATTRIBUTE_DEPTH_MAX = 31 };

/* Reads one value, or a map of them as an item, into `area`, where it stays. `path` may be NULL.
 * STATUS_BAD_INPUT with the text of a ValidationException; STATUS_FULL where the area is too small.
 */
enum status attribute_json_read(struct memory_area *area, const struct value *document,
                                struct value *value, struct text_writer *path, struct error *error);
enum status attribute_json_read_item(struct memory_area *area, const struct value *document,
                                     struct item *item, struct text_writer *path,
                                     struct error *error);

/* Writes a value, and the attributes of an item as a map. */
void attribute_json_write(struct json_writer *w, const struct value *value);
void attribute_json_write_item(struct json_writer *w, struct item item);

#endif

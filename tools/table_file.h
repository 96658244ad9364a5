/* table_file.h: files of items, as `aws dynamodb scan` prints them and S3 exports have them.
 *
 * A file is a sequence of JSON objects: {"Items": [...], "Count": n, ...}, as the AWS CLI prints a
 * scan; or {"Item": {...}}, one a line, as an export to S3 has them. Other members are passed over.
 * It is read element by element, so it may be longer than one document.
 */
#ifndef LOCKSTEP_TOOLS_TABLE_FILE_H
#define LOCKSTEP_TOOLS_TABLE_FILE_H

#include "model/dynamodb/table.h"

#include <stdio.h>

/* Reads all items of a text and hands each to `visit`, valid during the call only. STATUS_BAD_INPUT
 * with "NAME:LINE:COLUMN: error: Items[3].ttl.N: ..."; what `visit` reports is prefixed so. *count
 * is how many there were; *partial whether the file says that there are more. */
enum status table_file_read(const char *name, struct text text,
                            enum status (*visit)(void *self, struct item item, struct error *error),
                            void *self, uint64_t *count, bool *partial, struct error *error);

/* Writes all items as the AWS CLI prints a scan of them: in the order of their keys, attributes in
 * the order of their names. STATUS_IO where the file cannot be written; STATUS_NO_MEMORY. */
enum status table_file_write(struct table *t, FILE *file, struct error *error);

#endif

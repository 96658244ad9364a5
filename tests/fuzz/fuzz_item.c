/* fuzz_item.c: any bytes at all as an encoded item.
 *
 * What item_valid takes is walked to its last element, measured, and encoded anew from its parts:
 * the same bytes, since the encoding is canonical. What it does not take is not looked at.
 */
#include "model/dynamodb/item.h"
#include "sim/assert.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* Encodes a run of members again. */
static void check_run(struct text run, enum attribute_type type)
{
    uint32_t capacity = (uint32_t)run.size + 64;
    char *buffer = malloc(capacity);
    ASSERT(buffer != NULL);
    struct item_writer w = item_writer(buffer, capacity);
    struct item_cursor c = item_cursor((struct item){run});
    struct text name;
    struct value value;
    uint32_t count = 0;
    while (item_next(&c, &name, &value)) {
        if (value.type >= TYPE_M) {
            check_run(value.bytes, value.type);
        }
        ASSERT(value_equal(&value, &value) && value_size(&value) <= run.size);
        if (type == TYPE_M) {
            struct value found;
            item_add(&w, name, &value);
            ASSERT(item_get((struct item){run}, name, &found) && value_equal(&found, &value));
        } else if (type == TYPE_L) {
            item_append(&w, &value);
        } else {
            item_add_element(&w, &value);
        }
        count++;
    }
    ASSERT(count == item_count((struct item){run}) && !w.overflowed);
    ASSERT(text_equal(item_written(&w).bytes, run));
    free(buffer);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    /* A copy of just this size, so that a byte too far is seen. */
    char *copy = malloc(size + 1);
    ASSERT(copy != NULL);
    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    struct text text = {copy, size};
    if (size > 0 && item_valid(text)) {
        check_run(text, TYPE_M);
        ASSERT(item_size((struct item){text}) <= size);
    }
    free(copy);
    return 0;
}

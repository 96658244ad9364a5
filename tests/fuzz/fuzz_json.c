/* fuzz_json.c: any text at all as JSON, as items in DynamoDB's form, and as a request.
 *
 * A document that is read is written and read again: the same document. Where it has the shape of a
 * map of attribute values and is an item, that item is sound, and written and read again it is the
 * same item. What is refused is refused with a message; base64 too.
 */
#include "model/api/attribute_json.h"
#include "model/api/json.h"
#include "model/api/shape.h"
#include "sim/assert.h"
#include "sim/memory.h"

enum { AREA_BYTES = 64 << 20, TEXT_BYTES = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct memory_area area;
static char text_bytes[TEXT_BYTES];

static void check_document(const struct value *document)
{
    struct value again;
    struct error error;
    struct json_writer w = json_writer(text_bytes, sizeof text_bytes, 0);
    json_put_document(&w, document);
    ASSERT(!w.text.overflowed);
    if (json_parse(text_written(&w.text), &area, &again, &error) != STATUS_OK) {
        ASSERT(strstr(error.message, "integer") != NULL); /* 1e55, which comes out in full */
    } else {
        ASSERT(document->type == again.type && value_equal(document, &again));
    }
}

static void check_item(const struct value *document)
{
    struct value again;
    struct item item;
    struct item same;
    char path_bytes[4096];
    struct text_writer path = text_writer(path_bytes, sizeof path_bytes);
    struct error error = {{0}, STATUS_OK};
    if (shape_check_types(&SHAPE_ATTRIBUTE_MAP, document, &path, &error) != STATUS_OK ||
        attribute_json_read_item(&area, document, &item, &path, &error) != STATUS_OK) {
        ASSERT(error.message[0] != '\0');
        return;
    }
    ASSERT(item_valid(item.bytes));
    struct json_writer w = json_writer(text_bytes, sizeof text_bytes, 0);
    attribute_json_write_item(&w, item);
    ASSERT(!w.text.overflowed);
    ASSERT(json_parse(text_written(&w.text), &area, &again, &error) == STATUS_OK);
    ASSERT(shape_check_types(&SHAPE_ATTRIBUTE_MAP, &again, NULL, &error) == STATUS_OK);
    ASSERT(attribute_json_read_item(&area, &again, &same, NULL, &error) == STATUS_OK);
    ASSERT(text_equal(item.bytes, same.bytes));
}

static void check_base64(struct text text)
{
    static char decoded[1 << 16];
    static char encoded[1 << 17];
    size_t size = 0;
    struct error error;
    if (text.size > sizeof decoded || base64_decode(text, decoded, &size, &error) != STATUS_OK) {
        return;
    }
    struct text_writer w = text_writer(encoded, sizeof encoded);
    text_put_base64(&w, (struct text){decoded, size});
    ASSERT(text_equal(text_written(&w), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct text text = {size > 0 ? (const char *)bytes : "", size};
    struct value document;
    struct error error = {{0}, STATUS_OK};
    ASSERT(area.base != NULL || memory_area_init(&area, AREA_BYTES));
    area.used = 0;
    if (json_parse(text, &area, &document, &error) == STATUS_OK) {
        check_document(&document);
        if (document.type == TYPE_M) {
            check_item(&document);
        }
    } else {
        ASSERT(error.message[0] != '\0');
    }
    check_base64(text);
    return 0;
}

/* fuzz_number.c: any text at all as a number.
 *
 * What is read is written and read again: the same number, the same text. Twice it, less itself, is
 * it again, where it can be doubled. What is refused is refused with a reason.
 */
#include "model/dynamodb/number.h"
#include "sim/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static struct text written(const struct number *n, char buffer[NUMBER_TEXT_MAX])
{
    struct text_writer w = text_writer(buffer, NUMBER_TEXT_MAX);
    text_put_number(&w, n);
    ASSERT(!w.overflowed && w.size > 0);
    return text_written(&w);
}

static void check_number(const struct number *n)
{
    char once[NUMBER_TEXT_MAX];
    char twice[NUMBER_TEXT_MAX];
    struct number again;
    struct number sum;
    struct text text = written(n, once);
    ASSERT(number_parse(text, &again, NULL) == STATUS_OK);
    ASSERT(number_compare(n, &again) == 0 && memcmp(n, &again, sizeof again) == 0);
    ASSERT(text_equal(text, written(&again, twice)));
    if (number_add(n, n, &sum, NULL) == STATUS_OK) {
        ASSERT(number_subtract(&sum, n, &again, NULL) == STATUS_OK);
        ASSERT(memcmp(n, &again, sizeof again) == 0);
        ASSERT((number_compare(&sum, n) > 0) == (n->sign > 0));
    }
    ASSERT(number_size(n) >= 1 && number_size(n) <= 22);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct number n;
    struct error error = {{0}, STATUS_OK};
    struct text text = {size > 0 ? (const char *)bytes : "", size};
    if (number_parse(text, &n, &error) == STATUS_OK) {
        check_number(&n);
    } else {
        ASSERT(error.message[0] != '\0');
    }
    return 0;
}

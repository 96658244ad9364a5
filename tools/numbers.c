/* numbers.c: see numbers.h. */
#include "tools/numbers.h"

#include <inttypes.h>

void number_write(FILE *out, uint64_t number)
{
    (void)fprintf(out, "%" PRIu64 " ", number);
}

uint64_t number_read(struct number_reader *r, uint64_t most)
{
    uint64_t number = 0;
    size_t size = 0;
    while (size < r->rest.size && r->rest.at[size] >= '0' && r->rest.at[size] <= '9') {
        uint64_t digit = (uint64_t)(r->rest.at[size] - '0');
        r->bad |= __builtin_mul_overflow(number, 10, &number) ||
                  __builtin_add_overflow(number, digit, &number);
        size++;
    }
    r->bad |= size == 0 || size == r->rest.size || r->rest.at[size] != ' ' || number > most;
    size += size < r->rest.size;
    if (size < r->rest.size && r->rest.at[size] == '\n') {
        size++;
    }
    r->rest = (struct text){r->rest.at + size, r->rest.size - size};
    return r->bad ? 0 : number;
}

uint32_t number_read_small(struct number_reader *r, uint32_t most)
{
    return (uint32_t)number_read(r, most);
}

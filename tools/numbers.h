/* numbers.h: whole numbers as text, for what processes tell each other and journals keep. */
#ifndef LOCKSTEP_TOOLS_NUMBERS_H
#define LOCKSTEP_TOOLS_NUMBERS_H

#include "sim/text.h"

#include <stdio.h>

/* Writes the number and a blank. */
void number_write(FILE *out, uint64_t number);

/* Numbers, each with a blank behind it, and maybe a line feed. */
struct number_reader {
    struct text rest;
    bool bad; /* something else was there */
};

/* The next number, 0 to `most`; 0 where `bad` is set, which then stays so. */
uint64_t number_read(struct number_reader *r, uint64_t most);
uint32_t number_read_small(struct number_reader *r, uint32_t most);

#endif

/* md5.h: the MD5 digest of a short text, for programs that make numbers of names with it.
 *
 * Method. RFC 1321, on text that lies in memory. It is no protection against anybody. Source:
 * RFC 1321, whose test suite is in tests/test_md5.c.
 */
#ifndef LOCKSTEP_SIM_MD5_H
#define LOCKSTEP_SIM_MD5_H

#include "sim/text.h"

enum { MD5_BYTES = 16 };

struct md5 {
    unsigned char bytes[MD5_BYTES]; /* in the order in which they are written as hexadecimal */
};

struct md5 md5_of(struct text text);

/* The digest, read as one number of 128 bits as its 32 hexadecimal digits are, modulo `divisor` (at
 * least 1). */
uint32_t md5_modulo(const struct md5 *digest, uint32_t divisor);

#endif

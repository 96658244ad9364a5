/* md5.c: see md5.h. */
#include "sim/md5.h"

#include "sim/assert.h"

enum { BLOCK_BYTES = 64, WORDS = 16, LENGTH_BYTES = 8 };

/* floor(2^32 * abs(sin(i + 1))), as the RFC lists them. */
static const uint32_t SINES[BLOCK_BYTES] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

/* How far each step of a round turns: four rounds, four steps, again and again. */
static const unsigned TURNS[4][4] = {
    {7, 12, 17, 22},
    {5, 9,  14, 20},
    {4, 11, 16, 23},
    {6, 10, 15, 21},
};

static uint32_t turn(uint32_t word, unsigned bits)
{
    return word << bits | word >> (32 - bits);
}

/* What a step mixes of three words, and which word of the block it takes. */
static uint32_t mix(unsigned step, uint32_t b, uint32_t c, uint32_t d, unsigned *word)
{
    switch (step / WORDS) {
    case 0:
        *word = step;
        return (b & c) | (~b & d);
    case 1:
        *word = (5 * step + 1) % WORDS;
        return (b & d) | (c & ~d);
    case 2:
        *word = (3 * step + 5) % WORDS;
        return b ^ c ^ d;
    default:
        *word = 7 * step % WORDS;
        return c ^ (b | ~d);
    }
}

static void add_block(uint32_t state[4], const unsigned char *block)
{
    uint32_t words[WORDS];
    uint32_t now[4] = {state[0], state[1], state[2], state[3]};
    for (unsigned i = 0; i < WORDS; i++) {
        const unsigned char *at = block + 4 * (size_t)i;
        words[i] = at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
    }
    for (unsigned step = 0; step < BLOCK_BYTES; step++) {
        unsigned word;
        uint32_t mixed = mix(step, now[1], now[2], now[3], &word);
        mixed += now[0] + SINES[step] + words[word];
        now[0] = now[3];
        now[3] = now[2];
        now[2] = now[1];
        now[1] += turn(mixed, TURNS[step / WORDS][step % 4]);
    }
    for (unsigned i = 0; i < 4; i++) {
        state[i] += now[i];
    }
}

struct md5 md5_of(struct text text)
{
    uint32_t state[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    unsigned char last[2 * BLOCK_BYTES] = {0};
    const unsigned char *at = (const unsigned char *)text.at;
    size_t rest = text.size % BLOCK_BYTES;
    for (size_t i = 0; i + BLOCK_BYTES <= text.size; i += BLOCK_BYTES) {
        add_block(state, at + i);
    }
    if (rest > 0) {
        memcpy(last, at + text.size - rest, rest);
    }
    /* A bit that is set, zeros, and the length in bits fill one block more, or two. */
    size_t blocks = rest + 1 + LENGTH_BYTES <= BLOCK_BYTES ? 1 : 2;
    uint64_t bits = (uint64_t)text.size * 8;
    last[rest] = 0x80;
    for (unsigned i = 0; i < LENGTH_BYTES; i++) {
        last[blocks * BLOCK_BYTES - LENGTH_BYTES + i] = (unsigned char)(bits >> (8 * i));
    }
    for (size_t i = 0; i < blocks; i++) {
        add_block(state, last + i * BLOCK_BYTES);
    }
    struct md5 digest;
    for (unsigned i = 0; i < MD5_BYTES; i++) {
        digest.bytes[i] = (unsigned char)(state[i / 4] >> (8 * (i % 4)));
    }
    return digest;
}

uint32_t md5_modulo(const struct md5 *digest, uint32_t divisor)
{
    ASSERT(divisor > 0);
    uint64_t rest = 0;
    for (unsigned i = 0; i < MD5_BYTES; i++) {
        rest = (rest << 8 | digest->bytes[i]) % divisor;
    }
    return (uint32_t)rest;
}

/* exponential.h: exponential random numbers at the speed of the limit, for peers.
 *
 * sfc64 (Chris Doty-Humphrey) for the bits, and Marsaglia and Tsang's ziggurat of 256 layers (2000)
 * for the shape: 2 ns a draw, where our own reproducible tables take 5. In floating point, so its
 * figures may differ between machines; a bench draws the same from it for all rivals.
 */
#ifndef LOCKSTEP_BENCH_PEERS_EXPONENTIAL_H
#define LOCKSTEP_BENCH_PEERS_EXPONENTIAL_H

#include <math.h>
#include <stdint.h>

struct exponential {
    uint64_t a, b, c, counter;
    uint64_t accept[256]; /* of 53 bits, those surely below the curve in this layer */
    double width[256];    /* of a layer, over 2^53 */
    double height[256];   /* of the curve at a layer's right edge */
};

static inline uint64_t exponential_bits(struct exponential *e)
{
    uint64_t sum = e->a + e->b + e->counter++;
    e->a = e->b ^ (e->b >> 11);
    e->b = e->c + (e->c << 3);
    e->c = (e->c << 24 | e->c >> 40) + sum;
    return sum;
}

static inline void exponential_init(struct exponential *e, uint64_t seed)
{
    const double area = 3.9496598225815571993e-3; /* of each layer */
    double edge = 7.69711747013104972;            /* of the lowest: beyond it lies the tail */
    double edge_below = edge;
    double base = area / exp(-edge);
    *e = (struct exponential){.a = seed, .b = seed, .c = seed, .counter = 1};
    e->accept[0] = (uint64_t)(edge / base * 0x1p53);
    e->width[0] = base / 0x1p53;
    e->height[0] = 1;
    e->width[255] = edge / 0x1p53;
    e->height[255] = exp(-edge);
    for (int i = 254; i >= 1; i--) {
        edge = -log(area / edge + exp(-edge));
        e->accept[i + 1] = (uint64_t)(edge / edge_below * 0x1p53);
        e->width[i] = edge / 0x1p53;
        e->height[i] = exp(-edge);
        edge_below = edge;
    }
    for (int i = 0; i < 20; i++) {
        (void)exponential_bits(e);
    }
}

static inline double exponential_uniform(struct exponential *e)
{
    return (double)(exponential_bits(e) >> 11) * 0x1p-53;
}

/* Exponential with mean 1. */
static inline double exponential_next(struct exponential *e)
{
    for (;;) {
        uint64_t bits = exponential_bits(e);
        unsigned layer = bits & 255;
        double x = (double)(bits >> 11) * e->width[layer];
        if (__builtin_expect(bits >> 11 < e->accept[layer], 1)) {
            return x;
        }
        if (layer == 0) {
            return e->width[255] * 0x1p53 - log(1 - exponential_uniform(e));
        }
        double low = e->height[layer];
        double high = e->height[layer - 1];
        if (low + exponential_uniform(e) * (high - low) < exp(-x)) {
            return x;
        }
    }
}

#endif

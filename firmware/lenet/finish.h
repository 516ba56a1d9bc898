/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* From pixels to words, and from sums to activations: bias, shift, activation, mean. docs/lenet.md has the
   arithmetic. */
#ifndef FINISH_H
#define FINISH_H

#include <stdbool.h>

#include "network.h"

static inline operand word_of(uint32_t pixel) { return (operand)pixel; }

/* The mean of a block of side x side, rounded half up. */
static inline operand mean_of_block(const operand *block, uint32_t pitch, uint32_t side) {
  uint32_t shift = 0;
  while (1u << shift < side * side) shift++;
  int32_t sum = 1 << shift >> 1;
  for (uint32_t y = 0; y < side; y++, block += pitch) {
    for (uint32_t x = 0; x < side; x++) sum += block[x];
  }
  return (operand)(sum >> shift);
}

/* What the sums of a layer go through. */
struct finish {
  uint32_t shift;
  int32_t rounding; /* half of what is shifted out */
  int32_t limit;    /* largest activation */
  uint32_t bound;   /* sums below it, as unsigned numbers, are neither negative nor beyond limit */
  uint32_t bits;
  enum activation activation;
  const int32_t *tanh;
};

static inline struct finish finish_of(const struct network *network, const struct layer *layer) {
  struct finish finish = {0};
  finish.activation = layer->activation;
  finish.bits = layer->bits;
  finish.tanh = network->tanh;
  if (layer->activation != NO_ACTIVATION) {
    finish.shift = layer->shift;
    finish.rounding = 1 << (layer->shift - 1);
    finish.limit = (1 << layer->bits) - 1;
    finish.bound = layer->shift + layer->bits < 31 ? 1u << (layer->shift + layer->bits) : 1u << 31;
  }
  return finish;
}

/* Sums here have bias and rounding in them. */

static inline int32_t relu(int32_t sum, uint32_t shift, int32_t limit) {
  int32_t value = (sum * (sum > 0)) >> shift;
  if (__builtin_expect(value > limit, 0)) value = limit;
  return value;
}

/* Four sums of one place are mostly all negative or none. */
static inline int32_t relu_mean(int32_t a, int32_t b, int32_t c, int32_t d,
                                const struct finish *finish) {
  uint32_t shift = finish->shift;
  if (__builtin_expect((a & b & c & d) < 0, 0)) return 0;
  if (__builtin_expect((uint32_t)(a | b | c | d) < finish->bound, 1)) {
    return ((a >> shift) + (b >> shift) + (c >> shift) + (d >> shift) + 2) >> 2;
  }
  int32_t limit = finish->limit;
  return (relu(a, shift, limit) + relu(b, shift, limit) + relu(c, shift, limit) +
          relu(d, shift, limit) + 2) >> 2;
}

/* A line between two entries of the table, of which there are 64 a unit up to 8. */
static inline int32_t tanh_of(int32_t sum, const struct finish *finish) {
  enum { ENTRY_BITS = 16, FRACTION_BITS = 6, REACH = 8 << 12 };
  int32_t argument = sum >> finish->shift, sign = argument >> 31;
  uint32_t magnitude = (uint32_t)((argument ^ sign) - sign);
  if (__builtin_expect(magnitude > REACH - 1, 0)) magnitude = REACH - 1;
  const int32_t *entry = finish->tanh + (magnitude >> FRACTION_BITS);
  int32_t low = entry[0], fraction = (int32_t)(magnitude % (1 << FRACTION_BITS));
  int32_t line = (low << FRACTION_BITS) + (entry[1] - low) * fraction;
  uint32_t shift = FRACTION_BITS + ENTRY_BITS - finish->bits;
  int32_t value = (line + (1 << (shift - 1))) >> shift;
  if (__builtin_expect(value > finish->limit, 0)) value = finish->limit;
  return (value ^ sign) - sign;
}

/* `activation` is that of `finish`: a constant, where the code is to be for one alone. */
static inline __attribute__((always_inline)) int32_t activation_of(int32_t sum,
                                                                   enum activation activation,
                                                                   const struct finish *finish) {
  if (activation == RELU) return relu(sum, finish->shift, finish->limit);
  if (activation == TANH) return tanh_of(sum, finish);
  return sum;
}

/* The mean of the activations of a tile. */
static inline __attribute__((always_inline)) int32_t mean_of(int32_t a, int32_t b, int32_t c,
                                                             int32_t d, enum activation activation,
                                                             const struct finish *finish) {
  if (activation == RELU) return relu_mean(a, b, c, d, finish);
  a = activation_of(a, activation, finish), b = activation_of(b, activation, finish);
  c = activation_of(c, activation, finish), d = activation_of(d, activation, finish);
  return (a + b + c + d + 2) >> 2;
}

#endif

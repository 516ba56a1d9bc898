/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* From pixels to words, and from sums to activations, in floats: bias, activation, mean. docs/lenet.md has
   the arithmetic, which is that of the golden model to the bit: an expression here is rounded operation by
   operation, in the order that it is written. */
#ifndef FLOAT_FINISH_H
#define FLOAT_FINISH_H

#include <stdbool.h>

#include "../network.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

static inline operand word_of(uint32_t pixel) { return (float)pixel * 0x1p-8f; }

/* x y + z with one rounding. */
ALWAYS_INLINE float fused(float x, float y, float z) { return __builtin_fmaf(x, y, z); }

static inline float relu(float sum) { return sum <= 0 ? 0.0f : sum; }

/* tanh(a + d) = (tanh a + tanh d) / (1 + tanh a tanh d), with a the nearest multiple of 1/64 and, as d is
   that small, tanh d = d - d^3 / 3. */
static inline float tanh_of(float sum, const float *table) {
  float magnitude = __builtin_fabsf(sum);
  if (!(magnitude > 0)) return sum;
  if (magnitude >= 9.25f) return __builtin_copysignf(1.0f, sum);
  int32_t entry;
  __asm__("fcvt.w.s %0, %1, rne" : "=r"(entry) : "f"(magnitude * 64.0f));
  float d = magnitude - (float)entry * 0x1p-6f;
  float u = fused(d * d, d * (-1.0f / 3.0f), d), t = table[entry];
  float result = (t + u) / fused(t, u, 1.0f);
  return __builtin_copysignf(result > 1.0f ? 1.0f : result, sum);
}

ALWAYS_INLINE float activation_of(float sum, enum activation activation, const float *table) {
  if (activation == RELU) return relu(sum);
  if (activation == TANH) return tanh_of(sum, table);
  return sum;
}

/* Row by row, from the first word on. */
static inline operand mean_of_block(const operand *block, uint32_t pitch, uint32_t side) {
  float sum = block[0];
  for (uint32_t y = 0; y < side; y++, block += pitch) {
    for (uint32_t x = y == 0; x < side; x++) sum += block[x];
  }
  return sum * (1.0f / (float)(side * side));
}

/* The 2x2 sums of a tile, its output 0 the top left one. */
struct tile {
  float sum[4];
};

ALWAYS_INLINE void add_tile(struct tile *sum, const struct tile *tile) {
  for (int i = 0; i < 4; i++) sum->sum[i] += tile->sum[i];
}

/* Bias and activation of a tile, and with `pool` the mean, whose place is `output`; else that of the tile's
   first output, in a map with `width` words a row. */
ALWAYS_INLINE void finish_tile(const struct tile *tile, float bias, enum activation activation,
                               const float *table, bool pool, float *output, uint32_t width) {
  float value[4];
  for (int i = 0; i < 4; i++) value[i] = activation_of(tile->sum[i] + bias, activation, table);
  if (pool) {
    output[0] = (value[0] + value[1] + value[2] + value[3]) * 0.25f;
  } else {
    output[0] = value[0], output[1] = value[1];
    output[width] = value[2], output[width + 1] = value[3];
  }
}

/* Adds `count` products each, one by one, to four sums: a product waits for the one before it in the same
   sum. Moves the weights and the input on. */
ALWAYS_INLINE void add_products(float sum[4], const float *weights[4], const float **input,
                                const uint32_t count) {
#pragma GCC unroll 25
  for (uint32_t i = 0; i < count; i++) {
    float word = (*input)[i];
#pragma GCC unroll 4
    for (uint32_t row = 0; row < 4; row++) sum[row] = fused(weights[row][i], word, sum[row]);
  }
  *input += count;
#pragma GCC unroll 4
  for (uint32_t row = 0; row < 4; row++) weights[row] += count;
}

/* Four outputs from `output` on, or as many as there are: the last one takes the place of the others. */
ALWAYS_INLINE uint32_t rows_of(const struct layer *layer, uint32_t output, uint32_t pitch,
                               const float *weights[4]) {
  uint32_t left = layer->outputs - output, count = left < 4 ? left : 4;
  for (uint32_t row = 0; row < 4; row++) {
    weights[row] = layer->weights + (output + (row < count ? row : count - 1)) * pitch;
  }
  return count;
}

/* Always the core's: the bias, and the products added to it. */
static void dense(const struct network *network, const struct layer *layer) {
  enum { UNROLL = 8 };
  uint32_t pitch = (layer->inputs + DENSE_CHUNK - 1) / DENSE_CHUNK * DENSE_CHUNK;
  for (uint32_t output = 0; output < layer->outputs; output += 4) {
    const float *weights[4], *input = layer->input;
    uint32_t count = rows_of(layer, output, pitch, weights), left = layer->inputs;
    float sum[4];
    for (uint32_t row = 0; row < 4; row++) sum[row] = layer->bias[output + (row < count ? row : 0)];
    for (; left >= UNROLL; left -= UNROLL) add_products(sum, weights, &input, UNROLL);
    for (; left > 0; left--) add_products(sum, weights, &input, 1);
    for (uint32_t row = 0; row < count; row++) {
      layer->output[output + row] = activation_of(sum[row], layer->activation, network->tanh);
    }
  }
}

#endif

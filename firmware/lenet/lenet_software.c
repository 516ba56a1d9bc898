// SPDX-License-Identifier: MIT OR Apache-2.0
/* Inference without the unit: what it is measured against. Convolutions are exact. Four outputs at a
   time stay in registers, whatever the input channels are, and each kernel side up to 5 has code of
   its own, unrolled. */
#include "inference.h"

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* The sums of a tile; the compiler keeps them in registers. */
struct tile {
  int32_t a, b, c, d;
};

/* Four sums before what is loaded next: the compiler would load so far ahead that it has to spill. */
#define FINISH_FIRST(a, b, c, d)                                                               \
  __asm__ __volatile__("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d) : : "memory")

/* Adds side x side products each to 2x2 sums. A word of the window and a weight are read once. */
ALWAYS_INLINE struct tile add_tile(struct tile tile, const int32_t *window, uint32_t pitch,
                                   const int32_t *kernel, const uint32_t side) {
  int32_t above[5], row[5];
#pragma GCC unroll 8
  for (uint32_t y = 0; y <= side; y++) {
    if (y < side) {
#pragma GCC unroll 8
      for (uint32_t x = 0; x < side; x++) row[x] = kernel[y * side + x];
    }
#pragma GCC unroll 8
    for (uint32_t x = 0; x <= side; x++) {
      int32_t word = window[x];
      if (y < side && x < side) tile.a += row[x] * word;
      if (y < side && x > 0) tile.b += row[x - 1] * word;
      if (y > 0 && x < side) tile.c += above[x] * word;
      if (y > 0 && x > 0) tile.d += above[x - 1] * word;
    }
#pragma GCC unroll 8
    for (uint32_t x = 0; x < side; x++) above[x] = row[x];
    window += pitch;
    FINISH_FIRST(tile.a, tile.b, tile.c, tile.d);
  }
  return tile;
}

/* The sum of one output. */
ALWAYS_INLINE int32_t one_output(const struct layer *layer, const int32_t *window,
                                 const int32_t *kernel, const uint32_t side) {
  int32_t sum = 0;
  uint32_t pitch = layer->width;
  for (uint32_t input = 0; input < layer->inputs; input++) {
    const int32_t *row = window;
    for (uint32_t y = 0; y < side; y++, row += pitch) {
      for (uint32_t x = 0; x < side; x++) sum += *kernel++ * row[x];
    }
    window += pitch * layer->height;
  }
  return sum;
}

ALWAYS_INLINE void convolve(const struct network *network, const struct layer *layer,
                            const uint32_t side, const enum activation activation, const bool pool) {
  struct finish finish = finish_of(network, layer);
  uint32_t inputs = layer->inputs, pitch = layer->width, plane = pitch * layer->height;
  uint32_t width = layer->width - side + 1, height = layer->height - side + 1;
  const int32_t *kernels = layer->weights, *input = layer->input, *biases = layer->bias;
  int32_t *output = layer->output;
  for (uint32_t channel = layer->outputs; channel > 0; channel--) {
    int32_t bias = *biases++ + finish.rounding;
    const int32_t *corner = input;
    int32_t *out = output;
    for (uint32_t rows = height / 2; rows > 0; rows--) {
      for (const int32_t *end = corner + (width & ~1u); corner < end; corner += 2) {
        struct tile tile = {bias, bias, bias, bias};
        const int32_t *window = corner, *kernel = kernels;
        for (uint32_t left = inputs; left > 0; left--) {
          tile = add_tile(tile, window, pitch, kernel, side);
          window += plane;
          kernel += side * side;
        }
        if (pool) {
          *out++ = mean_of(tile.a, tile.b, tile.c, tile.d, activation, &finish);
        } else {
          out[0] = activation_of(tile.a, activation, &finish);
          out[1] = activation_of(tile.b, activation, &finish);
          out[width] = activation_of(tile.c, activation, &finish);
          out[width + 1] = activation_of(tile.d, activation, &finish);
          out += 2;
        }
      }
      corner += 2 * pitch - (width & ~1u);
      if (!pool) out += 2 * width - (width & ~1u);
    }
    if (!pool) {
      /* A last row or column without a partner. */
      for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = y == (height & ~1u) ? 0 : width & ~1u; x < width; x++) {
          const int32_t *window = input + y * pitch + x;
          int32_t sum = bias + one_output(layer, window, kernels, side);
          output[y * width + x] = activation_of(sum, activation, &finish);
        }
      }
    }
    output += width * height >> (pool ? 2 : 0);
    kernels += inputs * side * side;
  }
}

/* `count` outputs at a time of `inputs` products each; rows are `pitch` weights apart. */
ALWAYS_INLINE void dot_products(const struct finish *finish, const struct layer *layer,
                                uint32_t output, const uint32_t count, uint32_t inputs,
                                uint32_t pitch) {
  enum { UNROLL = 8 };
  const int32_t *weights[4], *input = layer->input, *end = input + inputs / UNROLL * UNROLL;
  int32_t sum[4] = {0};
#pragma GCC unroll 4
  for (uint32_t row = 0; row < count; row++) weights[row] = layer->weights + (output + row) * pitch;
  for (; input < end; input += UNROLL) {
#pragma GCC unroll 8
    for (uint32_t i = 0; i < UNROLL; i++) {
      int32_t word = input[i];
#pragma GCC unroll 4
      for (uint32_t row = 0; row < count; row++) sum[row] += weights[row][i] * word;
      FINISH_FIRST(sum[0], sum[1], sum[2], sum[3]);
    }
#pragma GCC unroll 4
    for (uint32_t row = 0; row < count; row++) weights[row] += UNROLL;
  }
  for (end += inputs % UNROLL; input < end; input++) {
#pragma GCC unroll 4
    for (uint32_t row = 0; row < count; row++) sum[row] += *weights[row]++ * *input;
  }
#pragma GCC unroll 4
  for (uint32_t row = 0; row < count; row++) {
    int32_t biased = sum[row] + layer->bias[output + row] + finish->rounding;
    layer->output[output + row] = activation_of(biased, finish->activation, finish);
  }
}

static void rows(const struct network *network, const struct layer *layer, uint32_t inputs,
                 uint32_t pitch) {
  struct finish finish = finish_of(network, layer);
  uint32_t output = 0;
  for (; output + 4 <= layer->outputs; output += 4) {
    dot_products(&finish, layer, output, 4, inputs, pitch);
  }
  for (; output < layer->outputs; output++) {
    dot_products(&finish, layer, output, 1, inputs, pitch);
  }
}

ALWAYS_INLINE void convolution_of(const struct network *network, const struct layer *layer,
                                  const uint32_t side) {
  bool pool = layer->pool != 0;
  if (layer->activation == RELU && pool) convolve(network, layer, side, RELU, true);
  else if (layer->activation == RELU) convolve(network, layer, side, RELU, false);
  else if (layer->activation == TANH && pool) convolve(network, layer, side, TANH, true);
  else if (layer->activation == TANH) convolve(network, layer, side, TANH, false);
  else convolve(network, layer, side, NO_ACTIVATION, false);
}

static void convolution(const struct network *network, const struct layer *layer) {
  if (layer->width == layer->side && layer->height == layer->side) {
    /* One window: all that there is, in the order of the weights. */
    uint32_t inputs = layer->inputs * layer->side * layer->side;
    rows(network, layer, inputs, inputs);
    return;
  }
  WITH_CONSTANT_SIDE(convolution_of, network, layer);
}

static void dense(const struct network *network, const struct layer *layer) {
  uint32_t chunks = (layer->inputs + DENSE_CHUNK - 1) / DENSE_CHUNK;
  rows(network, layer, layer->inputs, chunks * DENSE_CHUNK);
}

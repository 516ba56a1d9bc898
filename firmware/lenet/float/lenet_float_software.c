// SPDX-License-Identifier: MIT OR Apache-2.0
/* Inference in floats by the core's own FPU. Convolutions are exact, and in the unit's order: the products
   of an output and an input channel, one by one from 0 on, then the channels, then the bias. */
#define FLOAT
#include "../inference.h"

/* The 2x2 outputs of one input channel. A word of the window and a weight are read once. */
ALWAYS_INLINE struct tile convolve_tile(const float *window, uint32_t pitch, const float *kernel,
                                        const uint32_t side) {
  struct tile tile = {{0}};
  float above[5], row[5];
#pragma GCC unroll 8
  for (uint32_t y = 0; y <= side; y++, window += pitch) {
    if (y < side) {
#pragma GCC unroll 8
      for (uint32_t x = 0; x < side; x++) row[x] = kernel[y * side + x];
    }
#pragma GCC unroll 8
    for (uint32_t x = 0; x <= side; x++) {
      float word = window[x];
      if (y < side && x < side) tile.sum[0] = fused(row[x], word, tile.sum[0]);
      if (y < side && x > 0) tile.sum[1] = fused(row[x - 1], word, tile.sum[1]);
      if (y > 0 && x < side) tile.sum[2] = fused(above[x], word, tile.sum[2]);
      if (y > 0 && x > 0) tile.sum[3] = fused(above[x - 1], word, tile.sum[3]);
    }
#pragma GCC unroll 8
    for (uint32_t x = 0; x < side; x++) above[x] = row[x];
  }
  return tile;
}

/* The sum of one output. */
static float convolve_output(const struct layer *layer, const float *window, const float *kernel) {
  uint32_t side = layer->side, pitch = layer->width;
  float sum = 0;
  for (uint32_t input = 0; input < layer->inputs; input++, window += pitch * layer->height) {
    float channel = 0;
    for (uint32_t y = 0; y < side; y++) {
      for (uint32_t x = 0; x < side; x++) {
        channel = fused(*kernel++, window[y * pitch + x], channel);
      }
    }
    sum = input == 0 ? channel : sum + channel;
  }
  return sum;
}

ALWAYS_INLINE void convolve(const struct network *network, const struct layer *layer,
                            const uint32_t side) {
  uint32_t inputs = layer->inputs, pitch = layer->width, plane = pitch * layer->height;
  uint32_t width = layer->width - side + 1, height = layer->height - side + 1;
  bool pool = layer->pool != 0;
  const float *kernels = layer->weights;
  float *output = layer->output;
  for (uint32_t channel = 0; channel < layer->outputs; channel++) {
    float bias = layer->bias[channel];
    for (uint32_t y = 0; y + 1 < height; y += 2) {
      for (uint32_t x = 0; x + 1 < width; x += 2) {
        const float *window = layer->input + y * pitch + x, *kernel = kernels;
        struct tile sum = convolve_tile(window, pitch, kernel, side);
        for (uint32_t left = inputs - 1; left > 0; left--) {
          window += plane, kernel += side * side;
          struct tile tile = convolve_tile(window, pitch, kernel, side);
          add_tile(&sum, &tile);
        }
        float *out = output + (pool ? (y * width / 2 + x) / 2 : y * width + x);
        finish_tile(&sum, bias, layer->activation, network->tanh, pool, out, width);
      }
    }
    for (uint32_t y = 0; y < height; y++) {
      /* A last row or column without a partner; none with a mean. */
      for (uint32_t x = y == (height & ~1u) ? 0 : width & ~1u; x < width; x++) {
        float sum = convolve_output(layer, layer->input + y * pitch + x, kernels) + bias;
        output[y * width + x] = activation_of(sum, layer->activation, network->tanh);
      }
    }
    output += width * height >> (pool ? 2 : 0);
    kernels += inputs * side * side;
  }
}

/* Of maps that are one window. */
ALWAYS_INLINE void convolve_windows(const struct network *network, const struct layer *layer,
                                    const uint32_t side) {
  const uint32_t words = side * side;
  for (uint32_t output = 0; output < layer->outputs; output += 4) {
    const float *weights[4], *input = layer->input;
    uint32_t count = rows_of(layer, output, layer->inputs * words, weights);
    float sum[4] = {0};
    add_products(sum, weights, &input, words);
    for (uint32_t left = layer->inputs - 1; left > 0; left--) {
      float channel[4] = {0};
      add_products(channel, weights, &input, words);
#pragma GCC unroll 4
      for (uint32_t row = 0; row < 4; row++) sum[row] += channel[row];
    }
    for (uint32_t row = 0; row < count; row++) {
      float biased = sum[row] + layer->bias[output + row];
      layer->output[output + row] = activation_of(biased, layer->activation, network->tanh);
    }
  }
}

ALWAYS_INLINE void convolution_of(const struct network *network, const struct layer *layer,
                                  const uint32_t side) {
  if (layer->width == side && layer->height == side) convolve_windows(network, layer, side);
  else convolve(network, layer, side);
}

static void convolution(const struct network *network, const struct layer *layer) {
  WITH_CONSTANT_SIDE(convolution_of, network, layer);
}

// SPDX-License-Identifier: MIT OR Apache-2.0
/* Inference on a unit with floats, exact or approximate, as each layer's configuration says. Dense layers,
   and the sums over input channels, are the core's FPU's. */
#define FLOAT
#include "../inference.h"

#include "conv_float.h"

static bool running_of(const struct layer *layer) {
  return (layer->configuration >> CONV_SCOPE_SHIFT & 1) != 0;
}

static void load_kernels(const struct layer *layer, const float *kernels, uint32_t count,
                         uint32_t distance) {
  for (uint32_t slot = 0; slot < count; slot++) {
    conv_load(kernels + slot * distance, layer->side, slot);
  }
  kernel_loads += count;
}

/* Up to KERNELS output channels over one input channel: a window is fetched once for all of them. Sums and
   S_max are kept in RAM, tile by tile, then output by output of a last row or column without a partner. */
static void add_channel(const struct layer *layer, const float *input, uint32_t outputs, bool first,
                        struct tile *tiles, uint32_t *carry) {
  uint32_t pitch = layer->width, side = layer->side;
  uint32_t width = pitch - side + 1, height = layer->height - side + 1;
  bool running = running_of(layer);
  conv_config(layer->configuration | 1u << CONV_TILE_SHIFT, layer->threshold);
  for (uint32_t y = 0; y + 1 < height; y += 2) {
    for (uint32_t x = 0; x + 1 < width; x += 2, window_fetches++) {
      for (uint32_t o = 0; o < outputs; o++, tiles++) {
        struct tile tile;
        if (running && first) conv_carry(0, 0, 0, 0);
        if (running && !first) conv_carry(carry[0], carry[0] >> 16, carry[1], carry[1] >> 16);
        tile.sum[0] = o == 0 ? conv_float_run(input + y * pitch + x, (int32_t)pitch)
                             : conv_float_again(o);
#pragma GCC unroll 4
        for (uint32_t i = 1; i < 4; i++) tile.sum[i] = conv_float_output(i);
        if (first) *tiles = tile;
        else add_tile(tiles, &tile);
        if (running) {
          *carry++ = conv_read(CONV_CARRY) | conv_read(CONV_CARRY + 1) << 16;
          *carry++ = conv_read(CONV_CARRY + 2) | conv_read(CONV_CARRY + 3) << 16;
        }
      }
    }
  }
  if (width % 2 == 0 && height % 2 == 0) return;
  float *sums = (float *)tiles;
  conv_config(layer->configuration, layer->threshold);
  for (uint32_t y = 0; y < height; y++) {
    for (uint32_t x = y == (height & ~1u) ? 0 : width & ~1u; x < width; x++, window_fetches++) {
      for (uint32_t o = 0; o < outputs; o++, sums++) {
        if (running) conv_carry(first ? 0 : *carry, 0, 0, 0);
        float sum = o == 0 ? conv_float_run(input + y * pitch + x, (int32_t)pitch)
                           : conv_float_again(o);
        *sums = first ? sum : *sums + sum;
        if (running) *carry++ = conv_read(CONV_CARRY);
      }
    }
  }
}

/* Bias, activation and mean of the sums that add_channel() leaves. */
static void finish_block(const struct network *network, const struct layer *layer, uint32_t output,
                         uint32_t outputs, const struct tile *tiles) {
  uint32_t width = layer->width - layer->side + 1, height = layer->height - layer->side + 1;
  bool pool = layer->pool != 0;
  uint32_t map = width * height >> (pool ? 2 : 0);
  const float *bias = layer->bias + output;
  float *maps = layer->output + output * map;
  for (uint32_t y = 0; y + 1 < height; y += 2) {
    for (uint32_t x = 0; x + 1 < width; x += 2) {
      float *out = maps + (pool ? (y * width / 2 + x) / 2 : y * width + x);
      for (uint32_t o = 0; o < outputs; o++, out += map, tiles++) {
        finish_tile(tiles, bias[o], layer->activation, network->tanh, pool, out, width);
      }
    }
  }
  const float *sums = (const float *)tiles;
  for (uint32_t y = 0; y < height; y++) {
    for (uint32_t x = y == (height & ~1u) ? 0 : width & ~1u; x < width; x++) {
      for (uint32_t o = 0; o < outputs; o++) {
        float sum = *sums++ + bias[o];
        maps[o * map + y * width + x] = activation_of(sum, layer->activation, network->tanh);
      }
    }
  }
}

static void convolve_maps(const struct network *network, const struct layer *layer) {
  uint32_t words = layer->side * layer->side, distance = layer->inputs * words;
  uint32_t most = layer->outputs < KERNELS ? layer->outputs : KERNELS;
  uint32_t positions = (layer->width - layer->side + 1) * (layer->height - layer->side + 1);
  struct tile *tiles = (struct tile *)network->scratch;
  uint32_t *carry = (uint32_t *)network->scratch + most * positions;
  for (uint32_t output = 0; output < layer->outputs; output += KERNELS) {
    uint32_t left = layer->outputs - output, outputs = left < KERNELS ? left : KERNELS;
    const float *kernels = layer->weights + output * distance, *input = layer->input;
    for (uint32_t channel = 0; channel < layer->inputs; channel++) {
      load_kernels(layer, kernels, outputs, distance);
      add_channel(layer, input, outputs, channel == 0, tiles, carry);
      kernels += words;
      input += layer->width * layer->height;
    }
    finish_block(network, layer, output, outputs, tiles);
  }
}

/* Of maps that are one window: the input channels are the kernels, the weights of each output the windows,
   which are needed once. A product is the same either way. */
static void convolve_windows(const struct network *network, const struct layer *layer) {
  uint32_t words = layer->side * layer->side, distance = layer->inputs * words;
  uint32_t configuration = layer->configuration, threshold = layer->threshold;
  int32_t side = (int32_t)layer->side;
  bool running = running_of(layer);
  float *sums = network->scratch;
  uint32_t *carry = (uint32_t *)network->scratch + layer->outputs;
  for (uint32_t input = 0; input < layer->inputs; input += KERNELS) {
    uint32_t left = layer->inputs - input, channels = left < KERNELS ? left : KERNELS;
    load_kernels(layer, layer->input + input * words, channels, words);
    for (uint32_t output = 0; output < layer->outputs; output++) {
      const float *window = layer->weights + output * distance + input * words;
      if (running) conv_carry(input == 0 ? 0 : carry[output], 0, 0, 0);
      float sum = 0;
      for (uint32_t slot = 0; slot < channels; slot++, window += words) {
        conv_config(configuration | slot << CONV_SLOT_SHIFT, threshold);
        float channel = conv_float_run(window, side);
        if (slot > 0) sum += channel;
        else sum = input == 0 ? channel : sums[output] + channel;
      }
      sums[output] = sum;
      if (running) carry[output] = conv_read(CONV_CARRY);
    }
    window_fetches += channels * layer->outputs;
  }
  for (uint32_t output = 0; output < layer->outputs; output++) {
    float sum = sums[output] + layer->bias[output];
    layer->output[output] = activation_of(sum, layer->activation, network->tanh);
  }
}

static void convolution(const struct network *network, const struct layer *layer) {
  if (layer->width == layer->side && layer->height == layer->side) {
    convolve_windows(network, layer);
  } else {
    convolve_maps(network, layer);
  }
}

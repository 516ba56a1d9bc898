/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Convolution layers on the unit. The kernels of a block of output channels are in the slots, a window
   is fetched once for all of them, and their sums over the input channels lie in RAM. */
#ifndef MAPS_H
#define MAPS_H

#include "finish.h"
#include "unit.h"

/* Output channels of a layer, and where what belongs to them and to an input channel is. */
struct block {
  const struct layer *layer;
  struct finish finish;
  uint32_t outputs;
  uint32_t width, height; /* of a map, before the mean */
  uint32_t map;           /* words of a map, behind the mean */
  bool running;
  const operand *kernels; /* of the first output channel and the input channel */
  const operand *input;
  const int32_t *bias;
  operand *output;
  int32_t *sums;   /* tile by tile and channel by channel, then the edges likewise */
  uint32_t *carry; /* S_max, in the same order; two words a tile */
};

/* Whether windows are fetched by the log plane of a layer's input. */
#ifdef PLANES
#define BY_PLANE true
#else
#define BY_PLANE false
#endif

/* Of the layer, with one output a window. */
static uint32_t configuration_of(const struct layer *layer) {
  return layer->configuration | (BY_PLANE ? 1u << CONV_PLANE_SHIFT : 0);
}

static uint32_t tiles_of(const struct block *block) {
  return block->width / 2 * (block->height / 2);
}

ALWAYS_INLINE void load_kernels(const struct block *block, const uint32_t outputs) {
  uint32_t side = block->layer->side, words = block->layer->inputs * side * side;
  const operand *kernel = block->kernels;
  UNROLLED
  for (uint32_t slot = 0; slot < outputs; slot++, kernel = step(kernel, words)) {
    conv_load(kernel, side, slot);
  }
  kernel_loads += outputs;
}

/* One input channel, all tiles of 2x2 outputs. `first`: the sums begin here, with the bias. `last`: they
   are complete; ReLU and, with `pool`, the mean follow at once. Else they go to RAM. No instruction of
   the unit comes right behind a load or a store, for whose answer it would wait: the last store of a
   channel comes behind the conv_again of the next. */
ALWAYS_INLINE void tiles(const struct block *block, const uint32_t outputs, const bool first,
                         const bool last, const bool pool) {
  const struct finish finish = block->finish;
  uint32_t slots[KERNELS];
  UNROLLED
  for (uint32_t o = 0; o < KERNELS; o++) slots[o] = o > 0 && (o < 4 || !last) ? in_register(o) : o;
  uint32_t pitch = block->layer->width, width = block->width, map = block->map;
  const operand *window = block->input;
  int32_t *sums = block->sums;
  operand *output = block->output;
  int32_t bias[KERNELS];
  UNROLLED
  for (uint32_t o = 0; o < KERNELS; o++) {
    bias[o] = first && o < outputs ? block->bias[o] + finish.rounding : 0;
  }
  for (uint32_t y = 0; y < block->height / 2; y++) {
    for (const operand *end = window + (width & ~1u); window < end; window += 2) {
      operand *out = output, *pending = NULL;
      int32_t *pending_sum = NULL, value = 0;
      UNROLLED
      for (uint32_t o = 0; o < outputs; o++) {
        int32_t a, b, c, d, a0 = bias[o], b0 = a0, c0 = a0, d0 = a0;
        a = o == 0 ? conv_run(window, (int32_t)pitch) : conv_again(slots[o]);
        if (o > 0 && last) *pending = (operand)value;
        if (o > 0 && !last) *pending_sum = value;
        if (!first) a0 = sums[0], b0 = sums[1], c0 = sums[2], d0 = sums[3];
        a = add_last(a, a0);
        b = conv_read(slots[1]);
        c = conv_read(slots[2]);
        d = conv_read(slots[3]);
        b += b0, c += c0;
        if (!last) {
          sums[0] = a, sums[1] = b, sums[2] = c;
          pending_sum = sums + 3, value = add_last(d, d0);
        } else if (pool) {
          pending = out, value = relu_mean(a, b, c, d + d0, &finish);
        } else {
          out[0] = (operand)relu(a, finish.shift, finish.limit);
          out[1] = (operand)relu(b, finish.shift, finish.limit);
          out[width] = (operand)relu(c, finish.shift, finish.limit);
          pending = out + width + 1, value = relu(d + d0, finish.shift, finish.limit);
        }
        out += map;
        if (!first || !last) sums += 4;
      }
      if (last) *pending = (operand)value;
      else *pending_sum = value;
      output += pool ? 1 : 2;
    }
    window += 2 * pitch - (width & ~1u);
    if (!pool) output += 2 * width - (width & ~1u);
  }
}

/* The same with as many output channels as there are, and S_max between them in running scope. */
static void tiles_rolled(const struct block *block, bool first) {
  uint32_t pitch = block->layer->width, width = block->width;
  int32_t *sums = block->sums;
  uint32_t *carry = block->carry;
  for (uint32_t y = 0; y < block->height / 2; y++) {
    const operand *window = block->input + 2 * y * pitch;
    for (const operand *end = window + (width & ~1u); window < end; window += 2) {
      for (uint32_t o = 0; o < block->outputs; o++, sums += 4) {
        int32_t a = block->bias[o] + block->finish.rounding, b = a, c = a, d = a;
        if (!first) a = sums[0], b = sums[1], c = sums[2], d = sums[3];
        if (block->running) conv_carry_words(first ? 0 : carry[0], first ? 0 : carry[1]);
        sums[0] = a + (o == 0 ? conv_run(window, (int32_t)pitch) : conv_again(o));
        sums[1] = b + conv_output(1);
        sums[2] = c + conv_output(2);
        sums[3] = d + conv_output(3);
        if (block->running) {
          carry[0] = conv_read(CONV_CARRY) | conv_read(CONV_CARRY + 1) << 16;
          carry[1] = conv_read(CONV_CARRY + 2) | conv_read(CONV_CARRY + 3) << 16;
          carry += 2;
        }
      }
    }
  }
}

/* A last row or column of a map without a partner, of one input channel. */
static void edges(const struct block *block, bool first) {
  const struct layer *layer = block->layer;
  uint32_t width = block->width, height = block->height;
  int32_t *sums = block->sums + 4 * block->outputs * tiles_of(block);
  uint32_t *carry = block->carry + 2 * block->outputs * tiles_of(block);
  conv_config(configuration_of(layer), layer->threshold);
  for (uint32_t y = 0; y < height; y++) {
    for (uint32_t x = y == (height & ~1u) ? 0 : width & ~1u; x < width; x++) {
      const operand *window = block->input + y * layer->width + x;
      for (uint32_t o = 0; o < block->outputs; o++, sums++) {
        if (block->running) conv_carry_words(first ? 0 : *carry, 0);
        int32_t sum = o == 0 ? conv_run(window, (int32_t)layer->width) : conv_again(o);
        *sums = sum + (first ? block->bias[o] + block->finish.rounding : *sums);
        if (block->running) *carry++ = conv_read(CONV_CARRY);
      }
      window_fetches++;
    }
  }
  conv_config(configuration_of(layer) | CONV_TILE_2X2 << 3, layer->threshold);
}

/* Activation and mean of sums in RAM, of scores only where an operand has 32 bits: those of the tiles, if they are there, and of the edges. */
ALWAYS_INLINE void finish_sums_by(const struct block *block, const enum activation activation,
                                  bool with_tiles) {
  const struct finish finish = block->finish;
  bool pool = block->layer->pool != 0;
  uint32_t width = block->width, height = block->height, map = block->map;
  const int32_t *sums = block->sums;
  for (uint32_t y = 0; with_tiles && y + 1 < height; y += 2) {
    for (uint32_t x = 0; x + 1 < width; x += 2) {
      operand *out = block->output + (pool ? (y * width / 2 + x) / 2 : y * width + x);
      for (uint32_t o = 0; o < block->outputs; o++, out += map, sums += 4) {
        if (pool) {
          *out = (operand)mean_of(sums[0], sums[1], sums[2], sums[3], activation, &finish);
        } else {
          out[0] = (operand)activation_of(sums[0], activation, &finish);
          out[1] = (operand)activation_of(sums[1], activation, &finish);
          out[width] = (operand)activation_of(sums[2], activation, &finish);
          out[width + 1] = (operand)activation_of(sums[3], activation, &finish);
        }
      }
    }
  }
  sums = block->sums + 4 * block->outputs * tiles_of(block);
  for (uint32_t y = 0; y < height; y++) {
    for (uint32_t x = y == (height & ~1u) ? 0 : width & ~1u; x < width; x++) {
      operand *out = block->output + y * width + x;
      for (uint32_t o = 0; o < block->outputs; o++, out += map) {
        *out = (operand)activation_of(*sums++, activation, &finish);
      }
    }
  }
}

static void finish_sums(const struct block *block, bool with_tiles) {
  if (block->finish.activation == TANH) finish_sums_by(block, TANH, with_tiles);
  else finish_sums_by(block, block->finish.activation, with_tiles);
}

/* All input channels, with `outputs` output channels; 0: as many as there are, rolled. */
ALWAYS_INLINE void convolve(struct block *block, const uint32_t outputs, const bool finishes,
                            const bool pool) {
  const struct layer *layer = block->layer;
  bool odd = block->width % 2 != 0 || block->height % 2 != 0;
  for (uint32_t left = layer->inputs; left > 0; left--) {
    bool first = left == layer->inputs;
    if (outputs == 0) {
      load_kernels(block, block->outputs);
      tiles_rolled(block, first);
    } else {
      load_kernels(block, outputs);
      if (first && left == 1) tiles(block, outputs, true, finishes, pool);
      else if (first) tiles(block, outputs, true, false, pool);
      else if (left > 1 || !finishes) tiles(block, outputs, false, false, pool);
      else tiles(block, outputs, false, true, pool);
    }
    window_fetches += tiles_of(block);
    if (odd) edges(block, first);
    block->kernels += layer->side * layer->side;
    block->input += layer->width * layer->height;
  }
  if (!finishes || odd) finish_sums(block, !finishes);
}

ALWAYS_INLINE void convolve_unrolled(struct block *block, const uint32_t outputs) {
  if (block->finish.activation != RELU) convolve(block, outputs, false, false);
  else if (block->layer->pool != 0) convolve(block, outputs, true, true);
  else convolve(block, outputs, true, false);
}

static void convolve_16(struct block *block) { convolve_unrolled(block, 16); }
static void convolve_6(struct block *block) { convolve_unrolled(block, 6); }
static void convolve_rolled(struct block *block) { convolve(block, 0, false, false); }

/* Writes the log plane of all input channels, and tells the unit. */
static inline void write_plane(const struct layer *layer, uint32_t *plane) {
  uint32_t words = layer->inputs * layer->width * layer->height;
  struct conv_plane_writer writer =
      conv_plane_begin(plane, OPERAND_W, conv_read(CONV_LOG_FRAC));
  for (uint32_t i = 0; i < words; i++) conv_plane_put(&writer, layer->input[i]);
  conv_plane_end(&writer);
  conv_plane(layer->input, plane);
}

static void convolve_maps(const struct network *network, const struct layer *layer) {
  struct block block = {.layer = layer, .finish = finish_of(network, layer)};
  block.width = layer->width - layer->side + 1;
  block.height = layer->height - layer->side + 1;
  block.map = block.width * block.height >> (layer->pool != 0 ? 2 : 0);
  block.running = (layer->configuration >> 2 & 1) != 0;
  block.sums = network->scratch;
  uint32_t most = layer->outputs < KERNELS ? layer->outputs : KERNELS;
  block.carry = (uint32_t *)block.sums + most * block.width * block.height;
  if (BY_PLANE) write_plane(layer, block.carry + most * block.width * block.height);
  conv_config(configuration_of(layer) | CONV_TILE_2X2 << 3, layer->threshold);
  for (uint32_t output = 0; output < layer->outputs; output += KERNELS) {
    uint32_t left = layer->outputs - output;
    block.outputs = left < KERNELS ? left : KERNELS;
    block.kernels = layer->weights + output * layer->inputs * layer->side * layer->side;
    block.input = layer->input;
    block.bias = layer->bias + output;
    block.output = layer->output + output * block.map;
    if (block.outputs == 16 && !block.running) convolve_16(&block);
    else if (block.outputs == 6 && !block.running) convolve_6(&block);
    else convolve_rolled(&block);
  }
}

#endif

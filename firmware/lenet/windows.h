/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Layers whose maps are a single window, on the unit: an output is a sum of products with all inputs.
   The input channels are the kernels, the weights of each output the windows: they are needed once. */
#ifndef WINDOWS_H
#define WINDOWS_H

#include "finish.h"
#include "unit.h"

/* Outputs whose sums are in registers at the same time. */
enum { SUMS = 20 };

struct windows {
  struct finish finish;
  uint32_t outputs, inputs; /* of the layer */
  int32_t side;
  uint32_t configuration, threshold;
  const operand *weights, *input;
  const int32_t *bias;
  operand *output;
  int32_t *sums;
  uint32_t *carry;
};

/* The input channels in the slots, for `count` outputs from `output` on. */
ALWAYS_INLINE void add_windows(const struct windows *windows, uint32_t output, const uint32_t count,
                               uint32_t input, uint32_t channels) {
  uint32_t words = (uint32_t)(windows->side * windows->side), row = windows->inputs * words;
  const operand *weights = windows->weights + output * row + input * words;
  int32_t side = windows->side, *sums = windows->sums + output;
  uint32_t threshold = windows->threshold, configuration = windows->configuration;
  uint32_t end = configuration + (channels << 8);
  int32_t sum[SUMS];
  UNROLLED
  for (uint32_t i = 0; i < count; i++) {
    sum[i] = input == 0 ? windows->bias[output + i] + windows->finish.rounding : sums[i];
  }
  for (; configuration < end; configuration += 1 << 8) {
    conv_config(configuration, threshold);
    const operand *window = weights;
    UNROLLED
    for (uint32_t i = 0; i < count; i++, window = step(window, row)) {
      sum[i] += conv_run(window, side);
    }
    weights += words;
  }
  UNROLLED
  for (uint32_t i = 0; i < count; i++) sums[i] = sum[i];
}

static void convolve_windows(const struct windows *windows) {
  uint32_t words = (uint32_t)(windows->side * windows->side), outputs = windows->outputs;
  bool running = (windows->configuration >> 2 & 1) != 0;
  for (uint32_t input = 0; input < windows->inputs; input += KERNELS) {
    uint32_t left = windows->inputs - input, channels = left < KERNELS ? left : KERNELS;
    for (uint32_t slot = 0; slot < channels; slot++) {
      conv_load(windows->input + (input + slot) * words, (uint32_t)windows->side, slot);
    }
    uint32_t output = 0;
    if (!running) {
      for (; output + SUMS <= outputs; output += SUMS) {
        add_windows(windows, output, SUMS, input, channels);
      }
    }
    for (; output < outputs; output++) {
      if (running) conv_carry_words(input == 0 ? 0 : windows->carry[output], 0);
      add_windows(windows, output, 1, input, channels);
      if (running) windows->carry[output] = conv_read(CONV_CARRY);
    }
    kernel_loads += channels;
    window_fetches += channels * outputs;
  }
  for (uint32_t i = 0; i < outputs; i++) {
    enum activation activation = windows->finish.activation;
    int32_t value = activation_of(windows->sums[i], activation, &windows->finish);
    if (OPERAND_W < 32 && activation == NO_ACTIVATION) ((int32_t *)windows->output)[i] = value;
    else windows->output[i] = (operand)value;
  }
}

#endif

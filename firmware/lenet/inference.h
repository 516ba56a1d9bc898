/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One image through a network, layer by layer, with a record behind each. The program that includes
   this has `convolution` and `dense`. */
#ifndef INFERENCE_H
#define INFERENCE_H

#include "conv_approx.h"
#ifdef FLOAT
#include "float/finish.h"
#else
#include "finish.h"
#endif
#include "network.h"
#include "runtime.h"

/* Kernels that were loaded into the unit, and windows that it fetched. */
static uint32_t kernel_loads, window_fetches;

static void convolution(const struct network *network, const struct layer *layer);
static void dense(const struct network *network, const struct layer *layer);

/* convolve(network, layer, side) with a constant for the side, so that its loops are unrolled. */
#define WITH_CONSTANT_SIDE(convolve, network, layer)                                           \
  switch ((layer)->side) {                                                                     \
  case 1:                                                                                      \
    convolve(network, layer, 1);                                                               \
    break;                                                                                     \
  case 2:                                                                                      \
    convolve(network, layer, 2);                                                               \
    break;                                                                                     \
  case 3:                                                                                      \
    convolve(network, layer, 3);                                                               \
    break;                                                                                     \
  case 4:                                                                                      \
    convolve(network, layer, 4);                                                               \
    break;                                                                                     \
  case 5:                                                                                      \
    convolve(network, layer, 5);                                                               \
    break;                                                                                     \
  }

/* mcycle, minstret and mhpmcounter3 to 14. */
#define CORE_COUNTERS 0x7ffd

static __attribute__((noinline)) void take_record(struct record *record) {
  write_csr(mcountinhibit, CORE_COUNTERS);
  record->cycles = read_csr(mcycle);
  record->instructions = read_csr(minstret);
#define EVENT(n) record->events[n - 3] = read_csr(mhpmcounter##n)
  EVENT(3), EVENT(4), EVENT(5), EVENT(6), EVENT(7), EVENT(8);
  EVENT(9), EVENT(10), EVENT(11), EVENT(12), EVENT(13), EVENT(14);
#undef EVENT
  for (uint32_t n = 0; n < 13; n++) record->unit[n] = conv_read(CONV_WINDOWS + n);
  record->kernel_loads = kernel_loads;
  record->window_fetches = window_fetches;
  write_csr(mcountinhibit, 0);
}

/* The pixels as words; four at a time, if a row has so many. */
static void expand_image(const struct network *network) {
  const uint8_t *pixel = network->image;
  operand *word = network->input;
  uint32_t padding = network->padding, width = network->width;
  for (uint32_t channel = 0; channel < network->channels; channel++) {
    word += padding * (width + 2 * padding);
    for (uint32_t y = 0; y < network->height; y++) {
      const uint8_t *end = pixel + width;
      word += padding;
      if (width % 4 == 0) {
        for (; pixel < end; pixel += 4, word += 4) {
          uint32_t four = *(const uint32_t *)pixel;
          word[0] = word_of(four & 0xff);
          word[1] = word_of(four >> 8 & 0xff);
          word[2] = word_of(four >> 16 & 0xff);
          word[3] = word_of(four >> 24);
        }
      } else {
        while (pixel < end) *word++ = word_of(*pixel++);
      }
      word += padding;
    }
    word += padding * (width + 2 * padding);
  }
}

/* The mean of every block of side x side. */
static void average_pool(const struct layer *layer) {
  uint32_t side = layer->side, width = layer->width;
  const operand *band = layer->input;
  operand *output = layer->output;
  for (uint32_t bands = layer->inputs * layer->height / side; bands > 0; bands--) {
    for (uint32_t x = 0; x < width; x += side) *output++ = mean_of_block(band + x, width, side);
    band += side * width;
  }
}

static void infer(const struct network *network) {
  struct record *record = network->records;
  take_record(record++);
  expand_image(network);
  take_record(record++);
  for (uint32_t index = 0; index < network->layers; index++) {
    const struct layer *layer = &network->layer[index];
    switch (layer->kind) {
    case CONVOLUTION:
      convolution(network, layer);
      break;
    case AVERAGE_POOL:
      average_pool(layer);
      break;
    default:
      dense(network, layer);
    }
    take_record(record++);
  }
}

int main(void) {
#ifdef FLOAT
  set_csr(mstatus, MSTATUS_FS);
#endif
  const struct network *network = (const struct network *)NETWORK_ADDRESS;
  if (network->magic != NETWORK_MAGIC) {
    puts("there is no network in RAM; convapprox accel puts it there");
    return 1;
  }
  infer(network);
  return 0;
}

#endif

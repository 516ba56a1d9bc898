/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The instructions of approximate convolution on a unit whose operands are floats (CONV_FLOAT reads 1):
   those of conv_approx.h with floats for what a window gives. Weights and words of a window are floats in
   memory; with CONV_OPERAND_W of 16 they are bfloat16, the upper halves of floats. docs/unit.md says in
   which order products are added, and how sums are rounded. */
#ifndef CONV_FLOAT_H
#define CONV_FLOAT_H

#include "conv_approx.h"

/* The float of these bits, and the bits of a float. */
static inline float conv_float_of(uint32_t bits) {
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

static inline uint32_t conv_bits_of(float value) {
  uint32_t bits;
  __builtin_memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* The nearest bfloat16 of a number that is not a NaN; ties to even. */
static inline uint16_t conv_bfloat16_of(float value) {
  uint32_t bits = conv_bits_of(value);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* conv_run, conv_again and conv_output, in floats. */
static inline float conv_float_run(const void *window, int32_t pitch) {
  return conv_float_of((uint32_t)conv_run(window, pitch));
}

static inline float conv_float_again(uint32_t slot) { return conv_float_of((uint32_t)conv_again(slot)); }

static inline float conv_float_output(uint32_t output) {
  return conv_float_of((uint32_t)conv_output(output));
}

/* The log proxy of a finite number other than 0, in units of 2^-log_frac: the biased exponent, and the
   fraction bits below it. */
static inline uint32_t conv_float_log(float value, uint32_t log_frac) {
  return (conv_bits_of(value) & 0x7fffffff) >> (23 - log_frac);
}

#endif

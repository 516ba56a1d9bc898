/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the unit must compute, in plain C, straight from the definition of the paper: for the tests of
   the conv instructions. */
#ifndef CONV_EXPECT_H
#define CONV_EXPECT_H

#include "check.h"
#include "conv_approx.h"

enum { MAX_SIDE = 7 };

/* Room for operands of the unit, which are packed: as many as there are, or more. */

/* A kernel, row by row of `side`. */
struct kernel {
  uint32_t side;
  int32_t weights[MAX_SIDE * MAX_SIDE];
};

/* Bits and bytes of an operand. */
static inline uint32_t operand_bits(void) { return conv_read(CONV_OPERAND_W); }
static inline uint32_t operand_bytes(void) { return operand_bits() / 8; }

/* What an operand takes of a number: its lowest bits, with their sign. */
static inline int32_t narrow(int32_t value) {
  uint32_t unused = 32 - operand_bits();
  return (int32_t)((uint32_t)value << unused) >> unused;
}

/* 16 bits of an array of words. */
typedef int16_t __attribute__((may_alias)) half;

/* Where the operand of an index is. */
static inline void *at(const void *array, int32_t index) {
  return (uint8_t *)array + index * (int32_t)operand_bytes();
}

static inline int32_t operand(const void *array, int32_t index) {
  switch (operand_bits()) {
  case 8:
    return ((const int8_t *)array)[index];
  case 16:
    return ((const half *)array)[index];
  default:
    return ((const int32_t *)array)[index];
  }
}

static inline void set_operand(void *array, int32_t index, int32_t value) {
  switch (operand_bits()) {
  case 8:
    ((int8_t *)array)[index] = (int8_t)value;
    break;
  case 16:
    ((half *)array)[index] = (half)value;
    break;
  default:
    ((int32_t *)array)[index] = value;
  }
}

struct expected {
  int32_t outputs[4];
  uint32_t carry[4];
  uint32_t kept;
};

/* The position of the highest set bit of |a| with `fraction` of the bits below it; a is not 0. */
static inline uint32_t log_proxy(int32_t a, uint32_t fraction) {
  uint32_t magnitude = a < 0 ? -(uint32_t)a : (uint32_t)a;
  uint32_t msb = 0;
  for (uint32_t step = 16; step > 0; step /= 2)
    if (magnitude >> msb >> step != 0) msb += step;
  uint32_t below = magnitude - (1u << msb);
  return (msb << fraction) + (msb >= fraction ? below >> (msb - fraction) : below << (fraction - msb));
}

/* One tile. `carry` is S_max of the channels before, in the form of the carry registers. */
static inline struct expected expect_run(const void *window, int32_t pitch,
                                         const struct kernel *kernel, uint32_t configuration,
                                         uint32_t threshold, const uint32_t carry[4],
                                         uint32_t fraction) {
  enum conv_mode mode = configuration & 3;
  bool running = configuration >> 2 & 1, tile = configuration >> 3 & 1;
  struct expected expected = {{0}, {0}, 0};
  int32_t limit = threshold < 0xffff ? (int32_t)threshold : 0xffff;
  for (int output = 0; output < (tile ? 4 : 1); output++) {
    const void *corner = at(window, output / 2 * pitch + output % 2);
    int32_t s_max = running && carry[output] != 0 ? (int32_t)(carry[output] & 0x7fff) : -1;
    int32_t weights[MAX_SIDE * MAX_SIDE], words[MAX_SIDE * MAX_SIDE];
    int32_t scores[MAX_SIDE * MAX_SIDE]; // -1: an operand is 0
    uint32_t products = 0;
    for (uint32_t row = 0; row < kernel->side; row++) {
      for (uint32_t column = 0; column < kernel->side; column++, products++) {
        int32_t w = operand(kernel->weights, (int32_t)products);
        int32_t x = operand(corner, (int32_t)row * pitch + (int32_t)column);
        int32_t score = -1;
        if (w != 0 && x != 0) score = (int32_t)(log_proxy(w, fraction) + log_proxy(x, fraction));
        if (score > s_max) s_max = score;
        weights[products] = w;
        words[products] = x;
        scores[products] = score;
      }
    }
    for (uint32_t i = 0; i < products; i++) {
      bool live = scores[i] >= 0;
      bool keep = mode == CONV_EXACT       ? true
                  : mode == CONV_ZERO_SKIP ? words[i] != 0
                  : mode == CONV_APPROX    ? live && scores[i] > s_max - limit
                                           : live;
      if (!keep) continue;
      expected.outputs[output] += (int32_t)((uint32_t)weights[i] * (uint32_t)words[i]);
      expected.kept++;
    }
    if (s_max >= 0) expected.carry[output] = CONV_SMAX_VALID | (uint32_t)s_max;
  }
  return expected;
}

/* Compares all that a run leaves, `output` being what it returned. */
static inline void check_run(int number, int32_t output, const struct expected *expected) {
  check_equal(number, (uint32_t)output, (uint32_t)expected->outputs[0]);
  for (uint32_t i = 0; i < 4; i++) {
    check_equal(number, (uint32_t)conv_output(i), (uint32_t)expected->outputs[i]);
    check_equal(number, conv_read(CONV_CARRY + i), expected->carry[i]);
  }
  check_equal(number, conv_read(CONV_KEPT), expected->kept);
}

/* An operand: zeros, small and large ones, powers of two, the ends of the range. */
static inline int32_t random_operand(void) {
  uint32_t word = random_word();
  switch (random_word() & 7) {
  case 0:
  case 1:
    return 0;
  case 2:
    return (int32_t)(word & 0xff);
  case 3:
    return (int32_t)(1u << word % operand_bits());
  case 4:
    return (word & 1 ? INT32_MIN : INT32_MAX) >> (32 - operand_bits());
  case 5:
    return -1;
  default:
    return (int32_t)word >> (word & 31);
  }
}

static inline void fill(void *array, uint32_t operands) {
  for (uint32_t i = 0; i < operands; i++) set_operand(array, (int32_t)i, random_operand());
}

#endif

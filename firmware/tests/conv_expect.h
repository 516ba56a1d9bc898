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

/* Whether operands are floats. Those of the tests are small integers then, so that sums are exact, and the
   logs of floats those of the integers with the exponent's bias. */
static inline bool floats(void) { return conv_read(CONV_FLOAT) != 0; }

/* The position of the highest set bit of a number other than 0. */
static inline uint32_t msb_of(uint32_t magnitude) {
  uint32_t msb = 0;
  for (uint32_t step = 16; step > 0; step /= 2)
    if (magnitude >> msb >> step != 0) msb += step;
  return msb;
}

/* The bits of the float that an integer of at most 24 bits is, and back. */
static inline uint32_t float_of(int32_t value) {
  if (value == 0) return 0;
  uint32_t magnitude = (uint32_t)(value < 0 ? -value : value), msb = msb_of(magnitude);
  return (value < 0 ? 1u << 31 : 0) | (127 + msb) << 23 | (magnitude << (23 - msb) & 0x7fffff);
}

static inline int32_t integer_of(uint32_t bits) {
  if (bits << 1 == 0) return 0;
  uint32_t magnitude = (1 << 23 | (bits & 0x7fffff)) >> (127 + 23 - (bits >> 23 & 0xff));
  return bits >> 31 != 0 ? -(int32_t)magnitude : (int32_t)magnitude;
}

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

static inline int32_t operand_word(const void *array, int32_t index) {
  switch (operand_bits()) {
  case 8:
    return ((const int8_t *)array)[index];
  case 16:
    return ((const half *)array)[index];
  default:
    return ((const int32_t *)array)[index];
  }
}

static inline void set_operand_word(void *array, int32_t index, int32_t word) {
  switch (operand_bits()) {
  case 8:
    ((int8_t *)array)[index] = (int8_t)word;
    break;
  case 16:
    ((half *)array)[index] = (half)word;
    break;
  default:
    ((int32_t *)array)[index] = word;
  }
}

/* As numbers. */
static inline int32_t operand(const void *array, int32_t index) {
  int32_t word = operand_word(array, index);
  return floats() ? integer_of((uint32_t)word << (32 - operand_bits())) : word;
}

static inline int32_t operand_of(int32_t value) {
  return floats() ? (int32_t)float_of(value) >> (32 - operand_bits()) : value;
}

static inline void set_operand(void *array, int32_t index, int32_t value) {
  set_operand_word(array, index, operand_of(value));
}

/* The word that an output is. */
static inline int32_t output_of(int32_t sum) { return floats() ? (int32_t)float_of(sum) : sum; }

/* What scores are below, in units of 2^-fraction. */
static inline uint32_t score_end(uint32_t fraction) {
  return (floats() ? 512 : 2 * operand_bits()) << fraction;
}

struct expected {
  int32_t outputs[4];
  uint32_t carry[4];
  uint32_t kept;
};

/* Of a number other than 0, with `fraction` of the bits below its highest one. */
static inline uint32_t log_proxy(int32_t a, uint32_t fraction) {
  uint32_t magnitude = a < 0 ? -(uint32_t)a : (uint32_t)a;
  uint32_t msb = msb_of(magnitude), below = magnitude - (1u << msb);
  uint32_t whole = floats() ? 127 + msb : msb;
  return (whole << fraction) + (msb >= fraction ? below >> (msb - fraction) : below << (fraction - msb));
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
    int32_t sum = 0;
    for (uint32_t i = 0; i < products; i++) {
      bool live = scores[i] >= 0;
      bool keep = mode == CONV_EXACT       ? true
                  : mode == CONV_ZERO_SKIP ? words[i] != 0
                  : mode == CONV_APPROX    ? live && scores[i] > s_max - limit
                                           : live;
      if (!keep) continue;
      sum += (int32_t)((uint32_t)weights[i] * (uint32_t)words[i]);
      expected.kept++;
    }
    expected.outputs[output] = output_of(sum);
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
  if (floats()) return word & 3 ? (int32_t)word >> 31 ^ (int32_t)(word >> 8 & 0xff) >> (word >> 4 & 7) : 0;
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

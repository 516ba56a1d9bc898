// SPDX-License-Identifier: MIT OR Apache-2.0
// A unit with floats against the core's FPU: the order and the rounding of its sums, what it skips, and
// what it never skips. Nothing is tested where the unit has integers.
#include "../check.h"
#include "conv_float.h"

enum { MAX_SIDE = 7, PITCH = 9 };

static uint32_t fraction, side;
static bool narrow; // bfloat16

/* A float whose exponent is near those of the others, and now and then a special one. */
static float random_float(void) {
  uint32_t word = random_word(), kind = random_word() & 31, sign = word & 1u << 31;
  switch (kind) {
  case 0:
    return conv_float_of(sign);
  case 1:
    return conv_float_of(sign | (word & 0x7fffff)); // subnormal, or of bfloat16 mostly
  case 2:
    return conv_float_of(sign | 0x7f7fffff);
  case 3:
    return conv_float_of(word);
  default:
    return conv_float_of(sign | (120 + (word >> 23 & 7)) << 23 | (word & 0x7fffff));
  }
}

static float words[PITCH * PITCH], weights[MAX_SIDE * MAX_SIDE];
static uint32_t packed_words[PITCH * PITCH], packed_weights[MAX_SIDE * MAX_SIDE];

/* As the unit reads them: of bfloat16 the upper halves, and the float has no more. */
static void pack(float *values, uint32_t *packed, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    uint32_t bits = conv_bits_of(values[i]);
    if (narrow) {
      values[i] = conv_float_of(bits & 0xffff0000);
      ((uint16_t __attribute__((may_alias)) *)packed)[i] = (uint16_t)(bits >> 16);
    } else {
      packed[i] = bits;
    }
  }
}

static bool is_special(float value) { return (conv_bits_of(value) >> 23 & 0xff) == 0xff; }
static bool is_zero(float value) { return conv_bits_of(value) << 1 == 0; }

static void check_window(int number, uint32_t mode, uint32_t threshold) {
  float sum[4] = {0};
  uint32_t kept = 0;
  pack(words, packed_words, PITCH * PITCH);
  pack(weights, packed_weights, side * side);
  for (uint32_t output = 0; output < 4; output++) {
    const float *corner = words + output / 2 * PITCH + output % 2;
    int32_t s_max = -1;
    for (int pass = 0; pass < 2; pass++) {
      for (uint32_t i = 0; i < side * side; i++) {
        float w = weights[i], x = corner[i / side * PITCH + i % side];
        bool special = is_special(w) || is_special(x), live = !is_zero(w) && !is_zero(x);
        int32_t score = special || !live ? -1 : (int32_t)(conv_float_log(w, fraction) + conv_float_log(x, fraction));
        if (pass == 0) {
          if (score > s_max) s_max = score;
          continue;
        }
        bool keep = mode == CONV_EXACT            ? true
                    : mode == CONV_ZERO_SKIP      ? !is_zero(x)
                    : mode == CONV_DUAL_ZERO_SKIP ? live
                                                  : score >= 0 && score > s_max - (int32_t)threshold;
        if (!keep && !special) continue;
        sum[output] = __builtin_fmaf(w, x, sum[output]);
        kept++;
      }
    }
  }
  conv_load(packed_weights, side, 0);
  conv_config(conv_configuration(mode, CONV_WINDOW, CONV_TILE_2X2, 0, 0), threshold);
  float first = conv_float_run(packed_words, PITCH);
  check_equal(number, conv_bits_of(first), conv_bits_of(sum[0]));
  for (uint32_t output = 0; output < 4; output++) {
    check_equal(number, conv_bits_of(conv_float_output(output)), conv_bits_of(sum[output]));
  }
  check_equal(number, conv_read(CONV_KEPT), kept);
}

int main(void) {
  if (conv_read(CONV_FLOAT) == 0) return 0;
  set_csr(mstatus, MSTATUS_FS);
  fraction = conv_read(CONV_LOG_FRAC);
  narrow = conv_read(CONV_OPERAND_W) == 16;
  for (int round = 0; round < 25; round++) {
    side = 1 + random_word() % conv_read(CONV_KERNEL);
    for (uint32_t i = 0; i < PITCH * PITCH; i++) words[i] = random_float();
    for (uint32_t i = 0; i < side * side; i++) weights[i] = random_float();
    for (uint32_t mode = 0; mode < 4; mode++) {
      check_window(10 * round + (int)mode + 1, mode, 1 + random_word() % (6u << fraction));
    }
  }

  // Of two bfloat16 that are as near, the even one; a carry goes into the exponent.
  check_equal(990, conv_bfloat16_of(1 + 0x1p-8f), 0x3f80);
  check_equal(991, conv_bfloat16_of(1 + 0x1p-8f + 0x1p-23f), 0x3f81);
  check_equal(992, conv_bfloat16_of(1 + 3 * 0x1p-8f), 0x3f82);
  check_equal(993, conv_bfloat16_of(-2 + 0x1p-23f), 0xc000);

  // The flags of the core are not the unit's.
  write_csr(fflags, 0);
  conv_float_run(packed_words, PITCH);
  check_equal(1000, read_csr(fflags), 0);

  // 1 and then half of its last place twice, in this order: each is rounded away. The other way they count.
  side = conv_read(CONV_KERNEL);
  if (side > 1) {
    for (uint32_t i = 0; i < PITCH * PITCH; i++) words[i] = 0;
    for (uint32_t i = 0; i < side * side; i++) weights[i] = 1;
    words[0] = 1, words[1] = words[PITCH] = 0x1p-24f;
    check_window(1001, CONV_EXACT, 1);
    check_equal(1002, conv_bits_of(conv_float_output(0)), conv_bits_of(1));
    words[0] = words[1] = 0x1p-24f, words[PITCH] = 1;
    check_window(1003, CONV_EXACT, 1);
    check_equal(1004, conv_bits_of(conv_float_output(0)), conv_bits_of(1 + 0x1p-23f));
  }
  return 0;
}

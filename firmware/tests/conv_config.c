// SPDX-License-Identifier: MIT OR Apache-2.0
// conv.config, conv.carry, conv.clear and conv.read: what is kept of what is written.
#include "conv_expect.h"

// rd of conv.config in a register that has another value before: after a trap it still has.
static uint32_t config(uint32_t word, uint32_t threshold, uint32_t rd) {
  __asm__ __volatile__(CONV_RAW("4, 0, %0, %1, %2")
                       : "+r"(rd)
                       : "r"(word), "r"(threshold)
                       : "memory");
  return rd;
}

static void refused(int number, uint32_t word, uint32_t threshold) {
  uint32_t before = conv_read(CONV_CONFIGURATION), old_threshold = conv_read(CONV_THRESHOLD);
  check_equal(number, config(word, threshold, 0x600d), 0x600d);
  check_equal(number, last_trap.cause, CAUSE_ILLEGAL);
  check_equal(number, last_trap.value & 0xfe00707f, 0x00004077);
  last_trap.cause = 0;
  check_equal(number, conv_read(CONV_CONFIGURATION), before);
  check_equal(number, conv_read(CONV_THRESHOLD), old_threshold);
}

int main(void) {
  uint32_t sides = conv_read(CONV_KERNEL), slots = conv_read(CONV_KERNELS);
  uint32_t fraction = conv_read(CONV_LOG_FRAC), multipliers = conv_read(CONV_MULTIPLIERS);
  uint32_t bits = conv_read(CONV_OPERAND_W);
  set_trap_handler(note_trap);

  // The parameters are possible ones.
  check_equal(1, sides >= 1 && sides <= 7, 1);
  check_equal(2, slots >= 1 && slots <= 256, 1);
  check_equal(3, fraction <= 8, 1);
  check_equal(4, multipliers >= 1 && multipliers <= 4 * sides * sides, 1);
  check_equal(5, bits == 8 || bits == 16 || bits == 32, 1);

  // After reset.
  for (uint32_t index = 0; index < 16; index++) check_equal(10 + (int)index, conv_read(index), 0);

  // Each configuration: what was there before comes back, and it is read.
  uint32_t before = 0;
  for (uint32_t word = 0; word < 1u << 16; word += 0x0b + (word >> 5 << 4)) {
    uint32_t side = word >> 4 & 15, slot = word >> 8;
    if (side > sides || slot >= slots) continue;
    check_equal(100, config(word, word + 1, 77), before);
    check_no_trap(101);
    check_equal(102, conv_read(CONV_CONFIGURATION), word);
    check_equal(103, conv_read(CONV_THRESHOLD), word + 1);
    before = word;
  }
  uint32_t full = conv_configuration(CONV_APPROX, CONV_RUNNING, CONV_TILE_2X2, sides, slots - 1);
  check_equal(104, config(full, 5, 77), before);
  check_equal(105, conv_read(CONV_CONFIGURATION), full);

  // Log planes are configured where there are some.
  uint32_t planes = conv_read(CONV_PLANES);
  check_equal(106, planes <= 1, 1);
  if (planes == 1) {
    check_equal(107, config(full | 1u << CONV_PLANE_SHIFT, 5, 77), full);
    check_equal(108, config(full, 5, 77), full | 1u << CONV_PLANE_SHIFT);
  } else {
    refused(109, full | 1u << CONV_PLANE_SHIFT, 5);
  }

  // The threshold is kept up to 65535.
  static const uint32_t thresholds[] = {1, 0x7fff, 0xfffe, 0xffff, 0x10000, 0x10001, 0x80000000, ~0u};
  for (uint32_t i = 0; i < sizeof thresholds / sizeof *thresholds; i++) {
    conv_config(3, thresholds[i]);
    check_equal(110 + (int)i, conv_read(CONV_THRESHOLD), thresholds[i] < 0xffff ? thresholds[i] : 0xffff);
  }
  // Without approx it may be 0.
  conv_config(2, 0);
  check_equal(120, conv_read(CONV_THRESHOLD), 0);
  check_no_trap(121);

  // What is refused changes nothing.
  conv_config(full, 1234);
  refused(130, 3, 0);
  refused(131, (sides + 1) << 4, 1);
  refused(132, 15 << 4, 1);
  if (slots < 256) refused(133, slots << 8, 1);
  if (slots < 256) refused(134, 255 << 8, 1);
  for (int bit = CONV_CONFIG_END; bit < 32; bit++) refused(140 + bit, 1u << bit, 1);

  // The carry registers: 0, or bit 15 and a score, of which there are so many; other bits are not kept,
  // and without bit 15 nothing is.
  uint32_t score = score_end(fraction) - 1;
  conv_carry(0, 0x8000, 0x8001, 0xffff);
  check_equal(200, conv_read(CONV_CARRY), 0);
  check_equal(201, conv_read(CONV_CARRY + 1), 0x8000);
  check_equal(202, conv_read(CONV_CARRY + 2), 0x8001);
  check_equal(203, conv_read(CONV_CARRY + 3), 0x8000 | score);
  conv_carry(0x7fff, 0x8000 | score, 0x1234, 0x8000 | (score >> 1));
  check_equal(210, conv_read(CONV_CARRY), 0);
  check_equal(211, conv_read(CONV_CARRY + 1), 0x8000 | score);
  check_equal(212, conv_read(CONV_CARRY + 2), 0);
  check_equal(213, conv_read(CONV_CARRY + 3), 0x8000 | (score >> 1));

  // Indices without a value, and all bits of an index.
  static const uint32_t none[] = {13, 15, 29, 31, 39, 63, 64, 0x80, 0x108, 0x10009, 0x80000020, ~0u};
  for (uint32_t i = 0; i < sizeof none / sizeof *none; i++)
    check_equal(220 + (int)i, conv_read(none[i]), 0);
  check_equal(240, conv_read(CONV_CONFIGURATION), full);

  // rd of conv.carry and conv.clear is 0.
  uint32_t rd = 77;
  __asm__ __volatile__(CONV_RAW("5, 0, %0, %1, %1") : "+r"(rd) : "r"(0) : "memory");
  check_equal(250, rd, 0);
  rd = 77;
  __asm__ __volatile__(CONV_RAW("6, 0, %0, x0, x0") : "+r"(rd) : : "memory");
  check_equal(251, rd, 0);
  check_no_trap(252);
  return 0;
}

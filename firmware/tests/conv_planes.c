// SPDX-License-Identifier: MIT OR Apache-2.0
// Log planes: conv.plane, and windows whose words come only if a product needs them. Of a unit without
// them: that it says so.
#include "conv_expect.h"

enum { PITCH = 11, ROWS = 9, WORDS = ROWS * PITCH };
static struct kernel kernels[2];
static int32_t map[WORDS];
static uint32_t plane[2 + WORDS]; // more than any entry needs
static uint32_t fraction, sides;

static void write_plane(void) {
  struct conv_plane_writer writer = conv_plane_begin(plane + 1, operand_bits(), fraction);
  for (int32_t i = 0; i < WORDS; i++) conv_plane_put(&writer, operand(map, i));
  conv_plane_end(&writer);
}

// A conv.run, or a conv.again, with the configuration as it is.
static void check_window(int number, int32_t first, bool again, uint32_t slot) {
  uint32_t carry[4], configuration = conv_read(CONV_CONFIGURATION);
  for (uint32_t i = 0; i < 4; i++) carry[i] = conv_read(CONV_CARRY + i);
  struct expected expected =
      expect_run(at(map, first), PITCH, &kernels[slot], configuration, conv_read(CONV_THRESHOLD), carry, fraction);
  check_run(number, again ? conv_again(slot) : conv_run(at(map, first), PITCH), &expected);
  check_no_trap(number);
}

static void without_planes(void) {
  uint32_t insn;
  conv_plane(map, plane);
  insn = *(const uint16_t *)last_trap.pc | (uint32_t) * (const uint16_t *)(last_trap.pc + 2) << 16;
  check_trap(10, CAUSE_ILLEGAL, insn);
  conv_config(1u << CONV_PLANE_SHIFT, 0);
  check_equal(11, last_trap.cause, CAUSE_ILLEGAL);
  check_equal(12, conv_read(CONV_MAP) | conv_read(CONV_PLANE) | conv_read(CONV_CYCLES_GET_LOGS), 0);
}

int main(void) {
  sides = conv_read(CONV_KERNEL);
  fraction = conv_read(CONV_LOG_FRAC);
  uint32_t slots = conv_read(CONV_KERNELS) > 1 ? 2 : 1;
  set_trap_handler(note_trap);
  fill(map, WORDS);
  if (conv_read(CONV_PLANES) == 0) {
    without_planes();
    return 0;
  }

  // The entry of a word, by hand: 13 is 1.101 in binary, times 8.
  uint32_t live = operand_bits() << 1 << fraction >> 1;
  check_equal(20, conv_log_entry(0, operand_bits(), fraction), 0);
  check_equal(21, conv_log_entry(1, operand_bits(), fraction), live);
  check_equal(22, conv_log_entry(-13, operand_bits(), fraction), live | 3u << fraction | 5u << fraction >> 3);

  conv_plane(map, plane + 1);
  check_equal(30, conv_read(CONV_MAP), (uint32_t)map);
  check_equal(31, conv_read(CONV_PLANE), (uint32_t)(plane + 1));
  for (uint32_t slot = 0; slot < slots; slot++) {
    kernels[slot].side = slot == 0 ? sides : 1;
    fill(kernels[slot].weights, MAX_SIDE * MAX_SIDE);
    conv_load(kernels[slot].weights, kernels[slot].side, slot);
  }

  // Every mode, scope and tile: the same as without planes, for a fetched window and the one that is held.
  for (uint32_t round = 0; round < 40; round++) {
    fill(map, WORDS);
    write_plane();
    uint32_t word = round & 15, span = sides + (word >> 3 & 1);
    int32_t first = (int32_t)((random_word() % (ROWS - span + 1)) * PITCH + random_word() % (PITCH - span + 1));
    conv_config(1u << CONV_PLANE_SHIFT | word, 1 + random_word() % (12u << fraction));
    check_window(100 + (int)round, first, false, 0);
    for (uint32_t slot = slots; slot-- > 0;) check_window(200 + (int)round, first, true, slot);
    conv_config(CONV_EXACT, 0);
    check_window(300 + (int)round, first, true, 0);
  }

  // Words that no product needs are not read, and those that come late are read then.
  for (int32_t i = 0; i < WORDS; i++) set_operand(map, i, i == 0 ? 64 : 1);
  for (uint32_t i = 0; i < sides * sides; i++) set_operand(kernels[0].weights, (int32_t)i, 1);
  conv_load(kernels[0].weights, sides, 0);
  write_plane();
  conv_config(1u << CONV_PLANE_SHIFT | CONV_APPROX, 1);
  uint32_t words = conv_read(CONV_WORDS);
  check_equal(400, (uint32_t)conv_run(map, PITCH), 64);
  check_equal(401, conv_read(CONV_KEPT), 1);
  uint32_t beat = 4 / operand_bytes();
  words += sides < beat ? sides : beat;
  check_equal(402, conv_read(CONV_WORDS), words);
  set_operand(map, (int32_t)(PITCH * (sides - 1) + sides - 1), 5);
  conv_config(CONV_EXACT, 0);
  check_equal(403, (uint32_t)conv_again(0), sides == 1 ? 64 : 64 + sides * sides - 2 + 5);
  check_no_trap(404);

  // A plane that cannot be read, and then a word that cannot.
  conv_plane((const void *)0x40000000, plane + 1);
  conv_config(1u << CONV_PLANE_SHIFT | CONV_APPROX, 1);
  for (uint32_t i = 0; i < sizeof plane / sizeof *plane; i++) plane[i] = 0;
  check_equal(500, (uint32_t)conv_run((const void *)0x40000000, PITCH), 0);
  check_no_trap(501);
  conv_config(CONV_EXACT, 0);
  conv_again(0);
  check_trap(502, CAUSE_LOAD_ACCESS, 0);
  conv_again(0);
  check_equal(503, last_trap.cause, CAUSE_ILLEGAL);
  last_trap.cause = 0;
  conv_plane(map, (const void *)0x40000000);
  conv_config(1u << CONV_PLANE_SHIFT | CONV_APPROX, 1);
  conv_run(map, PITCH);
  check_trap(504, CAUSE_LOAD_ACCESS, (uint32_t)map);
  return 0;
}

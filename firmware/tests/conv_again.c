// SPDX-License-Identifier: MIT OR Apache-2.0
// conv.again: other kernels, tiles and modes on the window that is held, and when none is.
#include "conv_expect.h"

enum { PITCH = 10 };
static struct kernel kernels[4];
static int32_t image[10 * PITCH];
static uint32_t fraction, sides;

// A conv.again with the configuration as it is, in a slot that it names.
static void again(int number, uint32_t slot, uint32_t threshold) {
  uint32_t carry[4], configuration = conv_read(CONV_CONFIGURATION);
  for (uint32_t i = 0; i < 4; i++) carry[i] = conv_read(CONV_CARRY + i);
  int32_t output = conv_again(slot);
  check_no_trap(number);
  struct expected expected =
      expect_run(image, PITCH, &kernels[slot], configuration, threshold, carry, fraction);
  check_run(number, output, &expected);
  check_equal(number, conv_read(CONV_CONFIGURATION), configuration);
}

static void refused(int number, uint32_t slot) {
  uint32_t insn = 0;
  (void)conv_again(slot);
  insn = *(const uint16_t *)last_trap.pc | (uint32_t) * (const uint16_t *)(last_trap.pc + 2) << 16;
  check_trap(number, CAUSE_ILLEGAL, insn);
}

int main(void) {
  sides = conv_read(CONV_KERNEL);
  fraction = conv_read(CONV_LOG_FRAC);
  uint32_t slots = conv_read(CONV_KERNELS);
  if (slots > 4) slots = 4;
  set_trap_handler(note_trap);
  fill(image, 10 * PITCH);

  // No kernel yet, no window yet.
  refused(1, 0);
  for (uint32_t slot = 0; slot < slots; slot++) {
    kernels[slot].side = slot == 1 ? 1 : sides;
    fill(kernels[slot].weights, MAX_SIDE * MAX_SIDE);
    conv_load(kernels[slot].weights, kernels[slot].side, slot);
  }
  refused(2, 0);

  // Every kernel, mode, scope and tile on one window.
  uint32_t largest = conv_configuration(CONV_EXACT, CONV_WINDOW, CONV_TILE_2X2, 0, 0);
  conv_config(largest, 0);
  conv_run(image, PITCH);
  for (uint32_t word = 0; word < 16; word++) {
    uint32_t threshold = 1 + random_word() % (12u << fraction);
    conv_config(word, threshold);
    again(100 + (int)word, word % slots, threshold);
  }
  // The configured slot is not what counts, and may be empty.
  if (slots > 1) {
    conv_config(conv_configuration(CONV_APPROX, CONV_RUNNING, CONV_TILE_2X2, 0, slots - 1), 9);
    again(120, 0, 9);
  }
  // Bits 31:8 of the slot are not looked at.
  conv_config(largest, 0);
  check_equal(122, (uint32_t)conv_again(0xabcdef00), (uint32_t)conv_again(0));
  // The window is what was fetched: stores to the array since do not reach it.
  conv_config(largest, 0);
  int32_t before = image[0];
  *(volatile int32_t *)image = before ^ 0x55;
  conv_read(CONV_KEPT);
  int32_t output = conv_again(0);
  image[0] = before;
  struct expected expected =
      expect_run(image, PITCH, &kernels[0], largest, 0, (const uint32_t[4]){0}, fraction);
  check_run(121, output, &expected);

  // A window of the smallest size is too small for more.
  conv_config(0, 0);
  conv_run(image, PITCH);
  again(130, 0, 0);
  conv_config(largest, 0);
  refused(131, 0);
  conv_config(0, 0);
  again(132, 0, 0);
  if (slots > 1 && sides > 1) {
    // Side 1, tile 2×2: 2×2 words hold. Fetched with side 1 alone, a larger kernel is too large.
    conv_config(conv_configuration(CONV_EXACT, CONV_WINDOW, CONV_TILE_1X1, 0, 1), 0);
    conv_run(image, PITCH);
    refused(133, 0);
    again(134, 1, 0);
    conv_config(conv_configuration(CONV_EXACT, CONV_WINDOW, CONV_TILE_2X2, 0, 1), 0);
    refused(135, 1);
  }

  // A refused instruction leaves the window; a kernel load takes it away, in whatever slot.
  conv_config(largest, 0);
  conv_run(image, PITCH);
  if (conv_read(CONV_KERNELS) < 256) refused(140, conv_read(CONV_KERNELS));
  if (operand_bytes() > 1) {
    (void)conv_run((const char *)image + 1, PITCH);
    check_trap(142, CAUSE_LOAD_MISALIGNED, (uintptr_t)image + 1);
  }
  again(143, 0, 0);
  conv_load(kernels[slots - 1].weights, kernels[slots - 1].side, slots - 1);
  refused(144, 0);

  // So does a bus error, of a run and of a load.
  conv_run(image, PITCH);
  again(150, 0, 0);
  (void)conv_run((const int32_t *)0x40000000, PITCH);
  check_trap(151, CAUSE_LOAD_ACCESS, 0x40000000);
  refused(152, 0);
  conv_run(image, PITCH);
  conv_load((const int32_t *)0x40000000, 1, 0);
  check_trap(153, CAUSE_LOAD_ACCESS, 0x40000000);
  refused(154, 0);
  // The kernel that the failed load was to replace is still there.
  conv_run(image, PITCH);
  again(155, 0, 0);
  check_no_trap(156);
  return 0;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// conv.load: sides, slots, what it leaves of the others; the configured side; rd.
#include "conv_expect.h"

enum { SLOTS = 256, PITCH = 9 };
static struct kernel kernels[SLOTS];
static int32_t image[9 * PITCH];
static const uint32_t no_carry[4];
static uint32_t fraction;

static void run_slot(int number, uint32_t slot) {
  uint32_t configuration = conv_configuration(CONV_EXACT, CONV_WINDOW, CONV_TILE_1X1, 0, slot);
  conv_config(configuration, 1);
  struct expected expected =
      expect_run(image, PITCH, &kernels[slot], configuration, 1, no_carry, fraction);
  check_run(number, conv_run(image, PITCH), &expected);
}

int main(void) {
  uint32_t sides = conv_read(CONV_KERNEL), slots = conv_read(CONV_KERNELS);
  if (slots > 20) slots = 20;
  fraction = conv_read(CONV_LOG_FRAC);
  fill(image, 9 * PITCH);

  // A kernel in every slot, of every side, then each of them.
  for (uint32_t slot = 0; slot < slots; slot++) {
    kernels[slot].side = 1 + slot % sides;
    fill(kernels[slot].weights, MAX_SIDE * MAX_SIDE);
    conv_load(kernels[slot].weights, kernels[slot].side, slot);
  }
  for (uint32_t slot = 0; slot < slots; slot++) run_slot(100 + (int)slot, slot);

  // Replaced by a smaller and by a larger one; the neighbours stay.
  for (uint32_t slot = 0; slot < slots; slot += 3) {
    kernels[slot].side = sides - slot % sides;
    fill(kernels[slot].weights, MAX_SIDE * MAX_SIDE);
    conv_load(kernels[slot].weights, kernels[slot].side, slot);
  }
  for (uint32_t slot = 0; slot < slots; slot++) run_slot(200 + (int)slot, slot);

  // Side 0 is the configured one; bits 31:16 of the size are ignored; rd is 0.
  for (uint32_t side = 1; side <= sides; side++) {
    conv_config(conv_configuration(CONV_EXACT, CONV_WINDOW, CONV_TILE_1X1, side, 0), 0);
    kernels[0].side = side;
    fill(kernels[0].weights, MAX_SIDE * MAX_SIDE);
    uint32_t size = 0xabcd0000, rd = 77;
    __asm__ __volatile__(CONV_RAW("0, 0, %0, %1, %2")
                         : "+r"(rd)
                         : "r"(size), "r"(kernels[0].weights)
                         : "memory");
    check_equal(300 + (int)side, rd, 0);
    run_slot(310 + (int)side, 0);
  }

  // The words are those of the moment: a store directly before, and one directly behind.
  kernels[0].side = 1;
  volatile int32_t *weight = kernels[0].weights;
  int32_t five = operand_of(5), six = operand_of(6), eight = operand_of(8);
  *weight = five;
  conv_load(kernels[0].weights, 1, 0);
  *weight = six;
  conv_config(0, 0);
  set_operand(image, 0, 7);
  check_equal(400, (uint32_t)conv_run(image, PITCH), (uint32_t)output_of(35));
  *(volatile int32_t *)image = eight;
  check_equal(401, (uint32_t)conv_run(image, PITCH), (uint32_t)output_of(40));
  return 0;
}

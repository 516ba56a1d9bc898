// SPDX-License-Identifier: MIT OR Apache-2.0
// Interrupts while the unit works: they wait for it, and no result and no register is lost.
#include "conv_expect.h"

enum { PITCH = 9, WINDOWS = 4, ROUNDS = 40 };
static struct kernel kernel;
static int32_t images[WINDOWS][9 * PITCH];
static struct expected expected[WINDOWS];
static volatile uint32_t interrupts, wrong_causes;

// Cycles of a conv.load: a measure of how fast the memory is.
static uint32_t load_cycles;

// Comes again in another phase of the loop each time, but lets the program go on.
static uint32_t tick(uint32_t cause, uint32_t pc, uint32_t value) {
  (void)value;
  interrupts++;
  wrong_causes += cause != (CAUSE_INTERRUPT | IRQ_TIMER);
  *device(MTIMECMP) = *device(MTIME) + 4 * load_cycles + random_word() % (2 * load_cycles);
  return pc;
}

int main(void) {
  uint32_t side = conv_read(CONV_KERNEL), fraction = conv_read(CONV_LOG_FRAC);
  uint32_t threshold = 2u << fraction;
  uint32_t configuration = conv_configuration(CONV_APPROX, CONV_RUNNING, CONV_TILE_2X2, side, 0);
  const uint32_t high = score_end(fraction) - (4u << fraction);
  const uint32_t carry[4] = {0, CONV_SMAX_VALID | 3, 0, CONV_SMAX_VALID | high};
  kernel.side = side;
  fill(kernel.weights, MAX_SIDE * MAX_SIDE);
  for (int window = 0; window < WINDOWS; window++) {
    fill(images[window], 9 * PITCH);
    expected[window] = expect_run(images[window], PITCH, &kernel, configuration, threshold, carry, fraction);
  }

  uint32_t start = *device(MTIME);
  conv_load(kernel.weights, side, 0);
  load_cycles = *device(MTIME) - start + 20;

  set_trap_handler(tick);
  *device(MTIMECMP) = *device(MTIME);
  *device(MTIMECMP + 4) = 0;
  set_csr(mie, 1 << IRQ_TIMER);
  set_csr(mstatus, MSTATUS_MIE);
  for (int round = 0; round < ROUNDS; round++) {
    int window = round % WINDOWS;
    conv_load(kernel.weights, side, 0);
    conv_config(configuration, threshold);
    for (int again = 0; again < 2; again++) {
      conv_carry(carry[0], carry[1], carry[2], carry[3]);
      int32_t output = again ? conv_again(0) : conv_run(images[window], PITCH);
      check_run(round + 1, output, &expected[window]);
    }
  }
  clear_csr(mstatus, MSTATUS_MIE);
  check_equal(100, wrong_causes, 0);
  check_equal(101, interrupts > ROUNDS / 2, 1);
  return 0;
}

// SPDX-License-Identifier: MIT OR Apache-2.0
// The performance counters of the unit that do not count cycles, and conv.clear.
#include "conv_expect.h"

enum { PITCH = 9 };
static struct kernel kernel;
static int32_t image[9 * PITCH];

static struct {
  uint32_t windows, multiplications, skipped, words, beats;
} sum;

static void check_counters(int number) {
  check_equal(number, conv_read(CONV_WINDOWS), sum.windows);
  check_equal(number, conv_read(CONV_MULTIPLICATIONS), sum.multiplications);
  check_equal(number, conv_read(CONV_SKIPPED), sum.skipped);
  check_equal(number, conv_read(CONV_WORDS), sum.words);
  check_equal(number, conv_read(CONV_BEATS), sum.beats);
}

// A fetch: the words, and an access of 32 bits for those of a row that lie in one.
static void add_fetch(const void *first, uint32_t pitch, uint32_t side) {
  sum.words += side * side;
  for (uint32_t row = 0; row < side; row++) {
    uint32_t address = (uint32_t)(uintptr_t)at(first, (int32_t)(row * pitch));
    sum.beats += (address % 4 + side * operand_bytes() + 3) / 4;
  }
}

// `fetched` is the side of the window, or 0.
static void add_run(uint32_t configuration, uint32_t fetched) {
  uint32_t kept = conv_read(CONV_KEPT), outputs = configuration >> 3 & 1 ? 4 : 1;
  sum.windows++;
  sum.multiplications += kept;
  sum.skipped += outputs * kernel.side * kernel.side - kept;
  add_fetch(image, PITCH, fetched);
}

int main(void) {
  uint32_t sides = conv_read(CONV_KERNEL);
  set_trap_handler(note_trap);
  fill(image, 9 * PITCH);
  check_counters(1);
  for (uint32_t side = 1; side <= sides; side++) {
    kernel.side = side;
    fill(kernel.weights, MAX_SIDE * MAX_SIDE);
    conv_load(kernel.weights, side, 0);
    add_fetch(kernel.weights, side, side);
    check_counters(10 * (int)side);
    for (uint32_t word = 0; word < 16; word++) {
      uint32_t window = side + (word >> 3);
      conv_config(word, 3);
      conv_run(image, PITCH);
      add_run(word, window);
      check_counters(10 * (int)side + 1);
      conv_again(0);
      add_run(word, 0);
      check_counters(10 * (int)side + 2);
    }
  }

  // What is refused counts nothing.
  if (operand_bytes() > 1) conv_run((const char *)image + 1, PITCH);
  conv_load(image, sides + 1, 0);
  conv_config(conv_configuration(CONV_EXACT, CONV_WINDOW, CONV_TILE_1X1, sides, 0), 0);
  conv_run(image, PITCH);
  add_run(0, sides);
  conv_config(8, 0);
  conv_again(0);
  (void)CONV_INSN(7, "x0, x0");
  check_counters(200);

  // A fetch that fails counts the words that came, and the accesses that were made.
  last_trap.cause = 0;
  conv_run((const void *)(RAM_BASE + RAM_BYTES - operand_bytes()), 1);
  check_equal(210, last_trap.cause, CAUSE_LOAD_ACCESS);
  check_equal(211, conv_read(CONV_WINDOWS), sum.windows);
  check_equal(212, conv_read(CONV_MULTIPLICATIONS), sum.multiplications);
  check_equal(213, conv_read(CONV_SKIPPED), sum.skipped);

  conv_clear();
  sum.windows = sum.multiplications = sum.skipped = sum.words = sum.beats = 0;
  check_counters(220);
  conv_config(8, 0);
  conv_run(image, PITCH);
  add_run(8, sides + 1);
  check_counters(221);
  return 0;
}

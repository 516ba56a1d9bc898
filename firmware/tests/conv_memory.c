// SPDX-License-Identifier: MIT OR Apache-2.0
// What the unit reads: stores before it, not those behind; RAM and devices alike; the ends of the RAM.
// A narrow operand is the lowest bits of what lies there.
#include "conv_expect.h"

/* What a run with a kernel of 1 gives for a word. */
static uint32_t loaded(uint32_t word) {
  if (!floats()) return (uint32_t)narrow((int32_t)word);
  uint32_t bits = word << (32 - operand_bits());
  if (bits << 1 > 0xff000000) return 0x7fc00000; /* a NaN */
  return bits << 1 == 0 ? 0 : bits;
}

int main(void) {
  static int32_t word[2];
  volatile int32_t *array = word;
  set_trap_handler(note_trap);
  array[0] = operand_of(1);
  conv_load(word, 1, 0);
  conv_config(0, 0);

  // Kernel 1×1 of 1: a run is a load. Stores of every width and alignment directly before.
  array[0] = 0x11223344;
  check_equal(1, (uint32_t)conv_run(word, 0), loaded(0x11223344));
  ((volatile uint8_t *)word)[1] = 0x77;
  check_equal(2, (uint32_t)conv_run(word, 0), loaded(0x11227744));
  __asm__ __volatile__("sw %1, 1(%0)" : : "r"(word), "r"(0x0a0b0c0d) : "memory");
  check_equal(3, (uint32_t)conv_run(word, 0), loaded(0x0b0c0d44));
  int32_t found;
  __asm__ __volatile__("sw %1, 0(%2)\n" CONV_RAW("1, 0, %0, x0, %2") "\nsw zero, 0(%2)"
                       : "=&r"(found)
                       : "r"(0x1234567), "r"(word)
                       : "memory");
  check_equal(4, (uint32_t)found, loaded(0x1234567));
  check_equal(5, (uint32_t)array[0], 0);
  // Between two loads.
  array[0] = 21;
  array[1] = 22;
  int32_t before, after;
  __asm__ __volatile__("lw %0, 4(%3)\n" CONV_RAW("1, 0, %1, x0, %3") "\nlw %2, 4(%3)"
                       : "=&r"(before), "=&r"(found), "=&r"(after)
                       : "r"(word)
                       : "memory");
  check_equal(6, (uint32_t)before, 22);
  check_equal(7, (uint32_t)found, loaded(21));
  check_equal(8, (uint32_t)after, 22);

  // Devices.
  *device(MTIMECMP) = 0x01020304;
  *device(MTIMECMP + 4) = 0x7fffffff;
  check_equal(10, (uint32_t)conv_run((const int32_t *)MTIMECMP, 0), loaded(0x01020304));
  check_equal(11, (uint32_t)conv_run((const int32_t *)(MTIMECMP + 4), 0), loaded(0x7fffffff));
  *device(MSIP) = 1;
  check_equal(12, (uint32_t)conv_run((const int32_t *)MSIP, 0), loaded(1));
  *device(MSIP) = 0;
  check_equal(13, (uint32_t)conv_run((const int32_t *)MSIP, 0), 0);
  check_equal(14, (uint32_t)conv_run((const int32_t *)UART, 0), 0);
  *device(EXTERNAL_IRQ) = 1;
  check_equal(15, (uint32_t)conv_run((const int32_t *)EXTERNAL_IRQ, 0), loaded(1));
  *device(EXTERNAL_IRQ) = 0;
  // A kernel from a device.
  conv_load((const int32_t *)MTIMECMP, 1, 0);
  array[0] = operand_of(2);
  uint32_t single = loaded(0x01020304);
  check_equal(16, (uint32_t)conv_run(word, 0), floats() ? single + (1 << 23) : 2 * single);
  array[0] = operand_of(1);
  conv_load(word, 1, 0);

  // The first and the last word of the RAM.
  int32_t first = (int32_t)*device(RAM_BASE);
  check_equal(20, (uint32_t)conv_run((const int32_t *)RAM_BASE, 0), loaded((uint32_t)first));
  volatile uint32_t *last = device(RAM_BASE + RAM_BYTES - 4);
  uint32_t stacked = *last;
  *last = 0x5ca1ab1e;
  int32_t run_of_last = conv_run((const int32_t *)last, 0);
  *last = stacked;
  check_equal(21, (uint32_t)run_of_last, loaded(0x5ca1ab1e));
  check_no_trap(22);
  return 0;
}

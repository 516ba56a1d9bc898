/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Checks of the tests in C: numbered; the first that fails is told on the UART and ends the program. */
#ifndef CHECK_H
#define CHECK_H

#include "runtime.h"

static inline void check_equal(int number, uint32_t found, uint32_t expected) {
  if (found == expected) return;
  printf("test %d: found 0x%08lx, expected 0x%08lx\n", number, found, expected);
  exit(number);
}

/* The trap that the last instruction took; cause 0: none. */
static volatile struct {
  uint32_t cause, pc, value;
} last_trap;

/* A trap handler that notes the trap and steps over the instruction. */
static inline uint32_t note_trap(uint32_t cause, uint32_t pc, uint32_t value) {
  last_trap.cause = cause;
  last_trap.pc = pc;
  last_trap.value = value;
  return next_instruction(pc);
}

/* That there was a trap, and which; the pc has been noted too. */
static inline void check_trap(int number, uint32_t cause, uint32_t value) {
  check_equal(number, last_trap.cause, cause);
  check_equal(number, last_trap.value, value);
  last_trap.cause = 0;
}

static inline void check_no_trap(int number) { check_equal(number, last_trap.cause, 0); }

/* Numbers without a pattern, the same in each run. */
static inline uint32_t random_word(void) {
  static uint32_t state = 0x2545f491;
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

#endif

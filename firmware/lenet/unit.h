/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What lenet_unit.c asks of the compiler, and conv_carry with both its words. */
#ifndef UNIT_H
#define UNIT_H

#include <stdint.h>

#include "conv_approx.h"
#include "network.h"

/* With constants for the sizes its loops are unrolled, and its arrays are registers. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define UNROLLED _Pragma("GCC unroll 20")

/* A constant that the compiler is to keep in a register, rather than to load it for each use. */
ALWAYS_INLINE uint32_t in_register(uint32_t value) {
  __asm__("" : "+r"(value));
  return value;
}

/* An address that the compiler is to compute from the one before, rather than to keep it. */
ALWAYS_INLINE const operand *step(const operand *address, uint32_t words) {
  address += words;
  __asm__("" : "+r"(address));
  return address;
}

/* a + b, behind the loads and stores before it, and before the instruction of the unit behind it. */
ALWAYS_INLINE int32_t add_last(int32_t a, int32_t b) {
  int32_t sum;
  __asm__ __volatile__("add %0, %1, %2" : "=r"(sum) : "r"(a), "r"(b) : "memory");
  return sum;
}

/* S_max of outputs 0 and 1, and of 2 and 3. */
ALWAYS_INLINE void conv_carry_words(uint32_t upper, uint32_t lower) {
  (void)CONV_INSN(5, "%1, %2", "r"(upper), "r"(lower));
}

#endif

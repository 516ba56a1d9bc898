// SPDX-License-Identifier: MIT OR Apache-2.0
// Conditional branches: every condition, both ways, both directions, the farthest targets.
#include "test.h"

  // Taken, forward over an instruction that fails, then backward.
  .macro TAKEN number, branch, a, b
  CASE \number
  li a1, \a
  li a2, \b
  \branch a1, a2, 2f
  j fail
1:
  \branch a1, a2, 3f
  j fail
2:
  \branch a1, a2, 1b
  j fail
3:
  .endm

  .macro NOT_TAKEN number, branch, a, b
  CASE \number
  li a1, \a
  li a2, \b
  li a3, 0
1:
  addi a3, a3, 1
  \branch a1, a2, 2f
  addi a3, a3, 1
  \branch a1, a2, 1b
  addi a3, a3, 1
2:
  EXPECT a3, 3
  .endm

  TEST_BEGIN

  TAKEN 1, beq, 0, 0
  TAKEN 2, beq, 0x80000000, 0x80000000
  NOT_TAKEN 3, beq, 0, 1
  NOT_TAKEN 4, beq, 0x80000000, 0
  NOT_TAKEN 5, beq, 0xffffffff, 0xfffffffe

  TAKEN 11, bne, 0, 1
  TAKEN 12, bne, 0x80000000, 0
  NOT_TAKEN 13, bne, 0, 0
  NOT_TAKEN 14, bne, 0xdeadbeef, 0xdeadbeef

  TAKEN 21, blt, 0, 1
  TAKEN 22, blt, 0xffffffff, 0
  TAKEN 23, blt, 0x80000000, 0x7fffffff
  NOT_TAKEN 24, blt, 1, 1
  NOT_TAKEN 25, blt, 0, 0xffffffff
  NOT_TAKEN 26, blt, 0x7fffffff, 0x80000000

  TAKEN 31, bge, 1, 1
  TAKEN 32, bge, 0, 0xffffffff
  TAKEN 33, bge, 0x7fffffff, 0x80000000
  NOT_TAKEN 34, bge, 0, 1
  NOT_TAKEN 35, bge, 0xffffffff, 0
  NOT_TAKEN 36, bge, 0x80000000, 0x7fffffff

  TAKEN 41, bltu, 0, 1
  TAKEN 42, bltu, 0, 0xffffffff
  TAKEN 43, bltu, 0x7fffffff, 0x80000000
  NOT_TAKEN 44, bltu, 1, 1
  NOT_TAKEN 45, bltu, 0xffffffff, 0
  NOT_TAKEN 46, bltu, 0x80000000, 0x7fffffff

  TAKEN 51, bgeu, 1, 1
  TAKEN 52, bgeu, 0xffffffff, 0
  TAKEN 53, bgeu, 0x80000000, 0x7fffffff
  NOT_TAKEN 54, bgeu, 0, 1
  NOT_TAKEN 55, bgeu, 0, 0xffffffff
  NOT_TAKEN 56, bgeu, 0x7fffffff, 0x80000000

  // The same register twice, and x0.
  CASE 61
  li a1, 77
  bne a1, a1, fail
  blt a1, a1, fail
  bltu a1, a1, fail
  beq a1, zero, fail
  bge zero, a1, fail
  bgeu zero, a1, fail
  beq zero, zero, 1f
  j fail
1:

  // Offsets 4094 and -4096: to a target that is no multiple of 4, and back.
  CASE 62
  li a3, 0
  j 62f
  ALIGN
60:
  addi a3, a3, 1
  j 63f
  .skip 4096 - 8
62:
  beq zero, zero, 60b
  j fail
63:
  EXPECT a3, 1
  CASE 63
  j 64f
  ALIGN
64:
  beq zero, zero, 64b + 4094
  .skip 4094 - 4
  .option push
  .option rvc
  j 65f
  ALIGN
  .option pop
  j fail
65:

  // A branch to the next instruction.
  CASE 64
  li a3, 1
  beq zero, zero, 1f
1:
  addi a3, a3, 1
  beq a3, zero, 1f
1:
  addi a3, a3, 1
  EXPECT a3, 3

  // Three taken ones in a row, and one in the shadow of each.
  CASE 65
  li a3, 0
  beq zero, zero, 1f
  beq zero, zero, fail
1:
  beq zero, zero, 1f
  beq zero, zero, fail
1:
  beq zero, zero, 1f
  addi a3, a3, 1
1:
  EXPECT a3, 0

  TEST_END

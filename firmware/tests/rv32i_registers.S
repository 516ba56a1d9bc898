// SPDX-License-Identifier: MIT OR Apache-2.0
// Each register holds a value of its own; x0 is 0. Read back through each operand, after every write.
#include "test.h"
  TEST_BEGIN

  // All 31 at once: gp and tp are the macros', so this goes without macros.
  CASE 1
  .irp n, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  li x\n, 0x01010101 * \n
  .endr
  // x31 becomes the sum of all others by turns of rs1 and rs2: 0x01010101 times 31*32/2 - 3.
  .irp n, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
  add x31, x31, x\n
  .endr
  .irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
  add x31, x\n, x31
  .endr
  li x30, 0x01010101 * 493
  bne x31, x30, fail
  // None of them has changed.
  .irp n, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29
  li x30, 0x01010101 * \n
  bne x\n, x30, fail
  .endr

  // gp itself, with the number kept elsewhere.
  CASE 2
  mv a0, gp
  li gp, 0x03030303
  addi a1, gp, 1
  mv gp, a0
  EXPECT a1, 0x03030304

  // x0 as rd of every kind of result.
  CASE 3
  la a0, word
  li x0, -1
  lui x0, 0xabcde
  auipc x0, 1
  lw x0, 0(a0)
  lb x0, 0(a0)
  add x0, a0, a0
  mul x0, a0, a0
  mulh x0, a0, a0
  div x0, a0, a0
  csrr x0, mstatus
  jal x0, 1f
1:
  la a1, 2f
  jalr x0, 0(a1)
2:
  EXPECT x0, 0
  // Nor does a result for x0 reach the next instruction.
  lw x0, 0(a0)
  add a1, x0, x0
  EXPECT a1, 0
  addi x0, x0, 55
  add a1, x0, x0
  EXPECT a1, 0
  mul x0, a0, a0
  add a1, x0, x0
  EXPECT a1, 0
  div x0, a0, a0
  or a1, x0, x0
  EXPECT a1, 0
  csrr x0, misa
  or a1, x0, x0
  EXPECT a1, 0
  jal x0, 1f
1:
  or a1, x0, x0
  EXPECT a1, 0

  TEST_END

  .data
word:
  .word 0xffffffff

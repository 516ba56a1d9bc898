// SPDX-License-Identifier: MIT OR Apache-2.0
// Code that writes code: behind fence.i the new instructions are executed.
#include "test.h"
  TEST_BEGIN

  // The next instruction, and one a little further, that are fetched already.
  CASE 1
  la a1, 1f
  li a2, 0x00500513
  li a0, 0
  sw a2, 0(a1)
  fence.i
1:
  li a0, 1
  EXPECT a0, 5
  CASE 2
  la a1, 1f
  li a2, 0x00600513
  sw a2, 0(a1)
  fence.i
  nop
  nop
1:
  li a0, 1
  EXPECT a0, 6

  // Half an instruction: its upper half is in the next word.
  CASE 3
  la a1, 1f
  li a2, 0x0070
  .option push
  .option rvc
  .balign 4
  c.nop
  sh a2, 2(a1)
  fence.i
1:
  addi a0, zero, 0x101
  .balign 4
  .option pop
  EXPECT a0, 7

  // A function in data, written again and again.
  CASE 4
  li s0, 0
  li s1, 20
1:
  slli a2, s0, 20
  li a3, 0x513
  or a2, a2, a3
  la a1, code
  sw a2, 0(a1)
  li a3, 0x00008067
  sw a3, 4(a1)
  fence.i
  jalr ra, 0(a1)
  bne a0, s0, fail
  addi s0, s0, 1
  bne s0, s1, 1b

  // The new instruction is one that traps.
  CASE 5
  la tp, 2f
  la a1, 1f
  li a2, 0xffffffff
  sw a2, 0(a1)
  fence.i
1:
  nop
  j fail
2:
  EXPECT s9, CAUSE_ILLEGAL
  EXPECT_ADDRESS s10, 1b

  // Stores of bytes to code.
  CASE 6
  la a1, 1f
  li a2, 0x23
  sb a2, 3(a1)
  fence.i
1:
  li a0, 0x7ff
  EXPECT a0, 0x23f

  TEST_END

  .data
  .balign 4
code:
  .word 0, 0

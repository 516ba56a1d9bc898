// SPDX-License-Identifier: MIT OR Apache-2.0
// jal and jalr: targets and link.
#include "test.h"
  TEST_BEGIN

  CASE 1
  jal a0, 1f
91:
  j fail
1:
  EXPECT_ADDRESS a0, 91b

  // Backward.
  CASE 2
  j 2f
1:
  EXPECT_ADDRESS a0, 92f
  j 3f
2:
  jal a0, 1b
92:
  j fail
3:

  // Farther than a branch reaches, and back.
  CASE 3
  jal a0, far
93:
  EXPECT_ADDRESS a0, 93b
  EXPECT a1, 0x1234

  CASE 4
  la a1, 1f
  jalr a0, 0(a1)
94:
  j fail
1:
  EXPECT_ADDRESS a0, 94b
  // rs1 is left as it was.
  EXPECT_ADDRESS a1, 1b

  // rd = rs1: the target is taken before the link is written.
  CASE 5
  la a0, 1f
  jalr a0, 0(a0)
95:
  j fail
1:
  EXPECT_ADDRESS a0, 95b

  // Offsets of both signs, at their ends.
  CASE 6
  la a1, 1f - 0x7ff
  jalr a0, 0x7ff(a1)
  j fail
1:
  la a1, 1f + 0x800
  jalr a0, -0x800(a1)
  j fail
1:

  // Bit 0 of the target is cleared: of the sum.
  CASE 7
  la a1, 1f + 1
  jalr a0, 0(a1)
  j fail
1:
  la a1, 1f
  jalr a0, 1(a1)
  j fail
1:
  la a1, 1f - 1
  jalr a0, 2(a1)
  j fail
1:
  // 1 + (-1): bit 1 is not carried away.
  la a1, 1f + 1
  jalr a0, -1(a1)
  j fail
1:

  // To x0; a chain of jumps; the link of each.
  CASE 8
  la a1, 1f
  jalr zero, 0(a1)
  j fail
1:
  EXPECT zero, 0
  jal a0, 1f
98:
  j fail
1:
  jal a1, 1f
99:
  j fail
1:
  EXPECT_ADDRESS a0, 98b
  EXPECT_ADDRESS a1, 99b

  // Call and return, twice nested.
  CASE 9
  li a2, 0
  call outer
  EXPECT a2, 0x111

  // A jump to the next instruction.
  CASE 10
  jal a0, 1f
1:
  EXPECT_ADDRESS a0, 1b

  // From and to addresses that are no multiples of 4.
  CASE 11
  .option push
  .option rvc
  ALIGN
  c.nop
1:
  jal a0, 2f
  c.nop
2:
  c.nop
  ALIGN
  c.nop
3:
  la a1, 4f
  c.nop
  ALIGN
  c.nop
5:
  jalr a2, 0(a1)
  ALIGN
  c.nop
4:
  c.nop
  ALIGN
  .option pop
  EXPECT_ADDRESS a0, 1b + 4
  EXPECT_ADDRESS a2, 5b + 4

  TEST_END

outer:
  mv a3, ra
  addi a2, a2, 1
  call inner
  addi a2, a2, 0x100
  mv ra, a3
  ret
inner:
  addi a2, a2, 0x10
  ret

  .skip 40000
far:
  li a1, 0x1234
  jr a0

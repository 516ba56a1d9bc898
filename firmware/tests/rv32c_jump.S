// SPDX-License-Identifier: MIT OR Apache-2.0
// Compressed jumps and branches: links, both directions, the farthest targets.
#include "test.h"
  TEST_BEGIN
  .option rvc

  CASE 1
  c.j 1f
  j fail
1:

  CASE 2
  li ra, 0
  c.jal 1f
92:
  j fail
1:
  EXPECT_ADDRESS ra, 92b

  CASE 3
  la a0, 1f
  c.jr a0
  j fail
1:

  CASE 4
  la a0, 1f
  c.jalr a0
94:
  j fail
1:
  EXPECT_ADDRESS ra, 94b
  // Through ra itself: the target is taken before the link is written.
  CASE 5
  la ra, 1f
  c.jalr ra
95:
  j fail
1:
  EXPECT_ADDRESS ra, 95b
  // Bit 0 of the target is cleared.
  CASE 6
  la a0, 1f + 1
  c.jr a0
  j fail
1:
  la a0, 1f + 1
  c.jalr a0
  j fail
1:

  CASE 7
  li a0, 0
  c.beqz a0, 1f
  j fail
1:
  c.bnez a0, 2f
  li s1, 0x80000000
  c.bnez s1, 1f
  j fail
1:
  c.beqz s1, 2f
  c.j 1f
2:
  j fail
1:

  // Backward, each of them.
  CASE 8
  li a0, 0
  c.j 4f
1:
  c.addi a0, 1
  c.j 5f
2:
  c.addi a0, 2
  c.jr ra
3:
  c.addi a0, 4
  li a5, 0
  c.beqz a5, 6f
4:
  c.j 1b
5:
  c.jal 2b
  li a5, 1
  c.bnez a5, 3b
  j fail
6:
  EXPECT a0, 7

  // The farthest targets: c.j and c.jal 2046 forward and 2048 back, branches 254 and 256.
  CASE 9
  li a0, 0
  ALIGN
  c.j 1f
2:
  c.addi a0, 1
  .option norvc
  j 3f
  .option rvc
  .skip 2046 - 8
1:
  c.addi a0, 1
  c.nop
  c.j 2b
3:
  EXPECT a0, 2
  CASE 10
  li a0, 0
  c.jal 1f
2:
  c.addi a0, 1
  .option norvc
  j 3f
  .option rvc
  .skip 2046 - 8
1:
  c.addi a0, 1
  c.nop
  c.jal 2b
3:
  EXPECT a0, 2
  CASE 11
  li a0, 0
  c.beqz a0, 1f
2:
  c.addi a0, 1
  .option norvc
  j 3f
  .option rvc
  .skip 254 - 8
1:
  c.addi a0, 1
  c.nop
  c.bnez a0, 2b
  j fail
3:
  EXPECT a0, 2

  // A chain without anything between.
  CASE 12
  c.j 1f
1:
  c.j 1f
  c.j 2f
1:
  c.j 1f
  c.nop
1:
  c.jal 1f
1:
  li a0, 0
  c.beqz a0, 1f
1:
  c.bnez a0, 2f
  c.beqz a0, 3f
2:
  j fail
3:

  // Call and return.
  CASE 13
  li a0, 5
  c.jal twice
  EXPECT a0, 10
  la a5, twice
  c.jalr a5
  EXPECT a0, 20

  .option norvc
  TEST_END

  .option rvc
  ALIGN
  c.nop
twice:
  c.add a0, a0
  c.jr ra

// SPDX-License-Identifier: MIT OR Apache-2.0
// Instructions of 16 and 32 bits at every alignment, and the last ones of the RAM.
#include "test.h"
  TEST_BEGIN
  .option rvc

  // Each mixture of both lengths, entered at each of its instructions.
  CASE 1
  li a0, 0
  ALIGN
  c.addi a0, 1
  .option norvc
  addi a0, a0, 0x100
  addi a0, a0, 0x100
  .option rvc
  c.addi a0, 1
  c.addi a0, 1
  .option norvc
  addi a0, a0, 0x100
  .option rvc
  c.addi a0, 1
  .option norvc
  addi a0, a0, 0x100
  lui a1, 0x12345
  .option rvc
  c.nop
  EXPECT a0, 0x404
  EXPECT a1, 0x12345000

  .macro ENTER number, entry, expected
  CASE \number
  li a0, 0
  la a1, \entry
  c.jalr a1
  EXPECT a0, \expected
  .endm
  ENTER 2, mixed_0, 0x333
  ENTER 3, mixed_1, 0x332
  ENTER 4, mixed_2, 0x232
  ENTER 5, mixed_3, 0x132
  ENTER 6, mixed_4, 0x131
  ENTER 7, mixed_5, 0x130
  ENTER 8, mixed_6, 0x030
  ENTER 9, mixed_7, 0x020
  ENTER 10, mixed_8, 0x010

  // A 32-bit instruction whose halves lie in two words, as each kind of one.
  CASE 11
  la a1, word
  ALIGN
  c.nop
  .option norvc
  lw a0, 0(a1)
  sw a0, 4(a1)
  lh a2, 5(a1)
  mul a3, a0, a0
  divu a4, a0, a3
  csrr a5, mimpid
  beq a0, a0, 1f
  j fail
1:
  jal a6, 2f
  j fail
2:
  .option rvc
  c.nop
  EXPECT a0, 0x01020304
  EXPECT a2, 0x0203
  EXPECT a3, 0x14191810
  EXPECT a4, 0
  EXPECT a5, 0x434e5641
  EXPECT_WORD word + 4, 0x01020304

  // Into the middle of a 32-bit instruction: its upper half is an instruction too.
  // 0x0505 is c.addi a0, 1, and lui a2, 0x05050 with it in the upper half.
  CASE 12
  li a0, 0
  la a1, 1f + 2
  li a2, 0
  jr a1
1:
  .word 0x05050637
  EXPECT a0, 1
  EXPECT a2, 0
  la a1, 1f
  jr a1
1:
  .word 0x05050637
  EXPECT a0, 1
  EXPECT a2, 0x05050000

  // The last instructions of the RAM: a compressed return in its last two bytes, and one of 32 bits
  // in its last word. Fetching ahead finds nothing there, and must not trap for it.
  CASE 13
  li a1, RAM_BASE + RAM_BYTES
  li a2, 0x80820505
  sw a2, -4(a1)
  fence.i
  li a0, 0
  addi a1, a1, -4
  c.jalr a1
  EXPECT a0, 1
  addi a1, a1, 2
  c.jalr a1
  EXPECT a0, 1
  CASE 14
  li a2, 0x00008067
  addi a1, a1, -2
  sw a2, 0(a1)
  fence.i
  jalr ra, 0(a1)
  EXPECT a0, 1
  // addi a0, a0, 1 at 6 bytes before the end, then a compressed return.
  CASE 15
  li a2, 0x05130001
  sw a2, -4(a1)
  li a2, 0x80820015
  sw a2, 0(a1)
  fence.i
  jalr ra, -2(a1)
  EXPECT a0, 2

  .option norvc
  TEST_END

  .option rvc
  ALIGN
mixed_0:
  c.addi a0, 1
  .option norvc
mixed_1:
  addi a0, a0, 0x100
mixed_2:
  addi a0, a0, 0x100
  .option rvc
mixed_3:
  c.addi a0, 1
mixed_4:
  c.addi a0, 1
  .option norvc
mixed_5:
  addi a0, a0, 0x100
  .option rvc
mixed_6:
  c.addi a0, 16
mixed_7:
  c.addi a0, 16
  .option norvc
mixed_8:
  addi a0, a0, 0x10
  .option rvc
  c.jr ra

  .data
  .balign 4
word:
  .word 0x01020304, 0

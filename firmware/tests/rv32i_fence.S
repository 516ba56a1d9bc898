// SPDX-License-Identifier: MIT OR Apache-2.0
// fence in every form, and the hints: instructions that do nothing.
#include "test.h"
  TEST_BEGIN

  CASE 1
  li a0, 0x1234
  la a1, word
  sw a0, 0(a1)
  fence
  fence rw, rw
  fence w, r
  fence i, o
  lw a2, 0(a1)
  EXPECT a2, 0x1234
  // Reserved fields are read as a fence: fm, rd, rs1; fence.tso; an empty set, as pause is.
  .word 0x8330000f
  .word 0x0ff0000f | 10 << 7
  .word 0x0ff0000f | 11 << 15
  .word 0x0100000f
  .word 0xf000000f | 31 << 7 | 31 << 15
  EXPECT a0, 0x1234

  // fence.i with fields that it does not use.
  CASE 2
  fence.i
  .word 0x0000100f | 10 << 7
  .word 0x0000100f | 11 << 15
  .word 0x0000100f | 0x7ff << 20
  EXPECT a0, 0x1234
  EXPECT_ADDRESS a1, word

  // Results for x0.
  CASE 3
  addi zero, a0, 5
  slti zero, a0, 5
  ori zero, a0, 5
  slli zero, a0, 31
  srai zero, a0, 7
  lui zero, 5
  auipc zero, 5
  add zero, a0, a1
  sub zero, a0, a1
  sltu zero, a0, a1
  EXPECT zero, 0
  EXPECT a0, 0x1234
  EXPECT_ADDRESS a1, word

  // Compressed ones: c.nop 1, c.li x0, c.lui x0, c.mv x0, c.add x0, c.slli x0 and of a0 by 0, c.srli
  // and c.srai by 0, c.addi a0 by 0.
  CASE 4
  ALIGN
  .half 0x0005
  .half 0x4005
  .half 0x6005
  .half 0x802a
  .half 0x902a
  .half 0x0006
  .half 0x0502
  .half 0x8101
  .half 0x8501
  .half 0x0501
  ALIGN
  EXPECT zero, 0
  EXPECT a0, 0x1234

  TEST_END

  .bss
  .balign 4
word:
  .skip 4

// SPDX-License-Identifier: MIT OR Apache-2.0
// Stores: every width at every offset in a word, across words too; the bytes beside stay.
#include "test.h"

  // Three words of 0x5a, a store of 0xf1f2f3f4, then the words as they must be.
  .macro STORE number, store, offset, word0, word1, word2
  CASE \number
  la a1, area
  li a2, 0x5a5a5a5a
  sw a2, 0(a1)
  sw a2, 4(a1)
  sw a2, 8(a1)
  li a0, 0xf1f2f3f4
  \store a0, \offset(a1)
  lw a3, 0(a1)
  lw a4, 4(a1)
  lw a5, 8(a1)
  EXPECT a3, \word0
  EXPECT a4, \word1
  EXPECT a5, \word2
  EXPECT a0, 0xf1f2f3f4
  .endm

  TEST_BEGIN

  STORE 1, sw, 0, 0xf1f2f3f4, 0x5a5a5a5a, 0x5a5a5a5a
  STORE 2, sw, 1, 0xf2f3f45a, 0x5a5a5af1, 0x5a5a5a5a
  STORE 3, sw, 2, 0xf3f45a5a, 0x5a5af1f2, 0x5a5a5a5a
  STORE 4, sw, 3, 0xf45a5a5a, 0x5af1f2f3, 0x5a5a5a5a
  STORE 5, sw, 4, 0x5a5a5a5a, 0xf1f2f3f4, 0x5a5a5a5a
  STORE 6, sw, 5, 0x5a5a5a5a, 0xf2f3f45a, 0x5a5a5af1
  STORE 7, sw, 6, 0x5a5a5a5a, 0xf3f45a5a, 0x5a5af1f2
  STORE 8, sw, 7, 0x5a5a5a5a, 0xf45a5a5a, 0x5af1f2f3

  STORE 11, sh, 0, 0x5a5af3f4, 0x5a5a5a5a, 0x5a5a5a5a
  STORE 12, sh, 1, 0x5af3f45a, 0x5a5a5a5a, 0x5a5a5a5a
  STORE 13, sh, 2, 0xf3f45a5a, 0x5a5a5a5a, 0x5a5a5a5a
  STORE 14, sh, 3, 0xf45a5a5a, 0x5a5a5af3, 0x5a5a5a5a
  STORE 15, sh, 4, 0x5a5a5a5a, 0x5a5af3f4, 0x5a5a5a5a
  STORE 16, sh, 7, 0x5a5a5a5a, 0xf45a5a5a, 0x5a5a5af3

  STORE 21, sb, 0, 0x5a5a5af4, 0x5a5a5a5a, 0x5a5a5a5a
  STORE 22, sb, 1, 0x5a5af45a, 0x5a5a5a5a, 0x5a5a5a5a
  STORE 23, sb, 2, 0x5af45a5a, 0x5a5a5a5a, 0x5a5a5a5a
  STORE 24, sb, 3, 0xf45a5a5a, 0x5a5a5a5a, 0x5a5a5a5a
  STORE 25, sb, 11, 0x5a5a5a5a, 0x5a5a5a5a, 0xf45a5a5a

  // The ends of the offset.
  CASE 31
  la a1, area - 0x7ff
  li a0, 0x11223344
  sw a0, 0x7ff(a1)
  la a1, area + 4 + 0x800
  li a0, 0x55667788
  sw a0, -0x800(a1)
  EXPECT_WORD area, 0x11223344
  EXPECT_WORD area + 4, 0x55667788

  // x0 stores 0; the base stores itself.
  CASE 32
  la a1, area
  sw zero, 0(a1)
  sw a1, 4(a1)
  EXPECT_WORD area, 0
  la a2, area + 4
  lw a2, 0(a2)
  EXPECT_ADDRESS a2, area

  // A load behind a store sees it, whichever of both crosses a word.
  CASE 33
  la a1, area
  li a0, 0x0a0b0c0d
  sw a0, 1(a1)
  lw a2, 1(a1)
  sb a0, 2(a1)
  lw a3, 1(a1)
  sh a0, 3(a1)
  lw a4, 0(a1)
  lw a5, 4(a1)
  lbu a6, 4(a1)
  EXPECT a2, 0x0a0b0c0d
  EXPECT a3, 0x0a0b0d0d
  EXPECT a4, 0x0d0d0d00
  EXPECT a6, 0x0c
  andi a5, a5, 0xff
  EXPECT a5, 0x0c

  // A run of stores and loads without a gap.
  CASE 34
  la a1, area
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7
  li a0, 0x10 + \n
  sb a0, \n(a1)
  .endr
  lw a2, 0(a1)
  lw a3, 4(a1)
  EXPECT a2, 0x13121110
  EXPECT a3, 0x17161514
  lw a2, 0(a1)
  sw a2, 4(a1)
  lw a3, 4(a1)
  sw a3, 8(a1)
  lw a4, 8(a1)
  EXPECT a4, 0x13121110

  TEST_END

  .bss
  .balign 4
area:
  .skip 16

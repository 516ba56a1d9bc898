// SPDX-License-Identifier: MIT OR Apache-2.0
// Loads: every width at every offset in a word, across words too, sign and zero extension.
#include "test.h"

  .macro LOAD number, load, expected, offset
  CASE \number
  la a1, data
  \load a0, \offset(a1)
  EXPECT a0, \expected
  EXPECT_ADDRESS a1, data
  // The same byte by another base, and into the base.
  la a1, data + \offset + 0x123
  \load a1, -0x123(a1)
  EXPECT a1, \expected
  .endm

  TEST_BEGIN

  LOAD 1, lw, 0x83828180, 0
  LOAD 2, lw, 0x04838281, 1
  LOAD 3, lw, 0x05048382, 2
  LOAD 4, lw, 0x06050483, 3
  LOAD 5, lw, 0x07060504, 4
  LOAD 6, lw, 0xf0070605, 5
  LOAD 7, lw, 0xf1f00706, 6
  LOAD 8, lw, 0xf2f1f007, 7

  LOAD 11, lh, 0xffff8180, 0
  LOAD 12, lh, 0xffff8281, 1
  LOAD 13, lh, 0xffff8382, 2
  LOAD 14, lh, 0x00000483, 3
  LOAD 15, lh, 0x00000504, 4
  LOAD 16, lh, 0x00000605, 5
  LOAD 17, lh, 0x00000706, 6
  LOAD 18, lh, 0xfffff007, 7

  LOAD 21, lhu, 0x8180, 0
  LOAD 22, lhu, 0x8281, 1
  LOAD 23, lhu, 0x8382, 2
  LOAD 24, lhu, 0x0483, 3
  LOAD 25, lhu, 0x0504, 4
  LOAD 26, lhu, 0x0605, 5
  LOAD 27, lhu, 0x0706, 6
  LOAD 28, lhu, 0xf007, 7

  LOAD 31, lb, 0xffffff80, 0
  LOAD 32, lb, 0xffffff81, 1
  LOAD 33, lb, 0xffffff82, 2
  LOAD 34, lb, 0xffffff83, 3
  LOAD 35, lb, 0x04, 4
  LOAD 36, lb, 0x05, 5
  LOAD 37, lb, 0x06, 6
  LOAD 38, lb, 0x07, 7

  LOAD 41, lbu, 0x80, 0
  LOAD 42, lbu, 0x81, 1
  LOAD 43, lbu, 0x82, 2
  LOAD 44, lbu, 0x83, 3
  LOAD 45, lbu, 0x04, 4
  LOAD 46, lbu, 0xf3, 11

  // The ends of the offset.
  CASE 51
  la a1, data - 0x7ff
  lw a0, 0x7ff(a1)
  EXPECT a0, 0x83828180
  la a1, data + 0x800
  lw a0, -0x800(a1)
  EXPECT a0, 0x83828180

  // Aligned and crossing loads back to back.
  CASE 52
  la a1, data
  lw a2, 0(a1)
  lw a3, 3(a1)
  lh a4, 7(a1)
  lb a5, 8(a1)
  lhu a6, 3(a1)
  lw a7, 8(a1)
  EXPECT a2, 0x83828180
  EXPECT a3, 0x06050483
  EXPECT a4, 0xfffff007
  EXPECT a5, 0xfffffff0
  EXPECT a6, 0x0483
  EXPECT a7, 0xf3f2f1f0

  // The first and the last word of the RAM, and its last bytes.
  CASE 53
  li a1, RAM_BASE
  la a2, _start
  bne a1, a2, fail
  lw a0, 0(a1)
  lhu a2, 0(a1)
  lhu a3, 2(a1)
  slli a3, a3, 16
  or a2, a2, a3
  bne a0, a2, fail
  li a1, RAM_BASE + RAM_BYTES - 4
  li a2, 0xa1b2c3d4
  sw a2, 0(a1)
  lw a0, 0(a1)
  EXPECT a0, 0xa1b2c3d4
  lh a0, 2(a1)
  EXPECT a0, 0xffffa1b2
  lbu a0, 3(a1)
  EXPECT a0, 0xa1

  TEST_END

  .data
  .balign 4
data:
  .byte 0x80, 0x81, 0x82, 0x83, 0x04, 0x05, 0x06, 0x07, 0xf0, 0xf1, 0xf2, 0xf3

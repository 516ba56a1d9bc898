// SPDX-License-Identifier: MIT OR Apache-2.0
// Compressed loads and stores: all bits of the offsets, all their registers.
#include "test.h"

  .macro POINTED number, base, register, offset
  CASE \number
  la \base, area
  li \register, 0xc0de0000 + \number
  COMPRESSED c.sw \register, \offset(\base)
  EXPECT_WORD area + \offset, 0xc0de0000 + \number
  li \register, 0
  COMPRESSED c.lw \register, \offset(\base)
  EXPECT \register, 0xc0de0000 + \number
  EXPECT_ADDRESS \base, area
  .endm

  .macro STACKED number, register, offset
  CASE \number
  li \register, 0x57ac0000 + \number
  COMPRESSED c.swsp \register, \offset(sp)
  EXPECT_WORD area + \offset, 0x57ac0000 + \number
  li \register, 0
  COMPRESSED c.lwsp \register, \offset(sp)
  EXPECT \register, 0x57ac0000 + \number
  .endm

  TEST_BEGIN

  POINTED 1, a0, a1, 0
  POINTED 2, a2, a3, 4
  POINTED 3, a4, a5, 8
  POINTED 4, s0, s1, 16
  POINTED 5, s1, s0, 32
  POINTED 6, a5, a0, 64
  POINTED 7, a1, a2, 124

  mv s2, sp
  la sp, area
  STACKED 11, a0, 0
  STACKED 12, ra, 4
  STACKED 13, s0, 8
  STACKED 14, t3, 16
  STACKED 15, s11, 32
  STACKED 16, a7, 64
  STACKED 17, s3, 128
  STACKED 18, t4, 252

  // Base and register the same; x0 stored; the stack pointer itself.
  CASE 21
  la a0, area
  COMPRESSED c.sw a0, 4(a0)
  EXPECT_ADDRESS a0, area
  COMPRESSED c.lw a0, 4(a0)
  EXPECT_ADDRESS a0, area
  COMPRESSED c.swsp zero, 4(sp)
  EXPECT_WORD area + 4, 0
  COMPRESSED c.swsp sp, 8(sp)
  COMPRESSED c.lwsp a1, 8(sp)
  EXPECT_ADDRESS a1, area
  COMPRESSED c.lwsp sp, 8(sp)
  EXPECT_ADDRESS sp, area

  // Across words: the base is no multiple of 4.
  CASE 22
  la a0, area + 1
  li a1, 0x44332211
  COMPRESSED c.sw a1, 4(a0)
  COMPRESSED c.lw a2, 4(a0)
  EXPECT a2, 0x44332211
  la sp, area + 3
  COMPRESSED c.swsp a1, 12(sp)
  COMPRESSED c.lwsp a2, 12(sp)
  EXPECT a2, 0x44332211
  la a0, area
  lbu a2, 15(a0)
  EXPECT a2, 0x11
  lbu a2, 18(a0)
  EXPECT a2, 0x44

  // A dense run of them.
  CASE 23
  la a0, area
  la sp, area
  li a1, 0x123
  .option push
  .option rvc
  c.sw a1, 0(a0)
  c.lw a2, 0(a0)
  c.addi a2, 1
  c.swsp a2, 4(sp)
  c.lw a3, 4(a0)
  c.sw a3, 8(a0)
  c.lwsp a4, 8(sp)
  c.add a4, a1
  c.lwsp a5, 0(sp)
  .option pop
  EXPECT a2, 0x124
  EXPECT a3, 0x124
  EXPECT a4, 0x247
  EXPECT a5, 0x123
  mv sp, s2

  TEST_END

  .bss
  .balign 4
area:
  .skip 256

// SPDX-License-Identifier: MIT OR Apache-2.0
// Results that the next instructions need: each producer into each consumer, at distances 1 to 4.
#include "test.h"

  // A producer of a0, `gap` instructions between, a consumer.
  .macro GAP gap
  .rept \gap
  nop
  .endr
  .endm

  // The producers all make a0 = 0x20 from a stale a0, in different ways.
  .macro CONSUMERS number, producer
  .irp gap, 0, 1, 2, 3
  CASE \number + \gap
  la a1, area
  li a2, 0x20
  li a3, 4
  li a5, 0x40000000
  li a6, 0x80
  li a7, 8
  // Arithmetic, by either operand and both.
  li a0, 0x7777
  \producer
  GAP \gap
  addi a4, a0, 1
  EXPECT a4, 0x21
  li a0, 0x7777
  \producer
  GAP \gap
  sub a4, a0, a3
  EXPECT a4, 0x1c
  li a0, 0x7777
  \producer
  GAP \gap
  sub a4, a3, a0
  EXPECT a4, -0x1c
  li a0, 0x7777
  \producer
  GAP \gap
  add a4, a0, a0
  EXPECT a4, 0x40
  // Into itself.
  li a0, 0x7777
  \producer
  GAP \gap
  slli a0, a0, 1
  EXPECT a0, 0x40
  // Multiplier and divider.
  li a0, 0x7777
  \producer
  GAP \gap
  mul a4, a0, a0
  EXPECT a4, 0x400
  li a0, 0x7777
  \producer
  GAP \gap
  mulhu a4, a0, a0
  EXPECT a4, 0
  li a0, 0x7777
  \producer
  GAP \gap
  divu a4, a0, a3
  EXPECT a4, 8
  li a0, 0x7777
  \producer
  GAP \gap
  rem a4, a7, a0
  EXPECT a4, 8
  // Address and data of loads and stores.
  li a0, 0x7777
  \producer
  GAP \gap
  sw a0, 4(a1)
  lw a4, 4(a1)
  EXPECT a4, 0x20
  li a0, 0x7777
  \producer
  GAP \gap
  sb a0, 5(a1)
  lbu a4, 5(a1)
  EXPECT a4, 0x20
  li a0, 0x7777
  \producer
  GAP \gap
  sw a0, 7(a1)
  lw a4, 7(a1)
  EXPECT a4, 0x20
  // Branches, taken and not.
  li a0, 0x7777
  \producer
  GAP \gap
  bne a0, a2, fail
  li a0, 0x7777
  \producer
  GAP \gap
  beq a2, a0, 1f
  j fail
1:
  li a0, 0x7777
  \producer
  GAP \gap
  bge a3, a0, fail
  // CSRs.
  li a0, 0x7777
  \producer
  GAP \gap
  csrrw a4, mscratch, a0
  csrr a4, mscratch
  EXPECT a4, 0x20
  // Written again: the older result must not win.
  li a0, 0x7777
  \producer
  GAP \gap
  li a0, 3
  mv a4, a0
  EXPECT a4, 3
  EXPECT a0, 3
  .endr
  .endm

  // A producer of an address in a0, from a stale one, into base registers and jumps.
  .macro ADDRESSES number, producer
  .irp gap, 0, 1, 2, 3
  CASE \number + \gap
  la a1, area
  la a2, target
  la a5, area + 12
  sw a2, 12(a1)
  sw a1, 16(a1)
  csrw mscratch, a2
  li a3, 0
  li a0, 0
  \producer
  GAP \gap
  jalr ra, 0(a0)
  EXPECT a3, 1
  li a0, 0
  \producer
  GAP \gap
  .option push
  .option rvc
  c.jalr a0
  .option pop
  EXPECT a3, 2
  li a0, 0
  \producer
  GAP \gap
  lw a4, 8(a0)
  EXPECT a4, 0x1234567
  li a0, 0
  \producer
  GAP \gap
  lh a4, 9(a0)
  EXPECT a4, 0x2345
  li a0, 0
  \producer
  GAP \gap
  sw a0, 12(a0)
  lw a4, 12(a0)
  bne a4, a2, fail
  .endr
  .endm

  TEST_BEGIN
  la a1, area
  li a2, 0x20
  sw a2, 0(a1)

  CONSUMERS 100, "addi a0, a2, 0"
  CONSUMERS 110, "add a0, a2, zero"
  CONSUMERS 120, "lw a0, 0(a1)"
  CONSUMERS 130, "lbu a0, 0(a1)"
  CONSUMERS 140, "lw a0, 22(a1)"
  CONSUMERS 150, "mul a0, a3, a7"
  CONSUMERS 160, "mulhu a0, a5, a6"
  CONSUMERS 170, "divu a0, a6, a3"
  CONSUMERS 180, "csrrw a0, mscratch, a2; csrrw a0, mscratch, a0"
  CONSUMERS 190, "lw a0, 0(a1); add a0, a0, zero"
  CONSUMERS 200, "mul a0, a3, a7; lw a0, 0(a1)"
  CONSUMERS 210, "lw a0, 4(a1); mul a0, a3, a7"
  CONSUMERS 220, "divu a0, a7, a3; slli a0, a0, 4"
  CONSUMERS 240, "remu a0, a2, a6"
  CONSUMERS 230, "jal a0, 91f; 91: li a0, 31; addi a0, a0, 1"

  ADDRESSES 300, "mv a0, a2"
  ADDRESSES 310, "lw a0, 12(a1)"
  ADDRESSES 320, "lw a0, 16(a1); lw a0, 12(a0)"
  ADDRESSES 330, "csrr a0, mscratch"
  ADDRESSES 340, "li a4, 1; mul a0, a2, a4"
  ADDRESSES 350, "li a4, 1; divu a0, a2, a4"
  ADDRESSES 360, "lw a0, 0(a5); addi a0, a0, 0"

  // The link of a jump, into the instruction at its target.
  CASE 400
  jal a0, 1f
91:
  j fail
1:
  addi a1, a0, 4
  EXPECT_ADDRESS a1, 91b + 4
  la a1, 1f
  jalr a0, 0(a1)
92:
  j fail
1:
  mv a2, a0
  EXPECT_ADDRESS a2, 92b
  // Call and return at once.
  jal ra, 1f
  j 2f
1:
  ret
2:
  la a1, 1f
  jalr ra, 0(a1)
  j 2f
1:
  ret
2:

  // A load whose result nobody takes before it is written again; by another load, by arithmetic.
  CASE 410
  la a1, area
  lw a0, 0(a1)
  li a0, 5
  EXPECT a0, 5
  lw a0, 4(a1)
  lw a0, 0(a1)
  EXPECT a0, 0x20
  lw a0, 0(a1)
  mul a0, a1, zero
  EXPECT a0, 0
  lw a0, 0(a1)
  csrrwi a0, mscratch, 9
  csrr a0, mscratch
  EXPECT a0, 9

  // A chain of loads through pointers, and a store that reuses what it loaded.
  CASE 420
  la a0, chain
  lw a0, 0(a0)
  lw a0, 0(a0)
  lw a0, 0(a0)
  lw a2, 4(a0)
  sw a2, 8(a0)
  lw a3, 8(a0)
  EXPECT_ADDRESS a0, chain
  EXPECT a3, 0xbeef

  // Between EX and WB at once: an older load and a younger sum of one register.
  CASE 430
  la a1, area
  li a3, 1
  lw a0, 0(a1)
  addi a3, a3, 1
  add a4, a0, a3
  lw a0, 0(a1)
  add a3, a0, a3
  add a4, a4, a3
  EXPECT a4, 0x44

  TEST_END

  ALIGN
target:
  addi a3, a3, 1
  ret
  .word 0x1234567, 0

  .data
  .balign 4
area:
  .word 0x20, 0, 0, 0, 0
  .half 0
  .word 0x20
  .half 0
chain:
  .word 1f, 0xbeef, 0
1:
  .word 2f
2:
  .word chain

// SPDX-License-Identifier: MIT OR Apache-2.0
// Loads and stores of floats: every offset in a word, the compressed forms, what fails.
#include "float.h"

#define NOWHERE 0x40000000
#define RAM_END (RAM_BASE + RAM_BYTES)

  .macro LOADED number, expected, offset
  CASE \number
  la a1, data + \offset
  flw fa0, 0(a1)
  EXPECT_FLOAT fa0, \expected
  la a1, data + \offset + 0x123
  flw fa0, -0x123(a1)
  EXPECT_FLOAT fa0, \expected
  .endm

  .macro STORED number, offset, first, second
  CASE \number
  la a1, area
  li a0, 0x11111111
  sw a0, 0(a1)
  sw a0, 4(a1)
  FLOAT fa0, 0xdeadbeef
  fsw fa0, \offset(a1)
  EXPECT_WORD area, \first
  EXPECT_WORD area + 4, \second
  EXPECT_FLOAT fa0, 0xdeadbeef
  .endm

  .macro POINTED number, base, register, offset
  CASE \number
  la \base, area
  FLOAT \register, 0xc0de0000 + \number
  COMPRESSED c.fsw \register, \offset(\base)
  EXPECT_WORD area + \offset, 0xc0de0000 + \number
  FLOAT \register, 0
  COMPRESSED c.flw \register, \offset(\base)
  EXPECT_FLOAT \register, 0xc0de0000 + \number
  EXPECT_ADDRESS \base, area
  .endm

  .macro STACKED number, register, offset
  CASE \number
  FLOAT \register, 0x57ac0000 + \number
  COMPRESSED c.fswsp \register, \offset(sp)
  EXPECT_WORD area + \offset, 0x57ac0000 + \number
  FLOAT \register, 0
  COMPRESSED c.flwsp \register, \offset(sp)
  EXPECT_FLOAT \register, 0x57ac0000 + \number
  .endm

  FLOAT_BEGIN

  // Signalling NaNs and subnormals are bits like others.
  LOADED 1, 0x7f800001, 0
  LOADED 2, 0x837f8000, 1
  LOADED 3, 0x82837f80, 2
  LOADED 4, 0x8182837f, 3
  LOADED 5, 0x80818283, 4

  STORED 11, 0, 0xdeadbeef, 0x11111111
  STORED 12, 1, 0xadbeef11, 0x111111de
  STORED 13, 2, 0xbeef1111, 0x1111dead
  STORED 14, 3, 0xef111111, 0x11deadbe
  STORED 15, 4, 0x11111111, 0xdeadbeef

  POINTED 21, a0, fa1, 0
  POINTED 22, a2, fa3, 4
  POINTED 23, a4, fa5, 8
  POINTED 24, s0, fs1, 16
  POINTED 25, s1, fs0, 32
  POINTED 26, a5, fa0, 64
  POINTED 27, a1, fa2, 124

  mv s2, sp
  la sp, area
  // f0 too: nothing is reserved.
  STACKED 31, ft0, 0
  STACKED 32, ft1, 4
  STACKED 33, fs0, 8
  STACKED 34, ft8, 16
  STACKED 35, ft11, 32
  STACKED 36, fa0, 64
  STACKED 37, fs11, 128
  STACKED 38, ft2, 252
  mv sp, s2

  // Nothing of it raises a flag.
  CASE 40
  EXPECT_FLAGS 0

  // Where nothing is, nothing is loaded, and floats stay in their state.
  .macro FAULT number, access, address, cause, value
  li a1, \address
  FLOAT fa0, 0x600d
  li a2, 3 << 13
  csrc mstatus, a2
  li a2, FS_CLEAN
  csrs mstatus, a2
  TRAPS \number
  \access fa0, 0(a1)
  TRAPPED \cause, \value
  EXPECT_CSR mstatus, 0x5880
  EXPECT_FLOAT fa0, 0x600d
  .endm
  // mstatus.MPIE is set by the mret of the first trap.
  TRAPS 41
  ecall
  TRAPPED CAUSE_ECALL_M, 0
  FAULT 42, flw, NOWHERE, CAUSE_LOAD_ACCESS, NOWHERE
  FAULT 43, flw, NOWHERE + 1, CAUSE_LOAD_ACCESS, NOWHERE + 1
  FAULT 44, fsw, NOWHERE, CAUSE_STORE_ACCESS, NOWHERE
  FAULT 45, flw, RAM_END - 2, CAUSE_LOAD_ACCESS, RAM_END
  FAULT 46, fsw, RAM_END - 2, CAUSE_STORE_ACCESS, RAM_END

  // What is behind a load that fails has no effect: no register, no flag.
  CASE 50
  FLOAT fa1, ONE
  FLOAT fa2, ZERO
  li a1, NOWHERE
  .irp behind, "fdiv.s fa0, fa1, fa2", "fadd.s fa0, fa1, fa1", "fmv.w.x fa0, a1", "fsgnj.s fa0, fa1, fa1"
  FLOAT fa0, 0x600d
  la tp, 1f
  flw fa3, 0(a1)
  \behind
1:
  EXPECT_FLOAT fa0, 0x600d
  EXPECT_FLAGS 0
  .endr

  // Access by access, the words between.
  CASE 60
  la a1, area
  FLOAT fa0, 0x01010101
  FLOAT fa1, 0x02020202
  fsw fa0, 0(a1)
  fsw fa1, 4(a1)
  lw a2, 0(a1)
  flw fa2, 4(a1)
  sw a2, 8(a1)
  fsw fa2, 12(a1)
  flw fa3, 8(a1)
  lw a3, 12(a1)
  EXPECT a2, 0x01010101
  EXPECT_FLOAT fa2, 0x02020202
  EXPECT_FLOAT fa3, 0x01010101
  EXPECT a3, 0x02020202

  TEST_END

  .data
  .balign 4
data:
  .word 0x7f800001, 0x80818283, 0
  .bss
  .balign 4
area:
  .skip 256

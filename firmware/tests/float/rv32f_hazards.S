// SPDX-License-Identifier: MIT OR Apache-2.0
// Results that the next instructions need, within the float registers and between the two files: each
// producer into each consumer, at distances 0 to 3.
#include "float.h"

  .macro GAP gap
  .rept \gap
  nop
  .endr
  .endm

  // One use of a stale fa0 that `producer` makes 3.
  .macro USE producer, gap, operation:vararg
  FLOAT fa0, 0x7e967699
  \producer
  GAP \gap
  \operation
  .endm

  // Also used: fa1 = 1, fa2 = 2, fa3 = 3, ft0 = 0, a1 = area, a2 = bits of 3, a3 = 3; a0 is not fa0.
  .macro FLOAT_CONSUMERS number, producer
  .irp gap, 0, 1, 2, 3
  CASE \number + \gap
  li a0, 0x7777
  // Late, by each operand and by all.
  USE "\producer", \gap, fadd.s ft1, fa0, fa1
  EXPECT_FLOAT ft1, 0x40800000
  USE "\producer", \gap, fsub.s ft1, fa1, fa0
  EXPECT_FLOAT ft1, 0xc0000000
  USE "\producer", \gap, fmul.s ft1, fa0, fa0
  EXPECT_FLOAT ft1, 0x41100000
  USE "\producer", \gap, fmadd.s ft1, fa0, fa2, fa1
  EXPECT_FLOAT ft1, 0x40e00000
  USE "\producer", \gap, fmadd.s ft1, fa2, fa0, fa1
  EXPECT_FLOAT ft1, 0x40e00000
  USE "\producer", \gap, fmsub.s ft1, fa2, fa1, fa0
  EXPECT_FLOAT ft1, 0xbf800000
  USE "\producer", \gap, fmadd.s ft1, fa0, fa0, fa0
  EXPECT_FLOAT ft1, 0x41400000
  USE "\producer", \gap, fdiv.s ft1, fa0, fa2
  EXPECT_FLOAT ft1, 0x3fc00000
  USE "\producer", \gap, fdiv.s ft1, ft0, fa0
  EXPECT_FLOAT ft1, 0
  USE "\producer", \gap, fsqrt.s ft1, fa0
  EXPECT_FLOAT ft1, 0x3fddb3d7
  USE "\producer", \gap, fcvt.w.s a4, fa0
  EXPECT a4, 3
  // Early.
  USE "\producer", \gap, fsgnjn.s ft1, fa0, fa0
  EXPECT_FLOAT ft1, 0xc0400000
  USE "\producer", \gap, fmin.s ft1, fa0, fa2
  EXPECT_FLOAT ft1, 0x40000000
  USE "\producer", \gap, fmv.x.w a4, fa0
  EXPECT a4, 0x40400000
  USE "\producer", \gap, flt.s a4, fa2, fa0
  EXPECT a4, 1
  USE "\producer", \gap, fclass.s a4, fa0
  EXPECT a4, 1 << 6
  // Stores, of the register and of the integer one with its number.
  USE "\producer", \gap, fsw fa0, 8(a1)
  EXPECT_WORD area + 8, 0x40400000
  USE "\producer", \gap, fsw fa0, 9(a1)
  lw a4, 9(a1)
  EXPECT a4, 0x40400000
  USE "\producer", \gap, sw a0, 8(a1)
  EXPECT_WORD area + 8, 0x7777
  USE "\producer", \gap, add a4, a0, a0
  EXPECT a4, 0xeeee
  // Into itself; written again, early, late and by a load: the older result must not win.
  USE "\producer", \gap, fadd.s fa0, fa0, fa0
  EXPECT_FLOAT fa0, 0x40c00000
  USE "\producer", \gap, fsgnj.s fa0, fa1, fa1
  fsgnj.s ft1, fa0, fa0
  EXPECT_FLOAT ft1, ONE
  EXPECT_FLOAT fa0, ONE
  USE "\producer", \gap, fmul.s fa0, fa1, fa2
  fadd.s ft1, fa0, fa1
  EXPECT_FLOAT ft1, 0x40400000
  EXPECT_FLOAT fa0, TWO
  USE "\producer", \gap, flw fa0, 4(a1)
  fadd.s ft1, fa0, fa1
  EXPECT_FLOAT ft1, 0x40a00000
  EXPECT_FLOAT fa0, 0x40800000
  .endr
  .endm

  // The same for a0, which `producer` makes 1 from a float; fa0 is 2 and is not a0.
  .macro USE_INTEGER producer, gap, operation:vararg
  li a0, 0x7777
  \producer
  GAP \gap
  \operation
  .endm

  .macro INTEGER_CONSUMERS number, producer
  .irp gap, 0, 1, 2, 3
  CASE \number + \gap
  FLOAT fa0, TWO
  USE_INTEGER "\producer", \gap, addi a4, a0, 4
  EXPECT a4, 5
  USE_INTEGER "\producer", \gap, sub a4, a3, a0
  EXPECT a4, 2
  USE_INTEGER "\producer", \gap, mul a4, a0, a0
  EXPECT a4, 1
  USE_INTEGER "\producer", \gap, divu a4, a3, a0
  EXPECT a4, 3
  USE_INTEGER "\producer", \gap, sw a0, 8(a1)
  EXPECT_WORD area + 8, 1
  USE_INTEGER "\producer", \gap, fsw fa0, 8(a1)
  EXPECT_WORD area + 8, TWO
  USE_INTEGER "\producer", \gap, beqz a0, fail
  USE_INTEGER "\producer", \gap, csrw mscratch, a0
  EXPECT_CSR mscratch, 1
  USE_INTEGER "\producer", \gap, fcvt.s.w ft1, a0
  EXPECT_FLOAT ft1, ONE
  USE_INTEGER "\producer", \gap, fmv.w.x ft1, a0
  EXPECT_FLOAT ft1, 1
  USE_INTEGER "\producer", \gap, fadd.s ft1, fa0, fa0
  EXPECT_FLOAT ft1, 0x40800000
  USE_INTEGER "\producer", \gap, li a0, 9
  mv a4, a0
  EXPECT a4, 9
  EXPECT a0, 9
  .endr
  .endm

  FLOAT_BEGIN
  FLOAT fa1, ONE
  FLOAT fa2, TWO
  FLOAT fa3, 0x40400000
  FLOAT fa4, 0x41100000
  FLOAT ft0, 0
  la a1, area
  li a2, 0x40400000
  li a3, 3
  sw a2, 0(a1)

  FLOAT_CONSUMERS 100, "fmv.w.x fa0, a2"
  FLOAT_CONSUMERS 104, "fsgnj.s fa0, fa3, fa3"
  FLOAT_CONSUMERS 108, "fmax.s fa0, fa1, fa3"
  FLOAT_CONSUMERS 112, "flw fa0, 0(a1)"
  FLOAT_CONSUMERS 116, "flw fa0, 14(a1)"
  FLOAT_CONSUMERS 120, "fadd.s fa0, fa1, fa2"
  FLOAT_CONSUMERS 124, "fmul.s fa0, fa1, fa3"
  FLOAT_CONSUMERS 128, "fmadd.s fa0, fa1, fa2, fa1"
  FLOAT_CONSUMERS 132, "fcvt.s.w fa0, a3"
  FLOAT_CONSUMERS 136, "fdiv.s fa0, fa3, fa1"
  FLOAT_CONSUMERS 140, "fsqrt.s fa0, fa4"
  // Late behind late, early behind late and the other way, behind loads and divisions.
  FLOAT_CONSUMERS 144, "fmul.s fa0, fa1, fa3; fadd.s fa0, fa0, ft0"
  FLOAT_CONSUMERS 148, "fadd.s fa0, fa1, fa1; fmv.w.x fa0, a2"
  FLOAT_CONSUMERS 152, "fadd.s fa0, fa1, fa1; flw fa0, 0(a1)"
  FLOAT_CONSUMERS 156, "flw fa0, 4(a1); fsub.s fa0, fa0, fa1"
  FLOAT_CONSUMERS 160, "flw fa0, 4(a1); fsgnj.s fa0, fa3, fa3"
  FLOAT_CONSUMERS 164, "fdiv.s fa0, fa3, fa2; fmul.s fa0, fa0, fa2"
  FLOAT_CONSUMERS 168, "fmul.s fa0, fa3, fa3; fsqrt.s fa0, fa0"
  FLOAT_CONSUMERS 172, "fdiv.s fa0, fa1, fa2; fadd.s fa0, fa1, fa2"
  // By way of the integer registers.
  FLOAT_CONSUMERS 176, "fcvt.w.s a4, fa3; fcvt.s.w fa0, a4"
  FLOAT_CONSUMERS 180, "lw a4, 0(a1); fmv.w.x fa0, a4"
  FLOAT_CONSUMERS 184, "mul a4, a3, a3; fcvt.s.w fa0, a4; fsqrt.s fa0, fa0"

  INTEGER_CONSUMERS 200, "fmv.x.w a4, fa1; srli a0, a4, 29"
  INTEGER_CONSUMERS 204, "feq.s a0, fa1, fa1"
  INTEGER_CONSUMERS 208, "flt.s a0, fa1, fa2"
  INTEGER_CONSUMERS 212, "fcvt.w.s a0, fa1"
  INTEGER_CONSUMERS 216, "fsub.s ft1, fa3, fa2; fcvt.wu.s a0, ft1"
  INTEGER_CONSUMERS 220, "fdiv.s ft1, fa2, fa2; fcvt.w.s a0, ft1"
  INTEGER_CONSUMERS 224, "fadd.s ft1, fa1, fa2; fclass.s a4, ft1; srli a0, a4, 6"
  INTEGER_CONSUMERS 228, "fcvt.w.s a0, fa3; feq.s a0, fa1, fa1"
  INTEGER_CONSUMERS 232, "feq.s a0, fa1, fa2; fcvt.w.s a0, fa1"

  // A jump to a late result, which has 24 bits: the address of the target has 8 zeros.
  CASE 300
  .irp gap, 0, 1, 2, 3
  la a2, target
  li a4, 0
  fcvt.s.wu fa0, a2
  li a0, 0
  fcvt.wu.s a0, fa0
  GAP \gap
  jalr ra, 0(a0)
  EXPECT a4, 1
  // As the base of a load and of a store of a float.
  li a0, 0
  fcvt.wu.s a0, fa0
  GAP \gap
  flw ft1, -4(a0)
  EXPECT_FLOAT ft1, 0x1234567
  fmv.w.x fa0, a1
  li a0, 0
  fmv.x.w a0, fa0
  GAP \gap
  fsw fa2, 8(a0)
  EXPECT_WORD area + 8, TWO
  .endr

  // f0 is a register like others, x0 is not, and neither is the other.
  CASE 310
  fadd.s f0, fa1, fa2
  add a4, x0, x0
  EXPECT a4, 0
  fadd.s f0, fa1, fa2
  fadd.s ft1, f0, f0
  EXPECT_FLOAT ft1, 0x40c00000
  fmv.w.x f0, a1
  mv a4, x0
  EXPECT a4, 0
  li x0, 5
  fmv.x.w a4, f0
  EXPECT_ADDRESS a4, area
  fcvt.w.s x0, fa3
  fsgnj.s ft1, f0, f0
  EXPECT x0, 0
  fmv.x.w a4, ft1
  EXPECT_ADDRESS a4, area

  // Two results in one cycle apart: the older late one, the younger early one, both needed at once.
  CASE 320
  FLOAT ft1, 0
  FLOAT ft2, 0
  fadd.s ft1, fa1, fa2
  fsgnjn.s ft2, fa1, fa1
  fadd.s ft3, ft1, ft2
  EXPECT_FLOAT ft3, TWO
  fmul.s ft1, fa2, fa2
  flw ft2, 0(a1)
  fmadd.s ft3, ft1, ft2, ft2
  EXPECT_FLOAT ft3, 0x41700000
  fmul.s ft1, fa2, fa2
  fcvt.w.s a4, fa3
  fcvt.s.w ft2, a4
  fdiv.s ft3, ft2, ft1
  EXPECT_FLOAT ft3, 0x3f400000
  // A late result that waits for nobody while an access waits behind it, and before it.
  fadd.s ft1, fa1, fa1
  lw a4, 0(a1)
  lw a5, 4(a1)
  EXPECT_FLOAT ft1, TWO
  lw a4, 0(a1)
  fadd.s ft1, fa1, fa2
  fsw ft1, 8(a1)
  lw a5, 8(a1)
  EXPECT a4, 0x40400000
  EXPECT a5, 0x40400000

  // A chain through everything: each needs the one before.
  CASE 330
  flw ft1, 0(a1)                  // 3
  fadd.s ft1, ft1, fa1            // 4
  fsqrt.s ft1, ft1                // 2
  fmadd.s ft1, ft1, ft1, ft1      // 6
  fdiv.s ft1, ft1, fa3            // 2
  fsgnjn.s ft1, ft1, ft1          // -2
  fcvt.w.s a4, ft1
  neg a4, a4
  fcvt.s.w ft1, a4                // 2
  fmv.x.w a4, ft1
  sw a4, 8(a1)
  flw ft1, 8(a1)
  fmul.s ft1, ft1, ft1            // 4
  fsw ft1, 8(a1)
  EXPECT_WORD area + 8, 0x40800000

  // None behind a branch that is taken.
  CASE 340
  FLOAT fa0, ONE
  beqz zero, 1f
  fadd.s fa0, fa0, fa0
  fdiv.s fa0, fa0, fa0
1:
  EXPECT_FLOAT fa0, ONE
  flt.s a4, fa1, fa2
  bnez a4, 1f
  fsub.s fa0, fa0, fa0
1:
  EXPECT_FLOAT fa0, ONE

  TEST_END

  .balign 256
  .skip 252
  .word 0x1234567
target:
  addi a4, a4, 1
  ret

  .data
  .balign 4
area:
  .word 0x40400000, 0x40800000, 0, 0, 0x00004040, 0

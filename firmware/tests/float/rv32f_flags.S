// SPDX-License-Identifier: MIT OR Apache-2.0
// Flags: they are collected, stay, and are there for the next instruction.
#include "float.h"

  .macro GAP gap
  .rept \gap
  nop
  .endr
  .endm

  // Read at several distances behind what raises them, by fflags and by fcsr.
  .macro RAISES number, flags, operation
  .irp gap, 0, 1, 2, 3
  CASE \number
  fsflags zero
  \operation
  GAP \gap
  csrr a0, fflags
  EXPECT a0, \flags
  fsflags zero
  \operation
  GAP \gap
  csrr a0, fcsr
  EXPECT a0, \flags
  // Read and cleared at once.
  fsflags zero
  \operation
  GAP \gap
  fsflags a0, zero
  EXPECT a0, \flags
  EXPECT_CSR fflags, 0
  .endr
  .endm

  FLOAT_BEGIN
  FLOAT fa1, ONE
  FLOAT fa2, 0x33800000
  FLOAT fa3, ZERO
  FLOAT fa4, LARGEST
  FLOAT fa5, LEAST
  FLOAT fa6, SIGNALLING
  FLOAT fa7, NAN
  FLOAT fs1, MINUS_ONE
  li a1, 16777217
  la a2, area

  RAISES 1, NX, "fadd.s fa0, fa1, fa2"
  RAISES 2, NX, "fsub.s fa0, fa1, fa5"
  RAISES 3, OF | NX, "fmul.s fa0, fa4, fa4"
  RAISES 4, UF | NX, "fmul.s fa0, fa5, fa5"
  RAISES 5, NV, "fmadd.s fa0, fa1, fa1, fa6"
  RAISES 6, DZ, "fdiv.s fa0, fa1, fa3"
  RAISES 7, NV, "fdiv.s fa0, fa3, fa3"
  RAISES 8, NV, "fsqrt.s fa0, fs1"
  RAISES 9, NX, "fcvt.w.s a3, fa2"
  RAISES 10, NV, "fcvt.wu.s a3, fs1"
  RAISES 11, NX, "fcvt.s.w fa0, a1"
  RAISES 12, NV, "fmin.s fa0, fa1, fa6"
  RAISES 13, NV, "flt.s a3, fa1, fa7"
  RAISES 14, NV, "feq.s a3, fa1, fa6"
  RAISES 15, 0, "feq.s a3, fa1, fa7"
  RAISES 16, 0, "fsgnj.s fa0, fa6, fa6"
  RAISES 17, 0, "fclass.s a3, fa6"
  RAISES 18, 0, "fmv.x.w a3, fa6"
  RAISES 19, 0, "fmul.s fa0, fa1, fa4"
  RAISES 20, 0, "fsw fa6, 0(a2)"
  RAISES 21, 0, "flw fa0, 0(a2)"
  // Two in a row, the first of them late, the second early, and the other way.
  RAISES 22, NV | NX, "fadd.s fa0, fa1, fa2; flt.s a3, fa1, fa7"
  RAISES 23, NV | NX, "flt.s a3, fa1, fa7; fadd.s fa0, fa1, fa2"
  RAISES 24, DZ | NX, "fadd.s fa0, fa1, fa2; fdiv.s fa0, fa1, fa3"
  RAISES 25, DZ | OF | NX, "fdiv.s fa0, fa1, fa3; fmul.s fa0, fa4, fa4"
  RAISES 26, NX, "lw a3, 0(a2); fadd.s fa0, fa1, fa2; lw a3, 0(a2)"

  // They stay until they are written.
  CASE 40
  fsflags zero
  fadd.s fa0, fa1, fa2
  EXPECT_CSR fflags, NX
  fadd.s fa0, fa1, fa1
  EXPECT_CSR fflags, NX
  fdiv.s fa0, fa1, fa3
  EXPECT_CSR fflags, DZ | NX
  fmul.s fa0, fa5, fa5
  EXPECT_CSR fflags, DZ | UF | NX
  fmul.s fa0, fa4, fa4
  EXPECT_CSR fflags, DZ | OF | UF | NX
  fsqrt.s fa0, fs1
  EXPECT_CSR fflags, NV | DZ | OF | UF | NX
  csrci fflags, DZ
  EXPECT_CSR fflags, NV | OF | UF | NX
  csrci fcsr, NX
  EXPECT_CSR fcsr, NV | OF | UF
  csrsi fflags, DZ
  EXPECT_CSR fcsr, NV | DZ | OF | UF

  // What is written behind an operation is not lost to it, and what it raises later is kept.
  CASE 41
  fsflagsi DZ
  fadd.s fa0, fa1, fa2
  fsflagsi UF
  fmul.s fa0, fa4, fa4
  EXPECT_CSR fflags, OF | UF | NX

  // The rounding mode has flags of its own beside it.
  CASE 42
  fscsr zero
  fsrmi 3
  fadd.s fa0, fa1, fa2
  EXPECT_CSR fcsr, 3 << 5 | NX
  fsflagsi 0
  EXPECT_CSR fcsr, 3 << 5
  fsrmi 0

  // An instruction that traps raises nothing.
  TRAPS 50
  fadd.s fa0, fa1, fa2
98:
  .word 0xffffffff
  TRAPPED CAUSE_ILLEGAL, 0xffffffff
  EXPECT_FLAGS NX
  TRAPS 51
  .word 0x00c5d553                // fadd.s fa0, fa1, fa2 with the rounding mode 5
  TRAPPED CAUSE_ILLEGAL, 0x00c5d553
  EXPECT_FLAGS 0

  TEST_END

  .bss
  .balign 4
area:
  .skip 4

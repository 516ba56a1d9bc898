// SPDX-License-Identifier: MIT OR Apache-2.0
// A timer interrupt in every cycle of a piece of code with float instructions of all kinds, divisions and
// square roots above all, to a handler that divides floats itself: whenever it comes, the code does what
// it does without.
#include "float.h"

  FLOAT_BEGIN
  li s0, MTIME
  li s1, MTIMECMP
  la a0, handler
  csrw mtvec, a0
  li s8, 0

  // Without an interrupt: the result, the time it takes.
  CASE 1
  lw s2, 0(s0)
  jal ra, piece
  lw s3, 0(s0)
  sub s3, s3, s2
  mv s4, a0
  mv s5, a2
  // 4 + 1/3: see the piece.
  EXPECT a0, 0x408aaaab
  EXPECT a2, 3 << 5 | DZ | NX
  EXPECT s8, 0

  // Interrupts `s2` cycles from now on, up to the end of the piece.
  CASE 2
  li a0, 1 << IRQ_TIMER
  csrw mie, a0
  csrsi mstatus, MSTATUS_MIE
  li s2, 0
1:
  lw a0, 0(s0)
  add a0, a0, s2
  sw a0, 0(s1)
  sw zero, 4(s1)
  jal ra, piece
  bne a0, s4, fail
  bne a2, s5, fail
  li a0, -1
  sw a0, 4(s1)
  addi s2, s2, 1
  bleu s2, s3, 1b
  csrw mie, zero

  // Nearly all of them came in time.
  CASE 3
  srli a0, s3, 1
  bltu s8, a0, fail

  // One that waits already comes before the division, which is then begun anew: the handler sees nothing of
  // it, in registers or flags.
  CASE 4
  csrci mstatus, MSTATUS_MIE
  fscsr zero
  FLOAT fa0, 0x600d
  FLOAT fa1, ONE
  FLOAT fa2, ZERO
  la a0, waiting
  csrw mtvec, a0
  li a0, 1 << IRQ_TIMER
  csrw mie, a0
  sw zero, 0(s1)
  sw zero, 4(s1)
1:
  csrr a0, mip
  beqz a0, 1b
  csrsi mstatus, MSTATUS_MIE
91:
  fdiv.s fa0, fa1, fa2
  EXPECT_FLOAT fa0, INFINITY
  EXPECT_FLAGS DZ
  EXPECT s7, 0x600d
  EXPECT s6, 0
  EXPECT_ADDRESS s5, 91b

  TEST_END

  // Results in a0 and, of fcsr, in a2. Leaves ra, sp, gp, s0 to s6.
  ALIGN
piece:
  la a1, area
  fscsr zero
  fsrmi 3
  li a3, 9
  fcvt.s.w fa0, a3
  fsqrt.s fa0, fa0                // 3
  flw fa1, 0(a1)                  // 1
  fadd.s fa2, fa1, fa1            // 2
  fdiv.s fa3, fa1, fa0, rdn       // 1/3, rounded down
  fsw fa3, 4(a1)
  fmul.s fa2, fa2, fa2            // 4
  fdiv.s ft0, fa1, fa0            // and up
  fsub.s ft0, ft0, fa3            // by one bit of it: 2^-25
  fdiv.s ft0, ft0, ft0            // 1
  fmv.x.w a4, ft0
  fmv.w.x ft0, a4
  fsqrt.s fa2, fa2                // 2
  fmadd.s fa2, fa2, fa2, ft0      // 5
  fsub.s fa2, fa2, ft0            // 4
  fmv.w.x ft1, zero
  fdiv.s ft2, fa1, ft1            // infinity, by zero
  fmin.s fa2, fa2, ft2
  flt.s a4, fa2, ft2
  fcvt.s.w ft3, a4
  fdiv.s fa2, fa2, ft3            // 4 / 1
  flw fa3, 4(a1)
  fadd.s fa2, fa2, fa3            // 4 + 1/3, up
  csrr a2, fcsr
  fmv.x.w a0, fa2
  ret

  // Divides with registers of the piece, which it saves, and fcsr.
  ALIGN
handler:
  csrr t5, mcause
  bgez t5, fail
  addi s8, s8, 1
  fscsr t5, zero
  la t6, saved
  sw t5, 0(t6)
  fsw fa1, 4(t6)
  fsw fa2, 8(t6)
  fsw ft0, 12(t6)
  li t5, 7
  fcvt.s.w fa1, t5
  fmul.s fa2, fa1, fa1
  fdiv.s ft0, fa2, fa1
  fsqrt.s fa2, fa2
  fsub.s ft0, ft0, fa2
  fmv.x.w t5, ft0
  bnez t5, fail
  frcsr t5
  bnez t5, fail
  lw t5, 0(t6)
  flw fa1, 4(t6)
  flw fa2, 8(t6)
  flw ft0, 12(t6)
  fscsr t5
  li t5, -1
  sw t5, 4(s1)
1:
  csrr t5, mip
  bnez t5, 1b
  mret

  ALIGN
waiting:
  fmv.x.w s7, fa0
  frcsr s6
  csrr s5, mepc
  li t5, -1
  sw t5, 4(s1)
1:
  csrr t5, mip
  bnez t5, 1b
  mret

  .data
  .balign 4
area:
  .word ONE, 0
saved:
  .skip 16

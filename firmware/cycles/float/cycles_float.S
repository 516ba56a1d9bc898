// SPDX-License-Identifier: MIT OR Apache-2.0
// Cycles of the instructions of RV32F.
#include "../cycles.h"

  // With floats on, and fa1 = 3, fa2 = 7, ft1 subnormal, ft2 = 0.
  .macro FLOAT_CLASS name, others, setup, code
  CLASS \name, \others, "SET_UP; \setup", "\code"
  .endm
  .macro SET_UP
  li t0, MSTATUS_FS
  csrs mstatus, t0
  li t0, 3
  fcvt.s.w fa1, t0
  li t0, 7
  fcvt.s.w fa2, t0
  fmv.w.x ft1, t0
  fmv.w.x ft2, zero
  la a0, area
  li a1, 5
  .endm

  CYCLES_BEGIN

  FLOAT_CLASS fsgnj, 0, "nop", "fsgnj.s fa1, fa1, fa2"
  FLOAT_CLASS fmin, 0, "nop", "fmin.s fa1, fa1, fa2"
  FLOAT_CLASS feq, 0, "nop", "feq.s a2, fa1, fa2"
  FLOAT_CLASS flt_use, 1, "nop", "flt.s a2, fa1, fa2; add a3, a2, a2"
  FLOAT_CLASS fclass, 0, "nop", "fclass.s a2, fa1"
  FLOAT_CLASS fmv_x_w, 0, "nop", "fmv.x.w a2, fa1"
  FLOAT_CLASS fmv_w_x, 0, "nop", "fmv.w.x fa0, a1"
  FLOAT_CLASS fmv_use, 1, "nop", "fmv.w.x fa0, a1; fmv.x.w a2, fa0"

  FLOAT_CLASS fadd, 0, "nop", "fadd.s fa0, fa1, fa2"
  FLOAT_CLASS fsub, 0, "nop", "fsub.s fa0, fa1, fa2"
  FLOAT_CLASS fmul, 0, "nop", "fmul.s fa0, fa1, fa2"
  FLOAT_CLASS fmadd, 0, "nop", "fmadd.s fa0, fa1, fa2, fa2"
  FLOAT_CLASS fnmsub, 0, "nop", "fnmsub.s fa0, fa1, fa2, fa2"
  FLOAT_CLASS fmul_subnormal, 0, "nop", "fmul.s fa0, fa1, ft1"
  FLOAT_CLASS fcvt_w_s, 0, "nop", "fcvt.w.s a2, fa1"
  FLOAT_CLASS fcvt_s_w, 0, "nop", "fcvt.s.w fa0, a1"
  FLOAT_CLASS fadd_use, 0, "nop", "fadd.s fa0, fa0, fa1"
  FLOAT_CLASS fmadd_use, 0, "nop", "fmadd.s fa0, fa1, fa2, fa0"
  FLOAT_CLASS fadd_use_early, 1, "nop", "fadd.s fa0, fa1, fa2; fsgnj.s fa3, fa0, fa0"
  FLOAT_CLASS fadd_then_use_later, 2, "nop", "fadd.s fa0, fa1, fa2; nop; fsgnj.s fa3, fa0, fa0"
  FLOAT_CLASS fcvt_use, 1, "nop", "fcvt.w.s a2, fa1; add a3, a2, a2"

  // 3 / 7, 7 / 7, by a subnormal, of one, by 0; the roots of 3, of a subnormal, of 0.
  FLOAT_CLASS fdiv, 0, "nop", "fdiv.s fa0, fa1, fa2"
  FLOAT_CLASS fdiv_exact, 0, "nop", "fdiv.s fa0, fa2, fa2"
  FLOAT_CLASS fdiv_by_subnormal, 0, "nop", "fdiv.s fa0, fa1, ft1"
  FLOAT_CLASS fdiv_of_subnormal, 0, "nop", "fdiv.s fa0, ft1, fa1"
  FLOAT_CLASS fdiv_by_0, 0, "nop", "fdiv.s fa0, fa1, ft2"
  FLOAT_CLASS fdiv_use, 1, "nop", "fdiv.s fa0, fa1, fa2; fsgnj.s fa3, fa0, fa0"
  FLOAT_CLASS fsqrt, 0, "nop", "fsqrt.s fa0, fa1"
  FLOAT_CLASS fsqrt_subnormal, 0, "nop", "fsqrt.s fa0, ft1"
  FLOAT_CLASS fsqrt_0, 0, "nop", "fsqrt.s fa0, ft2"

  FLOAT_CLASS flw, 0, "nop", "flw fa0, 0(a0)"
  FLOAT_CLASS flw_compressed, 0, "nop", ".option rvc; c.flw fa0, 0(a0); .option norvc"
  FLOAT_CLASS flw_use, 1, "nop", "flw fa0, 0(a0); fsgnj.s fa3, fa0, fa0"
  FLOAT_CLASS flw_across_words, 0, "nop", "flw fa0, 2(a0)"
  FLOAT_CLASS fsw, 0, "nop", "fsw fa1, 0(a0)"
  FLOAT_CLASS fsw_of_late, 1, "nop", "fadd.s fa0, fa1, fa2; fsw fa0, 0(a0)"

  FLOAT_CLASS csr_fflags, 0, "nop", "csrr a2, fflags"
  FLOAT_CLASS csr_write_frm, 0, "nop", "csrwi frm, 1"
  FLOAT_CLASS csr_mstatus, 0, "nop", "csrr a2, mstatus"
  FLOAT_CLASS csr_mscratch, 0, "nop", "csrr a2, mscratch"

  // A product of a sum: two loads, and their product to it.
  FLOAT_CLASS dot_product, 0, "nop", "flw fa4, 0(a0); flw fa5, 4(a0); addi a2, a0, 8; fmadd.s fa0, fa4, fa5, fa0"

  CYCLES_END

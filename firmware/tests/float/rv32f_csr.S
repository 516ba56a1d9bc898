// SPDX-License-Identifier: MIT OR Apache-2.0
// fcsr, misa, mstatus.FS with its traps and its way to dirty, rounding modes that there are not.
#include "float.h"

#define FS 0x6000
#define SD 0x80000000

  .macro SET_FS value
  li a7, FS
  csrc mstatus, a7
  li a7, \value
  csrs mstatus, a7
  .endm

  // mstatus apart from MPIE, which a trap changes.
  .macro EXPECT_FS value
  csrr a6, mstatus
  andi a6, a6, ~0x80
  EXPECT a6, 0x1800 | \value
  .endm

  .macro ILLEGAL number, insn
  TRAPS \number
  .word \insn
  TRAPPED CAUSE_ILLEGAL, \insn
  .endm

  TEST_BEGIN

  // After reset, floats are off.
  CASE 1
  EXPECT_CSR misa, 0x40801124
  EXPECT_FS 0
  SET_FS FS_INITIAL
  EXPECT_CSR fcsr, 0
  EXPECT_FLOAT ft0, 0
  EXPECT_FLOAT ft11, 0
  EXPECT_FS FS_INITIAL

  // All of fcsr that there is, by three names.
  CASE 2
  li a0, -1
  fscsr a1, a0
  EXPECT a1, 0
  EXPECT_CSR fcsr, 0xff
  EXPECT_CSR frm, 7
  EXPECT_CSR fflags, 0x1f
  fsflagsi a1, 0x0a
  EXPECT a1, 0x1f
  EXPECT_CSR fcsr, 0xea
  fsrmi a1, 2
  EXPECT a1, 7
  EXPECT_CSR fcsr, 0x4a
  fsflags a0
  EXPECT_CSR fcsr, 0x5f
  fsrm a0
  EXPECT_CSR fcsr, 0xff
  csrci fcsr, 0x1f
  EXPECT_CSR fcsr, 0xe0
  csrci frm, 5
  EXPECT_CSR fcsr, 0x40
  csrsi fflags, 5
  EXPECT_CSR fcsr, 0x45
  fscsr zero

  // FS holds what is written; SD says that it is 3.
  CASE 3
  SET_FS FS_INITIAL
  EXPECT_FS FS_INITIAL
  SET_FS FS_CLEAN
  EXPECT_FS FS_CLEAN
  SET_FS FS
  EXPECT_FS FS | SD
  SET_FS 0
  EXPECT_FS 0
  li a0, SD
  csrs mstatus, a0
  EXPECT_FS 0

  // Off: every instruction and every CSR traps, whatever the rounding mode, and changes nothing.
  SET_FS FS
  FLOAT fa0, 0x600d
  SET_FS 0
  la a1, area
  ILLEGAL 10, 0x0005a507          // flw fa0, 0(a1)
  ILLEGAL 11, 0x00a5a027          // fsw fa0, 0(a1)
  ILLEGAL 12, 0x00b57553          // fadd.s fa0, fa0, fa1
  ILLEGAL 13, 0x08b57553          // fsub.s
  ILLEGAL 14, 0x10b57553          // fmul.s
  ILLEGAL 15, 0x18b57553          // fdiv.s
  ILLEGAL 16, 0x58057553          // fsqrt.s
  ILLEGAL 17, 0x20b50553          // fsgnj.s
  ILLEGAL 18, 0x28b50553          // fmin.s
  ILLEGAL 19, 0xa0b52553          // feq.s a0, fa0, fa1
  ILLEGAL 20, 0xc0057553          // fcvt.w.s a0, fa0
  ILLEGAL 21, 0xd0057553          // fcvt.s.w fa0, a0
  ILLEGAL 22, 0xe0050553          // fmv.x.w a0, fa0
  ILLEGAL 23, 0xe0051553          // fclass.s a0, fa0
  ILLEGAL 24, 0xf0050553          // fmv.w.x fa0, a0
  ILLEGAL 25, 0x60b57543          // fmadd.s fa0, fa0, fa1, fa2
  ILLEGAL 26, 0x60b57547
  ILLEGAL 27, 0x60b5754b
  ILLEGAL 28, 0x60b5754f
  ILLEGAL 29, 0x00102573          // csrr a0, fflags, frm, fcsr
  ILLEGAL 30, 0x00202573
  ILLEGAL 31, 0x00302573
  ILLEGAL 32, 0x00101073          // csrw fflags, zero
  ILLEGAL 33, 0x00b5d553          // a rounding mode that there is not
  .macro ILLEGAL_HALF number, insn
  TRAPS \number
  .half \insn
  TRAPPED CAUSE_ILLEGAL, \insn
  .endm
  ILLEGAL_HALF 34, 0x6188         // c.flw fa0, 0(a1)
  ILLEGAL_HALF 35, 0xe188         // c.fsw
  ILLEGAL_HALF 36, 0x6502         // c.flwsp fa0, 0(sp)
  ILLEGAL_HALF 37, 0xe02a         // c.fswsp
  CASE 38
  EXPECT_FS 0
  EXPECT_WORD area, 0x5afe
  SET_FS FS_CLEAN
  EXPECT_FLOAT fa0, 0x600d
  EXPECT_CSR fcsr, 0

  // The instruction that turns floats off, and the one behind it.
  CASE 40
  FLOAT fa1, ONE
  la tp, 1f
  li a7, FS
  fadd.s fa2, fa1, fa1
  csrc mstatus, a7
91:
  fadd.s fa0, fa1, fa1
  j fail
1:
  EXPECT s9, CAUSE_ILLEGAL
  EXPECT_ADDRESS s10, 91b
  csrs mstatus, a7
  fadd.s fa3, fa1, fa1
  EXPECT_FLOAT fa0, 0x600d
  EXPECT_FLOAT fa2, TWO
  EXPECT_FLOAT fa3, TWO

  // What makes floats dirty: a register that is written, a flag, fcsr. What does not: all else.
  .macro DIRTIES number, operation:vararg
  CASE \number
  fsflags zero
  SET_FS FS_INITIAL
  \operation
  EXPECT_FS FS | SD
  fsflags zero
  SET_FS FS_CLEAN
  \operation
  nop
  nop
  EXPECT_FS FS | SD
  .endm
  .macro KEEPS number, operation:vararg
  CASE \number
  SET_FS FS_INITIAL
  \operation
  EXPECT_FS FS_INITIAL
  SET_FS FS_CLEAN
  \operation
  nop
  nop
  EXPECT_FS FS_CLEAN
  .endm
  FLOAT fa1, ONE
  FLOAT fa2, 0x33800000
  FLOAT fa3, NAN
  FLOAT fa4, SIGNALLING
  la a1, area
  li a2, 3
  DIRTIES 50, flw ft0, 0(a1)
  DIRTIES 51, fadd.s ft0, fa1, fa1
  DIRTIES 52, fdiv.s ft0, fa1, fa1
  DIRTIES 53, fsgnj.s ft0, fa1, fa1
  DIRTIES 54, fmv.w.x ft0, zero
  DIRTIES 55, fcvt.s.w ft0, a2
  DIRTIES 56, fcvt.w.s a3, fa2
  DIRTIES 57, flt.s a3, fa1, fa3
  DIRTIES 58, feq.s zero, fa1, fa4
  DIRTIES 59, fsflagsi 0
  DIRTIES 60, fsrmi 0
  DIRTIES 61, fscsr zero
  DIRTIES 62, csrsi fflags, 1
  DIRTIES 63, csrs fcsr, a2
  DIRTIES 64, .word 0x0005a007    // flw f0, 0(a1)
  fscsr zero
  KEEPS 70, fsw fa1, 4(a1)
  KEEPS 71, fmv.x.w a3, fa1
  KEEPS 72, fclass.s a3, fa4
  KEEPS 73, feq.s a3, fa1, fa3
  KEEPS 74, fcvt.w.s a3, fa1
  KEEPS 75, flt.s a3, fa1, fa2
  KEEPS 76, frcsr a3
  KEEPS 77, frflags a3
  KEEPS 78, csrci fcsr, 0
  KEEPS 79, csrs frm, zero
  KEEPS 80, lw a3, 0(a1)
  // A flag that is up already is raised again.
  CASE 81
  fsflagsi NX
  SET_FS FS_CLEAN
  fcvt.w.s a3, fa2
  EXPECT_FS FS | SD
  fscsr zero

  // Rounding modes that there are not, in the instruction and in frm, wherever one is used.
  .macro NO_ROUNDING number, insn
  .irp mode, 5, 6
  ILLEGAL \number, (\insn | \mode << 12)
  .endr
  .irp mode, 5, 6, 7
  fsrmi \mode
  ILLEGAL \number, (\insn | 7 << 12)
  .endr
  // The mode of the instruction goes before that of frm.
  CASE \number
  .word \insn
  fsrmi 0
  .endm
  SET_FS FS
  FLOAT fa0, ONE
  li a0, 1
  NO_ROUNDING 90, 0x00b50553      // fadd.s fa0, fa0, fa1
  NO_ROUNDING 91, 0x08b50553
  NO_ROUNDING 92, 0x10b50553
  NO_ROUNDING 93, 0x18b50553
  NO_ROUNDING 94, 0x58050553
  NO_ROUNDING 95, 0xc0050553      // fcvt.w.s a0, fa0
  NO_ROUNDING 96, 0xc0150553
  NO_ROUNDING 97, 0xd0050553
  NO_ROUNDING 98, 0xd0150553
  NO_ROUNDING 99, 0x60b50543      // fmadd.s fa0, fa0, fa1, fa2
  NO_ROUNDING 100, 0x60b50547
  NO_ROUNDING 101, 0x60b5054b
  NO_ROUNDING 102, 0x60b5054f
  // What does not round has none.
  CASE 103
  fsrmi 7
  FLOAT fa0, TWO
  fsgnjn.s fa0, fa0, fa0
  fmin.s fa0, fa0, fa1
  fmv.x.w a0, fa0
  EXPECT a0, 0xc0000000
  feq.s a0, fa0, fa0
  EXPECT a0, 1
  fsw fa0, 0(a1)
  flw fa2, 0(a1)
  EXPECT_FLOAT fa2, 0xc0000000
  fsrmi 0
  // frm is set behind operations that still have the old one, and before those that have the new one.
  CASE 104
  FLOAT fa1, ONE
  FLOAT fa2, 0x33000000
  fsrmi 3
  fadd.s fa3, fa1, fa2
  fsrmi 7
  la tp, 1f
92:
  fadd.s fa3, fa1, fa1
  j fail
1:
  EXPECT_ADDRESS s10, 92b
  EXPECT_FLOAT fa3, 0x3f800001
  fscsr zero

  // No operations: another format, another funct, registers that are part of the encoding.
  .irp insn, 0x02b57553, 0x04b57553, 0x06b57553, 0x62b57543, 0x64b5754f
  ILLEGAL 110, \insn
  .endr
  .irp funct3, 3, 4, 5, 6, 7
  ILLEGAL 111, (0x20b50553 | \funct3 << 12)      // fsgnj
  ILLEGAL 112, (0xa0b50553 | \funct3 << 12)      // compare
  .endr
  .irp funct3, 2, 3, 4, 5, 6, 7
  ILLEGAL 113, (0x28b50553 | \funct3 << 12)      // fmin, fmax
  ILLEGAL 114, (0xe0050553 | \funct3 << 12)      // fmv.x.w, fclass
  ILLEGAL 115, (0xf0050553 | (\funct3 - 1) << 12) // fmv.w.x
  .endr
  .irp rs2, 1, 2, 16
  ILLEGAL 116, (0x58057553 | \rs2 << 20)         // fsqrt
  ILLEGAL 117, (0xe0050553 | \rs2 << 20)
  ILLEGAL 118, (0xf0050553 | \rs2 << 20)
  .endr
  .irp rs2, 2, 3, 16
  ILLEGAL 119, (0xc0057553 | \rs2 << 20)         // fcvt.l.s, …
  ILLEGAL 120, (0xd0057553 | \rs2 << 20)
  .endr
  .irp funct7, 0x30, 0x38, 0x40, 0x48, 0x54, 0x78, 0x7c, 0x64, 0x6c
  ILLEGAL 121, (0x00b50553 | \funct7 << 25 & 0xffffffff)
  .endr
  .irp funct3, 0, 1, 3, 4, 5, 6, 7
  ILLEGAL 122, (0x00058507 | \funct3 << 12)      // flw
  ILLEGAL 123, (0x00a58027 | \funct3 << 12)
  .endr
  CASE 124
  EXPECT_FLAGS 0

  // A trap, and the return from it, leave FS and fcsr alone.
  TRAPS 130
  fsflagsi OF
  SET_FS FS_CLEAN
98:
  ecall
  TRAPPED CAUSE_ECALL_M, 0
  EXPECT_FS FS_CLEAN
  EXPECT_CSR fcsr, OF

  TEST_END

  .data
  .balign 4
area:
  .word 0x5afe, 0

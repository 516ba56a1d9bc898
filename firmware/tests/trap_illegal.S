// SPDX-License-Identifier: MIT OR Apache-2.0
// Every kind of encoding that is none: illegal instruction, mtval its bits, no register written.
#include "test.h"

  .set number, 0

  // A word each; the case is the position in this file, 1, 2, ….
  .macro ILLEGAL words:vararg
  .irp insn, \words
  .set number, number + 1
  TRAPS number
  .word \insn
  TRAPPED CAUSE_ILLEGAL, \insn
  .endr
  .endm

  // The same for halfwords. What follows is a legal instruction.
  .macro ILLEGAL_HALF halves:vararg
  .irp insn, \halves
  .set number, number + 1
  TRAPS number
  .half \insn
  TRAPPED CAUSE_ILLEGAL, \insn
  .endr
  .endm

  // CSRs that do not exist: csrr a0, csr.
  .macro NO_CSR csrs:vararg
  .irp csr, \csrs
  ILLEGAL (\csr << 20 | 0x2573)
  .endr
  .endm

  TEST_BEGIN
  li a0, 0x600d
  // A legal address, so that nothing but the encoding can be wrong with a load or a store.
  la a1, word

  // 1: no opcode: the four customs, atomics, floating point, vectors, RV64, reserved, longer ones.
  ILLEGAL 0xffffffff, 0x0000050b, 0x0000052b, 0x0000055b, 0x0000057b, 0x1005a52f, 0x00c5a52f
  ILLEGAL 0x0005a507, 0x00a5a027, 0x00b57543, 0x00b57547, 0x00b5754b, 0x00b5754f, 0x00b57553, 0x00b50557
  ILLEGAL 0x0005051b, 0x00b5053b, 0x0000056b, 0x0000051f, 0x0000053f, 0x0000055f, 0x0000057f
  // 23: no funct3 of loads (3, 6, 7), stores (3 to 7), branches (2, 3), jalr (1 to 7).
  ILLEGAL 0x0005b503, 0x0005e503, 0x0005f503
  ILLEGAL 0x00a5b023, 0x00a5c023, 0x00a5d023, 0x00a5e023, 0x00a5f023
  ILLEGAL 0x00b52463, 0x00b53463
  ILLEGAL 0x00059567, 0x0005a567, 0x0005b567, 0x0005c567, 0x0005d567, 0x0005e567, 0x0005f567
  // 40: no funct7 of shifts by an immediate. Bit 25 is a sixth bit of the amount.
  .irp funct7, 1, 2, 4, 8, 16, 32, 64, 33, 48, 96
  ILLEGAL (0x00051513 | \funct7 << 25)
  .endr
  .irp funct7, 1, 2, 4, 8, 16, 64, 33, 48, 96
  ILLEGAL (0x00055513 | \funct7 << 25)
  .endr
  // 59: no funct7 of operations: neither 0 nor 1, and 0x20 of all but sub and sra.
  .irp funct3, 0, 1, 2, 3, 4, 5, 6, 7
  .irp funct7, 2, 4, 5, 8, 16, 33, 48, 64, 96
  ILLEGAL (0x00b50533 | \funct7 << 25 | \funct3 << 12)
  .endr
  .endr
  ILLEGAL 0x40b51533, 0x40b52533, 0x40b53533, 0x40b54533, 0x40b56533, 0x40b57533
  // 137: no MISC-MEM: funct3 2 (cache blocks) to 7.
  ILLEGAL 0x0005a00f, 0x0000b00f, 0x0000c00f, 0x0000d00f, 0x0000e00f, 0x0000f00f
  // 143: no SYSTEM: uret, sret, sfence.vma, dret, wrs.nto, funct3 4 of nothing and of mscratch.
  ILLEGAL 0x00200073, 0x10200073, 0x12000073, 0x7b200073, 0x00d00073, 0x00004073, 0x34054573
  // 150: ecall, ebreak, mret and wfi with a register.
  ILLEGAL 0x00000573, 0x00050073, 0x00100573, 0x00150073, 0x30200573, 0x30250073, 0x10500573, 0x10550073
  // 158: no CSR.
  NO_CSR 0x000, 0x001, 0x002, 0x003, 0x100, 0x141, 0x180, 0x302, 0x303, 0x306, 0x30a, 0x312, 0x31a
  NO_CSR 0x321, 0x322, 0x345, 0x34a, 0x34b, 0x3a0, 0x3b0, 0x780, 0x7a0, 0x7a1, 0x7b0, 0x7b1, 0x800
  NO_CSR 0xb01, 0xb20, 0xb81, 0xba0, 0xc01, 0xc03, 0xc1f, 0xc81, 0xc83, 0xda0, 0xf10, 0xf16, 0xfff
  // 197: writes to one, without reading: csrw csr, a0; csrwi csr, 0.
  ILLEGAL 0x30651073, 0x30605073, 0x34551073, 0xc0151073
  // 201: writes to a read-only one that exists: cycle, instret(h), mvendorid to mconfigptr.
  ILLEGAL 0xc0051073, 0xc0251073, 0xc8251073, 0xf1151073, 0xf1251073, 0xf1351073, 0xf1551073

  // 208: no compressed instruction: 0; c.addi4spn by 0; floating point; a hole in quadrant 0.
  ILLEGAL_HALF 0x0000, 0x0004, 0x0008, 0x001c, 0x2188, 0x6188, 0x8188, 0xa188, 0xe188
  // 217: c.addi16sp by 0, c.lui of 0, c.lui of 0 to x0.
  ILLEGAL_HALF 0x6101, 0x6501, 0x6001
  // 220: c.srli, c.srai and c.slli by 32 and more; RV64's c.subw and c.addw; two holes beside them.
  ILLEGAL_HALF 0x9101, 0x917d, 0x9501, 0x1502, 0x157e, 0x1002, 0x9d0d, 0x9d2d, 0x9d4d, 0x9d6d
  // 230: c.lwsp to x0, c.jr x0; floating point.
  ILLEGAL_HALF 0x4002, 0x5002, 0x8002, 0x2502, 0x6502, 0xa02a, 0xe02a
  EXPECT a0, 0x600d

  // Nothing was stored.
  CASE 900
  EXPECT_WORD word, 0x1234

  // Across two words: mtval has all 32 bits.
  CASE 901
  la tp, 2f
  ALIGN
  .option push
  .option rvc
  c.nop
  .option pop
1:
  .word 0xfedcb57b
  j fail
2:
  EXPECT s9, CAUSE_ILLEGAL
  EXPECT_ADDRESS s10, 1b
  EXPECT s11, 0xfedcb57b

  // None that is jumped over, and none behind a branch that is taken.
  CASE 902
  li a2, 0
  j 1f
  .word 0xffffffff
1:
  beqz a2, 1f
  .word 0xffffffff
1:
  la a3, 1f
  jr a3
  .half 0, 0
1:
  EXPECT a2, 0

  TEST_END

  .data
  .balign 4
word:
  .word 0x1234

// SPDX-License-Identifier: MIT OR Apache-2.0
// The software interrupt: enables, the instruction it comes before, what the handler finds.
#include "test.h"

  .macro RAISE
  li t5, MSIP
  li t6, 1
  sw t6, 0(t5)
1001:
  csrr t6, mip
  andi t6, t6, 1 << IRQ_SOFTWARE
  beqz t6, 1001b
  .endm

  .macro TAKEN_AT label
  EXPECT s9, CAUSE_INTERRUPT | IRQ_SOFTWARE
  EXPECT_ADDRESS s10, \label
  EXPECT s11, 0
  .endm

  TEST_BEGIN
  la a0, handler
  csrw mtvec, a0
  li s8, 0

  // Pending but not enabled: in mie, in mstatus, in both.
  CASE 1
  RAISE
  EXPECT_CSR mip, 1 << IRQ_SOFTWARE
  csrsi mstatus, MSTATUS_MIE
  nop
  csrci mstatus, MSTATUS_MIE
  csrsi mie, 1 << IRQ_SOFTWARE
  nop
  li a0, 0x880
  csrw mie, a0
  csrsi mstatus, MSTATUS_MIE
  nop
  csrci mstatus, MSTATUS_MIE
  EXPECT s8, 0
  // mip does not take writes.
  csrw mip, zero
  EXPECT_CSR mip, 1 << IRQ_SOFTWARE
  li a0, 1 << IRQ_TIMER | 1 << IRQ_EXTERNAL
  csrs mip, a0
  EXPECT_CSR mip, 1 << IRQ_SOFTWARE

  // Taken before the instruction behind the one that enables it: in mstatus, in mie, by mret.
  CASE 2
  csrwi mie, 1 << IRQ_SOFTWARE
  csrsi mstatus, MSTATUS_MIE
2:
  addi s8, s8, 0x100
  EXPECT s8, 0x101
  TAKEN_AT 2b
  // mstatus as the handler found it, and as mret left it.
  EXPECT s7, 0x1880
  EXPECT_CSR mstatus, 0x1888
  EXPECT_CSR mcause, CAUSE_INTERRUPT | IRQ_SOFTWARE
  CASE 3
  csrw mie, zero
  RAISE
  csrwi mie, 1 << IRQ_SOFTWARE
2:
  addi s8, s8, 0x100
  EXPECT s8, 0x202
  TAKEN_AT 2b
  CASE 4
  csrci mstatus, MSTATUS_MIE
  RAISE
  li a0, MSTATUS_MPIE
  csrs mstatus, a0
  la a0, 2f
  csrw mepc, a0
  mret
  j fail
2:
  addi s8, s8, 0x100
  EXPECT s8, 0x303
  TAKEN_AT 2b

  // Before each kind of instruction: it is executed once, after the handler.
  .macro BEFORE number, instructions
  CASE \number
  csrci mstatus, MSTATUS_MIE
  RAISE
  la a1, area
  la a2, 3f
  li a0, 40
  csrw mscratch, zero
  li s8, 0
  csrsi mstatus, MSTATUS_MIE
2:
  \instructions
3:
  EXPECT s8, 1
  TAKEN_AT 2b
  .endm
  BEFORE 10, "addi a0, a0, 2"
  EXPECT a0, 42
  BEFORE 11, "lw a0, 0(a1)"
  EXPECT a0, 0x1000
  BEFORE 12, "sw a0, 4(a1)"
  EXPECT_WORD area + 4, 40
  BEFORE 13, "sw a0, 5(a1)"
  EXPECT_WORD area + 4, 40 << 8 | 40
  BEFORE 14, "mulh a0, a1, a1"
  BEFORE 15, "divu a0, a0, a0"
  EXPECT a0, 1
  BEFORE 16, "csrrs a3, mscratch, a0"
  EXPECT a3, 0
  EXPECT_CSR mscratch, 40
  BEFORE 17, "jal a0, 3f; j fail"
  EXPECT_ADDRESS a0, 2b + 4
  BEFORE 18, "jalr a0, 0(a2); j fail"
  EXPECT_ADDRESS a0, 2b + 4
  BEFORE 19, "beq a0, a0, 3f; j fail"
  BEFORE 20, "bne a0, a0, 3f; addi a0, a0, 1"
  EXPECT a0, 41
  BEFORE 21, "fence.i"
  BEFORE 22, ".option rvc; c.addi a0, 3; .option norvc"
  EXPECT a0, 43

  // Before an instruction that traps: the interrupt first, then, after mret, the exception.
  CASE 30
  csrci mstatus, MSTATUS_MIE
  RAISE
  li s8, 0
  csrsi mstatus, MSTATUS_MIE
2:
  ecall
3:
  EXPECT s8, 2
  EXPECT s9, CAUSE_ECALL_M
  EXPECT_ADDRESS s10, 2b

  // Raised by the program itself while enabled: within a bounded number of instructions, and once.
  CASE 40
  li s8, 0
  li a0, MSIP
  li a1, 1
  li a2, 1000
2:
  sw a1, 0(a0)
1:
  addi a2, a2, -1
  beqz a2, fail
  beqz s8, 1b
3:
  EXPECT s9, CAUSE_INTERRUPT | IRQ_SOFTWARE
  la a3, 2b + 4
  bltu s10, a3, fail
  la a3, 3b
  bgtu s10, a3, fail
  .rept 20
  nop
  .endr
  EXPECT s8, 1

  TEST_END

  // Counts in s8; withdraws an interrupt, steps over an ecall.
  ALIGN
handler:
  addi s8, s8, 1
  csrr s7, mstatus
  csrr s9, mcause
  csrr s10, mepc
  csrr s11, mtval
  bgez s9, 2f
  li t5, MSIP
  sw zero, 0(t5)
1:
  csrr t6, mip
  bnez t6, 1b
  mret
2:
  addi t5, s10, 4
  csrw mepc, t5
  mret

  .data
  .balign 4
area:
  .word 0x1000, 0, 0

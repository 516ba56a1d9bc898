// SPDX-License-Identifier: MIT OR Apache-2.0
// wfi ends when an enabled interrupt is pending, whether mstatus lets it be taken or not.
#include "test.h"
  TEST_BEGIN
  li s0, MSIP
  li s1, MTIMECMP
  li s2, MTIME
  la a0, handler
  csrw mtvec, a0
  li s8, 0

  // mstatus.MIE = 0: goes on behind it, without a trap.
  CASE 1
  li a0, 1
  sw a0, 0(s0)
1:
  csrr a0, mip
  beqz a0, 1b
  csrwi mie, 1 << IRQ_SOFTWARE
  wfi
  EXPECT s8, 0
  sw zero, 0(s0)
1:
  csrr a0, mip
  bnez a0, 1b

  // It waits for the timer.
  CASE 2
  li a0, 1 << IRQ_TIMER
  csrw mie, a0
  lw a0, 0(s2)
  addi a0, a0, 700
  sw a0, 0(s1)
  sw zero, 4(s1)
  wfi
  lw a1, 0(s2)
  bltu a1, a0, fail
  EXPECT s8, 0
  EXPECT_CSR mip, 1 << IRQ_TIMER

  // A pending interrupt that is not enabled does not end it: the timer does.
  CASE 3
  li a0, -1
  sw a0, 4(s1)
  li a0, 1
  sw a0, 0(s0)
  lw a0, 0(s2)
  addi a0, a0, 700
  sw a0, 0(s1)
  sw zero, 4(s1)
  wfi
  lw a1, 0(s2)
  bltu a1, a0, fail
  EXPECT s8, 0
  EXPECT_CSR mip, 1 << IRQ_TIMER | 1 << IRQ_SOFTWARE
  sw zero, 0(s0)

  // MIE = 1: the interrupt is taken, and mret goes on behind the wfi or at it.
  CASE 4
  li a0, -1
  sw a0, 4(s1)
1:
  csrr a0, mip
  bnez a0, 1b
  csrsi mstatus, MSTATUS_MIE
  lw a0, 0(s2)
  addi a0, a0, 700
  sw a0, 0(s1)
  sw zero, 4(s1)
  // Should mret go back to the wfi, what the handler has raised ends it.
  wfi
2:
  nop
  nop
  EXPECT s8, 1
  EXPECT s9, CAUSE_INTERRUPT | IRQ_TIMER
  bltu s7, a0, fail
  la a1, 2b - 4
  bltu s10, a1, fail
  la a1, 2b
  bgtu s10, a1, fail
  csrci mstatus, MSTATUS_MIE

  // wfi with an interrupt already pending and enabled: it is taken before.
  CASE 5
  csrwi mie, 1 << IRQ_SOFTWARE
  li s8, 0
  li a0, 1
  sw a0, 0(s0)
1:
  csrr a0, mip
  beqz a0, 1b
  csrsi mstatus, MSTATUS_MIE
2:
  wfi
  EXPECT s8, 1
  EXPECT s9, CAUSE_INTERRUPT | IRQ_SOFTWARE
  EXPECT_ADDRESS s10, 2b

  TEST_END

  // Withdraws the timer's interrupt if it is one, and leaves a software interrupt pending, not
  // enabled to be taken: mret goes back with MIE 0.
  ALIGN
handler:
  addi s8, s8, 1
  csrr s9, mcause
  csrr s10, mepc
  lw s7, 0(s2)
  li t5, -1
  sw t5, 4(s1)
  csrwi mie, 1 << IRQ_SOFTWARE
  li t5, 1
  sw t5, 0(s0)
1:
  csrr t5, mip
  andi t5, t5, 1 << IRQ_SOFTWARE
  beqz t5, 1b
  li t5, MSTATUS_MPIE
  csrc mstatus, t5
  mret

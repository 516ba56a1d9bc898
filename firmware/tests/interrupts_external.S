// SPDX-License-Identifier: MIT OR Apache-2.0
// The external interrupt, raised and withdrawn by its register.
#include "test.h"
  TEST_BEGIN
  li s0, EXTERNAL_IRQ
  la a0, handler
  csrw mtvec, a0
  li s8, 0

  CASE 1
  lw a0, 0(s0)
  EXPECT a0, 0
  // Bit 0 alone counts.
  li a0, 0xfffffffe
  sw a0, 0(s0)
  lw a0, 0(s0)
  EXPECT a0, 0
  li a0, -1
  sw a0, 0(s0)
  lw a0, 0(s0)
  EXPECT a0, 1
  li a1, 1000
1:
  addi a1, a1, -1
  beqz a1, fail
  csrr a0, mip
  beqz a0, 1b
  EXPECT a0, 1 << IRQ_EXTERNAL

  CASE 2
  li a0, 1 << IRQ_EXTERNAL
  csrw mie, a0
  EXPECT s8, 0
  csrsi mstatus, MSTATUS_MIE
1:
  nop
  EXPECT s8, 1
  EXPECT s9, CAUSE_INTERRUPT | IRQ_EXTERNAL
  EXPECT_ADDRESS s10, 1b
  EXPECT s11, 0
  lw a0, 0(s0)
  EXPECT a0, 0

  // Not withdrawn, it comes again behind mret, before any instruction.
  CASE 3
  li s8, 0
  li s6, 5
  li a0, 1
  li a1, 1000
  sw a0, 0(s0)
1:
  addi a1, a1, -1
  beqz a1, fail
  beqz s8, 1b
  EXPECT s8, 6

  TEST_END

  // Counts in s8; withdraws the interrupt when s6 is down to 0.
  ALIGN
handler:
  addi s8, s8, 1
  csrr s9, mcause
  csrr s10, mepc
  csrr s11, mtval
  bnez s6, 2f
  sw zero, 0(s0)
1:
  csrr t6, mip
  bnez t6, 1b
  mret
2:
  addi s6, s6, -1
  mret

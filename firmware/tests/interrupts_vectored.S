// SPDX-License-Identifier: MIT OR Apache-2.0
// Vectored mode: each interrupt has an entry of its own, exceptions have the first.
#include "test.h"

  .macro AWAIT_MIP value
  li t5, 1000
1001:
  addi t5, t5, -1
  beqz t5, fail
  csrr t6, mip
  addi t6, t6, -(\value)
  bnez t6, 1001b
  .endm

  .macro EXPECT_ENTRY number
  EXPECT s8, \number
  .endm

  TEST_BEGIN
  li s0, MSIP
  li s1, MTIMECMP
  li s2, EXTERNAL_IRQ
  la a0, table + 1
  csrw mtvec, a0
  li a0, 1 << IRQ_SOFTWARE | 1 << IRQ_TIMER
  csrw mie, a0
  li a0, 1 << IRQ_EXTERNAL
  csrs mie, a0

  CASE 1
  li s8, -1
  li a0, 1
  sw a0, 0(s0)
  AWAIT_MIP 1 << IRQ_SOFTWARE
  csrsi mstatus, MSTATUS_MIE
1:
  nop
  EXPECT_ENTRY 3
  EXPECT s9, CAUSE_INTERRUPT | IRQ_SOFTWARE
  EXPECT_ADDRESS s10, 1b
  csrci mstatus, MSTATUS_MIE

  CASE 2
  li s8, -1
  sw zero, 0(s1)
  sw zero, 4(s1)
  AWAIT_MIP 1 << IRQ_TIMER
  csrsi mstatus, MSTATUS_MIE
1:
  nop
  EXPECT_ENTRY 7
  EXPECT s9, CAUSE_INTERRUPT | IRQ_TIMER
  EXPECT_ADDRESS s10, 1b
  csrci mstatus, MSTATUS_MIE

  CASE 3
  li s8, -1
  sw a0, 0(s2)
  li a0, 1
  sw a0, 0(s2)
  AWAIT_MIP 1 << IRQ_EXTERNAL
  csrsi mstatus, MSTATUS_MIE
1:
  nop
  EXPECT_ENTRY 11
  EXPECT s9, CAUSE_INTERRUPT | IRQ_EXTERNAL
  EXPECT_ADDRESS s10, 1b
  csrci mstatus, MSTATUS_MIE

  // Exceptions: the first entry.
  CASE 4
  li s8, -1
  ecall
  EXPECT_ENTRY 0
  EXPECT s9, CAUSE_ECALL_M
  li s8, -1
  .word 0xffffffff
  EXPECT_ENTRY 0
  EXPECT s9, CAUSE_ILLEGAL
  li s8, -1
  li a0, 0x40000000
  lw a0, 0(a0)
  EXPECT_ENTRY 0
  EXPECT s9, CAUSE_LOAD_ACCESS

  // Back to direct mode: interrupts to the first entry too.
  CASE 5
  la a0, table
  csrw mtvec, a0
  li s8, -1
  li a0, 1
  sw a0, 0(s0)
  AWAIT_MIP 1 << IRQ_SOFTWARE
  csrsi mstatus, MSTATUS_MIE
  nop
  EXPECT_ENTRY 0
  EXPECT s9, CAUSE_INTERRUPT | IRQ_SOFTWARE
  csrci mstatus, MSTATUS_MIE

  TEST_END

  // Sixteen entries; each jumps to a stub that tells its number.
  ALIGN
table:
  .set entry, 0
  .rept 16
  j stubs + 8 * entry
  .set entry, entry + 1
  .endr
stubs:
  .set entry, 0
  .rept 16
  li s8, entry
  j entered
  .set entry, entry + 1
  .endr

  // Withdraws all interrupts; steps over an exception.
entered:
  csrr s9, mcause
  csrr s10, mepc
  bltz s9, 1f
  addi t5, s10, 4
  csrw mepc, t5
  mret
1:
  sw zero, 0(s0)
  li t5, -1
  sw t5, 4(s1)
  sw zero, 0(s2)
2:
  csrr t6, mip
  bnez t6, 2b
  mret

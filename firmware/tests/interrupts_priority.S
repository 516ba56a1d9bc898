// SPDX-License-Identifier: MIT OR Apache-2.0
// Several interrupts at once: external before software before timer; nested ones; masks.
#include "test.h"

#define ALL (1 << IRQ_SOFTWARE | 1 << IRQ_TIMER | 1 << IRQ_EXTERNAL)

  // Raises all three and waits for them.
  .macro RAISE
  li t6, 1
  sw t6, 0(s0)
  sw zero, 0(s1)
  sw zero, 4(s1)
  sw t6, 0(s2)
  AWAIT_MIP ALL
  .endm
  .macro AWAIT_MIP value
  li t5, 1000
1001:
  addi t5, t5, -1
  beqz t5, fail
  csrr t6, mip
  addi t6, t6, -(\value & 0x7ff)
  li s3, \value & ~0x7ff
  bne t6, s3, 1001b
  .endm

  TEST_BEGIN
  li s0, MSIP
  li s1, MTIMECMP
  li s2, EXTERNAL_IRQ
  la a0, handler
  csrw mtvec, a0

  // s8 gathers the causes, four bits each, in the order in which they were taken.
  CASE 1
  li a0, ALL
  csrw mie, a0
  RAISE
  li s8, 0
  csrsi mstatus, MSTATUS_MIE
1:
  nop
  EXPECT s8, 0xb37
  EXPECT_ADDRESS s10, 1b
  csrci mstatus, MSTATUS_MIE

  // Two of the three.
  CASE 2
  li a0, 1 << IRQ_SOFTWARE | 1 << IRQ_TIMER
  csrw mie, a0
  RAISE
  li s8, 0
  csrsi mstatus, MSTATUS_MIE
  nop
  EXPECT s8, 0x37
  csrci mstatus, MSTATUS_MIE
  CASE 3
  li a0, 1 << IRQ_EXTERNAL | 1 << IRQ_TIMER
  csrw mie, a0
  RAISE
  li s8, 0
  csrsi mstatus, MSTATUS_MIE
  nop
  EXPECT s8, 0xb7
  csrci mstatus, MSTATUS_MIE
  CASE 4
  li a0, 1 << IRQ_EXTERNAL | 1 << IRQ_SOFTWARE
  csrw mie, a0
  RAISE
  li s8, 0
  csrsi mstatus, MSTATUS_MIE
  nop
  EXPECT s8, 0xb3
  csrci mstatus, MSTATUS_MIE

  // One alone, with the others pending; enabled one by one, the lowest first.
  CASE 5
  csrw mie, zero
  RAISE
  li s8, 0
  csrsi mstatus, MSTATUS_MIE
  li a0, 1 << IRQ_TIMER
  csrs mie, a0
  EXPECT s8, 7
  csrsi mie, 1 << IRQ_SOFTWARE
  EXPECT s8, 0x73
  li a0, 1 << IRQ_EXTERNAL
  csrs mie, a0
  EXPECT s8, 0x73b
  csrci mstatus, MSTATUS_MIE

  // Nested: the handler of the timer enables interrupts again, and a software interrupt comes in it.
  CASE 6
  la a0, outer
  csrw mtvec, a0
  li a0, ALL
  csrw mie, a0
  li s8, 0
  sw zero, 0(s1)
  sw zero, 4(s1)
  AWAIT_MIP (1 << IRQ_TIMER)
  csrsi mstatus, MSTATUS_MIE
1:
  nop
  EXPECT s8, 0x73
  EXPECT_ADDRESS s7, 1b
  EXPECT_ADDRESS s10, in_outer
  EXPECT_CSR mstatus, 0x1888
  csrci mstatus, MSTATUS_MIE

  TEST_END

  // Adds its cause to s8 and withdraws what it was taken for.
  ALIGN
handler:
  csrr s9, mcause
  csrr s10, mepc
  slli s8, s8, 4
  andi s9, s9, 15
  or s8, s8, s9
  li t6, IRQ_SOFTWARE
  beq s9, t6, 1f
  li t6, IRQ_TIMER
  beq s9, t6, 2f
  sw zero, 0(s2)
  lw t6, 0(s2)
  j 3f
1:
  sw zero, 0(s0)
  lw t6, 0(s0)
  j 3f
2:
  li t6, -1
  sw t6, 4(s1)
  lw t6, 4(s1)
3:
  // Until the line has gone.
  csrr t6, mip
  srl t6, t6, s9
  andi t6, t6, 1
  bnez t6, 3b
  mret

  ALIGN
outer:
  csrr s7, mepc
  li s8, 7
  li t6, -1
  sw t6, 4(s1)
  la t6, handler
  csrw mtvec, t6
  li t6, 1
  sw t6, 0(s0)
  AWAIT_MIP (1 << IRQ_SOFTWARE)
  csrsi mstatus, MSTATUS_MIE
in_outer:
  csrci mstatus, MSTATUS_MIE
  csrw mepc, s7
  li t6, MSTATUS_MPIE
  csrs mstatus, t6
  mret

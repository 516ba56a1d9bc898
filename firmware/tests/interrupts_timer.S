// SPDX-License-Identifier: MIT OR Apache-2.0
// The timer interrupt: mtime against mtimecmp, their halves, and that mtime counts.
#include "test.h"

  // Until MTIP is as expected, for a bounded time.
  .macro AWAIT_MTIP value
  li t5, 1000
1001:
  addi t5, t5, -1
  beqz t5, fail
  csrr t6, mip
  srli t6, t6, IRQ_TIMER
  addi t6, t6, -\value
  bnez t6, 1001b
  .endm

  TEST_BEGIN
  li s0, MTIME
  li s1, MTIMECMP
  la a0, handler
  csrw mtvec, a0
  li s8, 0

  // After reset: mtimecmp is all ones, mtime counts from about 0.
  CASE 1
  lw a0, 0(s1)
  lw a1, 4(s1)
  lw a2, 4(s0)
  EXPECT a0, -1
  EXPECT a1, -1
  EXPECT a2, 0
  EXPECT_CSR mip, 0
  lw a0, 0(s0)
  lw a1, 0(s0)
  bleu a1, a0, fail

  // They hold what is written; mtime goes on from there, and over to its upper half.
  CASE 2
  li a0, 0x12345678
  sw a0, 0(s1)
  li a1, 0x70000000
  sw a1, 4(s1)
  lw a2, 0(s1)
  lw a3, 4(s1)
  bne a0, a2, fail
  bne a1, a3, fail
  CASE 3
  sw zero, 0(s0)
  li a0, 0x55
  sw a0, 4(s0)
  lw a1, 4(s0)
  lw a2, 0(s0)
  EXPECT a1, 0x55
  li a3, 10000
  bgtu a2, a3, fail
  CASE 4
  li a0, -5
  sw a0, 0(s0)
  .rept 20
  nop
  .endr
  lw a1, 4(s0)
  EXPECT a1, 0x56
  lw a2, 0(s0)
  bgtu a2, a3, fail

  // mtime >= mtimecmp, as numbers of 64 bits without sign.
  CASE 5
  li a0, 0x60000000
  sw a0, 4(s0)
  AWAIT_MTIP 0
  li a0, 0x80000000
  sw a0, 4(s0)
  AWAIT_MTIP 1
  CASE 6
  li a0, -1
  sw a0, 4(s1)
  AWAIT_MTIP 0
  // The upper half decides.
  sw zero, 4(s0)
  sw zero, 0(s1)
  li a0, 1
  sw a0, 4(s1)
  AWAIT_MTIP 0
  li a0, 0x40000000
  sw a0, 0(s0)
  AWAIT_MTIP 0
  sw zero, 4(s1)
  AWAIT_MTIP 1
  // The lower one, if the upper are equal.
  li a0, 0x70000000
  sw a0, 0(s1)
  AWAIT_MTIP 0

  // The interrupt comes when the time does, and not before.
  CASE 7
  li a1, 1 << IRQ_TIMER
  csrw mie, a1
  csrsi mstatus, MSTATUS_MIE
  lw a0, 0(s0)
  addi a0, a0, 500
  sw a0, 0(s1)
  sw zero, 4(s1)
  li a2, 5000
1:
  addi a2, a2, -1
  beqz a2, fail
  beqz s8, 1b
  EXPECT s8, 1
  EXPECT s9, CAUSE_INTERRUPT | IRQ_TIMER
  EXPECT s11, 0
  // s7 is mtime in the handler.
  bltu s7, a0, fail
  addi a0, a0, 500
  bgtu s7, a0, fail

  // Ten in a row, every 2,000 cycles, from the handler.
  CASE 8
  li s8, 0
  li s6, 2000
  lw a0, 0(s0)
  add s5, a0, s6
  sw s5, 0(s1)
  sw zero, 4(s1)
  li a2, 20000
  li a3, 10
1:
  addi a2, a2, -1
  beqz a2, fail
  bne s8, a3, 1b
  csrw mie, zero
  EXPECT s8, 10

  TEST_END

  // Counts in s8. With a period in s6, sets the next one; else no more.
  ALIGN
handler:
  addi s8, s8, 1
  csrr s9, mcause
  csrr s11, mtval
  lw s7, 0(s0)
  beqz s6, 1f
  add s5, s5, s6
  sw s5, 0(s1)
  j 2f
1:
  li t5, -1
  sw t5, 4(s1)
2:
  lw t5, 4(s1)
3:
  csrr t6, mip
  bnez t6, 3b
  mret
